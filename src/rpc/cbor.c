/* SPDX-License-Identifier: MIT */
/*
 * Words to CBOR, CBOR to diagnostic notation. The reader is for people's eyes: it accepts what the
 * subset accepts but for the order of map keys, with a stack of open containers instead of
 * recursion, so its depth is the subset's and its work is linear.
 */
#include "rpc/cbor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rpc/json_write.h"

/* Longest byte string that can be given as one word. */
#define CBOR_WORD_BYTES_MAX ((size_t)1024 * 1024)

void bl_cbor_head(struct bl_buffer *out, unsigned major, uint64_t value)
{
    BL_ASSERT(major < 8);
    uint8_t type = (uint8_t)(major << 5);
    uint8_t head[9];
    size_t len = 1;
    if (value < 24) {
        head[0] = (uint8_t)(type | value);
    } else if (value <= UINT8_MAX) {
        head[0] = type | 24;
        head[1] = (uint8_t)value;
        len = 2;
    } else if (value <= UINT16_MAX) {
        head[0] = type | 25;
        bl_store_u16be(head + 1, (uint16_t)value);
        len = 3;
    } else if (value <= UINT32_MAX) {
        head[0] = type | 26;
        bl_store_u32be(head + 1, (uint32_t)value);
        len = 5;
    } else {
        head[0] = type | 27;
        bl_store_u64be(head + 1, value);
        len = 9;
    }
    bl_buffer_append(out, head, len);
}

/* ---- words ---- */

static baals_status cbor_address(struct bl_buffer *out, const char *text, baals_error *err)
{
    baals_address address;
    baals_address_kind kind;
    BL_TRY(baals_address_parse(&address, &kind, text, err));
    bl_cbor_head(out, 2, sizeof address.bytes);
    bl_buffer_append(out, address.bytes, sizeof address.bytes);
    return bl_buffer_status(out, err);
}

static baals_status cbor_unsigned(struct bl_buffer *out, const char *text, baals_error *err)
{
    uint64_t value;
    if (!bl_u64_parse(&value, text, strlen(text)))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "argument \"%.60s\" is no decimal number from 0 to 2^64-1", text);
    bl_cbor_head(out, 0, value);
    return bl_buffer_status(out, err);
}

static baals_status cbor_integer(struct bl_buffer *out, const char *text, baals_error *err)
{
    if (text[0] != '-')
        return cbor_unsigned(out, text, err);
    uint64_t value;
    if (!bl_u64_parse(&value, text + 1, strlen(text + 1)) || value == 0 || value > (1ull << 63))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "argument \"%.60s\" is no integer from -2^63 to 2^64-1", text);
    bl_cbor_head(out, 1, value - 1);
    return bl_buffer_status(out, err);
}

static baals_status cbor_bytes(struct bl_buffer *out, const char *text, baals_error *err)
{
    size_t digits = strlen(text);
    if (digits / 2 > CBOR_WORD_BYTES_MAX)
        return bl_fail(err, BAALS_LIMIT, "an argument of more than %zu bytes", CBOR_WORD_BYTES_MAX);
    bl_cbor_head(out, 2, digits / 2);
    uint8_t *bytes = bl_buffer_extend(out, digits / 2);
    BL_TRY(bl_buffer_status(out, err));
    if (digits % 2 != 0 || !bl_hex_decode(bytes, digits / 2, text, digits))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "argument \"b:%.60s\" is no even number of hex digits", text);
    return BAALS_OK;
}

static baals_status cbor_text(struct bl_buffer *out, const char *text, baals_error *err)
{
    baals_slice slice = bl_slice_str(text);
    if (!bl_text_is_printable(slice))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "a text argument has bytes that are no printable UTF-8; give it as b:hex");
    bl_cbor_head(out, 3, slice.len);
    bl_buffer_append(out, slice.data, slice.len);
    return bl_buffer_status(out, err);
}

baals_status bl_cbor_word(struct bl_buffer *out, const char *word, baals_error *err)
{
    static const struct {
        const char *prefix;
        baals_status (*encode)(struct bl_buffer *out, const char *text, baals_error *err);
    } kinds[] = {{"u:", cbor_unsigned},
                 {"i:", cbor_integer},
                 {"s:", cbor_text},
                 {"b:", cbor_bytes},
                 {"addr:", cbor_address}};
    for (size_t i = 0; i < BL_COUNT_OF(kinds); i++) {
        size_t len = strlen(kinds[i].prefix);
        if (strncmp(word, kinds[i].prefix, len) == 0)
            return kinds[i].encode(out, word + len, err);
    }
    static const char *const simple[] = {"false", "true", "null"};
    for (size_t i = 0; i < BL_COUNT_OF(simple); i++) {
        if (strcmp(word, simple[i]) == 0) {
            bl_buffer_append_u8(out, (uint8_t)(0xf4 + i));
            return bl_buffer_status(out, err);
        }
    }
    if (word[0] >= '0' && word[0] <= '9')
        return cbor_unsigned(out, word, err);
    if (strncmp(word, "bl1", 3) == 0 || strncmp(word, "blc1", 4) == 0 ||
        strncmp(word, "bls1", 4) == 0)
        return cbor_address(out, word, err);
    return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                   "argument \"%.60s\": write u:NUMBER, i:INTEGER, s:TEXT, b:HEX or addr:ADDRESS",
                   word);
}

baals_status
bl_cbor_words(struct bl_buffer *out, const char *const *words, size_t count, baals_error *err)
{
    bl_cbor_head(out, 4, count);
    for (size_t i = 0; i < count; i++)
        BL_TRY(bl_cbor_word(out, words[i], err));
    return bl_buffer_status(out, err);
}

/* ---- diagnostic notation ---- */

struct cbor_level {
    uint64_t left; /* items to come; a map has two per entry */
    bool map;
    bool first;
};

struct cbor_reader {
    struct bl_buffer *out;
    baals_slice in; /* what is left */
    struct cbor_level levels[BL_CBOR_DEPTH_MAX];
    size_t depth;
};

bool bl_cbor_take_head(unsigned *major_out, uint64_t *value_out, baals_slice *in)
{
    if (in->len == 0)
        return false;
    unsigned info = in->data[0] & 31u;
    *major_out = in->data[0] >> 5;
    size_t size = info < 24 ? 0 : info <= 27 ? (size_t)1 << (info - 24) : SIZE_MAX;
    if (size == SIZE_MAX || in->len - 1 < size)
        return false;
    uint64_t value = info;
    if (size > 0) {
        value = 0;
        for (size_t i = 1; i <= size; i++)
            value = value << 8 | in->data[i];
        if (value < (size == 1 ? 24 : 1ull << (4 * size)))
            return false;
    }
    *value_out = value;
    *in = bl_slice(in->data + 1 + size, in->len - 1 - size);
    return true;
}

static void cbor_print(struct bl_buffer *out, const char *text)
{
    bl_buffer_append(out, text, strlen(text));
}

/* The separator before the next item of the innermost container. */
static void cbor_separate(struct cbor_reader *r)
{
    if (r->depth == 0)
        return;
    struct cbor_level *level = &r->levels[r->depth - 1];
    if (!level->first)
        cbor_print(r->out, level->map && level->left % 2 == 1 ? ": " : ", ");
    level->first = false;
    level->left--;
}

static bool cbor_string(struct cbor_reader *r, bool text, uint64_t len)
{
    if (len > r->in.len)
        return false;
    baals_slice bytes = bl_slice(r->in.data, (size_t)len);
    r->in = bl_slice(r->in.data + len, r->in.len - (size_t)len);
    struct bl_json_writer w;
    bl_jw_init(&w, r->out);
    if (text) {
        bl_jw_slice(&w, bytes);
        return true;
    }
    cbor_print(r->out, "h'");
    for (size_t i = 0; i < bytes.len; i++) {
        char digits[3];
        bl_hex_encode(digits, bytes.data + i, 1);
        bl_buffer_append(r->out, digits, 2);
    }
    cbor_print(r->out, "'");
    return true;
}

static bool cbor_open(struct cbor_reader *r, bool map, uint64_t count)
{
    /* Every item has a byte at least. */
    if (r->depth == BL_CBOR_DEPTH_MAX || count > r->in.len)
        return false;
    r->levels[r->depth++] =
        (struct cbor_level){.left = map ? 2 * count : count, .map = map, .first = true};
    cbor_print(r->out, map ? "{" : "[");
    return true;
}

static bool cbor_simple(struct cbor_reader *r, uint64_t value)
{
    static const char *const names[] = {"false", "true", "null"};
    if (value < 20 || value > 22)
        return false;
    cbor_print(r->out, names[value - 20]);
    return true;
}

static bool cbor_item(struct cbor_reader *r)
{
    unsigned major;
    uint64_t value;
    char number[32];
    if (!bl_cbor_take_head(&major, &value, &r->in))
        return false;
    cbor_separate(r);
    switch (major) {
    case 0:
        snprintf(number, sizeof number, "%" PRIu64, value);
        cbor_print(r->out, number);
        return true;
    case 1:
        if (value > INT64_MAX)
            return false;
        snprintf(number, sizeof number, "-%" PRIu64, value + 1);
        cbor_print(r->out, number);
        return true;
    case 2:
    case 3:
        return cbor_string(r, major == 3, value);
    case 4:
    case 5:
        return cbor_open(r, major == 5, value);
    case 7:
        return cbor_simple(r, value);
    default:
        return false;
    }
}

bool bl_cbor_diagnostic(struct bl_buffer *out, baals_slice bytes)
{
    size_t start = out->len;
    struct cbor_reader reader = {.out = out, .in = bytes};
    do {
        if (!cbor_item(&reader)) {
            out->len = start;
            return false;
        }
        while (reader.depth > 0 && reader.levels[reader.depth - 1].left == 0) {
            cbor_print(out, reader.levels[reader.depth - 1].map ? "}" : "]");
            reader.depth--;
        }
    } while (reader.depth > 0);
    if (reader.in.len != 0 || out->failed) {
        out->len = start;
        return false;
    }
    return true;
}
