/* SPDX-License-Identifier: MIT */
/*
 * Making blocks: when one is made, what goes in, what waits, and what leaves.
 */
#include <string.h>

#include "chain_lib.h"

/* Nothing pending makes no block and says to wait until something arrives. */
static void test_nothing_to_do(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    int32_t made = 9;
    uint64_t wait_ms = 0;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    assert_ok(baals_produce_block(node.chain, &made, &wait_ms, &node.err));
    assert_int_equal(made, 0);
    assert_int_equal(wait_ms, UINT64_MAX);
    assert_status(baals_produce_block(NULL, &made, NULL, NULL), BAALS_MISUSE);
    chain_node_close(&node);
    node.options.authority = NULL;
    chain_node_open(&node);
    assert_status(baals_produce_block(node.chain, &made, NULL, &node.err),
                  BAALS_MISUSE_NOT_AUTHORITY);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* A handle whose key is no authority makes nothing. */
static void test_not_in_the_set(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 3);
    chain_node_open(&node);
    struct chain_tx tx = chain_transfer(&genesis, 1, 0, chain_address(2), 5);
    chain_submit(&node, &tx);
    assert_false(chain_produce(&node));
    assert_int_equal(chain_info(&node).can_seal, 0);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* A key that was overwritten in memory seals nothing, and nothing of the block stays. */
static void test_damaged_key(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    int32_t made = 0;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    struct chain_tx tx = chain_transfer(&genesis, 1, 0, chain_address(2), 5);
    chain_submit(&node, &tx);
    node.chain->authority.secret[5] ^= 1;
    assert_status(baals_produce_block(node.chain, &made, NULL, &node.err), BAALS_INTERNAL);
    assert_int_equal(chain_info(&node).height, 0);
    assert_int_equal(chain_info(&node).pending, 1);
    node.chain->authority.secret[5] ^= 1;
    assert_true(chain_produce(&node));
    assert_int_equal(chain_info(&node).height, 1);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* All that is ready goes into one block, dearest sender first, each sender by nonce. */
static void test_order(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    struct chain_tx txs[] = {
        chain_priced(&genesis, 1, 0, 2), chain_priced(&genesis, 1, 1, 9),
        chain_priced(&genesis, 3, 0, 5),
        chain_priced(&genesis, 4, 1, 9), /* behind a gap: not ready */
    };
    for (size_t i = 0; i < BL_COUNT_OF(txs); i++)
        chain_submit(&node, &txs[i]);
    assert_true(chain_produce(&node));
    static const size_t expected[] = {2, 0, 1};
    for (uint32_t position = 0; position < BL_COUNT_OF(expected); position++) {
        baals_tx_place place;
        assert_ok(baals_wait(node.chain, &place, &txs[expected[position]].id, 0, &node.err));
        assert_int_equal(place.position, position);
    }
    assert_int_equal(chain_info(&node).pending, 1);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* What does not fit the block's gas waits for the next one; nothing is dropped. */
static void test_gas_left(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    genesis.genesis.params.block_gas_limit = BL_BLOCK_GAS_LIMIT_MIN;
    chain_genesis_encode(&genesis);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    baals_tx fields = {.kind = BAALS_TX_TRANSFER,
                       .has_recipient = 1,
                       .recipient = chain_address(2),
                       .gas_limit = BL_BLOCK_GAS_LIMIT_MIN - 30000};
    struct chain_tx first = chain_sign(&genesis, 1, &fields);
    struct chain_tx second = chain_sign(&genesis, 3, &fields);
    chain_submit(&node, &first);
    chain_submit(&node, &second);
    assert_true(chain_produce(&node));
    assert_int_equal(chain_info(&node).tx_count, 1);
    assert_int_equal(chain_info(&node).pending, 1);
    assert_true(chain_produce(&node));
    assert_int_equal(chain_info(&node).tx_count, 2);
    fields.gas_limit = BL_BLOCK_GAS_LIMIT_MIN + 1;
    fields.nonce = 1;
    struct chain_tx never = chain_sign(&genesis, 1, &fields);
    assert_status(chain_try_submit(&node, &never), BAALS_REJECT_GAS_BLOCK);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* Own blocks are valid for everybody else. */
static void test_valid_elsewhere(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    struct chain_node other;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_init(&other, &genesis, 3);
    chain_node_open(&node);
    chain_node_open(&other);
    for (uint64_t nonce = 0; nonce < 3; nonce++) {
        struct chain_tx tx = chain_transfer(&genesis, 1, nonce, chain_address(2), 5);
        chain_submit(&node, &tx);
        assert_true(chain_produce(&node));
        assert_ok(chain_copy_block(&other, &node, nonce + 1));
    }
    baals_chain_info a = chain_info(&node);
    baals_chain_info b = chain_info(&other);
    assert_memory_equal(a.hash.bytes, b.hash.bytes, 32);
    assert_memory_equal(a.state_root.bytes, b.state_root.bytes, 32);
    chain_node_deinit(&other);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_do), cmocka_unit_test(test_not_in_the_set),
        cmocka_unit_test(test_damaged_key),   cmocka_unit_test(test_order),
        cmocka_unit_test(test_gas_left),      cmocka_unit_test(test_valid_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
