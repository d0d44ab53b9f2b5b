/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <sys/socket.h>
#include <unistd.h>

#include "rpc_fixture.h"

/* In this process a method gives its result, and its failure as a status with message and offset.
 */
static void test_in_process(void **state)
{
    struct rpc_fixture f;
    struct bl_rpc_client client;
    struct bl_json_doc doc = {0};
    baals_error error = {.offset = BAALS_NO_OFFSET};
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    bl_rpc_client_init(&client, bl_alloc_system(), f.chain);
    assert_ok(bl_rpc_client_call(&client, &doc, "chain_info", bl_slice(NULL, 0), NULL, NULL, NULL));
    assert_non_null(bl_json_member(doc.root, "result"));
    bl_json_free(&doc);
    assert_status(bl_rpc_client_call(&client, &doc, "nothing", bl_slice(NULL, 0), NULL, NULL, NULL),
                  BAALS_MISUSE);
    assert_status(bl_rpc_client_call(&client, &doc, "account_get",
                                     bl_slice_str("{\"address\":\"x\"}"), NULL, NULL, &error),
                  BAALS_MISUSE_ADDRESS);
    assert_non_null(strstr(error.message, "address"));
    assert_int_equal(
        BAALS_STATUS_CLASS(bl_rpc_client_call(&client, &doc, "tx_submit",
                                              bl_slice_str("{\"tx\":\"82\"}"), NULL, NULL, &error)),
        BAALS_CLASS_REJECT);
    assert_true(error.offset != BAALS_NO_OFFSET);
    assert_null(doc.root);
    bl_rpc_client_deinit(&client);
    rpc_fixture_close(&f);
}

/* What a node answers, whatever it is, becomes a result or a status. */
static void test_answers(void **state)
{
    static const struct {
        const char *line;
        baals_status status;
    } rows[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":5}\n", BAALS_OK},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"chunk\",\"params\":{}}\n"
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":5}\n",
         BAALS_OK},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":5,\"message\":\"no\"}}\n",
         BAALS_NOTFOUND},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32601,\"message\":\"no\"}}\n",
         BAALS_MISUSE},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":99999}}\n", BAALS_UNSUPPORTED_VERSION},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":5}\n", BAALS_MISUSE},
        {"{\"id\":1}\n", BAALS_INTERNAL},
        {"5\n", BAALS_INTERNAL},
        {"nonsense\n", BAALS_MISUSE_ARGUMENT},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"resu", BAALS_IO},
        {"", BAALS_IO},
    };
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        int fds[2];
        struct bl_rpc_client client;
        struct bl_json_doc doc = {0};
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        bl_rpc_client_init(&client, bl_alloc_system(), NULL);
        client.fd = fds[0];
        assert_ok(bl_rpc_socket_send(fds[1], bl_slice_str(rows[i].line), NULL));
        assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
        assert_status(bl_rpc_client_call(&client, &doc, "x", bl_slice_str("{}"), NULL, NULL, NULL),
                      rows[i].status);
        bl_json_free(&doc);
        bl_rpc_client_deinit(&client);
        (void)close(fds[1]);
    }
}

/* A request above 4 MiB is LIMIT and never sent; where no node listens is NOTFOUND. */
static void test_limits(void **state)
{
    struct bl_rpc_client client;
    struct bl_json_doc doc = {0};
    char dir[512];
    char *params = malloc(BL_RPC_MESSAGE_MAX + 1);
    (void)state;
    assert_non_null(params);
    memset(params, ' ', BL_RPC_MESSAGE_MAX);
    bl_rpc_client_init(&client, bl_alloc_system(), NULL);
    assert_status(bl_rpc_client_call(&client, &doc, "x", bl_slice(params, BL_RPC_MESSAGE_MAX), NULL,
                                     NULL, NULL),
                  BAALS_LIMIT);
    bl_rpc_client_deinit(&client);
    testlib_temp_dir(dir, sizeof dir, "client");
    assert_status(bl_rpc_client_connect(&client, bl_alloc_system(), dir, NULL), BAALS_NOTFOUND);
    testlib_remove_tree(dir);
    free(params);
}

static baals_status client_full_sink(void *ctx, baals_slice line, baals_error *err)
{
    (void)ctx;
    (void)line;
    return bl_fail(err, BAALS_IO_FULL, "full");
}

/* When the sink fails the rest of the answer is never taken for another call's. */
static void test_failed_sink(void **state)
{
    static const char head[] =
        "{\"jsonrpc\":\"2.0\",\"method\":\"chunk\",\"params\":{}}\n{\"jsonrpc\":"
        "\"2.0\",\"method\":\"chunk\",\"params\":{\"hex\":\"";
    static const char tail[] = "\"}}\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":5}\n";
    static char chunk[64 * 1024];
    int fds[2];
    struct bl_rpc_client client;
    struct bl_json_doc doc = {0};
    (void)state;
    memset(chunk, 'a', sizeof chunk);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    bl_rpc_client_init(&client, bl_alloc_system(), NULL);
    client.fd = fds[0];
    assert_ok(bl_rpc_socket_send(fds[1], bl_slice_str(head), NULL));
    assert_ok(bl_rpc_socket_send(fds[1], bl_slice(chunk, sizeof chunk), NULL));
    assert_ok(bl_rpc_socket_send(fds[1], bl_slice_str(tail), NULL));
    assert_int_equal(shutdown(fds[1], SHUT_WR), 0);
    assert_status(bl_rpc_client_call(&client, &doc, "export", bl_slice(NULL, 0), client_full_sink,
                                     NULL, NULL),
                  BAALS_IO_FULL);
    for (int i = 0; i < 2; i++)
        assert_status(bl_rpc_client_call(&client, &doc, "x", bl_slice(NULL, 0), NULL, NULL, NULL),
                      BAALS_IO);
    bl_rpc_client_deinit(&client);
    (void)close(fds[1]);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_process),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_failed_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
