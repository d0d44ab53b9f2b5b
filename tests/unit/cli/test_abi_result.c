/* SPDX-License-Identifier: MIT */
/*
 * One member at a time of what contracts say. Whole results are in test_abi_command.c and
 * tests/integration/test_trace.py.
 */
#include "trace_fixture.h"

/* The bytes 01 x 32 are the contract in `inner`; 8107 is [7]. */
#define INNER                                                                                      \
    "815820"                                                                                       \
    "0101010101010101010101010101010101010101010101010101010101010101"

/* Goal: arguments by name; none where they do not fit, and why. */
static void test_arguments(void **state)
{
    struct trace_fixture fx;
    struct bl_json_doc doc;
    (void)state;
    trace_open(&fx);
    trace_parse(&fx, &doc, "\"" INNER "\"");
    assert_ok(cli_abi_put_arguments(&fx.cli, &fx.w, &fx.abi, "nest", doc.root, &fx.err));
    assert_non_null(strstr(trace_written(&fx), "\"arguments\":{\"inner\":\"blc1"));
    bl_json_free(&doc);
    trace_parse(&fx, &doc, "\"80\"");
    assert_ok(cli_abi_put_arguments(&fx.cli, &fx.w, &fx.abi, "nest", doc.root, &fx.err));
    assert_non_null(strstr(trace_written(&fx), "\"abi_error\":\"not as described"));
    assert_null(strstr(trace_written(&fx), "arguments\""));
    bl_json_free(&doc);
    trace_parse(&fx, &doc, "\"\"");
    assert_ok(cli_abi_put_arguments(&fx.cli, &fx.w, &fx.abi, "spin", doc.root, &fx.err));
    assert_string_equal(trace_written(&fx), "\"arguments\":{}");
    bl_json_free(&doc);
    trace_parse(&fx, &doc, "\"80\"");
    assert_ok(cli_abi_put_arguments(&fx.cli, &fx.w, &fx.abi, "unknown", doc.root, &fx.err));
    assert_ok(cli_abi_put_arguments(&fx.cli, &fx.w, &fx.abi, NULL, doc.root, &fx.err));
    assert_ok(cli_abi_put_arguments(&fx.cli, &fx.w, NULL, "spin", doc.root, &fx.err));
    assert_int_equal(fx.out.len, 0);
    bl_json_free(&doc);
    trace_close(&fx);
}

/* Goal: output by its type, a revert by its code. */
static void test_returned_and_revert(void **state)
{
    struct trace_fixture fx;
    struct bl_json_doc doc;
    (void)state;
    trace_open(&fx);
    trace_parse(&fx, &doc,
                "{\"code\":5,\"other\":6,\"big\":4294967296,\"fields\":\"8107\",\"n\":\"05\"}");
    const struct bl_json *fields = bl_json_member(doc.root, "fields");
    assert_ok(cli_abi_put_returned(&fx.cli, &fx.w, &fx.abi, "nest", bl_json_member(doc.root, "n"),
                                   &fx.err));
    static const char *const codes[] = {"other", "big", "missing"};
    for (size_t i = 0; i < BL_COUNT_OF(codes); i++)
        assert_ok(cli_abi_put_revert(&fx.cli, &fx.w, &fx.abi, bl_json_member(doc.root, codes[i]),
                                     fields, &fx.err));
    assert_ok(cli_abi_put_revert(&fx.cli, &fx.w, &fx.abi, bl_json_member(doc.root, "code"), fields,
                                 &fx.err));
    assert_string_equal(trace_written(&fx),
                        "\"returned\":\"5\",\"revert\":{\"name\":\"too_much\",\"doc\":\"\","
                        "\"fields\":{\"held\":\"7\"}}");
    bl_json_free(&doc);
    trace_close(&fx);
}

/* Goal: an event keeps its bytes; the description is that of its contract, or of what was made. */
static void test_event(void **state)
{
    static const char event[] =
        "{\"contract\":\"@\",\"topics\":[\"646f6e6500000000000000000000000000000000000000000000000"
        "000000000\"],\"data\":\"8107\"}";
    struct trace_fixture fx;
    struct bl_json_doc doc;
    (void)state;
    trace_open(&fx);
    trace_parse(&fx, &doc, event);
    assert_ok(cli_abi_put_event(&fx.cli, &fx.w, NULL, NULL, doc.root, &fx.err));
    const char *out = trace_written(&fx);
    assert_non_null(
        strstr(out, "\"data\":\"8107\",\"name\":\"done\",\"fields\":{\"count\":\"7\"}"));
    bl_json_free(&doc);
    trace_parse(&fx, &doc, event);
    fx.cli.abis[0].abi = NULL;
    assert_ok(cli_abi_put_event(&fx.cli, &fx.w, &fx.abi, fx.known, doc.root, &fx.err));
    assert_non_null(strstr(trace_written(&fx), "\"name\":\"done\""));
    bl_json_free(&doc);
    trace_parse(&fx, &doc, event);
    assert_ok(cli_abi_put_event(&fx.cli, &fx.w, &fx.abi, NULL, doc.root, &fx.err));
    assert_null(strstr(trace_written(&fx), "name"));
    bl_json_free(&doc);
    trace_close(&fx);
}

/* Goal: answers that are not what a node sends are said, not followed. */
static void test_bad_answers(void **state)
{
    static const char *const events[] = {
        "{\"contract\":\"@\",\"topics\":[],\"data\":\"8\"}",
        "{\"contract\":\"x\",\"topics\":[],\"data\":\"\"}",
        "{\"contract\":\"@\",\"topics\":[5],\"data\":\"\"}",
        "{\"contract\":\"@\",\"topics\":[1,2,3,4,5,6,7,8,9],\"data\":\"\"}",
        "[]",
    };
    struct trace_fixture fx;
    struct bl_json_doc doc;
    (void)state;
    trace_open(&fx);
    for (size_t i = 0; i < BL_COUNT_OF(events); i++) {
        trace_parse(&fx, &doc, events[i]);
        assert_int_not_equal(cli_abi_put_event(&fx.cli, &fx.w, NULL, NULL, doc.root, &fx.err),
                             BAALS_OK);
        bl_json_free(&doc);
    }
    const struct cli_abi *abi = &fx.abi;
    trace_parse(&fx, &doc, "\"no address\"");
    assert_ok(cli_abi_try(&fx.cli, &abi, doc.root, &fx.err));
    assert_null(abi);
    bl_json_free(&doc);
    trace_parse(&fx, &doc, "[\"no object\"]");
    assert_status(cli_abi_put_result(&fx.cli, &fx.w, doc.root, NULL, NULL, &fx.err),
                  BAALS_INTERNAL);
    bl_json_free(&doc);
    trace_close(&fx);
}

/* Goal: beyond what a run remembers nothing is asked for: here, without a chain, that would fail.
 */
static void test_remembered(void **state)
{
    struct trace_fixture fx;
    struct bl_json_doc doc;
    const struct cli_abi *abi = NULL;
    (void)state;
    trace_open(&fx);
    trace_parse(&fx, &doc, "\"@\"");
    fx.cli.abis[CLI_ABI_CACHE - 1] = fx.cli.abis[0];
    fx.cli.abis[0].address.bytes[0] = 1;
    fx.cli.abi_count = CLI_ABI_CACHE;
    assert_ok(cli_abi_try(&fx.cli, &abi, doc.root, &fx.err));
    assert_ptr_equal(abi, &fx.abi);
    fx.cli.abis[CLI_ABI_CACHE - 1].address.bytes[0] = 2;
    assert_ok(cli_abi_try(&fx.cli, &abi, doc.root, &fx.err));
    assert_null(abi);
    bl_json_free(&doc);
    trace_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arguments),  cmocka_unit_test(test_returned_and_revert),
        cmocka_unit_test(test_event),      cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
