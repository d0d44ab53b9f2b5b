/* SPDX-License-Identifier: MIT */
/*
 * Methods about the state at the latest committed block: accounts, contracts, storage, history,
 * proofs, and read-only calls.
 */
#include <string.h>

#include "rpc/rpc_internal.h"

#define METHODS_HISTORY_MAX 1000u

static void methods_put_address(struct bl_json_writer *w,
                                const char *name,
                                bool is_contract,
                                const baals_address *address)
{
    bl_jw_key(w, name);
    bl_jw_address(w, is_contract ? BAALS_ADDRESS_CONTRACT : BAALS_ADDRESS_ACCOUNT, address);
}

/* An address without a record is an empty account: "exists" says so. */
static baals_status methods_account_get(struct bl_rpc_call *call, baals_error *err)
{
    baals_address address;
    baals_account account = {0};
    struct bl_json_writer *w = call->result;
    BL_TRY(bl_rpc_param_address(call, &address, "address", err));
    baals_status status = baals_account_get(call->rpc->chain, &account, &address, err);
    if (status != BAALS_OK && status != BAALS_NOTFOUND)
        return status;
    bl_jw_begin_object(w);
    methods_put_address(w, "address", account.is_contract != 0, &address);
    bl_jw_put_bool(w, "exists", status == BAALS_OK);
    bl_jw_put_amount(w, "balance", account.balance.units);
    bl_jw_put_u64(w, "nonce", account.nonce);
    if (account.is_contract)
        bl_jw_put_hash(w, "code_hash", &account.code_hash);
    bl_jw_end_object(w);
    return BAALS_OK;
}

static baals_status
methods_put_creator(struct bl_rpc_call *call, const baals_account *account, baals_error *err)
{
    baals_account creator = {0};
    if (!account->has_creator)
        return BAALS_OK;
    baals_status status = baals_account_get(call->rpc->chain, &creator, &account->creator, err);
    if (status != BAALS_OK && status != BAALS_NOTFOUND)
        return status;
    methods_put_address(call->result, "creator", creator.is_contract != 0, &account->creator);
    return BAALS_OK;
}

static baals_status methods_contract_get(struct bl_rpc_call *call, baals_error *err)
{
    baals_address address;
    baals_account account = {0};
    baals_bytes code = {0};
    struct bl_json_writer *w = call->result;
    char text[BAALS_ADDRESS_TEXT_SIZE];
    BL_TRY(bl_rpc_param_address(call, &address, "contract", err));
    baals_status status = baals_account_get(call->rpc->chain, &account, &address, err);
    if (status != BAALS_OK && status != BAALS_NOTFOUND)
        return status;
    if (!account.is_contract) {
        baals_address_format(text, BAALS_ADDRESS_CONTRACT, &address);
        return bl_fail(err, BAALS_NOTFOUND, "there is no contract at %s", text);
    }
    BL_TRY(baals_code_get(call->rpc->chain, &code, &account.code_hash, err));
    bl_jw_begin_object(w);
    methods_put_address(w, "contract", true, &address);
    bl_jw_put_amount(w, "balance", account.balance.units);
    bl_jw_put_u64(w, "nonce", account.nonce);
    bl_jw_put_hash(w, "code_hash", &account.code_hash);
    bl_jw_put_u64(w, "code_size", code.len);
    status = methods_put_creator(call, &account, err);
    bl_jw_end_object(w);
    baals_bytes_free(&code);
    return status;
}

static baals_status methods_code_get(struct bl_rpc_call *call, baals_error *err)
{
    baals_hash hash;
    baals_bytes code = {0};
    BL_TRY(bl_rpc_param_hash(call, &hash, "code_hash", err));
    BL_TRY(baals_code_get(call->rpc->chain, &code, &hash, err));
    bl_jw_begin_object(call->result);
    bl_jw_put_hex(call->result, "code", bl_slice(code.data, code.len));
    bl_jw_end_object(call->result);
    baals_bytes_free(&code);
    return BAALS_OK;
}

static baals_status methods_code_check(struct bl_rpc_call *call, baals_error *err)
{
    baals_slice code;
    BL_TRY(bl_rpc_param_bytes(call, &code, "code", err));
    BL_TRY(baals_code_check(call->rpc->chain, code, err));
    bl_jw_begin_object(call->result);
    bl_jw_put_u64(call->result, "code_size", code.len);
    bl_jw_end_object(call->result);
    return BAALS_OK;
}

static baals_status methods_storage_get(struct bl_rpc_call *call, baals_error *err)
{
    baals_address contract;
    baals_slice key;
    baals_bytes value = {0};
    BL_TRY(bl_rpc_param_address(call, &contract, "contract", err));
    BL_TRY(bl_rpc_param_bytes(call, &key, "key", err));
    BL_TRY(baals_storage_get(call->rpc->chain, &value, &contract, key, err));
    bl_jw_begin_object(call->result);
    bl_jw_put_hex(call->result, "value", bl_slice(value.data, value.len));
    bl_jw_end_object(call->result);
    baals_bytes_free(&value);
    return BAALS_OK;
}

static int32_t methods_history_one(void *ctx, const baals_hash *id, const baals_tx_place *place)
{
    struct bl_json_writer *w = ctx;
    bl_jw_begin_object(w);
    bl_jw_put_hash(w, "tx_id", id);
    bl_jw_put_u64(w, "block", place->height);
    bl_jw_put_u64(w, "position", place->position);
    bl_jw_end_object(w);
    return 0;
}

static baals_status methods_history(struct bl_rpc_call *call, baals_error *err)
{
    baals_address address;
    uint64_t cursor, limit;
    struct bl_json_writer *w = call->result;
    BL_TRY(bl_rpc_param_address(call, &address, "address", err));
    BL_TRY(bl_rpc_param_u64(call, &cursor, "cursor", UINT64_MAX, UINT64_MAX, err));
    BL_TRY(bl_rpc_param_u64(call, &limit, "limit", 100, METHODS_HISTORY_MAX, err));
    bl_jw_begin_object(w);
    bl_jw_key(w, "txs");
    bl_jw_begin_array(w);
    BL_TRY(baals_history_each(call->rpc->chain, &cursor, &address, (uint32_t)limit,
                              methods_history_one, w, err));
    bl_jw_end_array(w);
    /* null at the end, else where the next call goes on. */
    bl_jw_key(w, "cursor");
    if (cursor == 0)
        bl_jw_null(w);
    else
        bl_jw_amount(w, cursor);
    bl_jw_end_object(w);
    return BAALS_OK;
}

static baals_status methods_contract_query(struct bl_rpc_call *call, baals_error *err)
{
    baals_query query = BAALS_QUERY_INIT;
    baals_outcome outcome = {0};
    baals_receipt receipt;
    const char *method;
    struct bl_json_writer *w = call->result;
    BL_TRY(bl_rpc_param_address(call, &query.contract, "contract", err));
    BL_TRY(bl_rpc_param_text(call, &method, "method", err));
    BL_TRY(bl_rpc_param_bytes(call, &query.args, "args", err));
    if (bl_rpc_has(call, "caller"))
        BL_TRY(bl_rpc_param_address(call, &query.caller, "caller", err));
    BL_TRY(bl_rpc_param_u64(call, &query.gas_max, "gas_max", 0, BL_BLOCK_GAS_LIMIT_MAX, err));
    query.method = bl_slice_str(method);
    BL_TRY(baals_query_run(call->rpc->chain, &outcome, &query, err));
    baals_status status =
        baals_receipt_decode(&receipt, bl_slice(outcome.receipt.data, outcome.receipt.len), err);
    if (status == BAALS_OK) {
        bl_jw_begin_object(w);
        bl_jw_put_text(w, "status", baals_receipt_status_name(receipt.status));
        bl_jw_put_amount(w, "gas_used", outcome.gas_used);
        bl_rpc_put_output(w, receipt.output);
        bl_jw_key(w, "logs");
        bl_jw_slice(w, bl_slice(outcome.logs.data, outcome.logs.len));
        if (receipt.status != BAALS_RECEIPT_OK)
            bl_rpc_put_failure(w, &receipt, &outcome.debug);
        bl_jw_end_object(w);
    }
    baals_outcome_free(&outcome);
    return status;
}

/* The key of a proof: an address for "accounts", contract and key for "storage", else hex. */
static baals_status
methods_prove_key(struct bl_rpc_call *call, baals_slice *key, const char *store, baals_error *err)
{
    baals_address address;
    bool has_address = bl_rpc_has(call, "address");
    BL_TRY(bl_rpc_param_bytes(call, key, "key", err));
    if (!has_address)
        return BAALS_OK;
    BL_TRY(bl_rpc_param_address(call, &address, "address", err));
    if (strcmp(store, "accounts") != 0 && strcmp(store, "storage") != 0)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "parameter \"address\" is for the stores accounts and storage");
    uint8_t *bytes = bl_arena_alloc(call->arena, sizeof address.bytes + key->len);
    if (bytes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a proof");
    memcpy(bytes, address.bytes, sizeof address.bytes);
    if (key->len > 0)
        memcpy(bytes + sizeof address.bytes, key->data, key->len);
    *key = bl_slice(bytes, sizeof address.bytes + key->len);
    return BAALS_OK;
}

static baals_status methods_prove(struct bl_rpc_call *call, baals_error *err)
{
    const char *store;
    baals_slice key;
    baals_proof proof = {0};
    struct bl_json_writer *w = call->result;
    BL_TRY(bl_rpc_param_text(call, &store, "store", err));
    BL_TRY(methods_prove_key(call, &key, store, err));
    BL_TRY(baals_prove(call->rpc->chain, &proof, store, key, err));
    bl_jw_begin_object(w);
    bl_jw_put_text(w, "store", store);
    bl_jw_put_hex(w, "key", key);
    bl_jw_put_bool(w, "exists", proof.exists != 0);
    if (proof.exists)
        bl_jw_put_hex(w, "value", bl_slice(proof.value.data, proof.value.len));
    bl_jw_put_hex(w, "header", bl_slice(proof.header.data, proof.header.len));
    bl_jw_put_hex(w, "proof", bl_slice(proof.proof.data, proof.proof.len));
    bl_jw_end_object(w);
    baals_proof_free(&proof);
    return BAALS_OK;
}

const struct bl_rpc_method bl_rpc_methods_state[] = {
    {{"account_get", "address!", "an account's balance and nonce"}, methods_account_get},
    {{"code_check", "code!", "whether a module may be deployed"}, methods_code_check},
    {{"code_get", "code_hash!", "a contract's module"}, methods_code_get},
    {{"contract_get", "contract!", "a contract: code, creator, balance"}, methods_contract_get},
    {{"contract_query", "contract! method! args caller gas_max", "a read-only call"},
     methods_contract_query},
    {{"history", "address! limit cursor", "an address' transactions, newest first"},
     methods_history},
    {{"prove", "store! address key", "proves that a record is there, or is not"}, methods_prove},
    {{"storage_get", "contract! key!", "a contract's stored value"}, methods_storage_get},
};
const size_t bl_rpc_methods_state_count = BL_COUNT_OF(bl_rpc_methods_state);
