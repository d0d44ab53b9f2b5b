/* SPDX-License-Identifier: MIT */
/*
 * JSON vectors through jansson; a struct testlib_json is a json_t, whose header stays in here.
 */
#include "testlib_json.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const json_t *testlib_json_value(const struct testlib_json *value)
{
    return (const json_t *)(const void *)value;
}

static const struct testlib_json *testlib_json_wrap(const json_t *value)
{
    return (const struct testlib_json *)(const void *)value;
}

struct testlib_json *testlib_json_load(const char *path)
{
    json_error_t err;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &err);
    if (root == NULL)
        fail_msg("%s:%d: %s", path, err.line, err.text);
    return (struct testlib_json *)(void *)root;
}

void testlib_json_free(struct testlib_json *file)
{
    json_decref((json_t *)(void *)file);
}

size_t testlib_json_count(const struct testlib_json *value)
{
    const json_t *json = testlib_json_value(value);
    if (!json_is_array(json) && !json_is_object(json))
        fail_msg("neither an array nor an object");
    return json_is_array(json) ? json_array_size(json) : json_object_size(json);
}

const struct testlib_json *testlib_json_at(const struct testlib_json *array, size_t index)
{
    const json_t *element = json_array_get(testlib_json_value(array), index);
    if (element == NULL)
        fail_msg("no element %zu", index);
    return testlib_json_wrap(element);
}

bool testlib_json_has(const struct testlib_json *object, const char *name)
{
    return json_object_get(testlib_json_value(object), name) != NULL;
}

const struct testlib_json *testlib_json_get(const struct testlib_json *object, const char *name)
{
    const json_t *member = json_object_get(testlib_json_value(object), name);
    if (member == NULL)
        fail_msg("no member \"%s\"", name);
    return testlib_json_wrap(member);
}

bool testlib_json_is_null(const struct testlib_json *value)
{
    return json_is_null(testlib_json_value(value));
}

bool testlib_json_is_text(const struct testlib_json *value)
{
    return json_is_string(testlib_json_value(value));
}

bool testlib_json_is_bool(const struct testlib_json *value)
{
    return json_is_boolean(testlib_json_value(value));
}

const char *testlib_json_text(const struct testlib_json *value)
{
    const char *text = json_string_value(testlib_json_value(value));
    if (text == NULL)
        fail_msg("not a string");
    return text;
}

int64_t testlib_json_int(const struct testlib_json *value)
{
    if (!json_is_integer(testlib_json_value(value)))
        fail_msg("not an integer");
    return (int64_t)json_integer_value(testlib_json_value(value));
}

bool testlib_json_bool(const struct testlib_json *value)
{
    if (!json_is_boolean(testlib_json_value(value)))
        fail_msg("not true or false");
    return json_is_true(testlib_json_value(value));
}

size_t testlib_json_hex(uint8_t *out, size_t out_size, const struct testlib_json *value)
{
    return testlib_hex(out, out_size, testlib_json_text(value));
}

uint8_t *testlib_json_hex_alloc(size_t *len_out, const struct testlib_json *value)
{
    size_t size = strlen(testlib_json_text(value)) / 2;
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    assert_non_null(bytes);
    *len_out = testlib_json_hex(bytes, size, value);
    return bytes;
}
