/* SPDX-License-Identifier: MIT */
/* What env.c builds from any env's operations: whole files, paths, log lines, name lists. */
#include <stdlib.h>
#include <string.h>

#include "base/env_internal.h"
#include "faulty_env.h"
#include "testlib.h"

/* Goal: a written file reads back whole, with a NUL behind it, and replaces the old one. */
static void test_env_whole_file(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_alloc alloc = testlib_faulty_alloc(&counts);
    struct bl_env *env;
    uint8_t *data;
    size_t len;
    assert_ok(bl_env_memory(&env, alloc, NULL));
    assert_ok(bl_env_make_dir(env, "dir", NULL));
    assert_ok(bl_file_write_all(env, "dir/file", bl_slice_str("a longer first version"), NULL));
    assert_ok(bl_file_write_all(env, "dir/file", bl_slice_str("second"), NULL));
    assert_ok(bl_file_read_all(env, &data, &len, "dir/file", 6, NULL));
    assert_int_equal(len, 6);
    assert_string_equal((char *)data, "second");
    bl_alloc_free(&alloc, data, len + 1);
    baals_error err;
    assert_status(bl_file_read_all(env, &data, &len, "dir/file", 5, &err), BAALS_LIMIT);
    assert_string_equal(err.message, "dir/file is larger than 5 bytes");
    assert_status(bl_file_read_all(env, &data, &len, "dir/none", 5, NULL), BAALS_NOTFOUND);
    assert_ok(bl_file_write_all(env, "bare", bl_slice(NULL, 0), NULL));
    assert_ok(bl_file_read_all(env, &data, &len, "/bare", 0, NULL));
    assert_int_equal(len, 0);
    bl_alloc_free(&alloc, data, 1);
    bl_env_close(env);
    assert_int_equal(counts.live, 0);
}

/* Goal: whichever operation or allocation of a write fails, the old bytes or the new ones are
 * there, whole, and nothing leaks. */
static void test_env_write_all_faults(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_env *memory;
    assert_ok(bl_env_memory(&memory, testlib_faulty_alloc(&counts), NULL));
    struct testlib_faulty_env faulty;
    testlib_faulty_env_init(&faulty, memory);
    bool done = false;
    for (uint64_t k = 1; !done; k++) {
        assert_ok(bl_file_write_all(memory, "file", bl_slice_str("old"), NULL));
        faulty.calls = 0;
        faulty.fail_at = k;
        faulty.status = BAALS_IO_FULL;
        baals_status status = bl_file_write_all(&faulty.env, "file", bl_slice_str("new"), NULL);
        done = faulty.calls < k;
        if (done)
            assert_ok(status);
        else
            assert_true(status == BAALS_IO_FULL || status == BAALS_IO_SYNC);
        uint8_t *data;
        size_t len;
        assert_ok(bl_file_read_all(memory, &data, &len, "file", 3, NULL));
        assert_true(strcmp((char *)data, "old") == 0 || strcmp((char *)data, "new") == 0);
        bl_alloc_free(&memory->alloc, data, len + 1);
        struct bl_file *left;
        if (!done)
            assert_status(bl_file_open(memory, &left, "file.tmp", BL_OPEN_READ, NULL),
                          BAALS_NOTFOUND);
        assert_true(k < 100);
    }
    assert_true(faulty.calls >= 6);
    bl_env_close(memory);
    assert_int_equal(counts.live, 0);
}

/* Goal: reading a whole file survives every failing operation and allocation without a leak. */
static void test_env_read_all_faults(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_env *memory;
    assert_ok(bl_env_memory(&memory, testlib_faulty_alloc(&counts), NULL));
    assert_ok(bl_file_write_all(memory, "file", bl_slice_str("text"), NULL));
    struct testlib_faulty_env faulty;
    testlib_faulty_env_init(&faulty, memory);
    int64_t live = counts.live;
    uint8_t *data = NULL;
    size_t len = 99;
    for (uint64_t k = 1; k <= 3; k++) {
        faulty.calls = 0;
        faulty.fail_at = k;
        assert_status(bl_file_read_all(&faulty.env, &data, &len, "file", 10, NULL), BAALS_IO);
        assert_int_equal(len, 99);
        assert_int_equal(counts.live, live);
    }
    for (uint64_t k = 1; k <= 2; k++) {
        counts.calls = 0;
        counts.fail_at = k;
        assert_status(bl_file_read_all(memory, &data, &len, "file", 10, NULL), BAALS_NOMEM);
        assert_int_equal(counts.live, live);
    }
    bl_env_close(memory);
    assert_int_equal(counts.live, 0);
}

/* Goal: paths join with exactly one slash and fail when they do not fit. */
static void test_env_path_join(void **state)
{
    (void)state;
    char out[8];
    assert_ok(bl_path_join(out, sizeof out, "abc", "def", NULL));
    assert_string_equal(out, "abc/def");
    assert_ok(bl_path_join(out, sizeof out, "abc/", "def", NULL));
    assert_string_equal(out, "abc/def");
    assert_ok(bl_path_join(out, sizeof out, "", "def", NULL));
    assert_string_equal(out, "def");
    assert_ok(bl_path_join(out, sizeof out, "/", "a", NULL));
    assert_string_equal(out, "/a");
    assert_status(bl_path_join(out, sizeof out, "abcd", "def", NULL), BAALS_LIMIT);
    assert_status(bl_path_join(out, sizeof out, "abcdefgh", "", NULL), BAALS_LIMIT);
    assert_status(bl_path_join(out, sizeof out, "", "abcdefgh", NULL), BAALS_LIMIT);
    assert_string_equal(out, "/a");
}

/* Goal: a path too long for its temporary is refused before anything is touched. */
static void test_env_long_path(void **state)
{
    (void)state;
    struct bl_env *env;
    char path[BL_PATH_MAX + 10];
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = 0;
    assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
    assert_status(bl_file_write_all(env, path, bl_slice_str("x"), NULL), BAALS_LIMIT);
    path[BL_PATH_MAX - 4] = 0;
    assert_status(bl_file_write_all(env, path, bl_slice_str("x"), NULL), BAALS_LIMIT);
    bl_env_close(env);
}

static void test_log_keep(void *ctx, enum bl_log_level level, const char *message)
{
    snprintf(ctx, 64, "%d %.40s", (int)level, message);
}

/* Goal: log lines reach the callback formatted, and nothing happens without one. */
static void test_env_log(void **state)
{
    (void)state;
    struct bl_env *env;
    char line[64] = "";
    assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
    bl_log(env, BL_LOG_WARN, "nobody hears %d", 1);
    env->log = test_log_keep;
    env->log_ctx = line;
    bl_log(env, BL_LOG_WARN, "height %d", 7);
    assert_string_equal(line, "1 height 7");
    bl_log(env, BL_LOG_ERROR, "%0600d", 1);
    assert_int_equal(strlen(line), 42);
    bl_env_close(env);
    bl_env_close(NULL);
    bl_file_close(NULL);
}

static baals_status test_names_join(void *ctx, const char *name)
{
    char *joined = ctx;
    if (strcmp(name, "stop") == 0)
        return BAALS_BUSY;
    memcpy(joined + strlen(joined), name, strlen(name) + 1);
    return BAALS_OK;
}

/* Goal: names come in ascending order of unsigned bytes; a status of the visitor stops the walk. */
static void test_env_name_list(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_name_list list = {.alloc = testlib_faulty_alloc(&counts)};
    char joined[64] = "";
    assert_ok(bl_name_list_visit(&list, test_names_join, joined));
    assert_string_equal(joined, "");
    static const char *const names[] = {"b", "\xc3", "ab", "a", "B"};
    for (size_t i = 0; i < BL_COUNT_OF(names); i++)
        assert_ok(bl_name_list_add(&list, names[i], NULL));
    assert_ok(bl_name_list_visit(&list, test_names_join, joined));
    assert_string_equal(joined, "Baabb\xc3");
    assert_ok(bl_name_list_add(&list, "stop", NULL));
    joined[0] = 0;
    assert_status(bl_name_list_visit(&list, test_names_join, joined), BAALS_BUSY);
    assert_string_equal(joined, "Baabb");
    counts.fail_at = counts.calls + 1;
    assert_status(bl_name_list_add(&list, "x", NULL), BAALS_NOMEM);
    bl_name_list_deinit(&list);
    assert_int_equal(counts.live, 0);
    counts.fail_at = counts.calls + 1;
    assert_status(bl_name_list_add(&list, "x", NULL), BAALS_NOMEM);
    bl_name_list_deinit(&list);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_env_whole_file),      cmocka_unit_test(test_env_write_all_faults),
        cmocka_unit_test(test_env_read_all_faults), cmocka_unit_test(test_env_path_join),
        cmocka_unit_test(test_env_long_path),       cmocka_unit_test(test_env_log),
        cmocka_unit_test(test_env_name_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
