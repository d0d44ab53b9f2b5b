/* SPDX-License-Identifier: MIT */
/*
 * A scripted life of a chain in which every allocation and every file operation fails once: its
 * k-th one, k = 1, 2, 3, ... until the script ends before it is reached. Every call must answer
 * with a status that says what failed, no memory may be left, and afterwards the directory opens,
 * verifies and has every block that was acknowledged.
 */
#include <stdlib.h>
#include <string.h>

#include "chain_lib.h"
#include "faulty_env.h"

/* One run of the script. */
struct sweep {
    struct chain_genesis *genesis;
    struct chain_node node;
    struct testlib_faulty_alloc memory;
    struct testlib_faulty_env files;
    uint64_t acked_height; /* produce said OK for this block */
    baals_hash acked_hash;
    const char *step; /* for messages */
    uint64_t k;
};

/* What an injected fault may turn into. */
static bool sweep_clean(baals_status status)
{
    int class = BAALS_STATUS_CLASS(status);
    return status == BAALS_OK || class == BAALS_CLASS_NOMEM || class == BAALS_CLASS_IO ||
           class == BAALS_CLASS_NOTFOUND || class == BAALS_CLASS_BUSY ||
           status == BAALS_MISUSE_CLOSED || status == BAALS_LIMIT_KNOWN;
}

static baals_status sweep_check(struct sweep *s, const char *step, baals_status status)
{
    s->step = step;
    if (!sweep_clean(status))
        fail_msg("%s answers %s (%s) when call %llu fails", step, baals_status_name(status),
                 s->node.err.message, (unsigned long long)s->k);
    return status;
}

static int32_t sweep_ignore_notice(void *ctx, const baals_notice *notice)
{
    (void)ctx;
    (void)notice;
    return 0;
}

static int32_t sweep_ignore_history(void *ctx, const baals_hash *id, const baals_tx_place *place)
{
    (void)ctx;
    (void)id;
    (void)place;
    return 0;
}

static int32_t
sweep_ignore_pending(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice tx)
{
    (void)ctx;
    (void)id;
    (void)arrived_ms;
    (void)tx;
    return 0;
}

static baals_status sweep_ignore_bytes(void *ctx, baals_slice bytes, baals_error *err)
{
    (void)ctx;
    (void)bytes;
    (void)err;
    return BAALS_OK;
}

static void sweep_block(struct sweep *s, const struct chain_tx *txs, size_t count)
{
    baals_chain *chain = s->node.chain;
    int32_t made = 0;
    for (size_t i = 0; i < count; i++)
        (void)sweep_check(s, "submit", chain_try_submit(&s->node, &txs[i]));
    baals_status status =
        sweep_check(s, "produce", baals_produce_block(chain, &made, NULL, &s->node.err));
    if (status == BAALS_OK && made != 0) {
        baals_chain_info info = chain_info(&s->node);
        s->acked_height = info.height;
        s->acked_hash = info.hash;
    }
}

static void sweep_reads(struct sweep *s, const baals_hash *id)
{
    baals_chain *chain = s->node.chain;
    baals_error *err = &s->node.err;
    baals_bytes bytes = {NULL, 0, NULL};
    baals_tx_place place;
    baals_cursor cursor = {0, 0};
    uint64_t history = UINT64_MAX;
    uint64_t nonce = 0;
    int32_t committed = 0;
    baals_address counter = chain_counter_id();
    baals_address sender = chain_address(1);
    baals_query query = BAALS_QUERY_INIT;
    baals_outcome outcome;
    baals_proof proof;
    memset(&outcome, 0, sizeof outcome);
    memset(&proof, 0, sizeof proof);
    query.contract = counter;
    query.method = bl_slice_str("get");
    (void)sweep_check(s, "wait", baals_wait(chain, &place, id, 0, err));
    (void)sweep_check(s, "receipt", baals_receipt_get(chain, &bytes, NULL, NULL, id, err));
    baals_bytes_free(&bytes);
    (void)sweep_check(s, "tx", baals_tx_get(chain, &bytes, &committed, NULL, id, err));
    baals_bytes_free(&bytes);
    (void)sweep_check(s, "storage",
                      baals_storage_get(chain, &bytes, &counter, bl_slice_str("x"), err));
    baals_bytes_free(&bytes);
    (void)sweep_check(s, "nonce", baals_nonce_next(chain, &nonce, &sender, err));
    (void)sweep_check(s, "pending", baals_pending_each(chain, sweep_ignore_pending, NULL, err));
    (void)sweep_check(
        s, "history",
        baals_history_each(chain, &history, &sender, 5, sweep_ignore_history, NULL, err));
    (void)sweep_check(s, "notices",
                      baals_notices_each(chain, &cursor, 0, sweep_ignore_notice, NULL, err));
    (void)sweep_check(s, "query", baals_query_run(chain, &outcome, &query, err));
    baals_outcome_free(&outcome);
    struct chain_tx call = chain_call(s->genesis, 5, 0, "add");
    (void)sweep_check(s, "simulate",
                      baals_simulate(chain, &outcome, bl_slice(call.bytes, call.len), err));
    baals_outcome_free(&outcome);
    (void)sweep_check(
        s, "prove",
        baals_prove(chain, &proof, "accounts", bl_slice(sender.bytes, sizeof sender.bytes), err));
    baals_proof_free(&proof);
    (void)sweep_check(s, "export", baals_export(chain, sweep_ignore_bytes, NULL, err));
}

static bool sweep_open(struct sweep *s)
{
    return sweep_check(s, "open", chain_node_try_open(&s->node)) == BAALS_OK;
}

static void sweep_close(struct sweep *s)
{
    baals_chain *chain = s->node.chain;
    s->node.chain = NULL;
    (void)sweep_check(s, "close", baals_close(chain, &s->node.err));
}

static void sweep_repair(struct sweep *s)
{
    struct baals_chain *chain = NULL;
    baals_status status = sweep_check(
        s, "handle",
        bl_chain_new_env(&chain, s->node.env, s->node.path, &s->node.options, &s->node.err));
    if (status == BAALS_OK)
        (void)sweep_check(s, "repair", bl_chain_repair(chain, NULL, NULL, &s->node.err));
}

/* The life of the chain. */
static void sweep_script(struct sweep *s)
{
    struct chain_tx txs[3] = {
        chain_transfer(s->genesis, 1, 0, chain_address(30), 5),
        chain_transfer(s->genesis, 2, 0, chain_address(31), 6),
        chain_call(s->genesis, 3, 0, "add"),
    };
    struct chain_tx more = chain_call(s->genesis, 3, 1, "fail");
    if (sweep_open(s)) {
        sweep_block(s, txs, 3);
        sweep_reads(s, &txs[0].id);
        (void)sweep_check(s, "submit", chain_try_submit(&s->node, &more));
        sweep_close(s);
    }
    if (sweep_open(s)) {
        sweep_block(s, NULL, 0);
        (void)sweep_check(s, "clear", baals_pending_clear(s->node.chain, &s->node.err));
        sweep_close(s);
    }
    baals_verify_report report;
    (void)sweep_check(s, "verify", chain_node_verify(&s->node, &report, BAALS_VERIFY_REPLAY));
    sweep_repair(s);
}

/* Without faults: everything acknowledged is there and the directory is sound. */
static void sweep_after(struct sweep *s)
{
    baals_verify_report report;
    s->memory.fail_at = 0;
    s->files.fail_at = 0;
    baals_status status = chain_node_try_open(&s->node);
    if (status != BAALS_OK)
        fail_msg("after a fault in call %llu (%s): open: %s: %s", (unsigned long long)s->k, s->step,
                 baals_status_name(status), s->node.err.message);
    baals_chain_info info = chain_info(&s->node);
    assert_true(info.height >= s->acked_height);
    if (s->acked_height > 0) {
        baals_bytes bytes = {NULL, 0, NULL};
        baals_block block;
        assert_ok(baals_block_get(s->node.chain, &bytes, s->acked_height, &s->node.err));
        assert_ok(baals_block_decode(&block, bl_slice(bytes.data, bytes.len), NULL));
        assert_memory_equal(block.hash.bytes, s->acked_hash.bytes, 32);
        baals_bytes_free(&bytes);
    }
    struct chain_tx tx = chain_transfer(s->genesis, 6, 0, chain_address(30), 1);
    chain_submit(&s->node, &tx);
    assert_true(chain_produce(&s->node));
    chain_node_close(&s->node);
    status = chain_node_verify(&s->node, &report, BAALS_VERIFY_REPLAY);
    if (status != BAALS_OK)
        fail_msg("after a fault in call %llu (%s): verify: %s: %s", (unsigned long long)s->k,
                 s->step, baals_status_name(status), s->node.err.message);
}

enum sweep_kind { SWEEP_MEMORY, SWEEP_FILES, SWEEP_FULL };

static void sweep_init(struct sweep *s, struct chain_genesis *genesis, const char *real)
{
    memset(s, 0, sizeof *s);
    s->genesis = genesis;
    if (real != NULL)
        chain_node_init_real(&s->node, genesis, 0, real);
    else
        chain_node_init(&s->node, genesis, 0);
    s->node.clock.env.alloc = testlib_faulty_alloc(&s->memory);
    testlib_faulty_env_init(&s->files, &s->node.clock.env);
    s->node.env = &s->files.env;
}

/* Fails call k and `repeat` after it; how many calls there were. */
static uint64_t sweep_run(struct chain_genesis *genesis,
                          enum sweep_kind kind,
                          const char *real,
                          uint64_t k,
                          uint64_t repeat)
{
    struct sweep s;
    sweep_init(&s, genesis, real);
    s.k = k;
    if (kind == SWEEP_MEMORY) {
        s.memory.fail_at = k;
        s.memory.repeat = repeat;
    } else {
        s.files.fail_at = k;
        s.files.repeat = repeat;
        s.files.status = kind == SWEEP_FULL ? BAALS_IO_FULL : BAALS_IO;
    }
    sweep_script(&s);
    uint64_t calls = kind == SWEEP_MEMORY ? s.memory.calls : s.files.calls;
    sweep_after(&s);
    assert_int_equal(s.memory.live, 0);
    chain_node_deinit(&s.node);
    return calls;
}

/* Every `stride`-th call fails once. */
static void sweep_all(enum sweep_kind kind, const char *real, uint64_t stride, uint64_t repeat)
{
    struct chain_genesis genesis;
    chain_genesis_init(&genesis, 1);
    chain_genesis_counter(&genesis);
    uint64_t runs = 0;
    uint64_t calls = sweep_run(&genesis, kind, real, 0, 0);
    for (uint64_t k = 1; k <= calls; k += stride) {
        (void)sweep_run(&genesis, kind, real, k, repeat);
        runs++;
    }
    printf("%llu runs, %llu calls\n", (unsigned long long)runs, (unsigned long long)calls);
    assert_true(runs > 5);
    chain_genesis_deinit(&genesis);
}

/* Each allocation fails alone. */
static void test_each_allocation(void **state)
{
    (void)state;
    sweep_all(SWEEP_MEMORY, NULL, 1, 0);
}

/* From some allocation on there is no memory for a long while. */
static void test_no_memory_left(void **state)
{
    (void)state;
    sweep_all(SWEEP_MEMORY, NULL, 41, 1000);
}

/* Each file operation fails alone, writes half done. */
static void test_each_file_operation(void **state)
{
    (void)state;
    sweep_all(SWEEP_FILES, NULL, 1, 0);
}

/* The disk fails for good. */
static void test_broken_disk(void **state)
{
    (void)state;
    sweep_all(SWEEP_FILES, NULL, 3, UINT64_MAX / 2);
}

/* Each operation finds the disk full. */
static void test_full_disk(void **state)
{
    (void)state;
    sweep_all(SWEEP_FULL, NULL, 1, 0);
}

/* The same on lmdb and real files, coarser. */
static void test_lmdb(void **state)
{
    (void)state;
    sweep_all(SWEEP_MEMORY, "sweep", 97, 0);
    sweep_all(SWEEP_FILES, "sweep", 7, 0);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation),     cmocka_unit_test(test_no_memory_left),
        cmocka_unit_test(test_each_file_operation), cmocka_unit_test(test_broken_disk),
        cmocka_unit_test(test_full_disk),           cmocka_unit_test(test_lmdb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
