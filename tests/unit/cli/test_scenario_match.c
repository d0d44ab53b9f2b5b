/* SPDX-License-Identifier: MIT */
/* What an expectation matches, and how a difference is told. */
#include "scenario_fixture.h"

static void compare(struct cli_finding *finding, const char *expected, const char *actual)
{
    static struct cli_scenario_run run;
    struct bl_json_doc wanted = {0};
    struct bl_json_doc got = {0};
    char *expected_text = scenario_text(expected);
    char *actual_text = scenario_text(actual);
    memset(&run, 0, sizeof run);
    run.name_count = 1;
    (void)snprintf(run.names[0].name, sizeof run.names[0].name, "alice");
    (void)snprintf(run.names[0].text, sizeof run.names[0].text, "bl1alice");
    assert_ok(bl_json_parse(&wanted, bl_slice_str(expected_text), 4096, NULL));
    assert_ok(bl_json_parse(&got, bl_slice_str(actual_text), 4096, NULL));
    finding->message[0] = '\0';
    cli_scenario_match(finding, &run, "at", wanted.root, got.root);
    bl_json_free(&wanted);
    bl_json_free(&got);
    free(expected_text);
    free(actual_text);
}

/* Members that are not named, numbers as digits, and names of accounts match. */
static void test_matches(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{}", "{'a':1}"},
        {"{'a':1}", "{'a':'1','b':2}"},
        {"{'a':'18446744073709551615'}", "{'a':'18446744073709551615'}"},
        {"{'a':'$alice'}", "{'a':'bl1alice'}"},
        {"{'a':'$bob'}", "{'a':'$bob'}"},
        {"{'a':null,'b':true}", "{'a':null,'b':true}"},
        {"[]", "[]"},
        {"[{'x':1},{}]", "[{'x':1,'y':2},{'z':3}]"},
    };
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct cli_finding finding;
        compare(&finding, rows[i][0], rows[i][1]);
        if (finding.message[0] != '\0')
            fail_msg("%s and %s: %s", rows[i][0], rows[i][1], finding.message);
    }
}

/* The first difference is told with its place and both values. */
static void test_differences(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"{'a':1}", "{'a':2}", "at.a: expected 1, got 2"},
        {"{'a':1}", "{}", "at.a: expected 1, got nothing"},
        {"{'a':{'b':1}}", "{'a':5}", "at.a: expected {\"b\":1}, got 5"},
        {"{'a':null}", "{'a':0}", "at.a: expected null, got 0"},
        {"{'a':true}", "{'a':1}", "at.a: expected true, got 1"},
        {"{'a':'$alice'}", "{'a':'bl1bob'}", "at.a: expected \"$alice\", got \"bl1bob\""},
        {"[1]", "[1,2]", "at: expected [1], got [1,2]"},
        {"[1,2]", "[1]", "at: expected [1,2], got [1]"},
        {"[1]", "{}", "at: expected [1], got {}"},
        {"[{},{'x':1}]", "[{},{'x':2}]", "at[1].x: expected 1, got 2"},
        {"{'a':'x'}", "{'a':['x']}", "at.a: expected \"x\", got [\"x\"]"},
    };
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct cli_finding finding;
        compare(&finding, rows[i][0], rows[i][1]);
        assert_string_equal(finding.message, rows[i][2]);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_differences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
