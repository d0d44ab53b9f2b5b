/* SPDX-License-Identifier: MIT */
/*
 * Users' transactions: what is accepted, what is refused and why, and what waiting answers.
 */
#include <string.h>

#include "chain_lib.h"

struct submit_fixture {
    struct chain_genesis genesis;
    struct chain_node node;
};

static void submit_open(struct submit_fixture *fx)
{
    chain_genesis_init(&fx->genesis, 1);
    chain_node_init(&fx->node, &fx->genesis, 0);
    chain_node_open(&fx->node);
}

static void submit_close(struct submit_fixture *fx)
{
    chain_node_deinit(&fx->node);
    chain_genesis_deinit(&fx->genesis);
}

/* Accepted, pending, committed: waiting says which. */
static void test_wait(void **state)
{
    (void)state;
    struct submit_fixture fx;
    submit_open(&fx);
    struct chain_tx tx = chain_transfer(&fx.genesis, 1, 0, chain_address(2), 5);
    baals_tx_place place;
    assert_status(baals_wait(fx.node.chain, &place, &tx.id, 0, &fx.node.err), BAALS_NOTFOUND);
    chain_submit(&fx.node, &tx);
    assert_status(baals_wait(fx.node.chain, &place, &tx.id, 0, &fx.node.err), BAALS_BUSY_TIMEOUT);
    assert_true(chain_produce(&fx.node));
    assert_ok(baals_wait(fx.node.chain, &place, &tx.id, 0, &fx.node.err));
    assert_int_equal(place.height, 1);
    assert_int_equal(place.position, 0);
    submit_close(&fx);
}

/* Twice the same, pending or committed, is known. */
static void test_known(void **state)
{
    (void)state;
    struct submit_fixture fx;
    submit_open(&fx);
    struct chain_tx tx = chain_transfer(&fx.genesis, 1, 0, chain_address(2), 5);
    chain_submit(&fx.node, &tx);
    assert_status(chain_try_submit(&fx.node, &tx), BAALS_LIMIT_KNOWN);
    assert_true(chain_produce(&fx.node));
    assert_status(chain_try_submit(&fx.node, &tx), BAALS_LIMIT_KNOWN);
    submit_close(&fx);
}

/* Form, signature and the tip's rules, each with its own verdict; nothing of it stays. */
static void test_refused(void **state)
{
    (void)state;
    struct submit_fixture fx;
    submit_open(&fx);
    struct chain_tx tx = chain_transfer(&fx.genesis, 1, 0, chain_address(2), 5);
    tx.bytes[tx.len - 1] ^= 1;
    assert_status(chain_try_submit(&fx.node, &tx), BAALS_REJECT_SIGNATURE);
    tx.len--;
    assert_status(chain_try_submit(&fx.node, &tx), BAALS_REJECT_TRUNCATED);
    struct chain_tx poor = chain_transfer(&fx.genesis, 1, 0, chain_address(2), CHAIN_RICH);
    assert_status(chain_try_submit(&fx.node, &poor), BAALS_REJECT_BALANCE);
    struct chain_tx stranger = chain_transfer(&fx.genesis, 40, 0, chain_address(2), 1);
    assert_status(chain_try_submit(&fx.node, &stranger), BAALS_REJECT_BALANCE);
    struct chain_genesis other;
    chain_genesis_init(&other, 2);
    struct chain_tx foreign = chain_transfer(&other, 1, 0, chain_address(2), 5);
    chain_genesis_deinit(&other);
    assert_status(chain_try_submit(&fx.node, &foreign), BAALS_REJECT_CHAIN_ID);
    assert_int_equal(chain_info(&fx.node).pending, 0);
    assert_status(baals_submit(NULL, NULL, bl_slice(NULL, 0), NULL), BAALS_MISUSE);
    submit_close(&fx);
}

/* The next nonce counts what is pending without a gap. */
static void test_nonce(void **state)
{
    (void)state;
    struct submit_fixture fx;
    submit_open(&fx);
    baals_address sender = chain_address(1);
    uint64_t nonce = 99;
    assert_ok(baals_nonce_next(fx.node.chain, &nonce, &sender, NULL));
    assert_int_equal(nonce, 0);
    static const uint64_t order[] = {1, 0, 3};
    static const uint64_t next[] = {0, 2, 2};
    for (size_t i = 0; i < BL_COUNT_OF(order); i++) {
        struct chain_tx tx = chain_transfer(&fx.genesis, 1, order[i], chain_address(2), 5);
        chain_submit(&fx.node, &tx);
        assert_ok(baals_nonce_next(fx.node.chain, &nonce, &sender, NULL));
        assert_int_equal(nonce, next[i]);
    }
    baals_address stranger = chain_address(50);
    assert_ok(baals_nonce_next(fx.node.chain, &nonce, &stranger, NULL));
    assert_int_equal(nonce, 0);
    submit_close(&fx);
}

/* A replaced transaction is remembered with its reason. */
static void test_drop_reason(void **state)
{
    (void)state;
    struct submit_fixture fx;
    submit_open(&fx);
    struct chain_tx cheap = chain_priced(&fx.genesis, 1, 0, 10);
    struct chain_tx same = chain_priced(&fx.genesis, 1, 0, 10);
    struct chain_tx dear = chain_priced(&fx.genesis, 1, 0, 11);
    baals_tx_place place;
    chain_submit(&fx.node, &cheap);
    assert_status(chain_try_submit(&fx.node, &same), BAALS_LIMIT_KNOWN);
    chain_submit(&fx.node, &dear);
    assert_status(baals_wait(fx.node.chain, &place, &cheap.id, 1000, &fx.node.err),
                  BAALS_LIMIT_PRICE);
    submit_close(&fx);
}

static int32_t submit_count(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice tx)
{
    assert_non_null(id);
    assert_int_equal(arrived_ms >= CHAIN_START_MS, 1);
    assert_true(tx.len > 0);
    return ++*(int *)ctx == 3;
}

/* Listing shows what is pending until the callback stops; clearing leaves nothing. */
static void test_list_and_clear(void **state)
{
    (void)state;
    struct submit_fixture fx;
    submit_open(&fx);
    for (uint64_t nonce = 0; nonce < 5; nonce++) {
        struct chain_tx tx = chain_transfer(&fx.genesis, 1, nonce, chain_address(2), 5);
        chain_submit(&fx.node, &tx);
    }
    int count = 0;
    assert_ok(baals_pending_each(fx.node.chain, submit_count, &count, NULL));
    assert_int_equal(count, 3);
    assert_ok(baals_pending_clear(fx.node.chain, NULL));
    assert_int_equal(chain_info(&fx.node).pending, 0);
    chain_node_close(&fx.node);
    chain_node_open(&fx.node);
    assert_int_equal(chain_info(&fx.node).pending, 0);
    submit_close(&fx);
}

/* ---- many ---- */

enum { MANY_TXS = 700 };

/* Transactions of few senders in a random order of nonces, some refused for one reason or another.
 */
static void many_make(struct chain_tx *txs, const struct chain_genesis *g, struct testlib_rng *rng)
{
    for (unsigned i = 0; i < MANY_TXS; i++) {
        unsigned from = (unsigned)testlib_rng_below(rng, 8);
        uint64_t nonce = testlib_rng_below(rng, 100);
        txs[i] = chain_priced(g, from, nonce, 1 + testlib_rng_below(rng, 3));
        if (testlib_rng_below(rng, 8) == 0)
            txs[i].bytes[testlib_rng_below(rng, txs[i].len)] ^= 1;
        if (i > 0 && testlib_rng_below(rng, 12) == 0)
            txs[i] = txs[testlib_rng_below(rng, i)];
    }
}

/* Goal: baals_submit_many gives what as many calls of baals_submit give, with any number of
 * threads, and leaves the same mempool. */
static void test_many_as_one_by_one(void **state)
{
    (void)state;
    static struct chain_tx txs[MANY_TXS];
    static baals_slice slices[MANY_TXS];
    static baals_status expected[MANY_TXS];
    static baals_status statuses[MANY_TXS];
    static baals_hash ids[MANY_TXS];
    struct testlib_rng rng = testlib_rng(7);
    struct submit_fixture one;
    submit_open(&one);
    many_make(txs, &one.genesis, &rng);
    unsigned accepted = 0;
    for (size_t i = 0; i < MANY_TXS; i++) {
        slices[i] = bl_slice(txs[i].bytes, txs[i].len);
        expected[i] = baals_submit(one.node.chain, NULL, slices[i], NULL);
        accepted += expected[i] == BAALS_OK ? 1 : 0;
    }
    assert_in_range(accepted, 100, MANY_TXS - 100);
    for (uint32_t threads = 1; threads <= 4; threads += 3) {
        static const baals_hash none;
        struct submit_fixture many;
        chain_genesis_init(&many.genesis, 1);
        chain_node_init(&many.node, &many.genesis, 0);
        many.node.options.verify_threads = threads;
        chain_node_open(&many.node);
        assert_ok(baals_submit_many(many.node.chain, ids, statuses, slices, MANY_TXS, NULL));
        for (size_t i = 0; i < MANY_TXS; i++) {
            if (statuses[i] != expected[i])
                fail_msg("transaction %zu: %s, alone %s", i, baals_status_name(statuses[i]),
                         baals_status_name(expected[i]));
            const baals_hash *id = statuses[i] == BAALS_OK ? &txs[i].id : &none;
            assert_memory_equal(&ids[i], id, sizeof *id);
        }
        assert_int_equal(chain_info(&many.node).pending, chain_info(&one.node).pending);
        submit_close(&many);
    }
    submit_close(&one);
}

/* Goal: misuse leaves the outputs alone, nothing is fine, a stopped chain is told of each. */
static void test_many_edges(void **state)
{
    (void)state;
    struct submit_fixture fx;
    submit_open(&fx);
    struct chain_tx tx = chain_transfer(&fx.genesis, 1, 0, chain_address(2), 5);
    baals_slice slices[2] = {bl_slice(tx.bytes, tx.len), {NULL, 5}};
    baals_status statuses[2] = {BAALS_BUSY, BAALS_BUSY};
    baals_error err = {0};
    assert_status(baals_submit_many(NULL, NULL, statuses, slices, 1, NULL), BAALS_MISUSE);
    assert_status(baals_submit_many(fx.node.chain, NULL, NULL, slices, 1, NULL), BAALS_MISUSE);
    assert_status(baals_submit_many(fx.node.chain, NULL, statuses, NULL, 1, NULL), BAALS_MISUSE);
    assert_status(baals_submit_many(fx.node.chain, NULL, statuses, slices, 2, NULL), BAALS_MISUSE);
    assert_int_equal(statuses[0], BAALS_BUSY);
    assert_ok(baals_submit_many(fx.node.chain, NULL, NULL, NULL, 0, NULL));
    slices[1] = bl_slice(NULL, 0);
    assert_ok(baals_submit_many(fx.node.chain, NULL, statuses, slices, 2, NULL));
    assert_status(statuses[0], BAALS_OK);
    assert_status(statuses[1], BAALS_REJECT_TRUNCATED);
    (void)bl_chain_fail(fx.node.chain, BAALS_IO_SYNC);
    assert_status(baals_submit_many(fx.node.chain, NULL, statuses, slices, 2, &err),
                  BAALS_MISUSE_CLOSED);
    assert_status(statuses[0], BAALS_MISUSE_CLOSED);
    assert_status(statuses[1], BAALS_REJECT_TRUNCATED);
    assert_true(strlen(err.message) > 0);
    submit_close(&fx);
}

/* ---- together ---- */

enum { TOGETHER = 6, TOGETHER_EACH = 40 };

struct together {
    struct submit_fixture *fx;
    unsigned key;
    unsigned wrong; /* calls that did not answer as they should */
};

/* Every fourth transaction is spoiled. */
static void *together_submit(void *arg)
{
    struct together *t = arg;
    uint64_t nonce = 0;
    for (unsigned i = 0; i < TOGETHER_EACH; i++) {
        struct chain_tx tx = chain_transfer(&t->fx->genesis, t->key, nonce, chain_address(7), 1);
        baals_error err = {0};
        baals_hash id = {{0}};
        bool spoiled = i % 4 == t->key % 4;
        if (spoiled)
            tx.bytes[tx.len - 1] ^= 1;
        baals_status status =
            baals_submit(t->fx->node.chain, &id, bl_slice(tx.bytes, tx.len), &err);
        if (spoiled)
            t->wrong += status == BAALS_REJECT_SIGNATURE && err.message[0] != '\0' ? 0 : 1;
        else
            t->wrong += status == BAALS_OK && bl_hash_equal(&id, &tx.id) ? 0 : 1;
        nonce += spoiled ? 0 : 1;
    }
    return NULL;
}

/* Goal: calls from many threads, which meet and are taken in together, each get their own answer.
 */
static void test_together(void **state)
{
    (void)state;
    struct submit_fixture fx;
    struct together callers[TOGETHER];
    pthread_t threads[TOGETHER];
    submit_open(&fx);
    for (unsigned i = 0; i < TOGETHER; i++) {
        callers[i] = (struct together){&fx, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, together_submit, &callers[i]), 0);
    }
    for (unsigned i = 0; i < TOGETHER; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(callers[i].wrong, 0);
    }
    assert_int_equal(chain_info(&fx.node).pending, TOGETHER * TOGETHER_EACH * 3 / 4);
    submit_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_drop_reason),
        cmocka_unit_test(test_list_and_clear),
        cmocka_unit_test(test_many_as_one_by_one),
        cmocka_unit_test(test_many_edges),
        cmocka_unit_test(test_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
