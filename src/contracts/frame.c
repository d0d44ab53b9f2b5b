/* SPDX-License-Identifier: MIT */
/*
 * Entering a contract, and contracts entering each other. The order of charges and checks here is
 * the one of docs/spec/contracts.md sections 2 and 3; each step names what it may end with.
 *
 * A local failure anywhere below becomes the returned status; the host function that met it leaves
 * it in execution->fault and traps, so that every frame on the way unwinds.
 */
#include "contracts/frame.h"

#include <string.h>

#include "contracts/trace.h"

struct bl_frame *bl_frame_new(struct bl_execution *execution, struct bl_frame *parent)
{
    struct bl_frame *frame = bl_alloc_zero(&execution->alloc, 1, sizeof *frame);
    if (frame == NULL)
        return NULL;
    frame->execution = execution;
    frame->parent = parent;
    frame->depth = parent == NULL ? 1 : parent->depth + 1;
    frame->trap =
        (baals_vm_trap){.status = BAALS_OK, .function_index = UINT32_MAX, .offset = UINT32_MAX};
    bl_buffer_init(&frame->output, execution->alloc, BL_CALL_BYTES_MAX);
    bl_buffer_init(&frame->result, execution->alloc, BL_CALL_BYTES_MAX);
    for (size_t i = 0; i < BL_HOST_INPUTS_MAX; i++)
        bl_buffer_init(&frame->inputs[i], execution->alloc, UINT32_MAX);
    return frame;
}

void bl_frame_free(struct bl_frame *frame)
{
    if (frame == NULL)
        return;
    struct bl_alloc alloc = frame->execution->alloc;
    bl_vm_destroy(frame->instance);
    bl_buffer_deinit(&frame->output);
    bl_buffer_deinit(&frame->result);
    for (size_t i = 0; i < BL_HOST_INPUTS_MAX; i++)
        bl_buffer_deinit(&frame->inputs[i]);
    bl_alloc_free(&alloc, frame, sizeof *frame);
}

bool bl_execution_expired(struct bl_execution *execution)
{
    const baals_execution *params = execution->params;
    if (params->expired == NULL || params->expired(params->expired_ctx) != 1)
        return false;
    execution->fault = bl_fail(execution->err, BAALS_BUSY_TIMEOUT, "the query took too long");
    return true;
}

static baals_receipt_status frame_status_of_trap(baals_status trap)
{
    if (trap == BAALS_TRAP_GAS)
        return BAALS_RECEIPT_OUT_OF_GAS;
    if (trap == BAALS_TRAP_STACK)
        return BAALS_RECEIPT_OUT_OF_STACK;
    if (trap == BAALS_TRAP_LIMIT)
        return BAALS_RECEIPT_LIMIT;
    return BAALS_RECEIPT_TRAP;
}

/* Ends the frame before its contract runs. */
static baals_status
frame_refuse(struct bl_frame_end *end_out, baals_receipt_status status, uint64_t gas_used)
{
    *end_out = (struct bl_frame_end){.status = status, .gas_used = gas_used};
    return BAALS_OK;
}

/* The prepared module of `hash` from the cache, else prepared now. The charge for loading is the
 * same either way, so it is left to the caller: *code_out is empty when it came from the cache. */
static baals_status frame_find_code(struct bl_module **module_out,
                                    baals_slice *code_out,
                                    struct bl_execution *execution,
                                    const struct bl_module_key *key)
{
    *module_out = bl_cache_get(execution->cache, key);
    if (*module_out != NULL) {
        *code_out = bl_slice(NULL, 0);
        return BAALS_OK;
    }
    baals_contract_host *host = execution->host;
    return host->ops->code(host, code_out, &key->code_hash, execution->err);
}

/* The runtime's look at a query's deadline. */
static int32_t frame_expired(void *ctx)
{
    return bl_execution_expired(ctx) ? 1 : 0;
}

/* Calls one exported function. *returned_out: it came back, and the next one may run. */
static baals_status frame_step(struct bl_frame *frame,
                               bool *returned_out,
                               struct bl_frame_end *end_out,
                               baals_slice name)
{
    struct bl_execution *execution = frame->execution;
    baals_vm_trap trap = {.status = BAALS_OK};
    *returned_out = false;
    switch (bl_vm_call(frame->instance, name, &trap, execution->err)) {
    case BAALS_VM_END_OK:
        *returned_out = true;
        end_out->status = BAALS_RECEIPT_OK;
        return BAALS_OK;
    case BAALS_VM_END_EXIT:
        end_out->status = frame->reverted ? BAALS_RECEIPT_REVERT : BAALS_RECEIPT_OK;
        if (frame->reverted)
            frame->trap.status = BAALS_TRAP_REVERT;
        return BAALS_OK;
    case BAALS_VM_END_TRAP:
        break;
    case BAALS_VM_END_FAULT:
    case BAALS_VM_END_FORCE_INT:
        if (execution->fault != BAALS_OK)
            return execution->fault;
        return bl_fail_context(execution->err, BAALS_INTERNAL_FAULT, "contract runtime");
    }
    if (execution->fault != BAALS_OK)
        return execution->fault;
    if (bl_vm_gas_get(frame->instance) == BL_WASM_GAS_FAULT)
        return bl_fail(execution->err, BAALS_INTERNAL_FAULT, "no memory for a contract");
    /* A host function knows its cause better than the runtime. */
    if (frame->trap.status == BAALS_OK)
        frame->trap.status = trap.status;
    frame->trap.function_index = trap.function_index;
    frame->trap.offset = trap.offset;
    end_out->status = frame_status_of_trap(frame->trap.status);
    return BAALS_OK;
}

/* A fresh instance in the fast runtime where the module is compiled for it; else in the reference,
 * after asking for the compilation. Which of them it is changes no result and no gas. */
static baals_status frame_instantiate(struct bl_frame *frame, struct bl_module *module)
{
    struct bl_execution *execution = frame->execution;
    if (execution->fast != NULL) {
        bl_compiler_request(execution->compiler, module);
        baals_vm_module *compiled = bl_module_fast(module);
        if (compiled != NULL) {
            execution->ran_fast = true;
            return bl_vm_instantiate(execution->fast, &frame->instance, compiled, frame,
                                     execution->err);
        }
    }
    return bl_vm_instantiate(execution->vm, &frame->instance, module->compiled, frame,
                             execution->err);
}

/* Runs start function, `_initialize` and the entry in a fresh instance with `left` gas. */
static baals_status frame_execute(struct bl_frame *frame,
                                  struct bl_frame_end *end_out,
                                  struct bl_module *module,
                                  baals_slice entry_name,
                                  uint64_t left,
                                  int32_t stack)
{
    struct bl_execution *execution = frame->execution;
    BL_TRY(frame_instantiate(frame, module));
    if (execution->trace != NULL)
        bl_trace_attach(frame, module, left);
    if (execution->params->expired != NULL)
        bl_vm_watch(frame->instance, frame_expired, execution);
    bl_vm_gas_set(frame->instance, (int64_t)left);
    bl_vm_stack_set(frame->instance, stack);

    baals_slice initialize = bl_slice_str("_initialize");
    baals_slice steps[3];
    size_t step_count = 0;
    if (module->has_start)
        steps[step_count++] = bl_slice_str(BL_WASM_EXPORT_START);
    if (bl_module_has_entry(module, initialize))
        steps[step_count++] = initialize;
    steps[step_count++] = entry_name;

    bool returned = true;
    for (size_t i = 0; i < step_count && returned; i++)
        BL_TRY(frame_step(frame, &returned, end_out, steps[i]));
    int64_t gas = bl_vm_gas_get(frame->instance);
    uint64_t unspent = end_out->status == BAALS_RECEIPT_OUT_OF_GAS ? 0 : (uint64_t)gas;
    BL_ASSERT(unspent <= left);
    end_out->gas_used = left - unspent;
    return BAALS_OK;
}

/* The name of the export to run. False: the frame ends with *status_out. */
static bool frame_entry_name(baals_slice *name_out,
                             baals_receipt_status *status_out,
                             const struct bl_module *module,
                             const struct bl_entry *entry)
{
    baals_slice name = entry->method;
    bool valid = true;
    if (entry->kind == BAALS_ENTRY_INIT)
        name = bl_slice_str("init");
    else if (entry->kind == BAALS_ENTRY_MIGRATE)
        name = bl_slice_str("migrate");
    else if (entry->kind == BAALS_ENTRY_RECEIVE)
        name = bl_slice_str("receive");
    else if (bl_module_is_command(module) && bl_slice_equal(name, bl_slice_str("main")))
        name = bl_slice_str("_start");
    else
        valid = bl_module_method_name_valid(name);
    if (valid && bl_module_has_entry(module, name)) {
        *name_out = name;
        return true;
    }
    bool optional = entry->kind == BAALS_ENTRY_INIT || entry->kind == BAALS_ENTRY_MIGRATE;
    *status_out = optional && !entry->has_args ? BAALS_RECEIPT_OK : BAALS_RECEIPT_NO_METHOD;
    return false;
}

/* Steps 4 to 7: what follows once the module is at hand. `spent` was charged before. */
static baals_status frame_enter(struct bl_frame *frame,
                                struct bl_frame_end *end_out,
                                struct bl_module *module,
                                const struct bl_entry *entry,
                                uint64_t spent)
{
    const struct bl_gas_schedule *schedule = frame->execution->schedule;
    baals_slice name;
    baals_receipt_status status = BAALS_RECEIPT_OK;
    if (!frame_entry_name(&name, &status, module, entry)) {
        if (status != BAALS_RECEIPT_OK)
            frame->trap.status = BAALS_TRAP_NO_METHOD;
        return frame_refuse(end_out, status, spent);
    }
    uint64_t instance = bl_gas_instance(schedule, module->memory_pages, module->active_data_bytes);
    if (instance > entry->gas - spent) {
        frame->trap.status = BAALS_TRAP_GAS;
        return frame_refuse(end_out, BAALS_RECEIPT_OUT_OF_GAS, entry->gas);
    }
    spent += instance;
    struct bl_frame_end end = {.status = BAALS_RECEIPT_OK};
    BL_TRY(frame_execute(frame, &end, module, name, entry->gas - spent, entry->stack));
    end.gas_used += spent;
    *end_out = end;
    return BAALS_OK;
}

/* From the look-up of the code to the end. */
static baals_status
frame_run(struct bl_frame *frame, struct bl_frame_end *end_out, const struct bl_entry *entry)
{
    struct bl_execution *execution = frame->execution;
    baals_contract_host *host = execution->host;
    frame->kind = entry->kind;
    struct bl_module_key key = {.rules = {.gas_schedule = execution->params->gas_schedule,
                                          .wasm_limits = execution->params->wasm_limits}};
    baals_status status =
        host->ops->code_hash(host, &key.code_hash, &frame->contract, execution->err);
    if (status == BAALS_NOTFOUND) {
        frame->trap.status = BAALS_TRAP_NO_CONTRACT;
        return frame_refuse(end_out, BAALS_RECEIPT_NO_CONTRACT, 0);
    }
    BL_TRY(status);
    struct bl_module *module = NULL;
    baals_slice code;
    BL_TRY(frame_find_code(&module, &code, execution, &key));
    uint64_t code_len = module != NULL ? module->code_len : code.len;
    uint64_t load =
        execution->schedule->load + bl_gas_units(code_len, execution->schedule->load_bytes);
    if (load > entry->gas) {
        bl_cache_release(execution->cache, module);
        frame->trap.status = BAALS_TRAP_GAS;
        return frame_refuse(end_out, BAALS_RECEIPT_OUT_OF_GAS, entry->gas);
    }
    if (module == NULL) {
        status = bl_module_new(&module, execution->builder, code, &key, execution->err);
        if (BAALS_STATUS_CLASS(status) == BAALS_CLASS_REJECT)
            return frame_refuse(end_out, BAALS_RECEIPT_BAD_CODE, load);
        BL_TRY(status);
        module = bl_cache_put(execution->cache, module);
    }
    status = frame_enter(frame, end_out, module, entry, load);
    if (execution->trace != NULL)
        bl_trace_places(frame, module);
    bl_vm_destroy(frame->instance);
    frame->instance = NULL;
    bl_cache_release(execution->cache, module);
    return status;
}

baals_status
bl_frame_run(struct bl_frame *frame, struct bl_frame_end *end_out, const struct bl_entry *entry)
{
    if (frame->execution->trace == NULL)
        return frame_run(frame, end_out, entry);
    bl_trace_enter(frame, entry);
    BL_TRY(frame_run(frame, end_out, entry));
    bl_trace_leave(frame, end_out);
    return BAALS_OK;
}

/* ---- calls between contracts ---- */

static bool frame_on_stack(const struct bl_frame *frame, const baals_address *contract)
{
    while (frame != NULL && !bl_address_equal(&frame->contract, contract))
        frame = frame->parent;
    return frame != NULL;
}

baals_status
bl_frame_check_call(const struct bl_frame *caller, uint32_t *result_out, const struct bl_call *call)
{
    baals_contract_host *host = caller->execution->host;
    baals_error *err = caller->execution->err;
    *result_out = BAALS_RECEIPT_OK;
    if (caller->depth >= BL_CALL_DEPTH_MAX) {
        *result_out = BAALS_RECEIPT_LIMIT;
        return BAALS_OK;
    }
    if (frame_on_stack(caller, &call->contract)) {
        *result_out = BAALS_RECEIPT_REENTRY;
        return BAALS_OK;
    }
    baals_hash code_hash;
    baals_status status = host->ops->code_hash(host, &code_hash, &call->contract, err);
    if (status == BAALS_NOTFOUND) {
        *result_out = BAALS_RECEIPT_NO_CONTRACT;
        return BAALS_OK;
    }
    BL_TRY(status);
    if (call->value.units == 0)
        return BAALS_OK;
    baals_amount balance;
    BL_TRY(host->ops->balance(host, &balance, &caller->contract, err));
    if (balance.units < call->value.units)
        *result_out = BL_CALL_INSUFFICIENT_FUNDS;
    return BAALS_OK;
}

baals_status
bl_frame_move_value(const struct bl_frame *frame, const baals_address *to, baals_amount amount)
{
    if (amount.units == 0)
        return BAALS_OK;
    baals_contract_host *host = frame->execution->host;
    int32_t moved = 0;
    BL_TRY(host->ops->transfer(host, &moved, &frame->contract, to, amount, frame->execution->err));
    BL_ASSERT(moved == 1);
    return BAALS_OK;
}

/* Gives the contract its new code; a new contract's creator is the caller. */
static baals_status frame_set_code(const struct bl_frame *caller, const struct bl_call *call)
{
    if (call->code == NULL)
        return BAALS_OK;
    baals_contract_host *host = caller->execution->host;
    return host->ops->code_set(host, &call->contract, call->code,
                               call->kind == BAALS_ENTRY_INIT ? &caller->contract : NULL,
                               caller->execution->err);
}

/* Fills in and runs the new frame; its output becomes the caller's last result. */
static baals_status
frame_run_call(struct bl_frame *frame, struct bl_frame_end *end_out, const struct bl_call *call)
{
    struct bl_frame *caller = frame->parent;
    frame->contract = call->contract;
    frame->caller = caller->contract;
    frame->value = call->value;
    frame->input = call->args;
    frame->readonly = caller->readonly || call->readonly;
    struct bl_entry entry = {.kind = call->kind,
                             .method = call->method,
                             .has_args = call->kind == BAALS_ENTRY_METHOD || call->args.len > 0,
                             .gas = call->gas,
                             .stack = bl_vm_stack_get(caller->instance)};
    BL_TRY(frame_set_code(caller, call));
    BL_TRY(bl_frame_move_value(caller, &call->contract, call->value));
    BL_TRY(bl_frame_run(frame, end_out, &entry));
    if (end_out->status == BAALS_RECEIPT_OK || end_out->status == BAALS_RECEIPT_REVERT) {
        struct bl_buffer last = caller->result;
        caller->result = frame->output;
        frame->output = last;
    }
    return BAALS_OK;
}

baals_status bl_frame_call(struct bl_frame *caller,
                           uint32_t *result_out,
                           uint64_t *gas_used_out,
                           const struct bl_call *call)
{
    struct bl_execution *execution = caller->execution;
    baals_contract_host *host = execution->host;
    BL_ASSERT(caller->depth < BL_CALL_DEPTH_MAX && caller->result.len == 0);
    struct bl_frame *frame = bl_frame_new(execution, caller);
    if (frame == NULL)
        return bl_fail(execution->err, BAALS_NOMEM, "no memory for a call between contracts");
    struct bl_frame_end end = {.status = BAALS_RECEIPT_OK};
    uint32_t checkpoint = host->ops->checkpoint(host);
    baals_status status = frame_run_call(frame, &end, call);
    if (status == BAALS_OK && end.status == BAALS_RECEIPT_OK)
        host->ops->release(host, checkpoint);
    else
        host->ops->rollback(host, checkpoint);
    bl_frame_free(frame);
    BL_TRY(status);
    BL_ASSERT(end.gas_used <= call->gas);
    *result_out = (uint32_t)end.status;
    *gas_used_out = end.gas_used;
    return BAALS_OK;
}
