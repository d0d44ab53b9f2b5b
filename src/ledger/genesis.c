/* SPDX-License-Identifier: MIT */
/*
 * Block 0: derived from the genesis, never sent (docs/spec/genesis.md). Its state holds the
 * sentinels, the chain parameters, the authorities, the initial balances, and the contracts whose
 * `init` ran here; a contract that fails refuses the whole genesis.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "ledger/ledger_internal.h"

static const baals_address genesis_nobody = {{0}};

static baals_status
genesis_put_meta(struct bl_transition *t, const baals_genesis *genesis, baals_error *err)
{
    uint64_t supply = 0;
    for (size_t i = 0; i < genesis->balance_count; i++) {
        if (!bl_u64_add(&supply, supply, genesis->balances[i].amount.units))
            return bl_fail(err, BAALS_REJECT_GENESIS, "balances: the sum exceeds 2^64-1");
    }
    BL_TRY(bl_meta_uint_store(t, BL_META_SUPPLY, supply, err));
    BL_TRY(bl_meta_uint_store(t, BL_META_BURNED, 0, err));
    BL_TRY(bl_meta_uint_store(t, BL_META_EPOCH, 0, err));
    bl_buffer_clear(&t->scratch);
    bl_params_encode(&t->scratch, &genesis->params);
    BL_TRY(bl_meta_store(t, bl_slice_str(BL_META_PARAMS), err));
    bl_buffer_clear(&t->scratch);
    bl_authorities_encode(&t->scratch, genesis->poa.authorities, genesis->poa.authority_count);
    return bl_meta_store(t, bl_slice_str(BL_META_AUTHORITIES), err);
}

static baals_status
genesis_put_balances(struct bl_transition *t, const baals_genesis *genesis, baals_error *err)
{
    for (size_t i = 0; i < genesis->balance_count; i++)
        BL_TRY(bl_account_credit(t->overlay, &genesis->balances[i].address,
                                 genesis->balances[i].amount.units, err));
    return BAALS_OK;
}

static baals_status genesis_check_versions(const baals_genesis *genesis, baals_error *err)
{
    if (!bl_contract_knows_gas_schedule(genesis->params.gas_schedule))
        return bl_fail(err, BAALS_REJECT_GENESIS, "params.gas_schedule: unknown version");
    if (!bl_contract_knows_wasm_limits(genesis->params.wasm_limits))
        return bl_fail(err, BAALS_REJECT_GENESIS, "params.wasm_limits: unknown version");
    return BAALS_OK;
}

static int genesis_name_len(const baals_genesis_contract *contract)
{
    return (int)(contract->name.len > BL_NAME_BYTES_MAX ? BL_NAME_BYTES_MAX : contract->name.len);
}

/* Checks and stores one contract's code and record. */
static baals_status genesis_put_contract(struct bl_transition *t,
                                         const baals_genesis_contract *contract,
                                         const baals_address *id,
                                         baals_slice code,
                                         baals_error *err)
{
    baals_hash hash;
    bl_sha256(&hash, code);
    if (!bl_hash_equal(&hash, &contract->code_hash))
        return bl_fail(err, BAALS_REJECT_GENESIS,
                       "contract \"%.*s\": the module is not the one the genesis names",
                       genesis_name_len(contract), (const char *)contract->name.data);
    baals_error cause = {0};
    baals_status status = bl_contract_check_code(t->ledger->contracts, code, t->params.gas_schedule,
                                                 t->params.wasm_limits, &cause);
    if (BAALS_STATUS_CLASS(status) == BAALS_CLASS_REJECT)
        return bl_fail(err, BAALS_REJECT_GENESIS_CONTRACT, "contract \"%.*s\": %.160s",
                       genesis_name_len(contract), (const char *)contract->name.data,
                       cause.message);
    if (status != BAALS_OK)
        return bl_fail(err, status, "%s", cause.message);
    struct bl_account account;
    status = bl_account_load(&account, t->overlay, id, err);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);
    account.has_code = true;
    account.code_hash = hash;
    BL_TRY(bl_code_store(t, &hash, code, err));
    return bl_account_store(t->overlay, id, &account, err);
}

static baals_status genesis_run_init(struct bl_transition *t,
                                     const baals_genesis *genesis,
                                     const baals_genesis_contract *contract,
                                     const baals_address *id,
                                     baals_error *err)
{
    baals_execution execution = {
        .entry = BAALS_ENTRY_INIT,
        .contract = *id,
        .caller = genesis_nobody,
        .origin = genesis_nobody,
        .has_args = contract->has_init,
        .args = contract->init,
        .gas = genesis->params.block_gas_limit,
        .chain_id = t->ledger->chain_id,
        .block_index = 0,
        .block_time_ms = genesis->start_ms,
        .gas_schedule = genesis->params.gas_schedule,
        .wasm_limits = genesis->params.wasm_limits,
    };
    baals_execution_result result;
    memset(&result, 0, sizeof result);
    t->event_count = 0;
    BL_TRY(bl_contract_execute(t->ledger->contracts, &result, &execution, &t->host, err));
    baals_receipt_status status = result.status;
    bl_contract_result_release(t->ledger->contracts, &result);
    if (status != BAALS_RECEIPT_OK)
        return bl_fail(err, BAALS_REJECT_GENESIS_CONTRACT, "contract \"%.*s\": init ended %s",
                       genesis_name_len(contract), (const char *)contract->name.data,
                       baals_receipt_status_name(status));
    return BAALS_OK;
}

static baals_status genesis_put_all(struct bl_transition *t,
                                    const baals_genesis *genesis,
                                    const baals_slice *modules,
                                    baals_error *err)
{
    BL_TRY(bl_state_put_sentinels(t->overlay, err));
    BL_TRY(genesis_put_meta(t, genesis, err));
    BL_TRY(genesis_put_balances(t, genesis, err));
    for (size_t i = 0; i < genesis->contract_count; i++) {
        const baals_genesis_contract *contract = &genesis->contracts[i];
        baals_address id;
        BL_TRY(baals_contract_id_from_name(&id, contract->name, err));
        BL_TRY(genesis_put_contract(t, contract, &id, modules[i], err));
        BL_TRY(genesis_run_init(t, genesis, contract, &id, err));
    }
    return BAALS_OK;
}

baals_status bl_ledger_apply_genesis(struct bl_applied *out,
                                     const struct bl_ledger *ledger,
                                     struct bl_view *view,
                                     const baals_genesis *genesis,
                                     const baals_slice *modules,
                                     struct bl_arena *arena,
                                     baals_error *err)
{
    BL_TRY(genesis_check_versions(genesis, err));
    struct bl_transition *t = bl_arena_zero(arena, 1, sizeof *t);
    if (t == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the genesis");
    struct bl_applied applied = {0};
    baals_status status = bl_transition_init(t, ledger, view, arena, err);
    t->params = genesis->params;
    t->time_ms = genesis->start_ms;
    if (status == BAALS_OK)
        status = genesis_put_all(t, genesis, modules, err);
    /* Initial balances are what is minted at block 0. */
    for (size_t i = 0; i < genesis->balance_count; i++)
        t->minted += genesis->balances[i].amount.units;
    if (status == BAALS_OK)
        status = bl_block_finish(&applied, t, view, &genesis_nobody, err);
    bl_transition_deinit(t);
    BL_TRY(status);
    applied.header.chain_id = ledger->chain_id;
    applied.header.timestamp_ms = genesis->start_ms;
    bl_merkle_root(&applied.header.tx_root, NULL, 0);
    applied.header.receipts_root = applied.header.tx_root;
    applied.header.state_root = applied.state.roots.root;
    *out = applied;
    return BAALS_OK;
}
