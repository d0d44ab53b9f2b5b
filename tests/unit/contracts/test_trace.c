/* SPDX-License-Identifier: MIT */
/*
 * Traces of executions on a fake host, as lines of text.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baals/tx.h"

#include "base/limits.h"
#include "contract_fixture.h"
#include "testlib_wasm.h"

/* What a listener wrote down, a line per item. */
struct trace_text {
    char text[8192];
    size_t len;
    uint64_t items;
    uint64_t enters;
    uint64_t leaves;
    uint64_t cuts;
    uint64_t own;      /* sum over FUNCTIONs and what was spent before code ran */
    uint64_t gas_used; /* of the outermost LEAVE */
};

__attribute__((format(printf, 2, 3))) static void
trace_line(struct trace_text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = sizeof t->text - t->len;
    int len = vsnprintf(t->text + t->len, room, format, args);
    va_end(args);
    if (len > 0 && (size_t)len < room)
        t->len += (size_t)len;
}

#define SLICE(s) (int)(s).len, (s).len > 0 ? (const char *)(s).data : ""

static void trace_item(void *ctx, const baals_trace_item *item)
{
    struct trace_text *t = ctx;
    t->items++;
    switch (item->kind) {
    case BAALS_TRACE_ENTER:
        t->enters++;
        trace_line(t, "%u enter %s %02x<%02x value %llu%s %.*s(%.*s)\n", item->depth, item->entry,
                   item->contract.bytes[0], item->caller.bytes[0],
                   (unsigned long long)item->value.units, item->readonly ? " readonly" : "",
                   SLICE(item->name), SLICE(item->data));
        break;
    case BAALS_TRACE_LEAVE:
        t->leaves++;
        t->own += item->gas_own;
        if (item->depth == 1)
            t->gas_used = item->gas;
        trace_line(t, "%u leave %u trap %s code %u [%.*s]\n", item->depth, item->result,
                   baals_status_code(item->trap), item->revert_code, SLICE(item->data));
        break;
    case BAALS_TRACE_PLACE:
        trace_line(t, "%u place %.*s\n", item->depth, SLICE(item->name));
        break;
    case BAALS_TRACE_FUNCTION:
        t->own += item->gas_own;
        assert_true(item->gas >= item->gas_own);
        break;
    case BAALS_TRACE_READ:
    case BAALS_TRACE_WRITE:
    case BAALS_TRACE_REMOVE:
    case BAALS_TRACE_SCAN:
    case BAALS_TRACE_NEXT:
        trace_line(t, "%u storage %d %.*s found %d %.*s -> %.*s\n", item->depth, (int)item->kind,
                   SLICE(item->key), item->found, SLICE(item->old), SLICE(item->data));
        break;
    case BAALS_TRACE_EVENT:
        trace_line(t, "%u event %02x %.*s\n", item->depth, item->event->contract.bytes[0],
                   SLICE(item->event->data));
        break;
    case BAALS_TRACE_LOG:
        trace_line(t, "%u log %d %.*s\n", item->depth, item->level, SLICE(item->data));
        break;
    case BAALS_TRACE_TRANSFER:
        trace_line(t, "%u transfer %02x %llu result %u\n", item->depth, item->contract.bytes[0],
                   (unsigned long long)item->value.units, item->result);
        break;
    case BAALS_TRACE_CUT:
        t->cuts++;
        break;
    case BAALS_TRACE_KIND_FORCE_INT:
        break;
    }
}

/* Runs a method with a listener, and checks that every unit of gas is accounted for. */
static void
trace_run(struct trace_text *t, struct contract_fixture *fx, uint8_t address, const char *method)
{
    const baals_tracer tracer = {trace_item, t};
    memset(t, 0, sizeof *t);
    fx->execution.tracer = &tracer;
    assert_ok(contract_run(fx, address, method, "args"));
    fx->execution.tracer = NULL;
    assert_int_equal(t->enters, t->leaves);
    assert_int_equal(t->gas_used, fx->result.gas_used);
    if (t->cuts == 0)
        assert_int_equal(t->own, t->gas_used);
}

static const char *const trace_callee =
    "(func (export \"ok\")\n"
    "  (call $storage_write (i32.const 256) (i32.const 4) (i32.const 260) (i32.const 4))\n"
    "  (call $output (i32.const 260) (i32.const 4)))\n"
    "(func (export \"bad\")\n"
    "  (call $revert (i32.const 7) (i32.const 256) (i32.const 4)))\n"
    "(data (i32.const 256) \"key0val1\")\n";

static const char *const trace_caller =
    "(data (i32.const 256) \"key0val1\")\n"
    "(data (i32.const 300) \"okbad\")\n"
    "(data (i32.const 512) \"\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb"
    "\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\\bb\")\n"
    "(func $to (param i32 i32 i32) (result i32)\n"
    "  (call $call_contract (i32.const 512) (local.get 0) (local.get 1) (i32.const 256)\n"
    "    (i32.const 4) (i64.const 0) (i64.const 1000000) (local.get 2)))\n"
    "(func $deep (param i32) (result i32)\n"
    "  (if (result i32) (i32.eqz (local.get 0)) (then (unreachable))\n"
    "    (else (call $deep (i32.sub (local.get 0) (i32.const 1))))))\n"
    "(func (export \"all\")\n"
    "  (drop (call $storage_read (i32.const 256) (i32.const 4) (i32.const 0) (i32.const 0)))\n"
    "  (call $storage_write (i32.const 256) (i32.const 4) (i32.const 260) (i32.const 4))\n"
    "  (call $storage_write (i32.const 256) (i32.const 4) (i32.const 260) (i32.const 2))\n"
    "  (drop (call $storage_scan (i32.const 256) (i32.const 1) (i32.const 0) (i32.const 0)\n"
    "    (i32.const 0)))\n"
    "  (drop (call $storage_next (i32.const 1) (i32.const 600) (i32.const 9) (i32.const 620)\n"
    "    (i32.const 9) (i32.const 640)))\n"
    "  (drop (call $storage_remove (i32.const 256) (i32.const 4)))\n"
    "  (call $log_event (i32.const 0) (i32.const 0) (i32.const 260) (i32.const 4))\n"
    "  (call $log (i32.const 1) (i32.const 256) (i32.const 3))\n"
    "  (drop (call $to (i32.const 300) (i32.const 2) (i32.const 0)))\n"
    "  (drop (call $to (i32.const 302) (i32.const 3) (i32.const 1))))\n"
    "(func (export \"trap\") (drop (call $deep (i32.const 2))))\n"
    "(func (export \"grow\") (drop (memory.grow (i32.const 1)))\n"
    "  (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536)))\n"
    "(func (export \"many\") (loop\n"
    "  (drop (call $storage_read (i32.const 256) (i32.const 4) (i32.const 0) (i32.const 0)))\n"
    "  (br 0)))\n";

static struct contract_fixture *trace_fixture(void)
{
    struct contract_fixture *fx = contract_fixture_new();
    contract_deploy_body(fx, 0xaa, trace_caller);
    contract_deploy_body(fx, 0xbb, trace_callee);
    return fx;
}

/* Goal: everything a contract and those it calls do is told in order, inside its frame. */
static void test_order(void **state)
{
    (void)state;
    struct contract_fixture *fx = trace_fixture();
    struct trace_text t;
    trace_run(&t, fx, 0xaa, "all");
    assert_string_equal(t.text, "1 enter call aa<11 value 0 all(args)\n"
                                "1 storage 4 key0 found 0  -> \n"
                                "1 storage 5 key0 found 0  -> val1\n"
                                "1 storage 5 key0 found 1 val1 -> va\n"
                                "1 storage 7 k found 0  -> \n"
                                "1 storage 8 key0 found 1 va -> \n"
                                "1 storage 6 key0 found 1 va -> \n"
                                "1 event aa val1\n"
                                "1 log 1 key\n"
                                "2 enter call bb<aa value 0 ok(key0)\n"
                                "2 storage 5 key0 found 0  -> val1\n"
                                "2 leave 0 trap OK code 0 [val1]\n"
                                "2 enter call bb<aa value 0 readonly bad(key0)\n"
                                "2 place bad\n"
                                "2 leave 1 trap E-REVERT code 7 [key0]\n"
                                "1 leave 0 trap OK code 0 []\n");
    contract_fixture_free(fx);
}

/* Goal: a trap says in which function it was and who called that, recursion included. */
static void test_places(void **state)
{
    (void)state;
    struct contract_fixture *fx = trace_fixture();
    struct trace_text t;
    trace_run(&t, fx, 0xaa, "trap");
    assert_string_equal(t.text, "1 enter call aa<11 value 0 trap(args)\n"
                                "1 place func[29]\n1 place func[29]\n1 place func[29]\n"
                                "1 place trap\n"
                                "1 leave 2 trap E-UNREACHABLE code 0 []\n");
    contract_fixture_free(fx);
}

/* Goal: out of gas, helpers of the instrumentation and growing memory are accounted for. */
static void test_accounting(void **state)
{
    (void)state;
    struct contract_fixture *fx = trace_fixture();
    struct trace_text t;
    trace_run(&t, fx, 0xaa, "grow");
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    uint64_t used = fx->result.gas_used;
    for (uint64_t gas = 0; gas < used; gas += 1 + used / 97) {
        fx->execution.gas = gas;
        trace_run(&t, fx, 0xaa, "grow");
        assert_int_equal(fx->result.status, BAALS_RECEIPT_OUT_OF_GAS);
        assert_int_equal(t.gas_used, gas);
    }
    contract_fixture_free(fx);
}

/* Goal: a trace is bounded, says that it was cut, and still nests. */
static void test_cut(void **state)
{
    (void)state;
    struct contract_fixture *fx = trace_fixture();
    struct trace_text t;
    fx->execution.gas = 100000000;
    trace_run(&t, fx, 0xaa, "many");
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OUT_OF_GAS);
    assert_int_equal(t.cuts, 1);
    /* The cut, one place, two functions and the end; they still account for all of the gas. */
    assert_int_equal(t.items, BL_TRACE_ITEMS_MAX + 5);
    assert_int_equal(t.own, t.gas_used);
    contract_fixture_free(fx);
}

/* Goal: whoever is not to be called is shown with the reason, and has spent nothing. */
static void test_refused(void **state)
{
    (void)state;
    struct contract_fixture *fx = contract_fixture_new();
    struct trace_text t;
    contract_deploy_body(fx, 0xaa, trace_caller);
    trace_run(&t, fx, 0xaa, "all");
    assert_non_null(strstr(t.text, "2 enter call bb<aa value 0 ok(key0)\n"
                                   "2 leave 6 trap OK code 0 []\n"));
    contract_fixture_free(fx);
}

/* Goal: memory that cannot be had cuts the trace or fails the execution; it never changes what the
 * execution comes to. */
static void test_no_memory(void **state)
{
    (void)state;
    struct contract_fixture *fx = trace_fixture();
    struct trace_text t;
    trace_run(&t, fx, 0xaa, "all");
    uint64_t gas = fx->result.gas_used;
    const baals_tracer tracer = {trace_item, &t};
    baals_status status = BAALS_NOMEM;
    for (uint64_t k = 1; k < 500 && status != BAALS_OK; k++) {
        memset(&t, 0, sizeof t);
        fx->execution.tracer = &tracer;
        fx->memory.fail_at = fx->memory.calls + k;
        status = contract_run(fx, 0xaa, "all", "args");
        if (status == BAALS_OK)
            assert_int_equal(fx->result.gas_used, gas);
        else
            assert_int_equal(status, BAALS_NOMEM);
    }
    assert_int_equal(status, BAALS_OK);
    contract_fixture_free(fx);
}

/* Goal: money and code that move are told, and what is refused is told with the reason. */
static void test_money_and_code(void **state)
{
    (void)state;
    struct contract_fixture *fx = contract_fixture_new();
    struct trace_text t;
    fx->execution.wasm_limits = 2;
    contract_deploy_body(fx, 0xbb, "(func (export \"init\")) (func (export \"migrate\"))");
    contract_deploy_body(
        fx, 0xaa,
        "(func (export \"m\") (memory.fill (i32.const 544) (i32.const 0xbb) (i32.const 32))"
        " (drop (call $code_hash (i32.const 544) (i32.const 2048)))"
        " (drop (call $transfer (i32.const 544) (i64.const 5)))"
        " (drop (call $transfer (i32.const 544) (i64.const 5000)))"
        " (drop (call $deploy_contract (i32.const 2048) (i32.const 544) (i32.const 0)"
        "  (i32.const 0) (i64.const 3) (i64.const -1) (i32.const 1024)))"
        " (drop (call $deploy_contract (i32.const 2048) (i32.const 544) (i32.const 0)"
        "  (i32.const 0) (i64.const 0) (i64.const -1) (i32.const 1024)))"
        " (drop (call $set_code (i32.const 2048) (i32.const 0) (i32.const 0) (i64.const -1)))"
        " (drop (call $set_code (i32.const 544) (i32.const 0) (i32.const 0) (i64.const -1))))");
    fake_account(&fx->host, 0xaa)->balance = 1000;
    trace_run(&t, fx, 0xaa, "m");
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_non_null(strstr(t.text, "1 transfer bb 5 result 0\n1 transfer bb 5000 result 100\n"
                                   "2 enter init "));
    assert_non_null(strstr(t.text, "<aa value 3 ()\n2 leave 0 trap OK code 0 []\n2 enter init "));
    assert_non_null(strstr(t.text, "<aa value 0 ()\n2 leave 9 trap OK code 0 []\n"
                                   "2 enter migrate aa<aa value 0 ()\n2 leave 0 trap OK code 0 []\n"
                                   "2 enter migrate aa<aa value 0 ()\n2 leave 8 "));
    contract_fixture_free(fx);
}

/* One execution of `main` with this much gas, with or without a listener. */
static baals_execution_result
trace_main(struct trace_text *t, struct contract_fixture *fx, uint64_t gas, bool traced)
{
    fx->execution.gas = gas;
    if (traced)
        trace_run(t, fx, 0xaa, "main");
    else
        assert_ok(contract_run(fx, 0xaa, "main", "args"));
    return fx->result;
}

/* Goal: random modules come out the same, traced or not, whatever gas they get, and all of it is
 * accounted for. */
static void test_same_results(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct contract_fixture *fx = contract_fixture_new();
        struct testlib_rng rng;
        struct trace_text t;
        size_t len = 0;
        rng = testlib_rng(seed);
        uint8_t *code = testlib_wasm_random(&len, &rng);
        fake_deploy(&fx->host, 0xaa, code, len);
        free(code);
        for (uint64_t gas = 100000; gas > 500; gas = gas * 2 / 3) {
            baals_execution_result plain = trace_main(&t, fx, gas, false);
            baals_execution_result traced = trace_main(&t, fx, gas, true);
            if (plain.status != traced.status || plain.gas_used != traced.gas_used ||
                plain.trap != traced.trap)
                fail_msg("seed %llu, gas %llu", (unsigned long long)seed, (unsigned long long)gas);
        }
        contract_fixture_free(fx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),        cmocka_unit_test(test_places),
        cmocka_unit_test(test_accounting),   cmocka_unit_test(test_cut),
        cmocka_unit_test(test_same_results), cmocka_unit_test(test_money_and_code),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
