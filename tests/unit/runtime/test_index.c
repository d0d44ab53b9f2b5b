/* SPDX-License-Identifier: MIT */
/*
 * Indexes: the entries a block makes are found again, and undoing the block removes exactly them.
 */
#include <string.h>

#include "chain_lib.h"

struct index_fixture {
    struct chain_genesis genesis;
    struct chain_node node;
    struct chain_tx tx;
    struct bl_view *view;
};

static void index_open(struct index_fixture *fx)
{
    chain_genesis_init(&fx->genesis, 1);
    chain_node_init(&fx->node, &fx->genesis, 0);
    chain_node_open(&fx->node);
    fx->tx = chain_transfer(&fx->genesis, 1, 0, chain_address(20), 5);
    chain_submit(&fx->node, &fx->tx);
    assert_true(chain_produce(&fx->node));
    assert_ok(bl_view_begin(&fx->view, fx->node.chain->store, NULL));
}

static void index_close(struct index_fixture *fx)
{
    bl_view_end(fx->view);
    chain_node_deinit(&fx->node);
    chain_genesis_deinit(&fx->genesis);
}

/* Height, hash and transaction lead to the same block. */
static void test_lookups(void **state)
{
    (void)state;
    struct index_fixture fx;
    struct bl_locator locator;
    uint64_t height = 0;
    uint32_t position = 9;
    index_open(&fx);
    assert_ok(bl_index_locator(&locator, fx.view, 1, NULL));
    assert_int_equal(locator.tx_total, 1);
    assert_ok(bl_index_height_of(&height, fx.view, &locator.hash, NULL));
    assert_int_equal(height, 1);
    assert_ok(bl_index_tx(&height, &position, fx.view, &fx.tx.id, NULL));
    assert_int_equal(height, 1);
    assert_int_equal(position, 0);
    assert_status(bl_index_locator(&locator, fx.view, 2, NULL), BAALS_NOTFOUND);
    baals_hash unknown = {{3}};
    assert_status(bl_index_height_of(&height, fx.view, &unknown, NULL), BAALS_NOTFOUND);
    assert_status(bl_index_tx(&height, &position, fx.view, &unknown, NULL), BAALS_NOTFOUND);
    index_close(&fx);
}

/* The writes of a block and of its undoing name the same keys. */
static void test_undo_matches(void **state)
{
    (void)state;
    struct index_fixture fx;
    struct bl_journal_record journal;
    struct bl_block_record record;
    struct bl_arena arena;
    index_open(&fx);
    bl_arena_init(&arena, bl_alloc_system(), 1 << 20);
    assert_ok(bl_chain_read_block(fx.node.chain, &journal, &record, fx.view, 1, NULL));
    struct bl_locator locator = {
        .journal_position = journal.position, .tx_total = 1, .hash = record.block.hash};
    baals_write *made = NULL;
    baals_write *undone = NULL;
    size_t made_count = 0;
    size_t undone_count = 0;
    assert_ok(bl_index_block(&made, &made_count, NULL, 0, &record, &locator, false, &arena, NULL));
    assert_ok(
        bl_index_block(&undone, &undone_count, NULL, 0, &record, &locator, true, &arena, NULL));
    /* Height, hash, transaction, history of sender and recipient. */
    assert_int_equal(made_count, 5);
    assert_int_equal(undone_count, made_count);
    for (size_t i = 0; i < made_count; i++) {
        baals_slice value;
        assert_int_equal(made[i].space, undone[i].space);
        assert_true(bl_slice_equal(made[i].key, undone[i].key));
        assert_int_equal(made[i].is_delete, 0);
        assert_int_equal(undone[i].is_delete, 1);
        assert_ok(bl_view_get(fx.view, &value, made[i].space, made[i].key, NULL));
        assert_true(bl_slice_equal(value, made[i].value));
    }
    bl_journal_record_deinit(fx.node.chain->journal, &journal);
    bl_arena_deinit(&arena);
    index_close(&fx);
}

/* An index that names another block is damage, not an answer. */
static void test_wrong_locator(void **state)
{
    (void)state;
    struct index_fixture fx;
    struct bl_locator other;
    struct bl_layer *layer = NULL;
    index_open(&fx);
    assert_ok(bl_index_locator(&other, fx.view, 0, NULL));
    uint8_t key[8];
    uint8_t value[48] = {0};
    bl_store_u64be(key, 1);
    bl_store_u64be(value, other.journal_position);
    memcpy(value + 16, (uint8_t[32]){1}, 32);
    baals_write write = {
        .space = BAALS_SPACE_HEIGHTS, .key = bl_slice(key, 8), .value = bl_slice(value, 48)};
    struct bl_journal_record journal;
    struct bl_block_record record;
    struct bl_alloc alloc = bl_alloc_system();
    assert_ok(bl_layer_new(&layer, &alloc, &write, 1, NULL));
    assert_ok(bl_view_push(fx.view, layer, NULL));
    bl_layer_unref(layer);
    assert_status(bl_chain_read_block(fx.node.chain, &journal, &record, fx.view, 1, NULL),
                  BAALS_CORRUPT_STORE);
    write.value.len = 47;
    assert_ok(bl_layer_new(&layer, &alloc, &write, 1, NULL));
    assert_ok(bl_view_push(fx.view, layer, NULL));
    bl_layer_unref(layer);
    assert_status(bl_index_locator(&other, fx.view, 1, NULL), BAALS_CORRUPT_STORE);
    index_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookups),
        cmocka_unit_test(test_undo_matches),
        cmocka_unit_test(test_wrong_locator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
