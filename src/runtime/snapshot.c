/* SPDX-License-Identifier: MIT */
/*
 * Writing and reading snapshots (docs/spec/snapshot.md). Writing walks the view twice: once to cut
 * the chunks and list their hashes, once to write them; a view never changes, so both see the same.
 * The file is read back before it gets its name: what is there under that name has been checked.
 */
#include "runtime/snapshot.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"

#define SNAPSHOT_FORMAT "baals-snapshot-1"
#define SNAPSHOT_SUFFIX ".snapshot"
#define SNAPSHOT_CHUNK_BYTES (1024u * 1024u)
#define SNAPSHOT_CHUNK_MAX (2u * 1024u * 1024u)
#define SNAPSHOT_CHUNKS_MAX (1024u * 1024u)
#define SNAPSHOT_HEADER_MAX (64u * 1024u)
/* A chunk hash with its CBOR head. */
#define SNAPSHOT_HASH_ITEM 34u
/* Everything before the chunk hashes. */
#define SNAPSHOT_HEAD_MAX (SNAPSHOT_HEADER_MAX + 4096u)
/* The spaces a snapshot holds are those from 0 to this one. */
#define SNAPSHOT_SPACE_LAST BAALS_SPACE_MODULES
/* Records of one chunk, decoded. */
#define SNAPSHOT_ARENA_MAX ((size_t)512 * 1024 * 1024)

_Static_assert(BAALS_SPACE_MODULES == 4, "the numbers of spaces are part of the format");

void bl_snapshot_name(char out[BL_SNAPSHOT_NAME_MAX], uint64_t height)
{
    (void)snprintf(out, BL_SNAPSHOT_NAME_MAX, "%020llu" SNAPSHOT_SUFFIX,
                   (unsigned long long)height);
}

bool bl_snapshot_height(uint64_t *out, const char *name)
{
    char expected[BL_SNAPSHOT_NAME_MAX];
    uint64_t height = 0;
    for (const char *at = name; *at >= '0' && *at <= '9'; at++) {
        if (!bl_u64_mul(&height, height, 10) || !bl_u64_add(&height, height, (uint64_t)(*at - '0')))
            return false;
    }
    bl_snapshot_name(expected, height);
    if (strcmp(expected, name) != 0)
        return false;
    *out = height;
    return true;
}

/* snapshots/NAME of the chain's directory into out[BL_PATH_MAX]. */
static baals_status
snapshot_path(const struct baals_chain *chain, char *out, const char *name, baals_error *err)
{
    char dir[BL_PATH_MAX];
    BL_TRY(bl_chain_path(chain, dir, BL_SNAPSHOTS_DIR, err));
    return bl_path_join(out, BL_PATH_MAX, dir, name, err);
}

/* ---- chunks of a view ---- */

/* What cutting a view gives a chunk to. */
typedef baals_status (*snapshot_take)(void *ctx, baals_slice chunk, baals_error *err);

struct snapshot_cutter {
    struct bl_view *view;
    struct bl_buffer chunk;
    struct bl_buffer record;
    snapshot_take take;
    void *ctx;
};

static baals_status snapshot_flush(struct snapshot_cutter *cutter, baals_error *err)
{
    if (cutter->chunk.len == 0)
        return BAALS_OK;
    baals_status status = cutter->take(cutter->ctx, bl_buffer_slice(&cutter->chunk), err);
    bl_buffer_clear(&cutter->chunk);
    return status;
}

static baals_status snapshot_add(struct snapshot_cutter *cutter,
                                 baals_space space,
                                 baals_slice key,
                                 baals_slice value,
                                 baals_error *err)
{
    struct bl_buffer *record = &cutter->record;
    bl_buffer_clear(record);
    bl_cbor_write_array(record, 3);
    bl_cbor_write_uint(record, (uint64_t)space);
    bl_cbor_write_bytes(record, key);
    bl_cbor_write_bytes(record, value);
    BL_TRY(bl_buffer_status(record, err));
    if (cutter->chunk.len > 0 && cutter->chunk.len + record->len > SNAPSHOT_CHUNK_BYTES)
        BL_TRY(snapshot_flush(cutter, err));
    bl_buffer_append(&cutter->chunk, record->data, record->len);
    return bl_buffer_status(&cutter->chunk, err);
}

static baals_status snapshot_walk(struct snapshot_cutter *cutter, baals_error *err)
{
    for (unsigned space = 0; space <= (unsigned)SNAPSHOT_SPACE_LAST; space++) {
        baals_slice key = {NULL, 0};
        baals_slice value;
        for (uint32_t flags = 0;; flags = BAALS_SEEK_EXCLUSIVE) {
            baals_status status =
                bl_view_seek(cutter->view, &key, &value, (baals_space)space, key, flags, err);
            if (status == BAALS_NOTFOUND)
                break;
            BL_TRY(status);
            BL_TRY(snapshot_add(cutter, (baals_space)space, key, value, err));
        }
    }
    return snapshot_flush(cutter, err);
}

/* Cuts all records of the view into chunks and hands each over. */
static baals_status snapshot_cut(const struct bl_alloc *alloc,
                                 struct bl_view *view,
                                 snapshot_take take,
                                 void *ctx,
                                 baals_error *err)
{
    struct snapshot_cutter cutter = {.view = view, .take = take, .ctx = ctx};
    bl_buffer_init(&cutter.chunk, *alloc, SNAPSHOT_CHUNK_MAX);
    bl_buffer_init(&cutter.record, *alloc, SNAPSHOT_CHUNK_MAX);
    baals_status status = snapshot_walk(&cutter, err);
    bl_buffer_deinit(&cutter.chunk);
    bl_buffer_deinit(&cutter.record);
    return status;
}

/* ---- writing ---- */

struct snapshot_writer {
    struct bl_file *file;
    uint64_t at;
    struct bl_buffer hashes; /* the items of the chunk hashes */
    struct bl_buffer head;
    uint64_t chunk_count;
};

static baals_status snapshot_list_chunk(void *ctx, baals_slice chunk, baals_error *err)
{
    struct snapshot_writer *writer = ctx;
    baals_hash hash;
    bl_sha256(&hash, chunk);
    bl_cbor_write_hash(&writer->hashes, &hash);
    writer->chunk_count++;
    return bl_buffer_status(&writer->hashes, err);
}

static baals_status
snapshot_put(struct snapshot_writer *writer, baals_slice bytes, baals_error *err)
{
    BL_TRY(bl_file_write_at(writer->file, writer->at, bytes.data, bytes.len, err));
    writer->at += bytes.len;
    return BAALS_OK;
}

static baals_status snapshot_put_chunk(void *ctx, baals_slice chunk, baals_error *err)
{
    struct snapshot_writer *writer = ctx;
    bl_buffer_clear(&writer->head);
    bl_cbor_write_bytes(&writer->head, chunk);
    BL_TRY(bl_buffer_status(&writer->head, err));
    return snapshot_put(writer, bl_buffer_slice(&writer->head), err);
}

static baals_status snapshot_put_head(struct snapshot_writer *writer,
                                      const struct baals_chain *chain,
                                      const struct bl_block_record *record,
                                      uint64_t tx_total,
                                      baals_error *err)
{
    struct bl_buffer *head = &writer->head;
    bl_buffer_clear(head);
    bl_cbor_write_text(head, bl_slice_str(SNAPSHOT_FORMAT));
    bl_cbor_write_hash(head, &chain->ledger.chain_id);
    bl_cbor_write_bytes(head, record->block.header_bytes);
    bl_cbor_write_bytes_or_null(head, record->block.has_seal != 0, record->block.seal);
    bl_cbor_write_uint(head, tx_total);
    bl_cbor_write_uint(head, writer->chunk_count);
    BL_TRY(bl_buffer_status(head, err));
    BL_TRY(snapshot_put(writer, bl_buffer_slice(head), err));
    return snapshot_put(writer, bl_buffer_slice(&writer->hashes), err);
}

/* The records the snapshot will hold give the block's root. */
static baals_status snapshot_check_root(struct baals_chain *chain,
                                        struct bl_view *view,
                                        const baals_block *block,
                                        baals_error *err)
{
    struct bl_state_roots roots;
    BL_TRY(bl_state_recompute(&roots, view, &chain->env->alloc, NULL, NULL, err));
    if (!bl_hash_equal(&roots.root, &block->header.state_root))
        return bl_fail(err, BAALS_CORRUPT_STATE,
                       "the records do not give the state root of block %llu; run repair",
                       (unsigned long long)block->header.index);
    return BAALS_OK;
}

static baals_status snapshot_fill(struct snapshot_writer *writer,
                                  struct baals_chain *chain,
                                  struct bl_view *view,
                                  const struct bl_block_record *record,
                                  uint64_t tx_total,
                                  baals_error *err)
{
    const struct bl_alloc *alloc = &chain->env->alloc;
    BL_TRY(snapshot_cut(alloc, view, snapshot_list_chunk, writer, err));
    if (writer->chunk_count > SNAPSHOT_CHUNKS_MAX)
        return bl_fail(err, BAALS_LIMIT, "a state of more than 1 TiB does not fit a snapshot");
    BL_TRY(snapshot_put_head(writer, chain, record, tx_total, err));
    BL_TRY(snapshot_cut(alloc, view, snapshot_put_chunk, writer, err));
    return bl_file_sync(writer->file, err);
}

static baals_status snapshot_ignore_chunk(void *ctx,
                                          const struct bl_write_set *set,
                                          struct bl_arena *arena,
                                          baals_error *err)
{
    (void)ctx;
    (void)set;
    (void)arena;
    (void)err;
    return BAALS_OK;
}

static baals_status snapshot_read_file(struct baals_chain *chain,
                                       const char *path,
                                       bl_snapshot_each each,
                                       void *ctx,
                                       baals_error *err);

/* Makes the file under a name of its own, checks it, and gives it its name. */
static baals_status snapshot_write_file(struct baals_chain *chain,
                                        const char *path,
                                        const char *final,
                                        struct bl_view *view,
                                        const struct bl_block_record *record,
                                        uint64_t tx_total,
                                        baals_error *err)
{
    struct snapshot_writer writer = {.file = NULL};
    bl_buffer_init(&writer.hashes, chain->env->alloc,
                   (size_t)SNAPSHOT_CHUNKS_MAX * SNAPSHOT_HASH_ITEM);
    bl_buffer_init(&writer.head, chain->env->alloc, SNAPSHOT_CHUNK_MAX + 16u);
    baals_status status =
        bl_file_open(chain->env, &writer.file, path, BL_OPEN_WRITE | BL_OPEN_CREATE, err);
    if (status == BAALS_OK)
        status = bl_file_truncate(writer.file, 0, err);
    if (status == BAALS_OK)
        status = snapshot_fill(&writer, chain, view, record, tx_total, err);
    bl_file_close(writer.file);
    bl_buffer_deinit(&writer.hashes);
    bl_buffer_deinit(&writer.head);
    BL_TRY(status);
    BL_TRY(snapshot_read_file(chain, path, snapshot_ignore_chunk, NULL, err));
    return bl_env_rename(chain->env, path, final, err);
}

baals_status bl_snapshot_write(struct baals_chain *chain,
                               struct bl_view *view,
                               const struct bl_block_record *record,
                               uint64_t tx_total,
                               baals_error *err)
{
    char name[BL_SNAPSHOT_NAME_MAX];
    char dir[BL_PATH_MAX];
    char part[BL_PATH_MAX];
    char final[BL_PATH_MAX];
    BL_TRY(bl_chain_path(chain, dir, BL_SNAPSHOTS_DIR, err));
    BL_TRY(bl_path_join(part, sizeof part, dir, "unfinished", err));
    bl_snapshot_name(name, record->block.header.index);
    BL_TRY(bl_path_join(final, sizeof final, dir, name, err));
    BL_TRY(snapshot_check_root(chain, view, &record->block, err));
    BL_TRY(bl_env_make_dir(chain->env, dir, err));
    baals_status status = snapshot_write_file(chain, part, final, view, record, tx_total, err);
    if (status != BAALS_OK) {
        (void)bl_env_remove(chain->env, part, NULL);
        return status;
    }
    BL_TRY(bl_env_sync_dir(chain->env, dir, err));
    return bl_env_sync_dir(chain->env, chain->path, err);
}

/* ---- reading ---- */

struct snapshot_reader {
    struct bl_file *file;
    const char *path; /* for messages */
    uint64_t size;
    uint64_t hashes_at; /* where the chunk hashes begin */
    uint64_t at;        /* the next chunk */
    struct bl_snapshot_head head;
    baals_space space; /* of the last record */
    uint8_t key[BL_KV_KEY_MAX];
    size_t key_len; /* 0: there was none */
};

static baals_status
snapshot_damaged(const struct snapshot_reader *reader, const char *what, baals_error *err)
{
    return bl_fail(err, BAALS_CORRUPT_SNAPSHOT, "%.150s: %s", reader->path, what);
}

static baals_status snapshot_read_exact(
    const struct snapshot_reader *reader, uint8_t *out, uint64_t at, size_t len, baals_error *err)
{
    size_t got = 0;
    BL_TRY(bl_file_read_at(reader->file, out, &got, at, len, err));
    return got == len ? BAALS_OK : snapshot_damaged(reader, "it ends too early", err);
}

/* Decodes the head at the start of the file. Local statuses are what they are; a REJECT says that
 * the bytes are no head. */
static baals_status snapshot_decode_head(struct snapshot_reader *reader,
                                         const struct baals_chain *chain,
                                         baals_slice bytes,
                                         baals_error *err)
{
    struct bl_cbor_reader cbor = bl_cbor_reader(bytes);
    struct bl_snapshot_head *head = &reader->head;
    baals_slice text = {NULL, 0};
    baals_slice header_bytes = {NULL, 0};
    baals_slice seal = {NULL, 0};
    baals_hash chain_id;
    baals_header header;
    BL_TRY(bl_cbor_read_text(&cbor, &text, err));
    if (!bl_slice_equal(text, bl_slice_str(SNAPSHOT_FORMAT)))
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION, "%.150s: not a snapshot this build knows",
                       reader->path);
    BL_TRY(bl_cbor_read_bytes_exact(&cbor, chain_id.bytes, sizeof chain_id.bytes, err));
    if (!bl_hash_equal(&chain_id, &chain->ledger.chain_id))
        return bl_fail(err, BAALS_CORRUPT_FOREIGN, "%.150s: of another chain", reader->path);
    BL_TRY(bl_cbor_read_bytes(&cbor, &header_bytes, err));
    BL_TRY(bl_header_decode(&header, header_bytes, err));
    BL_TRY(bl_cbor_peek_null(&cbor) ? bl_cbor_read_null(&cbor, err)
                                    : bl_cbor_read_bytes(&cbor, &seal, err));
    BL_TRY(bl_cbor_read_uint(&cbor, &head->tx_total, err));
    BL_TRY(bl_cbor_read_uint(&cbor, &head->chunk_count, err));
    if (head->chunk_count == 0 || head->chunk_count > SNAPSHOT_CHUNKS_MAX)
        return snapshot_damaged(reader, "no such number of chunks is possible", err);
    head->height = header.index;
    head->state_root = header.state_root;
    bl_header_hash(&head->hash, header_bytes);
    reader->hashes_at = cbor.offset;
    reader->at = cbor.offset + head->chunk_count * SNAPSHOT_HASH_ITEM;
    return BAALS_OK;
}

static baals_status snapshot_open_read(struct snapshot_reader *reader,
                                       const struct baals_chain *chain,
                                       baals_error *err)
{
    const struct bl_alloc *alloc = &chain->env->alloc;
    size_t len = 0;
    BL_TRY(bl_file_open(chain->env, &reader->file, reader->path, BL_OPEN_READ, err));
    BL_TRY(bl_file_size(reader->file, &reader->size, err));
    uint8_t *bytes = bl_alloc_resize(alloc, NULL, 0, SNAPSHOT_HEAD_MAX);
    if (bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to read a snapshot");
    baals_status status = bl_file_read_at(reader->file, bytes, &len, 0, SNAPSHOT_HEAD_MAX, err);
    if (status == BAALS_OK)
        status = snapshot_decode_head(reader, chain, bl_slice(bytes, len), err);
    bl_alloc_free(alloc, bytes, SNAPSHOT_HEAD_MAX);
    if (BAALS_STATUS_CLASS(status) == BAALS_CLASS_REJECT)
        return snapshot_damaged(reader, "its head is damaged", err);
    return status;
}

/* The length of the byte string at `at` from its CBOR head of *head_len bytes; 0 when there is no
 * canonical head of a possible chunk. */
static size_t snapshot_chunk_len(size_t *head_len, const uint8_t bytes[5])
{
    uint64_t len = 0;
    if (bytes[0] >= 0x41 && bytes[0] <= 0x57) {
        len = bytes[0] - 0x40u;
        *head_len = 1;
    } else if (bytes[0] == 0x58 && bytes[1] > 0x17) {
        len = bytes[1];
        *head_len = 2;
    } else if (bytes[0] == 0x59 && bytes[1] > 0) {
        len = (uint64_t)bytes[1] << 8 | bytes[2];
        *head_len = 3;
    } else if (bytes[0] == 0x5a) {
        len = bl_load_u32be(bytes + 1);
        *head_len = 5;
    }
    if (*head_len == 5 && len <= UINT16_MAX)
        return 0;
    return len <= SNAPSHOT_CHUNK_MAX ? (size_t)len : 0;
}

/* Reads chunk `index` and compares its hash with the listed one. *out lies in the arena. */
static baals_status snapshot_read_chunk(struct snapshot_reader *reader,
                                        baals_slice *out,
                                        uint64_t index,
                                        struct bl_arena *arena,
                                        baals_error *err)
{
    uint8_t item[SNAPSHOT_HASH_ITEM];
    uint8_t bytes[5] = {0};
    size_t got = 0;
    size_t head_len = 0;
    BL_TRY(snapshot_read_exact(reader, item, reader->hashes_at + index * SNAPSHOT_HASH_ITEM,
                               sizeof item, err));
    BL_TRY(bl_file_read_at(reader->file, bytes, &got, reader->at, sizeof bytes, err));
    size_t len = snapshot_chunk_len(&head_len, bytes);
    if (len == 0 || item[0] != 0x58 || item[1] != 0x20)
        return snapshot_damaged(reader, "a chunk is damaged", err);
    uint8_t *chunk = bl_arena_alloc(arena, len);
    if (chunk == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to read a snapshot");
    BL_TRY(snapshot_read_exact(reader, chunk, reader->at + head_len, len, err));
    baals_hash hash;
    bl_sha256(&hash, bl_slice(chunk, len));
    if (memcmp(hash.bytes, item + 2, sizeof hash.bytes) != 0)
        return snapshot_damaged(reader, "a chunk does not have the hash listed for it", err);
    reader->at += head_len + len;
    *out = bl_slice(chunk, len);
    return BAALS_OK;
}

/* One record; REJECT when it does not decode. */
static baals_status
snapshot_decode_record(struct bl_change *out, struct bl_cbor_reader *cbor, baals_error *err)
{
    uint64_t space = 0;
    *out = (struct bl_change){.has_new = true};
    BL_TRY(bl_cbor_read_array_exact(cbor, 3, err));
    BL_TRY(bl_cbor_read_uint(cbor, &space, err));
    BL_TRY(bl_cbor_read_bytes(cbor, &out->key, err));
    BL_TRY(bl_cbor_read_bytes(cbor, &out->new_value, err));
    if (space > (uint64_t)SNAPSHOT_SPACE_LAST || out->key.len == 0 || out->key.len > BL_KV_KEY_MAX)
        return bl_fail(err, BAALS_REJECT_RANGE, "no such record is possible");
    out->space = (baals_space)space;
    return BAALS_OK;
}

/* Whether the record comes after the one before it; remembers it. */
static bool snapshot_in_order(struct snapshot_reader *reader, const struct bl_change *change)
{
    bool first = reader->key_len == 0;
    bool after = change->space > reader->space ||
                 (change->space == reader->space &&
                  bl_slice_compare(change->key, bl_slice(reader->key, reader->key_len)) > 0);
    reader->space = change->space;
    memcpy(reader->key, change->key.data, change->key.len);
    reader->key_len = change->key.len;
    return first || after;
}

static bool snapshot_module_holds(const struct bl_change *change)
{
    baals_hash hash;
    if (change->space != BAALS_SPACE_MODULES)
        return true;
    bl_sha256(&hash, change->new_value);
    return bl_slice_equal(change->key, bl_slice(hash.bytes, sizeof hash.bytes));
}

static baals_status snapshot_decode_chunk(struct snapshot_reader *reader,
                                          struct bl_write_set *out,
                                          baals_slice chunk,
                                          struct bl_arena *arena,
                                          baals_error *err)
{
    /* A record takes five bytes at least: the array, the space, a key of one byte, a value. */
    size_t room = chunk.len / 5 + 1;
    struct bl_change *changes = bl_arena_zero(arena, room, sizeof *changes);
    if (changes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to read a snapshot");
    struct bl_cbor_reader cbor = bl_cbor_reader(chunk);
    size_t count = 0;
    while (cbor.offset < chunk.len) {
        BL_ASSERT(count < room);
        struct bl_change *change = &changes[count++];
        baals_status status = snapshot_decode_record(change, &cbor, NULL);
        if (status != BAALS_OK || !snapshot_in_order(reader, change) ||
            !snapshot_module_holds(change))
            return snapshot_damaged(reader, "a record is damaged or out of order", err);
    }
    *out = (struct bl_write_set){changes, count};
    return BAALS_OK;
}

static baals_status snapshot_read_chunks(struct snapshot_reader *reader,
                                         struct bl_arena *arena,
                                         bl_snapshot_each each,
                                         void *ctx,
                                         baals_error *err)
{
    for (uint64_t index = 0; index < reader->head.chunk_count; index++) {
        baals_slice chunk;
        struct bl_write_set set;
        bl_arena_reset(arena);
        BL_TRY(snapshot_read_chunk(reader, &chunk, index, arena, err));
        BL_TRY(snapshot_decode_chunk(reader, &set, chunk, arena, err));
        BL_TRY(each(ctx, &set, arena, err));
    }
    if (reader->at != reader->size)
        return snapshot_damaged(reader, "bytes follow its last chunk", err);
    return BAALS_OK;
}

static baals_status snapshot_read_file(
    struct baals_chain *chain, const char *path, bl_snapshot_each each, void *ctx, baals_error *err)
{
    struct snapshot_reader reader = {.path = path};
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, SNAPSHOT_ARENA_MAX);
    baals_status status = snapshot_open_read(&reader, chain, err);
    if (status == BAALS_OK)
        status = snapshot_read_chunks(&reader, &arena, each, ctx, err);
    bl_file_close(reader.file);
    bl_arena_deinit(&arena);
    return status;
}

baals_status bl_snapshot_read(
    struct baals_chain *chain, uint64_t height, bl_snapshot_each each, void *ctx, baals_error *err)
{
    char name[BL_SNAPSHOT_NAME_MAX];
    char path[BL_PATH_MAX];
    bl_snapshot_name(name, height);
    BL_TRY(snapshot_path(chain, path, name, err));
    return snapshot_read_file(chain, path, each, ctx, err);
}

baals_status bl_snapshot_check(struct baals_chain *chain, uint64_t height, baals_error *err)
{
    return bl_snapshot_read(chain, height, snapshot_ignore_chunk, NULL, err);
}

baals_status bl_snapshot_read_head(struct bl_snapshot_head *out,
                                   struct baals_chain *chain,
                                   uint64_t height,
                                   baals_error *err)
{
    char name[BL_SNAPSHOT_NAME_MAX];
    char path[BL_PATH_MAX];
    struct snapshot_reader reader = {.path = path};
    bl_snapshot_name(name, height);
    BL_TRY(snapshot_path(chain, path, name, err));
    baals_status status = snapshot_open_read(&reader, chain, err);
    bl_file_close(reader.file);
    if (status == BAALS_OK && reader.head.height != height)
        status = snapshot_damaged(&reader, "it is of another height than its name says", err);
    if (status == BAALS_OK)
        *out = reader.head;
    return status;
}
