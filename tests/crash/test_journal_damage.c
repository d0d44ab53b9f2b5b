/* SPDX-License-Identifier: MIT */
/*
 * Damage to a journal's files: flipped bits, zeroed sectors, truncated, missing, foreign and forged
 * content. Each is detected (CORRUPT_JOURNAL, nothing touched), or is cut where nothing shows that
 * the place was durable, or is harmless; never is a wrong record read.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "journal_lib.h"
#include "storage/journal_internal.h"

enum { COVERED = 9, SEGMENT_1 = 1024 * 1024 };

static const char segment_1[] = JOURNAL_LIB_DIR "/00000001.log";
static const char segment_2[] = JOURNAL_LIB_DIR "/00000002.log";
static const char segment_3[] = JOURNAL_LIB_DIR "/00000003.log";

static int setup(void **state)
{
    struct bl_env *env = NULL;
    assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
    *state = env;
    return 0;
}

static int teardown(void **state)
{
    bl_env_close(*state);
    return 0;
}

static void read_at(struct bl_env *env, const char *path, uint64_t at, uint8_t *out, size_t len)
{
    struct bl_file *file = NULL;
    size_t read = 0;
    assert_ok(bl_file_open(env, &file, path, BL_OPEN_READ, NULL));
    assert_ok(bl_file_read_at(file, out, &read, at, len, NULL));
    assert_int_equal(read, len);
    bl_file_close(file);
}

static void
write_at(struct bl_env *env, const char *path, uint64_t at, const uint8_t *data, size_t len)
{
    struct bl_file *file = NULL;
    assert_ok(bl_file_open(env, &file, path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL));
    assert_ok(bl_file_write_at(file, at, data, len, NULL));
    bl_file_close(file);
}

static void flip(struct bl_env *env, const char *path, uint64_t at, uint8_t mask)
{
    uint8_t byte;
    read_at(env, path, at, &byte, 1);
    byte ^= mask;
    write_at(env, path, at, &byte, 1);
}

static void truncate_file(struct bl_env *env, const char *path, uint64_t size)
{
    struct bl_file *file = NULL;
    assert_ok(bl_file_open(env, &file, path, BL_OPEN_WRITE, NULL));
    assert_ok(bl_file_truncate(file, size, NULL));
    bl_file_close(file);
}

/* Nine small records in six groups and the SYNC that covers them; returns the end. */
static uint64_t make_small(struct bl_env *env)
{
    static const uint32_t groups[] = {1, 1, 3, 1, 2, 1};
    uint64_t number = 0;
    struct bl_journal *journal = journal_lib_open(env, NULL);
    for (size_t i = 0; i < BL_COUNT_OF(groups); i++) {
        for (uint32_t r = 0; r < groups[i]; r++, number++)
            assert_ok(journal_lib_append(journal, NULL, number, 20 + number * 13 % 70));
        assert_ok(bl_journal_commit(journal, NULL));
    }
    assert_int_equal(number, COVERED);
    assert_ok(bl_journal_cover(journal, NULL));
    uint64_t end = bl_journal_end(journal);
    assert_ok(bl_journal_close(journal, NULL));
    return end;
}

/* Opens without touching anything. OK: the records read are right and *count_out of them. */
static baals_status
look(struct bl_env *env, uint64_t *count_out, struct bl_journal_report *report, uint64_t must_reach)
{
    struct bl_journal *journal = NULL;
    struct bl_journal_options options = {.read_only = 1, .must_reach = must_reach};
    BL_TRY(bl_journal_open(&journal, report, env, JOURNAL_LIB_DIR, &journal_lib_chain, &options,
                           NULL));
    *count_out = journal_lib_count(journal);
    return bl_journal_close(journal, NULL);
}

/* matters[at]: the byte belongs to the segment's header or to a record before `sync_at`. */
static void map_bytes(struct bl_env *env, bool *matters, uint64_t sync_at)
{
    memset(matters, 0, SEGMENT_1);
    memset(matters, 1, BL_JOURNAL_SEGMENT_HEADER);
    for (uint64_t at = BL_JOURNAL_ALIGN; at < sync_at;) {
        struct bl_journal_header header;
        uint8_t bytes[BL_JOURNAL_RECORD_HEADER];
        read_at(env, segment_1, at, bytes, sizeof bytes);
        assert_true(bl_journal_header_decode(&header, bytes));
        memset(matters + at, 1, sizeof bytes + header.body_len);
        at = bl_journal_header_next(&header) & 0xffffffffu;
    }
}

/* A bit flipped anywhere in a covered journal is detected where it matters, else harmless. */
static void test_flips(void **state)
{
    static bool matters[SEGMENT_1];
    struct bl_journal_report report;
    uint64_t end = make_small(*state) & 0xffffffffu;
    uint64_t sync_at = end - 4096;
    uint64_t detected = 0;
    map_bytes(*state, matters, sync_at);
    for (uint64_t at = 0; at < end; at++) {
        uint64_t count = 0;
        if (!matters[at] && at % 64 != 0)
            continue; /* padding: a sample of it */
        flip(*state, segment_1, at, (uint8_t)(1u << at % 8));
        baals_status status = look(*state, &count, &report, 0);
        flip(*state, segment_1, at, (uint8_t)(1u << at % 8));
        assert_int_equal(status, matters[at] ? BAALS_CORRUPT_JOURNAL : BAALS_OK);
        if (matters[at]) {
            detected++;
            continue;
        }
        assert_int_equal(count, COVERED);
        assert_true(report.cut_position == 0 || report.cut_position == (1ull << 32 | sync_at));
    }
    printf("%llu flips detected\n", (unsigned long long)detected);
}

/* A flip in the last group, not covered yet, cuts that group alone; its bytes are kept. */
static void test_flip_uncovered(void **state)
{
    struct bl_journal_report report;
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    (void)journal_lib_commit(journal, 0, 50);
    uint64_t position = journal_lib_commit(journal, 1, 50);
    /* As a crash leaves it: the SYNC of closing is taken away. */
    assert_ok(bl_journal_close(journal, NULL));
    static const uint8_t zeros[BL_JOURNAL_RECORD_HEADER] = {0};
    write_at(*state, segment_1, (position & 0xffffffffu) + 4096, zeros, sizeof zeros);
    uint8_t before[162];
    flip(*state, segment_1, (position & 0xffffffffu) + 120, 4);
    read_at(*state, segment_1, position & 0xffffffffu, before, sizeof before);

    journal = journal_lib_open(*state, &report);
    assert_int_equal(report.cut_position, position);
    assert_int_equal(report.cut_bytes, 162);
    assert_int_equal(report.end, position);
    assert_int_equal(journal_lib_count(journal), 1);
    assert_int_equal(journal_lib_commit(journal, 1, 60), position);
    assert_int_equal(journal_lib_count(journal), 2);
    assert_ok(bl_journal_close(journal, NULL));
    char path[128];
    uint8_t kept[162];
    assert_ok(bl_path_join(path, sizeof path, JOURNAL_LIB_DIR, report.cut_path, NULL));
    read_at(*state, path, 0, kept, sizeof kept);
    assert_memory_equal(kept, before, sizeof kept);
}

/* What was damaged after opening is CORRUPT_JOURNAL when read, and its neighbours stay readable. */
static void test_flip_while_open(void **state)
{
    struct bl_journal_record record;
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    uint64_t positions[3];
    for (uint64_t i = 0; i < 3; i++)
        positions[i] = journal_lib_commit(journal, i, 50);
    for (uint64_t at = 0; at < BL_JOURNAL_RECORD_HEADER + 50; at++) {
        flip(*state, segment_1, (positions[1] & 0xffffffffu) + at, (uint8_t)(1u << at % 8));
        assert_status(bl_journal_read(journal, &record, positions[1], NULL), BAALS_CORRUPT_JOURNAL);
        flip(*state, segment_1, (positions[1] & 0xffffffffu) + at, (uint8_t)(1u << at % 8));
    }
    assert_int_equal(journal_lib_count(journal), 3);
    assert_ok(bl_journal_close(journal, NULL));
}

/* CORRUPT_JOURNAL touches nothing, whoever opens, and says where the damage is. */
static void test_corrupt_untouched(void **state)
{
    (void)make_small(*state);
    uint8_t *before = malloc(SEGMENT_1);
    uint8_t *after = malloc(SEGMENT_1);
    assert_non_null(before);
    assert_non_null(after);
    flip(*state, segment_1, 3 * 4096 + 300, 1);
    read_at(*state, segment_1, 0, before, SEGMENT_1);
    struct bl_journal *journal = NULL;
    baals_error err;
    assert_status(
        bl_journal_open(&journal, NULL, *state, JOURNAL_LIB_DIR, &journal_lib_chain, NULL, &err),
        BAALS_CORRUPT_JOURNAL);
    assert_non_null(strstr(err.message, "00000001.log at offset 12288"));
    read_at(*state, segment_1, 0, after, SEGMENT_1);
    assert_memory_equal(before, after, SEGMENT_1);
    free(before);
    free(after);
}

/* Any zeroed sector of a covered journal is detected, or it held nothing but zeros or the SYNC. */
static void test_zeroed_sectors(void **state)
{
    static const uint8_t zeros[512] = {0};
    struct bl_journal_report report;
    uint64_t end = make_small(*state) & 0xffffffffu;
    for (uint64_t at = 0; at < end; at += sizeof zeros) {
        uint8_t kept[512];
        uint64_t count = 0;
        read_at(*state, segment_1, at, kept, sizeof kept);
        write_at(*state, segment_1, at, zeros, sizeof zeros);
        baals_status status = look(*state, &count, &report, 0);
        if (bl_bytes_all_zero(kept, sizeof kept) || at == end - 4096) {
            assert_int_equal(status, BAALS_OK);
            assert_int_equal(count, COVERED);
        } else {
            assert_int_equal(status, BAALS_CORRUPT_JOURNAL);
        }
        write_at(*state, segment_1, at, kept, sizeof kept);
    }
}

/* A truncated file gives a prefix of the records; a checkpoint behind it tells that more was there.
 */
static void test_truncated(void **state)
{
    struct bl_journal_report report;
    uint64_t end = make_small(*state);
    uint64_t last = COVERED;
    for (uint64_t size = end & 0xffffffffu;; size -= 256) {
        uint64_t count = 0;
        truncate_file(*state, segment_1, size);
        baals_status status = look(*state, &count, &report, 0);
        assert_int_equal(status, BAALS_OK);
        assert_true(count <= last);
        last = count;
        if (report.end < end)
            assert_status(look(*state, &count, &report, end), BAALS_CORRUPT_JOURNAL);
        if (size == 0)
            break;
    }
    assert_int_equal(last, 0);
    struct bl_journal *journal = journal_lib_open(*state, &report);
    (void)journal_lib_commit(journal, 0, 10);
    assert_int_equal(journal_lib_count(journal), 1);
    assert_ok(bl_journal_close(journal, NULL));
}

/* Three segments. */
static uint64_t make_large(struct bl_env *env, uint64_t *records)
{
    struct bl_journal *journal = journal_lib_open(env, NULL);
    *records = 0;
    while (bl_journal_end(journal) >> 32 < 3)
        (void)journal_lib_commit(journal, (*records)++, 200000);
    uint64_t end = bl_journal_end(journal);
    assert_ok(bl_journal_close(journal, NULL));
    return end;
}

/* Damage at the end of a segment is told by the segments behind it. */
static void test_damaged_segments(void **state)
{
    struct bl_journal_report report;
    uint64_t records;
    uint64_t count = 0;
    uint64_t end = make_large(*state, &records);
    assert_ok(look(*state, &count, &report, end));
    assert_int_equal(count, records);
    uint64_t offset = 4096;
    struct bl_journal_header header = {.type = BL_RECORD_BLOCK};
    while (header.type != BL_RECORD_END) {
        uint8_t bytes[BL_JOURNAL_RECORD_HEADER];
        read_at(*state, segment_1, offset, bytes, sizeof bytes);
        assert_true(bl_journal_header_decode(&header, bytes));
        flip(*state, segment_1, offset + 90, 1);
        assert_status(look(*state, &count, &report, 0), BAALS_CORRUPT_JOURNAL);
        assert_status(journal_lib_try(*state, &report, 0), BAALS_CORRUPT_JOURNAL);
        flip(*state, segment_1, offset + 90, 1);
        offset = bl_journal_header_next(&header) & 0xffffffffu;
    }
    flip(*state, segment_2, 50, 1); /* its salt */
    assert_status(look(*state, &count, &report, 0), BAALS_CORRUPT_JOURNAL);
    flip(*state, segment_2, 50, 1);
    truncate_file(*state, segment_1, 9000);
    assert_status(look(*state, &count, &report, 0), BAALS_CORRUPT_JOURNAL);
}

/* A segment missing in the middle or at the start is CORRUPT_JOURNAL; one missing at the end is
 * told by the checkpoint. */
static void test_missing_segments(void **state)
{
    struct bl_journal_report report;
    uint64_t records;
    uint64_t count = 0;
    uint64_t end = make_large(*state, &records);
    const char *aside = "/aside";
    assert_ok(bl_env_rename(*state, segment_1, aside, NULL));
    assert_status(journal_lib_try(*state, &report, 0), BAALS_CORRUPT_JOURNAL);
    assert_ok(bl_env_rename(*state, aside, segment_1, NULL));
    assert_ok(bl_env_rename(*state, segment_2, aside, NULL));
    assert_status(journal_lib_try(*state, &report, 0), BAALS_CORRUPT_JOURNAL);
    assert_ok(bl_env_rename(*state, aside, segment_2, NULL));
    assert_ok(bl_env_rename(*state, segment_3, aside, NULL));
    assert_status(look(*state, &count, &report, end), BAALS_CORRUPT_JOURNAL);
    assert_ok(look(*state, &count, &report, 0));
    assert_true(count < records);
    assert_int_equal(report.end, 3ull << 32 | 4096);
}

static struct bl_journal *open_chain(struct bl_env *env, const char *dir, const baals_hash *chain)
{
    struct bl_journal *journal = NULL;
    struct bl_journal_options options = {.segment_bytes = SEGMENT_1};
    assert_ok(bl_journal_open(&journal, NULL, env, dir, chain, &options, NULL));
    return journal;
}

/* A segment of another chain is CORRUPT_FOREIGN; one of another life of this chain does not
 * continue it. */
static void test_foreign_segment(void **state)
{
    static const baals_hash other = {{7}};
    uint64_t records;
    (void)make_large(*state, &records);
    for (int foreign = 0; foreign < 2; foreign++) {
        const char *dir = foreign == 1 ? "/foreign" : "/same";
        const baals_hash *chain = foreign == 1 ? &other : &journal_lib_chain;
        struct bl_journal *journal = open_chain(*state, dir, chain);
        for (uint64_t i = 0; bl_journal_end(journal) >> 32 < 3; i++)
            (void)journal_lib_commit(journal, i + 100, 200000);
        assert_ok(bl_journal_close(journal, NULL));
        char path[128];
        assert_ok(bl_path_join(path, sizeof path, dir, "00000002.log", NULL));
        assert_ok(bl_env_rename(*state, path, segment_2, NULL));
        assert_status(journal_lib_try(*state, NULL, 0),
                      foreign == 1 ? BAALS_CORRUPT_FOREIGN : BAALS_CORRUPT_JOURNAL);
    }
}

/* Makes record bytes for `position` that claim everything before `durable_to` was synced. */
static void
forge(uint8_t *out, uint64_t position, uint64_t durable_to, const uint8_t salt[BL_JOURNAL_SALT])
{
    struct bl_journal_header header = {
        .type = BL_RECORD_SYNC, .position = position, .durable_to = durable_to};
    memcpy(header.salt, salt, sizeof header.salt);
    bl_journal_header_encode(out, &header, NULL);
}

/* A payload with the bytes of a record in it, at the place where one would be looked for, is not
 * taken for evidence: its writer cannot know the segment's salt. With the salt, it is taken, which
 * shows that the place is looked at. */
static void test_forged_payload(void **state)
{
    (void)state;
    for (int knows_salt = 0; knows_salt < 2; knows_salt++) {
        struct bl_env *env = NULL;
        struct bl_journal_report report;
        uint8_t salt[BL_JOURNAL_SALT] = {0};
        static uint8_t body[3 * 4096];
        assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
        struct bl_journal *journal = journal_lib_open(env, NULL);
        (void)journal_lib_commit(journal, 0, 10);
        uint64_t position = bl_journal_end(journal);
        if (knows_salt == 1)
            read_at(env, segment_1, 48, salt, sizeof salt);
        memset(body, 0xee, sizeof body);
        forge(body + 4096 - BL_JOURNAL_RECORD_HEADER, position + 4096, position + 8192, salt);
        baals_slice part = bl_slice(body, sizeof body);
        assert_ok(bl_journal_append(journal, NULL, BL_RECORD_BLOCK, &part, 1, NULL));
        assert_ok(bl_journal_commit(journal, NULL));
        assert_ok(bl_journal_close(journal, NULL));
        static const uint8_t zeros[BL_JOURNAL_RECORD_HEADER] = {0};
        write_at(env, segment_1, bl_journal_align((position & 0xffffffffu) + 112 + sizeof body),
                 zeros, sizeof zeros);
        flip(env, segment_1, (position & 0xffffffffu) + 200, 1);
        baals_status status = journal_lib_try(env, &report, 0);
        assert_int_equal(status, knows_salt == 1 ? BAALS_CORRUPT_JOURNAL : BAALS_OK);
        if (knows_salt == 0)
            assert_int_equal(report.cut_position, position);
        bl_env_close(env);
    }
}

/* Records of an earlier life of the same place, cut and written over in part, do not come back. */
static void test_two_generations(void **state)
{
    struct bl_journal_report report;
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    uint64_t first = journal_lib_commit(journal, 0, 10);
    assert_ok(bl_journal_close(journal, NULL));
    uint8_t salt[BL_JOURNAL_SALT];
    uint8_t stale[BL_JOURNAL_RECORD_HEADER];
    read_at(*state, segment_1, 48, salt, sizeof salt);
    /* Never synced, and no continuation now: right salt and place, wrong chain. The first stands
     * where the next group will, behind the SYNC of closing. */
    for (uint64_t blocks = 2; blocks < 5; blocks++) {
        uint64_t place = (first & 0xffffffffu) + blocks * 4096;
        forge(stale, first + blocks * 4096, first, salt);
        write_at(*state, segment_1, place, stale, sizeof stale);
        journal = journal_lib_open(*state, &report);
        assert_int_equal(report.cut_position, first + 2ull * 4096);
        assert_int_equal(report.end, first + 2ull * 4096);
        assert_int_equal(report.records, 2);
        assert_ok(bl_journal_close(journal, NULL));
        uint8_t after[BL_JOURNAL_RECORD_HEADER];
        read_at(*state, segment_1, place, after, sizeof after);
        assert_true(bl_bytes_all_zero(after, sizeof after));
    }
}

/* A segment whose making was interrupted is made again; one that holds something is moved aside. */
static void test_unfinished_segment(void **state)
{
    struct bl_journal_report report;
    uint64_t records = 0;
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    while (bl_journal_end(journal) >> 32 < 2)
        (void)journal_lib_commit(journal, records++, 200000);
    assert_ok(bl_journal_close(journal, NULL));
    truncate_file(*state, segment_2, 0);
    truncate_file(*state, segment_2, 300000);
    uint64_t count = 0;
    assert_ok(look(*state, &count, &report, 0));
    assert_int_equal(count, records - 1);
    assert_int_equal(report.cut_position, 0);
    journal = journal_lib_open(*state, &report);
    assert_int_equal(report.cut_position, 0);
    (void)journal_lib_commit(journal, count, 100);
    assert_int_equal(journal_lib_count(journal), records);
    assert_ok(bl_journal_close(journal, NULL));
    truncate_file(*state, segment_2, 0);
    write_at(*state, segment_2, 8192, (const uint8_t *)"something", 9);
    journal = journal_lib_open(*state, &report);
    assert_int_equal(report.cut_position, 2ull << 32);
    assert_string_equal(report.cut_path, "cut-0000000200000000-00000002.log");
    (void)journal_lib_commit(journal, count, 100);
    assert_int_equal(journal_lib_count(journal), records);
    assert_ok(bl_journal_close(journal, NULL));
}

/* A whole header of a later version is UNSUPPORTED_VERSION, not damage. */
static void test_version(void **state)
{
    (void)make_small(*state);
    uint8_t header[BL_JOURNAL_SEGMENT_HEADER];
    read_at(*state, segment_1, 0, header, sizeof header);
    struct bl_journal_segment_header decoded;
    assert_int_equal(bl_journal_segment_decode(&decoded, header), BL_JOURNAL_WHOLE);
    bl_store_u32le(header + 8, BL_JOURNAL_VERSION + 1);
    baals_hash hash;
    bl_sha256(&hash, bl_slice(header, 104));
    memcpy(header + 104, hash.bytes, sizeof hash.bytes);
    write_at(*state, segment_1, 0, header, sizeof header);
    assert_status(journal_lib_try(*state, NULL, 0), BAALS_UNSUPPORTED_VERSION);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_flips, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flip_uncovered, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flip_while_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_corrupt_untouched, setup, teardown),
        cmocka_unit_test_setup_teardown(test_zeroed_sectors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truncated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_segments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_missing_segments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_segment, setup, teardown),
        cmocka_unit_test(test_forged_payload),
        cmocka_unit_test_setup_teardown(test_two_generations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unfinished_segment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_version, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
