/* SPDX-License-Identifier: MIT */
/*
 * Properties: what must hold after any sequence of calls. Sequences are drawn from a seed, each
 * runs on a chain of its own, and after each call the invariants are evaluated. A sequence that
 * breaks one is made smaller while it still does: calls are left out, then numbers are brought
 * towards their least value. The same file and seed find the same sequence everywhere.
 */
#include "cli/scenario.h"

#include <stdio.h>
#include <string.h>

#include "cli/scenario_check.h"

#define PROPERTY_CALLS_MAX 32u
#define PROPERTY_ACTORS_MAX 16u
#define PROPERTY_DRAWN_MAX 9u /* arguments of a call, and its value */
#define PROPERTY_LENGTH_MAX 200u
#define PROPERTY_RUNS_MAX 10000u
#define PROPERTY_RUNS_DEFAULT 20u
#define PROPERTY_LENGTH_DEFAULT 20u
/* How many times a smaller sequence is tried. */
#define PROPERTY_SHRINK_MAX 500u
#define PROPERTY_SUM_DEPTH 4u

/* One call of a sequence: which of the property's calls, by which of its actors, with what was
 * drawn for each argument (a number, or the index of a choice). */
struct property_call {
    uint32_t which;
    uint32_t from;
    uint64_t drawn[PROPERTY_DRAWN_MAX];
};

struct property {
    struct cli *cli;
    const struct cli_scenario_file *file;
    const struct bl_json *json;
    const struct bl_json *calls;
    uint64_t state; /* of the generator */
    struct cli_scenario_run *run;
};

/* ---- checking the file ---- */

static baals_status
property_check_drawn(const struct bl_json *arg, const char *place, baals_error *err)
{
    const struct bl_json *bounds = bl_json_member(arg, "$int");
    const struct bl_json *choices = bl_json_member(arg, "$one_of");
    uint64_t low = 0;
    uint64_t high = 0;
    if (bounds == NULL && choices == NULL)
        return BAALS_OK;
    if (choices != NULL)
        return bl_json_count(choices) > 0 ? BAALS_OK
                                          : cli_check_fail(place, "choices", choices, err);
    if (bl_json_count(bounds) != 2 || !cli_check_number(&low, bl_json_at(bounds, 0)) ||
        !cli_check_number(&high, bl_json_at(bounds, 1)) || low > high)
        return cli_check_fail(place, "{\"$int\": [least, greatest]}", bounds, err);
    return BAALS_OK;
}

static baals_status
property_check_call(const struct bl_json *call, const char *place, baals_error *err)
{
    static const struct cli_check_member members[] = {{"call", CLI_CHECK_PATH, true},
                                                      {"from", CLI_CHECK_ARRAY, true},
                                                      {"args", CLI_CHECK_ARRAY, false},
                                                      {"value", CLI_CHECK_ANY, false},
                                                      {"weight", CLI_CHECK_NUMBER, false}};
    char at[CLI_PLACE_MAX];
    const struct bl_json *from = bl_json_member(call, "from");
    const struct bl_json *args = bl_json_member(call, "args");
    BL_TRY(cli_check_members(call, place, members, BL_COUNT_OF(members), err));
    cli_check_place(at, place, "from");
    if (bl_json_count(from) == 0 || bl_json_count(from) > PROPERTY_ACTORS_MAX)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%.100s: expected 1 to %u accounts", at,
                       PROPERTY_ACTORS_MAX);
    for (size_t i = 0; i < bl_json_count(from); i++) {
        if (!cli_check_name(bl_json_text(bl_json_at(from, i))))
            return cli_check_fail(at, "names of accounts", bl_json_at(from, i), err);
    }
    cli_check_place(at, place, "args");
    if (bl_json_count(args) >= PROPERTY_DRAWN_MAX)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%.100s: at most %u arguments", at,
                       PROPERTY_DRAWN_MAX - 1);
    for (size_t i = 0; i < bl_json_count(args); i++) {
        char one[CLI_PLACE_MAX];
        cli_check_place_at(one, at, i);
        BL_TRY(property_check_drawn(bl_json_at(args, i), one, err));
    }
    cli_check_place(at, place, "value");
    return property_check_drawn(bl_json_member(call, "value"), at, err);
}

/* A number, a view, a balance, or a sum of these. */
static baals_status /* NOLINTNEXTLINE(misc-no-recursion): PROPERTY_SUM_DEPTH deep */
property_check_term(const struct bl_json *term, const char *place, unsigned depth, baals_error *err)
{
    static const struct cli_check_member members[] = {{"view", CLI_CHECK_PATH, false},
                                                      {"args", CLI_CHECK_ARRAY, false},
                                                      {"balance", CLI_CHECK_REFERENCE, false},
                                                      {"over", CLI_CHECK_ARRAY, false},
                                                      {"sum", CLI_CHECK_ARRAY, false}};
    uint64_t number;
    if (term != NULL && cli_check_number(&number, term))
        return BAALS_OK;
    if (term == NULL || bl_json_type(term) != BL_JSON_OBJECT)
        return cli_check_fail(place, "a number, a view, a balance or a sum", term, err);
    BL_TRY(cli_check_members(term, place, members, BL_COUNT_OF(members), err));
    const struct bl_json *sum = bl_json_member(term, "sum");
    if (depth == PROPERTY_SUM_DEPTH)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%.100s: sums nest too deeply", place);
    for (size_t i = 0; i < bl_json_count(sum); i++) {
        char at[CLI_PLACE_MAX];
        cli_check_place_at(at, place, i);
        BL_TRY(property_check_term(bl_json_at(sum, i), at, depth + 1, err));
    }
    int kinds = (sum != NULL) + (bl_json_member(term, "view") != NULL) +
                (bl_json_member(term, "balance") != NULL);
    if (kinds != 1)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%.100s: expected one of view, balance, sum",
                       place);
    return BAALS_OK;
}

static baals_status
property_check_invariant(const struct bl_json *invariant, const char *place, baals_error *err)
{
    static const struct cli_check_member members[] = {{"name", CLI_CHECK_TEXT, true},
                                                      {"left", CLI_CHECK_ANY, true},
                                                      {"is", CLI_CHECK_TEXT, true},
                                                      {"right", CLI_CHECK_ANY, true}};
    char at[CLI_PLACE_MAX];
    BL_TRY(cli_check_members(invariant, place, members, BL_COUNT_OF(members), err));
    const char *is = bl_json_text(bl_json_member(invariant, "is"));
    cli_check_place(at, place, "is");
    if (strcmp(is, "==") != 0 && strcmp(is, "<=") != 0 && strcmp(is, ">=") != 0)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%.100s: expected ==, <= or >=", at);
    cli_check_place(at, place, "left");
    BL_TRY(property_check_term(bl_json_member(invariant, "left"), at, 0, err));
    cli_check_place(at, place, "right");
    return property_check_term(bl_json_member(invariant, "right"), at, 0, err);
}

static baals_status property_check_bounds(const struct bl_json *property,
                                          const char *name,
                                          uint64_t most,
                                          const char *place,
                                          baals_error *err)
{
    char at[CLI_PLACE_MAX];
    uint64_t number = 1;
    const struct bl_json *value = bl_json_member(property, name);
    cli_check_place(at, place, name);
    if (value != NULL && (!cli_check_number(&number, value) || number == 0 || number > most))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%.100s: expected 1 to %llu", at,
                       (unsigned long long)most);
    return BAALS_OK;
}

static baals_status property_check_list(const struct bl_json *property,
                                        const char *name,
                                        size_t most,
                                        baals_status (*check)(const struct bl_json *item,
                                                              const char *place,
                                                              baals_error *err),
                                        const char *place,
                                        baals_error *err)
{
    const struct bl_json *list = bl_json_member(property, name);
    char at[CLI_PLACE_MAX];
    cli_check_place(at, place, name);
    if (bl_json_count(list) == 0 || bl_json_count(list) > most)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%.100s: expected 1 to %zu", at, most);
    for (size_t i = 0; i < bl_json_count(list); i++) {
        char one[CLI_PLACE_MAX];
        cli_check_place_at(one, at, i);
        BL_TRY(check(bl_json_at(list, i), one, err));
    }
    return BAALS_OK;
}

baals_status
cli_scenario_check_property(const struct bl_json *property, const char *place, baals_error *err)
{
    static const struct cli_check_member members[] = {
        {"name", CLI_CHECK_TEXT, true},    {"note", CLI_CHECK_TEXT, false},
        {"setup", CLI_CHECK_ARRAY, true},  {"calls", CLI_CHECK_ARRAY, true},
        {"runs", CLI_CHECK_NUMBER, false}, {"length", CLI_CHECK_NUMBER, false},
        {"never", CLI_CHECK_ARRAY, false}, {"invariants", CLI_CHECK_ARRAY, true},
    };
    char at[CLI_PLACE_MAX];
    BL_TRY(cli_check_members(property, place, members, BL_COUNT_OF(members), err));
    cli_check_place(at, place, "setup");
    BL_TRY(cli_check_steps(bl_json_member(property, "setup"), at, err));
    BL_TRY(property_check_list(property, "calls", PROPERTY_CALLS_MAX, property_check_call, place,
                               err));
    BL_TRY(property_check_list(property, "invariants", PROPERTY_CALLS_MAX, property_check_invariant,
                               place, err));
    BL_TRY(property_check_bounds(property, "runs", PROPERTY_RUNS_MAX, place, err));
    return property_check_bounds(property, "length", PROPERTY_LENGTH_MAX, place, err);
}

/* ---- drawing ---- */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t property_random(struct property *p)
{
    p->state += 0x9e3779b97f4a7c15u;
    uint64_t z = p->state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* From low to high, both included. The ends come more often than chance has them. */
static uint64_t property_between(struct property *p, uint64_t low, uint64_t high)
{
    uint64_t span = high - low;
    uint64_t drawn = property_random(p);
    if (drawn % 8 == 0)
        return drawn / 8 % 2 == 0 ? low : high;
    return span == UINT64_MAX ? property_random(p) : low + property_random(p) % (span + 1);
}

/* The bounds of what is drawn for an argument; both 0 for one that is given. */
static void property_bounds(uint64_t *low, uint64_t *high, const struct bl_json *arg)
{
    const struct bl_json *bounds = bl_json_member(arg, "$int");
    const struct bl_json *choices = bl_json_member(arg, "$one_of");
    *low = 0;
    *high = 0;
    if (bounds != NULL) {
        (void)cli_check_number(low, bl_json_at(bounds, 0));
        (void)cli_check_number(high, bl_json_at(bounds, 1));
    } else if (choices != NULL) {
        *high = bl_json_count(choices) - 1;
    }
}

static const struct bl_json *property_arg(const struct bl_json *call, size_t index)
{
    const struct bl_json *args = bl_json_member(call, "args");
    return index < bl_json_count(args) ? bl_json_at(args, index) : bl_json_member(call, "value");
}

static uint64_t property_weight(const struct bl_json *call)
{
    uint64_t weight = 1;
    (void)cli_check_number(&weight, bl_json_member(call, "weight"));
    return weight < 1000 ? weight : 1000;
}

static struct property_call property_draw(struct property *p)
{
    struct property_call drawn = {.which = 0};
    uint64_t total = 0;
    for (size_t i = 0; i < bl_json_count(p->calls); i++)
        total += property_weight(bl_json_at(p->calls, i));
    uint64_t at = total == 0 ? 0 : property_random(p) % total;
    while (drawn.which + 1 < bl_json_count(p->calls) &&
           at >= property_weight(bl_json_at(p->calls, drawn.which)))
        at -= property_weight(bl_json_at(p->calls, drawn.which++));
    const struct bl_json *call = bl_json_at(p->calls, drawn.which);
    drawn.from = (uint32_t)(property_random(p) % bl_json_count(bl_json_member(call, "from")));
    size_t count = bl_json_count(bl_json_member(call, "args")) + 1;
    for (size_t i = 0; i < count; i++) {
        uint64_t low;
        uint64_t high;
        property_bounds(&low, &high, property_arg(call, i));
        drawn.drawn[i] = property_between(p, low, high);
    }
    return drawn;
}

/* ---- a call as a step ---- */

static void
property_write_value(struct bl_json_writer *w, const struct bl_json *arg, uint64_t drawn)
{
    const struct bl_json *choices = bl_json_member(arg, "$one_of");
    if (bl_json_member(arg, "$int") != NULL) {
        bl_jw_amount(w, drawn);
        return;
    }
    struct bl_buffer text;
    bl_buffer_init(&text, bl_alloc_system(), CLI_SCENARIO_FILE_MAX);
    bl_json_dump(&text, choices == NULL ? arg : bl_json_at(choices, (size_t)drawn));
    bl_jw_raw(w, bl_buffer_slice(&text));
    bl_buffer_deinit(&text);
}

static void property_write_step(struct bl_buffer *out,
                                const struct property *p,
                                const struct property_call *drawn)
{
    const struct bl_json *call = bl_json_at(p->calls, drawn->which);
    const struct bl_json *from = bl_json_member(call, "from");
    const struct bl_json *value = bl_json_member(call, "value");
    size_t count = bl_json_count(bl_json_member(call, "args"));
    struct bl_json_writer w;
    bl_jw_init(&w, out);
    bl_jw_begin_object(&w);
    bl_jw_put_text(&w, "call", bl_json_text(bl_json_member(call, "call")));
    bl_jw_put_text(&w, "from", bl_json_text(bl_json_at(from, drawn->from)));
    bl_jw_key(&w, "args");
    bl_jw_begin_array(&w);
    for (size_t i = 0; i < count; i++)
        property_write_value(&w, property_arg(call, i), drawn->drawn[i]);
    bl_jw_end_array(&w);
    if (value != NULL) {
        bl_jw_key(&w, "value");
        property_write_value(&w, value, drawn->drawn[count]);
    }
    bl_jw_end_object(&w);
}

/* ---- invariants ---- */

/* The arguments of a view with "$each" replaced, as a document. */
static baals_status property_each_args(struct bl_json_doc *out,
                                       const struct bl_json *args,
                                       const char *each,
                                       baals_error *err)
{
    struct bl_buffer text;
    struct bl_json_writer w;
    bl_buffer_init(&text, bl_alloc_system(), CLI_SCENARIO_FILE_MAX);
    bl_jw_init(&w, &text);
    bl_jw_begin_array(&w);
    for (size_t i = 0; i < bl_json_count(args); i++) {
        const char *arg = bl_json_text(bl_json_at(args, i));
        if (each != NULL && arg != NULL && strcmp(arg, "$each") == 0)
            bl_jw_text(&w, each);
        else
            property_write_value(&w, bl_json_at(args, i), 0);
    }
    bl_jw_end_array(&w);
    baals_status status = bl_buffer_status(&text, err);
    if (status == BAALS_OK)
        status = bl_json_parse(out, bl_buffer_slice(&text), CLI_SCENARIO_FILE_MAX, err);
    bl_buffer_deinit(&text);
    return status;
}

/* A view or a balance; `each` stands for "$each". */
static baals_status property_number(struct property *p,
                                    struct cli_finding *finding,
                                    uint64_t *out,
                                    const struct bl_json *term,
                                    const char *each,
                                    baals_error *err)
{
    const char *view = bl_json_text(bl_json_member(term, "view"));
    const char *balance = bl_json_text(bl_json_member(term, "balance"));
    struct bl_json_doc args = {0};
    if (balance != NULL) {
        if (each != NULL && strcmp(balance, "$each") == 0)
            balance = each;
        return cli_scenario_balance(p->run, finding, out, balance + 1, err);
    }
    BL_TRY(property_each_args(&args, bl_json_member(term, "args"), each, err));
    baals_status status = cli_scenario_view_number(p->run, finding, out, view, args.root, err);
    bl_json_free(&args);
    return status;
}

static baals_status /* NOLINTNEXTLINE(misc-no-recursion): PROPERTY_SUM_DEPTH deep */
property_term(struct property *p,
              struct cli_finding *finding,
              uint64_t *out,
              const struct bl_json *term,
              baals_error *err)
{
    const struct bl_json *sum = bl_json_member(term, "sum");
    const struct bl_json *over = bl_json_member(term, "over");
    size_t count = sum != NULL ? bl_json_count(sum) : over != NULL ? bl_json_count(over) : 1;
    uint64_t total = 0;
    if (cli_check_number(out, term))
        return BAALS_OK;
    for (size_t i = 0; i < count; i++) {
        uint64_t number = 0;
        const char *each = over == NULL ? NULL : bl_json_text(bl_json_at(over, i));
        BL_TRY(sum != NULL ? property_term(p, finding, &number, bl_json_at(sum, i), err)
                           : property_number(p, finding, &number, term, each, err));
        if (!bl_u64_add(&total, total, number))
            cli_finding_set(finding, "a sum exceeds 2^64 - 1");
    }
    *out = total;
    return BAALS_OK;
}

static baals_status
property_invariants(struct property *p, struct cli_finding *finding, baals_error *err)
{
    const struct bl_json *list = bl_json_member(p->json, "invariants");
    for (size_t i = 0; i < bl_json_count(list) && finding->message[0] == '\0'; i++) {
        const struct bl_json *invariant = bl_json_at(list, i);
        const char *is = bl_json_text(bl_json_member(invariant, "is"));
        uint64_t left = 0;
        uint64_t right = 0;
        BL_TRY(property_term(p, finding, &left, bl_json_member(invariant, "left"), err));
        BL_TRY(property_term(p, finding, &right, bl_json_member(invariant, "right"), err));
        bool holds = is[0] == '=' ? left == right : is[0] == '<' ? left <= right : left >= right;
        if (!holds)
            cli_finding_set(finding, "%.80s: %llu %s %llu does not hold",
                            bl_json_text(bl_json_member(invariant, "name")),
                            (unsigned long long)left, is, (unsigned long long)right);
    }
    return BAALS_OK;
}

/* ---- a sequence ---- */

/* Whether a call may not end as it did. Without "never": traps and what runs out. */
static void property_check_end(const struct property *p, struct cli_finding *finding)
{
    static const char *const defaults[] = {"TRAP", "OUT_OF_GAS", "OUT_OF_STACK"};
    const struct bl_json *never = bl_json_member(p->json, "never");
    size_t count = never == NULL ? BL_COUNT_OF(defaults) : bl_json_count(never);
    for (size_t i = 0; i < count; i++) {
        const char *end = never == NULL ? defaults[i] : bl_json_text(bl_json_at(never, i));
        if (end != NULL && strcmp(end, p->run->status) == 0)
            cli_finding_set(finding, "a call ended %s", end);
    }
}

static baals_status property_run_call(struct property *p,
                                      struct cli_finding *finding,
                                      const struct property_call *call,
                                      baals_error *err)
{
    struct bl_buffer text;
    struct bl_json_doc step = {0};
    bl_buffer_init(&text, bl_alloc_system(), CLI_SCENARIO_FILE_MAX);
    property_write_step(&text, p, call);
    baals_status status = bl_buffer_status(&text, err);
    if (status == BAALS_OK)
        status = bl_json_parse(&step, bl_buffer_slice(&text), CLI_SCENARIO_FILE_MAX, err);
    bl_buffer_deinit(&text);
    if (status == BAALS_OK)
        status = cli_scenario_step(p->run, finding, step.root, err);
    bl_json_free(&step);
    BL_TRY(status);
    property_check_end(p, finding);
    return property_invariants(p, finding, err);
}

static baals_status property_run_steps(struct property *p,
                                       struct cli_finding *finding,
                                       const struct property_call *calls,
                                       size_t *count_io,
                                       baals_error *err)
{
    const struct bl_json *setup = bl_json_member(p->json, "setup");
    size_t count = *count_io;
    for (size_t i = 0; i < bl_json_count(setup); i++) {
        BL_TRY(cli_scenario_step(p->run, finding, bl_json_at(setup, i), err));
        if (finding->message[0] != '\0') {
            *count_io = 0;
            return BAALS_OK;
        }
    }
    p->run->any_end = true;
    BL_TRY(property_invariants(p, finding, err));
    size_t done = 0;
    while (done < count && finding->message[0] == '\0')
        BL_TRY(property_run_call(p, finding, &calls[done++], err));
    *count_io = done;
    return BAALS_OK;
}

/* Runs a sequence on a fresh chain. *count_io becomes the calls up to the one that broke it. */
static baals_status property_run(struct property *p,
                                 struct cli_finding *finding,
                                 const struct property_call *calls,
                                 size_t *count_io,
                                 baals_error *err)
{
    struct bl_arena_mark mark = bl_arena_checkpoint(&p->cli->arena);
    finding->message[0] = '\0';
    baals_status status = cli_scenario_begin(p->run, p->cli, p->file, err);
    if (status == BAALS_OK)
        status = property_run_steps(p, finding, calls, count_io, err);
    status = cli_scenario_end(p->run, status, err);
    bl_arena_rollback(&p->cli->arena, mark);
    return status;
}

/* ---- making it smaller ---- */

struct property_shrink {
    struct property *p;
    struct property_call *best;
    size_t count;
    struct property_call *trial;
    struct cli_finding finding; /* of `best` */
    unsigned tries;
};

/* Takes the trial when it is broken, too. */
static baals_status
property_try(struct property_shrink *s, size_t count, bool *taken_out, baals_error *err)
{
    struct cli_finding finding;
    *taken_out = false;
    if (s->tries >= PROPERTY_SHRINK_MAX)
        return BAALS_OK;
    s->tries++;
    BL_TRY(property_run(s->p, &finding, s->trial, &count, err));
    if (finding.message[0] == '\0')
        return BAALS_OK;
    memcpy(s->best, s->trial, count * sizeof *s->best);
    s->count = count;
    s->finding = finding;
    *taken_out = true;
    return BAALS_OK;
}

/* Leaves out runs of calls, long ones first. */
static baals_status property_shrink_calls(struct property_shrink *s, baals_error *err)
{
    for (size_t len = s->count / 2; len > 0; len /= 2) {
        for (size_t at = 0; at + len <= s->count;) {
            bool taken = false;
            memcpy(s->trial, s->best, at * sizeof *s->best);
            memcpy(s->trial + at, s->best + at + len, (s->count - at - len) * sizeof *s->best);
            BL_TRY(property_try(s, s->count - len, &taken, err));
            if (!taken)
                at += len;
        }
    }
    return BAALS_OK;
}

/* Brings one number towards its least value: at once, by halves, by one. */
static baals_status
property_shrink_number(struct property_shrink *s, size_t call, size_t arg, baals_error *err)
{
    uint64_t low;
    uint64_t high;
    const struct bl_json *json = bl_json_at(s->p->calls, s->best[call].which);
    property_bounds(&low, &high, property_arg(json, arg));
    for (uint64_t step = s->best[call].drawn[arg] - low; step > 0;) {
        uint64_t value = s->best[call].drawn[arg];
        bool taken = false;
        memcpy(s->trial, s->best, s->count * sizeof *s->best);
        s->trial[call].drawn[arg] = value - step;
        BL_TRY(property_try(s, s->count, &taken, err));
        if (call >= s->count)
            return BAALS_OK;
        uint64_t left = s->best[call].drawn[arg] - low;
        step = taken ? (step < left ? step : left) : step / 2;
    }
    return BAALS_OK;
}

static baals_status property_shrink(struct property_shrink *s, baals_error *err)
{
    BL_TRY(property_shrink_calls(s, err));
    for (size_t call = 0; call < s->count; call++) {
        const struct bl_json *json = bl_json_at(s->p->calls, s->best[call].which);
        size_t args = bl_json_count(bl_json_member(json, "args")) + 1;
        for (size_t arg = 0; arg < args && call < s->count; arg++)
            BL_TRY(property_shrink_number(s, call, arg, err));
    }
    return BAALS_OK;
}

/* The finding of the whole property: what broke, and the steps to paste. */
static void property_report(struct cli_finding *out,
                            const struct property_shrink *s,
                            uint64_t seed,
                            uint64_t run)
{
    struct bl_buffer text;
    bl_buffer_init(&text, bl_alloc_system(), CLI_SCENARIO_FILE_MAX);
    for (size_t i = 0; i < s->count; i++) {
        if (i > 0)
            bl_buffer_append(&text, ",\n  ", 4);
        property_write_step(&text, s->p, &s->best[i]);
    }
    cli_finding_set(out, "%.200s (seed %llu, run %llu), after %zu call%s:\n  %.*s",
                    s->finding.message, (unsigned long long)seed, (unsigned long long)run, s->count,
                    s->count == 1 ? "" : "s", (int)text.len,
                    text.len == 0 ? "" : (const char *)text.data);
    bl_buffer_deinit(&text);
}

static baals_status property_search(struct property *p,
                                    struct property_shrink *s,
                                    struct cli_finding *finding,
                                    uint64_t seed,
                                    baals_error *err)
{
    uint64_t runs = PROPERTY_RUNS_DEFAULT;
    uint64_t length = PROPERTY_LENGTH_DEFAULT;
    (void)cli_check_number(&runs, bl_json_member(p->json, "runs"));
    (void)cli_check_number(&length, bl_json_member(p->json, "length"));
    for (uint64_t run = 0; run < runs; run++) {
        p->state = seed ^ (run * 0xd1342543de82ef95u);
        for (uint64_t i = 0; i < length; i++)
            s->best[i] = property_draw(p);
        s->count = (size_t)length;
        BL_TRY(property_run(p, &s->finding, s->best, &s->count, err));
        if (s->finding.message[0] == '\0')
            continue;
        BL_TRY(property_shrink(s, err));
        property_report(finding, s, seed, run);
        return BAALS_OK;
    }
    return BAALS_OK;
}

baals_status cli_scenario_property(struct cli *cli,
                                   struct cli_finding *finding,
                                   const struct cli_scenario_file *file,
                                   const struct bl_json *property,
                                   uint64_t seed,
                                   baals_error *err)
{
    struct property p = {
        .cli = cli, .file = file, .json = property, .calls = bl_json_member(property, "calls")};
    struct property_shrink s = {.p = &p};
    p.run = bl_arena_zero(&cli->arena, 1, sizeof *p.run);
    s.best = bl_arena_zero(&cli->arena, PROPERTY_LENGTH_MAX, sizeof *s.best);
    s.trial = bl_arena_zero(&cli->arena, PROPERTY_LENGTH_MAX, sizeof *s.trial);
    if (p.run == NULL || s.best == NULL || s.trial == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a property");
    return property_search(&p, &s, finding, seed, err);
}
