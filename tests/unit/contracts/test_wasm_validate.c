/* SPDX-License-Identifier: MIT */
/* Validation of bodies: the polymorphic stack of dead code, and the facts gas and stack rest on. */
#include "contracts/wasm.h"

#include <stdlib.h>
#include <string.h>

#include "testlib_wasm.h"

static const struct bl_wasm_imports validate_imports;

/* Function 0 of type (i32) -> i32, function 1 of type () -> (), a table, a memory, two globals. */
#define HEAD                                                                                       \
    "1: 02 60 01 7f 01 7f 60 00 00; 3: 02 00 01; 4: 01 70 00 01; 5: 01 00 01;"                     \
    "6: 02 7f 01 41 00 0b 7e 01 42 00 0b;"
#define BODY(code) HEAD "a: 02 [" code " 0b] [00 0b];"
#define CODE(code) BODY("00 " code)

struct validated {
    enum bl_wasm_code code;
    struct bl_wasm_function function;
};

static struct validated validate_text(const char *text)
{
    const struct bl_wasm_options options = {BL_WASM_INPUT, 1, &validate_imports};
    const struct bl_wasm_module *module = NULL;
    struct bl_wasm_error where = {0};
    struct validated result = {BL_WASM_CODE_OK, {0}};
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(&len, text);
    struct bl_arena arena;
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    if (bl_wasm_decode(&module, &arena, bl_slice(bytes, len), &options, &where, NULL) == BAALS_OK)
        result.function = module->functions[0];
    else
        result.code = where.code;
    bl_arena_deinit(&arena);
    free(bytes);
    return result;
}

/* Code that cannot be reached is checked with a stack that gives any type. */
static void test_dead_code(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum bl_wasm_code code;
    } cases[] = {
        {CODE("00"), BL_WASM_CODE_OK},
        {CODE("00 6a"), BL_WASM_CODE_OK},
        {CODE("00 42 00 6a"), BL_WASM_CODE_TYPE_MISMATCH},
        {CODE("00 1b"), BL_WASM_CODE_OK},
        {CODE("00 41 00 1b"), BL_WASM_CODE_OK},
        {CODE("00 42 00 41 00 1b"), BL_WASM_CODE_TYPE_MISMATCH},
        {CODE("41 00 0f 42 00 1a"), BL_WASM_CODE_OK},
        {CODE("41 00 0f 42 00"), BL_WASM_CODE_TYPE_MISMATCH},
        {CODE("00 41 00 41 00"), BL_WASM_CODE_OPERAND_LEFT},
        {CODE("02 40 00 0b 41 00"), BL_WASM_CODE_OK},
        {CODE("02 40 00 0b"), BL_WASM_CODE_OPERAND_MISSING}, /* the block ends reachable */
        {CODE("41 00 04 7f 00 05 41 00 0b"), BL_WASM_CODE_OK},
        {CODE("00 04 7f 00 05 42 00 0b"), BL_WASM_CODE_TYPE_MISMATCH},
        {CODE("41 00 04 7f 00 05 0b"), BL_WASM_CODE_OPERAND_MISSING}, /* else starts anew */
        {CODE("00 02 7e 0c 00 0b 1a 41 00"),
         BL_WASM_CODE_OPERAND_MISSING}, /* a block starts anew */
        {CODE("02 7f 02 7e 00 0e 01 00 01 0b 1a 41 00 0b"), BL_WASM_CODE_OK},
        {CODE("02 7f 02 7e 42 00 41 00 0e 01 00 01 0b 1a 41 00 0b"), BL_WASM_CODE_TYPE_MISMATCH},
        {CODE("02 7f 02 40 00 0e 01 00 01 0b 41 00 0b"), BL_WASM_CODE_BR_TABLE_TYPES},
        {CODE("00 0d 00"), BL_WASM_CODE_OK},
        {CODE("00 0b 00"), BL_WASM_CODE_BODY_SIZE},
        {CODE("03 7f 0c 00 0b"), BL_WASM_CODE_OK}, /* a loop's label carries nothing */
        {CODE("03 40 41 00 0d 00 0b 41 00"), BL_WASM_CODE_OK},
        {CODE("41 00 02 40 41 00 0d 00 0b"), BL_WASM_CODE_OK},
        {CODE("02 7f 41 07 41 00 0d 00 0b"), BL_WASM_CODE_OK},
        {CODE("02 7f 41 00 0d 00 41 00 0b"), BL_WASM_CODE_OPERAND_MISSING},
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        const enum bl_wasm_code code = validate_text(cases[i].text).code;
        if (code != cases[i].code)
            fail_msg("%s: %s, expected %s", cases[i].text, bl_wasm_code_name(code),
                     bl_wasm_code_name(cases[i].code));
    }
}

/* Height, nesting, F, charged blocks, instructions, and what the body contains. */
static void test_facts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t height;
        uint32_t nesting;
        uint32_t frame;
        uint32_t blocks;
        uint32_t instructions;
        bool leaf;
        bool grows;
        bool bulk;
    } cases[] = {
        {CODE("20 00"), 1, 0, 80, 1, 2, true, false, false},
        {CODE("20 00 20 00 6a"), 2, 0, 88, 1, 4, true, false, false},
        {BODY("01 03 7f 20 00"), 1, 0, 104, 1, 2, true, false, false},
        {BODY("02 00 7f 02 7e 20 00"), 1, 0, 96, 1, 2, true, false, false},
        /* Dead code counts. */
        {CODE("20 00 0f 41 00 41 00 41 00 1a 1a"), 3, 0, 96, 2, 8, true, false, false},
        {CODE("00 10 00"), 1, 0, 80, 2, 3, false, false, false},
        {CODE("41 00 10 00"), 1, 0, 80, 1, 3, false, false, false},
        {CODE("20 00 41 00 11 00 00"), 2, 0, 88, 1, 4, false, false, false},
        {CODE("41 00 40 00"), 1, 0, 80, 1, 3, true, true, false},
        {CODE("41 00 41 00 41 00 fc 0b 00 20 00"), 3, 0, 96, 1, 6, true, false, true},
        /* A block that nothing branches to does not divide; one that is a target does. */
        {CODE("02 40 01 0b 20 00"), 1, 1, 80, 1, 5, true, false, false},
        {CODE("02 40 0c 00 0b 20 00"), 1, 1, 80, 2, 5, true, false, false},
        {CODE("02 40 41 00 0d 00 01 0b 20 00"), 1, 1, 80, 3, 7, true, false, false},
        /* A loop begins a block; its end does not. */
        {CODE("01 03 40 01 0b 20 00"), 1, 1, 80, 2, 6, true, false, false},
        {CODE("03 40 0b 20 00"), 1, 1, 80, 2, 4, true, false, false},
        /* if, else and end each divide; an empty part is not charged. */
        {CODE("41 00 04 40 01 05 01 0b 20 00"), 1, 1, 80, 4, 8, true, false, false},
        {CODE("41 00 04 40 05 0b 20 00"), 1, 1, 80, 2, 6, true, false, false},
        {CODE("20 00 02 7f 02 7f 03 7f 41 00 0b 0b 0b 1a"), 2, 3, 88, 2, 10, true, false, false},
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        const struct validated v = validate_text(cases[i].text);
        const struct bl_wasm_function *f = &v.function;
        if (v.code != BL_WASM_CODE_OK)
            fail_msg("%s: %s", cases[i].text, bl_wasm_code_name(v.code));
        if (f->height_max != cases[i].height || f->nesting_max != cases[i].nesting ||
            f->frame_cost != cases[i].frame || f->block_count != cases[i].blocks ||
            f->instructions != cases[i].instructions || f->leaf != cases[i].leaf ||
            f->grows != cases[i].grows || f->bulk != cases[i].bulk)
            fail_msg("%s: height %u nesting %u F %u blocks %u instructions %u leaf %d grows %d "
                     "bulk %d",
                     cases[i].text, f->height_max, f->nesting_max, f->frame_cost, f->block_count,
                     f->instructions, f->leaf, f->grows, f->bulk);
    }
}

/* Where the code lies, and the runs of locals as declared. */
static void test_layout(void **state)
{
    (void)state;
    const struct validated v = validate_text(BODY("03 02 7f 00 7e 01 7e 20 03 a7"));
    assert_int_equal(v.code, BL_WASM_CODE_OK);
    assert_int_equal(v.function.run_count, 3);
    assert_int_equal(v.function.local_count, 3);
    assert_int_equal(v.function.code_offset - v.function.body_offset, 7);
    assert_int_equal(v.function.code_len, 4);
    assert_int_equal(validate_text(BODY("01 02 7f 20 03 a7")).code, BL_WASM_CODE_LOCAL_INDEX);
    assert_int_equal(validate_text(BODY("01 02 7f 20 02 a7")).code, BL_WASM_CODE_TYPE_MISMATCH);
}

/* Every plain instruction takes and gives what its row says: right operands are accepted, one of
 * the other type is not, one too few is not. */
static void test_plain_signatures(void **state)
{
    (void)state;
#define PLAIN(name, opcode, text, immediate, pops, push, cost)                                     \
    {opcode, BL_WASM_IMM_##immediate, pops, push},
    static const struct {
        uint16_t op;
        enum bl_wasm_immediate immediate;
        const char *pops;
        const char *push;
    } rows[] = {BL_WASM_OP_MAP(PLAIN)};
#undef PLAIN
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        if (rows[i].pops[0] == '*' || rows[i].op >= 0xfc00)
            continue;
        const size_t count = strlen(rows[i].pops);
        /* wrong == count: all right; count + 1: the first operand is missing. */
        for (size_t wrong = 0; wrong <= count + 1; wrong++) {
            char text[512] = "1: 01 60 00 00; 3: 01 00; 5: 01 00 01; a: 01 [00 ";
            if (wrong == count + 1 && count == 0)
                continue;
            for (size_t k = wrong == count + 1 ? 1 : 0; k < count; k++)
                strcat(text, (rows[i].pops[k] == 'i') == (k != wrong) ? "41 00 " : "42 00 ");
            (void)snprintf(text + strlen(text), 8, "%02x ", rows[i].op);
            if (rows[i].immediate == BL_WASM_IMM_MEMARG)
                strcat(text, "00 00 ");
            else if (rows[i].immediate != BL_WASM_IMM_NONE)
                strcat(text, "00 ");
            if (rows[i].push[0] == 'i')
                strcat(text, "45 1a ");
            if (rows[i].push[0] == 'l')
                strcat(text, "50 1a ");
            strcat(text, "0b];");
            const enum bl_wasm_code code = validate_text(text).code;
            const enum bl_wasm_code expected = wrong == count       ? BL_WASM_CODE_OK
                                               : wrong == count + 1 ? BL_WASM_CODE_OPERAND_MISSING
                                                                    : BL_WASM_CODE_TYPE_MISMATCH;
            if (code != expected)
                fail_msg("%s: %s", text, bl_wasm_code_name(code));
        }
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dead_code),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_plain_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
