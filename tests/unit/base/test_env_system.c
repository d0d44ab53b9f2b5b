/* SPDX-License-Identifier: MIT */
/* What only the operating system's env has: errno, modes, descriptors, real locks and clocks. What
 * every env must do is in tests/conformance/test_env.c. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testlib.h"

static struct bl_env *test_system_env(void)
{
    struct bl_env *env = NULL;
    assert_ok(bl_env_system(&env, bl_alloc_system(), NULL));
    return env;
}

/* Goal: a full device is IO_FULL, with the path in the message. */
static void test_env_system_full(void **state)
{
    (void)state;
    struct bl_env *env = test_system_env();
    struct bl_file *file;
    baals_error err;
    assert_ok(bl_file_open(env, &file, "/dev/full", BL_OPEN_WRITE, NULL));
    assert_status(bl_file_write_at(file, 0, (const uint8_t *)"x", 1, &err), BAALS_IO_FULL);
    assert_non_null(strstr(err.message, "cannot write /dev/full: "));
    bl_file_close(file);
    bl_env_close(env);
}

/* Goal: what cannot be synced is IO_SYNC whatever the reason. */
static void test_env_system_sync(void **state)
{
    (void)state;
    struct bl_env *env = test_system_env();
    struct bl_file *file;
    assert_ok(bl_file_open(env, &file, "/dev/null", BL_OPEN_WRITE, NULL));
    assert_status(bl_file_sync(file, NULL), BAALS_IO_SYNC);
    bl_file_close(file);
    assert_status(bl_env_sync_dir(env, "/dev/null", NULL), BAALS_IO);
    assert_status(bl_env_sync_dir(env, "/nonexistent", NULL), BAALS_NOTFOUND);
    bl_env_close(env);
}

/* Goal: files are made with mode 0600 and folders with 0700, and are not inherited by children. */
static void test_env_system_modes(void **state)
{
    (void)state;
    struct bl_env *env = test_system_env();
    struct bl_file *file;
    struct stat info;
    char dir[512];
    char path[600];
    testlib_temp_dir(dir, sizeof dir, "env-modes");
    assert_ok(bl_path_join(path, sizeof path, dir, "sub", NULL));
    assert_ok(bl_env_make_dir(env, path, NULL));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_ok(bl_path_join(path, sizeof path, dir, "file", NULL));
    int next_fd = dup(0);
    close(next_fd);
    assert_ok(bl_file_open(env, &file, path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_true((fcntl(next_fd, F_GETFD) & FD_CLOEXEC) != 0);
    bl_file_close(file);
    bl_env_close(env);
    testlib_remove_tree(dir);
}

/* Runs in a child: 0 when `path` can be locked, 1 when it is owned, 2 for anything else. */
static int test_lock_in_child(const char *path)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct bl_env *env = NULL;
        struct bl_file *file = NULL;
        int result = 2;
        if (bl_env_system(&env, bl_alloc_system(), NULL) == BAALS_OK &&
            bl_file_open(env, &file, path, BL_OPEN_WRITE, NULL) == BAALS_OK) {
            baals_status status = bl_file_lock(file, NULL);
            result = status == BAALS_OK ? 0 : status == BAALS_BUSY_OWNED ? 1 : 2;
        }
        /* The lock must end with the process, so nothing is closed. */
        _exit(result);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Goal: a lock keeps other processes out and ends with its process or its file. */
static void test_env_system_lock(void **state)
{
    (void)state;
    struct bl_env *env = test_system_env();
    struct bl_file *file;
    char dir[512];
    char path[600];
    testlib_temp_dir(dir, sizeof dir, "env-lock");
    assert_ok(bl_path_join(path, sizeof path, dir, "LOCK", NULL));
    assert_ok(bl_file_open(env, &file, path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL));
    assert_int_equal(test_lock_in_child(path), 0);
    assert_ok(bl_file_lock(file, NULL));
    assert_int_equal(test_lock_in_child(path), 1);
    bl_file_close(file);
    assert_int_equal(test_lock_in_child(path), 0);
    bl_env_close(env);
    testlib_remove_tree(dir);
}

/* Goal: permissions of the system are IO_DENIED (checked without root's privileges). */
static void test_env_system_denied(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct bl_env *env = NULL;
        struct bl_file *file = NULL;
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        if (bl_env_system(&env, bl_alloc_system(), NULL) != BAALS_OK)
            _exit(3);
        baals_status made =
            bl_file_open(env, &file, "/not-mine", BL_OPEN_WRITE | BL_OPEN_CREATE, NULL);
        baals_status dir = bl_env_make_dir(env, "/not-mine", NULL);
        bool right = (made == BAALS_IO_DENIED || made == BAALS_IO_READONLY) &&
                     (dir == BAALS_IO_DENIED || dir == BAALS_IO_READONLY);
        bl_env_close(env);
        _exit(right ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Runs in a child whose files may have 1,000 bytes: the system takes a part of the write, then
 * refuses the rest. 0 when the part is there and the failure was told. */
static int test_short_write_in_child(const char *path)
{
    struct rlimit limit = {.rlim_cur = 1000, .rlim_max = 1000};
    struct bl_env *env = NULL;
    struct bl_file *file = NULL;
    uint8_t bytes[2000];
    uint64_t size = 0;
    memset(bytes, 7, sizeof bytes);
    if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 2;
    if (bl_env_system(&env, bl_alloc_system(), NULL) != BAALS_OK ||
        bl_file_open(env, &file, path, BL_OPEN_WRITE | BL_OPEN_CREATE, NULL) != BAALS_OK)
        return 3;
    baals_status status = bl_file_write_at(file, 0, bytes, sizeof bytes, NULL);
    baals_status sized = bl_file_size(file, &size, NULL);
    bl_file_close(file);
    bl_env_close(env);
    return status == BAALS_IO_FULL && sized == BAALS_OK && size == 1000 ? 0 : 1;
}

/* Goal: a short write is continued, so its failure is never taken for success. */
static void test_env_system_short_write(void **state)
{
    (void)state;
    char dir[512];
    char path[600];
    testlib_temp_dir(dir, sizeof dir, "env-short");
    assert_ok(bl_path_join(path, sizeof path, dir, "file", NULL));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(test_short_write_in_child(path));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    testlib_remove_tree(dir);
}

/* Goal: the clocks go forward and agree with 2024 or later; randomness differs between calls. */
static void test_env_system_clock_random(void **state)
{
    (void)state;
    struct bl_env *env = test_system_env();
    assert_true(bl_env_clock_ms(env) > 1704067200000ull);
    uint64_t first = bl_env_monotonic_ns(env);
    assert_true(bl_env_monotonic_ns(env) >= first);
    uint8_t a[600] = {0};
    uint8_t b[600] = {0};
    assert_ok(bl_env_random(env, a, sizeof a, NULL));
    assert_ok(bl_env_random(env, b, sizeof b, NULL));
    assert_memory_not_equal(a, b, sizeof a);
    assert_false(bl_bytes_all_zero(a + 568, 32));
    assert_ok(bl_env_random(env, NULL, 0, NULL));
    bl_env_close(env);
}

/* Goal: offsets that the system cannot express are refused, not wrapped. */
static void test_env_system_offsets(void **state)
{
    (void)state;
    struct bl_env *env = test_system_env();
    struct bl_file *file;
    uint8_t byte = 0;
    size_t read = 0;
    assert_ok(bl_file_open(env, &file, "/dev/zero", BL_OPEN_WRITE, NULL));
    assert_status(bl_file_write_at(file, UINT64_MAX, &byte, 1, NULL), BAALS_LIMIT);
    assert_status(bl_file_write_at(file, INT64_MAX, &byte, 1, NULL), BAALS_LIMIT);
    assert_status(bl_file_read_at(file, &byte, &read, INT64_MAX, 1, NULL), BAALS_LIMIT);
    assert_status(bl_file_truncate(file, UINT64_MAX, NULL), BAALS_LIMIT);
    bl_file_close(file);
    bl_env_close(env);
}

/* Goal: opening fails cleanly at each of its allocations. */
static void test_env_system_nomem(void **state)
{
    (void)state;
    struct testlib_faulty_alloc counts = {.fail_at = 1};
    struct bl_env *env = NULL;
    struct bl_file *file = NULL;
    assert_status(bl_env_system(&env, testlib_faulty_alloc(&counts), NULL), BAALS_NOMEM);
    assert_null(env);
    assert_ok(bl_env_system(&env, testlib_faulty_alloc(&counts), NULL));
    int64_t live = counts.live;
    for (uint64_t k = 1; k <= 2; k++) {
        counts.fail_at = counts.calls + k;
        assert_status(bl_file_open(env, &file, "/dev/null", BL_OPEN_READ, NULL), BAALS_NOMEM);
        assert_null(file);
        assert_int_equal(counts.live, live);
    }
    bl_env_close(env);
    assert_int_equal(counts.live, 0);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_env_system_full),
        cmocka_unit_test(test_env_system_sync),
        cmocka_unit_test(test_env_system_modes),
        cmocka_unit_test(test_env_system_lock),
        cmocka_unit_test(test_env_system_denied),
        cmocka_unit_test(test_env_system_short_write),
        cmocka_unit_test(test_env_system_clock_random),
        cmocka_unit_test(test_env_system_offsets),
        cmocka_unit_test(test_env_system_nomem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
