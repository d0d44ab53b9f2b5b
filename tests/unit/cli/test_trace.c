/* SPDX-License-Identifier: MIT */
/* Traces with what contracts say: each frame by its own contract's description. */
#include "cli/trace.h"

#include "trace_fixture.h"

static const char *trace_run(struct trace_fixture *fx, const char *made, const char *text)
{
    struct bl_json_doc doc;
    trace_parse(fx, &doc, text);
    assert_ok(
        cli_trace_put(&fx->cli, &fx->w, made == NULL ? NULL : &fx->abi, made, doc.root, &fx->err));
    bl_json_free(&doc);
    return trace_written(fx);
}

/* Goal: members are added behind the bytes they explain, and everything else stays as it is. */
static void test_members(void **state)
{
    struct trace_fixture fx;
    (void)state;
    trace_open(&fx);
    assert_string_equal(trace_run(&fx, NULL, "{\"calls\":[],\"cut\":true,\"new\":1}"),
                        "{\"calls\":[],\"cut\":true,\"new\":1}");
    const char *out = trace_run(
        &fx, NULL,
        "{\"calls\":[{\"what\":\"call\",\"entry\":\"call\",\"contract\":\"@\",\"method\":\"boom\","
        "\"args\":\"80\",\"items\":[{\"what\":\"read\",\"key\":\"6b\",\"value\":null},"
        "{\"what\":\"call\",\"entry\":\"call\",\"contract\":\"@\",\"method\":\"set\",\"args\":"
        "\"80\","
        "\"items\":[],\"status\":\"OK\",\"output\":\"05\"}],"
        "\"status\":\"REVERT\",\"output\":\"8107\",\"revert_code\":5}],\"cut\":false}");
    assert_non_null(strstr(out, "\"args\":\"80\",\"arguments\":{}"));
    assert_non_null(strstr(out, "{\"what\":\"read\",\"key\":\"6b\",\"value\":null}"));
    assert_non_null(strstr(out, "\"output\":\"05\",\"returned\":\"5\"}]"));
    assert_non_null(strstr(out,
                           "\"output\":\"8107\",\"revert\":{\"name\":\"too_much\",\"doc\":\"\","
                           "\"fields\":{\"held\":\"7\"}},\"revert_code\":5}"));
    trace_close(&fx);
}

/* Goal: what a simulated deploy makes is described by its file alone. */
static void test_made(void **state)
{
    static const char text[] =
        "{\"calls\":[{\"what\":\"call\",\"entry\":\"call\",\"contract\":\"@\",\"method\":\"set\","
        "\"args\":\"80\",\"items\":[],\"status\":\"OK\",\"output\":\"05\"}]}";
    struct trace_fixture fx;
    (void)state;
    trace_open(&fx);
    fx.cli.abis[0].abi = NULL;
    assert_null(strstr(trace_run(&fx, NULL, text), "returned"));
    assert_non_null(strstr(trace_run(&fx, fx.known, text), "\"returned\":\"5\""));
    trace_close(&fx);
}

/* Goal: members of other types than a node sends are copied. */
static void test_odd(void **state)
{
    static const char *const texts[] = {
        "{\"calls\":[{\"what\":\"call\"}]}",
        "{\"calls\":[{\"what\":\"call\",\"items\":5,\"entry\":5}]}",
        "{\"calls\":[{\"what\":\"log\",\"text\":\"x\"}]}",
        "{\"calls\":5}",
    };
    struct trace_fixture fx;
    (void)state;
    trace_open(&fx);
    for (size_t i = 0; i < BL_COUNT_OF(texts) - 1; i++)
        assert_string_equal(trace_run(&fx, NULL, texts[i]), texts[i]);
    assert_string_equal(trace_run(&fx, NULL, texts[3]), "{\"calls\":[]}");
    trace_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_odd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
