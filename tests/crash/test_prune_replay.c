/* SPDX-License-Identifier: MIT */
/*
 * Crashes of prunings that keep headers, and of one that gives them up. What they write is
 * recorded; then the directory is built again from every prefix: whole (kill -9) and as a power
 * failure may leave it. The chain must open with its tip; whatever blocks are gone, no header is
 * missing; verify must agree; and pruning again must succeed.
 */
#include <string.h>

#include "chain_lib.h"
#include "recording_env.h"

/* Every block takes 4 KiB of the journal, whose first segment has 1 MiB: one segment goes. */
enum { PRUNE_BLOCKS = 280, PRUNE_MORE = 4, PRUNE_TIP = PRUNE_BLOCKS + PRUNE_MORE };

enum prune_phase { PRUNE_NONE, PRUNE_FIRST, PRUNE_SECOND, PRUNE_DROP };

struct prune_replay {
    struct chain_genesis genesis;
    struct recording_env recording;
    baals_hash hashes[PRUNE_TIP + 1];
    uint64_t nonce;
    size_t begin; /* the first operation of the first pruning */
};

static void replay_blocks(struct prune_replay *r, struct chain_node *node, unsigned count)
{
    for (unsigned i = 0; i < count; i++, r->nonce++) {
        struct chain_tx tx = chain_transfer(&r->genesis, 1, r->nonce, chain_address(9), 1);
        chain_submit(node, &tx);
        assert_true(chain_produce(node));
        baals_chain_info info = chain_info(node);
        r->hashes[info.height] = info.hash;
    }
}

static void replay_prune(struct prune_replay *r, struct chain_node *node, enum prune_phase phase)
{
    baals_prune_report report;
    recording_env_mark(&r->recording, phase);
    node->chain->options.keep_headers =
        phase == PRUNE_DROP ? BAALS_HEADERS_DROP : BAALS_HEADERS_KEEP;
    assert_ok(baals_prune(node->chain, &report, 0, &node->err));
}

static void replay_record(struct prune_replay *r, struct chain_node *node)
{
    chain_node_open(node);
    r->hashes[0] = chain_info(node).hash;
    replay_blocks(r, node, PRUNE_BLOCKS);
    r->begin = r->recording.count;
    replay_prune(r, node, PRUNE_FIRST);
    replay_blocks(r, node, PRUNE_MORE);
    replay_prune(r, node, PRUNE_SECOND);
    replay_prune(r, node, PRUNE_DROP);
    chain_node_close(node);
}

/* The phase a prefix ends in. */
static enum prune_phase replay_phase(const struct prune_replay *r, size_t prefix)
{
    enum prune_phase phase = PRUNE_NONE;
    for (size_t i = 0; i < prefix; i++) {
        if (r->recording.ops[i].kind == RECORDING_MARK)
            phase = (enum prune_phase)r->recording.ops[i].offset;
    }
    return phase;
}

struct seen_headers {
    const struct prune_replay *r;
    uint64_t next;
};

static int32_t see_header(void *ctx, uint64_t height, baals_slice bytes)
{
    struct seen_headers *seen = ctx;
    baals_sealed_header sealed;
    assert_ok(baals_sealed_header_decode(&sealed, bytes, NULL));
    assert_int_equal(height, seen->next);
    assert_memory_equal(sealed.hash.bytes, seen->r->hashes[height].bytes, 32);
    seen->next++;
    return 0;
}

static void check_headers(struct prune_replay *r, struct chain_node *node, uint64_t from)
{
    struct seen_headers seen = {r, from};
    assert_ok(baals_headers_each(node->chain, from, UINT64_MAX, see_header, &seen, &node->err));
    assert_int_equal(seen.next, chain_info(node).height + 1);
    baals_bytes bytes = {NULL, 0, NULL};
    assert_ok(baals_header_get_by_hash(node->chain, &bytes, &r->hashes[from], &node->err));
    baals_bytes_free(&bytes);
}

/* Opens what a crash left in `disk`, which is released. */
static void replay_check(struct prune_replay *r, struct bl_env *disk, size_t prefix)
{
    enum prune_phase phase = replay_phase(r, prefix);
    struct chain_node node;
    baals_verify_report verified;
    baals_prune_report pruned;
    chain_node_init(&node, &r->genesis, 0);
    bl_env_close(node.disk);
    node.disk = disk;
    node.clock.real = disk;
    baals_status status = chain_node_try_open(&node);
    if (status != BAALS_OK)
        fail_msg("%zu operations: %s: %s", prefix, baals_status_name(status), node.err.message);
    baals_chain_info info = chain_info(&node);
    /* Blocks of the second part may be on the way while the prefix ends in the first pruning. */
    assert_true(info.height >= PRUNE_BLOCKS);
    assert_memory_equal(info.hash.bytes, r->hashes[info.height].bytes, 32);
    if (phase != PRUNE_DROP)
        assert_int_equal(info.headers_from, 0);
    check_headers(r, &node, info.headers_from);
    chain_node_close(&node);
    status = chain_node_verify(&node, &verified, 0);
    if (status != BAALS_OK)
        fail_msg("%zu operations: verify: %s: %s", prefix, baals_status_name(status),
                 node.err.message);
    chain_node_open(&node);
    node.chain->options.keep_headers =
        phase == PRUNE_DROP ? BAALS_HEADERS_DROP : BAALS_HEADERS_KEEP;
    assert_ok(baals_prune(node.chain, &pruned, 0, &node.err));
    assert_int_equal(pruned.headers_from, phase == PRUNE_DROP ? pruned.kept_from : 0);
    check_headers(r, &node, pruned.headers_from);
    chain_node_deinit(&node);
}

static void replay_init(struct prune_replay *r, struct chain_node *node)
{
    memset(r, 0, sizeof *r);
    chain_genesis_init(&r->genesis, 1);
    chain_node_init(node, &r->genesis, 0);
    recording_env_init(&r->recording, &node->clock.env);
    node->env = &r->recording.env;
    replay_record(r, node);
}

static void replay_deinit(struct prune_replay *r, struct chain_node *node)
{
    recording_env_deinit(&r->recording);
    chain_node_deinit(node);
}

/* Blocks' own operations between two prunings are another test's. */
static bool replay_skips(const struct prune_replay *r, size_t prefix)
{
    const char *path = r->recording.ops[prefix - 1].path;
    return strstr(path, "pool.log") != NULL || strstr(path, "/journal/") != NULL;
}

/* kill -9 behind every operation. */
static void test_kill(void **state)
{
    static struct prune_replay r;
    struct chain_node node;
    uint64_t states = 0;
    (void)state;
    replay_init(&r, &node);
    for (size_t prefix = r.begin; prefix <= r.recording.count; prefix++) {
        struct bl_env *disk = NULL;
        assert_ok(bl_env_memory(&disk, bl_alloc_system(), NULL));
        recording_apply_prefix(disk, &r.recording, prefix);
        replay_check(&r, disk, prefix);
        states++;
    }
    printf("%llu prefixes\n", (unsigned long long)states);
    replay_deinit(&r, &node);
}

/* The power fails behind every operation. */
static void test_power_failure(void **state)
{
    static struct prune_replay r;
    static const enum recording_loss losses[] = {RECORDING_LOSS_ALL, RECORDING_LOSS_OPS,
                                                 RECORDING_LOSS_SECTORS};
    struct chain_node node;
    struct testlib_rng rng = testlib_rng(1);
    uint64_t states = 0;
    (void)state;
    replay_init(&r, &node);
    for (size_t prefix = r.begin; prefix <= r.recording.count; prefix++) {
        for (size_t i = 0; i < BL_COUNT_OF(losses) && !replay_skips(&r, prefix); i++) {
            replay_check(&r, recording_build_loss(&r.recording, prefix, losses[i], &rng), prefix);
            states++;
        }
    }
    printf("%llu states after a power failure\n", (unsigned long long)states);
    replay_deinit(&r, &node);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kill),
        cmocka_unit_test(test_power_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
