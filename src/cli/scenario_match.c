/* SPDX-License-Identifier: MIT */
/*
 * Comparing what is expected with what came. Expectations name only what matters: an object may
 * have more members than are expected, an array may not have more elements.
 */
#include "cli/scenario.h"

#include <stdio.h>
#include <string.h>

#include "cli/scenario_check.h"

#define MATCH_SHOWN 160u

/* The text of a scalar, names replaced; false for an array or object. */
static bool match_scalar(char *out,
                         size_t size,
                         const struct cli_scenario_run *run,
                         const struct bl_json *value)
{
    uint64_t number;
    const char *text = bl_json_text(value);
    if (text != NULL) {
        const struct cli_scenario_name *name =
            text[0] == '$' ? cli_scenario_name_find(run, text + 1) : NULL;
        (void)snprintf(out, size, "%s", name == NULL ? text : name->text);
        return true;
    }
    if (bl_json_u64(&number, value)) {
        (void)snprintf(out, size, "%llu", (unsigned long long)number);
        return true;
    }
    switch (bl_json_type(value)) {
    case BL_JSON_NULL:
        (void)snprintf(out, size, "null");
        return true;
    case BL_JSON_BOOL:
        (void)snprintf(out, size, "%s", bl_json_is_true(value) ? "true" : "false");
        return true;
    case BL_JSON_INTEGER:
    case BL_JSON_REAL:
    case BL_JSON_TEXT:
    case BL_JSON_ARRAY:
    case BL_JSON_OBJECT:
        break;
    }
    return false;
}

/* The value as JSON, shortened for a message. */
static void match_show(char out[MATCH_SHOWN], const struct bl_json *value)
{
    struct bl_buffer text;
    if (value == NULL) {
        (void)snprintf(out, MATCH_SHOWN, "nothing");
        return;
    }
    bl_buffer_init(&text, bl_alloc_system(), CLI_SCENARIO_FILE_MAX);
    bl_json_dump(&text, value);
    bool cut = text.len >= MATCH_SHOWN - 3;
    (void)snprintf(out, MATCH_SHOWN, "%.*s%s", (int)(cut ? MATCH_SHOWN - 4 : text.len),
                   text.len == 0 ? "" : (const char *)text.data, cut ? ".." : "");
    bl_buffer_deinit(&text);
}

static void match_differ(struct cli_finding *finding,
                         const char *place,
                         const struct bl_json *expected,
                         const struct bl_json *actual)
{
    char wanted[MATCH_SHOWN];
    char got[MATCH_SHOWN];
    match_show(wanted, expected);
    match_show(got, actual);
    cli_finding_set(finding, "%s: expected %s, got %s", place, wanted, got);
}

struct match_members {
    struct cli_finding *finding;
    const struct cli_scenario_run *run;
    const char *place;
    const struct bl_json *actual;
};

/* Values nest no deeper than their documents, which are bounded. */
static baals_status /* NOLINTNEXTLINE(misc-no-recursion) */
match_member(void *ctx, const char *name, const struct bl_json *value)
{
    const struct match_members *m = ctx;
    char place[CLI_PLACE_MAX];
    cli_check_place(place, m->place, name);
    cli_scenario_match(m->finding, m->run, place, value, bl_json_member(m->actual, name));
    return BAALS_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static void match_array(struct cli_finding *finding,
                        const struct cli_scenario_run *run,
                        const char *place,
                        const struct bl_json *expected,
                        const struct bl_json *actual)
{
    size_t count = bl_json_count(expected);
    if (bl_json_type(actual) != BL_JSON_ARRAY || bl_json_count(actual) != count) {
        match_differ(finding, place, expected, actual);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char at[CLI_PLACE_MAX];
        cli_check_place_at(at, place, i);
        cli_scenario_match(finding, run, at, bl_json_at(expected, i), bl_json_at(actual, i));
    }
}

/* NOLINTNEXTLINE(misc-no-recursion) */
void cli_scenario_match(struct cli_finding *finding,
                        const struct cli_scenario_run *run,
                        const char *place,
                        const struct bl_json *expected,
                        const struct bl_json *actual)
{
    char wanted[MATCH_SHOWN];
    char got[MATCH_SHOWN];
    if (finding->message[0] != '\0')
        return;
    if (actual == NULL) {
        match_differ(finding, place, expected, actual);
    } else if (bl_json_type(expected) == BL_JSON_ARRAY) {
        match_array(finding, run, place, expected, actual);
    } else if (bl_json_type(expected) == BL_JSON_OBJECT) {
        struct match_members members = {finding, run, place, actual};
        if (bl_json_type(actual) != BL_JSON_OBJECT)
            match_differ(finding, place, expected, actual);
        else
            (void)bl_json_each(expected, match_member, &members);
    } else if (!match_scalar(wanted, sizeof wanted, run, expected) ||
               !match_scalar(got, sizeof got, run, actual) || strcmp(wanted, got) != 0) {
        match_differ(finding, place, expected, actual);
    }
}
