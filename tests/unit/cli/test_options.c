/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <string.h>

#include "cli/options.h"

static struct cli_args args;
static baals_error error;

static baals_status parse(const char *const *words)
{
    static char copies[16][64];
    char program[] = "baals";
    char *argv[18] = {program};
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++) {
        snprintf(copies[argc - 1], sizeof copies[0], "%s", words[argc - 1]);
        argv[argc] = copies[argc - 1];
    }
    error.message[0] = '\0';
    return cli_parse(&args, argc, argv, &error);
}

#define PARSE(...) parse((const char *const[]){__VA_ARGS__, NULL})

/* Options stand anywhere, with a value behind them or behind "=". */
static void test_places(void **state)
{
    (void)state;
    assert_ok(PARSE("--json", "send", "--from", "alice", "a", "--nonce=5", "1"));
    assert_string_equal(args.command->name, "send");
    assert_string_equal(args.values[CLI_FROM], "alice");
    assert_string_equal(args.values[CLI_NONCE], "5");
    assert_non_null(args.values[CLI_JSON]);
    assert_int_equal(args.operand_count, 2);
    assert_string_equal(args.operands[1], "1");
}

/* Behind "--" everything is an operand; "-" alone is one, too. */
static void test_operands(void **state)
{
    (void)state;
    assert_ok(PARSE("query", "c", "m", "--", "--json", "-x"));
    assert_null(args.values[CLI_JSON]);
    assert_int_equal(args.operand_count, 4);
    assert_ok(PARSE("export", "-"));
    assert_string_equal(args.operands[0], "-");
}

/* Commands of two words, and groups without their second word. */
static void test_groups(void **state)
{
    (void)state;
    assert_ok(PARSE("inspect", "block", "1"));
    assert_string_equal(args.command->name, "inspect block");
    assert_int_equal(args.operand_count, 1);
    assert_status(PARSE("inspect"), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(error.message, "block"));
    assert_status(PARSE("wallet", "burn"), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(error.message, "burn"));
}

/* Every way to be wrong is an error that names it. */
static void test_errors(void **state)
{
    (void)state;
    assert_status(PARSE("sned", "a", "1"), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(error.message, "\"send\"?"));
    assert_status(PARSE("send", "a"), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(error.message, "AMOUNT"));
    assert_status(PARSE("send", "a", "1", "2"), BAALS_MISUSE_ARGUMENT);
    assert_status(PARSE("send", "a", "1", "--form", "x"), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(error.message, "--from?"));
    assert_status(PARSE("send", "a", "1", "--replay"), BAALS_MISUSE_ARGUMENT);
    assert_status(PARSE("send", "a", "1", "--from"), BAALS_MISUSE_ARGUMENT);
    assert_status(PARSE("send", "a", "1", "--from=a", "--from=b"), BAALS_MISUSE_ARGUMENT);
    assert_status(PARSE("send", "a", "1", "--no-wait=1"), BAALS_MISUSE_ARGUMENT);
    assert_status(PARSE("inspect", "chain", "--alloc", "x=1"), BAALS_MISUSE_ARGUMENT);
    assert_status(PARSE("--bogus"), BAALS_MISUSE_ARGUMENT);
}

/* An option that may be repeated keeps every value, in order. */
static void test_repeated(void **state)
{
    (void)state;
    assert_ok(PARSE("init", "--alloc", "a=1", "--alloc=b=2"));
    assert_int_equal(args.repeated_count, 2);
    assert_string_equal(args.repeated[0].value, "a=1");
    assert_string_equal(args.repeated[1].value, "b=2");
}

/* How to print is known even when the line is wrong. */
static void test_look_ahead(void **state)
{
    (void)state;
    assert_status(PARSE("nothing", "--json"), BAALS_MISUSE_ARGUMENT);
    assert_non_null(args.values[CLI_JSON]);
    assert_status(PARSE("nothing", "--", "--json"), BAALS_MISUSE_ARGUMENT);
    assert_null(args.values[CLI_JSON]);
}

/* Suggestions are near words only. */
static void test_nearest(void **state)
{
    (void)state;
    assert_string_equal(cli_nearest_command("verfy"), "verify");
    assert_string_equal(cli_nearest_command("depoly"), "deploy");
    assert_null(cli_nearest_command("xyzzy"));
    assert_null(cli_nearest_command(""));
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),   cmocka_unit_test(test_operands),
        cmocka_unit_test(test_groups),   cmocka_unit_test(test_errors),
        cmocka_unit_test(test_repeated), cmocka_unit_test(test_look_ahead),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
