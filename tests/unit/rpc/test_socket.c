/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rpc/rpc_internal.h"

/* Lines come out one by one, however the bytes came in; the end is NOTFOUND. */
static void test_lines(void **state)
{
    int fds[2];
    struct bl_buffer buffer;
    baals_slice line = {NULL, 0};
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    bl_buffer_init(&buffer, bl_alloc_system(), 1024 * 1024);
    assert_ok(bl_rpc_socket_send(fds[0], bl_slice_str("one\n\ntw"), NULL));
    assert_ok(bl_rpc_socket_line(fds[1], &line, &buffer, 100, NULL));
    assert_true(bl_slice_equal(line, bl_slice_str("one")));
    assert_ok(bl_rpc_socket_line(fds[1], &line, &buffer, 100, NULL));
    assert_int_equal(line.len, 0);
    assert_ok(bl_rpc_socket_send(fds[0], bl_slice_str("o\nrest"), NULL));
    assert_ok(bl_rpc_socket_line(fds[1], &line, &buffer, 100, NULL));
    assert_true(bl_slice_equal(line, bl_slice_str("two")));
    (void)close(fds[0]);
    assert_status(bl_rpc_socket_line(fds[1], &line, &buffer, 100, NULL), BAALS_NOTFOUND);
    assert_status(bl_rpc_socket_send(fds[1], bl_slice_str("x"), NULL), BAALS_IO);
    (void)close(fds[1]);
    bl_buffer_deinit(&buffer);
}

/* A line of exactly the limit is read, a longer one is LIMIT, with and without its end. */
static void test_limit(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        static const char *const texts[] = {"12345\n", "123456\n", "123456"};
        int fds[2];
        struct bl_buffer buffer;
        baals_slice line = {NULL, 0};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        bl_buffer_init(&buffer, bl_alloc_system(), 1024 * 1024);
        assert_ok(bl_rpc_socket_send(fds[0], bl_slice_str(texts[i]), NULL));
        assert_status(bl_rpc_socket_line(fds[1], &line, &buffer, 5, NULL),
                      i == 0 ? BAALS_OK : BAALS_LIMIT);
        bl_buffer_deinit(&buffer);
        (void)close(fds[0]);
        (void)close(fds[1]);
    }
}

/* A socket is private, replaces a left-over, is found while it listens and not after. */
static void test_listen(void **state)
{
    char dir[512], path[600];
    struct stat info;
    int listening, connected;
    (void)state;
    testlib_temp_dir(dir, sizeof dir, "socket");
    snprintf(path, sizeof path, "%s/%s", dir, BL_RPC_SOCKET_NAME);
    assert_status(bl_rpc_socket_connect(&connected, dir, NULL), BAALS_NOTFOUND);
    assert_ok(bl_rpc_socket_listen(&listening, dir, NULL));
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_ok(bl_rpc_socket_connect(&connected, dir, NULL));
    (void)close(connected);
    (void)close(listening);
    assert_status(bl_rpc_socket_connect(&connected, dir, NULL), BAALS_NOTFOUND);
    assert_ok(bl_rpc_socket_listen(&listening, dir, NULL));
    (void)close(listening);
    bl_rpc_socket_remove(dir);
    assert_int_not_equal(stat(path, &info), 0);
    testlib_remove_tree(dir);
}

/* A path longer than a socket's name may be works through its folder. */
static void test_long_path(void **state)
{
    char top[512], dir[900];
    int listening, connected;
    (void)state;
    testlib_temp_dir(top, sizeof top, "socket_long");
    snprintf(dir, sizeof dir, "%s/%0150d", top, 0);
    assert_int_equal(mkdir(dir, 0700), 0);
    assert_ok(bl_rpc_socket_listen(&listening, dir, NULL));
    assert_ok(bl_rpc_socket_connect(&connected, dir, NULL));
    (void)close(connected);
    (void)close(listening);
    bl_rpc_socket_remove(dir);
    snprintf(dir, sizeof dir, "%s/%0200d", top, 0);
    assert_status(bl_rpc_socket_connect(&connected, dir, NULL), BAALS_NOTFOUND);
    testlib_remove_tree(top);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_listen),
        cmocka_unit_test(test_long_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
