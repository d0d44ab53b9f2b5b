/* SPDX-License-Identifier: MIT */
/*
 * Where blocks spend their time, and checkpoints: what is counted, and what is not.
 */
#include "chain_lib.h"

#include "baals/stats.h"
#include "runtime/stats.h"

static baals_stats stats_of(struct chain_node *node)
{
    baals_stats stats = BAALS_STATS_INIT;
    assert_ok(baals_stats_get(node->chain, &stats, &node->err));
    return stats;
}

/* A block that was made counts once, with its transactions and every stage but verification. */
static void test_made(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    assert_int_equal(stats_of(&node).blocks, 0);
    assert_false(chain_produce(&node));
    assert_int_equal(stats_of(&node).blocks, 0);
    assert_int_equal(stats_of(&node).collect_ns, 0);
    struct chain_tx tx = chain_transfer(&genesis, 1, 0, chain_address(2), 5);
    chain_submit(&node, &tx);
    assert_true(chain_produce(&node));
    baals_stats stats = stats_of(&node);
    assert_int_equal(stats.blocks, 1);
    assert_int_equal(stats.txs, 1);
    assert_int_equal(stats.verify_ns, 0);
    assert_true(stats.collect_ns > 0 && stats.apply_ns > 0 && stats.root_ns > 0);
    assert_true(stats.write_ns > 0 && stats.sync_ns > 0 && stats.publish_ns > 0);
    assert_status(baals_stats_get(NULL, &stats, NULL), BAALS_MISUSE);
    assert_status(baals_stats_get(node.chain, NULL, NULL), BAALS_MISUSE);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* Marks outside a block count nothing, those of a block nothing until it ends. */
static void test_marks(void **state)
{
    (void)state;
    struct bl_stats stats = {.running = false};
    baals_error err;
    assert_ok(bl_env_memory(&stats.env, bl_alloc_system(), &err));
    bl_stats_mark(&stats, BL_STAGE_ROOT);
    bl_stats_end(&stats, 7);
    assert_int_equal(stats.blocks, 0);
    bl_stats_begin(&stats);
    bl_stats_applied(&stats);
    bl_stats_mark(&stats, BL_STAGE_SYNC);
    assert_int_equal(stats.stage_ns[BL_STAGE_SYNC], 0);
    uint64_t kept = stats.block_ns[BL_STAGE_APPLY];
    bl_stats_end(&stats, 7);
    assert_int_equal(stats.stage_ns[BL_STAGE_APPLY], kept);
    assert_int_equal(stats.txs, 7);
    bl_stats_end(&stats, 7);
    assert_int_equal(stats.blocks, 1);
    bl_env_close(stats.env);
}

/* A checkpoint that is being taken has begun and not ended; its time counts when it has. */
static void test_checkpoints(void **state)
{
    (void)state;
    struct bl_stats stats = {.running = false};
    baals_error err;
    assert_ok(bl_env_memory(&stats.env, bl_alloc_system(), &err));
    bl_stats_checkpoint_begin(&stats);
    assert_int_equal(stats.checkpoints_begun, 1);
    assert_int_equal(stats.checkpoints_ended, 0);
    assert_int_equal(stats.checkpoint_ns, 0);
    uint64_t before_ns = bl_env_monotonic_ns(stats.env);
    bl_stats_checkpoint_end(&stats);
    assert_int_equal(stats.checkpoints_ended, 1);
    assert_true(stats.checkpoint_ns >= before_ns - stats.checkpoint_began_ns);
    assert_int_equal(stats.blocks, 0);
    bl_env_close(stats.env);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_checkpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
