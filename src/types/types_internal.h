/* SPDX-License-Identifier: MIT */
#ifndef BL_TYPES_TYPES_INTERNAL_H
#define BL_TYPES_TYPES_INTERNAL_H
/*
 * What the files of this module share.
 */
#include "types/types.h"

/* The major types of CBOR: the three high bits of an item's first byte. */
enum bl_cbor_major {
    BL_CBOR_UINT = 0,
    BL_CBOR_NINT = 1,
    BL_CBOR_BYTES = 2,
    BL_CBOR_TEXT = 3,
    BL_CBOR_ARRAY = 4,
    BL_CBOR_MAP = 5,
    BL_CBOR_TAG = 6,
    BL_CBOR_SIMPLE = 7
};

/* A buffer over the caller's memory: it never grows, fails when full, needs no deinit. */
struct bl_buffer bl_types_fixed_buffer(uint8_t *memory, size_t size);

/* Reads 32 bytes, or null (then *present_out is 0 and *out zeroed). */
baals_status bl_types_read_address_or_null(struct bl_cbor_reader *reader,
                                           int32_t *present_out,
                                           baals_address *out,
                                           baals_error *err);
/* Reads a byte string, or null (then *present_out is 0 and *out empty). */
baals_status bl_types_read_bytes_or_null(struct bl_cbor_reader *reader,
                                         int32_t *present_out,
                                         baals_slice *out,
                                         baals_error *err);
/* Reads a uint that must be a baals_tx_kind up to `max`: REJECT_KIND. */
baals_status bl_types_read_kind(struct bl_cbor_reader *reader,
                                baals_tx_kind *out,
                                baals_tx_kind max,
                                baals_error *err);
/* The rules on recipient and amount of docs/spec/transaction.md. REJECT_RECIPIENT at `offset`. */
baals_status bl_types_check_recipient(baals_tx_kind kind,
                                      const baals_address *recipient,
                                      uint64_t amount,
                                      size_t offset,
                                      baals_error *err);

#endif /* BL_TYPES_TYPES_INTERNAL_H */
