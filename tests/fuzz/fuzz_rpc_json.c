/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as JSON: what is accepted is dumped, and the dump is accepted and dumped the same.
 */
#include "rpc/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_json_doc doc = {0}, again = {0};
    struct bl_buffer first, second;
    if (bl_json_parse(&doc, bl_slice(data, size), 65536, NULL) != BAALS_OK)
        return 0;
    bl_buffer_init(&first, bl_alloc_system(), (size_t)1024 * 1024);
    bl_buffer_init(&second, bl_alloc_system(), (size_t)1024 * 1024);
    bl_json_dump(&first, doc.root);
    BL_ASSERT(!first.failed);
    BL_ASSERT(bl_json_parse(&again, bl_buffer_slice(&first), (size_t)1024 * 1024, NULL) ==
              BAALS_OK);
    bl_json_dump(&second, again.root);
    BL_ASSERT(bl_slice_equal(bl_buffer_slice(&first), bl_buffer_slice(&second)));
    bl_json_free(&doc);
    bl_json_free(&again);
    bl_buffer_deinit(&first);
    bl_buffer_deinit(&second);
    return 0;
}
