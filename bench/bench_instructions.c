/* SPDX-License-Identifier: MIT */
/*
 * baals-bench-instructions: fixed workloads whose instructions are counted (tools/
 * check-instructions). What is prepared for a workload happens outside of bench_counted, the one
 * function whose instructions callgrind collects. One thread does all of it, the interpreter runs
 * the contracts, seeds are fixed.
 *
 * usage: baals-bench-instructions WORKLOAD DIR    (without: the workloads there are)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"

#define INSTRUCTIONS_TXS 1000u
#define INSTRUCTIONS_BLOCKS 100u
#define INSTRUCTIONS_WARM_UP 3u
#define INSTRUCTIONS_PROOFS 200u

/* What a workload works on. */
struct workload_state {
    struct bench *bench;
    baals_chain *chain;
    struct bench_txs txs;
    baals_proof proofs[INSTRUCTIONS_PROOFS];
    baals_address addresses[INSTRUCTIONS_PROOFS];
    baals_hash root;
};

struct workload {
    const char *name;
    bool durable; /* in a folder, not in memory */
    baals_status (*prepare)(struct workload_state *state, baals_error *err);
    baals_status (*run)(struct workload_state *state, baals_error *err);
};

/* Named on callgrind's command line. */
baals_status
bench_counted(const struct workload *workload, struct workload_state *state, baals_error *err);

__attribute__((noinline)) baals_status
bench_counted(const struct workload *workload, struct workload_state *state, baals_error *err)
{
    return workload->run(state, err);
}

/* ---- the workloads ---- */

static baals_status workload_sign(struct workload_state *s, baals_error *err)
{
    return bench_sign_transfers(&s->txs, s->bench, INSTRUCTIONS_TXS, 0, err);
}

static baals_status workload_submit(struct workload_state *s, baals_error *err)
{
    return bench_submit(s->chain, &s->txs, err);
}

static baals_status workload_sign_submit(struct workload_state *s, baals_error *err)
{
    BL_TRY(workload_sign(s, err));
    return workload_submit(s, err);
}

static baals_status workload_block(struct workload_state *s, baals_error *err)
{
    return bench_drain(s->chain, err);
}

/* The block that is counted pays the same accounts once more. */
static baals_status workload_known(struct workload_state *s, baals_error *err)
{
    struct bench_many *many = &s->bench->many;
    for (unsigned i = 0; i <= INSTRUCTIONS_WARM_UP; i++) {
        bench_txs_free(&s->txs, s->bench);
        BL_TRY(bench_sign_draw(&s->txs, s->bench, INSTRUCTIONS_TXS, many, 0, err));
        BL_TRY(workload_submit(s, err));
        if (i < INSTRUCTIONS_WARM_UP)
            BL_TRY(bench_drain(s->chain, err));
    }
    return BAALS_OK;
}

static baals_status workload_singles(struct workload_state *s, baals_error *err)
{
    for (unsigned i = 0; i < INSTRUCTIONS_BLOCKS; i++) {
        BL_TRY(baals_submit(s->chain, NULL, s->txs.slices[i], err));
        BL_TRY(bench_drain(s->chain, err));
    }
    return BAALS_OK;
}

static baals_status workload_nothing(struct workload_state *s, baals_error *err)
{
    (void)s;
    (void)err;
    return BAALS_OK;
}

static baals_status workload_check_code(struct workload_state *s, baals_error *err)
{
    return baals_code_check(s->chain, bl_slice(bench_module_token, bench_module_token_len), err);
}

/* Everyone has tokens and has one transfer of them pending. */
static baals_status workload_tokens(struct workload_state *s, baals_error *err)
{
    struct bench_txs grants;
    BL_TRY(bench_submit_deploys(s->chain, s->bench, err));
    BL_TRY(bench_drain(s->chain, err));
    BL_TRY(bench_sign_grants(&grants, s->bench, err));
    baals_status status = bench_submit(s->chain, &grants, err);
    bench_txs_free(&grants, s->bench);
    BL_TRY(status);
    BL_TRY(bench_drain(s->chain, err));
    BL_TRY(bench_sign_tokens(&s->txs, s->bench, INSTRUCTIONS_TXS, 0, err));
    return bench_submit(s->chain, &s->txs, err);
}

static baals_status workload_prove(struct workload_state *s, baals_error *err)
{
    for (unsigned i = 0; i < INSTRUCTIONS_PROOFS; i++) {
        baals_slice key = bl_slice(s->addresses[i].bytes, sizeof s->addresses[i].bytes);
        BL_TRY(baals_prove(s->chain, &s->proofs[i], "accounts", key, err));
    }
    return BAALS_OK;
}

/* A block of transfers made accounts; every other address has none. */
static baals_status workload_accounts(struct workload_state *s, baals_error *err)
{
    baals_chain_info info;
    BL_TRY(workload_sign_submit(s, err));
    BL_TRY(bench_drain(s->chain, err));
    for (unsigned i = 0; i < INSTRUCTIONS_PROOFS; i++)
        bench_account(&s->addresses[i], (uint64_t)i * s->bench->size.accounts / 100);
    BL_TRY(baals_chain_info_get(s->chain, &info, err));
    s->root = info.state_root;
    return BAALS_OK;
}

static baals_status workload_accounts_prove(struct workload_state *s, baals_error *err)
{
    BL_TRY(workload_accounts(s, err));
    return workload_prove(s, err);
}

static baals_status workload_verify_proofs(struct workload_state *s, baals_error *err)
{
    for (unsigned i = 0; i < INSTRUCTIONS_PROOFS; i++) {
        const baals_proof *proof = &s->proofs[i];
        baals_slice key = bl_slice(s->addresses[i].bytes, sizeof s->addresses[i].bytes);
        baals_slice bytes = bl_slice(proof->proof.data, proof->proof.len);
        if (proof->exists != 0)
            BL_TRY(baals_proof_verify_existence(&s->root, "accounts", key,
                                                bl_slice(proof->value.data, proof->value.len),
                                                bytes, err));
        else
            BL_TRY(baals_proof_verify_absence(&s->root, "accounts", key, bytes, err));
    }
    return BAALS_OK;
}

static const struct workload workloads[] = {
    {"submit-1000", false, workload_sign, workload_submit},
    {"block-of-1000-transfers", false, workload_sign_submit, workload_block},
    {"block-of-1000-transfers-warm", false, workload_known, workload_block},
    {"block-of-1000-tokens", false, workload_tokens, workload_block},
    {"100-durable-blocks", true, workload_sign, workload_singles},
    {"check-module", false, workload_nothing, workload_check_code},
    {"make-200-proofs", false, workload_accounts, workload_prove},
    {"verify-200-proofs", false, workload_accounts_prove, workload_verify_proofs},
};

/* ---- running one ---- */

static baals_status
instructions_run(const struct workload *workload, struct workload_state *s, baals_error *err)
{
    const struct bench_open how = {.name = workload->durable ? "instructions" : NULL, .threads = 1};
    BL_TRY(bench_chain_open(&s->chain, s->bench, &how, err));
    baals_status status = workload->prepare(s, err);
    if (status == BAALS_OK)
        status = bench_counted(workload, s, err);
    for (unsigned i = 0; i < INSTRUCTIONS_PROOFS; i++)
        baals_proof_free(&s->proofs[i]);
    bench_txs_free(&s->txs, s->bench);
    status = bench_chain_close(s->chain, status, err);
    bench_remove(s->bench, how.name);
    return status;
}

static baals_status
instructions_main(const struct workload *workload, struct bench *bench, baals_error *err)
{
    static struct workload_state state;
    state.bench = bench;
    bench->size = (struct bench_size){.senders = INSTRUCTIONS_TXS, .accounts = INSTRUCTIONS_TXS};
    bench->vm = "interpreter";
    BL_TRY(bench_chain_init(bench, err));
    baals_status status = instructions_run(workload, &state, err);
    bench_chain_deinit(bench);
    return status;
}

int main(int argc, char **argv)
{
    static struct cli cli;
    static struct bench bench;
    baals_error err = {.offset = BAALS_NO_OFFSET};
    const struct workload *found = NULL;
    for (size_t i = 0; i < BL_COUNT_OF(workloads); i++) {
        if (argc < 2)
            printf("%s\n", workloads[i].name);
        else if (strcmp(argv[1], workloads[i].name) == 0)
            found = &workloads[i];
    }
    if (argc < 2)
        return 0;
    if (found == NULL || argc != 3 || strlen(argv[2]) >= sizeof bench.dir) {
        fprintf(stderr, "usage: baals-bench-instructions WORKLOAD DIR\n");
        return 2;
    }
    memcpy(bench.dir, argv[2], strlen(argv[2]) + 1);
    bench.cli = &cli;
    bench.alloc = bl_alloc_system();
    if (instructions_main(found, &bench, &err) == BAALS_OK)
        return 0;
    fprintf(stderr, "%s: %s\n", found->name, err.message);
    return 1;
}
