/* SPDX-License-Identifier: MIT */
/*
 * Host functions about input, output, identity and the block, and the rules common to all:
 * docs/spec/contracts.md 4 to 6. Costs are computed by hand from the table.
 */
#include "contract_fixture.h"

#include <string.h>

#include "contracts/host.h"

#define PAGE "65536"
#define R32(call) "(local.set $r (i64.extend_i32_u " call "))"
#define R64(call) "(local.set $r " call ")"

static int fixture_setup(void **state)
{
    *state = contract_fixture_new();
    return 0;
}

static int fixture_teardown(void **state)
{
    contract_fixture_free(*state);
    return 0;
}

/* Goal: the table for the runtime has every function once, with the types of its signature. */
static void test_table(void **state)
{
    (void)state;
    baals_vm_host_function functions[BL_HOST_FUNCTION_COUNT];
    bl_host_functions(functions);
    const struct bl_wasm_imports *imports = bl_host_imports();
    assert_int_equal(imports[0].count, 28);
    assert_int_equal(imports[1].count, BL_HOST_FUNCTION_COUNT);
    assert_int_equal(BL_HOST_FUNCTION_COUNT, 28 + 5 + 46);
    imports = &imports[1];
    for (size_t i = 0; i < BL_HOST_FUNCTION_COUNT; i++) {
        assert_string_equal(functions[i].module, i < 28 + 5 ? "baals1" : "wasi_snapshot_preview1");
        assert_string_equal(functions[i].name, imports->specs[i].name);
        assert_int_equal(functions[i].param_count,
                         strlen(imports->specs[i].signature) -
                             (functions[i].result == BAALS_VM_NONE ? 1 : 2));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(functions[i].name, functions[k].name);
    }
}

/* Goal: input functions give the arguments, cost what the table says, and trap outside them. */
static void test_input(void **state)
{
    struct contract_fixture *fx = *state;
    struct contract_measure m = contract_measure(fx, "", R32("(call $input_len)"));
    assert_int_equal(m.result, 9);
    assert_int_equal(m.gas, 150);
    m = contract_measure(fx, "",
                         "(call $input_read (i32.const 100) (i32.const 1) (i32.const 8))" R64(
                             "(i64.load (i32.const 100))"));
    assert_memory_equal(&m.result, "rguments", 8);
    assert_int_equal(m.gas, 150 + 1);
    m = contract_measure(fx, "", "(call $input_read (i32.const 0) (i32.const 9) (i32.const 0))");
    assert_int_equal(m.gas, 150);
    contract_fails(fx, "(call $input_read (i32.const 0) (i32.const 9) (i32.const 1))",
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_ARGUMENT);
    contract_fails(fx, "(call $input_read (i32.const 0) (i32.const -1) (i32.const 2))",
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_ARGUMENT);
    contract_fails(fx, "(call $input_read (i32.const 65535) (i32.const 0) (i32.const 2))",
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
}

/* Goal: places at the very end of the memory are accepted, one byte further or wrapping traps. */
static void test_pointers(void **state)
{
    struct contract_fixture *fx = *state;
    contract_measure(fx, "", "(call $self (i32.const 65504))");
    contract_measure(fx, "", "(call $input_read (i32.const " PAGE ") (i32.const 0) (i32.const 0))");
    static const char *const bad[] = {
        "(call $self (i32.const 65505))",
        "(call $self (i32.const -1))",
        "(call $self (i32.const -32))",
        "(call $caller (i32.const 65505))",
        "(call $origin (i32.const 65505))",
        "(call $chain_id (i32.const 65505))",
        "(call $tx_id (i32.const 65505))",
        "(call $input_read (i32.const 65537) (i32.const 0) (i32.const 0))",
        "(drop (call $balance (i32.const 65505)))",
        "(drop (call $code_hash (i32.const 65505) (i32.const 0)))",
        "(drop (call $code_hash (i32.const 0) (i32.const 65505)))",
        "(call $output (i32.const 65535) (i32.const 2))",
        "(call $output (i32.const -1) (i32.const 1))",
        "(call $revert (i32.const 1) (i32.const 65535) (i32.const 2))",
        "(call $log (i32.const 0) (i32.const 65535) (i32.const 2))",
    };
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++)
        contract_fails(fx, bad[i], BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
}

/* Goal: the identities and the block are those of the execution. */
static void test_identity(void **state)
{
    struct contract_fixture *fx = *state;
    fx->execution.origin = fake_address(0x22);
    fx->execution.value.units = 77;
    static const struct {
        const char *statement;
        uint64_t result;
        uint64_t gas;
    } rows[] = {
        {"(call $self (i32.const 100))" R64("(i64.load (i32.const 124))"), 0xaaaaaaaaaaaaaaaa, 154},
        {"(call $caller (i32.const 100))" R64("(i64.load (i32.const 124))"), 0x1111111111111111,
         154},
        {"(call $origin (i32.const 100))" R64("(i64.load (i32.const 124))"), 0x2222222222222222,
         154},
        {"(call $chain_id (i32.const 100))" R64("(i64.load (i32.const 100))"), 0xc1, 154},
        {"(call $tx_id (i32.const 100))" R64("(i64.load (i32.const 100))"), 0x71, 154},
        {R64("(call $value)"), 77, 150},
        {R64("(call $block_index)"), 7, 150},
        {R64("(call $block_time_ms)"), 1700000000000, 150},
    };
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        struct contract_measure m = contract_measure(fx, "", rows[i].statement);
        assert_int_equal(m.result, rows[i].result);
        assert_int_equal(m.gas, rows[i].gas);
    }
}

/* Goal: balance and code_hash answer for accounts, contracts and unknown addresses. */
static void test_accounts(void **state)
{
    struct contract_fixture *fx = *state;
    fake_account(&fx->host, 0xbb)->balance = UINT64_MAX;
    struct contract_measure m = contract_measure(fx, "", R64("(call $balance (i32.const 544))"));
    assert_true(m.result == UINT64_MAX);
    assert_int_equal(m.gas, 150 + 4 + 3000);
    m = contract_measure(fx, "", R64("(call $balance (i32.const 600))"));
    assert_int_equal(m.result, 0);

    m = contract_measure(fx, "", R32("(call $code_hash (i32.const 512) (i32.const 100))"));
    assert_int_equal(m.result, 1);
    assert_int_equal(m.gas, 150 + 8 + 3000);
    m = contract_measure(fx, "",
                         "(drop (call $code_hash (i32.const 512) (i32.const 100)))" R64(
                             "(i64.load (i32.const 100))"));
    assert_true(m.result == bl_load_u64le(fake_account(&fx->host, 0xaa)->code_hash.bytes));
    m = contract_measure(fx, "", R32("(call $code_hash (i32.const 544) (i32.const 100))"));
    assert_int_equal(m.result, 0);
    assert_int_equal(m.gas, 150 + 8 + 3000);
}

/* Goal: gas_left is the counter after its own charge. */
static void test_gas_left(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa,
                         "(func (export \"m\") (i64.store (i32.const 0) (call $gas_left))"
                         " (call $output (i32.const 0) (i32.const 8)))");
    assert_ok(contract_run(fx, 0xaa, "m", NULL));
    /* Behind gas_left only output is charged: 150 + 1 + 64. */
    assert_int_equal(contract_output_u64(fx) - 215, fx->execution.gas - fx->result.gas_used);
}

/* Goal: output and revert end the call with their data; revert carries its code. */
static void test_output_and_revert(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(
        fx, 0xaa,
        "(data (i32.const 16) \"reason\")"
        "(func (export \"out\") (call $output (i32.const 16) (i32.const 3)) unreachable)"
        "(func (export \"rev\") (call $revert (i32.const -2) (i32.const 16) (i32.const 6))"
        " unreachable)"
        "(func (export \"nothing\"))");
    assert_ok(contract_run(fx, 0xaa, "out", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_int_equal(fx->result.output.len, 3);
    uint64_t gas_out = fx->result.gas_used;
    assert_ok(contract_run(fx, 0xaa, "rev", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_REVERT);
    assert_int_equal(fx->result.trap, BAALS_TRAP_REVERT);
    assert_int_equal(fx->result.revert_code, 0xfffffffe);
    assert_int_equal(fx->result.output.len, 6);
    assert_memory_equal(fx->result.output.data, "reason", 6);
    /* Three bytes, a constant, a parameter, and 8 bytes of frame more. */
    assert_int_equal(fx->result.gas_used - gas_out, 3 * 8 + 3);
    assert_ok(contract_run(fx, 0xaa, "nothing", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
    assert_int_equal(fx->result.output.len, 0);
}

/* Goal: 64 KiB of output are accepted of the outermost frame, a byte more is LIMIT. */
static void test_output_limit(void **state)
{
    struct contract_fixture *fx = *state;
    contract_fails(fx, "(call $output (i32.const 0) (i32.const 65536))", BAALS_RECEIPT_OK, 0);
    assert_int_equal(fx->result.output.len, 65536);
    contract_fails(fx, "(call $output (i32.const 0) (i32.const 65537))", BAALS_RECEIPT_LIMIT,
                   BAALS_TRAP_LIMIT);
    contract_fails(fx, "(call $revert (i32.const 0) (i32.const 0) (i32.const 65537))",
                   BAALS_RECEIPT_LIMIT, BAALS_TRAP_LIMIT);
}

/* Goal: the first charge precedes every check: a hopeless length is OUT_OF_GAS, not a bad pointer.
 */
static void test_charge_before_failure(void **state)
{
    struct contract_fixture *fx = *state;
    contract_fails(fx, "(call $output (i32.const 0) (i32.const -1))", BAALS_RECEIPT_OUT_OF_GAS,
                   BAALS_TRAP_GAS);
    assert_int_equal(fx->result.gas_used, fx->execution.gas);
    contract_fails(fx, "(call $log (i32.const 9) (i32.const 0) (i32.const -1))",
                   BAALS_RECEIPT_OUT_OF_GAS, BAALS_TRAP_GAS);
}

static int32_t test_expired(void *ctx)
{
    return ++*(int *)ctx > 2 ? 1 : 0;
}

/* Goal: a query's deadline stops a loop of host calls with a local status, and only then. */
static void test_deadline(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xaa,
                         "(func (export \"m\") (loop (drop (call $input_len)) (br 0)))"
                         "(func (export \"once\") (drop (call $input_len)))");
    int looks = 0;
    fx->execution.expired = test_expired;
    fx->execution.expired_ctx = &looks;
    assert_ok(contract_run(fx, 0xaa, "once", NULL));
    assert_int_equal(looks, 1);
    assert_status(contract_run(fx, 0xaa, "m", NULL), BAALS_BUSY_TIMEOUT);
    assert_int_equal(looks, 3);
}

/* Goal: a host that fails is a local failure, whatever function met it, and nothing stays. */
static void test_host_failure(void **state)
{
    struct contract_fixture *fx = *state;
    static const char *const statements[] = {
        "(drop (call $balance (i32.const 512)))",
        "(drop (call $code_hash (i32.const 512) (i32.const 0)))",
        "(drop (call $storage_read (i32.const 256) (i32.const 4) (i32.const 0) (i32.const 0)))",
        "(call $storage_write (i32.const 256) (i32.const 4) (i32.const 0) (i32.const 0))",
        "(drop (call $storage_remove (i32.const 256) (i32.const 4)))",
        ("(drop (call $storage_next (call $storage_scan (i32.const 0) (i32.const 0) (i32.const 0)"
         " (i32.const 0) (i32.const 0)) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)"
         " (i32.const 0)))"),
        "(call $log_event (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
        ("(drop (call $call_contract (i32.const 544) (i32.const 0) (i32.const 0) (i32.const 0)"
         " (i32.const 0) (i64.const 0) (i64.const 0) (i32.const 0)))"),
    };
    for (size_t i = 0; i < BL_COUNT_OF(statements); i++) {
        contract_measure(fx, "", statements[i]);
        /* Run again: the code is cached, so after code_hash comes the function's own operation. */
        fx->host.fail_at = fx->host.operations + 2;
        assert_status(contract_run(fx, 0xaa, "m", "arguments"), BAALS_IO);
        assert_int_equal(fx->host.saved_count, 0);
        fx->host.fail_at = 0;
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
#define HOST_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        HOST_TEST(test_input),
        HOST_TEST(test_pointers),
        HOST_TEST(test_identity),
        HOST_TEST(test_accounts),
        HOST_TEST(test_gas_left),
        HOST_TEST(test_output_and_revert),
        HOST_TEST(test_output_limit),
        HOST_TEST(test_charge_before_failure),
        HOST_TEST(test_deadline),
        HOST_TEST(test_host_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
