/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a contract: a verdict, never a crash. What is accepted is instrumented, which
 * asserts that its own output is valid; refused bytes go through the explanations too.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "contracts/gas.h"
#include "contracts/wasm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct bl_wasm_import_spec fuzz_specs[] = {
    {"baals1", "input_len", ":i"},
    {"baals1", "output", "ii:"},
    {"baals1", "value", ":l"},
};
static const struct bl_wasm_imports fuzz_imports = {fuzz_specs, BL_COUNT_OF(fuzz_specs)};

static void fuzz_profile(baals_slice bytes, enum bl_wasm_profile profile)
{
    const struct bl_wasm_options options = {profile, 1, &fuzz_imports};
    const struct bl_wasm_module *module = NULL;
    struct bl_wasm_instrumented info;
    struct bl_wasm_error where;
    struct bl_arena arena;
    struct bl_buffer out;
    baals_error err;
    bl_arena_init(&arena, bl_alloc_system(), BL_WASM_ARENA_BYTES);
    bl_buffer_init(&out, bl_alloc_system(), SIZE_MAX);
    const baals_status status = bl_wasm_decode(&module, &arena, bytes, &options, &where, &err);
    if (status == BAALS_OK) {
        if (profile == BL_WASM_INSTRUMENTED)
            (void)!bl_wasm_instrumented_describe(&info, module, &err);
        else if (bl_wasm_instrument(&out, &info, module, bl_gas_schedule_get(1), &arena, &err) ==
                 BAALS_OK)
            BL_ASSERT(out.len <= 4 * bytes.len + 4096);
        BL_ASSERT(module->work <= 4 * bytes.len + 60000);
    } else {
        BL_ASSERT(status == BAALS_REJECT_CODE);
        BL_ASSERT(where.code != BL_WASM_CODE_OK);
        BL_ASSERT(where.offset <= bytes.len || where.code == BL_WASM_CODE_VERSION);
    }
    bl_buffer_deinit(&out);
    bl_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const baals_slice bytes = bl_slice(data, size);
    baals_slice name;
    fuzz_profile(bytes, BL_WASM_INPUT);
    fuzz_profile(bytes, BL_WASM_INSTRUMENTED);
    for (uint32_t i = 0; i < 3; i++)
        (void)bl_wasm_function_name(&name, bytes, i);
    return 0;
}
