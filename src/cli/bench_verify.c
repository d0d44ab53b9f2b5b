/* SPDX-License-Identifier: MIT */
/*
 * What a transaction costs before it meets a chain: decoding, and verifying its signature, alone
 * and in batches on one core and on all.
 */
#include "cli/bench.h"

/* Decodes all, and with `verify` verifies each on its own. */
static baals_status verify_each(const struct bench_txs *txs, bool verify, baals_error *err)
{
    for (unsigned i = 0; i < txs->count; i++) {
        baals_tx tx;
        BL_TRY(baals_tx_decode(&tx, txs->slices[i], err));
        if (verify)
            BL_TRY(baals_tx_verify(&tx, err));
    }
    return BAALS_OK;
}

/* Batches as the mempool checks them. The transfers offer no price, so that all that the chain does
 * with a verified one is to refuse it. */
static baals_status verify_batches(uint64_t *ns_out,
                                   struct bench *bench,
                                   struct bench_txs *txs,
                                   uint32_t threads,
                                   baals_error *err)
{
    const struct bench_open how = {.threads = threads};
    baals_chain *chain = NULL;
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    uint64_t begin = bench_now(bench);
    baals_status status =
        baals_submit_many(chain, NULL, txs->statuses, txs->slices, txs->count, err);
    *ns_out = bench_now(bench) - begin;
    for (unsigned i = 0; status == BAALS_OK && i < txs->count; i++) {
        if (txs->statuses[i] != BAALS_REJECT_GAS_PRICE)
            status = bl_fail(err, BAALS_INTERNAL, "a transfer without a price was not refused");
    }
    return bench_chain_close(chain, status, err);
}

static baals_status verify_run(struct bench *bench, struct bench_txs *txs, baals_error *err)
{
    unsigned single = txs->count / 8 + 1;
    struct bench_txs some = *txs;
    some.count = single;
    uint64_t begin = bench_now(bench);
    BL_TRY(verify_each(txs, false, err));
    bench_add(bench, BENCH_DECODE, (bench_now(bench) - begin) / txs->count);
    begin = bench_now(bench);
    BL_TRY(verify_each(&some, true, err));
    bench_add(bench, BENCH_VERIFY_SINGLE, bench_rate(single, bench_now(bench) - begin));
    uint64_t ns = 0;
    BL_TRY(verify_batches(&ns, bench, txs, 1, err));
    bench_add(bench, BENCH_VERIFY_ONE_CORE, bench_rate(txs->count, ns));
    BL_TRY(verify_batches(&ns, bench, txs, 0, err));
    bench_add(bench, BENCH_VERIFY_ALL_CORES, bench_rate(txs->count, ns));
    return BAALS_OK;
}

baals_status bench_run_verify(struct bench *bench, baals_error *err)
{
    struct bench_txs txs;
    BL_TRY(bench_sign_priceless(&txs, bench, bench->size.block_txs, err));
    baals_status status = BAALS_OK;
    for (unsigned run = 0; status == BAALS_OK && run < bench->size.runs; run++)
        status = verify_run(bench, &txs, err);
    bench_txs_free(&txs, bench);
    return status;
}
