/* SPDX-License-Identifier: MIT */
/*
 * wasmtime as a runtime, beyond what tests/conformance/test_vm.c asks of every runtime: its
 * options, and that each way in which it can fail is a fault with a reason and never a trap.
 */
#include "contracts/vm_wasmtime.h"

#include <stdlib.h>
#include <string.h>

#include "contracts/gas.h"
#include "contracts/wasm.h"
#include "testlib_wat.h"

#define WASMTIME_GAS ((int64_t)1 << 40)
#define WASMTIME_STACK (256 * 1024)

struct wasmtime_fixture {
    struct testlib_faulty_alloc memory;
    baals_vm *vm;
    struct bl_arena arena;
    struct bl_buffer instrumented;
    baals_vm_module *module;
    baals_vm_instance *instance;
    uint8_t *code;
    baals_error err;
};

/* Host function h.stop: ends the call as *ctx says. */
static baals_vm_action
wasmtime_stop(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    (void)args;
    return *(const baals_vm_action *)ctx;
}

static const baals_vm_host_function wasmtime_functions[] = {
    {.module = "h", .name = "stop", .result = BAALS_VM_NONE, .call = wasmtime_stop}};
static const struct bl_wasm_import_spec wasmtime_specs[] = {{"h", "stop", ":"}};
static const struct bl_wasm_imports wasmtime_imports = {.specs = wasmtime_specs, .count = 1};

static void wasmtime_open(struct wasmtime_fixture *fx, const struct bl_vm_wasmtime_options *options)
{
    memset(fx, 0, sizeof *fx);
    bl_arena_init(&fx->arena, bl_alloc_system(), SIZE_MAX / 2);
    bl_buffer_init(&fx->instrumented, bl_alloc_system(), SIZE_MAX / 2);
    assert_ok(bl_vm_wasmtime_new(&fx->vm, testlib_faulty_alloc(&fx->memory), options, NULL));
}

static baals_status wasmtime_load(struct wasmtime_fixture *fx, const char *text)
{
    size_t len = 0;
    fx->code = testlib_wat(&len, text);
    struct bl_wasm_options options = {
        .profile = BL_WASM_INPUT, .limits_version = 1, .imports = &wasmtime_imports};
    const struct bl_wasm_module *input = NULL;
    struct bl_wasm_instrumented info;
    assert_ok(
        bl_wasm_decode(&input, &fx->arena, bl_slice(fx->code, len), &options, NULL, &fx->err));
    assert_ok(bl_wasm_instrument(&fx->instrumented, &info, input, bl_gas_schedule_get(1),
                                 &fx->arena, NULL));
    return bl_vm_compile(fx->vm, &fx->module, bl_buffer_slice(&fx->instrumented),
                         wasmtime_functions, 1, &fx->err);
}

static baals_status
wasmtime_fresh(struct wasmtime_fixture *fx, baals_vm_instance **out, baals_vm_action *action)
{
    BL_TRY(bl_vm_instantiate(fx->vm, out, fx->module, action, &fx->err));
    bl_vm_gas_set(*out, WASMTIME_GAS);
    bl_vm_stack_set(*out, WASMTIME_STACK);
    return BAALS_OK;
}

static void wasmtime_done(struct wasmtime_fixture *fx)
{
    bl_vm_destroy(fx->instance);
    bl_vm_module_free(fx->vm, fx->module);
    bl_vm_close(fx->vm);
    bl_buffer_deinit(&fx->instrumented);
    bl_arena_deinit(&fx->arena);
    free(fx->code);
    assert_int_equal(fx->memory.live, 0);
}

static const char wasmtime_traps[] =
    "(module (import \"h\" \"stop\" (func $stop)) (memory 1) (table 2 funcref)"
    " (elem (i32.const 0) $other) (func $other (param i32))"
    "(func (export \"fine\"))"
    "(func (export \"stop\") call $stop)"
    "(func (export \"unreachable\") unreachable)"
    "(func (export \"divide\") (drop (i32.div_s (i32.const 1) (i32.const 0))))"
    "(func (export \"divide64\") (drop (i64.rem_u (i64.const 1) (i64.const 0))))"
    "(func (export \"overflow\")"
    " (drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1))))"
    "(func (export \"memory\") (drop (i64.load offset=65530 (i32.const 0))))"
    "(func (export \"far\") (drop (i64.load offset=0xfffffff8 (i32.const -1))))"
    "(func (export \"table\") (call_indirect (i32.const 2)))"
    "(func (export \"null\") (call_indirect (i32.const 1)))"
    "(func (export \"type\") (call_indirect (i32.const 0)))"
    "(func $deep (export \"deep\") call $deep)"
    "(func (export \"endless\") (loop (br 0))))";

static const struct {
    const char *method;
    baals_status status; /* OK: returns */
} wasmtime_verdicts[] = {
    {"fine", BAALS_OK},
    {"unreachable", BAALS_TRAP_UNREACHABLE},
    {"divide", BAALS_TRAP_DIVIDE},
    {"divide64", BAALS_TRAP_DIVIDE},
    {"overflow", BAALS_TRAP_OVERFLOW},
    {"memory", BAALS_TRAP_MEMORY},
    {"far", BAALS_TRAP_MEMORY},
    {"table", BAALS_TRAP_TABLE},
    {"null", BAALS_TRAP_NULL_CALL},
    {"type", BAALS_TRAP_CALL_TYPE},
    {"deep", BAALS_TRAP_STACK},
    {"endless", BAALS_TRAP_GAS},
};

/* Goal: with and without signal handlers, pooled and on demand, every trap is the same one. */
static void test_options(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct bl_vm_wasmtime_options options = {.trap_signals = (i & 1) != 0,
                                                 .on_demand = (i & 2) != 0};
        struct wasmtime_fixture fx;
        wasmtime_open(&fx, &options);
        assert_ok(wasmtime_load(&fx, wasmtime_traps));
        baals_vm_action action = BAALS_VM_CONTINUE;
        for (size_t k = 0; k < BL_COUNT_OF(wasmtime_verdicts); k++) {
            baals_vm_trap trap = {.status = BAALS_OK};
            assert_ok(wasmtime_fresh(&fx, &fx.instance, &action));
            if (wasmtime_verdicts[k].status == BAALS_TRAP_GAS)
                bl_vm_gas_set(fx.instance, 100000);
            baals_vm_end end =
                bl_vm_call(fx.instance, bl_slice_str(wasmtime_verdicts[k].method), &trap, &fx.err);
            assert_int_equal(end, wasmtime_verdicts[k].status == BAALS_OK ? BAALS_VM_END_OK
                                                                          : BAALS_VM_END_TRAP);
            assert_status(trap.status, wasmtime_verdicts[k].status);
            bl_vm_destroy(fx.instance);
            fx.instance = NULL;
        }
        wasmtime_done(&fx);
    }
}

/* Goal: the place of a trap is known, as function and offset of the instrumented module. */
static void test_place(void **state)
{
    (void)state;
    struct bl_vm_wasmtime_options options = {.instances = 2};
    struct wasmtime_fixture fx;
    baals_vm_action action = BAALS_VM_CONTINUE;
    baals_vm_trap trap = {.status = BAALS_OK};
    wasmtime_open(&fx, &options);
    assert_ok(wasmtime_load(&fx, wasmtime_traps));
    assert_ok(wasmtime_fresh(&fx, &fx.instance, &action));
    assert_int_equal(bl_vm_call(fx.instance, bl_slice_str("divide"), &trap, NULL),
                     BAALS_VM_END_TRAP);
    assert_int_equal(trap.function_index, 5);
    assert_in_range(trap.offset, 1, fx.instrumented.len - 1);
    wasmtime_done(&fx);
}

/* Goal: code that wasmtime refuses is a fault with its reason. */
static void test_refused(void **state)
{
    (void)state;
    struct bl_vm_wasmtime_options options = {.memory_bytes = 65536};
    struct wasmtime_fixture fx;
    wasmtime_open(&fx, &options);
    static const uint8_t rubbish[] = {0, 'a', 's', 'm', 1, 0, 0, 0, 99};
    baals_vm_module *none = NULL;
    assert_status(bl_vm_compile(fx.vm, &none, bl_slice(rubbish, sizeof rubbish), NULL, 0, &fx.err),
                  BAALS_INTERNAL_FAULT);
    assert_null(none);
    assert_non_null(strstr(fx.err.message, "compilation was refused"));
    assert_status(wasmtime_load(&fx, "(module (memory 2) (func (export \"m\")))"),
                  BAALS_INTERNAL_FAULT);
    wasmtime_done(&fx);
}

/* Goal: an import that nobody gives is a fault. */
static void test_unlinked(void **state)
{
    (void)state;
    static const uint8_t importer[] = {0, 'a', 's', 'm', 1, 0, 0,   0, 1,   4, 1, 0x60,
                                       0, 0,   2,   7,   1, 1, 'x', 1, 'y', 0, 0};
    struct bl_vm_wasmtime_options options = {.instances = 1};
    struct wasmtime_fixture fx;
    baals_vm_module *none = NULL;
    wasmtime_open(&fx, &options);
    assert_status(
        bl_vm_compile(fx.vm, &none, bl_slice(importer, sizeof importer), NULL, 0, &fx.err),
        BAALS_INTERNAL_FAULT);
    assert_non_null(strstr(fx.err.message, "linking was refused"));
    wasmtime_done(&fx);
}

/* Goal: a full pool is a fault, and it goes on when a slot is free again. */
static void test_pool_full(void **state)
{
    (void)state;
    struct bl_vm_wasmtime_options options = {.instances = 1};
    struct wasmtime_fixture fx;
    baals_vm_action action = BAALS_VM_CONTINUE;
    baals_vm_instance *second = NULL;
    wasmtime_open(&fx, &options);
    assert_ok(wasmtime_load(&fx, wasmtime_traps));
    assert_ok(wasmtime_fresh(&fx, &fx.instance, &action));
    assert_status(wasmtime_fresh(&fx, &second, &action), BAALS_INTERNAL_FAULT);
    assert_null(second);
    bl_vm_destroy(fx.instance);
    fx.instance = NULL;
    assert_ok(wasmtime_fresh(&fx, &fx.instance, &action));
    wasmtime_done(&fx);
}

/* Goal: memory that the machine does not give is a fault, never -1 to the contract. */
static void test_growth(void **state)
{
    (void)state;
    struct bl_vm_wasmtime_options options = {.memory_bytes = 2 * 65536};
    struct wasmtime_fixture fx;
    baals_vm_action action = BAALS_VM_CONTINUE;
    baals_vm_trap trap = {.status = BAALS_OK};
    wasmtime_open(&fx, &options);
    assert_ok(wasmtime_load(&fx, "(module (memory 1)"
                                 "(func (export \"one\") (drop (memory.grow (i32.const 1))))"
                                 "(func (export \"far\") (drop (memory.grow (i32.const 300)))))"));
    assert_ok(wasmtime_fresh(&fx, &fx.instance, &action));
    assert_int_equal(bl_vm_call(fx.instance, bl_slice_str("far"), &trap, NULL), BAALS_VM_END_OK);
    assert_int_equal(bl_vm_call(fx.instance, bl_slice_str("one"), &trap, NULL), BAALS_VM_END_OK);
    assert_int_equal(bl_vm_mem_size(fx.instance), 2 * 65536);
    assert_int_equal(bl_vm_call(fx.instance, bl_slice_str("one"), &trap, &fx.err),
                     BAALS_VM_END_FAULT);
    wasmtime_done(&fx);
}

/* Goal: an interruption that is neither an exit nor a trap of a host function is a fault with its
 * reason and no verdict, and the next instance is not touched by it. */
static void test_interruption(void **state)
{
    (void)state;
    struct bl_vm_wasmtime_options options = {.instances = 1};
    struct wasmtime_fixture fx;
    baals_vm_action action = BAALS_VM_ACTION_FORCE_INT;
    baals_vm_trap trap = {.status = BAALS_OK};
    wasmtime_open(&fx, &options);
    assert_ok(wasmtime_load(&fx, wasmtime_traps));
    assert_ok(wasmtime_fresh(&fx, &fx.instance, &action));
    assert_int_equal(bl_vm_call(fx.instance, bl_slice_str("stop"), &trap, &fx.err),
                     BAALS_VM_END_FAULT);
    assert_int_equal(fx.err.status, BAALS_INTERNAL_FAULT);
    assert_non_null(strstr(fx.err.message, "execution failed: wasm trap: interrupt"));
    assert_status(trap.status, BAALS_OK);
    bl_vm_destroy(fx.instance);
    fx.instance = NULL;
    action = BAALS_VM_CONTINUE;
    assert_ok(wasmtime_fresh(&fx, &fx.instance, &action));
    assert_int_equal(bl_vm_call(fx.instance, bl_slice_str("stop"), &trap, NULL), BAALS_VM_END_OK);
    wasmtime_done(&fx);
}

/* Goal: without memory for its own records every operation is NOMEM and leaves nothing behind. */
static void test_no_memory(void **state)
{
    (void)state;
    struct bl_vm_wasmtime_options options = {.instances = 1};
    struct testlib_faulty_alloc memory = {.fail_at = 1};
    baals_vm *vm = NULL;
    assert_status(bl_vm_wasmtime_new(&vm, testlib_faulty_alloc(&memory), &options, NULL),
                  BAALS_NOMEM);
    struct wasmtime_fixture fx;
    baals_vm_action action = BAALS_VM_CONTINUE;
    wasmtime_open(&fx, &options);
    fx.memory.fail_at = fx.memory.calls + 1;
    assert_status(wasmtime_load(&fx, wasmtime_traps), BAALS_NOMEM);
    free(fx.code);
    bl_buffer_clear(&fx.instrumented);
    assert_ok(wasmtime_load(&fx, wasmtime_traps));
    fx.memory.fail_at = fx.memory.calls + 1;
    assert_status(wasmtime_fresh(&fx, &fx.instance, &action), BAALS_NOMEM);
    wasmtime_done(&fx);
}

/* Goal: address space that cannot be had is an error with a reason, not the end of the process. */
static void test_no_address_space(void **state)
{
    (void)state;
    struct bl_vm_wasmtime_options options = {.instances = UINT32_MAX};
    struct wasmtime_fixture fx;
    baals_vm_action action = BAALS_VM_CONTINUE;
    baals_vm_trap trap = {.status = BAALS_OK};
    wasmtime_open(&fx, &options);
    assert_ok(wasmtime_load(&fx, wasmtime_traps));
    assert_ok(wasmtime_fresh(&fx, &fx.instance, &action));
    assert_int_equal(bl_vm_call(fx.instance, bl_slice_str("fine"), &trap, NULL), BAALS_VM_END_OK);
    wasmtime_done(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),      cmocka_unit_test(test_place),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_unlinked),
        cmocka_unit_test(test_pool_full),    cmocka_unit_test(test_growth),
        cmocka_unit_test(test_no_memory),    cmocka_unit_test(test_no_address_space),
        cmocka_unit_test(test_interruption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
