/* SPDX-License-Identifier: MIT */
/* Bytes by their types: what is printed, and what is no value. */
#include "abi_vectors.h"

static baals_status print_bytes(struct bl_buffer *out,
                                struct abi_vectors *v,
                                const char *type,
                                baals_slice bytes,
                                baals_error *err)
{
    struct cli_abi_method method = {.name = "m", .has_returns = true, .doc = ""};
    struct bl_json_writer w;
    method.returns = abi_vectors_type(v, type);
    bl_buffer_clear(out);
    bl_jw_init(&w, out);
    return cli_abi_print_output(&w, &v->abi, &method, bytes, err);
}

/* Goal: each encoding of the vectors prints as its JSON, and none is a value when it is cut. */
static void test_print_vectors(void **state)
{
    (void)state;
    struct abi_vectors v;
    struct bl_buffer out;
    abi_vectors_open(&v);
    bl_buffer_init(&out, bl_alloc_system(), (size_t)1024 * 1024);
    const struct testlib_json *rows = testlib_json_get(v.file, "values");
    for (size_t i = 0; i < testlib_json_count(rows); i++) {
        const struct testlib_json *row = testlib_json_at(rows, i);
        const char *type = testlib_json_text(testlib_json_get(row, "type"));
        const char *json = testlib_json_text(testlib_json_get(row, "json"));
        size_t len;
        uint8_t *bytes = testlib_json_hex_alloc(&len, testlib_json_get(row, "bytes"));
        baals_error err = {0};
        if (print_bytes(&out, &v, type, bl_slice(bytes, len), &err) != BAALS_OK)
            fail_msg("%s: %s", json, err.message);
        char escaped[256];
        snprintf(escaped, sizeof escaped, "%.*s", (int)out.len, (const char *)out.data);
        if (strcmp(escaped, json) != 0)
            fail_msg("%s %s: printed as %s", type, json, escaped);
        for (size_t cut = 0; cut < len; cut++)
            assert_status(print_bytes(&out, &v, type, bl_slice(bytes, cut), &err),
                          BAALS_REJECT_TYPE);
        free(bytes);
    }
    bl_buffer_deinit(&out);
    abi_vectors_close(&v);
}

/* Goal: bytes that are no value of the type are refused at their place. */
static void test_print_refused(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *hex;
        uint32_t offset;
    } rows[] = {
        {"u8", "190100", 0},
        {"u8", "20", 0},
        {"u8", "6131", 0},
        {"u8", "0000", 1},
        {"u16", "1a00010000", 0},
        {"u32", "1b0000000100000000", 0},
        {"u8", "1801", 0},
        {"i8", "1880", 0},
        {"i8", "3880", 0},
        {"i64", "1b8000000000000000", 0},
        {"i64", "3b8000000000000000", 0},
        {"bool", "00", 0},
        {"bool", "f6", 0},
        {"text", "41ff", 0},
        {"text", "6101", 0},
        {"text", "61ff", 0},
        {"bytes", "6161", 0},
        {"bytes2", "4101", 0},
        {"hash", "4100", 0},
        {"address", "40", 0},
        {"u8?", "f4", 0},
        {"u8[]", "00", 0},
        {"u8[]", "820041ff", 2},
        {"u8[]", "9f00ff", 0},
        {"u8[]", "9bffffffffffffffff", 9},
        {"Pair", "8100", 0},
        {"Pair", "8320f600", 0},
        {"Pair", "82f600", 1},
        {"Pair", "a0", 0},
        {"Order[]", "818380f64100", 4},
        {"u8[][]", "818100ff", 3},
    };
    struct abi_vectors v;
    struct bl_buffer out;
    abi_vectors_open(&v);
    bl_buffer_init(&out, bl_alloc_system(), (size_t)1024 * 1024);
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        uint8_t bytes[64];
        size_t len = testlib_hex(bytes, sizeof bytes, rows[i].hex);
        baals_error err = {0};
        baals_status status = print_bytes(&out, &v, rows[i].type, bl_slice(bytes, len), &err);
        if (status != BAALS_REJECT_TYPE || err.offset != rows[i].offset)
            fail_msg("%s %s: %s at %u: %s", rows[i].type, rows[i].hex, baals_status_name(status),
                     err.offset, err.message);
    }
    bl_buffer_deinit(&out);
    abi_vectors_close(&v);
}

/* Goal: a method that returns nothing has an empty output. */
static void test_print_nothing(void **state)
{
    (void)state;
    const struct cli_abi abi = {0};
    const struct cli_abi_method method = {.name = "m", .doc = ""};
    struct bl_json_writer w;
    struct bl_buffer out;
    bl_buffer_init(&out, bl_alloc_system(), 1024);
    bl_jw_init(&w, &out);
    assert_ok(cli_abi_print_output(&w, &abi, &method, bl_slice(NULL, 0), NULL));
    assert_memory_equal(out.data, "null", 4);
    assert_status(cli_abi_print_output(&w, &abi, &method, bl_slice_str("x"), NULL),
                  BAALS_REJECT_TYPE);
    bl_buffer_deinit(&out);
}

/* Goal: events are read from topics and data, errors from an array; other shapes are refused. */
static void test_print_events_and_errors(void **state)
{
    (void)state;
    struct abi_vectors v;
    struct bl_json_writer w;
    struct bl_buffer out;
    baals_event event = {.topic_count = 4, .data = bl_slice_str("\x81\x81\x61z")};
    abi_vectors_open(&v);
    bl_buffer_init(&out, bl_alloc_system(), (size_t)1024 * 1024);
    event.topics[2].bytes[0] = 0xab;
    event.topics[3].bytes[31] = 9;
    bl_jw_init(&w, &out);
    assert_ok(cli_abi_print_event(&w, &v.abi, &v.abi.events[0], &event, NULL));
    bl_buffer_append_u8(&out, 0);
    assert_non_null(strstr((const char *)out.data, "{\"who\":\"bls1"));
    assert_non_null(strstr((const char *)out.data, "\"id\":\"ab0000"));
    assert_non_null(strstr((const char *)out.data, "\"n\":\"9\",\"rest\":[\"z\"]}"));
    event.topics[3].bytes[0] = 1;
    assert_status(cli_abi_print_event(&w, &v.abi, &v.abi.events[0], &event, NULL),
                  BAALS_REJECT_TYPE);
    event.topics[3].bytes[0] = 0;
    event.topic_count = 3;
    assert_status(cli_abi_print_event(&w, &v.abi, &v.abi.events[0], &event, NULL),
                  BAALS_REJECT_TYPE);
    event.topic_count = 4;
    static const char *const datas[] = {"", "\x80", "\x82\x81\x61z\x60", "\x81\x81\x61z\x60", "x"};
    for (size_t i = 0; i < BL_COUNT_OF(datas); i++) {
        event.data = bl_slice_str(datas[i]);
        assert_status(cli_abi_print_event(&w, &v.abi, &v.abi.events[0], &event, NULL),
                      BAALS_REJECT_TYPE);
    }

    bl_buffer_clear(&out);
    bl_jw_init(&w, &out);
    assert_ok(cli_abi_print_error(&w, &v.abi, &v.abi.errors[1], bl_slice_str("\x81\xf6"), NULL));
    assert_int_equal(out.len, 10);
    assert_memory_equal(out.data, "{\"x\":null}", 10);
    static const char *const errors[] = {"", "\x80", "\x81\x41z", "\x81\xf6z", "\xf6"};
    for (size_t i = 0; i < BL_COUNT_OF(errors); i++)
        assert_status(
            cli_abi_print_error(&w, &v.abi, &v.abi.errors[1], bl_slice_str(errors[i]), NULL),
            BAALS_REJECT_TYPE);
    bl_buffer_deinit(&out);
    abi_vectors_close(&v);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_print_vectors),
        cmocka_unit_test(test_print_refused),
        cmocka_unit_test(test_print_nothing),
        cmocka_unit_test(test_print_events_and_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
