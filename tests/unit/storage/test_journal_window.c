/* SPDX-License-Identifier: MIT */
/* Reading a segment through the window gives the file's bytes, across its borders and at the end.
 */
#include <stdlib.h>
#include <string.h>

#include "journal_lib.h"
#include "storage/journal_internal.h"

enum { FILE_LEN = 2 * BL_JOURNAL_WINDOW + 5000 };

struct fixture {
    struct bl_env *env;
    struct bl_file *file;
    uint8_t *bytes;
    struct bl_journal_window window;
};

static struct fixture fixture;

static int setup(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(4);
    assert_ok(bl_env_memory(&fixture.env, bl_alloc_system(), NULL));
    assert_ok(
        bl_file_open(fixture.env, &fixture.file, "/file", BL_OPEN_WRITE | BL_OPEN_CREATE, NULL));
    fixture.bytes = malloc(FILE_LEN);
    assert_non_null(fixture.bytes);
    testlib_rng_bytes(&rng, fixture.bytes, FILE_LEN);
    assert_ok(bl_journal_window_init(&fixture.window, &fixture.env->alloc, NULL));
    bl_journal_window_use(&fixture.window, fixture.file);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bl_journal_window_deinit(&fixture.window);
    bl_file_close(fixture.file);
    bl_env_close(fixture.env);
    free(fixture.bytes);
    return 0;
}

static void write_all(void)
{
    assert_ok(bl_file_write_at(fixture.file, 0, fixture.bytes, FILE_LEN, NULL));
}

/* Copies at random places, forwards and backwards. */
static void test_copy(void **state)
{
    (void)state;
    struct testlib_rng rng = testlib_rng(5);
    static uint8_t out[FILE_LEN];
    write_all();
    for (int i = 0; i < 200; i++) {
        uint64_t offset = testlib_rng_below(&rng, FILE_LEN + 1000);
        size_t len = (size_t)testlib_rng_below(&rng, i % 10 == 0 ? FILE_LEN : 200) + 1;
        size_t there = offset < FILE_LEN ? FILE_LEN - (size_t)offset : 0;
        size_t read = 1;
        assert_ok(bl_journal_window_copy(&fixture.window, out, &read, offset, len, NULL));
        assert_int_equal(read, len < there ? len : there);
        if (read > 0)
            assert_memory_equal(out, fixture.bytes + offset, read);
    }
}

/* The last byte that is not zero is found wherever it is. */
static void test_last(void **state)
{
    (void)state;
    static const uint64_t places[] = {
        0, 1, 4095, BL_JOURNAL_WINDOW - 1, BL_JOURNAL_WINDOW, FILE_LEN - 1};
    uint64_t end = 0;
    memset(fixture.bytes, 0, FILE_LEN);
    write_all();
    assert_ok(bl_journal_window_last(&fixture.window, &end, 10, FILE_LEN, NULL));
    assert_int_equal(end, 10);
    for (size_t i = 0; i < BL_COUNT_OF(places); i++) {
        assert_ok(bl_file_write_at(fixture.file, places[i], (const uint8_t *)"x", 1, NULL));
        bl_journal_window_use(&fixture.window, fixture.file);
        assert_ok(bl_journal_window_last(&fixture.window, &end, 0, FILE_LEN, NULL));
        assert_int_equal(end, places[i] + 1);
    }
}

/* A record whose header and body cross the window's border is checked whole; one that does not fit
 * the segment, or names another place, is not found. */
static void test_record(void **state)
{
    (void)state;
    enum { BODY = BL_JOURNAL_WINDOW + 100 };
    for (uint64_t at = BL_JOURNAL_WINDOW - 120; at < BL_JOURNAL_WINDOW + 4; at += 31) {
        struct bl_journal_header header = {
            .type = BL_RECORD_BLOCK, .body_len = BODY, .position = 3ull << 32 | at};
        struct bl_journal_header found_header;
        uint8_t bytes[BL_JOURNAL_RECORD_HEADER];
        bool found = false;
        bool whole = false;
        bl_journal_header_encode(bytes, &header, fixture.bytes);
        assert_ok(bl_file_write_at(fixture.file, at, bytes, sizeof bytes, NULL));
        assert_ok(bl_file_write_at(fixture.file, at + sizeof bytes, fixture.bytes, BODY, NULL));
        bl_journal_window_use(&fixture.window, fixture.file);
        uint64_t size = at + sizeof bytes + BODY;
        struct bl_journal_window *window = &fixture.window;
        assert_ok(bl_journal_window_header(window, &found_header, &found, header.position, size - 1,
                                           NULL));
        assert_false(found);
        assert_ok(
            bl_journal_window_header(window, &found_header, &found, 4ull << 32 | at, size, NULL));
        assert_false(found);
        assert_ok(
            bl_journal_window_header(window, &found_header, &found, header.position, size, NULL));
        assert_true(found);
        assert_ok(bl_journal_window_check(window, &found_header, &whole, NULL));
        assert_true(whole);
        assert_ok(bl_file_truncate(fixture.file, size - 1, NULL));
        bl_journal_window_use(&fixture.window, fixture.file);
        assert_ok(bl_journal_window_check(window, &found_header, &whole, NULL));
        assert_false(whole);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_last, setup, teardown),
        cmocka_unit_test_setup_teardown(test_record, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
