/* SPDX-License-Identifier: MIT */
/*
 * The examples of RFC 8949 Appendix A: those inside the subset of docs/spec/encoding.md are read
 * item by item and written again to the same bytes, all others are refused for the reason that fits
 * their first byte at fault.
 */
#include "testlib.h"

#include <stdlib.h>
#include <string.h>

#include "types/types.h"

/* What the subset holds of the 82 examples. */
enum { CBOR_EXAMPLES = 82, CBOR_EXAMPLES_ACCEPTED = 35 };

static baals_status
cbor_copy(struct bl_buffer *out, struct bl_cbor_reader *reader, baals_error *err);

static baals_status
cbor_copy_string(struct bl_buffer *out, struct bl_cbor_reader *reader, baals_error *err)
{
    baals_slice string;
    if (reader->input.data[reader->offset] >> 5 == 2) {
        BL_TRY(bl_cbor_read_bytes(reader, &string, err));
        bl_cbor_write_bytes(out, string);
    } else {
        BL_TRY(bl_cbor_read_text(reader, &string, err));
        bl_cbor_write_text(out, string);
    }
    return BAALS_OK;
}

static baals_status
cbor_copy_number(struct bl_buffer *out, struct bl_cbor_reader *reader, baals_error *err)
{
    if (reader->input.data[reader->offset] >> 5 == 0) {
        uint64_t value = 0;
        BL_TRY(bl_cbor_read_uint(reader, &value, err));
        bl_cbor_write_uint(out, value);
    } else {
        int64_t value = 0;
        BL_TRY(bl_cbor_read_int(reader, &value, err));
        bl_cbor_write_int(out, value);
    }
    return BAALS_OK;
}

static baals_status
cbor_copy_children(struct bl_buffer *out, struct bl_cbor_reader *reader, baals_error *err)
{
    uint64_t count = 0;
    if (reader->input.data[reader->offset] >> 5 == 4) {
        BL_TRY(bl_cbor_read_array(reader, &count, err));
        bl_cbor_write_array(out, count);
    } else {
        BL_TRY(bl_cbor_read_map(reader, &count, err));
        bl_cbor_write_map(out, count);
        count *= 2;
    }
    for (uint64_t i = 0; i < count; i++)
        BL_TRY(cbor_copy(out, reader, err));
    return BAALS_OK;
}

/* Reads one item with the typed readers and writes what it read. */
static baals_status
cbor_copy(struct bl_buffer *out, struct bl_cbor_reader *reader, baals_error *err)
{
    if (reader->offset == reader->input.len)
        return BAALS_REJECT_TRUNCATED;
    switch (reader->input.data[reader->offset] >> 5) {
    case 0:
    case 1:
        return cbor_copy_number(out, reader, err);
    case 2:
    case 3:
        return cbor_copy_string(out, reader, err);
    case 4:
    case 5:
        return cbor_copy_children(out, reader, err);
    default:
        break;
    }
    if (bl_cbor_peek_null(reader)) {
        bl_cbor_write_null(out);
        return bl_cbor_read_null(reader, err);
    }
    bool value = false;
    BL_TRY(bl_cbor_read_bool(reader, &value, err));
    bl_cbor_write_bool(out, value);
    return BAALS_OK;
}

/* The reason for which an example outside the subset must be refused. */
static baals_status cbor_expected_reject(const char *hex)
{
    if (strcmp(hex, "3bffffffffffffffff") == 0)
        return BAALS_REJECT_RANGE; /* -2^64 */
    if (strcmp(hex, "a201020304") == 0)
        return BAALS_REJECT_MAP_KEY; /* integers as keys */
    return BAALS_REJECT_ITEM;
}

/* True when the example was accepted. */
static bool cbor_check_example(const char *hex)
{
    uint8_t bytes[256];
    size_t len = testlib_hex(bytes, sizeof bytes, hex);
    struct bl_cbor_reader reader = bl_cbor_reader(bl_slice(bytes, len));
    struct bl_cbor_reader copy_reader = reader;
    baals_status status = bl_cbor_skip(&reader, BL_CBOR_DEPTH_MAX, NULL);
    if (status != BAALS_OK) {
        if (status != cbor_expected_reject(hex))
            fail_msg("%s: %s", hex, baals_status_name(status));
        assert_int_equal(reader.offset, 0);
        return false;
    }
    assert_ok(bl_cbor_read_end(&reader, NULL));

    struct bl_buffer out;
    bl_buffer_init(&out, bl_alloc_system(), sizeof bytes);
    assert_ok(cbor_copy(&out, &copy_reader, NULL));
    assert_ok(bl_cbor_read_end(&copy_reader, NULL));
    if (!bl_slice_equal(bl_buffer_slice(&out), bl_slice(bytes, len)))
        fail_msg("%s: written with other bytes", hex);
    bl_buffer_deinit(&out);
    return true;
}

/* Goal: the subset accepts exactly its examples of Appendix A and writes them back unchanged. The
 * file has integers that JSON readers refuse, so its "hex" members are taken from the text. */
static void test_cbor_appendix_a(void **state)
{
    (void)state;
    static const char member[] = "\"hex\": \"";
    if (!testlib_have_shared("vectors/cbor/appendix_a.json", "test_cbor_appendix_a"))
        return;
    size_t len;
    uint8_t *data = testlib_read_file(&len, testlib_shared_path("vectors/cbor/appendix_a.json"));
    char *text = (char *)data;
    size_t count = 0;
    size_t accepted = 0;
    for (char *at = strstr(text, member); at != NULL; at = strstr(at, member)) {
        char *hex = at + sizeof member - 1;
        char *end = strchr(hex, '"');
        assert_non_null(end);
        *end = '\0';
        at = end + 1;
        count++;
        accepted += cbor_check_example(hex) ? 1 : 0;
    }
    free(data);
    printf("%zu examples, %zu accepted, %zu refused\n", count, accepted, count - accepted);
    assert_int_equal(count, CBOR_EXAMPLES);
    assert_int_equal(accepted, CBOR_EXAMPLES_ACCEPTED);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cbor_appendix_a),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
