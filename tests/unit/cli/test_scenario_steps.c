/* SPDX-License-Identifier: MIT */
/*
 * Steps on a chain in memory: transfers, time, refusals. Contracts are in
 * tests/integration/test_scenarios.py, which has a compiler.
 */
#include "scenario_fixture.h"

#include <stdio.h>

static size_t run_steps(struct scenario_fixture *fx, const char *steps)
{
    char text[4096];
    cli_scenario_free(&fx->file);
    (void)snprintf(text, sizeof text,
                   "{'format':1,'modules':{},'accounts':{'a':100,'b':'5','none':0},"
                   "'scenarios':[{'name':'n','steps':[%s]}]}",
                   steps);
    assert_ok(scenario_parse(fx, text));
    return scenario_run(fx);
}

/* Money moves without a fee, and every scenario begins with the file's balances. */
static void test_transfers(void **state)
{
    (void)state;
    struct scenario_fixture *fx = scenario_open();
    for (int round = 0; round < 2; round++) {
        size_t done = run_steps(fx, "{'balance':'$a','is':100},"
                                    "{'send':'$b','amount':30,'from':'a'},"
                                    "{'balance':'$a','is':70},{'balance':'$b','is':35},"
                                    "{'send':'$none','amount':'35','from':'b'},"
                                    "{'balance':'$none','is':35},{'balance':'$b','is':0}");
        assert_string_equal(fx->finding.message, "");
        assert_int_equal(done, 7);
    }
    scenario_close(fx);
}

/* A refusal is expected by its code; another end than the expected one is a finding. */
static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *steps;
        size_t done;
        const char *finding;
    } rows[] = {
        {"{'send':'$a','amount':6,'from':'b','rejected':'E-BALANCE'}", 1, ""},
        {"{'send':'$a','amount':6,'from':'b'}", 0, "it was rejected with E-BALANCE"},
        {"{'send':'$a','amount':6,'from':'b','rejected':'E-NONCE'}", 0,
         "it was rejected with E-BALANCE"},
        {"{'send':'$a','amount':5,'from':'b','rejected':'E-BALANCE'}", 0,
         "expected to be rejected with E-BALANCE, it was included"},
        {"{'send':'$a','amount':5,'from':'b','expect':{'status':'REVERT'}}", 0,
         "status: expected \"REVERT\", got \"OK\""},
        {"{'send':'$a','amount':5,'from':'b','expect':{'status':'OK','gas_used':0}}", 0,
         "gas_used: expected 0"},
        {"{'balance':'$a','is':99}", 0, "the balance of $a: expected 99, got 100"},
        {"{'balance':'$nobody','is':0}", 0, "there is no \"$nobody\" here"},
        {"{'send':'$nobody','amount':1,'from':'a'}", 0, "there is no \"$nobody\" here"},
        {"{'send':'$a','amount':1,'from':'nobody'}", 0, "there is no account \"nobody\""},
        {"{'call':'a.x','from':'a'}", 0, "there is no contract \"a\" here"},
        {"{'view':'c.x'}", 0, "there is no contract \"c\" here"},
        {"{'deploy':'c','from':'a'}", 0, "there is no module \"c\""},
        {"{'advance_ms':'18446744073709551615'}", 0, "the clock does not go that far"},
        {"{'send':'$a','amount':1,'from':'b','gas':1}", 0, "it was rejected with"},
    };
    struct scenario_fixture *fx = scenario_open();
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        size_t done = run_steps(fx, rows[i].steps);
        bool told = rows[i].finding[0] == '\0'
                        ? fx->finding.message[0] == '\0'
                        : strstr(fx->finding.message, rows[i].finding) != NULL;
        if (done != rows[i].done || !told)
            fail_msg("%s: %zu done, %s", rows[i].steps, done, fx->finding.message);
    }
    scenario_close(fx);
}

/* Time stands still but for what a step says, and a block has the time of its step. */
static void test_time(void **state)
{
    (void)state;
    struct scenario_fixture *fx = scenario_open();
    assert_int_equal(run_steps(fx, "{'send':'$b','amount':1,'from':'a'},{'advance_ms':60000},"
                                   "{'send':'$b','amount':1,'from':'a'}"),
                     3);
    assert_true(fx->run.now_ms == CLI_SCENARIO_START_MS + 1000 + 1 + 60000 + 1);
    scenario_close(fx);
}

/* A step is described by its verb, what it is about, and who does it. */
static void test_describe(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"call\":\"t.transfer\",\"from\":\"bob\"}", "call t.transfer by bob"},
        {"{\"advance_ms\":5}", "advance_ms 5"},
        {"{\"balance\":\"$a\",\"is\":5}", "balance $a"},
    };
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct bl_json_doc doc = {0};
        char text[100];
        assert_ok(bl_json_parse(&doc, bl_slice_str(rows[i][0]), 1000, NULL));
        cli_scenario_describe(text, sizeof text, doc.root);
        assert_string_equal(text, rows[i][1]);
        bl_json_free(&doc);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transfers),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_describe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
