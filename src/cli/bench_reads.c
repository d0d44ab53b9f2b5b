/* SPDX-License-Identifier: MIT */
/*
 * Opening a chain, empty and of many accounts, and proofs of accounts that are there and of some
 * that are not. Opening ends when the chain answers; closing is not counted.
 */
#include "cli/bench.h"

#define READS_PROOFS 1000u
#define READS_VALUE_MAX 128u
#define READS_STEP 7919u

static baals_status
reads_open(struct bench *bench, const char *name, enum bench_line_id line, baals_error *err)
{
    const struct bench_open how = {.name = name};
    baals_chain *chain = NULL;
    baals_chain_info info;
    uint64_t begin = bench_now(bench);
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    baals_status status = baals_chain_info_get(chain, &info, err);
    uint64_t ns = bench_now(bench) - begin;
    if (status == BAALS_OK)
        bench_add(bench, line, ns);
    return bench_chain_close(chain, status, err);
}

baals_status bench_run_open(struct bench *bench, baals_error *err)
{
    const struct bench_open how = {.name = "empty"};
    baals_chain *chain = NULL;
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    BL_TRY(baals_close(chain, err));
    BL_TRY(bench_many_make(bench, &bench->many, err));
    for (unsigned run = 0; run < bench->size.runs; run++) {
        BL_TRY(reads_open(bench, how.name, BENCH_OPEN_EMPTY, err));
        BL_TRY(reads_open(bench, bench->many.name, BENCH_OPEN_MANY, err));
    }
    bench_remove(bench, how.name);
    return BAALS_OK;
}

/* ---- proofs ---- */

static baals_status reads_check(const baals_proof *proof,
                                const baals_hash *root,
                                const baals_address *address,
                                baals_error *err)
{
    baals_slice key = bl_slice(address->bytes, sizeof address->bytes);
    baals_slice bytes = bl_slice(proof->proof.data, proof->proof.len);
    if (proof->exists == 0)
        return baals_proof_verify_absence(root, "accounts", key, bytes, err);
    return baals_proof_verify_existence(root, "accounts", key,
                                        bl_slice(proof->value.data, proof->value.len), bytes, err);
}

static baals_status
reads_proofs(struct bench *bench, baals_chain *chain, const baals_hash *root, baals_error *err)
{
    uint64_t make_ns = 0;
    uint64_t verify_ns = 0;
    unsigned absent = 0;
    for (uint64_t i = 0; i < READS_PROOFS; i++) {
        baals_proof proof = {0};
        baals_address address;
        /* Every eighth is of an account that was never made. */
        uint64_t beyond = i % 8 == 0 ? bench->size.accounts : 0;
        bench_account(&address, beyond + i * READS_STEP % bench->size.accounts);
        uint64_t begin = bench_now(bench);
        BL_TRY(baals_prove(chain, &proof, "accounts", bl_slice(address.bytes, sizeof address.bytes),
                           err));
        uint64_t made = bench_now(bench);
        baals_status status = reads_check(&proof, root, &address, err);
        verify_ns += bench_now(bench) - made;
        make_ns += made - begin;
        absent += proof.exists == 0 ? 1 : 0;
        baals_proof_free(&proof);
        BL_TRY(status);
    }
    if (absent != READS_PROOFS / 8)
        return bl_fail(err, BAALS_INTERNAL, "the chain has other accounts than were made");
    bench_add(bench, BENCH_PROVE, make_ns / READS_PROOFS);
    bench_add(bench, BENCH_PROOF_VERIFY, verify_ns / READS_PROOFS);
    return BAALS_OK;
}

baals_status bench_run_proof(struct bench *bench, baals_error *err)
{
    const struct bench_open how = {.name = bench->many.name};
    baals_chain *chain = NULL;
    baals_chain_info info;
    BL_TRY(bench_many_make(bench, &bench->many, err));
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    baals_status status = baals_chain_info_get(chain, &info, err);
    for (unsigned run = 0; status == BAALS_OK && run < bench->size.runs; run++)
        status = reads_proofs(bench, chain, &info.state_root, err);
    return bench_chain_close(chain, status, err);
}
