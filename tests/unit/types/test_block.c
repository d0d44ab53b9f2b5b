/* SPDX-License-Identifier: MIT */
/* Blocks: headers and blocks both ways, the hash, transactions one by one, sizes, changes. */
#include "mutations.h"

#include "crypto/crypto.h"

enum { BLOCK_ROUNDS = 200 };

static const uint8_t block_seal[] = {0xa1, 0x63, 's', 'i', 'g', 0x41, 0x07};

static baals_header block_random_header(struct testlib_rng *rng)
{
    baals_header header;
    memset(&header, 0, sizeof header);
    testlib_rng_bytes(rng, &header.chain_id, sizeof header.chain_id);
    testlib_rng_bytes(rng, &header.prev_hash, sizeof header.prev_hash);
    testlib_rng_bytes(rng, &header.tx_root, sizeof header.tx_root);
    testlib_rng_bytes(rng, &header.receipts_root, sizeof header.receipts_root);
    testlib_rng_bytes(rng, &header.state_root, sizeof header.state_root);
    testlib_rng_bytes(rng, &header.proposer, sizeof header.proposer);
    header.index = testlib_rng_u64(rng) >> testlib_rng_below(rng, 64);
    header.timestamp_ms = testlib_rng_u64(rng) >> testlib_rng_below(rng, 64);
    header.gas_used = testlib_rng_u64(rng) >> testlib_rng_below(rng, 64);
    header.nonce = testlib_rng_u64(rng) >> testlib_rng_below(rng, 64);
    if (testlib_rng_below(rng, 2) == 0) {
        header.has_metadata = 1;
        header.metadata = bl_slice(block_seal, sizeof block_seal);
    }
    return header;
}

static void block_encode(struct bl_buffer *buffer, const baals_header *header, size_t tx_count)
{
    static const uint8_t item[] = {0x82, 0x01, 0x42, 0x02, 0x03};
    baals_slice txs[4];
    baals_slice seal = bl_slice(block_seal, sizeof block_seal);
    struct bl_buffer head;
    assert_true(tx_count <= BL_COUNT_OF(txs));
    for (size_t i = 0; i < tx_count; i++)
        txs[i] = bl_slice(item, sizeof item);
    bl_buffer_init(&head, bl_alloc_system(), 8192);
    bl_header_encode(&head, header);
    bl_block_encode(buffer, bl_buffer_slice(&head), tx_count % 2 == 0 ? NULL : &seal, txs,
                    tx_count);
    bl_buffer_deinit(&head);
}

static baals_status block_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_block block;
    BL_TRY(baals_block_decode(&block, bytes, err));
    struct bl_buffer head;
    baals_slice txs[64];
    size_t count = 0;
    size_t cursor = 0;
    while (count < BL_COUNT_OF(txs) && baals_block_txs_next(&txs[count], &cursor, &block))
        count++;
    assert_int_equal(count, block.tx_count);
    bl_buffer_init(&head, bl_alloc_system(), 8192);
    bl_header_encode(&head, &block.header);
    bl_block_encode(again, bl_buffer_slice(&head), block.has_seal ? &block.seal : NULL, txs, count);
    bl_buffer_deinit(&head);
    return BAALS_OK;
}

static baals_status header_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_header header;
    BL_TRY(bl_header_decode(&header, bytes, err));
    bl_header_encode(again, &header);
    return BAALS_OK;
}

static baals_status sealed_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_sealed_header sealed;
    BL_TRY(baals_sealed_header_decode(&sealed, bytes, err));
    bl_sealed_header_encode(again, sealed.header_bytes, sealed.has_seal ? &sealed.seal : NULL);
    return BAALS_OK;
}

static void block_assert_same_header(const baals_header *a, const baals_header *b)
{
    assert_memory_equal(&a->chain_id, &b->chain_id, 32);
    assert_memory_equal(&a->prev_hash, &b->prev_hash, 32);
    assert_memory_equal(&a->tx_root, &b->tx_root, 32);
    assert_memory_equal(&a->receipts_root, &b->receipts_root, 32);
    assert_memory_equal(&a->state_root, &b->state_root, 32);
    assert_memory_equal(&a->proposer, &b->proposer, 32);
    assert_true(a->index == b->index && a->timestamp_ms == b->timestamp_ms);
    assert_true(a->gas_used == b->gas_used && a->nonce == b->nonce);
    assert_int_equal(a->has_metadata, b->has_metadata);
    assert_true(bl_slice_equal(a->metadata, b->metadata));
}

/* Goal: decode(encode(block)) = block; the hash is the header's alone. */
static void test_block_roundtrip(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(5);
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 16);
    for (unsigned i = 0; i < BLOCK_ROUNDS; i++) {
        baals_header header = block_random_header(&rng);
        baals_block block;
        baals_header again;
        baals_hash hash;
        bl_buffer_clear(&buffer);
        block_encode(&buffer, &header, i % 4);
        assert_ok(baals_block_decode(&block, bl_buffer_slice(&buffer), NULL));
        block_assert_same_header(&block.header, &header);
        assert_int_equal(block.has_seal, i % 2);
        assert_int_equal(block.tx_count, i % 4);
        assert_ptr_equal(block.txs.data, block.bytes.data + block.txs_offset);
        assert_ok(bl_header_decode(&again, block.header_bytes, NULL));
        block_assert_same_header(&again, &header);
        bl_hash_tagged(&hash, "baals:block:1", block.header_bytes);
        assert_true(bl_hash_equal(&hash, &block.hash));
    }
    bl_buffer_deinit(&buffer);
}

/* Goal: changed bytes are refused with an offset, or are another block's only encoding. */
static void test_block_mutations(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(6);
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 16);
    baals_header header = block_random_header(&rng);
    block_encode(&buffer, &header, 3);
    mutations_check(bl_buffer_slice(&buffer), block_again);
    bl_buffer_clear(&buffer);
    bl_header_encode(&buffer, &header);
    mutations_check(bl_buffer_slice(&buffer), header_again);
    bl_buffer_deinit(&buffer);
}

/* Goal: a header with its seal is what the block of it says, and has one encoding. */
static void test_sealed_header(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(8);
    struct bl_buffer buffer;
    struct bl_buffer alone;
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 16);
    bl_buffer_init(&alone, bl_alloc_system(), 1u << 16);
    for (unsigned i = 0; i < BLOCK_ROUNDS; i++) {
        baals_header header = block_random_header(&rng);
        baals_block block;
        baals_sealed_header sealed;
        bl_buffer_clear(&buffer);
        bl_buffer_clear(&alone);
        block_encode(&buffer, &header, i % 4);
        assert_ok(baals_block_decode(&block, bl_buffer_slice(&buffer), NULL));
        bl_sealed_header_encode(&alone, block.header_bytes, block.has_seal ? &block.seal : NULL);
        assert_ok(baals_sealed_header_decode(&sealed, bl_buffer_slice(&alone), NULL));
        block_assert_same_header(&sealed.header, &header);
        assert_true(bl_hash_equal(&sealed.hash, &block.hash));
        assert_int_equal(sealed.has_seal, block.has_seal);
        assert_true(bl_slice_equal(sealed.seal, block.seal));
    }
    mutations_check(bl_buffer_slice(&alone), sealed_again);
    assert_status(baals_sealed_header_decode(NULL, bl_buffer_slice(&alone), NULL), BAALS_MISUSE);
    bl_buffer_deinit(&alone);
    bl_buffer_deinit(&buffer);
}

/* Goal: 16 MiB is the last accepted size. */
static void test_block_size(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(7);
    struct bl_buffer buffer;
    struct bl_buffer head;
    baals_block block;
    baals_header header = block_random_header(&rng);
    baals_error err;
    bl_buffer_init(&buffer, bl_alloc_system(), BL_BLOCK_BYTES_MAX + 64);
    bl_buffer_init(&head, bl_alloc_system(), 8192);
    bl_header_encode(&head, &header);
    size_t fill = BL_BLOCK_BYTES_MAX - head.len - 8;
    bl_cbor_write_array(&buffer, 3);
    bl_buffer_append(&buffer, head.data, head.len);
    bl_cbor_write_null(&buffer);
    bl_cbor_write_array(&buffer, 1);
    uint8_t head_bytes[] = {0x5a, (uint8_t)(fill >> 24), (uint8_t)(fill >> 16),
                            (uint8_t)(fill >> 8), (uint8_t)fill};
    bl_buffer_append(&buffer, head_bytes, sizeof head_bytes);
    uint8_t *zeros = bl_buffer_extend(&buffer, fill);
    assert_non_null(zeros);
    memset(zeros, 0, fill);
    assert_int_equal(buffer.len, BL_BLOCK_BYTES_MAX);
    assert_ok(baals_block_decode(&block, bl_buffer_slice(&buffer), &err));
    bl_buffer_append_u8(&buffer, 0);
    assert_status(baals_block_decode(&block, bl_buffer_slice(&buffer), &err),
                  BAALS_REJECT_BLOCK_SIZE);
    assert_int_equal(err.offset, 0);
    bl_buffer_deinit(&head);
    bl_buffer_deinit(&buffer);
}

/* Goal: the iterator ends at the end, and on a block that was not decoded gives nothing. */
static void test_block_iterator(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(8);
    struct bl_buffer buffer;
    baals_block block;
    baals_slice tx;
    size_t cursor = 0;
    baals_header header = block_random_header(&rng);
    bl_buffer_init(&buffer, bl_alloc_system(), 1u << 16);
    block_encode(&buffer, &header, 2);
    assert_ok(baals_block_decode(&block, bl_buffer_slice(&buffer), NULL));
    assert_int_equal(baals_block_txs_next(&tx, &cursor, &block), 1);
    assert_int_equal(tx.len, 5);
    assert_int_equal(baals_block_txs_next(&tx, &cursor, &block), 1);
    assert_int_equal(baals_block_txs_next(&tx, &cursor, &block), 0);
    block.txs = bl_slice("\xff", 1);
    cursor = 0;
    assert_int_equal(baals_block_txs_next(&tx, &cursor, &block), 0);
    assert_int_equal(baals_block_txs_next(&tx, &cursor, NULL), 0);
    assert_status(baals_block_decode(NULL, bl_slice(NULL, 0), NULL), BAALS_MISUSE);
    bl_buffer_deinit(&buffer);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_block_roundtrip), cmocka_unit_test(test_block_mutations),
        cmocka_unit_test(test_sealed_header),   cmocka_unit_test(test_block_size),
        cmocka_unit_test(test_block_iterator),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
