/* SPDX-License-Identifier: MIT */
/*
 * One run of the command: parse, run, print, exit code. Everything a run allocates is in its arena
 * and goes with it.
 */
#include "cli/cli.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_internal.h"
#include "cli/keystore.h"

#define CLI_ARENA_MAX ((size_t)512 * 1024 * 1024)

bool cli_has(const struct cli *cli, enum cli_option_id id)
{
    return cli->args.values[id] != NULL;
}

void cli_note(const struct cli *cli, const char *format, ...)
{
    va_list list;
    if (cli_has(cli, CLI_QUIET))
        return;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputs("\n", stderr);
}

baals_status cli_number(uint64_t *out, const char *text, const char *what, baals_error *err)
{
    if (!bl_u64_parse(out, text, strlen(text)))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "%s: \"%.60s\" is no decimal number from 0 to 2^64-1", what, text);
    return BAALS_OK;
}

baals_status cli_option_u64(
    const struct cli *cli, uint64_t *out, enum cli_option_id id, uint64_t absent, baals_error *err)
{
    char what[40];
    *out = absent;
    if (!cli_has(cli, id))
        return BAALS_OK;
    snprintf(what, sizeof what, "--%s", cli_options[id].name);
    return cli_number(out, cli->args.values[id], what, err);
}

baals_status cli_option_headers(const struct cli *cli, int32_t *out, baals_error *err)
{
    const char *value = cli->args.values[CLI_HEADERS];
    *out = BAALS_HEADERS_AS_BEFORE;
    if (value == NULL)
        return BAALS_OK;
    if (strcmp(value, "keep") == 0)
        *out = BAALS_HEADERS_KEEP;
    else if (strcmp(value, "drop") == 0)
        *out = BAALS_HEADERS_DROP;
    else
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--headers is keep or drop, not \"%.40s\"",
                       value);
    return BAALS_OK;
}

baals_status cli_address(baals_address *out, const char *text, const char *what, baals_error *err)
{
    baals_address_kind kind;
    baals_status status = baals_address_parse(out, &kind, text, err);
    return status == BAALS_OK ? status : bl_fail_context(err, status, "%s", what);
}

static baals_status cli_choose_dir(struct cli *cli, baals_error *err)
{
    const char *dir = cli->args.values[CLI_DIR];
    if (dir == NULL)
        dir = getenv("BAALS_DIR");
    if (dir == NULL)
        dir = "baals-data";
    size_t len = strlen(dir);
    if (len == 0 || len + 64 > sizeof cli->dir)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "the data directory's path is empty or too long");
    memcpy(cli->dir, dir, len + 1);
    return BAALS_OK;
}

/* ---- commands without a chain ---- */

static baals_status cli_show_help(struct cli *cli, struct bl_buffer *out, baals_error *err)
{
    const struct cli_args *args = &cli->args;
    const struct cli_command *command = args->command;
    bool is_help = command != NULL && strcmp(command->name, "help") == 0;
    if (is_help && args->operand_count == 0)
        command = NULL;
    else if (is_help) {
        const char *second = args->operand_count > 1 ? args->operands[1] : NULL;
        command = cli_command_find(args->operands[0], second);
        if (command == NULL)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "there is no command \"%.60s%s%.60s\"",
                           args->operands[0], second == NULL ? "" : " ",
                           second == NULL ? "" : second);
    }
    cli_help(out, command);
    return bl_buffer_status(out, err);
}

/* Runs the command; `out` gets its result as JSON, or *is_text as it is to be printed. */
static baals_status cli_run(struct cli *cli, struct bl_buffer *out, bool *is_text, baals_error *err)
{
    const struct cli_command *command = cli->args.command;
    struct bl_json_writer w;
    *is_text = command == NULL || cli_has(cli, CLI_HELP) || strcmp(command->name, "help") == 0;
    if (*is_text && cli_abi_help_is_about_contract(&cli->args)) {
        BL_TRY(cli_choose_dir(cli, err));
        return cli_abi_help(cli, out, err);
    }
    if (*is_text)
        return cli_show_help(cli, out, err);
    bl_jw_init(&w, out);
    if (command->run == NULL) {
        bl_jw_begin_object(&w);
        bl_jw_put_text(&w, "version", baals_version());
        bl_jw_end_object(&w);
        return BAALS_OK;
    }
    BL_TRY(bl_keystore_begin(err));
    BL_TRY(cli_choose_dir(cli, err));
    baals_status status = command->run(cli, &w, err);
    /* A command that failed midway may have left half a value; a whole one stays. */
    return status == BAALS_OK ? bl_buffer_status(out, err) : status;
}

/* ---- printing ---- */

static baals_status
cli_print(const struct cli *cli, struct bl_buffer *result, bool is_text, baals_error *err)
{
    struct bl_json_doc doc = {0};
    struct bl_buffer text;
    if (is_text || cli_has(cli, CLI_JSON)) {
        if (!is_text)
            bl_buffer_append_u8(result, '\n');
        BL_TRY(bl_buffer_status(result, err));
        return cli_write_fd(STDOUT_FILENO, bl_buffer_slice(result), err);
    }
    BL_TRY(bl_json_parse(&doc, bl_buffer_slice(result), BL_RPC_RESPONSE_MAX, err));
    bl_buffer_init(&text, cli->env->alloc, BL_RPC_RESPONSE_MAX);
    cli_print_text(&text, doc.root);
    bl_json_free(&doc);
    baals_status status = bl_buffer_status(&text, err);
    if (status == BAALS_OK)
        status = cli_write_fd(STDOUT_FILENO, bl_buffer_slice(&text), err);
    bl_buffer_deinit(&text);
    return status;
}

static void cli_print_error(const struct cli *cli,
                            struct bl_buffer *buffer,
                            bool result_printed,
                            baals_status status,
                            const baals_error *error)
{
    /* With --json stdout holds exactly one value: the result with its own "error", or this. */
    bool as_json = cli_has(cli, CLI_JSON) && !result_printed;
    bl_buffer_clear(buffer);
    if (as_json)
        cli_print_error_json(buffer, status, error);
    else
        cli_print_error_text(buffer, status, error);
    (void)cli_write_fd(as_json ? STDOUT_FILENO : STDERR_FILENO, bl_buffer_slice(buffer), NULL);
}

/* Whether the buffer is one whole JSON value. */
static bool cli_is_whole(const struct bl_buffer *out)
{
    struct bl_json_doc doc = {0};
    if (out->failed || out->len == 0 ||
        bl_json_parse(&doc, bl_buffer_slice(out), BL_RPC_RESPONSE_MAX, NULL) != BAALS_OK)
        return false;
    bl_json_free(&doc);
    return true;
}

int bl_cli_main(int argc, char **argv)
{
    struct bl_alloc alloc = bl_alloc_system();
    baals_error error = {.offset = BAALS_NO_OFFSET};
    struct bl_env *env = NULL;
    struct bl_buffer out;
    bool is_text = false;
    (void)signal(SIGPIPE, SIG_IGN);
    baals_status status = bl_env_system(&env, alloc, &error);
    struct cli *cli = bl_alloc_zero(&alloc, 1, sizeof *cli);
    if (status != BAALS_OK || cli == NULL) {
        fputs("error E-NOMEM: out of memory\n", stderr);
        return cli_exit_code(BAALS_NOMEM);
    }
    cli->env = env;
    bl_arena_init(&cli->arena, alloc, CLI_ARENA_MAX);
    bl_buffer_init(&out, alloc, BL_RPC_RESPONSE_MAX);
    status = cli_parse(&cli->args, argc, argv, &error);
    if (status == BAALS_OK)
        status = cli_run(cli, &out, &is_text, &error);
    bool printed = out.len > 0 && (status == BAALS_OK || cli_is_whole(&out));
    if (printed) {
        baals_status print_status =
            cli_print(cli, &out, is_text, status == BAALS_OK ? &error : NULL);
        if (status == BAALS_OK)
            status = print_status;
    }
    if (status != BAALS_OK)
        cli_print_error(cli, &out, printed, status, &error);
    int code = status == BAALS_OK && cli->says_no ? 1 : cli_exit_code(status);
    bl_buffer_deinit(&out);
    bl_arena_deinit(&cli->arena);
    bl_alloc_free(&alloc, cli, sizeof *cli);
    bl_env_close(env);
    return code;
}
