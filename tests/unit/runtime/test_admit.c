/* SPDX-License-Identifier: MIT */
/*
 * Admission of many transactions at once: each gets the verdict it would get alone and in its turn,
 * and pool.log holds exactly those that were accepted.
 */
#include <string.h>

#include "chain_lib.h"

enum { ADMIT_MAX = 16 };

struct admit_fixture {
    struct chain_genesis genesis;
    struct chain_node node;
    struct chain_tx txs[ADMIT_MAX];
    struct bl_incoming items[ADMIT_MAX];
    size_t count;
};

static void admit_open(struct admit_fixture *fx)
{
    memset(fx, 0, sizeof *fx);
    chain_genesis_init(&fx->genesis, 1);
    chain_node_init(&fx->node, &fx->genesis, 0);
    chain_node_open(&fx->node);
}

static void admit_close(struct admit_fixture *fx)
{
    chain_node_deinit(&fx->node);
    chain_genesis_deinit(&fx->genesis);
}

static void admit_add(struct admit_fixture *fx, struct chain_tx tx)
{
    struct bl_incoming *item = &fx->items[fx->count];
    fx->txs[fx->count] = tx;
    *item = (struct bl_incoming){.bytes = bl_slice(fx->txs[fx->count].bytes, tx.len)};
    item->status = baals_tx_decode(&item->tx, item->bytes, NULL);
    fx->count++;
}

static void admit_run(struct admit_fixture *fx)
{
    bl_chain_admit(fx->node.chain, fx->items, fx->count);
}

/* Goal: the verdicts of a batch are those of its transactions one after the other, and those that
 * were refused before keep theirs. */
static void test_verdicts(void **state)
{
    (void)state;
    struct admit_fixture fx;
    admit_open(&fx);
    struct chain_tx committed = chain_transfer(&fx.genesis, 2, 0, chain_address(3), 1);
    chain_submit(&fx.node, &committed);
    assert_true(chain_produce(&fx.node));
    admit_add(&fx, chain_transfer(&fx.genesis, 1, 1, chain_address(2), 5)); /* after the next */
    admit_add(&fx, chain_transfer(&fx.genesis, 1, 0, chain_address(2), 5));
    admit_add(&fx, chain_transfer(&fx.genesis, 1, 0, chain_address(2), 5)); /* the same */
    admit_add(&fx, chain_transfer(&fx.genesis, 1, 0, chain_address(2), 6)); /* no better price */
    admit_add(&fx, chain_priced(&fx.genesis, 1, 1, 2));                     /* replaces the first */
    admit_add(&fx, committed);
    admit_add(&fx, chain_transfer(&fx.genesis, 4, 0, chain_address(2), CHAIN_RICH));
    admit_add(&fx, chain_transfer(&fx.genesis, 5, 0, chain_address(2), 1));
    fx.items[7].status = BAALS_REJECT_SIGNATURE;
    static const baals_status expected[] = {
        BAALS_OK, BAALS_OK,          BAALS_LIMIT_KNOWN,    BAALS_LIMIT_PRICE,
        BAALS_OK, BAALS_LIMIT_KNOWN, BAALS_REJECT_BALANCE, BAALS_REJECT_SIGNATURE};
    admit_run(&fx);
    for (size_t i = 0; i < fx.count; i++)
        assert_status(fx.items[i].status, expected[i]);
    baals_tx_place place;
    assert_int_equal(chain_info(&fx.node).pending, 2);
    assert_status(baals_wait(fx.node.chain, &place, &fx.txs[0].id, 0, NULL), BAALS_LIMIT_PRICE);
    chain_node_kill(&fx.node);
    chain_node_open(&fx.node);
    assert_int_equal(chain_info(&fx.node).pending, 2);
    assert_status(baals_wait(fx.node.chain, &place, &fx.txs[1].id, 0, NULL), BAALS_BUSY_TIMEOUT);
    assert_status(baals_wait(fx.node.chain, &place, &fx.txs[4].id, 0, NULL), BAALS_BUSY_TIMEOUT);
    admit_close(&fx);
}

/* Goal: what cannot be written is not accepted, and says so. */
static void test_full_disk(void **state)
{
    (void)state;
    struct admit_fixture fx;
    baals_error err = {0};
    admit_open(&fx);
    for (unsigned i = 0; i < 4; i++)
        admit_add(&fx, chain_transfer(&fx.genesis, 1 + i % 2, i / 2, chain_address(2), 5));
    fx.items[3].err = &err;
    fx.node.clock.full = 1;
    admit_run(&fx);
    fx.node.clock.full = 0;
    for (size_t i = 0; i < fx.count; i++)
        assert_status(fx.items[i].status, BAALS_IO_FULL);
    assert_true(strlen(err.message) > 0);
    assert_int_equal(chain_info(&fx.node).pending, 0);
    for (size_t i = 0; i < fx.count; i++)
        fx.items[i].status = BAALS_OK;
    admit_run(&fx);
    assert_int_equal(chain_info(&fx.node).pending, 4);
    admit_close(&fx);
}

/* Goal: a chain that has stopped accepts nothing. */
static void test_stopped(void **state)
{
    (void)state;
    struct admit_fixture fx;
    admit_open(&fx);
    admit_add(&fx, chain_transfer(&fx.genesis, 1, 0, chain_address(2), 5));
    (void)bl_chain_fail(fx.node.chain, BAALS_IO_SYNC);
    admit_run(&fx);
    assert_status(fx.items[0].status, BAALS_MISUSE_CLOSED);
    admit_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
