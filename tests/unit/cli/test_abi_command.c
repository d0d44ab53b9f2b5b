/* SPDX-License-Identifier: MIT */
/*
 * Arguments of deploys and results, by descriptions. What needs a chain is in
 * tests/integration/test_abi.py.
 */
#include <stdlib.h>
#include <string.h>

#include "abi_vectors.h"
#include "cli/cli_internal.h"
#include "testlib_wasm.h"

struct command_fixture {
    struct cli cli;
    struct bl_env *env;
    struct bl_buffer out;
    struct bl_json_writer w;
    baals_error err;
};

static struct command_fixture *command_open(void)
{
    struct bl_alloc alloc = bl_alloc_system();
    struct command_fixture *fx = calloc(1, sizeof *fx);
    assert_non_null(fx);
    assert_ok(bl_env_system(&fx->env, alloc, NULL));
    fx->cli.env = fx->env;
    bl_arena_init(&fx->cli.arena, alloc, (size_t)16 * 1024 * 1024);
    bl_buffer_init(&fx->out, alloc, (size_t)1024 * 1024);
    bl_jw_init(&fx->w, &fx->out);
    return fx;
}

static void command_close(struct command_fixture *fx)
{
    bl_buffer_deinit(&fx->out);
    bl_arena_deinit(&fx->cli.arena);
    bl_env_close(fx->env);
    free(fx);
}

static baals_status command_deploy(struct command_fixture *fx,
                                   struct cli_deploy *deploy,
                                   const char *module,
                                   const char *word)
{
    size_t len;
    uint8_t *code = testlib_wasm(&len, module);
    const struct cli_words words = {&word, word == NULL ? 0 : 1};
    memset(deploy, 0, sizeof *deploy);
    baals_status status = cli_abi_deploy(&fx->cli, deploy, bl_slice(code, len), &words, &fx->err);
    free(code);
    return status;
}

/* init(a: u8), not payable */
#define COMMAND_INIT                                                                               \
    "0: 'baals_abi' 86 01 60 80 81 85 64 69 6e 69 74 00 81 83 61 61 62 75 38 60 f6 60 80 80;"
#define COMMAND_BARE "0: 'baals_abi' 86 01 60 80 80 80 80;"

/* Goal: what init takes is checked before anything is sent; the interface too; --raw skips both. */
static void test_command_deploy(void **state)
{
    (void)state;
    struct command_fixture *fx = command_open();
    struct cli_deploy deploy;
    assert_ok(command_deploy(fx, &deploy, COMMAND_INIT, "5"));
    assert_true(deploy.has_args && deploy.abi != NULL);
    assert_int_equal(deploy.args.len, 2);
    assert_memory_equal(deploy.args.data, "\x81\x05", 2);
    assert_status(command_deploy(fx, &deploy, COMMAND_INIT, NULL), BAALS_MISUSE_ARGUMENT);
    assert_status(command_deploy(fx, &deploy, COMMAND_INIT, "300"), BAALS_MISUSE_ARGUMENT);
    assert_status(command_deploy(fx, &deploy, COMMAND_BARE, "5"), BAALS_MISUSE_ARGUMENT);
    assert_ok(command_deploy(fx, &deploy, COMMAND_BARE, NULL));
    assert_false(deploy.has_args);
    assert_ok(command_deploy(fx, &deploy, "", "u:5"));
    assert_true(deploy.has_args && deploy.abi == NULL);
    assert_status(command_deploy(fx, &deploy, "0: 'baals_env' 02;", NULL), BAALS_REJECT_CODE);
    assert_status(command_deploy(fx, &deploy, "0: 'baals_abi' 80;", NULL), BAALS_REJECT_CODE);
    fx->cli.args.values[CLI_VALUE] = "7";
    assert_status(command_deploy(fx, &deploy, COMMAND_INIT, "5"), BAALS_MISUSE_ARGUMENT);
    fx->cli.args.values[CLI_RAW] = "";
    assert_ok(command_deploy(fx, &deploy, "0: 'baals_env' 02;", NULL));
    assert_ok(command_deploy(fx, &deploy, "0: 'baals_abi' 80;", "u:5"));
    command_close(fx);
}

/* Goal: calls are judged by the description, or without one as raw words. */
static void test_command_call(void **state)
{
    (void)state;
    struct command_fixture *fx = command_open();
    struct abi_vectors v;
    const char *word = "null";
    const struct cli_words words = {&word, 1};
    baals_slice args;
    abi_vectors_open(&v);
    assert_ok(cli_abi_call(&fx->cli, &args, &v.abi, "orders", &words, &fx->err));
    assert_memory_equal(args.data, "\x81\xf6", 2);
    assert_ok(cli_abi_call(&fx->cli, &args, NULL, "anything", &words, &fx->err));
    assert_memory_equal(args.data, "\x81\xf6", 2);
    static const char *const no_methods[] = {"order", "", "init", "receive"};
    for (size_t i = 0; i < BL_COUNT_OF(no_methods); i++) {
        assert_status(cli_abi_call(&fx->cli, &args, &v.abi, no_methods[i], &words, &fx->err),
                      BAALS_MISUSE_ARGUMENT);
        assert_non_null(strstr(fx->err.message, "it has many, orders"));
    }
    fx->cli.args.values[CLI_VALUE] = "1";
    assert_status(cli_abi_call(&fx->cli, &args, &v.abi, "orders", &words, &fx->err),
                  BAALS_MISUSE_ARGUMENT);
    abi_vectors_close(&v);
    command_close(fx);
}

static baals_status
command_result(struct command_fixture *fx, const struct cli_abi *abi, const char *text)
{
    struct bl_json_doc doc = {0};
    bl_buffer_clear(&fx->out);
    bl_jw_init(&fx->w, &fx->out);
    assert_ok(bl_json_parse(&doc, bl_slice_str(text), 65536, NULL));
    baals_status status = cli_abi_result(&fx->cli, &fx->w, doc.root, abi, "orders", &fx->err);
    bl_json_free(&doc);
    bl_buffer_append_u8(&fx->out, 0);
    return status;
}

/* Goal: results keep their members and gain what is declared; what does not fit is said. */
static void test_command_result(void **state)
{
    (void)state;
    struct command_fixture *fx = command_open();
    struct abi_vectors v;
    const char *out;
    abi_vectors_open(&v);
    assert_ok(command_result(fx, &v.abi, "{\"status\":\"OK\",\"output\":\"80\",\"z\":[1]}"));
    out = (const char *)fx->out.data;
    assert_string_equal(out, "{\"status\":\"OK\",\"output\":\"80\",\"returned\":[],\"z\":[1]}");
    assert_ok(command_result(fx, NULL, "{\"status\":\"OK\",\"output\":\"80\"}"));
    out = (const char *)fx->out.data;
    assert_string_equal(out, "{\"status\":\"OK\",\"output\":\"80\"}");
    assert_ok(command_result(fx, &v.abi, "{\"status\":\"OK\",\"output\":\"8101\"}"));
    out = (const char *)fx->out.data;
    assert_non_null(strstr(out, "\"abi_error\":\"not as described"));
    assert_null(strstr(out, "returned"));
    assert_status(command_result(fx, &v.abi,
                                 "{\"status\":\"REVERT\",\"output\":\"81f6\",\"error\":{\"code\":"
                                 "\"E-REVERT\",\"revert_code\":4294967295}}"),
                  BAALS_TRAP_REVERT);
    out = (const char *)fx->out.data;
    assert_non_null(strstr(
        out, "\"revert\":{\"name\":\"last\",\"doc\":\"The last.\",\"fields\":{\"x\":null}}"));
    assert_non_null(strstr(fx->err.message, "last{\"x\":null}"));
    assert_status(command_result(fx, &v.abi,
                                 "{\"status\":\"REVERT\",\"output\":\"6161\",\"error\":{\"code\":"
                                 "\"E-REVERT\",\"revert_code\":1,\"text\":\"why\"}}"),
                  BAALS_TRAP_REVERT);
    assert_non_null(strstr(fx->err.message, "why"));
    abi_vectors_close(&v);
    command_close(fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_deploy),
        cmocka_unit_test(test_command_call),
        cmocka_unit_test(test_command_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
