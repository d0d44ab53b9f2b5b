/* SPDX-License-Identifier: MIT */
/*
 * Transactions signed ahead, so that signing is not measured with what they are for. Senders take
 * turns, recipients are drawn with a fixed seed: every run has the same bytes.
 */
#include <string.h>

#include "cli/bench.h"

#define TXS_GAS_TRANSFER 100000u
#define TXS_GAS_CALL 1000000u
#define TXS_GRANT 1000000u
#define TXS_SEED UINT64_C(0x62656e6368)

/* splitmix64: the same numbers everywhere. bench/fill.c has it too. */
static uint64_t txs_mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
    return value ^ value >> 31;
}

void bench_account(baals_address *out, uint64_t index)
{
    for (unsigned word = 0; word < 4; word++) {
        uint64_t mixed = txs_mix(index * 4 + word);
        for (unsigned i = 0; i < 8; i++)
            out->bytes[word * 8 + i] = (uint8_t)(mixed >> (8 * i));
    }
}

/* ---- arguments ---- */

static size_t txs_cbor_head(uint8_t *out, uint8_t major, uint64_t value)
{
    unsigned size = value < 24 ? 0 : value <= UINT8_MAX ? 1 : value <= UINT16_MAX ? 2 : 4;
    uint8_t info = size == 0 ? (uint8_t)value : size == 1 ? 24 : size == 2 ? 25 : 26;
    if (value > UINT32_MAX) {
        size = 8;
        info = 27;
    }
    out[0] = (uint8_t)(major << 5 | info);
    for (unsigned i = 0; i < size; i++)
        out[1 + i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    return 1 + size;
}

size_t bench_cbor_uint(uint8_t *out, uint64_t value)
{
    return txs_cbor_head(out, 0, value);
}

size_t bench_cbor_array(uint8_t *out, unsigned count)
{
    return txs_cbor_head(out, 4, count);
}

static size_t txs_cbor_address(uint8_t *out, const baals_address *address)
{
    size_t len = txs_cbor_head(out, 2, sizeof address->bytes);
    memcpy(out + len, address->bytes, sizeof address->bytes);
    return len + sizeof address->bytes;
}

/* ---- memory ---- */

baals_status
bench_txs_new(struct bench_txs *out, struct bench *bench, unsigned count, baals_error *err)
{
    struct bench_txs txs = {
        .bytes = bl_alloc_zero(&bench->alloc, count, BENCH_TX_MAX),
        .slices = bl_alloc_zero(&bench->alloc, count, sizeof *txs.slices),
        .ids = bl_alloc_zero(&bench->alloc, count, sizeof *txs.ids),
        .statuses = bl_alloc_zero(&bench->alloc, count, sizeof *txs.statuses),
        .count = count,
    };
    *out = txs;
    if (txs.bytes != NULL && txs.slices != NULL && txs.ids != NULL && txs.statuses != NULL)
        return BAALS_OK;
    bench_txs_free(out, bench);
    return bl_fail(err, BAALS_NOMEM, "no memory for %u transactions", count);
}

void bench_txs_free(struct bench_txs *txs, struct bench *bench)
{
    size_t count = txs->count;
    bl_alloc_free(&bench->alloc, txs->bytes, count * BENCH_TX_MAX);
    bl_alloc_free(&bench->alloc, txs->slices, count * sizeof *txs->slices);
    bl_alloc_free(&bench->alloc, txs->ids, count * sizeof *txs->ids);
    bl_alloc_free(&bench->alloc, txs->statuses, count * sizeof *txs->statuses);
    *txs = (struct bench_txs){.count = 0};
}

/* ---- signing ---- */

baals_status bench_txs_sign(struct bench_txs *txs,
                            const struct bench *bench,
                            unsigned index,
                            const baals_tx *fields,
                            const baals_keypair *key,
                            baals_error *err)
{
    baals_tx tx = *fields;
    uint8_t *bytes = txs->bytes + (size_t)index * BENCH_TX_MAX;
    size_t len = 0;
    tx.chain_id = bench->chain_id;
    BL_TRY(baals_tx_sign(bytes, BENCH_TX_MAX, &len, &txs->ids[index], &tx, key, err));
    txs->slices[index] = bl_slice(bytes, len);
    return BAALS_OK;
}

baals_status bench_txs_sign_call(struct bench_txs *txs,
                                 const struct bench *bench,
                                 unsigned index,
                                 const struct bench_call *call,
                                 const baals_keypair *key,
                                 baals_error *err)
{
    uint8_t payload[BENCH_TX_MAX];
    size_t len = 0;
    BL_TRY(baals_tx_encode_call_payload(payload, sizeof payload, &len, bl_slice_str(call->method),
                                        call->args, err));
    baals_tx fields = {.kind = BAALS_TX_CALL,
                       .has_recipient = 1,
                       .has_payload = 1,
                       .nonce = call->nonce,
                       .amount = {call->amount},
                       .gas_limit = call->gas,
                       .gas_price = 1,
                       .payload = bl_slice(payload, len)};
    bench_contract(&fields.recipient, bench, call->contract);
    return bench_txs_sign(txs, bench, index, &fields, key, err);
}

/* Ends the making of transactions: what there is of them is freed on failure. */
static baals_status txs_done(struct bench_txs *txs, struct bench *bench, baals_status status)
{
    if (status != BAALS_OK)
        bench_txs_free(txs, bench);
    return status;
}

/* Which transfers of a row. */
struct txs_row {
    uint64_t first;
    uint64_t draw;
    unsigned accounts; /* that recipients are drawn from */
    uint64_t gas_price;
};

static baals_status txs_sign_transfers(struct bench_txs *out,
                                       struct bench *bench,
                                       unsigned count,
                                       const struct txs_row *row,
                                       baals_error *err)
{
    unsigned senders = bench->size.senders;
    BL_TRY(bench_txs_new(out, bench, count, err));
    baals_status status = BAALS_OK;
    for (unsigned i = 0; status == BAALS_OK && i < count; i++) {
        baals_tx fields = {.kind = BAALS_TX_TRANSFER,
                           .has_recipient = 1,
                           .amount = {1},
                           .nonce = (row->first + i) / senders,
                           .gas_limit = TXS_GAS_TRANSFER,
                           .gas_price = row->gas_price};
        const baals_keypair *key = &bench->senders[(row->first + i) % senders];
        bench_account(&fields.recipient, txs_mix(TXS_SEED + row->draw + i) % row->accounts);
        status = bench_txs_sign(out, bench, i, &fields, key, err);
    }
    return txs_done(out, bench, status);
}

baals_status bench_sign_transfers(
    struct bench_txs *out, struct bench *bench, unsigned count, uint64_t first, baals_error *err)
{
    struct txs_row row = {first, first, bench->size.accounts, 1};
    return txs_sign_transfers(out, bench, count, &row, err);
}

baals_status bench_sign_draw(struct bench_txs *out,
                             struct bench *bench,
                             unsigned count,
                             struct bench_many *many,
                             uint64_t draw,
                             baals_error *err)
{
    struct txs_row row = {many->txs, draw, many->accounts, 1};
    BL_TRY(txs_sign_transfers(out, bench, count, &row, err));
    many->txs += count;
    return BAALS_OK;
}

baals_status
bench_sign_priceless(struct bench_txs *out, struct bench *bench, unsigned count, baals_error *err)
{
    struct txs_row row = {.accounts = bench->size.accounts, .gas_price = 0};
    return txs_sign_transfers(out, bench, count, &row, err);
}

struct txs_token {
    baals_address to;
    uint64_t amount;
    uint64_t nonce; /* of the transaction */
};

/* transfer(to, amount) of the token. */
static baals_status txs_sign_token(struct bench_txs *txs,
                                   const struct bench *bench,
                                   unsigned index,
                                   const struct txs_token *token,
                                   const baals_keypair *key,
                                   baals_error *err)
{
    uint8_t args[64];
    size_t len = bench_cbor_array(args, 2);
    len += txs_cbor_address(args + len, &token->to);
    len += bench_cbor_uint(args + len, token->amount);
    struct bench_call call = {.contract = BENCH_TOKEN,
                              .method = "transfer",
                              .args = bl_slice(args, len),
                              .nonce = token->nonce,
                              .gas = TXS_GAS_CALL};
    return bench_txs_sign_call(txs, bench, index, &call, key, err);
}

baals_status bench_sign_tokens(
    struct bench_txs *out, struct bench *bench, unsigned count, uint64_t first, baals_error *err)
{
    unsigned senders = bench->size.senders;
    BL_TRY(bench_txs_new(out, bench, count, err));
    baals_status status = BAALS_OK;
    for (unsigned i = 0; status == BAALS_OK && i < count; i++) {
        uint64_t to = txs_mix(TXS_SEED + first + i) % senders;
        struct txs_token token = {bench->senders[to].address, 1, (first + i) / senders};
        status = txs_sign_token(out, bench, i, &token, &bench->senders[(first + i) % senders], err);
    }
    return txs_done(out, bench, status);
}

baals_status bench_sign_grants(struct bench_txs *out, struct bench *bench, baals_error *err)
{
    unsigned senders = bench->size.senders;
    BL_TRY(bench_txs_new(out, bench, senders, err));
    baals_status status = BAALS_OK;
    for (unsigned i = 0; status == BAALS_OK && i < senders; i++) {
        struct txs_token token = {bench->senders[i].address, TXS_GRANT, BENCH_DEPLOYS + i};
        status = txs_sign_token(out, bench, i, &token, &bench->authority, err);
    }
    return txs_done(out, bench, status);
}

baals_status bench_sign_calls(
    struct bench_txs *out, struct bench *bench, unsigned count, uint64_t first, baals_error *err)
{
    unsigned senders = bench->size.senders;
    const uint8_t none[] = {0x80};
    BL_TRY(bench_txs_new(out, bench, count, err));
    baals_status status = BAALS_OK;
    for (unsigned i = 0; status == BAALS_OK && i < count; i++) {
        struct bench_call call = {.contract = BENCH_FILL,
                                  .method = "nothing",
                                  .args = bl_slice(none, sizeof none),
                                  .nonce = (first + i) / senders,
                                  .gas = TXS_GAS_CALL};
        status =
            bench_txs_sign_call(out, bench, i, &call, &bench->senders[(first + i) % senders], err);
    }
    return txs_done(out, bench, status);
}
