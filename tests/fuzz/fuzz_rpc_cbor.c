/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as contract output: shown or not, never a fault; and as the words of a call.
 */
#include <string.h>

#include "rpc/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_buffer out;
    char word[256];
    bl_buffer_init(&out, bl_alloc_system(), (size_t)1024 * 1024);
    if (!bl_cbor_diagnostic(&out, bl_slice(data, size)))
        BL_ASSERT(out.len == 0);
    bl_buffer_clear(&out);
    size_t len = size < sizeof word - 1 ? size : sizeof word - 1;
    if (len > 0)
        memcpy(word, data, len);
    word[len] = '\0';
    /* What a word becomes is always one item that can be shown. */
    if (bl_cbor_word(&out, word, NULL) == BAALS_OK) {
        struct bl_buffer shown;
        bl_buffer_init(&shown, bl_alloc_system(), (size_t)1024 * 1024);
        BL_ASSERT(bl_cbor_diagnostic(&shown, bl_buffer_slice(&out)));
        bl_buffer_deinit(&shown);
    }
    bl_buffer_deinit(&out);
    return 0;
}
