/* SPDX-License-Identifier: MIT */
/*
 * Transactions by id and, per sender, a queue sorted by nonce whose first `ready` entries follow
 * the account's nonce without a gap. `cost` of a queue is at most the sender's balance, so every
 * ready transaction is affordable in its turn. At the limits one transaction makes room for one:
 * the victim is the last of some other sender's queue, not ready before ready, then cheapest, then
 * latest, and only when it ranks strictly below the newcomer.
 */
#include "runtime/mempool.h"

#include <string.h>

struct mempool_entry {
    baals_tx tx; /* borrows from `bytes` */
    uint64_t arrived_ms;
    uint64_t sequence; /* order of arrival */
    uint64_t cost;
    uint8_t *bytes;
};

struct mempool_sender {
    baals_address address;
    uint64_t nonce;   /* of the account */
    uint64_t balance; /* of the account */
    uint64_t cost;    /* of all queued; at most the balance */
    struct mempool_entry **items;
    size_t first; /* items[first .. first + count) are queued, by nonce */
    size_t count;
    size_t cap;
    size_t ready;
};

struct bl_mempool {
    struct bl_alloc alloc;
    struct bl_mempool_limits limits;
    struct bl_key_table entries;
    struct bl_key_table senders;
    uint64_t bytes;
    uint64_t sequence;
    uint64_t ready_count;
    uint64_t ready_bytes;
    uint64_t expiry_min;     /* no valid_until is below this */
    uint64_t arrived_ms_min; /* nothing arrived before this */
    bl_mempool_drop drop;
    void *drop_ctx;
};

baals_status bl_mempool_new(struct bl_mempool **out,
                            struct bl_alloc alloc,
                            const struct bl_mempool_limits *limits,
                            uint64_t seed,
                            bl_mempool_drop drop,
                            void *drop_ctx,
                            baals_error *err)
{
    struct bl_mempool *pool = bl_alloc_zero(&alloc, 1, sizeof *pool);
    if (pool == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the mempool");
    pool->alloc = alloc;
    pool->limits = *limits;
    pool->expiry_min = UINT64_MAX;
    pool->arrived_ms_min = UINT64_MAX;
    pool->drop = drop;
    pool->drop_ctx = drop_ctx;
    bl_key_table_init(&pool->entries, alloc, seed);
    bl_key_table_init(&pool->senders, alloc, seed);
    *out = pool;
    return BAALS_OK;
}

static void mempool_entry_free(struct bl_mempool *pool, struct mempool_entry *entry)
{
    bl_alloc_free(&pool->alloc, entry->bytes, entry->tx.bytes.len);
    bl_alloc_free(&pool->alloc, entry, sizeof *entry);
}

static void mempool_sender_free(struct bl_mempool *pool, struct mempool_sender *sender)
{
    bl_alloc_free(&pool->alloc, sender->items, sender->cap * sizeof(struct mempool_entry *));
    bl_alloc_free(&pool->alloc, sender, sizeof *sender);
}

void bl_mempool_free(struct bl_mempool *pool)
{
    if (pool == NULL)
        return;
    size_t cursor = 0;
    for (struct mempool_entry *entry = bl_key_table_next(&pool->entries, &cursor); entry != NULL;
         entry = bl_key_table_next(&pool->entries, &cursor))
        mempool_entry_free(pool, entry);
    cursor = 0;
    for (struct mempool_sender *sender = bl_key_table_next(&pool->senders, &cursor); sender != NULL;
         sender = bl_key_table_next(&pool->senders, &cursor))
        mempool_sender_free(pool, sender);
    bl_key_table_deinit(&pool->entries);
    bl_key_table_deinit(&pool->senders);
    struct bl_alloc alloc = pool->alloc;
    bl_alloc_free(&alloc, pool, sizeof *pool);
}

/* ---- queues ---- */

static struct mempool_entry *mempool_item(const struct mempool_sender *sender, size_t index)
{
    BL_DCHECK(index < sender->count);
    return sender->items[sender->first + index];
}

static struct mempool_sender *mempool_sender_get(const struct bl_mempool *pool,
                                                 const baals_address *address)
{
    return bl_key_table_get(&pool->senders, address->bytes);
}

/* The first place whose nonce is not below `nonce`. */
static size_t mempool_place(const struct mempool_sender *sender, uint64_t nonce)
{
    size_t low = 0;
    size_t high = sender->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (mempool_item(sender, middle)->tx.nonce < nonce)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Moves the border of what is ready to `ready`, keeping the pool's sums. */
static void mempool_set_ready(struct bl_mempool *pool, struct mempool_sender *sender, size_t ready)
{
    for (; sender->ready < ready; sender->ready++) {
        pool->ready_count++;
        pool->ready_bytes += mempool_item(sender, sender->ready)->tx.bytes.len;
    }
    for (; sender->ready > ready; sender->ready--) {
        pool->ready_count--;
        pool->ready_bytes -= mempool_item(sender, sender->ready - 1)->tx.bytes.len;
    }
}

/* Extends what is ready as far as nonces follow one another. */
static void mempool_extend_ready(struct bl_mempool *pool, struct mempool_sender *sender)
{
    size_t ready = sender->ready;
    while (ready < sender->count && mempool_item(sender, ready)->tx.nonce == sender->nonce + ready)
        ready++;
    mempool_set_ready(pool, sender, ready);
}

/* Makes room for one more item at the end of the array. */
static bool mempool_reserve(struct bl_mempool *pool, struct mempool_sender *sender)
{
    if (sender->first + sender->count < sender->cap)
        return true;
    if (sender->first > sender->cap / 2) {
        memmove(sender->items, sender->items + sender->first,
                sender->count * sizeof *sender->items);
        sender->first = 0;
        return true;
    }
    size_t cap = sender->cap == 0 ? 4 : sender->cap * 2;
    struct mempool_entry **items = bl_alloc_resize(
        &pool->alloc, sender->items, sender->cap * sizeof *items, cap * sizeof *items);
    if (items == NULL)
        return false;
    sender->items = items;
    sender->cap = cap;
    return true;
}

/* Takes the item, which is not counted as ready any more, out of queue, table and sums; the caller
 * frees it. */
static struct mempool_entry *
mempool_detach(struct bl_mempool *pool, struct mempool_sender *sender, size_t index)
{
    struct mempool_entry *entry = mempool_item(sender, index);
    if (index == 0) {
        sender->first++;
    } else {
        struct mempool_entry **place = sender->items + sender->first + index;
        memmove(place, place + 1, (sender->count - index - 1) * sizeof *place);
    }
    sender->count--;
    sender->cost -= entry->cost;
    pool->bytes -= entry->tx.bytes.len;
    void *removed = bl_key_table_remove(&pool->entries, entry->tx.id.bytes);
    BL_ASSERT(removed == entry);
    return entry;
}

/* Takes out the sender's next transaction, because its nonce is used: the others stay ready behind
 * the next nonce. */
static struct mempool_entry *mempool_unlink_next(struct bl_mempool *pool,
                                                 struct mempool_sender *sender)
{
    struct mempool_entry *entry = mempool_item(sender, 0);
    BL_ASSERT(sender->ready > 0);
    sender->ready--;
    sender->nonce++;
    pool->ready_count--;
    pool->ready_bytes -= entry->tx.bytes.len;
    return mempool_detach(pool, sender, 0);
}

static struct mempool_entry *
mempool_unlink(struct bl_mempool *pool, struct mempool_sender *sender, size_t index)
{
    if (index < sender->ready)
        mempool_set_ready(pool, sender, index);
    return mempool_detach(pool, sender, index);
}

/* True when it was empty: then it is gone. */
static bool mempool_forget_if_empty(struct bl_mempool *pool, struct mempool_sender *sender)
{
    if (sender->count > 0)
        return false;
    void *removed = bl_key_table_remove(&pool->senders, sender->address.bytes);
    BL_ASSERT(removed == sender);
    mempool_sender_free(pool, sender);
    return true;
}

/* Unlinks, tells why, frees. The sender stays, even when empty. */
static void mempool_drop_item(struct bl_mempool *pool,
                              struct mempool_sender *sender,
                              size_t index,
                              baals_status reason)
{
    struct mempool_entry *entry = mempool_unlink(pool, sender, index);
    pool->drop(pool->drop_ctx, &entry->tx, reason);
    mempool_entry_free(pool, entry);
}

/* ---- adding ---- */

/* What an addition would do; found by mempool_plan, done by bl_mempool_add. */
struct mempool_plan {
    struct mempool_sender *sender; /* NULL: new */
    size_t place;
    bool replaces;
    uint64_t cost;
    struct mempool_sender *victim; /* NULL: there is room */
};

static baals_status
mempool_plan_replace(const struct mempool_entry *old, const baals_tx *tx, baals_error *err)
{
    uint64_t raise = old->tx.gas_price / 10;
    uint64_t needed = 0;
    if (raise == 0)
        raise = 1;
    if (!bl_u64_add(&needed, old->tx.gas_price, raise) || tx->gas_price < needed)
        return bl_fail(err, BAALS_LIMIT_PRICE,
                       "nonce %llu is pending at gas price %llu; replacing it takes %llu more",
                       (unsigned long long)tx->nonce, (unsigned long long)old->tx.gas_price,
                       (unsigned long long)raise);
    return BAALS_OK;
}

static baals_status mempool_plan_cost(struct mempool_plan *plan,
                                      const baals_tx *tx,
                                      const struct bl_account *account,
                                      baals_error *err)
{
    uint64_t queued = plan->sender != NULL ? plan->sender->cost : 0;
    if (plan->replaces)
        queued -= mempool_item(plan->sender, plan->place)->cost;
    uint64_t total = 0;
    if (!bl_u64_mul(&plan->cost, tx->gas_limit, tx->gas_price) ||
        !bl_u64_add(&plan->cost, plan->cost, tx->amount.units) ||
        !bl_u64_add(&total, queued, plan->cost) || total > account->balance)
        return bl_fail(err, BAALS_REJECT_BALANCE,
                       "balance %llu does not cover this and %llu for what is pending",
                       (unsigned long long)account->balance, (unsigned long long)queued);
    return BAALS_OK;
}

/* True when the last of `a` has to go before the last of `b`. */
static bool mempool_ranks_below(const struct mempool_sender *a, const struct mempool_sender *b)
{
    const struct mempool_entry *last_a = mempool_item(a, a->count - 1);
    const struct mempool_entry *last_b = mempool_item(b, b->count - 1);
    bool ready_a = a->ready == a->count;
    bool ready_b = b->ready == b->count;
    if (ready_a != ready_b)
        return ready_b;
    if (last_a->tx.gas_price != last_b->tx.gas_price)
        return last_a->tx.gas_price < last_b->tx.gas_price;
    return last_a->sequence > last_b->sequence;
}

static struct mempool_sender *mempool_victim(const struct bl_mempool *pool,
                                             const struct mempool_sender *except)
{
    struct mempool_sender *victim = NULL;
    size_t cursor = 0;
    for (struct mempool_sender *sender = bl_key_table_next(&pool->senders, &cursor); sender != NULL;
         sender = bl_key_table_next(&pool->senders, &cursor)) {
        if (sender == except || sender->count == 0)
            continue;
        if (victim == NULL || mempool_ranks_below(sender, victim))
            victim = sender;
    }
    return victim;
}

static baals_status mempool_plan_room(struct mempool_plan *plan,
                                      const struct bl_mempool *pool,
                                      const baals_tx *tx,
                                      uint64_t account_nonce,
                                      baals_error *err)
{
    uint64_t count = pool->entries.count + 1;
    uint64_t bytes = pool->bytes + tx->bytes.len;
    if (plan->replaces) {
        count--;
        bytes -= mempool_item(plan->sender, plan->place)->tx.bytes.len;
    }
    if (count <= pool->limits.count_max && bytes <= pool->limits.bytes_max)
        return BAALS_OK;
    uint64_t queued_ready = plan->sender != NULL ? plan->sender->ready : 0;
    bool ready = tx->nonce <= account_nonce + queued_ready;
    struct mempool_sender *victim = mempool_victim(pool, plan->sender);
    if (victim != NULL) {
        const struct mempool_entry *last = mempool_item(victim, victim->count - 1);
        bool victim_ready = victim->ready == victim->count;
        bool below = victim_ready != ready ? ready : last->tx.gas_price < tx->gas_price;
        if (below && bytes - last->tx.bytes.len <= pool->limits.bytes_max) {
            plan->victim = victim;
            return BAALS_OK;
        }
    }
    return bl_fail(
        err, BAALS_LIMIT_POOL,
        "the mempool holds %llu transactions and %llu bytes; a higher gas price makes room",
        (unsigned long long)pool->entries.count, (unsigned long long)pool->bytes);
}

static baals_status mempool_plan(struct mempool_plan *plan,
                                 const struct bl_mempool *pool,
                                 const baals_tx *tx,
                                 const struct bl_account *account,
                                 baals_error *err)
{
    memset(plan, 0, sizeof *plan);
    if (bl_key_table_get(&pool->entries, tx->id.bytes) != NULL)
        return bl_fail(err, BAALS_LIMIT_KNOWN, "the transaction is pending already");
    if (tx->nonce < account->nonce)
        return bl_fail(err, BAALS_REJECT_NONCE, "nonce %llu is used, the account's next is %llu",
                       (unsigned long long)tx->nonce, (unsigned long long)account->nonce);
    if (tx->nonce - account->nonce >= pool->limits.per_sender_max)
        return bl_fail(err, BAALS_LIMIT_SENDER,
                       "nonce %llu is too far ahead of the account's %llu; at most %llu wait",
                       (unsigned long long)tx->nonce, (unsigned long long)account->nonce,
                       (unsigned long long)pool->limits.per_sender_max);
    plan->sender = mempool_sender_get(pool, &tx->sender);
    if (plan->sender != NULL) {
        plan->place = mempool_place(plan->sender, tx->nonce);
        plan->replaces = plan->place < plan->sender->count &&
                         mempool_item(plan->sender, plan->place)->tx.nonce == tx->nonce;
    }
    if (plan->replaces)
        BL_TRY(mempool_plan_replace(mempool_item(plan->sender, plan->place), tx, err));
    BL_TRY(mempool_plan_cost(plan, tx, account, err));
    return mempool_plan_room(plan, pool, tx, account->nonce, err);
}

baals_status bl_mempool_check(struct bl_mempool *pool,
                              const baals_tx *tx,
                              const struct bl_account *account,
                              baals_error *err)
{
    bl_mempool_update(pool, &tx->sender, account);
    struct mempool_plan plan;
    return mempool_plan(&plan, pool, tx, account, err);
}

/* The same slice of a copy of the bytes. */
static baals_slice mempool_rebase(baals_slice slice, const uint8_t *from, const uint8_t *to)
{
    if (slice.len == 0)
        return bl_slice(NULL, 0);
    return bl_slice(to + (slice.data - from), slice.len);
}

/* Lets a decoded transaction borrow from a copy of its bytes. */
static void mempool_rebase_tx(baals_tx *tx, const uint8_t *copy)
{
    const uint8_t *from = tx->bytes.data;
    tx->body = mempool_rebase(tx->body, from, copy);
    tx->payload = mempool_rebase(tx->payload, from, copy);
    tx->metadata = mempool_rebase(tx->metadata, from, copy);
    tx->bytes = bl_slice(copy, tx->bytes.len);
}

static struct mempool_entry *mempool_entry_new(struct bl_mempool *pool, const baals_tx *tx)
{
    struct mempool_entry *entry = bl_alloc_zero(&pool->alloc, 1, sizeof *entry);
    uint8_t *bytes = bl_alloc_zero(&pool->alloc, tx->bytes.len, 1);
    if (entry == NULL || bytes == NULL) {
        bl_alloc_free(&pool->alloc, entry, sizeof *entry);
        bl_alloc_free(&pool->alloc, bytes, tx->bytes.len);
        return NULL;
    }
    memcpy(bytes, tx->bytes.data, tx->bytes.len);
    entry->bytes = bytes;
    entry->tx = *tx;
    mempool_rebase_tx(&entry->tx, bytes);
    return entry;
}

/* The sender's queue with room for one more; NULL when there is no memory. */
static struct mempool_sender *mempool_sender_ready_to_grow(struct bl_mempool *pool,
                                                           struct mempool_sender *sender,
                                                           const baals_tx *tx,
                                                           const struct bl_account *account)
{
    if (sender != NULL)
        return mempool_reserve(pool, sender) ? sender : NULL;
    sender = bl_alloc_zero(&pool->alloc, 1, sizeof *sender);
    if (sender == NULL)
        return NULL;
    sender->address = tx->sender;
    sender->nonce = account->nonce;
    sender->balance = account->balance;
    if (!mempool_reserve(pool, sender) ||
        !bl_key_table_put(&pool->senders, sender->address.bytes, sender)) {
        mempool_sender_free(pool, sender);
        return NULL;
    }
    return sender;
}

static void
mempool_insert(struct bl_mempool *pool, struct mempool_sender *sender, struct mempool_entry *entry)
{
    size_t place = mempool_place(sender, entry->tx.nonce);
    struct mempool_entry **slot = sender->items + sender->first + place;
    memmove(slot + 1, slot, (sender->count - place) * sizeof *slot);
    *slot = entry;
    sender->count++;
    sender->cost += entry->cost;
    BL_ASSERT(sender->cost <= sender->balance);
    pool->bytes += entry->tx.bytes.len;
    if (entry->tx.has_valid_until != 0 && entry->tx.valid_until < pool->expiry_min)
        pool->expiry_min = entry->tx.valid_until;
    if (entry->arrived_ms < pool->arrived_ms_min)
        pool->arrived_ms_min = entry->arrived_ms;
    mempool_extend_ready(pool, sender);
}

baals_status bl_mempool_add(struct bl_mempool *pool,
                            const baals_tx *tx,
                            uint64_t arrived_ms,
                            const struct bl_account *account,
                            baals_error *err)
{
    bl_mempool_update(pool, &tx->sender, account);
    struct mempool_plan plan;
    BL_TRY(mempool_plan(&plan, pool, tx, account, err));
    struct mempool_entry *entry = mempool_entry_new(pool, tx);
    struct mempool_sender *sender = NULL;
    if (entry != NULL)
        sender = mempool_sender_ready_to_grow(pool, plan.sender, tx, account);
    if (sender == NULL || !bl_key_table_put(&pool->entries, tx->id.bytes, entry)) {
        if (entry != NULL)
            mempool_entry_free(pool, entry);
        if (sender != NULL)
            (void)mempool_forget_if_empty(pool, sender);
        return bl_fail(err, BAALS_NOMEM, "no memory for a pending transaction");
    }
    entry->arrived_ms = arrived_ms;
    entry->sequence = pool->sequence++;
    entry->cost = plan.cost;
    if (plan.replaces)
        mempool_drop_item(pool, sender, plan.place, BAALS_LIMIT_PRICE);
    if (plan.victim != NULL) {
        mempool_drop_item(pool, plan.victim, plan.victim->count - 1, BAALS_LIMIT_POOL);
        (void)mempool_forget_if_empty(pool, plan.victim);
    }
    mempool_insert(pool, sender, entry);
    return BAALS_OK;
}

/* ---- looking ---- */

static struct mempool_entry *mempool_entry_get(const struct bl_mempool *pool, const baals_hash *id)
{
    return bl_key_table_get(&pool->entries, id->bytes);
}

const baals_tx *bl_mempool_get(const struct bl_mempool *pool, const baals_hash *id)
{
    const struct mempool_entry *entry = mempool_entry_get(pool, id);
    return entry != NULL ? &entry->tx : NULL;
}

uint64_t bl_mempool_arrived_ms(const struct bl_mempool *pool, const baals_hash *id)
{
    const struct mempool_entry *entry = mempool_entry_get(pool, id);
    return entry != NULL ? entry->arrived_ms : 0;
}

uint64_t bl_mempool_nonce_next(const struct bl_mempool *pool,
                               const baals_address *address,
                               uint64_t account_nonce)
{
    const struct mempool_sender *sender = mempool_sender_get(pool, address);
    if (sender == NULL || sender->nonce + sender->ready < account_nonce)
        return account_nonce;
    return sender->nonce + sender->ready;
}

uint64_t bl_mempool_count(const struct bl_mempool *pool)
{
    return pool->entries.count;
}

void bl_mempool_ready(const struct bl_mempool *pool, uint64_t *count_out, uint64_t *bytes_out)
{
    *count_out = pool->ready_count;
    *bytes_out = pool->ready_bytes;
}

/* ---- leaving ---- */

bool bl_mempool_take(struct bl_mempool *pool, const baals_hash *id)
{
    struct mempool_entry *entry = mempool_entry_get(pool, id);
    if (entry == NULL)
        return false;
    struct mempool_sender *sender = mempool_sender_get(pool, &entry->tx.sender);
    size_t place = mempool_place(sender, entry->tx.nonce);
    if (entry->tx.nonce == sender->nonce) {
        (void)mempool_unlink_next(pool, sender);
    } else {
        (void)mempool_unlink(pool, sender, place);
        mempool_extend_ready(pool, sender);
    }
    mempool_entry_free(pool, entry);
    (void)mempool_forget_if_empty(pool, sender);
    return true;
}

void bl_mempool_drop_tx(struct bl_mempool *pool, const baals_hash *id, baals_status reason)
{
    struct mempool_entry *entry = mempool_entry_get(pool, id);
    if (entry == NULL)
        return;
    struct mempool_sender *sender = mempool_sender_get(pool, &entry->tx.sender);
    mempool_drop_item(pool, sender, mempool_place(sender, entry->tx.nonce), reason);
    (void)mempool_forget_if_empty(pool, sender);
}

void bl_mempool_clear(struct bl_mempool *pool, baals_status reason)
{
    size_t cursor = 0;
    for (struct mempool_sender *sender = bl_key_table_next(&pool->senders, &cursor); sender != NULL;
         sender = bl_key_table_next(&pool->senders, &cursor)) {
        while (sender->count > 0)
            mempool_drop_item(pool, sender, sender->count - 1, reason);
        (void)mempool_forget_if_empty(pool, sender);
        cursor--; /* another one may have moved into this slot */
    }
}

void bl_mempool_update(struct bl_mempool *pool,
                       const baals_address *address,
                       const struct bl_account *account)
{
    struct mempool_sender *sender = mempool_sender_get(pool, address);
    if (sender == NULL)
        return;
    while (sender->count > 0 && mempool_item(sender, 0)->tx.nonce < account->nonce)
        mempool_drop_item(pool, sender, 0, BAALS_REJECT_NONCE);
    while (sender->count > 0 && sender->cost > account->balance)
        mempool_drop_item(pool, sender, sender->count - 1, BAALS_REJECT_BALANCE);
    if (mempool_forget_if_empty(pool, sender))
        return;
    if (sender->nonce != account->nonce)
        mempool_set_ready(pool, sender, 0);
    sender->nonce = account->nonce;
    sender->balance = account->balance;
    mempool_extend_ready(pool, sender);
}

/* Drops what is out of date in one queue, from its end. */
static void mempool_expire_sender(struct bl_mempool *pool,
                                  struct mempool_sender *sender,
                                  uint64_t now_ms,
                                  uint64_t next_index)
{
    for (size_t i = sender->count; i > 0; i--) {
        const struct mempool_entry *entry = mempool_item(sender, i - 1);
        bool expired = entry->tx.has_valid_until != 0 && entry->tx.valid_until < next_index;
        bool old =
            now_ms > entry->arrived_ms && now_ms - entry->arrived_ms > pool->limits.age_ms_max;
        if (expired)
            mempool_drop_item(pool, sender, i - 1, BAALS_REJECT_EXPIRED);
        else if (old)
            mempool_drop_item(pool, sender, i - 1, BAALS_LIMIT_AGE);
    }
}

static void mempool_note_bounds(struct bl_mempool *pool)
{
    pool->expiry_min = UINT64_MAX;
    pool->arrived_ms_min = UINT64_MAX;
    size_t cursor = 0;
    for (struct mempool_entry *entry = bl_key_table_next(&pool->entries, &cursor); entry != NULL;
         entry = bl_key_table_next(&pool->entries, &cursor)) {
        if (entry->tx.has_valid_until != 0 && entry->tx.valid_until < pool->expiry_min)
            pool->expiry_min = entry->tx.valid_until;
        if (entry->arrived_ms < pool->arrived_ms_min)
            pool->arrived_ms_min = entry->arrived_ms;
    }
}

void bl_mempool_expire(struct bl_mempool *pool, uint64_t now_ms, uint64_t next_index)
{
    bool any_old =
        now_ms > pool->arrived_ms_min && now_ms - pool->arrived_ms_min > pool->limits.age_ms_max;
    if (pool->expiry_min >= next_index && !any_old)
        return;
    size_t cursor = 0;
    for (struct mempool_sender *sender = bl_key_table_next(&pool->senders, &cursor); sender != NULL;
         sender = bl_key_table_next(&pool->senders, &cursor)) {
        mempool_expire_sender(pool, sender, now_ms, next_index);
        if (mempool_forget_if_empty(pool, sender))
            cursor--; /* another one may have moved into this slot */
    }
    mempool_note_bounds(pool);
}

/* ---- producing ---- */

/* A sender's next ready transaction, in a heap by price and arrival. */
struct mempool_head {
    const struct mempool_sender *sender;
    size_t index;
};

static bool mempool_head_before(const struct mempool_head *a, const struct mempool_head *b)
{
    const struct mempool_entry *entry_a = mempool_item(a->sender, a->index);
    const struct mempool_entry *entry_b = mempool_item(b->sender, b->index);
    if (entry_a->tx.gas_price != entry_b->tx.gas_price)
        return entry_a->tx.gas_price > entry_b->tx.gas_price;
    return entry_a->sequence < entry_b->sequence;
}

static void mempool_heap_down(struct mempool_head *heap, size_t count, size_t place)
{
    for (;;) {
        size_t best = place;
        for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < count; child++) {
            if (mempool_head_before(&heap[child], &heap[best]))
                best = child;
        }
        if (best == place)
            return;
        struct mempool_head swap = heap[place];
        heap[place] = heap[best];
        heap[best] = swap;
        place = best;
    }
}

static size_t mempool_heap_fill(struct mempool_head *heap, const struct bl_mempool *pool)
{
    size_t count = 0;
    size_t cursor = 0;
    for (const struct mempool_sender *sender = bl_key_table_next(&pool->senders, &cursor);
         sender != NULL; sender = bl_key_table_next(&pool->senders, &cursor)) {
        if (sender->ready > 0)
            heap[count++] = (struct mempool_head){sender, 0};
    }
    for (size_t i = count / 2; i > 0; i--)
        mempool_heap_down(heap, count, i - 1);
    return count;
}

/* A copy in the arena: the pool may change before it is used. */
static baals_status mempool_copy_tx(baals_tx *out,
                                    const struct mempool_entry *entry,
                                    struct bl_arena *arena,
                                    baals_error *err)
{
    baals_slice bytes = {NULL, 0};
    if (!bl_arena_copy(&bytes, arena, entry->tx.bytes))
        return bl_fail(err, BAALS_NOMEM, "no memory to collect pending transactions");
    *out = entry->tx;
    mempool_rebase_tx(out, bytes.data);
    return BAALS_OK;
}

baals_status bl_mempool_collect(const struct bl_mempool *pool,
                                baals_tx **txs_out,
                                size_t *count_out,
                                size_t max,
                                size_t bytes_max,
                                struct bl_arena *arena,
                                baals_error *err)
{
    size_t room = pool->ready_count < max ? (size_t)pool->ready_count : max;
    baals_tx *txs = bl_arena_zero(arena, room + 1, sizeof *txs);
    struct mempool_head *heap = bl_arena_zero(arena, pool->senders.count + 1, sizeof *heap);
    if (txs == NULL || heap == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to collect pending transactions");
    size_t heads = mempool_heap_fill(heap, pool);
    size_t count = 0;
    size_t bytes = 0;
    while (heads > 0 && count < room) {
        const struct mempool_entry *entry = mempool_item(heap[0].sender, heap[0].index);
        bool fits = entry->tx.bytes.len <= bytes_max - bytes;
        if (fits) {
            BL_TRY(mempool_copy_tx(&txs[count++], entry, arena, err));
            bytes += entry->tx.bytes.len;
        }
        /* What does not fit is passed over with its sender's queue. */
        if (fits && heap[0].index + 1 < heap[0].sender->ready)
            heap[0].index++;
        else
            heap[0] = heap[--heads];
        mempool_heap_down(heap, heads, 0);
    }
    *txs_out = txs;
    *count_out = count;
    return BAALS_OK;
}

baals_status bl_mempool_list(const struct bl_mempool *pool,
                             baals_tx **txs_out,
                             size_t *count_out,
                             struct bl_arena *arena,
                             baals_error *err)
{
    baals_tx *txs = bl_arena_zero(arena, pool->entries.count + 1, sizeof *txs);
    baals_tx *ready = NULL;
    size_t count = 0;
    if (txs == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to list pending transactions");
    BL_TRY(bl_mempool_collect(pool, &ready, &count, SIZE_MAX, SIZE_MAX, arena, err));
    memcpy(txs, ready, count * sizeof *txs);
    size_t cursor = 0;
    for (const struct mempool_sender *sender = bl_key_table_next(&pool->senders, &cursor);
         sender != NULL; sender = bl_key_table_next(&pool->senders, &cursor)) {
        for (size_t i = sender->ready; i < sender->count; i++)
            BL_TRY(mempool_copy_tx(&txs[count++], mempool_item(sender, i), arena, err));
    }
    BL_ASSERT(count == pool->entries.count);
    *txs_out = txs;
    *count_out = count;
    return BAALS_OK;
}
