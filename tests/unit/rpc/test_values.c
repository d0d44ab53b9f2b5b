/* SPDX-License-Identifier: MIT */
#include "testlib.h"

#include <string.h>

#include "rpc/rpc_internal.h"

/* What a writer of members gives, as a whole object. */
static void
object_of_receipt(struct bl_buffer *out, const baals_receipt *receipt, const baals_debug *debug)
{
    struct bl_json_writer w;
    bl_buffer_clear(out);
    bl_jw_init(&w, out);
    bl_jw_begin_object(&w);
    bl_rpc_put_receipt(&w, receipt, debug);
    bl_jw_end_object(&w);
    assert_ok(bl_buffer_status(out, NULL));
}

static void expect_part(const struct bl_buffer *out, const char *part, bool there)
{
    char text[4096];
    assert_true(out->len < sizeof text);
    memcpy(text, out->data, out->len);
    text[out->len] = '\0';
    if ((strstr(text, part) != NULL) != there)
        fail_msg("%s: %s in %s", there ? "missing" : "unexpected", part, text);
}

/* A receipt that is OK has no error; its output is shown as CBOR or as text where it is that. */
static void test_receipt_ok(void **state)
{
    baals_receipt receipt = {.status = BAALS_RECEIPT_OK, .gas_used = 7, .fee = 3};
    baals_debug debug = {.trap = BAALS_OK};
    struct bl_buffer out;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 65536);
    receipt.output = bl_slice("\x18\x2a", 2);
    object_of_receipt(&out, &receipt, &debug);
    expect_part(&out, "\"status\":\"OK\",\"gas_used\":\"7\",\"fee\":\"3\"", true);
    expect_part(&out, "\"output\":\"182a\",\"value\":\"42\"", true);
    expect_part(&out, "\"error\"", false);
    receipt.output = bl_slice_str("hello");
    object_of_receipt(&out, &receipt, &debug);
    expect_part(&out, "\"value\":\"hello\"", true);
    receipt.output = bl_slice("\xff\xfe", 2);
    object_of_receipt(&out, &receipt, &debug);
    expect_part(&out, "\"value\"", false);
    bl_buffer_deinit(&out);
}

/* A failure names its code; with notes also contract, function and offset, without them not. */
static void test_receipt_failed(void **state)
{
    baals_receipt receipt = {.status = BAALS_RECEIPT_TRAP};
    baals_debug debug = {.trap = BAALS_TRAP_DIVIDE,
                         .function_index = 4,
                         .offset = 99,
                         .contract = {{1}},
                         .message = "divided"};
    struct bl_buffer out;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 65536);
    object_of_receipt(&out, &receipt, &debug);
    expect_part(&out, "\"code\":\"E-DIVIDE\",\"message\":\"divided\",\"contract\":\"blc1", true);
    expect_part(&out, "\"function\":4,\"offset\":99", true);
    memset(&debug, 0, sizeof debug);
    object_of_receipt(&out, &receipt, &debug);
    expect_part(&out, "\"code\":\"E-TRAP\"", true);
    expect_part(&out, "\"function\"", false);
    bl_buffer_deinit(&out);
}

/* Every receipt status has a code of its own kind, and a revert its code and text. */
static void test_every_status(void **state)
{
    static const struct {
        baals_receipt_status status;
        const char *code;
    } rows[] = {
        {BAALS_RECEIPT_REVERT, "\"E-REVERT\""},
        {BAALS_RECEIPT_TRAP, "\"E-TRAP\""},
        {BAALS_RECEIPT_OUT_OF_GAS, "\"E-OUT-OF-GAS\""},
        {BAALS_RECEIPT_OUT_OF_STACK, "\"E-OUT-OF-STACK\""},
        {BAALS_RECEIPT_NO_METHOD, "\"E-NO-METHOD\""},
        {BAALS_RECEIPT_NO_CONTRACT, "\"E-NO-CONTRACT\""},
        {BAALS_RECEIPT_BAD_PAYLOAD, "the payload cannot be decoded"},
        {BAALS_RECEIPT_BAD_CODE, "\"E-CODE\""},
        {BAALS_RECEIPT_ADDRESS_TAKEN, "a contract is there already"},
        {BAALS_RECEIPT_REENTRY, "\"E-REENTRY\""},
        {BAALS_RECEIPT_LIMIT, "\"E-CONTRACT-LIMIT\""},
    };
    baals_debug debug = {.trap = BAALS_OK, .revert_code = 6};
    struct bl_buffer out;
    (void)state;
    bl_buffer_init(&out, bl_alloc_system(), 65536);
    for (size_t i = 0; i < BL_COUNT_OF(rows); i++) {
        baals_receipt receipt = {.status = rows[i].status, .output = bl_slice_str("no way")};
        object_of_receipt(&out, &receipt, &debug);
        expect_part(&out, rows[i].code, true);
        expect_part(&out, "\"revert_code\":6,\"text\":\"no way\"",
                    rows[i].status == BAALS_RECEIPT_REVERT);
    }
    bl_buffer_deinit(&out);
}

/* A transaction shows what its payload says, by its kind. */
static void test_tx(void **state)
{
    uint8_t payload[64], bytes[512];
    size_t len;
    baals_keypair key;
    const uint8_t seed[32] = {3};
    struct bl_buffer out;
    struct bl_json_writer w;
    (void)state;
    baals_keypair_from_seed(&key, seed);
    assert_ok(baals_tx_encode_call_payload(payload, sizeof payload, &len, bl_slice_str("add"),
                                           bl_slice("\x81\x05", 2), NULL));
    baals_tx fields = {.kind = BAALS_TX_CALL,
                       .has_recipient = 1,
                       .has_payload = 1,
                       .has_valid_until = 1,
                       .recipient = {{9}},
                       .nonce = 4,
                       .payload = bl_slice(payload, len),
                       .gas_limit = 50000,
                       .valid_until = 12};
    baals_tx tx;
    assert_ok(baals_tx_sign(bytes, sizeof bytes, &len, NULL, &fields, &key, NULL));
    assert_ok(baals_tx_decode(&tx, bl_slice(bytes, len), NULL));
    bl_buffer_init(&out, bl_alloc_system(), 65536);
    bl_jw_init(&w, &out);
    bl_jw_begin_object(&w);
    bl_rpc_put_tx(&w, &tx, true);
    bl_jw_end_object(&w);
    expect_part(&out, "\"kind\":\"call\"", true);
    expect_part(&out, "\"recipient\":\"blc1", true);
    expect_part(&out, "\"method\":\"add\",\"args\":\"8105\"", true);
    expect_part(&out, "\"valid_until\":12", true);
    expect_part(&out, "\"gas_limit\":\"50000\"", true);
    bl_buffer_deinit(&out);
    assert_string_equal(bl_rpc_kind_name(BAALS_TX_SYSTEM), "system");
    assert_string_equal(bl_rpc_kind_name(BAALS_TX_KIND_FORCE_INT), "unknown");
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receipt_ok),
        cmocka_unit_test(test_receipt_failed),
        cmocka_unit_test(test_every_status),
        cmocka_unit_test(test_tx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
