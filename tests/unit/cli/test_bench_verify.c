/* SPDX-License-Identifier: MIT */
/* Decoding and verifying are measured. */
#include "bench_fixture.h"

/* Every run gives the four lines; the chain refused every transfer without a price. */
static void test_verify(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "verify");
    assert_ok(bench_run_verify(bench, &f.err));
    bench_fixture_filled(bench, BENCH_DECODE, BENCH_VERIFY_ALL_CORES);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
