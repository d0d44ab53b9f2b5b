/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <string.h>

#include "cli/options.h"

/* Every option has a name of its own, help, and a value exactly when it takes one. */
static void test_options_are_whole(void **state)
{
    (void)state;
    for (int i = 0; i < CLI_OPTION_COUNT; i++) {
        const struct cli_option *option = &cli_options[i];
        assert_non_null(option->name);
        assert_non_null(option->help);
        assert_int_equal(option->value == NULL, option->kind == CLI_OPTION_FLAG);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(option->name, cli_options[j].name);
    }
}

/* Every command has a name of its own and a summary, is found by its words, and uses known options.
 */
static void test_commands_are_whole(void **state)
{
    uint64_t used = CLI_GLOBAL;
    (void)state;
    for (size_t i = 0; i < cli_command_count; i++) {
        const struct cli_command *command = &cli_commands[i];
        char first[32];
        const char *space = strchr(command->name, ' ');
        size_t len = space == NULL ? strlen(command->name) : (size_t)(space - command->name);
        memcpy(first, command->name, len);
        first[len] = '\0';
        assert_ptr_equal(cli_command_find(first, space == NULL ? NULL : space + 1), command);
        assert_true(command->summary[0] != '\0');
        assert_true(command->options < CLI_BIT(CLI_OPTION_COUNT));
        used |= command->options;
    }
    assert_true(used == CLI_BIT(CLI_OPTION_COUNT) - 1);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_are_whole),
        cmocka_unit_test(test_commands_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
