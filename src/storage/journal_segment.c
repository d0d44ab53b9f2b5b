/* SPDX-License-Identifier: MIT */
/*
 * The segment files of a journal: journal/00000001.log and so on, numbered without a gap. The table
 * keeps what is known of each; files are opened when first needed and, beyond a bound, closed again
 * when nobody uses them, so that a long chain does not run out of file descriptors.
 *
 * A segment is made by writing zeros over its whole size first: space merely reserved would cost a
 * metadata sync with every commit. The header is written last, and file and folder are synced
 * before the first record, so a segment without a whole header never held one.
 *
 * Filling a large file takes longer than many commits, so a spare one is filled beside them, under
 * a name that is not a segment's; it becomes the next segment by getting a header and a new name.
 */
#include "storage/journal_internal.h"

#include <stdio.h>
#include <string.h>

enum { SEGMENT_ZERO_CHUNK = 256 * 1024, SEGMENT_NAME_DIGITS = 8 };

/* Bytes of a spare file between two syncs: much that is written and not synced would hold up the
 * syncs of commits on the same disk. */
#define SEGMENT_SPARE_SYNC (1024u * 1024u)
#define SEGMENT_SPARE_NAME "spare"

static void segment_lock(struct bl_journal_segments *segments)
{
    BL_ASSERT(pthread_mutex_lock(&segments->mutex) == 0);
}

static void segment_unlock(struct bl_journal_segments *segments)
{
    BL_ASSERT(pthread_mutex_unlock(&segments->mutex) == 0);
}

/* "00000012.log" gives 12; 0 for any other name. */
static uint32_t segment_parse_name(const char *name)
{
    if (strlen(name) != SEGMENT_NAME_DIGITS + 4 || strcmp(name + SEGMENT_NAME_DIGITS, ".log") != 0)
        return 0;
    uint32_t number = 0;
    for (size_t i = 0; i < SEGMENT_NAME_DIGITS; i++) {
        if (name[i] < '0' || name[i] > '9')
            return 0;
        number = number * 10 + (uint32_t)(name[i] - '0');
    }
    return number;
}

baals_status bl_journal_segments_path(const struct bl_journal_segments *segments,
                                      char *out,
                                      uint32_t number,
                                      baals_error *err)
{
    char name[32];
    BL_ASSERT(number >= 1 && number <= BL_JOURNAL_SEGMENTS_MAX);
    (void)snprintf(name, sizeof name, "%08u.log", (unsigned)number);
    return bl_path_join(out, BL_PATH_MAX, segments->dir, name, err);
}

/* The entry of a segment that is in the table. */
static struct bl_journal_segment *segment_entry(struct bl_journal_segments *segments,
                                                uint32_t number)
{
    BL_ASSERT(number > segments->base && number <= segments->count);
    return &segments->items[number - segments->base - 1];
}

/* Adds one unopened segment to the table. */
static baals_status segment_table_add(struct bl_journal_segments *segments, baals_error *err)
{
    uint32_t len = segments->count - segments->base;
    if (len == segments->cap) {
        uint32_t cap = segments->cap == 0 ? 16 : segments->cap * 2;
        size_t size = sizeof *segments->items;
        struct bl_journal_segment *items = bl_alloc_resize(&segments->env->alloc, segments->items,
                                                           segments->cap * size, cap * size);
        if (items == NULL)
            return bl_fail(err, BAALS_NOMEM, "no memory for the table of journal segments");
        segments->items = items;
        segments->cap = cap;
    }
    segments->items[len] = (struct bl_journal_segment){.file = NULL};
    segments->count++;
    return BAALS_OK;
}

struct segment_listing {
    struct bl_journal_segments *segments;
    baals_error *err;
};

static baals_status segment_list_one(void *ctx, const char *name)
{
    struct segment_listing *listing = ctx;
    uint32_t number = segment_parse_name(name);
    if (number == 0)
        return BAALS_OK;
    /* Names come in ascending order; the first one says where the journal begins. */
    struct bl_journal_segments *segments = listing->segments;
    if (segments->count == 0) {
        segments->base = number - 1;
        segments->count = segments->base;
        segments->first = number;
    }
    if (number != segments->count + 1)
        return bl_fail(listing->err, BAALS_CORRUPT_JOURNAL, "journal segment %08u.log is missing",
                       (unsigned)(segments->count + 1));
    return segment_table_add(segments, listing->err);
}

baals_status bl_journal_segments_init(struct bl_journal_segments *segments,
                                      struct bl_env *env,
                                      const char *dir,
                                      bool read_only,
                                      baals_error *err)
{
    *segments = (struct bl_journal_segments){.env = env, .read_only = read_only, .first = 1};
    segments->dir = bl_alloc_strdup(&env->alloc, dir);
    if (segments->dir == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the journal's path");
    BL_ASSERT(pthread_mutex_init(&segments->mutex, NULL) == 0);
    struct segment_listing listing = {.segments = segments, .err = err};
    baals_status status = bl_env_list_dir(env, dir, segment_list_one, &listing, err);
    if (status != BAALS_OK && status != BAALS_NOTFOUND) {
        bl_journal_segments_deinit(segments);
        return status;
    }
    return BAALS_OK;
}

static baals_status
segment_spare_path(const struct bl_journal_segments *segments, char *out, baals_error *err)
{
    return bl_path_join(out, BL_PATH_MAX, segments->dir, SEGMENT_SPARE_NAME, err);
}

/* Closes and removes a spare file, which is not in the table any more; NULL is ignored. What cannot
 * be removed is thrown away by the next preparation. */
static void segment_drop_spare(const struct bl_journal_segments *segments, struct bl_file *spare)
{
    char path[BL_PATH_MAX];
    if (spare == NULL)
        return;
    bl_file_close(spare);
    if (segment_spare_path(segments, path, NULL) == BAALS_OK)
        (void)bl_env_remove(segments->env, path, NULL);
}

void bl_journal_segments_deinit(struct bl_journal_segments *segments)
{
    if (segments->dir == NULL)
        return;
    for (uint32_t i = 0; i < segments->count - segments->base; i++)
        bl_file_close(segments->items[i].file);
    segment_drop_spare(segments, segments->spare);
    bl_alloc_free(&segments->env->alloc, segments->items, segments->cap * sizeof *segments->items);
    bl_alloc_free(&segments->env->alloc, segments->dir, strlen(segments->dir) + 1);
    BL_ASSERT(pthread_mutex_destroy(&segments->mutex) == 0);
    *segments = (struct bl_journal_segments){.env = NULL};
}

uint32_t bl_journal_segments_first(struct bl_journal_segments *segments)
{
    segment_lock(segments);
    uint32_t first = segments->first;
    segment_unlock(segments);
    return first;
}

uint32_t bl_journal_segments_count(struct bl_journal_segments *segments)
{
    segment_lock(segments);
    uint32_t count = segments->count;
    segment_unlock(segments);
    return count;
}

static void segment_close_file(struct bl_journal_segments *segments,
                               struct bl_journal_segment *segment)
{
    BL_ASSERT(segment->users == 0);
    if (segment->file == NULL)
        return;
    bl_file_close(segment->file);
    segment->file = NULL;
    segments->open--;
}

static baals_status segment_open_file(struct bl_journal_segments *segments,
                                      struct bl_journal_segment *segment,
                                      uint32_t number,
                                      baals_error *err)
{
    char path[BL_PATH_MAX];
    BL_TRY(bl_journal_segments_path(segments, path, number, err));
    struct bl_file *file = NULL;
    uint32_t flags = segments->read_only ? BL_OPEN_READ : BL_OPEN_WRITE;
    BL_TRY(bl_file_open(segments->env, &file, path, flags, err));
    uint8_t bytes[BL_JOURNAL_SEGMENT_HEADER];
    size_t read = 0;
    uint64_t size = 0;
    baals_status status = bl_file_size(file, &size, err);
    if (status == BAALS_OK)
        status = bl_file_read_at(file, bytes, &read, 0, sizeof bytes, err);
    if (status != BAALS_OK) {
        bl_file_close(file);
        return status;
    }
    segment->verdict =
        read == sizeof bytes ? bl_journal_segment_decode(&segment->header, bytes) : BL_JOURNAL_BAD;
    segment->file = file;
    segment->size = size;
    segments->open++;
    return BAALS_OK;
}

baals_status bl_journal_segments_acquire(struct bl_journal_segments *segments,
                                         struct bl_journal_segment *out,
                                         uint32_t number,
                                         baals_error *err)
{
    baals_status status = BAALS_OK;
    segment_lock(segments);
    if (number < segments->first || number > segments->count) {
        status =
            bl_fail(err, BAALS_NOTFOUND, "there is no journal segment %lu", (unsigned long)number);
    } else {
        struct bl_journal_segment *segment = segment_entry(segments, number);
        if (segment->file == NULL)
            status = segment_open_file(segments, segment, number, err);
        if (status == BAALS_OK) {
            segment->users++;
            segment->used = ++segments->clock;
            *out = *segment;
        }
    }
    segment_unlock(segments);
    return status;
}

/* Closes the idle file that was used longest ago; false when there is none. */
static bool segment_evict(struct bl_journal_segments *segments)
{
    struct bl_journal_segment *oldest = NULL;
    for (uint32_t i = 0; i < segments->count - segments->base; i++) {
        struct bl_journal_segment *segment = &segments->items[i];
        if (segment->file == NULL || segment->users > 0)
            continue;
        if (oldest == NULL || segment->used < oldest->used)
            oldest = segment;
    }
    if (oldest == NULL)
        return false;
    segment_close_file(segments, oldest);
    return true;
}

void bl_journal_segments_release(struct bl_journal_segments *segments, uint32_t number)
{
    segment_lock(segments);
    struct bl_journal_segment *segment = segment_entry(segments, number);
    BL_ASSERT(segment->users > 0);
    segment->users--;
    if (segment->users == 0 && number < segments->first)
        segment_close_file(segments, segment);
    while (segments->open > BL_JOURNAL_OPEN_FILES_MAX && segment_evict(segments))
        continue;
    segment_unlock(segments);
}

/* Writes zeros from `from` to `to`. */
static baals_status segment_write_zeros(const struct bl_journal_segments *segments,
                                        struct bl_file *file,
                                        uint64_t from,
                                        uint64_t to,
                                        baals_error *err)
{
    uint8_t *zeros = bl_alloc_zero(&segments->env->alloc, 1, SEGMENT_ZERO_CHUNK);
    if (zeros == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to fill a journal segment");
    baals_status status = BAALS_OK;
    for (uint64_t at = from; at < to && status == BAALS_OK; at += SEGMENT_ZERO_CHUNK) {
        uint64_t left = to - at;
        size_t len = left < SEGMENT_ZERO_CHUNK ? (size_t)left : SEGMENT_ZERO_CHUNK;
        status = bl_file_write_at(file, at, zeros, len, err);
    }
    bl_alloc_free(&segments->env->alloc, zeros, SEGMENT_ZERO_CHUNK);
    return status;
}

/* Fills the new file. What an earlier attempt may have left in it is thrown away first. */
static baals_status segment_fill(const struct bl_journal_segments *segments,
                                 struct bl_file *file,
                                 const struct bl_journal_segment_header *header,
                                 uint64_t size,
                                 baals_error *err)
{
    uint8_t bytes[BL_JOURNAL_SEGMENT_HEADER];
    BL_TRY(bl_file_truncate(file, 0, err));
    BL_TRY(segment_write_zeros(segments, file, 0, size, err));
    bl_journal_segment_encode(bytes, header);
    BL_TRY(bl_file_write_at(file, 0, bytes, sizeof bytes, err));
    BL_TRY(bl_file_sync(file, err));
    return bl_env_sync_dir(segments->env, segments->dir, err);
}

/* ---- the spare file ---- */

static baals_status segment_fill_spare(const struct bl_journal_segments *segments,
                                       struct bl_file *file,
                                       uint64_t size,
                                       baals_error *err)
{
    BL_TRY(bl_file_truncate(file, 0, err));
    for (uint64_t at = 0; at < size; at += SEGMENT_SPARE_SYNC) {
        uint64_t to = size - at < SEGMENT_SPARE_SYNC ? size : at + SEGMENT_SPARE_SYNC;
        BL_TRY(segment_write_zeros(segments, file, at, to, err));
        BL_TRY(bl_file_sync(file, err));
    }
    return BAALS_OK;
}

/* Takes the spare file off the table when it has at least `size` bytes. */
static struct bl_file *
segment_take_spare(struct bl_journal_segments *segments, uint64_t size, uint64_t *size_out)
{
    struct bl_file *file = NULL;
    segment_lock(segments);
    if (segments->spare != NULL && segments->spare_size >= size) {
        file = segments->spare;
        *size_out = segments->spare_size;
        segments->spare = NULL;
    }
    segment_unlock(segments);
    return file;
}

baals_status
bl_journal_segments_prepare(struct bl_journal_segments *segments, uint64_t size, baals_error *err)
{
    char path[BL_PATH_MAX];
    uint64_t old_size = 0;
    struct bl_file *file = NULL;
    segment_lock(segments);
    bool ready = segments->spare != NULL && segments->spare_size >= size;
    segment_unlock(segments);
    if (ready)
        return BAALS_OK;
    segment_drop_spare(segments, segment_take_spare(segments, 0, &old_size));
    BL_TRY(segment_spare_path(segments, path, err));
    BL_TRY(bl_file_open(segments->env, &file, path, BL_OPEN_WRITE | BL_OPEN_CREATE, err));
    baals_status status = segment_fill_spare(segments, file, size, err);
    if (status != BAALS_OK) {
        segment_drop_spare(segments, file);
        return status;
    }
    segment_lock(segments);
    segments->spare = file;
    segments->spare_size = size;
    segment_unlock(segments);
    return BAALS_OK;
}

/* Gives the spare file its header and its name, and opens it under that. The spare is closed. */
static baals_status segment_use_spare(const struct bl_journal_segments *segments,
                                      struct bl_file **file_out,
                                      struct bl_file *spare,
                                      const struct bl_journal_segment_header *header,
                                      const char *path,
                                      baals_error *err)
{
    char from[BL_PATH_MAX];
    uint8_t bytes[BL_JOURNAL_SEGMENT_HEADER];
    bl_journal_segment_encode(bytes, header);
    baals_status status = bl_file_write_at(spare, 0, bytes, sizeof bytes, err);
    if (status == BAALS_OK)
        status = bl_file_sync(spare, err);
    bl_file_close(spare);
    BL_TRY(status);
    BL_TRY(segment_spare_path(segments, from, err));
    BL_TRY(bl_env_rename(segments->env, from, path, err));
    BL_TRY(bl_env_sync_dir(segments->env, segments->dir, err));
    return bl_file_open(segments->env, file_out, path, BL_OPEN_WRITE, err);
}

/* ---- making a segment ---- */

/* Puts the new segment into the table, which takes the file over. */
static baals_status segment_adopt(struct bl_journal_segments *segments,
                                  struct bl_file *file,
                                  const struct bl_journal_segment_header *header,
                                  uint64_t size,
                                  baals_error *err)
{
    segment_lock(segments);
    BL_ASSERT(header->number == segments->count + 1);
    baals_status status = segment_table_add(segments, err);
    if (status == BAALS_OK) {
        *segment_entry(segments, header->number) = (struct bl_journal_segment){
            .file = file, .size = size, .verdict = BL_JOURNAL_WHOLE, .header = *header};
        segments->open++;
    }
    segment_unlock(segments);
    return status;
}

baals_status bl_journal_segments_create(struct bl_journal_segments *segments,
                                        const struct bl_journal_segment_header *header,
                                        uint64_t size,
                                        baals_error *err)
{
    char path[BL_PATH_MAX];
    baals_status status;
    BL_ASSERT(!segments->read_only && size > BL_JOURNAL_ALIGN);
    BL_TRY(bl_journal_segments_path(segments, path, header->number, err));
    struct bl_file *file = NULL;
    struct bl_file *spare = segment_take_spare(segments, size, &size);
    if (spare != NULL) {
        status = segment_use_spare(segments, &file, spare, header, path, err);
    } else {
        BL_TRY(bl_file_open(segments->env, &file, path, BL_OPEN_WRITE | BL_OPEN_CREATE, err));
        status = segment_fill(segments, file, header, size, err);
    }
    if (status == BAALS_OK)
        status = segment_adopt(segments, file, header, size, err);
    if (status != BAALS_OK) {
        bl_file_close(file);
        /* The first failure is the one to report; opening takes what stays for unfinished. */
        (void)bl_env_remove(segments->env, path, NULL);
    }
    return status;
}

void bl_journal_segments_resize(struct bl_journal_segments *segments,
                                uint32_t number,
                                uint64_t size)
{
    segment_lock(segments);
    segment_entry(segments, number)->size = size;
    segment_unlock(segments);
}

void bl_journal_segments_forget(struct bl_journal_segments *segments)
{
    segment_lock(segments);
    BL_ASSERT(segments->count >= segments->first);
    segment_close_file(segments, segment_entry(segments, segments->count));
    segments->count--;
    segment_unlock(segments);
}

/* Takes the first segment out of the table; readers that hold it keep their file. */
static void segment_drop_first(struct bl_journal_segments *segments)
{
    segment_lock(segments);
    struct bl_journal_segment *segment = segment_entry(segments, segments->first);
    if (segment->users == 0)
        segment_close_file(segments, segment);
    segments->first++;
    segment_unlock(segments);
}

baals_status bl_journal_segments_trim(struct bl_journal_segments *segments,
                                      uint64_t *freed_out,
                                      uint32_t first,
                                      baals_error *err)
{
    BL_ASSERT(!segments->read_only && first <= bl_journal_segments_count(segments));
    uint64_t freed = 0;
    /* Ascending, each removal durable before the next: a crash never leaves a gap. */
    for (uint32_t number = bl_journal_segments_first(segments); number < first; number++) {
        char path[BL_PATH_MAX];
        struct bl_journal_segment segment;
        BL_TRY(bl_journal_segments_acquire(segments, &segment, number, err));
        bl_journal_segments_release(segments, number);
        BL_TRY(bl_journal_segments_path(segments, path, number, err));
        segment_drop_first(segments);
        BL_TRY(bl_env_remove(segments->env, path, err));
        BL_TRY(bl_env_sync_dir(segments->env, segments->dir, err));
        freed += segment.size;
    }
    *freed_out = freed;
    return BAALS_OK;
}
