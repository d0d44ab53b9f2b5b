/* SPDX-License-Identifier: MIT */
/* The tail rule, case by case: what is evidence of damage, what is cut, what is kept. */
#include <string.h>

#include "journal_lib.h"
#include "storage/journal_internal.h"

static const char segment_1[] = JOURNAL_LIB_DIR "/00000001.log";

struct fixture {
    struct bl_env *env;
    uint8_t salt[BL_JOURNAL_SALT];
    uint64_t end; /* where the next group would stand, behind one record and its SYNC */
};

static struct fixture fixture;

static void access_file(const char *path, uint64_t at, uint8_t *out, const uint8_t *in, size_t len)
{
    struct bl_file *file = NULL;
    size_t read = 0;
    uint32_t flags = in != NULL ? BL_OPEN_WRITE | BL_OPEN_CREATE : BL_OPEN_READ;
    assert_ok(bl_file_open(fixture.env, &file, path, flags, NULL));
    if (in != NULL)
        assert_ok(bl_file_write_at(file, at, in, len, NULL));
    else
        assert_ok(bl_file_read_at(file, out, &read, at, len, NULL));
    bl_file_close(file);
}

static int setup(void **state)
{
    (void)state;
    assert_ok(bl_env_memory(&fixture.env, bl_alloc_system(), NULL));
    struct bl_journal *journal = journal_lib_open(fixture.env, NULL);
    (void)journal_lib_commit(journal, 0, 10);
    assert_ok(bl_journal_close(journal, NULL));
    access_file(segment_1, 48, fixture.salt, NULL, sizeof fixture.salt);
    journal = journal_lib_open(fixture.env, NULL);
    fixture.end = bl_journal_end(journal);
    assert_ok(bl_journal_close(journal, NULL));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bl_env_close(fixture.env);
    return 0;
}

/* Writes a whole record, not linked to anything, `blocks` behind the end. */
static void put_record(uint32_t blocks, uint64_t durable_to, uint8_t salt_mask)
{
    uint8_t bytes[BL_JOURNAL_RECORD_HEADER];
    struct bl_journal_header header = {.type = BL_RECORD_SYNC,
                                       .position = fixture.end + blocks * 4096ull,
                                       .durable_to = durable_to};
    memcpy(header.salt, fixture.salt, sizeof header.salt);
    header.salt[3] ^= salt_mask;
    bl_journal_header_encode(bytes, &header, NULL);
    access_file(segment_1, bl_journal_offset_of(header.position), NULL, bytes, sizeof bytes);
}

/* One byte more than the place is evidence, the place itself is not. */
static void test_durable_to(void **state)
{
    (void)state;
    struct bl_journal_report report;
    put_record(3, fixture.end + 1, 0);
    assert_status(journal_lib_try(fixture.env, &report, 0), BAALS_CORRUPT_JOURNAL);
    assert_status(journal_lib_try(fixture.env, &report, 1), BAALS_CORRUPT_JOURNAL);
    put_record(3, fixture.end, 0);
    assert_ok(journal_lib_try(fixture.env, &report, 0));
    assert_int_equal(report.cut_position, fixture.end);
    assert_int_equal(report.cut_bytes, 3 * 4096 + BL_JOURNAL_RECORD_HEADER);
}

/* Another salt is no evidence. */
static void test_salt(void **state)
{
    (void)state;
    struct bl_journal_report report;
    put_record(3, fixture.end + 8192, 1);
    assert_ok(journal_lib_try(fixture.env, &report, 0));
    assert_int_equal(report.cut_position, fixture.end);
}

/* A record at the end itself that claims to be durable is damage too: its chain is broken. */
static void test_at_the_place(void **state)
{
    (void)state;
    put_record(0, fixture.end + 4096, 0);
    assert_status(journal_lib_try(fixture.env, NULL, 0), BAALS_CORRUPT_JOURNAL);
}

/* A damaged record that claims it is no evidence: it must be whole. */
static void test_damaged_evidence(void **state)
{
    (void)state;
    put_record(3, fixture.end + 4096, 0);
    uint64_t at = bl_journal_offset_of(fixture.end) + 3ull * 4096 + 100;
    access_file(segment_1, at, NULL, (const uint8_t *)"damage", 6);
    assert_ok(journal_lib_try(fixture.env, NULL, 0));
}

/* In read-only mode a tail is reported and stays. */
static void test_read_only(void **state)
{
    (void)state;
    struct bl_journal_report report;
    put_record(1, 0, 0);
    for (int i = 0; i < 2; i++) {
        assert_ok(journal_lib_try(fixture.env, &report, 1));
        assert_int_equal(report.cut_position, fixture.end);
        assert_string_equal(report.cut_path, "");
        assert_int_equal(report.records, 2);
    }
}

/* Two tails cut at the same place are both kept, under names of their own. */
static void test_cut_twice(void **state)
{
    (void)state;
    struct bl_journal_report report;
    char expected[64];
    for (int i = 0; i < 3; i++) {
        uint8_t mark = (uint8_t)('a' + i);
        access_file(segment_1, bl_journal_offset_of(fixture.end) + 5, NULL, &mark, 1);
        assert_ok(journal_lib_try(fixture.env, &report, 0));
        assert_int_equal(report.cut_bytes, 6);
        (void)snprintf(expected, sizeof expected, "cut-%016llx", (unsigned long long)fixture.end);
        if (i > 0)
            (void)snprintf(expected + 20, sizeof expected - 20, ".%d", i);
        assert_string_equal(report.cut_path, expected);
        char path[128];
        uint8_t kept[6];
        assert_ok(bl_path_join(path, sizeof path, JOURNAL_LIB_DIR, report.cut_path, NULL));
        access_file(path, 0, kept, NULL, sizeof kept);
        assert_int_equal(kept[5], mark);
    }
    assert_ok(journal_lib_try(fixture.env, &report, 0));
    assert_int_equal(report.cut_position, 0);
}

/* Segments behind a place that nothing shows to have been durable are moved aside. */
static void test_later_segment(void **state)
{
    (void)state;
    struct bl_journal_report report;
    uint8_t bytes[BL_JOURNAL_SEGMENT_HEADER];
    struct bl_journal_segment_header header = {
        .number = 2, .chain_id = journal_lib_chain, .durable_to = fixture.end};
    bl_journal_segment_encode(bytes, &header);
    access_file(JOURNAL_LIB_DIR "/00000002.log", 0, NULL, bytes, sizeof bytes);
    assert_ok(journal_lib_try(fixture.env, &report, 0));
    assert_int_equal(report.cut_position, fixture.end);
    assert_int_equal(report.cut_bytes, 0);
    struct bl_file *file = NULL;
    assert_status(
        bl_file_open(fixture.env, &file, JOURNAL_LIB_DIR "/00000002.log", BL_OPEN_READ, NULL),
        BAALS_NOTFOUND);
    /* The header alone is evidence when it names more. */
    header.durable_to = fixture.end + 1;
    bl_journal_segment_encode(bytes, &header);
    access_file(JOURNAL_LIB_DIR "/00000002.log", 0, NULL, bytes, sizeof bytes);
    assert_status(journal_lib_try(fixture.env, &report, 0), BAALS_CORRUPT_JOURNAL);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_durable_to, setup, teardown),
        cmocka_unit_test_setup_teardown(test_salt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_at_the_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_damaged_evidence, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_twice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_later_segment, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
