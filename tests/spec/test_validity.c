/* SPDX-License-Identifier: MIT */
/*
 * docs/spec/vectors/validity.json, made by tools/validity_vectors.py from the pages alone: what the
 * library says of blocks and exports that break a rule, or two.
 */
#include <stdlib.h>
#include <string.h>

#include "baals/chain.h"
#include "testlib_json.h"

struct validity_source {
    const uint8_t *data;
    size_t left;
};

static baals_status
validity_next(void *ctx, uint8_t *out, size_t cap, size_t *len_out, baals_error *err)
{
    struct validity_source *source = ctx;
    size_t len = source->left < cap ? source->left : cap;
    (void)err;
    if (len > 0)
        memcpy(out, source->data, len);
    source->data += len;
    source->left -= len;
    *len_out = len;
    return BAALS_OK;
}

/* Makes a chain from an export, and compares the verdict. */
static void validity_expect(const struct testlib_json *vector, const uint8_t *data, size_t len)
{
    struct validity_source source = {data, len};
    baals_options options = BAALS_OPTIONS_INIT;
    baals_error err = {0};
    baals_chain *chain = NULL;
    options.storage = "memory";
    baals_status status =
        baals_import_new(&chain, ":memory:", &options, validity_next, &source, &err);
    const char *expected = testlib_json_text(
        testlib_json_get(vector, testlib_json_has(vector, "node") ? "node" : "status"));
    if (strcmp(baals_status_name(status), expected) != 0) {
        fail_msg("%s: %s, expected %s: %s", testlib_json_text(testlib_json_get(vector, "what")),
                 baals_status_name(status), expected, err.message);
    }
    if (status == BAALS_OK)
        assert_int_equal(baals_close(chain, NULL), BAALS_OK);
}

/* Goal: each block, as the second one of the export, gets the verdict of the file. */
static void test_blocks(void **state)
{
    (void)state;
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/validity.json"));
    size_t export_len = 0;
    uint8_t *export = testlib_json_hex_alloc(&export_len, testlib_json_get(file, "export"));
    size_t height_at = (size_t)testlib_json_int(testlib_json_get(file, "height_at"));
    const struct testlib_json *blocks = testlib_json_get(file, "blocks");
    for (size_t i = 0; i < testlib_json_count(blocks); i++) {
        const struct testlib_json *vector = testlib_json_at(blocks, i);
        size_t zeros = (size_t)testlib_json_int(testlib_json_get(vector, "zeros"));
        size_t len = 0;
        uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_get(vector, "hex"));
        size_t block_len = len + zeros;
        assert_true(len >= 256 && block_len < 1u << 24);
        uint8_t *stream = calloc(1, export_len + 5 + block_len);
        assert_non_null(stream);
        memcpy(stream, export, export_len);
        stream[height_at] = 2;
        uint8_t *at = stream + export_len;
        if (block_len >= 65536) {
            *at++ = 0x5a;
            *at++ = 0;
            *at++ = (uint8_t)(block_len >> 16);
        } else {
            *at++ = 0x59;
        }
        *at++ = (uint8_t)(block_len >> 8 & 0xff);
        *at++ = (uint8_t)(block_len & 0xff);
        memcpy(at, bytes, len);
        validity_expect(vector, stream, (size_t)(at - stream) + block_len);
        free(stream);
        free(bytes);
    }
    free(export);
    testlib_json_free(file);
}

/* Goal: each export gets the verdict of the file. */
static void test_exports(void **state)
{
    (void)state;
    struct testlib_json *file =
        testlib_json_load(testlib_source_path("docs/spec/vectors/validity.json"));
    const struct testlib_json *exports = testlib_json_get(file, "exports");
    for (size_t i = 0; i < testlib_json_count(exports); i++) {
        const struct testlib_json *vector = testlib_json_at(exports, i);
        size_t len = 0;
        uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_get(vector, "hex"));
        validity_expect(vector, bytes, len);
        free(bytes);
    }
    testlib_json_free(file);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_exports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
