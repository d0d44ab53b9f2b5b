/* SPDX-License-Identifier: MIT */
/*
 * The mempool's place in the chain: what enters is written to pool.log, what leaves is remembered
 * with its reason, blocks take theirs out, and a reverted block gives its back. A transaction stays
 * in pool.log until its block is final, so that a fork loses none.
 */
#include <string.h>

#include "runtime/runtime_internal.h"

/* pool.log is rewritten when so much of it is no longer needed. */
#define PENDING_WASTE_BYTES (8u * 1024u * 1024u)

static void pending_forget(struct baals_chain *chain, const baals_hash *id)
{
    baals_error err = {0};
    if (chain->pool_log != NULL && bl_pool_log_remove(chain->pool_log, id, &err) != BAALS_OK)
        bl_log(chain->env, BL_LOG_WARN, "pool.log: %s", err.message);
}

void bl_chain_note_drop(void *ctx, const baals_tx *tx, baals_status reason)
{
    struct baals_chain *chain = ctx;
    struct bl_drop *drop = &chain->drops[chain->drop_next++ % BL_DROPS_KEPT];
    drop->id = tx->id;
    drop->reason = reason;
    pending_forget(chain, &tx->id);
    bl_chain_signal(chain);
}

/* ---- after a block ---- */

static baals_status pending_update_accounts(struct baals_chain *chain,
                                            bool *rules_changed_out,
                                            const struct bl_block_record *record,
                                            struct bl_arena *arena,
                                            baals_error *err)
{
    struct bl_write_set set;
    BL_TRY(bl_write_set_decode(&set, arena, record->write_set, err));
    *rules_changed_out = false;
    for (size_t i = 0; i < set.count; i++) {
        const struct bl_change *change = &set.changes[i];
        if (change->space == BAALS_SPACE_META &&
            (bl_slice_equal(change->key, bl_slice_str(BL_META_PARAMS)) ||
             bl_slice_equal(change->key, bl_slice_str(BL_META_AUTHORITIES))))
            *rules_changed_out = true;
        if (change->space != BAALS_SPACE_ACCOUNTS || change->key.len != sizeof(baals_address))
            continue;
        baals_address address;
        struct bl_account account = {0};
        memcpy(address.bytes, change->key.data, sizeof address.bytes);
        if (change->has_new && bl_account_decode(&account, change->new_value, NULL) != BAALS_OK)
            continue; /* the sentinel record is no account */
        bl_mempool_update(chain->pool, &address, &account);
    }
    return BAALS_OK;
}

/* Judges every pending transaction again: the rules or the branch have changed. */
static baals_status pending_recheck_all(struct baals_chain *chain,
                                        struct bl_view *view,
                                        struct bl_arena *arena,
                                        baals_error *err)
{
    baals_tx *txs = NULL;
    size_t count = 0;
    BL_TRY(bl_mempool_list(chain->pool, &txs, &count, arena, err));
    for (size_t i = 0; i < count; i++) {
        struct bl_account account;
        uint64_t height = 0;
        uint32_t position = 0;
        baals_status status = bl_index_tx(&height, &position, view, &txs[i].id, err);
        if (status == BAALS_OK) {
            (void)bl_mempool_take(chain->pool, &txs[i].id);
            continue;
        }
        if (status == BAALS_NOTFOUND)
            status = bl_ledger_check_pending(&account, &chain->ledger, view, &txs[i], err);
        if (status == BAALS_OK)
            bl_mempool_update(chain->pool, &txs[i].sender, &account);
        else if (BAALS_STATUS_CLASS(status) == BAALS_CLASS_REJECT)
            bl_mempool_drop_tx(chain->pool, &txs[i].id, status);
        else
            return status;
    }
    return BAALS_OK;
}

static baals_status pending_refresh(struct baals_chain *chain,
                                    struct bl_view *view,
                                    const struct bl_block_record *record,
                                    struct bl_arena *arena,
                                    baals_error *err)
{
    baals_slice tx = {NULL, 0};
    size_t place = 0;
    for (size_t cursor = 0; baals_block_txs_next(&tx, &cursor, &record->block) != 0; place++) {
        baals_hash id;
        bl_block_record_tx_id(&id, record, place, tx);
        (void)bl_mempool_take(chain->pool, &id);
    }
    bool rules_changed = false;
    BL_TRY(pending_update_accounts(chain, &rules_changed, record, arena, err));
    bl_mempool_expire(chain->pool, bl_env_clock_ms(chain->env), record->block.header.index + 1);
    if (rules_changed)
        BL_TRY(pending_recheck_all(chain, view, arena, err));
    return BAALS_OK;
}

baals_status bl_chain_refresh_pool(struct baals_chain *chain,
                                   struct bl_view *view,
                                   const struct bl_block_record *record,
                                   baals_error *err)
{
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_BLOCK_ARENA_MAX);
    baals_status status = pending_refresh(chain, view, record, &arena, err);
    bl_arena_deinit(&arena);
    return status;
}

void bl_chain_compact_pool(struct baals_chain *chain)
{
    uint64_t file_bytes = 0;
    uint64_t live_bytes = 0;
    baals_error err = {0};
    bl_pool_log_size(chain->pool_log, &file_bytes, &live_bytes);
    if (file_bytes < 2 * live_bytes + PENDING_WASTE_BYTES)
        return;
    if (bl_pool_log_compact(chain->pool_log, &err) != BAALS_OK)
        bl_log(chain->env, BL_LOG_WARN, "pool.log: %s", err.message);
}

static void pending_forget_block(struct baals_chain *chain, const struct bl_block_record *record)
{
    baals_slice tx = {NULL, 0};
    size_t place = 0;
    for (size_t cursor = 0; baals_block_txs_next(&tx, &cursor, &record->block) != 0; place++) {
        baals_hash id;
        bl_block_record_tx_id(&id, record, place, tx);
        pending_forget(chain, &id);
    }
}

baals_status bl_chain_forget_final(struct baals_chain *chain,
                                   const struct bl_publication *publication,
                                   uint64_t from,
                                   uint64_t to,
                                   baals_error *err)
{
    const struct bl_block_record *newest = publication->record;
    for (uint64_t height = from; height <= to; height++) {
        if (newest != NULL && newest->block.header.index == height) {
            pending_forget_block(chain, newest);
            continue;
        }
        struct bl_journal_record journal;
        struct bl_block_record record;
        BL_TRY(bl_chain_read_block(chain, &journal, &record, publication->view, height, err));
        pending_forget_block(chain, &record);
        bl_journal_record_deinit(chain->journal, &journal);
    }
    bl_chain_compact_pool(chain);
    return BAALS_OK;
}

/* ---- coming in without a user ---- */

/* Adds a transaction that was accepted once; says whether it is pending now. */
static baals_status pending_readd(struct baals_chain *chain,
                                  struct bl_view *view,
                                  const baals_tx *tx,
                                  uint64_t arrived_ms)
{
    struct bl_account account;
    BL_TRY(bl_ledger_check_pending(&account, &chain->ledger, view, tx, NULL));
    return bl_mempool_add(chain->pool, tx, arrived_ms, &account, NULL);
}

/* Puts a reverted block's transactions back, unless the new branch has them too. */
static void
pending_restore_block(struct baals_chain *chain, struct bl_view *view, const baals_block *block)
{
    uint64_t now_ms = bl_env_clock_ms(chain->env);
    baals_slice bytes = {NULL, 0};
    for (size_t cursor = 0; baals_block_txs_next(&bytes, &cursor, block) != 0;) {
        baals_tx tx;
        uint64_t height = 0;
        uint32_t position = 0;
        if (baals_tx_decode(&tx, bytes, NULL) != BAALS_OK ||
            bl_index_tx(&height, &position, view, &tx.id, NULL) == BAALS_OK)
            continue;
        baals_status status = pending_readd(chain, view, &tx, now_ms);
        if (status == BAALS_OK)
            (void)bl_pool_log_put(chain->pool_log, &tx.id, now_ms, tx.bytes, NULL);
        else if (status != BAALS_LIMIT_KNOWN)
            bl_chain_note_drop(chain, &tx, status);
    }
}

baals_status bl_chain_exchange_pool(struct baals_chain *chain,
                                    struct bl_view *view,
                                    const baals_slice *reverted,
                                    size_t count,
                                    baals_error *err)
{
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_BLOCK_ARENA_MAX);
    baals_status status = pending_recheck_all(chain, view, &arena, err);
    bl_arena_deinit(&arena);
    BL_TRY(status);
    for (size_t i = 0; i < count; i++) {
        baals_block block;
        BL_TRY(baals_block_decode(&block, reverted[i], err));
        pending_restore_block(chain, view, &block);
    }
    return BAALS_OK;
}

/* Transactions of pool.log are verified so many at a time. */
#define PENDING_LOAD_COUNT 1024u
#define PENDING_LOAD_BYTES (16u * 1024u * 1024u)

/* What is read from pool.log at opening. */
struct pending_load {
    struct baals_chain *chain;
    struct bl_view *view;
    struct bl_buffer gone; /* ids that need not stay in the file */
    uint64_t count;
    struct bl_arena arena;     /* of the transactions that wait to be verified */
    struct bl_arena room;      /* of the three arrays */
    struct bl_incoming *items; /* PENDING_LOAD_COUNT, of which `waiting` are filled in */
    baals_hash *ids;           /* by the file */
    uint64_t *arrived_ms;
    size_t waiting;
};

/* Verifies what waits and puts it into the mempool, in the order of the file. */
static baals_status pending_load_flush(struct pending_load *load)
{
    if (load->waiting == 0)
        return BAALS_OK;
    bl_verifier_judge_shared(load->chain->verifier, load->items, load->waiting);
    for (size_t i = 0; i < load->waiting; i++) {
        baals_status status = load->items[i].status;
        if (status == BAALS_OK)
            status =
                pending_readd(load->chain, load->view, &load->items[i].tx, load->arrived_ms[i]);
        if (status == BAALS_NOMEM)
            return status;
        if (status == BAALS_OK)
            load->count++;
        else
            bl_buffer_append(&load->gone, load->ids[i].bytes, sizeof load->ids[i].bytes);
    }
    load->waiting = 0;
    bl_arena_reset(&load->arena);
    return BAALS_OK;
}

/* Room for what waits, made when there is something. */
static bool pending_load_room(struct pending_load *load)
{
    if (load->items != NULL)
        return true;
    load->items = bl_arena_zero(&load->room, PENDING_LOAD_COUNT, sizeof *load->items);
    load->ids = bl_arena_zero(&load->room, PENDING_LOAD_COUNT, sizeof *load->ids);
    load->arrived_ms = bl_arena_zero(&load->room, PENDING_LOAD_COUNT, sizeof *load->arrived_ms);
    return load->items != NULL && load->ids != NULL && load->arrived_ms != NULL;
}

static baals_status
pending_load_each(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice bytes)
{
    struct pending_load *load = ctx;
    uint64_t height = 0;
    uint32_t position = 0;
    baals_status status = bl_index_tx(&height, &position, load->view, id, NULL);
    if (status == BAALS_OK) {
        if (height <= load->chain->tip->final_height)
            bl_buffer_append(&load->gone, id->bytes, sizeof id->bytes);
        return BAALS_OK;
    }
    if (load->waiting == PENDING_LOAD_COUNT || load->arena.used > PENDING_LOAD_BYTES)
        BL_TRY(pending_load_flush(load));
    baals_slice copy = {NULL, 0};
    if (!pending_load_room(load) || !bl_arena_copy(&copy, &load->arena, bytes))
        return BAALS_NOMEM;
    load->items[load->waiting] = (struct bl_incoming){.bytes = copy};
    load->ids[load->waiting] = *id;
    load->arrived_ms[load->waiting++] = arrived_ms;
    return BAALS_OK;
}

static baals_status pending_load_all(struct baals_chain *chain, const char *path, baals_error *err)
{
    struct pending_load load = {.chain = chain};
    bl_buffer_init(&load.gone, chain->env->alloc, BL_REQUEST_ARENA_MAX);
    bl_arena_init(&load.arena, chain->env->alloc, BL_REQUEST_ARENA_MAX);
    bl_arena_init(&load.room, chain->env->alloc, BL_REQUEST_ARENA_MAX);
    uint64_t dropped = 0;
    baals_status status = bl_view_begin(&load.view, chain->store, err);
    if (status == BAALS_OK)
        status = bl_pool_log_open(&chain->pool_log, &dropped, chain->env, path,
                                  &chain->ledger.chain_id, pending_load_each, &load, err);
    if (status == BAALS_OK && pending_load_flush(&load) != BAALS_OK)
        status = bl_fail(err, BAALS_NOMEM, "no memory for pending transactions");
    if (status == BAALS_OK)
        status = bl_buffer_status(&load.gone, err);
    for (size_t i = 0; status == BAALS_OK && i < load.gone.len; i += sizeof(baals_hash)) {
        baals_hash id;
        memcpy(id.bytes, load.gone.data + i, sizeof id.bytes);
        pending_forget(chain, &id);
    }
    if (dropped > 0)
        bl_log(chain->env, BL_LOG_WARN, "pool.log: %llu damaged bytes at its end were given up",
               (unsigned long long)dropped);
    if (load.count > 0)
        bl_log(chain->env, BL_LOG_INFO, "%llu pending transactions read from pool.log",
               (unsigned long long)load.count);
    bl_view_end(load.view);
    bl_arena_deinit(&load.arena);
    bl_arena_deinit(&load.room);
    bl_buffer_deinit(&load.gone);
    return status;
}

static uint64_t pending_setting(uint64_t value, uint64_t fallback)
{
    return value != 0 ? value : fallback;
}

baals_status
bl_chain_open_pool(struct baals_chain *chain, const baals_options *options, baals_error *err)
{
    struct bl_mempool_limits limits = {
        .count_max = pending_setting(options->pool_count_max, BL_POOL_COUNT_DEFAULT),
        .bytes_max = pending_setting(options->pool_bytes_max, BL_POOL_BYTES_DEFAULT),
        .per_sender_max = pending_setting(options->pool_per_sender_max, BL_POOL_PER_SENDER_DEFAULT),
        .age_ms_max = pending_setting(options->pool_age_ms_max, BL_POOL_AGE_MS_DEFAULT),
    };
    uint64_t seed = 0;
    char path[BL_PATH_MAX];
    BL_TRY(bl_path_join(path, sizeof path, chain->path, "pool.log", err));
    BL_TRY(bl_env_random(chain->env, (uint8_t *)&seed, sizeof seed, err));
    BL_TRY(bl_mempool_new(&chain->pool, chain->env->alloc, &limits, seed, bl_chain_note_drop, chain,
                          err));
    return pending_load_all(chain, path, err);
}
