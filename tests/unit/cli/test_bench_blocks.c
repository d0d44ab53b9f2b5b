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

/* All transfers of a block stand in it and its stages are counted: of the first one of a chain that
 * was opened and of one that is warm, in each run. */
static void test_stages(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "stages");
    assert_ok(bench_run_stages(bench, &f.err));
    bench_fixture_filled(bench, BENCH_APPLY, BENCH_COMMIT);
    bench_fixture_close(&f);
}

/* The same with ten times as many accounts, and the memory that is held then. */
static void test_tenfold(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "tenfold");
    assert_ok(bench_run_tenfold(bench, &f.err));
    bench_fixture_filled(bench, BENCH_ROOT_TENFOLD, BENCH_MEMORY_TENFOLD);
    assert_int_equal(bench->tenfold.accounts, 10 * bench->size.accounts);
    assert_true(bench->tenfold.made && !bench->many.made);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transfers),
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_tenfold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
