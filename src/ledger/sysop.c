/* SPDX-License-Identifier: MIT */
/*
 * System operations (docs/spec/consensus.md): what authorities decide together. An operation is
 * known by the hash of its payload; each authority approves it with a transaction of its own, and
 * once more than half of the parent state's authorities have, the epoch goes up, everything pending
 * is deleted, and the effect is written to `meta` after the last transaction of the block.
 *
 * On a dev chain the one authority also mints and acts for others; these happen at once and leave
 * the epoch alone.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "ledger/ledger_internal.h"

#define SYSOP_KEY_BYTES (sizeof BL_META_OP_PREFIX - 1 + 32)

static void sysop_fail(struct bl_transition *t,
                       struct bl_tx_outcome *out,
                       baals_receipt_status status,
                       const char *text)
{
    out->status = status;
    bl_transition_note(t, BAALS_REJECT, "%s", text);
}

/* ---- stored forms ---- */

void bl_params_encode(struct bl_buffer *out, const baals_chain_params *params)
{
    bl_cbor_write_array(out, 5);
    bl_cbor_write_uint(out, params->block_gas_limit);
    bl_cbor_write_uint(out, params->gas_price_min);
    bl_cbor_write_bool(out, params->burn_fees != 0);
    bl_cbor_write_uint(out, params->gas_schedule);
    bl_cbor_write_uint(out, params->wasm_limits);
}

baals_status bl_params_decode(baals_chain_params *out, baals_slice bytes, baals_error *err)
{
    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    baals_chain_params params = {0};
    bool burn = false;
    uint64_t schedule = 0;
    uint64_t limits = 0;
    if (bl_cbor_read_array_exact(&reader, 5, NULL) != BAALS_OK ||
        bl_cbor_read_uint(&reader, &params.block_gas_limit, NULL) != BAALS_OK ||
        bl_cbor_read_uint(&reader, &params.gas_price_min, NULL) != BAALS_OK ||
        bl_cbor_read_bool(&reader, &burn, NULL) != BAALS_OK ||
        bl_cbor_read_uint(&reader, &schedule, NULL) != BAALS_OK ||
        bl_cbor_read_uint(&reader, &limits, NULL) != BAALS_OK ||
        bl_cbor_read_end(&reader, NULL) != BAALS_OK || schedule > UINT32_MAX || limits > UINT32_MAX)
        return bl_fail(err, BAALS_CORRUPT_STATE, "the stored chain parameters are damaged");
    params.burn_fees = burn ? 1 : 0;
    params.gas_schedule = (uint32_t)schedule;
    params.wasm_limits = (uint32_t)limits;
    *out = params;
    return BAALS_OK;
}

baals_status bl_ledger_params(baals_chain_params *out, struct bl_view *view, baals_error *err)
{
    baals_slice bytes = {NULL, 0};
    baals_status status =
        bl_view_get(view, &bytes, BAALS_SPACE_META, bl_slice_str(BL_META_PARAMS), err);
    if (status == BAALS_NOTFOUND)
        return bl_fail(err, BAALS_CORRUPT_STATE, "the chain parameters are missing");
    BL_TRY(status);
    return bl_params_decode(out, bytes, err);
}

/* ---- approvals ---- */

/* Deletes every pending operation; or only counts them where `remove` is false. */
static baals_status
sysop_pending(struct bl_transition *t, size_t *count_out, bool remove, baals_error *err)
{
    uint8_t last[SYSOP_KEY_BYTES];
    baals_slice prefix = bl_slice_str(BL_META_OP_PREFIX);
    baals_slice from = prefix;
    uint32_t flags = 0;
    size_t count = 0;
    for (;;) {
        baals_slice key = {NULL, 0};
        baals_slice value = {NULL, 0};
        baals_status status =
            bl_overlay_seek(t->overlay, &key, &value, BAALS_SPACE_META, from, flags, err);
        if (status == BAALS_NOTFOUND || (status == BAALS_OK && !bl_slice_has_prefix(key, prefix)))
            break;
        BL_TRY(status);
        if (key.len != sizeof last)
            return bl_fail(err, BAALS_CORRUPT_STATE, "a pending operation's key is damaged");
        memcpy(last, key.data, sizeof last);
        from = bl_slice(last, sizeof last);
        flags = BAALS_SEEK_EXCLUSIVE;
        count++;
        if (remove)
            BL_TRY(bl_overlay_delete(t->overlay, BAALS_SPACE_META, from, err));
    }
    *count_out = count;
    return BAALS_OK;
}

/* The approvers of an operation that are still authorities, `sender` among them, ascending. */
static baals_status sysop_approvers(struct bl_transition *t,
                                    baals_address approvers[BL_AUTHORITIES_MAX],
                                    size_t *count_out,
                                    bool *known_out,
                                    baals_slice key,
                                    const baals_address *sender,
                                    baals_error *err)
{
    baals_address stored[BL_AUTHORITIES_MAX];
    size_t stored_count = 0;
    baals_slice value = {NULL, 0};
    baals_status status = bl_overlay_get(t->overlay, &value, BAALS_SPACE_META, key, err);
    *known_out = status == BAALS_OK;
    if (status == BAALS_OK)
        status = bl_authorities_decode(stored, &stored_count, value, err);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);

    size_t count = 0;
    for (size_t i = 0; i < t->authority_count; i++) {
        bool approves = bl_address_equal(&t->authorities[i], sender);
        for (size_t j = 0; j < stored_count && !approves; j++)
            approves = bl_address_equal(&t->authorities[i], &stored[j]);
        if (!approves)
            continue;
        size_t place = count++;
        while (place > 0 && memcmp(approvers[place - 1].bytes, t->authorities[i].bytes, 32) > 0) {
            approvers[place] = approvers[place - 1];
            place--;
        }
        approvers[place] = t->authorities[i];
    }
    *count_out = count;
    return BAALS_OK;
}

static void sysop_decide(struct bl_transition *t, const struct bl_sysop *op)
{
    if (op->kind == BL_SYSOP_AUTHORITIES) {
        t->new_authorities = true;
        t->next_authority_count = op->u.authorities.count;
        memcpy(t->next_authorities, op->u.authorities.keys,
               op->u.authorities.count * sizeof t->next_authorities[0]);
        return;
    }
    if (!t->new_params)
        t->next_params = t->params;
    t->new_params = true;
    bl_param_set(&t->next_params, op->u.param.param, op->u.param.value);
}

static baals_status sysop_approve(struct bl_transition *t,
                                  struct bl_tx_outcome *out,
                                  const struct bl_sysop *op,
                                  const baals_tx *tx,
                                  uint64_t epoch,
                                  baals_error *err)
{
    uint8_t key_bytes[SYSOP_KEY_BYTES];
    baals_hash id;
    bl_sysop_id(&id, tx->payload);
    memcpy(key_bytes, BL_META_OP_PREFIX, sizeof BL_META_OP_PREFIX - 1);
    memcpy(key_bytes + sizeof BL_META_OP_PREFIX - 1, id.bytes, sizeof id.bytes);
    baals_slice key = bl_slice(key_bytes, sizeof key_bytes);

    baals_address approvers[BL_AUTHORITIES_MAX];
    size_t count = 0;
    size_t pending = 0;
    bool known = false;
    BL_TRY(sysop_approvers(t, approvers, &count, &known, key, &tx->sender, err));
    if (count * 2 > t->authority_count) {
        sysop_decide(t, op);
        BL_TRY(sysop_pending(t, &pending, true, err));
        return bl_meta_uint_store(t, BL_META_EPOCH, epoch + 1, err);
    }
    BL_TRY(sysop_pending(t, &pending, false, err));
    if (!known && pending >= BL_SYSOPS_PENDING_MAX) {
        sysop_fail(t, out, BAALS_RECEIPT_LIMIT, "too many operations are pending");
        return BAALS_OK;
    }
    bl_buffer_clear(&t->scratch);
    bl_authorities_encode(&t->scratch, approvers, count);
    return bl_meta_store(t, key, err);
}

/* ---- dev chains ---- */

/* Gas for account records that an operation makes while it runs; false sets OUT_OF_GAS. */
static bool sysop_charge_records(struct bl_transition *t,
                                 struct bl_tx_outcome *out,
                                 uint64_t records,
                                 uint64_t gas)
{
    uint64_t cost = records * BL_GAS_ACCOUNT_CREATE;
    if (cost > gas - out->gas_used) {
        out->status = BAALS_RECEIPT_OUT_OF_GAS;
        bl_transition_note(t, BAALS_TRAP_GAS, "the gas does not cover a new account record");
        return false;
    }
    out->gas_used += cost;
    return true;
}

static baals_status sysop_mint(struct bl_transition *t,
                               struct bl_tx_outcome *out,
                               const struct bl_sysop *op,
                               uint64_t gas,
                               baals_error *err)
{
    uint64_t amount = op->u.mint.amount.units;
    uint64_t supply = 0;
    BL_TRY(bl_meta_uint_load(&supply, t->overlay, BL_META_SUPPLY, err));
    if (!bl_u64_add(&supply, supply, amount)) {
        sysop_fail(t, out, BAALS_RECEIPT_LIMIT, "the total supply would exceed 2^64-1");
        return BAALS_OK;
    }
    struct bl_account account;
    baals_status status = bl_account_load(&account, t->overlay, &op->u.mint.address, err);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);
    if (!sysop_charge_records(t, out, status == BAALS_NOTFOUND && amount != 0 ? 1 : 0, gas))
        return BAALS_OK;
    BL_TRY(bl_account_credit(t->overlay, &op->u.mint.address, amount, err));
    BL_TRY(bl_meta_uint_store(t, BL_META_SUPPLY, supply, err));
    t->minted += amount; /* below 2^64, since the supply is */
    return BAALS_OK;
}

static baals_status sysop_act(struct bl_transition *t,
                              struct bl_tx_outcome *out,
                              const struct bl_sysop *op,
                              uint64_t gas,
                              baals_error *err)
{
    const struct bl_sysop_act *act = &op->u.act;
    struct bl_account actor;
    baals_status status = bl_account_load(&actor, t->overlay, &act->sender, err);
    bool exists = status != BAALS_NOTFOUND;
    if (exists)
        BL_TRY(status);
    if (actor.balance < act->amount.units || actor.nonce == UINT64_MAX) {
        sysop_fail(t, out, BAALS_RECEIPT_BAD_PAYLOAD,
                   "the actor has not the amount, or no nonce left");
        return BAALS_OK;
    }
    struct bl_action action = {
        .kind = act->kind,
        .sender = act->sender,
        .nonce = actor.nonce,
        .has_recipient = act->has_recipient,
        .recipient = act->recipient,
        .amount = act->amount,
        .has_payload = act->has_payload,
        .payload = act->payload,
    };
    uint64_t records = 0;
    BL_TRY(bl_transition_records_made(t, &records, &action, err));
    if (!sysop_charge_records(t, out, records + (exists ? 0 : 1), gas))
        return BAALS_OK;
    uint64_t spent = out->gas_used;
    action.gas = gas - spent;
    actor.nonce++;
    BL_TRY(bl_account_store(t->overlay, &act->sender, &actor, err));
    BL_TRY(bl_transition_run(t, out, &action, err));
    out->gas_used += spent;
    return BAALS_OK;
}

/* ---- entry ---- */

/* What the payload's decoder cannot know: the epoch, the kind of chain, the build's versions. */
static const char *
sysop_refusal(const struct bl_transition *t, const struct bl_sysop *op, uint64_t epoch)
{
    if (op->epoch != epoch)
        return "the operation was made for another epoch";
    switch (op->kind) {
    case BL_SYSOP_AUTHORITIES:
        return t->ledger->dev && op->u.authorities.count != 1
                   ? "a dev chain keeps exactly one authority"
                   : NULL;
    case BL_SYSOP_PARAM:
        if (op->u.param.param == BL_PARAM_GAS_SCHEDULE &&
            !bl_contract_knows_gas_schedule((uint32_t)op->u.param.value))
            return "unknown gas schedule";
        if (op->u.param.param == BL_PARAM_WASM_LIMITS &&
            !bl_contract_knows_wasm_limits((uint32_t)op->u.param.value))
            return "unknown limits version";
        return NULL;
    case BL_SYSOP_MINT:
    case BL_SYSOP_ACT:
        return t->ledger->dev ? NULL : "only dev chains have this operation";
    }
    return "unknown operation";
}

baals_status bl_sysop_run(struct bl_transition *t,
                          struct bl_tx_outcome *out,
                          const baals_tx *tx,
                          uint64_t gas,
                          baals_error *err)
{
    memset(out, 0, sizeof *out);
    out->status = BAALS_RECEIPT_OK;
    uint64_t epoch = 0;
    BL_TRY(bl_meta_uint_load(&epoch, t->overlay, BL_META_EPOCH, err));
    struct bl_sysop op;
    if (tx->has_payload == 0 || bl_sysop_decode(&op, tx->payload, NULL) != BAALS_OK) {
        sysop_fail(t, out, BAALS_RECEIPT_BAD_PAYLOAD, "the payload is no system operation");
        return BAALS_OK;
    }
    const char *refusal = sysop_refusal(t, &op, epoch);
    if (refusal != NULL) {
        sysop_fail(t, out, BAALS_RECEIPT_BAD_PAYLOAD, refusal);
        return BAALS_OK;
    }
    switch (op.kind) {
    case BL_SYSOP_AUTHORITIES:
    case BL_SYSOP_PARAM:
        return sysop_approve(t, out, &op, tx, epoch, err);
    case BL_SYSOP_MINT:
        return sysop_mint(t, out, &op, gas, err);
    case BL_SYSOP_ACT:
        return sysop_act(t, out, &op, gas, err);
    }
    return bl_fail(err, BAALS_INTERNAL, "a system operation of kind %d", (int)op.kind);
}

baals_status bl_sysop_write_effects(struct bl_transition *t, baals_error *err)
{
    if (t->new_authorities) {
        bl_buffer_clear(&t->scratch);
        bl_authorities_encode(&t->scratch, t->next_authorities, t->next_authority_count);
        BL_TRY(bl_meta_store(t, bl_slice_str(BL_META_AUTHORITIES), err));
    }
    if (t->new_params) {
        bl_buffer_clear(&t->scratch);
        bl_params_encode(&t->scratch, &t->next_params);
        BL_TRY(bl_meta_store(t, bl_slice_str(BL_META_PARAMS), err));
    }
    return BAALS_OK;
}
