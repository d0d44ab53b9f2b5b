/* SPDX-License-Identifier: MIT */
/*
 * WASM limits 2 in whole blocks: a contract makes contracts, pays and draws random bytes. Every
 * block is made, checked, applied twice and its root recomputed; supply balances or the ledger
 * stops.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "ledger_lib.h"
#include "testlib_wat.h"

/* `make` deploys this very code with its own id as salt and sends half of its value along; `pay`
 * sends 40 to the address 0x77...; `lose` does so and traps; `draw` outputs random bytes. */
static const char made_factory[] =
    "(module"
    "(import \"baals1\" \"output\" (func $output (param i32 i32)))"
    "(import \"baals1\" \"self\" (func $self (param i32)))"
    "(import \"baals1\" \"value\" (func $value (result i64)))"
    "(import \"baals1\" \"code_hash\" (func $code_hash (param i32 i32) (result i32)))"
    "(import \"baals1\" \"transfer\" (func $transfer (param i32 i64) (result i32)))"
    "(import \"baals1\" \"random\" (func $random (param i32)))"
    "(import \"baals1\" \"deploy_contract\" (func $deploy_contract"
    " (param i32 i32 i32 i32 i64 i64 i32) (result i32)))"
    "(memory 1)"
    "(func $pay (memory.fill (i32.const 0) (i32.const 0x77) (i32.const 32))"
    " (if (call $transfer (i32.const 0) (i64.const 40)) (then unreachable)))"
    "(func (export \"make\") (call $self (i32.const 0))"
    " (drop (call $code_hash (i32.const 0) (i32.const 32)))"
    " (i32.store (i32.const 64) (call $deploy_contract (i32.const 32) (i32.const 0) (i32.const 0)"
    "  (i32.const 0) (i64.div_u (call $value) (i64.const 2)) (i64.const -1) (i32.const 68)))"
    " (call $output (i32.const 64) (i32.const 36)))"
    "(func (export \"pay\") (call $pay))"
    "(func (export \"lose\") (call $pay) unreachable)"
    "(func (export \"draw\") (call $random (i32.const 0)) (call $output (i32.const 0)"
    " (i32.const 32))))";

struct made {
    struct ledger_lib *fx;
    baals_slice code;
    baals_address factory;
};

static struct made made_open(uint32_t wasm_limits, baals_receipt_status expected)
{
    struct made m;
    struct ledger_genesis genesis;
    size_t len = 0;
    uint8_t *code = testlib_wat(&len, made_factory);
    m.code = bl_slice(code, len);
    ledger_genesis_init(&genesis);
    genesis.genesis.params.wasm_limits = wasm_limits;
    m.fx = ledger_open(&genesis);
    baals_receipt receipt = ledger_run(m.fx, ledger_deploy(m.fx, 1, 0, m.code, NULL, 100));
    assert_int_equal(receipt.status, expected);
    m.factory = receipt.contract;
    return m;
}

static void made_close(struct made *m)
{
    ledger_close(m->fx);
    ledger_free(m->code);
}

/* Goal: on a chain of version 1 the same deploy is BAD_CODE. */
static void test_version_1(void **state)
{
    (void)state;
    struct made m = made_open(1, BAALS_RECEIPT_BAD_CODE);
    made_close(&m);
}

/* Goal: the contract that a contract makes has its id, money, code and maker, and can be called and
 * make another; the same salt again gives ADDRESS_TAKEN and costs the value nothing. */
static void test_make(void **state)
{
    (void)state;
    struct made m = made_open(2, BAALS_RECEIPT_OK);
    baals_hash code_hash, salt;
    baals_address id;
    bl_sha256(&code_hash, m.code);
    memcpy(salt.bytes, m.factory.bytes, sizeof salt.bytes);
    baals_contract_id_from_contract(&id, &m.factory, &salt, &code_hash);
    baals_receipt receipt = ledger_run(m.fx, ledger_call(m.fx, 1, 1, m.factory, "make", 50));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_int_equal(bl_load_u32le(receipt.output.data), BAALS_RECEIPT_OK);
    assert_memory_equal(receipt.output.data + 4, id.bytes, sizeof id.bytes);
    struct bl_account made = ledger_account(m.fx, &id);
    assert_true(made.has_code && bl_hash_equal(&made.code_hash, &code_hash));
    assert_true(made.has_creator && bl_address_equal(&made.creator, &m.factory));
    assert_int_equal(made.balance, 25);
    assert_int_equal(ledger_balance(m.fx, &m.factory), 125);

    receipt = ledger_run(m.fx, ledger_call(m.fx, 1, 2, m.factory, "make", 10));
    assert_int_equal(bl_load_u32le(receipt.output.data), BAALS_RECEIPT_ADDRESS_TAKEN);
    assert_int_equal(ledger_balance(m.fx, &m.factory), 135);
    receipt = ledger_run(m.fx, ledger_call(m.fx, 1, 3, id, "make", 4));
    assert_int_equal(bl_load_u32le(receipt.output.data), BAALS_RECEIPT_OK);
    assert_int_equal(ledger_balance(m.fx, &id), 27);
    made_close(&m);
}

/* Goal: a payment makes a record, or nothing when the payer traps. */
static void test_pay(void **state)
{
    (void)state;
    struct made m = made_open(2, BAALS_RECEIPT_OK);
    baals_address to = ledger_stranger(0x77);
    baals_receipt receipt = ledger_run(m.fx, ledger_call(m.fx, 1, 1, m.factory, "lose", 0));
    assert_int_equal(receipt.status, BAALS_RECEIPT_TRAP);
    assert_false(ledger_has_account(m.fx, &to));
    receipt = ledger_run(m.fx, ledger_call(m.fx, 1, 2, m.factory, "pay", 0));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_int_equal(ledger_balance(m.fx, &to), 40);
    assert_int_equal(ledger_balance(m.fx, &m.factory), 60);
    uint64_t first = receipt.gas_used;
    receipt = ledger_run(m.fx, ledger_call(m.fx, 1, 3, m.factory, "pay", 0));
    assert_int_equal(first - receipt.gas_used, 8000);
    made_close(&m);
}

/* Goal: random bytes follow from the previous block, the transaction and the contract. */
static void test_draw(void **state)
{
    (void)state;
    struct made m = made_open(2, BAALS_RECEIPT_OK);
    const baals_tx *tx = ledger_call(m.fx, 1, 1, m.factory, "draw", 0);
    uint8_t data[104] = {0};
    memcpy(data, m.fx->tip_hash.bytes, 32);
    memcpy(data + 32, tx->id.bytes, 32);
    memcpy(data + 64, m.factory.bytes, 32);
    baals_hash expected;
    bl_hash_tagged(&expected, "baals:random:1", bl_slice(data, sizeof data));
    baals_receipt receipt = ledger_run(m.fx, tx);
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_memory_equal(receipt.output.data, expected.bytes, sizeof expected.bytes);
    made_close(&m);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version_1),
        cmocka_unit_test(test_make),
        cmocka_unit_test(test_pay),
        cmocka_unit_test(test_draw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
