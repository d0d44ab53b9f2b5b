/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_UNIT_CLI_SCENARIO_FIXTURE_H
#define BL_TESTS_UNIT_CLI_SCENARIO_FIXTURE_H
/* A run of the program without a command line, for the tests of scenarios. */
#include <stdlib.h>
#include <string.h>

#include "cli/scenario.h"
#include "testlib.h"

struct scenario_fixture {
    struct cli cli;
    struct bl_env *env;
    struct cli_scenario_file file;
    struct cli_scenario_run run;
    struct cli_finding finding;
    baals_error err;
};

static inline struct scenario_fixture *scenario_open(void)
{
    struct scenario_fixture *fx = calloc(1, sizeof *fx);
    assert_non_null(fx);
    assert_ok(bl_env_system(&fx->env, bl_alloc_system(), NULL));
    fx->cli.env = fx->env;
    bl_arena_init(&fx->cli.arena, bl_alloc_system(), (size_t)64 * 1024 * 1024);
    return fx;
}

static inline void scenario_close(struct scenario_fixture *fx)
{
    cli_scenario_free(&fx->file);
    bl_arena_deinit(&fx->cli.arena);
    bl_env_close(fx->env);
    free(fx);
}

/* Text with ' for ". */
static inline char *scenario_text(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    for (char *at = copy; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    return copy;
}

static inline baals_status scenario_parse(struct scenario_fixture *fx, const char *text)
{
    char *json = scenario_text(text);
    baals_status status = cli_scenario_parse(&fx->cli, &fx->file, "dir/x.scenario.json",
                                             bl_slice_str(json), &fx->err);
    free(json);
    return status;
}

/* Runs the steps of scenario 0 until one has a finding; returns how many went well. */
static inline size_t scenario_run(struct scenario_fixture *fx)
{
    const struct bl_json *steps = bl_json_member(bl_json_at(fx->file.scenarios, 0), "steps");
    size_t done = 0;
    fx->finding.message[0] = '\0';
    assert_ok(cli_scenario_begin(&fx->run, &fx->cli, &fx->file, &fx->err));
    while (done < bl_json_count(steps) && fx->finding.message[0] == '\0') {
        assert_ok(cli_scenario_step(&fx->run, &fx->finding, bl_json_at(steps, done), &fx->err));
        done += fx->finding.message[0] == '\0';
    }
    assert_ok(cli_scenario_end(&fx->run, BAALS_OK, &fx->err));
    return done;
}

#endif /* BL_TESTS_UNIT_CLI_SCENARIO_FIXTURE_H */
