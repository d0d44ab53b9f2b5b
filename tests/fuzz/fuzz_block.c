/* SPDX-License-Identifier: MIT */
/* Any bytes as a block, and as a header. */
#include "roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Writes the block again as bl_block_encode does, without a limit on the number of transactions. */
static baals_status fuzz_block_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_block block;
    baals_slice tx;
    size_t cursor = 0;
    uint64_t count = 0;
    BL_TRY(baals_block_decode(&block, bytes, err));
    bl_cbor_write_array(again, 3);
    bl_header_encode(again, &block.header);
    if (block.has_seal)
        bl_buffer_append(again, block.seal.data, block.seal.len);
    else
        bl_cbor_write_null(again);
    bl_cbor_write_array(again, block.tx_count);
    for (; baals_block_txs_next(&tx, &cursor, &block); count++)
        bl_buffer_append(again, tx.data, tx.len);
    BL_ASSERT(count == block.tx_count);
    return BAALS_OK;
}

static baals_status fuzz_header_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_header header;
    BL_TRY(bl_header_decode(&header, bytes, err));
    bl_header_encode(again, &header);
    return BAALS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_roundtrip(bl_slice(data, size), fuzz_block_again);
    fuzz_roundtrip(bl_slice(data, size), fuzz_header_again);
    return 0;
}
