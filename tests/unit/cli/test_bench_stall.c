/* SPDX-License-Identifier: MIT */
/* Blocks beside checkpoints. */
#include "bench_fixture.h"

/* Blocks are found beside checkpoints and beside none; the slowest is no faster than most. */
static void test_stall(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "stall");
    assert_ok(bench_run_stall(bench, &f.err));
    bench_fixture_filled(bench, BENCH_STALL_P50, BENCH_STALL_NONE_P999);
    for (unsigned i = 0; i < bench->size.runs; i++)
        assert_true(bench->results[BENCH_STALL_MAX].values[i] >=
                    bench->results[BENCH_STALL_P999].values[i]);
    bench_fixture_close(&f);
}

/* Without a checkpoint there is nothing to say. */
static void test_none(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "stall_none");
    bench->size.stall_changes = 0; /* the default: far more than these blocks change */
    assert_status(bench_run_stall(bench, &f.err), BAALS_INTERNAL);
    assert_non_null(strstr(f.err.message, "0 blocks were beside a checkpoint"));
    assert_int_equal(bench->results[BENCH_STALL_MAX].count, 0);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stall),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
