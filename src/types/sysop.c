/* SPDX-License-Identifier: MIT */
/*
 * System operations (docs/spec/sysop.md): the payload [op, epoch, args] of a transaction of kind 3,
 * and the chain parameters such an operation can set. Everything that the bytes alone decide is
 * judged here; dev chain, epoch and approvals are the ledger's.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "types/types.h"
#include "types/types_internal.h"

enum { SYSOP_FIELDS = 3, SYSOP_ACT_FIELDS = 5 };

static const char *const sysop_names[] = {
    [BL_SYSOP_AUTHORITIES] = "authorities",
    [BL_SYSOP_PARAM] = "param",
    [BL_SYSOP_MINT] = "mint",
    [BL_SYSOP_ACT] = "act",
};

/* ---- chain parameters ---- */

struct sysop_bounds {
    const char *name;
    uint64_t min;
    uint64_t max;
};

static const struct sysop_bounds sysop_params[] = {
    [BL_PARAM_BLOCK_GAS_LIMIT] = {"block_gas_limit", BL_BLOCK_GAS_LIMIT_MIN,
                                  BL_BLOCK_GAS_LIMIT_MAX},
    [BL_PARAM_GAS_PRICE_MIN] = {"gas_price_min", 0, UINT64_MAX},
    [BL_PARAM_BURN_FEES] = {"burn_fees", 0, 1},
    /* Versions: a build knows those up to the newest. */
    [BL_PARAM_GAS_SCHEDULE] = {"gas_schedule", 1, 2},
    [BL_PARAM_WASM_LIMITS] = {"wasm_limits", 1, 2},
};

bool bl_param_find(enum bl_param *param_out, baals_slice name)
{
    for (size_t i = 0; i < BL_COUNT_OF(sysop_params); i++) {
        if (bl_slice_equal(name, bl_slice_str(sysop_params[i].name))) {
            *param_out = (enum bl_param)i;
            return true;
        }
    }
    return false;
}

const char *bl_param_name(enum bl_param param)
{
    BL_ASSERT((size_t)param < BL_COUNT_OF(sysop_params));
    return sysop_params[param].name;
}

bool bl_param_in_bounds(enum bl_param param, uint64_t value)
{
    BL_ASSERT((size_t)param < BL_COUNT_OF(sysop_params));
    return value >= sysop_params[param].min && value <= sysop_params[param].max;
}

uint64_t bl_param_get(const baals_chain_params *params, enum bl_param param)
{
    switch (param) {
    case BL_PARAM_BLOCK_GAS_LIMIT:
        return params->block_gas_limit;
    case BL_PARAM_GAS_PRICE_MIN:
        return params->gas_price_min;
    case BL_PARAM_BURN_FEES:
        return params->burn_fees != 0;
    case BL_PARAM_GAS_SCHEDULE:
        return params->gas_schedule;
    case BL_PARAM_WASM_LIMITS:
        return params->wasm_limits;
    }
    bl_assert_failed("a chain parameter", __FILE__, __LINE__);
}

void bl_param_set(baals_chain_params *params, enum bl_param param, uint64_t value)
{
    BL_ASSERT(bl_param_in_bounds(param, value));
    switch (param) {
    case BL_PARAM_BLOCK_GAS_LIMIT:
        params->block_gas_limit = value;
        break;
    case BL_PARAM_GAS_PRICE_MIN:
        params->gas_price_min = value;
        break;
    case BL_PARAM_BURN_FEES:
        params->burn_fees = (int32_t)value;
        break;
    case BL_PARAM_GAS_SCHEDULE:
        params->gas_schedule = (uint32_t)value;
        break;
    case BL_PARAM_WASM_LIMITS:
        params->wasm_limits = (uint32_t)value;
        break;
    }
}

/* ---- encoding ---- */

static void sysop_write_act(struct bl_buffer *buffer, const struct bl_sysop_act *act)
{
    bl_cbor_write_array(buffer, SYSOP_ACT_FIELDS);
    bl_cbor_write_address(buffer, &act->sender);
    bl_cbor_write_uint(buffer, (uint64_t)act->kind);
    bl_cbor_write_address_or_null(buffer, act->has_recipient, &act->recipient);
    bl_cbor_write_uint(buffer, act->amount.units);
    bl_cbor_write_bytes_or_null(buffer, act->has_payload, act->payload);
}

void bl_sysop_encode(struct bl_buffer *buffer, const struct bl_sysop *sysop)
{
    bl_cbor_write_array(buffer, SYSOP_FIELDS);
    bl_cbor_write_text(buffer, bl_slice_str(sysop_names[sysop->kind]));
    bl_cbor_write_uint(buffer, sysop->epoch);
    switch (sysop->kind) {
    case BL_SYSOP_AUTHORITIES:
        bl_cbor_write_array(buffer, sysop->u.authorities.count);
        for (size_t i = 0; i < sysop->u.authorities.count; i++)
            bl_cbor_write_address(buffer, &sysop->u.authorities.keys[i]);
        break;
    case BL_SYSOP_PARAM:
        bl_cbor_write_array(buffer, 2);
        bl_cbor_write_text(buffer, bl_slice_str(bl_param_name(sysop->u.param.param)));
        bl_cbor_write_uint(buffer, sysop->u.param.value);
        break;
    case BL_SYSOP_MINT:
        bl_cbor_write_array(buffer, 2);
        bl_cbor_write_address(buffer, &sysop->u.mint.address);
        bl_cbor_write_uint(buffer, sysop->u.mint.amount.units);
        break;
    case BL_SYSOP_ACT:
        sysop_write_act(buffer, &sysop->u.act);
        break;
    }
}

void bl_sysop_id(baals_hash *out, baals_slice payload)
{
    bl_hash_tagged(out, BL_TAG_SYSOP, payload);
}

/* ---- decoding ---- */

static baals_status
sysop_read_authorities(struct bl_sysop *sysop, struct bl_cbor_reader *reader, baals_error *err)
{
    size_t begin = reader->offset;
    uint64_t count = 0;
    BL_TRY(bl_cbor_read_array(reader, &count, err));
    if (count == 0 || count > BL_AUTHORITIES_MAX)
        return bl_fail_at(err, BAALS_REJECT_COUNT, begin,
                          "%llu authorities where 1 to %u are expected", (unsigned long long)count,
                          BL_AUTHORITIES_MAX);
    for (size_t i = 0; i < count; i++) {
        baals_address *key = &sysop->u.authorities.keys[i];
        size_t offset = reader->offset;
        BL_TRY(bl_cbor_read_bytes_exact(reader, key->bytes, sizeof(key->bytes), err));
        if (!bl_address_is_sender(key))
            return bl_fail_at(err, BAALS_REJECT_SENDER, offset, "authority %zu is not a usable key",
                              i);
        for (size_t j = 0; j < i; j++) {
            if (bl_address_equal(key, &sysop->u.authorities.keys[j]))
                return bl_fail_at(err, BAALS_REJECT_SENDER, offset, "authority %zu stands twice",
                                  i);
        }
    }
    sysop->u.authorities.count = (size_t)count;
    return BAALS_OK;
}

static baals_status
sysop_read_param(struct bl_sysop *sysop, struct bl_cbor_reader *reader, baals_error *err)
{
    baals_slice name;
    BL_TRY(bl_cbor_read_array_exact(reader, 2, err));
    size_t offset = reader->offset;
    BL_TRY(bl_cbor_read_text(reader, &name, err));
    if (!bl_param_find(&sysop->u.param.param, name))
        return bl_fail_at(err, BAALS_REJECT_RANGE, offset, "there is no parameter of this name");
    offset = reader->offset;
    BL_TRY(bl_cbor_read_uint(reader, &sysop->u.param.value, err));
    if (!bl_param_in_bounds(sysop->u.param.param, sysop->u.param.value))
        return bl_fail_at(err, BAALS_REJECT_RANGE, offset, "%s: %llu is out of bounds",
                          bl_param_name(sysop->u.param.param),
                          (unsigned long long)sysop->u.param.value);
    return BAALS_OK;
}

static baals_status
sysop_read_mint(struct bl_sysop *sysop, struct bl_cbor_reader *reader, baals_error *err)
{
    baals_address *address = &sysop->u.mint.address;
    BL_TRY(bl_cbor_read_array_exact(reader, 2, err));
    size_t offset = reader->offset;
    BL_TRY(bl_cbor_read_bytes_exact(reader, address->bytes, sizeof(address->bytes), err));
    if (bl_address_is_system(address))
        return bl_fail_at(err, BAALS_REJECT_RECIPIENT, offset,
                          "nothing can be minted to a system address");
    offset = reader->offset;
    BL_TRY(bl_cbor_read_uint(reader, &sysop->u.mint.amount.units, err));
    if (sysop->u.mint.amount.units == 0)
        return bl_fail_at(err, BAALS_REJECT_AMOUNT, offset, "the amount to mint is 0");
    return BAALS_OK;
}

static baals_status
sysop_read_act(struct bl_sysop *sysop, struct bl_cbor_reader *reader, baals_error *err)
{
    struct bl_sysop_act *act = &sysop->u.act;
    int32_t has_recipient = 0;
    int32_t has_payload = 0;
    BL_TRY(bl_cbor_read_array_exact(reader, SYSOP_ACT_FIELDS, err));
    size_t sender_offset = reader->offset;
    BL_TRY(bl_cbor_read_bytes_exact(reader, act->sender.bytes, sizeof(act->sender.bytes), err));
    BL_TRY(bl_types_read_kind(reader, &act->kind, BAALS_TX_DEPLOY, err));
    size_t recipient_offset = reader->offset;
    BL_TRY(bl_types_read_address_or_null(reader, &has_recipient, &act->recipient, err));
    BL_TRY(bl_cbor_read_uint(reader, &act->amount.units, err));
    BL_TRY(bl_types_read_bytes_or_null(reader, &has_payload, &act->payload, err));
    act->has_recipient = has_recipient != 0;
    act->has_payload = has_payload != 0;
    if (bl_address_is_system(&act->sender))
        return bl_fail_at(err, BAALS_REJECT_SENDER, sender_offset, "a system address cannot send");
    return bl_types_check_recipient(act->kind, act->has_recipient ? &act->recipient : NULL,
                                    act->amount.units, recipient_offset, err);
}

static baals_status
sysop_read_args(struct bl_sysop *sysop, struct bl_cbor_reader *reader, baals_error *err)
{
    switch (sysop->kind) {
    case BL_SYSOP_AUTHORITIES:
        return sysop_read_authorities(sysop, reader, err);
    case BL_SYSOP_PARAM:
        return sysop_read_param(sysop, reader, err);
    case BL_SYSOP_MINT:
        return sysop_read_mint(sysop, reader, err);
    case BL_SYSOP_ACT:
        return sysop_read_act(sysop, reader, err);
    }
    bl_assert_failed("a system operation", __FILE__, __LINE__);
}

static bool sysop_find(enum bl_sysop_kind *kind_out, baals_slice name)
{
    for (size_t i = 0; i < BL_COUNT_OF(sysop_names); i++) {
        if (bl_slice_equal(name, bl_slice_str(sysop_names[i]))) {
            *kind_out = (enum bl_sysop_kind)i;
            return true;
        }
    }
    return false;
}

baals_status bl_sysop_decode(struct bl_sysop *sysop_out, baals_slice payload, baals_error *err)
{
    struct bl_cbor_reader reader = bl_cbor_reader(payload);
    struct bl_sysop sysop;
    baals_slice name;

    memset(&sysop, 0, sizeof(sysop));
    BL_TRY(bl_cbor_read_array_exact(&reader, SYSOP_FIELDS, err));
    size_t offset = reader.offset;
    BL_TRY(bl_cbor_read_text(&reader, &name, err));
    if (!sysop_find(&sysop.kind, name))
        return bl_fail_at(err, BAALS_REJECT_RANGE, offset,
                          "there is no system operation of this name");
    BL_TRY(bl_cbor_read_uint(&reader, &sysop.epoch, err));
    BL_TRY(sysop_read_args(&sysop, &reader, err));
    BL_TRY(bl_cbor_read_end(&reader, err));
    *sysop_out = sysop;
    return BAALS_OK;
}
