/* SPDX-License-Identifier: MIT */
/* The journal's handle: what is committed is read back, in this process and after reopening. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "faulty_env.h"
#include "journal_lib.h"
#include "recording_env.h"

enum { MIB = 1024 * 1024 };

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

/* A new journal is empty, and still is when it is opened again. */
static void test_empty(void **state)
{
    struct bl_journal_report report;
    struct bl_journal_record record;
    for (int i = 0; i < 2; i++) {
        struct bl_journal *journal = journal_lib_open(*state, &report);
        assert_int_equal(report.records, 0);
        assert_int_equal(report.cut_position, 0);
        assert_int_equal(bl_journal_end(journal), bl_journal_begin(journal));
        assert_status(bl_journal_read(journal, &record, 0, NULL), BAALS_NOTFOUND);
        assert_ok(bl_journal_close(journal, NULL));
    }
}

/* Records of many sizes come back with their bytes, before and after reopening. */
static void test_round_trip(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 3984, 3985, 4096, 5000, 70000};
    struct bl_journal_report report;
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    for (size_t i = 0; i < BL_COUNT_OF(sizes); i++) {
        uint64_t position = journal_lib_commit(journal, i, sizes[i]);
        assert_int_equal(position % 4096, 0);
    }
    assert_int_equal(journal_lib_count(journal), BL_COUNT_OF(sizes));
    uint64_t end = bl_journal_end(journal);
    assert_ok(bl_journal_close(journal, NULL));

    journal = journal_lib_open(*state, &report);
    assert_int_equal(report.records, BL_COUNT_OF(sizes) + 1); /* and the SYNC */
    assert_int_equal(report.end, end + 4096);
    assert_int_equal(journal_lib_count(journal), BL_COUNT_OF(sizes));
    assert_ok(bl_journal_close(journal, NULL));
}

/* Records of one group follow each other without a gap and keep their types. */
static void test_group(void **state)
{
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    static const enum bl_record_type types[] = {BL_RECORD_REVERT, BL_RECORD_BLOCK, BL_RECORD_SIDE};
    uint64_t positions[3];
    baals_slice part = bl_slice_str("seven b");
    for (size_t i = 0; i < 3; i++)
        assert_ok(bl_journal_append(journal, &positions[i], types[i], &part, 1, NULL));
    struct bl_journal_record record;
    assert_status(bl_journal_read(journal, &record, positions[0], NULL), BAALS_NOTFOUND);
    assert_ok(bl_journal_commit(journal, NULL));
    assert_int_equal(positions[1], positions[0] + 112 + 7);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(bl_journal_read(journal, &record, positions[i], NULL));
        assert_int_equal(record.type, types[i]);
        assert_int_equal(record.position, positions[i]);
        assert_int_equal(record.next, i < 2 ? positions[i + 1] : bl_journal_end(journal));
        assert_int_equal(record.durable_to, positions[0]);
        assert_memory_equal(record.body, part.data, part.len);
        bl_journal_record_deinit(journal, &record);
    }
    assert_ok(bl_journal_close(journal, NULL));
}

/* An abandoned group leaves no trace; the next one takes its place. */
static void test_abandon(void **state)
{
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    uint64_t first;
    assert_ok(journal_lib_append(journal, &first, 77, 100));
    bl_journal_abandon(journal);
    assert_ok(bl_journal_commit(journal, NULL));
    assert_int_equal(bl_journal_end(journal), bl_journal_begin(journal));
    assert_int_equal(journal_lib_commit(journal, 0, 50), first);
    assert_int_equal(journal_lib_count(journal), 1);
    assert_ok(bl_journal_close(journal, NULL));
}

/* A SYNC is written once behind an uncovered group, by cover and by close, and never twice. */
static void test_cover(void **state)
{
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    assert_ok(bl_journal_cover(journal, NULL));
    assert_int_equal(bl_journal_end(journal), bl_journal_begin(journal));
    (void)journal_lib_commit(journal, 0, 50);
    uint64_t end = bl_journal_end(journal);
    uint64_t pending;
    assert_ok(journal_lib_append(journal, &pending, 1, 50));
    assert_ok(bl_journal_cover(journal, NULL));
    assert_int_equal(bl_journal_end(journal), end);
    bl_journal_abandon(journal);
    assert_ok(bl_journal_cover(journal, NULL));
    assert_int_equal(bl_journal_end(journal), end + 4096);
    assert_ok(bl_journal_cover(journal, NULL));
    assert_int_equal(bl_journal_end(journal), end + 4096);
    struct bl_journal_record record;
    assert_ok(bl_journal_read(journal, &record, end, NULL));
    assert_int_equal(record.type, BL_RECORD_SYNC);
    assert_int_equal(record.durable_to, end);
    assert_int_equal(record.body_len, 0);
    assert_ok(bl_journal_close(journal, NULL));
    journal = journal_lib_open(*state, NULL);
    assert_int_equal(bl_journal_end(journal), end + 4096);
    assert_ok(bl_journal_close(journal, NULL));
}

/* Records go on in the next segment, and reading passes over the end of one. */
static void test_segments(void **state)
{
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    for (uint64_t i = 0; i < 40; i++)
        (void)journal_lib_commit(journal, i, 100000);
    assert_true(bl_journal_end(journal) >> 32 >= 4);
    assert_int_equal(journal_lib_count(journal), 40);
    assert_ok(bl_journal_close(journal, NULL));
    journal = journal_lib_open(*state, NULL);
    assert_int_equal(journal_lib_count(journal), 40);
    (void)journal_lib_commit(journal, 40, 10);
    assert_int_equal(journal_lib_count(journal), 41);
    assert_ok(bl_journal_close(journal, NULL));
}

/* Goal: a segment is wanted once per segment, from half of the one before on; commits that begin
 * prepared segments are read back like any other. */
static void test_prepare(void **state)
{
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    uint32_t wanted = 0;
    for (uint64_t i = 0; i < 40; i++) {
        (void)journal_lib_commit(journal, i, 100000);
        uint64_t end = bl_journal_end(journal);
        bool half = (end & 0xffffffffu) > MIB / 2;
        if (bl_journal_wants_segment(journal)) {
            wanted++;
            assert_true(half);
            assert_ok(bl_journal_prepare_segment(journal, NULL));
            assert_int_equal(wanted, end >> 32);
        }
        assert_false(bl_journal_wants_segment(journal));
    }
    assert_true(wanted >= 3);
    assert_int_equal(journal_lib_count(journal), 40);
    assert_ok(bl_journal_close(journal, NULL));
    journal = journal_lib_open(*state, NULL);
    assert_int_equal(journal_lib_count(journal), 40);
    assert_ok(bl_journal_close(journal, NULL));
}

/* A trimmed journal begins with the segment of the place, goes on from there, and opens again only
 * for who says that it may begin later. */
static void test_trim(void **state)
{
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    struct bl_journal_options options = {.segment_bytes = MIB, .trimmed = 1};
    struct bl_journal_record record;
    uint64_t positions[40];
    uint64_t freed = 0;
    for (uint64_t i = 0; i < 40; i++)
        positions[i] = journal_lib_commit(journal, i, 100000);
    uint64_t kept = positions[25];
    assert_ok(bl_journal_trim(journal, &freed, kept, NULL));
    assert_int_equal(freed, ((kept >> 32) - 1) * MIB);
    assert_int_equal(bl_journal_begin(journal) >> 32, kept >> 32);
    assert_status(bl_journal_read(journal, &record, positions[25] - (1ull << 32), NULL),
                  BAALS_OK); /* before the beginning: the first record there is */
    assert_true(record.position >= bl_journal_begin(journal) && record.position <= kept);
    bl_journal_record_deinit(journal, &record);
    (void)journal_lib_commit(journal, 40, 10);
    assert_ok(bl_journal_close(journal, NULL));
    assert_status(journal_lib_try(*state, NULL, 0), BAALS_CORRUPT_JOURNAL);
    for (uint64_t from = 0; from <= kept; from += kept) {
        options.scan_from = from;
        assert_ok(bl_journal_open(&journal, NULL, *state, JOURNAL_LIB_DIR, &journal_lib_chain,
                                  &options, NULL));
        assert_ok(bl_journal_read(journal, &record, kept, NULL));
        assert_int_equal(record.position, kept);
        bl_journal_record_deinit(journal, &record);
        assert_ok(bl_journal_close(journal, NULL));
    }
}

/* A record larger than a segment, and a group that grows beyond it, keep their positions. */
static void test_large(void **state)
{
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    uint64_t positions[8];
    (void)journal_lib_commit(journal, 0, 10);
    positions[0] = journal_lib_commit(journal, 1, 3 * MIB);
    assert_int_equal(positions[0] >> 32, 2);
    (void)journal_lib_commit(journal, 2, 500000);
    for (uint64_t i = 0; i < 8; i++)
        assert_ok(journal_lib_append(journal, &positions[i], i + 3, 400000));
    assert_ok(bl_journal_commit(journal, NULL));
    assert_int_equal(positions[0] >> 32, positions[7] >> 32);
    (void)journal_lib_commit(journal, 11, 10);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(journal_lib_count(journal), 12);
        assert_ok(bl_journal_close(journal, NULL));
        journal = journal_lib_open(*state, NULL);
    }
    assert_ok(bl_journal_close(journal, NULL));
}

/* A body beyond the limit is refused and the group stays as it was. */
static void test_limits(void **state)
{
    static const uint8_t byte = 0;
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    uint64_t position;
    assert_ok(journal_lib_append(journal, &position, 0, 10));
    const baals_slice huge = {&byte, (size_t)BL_JOURNAL_BODY_MAX + 1};
    assert_status(bl_journal_append(journal, NULL, BL_RECORD_BLOCK, &huge, 1, NULL), BAALS_LIMIT);
    const baals_slice halves[2] = {{&byte, SIZE_MAX}, {&byte, 2}};
    assert_status(bl_journal_append(journal, NULL, BL_RECORD_BLOCK, halves, 2, NULL), BAALS_LIMIT);
    assert_ok(bl_journal_commit(journal, NULL));
    assert_int_equal(journal_lib_count(journal), 1);
    assert_ok(bl_journal_close(journal, NULL));

    struct bl_journal_options options = {.segment_bytes = MIB - 1};
    assert_status(bl_journal_open(&journal, NULL, *state, JOURNAL_LIB_DIR, &journal_lib_chain,
                                  &options, NULL),
                  BAALS_MISUSE_ARGUMENT);
}

/* Reading at a place where no record starts is CORRUPT_JOURNAL, not a wrong record. */
static void test_read_elsewhere(void **state)
{
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    uint64_t position = journal_lib_commit(journal, 0, 9000);
    (void)journal_lib_commit(journal, 1, 10);
    struct bl_journal_record record;
    assert_status(bl_journal_read(journal, &record, position + 4096, NULL), BAALS_CORRUPT_JOURNAL);
    assert_status(bl_journal_read(journal, &record, position + 1, NULL), BAALS_CORRUPT_JOURNAL);
    assert_status(bl_journal_read(journal, &record, UINT64_MAX, NULL), BAALS_NOTFOUND);
    assert_ok(bl_journal_close(journal, NULL));
}

/* A read-only journal is read, and refuses to be written. */
static void test_read_only(void **state)
{
    struct bl_journal_options options = {.read_only = 1};
    struct bl_journal *journal = NULL;
    assert_status(bl_journal_open(&journal, NULL, *state, JOURNAL_LIB_DIR, &journal_lib_chain,
                                  &options, NULL),
                  BAALS_NOTFOUND);
    journal = journal_lib_open(*state, NULL);
    (void)journal_lib_commit(journal, 0, 9000);
    assert_ok(bl_journal_close(journal, NULL));
    assert_ok(bl_journal_open(&journal, NULL, *state, JOURNAL_LIB_DIR, &journal_lib_chain, &options,
                              NULL));
    assert_int_equal(journal_lib_count(journal), 1);
    assert_status(journal_lib_append(journal, NULL, 1, 5), BAALS_MISUSE);
    assert_status(bl_journal_commit(journal, NULL), BAALS_MISUSE);
    assert_ok(bl_journal_close(journal, NULL));
}

/* Another chain's journal is CORRUPT_FOREIGN. */
static void test_foreign(void **state)
{
    static const baals_hash other = {{9}};
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    (void)journal_lib_commit(journal, 0, 10);
    assert_ok(bl_journal_close(journal, NULL));
    assert_status(bl_journal_open(&journal, NULL, *state, JOURNAL_LIB_DIR, &other, NULL, NULL),
                  BAALS_CORRUPT_FOREIGN);
}

/* scan_from skips what stands before; must_reach beyond the end is CORRUPT_JOURNAL. */
static void test_checkpoint(void **state)
{
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    uint64_t positions[30];
    for (uint64_t i = 0; i < 30; i++)
        positions[i] = journal_lib_commit(journal, i, 100000);
    uint64_t end = bl_journal_end(journal);
    assert_ok(bl_journal_close(journal, NULL));

    struct bl_journal_report report;
    struct bl_journal_options options = {
        .segment_bytes = MIB, .must_reach = end, .scan_from = positions[25]};
    assert_ok(bl_journal_open(&journal, &report, *state, JOURNAL_LIB_DIR, &journal_lib_chain,
                              &options, NULL));
    assert_int_equal(report.records, 6); /* five blocks and the SYNC */
    assert_int_equal(journal_lib_count(journal), 30);
    (void)journal_lib_commit(journal, 30, 10);
    assert_ok(bl_journal_close(journal, NULL));
    journal = journal_lib_open(*state, NULL);
    assert_int_equal(journal_lib_count(journal), 31);
    assert_ok(bl_journal_close(journal, NULL));

    options.must_reach = end + 10 * 4096;
    assert_status(bl_journal_open(&journal, NULL, *state, JOURNAL_LIB_DIR, &journal_lib_chain,
                                  &options, NULL),
                  BAALS_CORRUPT_JOURNAL);
    options = (struct bl_journal_options){.scan_from = positions[25] + 4096};
    assert_status(bl_journal_open(&journal, NULL, *state, JOURNAL_LIB_DIR, &journal_lib_chain,
                                  &options, NULL),
                  BAALS_CORRUPT_JOURNAL);
}

/* Random groups, abandoned ones, covers and reopenings: what was committed is there, in order. */
static void test_random(void **state)
{
    struct testlib_rng rng = testlib_rng(6);
    struct bl_journal_report report;
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    uint64_t committed = 0;
    for (int step = 0; step < 400; step++) {
        uint64_t action = testlib_rng_below(&rng, 10);
        uint64_t records = testlib_rng_below(&rng, 4);
        for (uint64_t i = 0; i < records; i++) {
            uint64_t bound = action == 0 ? 700000 : 9000;
            assert_ok(journal_lib_append(journal, NULL, committed + i,
                                         (size_t)testlib_rng_below(&rng, bound)));
        }
        if (action == 1) {
            bl_journal_abandon(journal);
            continue;
        }
        assert_ok(bl_journal_commit(journal, NULL));
        committed += records;
        if (action < 5)
            assert_ok(bl_journal_cover(journal, NULL));
        if (action == 5) {
            assert_ok(bl_journal_close(journal, NULL));
            journal = journal_lib_open(*state, &report);
            assert_int_equal(report.cut_position, 0);
            assert_int_equal(report.end, bl_journal_end(journal));
        }
    }
    assert_int_equal(journal_lib_count(journal), committed);
    assert_true(bl_journal_end(journal) >> 32 > 3);
    assert_ok(bl_journal_close(journal, NULL));
}

/* A group of more than 8 MiB is written, and its memory given back. */
static void test_memory_given_back(void **state)
{
    struct testlib_faulty_env faulty;
    struct testlib_faulty_alloc alloc = {.fail_at = 0};
    testlib_faulty_env_init(&faulty, *state);
    faulty.env.alloc = testlib_faulty_alloc(&alloc);
    struct bl_journal *journal = journal_lib_open(&faulty.env, NULL);
    for (uint64_t i = 0; i < 6; i++)
        assert_ok(journal_lib_append(journal, NULL, i, 2 * MIB));
    assert_true(alloc.live > 12 * MIB);
    assert_ok(bl_journal_commit(journal, NULL));
    assert_true(alloc.live < MIB);
    assert_int_equal(journal_lib_count(journal), 6);
    assert_ok(bl_journal_close(journal, NULL));
    assert_int_equal(alloc.live, 0);
}

/* A write that found the disk full after the whole record had reached the file leaves no record,
 * and the next group takes the place. */
static void test_full(void **state)
{
    struct testlib_faulty_env faulty;
    struct bl_journal_report report;
    testlib_faulty_env_init(&faulty, *state);
    faulty.status = BAALS_IO_FULL;
    for (uint64_t i = 0; i < 2; i++) {
        struct bl_journal *journal = journal_lib_open(&faulty.env, &report);
        assert_int_equal(report.cut_position, 0);
        assert_int_equal(journal_lib_count(journal), i);
        uint64_t end = bl_journal_end(journal);
        /* Half of the block is written: more than the record. */
        faulty.fail_at = faulty.calls + 1;
        assert_ok(journal_lib_append(journal, NULL, i, 10));
        assert_status(bl_journal_commit(journal, NULL), BAALS_IO_FULL);
        assert_string_equal(faulty.failed_op, "write_at");
        assert_int_equal(bl_journal_end(journal), end);
        if (i == 0) {
            assert_int_equal(journal_lib_commit(journal, 0, 10), end);
            assert_ok(bl_journal_close(journal, NULL));
            continue;
        }
        assert_ok(bl_journal_close(journal, NULL));
        journal = journal_lib_open(&faulty.env, &report);
        assert_int_equal(report.cut_position, 0);
        assert_int_equal(bl_journal_end(journal), end);
        assert_ok(bl_journal_close(journal, NULL));
    }
}

/* A failed sync stops the handle for good; what was durable before is there afterwards. */
static void test_failed_sync(void **state)
{
    struct testlib_faulty_env faulty;
    struct bl_journal_record record;
    testlib_faulty_env_init(&faulty, *state);
    struct bl_journal *journal = journal_lib_open(&faulty.env, NULL);
    uint64_t position = journal_lib_commit(journal, 0, 10);
    faulty.fail_at = faulty.calls + 2;
    assert_ok(journal_lib_append(journal, NULL, 1, 10));
    assert_status(bl_journal_commit(journal, NULL), BAALS_IO_SYNC);
    assert_string_equal(faulty.failed_op, "sync");
    assert_status(journal_lib_append(journal, NULL, 1, 10), BAALS_IO_SYNC);
    assert_status(bl_journal_commit(journal, NULL), BAALS_IO_SYNC);
    assert_status(bl_journal_cover(journal, NULL), BAALS_IO_SYNC);
    assert_status(bl_journal_read(journal, &record, position, NULL), BAALS_IO_SYNC);
    assert_status(bl_journal_close(journal, NULL), BAALS_IO_SYNC);
    journal = journal_lib_open(*state, NULL);
    assert_true(journal_lib_count(journal) >= 1);
    assert_ok(bl_journal_close(journal, NULL));
}

/* What a killed process left unsynced is synced by opening, before anyone relies on it. */
static void test_open_syncs(void **state)
{
    struct recording_env recording;
    struct bl_journal *journal = journal_lib_open(*state, NULL);
    (void)journal_lib_commit(journal, 0, 10);
    assert_ok(bl_journal_close(journal, NULL));
    recording_env_init(&recording, *state);
    journal = journal_lib_open(&recording.env, NULL);
    bool synced = false;
    for (size_t i = 0; i < recording.count; i++)
        synced = synced || recording.ops[i].kind == RECORDING_SYNC;
    assert_true(synced);
    assert_ok(bl_journal_close(journal, NULL));
    recording_env_deinit(&recording);
}

/* The same on the operating system's files: write, tear, cut, go on. */
static void test_on_disk(void **state)
{
    (void)state;
    struct bl_env *env = NULL;
    struct bl_journal *journal = NULL;
    struct bl_journal_report report;
    struct bl_file *file = NULL;
    const struct bl_journal_options options = {.segment_bytes = MIB};
    char dir[512];
    char journal_dir[600];
    char path[700];
    testlib_temp_dir(dir, sizeof dir, "journal");
    assert_ok(bl_path_join(journal_dir, sizeof journal_dir, dir, "journal", NULL));
    assert_ok(bl_path_join(path, sizeof path, journal_dir, "00000002.log", NULL));
    assert_ok(bl_env_system(&env, bl_alloc_system(), NULL));
    for (int life = 0; life < 2; life++) {
        assert_ok(bl_journal_open(&journal, &report, env, journal_dir, &journal_lib_chain, &options,
                                  NULL));
        uint64_t count = journal_lib_count(journal);
        assert_int_equal(count, life == 0 ? 0 : 5);
        assert_true((report.cut_position != 0) == (life == 1));
        for (uint64_t i = 0; i < 5; i++)
            (void)journal_lib_commit(journal, count + i, 250000);
        assert_int_equal(journal_lib_count(journal), count + 5);
        assert_ok(bl_journal_close(journal, NULL));
        if (life == 0) {
            assert_ok(bl_file_open(env, &file, path, BL_OPEN_WRITE, NULL));
            assert_ok(bl_file_write_at(file, 900000, (const uint8_t *)"torn", 4, NULL));
            bl_file_close(file);
        }
    }
    bl_env_close(env);
    testlib_remove_tree(dir);
}

struct reader {
    struct bl_journal *journal;
    _Atomic bool done;
    uint64_t rounds;
};

static void *reader_run(void *ctx)
{
    struct reader *reader = ctx;
    uint64_t seen = 0;
    for (bool last = false; !last;) {
        last = atomic_load(&reader->done);
        uint64_t count = journal_lib_count(reader->journal);
        assert_true(count >= seen);
        seen = count;
        reader->rounds++;
    }
    return NULL;
}

/* A reader beside the writer sees whole records only, and never fewer than before. */
static void test_reader_beside_writer(void **state)
{
    struct reader reader = {.journal = journal_lib_open(*state, NULL)};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, reader_run, &reader), 0);
    for (uint64_t i = 0; i < 60; i++)
        (void)journal_lib_commit(reader.journal, i, i % 10 == 0 ? 300000 : 200);
    atomic_store(&reader.done, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(reader.rounds > 0);
    assert_int_equal(journal_lib_count(reader.journal), 60);
    assert_ok(bl_journal_close(reader.journal, NULL));
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_group, setup, teardown),
        cmocka_unit_test_setup_teardown(test_abandon, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cover, setup, teardown),
        cmocka_unit_test_setup_teardown(test_segments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prepare, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trim, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_only, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
        cmocka_unit_test_setup_teardown(test_checkpoint, setup, teardown),
        cmocka_unit_test_setup_teardown(test_random, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_given_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failed_sync, setup, teardown),
        cmocka_unit_test_setup_teardown(test_open_syncs, setup, teardown),
        cmocka_unit_test(test_on_disk),
        cmocka_unit_test_setup_teardown(test_reader_beside_writer, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
