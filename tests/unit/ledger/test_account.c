/* SPDX-License-Identifier: MIT */
/*
 * Account records and counters on an overlay and a view.
 */
#include <string.h>

#include "ledger_lib.h"

struct accounts {
    struct ledger_lib *fx;
    struct bl_view *view;
    struct bl_overlay *overlay;
};

static struct accounts accounts_open(void)
{
    struct accounts a;
    struct ledger_genesis genesis;
    ledger_genesis_init(&genesis);
    a.fx = ledger_open(&genesis);
    a.view = ledger_view(a.fx);
    assert_ok(bl_overlay_new(&a.overlay, &a.fx->arena, a.view, &a.fx->err));
    return a;
}

static void accounts_close(struct accounts *a)
{
    bl_view_end(a->view);
    ledger_close(a->fx);
}

static uint64_t balance_of(struct accounts *a, const baals_address *address)
{
    struct bl_account account;
    baals_status status = bl_account_load(&account, a->overlay, address, &a->fx->err);
    if (status != BAALS_NOTFOUND)
        assert_ok(status);
    return account.balance;
}

static bool exists(struct accounts *a, const baals_address *address)
{
    struct bl_account account;
    return bl_account_load(&account, a->overlay, address, NULL) == BAALS_OK;
}

/* Goal: what is stored is loaded; an absent record reads as zeros and NOTFOUND. */
static void test_load_store(void **state)
{
    (void)state;
    struct accounts a = accounts_open();
    baals_address address = ledger_stranger(0x42);
    struct bl_account account;
    memset(&account, 0xff, sizeof account);
    assert_status(bl_account_load(&account, a.overlay, &address, &a.fx->err), BAALS_NOTFOUND);
    assert_int_equal(account.balance, 0);
    assert_int_equal(account.nonce, 0);
    assert_false(account.has_code || account.has_creator);
    struct bl_account stored = {.balance = UINT64_MAX, .nonce = 3, .has_code = true};
    stored.code_hash.bytes[31] = 9;
    assert_ok(bl_account_store(a.overlay, &address, &stored, &a.fx->err));
    assert_ok(bl_account_load(&account, a.overlay, &address, &a.fx->err));
    assert_true(account.balance == UINT64_MAX);
    assert_int_equal(account.nonce, 3);
    assert_true(account.has_code);
    assert_int_equal(account.code_hash.bytes[31], 9);
    /* The view underneath does not see it. */
    assert_status(bl_ledger_account(&account, a.view, &address, &a.fx->err), BAALS_NOTFOUND);
    accounts_close(&a);
}

/* Goal: a credit of 0 makes no record, any other does; one beyond 2^64-1 is damage. */
static void test_credit(void **state)
{
    (void)state;
    struct accounts a = accounts_open();
    baals_address address = ledger_stranger(0x42);
    assert_ok(bl_account_credit(a.overlay, &address, 0, &a.fx->err));
    assert_false(exists(&a, &address));
    assert_ok(bl_account_credit(a.overlay, &address, UINT64_MAX - 1, &a.fx->err));
    assert_ok(bl_account_credit(a.overlay, &address, 1, &a.fx->err));
    assert_true(balance_of(&a, &address) == UINT64_MAX);
    assert_status(bl_account_credit(a.overlay, &address, 1, &a.fx->err), BAALS_CORRUPT_STATE);
    accounts_close(&a);
}

/* Goal: a move is all or nothing, and to oneself changes nothing. */
static void test_move(void **state)
{
    (void)state;
    struct accounts a = accounts_open();
    baals_address from = ledger_address(1);
    baals_address to = ledger_stranger(0x42);
    bool moved = false;
    assert_ok(bl_account_move(a.overlay, &moved, &from, &to, 0, &a.fx->err));
    assert_true(moved);
    assert_false(exists(&a, &to));
    assert_ok(bl_account_move(a.overlay, &moved, &from, &to, LEDGER_RICH + 1, &a.fx->err));
    assert_false(moved);
    assert_false(exists(&a, &to));
    assert_ok(bl_account_move(a.overlay, &moved, &from, &from, LEDGER_RICH, &a.fx->err));
    assert_true(moved);
    assert_int_equal(balance_of(&a, &from), LEDGER_RICH);
    assert_ok(bl_account_move(a.overlay, &moved, &from, &to, LEDGER_RICH, &a.fx->err));
    assert_true(moved);
    assert_int_equal(balance_of(&a, &from), 0);
    assert_true(exists(&a, &from)); /* records stay */
    assert_int_equal(balance_of(&a, &to), LEDGER_RICH);
    baals_address nobody = ledger_stranger(0x43);
    assert_ok(bl_account_move(a.overlay, &moved, &nobody, &to, 1, &a.fx->err));
    assert_false(moved);
    assert_ok(bl_account_move(a.overlay, &moved, &nobody, &to, 0, &a.fx->err));
    assert_true(moved);
    assert_false(exists(&a, &nobody));
    accounts_close(&a);
}

/* Goal: a record or counter that does not decode is damage, never a value. */
static void test_damaged(void **state)
{
    (void)state;
    struct accounts a = accounts_open();
    baals_address address = ledger_address(1);
    baals_slice key = bl_slice(address.bytes, sizeof address.bytes);
    struct bl_account account;
    uint64_t value = 77;
    assert_ok(
        bl_overlay_put(a.overlay, BAALS_SPACE_ACCOUNTS, key, bl_slice_str("junk"), &a.fx->err));
    assert_status(bl_account_load(&account, a.overlay, &address, &a.fx->err), BAALS_CORRUPT_STATE);
    assert_ok(bl_overlay_put(a.overlay, BAALS_SPACE_META, bl_slice_str(BL_META_EPOCH),
                             bl_slice("\x01\x00", 2), &a.fx->err));
    assert_status(bl_meta_uint_load(&value, a.overlay, BL_META_EPOCH, &a.fx->err),
                  BAALS_CORRUPT_STATE);
    assert_status(bl_meta_uint_load(&value, a.overlay, "no/such", &a.fx->err), BAALS_CORRUPT_STATE);
    assert_status(bl_ledger_meta_uint(&value, a.view, "no/such", &a.fx->err), BAALS_CORRUPT_STATE);
    assert_status(bl_ledger_meta_uint(&value, a.view, BL_META_AUTHORITIES, &a.fx->err),
                  BAALS_CORRUPT_STATE);
    assert_int_equal(value, 77);
    assert_ok(bl_ledger_meta_uint(&value, a.view, BL_META_SUPPLY, &a.fx->err));
    assert_int_equal(value, 3 * LEDGER_RICH);
    accounts_close(&a);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_load_store),
        cmocka_unit_test(test_credit),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
