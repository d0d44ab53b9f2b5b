/* SPDX-License-Identifier: MIT */
/*
 * The form of prepared code, cell by cell: targets, dropped operands, what is left out.
 */
#include <stdlib.h>
#include <string.h>

#include "interpreter_fixture.h"

/* The cells of the module's first function, as text: one letter per cell. */
static void prepare_expect(const char *body, const char *expected)
{
    static const struct {
        uint16_t op;
        char letter;
    } letters[] = {
        {BL_CELL_CHARGE, 'G'},      {BL_CELL_COUNT, 'n'},      {BL_CELL_I32_CONST, 'c'},
        {BL_CELL_I64_CONST, 'l'},   {BL_CELL_CONST_WIDE, 'w'}, {BL_CELL_LOCAL_GET, 'g'},
        {BL_CELL_DROP, 'd'},        {BL_CELL_RETURN, 'R'},     {BL_CELL_JUMP, 'J'},
        {BL_CELL_JUMP_KEEP, 'K'},   {BL_CELL_JUMP_IF, 'I'},    {BL_CELL_JUMP_IF_KEEP, 'i'},
        {BL_CELL_JUMP_UNLESS, 'U'}, {BL_CELL_JUMP_TABLE, 'T'}, {BL_CELL_UNREACHABLE, 'X'},
        {BL_CELL_I32_ADD, '+'},
    };
    char text[2048];
    (void)snprintf(text, sizeof text, "(module (memory 1) (func (export \"m\") %s))", body);
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, text);
    struct interpreter_fixture fx;
    interpreter_open(&fx, bl_slice(code, len), false);
    const struct bl_interpreter_module *module = interpreter_module(&fx);
    const struct bl_cell *cells = (const struct bl_cell *)(const void *)module->cells.data;
    char got[256] = "";
    for (uint32_t i = module->functions[0].entry; i < module->functions[0].end; i++) {
        char letter = '?';
        for (size_t k = 0; k < BL_COUNT_OF(letters); k++) {
            if (letters[k].op == cells[i].op)
                letter = letters[k].letter;
        }
        got[strlen(got)] = letter;
        bool jump = strchr("JKIiU", letter) != NULL;
        if (jump)
            (void)snprintf(got + strlen(got), sizeof got - strlen(got), "%u",
                           cells[i].b - module->functions[0].entry);
        if (letter == 'w')
            i++;
    }
    assert_string_equal(got, expected);
    interpreter_close(&fx);
    free(code);
}

/* Goal: the head of a metered block is one cell; blocks, loops and nops are none. */
static void test_structure(void **state)
{
    (void)state;
    prepare_expect("", "GR");
    prepare_expect("(nop) (block (block (nop)))", "GR");
    prepare_expect("(drop (i32.add (i32.const 1) (i32.const 2)))", "Gcc+dR");
    prepare_expect("(drop (i64.const -1)) (drop (i64.const 0x7fffffff))", "GldldR");
    prepare_expect("(drop (i64.const 0x80000000)) (drop (i64.const -0x80000001))", "GwdwdR");
}

/* Goal: forward branches meet their block's end, backward ones the loop's head. */
static void test_branches(void **state)
{
    (void)state;
    prepare_expect("(loop (br 0))", "GGJ1R");
    prepare_expect("(block (br 0))", "GJ2R");
    prepare_expect("(block (br_if 0 (i32.const 1)) (drop (i32.const 2)))", "GcI6GcdR");
}

/* Goal: values under a branch's result are dropped, and only then. */
static void test_drops(void **state)
{
    (void)state;
    prepare_expect("(drop (block (result i32) (i32.const 1) (br 0 (i32.const 2))))", "GccK4GdR");
    prepare_expect("(drop (block (result i32) (br 0 (i32.const 2))))", "GcJ3GdR");
    prepare_expect("(br 0) (drop (i32.const 1))", "GJ2R");
}

/* Goal: code that cannot be reached is left out up to the end of its block. */
static void test_dead_code(void **state)
{
    (void)state;
    prepare_expect("unreachable (drop (i32.const 1)) (block (loop (br 1)))", "GXR");
    prepare_expect("(return) (if (i32.const 1) (then (nop)) (else (nop)))", "GRR");
    prepare_expect("(block (return) (drop (i32.const 1))) (drop (i32.const 2))", "GRcdR");
}

/* Goal: an if jumps to its else or end, the then-part over the else-part. */
static void test_if(void **state)
{
    (void)state;
    prepare_expect("(if (i32.const 1) (then (drop (i32.const 2))))", "GcU6GcdR");
    prepare_expect("(if (i32.const 1) (then (drop (i32.const 2))) (else (drop (i32.const 3))))",
                   "GcU7GcdJ10GcdR");
}

/* Goal: the largest drop of a branch fits its cell: 1,000 operands below a branch. */
static void test_large_drop(void **state)
{
    (void)state;
    char *text = malloc(65536);
    assert_non_null(text);
    strcpy(text, "(module (memory 1) (func (export \"m\") (drop (block (result i32)");
    for (int i = 0; i < 1000; i++)
        strcat(text, " (i32.const 7)");
    strcat(text, " (i32.const 9) (br 0)))))");
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, text);
    struct interpreter_fixture fx;
    interpreter_open(&fx, bl_slice(code, len), false);
    interpreter_instantiate(&fx, 100000);
    baals_vm_trap trap;
    assert_int_equal(interpreter_call(&fx, "m", &trap), BAALS_VM_END_OK);
    interpreter_close(&fx);
    free(code);
    free(text);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure), cmocka_unit_test(test_branches),
        cmocka_unit_test(test_drops),     cmocka_unit_test(test_dead_code),
        cmocka_unit_test(test_if),        cmocka_unit_test(test_large_drop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
