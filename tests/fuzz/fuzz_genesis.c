/* SPDX-License-Identifier: MIT */
/* Any bytes as a genesis. */
#include "roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static baals_status fuzz_genesis_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_arena arena;
    baals_genesis genesis;
    bl_arena_init(&arena, bl_alloc_system(), 64u * 1024u * 1024u);
    baals_status status = bl_genesis_decode(&genesis, &arena, bytes, err);
    if (status == BAALS_OK)
        bl_genesis_encode(again, &genesis);
    bl_arena_deinit(&arena);
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_roundtrip(bl_slice(data, size), fuzz_genesis_again);
    return 0;
}
