/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_OPTIONS_H
#define BL_CLI_OPTIONS_H
/*
 * The command line: one table of options and one of commands drive parsing, help and suggestions.
 */
#include "baals/baals.h"

#include "rpc/json_write.h"

struct cli;

enum cli_option_id {
    CLI_DIR,
    CLI_JSON,
    CLI_QUIET,
    CLI_WALLET,
    CLI_HELP,
    CLI_GENESIS,
    CLI_NAME,
    CLI_ALLOC,
    CLI_DEV,
    CLI_SLOT_MS,
    CLI_INTERVAL_MS,
    CLI_AUTHORITY_KEY,
    CLI_FROM,
    CLI_KEY,
    CLI_PASSPHRASE_FD,
    CLI_PASSPHRASE_FILE,
    CLI_NO_PASSPHRASE,
    CLI_VALUE,
    CLI_INIT,
    CLI_ARG,
    CLI_MEMO,
    CLI_GAS_LIMIT,
    CLI_GAS_PRICE,
    CLI_NONCE,
    CLI_VALID_UNTIL,
    CLI_METADATA,
    CLI_NO_WAIT,
    CLI_TIMEOUT,
    CLI_CALLER,
    CLI_TRACE,
    CLI_AFTER,
    CLI_FOLLOW,
    CLI_LIMIT,
    CLI_REPLAY,
    CLI_STORAGE,
    CLI_KEEP,
    CLI_HEADERS,
    CLI_MODULE,
    CLI_FILTER,
    CLI_SEED,
    CLI_GAS,
    CLI_UPDATE,
    CLI_RAW,
    CLI_QUICK,
    CLI_RUNS,
    CLI_ONLY,
    CLI_LIST,
    CLI_BLOCKS,
    CLI_TXS,
    CLI_MARKDOWN,
    CLI_STATE_BYTES,
    CLI_LANG,
    CLI_OPTION_COUNT
};

#define CLI_BIT(id) (1ull << (id))
/* Allowed with every command. */
#define CLI_GLOBAL                                                                                 \
    (CLI_BIT(CLI_DIR) | CLI_BIT(CLI_JSON) | CLI_BIT(CLI_QUIET) | CLI_BIT(CLI_WALLET) |             \
     CLI_BIT(CLI_HELP))

/* How an option is given. */
enum cli_option_kind { CLI_OPTION_FLAG, CLI_OPTION_VALUE, CLI_OPTION_REPEATED };

struct cli_option {
    const char *name;  /* without the dashes */
    const char *value; /* what stands behind it, for help; NULL for a flag */
    const char *help;
    enum cli_option_kind kind;
};
/* Indexed by id. */
extern const struct cli_option cli_options[CLI_OPTION_COUNT];

struct cli_command {
    const char *name;     /* one or two words */
    const char *operands; /* "TO AMOUNT [MORE]"; brackets: may be left out; "...": any number */
    uint64_t options;     /* CLI_BITs beyond CLI_GLOBAL */
    /* Writes the result; NULL for the commands of main.c that print by themselves. */
    baals_status (*run)(struct cli *cli, struct bl_json_writer *w, baals_error *err);
    const char *summary;
    const char *example; /* lines of help, may be NULL */
};
extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;

#define CLI_OPERANDS_MAX 256u
#define CLI_REPEATED_MAX 1024u

struct cli_repeated {
    enum cli_option_id id;
    const char *value;
};

/* A parsed command line; the texts are argv's. */
struct cli_args {
    const struct cli_command *command;    /* NULL: only global options were given */
    const char *values[CLI_OPTION_COUNT]; /* NULL: absent; "" for a flag that is given */
    struct cli_repeated repeated[CLI_REPEATED_MAX];
    size_t repeated_count;
    const char *operands[CLI_OPERANDS_MAX];
    size_t operand_count;
};

/* Takes argv apart. MISUSE_ARGUMENT names what is wrong, with the nearest name there is. Even then
 * the flags --json and --quiet are set when they stand anywhere. */
baals_status cli_parse(struct cli_args *args, int argc, char **argv, baals_error *err);

/* The names nearest to a misspelt one; NULL when none is near. */
const char *cli_nearest_command(const char *word);

/* Appends the help text: of a command, or with NULL the list of all. */
void cli_help(struct bl_buffer *out, const struct cli_command *command);
/* The command of this name of one or two words; NULL. */
const struct cli_command *cli_command_find(const char *first, const char *second);

#endif /* BL_CLI_OPTIONS_H */
