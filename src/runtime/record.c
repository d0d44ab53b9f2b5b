/* SPDX-License-Identifier: MIT */
/*
 * Bodies of the journal's records (docs/internals/runtime.md): what a block is, what came of it,
 * what it changed, and the local notes about its executions. Decoding is total: a body that passed
 * its checksum may still come from a foreign file.
 */
#include <string.h>

#include "runtime/runtime_internal.h"

static void record_write_debug(struct bl_buffer *out, const struct bl_debug *debug)
{
    if (debug == NULL) {
        bl_cbor_write_null(out);
        return;
    }
    bl_cbor_write_array(out, 7);
    bl_cbor_write_uint(out, (uint64_t)debug->trap);
    bl_cbor_write_uint(out, debug->revert_code);
    bl_cbor_write_uint(out, debug->function_index);
    bl_cbor_write_uint(out, debug->offset);
    bl_cbor_write_address(out, &debug->contract);
    bl_cbor_write_bytes(out, bl_slice_str(debug->message));
    bl_cbor_write_bytes(out, debug->logs);
}

void bl_block_record_encode(struct bl_buffer *out,
                            baals_slice block,
                            const struct bl_applied *applied)
{
    bl_cbor_write_array(out, 4);
    bl_cbor_write_bytes(out, block);
    bl_cbor_write_array(out, applied->tx_count);
    for (size_t i = 0; i < applied->tx_count; i++)
        bl_cbor_write_bytes(out, applied->receipts[i]);
    struct bl_buffer set;
    bl_buffer_init(&set, out->alloc, out->limit);
    bl_write_set_encode(&set, &applied->write_set);
    bl_cbor_write_bytes(out, bl_buffer_slice(&set));
    if (set.failed)
        out->failed = true;
    bl_buffer_deinit(&set);
    bl_cbor_write_array(out, applied->tx_count);
    for (size_t i = 0; i < applied->tx_count; i++)
        record_write_debug(out, applied->debug[i]);
}

/* An array of `count` items, delimited and validated but not decoded. */
static baals_status
record_read_items(struct bl_cbor_reader *reader, baals_slice *items_out, uint64_t count)
{
    BL_TRY(bl_cbor_read_array_exact(reader, count, NULL));
    size_t begin = reader->offset;
    for (uint64_t i = 0; i < count; i++)
        BL_TRY(bl_cbor_skip(reader, 2, NULL));
    *items_out = bl_slice(reader->input.data + begin, reader->offset - begin);
    return BAALS_OK;
}

static baals_status record_decode(struct bl_block_record *out, baals_slice body)
{
    struct bl_cbor_reader reader = bl_cbor_reader(body);
    baals_slice block = {NULL, 0};
    BL_TRY(bl_cbor_read_array_exact(&reader, 4, NULL));
    BL_TRY(bl_cbor_read_bytes(&reader, &block, NULL));
    BL_TRY(baals_block_decode(&out->block, block, NULL));
    BL_TRY(record_read_items(&reader, &out->receipts, out->block.tx_count));
    BL_TRY(bl_cbor_read_bytes(&reader, &out->write_set, NULL));
    BL_TRY(record_read_items(&reader, &out->debug, out->block.tx_count));
    out->receipt_count = (size_t)out->block.tx_count;
    return bl_cbor_read_end(&reader, NULL);
}

baals_status bl_record_damaged(baals_status status, const char *what, baals_error *err)
{
    BL_ASSERT(status != BAALS_OK);
    if (BAALS_STATUS_CLASS(status) != BAALS_CLASS_REJECT)
        return bl_fail(err, status, "%s cannot be read", what);
    return bl_fail(err, BAALS_CORRUPT_JOURNAL, "%s is damaged", what);
}

baals_status bl_block_record_decode(struct bl_block_record *out, baals_slice body, baals_error *err)
{
    struct bl_block_record record = {0};
    baals_status status = record_decode(&record, body);
    if (status != BAALS_OK)
        return bl_record_damaged(status, "the body of a block record", err);
    *out = record;
    return BAALS_OK;
}

static baals_status record_read_debug(baals_debug *out, struct bl_cbor_reader *reader)
{
    *out = (baals_debug){.function_index = UINT32_MAX, .offset = UINT32_MAX};
    if (bl_cbor_peek_null(reader))
        return bl_cbor_read_null(reader, NULL);
    uint64_t numbers[4];
    baals_slice message = {NULL, 0};
    BL_TRY(bl_cbor_read_array_exact(reader, 7, NULL));
    for (size_t i = 0; i < BL_COUNT_OF(numbers); i++) {
        BL_TRY(bl_cbor_read_uint(reader, &numbers[i], NULL));
        if (numbers[i] > UINT32_MAX)
            return BAALS_REJECT_RANGE;
    }
    BL_TRY(bl_cbor_read_bytes_exact(reader, out->contract.bytes, sizeof out->contract.bytes, NULL));
    BL_TRY(bl_cbor_read_bytes(reader, &message, NULL));
    out->trap = (baals_status)numbers[0];
    out->revert_code = (uint32_t)numbers[1];
    out->function_index = (uint32_t)numbers[2];
    out->offset = (uint32_t)numbers[3];
    size_t len = message.len < sizeof out->message ? message.len : sizeof out->message - 1;
    if (len > 0)
        memcpy(out->message, message.data, len);
    return BAALS_OK;
}

void bl_block_record_tx_id(baals_hash *out,
                           const struct bl_block_record *record,
                           size_t position,
                           baals_slice tx)
{
    if (record->txs != NULL)
        *out = record->txs[position]->id;
    else
        bl_tx_id(out, tx);
}

baals_status bl_block_record_receipt(baals_slice *receipt_out,
                                     baals_debug *debug_out,
                                     const struct bl_block_record *record,
                                     uint32_t position,
                                     baals_error *err)
{
    if (position >= record->receipt_count)
        return bl_fail(err, BAALS_NOTFOUND, "no transaction %u in this block", position);
    struct bl_cbor_reader receipts = bl_cbor_reader(record->receipts);
    struct bl_cbor_reader notes = bl_cbor_reader(record->debug);
    baals_slice receipt = {NULL, 0};
    baals_debug debug = {.function_index = UINT32_MAX, .offset = UINT32_MAX};
    baals_status status = BAALS_OK;
    for (uint32_t i = 0; i <= position && status == BAALS_OK; i++) {
        status = bl_cbor_read_bytes(&receipts, &receipt, NULL);
        if (status == BAALS_OK)
            status =
                i < position ? bl_cbor_skip(&notes, 2, NULL) : record_read_debug(&debug, &notes);
    }
    if (status != BAALS_OK)
        return bl_record_damaged(status, "a receipt in the journal", err);
    *receipt_out = receipt;
    if (debug_out != NULL)
        *debug_out = debug;
    return BAALS_OK;
}

void bl_revert_record_encode(struct bl_buffer *out,
                             uint64_t index,
                             const baals_hash *hash,
                             uint64_t count)
{
    bl_cbor_write_array(out, 3);
    bl_cbor_write_uint(out, index);
    bl_cbor_write_hash(out, hash);
    bl_cbor_write_uint(out, count);
}

baals_status bl_revert_record_decode(uint64_t *index_out,
                                     baals_hash *hash_out,
                                     uint64_t *count_out,
                                     baals_slice body,
                                     baals_error *err)
{
    struct bl_cbor_reader reader = bl_cbor_reader(body);
    uint64_t index = 0;
    uint64_t count = 0;
    baals_hash hash;
    if (bl_cbor_read_array_exact(&reader, 3, NULL) != BAALS_OK ||
        bl_cbor_read_uint(&reader, &index, NULL) != BAALS_OK ||
        bl_cbor_read_bytes_exact(&reader, hash.bytes, sizeof hash.bytes, NULL) != BAALS_OK ||
        bl_cbor_read_uint(&reader, &count, NULL) != BAALS_OK ||
        bl_cbor_read_end(&reader, NULL) != BAALS_OK)
        return bl_fail(err, BAALS_CORRUPT_JOURNAL, "the body of a revert record is damaged");
    *index_out = index;
    *hash_out = hash;
    *count_out = count;
    return BAALS_OK;
}
