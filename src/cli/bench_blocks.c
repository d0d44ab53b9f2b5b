/* SPDX-License-Identifier: MIT */
/*
 * Transfers. The full path: encoded bytes are submitted while the chain's own thread makes blocks,
 * until the receipt of every one was read back from a durable block. And the stages of a block, on
 * a chain of many accounts, as the chain counts them.
 */
#include "cli/bench.h"

/* Blocks between the cold one and the warm one that is measured. */
#define BLOCKS_WARM_UP 2u

/* ---- the full path ---- */

static baals_status blocks_transfers(struct bench *bench,
                                     struct bench_txs *txs,
                                     const char *name,
                                     enum bench_line_id line,
                                     baals_error *err)
{
    const struct bench_open how = {.name = name, .flags = BAALS_OPEN_PRODUCE};
    baals_chain *chain = NULL;
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    uint64_t begin = bench_now(bench);
    baals_status status = bench_commit(chain, txs, err);
    uint64_t ns = bench_now(bench) - begin;
    status = bench_chain_close(chain, status, err);
    bench_remove(bench, name);
    if (status == BAALS_OK)
        bench_add(bench, line, bench_rate(txs->count, ns));
    return status;
}

baals_status bench_run_transfers(struct bench *bench, baals_error *err)
{
    struct bench_txs txs;
    BL_TRY(bench_sign_transfers(&txs, bench, bench->size.transfers, 0, err));
    baals_status status = BAALS_OK;
    for (unsigned run = 0; status == BAALS_OK && run < bench->size.runs; run++) {
        status = blocks_transfers(bench, &txs, "transfers", BENCH_TRANSFERS, err);
        if (status == BAALS_OK)
            status = blocks_transfers(bench, &txs, NULL, BENCH_TRANSFERS_MEMORY, err);
    }
    bench_txs_free(&txs, bench);
    return status;
}

/* ---- the stages of a block ---- */

/* What a block took. */
struct blocks_stages {
    uint64_t txs;
    uint64_t apply_ns;
    uint64_t root_ns;
    uint64_t commit_ns;
};

/* A block of transfers, recipients as `draw` says. */
static baals_status blocks_stages_of(struct blocks_stages *out,
                                     struct bench *bench,
                                     baals_chain *chain,
                                     struct bench_many *many,
                                     uint64_t draw,
                                     baals_error *err)
{
    struct bench_txs txs;
    baals_stats before = BAALS_STATS_INIT;
    baals_stats after = BAALS_STATS_INIT;
    BL_TRY(bench_sign_draw(&txs, bench, bench->size.block_txs, many, draw, err));
    baals_status status = bench_submit(chain, &txs, err);
    if (status == BAALS_OK)
        status = baals_stats_get(chain, &before, err);
    if (status == BAALS_OK)
        status = bench_drain(chain, err);
    if (status == BAALS_OK)
        status = baals_stats_get(chain, &after, err);
    bench_txs_free(&txs, bench);
    BL_TRY(status);
    *out = (struct blocks_stages){
        .txs = after.txs - before.txs,
        .apply_ns = after.apply_ns - before.apply_ns,
        .root_ns = after.root_ns - before.root_ns,
        .commit_ns = after.write_ns - before.write_ns + after.sync_ns - before.sync_ns +
                     after.publish_ns - before.publish_ns,
    };
    if (out->txs != bench->size.block_txs || after.blocks - before.blocks != 1)
        return bl_fail(err, BAALS_INTERNAL, "the transfers did not fit into one block");
    return BAALS_OK;
}

static uint64_t blocks_apply_root(const struct blocks_stages *stages)
{
    return bench_rate(stages->txs, stages->apply_ns + stages->root_ns);
}

/* One run: blocks that touch the same accounts. */
struct blocks_run {
    struct blocks_stages cold; /* the first one of the opened chain: nothing is ready */
    struct blocks_stages warm; /* behind BLOCKS_WARM_UP more */
    uint64_t own_kib;          /* memory of the process' own then */
};

static baals_status blocks_run(struct blocks_run *out,
                               struct bench *bench,
                               struct bench_many *many,
                               unsigned run,
                               baals_error *err)
{
    const struct bench_open how = {.name = many->name};
    uint64_t draw = (uint64_t)run * bench->size.block_txs;
    uint64_t resident_kib = 0;
    baals_chain *chain = NULL;
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    baals_status status = blocks_stages_of(&out->cold, bench, chain, many, draw, err);
    for (unsigned i = 0; status == BAALS_OK && i <= BLOCKS_WARM_UP; i++)
        status = blocks_stages_of(&out->warm, bench, chain, many, draw, err);
    bench_memory(bench, &out->own_kib, &resident_kib);
    return bench_chain_close(chain, status, err);
}

baals_status bench_run_stages(struct bench *bench, baals_error *err)
{
    BL_TRY(bench_many_make(bench, &bench->many, err));
    for (unsigned i = 0; i < bench->size.runs; i++) {
        struct blocks_run run;
        BL_TRY(blocks_run(&run, bench, &bench->many, i, err));
        bench_add(bench, BENCH_APPLY, bench_rate(run.warm.txs, run.warm.apply_ns));
        bench_add(bench, BENCH_ROOT, bench_rate(run.warm.txs, run.warm.root_ns));
        bench_add(bench, BENCH_APPLY_ROOT, blocks_apply_root(&run.warm));
        bench_add(bench, BENCH_APPLY_ROOT_COLD, blocks_apply_root(&run.cold));
        bench_add(bench, BENCH_COMMIT, bench_rate(run.warm.txs, run.warm.commit_ns));
    }
    return BAALS_OK;
}

baals_status bench_run_tenfold(struct bench *bench, baals_error *err)
{
    BL_TRY(bench_many_make(bench, &bench->tenfold, err));
    for (unsigned i = 0; i < bench->size.runs; i++) {
        struct blocks_run run;
        BL_TRY(blocks_run(&run, bench, &bench->tenfold, i, err));
        bench_add(bench, BENCH_ROOT_TENFOLD, bench_rate(run.warm.txs, run.warm.root_ns));
        bench_add(bench, BENCH_APPLY_ROOT_TENFOLD, blocks_apply_root(&run.warm));
        bench_add(bench, BENCH_APPLY_ROOT_COLD_TENFOLD, blocks_apply_root(&run.cold));
        bench_add(bench, BENCH_MEMORY_TENFOLD, run.own_kib);
    }
    return BAALS_OK;
}
