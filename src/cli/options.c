/* SPDX-License-Identifier: MIT */
/*
 * Taking a command line apart by the tables of commands.c. Options may stand anywhere and once;
 * "--" ends them; `--name=value` and `--name value` are the same. What is not known is an error
 * that says which known name is near.
 */
#include "cli/options.h"

#include <stdio.h>
#include <string.h>

/* ---- suggestions ---- */

#define OPTIONS_WORD_MAX 40u

static size_t options_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein distance; long words are at no distance worth a suggestion. */
static size_t options_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    size_t row[OPTIONS_WORD_MAX + 1];
    if (a_len > OPTIONS_WORD_MAX || b_len > OPTIONS_WORD_MAX)
        return OPTIONS_WORD_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = options_min(replace, options_min(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_len];
}

/* Whether `word` is near enough to `name` to be a slip, and nearer than *best. */
static bool options_is_nearer(size_t *best, const char *word, const char *name)
{
    size_t distance = options_distance(word, name);
    if (distance >= *best || distance > 2 || distance >= strlen(name))
        return false;
    *best = distance;
    return true;
}

const char *cli_nearest_command(const char *word)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < cli_command_count; i++) {
        char first[OPTIONS_WORD_MAX + 1];
        size_t len = options_min(strcspn(cli_commands[i].name, " "), OPTIONS_WORD_MAX);
        memcpy(first, cli_commands[i].name, len);
        first[len] = '\0';
        if (options_is_nearer(&best, word, first) ||
            options_is_nearer(&best, word, cli_commands[i].name))
            nearest = cli_commands[i].name;
    }
    return nearest;
}

static const char *options_nearest_option(const char *name, uint64_t allowed)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;
    for (int id = 0; id < CLI_OPTION_COUNT; id++) {
        if ((allowed & CLI_BIT(id)) != 0 && options_is_nearer(&best, name, cli_options[id].name))
            nearest = cli_options[id].name;
    }
    return nearest;
}

/* ---- commands ---- */

const struct cli_command *cli_command_find(const char *first, const char *second)
{
    size_t first_len = strlen(first);
    for (size_t i = 0; i < cli_command_count; i++) {
        const char *name = cli_commands[i].name;
        if (strncmp(name, first, first_len) != 0)
            continue;
        if (name[first_len] == '\0')
            return &cli_commands[i];
        if (name[first_len] == ' ' && second != NULL && strcmp(name + first_len + 1, second) == 0)
            return &cli_commands[i];
    }
    return NULL;
}

/* Whether some command's first word of two is `word`. */
static bool options_is_group(const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i < cli_command_count; i++) {
        if (strncmp(cli_commands[i].name, word, len) == 0 && cli_commands[i].name[len] == ' ')
            return true;
    }
    return false;
}

static baals_status options_no_command(const char *first, const char *second, baals_error *err)
{
    if (options_is_group(first)) {
        char list[160] = "";
        size_t used = 0, len = strlen(first);
        for (size_t i = 0; i < cli_command_count && used < sizeof list; i++) {
            const char *name = cli_commands[i].name;
            if (strncmp(name, first, len) == 0 && name[len] == ' ')
                used += (size_t)snprintf(list + used, sizeof list - used, " %s", name + len + 1);
        }
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "\"%s\" needs one of:%s%s%.40s", first, list,
                       second == NULL ? "" : "; not ", second == NULL ? "" : second);
    }
    const char *nearest = cli_nearest_command(first);
    return bl_fail(err, BAALS_MISUSE_ARGUMENT, "unknown command \"%.60s\"%s%s%s", first,
                   nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
                   nearest == NULL ? "" : "\"?");
}

/* Takes the command off the front of the operands. */
static baals_status options_take_command(struct cli_args *args, baals_error *err)
{
    if (args->operand_count == 0)
        return BAALS_OK;
    const char *second = args->operand_count > 1 ? args->operands[1] : NULL;
    const struct cli_command *command = cli_command_find(args->operands[0], second);
    if (command == NULL)
        return options_no_command(args->operands[0], second, err);
    size_t words = strchr(command->name, ' ') == NULL ? 1 : 2;
    args->command = command;
    args->operand_count -= words;
    memmove(args->operands, args->operands + words, args->operand_count * sizeof args->operands[0]);
    return BAALS_OK;
}

/* As many operands as the command's text asks for. */
static baals_status options_check_operands(const struct cli_args *args, baals_error *err)
{
    const char *spec = args->command->operands;
    size_t least = 0, most = 0;
    char missing[32] = "";
    while (*spec != '\0') {
        size_t len = strcspn(spec, " ");
        if (*spec != '[') {
            if (least == args->operand_count)
                snprintf(missing, sizeof missing, "%.*s", (int)len, spec);
            least++;
        }
        most =
            memchr(spec, '.', len) == NULL && most < CLI_OPERANDS_MAX ? most + 1 : CLI_OPERANDS_MAX;
        spec += len;
        spec += strspn(spec, " ");
    }
    if (args->operand_count < least)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%s: %s is missing", args->command->name,
                       missing);
    if (args->operand_count > most)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%s: \"%.60s\" is one operand too many",
                       args->command->name, args->operands[most]);
    return BAALS_OK;
}

/* ---- options ---- */

static baals_status options_unknown(const struct cli_args *args, const char *name, baals_error *err)
{
    uint64_t allowed = CLI_GLOBAL | args->command->options;
    const char *nearest = options_nearest_option(name, allowed);
    return bl_fail(err, BAALS_MISUSE_ARGUMENT, "%s: unknown option --%.60s%s%s%s",
                   args->command->name, name, nearest == NULL ? "" : "; did you mean --",
                   nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
}

static int options_find(const char *name, size_t len)
{
    for (int id = 0; id < CLI_OPTION_COUNT; id++) {
        if (strlen(cli_options[id].name) == len && memcmp(cli_options[id].name, name, len) == 0)
            return id;
    }
    return -1;
}

static baals_status
options_set(struct cli_args *args, enum cli_option_id id, const char *value, baals_error *err)
{
    const struct cli_option *option = &cli_options[id];
    if (option->kind == CLI_OPTION_REPEATED) {
        if (args->repeated_count == CLI_REPEATED_MAX)
            return bl_fail(err, BAALS_LIMIT, "--%s is given too often", option->name);
        args->repeated[args->repeated_count++] = (struct cli_repeated){id, value};
        return BAALS_OK;
    }
    if (args->values[id] != NULL && option->kind == CLI_OPTION_VALUE)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--%s is given twice", option->name);
    args->values[id] = value;
    return BAALS_OK;
}

/* One option at argv[*at]; *at is moved over its value. The first name that is not known is kept
 * for later, since a message about it depends on the command. */
static baals_status options_take(
    struct cli_args *args, const char **unknown, char **argv, int argc, int *at, baals_error *err)
{
    const char *word = argv[*at];
    const char *name = word[1] == '-' ? word + 2 : word + 1;
    size_t len = strcspn(name, "=");
    int id = strcmp(word, "-h") == 0 ? CLI_HELP : word[1] == '-' ? options_find(name, len) : -1;
    if (id < 0) {
        if (*unknown == NULL)
            *unknown = name;
        return BAALS_OK;
    }
    const char *value = name[len] == '=' ? name + len + 1 : NULL;
    if (cli_options[id].kind == CLI_OPTION_FLAG) {
        if (value != NULL)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--%s takes no value", cli_options[id].name);
        value = "";
    } else if (value == NULL) {
        if (*at + 1 >= argc)
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--%s needs a value: %s",
                           cli_options[id].name, cli_options[id].value);
        value = argv[++*at];
    }
    return options_set(args, (enum cli_option_id)id, value, err);
}

/* Every option that is given belongs to the command. */
static baals_status
options_check(const struct cli_args *args, const char *unknown, baals_error *err)
{
    uint64_t allowed = CLI_GLOBAL | args->command->options;
    if (unknown != NULL)
        return options_unknown(args, unknown, err);
    for (int id = 0; id < CLI_OPTION_COUNT; id++) {
        if (args->values[id] != NULL && (allowed & CLI_BIT(id)) == 0)
            return options_unknown(args, cli_options[id].name, err);
    }
    for (size_t i = 0; i < args->repeated_count; i++) {
        if ((allowed & CLI_BIT(args->repeated[i].id)) == 0)
            return options_unknown(args, cli_options[args->repeated[i].id].name, err);
    }
    return BAALS_OK;
}

/* How errors are shown must be known even when the line is wrong. */
static void options_look_ahead(struct cli_args *args, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0)
            args->values[CLI_JSON] = "";
        if (strcmp(argv[i], "--quiet") == 0)
            args->values[CLI_QUIET] = "";
    }
}

baals_status cli_parse(struct cli_args *args, int argc, char **argv, baals_error *err)
{
    const char *unknown = NULL;
    bool only_operands = false;
    memset(args, 0, sizeof *args);
    options_look_ahead(args, argc, argv);
    for (int i = 1; i < argc; i++) {
        if (!only_operands && strcmp(argv[i], "--") == 0) {
            only_operands = true;
        } else if (!only_operands && argv[i][0] == '-' && argv[i][1] != '\0' &&
                   !(argv[i][1] >= '0' && argv[i][1] <= '9')) {
            BL_TRY(options_take(args, &unknown, argv, argc, &i, err));
        } else {
            if (args->operand_count == CLI_OPERANDS_MAX)
                return bl_fail(err, BAALS_LIMIT, "more than %u words", CLI_OPERANDS_MAX);
            args->operands[args->operand_count++] = argv[i];
        }
    }
    BL_TRY(options_take_command(args, err));
    if (args->command == NULL)
        return unknown == NULL ? BAALS_OK
                               : bl_fail(err, BAALS_MISUSE_ARGUMENT,
                                         "no command, and an unknown option -%.60s", unknown);
    if (args->values[CLI_HELP] != NULL)
        return BAALS_OK;
    BL_TRY(options_check(args, unknown, err));
    return options_check_operands(args, err);
}

/* ---- help ---- */

static void help_append(struct bl_buffer *out, const char *text)
{
    bl_buffer_append(out, text, strlen(text));
}

static void help_pad(struct bl_buffer *out, size_t used, size_t width)
{
    do
        help_append(out, " ");
    while (++used < width);
}

static void help_options(struct bl_buffer *out, uint64_t set)
{
    for (int id = 0; id < CLI_OPTION_COUNT; id++) {
        const struct cli_option *option = &cli_options[id];
        if ((set & CLI_BIT(id)) == 0)
            continue;
        size_t start = out->len;
        help_append(out, "  --");
        help_append(out, option->name);
        if (option->value != NULL) {
            help_append(out, " ");
            help_append(out, option->value);
        }
        help_pad(out, out->len - start, 30);
        help_append(out, option->help);
        help_append(out, option->kind == CLI_OPTION_REPEATED ? " (may be repeated)\n" : "\n");
    }
}

static void help_all(struct bl_buffer *out)
{
    help_append(out, "usage: baals COMMAND [OPERANDS] [OPTIONS]\n\n");
    for (size_t i = 0; i < cli_command_count; i++) {
        size_t start = out->len;
        help_append(out, "  ");
        help_append(out, cli_commands[i].name);
        help_append(out, cli_commands[i].operands[0] == '\0' ? "" : " ");
        help_append(out, cli_commands[i].operands);
        help_pad(out, out->len - start, 38);
        help_append(out, cli_commands[i].summary);
        help_append(out, "\n");
    }
    help_append(out, "\nOptions of every command:\n");
    help_options(out, CLI_GLOBAL);
    help_append(out, "\nMore about one command: baals help COMMAND\n");
}

void cli_help(struct bl_buffer *out, const struct cli_command *command)
{
    if (command == NULL) {
        help_all(out);
        return;
    }
    if (command->example != NULL) {
        help_append(out, command->example);
        help_append(out, "\n\n");
    }
    help_append(out, "usage: baals ");
    help_append(out, command->name);
    help_append(out, command->operands[0] == '\0' ? "" : " ");
    help_append(out, command->operands);
    help_append(out, " [OPTIONS]\n\n");
    help_append(out, command->summary);
    help_append(out, "\n");
    if (command->options != 0) {
        help_append(out, "\nOptions:\n");
        help_options(out, command->options);
    }
    help_append(out, "\nOptions of every command:\n");
    help_options(out, CLI_GLOBAL);
}
