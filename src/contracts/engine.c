/* SPDX-License-Identifier: MIT */
/*
 * The engine "wasm" behind ext/contract.h: one runtime, one module cache, and for each execution a
 * call stack of frames (frame.c). The outermost checkpoint is taken here, so that an execution that
 * does not end OK leaves nothing behind.
 */
#include "contracts/contracts.h"

#include "contracts/frame.h"
#include "contracts/host.h"

#define ENGINE_CACHE_BYTES_DEFAULT ((size_t)64 * 1024 * 1024)
#define ENGINE_GAS_MAX (1ull << 53)

struct engine {
    baals_contract_engine base;
    struct bl_alloc alloc;
    baals_vm *vm;
    struct bl_cache *cache;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
    struct bl_module_builder builder;
};

static const struct baals_contract_engine_ops engine_ops;

static struct engine *engine_of(baals_contract_engine *base)
{
    BL_ASSERT(base->ops == &engine_ops);
    return (struct engine *)base;
}

static baals_status engine_check_code(baals_contract_engine *base,
                                      baals_slice code,
                                      uint32_t gas_schedule,
                                      uint32_t wasm_limits,
                                      baals_error *err)
{
    struct engine *self = engine_of(base);
    struct bl_module_rules rules = {.gas_schedule = gas_schedule, .wasm_limits = wasm_limits};
    return bl_module_check(&self->builder, code, &rules, err);
}

/* ---- executions ---- */

/* The output of a result, which outlives the frame it came from. */
static baals_status engine_keep_output(baals_execution_result *result,
                                       const struct engine *self,
                                       struct bl_frame *frame,
                                       baals_error *err)
{
    bool has_output = result->status == BAALS_RECEIPT_OK || result->status == BAALS_RECEIPT_REVERT;
    if (!has_output || frame->output.len == 0)
        return BAALS_OK;
    struct bl_buffer *kept = bl_alloc_zero(&self->alloc, 1, sizeof *kept);
    if (kept == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a contract's output");
    *kept = frame->output;
    bl_buffer_init(&frame->output, self->alloc, 0);
    result->output = bl_buffer_slice(kept);
    result->memory = kept;
    return BAALS_OK;
}

static void engine_result_release(baals_contract_engine *base, baals_execution_result *result)
{
    struct engine *self = engine_of(base);
    struct bl_buffer *kept = result->memory;
    if (kept == NULL)
        return;
    bl_buffer_deinit(kept);
    bl_alloc_free(&self->alloc, kept, sizeof *kept);
    result->memory = NULL;
    result->output = bl_slice(NULL, 0);
}

static baals_status engine_run(const struct engine *self,
                               baals_execution_result *result,
                               struct bl_execution *execution)
{
    const baals_execution *params = execution->params;
    struct bl_frame *frame = bl_frame_new(execution, NULL);
    if (frame == NULL)
        return bl_fail(execution->err, BAALS_NOMEM, "no memory for an execution");
    frame->contract = params->contract;
    frame->caller = params->caller;
    frame->value = params->value;
    frame->readonly = params->readonly != 0;
    frame->input = params->has_args ? params->args : bl_slice(NULL, 0);
    struct bl_entry entry = {.kind = params->entry,
                             .method = params->method,
                             .has_args = params->has_args != 0,
                             .gas = params->gas,
                             .stack = BL_STACK_BUDGET};
    struct bl_frame_end end = {.status = BAALS_RECEIPT_OK};
    baals_status status = bl_frame_run(frame, &end, &entry);
    if (status == BAALS_OK) {
        BL_ASSERT(end.gas_used <= params->gas);
        result->status = end.status;
        result->gas_used = end.gas_used;
        result->revert_code = frame->revert_code;
        result->trap = frame->trap.status;
        result->trap_contract = frame->contract;
        result->trap_function = frame->trap.function_index;
        result->trap_offset = frame->trap.offset;
        status = engine_keep_output(result, self, frame, execution->err);
    }
    bl_frame_free(frame);
    return status;
}

static baals_status engine_execute(baals_contract_engine *base,
                                   baals_execution_result *result_out,
                                   const baals_execution *params,
                                   baals_contract_host *host,
                                   baals_error *err)
{
    struct engine *self = engine_of(base);
    struct bl_execution execution = {
        .alloc = self->alloc,
        .vm = self->vm,
        .cache = self->cache,
        .builder = &self->builder,
        .schedule = bl_gas_schedule_get(params->gas_schedule),
        .params = params,
        .host = host,
        .fault = BAALS_OK,
        .err = err,
    };
    if (execution.schedule == NULL || !bl_contract_knows_wasm_limits(params->wasm_limits)) {
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION,
                       "gas schedule %u or WASM limits %u are not known to this version",
                       params->gas_schedule, params->wasm_limits);
    }
    baals_execution_result result = {.status = BAALS_RECEIPT_OK,
                                     .trap = BAALS_OK,
                                     .trap_function = UINT32_MAX,
                                     .trap_offset = UINT32_MAX};
    uint32_t checkpoint = host->ops->checkpoint(host);
    baals_status status = engine_run(self, &result, &execution);
    if (status == BAALS_OK && result.status == BAALS_RECEIPT_OK)
        host->ops->release(host, checkpoint);
    else
        host->ops->rollback(host, checkpoint);
    BL_TRY(status);
    *result_out = result;
    return BAALS_OK;
}

/* ---- lifecycle ---- */

static void engine_close(baals_contract_engine *base)
{
    struct engine *self = engine_of(base);
    struct bl_alloc alloc = self->alloc;
    bl_cache_free(self->cache);
    bl_vm_close(self->vm);
    bl_alloc_free(&alloc, self, sizeof *self);
}

static const struct baals_contract_engine_ops engine_ops = {
    .version = BAALS_CONTRACT_ENGINE_OPS_VERSION,
    .name = "wasm",
    .check_code = engine_check_code,
    .execute = engine_execute,
    .result_release = engine_result_release,
    .close = engine_close,
};

baals_status bl_contract_engine_new(baals_contract_engine **out,
                                    struct bl_env *env,
                                    const struct bl_contract_options *options,
                                    baals_error *err)
{
    const char *vm = options->vm != NULL ? options->vm : "interpreter";
    size_t cache_bytes =
        options->cache_bytes != 0 ? options->cache_bytes : ENGINE_CACHE_BYTES_DEFAULT;
    struct engine *self = bl_alloc_zero(&env->alloc, 1, sizeof *self);
    if (self == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the contract engine");
    self->base.ops = &engine_ops;
    self->alloc = env->alloc;
    bl_host_functions(self->functions);
    baals_status status = bl_vm_new(&self->vm, vm, self->alloc, err);
    if (status == BAALS_OK)
        status = bl_cache_new(&self->cache, self->alloc, cache_bytes, err);
    if (status != BAALS_OK) {
        engine_close(&self->base);
        return status;
    }
    self->builder = (struct bl_module_builder){.alloc = self->alloc,
                                               .vm = self->vm,
                                               .functions = self->functions,
                                               .function_count = BL_HOST_FUNCTION_COUNT,
                                               .imports = bl_host_imports()};
    *out = &self->base;
    return BAALS_OK;
}

void bl_contract_close(baals_contract_engine *engine)
{
    if (engine != NULL)
        engine->ops->close(engine);
}

/* ---- wrappers ---- */

baals_status bl_contract_check_code(baals_contract_engine *engine,
                                    baals_slice code,
                                    uint32_t gas_schedule,
                                    uint32_t wasm_limits,
                                    baals_error *err)
{
    BL_ASSERT(engine->ops->version == BAALS_CONTRACT_ENGINE_OPS_VERSION);
    return engine->ops->check_code(engine, code, gas_schedule, wasm_limits, err);
}

baals_status bl_contract_execute(baals_contract_engine *engine,
                                 baals_execution_result *result_out,
                                 const baals_execution *execution,
                                 baals_contract_host *host,
                                 baals_error *err)
{
    BL_ASSERT(engine->ops->version == BAALS_CONTRACT_ENGINE_OPS_VERSION);
    BL_ASSERT(host->ops->version == BAALS_CONTRACT_HOST_OPS_VERSION);
    BL_ASSERT(execution->gas <= ENGINE_GAS_MAX);
    baals_status status = engine->ops->execute(engine, result_out, execution, host, err);
    BL_ASSERT(BAALS_STATUS_CLASS(status) != BAALS_CLASS_REJECT &&
              BAALS_STATUS_CLASS(status) != BAALS_CLASS_TRAP);
    BL_ASSERT(status != BAALS_OK || result_out->gas_used <= execution->gas);
    return status;
}

void bl_contract_result_release(baals_contract_engine *engine, baals_execution_result *result)
{
    engine->ops->result_release(engine, result);
}

uint64_t bl_contract_deploy_gas(uint32_t gas_schedule, size_t code_len)
{
    const struct bl_gas_schedule *schedule = bl_gas_schedule_get(gas_schedule);
    BL_ASSERT(schedule != NULL && code_len <= BL_TX_BYTES_MAX);
    return schedule->deploy_byte * code_len;
}

bool bl_contract_knows_gas_schedule(uint32_t version)
{
    return bl_gas_schedule_get(version) != NULL;
}

bool bl_contract_knows_wasm_limits(uint32_t version)
{
    return bl_wasm_limits_get(version, BL_WASM_INPUT) != NULL;
}
