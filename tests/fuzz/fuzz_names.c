/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a module whose functions are to be named, and as the two forms of one in which a
 * place is looked for: there are names and places or none, never a crash.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "contracts/wasm_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says where the second form begins, in 256ths of the rest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_wasm_names names;
    struct bl_arena arena;
    char text[BL_WASM_NAME_SIZE];
    if (size == 0)
        return 0;
    baals_slice whole = bl_slice(data + 1, size - 1);
    size_t cut = whole.len * data[0] / 256;
    bl_arena_init(&arena, bl_alloc_system(), 16u << 20);
    if (bl_wasm_names_read(&names, &arena, whole)) {
        BL_ASSERT(names.import_count <= names.count && names.count <= 2 * BL_WASM_NAMES_MAX);
        for (uint32_t i = 0; i <= names.count; i++) {
            bl_wasm_names_text(text, &names, i);
            BL_ASSERT(strlen(text) > 0 && strlen(text) < BL_WASM_NAME_SIZE);
        }
    }
    bl_arena_deinit(&arena);
    baals_slice tail = bl_slice(whole.data + cut, whole.len - cut);
    baals_slice head = data[0] == 0 ? whole : bl_slice(whole.data, cut);
    for (uint32_t function = 0; function < 4; function++) {
        for (uint32_t offset = 8; offset < tail.len; offset += 1 + (uint32_t)tail.len / 16) {
            uint32_t found = UINT32_MAX;
            if (bl_wasm_place_original(&found, head, tail, function, offset))
                BL_ASSERT(found < head.len);
        }
    }
    return 0;
}
