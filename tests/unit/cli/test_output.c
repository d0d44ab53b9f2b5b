/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <string.h>
#include <unistd.h>

#include "cli/cli_internal.h"

static void expect(struct bl_buffer *out, const char *text)
{
    if (!bl_slice_equal(bl_buffer_slice(out), bl_slice_str(text)))
        fail_msg("%.*s is not %s", (int)out->len, (const char *)out->data, text);
}

/* A result becomes lines; nested values are indented; what would move the cursor is escaped. */
static void test_text(void **state)
{
    struct bl_json_doc doc = {0};
    struct bl_buffer out;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 4096);
    assert_ok(bl_json_parse(
        &doc,
        bl_slice_str("{\"gas_used\":\"5\",\"block\":null,\"ok\":true,\"none\":[],\"empty\":\"\","
                     "\"list\":[1,\"a\"],\"in\":{\"x\":\"\\u001b[2J\\u009b\"},"
                     "\"many\":[{\"y\":1},{\"y\":2}]}"),
        4096, NULL));
    cli_print_text(&out, doc.root);
    expect(&out, "gas used        5\n"
                 "block           -\n"
                 "ok              true\n"
                 "none            none\n"
                 "empty           -\n"
                 "list           \n"
                 "  1\n"
                 "  a\n"
                 "in             \n"
                 "  x               \\x1b[2J\\x9b\n"
                 "many           \n"
                 "  y               1\n"
                 "\n"
                 "  y               2\n");
    bl_json_free(&doc);
    bl_buffer_deinit(&out);
}

/* An error has its code, message, place and hint, as lines and as JSON. */
static void test_errors(void **state)
{
    baals_error error = {.offset = 7, .message = "no\nway"};
    struct bl_buffer out;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 4096);
    cli_print_error_text(&out, BAALS_CORRUPT_STORE, &error);
    expect(&out, "error E-STORE: no\\x0away (at byte 7)\nhint: run `baals repair`\n");
    bl_buffer_clear(&out);
    error.offset = BAALS_NO_OFFSET;
    error.message[0] = '\0';
    cli_print_error_json(&out, BAALS_NOTFOUND, &error);
    expect(&out, "{\"error\":{\"code\":\"E-NOT-FOUND\",\"message\":\"not found\"}}\n");
    bl_buffer_deinit(&out);
}

/* Each class has its exit code; every status is found by its code. */
static void test_codes(void **state)
{
    static const baals_status statuses[] = {
#define OUTPUT_STATUS(name, class_, detail, code, text) BAALS_##name,
        BAALS_STATUS_MAP(OUTPUT_STATUS)
#undef OUTPUT_STATUS
    };
    static const int exits[] = {0, 2, 12, 3, 4, 5, 6, 7, 8, 9, 10, 11};
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(statuses); i++) {
        assert_int_equal(cli_exit_code(statuses[i]), exits[BAALS_STATUS_CLASS(statuses[i])]);
        assert_int_equal(cli_status_from_code(baals_status_code(statuses[i])), statuses[i]);
    }
    assert_int_equal(cli_exit_code((baals_status)99), 11);
    assert_int_equal(cli_status_from_code("E-NONSENSE"), BAALS_INTERNAL);
}

/* Writing where nobody reads is IO. */
static void test_write(void **state)
{
    int fds[2];
    char text[3];
    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_ok(cli_write_fd(fds[1], bl_slice_str("ab"), NULL));
    assert_int_equal(read(fds[0], text, sizeof text), 2);
    assert_status(cli_write_fd(fds[0], bl_slice_str("x"), NULL), BAALS_IO);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
