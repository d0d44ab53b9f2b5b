/* SPDX-License-Identifier: MIT */
/*
 * Reading a chain: every getter on what is there and on what is not.
 */
#include <stdlib.h>
#include <string.h>

#include "chain_lib.h"

struct read_fixture {
    struct chain_genesis genesis;
    struct chain_node node;
    struct chain_tx transfer; /* block 1 */
    struct chain_tx call;     /* block 2, writes the counter's storage */
    struct chain_tx pending;
};

static void read_open(struct read_fixture *fx)
{
    chain_genesis_init(&fx->genesis, 1);
    chain_genesis_counter(&fx->genesis);
    chain_node_init(&fx->node, &fx->genesis, 0);
    chain_node_open(&fx->node);
    fx->transfer = chain_transfer(&fx->genesis, 1, 0, chain_address(20), 5);
    chain_submit(&fx->node, &fx->transfer);
    assert_true(chain_produce(&fx->node));
    fx->call = chain_call(&fx->genesis, 1, 1, "add");
    chain_submit(&fx->node, &fx->call);
    assert_true(chain_produce(&fx->node));
    fx->pending = chain_transfer(&fx->genesis, 1, 2, chain_address(20), 5);
    chain_submit(&fx->node, &fx->pending);
}

static void read_close(struct read_fixture *fx)
{
    chain_node_deinit(&fx->node);
    chain_genesis_deinit(&fx->genesis);
}

/* The tip's numbers. */
static void test_info(void **state)
{
    (void)state;
    struct read_fixture fx;
    read_open(&fx);
    baals_chain_info info = chain_info(&fx.node);
    assert_memory_equal(info.chain_id.bytes, fx.genesis.chain_id.bytes, 32);
    assert_int_equal(info.height, 2);
    assert_int_equal(info.final_height, 2);
    assert_int_equal(info.tx_count, 2);
    assert_int_equal(info.pending, 1);
    assert_int_equal(info.supply, 8 * CHAIN_RICH);
    assert_int_equal(info.authority_count, 1);
    assert_int_equal(info.can_seal, 1);
    assert_string_equal(info.engine, "poa");
    baals_bytes genesis = {NULL, 0, NULL};
    assert_ok(baals_genesis_get(fx.node.chain, &genesis, NULL));
    assert_int_equal(genesis.len, fx.genesis.len);
    assert_memory_equal(genesis.data, fx.genesis.bytes, genesis.len);
    baals_bytes_free(&genesis);
    read_close(&fx);
}

/* A block is the same by height and by hash; what is not there is NOTFOUND. */
static void test_blocks(void **state)
{
    (void)state;
    struct read_fixture fx;
    read_open(&fx);
    for (uint64_t height = 0; height <= 2; height++) {
        baals_bytes by_height = {NULL, 0, NULL};
        baals_bytes by_hash = {NULL, 0, NULL};
        baals_block block;
        assert_ok(baals_block_get(fx.node.chain, &by_height, height, NULL));
        assert_ok(baals_block_decode(&block, bl_slice(by_height.data, by_height.len), NULL));
        assert_int_equal(block.header.index, height);
        assert_ok(baals_block_get_by_hash(fx.node.chain, &by_hash, &block.hash, NULL));
        assert_int_equal(by_hash.len, by_height.len);
        assert_memory_equal(by_hash.data, by_height.data, by_hash.len);
        baals_bytes_free(&by_height);
        baals_bytes_free(&by_hash);
    }
    baals_bytes none = {NULL, 0, NULL};
    baals_hash unknown = {{1}};
    assert_status(baals_block_get(fx.node.chain, &none, 3, NULL), BAALS_NOTFOUND);
    assert_status(baals_block_get(fx.node.chain, &none, UINT64_MAX, NULL), BAALS_NOTFOUND);
    assert_status(baals_block_get_by_hash(fx.node.chain, &none, &unknown, NULL), BAALS_NOTFOUND);
    read_close(&fx);
}

/* Committed and pending transactions are told apart; only committed ones have receipts. */
static void test_txs(void **state)
{
    (void)state;
    struct read_fixture fx;
    read_open(&fx);
    baals_bytes bytes = {NULL, 0, NULL};
    baals_tx_place place;
    baals_debug debug;
    int32_t committed = -1;
    assert_ok(baals_tx_get(fx.node.chain, &bytes, &committed, &place, &fx.call.id, NULL));
    assert_int_equal(committed, 1);
    assert_int_equal(place.height, 2);
    assert_int_equal(bytes.len, fx.call.len);
    assert_memory_equal(bytes.data, fx.call.bytes, bytes.len);
    baals_bytes_free(&bytes);
    assert_ok(baals_tx_get(fx.node.chain, &bytes, &committed, &place, &fx.pending.id, NULL));
    assert_int_equal(committed, 0);
    baals_bytes_free(&bytes);
    assert_ok(baals_receipt_get(fx.node.chain, &bytes, &place, &debug, &fx.call.id, NULL));
    assert_int_equal(debug.trap, BAALS_OK);
    baals_receipt receipt;
    assert_ok(baals_receipt_decode(&receipt, bl_slice(bytes.data, bytes.len), NULL));
    assert_int_equal(receipt.event_count, 1);
    baals_bytes_free(&bytes);
    assert_status(baals_receipt_get(fx.node.chain, &bytes, NULL, NULL, &fx.pending.id, NULL),
                  BAALS_NOTFOUND);
    baals_hash unknown = {{1}};
    assert_status(baals_tx_get(fx.node.chain, &bytes, &committed, NULL, &unknown, NULL),
                  BAALS_NOTFOUND);
    read_close(&fx);
}

/* Accounts, code and storage. */
static void test_state(void **state)
{
    (void)state;
    struct read_fixture fx;
    read_open(&fx);
    baals_account account;
    baals_address contract = chain_counter_id();
    baals_address nobody = chain_address(33);
    assert_ok(baals_account_get(fx.node.chain, &account, &contract, NULL));
    assert_int_equal(account.is_contract, 1);
    assert_int_equal(account.has_creator, 0);
    baals_bytes code = {NULL, 0, NULL};
    assert_ok(baals_code_get(fx.node.chain, &code, &account.code_hash, NULL));
    assert_int_equal(code.len, fx.genesis.module.len);
    assert_memory_equal(code.data, fx.genesis.module.data, code.len);
    baals_bytes_free(&code);
    assert_status(baals_code_get(fx.node.chain, &code, &(baals_hash){{5}}, NULL), BAALS_NOTFOUND);
    account.nonce = 77;
    assert_status(baals_account_get(fx.node.chain, &account, &nobody, NULL), BAALS_NOTFOUND);
    assert_int_equal(account.nonce, 0);
    baals_bytes value = {NULL, 0, NULL};
    assert_status(
        baals_storage_get(fx.node.chain, &value, &contract, bl_slice_str("not there"), NULL),
        BAALS_NOTFOUND);
    uint8_t long_key[257] = {0};
    assert_status(baals_storage_get(fx.node.chain, &value, &contract, bl_slice(NULL, 0), NULL),
                  BAALS_MISUSE);
    assert_status(
        baals_storage_get(fx.node.chain, &value, &contract, bl_slice(long_key, 257), NULL),
        BAALS_MISUSE);
    read_close(&fx);
}

struct read_history {
    size_t count;
    uint64_t heights[8];
};

static int32_t read_take(void *ctx, const baals_hash *id, const baals_tx_place *place)
{
    (void)id;
    struct read_history *history = ctx;
    assert_true(history->count < 8);
    history->heights[history->count++] = place->height;
    return 0;
}

/* History goes from new to old, page by page, and ends at 0. */
static void test_history(void **state)
{
    (void)state;
    struct read_fixture fx;
    read_open(&fx);
    struct read_history history = {0};
    uint64_t cursor = UINT64_MAX;
    baals_address sender = chain_address(1);
    assert_ok(baals_history_each(fx.node.chain, &cursor, &sender, 1, read_take, &history, NULL));
    assert_int_equal(history.count, 1);
    assert_int_equal(history.heights[0], 2);
    assert_int_not_equal(cursor, 0);
    assert_ok(baals_history_each(fx.node.chain, &cursor, &sender, 8, read_take, &history, NULL));
    assert_int_equal(history.count, 2);
    assert_int_equal(history.heights[1], 1);
    assert_int_equal(cursor, 0);
    baals_address recipient = chain_address(20);
    memset(&history, 0, sizeof history);
    cursor = UINT64_MAX;
    assert_ok(baals_history_each(fx.node.chain, &cursor, &recipient, 8, read_take, &history, NULL));
    assert_int_equal(history.count, 1);
    read_close(&fx);
}

/* A proof from the chain verifies against the header that comes with it, which is the tip's as its
 * block has it. */
static void test_prove(void **state)
{
    (void)state;
    struct read_fixture fx;
    read_open(&fx);
    baals_address there = chain_address(20);
    baals_address absent = chain_address(33);
    baals_slice keys[2] = {bl_slice(there.bytes, 32), bl_slice(absent.bytes, 32)};
    for (int i = 0; i < 2; i++) {
        baals_proof proof;
        baals_header header;
        memset(&proof, 0, sizeof proof);
        assert_ok(baals_prove(fx.node.chain, &proof, "accounts", keys[i], &fx.node.err));
        assert_int_equal(proof.exists, i == 0);
        assert_ok(bl_header_decode(&header, bl_slice(proof.header.data, proof.header.len), NULL));
        baals_hash hash;
        bl_header_hash(&hash, bl_slice(proof.header.data, proof.header.len));
        baals_hash tip = chain_info(&fx.node).hash;
        assert_memory_equal(&hash, &tip, sizeof tip);
        baals_slice bytes = bl_slice(proof.proof.data, proof.proof.len);
        if (i == 0)
            assert_ok(baals_proof_verify_existence(&header.state_root, "accounts", keys[i],
                                                   bl_slice(proof.value.data, proof.value.len),
                                                   bytes, NULL));
        else
            assert_ok(
                baals_proof_verify_absence(&header.state_root, "accounts", keys[i], bytes, NULL));
        baals_proof_free(&proof);
    }
    baals_proof proof;
    assert_status(baals_prove(fx.node.chain, &proof, "nodes", keys[0], NULL),
                  BAALS_MISUSE_ARGUMENT);
    read_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info),  cmocka_unit_test(test_blocks),  cmocka_unit_test(test_txs),
        cmocka_unit_test(test_state), cmocka_unit_test(test_history), cmocka_unit_test(test_prove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
