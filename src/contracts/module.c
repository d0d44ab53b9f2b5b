/* SPDX-License-Identifier: MIT */
/*
 * Code to running form: decode and validate, instrument, compile. The decoded modules live in a
 * scratch arena that ends here; what stays is the instrumented bytes, the runtime's own form and
 * the names of the entries.
 */
#include "contracts/module.h"

#include <string.h>

#include "contracts/compile_cost.h"

/* Decoding is linear in at most 1 MiB of code and 4 MiB of instrumented code. */
#define MODULE_SCRATCH_MAX ((size_t)512 * 1024 * 1024)
#define MODULE_INSTRUMENTED_MAX ((size_t)4 * 1024 * 1024)
#define MODULE_ENTRIES_MAX ((size_t)1024 * 1024)
#define MODULE_METHOD_NAME_MAX 100u

/* What lives while code is being prepared. */
struct module_work {
    struct bl_arena scratch;
    const struct bl_wasm_module *input; /* in scratch */
    struct bl_wasm_instrumented info;   /* in scratch */
};

/* The instrumented form of `code` in `out`; everything else in work->scratch. */
static baals_status module_instrument(struct module_work *work,
                                      struct bl_buffer *out,
                                      const struct bl_module_builder *builder,
                                      baals_slice code,
                                      const struct bl_module_rules *rules,
                                      baals_error *err)
{
    const struct bl_gas_schedule *schedule = bl_gas_schedule_get(rules->gas_schedule);
    if (schedule == NULL)
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION,
                       "gas schedule %u is not known to this version", rules->gas_schedule);
    if (bl_wasm_limits_get(rules->wasm_limits, BL_WASM_INPUT) == NULL)
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION,
                       "WASM limits %u are not known to this version", rules->wasm_limits);
    struct bl_wasm_options options = {.profile = BL_WASM_INPUT,
                                      .limits_version = rules->wasm_limits,
                                      .imports = &builder->imports[rules->wasm_limits - 1]};
    BL_TRY(bl_wasm_decode(&work->input, &work->scratch, code, &options, NULL, err));
    return bl_wasm_instrument(out, &work->info, work->input, schedule, &work->scratch, err);
}

baals_status bl_module_check(const struct bl_module_builder *builder,
                             baals_slice code,
                             const struct bl_module_rules *rules,
                             baals_error *err)
{
    struct module_work work;
    struct bl_buffer instrumented;
    bl_arena_init(&work.scratch, builder->alloc, MODULE_SCRATCH_MAX);
    bl_buffer_init(&instrumented, builder->alloc, MODULE_INSTRUMENTED_MAX);
    baals_status status = module_instrument(&work, &instrumented, builder, code, rules, err);
    bl_buffer_deinit(&instrumented);
    bl_arena_deinit(&work.scratch);
    return status;
}

static bool module_is_entry(const struct bl_wasm_module *wasm, const struct bl_wasm_export *export)
{
    if (export->kind != BL_WASM_KIND_FUNCTION)
        return false;
    const struct bl_wasm_functype *type = bl_wasm_function_type(wasm, export->index);
    return type->param_count == 0 && type->result == BL_WASM_VOID;
}

/* Keeps the names of all entries. False: no memory. */
static bool module_keep_entries(struct bl_module *module, const struct bl_wasm_module *input)
{
    module->entries = bl_arena_zero(&module->arena, input->export_count + 1u, sizeof(baals_slice));
    if (module->entries == NULL)
        return false;
    for (uint32_t i = 0; i < input->export_count; i++) {
        if (!module_is_entry(input, &input->exports[i]))
            continue;
        baals_slice *name = &module->entries[module->entry_count];
        if (!bl_arena_copy(name, &module->arena, input->exports[i].name))
            return false;
        module->entry_count++;
    }
    return true;
}

static baals_status module_build(struct bl_module *module,
                                 struct module_work *work,
                                 const struct bl_module_builder *builder,
                                 baals_slice code,
                                 baals_error *err)
{
    const struct bl_module_rules *rules = &module->key.rules;
    BL_TRY(module_instrument(work, &module->instrumented, builder, code, rules, err));
    const struct bl_wasm_module *input = work->input;
    if (!module_keep_entries(module, input))
        return bl_fail(err, BAALS_NOMEM, "no memory for a contract's entries");
    module->has_start = work->info.start_function != BL_WASM_NONE;
    module->code_len = code.len;
    module->memory_pages = input->memory_min;
    module->active_data_bytes = input->active_data_bytes;
    module->compile_cost = bl_compile_cost(work->info.module);
    BL_TRY(bl_vm_compile(module->vm, &module->compiled, bl_buffer_slice(&module->instrumented),
                         builder->functions, builder->function_count, err));
    module->bytes = sizeof *module + module->arena.used + module->instrumented.cap +
                    bl_vm_module_bytes(module->compiled);
    return BAALS_OK;
}

baals_status bl_module_new(struct bl_module **out,
                           const struct bl_module_builder *builder,
                           baals_slice code,
                           const struct bl_module_key *key,
                           baals_error *err)
{
    struct bl_alloc alloc = builder->alloc;
    struct bl_module *module = bl_alloc_zero(&alloc, 1, sizeof *module);
    if (module == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a contract");
    module->key = *key;
    module->alloc = alloc;
    module->vm = builder->vm;
    bl_arena_init(&module->arena, alloc, MODULE_ENTRIES_MAX);
    bl_buffer_init(&module->instrumented, alloc, MODULE_INSTRUMENTED_MAX);

    struct module_work work;
    bl_arena_init(&work.scratch, alloc, MODULE_SCRATCH_MAX);
    baals_status status = module_build(module, &work, builder, code, err);
    bl_arena_deinit(&work.scratch);
    if (status != BAALS_OK) {
        bl_module_free(module);
        return status;
    }
    *out = module;
    return BAALS_OK;
}

void bl_module_free(struct bl_module *module)
{
    if (module == NULL)
        return;
    struct bl_alloc alloc = module->alloc;
    bl_vm_module_free(module->fast_vm, module->fast);
    bl_vm_module_free(module->vm, module->compiled);
    bl_buffer_deinit(&module->instrumented);
    bl_arena_deinit(&module->arena);
    bl_alloc_free(&alloc, module, sizeof *module);
}

/* ---- the fast runtime's form ---- */

baals_vm_module *bl_module_fast(const struct bl_module *module)
{
    bool ready =
        atomic_load_explicit(&module->fast_state, memory_order_acquire) == BL_MODULE_FAST_READY;
    return ready ? module->fast : NULL;
}

bool bl_module_want_fast(struct bl_module *module)
{
    int none = BL_MODULE_FAST_NONE;
    return atomic_compare_exchange_strong(&module->fast_state, &none, BL_MODULE_FAST_WANTED);
}

static void module_fast_ends(struct bl_module *module, enum bl_module_fast_state state)
{
    BL_ASSERT(atomic_load(&module->fast_state) == BL_MODULE_FAST_WANTED);
    atomic_store_explicit(&module->fast_state, (int)state, memory_order_release);
}

void bl_module_unwant_fast(struct bl_module *module)
{
    module_fast_ends(module, BL_MODULE_FAST_NONE);
}

void bl_module_refuse_fast(struct bl_module *module)
{
    module_fast_ends(module, BL_MODULE_FAST_REFUSED);
}

void bl_module_set_fast(struct bl_module *module, baals_vm *vm, baals_vm_module *compiled)
{
    module->fast_vm = vm;
    module->fast = compiled;
    module_fast_ends(module, BL_MODULE_FAST_READY);
}

/* ---- entries ---- */

bool bl_module_has_entry(const struct bl_module *module, baals_slice name)
{
    for (uint32_t i = 0; i < module->entry_count; i++) {
        if (bl_slice_equal(module->entries[i], name))
            return true;
    }
    return false;
}

bool bl_module_is_command(const struct bl_module *module)
{
    return module->key.rules.wasm_limits >= 2 &&
           bl_module_has_entry(module, bl_slice_str("_start"));
}

bool bl_module_method_name_valid(baals_slice name)
{
    static const char *const special[] = {"init", "migrate", "receive", "_start", "_initialize"};
    if (name.len == 0 || name.len > MODULE_METHOD_NAME_MAX)
        return false;
    for (size_t i = 0; i < BL_COUNT_OF(special); i++) {
        if (bl_slice_equal(name, bl_slice_str(special[i])))
            return false;
    }
    return !bl_slice_has_prefix(name, bl_slice_str("__")) &&
           !bl_slice_has_prefix(name, bl_slice_str("baals"));
}
