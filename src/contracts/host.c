/* SPDX-License-Identifier: MIT */
/*
 * Host functions: the table, what they share, and those about input, output, identity and the
 * block. Storage is in host_storage.c, calls and events in host_call.c, money and code in
 * host_code.c, cryptography in host_crypto.c, WASI in host_wasi.c.
 *
 * Every function goes through the steps of docs/spec/contracts.md 4 in that order: charge,
 * arguments, READONLY, limits, pointers, work. Lengths are 32-bit numbers of the contract and sums
 * of them are 64-bit, so nothing wraps.
 */
#include "contracts/host.h"

#include <string.h>

/* The deadline of a query is looked at once per so many host calls. */
#define HOST_DEADLINE_INTERVAL 64u

/* The functions of version 1 stand first, so that its table is the beginning of the other. */
static const struct bl_wasm_import_spec host_specs[BL_HOST_FUNCTION_COUNT] = {
#define HOST_SPEC(name_, signature_) {.module = "baals1", .name = #name_, .signature = signature_},
#define HOST_WASI_SPEC(name_, signature_, function)                                                \
    {.module = "wasi_snapshot_preview1", .name = #name_, .signature = signature_},
    BL_HOST_FUNCTION_MAP(HOST_SPEC) BL_HOST_FUNCTION_MAP_2(HOST_SPEC)
        BL_WASI_FUNCTION_MAP(HOST_WASI_SPEC)
#undef HOST_SPEC
#undef HOST_WASI_SPEC
};
static const struct bl_wasm_imports host_imports[] = {
    {.specs = host_specs, .count = BL_HOST_FUNCTION_COUNT_1},
    {.specs = host_specs, .count = BL_HOST_FUNCTION_COUNT},
};
static const baals_vm_host_call host_calls[BL_HOST_FUNCTION_COUNT] = {
#define HOST_CALL(name, signature) bl_host_##name,
#define HOST_WASI_CALL(name, signature, function) bl_wasi_##function,
    BL_HOST_FUNCTION_MAP(HOST_CALL) BL_HOST_FUNCTION_MAP_2(HOST_CALL)
        BL_WASI_FUNCTION_MAP(HOST_WASI_CALL)
#undef HOST_CALL
#undef HOST_WASI_CALL
};

const struct bl_wasm_imports *bl_host_imports(void)
{
    return host_imports;
}

static baals_vm_type host_type(char letter)
{
    if (letter == '\0')
        return BAALS_VM_NONE;
    return letter == 'l' ? BAALS_VM_I64 : BAALS_VM_I32;
}

void bl_host_functions(baals_vm_host_function *functions)
{
    for (size_t i = 0; i < BL_HOST_FUNCTION_COUNT; i++) {
        const struct bl_wasm_import_spec *spec = &host_specs[i];
        baals_vm_host_function *function = &functions[i];
        *function = (baals_vm_host_function){
            .module = spec->module, .name = spec->name, .call = host_calls[i]};
        const char *letter = spec->signature;
        for (; *letter != ':'; letter++) {
            BL_ASSERT(function->param_count < BAALS_VM_HOST_PARAMS_MAX);
            function->params[function->param_count++] = host_type(*letter);
        }
        function->result = host_type(letter[1]);
    }
}

/* ---- what the functions are made of ---- */

bool bl_host_require(struct bl_frame *frame, bool condition, baals_status trap)
{
    if (!condition)
        frame->trap.status = trap;
    return condition;
}

bool bl_host_charge(struct bl_frame *frame, uint64_t cost)
{
    int64_t gas = bl_vm_gas_get(frame->instance);
    BL_ASSERT(gas >= 0);
    if (!bl_host_require(frame, cost <= (uint64_t)gas, BAALS_TRAP_GAS)) {
        bl_vm_gas_set(frame->instance, -1);
        return false;
    }
    bl_vm_gas_set(frame->instance, gas - (int64_t)cost);
    return true;
}

bool bl_host_begin(struct bl_frame *frame, uint64_t bytes, uint64_t own)
{
    struct bl_execution *execution = frame->execution;
    if (execution->host_calls++ % HOST_DEADLINE_INTERVAL == 0 && bl_execution_expired(execution))
        return false;
    const struct bl_gas_schedule *schedule = execution->schedule;
    uint64_t base = schedule->host_call + bl_gas_units(bytes, schedule->host_bytes);
    return bl_host_charge(frame, base + own);
}

bool bl_host_ok(struct bl_frame *frame, baals_status status)
{
    if (status != BAALS_OK)
        frame->execution->fault = status;
    return status == BAALS_OK;
}

bool bl_host_place(struct bl_frame *frame, uint32_t pointer, uint32_t len)
{
    return bl_host_require(frame, bl_vm_mem_inside(frame->instance, pointer, len),
                           BAALS_TRAP_POINTER);
}

bool bl_host_input(
    struct bl_frame *frame, baals_slice *out, uint32_t slot, uint32_t pointer, uint32_t len)
{
    BL_ASSERT(slot < BL_HOST_INPUTS_MAX);
    if (!bl_host_place(frame, pointer, len))
        return false;
    return bl_host_ok(frame, bl_vm_mem_slice(out, frame->instance, &frame->inputs[slot], pointer,
                                             len, frame->execution->err));
}

bool bl_host_address(struct bl_frame *frame, baals_address *out, uint32_t pointer)
{
    if (!bl_host_place(frame, pointer, sizeof out->bytes))
        return false;
    bl_vm_mem_read(frame->instance, out->bytes, pointer, sizeof out->bytes);
    return true;
}

bool bl_host_hash(struct bl_frame *frame, baals_hash *out, uint32_t pointer)
{
    if (!bl_host_place(frame, pointer, sizeof out->bytes))
        return false;
    bl_vm_mem_read(frame->instance, out->bytes, pointer, sizeof out->bytes);
    return true;
}

void bl_host_write(struct bl_frame *frame, uint32_t pointer, baals_slice data)
{
    bl_vm_mem_write(frame->instance, pointer, data);
}

baals_vm_action bl_host_copy_range(struct bl_frame *frame, baals_slice source, const uint64_t *args)
{
    uint32_t dst = (uint32_t)args[0], off = (uint32_t)args[1], len = (uint32_t)args[2];
    BL_HOST_TRY(bl_host_begin(frame, len, 0));
    BL_HOST_TRY(bl_host_require(frame, (uint64_t)off + len <= source.len, BAALS_TRAP_ARGUMENT));
    BL_HOST_TRY(bl_host_place(frame, dst, len));
    if (len > 0)
        bl_host_write(frame, dst, bl_slice(source.data + off, len));
    return BAALS_VM_CONTINUE;
}

/* ---- input and output ---- */

baals_vm_action bl_host_input_len(void *ctx,
                                  baals_vm_instance *instance,
                                  uint64_t *result_out,
                                  const uint64_t *args)
{
    (void)instance;
    (void)args;
    struct bl_frame *frame = ctx;
    BL_HOST_TRY(bl_host_begin(frame, 0, 0));
    *result_out = frame->input.len;
    return BAALS_VM_CONTINUE;
}

baals_vm_action bl_host_input_read(void *ctx,
                                   baals_vm_instance *instance,
                                   uint64_t *result_out,
                                   const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    return bl_host_copy_range(frame, frame->input, args);
}

uint32_t bl_host_output_max(const struct bl_frame *frame)
{
    return frame->parent == NULL ? BL_RECEIPT_OUTPUT_MAX : BL_CALL_BYTES_MAX;
}

/* The whole of output and revert but for the code. */
static baals_vm_action host_finish(struct bl_frame *frame, uint32_t pointer, uint32_t len)
{
    const struct bl_execution *execution = frame->execution;
    baals_slice data;
    BL_HOST_TRY(bl_host_begin(frame, len, execution->schedule->output_byte * len));
    BL_HOST_TRY(bl_host_require(frame, len <= bl_host_output_max(frame), BAALS_TRAP_LIMIT));
    BL_HOST_TRY(bl_host_input(frame, &data, 0, pointer, len));
    bl_buffer_clear(&frame->output);
    bl_buffer_append(&frame->output, data.data, data.len);
    BL_HOST_TRY(bl_host_ok(frame, bl_buffer_status(&frame->output, execution->err)));
    return BAALS_VM_EXIT;
}

baals_vm_action
bl_host_output(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    return host_finish(ctx, (uint32_t)args[0], (uint32_t)args[1]);
}

baals_vm_action
bl_host_revert(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    baals_vm_action action = host_finish(frame, (uint32_t)args[1], (uint32_t)args[2]);
    if (action == BAALS_VM_EXIT) {
        frame->reverted = true;
        frame->revert_code = (uint32_t)args[0];
    }
    return action;
}

/* ---- identity and block ---- */

/* The whole of the functions that write 32 bytes they know. */
static baals_vm_action
host_put_32(struct bl_frame *frame, const uint8_t bytes[32], const uint64_t *args)
{
    uint32_t dst = (uint32_t)args[0];
    BL_HOST_TRY(bl_host_begin(frame, 32, 0));
    BL_HOST_TRY(bl_host_place(frame, dst, 32));
    bl_host_write(frame, dst, bl_slice(bytes, 32));
    return BAALS_VM_CONTINUE;
}

/* The whole of the functions that return a number they know. */
static baals_vm_action
host_put_number(struct bl_frame *frame, uint64_t *result_out, uint64_t number)
{
    BL_HOST_TRY(bl_host_begin(frame, 0, 0));
    *result_out = number;
    return BAALS_VM_CONTINUE;
}

baals_vm_action
bl_host_self(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    return host_put_32(frame, frame->contract.bytes, args);
}

baals_vm_action
bl_host_caller(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    return host_put_32(frame, frame->caller.bytes, args);
}

baals_vm_action
bl_host_origin(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    return host_put_32(frame, frame->execution->params->origin.bytes, args);
}

baals_vm_action
bl_host_chain_id(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    return host_put_32(frame, frame->execution->params->chain_id.bytes, args);
}

baals_vm_action
bl_host_tx_id(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)result_out;
    struct bl_frame *frame = ctx;
    return host_put_32(frame, frame->execution->params->tx_id.bytes, args);
}

baals_vm_action
bl_host_value(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    (void)args;
    struct bl_frame *frame = ctx;
    return host_put_number(frame, result_out, frame->value.units);
}

baals_vm_action bl_host_block_index(void *ctx,
                                    baals_vm_instance *instance,
                                    uint64_t *result_out,
                                    const uint64_t *args)
{
    (void)instance;
    (void)args;
    struct bl_frame *frame = ctx;
    return host_put_number(frame, result_out, frame->execution->params->block_index);
}

baals_vm_action bl_host_block_time_ms(void *ctx,
                                      baals_vm_instance *instance,
                                      uint64_t *result_out,
                                      const uint64_t *args)
{
    (void)instance;
    (void)args;
    struct bl_frame *frame = ctx;
    return host_put_number(frame, result_out, frame->execution->params->block_time_ms);
}

baals_vm_action
bl_host_gas_left(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)args;
    struct bl_frame *frame = ctx;
    BL_HOST_TRY(bl_host_begin(frame, 0, 0));
    *result_out = (uint64_t)bl_vm_gas_get(instance);
    return BAALS_VM_CONTINUE;
}

baals_vm_action
bl_host_balance(void *ctx, baals_vm_instance *instance, uint64_t *result_out, const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    struct bl_execution *execution = frame->execution;
    baals_address address;
    baals_amount amount;
    BL_HOST_TRY(bl_host_begin(frame, sizeof address.bytes, execution->schedule->balance));
    BL_HOST_TRY(bl_host_address(frame, &address, (uint32_t)args[0]));
    baals_contract_host *host = execution->host;
    BL_HOST_TRY(bl_host_ok(frame, host->ops->balance(host, &amount, &address, execution->err)));
    *result_out = amount.units;
    return BAALS_VM_CONTINUE;
}

baals_vm_action bl_host_code_hash(void *ctx,
                                  baals_vm_instance *instance,
                                  uint64_t *result_out,
                                  const uint64_t *args)
{
    (void)instance;
    struct bl_frame *frame = ctx;
    struct bl_execution *execution = frame->execution;
    uint32_t dst = (uint32_t)args[1];
    baals_address address;
    baals_hash hash;
    BL_HOST_TRY(bl_host_begin(frame, 64, execution->schedule->code_hash));
    BL_HOST_TRY(bl_host_address(frame, &address, (uint32_t)args[0]));
    BL_HOST_TRY(bl_host_place(frame, dst, sizeof hash.bytes));
    baals_contract_host *host = execution->host;
    baals_status status = host->ops->code_hash(host, &hash, &address, execution->err);
    *result_out = 0;
    if (status == BAALS_NOTFOUND)
        return BAALS_VM_CONTINUE;
    BL_HOST_TRY(bl_host_ok(frame, status));
    bl_host_write(frame, dst, bl_slice(hash.bytes, sizeof hash.bytes));
    *result_out = 1;
    return BAALS_VM_CONTINUE;
}
