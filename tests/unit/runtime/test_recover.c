/* SPDX-License-Identifier: MIT */
/*
 * From the journal to the state: wherever the checkpoint stands, opening reaches the same tip.
 */
#include <string.h>

#include "chain_lib.h"

#define RECOVER_BLOCKS 20u

/* Makes blocks with the given checkpoint threshold and kills the chain. */
static baals_chain_info recover_make(struct chain_node *node, uint64_t checkpoint_bytes)
{
    node->options.checkpoint_bytes = checkpoint_bytes;
    chain_node_open(node);
    for (uint64_t nonce = 0; nonce < RECOVER_BLOCKS; nonce++) {
        struct chain_tx tx = nonce % 3 == 2
                                 ? chain_call(node->genesis, 1, nonce, "add")
                                 : chain_transfer(node->genesis, 1, nonce, chain_address(20), 5);
        chain_submit(node, &tx);
        assert_true(chain_produce(node));
    }
    baals_chain_info info = chain_info(node);
    chain_node_kill(node);
    return info;
}

/* Without any checkpoint, and with one after every block, the tip is the same. */
static void test_any_checkpoint(void **state)
{
    (void)state;
    static const uint64_t thresholds[] = {1, 4096, 1u << 30};
    struct chain_genesis genesis;
    chain_genesis_init(&genesis, 1);
    chain_genesis_counter(&genesis);
    for (size_t i = 0; i < BL_COUNT_OF(thresholds); i++) {
        for (size_t j = 0; j < BL_COUNT_OF(thresholds); j++) {
            struct chain_node node;
            chain_node_init(&node, &genesis, 0);
            baals_chain_info before = recover_make(&node, thresholds[i]);
            node.options.checkpoint_bytes = thresholds[j];
            chain_node_open(&node);
            baals_chain_info after = chain_info(&node);
            assert_int_equal(after.height, RECOVER_BLOCKS);
            assert_int_equal(after.tx_count, RECOVER_BLOCKS);
            assert_memory_equal(after.hash.bytes, before.hash.bytes, 32);
            assert_memory_equal(after.state_root.bytes, before.state_root.bytes, 32);
            chain_node_deinit(&node);
        }
    }
    chain_genesis_deinit(&genesis);
}

/* With the real store, too: closed cleanly, the journal has nothing left to replay, and killed it
 * has. */
static void test_real_store(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_genesis_counter(&genesis);
    chain_node_init_real(&node, &genesis, 0, "recover");
    baals_chain_info before = recover_make(&node, 4096);
    for (int round = 0; round < 2; round++) {
        chain_node_open(&node);
        baals_chain_info after = chain_info(&node);
        assert_memory_equal(after.state_root.bytes, before.state_root.bytes, 32);
        chain_node_close(&node);
    }
    baals_verify_report report;
    assert_ok(chain_node_verify(&node, &report, BAALS_VERIFY_REPLAY));
    assert_int_equal(report.height, RECOVER_BLOCKS);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* A genesis with contracts needs their modules, and the right ones. */
static void test_genesis_modules(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_genesis_counter(&genesis);
    chain_node_init(&node, &genesis, 0);
    node.options.module_count = 0;
    assert_status(chain_node_try_open(&node), BAALS_REJECT_GENESIS);
    baals_slice wrong = bl_slice_str("not the module");
    node.options.module_count = 1;
    node.options.modules = &wrong;
    assert_status(chain_node_try_open(&node), BAALS_REJECT_GENESIS);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_checkpoint),
        cmocka_unit_test(test_real_store),
        cmocka_unit_test(test_genesis_modules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
