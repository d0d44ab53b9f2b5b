/* SPDX-License-Identifier: MIT */
/*
 * wasmtime as a runtime: Cranelift's code for instrumented modules. A module is compiled and its
 * imports are resolved once (wasmtime's "instance pre"); each call of a contract gets a store and
 * an instance of its own, so that nothing is left over from the last one.
 *
 * The counters are the module's exported globals, the memory its exported memory. Host functions
 * are called unchecked, with the values in one array. What wasmtime reports that is not a trap of
 * the WebAssembly specification is a fault: its own stack overflow, a refused compilation, memory
 * that cannot be had. A fault never becomes a verdict (docs/internals/wasmtime.md).
 */
#include "contracts/vm_wasmtime.h"

#include <string.h>
#include <wasmtime.h>

#include "bl_native_wasmtime.h"
#include "contracts/wasm.h"

#define WASMTIME_INSTANCES_DEFAULT 128u
#define WASMTIME_MEMORY_BYTES_DEFAULT (16u * 1024 * 1024)
#define WASMTIME_TABLE_ENTRIES_MAX 4096u
/* Of one store. Contracts that call each other nest 16 of them (contracts/stacks.h). */
#define WASMTIME_STACK_BYTES ((uint64_t)1024 * 1024)
#define WASMTIME_MESSAGE_SIZE 200u

/* The values of host functions pass through unchanged where both sides are little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "wasmtime's raw values are little-endian");

struct wasmtime_vm {
    baals_vm base;
    struct bl_alloc alloc;
    wasm_engine_t *engine;
    uint32_t memory_bytes;
    bool raw;
};

struct wasmtime_code {
    baals_vm_module base;
    struct wasmtime_vm *vm;
    wasmtime_module_t *module;
    wasmtime_instance_pre_t *pre;
};

struct wasmtime_run {
    baals_vm_instance base;
    struct wasmtime_vm *vm;
    void *ctx;
    wasmtime_store_t *store;
    wasmtime_context_t *context;
    wasmtime_instance_t instance;
    wasmtime_memory_t memory;
    wasmtime_global_t gas;
    wasmtime_global_t stack;
    bool has_memory;
    /* How a host function ended the call; CONTINUE: it did not. */
    baals_vm_action action;
};

static const struct baals_vm_ops wasmtime_ops;

static struct wasmtime_vm *wasmtime_vm_of(baals_vm *vm)
{
    BL_ASSERT(vm->ops == &wasmtime_ops);
    return (struct wasmtime_vm *)vm;
}

static struct wasmtime_code *wasmtime_code_of(baals_vm_module *module)
{
    BL_ASSERT(module->ops == &wasmtime_ops);
    return (struct wasmtime_code *)module;
}

static struct wasmtime_run *wasmtime_run_of(baals_vm_instance *instance)
{
    BL_ASSERT(instance->ops == &wasmtime_ops);
    return (struct wasmtime_run *)instance;
}

static const struct wasmtime_run *wasmtime_const_run_of(const baals_vm_instance *instance)
{
    BL_ASSERT(instance->ops == &wasmtime_ops);
    return (const struct wasmtime_run *)instance;
}

/* ---- failures ---- */

/* INTERNAL_FAULT with the line of wasmtime's message that begins at `at`; releases the message. */
static baals_status
wasmtime_fail_text(wasm_byte_vec_t *text, size_t at, const char *what, baals_error *err)
{
    char line[WASMTIME_MESSAGE_SIZE];
    size_t len = 0;
    while (at + len < text->size && len < sizeof line - 1 && text->data[at + len] >= ' ') {
        line[len] = text->data[at + len];
        len++;
    }
    line[len] = '\0';
    wasm_byte_vec_delete(text);
    return bl_fail(err, BAALS_INTERNAL_FAULT, "wasmtime: %s: %s", what, line);
}

static baals_status wasmtime_fail(wasmtime_error_t *error, const char *what, baals_error *err)
{
    wasm_byte_vec_t text;
    wasmtime_error_message(error, &text);
    wasmtime_error_delete(error);
    return wasmtime_fail_text(&text, 0, what, err);
}

/* Where the last line with a text begins, spaces left out: a trap's cause stands below its
 * backtrace. */
static size_t wasmtime_last_line(const wasm_byte_vec_t *text)
{
    size_t at = text->size;
    while (at > 0 && text->data[at - 1] <= ' ')
        at--;
    while (at > 0 && text->data[at - 1] != '\n')
        at--;
    while (at < text->size && text->data[at] == ' ')
        at++;
    return at;
}

static baals_status wasmtime_fail_trap(wasm_trap_t *trap, const char *what, baals_error *err)
{
    wasm_byte_vec_t text;
    wasm_trap_message(trap, &text);
    wasm_trap_delete(trap);
    return wasmtime_fail_text(&text, wasmtime_last_line(&text), what, err);
}

/* ---- host functions ---- */

/* Called by compiled code; `env` is the host function. Values of narrow parameters arrive with
 * unknown upper halves. */
static wasm_trap_t *wasmtime_host_call(void *env,
                                       wasmtime_caller_t *caller,
                                       wasmtime_val_raw_t *values,
                                       size_t value_count)
{
    const baals_vm_host_function *function = env;
    struct wasmtime_run *run = wasmtime_context_get_data(wasmtime_caller_context(caller));
    uint64_t args[BAALS_VM_HOST_PARAMS_MAX] = {0};
    uint64_t result = 0;
    BL_ASSERT(value_count >= function->param_count);
    for (uint32_t i = 0; i < function->param_count; i++)
        args[i] = function->params[i] == BAALS_VM_I64 ? (uint64_t)values[i].i64
                                                      : (uint64_t)(uint32_t)values[i].i32;
    run->action = function->call(run->ctx, &run->base, &result, args);
    if (run->action != BAALS_VM_CONTINUE)
        return wasmtime_trap_new_code(WASMTIME_TRAP_CODE_INTERRUPT);
    if (function->result == BAALS_VM_I64)
        values[0].i64 = (int64_t)result;
    else if (function->result == BAALS_VM_I32)
        values[0].i32 = (int32_t)(uint32_t)result;
    return NULL;
}

static wasm_valtype_t *wasmtime_valtype(baals_vm_type type)
{
    return wasm_valtype_new(type == BAALS_VM_I64 ? WASM_I64 : WASM_I32);
}

static wasm_functype_t *wasmtime_functype(const baals_vm_host_function *function)
{
    wasm_valtype_t *params[BAALS_VM_HOST_PARAMS_MAX];
    wasm_valtype_t *results[1];
    size_t result_count = 0;
    for (uint32_t i = 0; i < function->param_count; i++)
        params[i] = wasmtime_valtype(function->params[i]);
    if (function->result != BAALS_VM_NONE)
        results[result_count++] = wasmtime_valtype(function->result);
    wasm_valtype_vec_t param_types;
    wasm_valtype_vec_t result_types;
    wasm_valtype_vec_new(&param_types, function->param_count, params);
    wasm_valtype_vec_new(&result_types, result_count, results);
    return wasm_functype_new(&param_types, &result_types);
}

static wasmtime_error_t *wasmtime_define(wasmtime_linker_t *linker,
                                         const baals_vm_host_function *function)
{
    /* wasmtime hands `env` back as it was given; nothing writes through it. */
    union {
        const void *given;
        void *env;
    } cookie = {.given = function};
    wasm_functype_t *type = wasmtime_functype(function);
    wasmtime_error_t *error = wasmtime_linker_define_func_unchecked(
        linker, function->module, strlen(function->module), function->name, strlen(function->name),
        type, wasmtime_host_call, cookie.env, NULL);
    wasm_functype_delete(type);
    return error;
}

/* ---- modules ---- */

static void wasmtime_module_free(baals_vm *vm, baals_vm_module *module)
{
    struct wasmtime_vm *self = wasmtime_vm_of(vm);
    struct wasmtime_code *code = wasmtime_code_of(module);
    if (code->pre != NULL)
        wasmtime_instance_pre_delete(code->pre);
    if (code->module != NULL)
        wasmtime_module_delete(code->module);
    bl_alloc_free(&self->alloc, code, sizeof *code);
}

static baals_status wasmtime_link(struct wasmtime_code *code,
                                  const baals_vm_host_function *functions,
                                  size_t function_count,
                                  baals_error *err)
{
    wasmtime_linker_t *linker = wasmtime_linker_new(code->vm->engine);
    wasmtime_error_t *error = NULL;
    for (size_t i = 0; i < function_count && error == NULL; i++)
        error = wasmtime_define(linker, &functions[i]);
    if (error == NULL)
        error = wasmtime_linker_instantiate_pre(linker, code->module, &code->pre);
    wasmtime_linker_delete(linker);
    return error == NULL ? BAALS_OK : wasmtime_fail(error, "linking was refused", err);
}

static baals_status wasmtime_compile(baals_vm *vm,
                                     baals_vm_module **module_out,
                                     baals_slice bytes,
                                     const baals_vm_host_function *functions,
                                     size_t function_count,
                                     baals_error *err)
{
    struct wasmtime_vm *self = wasmtime_vm_of(vm);
    struct wasmtime_code *code = bl_alloc_zero(&self->alloc, 1, sizeof *code);
    if (code == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a module");
    code->base.ops = &wasmtime_ops;
    code->vm = self;
    wasmtime_error_t *error =
        wasmtime_module_new(self->engine, bytes.data, bytes.len, &code->module);
    baals_status status = BAALS_OK;
    if (error != NULL)
        status = wasmtime_fail(error, "compilation was refused", err);
    if (status == BAALS_OK)
        status = wasmtime_link(code, functions, function_count, err);
    if (status != BAALS_OK) {
        wasmtime_module_free(vm, &code->base);
        return status;
    }
    *module_out = &code->base;
    return BAALS_OK;
}

/* The code and its tables as mapped; wasmtime's own records are about as large again. */
static size_t wasmtime_module_bytes(const baals_vm_module *module)
{
    BL_ASSERT(module->ops == &wasmtime_ops);
    const struct wasmtime_code *code = (const struct wasmtime_code *)module;
    void *start = NULL;
    void *end = NULL;
    wasmtime_module_image_range(code->module, &start, &end);
    return sizeof *code + 2 * (size_t)((const char *)end - (const char *)start);
}

/* ---- instances ---- */

static void wasmtime_destroy(baals_vm_instance *instance)
{
    struct wasmtime_run *run = wasmtime_run_of(instance);
    struct bl_alloc alloc = run->vm->alloc;
    wasmtime_store_delete(run->store);
    bl_alloc_free(&alloc, run, sizeof *run);
}

static bool wasmtime_find(struct wasmtime_run *run,
                          wasmtime_extern_t *out,
                          const char *name,
                          wasmtime_extern_kind_t kind)
{
    return wasmtime_instance_export_get(run->context, &run->instance, name, strlen(name), out) &&
           out->kind == kind;
}

/* Finds what the instrumentation exports. */
static bool wasmtime_find_exports(struct wasmtime_run *run)
{
    wasmtime_extern_t found;
    if (run->vm->raw)
        return true;
    run->has_memory = wasmtime_find(run, &found, BL_WASM_EXPORT_MEMORY, WASMTIME_EXTERN_MEMORY);
    if (run->has_memory)
        run->memory = found.of.memory;
    if (!wasmtime_find(run, &found, BL_WASM_EXPORT_GAS, WASMTIME_EXTERN_GLOBAL))
        return false;
    run->gas = found.of.global;
    if (!wasmtime_find(run, &found, BL_WASM_EXPORT_STACK, WASMTIME_EXTERN_GLOBAL))
        return false;
    run->stack = found.of.global;
    return true;
}

static baals_status
wasmtime_start(struct wasmtime_run *run, const struct wasmtime_code *code, baals_error *err)
{
    run->store = wasmtime_store_new(run->vm->engine, run, NULL);
    run->context = wasmtime_store_context(run->store);
    wasmtime_store_limiter(run->store, (int64_t)run->vm->memory_bytes, WASMTIME_TABLE_ENTRIES_MAX,
                           1, 1, 1);
    wasm_trap_t *trap = NULL;
    wasmtime_error_t *error =
        wasmtime_instance_pre_instantiate(code->pre, run->context, &run->instance, &trap);
    if (error != NULL)
        return wasmtime_fail(error, "no instance", err);
    if (trap != NULL)
        return wasmtime_fail_trap(trap, "no instance", err);
    if (!wasmtime_find_exports(run))
        return bl_fail(err, BAALS_INTERNAL_FAULT, "the module is not instrumented");
    return BAALS_OK;
}

static baals_status wasmtime_instantiate(baals_vm *vm,
                                         baals_vm_instance **instance_out,
                                         baals_vm_module *module,
                                         void *ctx,
                                         baals_error *err)
{
    struct wasmtime_vm *self = wasmtime_vm_of(vm);
    struct wasmtime_run *run = bl_alloc_zero(&self->alloc, 1, sizeof *run);
    if (run == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for an instance");
    run->base.ops = &wasmtime_ops;
    run->vm = self;
    run->ctx = ctx;
    baals_status status = wasmtime_start(run, wasmtime_code_of(module), err);
    if (status != BAALS_OK) {
        wasmtime_destroy(&run->base);
        return status;
    }
    *instance_out = &run->base;
    return BAALS_OK;
}

/* ---- memory ---- */

static uint32_t wasmtime_mem_size(const baals_vm_instance *instance)
{
    const struct wasmtime_run *run = wasmtime_const_run_of(instance);
    if (!run->has_memory)
        return 0;
    size_t size = wasmtime_memory_data_size(run->context, &run->memory);
    BL_ASSERT(size <= run->vm->memory_bytes);
    return (uint32_t)size;
}

static uint8_t *wasmtime_mem_view(baals_vm_instance *instance, uint32_t offset, uint32_t len)
{
    const struct wasmtime_run *run = wasmtime_const_run_of(instance);
    if (!run->has_memory || (uint64_t)offset + len > wasmtime_mem_size(instance))
        return NULL;
    return wasmtime_memory_data(run->context, &run->memory) + offset;
}

static int32_t
wasmtime_mem_read(const baals_vm_instance *instance, void *out, uint32_t offset, uint32_t len)
{
    const struct wasmtime_run *run = wasmtime_const_run_of(instance);
    if ((uint64_t)offset + len > wasmtime_mem_size(instance))
        return 0;
    if (len > 0)
        memcpy(out, wasmtime_memory_data(run->context, &run->memory) + offset, len);
    return 1;
}

static int32_t
wasmtime_mem_write(baals_vm_instance *instance, uint32_t offset, const void *data, uint32_t len)
{
    const struct wasmtime_run *run = wasmtime_const_run_of(instance);
    if ((uint64_t)offset + len > wasmtime_mem_size(instance))
        return 0;
    if (len > 0)
        memcpy(wasmtime_memory_data(run->context, &run->memory) + offset, data, len);
    return 1;
}

/* ---- counters ---- */

static int64_t wasmtime_gas_get(const baals_vm_instance *instance)
{
    const struct wasmtime_run *run = wasmtime_const_run_of(instance);
    wasmtime_val_t value;
    wasmtime_global_get(run->context, &run->gas, &value);
    BL_ASSERT(value.kind == WASMTIME_I64);
    return value.of.i64;
}

static int32_t wasmtime_stack_get(const baals_vm_instance *instance)
{
    const struct wasmtime_run *run = wasmtime_const_run_of(instance);
    wasmtime_val_t value;
    wasmtime_global_get(run->context, &run->stack, &value);
    BL_ASSERT(value.kind == WASMTIME_I32);
    return value.of.i32;
}

static void wasmtime_set(const struct wasmtime_run *run,
                         const wasmtime_global_t *global,
                         const wasmtime_val_t *value)
{
    /* Only a global of another type or an immutable one is refused. */
    wasmtime_error_t *error = wasmtime_global_set(run->context, global, value);
    BL_ASSERT(error == NULL);
}

static void wasmtime_gas_set(baals_vm_instance *instance, int64_t gas)
{
    const struct wasmtime_run *run = wasmtime_const_run_of(instance);
    wasmtime_val_t value = {.kind = WASMTIME_I64, .of = {.i64 = gas}};
    wasmtime_set(run, &run->gas, &value);
}

static void wasmtime_stack_set(baals_vm_instance *instance, int32_t stack)
{
    const struct wasmtime_run *run = wasmtime_const_run_of(instance);
    wasmtime_val_t value = {.kind = WASMTIME_I32, .of = {.i32 = stack}};
    wasmtime_set(run, &run->stack, &value);
}

/* ---- calls ---- */

/* `unreachable` also stands where the instrumentation found a counter below zero; gas is judged
 * first. OK: a fault. */
static baals_status wasmtime_unreachable(const struct wasmtime_run *run)
{
    if (run->vm->raw)
        return BAALS_TRAP_UNREACHABLE;
    int64_t gas = wasmtime_gas_get(&run->base);
    if (gas == BL_WASM_GAS_FAULT)
        return BAALS_OK;
    if (gas < 0)
        return BAALS_TRAP_GAS;
    return wasmtime_stack_get(&run->base) < 0 ? BAALS_TRAP_STACK : BAALS_TRAP_UNREACHABLE;
}

/* The verdict of a trap; OK: it is none of the specification's. */
static baals_status wasmtime_verdict(const struct wasmtime_run *run, const wasm_trap_t *trap)
{
    wasmtime_trap_code_t code = 0;
    if (!wasmtime_trap_code(trap, &code))
        return BAALS_OK;
    if (code == WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED)
        return wasmtime_unreachable(run);
    static const struct {
        wasmtime_trap_code_t code;
        baals_status status;
    } verdicts[] = {
        {WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS, BAALS_TRAP_MEMORY},
        {WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS, BAALS_TRAP_TABLE},
        {WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL, BAALS_TRAP_NULL_CALL},
        {WASMTIME_TRAP_CODE_BAD_SIGNATURE, BAALS_TRAP_CALL_TYPE},
        {WASMTIME_TRAP_CODE_INTEGER_OVERFLOW, BAALS_TRAP_OVERFLOW},
        {WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO, BAALS_TRAP_DIVIDE},
    };
    for (size_t i = 0; i < BL_COUNT_OF(verdicts); i++) {
        if (verdicts[i].code == code)
            return verdicts[i].status;
    }
    return BAALS_OK;
}

static void wasmtime_place(baals_vm_trap *trap_out, const wasm_trap_t *trap)
{
    wasm_frame_t *frame = wasm_trap_origin(trap);
    if (frame == NULL)
        return;
    trap_out->function_index = wasm_frame_func_index(frame);
    trap_out->offset = (uint32_t)wasm_frame_module_offset(frame);
    wasm_frame_delete(frame);
}

/* The end of a call that did not return. Releases `trap`. */
static baals_vm_end wasmtime_ended(const struct wasmtime_run *run,
                                   wasm_trap_t *trap,
                                   baals_vm_trap *trap_out,
                                   baals_error *err)
{
    if (run->action == BAALS_VM_EXIT) {
        wasm_trap_delete(trap);
        return BAALS_VM_END_EXIT;
    }
    baals_status verdict = run->action == BAALS_VM_TRAP ? BAALS_TRAP : wasmtime_verdict(run, trap);
    if (verdict == BAALS_OK) {
        (void)wasmtime_fail_trap(trap, "execution failed", err);
        return BAALS_VM_END_FAULT;
    }
    trap_out->status = verdict;
    wasmtime_place(trap_out, trap);
    wasm_trap_delete(trap);
    return BAALS_VM_END_TRAP;
}

static baals_vm_end wasmtime_run_function(struct wasmtime_run *run,
                                          baals_slice name,
                                          wasmtime_val_raw_t *values,
                                          size_t value_count,
                                          baals_vm_trap *trap_out,
                                          baals_error *err)
{
    wasmtime_extern_t function;
    bool found = wasmtime_instance_export_get(run->context, &run->instance, (const char *)name.data,
                                              name.len, &function);
    BL_ASSERT(found && function.kind == WASMTIME_EXTERN_FUNC);
    wasm_trap_t *trap = NULL;
    run->action = BAALS_VM_CONTINUE;
    wasmtime_error_t *error =
        wasmtime_func_call_unchecked(run->context, &function.of.func, values, value_count, &trap);
    if (error != NULL) {
        (void)wasmtime_fail(error, "execution failed", err);
        return BAALS_VM_END_FAULT;
    }
    return trap == NULL ? BAALS_VM_END_OK : wasmtime_ended(run, trap, trap_out, err);
}

static baals_vm_end wasmtime_call(baals_vm_instance *instance,
                                  const char *name,
                                  size_t name_len,
                                  baals_vm_trap *trap_out,
                                  baals_error *err)
{
    wasmtime_val_raw_t none[1];
    return wasmtime_run_function(wasmtime_run_of(instance), bl_slice(name, name_len), none, 0,
                                 trap_out, err);
}

baals_vm_end bl_vm_wasmtime_invoke(baals_vm_instance *instance,
                                   baals_slice name,
                                   uint64_t *values,
                                   size_t value_count,
                                   baals_vm_trap *trap_out,
                                   baals_error *err)
{
    wasmtime_val_raw_t raw[BL_VM_WASMTIME_VALUES_MAX];
    BL_ASSERT(value_count <= BL_COUNT_OF(raw));
    memset(raw, 0, sizeof raw);
    for (size_t i = 0; i < value_count; i++)
        raw[i].i64 = (int64_t)values[i];
    baals_vm_end end =
        wasmtime_run_function(wasmtime_run_of(instance), name, raw, value_count, trap_out, err);
    if (end == BAALS_VM_END_OK && value_count > 0)
        values[0] = (uint64_t)raw[0].i64;
    return end;
}

/* ---- the runtime ---- */

static void wasmtime_close(baals_vm *vm)
{
    struct wasmtime_vm *self = wasmtime_vm_of(vm);
    struct bl_alloc alloc = self->alloc;
    if (self->engine != NULL)
        wasm_engine_delete(self->engine);
    bl_alloc_free(&alloc, self, sizeof *self);
}

static const struct baals_vm_ops wasmtime_ops = {
    .version = BAALS_VM_OPS_VERSION,
    .name = "wasmtime",
    .compile = wasmtime_compile,
    .module_free = wasmtime_module_free,
    .module_bytes = wasmtime_module_bytes,
    .instantiate = wasmtime_instantiate,
    .call = wasmtime_call,
    .mem_size = wasmtime_mem_size,
    .mem_read = wasmtime_mem_read,
    .mem_write = wasmtime_mem_write,
    .mem_view = wasmtime_mem_view,
    .gas_get = wasmtime_gas_get,
    .gas_set = wasmtime_gas_set,
    .stack_get = wasmtime_stack_get,
    .stack_set = wasmtime_stack_set,
    .destroy = wasmtime_destroy,
    .close = wasmtime_close,
};

baals_status bl_vm_wasmtime_new(baals_vm **out,
                                struct bl_alloc alloc,
                                const struct bl_vm_wasmtime_options *options,
                                baals_error *err)
{
    struct wasmtime_vm *self = bl_alloc_zero(&alloc, 1, sizeof *self);
    if (self == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for wasmtime");
    self->base.ops = &wasmtime_ops;
    self->alloc = alloc;
    self->raw = options->raw;
    self->memory_bytes =
        options->memory_bytes != 0 ? options->memory_bytes : WASMTIME_MEMORY_BYTES_DEFAULT;
    struct bl_native_wasmtime_options native = {
        .pooled = options->on_demand ? 0 : 1,
        .signals = options->trap_signals ? 1 : 0,
        .instances = options->instances != 0 ? options->instances : WASMTIME_INSTANCES_DEFAULT,
        .table_entries = WASMTIME_TABLE_ENTRIES_MAX,
        .memory_bytes = self->memory_bytes,
        .stack_bytes = WASMTIME_STACK_BYTES,
    };
    char message[WASMTIME_MESSAGE_SIZE];
    bool made = bl_native_wasmtime_engine_new(&self->engine, &native, message, sizeof message) == 1;
    if (!made && native.pooled == 1) {
        native.pooled = 0;
        made = bl_native_wasmtime_engine_new(&self->engine, &native, message, sizeof message) == 1;
    }
    if (!made) {
        wasmtime_close(&self->base);
        return bl_fail(err, BAALS_UNSUPPORTED, "wasmtime: %s", message);
    }
    *out = &self->base;
    return BAALS_OK;
}
