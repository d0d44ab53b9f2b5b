/* SPDX-License-Identifier: MIT */
/*
 * Chains that measurements work on: keys of fixed seeds, a genesis that gives them balances, two
 * contracts, and chains of a million accounts and of ten. The accounts are made by a contract that
 * transfers to them, 25,000 per transaction: signing a million transfers would take a minute.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/bench.h"

#define CHAIN_BALANCE (UINT64_C(1) << 48)
#define CHAIN_GENESIS_ENTRY_BYTES 48u
#define CHAIN_GENESIS_REST_BYTES 4096u
#define CHAIN_FILL_COUNT 25000u
#define CHAIN_FILL_GAS UINT64_C(990000000)
#define CHAIN_DEPLOY_BYTES 16384u
/* Changes of a checkpoint while accounts are made: new ones fall on pages all over the store, so
 * few large checkpoints write far less than many small ones. */
#define CHAIN_FILL_CHANGES ((uint64_t)512 * 1024 * 1024)
#define CHAIN_SUBMIT_BATCH 1024u
#define CHAIN_WAIT_MS 600000u
#define CHAIN_PAUSE_NS 50000
#define CHAIN_TOKENS (UINT64_C(1) << 40)

static unsigned chain_least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* ---- keys and genesis ---- */

static void chain_keypair(baals_keypair *out, uint64_t number)
{
    uint8_t seed[32] = {'b', 'e', 'n', 'c', 'h'};
    for (unsigned i = 0; i < 8; i++)
        seed[24 + i] = (uint8_t)(number >> (8 * i));
    baals_keypair_from_seed(out, seed);
}

static int chain_compare_balances(const void *a, const void *b)
{
    const baals_genesis_balance *x = a;
    const baals_genesis_balance *y = b;
    return memcmp(&x->address, &y->address, sizeof x->address);
}

static baals_status
chain_genesis(struct bench *bench, baals_genesis_balance *balances, baals_error *err)
{
    unsigned count = bench->size.senders;
    for (unsigned i = 0; i <= count; i++) {
        balances[i].address = i < count ? bench->senders[i].address : bench->authority.address;
        balances[i].amount.units = CHAIN_BALANCE;
    }
    qsort(balances, count + 1, sizeof *balances, chain_compare_balances);
    baals_genesis genesis;
    baals_genesis_defaults(&genesis);
    genesis.chain_name = bl_slice_str("bench");
    genesis.poa.authorities = &bench->authority.address;
    genesis.poa.authority_count = 1;
    genesis.poa.slot_ms = 1;
    genesis.params.gas_price_min = 1;
    genesis.balances = balances;
    genesis.balance_count = count + 1;
    BL_TRY(baals_genesis_encode(bench->genesis, bench->genesis_size, &bench->genesis_len, &genesis,
                                err));
    baals_genesis_chain_id(&bench->chain_id, bl_slice(bench->genesis, bench->genesis_len));
    return BAALS_OK;
}

baals_status bench_chain_init(struct bench *bench, baals_error *err)
{
    unsigned count = bench->size.senders;
    size_t balances_size = ((size_t)count + 1) * sizeof(baals_genesis_balance);
    baals_genesis_balance *balances = bl_alloc_zero(&bench->alloc, 1, balances_size);
    bench->senders = bl_alloc_zero(&bench->alloc, count, sizeof *bench->senders);
    bench->genesis_size = CHAIN_GENESIS_REST_BYTES + (size_t)count * CHAIN_GENESIS_ENTRY_BYTES;
    bench->genesis = bl_alloc_zero(&bench->alloc, 1, bench->genesis_size);
    baals_status status = BAALS_OK;
    if (balances == NULL || bench->senders == NULL || bench->genesis == NULL)
        status = bl_fail(err, BAALS_NOMEM, "no memory for the keys");
    if (status == BAALS_OK) {
        chain_keypair(&bench->authority, 0);
        for (unsigned i = 0; i < count; i++)
            chain_keypair(&bench->senders[i], i + 1);
        status = chain_genesis(bench, balances, err);
    }
    bench->many = (struct bench_many){.name = "many", .accounts = bench->size.accounts};
    bench->tenfold = (struct bench_many){.name = "tenfold", .accounts = bench->size.accounts * 10};
    bl_alloc_free(&bench->alloc, balances, balances_size);
    return status;
}

void bench_chain_deinit(struct bench *bench)
{
    if (bench->senders != NULL)
        bl_alloc_free(&bench->alloc, bench->senders, bench->size.senders * sizeof *bench->senders);
    bl_alloc_free(&bench->alloc, bench->genesis, bench->genesis_size);
    bench->senders = NULL;
    bench->genesis = NULL;
}

/* ---- folders, opening, closing ---- */

baals_status
bench_path(char out[BL_PATH_MAX], const struct bench *bench, const char *name, baals_error *err)
{
    return bl_path_join(out, BL_PATH_MAX, bench->dir, name, err);
}

void bench_remove(const struct bench *bench, const char *name)
{
    char path[BL_PATH_MAX];
    if (name != NULL && bench_path(path, bench, name, NULL) == BAALS_OK)
        cli_remove_tree(path);
}

void bench_chain_options(baals_options *out,
                         const struct bench *bench,
                         const struct bench_open *how)
{
    *out = (baals_options)BAALS_OPTIONS_INIT;
    out->flags = BAALS_OPEN_CREATE | how->flags;
    out->storage = how->name == NULL ? NULL : bench->storage;
    out->genesis = bl_slice(bench->genesis, bench->genesis_len);
    out->authority = &bench->authority;
    out->trap_signals = 1;
    out->vm = bench->vm;
    out->verify_threads = how->threads;
    out->checkpoint_bytes = how->changes;
    out->state_bytes = how->state_bytes != 0 ? how->state_bytes : bench->state_bytes;
}

baals_status bench_chain_open(baals_chain **out,
                              struct bench *bench,
                              const struct bench_open *how,
                              baals_error *err)
{
    char path[BL_PATH_MAX] = ":memory:";
    baals_options options;
    if (how->name != NULL)
        BL_TRY(bench_path(path, bench, how->name, err));
    bench_chain_options(&options, bench, how);
    return baals_open(out, path, &options, err);
}

baals_status bench_chain_close(baals_chain *chain, baals_status status, baals_error *err)
{
    baals_status closed = baals_close(chain, status == BAALS_OK ? err : NULL);
    return status == BAALS_OK ? closed : status;
}

/* ---- into blocks ---- */

baals_status bench_submit(baals_chain *chain, struct bench_txs *txs, baals_error *err)
{
    for (unsigned i = 0; i < txs->count; i += CHAIN_SUBMIT_BATCH) {
        unsigned count = chain_least(txs->count - i, CHAIN_SUBMIT_BATCH);
        BL_TRY(
            baals_submit_many(chain, txs->ids + i, txs->statuses + i, txs->slices + i, count, err));
        for (unsigned j = i; j < i + count; j++) {
            if (txs->statuses[j] != BAALS_OK)
                return bl_fail(err, txs->statuses[j], "transaction %u was refused", j);
        }
    }
    return BAALS_OK;
}

baals_status bench_drain(baals_chain *chain, baals_error *err)
{
    for (;;) {
        int32_t made = 0;
        uint64_t wait_ms = 0;
        BL_TRY(baals_produce_block(chain, &made, &wait_ms, err));
        if (made == 0 && wait_ms == UINT64_MAX)
            return BAALS_OK;
        if (made == 0) {
            const struct timespec pause = {.tv_nsec = CHAIN_PAUSE_NS};
            (void)nanosleep(&pause, NULL);
        }
    }
}

struct chain_receipts {
    uint64_t seen;
    uint64_t wanted;
    baals_receipt_status status; /* of the first that did not end OK */
};

static int32_t chain_receipt(void *ctx, const baals_notice *notice)
{
    struct chain_receipts *receipts = ctx;
    baals_receipt receipt;
    if (notice->kind != BAALS_NOTICE_TX)
        return 0;
    receipts->seen++;
    if (baals_receipt_decode(&receipt, notice->receipt, NULL) == BAALS_OK)
        receipts->status = receipt.status;
    return receipts->seen == receipts->wanted || receipts->status != BAALS_RECEIPT_OK;
}

baals_status
bench_receipts(baals_chain *chain, baals_cursor *cursor_io, uint64_t count, baals_error *err)
{
    struct chain_receipts receipts = {.wanted = count};
    while (receipts.seen < count && receipts.status == BAALS_RECEIPT_OK)
        BL_TRY(baals_notices_each(chain, cursor_io, CHAIN_WAIT_MS, chain_receipt, &receipts, err));
    if (receipts.status != BAALS_RECEIPT_OK)
        return bl_fail(err, BAALS_INTERNAL, "a transaction of the measurement ended %s",
                       baals_receipt_status_name(receipts.status));
    return BAALS_OK;
}

baals_status bench_commit(baals_chain *chain, struct bench_txs *txs, baals_error *err)
{
    baals_cursor cursor;
    BL_TRY(baals_cursor_now(chain, &cursor, err));
    BL_TRY(bench_submit(chain, txs, err));
    return bench_receipts(chain, &cursor, txs->count, err);
}

/* ---- contracts ---- */

void bench_contract(baals_address *out, const struct bench *bench, enum bench_contract which)
{
    baals_contract_id_from_deploy(out, &bench->authority.address, (uint64_t)which);
}

static baals_status chain_deploy_one(baals_chain *chain,
                                     const struct bench *bench,
                                     enum bench_contract which,
                                     const baals_slice *init,
                                     baals_error *err)
{
    uint8_t payload[CHAIN_DEPLOY_BYTES];
    uint8_t bytes[CHAIN_DEPLOY_BYTES + BENCH_TX_MAX];
    size_t len = 0;
    baals_slice code = which == BENCH_FILL ? bl_slice(bench_module_fill, bench_module_fill_len)
                                           : bl_slice(bench_module_token, bench_module_token_len);
    baals_tx fields = {.kind = BAALS_TX_DEPLOY,
                       .chain_id = bench->chain_id,
                       .has_payload = 1,
                       .nonce = (uint64_t)which,
                       .gas_limit = 10000000,
                       .gas_price = 1};
    BL_TRY(baals_tx_encode_deploy_payload(payload, sizeof payload, &len, code, init, err));
    fields.payload = bl_slice(payload, len);
    BL_TRY(baals_tx_sign(bytes, sizeof bytes, &len, NULL, &fields, &bench->authority, err));
    return baals_submit(chain, NULL, bl_slice(bytes, len), err);
}

baals_status bench_submit_deploys(baals_chain *chain, struct bench *bench, baals_error *err)
{
    uint8_t args[16];
    size_t len = bench_cbor_array(args, 1);
    len += bench_cbor_uint(args + len, CHAIN_TOKENS);
    baals_slice init = bl_slice(args, len);
    BL_TRY(chain_deploy_one(chain, bench, BENCH_FILL, NULL, err));
    return chain_deploy_one(chain, bench, BENCH_TOKEN, &init, err);
}

baals_status bench_deploy(baals_chain *chain, struct bench *bench, baals_error *err)
{
    baals_cursor cursor;
    BL_TRY(baals_cursor_now(chain, &cursor, err));
    BL_TRY(bench_submit_deploys(chain, bench, err));
    return bench_receipts(chain, &cursor, BENCH_DEPLOYS, err);
}

/* ---- many accounts ---- */

/* The authority's calls of fill(first, count). */
static baals_status
chain_fill(baals_chain *chain, struct bench *bench, unsigned accounts, baals_error *err)
{
    struct bench_txs txs;
    unsigned calls = (accounts + CHAIN_FILL_COUNT - 1) / CHAIN_FILL_COUNT;
    BL_TRY(bench_txs_new(&txs, bench, calls, err));
    baals_status status = BAALS_OK;
    for (unsigned i = 0; status == BAALS_OK && i < calls; i++) {
        unsigned first = i * CHAIN_FILL_COUNT;
        unsigned count = chain_least(accounts - first, CHAIN_FILL_COUNT);
        uint8_t args[32];
        size_t len = bench_cbor_array(args, 2);
        len += bench_cbor_uint(args + len, first);
        len += bench_cbor_uint(args + len, count);
        struct bench_call call = {.contract = BENCH_FILL,
                                  .method = "fill",
                                  .args = bl_slice(args, len),
                                  .amount = count,
                                  .nonce = BENCH_DEPLOYS + i,
                                  .gas = CHAIN_FILL_GAS};
        status = bench_txs_sign_call(&txs, bench, i, &call, &bench->authority, err);
    }
    if (status == BAALS_OK)
        status = bench_commit(chain, &txs, err);
    bench_txs_free(&txs, bench);
    return status;
}

baals_status bench_many_make(struct bench *bench, struct bench_many *many, baals_error *err)
{
    baals_chain *chain = NULL;
    const struct bench_open how = {
        .name = many->name, .flags = BAALS_OPEN_PRODUCE, .changes = CHAIN_FILL_CHANGES};
    if (many->made)
        return BAALS_OK;
    cli_note(bench->cli, "making a chain of %u accounts", many->accounts);
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    baals_status status = bench_deploy(chain, bench, err);
    if (status == BAALS_OK)
        status = chain_fill(chain, bench, many->accounts, err);
    BL_TRY(bench_chain_close(chain, status, err));
    many->made = true;
    return BAALS_OK;
}
