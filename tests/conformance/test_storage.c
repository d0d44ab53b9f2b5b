/* SPDX-License-Identifier: MIT */
/*
 * What every storage backend must do (baals/ext/storage.h), asked of each of them, bare and wrapped
 * by a fault backend that never fails. The judge is a model so simple that it needs none: a table
 * of keys with a number for each value, searched from end to end.
 */
#include "testlib.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "storage/storage_internal.h"

#define MODEL_KEYS 240
#define MODEL_SNAPSHOTS 4

struct config {
    const char *backend;
    bool wrapped;
};

struct fixture {
    const struct config *config;
    struct bl_env *env;
    baals_storage *storage;
    struct bl_storage_fault_plan plan;
    char dir[512];
    char kv[600];
};

static void fixture_open(struct fixture *f)
{
    assert_ok(bl_storage_open(&f->storage, f->env, f->config->backend, f->kv, NULL));
    if (f->config->wrapped)
        assert_ok(bl_storage_fault_wrap(&f->storage, f->env, f->storage, &f->plan, NULL));
}

static struct fixture *fixture_begin(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    memset(f, 0, sizeof(*f));
    f->config = *state;
    f->plan.ops = BL_STORAGE_OP_ALL;
    assert_ok(bl_env_system(&f->env, bl_alloc_system(), NULL));
    testlib_temp_dir(f->dir, sizeof(f->dir), "conformance");
    assert_ok(bl_path_join(f->kv, sizeof(f->kv), f->dir, "kv", NULL));
    fixture_open(f);
    return f;
}

static void fixture_end(struct fixture *f)
{
    bl_storage_close(f->storage);
    bl_env_close(f->env);
    testlib_remove_tree(f->dir);
}

static bool fixture_durable(const struct fixture *f)
{
    return strcmp(f->config->backend, "memory") != 0;
}

static void fixture_put(struct fixture *f, baals_space space, baals_slice key, baals_slice value)
{
    baals_write write = {.space = space, .key = key, .value = value};
    assert_ok(bl_storage_apply(f->storage, f->env, &write, 1, NULL));
}

/* ---- the model ---- */

struct model_key {
    baals_space space;
    size_t len;
    uint8_t bytes[BL_KV_KEY_MAX];
};

/* Value number 0: absent. Value n is n bytes long at most and made from n. */
struct model {
    uint32_t values[MODEL_KEYS];
};

static size_t model_value(uint8_t out[4096], uint32_t number)
{
    struct testlib_rng rng = {.state = number};
    size_t len = number % 7 == 0 ? number % 3000 : number % 40;
    testlib_rng_bytes(&rng, out, len);
    return len;
}

/* Distinct keys that are often prefixes or neighbours of one another. */
static void model_keys(struct model_key *keys, struct testlib_rng *rng)
{
    static const uint8_t alphabet[] = {0x00, 0x01, 'a', 0x7f, 0x80, 0xff};
    for (size_t i = 0; i < MODEL_KEYS;) {
        struct model_key *key = &keys[i];
        bool known = false;
        memset(key, 0, sizeof(*key));
        key->space = (baals_space)(testlib_rng_below(rng, 3) * 4);
        key->len = 1 + (size_t)testlib_rng_below(rng, testlib_rng_below(rng, 20) == 0 ? 511 : 5);
        for (size_t j = 0; j < key->len; j++)
            key->bytes[j] = alphabet[testlib_rng_below(rng, sizeof(alphabet))];
        for (size_t j = 0; j < i && !known; j++)
            known = memcmp(&keys[j], key, sizeof(*key)) == 0;
        i += known ? 0 : 1;
    }
}

static baals_slice model_key_slice(const struct model_key *key)
{
    return bl_slice(key->bytes, key->len);
}

/* The index of what a seek has to find, or -1. */
static int model_seek(const struct model *model,
                      const struct model_key *keys,
                      baals_space space,
                      baals_slice key,
                      uint32_t flags)
{
    bool descending = (flags & BAALS_SEEK_DESCENDING) != 0;
    int best = -1;
    for (int i = 0; i < MODEL_KEYS; i++) {
        baals_slice candidate = model_key_slice(&keys[i]);
        int order = key.len == 0 ? (descending ? -1 : 1) : bl_slice_compare(candidate, key);
        if (model->values[i] == 0 || keys[i].space != space)
            continue;
        if (order == 0 ? (flags & BAALS_SEEK_EXCLUSIVE) != 0 : (order > 0) == descending)
            continue;
        int against = best < 0 ? 0 : bl_slice_compare(candidate, model_key_slice(&keys[best]));
        if (best < 0 || (descending ? against > 0 : against < 0))
            best = i;
    }
    return best;
}

static void assert_value(baals_slice value, uint32_t number)
{
    uint8_t expected[4096];
    size_t len = model_value(expected, number);
    assert_true(bl_slice_equal(value, bl_slice(expected, len)));
}

static void model_check_get(struct fixture *f,
                            baals_snapshot *snapshot,
                            const struct model *model,
                            const struct model_key *keys,
                            size_t i)
{
    baals_slice value = {NULL, 77};
    baals_status status = bl_storage_get(f->storage, &value, snapshot, keys[i].space,
                                         model_key_slice(&keys[i]), NULL);
    if (model->values[i] == 0) {
        assert_status(status, BAALS_NOTFOUND);
        assert_int_equal(value.len, 77);
    } else {
        assert_ok(status);
        assert_value(value, model->values[i]);
    }
}

static void model_check_seek(struct fixture *f,
                             baals_snapshot *snapshot,
                             const struct model *model,
                             const struct model_key *keys,
                             struct testlib_rng *rng)
{
    const struct model_key *start = &keys[testlib_rng_below(rng, MODEL_KEYS)];
    baals_slice key = model_key_slice(start);
    uint32_t flags = (uint32_t)testlib_rng_below(rng, 4);
    if (testlib_rng_below(rng, 4) == 0)
        key.len = (size_t)testlib_rng_below(rng, key.len);
    if (key.len == 0)
        key.data = NULL;
    int expected = model_seek(model, keys, start->space, key, flags);
    baals_slice found;
    baals_slice value;
    baals_status status =
        bl_storage_seek(f->storage, &found, &value, snapshot, start->space, key, flags, NULL);
    if (expected < 0) {
        assert_status(status, BAALS_NOTFOUND);
        return;
    }
    assert_ok(status);
    assert_true(bl_slice_equal(found, model_key_slice(&keys[expected])));
    assert_value(value, model->values[expected]);
}

/* A random batch, applied to the storage and to the model. */
static void model_apply(struct fixture *f,
                        struct model *model,
                        const struct model_key *keys,
                        struct testlib_rng *rng)
{
    enum { WRITES_MAX = 40 };
    static uint8_t values[WRITES_MAX][4096];
    baals_write writes[WRITES_MAX];
    size_t count = 1 + (size_t)testlib_rng_below(rng, WRITES_MAX);
    for (size_t i = 0; i < count; i++) {
        size_t index = (size_t)testlib_rng_below(rng, MODEL_KEYS);
        uint32_t number = 1 + (uint32_t)testlib_rng_below(rng, 1u << 30);
        bool is_delete = testlib_rng_below(rng, 3) == 0;
        writes[i] = (baals_write){.space = keys[index].space,
                                  .is_delete = is_delete,
                                  .key = model_key_slice(&keys[index])};
        if (!is_delete)
            writes[i].value = bl_slice(values[i], model_value(values[i], number));
        model->values[index] = is_delete ? 0 : number;
    }
    assert_ok(bl_storage_apply(f->storage, f->env, writes, count, NULL));
}

static void model_check_stats(struct fixture *f, const struct model *model)
{
    baals_storage_stats stats;
    uint64_t present = 0;
    for (size_t i = 0; i < MODEL_KEYS; i++)
        present += model->values[i] != 0;
    assert_ok(bl_storage_stats(f->storage, &stats, NULL));
    assert_int_equal(stats.entries, present);
    assert_true((stats.disk_bytes > 0) == fixture_durable(f));
}

struct pinned {
    baals_snapshot *snapshot;
    struct model model;
};

static void pinned_end(struct fixture *f, struct pinned *pinned)
{
    if (pinned->snapshot != NULL)
        bl_storage_snapshot_end(f->storage, pinned->snapshot);
    pinned->snapshot = NULL;
}

/* Goal: on random batches every get and seek, in every open snapshot, answers as the model of its
 * moment does; a durable backend still does after reopening. */
static void test_storage_model(void **state)
{
    struct fixture *f = fixture_begin(state);
    struct testlib_rng rng = testlib_rng(1);
    static struct model_key keys[MODEL_KEYS];
    static struct pinned pins[MODEL_SNAPSHOTS];
    struct model model = {{0}};
    model_keys(keys, &rng);
    for (size_t round = 0; round < 150; round++) {
        model_apply(f, &model, keys, &rng);
        struct pinned *pin = &pins[testlib_rng_below(&rng, MODEL_SNAPSHOTS)];
        pinned_end(f, pin);
        assert_ok(bl_storage_snapshot_begin(f->storage, &pin->snapshot, NULL));
        pin->model = model;
        for (size_t i = 0; i < MODEL_SNAPSHOTS; i++) {
            for (size_t j = 0; pins[i].snapshot != NULL && j < 12; j++) {
                size_t key = (size_t)testlib_rng_below(&rng, MODEL_KEYS);
                model_check_get(f, pins[i].snapshot, &pins[i].model, keys, key);
                model_check_seek(f, pins[i].snapshot, &pins[i].model, keys, &rng);
            }
        }
        model_check_stats(f, &model);
        if (round % 50 == 49) {
            for (size_t i = 0; i < MODEL_SNAPSHOTS; i++)
                pinned_end(f, &pins[i]);
            assert_ok(bl_storage_sync(f->storage, NULL));
            if (fixture_durable(f)) {
                bl_storage_close(f->storage);
                fixture_open(f);
            }
        }
    }
    fixture_end(f);
}

/* Goal: a walk in each direction gives every key of a space once, in the order of the other. */
static void test_storage_walk(void **state)
{
    struct fixture *f = fixture_begin(state);
    baals_snapshot *snapshot;
    baals_write writes[500];
    static uint8_t names[500][2];
    for (size_t i = 0; i < 500; i++) {
        bl_store_u16be(names[i], (uint16_t)(i * 131));
        writes[i] = (baals_write){.space = i % 2 == 0 ? BAALS_SPACE_NODES : BAALS_SPACE_PREIMAGES,
                                  .key = bl_slice(names[i], 2)};
    }
    assert_ok(bl_storage_apply(f->storage, f->env, writes, 500, NULL));
    assert_ok(bl_storage_snapshot_begin(f->storage, &snapshot, NULL));
    for (uint32_t direction = 0; direction <= BAALS_SEEK_DESCENDING;
         direction += BAALS_SEEK_DESCENDING) {
        baals_slice key = {NULL, 0};
        baals_slice value;
        size_t count = 0;
        while (bl_storage_seek(f->storage, &key, &value, snapshot, BAALS_SPACE_NODES, key,
                               direction | BAALS_SEEK_EXCLUSIVE, NULL) == BAALS_OK) {
            size_t place = direction == 0 ? count : 249 - count;
            assert_int_equal(bl_load_u16be(key.data), place * 262);
            count++;
        }
        assert_int_equal(count, 250);
    }
    bl_storage_snapshot_end(f->storage, snapshot);
    fixture_end(f);
}

/* Goal: the shortest and longest keys and values come back whole. */
static void test_storage_sizes(void **state)
{
    static const size_t value_lens[] = {0, 1, 1024, 1025, 4096, BL_KV_VALUE_MAX};
    static const size_t key_lens[] = {1, 2, BL_KV_KEY_MAX - 1, BL_KV_KEY_MAX};
    struct fixture *f = fixture_begin(state);
    struct testlib_rng rng = testlib_rng(2);
    uint8_t key[BL_KV_KEY_MAX];
    uint8_t *value = malloc(BL_KV_VALUE_MAX);
    assert_non_null(value);
    testlib_rng_bytes(&rng, value, BL_KV_VALUE_MAX);
    testlib_rng_bytes(&rng, key, sizeof(key));
    for (size_t i = 0; i < BL_COUNT_OF(key_lens); i++) {
        for (size_t j = 0; j < BL_COUNT_OF(value_lens); j++) {
            baals_snapshot *snapshot;
            baals_slice name = bl_slice(key, key_lens[i]);
            baals_slice found;
            baals_slice got;
            fixture_put(f, BAALS_SPACE_MODULES, name, bl_slice(value, value_lens[j]));
            assert_ok(bl_storage_snapshot_begin(f->storage, &snapshot, NULL));
            assert_ok(bl_storage_get(f->storage, &got, snapshot, BAALS_SPACE_MODULES, name, NULL));
            assert_true(bl_slice_equal(got, bl_slice(value, value_lens[j])));
            assert_ok(bl_storage_seek(f->storage, &found, &got, snapshot, BAALS_SPACE_MODULES, name,
                                      0, NULL));
            assert_true(bl_slice_equal(found, name));
            assert_int_equal(got.len, value_lens[j]);
            bl_storage_snapshot_end(f->storage, snapshot);
        }
    }
    free(value);
    fixture_end(f);
}

/* Goal: the spaces are maps of their own: one key in all of them, removed from one. */
static void test_storage_spaces(void **state)
{
    struct fixture *f = fixture_begin(state);
    baals_snapshot *snapshot;
    baals_slice value;
    baals_slice key = bl_slice_str("k");
    uint8_t numbers[BAALS_SPACE_COUNT];
    for (uint8_t i = 0; i < BAALS_SPACE_COUNT; i++) {
        numbers[i] = i;
        fixture_put(f, (baals_space)i, key, bl_slice(&numbers[i], 1));
    }
    baals_write gone = {.space = BAALS_SPACE_CODE, .is_delete = 1, .key = key};
    assert_ok(bl_storage_apply(f->storage, f->env, &gone, 1, NULL));
    assert_ok(bl_storage_snapshot_begin(f->storage, &snapshot, NULL));
    for (uint8_t i = 0; i < BAALS_SPACE_COUNT; i++) {
        baals_slice found;
        baals_status expected = i == BAALS_SPACE_CODE ? BAALS_NOTFOUND : BAALS_OK;
        assert_status(bl_storage_get(f->storage, &value, snapshot, (baals_space)i, key, NULL),
                      expected);
        if (expected == BAALS_OK)
            assert_int_equal(value.data[0], i);
        for (uint32_t flags = 0; flags <= BAALS_SEEK_DESCENDING; flags += BAALS_SEEK_DESCENDING)
            assert_status(bl_storage_seek(f->storage, &found, &value, snapshot, (baals_space)i,
                                          (baals_slice){NULL, 0}, flags, NULL),
                          expected);
    }
    bl_storage_snapshot_end(f->storage, snapshot);
    fixture_end(f);
}

/* Goal: the writes of a batch count in their order, and removing what is not there is no error. */
static void test_storage_batch_order(void **state)
{
    struct fixture *f = fixture_begin(state);
    baals_snapshot *snapshot;
    baals_slice value;
    baals_slice a = bl_slice_str("a");
    baals_slice b = bl_slice_str("b");
    baals_write writes[] = {
        {.space = BAALS_SPACE_META, .is_delete = 1, .key = a},
        {.space = BAALS_SPACE_META, .key = a, .value = bl_slice_str("1")},
        {.space = BAALS_SPACE_META, .is_delete = 1, .key = a},
        {.space = BAALS_SPACE_META, .key = a, .value = bl_slice_str("2")},
        {.space = BAALS_SPACE_META, .key = b, .value = bl_slice_str("3")},
        {.space = BAALS_SPACE_META, .is_delete = 1, .key = b},
    };
    assert_ok(bl_storage_apply(f->storage, f->env, writes, BL_COUNT_OF(writes), NULL));
    assert_ok(bl_storage_snapshot_begin(f->storage, &snapshot, NULL));
    assert_ok(bl_storage_get(f->storage, &value, snapshot, BAALS_SPACE_META, a, NULL));
    assert_true(bl_slice_equal(value, bl_slice_str("2")));
    assert_status(bl_storage_get(f->storage, &value, snapshot, BAALS_SPACE_META, b, NULL),
                  BAALS_NOTFOUND);
    bl_storage_snapshot_end(f->storage, snapshot);
    fixture_end(f);
}

/* ---- threads ---- */

enum { THREAD_KEYS = 16, THREAD_BATCHES = 60, THREAD_READERS = 3 };

struct reader {
    struct fixture *f;
    atomic_bool *done;
    bool torn;
    uint64_t reads;
};

/* All keys of one snapshot must tell the same batch. */
static void *reader_run(void *ctx)
{
    struct reader *reader = ctx;
    struct fixture *f = reader->f;
    do {
        baals_snapshot *snapshot;
        uint32_t first = 0;
        if (bl_storage_snapshot_begin(f->storage, &snapshot, NULL) != BAALS_OK)
            abort();
        for (uint8_t i = 0; i < THREAD_KEYS; i++) {
            baals_slice value;
            baals_status status = bl_storage_get(f->storage, &value, snapshot, BAALS_SPACE_META,
                                                 bl_slice(&i, 1), NULL);
            uint32_t number = status == BAALS_OK ? bl_load_u32be(value.data) : 0;
            if (i == 0)
                first = number;
            reader->torn |= number != first;
        }
        reader->reads++;
        bl_storage_snapshot_end(f->storage, snapshot);
    } while (!atomic_load(reader->done));
    return NULL;
}

/* Goal: readers beside the writer see each batch whole or not at all. */
static void test_storage_threads(void **state)
{
    struct fixture *f = fixture_begin(state);
    atomic_bool done = false;
    struct reader readers[THREAD_READERS];
    pthread_t threads[THREAD_READERS];
    for (size_t i = 0; i < THREAD_READERS; i++) {
        readers[i] = (struct reader){.f = f, .done = &done};
        assert_int_equal(pthread_create(&threads[i], NULL, reader_run, &readers[i]), 0);
    }
    for (uint32_t batch = 1; batch <= THREAD_BATCHES; batch++) {
        baals_write writes[THREAD_KEYS];
        uint8_t keys[THREAD_KEYS];
        uint8_t value[4];
        bl_store_u32be(value, batch);
        for (uint8_t i = 0; i < THREAD_KEYS; i++) {
            keys[i] = i;
            writes[i] = (baals_write){.space = BAALS_SPACE_META,
                                      .key = bl_slice(&keys[i], 1),
                                      .value = bl_slice(value, 4)};
        }
        assert_ok(bl_storage_apply(f->storage, f->env, writes, THREAD_KEYS, NULL));
    }
    atomic_store(&done, true);
    for (size_t i = 0; i < THREAD_READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(readers[i].torn);
        assert_true(readers[i].reads > 0);
    }
    fixture_end(f);
}

int main(int argc, char **argv)
{
    static struct config configs[] = {
        {"memory", false},  {"memory", true},  {"lmdb", false}, {"lmdb", true},
#ifdef BAALS_HAVE_ROCKSDB
        {"rocksdb", false}, {"rocksdb", true},
#endif
    };
    static const struct CMUnitTest suite[] = {
        cmocka_unit_test(test_storage_model),       cmocka_unit_test(test_storage_walk),
        cmocka_unit_test(test_storage_sizes),       cmocka_unit_test(test_storage_spaces),
        cmocka_unit_test(test_storage_batch_order), cmocka_unit_test(test_storage_threads),
    };
    static char names[BL_COUNT_OF(configs) * BL_COUNT_OF(suite)][80];
    struct CMUnitTest tests[BL_COUNT_OF(configs) * BL_COUNT_OF(suite)];
    size_t count = 0;
    testlib_init(argc, argv);
    for (size_t i = 0; i < BL_COUNT_OF(configs); i++) {
        for (size_t j = 0; j < BL_COUNT_OF(suite); j++) {
            tests[count] = suite[j];
            (void)snprintf(names[count], sizeof(names[count]), "%s%s: %s", configs[i].backend,
                           configs[i].wrapped ? " in fault" : "", suite[j].name);
            tests[count].name = names[count];
            tests[count].initial_state = &configs[i];
            count++;
        }
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
