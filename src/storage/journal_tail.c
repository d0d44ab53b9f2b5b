/* SPDX-License-Identifier: MIT */
/*
 * The tail rule. Behind the last whole group there may be nothing, a write the power interrupted,
 * or damage; the first two may be cut, the third must not. What tells them apart is `durable_to`:
 * every record names the position that was known synced when it was written. When anything whole
 * names a position behind the place where reading stopped, then that place was durable once and is
 * damaged now. Records of writes that were never synced cannot say so, whatever order the disk
 * wrote them in.
 *
 * Cutting keeps the bytes in a file beside the segments, moves later segments aside and fills the
 * place with zeros, each step synced before the next. An interrupted cut is begun again by the next
 * opening.
 */
#include "storage/journal_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Records that claim to be evidence but do not hash right cost a pass over their body each. Only a
 * made-up file has many of them. */
#define TAIL_SEARCH_BYTES_MAX (1024ull * 1024u * 1024u)
#define TAIL_NAMES_MAX 10000u

struct tail {
    struct bl_journal_segments *segments;
    struct bl_journal_window *window;
    const struct bl_journal_scan *scan;
    struct bl_journal_segment segment; /* the one that holds the place, `number` */
    uint32_t number;
    uint32_t count;
    uint64_t place; /* where reading stopped; the segment's start when its header is bad */
    uint64_t last;  /* one behind the last byte of that segment that is not zero */
    uint64_t search_left;
};

static baals_status
tail_damaged(const struct tail *tail, uint32_t segment, uint64_t offset, baals_error *err)
{
    return bl_fail(
        err, BAALS_CORRUPT_JOURNAL,
        "damage in journal segment %08lu.log at offset %lu: segment %08lu offset %" PRIu64
        " shows that it was durable",
        (unsigned long)bl_journal_segment_of(tail->place),
        (unsigned long)bl_journal_offset_of(tail->place), (unsigned long)segment, offset);
}

/* Looks at every place of one segment where a group may start, from `from` to `to`. */
static baals_status tail_search_segment(struct tail *tail,
                                        const struct bl_journal_segment *segment,
                                        uint32_t number,
                                        uint32_t from,
                                        uint64_t to,
                                        baals_error *err)
{
    /* Without the header the salt is not known, and any does. */
    const uint8_t *salt = segment->verdict == BL_JOURNAL_WHOLE ? segment->header.salt : NULL;
    bl_journal_window_use(tail->window, segment->file);
    for (uint64_t at = from; at < to; at += BL_JOURNAL_ALIGN) {
        struct bl_journal_header header;
        bool found = false;
        bool whole = false;
        uint64_t position = bl_journal_position(number, (uint32_t)at);
        BL_TRY(
            bl_journal_window_header(tail->window, &header, &found, position, segment->size, err));
        if (!found || header.durable_to <= tail->place)
            continue;
        if (salt != NULL && memcmp(header.salt, salt, sizeof header.salt) != 0)
            continue;
        if (header.body_len > tail->search_left)
            return tail_damaged(tail, number, at, err);
        tail->search_left -= header.body_len;
        BL_TRY(bl_journal_window_check(tail->window, &header, &whole, err));
        if (whole)
            return tail_damaged(tail, number, at, err);
    }
    return BAALS_OK;
}

/* A segment behind the one with the place: its header is evidence too. */
static baals_status tail_search_later(struct tail *tail,
                                      const struct bl_journal_segment *segment,
                                      uint32_t number,
                                      baals_error *err)
{
    if (segment->verdict == BL_JOURNAL_UNKNOWN ||
        (segment->verdict == BL_JOURNAL_WHOLE && segment->header.durable_to > tail->place))
        return tail_damaged(tail, number, 0, err);
    return tail_search_segment(tail, segment, number, BL_JOURNAL_ALIGN, segment->size, err);
}

static baals_status tail_search(struct tail *tail, baals_error *err)
{
    uint32_t from = bl_journal_offset_of(tail->scan->end);
    /* The usual end of a journal is zeros only: then there is nothing to look at. */
    bl_journal_window_use(tail->window, tail->segment.file);
    BL_TRY(bl_journal_window_last(tail->window, &tail->last, from, tail->segment.size, err));
    BL_TRY(tail_search_segment(tail, &tail->segment, tail->number, from, tail->last, err));
    for (uint32_t number = tail->number + 1; number <= tail->count; number++) {
        struct bl_journal_segment segment;
        BL_TRY(bl_journal_segments_acquire(tail->segments, &segment, number, err));
        baals_status status = tail_search_later(tail, &segment, number, err);
        bl_journal_segments_release(tail->segments, number);
        BL_TRY(status);
    }
    return BAALS_OK;
}

/* ---- cutting ---- */

/* The path of a new file "cut-<place><suffix>", with a number behind it when that is taken. An
 * empty file of that name exists afterwards, *file_out. */
static baals_status tail_new_file(const struct tail *tail,
                                  struct bl_file **file_out,
                                  char path[BL_PATH_MAX],
                                  char name[64],
                                  const char *suffix,
                                  baals_error *err)
{
    struct bl_env *env = tail->segments->env;
    for (unsigned try = 0; try < TAIL_NAMES_MAX; try++) {
        char counter[16] = "";
        if (try > 0)
            (void)snprintf(counter, sizeof counter, ".%u", try);
        (void)snprintf(name, 64, "cut-%016" PRIx64 "%s%s", tail->place, suffix, counter);
        BL_TRY(bl_path_join(path, BL_PATH_MAX, tail->segments->dir, name, err));
        baals_status status = bl_file_open(env, file_out, path,
                                           BL_OPEN_WRITE | BL_OPEN_CREATE | BL_OPEN_EXCLUSIVE, err);
        if (status != BAALS_LIMIT_EXISTS)
            return status;
    }
    return bl_fail(err, BAALS_LIMIT_EXISTS, "too many cut-* files in %s", tail->segments->dir);
}

/* Copies [from, to) of the segment, a window at a time. */
static baals_status tail_copy(
    const struct tail *tail, struct bl_file *file, uint64_t from, uint64_t to, baals_error *err)
{
    bl_journal_window_use(tail->window, tail->segment.file);
    for (uint64_t at = from; at < to;) {
        baals_slice piece;
        uint64_t left = to - at;
        size_t len = left < BL_JOURNAL_WINDOW ? (size_t)left : BL_JOURNAL_WINDOW;
        BL_TRY(bl_journal_window_read(tail->window, &piece, at, len, err));
        if (piece.len == 0)
            return bl_fail(err, BAALS_IO, "a journal segment became shorter while it was read");
        BL_TRY(bl_file_write_at(file, at - from, piece.data, piece.len, err));
        at += piece.len;
    }
    return bl_file_sync(file, err);
}

static baals_status
tail_keep_bytes(const struct tail *tail, struct bl_journal_report *report, baals_error *err)
{
    char path[BL_PATH_MAX];
    struct bl_file *file = NULL;
    uint32_t from = bl_journal_offset_of(tail->place);
    BL_TRY(tail_new_file(tail, &file, path, report->cut_path, "", err));
    baals_status status = tail_copy(tail, file, from, tail->last, err);
    bl_file_close(file);
    BL_TRY(status);
    return bl_env_sync_dir(tail->segments->env, tail->segments->dir, err);
}

/* Renames the last segment. One at a time and synced, so that no gap can be seen after a crash. */
static baals_status tail_move_last(const struct tail *tail, char name[64], baals_error *err)
{
    char from[BL_PATH_MAX];
    char to[BL_PATH_MAX];
    char suffix[32];
    struct bl_file *file = NULL;
    uint32_t number = bl_journal_segments_count(tail->segments);
    (void)snprintf(suffix, sizeof suffix, "-%08lu.log", (unsigned long)number);
    BL_TRY(bl_journal_segments_path(tail->segments, from, number, err));
    BL_TRY(tail_new_file(tail, &file, to, name, suffix, err));
    bl_file_close(file);
    bl_journal_segments_forget(tail->segments);
    BL_TRY(bl_env_rename(tail->segments->env, from, to, err));
    return bl_env_sync_dir(tail->segments->env, tail->segments->dir, err);
}

/* Zeros over what was cut, so that nothing written later can be continued by it. */
static baals_status tail_clear(const struct tail *tail, baals_error *err)
{
    struct bl_env *env = tail->segments->env;
    uint8_t *zeros = bl_alloc_zero(&env->alloc, 1, BL_JOURNAL_WINDOW);
    if (zeros == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to clear the journal's tail");
    baals_status status = BAALS_OK;
    for (uint64_t at = bl_journal_offset_of(tail->place); at < tail->last && status == BAALS_OK;
         at += BL_JOURNAL_WINDOW) {
        uint64_t left = tail->last - at;
        size_t len = left < BL_JOURNAL_WINDOW ? (size_t)left : BL_JOURNAL_WINDOW;
        status = bl_file_write_at(tail->segment.file, at, zeros, len, err);
    }
    bl_alloc_free(&env->alloc, zeros, BL_JOURNAL_WINDOW);
    return status != BAALS_OK ? status : bl_file_sync(tail->segment.file, err);
}

static baals_status
tail_cut(struct tail *tail, struct bl_journal_report *report, bool keep_segment, baals_error *err)
{
    char name[64];
    bool bytes = keep_segment && tail->last > bl_journal_offset_of(tail->place);
    if (bytes)
        BL_TRY(tail_keep_bytes(tail, report, err));
    while (bl_journal_segments_count(tail->segments) > tail->number)
        BL_TRY(tail_move_last(tail, name, err));
    if (bytes)
        BL_TRY(tail_clear(tail, err));
    return BAALS_OK;
}

/* Cuts, or says what would be cut. */
static baals_status
tail_settle_torn(struct tail *tail, struct bl_journal_report *report, baals_error *err)
{
    bool whole_header = tail->segment.verdict == BL_JOURNAL_WHOLE;
    uint64_t from = bl_journal_offset_of(tail->scan->end);
    if (tail->last == from && tail->count == tail->number)
        return BAALS_OK;
    report->cut_position = tail->place;
    report->cut_bytes = tail->last - bl_journal_offset_of(tail->place);
    if (tail->segments->read_only)
        return BAALS_OK;
    BL_TRY(tail_cut(tail, report, whole_header, err));
    bl_log(tail->segments->env, BL_LOG_WARN,
           "the journal's tail was cut at segment %lu offset %lu: %" PRIu64 " bytes",
           (unsigned long)bl_journal_segment_of(tail->place),
           (unsigned long)bl_journal_offset_of(tail->place), report->cut_bytes);
    return BAALS_OK;
}

/* The segment with the bad header held no record. It is moved aside when it holds anything, else
 * forgotten: its making was interrupted, and it will be made again. */
static baals_status
tail_drop_segment(struct tail *tail, struct bl_journal_report *report, baals_error *err)
{
    if (report->cut_position == 0 || tail->segments->read_only) {
        while (bl_journal_segments_count(tail->segments) >= tail->number)
            bl_journal_segments_forget(tail->segments);
        return BAALS_OK;
    }
    return tail_move_last(tail, report->cut_path, err);
}

baals_status bl_journal_tail_settle(struct bl_journal_report *report,
                                    const struct bl_journal_scan *scan,
                                    struct bl_journal_segments *segments,
                                    struct bl_journal_window *window,
                                    uint64_t must_reach,
                                    baals_error *err)
{
    struct tail tail = {.segments = segments,
                        .window = window,
                        .scan = scan,
                        .number = bl_journal_segment_of(scan->end),
                        .count = bl_journal_segments_count(segments),
                        .place = scan->end,
                        .search_left = TAIL_SEARCH_BYTES_MAX};
    if (must_reach > scan->end) {
        return bl_fail(err, BAALS_CORRUPT_JOURNAL,
                       "the journal ends at segment %lu offset %lu, before its checkpoint",
                       (unsigned long)bl_journal_segment_of(scan->end),
                       (unsigned long)bl_journal_offset_of(scan->end));
    }
    if (!scan->bad)
        return BAALS_OK;
    BL_TRY(bl_journal_segments_acquire(segments, &tail.segment, tail.number, err));
    bool whole_header = tail.segment.verdict == BL_JOURNAL_WHOLE;
    if (!whole_header)
        tail.place = bl_journal_position(tail.number, 0);
    baals_status status = tail_search(&tail, err);
    if (status == BAALS_OK)
        status = tail_settle_torn(&tail, report, err);
    bl_journal_segments_release(segments, tail.number);
    BL_TRY(status);
    return whole_header ? BAALS_OK : tail_drop_segment(&tail, report, err);
}
