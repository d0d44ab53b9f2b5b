/* SPDX-License-Identifier: MIT */
/*
 * docs/spec/vectors/transition.json: chains from their genesis on, block by block, with every
 * receipt and state root, and transactions that may not stand. Without arguments the file is read
 * and every chain is replayed; with `--update` it is made anew (this needs wat2wasm), for a change
 * of the specification. tools/spec_transition.py checks what is in the file independently.
 */
#include <stdlib.h>
#include <string.h>

#include "ledger_lib.h"
#include "testlib_json.h"

#define VECTORS_PATH "docs/spec/vectors/transition.json"

/* ---- making ---- */

struct writer {
    FILE *file;
    struct ledger_lib *fx;
    bool first_chain;
    bool first_step;
};

static void write_hex(struct writer *w, const char *name, baals_slice bytes)
{
    (void)fprintf(w->file, "\"%s\": \"", name);
    for (size_t i = 0; i < bytes.len; i++)
        (void)fprintf(w->file, "%02x", bytes.data[i]);
    (void)fprintf(w->file, "\"");
}

/* The chains of the file keep the versions they were made with. */
static void frozen_genesis_init(struct ledger_genesis *g)
{
    ledger_genesis_init(g);
    g->genesis.params.gas_schedule = 1;
    g->genesis.params.wasm_limits = 1;
}

static void
begin_chain(struct writer *w, const char *what, const struct ledger_genesis *g, bool enters)
{
    w->fx = ledger_open(g);
    (void)fprintf(w->file, "%s\n    {\n      \"what\": \"%s\",\n      \"enters_contracts\": %s,\n",
                  w->first_chain ? "" : ",", what, enters ? "true" : "false");
    w->first_chain = false;
    w->first_step = true;
    (void)fprintf(w->file, "      ");
    write_hex(w, "genesis", w->fx->genesis_bytes);
    (void)fprintf(w->file, ",\n      \"modules\": [");
    for (size_t i = 0; i < g->genesis.contract_count; i++) {
        (void)fprintf(w->file, "%s{", i == 0 ? "" : ", ");
        write_hex(w, "code", g->modules[i]);
        (void)fprintf(w->file, "}");
    }
    (void)fprintf(w->file, "],\n      ");
    write_hex(w, "chain_id", bl_slice(w->fx->ledger.chain_id.bytes, 32));
    (void)fprintf(w->file, ",\n      ");
    write_hex(w, "state_root", bl_slice(w->fx->headers[0].state_root.bytes, 32));
    (void)fprintf(w->file, ",\n      \"steps\": [");
}

static void end_chain(struct writer *w)
{
    (void)fprintf(w->file, "\n      ]\n    }");
    ledger_close(w->fx);
}

static void begin_step(struct writer *w, const char *what)
{
    (void)fprintf(w->file, "%s\n        {\n          \"what\": \"%s\",\n          ",
                  w->first_step ? "" : ",", what);
    w->first_step = false;
}

static void write_accounts(struct writer *w)
{
    (void)fprintf(w->file, "\"accounts\": [");
    bool first = true;
    for (size_t i = 0; i < w->fx->last.write_set.count; i++) {
        const struct bl_change *change = &w->fx->last.write_set.changes[i];
        if (change->space != BAALS_SPACE_ACCOUNTS)
            continue;
        struct bl_account account;
        assert_ok(bl_account_decode(&account, change->new_value, NULL));
        (void)fprintf(w->file, "%s\n            {", first ? "" : ",");
        first = false;
        write_hex(w, "address", change->key);
        (void)fprintf(w->file, ", \"balance\": \"%llu\", \"nonce\": \"%llu\"}",
                      (unsigned long long)account.balance, (unsigned long long)account.nonce);
    }
    (void)fprintf(w->file, "]");
}

/* Makes a block of the transactions and writes it down. */
static void
write_block(struct writer *w, const char *what, const baals_tx *const *txs, size_t count)
{
    ledger_block(w->fx, txs, count);
    struct bl_buffer header;
    bl_buffer_init(&header, bl_alloc_system(), 65536);
    bl_header_encode(&header, &w->fx->last.header);
    begin_step(w, what);
    write_hex(w, "header", bl_buffer_slice(&header));
    bl_buffer_deinit(&header);
    (void)fprintf(w->file, ",\n          ");
    write_hex(w, "state_root", bl_slice(w->fx->last.header.state_root.bytes, 32));
    (void)fprintf(w->file, ",\n          \"transactions\": [");
    for (size_t i = 0; i < count; i++) {
        baals_receipt receipt = ledger_receipt(w->fx, i);
        (void)fprintf(w->file, "%s\n            {\"status\": \"%s\", \"gas_used\": \"%llu\", ",
                      i == 0 ? "" : ",", baals_receipt_status_name(receipt.status),
                      (unsigned long long)receipt.gas_used);
        write_hex(w, "tx", txs[i]->bytes);
        (void)fprintf(w->file, ", ");
        write_hex(w, "receipt", receipt.bytes);
        (void)fprintf(w->file, "}");
    }
    (void)fprintf(w->file, "],\n          ");
    write_accounts(w);
    (void)fprintf(w->file, "\n        }");
}

static void
expect_block(struct writer *w, const char *what, const baals_tx *tx, baals_receipt_status status)
{
    write_block(w, what, &tx, 1);
    baals_receipt receipt = ledger_receipt(w->fx, 0);
    if (receipt.status != status)
        fail_msg("%s: %s", what, baals_receipt_status_name(receipt.status));
}

static void
write_reject(struct writer *w, const char *what, const baals_tx *tx, baals_status status)
{
    assert_status(ledger_verdict(w->fx, tx), status);
    begin_step(w, what);
    (void)fprintf(w->file, "\"reject\": \"%s\", ", baals_status_name(status));
    write_hex(w, "tx", tx->bytes);
    (void)fprintf(w->file, "\n        }");
}

static void make_rejects(struct writer *w)
{
    struct ledger_lib *fx = w->fx;
    baals_tx good = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    baals_tx bad = good;
    bad.chain_id.bytes[0] ^= 1;
    write_reject(w, "made for another chain", ledger_sign(fx, 3, &bad), BAALS_REJECT_CHAIN_ID);
    struct bl_sysop op = ledger_param_op(0, BL_PARAM_BURN_FEES, 1);
    write_reject(w, "an operation of one who is no authority", ledger_system(fx, 3, 0, &op),
                 BAALS_REJECT_NOT_AUTHORITY);
    bad = good;
    bad.has_valid_until = 1;
    bad.valid_until = fx->height;
    write_reject(w, "valid until the block before", ledger_sign(fx, 3, &bad), BAALS_REJECT_EXPIRED);
    bad.nonce = 1;
    write_reject(w, "expired, and a nonce too high", ledger_sign(fx, 3, &bad),
                 BAALS_REJECT_EXPIRED);
    bad = good;
    bad.nonce = 1;
    write_reject(w, "a nonce too high", ledger_sign(fx, 3, &bad), BAALS_REJECT_NONCE);
    bad.nonce = UINT64_MAX;
    write_reject(w, "the nonce 2^64-1", ledger_sign(fx, 3, &bad), BAALS_REJECT_NONCE);
    bad = good;
    bad.gas_limit = 60000;
    bad.gas_limit = 30000 + 8 * ledger_sign(fx, 3, &bad)->bytes.len - 1;
    write_reject(w, "one gas below the intrinsic gas", ledger_sign(fx, 3, &bad),
                 BAALS_REJECT_GAS_INTRINSIC);
    bad.gas_limit = 1000000001;
    write_reject(w, "a gas limit above the block's", ledger_sign(fx, 3, &bad),
                 BAALS_REJECT_GAS_BLOCK);
    bad = good;
    bad.gas_price = 1ull << 58;
    write_reject(w, "gas limit x price is 2^64 x 15,625", ledger_sign(fx, 3, &bad),
                 BAALS_REJECT_BALANCE);
    bad = good;
    bad.has_recipient = 1;
    bad.recipient = ledger_address(1);
    bad.amount.units = UINT64_MAX;
    write_reject(w, "amount and gas together above 2^64", ledger_sign(fx, 3, &bad),
                 BAALS_REJECT_BALANCE);
    bad.amount.units = LEDGER_RICH - 1000000 + 1;
    write_reject(w, "one unit more than there is", ledger_sign(fx, 3, &bad), BAALS_REJECT_BALANCE);
    bad.amount.units--;
    expect_block(w, "exactly what there is", ledger_sign(fx, 3, &bad), BAALS_RECEIPT_OK);
}

static void make_transfers(struct writer *w)
{
    struct ledger_genesis g;
    frozen_genesis_init(&g);
    begin_chain(w, "transfers, one authority", &g, false);
    struct ledger_lib *fx = w->fx;
    baals_address two = ledger_address(2);
    baals_address proposer = ledger_address(0);
    expect_block(w, "to an account that has a record; the proposer gets its record from the fee",
                 ledger_transfer(fx, 1, 0, two, 500), BAALS_RECEIPT_OK);
    expect_block(w, "to an address without record",
                 ledger_transfer(fx, 1, 1, ledger_stranger(0x77), 1), BAALS_RECEIPT_OK);
    expect_block(w, "nothing, to an address without record: none is made",
                 ledger_transfer(fx, 1, 2, ledger_stranger(0x78), 0), BAALS_RECEIPT_OK);
    expect_block(w, "to oneself", ledger_transfer(fx, 2, 0, two, 500), BAALS_RECEIPT_OK);
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 3);
    fields.has_payload = 1;
    fields.payload = bl_slice_str("anchored bytes");
    static const uint8_t metadata[] = {0xa1, 0x61, 'k', 0x01};
    fields.has_metadata = 1;
    fields.metadata = bl_slice(metadata, sizeof metadata);
    expect_block(w, "anchoring, with metadata", ledger_sign(fx, 1, &fields), BAALS_RECEIPT_OK);
    fields = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    fields.gas_price = 0;
    fields.has_valid_until = 1;
    fields.valid_until = fx->height + 1;
    expect_block(w, "price 0, from an account without record, in its last valid block",
                 ledger_sign(fx, 10, &fields), BAALS_RECEIPT_OK);
    const baals_tx *many[] = {
        ledger_transfer(fx, 1, 4, proposer, 10000000), ledger_transfer(fx, 0, 0, two, 3),
        ledger_transfer(fx, 1, 5, proposer, 1), ledger_transfer(fx, 2, 1, proposer, 2)};
    write_block(w, "the proposer receives and sends within its block", many, BL_COUNT_OF(many));
    write_block(w, "an empty block", NULL, 0);
    expect_block(w, "a call where there is no contract: the value stays",
                 ledger_call(fx, 1, 6, ledger_stranger(0x79), "m", 9), BAALS_RECEIPT_NO_CONTRACT);
    fields = ledger_fields(fx, BAALS_TX_CALL, 7);
    fields.has_payload = 1;
    fields.payload = ledger_call_payload(fx, "m", bl_slice(NULL, 0));
    expect_block(w, "a call of nobody", ledger_sign(fx, 1, &fields), BAALS_RECEIPT_NO_CONTRACT);
    fields.nonce = 8;
    fields.has_recipient = 1;
    fields.recipient = two;
    fields.payload = bl_slice_str("junk");
    expect_block(w, "a call whose payload does not decode", ledger_sign(fx, 1, &fields),
                 BAALS_RECEIPT_BAD_PAYLOAD);
    fields.nonce = 9;
    fields.has_payload = 0;
    expect_block(w, "a call without payload", ledger_sign(fx, 1, &fields),
                 BAALS_RECEIPT_BAD_PAYLOAD);
    fields = ledger_fields(fx, BAALS_TX_DEPLOY, 10);
    expect_block(w, "a deploy without payload", ledger_sign(fx, 1, &fields),
                 BAALS_RECEIPT_BAD_PAYLOAD);
    expect_block(w, "a deploy of what is no module",
                 ledger_deploy(fx, 1, 11, bl_slice_str("not a module"), NULL, 5),
                 BAALS_RECEIPT_BAD_CODE);
    fields.nonce = 12;
    fields.has_payload = 1;
    fields.payload = ledger_deploy_payload(fx, bl_slice_str("not a module"), NULL);
    fields.gas_limit = 60000;
    fields.gas_limit = 36000 + 8 * ledger_sign(fx, 1, &fields)->bytes.len + 20 * 12 - 1;
    expect_block(w, "a deploy one gas short of storing its code", ledger_sign(fx, 1, &fields),
                 BAALS_RECEIPT_OUT_OF_GAS);
    make_rejects(w);
    end_chain(w);
}

static void make_burning(struct writer *w)
{
    struct ledger_genesis g;
    frozen_genesis_init(&g);
    g.genesis.params.burn_fees = 1;
    g.genesis.params.gas_price_min = 2;
    g.genesis.params.block_gas_limit = 50000000;
    baals_address authority = ledger_address(0);
    ledger_genesis_balance(&g, &authority, 77);
    begin_chain(w, "fees are burned, a minimal price", &g, false);
    struct ledger_lib *fx = w->fx;
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    write_reject(w, "below the minimal price", ledger_sign(fx, 1, &fields), BAALS_REJECT_GAS_PRICE);
    fields.gas_price = 2;
    const baals_tx *both[2] = {ledger_sign(fx, 1, &fields), NULL};
    fields.gas_price = 5;
    both[1] = ledger_sign(fx, 2, &fields);
    write_block(w, "both fees are burned", both, 2);
    struct bl_sysop op = ledger_param_op(0, BL_PARAM_BURN_FEES, 0);
    const baals_tx *txs[] = {ledger_system(fx, 0, 0, &op), NULL};
    fields.nonce = 1;
    txs[1] = ledger_sign(fx, 2, &fields);
    write_block(w, "an operation at price 0; the fee after it is still burned", txs, 2);
    fields.nonce = 2;
    expect_block(w, "from the next block on the proposer is paid", ledger_sign(fx, 2, &fields),
                 BAALS_RECEIPT_OK);
    end_chain(w);
}

static void make_authorities(struct writer *w)
{
    struct ledger_genesis g;
    frozen_genesis_init(&g);
    ledger_genesis_authorities(&g, 4);
    begin_chain(w, "system operations by majority, four authorities", &g, false);
    struct ledger_lib *fx = w->fx;
    const unsigned keys[] = {2, 3, 7};
    struct bl_sysop price = ledger_param_op(0, BL_PARAM_GAS_PRICE_MIN, 3);
    struct bl_sysop change = ledger_authorities_op(0, keys, 3);
    struct bl_sysop early = ledger_param_op(1, BL_PARAM_GAS_PRICE_MIN, 3);
    struct bl_sysop next = ledger_param_op(1, BL_PARAM_BLOCK_GAS_LIMIT, BL_BLOCK_GAS_LIMIT_MIN);
    struct bl_sysop low = ledger_param_op(0, BL_PARAM_BLOCK_GAS_LIMIT, BL_BLOCK_GAS_LIMIT_MIN - 1);
    struct bl_sysop mint = {.kind = BL_SYSOP_MINT};
    mint.u.mint.address = ledger_address(0);
    mint.u.mint.amount.units = 1;
    expect_block(w, "the first approval", ledger_system(fx, 1, 0, &price), BAALS_RECEIPT_OK);
    expect_block(w, "the same approver again", ledger_system(fx, 1, 1, &price), BAALS_RECEIPT_OK);
    expect_block(w, "another operation", ledger_system(fx, 1, 2, &change), BAALS_RECEIPT_OK);
    expect_block(w, "an epoch ahead", ledger_system(fx, 1, 3, &early), BAALS_RECEIPT_BAD_PAYLOAD);
    expect_block(w, "a value out of bounds", ledger_system(fx, 1, 4, &low),
                 BAALS_RECEIPT_BAD_PAYLOAD);
    expect_block(w, "minting where there is no dev chain", ledger_system(fx, 1, 5, &mint),
                 BAALS_RECEIPT_BAD_PAYLOAD);
    baals_tx fields = ledger_fields(fx, BAALS_TX_SYSTEM, 6);
    expect_block(w, "no payload, at a price", ledger_sign(fx, 1, &fields),
                 BAALS_RECEIPT_BAD_PAYLOAD);
    expect_block(w, "the second approval", ledger_system(fx, 0, 0, &change), BAALS_RECEIPT_OK);
    const baals_tx *txs[] = {ledger_system(fx, 2, 0, &change), ledger_system(fx, 0, 1, &next),
                             ledger_system(fx, 3, 0, &next), ledger_system(fx, 1, 7, &price)};
    write_block(w, "the third decides; two approve in the next epoch; one is too late", txs,
                BL_COUNT_OF(txs));
    write_reject(w, "one who has left", ledger_system(fx, 0, 2, &next), BAALS_REJECT_NOT_AUTHORITY);
    expect_block(w, "one again: of those who are left only one had approved",
                 ledger_system(fx, 3, 1, &next), BAALS_RECEIPT_OK);
    expect_block(w, "two of three", ledger_system(fx, 7, 0, &next), BAALS_RECEIPT_OK);
    fields = ledger_fields(fx, BAALS_TX_TRANSFER, 1);
    fields.gas_limit = BL_BLOCK_GAS_LIMIT_MIN + 1;
    write_reject(w, "above the new block gas limit", ledger_sign(fx, 2, &fields),
                 BAALS_REJECT_GAS_BLOCK);
    end_chain(w);
}

static void make_many_operations(struct writer *w)
{
    struct ledger_genesis g;
    frozen_genesis_init(&g);
    ledger_genesis_authorities(&g, 2);
    begin_chain(w, "64 pending operations, and two decided in one block", &g, false);
    struct ledger_lib *fx = w->fx;
    const baals_tx *txs[BL_SYSOPS_PENDING_MAX + 2];
    for (uint64_t i = 0; i < BL_COUNT_OF(txs); i++) {
        /* The last one approves a pending operation: that is no new one. */
        struct bl_sysop op =
            ledger_param_op(0, BL_PARAM_GAS_PRICE_MIN, i == BL_SYSOPS_PENDING_MAX + 1 ? 5 : i);
        txs[i] = ledger_system(fx, 0, i, &op);
    }
    write_block(w, "the 65th is LIMIT", txs, BL_COUNT_OF(txs));
    struct bl_sysop first = ledger_param_op(0, BL_PARAM_GAS_PRICE_MIN, 63);
    struct bl_sysop second = ledger_param_op(1, BL_PARAM_BURN_FEES, 1);
    const baals_tx *decide[] = {ledger_system(fx, 1, 0, &first), ledger_system(fx, 1, 1, &second),
                                ledger_system(fx, 0, BL_COUNT_OF(txs), &second)};
    write_block(w, "one decides and clears all; a second is decided behind it", decide, 3);
    end_chain(w);
}

static void make_dev(struct writer *w)
{
    struct ledger_genesis g;
    frozen_genesis_init(&g);
    g.genesis.dev = 1;
    begin_chain(w, "a dev chain", &g, false);
    struct ledger_lib *fx = w->fx;
    struct bl_sysop mint = {.kind = BL_SYSOP_MINT};
    mint.u.mint.address = ledger_stranger(0x66);
    mint.u.mint.amount.units = 1000;
    expect_block(w, "minting to an address without record", ledger_system(fx, 0, 0, &mint),
                 BAALS_RECEIPT_OK);
    mint.u.mint.amount.units = UINT64_MAX - 3 * LEDGER_RICH - 1000 + 1;
    expect_block(w, "one unit above 2^64-1 in all", ledger_system(fx, 0, 1, &mint),
                 BAALS_RECEIPT_LIMIT);
    mint.u.mint.amount.units--;
    expect_block(w, "2^64-1 in all", ledger_system(fx, 0, 2, &mint), BAALS_RECEIPT_OK);
    struct bl_sysop act = {.kind = BL_SYSOP_ACT};
    act.u.act.sender = ledger_address(1);
    act.u.act.has_recipient = true;
    act.u.act.recipient = ledger_stranger(0x67);
    act.u.act.amount.units = 12;
    expect_block(w, "acting: a transfer to an address without record",
                 ledger_system(fx, 0, 3, &act), BAALS_RECEIPT_OK);
    act.u.act.sender = ledger_stranger(0x68);
    act.u.act.recipient = ledger_address(1);
    expect_block(w, "acting: more than the actor has", ledger_system(fx, 0, 4, &act),
                 BAALS_RECEIPT_BAD_PAYLOAD);
    act.u.act.amount.units = 0;
    expect_block(w, "acting: an actor without record gets one", ledger_system(fx, 0, 5, &act),
                 BAALS_RECEIPT_OK);
    act.u.act.kind = BAALS_TX_CALL;
    expect_block(w, "acting: a call without payload", ledger_system(fx, 0, 6, &act),
                 BAALS_RECEIPT_BAD_PAYLOAD);
    act.u.act.has_payload = true;
    act.u.act.payload = ledger_call_payload(fx, "m", bl_slice(NULL, 0));
    expect_block(w, "acting: a call of what is no contract; the actor's nonce stays",
                 ledger_system(fx, 0, 7, &act), BAALS_RECEIPT_NO_CONTRACT);
    act.u.act.sender = ledger_stranger(0x69);
    baals_tx fields = ledger_fields(fx, BAALS_TX_SYSTEM, 8);
    fields.gas_price = 0;
    fields.has_payload = 1;
    fields.payload = ledger_system_payload(fx, &act);
    fields.gas_limit = 60000;
    fields.gas_limit = 30000 + 8 * ledger_sign(fx, 0, &fields)->bytes.len + 5999;
    expect_block(w, "acting: one gas short of the actor's record", ledger_sign(fx, 0, &fields),
                 BAALS_RECEIPT_OUT_OF_GAS);
    const unsigned keys[] = {4, 5};
    struct bl_sysop two = ledger_authorities_op(0, keys, 2);
    expect_block(w, "a dev chain keeps one authority", ledger_system(fx, 0, 9, &two),
                 BAALS_RECEIPT_BAD_PAYLOAD);
    end_chain(w);
}

static void make_large(struct writer *w)
{
    struct ledger_genesis g;
    frozen_genesis_init(&g);
    g.genesis.params.block_gas_limit = 1ull << 53;
    baals_address rich = ledger_address(5);
    ledger_genesis_balance(&g, &rich, UINT64_MAX - 3 * LEDGER_RICH);
    begin_chain(w, "the largest numbers", &g, false);
    struct ledger_lib *fx = w->fx;
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, 0);
    fields.gas_limit = (1ull << 53) + 1;
    write_reject(w, "a gas limit above 2^53", ledger_sign(fx, 5, &fields), BAALS_REJECT_GAS_BLOCK);
    fields.gas_limit = 1ull << 53;
    fields.gas_price = 2048;
    write_reject(w, "gas for 2^64", ledger_sign(fx, 5, &fields), BAALS_REJECT_BALANCE);
    fields.gas_price = 2047;
    expect_block(w, "gas for 2047 x 2^53, nearly all refunded", ledger_sign(fx, 5, &fields),
                 BAALS_RECEIPT_OK);
    end_chain(w);
}

static void make_calls(struct writer *w, baals_address worker, baals_address plain)
{
    struct ledger_lib *fx = w->fx;
    expect_block(w, "a call: output, event, value", ledger_call(fx, 2, 0, worker, "set", 321),
                 BAALS_RECEIPT_OK);
    expect_block(w, "REVERT with data; the value comes back",
                 ledger_call(fx, 2, 1, worker, "revert", 5), BAALS_RECEIPT_REVERT);
    expect_block(w, "TRAP", ledger_call(fx, 2, 2, worker, "trap", 5), BAALS_RECEIPT_TRAP);
    expect_block(w, "OUT_OF_GAS: the whole limit", ledger_call(fx, 2, 3, worker, "spin", 5),
                 BAALS_RECEIPT_OUT_OF_GAS);
    expect_block(w, "OUT_OF_STACK", ledger_call(fx, 2, 4, worker, "deep", 5),
                 BAALS_RECEIPT_OUT_OF_STACK);
    expect_block(w, "LIMIT", ledger_call(fx, 2, 5, worker, "long_key", 5), BAALS_RECEIPT_LIMIT);
    expect_block(w, "NO_METHOD", ledger_call(fx, 2, 6, worker, "absent", 5),
                 BAALS_RECEIPT_NO_METHOD);
    expect_block(w, "NO_METHOD: a special entry", ledger_call(fx, 2, 7, worker, "receive", 5),
                 BAALS_RECEIPT_NO_METHOD);
    expect_block(w, "a transfer runs receive", ledger_transfer(fx, 2, 8, worker, 60),
                 BAALS_RECEIPT_OK);
    expect_block(w, "a transfer of nothing runs it, too", ledger_transfer(fx, 2, 9, worker, 0),
                 BAALS_RECEIPT_OK);
    expect_block(w, "a transfer without receive", ledger_transfer(fx, 2, 10, plain, 60),
                 BAALS_RECEIPT_NO_METHOD);
}

static void make_contracts(struct writer *w)
{
    struct ledger_genesis g;
    frozen_genesis_init(&g);
    g.genesis.dev = 1;
    baals_slice worker = ledger_worker_code();
    baals_slice plain = ledger_plain_code();
    baals_slice init = bl_slice_str("ok");
    baals_slice one_byte = bl_slice_str("r");
    baals_address first;
    baals_address prefunded;
    baals_address one = ledger_address(1);
    assert_ok(baals_contract_id_from_name(&first, bl_slice_str("first"), NULL));
    ledger_genesis_contract(&g, "first", worker, &init);
    ledger_genesis_balance(&g, &first, 1000);
    begin_chain(w, "contracts: one of the genesis, deploys, calls", &g, true);
    struct ledger_lib *fx = w->fx;
    baals_contract_id_from_deploy(&prefunded, &one, 2);
    expect_block(w, "the genesis's contract", ledger_call(fx, 1, 0, first, "set", 0),
                 BAALS_RECEIPT_OK);
    expect_block(w, "money to where a contract will be", ledger_transfer(fx, 1, 1, prefunded, 70),
                 BAALS_RECEIPT_OK);
    expect_block(w, "a deploy there: the money stays, and more comes",
                 ledger_deploy(fx, 1, 2, worker, NULL, 5), BAALS_RECEIPT_OK);
    expect_block(w, "a deploy without init", ledger_deploy(fx, 1, 3, plain, NULL, 0),
                 BAALS_RECEIPT_OK);
    baals_address plain_id;
    baals_contract_id_from_deploy(&plain_id, &one, 3);
    expect_block(w, "a deploy with arguments, but without init",
                 ledger_deploy(fx, 1, 4, plain, &one_byte, 5), BAALS_RECEIPT_NO_METHOD);
    expect_block(w, "a deploy whose init reverts", ledger_deploy(fx, 1, 5, worker, &one_byte, 5),
                 BAALS_RECEIPT_REVERT);
    baals_tx fields = ledger_fields(fx, BAALS_TX_DEPLOY, 6);
    fields.has_payload = 1;
    fields.payload = ledger_deploy_payload(fx, worker, NULL);
    fields.gas_limit = 60000;
    fields.gas_limit = 36000 + 8 * ledger_sign(fx, 1, &fields)->bytes.len + 20 * worker.len;
    expect_block(w, "a deploy with nothing left for init", ledger_sign(fx, 1, &fields),
                 BAALS_RECEIPT_OUT_OF_GAS);
    make_calls(w, prefunded, plain_id);
    struct bl_sysop act = {.kind = BL_SYSOP_ACT};
    act.u.act.sender = ledger_address(3);
    act.u.act.kind = BAALS_TX_DEPLOY;
    act.u.act.amount.units = 40;
    act.u.act.has_payload = true;
    act.u.act.payload = ledger_deploy_payload(fx, plain, NULL);
    expect_block(w, "acting: a deploy", ledger_system(fx, 0, 0, &act), BAALS_RECEIPT_OK);
    act.u.act.kind = BAALS_TX_CALL;
    act.u.act.has_recipient = true;
    act.u.act.recipient = first;
    act.u.act.payload = ledger_call_payload(fx, "trap", bl_slice(NULL, 0));
    expect_block(w, "acting: a call that traps", ledger_system(fx, 0, 1, &act), BAALS_RECEIPT_TRAP);
    end_chain(w);
    ledger_free(worker);
    ledger_free(plain);
}

static void make_file(void **state)
{
    (void)state;
    struct writer w = {.file = fopen(testlib_source_path(VECTORS_PATH), "wb"), .first_chain = true};
    assert_non_null(w.file);
    (void)fprintf(w.file, "{\n  \"format\": 1,\n  \"about\": \"docs/spec/transition.md: chains"
                          " from their genesis, receipts, roots, verdicts\",\n  \"chains\": [");
    make_transfers(&w);
    make_burning(&w);
    make_authorities(&w);
    make_many_operations(&w);
    make_dev(&w);
    make_large(&w);
    make_contracts(&w);
    (void)fprintf(w.file, "\n  ]\n}\n");
    assert_int_equal(fclose(w.file), 0);
}

/* ---- reading ---- */

static baals_slice read_hex(struct bl_arena *arena, const struct testlib_json *hex)
{
    size_t len = 0;
    uint8_t *bytes = testlib_json_hex_alloc(&len, hex);
    baals_slice out;
    assert_true(bl_arena_copy(&out, arena, bl_slice(bytes, len)));
    free(bytes);
    return out;
}

static void expect_hex(struct bl_arena *arena, const struct testlib_json *hex, baals_slice actual)
{
    assert_true(bl_slice_equal(read_hex(arena, hex), actual));
}

static const baals_tx *read_tx(struct ledger_lib *fx, const struct testlib_json *value)
{
    baals_tx *tx = bl_arena_zero(&fx->arena, 1, sizeof *tx);
    assert_non_null(tx);
    assert_ok(baals_tx_decode(tx, read_hex(&fx->arena, testlib_json_get(value, "tx")), &fx->err));
    assert_ok(baals_tx_verify(tx, &fx->err));
    return tx;
}

static void replay_block(struct ledger_lib *fx, const struct testlib_json *step)
{
    baals_slice bytes = read_hex(&fx->arena, testlib_json_get(step, "header"));
    baals_header header;
    assert_ok(bl_header_decode(&header, bytes, &fx->err));
    assert_int_equal(header.index, fx->height + 1);
    assert_true(bl_hash_equal(&header.prev_hash, &fx->tip_hash));
    const struct testlib_json *list = testlib_json_get(step, "transactions");
    size_t count = testlib_json_count(list);
    const baals_tx **txs = bl_arena_zero(&fx->arena, count + 1, sizeof *txs);
    assert_non_null(txs);
    for (size_t i = 0; i < count; i++)
        txs[i] = read_tx(fx, testlib_json_at(list, i));
    struct bl_applied applied;
    baals_status status = ledger_apply(fx, &applied, BL_APPLY_VERIFY, &header, txs, count, NULL);
    if (status != BAALS_OK)
        fail_msg("%s: %s", testlib_json_text(testlib_json_get(step, "what")), fx->err.message);
    assert_true(bl_hash_equal(&applied.header.tx_root, &header.tx_root));
    expect_hex(&fx->arena, testlib_json_get(step, "state_root"),
               bl_slice(applied.header.state_root.bytes, 32));
    ledger_push(fx, &applied);
    for (size_t i = 0; i < count; i++) {
        const struct testlib_json *item = testlib_json_at(list, i);
        baals_receipt receipt = ledger_receipt(fx, i);
        expect_hex(&fx->arena, testlib_json_get(item, "receipt"), receipt.bytes);
        assert_string_equal(testlib_json_text(testlib_json_get(item, "status")),
                            baals_receipt_status_name(receipt.status));
    }
}

static void replay_chain(const struct testlib_json *chain, size_t counts[2])
{
    struct bl_arena arena;
    struct ledger_genesis g;
    baals_error err;
    memset(&g, 0, sizeof g);
    bl_arena_init(&arena, bl_alloc_system(), SIZE_MAX / 2);
    baals_slice bytes = read_hex(&arena, testlib_json_get(chain, "genesis"));
    assert_ok(bl_genesis_decode(&g.genesis, &arena, bytes, &err));
    const struct testlib_json *modules = testlib_json_get(chain, "modules");
    assert_int_equal(testlib_json_count(modules), g.genesis.contract_count);
    for (size_t i = 0; i < g.genesis.contract_count; i++)
        g.modules[i] = read_hex(&arena, testlib_json_get(testlib_json_at(modules, i), "code"));
    struct ledger_lib *fx = ledger_open(&g);
    expect_hex(&arena, testlib_json_get(chain, "chain_id"),
               bl_slice(fx->ledger.chain_id.bytes, 32));
    expect_hex(&arena, testlib_json_get(chain, "state_root"),
               bl_slice(fx->headers[0].state_root.bytes, 32));
    const struct testlib_json *steps = testlib_json_get(chain, "steps");
    for (size_t i = 0; i < testlib_json_count(steps); i++) {
        const struct testlib_json *step = testlib_json_at(steps, i);
        bool rejects = testlib_json_has(step, "reject");
        counts[rejects ? 1 : 0]++;
        if (!rejects) {
            replay_block(fx, step);
            continue;
        }
        baals_status status = ledger_verdict(fx, read_tx(fx, step));
        assert_string_equal(testlib_json_text(testlib_json_get(step, "reject")),
                            baals_status_name(status));
    }
    ledger_close(fx);
    bl_arena_deinit(&arena);
}

/* Goal: every chain of the file gives its receipts, headers, roots and verdicts, byte for byte. */
static void test_file(void **state)
{
    (void)state;
    struct testlib_json *file = testlib_json_load(testlib_source_path(VECTORS_PATH));
    const struct testlib_json *chains = testlib_json_get(file, "chains");
    size_t counts[2] = {0, 0};
    for (size_t i = 0; i < testlib_json_count(chains); i++)
        replay_chain(testlib_json_at(chains, i), counts);
    printf("%zu chains, %zu blocks, %zu rejected transactions\n", testlib_json_count(chains),
           counts[0], counts[1]);
    assert_true(counts[0] >= 25 && counts[1] >= 10);
    testlib_json_free(file);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest update[] = {cmocka_unit_test(make_file), cmocka_unit_test(test_file)};
    if (argc > 1 && strcmp(argv[1], "--update") == 0)
        return cmocka_run_group_tests(update, NULL, NULL);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
