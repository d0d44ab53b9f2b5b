/* SPDX-License-Identifier: MIT */
/*
 * Giving up the oldest blocks. The order is what keeps a chain whole at every moment:
 *
 *   snapshot of a final block S, checked and synced --> headers below S, where they are kept, in
 *   files of their own --> index entries below S removed, checkpoint --> journal segments wholly
 *   before S removed, oldest first --> older snapshots removed
 *
 * Until the first segment is gone everything can be rebuilt from the beginning; from then on from
 * the snapshot. Whatever is interrupted is finished by the next call.
 */
#include "runtime/retention.h"

#include "runtime/kept.h"
#include "runtime/snapshot.h"

/* Index entries are removed for so many blocks at once. */
#define RETENTION_BATCH_BLOCKS 64u

/* A key of BAALS_SPACE_CHECKPOINT that stands while a snapshot is being restored. */
static const uint8_t retention_marker[] = "restoring";

static baals_slice retention_marker_key(void)
{
    return bl_slice(retention_marker, sizeof retention_marker - 1);
}

/* ---- the snapshots of a directory ---- */

struct retention_search {
    uint64_t from;
    uint64_t height; /* the lowest one found so far */
    bool found;
};

static baals_status retention_search_one(void *ctx, const char *name)
{
    struct retention_search *search = ctx;
    uint64_t height = 0;
    if (bl_snapshot_height(&height, name) && height >= search->from &&
        (!search->found || height < search->height)) {
        search->height = height;
        search->found = true;
    }
    return BAALS_OK;
}

/* The lowest snapshot of a height >= `from`; *found_out false when there is none. */
static baals_status retention_next(uint64_t *height_out,
                                   bool *found_out,
                                   struct baals_chain *chain,
                                   uint64_t from,
                                   baals_error *err)
{
    char dir[BL_PATH_MAX];
    struct retention_search search = {.from = from};
    BL_TRY(bl_chain_path(chain, dir, BL_SNAPSHOTS_DIR, err));
    baals_status status = bl_env_list_dir(chain->env, dir, retention_search_one, &search, err);
    if (status != BAALS_OK && status != BAALS_NOTFOUND)
        return status;
    *height_out = search.height;
    *found_out = search.found;
    return BAALS_OK;
}

/* ---- opening ---- */

/* The lowest block the index knows; NOTFOUND when it knows none. */
static baals_status retention_lowest(uint64_t *out, struct bl_view *view, baals_error *err)
{
    baals_slice key;
    baals_slice value;
    BL_TRY(bl_view_seek(view, &key, &value, BAALS_SPACE_HEIGHTS, (baals_slice){NULL, 0}, 0, err));
    if (key.len != 8)
        return bl_fail(err, BAALS_CORRUPT_STORE, "the index of heights is damaged");
    *out = bl_load_u64be(key.data);
    return BAALS_OK;
}

static baals_status
retention_look_at(struct baals_chain *chain, struct bl_view *view, baals_error *err)
{
    uint64_t lowest = 0;
    baals_slice value;
    struct bl_locator locator;
    baals_status status =
        bl_view_get(view, &value, BAALS_SPACE_CHECKPOINT, retention_marker_key(), err);
    if (status == BAALS_OK)
        return bl_fail(err, BAALS_CORRUPT_STORE,
                       "restoring the state from a snapshot was interrupted; run repair");
    if (status != BAALS_NOTFOUND)
        return status;
    status = retention_lowest(&lowest, view, err);
    if (status == BAALS_NOTFOUND)
        return BAALS_OK;
    BL_TRY(status);
    BL_TRY(bl_index_locator(&locator, view, lowest, err));
    if (locator.journal_position < bl_journal_begin(chain->journal))
        return bl_fail(err, BAALS_CORRUPT_JOURNAL,
                       "the journal begins behind block %llu, which is to be kept",
                       (unsigned long long)lowest);
    atomic_store(&chain->kept_from, lowest);
    return BAALS_OK;
}

baals_status bl_retention_look(struct baals_chain *chain, baals_error *err)
{
    struct bl_view *view = NULL;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = retention_look_at(chain, view, err);
    bl_view_end(view);
    return status;
}

/* ---- restoring ---- */

struct retention_restore {
    struct baals_chain *chain; /* whose store is filled */
    struct bl_snapshot_head head;
    struct bl_tip tip; /* of the snapshot's block */
    uint64_t position; /* of its record */
    baals_hash root;   /* after the chunks so far */
};

static baals_status retention_push(struct retention_restore *restore,
                                   const baals_write *writes,
                                   size_t count,
                                   struct bl_attachment *attachment,
                                   baals_error *err)
{
    struct baals_chain *chain = restore->chain;
    struct bl_layer *layer = NULL;
    BL_TRY(bl_layer_new(&layer, &chain->env->alloc, writes, count, err));
    bl_layer_attach(layer, attachment);
    baals_status status = bl_store_push(chain->store, layer, &restore->tip, err);
    bl_layer_unref(layer);
    bool full = bl_store_layer_bytes(chain->store) > chain->checkpoint_bytes;
    if (status == BAALS_OK && full && !chain->read_only)
        status = bl_store_checkpoint(chain->store, err);
    return status;
}

/* The marker, and stores without a leaf. */
static baals_status retention_begin(struct retention_restore *restore, baals_error *err)
{
    static const uint8_t empty_root[] = {0};
    static const uint8_t stores[BL_STATE_STORES] = {0, 1, 2, 3};
    baals_write writes[BL_STATE_STORES + 1];
    for (size_t i = 0; i < BL_STATE_STORES; i++)
        writes[i] = (baals_write){.space = BAALS_SPACE_NODES,
                                  .key = bl_slice(&stores[i], 1),
                                  .value = bl_slice(empty_root, sizeof empty_root)};
    writes[BL_STATE_STORES] = (baals_write){.space = BAALS_SPACE_CHECKPOINT,
                                            .key = retention_marker_key(),
                                            .value = bl_slice(empty_root, sizeof empty_root)};
    return retention_push(restore, writes, BL_STATE_STORES + 1, NULL, err);
}

static baals_status retention_take_chunk(void *ctx,
                                         const struct bl_write_set *set,
                                         struct bl_arena *arena,
                                         baals_error *err)
{
    struct retention_restore *restore = ctx;
    struct bl_view *view = NULL;
    struct bl_committed state;
    BL_TRY(bl_view_begin(&view, restore->chain->store, err));
    baals_status status = bl_state_commit(&state, restore->chain->forest, view, set, arena, err);
    bl_view_end(view);
    BL_TRY(status);
    restore->root = state.roots.root;
    return retention_push(restore, state.writes, state.count, state.attachment, err);
}

/* The index entries of the snapshot's block, and the marker's end. */
static baals_status retention_finish_with(struct retention_restore *restore,
                                          const struct bl_block_record *record,
                                          struct bl_arena *arena,
                                          baals_error *err)
{
    struct bl_locator locator = {.journal_position = restore->position,
                                 .tx_total = restore->head.tx_total,
                                 .hash = restore->head.hash};
    baals_write done = {
        .space = BAALS_SPACE_CHECKPOINT, .is_delete = 1, .key = retention_marker_key()};
    baals_write *writes = NULL;
    size_t count = 0;
    BL_TRY(bl_index_block(&writes, &count, &done, 1, record, &locator, false, arena, err));
    BL_TRY(retention_push(restore, writes, count, NULL, err));
    atomic_store(&restore->chain->kept_from, restore->head.height);
    return BAALS_OK;
}

static baals_status retention_finish(struct retention_restore *restore, baals_error *err)
{
    struct bl_journal *journal = restore->chain->journal;
    struct bl_journal_record record;
    struct bl_block_record block;
    struct bl_arena arena;
    if (!bl_hash_equal(&restore->root, &restore->head.state_root))
        return bl_fail(err, BAALS_CORRUPT_SNAPSHOT,
                       "the snapshot of block %llu gives another state root",
                       (unsigned long long)restore->head.height);
    BL_TRY(bl_journal_read(journal, &record, restore->position, err));
    bl_arena_init(&arena, restore->chain->env->alloc, BL_BLOCK_ARENA_MAX);
    baals_status status =
        bl_block_record_decode(&block, bl_slice(record.body, record.body_len), err);
    if (status == BAALS_OK)
        status = retention_finish_with(restore, &block, &arena, err);
    bl_arena_deinit(&arena);
    bl_journal_record_deinit(journal, &record);
    return status;
}

/* Where the journal has the block; *found_out false when it does not. A block may have been left
 * and taken up again before it was final, so the last place counts. */
static baals_status retention_find_block(struct bl_journal *journal,
                                         struct retention_restore *restore,
                                         bool *found_out,
                                         baals_error *err)
{
    *found_out = false;
    for (uint64_t position = bl_journal_begin(journal); position < bl_journal_end(journal);) {
        struct bl_journal_record record;
        struct bl_block_record block;
        baals_status status = bl_journal_read(journal, &record, position, err);
        if (status == BAALS_NOTFOUND)
            break;
        BL_TRY(status);
        position = record.next;
        bool same = false;
        if (record.type == BL_RECORD_BLOCK) {
            status = bl_block_record_decode(&block, bl_slice(record.body, record.body_len), err);
            same = status == BAALS_OK && bl_hash_equal(&block.block.hash, &restore->head.hash);
        }
        if (same) {
            restore->position = record.position;
            restore->tip.journal_end = record.next;
            *found_out = true;
        }
        bl_journal_record_deinit(journal, &record);
        BL_TRY(status);
    }
    return BAALS_OK;
}

/* Tries one snapshot: *done_out false when the journal does not have its block. */
static baals_status retention_restore_one(uint64_t *from_out,
                                          bool *done_out,
                                          struct baals_chain *chain,
                                          struct baals_chain *home,
                                          uint64_t height,
                                          baals_error *err)
{
    struct retention_restore restore = {.chain = chain};
    BL_TRY(bl_snapshot_read_head(&restore.head, home, height, err));
    restore.tip = (struct bl_tip){restore.head.height, restore.head.hash, 0};
    BL_TRY(retention_find_block(chain->journal, &restore, done_out, err));
    if (!*done_out)
        return BAALS_OK;
    BL_TRY(retention_begin(&restore, err));
    BL_TRY(bl_snapshot_read(home, height, retention_take_chunk, &restore, err));
    /* A verification has no use for the index of what it cannot rebuild. */
    if (chain == home)
        BL_TRY(bl_kept_index(chain, height, &restore.tip, err));
    BL_TRY(retention_finish(&restore, err));
    *from_out = restore.tip.journal_end;
    return BAALS_OK;
}

/* Whether the journal still holds block 0. */
static baals_status retention_is_whole(bool *out, struct bl_journal *journal, baals_error *err)
{
    struct bl_journal_record record;
    struct bl_block_record block;
    baals_status status = bl_journal_read(journal, &record, bl_journal_begin(journal), err);
    *out = true;
    if (status == BAALS_NOTFOUND)
        return BAALS_OK;
    BL_TRY(status);
    if (record.type == BL_RECORD_BLOCK) {
        status = bl_block_record_decode(&block, bl_slice(record.body, record.body_len), err);
        *out = status == BAALS_OK && block.block.header.index == 0;
    } else {
        *out = false;
    }
    bl_journal_record_deinit(journal, &record);
    return status;
}

baals_status bl_retention_restore(uint64_t *from_out,
                                  struct baals_chain *chain,
                                  struct baals_chain *home,
                                  baals_error *err)
{
    uint64_t height = 0;
    bool whole = false;
    bool done = false;
    BL_TRY(retention_is_whole(&whole, chain->journal, err));
    if (whole) {
        *from_out = bl_journal_begin(chain->journal);
        return BAALS_OK;
    }
    /* The lowest that fits keeps the most blocks. */
    for (uint64_t after = 0; !done; after = height + 1) {
        bool found = false;
        BL_TRY(retention_next(&height, &found, home, after, err));
        if (!found)
            break;
        BL_TRY(retention_restore_one(from_out, &done, chain, home, height, err));
    }
    if (!done)
        return bl_fail(err, BAALS_CORRUPT_JOURNAL,
                       "the journal does not begin with block 0, and no snapshot stands for what "
                       "came before");
    return BAALS_OK;
}

/* ---- pruning ---- */

/* A view of the newest final block. */
struct retention_final {
    struct baals_chain *chain;
    struct bl_view *view;
    struct bl_arena arena;
    uint64_t height;
};

/* Undoing makes versions of the state's trees, which one thread at a time may do: `writer` is held.
 */
static baals_status retention_go_back(struct retention_final *final, baals_error *err)
{
    struct baals_chain *chain = final->chain;
    pthread_mutex_lock(&chain->lock);
    baals_status status = bl_view_begin(&final->view, chain->store, err);
    final->height = chain->tip->final_height;
    pthread_mutex_unlock(&chain->lock);
    BL_TRY(status);
    uint64_t height = bl_view_tip(final->view)->height;
    for (; height > final->height; height--) {
        struct bl_pending_layer undo = {NULL, {0, {{0}}, 0}};
        BL_TRY(bl_chain_undo_layer(&undo, chain, final->view, height, 0, &final->arena, err));
        status = bl_view_push(final->view, undo.layer, err);
        bl_layer_unref(undo.layer);
        BL_TRY(status);
    }
    return BAALS_OK;
}

static baals_status retention_final_begin(struct retention_final *final, baals_error *err)
{
    struct baals_chain *chain = final->chain;
    pthread_mutex_lock(&chain->writer);
    baals_status status = retention_go_back(final, err);
    pthread_mutex_unlock(&chain->writer);
    return status;
}

static baals_status retention_write_snapshot(struct retention_final *final, baals_error *err)
{
    struct baals_chain *chain = final->chain;
    struct bl_locator locator;
    struct bl_journal_record journal;
    struct bl_block_record record;
    BL_TRY(bl_index_locator(&locator, final->view, final->height, err));
    BL_TRY(bl_chain_read_block(chain, &journal, &record, final->view, final->height, err));
    baals_status status = bl_snapshot_write(chain, final->view, &record, locator.tx_total, err);
    bl_journal_record_deinit(chain->journal, &journal);
    return status;
}

/* What pruning has to know of the snapshots. */
struct retention_plan {
    uint64_t keep_blocks;
    uint64_t final_height;
    uint64_t newest;
    uint64_t first; /* the highest with keep_blocks final blocks behind it */
    bool any;
    bool has_first;
};

static void retention_note(struct retention_plan *plan, uint64_t height)
{
    if (height > plan->final_height)
        return;
    plan->newest = height;
    plan->any = true;
    if (plan->final_height - height >= plan->keep_blocks) {
        plan->first = height;
        plan->has_first = true;
    }
}

/* Looks at the snapshots that are there and writes one of the newest final block unless there is a
 * young one. */
static baals_status
retention_make_plan(struct retention_plan *plan, struct retention_final *final, baals_error *err)
{
    uint64_t height = 0;
    plan->final_height = final->height;
    for (uint64_t from = 0;; from = height + 1) {
        bool found = false;
        BL_TRY(retention_next(&height, &found, final->chain, from, err));
        if (!found)
            break;
        retention_note(plan, height);
    }
    bool young = plan->any && (plan->newest == final->height ||
                               final->height - plan->newest < plan->keep_blocks);
    if (young)
        return BAALS_OK;
    BL_TRY(retention_write_snapshot(final, err));
    retention_note(plan, final->height);
    return BAALS_OK;
}

static baals_status
retention_plan(struct retention_plan *plan, struct baals_chain *chain, baals_error *err)
{
    struct retention_final final = {.chain = chain};
    bl_arena_init(&final.arena, chain->env->alloc, BL_BLOCK_ARENA_MAX);
    baals_status status = retention_final_begin(&final, err);
    if (status == BAALS_OK)
        status = retention_make_plan(plan, &final, err);
    bl_view_end(final.view);
    bl_arena_deinit(&final.arena);
    return status;
}

/* Where a header is kept, its block's hash stays in the index: leaves that deletion out. */
static size_t retention_keep_hash(baals_write *writes, size_t begin, size_t count)
{
    size_t kept = begin;
    for (size_t i = begin; i < count; i++) {
        if (writes[i].space != BAALS_SPACE_HASHES)
            writes[kept++] = writes[i];
    }
    return kept;
}

/* The deletions of the index entries of blocks from `height` on, below `end`, at most a batch. */
static baals_status retention_collect(baals_write **writes,
                                      size_t *count,
                                      uint64_t *height,
                                      uint64_t end,
                                      struct baals_chain *chain,
                                      struct bl_view *view,
                                      struct bl_arena *arena,
                                      baals_error *err)
{
    for (unsigned i = 0; i < RETENTION_BATCH_BLOCKS && *height < end; i++, (*height)++) {
        struct bl_journal_record journal;
        struct bl_block_record record;
        BL_TRY(bl_chain_read_block(chain, &journal, &record, view, *height, err));
        struct bl_locator locator = {.hash = record.block.hash};
        size_t before = *count;
        baals_status status =
            bl_index_block(writes, count, *writes, *count, &record, &locator, true, arena, err);
        bl_journal_record_deinit(chain->journal, &journal);
        BL_TRY(status);
        if (*height >= atomic_load(&chain->headers_from))
            *count = retention_keep_hash(*writes, before, *count);
    }
    return BAALS_OK;
}

/* One batch, as the writer; *height moves on. */
static baals_status retention_forget_batch(struct baals_chain *chain,
                                           uint64_t *height,
                                           uint64_t end,
                                           struct bl_arena *arena,
                                           baals_error *err)
{
    struct bl_view *view = NULL;
    struct bl_layer *layer = NULL;
    struct bl_tip tip;
    baals_write *writes = NULL;
    size_t count = 0;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = retention_collect(&writes, &count, height, end, chain, view, arena, err);
    bl_view_end(view);
    BL_TRY(status);
    BL_TRY(bl_store_tip(chain->store, &tip));
    BL_TRY(bl_layer_new(&layer, &chain->env->alloc, writes, count, err));
    status = bl_store_push(chain->store, layer, &tip, err);
    bl_layer_unref(layer);
    return status;
}

baals_status bl_retention_checkpoint(struct baals_chain *chain, baals_error *err)
{
    pthread_mutex_lock(&chain->maintenance);
    baals_status status = bl_store_checkpoint(chain->store, err);
    pthread_mutex_unlock(&chain->maintenance);
    return status;
}

/* Removes the index entries of all blocks below `end`, and makes that durable. */
static baals_status retention_forget(struct baals_chain *chain, uint64_t end, baals_error *err)
{
    struct bl_view *view = NULL;
    uint64_t height = 0;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = retention_lowest(&height, view, err);
    bl_view_end(view);
    BL_TRY(status);
    atomic_store(&chain->kept_from, end);
    while (height < end) {
        struct bl_arena arena;
        bl_arena_init(&arena, chain->env->alloc, BL_BLOCK_ARENA_MAX);
        pthread_mutex_lock(&chain->writer);
        status = bl_chain_usable(chain, err);
        if (status == BAALS_OK)
            status = retention_forget_batch(chain, &height, end, &arena, err);
        pthread_mutex_unlock(&chain->writer);
        bl_arena_deinit(&arena);
        BL_TRY(status);
        if (bl_store_layer_bytes(chain->store) > chain->checkpoint_bytes)
            BL_TRY(bl_retention_checkpoint(chain, err));
    }
    return bl_retention_checkpoint(chain, err);
}

/* Removes the segments before the record of block `height`. */
static baals_status
retention_trim(struct baals_chain *chain, uint64_t *freed_out, uint64_t height, baals_error *err)
{
    struct bl_view *view = NULL;
    struct bl_locator locator;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = bl_index_locator(&locator, view, height, err);
    bl_view_end(view);
    BL_TRY(status);
    pthread_mutex_lock(&chain->writer);
    status = bl_chain_usable(chain, err);
    if (status == BAALS_OK)
        status = bl_journal_trim(chain->journal, freed_out, locator.journal_position, err);
    pthread_mutex_unlock(&chain->writer);
    return status;
}

static baals_status
retention_remove_snapshots(struct baals_chain *chain, uint64_t below, baals_error *err)
{
    char dir[BL_PATH_MAX];
    BL_TRY(bl_chain_path(chain, dir, BL_SNAPSHOTS_DIR, err));
    for (;;) {
        char name[BL_SNAPSHOT_NAME_MAX];
        char path[BL_PATH_MAX];
        uint64_t height = 0;
        bool found = false;
        BL_TRY(retention_next(&height, &found, chain, 0, err));
        if (!found || height >= below)
            break;
        bl_snapshot_name(name, height);
        BL_TRY(bl_path_join(path, sizeof path, dir, name, err));
        BL_TRY(bl_env_remove(chain->env, path, err));
    }
    return bl_env_sync_dir(chain->env, dir, err);
}

/* An earlier attempt may have ended between naming a snapshot and syncing its name. */
static baals_status retention_sync_snapshots(struct baals_chain *chain, baals_error *err)
{
    char dir[BL_PATH_MAX];
    BL_TRY(bl_chain_path(chain, dir, BL_SNAPSHOTS_DIR, err));
    BL_TRY(bl_env_sync_dir(chain->env, dir, err));
    return bl_env_sync_dir(chain->env, chain->path, err);
}

static baals_status retention_prune_locked(baals_prune_report *report,
                                           struct baals_chain *chain,
                                           uint64_t keep_blocks,
                                           baals_error *err)
{
    struct retention_plan plan = {.keep_blocks = keep_blocks};
    uint64_t kept_before = atomic_load(&chain->kept_from);
    BL_TRY(bl_kept_drop(chain, err));
    BL_TRY(retention_plan(&plan, chain, err));
    report->snapshot_height = plan.newest;
    report->kept_from = kept_before;
    report->headers_from = bl_kept_from(chain);
    if (!plan.has_first || plan.first < kept_before)
        return BAALS_OK;
    /* It was checked when it was written, perhaps long ago; from here on it is needed. */
    BL_TRY(bl_snapshot_check(chain, plan.first, err));
    BL_TRY(retention_sync_snapshots(chain, err));
    BL_TRY(bl_kept_add(chain, plan.first, err));
    BL_TRY(retention_forget(chain, plan.first, err));
    report->kept_from = plan.first;
    report->headers_from = bl_kept_from(chain);
    report->blocks = plan.first - kept_before;
    BL_TRY(retention_trim(chain, &report->bytes_freed, plan.first, err));
    return retention_remove_snapshots(chain, plan.first, err);
}

baals_status bl_retention_prune(baals_prune_report *report_out,
                                struct baals_chain *chain,
                                uint64_t keep_blocks,
                                baals_error *err)
{
    baals_prune_report report = {0};
    BL_TRY(bl_chain_usable(chain, err));
    pthread_mutex_lock(&chain->pruning);
    baals_status status = retention_prune_locked(&report, chain, keep_blocks, err);
    pthread_mutex_unlock(&chain->pruning);
    if (status == BAALS_OK)
        *report_out = report;
    return status;
}

baals_status baals_prune(baals_chain *chain,
                         baals_prune_report *report_out,
                         uint64_t keep_blocks,
                         baals_error *err)
{
    if (chain == NULL || report_out == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_prune needs a chain and a report");
    return bl_retention_prune(report_out, chain, keep_blocks, err);
}
