/* SPDX-License-Identifier: MIT */
/*
 * Properties over a contract that counts wrong from its third call on: what is found is
 * the same for a seed, and as small as it can be.
 */
#include "scenario_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "testlib_wat.h"

/* add: counts its calls in storage, but the third one makes it 20 (and 24 would be two bytes). get
 * outputs the count, which is its own encoding. */
static const char wrong_wat[] =
    "(module (import \"baals1\" \"storage_read\" (func $r (param i32 i32 i32 i32) (result i32)))"
    " (import \"baals1\" \"storage_write\" (func $w (param i32 i32 i32 i32)))"
    " (import \"baals1\" \"output\" (func $o (param i32 i32)))"
    " (memory 1) (data (i32.const 0) \"k\")"
    " (func (export \"add\") (local $n i32)"
    "  (drop (call $r (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 1)))"
    "  (local.set $n (i32.add (i32.load8_u (i32.const 8)) (i32.const 1)))"
    "  (if (i32.eq (local.get $n) (i32.const 3)) (then (local.set $n (i32.const 20))))"
    "  (if (i32.eq (local.get $n) (i32.const 24)) (then (local.set $n (i32.const 20))))"
    "  (i32.store8 (i32.const 8) (local.get $n))"
    "  (call $w (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 1)))"
    " (func (export \"get\")"
    "  (drop (call $r (i32.const 0) (i32.const 1) (i32.const 8) (i32.const 1)))"
    "  (call $o (i32.const 8) (i32.const 1))))";

/* [ {}, [add: call, get: view -> u8], [], [] ] as the section wants it (docs/spec/abi.md). */
static const uint8_t wrong_abi[] = {0x86, 0x01, 0x60, 0x80, 0x82, 0x85, 0x63, 'a',  'd',
                                    'd',  0x00, 0x80, 0xf6, 0x60, 0x85, 0x63, 'g',  'e',
                                    't',  0x01, 0x80, 0x62, 'u',  '8',  0x60, 0x80, 0x80};

static char *write_module(const char *dir)
{
    static char path[700];
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, wrong_wat);
    uint8_t *whole = malloc(len + 100);
    static const char name[] = "baals_abi";
    size_t name_len = sizeof name - 1;
    assert_non_null(whole);
    memcpy(whole, code, len);
    whole[len] = 0;
    whole[len + 1] = (uint8_t)(1 + name_len + sizeof wrong_abi);
    whole[len + 2] = (uint8_t)name_len;
    memcpy(whole + len + 3, name, name_len);
    memcpy(whole + len + 3 + name_len, wrong_abi, sizeof wrong_abi);
    (void)snprintf(path, sizeof path, "%s/wrong.wasm", dir);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    size_t all = len + 3 + name_len + sizeof wrong_abi;
    assert_int_equal(fwrite(whole, 1, all, file), all);
    assert_int_equal(fclose(file), 0);
    free(whole);
    free(code);
    return path;
}

static void search(struct cli_finding *finding, const char *module, const char *most, uint64_t seed)
{
    struct scenario_fixture *fx = scenario_open();
    char text[2048];
    (void)snprintf(
        text, sizeof text,
        "{'format':1,'modules':{'w':'%s'},'accounts':{'a':1000,'b':1000},'scenarios':[],"
        "'properties':[{'name':'p','runs':5,'length':12,'setup':[{'deploy':'w','from':'a'}],"
        "'calls':[{'call':'w.add','from':['a','b'],'weight':3},"
        "{'call':'w.get','from':['a']}],"
        "'invariants':[{'name':'small','left':{'view':'w.get'},'is':'<=','right':%s}]}]}",
        module, most);
    assert_ok(scenario_parse(fx, text));
    finding->message[0] = '\0';
    assert_ok(cli_scenario_property(&fx->cli, finding, &fx->file,
                                    bl_json_at(fx->file.properties, 0), seed, &fx->err));
    scenario_close(fx);
}

/* The calls of a finding. */
static size_t count_calls(const char *message)
{
    size_t count = 0;
    for (const char *at = message; (at = strstr(at, "\"call\"")) != NULL; at++)
        count++;
    return count;
}

/* Three calls of add are the least that break it, whatever was drawn; the seed decides all. */
static void test_smallest(void **state)
{
    (void)state;
    char dir[512];
    struct cli_finding finding;
    struct cli_finding again;
    testlib_temp_dir(dir, sizeof dir, "property");
    const char *module = write_module(dir);
    for (uint64_t seed = 1; seed <= 3; seed++) {
        search(&finding, module, "19", seed);
        search(&again, module, "19", seed);
        assert_string_equal(finding.message, again.message);
        assert_non_null(strstr(finding.message, "small: 20 <= 19 does not hold (seed "));
        assert_int_equal(count_calls(finding.message), 3);
        assert_null(strstr(finding.message, "w.get\""));
    }
    testlib_remove_tree(dir);
}

/* A property that holds has no finding. */
static void test_holds(void **state)
{
    (void)state;
    char dir[512];
    struct cli_finding finding;
    testlib_temp_dir(dir, sizeof dir, "property");
    search(&finding, write_module(dir), "255", 1);
    assert_string_equal(finding.message, "");
    testlib_remove_tree(dir);
}

/* A setup that does not work is told as such, not taken for a counterexample of calls. */
static void test_setup(void **state)
{
    (void)state;
    struct cli_finding finding;
    search(&finding, "absent.wasm", "255", 1);
    assert_non_null(strstr(finding.message, "after 0 calls"));
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_holds),
        cmocka_unit_test(test_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
