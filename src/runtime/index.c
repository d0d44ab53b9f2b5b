/* SPDX-License-Identifier: MIT */
/*
 * Indexes: where a block, a transaction, an address's history stand. They follow from the blocks,
 * so they are never in the journal, and nothing of consensus reads them; what they say is checked
 * against the block they name.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "runtime/runtime_internal.h"

#define INDEX_LOCATOR_BYTES 48u
#define INDEX_PLACE_BYTES 12u
#define INDEX_HISTORY_BYTES (32u + INDEX_PLACE_BYTES)
/* Writes per transaction at most: its id, and the history of sender, recipient and contract made.
 */
#define INDEX_WRITES_PER_TX 4u

static const uint8_t index_marker[1] = {1};

/* The writes of one block as they are collected in the arena. */
struct index_builder {
    struct bl_arena *arena;
    baals_write *writes;
    size_t count;
    bool undo;
    bool failed;
};

static void index_add(struct index_builder *builder,
                      baals_space space,
                      const void *key,
                      size_t key_len,
                      const void *value,
                      size_t value_len)
{
    baals_write *write = &builder->writes[builder->count];
    *write = (baals_write){.space = space, .is_delete = builder->undo ? 1 : 0};
    if (!bl_arena_copy(&write->key, builder->arena, bl_slice(key, key_len)) ||
        !bl_arena_copy(&write->value, builder->arena, bl_slice(value, value_len)))
        builder->failed = true;
    builder->count++;
}

static void index_place(uint8_t out[INDEX_PLACE_BYTES], uint64_t height, uint32_t position)
{
    bl_store_u64be(out, height);
    bl_store_u32be(out + 8, position);
}

static void index_add_history(struct index_builder *builder,
                              const baals_address *address,
                              const uint8_t place[INDEX_PLACE_BYTES])
{
    uint8_t key[INDEX_HISTORY_BYTES];
    memcpy(key, address->bytes, sizeof address->bytes);
    memcpy(key + sizeof address->bytes, place, INDEX_PLACE_BYTES);
    index_add(builder, BAALS_SPACE_HISTORY, key, sizeof key, index_marker, sizeof index_marker);
}

static void index_add_tx(struct index_builder *builder,
                         const baals_tx *tx,
                         const baals_receipt *receipt,
                         uint64_t height,
                         uint32_t position)
{
    uint8_t place[INDEX_PLACE_BYTES];
    index_place(place, height, position);
    index_add(builder, BAALS_SPACE_TXS, tx->id.bytes, sizeof tx->id.bytes, place, sizeof place);
    index_add_history(builder, &tx->sender, place);
    if (tx->has_recipient != 0 && !bl_address_equal(&tx->sender, &tx->recipient))
        index_add_history(builder, &tx->recipient, place);
    if (receipt->has_contract != 0)
        index_add_history(builder, &receipt->contract, place);
}

static baals_status index_add_txs(struct index_builder *builder,
                                  const baals_block *block,
                                  const struct bl_block_record *record)
{
    struct bl_cbor_reader receipts = bl_cbor_reader(record->receipts);
    baals_slice tx_bytes = {NULL, 0};
    uint32_t position = 0;
    for (size_t cursor = 0; baals_block_txs_next(&tx_bytes, &cursor, block) != 0; position++) {
        baals_tx decoded;
        const baals_tx *tx = &decoded;
        baals_receipt receipt;
        baals_slice receipt_bytes = {NULL, 0};
        if (record->txs != NULL)
            tx = record->txs[position];
        else
            BL_TRY(bl_tx_decode_known(&decoded, tx_bytes, NULL));
        BL_TRY(bl_cbor_read_bytes(&receipts, &receipt_bytes, NULL));
        BL_TRY(baals_receipt_decode(&receipt, receipt_bytes, NULL));
        index_add_tx(builder, tx, &receipt, block->header.index, position);
    }
    return BAALS_OK;
}

baals_status bl_index_block(baals_write **out,
                            size_t *count_out,
                            const baals_write *writes,
                            size_t count,
                            const struct bl_block_record *record,
                            const struct bl_locator *locator,
                            bool undo,
                            struct bl_arena *arena,
                            baals_error *err)
{
    const baals_block *block = &record->block;
    size_t room = count + 2 + (size_t)block->tx_count * INDEX_WRITES_PER_TX;
    struct index_builder builder = {.arena = arena, .undo = undo};
    builder.writes = bl_arena_zero(arena, room, sizeof *builder.writes);
    if (builder.writes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a block's index entries");
    if (count > 0)
        memcpy(builder.writes, writes, count * sizeof *writes);
    builder.count = count;

    uint8_t height[8];
    bl_store_u64be(height, block->header.index);
    uint8_t value[INDEX_LOCATOR_BYTES];
    bl_store_u64be(value, locator->journal_position);
    bl_store_u64be(value + 8, locator->tx_total);
    memcpy(value + 16, locator->hash.bytes, sizeof locator->hash.bytes);
    index_add(&builder, BAALS_SPACE_HEIGHTS, height, sizeof height, value, sizeof value);
    index_add(&builder, BAALS_SPACE_HASHES, locator->hash.bytes, sizeof locator->hash.bytes, height,
              sizeof height);
    baals_status status = index_add_txs(&builder, block, record);
    if (status != BAALS_OK)
        return bl_record_damaged(status, "a block in the journal", err);
    if (builder.failed)
        return bl_fail(err, BAALS_NOMEM, "no memory for a block's index entries");
    BL_ASSERT(builder.count <= room);
    *out = builder.writes;
    *count_out = builder.count;
    return BAALS_OK;
}

/* ---- looking ---- */

baals_status
bl_index_locator(struct bl_locator *out, struct bl_view *view, uint64_t height, baals_error *err)
{
    uint8_t key[8];
    bl_store_u64be(key, height);
    baals_slice value = {NULL, 0};
    BL_TRY(bl_view_get(view, &value, BAALS_SPACE_HEIGHTS, bl_slice(key, sizeof key), err));
    if (value.len != INDEX_LOCATOR_BYTES)
        return bl_fail(err, BAALS_CORRUPT_STORE, "the locator of block %llu is damaged",
                       (unsigned long long)height);
    out->journal_position = bl_load_u64be(value.data);
    out->tx_total = bl_load_u64be(value.data + 8);
    memcpy(out->hash.bytes, value.data + 16, sizeof out->hash.bytes);
    return BAALS_OK;
}

baals_status
bl_index_height_of(uint64_t *out, struct bl_view *view, const baals_hash *hash, baals_error *err)
{
    baals_slice value = {NULL, 0};
    BL_TRY(bl_view_get(view, &value, BAALS_SPACE_HASHES, bl_slice(hash->bytes, sizeof hash->bytes),
                       err));
    if (value.len != 8)
        return bl_fail(err, BAALS_CORRUPT_STORE, "the index of block hashes is damaged");
    *out = bl_load_u64be(value.data);
    return BAALS_OK;
}

baals_status bl_index_tx(uint64_t *height_out,
                         uint32_t *position_out,
                         struct bl_view *view,
                         const baals_hash *id,
                         baals_error *err)
{
    baals_slice value = {NULL, 0};
    BL_TRY(bl_view_get(view, &value, BAALS_SPACE_TXS, bl_slice(id->bytes, sizeof id->bytes), err));
    if (value.len != INDEX_PLACE_BYTES)
        return bl_fail(err, BAALS_CORRUPT_STORE, "the index of transactions is damaged");
    *height_out = bl_load_u64be(value.data);
    *position_out = bl_load_u32be(value.data + 8);
    return BAALS_OK;
}

baals_status bl_chain_read_block(struct baals_chain *chain,
                                 struct bl_journal_record *journal_out,
                                 struct bl_block_record *record_out,
                                 struct bl_view *view,
                                 uint64_t height,
                                 baals_error *err)
{
    struct bl_locator locator;
    BL_TRY(bl_index_locator(&locator, view, height, err));
    struct bl_journal_record journal;
    baals_status status = bl_journal_read(chain->journal, &journal, locator.journal_position, err);
    if (status == BAALS_NOTFOUND)
        return bl_fail(err, BAALS_CORRUPT_STORE,
                       "the journal has no record of block %llu where the index says",
                       (unsigned long long)height);
    BL_TRY(status);
    struct bl_block_record record;
    status = bl_block_record_decode(&record, bl_slice(journal.body, journal.body_len), err);
    if (status == BAALS_OK &&
        (journal.type != BL_RECORD_BLOCK || !bl_hash_equal(&record.block.hash, &locator.hash)))
        status = bl_fail(err, BAALS_CORRUPT_STORE, "the index names another block at height %llu",
                         (unsigned long long)height);
    if (status != BAALS_OK) {
        bl_journal_record_deinit(chain->journal, &journal);
        return status;
    }
    *journal_out = journal;
    *record_out = record;
    return BAALS_OK;
}
