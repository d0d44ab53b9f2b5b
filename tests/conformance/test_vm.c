/* SPDX-License-Identifier: MIT */
/*
 * What every WASM runtime must do, run over each runtime of this build: the promises of
 * include/baals/ext/vm.h, attack cases included.
 */
#include <stdlib.h>
#include <string.h>

#include "contracts/gas.h"
#include "contracts/vm.h"
#include "testlib_wat.h"

#define VM_GAS ((int64_t)100 * 1000 * 1000)
#define VM_STACK (256 * 1024)

static const char *const vm_names[] = {
    "interpreter",
#ifdef BAALS_HAVE_WASMTIME
    "wasmtime",
#endif
};

/* A host that records its calls. */
struct vm_host {
    uint64_t args[8];
    uint64_t calls;
    uint64_t result;
    baals_vm_action action;
};

static baals_vm_action
vm_host_call(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    struct vm_host *host = ctx;
    (void)instance;
    memcpy(host->args, args, sizeof host->args);
    host->calls++;
    *result_out = host->result;
    return host->action;
}

static baals_vm_action
vm_host_quiet(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    struct vm_host *host = ctx;
    (void)instance;
    (void)result_out;
    host->args[0] = args[0];
    host->calls++;
    return host->action;
}

static const baals_vm_host_function vm_functions[] = {
    {.module = "h",
     .name = "all",
     .params = {BAALS_VM_I32, BAALS_VM_I64, BAALS_VM_I32, BAALS_VM_I64, BAALS_VM_I32, BAALS_VM_I64,
                BAALS_VM_I32, BAALS_VM_I64},
     .param_count = 8,
     .result = BAALS_VM_I64,
     .call = vm_host_call},
    {.module = "h", .name = "i32", .result = BAALS_VM_I32, .call = vm_host_call},
    {.module = "h",
     .name = "put",
     .params = {BAALS_VM_I64},
     .param_count = 1,
     .result = BAALS_VM_NONE,
     .call = vm_host_quiet},
};
static const struct bl_wasm_import_spec vm_specs[] = {
    {"h", "all", "ilililil:l"}, {"h", "i32", ":i"}, {"h", "put", "l:"}};
static const struct bl_wasm_imports vm_imports = {.specs = vm_specs,
                                                  .count = BL_COUNT_OF(vm_specs)};

struct vm_fixture {
    baals_vm *vm;
    struct bl_arena arena;
    struct bl_buffer instrumented;
    baals_vm_module *module;
    baals_vm_instance *instance;
    struct vm_host host;
    uint8_t *code;
};

#define VM_IMPORTS                                                                                 \
    "(import \"h\" \"all\" (func $all (param i32 i64 i32 i64 i32 i64 i32 i64) (result i64)))"      \
    "(import \"h\" \"i32\" (func $i32 (result i32)))"                                              \
    "(import \"h\" \"put\" (func $put (param i64)))"

static void vm_fresh(struct vm_fixture *fx)
{
    bl_vm_destroy(fx->instance);
    assert_ok(bl_vm_instantiate(fx->vm, &fx->instance, fx->module, &fx->host, NULL));
    bl_vm_gas_set(fx->instance, VM_GAS);
    bl_vm_stack_set(fx->instance, VM_STACK);
}

static void vm_open(struct vm_fixture *fx, const char *name, const char *body)
{
    char *text = malloc(strlen(body) + 1024);
    assert_non_null(text);
    (void)snprintf(text, strlen(body) + 1024, "(module " VM_IMPORTS " %s)", body);
    memset(fx, 0, sizeof *fx);
    size_t len = 0;
    fx->code = testlib_wat(&len, text);
    free(text);
    assert_ok(bl_vm_new(&fx->vm, name, bl_alloc_system(), NULL));
    bl_arena_init(&fx->arena, bl_alloc_system(), SIZE_MAX / 2);
    bl_buffer_init(&fx->instrumented, bl_alloc_system(), SIZE_MAX / 2);
    struct bl_wasm_options options = {
        .profile = BL_WASM_INPUT, .limits_version = 1, .imports = &vm_imports};
    const struct bl_wasm_module *input = NULL;
    struct bl_wasm_instrumented info;
    baals_error err = {0};
    if (bl_wasm_decode(&input, &fx->arena, bl_slice(fx->code, len), &options, NULL, &err) !=
        BAALS_OK)
        fail_msg("%s", err.message);
    assert_ok(bl_wasm_instrument(&fx->instrumented, &info, input, bl_gas_schedule_get(1),
                                 &fx->arena, NULL));
    assert_ok(bl_vm_compile(fx->vm, &fx->module, bl_buffer_slice(&fx->instrumented), vm_functions,
                            BL_COUNT_OF(vm_functions), NULL));
    assert_true(bl_vm_module_bytes(fx->module) > 0);
    vm_fresh(fx);
}

static void vm_close(struct vm_fixture *fx)
{
    bl_vm_destroy(fx->instance);
    bl_vm_module_free(fx->vm, fx->module);
    bl_vm_close(fx->vm);
    bl_buffer_deinit(&fx->instrumented);
    bl_arena_deinit(&fx->arena);
    free(fx->code);
}

/* Calls an export; its trap, or OK. */
static baals_status vm_call(struct vm_fixture *fx, const char *name)
{
    baals_vm_trap trap = {.status = BAALS_OK};
    baals_error err = {0};
    baals_vm_end end = bl_vm_call(fx->instance, bl_slice_str(name), &trap, &err);
    if (end == BAALS_VM_END_FAULT)
        fail_msg("%s: fault: %s", name, err.message);
    return trap.status;
}

/* Calls an export that puts one number. */
static uint64_t vm_value(struct vm_fixture *fx, const char *name)
{
    fx->host.calls = 0;
    assert_status(vm_call(fx, name), BAALS_OK);
    assert_int_equal(fx->host.calls, 1);
    return fx->host.args[0];
}

static void vm_host_values(struct vm_fixture *fx)
{
    static const uint64_t expected[8] = {0xffffffff, UINT64_MAX - 1, 3, 4, 5, 6, 7, 8};
    fx->host.result = 0xfedcba9876543210;
    assert_status(vm_call(fx, "args"), BAALS_OK);
    assert_memory_equal(fx->host.args, expected, sizeof expected);
    fx->host.calls = 0;
    assert_status(vm_call(fx, "all"), BAALS_OK);
    assert_int_equal(fx->host.calls, 2);
    assert_true(fx->host.args[0] == 0xfedcba9876543210);
}

/* Goal: parameters and results of host functions pass unchanged, an i32 zero-extended. */
static void test_host_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(vm_names); i++) {
        struct vm_fixture fx;
        vm_open(&fx, vm_names[i],
                "(memory 1)"
                "(func $f (result i64) (call $all (i32.const -1) (i64.const -2) (i32.const 3)"
                " (i64.const 4) (i32.const 5) (i64.const 6) (i32.const 7) (i64.const 8)))"
                "(func (export \"args\") (drop (call $f)))"
                "(func (export \"all\") (call $put (call $f)))");
        vm_host_values(&fx);
        vm_close(&fx);
    }
}

/* Goal: EXIT ends the call at once as END_EXIT, TRAP as END_TRAP, from any depth. */
static void test_host_actions(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(vm_names); i++) {
        struct vm_fixture fx;
        vm_open(&fx, vm_names[i],
                "(memory 1) (func $deep (param i32)"
                " (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1))))"
                "  (else (call $put (i64.const 1)))))"
                "(func (export \"m\") (call $deep (i32.const 100)) (call $put (i64.const 2)))");
        baals_vm_trap trap = {.status = BAALS_OK};
        fx.host.action = BAALS_VM_EXIT;
        assert_int_equal(bl_vm_call(fx.instance, bl_slice_str("m"), &trap, NULL),
                         BAALS_VM_END_EXIT);
        assert_int_equal(fx.host.calls, 1);
        vm_fresh(&fx);
        fx.host.action = BAALS_VM_TRAP;
        assert_int_equal(bl_vm_call(fx.instance, bl_slice_str("m"), &trap, NULL),
                         BAALS_VM_END_TRAP);
        assert_int_equal(fx.host.calls, 2);
        assert_status(trap.status, BAALS_TRAP);
        vm_fresh(&fx);
        fx.host.action = BAALS_VM_CONTINUE;
        assert_status(vm_call(&fx, "m"), BAALS_OK);
        assert_int_equal(fx.host.calls, 4);
        vm_close(&fx);
    }
}

/* Goal: every instance begins with initial globals, zeroed memory and its segments. */
static void test_fresh_instances(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(vm_names); i++) {
        struct vm_fixture fx;
        vm_open(&fx, vm_names[i],
                "(memory 1 3) (global $g (mut i64) (i64.const -5)) (data (i32.const 8) \"\\07\")"
                "(data $p \"\\09\")"
                "(func (export \"m\") (call $put (i64.add (global.get $g)"
                "  (i64.add (i64.load (i32.const 8)) (i64.load (i32.const 65528)))))"
                " (global.set $g (i64.const 77)) (i64.store (i32.const 8) (i64.const 78))"
                " (i64.store (i32.const 65528) (i64.const 79)) (drop (memory.grow (i32.const 1)))"
                " (memory.init $p (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $p))");
        for (int run = 0; run < 3; run++) {
            assert_int_equal(bl_vm_mem_size(fx.instance), 65536);
            assert_int_equal(vm_value(&fx, "m"), 2);
            assert_int_equal(bl_vm_mem_size(fx.instance), 2 * 65536);
            vm_fresh(&fx);
        }
        vm_close(&fx);
    }
}

/* Goal: growth: 0, to the maximum, beyond it, 2^32 - 1; grown memory is zero, and old bytes stay.
 */
static void test_memory_grow(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(vm_names); i++) {
        struct vm_fixture fx;
        vm_open(&fx, vm_names[i],
                "(memory 2 10)"
                "(func $grow (param i32) (call $put (i64.extend_i32_s"
                " (memory.grow (local.get 0)))))"
                "(func (export \"0\") (call $grow (i32.const 0)))"
                "(func (export \"1\") (call $grow (i32.const 1)))"
                "(func (export \"7\") (call $grow (i32.const 7)))"
                "(func (export \"9\") (call $grow (i32.const 9)))"
                "(func (export \"huge\") (call $grow (i32.const -1)))"
                "(func (export \"size\") (call $put (i64.extend_i32_u (memory.size))))"
                "(func (export \"write\") (i64.store (i32.const 131064) (i64.const -1)))"
                "(func (export \"read\") (call $put (i64.add (i64.load (i32.const 131064))"
                " (i64.load (i32.const 131072)))))"
                "(func (export \"last\") (drop (i32.load8_u (i32.const 655359))))"
                "(func (export \"beyond\") (drop (i32.load8_u (i32.const 655360))))");
        assert_status(vm_call(&fx, "write"), BAALS_OK);
        assert_int_equal(vm_value(&fx, "0"), 2);
        assert_int_equal(vm_value(&fx, "huge"), UINT64_MAX);
        assert_int_equal(vm_value(&fx, "9"), UINT64_MAX);
        assert_int_equal(vm_value(&fx, "1"), 2);
        assert_int_equal(vm_value(&fx, "read"), UINT64_MAX);
        assert_int_equal(vm_value(&fx, "7"), 3);
        assert_int_equal(vm_value(&fx, "size"), 10);
        assert_int_equal(vm_value(&fx, "0"), 10);
        assert_int_equal(vm_value(&fx, "1"), UINT64_MAX);
        assert_int_equal(vm_value(&fx, "read"), UINT64_MAX);
        assert_status(vm_call(&fx, "last"), BAALS_OK);
        assert_status(vm_call(&fx, "beyond"), BAALS_TRAP_MEMORY);
        vm_close(&fx);
    }
}

/* Goal: the traps of memory at its edges, also where address and offset would wrap, and of bulk
 * operations, which change nothing when they trap. */
static void test_memory_traps(void **state)
{
    (void)state;
    static const char body[] =
        "(memory 1 1) (data $p \"abcd\") (data $active (i32.const 0) \"x\")"
        "(func (export \"edge8\") (i64.store (i32.const 65528) (i64.const 1)))"
        "(func (export \"over1\") (i64.store (i32.const 65529) (i64.const 1)))"
        "(func (export \"over2\") (drop (i32.load (i32.const -1))))"
        "(func (export \"over3\") (drop (i32.load offset=4294967295 (i32.const -1))))"
        "(func (export \"over4\") (i32.store8 offset=65536 (i32.const 0) (i32.const 0)))"
        "(func (export \"over5\") (drop (i64.load16_u (i32.const 65535))))"
        "(func (export \"fill_none\") (memory.fill (i32.const 65536) (i32.const 1) (i32.const 0)))"
        "(func (export \"over6\") (memory.fill (i32.const 65537) (i32.const 1) (i32.const 0)))"
        "(func (export \"over7\") (memory.fill (i32.const 65000) (i32.const 1) (i32.const 537)))"
        "(func (export \"over8\") (memory.fill (i32.const 8) (i32.const 1) (i32.const -8)))"
        "(func (export \"over9\") (memory.copy (i32.const 0) (i32.const 65535) (i32.const 2)))"
        "(func (export \"over10\") (memory.copy (i32.const 65535) (i32.const 0) (i32.const 2)))"
        "(func (export \"over11\") (memory.init $p (i32.const 0) (i32.const 1) (i32.const 4)))"
        "(func (export \"over12\") (memory.init $p (i32.const 65534) (i32.const 0) (i32.const 3)))"
        "(func (export \"over13\") (data.drop $p)"
        " (memory.init $p (i32.const 0) (i32.const 0) (i32.const 1)))"
        "(func (export \"over14\")"
        " (memory.init $active (i32.const 0) (i32.const 0) (i32.const 1)))"
        "(func (export \"drop_none\") (data.drop $p) (data.drop $p)"
        " (memory.init $p (i32.const 0) (i32.const 0) (i32.const 0)))"
        "(func (export \"sum\") (call $put (i64.load (i32.const 65000))))";
    for (size_t i = 0; i < BL_COUNT_OF(vm_names); i++) {
        struct vm_fixture fx;
        vm_open(&fx, vm_names[i], body);
        assert_status(vm_call(&fx, "edge8"), BAALS_OK);
        assert_status(vm_call(&fx, "fill_none"), BAALS_OK);
        for (int k = 1; k <= 14; k++) {
            char name[16];
            (void)snprintf(name, sizeof name, "over%d", k);
            vm_fresh(&fx);
            /* A huge bulk length costs more than the usual gas. */
            bl_vm_gas_set(fx.instance, (int64_t)1 << 50);
            assert_status(vm_call(&fx, name), BAALS_TRAP_MEMORY);
            assert_int_equal(vm_value(&fx, "sum"), 0);
        }
        vm_fresh(&fx);
        assert_status(vm_call(&fx, "drop_none"), BAALS_OK);
        vm_close(&fx);
    }
}

/* Goal: overlapping copies are as if through a buffer, both ways. */
static void test_memory_overlap(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(vm_names); i++) {
        struct vm_fixture fx;
        vm_open(&fx, vm_names[i],
                "(memory 1) (data (i32.const 0) \"\\01\\02\\03\\04\\05\\06\\07\\08\")"
                "(func (export \"up\") (memory.copy (i32.const 2) (i32.const 0) (i32.const 6))"
                " (call $put (i64.load (i32.const 0))))"
                "(func (export \"down\") (memory.copy (i32.const 0) (i32.const 2) (i32.const 6))"
                " (call $put (i64.load (i32.const 0))))");
        assert_true(vm_value(&fx, "up") == 0x0605040302010201);
        vm_fresh(&fx);
        assert_true(vm_value(&fx, "down") == 0x0807080706050403);
        vm_close(&fx);
    }
}

/* Goal: mem_read and mem_write accept exactly what lies inside. */
static void test_memory_access(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(vm_names); i++) {
        struct vm_fixture fx;
        vm_open(&fx, vm_names[i], "(memory 1)");
        const struct baals_vm_ops *ops = fx.instance->ops;
        uint8_t bytes[4] = {1, 2, 3, 4};
        assert_int_equal(ops->mem_write(fx.instance, 65532, bytes, 4), 1);
        assert_int_equal(ops->mem_write(fx.instance, 65533, bytes, 4), 0);
        assert_int_equal(ops->mem_write(fx.instance, UINT32_MAX, bytes, 4), 0);
        assert_int_equal(ops->mem_write(fx.instance, 65536, bytes, 0), 1);
        uint8_t read[4] = {0};
        assert_int_equal(ops->mem_read(fx.instance, read, 65532, 4), 1);
        assert_memory_equal(read, bytes, 4);
        assert_int_equal(ops->mem_read(fx.instance, read, 65533, 4), 0);
        assert_int_equal(ops->mem_read(fx.instance, read, UINT32_MAX, UINT32_MAX), 0);
        if (ops->mem_view != NULL) {
            assert_null(ops->mem_view(fx.instance, 65533, 4));
            assert_null(ops->mem_view(fx.instance, UINT32_MAX, 2));
        }
        vm_close(&fx);
    }
}

/* Goal: gas ends every kind of loop; the counter is below 0 and the trap says gas. */
static void test_out_of_gas(void **state)
{
    (void)state;
    static const char *const loops[] = {
        "(memory 1) (func (export \"m\") (loop (br 0)))",
        "(memory 1) (func (export \"m\") (loop (br_if 0 (i32.const 1))))",
        "(memory 1) (func (export \"m\") (loop (br_table 0 0 (i32.const 1))))",
        "(memory 1) (func $f) (func (export \"m\") (loop (call $f) (br 0)))",
        "(memory 1) (func (export \"m\") (loop (drop (memory.grow (i32.const 0))) (br 0)))",
        ("(memory 1) (func (export \"m\") (loop"
         " (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)) (br 0)))"),
        ("(memory 1) (table 1 funcref) (elem (i32.const 0) $m)"
         "(func $m (export \"m\") (loop (br 0)) (call_indirect (i32.const 0)))"),
    };
    for (size_t i = 0; i < BL_COUNT_OF(vm_names); i++) {
        for (size_t k = 0; k < BL_COUNT_OF(loops); k++) {
            struct vm_fixture fx;
            vm_open(&fx, vm_names[i], loops[k]);
            bl_vm_gas_set(fx.instance, 100000);
            assert_status(vm_call(&fx, "m"), BAALS_TRAP_GAS);
            assert_true(bl_vm_gas_get(fx.instance) < 0);
            vm_close(&fx);
        }
    }
}

/* Goal: the stack ends self, mutual and indirect recursion, with small frames and with 512 locals,
 * at the depth the frame costs say; the counter is restored when calls return. */
static void test_out_of_stack(void **state)
{
    (void)state;
    char large[8192] = "(memory 1) (func $f";
    for (int i = 0; i < 512; i++)
        strncat(large, " (local i64)", sizeof large - strlen(large) - 1);
    strncat(large, " (call $f)) (func (export \"m\") (call $f))", sizeof large - strlen(large) - 1);
    const char *const recursions[] = {
        "(memory 1) (func $f (call $f)) (func (export \"m\") (call $f))",
        "(memory 1) (func $f (call $g)) (func $g (call $f)) (func (export \"m\") (call $f))",
        ("(memory 1) (table 1 funcref) (elem (i32.const 0) $f)"
         "(func $f (call_indirect (i32.const 0))) (func (export \"m\") (call $f))"),
        large,
    };
    for (size_t i = 0; i < BL_COUNT_OF(vm_names); i++) {
        for (size_t k = 0; k < BL_COUNT_OF(recursions); k++) {
            struct vm_fixture fx;
            vm_open(&fx, vm_names[i], recursions[k]);
            assert_status(vm_call(&fx, "m"), BAALS_TRAP_STACK);
            assert_true(bl_vm_stack_get(fx.instance) < 0);
            assert_true(bl_vm_gas_get(fx.instance) >= 0);
            vm_close(&fx);
        }
        struct vm_fixture fx;
        vm_open(&fx, vm_names[i],
                "(memory 1) (func $f (param i32) (if (local.get 0)"
                " (then (call $f (i32.sub (local.get 0) (i32.const 1))))))"
                "(func (export \"m\") (call $f (i32.const 2900)))");
        assert_status(vm_call(&fx, "m"), BAALS_OK);
        assert_int_equal(bl_vm_stack_get(fx.instance), VM_STACK);
        vm_close(&fx);
    }
}

/* A method that calls a function of `locals` i64 locals without parameters or operands. */
static void vm_open_leaf(struct vm_fixture *fx, const char *name, int locals)
{
    char text[8192] = "(memory 1) (func $leaf";
    for (int i = 0; i < locals; i++)
        strncat(text, " (local i64)", sizeof text - strlen(text) - 1);
    strncat(text, ") (func (export \"m\") (call $leaf))", sizeof text - strlen(text) - 1);
    vm_open(fx, name, text);
}

/* Goal: a function without calls is free of stack up to F = 512, and charged above; a stack of
 * exactly what is needed is enough, one byte less is not. */
static void test_leaf_frames(void **state)
{
    (void)state;
    static const struct {
        int locals;
        int32_t stack;
        baals_status end;
    } rows[] = {
        /* The method itself takes 64 bytes. */
        {56, 64, BAALS_OK},
        {56, 63, BAALS_TRAP_STACK},
        {57, 64 + 520, BAALS_OK},
        {57, 64 + 519, BAALS_TRAP_STACK},
        {512, 64 + 64 + 8 * 512, BAALS_OK},
        {512, 64 + 63 + 8 * 512, BAALS_TRAP_STACK},
    };
    for (size_t i = 0; i < BL_COUNT_OF(vm_names); i++) {
        for (size_t k = 0; k < BL_COUNT_OF(rows); k++) {
            struct vm_fixture fx;
            vm_open_leaf(&fx, vm_names[i], rows[k].locals);
            bl_vm_stack_set(fx.instance, rows[k].stack);
            assert_status(vm_call(&fx, "m"), rows[k].end);
            vm_close(&fx);
        }
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host_values),     cmocka_unit_test(test_host_actions),
        cmocka_unit_test(test_fresh_instances), cmocka_unit_test(test_memory_grow),
        cmocka_unit_test(test_memory_traps),    cmocka_unit_test(test_memory_overlap),
        cmocka_unit_test(test_memory_access),   cmocka_unit_test(test_out_of_gas),
        cmocka_unit_test(test_out_of_stack),    cmocka_unit_test(test_leaf_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
