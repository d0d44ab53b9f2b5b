/* SPDX-License-Identifier: MIT */
/*
 * JSON output. A writer knows one thing beyond the buffer: whether a comma is due. Text is escaped
 * as little as JSON demands; contracts choose some of it, so nothing about it is assumed.
 */
#include "rpc/json_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void bl_jw_init(struct bl_json_writer *w, struct bl_buffer *out)
{
    w->out = out;
    w->comma = false;
}

/* Before a value: a comma where one is due. */
static void jw_value(struct bl_json_writer *w)
{
    if (w->comma)
        bl_buffer_append_u8(w->out, ',');
    w->comma = true;
}

static void jw_open(struct bl_json_writer *w, uint8_t bracket)
{
    jw_value(w);
    bl_buffer_append_u8(w->out, bracket);
    w->comma = false;
}

static void jw_close(struct bl_json_writer *w, uint8_t bracket)
{
    bl_buffer_append_u8(w->out, bracket);
    w->comma = true;
}

void bl_jw_begin_object(struct bl_json_writer *w)
{
    jw_open(w, '{');
}

void bl_jw_end_object(struct bl_json_writer *w)
{
    jw_close(w, '}');
}

void bl_jw_begin_array(struct bl_json_writer *w)
{
    jw_open(w, '[');
}

void bl_jw_end_array(struct bl_json_writer *w)
{
    jw_close(w, ']');
}

/* The length of the UTF-8 sequence at the front of `text`; 0 when there is no valid one. */
static size_t jw_utf8_len(baals_slice text)
{
    const uint8_t *p = text.data;
    uint8_t first = p[0];
    if (first < 0x80)
        return 1;
    size_t len = first >= 0xc2 && first <= 0xdf   ? 2
                 : first >= 0xe0 && first <= 0xef ? 3
                 : first >= 0xf0 && first <= 0xf4 ? 4
                                                  : 0;
    if (len == 0 || len > text.len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Overlong forms, surrogates, beyond U+10FFFF: decided by the second byte. */
    bool bad = (first == 0xe0 && p[1] < 0xa0) || (first == 0xed && p[1] > 0x9f) ||
               (first == 0xf0 && p[1] < 0x90) || (first == 0xf4 && p[1] > 0x8f);
    return bad ? 0 : len;
}

static void jw_string(struct bl_json_writer *w, baals_slice text)
{
    bl_buffer_append_u8(w->out, '"');
    for (size_t i = 0; i < text.len;) {
        uint8_t c = text.data[i];
        size_t len = jw_utf8_len(bl_slice(text.data + i, text.len - i));
        /* Our own reader refuses NUL, and so do others. */
        if (len == 0 || c == 0) {
            bl_buffer_append(w->out, "\xef\xbf\xbd", 3);
            i++;
            continue;
        }
        if (c == '"' || c == '\\') {
            bl_buffer_append_u8(w->out, '\\');
            bl_buffer_append_u8(w->out, c);
        } else if (c == '\n') {
            bl_buffer_append(w->out, "\\n", 2);
        } else if (c == '\t') {
            bl_buffer_append(w->out, "\\t", 2);
        } else if (c < 0x20 || c == 0x7f) {
            char escape[8];
            snprintf(escape, sizeof escape, "\\u%04x", c);
            bl_buffer_append(w->out, escape, 6);
        } else {
            bl_buffer_append(w->out, text.data + i, len);
        }
        i += len;
    }
    bl_buffer_append_u8(w->out, '"');
}

void bl_jw_key(struct bl_json_writer *w, const char *name)
{
    jw_value(w);
    jw_string(w, bl_slice_str(name));
    bl_buffer_append_u8(w->out, ':');
    w->comma = false;
}

void bl_jw_raw(struct bl_json_writer *w, baals_slice json)
{
    jw_value(w);
    bl_buffer_append(w->out, json.data, json.len);
}

void bl_jw_null(struct bl_json_writer *w)
{
    bl_jw_raw(w, bl_slice_str("null"));
}

void bl_jw_bool(struct bl_json_writer *w, bool value)
{
    bl_jw_raw(w, bl_slice_str(value ? "true" : "false"));
}

void bl_jw_u64(struct bl_json_writer *w, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    bl_jw_raw(w, bl_slice_str(text));
}

void bl_jw_slice(struct bl_json_writer *w, baals_slice text)
{
    jw_value(w);
    jw_string(w, text);
}

void bl_jw_text(struct bl_json_writer *w, const char *text)
{
    bl_jw_slice(w, bl_slice_str(text));
}

void bl_jw_amount(struct bl_json_writer *w, uint64_t units)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, units);
    bl_jw_text(w, text);
}

void bl_jw_hash(struct bl_json_writer *w, const baals_hash *hash)
{
    char text[BAALS_HASH_TEXT_SIZE];
    baals_hash_format(text, hash);
    bl_jw_text(w, text);
}

void bl_jw_address(struct bl_json_writer *w, baals_address_kind kind, const baals_address *address)
{
    char text[BAALS_ADDRESS_TEXT_SIZE];
    baals_address_format(text, kind, address);
    bl_jw_text(w, text);
}

void bl_jw_hex(struct bl_json_writer *w, baals_slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    jw_value(w);
    uint8_t *out = NULL;
    if (bytes.len <= (SIZE_MAX - 2) / 2)
        out = bl_buffer_extend(w->out, 2 * bytes.len + 2);
    if (out == NULL) {
        w->out->failed = true;
        return;
    }
    *out++ = '"';
    for (size_t i = 0; i < bytes.len; i++) {
        *out++ = (uint8_t)digits[bytes.data[i] >> 4];
        *out++ = (uint8_t)digits[bytes.data[i] & 15];
    }
    *out = '"';
}

void bl_jw_put_bool(struct bl_json_writer *w, const char *name, bool value)
{
    bl_jw_key(w, name);
    bl_jw_bool(w, value);
}

void bl_jw_put_u64(struct bl_json_writer *w, const char *name, uint64_t value)
{
    bl_jw_key(w, name);
    bl_jw_u64(w, value);
}

void bl_jw_put_text(struct bl_json_writer *w, const char *name, const char *text)
{
    bl_jw_key(w, name);
    bl_jw_text(w, text);
}

void bl_jw_put_amount(struct bl_json_writer *w, const char *name, uint64_t units)
{
    bl_jw_key(w, name);
    bl_jw_amount(w, units);
}

void bl_jw_put_hash(struct bl_json_writer *w, const char *name, const baals_hash *hash)
{
    bl_jw_key(w, name);
    bl_jw_hash(w, hash);
}

void bl_jw_put_hex(struct bl_json_writer *w, const char *name, baals_slice bytes)
{
    bl_jw_key(w, name);
    bl_jw_hex(w, bytes);
}

bool bl_text_is_printable(baals_slice text)
{
    for (size_t i = 0; i < text.len;) {
        uint8_t c = text.data[i];
        size_t len = jw_utf8_len(bl_slice(text.data + i, text.len - i));
        if (len == 0 || (c < 0x20 && c != '\t' && c != '\n') || c == 0x7f)
            return false;
        i += len;
    }
    return true;
}
