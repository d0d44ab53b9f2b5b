/* SPDX-License-Identifier: MIT */
/*
 * Crashes of the journal. A workload is recorded operation by operation; then the file system is
 * built again from every prefix of the recording: once whole (kill -9: the system keeps what was
 * written) and several times as a power failure may leave it (of what was not synced any part, in
 * sectors, in any order). Opening must always succeed, give every committed record and nothing but
 * whole groups.
 */
#include <string.h>

#include "journal_lib.h"
#include "recording_env.h"

enum { SECTOR = RECORDING_SECTOR, GROUPS_MAX = 64 };

struct workload_group {
    uint32_t records;
    uint32_t len; /* of each */
};

static const struct workload_group workload_first[] = {
    {1, 10},   {1, 100},     {3, 50},     {1, 5000},
    {2, 3000}, {1, 400000},  {1, 300000}, {1, 400000}, /* in the second segment */
    {5, 700},  {1, 1200000},                           /* alone in a larger one */
    {1, 10},
};
static const struct workload_group workload_second[] = {{1, 10}, {2, 5000}, {1, 1}};

/* totals[g]: records in the first g groups. Marks in the recording are numbers of groups. */
static uint64_t totals[GROUPS_MAX];
static size_t group_count;

static void
run_groups(struct recording_env *recording, const struct workload_group *groups, size_t count)
{
    struct bl_journal *journal = journal_lib_open(&recording->env, NULL);
    for (size_t i = 0; i < count; i++) {
        uint64_t total = totals[group_count];
        for (uint32_t r = 0; r < groups[i].records; r++)
            assert_ok(journal_lib_append(journal, NULL, total + r, groups[i].len));
        assert_ok(bl_journal_commit(journal, NULL));
        totals[++group_count] = total + groups[i].records;
        recording_env_mark(recording, group_count);
        if (bl_journal_wants_segment(journal))
            assert_ok(bl_journal_prepare_segment(journal, NULL));
    }
    assert_ok(bl_journal_close(journal, NULL));
}

static void record_workload(struct recording_env *recording)
{
    group_count = 0;
    run_groups(recording, workload_first, BL_COUNT_OF(workload_first));
    run_groups(recording, workload_second, BL_COUNT_OF(workload_second));
}

static uint64_t last_mark(const struct recording_env *recording, size_t prefix)
{
    uint64_t mark = 0;
    for (size_t i = 0; i < prefix; i++) {
        if (recording->ops[i].kind == RECORDING_MARK)
            mark = recording->ops[i].offset;
    }
    return mark;
}

/* Opens what a crash left: at least `mark` groups, at most one more, whole; the same when it is
 * opened again; and writing goes on. */
static void check_state(struct bl_env *env, uint64_t mark)
{
    struct bl_journal_report report;
    struct bl_journal *journal = journal_lib_open(env, &report);
    uint64_t count = journal_lib_count(journal);
    bool whole = count == totals[mark] || (mark < group_count && count == totals[mark + 1]);
    if (!whole)
        fail_msg("%llu records after %llu groups", (unsigned long long)count,
                 (unsigned long long)mark);
    assert_ok(bl_journal_close(journal, NULL));
    journal = journal_lib_open(env, &report);
    assert_int_equal(report.cut_position, 0);
    assert_int_equal(journal_lib_count(journal), count);
    (void)journal_lib_commit(journal, count, 6000);
    (void)journal_lib_commit(journal, count + 1, 1);
    assert_int_equal(journal_lib_count(journal), count + 2);
    assert_ok(bl_journal_close(journal, NULL));
    journal = journal_lib_open(env, &report);
    assert_int_equal(report.cut_position, 0);
    assert_int_equal(journal_lib_count(journal), count + 2);
    assert_ok(bl_journal_close(journal, NULL));
}

static struct bl_env *new_env(void)
{
    struct bl_env *env = NULL;
    assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
    return env;
}

/* kill -9 behind every operation. */
static void test_every_prefix(void **state)
{
    struct recording_env recording;
    struct bl_env *real = new_env();
    (void)state;
    recording_env_init(&recording, real);
    record_workload(&recording);
    for (size_t prefix = 0; prefix <= recording.count; prefix++) {
        struct bl_env *env = new_env();
        recording_apply_prefix(env, &recording, prefix);
        check_state(env, last_mark(&recording, prefix));
        bl_env_close(env);
    }
    printf("%zu prefixes\n", recording.count + 1);
    recording_env_deinit(&recording);
    bl_env_close(real);
}

/* ---- power failures ---- */

/* The power fails behind every operation; what was not synced is there in part. */
static void test_power_failures(void **state)
{
    struct recording_env recording;
    struct bl_env *real = new_env();
    struct testlib_rng rng = testlib_rng(2);
    (void)state;
    recording_env_init(&recording, real);
    record_workload(&recording);
    uint64_t states = 0;
    for (size_t prefix = 1; prefix <= recording.count; prefix++) {
        static const enum recording_loss losses[] = {
            RECORDING_LOSS_ALL,     RECORDING_LOSS_OPS,     RECORDING_LOSS_OPS,
            RECORDING_LOSS_SECTORS, RECORDING_LOSS_SECTORS, RECORDING_LOSS_SECTORS};
        for (size_t i = 0; i < BL_COUNT_OF(losses); i++) {
            struct bl_env *env = recording_build_loss(&recording, prefix, losses[i], &rng);
            check_state(env, last_mark(&recording, prefix));
            bl_env_close(env);
            states++;
        }
    }
    printf("%llu states after a power failure\n", (unsigned long long)states);
    recording_env_deinit(&recording);
    bl_env_close(real);
}

/* The last write is torn behind each of its first sectors. */
static void test_torn_write(void **state)
{
    struct recording_env recording;
    struct bl_env *real = new_env();
    (void)state;
    recording_env_init(&recording, real);
    record_workload(&recording);
    for (size_t last = 0; last < recording.count; last++) {
        const struct recording_op *op = &recording.ops[last];
        if (op->kind != RECORDING_WRITE || op->len > 20000)
            continue;
        for (size_t cut = 0; cut <= op->len; cut += SECTOR) {
            struct bl_env *env = new_env();
            for (size_t i = 0; i < last; i++)
                recording_apply(env, &recording.ops[i], 0, recording.ops[i].len);
            recording_apply(env, op, 0, cut);
            check_state(env, last_mark(&recording, last));
            bl_env_close(env);
        }
    }
    recording_env_deinit(&recording);
    bl_env_close(real);
}

/* The repair of a torn tail is itself interrupted, at each of its operations. */
static void test_interrupted_cut(void **state)
{
    struct recording_env recording;
    struct bl_env *real = new_env();
    struct testlib_rng rng = testlib_rng(3);
    (void)state;
    recording_env_init(&recording, real);
    record_workload(&recording);
    uint64_t cuts = 0;
    for (size_t prefix = 1; prefix <= recording.count; prefix++) {
        if (recording.ops[prefix - 1].kind != RECORDING_WRITE)
            continue;
        struct testlib_rng start = rng;
        struct bl_env *torn =
            recording_build_loss(&recording, prefix, RECORDING_LOSS_SECTORS, &rng);
        struct recording_env repair;
        struct bl_journal_report report;
        recording_env_init(&repair, torn);
        assert_ok(journal_lib_try(&repair.env, &report, 0));
        for (size_t done = 1; report.cut_position != 0 && done < repair.count; done++) {
            struct testlib_rng again = start;
            struct bl_env *env =
                recording_build_loss(&recording, prefix, RECORDING_LOSS_SECTORS, &again);
            for (size_t i = 0; i < done; i++)
                recording_apply(env, &repair.ops[i], 0,
                                repair.ops[i].len / (i + 1 == done ? 2 : 1));
            check_state(env, last_mark(&recording, prefix));
            bl_env_close(env);
            cuts++;
        }
        recording_env_deinit(&repair);
        bl_env_close(torn);
    }
    printf("%llu interrupted repairs\n", (unsigned long long)cuts);
    assert_true(cuts > 0);
    recording_env_deinit(&recording);
    bl_env_close(real);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_power_failures),
        cmocka_unit_test(test_torn_write),
        cmocka_unit_test(test_interrupted_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
