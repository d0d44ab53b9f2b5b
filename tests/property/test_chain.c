/* SPDX-License-Identifier: MIT */
/*
 * One random chain, seen in several ways: on every storage backend, exported and imported,
 * replayed, reverted and applied again. Roots, receipts and export bytes are the same.
 */
#include <stdlib.h>
#include <string.h>

#include "chain_lib.h"

enum { BLOCKS = 25 };

/* A random transaction of `sender`; some fail, some do not fit their gas. */
static struct chain_tx
random_tx(const struct chain_genesis *g, struct testlib_rng *rng, unsigned sender, uint64_t nonce)
{
    static const char *const methods[] = {"add", "get", "fail", "nothing"};
    if (testlib_rng_below(rng, 2) == 0)
        return chain_call(g, sender, nonce, methods[testlib_rng_below(rng, 4)]);
    unsigned to = (unsigned)testlib_rng_below(rng, 40);
    return chain_transfer(g, sender, nonce, chain_address(to), testlib_rng_below(rng, 1000));
}

/* Makes the same random blocks on a node. */
static void random_chain(struct chain_node *node, uint64_t stream)
{
    struct testlib_rng rng = testlib_rng(stream);
    uint64_t nonces[8] = {0};
    for (unsigned block = 0; block < BLOCKS; block++) {
        uint64_t count = 1 + testlib_rng_below(&rng, 8);
        for (uint64_t i = 0; i < count; i++) {
            unsigned sender = (unsigned)testlib_rng_below(&rng, 7);
            struct chain_tx tx = random_tx(node->genesis, &rng, sender, nonces[sender]++);
            chain_submit(node, &tx);
        }
        atomic_fetch_add(&node->clock.now_ms, testlib_rng_below(&rng, 5000));
        assert_true(chain_produce(node));
    }
}

static void assert_same_chain(struct chain_node *a, struct chain_node *b)
{
    baals_chain_info left = chain_info(a);
    baals_chain_info right = chain_info(b);
    assert_int_equal(left.height, right.height);
    assert_memory_equal(left.hash.bytes, right.hash.bytes, 32);
    assert_memory_equal(left.state_root.bytes, right.state_root.bytes, 32);
    assert_int_equal(left.tx_count, right.tx_count);
    size_t left_len = 0;
    size_t right_len = 0;
    uint8_t *left_bytes = chain_export(a->chain, &left_len);
    uint8_t *right_bytes = chain_export(b->chain, &right_len);
    assert_int_equal(left_len, right_len);
    assert_memory_equal(left_bytes, right_bytes, left_len);
    free(left_bytes);
    free(right_bytes);
    for (uint64_t height = 1; height <= left.height; height++) {
        baals_bytes bytes = {NULL, 0, NULL};
        baals_block block;
        baals_slice tx = {NULL, 0};
        assert_ok(baals_block_get(a->chain, &bytes, height, NULL));
        assert_ok(baals_block_decode(&block, bl_slice(bytes.data, bytes.len), NULL));
        for (size_t cursor = 0; baals_block_txs_next(&tx, &cursor, &block) != 0;) {
            baals_hash id;
            baals_bytes one = {NULL, 0, NULL};
            baals_bytes two = {NULL, 0, NULL};
            bl_tx_id(&id, tx);
            assert_ok(baals_receipt_get(a->chain, &one, NULL, NULL, &id, NULL));
            assert_ok(baals_receipt_get(b->chain, &two, NULL, NULL, &id, NULL));
            assert_int_equal(one.len, two.len);
            assert_memory_equal(one.data, two.data, one.len);
            baals_bytes_free(&one);
            baals_bytes_free(&two);
        }
        baals_bytes_free(&bytes);
    }
}

/* A durable backend gives the same chain as the one in memory, at any size of checkpoints. */
static void check_backend(const char *backend)
{
    struct chain_genesis genesis;
    struct chain_node memory;
    struct chain_node durable;
    chain_genesis_init(&genesis, 1);
    chain_genesis_counter(&genesis);
    chain_node_init(&memory, &genesis, 0);
    chain_node_init_real(&durable, &genesis, 0, "property");
    durable.options.storage = backend;
    durable.options.checkpoint_bytes = 5000;
    chain_node_open(&memory);
    chain_node_open(&durable);
    random_chain(&memory, 1);
    random_chain(&durable, 1);
    assert_same_chain(&memory, &durable);
    chain_node_close(&durable);
    chain_node_open(&durable);
    assert_same_chain(&memory, &durable);
    chain_node_deinit(&memory);
    chain_node_deinit(&durable);
    chain_genesis_deinit(&genesis);
}

/* The same chain on lmdb as in memory. */
static void test_lmdb(void **state)
{
    (void)state;
    check_backend("lmdb");
}

#ifdef BAALS_HAVE_ROCKSDB
/* The same chain on rocksdb as in memory. */
static void test_rocksdb(void **state)
{
    (void)state;
    check_backend("rocksdb");
}
#endif

/* import(export(chain)) = chain, into a new one and into one that has a part already; verify with
 * replay agrees. */
static void test_export_import(void **state)
{
    struct chain_genesis genesis;
    struct chain_node node;
    struct chain_node part;
    (void)state;
    chain_genesis_init(&genesis, 1);
    chain_genesis_counter(&genesis);
    chain_node_init(&node, &genesis, 0);
    chain_node_init(&part, &genesis, 0);
    chain_node_open(&node);
    chain_node_open(&part);
    random_chain(&node, 2);
    atomic_store(&part.clock.now_ms, atomic_load(&node.clock.now_ms));
    for (uint64_t height = 1; height <= 7; height++)
        assert_ok(chain_copy_block(&part, &node, height));
    size_t len = 0;
    uint8_t *bytes = chain_export(node.chain, &len);
    struct chain_source source = {bytes, len};
    uint64_t height = 0;
    assert_ok(baals_import(part.chain, &height, chain_source_next, &source, &part.err));
    assert_int_equal(height, BLOCKS);
    assert_same_chain(&node, &part);
    baals_chain *fresh = NULL;
    source = (struct chain_source){bytes, len};
    assert_ok(baals_import_new(&fresh, ":memory:", NULL, chain_source_next, &source, &part.err));
    size_t fresh_len = 0;
    uint8_t *fresh_bytes = chain_export(fresh, &fresh_len);
    assert_int_equal(fresh_len, len);
    assert_memory_equal(fresh_bytes, bytes, len);
    free(fresh_bytes);
    free(bytes);
    assert_ok(baals_close(fresh, NULL));
    baals_verify_report plain;
    baals_verify_report replayed;
    chain_node_close(&node);
    assert_ok(chain_node_verify(&node, &plain, 0));
    assert_ok(chain_node_verify(&node, &replayed, BAALS_VERIFY_REPLAY));
    assert_memory_equal(&plain, &replayed, sizeof plain);
    chain_node_deinit(&node);
    chain_node_deinit(&part);
    chain_genesis_deinit(&genesis);
}

/* The state after undoing the newest blocks one by one is the one each parent's header names. */
static void test_undo_is_inverse(void **state)
{
    struct chain_genesis genesis;
    struct chain_node node;
    struct bl_arena arena;
    struct bl_view *view = NULL;
    (void)state;
    chain_genesis_init(&genesis, 1);
    chain_genesis_counter(&genesis);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    random_chain(&node, 3);
    bl_arena_init(&arena, bl_alloc_system(), BL_BLOCK_ARENA_MAX);
    assert_ok(bl_view_begin(&view, node.chain->store, NULL));
    for (uint64_t height = BLOCKS; height > 0; height--) {
        struct bl_pending_layer undo;
        struct bl_state_roots roots;
        struct bl_journal_record journal;
        struct bl_block_record record;
        assert_ok(bl_chain_undo_layer(&undo, node.chain, view, height, 0, &arena, NULL));
        assert_ok(bl_view_push(view, undo.layer, NULL));
        bl_layer_unref(undo.layer);
        assert_ok(bl_state_recompute(&roots, view, &node.disk->alloc, NULL, NULL, NULL));
        assert_ok(bl_chain_read_block(node.chain, &journal, &record, view, height - 1, NULL));
        assert_memory_equal(roots.root.bytes, record.block.header.state_root.bytes, 32);
        bl_journal_record_deinit(node.chain->journal, &journal);
        struct bl_locator locator;
        assert_status(bl_index_locator(&locator, view, height, NULL), BAALS_NOTFOUND);
    }
    bl_view_end(view);
    bl_arena_deinit(&arena);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

#ifdef BAALS_HAVE_WASMTIME
/* Both runtimes of contracts give the same chain: blocks, roots, receipts, export. */
static void test_runtimes(void **state)
{
    static const struct {
        const char *vm;
        int32_t trap_signals;
    } runtimes[] = {{"wasmtime", 0}, {"wasmtime", 1}, {NULL, 0}};
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(runtimes); i++) {
        struct chain_genesis genesis;
        struct chain_node slow;
        struct chain_node fast;
        chain_genesis_init(&genesis, 1);
        chain_genesis_counter(&genesis);
        chain_node_init(&slow, &genesis, 0);
        chain_node_init(&fast, &genesis, 0);
        fast.options.vm = runtimes[i].vm;
        fast.options.trap_signals = runtimes[i].trap_signals;
        chain_node_open(&slow);
        chain_node_open(&fast);
        random_chain(&slow, 5 + i);
        random_chain(&fast, 5 + i);
        struct bl_contract_counts counts;
        bl_contract_counts(fast.chain->contracts, &counts);
        assert_int_equal(counts.faults, 0);
        assert_same_chain(&slow, &fast);
        chain_node_deinit(&slow);
        chain_node_deinit(&fast);
        chain_genesis_deinit(&genesis);
    }
}
#endif

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lmdb),
#ifdef BAALS_HAVE_ROCKSDB
        cmocka_unit_test(test_rocksdb),
#endif
        cmocka_unit_test(test_export_import), cmocka_unit_test(test_undo_is_inverse),
#ifdef BAALS_HAVE_WASMTIME
        cmocka_unit_test(test_runtimes),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
