/* SPDX-License-Identifier: MIT */
/* The record cache: what it answers is the state of the view it is bound to, or nothing. */
#include "state/record_cache.h"
#include "state_fixture.h"

#define CACHE_KEYS 600u

/* A key of an account, and records of several lengths: some fit a slot, some do not. */
static baals_slice cache_key(uint8_t out[32], size_t i)
{
    struct testlib_rng rng = testlib_rng(5000 + i);
    testlib_rng_bytes(&rng, out, 32);
    return bl_slice(out, 32);
}

/* A chain of flat records alone, with a model of its newest state; a record is `len` bytes, all of
 * them `value`. */
struct cache_record {
    bool present;
    uint8_t len;
    uint8_t value;
};
struct cache_chain {
    struct fixture f;
    struct bl_record_cache *cache;
    struct cache_record model[CACHE_KEYS];
};

static baals_slice cache_bytes(uint8_t out[64], const struct cache_record *record)
{
    memset(out, record->value, 64);
    return bl_slice(out, record->len);
}

static void cache_open(struct cache_chain *c, size_t bytes_max)
{
    struct bl_alloc alloc = bl_alloc_system();
    memset(c, 0, sizeof *c);
    fixture_open(&c->f, "memory");
    fixture_genesis(&c->f);
    assert_ok(bl_record_cache_new(&c->cache, &alloc, bytes_max, NULL));
}

static void cache_close(struct cache_chain *c)
{
    bl_record_cache_free(c->cache);
    fixture_close(&c->f);
}

/* Commits the changes; returns the new block's hash. */
static baals_hash cache_commit(struct cache_chain *c, const struct bl_write_set *set)
{
    (void)fixture_commit(&c->f, set);
    struct bl_view *view = fixture_view(&c->f);
    baals_hash hash = bl_view_tip(view)->hash;
    bl_view_end(view);
    return hash;
}

/* A write set that turns `count` random records of the model into others; sorted. */
static struct bl_write_set cache_changes(struct cache_chain *c,
                                         struct testlib_rng *rng,
                                         struct bl_arena *arena,
                                         struct cache_record next[CACHE_KEYS],
                                         size_t count)
{
    struct bl_overlay *overlay = NULL;
    struct bl_write_set set;
    struct bl_view *view = fixture_view(&c->f);
    memcpy(next, c->model, sizeof c->model);
    assert_ok(bl_overlay_new(&overlay, arena, view, NULL));
    for (size_t i = 0; i < count; i++) {
        uint8_t key[32];
        uint8_t bytes[64];
        size_t at = testlib_rng_below(rng, CACHE_KEYS);
        next[at] = (struct cache_record){.present = testlib_rng_below(rng, 4) != 0,
                                         .len = (uint8_t)testlib_rng_below(rng, 40),
                                         .value = (uint8_t)testlib_rng_below(rng, 256)};
        if (next[at].present)
            assert_ok(bl_overlay_put(overlay, BAALS_SPACE_ACCOUNTS, cache_key(key, at),
                                     cache_bytes(bytes, &next[at]), NULL));
        else
            assert_ok(bl_overlay_delete(overlay, BAALS_SPACE_ACCOUNTS, cache_key(key, at), NULL));
    }
    uint8_t name = (uint8_t)c->f.height;
    assert_ok(
        bl_overlay_put(overlay, BAALS_SPACE_META, bl_slice_str("n"), bl_slice(&name, 1), NULL));
    assert_ok(bl_overlay_write_set(overlay, &set, NULL));
    bl_view_end(view);
    return set;
}

/* Reads random accounts through an overlay with the cache and compares them with the model. */
static void cache_check_reads(struct cache_chain *c, struct testlib_rng *rng, size_t count)
{
    struct bl_overlay *overlay = NULL;
    struct bl_arena arena;
    struct bl_view *view = fixture_view(&c->f);
    bl_arena_init(&arena, bl_alloc_system(), SIZE_MAX / 2);
    assert_ok(bl_overlay_new(&overlay, &arena, view, NULL));
    bl_overlay_use_records(overlay, c->cache);
    for (size_t i = 0; i < count; i++) {
        uint8_t key[32];
        uint8_t bytes[64];
        baals_slice value;
        size_t at = testlib_rng_below(rng, CACHE_KEYS);
        baals_status status =
            bl_overlay_get(overlay, &value, BAALS_SPACE_ACCOUNTS, cache_key(key, at), NULL);
        assert_int_equal(status, c->model[at].present ? BAALS_OK : BAALS_NOTFOUND);
        if (c->model[at].present)
            assert_true(bl_slice_equal(value, cache_bytes(bytes, &c->model[at])));
    }
    bl_view_end(view);
    bl_arena_deinit(&arena);
}

/* One block: reads, then changes that are committed, or thrown away, or committed and not
 * told to the cache. */
static void cache_step(struct cache_chain *c, struct testlib_rng *rng)
{
    struct cache_record next[CACHE_KEYS];
    struct bl_arena arena;
    bl_arena_init(&arena, bl_alloc_system(), SIZE_MAX / 2);
    cache_check_reads(c, rng, 60);
    struct bl_write_set set = cache_changes(c, rng, &arena, next, 40);
    uint64_t what = testlib_rng_below(rng, 8);
    if (what > 0) {
        struct bl_view *view = fixture_view(&c->f);
        baals_hash hash = cache_commit(c, &set);
        memcpy(c->model, next, sizeof next);
        if (what > 2)
            bl_record_cache_advance(c->cache, view, &hash, &set);
        bl_view_end(view);
    }
    bl_arena_deinit(&arena);
}

/* Goal: over random blocks, of which some fail and some go past the cache, an overlay with the
 * cache reads what the state has, with a cache of every size. */
static void test_model(void **state)
{
    (void)state;
    static struct cache_chain c;
    static const size_t sizes[] = {0, 40000, 1u << 20};
    for (size_t i = 0; i < BL_COUNT_OF(sizes); i++) {
        struct testlib_rng rng = testlib_rng(50 + i);
        cache_open(&c, sizes[i]);
        for (size_t step = 0; step < 120; step++)
            cache_step(&c, &rng);
        cache_close(&c);
    }
}

/* Goal: a cache is of one state: no other view finds anything in it, and none with layers pushed on
 * it may bind it. */
static void test_bind(void **state)
{
    (void)state;
    static struct cache_chain c;
    uint8_t bytes[32];
    baals_slice key = cache_key(bytes, 1);
    baals_slice record = bl_slice_str("one");
    baals_slice found;
    cache_open(&c, 1u << 20);
    struct bl_view *old = fixture_view(&c.f);
    uint32_t hash = bl_hash_key_of(bl_view_hash_key(old), key);
    assert_true(bl_record_cache_bind(c.cache, old));
    assert_int_equal(bl_record_cache_get(c.cache, &found, hash, key), BL_RECORD_UNKNOWN);
    bl_record_cache_put(c.cache, hash, key, &record);
    assert_true(bl_record_cache_bind(c.cache, old));
    assert_int_equal(bl_record_cache_get(c.cache, &found, hash, key), BL_RECORD_PRESENT);
    assert_true(bl_slice_equal(found, record));
    bl_record_cache_put(c.cache, hash, key, NULL);
    assert_int_equal(bl_record_cache_get(c.cache, &found, hash, key), BL_RECORD_ABSENT);

    struct bl_write_set none = {NULL, 0};
    baals_hash block = cache_commit(&c, &none);
    struct bl_view *new = fixture_view(&c.f);
    assert_true(bl_record_cache_bind(c.cache, new));
    assert_int_equal(bl_record_cache_get(c.cache, &found, hash, key), BL_RECORD_UNKNOWN);
    bl_record_cache_put(c.cache, hash, key, &record);

    struct bl_layer *layer = NULL;
    assert_ok(bl_layer_new(&layer, &c.f.env->alloc, NULL, 0, NULL));
    assert_ok(bl_view_push(old, layer, NULL));
    bl_layer_unref(layer);
    assert_false(bl_record_cache_bind(c.cache, old));
    assert_int_equal(bl_record_cache_get(c.cache, &found, hash, key), BL_RECORD_PRESENT);
    /* A block on another state than the cache's: whose records they were is not known any more. */
    bl_record_cache_advance(c.cache, old, &block, &none);
    assert_true(bl_record_cache_bind(c.cache, new));
    assert_int_equal(bl_record_cache_get(c.cache, &found, hash, key), BL_RECORD_UNKNOWN);
    bl_view_end(old);
    bl_view_end(new);
    cache_close(&c);
}

/* Goal: a cache that gets no memory knows little, and is not wrong. */
static void test_no_memory(void **state)
{
    (void)state;
    static struct cache_chain c;
    for (uint64_t k = 1; k < 8; k++) {
        struct testlib_faulty_alloc faulty = {.fail_at = k, .repeat = 1};
        struct bl_alloc alloc = testlib_faulty_alloc(&faulty);
        struct bl_record_cache *cache = NULL;
        cache_open(&c, 0);
        struct bl_view *view = fixture_view(&c.f);
        baals_status status = bl_record_cache_new(&cache, &alloc, 1u << 20, NULL);
        assert_int_equal(status, k == 1 ? BAALS_NOMEM : BAALS_OK);
        size_t known = 0;
        for (size_t i = 0; cache != NULL && i < CACHE_KEYS; i++) {
            uint8_t bytes[32];
            uint8_t value = (uint8_t)i;
            baals_slice key = cache_key(bytes, i);
            baals_slice record = bl_slice(&value, 1);
            baals_slice found;
            uint32_t hash = bl_hash_key_of(bl_view_hash_key(view), key);
            assert_true(bl_record_cache_bind(cache, view));
            bl_record_cache_put(cache, hash, key, &record);
            if (bl_record_cache_get(cache, &found, hash, key) != BL_RECORD_PRESENT)
                continue;
            assert_true(bl_slice_equal(found, record));
            known++;
        }
        assert_true(cache == NULL || known > CACHE_KEYS / 2);
        bl_view_end(view);
        bl_record_cache_free(cache);
        assert_int_equal(faulty.live, 0);
        cache_close(&c);
    }
}

/* Goal: a cache uses the memory it may have, a power of two of slots, and no more. */
static void test_size(void **state)
{
    (void)state;
    static struct cache_chain c;
    for (size_t kib = 32; kib <= 64; kib *= 2) {
        struct testlib_faulty_alloc faulty = {0};
        struct bl_alloc alloc = testlib_faulty_alloc(&faulty);
        struct bl_record_cache *cache = NULL;
        cache_open(&c, 0);
        struct bl_view *view = fixture_view(&c.f);
        assert_ok(bl_record_cache_new(&cache, &alloc, kib * 1024, NULL));
        assert_true(faulty.live < 1024); /* nothing before it is used */
        assert_true(bl_record_cache_bind(cache, view));
        size_t known = 0;
        for (size_t round = 0; round < 2; round++) {
            known = 0;
            for (size_t i = 0; i < 8 * kib; i++) { /* half of the slots */
                uint8_t bytes[32];
                baals_slice found;
                baals_slice key = cache_key(bytes, i);
                uint32_t hash = bl_hash_key_of(bl_view_hash_key(view), key);
                known += bl_record_cache_get(cache, &found, hash, key) != BL_RECORD_UNKNOWN;
                bl_record_cache_put(cache, hash, key, NULL);
            }
        }
        assert_true(known > 8 * kib * 9 / 10);
        assert_true((size_t)faulty.live >= kib * 1024);
        assert_true((size_t)faulty.live < kib * 1024 + 1024);
        bl_view_end(view);
        bl_record_cache_free(cache);
        cache_close(&c);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_bind),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
