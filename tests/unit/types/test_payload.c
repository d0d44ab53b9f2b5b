/* SPDX-License-Identifier: MIT */
/* Payloads of calls and deploys: both ways, and the property under changes. */
#include "mutations.h"

static baals_status payload_call_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_slice method;
    baals_slice args;
    BL_TRY(baals_tx_decode_call_payload(&method, &args, bytes, err));
    bl_cbor_write_array(again, 2);
    bl_cbor_write_text(again, method);
    bl_cbor_write_bytes(again, args);
    return BAALS_OK;
}

static baals_status
payload_deploy_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    baals_slice code;
    baals_slice init;
    int32_t has_init = 0;
    BL_TRY(baals_tx_decode_deploy_payload(&code, &has_init, &init, bytes, err));
    bl_cbor_write_array(again, 2);
    bl_cbor_write_bytes(again, code);
    bl_cbor_write_bytes_or_null(again, has_init != 0, init);
    return BAALS_OK;
}

/* Goal: method and arguments come back as they went in, whatever is changed in between. */
static void test_payload_call(void **state)
{
    (void)state;
    uint8_t bytes[64];
    size_t len;
    baals_slice method;
    baals_slice args;
    assert_ok(baals_tx_encode_call_payload(bytes, sizeof bytes, &len, bl_slice_str("add"),
                                           bl_slice("\1\2", 2), NULL));
    assert_ok(baals_tx_decode_call_payload(&method, &args, bl_slice(bytes, len), NULL));
    assert_true(bl_slice_equal(method, bl_slice_str("add")));
    assert_true(bl_slice_equal(args, bl_slice("\1\2", 2)));
    mutations_check(bl_slice(bytes, len), payload_call_again);
}

/* Goal: absent and empty init arguments are two things. */
static void test_payload_deploy(void **state)
{
    (void)state;
    uint8_t bytes[64];
    size_t len;
    baals_slice code = bl_slice("\0asm", 4);
    baals_slice init = bl_slice(NULL, 0);
    int32_t has_init = 0;
    assert_ok(baals_tx_encode_deploy_payload(bytes, sizeof bytes, &len, code, &init, NULL));
    assert_ok(baals_tx_decode_deploy_payload(&code, &has_init, &init, bl_slice(bytes, len), NULL));
    assert_int_equal(has_init, 1);
    assert_int_equal(init.len, 0);
    mutations_check(bl_slice(bytes, len), payload_deploy_again);
    assert_ok(baals_tx_encode_deploy_payload(bytes, sizeof bytes, &len, code, NULL, NULL));
    assert_ok(baals_tx_decode_deploy_payload(&code, &has_init, &init, bl_slice(bytes, len), NULL));
    assert_int_equal(has_init, 0);
    assert_int_equal(code.len, 4);
    mutations_check(bl_slice(bytes, len), payload_deploy_again);
}

/* Goal: NULL outputs are misuse, not a verdict. */
static void test_payload_misuse(void **state)
{
    (void)state;
    baals_slice slice;
    int32_t flag = 0;
    assert_status(baals_tx_decode_call_payload(NULL, &slice, bl_slice("", 0), NULL), BAALS_MISUSE);
    assert_status(baals_tx_decode_deploy_payload(&slice, &flag, NULL, bl_slice("", 0), NULL),
                  BAALS_MISUSE);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payload_call),
        cmocka_unit_test(test_payload_deploy),
        cmocka_unit_test(test_payload_misuse),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
