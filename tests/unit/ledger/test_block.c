/* SPDX-License-Identifier: MIT */
/*
 * Whole blocks: what is made verifies, what is claimed wrongly does not, what does not fit waits,
 * and no coin appears or is lost.
 */
#include <stdlib.h>
#include <string.h>

#include "ledger_lib.h"

static struct ledger_lib *open_default(void)
{
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    return ledger_open(&genesis);
}

static void expect_same_header(const baals_header *a, const baals_header *b)
{
    struct bl_buffer bytes[2];
    for (size_t i = 0; i < 2; i++) {
        bl_buffer_init(&bytes[i], bl_alloc_system(), 65536);
        bl_header_encode(&bytes[i], i == 0 ? a : b);
    }
    assert_true(bl_slice_equal(bl_buffer_slice(&bytes[0]), bl_buffer_slice(&bytes[1])));
    for (size_t i = 0; i < 2; i++)
        bl_buffer_deinit(&bytes[i]);
}

/* Goal: each header field that execution gives is compared, in the order of the specification. */
static void test_compare(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    const baals_tx *tx = ledger_transfer(fx, 1, 0, ledger_address(2), 5);
    baals_header header = ledger_next_header(fx);
    struct bl_applied made;
    struct bl_applied verified;
    assert_ok(ledger_apply(fx, &made, BL_APPLY_PRODUCE, &header, &tx, 1, NULL));
    static const baals_status statuses[] = {BAALS_REJECT_GAS_USED, BAALS_REJECT_RECEIPTS_ROOT,
                                            BAALS_REJECT_STATE_ROOT};
    for (unsigned mask = 0; mask < 8; mask++) {
        header = made.header;
        if (mask & 1)
            header.gas_used++;
        if (mask & 2)
            header.receipts_root.bytes[31] ^= 1;
        if (mask & 4)
            header.state_root.bytes[0] ^= 1;
        baals_status expected = mask == 0  ? BAALS_OK
                                : mask & 1 ? statuses[0]
                                : mask & 2 ? statuses[1]
                                           : statuses[2];
        memset(&verified, 0x5a, sizeof verified);
        struct bl_applied untouched = verified;
        assert_status(ledger_apply(fx, &verified, BL_APPLY_VERIFY, &header, &tx, 1, NULL),
                      expected);
        if (expected != BAALS_OK)
            assert_memory_equal(&verified, &untouched, sizeof verified);
    }
    ledger_close(fx);
}

/* Goal: one transaction that may not stand rejects the whole block and names its place. */
static void test_verify_rejects(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_address to = ledger_address(2);
    const baals_tx *txs[] = {ledger_transfer(fx, 1, 0, to, 1), ledger_transfer(fx, 1, 2, to, 1),
                             ledger_transfer(fx, 1, 9, to, 1)};
    baals_header header = ledger_next_header(fx);
    struct bl_applied applied;
    assert_status(ledger_apply(fx, &applied, BL_APPLY_VERIFY, &header, txs, 3, NULL),
                  BAALS_REJECT_NONCE);
    assert_non_null(strstr(fx->err.message, "transaction 1"));
    ledger_close(fx);
}

/* Goal: a producer leaves out what may not stand and keeps the order of the rest. */
static void test_produce_leaves_out(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    baals_address to = ledger_address(2);
    const baals_tx *txs[] = {
        ledger_transfer(fx, 1, 1, to, 1),  ledger_transfer(fx, 1, 0, to, 1),
        ledger_transfer(fx, 10, 0, to, 1), ledger_transfer(fx, 1, 1, to, 1),
        ledger_transfer(fx, 1, 1, to, 2),
    };
    static const baals_status expected[] = {BAALS_REJECT_NONCE, BAALS_OK, BAALS_REJECT_BALANCE,
                                            BAALS_OK, BAALS_REJECT_NONCE};
    baals_status verdicts[5];
    baals_header header = ledger_next_header(fx);
    struct bl_applied made;
    assert_ok(ledger_apply(fx, &made, BL_APPLY_PRODUCE, &header, txs, 5, verdicts));
    for (size_t i = 0; i < 5; i++)
        assert_status(verdicts[i], expected[i]);
    assert_int_equal(made.tx_count, 2);
    assert_ptr_equal(made.txs[0], txs[1]);
    assert_ptr_equal(made.txs[1], txs[3]);
    const baals_tx *kept[] = {txs[1], txs[3]};
    ledger_block(fx, kept, 2);
    expect_same_header(&fx->last.header, &made.header);
    ledger_close(fx);
}

/* Goal: what does not fit the gas left is passed over with its sender's later ones; smaller ones
 * of others still enter. */
static void test_produce_gas(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    genesis.genesis.params.block_gas_limit = 50000000;
    struct ledger_lib *fx = ledger_open(&genesis);
    baals_tx big = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    big.gas_limit = 49980000; /* used: about 31,500 */
    const baals_tx *first = ledger_transfer(fx, 1, 0, ledger_address(2), 1);
    const baals_tx *second = ledger_sign(fx, 2, &big);
    big.nonce = 1;
    big.gas_limit = 100000;
    const baals_tx *txs[] = {first, second, ledger_sign(fx, 2, &big),
                             ledger_transfer(fx, 3, 0, ledger_address(2), 1)};
    static const baals_status expected[] = {BAALS_OK, BAALS_REJECT_GAS_BLOCK, BAALS_REJECT_NONCE,
                                            BAALS_OK};
    baals_status verdicts[4];
    baals_header header = ledger_next_header(fx);
    struct bl_applied made;
    assert_ok(ledger_apply(fx, &made, BL_APPLY_PRODUCE, &header, txs, 4, verdicts));
    for (size_t i = 0; i < 4; i++)
        assert_status(verdicts[i], expected[i]);
    /* First in a block it fits. */
    const baals_tx *next[] = {second, txs[2]};
    ledger_block(fx, next, 2);
    ledger_close(fx);
}

/* Goal: a produced block never exceeds 16 MiB; what did not fit is REJECT_BLOCK_SIZE. */
static void test_produce_bytes(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    enum { COUNT = 15 };
    size_t len = 1200000;
    uint8_t *memo = bl_arena_zero(&fx->arena, len, 1);
    assert_non_null(memo);
    const baals_tx *txs[COUNT];
    baals_status verdicts[COUNT];
    for (uint64_t i = 0; i < COUNT; i++) {
        baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, i);
        fields.gas_limit = 11000000;
        fields.has_payload = 1;
        fields.payload = bl_slice(memo, i < COUNT - 1 ? len : 10);
        txs[i] = ledger_sign(fx, 1, &fields);
    }
    /* The last one is small and another sender's: it still fits. */
    baals_tx small = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    txs[COUNT - 1] = ledger_sign(fx, 2, &small);
    baals_header header = ledger_next_header(fx);
    struct bl_applied made;
    assert_ok(ledger_apply(fx, &made, BL_APPLY_PRODUCE, &header, txs, COUNT, verdicts));
    size_t fitting = (BL_BLOCK_BYTES_MAX - 16384) / txs[0]->bytes.len;
    assert_int_equal(fitting, 13);
    for (size_t i = 0; i < COUNT; i++)
        assert_status(verdicts[i], i == fitting ? BAALS_REJECT_BLOCK_SIZE : BAALS_OK);
    baals_slice block = ledger_seal(fx, &made.header, made.txs, made.tx_count);
    assert_true(block.len <= BL_BLOCK_BYTES_MAX);
    baals_block decoded;
    assert_ok(baals_block_decode(&decoded, block, &fx->err));
    ledger_close(fx);
}

/* Goal: a fault of this machine's engine leaves the transaction out of a produced block without a
 * trace; in a block to verify it stops everything and is no verdict. */
static void test_engine_fault(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    struct ledger_fake_engine fake;
    ledger_fake_engine_init(&fake);
    fx->ledger.contracts = &fake.base;
    baals_address contract = ledger_stranger(0x55);
    struct bl_account account = {.has_code = true};
    ledger_force_account(fx, &contract, &account);
    const baals_tx *txs[] = {
        ledger_transfer(fx, 1, 0, ledger_address(2), 5),
        ledger_call(fx, 2, 0, contract, "m", 10),
        ledger_transfer(fx, 3, 0, ledger_address(2), 5),
    };
    const baals_tx *without[] = {txs[0], txs[2]};
    baals_header header = ledger_next_header(fx);
    struct bl_applied expected;
    struct bl_applied made;
    baals_status verdicts[3];
    assert_ok(ledger_apply(fx, &expected, BL_APPLY_PRODUCE, &header, without, 2, NULL));
    fake.execute_status = BAALS_INTERNAL_FAULT;
    assert_ok(ledger_apply(fx, &made, BL_APPLY_PRODUCE, &header, txs, 3, verdicts));
    assert_status(verdicts[1], BAALS_INTERNAL_FAULT);
    assert_int_equal(made.tx_count, 2);
    expect_same_header(&made.header, &expected.header);
    for (size_t i = 0; i < 2; i++)
        assert_true(bl_slice_equal(made.receipts[i], expected.receipts[i]));

    fake.execute_status = BAALS_OK;
    assert_ok(ledger_apply(fx, &made, BL_APPLY_PRODUCE, &header, txs, 3, NULL));
    struct bl_applied verified;
    assert_ok(ledger_apply(fx, &verified, BL_APPLY_VERIFY, &made.header, txs, 3, NULL));
    fake.execute_status = BAALS_INTERNAL_FAULT;
    assert_status(ledger_apply(fx, &verified, BL_APPLY_VERIFY, &made.header, txs, 3, NULL),
                  BAALS_INTERNAL_FAULT);
    /* Any other local failure stops a producer, too. */
    fake.execute_status = BAALS_NOMEM;
    assert_status(ledger_apply(fx, &made, BL_APPLY_PRODUCE, &header, txs, 3, NULL), BAALS_NOMEM);
    ledger_close(fx);
}

/* Goal: where memory runs out at any point, the status is NOMEM and nothing leaks. */
static void test_no_memory(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_default();
    const baals_tx *txs[] = {ledger_transfer(fx, 1, 0, ledger_stranger(0x11), 5),
                             ledger_transfer(fx, 2, 0, ledger_stranger(0x12), 5)};
    baals_header header = ledger_next_header(fx);
    struct bl_candidate candidates[2] = {{.tx = txs[0]}, {.tx = txs[1]}};
    struct bl_view *view = ledger_view(fx);
    bool done = false;
    uint64_t k = 0;
    int64_t live = fx->memory.live;
    while (!done) {
        struct bl_arena arena;
        struct bl_applied applied;
        bl_arena_init(&arena, fx->env->alloc, SIZE_MAX / 2);
        fx->memory.fail_at = fx->memory.calls + ++k;
        baals_status status = bl_ledger_apply_block(&applied, &fx->ledger, view, BL_APPLY_PRODUCE,
                                                    &header, candidates, 2, &arena, &fx->err);
        fx->memory.fail_at = 0;
        if (status != BAALS_OK)
            assert_status(status, BAALS_NOMEM);
        else
            assert_int_equal(applied.tx_count, 2);
        done = status == BAALS_OK;
        bl_arena_deinit(&arena);
        /* The room for tree nodes stays for the next try; ledger_close sees it go. */
        assert_true(fx->memory.live < live + 4096);
    }
    assert_true(k > 5);
    bl_view_end(view);
    ledger_close(fx);
}

/* ---- the supply over random blocks ---- */

struct random_chain {
    struct ledger_lib *fx;
    struct testlib_rng rng;
    uint64_t nonces[8];
    baals_slice code;
    baals_address contracts[64];
    size_t contract_count;
    unsigned statuses[12];
};

static baals_address random_recipient(struct random_chain *c)
{
    uint64_t pick = testlib_rng_below(&c->rng, 10);
    if (pick < 5)
        return ledger_address((unsigned)testlib_rng_below(&c->rng, 8));
    if (pick < 8 && c->contract_count > 0)
        return c->contracts[testlib_rng_below(&c->rng, c->contract_count)];
    return ledger_stranger((uint8_t)(0x60 + testlib_rng_below(&c->rng, 16)));
}

static const baals_tx *random_tx(struct random_chain *c)
{
    static const char *const methods[] = {"set", "revert", "trap", "deep", "absent", "long_key"};
    struct ledger_lib *fx = c->fx;
    unsigned signer = (unsigned)testlib_rng_below(&c->rng, 8);
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, c->nonces[signer]);
    fields.gas_limit = 45000 + testlib_rng_below(&c->rng, 200000);
    fields.gas_price = testlib_rng_below(&c->rng, 4);
    fields.amount.units = testlib_rng_below(&c->rng, 1ull << testlib_rng_below(&c->rng, 41));
    uint64_t kind = testlib_rng_below(&c->rng, 10);
    if (kind < 5) {
        fields.has_recipient = 1;
        fields.recipient = random_recipient(c);
    } else if (kind < 8) {
        fields.kind = BAALS_TX_CALL;
        fields.has_recipient = 1;
        fields.recipient = random_recipient(c);
        fields.has_payload = 1;
        size_t method = testlib_rng_below(&c->rng, BL_COUNT_OF(methods));
        fields.payload = ledger_call_payload(fx, methods[method], bl_slice(NULL, 0));
    } else if (kind < 9) {
        fields.kind = BAALS_TX_DEPLOY;
        fields.has_payload = 1;
        baals_slice init = bl_slice_str("r");
        fields.payload =
            ledger_deploy_payload(fx, c->code, testlib_rng_below(&c->rng, 2) == 0 ? &init : NULL);
    } else {
        struct bl_sysop op = {.kind = BL_SYSOP_MINT};
        op.u.mint.address = random_recipient(c);
        op.u.mint.amount.units = 1 + testlib_rng_below(&c->rng, 1000000);
        signer = 0;
        fields.nonce = c->nonces[0];
        fields.kind = BAALS_TX_SYSTEM;
        fields.amount.units = 0;
        fields.has_payload = 1;
        fields.payload = ledger_system_payload(fx, &op);
    }
    const baals_tx *tx = ledger_sign(fx, signer, &fields);
    return tx;
}

static uint64_t sum_of_balances(struct ledger_lib *fx)
{
    struct bl_view *view = ledger_view(fx);
    baals_slice key = {NULL, 0};
    baals_slice value;
    uint64_t sum = 0;
    baals_address last = {{0}};
    while (bl_view_seek(view, &key, &value, BAALS_SPACE_ACCOUNTS, key, BAALS_SEEK_EXCLUSIVE,
                        &fx->err) == BAALS_OK) {
        if (key.len == 1) {
            key = bl_slice(last.bytes, 1); /* the sentinel */
            continue;
        }
        struct bl_account account;
        assert_ok(bl_account_decode(&account, value, NULL));
        sum += account.balance;
        memcpy(last.bytes, key.data, sizeof last.bytes);
        key = bl_slice(last.bytes, sizeof last.bytes);
    }
    bl_view_end(view);
    return sum;
}

static void random_block(struct random_chain *c)
{
    const baals_tx *txs[8];
    size_t count = testlib_rng_below(&c->rng, BL_COUNT_OF(txs) + 1);
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        const baals_tx *tx = random_tx(c);
        txs[taken] = tx;
        baals_header header = ledger_next_header(c->fx);
        struct bl_applied applied;
        baals_status verdicts[BL_COUNT_OF(txs)];
        assert_ok(
            ledger_apply(c->fx, &applied, BL_APPLY_PRODUCE, &header, txs, taken + 1, verdicts));
        if (verdicts[taken] != BAALS_OK)
            continue;
        taken++;
        for (unsigned n = 0; n < 8; n++) {
            baals_address address = ledger_address(n);
            if (bl_address_equal(&address, &tx->sender))
                c->nonces[n]++;
        }
    }
    ledger_block(c->fx, txs, taken);
    for (size_t i = 0; i < taken; i++) {
        baals_receipt receipt = ledger_receipt(c->fx, i);
        c->statuses[receipt.status]++;
        assert_true(receipt.gas_used <= txs[i]->gas_limit);
        assert_int_equal(receipt.fee, receipt.gas_used * txs[i]->gas_price);
        if (receipt.has_contract != 0 && c->contract_count < BL_COUNT_OF(c->contracts))
            c->contracts[c->contract_count++] = receipt.contract;
    }
}

/* Goal: over random blocks all balances and what was burned are what was ever made. */
static void test_supply(void **state)
{
    (void)state;
    for (uint64_t stream = 0; stream < 4; stream++) {
        struct ledger_genesis genesis;
        ledger_genesis_init(&genesis);
        genesis.genesis.dev = 1;
        genesis.genesis.params.burn_fees = stream % 2 == 0 ? 1 : 0;
        struct random_chain c = {
            .fx = ledger_open(&genesis), .rng = testlib_rng(stream), .code = ledger_worker_code()};
        for (unsigned block = 0; block < 25; block++) {
            random_block(&c);
            assert_true(sum_of_balances(c.fx) + ledger_meta(c.fx, BL_META_BURNED) ==
                        ledger_meta(c.fx, BL_META_SUPPLY));
        }
        assert_true(c.statuses[BAALS_RECEIPT_OK] > 10);
        printf("stream %llu: %u OK, %u reverted, %u trapped, %u out of gas\n",
               (unsigned long long)stream, c.statuses[BAALS_RECEIPT_OK],
               c.statuses[BAALS_RECEIPT_REVERT], c.statuses[BAALS_RECEIPT_TRAP],
               c.statuses[BAALS_RECEIPT_OUT_OF_GAS]);
        ledger_close(c.fx);
        ledger_free(c.code);
    }
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_verify_rejects),
        cmocka_unit_test(test_produce_leaves_out),
        cmocka_unit_test(test_produce_gas),
        cmocka_unit_test(test_produce_bytes),
        cmocka_unit_test(test_engine_fault),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_supply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
