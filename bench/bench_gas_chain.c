/* SPDX-License-Identifier: MIT */
/*
 * The chain under the measurements: LMDB with 131,072 storage keys of 32 bytes of value under one
 * contract, as many accounts, and the state tree over both; the newest part of it in layers, as in
 * a running node. Every execution happens on an overlay of its own, which is thrown away, so each
 * run meets the same state: keys that no transaction of the block has touched yet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench_gas.h"
#include "crypto/crypto.h"
#include "ledger/ledger_internal.h"

#define CHAIN_KEYS (1u << 17)
#define CHAIN_KEYS_PER_COMMIT (1u << 13)
#define CHAIN_LAYERS 2u
#define CHAIN_GAS (1ull << 50)
#define CHAIN_STATE_BYTES (256ull << 20)

struct bench_gas_chain {
    struct bl_env *env;
    struct bl_store *store;
    baals_contract_engine *engine;
    struct bl_ledger ledger;
    uint64_t height;
};

double bench_gas_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

void bench_gas_check(baals_status status, const char *what, const baals_error *err)
{
    if (status == BAALS_OK)
        return;
    fprintf(stderr, "baals-bench-gas: %s: %s\n", what, err->message);
    exit(2);
}

static baals_address chain_address(uint64_t index)
{
    baals_address address;
    memset(address.bytes, 0xa5, sizeof address.bytes);
    bl_store_u64le(address.bytes, index);
    return address;
}

/* The contract under test and those it calls: behind all accounts of the state. */
static baals_address chain_contract(uint64_t number)
{
    return chain_address((1ull << 40) + number);
}

void bench_gas_callee_address(uint8_t out[32], enum bench_gas_callee which)
{
    baals_address address = chain_contract(1u + (unsigned)which);
    memcpy(out, address.bytes, sizeof address.bytes);
}

static void chain_put_contract(struct bl_transition *t, uint64_t number, baals_slice code)
{
    baals_error err = {.status = BAALS_OK};
    baals_address address = chain_contract(number);
    struct bl_account account = {.balance = 1ull << 60, .has_code = true};
    bl_sha256(&account.code_hash, code);
    bench_gas_check(bl_code_store(t, &account.code_hash, code, &err), "code", &err);
    bench_gas_check(bl_account_store(t->overlay, &address, &account, &err), "contract", &err);
}

/* A block on the newest state. */
struct chain_block {
    struct bl_arena arena;
    struct bl_view *view;
    struct bl_transition *t;
};

static void chain_begin(struct bench_gas_chain *chain, struct chain_block *block)
{
    baals_error err = {.status = BAALS_OK};
    bl_arena_init(&block->arena, chain->env->alloc, SIZE_MAX / 2);
    bench_gas_check(bl_view_begin(&block->view, chain->store, &err), "view", &err);
    block->t = bl_arena_zero(&block->arena, 1, sizeof *block->t);
    bench_gas_check(block->t == NULL ? BAALS_NOMEM : BAALS_OK, "no memory", &err);
    bench_gas_check(bl_transition_init(block->t, &chain->ledger, block->view, &block->arena, &err),
                    "transition", &err);
}

static void chain_end(struct chain_block *block)
{
    bl_transition_deinit(block->t);
    bl_view_end(block->view);
    bl_arena_deinit(&block->arena);
}

/* What follows the last transaction of a block but for the journal: write set, roots, layer. */
static struct bl_layer *chain_commit(const struct bench_gas_chain *chain, struct chain_block *block)
{
    baals_error err = {.status = BAALS_OK};
    struct bl_write_set set;
    struct bl_committed state;
    struct bl_layer *layer = NULL;
    bench_gas_check(bl_overlay_write_set(block->t->overlay, &set, &err), "write set", &err);
    bench_gas_check(
        bl_state_commit(&state, chain->ledger.forest, block->view, &set, &block->arena, &err),
        "roots", &err);
    bench_gas_check(bl_layer_new(&layer, &chain->env->alloc, state.writes, state.count, &err),
                    "layer", &err);
    bl_layer_attach(layer, state.attachment);
    return layer;
}

static void chain_push(struct bench_gas_chain *chain, struct chain_block *block)
{
    baals_error err = {.status = BAALS_OK};
    struct bl_layer *layer = chain_commit(chain, block);
    chain_end(block);
    struct bl_tip tip = {.height = chain->height, .journal_end = chain->height + 1};
    bench_gas_check(bl_store_push(chain->store, layer, &tip, &err), "push", &err);
    bl_layer_unref(layer);
    chain->height++;
}

static void chain_put_records(struct bl_transition *t, uint64_t first, uint64_t count)
{
    baals_error err = {.status = BAALS_OK};
    baals_address contract = chain_contract(0);
    uint8_t key[32 + 8], value[32];
    memcpy(key, contract.bytes, 32);
    for (uint64_t i = first; i < first + count; i++) {
        baals_address address = chain_address(i);
        bl_store_u64le(key + 32, i);
        memset(value, (int)(i & 0xff), sizeof value);
        bench_gas_check(bl_overlay_put(t->overlay, BAALS_SPACE_STORAGE, bl_slice(key, sizeof key),
                                       bl_slice(value, sizeof value), &err),
                        "key", &err);
        bench_gas_check(bl_account_credit(t->overlay, &address, 1000, &err), "account", &err);
    }
}

static void chain_fill(struct bench_gas_chain *chain)
{
    baals_error err = {.status = BAALS_OK};
    struct chain_block block;
    struct bl_buffer code;
    bl_buffer_init(&code, chain->env->alloc, BL_CODE_BYTES_MAX);
    chain_begin(chain, &block);
    bench_gas_check(bl_state_put_sentinels(block.t->overlay, &err), "sentinels", &err);
    for (unsigned i = 0; i < BENCH_GAS_CALLEE_COUNT; i++) {
        bl_buffer_clear(&code);
        bench_gas_callee(&code, (enum bench_gas_callee)i);
        chain_put_contract(block.t, i + 1, bl_buffer_slice(&code));
    }
    bl_buffer_deinit(&code);
    chain_push(chain, &block);
    for (uint64_t i = 0; i < CHAIN_KEYS; i += CHAIN_KEYS_PER_COMMIT) {
        if (i + CHAIN_LAYERS * CHAIN_KEYS_PER_COMMIT == CHAIN_KEYS)
            bench_gas_check(bl_store_checkpoint(chain->store, &err), "checkpoint", &err);
        chain_begin(chain, &block);
        chain_put_records(block.t, i, CHAIN_KEYS_PER_COMMIT);
        chain_push(chain, &block);
    }
}

struct bench_gas_chain *bench_gas_chain_open(const char *dir)
{
    baals_error err = {.status = BAALS_OK};
    struct bl_alloc alloc = bl_alloc_system();
    struct bench_gas_chain *chain = bl_alloc_zero(&alloc, 1, sizeof *chain);
    bench_gas_check(chain == NULL ? BAALS_NOMEM : BAALS_OK, "no memory", &err);
    bench_gas_check(bl_env_system(&chain->env, alloc, &err), "env", &err);
    baals_storage *storage = NULL;
    bench_gas_check(bl_storage_open(&storage, chain->env, "lmdb", dir, &err), dir, &err);
    bench_gas_check(
        bl_store_open(&chain->store, chain->env, storage, &chain->ledger.chain_id, &err), dir,
        &err);
    chain->ledger.alloc = alloc;
    bench_gas_check(bl_forest_new(&chain->ledger.forest, &alloc, NULL, CHAIN_STATE_BYTES, &err),
                    "state trees", &err);
    chain_fill(chain);
    return chain;
}

void bench_gas_chain_close(struct bench_gas_chain *chain)
{
    bl_contract_close(chain->engine);
    bl_store_close(chain->store);
    bl_forest_free(chain->ledger.forest);
    bl_env_close(chain->env);
    struct bl_alloc alloc = chain->ledger.alloc;
    bl_alloc_free(&alloc, chain, sizeof *chain);
}

bool bench_gas_chain_use(struct bench_gas_chain *chain, const char *vm)
{
    baals_error err = {.status = BAALS_OK};
    struct bl_contract_options options = {.vm = vm, .compile_at_once = true};
    bl_contract_close(chain->engine);
    chain->engine = NULL;
    baals_status status = bl_contract_engine_new(&chain->engine, chain->env, &options, &err);
    if (status == BAALS_UNSUPPORTED)
        return false;
    bench_gas_check(status, vm, &err);
    chain->ledger.contracts = chain->engine;
    return true;
}

struct bench_gas_cost bench_gas_chain_run(struct bench_gas_chain *chain,
                                          baals_slice code,
                                          baals_slice args,
                                          uint32_t gas_schedule,
                                          bool commit)
{
    baals_error err = {.status = BAALS_OK};
    struct bench_gas_cost cost = {0};
    struct chain_block block;
    chain_begin(chain, &block);
    chain_put_contract(block.t, 0, code);
    baals_execution execution = {.contract = chain_contract(0),
                                 .method = bl_slice_str("m"),
                                 .has_args = 1,
                                 .args = args,
                                 .gas = CHAIN_GAS,
                                 .gas_schedule = gas_schedule,
                                 .wasm_limits = 2};
    baals_execution_result result = {.status = BAALS_RECEIPT_OK};
    double begin = bench_gas_now();
    bench_gas_check(bl_contract_execute(chain->engine, &result, &execution, &block.t->host, &err),
                    "execute", &err);
    cost.ns = bench_gas_now() - begin;
    cost.gas = (double)result.gas_used;
    if (result.status == BAALS_RECEIPT_BAD_CODE)
        bench_gas_check(bl_contract_check_code(chain->engine, code, gas_schedule, 2, &err), "code",
                        &err);
    if (result.status != BAALS_RECEIPT_OK) {
        fprintf(stderr, "baals-bench-gas: a case ended %s (%s)\n",
                baals_receipt_status_name(result.status), baals_status_name(result.trap));
        exit(2);
    }
    bl_contract_result_release(chain->engine, &result);
    if (commit) {
        begin = bench_gas_now();
        struct bl_layer *layer = chain_commit(chain, &block);
        cost.commit_ns = bench_gas_now() - begin;
        bl_layer_unref(layer);
    }
    chain_end(&block);
    return cost;
}
