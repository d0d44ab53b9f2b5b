/* SPDX-License-Identifier: MIT */
/* The store: layers over the kv, checkpoints beside readers, reopening. */
#include "testlib.h"

#include <pthread.h>
#include <string.h>

#include "storage/storage_internal.h"

struct fixture {
    struct bl_env *env;
    baals_storage *storage; /* the store's, for looking below it */
    struct bl_store *store;
    struct bl_storage_fault_plan plan;
    baals_hash chain;
    char dir[512];
    char kv[600];
    size_t value_len; /* of the threads' values */
};

static baals_storage *fixture_storage(struct fixture *f, const char *backend)
{
    baals_storage *inner;
    baals_storage *outer;
    assert_ok(bl_storage_open(&inner, f->env, backend, f->kv, NULL));
    assert_ok(bl_storage_fault_wrap(&outer, f->env, inner, &f->plan, NULL));
    return outer;
}

static void fixture_open(struct fixture *f, const char *backend)
{
    f->storage = fixture_storage(f, backend);
    assert_ok(bl_store_open(&f->store, f->env, f->storage, &f->chain, NULL));
}

static struct fixture *fixture_begin(const char *backend)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    memset(f, 0, sizeof(*f));
    assert_ok(bl_env_system(&f->env, bl_alloc_system(), NULL));
    testlib_temp_dir(f->dir, sizeof(f->dir), "store");
    assert_ok(bl_path_join(f->kv, sizeof(f->kv), f->dir, "kv", NULL));
    f->plan = (struct bl_storage_fault_plan){.ops = BL_STORAGE_OP_ALL, .status = BAALS_IO};
    memset(f->chain.bytes, 7, sizeof(f->chain.bytes));
    fixture_open(f, backend);
    return f;
}

static void fixture_end(struct fixture *f)
{
    bl_store_close(f->store);
    bl_env_close(f->env);
    testlib_remove_tree(f->dir);
}

static baals_write write_put(baals_space space, const char *key, const char *value)
{
    return (baals_write){.space = space, .key = bl_slice_str(key), .value = bl_slice_str(value)};
}

static baals_write write_delete(baals_space space, const char *key)
{
    return (baals_write){.space = space, .is_delete = 1, .key = bl_slice_str(key)};
}

static struct bl_tip tip_at(uint64_t height)
{
    struct bl_tip tip = {.height = height, .journal_end = height * 4096};
    memset(tip.hash.bytes, (int)(height & 0xff), sizeof(tip.hash.bytes));
    return tip;
}

static void push(struct fixture *f, uint64_t height, const baals_write *writes, size_t count)
{
    struct bl_layer *layer;
    struct bl_tip tip = tip_at(height);
    assert_ok(bl_layer_new(&layer, &f->env->alloc, writes, count, NULL));
    assert_ok(bl_store_push(f->store, layer, &tip, NULL));
    bl_layer_unref(layer);
}

static void assert_get(struct bl_view *view, const char *key, const char *expected)
{
    baals_slice value;
    baals_status status = bl_view_get(view, &value, BAALS_SPACE_ACCOUNTS, bl_slice_str(key), NULL);
    if (expected == NULL) {
        assert_status(status, BAALS_NOTFOUND);
        return;
    }
    assert_ok(status);
    assert_true(bl_slice_equal(value, bl_slice_str(expected)));
}

static void assert_store_get(struct fixture *f, const char *key, const char *expected)
{
    struct bl_view *view;
    assert_ok(bl_view_begin(&view, f->store, NULL));
    assert_get(view, key, expected);
    bl_view_end(view);
}

/* Goal: an empty store has no tip, neither of the kv nor for readers. */
static void test_store_empty(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("memory");
    struct bl_tip tip;
    struct bl_view *view;
    assert_status(bl_store_tip(f->store, &tip), BAALS_NOTFOUND);
    assert_status(bl_store_checkpoint_tip(f->store, &tip), BAALS_NOTFOUND);
    assert_ok(bl_store_checkpoint(f->store, NULL));
    assert_status(bl_store_checkpoint_tip(f->store, &tip), BAALS_NOTFOUND);
    assert_ok(bl_view_begin(&view, f->store, NULL));
    assert_int_equal(bl_view_tip(view)->height, 0);
    assert_true(bl_bytes_all_zero(bl_view_tip(view)->hash.bytes, 32));
    bl_view_end(view);
    fixture_end(f);
}

/* Goal: the newest layer wins, a removal hides, and a view keeps its height. */
static void test_store_push(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("memory");
    struct bl_view *first;
    struct bl_tip tip;
    baals_write one[] = {write_put(BAALS_SPACE_ACCOUNTS, "a", "1"),
                         write_put(BAALS_SPACE_ACCOUNTS, "b", "1")};
    baals_write two[] = {write_put(BAALS_SPACE_ACCOUNTS, "a", "2"),
                         write_delete(BAALS_SPACE_ACCOUNTS, "b")};
    push(f, 1, one, 2);
    assert_ok(bl_view_begin(&first, f->store, NULL));
    push(f, 2, two, 2);
    assert_int_equal(bl_view_tip(first)->height, 1);
    assert_get(first, "a", "1");
    assert_get(first, "b", "1");
    bl_view_end(first);
    assert_store_get(f, "a", "2");
    assert_store_get(f, "b", NULL);
    assert_ok(bl_store_tip(f->store, &tip));
    assert_int_equal(tip.height, 2);
    assert_int_equal(tip.journal_end, 8192);
    fixture_end(f);
}

/* Goal: several layers pushed together show as one height, the last one on top, and reach the kv
 * with that tip. */
static void test_store_push_all(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("memory");
    struct bl_layer *layers[3];
    struct bl_tip tip = tip_at(9);
    const char *values[] = {"undone", "7", "8"};
    for (size_t i = 0; i < 3; i++) {
        baals_write write = write_put(BAALS_SPACE_ACCOUNTS, "a", values[i]);
        assert_ok(bl_layer_new(&layers[i], &f->env->alloc, &write, 1, NULL));
    }
    assert_ok(bl_store_push_all(f->store, layers, 3, &tip, NULL));
    for (size_t i = 0; i < 3; i++)
        bl_layer_unref(layers[i]);
    assert_store_get(f, "a", "8");
    assert_ok(bl_store_checkpoint(f->store, NULL));
    assert_ok(bl_store_checkpoint_tip(f->store, &tip));
    assert_int_equal(tip.height, 9);
    assert_store_get(f, "a", "8");
    fixture_end(f);
}

/* Goal: a checkpoint moves all layers into the kv with their tip, and a view begun before it reads
 * on at its height. */
static void test_store_checkpoint(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("memory");
    struct bl_view *before;
    struct bl_tip tip;
    baals_write one[] = {write_put(BAALS_SPACE_ACCOUNTS, "a", "1"),
                         write_put(BAALS_SPACE_ACCOUNTS, "b", "1")};
    baals_write two[] = {write_put(BAALS_SPACE_ACCOUNTS, "a", "2"),
                         write_delete(BAALS_SPACE_ACCOUNTS, "b")};
    push(f, 1, one, 2);
    assert_ok(bl_view_begin(&before, f->store, NULL));
    push(f, 2, two, 2);
    assert_true(bl_store_layer_bytes(f->store) > 0);
    assert_ok(bl_store_checkpoint(f->store, NULL));
    assert_int_equal(bl_store_layer_bytes(f->store), 0);
    assert_ok(bl_store_checkpoint_tip(f->store, &tip));
    assert_int_equal(tip.height, 2);
    assert_get(before, "a", "1");
    assert_get(before, "b", "1");
    bl_view_end(before);
    assert_store_get(f, "a", "2");
    assert_store_get(f, "b", NULL);
    baals_storage_stats stats;
    assert_ok(bl_store_stats(f->store, &stats, NULL));
    assert_int_equal(stats.entries, 2); /* "a" and the record */
    fixture_end(f);
}

static void fixture_reopen(struct fixture *f, const char *backend)
{
    bl_store_close(f->store);
    fixture_open(f, backend);
}

/* Goal: after reopening, the checkpoint is there with its tip; layers not in it are gone. */
static void test_store_reopen(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("lmdb");
    struct bl_tip tip;
    struct bl_tip expected = tip_at(5);
    baals_write one = write_put(BAALS_SPACE_ACCOUNTS, "a", "1");
    baals_write two = write_put(BAALS_SPACE_ACCOUNTS, "a", "2");
    push(f, 5, &one, 1);
    assert_ok(bl_store_checkpoint(f->store, NULL));
    push(f, 6, &two, 1);
    assert_store_get(f, "a", "2");
    fixture_reopen(f, "lmdb");
    assert_store_get(f, "a", "1");
    assert_ok(bl_store_tip(f->store, &tip));
    assert_int_equal(tip.height, expected.height);
    assert_int_equal(tip.journal_end, expected.journal_end);
    assert_true(bl_hash_equal(&tip.hash, &expected.hash));
    assert_ok(bl_store_checkpoint_tip(f->store, &tip));
    assert_int_equal(tip.height, 5);
    fixture_end(f);
}

/* Opens the store once more below the first one, as another chain's would be. */
static baals_status open_status(struct fixture *f, const baals_hash *chain)
{
    struct bl_store *store = NULL;
    struct bl_store *own = f->store;
    baals_status status = bl_store_open(&store, f->env, f->storage, chain, NULL);
    assert_true((store != NULL) == (status == BAALS_OK));
    assert_ptr_equal(f->store, own);
    return status;
}

/* Goal: a store of another chain is CORRUPT_FOREIGN, and so is a later format. */
static void test_store_foreign(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("memory");
    baals_hash other = f->chain;
    other.bytes[31] ^= 1;
    push(f, 1, NULL, 0);
    assert_ok(bl_store_checkpoint(f->store, NULL));
    assert_status(open_status(f, &other), BAALS_CORRUPT_FOREIGN);
    uint8_t record[84] = {0, 0, 0, 2};
    baals_write write = write_put(BAALS_SPACE_CHECKPOINT, "tip", "");
    write.value = bl_slice(record, sizeof(record));
    assert_ok(bl_storage_apply(f->storage, f->env, &write, 1, NULL));
    assert_status(open_status(f, &f->chain), BAALS_CORRUPT_FOREIGN);
    fixture_end(f);
}

/* Goal: a checkpoint record that is cut, grown, damaged or missing is CORRUPT_STORE. */
static void test_store_record_damaged(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("memory");
    uint8_t record[85] = {0, 0, 0, 1};
    baals_write write = write_put(BAALS_SPACE_CHECKPOINT, "tip", "");
    static const size_t lens[] = {0, 3, 4, 83, 85};
    for (size_t i = 0; i < BL_COUNT_OF(lens); i++) {
        write.value = bl_slice(record, lens[i]);
        assert_ok(bl_storage_apply(f->storage, f->env, &write, 1, NULL));
        assert_status(open_status(f, &f->chain), BAALS_CORRUPT_STORE);
    }
    /* Below the wrappers: no checksum. */
    write.value = bl_slice(record, 84);
    assert_ok(f->storage->ops->apply(f->storage, &write, 1, NULL));
    assert_status(open_status(f, &f->chain), BAALS_CORRUPT_STORE);
    baals_write gone[] = {write_delete(BAALS_SPACE_CHECKPOINT, "tip"),
                          write_put(BAALS_SPACE_META, "a", "1")};
    assert_ok(bl_storage_apply(f->storage, f->env, gone, 2, NULL));
    assert_status(open_status(f, &f->chain), BAALS_CORRUPT_STORE);
    fixture_end(f);
}

/* Goal: a checkpoint that fails before or after its batch reached the kv, or in its sync, changes
 * nothing for readers, and the next one carries all of it. */
static void test_store_checkpoint_fails(void **state)
{
    (void)state;
    static const struct {
        uint32_t op;
        bool after;
    } cases[] = {{BL_STORAGE_OP_APPLY, false},
                 {BL_STORAGE_OP_APPLY, true},
                 {BL_STORAGE_OP_SYNC, false},
                 {BL_STORAGE_OP_SYNC, true}};
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct fixture *f = fixture_begin("memory");
        struct bl_tip tip;
        baals_write one[] = {write_put(BAALS_SPACE_ACCOUNTS, "a", "1"),
                             write_put(BAALS_SPACE_ACCOUNTS, "b", "1")};
        baals_write two[] = {write_put(BAALS_SPACE_ACCOUNTS, "a", "2"),
                             write_delete(BAALS_SPACE_ACCOUNTS, "b")};
        push(f, 1, one, 2);
        f->plan.ops = cases[i].op;
        f->plan.after = cases[i].after;
        f->plan.fail_at = 1;
        atomic_store(&f->plan.calls, 0);
        assert_status(bl_store_checkpoint(f->store, NULL), BAALS_IO);
        assert_status(bl_store_checkpoint_tip(f->store, &tip), BAALS_NOTFOUND);
        assert_store_get(f, "a", "1");
        push(f, 2, two, 2);
        assert_store_get(f, "a", "2");
        assert_store_get(f, "b", NULL);
        assert_ok(bl_store_checkpoint(f->store, NULL));
        assert_ok(bl_store_checkpoint_tip(f->store, &tip));
        assert_int_equal(tip.height, 2);
        assert_store_get(f, "a", "2");
        assert_store_get(f, "b", NULL);
        fixture_end(f);
    }
}

static size_t layers_of(struct fixture *f)
{
    struct bl_version *version;
    baals_snapshot *snapshot;
    assert_ok(bl_store_pin(f->store, &version, &snapshot, NULL));
    size_t count = version->count;
    bl_store_unpin(f->store, version, snapshot);
    return count;
}

/* ---- checkpoints of several transactions ---- */

enum { LARGE_KEYS = 4000, LARGE_CHUNKS = 3 };

/* A height that writes many keys with its number, but for some that it removes. */
static void push_large(struct fixture *f, uint64_t height)
{
    static baals_write writes[LARGE_KEYS];
    static uint8_t keys[LARGE_KEYS][4];
    uint8_t value[8];
    bl_store_u64be(value, height);
    for (uint32_t i = 0; i < LARGE_KEYS; i++) {
        bl_store_u32be(keys[i], i);
        writes[i] = (baals_write){.space = BAALS_SPACE_STORAGE,
                                  .is_delete = (i + height) % 5 == 0,
                                  .key = bl_slice(keys[i], 4),
                                  .value = bl_slice(value, 8)};
    }
    push(f, height, writes, LARGE_KEYS);
}

/* Every key shows the height of the view's tip. */
static void assert_large(struct fixture *f, uint64_t height)
{
    struct bl_view *view;
    assert_ok(bl_view_begin(&view, f->store, NULL));
    assert_int_equal(bl_view_tip(view)->height, height);
    for (uint32_t i = 0; i < LARGE_KEYS; i++) {
        uint8_t key[4];
        baals_slice value;
        bl_store_u32be(key, i);
        baals_status status =
            bl_view_get(view, &value, BAALS_SPACE_STORAGE, bl_slice(key, 4), NULL);
        assert_status(status, (i + height) % 5 == 0 ? BAALS_NOTFOUND : BAALS_OK);
        if (status == BAALS_OK)
            assert_int_equal(bl_load_u64be(value.data), height);
    }
    bl_view_end(view);
}

static void fixture_open_in(struct fixture *f, const char *backend)
{
    f->storage = fixture_storage(f, backend);
    assert_ok(bl_store_open_in(&f->store, f->env, f->storage, &f->chain, f->kv, NULL));
}

static struct fixture *fixture_begin_in(const char *backend)
{
    struct fixture *f = fixture_begin(backend);
    assert_ok(bl_env_make_dir(f->env, f->kv, NULL));
    bl_store_close(f->store);
    fixture_open_in(f, backend);
    return f;
}

static bool redo_is_there(struct fixture *f)
{
    char path[700];
    struct bl_file *file = NULL;
    assert_ok(bl_path_join(path, sizeof path, f->kv, "checkpoint.redo", NULL));
    baals_status status = bl_file_open(f->env, &file, path, BL_OPEN_READ, NULL);
    bl_file_close(file);
    return status == BAALS_OK;
}

/* The next call `at` of the kind fails. */
static void plan_failure(struct fixture *f, uint32_t op, uint64_t at, bool after)
{
    f->plan.ops = op;
    f->plan.after = after;
    f->plan.fail_at = at;
    atomic_store(&f->plan.calls, 0);
}

/* Goal: a large checkpoint goes into the kv in several transactions, a view of before reads on, and
 * no file stays. */
static void test_store_large(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin_in("memory");
    push_large(f, 1);
    plan_failure(f, BL_STORAGE_OP_APPLY, 0, false);
    assert_ok(bl_store_checkpoint(f->store, NULL));
    assert_int_equal(f->plan.calls, LARGE_CHUNKS);
    assert_int_equal(layers_of(f), 0);
    assert_large(f, 1);
    assert_false(redo_is_there(f));
    push_large(f, 2);
    assert_ok(bl_store_checkpoint(f->store, NULL));
    assert_large(f, 2);
    baals_storage_stats stats;
    assert_ok(bl_store_stats(f->store, &stats, NULL));
    assert_int_equal(stats.entries, LARGE_KEYS * 4 / 5 + 1);
    fixture_end(f);
}

/* Goal: whichever transaction of a large checkpoint fails, before or after it took effect, readers
 * see the newest height, and the next checkpoint ends it and writes what came since. */
static void test_store_large_fails(void **state)
{
    static const uint32_t ops[] = {BL_STORAGE_OP_APPLY, BL_STORAGE_OP_SYNC};
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(ops); i++) {
        for (uint64_t at = 1; at <= 2 * LARGE_CHUNKS; at++) {
            struct fixture *f = fixture_begin_in("memory");
            struct bl_tip tip;
            push_large(f, 1);
            assert_ok(bl_store_checkpoint(f->store, NULL));
            push_large(f, 2);
            plan_failure(f, ops[i], (at + 1) / 2, at % 2 == 0);
            assert_status(bl_store_checkpoint(f->store, NULL), BAALS_IO);
            assert_large(f, 2);
            assert_ok(bl_store_checkpoint_tip(f->store, &tip));
            assert_int_equal(tip.height, 1);
            push_large(f, 3);
            push_large(f, 4);
            assert_large(f, 4);
            assert_ok(bl_store_checkpoint(f->store, NULL));
            assert_large(f, 4);
            assert_ok(bl_store_checkpoint_tip(f->store, &tip));
            assert_int_equal(tip.height, 4);
            assert_int_equal(layers_of(f), 0);
            assert_false(redo_is_there(f));
            fixture_end(f);
        }
    }
}

/* Goal: a store that was closed within a large checkpoint shows the height before it or the one
 * after it when it is opened again, whole, and goes on from there. */
static void test_store_large_reopen(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 2 * LARGE_CHUNKS; at++) {
        struct fixture *f = fixture_begin_in("lmdb");
        struct bl_tip tip;
        bool after = at % 2 == 0;
        push_large(f, 1);
        assert_ok(bl_store_checkpoint(f->store, NULL));
        push_large(f, 2);
        plan_failure(f, BL_STORAGE_OP_APPLY, (at + 1) / 2, after);
        assert_status(bl_store_checkpoint(f->store, NULL), BAALS_IO);
        bl_store_close(f->store);
        fixture_open_in(f, "lmdb");
        uint64_t height = at == 1 ? 1 : 2;
        assert_ok(bl_store_tip(f->store, &tip));
        assert_int_equal(tip.height, height);
        assert_large(f, height);
        assert_false(redo_is_there(f));
        push_large(f, 3);
        assert_ok(bl_store_checkpoint(f->store, NULL));
        assert_large(f, 3);
        fixture_end(f);
    }
}

/* Goal: a first checkpoint that was cut short is ended too. */
static void test_store_large_first(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin_in("lmdb");
    push_large(f, 1);
    plan_failure(f, BL_STORAGE_OP_APPLY, 2, false);
    assert_status(bl_store_checkpoint(f->store, NULL), BAALS_IO);
    bl_store_close(f->store);
    f->storage = fixture_storage(f, "lmdb");
    f->store = NULL;
    assert_status(bl_store_open(&f->store, f->env, f->storage, &f->chain, NULL),
                  BAALS_CORRUPT_STORE);
    assert_null(f->store);
    bl_storage_close(f->storage);
    fixture_open_in(f, "lmdb");
    assert_large(f, 1);
    fixture_end(f);
}

/* Goal: thousands of small layers become a few, and nothing is lost on the way. */
static void test_store_merges(void **state)
{
    (void)state;
    struct fixture *f = fixture_begin("memory");
    struct bl_view *view;
    for (uint32_t i = 0; i < 4000; i++) {
        uint8_t key[8];
        uint8_t value[4];
        bl_store_u64be(key, i);
        bl_store_u32be(value, i);
        baals_write writes[] = {
            {.space = BAALS_SPACE_TXS, .key = bl_slice(key, 8), .value = bl_slice(value, 4)},
            {.space = BAALS_SPACE_META, .key = bl_slice_str("last"), .value = bl_slice(value, 4)}};
        push(f, i + 1, writes, 1 + i % 2);
        assert_true(layers_of(f) <= 16);
    }
    assert_ok(bl_view_begin(&view, f->store, NULL));
    for (uint32_t i = 0; i < 4000; i++) {
        uint8_t key[8];
        baals_slice value;
        bl_store_u64be(key, i);
        assert_ok(bl_view_get(view, &value, BAALS_SPACE_TXS, bl_slice(key, 8), NULL));
        assert_int_equal(bl_load_u32be(value.data), i);
    }
    baals_slice last;
    assert_ok(bl_view_get(view, &last, BAALS_SPACE_META, bl_slice_str("last"), NULL));
    assert_int_equal(bl_load_u32be(last.data), 3999);
    bl_view_end(view);
    assert_ok(bl_store_checkpoint(f->store, NULL));
    assert_int_equal(layers_of(f), 0);
    baals_storage_stats stats;
    assert_ok(bl_store_stats(f->store, &stats, NULL));
    assert_int_equal(stats.entries, 4002);
    fixture_end(f);
}

/* Opens, pushes, checkpoints and reads once; OK, or what failed first. A failed merge is no
 * failure. */
static baals_status workload(struct bl_env *env)
{
    baals_storage *storage = NULL;
    struct bl_store *store = NULL;
    struct bl_layer *layer = NULL;
    struct bl_view *view = NULL;
    baals_hash chain = {{3}};
    baals_slice value;
    baals_write write = write_put(BAALS_SPACE_ACCOUNTS, "a", "1");
    baals_status status = bl_storage_open(&storage, env, "memory", NULL, NULL);
    if (status == BAALS_OK)
        status = bl_store_open(&store, env, storage, &chain, NULL);
    for (uint64_t height = 1; status == BAALS_OK && height <= 4; height++) {
        struct bl_tip tip = tip_at(height);
        status = bl_layer_new(&layer, &env->alloc, &write, 1, NULL);
        if (status == BAALS_OK)
            status = bl_store_push(store, layer, &tip, NULL);
        bl_layer_unref(layer);
        layer = NULL;
        if (status == BAALS_OK && height == 3)
            status = bl_store_checkpoint(store, NULL);
    }
    if (status == BAALS_OK)
        status = bl_view_begin(&view, store, NULL);
    if (status == BAALS_OK)
        status = bl_view_get(view, &value, BAALS_SPACE_ACCOUNTS, bl_slice_str("a"), NULL);
    bl_view_end(view);
    if (store != NULL)
        bl_store_close(store);
    else
        bl_storage_close(storage);
    return status;
}

/* Goal: whichever allocation fails, the answer is NOMEM (or OK where memory is only for speed) and
 * nothing leaks. */
static void test_store_nomem(void **state)
{
    (void)state;
    struct testlib_faulty_alloc faulty = {0};
    struct bl_env *env;
    assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
    env->alloc = testlib_faulty_alloc(&faulty);
    assert_ok(workload(env));
    uint64_t calls = faulty.calls;
    uint64_t failed = 0;
    for (uint64_t i = 1; i <= calls; i++) {
        faulty.calls = 0;
        faulty.fail_at = i;
        baals_status status = workload(env);
        assert_true(status == BAALS_OK || status == BAALS_NOMEM);
        assert_int_equal(faulty.live, 0);
        failed += status == BAALS_NOMEM;
    }
    assert_true(failed > 20);
    env->alloc = bl_alloc_system();
    bl_env_close(env);
}

/* ---- threads ---- */

/* Each height writes all keys with its number, but for one key, by turns, that it removes. */
enum { THREAD_KEYS = 12, THREAD_HEIGHTS = 1500, THREAD_READERS = 2, THREAD_VALUE_MAX = 300000 };

struct party {
    struct fixture *f;
    atomic_bool *done;
    const char *trouble; /* what went wrong, NULL when nothing did */
    uint64_t rounds;
};

static uint8_t removed_at(uint64_t height)
{
    return (uint8_t)(height % THREAD_KEYS);
}

static const char *check_get(struct bl_view *view, uint64_t height)
{
    for (uint8_t i = 0; i < THREAD_KEYS; i++) {
        baals_slice value;
        baals_status status = bl_view_get(view, &value, BAALS_SPACE_STORAGE, bl_slice(&i, 1), NULL);
        if (height == 0 || i == removed_at(height)) {
            if (status != BAALS_NOTFOUND)
                return "a key that is not there at this height";
        } else if (status != BAALS_OK || bl_load_u64be(value.data) != height) {
            return "a value of another height";
        }
    }
    return NULL;
}

static const char *check_walk(struct bl_view *view, uint64_t height, uint32_t direction)
{
    baals_slice key = {NULL, 0};
    baals_slice value;
    size_t count = 0;
    while (bl_view_seek(view, &key, &value, BAALS_SPACE_STORAGE, key,
                        direction | BAALS_SEEK_EXCLUSIVE, NULL) == BAALS_OK) {
        if (bl_load_u64be(value.data) != height || key.data[0] == removed_at(height))
            return "an entry of another height in a walk";
        count++;
    }
    return count == (height == 0 ? 0 : THREAD_KEYS - 1) ? NULL : "a walk that missed keys";
}

static void *party_read(void *ctx)
{
    struct party *party = ctx;
    uint64_t last = 0;
    do {
        struct bl_view *view;
        if (bl_view_begin(&view, party->f->store, NULL) != BAALS_OK) {
            party->trouble = "no view";
            break;
        }
        uint64_t height = bl_view_tip(view)->height;
        if (height < last)
            party->trouble = "a tip that went back";
        const char *trouble = check_get(view, height);
        if (trouble == NULL)
            trouble = check_walk(view, height, 0);
        if (trouble == NULL)
            trouble = check_walk(view, height, BAALS_SEEK_DESCENDING);
        if (trouble != NULL)
            party->trouble = trouble;
        last = height;
        party->rounds++;
        bl_view_end(view);
    } while (!atomic_load(party->done) && party->trouble == NULL);
    return NULL;
}

static void *party_checkpoint(void *ctx)
{
    struct party *party = ctx;
    uint64_t last = 0;
    do {
        struct bl_tip tip = {0};
        if (bl_store_checkpoint(party->f->store, NULL) != BAALS_OK)
            party->trouble = "a checkpoint failed";
        if (bl_store_checkpoint_tip(party->f->store, &tip) == BAALS_OK && tip.height < last)
            party->trouble = "a checkpoint went back";
        last = tip.height;
        party->rounds++;
    } while (!atomic_load(party->done) && party->trouble == NULL);
    return NULL;
}

static void push_height(struct fixture *f, uint64_t height)
{
    baals_write writes[THREAD_KEYS];
    uint8_t keys[THREAD_KEYS];
    static uint8_t value[THREAD_VALUE_MAX];
    bl_store_u64be(value, height);
    for (uint8_t i = 0; i < THREAD_KEYS; i++) {
        keys[i] = i;
        writes[i] = (baals_write){.space = BAALS_SPACE_STORAGE,
                                  .is_delete = i == removed_at(height),
                                  .key = bl_slice(&keys[i], 1),
                                  .value = bl_slice(value, f->value_len)};
    }
    push(f, height, writes, THREAD_KEYS);
}

static void threads_on(const char *backend, uint64_t heights, size_t value_len)
{
    struct fixture *f = fixture_begin_in(backend);
    f->value_len = value_len;
    atomic_bool done = false;
    struct party parties[THREAD_READERS + 1];
    pthread_t threads[THREAD_READERS + 1];
    for (size_t i = 0; i <= THREAD_READERS; i++) {
        parties[i] = (struct party){.f = f, .done = &done};
        assert_int_equal(pthread_create(&threads[i], NULL,
                                        i < THREAD_READERS ? party_read : party_checkpoint,
                                        &parties[i]),
                         0);
    }
    for (uint64_t height = 1; height <= heights; height++)
        push_height(f, height);
    atomic_store(&done, true);
    for (size_t i = 0; i <= THREAD_READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        if (parties[i].trouble != NULL)
            fail_msg("%s", parties[i].trouble);
        assert_true(parties[i].rounds > 0);
    }
    struct bl_tip tip;
    assert_ok(bl_store_checkpoint(f->store, NULL));
    assert_ok(bl_store_checkpoint_tip(f->store, &tip));
    assert_int_equal(tip.height, heights);
    bl_store_close(f->store);
    fixture_open_in(f, backend);
    fixture_end(f);
}

/* Goal: beside a writer and a checkpointing thread, every view shows exactly one height. */
static void test_store_threads_memory(void **state)
{
    (void)state;
    threads_on("memory", THREAD_HEIGHTS, 8);
}

/* Goal: the same over lmdb, whose snapshots are transactions. */
static void test_store_threads_lmdb(void **state)
{
    (void)state;
    threads_on("lmdb", THREAD_HEIGHTS, 8);
}

/* Goal: the same when each checkpoint is several transactions: a view begun between two of them
 * shows one height too. */
static void test_store_threads_large(void **state)
{
    (void)state;
    threads_on("memory", 40, THREAD_VALUE_MAX);
    threads_on("lmdb", 40, THREAD_VALUE_MAX);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_empty),          cmocka_unit_test(test_store_push),
        cmocka_unit_test(test_store_push_all),       cmocka_unit_test(test_store_checkpoint),
        cmocka_unit_test(test_store_reopen),         cmocka_unit_test(test_store_foreign),
        cmocka_unit_test(test_store_record_damaged), cmocka_unit_test(test_store_checkpoint_fails),
        cmocka_unit_test(test_store_merges),         cmocka_unit_test(test_store_nomem),
        cmocka_unit_test(test_store_large),          cmocka_unit_test(test_store_large_fails),
        cmocka_unit_test(test_store_large_reopen),   cmocka_unit_test(test_store_large_first),
        cmocka_unit_test(test_store_threads_memory), cmocka_unit_test(test_store_threads_lmdb),
        cmocka_unit_test(test_store_threads_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
