/* SPDX-License-Identifier: MIT */
/* Names and texts: frozen numbers, no two alike, every refused instruction with its feature. */
#include "contracts/wasm.h"

#include <string.h>

#include "contracts/wasm_internal.h"
#include "testlib.h"

struct code_row {
    int number;
    const char *name;
    const char *text;
};

static const struct code_row code_rows[] = {
#define CODE_ROW(name, number, text) {number, #name, text},
    BL_WASM_CODE_MAP(CODE_ROW)
#undef CODE_ROW
};

/* No two codes share a number, a name or a text. */
static void test_codes_are_distinct(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(code_rows); i++) {
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(code_rows[i].number, code_rows[k].number);
            assert_string_not_equal(code_rows[i].name, code_rows[k].name);
            assert_string_not_equal(code_rows[i].text, code_rows[k].text);
        }
    }
}

/* Names and texts are found by number; other numbers have a name too. */
static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(code_rows); i++) {
        const enum bl_wasm_code code = (enum bl_wasm_code)code_rows[i].number;
        assert_string_equal(bl_wasm_code_name(code), code_rows[i].name);
        assert_string_equal(bl_wasm_code_text(code), code_rows[i].text);
    }
    assert_string_equal(bl_wasm_code_name((enum bl_wasm_code)99), "UNKNOWN");
    assert_string_equal(bl_wasm_code_text((enum bl_wasm_code)99), "unknown code");
}

/* Numbers that other programs rely on. */
static void test_frozen_numbers(void **state)
{
    (void)state;
    assert_int_equal(BL_WASM_CODE_FLOAT, 100);
    assert_int_equal(BL_WASM_CODE_NO_MEMORY, 122);
    assert_int_equal(BL_WASM_CODE_LIMIT_INSTRUMENTED_BYTES, 224);
    assert_int_equal(BL_WASM_CODE_ELEMENT_BOUNDS, 323);
}

/* Every opcode is either accepted or refused, never both. */
static void test_every_opcode(void **state)
{
    (void)state;
    unsigned accepted = 0;
    for (unsigned op = 0; op <= 0xffff; op++) {
        const struct bl_wasm_op_info *info = bl_wasm_op_info((uint16_t)op);
        const enum bl_wasm_code refusal = bl_wasm_op_refusal((uint16_t)op);
        if (info->text != NULL) {
            accepted++;
            assert_int_equal(refusal, BL_WASM_CODE_OPCODE); /* no feature of its own */
            assert_string_equal(bl_wasm_op_name((uint16_t)op), info->text);
        } else if (refusal == BL_WASM_CODE_OPCODE) {
            assert_string_equal(bl_wasm_op_name((uint16_t)op), "unknown");
        } else {
            assert_string_not_equal(bl_wasm_op_name((uint16_t)op), "unknown");
        }
    }
    assert_int_equal(accepted, 113);
}

/* An instruction whose name says f32 or f64 is refused as a float, and no other is. */
static void test_floats_by_name(void **state)
{
    (void)state;
    unsigned floats = 0;
    for (unsigned op = 0; op <= 0xffff; op++) {
        const char *name = bl_wasm_op_name((uint16_t)op);
        const bool named = strstr(name, "f32") != NULL || strstr(name, "f64") != NULL;
        assert_int_equal(bl_wasm_op_refusal((uint16_t)op) == BL_WASM_CODE_FLOAT, named);
        floats += named ? 1 : 0;
    }
    assert_int_equal(floats, 76);
}

/* Natural alignment follows the width in the name. */
static void test_alignment(void **state)
{
    (void)state;
    assert_int_equal(bl_wasm_op_align(BL_WASM_OP_I32_LOAD8_S), 0);
    assert_int_equal(bl_wasm_op_align(BL_WASM_OP_I64_STORE8), 0);
    assert_int_equal(bl_wasm_op_align(BL_WASM_OP_I32_LOAD16_U), 1);
    assert_int_equal(bl_wasm_op_align(BL_WASM_OP_I64_STORE16), 1);
    assert_int_equal(bl_wasm_op_align(BL_WASM_OP_I32_STORE), 2);
    assert_int_equal(bl_wasm_op_align(BL_WASM_OP_I64_LOAD32_U), 2);
    assert_int_equal(bl_wasm_op_align(BL_WASM_OP_I64_LOAD), 3);
    assert_int_equal(bl_wasm_op_align(BL_WASM_OP_I64_STORE), 3);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes_are_distinct), cmocka_unit_test(test_names),
        cmocka_unit_test(test_frozen_numbers),     cmocka_unit_test(test_every_opcode),
        cmocka_unit_test(test_floats_by_name),     cmocka_unit_test(test_alignment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
