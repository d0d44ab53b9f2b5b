/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_TESTLIB_JSON_H
#define BL_TESTS_LIB_TESTLIB_JSON_H
/*
 * Reading JSON test vectors. Every accessor fails the running test when the file, member, element
 * or type is not as asked, so tests read vectors without checks of their own.
 *
 *   struct testlib_json *file = testlib_json_load(testlib_shared_path("vectors/x.json"));
 *   const struct testlib_json *cases = testlib_json_get(file, "cases");
 *   for (size_t i = 0; i < testlib_json_count(cases); i++)
 *       ... testlib_json_at(cases, i) ...
 *   testlib_json_free(file);
 */
#include "testlib.h"

/* A value inside a loaded file; borrowed from it. */
struct testlib_json;

struct testlib_json *testlib_json_load(const char *path);
void testlib_json_free(struct testlib_json *file);

/* Elements of an array, or members of an object. */
size_t testlib_json_count(const struct testlib_json *value);
const struct testlib_json *testlib_json_at(const struct testlib_json *array, size_t index);
bool testlib_json_has(const struct testlib_json *object, const char *name);
const struct testlib_json *testlib_json_get(const struct testlib_json *object, const char *name);
bool testlib_json_is_null(const struct testlib_json *value);
bool testlib_json_is_text(const struct testlib_json *value);
bool testlib_json_is_bool(const struct testlib_json *value);

const char *testlib_json_text(const struct testlib_json *value);
int64_t testlib_json_int(const struct testlib_json *value);
bool testlib_json_bool(const struct testlib_json *value);
/* A string of hex digits into bytes; returns their number. */
size_t testlib_json_hex(uint8_t *out, size_t out_size, const struct testlib_json *value);
/* The same into malloc'ed memory (one byte when empty), for free(). */
uint8_t *testlib_json_hex_alloc(size_t *len_out, const struct testlib_json *value);

#endif /* BL_TESTS_LIB_TESTLIB_JSON_H */
