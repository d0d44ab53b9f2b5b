/* SPDX-License-Identifier: MIT */
/*
 * From an applied block to a durable, visible one, in an order that loses nothing:
 *
 *   append to the journal's group --> build the layer, read the tip it leads to (may fail: the
 *   group is abandoned) --> write and sync the group = COMMITTED --> publish
 *
 * Publishing makes store, tip and mempool change together under `lock`, so that whoever holds it
 * sees one height in all three. After the sync nothing may fail any more without failing the
 * chain: the journal has the block, so the next open finds it.
 */
#include <string.h>

#include "runtime/runtime_internal.h"

baals_status bl_chain_fail(struct baals_chain *chain, baals_status status)
{
    pthread_mutex_lock(&chain->lock);
    if (chain->failed == BAALS_OK)
        chain->failed = status;
    bl_chain_signal(chain);
    pthread_mutex_unlock(&chain->lock);
    bl_log(chain->env, BL_LOG_ERROR,
           "the chain has stopped writing: %s; close it and open it again",
           baals_status_text(status));
    return status;
}

baals_status bl_chain_stopped(baals_status failed, baals_error *err)
{
    return bl_fail(err, BAALS_MISUSE_CLOSED,
                   "the chain has stopped writing (%s); close it and open it again",
                   baals_status_text(failed));
}

baals_status bl_chain_usable(struct baals_chain *chain, baals_error *err)
{
    pthread_mutex_lock(&chain->lock);
    baals_status failed = chain->failed;
    pthread_mutex_unlock(&chain->lock);
    return failed == BAALS_OK ? BAALS_OK : bl_chain_stopped(failed, err);
}

void bl_chain_signal(struct baals_chain *chain)
{
    chain->changes++;
    pthread_cond_broadcast(&chain->changed);
    pthread_cond_signal(&chain->arrived);
}

void bl_chain_want_work(struct baals_chain *chain)
{
    chain->work_wanted = true;
    pthread_cond_signal(&chain->work);
}

/* ---- layers ---- */

static baals_status
commit_tx_total(uint64_t *out, struct bl_view *view, const baals_block *block, baals_error *err)
{
    uint64_t before = 0;
    if (block->header.index > 0) {
        struct bl_locator parent;
        baals_status status = bl_index_locator(&parent, view, block->header.index - 1, err);
        if (status == BAALS_NOTFOUND)
            return bl_fail(err, BAALS_CORRUPT_STORE, "block %llu has no parent in the index",
                           (unsigned long long)block->header.index);
        BL_TRY(status);
        before = parent.tx_total;
    }
    *out = before + block->tx_count;
    return BAALS_OK;
}

/* State writes of a record's write set on the view; the root must be the header's. */
static baals_status commit_state_of(struct bl_committed *out,
                                    struct baals_chain *chain,
                                    struct bl_view *view,
                                    const struct bl_block_record *record,
                                    struct bl_arena *arena,
                                    baals_error *err)
{
    struct bl_write_set set;
    BL_TRY(bl_write_set_decode(&set, arena, record->write_set, err));
    BL_TRY(bl_state_commit(out, chain->forest, view, &set, arena, err));
    if (!bl_hash_equal(&out->roots.root, &record->block.header.state_root))
        return bl_fail(err, BAALS_CORRUPT_STATE,
                       "the write set of block %llu gives another state root",
                       (unsigned long long)record->block.header.index);
    return BAALS_OK;
}

baals_status bl_chain_layer_of(struct bl_pending_layer *out,
                               struct baals_chain *chain,
                               struct bl_view *view,
                               const struct bl_block_record *record,
                               const struct bl_committed *state,
                               uint64_t position,
                               uint64_t next,
                               struct bl_arena *arena,
                               baals_error *err)
{
    baals_write *all = NULL;
    size_t all_count = 0;
    struct bl_committed computed;
    if (state == NULL) {
        BL_TRY(commit_state_of(&computed, chain, view, record, arena, err));
        state = &computed;
    }
    struct bl_locator locator = {.journal_position = position, .hash = record->block.hash};
    BL_TRY(commit_tx_total(&locator.tx_total, view, &record->block, err));
    BL_TRY(bl_index_block(&all, &all_count, state->writes, state->count, record, &locator, false,
                          arena, err));
    struct bl_layer *layer = NULL;
    BL_TRY(bl_layer_new(&layer, &chain->env->alloc, all, all_count, err));
    bl_layer_attach(layer, state->attachment);
    *out = (struct bl_pending_layer){layer, {record->block.header.index, record->block.hash, next}};
    return BAALS_OK;
}

static baals_status commit_undo_of(struct bl_pending_layer *out,
                                   struct baals_chain *chain,
                                   struct bl_view *view,
                                   const struct bl_block_record *record,
                                   struct bl_arena *arena,
                                   baals_error *err)
{
    struct bl_write_set set;
    struct bl_write_set inverse;
    struct bl_committed state;
    baals_write *writes = NULL;
    size_t count = 0;
    BL_TRY(bl_write_set_decode(&set, arena, record->write_set, err));
    BL_TRY(bl_write_set_invert(&inverse, arena, &set, err));
    BL_TRY(bl_state_commit(&state, chain->forest, view, &inverse, arena, err));
    struct bl_locator locator = {.hash = record->block.hash};
    BL_TRY(bl_index_block(&writes, &count, state.writes, state.count, record, &locator, true, arena,
                          err));
    struct bl_layer *layer = NULL;
    BL_TRY(bl_layer_new(&layer, &chain->env->alloc, writes, count, err));
    bl_layer_attach(layer, state.attachment);
    out->layer = layer;
    out->tip.height = record->block.header.index - 1;
    out->tip.hash = record->block.header.prev_hash;
    return BAALS_OK;
}

baals_status bl_chain_undo_layer(struct bl_pending_layer *out,
                                 struct baals_chain *chain,
                                 struct bl_view *view,
                                 uint64_t height,
                                 uint64_t next,
                                 struct bl_arena *arena,
                                 baals_error *err)
{
    BL_ASSERT(height > 0);
    struct bl_journal_record journal;
    struct bl_block_record record;
    BL_TRY(bl_chain_read_block(chain, &journal, &record, view, height, err));
    struct bl_pending_layer pending = {NULL, {0, {{0}}, next}};
    baals_status status = commit_undo_of(&pending, chain, view, &record, arena, err);
    bl_journal_record_deinit(chain->journal, &journal);
    if (status == BAALS_OK)
        *out = pending;
    return status;
}

/* ---- the tip ---- */

/* Walks of the state tree trust its root records; these are what the header vouches for. */
static baals_status
commit_check_roots(struct bl_view *view, const baals_header *header, baals_error *err)
{
    struct bl_state_roots roots;
    BL_TRY(bl_state_roots(&roots, view, err));
    if (!bl_hash_equal(&roots.root, &header->state_root))
        return bl_fail(err, BAALS_CORRUPT_STATE,
                       "the stored roots are not those of block %llu; run repair",
                       (unsigned long long)header->index);
    return BAALS_OK;
}

baals_status bl_chain_read_tip(struct bl_chain_tip *tip,
                               struct bl_branch *branch,
                               const baals_block *block,
                               baals_error *err)
{
    struct baals_chain *chain = branch->chain;
    struct bl_view *view = branch->view;
    struct bl_locator locator;
    tip->header = block->header;
    tip->hash = block->hash;
    BL_ASSERT(block->header.metadata.len <= sizeof tip->metadata);
    if (block->header.metadata.len > 0)
        memcpy(tip->metadata, block->header.metadata.data, block->header.metadata.len);
    BL_TRY(commit_check_roots(view, &block->header, err));
    BL_TRY(bl_index_locator(&locator, view, tip->header.index, err));
    tip->tx_count = locator.tx_total;
    BL_TRY(bl_ledger_meta_uint(&tip->supply, view, BL_META_SUPPLY, err));
    BL_TRY(bl_ledger_meta_uint(&tip->burned, view, BL_META_BURNED, err));
    BL_TRY(bl_ledger_meta_uint(&tip->epoch, view, BL_META_EPOCH, err));
    BL_TRY(bl_ledger_params(&tip->params, view, err));
    baals_consensus_view consensus_view = bl_branch_consensus_view(branch);
    size_t count = 0;
    BL_TRY(
        bl_consensus_authorities(chain->consensus, tip->authorities, &count, &consensus_view, err));
    tip->authority_count = (uint32_t)count;
    return bl_consensus_final(chain->consensus, &tip->final_height, &tip->header, &consensus_view,
                              err);
}

/* Pool and pool.log after the tip was swapped. `lock` is held. */
static baals_status commit_refresh_pool(struct baals_chain *chain,
                                        const struct bl_publication *publication,
                                        uint64_t final_before,
                                        baals_error *err)
{
    uint64_t final_height = chain->tip->final_height;
    if (chain->pool == NULL)
        return BAALS_OK;
    if (publication->reverted_count > 0)
        BL_TRY(bl_chain_exchange_pool(chain, publication->view, publication->reverted,
                                      publication->reverted_count, err));
    else
        BL_TRY(bl_chain_refresh_pool(chain, publication->view, publication->record, err));
    if (final_height > final_before)
        BL_TRY(bl_chain_forget_final(chain, publication, final_before + 1, final_height, err));
    return BAALS_OK;
}

baals_status bl_chain_publish(struct baals_chain *chain,
                              const struct bl_publication *publication,
                              baals_error *err)
{
    baals_status status = BAALS_OK;
    pthread_mutex_lock(&chain->lock);
    if (publication->layer_count > 0)
        status = bl_store_add_all(chain->store, publication->layers, publication->layer_count,
                                  &publication->store_tip, err);
    if (status == BAALS_OK) {
        uint64_t final_before = chain->tip->final_height;
        *chain->tip = *publication->tip;
        chain->tip->header.metadata =
            bl_slice(chain->tip->metadata, publication->tip->header.metadata.len);
        status = commit_refresh_pool(chain, publication, final_before, err);
        bl_chain_side_prune(chain, chain->tip->final_height);
        /* Maintenance waits for the second after the newest commit, or has nothing to wait for. */
        if (chain->committed_ns == 0 || bl_journal_wants_segment(chain->journal) ||
            bl_store_layer_bytes(chain->store) > chain->checkpoint_bytes)
            bl_chain_want_work(chain);
        chain->committed_ns = bl_env_monotonic_ns(chain->env);
    }
    chain->changes++;
    pthread_mutex_unlock(&chain->lock);
    /* Without the lock, which whoever wakes takes first. */
    pthread_cond_broadcast(&chain->changed);
    pthread_cond_signal(&chain->arrived);
    if (publication->layer_count > 0)
        bl_store_merge(chain->store);
    return status;
}

static baals_status commit_publish_view(struct baals_chain *chain,
                                        struct bl_view *view,
                                        struct bl_arena *arena,
                                        baals_error *err)
{
    struct bl_chain_tip *tip = bl_arena_zero(arena, 1, sizeof *tip);
    if (tip == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the tip");
    uint64_t height = bl_view_tip(view)->height;
    struct bl_journal_record journal;
    struct bl_block_record record;
    BL_TRY(bl_chain_read_block(chain, &journal, &record, view, height, err));
    struct bl_branch branch = {chain, view, height, NULL, 0, arena};
    struct bl_publication publication = {.tip = tip, .view = view, .record = &record};
    baals_status status = bl_chain_read_tip(tip, &branch, &record.block, err);
    if (status == BAALS_OK)
        status = bl_chain_publish(chain, &publication, err);
    bl_journal_record_deinit(chain->journal, &journal);
    return status;
}

baals_status bl_chain_publish_store(struct baals_chain *chain, baals_error *err)
{
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_BLOCK_ARENA_MAX);
    struct bl_view *view = NULL;
    baals_status status = bl_view_begin(&view, chain->store, err);
    if (status == BAALS_OK)
        status = commit_publish_view(chain, view, &arena, err);
    bl_view_end(view);
    bl_arena_deinit(&arena);
    return status;
}

/* ---- commit ---- */

/* A block on its way: everything that is made before the sync. */
struct commit {
    struct baals_chain *chain;
    struct bl_view *view; /* the state after the parent, later after the block */
    struct bl_arena *arena;
    struct bl_buffer body; /* of the journal's record */
    struct bl_block_record record;
    struct bl_pending_layer pending;
    struct bl_chain_tip *tip;
};

/* What the group's record stands for; on failure the caller abandons the group. */
static baals_status commit_prepare_tip(struct commit *c,
                                       const struct bl_applied *applied,
                                       uint64_t position,
                                       baals_error *err)
{
    const baals_header *header = &c->record.block.header;
    c->tip = bl_arena_zero(c->arena, 1, sizeof *c->tip);
    if (c->tip == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the tip");
    BL_TRY(bl_chain_layer_of(&c->pending, c->chain, c->view, &c->record, &applied->state, position,
                             0, c->arena, err));
    BL_TRY(bl_view_push(c->view, c->pending.layer, err));
    /* The block itself is not in the journal yet, so the branch brings its header along. */
    struct bl_branch branch = {c->chain, c->view, header->index, NULL, 0, c->arena};
    if (header->index > 0)
        branch = (struct bl_branch){c->chain, c->view, header->index - 1, header, 1, c->arena};
    return bl_chain_read_tip(c->tip, &branch, &c->record.block, err);
}

/* Everything up to the sync; on failure nothing of the block is left in the journal. */
static baals_status commit_prepare(struct commit *c,
                                   baals_slice block_bytes,
                                   const struct bl_applied *applied,
                                   baals_error *err)
{
    bl_block_record_encode(&c->body, block_bytes, applied);
    BL_TRY(bl_buffer_status(&c->body, err));
    baals_slice part = bl_buffer_slice(&c->body);
    BL_TRY(bl_block_record_decode(&c->record, part, err));
    c->record.txs = applied->txs;
    uint64_t position = 0;
    BL_TRY(bl_journal_append(c->chain->journal, &position, BL_RECORD_BLOCK, &part, 1, err));
    baals_status status = commit_prepare_tip(c, applied, position, err);
    if (status != BAALS_OK)
        bl_journal_abandon(c->chain->journal);
    return status;
}

baals_status bl_chain_sync_group(struct baals_chain *chain, baals_error *err)
{
    baals_status status = bl_journal_commit(chain->journal, err);
    if (status == BAALS_IO_SYNC || status == BAALS_IO)
        return bl_chain_fail(chain, status);
    return status;
}

static baals_status commit_run(struct commit *c,
                               baals_slice block_bytes,
                               const struct bl_applied *applied,
                               baals_error *err)
{
    struct baals_chain *chain = c->chain;
    BL_TRY(commit_prepare(c, block_bytes, applied, err));
    bl_stats_mark(&chain->stats, BL_STAGE_WRITE);
    BL_TRY(bl_chain_sync_group(chain, err));
    bl_stats_mark(&chain->stats, BL_STAGE_SYNC);
    struct bl_publication publication = {
        .tip = c->tip,
        .view = c->view,
        .record = &c->record,
        .layers = &c->pending.layer,
        .layer_count = 1,
        .store_tip = c->pending.tip,
    };
    publication.store_tip.journal_end = bl_journal_end(chain->journal);
    baals_status status = bl_chain_publish(chain, &publication, err);
    if (status == BAALS_OK)
        bl_record_cache_advance(chain->records, c->view, &c->record.block.hash,
                                &applied->write_set);
    bl_stats_mark(&chain->stats, BL_STAGE_PUBLISH);
    bl_stats_end(&chain->stats, applied->tx_count);
    return status == BAALS_OK ? BAALS_OK : bl_chain_fail(chain, status);
}

baals_status bl_chain_commit_block(struct baals_chain *chain,
                                   struct bl_view *view,
                                   baals_slice block_bytes,
                                   const struct bl_applied *applied,
                                   struct bl_arena *arena,
                                   baals_error *err)
{
    struct commit c = {.chain = chain, .view = view, .arena = arena};
    bl_buffer_init(&c.body, chain->env->alloc, BL_JOURNAL_BODY_MAX);
    baals_status status = commit_run(&c, block_bytes, applied, err);
    bl_layer_unref(c.pending.layer);
    bl_buffer_deinit(&c.body);
    return status;
}
