/* SPDX-License-Identifier: MIT */
/* Any bytes as a transaction. */
#include "roundtrip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static baals_status fuzz_tx_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_tx tx;
    BL_TRY(baals_tx_decode(&tx, bytes, err));
    bl_tx_encode(again, &tx);
    return BAALS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_roundtrip(bl_slice(data, size), fuzz_tx_again);
    return 0;
}
