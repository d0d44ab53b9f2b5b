/* SPDX-License-Identifier: MIT */
/* Calls of contracts are measured. */
#include "bench_fixture.h"

/* Every sender got tokens and every transfer of them ended OK. */
static void test_tokens(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "tokens");
    assert_ok(bench_run_tokens(bench, &f.err));
    bench_fixture_filled(bench, BENCH_TOKENS, BENCH_TOKENS_MEMORY);
    bench_fixture_close(&f);
}

/* A call that does nothing, in blocks and as a query. */
static void test_call(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "call");
    assert_ok(bench_run_call(bench, &f.err));
    bench_fixture_filled(bench, BENCH_CALL, BENCH_CALL_QUERY);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
