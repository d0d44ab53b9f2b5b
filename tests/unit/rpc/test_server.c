/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <pthread.h>
#include <unistd.h>

#include "rpc_fixture.h"

struct running {
    struct rpc_fixture f;
    struct bl_env *env;
    struct bl_rpc_server *server;
    char dir[512];
    int stop[2];
    pthread_t thread;
    baals_status status;
};

static void *running_main(void *arg)
{
    struct running *r = arg;
    r->status = bl_rpc_server_run(r->server, r->stop[0], NULL);
    return NULL;
}

static void running_start(struct running *r)
{
    testlib_temp_dir(r->dir, sizeof r->dir, "server");
    rpc_fixture_open(&r->f, ":memory:");
    assert_ok(bl_env_system(&r->env, bl_alloc_system(), NULL));
    assert_ok(bl_rpc_server_open(&r->server, r->f.chain, r->dir, r->env, NULL));
    assert_int_equal(pipe(r->stop), 0);
    assert_int_equal(pthread_create(&r->thread, NULL, running_main, r), 0);
}

static void running_stop(struct running *r)
{
    assert_int_equal(write(r->stop[1], "", 1), 1);
    assert_int_equal(pthread_join(r->thread, NULL), 0);
    assert_ok(r->status);
    bl_rpc_server_close(r->server);
    (void)close(r->stop[0]);
    (void)close(r->stop[1]);
    rpc_fixture_close(&r->f);
    bl_env_close(r->env);
    testlib_remove_tree(r->dir);
}

static uint64_t height_through(struct bl_rpc_client *client)
{
    struct bl_json_doc doc = {0};
    uint64_t height = UINT64_MAX;
    assert_ok(bl_rpc_client_call(client, &doc, "chain_info", bl_slice(NULL, 0), NULL, NULL, NULL));
    assert_true(bl_json_u64(&height, bl_json_member(bl_json_member(doc.root, "result"), "height")));
    bl_json_free(&doc);
    return height;
}

/* Several clients ask one after the other and at the same time. */
static void test_clients(void **state)
{
    struct running r;
    struct bl_rpc_client clients[8];
    (void)state;
    running_start(&r);
    for (size_t i = 0; i < BL_COUNT_OF(clients); i++)
        assert_ok(bl_rpc_client_connect(&clients[i], bl_alloc_system(), r.dir, NULL));
    for (size_t i = 0; i < BL_COUNT_OF(clients); i++)
        assert_int_equal(height_through(&clients[i]), 0);
    for (size_t i = 0; i < BL_COUNT_OF(clients); i++)
        bl_rpc_client_deinit(&clients[i]);
    running_stop(&r);
}

/* Stopping ends a client that waits for ten minutes. */
static void test_stop_while_waiting(void **state)
{
    static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"notices\","
                                  "\"params\":{\"cursor\":\"now\",\"wait_ms\":600000}}\n";
    struct running r;
    int fd;
    (void)state;
    running_start(&r);
    assert_ok(bl_rpc_socket_connect(&fd, r.dir, NULL));
    assert_ok(bl_rpc_socket_send(fd, bl_slice_str(request), NULL));
    running_stop(&r);
    (void)close(fd);
}

/* A client of many is told that there are too many, and the others are still served. */
static void test_too_many(void **state)
{
    struct running r;
    struct bl_rpc_client clients[64];
    struct bl_buffer buffer;
    baals_slice line = {NULL, 0};
    int fd;
    (void)state;
    running_start(&r);
    for (size_t i = 0; i < BL_COUNT_OF(clients); i++) {
        assert_ok(bl_rpc_client_connect(&clients[i], bl_alloc_system(), r.dir, NULL));
        assert_int_equal(height_through(&clients[i]), 0);
    }
    bl_buffer_init(&buffer, bl_alloc_system(), 1024 * 1024);
    assert_ok(bl_rpc_socket_connect(&fd, r.dir, NULL));
    assert_ok(bl_rpc_socket_line(fd, &line, &buffer, 1024, NULL));
    assert_non_null(strstr((const char *)line.data, "E-BUSY"));
    (void)close(fd);
    bl_buffer_deinit(&buffer);
    for (size_t i = 0; i < BL_COUNT_OF(clients); i++) {
        assert_int_equal(height_through(&clients[i]), 0);
        bl_rpc_client_deinit(&clients[i]);
    }
    running_stop(&r);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_stop_while_waiting),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
