/* SPDX-License-Identifier: MIT */
/*
 * The interpreter as a runtime: failing memory is a fault, never a trap, and growth is linear. What
 * every runtime must do is in tests/conformance/test_vm.c.
 */
#include <stdlib.h>
#include <string.h>

#include "interpreter_fixture.h"

/* Goal: compile and instantiate fail with NOMEM at every allocation and leave nothing. */
static void test_allocation_failures(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *code =
        testlib_wat(&len, "(module (memory 1) (data (i32.const 0) \"x\") (table 3 funcref)"
                          " (elem (i32.const 1) $f) (func $f (export \"f\")"
                          " (loop (br_if 0 (i32.const 0)))))");
    struct interpreter_fixture fx;
    interpreter_open(&fx, bl_slice(code, len), false);
    int64_t live = fx.memory.live;
    uint64_t failures = 0;
    for (uint64_t k = 1;; k++, failures++) {
        baals_vm_module *module = NULL;
        fx.memory.fail_at = fx.memory.calls + k;
        baals_status status = bl_vm_compile(fx.vm, &module, fx.bytes, NULL, 0, NULL);
        fx.memory.fail_at = 0;
        bl_vm_module_free(fx.vm, module);
        assert_int_equal(fx.memory.live, live);
        if (status == BAALS_OK)
            break;
        assert_status(status, BAALS_NOMEM);
    }
    assert_true(failures > 5);
    for (uint64_t k = 1;; k++, failures++) {
        baals_vm_instance *instance = NULL;
        fx.memory.fail_at = fx.memory.calls + k;
        baals_status status = bl_vm_instantiate(fx.vm, &instance, fx.module, NULL, NULL);
        fx.memory.fail_at = 0;
        bl_vm_destroy(instance);
        assert_int_equal(fx.memory.live, live);
        if (status == BAALS_OK)
            break;
        assert_status(status, BAALS_NOMEM);
    }
    interpreter_close(&fx);
    free(code);
}

/* Goal: memory.grow without memory is a fault of this machine, never -1 and never a trap. */
static void test_grow_fault(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, "(module (memory 1 9) (func (export \"m\")"
                                      " (drop (memory.grow (i32.const 1)))))");
    struct interpreter_fixture fx;
    interpreter_open(&fx, bl_slice(code, len), false);
    interpreter_instantiate(&fx, 100000);
    baals_vm_trap trap;
    baals_error err = {0};
    fx.memory.fail_at = fx.memory.calls + 1;
    assert_int_equal(bl_vm_call(fx.instance, bl_slice_str("m"), &trap, &err), BAALS_VM_END_FAULT);
    fx.memory.fail_at = 0;
    assert_int_equal(err.status, BAALS_INTERNAL_FAULT);
    assert_int_equal(interpreter_call(&fx, "m", &trap), BAALS_VM_END_OK);
    assert_int_equal(bl_vm_mem_size(fx.instance), 2 * 65536);
    interpreter_close(&fx);
    free(code);
}

/* The C library's memory, dirty where it is new. */
static void *dirty_resize(void *ctx, void *pointer, size_t old_size, size_t new_size)
{
    (void)ctx;
    struct bl_alloc system = bl_alloc_system();
    uint8_t *memory = system.resize(system.ctx, pointer, old_size, new_size);
    if (memory != NULL && new_size > old_size)
        memset(memory + old_size, 0xa5, new_size - old_size);
    return memory;
}

/* Goal: memory is zero at the start and where it grew, whatever the allocator gave. */
static void test_zeroed(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, "(module (memory 1 9) (func (export \"m\")"
                                      " (drop (memory.grow (i32.const 1)))))");
    struct interpreter_fixture fx;
    interpreter_open(&fx, bl_slice(code, len), false);
    baals_vm *vm = NULL;
    baals_vm_module *module = NULL;
    baals_vm_instance *instance = NULL;
    baals_vm_trap trap;
    struct bl_alloc dirty = {.resize = dirty_resize};
    assert_ok(bl_vm_interpreter_new(&vm, dirty, NULL));
    assert_ok(bl_vm_compile(vm, &module, fx.bytes, NULL, 0, NULL));
    assert_ok(bl_vm_instantiate(vm, &instance, module, NULL, NULL));
    bl_vm_gas_set(instance, 1000000);
    bl_vm_stack_set(instance, 256 * 1024);
    for (uint32_t pages = 1; pages <= 9; pages++) {
        assert_int_equal(bl_vm_mem_size(instance), pages * 65536);
        const struct bl_interpreter_instance *in = (const struct bl_interpreter_instance *)instance;
        assert_true(bl_bytes_all_zero(in->memory, in->memory_len));
        assert_int_equal(bl_vm_call(instance, bl_slice_str("m"), &trap, NULL), BAALS_VM_END_OK);
    }
    bl_vm_destroy(instance);
    bl_vm_module_free(vm, module);
    bl_vm_close(vm);
    interpreter_close(&fx);
    free(code);
}

/* Goal: growing page by page to the maximum allocates a few times only. */
static void test_grow_linear(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, "(module (memory 0) (func (export \"m\")"
                                      " (loop (br_if 0 (i32.ne (memory.grow (i32.const 1))"
                                      " (i32.const -1))))))");
    struct interpreter_fixture fx;
    interpreter_open(&fx, bl_slice(code, len), false);
    interpreter_instantiate(&fx, 10000000);
    uint64_t before = fx.memory.calls;
    baals_vm_trap trap;
    assert_int_equal(interpreter_call(&fx, "m", &trap), BAALS_VM_END_OK);
    assert_int_equal(bl_vm_mem_size(fx.instance), 256 * 65536);
    assert_true(fx.memory.calls - before <= 10);
    interpreter_close(&fx);
    free(code);
}

/* Goal: what is not instrumented, or not valid, is a fault of the caller's preparation. */
static void test_uninstrumented(void **state)
{
    (void)state;
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, "(module (memory 1) (func (export \"m\")))");
    baals_vm *vm = NULL;
    baals_vm_module *module = NULL;
    assert_ok(bl_vm_interpreter_new(&vm, bl_alloc_system(), NULL));
    assert_status(bl_vm_compile(vm, &module, bl_slice(code, len), NULL, 0, NULL),
                  BAALS_INTERNAL_FAULT);
    assert_status(bl_vm_compile(vm, &module, bl_slice(code, len - 1), NULL, 0, NULL),
                  BAALS_INTERNAL_FAULT);
    assert_null(module);
    bl_vm_close(vm);
    free(code);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocation_failures), cmocka_unit_test(test_grow_fault),
        cmocka_unit_test(test_grow_linear),         cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_uninstrumented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
