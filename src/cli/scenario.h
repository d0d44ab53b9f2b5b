/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_SCENARIO_H
#define BL_CLI_SCENARIO_H
/*
 * Scenario files of `baals test` (docs/guides/testing-contracts.md): contracts tried on a chain in
 * memory, step by step, with a clock that stands still between them.
 *
 * A file is checked whole before anything runs (scenario.c); steps then read the JSON itself
 * (scenario_steps.c). A scenario that fails is a finding, not an error: it stands in a struct
 * cli_finding, and the function returns BAALS_OK.
 */
#include "cli/cli_internal.h"

#define CLI_SCENARIO_FILE_MAX ((size_t)1024 * 1024)
#define CLI_SCENARIO_NAMES_MAX 64u
#define CLI_SCENARIO_NAME_MAX 32u
#define CLI_SCENARIO_MODULES_MAX 32u
#define CLI_SCENARIO_ACCOUNTS_MAX 32u
#define CLI_SCENARIO_STEPS_MAX 1000u
#define CLI_SCENARIO_WORDS_MAX 32u
#define CLI_SCENARIO_START_MS 1700000000000ull
#define CLI_SCENARIO_GAS 100000000ull

/* A file that was read and checked. Everything borrows from `doc` and the run's arena. */
struct cli_scenario_file {
    const char *path;
    const char *dir; /* modules are beside the file */
    struct bl_json_doc doc;
    const struct bl_json *accounts; /* object of name to balance */
    const struct bl_json *modules;  /* object of name to path */
    const struct bl_json *scenarios;
    const struct bl_json *properties; /* may be NULL */
    uint64_t start_ms;
};

/* Reads and checks a file. MISUSE_ARGUMENT with the file and the place in it ("scenarios[0].
 * steps[2].from") for everything that is not as the guide says; NOTFOUND, IO. */
baals_status cli_scenario_read(struct cli *cli,
                               struct cli_scenario_file *out,
                               const char *path,
                               baals_error *err);
/* The same for text that was read already. */
baals_status cli_scenario_parse(struct cli *cli,
                                struct cli_scenario_file *out,
                                const char *path,
                                baals_slice text,
                                baals_error *err);
void cli_scenario_free(struct cli_scenario_file *file);

/* What is wrong with a scenario; an empty message: nothing. It has room for all the calls of a
 * property, which are of use only whole. */
#define CLI_FINDING_SIZE ((size_t)64 * 1024)
struct cli_finding {
    char message[CLI_FINDING_SIZE];
};
__attribute__((format(printf, 2, 3))) void
cli_finding_set(struct cli_finding *finding, const char *format, ...);

/* A name of a scenario: an account or a contract that was deployed. */
struct cli_scenario_name {
    char name[CLI_SCENARIO_NAME_MAX + 1];
    char text[BAALS_ADDRESS_TEXT_SIZE];
    baals_address address;
    bool is_account;
    baals_keypair key; /* of an account; made from its number, nobody's secret */
};

/* A chain in memory on which steps run. */
struct cli_scenario_run {
    struct cli *cli;
    const struct cli_scenario_file *file;
    _Atomic uint64_t now_ms;
    baals_keypair authority;
    struct cli_scenario_name names[CLI_SCENARIO_NAMES_MAX];
    size_t name_count;
    bool any_end;      /* how a transaction ends is no finding */
    uint64_t gas_used; /* of the last step that was a transaction */
    char status[24];   /* its receipt's status, or the code it was rejected with */
};

/* Opens the chain with the file's accounts, as the run's connection. cli_scenario_end closes it. */
baals_status cli_scenario_begin(struct cli_scenario_run *run,
                                struct cli *cli,
                                const struct cli_scenario_file *file,
                                baals_error *err);
baals_status cli_scenario_end(struct cli_scenario_run *run, baals_status status, baals_error *err);
/* Runs one step. What was not as expected goes into *finding. */
baals_status cli_scenario_step(struct cli_scenario_run *run,
                               struct cli_finding *finding,
                               const struct bl_json *step,
                               baals_error *err);
/* The address text of a name; NULL. */
const struct cli_scenario_name *cli_scenario_name_find(const struct cli_scenario_run *run,
                                                       const char *name);
/* A line about a step: "call token.transfer by alice". */
void cli_scenario_describe(char *out, size_t size, const struct bl_json *step);

/* A view's answer as a number, for invariants. A finding when it is none. `args` is a JSON array
 * or NULL. */
baals_status cli_scenario_view_number(struct cli_scenario_run *run,
                                      struct cli_finding *finding,
                                      uint64_t *out,
                                      const char *what,
                                      const struct bl_json *args,
                                      baals_error *err);
baals_status cli_scenario_balance(struct cli_scenario_run *run,
                                  struct cli_finding *finding,
                                  uint64_t *out,
                                  const char *who,
                                  baals_error *err);

/* ---- expectations (scenario_match.c) ---- */

/* Whether everything in `expected` is so in `actual`: members of objects that are named, arrays
 * element by element, numbers and texts of digits by value, "$name" as the address of the name. The
 * first difference goes into *finding with its place. */
void cli_scenario_match(struct cli_finding *finding,
                        const struct cli_scenario_run *run,
                        const char *place,
                        const struct bl_json *expected,
                        const struct bl_json *actual);

/* ---- properties (scenario_property.c) ---- */

/* Searches a sequence of calls that breaks the property; a smaller one that still does is the
 * finding, as steps to paste into a file. */
baals_status cli_scenario_property(struct cli *cli,
                                   struct cli_finding *finding,
                                   const struct cli_scenario_file *file,
                                   const struct bl_json *property,
                                   uint64_t seed,
                                   baals_error *err);
/* Whether the arguments of a call or an invariant are as the guide says; the place is named
 * otherwise. */
baals_status
cli_scenario_check_property(const struct bl_json *property, const char *place, baals_error *err);

#endif /* BL_CLI_SCENARIO_H */
