/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_UNIT_CLI_COMMAND_FIXTURE_H
#define BL_TESTS_UNIT_CLI_COMMAND_FIXTURE_H
/*
 * For tests of what the commands share: a folder of the test's own and one run of the program with
 * its memory, as bl_cli_main makes it, so that single functions can be called.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testlib.h"

#include "cli/cli_internal.h"

struct command_fixture {
    char root[256];   /* the test's folder */
    char dir[300];    /* a data directory to be, below it */
    char wallet[300]; /* a folder of keys to be, below it */
    struct cli *cli;
    baals_error err;
    struct bl_buffer out; /* what a command writes */
    struct bl_json_doc doc;
};

static inline void command_open(struct command_fixture *f, const char *name)
{
    memset(f, 0, sizeof *f);
    testlib_temp_dir(f->root, sizeof f->root, name);
    snprintf(f->dir, sizeof f->dir, "%s/chain", f->root);
    snprintf(f->wallet, sizeof f->wallet, "%s/wallet", f->root);
    f->cli = calloc(1, sizeof *f->cli);
    assert_non_null(f->cli);
    assert_ok(bl_env_system(&f->cli->env, bl_alloc_system(), NULL));
    bl_arena_init(&f->cli->arena, bl_alloc_system(), (size_t)64 * 1024 * 1024);
    bl_buffer_init(&f->out, bl_alloc_system(), BL_RPC_RESPONSE_MAX);
    memcpy(f->cli->dir, f->dir, strlen(f->dir) + 1);
    f->cli->args.values[CLI_WALLET] = f->wallet;
    f->cli->args.values[CLI_QUIET] = "";
    f->err.offset = BAALS_NO_OFFSET;
}

static inline void command_close(struct command_fixture *f)
{
    bl_json_free(&f->doc);
    bl_buffer_deinit(&f->out);
    bl_arena_deinit(&f->cli->arena);
    bl_env_close(f->cli->env);
    free(f->cli);
    testlib_remove_tree(f->root);
}

/* "root/name" in the run's arena. */
static inline const char *command_path(struct command_fixture *f, const char *name)
{
    const char *path = NULL;
    assert_ok(cli_join(f->cli, &path, f->root, name, &f->err));
    return path;
}

/* A file of this text and mode 0600 in the test's folder. */
static inline const char *
command_file(struct command_fixture *f, const char *name, const char *text)
{
    const char *path = command_path(f, name);
    (void)unlink(path);
    assert_ok(cli_write_new(path, bl_slice_str(text), &f->err));
    return path;
}

/* Calls a command's function with these operands; what it wrote is in f->doc when it is OK. */
static inline baals_status
command_run(struct command_fixture *f,
            baals_status (*run)(struct cli *cli, struct bl_json_writer *w, baals_error *err),
            const char *const *operands)
{
    struct bl_json_writer w;
    struct cli_args *args = &f->cli->args;
    bl_buffer_clear(&f->out);
    bl_json_free(&f->doc);
    bl_jw_init(&w, &f->out);
    for (args->operand_count = 0; operands[args->operand_count] != NULL; args->operand_count++)
        args->operands[args->operand_count] = operands[args->operand_count];
    baals_status status = run(f->cli, &w, &f->err);
    if (status == BAALS_OK && f->out.len > 0)
        assert_ok(bl_json_parse(&f->doc, bl_buffer_slice(&f->out), BL_RPC_RESPONSE_MAX, NULL));
    return status;
}
#define COMMAND_RUN(f, run, ...) command_run(f, run, (const char *const[]){__VA_ARGS__, NULL})

/* Key files of fixed seeds, 32 times 1 and 2. */
#define COMMAND_KEY "0101010101010101010101010101010101010101010101010101010101010101\n"
#define COMMAND_OTHER_KEY "0202020202020202020202020202020202020202020202020202020202020202\n"

/* A chain in f->dir whose authority, and only account, is COMMAND_KEY. */
static inline void command_chain(struct command_fixture *f)
{
    f->cli->args.values[CLI_AUTHORITY_KEY] = command_file(f, "authority", COMMAND_KEY);
    assert_ok(COMMAND_RUN(f, cli_run_init, f->dir));
    f->cli->args.values[CLI_AUTHORITY_KEY] = NULL;
}

#endif /* BL_TESTS_UNIT_CLI_COMMAND_FIXTURE_H */
