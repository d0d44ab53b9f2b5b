/* SPDX-License-Identifier: MIT */
/*
 * Commits: what is acknowledged is durable, what fails before the sync leaves no trace, and what
 * fails at it stops the chain.
 */
#include <string.h>

#include "chain_lib.h"

struct commit_fixture {
    struct chain_genesis genesis;
    struct chain_node node;
};

static void commit_open(struct commit_fixture *fx)
{
    chain_genesis_init(&fx->genesis, 1);
    chain_genesis_counter(&fx->genesis);
    chain_node_init(&fx->node, &fx->genesis, 0);
    chain_node_open(&fx->node);
}

static void commit_close(struct commit_fixture *fx)
{
    chain_node_deinit(&fx->node);
    chain_genesis_deinit(&fx->genesis);
}

static void commit_submit(struct commit_fixture *fx, uint64_t nonce)
{
    struct chain_tx tx = chain_transfer(&fx->genesis, 1, nonce, chain_address(20), 5);
    chain_submit(&fx->node, &tx);
}

/* A block that was reported survives a kill at once. */
static void test_durable(void **state)
{
    (void)state;
    struct commit_fixture fx;
    commit_open(&fx);
    for (uint64_t nonce = 0; nonce < 3; nonce++) {
        commit_submit(&fx, nonce);
        assert_true(chain_produce(&fx.node));
        chain_node_kill(&fx.node);
        chain_node_open(&fx.node);
        assert_int_equal(chain_info(&fx.node).height, nonce + 1);
    }
    commit_close(&fx);
}

/* A full disk is an error before anything is acknowledged; with room again the chain goes on. */
static void test_full_disk(void **state)
{
    (void)state;
    struct commit_fixture fx;
    int32_t made = 0;
    commit_open(&fx);
    commit_submit(&fx, 0);
    fx.node.clock.full = 1;
    assert_status(baals_produce_block(fx.node.chain, &made, NULL, &fx.node.err), BAALS_IO_FULL);
    assert_int_equal(chain_info(&fx.node).height, 0);
    assert_int_equal(chain_info(&fx.node).pending, 1);
    fx.node.clock.full = 0;
    baals_status status = baals_produce_block(fx.node.chain, &made, NULL, &fx.node.err);
    if (status != BAALS_OK) {
        /* The place could not be cleaned while the disk was full: the handle has stopped. */
        assert_status(status, BAALS_MISUSE_CLOSED);
        chain_node_close(&fx.node);
        chain_node_open(&fx.node);
        assert_true(chain_produce(&fx.node));
    }
    assert_int_equal(chain_info(&fx.node).height, 1);
    assert_int_equal(chain_info(&fx.node).pending, 0);
    commit_close(&fx);
}

/* After a failure that may have lost a write, every writing call says so and readers go on. */
static void test_failed_chain(void **state)
{
    (void)state;
    struct commit_fixture fx;
    int32_t made = 0;
    baals_bytes block = {NULL, 0, NULL};
    commit_open(&fx);
    commit_submit(&fx, 0);
    assert_true(chain_produce(&fx.node));
    assert_status(bl_chain_fail(fx.node.chain, BAALS_IO_SYNC), BAALS_IO_SYNC);
    struct chain_tx tx = chain_transfer(&fx.genesis, 1, 1, chain_address(20), 5);
    assert_status(chain_try_submit(&fx.node, &tx), BAALS_MISUSE_CLOSED);
    assert_status(baals_produce_block(fx.node.chain, &made, NULL, &fx.node.err),
                  BAALS_MISUSE_CLOSED);
    assert_ok(baals_block_get(fx.node.chain, &block, 1, &fx.node.err));
    assert_status(baals_import_block(fx.node.chain, bl_slice(block.data, block.len), &fx.node.err),
                  BAALS_MISUSE_CLOSED);
    baals_bytes_free(&block);
    assert_int_equal(chain_info(&fx.node).height, 1);
    commit_close(&fx);
}

/* Undoing the newest block on a view gives the state, roots and indexes of its parent. */
static void test_undo_layer(void **state)
{
    (void)state;
    struct commit_fixture fx;
    struct bl_view *view = NULL;
    struct bl_arena arena;
    struct bl_pending_layer undo;
    struct bl_state_roots roots;
    struct bl_locator locator;
    commit_open(&fx);
    commit_submit(&fx, 0);
    assert_true(chain_produce(&fx.node));
    baals_chain_info before = chain_info(&fx.node);
    struct chain_tx call = chain_call(&fx.genesis, 1, 1, "add");
    chain_submit(&fx.node, &call);
    assert_true(chain_produce(&fx.node));
    bl_arena_init(&arena, bl_alloc_system(), 1 << 24);
    assert_ok(bl_view_begin(&view, fx.node.chain->store, NULL));
    assert_ok(bl_chain_undo_layer(&undo, fx.node.chain, view, 2, 0, &arena, NULL));
    assert_ok(bl_view_push(view, undo.layer, NULL));
    assert_int_equal(undo.tip.height, 1);
    assert_memory_equal(undo.tip.hash.bytes, before.hash.bytes, 32);
    assert_ok(bl_state_roots(&roots, view, NULL));
    assert_memory_equal(roots.root.bytes, before.state_root.bytes, 32);
    assert_status(bl_index_locator(&locator, view, 2, NULL), BAALS_NOTFOUND);
    assert_ok(bl_index_locator(&locator, view, 1, NULL));
    bl_layer_unref(undo.layer);
    bl_view_end(view);
    bl_arena_deinit(&arena);
    commit_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durable),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_failed_chain),
        cmocka_unit_test(test_undo_layer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
