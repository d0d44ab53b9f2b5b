/* SPDX-License-Identifier: MIT */
/*
 * Queries and simulations: contracts without a block. They run on the caller's thread, on a view of
 * their own, bounded by gas and by time, and change nothing.
 */
#include <string.h>

#include "runtime/runtime_internal.h"

/* A view and the header of its newest block, whose metadata lies in the arena. */
static baals_status query_begin(struct bl_view **view_out,
                                baals_header *tip_out,
                                struct baals_chain *chain,
                                struct bl_arena *arena,
                                baals_error *err)
{
    pthread_mutex_lock(&chain->lock);
    *tip_out = chain->tip->header;
    bool copied = bl_arena_copy(&tip_out->metadata, arena, chain->tip->header.metadata);
    baals_status status = copied ? bl_view_begin(view_out, chain->store, err)
                                 : bl_fail(err, BAALS_NOMEM, "no memory for a query");
    pthread_mutex_unlock(&chain->lock);
    return status;
}

static void query_copy_debug(baals_debug *out, const struct bl_debug *debug)
{
    *out = (baals_debug){
        .trap = debug->trap,
        .revert_code = debug->revert_code,
        .function_index = debug->function_index,
        .offset = debug->offset,
        .contract = debug->contract,
    };
    memcpy(out->message, debug->message, sizeof out->message);
}

/* Receipt, notes and logs as an owned outcome. */
static baals_status query_outcome(baals_outcome *out,
                                  struct baals_chain *chain,
                                  const baals_receipt *receipt,
                                  baals_slice receipt_bytes,
                                  const struct bl_debug *debug,
                                  baals_error *err)
{
    baals_outcome outcome;
    memset(&outcome, 0, sizeof outcome);
    outcome.status = receipt->status;
    outcome.gas_used = receipt->gas_used;
    outcome.fee = receipt->fee;
    query_copy_debug(&outcome.debug, debug);
    BL_TRY(bl_bytes_new(&outcome.receipt, &chain->env->alloc, receipt_bytes, err));
    baals_status status = bl_bytes_new(&outcome.logs, &chain->env->alloc, debug->logs, err);
    if (status != BAALS_OK) {
        baals_outcome_free(&outcome);
        return status;
    }
    *out = outcome;
    return BAALS_OK;
}

/* ---- queries ---- */

struct query_deadline {
    struct bl_env *env;
    uint64_t until_ns;
};

static int32_t query_expired(void *ctx)
{
    const struct query_deadline *deadline = ctx;
    return bl_env_monotonic_ns(deadline->env) > deadline->until_ns ? 1 : 0;
}

static baals_status query_encode(baals_outcome *out,
                                 struct baals_chain *chain,
                                 const struct bl_query_result *result,
                                 baals_error *err)
{
    baals_receipt receipt = {
        .status = result->status, .gas_used = result->gas_used, .output = result->output};
    struct bl_buffer bytes;
    bl_buffer_init(&bytes, chain->env->alloc, BL_REQUEST_ARENA_MAX);
    bl_receipt_encode(&bytes, &receipt, result->events, result->event_count);
    baals_status status = bl_buffer_status(&bytes, err);
    if (status == BAALS_OK)
        status = query_outcome(out, chain, &receipt, bl_buffer_slice(&bytes), &result->debug, err);
    bl_buffer_deinit(&bytes);
    return status;
}

static baals_status query_on_view(baals_outcome *out,
                                  struct baals_chain *chain,
                                  struct bl_view *view,
                                  const baals_header *tip,
                                  const baals_query *query,
                                  struct bl_arena *arena,
                                  baals_error *err)
{
    uint64_t time_ms = query->time_ms_max != 0 ? query->time_ms_max : BL_QUERY_MS_DEFAULT;
    uint64_t until_ns = 0;
    if (!bl_u64_mul(&until_ns, time_ms, 1000000u) ||
        !bl_u64_add(&until_ns, until_ns, bl_env_monotonic_ns(chain->env)))
        until_ns = UINT64_MAX;
    struct query_deadline deadline = {chain->env, until_ns};
    struct bl_query inner = {
        .readonly = true,
        .caller = query->caller,
        .contract = query->contract,
        .method = query->method,
        .args = query->args,
        .gas = query->gas_max != 0 ? query->gas_max : BL_QUERY_GAS_DEFAULT,
        .expired = query_expired,
        .expired_ctx = &deadline,
    };
    if (inner.gas > BL_BLOCK_GAS_LIMIT_MAX)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "a query's gas is at most 2^53");
    struct bl_query_result result;
    BL_TRY(bl_ledger_query(&result, &chain->ledger, view, tip, &inner, arena, err));
    return query_encode(out, chain, &result, err);
}

baals_status baals_query_run(baals_chain *chain,
                             baals_outcome *outcome_out,
                             const baals_query *query,
                             baals_error *err)
{
    if (chain == NULL || outcome_out == NULL || query == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_query_run needs a chain, a result and a query");
    baals_query asked;
    BL_TRY(bl_query_read(&asked, query, err));
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_REQUEST_ARENA_MAX);
    struct bl_view *view = NULL;
    baals_header tip;
    baals_status status = query_begin(&view, &tip, chain, &arena, err);
    if (status == BAALS_OK)
        status = query_on_view(outcome_out, chain, view, &tip, &asked, &arena, err);
    bl_view_end(view);
    bl_arena_deinit(&arena);
    return status;
}

/* ---- simulations ---- */

static baals_status query_simulate(baals_outcome *out,
                                   struct baals_chain *chain,
                                   struct bl_view *view,
                                   const baals_header *tip,
                                   const baals_tx *tx,
                                   const baals_tracer *tracer,
                                   struct bl_arena *arena,
                                   baals_error *err)
{
    baals_receipt receipt;
    struct bl_debug debug;
    BL_TRY(
        bl_ledger_simulate_tx(&receipt, &debug, &chain->ledger, view, tip, tx, tracer, arena, err));
    return query_outcome(out, chain, &receipt, receipt.bytes, &debug, err);
}

static baals_status query_simulation(baals_chain *chain,
                                     baals_outcome *outcome_out,
                                     const baals_tracer *tracer,
                                     baals_slice tx_bytes,
                                     baals_error *err)
{
    baals_tx tx;
    BL_TRY(baals_tx_decode(&tx, tx_bytes, err));
    struct bl_arena arena;
    bl_arena_init(&arena, chain->env->alloc, BL_REQUEST_ARENA_MAX);
    struct bl_view *view = NULL;
    baals_header tip;
    baals_status status = query_begin(&view, &tip, chain, &arena, err);
    if (status == BAALS_OK)
        status = query_simulate(outcome_out, chain, view, &tip, &tx, tracer, &arena, err);
    bl_view_end(view);
    bl_arena_deinit(&arena);
    return status;
}

baals_status baals_simulate(baals_chain *chain,
                            baals_outcome *outcome_out,
                            baals_slice tx_bytes,
                            baals_error *err)
{
    if (chain == NULL || outcome_out == NULL || tx_bytes.data == NULL)
        return bl_fail(err, BAALS_MISUSE,
                       "baals_simulate needs a chain, a result and a transaction");
    return query_simulation(chain, outcome_out, NULL, tx_bytes, err);
}

baals_status baals_simulate_traced(baals_chain *chain,
                                   baals_outcome *outcome_out,
                                   const baals_tracer *tracer,
                                   baals_slice tx_bytes,
                                   baals_error *err)
{
    if (chain == NULL || outcome_out == NULL || tx_bytes.data == NULL || tracer == NULL ||
        tracer->item == NULL)
        return bl_fail(
            err, BAALS_MISUSE,
            "baals_simulate_traced needs a chain, a result, a listener and a transaction");
    return query_simulation(chain, outcome_out, tracer, tx_bytes, err);
}

baals_status baals_code_check(baals_chain *chain, baals_slice code, baals_error *err)
{
    if (chain == NULL || (code.data == NULL && code.len > 0))
        return bl_fail(err, BAALS_MISUSE, "baals_code_check needs a chain and a module");
    pthread_mutex_lock(&chain->lock);
    baals_chain_params params = chain->tip->params;
    pthread_mutex_unlock(&chain->lock);
    return bl_contract_check_code(chain->contracts, code, params.gas_schedule, params.wasm_limits,
                                  err);
}
