/* SPDX-License-Identifier: MIT */
/* The chains that measurements work on. */
#include "bench_fixture.h"

/* Every run has the same chain id. */
static void test_same_chain(void **state)
{
    struct bench_fixture f;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "same");
    baals_hash id = bench->chain_id;
    bench_chain_deinit(bench);
    assert_ok(bench_chain_init(bench, &f.err));
    assert_memory_equal(&id, &bench->chain_id, sizeof id);
    bench_fixture_close(&f);
}

/* A transfer that does not end OK, or is refused, stops the measurement. */
static void test_failures(void **state)
{
    struct bench_fixture f;
    struct bench_txs txs;
    const struct bench_open how = {.flags = BAALS_OPEN_PRODUCE};
    baals_chain *chain = NULL;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "failures");
    assert_ok(bench_chain_open(&chain, bench, &how, &f.err));
    assert_ok(bench_deploy(chain, bench, &f.err));
    assert_ok(bench_sign_tokens(&txs, bench, 1, 0, &f.err));
    assert_status(bench_commit(chain, &txs, &f.err), BAALS_INTERNAL); /* it has no tokens */
    assert_non_null(strstr(f.err.message, "REVERT"));
    assert_status(bench_submit(chain, &txs, &f.err), BAALS_LIMIT_KNOWN);
    bench_txs_free(&txs, bench);
    assert_ok(bench_chain_close(chain, BAALS_OK, &f.err));
    bench_fixture_close(&f);
}

/* The chain of many accounts has them, and is made once. */
static void test_many(void **state)
{
    struct bench_fixture f;
    const struct bench_open how = {.name = BENCH_MANY};
    baals_chain *chain = NULL;
    baals_account account;
    baals_address address;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "many");
    assert_ok(bench_many(bench, &f.err));
    assert_ok(bench_many(bench, &f.err));
    assert_ok(bench_chain_open(&chain, bench, &how, &f.err));
    for (unsigned i = 0; i < bench->size.accounts; i++) {
        bench_account(&address, i);
        assert_ok(baals_account_get(chain, &account, &address, &f.err));
        assert_int_equal(account.balance.units, 1);
    }
    bench_account(&address, bench->size.accounts);
    assert_status(baals_account_get(chain, &account, &address, &f.err), BAALS_NOTFOUND);
    assert_ok(bench_chain_close(chain, BAALS_OK, &f.err));
    bench_remove(bench, BENCH_MANY);
    bench_remove(bench, NULL);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_chain),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
