/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <string.h>

#include "rpc/json.h"
#include "rpc/json_write.h"

static void expect(struct bl_buffer *out, const char *text)
{
    if (!bl_slice_equal(bl_buffer_slice(out), bl_slice_str(text)))
        fail_msg("%.*s is not %s", (int)out->len, (const char *)out->data, text);
}

/* Commas stand between members and elements, and nowhere else, at every level. */
static void test_commas(void **state)
{
    struct bl_buffer out;
    struct bl_json_writer w;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 4096);
    bl_jw_init(&w, &out);
    bl_jw_begin_object(&w);
    bl_jw_put_u64(&w, "a", UINT64_MAX);
    bl_jw_key(&w, "b");
    bl_jw_begin_array(&w);
    bl_jw_null(&w);
    bl_jw_begin_object(&w);
    bl_jw_end_object(&w);
    bl_jw_begin_array(&w);
    bl_jw_end_array(&w);
    bl_jw_bool(&w, false);
    bl_jw_end_array(&w);
    bl_jw_put_amount(&w, "c", 12);
    bl_jw_put_hex(&w, "d", bl_slice("\x00\xff", 2));
    bl_jw_put_hex(&w, "e", bl_slice(NULL, 0));
    bl_jw_put_bool(&w, "f", true);
    bl_jw_end_object(&w);
    expect(&out, "{\"a\":18446744073709551615,\"b\":[null,{},[],false],\"c\":\"12\","
                 "\"d\":\"00ff\",\"e\":\"\",\"f\":true}");
    bl_buffer_deinit(&out);
}

/* Control characters and quotes are escaped; broken UTF-8 becomes U+FFFD. */
static void test_text(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"a\"b\\c", "\"a\\\"b\\\\c\""},
        {"\n\t\x01\x7f", "\"\\n\\t\\u0001\\u007f\""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"\xff", "\"\xef\xbf\xbd\""},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct bl_buffer out;
        struct bl_json_writer w;
        bl_buffer_init(&out, bl_alloc_system(), 4096);
        bl_jw_init(&w, &out);
        bl_jw_text(&w, rows[i].in);
        expect(&out, rows[i].out);
        bl_buffer_deinit(&out);
    }
}

/* A NUL that a contract logs is text that can be read again. */
static void test_nul(void **state)
{
    struct bl_buffer out;
    struct bl_json_writer w;
    struct bl_json_doc doc = {0};
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 4096);
    bl_jw_init(&w, &out);
    bl_jw_slice(&w, bl_slice("a\0b", 3));
    expect(&out, "\"a\xef\xbf\xbd"
                 "b\"");
    assert_ok(bl_json_parse(&doc, bl_buffer_slice(&out), 4096, NULL));
    bl_json_free(&doc);
    bl_buffer_deinit(&out);
}

/* Whatever bytes a text has, the parser reads the result. */
static void test_any_text_parses(void **state)
{
    struct testlib_rng rng = testlib_rng(1);
    (void)state;
    for (int i = 0; i < 2000; i++) {
        uint8_t bytes[24];
        struct bl_buffer out;
        struct bl_json_writer w;
        struct bl_json_doc doc = {0};
        size_t len = (size_t)testlib_rng_below(&rng, sizeof bytes);
        testlib_rng_bytes(&rng, bytes, len);
        for (size_t j = 0; j < len; j++)
            bytes[j] |= bytes[j] == 0; /* the parser takes no NUL in text */
        bl_buffer_init(&out, bl_alloc_system(), 4096);
        bl_jw_init(&w, &out);
        bl_jw_slice(&w, bl_slice(bytes, len));
        assert_ok(bl_json_parse(&doc, bl_buffer_slice(&out), 4096, NULL));
        bl_json_free(&doc);
        bl_buffer_deinit(&out);
    }
}

/* A full buffer is said in its status, whatever is written on. */
static void test_full(void **state)
{
    struct bl_buffer out;
    struct bl_json_writer w;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 8);
    bl_jw_init(&w, &out);
    bl_jw_begin_array(&w);
    bl_jw_hex(&w, bl_slice("12345678", 8));
    bl_jw_text(&w, "more");
    bl_jw_end_array(&w);
    assert_status(bl_buffer_status(&out, NULL), BAALS_LIMIT);
    bl_buffer_deinit(&out);
}

/* Text for people has no control characters but tab and line feed. */
static void test_printable(void **state)
{
    (void)state;
    assert_true(bl_text_is_printable(bl_slice_str("")));
    assert_true(bl_text_is_printable(bl_slice_str("tab\tand\n\xc3\xa9")));
    assert_false(bl_text_is_printable(bl_slice_str("\x1b[2J")));
    assert_false(bl_text_is_printable(bl_slice("\0", 1)));
    assert_false(bl_text_is_printable(bl_slice_str("\xc3")));
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commas), cmocka_unit_test(test_text),
        cmocka_unit_test(test_nul),    cmocka_unit_test(test_any_text_parses),
        cmocka_unit_test(test_full),   cmocka_unit_test(test_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
