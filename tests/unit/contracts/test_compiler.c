/* SPDX-License-Identifier: MIT */
/*
 * Compilation in the background, with a second interpreter in the place of the fast runtime, which
 * can be made to refuse.
 */
#include "contracts/compiler.h"

#include <stdlib.h>
#include <string.h>

#include "contracts/host.h"
#include "testlib_wat.h"

/* Above every module here, but for the one that costs exactly so much. */
#define COMPILER_COST_MAX 100000u

static const char compiler_text[] = "(module (memory 1) (func (export \"m\")))";

struct compiler_fixture {
    struct testlib_faulty_alloc memory;
    baals_vm *slow;
    baals_vm *fast;
    struct baals_vm_ops refusing; /* the interpreter's, but for compile */
    struct bl_cache *cache;
    struct bl_compiler *compiler;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
    struct bl_module_builder builder;
    uint8_t *code;
    size_t code_len;
    char report[256];
    enum bl_log_level level;
};

static baals_status compiler_refuse(baals_vm *self,
                                    baals_vm_module **module_out,
                                    baals_slice bytes,
                                    const baals_vm_host_function *functions,
                                    size_t function_count,
                                    baals_error *err)
{
    (void)self;
    (void)module_out;
    (void)bytes;
    (void)functions;
    (void)function_count;
    return bl_fail(err, BAALS_INTERNAL_FAULT, "not this one");
}

static void compiler_report(void *ctx, enum bl_log_level level, const char *message)
{
    struct compiler_fixture *fx = ctx;
    fx->level = level;
    (void)snprintf(fx->report, sizeof fx->report, "%s", message);
}

static void compiler_open(struct compiler_fixture *fx, size_t cache_bytes, bool at_once)
{
    memset(fx, 0, sizeof *fx);
    struct bl_alloc alloc = testlib_faulty_alloc(&fx->memory);
    assert_ok(bl_vm_interpreter_new(&fx->slow, alloc, NULL));
    assert_ok(bl_vm_interpreter_new(&fx->fast, alloc, NULL));
    assert_ok(bl_cache_new(&fx->cache, alloc, cache_bytes, NULL));
    bl_host_functions(fx->functions);
    fx->builder = (struct bl_module_builder){.alloc = alloc,
                                             .vm = fx->slow,
                                             .functions = fx->functions,
                                             .function_count = BL_HOST_FUNCTION_COUNT,
                                             .imports = bl_host_imports()};
    fx->refusing = *fx->fast->ops;
    fx->refusing.compile = compiler_refuse;
    struct bl_compiler_setup setup = {.alloc = alloc,
                                      .cache = fx->cache,
                                      .fast = fx->fast,
                                      .functions = fx->functions,
                                      .function_count = BL_HOST_FUNCTION_COUNT,
                                      .at_once = at_once,
                                      .cost_max = COMPILER_COST_MAX,
                                      .report = compiler_report,
                                      .report_ctx = fx};
    assert_ok(bl_compiler_new(&fx->compiler, &setup, NULL));
    fx->code = testlib_wat(&fx->code_len, compiler_text);
}

static void compiler_close(struct compiler_fixture *fx)
{
    bl_compiler_free(fx->compiler);
    bl_cache_free(fx->cache);
    bl_vm_close(fx->fast);
    bl_vm_close(fx->slow);
    free(fx->code);
    assert_int_equal(fx->memory.live, 0);
}

/* A module of its own for each number, in the cache, with a reference. */
static struct bl_module *compiler_module(struct compiler_fixture *fx, uint8_t number)
{
    struct bl_module *module = NULL;
    struct bl_module_key key = {.code_hash = {.bytes = {number}},
                                .rules = {.gas_schedule = 1, .wasm_limits = 1}};
    assert_ok(bl_module_new(&module, &fx->builder, bl_slice(fx->code, fx->code_len), &key, NULL));
    return bl_cache_put(fx->cache, module);
}

/* Goal: a module that was asked for is compiled in the background, and the cache knows its size. */
static void test_background(void **state)
{
    (void)state;
    struct compiler_fixture fx;
    compiler_open(&fx, SIZE_MAX, false);
    struct bl_module *module = compiler_module(&fx, 1);
    size_t before = bl_cache_bytes(fx.cache);
    assert_null(bl_module_fast(module));
    bl_compiler_request(fx.compiler, module);
    bl_compiler_request(fx.compiler, module);
    bl_compiler_wait(fx.compiler);
    baals_vm_module *fast = bl_module_fast(module);
    assert_non_null(fast);
    assert_int_equal(bl_cache_bytes(fx.cache), before + bl_vm_module_bytes(fast));
    bl_compiler_request(fx.compiler, module);
    bl_compiler_wait(fx.compiler);
    assert_ptr_equal(bl_module_fast(module), fast);
    bl_cache_release(fx.cache, module);
    compiler_close(&fx);
}

/* Goal: what is refused is reported once, and stays with the interpreter for ever. */
static void test_refused(void **state)
{
    (void)state;
    struct compiler_fixture fx;
    compiler_open(&fx, SIZE_MAX, true);
    const struct baals_vm_ops *ops = fx.fast->ops;
    struct bl_module *module = compiler_module(&fx, 1);
    fx.fast->ops = &fx.refusing;
    bl_compiler_request(fx.compiler, module);
    assert_string_equal(fx.report, "not this one");
    assert_int_equal(fx.level, BL_LOG_WARN);
    fx.fast->ops = ops;
    bl_compiler_request(fx.compiler, module);
    assert_null(bl_module_fast(module));
    bl_cache_release(fx.cache, module);
    compiler_close(&fx);
}

/* Goal: a module beyond the bound is never given to the runtime, and one on it is. */
static void test_bound(void **state)
{
    (void)state;
    struct compiler_fixture fx;
    compiler_open(&fx, SIZE_MAX, true);
    struct bl_module *on = compiler_module(&fx, 1);
    struct bl_module *beyond = compiler_module(&fx, 2);
    assert_in_range(on->compile_cost, 1, COMPILER_COST_MAX);
    on->compile_cost = COMPILER_COST_MAX;
    beyond->compile_cost = COMPILER_COST_MAX + 1;
    bl_compiler_request(fx.compiler, on);
    assert_non_null(bl_module_fast(on));
    assert_string_equal(fx.report, "");
    for (int i = 0; i < 2; i++) {
        bl_compiler_request(fx.compiler, beyond);
        bl_compiler_wait(fx.compiler);
        assert_null(bl_module_fast(beyond));
    }
    assert_string_equal(fx.report,
                        "compiling it would cost 100001 units, above the bound of 100000");
    assert_int_equal(fx.level, BL_LOG_DEBUG);
    bl_cache_release(fx.cache, on);
    bl_cache_release(fx.cache, beyond);
    compiler_close(&fx);
}

/* Goal: at once means before the request returns. */
static void test_at_once(void **state)
{
    (void)state;
    struct compiler_fixture fx;
    compiler_open(&fx, SIZE_MAX, true);
    struct bl_module *module = compiler_module(&fx, 1);
    bl_compiler_request(fx.compiler, module);
    assert_non_null(bl_module_fast(module));
    bl_cache_release(fx.cache, module);
    compiler_close(&fx);
}

/* Goal: a cache that the compiled forms fill evicts the oldest modules, and what is in use lives.
 */
static void test_eviction(void **state)
{
    (void)state;
    struct compiler_fixture fx;
    compiler_open(&fx, SIZE_MAX, true);
    struct bl_module *first = compiler_module(&fx, 1);
    size_t plain = bl_cache_bytes(fx.cache);
    bl_compiler_request(fx.compiler, first);
    size_t both = bl_cache_bytes(fx.cache);
    assert_true(both > plain);
    bl_cache_release(fx.cache, first);
    compiler_close(&fx);

    compiler_open(&fx, both + plain, true);
    struct bl_module *modules[2] = {compiler_module(&fx, 1), compiler_module(&fx, 2)};
    for (size_t i = 0; i < BL_COUNT_OF(modules); i++)
        bl_compiler_request(fx.compiler, modules[i]);
    assert_true(bl_cache_bytes(fx.cache) <= both + plain);
    assert_null(bl_cache_get(fx.cache, &modules[0]->key));
    assert_non_null(bl_module_fast(modules[0]));
    struct bl_module *found = bl_cache_get(fx.cache, &modules[1]->key);
    assert_ptr_equal(found, modules[1]);
    bl_cache_release(fx.cache, found);
    bl_cache_release(fx.cache, modules[0]);
    bl_cache_release(fx.cache, modules[1]);
    compiler_close(&fx);
}

/* Goal: closing while much is queued neither hangs nor leaks; requests beyond the queue are only
 * put off. */
static void test_closing(void **state)
{
    (void)state;
    struct compiler_fixture fx;
    compiler_open(&fx, SIZE_MAX, false);
    for (unsigned i = 0; i < 2 * BL_COMPILER_QUEUE_MAX; i++) {
        struct bl_module *module = compiler_module(&fx, (uint8_t)i);
        bl_compiler_request(fx.compiler, module);
        bl_cache_release(fx.cache, module);
    }
    compiler_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_background), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bound),      cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_eviction),   cmocka_unit_test(test_closing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
