/* SPDX-License-Identifier: MIT */
/* The contracts that are measured. */
#include "bench_fixture.h"

/* Both modules may be deployed. */
static void test_accepted(void **state)
{
    struct bench_fixture f;
    const struct bench_open how = {.name = NULL};
    baals_chain *chain = NULL;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "modules");
    assert_ok(bench_chain_open(&chain, bench, &how, &f.err));
    assert_ok(
        baals_code_check(chain, bl_slice(bench_module_token, bench_module_token_len), &f.err));
    assert_ok(baals_code_check(chain, bl_slice(bench_module_fill, bench_module_fill_len), &f.err));
    assert_ok(bench_chain_close(chain, BAALS_OK, &f.err));
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
