/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a journal segment. The first byte chooses what is put right beforehand, so that
 * hostile values are seen behind good checksums too: 1 the segment header's hash, 2 the records'
 * hashes, 4 their salt, place and chain. Opening must give a status of its contract; what it
 * accepts must be readable; a tail is cut once and the same records stand afterwards.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "storage/journal_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const baals_hash fuzz_chain = {{'c', 'h', 'a', 'i', 'n', 1, 2, 3}};
static const char fuzz_path[] = "/j/00000001.log";

/* Mends the records that stand where a reader would look for them. */
static void fuzz_mend_records(uint8_t *file, size_t size, uint8_t mode)
{
    baals_hash prev = {{0}};
    memcpy(prev.bytes, file + 64, sizeof prev.bytes);
    for (size_t at = BL_JOURNAL_ALIGN; at + BL_JOURNAL_RECORD_HEADER <= size;) {
        struct bl_journal_header header;
        uint8_t *record = file + at;
        size_t room = size - at - BL_JOURNAL_RECORD_HEADER;
        if (!bl_journal_header_decode(&header, record) || header.body_len > room)
            return;
        if ((mode & 4) != 0) {
            memcpy(header.salt, file + 48, sizeof header.salt);
            header.position = bl_journal_position(1, (uint32_t)at);
            header.prev = prev;
        }
        bl_journal_header_encode(record, &header, record + BL_JOURNAL_RECORD_HEADER);
        prev = header.hash;
        size_t next = at + BL_JOURNAL_RECORD_HEADER + header.body_len;
        at = header.group_rest > 0 ? next : (size_t)bl_journal_align(next);
    }
}

static void fuzz_mend(uint8_t *file, size_t size, uint8_t mode)
{
    if (size < BL_JOURNAL_SEGMENT_HEADER)
        return;
    if ((mode & 1) != 0) {
        baals_hash hash;
        bl_sha256(&hash, bl_slice(file, 104));
        memcpy(file + 104, hash.bytes, sizeof hash.bytes);
    }
    if ((mode & 6) != 0)
        fuzz_mend_records(file, size, mode);
}

static baals_status
fuzz_open(struct bl_env *env, struct bl_journal_report *report, int32_t read_only)
{
    struct bl_journal *journal = NULL;
    const struct bl_journal_options options = {.segment_bytes = BL_JOURNAL_SEGMENT_MIN,
                                               .read_only = read_only};
    BL_TRY(bl_journal_open(&journal, report, env, "/j", &fuzz_chain, &options, NULL));
    uint64_t records = 0;
    uint64_t position = bl_journal_begin(journal);
    for (;;) {
        struct bl_journal_record record;
        baals_status status = bl_journal_read(journal, &record, position, NULL);
        if (status == BAALS_NOTFOUND)
            break;
        BL_ASSERT(status == BAALS_OK && record.next > record.position);
        position = record.next;
        records++;
        bl_journal_record_deinit(journal, &record);
    }
    BL_ASSERT(records == report->records);
    BL_ASSERT(bl_journal_end(journal) == report->end);
    return bl_journal_close(journal, NULL);
}

static void fuzz_run(struct bl_env *env)
{
    struct bl_journal_report look;
    struct bl_journal_report first;
    struct bl_journal_report second;
    baals_status status = fuzz_open(env, &look, 1);
    BL_ASSERT(status == BAALS_OK || status == BAALS_CORRUPT_JOURNAL ||
              status == BAALS_CORRUPT_FOREIGN || status == BAALS_UNSUPPORTED_VERSION);
    BL_ASSERT(fuzz_open(env, &first, 0) == status);
    if (status != BAALS_OK)
        return;
    BL_ASSERT(first.records == look.records && first.end == look.end);
    BL_ASSERT(first.cut_position == look.cut_position && first.cut_bytes == look.cut_bytes);
    BL_ASSERT(fuzz_open(env, &second, 0) == BAALS_OK);
    BL_ASSERT(second.cut_position == 0 && second.records >= first.records);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_env *env = NULL;
    struct bl_file *file = NULL;
    struct bl_alloc alloc = bl_alloc_system();
    if (size < 2 || bl_env_memory(&env, alloc, NULL) != BAALS_OK)
        return 0;
    size_t len = size - 1;
    uint8_t *bytes = bl_alloc_zero(&alloc, 1, len);
    if (bytes != NULL && bl_env_make_dir(env, "/j", NULL) == BAALS_OK &&
        bl_file_open(env, &file, fuzz_path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL) == BAALS_OK) {
        memcpy(bytes, data + 1, len);
        fuzz_mend(bytes, len, data[0]);
        baals_status status = bl_file_write_at(file, 0, bytes, len, NULL);
        bl_file_close(file);
        if (status == BAALS_OK)
            fuzz_run(env);
    }
    bl_alloc_free(&alloc, bytes, len);
    bl_env_close(env);
    return 0;
}
