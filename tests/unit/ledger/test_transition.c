/* SPDX-License-Identifier: MIT */
/*
 * One transaction: whether it may stand, what it does, what it costs (docs/spec/transition.md).
 */
#include <string.h>

#include "crypto/crypto.h"
#include "ledger_lib.h"

#define UINT53 (1ull << 53)

static uint64_t intrinsic(const baals_tx *tx, uint64_t records)
{
    return 30000 + 8 * tx->bytes.len + 6000 * records;
}

static struct ledger_lib *open_default(void)
{
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    return ledger_open(&genesis);
}

/* ---- whether it may stand ---- */

/* The checks in their order; bit i of a mask breaks check i. */
static const baals_status order_statuses[] = {
    BAALS_REJECT_CHAIN_ID,      BAALS_REJECT_SENDER,    BAALS_REJECT_NOT_AUTHORITY,
    BAALS_REJECT_EXPIRED,       BAALS_REJECT_NONCE,     BAALS_REJECT_GAS_PRICE,
    BAALS_REJECT_GAS_INTRINSIC, BAALS_REJECT_GAS_BLOCK, BAALS_REJECT_BALANCE,
};
enum { ORDER_AUTHORITY = 2, ORDER_PRICE = 5, ORDER_INTRINSIC = 6, ORDER_BLOCK = 7 };

static const baals_tx *order_tx(struct ledger_lib *fx, unsigned mask)
{
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    unsigned signer = 1;
    if (mask & 1u << 0)
        fields.chain_id.bytes[0] ^= 1;
    if (mask & 1u << 1)
        signer = 4; /* has code */
    if (mask & 1u << ORDER_AUTHORITY)
        fields.kind = BAALS_TX_SYSTEM;
    if (mask & 1u << 3)
        fields.has_valid_until = 1;
    if (mask & 1u << 4)
        fields.nonce = 7;
    if (mask & 1u << ORDER_PRICE)
        fields.gas_price = 0;
    if (mask & 1u << ORDER_INTRINSIC)
        fields.gas_limit = 1;
    if (mask & 1u << ORDER_BLOCK)
        fields.gas_limit = 50000001;
    if (mask & 1u << 8) {
        if (fields.gas_price != 0) {
            fields.gas_price = 1ull << 62;
        } else {
            fields.has_recipient = 1;
            fields.recipient = ledger_address(2);
            fields.amount.units = UINT64_MAX;
        }
    }
    return ledger_sign(fx, signer, &fields);
}

/* Goal: each check alone gives its status, and of two broken ones the earlier decides. */
static void test_check_order(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    genesis.genesis.params.gas_price_min = 1;
    genesis.genesis.params.block_gas_limit = 50000000;
    struct ledger_lib *fx = ledger_open(&genesis);
    baals_address coded = ledger_address(4);
    struct bl_account account = {.balance = 0, .has_code = true};
    ledger_force_account(fx, &coded, &account);

    assert_ok(ledger_verdict(fx, order_tx(fx, 0)));
    size_t count = BL_COUNT_OF(order_statuses);
    for (unsigned i = 0; i < count; i++) {
        for (unsigned j = i; j < count; j++) {
            /* Operations are exempt from the price; a limit cannot be too low and too high here. */
            if ((i == ORDER_AUTHORITY && j == ORDER_PRICE) ||
                (i == ORDER_INTRINSIC && j == ORDER_BLOCK))
                continue;
            baals_status status = ledger_verdict(fx, order_tx(fx, 1u << i | 1u << j));
            if (status != order_statuses[i])
                fail_msg("checks %u and %u broken: %s", i, j, baals_status_name(status));
        }
    }
    ledger_close(fx);
}

/* Goal: the intrinsic gas is judged before the gas left in the block. */
static void test_check_intrinsic_before_block(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    genesis.genesis.params.block_gas_limit = 50000000;
    struct ledger_lib *fx = ledger_open(&genesis);
    struct ledger_fake_engine fake;
    ledger_fake_engine_init(&fake);
    fake.gas_used = UINT64_MAX; /* all of it */
    fx->ledger.contracts = &fake.base;
    baals_address contract = ledger_stranger(0x55);
    struct bl_account account = {.has_code = true};
    ledger_force_account(fx, &contract, &account);

    baals_tx fields = ledger_fields(fx, BAALS_TX_CALL, 0);
    fields.has_recipient = 1;
    fields.recipient = contract;
    fields.has_payload = 1;
    fields.payload = ledger_call_payload(fx, "m", bl_slice(NULL, 0));
    fields.gas_limit = 49990000;
    const baals_tx *txs[2] = {ledger_sign(fx, 1, &fields), NULL};
    baals_header header = ledger_next_header(fx);
    struct bl_applied applied;
    baals_status verdicts[2];
    const struct {
        uint64_t gas_limit;
        baals_status status;
    } cases[] = {{20000, BAALS_REJECT_GAS_INTRINSIC}, {40000, BAALS_REJECT_GAS_BLOCK}};
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        baals_tx second = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
        second.gas_limit = cases[i].gas_limit;
        txs[1] = ledger_sign(fx, 2, &second);
        assert_ok(ledger_apply(fx, &applied, BL_APPLY_PRODUCE, &header, txs, 2, verdicts));
        assert_ok(verdicts[0]);
        assert_status(verdicts[1], cases[i].status);
        assert_int_equal(applied.header.gas_used, 49990000);
    }
    ledger_close(fx);
}

/* Goal: a transaction may stand up to and including its last block. */
static void test_check_valid_until(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    ledger_block(fx, NULL, 0);
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    fields.has_valid_until = 1;
    fields.valid_until = 1;
    assert_status(ledger_verdict(fx, ledger_sign(fx, 1, &fields)), BAALS_REJECT_EXPIRED);
    fields.valid_until = 2;
    assert_ok(ledger_verdict(fx, ledger_sign(fx, 1, &fields)));
    ledger_close(fx);
}

/* Goal: nonces go by one; 2^64-2 is the last, and after it the account cannot send. */
static void test_check_nonce(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_address to = ledger_address(2);
    baals_address from = ledger_address(1);
    assert_status(ledger_verdict(fx, ledger_transfer(fx, 1, 1, to, 1)), BAALS_REJECT_NONCE);
    ledger_run(fx, ledger_transfer(fx, 1, 0, to, 1));
    assert_status(ledger_verdict(fx, ledger_transfer(fx, 1, 0, to, 1)), BAALS_REJECT_NONCE);

    struct bl_account account = ledger_account(fx, &from);
    account.nonce = UINT64_MAX - 1;
    ledger_force_account(fx, &from, &account);
    ledger_run(fx, ledger_transfer(fx, 1, UINT64_MAX - 1, to, 1));
    account = ledger_account(fx, &from);
    assert_true(account.nonce == UINT64_MAX);
    assert_status(ledger_verdict(fx, ledger_transfer(fx, 1, UINT64_MAX, to, 1)),
                  BAALS_REJECT_NONCE);
    assert_status(ledger_verdict(fx, ledger_transfer(fx, 1, 0, to, 1)), BAALS_REJECT_NONCE);
    ledger_close(fx);
}

/* The limit `gas` passes and one less is REJECT_GAS_INTRINSIC. */
static void
expect_intrinsic(struct ledger_lib *fx, unsigned signer, baals_tx fields, uint64_t records)
{
    /* Any limit from 65,536 to 2^32-1 has the same length; these are all below. */
    fields.gas_limit = 60000;
    uint64_t gas = intrinsic(ledger_sign(fx, signer, &fields), records);
    assert_true(gas > 256 && gas < 65536);
    fields.gas_limit = gas;
    assert_ok(ledger_verdict(fx, ledger_sign(fx, signer, &fields)));
    fields.gas_limit = gas - 1;
    assert_status(ledger_verdict(fx, ledger_sign(fx, signer, &fields)), BAALS_REJECT_GAS_INTRINSIC);
}

/* Goal: intrinsic gas is base, bytes, and 6,000 for each record made; exact to the unit. */
static void test_intrinsic_gas(void **state)
{
    (void)state;
    assert_int_equal(bl_ledger_intrinsic_gas(0, 0), 30000);
    assert_int_equal(bl_ledger_intrinsic_gas(100, 2), 30000 + 800 + 12000);
    struct ledger_lib *fx = open_default();
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    fields.gas_price = 0;
    expect_intrinsic(fx, 1, fields, 0);  /* anchoring */
    expect_intrinsic(fx, 10, fields, 1); /* anchoring without a record of one's own */
    fields.has_recipient = 1;
    fields.recipient = ledger_stranger(0x77);
    expect_intrinsic(fx, 1, fields, 0); /* nothing moves */
    expect_intrinsic(fx, 10, fields, 1);
    fields.amount.units = 5;
    expect_intrinsic(fx, 1, fields, 1); /* the recipient's */
    fields.recipient = ledger_address(2);
    expect_intrinsic(fx, 1, fields, 0);
    fields.recipient = ledger_address(1);
    expect_intrinsic(fx, 1, fields, 0); /* to oneself */
    fields.kind = BAALS_TX_CALL;
    fields.recipient = ledger_stranger(0x77);
    expect_intrinsic(fx, 1, fields, 0); /* a call never makes its recipient */
    fields = ledger_fields(fx, BAALS_TX_DEPLOY, 0);
    fields.gas_price = 0;
    expect_intrinsic(fx, 1, fields, 1);  /* the contract's */
    expect_intrinsic(fx, 10, fields, 2); /* and the sender's */
    baals_address id;
    baals_address deployer = ledger_address(1);
    baals_contract_id_from_deploy(&id, &deployer, 0);
    ledger_run(fx, ledger_transfer(fx, 2, 0, id, 1));
    expect_intrinsic(fx, 1, fields, 0); /* the id has a record already */
    fields.kind = BAALS_TX_SYSTEM;
    expect_intrinsic(fx, 0, fields, 0); /* the proposer got a fee, so has a record */
    ledger_close(fx);
}

/* Goal: amount + gas limit x price is computed without wrapping, and the whole balance may go. */
static void test_check_balance(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    fields.has_recipient = 1;
    fields.recipient = ledger_address(2);
    const struct {
        uint64_t gas_price;
        uint64_t amount;
        baals_status status;
    } cases[] = {
        {1, LEDGER_RICH - 1000000, BAALS_OK},
        {1, LEDGER_RICH - 1000000 + 1, BAALS_REJECT_BALANCE},
        {1, UINT64_MAX, BAALS_REJECT_BALANCE}, /* the sum wraps to 999,999 */
        {1ull << 58, 0, BAALS_REJECT_BALANCE}, /* 2^6 x 15625 x 2^58 wraps to 0 */
        {UINT64_MAX, UINT64_MAX, BAALS_REJECT_BALANCE},
        {LEDGER_RICH / 1000000, 0, BAALS_OK},
        {LEDGER_RICH / 1000000, 1, BAALS_REJECT_BALANCE},
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        fields.gas_price = cases[i].gas_price;
        fields.amount.units = cases[i].amount;
        assert_status(ledger_verdict(fx, ledger_sign(fx, 1, &fields)), cases[i].status);
    }
    ledger_close(fx);
}

/* Goal: gas limits up to 2^53 work, with fees that need 64 bits; one more does not fit. */
static void test_check_gas_end(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    genesis.genesis.params.block_gas_limit = UINT53;
    baals_address rich = ledger_address(5);
    ledger_genesis_balance(&genesis, &rich, UINT64_MAX - 4 * LEDGER_RICH);
    struct ledger_lib *fx = ledger_open(&genesis);
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    fields.gas_limit = UINT53 + 1;
    fields.gas_price = 0;
    assert_status(ledger_verdict(fx, ledger_sign(fx, 5, &fields)), BAALS_REJECT_GAS_BLOCK);
    fields.gas_limit = UINT53;
    fields.gas_price = 2048; /* 2^64 */
    assert_status(ledger_verdict(fx, ledger_sign(fx, 5, &fields)), BAALS_REJECT_BALANCE);
    fields.gas_price = 2047;
    baals_receipt receipt = ledger_run(fx, ledger_sign(fx, 5, &fields));
    assert_int_equal(receipt.fee, receipt.gas_used * 2047);
    assert_true(ledger_balance(fx, &rich) == UINT64_MAX - 4 * LEDGER_RICH - receipt.fee);
    ledger_close(fx);
}

/* Goal: of two transactions of a sender in one block the second sees what the first left. */
static void test_check_sees_block(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_address two = ledger_address(2);
    baals_address poor = ledger_address(6);
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    fields.gas_price = 0;
    fields.has_recipient = 1;
    fields.recipient = two;
    fields.amount.units = 100;
    const baals_tx *spend = ledger_sign(fx, 6, &fields);
    const baals_tx *txs[] = {ledger_transfer(fx, 1, 0, poor, 100), spend,
                             ledger_transfer(fx, 1, 1, poor, 1)};
    assert_status(ledger_verdict(fx, spend), BAALS_REJECT_BALANCE);
    ledger_block(fx, txs, 3);
    assert_int_equal(ledger_balance(fx, &poor), 1);
    ledger_close(fx);
}

/* Goal: for the pool the nonce may be ahead and the block is empty; everything else is judged. */
static void test_check_pending(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_address to = ledger_address(2);
    ledger_run(fx, ledger_transfer(fx, 1, 0, to, 1));
    struct bl_view *view = ledger_view(fx);
    struct bl_account account;
    const struct bl_ledger *ledger = &fx->ledger;
    assert_ok(bl_ledger_check_pending(&account, ledger, view, ledger_transfer(fx, 1, 1, to, 1),
                                      &fx->err));
    assert_int_equal(account.nonce, 1);
    assert_true(account.balance < LEDGER_RICH);
    assert_ok(bl_ledger_check_pending(NULL, ledger, view, ledger_transfer(fx, 1, 9, to, 1), NULL));
    assert_status(
        bl_ledger_check_pending(NULL, ledger, view, ledger_transfer(fx, 1, 0, to, 1), NULL),
        BAALS_REJECT_NONCE);
    assert_status(bl_ledger_check_pending(NULL, ledger, view,
                                          ledger_transfer(fx, 1, UINT64_MAX, to, 1), NULL),
                  BAALS_REJECT_NONCE);
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 1);
    fields.has_valid_until = 1;
    fields.valid_until = 1;
    assert_status(
        bl_ledger_check_pending(NULL, ledger, view, ledger_sign(fx, 1, &fields), &fx->err),
        BAALS_REJECT_EXPIRED);
    fields.valid_until = 2;
    assert_ok(bl_ledger_check_pending(NULL, ledger, view, ledger_sign(fx, 1, &fields), NULL));
    fields.gas_limit = BL_BLOCK_GAS_LIMIT_DEFAULT + 1;
    assert_status(bl_ledger_check_pending(NULL, ledger, view, ledger_sign(fx, 1, &fields), NULL),
                  BAALS_REJECT_GAS_BLOCK);
    bl_view_end(view);
    ledger_close(fx);
}

/* Goal: a later transaction of a sender without record need not pay for that record. */
static void test_check_pending_intrinsic(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    struct bl_view *view = ledger_view(fx);
    for (uint64_t nonce = 0; nonce < 2; nonce++) {
        baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, nonce);
        fields.gas_price = 0;
        fields.gas_limit = 40000;
        fields.gas_limit = intrinsic(ledger_sign(fx, 10, &fields), 0);
        assert_status(
            bl_ledger_check_pending(NULL, &fx->ledger, view, ledger_sign(fx, 10, &fields), NULL),
            nonce == 0 ? BAALS_REJECT_GAS_INTRINSIC : BAALS_OK);
    }
    bl_view_end(view);
    ledger_close(fx);
}

/* ---- transfers ---- */

/* Goal: amount and fee move; gas_used is the intrinsic gas; the rest of the limit comes back. */
static void test_transfer(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_address from = ledger_address(1);
    baals_address to = ledger_stranger(0x77);
    baals_address proposer = ledger_address(0);
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    fields.gas_price = 3;
    fields.has_recipient = 1;
    fields.recipient = to;
    fields.amount.units = 500;
    fields.has_payload = 1; /* a memo */
    fields.payload = bl_slice_str("thanks");
    const baals_tx *tx = ledger_sign(fx, 1, &fields);
    assert_false(ledger_has_account(fx, &to));
    baals_receipt receipt = ledger_run(fx, tx);
    uint64_t fee = 3 * intrinsic(tx, 1);
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_int_equal(receipt.gas_used, intrinsic(tx, 1));
    assert_int_equal(receipt.fee, fee);
    assert_int_equal(receipt.has_contract, 0);
    assert_int_equal(receipt.output.len, 0);
    assert_int_equal(receipt.event_count, 0);
    assert_int_equal(ledger_balance(fx, &to), 500);
    assert_int_equal(ledger_balance(fx, &from), LEDGER_RICH - 500 - fee);
    assert_int_equal(ledger_balance(fx, &proposer), fee);
    assert_int_equal(ledger_account(fx, &from).nonce, 1);
    assert_int_equal(ledger_account(fx, &to).nonce, 0);
    assert_int_equal(fx->last.header.gas_used, receipt.gas_used);
    ledger_close(fx);
}

/* Goal: moving nothing makes no record, and anchoring moves nothing. */
static void test_transfer_zero(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_address to = ledger_stranger(0x77);
    const baals_tx *tx = ledger_transfer(fx, 1, 0, to, 0);
    baals_receipt receipt = ledger_run(fx, tx);
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_int_equal(receipt.gas_used, intrinsic(tx, 0));
    assert_false(ledger_has_account(fx, &to));
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 1);
    fields.has_payload = 1;
    fields.payload = bl_slice_str("a fingerprint");
    receipt = ledger_run(fx, ledger_sign(fx, 1, &fields));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    ledger_close(fx);
}

/* Goal: paying oneself costs the fee alone; a proposer's fee comes back to it. */
static void test_transfer_same(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_address one = ledger_address(1);
    baals_address proposer = ledger_address(0);
    baals_receipt receipt = ledger_run(fx, ledger_transfer(fx, 1, 0, one, LEDGER_RICH / 2));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_int_equal(ledger_balance(fx, &one), LEDGER_RICH - receipt.fee);
    uint64_t earned = receipt.fee;
    assert_int_equal(ledger_balance(fx, &proposer), earned);

    ledger_run(fx, ledger_transfer(fx, 1, 1, proposer, 10000000));
    uint64_t before = ledger_balance(fx, &proposer);
    receipt = ledger_run(fx, ledger_transfer(fx, 0, 0, one, 7));
    assert_true(receipt.fee > 0);
    assert_int_equal(ledger_balance(fx, &proposer), before - 7);
    assert_int_equal(ledger_account(fx, &proposer).nonce, 1);
    ledger_close(fx);
}

/* Goal: at price 0 an account without record may send; its record then holds the nonce. */
static void test_transfer_empty_account(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_address nobody = ledger_address(10);
    baals_address proposer = ledger_address(0);
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    fields.gas_price = 0;
    const baals_tx *tx = ledger_sign(fx, 10, &fields);
    assert_false(ledger_has_account(fx, &nobody));
    baals_receipt receipt = ledger_run(fx, tx);
    assert_int_equal(receipt.gas_used, intrinsic(tx, 1));
    assert_int_equal(receipt.fee, 0);
    assert_true(ledger_has_account(fx, &nobody));
    assert_int_equal(ledger_account(fx, &nobody).nonce, 1);
    assert_int_equal(ledger_balance(fx, &nobody), 0);
    assert_false(ledger_has_account(fx, &proposer)); /* a fee of 0 makes no record */
    ledger_close(fx);
}

/* Goal: where fees are burned nobody gets them and the sum is kept. */
static void test_transfer_burn(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    genesis.genesis.params.burn_fees = 1;
    struct ledger_lib *fx = ledger_open(&genesis);
    baals_address proposer = ledger_address(0);
    uint64_t burned = 0;
    for (uint64_t nonce = 0; nonce < 3; nonce++) {
        burned += ledger_run(fx, ledger_transfer(fx, 1, nonce, ledger_address(2), 1)).fee;
        assert_int_equal(ledger_meta(fx, BL_META_BURNED), burned);
    }
    assert_true(burned > 0);
    assert_false(ledger_has_account(fx, &proposer));
    assert_int_equal(ledger_meta(fx, BL_META_SUPPLY), 3 * LEDGER_RICH);
    ledger_close(fx);
}

/* ---- contracts ---- */

struct contracts {
    struct ledger_lib *fx;
    baals_slice worker_code;
    baals_slice plain_code;
    baals_address worker;
    baals_address plain;
};

/* Key 1 deploys both modules with its nonces 0 and 1. */
static struct contracts contracts_open(void)
{
    struct contracts c = {.fx = open_default(),
                          .worker_code = ledger_worker_code(),
                          .plain_code = ledger_plain_code()};
    baals_receipt receipt = ledger_run(c.fx, ledger_deploy(c.fx, 1, 0, c.worker_code, NULL, 0));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    c.worker = receipt.contract;
    receipt = ledger_run(c.fx, ledger_deploy(c.fx, 1, 1, c.plain_code, NULL, 0));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    c.plain = receipt.contract;
    return c;
}

static void contracts_close(struct contracts *c)
{
    ledger_close(c->fx);
    ledger_free(c->worker_code);
    ledger_free(c->plain_code);
}

/* Goal: a deploy makes the contract at the id of sender and nonce, with its creator and value. */
static void test_deploy(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_slice code = ledger_worker_code();
    baals_address sender = ledger_address(1);
    baals_address id;
    baals_contract_id_from_deploy(&id, &sender, 0);
    const baals_tx *tx = ledger_deploy(fx, 1, 0, code, NULL, 1234);
    baals_receipt receipt = ledger_run(fx, tx);
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_int_equal(receipt.has_contract, 1);
    assert_true(bl_address_equal(&receipt.contract, &id));
    assert_int_equal(receipt.event_count, 1); /* of init */
    assert_true(receipt.gas_used > intrinsic(tx, 1) + 128 * code.len);
    struct bl_account account = ledger_account(fx, &id);
    baals_hash hash;
    bl_sha256(&hash, code);
    assert_true(account.has_code && account.has_creator);
    assert_true(bl_hash_equal(&account.code_hash, &hash));
    assert_true(bl_address_equal(&account.creator, &sender));
    assert_int_equal(account.balance, 1234);
    assert_int_equal(account.nonce, 0);
    /* The same code again: another contract, one module. */
    receipt = ledger_run(fx, ledger_deploy(fx, 1, 1, code, NULL, 0));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_false(bl_address_equal(&receipt.contract, &id));
    ledger_close(fx);
    ledger_free(code);
}

/* Goal: money sent to an id before its contract exists stays there. */
static void test_deploy_prefunded(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_slice code = ledger_plain_code();
    baals_address sender = ledger_address(1);
    baals_address id;
    baals_contract_id_from_deploy(&id, &sender, 0);
    ledger_run(fx, ledger_transfer(fx, 2, 0, id, 70));
    const baals_tx *tx = ledger_deploy(fx, 1, 0, code, NULL, 5);
    baals_receipt receipt = ledger_run(fx, tx);
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_int_equal(ledger_balance(fx, &id), 75);
    assert_true(ledger_account(fx, &id).has_code);
    ledger_close(fx);
    ledger_free(code);
}

/* One transaction of key 2 that must end with `status`, undone but for nonce and fee. */
static baals_receipt
expect_failure(struct ledger_lib *fx, const baals_tx *tx, baals_receipt_status status)
{
    baals_address sender = ledger_address(2);
    struct bl_account before = ledger_account(fx, &sender);
    baals_receipt receipt = ledger_run(fx, tx);
    if (receipt.status != status)
        fail_msg("%s, expected %s", baals_receipt_status_name(receipt.status),
                 baals_receipt_status_name(status));
    struct bl_account after = ledger_account(fx, &sender);
    assert_int_equal(after.balance, before.balance - receipt.fee);
    assert_int_equal(after.nonce, before.nonce + 1);
    assert_int_equal(receipt.has_contract, 0);
    assert_int_equal(receipt.event_count, 0);
    /* Records changed: the sender's and, for the fee, the proposer's. */
    assert_int_equal(fx->last.write_set.count, 2);
    assert_non_null(fx->last.debug[0]);
    assert_true(fx->last.debug[0]->trap != BAALS_OK);
    return receipt;
}

/* Goal: calls that fail leave their status, the fee and nothing else, whatever they wrote. */
static void test_call_failures(void **state)
{
    (void)state;
    struct contracts c = contracts_open();
    struct ledger_lib *fx = c.fx;
    const struct {
        const char *method;
        baals_receipt_status status;
    } cases[] = {
        {"revert", BAALS_RECEIPT_REVERT},    {"trap", BAALS_RECEIPT_TRAP},
        {"spin", BAALS_RECEIPT_OUT_OF_GAS},  {"deep", BAALS_RECEIPT_OUT_OF_STACK},
        {"absent", BAALS_RECEIPT_NO_METHOD}, {"init", BAALS_RECEIPT_NO_METHOD},
        {"", BAALS_RECEIPT_NO_METHOD},       {"long_key", BAALS_RECEIPT_LIMIT},
    };
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++) {
        const baals_tx *tx = ledger_call(fx, 2, i, c.worker, cases[i].method, 99);
        baals_receipt receipt = expect_failure(fx, tx, cases[i].status);
        if (cases[i].status == BAALS_RECEIPT_OUT_OF_GAS)
            assert_int_equal(receipt.gas_used, tx->gas_limit);
        else
            assert_true(receipt.gas_used < tx->gas_limit);
        bool reverted = cases[i].status == BAALS_RECEIPT_REVERT;
        assert_true(bl_slice_equal(receipt.output, bl_slice_str(reverted ? "value" : "")));
        assert_int_equal(fx->last.debug[0]->revert_code, reverted ? 7 : 0);
    }
    assert_int_equal(ledger_balance(fx, &c.worker), 0);
    contracts_close(&c);
}

/* Goal: a call moves its value, writes, logs, and gives its output. */
static void test_call(void **state)
{
    (void)state;
    struct contracts c = contracts_open();
    baals_receipt receipt = ledger_run(c.fx, ledger_call(c.fx, 2, 0, c.worker, "set", 321));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_true(bl_slice_equal(receipt.output, bl_slice_str("keyvalue")));
    assert_int_equal(receipt.event_count, 1);
    baals_event event;
    size_t cursor = 0;
    assert_int_equal(baals_receipt_events_next(&event, &cursor, &receipt), 1);
    assert_true(bl_address_equal(&event.contract, &c.worker));
    assert_int_equal(bl_load_u64le(event.data.data), 321);
    assert_int_equal(ledger_balance(c.fx, &c.worker), 321);
    assert_int_equal(receipt.has_contract, 0);
    receipt = ledger_run(c.fx, ledger_call(c.fx, 2, 1, c.worker, "note", 0));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_true(bl_slice_equal(c.fx->last.debug[0]->logs, bl_slice_str("keyvalue\n")));
    contracts_close(&c);
}

/* Goal: with too little gas to enter the contract the whole limit is spent, exactly. */
static void test_call_out_of_gas_at_entry(void **state)
{
    (void)state;
    struct contracts c = contracts_open();
    baals_tx fields = ledger_fields(c.fx, BAALS_TX_CALL, 0);
    fields.has_recipient = 1;
    fields.recipient = c.plain;
    fields.has_payload = 1;
    fields.payload = ledger_call_payload(c.fx, "get", bl_slice(NULL, 0));
    fields.gas_limit = 40000;
    fields.gas_limit = intrinsic(ledger_sign(c.fx, 2, &fields), 0); /* nothing left to run */
    baals_receipt receipt =
        expect_failure(c.fx, ledger_sign(c.fx, 2, &fields), BAALS_RECEIPT_OUT_OF_GAS);
    assert_int_equal(receipt.gas_used, fields.gas_limit);
    contracts_close(&c);
}

/* Goal: a call to an address without code, or to none, keeps the value with the sender. */
static void test_call_no_contract(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    ledger_run(fx, ledger_transfer(fx, 1, 0, ledger_address(0), 1)); /* a record for the fees */
    baals_address nowhere = ledger_stranger(0x77);
    const baals_tx *tx = ledger_call(fx, 2, 0, nowhere, "set", 50);
    baals_receipt receipt = expect_failure(fx, tx, BAALS_RECEIPT_NO_CONTRACT);
    assert_int_equal(receipt.gas_used, intrinsic(tx, 0));
    assert_false(ledger_has_account(fx, &nowhere));
    expect_failure(fx, ledger_call(fx, 2, 1, ledger_address(3), "set", 50),
                   BAALS_RECEIPT_NO_CONTRACT);
    baals_tx fields = ledger_fields(fx, BAALS_TX_CALL, 2);
    fields.has_payload = 1;
    fields.payload = ledger_call_payload(fx, "set", bl_slice(NULL, 0));
    expect_failure(fx, ledger_sign(fx, 2, &fields), BAALS_RECEIPT_NO_CONTRACT);
    ledger_close(fx);
}

/* Goal: payloads that do not decode are included, pay the intrinsic gas, and do nothing. */
static void test_bad_payload(void **state)
{
    (void)state;
    struct contracts c = contracts_open();
    static const uint8_t trailing[] = {0x82, 0x61, 'm', 0x40, 0x00};
    static const uint8_t three[] = {0x83, 0x61, 'm', 0x40, 0x40};
    const baals_slice payloads[] = {bl_slice(NULL, 0), bl_slice_str("junk"),
                                    bl_slice(trailing, sizeof trailing),
                                    bl_slice(three, sizeof three)};
    uint64_t nonce = 0;
    for (int kind = BAALS_TX_CALL; kind <= BAALS_TX_DEPLOY; kind++) {
        for (size_t i = 0; i <= BL_COUNT_OF(payloads); i++) {
            baals_tx fields = ledger_fields(c.fx, (baals_tx_kind)kind, nonce++);
            fields.amount.units = 9;
            if (kind == BAALS_TX_CALL) {
                fields.has_recipient = 1;
                fields.recipient = c.worker;
            } else {
                fields.amount.units = 0;
            }
            fields.has_payload = i < BL_COUNT_OF(payloads) ? 1 : 0;
            if (i < BL_COUNT_OF(payloads))
                fields.payload = payloads[i];
            const baals_tx *tx = ledger_sign(c.fx, 2, &fields);
            baals_receipt receipt = expect_failure(c.fx, tx, BAALS_RECEIPT_BAD_PAYLOAD);
            assert_int_equal(receipt.gas_used, intrinsic(tx, kind == BAALS_TX_DEPLOY ? 1 : 0));
        }
    }
    contracts_close(&c);
}

/* Goal: a transfer to a contract runs `receive`; without it NO_METHOD, and the amount returns. */
static void test_transfer_to_contract(void **state)
{
    (void)state;
    struct contracts c = contracts_open();
    baals_receipt receipt = ledger_run(c.fx, ledger_transfer(c.fx, 2, 0, c.worker, 60));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_int_equal(receipt.event_count, 1);
    assert_int_equal(ledger_balance(c.fx, &c.worker), 60);
    receipt = ledger_run(c.fx, ledger_transfer(c.fx, 2, 1, c.worker, 0));
    assert_int_equal(receipt.event_count, 1); /* also when nothing moves */
    expect_failure(c.fx, ledger_transfer(c.fx, 2, 2, c.plain, 60), BAALS_RECEIPT_NO_METHOD);
    assert_int_equal(ledger_balance(c.fx, &c.plain), 0);
    contracts_close(&c);
}

/* Goal: deploys that fail make no contract and keep the amount, but pay for what they used. */
static void test_deploy_failures(void **state)
{
    (void)state;
    struct contracts c = contracts_open();
    struct ledger_lib *fx = c.fx;
    baals_slice one_byte = bl_slice_str("r");
    baals_slice junk = bl_slice_str("not a module");
    expect_failure(fx, ledger_deploy(fx, 2, 0, c.worker_code, &one_byte, 9), BAALS_RECEIPT_REVERT);
    expect_failure(fx, ledger_deploy(fx, 2, 1, c.plain_code, &one_byte, 9),
                   BAALS_RECEIPT_NO_METHOD);
    const baals_tx *tx = ledger_deploy(fx, 2, 2, junk, NULL, 9);
    baals_receipt receipt = expect_failure(fx, tx, BAALS_RECEIPT_BAD_CODE);
    assert_int_equal(receipt.gas_used, intrinsic(tx, 1) + 128 * junk.len);
    baals_tx fields = ledger_fields(fx, BAALS_TX_DEPLOY, 3);
    fields.has_payload = 1;
    fields.payload = ledger_deploy_payload(fx, c.worker_code, NULL);
    fields.gas_limit = 60000;
    uint64_t gas = intrinsic(ledger_sign(fx, 2, &fields), 1) + 128 * c.worker_code.len;
    fields.gas_limit = gas - 1; /* one short of storing the code */
    receipt = expect_failure(fx, ledger_sign(fx, 2, &fields), BAALS_RECEIPT_OUT_OF_GAS);
    assert_int_equal(receipt.gas_used, gas - 1);
    fields.nonce = 4;
    fields.gas_limit = gas; /* then nothing is left for init */
    expect_failure(fx, ledger_sign(fx, 2, &fields), BAALS_RECEIPT_OUT_OF_GAS);
    contracts_close(&c);
}

/* Goal: code larger than any that is accepted, in a transaction of a valid size, is BAD_CODE. */
static void test_deploy_oversize(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    ledger_run(fx, ledger_transfer(fx, 1, 0, ledger_address(0), 1));
    uint8_t *code = bl_arena_zero(&fx->arena, BL_CODE_BYTES_MAX + 100, 1);
    assert_non_null(code);
    baals_tx fields = ledger_fields(fx, BAALS_TX_DEPLOY, 0);
    fields.gas_limit = 200000000;
    fields.has_payload = 1;
    fields.payload = ledger_deploy_payload(fx, bl_slice(code, BL_CODE_BYTES_MAX + 100), NULL);
    const baals_tx *tx = ledger_sign(fx, 2, &fields);
    baals_receipt receipt = expect_failure(fx, tx, BAALS_RECEIPT_BAD_CODE);
    assert_int_equal(receipt.gas_used, intrinsic(tx, 1) + 128ull * (BL_CODE_BYTES_MAX + 100));
    ledger_close(fx);
}

/* Goal: code at the new id already is ADDRESS_TAKEN, before anything is charged for the code. */
static void test_deploy_address_taken(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    ledger_run(fx, ledger_transfer(fx, 1, 0, ledger_address(0), 1));
    baals_slice code = ledger_plain_code();
    baals_address sender = ledger_address(2);
    baals_address id;
    baals_contract_id_from_deploy(&id, &sender, 0);
    struct bl_account account = {.has_code = true};
    ledger_force_account(fx, &id, &account);
    const baals_tx *tx = ledger_deploy(fx, 2, 0, code, NULL, 5);
    baals_receipt receipt = expect_failure(fx, tx, BAALS_RECEIPT_ADDRESS_TAKEN);
    assert_int_equal(receipt.gas_used, intrinsic(tx, 0));
    ledger_close(fx);
    ledger_free(code);
}

/* Goal: whatever status the engine gives stands in the receipt, its changes undone unless OK. */
static void test_engine_statuses(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    ledger_run(fx, ledger_transfer(fx, 1, 0, ledger_address(0), 1));
    struct ledger_fake_engine fake;
    ledger_fake_engine_init(&fake);
    fake.gas_used = 1000;
    fx->ledger.contracts = &fake.base;
    baals_address contract = ledger_stranger(0x55);
    struct bl_account account = {.has_code = true};
    ledger_force_account(fx, &contract, &account);
    uint64_t nonce = 0;
    for (int status = BAALS_RECEIPT_REVERT; status <= BAALS_RECEIPT_LIMIT; status++) {
        fake.result = (baals_receipt_status)status;
        const baals_tx *tx = ledger_call(fx, 2, nonce++, contract, "m", 10);
        baals_receipt receipt = expect_failure(fx, tx, fake.result);
        bool all = status == BAALS_RECEIPT_OUT_OF_GAS;
        assert_int_equal(receipt.gas_used, all ? tx->gas_limit : intrinsic(tx, 0) + 1000);
    }
    fake.result = BAALS_RECEIPT_OK;
    baals_receipt receipt = ledger_run(fx, ledger_call(fx, 2, nonce, contract, "m", 10));
    assert_int_equal(receipt.event_count, 1);
    assert_int_equal(ledger_balance(fx, &contract), 10);
    ledger_close(fx);
}

/* Goal: the engine is told who calls what, with which gas, in which block. */
static void test_engine_arguments(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    struct ledger_fake_engine fake;
    ledger_fake_engine_init(&fake);
    fx->ledger.contracts = &fake.base;
    baals_address contract = ledger_stranger(0x55);
    baals_address caller = ledger_address(2);
    struct bl_account account = {.has_code = true};
    ledger_force_account(fx, &contract, &account);
    const baals_tx *tx = ledger_call(fx, 2, 0, contract, "m", 10);
    ledger_run(fx, tx);
    assert_int_equal(fake.seen.entry, BAALS_ENTRY_METHOD);
    assert_int_equal(fake.seen.readonly, 0);
    assert_true(bl_address_equal(&fake.seen.contract, &contract));
    assert_true(bl_address_equal(&fake.seen.caller, &caller));
    assert_true(bl_address_equal(&fake.seen.origin, &caller));
    assert_int_equal(fake.seen.value.units, 10);
    assert_true(bl_hash_equal(&fake.seen.tx_id, &tx->id));
    assert_true(bl_hash_equal(&fake.seen.chain_id, &fx->ledger.chain_id));
    assert_int_equal(fake.seen.block_index, fx->height);
    assert_int_equal(fake.seen.block_time_ms, fx->headers[fx->height].timestamp_ms);
    assert_int_equal(fake.seen.gas, tx->gas_limit - intrinsic(tx, 0));
    assert_int_equal(fake.seen.has_args, 1);

    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 1);
    fields.has_recipient = 1;
    fields.recipient = contract;
    ledger_run(fx, ledger_sign(fx, 2, &fields));
    assert_int_equal(fake.seen.entry, BAALS_ENTRY_RECEIVE);
    assert_int_equal(fake.seen.has_args, 0);
    fields.nonce = 2;
    fields.has_payload = 1;
    fields.payload = bl_slice_str("memo");
    tx = ledger_sign(fx, 2, &fields);
    ledger_run(fx, tx);
    assert_int_equal(fake.seen.has_args, 1);
    assert_int_equal(fake.seen.args.len, 4);

    tx = ledger_deploy(fx, 2, 3, bl_slice_str("code"), NULL, 0);
    ledger_run(fx, tx);
    assert_int_equal(fake.seen.entry, BAALS_ENTRY_INIT);
    assert_int_equal(fake.seen.gas, tx->gas_limit - intrinsic(tx, 1) - 128 * 4);
    ledger_close(fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_order),
        cmocka_unit_test(test_check_intrinsic_before_block),
        cmocka_unit_test(test_check_valid_until),
        cmocka_unit_test(test_check_nonce),
        cmocka_unit_test(test_intrinsic_gas),
        cmocka_unit_test(test_check_balance),
        cmocka_unit_test(test_check_gas_end),
        cmocka_unit_test(test_check_sees_block),
        cmocka_unit_test(test_check_pending),
        cmocka_unit_test(test_check_pending_intrinsic),
        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_transfer_zero),
        cmocka_unit_test(test_transfer_same),
        cmocka_unit_test(test_transfer_empty_account),
        cmocka_unit_test(test_transfer_burn),
        cmocka_unit_test(test_deploy),
        cmocka_unit_test(test_deploy_prefunded),
        cmocka_unit_test(test_call_failures),
        cmocka_unit_test(test_call),
        cmocka_unit_test(test_call_out_of_gas_at_entry),
        cmocka_unit_test(test_call_no_contract),
        cmocka_unit_test(test_bad_payload),
        cmocka_unit_test(test_transfer_to_contract),
        cmocka_unit_test(test_deploy_failures),
        cmocka_unit_test(test_deploy_oversize),
        cmocka_unit_test(test_deploy_address_taken),
        cmocka_unit_test(test_engine_statuses),
        cmocka_unit_test(test_engine_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
