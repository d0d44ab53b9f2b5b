/* SPDX-License-Identifier: MIT */
/* What only the env in memory has. What every env must do is in tests/conformance/test_env.c. */
#include <pthread.h>
#include <string.h>

#include "testlib.h"

/* Goal: spellings of one path are one path; ".." is refused. */
static void test_env_memory_paths(void **state)
{
    (void)state;
    struct bl_env *env;
    struct bl_file *file;
    assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
    assert_ok(bl_env_make_dir(env, "/a/", NULL));
    assert_ok(bl_file_write_all(env, "a/b", bl_slice_str("x"), NULL));
    static const char *const same[] = {"/a/b", "./a/b", "a//b", "//a/./b"};
    for (size_t i = 0; i < BL_COUNT_OF(same); i++) {
        assert_ok(bl_file_open(env, &file, same[i], BL_OPEN_READ, NULL));
        bl_file_close(file);
    }
    assert_status(bl_file_open(env, &file, "a/../a/b", BL_OPEN_READ, NULL), BAALS_MISUSE_ARGUMENT);
    assert_ok(bl_env_make_dir(env, "/", NULL));
    assert_status(bl_env_remove(env, "/", NULL), BAALS_MISUSE_ARGUMENT);
    assert_status(bl_env_rename(env, "/", "b", NULL), BAALS_MISUSE_ARGUMENT);
    assert_status(bl_env_rename(env, "a", "/", NULL), BAALS_MISUSE_ARGUMENT);
    assert_status(bl_env_rename(env, "a", "a/c", NULL), BAALS_MISUSE_ARGUMENT);
    bl_env_close(env);
}

/* Goal: everything is freed with the env, however deep the folders are. */
static void test_env_memory_frees(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {0};
    struct bl_env *env;
    char path[600] = "";
    assert_ok(bl_env_memory(&env, testlib_faulty_alloc(&counts), NULL));
    for (size_t i = 0; i < 100; i++) {
        memcpy(path + 2 * i, "/d", 3);
        assert_ok(bl_env_make_dir(env, path, NULL));
    }
    memcpy(path + 200, "/file", 6);
    assert_ok(bl_file_write_all(env, path, bl_slice_str("deep"), NULL));
    bl_env_close(env);
    assert_int_equal(counts.live, 0);
}

/* Goal: each operation fails cleanly at each of its allocations and can then be repeated. */
static void test_env_memory_nomem(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {.fail_at = 1};
    struct bl_env *env = NULL;
    struct bl_file *file = NULL;
    assert_status(bl_env_memory(&env, testlib_faulty_alloc(&counts), NULL), BAALS_NOMEM);
    assert_ok(bl_env_memory(&env, testlib_faulty_alloc(&counts), NULL));
    uint32_t flags = BL_OPEN_WRITE | BL_OPEN_CREATE;
    for (uint64_t k = 1; k <= 3; k++) {
        counts.fail_at = counts.calls + k;
        assert_status(bl_file_open(env, &file, "file", flags, NULL), BAALS_NOMEM);
        counts.fail_at = 0;
        assert_status(bl_file_open(env, &file, "file", BL_OPEN_READ, NULL), BAALS_NOTFOUND);
    }
    assert_ok(bl_file_open(env, &file, "file", flags, NULL));
    counts.fail_at = counts.calls + 1;
    assert_status(bl_file_write_at(file, 0, (const uint8_t *)"x", 1, NULL), BAALS_NOMEM);
    uint64_t size = 99;
    assert_ok(bl_file_size(file, &size, NULL));
    assert_int_equal(size, 0);
    assert_ok(bl_file_write_at(file, 0, (const uint8_t *)"x", 1, NULL));
    counts.fail_at = counts.calls + 1;
    assert_status(bl_file_truncate(file, 100, NULL), BAALS_NOMEM);
    counts.fail_at = counts.calls + 1;
    assert_status(bl_env_rename(env, "file", "other", NULL), BAALS_NOMEM);
    counts.fail_at = counts.calls + 1;
    assert_status(bl_env_make_dir(env, "dir", NULL), BAALS_NOMEM);
    assert_ok(bl_env_rename(env, "file", "other", NULL));
    assert_status(bl_file_write_at(file, UINT64_MAX, (const uint8_t *)"x", 1, NULL), BAALS_LIMIT);
    assert_status(bl_file_truncate(file, UINT64_MAX, NULL), BAALS_IO_FULL);
    bl_file_close(file);
    bl_env_close(env);
    assert_int_equal(counts.live, 0);
}

struct test_thread {
    struct bl_env *env;
    unsigned number;
    bool failed;
};

static void *test_thread_run(void *arg)
{
    struct test_thread *thread = arg;
    char name[32];
    snprintf(name, sizeof name, "file-%u", thread->number);
    for (int round = 0; round < 200 && !thread->failed; round++) {
        uint8_t *data = NULL;
        size_t len = 0;
        thread->failed =
            bl_file_write_all(thread->env, name, bl_slice_str(name), NULL) != BAALS_OK ||
            bl_file_read_all(thread->env, &data, &len, name, 100, NULL) != BAALS_OK ||
            strcmp((char *)data, name) != 0;
        bl_alloc_free(&thread->env->alloc, data, len + 1);
    }
    return NULL;
}

/* Goal: threads that work on their own files never disturb one another. */
static void test_env_memory_threads(void **state)
{
    (void)state;
    struct bl_env *env;
    struct test_thread threads[4];
    pthread_t ids[4];
    assert_ok(bl_env_memory(&env, bl_alloc_system(), NULL));
    for (unsigned i = 0; i < 4; i++) {
        threads[i] = (struct test_thread){.env = env, .number = i};
        assert_int_equal(pthread_create(&ids[i], NULL, test_thread_run, &threads[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(ids[i], NULL), 0);
        assert_false(threads[i].failed);
    }
    bl_env_close(env);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_env_memory_paths),
        cmocka_unit_test(test_env_memory_frees),
        cmocka_unit_test(test_env_memory_nomem),
        cmocka_unit_test(test_env_memory_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
