/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_SCENARIO_CHECK_H
#define BL_CLI_SCENARIO_CHECK_H
/* Checking the members of a scenario file: what scenario.c and scenario_property.c share. */
#include "rpc/json.h"

/* A place in a file: "scenarios[0].steps[2].from". */
#define CLI_PLACE_MAX 144u

enum cli_check_kind {
    CLI_CHECK_NAME,
    CLI_CHECK_PATH,      /* contract.method */
    CLI_CHECK_REFERENCE, /* $name */
    CLI_CHECK_TEXT,
    CLI_CHECK_NUMBER, /* an integer, or its decimal text */
    CLI_CHECK_ARRAY,
    CLI_CHECK_OBJECT,
    CLI_CHECK_ANY
};
struct cli_check_member {
    const char *name;
    enum cli_check_kind kind;
    bool needed;
};

/* An object that has these members and no others. MISUSE_ARGUMENT with the place. */
baals_status cli_check_members(const struct bl_json *object,
                               const char *place,
                               const struct cli_check_member *members,
                               size_t count,
                               baals_error *err);
baals_status cli_check_steps(const struct bl_json *steps, const char *place, baals_error *err);
/* MISUSE_ARGUMENT: "PLACE: expected WANTED, got an array". */
baals_status
cli_check_fail(const char *place, const char *wanted, const struct bl_json *got, baals_error *err);
void cli_check_place(char out[CLI_PLACE_MAX], const char *place, const char *name);
void cli_check_place_at(char out[CLI_PLACE_MAX], const char *place, size_t index);
bool cli_check_name(const char *text);
/* An integer or its decimal text; false for anything else. */
bool cli_check_number(uint64_t *out, const struct bl_json *value);

#endif /* BL_CLI_SCENARIO_CHECK_H */
