/* SPDX-License-Identifier: MIT */
/* Account records: both ways, at their longest, and under changes. */
#include "mutations.h"

static baals_status account_again(struct bl_buffer *again, baals_slice bytes, baals_error *err)
{
    struct bl_account account;
    uint8_t encoded[BL_ACCOUNT_BYTES_MAX];
    BL_TRY(bl_account_decode(&account, bytes, err));
    bl_buffer_append(again, encoded, bl_account_encode(encoded, &account));
    return BAALS_OK;
}

/* Goal: the longest record has BL_ACCOUNT_BYTES_MAX bytes, and every field comes back. */
static void test_account_roundtrip(void **state)
{
    (void)state;
    uint8_t bytes[BL_ACCOUNT_BYTES_MAX];
    struct bl_account again;
    struct bl_account account = {
        .balance = UINT64_MAX, .nonce = UINT64_MAX, .has_code = true, .has_creator = true};
    memset(&account.code_hash, 1, sizeof account.code_hash);
    memset(&account.creator, 2, sizeof account.creator);
    size_t len = bl_account_encode(bytes, &account);
    assert_int_equal(len, BL_ACCOUNT_BYTES_MAX);
    assert_ok(bl_account_decode(&again, bl_slice(bytes, len), NULL));
    assert_true(again.balance == UINT64_MAX && again.nonce == UINT64_MAX);
    assert_true(again.has_code && again.has_creator);
    assert_true(bl_hash_equal(&again.code_hash, &account.code_hash));
    assert_true(bl_address_equal(&again.creator, &account.creator));
    mutations_check(bl_slice(bytes, len), account_again);

    struct bl_account plain = {.balance = 5};
    len = bl_account_encode(bytes, &plain);
    assert_int_equal(len, 5);
    assert_ok(bl_account_decode(&again, bl_slice(bytes, len), NULL));
    assert_false(again.has_code || again.has_creator);
    assert_true(bl_bytes_all_zero(&again.code_hash, sizeof again.code_hash));
    mutations_check(bl_slice(bytes, len), account_again);
}

/* The record written by the general encoder. */
static baals_slice account_reference(struct bl_buffer *buffer, uint64_t balance, uint64_t nonce)
{
    bl_buffer_clear(buffer);
    bl_cbor_write_array(buffer, 4);
    bl_cbor_write_uint(buffer, balance);
    bl_cbor_write_uint(buffer, nonce);
    bl_cbor_write_null(buffer);
    bl_cbor_write_null(buffer);
    return bl_buffer_slice(buffer);
}

/* Goal: records without code are written as the general encoder writes them, at every length of
 * both numbers, come back, and are refused in any other form. */
static void test_account_plain(void **state)
{
    (void)state;
    static const uint64_t values[] = {0,          1,      23,          24,         255,
                                      256,        65535,  65536,       UINT32_MAX, 1ull << 32,
                                      UINT64_MAX, 0x1234, 0x123456789, 0x0102,     1ull << 63};
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, bl_alloc_system(), 100);
    for (size_t i = 0; i < BL_COUNT_OF(values); i++) {
        for (size_t k = 0; k < BL_COUNT_OF(values); k++) {
            uint8_t bytes[BL_ACCOUNT_BYTES_MAX];
            struct bl_account account = {.balance = values[i], .nonce = values[k]};
            struct bl_account again = {.has_code = true, .has_creator = true};
            size_t len = bl_account_encode(bytes, &account);
            assert_true(bl_slice_equal(bl_slice(bytes, len),
                                       account_reference(&buffer, values[i], values[k])));
            assert_ok(bl_account_decode(&again, bl_slice(bytes, len), NULL));
            assert_true(again.balance == values[i] && again.nonce == values[k]);
            assert_false(again.has_code || again.has_creator);
            assert_true(bl_bytes_all_zero(&again.code_hash, sizeof again.code_hash));
            assert_true(bl_bytes_all_zero(&again.creator, sizeof again.creator));
            mutations_check(bl_slice(bytes, len), account_again);
        }
    }
    bl_buffer_deinit(&buffer);
}

/* Goal: numbers that are not in their shortest form are refused on either way. */
static void test_account_shortest(void **state)
{
    (void)state;
    static const char *const records[] = {
        "84180000f6f6",   "84001817f6f6",       "84190000f6f6",
        "841900ff00f6f6", "841a0000ffff00f6f6", "84001b00000000fffffffff6f6",
        "840000f6f600",   "840000f6",           "8400f6f6",
        "84001cf6f6",     "842000f6f6"};
    for (size_t i = 0; i < BL_COUNT_OF(records); i++) {
        uint8_t bytes[64];
        struct bl_account account;
        size_t len = testlib_hex(bytes, sizeof bytes, records[i]);
        assert_int_not_equal(bl_account_decode(&account, bl_slice(bytes, len), NULL), BAALS_OK);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account_roundtrip),
        cmocka_unit_test(test_account_plain),
        cmocka_unit_test(test_account_shortest),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
