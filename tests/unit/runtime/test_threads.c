/* SPDX-License-Identifier: MIT */
/*
 * The chain's own threads: the producer makes blocks without being asked, closing joins them all,
 * and nobody who waits is forgotten.
 */
#include <pthread.h>

#include "chain_lib.h"

/* With the producer, an accepted transaction is committed without another call. */
static void test_producer(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    node.options.flags |= BAALS_OPEN_PRODUCE;
    chain_node_open(&node);
    for (uint64_t nonce = 0; nonce < 5; nonce++) {
        struct chain_tx tx = chain_transfer(&genesis, 1, nonce, chain_address(2), 1);
        chain_submit(&node, &tx);
        baals_tx_place place;
        assert_ok(baals_wait(node.chain, &place, &tx.id, 60000, &node.err));
        assert_true(place.height >= 1);
    }
    assert_int_equal(chain_info(&node).tx_count, 5);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* Producing without a key is refused when the chain is opened. */
static void test_producer_needs_key(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    node.options.flags |= BAALS_OPEN_PRODUCE;
    node.options.authority = NULL;
    assert_status(chain_node_try_open(&node), BAALS_MISUSE_NOT_AUTHORITY);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

struct threads_waiter {
    struct chain_node *node;
    baals_chain *chain;
    baals_hash id;
    baals_status status;
};

static void *threads_wait_for_tx(void *arg)
{
    struct threads_waiter *waiter = arg;
    baals_tx_place place;
    waiter->status = baals_wait(waiter->chain, &place, &waiter->id, 60000, NULL);
    (void)baals_close(waiter->chain, NULL);
    return NULL;
}

/* A thread that waits is woken by the commit, and its reference keeps the chain open meanwhile. */
static void test_waiter_is_woken(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    struct chain_tx tx = chain_transfer(&genesis, 1, 0, chain_address(2), 1);
    chain_submit(&node, &tx);
    struct threads_waiter waiter = {&node, baals_chain_ref(node.chain), tx.id, BAALS_INTERNAL};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, threads_wait_for_tx, &waiter), 0);
    assert_true(chain_produce(&node));
    pthread_join(thread, NULL);
    assert_status(waiter.status, BAALS_OK);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* Opening and closing again and again with threads that just begin or sleep. */
static void test_open_and_close(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    node.options.flags |= BAALS_OPEN_PRODUCE;
    for (int i = 0; i < 30; i++) {
        chain_node_open(&node);
        chain_node_close(&node);
    }
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* A checkpoint threshold of one byte makes the maintenance thread work beside every commit, and
 * what it did is counted. */
static void test_checkpoints(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    node.options.checkpoint_bytes = 1;
    chain_node_open(&node);
    for (uint64_t nonce = 0; nonce < 50; nonce++) {
        struct chain_tx tx = chain_transfer(&genesis, 1, nonce, chain_address(2), 1);
        chain_submit(&node, &tx);
        assert_true(chain_produce(&node));
    }
    assert_int_equal(chain_balance(&node, chain_address(2)), CHAIN_RICH + 50);
    baals_stats stats = BAALS_STATS_INIT;
    assert_ok(baals_stats_get(node.chain, &stats, &node.err));
    assert_true(stats.checkpoints_begun > 0 && stats.checkpoint_ns > 0);
    assert_in_range(stats.checkpoints_ended, stats.checkpoints_begun - 1, stats.checkpoints_begun);
    chain_node_close(&node);
    baals_verify_report report;
    assert_ok(chain_node_verify(&node, &report, 0));
    assert_int_equal(report.height, 50);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* Goal: however fast blocks come, what an opening after a crash has to replay stays within four
 * times checkpoint_bytes and a block: measured in bytes of layers, at every block. */
static void test_replay_is_bounded(void **state)
{
    (void)state;
    enum { BYTES = 10000, BLOCK_BYTES = 20000, BLOCKS = 150 };
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    node.options.checkpoint_bytes = BYTES;
    chain_node_open(&node);
    bl_chain_threads_stop(node.chain); /* maintenance that never gets to run */
    uint64_t total = 0;
    uint64_t before = bl_store_layer_bytes(node.chain->store);
    for (uint64_t nonce = 0; nonce < BLOCKS; nonce++) {
        struct chain_tx tx = chain_transfer(&genesis, 1, nonce, chain_address(50), 1);
        chain_submit(&node, &tx);
        assert_true(chain_produce(&node));
        uint64_t bytes = bl_store_layer_bytes(node.chain->store);
        assert_in_range(bytes, 0, 4 * BYTES + BLOCK_BYTES);
        total += bytes > before ? bytes - before : 0;
        before = bytes;
    }
    assert_true(total > 4 * BYTES + BLOCK_BYTES); /* without a bound there would be more */
    struct bl_tip checkpoint;
    assert_ok(bl_store_checkpoint_tip(node.chain->store, &checkpoint));
    assert_true(checkpoint.height > 0);
    chain_node_kill(&node);
    chain_node_open(&node);
    assert_int_equal(chain_info(&node).height, BLOCKS);
    assert_int_equal(chain_balance(&node, chain_address(50)), BLOCKS);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_producer),        cmocka_unit_test(test_producer_needs_key),
        cmocka_unit_test(test_waiter_is_woken), cmocka_unit_test(test_open_and_close),
        cmocka_unit_test(test_checkpoints),     cmocka_unit_test(test_replay_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
