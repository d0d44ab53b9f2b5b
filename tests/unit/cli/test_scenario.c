/* SPDX-License-Identifier: MIT */
/* Scenario files: what is read, and what is refused with its place. */
#include "scenario_fixture.h"

#include <stdio.h>

/* A file with one part of it given. */
static void file_text(char *out, size_t size, const char *part, const char *value)
{
    const char *modules = strcmp(part, "modules") == 0 ? value : "{'m':'m.wasm'}";
    const char *accounts = strcmp(part, "accounts") == 0 ? value : "{'a':1}";
    const char *scenarios = strcmp(part, "scenarios") == 0 ? value : "[]";
    const char *rest = strcmp(part, "rest") == 0 ? value : "";
    char step[512] = "";
    char property[2048] = "";
    if (strcmp(part, "step") == 0) {
        (void)snprintf(step, sizeof step, "[{'name':'n','steps':[%s]}]", value);
        scenarios = step;
    }
    if (strcmp(part, "property") == 0) {
        (void)snprintf(property, sizeof property, ",'properties':[%s]", value);
        rest = property;
    }
    (void)snprintf(out, size, "{'format':1,'modules':%s,'accounts':%s,'scenarios':%s%s}", modules,
                   accounts, scenarios, rest);
}

static const struct {
    const char *part;
    const char *value;
    const char *place;
} refused[] = {
    {"modules", "[]", "modules: expected an object, got an array"},
    {"modules", "{'a b':'x'}", "modules.a b: expected a name"},
    {"modules", "{'m':1}", "modules.m: expected the path of a module, got"},
    {"modules", "{'':'x'}", "modules.: expected a name"},
    {"accounts", "5", "accounts: expected an object"},
    {"accounts", "{'a':-1}", "accounts.a: expected a balance"},
    {"accounts", "{'a':1.5}", "accounts.a: expected a balance"},
    {"accounts", "{'a':'1e3'}", "accounts.a: expected a balance, got a string"},
    {"accounts", "{'a':null}", "accounts.a: expected a balance, got null"},
    {"accounts", "{'a-b':1}", "accounts.a-b: expected a name"},
    {"accounts", "{'a':'18446744073709551616'}", "accounts.a: expected a balance"},
    {"scenarios", "{}", "scenarios: expected an array, got an object"},
    {"scenarios", "[5]", "scenarios[0]: expected an object"},
    {"scenarios", "[{}]", "scenarios[0].name: expected a text, got nothing"},
    {"scenarios", "[{'name':'n'}]", "scenarios[0].steps: expected an array, got nothing"},
    {"scenarios", "[{'name':1,'steps':[]}]", "scenarios[0].name: expected a text"},
    {"scenarios", "[{'name':'n','steps':{}}]", "scenarios[0].steps: expected an array"},
    {"scenarios", "[{'name':'n','steps':[],'x':1}]", "scenarios[0].x: there is no such member"},
    {"scenarios", "[{'name':'n','steps':[7]}]", "scenarios[0].steps[0]: expected an object"},
    {"scenarios", "[{'name':'n','steps':[]},{'name':'m','steps':[]},{'name':'n','steps':[]}]",
     "scenarios[2].name: [0] has it, too"},
    {"rest", ",'start_ms':'soon'", "start_ms: expected a whole number, got a string"},
    {"rest", ",'start_ms':-1", "start_ms: expected a whole number"},
    {"rest", ",'about':5", "about: expected a text"},
    {"rest", ",'extra':5", "extra: there is no such member"},
    {"rest", ",'properties':{}", "properties: expected an array"},
    {"step", "{}", "scenarios[0].steps[0]: expected one of deploy, call"},
    {"step", "{'calls':'m.x','from':'a'}", "expected one of deploy, call"},
    {"step", "{'call':'m','from':'a'}", "steps[0].call: expected CONTRACT.METHOD, got a string"},
    {"step", "{'call':'.x','from':'a'}", "steps[0].call: expected CONTRACT.METHOD"},
    {"step", "{'call':'m.','from':'a'}", "steps[0].call: expected CONTRACT.METHOD"},
    {"step", "{'call':5,'from':'a'}", "steps[0].call: expected CONTRACT.METHOD"},
    {"step", "{'call':'m.x'}", "steps[0].from: expected a name"},
    {"step", "{'call':'m.x','from':'$a'}", "steps[0].from: expected a name"},
    {"step", "{'call':'m.x','from':'a','args':{}}", "steps[0].args: expected an array"},
    {"step", "{'call':'m.x','from':'a','args':'1'}", "steps[0].args: expected an array"},
    {"step", "{'call':'m.x','from':'a','value':true}", "steps[0].value: expected a whole"},
    {"step", "{'call':'m.x','from':'a','gas':'many'}", "steps[0].gas: expected a whole"},
    {"step", "{'call':'m.x','from':'a','expects':{}}", "steps[0].expects: there is no such"},
    {"step", "{'call':'m.x','from':'a','expect':[]}", "steps[0].expect: expected an object"},
    {"step", "{'call':'m.x','from':'a','rejected':5}", "steps[0].rejected: expected a text"},
    {"step", "{'call':'m.x','from':'a','as':'y'}", "steps[0].as: there is no such member"},
    {"step", "{'deploy':'m'}", "steps[0].from: expected a name"},
    {"step", "{'deploy':'m m','from':'a'}", "steps[0].deploy: expected a name"},
    {"step", "{'deploy':'m','from':'a','as':''}", "steps[0].as: expected a name"},
    {"step", "{'deploy':'m','from':'a','amount':5}", "steps[0].amount: there is no such"},
    {"step", "{'send':'a','amount':1,'from':'a'}", "steps[0].send: expected $NAME"},
    {"step", "{'send':'$','amount':1,'from':'a'}", "steps[0].send: expected $NAME"},
    {"step", "{'send':'$a','from':'a'}", "steps[0].amount: expected a whole number"},
    {"step", "{'send':'$a','amount':[],'from':'a'}", "steps[0].amount: expected a whole"},
    {"step", "{'view':'m'}", "steps[0].view: expected CONTRACT.METHOD"},
    {"step", "{'view':'m.x','value':1}", "steps[0].value: there is no such member"},
    {"step", "{'advance_ms':'a'}", "steps[0].advance_ms: expected a whole number"},
    {"step", "{'advance_ms':1,'from':'a'}", "steps[0].from: there is no such member"},
    {"step", "{'balance':'$a'}", "steps[0].is: expected a whole number, got nothing"},
    {"step", "{'balance':'a','is':1}", "steps[0].balance: expected $NAME"},
    {"property", "{}", "properties[0].name: expected a text"},
    {"property", "{'name':'p','setup':[],'calls':[],'invariants':[]}",
     "properties[0].calls: expected 1 to"},
    {"property", "{'name':'p','setup':[{}],'calls':[{'call':'m.x','from':['a']}],'invariants':[]}",
     "properties[0].setup[0]: expected one of"},
    {"property", "{'name':'p','setup':[],'calls':[{'call':'m.x','from':[]}],'invariants':[]}",
     "properties[0].calls[0].from: expected 1 to"},
    {"property", "{'name':'p','setup':[],'calls':[{'call':'m.x','from':'a'}],'invariants':[]}",
     "properties[0].calls[0].from: expected an array"},
    {"property",
     "{'name':'p','setup':[],'calls':[{'call':'m.x','from':['a'],'args':[{'$int':[5,1]}]}],"
     "'invariants':[]}",
     "properties[0].calls[0].args[0]: expected {\"$int\": [least, greatest]}"},
    {"property",
     "{'name':'p','setup':[],'calls':[{'call':'m.x','from':['a'],'args':[{'$one_of':[]}]}],"
     "'invariants':[]}",
     "properties[0].calls[0].args[0]: expected choices"},
    {"property", "{'name':'p','setup':[],'calls':[{'call':'m.x','from':['a']}],'invariants':[]}",
     "properties[0].invariants: expected 1 to"},
    {"property",
     "{'name':'p','setup':[],'calls':[{'call':'m.x','from':['a']}],"
     "'invariants':[{'name':'i','left':1,'is':'=','right':1}]}",
     "properties[0].invariants[0].is: expected ==, <= or >="},
    {"property",
     "{'name':'p','setup':[],'calls':[{'call':'m.x','from':['a']}],"
     "'invariants':[{'name':'i','left':[],'is':'==','right':1}]}",
     "properties[0].invariants[0].left: expected a number, a view"},
    {"property",
     "{'name':'p','setup':[],'calls':[{'call':'m.x','from':['a']}],"
     "'invariants':[{'name':'i','left':1,'is':'==','right':{'view':'m.x','balance':'$a'}}]}",
     "properties[0].invariants[0].right: expected one of view, balance, sum"},
    {"property",
     "{'name':'p','setup':[],'runs':0,'calls':[{'call':'m.x','from':['a']}],"
     "'invariants':[{'name':'i','left':1,'is':'==','right':1}]}",
     "properties[0].runs: expected 1 to"},
    {"property",
     "{'name':'p','setup':[],'length':201,'calls':[{'call':'m.x','from':['a']}],"
     "'invariants':[{'name':'i','left':1,'is':'==','right':1}]}",
     "properties[0].length: expected 1 to 200"},
};

/* Everything that is not as the guide says is refused, and the message names the place. */
static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT_OF(refused); i++) {
        struct scenario_fixture *fx = scenario_open();
        char text[4096];
        file_text(text, sizeof text, refused[i].part, refused[i].value);
        if (scenario_parse(fx, text) != BAALS_MISUSE_ARGUMENT ||
            strstr(fx->err.message, refused[i].place) == NULL)
            fail_msg("%s %s: %s", refused[i].part, refused[i].value, fx->err.message);
        assert_non_null(strstr(fx->err.message, "dir/x.scenario.json"));
        scenario_close(fx);
    }
    printf("%zu files refused\n", BL_COUNT_OF(refused));
}

/* Text that is no JSON, and a later format, are told apart. */
static void test_not_a_file(void **state)
{
    (void)state;
    struct scenario_fixture *fx = scenario_open();
    assert_status(scenario_parse(fx, "{"), BAALS_MISUSE_ARGUMENT);
    assert_status(scenario_parse(fx, ""), BAALS_MISUSE_ARGUMENT);
    assert_status(scenario_parse(fx, "[]"), BAALS_MISUSE_ARGUMENT);
    assert_status(scenario_parse(fx, "{'format':2,'modules':{},'accounts':{},'scenarios':[]}"),
                  BAALS_UNSUPPORTED_VERSION);
    assert_ok(scenario_parse(fx, "{'format':1,'modules':{},'accounts':{},'scenarios':[]}"));
    assert_string_equal(fx->file.dir, "dir");
    assert_true(fx->file.start_ms == CLI_SCENARIO_START_MS);
    scenario_close(fx);
}

/* More accounts than there may be are refused, not cut off. */
static void test_too_many(void **state)
{
    (void)state;
    struct scenario_fixture *fx = scenario_open();
    char text[4096] = "{'format':1,'modules':{},'scenarios':[],'accounts':{";
    for (unsigned i = 0; i <= CLI_SCENARIO_ACCOUNTS_MAX; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "%s'a%u':1",
                       i == 0 ? "" : ",", i);
    (void)snprintf(text + strlen(text), sizeof text - strlen(text), "}}");
    assert_status(scenario_parse(fx, text), BAALS_MISUSE_ARGUMENT);
    assert_non_null(strstr(fx->err.message, "accounts: more than 32"));
    scenario_close(fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_not_a_file),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
