/* SPDX-License-Identifier: MIT */
/*
 * A block before it runs: every rule in the order of docs/spec/block.md 3, steps 1 to 9.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "ledger_lib.h"

/* What can be broken, in the order in which it is judged. */
enum check_fault {
    CHECK_VERSION,
    CHECK_CHAIN_ID,
    CHECK_INDEX,
    CHECK_PREV_HASH,
    CHECK_PROPOSER,
    CHECK_SLOT,
    CHECK_TIME,
    CHECK_METADATA,
    CHECK_SEAL,
    CHECK_TX_ROOT,
    CHECK_FORM,
    CHECK_SIGNATURE,
    CHECK_FAULTS
};

static const baals_status check_statuses[CHECK_FAULTS] = {
    BAALS_REJECT_VERSION,  BAALS_REJECT_CHAIN_ID, BAALS_REJECT_INDEX,  BAALS_REJECT_PREV_HASH,
    BAALS_REJECT_PROPOSER, BAALS_REJECT_SLOT,     BAALS_REJECT_TIME,   BAALS_REJECT_HEADER_METADATA,
    BAALS_REJECT_SEAL,     BAALS_REJECT_TX_ROOT,  BAALS_REJECT_SENDER, BAALS_REJECT_SIGNATURE,
};

/* The bytes of a transaction with one fault of its own. */
static baals_slice faulty_tx(struct ledger_lib *fx, const baals_tx *tx, bool form, bool signature)
{
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, fx->env->alloc, BL_TX_BYTES_MAX);
    baals_tx copy = *tx;
    if (form)
        memset(copy.sender.bytes, 0, sizeof copy.sender.bytes); /* a system address */
    if (signature)
        copy.signature.bytes[3] ^= 1;
    bl_tx_encode(&buffer, &copy);
    baals_slice out;
    assert_true(bl_arena_copy(&out, &fx->arena, bl_buffer_slice(&buffer)));
    bl_buffer_deinit(&buffer);
    return out;
}

/* A block on the tip with two transactions and the faults of the mask. The form fault is the second
 * transaction's, the signature fault the first one's. */
static baals_slice faulty_block(struct ledger_lib *fx, unsigned mask)
{
    static const uint8_t empty_map[] = {0xa0};
    const baals_tx *first = ledger_transfer(fx, 1, 0, ledger_address(2), 1);
    const baals_tx *second = ledger_transfer(fx, 2, 0, ledger_address(1), 1);
    baals_slice txs[] = {faulty_tx(fx, first, false, mask >> CHECK_SIGNATURE & 1),
                         faulty_tx(fx, second, mask >> CHECK_FORM & 1, false)};
    baals_header header = ledger_next_header(fx);
    bl_merkle_root(&header.tx_root, txs, 2);
    if (mask >> CHECK_CHAIN_ID & 1)
        header.chain_id.bytes[0] ^= 1;
    if (mask >> CHECK_INDEX & 1)
        header.index++;
    if (mask >> CHECK_PREV_HASH & 1)
        header.prev_hash.bytes[0] ^= 1;
    if (mask >> CHECK_PROPOSER & 1)
        header.proposer = ledger_address(5);
    if (mask >> CHECK_SLOT & 1)
        header.nonce = 5;
    if (mask >> CHECK_TIME & 1)
        header.timestamp_ms = fx->headers[fx->height].timestamp_ms - 1;
    if (mask >> CHECK_METADATA & 1) {
        header.has_metadata = 1;
        header.metadata = bl_slice(empty_map, sizeof empty_map);
    }
    if (mask >> CHECK_TX_ROOT & 1)
        header.tx_root.bytes[0] ^= 1;
    struct bl_buffer head;
    struct bl_buffer block;
    bl_buffer_init(&head, fx->env->alloc, 65536);
    bl_buffer_init(&block, fx->env->alloc, BL_BLOCK_BYTES_MAX);
    bl_header_encode(&head, &header);
    if (mask >> CHECK_VERSION & 1)
        head.data[1] = 2;
    baals_hash hash;
    bl_header_hash(&hash, bl_buffer_slice(&head));
    baals_keypair pair = ledger_key(mask >> CHECK_PROPOSER & 1 ? 5 : 0);
    uint8_t seal[71] = {0xa1, 0x63, 's', 'i', 'g', 0x58, 0x40};
    baals_signature signature;
    bl_ed25519_sign(&signature, pair.seed, BL_TAG_SEAL, bl_slice(hash.bytes, 32));
    memcpy(seal + 7, signature.bytes, 64);
    if (mask >> CHECK_SEAL & 1)
        seal[70] ^= 1;
    baals_slice seal_slice = bl_slice(seal, sizeof seal);
    bl_block_encode(&block, bl_buffer_slice(&head), &seal_slice, txs, 2);
    baals_slice out;
    assert_true(bl_arena_copy(&out, &fx->arena, bl_buffer_slice(&block)));
    bl_buffer_deinit(&head);
    bl_buffer_deinit(&block);
    return out;
}

/* Goal: every fault alone gives its verdict, and of two the earlier one decides. */
static void test_order(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    struct ledger_lib *fx = ledger_open(&genesis);
    ledger_block(fx, NULL, 0);
    baals_tx *txs = NULL;
    assert_ok(ledger_check(fx, faulty_block(fx, 0), &txs));
    assert_int_equal(txs[0].nonce, 0);
    for (unsigned i = 0; i < CHECK_FAULTS; i++) {
        for (unsigned j = i; j < CHECK_FAULTS; j++) {
            baals_status status = ledger_check(fx, faulty_block(fx, 1u << i | 1u << j), NULL);
            if (status != check_statuses[i])
                fail_msg("faults %u and %u: %s", i, j, baals_status_name(status));
        }
    }
    ledger_close(fx);
}

/* Goal: bytes that are no block, too long or with too many transactions get their own verdicts. */
static void test_size_and_count(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    struct ledger_lib *fx = ledger_open(&genesis);
    uint8_t *large = bl_arena_zero(&fx->arena, BL_BLOCK_BYTES_MAX + 1, 1);
    assert_non_null(large);
    assert_status(ledger_check(fx, bl_slice(large, BL_BLOCK_BYTES_MAX + 1), NULL),
                  BAALS_REJECT_BLOCK_SIZE);
    assert_status(ledger_check(fx, bl_slice(NULL, 0), NULL), BAALS_REJECT_TRUNCATED);

    /* 65,537 items of one byte each: the count is judged before the root and the items' form. */
    baals_tx item = {.bytes = bl_slice(large, 1)};
    size_t count = BL_BLOCK_TXS_MAX + 1;
    const baals_tx **txs = bl_arena_zero(&fx->arena, count, sizeof *txs);
    assert_non_null(txs);
    for (size_t i = 0; i < count; i++)
        txs[i] = &item;
    baals_header header = ledger_next_header(fx);
    assert_status(ledger_check(fx, ledger_seal(fx, &header, txs, count), NULL),
                  BAALS_REJECT_TX_COUNT);
    assert_status(ledger_check(fx, ledger_seal(fx, &header, txs, count - 1), NULL),
                  BAALS_REJECT_TX_ROOT);
    ledger_close(fx);
}

struct known_ids {
    baals_hash id;
    unsigned asked;
};

static void known_ids(void *ctx, uint8_t *known_io, const baals_tx *txs, size_t count)
{
    struct known_ids *known = ctx;
    for (size_t i = 0; i < count; i++) {
        known->asked++;
        if (bl_hash_equal(&known->id, &txs[i].id))
            known_io[i] = 1;
    }
}

/* Goal: a signature whose id is known good is not checked again; others are. */
static void test_known_signatures(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    struct ledger_lib *fx = ledger_open(&genesis);
    baals_slice bytes = faulty_block(fx, 1u << CHECK_SIGNATURE);
    baals_block block;
    assert_ok(baals_block_decode(&block, bytes, &fx->err));
    baals_slice first;
    size_t cursor = 0;
    assert_int_equal(baals_block_txs_next(&first, &cursor, &block), 1);
    struct known_ids known = {.asked = 0};
    assert_status(ledger_check_known(fx, bytes, NULL, known_ids, &known), BAALS_REJECT_SIGNATURE);
    bl_tx_id(&known.id, first);
    assert_ok(ledger_check_known(fx, bytes, NULL, known_ids, &known));
    assert_int_equal(known.asked, 4);
    ledger_close(fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_size_and_count),
        cmocka_unit_test(test_known_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
