/* SPDX-License-Identifier: MIT */
/*
 * Where a command meets the chain: in its own process, or through the socket of the node that owns
 * the directory, with the same answers.
 */
#include <pthread.h>
#include <sys/stat.h>

#include "command_fixture.h"

#include "cli/keystore.h"

/* Goal: a key file is 64 hex digits and a line end, and nothing else. */
static void test_key_file(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "\n",
        "01",
        COMMAND_KEY "x",
        " " COMMAND_KEY,
        "g101010101010101010101010101010101010101010101010101010101010101",
        COMMAND_KEY COMMAND_KEY COMMAND_KEY};
    struct command_fixture f;
    baals_keypair key;
    command_open(&f, "cli_connect_key");
    assert_ok(cli_key_file(&key, command_file(&f, "good", COMMAND_KEY), &f.err));
    assert_int_equal(key.seed[0], 1);
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++)
        assert_status(cli_key_file(&key, command_file(&f, "bad", bad[i]), &f.err),
                      BAALS_MISUSE_KEY);
    const char *open_to_all = command_file(&f, "open", COMMAND_KEY);
    assert_int_equal(chmod(open_to_all, 0644), 0);
    assert_status(cli_key_file(&key, open_to_all, &f.err), BAALS_IO_DENIED);
    command_close(&f);
}

/* Goal: an absent authority key is no error, a broken one is. */
static void test_authority_key(void **state)
{
    (void)state;
    struct command_fixture f;
    baals_keypair key;
    bool has_key = true;
    command_open(&f, "cli_connect_authority");
    assert_ok(cli_authority_key(f.cli, &key, &has_key, f.root, &f.err));
    assert_false(has_key);
    (void)command_file(&f, "authority.key", COMMAND_OTHER_KEY);
    assert_ok(cli_authority_key(f.cli, &key, &has_key, f.root, &f.err));
    assert_true(has_key && key.seed[0] == 2);
    (void)command_file(&f, "authority.key", "no key\n");
    assert_status(cli_authority_key(f.cli, &key, &has_key, f.root, &f.err), BAALS_MISUSE_KEY);
    command_close(&f);
}

/* Goal: where there is no chain nothing is made, and the status says what to do. */
static void test_no_chain(void **state)
{
    (void)state;
    struct command_fixture f;
    command_open(&f, "cli_connect_none");
    assert_status(cli_connect(f.cli, false, &f.err), BAALS_NOTFOUND_CHAIN);
    assert_false(f.cli->connected);
    assert_int_equal(access(f.dir, F_OK), -1);
    assert_status(cli_disconnect(f.cli, BAALS_LIMIT, &f.err), BAALS_LIMIT);
    command_close(&f);
}

/* Goal: a method's answer becomes the command's result, and its failure the command's status. */
static void test_in_process(void **state)
{
    (void)state;
    struct command_fixture f;
    struct bl_json_writer w;
    command_open(&f, "cli_connect_here");
    command_chain(&f);
    assert_ok(cli_connect(f.cli, false, &f.err));
    assert_non_null(f.cli->chain);
    bl_buffer_clear(&f.out);
    bl_jw_init(&w, &f.out);
    assert_ok(cli_rpc_result(f.cli, &w, "chain_info", NULL, &f.err));
    bl_json_free(&f.doc);
    assert_ok(bl_json_parse(&f.doc, bl_buffer_slice(&f.out), BL_RPC_RESPONSE_MAX, NULL));
    assert_true(bl_json_is_true(bl_json_member(f.doc.root, "can_seal")));
    struct bl_buffer params;
    bl_buffer_init(&params, bl_alloc_system(), 256);
    bl_buffer_append(&params, "{\"height\":9}", 12);
    assert_status(cli_rpc_result(f.cli, &w, "block_get", &params, &f.err), BAALS_NOTFOUND);
    bl_buffer_deinit(&params);
    assert_ok(cli_disconnect(f.cli, BAALS_OK, &f.err));
    assert_false(f.cli->connected);
    assert_null(f.cli->chain);
    command_close(&f);
}

struct connect_node {
    struct bl_rpc_server *server;
    int stop_fd;
    baals_status status;
};

static void *connect_serve(void *ctx)
{
    struct connect_node *node = ctx;
    node->status = bl_rpc_server_run(node->server, node->stop_fd, NULL);
    return NULL;
}

/* Goal: while a node owns the directory, commands go through its socket and get the same answer. */
static void test_through_a_node(void **state)
{
    (void)state;
    struct command_fixture f;
    struct connect_node node = {.stop_fd = -1};
    struct bl_json_writer w;
    struct bl_buffer here;
    pthread_t thread;
    baals_chain *chain = NULL;
    int ends[2];
    command_open(&f, "cli_connect_node");
    command_chain(&f);
    assert_ok(COMMAND_RUN(&f, cli_run_inspect_block, "0"));
    bl_buffer_init(&here, bl_alloc_system(), BL_RPC_RESPONSE_MAX);
    bl_buffer_append(&here, f.out.data, f.out.len);
    baals_options options = cli_open_options(f.cli);
    assert_ok(baals_open(&chain, f.dir, &options, &f.err));
    assert_ok(bl_rpc_server_open(&node.server, chain, f.dir, f.cli->env, &f.err));
    assert_int_equal(pipe(ends), 0);
    node.stop_fd = ends[0];
    assert_int_equal(pthread_create(&thread, NULL, connect_serve, &node), 0);
    assert_ok(cli_connect(f.cli, false, &f.err));
    assert_null(f.cli->chain);
    bl_buffer_clear(&f.out);
    bl_jw_init(&w, &f.out);
    struct bl_buffer params;
    bl_buffer_init(&params, bl_alloc_system(), 256);
    bl_buffer_append(&params, "{\"height\":0}", 12);
    assert_ok(cli_rpc_result(f.cli, &w, "block_get", &params, &f.err));
    assert_true(bl_slice_equal(bl_buffer_slice(&f.out), bl_buffer_slice(&here)));
    bl_buffer_deinit(&params);
    bl_buffer_deinit(&here);
    assert_ok(cli_disconnect(f.cli, BAALS_OK, &f.err));
    assert_int_equal(write(ends[1], "", 1), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(node.status);
    bl_rpc_server_close(node.server);
    assert_ok(baals_close(chain, &f.err));
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(close(ends[1]), 0);
    command_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_file),       cmocka_unit_test(test_authority_key),
        cmocka_unit_test(test_no_chain),       cmocka_unit_test(test_in_process),
        cmocka_unit_test(test_through_a_node),
    };
    return bl_keystore_begin(NULL) == BAALS_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
