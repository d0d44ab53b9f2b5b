/* SPDX-License-Identifier: MIT */
/*
 * The instrumenter: writes a decoded module again, with gas and stack counters, helpers and
 * reserved exports appended at the end of their index spaces. No index of the input changes,
 * nothing is imported, custom sections are left out. Every byte is fixed by docs/spec/gas.md; the
 * bodies are wasm_meter.c's.
 *
 * The output is decoded again before anyone sees it: an instrumenter that wrote an invalid module
 * would be a defect of ours, and the assertion stops it here.
 */
#include "contracts/wasm_internal.h"

#include <string.h>

/* What is being written. */
struct instrument {
    const struct bl_wasm_module *module;
    struct bl_wasm_meter meter;
    struct bl_buffer out;     /* the whole module */
    struct bl_buffer section; /* the content of one section */
    struct bl_buffer body;    /* one body */
    uint32_t helper_type;     /* (i32) -> i32; BL_WASM_NONE when there are no helpers */
    bool failed;              /* the section or the body could not be written */
};

/* Begins a section; after a failure the buffers stay as they are, for instrument_status. */
static void instrument_begin(struct instrument *in)
{
    if (!in->failed)
        bl_buffer_clear(&in->section);
}

/* Ends a section. */
static void instrument_end(struct instrument *in, uint8_t id)
{
    in->failed = in->failed || in->section.failed;
    if (in->failed)
        return;
    bl_buffer_append_u8(&in->out, id);
    bl_wasm_write_u32(&in->out, (uint32_t)in->section.len);
    bl_buffer_append(&in->out, in->section.data, in->section.len);
    in->meter.work += in->section.len;
}

static void instrument_write_name(struct bl_buffer *out, baals_slice name)
{
    bl_wasm_write_u32(out, (uint32_t)name.len);
    bl_buffer_append(out, name.data, name.len);
}

static void instrument_write_constant(struct bl_buffer *out, uint8_t type, int64_t value)
{
    bl_buffer_append_u8(out, type == BL_WASM_I32 ? BL_WASM_OP_I32_CONST : BL_WASM_OP_I64_CONST);
    bl_wasm_write_s64(out, value);
    bl_buffer_append_u8(out, BL_WASM_OP_END);
}

static uint32_t instrument_helper_count(const struct instrument *in)
{
    return (in->meter.grow_function != BL_WASM_NONE ? 1u : 0u) +
           (in->meter.bulk_function != BL_WASM_NONE ? 1u : 0u);
}

static void instrument_types(struct instrument *in)
{
    const struct bl_wasm_module *module = in->module;
    const bool helpers = in->helper_type != BL_WASM_NONE;
    if (module->type_count == 0 && !helpers)
        return;
    instrument_begin(in);
    bl_wasm_write_u32(&in->section, module->type_count + (helpers ? 1 : 0));
    for (uint32_t i = 0; i < module->type_count; i++) {
        const struct bl_wasm_functype *type = &module->types[i];
        bl_buffer_append_u8(&in->section, 0x60);
        bl_wasm_write_u32(&in->section, type->param_count);
        bl_buffer_append(&in->section, type->params, type->param_count);
        bl_buffer_append_u8(&in->section, type->result == BL_WASM_VOID ? 0 : 1);
        if (type->result != BL_WASM_VOID)
            bl_buffer_append_u8(&in->section, type->result);
    }
    if (helpers) {
        static const uint8_t helper[] = {0x60, 1, BL_WASM_I32, 1, BL_WASM_I32};
        bl_buffer_append(&in->section, helper, sizeof helper);
    }
    instrument_end(in, 1);
}

static void instrument_imports(struct instrument *in)
{
    if (in->module->import_count == 0)
        return;
    instrument_begin(in);
    bl_wasm_write_u32(&in->section, in->module->import_count);
    for (uint32_t i = 0; i < in->module->import_count; i++) {
        const struct bl_wasm_import *item = &in->module->imports[i];
        instrument_write_name(&in->section, item->module);
        instrument_write_name(&in->section, item->name);
        bl_buffer_append_u8(&in->section, BL_WASM_KIND_FUNCTION);
        bl_wasm_write_u32(&in->section, item->type);
    }
    instrument_end(in, 2);
}

static void instrument_functions(struct instrument *in)
{
    const uint32_t helpers = instrument_helper_count(in);
    if (in->module->function_count + helpers == 0)
        return;
    instrument_begin(in);
    bl_wasm_write_u32(&in->section, in->module->function_count + helpers);
    for (uint32_t i = 0; i < in->module->function_count; i++)
        bl_wasm_write_u32(&in->section, in->module->functions[i].type);
    for (uint32_t i = 0; i < helpers; i++)
        bl_wasm_write_u32(&in->section, in->helper_type);
    instrument_end(in, 3);
}

/* The table cannot grow, so no maximum is said; the memory always has one. */
static void instrument_table_and_memory(struct instrument *in)
{
    if (in->module->has_table) {
        instrument_begin(in);
        bl_wasm_write_u32(&in->section, 1);
        bl_buffer_append_u8(&in->section, 0x70);
        bl_buffer_append_u8(&in->section, 0x00);
        bl_wasm_write_u32(&in->section, in->module->table_min);
        instrument_end(in, 4);
    }
    if (in->module->has_memory) {
        instrument_begin(in);
        bl_wasm_write_u32(&in->section, 1);
        bl_buffer_append_u8(&in->section, 0x01);
        bl_wasm_write_u32(&in->section, in->module->memory_min);
        bl_wasm_write_u32(&in->section, in->module->memory_max);
        instrument_end(in, 5);
    }
}

static void instrument_globals(struct instrument *in)
{
    instrument_begin(in);
    bl_wasm_write_u32(&in->section, in->module->global_count + 2);
    for (uint32_t i = 0; i < in->module->global_count; i++) {
        const struct bl_wasm_global *global = &in->module->globals[i];
        bl_buffer_append_u8(&in->section, global->type);
        bl_buffer_append_u8(&in->section, global->mutable_ ? 1 : 0);
        instrument_write_constant(&in->section, global->type, global->init);
    }
    bl_buffer_append_u8(&in->section, BL_WASM_I64);
    bl_buffer_append_u8(&in->section, 1);
    instrument_write_constant(&in->section, BL_WASM_I64, 0);
    bl_buffer_append_u8(&in->section, BL_WASM_I32);
    bl_buffer_append_u8(&in->section, 1);
    instrument_write_constant(&in->section, BL_WASM_I32, 0);
    instrument_end(in, 6);
}

static void
instrument_export(struct instrument *in, baals_slice name, enum bl_wasm_kind kind, uint32_t index)
{
    instrument_write_name(&in->section, name);
    bl_buffer_append_u8(&in->section, (uint8_t)kind);
    bl_wasm_write_u32(&in->section, index);
}

/* The functions the input exports, in its order, then the reserved names. */
static void instrument_exports(struct instrument *in)
{
    const struct bl_wasm_module *module = in->module;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < module->export_count; i++)
        kept += module->exports[i].kind == BL_WASM_KIND_FUNCTION ? 1 : 0;
    const uint32_t reserved =
        2 + (module->has_memory ? 1u : 0u) + (module->start != BL_WASM_NONE ? 1u : 0u);
    instrument_begin(in);
    bl_wasm_write_u32(&in->section, kept + reserved);
    for (uint32_t i = 0; i < module->export_count; i++) {
        const struct bl_wasm_export *item = &module->exports[i];
        if (item->kind == BL_WASM_KIND_FUNCTION)
            instrument_export(in, item->name, BL_WASM_KIND_FUNCTION, item->index);
    }
    if (module->has_memory)
        instrument_export(in, bl_slice_str(BL_WASM_EXPORT_MEMORY), BL_WASM_KIND_MEMORY, 0);
    instrument_export(in, bl_slice_str(BL_WASM_EXPORT_GAS), BL_WASM_KIND_GLOBAL,
                      in->meter.gas_global);
    instrument_export(in, bl_slice_str(BL_WASM_EXPORT_STACK), BL_WASM_KIND_GLOBAL,
                      in->meter.stack_global);
    if (module->start != BL_WASM_NONE)
        instrument_export(in, bl_slice_str(BL_WASM_EXPORT_START), BL_WASM_KIND_FUNCTION,
                          module->start);
    instrument_end(in, 7);
}

static void instrument_elements(struct instrument *in)
{
    if (in->module->element_count == 0)
        return;
    instrument_begin(in);
    bl_wasm_write_u32(&in->section, in->module->element_count);
    for (uint32_t i = 0; i < in->module->element_count; i++) {
        const struct bl_wasm_element *item = &in->module->elements[i];
        bl_wasm_write_u32(&in->section, 0);
        instrument_write_constant(&in->section, BL_WASM_I32, (int32_t)item->offset);
        bl_wasm_write_u32(&in->section, item->count);
        for (uint32_t k = 0; k < item->count; k++)
            bl_wasm_write_u32(&in->section, item->functions[k]);
    }
    instrument_end(in, 9);
}

static void instrument_data_count(struct instrument *in)
{
    if (!in->module->has_data_count)
        return;
    instrument_begin(in);
    bl_wasm_write_u32(&in->section, in->module->data_count);
    instrument_end(in, 12);
}

/* Moves the body just written into the code section. */
static void instrument_end_body(struct instrument *in)
{
    in->failed = in->failed || in->body.failed || in->section.failed;
    if (in->failed)
        return;
    bl_wasm_write_u32(&in->section, (uint32_t)in->body.len);
    bl_buffer_append(&in->section, in->body.data, in->body.len);
    bl_buffer_clear(&in->body);
}

static void instrument_code(struct instrument *in)
{
    const uint32_t count = in->module->function_count + instrument_helper_count(in);
    if (count == 0)
        return;
    instrument_begin(in);
    bl_wasm_write_u32(&in->section, count);
    for (uint32_t i = 0; i < in->module->function_count && !in->failed; i++) {
        bl_wasm_meter_body(&in->body, &in->meter, &in->module->functions[i]);
        instrument_end_body(in);
    }
    if (in->meter.grow_function != BL_WASM_NONE && !in->failed) {
        bl_wasm_meter_grow_helper(&in->body, &in->meter);
        instrument_end_body(in);
    }
    if (in->meter.bulk_function != BL_WASM_NONE && !in->failed) {
        bl_wasm_meter_bulk_helper(&in->body, &in->meter);
        instrument_end_body(in);
    }
    instrument_end(in, 10);
}

static void instrument_data(struct instrument *in)
{
    if (in->module->data_count == 0)
        return;
    instrument_begin(in);
    bl_wasm_write_u32(&in->section, in->module->data_count);
    for (uint32_t i = 0; i < in->module->data_count; i++) {
        const struct bl_wasm_data *item = &in->module->data[i];
        bl_wasm_write_u32(&in->section, item->active ? 0 : 1);
        if (item->active)
            instrument_write_constant(&in->section, BL_WASM_I32, (int32_t)item->offset);
        instrument_write_name(&in->section, item->bytes);
    }
    instrument_end(in, 11);
}

static void instrument_write(struct instrument *in)
{
    static const uint8_t header[8] = {0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00};
    bl_buffer_append(&in->out, header, sizeof header);
    instrument_types(in);
    instrument_imports(in);
    instrument_functions(in);
    instrument_table_and_memory(in);
    instrument_globals(in);
    instrument_exports(in);
    instrument_elements(in);
    instrument_data_count(in);
    instrument_code(in);
    instrument_data(in);
}

/* Assigns the appended indices: the grow helper, then the bulk helper, each only where it is used.
 */
static void instrument_assign(struct instrument *in)
{
    const struct bl_wasm_module *module = in->module;
    uint32_t next = module->import_count + module->function_count;
    bool grows = false;
    bool bulk = false;
    for (uint32_t i = 0; i < module->function_count; i++) {
        grows = grows || module->functions[i].grows;
        bulk = bulk || module->functions[i].bulk;
    }
    in->meter.grow_function = grows ? next++ : BL_WASM_NONE;
    in->meter.bulk_function = bulk ? next : BL_WASM_NONE;
    in->meter.gas_global = module->global_count;
    in->meter.stack_global = module->global_count + 1;
    in->helper_type = grows || bulk ? module->type_count : BL_WASM_NONE;
}

static size_t instrument_limit(const struct bl_wasm_module *module)
{
    const size_t most =
        bl_wasm_limits_get(module->limits_version, BL_WASM_INSTRUMENTED)->module_bytes;
    const size_t grown = 4 * module->bytes.len + 4096;
    return grown < most ? grown : most;
}

/* Scratch for the largest function. */
static baals_status
instrument_scratch(struct bl_wasm_meter *meter, struct bl_arena *arena, baals_error *err)
{
    uint32_t instructions = 0;
    uint32_t nesting = 0;
    for (uint32_t i = 0; i < meter->module->function_count; i++) {
        const struct bl_wasm_function *function = &meter->module->functions[i];
        if (function->instructions > instructions)
            instructions = function->instructions;
        if (function->nesting_max > nesting)
            nesting = function->nesting_max;
    }
    meter->costs = bl_arena_zero(arena, (size_t)instructions + 1, sizeof *meter->costs);
    meter->frames = bl_arena_zero(arena, (size_t)nesting + 1, sizeof *meter->frames);
    if (meter->costs == NULL || meter->frames == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to instrument a module");
    return BAALS_OK;
}

/* Our own output is valid: anything else is a defect. */
static baals_status instrument_verify(const struct bl_wasm_module **out,
                                      const struct instrument *in,
                                      baals_slice bytes,
                                      struct bl_arena *arena,
                                      baals_error *err)
{
    const struct bl_wasm_options options = {.profile = BL_WASM_INSTRUMENTED,
                                            .limits_version = in->module->limits_version,
                                            .imports = in->module->accepted};
    const baals_status status = bl_wasm_decode(out, arena, bytes, &options, NULL, err);
    BL_ASSERT(BAALS_STATUS_CLASS(status) != BAALS_CLASS_REJECT);
    return status;
}

/* A buffer at its limit is a verdict; one without memory is not. */
static baals_status instrument_status(const struct instrument *in, baals_error *err)
{
    if (!in->failed && !in->out.failed)
        return BAALS_OK;
    const struct bl_buffer *buffers[] = {&in->body, &in->section, &in->out};
    for (size_t i = 0; i < BL_COUNT_OF(buffers); i++) {
        if (buffers[i]->failed && !buffers[i]->over_limit)
            return bl_buffer_status(buffers[i], err);
    }
    return bl_fail(err, BAALS_REJECT_CODE, "%s (LIMIT_INSTRUMENTED_BYTES)",
                   bl_wasm_code_text(BL_WASM_CODE_LIMIT_INSTRUMENTED_BYTES));
}

baals_status bl_wasm_instrument(struct bl_buffer *out,
                                struct bl_wasm_instrumented *info,
                                const struct bl_wasm_module *module,
                                const struct bl_gas_schedule *schedule,
                                struct bl_arena *arena,
                                baals_error *err)
{
    BL_ASSERT(out->len == 0);
    struct instrument in = {.module = module, .meter = {.module = module, .schedule = schedule}};
    const size_t limit = instrument_limit(module);
    instrument_assign(&in);
    BL_TRY(instrument_scratch(&in.meter, arena, err));
    bl_buffer_init(&in.out, out->alloc, limit);
    bl_buffer_init(&in.section, out->alloc, limit);
    bl_buffer_init(&in.body, out->alloc, limit);
    instrument_write(&in);
    baals_status status = instrument_status(&in, err);
    if (status == BAALS_OK) {
        bl_buffer_append(out, in.out.data, in.out.len);
        status = bl_buffer_status(out, err);
    }
    bl_buffer_deinit(&in.body);
    bl_buffer_deinit(&in.section);
    bl_buffer_deinit(&in.out);
    if (status != BAALS_OK)
        return status;
    const struct bl_wasm_module *result = NULL;
    status = instrument_verify(&result, &in, bl_buffer_slice(out), arena, err);
    if (status != BAALS_OK) {
        bl_buffer_clear(out);
        return status;
    }
    *info = (struct bl_wasm_instrumented){.module = result,
                                          .gas_global = in.meter.gas_global,
                                          .stack_global = in.meter.stack_global,
                                          .start_function = module->start,
                                          .work = in.meter.work};
    return BAALS_OK;
}

static bool instrument_find_global(uint32_t *out,
                                   const struct bl_wasm_module *module,
                                   const char *name,
                                   uint8_t type)
{
    const struct bl_wasm_export *item =
        bl_wasm_export_find(module, BL_WASM_KIND_GLOBAL, bl_slice_str(name));
    if (item == NULL)
        return false;
    const struct bl_wasm_global *global = &module->globals[item->index];
    *out = item->index;
    return global->mutable_ && global->type == type;
}

baals_status bl_wasm_instrumented_describe(struct bl_wasm_instrumented *info,
                                           const struct bl_wasm_module *module,
                                           baals_error *err)
{
    struct bl_wasm_instrumented found = {.module = module, .start_function = BL_WASM_NONE};
    const struct bl_wasm_export *start =
        bl_wasm_export_find(module, BL_WASM_KIND_FUNCTION, bl_slice_str(BL_WASM_EXPORT_START));
    bool good =
        module->profile == BL_WASM_INSTRUMENTED && module->start == BL_WASM_NONE &&
        instrument_find_global(&found.gas_global, module, BL_WASM_EXPORT_GAS, BL_WASM_I64) &&
        instrument_find_global(&found.stack_global, module, BL_WASM_EXPORT_STACK, BL_WASM_I32);
    if (start != NULL) {
        const struct bl_wasm_functype *type = bl_wasm_function_type(module, start->index);
        good = good && type->param_count == 0 && type->result == BL_WASM_VOID;
        found.start_function = start->index;
    }
    if (!good)
        return bl_fail(err, BAALS_CORRUPT_STORE, "a stored module is not an instrumented one");
    *info = found;
    return BAALS_OK;
}
