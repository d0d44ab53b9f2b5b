/* SPDX-License-Identifier: MIT */
/*
 * Statuses and messages. A message is made where the failure is detected, in the caller's
 * baals_error, without allocating. Whatever the arguments contain (paths, names from outside), the
 * result is one line of valid UTF-8: other bytes become '?', and a cut falls between characters.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

_Static_assert(sizeof(baals_error) == 256, "the layout of baals_error is part of the ABI");

const char *baals_status_name(baals_status status)
{
    switch (status) {
#define ERROR_CASE_NAME(name, class_, detail, code, text)                                          \
    case BAALS_##name:                                                                             \
        return #name;
        BAALS_STATUS_MAP(ERROR_CASE_NAME)
#undef ERROR_CASE_NAME
    case BAALS_STATUS_FORCE_INT:
        break;
    }
    return "UNKNOWN";
}

const char *baals_status_code(baals_status status)
{
    switch (status) {
#define ERROR_CASE_CODE(name, class_, detail, code, text)                                          \
    case BAALS_##name:                                                                             \
        return code;
        BAALS_STATUS_MAP(ERROR_CASE_CODE)
#undef ERROR_CASE_CODE
    case BAALS_STATUS_FORCE_INT:
        break;
    }
    return "E-UNKNOWN";
}

const char *baals_status_text(baals_status status)
{
    switch (status) {
#define ERROR_CASE_TEXT(name, class_, detail, code, text)                                          \
    case BAALS_##name:                                                                             \
        return text;
        BAALS_STATUS_MAP(ERROR_CASE_TEXT)
#undef ERROR_CASE_TEXT
    case BAALS_STATUS_FORCE_INT:
        break;
    }
    return "an unknown status";
}

/* The length of the valid UTF-8 character at `text`, which is NUL-terminated; 0 when there is none.
 * Overlong forms, surrogates and values above U+10FFFF are not valid. */
static size_t error_utf8_len(const unsigned char *text)
{
    unsigned char lead = text[0];
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t len;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        len = 2;
    else if (lead >= 0xe0 && lead <= 0xef)
        len = 3;
    else if (lead >= 0xf0 && lead <= 0xf4)
        len = 4;
    else
        return 0;
    if (lead == 0xe0)
        low = 0xa0;
    else if (lead == 0xed)
        high = 0x9f;
    else if (lead == 0xf0)
        low = 0x90;
    else if (lead == 0xf4)
        high = 0x8f;
    for (size_t i = 1; i < len; i++) {
        if (text[i] < low || text[i] > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return len;
}

/* Makes `message` one line of UTF-8. `cut` says that its end was cut off; a character that lost its
 * end there is dropped. */
static void error_clean(char *message, bool cut)
{
    unsigned char *at = (unsigned char *)message;
    while (*at != 0) {
        size_t len = error_utf8_len(at);
        if (len == 0 && cut && strlen((char *)at) < 4 && *at >= 0xc2) {
            *at = 0;
            return;
        }
        if (len == 0 || *at < 0x20 || *at == 0x7f)
            *at = '?';
        at += len == 0 ? 1 : len;
    }
}

__attribute__((format(printf, 4, 0))) static void error_write(
    baals_error *err, baals_status status, uint32_t offset, const char *format, va_list args)
{
    err->status = (int32_t)status;
    err->offset = offset;
    int len = vsnprintf(err->message, sizeof err->message, format, args);
    if (len < 0)
        err->message[0] = 0;
    error_clean(err->message, len >= (int)sizeof err->message);
}

void bl_error_set(baals_error *err, baals_status status, const char *format, ...)
{
    if (err == NULL)
        return;
    va_list args;
    va_start(args, format);
    error_write(err, status, BAALS_NO_OFFSET, format, args);
    va_end(args);
}

void bl_error_set_at(baals_error *err, baals_status status, size_t offset, const char *format, ...)
{
    if (err == NULL)
        return;
    uint32_t shown = offset < BAALS_NO_OFFSET ? (uint32_t)offset : BAALS_NO_OFFSET;
    va_list args;
    va_start(args, format);
    error_write(err, status, shown, format, args);
    va_end(args);
}

void bl_error_add_context(baals_error *err, const char *format, ...)
{
    if (err == NULL)
        return;
    baals_error inner = *err;
    va_list args;
    va_start(args, format);
    error_write(err, (baals_status)inner.status, inner.offset, format, args);
    va_end(args);
    size_t used = strlen(err->message);
    size_t room = sizeof err->message - used;
    int len = snprintf(err->message + used, room, ": %s", inner.message);
    error_clean(err->message, len >= 0 && (size_t)len >= room);
}

void bl_assert_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "baals: assertion failed: %s (%s:%d)\n", condition, file, line);
    abort();
}
