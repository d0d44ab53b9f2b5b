/* SPDX-License-Identifier: MIT */
/*
 * A block before it is executed: every rule of docs/spec/block.md that needs the bytes, the parent
 * and consensus, in the order that decides which REJECT a broken block gets. Signatures are checked
 * in batches on the chain's threads, and a batch never changes a verdict.
 */
#include "crypto/crypto.h"
#include "ledger/ledger_internal.h"

/* Chain, index and parent. */
static baals_status check_place(const struct bl_ledger *ledger,
                                const baals_header *header,
                                const baals_header *parent,
                                const baals_hash *parent_hash,
                                baals_error *err)
{
    if (!bl_hash_equal(&header->chain_id, &ledger->chain_id))
        return bl_fail(err, BAALS_REJECT_CHAIN_ID, "the block belongs to another chain");
    if (parent->index == UINT64_MAX || header->index != parent->index + 1)
        return bl_fail(err, BAALS_REJECT_INDEX, "index %llu does not follow %llu",
                       (unsigned long long)header->index, (unsigned long long)parent->index);
    if (!bl_hash_equal(&header->prev_hash, parent_hash))
        return bl_fail(err, BAALS_REJECT_PREV_HASH, "block %llu names another parent",
                       (unsigned long long)header->index);
    return BAALS_OK;
}

static baals_status check_tx_root(const baals_block *block, baals_error *err)
{
    if (block->tx_count > BL_BLOCK_TXS_MAX)
        return bl_fail(err, BAALS_REJECT_TX_COUNT, "%llu transactions, at most %u fit a block",
                       (unsigned long long)block->tx_count, BL_BLOCK_TXS_MAX);
    struct bl_merkle merkle;
    bl_merkle_init(&merkle);
    baals_slice tx = {NULL, 0};
    for (size_t cursor = 0; baals_block_txs_next(&tx, &cursor, block) != 0;)
        bl_merkle_add(&merkle, tx);
    baals_hash root;
    bl_merkle_final(&root, &merkle);
    if (!bl_hash_equal(&root, &block->header.tx_root))
        return bl_fail(err, BAALS_REJECT_TX_ROOT, "block %llu: the transactions have another root",
                       (unsigned long long)block->header.index);
    return BAALS_OK;
}

typedef baals_status (*check_decoder)(baals_tx *tx_out, baals_slice bytes, baals_error *err);

static baals_status
check_decode_txs(baals_tx *txs, const baals_block *block, check_decoder decode, baals_error *err)
{
    size_t place = 0;
    baals_slice bytes = {NULL, 0};
    for (size_t cursor = 0; baals_block_txs_next(&bytes, &cursor, block) != 0; place++) {
        baals_error cause = {0};
        baals_status status = decode(&txs[place], bytes, &cause);
        if (status != BAALS_OK)
            return bl_fail_at(err, status, cause.offset, "transaction %llu: %.200s",
                              (unsigned long long)place, cause.message);
    }
    BL_ASSERT(place == block->tx_count);
    return BAALS_OK;
}

/* The place of the first invalid signature; `count` when there is none. */
static baals_status check_signatures(size_t *bad_out,
                                     const baals_tx *txs,
                                     size_t count,
                                     struct bl_workers *workers,
                                     uint8_t *known,
                                     struct bl_arena *arena,
                                     baals_error *err)
{
    struct bl_signed *items = bl_arena_zero(arena, count + 1, sizeof *items);
    size_t *places = bl_arena_zero(arena, count + 1, sizeof *places);
    uint8_t *verdicts = bl_arena_zero(arena, count + 1, sizeof *verdicts);
    if (items == NULL || places == NULL || verdicts == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to check signatures");
    size_t unknown = 0;
    for (size_t i = 0; i < count; i++) {
        if (known[i] != 0)
            continue;
        items[unknown] = (struct bl_signed){&txs[i].sender, &txs[i].signature, txs[i].body};
        places[unknown++] = i;
    }
    bl_ed25519_verify_shared(workers, verdicts, items, unknown, BL_TAG_TX);
    *bad_out = count;
    for (size_t i = unknown; i > 0; i--) {
        if (verdicts[i - 1] == 0)
            *bad_out = places[i - 1];
    }
    return BAALS_OK;
}

/* Form and signature of each transaction. The quick way judges a sender's key together with its
 * signature; when that finds anything wrong, the plain way says what: first every form, then the
 * signatures. */
static baals_status check_txs(baals_tx *txs,
                              const baals_block *block,
                              const struct bl_ledger *ledger,
                              bl_ledger_known known,
                              void *known_ctx,
                              struct bl_arena *arena,
                              baals_error *err)
{
    size_t count = (size_t)block->tx_count;
    size_t bad = count;
    uint8_t *known_ids = bl_arena_zero(arena, count + 1, sizeof *known_ids);
    if (known_ids == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to check signatures");
    if (check_decode_txs(txs, block, bl_tx_decode_signed, NULL) != BAALS_OK)
        BL_TRY(check_decode_txs(txs, block, baals_tx_decode, err));
    if (known != NULL)
        known(known_ctx, known_ids, txs, count);
    BL_TRY(check_signatures(&bad, txs, count, ledger->workers, known_ids, arena, err));
    if (bad == count)
        return BAALS_OK;
    BL_TRY(check_decode_txs(txs, block, baals_tx_decode, err));
    return bl_fail(err, BAALS_REJECT_SIGNATURE, "transaction %llu: the signature does not verify",
                   (unsigned long long)bad);
}

baals_status bl_ledger_check_block(baals_block *block_out,
                                   baals_tx **txs_out,
                                   const struct bl_ledger *ledger,
                                   baals_slice bytes,
                                   const baals_header *parent,
                                   const baals_hash *parent_hash,
                                   const baals_consensus_view *consensus_view,
                                   bl_ledger_known known,
                                   void *known_ctx,
                                   struct bl_arena *arena,
                                   baals_error *err)
{
    baals_block block;
    BL_TRY(baals_block_decode(&block, bytes, err));
    BL_TRY(check_place(ledger, &block.header, parent, parent_hash, err));
    BL_TRY(bl_consensus_validate_header(ledger->consensus, &block, parent, consensus_view, err));
    BL_TRY(check_tx_root(&block, err));
    size_t count = (size_t)block.tx_count;
    baals_tx *txs = bl_arena_zero(arena, count + 1, sizeof *txs);
    if (txs == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a block's transactions");
    BL_TRY(check_txs(txs, &block, ledger, known, known_ctx, arena, err));
    *block_out = block;
    *txs_out = txs;
    return BAALS_OK;
}
