/* SPDX-License-Identifier: MIT */
/*
 * Looking without touching: queries and simulations run on an overlay of the newest committed
 * state, as if in the next block at the same time, and the overlay is thrown away.
 */
#include <string.h>

#include "ledger/ledger_internal.h"

static baals_status
query_take_events(struct bl_query_result *out, const struct bl_transition *t, baals_error *err)
{
    baals_event *events = bl_arena_zero(t->arena, t->event_count + 1, sizeof *events);
    if (events == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for events");
    memcpy(events, t->events, t->event_count * sizeof *events);
    out->events = events;
    out->event_count = t->event_count;
    return BAALS_OK;
}

/* A query runs as if in the next block: what `random` begins with is the hash of the tip. */
static baals_status
query_set_prev_hash(struct bl_transition *t, const baals_header *tip, baals_error *err)
{
    bl_buffer_clear(&t->scratch);
    bl_header_encode(&t->scratch, tip);
    BL_TRY(bl_buffer_status(&t->scratch, err));
    bl_header_hash(&t->prev_hash, bl_buffer_slice(&t->scratch));
    return BAALS_OK;
}

static baals_status query_execute(struct bl_query_result *out,
                                  struct bl_transition *t,
                                  const struct bl_query *query,
                                  baals_error *err)
{
    baals_execution execution = {
        .entry = BAALS_ENTRY_METHOD,
        .readonly = query->readonly ? 1 : 0,
        .contract = query->contract,
        .caller = query->caller,
        .origin = query->caller,
        .value = query->value,
        .method = query->method,
        .has_args = 1,
        .args = query->args,
        .gas = query->gas,
        .chain_id = t->ledger->chain_id,
        .block_index = t->index,
        .block_time_ms = t->time_ms,
        .gas_schedule = t->params.gas_schedule,
        .wasm_limits = t->params.wasm_limits,
        .expired = query->expired,
        .expired_ctx = query->expired_ctx,
        .prev_hash = t->prev_hash,
    };
    baals_execution_result result;
    memset(&result, 0, sizeof result);
    BL_TRY(bl_contract_execute(t->ledger->contracts, &result, &execution, &t->host, err));
    bl_transition_note_result(t, &result);
    out->status = result.status;
    out->gas_used = result.gas_used;
    bool copied = bl_arena_copy(&out->output, t->arena, result.output);
    bl_contract_result_release(t->ledger->contracts, &result);
    if (!copied || !bl_arena_copy(&t->debug.logs, t->arena, bl_buffer_slice(&t->logs)))
        return bl_fail(err, BAALS_NOMEM, "no memory for a query's result");
    out->debug = t->debug;
    return query_take_events(out, t, err);
}

/* Moves the value and runs; without code there is nothing to run. */
static baals_status query_run(struct bl_query_result *out,
                              struct bl_transition *t,
                              const struct bl_query *query,
                              baals_error *err)
{
    t->debug.function_index = UINT32_MAX;
    t->debug.offset = UINT32_MAX;
    struct bl_account account;
    baals_status status = bl_account_load(&account, t->overlay, &query->contract, err);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);
    if (!account.has_code) {
        out->status = BAALS_RECEIPT_NO_CONTRACT;
        bl_transition_note(t, BAALS_TRAP_NO_CONTRACT, "there is no contract at this address");
        out->debug = t->debug;
        return BAALS_OK;
    }
    bool moved = false;
    BL_TRY(bl_account_move(t->overlay, &moved, &query->caller, &query->contract, query->value.units,
                           err));
    if (!moved)
        return bl_fail(err, BAALS_REJECT_BALANCE, "the caller's balance does not cover the value");
    return query_execute(out, t, query, err);
}

baals_status bl_ledger_query(struct bl_query_result *out,
                             const struct bl_ledger *ledger,
                             struct bl_view *view,
                             const baals_header *tip,
                             const struct bl_query *query,
                             struct bl_arena *arena,
                             baals_error *err)
{
    BL_ASSERT(!query->readonly || query->value.units == 0);
    struct bl_transition *t = NULL;
    BL_TRY(bl_block_begin(&t, ledger, view, tip->index + 1, tip->timestamp_ms, arena, err));
    struct bl_query_result result = {0};
    baals_status status = query_set_prev_hash(t, tip, err);
    if (status == BAALS_OK)
        status = query_run(&result, t, query, err);
    bl_transition_deinit(t);
    if (status == BAALS_OK)
        *out = result;
    return status;
}

baals_status bl_ledger_simulate_tx(baals_receipt *receipt_out,
                                   struct bl_debug *debug_out,
                                   const struct bl_ledger *ledger,
                                   struct bl_view *view,
                                   const baals_header *tip,
                                   const baals_tx *tx,
                                   const baals_tracer *tracer,
                                   struct bl_arena *arena,
                                   baals_error *err)
{
    struct bl_transition *t = NULL;
    BL_TRY(bl_block_begin(&t, ledger, view, tip->index + 1, tip->timestamp_ms, arena, err));
    t->tracer = tracer;
    baals_receipt receipt = {0};
    const struct bl_debug *notes = NULL;
    baals_slice bytes = {NULL, 0};
    baals_status status = query_set_prev_hash(t, tip, err);
    if (status == BAALS_OK)
        status = bl_transition_apply_tx(t, &receipt, tx, err);
    if (status == BAALS_OK)
        status = bl_block_receipt(&bytes, t, &receipt, err);
    if (status == BAALS_OK)
        status = bl_block_notes(&notes, t, err);
    if (status == BAALS_OK)
        status = baals_receipt_decode(&receipt, bytes, err);
    struct bl_debug debug = notes != NULL ? *notes : t->debug;
    bl_transition_deinit(t);
    BL_TRY(status);
    *receipt_out = receipt;
    *debug_out = debug;
    return BAALS_OK;
}
