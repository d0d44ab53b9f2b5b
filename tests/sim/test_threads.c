/* SPDX-License-Identifier: MIT */
/*
 * Several chains in one process, each used from many threads at once: submitters, the chain's own
 * producer and maintenance, readers, a subscriber. Every accepted transaction gets its receipt,
 * what a reader sees is of one height, notices come once and in order. Run under ThreadSanitizer
 * too.
 */
#include <pthread.h>
#include <string.h>

#include "chain_lib.h"

enum { CHAINS = 2, SUBMITTERS = 4, EACH = 40, ADDRESS = 60 };

struct busy_chain {
    struct chain_genesis genesis;
    struct chain_node node;
    _Atomic int finished; /* submitters that are done */
    _Atomic int failed;   /* cmocka's assertions belong to the main thread */
    uint64_t notices;
};

struct submitter {
    struct busy_chain *busy;
    unsigned key;
};

static void busy_require(struct busy_chain *busy, bool condition)
{
    if (!condition)
        atomic_fetch_add(&busy->failed, 1);
}

static void *busy_submit(void *arg)
{
    struct submitter *s = arg;
    struct busy_chain *busy = s->busy;
    baals_chain *chain = baals_chain_ref(busy->node.chain);
    baals_error err = {0};
    baals_hash last = {{0}};
    for (uint64_t nonce = 0; nonce < EACH; nonce++) {
        struct chain_tx tx =
            chain_transfer(&busy->genesis, s->key, nonce, chain_address(ADDRESS), 1);
        busy_require(busy,
                     baals_submit(chain, &last, bl_slice(tx.bytes, tx.len), &err) == BAALS_OK);
        if (nonce % 8 != 7)
            continue;
        baals_tx_place place;
        baals_bytes receipt = {NULL, 0, NULL};
        busy_require(busy, baals_wait(chain, &place, &last, 60000, &err) == BAALS_OK);
        busy_require(busy, baals_receipt_get(chain, &receipt, NULL, NULL, &last, &err) == BAALS_OK);
        baals_bytes_free(&receipt);
    }
    atomic_fetch_add(&busy->finished, 1);
    busy_require(busy, baals_close(chain, &err) == BAALS_OK);
    return NULL;
}

/* Money only moves: what a reader sees of one height adds up, and heights never go back. */
static void *busy_read(void *arg)
{
    struct busy_chain *busy = arg;
    baals_chain *chain = baals_chain_ref(busy->node.chain);
    baals_error err = {0};
    uint64_t height = 0;
    uint64_t txs = 0;
    baals_address target = chain_address(ADDRESS);
    while (atomic_load(&busy->finished) < SUBMITTERS) {
        baals_chain_info info;
        baals_bytes bytes = {NULL, 0, NULL};
        baals_block block;
        busy_require(busy, baals_chain_info_get(chain, &info, &err) == BAALS_OK);
        busy_require(busy, info.height >= height && info.tx_count >= txs);
        height = info.height;
        txs = info.tx_count;
        busy_require(busy, baals_block_get(chain, &bytes, height, &err) == BAALS_OK);
        busy_require(busy,
                     baals_block_decode(&block, bl_slice(bytes.data, bytes.len), &err) == BAALS_OK);
        busy_require(busy, memcmp(block.hash.bytes, info.hash.bytes, 32) == 0);
        busy_require(busy, memcmp(block.header.state_root.bytes, info.state_root.bytes, 32) == 0);
        baals_bytes_free(&bytes);
        baals_proof proof;
        memset(&proof, 0, sizeof proof);
        busy_require(busy,
                     baals_prove(chain, &proof, "accounts",
                                 bl_slice(target.bytes, sizeof target.bytes), &err) == BAALS_OK);
        baals_proof_free(&proof);
    }
    busy_require(busy, baals_close(chain, &err) == BAALS_OK);
    return NULL;
}

static int32_t busy_notice(void *ctx, const baals_notice *notice)
{
    struct busy_chain *busy = ctx;
    if (notice->kind == BAALS_NOTICE_TX)
        busy->notices++;
    busy_require(busy, notice->kind != BAALS_NOTICE_REVERTED);
    return 0;
}

static void *busy_follow(void *arg)
{
    struct busy_chain *busy = arg;
    baals_chain *chain = baals_chain_ref(busy->node.chain);
    baals_error err = {0};
    baals_cursor cursor = {0, 0};
    while (busy->notices < SUBMITTERS * EACH && atomic_load(&busy->failed) == 0) {
        baals_status status = baals_notices_each(chain, &cursor, 1000, busy_notice, busy, &err);
        busy_require(busy, status == BAALS_OK || status == BAALS_BUSY_TIMEOUT);
    }
    busy_require(busy, baals_close(chain, &err) == BAALS_OK);
    return NULL;
}

static void busy_run(bool real)
{
    static struct busy_chain chains[CHAINS];
    pthread_t threads[CHAINS][SUBMITTERS + 2];
    struct submitter submitters[CHAINS][SUBMITTERS];
    memset(chains, 0, sizeof chains);
    for (unsigned c = 0; c < CHAINS; c++) {
        struct busy_chain *busy = &chains[c];
        chain_genesis_init(&busy->genesis, 1);
        if (real)
            chain_node_init_real(&busy->node, &busy->genesis, 0, "threads");
        else
            chain_node_init(&busy->node, &busy->genesis, 0);
        busy->node.options.flags |= BAALS_OPEN_PRODUCE;
        busy->node.options.checkpoint_bytes = 20000;
        chain_node_open(&busy->node);
        for (unsigned i = 0; i < SUBMITTERS; i++) {
            submitters[c][i] = (struct submitter){busy, i + 1};
            assert_int_equal(pthread_create(&threads[c][i], NULL, busy_submit, &submitters[c][i]),
                             0);
        }
        assert_int_equal(pthread_create(&threads[c][SUBMITTERS], NULL, busy_read, busy), 0);
        assert_int_equal(pthread_create(&threads[c][SUBMITTERS + 1], NULL, busy_follow, busy), 0);
    }
    for (unsigned c = 0; c < CHAINS; c++) {
        for (unsigned i = 0; i < SUBMITTERS + 2; i++)
            assert_int_equal(pthread_join(threads[c][i], NULL), 0);
        struct busy_chain *busy = &chains[c];
        assert_int_equal(atomic_load(&busy->failed), 0);
        assert_int_equal(busy->notices, SUBMITTERS * EACH);
        assert_int_equal(chain_balance(&busy->node, chain_address(ADDRESS)), SUBMITTERS * EACH);
        chain_node_close(&busy->node);
        baals_verify_report report;
        assert_ok(chain_node_verify(&busy->node, &report, BAALS_VERIFY_REPLAY));
        assert_int_equal(report.txs, SUBMITTERS * EACH);
        chain_node_deinit(&busy->node);
    }
}

/* On the memory backend. */
static void test_memory(void **state)
{
    (void)state;
    busy_run(false);
}

/* On lmdb and real files. */
static void test_lmdb(void **state)
{
    (void)state;
    busy_run(true);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory), cmocka_unit_test(test_lmdb)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
