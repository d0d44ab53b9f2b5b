/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include "rpc_fixture.h"

/* A transaction goes from accepted to committed, and every look at it agrees. */
static void test_life(void **state)
{
    struct rpc_fixture f;
    char id[65], params[128];
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    rpc_fixture_mine(&f, id, 0);
    snprintf(params, sizeof params, "\"id\":\"%s\"", id);
    const struct bl_json *result = rpc_fixture_call(&f, "tx_wait", params);
    rpc_fixture_expect_text(result, "status", "OK");
    rpc_fixture_expect_u64(result, "block", 1);
    result = rpc_fixture_call(&f, "receipt_get", params);
    rpc_fixture_expect_text(result, "tx_id", id);
    rpc_fixture_expect_text(result, "status", "OK");
    result = rpc_fixture_call(&f, "tx_get", params);
    rpc_fixture_expect_text(result, "kind", "transfer");
    rpc_fixture_expect_text(result, "amount", "5");
    assert_true(bl_json_is_true(bl_json_member(result, "committed")));
    rpc_fixture_close(&f);
}

/* A nonce ahead stays pending, is listed, counted by nonce_next only when it follows, and cleared.
 */
static void test_pending(void **state)
{
    struct rpc_fixture f;
    char hex[1200], params[1300], address[128];
    char text[BAALS_ADDRESS_TEXT_SIZE];
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    baals_address_format(text, BAALS_ADDRESS_ACCOUNT, &f.key.address);
    snprintf(address, sizeof address, "\"address\":\"%s\"", text);
    rpc_fixture_expect_u64(rpc_fixture_call(&f, "nonce_next", address), "nonce", 0);
    rpc_fixture_transfer(&f, hex, sizeof hex, 0, 1);
    snprintf(params, sizeof params, "\"tx\":\"%s\",\"wait_ms\":1", hex);
    rpc_fixture_expect_text(rpc_fixture_call(&f, "tx_submit", params), "status", "PENDING");
    rpc_fixture_expect_u64(rpc_fixture_call(&f, "nonce_next", address), "nonce", 1);
    assert_int_equal(bl_json_count(rpc_fixture_call(&f, "pending_list", "")), 1);
    assert_int_equal(bl_json_count(rpc_fixture_call(&f, "pending_list", "\"limit\":0")), 0);
    assert_status(rpc_fixture_error(&f, "tx_submit", params), BAALS_LIMIT_KNOWN);
    rpc_fixture_call(&f, "pending_clear", "");
    assert_int_equal(bl_json_count(rpc_fixture_call(&f, "pending_list", "")), 0);
    rpc_fixture_close(&f);
}

/* A simulation says status and gas and changes nothing; its signature is not looked at. */
static void test_simulate(void **state)
{
    struct rpc_fixture f;
    char hex[1200], params[1300];
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    rpc_fixture_transfer(&f, hex, sizeof hex, 0, 1);
    memset(hex + strlen(hex) - 20, '0', 20);
    snprintf(params, sizeof params, "\"tx\":\"%s\"", hex);
    const struct bl_json *result = rpc_fixture_call(&f, "tx_simulate", params);
    rpc_fixture_expect_text(result, "status", "OK");
    assert_null(bl_json_member(result, "trace"));
    snprintf(params, sizeof params, "\"tx\":\"%s\",\"trace\":true", hex);
    result = rpc_fixture_call(&f, "tx_simulate", params);
    rpc_fixture_expect_text(result, "status", "OK");
    const struct bl_json *trace = bl_json_member(result, "trace");
    assert_int_equal(bl_json_type(bl_json_member(trace, "calls")), BL_JSON_ARRAY);
    snprintf(params, sizeof params, "\"tx\":\"%s\",\"trace\":1", hex);
    assert_status(rpc_fixture_error(&f, "tx_simulate", params), BAALS_MISUSE_ARGUMENT);
    snprintf(params, sizeof params, "\"tx\":\"%s\"", hex);
    assert_status(rpc_fixture_error(&f, "tx_submit", params), BAALS_REJECT_SIGNATURE);
    rpc_fixture_expect_u64(rpc_fixture_call(&f, "chain_info", ""), "height", 0);
    rpc_fixture_close(&f);
}

/* What cannot be: malformed bytes, unknown ids. */
static void test_refused(void **state)
{
    static const char unknown[] =
        "\"id\":\"0000000000000000000000000000000000000000000000000000000000000000\"";
    struct rpc_fixture f;
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    assert_int_equal(BAALS_STATUS_CLASS(rpc_fixture_error(&f, "tx_submit", "\"tx\":\"00\"")),
                     BAALS_CLASS_REJECT);
    assert_int_equal(BAALS_STATUS_CLASS(rpc_fixture_error(&f, "tx_simulate", "\"tx\":\"\"")),
                     BAALS_CLASS_REJECT);
    assert_status(rpc_fixture_error(&f, "tx_get", unknown), BAALS_NOTFOUND);
    assert_status(rpc_fixture_error(&f, "tx_wait", unknown), BAALS_NOTFOUND);
    assert_status(rpc_fixture_error(&f, "receipt_get", unknown), BAALS_NOTFOUND);
    assert_status(rpc_fixture_error(&f, "tx_submit", "\"tx\":\"00\",\"wait_ms\":600001"),
                  BAALS_MISUSE_ARGUMENT);
    rpc_fixture_close(&f);
}

/* A server that stops ends a wait before its time. */
static void test_stopping(void **state)
{
    struct rpc_fixture f;
    atomic_bool stopping = true;
    char hex[1200], params[1300];
    (void)state;
    rpc_fixture_open(&f, ":memory:");
    f.rpc.stopping = &stopping;
    rpc_fixture_transfer(&f, hex, sizeof hex, 0, 1);
    snprintf(params, sizeof params, "\"tx\":\"%s\",\"wait_ms\":600000", hex);
    rpc_fixture_expect_text(rpc_fixture_call(&f, "tx_submit", params), "status", "PENDING");
    rpc_fixture_close(&f);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life),     cmocka_unit_test(test_pending),
        cmocka_unit_test(test_simulate), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_stopping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
