/* SPDX-License-Identifier: MIT */
/*
 * Crashes within checkpoints of several transactions. What the store writes beside its key-value
 * storage is recorded, and so is every batch the storage takes; then both are built again as they
 * are behind every operation, after kill -9 and as a power failure may leave the files. Opening
 * must give one height whole: the last one whose checkpoint was answered, or the one being written.
 */
#include <stdlib.h>
#include <string.h>

#include "recording_env.h"
#include "storage/storage_internal.h"

enum { KEYS = 1600, BATCHES_MAX = 32, HEIGHTS_MAX = 16, KEY_BYTES = 4, VALUE_BYTES = 16 };

struct batch {
    baals_write *writes;
    size_t count;
    uint8_t *bytes;
};

struct replay {
    struct bl_env *disk;
    struct recording_env recording;
    struct batch batches[BATCHES_MAX]; /* number n is in mark n + 1 */
    size_t batch_count;
    size_t answered[HEIGHTS_MAX]; /* [height]: the operations when its checkpoint was answered */
    uint64_t fail_after;          /* so many batches are taken before one fails; 0: none does */
};

static const baals_hash replay_chain = {{9}};

/* ---- a storage that notes its batches ---- */

struct noting_storage {
    baals_storage base;
    baals_storage *inner;
    struct replay *r;
};

static struct noting_storage *noting_from(baals_storage *base)
{
    return BL_CONTAINER_OF(base, struct noting_storage, base);
}

static baals_status
noting_snapshot_begin(baals_storage *self, baals_snapshot **snapshot_out, baals_error *err)
{
    baals_storage *inner = noting_from(self)->inner;
    return inner->ops->snapshot_begin(inner, snapshot_out, err);
}

static void noting_snapshot_end(baals_storage *self, baals_snapshot *snapshot)
{
    baals_storage *inner = noting_from(self)->inner;
    inner->ops->snapshot_end(inner, snapshot);
}

static baals_status noting_get(baals_storage *self,
                               baals_slice *value_out,
                               baals_snapshot *snapshot,
                               baals_space space,
                               baals_slice key,
                               baals_error *err)
{
    baals_storage *inner = noting_from(self)->inner;
    return inner->ops->get(inner, value_out, snapshot, space, key, err);
}

/* NOLINTNEXTLINE(readability-function-size): the interface has eight parameters. */
static baals_status noting_seek(baals_storage *self,
                                baals_slice *key_out,
                                baals_slice *value_out,
                                baals_snapshot *snapshot,
                                baals_space space,
                                baals_slice key,
                                uint32_t flags,
                                baals_error *err)
{
    baals_storage *inner = noting_from(self)->inner;
    return inner->ops->seek(inner, key_out, value_out, snapshot, space, key, flags, err);
}

static uint8_t *noting_copy(uint8_t *at, baals_slice *slice)
{
    if (slice->len > 0)
        memcpy(at, slice->data, slice->len);
    slice->data = at;
    return at + slice->len;
}

static void noting_keep(struct batch *batch, const baals_write *writes, size_t count)
{
    size_t bytes = 1;
    for (size_t i = 0; i < count; i++)
        bytes += writes[i].key.len + writes[i].value.len;
    batch->writes = calloc(count, sizeof *batch->writes);
    batch->bytes = malloc(bytes);
    batch->count = count;
    assert_non_null(batch->writes);
    assert_non_null(batch->bytes);
    uint8_t *at = batch->bytes;
    for (size_t i = 0; i < count; i++) {
        batch->writes[i] = writes[i];
        at = noting_copy(at, &batch->writes[i].key);
        at = noting_copy(at, &batch->writes[i].value);
    }
}

static baals_status
noting_apply(baals_storage *self, const baals_write *writes, size_t count, baals_error *err)
{
    struct noting_storage *storage = noting_from(self);
    struct replay *r = storage->r;
    if (r != NULL && r->fail_after > 0 && --r->fail_after == 0)
        return bl_fail(err, BAALS_IO_FULL, "a full disk, as the test wants it");
    BL_TRY(storage->inner->ops->apply(storage->inner, writes, count, err));
    if (r != NULL) {
        assert_true(r->batch_count < BATCHES_MAX);
        noting_keep(&r->batches[r->batch_count++], writes, count);
        recording_env_mark(&r->recording, r->batch_count);
    }
    return BAALS_OK;
}

static baals_status noting_sync(baals_storage *self, baals_error *err)
{
    baals_storage *inner = noting_from(self)->inner;
    return inner->ops->sync(inner, err);
}

static baals_status
noting_stats(baals_storage *self, baals_storage_stats *stats_out, baals_error *err)
{
    baals_storage *inner = noting_from(self)->inner;
    return inner->ops->stats(inner, stats_out, err);
}

static void noting_close(baals_storage *self)
{
    bl_storage_close(noting_from(self)->inner);
    free(noting_from(self));
}

static const struct baals_storage_ops noting_ops = {
    .version = BAALS_STORAGE_OPS_VERSION,
    .caps = BAALS_STORAGE_CAP_DURABLE,
    .name = "noting",
    .snapshot_begin = noting_snapshot_begin,
    .snapshot_end = noting_snapshot_end,
    .get = noting_get,
    .seek = noting_seek,
    .apply = noting_apply,
    .sync = noting_sync,
    .stats = noting_stats,
    .close = noting_close,
};

/* `r` NULL: nothing is noted. */
static baals_storage *noting_open(struct bl_env *env, struct replay *r)
{
    struct noting_storage *storage = calloc(1, sizeof *storage);
    assert_non_null(storage);
    storage->base.ops = &noting_ops;
    storage->r = r;
    assert_ok(bl_storage_open(&storage->inner, env, "memory", NULL, NULL));
    return &storage->base;
}

/* ---- what is recorded ---- */

/* A height changes every key, or only the first; some are removed. */
static bool replay_removes(uint64_t height, uint32_t i)
{
    return (i + height) % 6 == 5;
}

static void replay_push(struct bl_store *store, uint64_t height, uint32_t keys)
{
    static baals_write writes[KEYS];
    static uint8_t names[KEYS][KEY_BYTES];
    uint8_t value[VALUE_BYTES] = {0};
    struct bl_layer *layer = NULL;
    struct bl_tip tip = {.height = height, .journal_end = height * 4096};
    struct bl_alloc alloc = bl_alloc_system();
    bl_store_u64be(value, height);
    for (uint32_t i = 0; i < keys; i++) {
        bl_store_u32be(names[i], i);
        writes[i] = (baals_write){.space = BAALS_SPACE_STORAGE,
                                  .is_delete = replay_removes(height, i),
                                  .key = bl_slice(names[i], KEY_BYTES),
                                  .value = bl_slice(value, VALUE_BYTES)};
    }
    assert_ok(bl_layer_new(&layer, &alloc, writes, keys, NULL));
    assert_ok(bl_store_push(store, layer, &tip, NULL));
    bl_layer_unref(layer);
}

static void replay_checkpoint(struct replay *r, struct bl_store *store, uint64_t height)
{
    assert_ok(bl_store_checkpoint(store, NULL));
    r->answered[height] = r->recording.count;
}

/* Heights 1 to 5: two large checkpoints, a small one, a large one that fails between two of its
 * transactions and is ended by the next. */
static void replay_record(struct replay *r)
{
    struct bl_env *env = &r->recording.env;
    struct bl_store *store = NULL;
    assert_ok(bl_env_make_dir(env, "/kv", NULL));
    assert_ok(bl_env_sync_dir(env, "/", NULL));
    assert_ok(bl_store_open_in(&store, env, noting_open(env, r), &replay_chain, "/kv", NULL));
    replay_push(store, 1, KEYS);
    replay_checkpoint(r, store, 1);
    replay_push(store, 2, KEYS);
    replay_checkpoint(r, store, 2);
    replay_push(store, 3, 1);
    replay_checkpoint(r, store, 3);
    replay_push(store, 4, KEYS);
    r->fail_after = 2;
    assert_status(bl_store_checkpoint(store, NULL), BAALS_IO_FULL);
    replay_push(store, 5, KEYS);
    replay_checkpoint(r, store, 5);
    bl_store_close(store);
}

/* ---- what is checked ---- */

static uint64_t replay_answered(const struct replay *r, size_t prefix)
{
    uint64_t height = 0;
    for (uint64_t i = 1; i < HEIGHTS_MAX; i++) {
        if (r->answered[i] != 0 && r->answered[i] <= prefix)
            height = i;
    }
    return height;
}

/* The storage with the batches among the first `prefix` operations. */
static baals_storage *replay_storage(const struct replay *r, struct bl_env *env, size_t prefix)
{
    baals_storage *storage = noting_open(env, NULL);
    for (size_t i = 0; i < prefix; i++) {
        const struct recording_op *op = &r->recording.ops[i];
        if (op->kind != RECORDING_MARK)
            continue;
        const struct batch *batch = &r->batches[op->offset - 1];
        assert_ok(storage->ops->apply(storage, batch->writes, batch->count, NULL));
    }
    return storage;
}

/* Every key shows `height` (height 3 changed the first one alone). */
static void replay_check_height(struct bl_store *store, uint64_t height)
{
    struct bl_view *view = NULL;
    assert_ok(bl_view_begin(&view, store, NULL));
    for (uint32_t i = 0; i < KEYS; i++) {
        uint8_t key[KEY_BYTES];
        baals_slice value;
        uint64_t of = height == 3 && i > 0 ? 2 : height;
        bl_store_u32be(key, i);
        baals_status status =
            bl_view_get(view, &value, BAALS_SPACE_STORAGE, bl_slice(key, KEY_BYTES), NULL);
        bool there = height > 0 && !replay_removes(of, i);
        assert_status(status, there ? BAALS_OK : BAALS_NOTFOUND);
        if (there)
            assert_int_equal(bl_load_u64be(value.data), of);
    }
    bl_view_end(view);
}

/* Opens what a crash left in `disk`, which is released. */
static void replay_check(const struct replay *r, struct bl_env *disk, size_t prefix)
{
    struct bl_store *store = NULL;
    struct bl_tip tip = {0};
    struct bl_file *file = NULL;
    baals_error err = {0};
    uint64_t answered = replay_answered(r, prefix);
    assert_ok(bl_env_make_dir(disk, "/kv", NULL));
    baals_status status =
        bl_store_open_in(&store, disk, replay_storage(r, disk, prefix), &replay_chain, "/kv", &err);
    if (status != BAALS_OK)
        fail_msg("%zu operations: %s: %s", prefix, baals_status_name(status), err.message);
    (void)bl_store_tip(store, &tip);
    /* The checkpoint that ends height 4 goes on with height 5. */
    uint64_t possible = answered == 3 ? 5 : answered + 1;
    if (tip.height < answered || tip.height > possible)
        fail_msg("%zu operations: height %llu, %llu was answered", prefix,
                 (unsigned long long)tip.height, (unsigned long long)answered);
    replay_check_height(store, tip.height);
    assert_status(bl_file_open(disk, &file, "/kv/checkpoint.redo", BL_OPEN_READ, NULL),
                  BAALS_NOTFOUND);
    replay_push(store, 9, KEYS);
    assert_ok(bl_store_checkpoint(store, NULL));
    replay_check_height(store, 9);
    bl_store_close(store);
    bl_env_close(disk);
}

static void replay_init(struct replay *r)
{
    memset(r, 0, sizeof *r);
    assert_ok(bl_env_memory(&r->disk, bl_alloc_system(), NULL));
    recording_env_init(&r->recording, r->disk);
    replay_record(r);
}

static void replay_deinit(struct replay *r)
{
    for (size_t i = 0; i < r->batch_count; i++) {
        free(r->batches[i].writes);
        free(r->batches[i].bytes);
    }
    recording_env_deinit(&r->recording);
    bl_env_close(r->disk);
}

/* Goal: kill -9 behind every operation leaves one height, whole. */
static void test_kill(void **state)
{
    static struct replay r;
    (void)state;
    replay_init(&r);
    assert_true(r.batch_count >= 9);
    for (size_t prefix = 0; prefix <= r.recording.count; prefix++) {
        struct bl_env *disk = NULL;
        assert_ok(bl_env_memory(&disk, bl_alloc_system(), NULL));
        recording_apply_prefix(disk, &r.recording, prefix);
        replay_check(&r, disk, prefix);
    }
    printf("%zu prefixes\n", r.recording.count + 1);
    replay_deinit(&r);
}

/* Goal: a power failure behind every operation leaves one height, whole, whatever it took of the
 * bytes that were not synced. */
static void test_power_failure(void **state)
{
    static struct replay r;
    static const enum recording_loss losses[] = {RECORDING_LOSS_ALL, RECORDING_LOSS_OPS,
                                                 RECORDING_LOSS_SECTORS, RECORDING_LOSS_SECTORS};
    struct testlib_rng rng = testlib_rng(1);
    size_t states = 0;
    (void)state;
    replay_init(&r);
    for (size_t prefix = 1; prefix <= r.recording.count; prefix++) {
        for (size_t i = 0; i < BL_COUNT_OF(losses); i++) {
            replay_check(&r, recording_build_loss(&r.recording, prefix, losses[i], &rng), prefix);
            states++;
        }
    }
    printf("%zu states after a power failure\n", states);
    replay_deinit(&r);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_power_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
