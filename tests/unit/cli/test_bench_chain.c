/* SPDX-License-Identifier: MIT */
/* The chains that measurements work on. */
#include <unistd.h>

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
    baals_chain *chain = NULL;
    baals_account account;
    baals_address address;
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "many");
    const struct bench_open how = {.name = bench->many.name};
    assert_ok(bench_many_make(bench, &bench->many, &f.err));
    assert_ok(bench_many_make(bench, &bench->many, &f.err));
    assert_ok(bench_chain_open(&chain, bench, &how, &f.err));
    for (unsigned i = 0; i < bench->size.accounts; i++) {
        bench_account(&address, i);
        assert_ok(baals_account_get(chain, &account, &address, &f.err));
        assert_int_equal(account.balance.units, 1);
    }
    bench_account(&address, bench->size.accounts);
    assert_status(baals_account_get(chain, &account, &address, &f.err), BAALS_NOTFOUND);
    assert_ok(bench_chain_close(chain, BAALS_OK, &f.err));
    bench_remove(bench, bench->many.name);
    bench_remove(bench, NULL);
    bench_fixture_close(&f);
}

/* Memory for the state is the benchmark's unless a measurement has its own; what is measured in
 * memory has no storage. */
static void test_options(void **state)
{
    struct bench_fixture f;
    baals_options options;
    struct bench_open how = {.name = "folder", .changes = 5, .threads = 1};
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "options");
    bench_chain_options(&options, bench, &how);
    assert_string_equal(options.storage, "lmdb");
    assert_int_equal(options.state_bytes, bench->state_bytes);
    assert_int_equal(options.checkpoint_bytes, 5);
    assert_int_equal(options.verify_threads, 1);
    how = (struct bench_open){.name = NULL, .state_bytes = 7};
    bench_chain_options(&options, bench, &how);
    assert_null(options.storage);
    assert_int_equal(options.state_bytes, 7);
    assert_int_equal(options.checkpoint_bytes, 0);
    bench_fixture_close(&f);
}

/* A chain in a folder is kept by the storage that was asked for; one that is not in this build is
 * refused. */
static void test_storage(void **state)
{
    struct bench_fixture f;
    const struct bench_open how = {.name = "stored"};
    baals_chain *chain = NULL;
    char path[BL_PATH_MAX];
    (void)state;
    struct bench *bench = bench_fixture_open(&f, "storage");
    assert_ok(bench_chain_open(&chain, bench, &how, &f.err));
    assert_ok(bench_chain_close(chain, BAALS_OK, &f.err));
    assert_ok(bench_path(path, bench, "stored/kv/data.mdb", &f.err));
    assert_int_equal(access(path, F_OK), 0);
    bench->storage = "paper";
    const struct bench_open other = {.name = "other"};
    assert_status(bench_chain_open(&chain, bench, &other, &f.err), BAALS_UNSUPPORTED);
    bench_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_chain), cmocka_unit_test(test_failures),
        cmocka_unit_test(test_many),       cmocka_unit_test(test_options),
        cmocka_unit_test(test_storage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
