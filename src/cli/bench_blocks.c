/* SPDX-License-Identifier: MIT */
/*
 * Transfers. The full path: encoded bytes are submitted while the chain's own thread makes blocks,
 * until the receipt of every one was read back from a durable block. And the stages of a block, on
 * a chain of many accounts, as the chain counts them.
 */
#include "cli/bench.h"

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

static baals_status blocks_stages(struct bench *bench, baals_chain *chain, baals_error *err)
{
    struct bench_txs txs;
    baals_stats before = BAALS_STATS_INIT;
    baals_stats after = BAALS_STATS_INIT;
    BL_TRY(bench_sign_transfers(&txs, bench, bench->size.block_txs, bench->many_txs, err));
    bench->many_txs += bench->size.block_txs;
    baals_status status = bench_submit(chain, &txs, err);
    if (status == BAALS_OK)
        status = baals_stats_get(chain, &before, err);
    if (status == BAALS_OK)
        status = bench_drain(chain, err);
    if (status == BAALS_OK)
        status = baals_stats_get(chain, &after, err);
    bench_txs_free(&txs, bench);
    BL_TRY(status);
    uint64_t count = after.txs - before.txs;
    uint64_t apply_ns = after.apply_ns - before.apply_ns;
    uint64_t root_ns = after.root_ns - before.root_ns;
    uint64_t commit_ns = after.write_ns - before.write_ns + after.sync_ns - before.sync_ns +
                         after.publish_ns - before.publish_ns;
    if (count != bench->size.block_txs || after.blocks - before.blocks != 1)
        return bl_fail(err, BAALS_INTERNAL, "the transfers did not fit into one block");
    bench_add(bench, BENCH_APPLY, bench_rate(count, apply_ns));
    bench_add(bench, BENCH_ROOT, bench_rate(count, root_ns));
    bench_add(bench, BENCH_APPLY_ROOT, bench_rate(count, apply_ns + root_ns));
    bench_add(bench, BENCH_COMMIT, bench_rate(count, commit_ns));
    return BAALS_OK;
}

baals_status bench_run_stages(struct bench *bench, baals_error *err)
{
    const struct bench_open how = {.name = BENCH_MANY};
    baals_chain *chain = NULL;
    BL_TRY(bench_many(bench, err));
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    baals_status status = BAALS_OK;
    for (unsigned run = 0; status == BAALS_OK && run < bench->size.runs; run++)
        status = blocks_stages(bench, chain, err);
    return bench_chain_close(chain, status, err);
}
