/* SPDX-License-Identifier: MIT */
/*
 * The mempool's rules one by one; tests/property/test_mempool.c compares it with a naive model.
 */
#include <string.h>

#include "runtime/mempool.h"
#include "testlib.h"

struct pool_fixture {
    struct bl_mempool *pool;
    uint64_t next_id;
    size_t drops;
    baals_status last_reason;
};

static void pool_drop(void *ctx, const baals_tx *tx, baals_status reason)
{
    struct pool_fixture *fx = ctx;
    assert_non_null(tx->bytes.data);
    fx->drops++;
    fx->last_reason = reason;
}

static void pool_open(struct pool_fixture *fx, uint64_t count_max, uint64_t per_sender_max)
{
    struct bl_mempool_limits limits = {count_max, 1u << 20, per_sender_max, 1000};
    memset(fx, 0, sizeof *fx);
    assert_ok(bl_mempool_new(&fx->pool, bl_alloc_system(), &limits, 3, pool_drop, fx, NULL));
}

static uint8_t pool_bytes[100];

/* A transaction made by hand: the pool looks at neither form nor signature. */
static baals_tx pool_tx(struct pool_fixture *fx, uint8_t sender, uint64_t nonce, uint64_t price)
{
    baals_tx tx = {.kind = BAALS_TX_TRANSFER,
                   .sender = {{sender}},
                   .nonce = nonce,
                   .gas_limit = 10,
                   .gas_price = price,
                   .bytes = {pool_bytes, sizeof pool_bytes}};
    bl_store_u64be(tx.id.bytes, ++fx->next_id);
    return tx;
}

static const struct bl_account pool_rich = {.balance = 1000000};

static baals_status pool_add(struct pool_fixture *fx, const baals_tx *tx)
{
    return bl_mempool_add(fx->pool, tx, 5, &pool_rich, NULL);
}

static void pool_put(struct pool_fixture *fx, uint8_t sender, uint64_t nonce, uint64_t price)
{
    baals_tx tx = pool_tx(fx, sender, nonce, price);
    assert_ok(pool_add(fx, &tx));
}

static uint64_t pool_ready(struct pool_fixture *fx)
{
    uint64_t count = 0;
    uint64_t bytes = 0;
    bl_mempool_ready(fx->pool, &count, &bytes);
    assert_int_equal(bytes, count * sizeof pool_bytes);
    return count;
}

/* What follows the account's nonce without a gap is ready. */
static void test_ready(void **state)
{
    (void)state;
    struct pool_fixture fx;
    pool_open(&fx, 100, 100);
    pool_put(&fx, 1, 2, 1);
    assert_int_equal(pool_ready(&fx), 0);
    pool_put(&fx, 1, 0, 1);
    assert_int_equal(pool_ready(&fx), 1);
    pool_put(&fx, 1, 1, 1);
    assert_int_equal(pool_ready(&fx), 3);
    struct bl_account moved = {.balance = 1000000, .nonce = 2};
    bl_mempool_update(fx.pool, &(baals_address){{1}}, &moved);
    assert_int_equal(bl_mempool_count(fx.pool), 1);
    assert_int_equal(pool_ready(&fx), 1);
    assert_int_equal(fx.last_reason, BAALS_REJECT_NONCE);
    bl_mempool_free(fx.pool);
}

/* Replacing a nonce takes a tenth more, and at least 1. */
static void test_replacement(void **state)
{
    (void)state;
    static const struct {
        uint64_t old_price;
        uint64_t new_price;
        bool accepted;
    } cases[] = {{0, 0, false},     {0, 1, true},    {5, 5, false},     {5, 6, true},
                 {10, 10, false},   {10, 11, true},  {100, 109, false}, {100, 110, true},
                 {109, 118, false}, {109, 119, true}};
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        struct pool_fixture fx;
        pool_open(&fx, 100, 100);
        pool_put(&fx, 1, 0, cases[i].old_price);
        baals_tx again = pool_tx(&fx, 1, 0, cases[i].new_price);
        assert_status(pool_add(&fx, &again), cases[i].accepted ? BAALS_OK : BAALS_LIMIT_PRICE);
        assert_int_equal(bl_mempool_count(fx.pool), 1);
        assert_int_equal(fx.drops, cases[i].accepted);
        bl_mempool_free(fx.pool);
    }
}

/* A full pool gives up what is not ready first, then the cheapest, then the latest; an equal price
 * makes no room. */
static void test_eviction(void **state)
{
    (void)state;
    struct pool_fixture fx;
    pool_open(&fx, 3, 100);
    pool_put(&fx, 1, 1, 9); /* dear, but behind a gap */
    pool_put(&fx, 2, 0, 5);
    pool_put(&fx, 3, 0, 5);
    baals_tx newcomer = pool_tx(&fx, 4, 0, 5);
    assert_ok(pool_add(&fx, &newcomer));
    assert_int_equal(pool_ready(&fx), 3);
    baals_tx equal = pool_tx(&fx, 5, 0, 5);
    assert_status(pool_add(&fx, &equal), BAALS_LIMIT_POOL);
    baals_tx waiting = pool_tx(&fx, 5, 1, 50);
    assert_status(pool_add(&fx, &waiting), BAALS_LIMIT_POOL);
    baals_tx dearer = pool_tx(&fx, 5, 0, 6);
    assert_ok(pool_add(&fx, &dearer));
    assert_null(bl_mempool_get(fx.pool, &newcomer.id));
    assert_int_equal(fx.last_reason, BAALS_LIMIT_POOL);
    bl_mempool_free(fx.pool);
}

/* The window of nonces, and ids that are known. */
static void test_window(void **state)
{
    (void)state;
    struct pool_fixture fx;
    pool_open(&fx, 100, 4);
    baals_tx far = pool_tx(&fx, 1, 4, 1);
    assert_status(pool_add(&fx, &far), BAALS_LIMIT_SENDER);
    baals_tx last = pool_tx(&fx, 1, 3, 1);
    assert_ok(pool_add(&fx, &last));
    assert_status(pool_add(&fx, &last), BAALS_LIMIT_KNOWN);
    struct bl_account used = {.balance = 1000000, .nonce = 2};
    baals_tx old = pool_tx(&fx, 2, 1, 1);
    assert_status(bl_mempool_add(fx.pool, &old, 5, &used, NULL), BAALS_REJECT_NONCE);
    bl_mempool_free(fx.pool);
}

/* The balance covers the queue as a whole, now and after it shrank. */
static void test_cover(void **state)
{
    (void)state;
    struct pool_fixture fx;
    struct bl_account account = {.balance = 25};
    pool_open(&fx, 100, 100);
    for (uint64_t nonce = 0; nonce < 3; nonce++) {
        baals_tx tx = pool_tx(&fx, 1, nonce, 1);
        assert_status(bl_mempool_add(fx.pool, &tx, 5, &account, NULL),
                      nonce < 2 ? BAALS_OK : BAALS_REJECT_BALANCE);
    }
    account.balance = 19;
    bl_mempool_update(fx.pool, &(baals_address){{1}}, &account);
    assert_int_equal(bl_mempool_count(fx.pool), 1);
    assert_int_equal(fx.last_reason, BAALS_REJECT_BALANCE);
    baals_tx huge = pool_tx(&fx, 2, 0, UINT64_MAX);
    assert_status(pool_add(&fx, &huge), BAALS_REJECT_BALANCE);
    bl_mempool_free(fx.pool);
}

/* Age and last valid block. */
static void test_expiry(void **state)
{
    (void)state;
    struct pool_fixture fx;
    pool_open(&fx, 100, 100);
    baals_tx tx = pool_tx(&fx, 1, 0, 1);
    tx.has_valid_until = 1;
    tx.valid_until = 10;
    assert_ok(pool_add(&fx, &tx));
    pool_put(&fx, 2, 0, 1);
    bl_mempool_expire(fx.pool, 5, 10);
    assert_int_equal(bl_mempool_count(fx.pool), 2);
    bl_mempool_expire(fx.pool, 5, 11);
    assert_int_equal(bl_mempool_count(fx.pool), 1);
    assert_int_equal(fx.last_reason, BAALS_REJECT_EXPIRED);
    bl_mempool_expire(fx.pool, 1005, 11);
    assert_int_equal(bl_mempool_count(fx.pool), 1);
    bl_mempool_expire(fx.pool, 1006, 11);
    assert_int_equal(bl_mempool_count(fx.pool), 0);
    assert_int_equal(fx.last_reason, BAALS_LIMIT_AGE);
    bl_mempool_free(fx.pool);
}

/* Copies come in the order of producing, within count and bytes. */
static void test_collect(void **state)
{
    (void)state;
    struct pool_fixture fx;
    struct bl_arena arena;
    baals_tx *txs = NULL;
    size_t count = 0;
    pool_open(&fx, 100, 100);
    bl_arena_init(&arena, bl_alloc_system(), 1 << 20);
    pool_put(&fx, 1, 0, 3);
    pool_put(&fx, 1, 1, 9);
    pool_put(&fx, 2, 0, 5);
    pool_put(&fx, 3, 0, 5);
    assert_ok(bl_mempool_collect(fx.pool, &txs, &count, 100, 1 << 20, &arena, NULL));
    static const uint8_t order[] = {2, 3, 1, 1};
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(txs[i].sender.bytes[0], order[i]);
    assert_ok(bl_mempool_collect(fx.pool, &txs, &count, 2, 1 << 20, &arena, NULL));
    assert_int_equal(count, 2);
    assert_ok(bl_mempool_collect(fx.pool, &txs, &count, 100, 3 * sizeof pool_bytes, &arena, NULL));
    assert_int_equal(count, 3);
    assert_true(bl_mempool_take(fx.pool, &txs[0].id));
    assert_false(bl_mempool_take(fx.pool, &txs[0].id));
    assert_int_equal(fx.drops, 0);
    bl_mempool_clear(fx.pool, BAALS_LIMIT);
    assert_int_equal(fx.drops, 3);
    bl_arena_deinit(&arena);
    bl_mempool_free(fx.pool);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ready),    cmocka_unit_test(test_replacement),
        cmocka_unit_test(test_eviction), cmocka_unit_test(test_window),
        cmocka_unit_test(test_cover),    cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_collect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
