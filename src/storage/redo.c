/* SPDX-License-Identifier: MIT */
/*
 * checkpoint.redo: a batch on its way into the key-value store, in chunks.
 *
 *   header | chunk 0 | chunk 1 | ... | chunk n-1 (says that it is the last)
 *
 * Each chunk ends with a checksum over it and over the checksum before it, so that the last one
 * stands for the whole file: it is what the mark in the store names. Nothing but one chunk is ever
 * in memory, neither when the file is written nor when it is read.
 *
 * The order that makes it atomic: file synced, folder synced, first chunk with the mark, ..., last
 * chunk without it, file removed. A file without a mark in the store was never begun to be applied,
 * or is done with: it is worth nothing. A mark without its file is damage.
 */
#include "storage/redo.h"

#include <string.h>

#include "crypto/crypto.h"
#include "storage/storage_internal.h"

#define REDO_NAME "checkpoint.redo"

static const uint8_t redo_magic[8] = {'B', 'A', 'A', 'L', 'S', 'R', 'D', 'O'};

enum {
    REDO_VERSION = 1,

    REDO_AT_VERSION = 8,
    REDO_AT_CHAIN = 16,
    REDO_AT_HEADER_HASH = 48,
    REDO_HEADER = 80,

    REDO_AT_LEN = 0,
    REDO_AT_COUNT = 4,
    REDO_AT_FLAGS = 8,
    REDO_CHUNK_HEADER = 16,
    REDO_CHUNK_LAST = 1, /* a flag */
    REDO_HASH = 32,

    REDO_WRITE_HEADER = 7,
    REDO_WRITE_DELETE = 0x80,

    /* What one transaction may dirty, and what is counted for a change: a page of its own, since
     * keys are far apart in a large store, and one for each so many bytes. */
    REDO_CHUNK_PAGES = 1500,
    REDO_PAGE_BYTES = 2048,
    REDO_BODY_MAX = REDO_CHUNK_PAGES * (REDO_PAGE_BYTES + REDO_WRITE_HEADER),

    /* While the file is written: many small syncs instead of a large one, which would make the
     * journal's wait. */
    REDO_SYNC_BYTES = 1024 * 1024,

    REDO_MARK = 4 + REDO_HASH,
};

struct bl_redo {
    struct bl_env *env;
    struct bl_file *file; /* NULL: one chunk so far, in memory */
    char dir[BL_PATH_MAX];
    char path[BL_PATH_MAX];
    bool in_memory; /* there is no folder */
    baals_hash chain_id;
    uint64_t end;           /* of what is in the file */
    uint64_t synced;        /* so much of it */
    size_t chunks;          /* in the file, or 1 */
    baals_hash first;       /* the header's checksum: what the first chunk's begins with */
    baals_hash seal;        /* the last chunk's checksum */
    size_t pages;           /* counted for the chunk in memory */
    uint32_t count;         /* its changes */
    struct bl_buffer chunk; /* the checksum before it, its header, its changes */
};

/* ---- bytes ---- */

static void redo_header(uint8_t out[REDO_HEADER], baals_hash *hash_out, const baals_hash *chain_id)
{
    memset(out, 0, REDO_HEADER);
    memcpy(out, redo_magic, sizeof redo_magic);
    bl_store_u32be(out + REDO_AT_VERSION, REDO_VERSION);
    memcpy(out + REDO_AT_CHAIN, chain_id->bytes, sizeof chain_id->bytes);
    bl_blake3(hash_out, bl_slice(out, REDO_AT_HEADER_HASH));
    memcpy(out + REDO_AT_HEADER_HASH, hash_out->bytes, sizeof hash_out->bytes);
}

/* An empty chunk behind the one of the checksum `before`. */
static void redo_chunk_begin(struct bl_redo *redo, const baals_hash *before)
{
    static const uint8_t zeros[REDO_CHUNK_HEADER];
    bl_buffer_clear(&redo->chunk);
    bl_buffer_append(&redo->chunk, before->bytes, sizeof before->bytes);
    bl_buffer_append(&redo->chunk, zeros, sizeof zeros);
    redo->pages = 0;
    redo->count = 0;
}

/* Fills in the chunk's header and puts the checksum behind it. */
static baals_status redo_chunk_end(struct bl_redo *redo, bool last, baals_error *err)
{
    BL_TRY(bl_buffer_status(&redo->chunk, err));
    uint8_t *header = redo->chunk.data + REDO_HASH;
    size_t body = redo->chunk.len - REDO_HASH - REDO_CHUNK_HEADER;
    bl_store_u32be(header + REDO_AT_LEN, (uint32_t)body);
    bl_store_u32be(header + REDO_AT_COUNT, redo->count);
    bl_store_u32be(header + REDO_AT_FLAGS, last ? REDO_CHUNK_LAST : 0);
    bl_blake3(&redo->seal, bl_buffer_slice(&redo->chunk));
    bl_buffer_append(&redo->chunk, redo->seal.bytes, sizeof redo->seal.bytes);
    return bl_buffer_status(&redo->chunk, err);
}

static size_t redo_value_len(const baals_write *write)
{
    return write->is_delete ? 0 : write->value.len;
}

static size_t redo_write_pages(const baals_write *write)
{
    return 1 + (write->key.len + redo_value_len(write) + BL_KV_CHECKSUM_BYTES) / REDO_PAGE_BYTES;
}

static void redo_encode(struct bl_buffer *chunk, const baals_write *write)
{
    uint8_t header[REDO_WRITE_HEADER];
    size_t len = redo_value_len(write);
    header[0] = (uint8_t)((unsigned)write->space | (write->is_delete ? REDO_WRITE_DELETE : 0u));
    bl_store_u16be(header + 1, (uint16_t)write->key.len);
    bl_store_u32be(header + 3, (uint32_t)len);
    bl_buffer_append(chunk, header, sizeof header);
    bl_buffer_append(chunk, write->key.data, write->key.len);
    if (len > 0)
        bl_buffer_append(chunk, write->value.data, len);
}

/* Takes one change off `bytes`; false when they are none. */
static bool redo_decode(baals_write *out, baals_slice *bytes)
{
    if (bytes->len < REDO_WRITE_HEADER)
        return false;
    const uint8_t *at = bytes->data;
    uint32_t space = at[0] & ~(uint32_t)REDO_WRITE_DELETE;
    bool is_delete = (at[0] & REDO_WRITE_DELETE) != 0;
    size_t key_len = bl_load_u16be(at + 1);
    size_t value_len = bl_load_u32be(at + 3);
    size_t left = bytes->len - REDO_WRITE_HEADER;
    if (space >= BAALS_SPACE_COUNT || key_len == 0 || key_len > BL_KV_KEY_MAX || key_len > left ||
        value_len > BL_KV_VALUE_MAX || value_len > left - key_len || (is_delete && value_len > 0))
        return false;
    at += REDO_WRITE_HEADER;
    *out = (baals_write){.space = (baals_space)space,
                         .is_delete = is_delete,
                         .key = bl_slice(at, key_len),
                         .value = bl_slice(at + key_len, value_len)};
    *bytes = bl_slice(at + key_len + value_len, left - key_len - value_len);
    return true;
}

/* ---- making ---- */

static baals_status redo_new(struct bl_redo **out,
                             struct bl_env *env,
                             const char *dir,
                             const baals_hash *chain_id,
                             baals_error *err)
{
    uint8_t header[REDO_HEADER];
    struct bl_redo *redo = bl_alloc_zero(&env->alloc, 1, sizeof *redo);
    if (redo == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a checkpoint");
    redo->env = env;
    redo->chain_id = *chain_id;
    redo->in_memory = dir == NULL;
    baals_status status = BAALS_OK;
    if (dir != NULL)
        status = bl_path_join(redo->path, sizeof redo->path, dir, REDO_NAME, err);
    if (status != BAALS_OK) {
        bl_alloc_free(&env->alloc, redo, sizeof *redo);
        return status;
    }
    if (dir != NULL)
        memcpy(redo->dir, dir, strlen(dir) + 1);
    bl_buffer_init(&redo->chunk, env->alloc, SIZE_MAX);
    redo_header(header, &redo->first, chain_id);
    *out = redo;
    return BAALS_OK;
}

void bl_redo_close(struct bl_redo *redo)
{
    if (redo == NULL)
        return;
    struct bl_alloc alloc = redo->env->alloc;
    bl_file_close(redo->file);
    bl_buffer_deinit(&redo->chunk);
    bl_alloc_free(&alloc, redo, sizeof *redo);
}

baals_status bl_redo_begin(struct bl_redo **out,
                           struct bl_env *env,
                           const char *dir,
                           const baals_hash *chain_id,
                           baals_error *err)
{
    struct bl_redo *redo = NULL;
    BL_TRY(redo_new(&redo, env, dir, chain_id, err));
    redo_chunk_begin(redo, &redo->first);
    *out = redo;
    return BAALS_OK;
}

static baals_status redo_create(struct bl_redo *redo, baals_error *err)
{
    uint8_t header[REDO_HEADER];
    baals_hash hash;
    BL_TRY(bl_file_open(redo->env, &redo->file, redo->path, BL_OPEN_WRITE | BL_OPEN_CREATE, err));
    BL_TRY(bl_file_truncate(redo->file, 0, err));
    redo_header(header, &hash, &redo->chain_id);
    BL_TRY(bl_file_write_at(redo->file, 0, header, sizeof header, err));
    redo->end = sizeof header;
    return BAALS_OK;
}

/* Writes the chunk in memory to the file and begins the next. */
static baals_status redo_flush(struct bl_redo *redo, bool last, baals_error *err)
{
    if (redo->file == NULL)
        BL_TRY(redo_create(redo, err));
    BL_TRY(redo_chunk_end(redo, last, err));
    size_t len = redo->chunk.len - REDO_HASH;
    BL_TRY(bl_file_write_at(redo->file, redo->end, redo->chunk.data + REDO_HASH, len, err));
    redo->end += len;
    redo->chunks++;
    if (last || redo->end - redo->synced >= REDO_SYNC_BYTES) {
        BL_TRY(bl_file_sync(redo->file, err));
        redo->synced = redo->end;
    }
    redo_chunk_begin(redo, &redo->seal);
    return BAALS_OK;
}

baals_status bl_redo_add(struct bl_redo *redo, const baals_write *write, baals_error *err)
{
    size_t pages = redo_write_pages(write);
    if (!redo->in_memory && redo->count > 0 && redo->pages + pages > REDO_CHUNK_PAGES)
        BL_TRY(redo_flush(redo, false, err));
    redo_encode(&redo->chunk, write);
    redo->pages += pages;
    redo->count++;
    return bl_buffer_status(&redo->chunk, err);
}

baals_status bl_redo_seal(struct bl_redo *redo, baals_error *err)
{
    BL_ASSERT(redo->count > 0);
    if (redo->file == NULL) {
        BL_TRY(redo_chunk_end(redo, true, err));
        redo->chunks = 1;
        return BAALS_OK;
    }
    BL_TRY(redo_flush(redo, true, err));
    return bl_env_sync_dir(redo->env, redo->dir, err);
}

size_t bl_redo_count(const struct bl_redo *redo)
{
    return redo->chunks;
}

/* ---- reading ---- */

static baals_status redo_damaged(const struct bl_redo *redo, uint64_t offset, baals_error *err)
{
    return bl_fail(err, BAALS_CORRUPT_STORE, "%.160s is damaged at %llu; run repair", redo->path,
                   (unsigned long long)offset);
}

static baals_status
redo_read_exact(struct bl_redo *redo, uint64_t offset, uint8_t *out, size_t len, baals_error *err)
{
    size_t read = 0;
    BL_TRY(bl_file_read_at(redo->file, out, &read, offset, len, err));
    return read == len ? BAALS_OK : redo_damaged(redo, offset, err);
}

/* Reads the chunk at *offset_io, which follows one of the checksum *hash_io, and moves both behind
 * it. */
static baals_status redo_read_chunk(struct bl_redo *redo,
                                    uint64_t *offset_io,
                                    baals_hash *hash_io,
                                    bool *last_out,
                                    baals_error *err)
{
    baals_hash hash;
    uint64_t offset = *offset_io;
    redo_chunk_begin(redo, hash_io);
    BL_TRY(bl_buffer_status(&redo->chunk, err));
    BL_TRY(redo_read_exact(redo, offset, redo->chunk.data + REDO_HASH, REDO_CHUNK_HEADER, err));
    size_t len = bl_load_u32be(redo->chunk.data + REDO_HASH + REDO_AT_LEN);
    uint32_t count = bl_load_u32be(redo->chunk.data + REDO_HASH + REDO_AT_COUNT);
    uint32_t flags = bl_load_u32be(redo->chunk.data + REDO_HASH + REDO_AT_FLAGS);
    if (len > REDO_BODY_MAX || count == 0 || count > len / REDO_WRITE_HEADER)
        return redo_damaged(redo, offset, err);
    uint8_t *body = bl_buffer_extend(&redo->chunk, len + REDO_HASH);
    if (body == NULL)
        return bl_buffer_status(&redo->chunk, err);
    BL_TRY(redo_read_exact(redo, offset + REDO_CHUNK_HEADER, body, len + REDO_HASH, err));
    bl_blake3(&hash, bl_slice(redo->chunk.data, redo->chunk.len - REDO_HASH));
    if (memcmp(hash.bytes, body + len, sizeof hash.bytes) != 0)
        return redo_damaged(redo, offset, err);
    redo->count = count;
    *offset_io = offset + REDO_CHUNK_HEADER + len + REDO_HASH;
    *hash_io = hash;
    *last_out = (flags & REDO_CHUNK_LAST) != 0;
    return BAALS_OK;
}

/* Reads the whole file once: afterwards it is as good as sealed. */
static baals_status redo_check(struct bl_redo *redo, baals_error *err)
{
    uint8_t expected[REDO_HEADER];
    uint8_t header[REDO_HEADER];
    baals_hash hash;
    bool last = false;
    BL_TRY(redo_read_exact(redo, 0, header, sizeof header, err));
    redo_header(expected, &hash, &redo->chain_id);
    if (memcmp(header, expected, sizeof header) != 0) {
        baals_hash own;
        bl_blake3(&own, bl_slice(header, REDO_AT_HEADER_HASH));
        bool whole = memcmp(header, redo_magic, sizeof redo_magic) == 0 &&
                     memcmp(own.bytes, header + REDO_AT_HEADER_HASH, sizeof own.bytes) == 0;
        if (whole)
            return bl_fail(err, BAALS_CORRUPT_FOREIGN,
                           "%.160s is of another chain or another format", redo->path);
        return redo_damaged(redo, 0, err);
    }
    uint64_t offset = REDO_HEADER;
    while (!last) {
        BL_TRY(redo_read_chunk(redo, &offset, &hash, &last, err));
        redo->chunks++;
    }
    if (redo->chunks == 1) /* which is never put into a file */
        return redo_damaged(redo, 0, err);
    redo->end = offset;
    redo->seal = hash;
    return BAALS_OK;
}

/* ---- applying ---- */

static baals_slice redo_mark_key(void)
{
    return bl_slice_str("redo");
}

/* The chunk in memory as writes, with room for one more. */
static baals_status
redo_chunk_writes(const struct bl_redo *redo, baals_write *writes, baals_error *err)
{
    baals_slice body = bl_slice(redo->chunk.data + REDO_HASH + REDO_CHUNK_HEADER,
                                redo->chunk.len - 2 * REDO_HASH - REDO_CHUNK_HEADER);
    for (uint32_t i = 0; i < redo->count; i++) {
        if (!redo_decode(&writes[i], &body))
            return redo_damaged(redo, REDO_HEADER, err);
    }
    return body.len == 0 ? BAALS_OK : redo_damaged(redo, REDO_HEADER, err);
}

/* One transaction: the chunk in memory, and the mark as the place of the chunk wants it. */
static baals_status
redo_apply_chunk(struct bl_redo *redo, baals_storage *storage, size_t index, baals_error *err)
{
    const struct bl_alloc *alloc = &redo->env->alloc;
    uint8_t mark[REDO_MARK];
    size_t room = (size_t)redo->count + 1;
    size_t count = redo->count;
    baals_write *writes = bl_alloc_zero(alloc, room, sizeof *writes);
    if (writes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for %zu changes of a checkpoint", room);
    baals_status status = redo_chunk_writes(redo, writes, err);
    if (redo->chunks > 1 && (index == 0 || index + 1 == redo->chunks)) {
        bl_store_u32be(mark, REDO_VERSION);
        memcpy(mark + 4, redo->seal.bytes, sizeof redo->seal.bytes);
        writes[count++] = (baals_write){.space = BAALS_SPACE_CHECKPOINT,
                                        .is_delete = index != 0,
                                        .key = redo_mark_key(),
                                        .value = bl_slice(mark, sizeof mark)};
    }
    if (status == BAALS_OK)
        status = bl_storage_apply(storage, redo->env, writes, count, err);
    if (status == BAALS_OK)
        status = bl_storage_sync(storage, err);
    bl_alloc_free(alloc, writes, room * sizeof *writes);
    return status;
}

baals_status bl_redo_apply(struct bl_redo *redo, baals_storage *storage, baals_error *err)
{
    BL_ASSERT(redo->chunks > 0);
    if (redo->file == NULL)
        return redo_apply_chunk(redo, storage, 0, err);
    uint64_t offset = REDO_HEADER;
    baals_hash hash = redo->first;
    for (size_t i = 0; i < redo->chunks; i++) {
        bool last = false;
        uint64_t begin = offset;
        BL_TRY(redo_read_chunk(redo, &offset, &hash, &last, err));
        if (last != (i + 1 == redo->chunks) || (last && !bl_hash_equal(&hash, &redo->seal)))
            return redo_damaged(redo, begin, err);
        BL_TRY(redo_apply_chunk(redo, storage, i, err));
    }
    return BAALS_OK;
}

/* ---- opening a store ---- */

/* The checksum of the file that the storage is waiting for; NOTFOUND when it is for none. */
static baals_status redo_read_mark(baals_hash *out, baals_storage *storage, baals_error *err)
{
    baals_snapshot *snapshot;
    baals_slice mark;
    BL_TRY(bl_storage_snapshot_begin(storage, &snapshot, err));
    baals_status status =
        bl_storage_get(storage, &mark, snapshot, BAALS_SPACE_CHECKPOINT, redo_mark_key(), err);
    if (status == BAALS_OK && (mark.len != REDO_MARK || bl_load_u32be(mark.data) != REDO_VERSION))
        status = bl_fail(err, BAALS_CORRUPT_STORE, "the mark of a checkpoint is of no known form");
    if (status == BAALS_OK)
        memcpy(out->bytes, mark.data + 4, sizeof out->bytes);
    bl_storage_snapshot_end(storage, snapshot);
    return status;
}

static baals_status
redo_finish(struct bl_redo *redo, baals_storage *storage, const baals_hash *seal, baals_error *err)
{
    baals_status status = bl_file_open(redo->env, &redo->file, redo->path, BL_OPEN_READ, err);
    if (status == BAALS_NOTFOUND)
        return bl_fail(err, BAALS_CORRUPT_STORE,
                       "the rest of an unfinished checkpoint, %.120s, is missing; run repair",
                       redo->path);
    BL_TRY(status);
    BL_TRY(redo_check(redo, err));
    if (!bl_hash_equal(&redo->seal, seal))
        return bl_fail(err, BAALS_CORRUPT_STORE,
                       "%.140s is not the checkpoint that the store began with; run repair",
                       redo->path);
    BL_TRY(bl_redo_apply(redo, storage, err));
    bl_log(redo->env, BL_LOG_INFO, "finished a checkpoint of %zu chunks", redo->chunks);
    return BAALS_OK;
}

baals_status bl_redo_recover(struct bl_env *env,
                             baals_storage *storage,
                             const char *dir,
                             const baals_hash *chain_id,
                             baals_error *err)
{
    baals_hash seal;
    struct bl_redo *redo = NULL;
    baals_status status = redo_read_mark(&seal, storage, err);
    if (status == BAALS_OK && dir == NULL)
        return bl_fail(err, BAALS_CORRUPT_STORE, "the store is within a checkpoint; run repair");
    if (status == BAALS_OK)
        status = redo_new(&redo, env, dir, chain_id, err);
    if (redo != NULL)
        status = redo_finish(redo, storage, &seal, err);
    bl_redo_close(redo);
    if (status != BAALS_OK && status != BAALS_NOTFOUND)
        return status;
    return dir == NULL ? BAALS_OK : bl_redo_remove(env, dir, err);
}

baals_status bl_redo_remove(struct bl_env *env, const char *dir, baals_error *err)
{
    char path[BL_PATH_MAX];
    BL_TRY(bl_path_join(path, sizeof path, dir, REDO_NAME, err));
    baals_status status = bl_env_remove(env, path, err);
    return status == BAALS_NOTFOUND ? BAALS_OK : status;
}
