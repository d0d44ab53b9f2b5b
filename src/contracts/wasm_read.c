/* SPDX-License-Identifier: MIT */
/*
 * Reading the binary format: bytes, LEB128 integers, types, instructions with their immediates.
 *
 * Integers may be longer than their shortest form, as the specification allows, but never longer
 * than their type needs, and the unused bits of a last byte must repeat the sign. On failure the
 * cursor stands at the byte at fault, so that the offset an author sees is that byte.
 */
#include "contracts/wasm_internal.h"

enum bl_wasm_code bl_wasm_read_byte(uint8_t *out, struct bl_wasm_cursor *cursor)
{
    if (cursor->at >= cursor->end)
        return BL_WASM_CODE_UNEXPECTED_END;
    *out = cursor->bytes[cursor->at++];
    return BL_WASM_CODE_OK;
}

/* The groups of 7 bits of an integer of `bits` bits (not a multiple of 7), low ones first, as an
 * unsigned number, and how many bits they hold. The last possible byte has room for `bits - 7 *
 * (bytes - 1)` of them; what is above must be zero, or for a signed integer equal to its top bit.
 */
static enum bl_wasm_code read_leb(
    uint64_t *out, unsigned *width_out, struct bl_wasm_cursor *cursor, unsigned bits, bool sign)
{
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (cursor->at >= cursor->end)
            return BL_WASM_CODE_UNEXPECTED_END;
        const uint8_t byte = cursor->bytes[cursor->at];
        const unsigned room = bits - shift;
        if (room < 7) {
            if ((byte & 0x80) != 0)
                return BL_WASM_CODE_LEB_LENGTH;
            const unsigned kept = sign ? room - 1 : room;
            const unsigned above = (unsigned)byte >> kept;
            if (above != 0 && !(sign && above == 0x7fu >> kept))
                return BL_WASM_CODE_LEB_RANGE;
        }
        value |= (uint64_t)(byte & 0x7f) << shift;
        cursor->at++;
        if ((byte & 0x80) == 0) {
            *out = value;
            *width_out = shift + 7;
            return BL_WASM_CODE_OK;
        }
    }
}

enum bl_wasm_code bl_wasm_read_u32(uint32_t *out, struct bl_wasm_cursor *cursor)
{
    if (cursor->at < cursor->end && cursor->bytes[cursor->at] < 0x80) {
        *out = cursor->bytes[cursor->at++];
        return BL_WASM_CODE_OK;
    }
    uint64_t value = 0;
    unsigned width = 0;
    const enum bl_wasm_code code = read_leb(&value, &width, cursor, 32, false);
    if (code == BL_WASM_CODE_OK)
        *out = (uint32_t)value;
    return code;
}

/* The two's complement number whose low `width` bits are those of `value`. */
static int64_t read_sign_extend(uint64_t value, unsigned width)
{
    if (width < 64 && (value >> (width - 1) & 1) != 0)
        value |= UINT64_MAX << width;
    return (int64_t)value;
}

enum bl_wasm_code bl_wasm_read_s32(int32_t *out, struct bl_wasm_cursor *cursor)
{
    uint64_t value = 0;
    unsigned width = 0;
    const enum bl_wasm_code code = read_leb(&value, &width, cursor, 32, true);
    if (code == BL_WASM_CODE_OK)
        *out = (int32_t)read_sign_extend(value, width);
    return code;
}

enum bl_wasm_code bl_wasm_read_s64(int64_t *out, struct bl_wasm_cursor *cursor)
{
    uint64_t value = 0;
    unsigned width = 0;
    const enum bl_wasm_code code = read_leb(&value, &width, cursor, 64, true);
    if (code == BL_WASM_CODE_OK)
        *out = read_sign_extend(value, width);
    return code;
}

/* Why a type byte that is neither i32 nor i64 is refused; `otherwise` for one that no proposal
 * uses. */
static enum bl_wasm_code read_type_refusal(uint8_t byte, enum bl_wasm_code otherwise)
{
    if (byte == 0x7d || byte == 0x7c)
        return BL_WASM_CODE_FLOAT;
    if (byte == 0x7b)
        return BL_WASM_CODE_SIMD;
    if (byte == 0x70 || byte == 0x6f)
        return BL_WASM_CODE_REFERENCE_TYPES;
    if ((byte >= 0x63 && byte <= 0x6e) || (byte >= 0x71 && byte <= 0x74))
        return BL_WASM_CODE_GC;
    return otherwise;
}

enum bl_wasm_code bl_wasm_read_type(uint8_t *out, struct bl_wasm_cursor *cursor)
{
    if (cursor->at >= cursor->end)
        return BL_WASM_CODE_UNEXPECTED_END;
    const uint8_t byte = cursor->bytes[cursor->at];
    if (byte != BL_WASM_I32 && byte != BL_WASM_I64)
        return read_type_refusal(byte, BL_WASM_CODE_VALUE_TYPE);
    *out = byte;
    cursor->at++;
    return BL_WASM_CODE_OK;
}

/* A block type is a byte for "no result" or a value type, or a type index as a positive signed
 * 33-bit integer; the last form is for multiple values only. */
static enum bl_wasm_code read_block_type(uint8_t *out, struct bl_wasm_cursor *cursor)
{
    if (cursor->at >= cursor->end)
        return BL_WASM_CODE_UNEXPECTED_END;
    const uint8_t byte = cursor->bytes[cursor->at];
    if (byte == BL_WASM_VOID || byte == BL_WASM_I32 || byte == BL_WASM_I64) {
        *out = byte;
        cursor->at++;
        return BL_WASM_CODE_OK;
    }
    if (byte < 0x40)
        return BL_WASM_CODE_MULTI_VALUE;
    if (byte < 0x80)
        return read_type_refusal(byte, BL_WASM_CODE_BLOCK_TYPE);
    struct bl_wasm_cursor ahead = *cursor;
    uint64_t value = 0;
    unsigned width = 0;
    const enum bl_wasm_code code = read_leb(&value, &width, &ahead, 33, true);
    if (code != BL_WASM_CODE_OK) {
        cursor->at = ahead.at;
        return code;
    }
    return read_sign_extend(value, width) >= 0 ? BL_WASM_CODE_MULTI_VALUE : BL_WASM_CODE_BLOCK_TYPE;
}

static enum bl_wasm_code read_memarg(struct bl_wasm_instruction *out, struct bl_wasm_cursor *cursor)
{
    const uint32_t start = cursor->at;
    uint32_t align = 0;
    uint32_t offset = 0;
    enum bl_wasm_code code = bl_wasm_read_u32(&align, cursor);
    if (code != BL_WASM_CODE_OK)
        return code;
    if (align >= 32) {
        cursor->at = start;
        /* Bit 6 announces a memory index. */
        return align >= 64 && align < 128 ? BL_WASM_CODE_MULTI_MEMORY : BL_WASM_CODE_ALIGNMENT;
    }
    code = bl_wasm_read_u32(&offset, cursor);
    if (code != BL_WASM_CODE_OK)
        return code;
    out->align = (uint8_t)align;
    out->value = offset;
    return BL_WASM_CODE_OK;
}

/* The byte for the index of the only memory. */
static enum bl_wasm_code read_memory_byte(struct bl_wasm_cursor *cursor)
{
    if (cursor->at >= cursor->end)
        return BL_WASM_CODE_UNEXPECTED_END;
    if (cursor->bytes[cursor->at] != 0)
        return BL_WASM_CODE_MULTI_MEMORY;
    cursor->at++;
    return BL_WASM_CODE_OK;
}

static enum bl_wasm_code read_br_table(struct bl_wasm_instruction *out,
                                       struct bl_wasm_cursor *cursor)
{
    const uint32_t start = cursor->at;
    uint32_t count = 0;
    enum bl_wasm_code code = bl_wasm_read_u32(&count, cursor);
    if (code != BL_WASM_CODE_OK)
        return code;
    /* Each label takes a byte at least: a huge count ends here, not in a loop. */
    if (count >= cursor->end - cursor->at) {
        cursor->at = start;
        return BL_WASM_CODE_UNEXPECTED_END;
    }
    out->index = count;
    out->table = cursor->at;
    for (uint32_t i = 0; i <= count; i++) {
        uint32_t label = 0;
        code = bl_wasm_read_u32(&label, cursor);
        if (code != BL_WASM_CODE_OK)
            return code;
    }
    return BL_WASM_CODE_OK;
}

static enum bl_wasm_code read_call_indirect(struct bl_wasm_instruction *out,
                                            struct bl_wasm_cursor *cursor)
{
    enum bl_wasm_code code = bl_wasm_read_u32(&out->index, cursor);
    if (code != BL_WASM_CODE_OK)
        return code;
    const uint32_t start = cursor->at;
    uint32_t table = 0;
    code = bl_wasm_read_u32(&table, cursor);
    if (code == BL_WASM_CODE_OK && table != 0) {
        cursor->at = start;
        return BL_WASM_CODE_MULTI_TABLE;
    }
    return code;
}

static enum bl_wasm_code read_immediate(struct bl_wasm_instruction *out,
                                        struct bl_wasm_cursor *cursor,
                                        enum bl_wasm_immediate immediate)
{
    enum bl_wasm_code code = BL_WASM_CODE_OK;
    int32_t i32 = 0;
    switch (immediate) {
    case BL_WASM_IMM_NONE:
        return BL_WASM_CODE_OK;
    case BL_WASM_IMM_BLOCK:
        return read_block_type(&out->block_type, cursor);
    case BL_WASM_IMM_INDEX:
        return bl_wasm_read_u32(&out->index, cursor);
    case BL_WASM_IMM_BR_TABLE:
        return read_br_table(out, cursor);
    case BL_WASM_IMM_CALL_INDIRECT:
        return read_call_indirect(out, cursor);
    case BL_WASM_IMM_MEMARG:
        return read_memarg(out, cursor);
    case BL_WASM_IMM_MEMORY:
        return read_memory_byte(cursor);
    case BL_WASM_IMM_MEMORY2:
        code = read_memory_byte(cursor);
        return code == BL_WASM_CODE_OK ? read_memory_byte(cursor) : code;
    case BL_WASM_IMM_DATA_MEMORY:
        code = bl_wasm_read_u32(&out->index, cursor);
        return code == BL_WASM_CODE_OK ? read_memory_byte(cursor) : code;
    case BL_WASM_IMM_I32:
        code = bl_wasm_read_s32(&i32, cursor);
        out->value = i32;
        return code;
    case BL_WASM_IMM_I64:
        return bl_wasm_read_s64(&out->value, cursor);
    }
    return BL_WASM_CODE_OPCODE;
}

/* The opcode; of the prefixes 0xfb, 0xfd and 0xfe only the prefix, as nothing behind them is
 * accepted. */
static enum bl_wasm_code read_opcode(uint16_t *out, struct bl_wasm_cursor *cursor)
{
    uint8_t byte = 0;
    enum bl_wasm_code code = bl_wasm_read_byte(&byte, cursor);
    if (code != BL_WASM_CODE_OK)
        return code;
    *out = byte;
    if (byte == 0xfb || byte == 0xfd || byte == 0xfe) {
        *out = (uint16_t)(byte << 8);
    } else if (byte == 0xfc) {
        uint32_t second = 0;
        code = bl_wasm_read_u32(&second, cursor);
        if (code != BL_WASM_CODE_OK)
            return code;
        *out = (uint16_t)(0xfc00u | (second < 0xff ? second : 0xff));
    }
    return BL_WASM_CODE_OK;
}

enum bl_wasm_code bl_wasm_read_instruction(struct bl_wasm_instruction *out,
                                           struct bl_wasm_cursor *cursor)
{
    *out = (struct bl_wasm_instruction){.offset = cursor->at, .op = BL_WASM_NO_OPCODE};
    enum bl_wasm_code code = read_opcode(&out->op, cursor);
    if (code != BL_WASM_CODE_OK)
        return code;
    const struct bl_wasm_op_info *info = bl_wasm_op_info(out->op);
    if (info->text == NULL) {
        cursor->at = out->offset;
        return bl_wasm_op_refusal(out->op);
    }
    return read_immediate(out, cursor, (enum bl_wasm_immediate)info->immediate);
}

/* Length of the well-formed UTF-8 sequence at `at`, or 0 (no surrogates, no overlong forms, nothing
 * above U+10FFFF). */
static size_t read_utf8_sequence(const uint8_t *at, size_t left)
{
    const uint8_t first = at[0];
    if (first < 0x80)
        return 1;
    const size_t len = first >= 0xc2 && first <= 0xdf   ? 2
                       : (first & 0xf0) == 0xe0         ? 3
                       : first >= 0xf0 && first <= 0xf4 ? 4
                                                        : 0;
    if (len == 0 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    }
    const bool overlong = (first == 0xe0 && at[1] < 0xa0) || (first == 0xf0 && at[1] < 0x90);
    const bool surrogate = first == 0xed && at[1] >= 0xa0;
    const bool above = first == 0xf4 && at[1] >= 0x90;
    return overlong || surrogate || above ? 0 : len;
}

bool bl_wasm_utf8_valid(baals_slice text)
{
    for (size_t at = 0; at < text.len;) {
        const size_t len = read_utf8_sequence(text.data + at, text.len - at);
        if (len == 0)
            return false;
        at += len;
    }
    return true;
}
