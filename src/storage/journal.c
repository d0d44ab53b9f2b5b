/* SPDX-License-Identifier: MIT */
/*
 * The journal's handle: gathering a group, writing and syncing it, reading records back.
 *
 * A group is laid out in one buffer with room for each record's header; where it will stand is
 * decided with its first record, everything else in the headers (salt, chain, durable_to, hash)
 * when it is committed. So a group that is dropped leaves no trace, and a commit is one write and
 * one sync. The position of the durable end is atomic: readers see a record once it is synced.
 */
#include "storage/journal.h"

#include <stdatomic.h>
#include <string.h>

#include "storage/journal_internal.h"

struct bl_journal {
    struct bl_env *env;
    struct bl_journal_segments segments;
    baals_hash chain_id;
    uint32_t segment_bytes;
    bool read_only;
    _Atomic bool stopped;
    _Atomic uint64_t end;      /* behind the last durable record, where the next group goes */
    _Atomic uint32_t prepared; /* the last segment whose file was prepared, or tried to be */

    /* The writer's. */
    uint32_t current;     /* the segment `end` is in, acquired; 0: it is still to be made */
    baals_hash last_hash; /* of the last durable record */
    bool covered;         /* the last record is a SYNC or END, or there is none */
    struct bl_buffer group;
    uint64_t group_position; /* valid while group.len > 0 */
};

static baals_status journal_check_usable(const struct bl_journal *journal, baals_error *err)
{
    if (atomic_load(&journal->stopped))
        return bl_fail(err, BAALS_IO_SYNC, "the journal has stopped after a failed write or sync");
    return BAALS_OK;
}

static baals_status journal_check_writable(const struct bl_journal *journal, baals_error *err)
{
    if (journal->read_only)
        return bl_fail(err, BAALS_MISUSE, "the journal was opened for reading only");
    return journal_check_usable(journal, err);
}

/* ---- opening and closing ---- */

static baals_status journal_make_dir(struct bl_env *env, const char *dir, baals_error *err)
{
    char parent[BL_PATH_MAX];
    size_t len = strlen(dir);
    BL_TRY(bl_env_make_dir(env, dir, err));
    while (len > 0 && dir[len - 1] == '/')
        len--;
    while (len > 0 && dir[len - 1] != '/')
        len--;
    if (len >= sizeof parent)
        return bl_fail(err, BAALS_LIMIT, "the journal's path is too long");
    memcpy(parent, dir, len);
    parent[len] = '\0';
    return bl_env_sync_dir(env, len == 0 ? "." : parent, err);
}

/* Sizes double from the smallest to segment_bytes. */
static uint64_t journal_segment_size(const struct bl_journal *journal, uint32_t number)
{
    uint64_t size = BL_JOURNAL_SEGMENT_MIN;
    for (uint32_t i = 1; i < number && size < journal->segment_bytes; i++)
        size *= 2;
    return size < journal->segment_bytes ? size : journal->segment_bytes;
}

/* What must stay free behind a group: a SYNC and the END. */
#define JOURNAL_RESERVE (2u * BL_JOURNAL_ALIGN)

/* Makes the segment in which `end` is, with room for a group of `group_len` bytes. */
static baals_status
journal_create_segment(struct bl_journal *journal, uint64_t group_len, baals_error *err)
{
    uint64_t end = atomic_load(&journal->end);
    struct bl_journal_segment_header header = {
        .number = bl_journal_segment_of(end),
        .chain_id = journal->chain_id,
        .prev = journal->last_hash,
        .durable_to = bl_journal_position(bl_journal_segment_of(end), 0),
    };
    BL_ASSERT(journal->current == 0 && bl_journal_offset_of(end) == BL_JOURNAL_ALIGN);
    if (header.number > BL_JOURNAL_SEGMENTS_MAX)
        return bl_fail(err, BAALS_LIMIT, "the journal has no more segment numbers");
    uint64_t size = journal_segment_size(journal, header.number);
    uint64_t needed = BL_JOURNAL_ALIGN + bl_journal_align(group_len) + JOURNAL_RESERVE;
    BL_TRY(bl_env_random(journal->env, header.salt, sizeof header.salt, err));
    baals_status status =
        bl_journal_segments_create(&journal->segments, &header, needed > size ? needed : size, err);
    if (status == BAALS_IO_SYNC)
        atomic_store(&journal->stopped, true);
    BL_TRY(status);
    struct bl_journal_segment segment;
    BL_TRY(bl_journal_segments_acquire(&journal->segments, &segment, header.number, err));
    journal->current = header.number;
    return BAALS_OK;
}

static baals_status journal_read_options(struct bl_journal *journal,
                                         const struct bl_journal_options *options,
                                         baals_error *err)
{
    uint32_t bytes =
        options->segment_bytes == 0 ? BL_JOURNAL_SEGMENT_DEFAULT : options->segment_bytes;
    if (bytes < BL_JOURNAL_SEGMENT_MIN || bytes > BL_JOURNAL_SEGMENT_MAX) {
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "a journal segment of %lu bytes: 1 MiB to 1 GiB are possible",
                       (unsigned long)bytes);
    }
    journal->segment_bytes = (uint32_t)bl_journal_align(bytes);
    journal->read_only = options->read_only != 0;
    return BAALS_OK;
}

/* What a killed process wrote may be in memory only: it is synced before anyone relies on it. */
static baals_status journal_settle_durable(struct bl_journal *journal, baals_error *err)
{
    uint32_t count = bl_journal_segments_count(&journal->segments);
    if (count == 0)
        return journal_create_segment(journal, 0, err);
    struct bl_journal_segment segment;
    BL_TRY(bl_journal_segments_acquire(&journal->segments, &segment, count, err));
    baals_status status = bl_file_sync(segment.file, err);
    if (status == BAALS_OK)
        status = bl_env_sync_dir(journal->env, journal->segments.dir, err);
    if (status == BAALS_OK && count == bl_journal_segment_of(atomic_load(&journal->end)))
        journal->current = count;
    else
        bl_journal_segments_release(&journal->segments, count);
    return status;
}

static baals_status journal_scan(struct bl_journal *journal,
                                 struct bl_journal_report *report,
                                 const struct bl_journal_options *options,
                                 baals_error *err)
{
    struct bl_journal_window window;
    struct bl_journal_scan scan;
    BL_TRY(bl_journal_window_init(&window, &journal->env->alloc, err));
    baals_status status = bl_journal_scan_run(&scan, &journal->segments, &window,
                                              &journal->chain_id, options->scan_from, err);
    if (status == BAALS_OK)
        status = bl_journal_tail_settle(report, &scan, &journal->segments, &window,
                                        options->must_reach, err);
    bl_journal_window_deinit(&window);
    BL_TRY(status);
    report->records = scan.records;
    report->end = scan.end;
    journal->last_hash = scan.last_hash;
    journal->covered = scan.covered;
    atomic_store(&journal->end, scan.end);
    return BAALS_OK;
}

static baals_status journal_open_files(struct bl_journal *journal,
                                       struct bl_journal_report *report,
                                       const char *dir,
                                       const struct bl_journal_options *options,
                                       baals_error *err)
{
    BL_TRY(journal_read_options(journal, options, err));
    if (!journal->read_only)
        BL_TRY(journal_make_dir(journal->env, dir, err));
    BL_TRY(
        bl_journal_segments_init(&journal->segments, journal->env, dir, journal->read_only, err));
    if (journal->read_only && bl_journal_segments_count(&journal->segments) == 0)
        return bl_fail(err, BAALS_NOTFOUND, "there is no journal in %s", dir);
    if (options->trimmed == 0 && bl_journal_segments_first(&journal->segments) > 1)
        return bl_fail(err, BAALS_CORRUPT_JOURNAL, "journal segment 00000001.log is missing");
    BL_TRY(journal_scan(journal, report, options, err));
    return journal->read_only ? BAALS_OK : journal_settle_durable(journal, err);
}

static void journal_free(struct bl_journal *journal)
{
    struct bl_env *env = journal->env;
    if (journal->current != 0)
        bl_journal_segments_release(&journal->segments, journal->current);
    bl_journal_segments_deinit(&journal->segments);
    bl_buffer_deinit(&journal->group);
    bl_alloc_free(&env->alloc, journal, sizeof *journal);
}

baals_status bl_journal_open(struct bl_journal **out,
                             struct bl_journal_report *report_out,
                             struct bl_env *env,
                             const char *dir,
                             const baals_hash *chain_id,
                             const struct bl_journal_options *options,
                             baals_error *err)
{
    const struct bl_journal_options defaults = {.segment_bytes = 0};
    struct bl_journal_report report = {.records = 0};
    struct bl_journal *journal = bl_alloc_zero(&env->alloc, 1, sizeof *journal);
    if (journal == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the journal");
    journal->env = env;
    journal->chain_id = *chain_id;
    bl_buffer_init(&journal->group, env->alloc, BL_JOURNAL_GROUP_MAX + BL_JOURNAL_ALIGN);
    baals_status status =
        journal_open_files(journal, &report, dir, options == NULL ? &defaults : options, err);
    if (status != BAALS_OK) {
        journal_free(journal);
        return status;
    }
    *out = journal;
    if (report_out != NULL)
        *report_out = report;
    return BAALS_OK;
}

baals_status bl_journal_close(struct bl_journal *journal, baals_error *err)
{
    if (journal == NULL)
        return BAALS_OK;
    baals_status status = BAALS_OK;
    if (!journal->read_only) {
        bl_journal_abandon(journal);
        status = bl_journal_cover(journal, err);
    }
    journal_free(journal);
    return status;
}

/* ---- writing ---- */

/* Where a group that starts with a record of `record_len` bytes will stand: here, or at the start
 * of the next segment when that record does not fit. Later records of the group may make the file
 * grow: their positions were promised. */
static uint64_t journal_place_group(const struct bl_journal *journal, uint64_t record_len)
{
    uint64_t end = atomic_load(&journal->end);
    uint64_t offset = bl_journal_offset_of(end);
    uint32_t number = bl_journal_segment_of(end);
    uint64_t size = journal_segment_size(journal, number);
    bool fits = bl_journal_align(offset + record_len) + JOURNAL_RESERVE <= size;
    if (journal->current == 0 || fits || offset == BL_JOURNAL_ALIGN)
        return end;
    return bl_journal_position(number + 1, BL_JOURNAL_ALIGN);
}

baals_status bl_journal_append(struct bl_journal *journal,
                               uint64_t *position_out,
                               enum bl_record_type type,
                               const baals_slice *parts,
                               size_t count,
                               baals_error *err)
{
    BL_ASSERT(type == BL_RECORD_BLOCK || type == BL_RECORD_SIDE || type == BL_RECORD_REVERT);
    BL_TRY(journal_check_writable(journal, err));
    size_t body_len = 0;
    for (size_t i = 0; i < count; i++) {
        if (!bl_size_add(&body_len, body_len, parts[i].len) || body_len > BL_JOURNAL_BODY_MAX)
            return bl_fail(err, BAALS_LIMIT, "a journal record of more than 512 MiB");
    }
    size_t start = journal->group.len;
    if (body_len + BL_JOURNAL_RECORD_HEADER > BL_JOURNAL_GROUP_MAX - start)
        return bl_fail(err, BAALS_LIMIT, "a journal group of more than 1 GiB");
    uint8_t *record = bl_buffer_extend(&journal->group, BL_JOURNAL_RECORD_HEADER + body_len);
    if (record == NULL) {
        baals_status status = bl_buffer_status(&journal->group, err);
        journal->group.failed = false;
        return status;
    }
    if (start == 0)
        journal->group_position =
            journal_place_group(journal, (uint64_t)BL_JOURNAL_RECORD_HEADER + body_len);
    /* Until the commit, the header holds what is known already. */
    memset(record, 0, BL_JOURNAL_RECORD_HEADER);
    bl_store_u32le(record, (uint32_t)type);
    bl_store_u32le(record + 4, (uint32_t)body_len);
    uint8_t *at = record + BL_JOURNAL_RECORD_HEADER;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            memcpy(at, parts[i].data, parts[i].len);
        at += parts[i].len;
    }
    if (position_out != NULL)
        *position_out = journal->group_position + start;
    return BAALS_OK;
}

/* The buffer is kept from group to group, but not at the size a rare large one made it. */
#define JOURNAL_GROUP_KEPT (8u * 1024u * 1024u)

void bl_journal_abandon(struct bl_journal *journal)
{
    struct bl_buffer *group = &journal->group;
    bl_buffer_clear(group);
    if (group->cap > JOURNAL_GROUP_KEPT) {
        bl_buffer_deinit(group);
        bl_buffer_init(group, journal->env->alloc, BL_JOURNAL_GROUP_MAX + BL_JOURNAL_ALIGN);
    }
}

/* Fills in the headers of the records in `data`, which will stand at `position`. */
static void journal_seal_group(const struct bl_journal *journal,
                               baals_hash *last_hash,
                               uint8_t *data,
                               size_t len,
                               uint64_t position,
                               const uint8_t salt[BL_JOURNAL_SALT])
{
    *last_hash = journal->last_hash;
    for (size_t at = 0; at < len;) {
        uint8_t *record = data + at;
        struct bl_journal_header header = {
            .type = (enum bl_record_type)bl_load_u32le(record),
            .body_len = bl_load_u32le(record + 4),
            .position = position + at,
            .durable_to = atomic_load(&journal->end),
            .prev = *last_hash,
        };
        at += BL_JOURNAL_RECORD_HEADER + header.body_len;
        BL_ASSERT(at <= len);
        header.group_rest = (uint32_t)(len - at);
        memcpy(header.salt, salt, sizeof header.salt);
        bl_journal_header_encode(record, &header, record + BL_JOURNAL_RECORD_HEADER);
        *last_hash = header.hash;
    }
}

/* After a write that found no room: zeros over what it may have left, the file as long as it
 * was, both synced, so that a later opening cannot find a group that was never acknowledged. */
static baals_status journal_undo_write(struct bl_file *file,
                                       uint64_t offset,
                                       uint8_t *data,
                                       size_t len,
                                       uint64_t size,
                                       baals_error *err)
{
    memset(data, 0, len);
    BL_TRY(bl_file_truncate(file, size, err));
    uint64_t room = offset < size ? size - offset : 0;
    size_t zeros = len < room ? len : (size_t)room;
    if (zeros > 0)
        BL_TRY(bl_file_write_at(file, offset, data, zeros, err));
    return bl_file_sync(file, err);
}

/* Writes `len` bytes (a multiple of the alignment) at the durable end and syncs them. */
static baals_status
journal_write(struct bl_journal *journal, uint8_t *data, size_t len, baals_error *err)
{
    struct bl_journal_segment segment;
    BL_TRY(bl_journal_segments_acquire(&journal->segments, &segment, journal->current, err));
    uint64_t offset = bl_journal_offset_of(atomic_load(&journal->end));
    baals_status status = bl_file_write_at(segment.file, offset, data, len, err);
    bool stop = false;
    if (status == BAALS_IO_FULL || status == BAALS_NOMEM) {
        stop = journal_undo_write(segment.file, offset, data, len, segment.size, NULL) != BAALS_OK;
    } else if (status != BAALS_OK) {
        stop = true;
    } else {
        status = bl_file_sync(segment.file, err);
        stop = status != BAALS_OK;
    }
    if (status == BAALS_OK && offset + len > segment.size)
        bl_journal_segments_resize(&journal->segments, journal->current, offset + len);
    if (stop)
        atomic_store(&journal->stopped, true);
    bl_journal_segments_release(&journal->segments, journal->current);
    return status;
}

/* Seals and writes the records in `buffer` at the durable end, and moves the end. */
static baals_status
journal_write_group(struct bl_journal *journal, struct bl_buffer *buffer, baals_error *err)
{
    struct bl_journal_segment segment;
    baals_hash last_hash;
    uint64_t end = atomic_load(&journal->end);
    size_t len = buffer->len;
    size_t padding = (size_t)(bl_journal_align(len) - len);
    uint8_t *pad = bl_buffer_extend(buffer, padding);
    if (pad == NULL)
        return bl_buffer_status(buffer, err);
    memset(pad, 0, padding);
    BL_TRY(bl_journal_segments_acquire(&journal->segments, &segment, journal->current, err));
    bl_journal_segments_release(&journal->segments, journal->current);
    journal_seal_group(journal, &last_hash, buffer->data, len, end, segment.header.salt);
    BL_TRY(journal_write(journal, buffer->data, buffer->len, err));
    journal->last_hash = last_hash;
    atomic_store(&journal->end, end + buffer->len);
    return BAALS_OK;
}

/* A record without a body, alone in its group. */
static baals_status
journal_write_mark(struct bl_journal *journal, enum bl_record_type type, baals_error *err)
{
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, journal->env->alloc, BL_JOURNAL_ALIGN);
    uint8_t *record = bl_buffer_extend(&buffer, BL_JOURNAL_RECORD_HEADER);
    baals_status status = bl_buffer_status(&buffer, err);
    if (record != NULL) {
        memset(record, 0, BL_JOURNAL_RECORD_HEADER);
        bl_store_u32le(record, (uint32_t)type);
        status = journal_write_group(journal, &buffer, err);
    }
    bl_buffer_deinit(&buffer);
    BL_TRY(status);
    journal->covered = true;
    return BAALS_OK;
}

/* Closes the current segment: END, synced, and the end moves to the next one. */
static baals_status journal_end_segment(struct bl_journal *journal, baals_error *err)
{
    BL_TRY(journal_write_mark(journal, BL_RECORD_END, err));
    bl_journal_segments_release(&journal->segments, journal->current);
    atomic_store(&journal->end, bl_journal_position(journal->current + 1, BL_JOURNAL_ALIGN));
    journal->current = 0;
    return BAALS_OK;
}

static baals_status journal_commit_group(struct bl_journal *journal, baals_error *err)
{
    uint32_t target = bl_journal_segment_of(journal->group_position);
    if (journal->current != 0 && journal->current != target)
        BL_TRY(journal_end_segment(journal, err));
    if (journal->current == 0)
        BL_TRY(journal_create_segment(journal, journal->group.len, err));
    BL_ASSERT(journal->group_position == atomic_load(&journal->end));
    BL_TRY(journal_write_group(journal, &journal->group, err));
    journal->covered = false;
    return BAALS_OK;
}

baals_status bl_journal_commit(struct bl_journal *journal, baals_error *err)
{
    BL_TRY(journal_check_writable(journal, err));
    if (journal->group.len == 0)
        return BAALS_OK;
    baals_status status = journal_commit_group(journal, err);
    bl_journal_abandon(journal);
    return status;
}

baals_status bl_journal_cover(struct bl_journal *journal, baals_error *err)
{
    BL_TRY(journal_check_writable(journal, err));
    if (journal->covered || journal->group.len > 0)
        return BAALS_OK;
    return journal_write_mark(journal, BL_RECORD_SYNC, err);
}

/* ---- preparing ---- */

bool bl_journal_wants_segment(const struct bl_journal *journal)
{
    uint64_t end = atomic_load(&journal->end);
    uint32_t number = bl_journal_segment_of(end);
    return !journal->read_only && atomic_load(&journal->prepared) <= number &&
           bl_journal_offset_of(end) > journal_segment_size(journal, number) / 2;
}

baals_status bl_journal_prepare_segment(struct bl_journal *journal, baals_error *err)
{
    BL_TRY(journal_check_writable(journal, err));
    uint32_t number = bl_journal_segment_of(atomic_load(&journal->end)) + 1;
    atomic_store(&journal->prepared, number);
    return bl_journal_segments_prepare(&journal->segments, journal_segment_size(journal, number),
                                       err);
}

/* ---- reading ---- */

uint64_t bl_journal_end(const struct bl_journal *journal)
{
    return atomic_load(&journal->end);
}

uint64_t bl_journal_begin(struct bl_journal *journal)
{
    return bl_journal_position(bl_journal_segments_first(&journal->segments), BL_JOURNAL_ALIGN);
}

baals_status bl_journal_trim(struct bl_journal *journal,
                             uint64_t *freed_out,
                             uint64_t position,
                             baals_error *err)
{
    BL_TRY(journal_check_writable(journal, err));
    BL_ASSERT(position >= bl_journal_begin(journal) && position < atomic_load(&journal->end));
    return bl_journal_segments_trim(&journal->segments, freed_out, bl_journal_segment_of(position),
                                    err);
}

static baals_status journal_damaged(uint64_t position, baals_error *err)
{
    return bl_fail(err, BAALS_CORRUPT_JOURNAL, "no whole journal record at segment %lu offset %lu",
                   (unsigned long)bl_journal_segment_of(position),
                   (unsigned long)bl_journal_offset_of(position));
}

/* The record at exactly `position` of `segment`. */
static baals_status journal_read_record(const struct bl_journal *journal,
                                        struct bl_journal_record *out,
                                        const struct bl_journal_segment *segment,
                                        uint64_t position,
                                        baals_error *err)
{
    uint8_t bytes[BL_JOURNAL_RECORD_HEADER];
    struct bl_journal_header header;
    uint64_t offset = bl_journal_offset_of(position);
    size_t read = 0;
    BL_TRY(bl_file_read_at(segment->file, bytes, &read, offset, sizeof bytes, err));
    if (read < sizeof bytes || !bl_journal_header_decode(&header, bytes))
        return journal_damaged(position, err);
    if (header.position != position || header.body_len > segment->size - offset - sizeof bytes ||
        memcmp(header.salt, segment->header.salt, sizeof header.salt) != 0)
        return journal_damaged(position, err);
    uint8_t *body = NULL;
    if (header.body_len > 0) {
        body = bl_alloc_resize(&journal->env->alloc, NULL, 0, header.body_len);
        if (body == NULL)
            return bl_fail(err, BAALS_NOMEM, "no memory to read a journal record");
        baals_status status = bl_file_read_at(segment->file, body, &read, offset + sizeof bytes,
                                              header.body_len, err);
        if (status == BAALS_OK &&
            (read < header.body_len || !bl_journal_header_holds(bytes, body, header.body_len)))
            status = journal_damaged(position, err);
        if (status != BAALS_OK) {
            bl_alloc_free(&journal->env->alloc, body, header.body_len);
            return status;
        }
    } else if (!bl_journal_header_holds(bytes, NULL, 0)) {
        return journal_damaged(position, err);
    }
    *out = (struct bl_journal_record){.type = header.type,
                                      .position = position,
                                      .next = bl_journal_header_next(&header),
                                      .durable_to = header.durable_to,
                                      .body = body,
                                      .body_len = header.body_len};
    return BAALS_OK;
}

static baals_status journal_read_at(struct bl_journal *journal,
                                    struct bl_journal_record *out,
                                    uint64_t position,
                                    baals_error *err)
{
    struct bl_journal_segment segment;
    uint32_t number = bl_journal_segment_of(position);
    baals_status status = bl_journal_segments_acquire(&journal->segments, &segment, number, err);
    if (status == BAALS_NOTFOUND)
        return journal_damaged(position, err);
    BL_TRY(status);
    if (segment.verdict != BL_JOURNAL_WHOLE || segment.header.number != number ||
        !bl_hash_equal(&segment.header.chain_id, &journal->chain_id) ||
        segment.size < bl_journal_offset_of(position) + (uint64_t)BL_JOURNAL_RECORD_HEADER)
        status = journal_damaged(position, err);
    else
        status = journal_read_record(journal, out, &segment, position, err);
    bl_journal_segments_release(&journal->segments, number);
    return status;
}

baals_status bl_journal_read(struct bl_journal *journal,
                             struct bl_journal_record *record_out,
                             uint64_t position,
                             baals_error *err)
{
    struct bl_journal_record record;
    uint64_t begin = bl_journal_begin(journal);
    BL_TRY(journal_check_usable(journal, err));
    if (position < begin)
        position = begin;
    for (;;) {
        if (position >= atomic_load(&journal->end))
            return bl_fail(err, BAALS_NOTFOUND, "the journal ends here");
        BL_TRY(journal_read_at(journal, &record, position, err));
        if (record.type != BL_RECORD_END)
            break;
        position = record.next;
    }
    *record_out = record;
    return BAALS_OK;
}

void bl_journal_record_deinit(struct bl_journal *journal, struct bl_journal_record *record)
{
    bl_alloc_free(&journal->env->alloc, record->body, record->body_len);
    record->body = NULL;
    record->body_len = 0;
}
