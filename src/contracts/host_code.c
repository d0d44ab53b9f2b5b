/* SPDX-License-Identifier: MIT */
/*
 * Host functions of version 2 that move money or code: transfer, deploy_contract, set_code; and
 * random. New code runs at once, as a call of its own (docs/spec/contracts.md 3): `init` of a new
 * contract, `migrate` of a contract that replaces its code.
 */
#include <string.h>

#include "contracts/host.h"
#include "contracts/trace.h"
#include "crypto/crypto.h"
#include "types/types.h"

/* ---- transfer ---- */

/* *makes_out: the transfer would make a record. */
static bool code_transfer_makes_record(struct bl_frame *frame,
                                       bool *makes_out,
                                       const baals_address *to,
                                       baals_amount amount)
{
    baals_contract_host *host = frame->execution->host;
    int32_t has_record = 1;
    if (amount.units != 0 &&
        !bl_host_ok(frame, host->ops->has_record(host, &has_record, to, frame->execution->err)))
        return false;
    *makes_out = has_record == 0;
    return true;
}

/* *covered_out: the contract has at least `amount`. */
static bool code_covers(struct bl_frame *frame, bool *covered_out, baals_amount amount)
{
    baals_contract_host *host = frame->execution->host;
    baals_amount balance = {.units = 0};
    if (amount.units != 0 && !bl_host_ok(frame, host->ops->balance(host, &balance, &frame->contract,
                                                                   frame->execution->err)))
        return false;
    *covered_out = balance.units >= amount.units;
    return true;
}

baals_vm_action
bl_host_transfer(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    struct bl_execution *execution = frame->execution;
    baals_amount amount = {.units = args[1]};
    baals_address to;
    bool covered = false, makes = false;
    BL_HOST_TRY(bl_host_begin(frame, sizeof to.bytes, execution->schedule->transfer));
    BL_HOST_TRY(bl_host_require(frame, !frame->readonly, BAALS_TRAP_READONLY));
    BL_HOST_TRY(bl_host_address(frame, &to, (uint32_t)args[0]));
    BL_HOST_TRY(bl_host_require(frame, !bl_address_is_system(&to), BAALS_TRAP_ARGUMENT));
    BL_HOST_TRY(code_covers(frame, &covered, amount));
    if (!covered) {
        *result_out = BL_CALL_INSUFFICIENT_FUNDS;
        bl_trace_transfer(frame, &to, amount, BL_CALL_INSUFFICIENT_FUNDS);
        return BAALS_VM_CONTINUE;
    }
    BL_HOST_TRY(code_transfer_makes_record(frame, &makes, &to, amount));
    if (makes)
        BL_HOST_TRY(bl_host_charge(frame, execution->schedule->transfer_create));
    BL_HOST_TRY(bl_host_ok(frame, bl_frame_move_value(frame, &to, amount)));
    bl_trace_transfer(frame, &to, amount, BAALS_RECEIPT_OK);
    *result_out = BAALS_RECEIPT_OK;
    return BAALS_VM_CONTINUE;
}

/* ---- new code ---- */

/* The code's size. *result_out is BAD_CODE when the chain has no such code. */
static bool
code_find(struct bl_frame *frame, uint64_t *len_out, uint32_t *result_out, const baals_hash *code)
{
    baals_contract_host *host = frame->execution->host;
    baals_status status = host->ops->code_len(host, len_out, code, frame->execution->err);
    if (status == BAALS_NOTFOUND) {
        *result_out = BAALS_RECEIPT_BAD_CODE;
        return true;
    }
    return bl_host_ok(frame, status);
}

/* What stands between the arguments of deploy_contract and the new contract; *result_out stays OK
 * when it may be made. */
static bool
code_check_deploy(struct bl_frame *frame, uint32_t *result_out, const struct bl_call *call)
{
    struct bl_execution *execution = frame->execution;
    baals_contract_host *host = execution->host;
    uint64_t len = 0;
    int32_t has_record = 0;
    bool covered = false;
    if (frame->depth >= BL_CALL_DEPTH_MAX) {
        *result_out = BAALS_RECEIPT_LIMIT;
        return true;
    }
    if (!code_find(frame, &len, result_out, call->code))
        return false;
    if (*result_out != BAALS_RECEIPT_OK)
        return true;
    if (!bl_host_ok(frame,
                    host->ops->has_record(host, &has_record, &call->contract, execution->err)))
        return false;
    uint64_t cost = execution->schedule->deploy_byte * len;
    if (!bl_host_charge(frame, cost + (has_record != 0 ? 0 : execution->schedule->transfer_create)))
        return false;
    baals_hash taken;
    baals_status status = host->ops->code_hash(host, &taken, &call->contract, execution->err);
    if (status != BAALS_NOTFOUND) {
        *result_out = BAALS_RECEIPT_ADDRESS_TAKEN;
        return bl_host_ok(frame, status);
    }
    if (!code_covers(frame, &covered, call->value))
        return false;
    if (!covered)
        *result_out = BL_CALL_INSUFFICIENT_FUNDS;
    return true;
}

baals_vm_action bl_host_deploy_contract(void *ctx,
                                        baals_vm_instance *instance,
                                        uint64_t *result_out,
                                        const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    uint32_t args_len = (uint32_t)args[3], dst = (uint32_t)args[6];
    baals_hash code, salt;
    struct bl_call call = {.kind = BAALS_ENTRY_INIT, .value = {.units = args[4]}, .code = &code};
    uint32_t result = BAALS_RECEIPT_OK;
    BL_HOST_TRY(bl_host_begin(frame, 96ull + args_len, frame->execution->schedule->call_contract));
    BL_HOST_TRY(bl_host_require(frame, !frame->readonly, BAALS_TRAP_READONLY));
    BL_HOST_TRY(bl_host_require(frame, args_len <= BL_CALL_BYTES_MAX, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_hash(frame, &code, (uint32_t)args[0]));
    BL_HOST_TRY(bl_host_hash(frame, &salt, (uint32_t)args[1]));
    BL_HOST_TRY(bl_host_input(frame, &call.args, 0, (uint32_t)args[2], args_len));
    BL_HOST_TRY(bl_host_place(frame, dst, sizeof call.contract.bytes));
    bl_buffer_clear(&frame->result);
    baals_contract_id_from_contract(&call.contract, &frame->contract, &salt, &code);
    BL_HOST_TRY(code_check_deploy(frame, &result, &call));
    if (result == BAALS_RECEIPT_OK)
        BL_HOST_TRY(bl_host_enter(frame, &result, &call, args[5]));
    else
        bl_trace_refused(frame, &call, result);
    if (result == BAALS_RECEIPT_OK)
        bl_host_write(frame, dst, bl_slice(call.contract.bytes, sizeof call.contract.bytes));
    *result_out = result;
    return BAALS_VM_CONTINUE;
}

/* The same for set_code. While `migrate` runs, nothing else enters its contract: not another
 * `migrate` either. */
static bool code_check_set(struct bl_frame *frame, uint32_t *result_out, const struct bl_call *call)
{
    uint64_t len = 0;
    if (frame->depth >= BL_CALL_DEPTH_MAX) {
        *result_out = BAALS_RECEIPT_LIMIT;
        return true;
    }
    if (frame->kind == BAALS_ENTRY_MIGRATE) {
        *result_out = BAALS_RECEIPT_REENTRY;
        return true;
    }
    if (!code_find(frame, &len, result_out, call->code))
        return false;
    return *result_out != BAALS_RECEIPT_OK ||
           bl_host_charge(frame, frame->execution->schedule->set_code_byte * len);
}

baals_vm_action
bl_host_set_code(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    uint32_t args_len = (uint32_t)args[2];
    baals_hash code;
    struct bl_call call = {.kind = BAALS_ENTRY_MIGRATE, .contract = frame->contract, .code = &code};
    uint32_t result = BAALS_RECEIPT_OK;
    BL_HOST_TRY(bl_host_begin(frame, 32ull + args_len, frame->execution->schedule->set_code));
    BL_HOST_TRY(bl_host_require(frame, !frame->readonly, BAALS_TRAP_READONLY));
    BL_HOST_TRY(bl_host_require(frame, args_len <= BL_CALL_BYTES_MAX, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_hash(frame, &code, (uint32_t)args[0]));
    BL_HOST_TRY(bl_host_input(frame, &call.args, 0, (uint32_t)args[1], args_len));
    bl_buffer_clear(&frame->result);
    BL_HOST_TRY(code_check_set(frame, &result, &call));
    if (result == BAALS_RECEIPT_OK)
        BL_HOST_TRY(bl_host_enter(frame, &result, &call, args[3]));
    else
        bl_trace_refused(frame, &call, result);
    *result_out = result;
    return BAALS_VM_CONTINUE;
}

/* ---- random ---- */

void bl_host_random_next(baals_hash *out, struct bl_frame *frame)
{
    struct bl_execution *execution = frame->execution;
    const baals_execution *params = execution->params;
    uint8_t data[3 * 32 + 8];
    memcpy(data, params->prev_hash.bytes, 32);
    memcpy(data + 32, params->tx_id.bytes, 32);
    memcpy(data + 64, frame->contract.bytes, 32);
    bl_store_u64be(data + 96, execution->random_counter++);
    bl_hash_tagged(out, BL_TAG_RANDOM, bl_slice(data, sizeof data));
}

baals_vm_action
bl_host_random(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    uint32_t dst = (uint32_t)args[0];
    baals_hash hash;
    BL_HOST_TRY(bl_host_begin(frame, sizeof hash.bytes, frame->execution->schedule->random));
    BL_HOST_TRY(bl_host_place(frame, dst, sizeof hash.bytes));
    bl_host_random_next(&hash, frame);
    bl_host_write(frame, dst, bl_slice(hash.bytes, sizeof hash.bytes));
    return BAALS_VM_CONTINUE;
}
