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

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait),        cmocka_unit_test(test_known),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_drop_reason), cmocka_unit_test(test_list_and_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
