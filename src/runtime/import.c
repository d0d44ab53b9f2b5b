/* SPDX-License-Identifier: MIT */
/*
 * Taking in a block made elsewhere: every check of docs/spec/block.md, the same application as for
 * an own block, the same commit. Blocks beside the main branch go to branch.c.
 */
#include "runtime/runtime_internal.h"

/* What is in the mempool, or was not long ago, is verified. */
static void import_known_signatures(void *ctx, uint8_t *known_io, const baals_tx *txs, size_t count)
{
    struct baals_chain *chain = ctx;
    pthread_mutex_lock(&chain->lock);
    for (size_t i = 0; chain->pool != NULL && i < count; i++) {
        if (bl_mempool_get(chain->pool, &txs[i].id) != NULL)
            known_io[i] = 1;
    }
    pthread_mutex_unlock(&chain->lock);
    bl_verifier_known(chain->verifier, known_io, txs, count);
}

baals_status bl_chain_verify_block(struct bl_applied *out,
                                   struct baals_chain *chain,
                                   baals_slice bytes,
                                   const baals_header *parent,
                                   const baals_hash *parent_hash,
                                   struct bl_branch *branch,
                                   baals_error *err)
{
    struct bl_arena *arena = branch->arena;
    baals_consensus_view consensus_view = bl_branch_consensus_view(branch);
    baals_block block;
    baals_tx *txs = NULL;
    BL_TRY(bl_ledger_check_block(&block, &txs, &chain->ledger, bytes, parent, parent_hash,
                                 &consensus_view, import_known_signatures, chain, arena, err));
    size_t count = (size_t)block.tx_count;
    struct bl_candidate *candidates = bl_arena_zero(arena, count + 1, sizeof *candidates);
    if (candidates == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to take in a block");
    for (size_t i = 0; i < count; i++)
        candidates[i].tx = &txs[i];
    bl_stats_mark(&chain->stats, BL_STAGE_VERIFY);
    BL_TRY(bl_ledger_apply_block(out, &chain->ledger, branch->view, BL_APPLY_VERIFY, &block.header,
                                 candidates, count, arena, err));
    bl_stats_mark(&chain->stats, BL_STAGE_ROOT);
    return BAALS_OK;
}

static baals_status import_on_tip(struct baals_chain *chain,
                                  baals_slice bytes,
                                  struct bl_view *view,
                                  struct bl_arena *arena,
                                  baals_error *err)
{
    struct bl_applied applied;
    /* Only the writer changes the tip, and this is the writer. */
    const struct bl_chain_tip *tip = chain->tip;
    struct bl_branch branch = {chain, view, tip->header.index, NULL, 0, arena};
    BL_TRY(bl_chain_verify_block(&applied, chain, bytes, &tip->header, &tip->hash, &branch, err));
    return bl_chain_commit_block(chain, view, bytes, &applied, arena, err);
}

static baals_status import_extend(struct baals_chain *chain, baals_slice bytes, baals_error *err)
{
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_BLOCK_ARENA_MAX);
    struct bl_view *view = NULL;
    bl_stats_begin(&chain->stats);
    baals_status status = bl_view_begin(&view, chain->store, err);
    if (status == BAALS_OK)
        status = import_on_tip(chain, bytes, view, &arena, err);
    bl_view_end(view);
    bl_arena_deinit(&arena);
    return status;
}

static baals_status
import_check_known(struct baals_chain *chain, const baals_hash *hash, baals_error *err)
{
    struct bl_view *view = NULL;
    uint64_t height = 0;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = bl_index_height_of(&height, view, hash, err);
    bl_view_end(view);
    if (status == BAALS_OK || bl_chain_side_get(chain, hash) != NULL)
        return bl_fail(err, BAALS_LIMIT_KNOWN, "the block is known already");
    return status == BAALS_NOTFOUND ? BAALS_OK : status;
}

static baals_status import_locked(struct baals_chain *chain,
                                  baals_slice bytes,
                                  const baals_block *block,
                                  bool from_peer,
                                  baals_error *err)
{
    BL_TRY(import_check_known(chain, &block->hash, err));
    uint64_t now_ms = bl_env_clock_ms(chain->env);
    uint64_t time_ms = block->header.timestamp_ms;
    if (from_peer && time_ms > now_ms && time_ms - now_ms > BL_CLOCK_DRIFT_MS)
        return bl_fail(err, BAALS_BUSY_AHEAD, "the block is %llu ms ahead of the local clock",
                       (unsigned long long)(time_ms - now_ms));
    /* A block that claims to follow the tip is judged as such: chain, index, parent in this order.
     */
    bool next_index = block->header.index == chain->tip->header.index + 1;
    if (bl_hash_equal(&block->header.prev_hash, &chain->tip->hash) ||
        (next_index && bl_chain_side_get(chain, &block->header.prev_hash) == NULL))
        return import_extend(chain, bytes, err);
    return bl_chain_import_side(chain, block, err);
}

baals_status
bl_chain_import(struct baals_chain *chain, baals_slice bytes, bool from_peer, baals_error *err)
{
    baals_block block;
    BL_TRY(baals_block_decode(&block, bytes, err));
    bl_chain_keep_pace(chain);
    pthread_mutex_lock(&chain->writer);
    baals_status status = bl_chain_usable(chain, err);
    if (status == BAALS_OK)
        status = import_locked(chain, bytes, &block, from_peer, err);
    pthread_mutex_unlock(&chain->writer);
    return status;
}

baals_status baals_import_block(baals_chain *chain, baals_slice block, baals_error *err)
{
    if (chain == NULL || block.data == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_import_block needs a chain and a block");
    return bl_chain_import(chain, block, true, err);
}
