/* SPDX-License-Identifier: MIT */
/*
 * Methods about transactions: submit, wait, look up, simulate. Transactions arrive signed: no key
 * is ever sent over the socket.
 */
#include <string.h>

#include "rpc/rpc_internal.h"
#include "rpc/trace_json.h"

/* One step of a wait: how long a stopping server may be held up. */
#define METHODS_WAIT_STEP_MS 100u

baals_status bl_rpc_wait(const struct bl_rpc *rpc,
                         baals_tx_place *place_out,
                         const baals_hash *id,
                         uint64_t timeout_ms,
                         baals_error *err)
{
    for (;;) {
        uint32_t step =
            timeout_ms > METHODS_WAIT_STEP_MS ? METHODS_WAIT_STEP_MS : (uint32_t)timeout_ms;
        baals_status status = baals_wait(rpc->chain, place_out, id, step, err);
        timeout_ms -= step;
        bool stopping = rpc->stopping != NULL && atomic_load(rpc->stopping);
        if (status != BAALS_BUSY_TIMEOUT || timeout_ms == 0 || stopping)
            return status;
    }
}

/* Decoded receipt and notes of a committed transaction; the receipt borrows from *bytes. */
static baals_status methods_receipt(struct bl_rpc_call *call,
                                    baals_bytes *bytes,
                                    baals_receipt *receipt,
                                    baals_tx_place *place,
                                    baals_debug *debug,
                                    const baals_hash *id,
                                    baals_error *err)
{
    memset(debug, 0, sizeof *debug);
    BL_TRY(baals_receipt_get(call->rpc->chain, bytes, place, debug, id, err));
    return baals_receipt_decode(receipt, bl_slice(bytes->data, bytes->len), err);
}

static baals_status
methods_put_committed(struct bl_rpc_call *call, const baals_hash *id, baals_error *err)
{
    baals_bytes bytes = {0};
    baals_receipt receipt;
    baals_tx_place place;
    baals_debug debug;
    baals_status status = methods_receipt(call, &bytes, &receipt, &place, &debug, id, err);
    if (status == BAALS_OK) {
        struct bl_json_writer *w = call->result;
        bl_jw_put_hash(w, "tx_id", id);
        bl_jw_put_u64(w, "block", place.height);
        bl_jw_put_hash(w, "block_hash", &place.block_hash);
        bl_jw_put_u64(w, "position", place.position);
        bl_rpc_put_receipt(w, &receipt, &debug);
    }
    baals_bytes_free(&bytes);
    return status;
}

/* What became of a transaction that is known to be accepted. */
static baals_status
methods_put_fate(struct bl_rpc_call *call, const baals_hash *id, uint64_t wait_ms, baals_error *err)
{
    struct bl_json_writer *w = call->result;
    baals_tx_place place;
    baals_status status = bl_rpc_wait(call->rpc, &place, id, wait_ms, err);
    if (status != BAALS_OK && status != BAALS_BUSY_TIMEOUT)
        return status;
    bl_jw_begin_object(w);
    if (status == BAALS_OK) {
        BL_TRY(methods_put_committed(call, id, err));
    } else {
        bl_jw_put_hash(w, "tx_id", id);
        bl_jw_key(w, "block");
        bl_jw_null(w);
        bl_jw_put_text(w, "status", "PENDING");
        bl_jw_key(w, "gas_used");
        bl_jw_null(w);
    }
    bl_jw_end_object(w);
    return BAALS_OK;
}

static baals_status methods_tx_submit(struct bl_rpc_call *call, baals_error *err)
{
    baals_slice tx;
    uint64_t wait_ms;
    baals_hash id;
    BL_TRY(bl_rpc_param_bytes(call, &tx, "tx", err));
    BL_TRY(bl_rpc_param_u64(call, &wait_ms, "wait_ms", 0, BL_RPC_WAIT_MS_MAX, err));
    BL_TRY(baals_submit(call->rpc->chain, &id, tx, err));
    return methods_put_fate(call, &id, wait_ms, err);
}

static baals_status methods_tx_wait(struct bl_rpc_call *call, baals_error *err)
{
    baals_hash id;
    uint64_t wait_ms;
    BL_TRY(bl_rpc_param_hash(call, &id, "id", err));
    BL_TRY(bl_rpc_param_u64(call, &wait_ms, "wait_ms", 0, BL_RPC_WAIT_MS_MAX, err));
    return methods_put_fate(call, &id, wait_ms, err);
}

static baals_status methods_tx_get(struct bl_rpc_call *call, baals_error *err)
{
    baals_hash id;
    baals_bytes bytes = {0};
    int32_t committed = 0;
    baals_tx_place place = {0};
    baals_tx tx;
    struct bl_json_writer *w = call->result;
    BL_TRY(bl_rpc_param_hash(call, &id, "id", err));
    BL_TRY(baals_tx_get(call->rpc->chain, &bytes, &committed, &place, &id, err));
    baals_status status = baals_tx_decode(&tx, bl_slice(bytes.data, bytes.len), err);
    if (status == BAALS_OK) {
        baals_account account = {.is_contract = 0};
        if (tx.has_recipient && tx.kind != BAALS_TX_CALL)
            status = baals_account_get(call->rpc->chain, &account, &tx.recipient, err);
        if (status == BAALS_NOTFOUND)
            status = BAALS_OK;
        bl_jw_begin_object(w);
        bl_rpc_put_tx(w, &tx, tx.kind == BAALS_TX_CALL || account.is_contract != 0);
        bl_jw_put_bool(w, "committed", committed != 0);
        if (committed) {
            bl_jw_put_u64(w, "block", place.height);
            bl_jw_put_hash(w, "block_hash", &place.block_hash);
            bl_jw_put_u64(w, "position", place.position);
        }
        bl_jw_put_hex(w, "bytes", tx.bytes);
        bl_jw_end_object(w);
    }
    baals_bytes_free(&bytes);
    return status;
}

static baals_status methods_receipt_get(struct bl_rpc_call *call, baals_error *err)
{
    baals_hash id;
    BL_TRY(bl_rpc_param_hash(call, &id, "id", err));
    bl_jw_begin_object(call->result);
    BL_TRY(methods_put_committed(call, &id, err));
    bl_jw_end_object(call->result);
    return BAALS_OK;
}

static baals_status methods_nonce_next(struct bl_rpc_call *call, baals_error *err)
{
    baals_address address;
    uint64_t nonce;
    BL_TRY(bl_rpc_param_address(call, &address, "address", err));
    BL_TRY(baals_nonce_next(call->rpc->chain, &nonce, &address, err));
    bl_jw_begin_object(call->result);
    bl_jw_put_u64(call->result, "nonce", nonce);
    bl_jw_end_object(call->result);
    return BAALS_OK;
}

struct methods_pending {
    struct bl_json_writer *w;
    uint64_t left;
};

static int32_t
methods_pending_one(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice tx)
{
    struct methods_pending *pending = ctx;
    struct bl_json_writer *w = pending->w;
    if (pending->left == 0)
        return 1;
    pending->left--;
    bl_jw_begin_object(w);
    bl_jw_put_hash(w, "tx_id", id);
    bl_jw_put_u64(w, "arrived_ms", arrived_ms);
    bl_jw_put_u64(w, "size", tx.len);
    bl_jw_end_object(w);
    return 0;
}

static baals_status methods_pending_list(struct bl_rpc_call *call, baals_error *err)
{
    struct methods_pending pending = {.w = call->result};
    BL_TRY(bl_rpc_param_u64(call, &pending.left, "limit", 100, 100000, err));
    bl_jw_begin_array(call->result);
    BL_TRY(baals_pending_each(call->rpc->chain, methods_pending_one, &pending, err));
    bl_jw_end_array(call->result);
    return BAALS_OK;
}

static baals_status methods_pending_clear(struct bl_rpc_call *call, baals_error *err)
{
    BL_TRY(baals_pending_clear(call->rpc->chain, err));
    bl_jw_begin_object(call->result);
    bl_jw_end_object(call->result);
    return BAALS_OK;
}

/* Runs the transaction; with `trace` what contracts did is written into it. */
static baals_status methods_simulate(struct bl_rpc_call *call,
                                     baals_outcome *outcome,
                                     struct bl_buffer *trace,
                                     baals_slice tx,
                                     baals_error *err)
{
    struct bl_json_writer w;
    struct bl_trace_json json;
    if (trace == NULL)
        return baals_simulate(call->rpc->chain, outcome, tx, err);
    const baals_tracer tracer = {bl_trace_json_item, &json};
    bl_jw_init(&w, trace);
    bl_trace_json_begin(&json, &w);
    BL_TRY(baals_simulate_traced(call->rpc->chain, outcome, &tracer, tx, err));
    bl_trace_json_end(&json);
    return bl_buffer_status(trace, err);
}

static baals_status methods_tx_simulate(struct bl_rpc_call *call, baals_error *err)
{
    baals_slice tx;
    bool traced;
    baals_receipt receipt;
    baals_outcome outcome = {0};
    struct bl_buffer trace;
    struct bl_json_writer *w = call->result;
    BL_TRY(bl_rpc_param_bytes(call, &tx, "tx", err));
    BL_TRY(bl_rpc_param_bool(call, &traced, "trace", err));
    bl_buffer_init(&trace, call->rpc->alloc, BL_RPC_RESPONSE_MAX);
    baals_status status = methods_simulate(call, &outcome, traced ? &trace : NULL, tx, err);
    if (status == BAALS_OK)
        status = baals_receipt_decode(&receipt, bl_slice(outcome.receipt.data, outcome.receipt.len),
                                      err);
    if (status == BAALS_OK) {
        bl_jw_begin_object(w);
        bl_rpc_put_receipt(w, &receipt, &outcome.debug);
        bl_jw_key(w, "logs");
        bl_jw_slice(w, bl_slice(outcome.logs.data, outcome.logs.len));
        if (traced) {
            bl_jw_key(w, "trace");
            bl_jw_raw(w, bl_buffer_slice(&trace));
        }
        bl_jw_end_object(w);
    }
    bl_buffer_deinit(&trace);
    baals_outcome_free(&outcome);
    return status;
}

const struct bl_rpc_method bl_rpc_methods_tx[] = {
    {{"nonce_next", "address!", "the nonce of an address' next transaction"}, methods_nonce_next},
    {{"pending_clear", "", "empties the mempool"}, methods_pending_clear},
    {{"pending_list", "limit", "the pending transactions, first the next"}, methods_pending_list},
    {{"receipt_get", "id!", "the receipt of a committed transaction"}, methods_receipt_get},
    {{"tx_get", "id!", "a transaction, committed or pending"}, methods_tx_get},
    {{"tx_simulate", "tx! trace", "runs a transaction and throws the changes away"},
     methods_tx_simulate},
    {{"tx_submit", "tx! wait_ms", "puts a signed transaction into the mempool"}, methods_tx_submit},
    {{"tx_wait", "id! wait_ms", "what became of a transaction"}, methods_tx_wait},
};
const size_t bl_rpc_methods_tx_count = BL_COUNT_OF(bl_rpc_methods_tx);
