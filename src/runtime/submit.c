/* SPDX-License-Identifier: MIT */
/*
 * Transactions of users: accepting them into the mempool and waiting until they are committed. What
 * does not need the chain (form, signature) is checked before any lock is taken.
 */
#include "runtime/runtime_internal.h"

/* Under `lock`: every check at the tip, pool.log, pool. */
static baals_status
submit_accept(struct baals_chain *chain, struct bl_view *view, const baals_tx *tx, baals_error *err)
{
    uint64_t height = 0;
    uint32_t position = 0;
    baals_status known = bl_index_tx(&height, &position, view, &tx->id, err);
    if (known == BAALS_OK)
        return bl_fail(err, BAALS_LIMIT_KNOWN, "the transaction is in block %llu already",
                       (unsigned long long)height);
    if (known != BAALS_NOTFOUND)
        return known;
    struct bl_account account;
    uint64_t now_ms = bl_env_clock_ms(chain->env);
    BL_TRY(bl_ledger_check_pending(&account, &chain->ledger, view, tx, err));
    bl_mempool_expire(chain->pool, now_ms, chain->tip->header.index + 1);
    BL_TRY(bl_mempool_check(chain->pool, tx, &account, err));
    BL_TRY(bl_pool_log_put(chain->pool_log, &tx->id, now_ms, tx->bytes, err));
    baals_status status = bl_mempool_add(chain->pool, tx, now_ms, &account, err);
    if (status != BAALS_OK) {
        (void)bl_pool_log_remove(chain->pool_log, &tx->id, NULL);
        return status;
    }
    bl_chain_compact_pool(chain);
    bl_chain_signal(chain);
    return BAALS_OK;
}

baals_status
baals_submit(baals_chain *chain, baals_hash *id_out, baals_slice tx_bytes, baals_error *err)
{
    if (chain == NULL || (tx_bytes.data == NULL && tx_bytes.len > 0))
        return bl_fail(err, BAALS_MISUSE, "baals_submit needs a chain and a transaction");
    baals_tx tx;
    BL_TRY(baals_tx_decode(&tx, tx_bytes, err));
    BL_TRY(baals_tx_verify(&tx, err));
    BL_TRY(bl_chain_usable(chain, err));
    pthread_mutex_lock(&chain->lock);
    struct bl_view *view = NULL;
    baals_status status = bl_view_begin(&view, chain->store, err);
    if (status == BAALS_OK)
        status = submit_accept(chain, view, &tx, err);
    bl_view_end(view);
    pthread_mutex_unlock(&chain->lock);
    if (status == BAALS_OK && id_out != NULL)
        *id_out = tx.id;
    return status;
}

/* ---- waiting ---- */

/* Where the transaction stands, NOTFOUND when it is not in a block. */
static baals_status
submit_place(struct baals_chain *chain, baals_tx_place *out, const baals_hash *id, baals_error *err)
{
    struct bl_view *view = NULL;
    baals_tx_place place = {0};
    struct bl_locator locator;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = bl_index_tx(&place.height, &place.position, view, id, err);
    if (status == BAALS_OK)
        status = bl_index_locator(&locator, view, place.height, err);
    bl_view_end(view);
    BL_TRY(status);
    place.block_hash = locator.hash;
    *out = place;
    return BAALS_OK;
}

/* Why it left the pool, OK when nothing is remembered. Newest first. */
static baals_status submit_drop_reason(const struct baals_chain *chain, const baals_hash *id)
{
    size_t kept = chain->drop_next < BL_DROPS_KEPT ? chain->drop_next : BL_DROPS_KEPT;
    for (size_t i = 1; i <= kept; i++) {
        const struct bl_drop *drop = &chain->drops[(chain->drop_next - i) % BL_DROPS_KEPT];
        if (bl_hash_equal(&drop->id, id))
            return drop->reason;
    }
    return BAALS_OK;
}

/* Under `lock`: committed, dropped, unknown, or BUSY_TIMEOUT for "still pending". */
static baals_status
submit_look(struct baals_chain *chain, baals_tx_place *out, const baals_hash *id, baals_error *err)
{
    baals_status status = submit_place(chain, out, id, err);
    if (status != BAALS_NOTFOUND)
        return status;
    if (bl_mempool_get(chain->pool, id) != NULL)
        return chain->failed == BAALS_OK
                   ? bl_fail(err, BAALS_BUSY_TIMEOUT, "the transaction is still pending")
                   : bl_fail(err, BAALS_MISUSE_CLOSED, "the chain has stopped writing");
    baals_status reason = submit_drop_reason(chain, id);
    if (reason != BAALS_OK)
        return bl_fail(err, reason, "the transaction left the mempool: %s",
                       baals_status_text(reason));
    return bl_fail(err, BAALS_NOTFOUND, "the transaction is neither pending nor in a block");
}

baals_status baals_wait(baals_chain *chain,
                        baals_tx_place *place_out,
                        const baals_hash *id,
                        uint32_t timeout_ms,
                        baals_error *err)
{
    if (chain == NULL || place_out == NULL || id == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_wait needs a chain, a place and an id");
    uint64_t until_ns = bl_env_monotonic_ns(chain->env) + (uint64_t)timeout_ms * 1000000u;
    pthread_mutex_lock(&chain->lock);
    baals_status status = submit_look(chain, place_out, id, err);
    while (status == BAALS_BUSY_TIMEOUT && !chain->stopping) {
        uint64_t now_ns = bl_env_monotonic_ns(chain->env);
        if (now_ns >= until_ns)
            break;
        bl_chain_wait_changed(chain, (until_ns - now_ns) / 1000000u + 1);
        status = submit_look(chain, place_out, id, err);
    }
    pthread_mutex_unlock(&chain->lock);
    return status;
}

/* ---- looking at the pool ---- */

baals_status baals_nonce_next(baals_chain *chain,
                              uint64_t *nonce_out,
                              const baals_address *sender,
                              baals_error *err)
{
    if (chain == NULL || nonce_out == NULL || sender == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_nonce_next needs a chain, a nonce and a sender");
    struct bl_account account = {0};
    pthread_mutex_lock(&chain->lock);
    struct bl_view *view = NULL;
    baals_status status = bl_view_begin(&view, chain->store, err);
    if (status == BAALS_OK)
        status = bl_ledger_account(&account, view, sender, err);
    if (status == BAALS_OK || status == BAALS_NOTFOUND) {
        *nonce_out = bl_mempool_nonce_next(chain->pool, sender, account.nonce);
        status = BAALS_OK;
    }
    bl_view_end(view);
    pthread_mutex_unlock(&chain->lock);
    return status;
}

baals_status baals_pending_each(
    baals_chain *chain,
    int32_t (*each)(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice tx),
    void *ctx,
    baals_error *err)
{
    if (chain == NULL || each == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_pending_each needs a chain and a callback");
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_REQUEST_ARENA_MAX);
    baals_tx *txs = NULL;
    size_t count = 0;
    pthread_mutex_lock(&chain->lock);
    baals_status status = bl_mempool_list(chain->pool, &txs, &count, &arena, err);
    uint64_t *arrived = bl_arena_zero(&arena, count + 1, sizeof *arrived);
    for (size_t i = 0; status == BAALS_OK && arrived != NULL && i < count; i++)
        arrived[i] = bl_mempool_arrived_ms(chain->pool, &txs[i].id);
    pthread_mutex_unlock(&chain->lock);
    if (status == BAALS_OK && arrived == NULL)
        status = bl_fail(err, BAALS_NOMEM, "no memory to list pending transactions");
    for (size_t i = 0; status == BAALS_OK && i < count; i++) {
        if (each(ctx, &txs[i].id, arrived[i], txs[i].bytes) != 0)
            break;
    }
    bl_arena_deinit(&arena);
    return status;
}

baals_status baals_pending_clear(baals_chain *chain, baals_error *err)
{
    if (chain == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_pending_clear needs a chain");
    pthread_mutex_lock(&chain->lock);
    bl_mempool_clear(chain->pool, BAALS_LIMIT);
    baals_status status = bl_pool_log_clear(chain->pool_log, err);
    bl_chain_signal(chain);
    pthread_mutex_unlock(&chain->lock);
    return status;
}
