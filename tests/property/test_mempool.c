/* SPDX-License-Identifier: MIT */
/*
 * The mempool against a naive model: an array of transactions and a table of accounts, with every
 * rule of runtime/mempool.h written down the slow way. Random operations must give the same
 * statuses, the same contents, the same order of producing.
 */
#include <stdlib.h>
#include <string.h>

#include "chain_lib.h"

enum { SENDERS = 5, MODEL_MAX = 256, STEPS = 30000 };

struct model_tx {
    baals_tx tx; /* made by hand: the pool looks at neither form nor signature */
    uint8_t bytes[200];
    uint64_t arrived_ms;
    uint64_t sequence;
};

struct model {
    struct bl_mempool *pool;
    struct bl_mempool_limits limits;
    struct bl_account accounts[SENDERS];
    struct model_tx txs[MODEL_MAX];
    size_t count;
    uint64_t sequence;
    uint64_t next_id;
    size_t drop_count; /* what the pool dropped */
    uint64_t now_ms;
};

static unsigned model_sender(const baals_tx *tx)
{
    return tx->sender.bytes[0];
}

static uint64_t model_cost(const baals_tx *tx)
{
    return tx->amount.units + tx->gas_limit * tx->gas_price;
}

static void model_drop(void *ctx, const baals_tx *tx, baals_status reason)
{
    struct model *m = ctx;
    assert_true(reason != BAALS_OK);
    m->drop_count++;
    (void)tx;
}

/* Number of the sender's transactions that are ready. */
static uint64_t model_ready(const struct model *m, unsigned sender)
{
    uint64_t ready = 0;
    for (bool found = true; found;) {
        found = false;
        for (size_t i = 0; i < m->count; i++) {
            if (model_sender(&m->txs[i].tx) == sender &&
                m->txs[i].tx.nonce == m->accounts[sender].nonce + ready)
                found = true;
        }
        ready += found ? 1 : 0;
    }
    return ready;
}

static bool model_is_ready(const struct model *m, size_t i)
{
    unsigned sender = model_sender(&m->txs[i].tx);
    return m->txs[i].tx.nonce < m->accounts[sender].nonce + model_ready(m, sender);
}

static void model_remove(struct model *m, size_t i)
{
    m->txs[i] = m->txs[--m->count];
}

static size_t model_find(const struct model *m, unsigned sender, uint64_t nonce)
{
    for (size_t i = 0; i < m->count; i++) {
        if (model_sender(&m->txs[i].tx) == sender && m->txs[i].tx.nonce == nonce)
            return i;
    }
    return SIZE_MAX;
}

/* The last of the sender's queue. */
static size_t model_last(const struct model *m, unsigned sender)
{
    size_t last = SIZE_MAX;
    for (size_t i = 0; i < m->count; i++) {
        if (model_sender(&m->txs[i].tx) == sender &&
            (last == SIZE_MAX || m->txs[i].tx.nonce > m->txs[last].tx.nonce))
            last = i;
    }
    return last;
}

/* Which transaction makes room: SIZE_MAX when none has to go. */
static size_t model_victim(const struct model *m, unsigned except)
{
    size_t victim = SIZE_MAX;
    for (unsigned sender = 0; sender < SENDERS; sender++) {
        size_t last = sender == except ? SIZE_MAX : model_last(m, sender);
        if (last == SIZE_MAX)
            continue;
        if (victim == SIZE_MAX) {
            victim = last;
            continue;
        }
        const struct model_tx *a = &m->txs[last];
        const struct model_tx *b = &m->txs[victim];
        bool ready_a = model_is_ready(m, last);
        bool ready_b = model_is_ready(m, victim);
        bool below = ready_a != ready_b                   ? ready_b
                     : a->tx.gas_price != b->tx.gas_price ? a->tx.gas_price < b->tx.gas_price
                                                          : a->sequence > b->sequence;
        if (below)
            victim = last;
    }
    return victim;
}

static uint64_t model_bytes(const struct model *m)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->count; i++)
        bytes += m->txs[i].tx.bytes.len;
    return bytes;
}

static uint64_t model_queued(const struct model *m, unsigned sender)
{
    uint64_t cost = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (model_sender(&m->txs[i].tx) == sender)
            cost += model_cost(&m->txs[i].tx);
    }
    return cost;
}

static baals_status model_add(struct model *m, const struct model_tx *add)
{
    const baals_tx *tx = &add->tx;
    unsigned sender = model_sender(tx);
    const struct bl_account *account = &m->accounts[sender];
    if (tx->nonce < account->nonce)
        return BAALS_REJECT_NONCE;
    if (tx->nonce - account->nonce >= m->limits.per_sender_max)
        return BAALS_LIMIT_SENDER;
    size_t old = model_find(m, sender, tx->nonce);
    uint64_t queued = model_queued(m, sender);
    uint64_t count = m->count + 1;
    uint64_t bytes = model_bytes(m) + tx->bytes.len;
    if (old != SIZE_MAX) {
        uint64_t price = m->txs[old].tx.gas_price;
        if (tx->gas_price < price + (price / 10 > 0 ? price / 10 : 1))
            return BAALS_LIMIT_PRICE;
        queued -= model_cost(&m->txs[old].tx);
        count--;
        bytes -= m->txs[old].tx.bytes.len;
    }
    if (queued + model_cost(tx) > account->balance)
        return BAALS_REJECT_BALANCE;
    size_t victim = SIZE_MAX;
    if (count > m->limits.count_max || bytes > m->limits.bytes_max) {
        victim = model_victim(m, sender);
        if (victim == SIZE_MAX)
            return BAALS_LIMIT_POOL;
        bool ready = tx->nonce <= account->nonce + model_ready(m, sender);
        bool victim_ready = model_is_ready(m, victim);
        bool below = ready != victim_ready ? ready : m->txs[victim].tx.gas_price < tx->gas_price;
        if (!below || bytes - m->txs[victim].tx.bytes.len > m->limits.bytes_max)
            return BAALS_LIMIT_POOL;
    }
    if (old != SIZE_MAX) {
        bool moved = victim == m->count - 1;
        model_remove(m, old);
        if (moved)
            victim = old;
    }
    if (victim != SIZE_MAX)
        model_remove(m, victim);
    m->txs[m->count] = *add;
    m->txs[m->count].tx.bytes.data = NULL; /* moves with the array */
    m->txs[m->count++].sequence = m->sequence++;
    return BAALS_OK;
}

static void model_update(struct model *m, unsigned sender)
{
    for (size_t i = m->count; i > 0; i--) {
        if (model_sender(&m->txs[i - 1].tx) == sender &&
            m->txs[i - 1].tx.nonce < m->accounts[sender].nonce)
            model_remove(m, i - 1);
    }
    while (model_queued(m, sender) > m->accounts[sender].balance)
        model_remove(m, model_last(m, sender));
}

static void model_expire(struct model *m, uint64_t next_index)
{
    for (size_t i = m->count; i > 0; i--) {
        const struct model_tx *entry = &m->txs[i - 1];
        bool expired = entry->tx.has_valid_until != 0 && entry->tx.valid_until < next_index;
        bool old =
            m->now_ms > entry->arrived_ms && m->now_ms - entry->arrived_ms > m->limits.age_ms_max;
        if (expired || old)
            model_remove(m, i - 1);
    }
}

/* The order of producing: again and again the best of all senders' next ready ones. */
static void model_check_order(const struct model *m)
{
    struct bl_arena arena;
    baals_tx *txs = NULL;
    size_t count = 0;
    uint64_t taken[SENDERS] = {0};
    bl_arena_init(&arena, bl_alloc_system(), (size_t)1 << 24);
    assert_ok(bl_mempool_collect(m->pool, &txs, &count, SIZE_MAX, SIZE_MAX, &arena, NULL));
    uint64_t ready_count = 0;
    uint64_t ready_bytes = 0;
    size_t bytes = 0;
    bl_mempool_ready(m->pool, &ready_count, &ready_bytes);
    for (size_t i = 0; i < count; i++) {
        size_t best = SIZE_MAX;
        for (unsigned sender = 0; sender < SENDERS; sender++) {
            size_t next = model_find(m, sender, m->accounts[sender].nonce + taken[sender]);
            if (next == SIZE_MAX)
                continue;
            const struct model_tx *a = &m->txs[next];
            const struct model_tx *b = best == SIZE_MAX ? NULL : &m->txs[best];
            if (b == NULL || a->tx.gas_price > b->tx.gas_price ||
                (a->tx.gas_price == b->tx.gas_price && a->sequence < b->sequence))
                best = next;
        }
        assert_true(best != SIZE_MAX);
        assert_memory_equal(txs[i].id.bytes, m->txs[best].tx.id.bytes, 32);
        taken[model_sender(&m->txs[best].tx)]++;
        bytes += txs[i].bytes.len;
    }
    assert_int_equal(ready_count, count);
    assert_int_equal(ready_bytes, bytes);
    for (unsigned sender = 0; sender < SENDERS; sender++) {
        baals_address address = {{(uint8_t)sender}};
        assert_int_equal(taken[sender], model_ready(m, sender));
        assert_int_equal(bl_mempool_nonce_next(m->pool, &address, m->accounts[sender].nonce),
                         m->accounts[sender].nonce + taken[sender]);
    }
    size_t all = 0;
    assert_ok(bl_mempool_list(m->pool, &txs, &all, &arena, NULL));
    assert_int_equal(all, m->count);
    for (size_t i = 0; i < m->count; i++) {
        const baals_tx *held = bl_mempool_get(m->pool, &m->txs[i].tx.id);
        assert_non_null(held);
        assert_memory_equal(held->bytes.data, m->txs[i].bytes, held->bytes.len);
        assert_int_equal(bl_mempool_arrived_ms(m->pool, &held->id), m->txs[i].arrived_ms);
    }
    assert_int_equal(bl_mempool_count(m->pool), m->count);
    bl_arena_deinit(&arena);
}

static void model_random_tx(struct model *m, struct model_tx *out, struct testlib_rng *rng)
{
    memset(out, 0, sizeof *out);
    unsigned sender = (unsigned)testlib_rng_below(rng, SENDERS);
    out->tx.sender.bytes[0] = (uint8_t)sender;
    uint64_t base = m->accounts[sender].nonce;
    out->tx.nonce = base + testlib_rng_below(rng, m->limits.per_sender_max + 2);
    if (testlib_rng_below(rng, 3) > 0)
        out->tx.nonce = base + model_ready(m, sender);
    else if (base > 0 && testlib_rng_below(rng, 10) == 0)
        out->tx.nonce = base - 1;
    out->tx.gas_price = testlib_rng_below(rng, 30);
    out->tx.gas_limit = 1 + testlib_rng_below(rng, 3);
    out->tx.amount.units = testlib_rng_below(rng, 50);
    out->tx.has_valid_until = testlib_rng_below(rng, 4) == 0;
    out->tx.valid_until = out->tx.has_valid_until ? 1000 + testlib_rng_below(rng, 50) : 0;
    bl_store_u64le(out->tx.id.bytes, ++m->next_id);
    testlib_rng_bytes(rng, out->bytes, sizeof out->bytes);
    out->tx.bytes = bl_slice(out->bytes, 50 + testlib_rng_below(rng, 150));
    out->arrived_ms = m->now_ms;
}

static void model_step_add(struct model *m, struct testlib_rng *rng)
{
    struct model_tx add;
    model_random_tx(m, &add, rng);
    const struct bl_account *account = &m->accounts[model_sender(&add.tx)];
    baals_status checked = bl_mempool_check(m->pool, &add.tx, account, NULL);
    baals_status status = bl_mempool_add(m->pool, &add.tx, m->now_ms, account, NULL);
    assert_status(checked, status);
    assert_status(status, model_add(m, &add));
    if (status == BAALS_OK)
        assert_status(bl_mempool_add(m->pool, &add.tx, m->now_ms, account, NULL),
                      BAALS_LIMIT_KNOWN);
}

static void model_step_other(struct model *m, struct testlib_rng *rng)
{
    unsigned sender = (unsigned)testlib_rng_below(rng, SENDERS);
    baals_address address = {{(uint8_t)sender}};
    struct bl_account *account = &m->accounts[sender];
    size_t any = m->count > 0 ? (size_t)testlib_rng_below(rng, m->count) : SIZE_MAX;
    size_t next = model_find(m, sender, account->nonce);
    switch (testlib_rng_below(rng, 6)) {
    case 0: /* a block with the sender's next */
        if (next == SIZE_MAX)
            return;
        account->nonce++;
        account->balance -= model_cost(&m->txs[next].tx);
        assert_true(bl_mempool_take(m->pool, &m->txs[next].tx.id));
        model_remove(m, next);
        bl_mempool_update(m->pool, &address, account);
        return;
    case 1: /* its account changed elsewhere */
        account->nonce += testlib_rng_below(rng, 3);
        account->balance = testlib_rng_below(rng, 1000);
        bl_mempool_update(m->pool, &address, account);
        model_update(m, sender);
        return;
    case 2: /* a change of branch sets it back */
        account->nonce -= account->nonce > 0 ? 1 : 0;
        bl_mempool_update(m->pool, &address, account);
        model_update(m, sender);
        return;
    case 3:
        if (any == SIZE_MAX)
            return;
        bl_mempool_drop_tx(m->pool, &m->txs[any].tx.id, BAALS_REJECT_EXPIRED);
        model_remove(m, any);
        return;
    case 4: {
        uint64_t next_index = 1000 + testlib_rng_below(rng, 10);
        m->now_ms += testlib_rng_below(rng, 40);
        bl_mempool_expire(m->pool, m->now_ms, next_index);
        model_expire(m, next_index);
        return;
    }
    default:
        if (testlib_rng_below(rng, 50) != 0)
            return;
        bl_mempool_clear(m->pool, BAALS_LIMIT);
        m->count = 0;
        return;
    }
}

/* Random operations on pool and model. */
static void test_model(void **state)
{
    struct testlib_rng rng = testlib_rng(1);
    (void)state;
    for (unsigned round = 0; round < 6; round++) {
        struct model *m = calloc(1, sizeof *m);
        assert_non_null(m);
        struct testlib_faulty_alloc memory = {0};
        m->limits = (struct bl_mempool_limits){4 + 6 * round, 100000, 2 + 3 * round,
                                               round % 2 == 0 ? 200 : 1000000};
        if (round == 3)
            m->limits.bytes_max = 1500;
        m->now_ms = 1000;
        for (unsigned i = 0; i < SENDERS; i++)
            m->accounts[i].balance = 500 + 200 * i;
        assert_ok(bl_mempool_new(&m->pool, testlib_faulty_alloc(&memory), &m->limits, round,
                                 model_drop, m, NULL));
        for (unsigned step = 0; step < STEPS / 6; step++) {
            if (testlib_rng_below(&rng, 3) > 0)
                model_step_add(m, &rng);
            else
                model_step_other(m, &rng);
            if (step % 7 == 0)
                model_check_order(m);
        }
        assert_true(m->drop_count > 0);
        bl_mempool_free(m->pool);
        assert_int_equal(memory.live, 0);
        free(m);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_model)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
