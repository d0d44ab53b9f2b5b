/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_UNIT_RPC_RPC_FIXTURE_H
#define BL_TESTS_UNIT_RPC_RPC_FIXTURE_H
/*
 * A chain in memory with one authority that owns a million, and calls of its methods.
 */
#include <stdlib.h>
#include <string.h>

#include "baals/baals.h"

#include "rpc/rpc_internal.h"
#include "testlib.h"

struct rpc_fixture {
    baals_keypair key;
    baals_chain *chain;
    baals_hash chain_id;
    struct bl_rpc rpc;
    struct bl_buffer out;
    struct bl_json_doc doc; /* the last answer */
};

static inline void rpc_fixture_open(struct rpc_fixture *f, const char *path)
{
    static const uint8_t seed[32] = {7};
    baals_genesis genesis;
    uint8_t encoded[1024];
    size_t len;
    baals_error error = {.message = ""};
    memset(f, 0, sizeof *f);
    baals_keypair_from_seed(&f->key, seed);
    baals_genesis_defaults(&genesis);
    baals_genesis_balance balance = {f->key.address, {1000000}};
    genesis.poa.authorities = &f->key.address;
    genesis.poa.authority_count = 1;
    genesis.balances = &balance;
    genesis.balance_count = 1;
    assert_ok(baals_genesis_encode(encoded, sizeof encoded, &len, &genesis, &error));
    baals_options options = BAALS_OPTIONS_INIT;
    options.flags = BAALS_OPEN_CREATE;
    options.storage = strcmp(path, ":memory:") == 0 ? "memory" : "lmdb";
    options.genesis = (baals_slice){encoded, len};
    options.authority = &f->key;
    baals_genesis_chain_id(&f->chain_id, options.genesis);
    assert_ok(baals_open(&f->chain, path, &options, &error));
    f->rpc = (struct bl_rpc){.chain = f->chain, .alloc = bl_alloc_system()};
    bl_buffer_init(&f->out, f->rpc.alloc, BL_RPC_RESPONSE_MAX);
}

static inline void rpc_fixture_close(struct rpc_fixture *f)
{
    bl_json_free(&f->doc);
    bl_buffer_deinit(&f->out);
    assert_ok(baals_close(f->chain, NULL));
}

/* The whole answer to a message; NULL when there is none. */
static inline const struct bl_json *rpc_fixture_send(struct rpc_fixture *f, const char *message)
{
    bl_json_free(&f->doc);
    bl_buffer_clear(&f->out);
    bl_rpc_handle(&f->rpc, bl_slice_str(message), &f->out);
    assert_false(f->out.failed);
    if (f->out.len == 0)
        return NULL;
    assert_ok(bl_json_parse(&f->doc, bl_buffer_slice(&f->out), BL_RPC_RESPONSE_MAX, NULL));
    return f->doc.root;
}

/* The result of a method; `params` is the inside of an object. Fails the test on an error. */
static inline const struct bl_json *
rpc_fixture_call(struct rpc_fixture *f, const char *method, const char *params)
{
    char message[8192];
    snprintf(message, sizeof message,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{%s}}", method, params);
    const struct bl_json *answer = rpc_fixture_send(f, message);
    const struct bl_json *result = bl_json_member(answer, "result");
    if (result == NULL)
        fail_msg("%s: %.*s", method, (int)f->out.len, (const char *)f->out.data);
    return result;
}

/* The status a method fails with. */
static inline baals_status
rpc_fixture_error(struct rpc_fixture *f, const char *method, const char *params)
{
    char message[8192];
    uint64_t code = 0;
    snprintf(message, sizeof message,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":{%s}}", method, params);
    const struct bl_json *error = bl_json_member(rpc_fixture_send(f, message), "error");
    assert_non_null(error);
    assert_true(bl_json_u64(&code, bl_json_member(error, "code")));
    return (baals_status)(int32_t)code;
}

/* A signed transfer of `amount` to the sender itself, as hex. */
static inline void rpc_fixture_transfer(
    struct rpc_fixture *f, char *hex, size_t hex_size, uint64_t nonce, uint64_t amount)
{
    uint8_t bytes[512];
    size_t len;
    baals_tx tx = {.kind = BAALS_TX_TRANSFER,
                   .has_recipient = 1,
                   .chain_id = f->chain_id,
                   .nonce = nonce,
                   .recipient = f->key.address,
                   .amount = {amount},
                   .gas_limit = 100000};
    assert_ok(baals_tx_sign(bytes, sizeof bytes, &len, NULL, &tx, &f->key, NULL));
    assert_true(2 * len < hex_size);
    bl_hex_encode(hex, bytes, len);
}

/* Submits a transfer and makes its block; its id is copied to id_out[65]. */
static inline void rpc_fixture_mine(struct rpc_fixture *f, char *id_out, uint64_t nonce)
{
    char hex[1200], params[1300];
    int32_t made = 0;
    rpc_fixture_transfer(f, hex, sizeof hex, nonce, 5);
    snprintf(params, sizeof params, "\"tx\":\"%s\"", hex);
    const struct bl_json *result = rpc_fixture_call(f, "tx_submit", params);
    assert_string_equal(bl_json_text(bl_json_member(result, "status")), "PENDING");
    memcpy(id_out, bl_json_text(bl_json_member(result, "tx_id")), 65);
    assert_ok(baals_produce_block(f->chain, &made, NULL, NULL));
    assert_int_equal(made, 1);
}

static inline void
rpc_fixture_expect_text(const struct bl_json *object, const char *name, const char *expected)
{
    const char *text = bl_json_text(bl_json_member(object, name));
    if (text == NULL || strcmp(text, expected) != 0)
        fail_msg("%s is %s, not %s", name, text == NULL ? "absent" : text, expected);
}

static inline void
rpc_fixture_expect_u64(const struct bl_json *object, const char *name, uint64_t expected)
{
    uint64_t value = ~expected;
    if (!bl_json_u64(&value, bl_json_member(object, name)) || value != expected)
        fail_msg("%s is %llu, not %llu", name, (unsigned long long)value,
                 (unsigned long long)expected);
}

#endif /* BL_TESTS_UNIT_RPC_RPC_FIXTURE_H */
