/* SPDX-License-Identifier: MIT */
/*
 * A thin wrapper around jansson, the only file that includes it. What jansson leaves open is closed
 * here: depth is counted over the raw text first, so that its recursion is bounded, and size before
 * that. Everything else about a document is decided by jansson with duplicate names refused.
 */
#include "rpc/json.h"

#include <jansson.h>

/* bl_json is jansson's value under another name: it is never dereferenced outside this file. */
static const json_t *json_in(const struct bl_json *value)
{
    return (const json_t *)(const void *)value;
}

static const struct bl_json *json_wrap(const json_t *value)
{
    return (const struct bl_json *)(const void *)value;
}

/* Brackets outside strings never nest deeper than the limit. Unbalanced ones are jansson's. */
static baals_status json_check_depth(baals_slice text, baals_error *err)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
            continue;
        }
        if (c == '"')
            in_string = true;
        else if (c == '[' || c == '{')
            depth++;
        else if ((c == ']' || c == '}') && depth > 0)
            depth--;
        if (depth > BL_JSON_DEPTH_MAX)
            return bl_fail_at(err, BAALS_MISUSE_ARGUMENT, i, "JSON nested deeper than %u",
                              BL_JSON_DEPTH_MAX);
    }
    return BAALS_OK;
}

baals_status
bl_json_parse(struct bl_json_doc *doc_out, baals_slice text, size_t size_max, baals_error *err)
{
    if (text.len > size_max)
        return bl_fail(err, BAALS_LIMIT, "JSON of %zu bytes, at most %zu are accepted", text.len,
                       size_max);
    BL_TRY(json_check_depth(text, err));
    json_error_t error;
    json_t *root = json_loadb(text.len == 0 ? "" : (const char *)text.data, text.len,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (root == NULL) {
        if (json_error_code(&error) == json_error_out_of_memory)
            return bl_fail(err, BAALS_NOMEM, "no memory to read JSON");
        return bl_fail_at(err, BAALS_MISUSE_ARGUMENT,
                          error.position < 0 ? 0 : (size_t)error.position,
                          "not JSON: line %d, column %d: %s", error.line, error.column, error.text);
    }
    doc_out->root = (struct bl_json *)(void *)root;
    return BAALS_OK;
}

void bl_json_free(struct bl_json_doc *doc)
{
    json_decref((json_t *)(void *)doc->root);
    doc->root = NULL;
}

enum bl_json_type bl_json_type(const struct bl_json *value)
{
    switch (json_typeof(json_in(value))) {
    case JSON_OBJECT:
        return BL_JSON_OBJECT;
    case JSON_ARRAY:
        return BL_JSON_ARRAY;
    case JSON_STRING:
        return BL_JSON_TEXT;
    case JSON_INTEGER:
        return BL_JSON_INTEGER;
    case JSON_REAL:
        return BL_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return BL_JSON_BOOL;
    case JSON_NULL:
        return BL_JSON_NULL;
    }
    return BL_JSON_NULL;
}

const char *bl_json_type_name(const struct bl_json *value)
{
    switch (bl_json_type(value)) {
    case BL_JSON_NULL:
        return "null";
    case BL_JSON_BOOL:
        return "true or false";
    case BL_JSON_INTEGER:
        return "an integer";
    case BL_JSON_REAL:
        return "a number with a fraction or exponent";
    case BL_JSON_TEXT:
        return "a string";
    case BL_JSON_ARRAY:
        return "an array";
    case BL_JSON_OBJECT:
        return "an object";
    }
    return "nothing";
}

const struct bl_json *bl_json_member(const struct bl_json *object, const char *name)
{
    return json_wrap(json_object_get(json_in(object), name));
}

size_t bl_json_count(const struct bl_json *array)
{
    return json_array_size(json_in(array));
}

const struct bl_json *bl_json_at(const struct bl_json *array, size_t index)
{
    return json_wrap(json_array_get(json_in(array), index));
}

const char *bl_json_text(const struct bl_json *value)
{
    return json_string_value(json_in(value));
}

bool bl_json_u64(uint64_t *out, const struct bl_json *value)
{
    if (value == NULL || !json_is_integer(json_in(value)))
        return false;
    json_int_t number = json_integer_value(json_in(value));
    if (number < 0)
        return false;
    *out = (uint64_t)number;
    return true;
}

bool bl_json_is_true(const struct bl_json *value)
{
    return value != NULL && json_is_true(json_in(value));
}

baals_status
bl_json_each(const struct bl_json *object,
             baals_status (*each)(void *ctx, const char *name, const struct bl_json *value),
             void *ctx)
{
    /* jansson's iterators take the object without const, and do not change it. */
    union {
        const struct bl_json *in;
        json_t *out;
    } mutable_object = {.in = object};
    const char *name;
    json_t *value;
    json_object_foreach(mutable_object.out, name, value) BL_TRY(each(ctx, name, json_wrap(value)));
    return BAALS_OK;
}

static int json_append(const char *text, size_t len, void *ctx)
{
    struct bl_buffer *out = ctx;
    bl_buffer_append(out, text, len);
    return out->failed ? -1 : 0;
}

void bl_json_dump(struct bl_buffer *out, const struct bl_json *value)
{
    if (json_dump_callback(json_in(value), json_append, out, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        out->failed = true;
}
