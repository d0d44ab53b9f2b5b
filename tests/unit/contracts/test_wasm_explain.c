/* SPDX-License-Identifier: MIT */
/* Explaining a refusal: the float instruction behind a float type, the name of a function; and no
 * damage to the bytes leads out of them. */
#include <stdlib.h>
#include <string.h>

#include "contracts/wasm_internal.h"
#include "testlib_wasm.h"

#define IMPORTS "2: 02 'a' 'b' 00 00 'a' 'c' 00 00;"
#define FLOATS                                                                                     \
    "1: 02 60 00 00 60 01 7c 01 7c;" IMPORTS "3: 02 00 01;"                                        \
    "a: 02 [01 01 7f 41 00 1a 0b] [00 20 00 20 00 a0 0b];"

/* The first float instruction is found behind a float type. */
static void test_finds_the_instruction(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(&len, FLOATS);
    struct bl_wasm_error fault = {0};
    assert_true(bl_wasm_explain_float(&fault, bl_slice(bytes, len)));
    assert_int_equal(fault.function_index, 3);
    assert_int_equal(fault.opcode, 0xa0);
    assert_int_equal(bytes[fault.offset], 0xa0);
    free(bytes);
}

/* Without one, or behind something that cannot be read, nothing is claimed. */
static void test_claims_nothing_else(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "!",
        "!00 61 73 6d 01 00 00 00 0a ff",
        "1: 01 60 01 7c 00;",
        "1: 01 60 01 7c 00; 3: 01 00; a: 01 [00 0b];",
        "a: 01 [ff];",
        "a: 01 [01 01];",
        "2: 01 'a' 'b' 03 7f 00; a: 01 [00 43];",
        "2: 01;",
        "a: ;",
    };
    for (size_t i = 0; i < BL_COUNT_OF(texts); i++) {
        size_t len = 0;
        uint8_t *bytes = testlib_wasm(&len, texts[i]);
        struct bl_wasm_error fault = {.offset = 99};
        assert_false(bl_wasm_explain_float(&fault, bl_slice(bytes, len)));
        assert_int_equal(fault.offset, 99);
        free(bytes);
    }
}

static bool explain_named(const char *text, uint32_t index, const char *expected)
{
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(&len, text);
    baals_slice name = {0};
    const bool found = bl_wasm_function_name(&name, bl_slice(bytes, len), index);
    const bool same = found && bl_slice_equal(name, bl_slice_str(expected));
    free(bytes);
    return found && same;
}

/* Names come from the function part of the name section. */
static void test_function_names(void **state)
{
    (void)state;
#define NAMES "0: 'name' 00 ['module'] 01 [02 00 'first' 07 'seventh'] 02 [00];"
    assert_true(explain_named(NAMES, 0, "first"));
    assert_true(explain_named("0: 'other' 01 [01 00 'no'];" NAMES, 7, "seventh"));
    assert_false(explain_named(NAMES, 1, ""));
    assert_false(explain_named("5: 01 00 01;", 0, ""));
    assert_false(explain_named("0: 'name' 01 [ff];", 0, ""));
    assert_false(explain_named("0: 'name' 01 [01 00 [41 0a 42]];", 0, "")); /* two lines */
    assert_false(explain_named("0: 'name' 01 [01 00 [41 c0]];", 0, ""));    /* not UTF-8 */
    assert_true(explain_named("0: 'name' 01 [01 00 [*64{61} 62]];", 0,
                              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    /* A character is not cut. */
    assert_true(explain_named("0: 'name' 01 [01 00 [*62{61} e2 82 ac]];", 0,
                              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

/* The message has function, name, instruction, text, code, offset and hint, as far as they exist.
 */
static void test_messages(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(&len, NAMES);
    struct bl_wasm_error fault = {BL_WASM_CODE_FLOAT, 9, 7, 0xa0};
    baals_error err;
    assert_int_equal(bl_wasm_explain_fault(&fault, bl_slice(bytes, len), &err), BAALS_REJECT_CODE);
    assert_string_equal(err.message,
                        "function 7 \"seventh\": f64.add: floating point is not deterministic "
                        "enough for contracts (FLOAT at offset 9); formatting or math code usually "
                        "brings it in");
    fault = (struct bl_wasm_error){BL_WASM_CODE_BODY_SIZE, 9, 1, BL_WASM_NO_OPCODE};
    (void)bl_wasm_explain_fault(&fault, bl_slice(bytes, len), &err);
    assert_string_equal(
        err.message,
        "function 1: a function's code does not fill its size (BODY_SIZE at offset 9)");
    fault = (struct bl_wasm_error){BL_WASM_CODE_MAGIC, 0, BL_WASM_NONE, BL_WASM_NO_OPCODE};
    (void)bl_wasm_explain_fault(&fault, bl_slice(bytes, len), &err);
    assert_string_equal(err.message, "this is not a WebAssembly module (MAGIC at offset 0)");
    free(bytes);
}

/* Any truncation and any flipped bit is read within its bounds. */
static void test_damage(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *bytes = testlib_wasm(&len, FLOATS NAMES);
    for (size_t bit = 0; bit < len * 8; bit++) {
        struct bl_wasm_error fault = {0};
        baals_slice name = {0};
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (bl_wasm_explain_float(&fault, bl_slice(bytes, len)))
            assert_true(fault.offset < len);
        if (bl_wasm_function_name(&name, bl_slice(bytes, len), 7))
            assert_true(name.len <= 64);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut++) {
        struct bl_wasm_error fault = {0};
        baals_slice name = {0};
        uint8_t *copy = malloc(cut + 1);
        assert_non_null(copy);
        memcpy(copy, bytes, cut);
        copy = realloc(copy, cut == 0 ? 1 : cut);
        (void)bl_wasm_explain_float(&fault, bl_slice(copy, cut));
        (void)bl_wasm_function_name(&name, bl_slice(copy, cut), 7);
        free(copy);
    }
    free(bytes);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_instruction),
        cmocka_unit_test(test_claims_nothing_else),
        cmocka_unit_test(test_function_names),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
