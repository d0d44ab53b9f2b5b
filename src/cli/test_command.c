/* SPDX-License-Identifier: MIT */
/*
 * `baals test`: runs scenario files and says what was not as expected. For people a line per
 * scenario as it ends; with --json one value at the end. The exit code is 1 when one failed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_internal.h"
#include "cli/scenario.h"
#include "cli/scenario_check.h"

#define TEST_FINDINGS_MAX ((size_t)16 * 1024 * 1024)
#define TEST_FILES_MAX 256u
#define TEST_SUFFIX ".scenario.json"
#define TEST_GAS_SUFFIX ".gas"

/* One run of the command. */
struct test_run {
    struct cli *cli;
    struct bl_json_writer *w;
    struct bl_buffer gas; /* what was used, as the text of a snapshot */
    uint64_t seed;
    size_t passed;
    size_t failed;
};

/* ---- reporting ---- */

static baals_status test_print(const struct test_run *test, const char *text, baals_error *err)
{
    if (cli_has(test->cli, CLI_JSON))
        return BAALS_OK;
    return cli_write_fd(STDOUT_FILENO, bl_slice_str(text), err);
}

static baals_status test_report(struct test_run *test,
                                const struct cli_scenario_file *file,
                                const char *name,
                                const struct cli_finding *finding,
                                baals_error *err)
{
    char line[120];
    bool good = finding->message[0] == '\0';
    test->passed += good;
    test->failed += !good;
    bl_jw_begin_object(test->w);
    bl_jw_put_text(test->w, "file", file->path);
    bl_jw_put_text(test->w, "name", name);
    bl_jw_put_bool(test->w, "passed", good);
    if (!good)
        bl_jw_put_text(test->w, "finding", finding->message);
    bl_jw_end_object(test->w);
    (void)snprintf(line, sizeof line, "%s  %.80s\n%s", good ? "ok    " : "FAILED", name,
                   good ? "" : "        ");
    BL_TRY(test_print(test, line, err));
    if (good)
        return BAALS_OK;
    BL_TRY(test_print(test, finding->message, err));
    return test_print(test, "\n", err);
}

/* "file/scenario" contains the words of --filter. */
static bool test_is_wanted(const struct test_run *test, const char *name)
{
    const char *filter = test->cli->args.values[CLI_FILTER];
    return filter == NULL || strstr(name, filter) != NULL;
}

/* ---- gas ---- */

static void test_note_gas(
    struct test_run *test, const char *scenario, size_t step, const char *what, uint64_t gas_used)
{
    char line[400];
    if (gas_used == 0)
        return;
    int len = snprintf(line, sizeof line, "%-10llu %.80s [%zu] %.140s\n",
                       (unsigned long long)gas_used, scenario, step, what);
    bl_buffer_append(&test->gas, line, len < 0 ? 0 : (size_t)len);
}

/* The first line that differs, of what is kept and what is now. */
static void test_compare_gas(struct cli_finding *finding, const char *kept, const char *now)
{
    while (*kept != '\0' || *now != '\0') {
        size_t kept_len = strcspn(kept, "\n");
        size_t now_len = strcspn(now, "\n");
        if (kept_len != now_len || memcmp(kept, now, now_len) != 0) {
            cli_finding_set(finding, "was: %.*s\n        is:  %.*s", (int)kept_len, kept,
                            (int)now_len, now);
            return;
        }
        kept += kept_len + (kept[kept_len] == '\n');
        now += now_len + (now[now_len] == '\n');
    }
}

/* "dir/name.gas" for "dir/name.scenario.json", and for any other name that with ".gas" behind. */
static baals_status test_gas_path(struct test_run *test,
                                  const char **out,
                                  const struct cli_scenario_file *file,
                                  baals_error *err)
{
    size_t len = strlen(file->path);
    size_t suffix = sizeof TEST_SUFFIX - 1;
    if (len > suffix && strcmp(file->path + len - suffix, TEST_SUFFIX) == 0)
        len -= suffix;
    char *path = bl_arena_zero(&test->cli->arena, len + sizeof TEST_GAS_SUFFIX, 1);
    if (path == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a path");
    memcpy(path, file->path, len);
    memcpy(path + len, TEST_GAS_SUFFIX, sizeof TEST_GAS_SUFFIX);
    *out = path;
    return BAALS_OK;
}

static baals_status
test_gas_snapshot(struct test_run *test, const struct cli_scenario_file *file, baals_error *err)
{
    struct cli *cli = test->cli;
    const char *path;
    struct cli_finding finding = {.message = ""};
    baals_slice kept;
    if (!cli_has(cli, CLI_GAS))
        return BAALS_OK;
    BL_TRY(bl_buffer_status(&test->gas, err));
    BL_TRY(test_gas_path(test, &path, file, err));
    if (cli_has(cli, CLI_UPDATE))
        return bl_file_write_all(cli->env, path, bl_buffer_slice(&test->gas), err);
    baals_status status = cli_read_file(cli, &kept, path, TEST_FINDINGS_MAX, err);
    if (status == BAALS_NOTFOUND) {
        cli_finding_set(&finding, "there is no %.200s; --update writes it", path);
        return test_report(test, file, "gas as it was", &finding, err);
    }
    BL_TRY(status);
    bl_buffer_append_u8(&test->gas, 0);
    BL_TRY(bl_buffer_status(&test->gas, err));
    test_compare_gas(&finding, (const char *)kept.data, (const char *)test->gas.data);
    return test_report(test, file, "gas as it was", &finding, err);
}

/* ---- files ---- */

static baals_status test_steps(struct test_run *test,
                               struct cli_scenario_run *run,
                               struct cli_finding *finding,
                               const struct bl_json *scenario,
                               baals_error *err)
{
    const char *name = bl_json_text(bl_json_member(scenario, "name"));
    const struct bl_json *steps = bl_json_member(scenario, "steps");
    for (size_t i = 0; i < bl_json_count(steps); i++) {
        struct cli_finding one = {.message = ""};
        char what[200];
        run->gas_used = 0;
        BL_TRY(cli_scenario_step(run, &one, bl_json_at(steps, i), err));
        cli_scenario_describe(what, sizeof what, bl_json_at(steps, i));
        if (one.message[0] != '\0') {
            cli_finding_set(finding, "step %zu, %.150s: %.800s", i, what, one.message);
            return BAALS_OK;
        }
        test_note_gas(test, name, i, what, run->gas_used);
    }
    return BAALS_OK;
}

static baals_status test_scenario(struct test_run *test,
                                  const struct cli_scenario_file *file,
                                  struct cli_scenario_run *run,
                                  const struct bl_json *scenario,
                                  baals_error *err)
{
    struct cli_finding finding = {.message = ""};
    struct bl_arena_mark mark = bl_arena_checkpoint(&test->cli->arena);
    baals_status status = cli_scenario_begin(run, test->cli, file, err);
    if (status == BAALS_OK)
        status = test_steps(test, run, &finding, scenario, err);
    status = cli_scenario_end(run, status, err);
    bl_arena_rollback(&test->cli->arena, mark);
    BL_TRY(status);
    return test_report(test, file, bl_json_text(bl_json_member(scenario, "name")), &finding, err);
}

static baals_status test_property(struct test_run *test,
                                  const struct cli_scenario_file *file,
                                  const struct bl_json *property,
                                  baals_error *err)
{
    struct cli_finding finding = {.message = ""};
    struct bl_arena_mark mark = bl_arena_checkpoint(&test->cli->arena);
    baals_status status =
        cli_scenario_property(test->cli, &finding, file, property, test->seed, err);
    bl_arena_rollback(&test->cli->arena, mark);
    BL_TRY(status);
    return test_report(test, file, bl_json_text(bl_json_member(property, "name")), &finding, err);
}

static baals_status
test_all(struct test_run *test, const struct cli_scenario_file *file, baals_error *err)
{
    struct cli_scenario_run *run = bl_arena_zero(&test->cli->arena, 1, sizeof *run);
    if (run == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a scenario");
    for (size_t i = 0; i < bl_json_count(file->scenarios); i++) {
        const struct bl_json *scenario = bl_json_at(file->scenarios, i);
        if (test_is_wanted(test, bl_json_text(bl_json_member(scenario, "name"))))
            BL_TRY(test_scenario(test, file, run, scenario, err));
    }
    for (size_t i = 0; i < bl_json_count(file->properties); i++) {
        const struct bl_json *property = bl_json_at(file->properties, i);
        if (test_is_wanted(test, bl_json_text(bl_json_member(property, "name"))))
            BL_TRY(test_property(test, file, property, err));
    }
    return test_gas_snapshot(test, file, err);
}

static baals_status test_file(struct test_run *test, const char *path, baals_error *err)
{
    struct cli_scenario_file file;
    struct bl_arena_mark mark = bl_arena_checkpoint(&test->cli->arena);
    BL_TRY(cli_scenario_read(test->cli, &file, path, err));
    bl_buffer_clear(&test->gas);
    baals_status status = test_all(test, &file, err);
    cli_scenario_free(&file);
    bl_arena_rollback(&test->cli->arena, mark);
    return status;
}

/* The scenario files of a folder, in order of their names. */
struct test_listing {
    struct cli *cli;
    const char *dir;
    const char *paths[TEST_FILES_MAX];
    size_t count;
    baals_error *err;
};

static baals_status test_list_one(void *ctx, const char *name)
{
    struct test_listing *listing = ctx;
    size_t len = strlen(name);
    size_t suffix = sizeof TEST_SUFFIX - 1;
    if (len < suffix || strcmp(name + len - suffix, TEST_SUFFIX) != 0)
        return BAALS_OK;
    if (listing->count == TEST_FILES_MAX)
        return bl_fail(listing->err, BAALS_LIMIT, "more than %u scenario files", TEST_FILES_MAX);
    return cli_join(listing->cli, &listing->paths[listing->count++], listing->dir, name,
                    listing->err);
}

/* A file, or every scenario file of a folder. */
static baals_status test_path(struct test_run *test, const char *path, baals_error *err)
{
    struct test_listing *listing = bl_arena_zero(&test->cli->arena, 1, sizeof *listing);
    if (listing == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a list of files");
    listing->cli = test->cli;
    listing->dir = path;
    listing->err = err;
    baals_status status = bl_env_list_dir(test->cli->env, path, test_list_one, listing, NULL);
    if (status != BAALS_OK && listing->count == 0)
        return test_file(test, path, err);
    BL_TRY(status);
    if (listing->count == 0)
        return bl_fail(err, BAALS_NOTFOUND, "there is no *" TEST_SUFFIX " in %.150s", path);
    for (size_t i = 0; i < listing->count; i++)
        BL_TRY(test_file(test, listing->paths[i], err));
    return BAALS_OK;
}

static baals_status test_paths(struct test_run *test, baals_error *err)
{
    const struct cli_args *args = &test->cli->args;
    for (size_t i = 0; i < args->operand_count; i++)
        BL_TRY(test_path(test, args->operands[i], err));
    return args->operand_count > 0 ? BAALS_OK : test_path(test, ".", err);
}

baals_status cli_run_test(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct test_run test = {.cli = cli, .w = w};
    char line[120];
    BL_TRY(cli_option_u64(cli, &test.seed, CLI_SEED, 1, err));
    bl_buffer_init(&test.gas, cli->env->alloc, TEST_FINDINGS_MAX);
    bl_jw_begin_object(w);
    bl_jw_key(w, "results");
    bl_jw_begin_array(w);
    baals_status status = test_paths(&test, err);
    bl_buffer_deinit(&test.gas);
    BL_TRY(status);
    bl_jw_end_array(w);
    bl_jw_put_u64(w, "passed", test.passed);
    bl_jw_put_u64(w, "failed", test.failed);
    bl_jw_end_object(w);
    (void)snprintf(line, sizeof line, "%zu passed, %zu failed\n", test.passed, test.failed);
    BL_TRY(test_print(&test, line, err));
    if (!cli_has(cli, CLI_JSON))
        bl_buffer_clear(w->out);
    cli->says_no = test.failed > 0;
    return BAALS_OK;
}
