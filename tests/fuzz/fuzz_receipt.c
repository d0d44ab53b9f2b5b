/* SPDX-License-Identifier: MIT */
/* Any bytes as a receipt. */
#include "roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static baals_status fuzz_receipt_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_receipt receipt;
    baals_event events[BL_EVENTS_PER_TX_MAX];
    size_t cursor = 0;
    size_t count = 0;
    BL_TRY(baals_receipt_decode(&receipt, bytes, err));
    while (count < BL_COUNT_OF(events) &&
           baals_receipt_events_next(&events[count], &cursor, &receipt))
        count++;
    BL_ASSERT(count == receipt.event_count);
    bl_receipt_encode(again, &receipt, events, count);
    return BAALS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_roundtrip(bl_slice(data, size), fuzz_receipt_again);
    return 0;
}
