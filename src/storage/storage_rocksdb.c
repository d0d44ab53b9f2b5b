/* SPDX-License-Identifier: MIT */
/*
 * The RocksDB backend, for stores that outgrow one memory-mapped file: one database in a folder,
 * one column family, the space as the first byte of every key.
 *
 * Durability: a batch is one synced write to RocksDB's own log. After power loss it is there whole
 * or not at all, and never without the batches before it; a torn end of the log is cut when
 * opening. `apply` is therefore durable when it returns and `sync` has nothing left to do.
 *
 * Borrowing: RocksDB lends a value only until its iterator moves, the interface lends it until the
 * snapshot ends. So what is read is copied into the snapshot's arena.
 *
 * Damage: each block of a file has RocksDB's checksum, and each value ours; a miss is confirmed
 * elsewhere like any (internals/storage.md).
 *
 * Threads: RocksDB compacts and flushes on background threads that belong to the process. They are
 * started by the first database and stay; they inherit the signal mask of the opener.
 */
#include <pthread.h>
#include <rocksdb/c.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "storage/storage_internal.h"

/* Blocks of files kept in memory. */
#define ROCKS_CACHE_BYTES ((size_t)64 * 1024 * 1024)
/* Writes kept in memory before they become a file. */
#define ROCKS_WRITE_BUFFER_BYTES ((size_t)64 * 1024 * 1024)
#define ROCKS_OPEN_FILES 256
#define ROCKS_BLOOM_BITS 10.0
/* RocksDB's own diary, in the same folder. */
#define ROCKS_LOG_BYTES ((size_t)1024 * 1024)
/* What one snapshot may hand out. */
#define ROCKS_SNAPSHOT_BYTES_MAX ((size_t)16 * 1024 * 1024 * 1024)

struct rocks_storage {
    baals_storage base;
    struct bl_env *env;
    rocksdb_t *db;
    rocksdb_writeoptions_t *write_options;
    bool stopped; /* a sync failed; the writer's */
};

/* What a baals_snapshot of this backend is. */
struct rocks_snapshot {
    const rocksdb_snapshot_t *pinned;
    rocksdb_readoptions_t *read_options;
    rocksdb_iterator_t *iterator; /* made by the first seek */
    struct bl_arena arena;        /* what was read */
};

static const struct baals_storage_ops rocks_ops;

static struct rocks_storage *rocks_from(baals_storage *base)
{
    BL_ASSERT(base->ops == &rocks_ops);
    return BL_CONTAINER_OF(base, struct rocks_storage, base);
}

static struct rocks_snapshot *rocks_snapshot_from(baals_snapshot *snapshot)
{
    return (struct rocks_snapshot *)(void *)snapshot;
}

/* RocksDB's C interface tells failures as text alone: its class, a colon, details. */
static baals_status rocks_status(const char *text)
{
    static const struct {
        const char *needle;
        baals_status status;
    } table[] = {
        {"No space left", BAALS_IO_FULL},
        {"File too large", BAALS_IO_FULL},
        {"Disk quota", BAALS_IO_FULL},
        {"No such file", BAALS_NOTFOUND},
        {"Permission denied", BAALS_IO_DENIED},
        {"Read-only file system", BAALS_IO_READONLY},
        {"lock hold by current process", BAALS_BUSY},
        {"Resource temporarily unavailable", BAALS_BUSY},
        {"Cannot allocate memory", BAALS_NOMEM},
        {"Corruption", BAALS_CORRUPT_STORE},
        {"Invalid argument", BAALS_CORRUPT_STORE},
        {"Not implemented", BAALS_CORRUPT_STORE},
    };
    for (size_t i = 0; i < BL_COUNT_OF(table); i++) {
        if (strstr(text, table[i].needle) != NULL)
            return table[i].status;
    }
    return BAALS_IO;
}

/* Takes over RocksDB's text. */
static baals_status rocks_fail(char *text, const char *what, baals_error *err)
{
    baals_status status = bl_fail(err, rocks_status(text), "%s: %s", what, text);
    rocksdb_free(text);
    return status;
}

/* ---- keys ---- */

/* The space byte and the key, as RocksDB orders them. */
struct rocks_key {
    uint8_t bytes[1 + BL_KV_KEY_MAX];
    size_t len;
};

static const char *rocks_key_make(struct rocks_key *out, baals_space space, baals_slice key)
{
    BL_ASSERT(key.len <= BL_KV_KEY_MAX);
    out->bytes[0] = (uint8_t)space;
    if (key.len > 0)
        memcpy(out->bytes + 1, key.data, key.len);
    out->len = 1 + key.len;
    return (const char *)out->bytes;
}

/* ---- reading ---- */

static baals_status
rocks_snapshot_begin(baals_storage *self, baals_snapshot **snapshot_out, baals_error *err)
{
    struct rocks_storage *storage = rocks_from(self);
    struct rocks_snapshot *snapshot = bl_alloc_zero(&storage->env->alloc, 1, sizeof(*snapshot));
    if (snapshot == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a snapshot");
    snapshot->pinned = rocksdb_create_snapshot(storage->db);
    snapshot->read_options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_snapshot(snapshot->read_options, snapshot->pinned);
    rocksdb_readoptions_set_verify_checksums(snapshot->read_options, 1);
    bl_arena_init(&snapshot->arena, storage->env->alloc, ROCKS_SNAPSHOT_BYTES_MAX);
    *snapshot_out = (baals_snapshot *)(void *)snapshot;
    return BAALS_OK;
}

static void rocks_snapshot_end(baals_storage *self, baals_snapshot *base)
{
    struct rocks_storage *storage = rocks_from(self);
    struct rocks_snapshot *snapshot = rocks_snapshot_from(base);
    if (snapshot->iterator != NULL)
        rocksdb_iter_destroy(snapshot->iterator);
    rocksdb_readoptions_destroy(snapshot->read_options);
    rocksdb_release_snapshot(storage->db, snapshot->pinned);
    bl_arena_deinit(&snapshot->arena);
    bl_alloc_free(&storage->env->alloc, snapshot, sizeof(*snapshot));
}

static baals_status rocks_lend(struct rocks_snapshot *snapshot,
                               baals_slice *out,
                               const char *data,
                               size_t len,
                               baals_error *err)
{
    if (len > BL_KV_VALUE_MAX + BL_KV_CHECKSUM_BYTES)
        return bl_fail(err, BAALS_CORRUPT_STORE, "an entry claims %zu bytes", len);
    if (!bl_arena_copy(out, &snapshot->arena, bl_slice((const uint8_t *)data, len)))
        return bl_fail(err, BAALS_NOMEM, "no memory for what was read");
    return BAALS_OK;
}

static baals_status rocks_get(baals_storage *self,
                              baals_slice *value_out,
                              baals_snapshot *base,
                              baals_space space,
                              baals_slice key,
                              baals_error *err)
{
    struct rocks_snapshot *snapshot = rocks_snapshot_from(base);
    struct rocks_key name;
    char *text = NULL;
    size_t len = 0;
    const char *bytes = rocks_key_make(&name, space, key);
    rocksdb_pinnableslice_t *value =
        rocksdb_get_pinned(rocks_from(self)->db, snapshot->read_options, bytes, name.len, &text);
    if (text != NULL)
        return rocks_fail(text, "a read", err);
    if (value == NULL)
        return BAALS_NOTFOUND;
    const char *data = rocksdb_pinnableslice_value(value, &len);
    baals_status status = rocks_lend(snapshot, value_out, data, len, err);
    rocksdb_pinnableslice_destroy(value);
    return status;
}

/* Whether the iterator stands at this very key. */
static bool rocks_at(const rocksdb_iterator_t *iterator, const struct rocks_key *key)
{
    size_t len = 0;
    if (!rocksdb_iter_valid(iterator))
        return false;
    const char *found = rocksdb_iter_key(iterator, &len);
    return len == key->len && memcmp(found, key->bytes, len) == 0;
}

/* Puts the iterator where the entry is, or where it would be if it were in the space. */
static void
rocks_place(rocksdb_iterator_t *iterator, baals_space space, baals_slice key, uint32_t flags)
{
    struct rocks_key name;
    bool exclusive = (flags & BAALS_SEEK_EXCLUSIVE) != 0;
    if ((flags & BAALS_SEEK_DESCENDING) == 0) {
        const char *bytes = rocks_key_make(&name, space, key);
        rocksdb_iter_seek(iterator, bytes, name.len);
        if (exclusive && rocks_at(iterator, &name))
            rocksdb_iter_next(iterator);
        return;
    }
    /* An empty key asks for the last entry: the one before every key of the next space. */
    const char *bytes = rocks_key_make(&name, key.len == 0 ? space + 1 : space, key);
    rocksdb_iter_seek_for_prev(iterator, bytes, name.len);
    if (exclusive && rocks_at(iterator, &name))
        rocksdb_iter_prev(iterator);
}

/* NOLINTNEXTLINE(readability-function-size): the interface has eight parameters. */
static baals_status rocks_seek(baals_storage *self,
                               baals_slice *key_out,
                               baals_slice *value_out,
                               baals_snapshot *base,
                               baals_space space,
                               baals_slice key,
                               uint32_t flags,
                               baals_error *err)
{
    struct rocks_snapshot *snapshot = rocks_snapshot_from(base);
    if (snapshot->iterator == NULL)
        snapshot->iterator = rocksdb_create_iterator(rocks_from(self)->db, snapshot->read_options);
    rocks_place(snapshot->iterator, space, key, flags);
    if (!rocksdb_iter_valid(snapshot->iterator)) {
        char *text = NULL;
        rocksdb_iter_get_error(snapshot->iterator, &text);
        return text != NULL ? rocks_fail(text, "a seek", err) : BAALS_NOTFOUND;
    }
    size_t len = 0;
    size_t value_len = 0;
    const char *found = rocksdb_iter_key(snapshot->iterator, &len);
    if (len < 1 || (uint8_t)found[0] != (uint8_t)space)
        return BAALS_NOTFOUND;
    const char *value = rocksdb_iter_value(snapshot->iterator, &value_len);
    baals_slice found_key;
    baals_slice found_value;
    BL_TRY(rocks_lend(snapshot, &found_key, found + 1, len - 1, err));
    BL_TRY(rocks_lend(snapshot, &found_value, value, value_len, err));
    *key_out = found_key;
    *value_out = found_value;
    return BAALS_OK;
}

/* ---- writing ---- */

static baals_status
rocks_apply(baals_storage *self, const baals_write *writes, size_t count, baals_error *err)
{
    struct rocks_storage *storage = rocks_from(self);
    struct rocks_key name;
    char *text = NULL;
    if (storage->stopped)
        return bl_fail(err, BAALS_IO_SYNC, "the store has stopped after a failed write");
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create();
    for (size_t i = 0; i < count; i++) {
        const char *bytes = rocks_key_make(&name, writes[i].space, writes[i].key);
        if (writes[i].is_delete)
            rocksdb_writebatch_delete(batch, bytes, name.len);
        else
            rocksdb_writebatch_put(batch, bytes, name.len, (const char *)writes[i].value.data,
                                   writes[i].value.len);
    }
    rocksdb_write(storage->db, storage->write_options, batch, &text);
    rocksdb_writebatch_destroy(batch);
    if (text == NULL)
        return BAALS_OK;
    /* What is in the log after a failed write is unknown until it is opened again. */
    storage->stopped = true;
    return rocks_fail(text, "a commit", err);
}

static baals_status rocks_sync(baals_storage *self, baals_error *err)
{
    if (rocks_from(self)->stopped)
        return bl_fail(err, BAALS_IO_SYNC, "the store has stopped after a failed write");
    return BAALS_OK;
}

/* RocksDB only estimates how many entries there are, so they are counted. */
static baals_status rocks_count(struct rocks_storage *storage, uint64_t *out, baals_error *err)
{
    char *text = NULL;
    uint64_t count = 0;
    rocksdb_readoptions_t *options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_fill_cache(options, 0);
    rocksdb_iterator_t *iterator = rocksdb_create_iterator(storage->db, options);
    for (rocksdb_iter_seek_to_first(iterator); rocksdb_iter_valid(iterator);
         rocksdb_iter_next(iterator))
        count++;
    rocksdb_iter_get_error(iterator, &text);
    rocksdb_iter_destroy(iterator);
    rocksdb_readoptions_destroy(options);
    if (text != NULL)
        return rocks_fail(text, "statistics", err);
    *out = count;
    return BAALS_OK;
}

/* Files of tables and, as long as their writes are in no table, what the log holds of them. */
static uint64_t rocks_disk_bytes(struct rocks_storage *storage)
{
    static const char *const properties[] = {"rocksdb.total-sst-files-size",
                                             "rocksdb.cur-size-all-mem-tables"};
    uint64_t total = 0;
    for (size_t i = 0; i < BL_COUNT_OF(properties); i++) {
        uint64_t bytes = 0;
        if (rocksdb_property_int(storage->db, properties[i], &bytes) == 0)
            total += bytes;
    }
    return total;
}

static baals_status
rocks_stats(baals_storage *self, baals_storage_stats *stats_out, baals_error *err)
{
    struct rocks_storage *storage = rocks_from(self);
    baals_storage_stats stats = {0};
    BL_TRY(rocks_count(storage, &stats.entries, err));
    stats.disk_bytes = rocks_disk_bytes(storage);
    *stats_out = stats;
    return BAALS_OK;
}

/* ---- opening and closing ---- */

static void rocks_close(baals_storage *self)
{
    struct rocks_storage *storage = rocks_from(self);
    struct bl_alloc alloc = storage->env->alloc;
    if (storage->db != NULL)
        rocksdb_close(storage->db);
    if (storage->write_options != NULL)
        rocksdb_writeoptions_destroy(storage->write_options);
    bl_alloc_free(&alloc, storage, sizeof(*storage));
}

static const struct baals_storage_ops rocks_ops = {
    .version = BAALS_STORAGE_OPS_VERSION,
    .caps = BAALS_STORAGE_CAP_DURABLE,
    .name = "rocksdb",
    .snapshot_begin = rocks_snapshot_begin,
    .snapshot_end = rocks_snapshot_end,
    .get = rocks_get,
    .seek = rocks_seek,
    .apply = rocks_apply,
    .sync = rocks_sync,
    .stats = rocks_stats,
    .close = rocks_close,
};

static rocksdb_options_t *rocks_options(void)
{
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_cache_t *cache = rocksdb_cache_create_lru(ROCKS_CACHE_BYTES);
    rocksdb_block_based_options_set_block_cache(table, cache);
    rocksdb_cache_destroy(cache);
    /* The table takes the filter over. */
    rocksdb_block_based_options_set_filter_policy(
        table, rocksdb_filterpolicy_create_bloom_full(ROCKS_BLOOM_BITS));
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);
    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_options_set_paranoid_checks(options, 1);
    rocksdb_options_set_write_buffer_size(options, ROCKS_WRITE_BUFFER_BYTES);
    rocksdb_options_set_max_open_files(options, ROCKS_OPEN_FILES);
    rocksdb_options_set_max_background_jobs(options, 2);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1);
    /* Most of what is stored are hashes. */
    rocksdb_options_set_compression(options, rocksdb_no_compression);
    rocksdb_options_set_wal_recovery_mode(options, rocksdb_point_in_time_recovery);
    rocksdb_options_set_max_log_file_size(options, ROCKS_LOG_BYTES);
    rocksdb_options_set_keep_log_file_num(options, 1);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
    return options;
}

static baals_status rocks_open(struct rocks_storage *storage, const char *path, baals_error *err)
{
    char *text = NULL;
    sigset_t all;
    sigset_t before;
    storage->write_options = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(storage->write_options, 1);
    rocksdb_options_t *options = rocks_options();
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    storage->db = rocksdb_open(options, path, &text);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    rocksdb_options_destroy(options);
    if (text != NULL)
        return rocks_fail(text, path, err);
    return bl_env_sync_dir(storage->env, path, err);
}

baals_status
bl_storage_rocksdb_open(baals_storage **out, struct bl_env *env, const char *path, baals_error *err)
{
    struct rocks_storage *storage = bl_alloc_zero(&env->alloc, 1, sizeof(*storage));
    if (storage == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a storage");
    storage->base.ops = &rocks_ops;
    storage->env = env;
    baals_status status = rocks_open(storage, path, err);
    if (status != BAALS_OK) {
        rocks_close(&storage->base);
        return status;
    }
    *out = &storage->base;
    return BAALS_OK;
}
