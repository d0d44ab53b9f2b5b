/* SPDX-License-Identifier: MIT */
/*
 * The block (docs/spec/block.md): header, seal, transactions. Decoding a block finds the boundaries
 * of its transactions without decoding them: their own faults are judged later and in order, and
 * the worker threads that decode and verify them start from these boundaries.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "types/types.h"

enum { BLOCK_VERSION = 1, BLOCK_HEADER_FIELDS = 12, BLOCK_FIELDS = 3, BLOCK_SEALED_FIELDS = 2 };

/* Levels of nesting around a transaction: the block's array and the list. */
enum { BLOCK_TX_LEVELS = 2 };

/* ---- encoding ---- */

void bl_header_encode(struct bl_buffer *buffer, const baals_header *header)
{
    bl_cbor_write_array(buffer, BLOCK_HEADER_FIELDS);
    bl_cbor_write_uint(buffer, BLOCK_VERSION);
    bl_cbor_write_hash(buffer, &header->chain_id);
    bl_cbor_write_uint(buffer, header->index);
    bl_cbor_write_uint(buffer, header->timestamp_ms);
    bl_cbor_write_hash(buffer, &header->prev_hash);
    bl_cbor_write_hash(buffer, &header->tx_root);
    bl_cbor_write_hash(buffer, &header->receipts_root);
    bl_cbor_write_hash(buffer, &header->state_root);
    bl_cbor_write_uint(buffer, header->gas_used);
    bl_cbor_write_address(buffer, &header->proposer);
    bl_cbor_write_uint(buffer, header->nonce);
    if (header->has_metadata)
        bl_buffer_append(buffer, header->metadata.data, header->metadata.len);
    else
        bl_cbor_write_null(buffer);
}

void bl_header_hash(baals_hash *out, baals_slice header_bytes)
{
    bl_hash_tagged(out, BL_TAG_BLOCK, header_bytes);
}

static void
block_write_sealed(struct bl_buffer *buffer, baals_slice header_bytes, const baals_slice *seal)
{
    bl_buffer_append(buffer, header_bytes.data, header_bytes.len);
    if (seal != NULL)
        bl_buffer_append(buffer, seal->data, seal->len);
    else
        bl_cbor_write_null(buffer);
}

void bl_sealed_header_encode(struct bl_buffer *buffer,
                             baals_slice header_bytes,
                             const baals_slice *seal)
{
    bl_cbor_write_array(buffer, BLOCK_SEALED_FIELDS);
    block_write_sealed(buffer, header_bytes, seal);
}

void bl_block_encode(struct bl_buffer *buffer,
                     baals_slice header_bytes,
                     const baals_slice *seal,
                     const baals_slice *txs,
                     size_t tx_count)
{
    bl_cbor_write_array(buffer, BLOCK_FIELDS);
    block_write_sealed(buffer, header_bytes, seal);
    bl_cbor_write_array(buffer, tx_count);
    for (size_t i = 0; i < tx_count; i++)
        bl_buffer_append(buffer, txs[i].data, txs[i].len);
}

/* ---- decoding ---- */

static baals_status
block_read_hash(struct bl_cbor_reader *reader, baals_hash *out, baals_error *err)
{
    return bl_cbor_read_bytes_exact(reader, out->bytes, sizeof(out->bytes), err);
}

static baals_status
block_read_header(struct bl_cbor_reader *reader, baals_header *header, baals_error *err)
{
    BL_TRY(bl_cbor_read_versioned(reader, BLOCK_VERSION, BLOCK_HEADER_FIELDS, err));
    BL_TRY(block_read_hash(reader, &header->chain_id, err));
    BL_TRY(bl_cbor_read_uint(reader, &header->index, err));
    BL_TRY(bl_cbor_read_uint(reader, &header->timestamp_ms, err));
    BL_TRY(block_read_hash(reader, &header->prev_hash, err));
    BL_TRY(block_read_hash(reader, &header->tx_root, err));
    BL_TRY(block_read_hash(reader, &header->receipts_root, err));
    BL_TRY(block_read_hash(reader, &header->state_root, err));
    BL_TRY(bl_cbor_read_uint(reader, &header->gas_used, err));
    BL_TRY(bl_cbor_read_bytes_exact(reader, header->proposer.bytes, sizeof(header->proposer.bytes),
                                    err));
    BL_TRY(bl_cbor_read_uint(reader, &header->nonce, err));
    return bl_cbor_read_metadata(reader, &header->has_metadata, &header->metadata,
                                 BAALS_REJECT_HEADER_METADATA, err);
}

baals_status bl_header_decode(baals_header *header_out, baals_slice bytes, baals_error *err)
{
    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    baals_header header;
    memset(&header, 0, sizeof(header));
    BL_TRY(block_read_header(&reader, &header, err));
    BL_TRY(bl_cbor_read_end(&reader, err));
    *header_out = header;
    return BAALS_OK;
}

/* The list of transactions, each one whole CBOR item. */
static baals_status
block_read_txs(struct bl_cbor_reader *reader, baals_block *block, baals_error *err)
{
    BL_TRY(bl_cbor_read_array(reader, &block->tx_count, err));
    block->txs_offset = reader->offset;
    for (uint64_t i = 0; i < block->tx_count; i++)
        BL_TRY(bl_cbor_skip(reader, BL_CBOR_DEPTH_MAX - BLOCK_TX_LEVELS, err));
    block->txs =
        bl_slice(reader->input.data + block->txs_offset, reader->offset - block->txs_offset);
    return BAALS_OK;
}

baals_status baals_block_decode(baals_block *block_out, baals_slice bytes, baals_error *err)
{
    if (block_out == NULL || (bytes.data == NULL && bytes.len > 0))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_block_decode is NULL");
    if (bytes.len > BL_BLOCK_BYTES_MAX)
        return bl_fail_at(err, BAALS_REJECT_BLOCK_SIZE, 0, "a block of %zu bytes is larger than %u",
                          bytes.len, BL_BLOCK_BYTES_MAX);

    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    baals_block block;
    memset(&block, 0, sizeof(block));
    BL_TRY(bl_cbor_read_array_exact(&reader, BLOCK_FIELDS, err));
    size_t header_offset = reader.offset;
    BL_TRY(block_read_header(&reader, &block.header, err));
    block.header_bytes = bl_slice(bytes.data + header_offset, reader.offset - header_offset);
    BL_TRY(bl_cbor_read_metadata(&reader, &block.has_seal, &block.seal, BAALS_REJECT_SEAL, err));
    BL_TRY(block_read_txs(&reader, &block, err));
    BL_TRY(bl_cbor_read_end(&reader, err));
    block.bytes = bytes;
    bl_header_hash(&block.hash, block.header_bytes);
    *block_out = block;
    return BAALS_OK;
}

baals_status
baals_sealed_header_decode(baals_sealed_header *sealed_out, baals_slice bytes, baals_error *err)
{
    if (sealed_out == NULL || (bytes.data == NULL && bytes.len > 0))
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_sealed_header_decode is NULL");

    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    baals_sealed_header sealed;
    memset(&sealed, 0, sizeof(sealed));
    BL_TRY(bl_cbor_read_array_exact(&reader, BLOCK_SEALED_FIELDS, err));
    size_t header_offset = reader.offset;
    BL_TRY(block_read_header(&reader, &sealed.header, err));
    sealed.header_bytes = bl_slice(bytes.data + header_offset, reader.offset - header_offset);
    BL_TRY(bl_cbor_read_metadata(&reader, &sealed.has_seal, &sealed.seal, BAALS_REJECT_SEAL, err));
    BL_TRY(bl_cbor_read_end(&reader, err));
    sealed.bytes = bytes;
    bl_header_hash(&sealed.hash, sealed.header_bytes);
    *sealed_out = sealed;
    return BAALS_OK;
}

int32_t baals_block_txs_next(baals_slice *tx_out, size_t *cursor, const baals_block *block)
{
    if (tx_out == NULL || cursor == NULL || block == NULL || *cursor >= block->txs.len)
        return 0;
    struct bl_cbor_reader reader = bl_cbor_reader(block->txs);
    reader.offset = *cursor;
    if (bl_cbor_read_item(&reader, tx_out, BL_CBOR_DEPTH_MAX - BLOCK_TX_LEVELS, NULL) != BAALS_OK)
        return 0;
    *cursor = reader.offset;
    return 1;
}
