/* SPDX-License-Identifier: MIT */
/*
 * Host functions that move money and code, of version 2: transfer, random, deploy_contract,
 * set_code; and that version 1 knows none of them.
 */
#include "contract_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "types/types.h"

/* Contract 0xbb is there for its code; it outputs its arguments and keeps who called. */
static const char code_callee[] =
    "(func $keep (call $caller (i32.const 100)) (call $storage_write (i32.const 256) (i32.const 1)"
    " (i32.const 100) (i32.const 32)) (call $input_read (i32.const 200) (i32.const 0)"
    " (call $input_len)) (call $output (i32.const 200) (call $input_len)))"
    "(func (export \"init\") (call $keep))"
    "(func (export \"migrate\") (call $keep))"
    "(func (export \"m\") (call $output (i32.const 0) (i32.const 3)))";

static int code_setup(void **state)
{
    struct contract_fixture *fx = contract_fixture_new();
    fx->execution.wasm_limits = 2;
    contract_deploy_body(fx, 0xbb, code_callee);
    fake_account(&fx->host, 0xaa)->balance = 1000;
    *state = fx;
    return 0;
}

static int code_teardown(void **state)
{
    contract_fixture_free(*state);
    return 0;
}

/* Statements that put the hash of 0xbb's code at 2048. */
static const char *code_hash_at(const char *after)
{
    static char text[2048];
    (void)snprintf(text, sizeof text, "(drop (call $code_hash (i32.const 544) (i32.const 2048)))%s",
                   after);
    return text;
}

static uint64_t code_len(const struct contract_fixture *fx)
{
    return fx->host.codes[0].code.len;
}

static baals_address code_new_id(const struct contract_fixture *fx)
{
    baals_address deployer = fake_address(0xaa), id;
    baals_hash salt;
    memset(salt.bytes, 0xbb, sizeof salt.bytes); /* what stands at 544 */
    baals_contract_id_from_contract(&id, &deployer, &salt, &fx->host.codes[0].hash);
    return id;
}

/* The record of an address; zeros when it has none. */
static struct fake_account code_account(struct contract_fixture *fx, const baals_address *address)
{
    for (size_t i = 0; i < fx->host.state.account_count; i++) {
        if (bl_address_equal(&fx->host.state.accounts[i].address, address))
            return fx->host.state.accounts[i];
    }
    return (struct fake_account){.has_code = false};
}

#define TRANSFER(to, amount)                                                                       \
    "(local.set $r (i64.extend_i32_u (call $transfer (i32.const " to ") (i64.const " amount "))))"
#define DEPLOY(value, gas)                                                                         \
    "(local.set $r (i64.extend_i32_u (call $deploy_contract (i32.const 2048) (i32.const 544)"      \
    " (i32.const 256) (i32.const 8) (i64.const " value ") (i64.const " gas ") (i32.const 1024))))"
#define SET_CODE(len)                                                                              \
    "(local.set $r (i64.extend_i32_u (call $set_code (i32.const 2048) (i32.const 256)"             \
    " (i32.const " len ") (i64.const -1))))"

/* Goal: a chain of version 1 refuses every import of version 2, so its past cannot change. */
static void test_version_1(void **state)
{
    struct contract_fixture *fx = *state;
    static const char *const imports[] = {
        "\"baals1\" \"transfer\" (func (param i32 i64) (result i32))",
        "\"baals1\" \"random\" (func (param i32))",
        "\"baals1\" \"set_code\" (func (param i32 i32 i32 i64) (result i32))",
        "\"baals1\" \"deploy_contract\" (func (param i32 i32 i32 i32 i64 i64 i32) (result i32))",
        "\"baals1\" \"crypto_recover\" (func (param i32 i32 i32 i32) (result i32))",
        "\"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32))",
        "\"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32))",
    };
    for (size_t i = 0; i < BL_COUNT_OF(imports); i++) {
        char text[256];
        size_t len = 0;
        (void)snprintf(text, sizeof text, "(module (import %s) (memory 1))", imports[i]);
        uint8_t *code = testlib_wat(&len, text);
        assert_status(bl_contract_check_code(fx->engine, bl_slice(code, len), 1, 1, NULL),
                      BAALS_REJECT_CODE);
        assert_ok(bl_contract_check_code(fx->engine, bl_slice(code, len), 1, 2, NULL));
        free(code);
    }
    /* Code that came to the chain under 2 is no code under 1. */
    fx->execution.wasm_limits = 1;
    assert_ok(contract_run(fx, 0xbb, "m", NULL));
    assert_int_equal(fx->result.status, BAALS_RECEIPT_BAD_CODE);
}

/* Goal: a transfer credits, costs 6,000 more where it makes a record, and answers 100 when the
 * balance is too small. */
static void test_transfer(void **state)
{
    struct contract_fixture *fx = *state;
    struct contract_measure m = contract_measure(fx, "", TRANSFER("544", "40"));
    assert_int_equal(m.result, 0);
    assert_int_equal(m.gas, 150 + 4 + 9000);
    assert_int_equal(fake_account(&fx->host, 0xaa)->balance, 960);
    assert_int_equal(fake_account(&fx->host, 0xbb)->balance, 40);
    m = contract_measure(fx, "(i64.store (i32.const 600) (i64.const 7))", TRANSFER("600", "960"));
    assert_int_equal(m.result, 0);
    assert_int_equal(m.gas, 150 + 4 + 9000 + 6000);
    m = contract_measure(fx, "(i64.store (i32.const 600) (i64.const 8))", TRANSFER("600", "1"));
    assert_int_equal(m.result, 100);
    assert_int_equal(m.gas, 150 + 4 + 9000);
    m = contract_measure(fx, "(i64.store (i32.const 600) (i64.const 8))", TRANSFER("600", "0"));
    assert_int_equal(m.result, 0);
    assert_int_equal(m.gas, 150 + 4 + 9000);
    m = contract_measure(fx, "", TRANSFER("544", "-1"));
    assert_int_equal(m.result, 100);
}

/* Goal: a transfer to itself or to a contract on the call stack moves money and runs nothing. */
static void test_transfer_to_itself(void **state)
{
    struct contract_fixture *fx = *state;
    struct contract_measure m = contract_measure(fx, "", TRANSFER("512", "1000"));
    assert_int_equal(m.result, 0);
    assert_int_equal(fake_account(&fx->host, 0xaa)->balance, 1000);
}

/* Goal: a transfer to a system address, under READONLY, or from a bad pointer traps. */
static void test_transfer_refusals(void **state)
{
    struct contract_fixture *fx = *state;
    contract_fails(fx, TRANSFER("3000", "1"), BAALS_RECEIPT_TRAP, BAALS_TRAP_ARGUMENT);
    contract_fails(fx, TRANSFER("65505", "1"), BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
    fx->execution.readonly = 1;
    contract_fails(fx, TRANSFER("544", "0"), BAALS_RECEIPT_TRAP, BAALS_TRAP_READONLY);
}

/* Goal: random is the hash of the specification, one counter per transaction. */
static void test_random(void **state)
{
    struct contract_fixture *fx = *state;
    memset(fx->execution.prev_hash.bytes, 0x33, 32);
    for (uint64_t counter = 0; counter < 2; counter++) {
        uint8_t data[104];
        memset(data, 0x33, 32);
        memcpy(data + 32, fx->execution.tx_id.bytes, 32);
        memset(data + 64, 0xaa, 32);
        bl_store_u64be(data + 96, counter);
        baals_hash hash;
        bl_hash_tagged(&hash, "baals:random:1", bl_slice(data, sizeof data));
        struct contract_measure m =
            contract_measure(fx, counter == 0 ? "" : "(call $random (i32.const 900))",
                             "(call $random (i32.const 800)) (local.set $r (i64.load"
                             " (i32.const 824)))");
        assert_true(m.result == bl_load_u64le(hash.bytes + 24));
        assert_int_equal(m.gas, 150 + 4 + 500);
    }
    contract_fails(fx, "(call $random (i32.const 65505))", BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
}

/* Goal: a new contract has the id, code, creator and value that the specification says; its init
 * ran with its maker as caller; the same salt again is ADDRESS_TAKEN. */
static void test_deploy(void **state)
{
    struct contract_fixture *fx = *state;
    baals_address id = code_new_id(fx), maker = fake_address(0xaa);
    struct contract_measure m = contract_measure(fx, code_hash_at(""), DEPLOY("30", "-1"));
    assert_int_equal(m.result, 0);
    struct fake_account account = code_account(fx, &id);
    assert_true(account.has_code && bl_address_equal(&account.creator, &maker));
    assert_int_equal(account.balance, 30);
    assert_int_equal(fake_account(&fx->host, 0xaa)->balance, 970);
    baals_slice value;
    baals_slice key = bl_slice("\0", 1);
    assert_ok(fx->host.base.ops->storage_get(&fx->host.base, &value, &id, key, NULL));
    assert_memory_equal(value.data, maker.bytes, 32);
    m = contract_measure(fx, code_hash_at(""), DEPLOY("0", "-1"));
    assert_int_equal(m.result, BAALS_RECEIPT_ADDRESS_TAKEN);
    assert_int_equal(m.gas, 150 + 13 + 10000 + 20 * code_len(fx));
}

/* Goal: the id is written, and init's output is the last result. */
static void test_deploy_results(void **state)
{
    struct contract_fixture *fx = *state;
    baals_address id = code_new_id(fx);
    struct contract_measure m = contract_measure(
        fx, code_hash_at(""), DEPLOY("0", "-1") "(local.set $r (i64.load (i32.const 1048)))");
    assert_true(m.result == bl_load_u64le(id.bytes + 24));
    fx->host.state.account_count = 0;
    contract_deploy_body(fx, 0xbb, code_callee);
    m = contract_measure(fx, code_hash_at(""),
                         DEPLOY("0", "-1") "(local.set $r (i64.extend_i32_u (call $result_len)))");
    assert_int_equal(m.result, 8);
}

/* Goal: an address with money but no code keeps the money and costs no record. */
static void test_deploy_prefunded(void **state)
{
    struct contract_fixture *fx = *state;
    baals_address id = code_new_id(fx), from = fake_address(0xaa);
    int32_t moved = 0;
    struct contract_measure plain = contract_measure(fx, code_hash_at(""), DEPLOY("0", "-1"));
    contract_fixture_free(fx);
    assert_int_equal(code_setup(state), 0);
    fx = *state;
    assert_ok(fx->host.base.ops->transfer(&fx->host.base, &moved, &from, &id,
                                          (baals_amount){.units = 5}, NULL));
    struct contract_measure funded = contract_measure(fx, code_hash_at(""), DEPLOY("1", "-1"));
    assert_int_equal(funded.result, 0);
    assert_int_equal(plain.gas, funded.gas + 6000);
    assert_int_equal(code_account(fx, &id).balance, 6);
}

/* Goal: a deploy that fails leaves no account, no value and no write behind. */
static void test_deploy_failures(void **state)
{
    struct contract_fixture *fx = *state;
    baals_address id = code_new_id(fx);
    struct contract_measure m = contract_measure(fx, "", DEPLOY("0", "-1"));
    assert_int_equal(m.result, BAALS_RECEIPT_BAD_CODE); /* no such code: zeros at 2048 */
    assert_int_equal(m.gas, 150 + 13 + 10000);
    m = contract_measure(fx, code_hash_at(""), DEPLOY("1001", "-1"));
    assert_int_equal(m.result, 100);
    m = contract_measure(fx, code_hash_at(""), DEPLOY("10", "3000"));
    assert_int_equal(m.result, BAALS_RECEIPT_OUT_OF_GAS);
    assert_false(code_account(fx, &id).has_code);
    int32_t has_record = 1;
    assert_ok(fx->host.base.ops->has_record(&fx->host.base, &has_record, &id, NULL));
    assert_int_equal(has_record, 0);
    assert_int_equal(fake_account(&fx->host, 0xaa)->balance, 1000);
    assert_int_equal(fx->host.state.entry_count, 0);
    fx->execution.readonly = 1;
    contract_fails(fx, DEPLOY("0", "-1"), BAALS_RECEIPT_TRAP, BAALS_TRAP_READONLY);
}

/* Goal: new code is entered by migrate at once and by everyone afterwards; the running frame keeps
 * the old. */
static void test_set_code(void **state)
{
    struct contract_fixture *fx = *state;
    struct contract_measure m = contract_measure(fx, code_hash_at(""), SET_CODE("8"));
    assert_int_equal(m.result, 0);
    assert_true(bl_hash_equal(&fake_account(&fx->host, 0xaa)->code_hash, &fx->host.codes[0].hash));
    baals_address self = fake_address(0xaa);
    baals_slice value;
    assert_ok(
        fx->host.base.ops->storage_get(&fx->host.base, &value, &self, bl_slice("\0", 1), NULL));
    assert_memory_equal(value.data, self.bytes, 32); /* called by itself */
    assert_ok(contract_run(fx, 0xaa, "m", NULL));
    assert_int_equal(fx->result.output.len, 3);
}

/* Goal: code without migrate takes null arguments only; a failing migrate restores the old code. */
static void test_migrate_failures(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xcc, "(func (export \"m\"))");
    contract_deploy_body(fx, 0xdd,
                         "(func (export \"migrate\") (call $storage_write (i32.const 0)"
                         " (i32.const 1) (i32.const 0) (i32.const 1)) unreachable)");
    contract_deploy_body(fx, 0xee,
                         "(func (export \"migrate\") (drop (call $code_hash (i32.const 544)"
                         " (i32.const 2048))) (call $self (i32.const 544))"
                         " (i32.store (i32.const 0) (call $set_code (i32.const 2048)"
                         " (i32.const 0) (i32.const 0) (i64.const -1)))"
                         " (call $output (i32.const 0) (i32.const 4)))");
    static const struct {
        int byte;
        const char *statement;
        uint64_t result;
    } rows[] = {{0xcc, SET_CODE("8"), BAALS_RECEIPT_NO_METHOD},
                {0xdd, SET_CODE("0"), BAALS_RECEIPT_TRAP}};
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        char before[256];
        (void)snprintf(before, sizeof before,
                       "(memory.fill (i32.const 600) (i32.const %d) (i32.const 32))"
                       "(drop (call $code_hash (i32.const 600) (i32.const 2048)))",
                       rows[i].byte);
        struct contract_measure m = contract_measure(fx, before, rows[i].statement);
        assert_int_equal(m.result, rows[i].result);
        assert_false(bl_hash_equal(&fake_account(&fx->host, 0xaa)->code_hash,
                                   &fake_account(&fx->host, (uint8_t)rows[i].byte)->code_hash));
        assert_int_equal(fx->host.state.entry_count, 0);
    }
    /* Within migrate nothing enters the contract: set_code is REENTRY there. */
    struct contract_measure m = contract_measure(
        fx,
        "(memory.fill (i32.const 600) (i32.const 0xee) (i32.const 32))"
        "(drop (call $code_hash (i32.const 600) (i32.const 2048)))",
        SET_CODE("0") "(call $result_read (i32.const 700) (i32.const 0) (i32.const 4))"
                      "(local.set $r (i64.extend_i32_u (i32.load (i32.const 700))))");
    assert_int_equal(m.result, BAALS_RECEIPT_REENTRY);
    m = contract_measure(fx, "", SET_CODE("0"));
    assert_int_equal(m.result, BAALS_RECEIPT_BAD_CODE);
    fx->execution.readonly = 1;
    contract_fails(fx, SET_CODE("0"), BAALS_RECEIPT_TRAP, BAALS_TRAP_READONLY);
}

/* Goal: set_code costs 10,000 and 20 per byte before migrate runs. */
static void test_set_code_gas(void **state)
{
    struct contract_fixture *fx = *state;
    contract_deploy_body(fx, 0xcc, "(func (export \"m\"))");
    uint64_t len = fx->host.codes[1].code.len;
    struct contract_measure m =
        contract_measure(fx,
                         "(memory.fill (i32.const 600) (i32.const 0xcc) (i32.const 32))"
                         "(drop (call $code_hash (i32.const 600) (i32.const 2048)))",
                         SET_CODE("0"));
    assert_int_equal(m.result, 0);
    uint64_t load = 200 + (len + 3) / 4;
    assert_int_equal(m.gas, 150 + 4 + 10000 + 20 * len + load);
}

/* Goal: a failure of the host at any operation is local: the execution has no verdict and leaves
 * nothing behind. */
static void test_host_failures(void **state)
{
    struct contract_fixture *fx = *state;
    /* A trace reads code for its names, and goes on without when that fails. */
    if (getenv("BAALS_TEST_TRACE") != NULL)
        skip();
    contract_deploy_body(
        fx, 0xaa,
        "(func (export \"m\") (memory.fill (i32.const 544) (i32.const 0xbb) (i32.const 32))"
        " (drop (call $code_hash (i32.const 544) (i32.const 2048)))"
        " (i64.store (i32.const 600) (i64.const 5))"
        " (drop (call $transfer (i32.const 600) (i64.const 1)))"
        " (drop (call $deploy_contract (i32.const 2048) (i32.const 544) (i32.const 0)"
        "  (i32.const 0) (i64.const 3) (i64.const -1) (i32.const 1024)))"
        " (drop (call $set_code (i32.const 2048) (i32.const 0) (i32.const 0) (i64.const -1))))");
    struct fake_state before = fx->host.state;
    uint64_t count = 0;
    for (uint64_t k = 1;; k++) {
        fx->host.operations = 0;
        fx->host.fail_at = k;
        baals_status status = contract_run(fx, 0xaa, "m", NULL);
        if (fx->host.operations < k) {
            assert_ok(status);
            break;
        }
        assert_status(status, BAALS_IO);
        assert_int_equal(fx->host.state.account_count, before.account_count);
        assert_int_equal(fx->host.state.entry_count, 0);
        assert_int_equal(fake_account(&fx->host, 0xaa)->balance, 1000);
        count++;
    }
    print_message("%d operations failed one by one\n", (int)count);
    assert_true(count > 15);
    assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
#define CODE_TEST(name) cmocka_unit_test_setup_teardown(name, code_setup, code_teardown)
    const struct CMUnitTest tests[] = {
        CODE_TEST(test_version_1),
        CODE_TEST(test_transfer),
        CODE_TEST(test_transfer_to_itself),
        CODE_TEST(test_transfer_refusals),
        CODE_TEST(test_random),
        CODE_TEST(test_deploy),
        CODE_TEST(test_deploy_results),
        CODE_TEST(test_deploy_prefunded),
        CODE_TEST(test_deploy_failures),
        CODE_TEST(test_set_code),
        CODE_TEST(test_migrate_failures),
        CODE_TEST(test_set_code_gas),
        CODE_TEST(test_host_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
