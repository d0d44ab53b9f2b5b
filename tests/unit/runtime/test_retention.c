/* SPDX-License-Identifier: MIT */
/*
 * A chain that gives up its oldest blocks goes on as if it had them, and can be opened, verified
 * and repaired without them, whatever is interrupted.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chain_lib.h"
#include "faulty_env.h"
#include "runtime/retention.h"
#include "runtime/snapshot.h"

/* Every block takes 4 KiB of the journal at least, and its first segments have 1 and 2 MiB. */
#define RETENTION_BLOCKS 400u

static void make_blocks(struct chain_node *node, uint64_t *nonce, unsigned count)
{
    for (unsigned i = 0; i < count; i++, (*nonce)++) {
        struct chain_tx tx = *nonce % 3 == 2
                                 ? chain_call(node->genesis, 1, *nonce, "add")
                                 : chain_transfer(node->genesis, 1, *nonce,
                                                  chain_address(20 + (unsigned)*nonce % 50), 5);
        chain_submit(node, &tx);
        assert_true(chain_produce(node));
    }
}

static void check_same(const baals_chain_info *a, const baals_chain_info *b)
{
    assert_int_equal(a->height, b->height);
    assert_int_equal(a->tx_count, b->tx_count);
    assert_memory_equal(a->hash.bytes, b->hash.bytes, 32);
    assert_memory_equal(a->state_root.bytes, b->state_root.bytes, 32);
}

struct fixture {
    struct chain_genesis genesis;
    struct chain_node node;
    uint64_t nonce;
};

static void fixture_begin(struct fixture *f, bool real)
{
    memset(f, 0, sizeof *f);
    chain_genesis_init(&f->genesis, 1);
    chain_genesis_counter(&f->genesis);
    if (real)
        chain_node_init_real(&f->node, &f->genesis, 0, "retention");
    else
        chain_node_init(&f->node, &f->genesis, 0);
    chain_node_open(&f->node);
    make_blocks(&f->node, &f->nonce, RETENTION_BLOCKS);
}

static void fixture_end(struct fixture *f)
{
    chain_node_deinit(&f->node);
    chain_genesis_deinit(&f->genesis);
}

static baals_status block_status(struct chain_node *node, uint64_t height)
{
    baals_bytes bytes = {NULL, 0, NULL};
    baals_status status = baals_block_get(node->chain, &bytes, height, NULL);
    baals_bytes_free(&bytes);
    return status;
}

/* Keeping nothing gives back whole segments at once; what is left can be read, goes on, is verified
 * and repaired. */
static void check_prune_all(bool real)
{
    struct fixture f;
    baals_prune_report report;
    baals_verify_report verified;
    fixture_begin(&f, real);
    assert_ok(baals_prune(f.node.chain, &report, 0, NULL));
    assert_int_equal(report.kept_from, RETENTION_BLOCKS);
    assert_int_equal(report.snapshot_height, RETENTION_BLOCKS);
    assert_int_equal(report.blocks, RETENTION_BLOCKS);
    assert_int_equal(report.bytes_freed, 1u << 20);
    assert_status(block_status(&f.node, 0), BAALS_NOTFOUND_PRUNED);
    assert_status(block_status(&f.node, RETENTION_BLOCKS - 1), BAALS_NOTFOUND_PRUNED);
    assert_status(block_status(&f.node, RETENTION_BLOCKS), BAALS_OK);
    make_blocks(&f.node, &f.nonce, 9);
    baals_chain_info before = chain_info(&f.node);
    chain_node_close(&f.node);
    for (uint32_t flags = 0; flags <= BAALS_VERIFY_REPLAY; flags += BAALS_VERIFY_REPLAY) {
        assert_ok(chain_node_verify(&f.node, &verified, flags));
        assert_int_equal(verified.kept_from, RETENTION_BLOCKS);
        assert_int_equal(verified.blocks, 9);
        assert_memory_equal(verified.state_root.bytes, before.state_root.bytes, 32);
    }
    chain_node_open(&f.node);
    baals_chain_info after = chain_info(&f.node);
    check_same(&before, &after);
    assert_status(block_status(&f.node, RETENTION_BLOCKS - 1), BAALS_NOTFOUND_PRUNED);
    assert_status(block_status(&f.node, RETENTION_BLOCKS), BAALS_OK);
    make_blocks(&f.node, &f.nonce, 3);
    fixture_end(&f);
}

/* In memory, where every opening restores the state from the snapshot. */
static void test_prune_memory(void **state)
{
    (void)state;
    check_prune_all(false);
}

/* On lmdb, where opening goes on from the checkpoint. */
static void test_prune_lmdb(void **state)
{
    (void)state;
    check_prune_all(true);
}

/* Repair rebuilds the store from snapshot and journal; the same state, the same blocks. */
static void test_repair(void **state)
{
    (void)state;
    struct fixture f;
    baals_prune_report report;
    baals_verify_report verified;
    fixture_begin(&f, true);
    assert_ok(baals_prune(f.node.chain, &report, 0, NULL));
    make_blocks(&f.node, &f.nonce, 5);
    baals_chain_info before = chain_info(&f.node);
    chain_node_close(&f.node);
    f.node.options.checkpoint_bytes = 1; /* a checkpoint after every chunk */
    assert_ok(baals_repair(&verified, f.node.path, &f.node.options, NULL, NULL, NULL));
    chain_node_open(&f.node);
    baals_chain_info after = chain_info(&f.node);
    check_same(&before, &after);
    assert_status(block_status(&f.node, RETENTION_BLOCKS), BAALS_OK);
    assert_status(block_status(&f.node, RETENTION_BLOCKS - 1), BAALS_NOTFOUND_PRUNED);
    fixture_end(&f);
}

/* With blocks to keep, the first call begins and a later one gives up what lies behind the
 * snapshot; a call too early does nothing. */
static void test_keep(void **state)
{
    (void)state;
    struct fixture f;
    baals_prune_report report;
    fixture_begin(&f, false);
    assert_ok(baals_prune(f.node.chain, &report, 100, NULL));
    assert_int_equal(report.kept_from, 0);
    assert_int_equal(report.snapshot_height, RETENTION_BLOCKS);
    assert_int_equal(report.blocks, 0);
    make_blocks(&f.node, &f.nonce, 60);
    assert_ok(baals_prune(f.node.chain, &report, 100, NULL));
    assert_int_equal(report.snapshot_height, RETENTION_BLOCKS);
    assert_int_equal(report.kept_from, 0);
    make_blocks(&f.node, &f.nonce, 40);
    assert_ok(baals_prune(f.node.chain, &report, 100, NULL));
    assert_int_equal(report.snapshot_height, RETENTION_BLOCKS + 100);
    assert_int_equal(report.kept_from, RETENTION_BLOCKS);
    assert_int_equal(report.blocks, RETENTION_BLOCKS);
    assert_true(report.bytes_freed > 0);
    assert_status(block_status(&f.node, RETENTION_BLOCKS), BAALS_OK);
    baals_chain_info before = chain_info(&f.node);
    chain_node_kill(&f.node);
    chain_node_open(&f.node);
    baals_chain_info after = chain_info(&f.node);
    check_same(&before, &after);
    /* The lower snapshot was restored, so that all blocks that are kept are there. */
    assert_status(block_status(&f.node, RETENTION_BLOCKS), BAALS_OK);
    fixture_end(&f);
}

/* An export needs every block; an export of the whole chain still brings a pruned one forward. */
static void test_export_import(void **state)
{
    (void)state;
    struct fixture f;
    struct chain_node copy;
    baals_prune_report report;
    size_t len = 0;
    uint64_t height = 0;
    fixture_begin(&f, false);
    chain_node_init(&copy, &f.genesis, 0);
    chain_node_open(&copy);
    chain_copy_from(&copy, &f.node, 1);
    assert_ok(baals_prune(copy.chain, &report, 0, NULL));
    make_blocks(&f.node, &f.nonce, 4);
    uint8_t *bytes = chain_export(f.node.chain, &len);
    struct chain_source source = {bytes, len};
    assert_ok(baals_import(copy.chain, &height, chain_source_next, &source, NULL));
    assert_int_equal(height, RETENTION_BLOCKS + 4);
    struct bl_buffer sink;
    bl_buffer_init(&sink, bl_alloc_system(), 1);
    assert_status(baals_export(copy.chain, NULL, &sink, NULL), BAALS_MISUSE);
    free(bytes);
    chain_node_deinit(&copy);
    fixture_end(&f);
}

static int32_t count_notice(void *ctx, const baals_notice *notice)
{
    uint64_t *lowest = ctx;
    if (*lowest == UINT64_MAX)
        *lowest = notice->height;
    return 0;
}

static baals_status drop_bytes(void *ctx, baals_slice bytes, baals_error *err)
{
    (void)ctx;
    (void)bytes;
    (void)err;
    return BAALS_OK;
}

/* A subscriber that lags behind what is kept is told; one from the start begins with what there
 * is. */
static void test_notices(void **state)
{
    (void)state;
    struct fixture f;
    baals_prune_report report;
    baals_cursor old = {0, 0};
    baals_cursor start = {0, 0};
    uint64_t lowest = UINT64_MAX;
    fixture_begin(&f, false);
    assert_ok(baals_notices_each(f.node.chain, &old, 0, count_notice, &lowest, NULL));
    old.record = 1ull << 32 | 8192;
    assert_ok(baals_prune(f.node.chain, &report, 0, NULL));
    assert_status(baals_notices_each(f.node.chain, &old, 0, count_notice, &lowest, NULL),
                  BAALS_NOTFOUND_PRUNED);
    lowest = UINT64_MAX;
    assert_ok(baals_notices_each(f.node.chain, &start, 0, count_notice, &lowest, NULL));
    assert_true(lowest > 0 && lowest <= RETENTION_BLOCKS);
    assert_status(baals_export(f.node.chain, drop_bytes, NULL, NULL), BAALS_NOTFOUND_PRUNED);
    fixture_end(&f);
}

static int32_t count_header(void *ctx, uint64_t height, baals_slice sealed)
{
    uint64_t *next = ctx;
    (void)sealed;
    assert_int_equal(height, *next);
    ++*next;
    return 0;
}

/* Every header from the first kept one on is there. */
static void check_headers(struct chain_node *node, uint64_t from)
{
    baals_chain_info info = chain_info(node);
    uint64_t next = from;
    assert_int_equal(info.headers_from, from);
    assert_ok(baals_headers_each(node->chain, from, UINT64_MAX, count_header, &next, &node->err));
    assert_int_equal(next, info.height + 1);
}

/* Opens the chain, makes a block; for a pruning that gives up headers there are some. */
static void prune_prepare(struct fixture *f, int32_t keep_headers)
{
    baals_prune_report report;
    f->node.options.keep_headers = keep_headers;
    chain_node_open(&f->node);
    if (keep_headers == BAALS_HEADERS_DROP) {
        f->node.chain->options.keep_headers = BAALS_HEADERS_KEEP;
        make_blocks(&f->node, &f->nonce, 1);
        assert_ok(baals_prune(f->node.chain, &report, 0, NULL));
        assert_true(report.headers_from < report.kept_from);
        f->node.chain->options.keep_headers = BAALS_HEADERS_DROP;
    }
    make_blocks(&f->node, &f->nonce, 1);
}

/* Prunes with the k-th file operation failing (0: none) and kills the chain; it must open with the
 * same tip and prune then. Returns how many operations the pruning made; *failed_out: it failed. */
static uint64_t prune_failing(struct fixture *f, uint64_t k, int32_t keep_headers, bool *failed_out)
{
    struct testlib_faulty_env faulty;
    struct bl_env *env = f->node.env;
    baals_prune_report report;
    testlib_faulty_env_init(&faulty, env);
    f->node.env = &faulty.env;
    prune_prepare(f, keep_headers);
    baals_chain_info before = chain_info(&f->node);
    faulty.calls = 0;
    faulty.fail_at = k;
    *failed_out = baals_prune(f->node.chain, &report, 0, NULL) != BAALS_OK;
    uint64_t calls = faulty.calls;
    faulty.fail_at = 0;
    chain_node_kill(&f->node);
    f->node.env = env;
    chain_node_open(&f->node);
    baals_chain_info after = chain_info(&f->node);
    check_same(&before, &after);
    if (keep_headers == BAALS_HEADERS_KEEP)
        check_headers(&f->node, 0);
    assert_ok(baals_prune(f->node.chain, &report, 0, NULL));
    assert_int_equal(report.kept_from, after.height);
    check_headers(&f->node, keep_headers == BAALS_HEADERS_KEEP ? 0 : report.kept_from);
    chain_node_close(&f->node);
    return calls;
}

static void check_interrupted(int32_t keep_headers, unsigned least)
{
    struct fixture f;
    bool failed = true;
    unsigned failures = 0;
    fixture_begin(&f, false);
    chain_node_close(&f.node);
    for (uint64_t k = 1; prune_failing(&f, k, keep_headers, &failed) >= k; k++)
        failures += failed;
    assert_false(failed);
    printf("%u operations failed once each\n", failures);
    assert_true(failures > least);
    fixture_end(&f);
}

/* Whichever file operation fails while pruning, the chain is whole: it opens with the same tip, and
 * pruning again succeeds. */
static void test_interrupted(void **state)
{
    (void)state;
    check_interrupted(BAALS_HEADERS_AS_BEFORE, 10);
}

/* The same while headers are kept: none is missing at any time. */
static void test_interrupted_keep(void **state)
{
    (void)state;
    check_interrupted(BAALS_HEADERS_KEEP, 30);
}

/* The same while headers that were kept are given up. */
static void test_interrupted_drop(void **state)
{
    (void)state;
    check_interrupted(BAALS_HEADERS_DROP, 15);
}

/* The same for the last operations of a pruning that removes a segment and a snapshot. */
static void test_interrupted_end(void **state)
{
    (void)state;
    struct fixture f;
    bool failed = false;
    fixture_begin(&f, false);
    chain_node_close(&f.node);
    uint64_t calls = prune_failing(&f, 0, BAALS_HEADERS_KEEP, &failed);
    assert_false(failed);
    fixture_end(&f);
    for (uint64_t back = 0; back < 8; back++) {
        fixture_begin(&f, false);
        chain_node_close(&f.node);
        (void)prune_failing(&f, calls - back, BAALS_HEADERS_KEEP, &failed);
        fixture_end(&f);
    }
}

/* An env that passes everything on, and lets a test do something whenever a snapshot is written. */
struct beside {
    struct testlib_faulty_env faulty; /* first; used for passing on */
    struct bl_env_ops ops;
    struct fixture *f;
    baals_status (*write_at)(
        struct bl_file *file, uint64_t offset, const uint8_t *data, size_t len, baals_error *err);
    unsigned blocks; /* made while a snapshot was being written */
    bool inside;
};

static struct beside *beside_now; /* the test's one */

static baals_status beside_write_at(
    struct bl_file *file, uint64_t offset, const uint8_t *data, size_t len, baals_error *err)
{
    struct beside *beside = beside_now;
    struct baals_chain *chain = beside->f->node.chain;
    static const char name[] = "\x70"
                               "baals-snapshot-1";
    if (!beside->inside && len > sizeof name && memcmp(data, name, sizeof name - 1) == 0) {
        /* Writer and checkpoints must be free, or this would wait for itself. */
        beside->inside = true;
        struct timespec until = {.tv_sec = time(NULL) + 60};
        assert_int_equal(pthread_mutex_timedlock(&chain->maintenance, &until), 0);
        pthread_mutex_unlock(&chain->maintenance);
        make_blocks(&beside->f->node, &beside->f->nonce, 3);
        beside->blocks += 3;
        beside->inside = false;
    }
    return beside->write_at(file, offset, data, len, err);
}

/* While a snapshot is written, blocks are made and checkpoints taken, however many there are. */
static void test_beside_writer(void **state)
{
    (void)state;
    struct fixture f;
    struct beside beside = {.f = &f};
    baals_prune_report report;
    fixture_begin(&f, false);
    chain_node_close(&f.node);
    struct bl_env *env = f.node.env;
    testlib_faulty_env_init(&beside.faulty, env);
    beside.ops = *beside.faulty.env.ops;
    beside.write_at = beside.ops.write_at;
    beside.ops.write_at = beside_write_at;
    beside.faulty.env.ops = &beside.ops;
    beside_now = &beside;
    f.node.env = &beside.faulty.env;
    f.node.options.checkpoint_bytes = 1; /* the writer is always too far ahead */
    chain_node_open(&f.node);
    assert_ok(baals_prune(f.node.chain, &report, 0, NULL));
    assert_int_equal(report.kept_from, RETENTION_BLOCKS);
    assert_int_equal(beside.blocks, 3);
    assert_int_equal(chain_info(&f.node).height, RETENTION_BLOCKS + 3);
    chain_node_close(&f.node);
    f.node.env = env;
    chain_node_open(&f.node);
    assert_int_equal(chain_info(&f.node).height, RETENTION_BLOCKS + 3);
    fixture_end(&f);
}

/* Blocks that were given up are named by verify also where their segment is still there. */
static void test_kept_from(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    baals_prune_report report;
    baals_verify_report verified;
    uint64_t nonce = 0;
    chain_genesis_init(&genesis, 1);
    chain_genesis_counter(&genesis);
    chain_node_init_real(&node, &genesis, 0, "retention-kept");
    chain_node_open(&node);
    make_blocks(&node, &nonce, 10);
    assert_ok(baals_prune(node.chain, &report, 0, NULL));
    assert_int_equal(report.kept_from, 10);
    assert_int_equal(report.bytes_freed, 0);
    assert_int_equal(chain_info(&node).kept_from, 10);
    chain_node_close(&node);
    assert_ok(chain_node_verify(&node, &verified, 0));
    assert_int_equal(verified.kept_from, 10);
    assert_int_equal(verified.blocks, 11);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

/* Segments that are missing without a snapshot, or a damaged snapshot, are told; nothing is made
 * up. */
static void test_missing(void **state)
{
    (void)state;
    struct fixture f;
    baals_prune_report report;
    char name[BL_SNAPSHOT_NAME_MAX];
    char path[BL_PATH_MAX];
    char aside[BL_PATH_MAX];
    fixture_begin(&f, false);
    assert_ok(baals_prune(f.node.chain, &report, 0, NULL));
    chain_node_close(&f.node);
    bl_snapshot_name(name, RETENTION_BLOCKS);
    assert_ok(bl_path_join(aside, sizeof aside, f.node.path, BL_SNAPSHOTS_DIR, NULL));
    assert_ok(bl_path_join(path, sizeof path, aside, name, NULL));
    assert_ok(bl_path_join(aside, sizeof aside, f.node.path, "aside", NULL));
    assert_ok(bl_env_rename(f.node.disk, path, aside, NULL));
    assert_status(chain_node_try_open(&f.node), BAALS_CORRUPT_JOURNAL);
    assert_ok(bl_env_rename(f.node.disk, aside, path, NULL));
    struct bl_file *file = NULL;
    uint64_t size = 0;
    assert_ok(bl_file_open(f.node.disk, &file, path, BL_OPEN_WRITE, NULL));
    assert_ok(bl_file_size(file, &size, NULL));
    struct testlib_rng rng = testlib_rng(3);
    for (int round = 0; round < 60; round++) {
        uint8_t byte = 0;
        size_t got = 0;
        uint64_t at = testlib_rng_below(&rng, size);
        uint8_t bit = (uint8_t)(1u << testlib_rng_below(&rng, 8));
        assert_ok(bl_file_read_at(file, &byte, &got, at, 1, NULL));
        byte ^= bit;
        assert_ok(bl_file_write_at(file, at, &byte, 1, NULL));
        baals_status status = chain_node_try_open(&f.node);
        if (status == BAALS_OK) {
            /* A bit of the seal or of a header field the state does not need. */
            assert_int_equal(chain_info(&f.node).height, RETENTION_BLOCKS);
            chain_node_close(&f.node);
        }
        byte ^= bit;
        assert_ok(bl_file_write_at(file, at, &byte, 1, NULL));
    }
    bl_file_close(file);
    chain_node_open(&f.node);
    fixture_end(&f);
}

/* With several authorities a snapshot is of a final block, below the tip, and the blocks above it
 * go on. */
static void test_final(void **state)
{
    (void)state;
    struct chain_genesis genesis;
    struct chain_node node;
    baals_prune_report report;
    chain_genesis_init(&genesis, 3);
    chain_node_init(&node, &genesis, 0);
    chain_node_open(&node);
    struct chain_node others[2];
    for (unsigned i = 0; i < 2; i++) {
        chain_node_init(&others[i], &genesis, i + 1);
        chain_node_open(&others[i]);
    }
    struct chain_node *all[3] = {&node, &others[0], &others[1]};
    for (unsigned round = 0; round < 400; round++) {
        struct chain_node *maker = all[round % 3];
        struct chain_tx tx =
            chain_transfer(&genesis, 5, round, chain_address(30 + round % 9), 1 + round);
        for (unsigned i = 0; i < 3; i++)
            atomic_store(&all[i]->clock.now_ms, atomic_load(&maker->clock.now_ms));
        chain_submit(maker, &tx);
        chain_produce_in_slot(maker);
        for (unsigned i = 0; i < 3; i++) {
            if (all[i] != maker)
                assert_ok(chain_copy_block(all[i], maker, round + 1));
        }
    }
    baals_chain_info info = chain_info(&node);
    assert_int_equal(info.height, 400);
    assert_true(info.final_height < 400 && info.final_height > 390);
    assert_ok(baals_prune(node.chain, &report, 0, NULL));
    assert_int_equal(report.kept_from, info.final_height);
    chain_node_kill(&node);
    chain_node_open(&node);
    baals_chain_info after = chain_info(&node);
    check_same(&info, &after);
    assert_true(after.final_height >= info.final_height);
    for (unsigned i = 0; i < 2; i++)
        chain_node_deinit(&others[i]);
    chain_node_deinit(&node);
    chain_genesis_deinit(&genesis);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prune_memory),     cmocka_unit_test(test_prune_lmdb),
        cmocka_unit_test(test_repair),           cmocka_unit_test(test_keep),
        cmocka_unit_test(test_export_import),    cmocka_unit_test(test_notices),
        cmocka_unit_test(test_interrupted),      cmocka_unit_test(test_interrupted_end),
        cmocka_unit_test(test_interrupted_keep), cmocka_unit_test(test_interrupted_drop),
        cmocka_unit_test(test_beside_writer),    cmocka_unit_test(test_kept_from),
        cmocka_unit_test(test_missing),          cmocka_unit_test(test_final),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
