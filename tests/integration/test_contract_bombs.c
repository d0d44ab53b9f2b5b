/* SPDX-License-Identifier: MIT */
/*
 * No module is a bomb: for every shape of bench/wasm_shapes.c, checking, instrumenting and
 * preparing it for the interpreter takes work in proportion to its size, and what wasmtime, which
 * has no such property, is given to compile is bounded. Work is counted, not timed.
 */
#include "testlib.h"

#include "contracts/compile_cost.h"
#include "contracts/compiler.h"
#include "contracts/gas.h"
#include "contracts/host.h"
#include "contracts/vm_interpreter.h"
#include "wasm_shapes.h"

#define BOMB_BYTES_MAX ((size_t)1024 * 1024)
/* Work that has no part in the size: tables of the decoder, sections. */
#define BOMB_FIXED 20000u

struct bomb_work {
    size_t len;
    size_t instrumented;
    uint64_t validation;
    uint64_t instrumentation;
    uint64_t again;
    uint64_t preparation;
    uint64_t compilation;
};

static struct bomb_work bomb_measure(size_t shape, size_t bytes)
{
    struct bomb_work work = {0};
    struct bl_arena arena;
    struct bl_buffer code;
    struct bl_buffer out;
    baals_error err = {.status = BAALS_OK};
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    bl_buffer_init(&code, bl_alloc_system(), BOMB_BYTES_MAX);
    bl_buffer_init(&out, bl_alloc_system(), SIZE_MAX);
    bl_wasm_shape_write(&code, shape, bytes);
    assert_ok(bl_buffer_status(&code, &err));
    const struct bl_wasm_options options = {
        .profile = BL_WASM_INPUT, .limits_version = 2, .imports = &bl_host_imports()[1]};
    const struct bl_wasm_module *input = NULL;
    struct bl_wasm_instrumented info;
    if (bl_wasm_decode(&input, &arena, bl_buffer_slice(&code), &options, NULL, &err) != BAALS_OK ||
        bl_wasm_instrument(&out, &info, input, bl_gas_schedule_get(2), &arena, &err) != BAALS_OK)
        fail_msg("%s of %zu bytes: %s", bl_wasm_shape_name(shape), bytes, err.message);
    work.len = code.len;
    work.instrumented = out.len;
    work.validation = input->work;
    work.instrumentation = info.work;
    work.again = info.module->work;
    work.compilation = bl_compile_cost(info.module);

    baals_vm *vm = NULL;
    baals_vm_module *module = NULL;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
    bl_host_functions(functions);
    assert_ok(bl_vm_interpreter_new(&vm, bl_alloc_system(), &err));
    assert_ok(
        bl_vm_compile(vm, &module, bl_buffer_slice(&out), functions, BL_HOST_FUNCTION_COUNT, &err));
    work.preparation = ((const struct bl_interpreter_module *)(const void *)module)->work;
    bl_vm_module_free(vm, module);
    bl_vm_close(vm);
    bl_buffer_deinit(&out);
    bl_buffer_deinit(&code);
    bl_arena_deinit(&arena);
    return work;
}

/* 2.2 times the work for twice the size. */
static void bomb_assert_linear(const char *shape, const char *stage, uint64_t one, uint64_t two)
{
    if (10 * two > 22 * one + BOMB_FIXED)
        fail_msg("%s: %s takes %llu units, of twice the size %llu", shape, stage,
                 (unsigned long long)one, (unsigned long long)two);
}

/* Goal: twice the size takes at most 2.2 times the work, in every stage, whatever the shape. */
static void test_work_is_linear(void **state)
{
    (void)state;
    for (size_t shape = 0; shape < bl_wasm_shape_count; shape++) {
        for (size_t bytes = 65536; bytes < BOMB_BYTES_MAX; bytes *= 2) {
            const char *name = bl_wasm_shape_name(shape);
            struct bomb_work one = bomb_measure(shape, bytes);
            struct bomb_work two = bomb_measure(shape, 2 * bytes);
            bomb_assert_linear(name, "validation", one.validation, two.validation);
            bomb_assert_linear(name, "instrumentation", one.instrumentation, two.instrumentation);
            bomb_assert_linear(name, "validation again", one.again, two.again);
            bomb_assert_linear(name, "preparation", one.preparation, two.preparation);
        }
    }
}

/* Goal: a module of 1 MiB, whatever its shape, takes at most so many units for each of its bytes,
 * and its instrumented form at most 4 bytes. */
static void test_work_is_bounded(void **state)
{
    (void)state;
    for (size_t shape = 0; shape < bl_wasm_shape_count; shape++) {
        struct bomb_work work = bomb_measure(shape, BOMB_BYTES_MAX);
        print_message("%-28s %8zu bytes, instrumented %8zu, work %8llu %8llu %8llu %8llu, to "
                      "compile %llu\n",
                      bl_wasm_shape_name(shape), work.len, work.instrumented,
                      (unsigned long long)work.validation, (unsigned long long)work.instrumentation,
                      (unsigned long long)work.again, (unsigned long long)work.preparation,
                      (unsigned long long)work.compilation);
        assert_true(work.len > BOMB_BYTES_MAX - 65536 && work.len <= BOMB_BYTES_MAX);
        assert_true(work.instrumented <= 4 * work.len + 4096);
        assert_true(work.validation <= 4 * work.len);
        assert_true(work.instrumentation <= 8 * work.len);
        assert_true(work.again <= 4 * work.instrumented);
        assert_true(work.preparation <= 4 * work.instrumented);
    }
}

/* Whether the compiler, with a second interpreter in wasmtime's place, takes a module of that
 * shape; what it costs in *cost_out. */
static bool bomb_is_compiled(uint64_t *cost_out, size_t shape, size_t bytes)
{
    struct bl_alloc alloc = bl_alloc_system();
    baals_error err = {.status = BAALS_OK};
    baals_vm *vm = NULL;
    struct bl_cache *cache = NULL;
    struct bl_compiler *compiler = NULL;
    struct bl_module *module = NULL;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
    struct bl_buffer code;
    bl_host_functions(functions);
    bl_buffer_init(&code, alloc, BOMB_BYTES_MAX);
    bl_wasm_shape_write(&code, shape, bytes);
    assert_ok(bl_vm_interpreter_new(&vm, alloc, &err));
    assert_ok(bl_cache_new(&cache, alloc, SIZE_MAX, &err));
    struct bl_compiler_setup setup = {.alloc = alloc,
                                      .cache = cache,
                                      .fast = vm,
                                      .functions = functions,
                                      .function_count = BL_HOST_FUNCTION_COUNT,
                                      .at_once = true,
                                      .cost_max = BL_COMPILE_COST_MAX};
    struct bl_module_builder builder = {.alloc = alloc,
                                        .vm = vm,
                                        .functions = functions,
                                        .function_count = BL_HOST_FUNCTION_COUNT,
                                        .imports = bl_host_imports()};
    struct bl_module_key key = {.rules = {.gas_schedule = 2, .wasm_limits = 2}};
    assert_ok(bl_compiler_new(&compiler, &setup, &err));
    assert_ok(bl_module_new(&module, &builder, bl_buffer_slice(&code), &key, &err));
    module = bl_cache_put(cache, module);
    bl_compiler_request(compiler, module);
    bool compiled = bl_module_fast(module) != NULL;
    *cost_out = module->compile_cost;
    bl_cache_release(cache, module);
    bl_compiler_free(compiler);
    bl_cache_free(cache);
    bl_vm_close(vm);
    bl_buffer_deinit(&code);
    return compiled;
}

/* Goal: what is compiled is within the bound, whatever its shape and size, and a shape that once
 * was beyond stays there; counting has found nothing that is free. */
static void test_compilation_is_bounded(void **state)
{
    (void)state;
    unsigned compiled = 0;
    unsigned left = 0;
    for (size_t shape = 0; shape < bl_wasm_shape_count; shape++) {
        uint64_t before = 0;
        for (size_t bytes = 65536; bytes <= BOMB_BYTES_MAX; bytes *= 4) {
            uint64_t cost = 0;
            bool taken = bomb_is_compiled(&cost, shape, bytes);
            if (taken != (cost <= BL_COMPILE_COST_MAX) || cost <= before)
                fail_msg("%s of %zu bytes: %llu units, %s", bl_wasm_shape_name(shape), bytes,
                         (unsigned long long)cost, taken ? "compiled" : "left");
            before = cost;
            compiled += taken ? 1 : 0;
            left += taken ? 0 : 1;
        }
    }
    print_message("%u compiled, %u left to the interpreter\n", compiled, left);
    assert_true(compiled > left && left > 5);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_is_linear),
        cmocka_unit_test(test_work_is_bounded),
        cmocka_unit_test(test_compilation_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
