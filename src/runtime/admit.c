/* SPDX-License-Identifier: MIT */
/*
 * Admission: verified transactions are judged at the tip, written to pool.log and put into the
 * mempool, many under one lock, with one view and one write. Each is written before it counts as
 * accepted; the few that the mempool refuses after that, because of others of the same batch, are
 * removed from the log again.
 */
#include "runtime/runtime_internal.h"

/* Written at once at most. */
#define ADMIT_WRITE_BYTES (4u * 1024u * 1024u)
#define ADMIT_WRITE_COUNT 1024u

struct admit {
    struct baals_chain *chain;
    struct bl_view *view;
    struct bl_transition *pending; /* the checks at the view's tip */
    struct bl_arena *arena;
    struct bl_pool_log_item *log_items;
    uint64_t now_ms;
};

static baals_status admit_judge(struct admit *a, struct bl_incoming *item, baals_error *err)
{
    uint64_t height = 0;
    uint32_t position = 0;
    baals_status known = bl_index_tx(&height, &position, a->view, &item->tx.id, NULL);
    if (known == BAALS_OK)
        return bl_fail(err, BAALS_LIMIT_KNOWN, "the transaction is in block %llu already",
                       (unsigned long long)height);
    if (known != BAALS_NOTFOUND)
        return bl_fail(err, known, "the index of transactions: %s", baals_status_text(known));
    BL_TRY(bl_ledger_pending_check(&item->account, a->pending, &item->tx, err));
    return bl_mempool_check(a->chain->pool, &item->tx, &item->account, err);
}

/* Writes and adds the items that are OK, all of which fit one write. */
static void admit_write(struct admit *a, struct bl_incoming *items, size_t count)
{
    struct baals_chain *chain = a->chain;
    size_t written = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].status == BAALS_OK)
            a->log_items[written++] = (struct bl_pool_log_item){&items[i].tx.id, items[i].tx.bytes};
    }
    if (written == 0)
        return;
    baals_error err = {0};
    baals_status status =
        bl_pool_log_put_many(chain->pool_log, a->log_items, written, a->now_ms, &err);
    for (size_t i = 0; i < count; i++) {
        struct bl_incoming *item = &items[i];
        if (item->status != BAALS_OK)
            continue;
        if (status != BAALS_OK) {
            item->status = bl_fail(item->err, status, "%s", err.message);
            continue;
        }
        item->status = bl_mempool_add(chain->pool, &item->tx, a->now_ms, &item->account, item->err);
        if (item->status != BAALS_OK && item->status != BAALS_LIMIT_KNOWN)
            (void)bl_pool_log_remove(chain->pool_log, &item->tx.id, NULL);
    }
}

/* Items that were judged and not written yet: those from `begin` on, `accepted` of them OK. */
struct admit_run {
    size_t begin;
    size_t accepted;
    size_t bytes;
};

static void
admit_flush(struct admit *a, struct bl_incoming *items, struct admit_run *run, size_t end)
{
    admit_write(a, items + run->begin, end - run->begin);
    *run = (struct admit_run){.begin = end};
}

/* A refusal may be due to what the items before it, not added yet, have changed: then it is judged
 * again behind them. Acceptance is judged again when the item is added. */
static void admit_all(struct admit *a, struct bl_incoming *items, size_t count)
{
    struct admit_run run = {.begin = 0};
    for (size_t i = 0; i < count; i++) {
        struct bl_incoming *item = &items[i];
        if (item->status != BAALS_OK)
            continue;
        if (run.accepted == ADMIT_WRITE_COUNT ||
            (run.accepted > 0 && item->tx.bytes.len > ADMIT_WRITE_BYTES - run.bytes))
            admit_flush(a, items, &run, i);
        item->status = admit_judge(a, item, run.accepted > 0 ? NULL : item->err);
        if (item->status != BAALS_OK && run.accepted > 0) {
            admit_flush(a, items, &run, i);
            item->status = admit_judge(a, item, item->err);
        }
        if (item->status == BAALS_OK) {
            run.accepted++;
            run.bytes += item->tx.bytes.len;
        }
    }
    admit_flush(a, items, &run, count);
}

static baals_status admit_begin(struct admit *a, size_t count, baals_error *err)
{
    size_t room = count < ADMIT_WRITE_COUNT ? count : ADMIT_WRITE_COUNT;
    a->log_items = bl_arena_zero(a->arena, room + 1, sizeof *a->log_items);
    if (a->log_items == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to accept transactions");
    BL_TRY(bl_view_begin(&a->view, a->chain->store, err));
    return bl_ledger_pending_begin(&a->pending, &a->chain->ledger, a->view, a->arena, err);
}

void bl_chain_admit(struct baals_chain *chain, struct bl_incoming *items, size_t count)
{
    struct bl_arena arena;
    struct admit a = {.chain = chain, .arena = &arena};
    baals_error err = {0};
    bl_arena_init(&arena, chain->env->alloc, BL_REQUEST_ARENA_MAX);
    pthread_mutex_lock(&chain->lock);
    baals_status status = chain->failed == BAALS_OK ? admit_begin(&a, count, &err)
                                                    : bl_chain_stopped(chain->failed, &err);
    if (status == BAALS_OK) {
        a.now_ms = bl_env_clock_ms(chain->env);
        bl_mempool_expire(chain->pool, a.now_ms, chain->tip->header.index + 1);
        admit_all(&a, items, count);
        bl_chain_compact_pool(chain);
        chain->changes++;
    }
    bl_ledger_pending_end(a.pending);
    bl_view_end(a.view);
    pthread_mutex_unlock(&chain->lock);
    /* Without the lock, which whoever wakes takes first. */
    pthread_cond_signal(&chain->arrived);
    bl_arena_deinit(&arena);
    for (size_t i = 0; status != BAALS_OK && i < count; i++) {
        if (items[i].status == BAALS_OK)
            items[i].status = bl_fail(items[i].err, status, "%s", err.message);
    }
}
