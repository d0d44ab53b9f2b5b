/* SPDX-License-Identifier: MIT */
/*
 * Host functions that reach beyond the contract: calls to other contracts, events, log lines.
 */
#include "contracts/host.h"
#include "contracts/trace.h"

#define CALL_READONLY 1u
#define CALL_LOG_LEVEL_MAX 3u

/* min(asked, left - left / 64). What is below 0 as a signed number is more than anyone has. */
static uint64_t call_gas(const struct bl_frame *frame, uint64_t asked)
{
    uint64_t left = (uint64_t)bl_vm_gas_get(frame->instance);
    uint64_t most = left - left / frame->execution->schedule->call_reserve;
    return asked > most ? most : asked;
}

bool bl_host_enter(struct bl_frame *frame,
                   uint32_t *result_out,
                   struct bl_call *call,
                   uint64_t asked)
{
    uint64_t gas_used = 0;
    call->gas = call_gas(frame, asked);
    if (!bl_host_ok(frame, bl_frame_call(frame, result_out, &gas_used, call)))
        return false;
    bl_vm_gas_set(frame->instance, bl_vm_gas_get(frame->instance) - (int64_t)gas_used);
    bl_trace_elsewhere(frame, gas_used);
    return true;
}

baals_vm_action bl_host_call_contract(void *ctx,
                                      baals_vm_instance *instance,
                                      uint64_t *result_out,
                                      const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    uint32_t method_len = (uint32_t)args[2], args_len = (uint32_t)args[4];
    uint32_t flags = (uint32_t)args[7];
    struct bl_call call = {.value = {.units = args[5]}, .readonly = (flags & CALL_READONLY) != 0};
    bool moves_in_view = args[5] != 0 && (frame->readonly || call.readonly);
    BL_HOST_TRY(bl_host_begin(frame, 32ull + method_len + args_len,
                              frame->execution->schedule->call_contract));
    BL_HOST_TRY(bl_host_require(frame, (flags & ~CALL_READONLY) == 0, BAALS_TRAP_ARGUMENT));
    BL_HOST_TRY(bl_host_require(frame, !moves_in_view, BAALS_TRAP_READONLY));
    BL_HOST_TRY(bl_host_require(frame, method_len <= BL_METHOD_NAME_MAX, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_require(frame, args_len <= BL_CALL_BYTES_MAX, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_address(frame, &call.contract, (uint32_t)args[0]));
    BL_HOST_TRY(bl_host_input(frame, &call.method, 0, (uint32_t)args[1], method_len));
    BL_HOST_TRY(bl_host_input(frame, &call.args, 1, (uint32_t)args[3], args_len));
    bl_buffer_clear(&frame->result);

    uint32_t result = 0;
    BL_HOST_TRY(bl_host_ok(frame, bl_frame_check_call(frame, &result, &call)));
    if (result == BAALS_RECEIPT_OK)
        BL_HOST_TRY(bl_host_enter(frame, &result, &call, args[6]));
    else
        bl_trace_refused(frame, &call, result);
    *result_out = result;
    return BAALS_VM_CONTINUE;
}

baals_vm_action bl_host_result_len(void *ctx,
                                   baals_vm_instance *instance,
                                   uint64_t *result_out,
                                   const uint64_t *args)
{
    (void)instance;
    (void)args;
    struct bl_frame *frame = ctx;
    BL_HOST_TRY(bl_host_begin(frame, 0, 0));
    *result_out = frame->result.len;
    return BAALS_VM_CONTINUE;
}

baals_vm_action bl_host_result_read(void *ctx,
                                    baals_vm_instance *instance,
                                    uint64_t *result_out,
                                    const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    return bl_host_copy_range(frame, bl_buffer_slice(&frame->result), args);
}

baals_vm_action bl_host_log_event(void *ctx,
                                  baals_vm_instance *instance,
                                  uint64_t *result_out,
                                  const uint64_t *args)
{
    (void)result_out;
    struct bl_frame *frame = ctx;
    struct bl_execution *execution = frame->execution;
    const struct bl_gas_schedule *schedule = execution->schedule;
    uint32_t topics = (uint32_t)args[0], count = (uint32_t)args[1], len = (uint32_t)args[3];
    uint64_t bytes = 32ull * count + len;
    baals_event event = {.contract = frame->contract, .topic_count = count};
    BL_HOST_TRY(
        bl_host_begin(frame, bytes, bl_gas_per_byte(schedule->event, schedule->event_byte, bytes)));
    BL_HOST_TRY(bl_host_require(frame, !frame->readonly, BAALS_TRAP_READONLY));
    BL_HOST_TRY(bl_host_require(frame, count <= BAALS_EVENT_TOPICS_MAX, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_require(frame, len <= BL_EVENT_DATA_MAX, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_place(frame, topics, 32 * count));
    BL_HOST_TRY(bl_host_input(frame, &event.data, 0, (uint32_t)args[2], len));
    for (uint32_t i = 0; i < count; i++)
        bl_vm_mem_read(instance, event.topics[i].bytes, topics + 32 * i, 32);
    baals_contract_host *host = execution->host;
    baals_status status = host->ops->emit(host, &event, execution->err);
    BL_HOST_TRY(bl_host_require(frame, status != BAALS_LIMIT, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_ok(frame, status));
    bl_trace_event(frame, &event);
    return BAALS_VM_CONTINUE;
}

baals_vm_action
bl_host_log(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    uint32_t level = (uint32_t)args[0], len = (uint32_t)args[2];
    baals_slice text;
    BL_HOST_TRY(bl_host_begin(frame, len, frame->execution->schedule->output_byte * len));
    BL_HOST_TRY(bl_host_require(frame, level <= CALL_LOG_LEVEL_MAX, BAALS_TRAP_ARGUMENT));
    BL_HOST_TRY(bl_host_require(frame, len <= BL_EVENT_DATA_MAX, BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_input(frame, &text, 0, (uint32_t)args[1], len));
    baals_contract_host *host = frame->execution->host;
    if (host->ops->log != NULL)
        host->ops->log(host, &frame->contract, (int32_t)level, text);
    bl_trace_log(frame, level, text);
    return BAALS_VM_CONTINUE;
}
