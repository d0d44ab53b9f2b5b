/* SPDX-License-Identifier: MIT */
/*
 * Bodies of journal records: what is written is read back, and any other bytes are damage, never a
 * crash and never something else.
 */
#include <string.h>

#include "chain_lib.h"

/* The body of a block with one transaction whose notes are given. */
static void record_make(struct bl_buffer *out, const struct bl_debug *debug)
{
    struct chain_genesis genesis;
    chain_genesis_init(&genesis, 1);
    struct chain_tx tx = chain_transfer(&genesis, 1, 0, chain_address(2), 5);
    baals_tx decoded;
    assert_ok(baals_tx_decode(&decoded, bl_slice(tx.bytes, tx.len), NULL));
    struct bl_buffer header;
    struct bl_buffer block;
    struct bl_buffer receipt;
    bl_buffer_init(&header, bl_alloc_system(), 4096);
    bl_buffer_init(&block, bl_alloc_system(), 8192);
    bl_buffer_init(&receipt, bl_alloc_system(), 4096);
    baals_header fields = {.chain_id = genesis.chain_id, .index = 1, .timestamp_ms = 5};
    baals_receipt fields_of_receipt = {.gas_used = 37456};
    bl_header_encode(&header, &fields);
    bl_block_encode(&block, bl_buffer_slice(&header), NULL, &decoded.bytes, 1);
    bl_receipt_encode(&receipt, &fields_of_receipt, NULL, 0);
    baals_slice receipt_bytes = bl_buffer_slice(&receipt);
    struct bl_applied applied = {.tx_count = 1, .receipts = &receipt_bytes, .debug = &debug};
    bl_block_record_encode(out, bl_buffer_slice(&block), &applied);
    assert_ok(bl_buffer_status(out, NULL));
    bl_buffer_deinit(&header);
    bl_buffer_deinit(&block);
    bl_buffer_deinit(&receipt);
    chain_genesis_deinit(&genesis);
}

static struct bl_debug record_notes(void)
{
    struct bl_debug debug = {.trap = BAALS_TRAP_DIVIDE,
                             .revert_code = 7,
                             .function_index = 3,
                             .offset = 99,
                             .contract = {{1, 2, 3}},
                             .message = "division by zero",
                             .logs = {(const uint8_t *)"a\nb\n", 4}};
    return debug;
}

/* Notes and receipt of a transaction come back as they were. */
static void test_round_trip(void **state)
{
    (void)state;
    struct bl_debug notes = record_notes();
    struct bl_buffer body;
    bl_buffer_init(&body, bl_alloc_system(), 1 << 20);
    record_make(&body, &notes);
    struct bl_block_record record;
    baals_slice receipt;
    baals_debug debug;
    assert_ok(bl_block_record_decode(&record, bl_buffer_slice(&body), NULL));
    assert_int_equal(record.block.header.index, 1);
    assert_int_equal(record.receipt_count, 1);
    assert_ok(bl_block_record_receipt(&receipt, &debug, &record, 0, NULL));
    baals_receipt decoded;
    assert_ok(baals_receipt_decode(&decoded, receipt, NULL));
    assert_int_equal(decoded.gas_used, 37456);
    assert_int_equal(debug.trap, BAALS_TRAP_DIVIDE);
    assert_int_equal(debug.revert_code, 7);
    assert_int_equal(debug.function_index, 3);
    assert_int_equal(debug.offset, 99);
    assert_memory_equal(debug.contract.bytes, notes.contract.bytes, 32);
    assert_string_equal(debug.message, "division by zero");
    assert_status(bl_block_record_receipt(&receipt, &debug, &record, 1, NULL), BAALS_NOTFOUND);
    bl_buffer_deinit(&body);
}

/* A transaction that ended OK and logged nothing has empty notes. */
static void test_empty_notes(void **state)
{
    (void)state;
    struct bl_buffer body;
    bl_buffer_init(&body, bl_alloc_system(), 1 << 20);
    record_make(&body, NULL);
    struct bl_block_record record;
    baals_slice receipt;
    baals_debug debug;
    assert_ok(bl_block_record_decode(&record, bl_buffer_slice(&body), NULL));
    assert_int_equal(record.debug.len, 1);
    assert_ok(bl_block_record_receipt(&receipt, &debug, &record, 0, NULL));
    assert_int_equal(debug.trap, BAALS_OK);
    assert_int_equal(debug.function_index, UINT32_MAX);
    assert_string_equal(debug.message, "");
    bl_buffer_deinit(&body);
}

/* Decodes whatever it is given; the pieces of what is accepted are decoded too. */
static void record_try(baals_slice bytes, size_t *accepted)
{
    /* An exact copy, so that a sanitizer sees a read past the end. */
    struct bl_alloc alloc = bl_alloc_system();
    uint8_t *copy = bl_alloc_zero(&alloc, bytes.len + 1, 1);
    memcpy(copy, bytes.data, bytes.len);
    struct bl_block_record record;
    baals_slice receipt;
    baals_debug debug;
    baals_status status = bl_block_record_decode(&record, bl_slice(copy, bytes.len), NULL);
    if (status == BAALS_OK) {
        (*accepted)++;
        status = bl_block_record_receipt(&receipt, &debug, &record, 0, NULL);
    }
    assert_true(status == BAALS_OK || status == BAALS_CORRUPT_JOURNAL);
    bl_alloc_free(&alloc, copy, bytes.len + 1);
}

/* Every truncation is damage, and every flipped bit is damage or a body of its own. */
static void test_damage(void **state)
{
    (void)state;
    struct bl_debug notes = record_notes();
    struct bl_buffer body;
    bl_buffer_init(&body, bl_alloc_system(), 1 << 20);
    record_make(&body, &notes);
    size_t accepted = 0;
    for (size_t len = 0; len < body.len; len++)
        record_try(bl_slice(body.data, len), &accepted);
    assert_int_equal(accepted, 0);
    for (size_t bit = 0; bit < body.len * 8; bit++) {
        body.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        record_try(bl_buffer_slice(&body), &accepted);
        body.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    assert_true(accepted > 0);
    bl_buffer_deinit(&body);
}

/* A revert says where to and how many blocks follow. */
static void test_revert(void **state)
{
    (void)state;
    struct bl_buffer body;
    bl_buffer_init(&body, bl_alloc_system(), 256);
    baals_hash hash = {{9, 8, 7}};
    bl_revert_record_encode(&body, 1000, &hash, 3);
    uint64_t index = 0;
    uint64_t count = 0;
    baals_hash read;
    assert_ok(bl_revert_record_decode(&index, &read, &count, bl_buffer_slice(&body), NULL));
    assert_int_equal(index, 1000);
    assert_int_equal(count, 3);
    assert_memory_equal(read.bytes, hash.bytes, 32);
    for (size_t len = 0; len < body.len; len++)
        assert_status(
            bl_revert_record_decode(&index, &read, &count, bl_slice(body.data, len), NULL),
            BAALS_CORRUPT_JOURNAL);
    bl_buffer_append_u8(&body, 0);
    assert_status(bl_revert_record_decode(&index, &read, &count, bl_buffer_slice(&body), NULL),
                  BAALS_CORRUPT_JOURNAL);
    bl_buffer_deinit(&body);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_empty_notes),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_revert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
