/* SPDX-License-Identifier: MIT */
/*
 * System operations: approvals and majorities, what takes effect when, and the powers of a dev
 * chain (docs/spec/transition.md, sysop.md).
 */
#include <string.h>

#include "crypto/crypto.h"
#include "ledger_lib.h"

static struct ledger_lib *open_authorities(unsigned count)
{
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    ledger_genesis_authorities(&genesis, count);
    return ledger_open(&genesis);
}

static struct ledger_lib *open_dev(void)
{
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    genesis.genesis.dev = 1;
    return ledger_open(&genesis);
}

static baals_chain_params params_of(struct ledger_lib *fx)
{
    baals_chain_params params;
    struct bl_view *view = ledger_view(fx);
    assert_ok(bl_ledger_params(&params, view, &fx->err));
    bl_view_end(view);
    return params;
}

static baals_receipt_status
approve(struct ledger_lib *fx, unsigned signer, uint64_t nonce, const struct bl_sysop *op)
{
    baals_receipt receipt = ledger_run(fx, ledger_system(fx, signer, nonce, op));
    assert_int_equal(receipt.output.len, 0);
    assert_int_equal(receipt.event_count, 0);
    return receipt.status;
}

#define APPROVE_OK(fx, signer, nonce, op)                                                          \
    assert_int_equal(approve(fx, signer, nonce, op), BAALS_RECEIPT_OK)

/* ---- the stored form of parameters ---- */

/* Goal: parameters come back as they were stored, and nothing else decodes. */
static void test_params_codec(void **state)
{
    (void)state;
    baals_chain_params params = {1ull << 53, UINT64_MAX, 1, 1, 7};
    baals_chain_params back;
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), 256);
    bl_params_encode(&buffer, &params);
    baals_slice bytes = bl_buffer_slice(&buffer);
    assert_ok(bl_params_decode(&back, bytes, NULL));
    assert_memory_equal(&back, &params, sizeof back);
    for (size_t len = 0; len < bytes.len; len++)
        assert_status(bl_params_decode(&back, bl_slice(bytes.data, len), NULL),
                      BAALS_CORRUPT_STATE);
    bl_buffer_append_u8(&buffer, 0);
    assert_status(bl_params_decode(&back, bl_buffer_slice(&buffer), NULL), BAALS_CORRUPT_STATE);
    static const uint8_t large[] = {0x85, 0x00, 0x00, 0xf4, 0x1b, 0, 0, 0, 1, 0, 0, 0, 0, 0x01};
    assert_status(bl_params_decode(&back, bl_slice(large, sizeof large), NULL),
                  BAALS_CORRUPT_STATE);
    bl_buffer_deinit(&buffer);
}

/* ---- majorities ---- */

/* Goal: with n authorities exactly n/2 + 1 approvals decide, whoever gives them. */
static void test_majority(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 7; n++) {
        struct ledger_lib *fx = open_authorities(n);
        struct bl_sysop op = ledger_param_op(0, BL_PARAM_GAS_PRICE_MIN, 5);
        unsigned needed = n / 2 + 1;
        for (unsigned i = 0; i < needed; i++) {
            assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 0);
            assert_int_equal(params_of(fx).gas_price_min, 0);
            assert_int_equal(ledger_meta_count(fx, BL_META_OP_PREFIX), i == 0 ? 0 : 1);
            APPROVE_OK(fx, n - 1 - i, 0, &op);
        }
        assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 1);
        assert_int_equal(params_of(fx).gas_price_min, 5);
        assert_int_equal(ledger_meta_count(fx, BL_META_OP_PREFIX), 0);
        ledger_close(fx);
    }
}

/* Goal: who approves twice counts once, and is told nothing is wrong. */
static void test_same_approver(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_authorities(3);
    struct bl_sysop op = ledger_param_op(0, BL_PARAM_GAS_PRICE_MIN, 5);
    for (uint64_t nonce = 0; nonce < 4; nonce++)
        APPROVE_OK(fx, 1, nonce, &op);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 0);
    assert_int_equal(ledger_meta_count(fx, BL_META_OP_PREFIX), 1);
    APPROVE_OK(fx, 0, 0, &op);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 1);
    ledger_close(fx);
}

/* Goal: approvals are stored ascending, under the id of the payload. */
static void test_stored_approvers(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_authorities(7);
    struct bl_sysop op = ledger_param_op(0, BL_PARAM_GAS_PRICE_MIN, 5);
    APPROVE_OK(fx, 5, 0, &op);
    APPROVE_OK(fx, 1, 0, &op);
    APPROVE_OK(fx, 3, 0, &op);
    uint8_t key[sizeof BL_META_OP_PREFIX - 1 + 32];
    baals_hash id;
    bl_sysop_id(&id, ledger_system_payload(fx, &op));
    memcpy(key, BL_META_OP_PREFIX, sizeof BL_META_OP_PREFIX - 1);
    memcpy(key + sizeof BL_META_OP_PREFIX - 1, id.bytes, 32);
    struct bl_view *view = ledger_view(fx);
    baals_slice value;
    assert_ok(bl_view_get(view, &value, BAALS_SPACE_META, bl_slice(key, sizeof key), &fx->err));
    baals_address approvers[BL_AUTHORITIES_MAX];
    size_t count = 0;
    assert_ok(bl_authorities_decode(approvers, &count, value, &fx->err));
    bl_view_end(view);
    assert_int_equal(count, 3);
    for (size_t i = 1; i < count; i++)
        assert_true(memcmp(approvers[i - 1].bytes, approvers[i].bytes, 32) < 0);
    ledger_close(fx);
}

/* Goal: when one operation is decided all others pending are gone, and their epoch is over. */
static void test_epoch(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_authorities(3);
    struct bl_sysop lost = ledger_param_op(0, BL_PARAM_GAS_PRICE_MIN, 9);
    struct bl_sysop early = ledger_param_op(1, BL_PARAM_GAS_PRICE_MIN, 9);
    struct bl_sysop won = ledger_param_op(0, BL_PARAM_BURN_FEES, 1);
    APPROVE_OK(fx, 0, 0, &lost);
    assert_int_equal(approve(fx, 0, 1, &early), BAALS_RECEIPT_BAD_PAYLOAD);
    APPROVE_OK(fx, 0, 2, &won);
    assert_int_equal(ledger_meta_count(fx, BL_META_OP_PREFIX), 2);
    APPROVE_OK(fx, 1, 0, &won);
    assert_int_equal(ledger_meta_count(fx, BL_META_OP_PREFIX), 0);
    assert_int_equal(approve(fx, 1, 1, &lost), BAALS_RECEIPT_BAD_PAYLOAD);
    assert_int_equal(params_of(fx).gas_price_min, 0);
    assert_int_equal(params_of(fx).burn_fees, 1);
    APPROVE_OK(fx, 1, 2, &early); /* now its time has come */
    ledger_close(fx);
}

/* Goal: at most 64 operations are pending; one more is LIMIT, approving a pending one is not. */
static void test_pending_limit(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_authorities(3);
    for (uint64_t i = 0; i < BL_SYSOPS_PENDING_MAX; i++) {
        struct bl_sysop op = ledger_param_op(0, BL_PARAM_GAS_PRICE_MIN, i);
        APPROVE_OK(fx, 0, i, &op);
    }
    struct bl_sysop more = ledger_param_op(0, BL_PARAM_GAS_PRICE_MIN, 1000);
    struct bl_sysop known = ledger_param_op(0, BL_PARAM_GAS_PRICE_MIN, 63);
    assert_int_equal(approve(fx, 0, 64, &more), BAALS_RECEIPT_LIMIT);
    assert_int_equal(ledger_meta_count(fx, BL_META_OP_PREFIX), BL_SYSOPS_PENDING_MAX);
    APPROVE_OK(fx, 0, 65, &known);
    APPROVE_OK(fx, 1, 0, &known);
    assert_int_equal(params_of(fx).gas_price_min, 63);
    assert_int_equal(ledger_meta_count(fx, BL_META_OP_PREFIX), 0);
    ledger_close(fx);
}

/* Goal: a new set of authorities rules from the next block on, in its order. */
static void test_authorities(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_authorities(1);
    const unsigned keys[] = {5, 4, 6};
    struct bl_sysop op = ledger_authorities_op(0, keys, 3);
    APPROVE_OK(fx, 0, 0, &op);
    baals_header header = ledger_next_header(fx);
    baals_address expected = ledger_address(keys[header.nonce % 3]);
    assert_int_equal(header.nonce, 2);
    assert_true(bl_address_equal(&header.proposer, &expected));
    struct bl_sysop next = ledger_param_op(1, BL_PARAM_GAS_PRICE_MIN, 1);
    assert_status(ledger_verdict(fx, ledger_system(fx, 0, 1, &next)), BAALS_REJECT_NOT_AUTHORITY);
    APPROVE_OK(fx, 4, 0, &next);
    APPROVE_OK(fx, 5, 0, &next);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 2);
    ledger_close(fx);
}

/* Goal: within its block a decision changes neither who may approve nor the parameters. */
static void test_effects_after_last(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_authorities(1);
    const unsigned keys[] = {4};
    struct bl_sysop price = ledger_param_op(0, BL_PARAM_GAS_PRICE_MIN, 50);
    struct bl_sysop burn = ledger_param_op(1, BL_PARAM_BURN_FEES, 1);
    struct bl_sysop change = ledger_authorities_op(2, keys, 1);
    const baals_tx *txs[] = {
        ledger_system(fx, 0, 0, &price),
        ledger_transfer(fx, 1, 0, ledger_address(2), 1), /* at price 1 */
        ledger_system(fx, 0, 1, &burn),
        ledger_system(fx, 0, 2, &change),
        ledger_system(fx, 0, 3, &price), /* of an epoch that is over */
    };
    baals_address proposer = ledger_address(0);
    ledger_block(fx, txs, BL_COUNT_OF(txs));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(ledger_receipt(fx, i).status, BAALS_RECEIPT_OK);
    assert_int_equal(ledger_receipt(fx, 4).status, BAALS_RECEIPT_BAD_PAYLOAD);
    /* Both parameters hold, each decided in its own epoch; the fee went by the old ones. */
    assert_int_equal(params_of(fx).gas_price_min, 50);
    assert_int_equal(params_of(fx).burn_fees, 1);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 3);
    assert_int_equal(ledger_balance(fx, &proposer), ledger_receipt(fx, 1).fee);
    assert_status(ledger_verdict(fx, ledger_transfer(fx, 1, 1, ledger_address(2), 1)),
                  BAALS_REJECT_GAS_PRICE);
    ledger_close(fx);
}

/* Goal: of two sets decided in one block the later one holds. */
static void test_two_sets(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_authorities(1);
    const unsigned first[] = {4};
    const unsigned second[] = {5};
    struct bl_sysop one = ledger_authorities_op(0, first, 1);
    struct bl_sysop two = ledger_authorities_op(1, second, 1);
    const baals_tx *txs[] = {ledger_system(fx, 0, 0, &one), ledger_system(fx, 0, 1, &two)};
    ledger_block(fx, txs, 2);
    baals_address expected = ledger_address(5);
    baals_header header = ledger_next_header(fx);
    assert_true(bl_address_equal(&header.proposer, &expected));
    ledger_close(fx);
}

/* Goal: approvals of those who left do not count; those of who stayed do. */
static void test_left_authorities(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_authorities(4);
    const unsigned keys[] = {2, 3, 7};
    struct bl_sysop change = ledger_authorities_op(0, keys, 3);
    struct bl_sysop op = ledger_param_op(1, BL_PARAM_GAS_PRICE_MIN, 5);
    APPROVE_OK(fx, 0, 0, &change);
    APPROVE_OK(fx, 1, 0, &change);
    /* The third approval decides; behind it in the same block 0 and 2 approve the next one. */
    const baals_tx *txs[] = {ledger_system(fx, 2, 0, &change), ledger_system(fx, 0, 1, &op),
                             ledger_system(fx, 2, 1, &op)};
    ledger_block(fx, txs, 3);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 1);
    assert_int_equal(ledger_meta_count(fx, BL_META_OP_PREFIX), 1);
    /* Of 2, 3 and 7 one has approved. With 0 counted this would be decided by 2 again. */
    APPROVE_OK(fx, 2, 2, &op);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 1);
    APPROVE_OK(fx, 7, 0, &op);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 2);
    ledger_close(fx);
}

/* Goal: an approval may decide by itself when the set shrank to those who had approved. */
static void test_shrunk_set(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_authorities(4);
    const unsigned keys[] = {2, 3};
    struct bl_sysop change = ledger_authorities_op(0, keys, 2);
    struct bl_sysop op = ledger_param_op(1, BL_PARAM_GAS_PRICE_MIN, 5);
    APPROVE_OK(fx, 0, 0, &change);
    APPROVE_OK(fx, 1, 0, &change);
    const baals_tx *txs[] = {ledger_system(fx, 2, 0, &change), ledger_system(fx, 2, 1, &op),
                             ledger_system(fx, 3, 0, &op)};
    ledger_block(fx, txs, 3);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 1); /* 2 of 4 */
    ledger_block(fx, NULL, 0);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 1); /* nobody asks */
    APPROVE_OK(fx, 3, 1, &op);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 2); /* 2 of 2 */
    ledger_close(fx);
}

/* Goal: every payload that is no operation for this chain is BAD_PAYLOAD and leaves no trace. */
static void test_bad_payloads(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_authorities(1);
    struct bl_sysop mint = {.kind = BL_SYSOP_MINT};
    mint.u.mint.address = ledger_address(2);
    mint.u.mint.amount.units = 1;
    struct bl_sysop act = {.kind = BL_SYSOP_ACT};
    act.u.act.sender = ledger_address(2);
    struct bl_sysop cases[] = {
        ledger_param_op(1, BL_PARAM_GAS_PRICE_MIN, 1), /* epoch ahead */
        ledger_param_op(0, BL_PARAM_BLOCK_GAS_LIMIT, BL_BLOCK_GAS_LIMIT_MIN - 1),
        ledger_param_op(0, BL_PARAM_BLOCK_GAS_LIMIT, BL_BLOCK_GAS_LIMIT_MAX + 1),
        ledger_param_op(0, BL_PARAM_BURN_FEES, 2),
        ledger_param_op(0, BL_PARAM_GAS_SCHEDULE, 3),
        ledger_param_op(0, BL_PARAM_GAS_SCHEDULE, 0),
        ledger_param_op(0, BL_PARAM_WASM_LIMITS, 3),
        mint,
        act,
    };
    uint64_t nonce = 0;
    for (size_t i = 0; i < BL_COUNT_OF(cases); i++)
        assert_int_equal(approve(fx, 0, nonce++, &cases[i]), BAALS_RECEIPT_BAD_PAYLOAD);
    baals_tx fields = ledger_fields(fx, BAALS_TX_SYSTEM, nonce++);
    fields.gas_price = 0;
    assert_int_equal(ledger_run(fx, ledger_sign(fx, 0, &fields)).status, BAALS_RECEIPT_BAD_PAYLOAD);
    fields.nonce = nonce++;
    fields.has_payload = 1;
    fields.payload = bl_slice_str("junk");
    assert_int_equal(ledger_run(fx, ledger_sign(fx, 0, &fields)).status, BAALS_RECEIPT_BAD_PAYLOAD);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 0);
    assert_int_equal(ledger_meta_count(fx, BL_META_OP_PREFIX), 0);
    for (size_t i = 0; i < 2; i++) {
        uint64_t value = i == 0 ? BL_BLOCK_GAS_LIMIT_MIN : BL_BLOCK_GAS_LIMIT_MAX;
        struct bl_sysop op = ledger_param_op(i, BL_PARAM_BLOCK_GAS_LIMIT, value);
        APPROVE_OK(fx, 0, nonce++, &op);
        assert_int_equal(params_of(fx).block_gas_limit, value);
    }
    ledger_close(fx);
}

/* Goal: operations need no minimal price, but pay what they offer. */
static void test_price(void **state)
{
    (void)state;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    genesis.genesis.params.gas_price_min = 10;
    baals_address authority = ledger_address(0);
    ledger_genesis_balance(&genesis, &authority, LEDGER_RICH);
    struct ledger_lib *fx = ledger_open(&genesis);
    struct bl_sysop op = ledger_param_op(0, BL_PARAM_BURN_FEES, 1);
    APPROVE_OK(fx, 0, 0, &op);
    baals_tx fields = ledger_fields(fx, BAALS_TX_SYSTEM, 1);
    fields.gas_price = 3;
    fields.has_payload = 1;
    struct bl_sysop next = ledger_param_op(1, BL_PARAM_BURN_FEES, 1);
    fields.payload = ledger_system_payload(fx, &next);
    baals_receipt receipt = ledger_run(fx, ledger_sign(fx, 0, &fields));
    assert_int_equal(receipt.fee, 3 * receipt.gas_used);
    assert_int_equal(receipt.gas_used, 30000 + 8 * fx->last.txs[0]->bytes.len);
    assert_int_equal(ledger_meta(fx, BL_META_BURNED), receipt.fee);
    ledger_close(fx);
}

/* ---- dev chains ---- */

static struct bl_sysop mint_op(baals_address to, uint64_t amount)
{
    struct bl_sysop op = {.kind = BL_SYSOP_MINT};
    op.u.mint.address = to;
    op.u.mint.amount.units = amount;
    return op;
}

static struct bl_sysop act_op(baals_address sender, baals_tx_kind kind, uint64_t amount)
{
    struct bl_sysop op = {.kind = BL_SYSOP_ACT};
    op.u.act.sender = sender;
    op.u.act.kind = kind;
    op.u.act.amount.units = amount;
    return op;
}

/* Goal: minting makes money at once, up to 2^64-1 in all; the epoch stays. */
static void test_mint(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_dev();
    baals_address to = ledger_stranger(0x66);
    struct bl_sysop op = mint_op(to, 1000);
    const baals_tx *tx = ledger_system(fx, 0, 0, &op);
    baals_receipt receipt = ledger_run(fx, tx);
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    /* The authority's record is intrinsic, the recipient's is charged as it runs. */
    assert_int_equal(receipt.gas_used, 30000 + 8 * tx->bytes.len + 6000 + 6000);
    assert_int_equal(ledger_balance(fx, &to), 1000);
    assert_int_equal(ledger_meta(fx, BL_META_SUPPLY), 3 * LEDGER_RICH + 1000);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 0);
    APPROVE_OK(fx, 0, 1, &op); /* the same again is another mint */
    assert_int_equal(ledger_balance(fx, &to), 2000);

    uint64_t left = UINT64_MAX - ledger_meta(fx, BL_META_SUPPLY);
    struct bl_sysop more = mint_op(to, left + 1);
    assert_int_equal(approve(fx, 0, 2, &more), BAALS_RECEIPT_LIMIT);
    struct bl_sysop rest = mint_op(to, left);
    APPROVE_OK(fx, 0, 3, &rest);
    assert_true(ledger_meta(fx, BL_META_SUPPLY) == UINT64_MAX);
    assert_int_equal(ledger_balance(fx, &to), 2000 + left);
    struct bl_sysop one = mint_op(to, 1);
    assert_int_equal(approve(fx, 0, 4, &one), BAALS_RECEIPT_LIMIT);
    ledger_close(fx);
}

/* Goal: a mint whose gas does not reach for the new record uses all of it and mints nothing. */
static void test_mint_out_of_gas(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_dev();
    baals_address to = ledger_stranger(0x66);
    struct bl_sysop op = mint_op(to, 1000);
    baals_tx fields = ledger_fields(fx, BAALS_TX_SYSTEM, 0);
    fields.gas_price = 0;
    fields.has_payload = 1;
    fields.payload = ledger_system_payload(fx, &op);
    fields.gas_limit = 40000;
    fields.gas_limit = 30000 + 8 * ledger_sign(fx, 0, &fields)->bytes.len + 6000 + 5999;
    baals_receipt receipt = ledger_run(fx, ledger_sign(fx, 0, &fields));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OUT_OF_GAS);
    assert_int_equal(receipt.gas_used, fields.gas_limit);
    assert_false(ledger_has_account(fx, &to));
    assert_int_equal(ledger_meta(fx, BL_META_SUPPLY), 3 * LEDGER_RICH);
    ledger_close(fx);
}

/* Goal: acting moves the actor's money and nonce, not the authority's money. */
static void test_act_transfer(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_dev();
    baals_address actor = ledger_address(1);
    baals_address to = ledger_stranger(0x66);
    struct bl_sysop op = act_op(actor, BAALS_TX_TRANSFER, 77);
    op.u.act.has_recipient = true;
    op.u.act.recipient = to;
    const baals_tx *tx = ledger_system(fx, 0, 0, &op);
    baals_receipt receipt = ledger_run(fx, tx);
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_int_equal(receipt.gas_used, 30000 + 8 * tx->bytes.len + 6000 + 6000);
    assert_int_equal(ledger_balance(fx, &actor), LEDGER_RICH - 77);
    assert_int_equal(ledger_account(fx, &actor).nonce, 1);
    assert_int_equal(ledger_balance(fx, &to), 77);
    assert_int_equal(ledger_meta(fx, BL_META_EPOCH), 0);
    /* One that has no record gets one, for its nonce. */
    baals_address nobody = ledger_stranger(0x67);
    struct bl_sysop anchor = act_op(nobody, BAALS_TX_TRANSFER, 0);
    tx = ledger_system(fx, 0, 1, &anchor);
    receipt = ledger_run(fx, tx);
    assert_int_equal(receipt.gas_used, 30000 + 8 * tx->bytes.len + 6000);
    assert_int_equal(ledger_account(fx, &nobody).nonce, 1);
    /* More than there is, and a nonce at its end. */
    struct bl_sysop broke = act_op(nobody, BAALS_TX_DEPLOY, 1);
    assert_int_equal(approve(fx, 0, 2, &broke), BAALS_RECEIPT_BAD_PAYLOAD);
    struct bl_account account = {.nonce = UINT64_MAX};
    ledger_force_account(fx, &nobody, &account);
    assert_int_equal(approve(fx, 0, 3, &anchor), BAALS_RECEIPT_BAD_PAYLOAD);
    ledger_close(fx);
}

/* Goal: a contract deployed and called by an actor sees it as caller and is made from its nonce. */
static void test_act_contract(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_dev();
    baals_slice code = ledger_worker_code();
    baals_address actor = ledger_address(1);
    ledger_run(fx, ledger_transfer(fx, 1, 0, ledger_address(0), 1));
    struct bl_sysop deploy = act_op(actor, BAALS_TX_DEPLOY, 40);
    deploy.u.act.has_payload = true;
    deploy.u.act.payload = ledger_deploy_payload(fx, code, NULL);
    const baals_tx *tx = ledger_system(fx, 0, 0, &deploy);
    baals_receipt receipt = ledger_run(fx, tx);
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_int_equal(receipt.has_contract, 1);
    baals_address id;
    baals_contract_id_from_deploy(&id, &actor, 1);
    assert_true(bl_address_equal(&receipt.contract, &id));
    struct bl_account made = ledger_account(fx, &id);
    assert_true(bl_address_equal(&made.creator, &actor));
    assert_int_equal(made.balance, 40);
    assert_int_equal(ledger_account(fx, &actor).nonce, 2);
    assert_true(receipt.gas_used > 30000 + 8 * tx->bytes.len + 6000 + 20 * code.len);

    struct ledger_fake_engine fake;
    ledger_fake_engine_init(&fake);
    fake.gas_used = 10;
    fx->ledger.contracts = &fake.base;
    struct bl_sysop call = act_op(actor, BAALS_TX_CALL, 5);
    call.u.act.has_recipient = true;
    call.u.act.recipient = id;
    call.u.act.has_payload = true;
    call.u.act.payload = ledger_call_payload(fx, "set", bl_slice_str("x"));
    tx = ledger_system(fx, 0, 1, &call);
    receipt = ledger_run(fx, tx);
    assert_int_equal(receipt.status, BAALS_RECEIPT_OK);
    assert_int_equal(receipt.gas_used, 30000 + 8 * tx->bytes.len + 10);
    assert_true(bl_address_equal(&fake.seen.caller, &actor));
    assert_true(bl_address_equal(&fake.seen.origin, &actor));
    assert_int_equal(fake.seen.value.units, 5);
    ledger_close(fx);
    ledger_free(code);
}

/* Goal: an action that fails is undone whole, the actor's nonce included; the gas is spent. */
static void test_act_failure(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_dev();
    baals_address actor = ledger_address(1);
    struct bl_sysop op = act_op(actor, BAALS_TX_CALL, 5);
    op.u.act.has_recipient = true;
    op.u.act.recipient = ledger_address(2);
    assert_int_equal(approve(fx, 0, 0, &op), BAALS_RECEIPT_BAD_PAYLOAD); /* no payload */
    op.u.act.has_payload = true;
    op.u.act.payload = ledger_call_payload(fx, "set", bl_slice(NULL, 0));
    assert_int_equal(approve(fx, 0, 1, &op), BAALS_RECEIPT_NO_CONTRACT);
    assert_int_equal(ledger_account(fx, &actor).nonce, 0);
    assert_int_equal(ledger_balance(fx, &actor), LEDGER_RICH);
    /* Out of gas for the records of a new actor and a new recipient: one short. */
    struct bl_sysop move = act_op(ledger_stranger(0x61), BAALS_TX_TRANSFER, 0);
    baals_tx fields = ledger_fields(fx, BAALS_TX_SYSTEM, 2);
    fields.gas_price = 0;
    fields.has_payload = 1;
    fields.payload = ledger_system_payload(fx, &move);
    fields.gas_limit = 40000;
    fields.gas_limit = 30000 + 8 * ledger_sign(fx, 0, &fields)->bytes.len + 5999;
    baals_receipt receipt = ledger_run(fx, ledger_sign(fx, 0, &fields));
    assert_int_equal(receipt.status, BAALS_RECEIPT_OUT_OF_GAS);
    assert_int_equal(receipt.gas_used, fields.gas_limit);
    ledger_close(fx);
}

/* Goal: a dev chain's one authority may be replaced by another one, never by several. */
static void test_dev_authorities(void **state)
{
    (void)state;
    struct ledger_lib *fx = open_dev();
    const unsigned keys[] = {4, 5};
    struct bl_sysop two = ledger_authorities_op(0, keys, 2);
    struct bl_sysop one = ledger_authorities_op(0, keys, 1);
    assert_int_equal(approve(fx, 0, 0, &two), BAALS_RECEIPT_BAD_PAYLOAD);
    APPROVE_OK(fx, 0, 1, &one);
    baals_address expected = ledger_address(4);
    baals_header header = ledger_next_header(fx);
    assert_true(bl_address_equal(&header.proposer, &expected));
    /* Dev operations are made for the epoch, too. */
    struct bl_sysop mint = mint_op(expected, 5);
    assert_int_equal(approve(fx, 4, 0, &mint), BAALS_RECEIPT_BAD_PAYLOAD);
    mint.epoch = 1;
    APPROVE_OK(fx, 4, 1, &mint);
    ledger_close(fx);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_params_codec),    cmocka_unit_test(test_majority),
        cmocka_unit_test(test_same_approver),   cmocka_unit_test(test_stored_approvers),
        cmocka_unit_test(test_epoch),           cmocka_unit_test(test_pending_limit),
        cmocka_unit_test(test_authorities),     cmocka_unit_test(test_effects_after_last),
        cmocka_unit_test(test_two_sets),        cmocka_unit_test(test_left_authorities),
        cmocka_unit_test(test_shrunk_set),      cmocka_unit_test(test_bad_payloads),
        cmocka_unit_test(test_price),           cmocka_unit_test(test_mint),
        cmocka_unit_test(test_mint_out_of_gas), cmocka_unit_test(test_act_transfer),
        cmocka_unit_test(test_act_contract),    cmocka_unit_test(test_act_failure),
        cmocka_unit_test(test_dev_authorities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
