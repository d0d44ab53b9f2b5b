/* SPDX-License-Identifier: MIT */
/* Transfers and the stages of their blocks. */
#include "bench_fixture.h"

/* Durable and in memory, every transfer's receipt was read. */
static void test_transfers(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "transfers");
    assert_ok(bench_run_transfers(bench, &f.err));
    bench_fixture_filled(bench, BENCH_TRANSFERS, BENCH_TRANSFERS_MEMORY);
    bench_fixture_close(&f);
}

/* All transfers of a run stand in one block, whose stages are counted. */
static void test_stages(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "stages");
    assert_ok(bench_run_stages(bench, &f.err));
    bench_fixture_filled(bench, BENCH_APPLY, BENCH_COMMIT);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transfers),
        cmocka_unit_test(test_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
