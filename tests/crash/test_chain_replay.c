/* SPDX-License-Identifier: MIT */
/*
 * Crashes of a whole chain. Everything it writes is recorded, from its creation over blocks, a
 * closing, and a change of branch; then the directory is built again from every prefix of the
 * recording: whole (kill -9) and as a power failure may leave it. Opening must succeed, the tip
 * must be the last acknowledged one or the one being written, and verify must agree. After kill -9
 * every accepted transaction is there too.
 */
#include <string.h>

#include "chain_lib.h"
#include "recording_env.h"

enum { MARKS_MAX = 64 };

/* What was promised by mark number m. */
struct promise {
    baals_hash tip;
    uint64_t height;
    size_t accepted; /* the first so many of `accepted` */
};

struct replay {
    struct chain_genesis genesis;
    struct recording_env recording;
    struct promise promises[MARKS_MAX]; /* [0]: nothing */
    size_t count;
    baals_hash accepted[MARKS_MAX];
    size_t accepted_count;
};

static void replay_promise(struct replay *r, struct chain_node *node)
{
    baals_chain_info info = chain_info(node);
    r->count++;
    r->promises[r->count] = (struct promise){info.hash, info.height, r->accepted_count};
    recording_env_mark(&r->recording, r->count);
}

static void replay_submit(struct replay *r, struct chain_node *node, const struct chain_tx *tx)
{
    chain_submit(node, tx);
    r->accepted[r->accepted_count++] = tx->id;
    replay_promise(r, node);
}

/* A branch of `count` blocks by authority `n`, with transfers of key `from`. */
static void
replay_branch(struct replay *r, struct chain_node *maker, unsigned n, unsigned from, uint64_t count)
{
    chain_node_init(maker, &r->genesis, n);
    chain_node_open(maker);
    for (uint64_t nonce = 0; nonce < count; nonce++) {
        struct chain_tx tx = chain_transfer(&r->genesis, from, nonce, chain_address(30), 7);
        chain_submit(maker, &tx);
        chain_produce_in_slot(maker);
    }
}

/* The chain's life, recorded. */
static void replay_record(struct replay *r, struct chain_node *node)
{
    struct chain_node a;
    struct chain_node b;
    replay_branch(r, &a, 0, 3, 3);
    replay_branch(r, &b, 1, 4, 4);
    chain_node_open(node);
    replay_promise(r, node);
    struct chain_tx tx = chain_transfer(&r->genesis, 5, 0, chain_address(31), 1);
    replay_submit(r, node, &tx);
    for (uint64_t height = 1; height <= 3; height++) {
        assert_ok(chain_copy_block(node, &a, height));
        replay_promise(r, node);
    }
    chain_node_close(node);
    chain_node_open(node);
    for (uint64_t height = 1; height <= 4; height++) {
        assert_ok(chain_copy_block(node, &b, height));
        replay_promise(r, node);
    }
    assert_memory_equal(chain_info(node).hash.bytes, chain_info(&b).hash.bytes, 32);
    tx = chain_transfer(&r->genesis, 5, 1, chain_address(31), 2);
    replay_submit(r, node, &tx);
    chain_produce_in_slot(node);
    replay_promise(r, node);
    chain_node_close(node);
    chain_node_deinit(&a);
    chain_node_deinit(&b);
}

static uint64_t replay_mark(const struct replay *r, size_t prefix)
{
    uint64_t mark = 0;
    for (size_t i = 0; i < prefix; i++) {
        if (r->recording.ops[i].kind == RECORDING_MARK)
            mark = r->recording.ops[i].offset;
    }
    return mark;
}

static bool replay_is_tip(const struct replay *r, const baals_chain_info *info, uint64_t mark)
{
    if (mark == 0)
        return info->height == 0;
    return mark <= r->count && info->height == r->promises[mark].height &&
           memcmp(info->hash.bytes, r->promises[mark].tip.bytes, 32) == 0;
}

static void replay_check_accepted(const struct replay *r, struct chain_node *node, uint64_t mark)
{
    for (size_t i = 0; i < r->promises[mark].accepted; i++) {
        baals_bytes bytes = {NULL, 0, NULL};
        int32_t committed = 0;
        assert_ok(baals_tx_get(node->chain, &bytes, &committed, NULL, &r->accepted[i], &node->err));
        baals_bytes_free(&bytes);
    }
}

/* Opens what a crash left in `disk`, which is released. */
static void replay_check(struct replay *r, struct bl_env *disk, size_t prefix, bool killed)
{
    uint64_t mark = replay_mark(r, prefix);
    struct chain_node node;
    baals_verify_report report;
    chain_node_init(&node, &r->genesis, 2);
    bl_env_close(node.disk);
    node.disk = disk;
    node.clock.real = disk;
    baals_status status = chain_node_try_open(&node);
    if (status != BAALS_OK)
        fail_msg("%zu operations, mark %llu: %s: %s", prefix, (unsigned long long)mark,
                 baals_status_name(status), node.err.message);
    baals_chain_info info = chain_info(&node);
    if (!replay_is_tip(r, &info, mark) && !replay_is_tip(r, &info, mark + 1))
        fail_msg("%zu operations, mark %llu: height %llu", prefix, (unsigned long long)mark,
                 (unsigned long long)info.height);
    if (killed)
        replay_check_accepted(r, &node, mark);
    chain_set_slot(&node, 1000);
    struct chain_tx tx = chain_transfer(&r->genesis, 6, 0, chain_address(32), 3);
    chain_submit(&node, &tx);
    chain_produce_in_slot(&node);
    chain_node_close(&node);
    status = chain_node_verify(&node, &report, killed ? 0 : BAALS_VERIFY_REPLAY);
    if (status != BAALS_OK)
        fail_msg("%zu operations: verify: %s: %s", prefix, baals_status_name(status),
                 node.err.message);
    assert_int_equal(report.height, info.height + 1);
    chain_node_deinit(&node);
}

static void replay_init(struct replay *r, struct chain_node *node)
{
    memset(r, 0, sizeof *r);
    chain_genesis_init(&r->genesis, 3);
    chain_node_init(node, &r->genesis, 2);
    recording_env_init(&r->recording, &node->clock.env);
    node->env = &r->recording.env;
    replay_record(r, node);
}

static void replay_deinit(struct replay *r, struct chain_node *node)
{
    recording_env_deinit(&r->recording);
    chain_node_deinit(node);
}

/* kill -9 behind every operation. */
static void test_kill(void **state)
{
    static struct replay r;
    struct chain_node node;
    (void)state;
    replay_init(&r, &node);
    for (size_t prefix = 0; prefix <= r.recording.count; prefix++) {
        struct bl_env *disk = NULL;
        assert_ok(bl_env_memory(&disk, bl_alloc_system(), NULL));
        recording_apply_prefix(disk, &r.recording, prefix);
        replay_check(&r, disk, prefix, true);
    }
    printf("%zu prefixes\n", r.recording.count + 1);
    replay_deinit(&r, &node);
}

/* The power fails behind every operation. */
static void test_power_failure(void **state)
{
    static struct replay r;
    static const enum recording_loss losses[] = {RECORDING_LOSS_ALL, RECORDING_LOSS_OPS,
                                                 RECORDING_LOSS_SECTORS, RECORDING_LOSS_SECTORS};
    struct chain_node node;
    struct testlib_rng rng = testlib_rng(1);
    uint64_t states = 0;
    (void)state;
    replay_init(&r, &node);
    for (size_t prefix = 1; prefix <= r.recording.count; prefix++) {
        for (size_t i = 0; i < BL_COUNT_OF(losses); i++) {
            replay_check(&r, recording_build_loss(&r.recording, prefix, losses[i], &rng), prefix,
                         false);
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
