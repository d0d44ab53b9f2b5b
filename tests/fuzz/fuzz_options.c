/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a command line, a word per line: it is taken apart within the limits, with options
 * that the command knows and texts that are the words', or refused with a reason.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OPTIONS_WORDS_MAX 2000

/* Whether a text lies within the words; a flag that is given is the empty text. */
static void options_check_text(const char *text, const char *words, size_t size)
{
    BL_ASSERT(text[0] == '\0' || (text >= words && text <= words + size));
}

static void options_check_args(const struct cli_args *args, const char *words, size_t size)
{
    BL_ASSERT(args->operand_count <= CLI_OPERANDS_MAX);
    BL_ASSERT(args->repeated_count <= CLI_REPEATED_MAX);
    for (size_t i = 0; i < args->operand_count; i++)
        options_check_text(args->operands[i], words, size);
    uint64_t given = 0;
    for (size_t i = 0; i < args->repeated_count; i++) {
        BL_ASSERT(cli_options[args->repeated[i].id].kind == CLI_OPTION_REPEATED);
        options_check_text(args->repeated[i].value, words, size);
        given |= CLI_BIT(args->repeated[i].id);
    }
    for (size_t id = 0; id < CLI_OPTION_COUNT; id++) {
        if (args->values[id] == NULL)
            continue;
        options_check_text(args->values[id], words, size);
        given |= CLI_BIT(id);
    }
    if (args->command == NULL || args->values[CLI_HELP] != NULL)
        return;
    BL_ASSERT(args->command >= cli_commands && args->command < cli_commands + cli_command_count);
    BL_ASSERT((given & ~(CLI_GLOBAL | args->command->options)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cli_args args;
    static char program[] = "baals";
    char *argv[OPTIONS_WORDS_MAX + 2] = {program};
    int argc = 1;
    char *words = malloc(size + 1);
    BL_ASSERT(words != NULL);
    if (size > 0)
        memcpy(words, data, size);
    words[size] = '\0';
    for (char *word = words; word != NULL && argc <= OPTIONS_WORDS_MAX;) {
        char *end = strchr(word, '\n');
        if (end != NULL)
            *end = '\0';
        argv[argc++] = word;
        word = end != NULL ? end + 1 : NULL;
    }
    baals_error err = {.status = BAALS_OK};
    baals_status status = cli_parse(&args, argc, argv, &err);
    if (status == BAALS_OK)
        options_check_args(&args, words, size);
    else
        BL_ASSERT(err.status == (int32_t)status && err.message[0] != '\0');
    for (int i = 1; i < argc && i < 8; i++) {
        const char *nearest = cli_nearest_command(argv[i]);
        BL_ASSERT(nearest == NULL || nearest[0] != '\0');
    }
    free(words);
    return 0;
}
