/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include "cli_fixture.h"

/* Help and version print to stdout and need nothing; no command shows the list. */
static void test_help(void **state)
{
    struct cli_fixture f;
    (void)state;
    cli_fixture_open(&f, "cli_help");
    cli_fixture_ok(&f, "");
    assert_non_null(strstr(f.out, "usage: baals COMMAND"));
    cli_fixture_ok(&f, "help inspect block");
    assert_non_null(strstr(f.out, "usage: baals inspect block"));
    cli_fixture_ok(&f, "send --help");
    assert_non_null(strstr(f.out, "--memo"));
    cli_fixture_ok(&f, "version --json");
    assert_string_equal(cli_fixture_member(&f, "version"), baals_version());
    cli_fixture_fails(&f, "help nothing", 2, "E-ARGUMENT");
    cli_fixture_close(&f);
}

/* With --json an error is one object on stdout and nothing on stderr; without it the reverse. */
static void test_streams(void **state)
{
    struct cli_fixture f;
    (void)state;
    cli_fixture_open(&f, "cli_streams");
    assert_int_equal(cli_fixture_run(&f, "inspect chain --json"), 5);
    assert_string_equal(f.err, "");
    assert_non_null(strstr(f.out, "\"code\":\"E-NO-CHAIN\""));
    cli_fixture_fails(&f, "inspect chain", 5, "E-NO-CHAIN");
    assert_string_equal(f.out, "");
    assert_non_null(strstr(f.err, "hint: "));
    /* Also when the line itself is wrong. */
    assert_int_equal(cli_fixture_run(&f, "nonsense --json"), 2);
    assert_non_null(strstr(f.out, "\"code\":\"E-ARGUMENT\""));
    cli_fixture_close(&f);
}

/* Numbers and addresses of options name what they belong to. */
static void test_numbers(void **state)
{
    uint64_t value = 3;
    baals_address address;
    baals_error error = {.message = ""};
    (void)state;
    assert_ok(cli_number(&value, "18446744073709551615", "X", &error));
    assert_true(value == UINT64_MAX);
    assert_status(cli_number(&value, "1x", "AMOUNT", &error), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(error.message, "AMOUNT"));
    assert_status(cli_address(&address, "bl1", "TO", &error), BAALS_MISUSE_ADDRESS);
    assert_non_null(strstr(error.message, "TO"));
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
