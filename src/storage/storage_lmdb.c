/* SPDX-License-Identifier: MIT */
/*
 * The LMDB backend: one environment in a folder, one named database per space.
 *
 * Durability: a batch is one LMDB transaction with LMDB's own synchronous commit. It writes all new
 * pages, syncs them, and only then writes and syncs the page that names the new root, so that after
 * power loss the whole batch is there or none of it. `apply` is therefore durable when it returns
 * and `sync` has nothing left to do. The faster modes (MDB_NOSYNC, MDB_NOMETASYNC) leave the order
 * of these writes to the kernel and are not used.
 *
 * Space: the map cannot change while a transaction is open, so as much address space as the process
 * may have, up to 1 TiB, is reserved when opening. It costs neither memory nor disk.
 *
 * Damage: LMDB follows whatever its pages say, and a damaged offset or length can make it read
 * behind the file, which ends the process by a signal. The file is therefore kept LMDB_SLACK longer
 * than its last page (sparse): reads that go astray by less find zeros, and the checksum answers
 * CORRUPT_STORE. A file cut short is lengthened on opening for the same reason. Some damaged flags
 * still end the process inside LMDB; `repair` never reads this store.
 *
 * No DUPSORT and no nested transactions: fixes for them are missing in LMDB 0.9.24.
 */
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>

#include "storage/storage_internal.h"

#define LMDB_MAP_BYTES_MAX (1ull << 40)
#define LMDB_MAP_BYTES_MIN (1ull << 28)
#define LMDB_READERS_MAX 1024u
/* Covers a value of the greatest length and any 16-bit offset in a page before it. */
#define LMDB_SLACK (2ull * 1024u * 1024u)
/* The file is lengthened in steps of this, to save calls. */
#define LMDB_STEP (16ull * 1024u * 1024u)

struct lmdb_storage {
    baals_storage base;
    struct bl_env *env;
    MDB_env *mdb;
    struct bl_file *file; /* data.mdb, to measure and to lengthen it */
    uint64_t file_bytes;  /* its length as we last made it; the writer's */
    bool stopped;         /* a sync failed; the writer's */
    MDB_dbi spaces[BAALS_SPACE_COUNT];
};

/* What a baals_snapshot of this backend is. */
struct lmdb_snapshot {
    MDB_txn *txn;
    MDB_cursor *cursors[BAALS_SPACE_COUNT]; /* opened by the first seek in a space */
};

static const struct baals_storage_ops lmdb_ops;

static struct lmdb_storage *lmdb_from(baals_storage *base)
{
    BL_ASSERT(base->ops == &lmdb_ops);
    return BL_CONTAINER_OF(base, struct lmdb_storage, base);
}

static struct lmdb_snapshot *lmdb_snapshot_from(baals_snapshot *snapshot)
{
    return (struct lmdb_snapshot *)(void *)snapshot;
}

static baals_status lmdb_status(int code)
{
    switch (code) {
    case MDB_NOTFOUND:
        return BAALS_NOTFOUND;
    case ENOMEM:
        return BAALS_NOMEM;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return BAALS_IO_FULL;
    case EROFS:
        return BAALS_IO_READONLY;
    case EACCES:
    case EPERM:
        return BAALS_IO_DENIED;
    case EAGAIN:
    case EBUSY:
        return BAALS_BUSY;
    case MDB_MAP_FULL:
    case MDB_READERS_FULL:
    case MDB_TXN_FULL:
        return BAALS_LIMIT;
    case MDB_PANIC: /* the page that names the root could not be written */
        return BAALS_IO_SYNC;
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_VERSION_MISMATCH:
    case MDB_INVALID:
    case MDB_PAGE_FULL:
    case MDB_CURSOR_FULL:
    case MDB_INCOMPATIBLE:
    case MDB_BAD_VALSIZE:
    case MDB_BAD_DBI:
        return BAALS_CORRUPT_STORE;
    default:
        return BAALS_IO;
    }
}

static baals_status lmdb_fail(int code, const char *what, baals_error *err)
{
    baals_status status = lmdb_status(code);
    if (status == BAALS_NOTFOUND)
        return status;
    return bl_fail(err, status, "%s: %s", what, mdb_strerror(code));
}

static MDB_val lmdb_val(baals_slice slice)
{
    /* LMDB does not write through the pointer; its struct has no const. */
    union {
        const void *in;
        void *out;
    } cast = {.in = slice.data};
    return (MDB_val){.mv_size = slice.len, .mv_data = cast.out};
}

static baals_slice lmdb_slice(MDB_val val)
{
    return bl_slice(val.mv_data, val.mv_size);
}

/* ---- reading ---- */

static baals_status
lmdb_snapshot_begin(baals_storage *self, baals_snapshot **snapshot_out, baals_error *err)
{
    struct lmdb_storage *storage = lmdb_from(self);
    struct lmdb_snapshot *snapshot = bl_alloc_zero(&storage->env->alloc, 1, sizeof(*snapshot));
    if (snapshot == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a snapshot");
    int code = mdb_txn_begin(storage->mdb, NULL, MDB_RDONLY, &snapshot->txn);
    if (code != 0) {
        bl_alloc_free(&storage->env->alloc, snapshot, sizeof(*snapshot));
        return lmdb_fail(code, "a read transaction", err);
    }
    *snapshot_out = (baals_snapshot *)(void *)snapshot;
    return BAALS_OK;
}

static void lmdb_snapshot_end(baals_storage *self, baals_snapshot *base)
{
    struct lmdb_storage *storage = lmdb_from(self);
    struct lmdb_snapshot *snapshot = lmdb_snapshot_from(base);
    for (size_t i = 0; i < BAALS_SPACE_COUNT; i++) {
        if (snapshot->cursors[i] != NULL)
            mdb_cursor_close(snapshot->cursors[i]);
    }
    mdb_txn_abort(snapshot->txn);
    bl_alloc_free(&storage->env->alloc, snapshot, sizeof(*snapshot));
}

/* A length that only damage explains is not followed. */
static baals_status lmdb_check_value(MDB_val value, baals_error *err)
{
    if (value.mv_size > BL_KV_VALUE_MAX + BL_KV_CHECKSUM_BYTES)
        return bl_fail(err, BAALS_CORRUPT_STORE, "a value claims %zu bytes", value.mv_size);
    return BAALS_OK;
}

static baals_status lmdb_get(baals_storage *self,
                             baals_slice *value_out,
                             baals_snapshot *snapshot,
                             baals_space space,
                             baals_slice key,
                             baals_error *err)
{
    struct lmdb_storage *storage = lmdb_from(self);
    MDB_val name = lmdb_val(key);
    MDB_val value;
    int code = mdb_get(lmdb_snapshot_from(snapshot)->txn, storage->spaces[space], &name, &value);
    if (code != 0)
        return lmdb_fail(code, "a read", err);
    BL_TRY(lmdb_check_value(value, err));
    *value_out = lmdb_slice(value);
    return BAALS_OK;
}

static int
lmdb_ascend(MDB_cursor *cursor, MDB_val *found, MDB_val *value, baals_slice key, bool exclusive)
{
    if (key.len == 0)
        return mdb_cursor_get(cursor, found, value, MDB_FIRST);
    *found = lmdb_val(key);
    int code = mdb_cursor_get(cursor, found, value, MDB_SET_RANGE);
    if (code == 0 && exclusive && bl_slice_equal(lmdb_slice(*found), key))
        code = mdb_cursor_get(cursor, found, value, MDB_NEXT);
    return code;
}

static int
lmdb_descend(MDB_cursor *cursor, MDB_val *found, MDB_val *value, baals_slice key, bool exclusive)
{
    if (key.len == 0)
        return mdb_cursor_get(cursor, found, value, MDB_LAST);
    *found = lmdb_val(key);
    int code = mdb_cursor_get(cursor, found, value, MDB_SET_RANGE);
    if (code == MDB_NOTFOUND)
        return mdb_cursor_get(cursor, found, value, MDB_LAST);
    if (code == 0 && (exclusive || !bl_slice_equal(lmdb_slice(*found), key)))
        code = mdb_cursor_get(cursor, found, value, MDB_PREV);
    return code;
}

/* NOLINTNEXTLINE(readability-function-size): the interface has eight parameters. */
static baals_status lmdb_seek(baals_storage *self,
                              baals_slice *key_out,
                              baals_slice *value_out,
                              baals_snapshot *base,
                              baals_space space,
                              baals_slice key,
                              uint32_t flags,
                              baals_error *err)
{
    struct lmdb_storage *storage = lmdb_from(self);
    struct lmdb_snapshot *snapshot = lmdb_snapshot_from(base);
    MDB_cursor **cursor = &snapshot->cursors[space];
    bool exclusive = (flags & BAALS_SEEK_EXCLUSIVE) != 0;
    MDB_val found = {0};
    MDB_val value = {0};
    int code = 0;
    if (*cursor == NULL)
        code = mdb_cursor_open(snapshot->txn, storage->spaces[space], cursor);
    if (code == 0 && (flags & BAALS_SEEK_DESCENDING) != 0)
        code = lmdb_descend(*cursor, &found, &value, key, exclusive);
    else if (code == 0)
        code = lmdb_ascend(*cursor, &found, &value, key, exclusive);
    if (code != 0)
        return lmdb_fail(code, "a seek", err);
    BL_TRY(lmdb_check_value(value, err));
    *key_out = lmdb_slice(found);
    *value_out = lmdb_slice(value);
    return BAALS_OK;
}

/* ---- writing ---- */

/* Keeps the file LMDB_SLACK longer than its last page; see above. */
static baals_status lmdb_lengthen(struct lmdb_storage *storage, baals_error *err)
{
    MDB_envinfo info;
    MDB_stat stat;
    if (mdb_env_info(storage->mdb, &info) != 0 || mdb_env_stat(storage->mdb, &stat) != 0)
        return bl_fail(err, BAALS_IO, "the store does not tell its size");
    uint64_t pages = (uint64_t)info.me_last_pgno + 1;
    if (pages > info.me_mapsize / stat.ms_psize)
        return bl_fail(err, BAALS_CORRUPT_STORE, "the store claims more pages than it can have");
    uint64_t needed = pages * stat.ms_psize + LMDB_SLACK;
    if (needed <= storage->file_bytes)
        return BAALS_OK;
    needed = (needed + LMDB_STEP - 1) / LMDB_STEP * LMDB_STEP;
    BL_TRY(bl_file_truncate(storage->file, needed, err));
    storage->file_bytes = needed;
    return BAALS_OK;
}

static int lmdb_write(struct lmdb_storage *storage, MDB_txn *txn, const baals_write *write)
{
    MDB_dbi space = storage->spaces[write->space];
    MDB_val key = lmdb_val(write->key);
    if (write->is_delete) {
        int code = mdb_del(txn, space, &key, NULL);
        return code == MDB_NOTFOUND ? 0 : code;
    }
    MDB_val value = lmdb_val(write->value);
    return mdb_put(txn, space, &key, &value, 0);
}

/* LMDB answers EIO for a failed sync and for a write that a full disk cut short. Growing the file
 * tells them apart. */
static bool lmdb_disk_full(struct lmdb_storage *storage)
{
    uint8_t zeros[4096] = {0};
    uint64_t end;
    baals_error ignored;
    if (bl_file_size(storage->file, &end, &ignored) != BAALS_OK)
        return false;
    baals_status status = bl_file_write_at(storage->file, end, zeros, sizeof(zeros), &ignored);
    /* A file that stays longer does no harm. */
    (void)bl_file_truncate(storage->file, end, &ignored);
    return status == BAALS_IO_FULL;
}

/* The batch is not there: the old root still names the old pages, and none of these was touched. */
static baals_status lmdb_commit_failed(struct lmdb_storage *storage, int code, baals_error *err)
{
    baals_status status = lmdb_status(code);
    if (code == EIO)
        status = lmdb_disk_full(storage) ? BAALS_IO_FULL : BAALS_IO_SYNC;
    /* What the kernel still holds of the file after a failed sync is unknown. */
    if (status == BAALS_IO_SYNC)
        storage->stopped = true;
    return bl_fail(err, status, "a commit: %s", mdb_strerror(code));
}

static baals_status
lmdb_apply(baals_storage *self, const baals_write *writes, size_t count, baals_error *err)
{
    struct lmdb_storage *storage = lmdb_from(self);
    MDB_txn *txn;
    if (storage->stopped)
        return bl_fail(err, BAALS_IO_SYNC, "the store has stopped after a failed sync");
    int code = mdb_txn_begin(storage->mdb, NULL, 0, &txn);
    if (code != 0)
        return lmdb_fail(code, "a write transaction", err);
    for (size_t i = 0; i < count; i++) {
        code = lmdb_write(storage, txn, &writes[i]);
        if (code != 0) {
            mdb_txn_abort(txn);
            return lmdb_fail(code, "a write", err);
        }
    }
    code = mdb_txn_commit(txn);
    if (code != 0)
        return lmdb_commit_failed(storage, code, err);
    /* The batch is there; without the slack only damaged pages are read less safely. */
    baals_error ignored;
    if (lmdb_lengthen(storage, &ignored) != BAALS_OK)
        bl_log(storage->env, BL_LOG_WARN, "the store's file cannot grow: %s", ignored.message);
    return BAALS_OK;
}

static baals_status lmdb_sync(baals_storage *self, baals_error *err)
{
    if (lmdb_from(self)->stopped)
        return bl_fail(err, BAALS_IO_SYNC, "the store has stopped after a failed sync");
    return BAALS_OK;
}

static baals_status
lmdb_stats(baals_storage *self, baals_storage_stats *stats_out, baals_error *err)
{
    struct lmdb_storage *storage = lmdb_from(self);
    baals_storage_stats stats = {0};
    MDB_txn *txn;
    MDB_envinfo info;
    MDB_stat stat = {0};
    int code = mdb_txn_begin(storage->mdb, NULL, MDB_RDONLY, &txn);
    if (code != 0)
        return lmdb_fail(code, "a read transaction", err);
    for (size_t i = 0; code == 0 && i < BAALS_SPACE_COUNT; i++) {
        code = mdb_stat(txn, storage->spaces[i], &stat);
        stats.entries += stat.ms_entries;
    }
    if (code == 0)
        code = mdb_env_info(storage->mdb, &info);
    mdb_txn_abort(txn);
    if (code != 0)
        return lmdb_fail(code, "statistics", err);
    stats.disk_bytes = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    *stats_out = stats;
    return BAALS_OK;
}

/* ---- opening and closing ---- */

static void lmdb_close(baals_storage *self)
{
    struct lmdb_storage *storage = lmdb_from(self);
    struct bl_alloc alloc = storage->env->alloc;
    if (storage->mdb != NULL)
        mdb_env_close(storage->mdb);
    bl_file_close(storage->file);
    bl_alloc_free(&alloc, storage, sizeof(*storage));
}

static const struct baals_storage_ops lmdb_ops = {
    .version = BAALS_STORAGE_OPS_VERSION,
    .caps = BAALS_STORAGE_CAP_DURABLE,
    .name = "lmdb",
    .snapshot_begin = lmdb_snapshot_begin,
    .snapshot_end = lmdb_snapshot_end,
    .get = lmdb_get,
    .seek = lmdb_seek,
    .apply = lmdb_apply,
    .sync = lmdb_sync,
    .stats = lmdb_stats,
    .close = lmdb_close,
};

/* Tries once with a map of map_bytes. After a failure the environment cannot be used again. */
static int lmdb_env_try(MDB_env **out, const char *path, uint64_t map_bytes)
{
    MDB_env *mdb;
    int code = mdb_env_create(&mdb);
    if (code != 0)
        return code;
    code = mdb_env_set_mapsize(mdb, (size_t)map_bytes);
    if (code == 0)
        code = mdb_env_set_maxdbs(mdb, BAALS_SPACE_COUNT);
    if (code == 0)
        code = mdb_env_set_maxreaders(mdb, LMDB_READERS_MAX);
    if (code == 0)
        code = mdb_env_open(mdb, path, MDB_NOTLS, 0600);
    if (code != 0) {
        mdb_env_close(mdb);
        return code;
    }
    *out = mdb;
    return 0;
}

/* Reserves as much address space as the process may have. */
static int lmdb_env_open(MDB_env **out, const char *path)
{
    uint64_t map_bytes = LMDB_MAP_BYTES_MAX;
    if (map_bytes > SIZE_MAX / 4)
        map_bytes = SIZE_MAX / 4 + 1;
    int code = lmdb_env_try(out, path, map_bytes);
    while ((code == ENOMEM || code == EINVAL) && map_bytes > LMDB_MAP_BYTES_MIN) {
        map_bytes /= 2;
        code = lmdb_env_try(out, path, map_bytes);
    }
    return code;
}

/* Only an environment that never saw a commit gets new databases: in an old one a database that is
 * missing is damage. */
static int lmdb_spaces_open(struct lmdb_storage *storage)
{
    MDB_txn *txn;
    MDB_envinfo info;
    int code = mdb_env_info(storage->mdb, &info);
    if (code != 0)
        return code;
    unsigned flags = info.me_last_txnid == 0 ? MDB_CREATE : 0;
    code = mdb_txn_begin(storage->mdb, NULL, 0, &txn);
    if (code != 0)
        return code;
    for (size_t i = 0; i < BAALS_SPACE_COUNT; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "space-%02u", (unsigned)i);
        code = mdb_dbi_open(txn, name, flags, &storage->spaces[i]);
        if (code != 0) {
            mdb_txn_abort(txn);
            return code;
        }
    }
    return mdb_txn_commit(txn);
}

/* Syncs the folder unless more was committed than what made the store: then whoever opened it
 * before has done so. */
static baals_status
lmdb_sync_names(const struct lmdb_storage *storage, const char *path, baals_error *err)
{
    MDB_envinfo info;
    int code = mdb_env_info(storage->mdb, &info);
    if (code != 0)
        return lmdb_fail(code, path, err);
    return info.me_last_txnid > 1 ? BAALS_OK : bl_env_sync_dir(storage->env, path, err);
}

static baals_status lmdb_open(struct lmdb_storage *storage, const char *path, baals_error *err)
{
    char data[BL_PATH_MAX];
    int dead = 0;
    BL_TRY(bl_path_join(data, sizeof(data), path, "data.mdb", err));
    int code = lmdb_env_open(&storage->mdb, path);
    if (code != 0)
        return lmdb_fail(code, path, err);
    BL_ASSERT(mdb_env_get_maxkeysize(storage->mdb) >= (int)BL_KV_KEY_MAX);
    /* Readers of a process that was killed would keep old pages alive. */
    code = mdb_reader_check(storage->mdb, &dead);
    if (code != 0)
        return lmdb_fail(code, path, err);
    BL_TRY(bl_file_open(storage->env, &storage->file, data, BL_OPEN_WRITE, err));
    BL_TRY(bl_file_size(storage->file, &storage->file_bytes, err));
    BL_TRY(lmdb_lengthen(storage, err));
    code = lmdb_spaces_open(storage);
    if (code == MDB_NOTFOUND)
        return bl_fail(err, BAALS_CORRUPT_STORE, "%s: a space is missing", path);
    if (code != 0)
        return lmdb_fail(code, path, err);
    return lmdb_sync_names(storage, path, err);
}

baals_status
bl_storage_lmdb_open(baals_storage **out, struct bl_env *env, const char *path, baals_error *err)
{
    struct lmdb_storage *storage = bl_alloc_zero(&env->alloc, 1, sizeof(*storage));
    if (storage == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a storage");
    storage->base.ops = &lmdb_ops;
    storage->env = env;
    baals_status status = lmdb_open(storage, path, err);
    if (status != BAALS_OK) {
        lmdb_close(&storage->base);
        return status;
    }
    *out = &storage->base;
    return BAALS_OK;
}
