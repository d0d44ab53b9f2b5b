/* SPDX-License-Identifier: MIT */
/*
 * The journal's bytes: segment headers and record headers (docs/internals/journal.md). All integers
 * little-endian. One SHA-256 serves as checksum and as the link of the chain: it covers the header
 * before it and the body, so a record that hashes right is right in every field.
 */
#include "storage/journal_internal.h"

#include <string.h>

#include "crypto/crypto.h"

static const uint8_t format_segment_magic[8] = {'B', 'A', 'A', 'L', 'S', 'J', 'N', 'L'};
static const uint8_t format_record_magic[4] = {'B', 'L', 'J', 'R'};

enum {
    FORMAT_SEGMENT_VERSION = 8,
    FORMAT_SEGMENT_NUMBER = 12,
    FORMAT_SEGMENT_CHAIN = 16,
    FORMAT_SEGMENT_SALT = 48,
    FORMAT_SEGMENT_PREV = 64,
    FORMAT_SEGMENT_DURABLE = 96,
    FORMAT_SEGMENT_HASH = 104,

    FORMAT_RECORD_BODY_LEN = 4,
    FORMAT_RECORD_TYPE = 8,
    FORMAT_RECORD_GROUP_REST = 12,
    FORMAT_RECORD_POSITION = 16,
    FORMAT_RECORD_DURABLE = 24,
    FORMAT_RECORD_SALT = 32,
    FORMAT_RECORD_PREV = 48,
    FORMAT_RECORD_HASH = 80,
};
_Static_assert(FORMAT_SEGMENT_HASH + sizeof(baals_hash) == BL_JOURNAL_SEGMENT_HEADER, "no gap");
_Static_assert(FORMAT_RECORD_HASH + sizeof(baals_hash) == BL_JOURNAL_RECORD_HEADER, "no gap");

uint64_t bl_journal_position(uint32_t segment, uint32_t offset)
{
    return (uint64_t)segment << 32 | offset;
}

uint32_t bl_journal_segment_of(uint64_t position)
{
    return (uint32_t)(position >> 32);
}

uint32_t bl_journal_offset_of(uint64_t position)
{
    return (uint32_t)(position & 0xffffffffu);
}

uint64_t bl_journal_align(uint64_t offset)
{
    return (offset + BL_JOURNAL_ALIGN - 1) / BL_JOURNAL_ALIGN * BL_JOURNAL_ALIGN;
}

void bl_journal_segment_encode(uint8_t out[BL_JOURNAL_SEGMENT_HEADER],
                               const struct bl_journal_segment_header *header)
{
    memcpy(out, format_segment_magic, sizeof format_segment_magic);
    bl_store_u32le(out + FORMAT_SEGMENT_VERSION, BL_JOURNAL_VERSION);
    bl_store_u32le(out + FORMAT_SEGMENT_NUMBER, header->number);
    memcpy(out + FORMAT_SEGMENT_CHAIN, header->chain_id.bytes, sizeof header->chain_id.bytes);
    memcpy(out + FORMAT_SEGMENT_SALT, header->salt, sizeof header->salt);
    memcpy(out + FORMAT_SEGMENT_PREV, header->prev.bytes, sizeof header->prev.bytes);
    bl_store_u64le(out + FORMAT_SEGMENT_DURABLE, header->durable_to);
    baals_hash hash;
    bl_sha256(&hash, bl_slice(out, FORMAT_SEGMENT_HASH));
    memcpy(out + FORMAT_SEGMENT_HASH, hash.bytes, sizeof hash.bytes);
}

enum bl_journal_verdict bl_journal_segment_decode(struct bl_journal_segment_header *out,
                                                  const uint8_t bytes[BL_JOURNAL_SEGMENT_HEADER])
{
    if (memcmp(bytes, format_segment_magic, sizeof format_segment_magic) != 0)
        return BL_JOURNAL_BAD;
    baals_hash hash;
    bl_sha256(&hash, bl_slice(bytes, FORMAT_SEGMENT_HASH));
    if (memcmp(hash.bytes, bytes + FORMAT_SEGMENT_HASH, sizeof hash.bytes) != 0)
        return BL_JOURNAL_BAD;
    if (bl_load_u32le(bytes + FORMAT_SEGMENT_VERSION) != BL_JOURNAL_VERSION)
        return BL_JOURNAL_UNKNOWN;
    out->number = bl_load_u32le(bytes + FORMAT_SEGMENT_NUMBER);
    memcpy(out->chain_id.bytes, bytes + FORMAT_SEGMENT_CHAIN, sizeof out->chain_id.bytes);
    memcpy(out->salt, bytes + FORMAT_SEGMENT_SALT, sizeof out->salt);
    memcpy(out->prev.bytes, bytes + FORMAT_SEGMENT_PREV, sizeof out->prev.bytes);
    out->durable_to = bl_load_u64le(bytes + FORMAT_SEGMENT_DURABLE);
    return BL_JOURNAL_WHOLE;
}

static void format_record_hash(baals_hash *out,
                               const uint8_t bytes[BL_JOURNAL_RECORD_HEADER],
                               const uint8_t *body,
                               size_t body_len)
{
    struct bl_sha256 state;
    bl_sha256_init(&state);
    bl_sha256_update(&state, bl_slice(bytes, FORMAT_RECORD_HASH));
    bl_sha256_update(&state, bl_slice(body, body_len));
    bl_sha256_final(out, &state);
}

void bl_journal_header_encode(uint8_t out[BL_JOURNAL_RECORD_HEADER],
                              struct bl_journal_header *header,
                              const uint8_t *body)
{
    memcpy(out, format_record_magic, sizeof format_record_magic);
    bl_store_u32le(out + FORMAT_RECORD_BODY_LEN, header->body_len);
    bl_store_u32le(out + FORMAT_RECORD_TYPE, (uint32_t)header->type);
    bl_store_u32le(out + FORMAT_RECORD_GROUP_REST, header->group_rest);
    bl_store_u64le(out + FORMAT_RECORD_POSITION, header->position);
    bl_store_u64le(out + FORMAT_RECORD_DURABLE, header->durable_to);
    memcpy(out + FORMAT_RECORD_SALT, header->salt, sizeof header->salt);
    memcpy(out + FORMAT_RECORD_PREV, header->prev.bytes, sizeof header->prev.bytes);
    format_record_hash(&header->hash, out, body, header->body_len);
    memcpy(out + FORMAT_RECORD_HASH, header->hash.bytes, sizeof header->hash.bytes);
}

/* Whether a record of this type may have such a body and stand in such a group. */
static bool format_type_possible(uint32_t type, uint32_t body_len, uint32_t group_rest)
{
    switch (type) {
    case BL_RECORD_BLOCK:
    case BL_RECORD_SIDE:
    case BL_RECORD_REVERT:
        return body_len <= BL_JOURNAL_BODY_MAX && group_rest <= BL_JOURNAL_GROUP_MAX;
    case BL_RECORD_SYNC:
    case BL_RECORD_END:
        return body_len == 0 && group_rest == 0;
    default:
        return false;
    }
}

bool bl_journal_header_decode(struct bl_journal_header *out,
                              const uint8_t bytes[BL_JOURNAL_RECORD_HEADER])
{
    if (memcmp(bytes, format_record_magic, sizeof format_record_magic) != 0)
        return false;
    uint32_t type = bl_load_u32le(bytes + FORMAT_RECORD_TYPE);
    uint32_t body_len = bl_load_u32le(bytes + FORMAT_RECORD_BODY_LEN);
    uint32_t group_rest = bl_load_u32le(bytes + FORMAT_RECORD_GROUP_REST);
    if (!format_type_possible(type, body_len, group_rest))
        return false;
    out->type = (enum bl_record_type)type;
    out->body_len = body_len;
    out->group_rest = group_rest;
    out->position = bl_load_u64le(bytes + FORMAT_RECORD_POSITION);
    out->durable_to = bl_load_u64le(bytes + FORMAT_RECORD_DURABLE);
    memcpy(out->salt, bytes + FORMAT_RECORD_SALT, sizeof out->salt);
    memcpy(out->prev.bytes, bytes + FORMAT_RECORD_PREV, sizeof out->prev.bytes);
    memcpy(out->hash.bytes, bytes + FORMAT_RECORD_HASH, sizeof out->hash.bytes);
    return true;
}

bool bl_journal_header_holds(const uint8_t bytes[BL_JOURNAL_RECORD_HEADER],
                             const uint8_t *body,
                             size_t body_len)
{
    baals_hash hash;
    format_record_hash(&hash, bytes, body, body_len);
    return memcmp(hash.bytes, bytes + FORMAT_RECORD_HASH, sizeof hash.bytes) == 0;
}

uint64_t bl_journal_header_next(const struct bl_journal_header *header)
{
    if (header->type == BL_RECORD_END)
        return bl_journal_position(bl_journal_segment_of(header->position) + 1, BL_JOURNAL_ALIGN);
    uint64_t next = header->position + BL_JOURNAL_RECORD_HEADER + header->body_len;
    return header->group_rest > 0 ? next : bl_journal_align(next);
}
