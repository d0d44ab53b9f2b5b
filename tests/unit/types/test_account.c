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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account_roundtrip),
    };
    testlib_init(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
