/* SPDX-License-Identifier: MIT */
/*
 * The mempool's place in the chain: what survives a restart, what leaves, and what a change of the
 * rules does.
 */
#include <string.h>

#include "chain_lib.h"

/* What was accepted is pending again after a kill, in the same order, and is committed then. */
static void test_survives_kill(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    for (uint64_t nonce = 0; nonce < 10; nonce++) {
        struct chain_tx tx = chain_transfer(&genesis, 1, nonce, chain_address(2), 5);
        chain_submit(&node, &tx);
    }
    chain_node_kill(&node);
    chain_node_open(&node);
    assert_int_equal(chain_info(&node).pending, 10);
    assert_true(chain_produce(&node));
    assert_int_equal(chain_info(&node).tx_count, 10);
    assert_int_equal(chain_info(&node).pending, 0);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* What a block took does not come back, whether the end was clean or not. */
static void test_committed_stay_away(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    for (int clean = 0; clean < 2; clean++) {
        chain_node_open(&node);
        struct chain_tx tx = chain_transfer(&genesis, 1, (uint64_t)clean, chain_address(2), 5);
        chain_submit(&node, &tx);
        assert_true(chain_produce(&node));
        if (clean)
            chain_node_close(&node);
        else
            chain_node_kill(&node);
    }
    chain_node_open(&node);
    assert_int_equal(chain_info(&node).pending, 0);
    assert_int_equal(chain_info(&node).tx_count, 2);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* A transaction that expires while it waits leaves with that reason. */
static void test_expires(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    baals_tx fields = {.kind = BAALS_TX_TRANSFER,
                       .chain_id = genesis.chain_id,
                       .has_recipient = 1,
                       .recipient = chain_address(2),
                       .nonce = 5, /* behind a gap, so it waits */
                       .gas_limit = 100000,
                       .has_valid_until = 1,
                       .valid_until = 1};
    struct chain_tx waits = chain_sign(&genesis, 3, &fields);
    chain_submit(&node, &waits);
    for (uint64_t nonce = 0; nonce < 2; nonce++) {
        struct chain_tx tx = chain_transfer(&genesis, 1, nonce, chain_address(2), 5);
        chain_submit(&node, &tx);
        assert_true(chain_produce(&node));
    }
    baals_tx_place place;
    assert_status(baals_wait(node.chain, &place, &waits.id, 0, &node.err), BAALS_REJECT_EXPIRED);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* A raised minimum price drops what no longer pays it. */
static void test_rules_change(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    uint8_t payload[128];
    size_t len = 0;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    struct chain_tx cheap = chain_priced(&genesis, 3, 1, 2); /* behind a gap */
    struct chain_tx dear = chain_priced(&genesis, 4, 1, 9);
    chain_submit(&node, &cheap);
    chain_submit(&node, &dear);
    assert_ok(baals_sysop_encode_param(payload, sizeof payload, &len, 0, "gas_price_min", 5, NULL));
    baals_tx fields = {.kind = BAALS_TX_SYSTEM,
                       .chain_id = genesis.chain_id,
                       .has_payload = 1,
                       .payload = bl_slice(payload, len),
                       .gas_limit = 100000};
    struct chain_tx sysop = chain_sign(&genesis, 0, &fields);
    chain_submit(&node, &sysop);
    assert_true(chain_produce(&node));
    assert_int_equal(chain_info(&node).params.gas_price_min, 5);
    baals_tx_place place;
    assert_status(baals_wait(node.chain, &place, &cheap.id, 0, &node.err), BAALS_REJECT_GAS_PRICE);
    assert_status(baals_wait(node.chain, &place, &dear.id, 0, &node.err), BAALS_BUSY_TIMEOUT);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* Goal: more transactions than are verified at a time come back, in their order. */
static void test_many_survive_kill(void **state)
{
    (void)state;
    enum { SENDERS = 8, EACH = 270, COUNT = SENDERS * EACH };
    static struct chain_tx txs[COUNT];
    static baals_slice slices[COUNT];
    static baals_status statuses[COUNT];
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    for (unsigned i = 0; i < COUNT; i++) {
        txs[i] = chain_transfer(&genesis, i % SENDERS, i / SENDERS, chain_address(9), 1);
        slices[i] = bl_slice(txs[i].bytes, txs[i].len);
    }
    assert_ok(baals_submit_many(node.chain, NULL, statuses, slices, COUNT, NULL));
    assert_int_equal(chain_info(&node).pending, COUNT);
    chain_node_kill(&node);
    chain_node_open(&node);
    assert_int_equal(chain_info(&node).pending, COUNT);
    assert_true(chain_produce(&node));
    assert_int_equal(chain_info(&node).tx_count, COUNT);
    for (unsigned i = 0; i < COUNT; i += 100) {
        baals_tx_place place;
        assert_ok(baals_wait(node.chain, &place, &txs[i].id, 0, NULL));
        assert_int_equal(place.position, i);
    }
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_survive_kill),   cmocka_unit_test(test_survives_kill),
        cmocka_unit_test(test_committed_stay_away), cmocka_unit_test(test_expires),
        cmocka_unit_test(test_rules_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
