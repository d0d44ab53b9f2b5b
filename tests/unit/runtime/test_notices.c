/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions: everything once and in order, from any place, across a restart.
 */
#include <string.h>

#include "chain_lib.h"

#define NOTICES_MAX 64

/* What was delivered, and how much is wanted before the callback stops. */
struct notices_seen {
    size_t count;
    size_t stop_after; /* 0: never */
    baals_notice items[NOTICES_MAX];
};

static int32_t notices_take(void *ctx, const baals_notice *notice)
{
    struct notices_seen *seen = ctx;
    assert_true(seen->count < NOTICES_MAX);
    if (notice->kind == BAALS_NOTICE_TX) {
        baals_receipt receipt;
        assert_ok(baals_receipt_decode(&receipt, notice->receipt, NULL));
    }
    seen->items[seen->count] = *notice;
    seen->items[seen->count++].receipt = bl_slice(NULL, 0);
    return seen->count == seen->stop_after;
}

static void notices_blocks(struct chain_node *node, uint64_t first, uint64_t count)
{
    for (uint64_t nonce = first; nonce < first + count; nonce++) {
        struct chain_tx tx = chain_transfer(node->genesis, 1, nonce, chain_address(2), 1);
        chain_submit(node, &tx);
        assert_true(chain_produce(node));
    }
}

/* Block, then its transaction, for every height; block 0 is no news. */
static void notices_assert_blocks(const struct notices_seen *seen, uint64_t first, uint64_t count)
{
    assert_int_equal(seen->count, 2 * count);
    for (size_t i = 0; i < seen->count; i++) {
        assert_int_equal(seen->items[i].kind, i % 2 == 0 ? BAALS_NOTICE_BLOCK : BAALS_NOTICE_TX);
        assert_int_equal(seen->items[i].height, first + i / 2);
        assert_int_equal(seen->items[i].position, 0);
    }
}

/* From the beginning everything is delivered once, then nothing until something happens. */
static void test_order(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    struct notices_seen seen = {0};
    baals_cursor cursor = {0, 0};
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    notices_blocks(&node, 0, 5);
    assert_ok(baals_notices_each(node.chain, &cursor, 0, notices_take, &seen, &node.err));
    notices_assert_blocks(&seen, 1, 5);
    assert_status(baals_notices_each(node.chain, &cursor, 0, notices_take, &seen, &node.err),
                  BAALS_BUSY_TIMEOUT);
    baals_cursor now;
    assert_ok(baals_cursor_now(node.chain, &now, &node.err));
    notices_blocks(&node, 5, 1);
    memset(&seen, 0, sizeof seen);
    assert_ok(baals_notices_each(node.chain, &now, 0, notices_take, &seen, &node.err));
    notices_assert_blocks(&seen, 6, 1);
    memset(&seen, 0, sizeof seen);
    assert_ok(baals_notices_each(node.chain, &cursor, 0, notices_take, &seen, &node.err));
    notices_assert_blocks(&seen, 6, 1);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* Stopping after any notice and going on later, with a restart in between, misses and repeats
 * nothing; so does the cursor of any single notice. */
static void test_resume(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    notices_blocks(&node, 0, 4);
    for (size_t stop = 1; stop <= 8; stop++) {
        struct notices_seen seen = {.stop_after = stop};
        baals_cursor cursor = {0, 0};
        assert_ok(baals_notices_each(node.chain, &cursor, 0, notices_take, &seen, &node.err));
        assert_int_equal(seen.count, stop);
        assert_memory_equal(&cursor, &seen.items[stop - 1].cursor, sizeof cursor);
        chain_node_close(&node);
        chain_node_open(&node);
        baals_status status =
            baals_notices_each(node.chain, &cursor, 0, notices_take, &seen, &node.err);
        assert_status(status, stop < 8 ? BAALS_OK : BAALS_BUSY_TIMEOUT);
        notices_assert_blocks(&seen, 1, 4);
    }
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* A cursor that no notice gave is refused, and is no damage. */
static void test_hostile_cursor(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    chain_genesis_init(&genesis, 1);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    notices_blocks(&node, 0, 2);
    struct testlib_rng rng = testlib_rng(3);
    baals_cursor end;
    assert_ok(baals_cursor_now(node.chain, &end, &node.err));
    for (unsigned i = 0; i < 2000; i++) {
        baals_cursor cursor = {end.record - 1 - testlib_rng_below(&rng, 12000),
                               testlib_rng_below(&rng, 4)};
        struct notices_seen seen = {0};
        baals_status status =
            baals_notices_each(node.chain, &cursor, 0, notices_take, &seen, &node.err);
        if (status != BAALS_OK && status != BAALS_BUSY_TIMEOUT)
            assert_status(status, BAALS_MISUSE_ARGUMENT);
    }
    baals_cursor far = {UINT64_MAX, UINT64_MAX};
    struct notices_seen seen = {0};
    assert_status(baals_notices_each(node.chain, &far, 0, notices_take, &seen, &node.err),
                  BAALS_MISUSE_ARGUMENT);
    assert_status(baals_notices_each(node.chain, NULL, 0, notices_take, &seen, &node.err),
                  BAALS_MISUSE);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_hostile_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
