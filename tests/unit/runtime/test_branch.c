/* SPDX-License-Identifier: MIT */
/* Forks: several authorities in one process, each a chain of its own with a clock of its own. */
#include <string.h>

#include "chain_lib.h"

enum { NODES = 5 };

struct fork {
    struct chain_genesis genesis;
    struct chain_node nodes[NODES];
    unsigned count;
};

/* `count` chains of `authorities` authorities; node i has key i. */
static void fork_open(struct fork *fork, unsigned authorities, unsigned count)
{
    memset(fork, 0, sizeof *fork);
    fork->count = count;
    chain_genesis_init(&fork->genesis, authorities);
    for (unsigned i = 0; i < count; i++) {
        chain_node_init(&fork->nodes[i], &fork->genesis, i);
        chain_node_open(&fork->nodes[i]);
    }
}

static void fork_close(struct fork *fork)
{
    for (unsigned i = 0; i < fork->count; i++)
        chain_node_deinit(&fork->nodes[i]);
    chain_genesis_deinit(&fork->genesis);
}

/* Node `n` makes a block with a transfer of `amount` from key `from`. */
static struct chain_tx
fork_block(struct fork *fork, unsigned n, unsigned from, uint64_t nonce, uint64_t amount)
{
    struct chain_tx tx = chain_transfer(&fork->genesis, from, nonce, chain_address(20), amount);
    chain_submit(&fork->nodes[n], &tx);
    chain_produce_in_slot(&fork->nodes[n]);
    return tx;
}

static void assert_same_tip(struct chain_node *a, struct chain_node *b)
{
    baals_chain_info left = chain_info(a);
    baals_chain_info right = chain_info(b);
    assert_int_equal(left.height, right.height);
    assert_memory_equal(left.hash.bytes, right.hash.bytes, 32);
    assert_memory_equal(left.state_root.bytes, right.state_root.bytes, 32);
    assert_int_equal(left.tx_count, right.tx_count);
}

struct notices {
    uint64_t blocks;
    uint64_t txs;
    uint64_t reverted;
    uint64_t height; /* as a follower of the notices believes */
};

static int32_t notices_count(void *ctx, const baals_notice *notice)
{
    struct notices *seen = ctx;
    if (notice->kind == BAALS_NOTICE_BLOCK) {
        assert_int_equal(notice->height, seen->height + 1);
        seen->height = notice->height;
        seen->blocks++;
    } else if (notice->kind == BAALS_NOTICE_REVERTED) {
        assert_true(notice->height < seen->height);
        seen->height = notice->height;
        seen->reverted++;
    } else {
        assert_int_equal(notice->height, seen->height);
        seen->txs++;
    }
    return 0;
}

static struct notices notices_all(struct chain_node *node)
{
    struct notices seen = {0};
    baals_cursor cursor = {0, 0};
    assert_ok(baals_notices_each(node->chain, &cursor, 0, notices_count, &seen, &node->err));
    assert_int_equal(seen.height, chain_info(node).height);
    return seen;
}

/* A longer branch replaces the shorter one; what only the old one had returns to the pool. */
static void test_longer_branch_wins(void **state)
{
    struct fork fork;
    (void)state;
    fork_open(&fork, 3, 3);
    struct chain_node *a = &fork.nodes[0];
    struct chain_node *b = &fork.nodes[1];
    struct chain_node *c = &fork.nodes[2];
    struct chain_tx lost = fork_block(&fork, 0, 3, 0, 111);
    (void)fork_block(&fork, 1, 4, 0, 222);
    (void)fork_block(&fork, 1, 4, 1, 333);
    chain_copy_from(c, a, 1);
    assert_int_equal(chain_balance(c, chain_address(20)), 111);
    chain_copy_from(c, b, 1);
    assert_same_tip(c, b);
    assert_int_equal(chain_balance(c, chain_address(20)), 555);
    baals_tx_place place;
    assert_status(baals_wait(c->chain, &place, &lost.id, 0, &c->err), BAALS_BUSY_TIMEOUT);
    assert_int_equal(chain_info(c).pending, 1);
    struct notices seen = notices_all(c);
    assert_int_equal(seen.reverted, 1);
    /* The third authority includes it again. */
    chain_produce_in_slot(c);
    assert_ok(baals_wait(c->chain, &place, &lost.id, 0, &c->err));
    assert_int_equal(place.height, 3);
    assert_int_equal(chain_balance(c, chain_address(20)), 666);
    assert_int_equal(chain_info(c).pending, 0);
    fork_close(&fork);
}

/* A branch of several blocks takes all of its transactions out of the pool. */
static void test_branch_empties_pool(void **state)
{
    struct fork fork;
    (void)state;
    fork_open(&fork, 3, 3);
    struct chain_node *c = &fork.nodes[2];
    struct chain_tx first = fork_block(&fork, 1, 4, 0, 1);
    struct chain_tx second = fork_block(&fork, 1, 4, 1, 2);
    struct chain_tx third = fork_block(&fork, 1, 4, 2, 3);
    struct chain_tx after = chain_transfer(&fork.genesis, 4, 3, chain_address(21), 4);
    (void)fork_block(&fork, 0, 3, 0, 9);
    chain_submit(c, &first);
    chain_submit(c, &second);
    chain_submit(c, &third);
    chain_submit(c, &after);
    chain_copy_from(c, &fork.nodes[0], 1);
    chain_copy_from(c, &fork.nodes[1], 1);
    assert_int_equal(chain_info(c).height, 3);
    assert_int_equal(chain_info(c).pending, 2); /* `after`, and the reverted one */
    chain_produce_in_slot(c);
    assert_int_equal(chain_info(c).pending, 0);
    assert_int_equal(chain_balance(c, chain_address(21)), 4);
    fork_close(&fork);
}

/* Of two blocks at one height the lower hash stands, whichever came first. */
static void test_equal_length(void **state)
{
    struct fork fork;
    (void)state;
    fork_open(&fork, 4, 4);
    (void)fork_block(&fork, 0, 4, 0, 1);
    (void)fork_block(&fork, 1, 5, 0, 2);
    assert_ok(chain_copy_block(&fork.nodes[2], &fork.nodes[0], 1));
    assert_ok(chain_copy_block(&fork.nodes[2], &fork.nodes[1], 1));
    assert_ok(chain_copy_block(&fork.nodes[3], &fork.nodes[1], 1));
    assert_ok(chain_copy_block(&fork.nodes[3], &fork.nodes[0], 1));
    assert_same_tip(&fork.nodes[2], &fork.nodes[3]);
    baals_hash zero = chain_info(&fork.nodes[0]).hash;
    baals_hash one = chain_info(&fork.nodes[1]).hash;
    baals_hash tip = chain_info(&fork.nodes[2]).hash;
    bool lower = memcmp(zero.bytes, one.bytes, 32) < 0;
    assert_memory_equal(tip.bytes, lower ? zero.bytes : one.bytes, 32);
    assert_status(chain_copy_block(&fork.nodes[2], &fork.nodes[0], 1), BAALS_LIMIT_KNOWN);
    assert_status(chain_copy_block(&fork.nodes[2], &fork.nodes[1], 1), BAALS_LIMIT_KNOWN);
    fork_close(&fork);
}

/* Reopening after a change of branch gives the new branch, at any size of checkpoints, killed or
 * closed; verify agrees. */
static void test_reopen_after_reorganisation(void **state)
{
    static const uint64_t sizes[] = {1, 20000, 0};
    (void)state;
    for (size_t i = 0; i < 2 * BL_COUNT_OF(sizes); i++) {
        struct fork fork;
        fork_open(&fork, 3, 3);
        struct chain_node *c = &fork.nodes[2];
        (void)fork_block(&fork, 0, 3, 0, 1);
        (void)fork_block(&fork, 0, 3, 1, 2);
        (void)fork_block(&fork, 0, 3, 2, 3);
        for (uint64_t nonce = 0; nonce < 4; nonce++)
            (void)fork_block(&fork, 1, 4, nonce, 10);
        chain_node_close(c);
        c->options.checkpoint_bytes = sizes[i / 2];
        chain_node_open(c);
        chain_copy_from(c, &fork.nodes[0], 1);
        chain_copy_from(c, &fork.nodes[1], 1);
        struct notices before = notices_all(c);
        if (i % 2 == 0)
            chain_node_close(c);
        else
            chain_node_kill(c);
        baals_verify_report report;
        assert_status(chain_node_verify(c, &report, 0), BAALS_OK);
        assert_int_equal(report.height, 4);
        assert_ok(chain_node_verify(c, &report, BAALS_VERIFY_REPLAY));
        for (unsigned times = 0; times < 2; times++) {
            chain_node_open(c);
            assert_same_tip(c, &fork.nodes[1]);
            struct notices after = notices_all(c);
            assert_int_equal(after.reverted, before.reverted);
            assert_int_equal(chain_info(c).pending, 3);
            chain_node_close(c);
        }
        fork_close(&fork);
    }
}

/* More than half of the authorities building on a block make it final; nothing at or below it is
 * taken in any more. */
static void test_finality(void **state)
{
    struct fork fork;
    (void)state;
    fork_open(&fork, 3, 3);
    struct chain_node *a = &fork.nodes[0];
    struct chain_node *b = &fork.nodes[1];
    struct chain_node *c = &fork.nodes[2];
    (void)fork_block(&fork, 2, 5, 0, 1); /* a branch nobody sees */
    (void)fork_block(&fork, 0, 3, 0, 1);
    chain_copy_from(b, a, 1);
    assert_int_equal(chain_info(b).final_height, 0);
    (void)fork_block(&fork, 1, 4, 0, 1);
    assert_int_equal(chain_info(b).final_height, 0);
    chain_copy_from(a, b, 2);
    /* Sealed without a transaction: block 1 is not final yet. */
    chain_produce_in_slot(a);
    assert_int_equal(chain_info(a).final_height, 1);
    assert_status(chain_copy_block(a, c, 1), BAALS_REJECT_FINAL);
    fork_close(&fork);
}

/* False when the hashes of `amount` make the other branch win while nothing is final. */
static bool final_conflict_with(uint64_t amount)
{
    struct fork fork;
    fork_open(&fork, 3, 3);
    struct chain_node *a = &fork.nodes[0];
    struct chain_node *b = &fork.nodes[1];
    struct chain_node *c = &fork.nodes[2];
    (void)fork_block(&fork, 0, 3, 0, 1);
    chain_copy_from(b, a, 1);
    (void)fork_block(&fork, 1, 4, 0, 1);
    chain_copy_from(a, b, 2);
    for (uint64_t nonce = 0; nonce < 6; nonce++)
        (void)fork_block(&fork, 2, 5, nonce, amount);
    baals_hash ours = chain_info(a).hash;
    assert_ok(chain_copy_block(a, c, 1));
    assert_ok(chain_copy_block(a, c, 2));
    bool stays = memcmp(chain_info(a).hash.bytes, ours.bytes, 32) == 0;
    if (stays) {
        chain_produce_in_slot(a);
        assert_int_equal(chain_info(a).final_height, 1);
        baals_hash tip = chain_info(a).hash;
        baals_status status = BAALS_OK;
        for (uint64_t height = 3; height <= 6 && status == BAALS_OK; height++)
            status = chain_copy_block(a, c, height);
        assert_status(status, BAALS_REJECT_FINAL_CONFLICT);
        assert_memory_equal(chain_info(a).hash.bytes, tip.bytes, 32);
        int32_t made = 0;
        assert_status(baals_produce_block(a->chain, &made, NULL, &a->err),
                      BAALS_REJECT_FINAL_CONFLICT);
    }
    fork_close(&fork);
    return stays;
}

/* A longer branch against a final block is refused, and this node seals no more. */
static void test_final_conflict(void **state)
{
    uint64_t amount = 1;
    (void)state;
    while (!final_conflict_with(amount))
        amount++;
}

/* Unknown parents, other chains and too many blocks of one slot are refused. */
static void test_refused(void **state)
{
    struct fork fork;
    (void)state;
    fork_open(&fork, 2, 2);
    struct chain_node *a = &fork.nodes[0];
    struct chain_node *b = &fork.nodes[1];
    for (uint64_t nonce = 0; nonce < 3; nonce++)
        (void)fork_block(&fork, 0, 3, nonce, 1);
    assert_status(chain_copy_block(b, a, 3), BAALS_REJECT_ORPHAN);
    chain_copy_from(b, a, 1);
    struct chain_genesis other;
    struct chain_node stranger;
    chain_genesis_init(&other, 1);
    chain_node_init(&stranger, &other, 0);
    chain_node_open(&stranger);
    struct chain_tx tx = chain_transfer(&other, 3, 0, chain_address(20), 1);
    chain_submit(&stranger, &tx);
    assert_true(chain_produce(&stranger));
    assert_status(chain_copy_block(b, &stranger, 1), BAALS_REJECT_CHAIN_ID);
    chain_node_deinit(&stranger);
    /* Three blocks of authority 1 in slot 1. */
    for (unsigned i = 0; i < 3; i++) {
        struct chain_node twin;
        chain_node_init(&twin, &fork.genesis, 1);
        chain_node_open(&twin);
        struct chain_tx own = chain_transfer(&fork.genesis, 4, 0, chain_address(20), 50 + i);
        chain_submit(&twin, &own);
        chain_set_slot(&twin, 1);
        assert_true(chain_produce(&twin));
        assert_status(chain_copy_block(a, &twin, 1),
                      i < BL_SIDE_PER_SLOT_MAX ? BAALS_OK : BAALS_REJECT_SIDE_LIMIT);
        chain_node_deinit(&twin);
    }
    fork_close(&fork);
}

/* A block that does not hold on a side branch is refused and changes nothing. */
static void test_bad_side_block(void **state)
{
    struct fork fork;
    (void)state;
    fork_open(&fork, 2, 2);
    struct chain_node *a = &fork.nodes[0];
    struct chain_node *b = &fork.nodes[1];
    (void)fork_block(&fork, 0, 3, 0, 1);
    (void)fork_block(&fork, 1, 4, 0, 1);
    (void)fork_block(&fork, 1, 4, 1, 1);
    baals_chain_info before = chain_info(a);
    assert_int_equal(before.height, 1);
    for (uint64_t height = 1; height <= 2; height++) {
        baals_bytes bytes = {NULL, 0, NULL};
        atomic_store(&a->clock.now_ms, CHAIN_START_MS + 3600000);
        assert_ok(baals_block_get(b->chain, &bytes, height, &b->err));
        uint64_t refused = 0;
        for (size_t i = 0; i < bytes.len; i += 7) {
            bytes.data[i] ^= 1;
            baals_status status =
                baals_import_block(a->chain, bl_slice(bytes.data, bytes.len), &a->err);
            if (BAALS_STATUS_CLASS(status) != BAALS_CLASS_REJECT)
                fail_msg("byte %zu: %s", i, baals_status_name(status));
            refused++;
            bytes.data[i] ^= 1;
        }
        assert_true(refused > 50);
        baals_bytes_free(&bytes);
        assert_memory_equal(chain_info(a).hash.bytes, before.hash.bytes, 32);
        (void)chain_copy_block(a, b, height);
        before = chain_info(a);
    }
    assert_same_tip(a, b);
    fork_close(&fork);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longer_branch_wins),
        cmocka_unit_test(test_branch_empties_pool),
        cmocka_unit_test(test_equal_length),
        cmocka_unit_test(test_reopen_after_reorganisation),
        cmocka_unit_test(test_finality),
        cmocka_unit_test(test_final_conflict),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bad_side_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
