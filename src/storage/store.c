/* SPDX-License-Identifier: MIT */
/*
 * The store: a key-value storage (a checkpoint) with the layers that are not in it yet.
 *
 * What readers see is one immutable, counted `bl_version`: a tip and its list of layers. Pushing a
 * layer, merging two of them and finishing a checkpoint each put a new version in place of the old.
 * A view pins the version and a kv snapshot, both under the one lock.
 *
 * Why a checkpoint is safe beside readers: it writes exactly the oldest k layers, newest change
 * first. Laying these layers once more over a kv that already holds them changes nothing. So a
 * snapshot from before or after the batch fits below the old version, and only the new version,
 * without the k layers, needs a snapshot from after it. The batch is applied and synced first, the
 * version exchanged afterwards, and a view takes both under the lock: it can never pin the new
 * version with an old snapshot.
 *
 * Thousands of small layers would make every read walk through all of them: each push merges the
 * newest two while the older is at most twice as large, so sizes fall geometrically. Layers that a
 * running checkpoint writes are left alone.
 *
 * A large batch goes into the kv in several transactions (storage/redo.h). A snapshot between two
 * of them fits below the old version too: it differs from one before or after the batch only in
 * keys that the layers hide. A batch that failed between two of them is ended before another
 * begins.
 *
 * Threads: `lock` guards `version`, `has_kv_tip`, `kv_tip`, `busy` and `views`. It is held for
 * pointer work and the beginning of a snapshot, never while bytes are merged or written. `redo` and
 * `writing` belong to the checkpoint.
 */
#include <pthread.h>
#include <string.h>

#include "storage/redo.h"
#include "storage/storage_internal.h"

/* Merged layers grow no further than this, which bounds the pause of one push. */
#define STORE_MERGE_BYTES_MAX ((size_t)8 * 1024 * 1024)

#define STORE_RECORD_VERSION 1u
#define STORE_RECORD_BYTES (4u + 32u + 8u + 32u + 8u)

struct bl_store {
    struct bl_env *env;
    struct bl_hash_key hash_key; /* for tables of the state */
    baals_storage *storage;
    baals_hash chain_id;
    char *dir; /* the storage's folder; NULL: a checkpoint is one transaction */
    pthread_mutex_t lock;
    struct bl_version *version;
    bool has_kv_tip;
    struct bl_tip kv_tip;
    size_t busy; /* the oldest layers of `version`, being written by a checkpoint */
    size_t views;
    bool checkpointing;
    /* A batch of several transactions that is being written, or failed between two of them, and the
     * version whose layers it holds; NULL: none. */
    struct bl_redo *redo;
    struct bl_version *writing;
};

/* ---- the checkpoint record ---- */

static baals_slice store_record_key(void)
{
    return bl_slice_str("tip");
}

static void store_record_encode(uint8_t out[STORE_RECORD_BYTES],
                                const baals_hash *chain_id,
                                const struct bl_tip *tip)
{
    bl_store_u32be(out, STORE_RECORD_VERSION);
    memcpy(out + 4, chain_id->bytes, 32);
    bl_store_u64be(out + 36, tip->height);
    memcpy(out + 44, tip->hash.bytes, 32);
    bl_store_u64be(out + 76, tip->journal_end);
}

static baals_status store_record_decode(struct bl_tip *tip_out,
                                        const baals_hash *chain_id,
                                        baals_slice record,
                                        baals_error *err)
{
    if (record.len < 4)
        return bl_fail(err, BAALS_CORRUPT_STORE, "the checkpoint record is cut short");
    uint32_t version = bl_load_u32be(record.data);
    if (version != STORE_RECORD_VERSION)
        return bl_fail(err, BAALS_CORRUPT_FOREIGN, "the store has format %u, this build knows %u",
                       version, STORE_RECORD_VERSION);
    if (record.len != STORE_RECORD_BYTES)
        return bl_fail(err, BAALS_CORRUPT_STORE, "the checkpoint record has %zu bytes", record.len);
    if (memcmp(record.data + 4, chain_id->bytes, 32) != 0)
        return bl_fail(err, BAALS_CORRUPT_FOREIGN, "the store belongs to another chain");
    tip_out->height = bl_load_u64be(record.data + 36);
    memcpy(tip_out->hash.bytes, record.data + 44, 32);
    tip_out->journal_end = bl_load_u64be(record.data + 76);
    return BAALS_OK;
}

/* ---- versions ---- */

static struct bl_version *store_version_ref(struct bl_version *version)
{
    atomic_fetch_add_explicit(&version->refs, 1, memory_order_relaxed);
    return version;
}

static size_t store_version_size(size_t count)
{
    return sizeof(struct bl_version) + count * sizeof(struct bl_layer *);
}

static void store_version_unref(struct bl_version *version)
{
    if (version == NULL || atomic_fetch_sub_explicit(&version->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct bl_alloc alloc = version->alloc;
    for (size_t i = 0; i < version->count; i++)
        bl_layer_unref(version->layers[i]);
    bl_attachment_unref(version->attachment);
    bl_alloc_free(&alloc, version, store_version_size(version->count));
}

/* A version with room for `count` layers, none filled in. */
static struct bl_version *store_version_new(const struct bl_alloc *alloc, size_t count)
{
    struct bl_version *version = bl_alloc_zero(alloc, 1, store_version_size(count));
    if (version == NULL)
        return NULL;
    version->alloc = *alloc;
    atomic_init(&version->refs, 1);
    version->count = count;
    return version;
}

static void store_version_set(struct bl_version *version, size_t index, struct bl_layer *layer)
{
    version->layers[index] = bl_layer_ref(layer);
    version->bytes += bl_layer_bytes(layer);
}

/* The layers from..to of `from_version` at the start of `version`. */
static void store_version_copy(struct bl_version *version,
                               const struct bl_version *from_version,
                               size_t from,
                               size_t to)
{
    version->has_tip = from_version->has_tip;
    version->tip = from_version->tip;
    version->kv_serial = from_version->kv_serial;
    version->attachment = bl_attachment_ref(from_version->attachment);
    for (size_t i = from; i < to; i++)
        store_version_set(version, i - from, from_version->layers[i]);
}

/* Takes over `attachment`; NULL: the one it has stays. */
static void store_version_attach(struct bl_version *version, struct bl_attachment *attachment)
{
    if (attachment == NULL)
        return;
    attachment->ops->publish(attachment);
    bl_attachment_unref(version->attachment);
    version->attachment = attachment;
}

/* ---- opening and closing ---- */

/* Reads the checkpoint record; *has_out false for an empty storage. */
static baals_status
store_read_tip(struct bl_store *store, bool *has_out, struct bl_tip *tip_out, baals_error *err)
{
    baals_snapshot *snapshot;
    baals_storage_stats stats = {0};
    baals_slice record;
    BL_TRY(bl_storage_snapshot_begin(store->storage, &snapshot, err));
    baals_status status = bl_storage_get(store->storage, &record, snapshot, BAALS_SPACE_CHECKPOINT,
                                         store_record_key(), err);
    if (status == BAALS_OK) {
        status = store_record_decode(tip_out, &store->chain_id, record, err);
        *has_out = true;
    } else if (status == BAALS_NOTFOUND) {
        status = bl_storage_stats(store->storage, &stats, err);
        if (status == BAALS_OK && stats.entries > 0)
            status = bl_fail(err, BAALS_CORRUPT_STORE, "the checkpoint record is missing");
        *has_out = false;
    }
    bl_storage_snapshot_end(store->storage, snapshot);
    return status;
}

static void store_free(struct bl_store *store)
{
    const struct bl_alloc *alloc = &store->env->alloc;
    store_version_unref(store->version);
    if (store->dir != NULL)
        bl_alloc_free(alloc, store->dir, strlen(store->dir) + 1);
    bl_alloc_free(alloc, store, sizeof(*store));
}

/* What the storage stands for, after ending a checkpoint that was cut short. */
static baals_status store_read(struct bl_store *store, const char *dir, baals_error *err)
{
    const struct bl_alloc *alloc = &store->env->alloc;
    if (dir != NULL) {
        store->dir = bl_alloc_strdup(alloc, dir);
        if (store->dir == NULL)
            return bl_fail(err, BAALS_NOMEM, "no memory for a store");
    }
    BL_TRY(bl_redo_recover(store->env, store->storage, dir, &store->chain_id, err));
    BL_TRY(store_read_tip(store, &store->has_kv_tip, &store->kv_tip, err));
    store->version = store_version_new(alloc, 0);
    if (store->version == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a store");
    store->version->has_tip = store->has_kv_tip;
    store->version->tip = store->kv_tip;
    return BAALS_OK;
}

baals_status bl_store_open_in(struct bl_store **out,
                              struct bl_env *env,
                              baals_storage *storage,
                              const baals_hash *chain_id,
                              const char *dir,
                              baals_error *err)
{
    struct bl_store *store = bl_alloc_zero(&env->alloc, 1, sizeof(*store));
    if (store == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a store");
    store->env = env;
    store->storage = storage;
    store->chain_id = *chain_id;
    baals_status status = bl_hash_key_init(&store->hash_key, env, err);
    if (status == BAALS_OK)
        status = store_read(store, dir, err);
    if (status == BAALS_OK && pthread_mutex_init(&store->lock, NULL) != 0)
        status = bl_fail(err, BAALS_NOMEM, "no memory for a lock");
    if (status != BAALS_OK) {
        store_free(store);
        return status;
    }
    *out = store;
    return BAALS_OK;
}

baals_status bl_store_open(struct bl_store **out,
                           struct bl_env *env,
                           baals_storage *storage,
                           const baals_hash *chain_id,
                           baals_error *err)
{
    return bl_store_open_in(out, env, storage, chain_id, NULL, err);
}

void bl_store_close(struct bl_store *store)
{
    if (store == NULL)
        return;
    BL_ASSERT(store->views == 0 && !store->checkpointing);
    bl_redo_close(store->redo);
    store_version_unref(store->writing);
    bl_storage_close(store->storage);
    pthread_mutex_destroy(&store->lock);
    store_free(store);
}

/* ---- what is there ---- */

baals_status bl_store_checkpoint_tip(struct bl_store *store, struct bl_tip *tip_out)
{
    pthread_mutex_lock(&store->lock);
    bool has = store->has_kv_tip;
    if (has)
        *tip_out = store->kv_tip;
    pthread_mutex_unlock(&store->lock);
    return has ? BAALS_OK : BAALS_NOTFOUND;
}

baals_status bl_store_tip(struct bl_store *store, struct bl_tip *tip_out)
{
    pthread_mutex_lock(&store->lock);
    bool has = store->version->has_tip;
    if (has)
        *tip_out = store->version->tip;
    pthread_mutex_unlock(&store->lock);
    return has ? BAALS_OK : BAALS_NOTFOUND;
}

size_t bl_store_layer_bytes(struct bl_store *store)
{
    pthread_mutex_lock(&store->lock);
    const struct bl_version *version = store->version;
    const struct bl_attachment *attachment = version->attachment;
    size_t bytes = version->bytes;
    if (attachment != NULL && version->kv_serial < attachment->serial)
        bytes += attachment->ops->excess(attachment);
    pthread_mutex_unlock(&store->lock);
    return bytes;
}

baals_status bl_store_stats(struct bl_store *store, baals_storage_stats *out, baals_error *err)
{
    return bl_storage_stats(store->storage, out, err);
}

baals_storage *bl_store_storage(struct bl_store *store)
{
    return store->storage;
}

const struct bl_alloc *bl_store_alloc(const struct bl_store *store)
{
    return &store->env->alloc;
}

const struct bl_hash_key *bl_store_hash_key(const struct bl_store *store)
{
    return &store->hash_key;
}

/* ---- pushing ---- */

/* Puts `next` in place; the caller holds the lock and releases what is returned after it. */
static struct bl_version *store_exchange(struct bl_store *store, struct bl_version *next)
{
    struct bl_version *old = store->version;
    store->version = next;
    return old;
}

/* Takes references to the newest two layers when they should become one. */
static bool
store_merge_pick(struct bl_store *store, struct bl_layer **older_out, struct bl_layer **newer_out)
{
    bool wanted = false;
    pthread_mutex_lock(&store->lock);
    const struct bl_version *version = store->version;
    if (version->count >= store->busy + 2) {
        struct bl_layer *older = version->layers[version->count - 2];
        struct bl_layer *newer = version->layers[version->count - 1];
        wanted = bl_layer_bytes(older) / 2 <= bl_layer_bytes(newer) &&
                 bl_layer_bytes(older) + bl_layer_bytes(newer) <= STORE_MERGE_BYTES_MAX;
        if (wanted) {
            *older_out = bl_layer_ref(older);
            *newer_out = bl_layer_ref(newer);
        }
    }
    pthread_mutex_unlock(&store->lock);
    return wanted;
}

/* Puts `merged` in the place of the two; false when a checkpoint has taken them meanwhile or there
 * is no memory. */
static bool store_merge_install(struct bl_store *store,
                                struct bl_layer *merged,
                                const struct bl_layer *older,
                                const struct bl_layer *newer)
{
    struct bl_version *old = NULL;
    pthread_mutex_lock(&store->lock);
    const struct bl_version *version = store->version;
    size_t count = version->count;
    bool in_place = count >= store->busy + 2 && version->layers[count - 2] == older &&
                    version->layers[count - 1] == newer;
    struct bl_version *next = in_place ? store_version_new(&store->env->alloc, count - 1) : NULL;
    if (next != NULL) {
        store_version_copy(next, version, 0, count - 2);
        store_version_set(next, count - 2, merged);
        old = store_exchange(store, next);
    }
    pthread_mutex_unlock(&store->lock);
    store_version_unref(old);
    return next != NULL;
}

/* Merging only makes reads faster: when memory is short the layers stay as they are. */
void bl_store_merge(struct bl_store *store)
{
    struct bl_layer *older;
    struct bl_layer *newer;
    bool again = true;
    while (again && store_merge_pick(store, &older, &newer)) {
        struct bl_layer *merged = NULL;
        again = bl_layer_merge(&merged, older, newer, NULL) == BAALS_OK &&
                store_merge_install(store, merged, older, newer);
        bl_layer_unref(merged);
        bl_layer_unref(older);
        bl_layer_unref(newer);
    }
}

baals_status bl_store_push(struct bl_store *store,
                           struct bl_layer *layer,
                           const struct bl_tip *tip,
                           baals_error *err)
{
    return bl_store_push_all(store, &layer, 1, tip, err);
}

baals_status bl_store_push_all(struct bl_store *store,
                               struct bl_layer *const *layers,
                               size_t count,
                               const struct bl_tip *tip,
                               baals_error *err)
{
    BL_TRY(bl_store_add_all(store, layers, count, tip, err));
    bl_store_merge(store);
    return BAALS_OK;
}

baals_status bl_store_add_all(struct bl_store *store,
                              struct bl_layer *const *layers,
                              size_t count,
                              const struct bl_tip *tip,
                              baals_error *err)
{
    struct bl_version *old = NULL;
    pthread_mutex_lock(&store->lock);
    size_t below = store->version->count;
    struct bl_version *next = store_version_new(&store->env->alloc, below + count);
    if (next != NULL) {
        store_version_copy(next, store->version, 0, below);
        struct bl_attachment *attachment = NULL;
        for (size_t i = 0; i < count; i++) {
            bl_layer_detach(layers[i], &attachment);
            store_version_set(next, below + i, layers[i]);
        }
        store_version_attach(next, attachment);
        next->has_tip = true;
        next->tip = *tip;
        old = store_exchange(store, next);
    }
    pthread_mutex_unlock(&store->lock);
    if (next == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a list of %zu layers", below + count);
    store_version_unref(old);
    return BAALS_OK;
}

/* ---- checkpoint ---- */

/* What the version's attachment adds to its layers. */
static baals_status store_collect(const struct bl_version *version,
                                  struct bl_arena *arena,
                                  baals_write **writes_out,
                                  size_t *count_out,
                                  baals_error *err)
{
    *writes_out = NULL;
    *count_out = 0;
    if (version->attachment == NULL)
        return BAALS_OK;
    return version->attachment->ops->collect(version->attachment, version->kv_serial, arena,
                                             writes_out, count_out, err);
}

/* Sorted changes that are gone through once. */
struct store_source {
    const baals_write *at;
    const baals_write *end;
};

/* The next change in order of (space, key), of several for one key the newest; NULL behind the
 * last. The newest source is the last one. */
static const baals_write *store_next(struct store_source *sources, size_t count)
{
    const baals_write *least = NULL;
    for (size_t i = count; i-- > 0;) {
        if (sources[i].at == sources[i].end)
            continue;
        int order = least == NULL ? -1 : bl_write_compare(sources[i].at, least);
        if (order < 0)
            least = sources[i].at;
        else if (order == 0)
            sources[i].at++;
    }
    for (size_t i = 0; least != NULL && i < count; i++) {
        if (sources[i].at != sources[i].end && bl_write_compare(sources[i].at, least) == 0)
            sources[i].at++;
    }
    return least;
}

/* Adds the changes of all layers and what the attachment adds, and the record behind them. */
static baals_status store_gather(struct bl_redo *redo,
                                 const struct bl_store *store,
                                 const struct bl_version *version,
                                 struct bl_arena *arena,
                                 baals_error *err)
{
    uint8_t record[STORE_RECORD_BYTES];
    baals_write *added = NULL;
    size_t added_count = 0;
    size_t count = version->count + 1;
    BL_TRY(store_collect(version, arena, &added, &added_count, err));
    struct store_source *sources = bl_arena_zero(arena, count, sizeof(*sources));
    if (sources == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a checkpoint of %zu layers", count);
    for (size_t i = 0; i < version->count; i++) {
        const baals_write *writes = bl_layer_writes(version->layers[i]);
        sources[i] = (struct store_source){writes, writes + bl_layer_count(version->layers[i])};
    }
    if (added_count > 0)
        sources[version->count] = (struct store_source){added, added + added_count};
    for (const baals_write *write = store_next(sources, count); write != NULL;
         write = store_next(sources, count))
        BL_TRY(bl_redo_add(redo, write, err));
    store_record_encode(record, &store->chain_id, &version->tip);
    baals_write last = {.space = BAALS_SPACE_CHECKPOINT,
                        .key = store_record_key(),
                        .value = bl_slice(record, sizeof(record))};
    return bl_redo_add(redo, &last, err);
}

/* For an arena, which never resizes: what a checkpoint collects is large and gone at its end, and
 * the heap would keep it. */
static void *store_pages_resize(void *ctx, void *pointer, size_t old_size, size_t new_size)
{
    const struct bl_alloc *alloc = ctx;
    if (new_size == 0) {
        bl_alloc_pages_free(alloc, pointer, old_size);
        return NULL;
    }
    BL_ASSERT(pointer == NULL);
    return bl_alloc_pages(alloc, new_size);
}

/* Makes the batch of the version the one to be written. */
static baals_status
store_prepare(struct bl_store *store, struct bl_version *version, baals_error *err)
{
    struct bl_redo *redo = NULL;
    struct bl_arena arena;
    BL_TRY(bl_redo_begin(&redo, store->env, store->dir, &store->chain_id, err));
    struct bl_alloc pages = {store_pages_resize, &store->env->alloc};
    bl_arena_init(&arena, pages, SIZE_MAX);
    baals_status status = store_gather(redo, store, version, &arena, err);
    bl_arena_deinit(&arena);
    if (status == BAALS_OK)
        status = bl_redo_seal(redo, err);
    if (status != BAALS_OK) {
        bl_redo_close(redo);
        /* Worth nothing, and perhaps what fills the disk. */
        if (store->dir != NULL)
            (void)bl_redo_remove(store->env, store->dir, NULL);
        return status;
    }
    store->redo = redo;
    store->writing = store_version_ref(version);
    return BAALS_OK;
}

static void store_forget(struct bl_store *store)
{
    bl_redo_close(store->redo);
    store_version_unref(store->writing);
    store->redo = NULL;
    store->writing = NULL;
}

/* After a durable batch: a version without the layers that were written. */
static baals_status
store_written(struct bl_store *store, const struct bl_version *written, baals_error *err)
{
    struct bl_version *old = NULL;
    pthread_mutex_lock(&store->lock);
    const struct bl_version *version = store->version;
    BL_ASSERT(version->count >= written->count);
    for (size_t i = 0; i < written->count; i++)
        BL_ASSERT(version->layers[i] == written->layers[i]);
    store->kv_tip = written->tip;
    store->has_kv_tip = true;
    struct bl_version *next =
        store_version_new(&store->env->alloc, version->count - written->count);
    if (next != NULL) {
        store_version_copy(next, version, written->count, version->count);
        if (written->attachment != NULL)
            next->kv_serial = written->attachment->serial;
        old = store_exchange(store, next);
        store->busy = 0;
    }
    pthread_mutex_unlock(&store->lock);
    store_version_unref(old);
    if (next == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a list of layers");
    return BAALS_OK;
}

/* Writes the batch that was prepared. */
static baals_status store_write(struct bl_store *store, baals_error *err)
{
    baals_error ignored;
    bool several = bl_redo_count(store->redo) > 1;
    baals_status status = bl_redo_apply(store->redo, store->storage, err);
    if (status == BAALS_OK)
        status = store_written(store, store->writing, err);
    if (status != BAALS_OK && several)
        return status; /* it is ended by the next checkpoint, or by the next opening */
    store_forget(store);
    /* It has served: where it stays, it is written over, or removed by the next opening. */
    if (several && bl_redo_remove(store->env, store->dir, &ignored) != BAALS_OK)
        bl_log(store->env, BL_LOG_WARN, "%s", ignored.message);
    return status;
}

static baals_status
store_checkpoint(struct bl_store *store, struct bl_version *version, baals_error *err)
{
    if (version->count == 0)
        return BAALS_OK;
    BL_TRY(store_prepare(store, version, err));
    return store_write(store, err);
}

/* The layers that are in place now; they are not merged from here on. */
static struct bl_version *store_checkpoint_begin(struct bl_store *store)
{
    pthread_mutex_lock(&store->lock);
    struct bl_version *version = store_version_ref(store->version);
    store->busy = version->count;
    pthread_mutex_unlock(&store->lock);
    return version;
}

baals_status bl_store_checkpoint(struct bl_store *store, baals_error *err)
{
    pthread_mutex_lock(&store->lock);
    BL_ASSERT(!store->checkpointing);
    store->checkpointing = true;
    pthread_mutex_unlock(&store->lock);

    baals_status status = store->redo != NULL ? store_write(store, err) : BAALS_OK;
    if (status == BAALS_OK) {
        struct bl_version *version = store_checkpoint_begin(store);
        status = store_checkpoint(store, version, err);
        store_version_unref(version);
    }
    pthread_mutex_lock(&store->lock);
    store->busy = store->writing != NULL ? store->writing->count : 0;
    store->checkpointing = false;
    pthread_mutex_unlock(&store->lock);
    return status;
}

/* ---- pinning ---- */

baals_status bl_store_pin(struct bl_store *store,
                          struct bl_version **version_out,
                          baals_snapshot **snapshot_out,
                          baals_error *err)
{
    pthread_mutex_lock(&store->lock);
    baals_status status = bl_storage_snapshot_begin(store->storage, snapshot_out, err);
    if (status == BAALS_OK) {
        *version_out = store_version_ref(store->version);
        store->views++;
    }
    pthread_mutex_unlock(&store->lock);
    return status;
}

void bl_store_unpin(struct bl_store *store, struct bl_version *version, baals_snapshot *snapshot)
{
    bl_storage_snapshot_end(store->storage, snapshot);
    store_version_unref(version);
    pthread_mutex_lock(&store->lock);
    BL_ASSERT(store->views > 0);
    store->views--;
    pthread_mutex_unlock(&store->lock);
}
