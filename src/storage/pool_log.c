/* SPDX-License-Identifier: MIT */
/*
 * pool.log (docs/internals/journal.md has the bytes): a header, then PUT and REMOVE records.
 * Records are staged in memory and written together; a PUT is written before its put returns. Each
 * record's hash covers the hash of the record before it, so that nothing but the next record of
 * this very log is taken for one; reading ends where that does not hold. What is pending is kept in
 * memory by id and place, never the transactions themselves.
 */
#include "storage/pool_log.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "storage/journal_internal.h"

static const uint8_t pool_log_magic[8] = {'B', 'A', 'A', 'L', 'S', 'P', 'O', 'L'};

enum {
    POOL_LOG_VERSION = 1,
    POOL_LOG_PUT = 1,
    POOL_LOG_REMOVE = 2,

    POOL_LOG_AT_VERSION = 8,
    POOL_LOG_AT_CHAIN = 16,
    POOL_LOG_AT_HEADER_HASH = 48,
    POOL_LOG_HEADER = 80,

    POOL_LOG_AT_LEN = 0,
    POOL_LOG_AT_TYPE = 4,
    POOL_LOG_AT_ARRIVED = 8,
    POOL_LOG_AT_ID = 16,
    POOL_LOG_AT_HASH = 48,
    POOL_LOG_RECORD = 80,

    /* Removals are written when so many bytes of them have gathered, and refused when the file has
     * taken none for long. */
    POOL_LOG_STAGED_WRITE = 64 * 1024,
    POOL_LOG_STAGED_MAX = 4 * 1024 * 1024,
};

/* A transaction that was put. Entries stay in the order they were put. */
struct pool_log_entry {
    baals_hash id;
    uint64_t offset; /* of its record */
    uint32_t len;    /* of the transaction */
    bool live;
};

/* Entries and a table of them by id: open addressing, entry number + 1, 0 for a free place. Dead
 * entries keep their place until the table is made anew. */
struct pool_log_index {
    struct pool_log_entry *entries;
    uint32_t *table; /* 2 * cap places */
    uint32_t count;
    uint32_t cap; /* a power of two, or 0 */
    uint32_t dead;
    uint64_t factor; /* random and odd: nobody can choose ids that meet */
};

struct bl_pool_log {
    struct bl_env *env;
    struct bl_file *file;
    char *path;
    baals_hash chain_id;
    struct pool_log_index index;
    struct bl_journal_window window;
    struct bl_buffer record; /* the one being read */
    struct bl_buffer staged; /* records that are not in the file yet */
    uint64_t end;            /* of the file's records: staged ones follow */
    uint64_t live_bytes;     /* of the records of live entries */
    baals_hash last_hash;    /* of the last record, staged ones counted */
};

/* ---- index ---- */

static uint32_t pool_log_slot(const struct pool_log_index *index, const baals_hash *id)
{
    uint64_t mixed = bl_load_u64le(id->bytes) * index->factor;
    return (uint32_t)(mixed >> 32) & (2 * index->cap - 1);
}

static void pool_log_index_place(struct pool_log_index *index, uint32_t number)
{
    uint32_t slot = pool_log_slot(index, &index->entries[number].id);
    while (index->table[slot] != 0)
        slot = (slot + 1) & (2 * index->cap - 1);
    index->table[slot] = number + 1;
}

static struct pool_log_entry *pool_log_index_find(struct pool_log_index *index,
                                                  const baals_hash *id)
{
    if (index->cap == 0)
        return NULL;
    for (uint32_t slot = pool_log_slot(index, id); index->table[slot] != 0;
         slot = (slot + 1) & (2 * index->cap - 1)) {
        struct pool_log_entry *entry = &index->entries[index->table[slot] - 1];
        if (entry->live && bl_hash_equal(&entry->id, id))
            return entry;
    }
    return NULL;
}

/* Drops the dead entries. */
static void pool_log_index_squeeze(struct pool_log_index *index)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < index->count; i++) {
        if (index->entries[i].live)
            index->entries[count++] = index->entries[i];
    }
    index->count = count;
    index->dead = 0;
    memset(index->table, 0, 2 * (size_t)index->cap * sizeof *index->table);
    for (uint32_t i = 0; i < count; i++)
        pool_log_index_place(index, i);
}

static baals_status
pool_log_index_grow(struct pool_log_index *index, const struct bl_alloc *alloc, baals_error *err)
{
    if (index->cap >= 1u << 30)
        return bl_fail(err, BAALS_LIMIT, "too many transactions in pool.log");
    uint32_t cap = index->cap == 0 ? 64 : index->cap * 2;
    uint32_t *table = bl_alloc_zero(alloc, 2 * (size_t)cap, sizeof *table);
    if (table == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the index of pool.log");
    size_t size = sizeof *index->entries;
    struct pool_log_entry *entries =
        bl_alloc_resize(alloc, index->entries, index->cap * size, cap * size);
    if (entries == NULL) {
        bl_alloc_free(alloc, table, 2 * (size_t)cap * sizeof *table);
        return bl_fail(err, BAALS_NOMEM, "no memory for the index of pool.log");
    }
    bl_alloc_free(alloc, index->table, 2 * (size_t)index->cap * sizeof *table);
    index->entries = entries;
    index->table = table;
    index->cap = cap;
    pool_log_index_squeeze(index);
    return BAALS_OK;
}

/* Makes room for `more` entries. */
static baals_status pool_log_index_reserve(struct pool_log_index *index,
                                           size_t more,
                                           const struct bl_alloc *alloc,
                                           baals_error *err)
{
    while (index->cap - index->count < more) {
        if (index->cap > 0 && index->dead >= index->cap / 2)
            pool_log_index_squeeze(index);
        else
            BL_TRY(pool_log_index_grow(index, alloc, err));
    }
    return BAALS_OK;
}

/* Notes that `id` left; unknown ones are ignored. */
static void pool_log_forget(struct bl_pool_log *log, const baals_hash *id)
{
    struct pool_log_entry *entry = pool_log_index_find(&log->index, id);
    if (entry == NULL)
        return;
    entry->live = false;
    log->index.dead++;
    log->live_bytes -= POOL_LOG_RECORD + (uint64_t)entry->len;
}

/* Notes the record at `offset`; room was reserved. An id put again counts from now on. */
static void
pool_log_note(struct bl_pool_log *log, const baals_hash *id, uint64_t offset, uint32_t len)
{
    pool_log_forget(log, id);
    BL_ASSERT(log->index.count < log->index.cap);
    log->index.entries[log->index.count] =
        (struct pool_log_entry){.id = *id, .offset = offset, .len = len, .live = true};
    pool_log_index_place(&log->index, log->index.count);
    log->index.count++;
    log->live_bytes += POOL_LOG_RECORD + (uint64_t)len;
}

static void pool_log_index_clear(struct bl_pool_log *log)
{
    for (uint32_t i = 0; i < log->index.count; i++)
        log->index.entries[i].live = false;
    if (log->index.cap > 0)
        pool_log_index_squeeze(&log->index);
    log->live_bytes = 0;
}

/* ---- bytes ---- */

/* The header of the chain's file; *hash_out is where the chain of records begins. */
static void pool_log_encode_header(uint8_t out[POOL_LOG_HEADER],
                                   baals_hash *hash_out,
                                   const baals_hash *chain_id)
{
    memset(out, 0, POOL_LOG_HEADER);
    memcpy(out, pool_log_magic, sizeof pool_log_magic);
    bl_store_u32le(out + POOL_LOG_AT_VERSION, POOL_LOG_VERSION);
    memcpy(out + POOL_LOG_AT_CHAIN, chain_id->bytes, sizeof chain_id->bytes);
    bl_sha256(hash_out, bl_slice(out, POOL_LOG_AT_HEADER_HASH));
    memcpy(out + POOL_LOG_AT_HEADER_HASH, hash_out->bytes, sizeof hash_out->bytes);
}

/* Hash of a record: over the hash before it, its own first bytes and the transaction. */
static void
pool_log_hash(baals_hash *out, const baals_hash *prev, const uint8_t *record, uint32_t len)
{
    struct bl_sha256 state;
    bl_sha256_init(&state);
    bl_sha256_update(&state, bl_slice(prev->bytes, sizeof prev->bytes));
    bl_sha256_update(&state, bl_slice(record, POOL_LOG_AT_HASH));
    bl_sha256_update(&state, bl_slice(record + POOL_LOG_RECORD, len));
    bl_sha256_final(out, &state);
}

/* Stages a record behind those that are. */
static baals_status pool_log_stage(struct bl_pool_log *log,
                                   uint32_t type,
                                   const baals_hash *id,
                                   uint64_t arrived_ms,
                                   baals_slice tx,
                                   baals_error *err)
{
    uint8_t *record = bl_buffer_extend(&log->staged, POOL_LOG_RECORD + tx.len);
    if (record == NULL) {
        baals_status status = bl_buffer_status(&log->staged, err);
        log->staged.failed = false;
        return status;
    }
    bl_store_u32le(record + POOL_LOG_AT_LEN, (uint32_t)tx.len);
    bl_store_u32le(record + POOL_LOG_AT_TYPE, type);
    bl_store_u64le(record + POOL_LOG_AT_ARRIVED, arrived_ms);
    memcpy(record + POOL_LOG_AT_ID, id->bytes, sizeof id->bytes);
    if (tx.len > 0)
        memcpy(record + POOL_LOG_RECORD, tx.data, tx.len);
    pool_log_hash(&log->last_hash, &log->last_hash, record, (uint32_t)tx.len);
    memcpy(record + POOL_LOG_AT_HASH, log->last_hash.bytes, sizeof log->last_hash.bytes);
    return BAALS_OK;
}

/* A record as read; `tx` borrows from log->record. */
struct pool_log_item {
    uint32_t type;
    uint64_t offset;
    uint64_t arrived_ms;
    baals_hash id;
    baals_hash hash;
    baals_slice tx;
};

/* Reads the record at `offset`: *whole_out when it continues `prev`. */
static baals_status pool_log_read(struct bl_pool_log *log,
                                  struct pool_log_item *item,
                                  bool *whole_out,
                                  uint64_t offset,
                                  const baals_hash *prev,
                                  baals_error *err)
{
    size_t read = 0;
    *whole_out = false;
    bl_buffer_clear(&log->record);
    uint8_t *record = bl_buffer_extend(&log->record, POOL_LOG_RECORD);
    if (record == NULL)
        return bl_buffer_status(&log->record, err);
    BL_TRY(bl_journal_window_copy(&log->window, record, &read, offset, POOL_LOG_RECORD, err));
    uint32_t len = bl_load_u32le(record + POOL_LOG_AT_LEN);
    uint32_t type = bl_load_u32le(record + POOL_LOG_AT_TYPE);
    bool possible =
        (type == POOL_LOG_PUT && len <= BL_TX_BYTES_MAX) || (type == POOL_LOG_REMOVE && len == 0);
    if (read < POOL_LOG_RECORD || !possible)
        return BAALS_OK;
    if (len > 0) {
        uint8_t *tx = bl_buffer_extend(&log->record, len);
        if (tx == NULL)
            return bl_buffer_status(&log->record, err);
        BL_TRY(bl_journal_window_copy(&log->window, tx, &read, offset + POOL_LOG_RECORD, len, err));
        if (read < len)
            return BAALS_OK;
    }
    record = log->record.data;
    pool_log_hash(&item->hash, prev, record, len);
    item->type = type;
    item->offset = offset;
    item->arrived_ms = bl_load_u64le(record + POOL_LOG_AT_ARRIVED);
    memcpy(item->id.bytes, record + POOL_LOG_AT_ID, sizeof item->id.bytes);
    item->tx = bl_slice(record + POOL_LOG_RECORD, len);
    *whole_out = memcmp(item->hash.bytes, record + POOL_LOG_AT_HASH, sizeof item->hash.bytes) == 0;
    return BAALS_OK;
}

/* Gives every whole record from the start to `visit`; *end_out is behind the last of them,
 * *hash_out its hash. */
static baals_status
pool_log_walk(struct bl_pool_log *log,
              uint64_t *end_out,
              baals_hash *hash_out,
              baals_status (*visit)(void *ctx, const struct pool_log_item *item, baals_error *err),
              void *ctx,
              baals_error *err)
{
    uint8_t header[POOL_LOG_HEADER];
    struct pool_log_item item;
    uint64_t offset = POOL_LOG_HEADER;
    baals_hash prev;
    pool_log_encode_header(header, &prev, &log->chain_id);
    bl_journal_window_use(&log->window, log->file);
    for (;;) {
        bool whole = false;
        BL_TRY(pool_log_read(log, &item, &whole, offset, &prev, err));
        if (!whole)
            break;
        BL_TRY(visit(ctx, &item, err));
        prev = item.hash;
        offset += POOL_LOG_RECORD + (uint64_t)item.tx.len;
    }
    *end_out = offset;
    *hash_out = prev;
    return BAALS_OK;
}

/* ---- opening ---- */

static baals_status
pool_log_visit_index(void *ctx, const struct pool_log_item *item, baals_error *err)
{
    struct bl_pool_log *log = ctx;
    if (item->type == POOL_LOG_REMOVE) {
        pool_log_forget(log, &item->id);
        return BAALS_OK;
    }
    BL_TRY(pool_log_index_reserve(&log->index, 1, &log->env->alloc, err));
    pool_log_note(log, &item->id, item->offset, (uint32_t)item->tx.len);
    return BAALS_OK;
}

struct pool_log_replay {
    struct bl_pool_log *log;
    baals_status (*each)(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice tx);
    void *ctx;
};

/* Whether this record is the one that counts for its transaction. */
static bool pool_log_is_live(struct bl_pool_log *log, const struct pool_log_item *item)
{
    const struct pool_log_entry *entry = pool_log_index_find(&log->index, &item->id);
    return item->type == POOL_LOG_PUT && entry != NULL && entry->offset == item->offset;
}

static baals_status
pool_log_visit_replay(void *ctx, const struct pool_log_item *item, baals_error *err)
{
    const struct pool_log_replay *replay = ctx;
    (void)err;
    if (!pool_log_is_live(replay->log, item))
        return BAALS_OK;
    return replay->each(replay->ctx, &item->id, item->arrived_ms, item->tx);
}

/* Throws away what the file holds and begins it anew. */
static baals_status pool_log_restart(struct bl_pool_log *log, baals_error *err)
{
    uint8_t header[POOL_LOG_HEADER];
    baals_hash hash;
    pool_log_encode_header(header, &hash, &log->chain_id);
    BL_TRY(bl_file_truncate(log->file, 0, err));
    pool_log_index_clear(log);
    bl_buffer_clear(&log->staged);
    log->end = 0;
    BL_TRY(bl_file_write_at(log->file, 0, header, sizeof header, err));
    log->end = sizeof header;
    log->last_hash = hash;
    return BAALS_OK;
}

/* *good_out: the header is this chain's. A damaged one is not an error, a foreign one is. */
static baals_status pool_log_check_header(struct bl_pool_log *log, bool *good_out, baals_error *err)
{
    uint8_t bytes[POOL_LOG_HEADER];
    baals_hash hash;
    size_t read = 0;
    *good_out = false;
    BL_TRY(bl_file_read_at(log->file, bytes, &read, 0, sizeof bytes, err));
    if (read < sizeof bytes || memcmp(bytes, pool_log_magic, sizeof pool_log_magic) != 0)
        return BAALS_OK;
    bl_sha256(&hash, bl_slice(bytes, POOL_LOG_AT_HEADER_HASH));
    if (memcmp(hash.bytes, bytes + POOL_LOG_AT_HEADER_HASH, sizeof hash.bytes) != 0)
        return BAALS_OK;
    if (bl_load_u32le(bytes + POOL_LOG_AT_VERSION) != POOL_LOG_VERSION)
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION, "pool.log has a later format");
    if (memcmp(bytes + POOL_LOG_AT_CHAIN, log->chain_id.bytes, sizeof log->chain_id.bytes) != 0)
        return bl_fail(err, BAALS_CORRUPT_FOREIGN, "pool.log belongs to another chain");
    *good_out = true;
    return BAALS_OK;
}

static baals_status pool_log_load(struct bl_pool_log *log, uint64_t *dropped_out, baals_error *err)
{
    uint64_t size = 0;
    bool good = false;
    BL_TRY(bl_file_open(log->env, &log->file, log->path, BL_OPEN_WRITE | BL_OPEN_CREATE, err));
    BL_TRY(bl_file_size(log->file, &size, err));
    if (size > 0)
        BL_TRY(pool_log_check_header(log, &good, err));
    if (!good) {
        *dropped_out = size;
        return pool_log_restart(log, err);
    }
    BL_TRY(pool_log_walk(log, &log->end, &log->last_hash, pool_log_visit_index, log, err));
    *dropped_out = size > log->end ? size - log->end : 0;
    return *dropped_out == 0 ? BAALS_OK : bl_file_truncate(log->file, log->end, err);
}

static baals_status pool_log_init(struct bl_pool_log *log,
                                  const char *path,
                                  const baals_hash *chain_id,
                                  baals_error *err)
{
    uint8_t random[8];
    const struct bl_alloc *alloc = &log->env->alloc;
    log->chain_id = *chain_id;
    bl_buffer_init(&log->record, *alloc, POOL_LOG_RECORD + (size_t)BL_TX_BYTES_MAX);
    bl_buffer_init(&log->staged, *alloc, SIZE_MAX);
    log->window.alloc = alloc;
    log->path = bl_alloc_strdup(alloc, path);
    if (log->path == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for pool.log");
    BL_TRY(bl_journal_window_init(&log->window, alloc, err));
    BL_TRY(bl_env_random(log->env, random, sizeof random, err));
    log->index.factor = bl_load_u64le(random) | 1;
    return BAALS_OK;
}

/* NOLINTNEXTLINE(readability-function-size): eight parameters are the contract of the header. */
baals_status bl_pool_log_open(
    struct bl_pool_log **out,
    uint64_t *dropped_out,
    struct bl_env *env,
    const char *path,
    const baals_hash *chain_id,
    baals_status (*each)(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice tx),
    void *ctx,
    baals_error *err)
{
    struct bl_pool_log *log = bl_alloc_zero(&env->alloc, 1, sizeof *log);
    if (log == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for pool.log");
    log->env = env;
    uint64_t dropped = 0;
    baals_status status = pool_log_init(log, path, chain_id, err);
    if (status == BAALS_OK)
        status = pool_log_load(log, &dropped, err);
    if (status == BAALS_OK && each != NULL) {
        struct pool_log_replay replay = {.log = log, .each = each, .ctx = ctx};
        uint64_t end;
        baals_hash hash;
        status = pool_log_walk(log, &end, &hash, pool_log_visit_replay, &replay, err);
    }
    if (status != BAALS_OK) {
        bl_pool_log_close(log);
        return status;
    }
    *out = log;
    if (dropped_out != NULL)
        *dropped_out = dropped;
    return BAALS_OK;
}

/* Writes what is staged. What a failed write leaves in the file is no continuation of the chain; it
 * is taken away where that is possible, and the records stay staged. */
static baals_status pool_log_write(struct bl_pool_log *log, baals_error *err)
{
    if (log->staged.len == 0)
        return BAALS_OK;
    baals_status status =
        bl_file_write_at(log->file, log->end, log->staged.data, log->staged.len, err);
    if (status != BAALS_OK) {
        (void)bl_file_truncate(log->file, log->end, NULL);
        return status;
    }
    log->end += log->staged.len;
    bl_buffer_clear(&log->staged);
    if (log->staged.cap > POOL_LOG_STAGED_MAX) {
        bl_buffer_deinit(&log->staged);
        bl_buffer_init(&log->staged, log->env->alloc, SIZE_MAX);
    }
    return BAALS_OK;
}

void bl_pool_log_close(struct bl_pool_log *log)
{
    if (log == NULL)
        return;
    const struct bl_alloc alloc = log->env->alloc;
    const struct pool_log_index *index = &log->index;
    if (log->file != NULL && log->end > 0)
        (void)pool_log_write(log, NULL);
    bl_file_close(log->file);
    bl_journal_window_deinit(&log->window);
    bl_buffer_deinit(&log->record);
    bl_buffer_deinit(&log->staged);
    if (log->path != NULL)
        bl_alloc_free(&alloc, log->path, strlen(log->path) + 1);
    bl_alloc_free(&alloc, index->entries, index->cap * sizeof *index->entries);
    bl_alloc_free(&alloc, index->table, 2 * (size_t)index->cap * sizeof *index->table);
    bl_alloc_free(&alloc, log, sizeof *log);
}

/* ---- writing ---- */

/* Stages one PUT after the other; offsets are noted when they are in the file. */
static baals_status pool_log_stage_puts(struct bl_pool_log *log,
                                        const struct bl_pool_log_item *items,
                                        size_t count,
                                        uint64_t arrived_ms,
                                        baals_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].tx.len > BL_TX_BYTES_MAX)
            return bl_fail(err, BAALS_LIMIT, "a transaction of %zu bytes in pool.log",
                           items[i].tx.len);
        BL_TRY(pool_log_stage(log, POOL_LOG_PUT, items[i].id, arrived_ms, items[i].tx, err));
    }
    return BAALS_OK;
}

baals_status bl_pool_log_put_many(struct bl_pool_log *log,
                                  const struct bl_pool_log_item *items,
                                  size_t count,
                                  uint64_t arrived_ms,
                                  baals_error *err)
{
    /* A clear that failed in between has left an empty file. */
    if (log->end == 0)
        BL_TRY(pool_log_restart(log, err));
    BL_TRY(pool_log_index_reserve(&log->index, count, &log->env->alloc, err));
    const size_t staged = log->staged.len;
    const baals_hash last_hash = log->last_hash;
    uint64_t offset = log->end + staged;
    baals_status status = pool_log_stage_puts(log, items, count, arrived_ms, err);
    if (status == BAALS_OK)
        status = pool_log_write(log, err);
    if (status != BAALS_OK) {
        log->staged.len = staged;
        log->last_hash = last_hash;
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        pool_log_note(log, items[i].id, offset, (uint32_t)items[i].tx.len);
        offset += POOL_LOG_RECORD + (uint64_t)items[i].tx.len;
    }
    return BAALS_OK;
}

baals_status bl_pool_log_put(struct bl_pool_log *log,
                             const baals_hash *id,
                             uint64_t arrived_ms,
                             baals_slice tx,
                             baals_error *err)
{
    const struct bl_pool_log_item item = {id, tx};
    return bl_pool_log_put_many(log, &item, 1, arrived_ms, err);
}

baals_status bl_pool_log_remove(struct bl_pool_log *log, const baals_hash *id, baals_error *err)
{
    if (pool_log_index_find(&log->index, id) == NULL)
        return BAALS_OK;
    if (log->staged.len >= POOL_LOG_STAGED_WRITE) {
        baals_status status = pool_log_write(log, err);
        if (status != BAALS_OK && log->staged.len >= POOL_LOG_STAGED_MAX)
            return status;
    }
    BL_TRY(pool_log_stage(log, POOL_LOG_REMOVE, id, 0, bl_slice(NULL, 0), err));
    pool_log_forget(log, id);
    return BAALS_OK;
}

baals_status bl_pool_log_clear(struct bl_pool_log *log, baals_error *err)
{
    return pool_log_restart(log, err);
}

void bl_pool_log_size(const struct bl_pool_log *log,
                      uint64_t *file_bytes_out,
                      uint64_t *live_bytes_out)
{
    *file_bytes_out = log->end + log->staged.len;
    *live_bytes_out = log->live_bytes;
}

/* ---- compaction ---- */

struct pool_log_copy {
    struct bl_pool_log *log; /* read */
    struct bl_file *file;    /* written */
    uint64_t end;
    baals_hash last_hash;
};

/* The record is in log->record: only its link changes. */
static baals_status
pool_log_visit_copy(void *ctx, const struct pool_log_item *item, baals_error *err)
{
    struct pool_log_copy *copy = ctx;
    struct bl_buffer *record = &copy->log->record;
    if (!pool_log_is_live(copy->log, item))
        return BAALS_OK;
    baals_hash hash;
    pool_log_hash(&hash, &copy->last_hash, record->data, (uint32_t)item->tx.len);
    memcpy(record->data + POOL_LOG_AT_HASH, hash.bytes, sizeof hash.bytes);
    BL_TRY(bl_file_write_at(copy->file, copy->end, record->data, record->len, err));
    copy->end += record->len;
    copy->last_hash = hash;
    return BAALS_OK;
}

static baals_status
pool_log_write_copy(struct pool_log_copy *copy, const char *temporary, baals_error *err)
{
    struct bl_pool_log *log = copy->log;
    uint8_t header[POOL_LOG_HEADER];
    uint64_t end;
    baals_hash hash;
    pool_log_encode_header(header, &copy->last_hash, &log->chain_id);
    copy->end = sizeof header;
    BL_TRY(bl_file_truncate(copy->file, 0, err));
    BL_TRY(bl_file_write_at(copy->file, 0, header, sizeof header, err));
    BL_TRY(pool_log_walk(log, &end, &hash, pool_log_visit_copy, copy, err));
    if (end != log->end)
        return bl_fail(err, BAALS_CORRUPT, "pool.log was damaged while it was open");
    BL_TRY(bl_file_sync(copy->file, err));
    return bl_env_rename(log->env, temporary, log->path, err);
}

/* The copy is the log now: its entries follow each other in the same order. */
static void pool_log_adopt(struct bl_pool_log *log, const struct pool_log_copy *copy)
{
    uint64_t offset = POOL_LOG_HEADER;
    bl_file_close(log->file);
    log->file = copy->file;
    log->end = copy->end;
    log->last_hash = copy->last_hash;
    bl_buffer_clear(&log->staged); /* removals of what the copy does not have */
    if (log->index.cap > 0)
        pool_log_index_squeeze(&log->index);
    for (uint32_t i = 0; i < log->index.count; i++) {
        log->index.entries[i].offset = offset;
        offset += POOL_LOG_RECORD + (uint64_t)log->index.entries[i].len;
    }
    BL_ASSERT(offset == copy->end);
}

baals_status bl_pool_log_compact(struct bl_pool_log *log, baals_error *err)
{
    char temporary[BL_PATH_MAX];
    struct pool_log_copy copy = {.log = log};
    if (log->end == 0 || log->live_bytes == 0)
        return pool_log_restart(log, err);
    int len = snprintf(temporary, sizeof temporary, "%s.tmp", log->path);
    if (len < 0 || (size_t)len >= sizeof temporary)
        return bl_fail(err, BAALS_LIMIT, "the path of pool.log is too long");
    BL_TRY(bl_file_open(log->env, &copy.file, temporary, BL_OPEN_WRITE | BL_OPEN_CREATE, err));
    baals_status status = pool_log_write_copy(&copy, temporary, err);
    if (status != BAALS_OK) {
        bl_file_close(copy.file);
        (void)bl_env_remove(log->env, temporary, NULL);
        return status;
    }
    pool_log_adopt(log, &copy);
    return BAALS_OK;
}
