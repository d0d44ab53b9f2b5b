/* SPDX-License-Identifier: MIT */
/*
 * Reads the journal from a position to its end and says where whole groups stop. A record counts
 * when its hash holds, it names its own place and the segment's salt, and it continues the hash
 * chain; it is accepted with the last record of its group, never before. What follows the end is
 * judged by journal_tail.c.
 */
#include "storage/journal_internal.h"

#include <string.h>

#include "crypto/crypto.h"

struct scan {
    struct bl_journal_scan result;
    struct bl_journal_window *window;
    const baals_hash *chain_id;
    struct bl_journal_segment segment; /* the one being read, `number` */
    uint32_t number;
    bool linked; /* result.last_hash is known */
};

/* Checks the segment's header: *good_out false when there is none. A whole header that does not
 * continue the chain is damage, for it is written only after all before it was synced. */
static baals_status scan_segment_header(struct scan *scan, bool *good_out, baals_error *err)
{
    const struct bl_journal_segment *segment = &scan->segment;
    uint32_t number = scan->number;
    *good_out = false;
    if (segment->verdict == BL_JOURNAL_BAD)
        return BAALS_OK;
    if (segment->verdict == BL_JOURNAL_UNKNOWN) {
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION,
                       "journal segment %08u.log has a later format than this build knows",
                       (unsigned)number);
    }
    if (!bl_hash_equal(&segment->header.chain_id, scan->chain_id))
        return bl_fail(err, BAALS_CORRUPT_FOREIGN,
                       "journal segment %08u.log belongs to another chain", (unsigned)number);
    bool continues = !scan->linked || bl_hash_equal(&segment->header.prev, &scan->result.last_hash);
    if (segment->header.number != number || !continues) {
        return bl_fail(err, BAALS_CORRUPT_JOURNAL,
                       "journal segment %08u.log does not continue the one before it",
                       (unsigned)number);
    }
    *good_out = true;
    return BAALS_OK;
}

/* One record at `position`: *whole_out when it is one and continues the chain from `prev` (NULL:
 * unknown). */
static baals_status scan_record(struct scan *scan,
                                struct bl_journal_header *header,
                                bool *whole_out,
                                uint64_t position,
                                const baals_hash *prev,
                                baals_error *err)
{
    const struct bl_journal_segment *segment = &scan->segment;
    bool found = false;
    *whole_out = false;
    BL_TRY(bl_journal_window_header(scan->window, header, &found, position, segment->size, err));
    if (!found || memcmp(header->salt, segment->header.salt, sizeof header->salt) != 0)
        return BAALS_OK;
    if (prev != NULL && !bl_hash_equal(&header->prev, prev))
        return BAALS_OK;
    return bl_journal_window_check(scan->window, header, whole_out, err);
}

/* One group at `result.end`. *more_out is false, and the result untouched, when there is no whole
 * group. */
static baals_status scan_group(struct scan *scan, bool *more_out, baals_error *err)
{
    struct bl_journal_header header;
    uint64_t start = scan->result.end;
    uint64_t position = start;
    uint64_t records = 0;
    uint64_t expected = 0; /* bytes the group still has by the record before */
    baals_hash prev = scan->result.last_hash;
    *more_out = false;
    for (;;) {
        bool whole = false;
        bool linked = scan->linked || records > 0;
        BL_TRY(scan_record(scan, &header, &whole, position, linked ? &prev : NULL, err));
        if (!whole || header.durable_to > start)
            return BAALS_OK;
        uint64_t size = (uint64_t)BL_JOURNAL_RECORD_HEADER + header.body_len;
        if (records > 0 && size + header.group_rest != expected)
            return BAALS_OK;
        records++;
        expected = header.group_rest;
        prev = header.hash;
        position = bl_journal_header_next(&header);
        if (expected == 0)
            break;
    }
    scan->result.records += header.type == BL_RECORD_END ? 0 : records;
    scan->result.end = position;
    scan->result.last_hash = prev;
    scan->result.covered = header.type == BL_RECORD_SYNC || header.type == BL_RECORD_END;
    scan->linked = true;
    *more_out = true;
    return BAALS_OK;
}

/* All groups of one segment. *more_out: it was closed by an END record. */
static baals_status scan_segment(struct scan *scan, bool *more_out, baals_error *err)
{
    bool good = false;
    *more_out = false;
    BL_TRY(scan_segment_header(scan, &good, err));
    if (!good)
        return BAALS_OK;
    if (bl_journal_offset_of(scan->result.end) == BL_JOURNAL_ALIGN) {
        scan->result.last_hash = scan->segment.header.prev;
        scan->linked = true;
    }
    bl_journal_window_use(scan->window, scan->segment.file);
    do
        BL_TRY(scan_group(scan, &good, err));
    while (good && bl_journal_segment_of(scan->result.end) == scan->number);
    *more_out = good;
    return BAALS_OK;
}

baals_status bl_journal_scan_run(struct bl_journal_scan *out,
                                 struct bl_journal_segments *segments,
                                 struct bl_journal_window *window,
                                 const baals_hash *chain_id,
                                 uint64_t from,
                                 baals_error *err)
{
    const uint64_t begin =
        bl_journal_position(bl_journal_segments_first(segments), BL_JOURNAL_ALIGN);
    struct scan scan = {.window = window, .chain_id = chain_id};
    const uint64_t start = from > begin ? from : begin;
    scan.result.end = start;
    scan.result.covered = true;
    /* What stood before the very first record is known: nothing. */
    scan.linked = start == bl_journal_position(1, BL_JOURNAL_ALIGN);
    for (bool more = true; more;) {
        scan.number = bl_journal_segment_of(scan.result.end);
        if (scan.number > bl_journal_segments_count(segments))
            break;
        BL_TRY(bl_journal_segments_acquire(segments, &scan.segment, scan.number, err));
        baals_status status = scan_segment(&scan, &more, err);
        bl_journal_segments_release(segments, scan.number);
        BL_TRY(status);
        scan.result.bad = !more;
    }
    if (!scan.linked) {
        return bl_fail(err, BAALS_CORRUPT_JOURNAL,
                       "no whole journal record at segment %lu offset %lu, where one is known",
                       (unsigned long)bl_journal_segment_of(start),
                       (unsigned long)bl_journal_offset_of(start));
    }
    *out = scan.result;
    return BAALS_OK;
}
