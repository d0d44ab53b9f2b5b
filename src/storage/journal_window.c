/* SPDX-License-Identifier: MIT */
/*
 * Reads a segment through a window of a fixed size, so that scanning a journal costs one read per
 * 256 KiB and no memory that a file's content could choose: bodies are hashed piece by piece.
 */
#include "storage/journal_internal.h"

#include <string.h>

#include "crypto/crypto.h"

baals_status bl_journal_window_init(struct bl_journal_window *window,
                                    const struct bl_alloc *alloc,
                                    baals_error *err)
{
    *window = (struct bl_journal_window){.alloc = alloc};
    window->data = bl_alloc_zero(alloc, 1, BL_JOURNAL_WINDOW);
    if (window->data == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to read the journal");
    return BAALS_OK;
}

void bl_journal_window_deinit(struct bl_journal_window *window)
{
    bl_alloc_free(window->alloc, window->data, BL_JOURNAL_WINDOW);
    *window = (struct bl_journal_window){.alloc = window->alloc};
}

void bl_journal_window_use(struct bl_journal_window *window, struct bl_file *file)
{
    window->file = file;
    window->base = 0;
    window->len = 0;
}

baals_status bl_journal_window_read(struct bl_journal_window *window,
                                    baals_slice *out,
                                    uint64_t offset,
                                    size_t len,
                                    baals_error *err)
{
    BL_ASSERT(window->file != NULL && len > 0);
    if (offset < window->base || offset - window->base >= window->len) {
        size_t read = 0;
        window->len = 0;
        BL_TRY(bl_file_read_at(window->file, window->data, &read, offset, BL_JOURNAL_WINDOW, err));
        window->base = offset;
        window->len = read;
    }
    size_t at = (size_t)(offset - window->base);
    size_t there = window->len - at;
    *out = bl_slice(window->data + at, there < len ? there : len);
    return BAALS_OK;
}

baals_status bl_journal_window_copy(struct bl_journal_window *window,
                                    uint8_t *out,
                                    size_t *read_out,
                                    uint64_t offset,
                                    size_t len,
                                    baals_error *err)
{
    size_t done = 0;
    while (done < len) {
        baals_slice piece;
        BL_TRY(bl_journal_window_read(window, &piece, offset + done, len - done, err));
        if (piece.len == 0)
            break;
        memcpy(out + done, piece.data, piece.len);
        done += piece.len;
    }
    *read_out = done;
    return BAALS_OK;
}

baals_status bl_journal_window_header(struct bl_journal_window *window,
                                      struct bl_journal_header *out,
                                      bool *found_out,
                                      uint64_t position,
                                      uint64_t size,
                                      baals_error *err)
{
    uint8_t bytes[BL_JOURNAL_RECORD_HEADER];
    struct bl_journal_header header;
    uint64_t offset = bl_journal_offset_of(position);
    size_t read = 0;
    *found_out = false;
    if (offset >= size || size - offset < sizeof bytes)
        return BAALS_OK;
    BL_TRY(bl_journal_window_copy(window, bytes, &read, offset, sizeof bytes, err));
    if (read < sizeof bytes || !bl_journal_header_decode(&header, bytes))
        return BAALS_OK;
    if (header.position != position || size - offset - sizeof bytes < header.body_len)
        return BAALS_OK;
    *out = header;
    *found_out = true;
    return BAALS_OK;
}

baals_status bl_journal_window_check(struct bl_journal_window *window,
                                     const struct bl_journal_header *header,
                                     bool *whole_out,
                                     baals_error *err)
{
    enum { HASHED = BL_JOURNAL_RECORD_HEADER - sizeof(baals_hash) };
    uint64_t at = bl_journal_offset_of(header->position);
    uint64_t left = HASHED;
    struct bl_sha256 state;
    bl_sha256_init(&state);
    *whole_out = false;
    /* First the header up to its hash, then the body. */
    for (int part = 0; part < 2; part++) {
        while (left > 0) {
            baals_slice piece;
            BL_TRY(bl_journal_window_read(window, &piece, at, (size_t)left, err));
            if (piece.len == 0)
                return BAALS_OK;
            bl_sha256_update(&state, piece);
            at += piece.len;
            left -= piece.len;
        }
        if (part == 0) {
            at += sizeof(baals_hash);
            left = header->body_len;
        }
    }
    baals_hash hash;
    bl_sha256_final(&hash, &state);
    *whole_out = bl_hash_equal(&hash, &header->hash);
    return BAALS_OK;
}

baals_status bl_journal_window_last(struct bl_journal_window *window,
                                    uint64_t *end_out,
                                    uint64_t from,
                                    uint64_t size,
                                    baals_error *err)
{
    uint64_t end = from;
    for (uint64_t at = from; at < size;) {
        baals_slice piece;
        BL_TRY(bl_journal_window_read(window, &piece, at, BL_JOURNAL_WINDOW, err));
        if (piece.len == 0)
            break;
        if (!bl_bytes_all_zero(piece.data, piece.len)) {
            size_t len = piece.len;
            while (piece.data[len - 1] == 0)
                len--;
            end = at + len;
        }
        at += piece.len;
    }
    *end_out = end;
    return BAALS_OK;
}
