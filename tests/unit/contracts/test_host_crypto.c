/* SPDX-License-Identifier: MIT */
/*
 * Host functions for hashes and signatures. Digests of "abc" are the algorithms' own test vectors.
 */
#include "contract_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

static int crypto_setup(void **state)
{
    *state = contract_fixture_new();
    return 0;
}

static int crypto_teardown(void **state)
{
    contract_fixture_free(*state);
    return 0;
}

/* Goal: the four algorithms give their published digests, at their price. */
static void test_hash(void **state)
{
    struct contract_fixture *fx = *state;
    static const struct {
        int algorithm;
        const char *digest;
        uint64_t own;
    } rows[] = {
        {0, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 400 + 4 * 3},
        {1, "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45", 500 + 5 * 3},
        {2, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319", 300 + 2 * 3},
        {3, "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85", 300 + 2 * 3},
    };
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        char statement[256];
        (void)snprintf(statement, sizeof statement,
                       "(local.set $r (i64.extend_i32_u (call $crypto_hash (i32.const %d)"
                       " (i32.const 100) (i32.const 3) (i32.const 100))))",
                       rows[i].algorithm);
        struct contract_measure m =
            contract_measure(fx, "(i32.store (i32.const 100) (i32.const 0x636261))", statement);
        assert_int_equal(m.result, 32);
        assert_int_equal(m.gas, 150 + 5 + rows[i].own);
        uint8_t digest[32];
        testlib_hex(digest, sizeof digest, rows[i].digest);
        for (int word = 0; word < 4; word++) {
            char all[512];
            (void)snprintf(all, sizeof all, "%s(local.set $r (i64.load (i32.const %d)))", statement,
                           100 + 8 * word);
            m = contract_measure(fx, "(i32.store (i32.const 100) (i32.const 0x636261))", all);
            assert_true(m.result == bl_load_u64le(digest + 8 * word));
        }
    }
}

/* Goal: Ed25519 verdicts are the protocol's; other lengths are 0, not a trap. */
static void test_verify(void **state)
{
    struct contract_fixture *fx = *state;
    uint8_t seed[32] = {7};
    baals_address key;
    baals_signature signature;
    bl_ed25519_public(&key, seed);
    /* The host verifies the message as it is: tag "t", a zero byte, "m". */
    bl_ed25519_sign(&signature, seed, "t", bl_slice_str("m"));
    uint8_t args[32 + 64 + 3];
    memcpy(args, key.bytes, 32);
    memcpy(args + 32, signature.bytes, 64);
    memcpy(args + 96, "t\0m", 3);

    static const struct {
        int key_len, signature_len, flip;
        uint64_t verdict;
    } rows[] = {{32, 64, -1, 1}, {31, 64, -1, 0}, {32, 63, -1, 0}, {0, 0, -1, 0},
                {32, 64, 98, 0}, {32, 64, 40, 0}, {32, 64, 0, 0}};
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        char body[1024];
        (void)snprintf(body, sizeof body,
                       "(func (export \"m\") (local $g i64)"
                       " (call $input_read (i32.const 0) (i32.const 0) (i32.const 99))"
                       " (local.set $g (call $gas_left))"
                       " (i64.store (i32.const 208) (i64.extend_i32_u (call $crypto_verify"
                       " (i32.const 0) (i32.const 0) (i32.const %d) (i32.const 32) (i32.const %d)"
                       " (i32.const 96) (i32.const 3))))"
                       " (i64.store (i32.const 200) (i64.sub (local.get $g) (call $gas_left)))"
                       " (call $output (i32.const 200) (i32.const 16)))",
                       rows[i].key_len, rows[i].signature_len);
        contract_deploy_body(fx, 0xaa, body);
        uint8_t input[sizeof args];
        memcpy(input, args, sizeof args);
        if (rows[i].flip >= 0)
            input[rows[i].flip] ^= 1;
        baals_execution execution = fx->execution;
        execution.contract = fake_address(0xaa);
        execution.method = bl_slice_str("m");
        execution.has_args = 1;
        execution.args = bl_slice(input, sizeof input);
        assert_ok(contract_execute(fx, &execution));
        assert_int_equal(fx->result.status, BAALS_RECEIPT_OK);
        assert_int_equal(bl_load_u64le(fx->result.output.data + 8), rows[i].verdict);
        uint64_t bytes = (uint64_t)(rows[i].key_len + rows[i].signature_len + 3);
        assert_int_equal(bl_load_u64le(fx->result.output.data) - 150,
                         150 + (bytes + 7) / 8 + 60000 + 4 * 3);
    }
}

/* Goal: unknown algorithms and bad pointers trap. */
static void test_refusals(void **state)
{
    struct contract_fixture *fx = *state;
    contract_fails(fx,
                   "(drop (call $crypto_hash (i32.const 4) (i32.const 0) (i32.const 0)"
                   " (i32.const 0)))",
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_ARGUMENT);
    contract_fails(fx,
                   "(drop (call $crypto_verify (i32.const 1) (i32.const 0) (i32.const 0)"
                   " (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))",
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_ARGUMENT);
    static const char *const bad[] = {
        ("(drop (call $crypto_hash (i32.const 0) (i32.const 65535) (i32.const 2)"
         " (i32.const 0)))"),
        ("(drop (call $crypto_hash (i32.const 0) (i32.const 0) (i32.const 1)"
         " (i32.const 65505)))"),
        ("(drop (call $crypto_verify (i32.const 0) (i32.const 65535) (i32.const 2)"
         " (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))"),
        ("(drop (call $crypto_verify (i32.const 0) (i32.const 0) (i32.const 0)"
         " (i32.const 65535) (i32.const 2) (i32.const 0) (i32.const 0)))"),
        ("(drop (call $crypto_verify (i32.const 0) (i32.const 0) (i32.const 0)"
         " (i32.const 0) (i32.const 0) (i32.const 65535) (i32.const 2)))"),
    };
    for (size_t i = 0; i < BL_COUNT_OF(bad); i++)
        contract_fails(fx, bad[i], BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
}

/* Goal: under version 2 the two curves are known, at their price, and under version 1 they trap. */
static void test_version_2(void **state)
{
    struct contract_fixture *fx = *state;
    static const struct {
        const char *algorithm, *key_len, *signature_len, *digest_len;
        uint64_t gas;
    } rows[] = {{"1", "33", "64", "32", 150 + 17 + 90000},
                {"1", "0", "0", "0", 150 + 90000},
                {"1", "33", "64", "33", 150 + 17 + 90000},
                {"2", "65", "64", "32", 150 + 21 + 200000},
                {"2", "65", "65", "31", 150 + 21 + 200000}};
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        char statement[512];
        (void)snprintf(statement, sizeof statement,
                       "(local.set $r (i64.extend_i32_u (call $crypto_verify (i32.const %s)"
                       " (i32.const 0) (i32.const %s) (i32.const 0) (i32.const %s) (i32.const 0)"
                       " (i32.const %s))))",
                       rows[i].algorithm, rows[i].key_len, rows[i].signature_len,
                       rows[i].digest_len);
        fx->execution.wasm_limits = 1;
        contract_fails(fx, statement, BAALS_RECEIPT_TRAP, BAALS_TRAP_ARGUMENT);
        fx->execution.wasm_limits = 2;
        struct contract_measure m = contract_measure(fx, "", statement);
        assert_int_equal(m.result, 0);
        assert_int_equal(m.gas, rows[i].gas);
    }
    contract_fails(fx,
                   "(drop (call $crypto_verify (i32.const 3) (i32.const 0) (i32.const 0)"
                   " (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))",
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_ARGUMENT);
    contract_fails(fx,
                   "(drop (call $crypto_recover (i32.const 0) (i32.const 0) (i32.const 0)"
                   " (i32.const 65472)))",
                   BAALS_RECEIPT_TRAP, BAALS_TRAP_POINTER);
}

/* Goal: a recovered key is one that verifies, through the contract's memory. R is the base point,
 * s = 1, the digest 0: the key is R / r. */
static void test_recover(void **state)
{
    struct contract_fixture *fx = *state;
    fx->execution.wasm_limits = 2;
    contract_deploy_body(
        fx, 0xaa,
        "(func (export \"m\") (call $input_read (i32.const 32) (i32.const 0) (i32.const 32))"
        " (i32.store8 (i32.const 95) (i32.const 1))"
        " (i32.store (i32.const 200) (call $crypto_recover (i32.const 0) (i32.const 32)"
        "  (i32.const 0) (i32.const 300)))"
        " (i32.store (i32.const 204) (call $crypto_verify (i32.const 1) (i32.const 300)"
        "  (i32.const 65) (i32.const 32) (i32.const 64) (i32.const 0) (i32.const 32)))"
        " (call $output (i32.const 200) (i32.const 8)))");
    uint8_t x[32];
    testlib_hex(x, sizeof x, "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
    baals_execution execution = fx->execution;
    execution.contract = fake_address(0xaa);
    execution.method = bl_slice_str("m");
    execution.has_args = 1;
    execution.args = bl_slice(x, sizeof x);
    assert_ok(contract_execute(fx, &execution));
    assert_true(contract_output_u64(fx) == 0x100000001);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_hash, crypto_setup, crypto_teardown),
        cmocka_unit_test_setup_teardown(test_verify, crypto_setup, crypto_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, crypto_setup, crypto_teardown),
        cmocka_unit_test_setup_teardown(test_version_2, crypto_setup, crypto_teardown),
        cmocka_unit_test_setup_teardown(test_recover, crypto_setup, crypto_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
