/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_UNIT_TYPES_MUTATIONS_H
#define BL_TESTS_UNIT_TYPES_MUTATIONS_H
/*
 * The property every decoder of this module has: whatever is done to valid bytes, the decoder
 * either refuses with a REJECT status and an offset inside the input, or accepts something that
 * encodes to exactly the bytes it was given.
 */
#include <stdlib.h>
#include <string.h>

#include "testlib.h"
#include "types/types.h"

/* Decodes `bytes` and, where that succeeds, encodes again into `again`. */
typedef baals_status (*mutations_decoder)(struct bl_buffer *again,
                                          baals_slice bytes,
                                          baals_error *err);

/* Tries one input, from an exact copy so that a sanitizer sees a read past its end. Returns whether
 * it was accepted. */
static bool mutations_try(baals_slice bytes, mutations_decoder decode)
{
    struct bl_buffer again;
    baals_error err = {.status = BAALS_OK, .offset = BAALS_NO_OFFSET};
    uint8_t *exact = malloc(bytes.len == 0 ? 1 : bytes.len);
    assert_non_null(exact);
    memcpy(exact, bytes.data, bytes.len);
    bl_buffer_init(&again, bl_alloc_system(), 32u * 1024u * 1024u);
    baals_status status = decode(&again, bl_slice(exact, bytes.len), &err);
    if (status == BAALS_OK) {
        assert_ok(bl_buffer_status(&again, NULL));
        assert_true(bl_slice_equal(bl_buffer_slice(&again), bytes));
    } else {
        assert_int_equal(BAALS_STATUS_CLASS(status), BAALS_CLASS_REJECT);
        assert_int_equal(err.status, (int32_t)status);
        assert_true(err.offset <= bytes.len);
        assert_true(err.message[0] != '\0');
    }
    bl_buffer_deinit(&again);
    free(exact);
    return status == BAALS_OK;
}

/* Every truncation, every flip of one bit, every byte doubled, and one byte behind. */
static void mutations_check(baals_slice bytes, mutations_decoder decode)
{
    size_t accepted = 0;
    uint8_t *changed = malloc(bytes.len + 1);
    assert_non_null(changed);
    assert_true(mutations_try(bytes, decode));
    for (size_t len = 0; len < bytes.len; len++)
        assert_false(mutations_try(bl_slice(bytes.data, len), decode));
    memcpy(changed, bytes.data, bytes.len);
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        changed[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        accepted += mutations_try(bl_slice(changed, bytes.len), decode) ? 1 : 0;
        changed[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    for (size_t i = 0; i < bytes.len; i++) {
        memcpy(changed, bytes.data, i + 1);
        memcpy(changed + i + 1, bytes.data + i, bytes.len - i);
        accepted += mutations_try(bl_slice(changed, bytes.len + 1), decode) ? 1 : 0;
    }
    memcpy(changed, bytes.data, bytes.len);
    changed[bytes.len] = 0;
    assert_false(mutations_try(bl_slice(changed, bytes.len + 1), decode));
    printf("%zu bytes: %zu of %zu changes accepted\n", bytes.len, accepted, bytes.len * 9);
    free(changed);
}

#endif /* BL_TESTS_UNIT_TYPES_MUTATIONS_H */
