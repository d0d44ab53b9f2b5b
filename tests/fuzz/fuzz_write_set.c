/* SPDX-License-Identifier: MIT */
/* Any bytes give a write set or CORRUPT_JOURNAL; what is accepted is encoded to the same bytes. */
#include <stdlib.h>

#include "state/state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_arena arena;
    struct bl_buffer again;
    struct bl_write_set set;
    struct bl_write_set inverse;
    bl_arena_init(&arena, bl_alloc_system(), 1u << 28);
    bl_buffer_init(&again, bl_alloc_system(), 1u << 28);
    baals_status status = bl_write_set_decode(&set, &arena, bl_slice(data, size), NULL);
    if (status == BAALS_OK) {
        bl_write_set_encode(&again, &set);
        if (!bl_slice_equal(bl_buffer_slice(&again), bl_slice(data, size)))
            abort();
        if (bl_write_set_invert(&inverse, &arena, &set, NULL) != BAALS_OK)
            abort();
    } else if (status != BAALS_CORRUPT_JOURNAL) {
        abort();
    }
    bl_buffer_deinit(&again);
    bl_arena_deinit(&arena);
    return 0;
}
