/* SPDX-License-Identifier: MIT */
/*
 * Slices, explicit byte order, checked arithmetic, numbers as text, hex: pure functions on bytes
 * and integers. Byte order is written out with shifts, so it is the same on every machine;
 * compilers turn each into one instruction.
 */
#include <string.h>

#include "base/base.h"

baals_slice bl_slice(const void *data, size_t len)
{
    BL_ASSERT(data != NULL || len == 0);
    return (baals_slice){.data = data, .len = len};
}

baals_slice bl_slice_str(const char *text)
{
    return bl_slice(text, strlen(text));
}

bool bl_slice_equal(baals_slice a, baals_slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int bl_slice_compare(baals_slice a, baals_slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool bl_slice_has_prefix(baals_slice a, baals_slice prefix)
{
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.data, prefix.data, prefix.len) == 0);
}

bool bl_hash_equal(const baals_hash *a, const baals_hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool bl_address_equal(const baals_address *a, const baals_address *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool bl_bytes_all_zero(const void *data, size_t len)
{
    const uint8_t *bytes = data;
    /* Every byte equals the one before it, and the first is zero: memcmp is much faster than a loop
     * over megabytes. */
    return len == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, len - 1) == 0);
}

void bl_store_u16be(uint8_t *out, uint16_t value)
{
    out[0] = (uint8_t)(value >> 8);
    out[1] = (uint8_t)value;
}

void bl_store_u32be(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

void bl_store_u64be(uint8_t *out, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (56 - 8 * i));
}

void bl_store_u32le(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

void bl_store_u64le(uint8_t *out, uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (8 * i));
}

uint16_t bl_load_u16be(const uint8_t *in)
{
    return (uint16_t)((uint32_t)in[0] << 8 | in[1]);
}

uint32_t bl_load_u32be(const uint8_t *in)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++)
        value = value << 8 | in[i];
    return value;
}

uint64_t bl_load_u64be(const uint8_t *in)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value = value << 8 | in[i];
    return value;
}

uint32_t bl_load_u32le(const uint8_t *in)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < 4; i++)
        value |= (uint32_t)in[i] << (8 * i);
    return value;
}

uint64_t bl_load_u64le(const uint8_t *in)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < 8; i++)
        value |= (uint64_t)in[i] << (8 * i);
    return value;
}

bool bl_u64_add(uint64_t *out, uint64_t a, uint64_t b)
{
    uint64_t result;
    if (__builtin_add_overflow(a, b, &result))
        return false;
    *out = result;
    return true;
}

bool bl_u64_sub(uint64_t *out, uint64_t a, uint64_t b)
{
    uint64_t result;
    if (__builtin_sub_overflow(a, b, &result))
        return false;
    *out = result;
    return true;
}

bool bl_u64_mul(uint64_t *out, uint64_t a, uint64_t b)
{
    uint64_t result;
    if (__builtin_mul_overflow(a, b, &result))
        return false;
    *out = result;
    return true;
}

bool bl_size_add(size_t *out, size_t a, size_t b)
{
    size_t result;
    if (__builtin_add_overflow(a, b, &result))
        return false;
    *out = result;
    return true;
}

bool bl_size_mul(size_t *out, size_t a, size_t b)
{
    size_t result;
    if (__builtin_mul_overflow(a, b, &result))
        return false;
    *out = result;
    return true;
}

bool bl_u64_parse(uint64_t *out, const char *text, size_t text_len)
{
    uint64_t value = 0;
    if (text_len == 0 || (text[0] == '0' && text_len > 1))
        return false;
    for (size_t i = 0; i < text_len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        if (!bl_u64_mul(&value, value, 10) || !bl_u64_add(&value, value, (uint64_t)(text[i] - '0')))
            return false;
    }
    *out = value;
    return true;
}

void bl_hex_encode(char *out, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = 0;
}

/* 0 to 15, or 255 for what is no hex digit. */
static uint8_t bytes_hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (uint8_t)(digit - '0');
    if (digit >= 'a' && digit <= 'f')
        return (uint8_t)(digit - 'a' + 10);
    if (digit >= 'A' && digit <= 'F')
        return (uint8_t)(digit - 'A' + 10);
    return 255;
}

bool bl_hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    if (text_len % 2 != 0 || text_len / 2 != len)
        return false;
    for (size_t i = 0; i < text_len; i++) {
        if (bytes_hex_digit(text[i]) > 15)
            return false;
    }
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(bytes_hex_digit(text[2 * i]) << 4 | bytes_hex_digit(text[2 * i + 1]));
    return true;
}
