/* SPDX-License-Identifier: MIT */
/*
 * Questions to a decoded module, and the limits a module is decoded under. The limits of the
 * instrumented form are those of the input plus what the instrumenter can add (docs/spec/wasm.md
 * has both columns).
 */
#include "contracts/wasm_internal.h"

#include <string.h>

static const struct bl_wasm_limits module_limits_input_1 = {
    .module_bytes = 1024 * 1024,
    .types = 1024,
    .functions = 10000,
    .body_bytes = 196608,
    .blocks = 5000,
    .blocks_module = 50000,
    .params = 32,
    .params_module = 10000,
    .locals = 512,
    .locals_module = 50000,
    .operands = 1024,
    .nesting = 512,
    .br_table = 1024,
    .globals = 256,
    .imports = 64,
    .exports = 256,
    .name_bytes = 100,
    .table = 4096,
    .element_segments = 1000,
    .elements = 4096,
    .data_segments = 1000,
    .memory_initial = 64,
    .memory_max = 256,
    .average_body_functions = 1000,
    .average_body_bytes = 16,
    .custom_sections = 100,
};

/* One type, two functions, two globals, four exports, a wrapper block and a check inside it, and
 * the two operands of a check; sizes and metered blocks are bounded by the size of the module. */
static const struct bl_wasm_limits module_limits_instrumented_1 = {
    .module_bytes = 4 * 1024 * 1024,
    .types = 1024 + 1,
    .functions = 10000 + 2,
    .body_bytes = 4 * 1024 * 1024,
    .blocks = UINT32_MAX,
    .blocks_module = UINT32_MAX,
    .params = 32,
    .params_module = 10000 + 2,
    .locals = 512,
    .locals_module = 50000,
    .operands = 1024 + 2,
    .nesting = 512 + 2,
    .br_table = 1024,
    .globals = 256 + 2,
    .imports = 64,
    .exports = 256 + 4,
    .name_bytes = 100,
    .table = 4096,
    .element_segments = 1000,
    .elements = 4096,
    .data_segments = 1000,
    .memory_initial = 64,
    .memory_max = 256,
    .average_body_functions = UINT32_MAX,
    .average_body_bytes = 0,
    .custom_sections = 100,
};

const struct bl_wasm_limits *bl_wasm_limits_get(uint32_t version, enum bl_wasm_profile profile)
{
    /* Version 2 accepts more imports; the bounds are the same. */
    if (version != 1 && version != 2)
        return NULL;
    return profile == BL_WASM_INPUT ? &module_limits_input_1 : &module_limits_instrumented_1;
}

const struct bl_wasm_functype *bl_wasm_function_type(const struct bl_wasm_module *module,
                                                     uint32_t function_index)
{
    if (function_index < module->import_count)
        return &module->types[module->imports[function_index].type];
    const uint32_t defined = function_index - module->import_count;
    BL_ASSERT(defined < module->function_count);
    return &module->types[module->functions[defined].type];
}

const struct bl_wasm_export *
bl_wasm_export_find(const struct bl_wasm_module *module, enum bl_wasm_kind kind, baals_slice name)
{
    for (uint32_t i = 0; i < module->export_count; i++) {
        const struct bl_wasm_export *item = &module->exports[i];
        if (item->kind == kind && bl_slice_equal(item->name, name))
            return item;
    }
    return NULL;
}

const struct bl_wasm_custom *bl_wasm_custom_find(const struct bl_wasm_module *module,
                                                 baals_slice name)
{
    for (uint32_t i = 0; i < module->custom_count; i++) {
        if (bl_slice_equal(module->customs[i].name, name))
            return &module->customs[i];
    }
    return NULL;
}
