/* SPDX-License-Identifier: MIT */
/*
 * Transactions of users: accepting them into the mempool and waiting until they are committed.
 *
 * Signatures are checked without any lock. Calls of baals_submit that come while another one's
 * signature is being checked gather, and one of the waiting threads takes them all in together. A
 * call of baals_submit_many is cut into shares; threads take shares and verify them, and whoever
 * finishes admits all verified shares that are next in order, so that admission runs beside
 * verification and no thread waits for another.
 */
#include "runtime/runtime_internal.h"

/* Calls of baals_submit that are taken in together at most. */
#define SUBMIT_GATHER_MAX 1024u
/* Transactions of baals_submit_many that are in memory decoded at most. */
#define SUBMIT_MANY_MAX 8192u

/* ---- many ---- */

/* Shares of one call, taken by the chain's workers. */
struct submit_shares {
    struct baals_chain *chain;
    struct bl_incoming *items;
    size_t count;
    size_t share;
    size_t share_count;
    pthread_mutex_t mutex; /* guards what follows */
    bool *verified;        /* per share */
    size_t next;           /* the first share that is not admitted */
    bool admitting;        /* a thread admits shares from `next` on */
};

/* The items of a share. */
static struct bl_incoming *
submit_share(const struct submit_shares *shares, size_t number, size_t *count_out)
{
    size_t begin = number * shares->share;
    size_t left = shares->count - begin;
    *count_out = left < shares->share ? left : shares->share;
    return shares->items + begin;
}

static void submit_run_share(void *ctx, size_t number)
{
    struct submit_shares *shares = ctx;
    size_t count = 0;
    struct bl_incoming *items = submit_share(shares, number, &count);
    bl_verifier_judge(shares->chain->verifier, items, count);
    pthread_mutex_lock(&shares->mutex);
    shares->verified[number] = true;
    if (!shares->admitting) {
        shares->admitting = true;
        while (shares->next < shares->share_count && shares->verified[shares->next]) {
            items = submit_share(shares, shares->next, &count);
            pthread_mutex_unlock(&shares->mutex);
            bl_chain_admit(shares->chain, items, count);
            pthread_mutex_lock(&shares->mutex);
            shares->next++;
        }
        shares->admitting = false;
    }
    pthread_mutex_unlock(&shares->mutex);
}

/* Verifies and admits the items, in their order. */
static baals_status submit_items(struct baals_chain *chain,
                                 struct bl_incoming *items,
                                 size_t count,
                                 struct bl_arena *arena,
                                 baals_error *err)
{
    struct submit_shares shares = {.chain = chain, .items = items, .count = count};
    shares.share = bl_verifier_share(chain->verifier, count);
    shares.share_count = (count + shares.share - 1) / shares.share;
    shares.verified = bl_arena_zero(arena, shares.share_count + 1, sizeof *shares.verified);
    if (shares.verified == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to take in transactions");
    BL_ASSERT(pthread_mutex_init(&shares.mutex, NULL) == 0);
    bl_workers_run(chain->workers, submit_run_share, &shares, shares.share_count);
    pthread_mutex_destroy(&shares.mutex);
    BL_ASSERT(shares.next == shares.share_count);
    return BAALS_OK;
}

/* True for a status that says something about this machine and not about the transaction. */
static bool submit_is_local(baals_status status)
{
    int class = BAALS_STATUS_CLASS(status);
    return class != BAALS_CLASS_OK && class != BAALS_CLASS_REJECT && class != BAALS_CLASS_LIMIT;
}

/* The calls of one slice of baals_submit_many; the first local failure, with its message. */
static baals_status submit_slice(struct baals_chain *chain,
                                 baals_hash *ids_out,
                                 baals_status *statuses_out,
                                 const baals_slice *txs,
                                 size_t count,
                                 baals_error *err)
{
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_REQUEST_ARENA_MAX);
    struct bl_incoming *items = bl_arena_zero(&arena, count, sizeof *items);
    baals_status status =
        items != NULL ? BAALS_OK : bl_fail(err, BAALS_NOMEM, "no memory to take in transactions");
    for (size_t i = 0; status == BAALS_OK && i < count; i++)
        items[i].bytes = txs[i];
    if (status == BAALS_OK)
        status = submit_items(chain, items, count, &arena, err);
    for (size_t i = 0; i < count; i++) {
        statuses_out[i] = status == BAALS_OK ? items[i].status : status;
        if (ids_out != NULL)
            ids_out[i] = statuses_out[i] == BAALS_OK ? items[i].tx.id : (baals_hash){{0}};
    }
    bl_arena_deinit(&arena);
    for (size_t i = 0; status == BAALS_OK && i < count; i++) {
        if (submit_is_local(statuses_out[i]))
            status = bl_fail(err, statuses_out[i], "%s", baals_status_text(statuses_out[i]));
    }
    return status;
}

static baals_status submit_check_many(const baals_chain *chain,
                                      const baals_status *statuses_out,
                                      const baals_slice *txs,
                                      size_t count,
                                      baals_error *err)
{
    if (chain == NULL || (count > 0 && (statuses_out == NULL || txs == NULL)))
        return bl_fail(err, BAALS_MISUSE,
                       "baals_submit_many needs a chain, transactions and a place for statuses");
    for (size_t i = 0; i < count; i++) {
        if (txs[i].data == NULL && txs[i].len > 0)
            return bl_fail(err, BAALS_MISUSE, "transaction %zu is NULL", i);
    }
    return BAALS_OK;
}

baals_status baals_submit_many(baals_chain *chain,
                               baals_hash *ids_out,
                               baals_status *statuses_out,
                               const baals_slice *txs,
                               size_t count,
                               baals_error *err)
{
    BL_TRY(submit_check_many(chain, statuses_out, txs, count, err));
    baals_status first = BAALS_OK;
    for (size_t begin = 0; begin < count; begin += SUBMIT_MANY_MAX) {
        size_t len = count - begin < SUBMIT_MANY_MAX ? count - begin : SUBMIT_MANY_MAX;
        baals_hash *ids = ids_out != NULL ? ids_out + begin : NULL;
        baals_status status = submit_slice(chain, ids, statuses_out + begin, txs + begin, len,
                                           first == BAALS_OK ? err : NULL);
        if (first == BAALS_OK)
            first = status;
    }
    return first;
}

/* ---- one ---- */

/* A call of baals_submit that waits in the gate; it lies on its caller's stack. */
struct bl_submit_request {
    struct bl_submit_request *next;
    struct bl_incoming item;
    pthread_cond_t wake; /* done, or leads */
    bool done;
    bool leads; /* this thread takes in what waits */
};

/* Waits for its turn. True: the caller takes in what waits, itself first. False: another thread did
 * that for it. */
static bool submit_gate_enter(struct bl_submit_gate *gate, struct bl_submit_request *request)
{
    pthread_mutex_lock(&gate->mutex);
    if (gate->last == NULL)
        gate->first = request;
    else
        gate->last->next = request;
    gate->last = request;
    if (!gate->busy) {
        gate->busy = true;
        request->leads = true;
    } else {
        BL_ASSERT(pthread_cond_init(&request->wake, NULL) == 0);
        while (!request->done && !request->leads)
            pthread_cond_wait(&request->wake, &gate->mutex);
        pthread_cond_destroy(&request->wake);
    }
    pthread_mutex_unlock(&gate->mutex);
    return request->leads;
}

/* Takes the requests that wait off the gate; the caller's is the first. */
static struct bl_submit_request *submit_gate_take(struct bl_submit_gate *gate, size_t *count_out)
{
    pthread_mutex_lock(&gate->mutex);
    struct bl_submit_request *first = gate->first;
    struct bl_submit_request *last = first;
    size_t count = 1;
    for (; last->next != NULL && count < SUBMIT_GATHER_MAX; count++)
        last = last->next;
    gate->first = last->next;
    if (gate->first == NULL)
        gate->last = NULL;
    last->next = NULL;
    pthread_mutex_unlock(&gate->mutex);
    *count_out = count;
    return first;
}

/* Lets the next thread lead, if one waits; wakes those whose requests are done. */
static void submit_gate_leave(struct bl_submit_gate *gate, struct bl_submit_request *taken)
{
    pthread_mutex_lock(&gate->mutex);
    for (struct bl_submit_request *request = taken->next; request != NULL;) {
        struct bl_submit_request *next = request->next;
        request->done = true;
        pthread_cond_signal(&request->wake);
        request = next;
    }
    if (gate->first != NULL) {
        gate->first->leads = true;
        pthread_cond_signal(&gate->first->wake);
    } else {
        gate->busy = false;
    }
    pthread_mutex_unlock(&gate->mutex);
}

/* Takes in `count` > 1 requests together. */
static void submit_take_in(struct baals_chain *chain, struct bl_submit_request *first, size_t count)
{
    struct bl_arena arena;
    baals_error err = {0};
    size_t place = 0;
    bl_arena_init(&arena, chain->env->alloc, BL_REQUEST_ARENA_MAX);
    struct bl_incoming *items = bl_arena_zero(&arena, count, sizeof *items);
    baals_status status = BAALS_NOMEM;
    if (items != NULL) {
        for (struct bl_submit_request *request = first; request != NULL; request = request->next)
            items[place++] = request->item;
        status = submit_items(chain, items, count, &arena, &err);
    }
    place = 0;
    for (struct bl_submit_request *request = first; request != NULL; request = request->next) {
        if (status == BAALS_OK)
            request->item = items[place++];
        else
            request->item.status =
                bl_fail(request->item.err, status, "no memory to take in transactions");
    }
    bl_arena_deinit(&arena);
}

baals_status
baals_submit(baals_chain *chain, baals_hash *id_out, baals_slice tx_bytes, baals_error *err)
{
    if (chain == NULL || (tx_bytes.data == NULL && tx_bytes.len > 0))
        return bl_fail(err, BAALS_MISUSE, "baals_submit needs a chain and a transaction");
    struct bl_submit_request request = {.item = {.bytes = tx_bytes, .err = err}};
    if (submit_gate_enter(&chain->gate, &request)) {
        size_t count = 0;
        struct bl_submit_request *taken = submit_gate_take(&chain->gate, &count);
        if (count > 1) {
            submit_take_in(chain, taken, count);
        } else {
            bl_verifier_judge(chain->verifier, &request.item, 1);
            bl_chain_admit(chain, &request.item, 1);
        }
        submit_gate_leave(&chain->gate, taken);
    }
    if (request.item.status == BAALS_OK && id_out != NULL)
        *id_out = request.item.tx.id;
    return request.item.status;
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

/* Under `lock`: waits as long as the transaction is pending; OK when it is not. */
static baals_status submit_wait_pending(struct baals_chain *chain,
                                        const baals_hash *id,
                                        uint64_t until_ns,
                                        baals_error *err)
{
    while (bl_mempool_get(chain->pool, id) != NULL) {
        if (chain->failed != BAALS_OK)
            return bl_chain_stopped(chain->failed, err);
        uint64_t now_ns = bl_env_monotonic_ns(chain->env);
        if (chain->stopping || now_ns >= until_ns)
            return bl_fail(err, BAALS_BUSY_TIMEOUT, "the transaction is still pending");
        bl_chain_wait_on(chain, &chain->changed, (until_ns - now_ns) / 1000000u + 1);
    }
    return BAALS_OK;
}

/* Under `lock`, for a transaction that was neither pending nor in a block a moment ago:
 * BUSY_TIMEOUT when it is pending again, because its block was reverted. */
static baals_status
submit_look(struct baals_chain *chain, baals_tx_place *out, const baals_hash *id, baals_error *err)
{
    if (bl_mempool_get(chain->pool, id) != NULL)
        return BAALS_BUSY_TIMEOUT;
    baals_status status = submit_place(chain, out, id, err);
    if (status != BAALS_NOTFOUND)
        return status;
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
    baals_status status;
    do {
        pthread_mutex_lock(&chain->lock);
        status = submit_wait_pending(chain, id, until_ns, err);
        pthread_mutex_unlock(&chain->lock);
        BL_TRY(status);
        /* What left the pool for a block is in the store by now: no need to look under the lock,
         * where all who wait for this block would stand in line. */
        status = submit_place(chain, place_out, id, err);
        if (status != BAALS_NOTFOUND)
            return status;
        pthread_mutex_lock(&chain->lock);
        status = submit_look(chain, place_out, id, err);
        pthread_mutex_unlock(&chain->lock);
    } while (status == BAALS_BUSY_TIMEOUT);
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
