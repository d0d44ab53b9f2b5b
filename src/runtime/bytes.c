/* SPDX-License-Identifier: MIT */
/*
 * Owned results: a header with the allocator stands before the bytes, so they can be freed after
 * the chain they came from is closed. baals_bytes.owner points at that header.
 */
#include <string.h>

#include "runtime/runtime_internal.h"

struct bytes_owner {
    struct bl_alloc alloc;
    size_t size; /* of the whole block */
};

baals_status
bl_bytes_new(baals_bytes *out, const struct bl_alloc *alloc, baals_slice bytes, baals_error *err)
{
    size_t size = 0;
    struct bytes_owner *owner = NULL;
    if (bl_size_add(&size, sizeof *owner + 1, bytes.len))
        owner = bl_alloc_zero(alloc, 1, size);
    if (owner == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a result of %zu bytes", bytes.len);
    owner->alloc = *alloc;
    owner->size = size;
    uint8_t *data = (uint8_t *)(owner + 1);
    if (bytes.len > 0)
        memcpy(data, bytes.data, bytes.len);
    *out = (baals_bytes){data, bytes.len, owner};
    return BAALS_OK;
}

void baals_bytes_free(baals_bytes *bytes)
{
    if (bytes == NULL || bytes->owner == NULL)
        return;
    struct bytes_owner *owner = bytes->owner;
    struct bl_alloc alloc = owner->alloc;
    bl_alloc_free(&alloc, owner, owner->size);
    *bytes = (baals_bytes){NULL, 0, NULL};
}

void baals_proof_free(baals_proof *proof)
{
    if (proof == NULL)
        return;
    baals_bytes_free(&proof->value);
    baals_bytes_free(&proof->proof);
    baals_bytes_free(&proof->header);
}

void baals_outcome_free(baals_outcome *outcome)
{
    if (outcome == NULL)
        return;
    baals_bytes_free(&outcome->receipt);
    baals_bytes_free(&outcome->logs);
}
