/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_UNIT_CLI_BENCH_FIXTURE_H
#define BL_TESTS_UNIT_CLI_BENCH_FIXTURE_H
/*
 * A small benchmark in a folder of its own, its measurements callable one by one.
 */
#include <string.h>

#include "testlib.h"

#include "cli/bench.h"

struct bench_fixture {
    struct cli cli;
    struct bench bench;
    baals_error err;
};

static inline struct bench *bench_fixture_open(struct bench_fixture *f, const char *name)
{
    struct bench *bench = &f->bench;
    memset(f, 0, sizeof *f);
    assert_ok(bl_env_system(&f->cli.env, bl_alloc_system(), &f->err));
    bl_arena_init(&f->cli.arena, bl_alloc_system(), (size_t)64 * 1024 * 1024);
    f->cli.args.values[CLI_QUIET] = "";
    bench->cli = &f->cli;
    bench->alloc = bl_alloc_system();
    bench->size = (struct bench_size){.runs = 2,
                                      .transfers = 24,
                                      .senders = 8,
                                      .block_txs = 20,
                                      .accounts = 60,
                                      .latencies = 4,
                                      .stall_blocks = 60,
                                      .stall_beside = 3,
                                      .stall_changes = 8192,
                                      .syncs = 4,
                                      .warm_ms = 1,
                                      .growth_blocks = 20,
                                      .growth_txs = 1};
    bench->vm = "interpreter";
    bench->storage = "lmdb";
    bench->state_bytes = (uint64_t)64 * 1024 * 1024;
    bench->growth_state_bytes = (uint64_t)1024 * 1024;
    testlib_temp_dir(bench->dir, sizeof bench->dir, name);
    assert_ok(bench_chain_init(bench, &f->err));
    return bench;
}

static inline void bench_fixture_close(struct bench_fixture *f)
{
    bench_chain_deinit(&f->bench);
    testlib_remove_tree(f->bench.dir);
    bl_arena_deinit(&f->cli.arena);
    bl_env_close(f->cli.env);
}

/* The lines first to last, and no others, have a value of every run. */
static inline void
bench_fixture_filled(const struct bench *bench, enum bench_line_id first, enum bench_line_id last)
{
    for (unsigned id = 0; id < BENCH_LINE_COUNT; id++) {
        bool inside = id >= (unsigned)first && id <= (unsigned)last;
        assert_int_equal(bench->results[id].count, inside ? bench->size.runs : 0);
        for (unsigned i = 0; i < bench->results[id].count; i++)
            assert_true(bench->results[id].values[i] > 0);
    }
}

#endif /* BL_TESTS_UNIT_CLI_BENCH_FIXTURE_H */
