/* SPDX-License-Identifier: MIT */
/*
 * Every file operation and every allocation of a workload fails once: clean statuses, nothing
 * leaks, and the journal opens afterwards with every acknowledged record.
 */
#include <string.h>

#include "faulty_env.h"
#include "journal_lib.h"

static const uint32_t sizes[] = {10, 5000, 400000, 300000, 400000, 20, 1200000, 30, 7};

struct outcome {
    uint64_t acknowledged;
    bool maybe_one_more; /* a write whose fate is not known */
    baals_status first;  /* the first status that was not OK */
};

static void note(struct outcome *outcome, baals_status status)
{
    if (outcome->first == BAALS_OK)
        outcome->first = status;
}

static const struct bl_journal_options options = {.segment_bytes = 1024 * 1024};

/* Commits one record; after a failure that leaves the journal usable, once more. */
static void commit_one(struct bl_journal *journal, struct outcome *outcome, uint32_t len)
{
    for (int try = 0; try < 2; try++) {
        /* Another length each time, so that a record that should not be there is seen. */
        baals_status status =
            journal_lib_append(journal, NULL, outcome->acknowledged, len + (uint32_t)try * 9);
        if (status == BAALS_OK)
            status = bl_journal_commit(journal, NULL);
        note(outcome, status);
        if (status == BAALS_OK) {
            outcome->acknowledged++;
            return;
        }
        if (status == BAALS_IO || status == BAALS_IO_SYNC) {
            struct bl_journal_record record;
            baals_status again = journal_lib_append(journal, NULL, 0, 1);
            bl_journal_abandon(journal);
            assert_true(status != BAALS_IO_SYNC || again == BAALS_IO_SYNC);
            /* Stopped for good, or the failure was before anything was written. */
            if (again != BAALS_OK) {
                assert_int_equal(again, BAALS_IO_SYNC);
                assert_int_equal(bl_journal_commit(journal, NULL), BAALS_IO_SYNC);
                assert_int_equal(bl_journal_cover(journal, NULL), BAALS_IO_SYNC);
                assert_int_equal(bl_journal_read(journal, &record, 0, NULL), BAALS_IO_SYNC);
                outcome->maybe_one_more = true;
                return;
            }
        }
    }
}

static struct outcome run(struct bl_env *env)
{
    struct outcome outcome = {.first = BAALS_OK};
    for (int life = 0; life < 2 && !outcome.maybe_one_more; life++) {
        struct bl_journal *journal = NULL;
        baals_status status = bl_journal_open(&journal, NULL, env, JOURNAL_LIB_DIR,
                                              &journal_lib_chain, &options, NULL);
        note(&outcome, status);
        if (status != BAALS_OK)
            continue;
        for (size_t i = 0; i < BL_COUNT_OF(sizes) && !outcome.maybe_one_more; i++) {
            commit_one(journal, &outcome, sizes[i] / (uint32_t)(life + 1));
            if (!outcome.maybe_one_more && bl_journal_wants_segment(journal))
                note(&outcome, bl_journal_prepare_segment(journal, NULL));
        }
        struct bl_journal_record record;
        if (!outcome.maybe_one_more && outcome.acknowledged > 0) {
            status = bl_journal_read(journal, &record, 0, NULL);
            note(&outcome, status);
            if (status == BAALS_OK)
                bl_journal_record_deinit(journal, &record);
        }
        note(&outcome, bl_journal_close(journal, NULL));
    }
    return outcome;
}

static void check(struct bl_env *env, const struct outcome *outcome)
{
    struct bl_journal *journal = journal_lib_open(env, NULL);
    uint64_t count = journal_lib_count(journal);
    assert_true(count == outcome->acknowledged ||
                (outcome->maybe_one_more && count == outcome->acknowledged + 1));
    (void)journal_lib_commit(journal, count, 100);
    assert_int_equal(journal_lib_count(journal), count + 1);
    assert_ok(bl_journal_close(journal, NULL));
}

/* Fails the k-th operation, for every k, with `failure`. */
static void sweep_io(baals_status failure)
{
    uint64_t calls = 0;
    for (uint64_t k = 1; calls + 1 >= k; k++) {
        struct bl_env *env = NULL;
        struct testlib_faulty_env faulty;
        assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
        testlib_faulty_env_init(&faulty, env);
        faulty.fail_at = k;
        faulty.status = failure;
        struct outcome outcome = run(&faulty.env);
        calls = faulty.calls;
        /* That a spare segment could not be removed is nobody's concern. */
        bool silent = faulty.failed_op != NULL && strcmp(faulty.failed_op, "remove") == 0;
        assert_true(calls < k || outcome.first == failure || outcome.first == BAALS_IO_SYNC ||
                    silent);
        check(env, &outcome);
        bl_env_close(env);
    }
    printf("%llu operations failed once each\n", (unsigned long long)calls);
}

/* An input or output error at every operation. */
static void test_io(void **state)
{
    (void)state;
    sweep_io(BAALS_IO);
}

/* A full disk at every operation: nothing that was not acknowledged is there afterwards. */
static void test_full(void **state)
{
    (void)state;
    sweep_io(BAALS_IO_FULL);
}

/* A disk that stays full from the k-th operation on. */
static void test_stays_full(void **state)
{
    (void)state;
    for (uint64_t k = 1; k < 60; k++) {
        struct bl_env *env = NULL;
        struct testlib_faulty_env faulty;
        assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
        testlib_faulty_env_init(&faulty, env);
        faulty.fail_at = k;
        faulty.repeat = UINT32_MAX;
        faulty.status = BAALS_IO_FULL;
        struct outcome outcome = run(&faulty.env);
        outcome.maybe_one_more = true; /* even clearing it failed, so the handle stopped */
        check(env, &outcome);
        bl_env_close(env);
    }
}

/* Every allocation fails once. */
static void test_memory(void **state)
{
    uint64_t calls = 0;
    (void)state;
    for (uint64_t k = 1; calls + 1 >= k; k++) {
        struct bl_env *env = NULL;
        struct testlib_faulty_env faulty;
        struct testlib_faulty_alloc alloc = {.fail_at = k};
        assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
        testlib_faulty_env_init(&faulty, env);
        faulty.env.alloc = testlib_faulty_alloc(&alloc);
        struct outcome outcome = run(&faulty.env);
        calls = alloc.calls;
        assert_int_equal(alloc.live, 0);
        assert_int_equal(outcome.first, calls < k ? BAALS_OK : BAALS_NOMEM);
        check(env, &outcome);
        bl_env_close(env);
    }
    printf("%llu allocations failed once each\n", (unsigned long long)calls);
}

/* The same for cutting a torn tail: whatever fails, the next opening finishes it. */
static void test_cut(void **state)
{
    uint64_t calls = 0;
    (void)state;
    for (uint64_t k = 1; calls + 1 >= k; k++) {
        struct bl_env *env = NULL;
        struct testlib_faulty_env faulty;
        assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
        struct bl_journal *journal = journal_lib_open(env, NULL);
        (void)journal_lib_commit(journal, 0, 10);
        uint64_t offset = bl_journal_end(journal) & 0xffffffffu;
        assert_ok(bl_journal_close(journal, NULL));
        struct bl_file *file = NULL;
        assert_ok(bl_file_open(env, &file, JOURNAL_LIB_DIR "/00000001.log", BL_OPEN_WRITE, NULL));
        assert_ok(bl_file_write_at(file, offset + 9000, (const uint8_t *)"garbage", 7, NULL));
        bl_file_close(file);

        testlib_faulty_env_init(&faulty, env);
        faulty.fail_at = k;
        struct bl_journal_report report = {.records = 0};
        baals_status status = bl_journal_open(&journal, &report, &faulty.env, JOURNAL_LIB_DIR,
                                              &journal_lib_chain, &options, NULL);
        calls = faulty.calls;
        if (status == BAALS_OK) {
            assert_int_not_equal(report.cut_position, 0);
            (void)bl_journal_close(journal, NULL);
        }
        check(env, &(struct outcome){.acknowledged = 1});
        bl_env_close(env);
    }
    printf("%llu operations failed once each\n", (unsigned long long)calls);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_io),         cmocka_unit_test(test_full),
        cmocka_unit_test(test_stays_full), cmocka_unit_test(test_memory),
        cmocka_unit_test(test_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
