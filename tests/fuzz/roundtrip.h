/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_FUZZ_ROUNDTRIP_H
#define BL_TESTS_FUZZ_ROUNDTRIP_H
/*
 * The property that the targets of the formats share: an input is refused with a REJECT status and
 * an offset inside it, or what it decodes to encodes to exactly the same bytes.
 */
#include <stdlib.h>

#include "types/types.h"

/* Decodes `bytes` and, where that succeeds, encodes again into `again`. */
typedef baals_status (*fuzz_decoder)(struct bl_buffer *again, baals_slice bytes, baals_error *err);

static void fuzz_roundtrip(baals_slice bytes, fuzz_decoder decode)
{
    struct bl_buffer again;
    baals_error err = {.status = BAALS_OK, .offset = BAALS_NO_OFFSET};
    bl_buffer_init(&again, bl_alloc_system(), 32u * 1024u * 1024u);
    baals_status status = decode(&again, bytes, &err);
    if (status == BAALS_OK) {
        BL_ASSERT(!again.failed);
        BL_ASSERT(bl_slice_equal(bl_buffer_slice(&again), bytes));
    } else {
        BL_ASSERT(BAALS_STATUS_CLASS(status) == BAALS_CLASS_REJECT);
        BL_ASSERT(err.status == (int32_t)status);
        BL_ASSERT(err.offset <= bytes.len);
    }
    bl_buffer_deinit(&again);
}

#endif /* BL_TESTS_FUZZ_ROUNDTRIP_H */
