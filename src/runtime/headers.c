/* SPDX-License-Identifier: MIT */
/*
 * Files of headers (docs/spec/headers.md): a head, a table of where each record ends, the records.
 * The file of a height follows from the height, and its record from the table, so a look-up reads
 * three small pieces. A file that grows is written anew under another name, read back as a whole
 * and put in the place of the old one; readers see either.
 */
#include "runtime/headers.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"

#define HEADERS_SUFFIX ".headers"
#define HEADERS_UNFINISHED "unfinished"
#define HEADERS_MAGIC "BAALSHDR"
#define HEADERS_VERSION 1u
#define HEADERS_HEAD_BYTES 88u
#define HEADERS_HASHED_BYTES 56u /* of the head, by its hash */
#define HEADERS_END_BYTES 4u     /* an entry of the table */
#define HEADERS_CHECK_BYTES 8u
#define HEADERS_RECORD_MAX (BL_HEADERS_BODY_MAX + HEADERS_CHECK_BYTES)
#define HEADERS_BLOCK_BYTES (256u * 1024u) /* read or written at once */

_Static_assert(HEADERS_RECORD_MAX <= HEADERS_BLOCK_BYTES, "a window holds a record");
_Static_assert((uint64_t)BL_HEADERS_PER_FILE *HEADERS_RECORD_MAX < UINT32_MAX, "ends fit");

/* ---- names ---- */

static uint64_t headers_group(uint64_t height)
{
    return height - height % BL_HEADERS_PER_FILE;
}

void bl_headers_name(char out[BL_HEADERS_NAME_MAX], uint64_t height)
{
    (void)snprintf(out, BL_HEADERS_NAME_MAX, "%020llu" HEADERS_SUFFIX,
                   (unsigned long long)headers_group(height));
}

/* The lowest height a name stands for; false for any other name. */
static bool headers_name_height(uint64_t *out, const char *name)
{
    char expected[BL_HEADERS_NAME_MAX];
    size_t zeros = strspn(name, "0");
    size_t digits = strspn(name, "0123456789");
    uint64_t height = 0;
    if (zeros > 0 && zeros == digits)
        zeros--;
    if (!bl_u64_parse(&height, name + zeros, digits - zeros))
        return false;
    bl_headers_name(expected, height);
    if (strcmp(expected, name) != 0)
        return false;
    *out = height;
    return true;
}

/* What the names of the folder say. */
struct headers_names {
    uint64_t lowest;
    uint64_t highest;
    uint64_t count;
};

static baals_status headers_note_name(void *ctx, const char *name)
{
    struct headers_names *names = ctx;
    uint64_t height = 0;
    if (!headers_name_height(&height, name))
        return BAALS_OK;
    if (names->count == 0 || height < names->lowest)
        names->lowest = height;
    if (names->count == 0 || height > names->highest)
        names->highest = height;
    names->count++;
    return BAALS_OK;
}

static baals_status
headers_list(const struct bl_headers *headers, struct headers_names *out, baals_error *err)
{
    *out = (struct headers_names){0, 0, 0};
    baals_status status = bl_env_list_dir(headers->env, headers->dir, headers_note_name, out, err);
    return status == BAALS_NOTFOUND ? BAALS_OK : status;
}

/* ---- a file that is read ---- */

struct headers_file {
    const struct bl_headers *headers;
    struct bl_file *file;
    char path[BL_PATH_MAX];
    uint64_t first;
    uint32_t count;
    struct bl_buffer window; /* bytes of the file from window_at on */
    uint64_t window_at;
};

static baals_status
headers_damaged(const struct headers_file *file, const char *what, baals_error *err)
{
    return bl_fail(err, BAALS_CORRUPT_HEADERS, "%.150s: %s", file->path, what);
}

static baals_status headers_damaged_at(const struct headers_file *file,
                                       uint64_t height,
                                       const char *what,
                                       baals_error *err)
{
    return bl_fail(err, BAALS_CORRUPT_HEADERS, "%.150s: the header of block %llu %s", file->path,
                   (unsigned long long)height, what);
}

/* The bytes [at, at + len), with up to `ahead` read at once; valid until the next call. */
static baals_status headers_bytes(struct headers_file *file,
                                  const uint8_t **out,
                                  uint64_t at,
                                  size_t len,
                                  size_t ahead,
                                  baals_error *err)
{
    struct bl_buffer *window = &file->window;
    if (at < file->window_at || at + len > file->window_at + window->len) {
        size_t wanted = ahead > len ? ahead : len;
        size_t got = 0;
        bl_buffer_clear(window);
        uint8_t *place = bl_buffer_extend(window, wanted);
        BL_TRY(bl_buffer_status(window, err));
        baals_status status = bl_file_read_at(file->file, place, &got, at, wanted, err);
        window->len = status == BAALS_OK ? got : 0;
        file->window_at = at;
        BL_TRY(status);
        if (got < len)
            return headers_damaged(file, "it ends too early", err);
    }
    *out = window->data + (at - file->window_at);
    return BAALS_OK;
}

static baals_status headers_read_head(struct headers_file *file, uint64_t group, baals_error *err)
{
    const uint8_t *head = NULL;
    baals_hash hash;
    BL_TRY(headers_bytes(file, &head, 0, HEADERS_HEAD_BYTES, 0, err));
    bl_sha256(&hash, bl_slice(head, HEADERS_HASHED_BYTES));
    if (memcmp(head, HEADERS_MAGIC, 8) != 0 ||
        memcmp(head + HEADERS_HASHED_BYTES, hash.bytes, sizeof hash.bytes) != 0)
        return headers_damaged(file, "its head is damaged", err);
    if (bl_load_u32le(head + 8) != HEADERS_VERSION)
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION, "%.150s: headers of version %u", file->path,
                       (unsigned)bl_load_u32le(head + 8));
    if (memcmp(head + 24, file->headers->chain_id.bytes, 32) != 0)
        return bl_fail(err, BAALS_CORRUPT_FOREIGN, "%.150s: headers of another chain", file->path);
    file->count = bl_load_u32le(head + 12);
    file->first = bl_load_u64le(head + 16);
    if (file->first < group || file->first - group >= BL_HEADERS_PER_FILE || file->count == 0 ||
        file->count > BL_HEADERS_PER_FILE - (file->first - group))
        return headers_damaged(file, "it holds other heights than its name says", err);
    return BAALS_OK;
}

/* Opens the file at file->path, which holds heights of `group`; NOTFOUND. Released with
 * headers_close, also on failure. */
static baals_status headers_open_path(struct headers_file *file,
                                      const struct bl_headers *headers,
                                      uint64_t group,
                                      baals_error *err)
{
    file->headers = headers;
    BL_TRY(bl_file_open(headers->env, &file->file, file->path, BL_OPEN_READ, err));
    return headers_read_head(file, group, err);
}

static void headers_init(struct headers_file *file, const struct bl_headers *headers)
{
    memset(file, 0, sizeof *file);
    bl_buffer_init(&file->window, headers->env->alloc, HEADERS_BLOCK_BYTES);
}

static baals_status headers_open(struct headers_file *file,
                                 const struct bl_headers *headers,
                                 uint64_t height,
                                 baals_error *err)
{
    char name[BL_HEADERS_NAME_MAX];
    bl_headers_name(name, height);
    BL_TRY(bl_path_join(file->path, sizeof file->path, headers->dir, name, err));
    return headers_open_path(file, headers, headers_group(height), err);
}

static void headers_close(struct headers_file *file)
{
    bl_file_close(file->file);
    file->file = NULL;
    bl_buffer_deinit(&file->window);
}

static uint64_t headers_end(const struct headers_file *file)
{
    return file->first + file->count;
}

/* ---- records ---- */

static uint64_t headers_data_at(const struct headers_file *file)
{
    return HEADERS_HEAD_BYTES + (uint64_t)file->count * HEADERS_END_BYTES;
}

/* Where the record of number `index` begins and ends, counted from the first one. */
static baals_status headers_place(struct headers_file *file,
                                  uint32_t *begin_out,
                                  uint32_t *end_out,
                                  uint32_t index,
                                  size_t ahead,
                                  baals_error *err)
{
    const uint8_t *ends = NULL;
    uint32_t before = index == 0 ? 0 : 1;
    uint64_t at = HEADERS_HEAD_BYTES + (uint64_t)(index - before) * HEADERS_END_BYTES;
    BL_TRY(headers_bytes(file, &ends, at, HEADERS_END_BYTES * (1u + before), ahead, err));
    uint32_t begin = before == 0 ? 0 : bl_load_u32le(ends);
    uint32_t end = bl_load_u32le(ends + (size_t)before * HEADERS_END_BYTES);
    if (end <= begin || end - begin <= HEADERS_CHECK_BYTES || end - begin > HEADERS_RECORD_MAX)
        return headers_damaged_at(file, file->first + index, "has no possible place", err);
    *begin_out = begin;
    *end_out = end;
    return BAALS_OK;
}

static void headers_check_of(uint8_t out[HEADERS_CHECK_BYTES],
                             const baals_hash *chain_id,
                             uint64_t height,
                             baals_slice body)
{
    uint8_t number[8];
    baals_hash hash;
    struct bl_sha256 state;
    bl_store_u64le(number, height);
    bl_sha256_init(&state);
    bl_sha256_update(&state, bl_slice(chain_id->bytes, sizeof chain_id->bytes));
    bl_sha256_update(&state, bl_slice(number, sizeof number));
    bl_sha256_update(&state, body);
    bl_sha256_final(&hash, &state);
    memcpy(out, hash.bytes, HEADERS_CHECK_BYTES);
}

/* The body in [begin, end) of the records; borrows from the window. */
static baals_status headers_body(struct headers_file *file,
                                 baals_slice *out,
                                 uint64_t height,
                                 uint32_t begin,
                                 uint32_t end,
                                 size_t ahead,
                                 baals_error *err)
{
    const uint8_t *record = NULL;
    uint8_t check[HEADERS_CHECK_BYTES];
    BL_TRY(headers_bytes(file, &record, headers_data_at(file) + begin, end - begin, ahead, err));
    baals_slice body = bl_slice(record, end - begin - HEADERS_CHECK_BYTES);
    headers_check_of(check, &file->headers->chain_id, height, body);
    if (memcmp(check, body.data + body.len, sizeof check) != 0)
        return headers_damaged_at(file, height, "is damaged", err);
    *out = body;
    return BAALS_OK;
}

static baals_status headers_get_from(struct headers_file *file,
                                     struct bl_buffer *out,
                                     uint64_t height,
                                     baals_error *err)
{
    uint32_t begin = 0;
    uint32_t end = 0;
    baals_slice body = {NULL, 0};
    if (height < file->first || height >= headers_end(file))
        return bl_fail(err, BAALS_NOTFOUND, "no header of block %llu is kept",
                       (unsigned long long)height);
    BL_TRY(headers_place(file, &begin, &end, (uint32_t)(height - file->first), 0, err));
    BL_TRY(headers_body(file, &body, height, begin, end, 0, err));
    bl_buffer_append(out, body.data, body.len);
    return bl_buffer_status(out, err);
}

baals_status bl_headers_get(const struct bl_headers *headers,
                            struct bl_buffer *out,
                            uint64_t height,
                            baals_error *err)
{
    struct headers_file file;
    headers_init(&file, headers);
    baals_status status = headers_open(&file, headers, height, err);
    if (status == BAALS_OK)
        status = headers_get_from(&file, out, height, err);
    headers_close(&file);
    return status;
}

/* ---- walks ---- */

/* A walk over the records of several files. */
struct headers_walk {
    const struct bl_headers *headers;
    bl_headers_seen each;
    void *ctx;
    bool has_parent;
    baals_hash parent; /* the hash of the last one seen */
};

static baals_status headers_see(struct headers_walk *walk,
                                const struct headers_file *file,
                                uint64_t height,
                                baals_slice body,
                                baals_error *err)
{
    baals_sealed_header sealed;
    if (baals_sealed_header_decode(&sealed, body, NULL) != BAALS_OK)
        return headers_damaged_at(file, height, "does not decode", err);
    if (sealed.header.index != height ||
        !bl_hash_equal(&sealed.header.chain_id, &walk->headers->chain_id))
        return headers_damaged_at(file, height, "is of another block", err);
    if (walk->has_parent && !bl_hash_equal(&sealed.header.prev_hash, &walk->parent))
        return headers_damaged_at(file, height, "does not continue the chain", err);
    walk->has_parent = true;
    walk->parent = sealed.hash;
    return walk->each(walk->ctx, &sealed, err);
}

/* All records of the file from height `from` up to but not `end`. The table is read whole first:
 * the window then moves through the records alone. */
static baals_status headers_walk_records(struct headers_walk *walk,
                                         struct headers_file *file,
                                         uint64_t from,
                                         uint64_t end,
                                         baals_error *err)
{
    struct bl_alloc alloc = walk->headers->env->alloc;
    size_t count = (size_t)(end - from);
    uint32_t *places = bl_alloc_zero(&alloc, count + 1, sizeof *places);
    if (places == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to read headers");
    baals_status status = BAALS_OK;
    for (size_t i = 0; i < count && status == BAALS_OK; i++)
        status = headers_place(file, &places[i], &places[i + 1], (uint32_t)(from - file->first + i),
                               HEADERS_BLOCK_BYTES, err);
    for (size_t i = 0; i < count && status == BAALS_OK; i++) {
        baals_slice body = {NULL, 0};
        status =
            headers_body(file, &body, from + i, places[i], places[i + 1], HEADERS_BLOCK_BYTES, err);
        if (status == BAALS_OK)
            status = headers_see(walk, file, from + i, body, err);
    }
    uint64_t size = 0;
    if (status == BAALS_OK)
        status = bl_file_size(file->file, &size, err);
    if (status == BAALS_OK && end == headers_end(file) &&
        size != headers_data_at(file) + places[count])
        status = headers_damaged(file, "bytes follow its last record", err);
    bl_alloc_free(&alloc, places, (count + 1) * sizeof *places);
    return status;
}

/* The part of [from, end) that the file of `from` has to hold; *next_out is behind it. */
static baals_status headers_walk_file(
    struct headers_walk *walk, uint64_t *next_out, uint64_t from, uint64_t end, baals_error *err)
{
    struct headers_file file;
    uint64_t group_end = headers_group(from) + BL_HEADERS_PER_FILE;
    uint64_t stop = end < group_end ? end : group_end;
    headers_init(&file, walk->headers);
    baals_status status = headers_open(&file, walk->headers, from, err);
    if (status == BAALS_NOTFOUND)
        status = headers_damaged(&file, "the file is missing", err);
    if (status == BAALS_OK && (from < file.first || stop > headers_end(&file)))
        status = headers_damaged(&file, "headers are missing in it", err);
    if (status == BAALS_OK)
        status = headers_walk_records(walk, &file, from, stop, err);
    headers_close(&file);
    *next_out = stop;
    return status;
}

baals_status bl_headers_each(const struct bl_headers *headers,
                             uint64_t from,
                             uint64_t end,
                             bl_headers_seen each,
                             void *ctx,
                             baals_error *err)
{
    struct headers_walk walk = {.headers = headers, .each = each, .ctx = ctx};
    while (from < end)
        BL_TRY(headers_walk_file(&walk, &from, from, end, err));
    return BAALS_OK;
}

/* The head of the file of a height that the folder has. */
static baals_status headers_look(const struct bl_headers *headers,
                                 uint64_t *first_out,
                                 uint64_t *end_out,
                                 uint64_t height,
                                 baals_error *err)
{
    struct headers_file file;
    headers_init(&file, headers);
    baals_status status = headers_open(&file, headers, height, err);
    *first_out = file.first;
    *end_out = headers_end(&file);
    headers_close(&file);
    return status;
}

baals_status bl_headers_range(const struct bl_headers *headers,
                              uint64_t *from_out,
                              uint64_t *end_out,
                              baals_error *err)
{
    struct headers_names names;
    uint64_t first_from = 0;
    uint64_t first_end = 0;
    uint64_t last_from = 0;
    uint64_t last_end = 0;
    BL_TRY(headers_list(headers, &names, err));
    if (names.count == 0)
        return bl_fail(err, BAALS_NOTFOUND, "no headers are kept");
    BL_TRY(headers_look(headers, &first_from, &first_end, names.lowest, err));
    BL_TRY(headers_look(headers, &last_from, &last_end, names.highest, err));
    uint64_t files = (names.highest - names.lowest) / BL_HEADERS_PER_FILE + 1;
    bool whole = names.lowest == names.highest ||
                 (first_end == names.lowest + BL_HEADERS_PER_FILE && last_from == names.highest);
    if (names.count != files || !whole)
        return bl_fail(err, BAALS_CORRUPT_HEADERS,
                       "%.120s: headers between those of blocks %llu and %llu are missing",
                       headers->dir, (unsigned long long)first_from, (unsigned long long)last_end);
    *from_out = first_from;
    *end_out = last_end;
    return BAALS_OK;
}

/* ---- writing ---- */

struct headers_writer {
    const struct bl_headers *headers;
    struct bl_file *file;
    uint64_t at;            /* where `block` will stand */
    struct bl_buffer block; /* records that are not written yet */
    struct bl_buffer ends;
    uint32_t end; /* of the last record */
};

static baals_status headers_flush(struct headers_writer *writer, baals_error *err)
{
    BL_TRY(bl_buffer_status(&writer->block, err));
    if (writer->block.len > 0)
        BL_TRY(
            bl_file_write_at(writer->file, writer->at, writer->block.data, writer->block.len, err));
    writer->at += writer->block.len;
    bl_buffer_clear(&writer->block);
    return BAALS_OK;
}

/* One record whose body `source` appends. */
static baals_status headers_put(struct headers_writer *writer,
                                uint64_t height,
                                bl_headers_source source,
                                void *ctx,
                                baals_error *err)
{
    uint8_t check[HEADERS_CHECK_BYTES];
    uint8_t end[HEADERS_END_BYTES];
    struct bl_buffer *block = &writer->block;
    if (block->len + HEADERS_RECORD_MAX > HEADERS_BLOCK_BYTES)
        BL_TRY(headers_flush(writer, err));
    size_t before = block->len;
    BL_TRY(source(ctx, block, height, err));
    BL_TRY(bl_buffer_status(block, err));
    baals_slice body = bl_slice(block->data + before, block->len - before);
    BL_ASSERT(body.len > 0 && body.len <= BL_HEADERS_BODY_MAX);
    headers_check_of(check, &writer->headers->chain_id, height, body);
    bl_buffer_append(block, check, sizeof check);
    writer->end += (uint32_t)(body.len + sizeof check);
    bl_store_u32le(end, writer->end);
    bl_buffer_append(&writer->ends, end, sizeof end);
    return bl_buffer_status(&writer->ends, err);
}

static baals_status
headers_put_head(struct headers_writer *writer, uint64_t first, uint32_t count, baals_error *err)
{
    uint8_t head[HEADERS_HEAD_BYTES];
    baals_hash hash;
    memcpy(head, HEADERS_MAGIC, 8);
    bl_store_u32le(head + 8, HEADERS_VERSION);
    bl_store_u32le(head + 12, count);
    bl_store_u64le(head + 16, first);
    memcpy(head + 24, writer->headers->chain_id.bytes, 32);
    bl_sha256(&hash, bl_slice(head, HEADERS_HASHED_BYTES));
    memcpy(head + HEADERS_HASHED_BYTES, hash.bytes, sizeof hash.bytes);
    BL_TRY(bl_file_write_at(writer->file, 0, head, sizeof head, err));
    return bl_file_write_at(writer->file, sizeof head, writer->ends.data, writer->ends.len, err);
}

/* Begins with the records of the file that is replaced; they keep their places in the table. */
static baals_status
headers_copy(struct headers_writer *writer, struct headers_file *old, baals_error *err)
{
    const uint8_t *bytes = NULL;
    size_t table_len = old->count * HEADERS_END_BYTES;
    BL_TRY(headers_bytes(old, &bytes, HEADERS_HEAD_BYTES, table_len, 0, err));
    bl_buffer_append(&writer->ends, bytes, table_len);
    writer->end = bl_load_u32le(bytes + table_len - HEADERS_END_BYTES);
    for (uint32_t done = 0; done < writer->end;) {
        uint32_t step = writer->end - done;
        if (step > HEADERS_BLOCK_BYTES)
            step = HEADERS_BLOCK_BYTES;
        BL_TRY(headers_bytes(old, &bytes, headers_data_at(old) + done, step, 0, err));
        BL_TRY(bl_file_write_at(writer->file, writer->at, bytes, step, err));
        writer->at += step;
        done += step;
    }
    return bl_buffer_status(&writer->ends, err);
}

/* What a file is made of: the records of `old` (NULL: none), then those of the source from height
 * `from` up to but not `end`. */
struct headers_content {
    struct headers_file *old;
    uint64_t first;
    uint64_t from;
    uint64_t end;
    bl_headers_source source;
    void *ctx;
};

static baals_status
headers_fill(struct headers_writer *writer, const struct headers_content *content, baals_error *err)
{
    uint32_t count = (uint32_t)(content->end - content->first);
    BL_TRY(bl_file_truncate(writer->file, 0, err));
    writer->at = HEADERS_HEAD_BYTES + (uint64_t)count * HEADERS_END_BYTES;
    if (content->old != NULL)
        BL_TRY(headers_copy(writer, content->old, err));
    for (uint64_t height = content->from; height < content->end; height++)
        BL_TRY(headers_put(writer, height, content->source, content->ctx, err));
    BL_TRY(headers_flush(writer, err));
    BL_TRY(headers_put_head(writer, content->first, count, err));
    return bl_file_sync(writer->file, err);
}

static baals_status headers_ignore(void *ctx, const baals_sealed_header *sealed, baals_error *err)
{
    (void)ctx;
    (void)sealed;
    (void)err;
    return BAALS_OK;
}

/* Reads all records of an open file; nothing may be wrong with it. */
static baals_status headers_check_file(struct headers_file *file, baals_error *err)
{
    struct headers_walk walk = {.headers = file->headers, .each = headers_ignore};
    return headers_walk_records(&walk, file, file->first, headers_end(file), err);
}

/* Reads the unfinished file back. */
static baals_status headers_check_path(const struct bl_headers *headers,
                                       const char *path,
                                       const struct headers_content *content,
                                       baals_error *err)
{
    struct headers_file file;
    headers_init(&file, headers);
    memcpy(file.path, path, strlen(path) + 1);
    baals_status status = headers_open_path(&file, headers, headers_group(content->first), err);
    if (status == BAALS_OK && (file.first != content->first || headers_end(&file) != content->end))
        status = headers_damaged(&file, "it holds other heights than were written", err);
    if (status == BAALS_OK)
        status = headers_check_file(&file, err);
    headers_close(&file);
    return status;
}

/* Makes a file under a name of its own, checks it, gives it its name. */
static baals_status headers_write(const struct bl_headers *headers,
                                  const struct headers_content *content,
                                  baals_error *err)
{
    char name[BL_HEADERS_NAME_MAX];
    char part[BL_PATH_MAX];
    char final[BL_PATH_MAX];
    struct headers_writer writer = {.headers = headers};
    bl_headers_name(name, content->first);
    BL_TRY(bl_path_join(final, sizeof final, headers->dir, name, err));
    BL_TRY(bl_path_join(part, sizeof part, headers->dir, HEADERS_UNFINISHED, err));
    bl_buffer_init(&writer.block, headers->env->alloc, HEADERS_BLOCK_BYTES);
    bl_buffer_init(&writer.ends, headers->env->alloc,
                   (size_t)BL_HEADERS_PER_FILE * HEADERS_END_BYTES);
    baals_status status =
        bl_file_open(headers->env, &writer.file, part, BL_OPEN_WRITE | BL_OPEN_CREATE, err);
    if (status == BAALS_OK)
        status = headers_fill(&writer, content, err);
    bl_file_close(writer.file);
    bl_buffer_deinit(&writer.block);
    bl_buffer_deinit(&writer.ends);
    if (status == BAALS_OK)
        status = headers_check_path(headers, part, content, err);
    if (status == BAALS_OK)
        status = bl_env_rename(headers->env, part, final, err);
    if (status != BAALS_OK)
        (void)bl_env_remove(headers->env, part, NULL);
    return status;
}

/* Adds to the file of content->from, or makes it. */
static baals_status headers_append_file(const struct bl_headers *headers,
                                        struct headers_content *content,
                                        baals_error *err)
{
    struct headers_file old;
    headers_init(&old, headers);
    baals_status status = headers_open(&old, headers, content->from, err);
    bool there = status == BAALS_OK;
    if (there && headers_end(&old) != content->from)
        status = headers_damaged(&old, "the next headers do not follow those in it", err);
    if (there && status == BAALS_OK)
        status = headers_check_file(&old, err);
    if (status == BAALS_OK || status == BAALS_NOTFOUND) {
        content->old = there ? &old : NULL;
        content->first = there ? old.first : content->from;
        status = headers_write(headers, content, err);
    }
    headers_close(&old);
    return status;
}

baals_status bl_headers_append(const struct bl_headers *headers,
                               uint64_t from,
                               uint64_t end,
                               bl_headers_source source,
                               void *ctx,
                               baals_error *err)
{
    struct headers_content content = {.source = source, .ctx = ctx};
    BL_TRY(bl_env_make_dir(headers->env, headers->dir, err));
    while (from < end) {
        uint64_t group_end = headers_group(from) + BL_HEADERS_PER_FILE;
        content.from = from;
        content.end = end < group_end ? end : group_end;
        BL_TRY(headers_append_file(headers, &content, err));
        /* A file must not be there without those before it. */
        BL_TRY(bl_env_sync_dir(headers->env, headers->dir, err));
        from = content.end;
    }
    return BAALS_OK;
}

baals_status bl_headers_prepend(const struct bl_headers *headers,
                                uint64_t from,
                                bl_headers_source source,
                                void *ctx,
                                baals_error *err)
{
    struct headers_content content = {.source = source, .ctx = ctx};
    struct headers_names names;
    uint64_t first = 0;
    BL_TRY(headers_list(headers, &names, err));
    BL_TRY(headers_look(headers, &first, &content.end, names.lowest, err));
    /* From the highest down: what is there is continued downwards. */
    while (first > from) {
        uint64_t group = headers_group(content.end - 1);
        first = group > from ? group : from;
        content.first = first;
        content.from = first;
        BL_TRY(headers_write(headers, &content, err));
        BL_TRY(bl_env_sync_dir(headers->env, headers->dir, err));
        content.end = first;
    }
    return BAALS_OK;
}

baals_status bl_headers_remove(const struct bl_headers *headers, baals_error *err)
{
    char path[BL_PATH_MAX];
    for (;;) {
        struct headers_names names;
        char name[BL_HEADERS_NAME_MAX];
        BL_TRY(headers_list(headers, &names, err));
        if (names.count == 0)
            break;
        bl_headers_name(name, names.lowest);
        BL_TRY(bl_path_join(path, sizeof path, headers->dir, name, err));
        BL_TRY(bl_env_remove(headers->env, path, err));
        BL_TRY(bl_env_sync_dir(headers->env, headers->dir, err));
    }
    BL_TRY(bl_path_join(path, sizeof path, headers->dir, HEADERS_UNFINISHED, err));
    baals_status status = bl_env_remove(headers->env, path, err);
    if (status == BAALS_OK || status == BAALS_NOTFOUND)
        status = bl_env_remove(headers->env, headers->dir, err);
    return status == BAALS_NOTFOUND ? BAALS_OK : status;
}
