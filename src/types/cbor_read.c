/* SPDX-License-Identifier: MIT */
/*
 * Deterministic CBOR, the reading side (docs/spec/encoding.md). A head is decoded and judged first,
 * then the type asked for, then the contents; whatever fails, the offset reported is that of the
 * item's first byte. The readers pull one item; bl_cbor_skip walks a whole item with an explicit
 * stack, so that depth is bounded by its size and not by the machine's stack.
 */
#include <string.h>

#include "types/types.h"
#include "types/types_internal.h"

enum { CBOR_FALSE = 20, CBOR_TRUE = 21, CBOR_NULL = 22 };

/* A decoded head: `len` bytes, after which the contents begin. */
struct cbor_head {
    enum bl_cbor_major major;
    uint64_t argument;
    size_t len;
};

static const char *cbor_major_name(enum bl_cbor_major major)
{
    static const char *const names[] = {"an unsigned integer",
                                        "a negative integer",
                                        "a byte string",
                                        "a text string",
                                        "an array",
                                        "a map",
                                        "a tag",
                                        "false, true or null"};
    return names[major];
}

/* ---- UTF-8 ---- */

/* The length of the well-formed sequence at the front of text (len > 0), or 0. */
static size_t utf8_sequence(const uint8_t *text, size_t len)
{
    uint8_t first = text[0];
    uint8_t low = 0x80; /* the bounds of the second byte rule out overlong forms and surrogates */
    uint8_t high = 0xbf;
    size_t count;

    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf) {
        count = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        count = 3;
        if (first == 0xe0)
            low = 0xa0;
        else if (first == 0xed)
            high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        count = 4;
        if (first == 0xf0)
            low = 0x90;
        else if (first == 0xf4)
            high = 0x8f;
    } else {
        return 0;
    }
    if (len < count || text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < count; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return count;
}

bool bl_utf8_valid(baals_slice text)
{
    for (size_t offset = 0; offset < text.len;) {
        size_t count = utf8_sequence(text.data + offset, text.len - offset);
        if (count == 0)
            return false;
        offset += count;
    }
    return true;
}

bool bl_name_valid(baals_slice text)
{
    if (text.len == 0 || text.len > BL_NAME_BYTES_MAX || !bl_utf8_valid(text))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f)
            return false;
    }
    return true;
}

/* ---- heads ---- */

/* The argument behind the first byte, for additional information 24 to 27. */
static uint64_t cbor_argument(const uint8_t *in, unsigned info)
{
    switch (info) {
    case 24:
        return in[0];
    case 25:
        return bl_load_u16be(in);
    case 26:
        return bl_load_u32be(in);
    default:
        return bl_load_u64be(in);
    }
}

/* True when `argument` would not have fitted the next shorter form. */
static bool cbor_shortest(uint64_t argument, unsigned info)
{
    switch (info) {
    case 24:
        return argument >= 24;
    case 25:
        return argument > UINT8_MAX;
    case 26:
        return argument > UINT16_MAX;
    default:
        return argument > UINT32_MAX;
    }
}

/* Decodes and judges the head at reader->offset; consumes nothing. */
static baals_status
cbor_peek_head(const struct bl_cbor_reader *reader, struct cbor_head *out, baals_error *err)
{
    size_t offset = reader->offset;
    size_t left = reader->input.len - offset;
    if (left == 0)
        return bl_fail_at(err, BAALS_REJECT_TRUNCATED, offset, "the input ends before an item");

    const uint8_t *in = reader->input.data + offset;
    enum bl_cbor_major major = (enum bl_cbor_major)(in[0] >> 5);
    unsigned info = in[0] & 0x1f;
    if (major == BL_CBOR_TAG || info >= 28 ||
        (major == BL_CBOR_SIMPLE && (info < CBOR_FALSE || info > CBOR_NULL)))
        return bl_fail_at(err, BAALS_REJECT_ITEM, offset,
                          "byte 0x%02x begins a tag, a float, an indefinite or a reserved item",
                          in[0]);

    struct cbor_head head = {.major = major, .argument = info, .len = 1};
    if (info >= 24) {
        size_t argument_len = (size_t)1 << (info - 24);
        if (left - 1 < argument_len)
            return bl_fail_at(err, BAALS_REJECT_TRUNCATED, offset, "the input ends inside a head");
        head.argument = cbor_argument(in + 1, info);
        head.len = 1 + argument_len;
        if (!cbor_shortest(head.argument, info))
            return bl_fail_at(err, BAALS_REJECT_NOT_SHORTEST, offset,
                              "%s is not in its shortest form", cbor_major_name(major));
    }
    if (major == BL_CBOR_NINT && head.argument > (uint64_t)INT64_MAX)
        return bl_fail_at(err, BAALS_REJECT_RANGE, offset, "an integer is below -2^63");
    *out = head;
    return BAALS_OK;
}

/* Judges what a head promises against what is left behind it. Counts of elements are promises of at
 * least one byte each, so nobody can be made to allocate or loop for what is not there. */
static baals_status cbor_check_contents(const struct bl_cbor_reader *reader,
                                        const struct cbor_head *head,
                                        baals_error *err)
{
    uint64_t left = reader->input.len - reader->offset - head->len;
    uint64_t available = left;

    if (head->major == BL_CBOR_MAP)
        available = left / 2;
    if (head->major >= BL_CBOR_BYTES && head->major <= BL_CBOR_MAP && head->argument > available)
        return bl_fail_at(err, BAALS_REJECT_TRUNCATED, reader->offset, "the input ends inside %s",
                          cbor_major_name(head->major));
    if (head->major == BL_CBOR_TEXT) {
        const uint8_t *text = reader->input.data + reader->offset + head->len;
        if (!bl_utf8_valid(bl_slice(text, (size_t)head->argument)))
            return bl_fail_at(err, BAALS_REJECT_UTF8, reader->offset,
                              "a text string is not valid UTF-8");
    }
    return BAALS_OK;
}

/* The head of an item that must be of type `major`, its contents judged; consumes nothing. */
static baals_status cbor_expect(const struct bl_cbor_reader *reader,
                                struct cbor_head *out,
                                enum bl_cbor_major major,
                                baals_error *err)
{
    struct cbor_head head = {.len = 0};
    BL_TRY(cbor_peek_head(reader, &head, err));
    if (head.major != major)
        return bl_fail_at(err, BAALS_REJECT_TYPE, reader->offset, "%s stands where %s is expected",
                          cbor_major_name(head.major), cbor_major_name(major));
    BL_TRY(cbor_check_contents(reader, &head, err));
    *out = head;
    return BAALS_OK;
}

/* ---- single items ---- */

struct bl_cbor_reader bl_cbor_reader(baals_slice input)
{
    BL_ASSERT(input.data != NULL || input.len == 0);
    return (struct bl_cbor_reader){.input = input, .offset = 0};
}

baals_status bl_cbor_read_uint(struct bl_cbor_reader *reader, uint64_t *out, baals_error *err)
{
    struct cbor_head head = {.len = 0};
    BL_TRY(cbor_expect(reader, &head, BL_CBOR_UINT, err));
    *out = head.argument;
    reader->offset += head.len;
    return BAALS_OK;
}

baals_status bl_cbor_read_int(struct bl_cbor_reader *reader, int64_t *out, baals_error *err)
{
    struct cbor_head head = {.len = 0};
    BL_TRY(cbor_peek_head(reader, &head, err));
    if (head.major == BL_CBOR_NINT) {
        *out = -1 - (int64_t)head.argument;
    } else {
        BL_TRY(cbor_expect(reader, &head, BL_CBOR_UINT, err));
        if (head.argument > (uint64_t)INT64_MAX)
            return bl_fail_at(err, BAALS_REJECT_RANGE, reader->offset,
                              "an integer is above 2^63-1");
        *out = (int64_t)head.argument;
    }
    reader->offset += head.len;
    return BAALS_OK;
}

static baals_status cbor_read_string(struct bl_cbor_reader *reader,
                                     baals_slice *out,
                                     enum bl_cbor_major major,
                                     baals_error *err)
{
    struct cbor_head head = {.len = 0};
    BL_TRY(cbor_expect(reader, &head, major, err));
    size_t len = (size_t)head.argument;
    *out = bl_slice(reader->input.data + reader->offset + head.len, len);
    reader->offset += head.len + len;
    return BAALS_OK;
}

baals_status bl_cbor_read_bytes(struct bl_cbor_reader *reader, baals_slice *out, baals_error *err)
{
    return cbor_read_string(reader, out, BL_CBOR_BYTES, err);
}

baals_status
bl_cbor_read_bytes_exact(struct bl_cbor_reader *reader, uint8_t *out, size_t len, baals_error *err)
{
    struct bl_cbor_reader ahead = *reader;
    baals_slice bytes;
    BL_TRY(cbor_read_string(&ahead, &bytes, BL_CBOR_BYTES, err));
    if (bytes.len != len)
        return bl_fail_at(err, BAALS_REJECT_LENGTH, reader->offset,
                          "a byte string has %zu bytes where %zu are expected", bytes.len, len);
    if (len > 0)
        memcpy(out, bytes.data, len);
    *reader = ahead;
    return BAALS_OK;
}

baals_status bl_cbor_read_text(struct bl_cbor_reader *reader, baals_slice *out, baals_error *err)
{
    return cbor_read_string(reader, out, BL_CBOR_TEXT, err);
}

baals_status
bl_cbor_read_array(struct bl_cbor_reader *reader, uint64_t *count_out, baals_error *err)
{
    struct cbor_head head = {.len = 0};
    BL_TRY(cbor_expect(reader, &head, BL_CBOR_ARRAY, err));
    *count_out = head.argument;
    reader->offset += head.len;
    return BAALS_OK;
}

static baals_status cbor_fail_count(size_t offset, uint64_t found, uint64_t want, baals_error *err)
{
    return bl_fail_at(err, BAALS_REJECT_COUNT, offset,
                      "an array has %llu elements where %llu are expected",
                      (unsigned long long)found, (unsigned long long)want);
}

baals_status
bl_cbor_read_array_exact(struct bl_cbor_reader *reader, uint64_t count, baals_error *err)
{
    struct bl_cbor_reader ahead = *reader;
    uint64_t found = 0;
    BL_TRY(bl_cbor_read_array(&ahead, &found, err));
    if (found != count)
        return cbor_fail_count(reader->offset, found, count, err);
    *reader = ahead;
    return BAALS_OK;
}

baals_status bl_cbor_read_versioned(struct bl_cbor_reader *reader,
                                    uint64_t version,
                                    uint64_t count,
                                    baals_error *err)
{
    struct bl_cbor_reader ahead = *reader;
    uint64_t found = 0;
    BL_TRY(bl_cbor_read_array(&ahead, &found, err));
    if (found == 0)
        return cbor_fail_count(reader->offset, found, count, err);

    size_t version_offset = ahead.offset;
    uint64_t found_version = 0;
    BL_TRY(bl_cbor_read_uint(&ahead, &found_version, err));
    if (found_version != version)
        return bl_fail_at(err, BAALS_REJECT_VERSION, version_offset,
                          "format version %llu where %llu is expected",
                          (unsigned long long)found_version, (unsigned long long)version);
    if (found != count)
        return cbor_fail_count(reader->offset, found, count, err);
    *reader = ahead;
    return BAALS_OK;
}

baals_status bl_cbor_read_map(struct bl_cbor_reader *reader, uint64_t *count_out, baals_error *err)
{
    struct cbor_head head = {.len = 0};
    BL_TRY(cbor_expect(reader, &head, BL_CBOR_MAP, err));
    *count_out = head.argument;
    reader->offset += head.len;
    return BAALS_OK;
}

baals_status bl_cbor_read_bool(struct bl_cbor_reader *reader, bool *out, baals_error *err)
{
    struct cbor_head head = {.len = 0};
    BL_TRY(cbor_expect(reader, &head, BL_CBOR_SIMPLE, err));
    if (head.argument == CBOR_NULL)
        return bl_fail_at(err, BAALS_REJECT_TYPE, reader->offset,
                          "null stands where false or true is expected");
    *out = head.argument == CBOR_TRUE;
    reader->offset += head.len;
    return BAALS_OK;
}

baals_status bl_cbor_read_null(struct bl_cbor_reader *reader, baals_error *err)
{
    struct cbor_head head = {.len = 0};
    BL_TRY(cbor_expect(reader, &head, BL_CBOR_SIMPLE, err));
    if (head.argument != CBOR_NULL)
        return bl_fail_at(err, BAALS_REJECT_TYPE, reader->offset,
                          "false or true stands where null is expected");
    reader->offset += head.len;
    return BAALS_OK;
}

bool bl_cbor_peek_null(const struct bl_cbor_reader *reader)
{
    return reader->offset < reader->input.len && reader->input.data[reader->offset] == 0xf6;
}

baals_status bl_cbor_read_end(const struct bl_cbor_reader *reader, baals_error *err)
{
    if (reader->offset != reader->input.len)
        return bl_fail_at(err, BAALS_REJECT_TRAILING, reader->offset, "%zu bytes follow the value",
                          reader->input.len - reader->offset);
    return BAALS_OK;
}

/* ---- whole items ---- */

/* An array or map that is being walked. `left` counts the items still to come: elements, or keys
 * and values together. `key` is the last encoded key of a map. */
struct cbor_frame {
    uint64_t left;
    bool is_map;
    baals_slice key;
};

/* Judges the encoded key at reader->offset against the key before it. RFC 8949 4.2.1 orders keys by
 * their encoded bytes, so the order of the texts themselves does not matter. */
static baals_status cbor_check_key(const struct bl_cbor_reader *reader,
                                   const struct cbor_head *head,
                                   struct cbor_frame *frame,
                                   baals_error *err)
{
    size_t offset = reader->offset;
    baals_slice key = bl_slice(reader->input.data + offset, head->len + (size_t)head->argument);

    if (frame->key.data != NULL) {
        int order = bl_slice_compare(frame->key, key);
        if (order == 0)
            return bl_fail_at(err, BAALS_REJECT_MAP_DUPLICATE, offset, "a map key stands twice");
        if (order > 0)
            return bl_fail_at(err, BAALS_REJECT_MAP_ORDER, offset,
                              "a map key sorts before the key before it");
    }
    frame->key = key;
    return BAALS_OK;
}

/* Consumes one head with its string; opens a frame for arrays and maps. */
static baals_status cbor_skip_step(struct bl_cbor_reader *reader,
                                   struct cbor_frame *frames,
                                   uint32_t *depth,
                                   uint32_t depth_max,
                                   baals_error *err)
{
    struct cbor_frame *top = *depth > 0 ? &frames[*depth - 1] : NULL;
    bool is_key = top != NULL && top->is_map && top->left % 2 == 0;
    struct cbor_head head = {.len = 0};

    BL_TRY(cbor_peek_head(reader, &head, err));
    if (is_key && head.major != BL_CBOR_TEXT)
        return bl_fail_at(err, BAALS_REJECT_MAP_KEY, reader->offset,
                          "%s stands where a map key is expected", cbor_major_name(head.major));
    bool opens = head.major == BL_CBOR_ARRAY || head.major == BL_CBOR_MAP;
    if (opens && *depth == depth_max)
        return bl_fail_at(err, BAALS_REJECT_DEPTH, reader->offset,
                          "arrays and maps are nested more than %u deep", depth_max);
    BL_TRY(cbor_check_contents(reader, &head, err));
    if (is_key)
        BL_TRY(cbor_check_key(reader, &head, top, err));

    if (top != NULL)
        top->left--;
    reader->offset += head.len;
    if (head.major == BL_CBOR_BYTES || head.major == BL_CBOR_TEXT)
        reader->offset += (size_t)head.argument;
    if (opens) {
        bool is_map = head.major == BL_CBOR_MAP;
        /* No overflow: the count was checked against the bytes left. */
        frames[*depth] =
            (struct cbor_frame){.left = head.argument * (is_map ? 2 : 1), .is_map = is_map};
        *depth += 1;
    }
    return BAALS_OK;
}

baals_status bl_cbor_skip(struct bl_cbor_reader *reader, uint32_t depth_max, baals_error *err)
{
    struct cbor_frame frames[BL_CBOR_DEPTH_MAX];
    struct bl_cbor_reader ahead = *reader;
    uint32_t depth = 0;

    BL_ASSERT(depth_max <= BL_CBOR_DEPTH_MAX);
    do {
        BL_TRY(cbor_skip_step(&ahead, frames, &depth, depth_max, err));
        while (depth > 0 && frames[depth - 1].left == 0)
            depth--;
    } while (depth > 0);
    *reader = ahead;
    return BAALS_OK;
}

baals_status bl_cbor_read_item(struct bl_cbor_reader *reader,
                               baals_slice *out,
                               uint32_t depth_max,
                               baals_error *err)
{
    size_t begin = reader->offset;
    BL_TRY(bl_cbor_skip(reader, depth_max, err));
    *out = bl_slice(reader->input.data + begin, reader->offset - begin);
    return BAALS_OK;
}

baals_status bl_cbor_read_metadata(struct bl_cbor_reader *reader,
                                   int32_t *present_out,
                                   baals_slice *out,
                                   baals_status limit_status,
                                   baals_error *err)
{
    struct bl_cbor_reader ahead = *reader;
    size_t begin = reader->offset;
    struct cbor_head head = {.len = 0};
    baals_error reason = {.status = BAALS_OK};

    if (bl_cbor_peek_null(reader)) {
        reader->offset++;
        *present_out = 0;
        *out = bl_slice(NULL, 0);
        return BAALS_OK;
    }
    BL_TRY(cbor_expect(reader, &head, BL_CBOR_MAP, err));
    baals_status status = bl_cbor_skip(&ahead, BL_METADATA_DEPTH_MAX, &reason);
    if (status != BAALS_OK)
        return bl_fail_at(err, status == BAALS_REJECT_DEPTH ? limit_status : status, reason.offset,
                          "%s", reason.message);
    if (ahead.offset - begin > BL_METADATA_BYTES_MAX)
        return bl_fail_at(err, limit_status, begin, "a map of %zu bytes is larger than %u",
                          ahead.offset - begin, BL_METADATA_BYTES_MAX);
    *present_out = 1;
    *out = bl_slice(reader->input.data + begin, ahead.offset - begin);
    *reader = ahead;
    return BAALS_OK;
}
