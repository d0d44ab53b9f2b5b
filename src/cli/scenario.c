/* SPDX-License-Identifier: MIT */
/*
 * Reading scenario files. Every member is known and of its type before anything runs, so that a
 * misspelt expectation cannot pass for one that was met.
 */
#include "cli/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/scenario_check.h"

void cli_finding_set(struct cli_finding *finding, const char *format, ...)
{
    va_list args;
    if (finding->message[0] != '\0')
        return;
    va_start(args, format);
    (void)vsnprintf(finding->message, sizeof finding->message, format, args);
    va_end(args);
}

/* ---- members ---- */

baals_status
cli_check_fail(const char *place, const char *wanted, const struct bl_json *got, baals_error *err)
{
    return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%.100s: expected %s, got %s", place, wanted,
                   got == NULL ? "nothing" : bl_json_type_name(got));
}

void cli_check_place(char out[CLI_PLACE_MAX], const char *place, const char *name)
{
    (void)snprintf(out, CLI_PLACE_MAX, "%.80s%s%.40s", place, place[0] == '\0' ? "" : ".", name);
}

void cli_check_place_at(char out[CLI_PLACE_MAX], const char *place, size_t index)
{
    (void)snprintf(out, CLI_PLACE_MAX, "%.110s[%zu]", place, index);
}

static bool scenario_is_number(const struct bl_json *value)
{
    uint64_t number;
    const char *text = bl_json_text(value);
    return bl_json_u64(&number, value) ||
           (text != NULL && bl_u64_parse(&number, text, strlen(text)));
}

/* Names are words, so that "$name" and "name.method" are plain. */
bool cli_check_name(const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);
    if (len == 0 || len > CLI_SCENARIO_NAME_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool word = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
                    (text[i] >= '0' && text[i] <= '9') || text[i] == '_';
        if (!word)
            return false;
    }
    return true;
}

static bool scenario_is_path(const char *text)
{
    char contract[CLI_SCENARIO_NAME_MAX + 1];
    const char *dot = text == NULL ? NULL : strchr(text, '.');
    if (dot == NULL || (size_t)(dot - text) >= sizeof contract)
        return false;
    memcpy(contract, text, (size_t)(dot - text));
    contract[dot - text] = '\0';
    return cli_check_name(contract) && dot[1] != '\0' && strlen(dot + 1) <= 64;
}

static bool scenario_is_reference(const char *text)
{
    return text != NULL && text[0] == '$' && cli_check_name(text + 1);
}

static bool scenario_fits(const struct bl_json *value, enum cli_check_kind kind)
{
    const char *text = bl_json_text(value);
    switch (kind) {
    case CLI_CHECK_NAME:
        return cli_check_name(text);
    case CLI_CHECK_PATH:
        return scenario_is_path(text);
    case CLI_CHECK_REFERENCE:
        return scenario_is_reference(text);
    case CLI_CHECK_TEXT:
        return text != NULL;
    case CLI_CHECK_NUMBER:
        return scenario_is_number(value);
    case CLI_CHECK_ARRAY:
        return bl_json_type(value) == BL_JSON_ARRAY;
    case CLI_CHECK_OBJECT:
        return bl_json_type(value) == BL_JSON_OBJECT;
    case CLI_CHECK_ANY:
        break;
    }
    return true;
}

static const char *const scenario_kind_names[] = {"a name (letters, digits, _)",
                                                  "CONTRACT.METHOD",
                                                  "$NAME",
                                                  "a text",
                                                  "a whole number",
                                                  "an array",
                                                  "an object",
                                                  "anything"};

struct scenario_members {
    const char *place;
    const struct cli_check_member *members;
    size_t count;
    baals_error *err;
};

static baals_status scenario_check_member(void *ctx, const char *name, const struct bl_json *value)
{
    const struct scenario_members *check = ctx;
    char place[CLI_PLACE_MAX];
    cli_check_place(place, check->place, name);
    for (size_t i = 0; i < check->count; i++) {
        if (strcmp(check->members[i].name, name) != 0)
            continue;
        if (!scenario_fits(value, check->members[i].kind))
            return cli_check_fail(place, scenario_kind_names[check->members[i].kind], value,
                                  check->err);
        return BAALS_OK;
    }
    return bl_fail(check->err, BAALS_MISUSE_ARGUMENT, "%.100s: there is no such member", place);
}

baals_status cli_check_members(const struct bl_json *object,
                               const char *place,
                               const struct cli_check_member *members,
                               size_t count,
                               baals_error *err)
{
    struct scenario_members check = {place, members, count, err};
    if (bl_json_type(object) != BL_JSON_OBJECT)
        return cli_check_fail(place, "an object", object, err);
    BL_TRY(bl_json_each(object, scenario_check_member, &check));
    for (size_t i = 0; i < count; i++) {
        if (members[i].needed && bl_json_member(object, members[i].name) == NULL) {
            char at[CLI_PLACE_MAX];
            cli_check_place(at, place, members[i].name);
            return cli_check_fail(at, scenario_kind_names[members[i].kind], NULL, err);
        }
    }
    return BAALS_OK;
}

/* ---- steps ---- */

#define SCENARIO_TX_MEMBERS                                                                        \
    {"from", CLI_CHECK_NAME, true}, {"gas", CLI_CHECK_NUMBER, false},                              \
        {"rejected", CLI_CHECK_TEXT, false}, {"expect", CLI_CHECK_OBJECT, false},                  \
    {                                                                                              \
        "note", CLI_CHECK_TEXT, false                                                              \
    }

static const struct cli_check_member scenario_deploy[] = {{"deploy", CLI_CHECK_NAME, true},
                                                          {"as", CLI_CHECK_NAME, false},
                                                          {"args", CLI_CHECK_ARRAY, false},
                                                          {"value", CLI_CHECK_NUMBER, false},
                                                          SCENARIO_TX_MEMBERS};
static const struct cli_check_member scenario_call[] = {{"call", CLI_CHECK_PATH, true},
                                                        {"args", CLI_CHECK_ARRAY, false},
                                                        {"value", CLI_CHECK_NUMBER, false},
                                                        SCENARIO_TX_MEMBERS};
static const struct cli_check_member scenario_send[] = {
    {"send", CLI_CHECK_REFERENCE, true}, {"amount", CLI_CHECK_NUMBER, true}, SCENARIO_TX_MEMBERS};
static const struct cli_check_member scenario_view[] = {
    {"view", CLI_CHECK_PATH, true},      {"args", CLI_CHECK_ARRAY, false},
    {"from", CLI_CHECK_NAME, false},     {"returns", CLI_CHECK_ANY, false},
    {"expect", CLI_CHECK_OBJECT, false}, {"note", CLI_CHECK_TEXT, false}};
static const struct cli_check_member scenario_advance[] = {{"advance_ms", CLI_CHECK_NUMBER, true},
                                                           {"note", CLI_CHECK_TEXT, false}};
static const struct cli_check_member scenario_balance[] = {{"balance", CLI_CHECK_REFERENCE, true},
                                                           {"is", CLI_CHECK_NUMBER, true},
                                                           {"note", CLI_CHECK_TEXT, false}};

static const struct {
    const struct cli_check_member *members; /* the first one is the verb */
    size_t count;
} scenario_verbs[] = {
    {scenario_deploy, BL_COUNT_OF(scenario_deploy)},
    {scenario_call, BL_COUNT_OF(scenario_call)},
    {scenario_send, BL_COUNT_OF(scenario_send)},
    {scenario_view, BL_COUNT_OF(scenario_view)},
    {scenario_advance, BL_COUNT_OF(scenario_advance)},
    {scenario_balance, BL_COUNT_OF(scenario_balance)},
};

static baals_status
scenario_check_step(const struct bl_json *step, const char *place, baals_error *err)
{
    if (bl_json_type(step) != BL_JSON_OBJECT)
        return cli_check_fail(place, "an object", step, err);
    for (size_t i = 0; i < BL_COUNT_OF(scenario_verbs); i++) {
        if (bl_json_member(step, scenario_verbs[i].members[0].name) != NULL)
            return cli_check_members(step, place, scenario_verbs[i].members,
                                     scenario_verbs[i].count, err);
    }
    return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                   "%.100s: expected one of deploy, call, send, view, advance_ms, balance", place);
}

baals_status cli_check_steps(const struct bl_json *steps, const char *place, baals_error *err)
{
    size_t count = bl_json_count(steps);
    if (bl_json_type(steps) != BL_JSON_ARRAY)
        return cli_check_fail(place, "an array", steps, err);
    if (count > CLI_SCENARIO_STEPS_MAX)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%.100s: more than %u steps", place,
                       CLI_SCENARIO_STEPS_MAX);
    for (size_t i = 0; i < count; i++) {
        char at[CLI_PLACE_MAX];
        cli_check_place_at(at, place, i);
        BL_TRY(scenario_check_step(bl_json_at(steps, i), at, err));
    }
    return BAALS_OK;
}

/* ---- the file ---- */

struct scenario_table {
    const char *place;
    size_t count;
    size_t max;
    bool numbers; /* values are balances, else paths */
    baals_error *err;
};

static baals_status scenario_check_entry(void *ctx, const char *name, const struct bl_json *value)
{
    struct scenario_table *table = ctx;
    char place[CLI_PLACE_MAX];
    cli_check_place(place, table->place, name);
    if (!cli_check_name(name))
        return bl_fail(table->err, BAALS_MISUSE_ARGUMENT,
                       "%.100s: expected a name of at most %u letters, digits and _", place,
                       CLI_SCENARIO_NAME_MAX);
    if (!(table->numbers ? scenario_is_number(value) : bl_json_text(value) != NULL))
        return cli_check_fail(place, table->numbers ? "a balance" : "the path of a module", value,
                              table->err);
    if (++table->count > table->max)
        return bl_fail(table->err, BAALS_MISUSE_ARGUMENT, "%.100s: more than %zu", table->place,
                       table->max);
    return BAALS_OK;
}

static baals_status scenario_check_tables(const struct bl_json *root, baals_error *err)
{
    struct scenario_table modules = {"modules", 0, CLI_SCENARIO_MODULES_MAX, false, err};
    struct scenario_table accounts = {"accounts", 0, CLI_SCENARIO_ACCOUNTS_MAX, true, err};
    BL_TRY(bl_json_each(bl_json_member(root, "modules"), scenario_check_entry, &modules));
    return bl_json_each(bl_json_member(root, "accounts"), scenario_check_entry, &accounts);
}

static baals_status
scenario_check_one(const struct bl_json *scenario, const char *place, baals_error *err)
{
    static const struct cli_check_member members[] = {{"name", CLI_CHECK_TEXT, true},
                                                      {"note", CLI_CHECK_TEXT, false},
                                                      {"steps", CLI_CHECK_ARRAY, true}};
    char at[CLI_PLACE_MAX];
    BL_TRY(cli_check_members(scenario, place, members, BL_COUNT_OF(members), err));
    cli_check_place(at, place, "steps");
    return cli_check_steps(bl_json_member(scenario, "steps"), at, err);
}

/* Names tell results and gas apart. */
static baals_status
scenario_check_unique(const struct bl_json *list, const char *place, baals_error *err)
{
    for (size_t i = 0; i < bl_json_count(list); i++) {
        const char *name = bl_json_text(bl_json_member(bl_json_at(list, i), "name"));
        for (size_t j = 0; j < i; j++) {
            const char *other = bl_json_text(bl_json_member(bl_json_at(list, j), "name"));
            if (strcmp(name, other) == 0)
                return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%s[%zu].name: [%zu] has it, too", place,
                               i, j);
        }
    }
    return BAALS_OK;
}

static baals_status scenario_check_file(struct cli_scenario_file *file, baals_error *err)
{
    static const struct cli_check_member members[] = {
        {"format", CLI_CHECK_NUMBER, true},     {"about", CLI_CHECK_TEXT, false},
        {"modules", CLI_CHECK_OBJECT, true},    {"accounts", CLI_CHECK_OBJECT, true},
        {"start_ms", CLI_CHECK_NUMBER, false},  {"scenarios", CLI_CHECK_ARRAY, true},
        {"properties", CLI_CHECK_ARRAY, false},
    };
    const struct bl_json *root = file->doc.root;
    uint64_t format = 0;
    BL_TRY(cli_check_members(root, "", members, BL_COUNT_OF(members), err));
    if (!bl_json_u64(&format, bl_json_member(root, "format")) || format != 1)
        return bl_fail(err, BAALS_UNSUPPORTED_VERSION, "format: this build knows format 1");
    BL_TRY(scenario_check_tables(root, err));
    file->accounts = bl_json_member(root, "accounts");
    file->modules = bl_json_member(root, "modules");
    file->scenarios = bl_json_member(root, "scenarios");
    file->properties = bl_json_member(root, "properties");
    for (size_t i = 0; i < bl_json_count(file->scenarios); i++) {
        char at[CLI_PLACE_MAX];
        cli_check_place_at(at, "scenarios", i);
        BL_TRY(scenario_check_one(bl_json_at(file->scenarios, i), at, err));
    }
    BL_TRY(scenario_check_unique(file->scenarios, "scenarios", err));
    for (size_t i = 0; i < bl_json_count(file->properties); i++) {
        char at[CLI_PLACE_MAX];
        cli_check_place_at(at, "properties", i);
        BL_TRY(cli_scenario_check_property(bl_json_at(file->properties, i), at, err));
    }
    return scenario_check_unique(file->properties, "properties", err);
}

static baals_status scenario_dir(struct cli *cli, struct cli_scenario_file *file, baals_error *err)
{
    const char *slash = strrchr(file->path, '/');
    baals_slice dir = slash == NULL
                          ? bl_slice_str(".")
                          : bl_slice((const uint8_t *)file->path,
                                     slash == file->path ? 1 : (size_t)(slash - file->path));
    char *copy = bl_arena_zero(&cli->arena, dir.len + 1, 1);
    if (copy == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a path");
    memcpy(copy, dir.data, dir.len);
    file->dir = copy;
    return BAALS_OK;
}

baals_status cli_scenario_parse(struct cli *cli,
                                struct cli_scenario_file *out,
                                const char *path,
                                baals_slice text,
                                baals_error *err)
{
    struct cli_scenario_file file = {.path = path, .start_ms = CLI_SCENARIO_START_MS};
    BL_TRY(scenario_dir(cli, &file, err));
    baals_status status = bl_json_parse(&file.doc, text, CLI_SCENARIO_FILE_MAX, err);
    if (status == BAALS_OK)
        status = scenario_check_file(&file, err);
    if (status != BAALS_OK) {
        bl_json_free(&file.doc);
        return bl_fail_context(err, status, "%.100s", path);
    }
    (void)cli_check_number(&file.start_ms, bl_json_member(file.doc.root, "start_ms"));
    *out = file;
    return BAALS_OK;
}

bool cli_check_number(uint64_t *out, const struct bl_json *value)
{
    const char *text = bl_json_text(value);
    if (text != NULL)
        return bl_u64_parse(out, text, strlen(text));
    return value != NULL && bl_json_u64(out, value);
}

baals_status cli_scenario_read(struct cli *cli,
                               struct cli_scenario_file *out,
                               const char *path,
                               baals_error *err)
{
    baals_slice text;
    BL_TRY(cli_read_file(cli, &text, path, CLI_SCENARIO_FILE_MAX, err));
    return cli_scenario_parse(cli, out, path, text, err);
}

void cli_scenario_free(struct cli_scenario_file *file)
{
    bl_json_free(&file->doc);
}
