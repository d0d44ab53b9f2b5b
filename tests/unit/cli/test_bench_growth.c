/* SPDX-License-Identifier: MIT */
/* Growth is measured in tenths. */
#include "bench_fixture.h"

/* Tenths are of the same number of blocks, with what they took of memory and disk. */
static void test_tenths(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "growth");
    bench->size.growth_txs = 3;
    assert_ok(bench_run_growth(bench, &f.err));
    assert_int_equal(bench->tenth_count, BENCH_TENTHS);
    for (unsigned i = 0; i < BENCH_TENTHS; i++) {
        const struct bench_tenth *tenth = &bench->tenths[i];
        assert_int_equal(tenth->blocks, 2 * (i + 1));
        assert_true(tenth->block_ns > 0 && tenth->own_kib > 0);
        assert_true(tenth->resident_kib >= tenth->own_kib);
        assert_true(tenth->journal_kib > 0);
    }
    assert_int_equal(bench->results[BENCH_GROWTH_TIME].count, 1);
    assert_int_equal(bench->results[BENCH_GROWTH_MEMORY].count, 1);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tenths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
