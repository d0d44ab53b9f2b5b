/* SPDX-License-Identifier: MIT */
/*
 * The record cache under whole chains: random blocks, forks and reorganisations, restarts. At every
 * step, whatever the cache says of an account is what the newest state has.
 */
#include <string.h>

#include "chain_lib.h"

enum { NODES = 3, ACCOUNTS = 60, ROUNDS = 40 };

struct records {
    struct chain_genesis genesis;
    struct chain_node nodes[NODES];
    struct testlib_rng rng;
    uint64_t present;
    uint64_t absent;
};

static void records_open(struct records *r, uint64_t stream)
{
    memset(r, 0, sizeof *r);
    r->rng = testlib_rng(stream);
    chain_genesis_init(&r->genesis, NODES);
    chain_genesis_counter(&r->genesis);
    for (unsigned i = 0; i < NODES; i++) {
        chain_node_init(&r->nodes[i], &r->genesis, i);
        r->nodes[i].options.checkpoint_bytes = 20000;
        chain_node_open(&r->nodes[i]);
    }
}

static void records_close(struct records *r)
{
    for (unsigned i = 0; i < NODES; i++)
        chain_node_deinit(&r->nodes[i]);
    chain_genesis_deinit(&r->genesis);
}

/* What the next block would meet, compared with the store. */
static void records_check(struct records *r, struct chain_node *node)
{
    struct baals_chain *chain = node->chain;
    struct bl_view *view = NULL;
    assert_ok(bl_view_begin(&view, chain->store, &node->err));
    assert_true(bl_record_cache_bind(chain->records, view));
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        baals_address address = i == 0 ? chain_counter_id() : chain_address(i);
        baals_slice key = bl_slice(address.bytes, sizeof address.bytes);
        baals_slice cached = {NULL, 0};
        baals_slice stored = {NULL, 0};
        uint32_t hash = bl_hash_key_of(bl_view_hash_key(view), key);
        enum bl_record_known known = bl_record_cache_get(chain->records, &cached, hash, key);
        baals_status status = bl_view_get(view, &stored, BAALS_SPACE_ACCOUNTS, key, &node->err);
        if (known == BL_RECORD_PRESENT) {
            assert_ok(status);
            assert_true(bl_slice_equal(cached, stored));
            r->present++;
        } else if (known == BL_RECORD_ABSENT) {
            assert_status(status, BAALS_NOTFOUND);
            r->absent++;
        }
    }
    bl_view_end(view);
}

static uint64_t records_nonce(struct chain_node *node, unsigned key)
{
    struct bl_view *view = NULL;
    struct bl_account account;
    baals_address address = chain_address(key);
    assert_ok(bl_view_begin(&view, node->chain->store, &node->err));
    assert_ok(bl_ledger_account(&account, view, &address, &node->err));
    bl_view_end(view);
    return account.nonce;
}

/* A block of random transfers and calls, some of which fail or cannot be included. Those of a block
 * that was reverted wait in the pool, so submitting may be refused. */
static void records_produce(struct records *r, unsigned n)
{
    struct chain_node *node = &r->nodes[n];
    unsigned key = NODES + n;
    uint64_t nonce = records_nonce(node, key);
    uint64_t count = 1 + testlib_rng_below(&r->rng, 6);
    for (uint64_t i = 0; i < count; i++) {
        static const char *const methods[] = {"add", "get", "fail"};
        baals_address to = chain_address((unsigned)testlib_rng_below(&r->rng, ACCOUNTS));
        uint64_t amount =
            testlib_rng_below(&r->rng, 3) == 0 ? 0 : testlib_rng_below(&r->rng, CHAIN_RICH / 20);
        struct chain_tx tx =
            testlib_rng_below(&r->rng, 4) == 0
                ? chain_call(&r->genesis, key, nonce + i, methods[testlib_rng_below(&r->rng, 3)])
                : chain_transfer(&r->genesis, key, nonce + i, to, amount);
        (void)chain_try_submit(node, &tx);
    }
    chain_produce_in_slot(node);
    records_check(r, node);
}

static void records_follow(struct records *r, unsigned to, unsigned from)
{
    struct chain_node *node = &r->nodes[to];
    uint64_t height = chain_info(node).height;
    for (uint64_t h = height > 2 ? height - 2 : 1; h <= chain_info(&r->nodes[from]).height; h++) {
        baals_status status = chain_copy_block(node, &r->nodes[from], h);
        assert_true(status == BAALS_OK || status == BAALS_LIMIT_KNOWN);
        records_check(r, node);
    }
}

/* One node makes a block, another two, and the third sees both: the shorter branch is reverted on
 * two of them. */
static void records_round(struct records *r)
{
    unsigned first = (unsigned)testlib_rng_below(&r->rng, NODES);
    unsigned second = (first + 1 + (unsigned)testlib_rng_below(&r->rng, NODES - 1)) % NODES;
    unsigned third = NODES - first - second;
    if (testlib_rng_below(&r->rng, 3) > 0)
        records_produce(r, first);
    records_produce(r, second);
    records_produce(r, second);
    if (testlib_rng_below(&r->rng, 2) == 0)
        records_follow(r, third, first);
    records_follow(r, third, second);
    records_follow(r, first, second);
    if (testlib_rng_below(&r->rng, 6) == 0) {
        chain_node_close(&r->nodes[first]);
        chain_node_open(&r->nodes[first]);
        records_check(r, &r->nodes[first]);
    }
    baals_chain_info expected = chain_info(&r->nodes[second]);
    for (unsigned i = 0; i < NODES; i++) {
        baals_chain_info info = chain_info(&r->nodes[i]);
        assert_memory_equal(info.hash.bytes, expected.hash.bytes, 32);
    }
}

/* Goal: over forks, reorganisations, failed transactions and restarts the cache never says what the
 * newest state does not, and it does say much. */
static void test_forks(void **state)
{
    (void)state;
    static struct records r;
    for (uint64_t stream = 1; stream <= 3; stream++) {
        records_open(&r, stream);
        for (unsigned round = 0; round < ROUNDS; round++)
            records_round(&r);
        print_message("%llu records and %llu absences compared\n", (unsigned long long)r.present,
                      (unsigned long long)r.absent);
        assert_true(r.present > 1000 && r.absent > 50);
        records_close(&r);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
