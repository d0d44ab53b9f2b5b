/* SPDX-License-Identifier: MIT */
/* Any text as a scenario file; two values of it as an expectation and what came. */
#include "cli/scenario.h"

#define FUZZ_SCENARIO_MEMORY ((size_t)64 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cli_scenario_run run;
    struct cli cli = {.env = NULL};
    struct cli_scenario_file file;
    struct cli_finding finding = {.message = ""};
    baals_error err;
    bl_arena_init(&cli.arena, bl_alloc_system(), FUZZ_SCENARIO_MEMORY);
    baals_status status =
        cli_scenario_parse(&cli, &file, "fuzz.scenario.json", bl_slice(data, size), &err);
    if (status == BAALS_OK) {
        const struct bl_json *scenario = bl_json_at(file.scenarios, 0);
        char text[200];
        cli_scenario_match(&finding, &run, "", scenario, bl_json_at(file.scenarios, 1));
        cli_scenario_describe(text, sizeof text, bl_json_at(bl_json_member(scenario, "steps"), 0));
        cli_scenario_free(&file);
    } else {
        BL_ASSERT(err.message[0] != '\0');
    }
    bl_arena_deinit(&cli.arena);
    return 0;
}
