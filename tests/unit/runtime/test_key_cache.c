/* SPDX-License-Identifier: MIT */
/*
 * Decoded keys that are remembered: what comes back is what was put in for that very key, whatever
 * was put in since. The cache does not look at points, so they are any numbers here.
 */
#include <string.h>

#include "runtime/key_cache.h"
#include "testlib.h"

#define CACHE_KEYS 1000u

/* Items with a key each, and places for the decoded ones. */
struct cache_fixture {
    struct bl_key_cache cache;
    baals_address keys[CACHE_KEYS];
    struct bl_decoded_key decoded[CACHE_KEYS];
    struct bl_signed items[CACHE_KEYS];
    uint8_t verdicts[CACHE_KEYS];
};

static uint64_t cache_point(const baals_address *key, size_t word)
{
    return bl_load_u64le(key->bytes) * 31 + word;
}

static void cache_begin(struct cache_fixture *fx, struct bl_alloc alloc)
{
    struct testlib_rng rng = testlib_rng(3);
    memset(fx, 0, sizeof *fx);
    bl_key_cache_init(&fx->cache, alloc, 77);
    for (size_t i = 0; i < CACHE_KEYS; i++) {
        testlib_rng_bytes(&rng, fx->keys[i].bytes, sizeof fx->keys[i].bytes);
        fx->items[i] = (struct bl_signed){.public_key = &fx->keys[i], .key = &fx->decoded[i]};
    }
}

/* Puts a range of items in, all decoded, with one verdict. */
static void cache_put(struct cache_fixture *fx, size_t first, size_t count, uint8_t verdict)
{
    for (size_t i = first; i < first + count; i++) {
        for (size_t word = 0; word < BL_COUNT_OF(fx->decoded[i].point); word++)
            fx->decoded[i].point[word] = cache_point(&fx->keys[i], word);
        fx->decoded[i].known = 1;
    }
    memset(fx->verdicts, verdict, sizeof fx->verdicts);
    bl_key_cache_put(&fx->cache, fx->items + first, fx->verdicts, count);
}

/* Asks for a range and returns how many are there; those have their own points. */
static size_t cache_known(struct cache_fixture *fx, size_t first, size_t count)
{
    size_t known = 0;
    memset(fx->decoded, 0, sizeof fx->decoded);
    bl_key_cache_get(&fx->cache, fx->items + first, count);
    for (size_t i = first; i < first + count; i++) {
        known += fx->decoded[i].known;
        for (size_t word = 0; word < BL_COUNT_OF(fx->decoded[i].point); word++)
            assert_true(fx->decoded[i].point[word] ==
                        (fx->decoded[i].known ? cache_point(&fx->keys[i], word) : 0));
    }
    return known;
}

/* Nothing is known before it was put in; afterwards it is, through every growth; putting in again
 * changes nothing. */
static void test_kept(void **state)
{
    (void)state;
    static struct cache_fixture fx;
    cache_begin(&fx, bl_alloc_system());
    assert_int_equal(cache_known(&fx, 0, CACHE_KEYS), 0);
    cache_put(&fx, 0, 1, 1);
    assert_int_equal(cache_known(&fx, 0, 10), 1);
    cache_put(&fx, 0, 300, 1);
    assert_true(cache_known(&fx, 0, CACHE_KEYS) >= 297); /* rows are not filled evenly */
    cache_put(&fx, 300, 100, 1);
    size_t rows = fx.cache.row_count;
    for (size_t i = 0; i < 20; i++)
        cache_put(&fx, 0, 400, 1);
    assert_int_equal(fx.cache.row_count, rows);
    assert_true(cache_known(&fx, 0, 400) >= 396);
    assert_int_equal(cache_known(&fx, 400, 600), 0);
    bl_key_cache_deinit(&fx.cache);
}

/* Keys of invalid signatures and keys that were not decoded are not kept. */
static void test_not_kept(void **state)
{
    (void)state;
    static struct cache_fixture fx;
    cache_begin(&fx, bl_alloc_system());
    cache_put(&fx, 0, 100, 0);
    assert_int_equal(cache_known(&fx, 0, 100), 0);
    memset(fx.verdicts, 1, sizeof fx.verdicts);
    bl_key_cache_put(&fx.cache, fx.items, fx.verdicts, 100);
    assert_int_equal(cache_known(&fx, 0, 100), 0);
    bl_key_cache_deinit(&fx.cache);
}

/* However many keys come, the cache does not outgrow its limit, and the newest are there. */
static void test_bounded(void **state)
{
    (void)state;
    static struct cache_fixture fx;
    cache_begin(&fx, bl_alloc_system());
    for (uint64_t round = 0; round < 60; round++) {
        for (size_t i = 0; i < CACHE_KEYS; i++)
            bl_store_u64le(fx.keys[i].bytes + 8, round);
        cache_put(&fx, 0, CACHE_KEYS, 1);
        assert_true(cache_known(&fx, 0, CACHE_KEYS) >= CACHE_KEYS * 97 / 100);
    }
    assert_int_equal(fx.cache.row_count, 4096);
    bl_key_cache_deinit(&fx.cache);
}

static void *cache_no_memory(void *ctx, void *pointer, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)pointer;
    (void)old_size;
    (void)new_size;
    return NULL;
}

/* Without memory nothing is kept. */
static void test_no_memory(void **state)
{
    (void)state;
    static struct cache_fixture fx;
    cache_begin(&fx, (struct bl_alloc){.resize = cache_no_memory, .ctx = NULL});
    cache_put(&fx, 0, 100, 1);
    assert_int_equal(cache_known(&fx, 0, 100), 0);
    bl_key_cache_deinit(&fx.cache);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_not_kept),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
