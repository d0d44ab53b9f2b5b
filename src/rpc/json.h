/* SPDX-License-Identifier: MIT */
#ifndef BL_RPC_JSON_H
#define BL_RPC_JSON_H
/*
 * Reading JSON that came from outside: requests, genesis files, key files.
 *
 * A document is parsed whole or not at all: size and depth are checked before the parser sees it,
 * duplicate names are errors, so are numbers beyond 63 bits and text after the value. Values borrow
 * from their document; they are read only and live until bl_json_free.
 */
#include "base/arena.h"

/* Deepest nesting that is accepted: that of a trace of 16 contracts within each other, and values
 * in it. */
#define BL_JSON_DEPTH_MAX 64u

struct bl_json; /* a value in a document */

struct bl_json_doc {
    struct bl_json *root;
};

enum bl_json_type {
    BL_JSON_NULL,
    BL_JSON_BOOL,
    BL_JSON_INTEGER,
    BL_JSON_REAL,
    BL_JSON_TEXT,
    BL_JSON_ARRAY,
    BL_JSON_OBJECT
};

/* Parses the whole of `text`. LIMIT above size_max bytes, MISUSE_ARGUMENT with line and column for
 * anything that is not JSON or nests deeper than BL_JSON_DEPTH_MAX. */
__attribute__((warn_unused_result)) baals_status
bl_json_parse(struct bl_json_doc *doc_out, baals_slice text, size_t size_max, baals_error *err);
/* Releases the document; a zeroed one is ignored. */
void bl_json_free(struct bl_json_doc *doc);

enum bl_json_type bl_json_type(const struct bl_json *value);
/* "a number", "an object", ... for messages. */
const char *bl_json_type_name(const struct bl_json *value);
/* The member of an object; NULL when it is absent or `object` is NULL or no object. */
const struct bl_json *bl_json_member(const struct bl_json *object, const char *name);
/* Elements of an array; 0 for anything else. */
size_t bl_json_count(const struct bl_json *array);
const struct bl_json *bl_json_at(const struct bl_json *array, size_t index);
/* NUL-terminated text, NULL when the value is no text. JSON text with NUL is refused by the parser.
 */
const char *bl_json_text(const struct bl_json *value);
/* False when the value is no integer from 0 on. */
__attribute__((warn_unused_result)) bool bl_json_u64(uint64_t *out, const struct bl_json *value);
bool bl_json_is_true(const struct bl_json *value);
/* Calls `each` for the members of an object in the order of the text, until it returns other than
 * BAALS_OK, which is returned. */
baals_status
bl_json_each(const struct bl_json *object,
             baals_status (*each)(void *ctx, const char *name, const struct bl_json *value),
             void *ctx);
/* Appends the value as compact JSON text. NOMEM, LIMIT in the buffer's status. */
void bl_json_dump(struct bl_buffer *out, const struct bl_json *value);

#endif /* BL_RPC_JSON_H */
