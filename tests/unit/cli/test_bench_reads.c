/* SPDX-License-Identifier: MIT */
/* Opening and proving. */
#include "bench_fixture.h"

/* Both chains open. */
static void test_open(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "open");
    assert_ok(bench_run_open(bench, &f.err));
    bench_fixture_filled(bench, BENCH_OPEN_EMPTY, BENCH_OPEN_MANY);
    bench_fixture_close(&f);
}

/* Proofs of what is there and of what is not hold: the contract made the accounts that are asked
 * for. */
static void test_proof(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "proof");
    assert_ok(bench_run_proof(bench, &f.err));
    bench_fixture_filled(bench, BENCH_PROVE, BENCH_PROOF_VERIFY);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_proof),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
