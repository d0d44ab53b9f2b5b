/* SPDX-License-Identifier: MIT */
/*
 * From the journal to the state: opening replays the write sets behind the store's checkpoint,
 * repair replays all of them into an empty store, and a new chain begins with block 0. Nothing is
 * executed again; every state root is checked.
 */
#include "runtime/runtime_internal.h"

static baals_status
recover_push(struct baals_chain *chain, struct bl_pending_layer *pending, baals_error *err)
{
    baals_status status = bl_store_push(chain->store, pending->layer, &pending->tip, err);
    bl_layer_unref(pending->layer);
    BL_TRY(status);
    bool full = bl_store_layer_bytes(chain->store) > chain->checkpoint_bytes;
    return full && !chain->read_only ? bl_store_checkpoint(chain->store, err) : BAALS_OK;
}

/* The record must continue the chain that the view ends with. */
static baals_status
recover_check_place(struct bl_view *view, bool empty, const baals_block *block, baals_error *err)
{
    const struct bl_tip *tip = bl_view_tip(view);
    bool fits = empty ? block->header.index == 0
                      : block->header.index == tip->height + 1 &&
                            bl_hash_equal(&block->header.prev_hash, &tip->hash);
    if (!fits)
        return bl_fail(err, BAALS_CORRUPT_JOURNAL,
                       "block %llu in the journal does not continue the chain at %llu",
                       (unsigned long long)block->header.index, (unsigned long long)tip->height);
    return BAALS_OK;
}

static baals_status recover_block(struct baals_chain *chain,
                                  struct bl_view *view,
                                  const struct bl_journal_record *journal,
                                  struct bl_arena *arena,
                                  baals_error *err)
{
    struct bl_tip tip;
    struct bl_block_record record;
    struct bl_pending_layer pending = {NULL, {0, {{0}}, 0}};
    bool empty = bl_store_tip(chain->store, &tip) == BAALS_NOTFOUND;
    BL_TRY(bl_block_record_decode(&record, bl_slice(journal->body, journal->body_len), err));
    BL_TRY(recover_check_place(view, empty, &record.block, err));
    BL_TRY(bl_chain_layer_of(&pending, chain, view, &record, NULL, journal->position, journal->next,
                             arena, err));
    return recover_push(chain, &pending, err);
}

static baals_status recover_undo_newest(struct baals_chain *chain,
                                        struct bl_view *view,
                                        uint64_t next,
                                        struct bl_arena *arena,
                                        baals_error *err)
{
    struct bl_pending_layer pending = {NULL, {0, {{0}}, 0}};
    BL_TRY(bl_chain_undo_layer(&pending, chain, view, bl_view_tip(view)->height, next, arena, err));
    return recover_push(chain, &pending, err);
}

typedef baals_status (*recover_step)(struct baals_chain *chain,
                                     struct bl_view *view,
                                     const struct bl_journal_record *journal,
                                     struct bl_arena *arena,
                                     baals_error *err);

/* Runs one step on a fresh view of what was recovered so far. */
static baals_status recover_on_view(struct baals_chain *chain,
                                    recover_step step,
                                    const struct bl_journal_record *journal,
                                    baals_error *err)
{
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_BLOCK_ARENA_MAX);
    struct bl_view *view = NULL;
    baals_status status = bl_view_begin(&view, chain->store, err);
    if (status == BAALS_OK)
        status = step(chain, view, journal, &arena, err);
    bl_view_end(view);
    bl_arena_deinit(&arena);
    return status;
}

static baals_status recover_undo_step(struct baals_chain *chain,
                                      struct bl_view *view,
                                      const struct bl_journal_record *journal,
                                      struct bl_arena *arena,
                                      baals_error *err)
{
    return recover_undo_newest(chain, view, journal->position, arena, err);
}

static baals_status
recover_revert(struct baals_chain *chain, const struct bl_journal_record *journal, baals_error *err)
{
    uint64_t index = 0;
    uint64_t count = 0;
    baals_hash hash;
    struct bl_tip tip;
    BL_TRY(bl_revert_record_decode(&index, &hash, &count,
                                   bl_slice(journal->body, journal->body_len), err));
    baals_status status = bl_store_tip(chain->store, &tip);
    while (status == BAALS_OK && tip.height > index) {
        BL_TRY(recover_on_view(chain, recover_undo_step, journal, err));
        status = bl_store_tip(chain->store, &tip);
    }
    if (status != BAALS_OK || tip.height != index || !bl_hash_equal(&tip.hash, &hash))
        return bl_fail(err, BAALS_CORRUPT_JOURNAL, "a revert to block %llu does not fit the chain",
                       (unsigned long long)index);
    return BAALS_OK;
}

static baals_status
recover_side(struct baals_chain *chain, const struct bl_journal_record *journal, baals_error *err)
{
    baals_block block;
    baals_status status =
        baals_block_decode(&block, bl_slice(journal->body, journal->body_len), NULL);
    if (status != BAALS_OK)
        return bl_record_damaged(status, "a side block in the journal", err);
    return bl_chain_side_add(chain, &block, err);
}

baals_status bl_chain_recover_record(struct baals_chain *chain,
                                     const struct bl_journal_record *journal,
                                     baals_error *err)
{
    switch (journal->type) {
    case BL_RECORD_BLOCK:
        return recover_on_view(chain, recover_block, journal, err);
    case BL_RECORD_REVERT:
        return recover_revert(chain, journal, err);
    case BL_RECORD_SIDE:
        return recover_side(chain, journal, err);
    case BL_RECORD_SYNC:
    case BL_RECORD_END:
        return BAALS_OK;
    }
    return bl_fail(err, BAALS_CORRUPT_JOURNAL, "a record of unknown type");
}

baals_status bl_chain_recover(
    struct baals_chain *chain, uint64_t from, baals_progress progress, void *ctx, baals_error *err)
{
    uint64_t end = bl_journal_end(chain->journal);
    for (uint64_t position = from; position < end;) {
        struct bl_journal_record journal;
        baals_status status = bl_journal_read(chain->journal, &journal, position, err);
        if (status == BAALS_NOTFOUND)
            break;
        BL_TRY(status);
        status = bl_chain_recover_record(chain, &journal, err);
        position = journal.next;
        bl_journal_record_deinit(chain->journal, &journal);
        BL_TRY(status);
        if (progress != NULL)
            progress(ctx, "replaying the journal", position, end);
    }
    return bl_chain_publish_store(chain, err);
}

/* ---- block 0 ---- */

static baals_status recover_commit_genesis(struct baals_chain *chain,
                                           struct bl_view *view,
                                           const baals_slice *modules,
                                           struct bl_arena *arena,
                                           baals_error *err)
{
    struct bl_applied applied;
    BL_TRY(bl_ledger_apply_genesis(&applied, &chain->ledger, view, &chain->genesis, modules, arena,
                                   err));
    struct bl_buffer header;
    struct bl_buffer block;
    bl_buffer_init(&header, chain->env->alloc, BL_BLOCK_BYTES_MAX);
    bl_buffer_init(&block, chain->env->alloc, BL_BLOCK_BYTES_MAX);
    bl_header_encode(&header, &applied.header);
    baals_status status = bl_buffer_status(&header, err);
    if (status == BAALS_OK) {
        bl_block_encode(&block, bl_buffer_slice(&header), NULL, NULL, 0);
        status = bl_buffer_status(&block, err);
    }
    if (status == BAALS_OK)
        status = bl_chain_commit_block(chain, view, bl_buffer_slice(&block), &applied, arena, err);
    bl_buffer_deinit(&header);
    bl_buffer_deinit(&block);
    return status;
}

baals_status bl_chain_make_genesis(struct baals_chain *chain,
                                   const baals_slice *modules,
                                   size_t module_count,
                                   baals_error *err)
{
    if (module_count != chain->genesis.contract_count)
        return bl_fail(err, BAALS_REJECT_GENESIS,
                       "contracts: the genesis names %zu modules, %zu were given",
                       chain->genesis.contract_count, module_count);
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_BLOCK_ARENA_MAX);
    struct bl_view *view = NULL;
    baals_status status = bl_view_begin(&view, chain->store, err);
    if (status == BAALS_OK)
        status = recover_commit_genesis(chain, view, modules, &arena, err);
    bl_view_end(view);
    bl_arena_deinit(&arena);
    return status;
}
