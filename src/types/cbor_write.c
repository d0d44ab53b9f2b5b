/* SPDX-License-Identifier: MIT */
/*
 * Deterministic CBOR, the writing side (docs/spec/encoding.md). Every item is a head (major type
 * and argument in its shortest form) and, for strings, the bytes. Failures stay in the buffer.
 */
#include "types/types.h"
#include "types/types_internal.h"

static void cbor_write_head(struct bl_buffer *buffer, enum bl_cbor_major major, uint64_t argument)
{
    uint8_t head[9];
    size_t len;
    uint8_t top = (uint8_t)((unsigned)major << 5);

    if (argument < 24) {
        head[0] = (uint8_t)(top | argument);
        len = 1;
    } else if (argument <= UINT8_MAX) {
        head[0] = top | 24;
        head[1] = (uint8_t)argument;
        len = 2;
    } else if (argument <= UINT16_MAX) {
        head[0] = top | 25;
        bl_store_u16be(head + 1, (uint16_t)argument);
        len = 3;
    } else if (argument <= UINT32_MAX) {
        head[0] = top | 26;
        bl_store_u32be(head + 1, (uint32_t)argument);
        len = 5;
    } else {
        head[0] = top | 27;
        bl_store_u64be(head + 1, argument);
        len = 9;
    }
    bl_buffer_append(buffer, head, len);
}

void bl_cbor_write_uint(struct bl_buffer *buffer, uint64_t value)
{
    cbor_write_head(buffer, BL_CBOR_UINT, value);
}

void bl_cbor_write_int(struct bl_buffer *buffer, int64_t value)
{
    if (value >= 0) {
        cbor_write_head(buffer, BL_CBOR_UINT, (uint64_t)value);
    } else {
        /* -1 - value, which is the complement and cannot overflow. */
        cbor_write_head(buffer, BL_CBOR_NINT, ~(uint64_t)value);
    }
}

void bl_cbor_write_bytes(struct bl_buffer *buffer, baals_slice bytes)
{
    cbor_write_head(buffer, BL_CBOR_BYTES, bytes.len);
    bl_buffer_append(buffer, bytes.data, bytes.len);
}

void bl_cbor_write_text(struct bl_buffer *buffer, baals_slice text)
{
    BL_DCHECK(bl_utf8_valid(text));
    cbor_write_head(buffer, BL_CBOR_TEXT, text.len);
    bl_buffer_append(buffer, text.data, text.len);
}

void bl_cbor_write_array(struct bl_buffer *buffer, uint64_t count)
{
    cbor_write_head(buffer, BL_CBOR_ARRAY, count);
}

void bl_cbor_write_map(struct bl_buffer *buffer, uint64_t count)
{
    cbor_write_head(buffer, BL_CBOR_MAP, count);
}

void bl_cbor_write_bool(struct bl_buffer *buffer, bool value)
{
    bl_buffer_append_u8(buffer, value ? 0xf5 : 0xf4);
}

void bl_cbor_write_null(struct bl_buffer *buffer)
{
    bl_buffer_append_u8(buffer, 0xf6);
}

void bl_cbor_write_hash(struct bl_buffer *buffer, const baals_hash *hash)
{
    bl_cbor_write_bytes(buffer, bl_slice(hash->bytes, sizeof(hash->bytes)));
}

void bl_cbor_write_address(struct bl_buffer *buffer, const baals_address *address)
{
    bl_cbor_write_bytes(buffer, bl_slice(address->bytes, sizeof(address->bytes)));
}

void bl_cbor_write_address_or_null(struct bl_buffer *buffer,
                                   bool present,
                                   const baals_address *address)
{
    if (present)
        bl_cbor_write_address(buffer, address);
    else
        bl_cbor_write_null(buffer);
}

void bl_cbor_write_bytes_or_null(struct bl_buffer *buffer, bool present, baals_slice bytes)
{
    if (present)
        bl_cbor_write_bytes(buffer, bytes);
    else
        bl_cbor_write_null(buffer);
}
