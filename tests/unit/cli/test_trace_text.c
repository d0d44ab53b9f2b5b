/* SPDX-License-Identifier: MIT */
/* The tree for people: what a line says, how wide it is, and that nothing hostile gets through. */
#include "cli/trace.h"

#include "trace_fixture.h"

static const char *trace_tree(struct trace_fixture *fx, const char *text)
{
    struct bl_json_doc doc;
    trace_parse(fx, &doc, text);
    cli_trace_text(&fx->out, doc.root);
    bl_json_free(&doc);
    return trace_written(fx);
}

/* One item of a frame. */
static void trace_line(struct trace_fixture *fx, const char *item, const char *expected)
{
    char text[2048];
    (void)snprintf(text, sizeof text,
                   "{\"calls\":[{\"what\":\"call\",\"entry\":\"call\",\"contract\":\"c\","
                   "\"items\":[%s],\"status\":\"OK\"}]}",
                   item);
    const char *tree = trace_tree(fx, text);
    const char *line = strchr(tree, '\n') + 1;
    if (strncmp(line, expected, strlen(expected)) != 0 || line[strlen(expected)] != '\n')
        fail_msg("not \"%s\":\n%s", expected, tree);
}

/* Goal: every kind of item has its line. */
static void test_lines(void **state)
{
    static const struct {
        const char *item;
        const char *line;
    } rows[] = {
        {"{\"what\":\"read\",\"key\":\"6b\",\"value\":null}", "    read   \"k\" = nothing"},
        {"{\"what\":\"write\",\"key\":\"00\",\"old\":null,\"value\":\"6b6b\"}",
         "    write  0x00 = \"kk\"  (was nothing)"},
        {"{\"what\":\"remove\",\"key\":\"6b\",\"old\":\"01\"}", "    remove \"k\"  (was 0x01)"},
        {"{\"what\":\"scan\",\"prefix\":\"6b\",\"start\":\"\"}", "    scan   prefix \"k\" from 0x"},
        {"{\"what\":\"next\",\"value\":null}", "    next   end"},
        {"{\"what\":\"next\",\"key\":\"6b\",\"value\":\"\"}", "    next   \"k\" = 0x"},
        {"{\"what\":\"log\",\"level\":2,\"text\":\"hm\"}", "    log    warn: hm"},
        {"{\"what\":\"log\",\"level\":9,\"text\":\"hm\"}", "    log    ?: hm"},
        {"{\"what\":\"transfer\",\"to\":\"you\",\"amount\":\"5\",\"status\":\"OK\"}",
         "    send   5 to you  OK"},
        {"{\"what\":\"event\",\"topics\":[\"00112233445566778899\"],\"data\":\"6b\"}",
         "    event  [0011223344556677..] \"k\""},
        {"{\"what\":\"event\",\"name\":\"e\",\"fields\":{\"a\":\"1\",\"b\":[2],\"c\":\"@\"}}",
         "    event  e(a=1, b=[2], c=blc14gqqqq..@)"},
    };
    struct trace_fixture fx;
    (void)state;
    trace_open(&fx);
    for (size_t i = 0; i + 1 < BL_COUNT_OF(rows); i++)
        trace_line(&fx, rows[i].item, rows[i].line);
    char shortened[128];
    (void)snprintf(shortened, sizeof shortened, "    event  e(a=1, b=[2], c=%.10s..%s)", fx.known,
                   fx.known + strlen(fx.known) - 6);
    trace_line(&fx, rows[BL_COUNT_OF(rows) - 1].item, shortened);
    trace_close(&fx);
}

/* Goal: how a frame ended, where, and the functions with the most gas, in their order. */
static void test_end(void **state)
{
    struct trace_fixture fx;
    (void)state;
    trace_open(&fx);
    const char *tree = trace_tree(
        &fx, "{\"calls\":[{\"entry\":\"call\",\"contract\":\"c\",\"method\":\"m\",\"amount\":\"3\","
             "\"readonly\":true,\"arguments\":{\"a\":1},\"status\":\"TRAP\",\"trap\":\"E-DIVIDE\","
             "\"places\":[{\"function\":\"f\",\"offset\":255},{\"function\":\"g\"}],"
             "\"gas\":\"90\",\"gas_used\":\"70\",\"gas_entry\":\"7\",\"functions\":["
             "{\"function\":\"f\",\"calls\":1,\"gas\":\"9\",\"gas_own\":\"5\"},"
             "{\"function\":\"g\",\"calls\":2,\"gas\":\"60\",\"gas_own\":\"50\"},"
             "{\"function\":\"h\",\"calls\":1,\"gas\":\"5\",\"gas_own\":\"5\"}]}],\"cut\":true}");
    assert_string_equal(tree, "  call c m(a=1) with 3 readonly\n"
                              "    TRAP E-DIVIDE\n"
                              "      in f, offset 0xff\n"
                              "      called by g\n"
                              "    gas    70 of 90 used, 7 before its code ran\n"
                              "    gas              50 own           60 all        2 x g\n"
                              "    gas               5 own            9 all        1 x f\n"
                              "    gas               5 own            5 all        1 x h\n"
                              "  the trace was too long: it is cut here, the execution went on\n");
    assert_string_equal(trace_tree(&fx, "{\"calls\":[]}"), "  no contract ran\n");
    trace_close(&fx);
}

/* Goal: many functions are summed up, and none is shown twice. */
static void test_many_functions(void **state)
{
    struct trace_fixture fx;
    char text[4096] = "{\"calls\":[{\"functions\":[";
    (void)state;
    trace_open(&fx);
    for (int i = 0; i < 12; i++) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len,
                       "%s{\"function\":\"f%d\",\"calls\":1,\"gas\":\"4\",\"gas_own\":\"%d\"}",
                       i == 0 ? "" : ",", i, i % 3);
    }
    strncat(text, "]}]}", sizeof text - strlen(text) - 1);
    const char *tree = trace_tree(&fx, text);
    assert_non_null(strstr(tree, "gas    and 4 functions more\n"));
    static const char *const order[] = {" f2\n", " f5\n", " f8\n", " f11\n", " f1\n", " f4\n"};
    const char *at = tree;
    for (size_t i = 0; i < BL_COUNT_OF(order); i++) {
        at = strstr(at, order[i]);
        assert_non_null(at);
    }
    trace_close(&fx);
}

/* Goal: whatever contracts say, a line is printable ASCII and no wider than it may be. */
static void test_hostile(void **state)
{
    struct trace_fixture fx;
    char text[1024];
    char longer[400];
    (void)state;
    trace_open(&fx);
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    (void)snprintf(text, sizeof text,
                   "{\"calls\":[{\"entry\":\"call\",\"method\":\"%s\",\"items\":[{\"what\":\"log\","
                   "\"text\":\"\\u001b[2J\\u009b\\u007f\\n%s\"}]}]}",
                   longer, longer);
    const char *tree = trace_tree(&fx, text);
    size_t width = 0, cut = 0;
    for (const char *p = tree; *p != '\0'; p++) {
        if (*p == '\n') {
            assert_true(width <= CLI_TRACE_COLUMNS);
            cut += width == CLI_TRACE_COLUMNS && p[-1] == '.' && p[-2] == '.' ? 1 : 0;
            width = 0;
            continue;
        }
        width++;
        assert_true(*p >= 0x20 && *p < 0x7f);
    }
    assert_int_equal(cut, 2);
    trace_close(&fx);
}

/* Goal: frames deeper than the indentation are shown, and odd members are no harm. */
static void test_odd(void **state)
{
    struct trace_fixture fx;
    char text[4096] = "{\"calls\":[";
    (void)state;
    trace_open(&fx);
    for (int i = 0; i < 28; i++)
        strncat(text, "{\"what\":\"call\",\"items\":[", sizeof text - strlen(text) - 1);
    for (int i = 0; i < 28; i++)
        strncat(text, "]}", sizeof text - strlen(text) - 1);
    strncat(text, "]}", sizeof text - strlen(text) - 1);
    assert_non_null(strstr(trace_tree(&fx, text), "? of ? used"));
    assert_non_null(strstr(trace_tree(&fx, "{\"calls\":[5,{\"items\":[5,{\"what\":\"new\"}],"
                                           "\"functions\":[5],\"places\":[{}]}]}"),
                           "new"));
    trace_close(&fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_many_functions),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_odd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
