/* SPDX-License-Identifier: MIT */
/*
 * Taking in blocks: each rule a block can break gives its own verdict, and a refused block changes
 * nothing (docs/spec/block.md).
 */
#include <string.h>

#include "chain_lib.h"
#include "crypto/crypto.h"

struct import_fixture {
    struct chain_genesis genesis;
    struct chain_node from;
    struct chain_node to;
    baals_bytes bytes; /* block 1 of `from` */
    baals_block block;
};

static void import_open(struct import_fixture *fx)
{
    memset(fx, 0, sizeof *fx);
    chain_genesis_init(&fx->genesis, 1);
    chain_node_init(&fx->from, &fx->genesis, 0);
    chain_node_init(&fx->to, &fx->genesis, 3);
    chain_node_open(&fx->from);
    chain_node_open(&fx->to);
    struct chain_tx tx = chain_transfer(&fx->genesis, 1, 0, chain_address(20), 5);
    chain_submit(&fx->from, &tx);
    assert_true(chain_produce(&fx->from));
    assert_ok(baals_block_get(fx->from.chain, &fx->bytes, 1, NULL));
    assert_ok(baals_block_decode(&fx->block, bl_slice(fx->bytes.data, fx->bytes.len), NULL));
    fx->to.clock.now_ms = fx->block.header.timestamp_ms;
}

static void import_close(struct import_fixture *fx)
{
    baals_bytes_free(&fx->bytes);
    chain_node_deinit(&fx->from);
    chain_node_deinit(&fx->to);
    chain_genesis_deinit(&fx->genesis);
}

/* The block with another header, sealed by `key`, and the transactions as they are. */
static baals_status
import_changed(struct import_fixture *fx, const baals_header *header, unsigned key)
{
    struct bl_buffer head;
    struct bl_buffer block;
    baals_hash hash;
    baals_signature signature;
    baals_slice txs[1];
    size_t cursor = 0;
    uint8_t seal[71] = {0xa1, 0x63, 's', 'i', 'g', 0x58, 0x40};
    baals_keypair pair = chain_key(key);
    bl_buffer_init(&head, bl_alloc_system(), 8192);
    bl_buffer_init(&block, bl_alloc_system(), 65536);
    bl_header_encode(&head, header);
    bl_header_hash(&hash, bl_buffer_slice(&head));
    bl_ed25519_sign(&signature, pair.seed, BL_TAG_SEAL, bl_slice(hash.bytes, 32));
    memcpy(seal + 7, signature.bytes, 64);
    assert_int_equal(baals_block_txs_next(&txs[0], &cursor, &fx->block), 1);
    baals_slice seal_slice = bl_slice(seal, sizeof seal);
    bl_block_encode(&block, bl_buffer_slice(&head), &seal_slice, txs, 1);
    assert_ok(bl_buffer_status(&block, NULL));
    baals_status status = baals_import_block(fx->to.chain, bl_buffer_slice(&block), &fx->to.err);
    bl_buffer_deinit(&head);
    bl_buffer_deinit(&block);
    return status;
}

/* The block as it is goes in once. */
static void test_valid(void **state)
{
    (void)state;
    struct import_fixture fx;
    import_open(&fx);
    baals_slice bytes = bl_slice(fx.bytes.data, fx.bytes.len);
    assert_ok(baals_import_block(fx.to.chain, bytes, &fx.to.err));
    assert_int_equal(chain_info(&fx.to).height, 1);
    assert_status(baals_import_block(fx.to.chain, bytes, &fx.to.err), BAALS_LIMIT_KNOWN);
    assert_status(baals_import_block(NULL, bytes, NULL), BAALS_MISUSE);
    import_close(&fx);
}

/* Each broken rule, and then the block itself still goes in. */
static void test_verdicts(void **state)
{
    (void)state;
    enum { CHAIN, INDEX, PREV, PROPOSER, SLOT, TIME, TX_ROOT, GAS, RECEIPTS, STATE, SEAL, CASES };
    static const baals_status expected[CASES] = {
        [CHAIN] = BAALS_REJECT_CHAIN_ID,
        [INDEX] = BAALS_REJECT_INDEX,
        [PREV] = BAALS_REJECT_PREV_HASH,
        [PROPOSER] = BAALS_REJECT_PROPOSER,
        [SLOT] = BAALS_REJECT_SLOT,
        [TIME] = BAALS_REJECT_TIME,
        [TX_ROOT] = BAALS_REJECT_TX_ROOT,
        [GAS] = BAALS_REJECT_GAS_USED,
        [RECEIPTS] = BAALS_REJECT_RECEIPTS_ROOT,
        [STATE] = BAALS_REJECT_STATE_ROOT,
        [SEAL] = BAALS_REJECT_SEAL,
    };
    struct import_fixture fx;
    import_open(&fx);
    for (int i = 0; i < CASES; i++) {
        baals_header header = fx.block.header;
        header.chain_id.bytes[0] ^= i == CHAIN;
        header.index += i == INDEX;
        header.prev_hash.bytes[0] ^= i == PREV;
        header.nonce += i == SLOT;
        header.tx_root.bytes[0] ^= i == TX_ROOT;
        header.gas_used += i == GAS;
        header.receipts_root.bytes[0] ^= i == RECEIPTS;
        header.state_root.bytes[0] ^= i == STATE;
        if (i == PROPOSER)
            header.proposer = chain_address(3);
        if (i == TIME)
            header.timestamp_ms = CHAIN_START_MS - 1;
        assert_status(import_changed(&fx, &header, i == PROPOSER || i == SEAL ? 3 : 0),
                      expected[i]);
        assert_int_equal(chain_info(&fx.to).height, 0);
    }
    assert_ok(import_changed(&fx, &fx.block.header, 0));
    import_close(&fx);
}

/* A block ahead of the clock waits; the same block later is taken. */
static void test_ahead(void **state)
{
    (void)state;
    struct import_fixture fx;
    import_open(&fx);
    baals_slice bytes = bl_slice(fx.bytes.data, fx.bytes.len);
    fx.to.clock.now_ms = fx.block.header.timestamp_ms - BL_CLOCK_DRIFT_MS - 1;
    assert_status(baals_import_block(fx.to.chain, bytes, &fx.to.err), BAALS_BUSY_AHEAD);
    fx.to.clock.now_ms++;
    assert_ok(baals_import_block(fx.to.chain, bytes, &fx.to.err));
    import_close(&fx);
}

/* No truncation and no flipped bit is taken for a block of the chain. */
static void test_damage(void **state)
{
    (void)state;
    struct import_fixture fx;
    import_open(&fx);
    for (size_t len = 0; len < fx.bytes.len; len++)
        assert_int_equal(BAALS_STATUS_CLASS(baals_import_block(
                             fx.to.chain, bl_slice(fx.bytes.data, len), &fx.to.err)),
                         BAALS_CLASS_REJECT);
    for (size_t bit = 0; bit < fx.bytes.len * 8; bit += 3) {
        fx.bytes.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        baals_status status =
            baals_import_block(fx.to.chain, bl_slice(fx.bytes.data, fx.bytes.len), &fx.to.err);
        assert_true(BAALS_STATUS_CLASS(status) == BAALS_CLASS_REJECT || status == BAALS_BUSY_AHEAD);
        fx.bytes.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_int_equal(chain_info(&fx.to).height, 0);
    import_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_ahead),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
