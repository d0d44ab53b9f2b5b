/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include "rpc_fixture.h"

static void address_param(const struct rpc_fixture *f, char *out, size_t size, const char *name)
{
    char text[BAALS_ADDRESS_TEXT_SIZE];
    baals_address_format(text, BAALS_ADDRESS_ACCOUNT, &f->key.address);
    snprintf(out, size, "\"%s\":\"%s\"", name, text);
}

/* An account that is there has balance and nonce; one that is not is empty, and says so. */
static void test_account(void **state)
{
    struct rpc_fixture f;
    char id[65], params[128], text[BAALS_ADDRESS_TEXT_SIZE];
    const baals_address nobody = {{5}};
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    rpc_fixture_mine(&f, id, 0);
    address_param(&f, params, sizeof params, "address");
    const struct bl_json *result = rpc_fixture_call(&f, "account_get", params);
    rpc_fixture_expect_text(result, "balance", "1000000");
    rpc_fixture_expect_u64(result, "nonce", 1);
    assert_true(bl_json_is_true(bl_json_member(result, "exists")));
    baals_address_format(text, BAALS_ADDRESS_ACCOUNT, &nobody);
    snprintf(params, sizeof params, "\"address\":\"%s\"", text);
    result = rpc_fixture_call(&f, "account_get", params);
    rpc_fixture_expect_text(result, "balance", "0");
    assert_false(bl_json_is_true(bl_json_member(result, "exists")));
    rpc_fixture_close(&f);
}

/* History comes newest first, in pages that continue where the last ended. */
static void test_history(void **state)
{
    struct rpc_fixture f;
    char ids[3][65], address[128], params[256];
    uint64_t seen = 0;
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    for (uint64_t i = 0; i < 3; i++)
        rpc_fixture_mine(&f, ids[i], i);
    address_param(&f, address, sizeof address, "address");
    snprintf(params, sizeof params, "%s,\"limit\":2", address);
    const struct bl_json *result = rpc_fixture_call(&f, "history", params);
    const struct bl_json *txs = bl_json_member(result, "txs");
    assert_int_equal(bl_json_count(txs), 2);
    rpc_fixture_expect_text(bl_json_at(txs, 0), "tx_id", ids[2]);
    rpc_fixture_expect_text(bl_json_at(txs, 1), "tx_id", ids[1]);
    const char *cursor = bl_json_text(bl_json_member(result, "cursor"));
    assert_non_null(cursor);
    snprintf(params, sizeof params, "%s,\"cursor\":\"%s\"", address, cursor);
    result = rpc_fixture_call(&f, "history", params);
    txs = bl_json_member(result, "txs");
    seen = bl_json_count(txs);
    assert_int_equal(seen, 1);
    rpc_fixture_expect_text(bl_json_at(txs, 0), "tx_id", ids[0]);
    rpc_fixture_close(&f);
}

/* A proof that the node gives holds against the state root of its tip. */
static void test_prove(void **state)
{
    struct rpc_fixture f;
    char params[256], address[128];
    uint8_t value[256], proof[8192];
    size_t value_len, proof_len;
    baals_chain_info info;
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    address_param(&f, address, sizeof address, "address");
    snprintf(params, sizeof params, "\"store\":\"accounts\",%s", address);
    const struct bl_json *result = rpc_fixture_call(&f, "prove", params);
    assert_true(bl_json_is_true(bl_json_member(result, "exists")));
    value_len = testlib_hex(value, sizeof value, bl_json_text(bl_json_member(result, "value")));
    proof_len = testlib_hex(proof, sizeof proof, bl_json_text(bl_json_member(result, "proof")));
    assert_ok(baals_chain_info_get(f.chain, &info, NULL));
    assert_ok(baals_proof_verify_existence(
        &info.state_root, "accounts", bl_slice(f.key.address.bytes, 32), bl_slice(value, value_len),
        bl_slice(proof, proof_len), NULL));
    snprintf(params, sizeof params, "\"store\":\"meta\",%s", address);
    assert_status(rpc_fixture_error(&f, "prove", params), BAALS_MISUSE_ARGUMENT);
    rpc_fixture_close(&f);
}

/* Asking where there is no contract, or for code and storage that are not there. */
static void test_no_contract(void **state)
{
    struct rpc_fixture f;
    char contract[128], params[256];
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    address_param(&f, contract, sizeof contract, "contract");
    assert_status(rpc_fixture_error(&f, "contract_get", contract), BAALS_NOTFOUND);
    snprintf(params, sizeof params, "%s,\"key\":\"00\"", contract);
    assert_status(rpc_fixture_error(&f, "storage_get", params), BAALS_NOTFOUND);
    snprintf(params, sizeof params, "%s,\"method\":\"get\"", contract);
    const struct bl_json *result = rpc_fixture_call(&f, "contract_query", params);
    rpc_fixture_expect_text(result, "status", "NO_CONTRACT");
    rpc_fixture_expect_text(bl_json_member(result, "error"), "code", "E-NO-CONTRACT");
    assert_status(rpc_fixture_error(&f, "code_check", "\"code\":\"0061736d\""), BAALS_REJECT_CODE);
    rpc_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_prove),
        cmocka_unit_test(test_no_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
