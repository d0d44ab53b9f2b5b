/* SPDX-License-Identifier: MIT */
/*
 * Bytes that grow. The first append that fails makes all later ones fail too, so the bytes are
 * always a prefix of what was meant and one check at the end is enough.
 */
#include <string.h>

#include "base/arena.h"

#define BUFFER_CAP_MIN ((size_t)64)

void bl_buffer_init(struct bl_buffer *buffer, struct bl_alloc alloc, size_t limit)
{
    *buffer = (struct bl_buffer){.alloc = alloc, .limit = limit};
}

void bl_buffer_deinit(struct bl_buffer *buffer)
{
    bl_alloc_free(&buffer->alloc, buffer->data, buffer->cap);
    buffer->data = NULL;
    buffer->len = 0;
    buffer->cap = 0;
}

void bl_buffer_clear(struct bl_buffer *buffer)
{
    buffer->len = 0;
    buffer->failed = false;
    buffer->over_limit = false;
}

/* Makes cap >= needed, which is at most the limit (or BUFFER_CAP_MIN). */
static bool buffer_grow(struct bl_buffer *buffer, size_t needed)
{
    size_t cap = buffer->cap < BUFFER_CAP_MIN ? BUFFER_CAP_MIN : buffer->cap;
    while (cap < needed) {
        if (!bl_size_mul(&cap, cap, 2))
            cap = needed;
    }
    /* The last doubling stops at the limit. */
    if (cap > buffer->limit && needed <= buffer->limit)
        cap = buffer->limit < BUFFER_CAP_MIN ? BUFFER_CAP_MIN : buffer->limit;
    uint8_t *data = bl_alloc_resize(&buffer->alloc, buffer->data, buffer->cap, cap);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->cap = cap;
    return true;
}

uint8_t *bl_buffer_extend(struct bl_buffer *buffer, size_t len)
{
    if (buffer->failed)
        return NULL;
    BL_DCHECK(buffer->len <= buffer->limit);
    if (len > buffer->limit - buffer->len) {
        buffer->failed = true;
        buffer->over_limit = true;
        return NULL;
    }
    size_t needed = buffer->len + len;
    bool fits = buffer->data != NULL && needed <= buffer->cap;
    if (!fits && !buffer_grow(buffer, needed)) {
        buffer->failed = true;
        return NULL;
    }
    uint8_t *place = buffer->data + buffer->len;
    buffer->len = needed;
    return place;
}

void bl_buffer_append(struct bl_buffer *buffer, const void *data, size_t len)
{
    uint8_t *place = bl_buffer_extend(buffer, len);
    if (place != NULL && len > 0)
        memcpy(place, data, len);
}

void bl_buffer_append_u8(struct bl_buffer *buffer, uint8_t value)
{
    uint8_t *place = bl_buffer_extend(buffer, 1);
    if (place != NULL)
        *place = value;
}

baals_slice bl_buffer_slice(const struct bl_buffer *buffer)
{
    return bl_slice(buffer->data, buffer->len);
}

baals_status bl_buffer_status(const struct bl_buffer *buffer, baals_error *err)
{
    if (!buffer->failed)
        return BAALS_OK;
    if (buffer->over_limit)
        return bl_fail(err, BAALS_LIMIT, "more than %zu bytes", buffer->limit);
    return bl_fail(err, BAALS_NOMEM, "no memory to grow a buffer of %zu bytes", buffer->len);
}
