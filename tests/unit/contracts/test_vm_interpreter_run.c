/* SPDX-License-Identifier: MIT */
/*
 * Running: random modules do the same instrumented and as they are, at the cost of their path; trap
 * places; arithmetic corners in one table. The core test suite is in tests/vectors.
 */
#include <stdlib.h>
#include <string.h>

#include "interpreter_fixture.h"
#include "testlib_wasm.h"

#define RUN_MODULES 400u
#define RUN_GAS 300000

/* Compares what a run left: memory and the module's own globals. */
static void run_same_state(const struct interpreter_fixture *a, const struct interpreter_fixture *b)
{
    const struct bl_interpreter_instance *x = interpreter_instance(a);
    const struct bl_interpreter_instance *y = interpreter_instance(b);
    assert_int_equal(x->memory_len, y->memory_len);
    if (x->memory_len > 0)
        assert_memory_equal(x->memory, y->memory, x->memory_len);
    if (a->input->global_count > 0)
        assert_memory_equal(x->globals, y->globals, a->input->global_count * sizeof *x->globals);
}

/* Goal: instrumented = original for random modules: end, trap, state and, after a normal end, gas.
 */
static void test_random_modules(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(1);
    uint32_t ended = 0, trapped = 0, out_of_gas = 0, out_of_stack = 0;
    for (uint32_t i = 0; i < RUN_MODULES; i++) {
        size_t len = 0;
        uint8_t *code = testlib_wasm_random(&len, &rng);
        struct interpreter_fixture metered, oracle;
        interpreter_open(&metered, bl_slice(code, len), false);
        interpreter_open(&oracle, bl_slice(code, len), true);
        interpreter_instantiate(&metered, RUN_GAS);
        interpreter_instantiate(&oracle, RUN_GAS);
        baals_vm_trap trap, other;
        baals_vm_end end = interpreter_call(&metered, "main", &trap);
        if (trap.status == BAALS_TRAP_GAS) {
            out_of_gas++;
        } else if (trap.status == BAALS_TRAP_STACK) {
            out_of_stack++;
        } else {
            assert_int_equal(interpreter_call(&oracle, "main", &other), end);
            assert_int_equal(trap.status, other.status);
            run_same_state(&metered, &oracle);
            if (end == BAALS_VM_END_OK)
                assert_int_equal(bl_vm_gas_get(metered.instance), bl_vm_gas_get(oracle.instance));
            ended += end == BAALS_VM_END_OK ? 1 : 0;
            trapped += end == BAALS_VM_END_TRAP ? 1 : 0;
        }
        interpreter_close(&metered);
        interpreter_close(&oracle);
        free(code);
    }
    print_message("%u ended, %u trapped, %u out of gas, %u out of stack\n", ended, trapped,
                  out_of_gas, out_of_stack);
    assert_true(ended > 20);
}

/* Goal: a trap names the function and the offset of its instruction in the module that ran. */
static void test_trap_place(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, "(module (memory 1) (func $a (drop (i32.div_u (i32.const 1)"
                                      " (i32.const 0)))) (func (export \"m\") (nop) (call $a)))");
    struct interpreter_fixture fx;
    interpreter_open(&fx, bl_slice(code, len), false);
    interpreter_instantiate(&fx, 1000);
    baals_vm_trap trap;
    assert_int_equal(interpreter_call(&fx, "m", &trap), BAALS_VM_END_TRAP);
    assert_status(trap.status, BAALS_TRAP_DIVIDE);
    assert_int_equal(trap.function_index, 0);
    assert_true(trap.offset < fx.bytes.len);
    assert_int_equal(fx.bytes.data[trap.offset], BL_WASM_OP_I32_DIV_U);

    /* Out of gas points at the check, an `unreachable`. */
    bl_vm_gas_set(fx.instance, 0);
    assert_int_equal(interpreter_call(&fx, "m", &trap), BAALS_VM_END_TRAP);
    assert_status(trap.status, BAALS_TRAP_GAS);
    assert_int_equal(trap.function_index, 1);
    assert_int_equal(fx.bytes.data[trap.offset], BL_WASM_OP_UNREACHABLE);
    interpreter_close(&fx);
    free(code);
}

/* One expression of type i64 and its value. */
static void run_expect(const char *expression, uint64_t expected)
{
    char text[512];
    (void)snprintf(text, sizeof text,
                   "(module (memory 1) (func (export \"m\")"
                   " (i64.store (i32.const 0) %s)))",
                   expression);
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, text);
    struct interpreter_fixture fx;
    interpreter_open(&fx, bl_slice(code, len), false);
    interpreter_instantiate(&fx, 1000);
    baals_vm_trap trap;
    assert_int_equal(interpreter_call(&fx, "m", &trap), BAALS_VM_END_OK);
    uint64_t got = bl_load_u64le(interpreter_instance(&fx)->memory);
    if (got != expected)
        fail_msg("%s: %llx", expression, (unsigned long long)got);
    interpreter_close(&fx);
    free(code);
}

/* Goal: corners of arithmetic that C leaves undefined. */
static void test_corners(void **state)
{
    (void)state;
#define U(expression) "(i64.extend_i32_u " expression ")"
    run_expect(U("(i32.rem_s (i32.const 0x80000000) (i32.const -1))"), 0);
    run_expect("(i64.rem_s (i64.const 0x8000000000000000) (i64.const -1))", 0);
    run_expect(U("(i32.shr_s (i32.const -8) (i32.const 33))"), 0xfffffffc);
    run_expect(U("(i32.shr_s (i32.const -8) (i32.const 32))"), 0xfffffff8);
    run_expect("(i64.shr_s (i64.const -8) (i64.const 65))", UINT64_MAX - 3);
    run_expect("(i64.shr_s (i64.const -8) (i64.const 64))", UINT64_MAX - 7);
    run_expect(U("(i32.shl (i32.const -1) (i32.const 31))"), 0x80000000);
    run_expect(U("(i32.rotl (i32.const 0x80000001) (i32.const 32))"), 0x80000001);
    run_expect(U("(i32.rotr (i32.const 0x80000001) (i32.const 1))"), 0xc0000000);
    run_expect(U("(i32.rotr (i32.const 0x80000001) (i32.const 0))"), 0x80000001);
    run_expect("(i64.rotr (i64.const 1) (i64.const 1))", 0x8000000000000000);
    run_expect("(i64.rotr (i64.const 1) (i64.const 64))", 1);
    run_expect(U("(i32.clz (i32.const 0))"), 32);
    run_expect("(i64.ctz (i64.const 0))", 64);
    run_expect(U("(i32.mul (i32.const 0xffffffff) (i32.const 0xffffffff))"), 1);
    run_expect(U("(i32.extend8_s (i32.const 0x80))"), 0xffffff80);
    run_expect("(i64.extend32_s (i64.const 0x80000000))", 0xffffffff80000000);
    run_expect(U("(i32.wrap_i64 (i64.const -1))"), 0xffffffff);
    run_expect("(i64.extend_i32_s (i32.const -1))", UINT64_MAX);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_modules),
        cmocka_unit_test(test_trap_place),
        cmocka_unit_test(test_corners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
