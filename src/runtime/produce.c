/* SPDX-License-Identifier: MIT */
/*
 * Making blocks: consensus says when, the mempool gives candidates in order, the ledger applies
 * them, consensus seals, the commit makes it durable. What could not be included keeps waiting when
 * only this block was too small for it, and leaves the pool with its reason otherwise.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "runtime/runtime_internal.h"

/* One attempt to make a block. */
struct produce {
    struct baals_chain *chain;
    struct bl_view *view;
    struct bl_arena *arena;
    baals_header parent; /* metadata lies in the arena */
    baals_hash parent_hash;
    struct bl_branch branch;
    baals_consensus_view consensus_view;
    uint64_t now_ms;
};

static baals_status
produce_sign(void *ctx, baals_signature *out, const baals_hash *hash, baals_error *err)
{
    const struct baals_chain *chain = ctx;
    if (!bl_signing_key_sign(out, &chain->authority, BL_TAG_SEAL,
                             bl_slice(hash->bytes, sizeof hash->bytes)))
        return bl_fail(err, BAALS_INTERNAL,
                       "the authority's key was overwritten in memory; nothing is sealed with it");
    return BAALS_OK;
}

static baals_status produce_begin(struct produce *p, baals_pool_stats *pool, baals_error *err)
{
    struct baals_chain *chain = p->chain;
    BL_TRY(bl_view_begin(&p->view, chain->store, err));
    p->now_ms = bl_env_clock_ms(chain->env);
    pthread_mutex_lock(&chain->lock);
    p->parent = chain->tip->header;
    p->parent_hash = chain->tip->hash;
    bool copied = bl_arena_copy(&p->parent.metadata, p->arena, chain->tip->header.metadata);
    bool conflict = chain->conflict;
    bl_mempool_ready(chain->pool, &pool->ready_count, &pool->ready_bytes);
    pthread_mutex_unlock(&chain->lock);
    if (!copied)
        return bl_fail(err, BAALS_NOMEM, "no memory to make a block");
    if (conflict)
        return bl_fail(err, BAALS_REJECT_FINAL_CONFLICT,
                       "a longer branch contradicts a final block; this node seals no more");
    BL_ASSERT(bl_view_tip(p->view)->height == p->parent.index);
    p->branch = (struct bl_branch){chain, p->view, p->parent.index, NULL, 0, p->arena};
    p->consensus_view = bl_branch_consensus_view(&p->branch);
    return BAALS_OK;
}

static baals_status produce_ask(struct produce *p,
                                baals_produce_decision *out,
                                const baals_pool_stats *pool,
                                baals_error *err)
{
    return bl_consensus_next(p->chain->consensus, out, p->now_ms, pool,
                             &p->chain->authority.address, &p->parent, &p->consensus_view, err);
}

static baals_status produce_candidates(struct produce *p,
                                       struct bl_candidate **out,
                                       size_t *count_out,
                                       baals_error *err)
{
    struct baals_chain *chain = p->chain;
    baals_tx *txs = NULL;
    size_t count = 0;
    pthread_mutex_lock(&chain->lock);
    bl_mempool_expire(chain->pool, p->now_ms, p->parent.index + 1);
    baals_status status = bl_mempool_collect(chain->pool, &txs, &count, BL_BLOCK_TXS_MAX,
                                             BL_BLOCK_BYTES_MAX, p->arena, err);
    pthread_mutex_unlock(&chain->lock);
    BL_TRY(status);
    struct bl_candidate *candidates = bl_arena_zero(p->arena, count + 1, sizeof *candidates);
    if (candidates == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to make a block");
    for (size_t i = 0; i < count; i++)
        candidates[i].tx = &txs[i];
    *out = candidates;
    *count_out = count;
    return BAALS_OK;
}

/* True when a candidate only has to wait for a later block: no room, or behind one without room. */
static bool produce_waits(const struct bl_candidate *candidate)
{
    return candidate->verdict == BAALS_REJECT_GAS_BLOCK ||
           candidate->verdict == BAALS_REJECT_BLOCK_SIZE ||
           candidate->verdict == BAALS_REJECT_NONCE;
}

static void produce_drop(struct produce *p, const struct bl_candidate *candidates, size_t count)
{
    pthread_mutex_lock(&p->chain->lock);
    for (size_t i = 0; i < count; i++) {
        if (candidates[i].verdict != BAALS_OK && !produce_waits(&candidates[i]))
            bl_mempool_drop_tx(p->chain->pool, &candidates[i].tx->id, candidates[i].verdict);
    }
    pthread_mutex_unlock(&p->chain->lock);
}

/* Seals the applied block and makes it durable. */
static baals_status
produce_commit(struct produce *p, const struct bl_applied *applied, baals_error *err)
{
    struct baals_chain *chain = p->chain;
    struct bl_buffer header;
    struct bl_buffer block;
    bl_buffer_init(&header, chain->env->alloc, BL_BLOCK_BYTES_MAX);
    bl_buffer_init(&block, chain->env->alloc, BL_BLOCK_BYTES_MAX);
    baals_hash hash;
    uint8_t seal_bytes[BL_SEAL_BYTES_MAX];
    size_t seal_len = 0;
    baals_signer signer = {chain, chain->authority.address, produce_sign};
    baals_slice *txs = bl_arena_zero(p->arena, applied->tx_count + 1, sizeof *txs);

    bl_header_encode(&header, &applied->header);
    baals_status status = bl_buffer_status(&header, err);
    if (status == BAALS_OK && txs == NULL)
        status = bl_fail(err, BAALS_NOMEM, "no memory to make a block");
    if (status == BAALS_OK) {
        for (size_t i = 0; i < applied->tx_count; i++)
            txs[i] = applied->txs[i]->bytes;
        bl_header_hash(&hash, bl_buffer_slice(&header));
        status = bl_consensus_seal(chain->consensus, seal_bytes, &seal_len, &hash, &signer, err);
    }
    if (status == BAALS_OK) {
        baals_slice seal = bl_slice(seal_bytes, seal_len);
        bl_block_encode(&block, bl_buffer_slice(&header), &seal, txs, applied->tx_count);
        status = bl_buffer_status(&block, err);
    }
    if (status == BAALS_OK)
        status =
            bl_chain_commit_block(chain, p->view, bl_buffer_slice(&block), applied, p->arena, err);
    bl_buffer_deinit(&header);
    bl_buffer_deinit(&block);
    return status;
}

/* Applies candidates; *made_out stays false when nothing could be included and no empty block is
 * due, then *decision says when to try again. */
static baals_status
produce_make(struct produce *p, baals_produce_decision *decision, bool *made_out, baals_error *err)
{
    struct baals_chain *chain = p->chain;
    struct bl_candidate *candidates = NULL;
    size_t count = 0;
    BL_TRY(produce_candidates(p, &candidates, &count, err));
    baals_header header = {.chain_id = chain->ledger.chain_id,
                           .index = p->parent.index + 1,
                           .prev_hash = p->parent_hash};
    BL_TRY(bl_consensus_prepare(chain->consensus, &header, p->now_ms, &chain->authority.address,
                                &p->parent, &p->consensus_view, err));
    struct bl_applied applied;
    bl_stats_mark(&chain->stats, BL_STAGE_COLLECT);
    BL_TRY(bl_ledger_apply_block(&applied, &chain->ledger, p->view, BL_APPLY_PRODUCE, &header,
                                 candidates, count, p->arena, err));
    bl_stats_mark(&chain->stats, BL_STAGE_ROOT);
    produce_drop(p, candidates, count);
    if (applied.tx_count == 0 && count > 0) {
        baals_pool_stats none = {0, 0};
        BL_TRY(produce_ask(p, decision, &none, err));
        if (decision->what != BAALS_PRODUCE_NOW)
            return BAALS_OK;
    }
    BL_TRY(produce_commit(p, &applied, err));
    *made_out = true;
    return BAALS_OK;
}

static uint64_t produce_wait_ms(const struct produce *p, const baals_produce_decision *decision)
{
    switch (decision->what) {
    case BAALS_PRODUCE_NOW:
        return 0;
    case BAALS_PRODUCE_AT:
        return decision->at_ms - p->now_ms;
    case BAALS_PRODUCE_NEVER:
    case BAALS_PRODUCE_FORCE_INT:
        break;
    }
    return UINT64_MAX;
}

static baals_status
produce_try(struct produce *p, bool *made_out, uint64_t *wait_ms_out, baals_error *err)
{
    baals_pool_stats pool = {0, 0};
    baals_produce_decision decision;
    bl_stats_begin(&p->chain->stats);
    BL_TRY(produce_begin(p, &pool, err));
    BL_TRY(produce_ask(p, &decision, &pool, err));
    if (decision.what == BAALS_PRODUCE_NOW)
        BL_TRY(produce_make(p, &decision, made_out, err));
    *wait_ms_out = produce_wait_ms(p, &decision);
    return BAALS_OK;
}

baals_status
baals_produce_block(baals_chain *chain, int32_t *made_out, uint64_t *wait_ms_out, baals_error *err)
{
    if (chain == NULL || made_out == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_produce_block needs a chain and a result");
    if (!chain->has_authority)
        return bl_fail(err, BAALS_MISUSE_NOT_AUTHORITY,
                       "the chain was opened without the key of an authority");
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_BLOCK_ARENA_MAX);
    struct produce p = {.chain = chain, .arena = &arena};
    bool made = false;
    uint64_t wait_ms = 0;
    bl_chain_keep_pace(chain);
    pthread_mutex_lock(&chain->writer);
    baals_status status = bl_chain_usable(chain, err);
    if (status == BAALS_OK)
        status = produce_try(&p, &made, &wait_ms, err);
    bl_view_end(p.view);
    pthread_mutex_unlock(&chain->writer);
    bl_arena_deinit(&arena);
    BL_TRY(status);
    *made_out = made ? 1 : 0;
    if (wait_ms_out != NULL)
        *wait_ms_out = wait_ms;
    return BAALS_OK;
}
