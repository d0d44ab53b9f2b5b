/* SPDX-License-Identifier: MIT */
/*
 * What checkpoints cost the blocks beside them: blocks of one transfer, one after the other, on a
 * chain of many accounts, while the chain takes checkpoints as it finds them due. The blocks are
 * parted by whether one was being taken meanwhile; those beside none show what the disk does alone.
 */
#include "cli/bench.h"

/* Transfers that are signed at once. */
#define STALL_SIGNED 5000u

struct stall_times {
    uint64_t *beside; /* of blocks beside a checkpoint */
    uint64_t *alone;  /* of the others */
    unsigned beside_count;
    unsigned alone_count;
};

/* One transfer from submitting it to its durable block. */
static baals_status stall_block(struct stall_times *times,
                                struct bench *bench,
                                baals_chain *chain,
                                baals_slice tx,
                                baals_error *err)
{
    baals_stats before = BAALS_STATS_INIT;
    baals_stats after = BAALS_STATS_INIT;
    BL_TRY(baals_stats_get(chain, &before, err));
    uint64_t begin = bench_now(bench);
    BL_TRY(baals_submit(chain, NULL, tx, err));
    BL_TRY(bench_drain(chain, err));
    uint64_t ns = bench_now(bench) - begin;
    BL_TRY(baals_stats_get(chain, &after, err));
    if (after.blocks - before.blocks != 1)
        return bl_fail(err, BAALS_INTERNAL, "a transfer that was measured is in no block");
    if (before.checkpoints_begun != before.checkpoints_ended ||
        after.checkpoints_begun != before.checkpoints_begun)
        times->beside[times->beside_count++] = ns;
    else
        times->alone[times->alone_count++] = ns;
    return BAALS_OK;
}

/* Blocks until enough of them were beside a checkpoint. INTERNAL when none was, or all were. */
static baals_status
stall_blocks(struct stall_times *times, struct bench *bench, baals_chain *chain, baals_error *err)
{
    unsigned most = bench->size.stall_blocks;
    for (unsigned made = 0; made < most && times->beside_count < bench->size.stall_beside;) {
        struct bench_txs txs;
        unsigned count = most - made < STALL_SIGNED ? most - made : STALL_SIGNED;
        baals_status status = BAALS_OK;
        BL_TRY(bench_sign_draw(&txs, bench, count, &bench->many, bench->many.txs, err));
        for (unsigned i = 0; status == BAALS_OK && i < count; i++)
            status = stall_block(times, bench, chain, txs.slices[i], err);
        bench_txs_free(&txs, bench);
        BL_TRY(status);
        made += count;
    }
    if (times->beside_count == 0 || times->alone_count == 0)
        return bl_fail(err, BAALS_INTERNAL, "%u blocks were beside a checkpoint, %u beside none",
                       times->beside_count, times->alone_count);
    return BAALS_OK;
}

static void stall_add(struct bench *bench, struct stall_times *times)
{
    bench_add(bench, BENCH_STALL_P999, bench_quantile(times->beside, times->beside_count, 999));
    bench_add(bench, BENCH_STALL_MAX, times->beside[times->beside_count - 1]);
    bench_add(bench, BENCH_STALL_NONE_P999, bench_quantile(times->alone, times->alone_count, 999));
    /* All of them in one row; both have room for all. */
    for (unsigned i = 0; i < times->beside_count; i++)
        times->alone[times->alone_count++] = times->beside[i];
    bench_add(bench, BENCH_STALL_P50, bench_quantile(times->alone, times->alone_count, 500));
}

baals_status bench_run_stall(struct bench *bench, baals_error *err)
{
    const struct bench_open how = {.name = bench->many.name, .changes = bench->size.stall_changes};
    unsigned most = bench->size.stall_blocks;
    struct stall_times times = {
        .beside = bl_arena_zero(&bench->cli->arena, most, sizeof *times.beside),
        .alone = bl_arena_zero(&bench->cli->arena, most, sizeof *times.alone),
    };
    if (times.beside == NULL || times.alone == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for %u times", most);
    BL_TRY(bench_many_make(bench, &bench->many, err));
    for (unsigned run = 0; run < bench->size.runs; run++) {
        baals_chain *chain = NULL;
        times.beside_count = 0;
        times.alone_count = 0;
        BL_TRY(bench_chain_open(&chain, bench, &how, err));
        baals_status status = stall_blocks(&times, bench, chain, err);
        BL_TRY(bench_chain_close(chain, status, err));
        stall_add(bench, &times);
    }
    return BAALS_OK;
}
