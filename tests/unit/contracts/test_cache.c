/* SPDX-License-Identifier: MIT */
/*
 * The module cache: what is found, what is thrown out first, and when a module dies.
 */
#include "contracts/cache.h"

#include <stdlib.h>
#include <string.h>

#include "contract_fixture.h"
#include "contracts/host.h"

struct cache_fixture {
    struct testlib_faulty_alloc memory;
    struct bl_alloc alloc;
    baals_vm *vm;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
    struct bl_module_builder builder;
    struct bl_cache *cache;
    uint8_t *code;
    size_t code_len;
    size_t module_bytes;
};

static struct bl_module_key cache_key(uint8_t byte, uint32_t schedule, uint32_t limits)
{
    struct bl_module_key key = {.rules = {.gas_schedule = schedule, .wasm_limits = limits}};
    memset(key.code_hash.bytes, byte, sizeof key.code_hash.bytes);
    return key;
}

static struct bl_module *cache_make(struct cache_fixture *fx, uint8_t byte)
{
    struct bl_module_key key = cache_key(byte, 1, 1);
    struct bl_module *module = NULL;
    assert_ok(bl_module_new(&module, &fx->builder, bl_slice(fx->code, fx->code_len), &key, NULL));
    return module;
}

/* Puts a new module and gives the reference back. */
static void cache_fill(struct cache_fixture *fx, uint8_t byte)
{
    bl_cache_release(fx->cache, bl_cache_put(fx->cache, cache_make(fx, byte)));
}

static bool cache_has(struct cache_fixture *fx, uint8_t byte)
{
    struct bl_module_key key = cache_key(byte, 1, 1);
    struct bl_module *module = bl_cache_get(fx->cache, &key);
    bl_cache_release(fx->cache, module);
    return module != NULL;
}

static int cache_setup(void **state)
{
    struct cache_fixture *fx = calloc(1, sizeof *fx);
    assert_non_null(fx);
    fx->alloc = testlib_faulty_alloc(&fx->memory);
    assert_ok(bl_vm_interpreter_new(&fx->vm, fx->alloc, NULL));
    bl_host_functions(fx->functions);
    fx->builder = (struct bl_module_builder){.alloc = fx->alloc,
                                             .vm = fx->vm,
                                             .functions = fx->functions,
                                             .function_count = BL_HOST_FUNCTION_COUNT,
                                             .imports = bl_host_imports()};
    fx->code = testlib_wat(&fx->code_len, "(module (memory 1) (func (export \"m\")))");
    struct bl_module *module = cache_make(fx, 0);
    fx->module_bytes = module->bytes;
    bl_module_free(module);
    /* Room for exactly three. */
    assert_ok(bl_cache_new(&fx->cache, fx->alloc, 3 * fx->module_bytes, NULL));
    *state = fx;
    return 0;
}

static int cache_teardown(void **state)
{
    struct cache_fixture *fx = *state;
    bl_cache_free(fx->cache);
    bl_vm_close(fx->vm);
    assert_int_equal(fx->memory.live, 0);
    free(fx->code);
    free(fx);
    return 0;
}

/* Goal: a module is found under its whole key only. */
static void test_key(void **state)
{
    struct cache_fixture *fx = *state;
    cache_fill(fx, 1);
    assert_true(cache_has(fx, 1));
    assert_false(cache_has(fx, 2));
    struct bl_module_key other = cache_key(1, 2, 1);
    assert_null(bl_cache_get(fx->cache, &other));
    other = cache_key(1, 1, 2);
    assert_null(bl_cache_get(fx->cache, &other));
    /* The same bucket, another hash. */
    other = cache_key(1, 1, 1);
    other.code_hash.bytes[31] ^= 1;
    assert_null(bl_cache_get(fx->cache, &other));
}

/* Goal: the least recently used module goes first, and bytes never exceed the bound. */
static void test_eviction(void **state)
{
    struct cache_fixture *fx = *state;
    cache_fill(fx, 1);
    cache_fill(fx, 2);
    cache_fill(fx, 3);
    assert_int_equal(bl_cache_bytes(fx->cache), 3 * fx->module_bytes);
    assert_true(cache_has(fx, 1));
    cache_fill(fx, 4);
    assert_int_equal(bl_cache_bytes(fx->cache), 3 * fx->module_bytes);
    assert_false(cache_has(fx, 2));
    assert_true(cache_has(fx, 1) && cache_has(fx, 3) && cache_has(fx, 4));
}

/* Goal: an evicted module lives as long as someone uses it. */
static void test_references(void **state)
{
    struct cache_fixture *fx = *state;
    struct bl_module *used = bl_cache_put(fx->cache, cache_make(fx, 1));
    for (uint8_t i = 2; i < 9; i++)
        cache_fill(fx, i);
    assert_false(cache_has(fx, 1));
    assert_true(bl_module_has_entry(used, bl_slice_str("m")));
    bl_cache_release(fx->cache, used);
    bl_cache_release(fx->cache, NULL);
}

/* Goal: of two modules with one key the first stays, and both callers get it. */
static void test_race(void **state)
{
    struct cache_fixture *fx = *state;
    struct bl_module *first = bl_cache_put(fx->cache, cache_make(fx, 1));
    struct bl_module *second = bl_cache_put(fx->cache, cache_make(fx, 1));
    assert_ptr_equal(first, second);
    assert_int_equal(bl_cache_bytes(fx->cache), fx->module_bytes);
    bl_cache_release(fx->cache, first);
    assert_true(bl_module_has_entry(second, bl_slice_str("m")));
    bl_cache_release(fx->cache, second);
}

/* Goal: a module larger than the cache works, but is not kept and throws nobody out. */
static void test_too_large(void **state)
{
    struct cache_fixture *fx = *state;
    cache_fill(fx, 1);
    struct bl_module *large = cache_make(fx, 2);
    large->bytes = 4 * fx->module_bytes;
    large = bl_cache_put(fx->cache, large);
    assert_true(bl_module_has_entry(large, bl_slice_str("m")));
    assert_false(cache_has(fx, 2));
    assert_true(cache_has(fx, 1));
    bl_cache_release(fx->cache, large);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, cache_setup, cache_teardown)
    const struct CMUnitTest tests[] = {
        CACHE_TEST(test_key),  CACHE_TEST(test_eviction),  CACHE_TEST(test_references),
        CACHE_TEST(test_race), CACHE_TEST(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
