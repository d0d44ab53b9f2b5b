/* SPDX-License-Identifier: MIT */
/*
 * The engine "wasm" behind ext/contract.h: the interpreter, beside it wasmtime where it is built
 * and runs, one module cache, and for each execution a call stack of frames (frame.c). The
 * outermost checkpoint is taken here, so that an execution that does not end OK leaves nothing
 * behind.
 *
 * An execution that wasmtime failed to run is rolled back and run again, whole, on the interpreter:
 * what one machine's compiler or memory cannot do must never be a verdict. When there is no memory
 * for that either, the transaction is the fault.
 */
#include "contracts/contracts.h"

#include <stdatomic.h>
#include <string.h>

#include "contracts/compile_cost.h"
#include "contracts/frame.h"
#include "contracts/host.h"
#include "contracts/stacks.h"
#include "contracts/trace.h"
#include "contracts/vm_wasmtime.h"

#define ENGINE_CACHE_BYTES_DEFAULT ((size_t)64 * 1024 * 1024)
#define ENGINE_GAS_MAX (1ull << 53)
/* Compiled code cannot be stopped between host calls. A query that may run longer than its deadline
 * is therefore the interpreter's; this is two seconds of the slowest code. */
#define ENGINE_UNWATCHED_GAS_MAX (1ull << 30)

struct engine {
    baals_contract_engine base;
    struct bl_alloc alloc;
    struct bl_env *env;
    baals_vm *vm;
    baals_vm *fast;               /* NULL: the interpreter runs everything */
    struct bl_compiler *compiler; /* with `fast` */
    struct bl_stacks *stacks;     /* with `fast` */
    atomic_uint_fast64_t fast_count;
    atomic_uint_fast64_t fault_count;
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

/* One attempt; leaves nothing behind unless it ends OK. */
static baals_status engine_attempt(const struct engine *self,
                                   baals_execution_result *result_out,
                                   struct bl_execution *execution)
{
    baals_contract_host *host = execution->host;
    baals_execution_result result = {.status = BAALS_RECEIPT_OK,
                                     .trap = BAALS_OK,
                                     .trap_function = UINT32_MAX,
                                     .trap_offset = UINT32_MAX};
    uint32_t checkpoint = host->ops->checkpoint(host);
    baals_status status = engine_run(self, &result, execution);
    if (status == BAALS_OK && result.status == BAALS_RECEIPT_OK)
        host->ops->release(host, checkpoint);
    else
        host->ops->rollback(host, checkpoint);
    BL_TRY(status);
    *result_out = result;
    return BAALS_OK;
}

static bool engine_may_run_fast(const struct engine *self, const baals_execution *params)
{
    return self->fast != NULL && params->tracer == NULL &&
           (params->expired == NULL || params->gas <= ENGINE_UNWATCHED_GAS_MAX);
}

static struct bl_execution engine_execution(const struct engine *self,
                                            const baals_execution *params,
                                            baals_contract_host *host,
                                            baals_error *err)
{
    return (struct bl_execution){
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
}

/* What crosses to the execution thread. */
struct engine_job {
    struct engine *self;
    baals_execution_result *result_out;
    const baals_execution *params;
    baals_contract_host *host;
    baals_error *err;
    baals_status status;
};

/* First with wasmtime, then, if that was at fault, without. */
static void engine_job_run(void *ctx)
{
    struct engine_job *job = ctx;
    struct engine *self = job->self;
    struct bl_execution execution = engine_execution(self, job->params, job->host, job->err);
    execution.fast = self->fast;
    execution.compiler = self->compiler;
    job->status = engine_attempt(self, job->result_out, &execution);
    if (!execution.ran_fast)
        return;
    (void)atomic_fetch_add(&self->fast_count, 1);
    if (job->status != BAALS_INTERNAL_FAULT)
        return;
    (void)atomic_fetch_add(&self->fault_count, 1);
    bl_log(self->env, BL_LOG_WARN, "run again on the interpreter: %s",
           job->err != NULL ? job->err->message : "a fault");
    execution = engine_execution(self, job->params, job->host, job->err);
    job->status = engine_attempt(self, job->result_out, &execution);
    /* Whoever calls such a contract must not be able to hold up every block that is made here. */
    if (job->status == BAALS_NOMEM)
        job->status = bl_fail(job->err, BAALS_INTERNAL_FAULT,
                              "neither wasmtime nor, for want of memory, the interpreter could run "
                              "the contract");
}

static baals_status engine_execute(baals_contract_engine *base,
                                   baals_execution_result *result_out,
                                   const baals_execution *params,
                                   baals_contract_host *host,
                                   baals_error *err)
{
    struct engine *self = engine_of(base);
    if (bl_gas_schedule_get(params->gas_schedule) == NULL ||
        !bl_contract_knows_wasm_limits(params->wasm_limits)) {
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION,
                       "gas schedule %u or WASM limits %u are not known to this version",
                       params->gas_schedule, params->wasm_limits);
    }
    struct engine_job job = {.self = self,
                             .result_out = result_out,
                             .params = params,
                             .host = host,
                             .err = err,
                             .status = BAALS_OK};
    if (engine_may_run_fast(self, params) && bl_stacks_run(self->stacks, engine_job_run, &job))
        return job.status;
    struct bl_execution execution = engine_execution(self, params, host, err);
    if (params->tracer == NULL)
        return engine_attempt(self, result_out, &execution);
    execution.trace = bl_trace_new(self->alloc, params->tracer);
    if (execution.trace == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a trace");
    baals_status status = engine_attempt(self, result_out, &execution);
    bl_trace_free(execution.trace);
    return status;
}

/* ---- lifecycle ---- */

static void engine_close(baals_contract_engine *base)
{
    struct engine *self = engine_of(base);
    struct bl_alloc alloc = self->alloc;
    bl_stacks_free(self->stacks);
    bl_compiler_free(self->compiler);
    bl_cache_free(self->cache);
    bl_vm_close(self->fast);
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

static void engine_report(void *ctx, enum bl_log_level level, const char *message)
{
    struct engine *self = ctx;
    bl_log(self->env, level, "a contract stays on the interpreter: %s", message);
}

/* The interpreter, the cache and what builds modules. */
static baals_status
engine_open(struct engine *self, const struct bl_contract_options *options, baals_error *err)
{
    size_t cache_bytes =
        options->cache_bytes != 0 ? options->cache_bytes : ENGINE_CACHE_BYTES_DEFAULT;
    BL_TRY(bl_vm_new(&self->vm, "interpreter", self->alloc, err));
    BL_TRY(bl_cache_new(&self->cache, self->alloc, cache_bytes, err));
    self->builder = (struct bl_module_builder){.alloc = self->alloc,
                                               .vm = self->vm,
                                               .functions = self->functions,
                                               .function_count = BL_HOST_FUNCTION_COUNT,
                                               .imports = bl_host_imports()};
    return BAALS_OK;
}

/* wasmtime, the thread that compiles and those that run its code. */
static baals_status
engine_open_fast(struct engine *self, const struct bl_contract_options *options, baals_error *err)
{
    struct bl_vm_wasmtime_options wasmtime = {.trap_signals = options->trap_signals,
                                              .instances = options->instances,
                                              .memory_bytes = options->memory_bytes};
    struct bl_compiler_setup setup = {
        .alloc = self->alloc,
        .cache = self->cache,
        .functions = options->fast_functions != NULL ? options->fast_functions : self->functions,
        .function_count = BL_HOST_FUNCTION_COUNT,
        .at_once = options->compile_at_once,
        .cost_max = BL_COMPILE_COST_MAX,
        .report = engine_report,
        .report_ctx = self};
    BL_TRY(bl_vm_wasmtime_new(&self->fast, self->alloc, &wasmtime, err));
    setup.fast = self->fast;
    BL_TRY(bl_compiler_new(&self->compiler, &setup, err));
    return bl_stacks_new(&self->stacks, self->alloc, err);
}

/* What was named, else the fastest there is. */
static baals_status
engine_choose(struct engine *self, const struct bl_contract_options *options, baals_error *err)
{
    if (options->vm == NULL) {
        baals_error why = {.status = BAALS_OK};
        baals_status status = engine_open_fast(self, options, &why);
        if (status != BAALS_UNSUPPORTED)
            return status == BAALS_OK ? BAALS_OK : bl_fail(err, status, "%s", why.message);
        bl_log(self->env, BL_LOG_INFO, "contracts run on the interpreter: %s", why.message);
        return BAALS_OK;
    }
    if (strcmp(options->vm, "interpreter") == 0)
        return BAALS_OK;
    if (strcmp(options->vm, "wasmtime") == 0)
        return engine_open_fast(self, options, err);
    return bl_fail(err, BAALS_UNSUPPORTED, "there is no WASM runtime named %.32s", options->vm);
}

baals_status bl_contract_engine_new(baals_contract_engine **out,
                                    struct bl_env *env,
                                    const struct bl_contract_options *options,
                                    baals_error *err)
{
    struct engine *self = bl_alloc_zero(&env->alloc, 1, sizeof *self);
    if (self == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the contract engine");
    self->base.ops = &engine_ops;
    self->alloc = env->alloc;
    self->env = env;
    bl_host_functions(self->functions);
    baals_status status = engine_open(self, options, err);
    if (status == BAALS_OK)
        status = engine_choose(self, options, err);
    if (status != BAALS_OK) {
        engine_close(&self->base);
        return status;
    }
    *out = &self->base;
    return BAALS_OK;
}

void bl_contract_close(baals_contract_engine *engine)
{
    if (engine != NULL)
        engine->ops->close(engine);
}

void bl_contract_counts(baals_contract_engine *engine, struct bl_contract_counts *out)
{
    struct engine *self = engine_of(engine);
    out->fast = atomic_load(&self->fast_count);
    out->faults = atomic_load(&self->fault_count);
}

void bl_contract_wait_compiled(baals_contract_engine *engine)
{
    struct engine *self = engine_of(engine);
    if (self->compiler != NULL)
        bl_compiler_wait(self->compiler);
}

void bl_contract_run(baals_contract_engine *engine, void (*work)(void *ctx), void *ctx)
{
    struct engine *self = engine->ops == &engine_ops ? engine_of(engine) : NULL;
    if (self == NULL || self->stacks == NULL || !bl_stacks_run(self->stacks, work, ctx))
        work(ctx);
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
