/* SPDX-License-Identifier: MIT */
/* Layers: sorted, distinct, merged newest first, found through the filter. */
#include "testlib.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "storage/storage_internal.h"

static baals_write put(baals_space space, const char *key, const char *value)
{
    return (baals_write){.space = space, .key = bl_slice_str(key), .value = bl_slice_str(value)};
}

static baals_write removal(baals_space space, const char *key)
{
    return (baals_write){.space = space, .is_delete = 1, .key = bl_slice_str(key)};
}

static struct bl_layer *layer_of(const baals_write *writes, size_t count)
{
    struct bl_layer *layer;
    struct bl_alloc alloc = bl_alloc_system();
    assert_ok(bl_layer_new(&layer, &alloc, writes, count, NULL));
    return layer;
}

static void assert_at(const struct bl_layer *layer, size_t index, baals_write expected)
{
    baals_write write = bl_layer_at(layer, index);
    assert_int_equal(write.space, expected.space);
    assert_int_equal(write.is_delete, expected.is_delete);
    assert_true(bl_slice_equal(write.key, expected.key));
    assert_true(bl_slice_equal(write.value, expected.value));
}

static const baals_write *find(const struct bl_layer *layer, baals_space space, const char *key)
{
    baals_slice slice = bl_slice_str(key);
    return bl_layer_find(layer, bl_layer_hash(space, slice), space, slice);
}

/* Goal: keys that begin alike, and keys that begin others, stand in the order of their bytes. */
static void test_layer_sorts_alike(void **state)
{
    (void)state;
    static const char zero[] = "1234567\0";
    static const char high[] = "123456\xff";
    const baals_write writes[] = {
        put(BAALS_SPACE_CODE, "12345678b", "1"),
        put(BAALS_SPACE_CODE, "1234567", "2"),
        put(BAALS_SPACE_CODE, "12345678a", "3"),
        put(BAALS_SPACE_CODE, "123456", "4"),
        {.space = BAALS_SPACE_CODE, .key = bl_slice(zero, 8), .value = bl_slice_str("5")},
        {.space = BAALS_SPACE_CODE, .key = bl_slice(high, 7), .value = bl_slice_str("6")},
        put(BAALS_SPACE_ACCOUNTS, "z", "7"),
    };
    static const char expected[] = "7425316";
    struct bl_layer *layer = layer_of(writes, BL_COUNT_OF(writes));
    assert_int_equal(bl_layer_count(layer), BL_COUNT_OF(writes));
    for (size_t i = 0; i < BL_COUNT_OF(writes); i++)
        assert_int_equal(bl_layer_at(layer, i).value.data[0], expected[i]);
    bl_layer_unref(layer);
}

/* Goal: writes in any order come out by space and key, the last one of each key. */
static void test_layer_sorts(void **state)
{
    (void)state;
    const baals_write writes[] = {
        put(BAALS_SPACE_CODE, "b", "1"),      put(BAALS_SPACE_ACCOUNTS, "b", "2"),
        put(BAALS_SPACE_CODE, "a", "3"),      removal(BAALS_SPACE_CODE, "b"),
        put(BAALS_SPACE_ACCOUNTS, "ab", "4"), put(BAALS_SPACE_ACCOUNTS, "b", "5"),
        put(BAALS_SPACE_ACCOUNTS, "a", ""),   put(BAALS_SPACE_ACCOUNTS, "b", "6"),
    };
    struct bl_layer *layer = layer_of(writes, BL_COUNT_OF(writes));
    assert_int_equal(bl_layer_count(layer), 5);
    assert_at(layer, 0, put(BAALS_SPACE_ACCOUNTS, "a", ""));
    assert_at(layer, 1, put(BAALS_SPACE_ACCOUNTS, "ab", "4"));
    assert_at(layer, 2, put(BAALS_SPACE_ACCOUNTS, "b", "6"));
    assert_at(layer, 3, put(BAALS_SPACE_CODE, "a", "3"));
    assert_at(layer, 4, removal(BAALS_SPACE_CODE, "b"));
    bl_layer_unref(layer);
}

/* Goal: the layer holds its own copy of everything. */
static void test_layer_copies(void **state)
{
    (void)state;
    char key[] = "key";
    char value[] = "value";
    baals_write write = put(BAALS_SPACE_META, key, value);
    struct bl_layer *layer = layer_of(&write, 1);
    memset(key, 'x', 3);
    memset(value, 'x', 5);
    assert_at(layer, 0, put(BAALS_SPACE_META, "key", "value"));
    bl_layer_unref(layer);
}

/* Goal: a layer without changes is a layer, also when merged. */
static void test_layer_empty(void **state)
{
    (void)state;
    struct bl_layer *merged;
    struct bl_layer *empty = layer_of(NULL, 0);
    const baals_write one = put(BAALS_SPACE_META, "k", "v");
    struct bl_layer *layer = layer_of(&one, 1);
    assert_int_equal(bl_layer_count(empty), 0);
    assert_null(find(empty, BAALS_SPACE_META, "k"));
    assert_ok(bl_layer_merge(&merged, empty, empty, NULL));
    assert_int_equal(bl_layer_count(merged), 0);
    bl_layer_unref(merged);
    assert_ok(bl_layer_merge(&merged, empty, layer, NULL));
    assert_at(merged, 0, one);
    bl_layer_unref(merged);
    bl_layer_unref(layer);
    bl_layer_unref(empty);
    bl_layer_unref(NULL);
}

/* Goal: merging keeps the newer change of a key, removals too. */
static void test_layer_merge(void **state)
{
    (void)state;
    const baals_write older[] = {put(BAALS_SPACE_META, "a", "1"), put(BAALS_SPACE_META, "b", "1"),
                                 removal(BAALS_SPACE_META, "c"), put(BAALS_SPACE_META, "e", "1")};
    const baals_write newer[] = {removal(BAALS_SPACE_META, "b"), put(BAALS_SPACE_META, "c", "2"),
                                 put(BAALS_SPACE_META, "d", "2")};
    struct bl_layer *a = layer_of(older, 4);
    struct bl_layer *b = layer_of(newer, 3);
    struct bl_layer *merged;
    assert_ok(bl_layer_merge(&merged, a, b, NULL));
    bl_layer_unref(a);
    bl_layer_unref(b);
    assert_int_equal(bl_layer_count(merged), 5);
    assert_at(merged, 0, put(BAALS_SPACE_META, "a", "1"));
    assert_at(merged, 1, removal(BAALS_SPACE_META, "b"));
    assert_at(merged, 2, put(BAALS_SPACE_META, "c", "2"));
    assert_at(merged, 3, put(BAALS_SPACE_META, "d", "2"));
    assert_at(merged, 4, put(BAALS_SPACE_META, "e", "1"));
    bl_layer_unref(merged);
}

/* Goal: find gives every key that is there and none that is not, whatever the filter says. */
static void test_layer_find(void **state)
{
    (void)state;
    enum { COUNT = 3000 };
    static uint8_t keys[COUNT][20];
    static baals_write writes[COUNT];
    struct testlib_rng rng = testlib_rng(1);
    for (size_t i = 0; i < COUNT; i++) {
        testlib_rng_bytes(&rng, keys[i], sizeof(keys[i]));
        bl_store_u32be(keys[i], (uint32_t)i * 2);
        size_t len = 4 + (size_t)testlib_rng_below(&rng, 17);
        writes[i] = (baals_write){.space = BAALS_SPACE_NODES,
                                  .key = bl_slice(keys[i], len),
                                  .value = bl_slice(keys[i], 4)};
    }
    struct bl_layer *layer = layer_of(writes, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        baals_slice key = writes[i].key;
        uint64_t hash = bl_layer_hash(BAALS_SPACE_NODES, key);
        const baals_write *found = bl_layer_find(layer, hash, BAALS_SPACE_NODES, key);
        assert_non_null(found);
        assert_true(bl_slice_equal(found->value, bl_slice(keys[i], 4)));
        assert_int_equal(bl_layer_lower_bound(layer, BAALS_SPACE_NODES, key), i);
        uint8_t absent[20];
        memcpy(absent, keys[i], sizeof(absent));
        absent[3] = (uint8_t)(absent[3] | 1);
        key.data = absent;
        hash = bl_layer_hash(BAALS_SPACE_NODES, key);
        assert_null(bl_layer_find(layer, hash, BAALS_SPACE_NODES, key));
        assert_int_equal(bl_layer_lower_bound(layer, BAALS_SPACE_NODES, key), i + 1);
    }
    assert_int_equal(bl_layer_lower_bound(layer, BAALS_SPACE_META, bl_slice_str("x")), 0);
    assert_int_equal(bl_layer_lower_bound(layer, BAALS_SPACE_TXS, bl_slice_str("x")), COUNT);
    bl_layer_unref(layer);
}

/* Goal: the filter spares most searches: fewer than one in ten absent keys pass it. */
static void test_layer_filter(void **state)
{
    (void)state;
    enum { COUNT = 1024 };
    static uint8_t keys[COUNT][4];
    static baals_write writes[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        bl_store_u32be(keys[i], i);
        writes[i] = (baals_write){.space = BAALS_SPACE_META, .key = bl_slice(keys[i], 4)};
    }
    struct bl_layer *layer = layer_of(writes, COUNT);
    /* With the hash of an absent key, an empty filter slot answers NULL for a key that is there. */
    size_t passed = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        uint8_t absent[4];
        bl_store_u32be(absent, COUNT + i);
        uint64_t hash = bl_layer_hash(BAALS_SPACE_META, bl_slice(absent, 4));
        passed += bl_layer_find(layer, hash, BAALS_SPACE_META, bl_slice(keys[i], 4)) != NULL;
    }
    assert_true(passed < COUNT / 10);
    bl_layer_unref(layer);
}

/* Goal: every failing allocation is NOMEM without a leak. */
static void test_layer_nomem(void **state)
{
    (void)state;
    struct testlib_faulty_alloc faulty = {0};
    struct bl_alloc alloc = testlib_faulty_alloc(&faulty);
    const baals_write write = put(BAALS_SPACE_META, "k", "v");
    struct bl_layer *a;
    struct bl_layer *b;
    struct bl_layer *merged = NULL;
    assert_ok(bl_layer_new(&a, &alloc, &write, 1, NULL));
    uint64_t calls_new = faulty.calls;
    for (uint64_t i = 1; i <= calls_new; i++) {
        faulty.fail_at = faulty.calls + i;
        assert_status(bl_layer_new(&b, &alloc, &write, 1, NULL), BAALS_NOMEM);
    }
    faulty.fail_at = 0;
    int64_t live = faulty.live;
    uint64_t calls = faulty.calls;
    assert_ok(bl_layer_merge(&merged, a, a, NULL));
    uint64_t calls_merge = faulty.calls - calls;
    bl_layer_unref(merged);
    for (uint64_t i = 1; i <= calls_merge; i++) {
        faulty.fail_at = faulty.calls + i;
        assert_status(bl_layer_merge(&merged, a, a, NULL), BAALS_NOMEM);
        assert_int_equal(faulty.live, live);
    }
    faulty.fail_at = 0;
    bl_layer_unref(a);
    assert_int_equal(faulty.live, 0);
}

static void *count_refs(void *ctx)
{
    for (size_t i = 0; i < 2000; i++)
        bl_layer_unref(bl_layer_ref(ctx));
    bl_layer_unref(ctx);
    return NULL;
}

/* Goal: the layer lives until the last of several threads lets go of it. */
static void test_layer_refs(void **state)
{
    (void)state;
    struct testlib_faulty_alloc faulty = {0};
    struct bl_alloc alloc = testlib_faulty_alloc(&faulty);
    const baals_write write = put(BAALS_SPACE_META, "k", "v");
    struct bl_layer *layer;
    pthread_t threads[3];
    assert_ok(bl_layer_new(&layer, &alloc, &write, 1, NULL));
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_refs, bl_layer_ref(layer)), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(faulty.live, bl_layer_bytes(layer));
    bl_layer_unref(layer);
    assert_int_equal(faulty.live, 0);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layer_sorts_alike), cmocka_unit_test(test_layer_sorts),
        cmocka_unit_test(test_layer_copies),      cmocka_unit_test(test_layer_empty),
        cmocka_unit_test(test_layer_merge),       cmocka_unit_test(test_layer_find),
        cmocka_unit_test(test_layer_filter),      cmocka_unit_test(test_layer_nomem),
        cmocka_unit_test(test_layer_refs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
