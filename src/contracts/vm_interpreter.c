/* SPDX-License-Identifier: MIT */
/*
 * The interpreter as a runtime: modules (decoded once more under the profile INSTRUMENTED, then
 * prepared), instances and their memory. It is the reference that every other runtime must match,
 * and needs nothing but memory from its host.
 *
 * An instance is three blocks of memory: the linear memory, which grows by doubling what is
 * allocated so that growing page by page stays linear; globals and dropped flags; the two stacks.
 */
#include "contracts/vm_interpreter.h"

#include <string.h>

#include "contracts/vm.h"

/* Decoded modules and what hangs on them; far above what 4 MiB of code need. */
#define INTERPRETER_ARENA_MAX ((size_t)512 * 1024 * 1024)
#define INTERPRETER_CELLS_MAX ((size_t)1024 * 1024 * 1024)
/* "8 parameters, a colon, a result" and the NUL. */
#define INTERPRETER_SIGNATURE_SIZE (BAALS_VM_HOST_PARAMS_MAX + 3)

static const struct baals_vm_ops interpreter_ops;

static struct bl_interpreter *interpreter_of(baals_vm *vm)
{
    BL_ASSERT(vm->ops == &interpreter_ops);
    return (struct bl_interpreter *)vm;
}

static struct bl_interpreter_module *interpreter_module_of(baals_vm_module *module)
{
    BL_ASSERT(module->ops == &interpreter_ops);
    return (struct bl_interpreter_module *)module;
}

static struct bl_interpreter_instance *interpreter_instance_of(baals_vm_instance *instance)
{
    BL_ASSERT(instance->ops == &interpreter_ops);
    return (struct bl_interpreter_instance *)instance;
}

static const struct bl_interpreter_instance *interpreter_const_of(const baals_vm_instance *instance)
{
    BL_ASSERT(instance->ops == &interpreter_ops);
    return (const struct bl_interpreter_instance *)instance;
}

/* ---- modules ---- */

static char interpreter_type_letter(baals_vm_type type)
{
    return type == BAALS_VM_I64 ? 'l' : 'i';
}

/* The host functions in the form the decoder checks imports against. NULL: no memory. */
static const struct bl_wasm_imports *
interpreter_imports(struct bl_arena *arena, const baals_vm_host_function *functions, size_t count)
{
    struct bl_wasm_imports *imports = bl_arena_zero(arena, 1, sizeof *imports);
    struct bl_wasm_import_spec *specs = bl_arena_zero(arena, count + 1, sizeof *specs);
    if (imports == NULL || specs == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const baals_vm_host_function *function = &functions[i];
        BL_ASSERT(function->param_count <= BAALS_VM_HOST_PARAMS_MAX);
        char *signature = bl_arena_zero(arena, 1, INTERPRETER_SIGNATURE_SIZE);
        if (signature == NULL)
            return NULL;
        uint32_t at = 0;
        while (at < function->param_count) {
            signature[at] = interpreter_type_letter(function->params[at]);
            at++;
        }
        signature[at++] = ':';
        if (function->result != BAALS_VM_NONE)
            signature[at] = interpreter_type_letter(function->result);
        specs[i] = (struct bl_wasm_import_spec){
            .module = function->module, .name = function->name, .signature = signature};
    }
    *imports = (struct bl_wasm_imports){.specs = specs, .count = (uint32_t)count};
    return imports;
}

/* Host functions of the imports, and the table, which no accepted instruction can change. */
static bool interpreter_link(struct bl_interpreter_module *module,
                             const baals_vm_host_function *functions)
{
    const struct bl_wasm_module *wasm = module->wasm;
    struct bl_arena *arena = &module->arena;
    module->hosts = bl_arena_zero(arena, wasm->import_count + 1u, sizeof *module->hosts);
    module->host_canonicals =
        bl_arena_zero(arena, wasm->import_count + 1u, sizeof *module->host_canonicals);
    module->functions = bl_arena_zero(arena, wasm->function_count + 1u, sizeof *module->functions);
    module->table = bl_arena_zero(arena, wasm->table_min + 1u, sizeof *module->table);
    if (module->hosts == NULL || module->host_canonicals == NULL || module->functions == NULL ||
        module->table == NULL)
        return false;
    for (uint32_t i = 0; i < wasm->import_count; i++) {
        module->hosts[i] = &functions[wasm->imports[i].spec];
        module->host_canonicals[i] = wasm->types[wasm->imports[i].type].canonical;
    }
    for (uint32_t i = 0; i < wasm->table_min; i++)
        module->table[i] = BL_WASM_NONE;
    for (uint32_t i = 0; i < wasm->element_count; i++) {
        const struct bl_wasm_element *element = &wasm->elements[i];
        for (uint32_t k = 0; k < element->count; k++)
            module->table[element->offset + k] = element->functions[k];
    }
    return true;
}

/* Where the counters live: in globals of the instrumented module; in the counting mode in two
 * slots behind the module's own globals. */
static baals_status interpreter_find_counters(struct bl_interpreter_module *module,
                                              baals_error *err)
{
    if (module->vm->counting != NULL) {
        module->gas_global = module->wasm->global_count;
        module->stack_global = module->wasm->global_count + 1;
        return BAALS_OK;
    }
    struct bl_wasm_instrumented info;
    if (bl_wasm_instrumented_describe(&info, module->wasm, err) != BAALS_OK)
        return bl_fail(err, BAALS_INTERNAL_FAULT, "the module is not instrumented");
    module->gas_global = info.gas_global;
    module->stack_global = info.stack_global;
    return BAALS_OK;
}

static baals_status interpreter_load(struct bl_interpreter_module *module,
                                     baals_slice bytes,
                                     const baals_vm_host_function *functions,
                                     size_t function_count,
                                     baals_error *err)
{
    struct bl_wasm_options options = {
        .profile = BL_WASM_INSTRUMENTED,
        .limits_version = 1,
        .imports = interpreter_imports(&module->arena, functions, function_count),
    };
    if (options.imports == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a module's imports");
    baals_status status = bl_wasm_decode(&module->wasm, &module->arena, bytes, &options, NULL, err);
    if (BAALS_STATUS_CLASS(status) == BAALS_CLASS_REJECT)
        return bl_fail_context(err, BAALS_INTERNAL_FAULT, "compiled without a check");
    BL_TRY(status);
    BL_TRY(interpreter_find_counters(module, err));
    if (!interpreter_link(module, functions))
        return bl_fail(err, BAALS_NOMEM, "no memory to link a module");
    return bl_interpreter_prepare(module, err);
}

static void interpreter_module_free(baals_vm *vm, baals_vm_module *base)
{
    struct bl_interpreter *self = interpreter_of(vm);
    struct bl_interpreter_module *module = interpreter_module_of(base);
    bl_buffer_deinit(&module->cells);
    bl_buffer_deinit(&module->offsets);
    bl_arena_deinit(&module->arena);
    bl_alloc_free(&self->alloc, module, sizeof *module);
}

static baals_status interpreter_compile(baals_vm *vm,
                                        baals_vm_module **module_out,
                                        baals_slice bytes,
                                        const baals_vm_host_function *functions,
                                        size_t function_count,
                                        baals_error *err)
{
    struct bl_interpreter *self = interpreter_of(vm);
    struct bl_interpreter_module *module = bl_alloc_zero(&self->alloc, 1, sizeof *module);
    if (module == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a module");
    module->base.ops = &interpreter_ops;
    module->vm = self;
    bl_arena_init(&module->arena, self->alloc, INTERPRETER_ARENA_MAX);
    bl_buffer_init(&module->cells, self->alloc, INTERPRETER_CELLS_MAX);
    bl_buffer_init(&module->offsets, self->alloc, INTERPRETER_CELLS_MAX);
    baals_status status = interpreter_load(module, bytes, functions, function_count, err);
    if (status != BAALS_OK) {
        interpreter_module_free(vm, &module->base);
        return status;
    }
    *module_out = &module->base;
    return BAALS_OK;
}

static size_t interpreter_module_bytes(const baals_vm_module *base)
{
    BL_ASSERT(base->ops == &interpreter_ops);
    const struct bl_interpreter_module *module = (const struct bl_interpreter_module *)base;
    return sizeof *module + module->arena.used + module->cells.cap + module->offsets.cap;
}

/* ---- instances ---- */

static size_t interpreter_globals_count(const struct bl_interpreter_module *module)
{
    return (size_t)module->wasm->global_count + 2;
}

static void interpreter_destroy(baals_vm_instance *base)
{
    struct bl_interpreter_instance *in = interpreter_instance_of(base);
    const struct bl_interpreter_module *module = in->module;
    struct bl_alloc *alloc = &module->vm->alloc;
    bl_alloc_free(alloc, in->memory, in->memory_cap);
    bl_alloc_free(alloc, in->globals, interpreter_globals_count(module) * sizeof *in->globals);
    bl_alloc_free(alloc, in->dropped, module->wasm->data_count + 1u);
    bl_alloc_free(alloc, in->stack, BL_INTERPRETER_SLOTS * sizeof *in->stack);
    bl_alloc_free(alloc, in->frames, BL_INTERPRETER_FRAMES * sizeof *in->frames);
    bl_alloc_free(alloc, in, sizeof *in);
}

static bool interpreter_reserve(struct bl_interpreter_instance *in)
{
    const struct bl_interpreter_module *module = in->module;
    struct bl_alloc *alloc = &module->vm->alloc;
    in->globals = bl_alloc_zero(alloc, interpreter_globals_count(module), sizeof *in->globals);
    in->dropped = bl_alloc_zero(alloc, module->wasm->data_count + 1u, sizeof *in->dropped);
    in->stack = bl_alloc_resize(alloc, NULL, 0, BL_INTERPRETER_SLOTS * sizeof *in->stack);
    in->frames = bl_alloc_resize(alloc, NULL, 0, BL_INTERPRETER_FRAMES * sizeof *in->frames);
    uint32_t memory_len = module->wasm->memory_min * BL_INTERPRETER_PAGE;
    if (memory_len > 0) {
        in->memory = bl_alloc_zero(alloc, 1, memory_len);
        if (in->memory == NULL)
            return false;
    }
    in->memory_len = memory_len;
    in->memory_cap = memory_len;
    return in->globals != NULL && in->dropped != NULL && in->stack != NULL && in->frames != NULL;
}

static void interpreter_fill(struct bl_interpreter_instance *in)
{
    const struct bl_wasm_module *wasm = in->module->wasm;
    for (uint32_t i = 0; i < wasm->global_count; i++) {
        const struct bl_wasm_global *global = &wasm->globals[i];
        in->globals[i] =
            global->type == BL_WASM_I32 ? (uint32_t)global->init : (uint64_t)global->init;
    }
    for (uint32_t i = 0; i < wasm->data_count; i++) {
        const struct bl_wasm_data *data = &wasm->data[i];
        if (!data->active)
            continue;
        if (data->bytes.len > 0)
            memcpy(in->memory + data->offset, data->bytes.data, data->bytes.len);
        in->dropped[i] = true;
    }
}

static baals_status interpreter_instantiate(baals_vm *vm,
                                            baals_vm_instance **instance_out,
                                            baals_vm_module *base,
                                            void *ctx,
                                            baals_error *err)
{
    struct bl_interpreter *self = interpreter_of(vm);
    struct bl_interpreter_instance *in = bl_alloc_zero(&self->alloc, 1, sizeof *in);
    if (in == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for an instance");
    in->base.ops = &interpreter_ops;
    in->module = interpreter_module_of(base);
    in->ctx = ctx;
    if (!interpreter_reserve(in)) {
        interpreter_destroy(&in->base);
        return bl_fail(err, BAALS_NOMEM, "no memory for an instance");
    }
    interpreter_fill(in);
    *instance_out = &in->base;
    return BAALS_OK;
}

static baals_vm_end interpreter_call(baals_vm_instance *instance,
                                     const char *name,
                                     size_t name_len,
                                     baals_vm_trap *trap_out,
                                     baals_error *err)
{
    struct bl_interpreter_instance *in = interpreter_instance_of(instance);
    const struct bl_wasm_module *wasm = in->module->wasm;
    const struct bl_wasm_export *found =
        bl_wasm_export_find(wasm, BL_WASM_KIND_FUNCTION, bl_slice(name, name_len));
    BL_ASSERT(found != NULL);
    const struct bl_wasm_functype *type = bl_wasm_function_type(wasm, found->index);
    BL_ASSERT(type->param_count == 0 && type->result == BL_WASM_VOID);
    return bl_interpreter_run(in, found->index, NULL, trap_out, err);
}

/* ---- memory ---- */

bool bl_interpreter_grow(struct bl_interpreter_instance *in,
                         uint32_t *old_pages_out,
                         uint32_t pages)
{
    uint32_t old_pages = in->memory_len / BL_INTERPRETER_PAGE;
    uint32_t max_pages = in->module->wasm->memory_max;
    if (pages > max_pages - old_pages) {
        *old_pages_out = UINT32_MAX;
        return true;
    }
    uint32_t len = (old_pages + pages) * BL_INTERPRETER_PAGE;
    if (len > in->memory_cap) {
        uint32_t cap = max_pages * BL_INTERPRETER_PAGE;
        if (len < cap / 2)
            cap = len * 2;
        uint8_t *memory = bl_alloc_resize(&in->module->vm->alloc, in->memory, in->memory_cap, cap);
        if (memory == NULL)
            return false;
        in->memory = memory;
        in->memory_cap = cap;
    }
    if (len > in->memory_len)
        memset(in->memory + in->memory_len, 0, len - in->memory_len);
    in->memory_len = len;
    *old_pages_out = old_pages;
    return true;
}

static uint32_t interpreter_mem_size(const baals_vm_instance *instance)
{
    return interpreter_const_of(instance)->memory_len;
}

static uint8_t *interpreter_mem_view(baals_vm_instance *instance, uint32_t offset, uint32_t len)
{
    struct bl_interpreter_instance *in = interpreter_instance_of(instance);
    return (uint64_t)offset + len <= in->memory_len ? in->memory + offset : NULL;
}

static int32_t
interpreter_mem_read(const baals_vm_instance *instance, void *out, uint32_t offset, uint32_t len)
{
    const struct bl_interpreter_instance *in = interpreter_const_of(instance);
    if ((uint64_t)offset + len > in->memory_len)
        return 0;
    if (len > 0)
        memcpy(out, in->memory + offset, len);
    return 1;
}

static int32_t
interpreter_mem_write(baals_vm_instance *instance, uint32_t offset, const void *data, uint32_t len)
{
    struct bl_interpreter_instance *in = interpreter_instance_of(instance);
    if ((uint64_t)offset + len > in->memory_len)
        return 0;
    if (len > 0)
        memcpy(in->memory + offset, data, len);
    return 1;
}

/* ---- counters ---- */

static int64_t interpreter_gas_get(const baals_vm_instance *instance)
{
    const struct bl_interpreter_instance *in = interpreter_const_of(instance);
    return (int64_t)in->globals[in->module->gas_global] + in->reserve;
}

static void interpreter_gas_set(baals_vm_instance *instance, int64_t gas)
{
    struct bl_interpreter_instance *in = interpreter_instance_of(instance);
    in->reserve =
        in->expired != NULL && gas > BL_INTERPRETER_WATCH_GAS ? gas - BL_INTERPRETER_WATCH_GAS : 0;
    in->globals[in->module->gas_global] = (uint64_t)(gas - in->reserve);
}

static void interpreter_watch(baals_vm_instance *instance, int32_t (*expired)(void *ctx), void *ctx)
{
    struct bl_interpreter_instance *in = interpreter_instance_of(instance);
    in->expired = expired;
    in->expired_ctx = ctx;
}

void bl_interpreter_attach(baals_vm_instance *instance, struct bl_profile *profile)
{
    interpreter_instance_of(instance)->profile = profile;
}

static int32_t interpreter_stack_get(const baals_vm_instance *instance)
{
    const struct bl_interpreter_instance *in = interpreter_const_of(instance);
    return (int32_t)(uint32_t)in->globals[in->module->stack_global];
}

static void interpreter_stack_set(baals_vm_instance *instance, int32_t stack)
{
    struct bl_interpreter_instance *in = interpreter_instance_of(instance);
    in->globals[in->module->stack_global] = (uint32_t)stack;
}

/* ---- the runtime ---- */

static void interpreter_close(baals_vm *vm)
{
    struct bl_interpreter *self = interpreter_of(vm);
    struct bl_alloc alloc = self->alloc;
    bl_alloc_free(&alloc, self, sizeof *self);
}

static const struct baals_vm_ops interpreter_ops = {
    .version = BAALS_VM_OPS_VERSION,
    .name = "interpreter",
    .compile = interpreter_compile,
    .module_free = interpreter_module_free,
    .module_bytes = interpreter_module_bytes,
    .instantiate = interpreter_instantiate,
    .call = interpreter_call,
    .mem_size = interpreter_mem_size,
    .mem_read = interpreter_mem_read,
    .mem_write = interpreter_mem_write,
    .mem_view = interpreter_mem_view,
    .gas_get = interpreter_gas_get,
    .gas_set = interpreter_gas_set,
    .stack_get = interpreter_stack_get,
    .stack_set = interpreter_stack_set,
    .destroy = interpreter_destroy,
    .close = interpreter_close,
    .watch = interpreter_watch,
};

baals_status bl_vm_interpreter_new_counting(baals_vm **out,
                                            struct bl_alloc alloc,
                                            const struct bl_gas_schedule *schedule,
                                            baals_error *err)
{
    struct bl_interpreter *self = bl_alloc_zero(&alloc, 1, sizeof *self);
    if (self == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the interpreter");
    self->base.ops = &interpreter_ops;
    self->alloc = alloc;
    self->counting = schedule;
    *out = &self->base;
    return BAALS_OK;
}

baals_status bl_vm_interpreter_new(baals_vm **out, struct bl_alloc alloc, baals_error *err)
{
    return bl_vm_interpreter_new_counting(out, alloc, NULL, err);
}
