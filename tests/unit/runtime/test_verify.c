/* SPDX-License-Identifier: MIT */
/*
 * Verifying and repairing a directory: what it counts, what it finds, and that it touches nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "chain_lib.h"

/* A node with three blocks: two transfers and a call of the counter; closed. */
static void verify_make(struct chain_genesis *genesis, struct chain_node *node, bool real)
{
    chain_genesis_init(genesis, 1);
    chain_genesis_counter(genesis);
    if (real)
        chain_node_init_real(node, genesis, 0, "verify");
    else
        chain_node_init(node, genesis, 0);
    chain_node_open(node);
    for (uint64_t nonce = 0; nonce < 3; nonce++) {
        struct chain_tx tx = nonce < 2 ? chain_transfer(genesis, 1, nonce, chain_address(2), 5)
                                       : chain_call(genesis, 1, nonce, "add");
        chain_submit(node, &tx);
        assert_true(chain_produce(node));
    }
    chain_node_close(node);
}

static void verify_drop(struct chain_genesis *genesis, struct chain_node *node)
{
    chain_node_deinit(node);
    chain_genesis_deinit(genesis);
}

/* The report counts blocks, transactions and records, with and without replay. */
static void test_report(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    verify_make(&genesis, &node, false);
    for (uint32_t flags = 0; flags <= BAALS_VERIFY_REPLAY; flags++) {
        baals_verify_report report;
        assert_ok(chain_node_verify(&node, &report, flags));
        assert_int_equal(report.height, 3);
        assert_int_equal(report.blocks, 4);
        assert_int_equal(report.txs, 3);
        assert_true(report.records > 8);
        assert_true(report.journal_bytes > 0);
        assert_int_equal(report.tail_bytes, 0);
    }
    chain_node_open(&node);
    baals_chain_info info = chain_info(&node);
    assert_int_equal(info.height, 3);
    verify_drop(&genesis, &node);
}

/* A directory that another handle has open is not verified. */
static void test_owned(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    verify_make(&genesis, &node, true);
    chain_node_open(&node);
    baals_verify_report report;
    baals_error err = {0};
    assert_status(baals_verify(&report, node.path, 0, NULL, NULL, NULL, &err), BAALS_BUSY_OWNED);
    assert_status(baals_repair(&report, node.path, NULL, NULL, NULL, &err), BAALS_BUSY_OWNED);
    verify_drop(&genesis, &node);
}

/* What cannot be verified is refused by name. */
static void test_misuse(void **state)
{
    (void)state;
    baals_verify_report report;
    baals_error err = {0};
    assert_status(baals_verify(NULL, "x", 0, NULL, NULL, NULL, &err), BAALS_MISUSE);
    assert_status(baals_verify(&report, NULL, 0, NULL, NULL, NULL, &err), BAALS_MISUSE);
    assert_status(baals_verify(&report, ":memory:", 0, NULL, NULL, NULL, &err), BAALS_MISUSE);
    assert_status(baals_repair(&report, ":memory:", NULL, NULL, NULL, &err), BAALS_MISUSE);
    char empty[256];
    testlib_temp_dir(empty, sizeof empty, "verify-empty");
    assert_status(baals_verify(&report, empty, 0, NULL, NULL, NULL, &err), BAALS_NOTFOUND_CHAIN);
    assert_status(baals_repair(&report, empty, NULL, NULL, NULL, &err), BAALS_NOTFOUND_CHAIN);
    testlib_remove_tree(empty);
}

static void verify_progress_count(void *ctx, const char *what, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    assert_non_null(what);
    (*(uint64_t *)ctx)++;
}

/* Repair rebuilds a store that was lost or filled with garbage, moves the old one aside, and says
 * how far it is. */
static void test_repair(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    verify_make(&genesis, &node, true);
    char path[512];
    (void)snprintf(path, sizeof path, "%s/kv/data.mdb", node.path);
    FILE *file = fopen(path, "r+b");
    if (file != NULL) {
        static const char garbage[65536] = "not a store";
        assert_int_equal(fwrite(garbage, 1, sizeof garbage, file), sizeof garbage);
        assert_int_equal(fclose(file), 0);
    } else {
        (void)snprintf(path, sizeof path, "%s/kv", node.path);
        testlib_remove_tree(path);
    }
    uint64_t calls = 0;
    baals_verify_report report;
    baals_error err = {0};
    assert_ok(baals_repair(&report, node.path, NULL, verify_progress_count, &calls, &err));
    assert_int_equal(report.height, 3);
    assert_true(calls > 0);
    chain_node_open(&node);
    assert_int_equal(chain_info(&node).height, 3);
    assert_int_equal(chain_balance(&node, chain_address(2)), CHAIN_RICH + 10);
    verify_drop(&genesis, &node);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_owned),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_repair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
