/* SPDX-License-Identifier: MIT */
#ifndef BL_RPC_JSON_WRITE_H
#define BL_RPC_JSON_WRITE_H
/*
 * Writing JSON into a buffer, member by member, in the order of the calls. Failures are the
 * buffer's: they are checked once at the end with bl_buffer_status.
 *
 * Whatever bytes a text has, the output is valid: bytes that are not UTF-8 become U+FFFD, and so
 * does NUL, which readers refuse.
 */
#include "baals/types.h"

#include "base/arena.h"

struct bl_json_writer {
    struct bl_buffer *out;
    bool comma; /* a value stands before, at this level */
};

void bl_jw_init(struct bl_json_writer *w, struct bl_buffer *out);

void bl_jw_begin_object(struct bl_json_writer *w);
void bl_jw_end_object(struct bl_json_writer *w);
void bl_jw_begin_array(struct bl_json_writer *w);
void bl_jw_end_array(struct bl_json_writer *w);
/* The name of the member whose value is written next. */
void bl_jw_key(struct bl_json_writer *w, const char *name);

void bl_jw_null(struct bl_json_writer *w);
void bl_jw_bool(struct bl_json_writer *w, bool value);
void bl_jw_u64(struct bl_json_writer *w, uint64_t value);
void bl_jw_text(struct bl_json_writer *w, const char *text);
void bl_jw_slice(struct bl_json_writer *w, baals_slice text);
void bl_jw_amount(struct bl_json_writer *w, uint64_t units); /* a decimal string */
void bl_jw_hash(struct bl_json_writer *w, const baals_hash *hash);
void bl_jw_address(struct bl_json_writer *w, baals_address_kind kind, const baals_address *address);
void bl_jw_hex(struct bl_json_writer *w, baals_slice bytes);
/* A value that is JSON text already. */
void bl_jw_raw(struct bl_json_writer *w, baals_slice json);

/* Key and value at once. */
void bl_jw_put_bool(struct bl_json_writer *w, const char *name, bool value);
void bl_jw_put_u64(struct bl_json_writer *w, const char *name, uint64_t value);
void bl_jw_put_text(struct bl_json_writer *w, const char *name, const char *text);
void bl_jw_put_amount(struct bl_json_writer *w, const char *name, uint64_t units);
void bl_jw_put_hash(struct bl_json_writer *w, const char *name, const baals_hash *hash);
void bl_jw_put_hex(struct bl_json_writer *w, const char *name, baals_slice bytes);

/* Whether the bytes are UTF-8 without control characters but tab and line feed. */
bool bl_text_is_printable(baals_slice text);

#endif /* BL_RPC_JSON_WRITE_H */
