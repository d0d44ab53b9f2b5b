/* SPDX-License-Identifier: MIT */
/*
 * The genesis (docs/spec/genesis.md): everything a chain begins with, in one canonical encoding
 * whose hash is the chain id. Decoding finds faults of the encoding, with their offsets; the rules
 * on values are judged by bl_genesis_check alone, which also serves values that come from JSON, so
 * its messages name the field as the JSON file does.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "types/types.h"
#include "types/types_internal.h"

enum {
    GENESIS_VERSION = 1,
    GENESIS_FIELDS = 9,
    GENESIS_POA_FIELDS = 7,
    GENESIS_BALANCE_FIELDS = 2,
    GENESIS_CONTRACT_FIELDS = 3,
    GENESIS_PARAM_FIELDS = 5
};

/* Numbers that JSON readers must carry exactly. */
#define GENESIS_TIME_MAX ((1ull << 53) - 1)
#define GENESIS_SLOT_MS_MAX 3600000ull
#define GENESIS_INTERVAL_MS_MAX 86400000ull

void baals_genesis_defaults(baals_genesis *genesis_out)
{
    memset(genesis_out, 0, sizeof(*genesis_out));
    genesis_out->chain_name = bl_slice_str("local");
    genesis_out->engine = bl_slice_str("poa");
    genesis_out->poa.slot_ms = 1000;
    genesis_out->poa.instant = 1;
    genesis_out->params.block_gas_limit = BL_BLOCK_GAS_LIMIT_DEFAULT;
    genesis_out->params.gas_schedule = 2;
    genesis_out->params.wasm_limits = 2;
}

/* ---- encoding ---- */

static void genesis_write_poa(struct bl_buffer *buffer, const baals_poa_params *poa)
{
    bl_cbor_write_array(buffer, GENESIS_POA_FIELDS);
    bl_cbor_write_array(buffer, poa->authority_count);
    for (size_t i = 0; i < poa->authority_count; i++)
        bl_cbor_write_address(buffer, &poa->authorities[i]);
    bl_cbor_write_uint(buffer, poa->slot_ms);
    bl_cbor_write_uint(buffer, poa->interval_ms);
    bl_cbor_write_uint(buffer, poa->pending_count);
    bl_cbor_write_uint(buffer, poa->pending_bytes);
    bl_cbor_write_bool(buffer, poa->instant != 0);
    bl_cbor_write_bool(buffer, poa->empty_blocks != 0);
}

static void genesis_write_lists(struct bl_buffer *buffer, const baals_genesis *genesis)
{
    bl_cbor_write_array(buffer, genesis->balance_count);
    for (size_t i = 0; i < genesis->balance_count; i++) {
        bl_cbor_write_array(buffer, GENESIS_BALANCE_FIELDS);
        bl_cbor_write_address(buffer, &genesis->balances[i].address);
        bl_cbor_write_uint(buffer, genesis->balances[i].amount.units);
    }
    bl_cbor_write_array(buffer, genesis->contract_count);
    for (size_t i = 0; i < genesis->contract_count; i++) {
        const baals_genesis_contract *contract = &genesis->contracts[i];
        bl_cbor_write_array(buffer, GENESIS_CONTRACT_FIELDS);
        bl_cbor_write_text(buffer, contract->name);
        bl_cbor_write_hash(buffer, &contract->code_hash);
        bl_cbor_write_bytes_or_null(buffer, contract->has_init != 0, contract->init);
    }
}

static void genesis_write_params(struct bl_buffer *buffer, const baals_chain_params *params)
{
    bl_cbor_write_array(buffer, GENESIS_PARAM_FIELDS);
    bl_cbor_write_uint(buffer, params->block_gas_limit);
    bl_cbor_write_uint(buffer, params->gas_price_min);
    bl_cbor_write_bool(buffer, params->burn_fees != 0);
    bl_cbor_write_uint(buffer, params->gas_schedule);
    bl_cbor_write_uint(buffer, params->wasm_limits);
}

void bl_genesis_encode(struct bl_buffer *buffer, const baals_genesis *genesis)
{
    bl_cbor_write_array(buffer, GENESIS_FIELDS);
    bl_cbor_write_uint(buffer, GENESIS_VERSION);
    bl_cbor_write_text(buffer, genesis->chain_name);
    bl_cbor_write_uint(buffer, genesis->start_ms);
    bl_cbor_write_text(buffer, genesis->engine);
    genesis_write_poa(buffer, &genesis->poa);
    bl_cbor_write_bool(buffer, genesis->dev != 0);
    genesis_write_lists(buffer, genesis);
    genesis_write_params(buffer, &genesis->params);
}

/* ---- rules ---- */

static baals_status
genesis_check_range(const char *field, uint64_t value, uint64_t min, uint64_t max, baals_error *err)
{
    if (value < min || value > max)
        return bl_fail_at(err, BAALS_REJECT_GENESIS, 0, "%s: %llu is out of bounds (%llu to %llu)",
                          field, (unsigned long long)value, (unsigned long long)min,
                          (unsigned long long)max);
    return BAALS_OK;
}

static baals_status genesis_check_authorities(const baals_poa_params *poa, baals_error *err)
{
    BL_TRY(genesis_check_range("poa.authorities (count)", poa->authority_count, 1,
                               BL_AUTHORITIES_MAX, err));
    for (size_t i = 0; i < poa->authority_count; i++) {
        if (!bl_address_is_sender(&poa->authorities[i]))
            return bl_fail_at(err, BAALS_REJECT_GENESIS, 0,
                              "poa.authorities[%zu]: not a usable key", i);
        for (size_t j = 0; j < i; j++) {
            if (bl_address_equal(&poa->authorities[i], &poa->authorities[j]))
                return bl_fail_at(err, BAALS_REJECT_GENESIS, 0,
                                  "poa.authorities[%zu]: the same key as poa.authorities[%zu]", i,
                                  j);
        }
    }
    return BAALS_OK;
}

static baals_status genesis_check_poa(const baals_genesis *genesis, baals_error *err)
{
    const baals_poa_params *poa = &genesis->poa;
    BL_TRY(genesis_check_authorities(poa, err));
    BL_TRY(genesis_check_range("poa.slot_ms", poa->slot_ms, 1, GENESIS_SLOT_MS_MAX, err));
    BL_TRY(
        genesis_check_range("poa.interval_ms", poa->interval_ms, 0, GENESIS_INTERVAL_MS_MAX, err));
    BL_TRY(genesis_check_range("poa.pending_count", poa->pending_count, 0, BL_BLOCK_TXS_MAX, err));
    BL_TRY(
        genesis_check_range("poa.pending_bytes", poa->pending_bytes, 0, BL_BLOCK_BYTES_MAX, err));
    if (genesis->dev && poa->authority_count != 1)
        return bl_fail_at(err, BAALS_REJECT_GENESIS, 0,
                          "dev: a dev chain has exactly one authority, not %zu",
                          poa->authority_count);
    return BAALS_OK;
}

/* A balance nobody could ever move is a mistake: the address must be a key that can send, or a
 * contract of this genesis. */
static bool genesis_can_hold(const baals_genesis *genesis, const baals_address *address)
{
    if (bl_address_is_system(address))
        return false;
    if (bl_ed25519_key_usable(address))
        return true;
    for (size_t i = 0; i < genesis->contract_count; i++) {
        baals_address id;
        if (baals_contract_id_from_name(&id, genesis->contracts[i].name, NULL) == BAALS_OK &&
            bl_address_equal(&id, address))
            return true;
    }
    return false;
}

static baals_status
genesis_check_balances(const baals_genesis *genesis, bool known, baals_error *err)
{
    uint64_t sum = 0;
    BL_TRY(genesis_check_range("balances (count)", genesis->balance_count, 0,
                               BL_GENESIS_BALANCES_MAX, err));
    for (size_t i = 0; i < genesis->balance_count; i++) {
        const baals_genesis_balance *balance = &genesis->balances[i];
        if (i > 0 && memcmp(genesis->balances[i - 1].address.bytes, balance->address.bytes,
                            sizeof(balance->address.bytes)) >= 0)
            return bl_fail_at(err, BAALS_REJECT_GENESIS, 0,
                              "balances[%zu].address: not above the one before it", i);
        if (!known && !genesis_can_hold(genesis, &balance->address))
            return bl_fail_at(err, BAALS_REJECT_GENESIS, 0,
                              "balances[%zu].address: neither a usable key nor a contract of this "
                              "genesis",
                              i);
        if (balance->amount.units == 0)
            return bl_fail_at(err, BAALS_REJECT_GENESIS, 0, "balances[%zu].amount: must be above 0",
                              i);
        if (!bl_u64_add(&sum, sum, balance->amount.units))
            return bl_fail_at(err, BAALS_REJECT_GENESIS, 0,
                              "balances[%zu].amount: the sum of all balances is above 2^64-1", i);
    }
    return BAALS_OK;
}

static baals_status genesis_check_contracts(const baals_genesis *genesis, baals_error *err)
{
    BL_TRY(genesis_check_range("contracts (count)", genesis->contract_count, 0,
                               BL_GENESIS_CONTRACTS_MAX, err));
    for (size_t i = 0; i < genesis->contract_count; i++) {
        if (!bl_name_valid(genesis->contracts[i].name))
            return bl_fail_at(err, BAALS_REJECT_GENESIS, 0,
                              "contracts[%zu].name: must be 1 to %u bytes of UTF-8 without control "
                              "characters",
                              i, BL_NAME_BYTES_MAX);
        for (size_t j = 0; j < i; j++) {
            if (bl_slice_equal(genesis->contracts[i].name, genesis->contracts[j].name))
                return bl_fail_at(err, BAALS_REJECT_GENESIS, 0,
                                  "contracts[%zu].name: the same as contracts[%zu].name", i, j);
        }
    }
    return BAALS_OK;
}

static baals_status genesis_check_params(const baals_chain_params *params, baals_error *err)
{
    static const enum bl_param all[] = {BL_PARAM_BLOCK_GAS_LIMIT, BL_PARAM_GAS_PRICE_MIN,
                                        BL_PARAM_BURN_FEES, BL_PARAM_GAS_SCHEDULE,
                                        BL_PARAM_WASM_LIMITS};
    for (size_t i = 0; i < BL_COUNT_OF(all); i++) {
        uint64_t value = bl_param_get(params, all[i]);
        if (!bl_param_in_bounds(all[i], value))
            return bl_fail_at(err, BAALS_REJECT_GENESIS, 0, "params.%s: %llu is out of bounds",
                              bl_param_name(all[i]), (unsigned long long)value);
    }
    return BAALS_OK;
}

static baals_status genesis_check(const baals_genesis *genesis, bool known, baals_error *err)
{
    if (!bl_name_valid(genesis->chain_name))
        return bl_fail_at(err, BAALS_REJECT_GENESIS, 0,
                          "chain_name: must be 1 to %u bytes of UTF-8 without control characters",
                          BL_NAME_BYTES_MAX);
    BL_TRY(genesis_check_range("start_ms", genesis->start_ms, 0, GENESIS_TIME_MAX, err));
    if (!bl_slice_equal(genesis->engine, bl_slice_str("poa")))
        return bl_fail_at(err, BAALS_REJECT_GENESIS, 0,
                          "engine: the only consensus engine is \"poa\"");
    BL_TRY(genesis_check_poa(genesis, err));
    /* Contracts before balances: a balance may stand at a contract's id. */
    BL_TRY(genesis_check_contracts(genesis, err));
    BL_TRY(genesis_check_balances(genesis, known, err));
    return genesis_check_params(&genesis->params, err);
}

baals_status bl_genesis_check(const baals_genesis *genesis, baals_error *err)
{
    return genesis_check(genesis, false, err);
}

/* ---- decoding ---- */

/* A genesis being read: where from, and where its arrays go. */
struct genesis_source {
    struct bl_cbor_reader reader;
    struct bl_arena *arena;
};

/* The head of a list of at most `max` entries, and memory for them in *list_out (NULL when there
 * are none). The count is bounded by the bytes left and by `max` before memory is taken. */
static baals_status genesis_read_list(struct genesis_source *source,
                                      void **list_out,
                                      size_t *count_out,
                                      size_t entry_size,
                                      uint64_t max,
                                      baals_error *err)
{
    size_t offset = source->reader.offset;
    uint64_t count = 0;
    BL_TRY(bl_cbor_read_array(&source->reader, &count, err));
    if (count > max)
        return bl_fail_at(err, BAALS_REJECT_COUNT, offset,
                          "a list has %llu entries where at most %llu are expected",
                          (unsigned long long)count, (unsigned long long)max);
    *list_out = NULL;
    if (count > 0) {
        *list_out = bl_arena_zero(source->arena, (size_t)count, entry_size);
        if (*list_out == NULL)
            return bl_fail(err, BAALS_NOMEM, "no memory for the lists of a genesis");
    }
    *count_out = (size_t)count;
    return BAALS_OK;
}

static baals_status genesis_read_flag(struct genesis_source *source, int32_t *out, baals_error *err)
{
    bool value = false;
    BL_TRY(bl_cbor_read_bool(&source->reader, &value, err));
    *out = value ? 1 : 0;
    return BAALS_OK;
}

/* A number that must fit 32 bits: REJECT_RANGE. */
static baals_status genesis_read_u32(struct genesis_source *source, uint32_t *out, baals_error *err)
{
    size_t offset = source->reader.offset;
    uint64_t value = 0;
    BL_TRY(bl_cbor_read_uint(&source->reader, &value, err));
    if (value > UINT32_MAX)
        return bl_fail_at(err, BAALS_REJECT_RANGE, offset, "a number is above 2^32-1");
    *out = (uint32_t)value;
    return BAALS_OK;
}

static baals_status
genesis_read_poa(struct genesis_source *source, baals_poa_params *poa, baals_error *err)
{
    struct bl_cbor_reader *reader = &source->reader;
    void *list = NULL;
    BL_TRY(bl_cbor_read_array_exact(reader, GENESIS_POA_FIELDS, err));
    BL_TRY(genesis_read_list(source, &list, &poa->authority_count, sizeof(baals_address),
                             BL_AUTHORITIES_MAX, err));
    baals_address *authorities = list;
    for (size_t i = 0; i < poa->authority_count; i++) {
        BL_TRY(bl_cbor_read_bytes_exact(reader, authorities[i].bytes, sizeof(authorities[i].bytes),
                                        err));
    }
    poa->authorities = authorities;
    BL_TRY(bl_cbor_read_uint(reader, &poa->slot_ms, err));
    BL_TRY(bl_cbor_read_uint(reader, &poa->interval_ms, err));
    BL_TRY(bl_cbor_read_uint(reader, &poa->pending_count, err));
    BL_TRY(bl_cbor_read_uint(reader, &poa->pending_bytes, err));
    BL_TRY(genesis_read_flag(source, &poa->instant, err));
    return genesis_read_flag(source, &poa->empty_blocks, err);
}

static baals_status
genesis_read_balances(struct genesis_source *source, baals_genesis *genesis, baals_error *err)
{
    struct bl_cbor_reader *reader = &source->reader;
    void *list = NULL;
    BL_TRY(genesis_read_list(source, &list, &genesis->balance_count, sizeof(baals_genesis_balance),
                             BL_GENESIS_BALANCES_MAX, err));
    baals_genesis_balance *balances = list;
    for (size_t i = 0; i < genesis->balance_count; i++) {
        baals_address *address = &balances[i].address;
        BL_TRY(bl_cbor_read_array_exact(reader, GENESIS_BALANCE_FIELDS, err));
        BL_TRY(bl_cbor_read_bytes_exact(reader, address->bytes, sizeof(address->bytes), err));
        BL_TRY(bl_cbor_read_uint(reader, &balances[i].amount.units, err));
    }
    genesis->balances = balances;
    return BAALS_OK;
}

static baals_status
genesis_read_contracts(struct genesis_source *source, baals_genesis *genesis, baals_error *err)
{
    struct bl_cbor_reader *reader = &source->reader;
    void *list = NULL;
    BL_TRY(genesis_read_list(source, &list, &genesis->contract_count,
                             sizeof(baals_genesis_contract), BL_GENESIS_CONTRACTS_MAX, err));
    baals_genesis_contract *contracts = list;
    for (size_t i = 0; i < genesis->contract_count; i++) {
        baals_genesis_contract *contract = &contracts[i];
        BL_TRY(bl_cbor_read_array_exact(reader, GENESIS_CONTRACT_FIELDS, err));
        BL_TRY(bl_cbor_read_text(reader, &contract->name, err));
        BL_TRY(bl_cbor_read_bytes_exact(reader, contract->code_hash.bytes,
                                        sizeof(contract->code_hash.bytes), err));
        BL_TRY(bl_types_read_bytes_or_null(reader, &contract->has_init, &contract->init, err));
    }
    genesis->contracts = contracts;
    return BAALS_OK;
}

static baals_status
genesis_read_params(struct genesis_source *source, baals_chain_params *params, baals_error *err)
{
    BL_TRY(bl_cbor_read_array_exact(&source->reader, GENESIS_PARAM_FIELDS, err));
    BL_TRY(bl_cbor_read_uint(&source->reader, &params->block_gas_limit, err));
    BL_TRY(bl_cbor_read_uint(&source->reader, &params->gas_price_min, err));
    BL_TRY(genesis_read_flag(source, &params->burn_fees, err));
    BL_TRY(genesis_read_u32(source, &params->gas_schedule, err));
    return genesis_read_u32(source, &params->wasm_limits, err);
}

static baals_status
genesis_read(struct genesis_source *source, baals_genesis *genesis, baals_error *err)
{
    struct bl_cbor_reader *reader = &source->reader;
    BL_TRY(bl_cbor_read_versioned(reader, GENESIS_VERSION, GENESIS_FIELDS, err));
    BL_TRY(bl_cbor_read_text(reader, &genesis->chain_name, err));
    BL_TRY(bl_cbor_read_uint(reader, &genesis->start_ms, err));
    BL_TRY(bl_cbor_read_text(reader, &genesis->engine, err));
    BL_TRY(genesis_read_poa(source, &genesis->poa, err));
    BL_TRY(genesis_read_flag(source, &genesis->dev, err));
    BL_TRY(genesis_read_balances(source, genesis, err));
    BL_TRY(genesis_read_contracts(source, genesis, err));
    BL_TRY(genesis_read_params(source, &genesis->params, err));
    return bl_cbor_read_end(reader, err);
}

static baals_status genesis_decode(baals_genesis *genesis_out,
                                   struct bl_arena *arena,
                                   baals_slice bytes,
                                   bool known,
                                   baals_error *err)
{
    if (bytes.len > BL_GENESIS_BYTES_MAX)
        return bl_fail_at(err, BAALS_REJECT_GENESIS, 0, "a genesis of %zu bytes is larger than %u",
                          bytes.len, BL_GENESIS_BYTES_MAX);

    struct bl_arena_mark mark = bl_arena_checkpoint(arena);
    struct genesis_source source = {.reader = bl_cbor_reader(bytes), .arena = arena};
    baals_genesis genesis;
    memset(&genesis, 0, sizeof(genesis));
    baals_status status = genesis_read(&source, &genesis, err);
    if (status == BAALS_OK)
        status = genesis_check(&genesis, known, err);
    if (status != BAALS_OK) {
        bl_arena_rollback(arena, mark);
        return status;
    }
    *genesis_out = genesis;
    return BAALS_OK;
}

baals_status bl_genesis_decode(baals_genesis *genesis_out,
                               struct bl_arena *arena,
                               baals_slice bytes,
                               baals_error *err)
{
    return genesis_decode(genesis_out, arena, bytes, false, err);
}

baals_status bl_genesis_decode_known(baals_genesis *genesis_out,
                                     struct bl_arena *arena,
                                     baals_slice bytes,
                                     baals_error *err)
{
    return genesis_decode(genesis_out, arena, bytes, true, err);
}
