/* SPDX-License-Identifier: MIT */
/*
 * Entering contracts: the order of charges and checks, entries, and chains of calls with their
 * depth, stack, re-entrancy and rollback (docs/spec/contracts.md 2 and 3).
 */
#include "contract_fixture.h"

#include <stdlib.h>
#include <string.h>

static int frame_setup(void **state)
{
    *state = contract_fixture_new();
    return 0;
}

static int frame_teardown(void **state)
{
    contract_fixture_free(*state);
    return 0;
}

static uint64_t frame_code_len(const struct contract_fixture *fx)
{
    return fx->host.codes[fx->host.code_count - 1].code.len;
}

/* Goal: an empty method costs loading, the instance and entering the function, to the unit. */
static void test_cost_of_entry(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy(fx, 0xaa,
                    "(module (memory 3) (data (i32.const 0) \"seventeen letters\")"
                    " (func (export \"m\")))");
    assert_ok(contract_run(fx, 0xaa, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    uint64_t load = 200 + (frame_code_len(fx) + 3) / 4;
    uint64_t instance = 3 * 2000 + 3;
    assert_int_equal(fx->result.gas_used, load + instance + 6 + 64 / 16);

    /* One less of each charge ends there, and uses all there was. */
    fx->execution.gas = load - 1;
    assert_ok(contract_run(fx, 0xaa, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OUT_OF_GAS);
    assert_int_equal(fx->result.gas_used, load - 1);
    fx->execution.gas = load;
    assert_ok(contract_run(fx, 0xaa, "absent", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_NO_METHOD);
    assert_int_equal(fx->result.gas_used, load);
    fx->execution.gas = load + instance - 1;
    assert_ok(contract_run(fx, 0xaa, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OUT_OF_GAS);
    assert_int_equal(fx->result.gas_used, load + instance - 1);
}

/* Goal: an address without code is NO_CONTRACT and costs nothing. */
static void test_no_contract(void **state)
{
    struct contract_fixture *fx = *state;
    fake_account(&fx->host, 0xaa)->balance = 5;
    assert_ok(contract_run(fx, 0xaa, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_NO_CONTRACT);
    assert_int_equal(fx->result.trap, BAALS_TRAP_NO_CONTRACT);
    assert_int_equal(fx->result.gas_used, 0);
}

/* Goal: what is not an export of type () -> () with a method's name cannot be called. */
static void test_method_names(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa,
                         "(func (export \"init\")) (func (export \"migrate\"))"
                         "(func (export \"receive\")) (func (export \"_start\"))"
                         "(func (export \"_initialize\")) (func (export \"__x\"))"
                         "(func (export \"_x\")) (func (export \"Init\"))"
                         "(func (export \"takes\") (param i32))"
                         "(func (export \"gives\") (result i32) (i32.const 1))");
    static const char *const refused[] = {
        "init",  "migrate", "receive",   "_start",       "_initialize", "__x", "takes",
        "gives", "memory",  "baals.gas", "baals.memory", "baals",       "",    "init "};
    for (size_t i = 0; i < BL_COUNT_OF(refused); i++) {
        assert_ok(contract_run(fx, 0xaa, refused[i], NULL));
        assert_int_equal(fx->result.status, BAALS_RECEIPT_NO_METHOD);
        assert_int_equal(fx->result.trap, BAALS_TRAP_NO_METHOD);
    }
    assert_ok(contract_run(fx, 0xaa, "_x", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_ok(contract_run(fx, 0xaa, "Init", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
}

static void frame_enter(struct contract_fixture *fx, baals_contract_entry entry, const char *args)
{
    baals_execution execution = fx->execution;
    execution.entry = entry;
    execution.contract = fake_address(0xaa);
    execution.has_args = args != NULL;
    execution.args = args != NULL ? bl_slice_str(args) : bl_slice(NULL, 0);
    assert_ok(contract_execute(fx, &execution));
}

/* Goal: init and receive run when they are there; a deploy without init takes no arguments. */
static void test_entries(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa, "(func (export \"m\"))");
    uint64_t load = 200 + (frame_code_len(fx) + 3) / 4;
    frame_enter(fx, BAALS_ENTRY_INIT, NULL);
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_int_equal(fx->result.gas_used, load);
    frame_enter(fx, BAALS_ENTRY_INIT, "");
    assert_int_equal(fx->result.status, BAALS_RECEIPT_NO_METHOD);
    frame_enter(fx, BAALS_ENTRY_RECEIVE, NULL);
    assert_int_equal(fx->result.status, BAALS_RECEIPT_NO_METHOD);

    contract_deploy_body(fx, 0xaa,
                         "(data (i32.const 16) \"ir\")"
                         "(func (export \"init\") (call $output (i32.const 16) (i32.const 1)))"
                         "(func (export \"receive\") (call $output (i32.const 17) (i32.const 1)))");
    frame_enter(fx, BAALS_ENTRY_INIT, "x");
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_memory_equal(fx->result.output.data, "i", 1);
    frame_enter(fx, BAALS_ENTRY_RECEIVE, NULL);
    assert_memory_equal(fx->result.output.data, "r", 1);
}

/* Goal: the start function, then _initialize, then the entry run in one instance, metered; memory
 * and globals are fresh in the next call. */
static void test_start_and_initialize(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa,
                         "(global $g (mut i32) (i32.const 0)) (start $start)"
                         "(func $put (param i32)"
                         " (i32.store8 (i32.add (i32.const 16) (global.get $g)) (local.get 0))"
                         " (global.set $g (i32.add (global.get $g) (i32.const 1))))"
                         "(func $start (call $put (i32.const 115)))"
                         "(func (export \"_initialize\") (call $put (i32.const 105)))"
                         "(func (export \"m\") (call $put (i32.const 109))"
                         " (call $output (i32.const 16) (global.get $g)))");
    for (int i = 0; i < 2; i++) {
        assert_ok(contract_run(fx, 0xaa, "m", NULL));
        assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
        assert_int_equal(fx->result.output.len, 3);
        assert_memory_equal(fx->result.output.data, "sim", 3);
    }
    contract_deploy_body(fx, 0xaa,
                         "(start $start) (func $start (loop (br 0)))"
                         "(func (export \"m\"))");
    assert_ok(contract_run(fx, 0xaa, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OUT_OF_GAS);
    contract_deploy_body(
        fx, 0xaa,
        "(func (export \"_initialize\") (call $output (i32.const 0) (i32.const 2)))"
        "(func (export \"m\") unreachable)");
    assert_ok(contract_run(fx, 0xaa, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_int_equal(fx->result.output.len, 2);
}

/* Goal: stored code that is not accepted is BAD_CODE after loading was paid. */
static void test_bad_code(void **state)
{
    struct contract_fixture *fx = *state;
    fake_deploy(&fx->host, 0xaa, (const uint8_t *)"\0asm\1\0\0\0garbage", 15);
    assert_ok(contract_run(fx, 0xaa, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_BAD_CODE);
    assert_int_equal(fx->result.gas_used, 200 + 4);
}

/* Calls the contract whose address is `next` 32 times, method "m", with all arguments; $status. */
#define FORWARD(next)                                                                              \
    "(memory.fill (i32.const 544) " next " (i32.const 32))"                                        \
    "(i32.store8 (i32.const 16) (i32.const 109))"                                                  \
    "(local.set $status (call $call_contract (i32.const 544) (i32.const 16) (i32.const 1)"         \
    " (i32.const 0) (i32.const 0) (i64.const 0) (i64.const -1) (i32.const 0)))"

/* Goal: 16 contracts deep is allowed; the 17th is LIMIT for the 16th, which goes on. */
static void test_depth(void **state)
{
    struct contract_fixture *fx = *state;
    /* Contract n calls n + 1 and returns the depth reached: its own status or the callee's. */
    for (int i = 1; i <= 17; i++) {
        char body[1024];
        (void)snprintf(
            body, sizeof body,
            "(func (export \"m\") (local $status i32) " FORWARD(
                "(i32.const %d)") " (if (i32.eqz (local.get $status))"
                                  "  (then (call $result_read (i32.const 100) (i32.const 0) "
                                  "(i32.const 8)))"
                                  "  (else (i32.store (i32.const 100) (i32.const %d))"
                                  "        (i32.store (i32.const 104) (local.get $status))))"
                                  " (call $output (i32.const 100) (i32.const 8)))",
            i + 1, i);
        contract_deploy_body(fx, (uint8_t)i, body);
    }
    assert_ok(contract_run(fx, 1, "m", NULL));
    uint64_t end = contract_output_u64(fx);
    assert_int_equal(end & 0xffffffff, 16);
    assert_int_equal(end >> 32, BAALS_RECEIPT_LIMIT);
    /* Two levels less end at 17, where nothing is deployed at 18. */
    assert_ok(contract_run(fx, 3, "m", NULL));
    end = contract_output_u64(fx);
    assert_int_equal(end & 0xffffffff, 17);
    assert_int_equal(end >> 32, BAALS_RECEIPT_NO_CONTRACT);
}

/* Goal: no contract on the stack can be entered again, however far below it is. */
static void test_reentrancy(void **state)
{
    struct contract_fixture *fx = *state;
    static const int next[][2] = {{1, 2}, {2, 3}, {3, 1}};
    for (size_t i = 0; i < BL_COUNT_OF(next); i++) {
        char body[1024];
        (void)snprintf(body, sizeof body,
                       "(func (export \"m\") (local $status i32) " FORWARD(
                           "(i32.const %d)") " (i32.store (i32.const 100) (local.get $status))"
                                             " (call $output (i32.const 100) (i32.const 4)))",
                       next[i][1]);
        contract_deploy_body(fx, (uint8_t)next[i][0], body);
    }
    /* 3 is told REENTRY by 1's being open, and ends OK; so do 2 and 1. */
    assert_ok(contract_run(fx, 3, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_int_equal(bl_load_u32le(fx->result.output.data), BAALS_RECEIPT_OK);
    char body[1024];
    (void)snprintf(
        body, sizeof body,
        "(func (export \"m\") (local $status i32) " FORWARD(
            "(i32.const %d)") " (call $revert (local.get $status) (i32.const 0) (i32.const 0)))",
        1);
    contract_deploy_body(fx, 1, body);
    assert_ok(contract_run(fx, 1, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_REVERT);
    assert_int_equal(fx->result.revert_code, BAALS_RECEIPT_REENTRY);
}

/* Goal: a failed sub-call takes back its own storage and events, and nothing of its caller's. */
static void test_sub_call_rollback(void **state)
{
    struct contract_fixture *fx = *state;
#define MARK                                                                                       \
    "(i32.store8 (i32.const 20) (i32.const 107))"                                                  \
    "(call $storage_write (i32.const 20) (i32.const 1) (i32.const 20) (i32.const 1))"              \
    "(call $log_event (i32.const 0) (i32.const 0) (i32.const 20) (i32.const 1))"
    contract_deploy_body(fx, 3, "(func (export \"m\") " MARK ")");
    contract_deploy_body(
        fx, 2,
        "(func (export \"m\") (local $status i32) " MARK FORWARD(
            "(i32.const 3)") " (call $revert (i32.const 0) (i32.const 0) (i32.const 0)))");
    contract_deploy_body(
        fx, 1, "(func (export \"m\") (local $status i32) " MARK FORWARD("(i32.const 2)") MARK ")");
    assert_ok(contract_run(fx, 1, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_non_null(fake_value(&fx->host, 1, "k"));
    assert_null(fake_value(&fx->host, 2, "k"));
    assert_null(fake_value(&fx->host, 3, "k"));
    assert_int_equal(fx->host.state.event_count, 2);
    assert_ok(contract_run(fx, 2, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_REVERT);
    assert_null(fake_value(&fx->host, 3, "k"));
}

/* Goal: two contracts use the same keys without meeting. */
static void test_isolation(void **state)
{
    struct contract_fixture *fx = *state;
    static const char body[] =
        "(func (export \"write\") (i32.store8 (i32.const 20) (i32.const 107))"
        " (call $input_read (i32.const 30) (i32.const 0) (i32.const 1))"
        " (call $storage_write (i32.const 20) (i32.const 1) (i32.const 30) (i32.const 1)))";
    contract_deploy_body(fx, 1, body);
    contract_deploy_body(fx, 2, body);
    assert_ok(contract_run(fx, 1, "write", "x"));
    assert_ok(contract_run(fx, 2, "write", "y"));
    assert_memory_equal(fake_value(&fx->host, 1, "k")->data, "x", 1);
    assert_memory_equal(fake_value(&fx->host, 2, "k")->data, "y", 1);
}

/* A contract that recurses n times (its argument, two bytes), then forwards to `next` with the same
 * argument or ends. Frames of $down are 64 + 8 * (1 + 2) = 88 bytes. */
static void frame_deploy_recursion(struct contract_fixture *fx, uint8_t address, int next)
{
    char body[2048];
    (void)snprintf(body, sizeof body,
                   "(global $sent (mut i32) (i32.const 0))"
                   "(func $end (local $status i32)"
                   " (if (i32.and (i32.const %d) (i32.eqz (global.get $sent))) (then"
                   "  (global.set $sent (i32.const 1)) (i32.store8 (i32.const 16) (i32.const 109))"
                   "  (memory.fill (i32.const 544) (i32.const %d) (i32.const 32))"
                   "  (local.set $status (call $call_contract (i32.const 544) (i32.const 16)"
                   "   (i32.const 1) (i32.const 30) (i32.const 2) (i64.const 0) (i64.const -1)"
                   "   (i32.const 0)))"
                   "  (if (local.get $status) (then"
                   "   (call $revert (local.get $status) (i32.const 0) (i32.const 0)))))))"
                   "(func $down (param i32)"
                   " (if (local.get 0) (then (call $down (i32.sub (local.get 0) (i32.const 1))))"
                   "  (else (call $end))))"
                   "(func (export \"m\") (call $input_read (i32.const 30) (i32.const 0)"
                   " (call $input_len)) (call $down (i32.load16_u (i32.const 30)))"
                   " (call $down (i32.load16_u (i32.const 30))))",
                   next != 0 ? 1 : 0, next);
    contract_deploy_body(fx, address, body);
}

static baals_receipt_status frame_recurse(struct contract_fixture *fx, uint8_t address, uint32_t n)
{
    uint8_t args[2] = {(uint8_t)n, (uint8_t)(n >> 8)};
    baals_execution execution = fx->execution;
    execution.contract = fake_address(address);
    execution.method = bl_slice_str("m");
    execution.has_args = 1;
    execution.args = bl_slice(args, sizeof args);
    assert_ok(contract_execute(fx, &execution));
    return fx->result.status;
}

/* Goal: the stack budget bounds recursion at the same depth each time, is handed down to callees,
 * and is the caller's own again after the call. */
static void test_stack_budget(void **state)
{
    struct contract_fixture *fx = *state;
    frame_deploy_recursion(fx, 1, 0);
    frame_deploy_recursion(fx, 2, 1);
    uint32_t low = 0, high = 65535;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        baals_receipt_status status = frame_recurse(fx, 1, middle);
        assert_true(status == BAALS_RECEIPT_OK || status == BAALS_RECEIPT_OUT_OF_STACK);
        *(status == BAALS_RECEIPT_OK ? &low : &high) = middle;
    }
    /* $m, $down low + 1 times and $end fit in 256 KiB. */
    assert_true((low + 1) * 88 < 256 * 1024);
    assert_true((low + 5) * 88 > 256 * 1024);
    assert_true(fx->result.gas_used < fx->execution.gas);

    /* Two contracts share one budget: half of it each is enough, a little more is not. */
    assert_int_equal(frame_recurse(fx, 2, low / 2 - 4), BAALS_RECEIPT_OK);
    assert_int_equal(frame_recurse(fx, 2, low / 2 + 4), BAALS_RECEIPT_REVERT);
    assert_int_equal(fx->result.revert_code, BAALS_RECEIPT_OUT_OF_STACK);
}

/* Goal: with the gas of both counters below zero, gas is judged first. */
static void test_gas_before_stack(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 1, "(func $f (call $f)) (func (export \"m\") (call $f))");
    assert_ok(contract_run(fx, 1, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OUT_OF_STACK);
    uint64_t enough = fx->result.gas_used;
    fx->execution.gas = enough - 1;
    assert_ok(contract_run(fx, 1, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OUT_OF_GAS);
    fx->execution.gas = enough;
    assert_ok(contract_run(fx, 1, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OUT_OF_STACK);
    assert_int_equal(fx->result.gas_used, enough);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
#define FRAME_TEST(name) cmocka_unit_test_setup_teardown(name, frame_setup, frame_teardown)
    const struct CMUnitTest tests[] = {
        FRAME_TEST(test_cost_of_entry),
        FRAME_TEST(test_no_contract),
        FRAME_TEST(test_method_names),
        FRAME_TEST(test_entries),
        FRAME_TEST(test_start_and_initialize),
        FRAME_TEST(test_bad_code),
        FRAME_TEST(test_depth),
        FRAME_TEST(test_reentrancy),
        FRAME_TEST(test_sub_call_rollback),
        FRAME_TEST(test_isolation),
        FRAME_TEST(test_stack_budget),
        FRAME_TEST(test_gas_before_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
