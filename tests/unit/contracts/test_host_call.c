/* SPDX-License-Identifier: MIT */
/*
 * Host functions that reach beyond the contract: calls, their results, events, log lines.
 */
#include "contract_fixture.h"

#include <stdlib.h>
#include <string.h>

/* Contract 0xbb: what is called. The method's name is the text at 700. */
static const char callee[] =
    "(data (i32.const 16) \"answer\")"
    "(func (export \"answer\") (call $output (i32.const 16) (i32.const 6)))"
    "(func (export \"refuse\") (call $revert (i32.const 5) (i32.const 16) (i32.const 3)))"
    "(func (export \"nothing\"))"
    "(func (export \"trap\") unreachable)"
    "(func (export \"write\") (call $storage_write (i32.const 16) (i32.const 1) (i32.const 16)"
    " (i32.const 1)))"
    "(func (export \"echo\") (call $input_read (i32.const 100) (i32.const 0) (call $input_len))"
    " (call $output (i32.const 100) (call $input_len)))"
    "(func (export \"who\") (call $caller (i32.const 100)) (call $origin (i32.const 132))"
    " (i64.store (i32.const 164) (call $value)) (call $output (i32.const 100) (i32.const 72)))"
    "(func (export \"spend\") (loop (br 0)))"
    "(func (export \"gas\") (i64.store (i32.const 100) (call $gas_left))"
    " (call $output (i32.const 100) (i32.const 8)))"
    "(func (export \"big\") (call $output (i32.const 0) (i32.const 1048576)))"
    "(func (export \"bigger\") (call $output (i32.const 0) (i32.const 1048577)))"
    "(func (export \"init\"))";

static int call_setup(void **state)
{
    struct contract_fixture *fx = contract_fixture_new();
    char *text = contract_module(callee);
    char *memory = strstr(text, "\"memory\") 1)");
    assert_non_null(memory);
    /* Room for the largest output. */
    char big[16384];
    (void)snprintf(big, sizeof big, "%.*s\"memory\") 17)%s", (int)(memory - text), text,
                   memory + strlen("\"memory\") 1)"));
    contract_deploy(fx, 0xbb, big);
    free(text);
    *state = fx;
    return 0;
}

static int call_teardown(void **state)
{
    contract_fixture_free(*state);
    return 0;
}

/* A call of 0xbb's method, its number in $r; `value`, `gas` and `flags` are constants. */
static const char *call_text(const char *method, const char *value, const char *gas, int flags)
{
    static char text[1024];
    char stores[512] = "";
    for (size_t i = 0; i < strlen(method); i++)
        (void)snprintf(stores + strlen(stores), sizeof stores - strlen(stores),
                       "(i32.store8 (i32.const %d) (i32.const %d))", (int)(700 + i), method[i]);
    (void)snprintf(text, sizeof text,
                   "%s(local.set $r (i64.extend_i32_u (call $call_contract (i32.const 544)"
                   " (i32.const 700) (i32.const %d) (i32.const 256) (i32.const 8)"
                   " (i64.const %s) (i64.const %s) (i32.const %d))))",
                   stores, (int)strlen(method), value, gas, flags);
    return text;
}

static uint64_t call_status(struct contract_fixture *fx, const char *method)
{
    return contract_measure(fx, "", call_text(method, "0", "-1", 0)).result;
}

/* Goal: each end of a callee is the number the specification gives it. */
static void test_statuses(void **state)
{
    struct contract_fixture *fx = *state;
    assert_int_equal(call_status(fx, "answer"), BAALS_RECEIPT_OK);
    assert_int_equal(call_status(fx, "nothing"), BAALS_RECEIPT_OK);
    assert_int_equal(call_status(fx, "refuse"), BAALS_RECEIPT_REVERT);
    assert_int_equal(call_status(fx, "trap"), BAALS_RECEIPT_TRAP);
    assert_int_equal(call_status(fx, "spend"), BAALS_RECEIPT_OUT_OF_GAS);
    assert_int_equal(call_status(fx, "absent"), BAALS_RECEIPT_NO_METHOD);
    assert_int_equal(call_status(fx, "init"), BAALS_RECEIPT_NO_METHOD);
    assert_int_equal(call_status(fx, ""), BAALS_RECEIPT_NO_METHOD);
    assert_int_equal(call_status(fx, "big"), BAALS_RECEIPT_OK);
    assert_int_equal(call_status(fx, "bigger"), BAALS_RECEIPT_LIMIT);
    /* Nothing is at the zero address; the contract itself is on the stack. */
    struct contract_measure m = contract_measure(
        fx, "",
        "(local.set $r (i64.extend_i32_u (call $call_contract (i32.const 600) (i32.const 256)"
        " (i32.const 4) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const -1)"
        " (i32.const 0))))");
    assert_int_equal(m.result, BAALS_RECEIPT_NO_CONTRACT);
    assert_int_equal(m.gas, 150 + 5 + 10000);
    m = contract_measure(
        fx, "",
        "(local.set $r (i64.extend_i32_u (call $call_contract (i32.const 512) (i32.const 256)"
        " (i32.const 4) (i32.const 0) (i32.const 0) (i64.const 0) (i64.const -1)"
        " (i32.const 0))))");
    assert_int_equal(m.result, BAALS_RECEIPT_REENTRY);
    assert_int_equal(m.gas, 150 + 5 + 10000);
}

/* Goal: the last result is the callee's output or revert data, and empty after anything else. */
static void test_results(void **state)
{
    struct contract_fixture *fx = *state;
    static const struct {
        const char *method;
        uint64_t len;
    } rows[] = {{"answer", 6}, {"refuse", 3}, {"nothing", 0},
                {"trap", 0},   {"echo", 8},   {"big", 1048576}};
    struct contract_measure m =
        contract_measure(fx, "", "(local.set $r (i64.extend_i32_u (call $result_len)))");
    assert_int_equal(m.result, 0);
    assert_int_equal(m.gas, 150);
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        m = contract_measure(fx, call_text(rows[i].method, "0", "-1", 0),
                             "(local.set $r (i64.extend_i32_u (call $result_len)))");
        assert_int_equal(m.result, rows[i].len);
    }
    m = contract_measure(fx, call_text("echo", "0", "-1", 0),
                         "(call $result_read (i32.const 800) (i32.const 0) (i32.const 8))"
                         "(local.set $r (i64.load (i32.const 800)))");
    assert_memory_equal(&m.result, "key0val1", 8);
    assert_int_equal(m.gas, 151);
    contract_fails(fx, "(call $result_read (i32.const 0) (i32.const 0) (i32.const 1))",
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_ARGUMENT);
    /* A refused call empties it. */
    char before[2048];
    (void)snprintf(before, sizeof before,
                   "%s(drop (call $call_contract (i32.const 512) (i32.const 256) (i32.const 4)"
                   " (i32.const 0) (i32.const 0) (i64.const 0) (i64.const -1) (i32.const 0)))",
                   call_text("answer", "0", "-1", 0));
    m = contract_measure(fx, before, "(local.set $r (i64.extend_i32_u (call $result_len)))");
    assert_int_equal(m.result, 0);
}

/* Goal: the callee sees its caller, the same origin, and the value, which has moved. */
static void test_identity_and_value(void **state)
{
    struct contract_fixture *fx = *state;
    fx->execution.origin = fake_address(0x22);
    fake_account(&fx->host, 0xaa)->balance = 100;
    struct contract_measure m =
        contract_measure(fx, call_text("who", "40", "-1", 0),
                         "(call $result_read (i32.const 800) (i32.const 0) (i32.const 72))"
                         "(local.set $r (i64.load (i32.const 800)))");
    assert_true(m.result == 0xaaaaaaaaaaaaaaaa);
    assert_int_equal(fake_account(&fx->host, 0xaa)->balance, 60);
    assert_int_equal(fake_account(&fx->host, 0xbb)->balance, 40);
    m = contract_measure(fx, call_text("who", "1", "-1", 0),
                         "(call $result_read (i32.const 800) (i32.const 0) (i32.const 72))"
                         "(local.set $r (i64.add (i64.load (i32.const 832))"
                         " (i64.load (i32.const 864))))");
    assert_true(m.result == 0x2222222222222222 + 1);
}

/* Goal: value stays when the call fails or the balance is too small. */
static void test_value_stays(void **state)
{
    struct contract_fixture *fx = *state;
    fake_account(&fx->host, 0xaa)->balance = 100;
    static const struct {
        const char *method;
        const char *value;
        uint64_t status;
    } rows[] = {{"refuse", "100", BAALS_RECEIPT_REVERT},
                {"trap", "100", BAALS_RECEIPT_TRAP},
                {"absent", "100", BAALS_RECEIPT_NO_METHOD},
                {"answer", "101", 100},
                {"answer", "-1", 100}};
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct contract_measure m =
            contract_measure(fx, "", call_text(rows[i].method, rows[i].value, "-1", 0));
        assert_int_equal(m.result, rows[i].status);
        assert_int_equal(fake_account(&fx->host, 0xaa)->balance, 100);
        assert_int_equal(fake_account(&fx->host, 0xbb)->balance, 0);
    }
    assert_int_equal(contract_measure(fx, "", call_text("answer", "100", "-1", 0)).result, 0);
    assert_int_equal(fake_account(&fx->host, 0xbb)->balance, 100);
}

/* Goal: a callee gets what was asked, and its caller pays what it used of it. */
static void test_callee_gas(void **state)
{
    struct contract_fixture *fx = *state;
    /* Too little for loading: all of it is gone. */
    struct contract_measure m = contract_measure(fx, "", call_text("answer", "0", "0", 0));
    assert_int_equal(m.result, BAALS_RECEIPT_OUT_OF_GAS);
    uint64_t base = 150 + 6 + 10000;
    assert_int_equal(m.gas, base);
    m = contract_measure(fx, "", call_text("answer", "0", "100", 0));
    assert_int_equal(m.gas, base + 100);
    m = contract_measure(fx, "", call_text("spend", "0", "50000", 0));
    assert_int_equal(m.gas, base + 50000);
    assert_int_equal(m.result, BAALS_RECEIPT_OUT_OF_GAS);
}

/* A method "m" of 0xaa that outputs its gas before calling 0xbb's "gas" with the gas of its 8-byte
 * argument, and what that saw. */
static const char call_asking[] =
    "(data (i32.const 256) \"gas\")"
    "(func (export \"m\")"
    " (memory.fill (i32.const 544) (i32.const 0xbb) (i32.const 32))"
    " (call $input_read (i32.const 16) (i32.const 0) (i32.const 8))"
    " (i64.store (i32.const 0) (call $gas_left))"
    " (drop (call $call_contract (i32.const 544) (i32.const 256) (i32.const 3) (i32.const 0)"
    "  (i32.const 0) (i64.const 0) (i64.load (i32.const 16)) (i32.const 0)))"
    " (call $result_read (i32.const 8) (i32.const 0) (i32.const 8))"
    " (call $output (i32.const 0) (i32.const 16)))";

/* What the callee's "gas" sees; *left_out is what its caller had after the charge of the call. */
static uint64_t call_ask(struct contract_fixture *fx, uint64_t *left_out, uint64_t asked)
{
    uint8_t args[8];
    bl_store_u64le(args, asked);
    baals_execution execution = fx->execution;
    execution.contract = fake_address(0xaa);
    execution.method = bl_slice_str("m");
    execution.has_args = 1;
    execution.args = bl_slice(args, sizeof args);
    assert_ok(contract_execute(fx, &execution));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    *left_out = bl_load_u64le(fx->result.output.data) - (150 + 5 + 10000);
    return bl_load_u64le(fx->result.output.data + 8);
}

/* Goal: asking for everything, or for more than there is, gives 63/64 of what is left; asking for
 * less gives that. */
static void test_callee_gas_most(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa, call_asking);
    uint64_t left = 0;
    uint64_t seen = call_ask(fx, &left, UINT64_MAX);
    uint64_t most = left - left / 64;
    assert_int_equal(call_ask(fx, &left, (uint64_t)INT64_MAX + 1), seen);
    assert_int_equal(call_ask(fx, &left, INT64_MAX), seen);
    assert_int_equal(call_ask(fx, &left, most + 1), seen);
    assert_int_equal(call_ask(fx, &left, most), seen);
    assert_int_equal(call_ask(fx, &left, most - 1), seen - 1);
    baals_execution alone = fx->execution;
    alone.contract = fake_address(0xbb);
    alone.method = bl_slice_str("gas");
    alone.gas = most;
    assert_ok(contract_execute(fx, &alone));
    assert_int_equal(contract_output_u64(fx), seen);
}

/* Goal: READONLY reaches the callee from the flag and from the caller, and forbids value. */
static void test_readonly(void **state)
{
    struct contract_fixture *fx = *state;
    fake_account(&fx->host, 0xaa)->balance = 100;
    assert_int_equal(contract_measure(fx, "", call_text("write", "0", "-1", 1)).result,
                     BAALS_RECEIPT_TRAP);
    assert_int_equal(contract_measure(fx, "", call_text("write", "0", "-1", 0)).result,
                     BAALS_RECEIPT_OK);
    contract_fails(fx, call_text("answer", "1", "-1", 1), BAALS_RECEIPT_TRAP, BAALS_TRAP_READONLY);
    fx->execution.readonly = 1;
    assert_int_equal(contract_measure(fx, "", call_text("write", "0", "-1", 0)).result,
                     BAALS_RECEIPT_TRAP);
    assert_int_equal(contract_measure(fx, "", call_text("answer", "0", "-1", 0)).result, 0);
    contract_fails(fx, call_text("answer", "1", "-1", 0), BAALS_RECEIPT_TRAP, BAALS_TRAP_READONLY);
}

/* Goal: bad flags, limits and pointers of call_contract. */
static void test_call_refusals(void **state)
{
    struct contract_fixture *fx = *state;
    contract_fails(fx, call_text("answer", "0", "-1", 2), BAALS_RECEIPT_TRAP, BAALS_TRAP_ARGUMENT);
#define CALL(address, name, name_len, args, args_len)                                              \
    "(drop (call $call_contract (i32.const " address ") (i32.const " name ") (i32.const " name_len \
    ") (i32.const " args ") (i32.const " args_len ") (i64.const 0) (i64.const 0) (i32.const 0)))"
    contract_fails(fx, CALL("544", "0", "101", "0", "0"), BAALS_RECEIPT_LIMIT, BAALS_TRAP_LIMIT);
    contract_fails(fx, CALL("544", "0", "0", "0", "1048577"), BAALS_RECEIPT_LIMIT,
                   BAALS_TRAP_LIMIT);
    contract_fails(fx, CALL("65505", "0", "0", "0", "0"), BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
    contract_fails(fx, CALL("544", "65535", "2", "0", "0"), BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
    contract_fails(fx, CALL("544", "0", "0", "65535", "2"), BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
    contract_fails(fx, CALL("544", "-1", "2", "0", "0"), BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
}

/* Goal: an event carries contract, topics and data, at its price. */
static void test_event(void **state)
{
    struct contract_fixture *fx = *state;
    struct contract_measure m = contract_measure(
        fx, "", "(call $log_event (i32.const 512) (i32.const 2) (i32.const 256) (i32.const 8))");
    assert_int_equal(m.gas, 150 + 9 + 1000 + 8 * 72);
    assert_int_equal(fx->host.state.event_count, 1);
    const baals_event *event = &fx->host.state.events[0];
    baals_address contract = fake_address(0xaa);
    assert_true(bl_address_equal(&event->contract, &contract));
    assert_int_equal(event->topic_count, 2);
    assert_int_equal(event->topics[0].bytes[31], 0xaa);
    assert_int_equal(event->topics[1].bytes[0], 0xbb);
    assert_memory_equal(event->data.data, "key0val1", 8);
}

/* Goal: 4 topics, 16 KiB, 100 events; beyond is LIMIT; READONLY and bad pointers trap. */
static void test_event_limits(void **state)
{
    struct contract_fixture *fx = *state;
#define EVENT(topics, count, data, len)                                                            \
    "(call $log_event (i32.const " topics ") (i32.const " count ") (i32.const " data               \
    ") (i32.const " len "))"
    contract_measure(fx, "", EVENT("0", "4", "0", "16384"));
    contract_fails(fx, EVENT("0", "5", "0", "0"), BAALS_RECEIPT_LIMIT, BAALS_TRAP_LIMIT);
    contract_fails(fx, EVENT("0", "0", "0", "16385"), BAALS_RECEIPT_LIMIT, BAALS_TRAP_LIMIT);
    contract_fails(fx, EVENT("65505", "1", "0", "0"), BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
    contract_fails(fx, EVENT("0", "0", "65535", "2"), BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
    fx->host.state.event_count = 99;
    contract_measure(fx, "", EVENT("0", "0", "0", "0"));
    contract_fails(fx, EVENT("0", "0", "0", "0"), BAALS_RECEIPT_LIMIT, BAALS_TRAP_LIMIT);
    fx->execution.readonly = 1;
    contract_fails(fx, EVENT("0", "9", "-1", "0"), BAALS_RECEIPT_TRAP, BAALS_TRAP_READONLY);
}

/* Goal: log lines reach the debug record, also in queries; level and length are checked. */
static void test_log(void **state)
{
    struct contract_fixture *fx = *state;
    fx->execution.readonly = 1;
    struct contract_measure m =
        contract_measure(fx, "", "(call $log (i32.const 3) (i32.const 256) (i32.const 4))");
    assert_int_equal(m.gas, 150 + 1 + 8 * 4);
    assert_string_equal(fx->host.log, "key0");
    assert_int_equal(fx->host.log_level, 3);
    contract_fails(fx, "(call $log (i32.const 4) (i32.const 256) (i32.const 4))",
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_ARGUMENT);
    contract_fails(fx, "(call $log (i32.const 0) (i32.const 0) (i32.const 16385))",
                   BAALS_RECEIPT_LIMIT, BAALS_TRAP_LIMIT);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
#define CALL_TEST(name) cmocka_unit_test_setup_teardown(name, call_setup, call_teardown)
    const struct CMUnitTest tests[] = {
        CALL_TEST(test_statuses),
        CALL_TEST(test_results),
        CALL_TEST(test_identity_and_value),
        CALL_TEST(test_value_stays),
        CALL_TEST(test_callee_gas),
        CALL_TEST(test_callee_gas_most),
        CALL_TEST(test_readonly),
        CALL_TEST(test_call_refusals),
        CALL_TEST(test_event),
        CALL_TEST(test_event_limits),
        CALL_TEST(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
