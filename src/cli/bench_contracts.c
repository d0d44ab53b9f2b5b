/* SPDX-License-Identifier: MIT */
/*
 * Contracts: transfers of the example token, the full path as for plain transfers, and what a call
 * costs that does nothing. Before they are measured contracts are called until they are compiled
 * and warm.
 */
#include "cli/bench.h"

#define CONTRACTS_QUERIES 1000u

static baals_status
contracts_query(baals_chain *chain, const struct bench *bench, unsigned count, baals_error *err)
{
    static const uint8_t none[] = {0x80};
    baals_query query = BAALS_QUERY_INIT;
    bench_contract(&query.contract, bench, BENCH_FILL);
    query.method = bl_slice_str("nothing");
    query.args = bl_slice(none, sizeof none);
    for (unsigned i = 0; i < count; i++) {
        baals_outcome outcome = {.status = BAALS_RECEIPT_OK};
        BL_TRY(baals_query_run(chain, &outcome, &query, err));
        baals_receipt_status status = outcome.status;
        baals_outcome_free(&outcome);
        if (status != BAALS_RECEIPT_OK)
            return bl_fail(err, BAALS_INTERNAL, "a query that was measured did not end OK");
    }
    return BAALS_OK;
}

/* Calls for a while: compiling happens beside it. */
static baals_status contracts_warm(baals_chain *chain, struct bench *bench, baals_error *err)
{
    uint64_t until = bench_now(bench) + (uint64_t)bench->size.warm_ms * 1000000u;
    do {
        BL_TRY(contracts_query(chain, bench, 16, err));
    } while (bench_now(bench) < until);
    return BAALS_OK;
}

/* ---- tokens ---- */

static baals_status contracts_grant(baals_chain *chain, struct bench *bench, baals_error *err)
{
    struct bench_txs grants;
    BL_TRY(bench_sign_grants(&grants, bench, err));
    baals_status status = bench_commit(chain, &grants, err);
    bench_txs_free(&grants, bench);
    return status;
}

static baals_status contracts_tokens_on(uint64_t *ns_out,
                                        baals_chain *chain,
                                        struct bench *bench,
                                        struct bench_txs *txs,
                                        baals_error *err)
{
    BL_TRY(contracts_warm(chain, bench, err));
    BL_TRY(contracts_grant(chain, bench, err));
    uint64_t begin = bench_now(bench);
    BL_TRY(bench_commit(chain, txs, err));
    *ns_out = bench_now(bench) - begin;
    return BAALS_OK;
}

static baals_status contracts_tokens(struct bench *bench,
                                     struct bench_txs *txs,
                                     const char *name,
                                     enum bench_line_id line,
                                     baals_error *err)
{
    const struct bench_open how = {.name = name, .flags = BAALS_OPEN_PRODUCE};
    baals_chain *chain = NULL;
    uint64_t ns = 0;
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    baals_status status = bench_deploy(chain, bench, err);
    if (status == BAALS_OK)
        status = contracts_tokens_on(&ns, chain, bench, txs, err);
    status = bench_chain_close(chain, status, err);
    bench_remove(bench, name);
    if (status == BAALS_OK)
        bench_add(bench, line, bench_rate(txs->count, ns));
    return status;
}

baals_status bench_run_tokens(struct bench *bench, baals_error *err)
{
    struct bench_txs txs;
    BL_TRY(bench_sign_tokens(&txs, bench, bench->size.transfers, 0, err));
    baals_status status = BAALS_OK;
    for (unsigned run = 0; status == BAALS_OK && run < bench->size.runs; run++) {
        status = contracts_tokens(bench, &txs, "tokens", BENCH_TOKENS, err);
        if (status == BAALS_OK)
            status = contracts_tokens(bench, &txs, NULL, BENCH_TOKENS_MEMORY, err);
    }
    bench_txs_free(&txs, bench);
    return status;
}

/* ---- a call that does nothing ---- */

/* What applying each call took: all of the transaction's own work is counted with it. */
static baals_status
contracts_call_blocks(baals_chain *chain, struct bench *bench, uint64_t first, baals_error *err)
{
    struct bench_txs txs;
    baals_stats before = BAALS_STATS_INIT;
    baals_stats after = BAALS_STATS_INIT;
    baals_cursor cursor;
    BL_TRY(bench_sign_calls(&txs, bench, bench->size.block_txs, first, err));
    baals_status status = baals_cursor_now(chain, &cursor, err);
    if (status == BAALS_OK)
        status = baals_stats_get(chain, &before, err);
    if (status == BAALS_OK)
        status = bench_submit(chain, &txs, err);
    if (status == BAALS_OK)
        status = bench_drain(chain, err);
    if (status == BAALS_OK)
        status = baals_stats_get(chain, &after, err);
    if (status == BAALS_OK)
        status = bench_receipts(chain, &cursor, txs.count, err);
    bench_txs_free(&txs, bench);
    if (status == BAALS_OK)
        bench_add(bench, BENCH_CALL, (after.apply_ns - before.apply_ns) / (after.txs - before.txs));
    return status;
}

static baals_status contracts_call_run(baals_chain *chain, struct bench *bench, baals_error *err)
{
    BL_TRY(bench_submit_deploys(chain, bench, err));
    BL_TRY(bench_drain(chain, err));
    BL_TRY(contracts_warm(chain, bench, err));
    for (unsigned run = 0; run < bench->size.runs; run++) {
        uint64_t begin = bench_now(bench);
        BL_TRY(contracts_query(chain, bench, CONTRACTS_QUERIES, err));
        bench_add(bench, BENCH_CALL_QUERY, (bench_now(bench) - begin) / CONTRACTS_QUERIES);
        BL_TRY(contracts_call_blocks(chain, bench, (uint64_t)run * bench->size.block_txs, err));
    }
    return BAALS_OK;
}

baals_status bench_run_call(struct bench *bench, baals_error *err)
{
    const struct bench_open how = {.name = NULL};
    baals_chain *chain = NULL;
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    return bench_chain_close(chain, contracts_call_run(chain, bench, err), err);
}
