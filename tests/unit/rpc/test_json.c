/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <string.h>

#include "rpc/json.h"

static baals_status parse(struct bl_json_doc *doc, const char *text)
{
    return bl_json_parse(doc, bl_slice_str(text), 4096, NULL);
}

/* Values of every type are told apart and read. */
static void test_types(void **state)
{
    struct bl_json_doc doc = {0};
    uint64_t number = 7;
    (void)state;
    assert_ok(
        parse(&doc, "{\"n\":null,\"t\":true,\"i\":42,\"m\":-1,\"r\":1.5,\"s\":\"x\",\"a\":[1,2]}"));
    const struct bl_json *root = doc.root;
    assert_int_equal(bl_json_type(root), BL_JSON_OBJECT);
    assert_int_equal(bl_json_type(bl_json_member(root, "n")), BL_JSON_NULL);
    assert_true(bl_json_is_true(bl_json_member(root, "t")));
    assert_true(bl_json_u64(&number, bl_json_member(root, "i")));
    assert_int_equal(number, 42);
    assert_false(bl_json_u64(&number, bl_json_member(root, "m")));
    assert_false(bl_json_u64(&number, bl_json_member(root, "r")));
    assert_false(bl_json_u64(&number, bl_json_member(root, "absent")));
    assert_int_equal(number, 42);
    assert_int_equal(bl_json_type(bl_json_member(root, "r")), BL_JSON_REAL);
    assert_string_equal(bl_json_text(bl_json_member(root, "s")), "x");
    assert_null(bl_json_text(bl_json_member(root, "i")));
    assert_int_equal(bl_json_count(bl_json_member(root, "a")), 2);
    assert_null(bl_json_at(bl_json_member(root, "a"), 2));
    assert_string_equal(bl_json_type_name(bl_json_member(root, "a")), "an array");
    bl_json_free(&doc);
}

/* Everything that is not exactly one JSON value is refused and gives no document. */
static void test_refused(void **state)
{
    static const char *const texts[] = {
        "",        " ",   "{",           "[1,]",     "{\"a\":1,\"a\":2}",    "01",  "+1",
        "nul",     "1 2", "\"\\u0000\"", "\"\xff\"", "99999999999999999999", "'x'", "{a:1}",
        "// x\n1", "NaN", "\"",
    };
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(texts); i++) {
        struct bl_json_doc doc = {0};
        if (parse(&doc, texts[i]) != BAALS_MISUSE_ARGUMENT)
            fail_msg("accepted: %s", texts[i]);
        assert_null(doc.root);
    }
}

/* The deepest nesting is accepted, one more is not; brackets in strings do not count. */
static void test_depth(void **state)
{
    char text[2 * BL_JSON_DEPTH_MAX + 3];
    struct bl_json_doc doc = {0};
    (void)state;
    memset(text, '[', BL_JSON_DEPTH_MAX);
    memset(text + BL_JSON_DEPTH_MAX, ']', BL_JSON_DEPTH_MAX);
    text[2 * BL_JSON_DEPTH_MAX] = '\0';
    assert_ok(parse(&doc, text));
    bl_json_free(&doc);
    memset(text, '[', BL_JSON_DEPTH_MAX + 1);
    memset(text + BL_JSON_DEPTH_MAX + 1, ']', BL_JSON_DEPTH_MAX + 1);
    text[2 * BL_JSON_DEPTH_MAX + 2] = '\0';
    assert_status(parse(&doc, text), BAALS_MISUSE_ARGUMENT);
    assert_ok(parse(&doc, "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[\""));
    bl_json_free(&doc);
}

/* A text above the limit is LIMIT before it is looked at. */
static void test_size(void **state)
{
    struct bl_json_doc doc = {0};
    (void)state;
    assert_status(bl_json_parse(&doc, bl_slice_str("[1]"), 2, NULL), BAALS_LIMIT);
    assert_ok(bl_json_parse(&doc, bl_slice_str("[1]"), 3, NULL));
    bl_json_free(&doc);
}

static baals_status each_name(void *ctx, const char *name, const struct bl_json *value)
{
    char *names = ctx;
    (void)value;
    if (name[0] == 'z')
        return BAALS_LIMIT;
    strncat(names, name, 8);
    return BAALS_OK;
}

/* Members come in the order of the text, and the first failure ends the walk. */
static void test_each(void **state)
{
    struct bl_json_doc doc = {0};
    char names[32] = "";
    (void)state;
    assert_ok(parse(&doc, "{\"c\":1,\"a\":2,\"z\":3,\"b\":4}"));
    assert_status(bl_json_each(doc.root, each_name, names), BAALS_LIMIT);
    assert_string_equal(names, "ca");
    bl_json_free(&doc);
}

/* What is dumped is the same value in its shortest text; a full buffer is said. */
static void test_dump(void **state)
{
    struct bl_json_doc doc = {0};
    struct bl_buffer out;
    (void)state;
    assert_ok(parse(&doc, "{ \"b\" : [ 1 , \"x\\n\" ] , \"a\" : null }"));
    bl_buffer_init(&out, bl_alloc_system(), 64);
    bl_json_dump(&out, doc.root);
    assert_true(
        bl_slice_equal(bl_buffer_slice(&out), bl_slice_str("{\"b\":[1,\"x\\n\"],\"a\":null}")));
    bl_buffer_deinit(&out);
    bl_buffer_init(&out, bl_alloc_system(), 4);
    bl_json_dump(&out, doc.root);
    assert_true(out.failed);
    bl_buffer_deinit(&out);
    bl_json_free(&doc);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types), cmocka_unit_test(test_refused), cmocka_unit_test(test_depth),
        cmocka_unit_test(test_size),  cmocka_unit_test(test_each),    cmocka_unit_test(test_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
