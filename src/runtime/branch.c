/* SPDX-License-Identifier: MIT */
/*
 * Forks (docs/spec/consensus.md). A block whose parent is not the tip is executed whole on a view
 * that undoes the main branch down to the fork and applies the side branch up to the block. If the
 * branch then counts more than the main one, REVERT and its BLOCKs become one group of the journal:
 * after the sync the new branch stands, before it the old one. Otherwise the block is kept aside.
 * Nothing final is ever reverted: a branch that would need it is reported as E-FINAL-CONFLICT and
 * sealing stops.
 */
#include <string.h>

#include "runtime/runtime_internal.h"

/* ---- what consensus sees of a branch ---- */

static baals_status
branch_meta_get(void *ctx, baals_slice *value_out, baals_slice key, baals_error *err)
{
    struct bl_branch *branch = ctx;
    return bl_view_get(branch->view, value_out, BAALS_SPACE_META, key, err);
}

static baals_status
branch_header_get(void *ctx, baals_header *header_out, uint64_t index, baals_error *err)
{
    struct bl_branch *branch = ctx;
    if (index > branch->fork) {
        if (index - branch->fork > branch->side_count)
            return bl_fail(err, BAALS_NOTFOUND, "no header %llu", (unsigned long long)index);
        *header_out = branch->side[index - branch->fork - 1];
        return BAALS_OK;
    }
    struct bl_journal_record journal;
    struct bl_block_record record;
    BL_TRY(bl_chain_read_block(branch->chain, &journal, &record, branch->view, index, err));
    baals_header header = record.block.header;
    bool copied = bl_arena_copy(&header.metadata, branch->arena, record.block.header.metadata);
    bl_journal_record_deinit(branch->chain->journal, &journal);
    if (!copied)
        return bl_fail(err, BAALS_NOMEM, "no memory for a header");
    *header_out = header;
    return BAALS_OK;
}

baals_consensus_view bl_branch_consensus_view(struct bl_branch *branch)
{
    /* What came before the first kept block is final, and its headers are gone. */
    uint64_t final_height = branch->chain->tip->final_height;
    uint64_t kept_from = atomic_load(&branch->chain->kept_from);
    if (final_height < kept_from)
        final_height = kept_from;
    baals_consensus_view view = {
        .ctx = branch,
        .final_index = final_height < branch->fork ? final_height : branch->fork,
        .meta_get = branch_meta_get,
        .header_get = branch_header_get,
    };
    return view;
}

/* ---- side blocks ---- */

struct bl_side_block *bl_chain_side_get(const struct baals_chain *chain, const baals_hash *hash)
{
    struct bl_side_block *side = chain->side_blocks;
    while (side != NULL && !bl_hash_equal(&side->hash, hash))
        side = side->next;
    return side;
}

static void branch_side_free(struct baals_chain *chain, struct bl_side_block *side)
{
    bl_alloc_free(&chain->env->alloc, side->bytes, side->len);
    bl_alloc_free(&chain->env->alloc, side, sizeof *side);
    chain->side_count--;
}

static baals_status
branch_side_room(const struct baals_chain *chain, const baals_header *header, baals_error *err)
{
    size_t same_slot = 0;
    for (const struct bl_side_block *side = chain->side_blocks; side != NULL; side = side->next) {
        if (side->slot == header->nonce && bl_address_equal(&side->proposer, &header->proposer))
            same_slot++;
    }
    if (same_slot >= BL_SIDE_PER_SLOT_MAX || chain->side_count >= BL_SIDE_BLOCKS_MAX)
        return bl_fail(err, BAALS_REJECT_SIDE_LIMIT,
                       "%zu side blocks of this proposer and slot are kept already", same_slot);
    return BAALS_OK;
}

baals_status
bl_chain_side_add(struct baals_chain *chain, const baals_block *block, baals_error *err)
{
    if (bl_chain_side_get(chain, &block->hash) != NULL)
        return BAALS_OK;
    const struct bl_alloc *alloc = &chain->env->alloc;
    struct bl_side_block *side = bl_alloc_zero(alloc, 1, sizeof *side);
    uint8_t *bytes = bl_alloc_zero(alloc, block->bytes.len, 1);
    if (side == NULL || bytes == NULL) {
        bl_alloc_free(alloc, side, sizeof *side);
        bl_alloc_free(alloc, bytes, block->bytes.len);
        return bl_fail(err, BAALS_NOMEM, "no memory for a side block");
    }
    memcpy(bytes, block->bytes.data, block->bytes.len);
    *side = (struct bl_side_block){
        .next = chain->side_blocks,
        .hash = block->hash,
        .prev_hash = block->header.prev_hash,
        .index = block->header.index,
        .proposer = block->header.proposer,
        .slot = block->header.nonce,
        .bytes = bytes,
        .len = block->bytes.len,
    };
    chain->side_blocks = side;
    chain->side_count++;
    return BAALS_OK;
}

void bl_chain_side_prune(struct baals_chain *chain, uint64_t final_height)
{
    for (struct bl_side_block *side = chain->side_blocks; side != NULL; side = side->next)
        side->kept = false;
    for (struct bl_side_block *side = chain->side_blocks; side != NULL; side = side->next) {
        if (side->index <= final_height)
            continue;
        struct bl_side_block *ancestor = side;
        while (ancestor != NULL && !ancestor->kept) {
            ancestor->kept = true;
            ancestor = bl_chain_side_get(chain, &ancestor->prev_hash);
        }
    }
    struct bl_side_block **link = &chain->side_blocks;
    while (*link != NULL) {
        struct bl_side_block *side = *link;
        if (side->kept) {
            link = &side->next;
            continue;
        }
        *link = side->next;
        branch_side_free(chain, side);
    }
}

static void branch_side_remove(struct baals_chain *chain, const baals_hash *hash)
{
    struct bl_side_block **link = &chain->side_blocks;
    while (*link != NULL && !bl_hash_equal(&(*link)->hash, hash))
        link = &(*link)->next;
    if (*link != NULL) {
        struct bl_side_block *side = *link;
        *link = side->next;
        branch_side_free(chain, side);
    }
}

/* ---- a branch being built ---- */

/* One block of the side branch, as applied. */
struct branch_step {
    baals_slice bytes;
    baals_hash hash;
    struct bl_applied applied;
    uint64_t position;
    struct bl_pending_layer pending;
};

struct branch_build {
    struct baals_chain *chain;
    struct bl_arena *arena;
    struct bl_view *view;
    uint64_t tip_height;
    uint64_t fork;
    baals_header fork_header;
    baals_hash fork_hash;
    struct bl_pending_layer *undo; /* tip_height - fork layers, newest block first */
    size_t undo_count;
    struct branch_step *steps; /* from fork + 1 to the new block */
    size_t step_count;
    baals_header *headers; /* of the steps */
};

/* Collects the bytes of the branch from the new block down to the main chain. */
static baals_status
branch_collect(struct branch_build *b, const baals_block *block, baals_error *err)
{
    size_t room = b->chain->side_count + 1;
    b->steps = bl_arena_zero(b->arena, room, sizeof *b->steps);
    b->headers = bl_arena_zero(b->arena, room, sizeof *b->headers);
    if (b->steps == NULL || b->headers == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a branch");
    b->steps[0].bytes = block->bytes;
    b->step_count = 1;
    baals_hash parent = block->header.prev_hash;
    const struct bl_side_block *side = bl_chain_side_get(b->chain, &parent);
    while (side != NULL) {
        BL_ASSERT(b->step_count < room);
        if (!bl_arena_copy(&b->steps[b->step_count++].bytes, b->arena,
                           bl_slice(side->bytes, side->len)))
            return bl_fail(err, BAALS_NOMEM, "no memory for a branch");
        parent = side->prev_hash;
        side = bl_chain_side_get(b->chain, &parent);
    }
    for (size_t i = 0; i < b->step_count / 2; i++) {
        baals_slice swap = b->steps[i].bytes;
        b->steps[i].bytes = b->steps[b->step_count - 1 - i].bytes;
        b->steps[b->step_count - 1 - i].bytes = swap;
    }
    b->fork_hash = parent;
    baals_status status = bl_index_height_of(&b->fork, b->view, &parent, err);
    /* Of blocks that were given up hashes and headers may be known, but no state. */
    if (status == BAALS_NOTFOUND ||
        (status == BAALS_OK && b->fork < atomic_load(&b->chain->kept_from)))
        return bl_fail(err, BAALS_REJECT_ORPHAN, "the block's parent is not known");
    return status;
}

/* Lets the view go back to the fork. */
static baals_status branch_go_back(struct branch_build *b, baals_error *err)
{
    b->undo = bl_arena_zero(b->arena, (size_t)(b->tip_height - b->fork) + 1, sizeof *b->undo);
    if (b->undo == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a branch");
    for (uint64_t height = b->tip_height; height > b->fork; height--) {
        struct bl_pending_layer *undo = &b->undo[b->undo_count];
        BL_TRY(bl_chain_undo_layer(undo, b->chain, b->view, height, 0, b->arena, err));
        b->undo_count++;
        BL_TRY(bl_view_push(b->view, undo->layer, err));
    }
    struct bl_branch branch = {b->chain, b->view, b->fork, NULL, 0, b->arena};
    return branch_header_get(&branch, &b->fork_header, b->fork, err);
}

/* A record as it will stand in the journal, for building the layer. */
static baals_status
branch_append(struct branch_build *b, struct branch_step *step, baals_error *err)
{
    struct bl_buffer body;
    bl_buffer_init(&body, b->chain->env->alloc, BL_JOURNAL_BODY_MAX);
    bl_block_record_encode(&body, step->bytes, &step->applied);
    struct bl_block_record record;
    baals_slice part = bl_buffer_slice(&body);
    baals_status status = bl_buffer_status(&body, err);
    if (status == BAALS_OK)
        status = bl_block_record_decode(&record, part, err);
    if (status == BAALS_OK)
        status =
            bl_journal_append(b->chain->journal, &step->position, BL_RECORD_BLOCK, &part, 1, err);
    if (status == BAALS_OK)
        status = bl_chain_layer_of(&step->pending, b->chain, b->view, &record, &step->applied.state,
                                   step->position, 0, b->arena, err);
    bl_buffer_deinit(&body);
    return status;
}

/* Applies the branch on the view. Each step's record goes into the journal's group, so that its
 * layer knows its place; the group is abandoned when the branch does not win. */
static baals_status branch_apply(struct branch_build *b, baals_error *err)
{
    baals_header parent = b->fork_header;
    baals_hash parent_hash = b->fork_hash;
    for (size_t i = 0; i < b->step_count; i++) {
        struct branch_step *step = &b->steps[i];
        struct bl_branch branch = {b->chain, b->view, b->fork, b->headers, i, b->arena};
        baals_block block;
        BL_TRY(baals_block_decode(&block, step->bytes, err));
        BL_TRY(bl_chain_verify_block(&step->applied, b->chain, step->bytes, &parent, &parent_hash,
                                     &branch, err));
        step->hash = block.hash;
        b->headers[i] = block.header;
        BL_TRY(branch_append(b, step, err));
        BL_TRY(bl_view_push(b->view, step->pending.layer, err));
        parent = block.header;
        parent_hash = block.hash;
    }
    return BAALS_OK;
}

static baals_status branch_append_revert(struct branch_build *b, baals_error *err)
{
    struct bl_buffer body;
    bl_buffer_init(&body, b->chain->env->alloc, 256);
    bl_revert_record_encode(&body, b->fork, &b->fork_hash, b->step_count);
    baals_slice part = bl_buffer_slice(&body);
    baals_status status = bl_buffer_status(&body, err);
    if (status == BAALS_OK)
        status = bl_journal_append(b->chain->journal, NULL, BL_RECORD_REVERT, &part, 1, err);
    bl_buffer_deinit(&body);
    return status;
}

/* ---- deciding ---- */

/* Copies the main chain's blocks above the fork, lowest first. */
static baals_status
branch_read_old(struct branch_build *b, baals_slice **out, size_t *count_out, baals_error *err)
{
    struct bl_view *view = NULL;
    size_t count = (size_t)(b->tip_height - b->fork);
    baals_slice *blocks = bl_arena_zero(b->arena, count, sizeof *blocks);
    if (blocks == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a branch");
    BL_TRY(bl_view_begin(&view, b->chain->store, err));
    baals_status status = BAALS_OK;
    for (size_t i = 0; status == BAALS_OK && i < count; i++) {
        struct bl_journal_record journal;
        struct bl_block_record record;
        status = bl_chain_read_block(b->chain, &journal, &record, view, b->fork + 1 + i, err);
        if (status != BAALS_OK)
            break;
        if (!bl_arena_copy(&blocks[i], b->arena, record.block.bytes))
            status = bl_fail(err, BAALS_NOMEM, "no memory for a branch");
        bl_journal_record_deinit(b->chain->journal, &journal);
    }
    bl_view_end(view);
    *out = blocks;
    *count_out = count;
    return status;
}

/* Everything that becomes visible as one height: no reader and no checkpoint sees what lies
 * between. */
static baals_status
branch_prepare(struct branch_build *b, struct bl_publication *out, baals_error *err)
{
    const struct branch_step *last = &b->steps[b->step_count - 1];
    size_t count = b->undo_count + b->step_count;
    struct bl_layer **layers = bl_arena_zero(b->arena, count, sizeof(struct bl_layer *));
    struct bl_chain_tip *tip = bl_arena_zero(b->arena, 1, sizeof *tip);
    if (layers == NULL || tip == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a branch");
    for (size_t i = 0; i < b->undo_count; i++)
        layers[i] = b->undo[i].layer;
    for (size_t i = 0; i < b->step_count; i++)
        layers[b->undo_count + i] = b->steps[i].pending.layer;
    struct bl_branch branch = {b->chain, b->view, b->fork, b->headers, b->step_count, b->arena};
    baals_block block;
    BL_TRY(baals_block_decode(&block, last->bytes, err));
    BL_TRY(bl_chain_read_tip(tip, &branch, &block, err));
    *out = (struct bl_publication){.tip = tip,
                                   .view = b->view,
                                   .layers = layers,
                                   .layer_count = count,
                                   .store_tip = last->pending.tip};
    baals_slice *reverted = NULL;
    BL_TRY(branch_read_old(b, &reverted, &out->reverted_count, err));
    out->reverted = reverted;
    return BAALS_OK;
}

/* The blocks that were left become side blocks, those that were adopted are none any more. */
static void branch_exchange_sides(struct branch_build *b, const struct bl_publication *publication)
{
    for (size_t i = 0; i < b->step_count; i++)
        branch_side_remove(b->chain, &b->steps[i].hash);
    for (size_t i = 0; i < publication->reverted_count; i++) {
        baals_block block;
        /* A side block that is forgotten for want of memory may be imported again. */
        if (baals_block_decode(&block, publication->reverted[i], NULL) == BAALS_OK)
            (void)bl_chain_side_add(b->chain, &block, NULL);
    }
}

/* The group is complete: make it durable, then visible. */
static baals_status branch_adopt(struct branch_build *b, baals_error *err)
{
    struct baals_chain *chain = b->chain;
    struct bl_publication publication = {.tip = NULL};
    baals_status status = branch_prepare(b, &publication, err);
    if (status != BAALS_OK) {
        bl_journal_abandon(chain->journal);
        return status;
    }
    BL_TRY(bl_chain_sync_group(chain, err));
    publication.store_tip.journal_end = bl_journal_end(chain->journal);
    branch_exchange_sides(b, &publication);
    status = bl_chain_publish(chain, &publication, err);
    if (status != BAALS_OK)
        return bl_chain_fail(chain, status);
    bl_log(chain->env, BL_LOG_WARN,
           "the chain went back to block %llu and on to %llu of another branch",
           (unsigned long long)b->fork, (unsigned long long)(b->fork + b->step_count));
    return BAALS_OK;
}

static baals_status
branch_keep_aside(struct baals_chain *chain, const baals_block *block, baals_error *err)
{
    BL_TRY(branch_side_room(chain, &block->header, err));
    BL_TRY(bl_journal_append(chain->journal, NULL, BL_RECORD_SIDE, &block->bytes, 1, err));
    BL_TRY(bl_chain_sync_group(chain, err));
    return bl_chain_side_add(chain, block, err);
}

static baals_status
branch_conflict(struct branch_build *b, const baals_block *block, baals_error *err)
{
    struct baals_chain *chain = b->chain;
    char branch_text[BAALS_HASH_TEXT_SIZE];
    baals_hash_format(branch_text, &block->hash);
    pthread_mutex_lock(&chain->lock);
    chain->conflict = true;
    bl_chain_signal(chain);
    pthread_mutex_unlock(&chain->lock);
    return bl_fail(err, BAALS_REJECT_FINAL_CONFLICT,
                   "branch %s forks at block %llu, below the final block %llu; sealing stops",
                   branch_text, (unsigned long long)b->fork,
                   (unsigned long long)chain->tip->final_height);
}

static baals_status
branch_import(struct branch_build *b, const baals_block *block, baals_error *err)
{
    struct baals_chain *chain = b->chain;
    const struct bl_chain_tip *tip = chain->tip;
    BL_TRY(branch_collect(b, block, err));
    bool wins = bl_consensus_compare(chain->consensus, &block->header, &block->hash, &tip->header,
                                     &tip->hash) > 0;
    BL_TRY(branch_go_back(b, err));
    if (wins)
        BL_TRY(branch_append_revert(b, err));
    baals_status status = branch_apply(b, err);
    if (status != BAALS_OK || !wins || b->fork < tip->final_height)
        bl_journal_abandon(chain->journal);
    BL_TRY(status);
    if (!wins)
        return branch_keep_aside(chain, block, err);
    return b->fork < tip->final_height ? branch_conflict(b, block, err) : branch_adopt(b, err);
}

baals_status
bl_chain_import_side(struct baals_chain *chain, const baals_block *block, baals_error *err)
{
    const struct bl_chain_tip *tip = chain->tip;
    if (!bl_hash_equal(&block->header.chain_id, &chain->ledger.chain_id))
        return bl_fail(err, BAALS_REJECT_CHAIN_ID, "the block belongs to another chain");
    if (block->header.index <= tip->final_height)
        return bl_fail(err, BAALS_REJECT_FINAL, "block %llu is not above the final block %llu",
                       (unsigned long long)block->header.index,
                       (unsigned long long)tip->final_height);
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_BLOCK_ARENA_MAX);
    struct branch_build b = {.chain = chain, .arena = &arena, .tip_height = tip->header.index};
    baals_status status = bl_view_begin(&b.view, chain->store, err);
    if (status == BAALS_OK)
        status = branch_import(&b, block, err);
    for (size_t i = 0; i < b.undo_count; i++)
        bl_layer_unref(b.undo[i].layer);
    for (size_t i = 0; i < b.step_count; i++)
        bl_layer_unref(b.steps[i].pending.layer);
    bl_view_end(b.view);
    bl_arena_deinit(&arena);
    return status;
}
