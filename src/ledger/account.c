/* SPDX-License-Identifier: MIT */
/*
 * Account records and counters on the overlay. A record appears on the first non-zero credit, on
 * code, or when its owner's first transaction is included, and is never deleted. Balances cannot
 * overflow, since the total supply fits 64 bits: where one would, the state is damaged.
 */
#include "ledger/ledger_internal.h"

static baals_slice account_key(const baals_address *address)
{
    return bl_slice(address->bytes, sizeof address->bytes);
}

static baals_status account_decode(struct bl_account *out, baals_slice bytes, baals_error *err)
{
    if (bl_account_decode(out, bytes, NULL) != BAALS_OK)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a stored account record is damaged");
    return BAALS_OK;
}

baals_status bl_account_load(struct bl_account *out,
                             struct bl_overlay *overlay,
                             const baals_address *address,
                             baals_error *err)
{
    *out = (struct bl_account){0};
    baals_slice bytes = {NULL, 0};
    BL_TRY(bl_overlay_get(overlay, &bytes, BAALS_SPACE_ACCOUNTS, account_key(address), err));
    return account_decode(out, bytes, err);
}

baals_status bl_ledger_account(struct bl_account *out,
                               struct bl_view *view,
                               const baals_address *address,
                               baals_error *err)
{
    *out = (struct bl_account){0};
    baals_slice bytes = {NULL, 0};
    baals_status status =
        bl_view_get(view, &bytes, BAALS_SPACE_ACCOUNTS, account_key(address), err);
    if (status == BAALS_NOTFOUND) {
        BL_TRY(bl_state_confirm_absent(view, BAALS_SPACE_ACCOUNTS, account_key(address), err));
        return BAALS_NOTFOUND;
    }
    BL_TRY(status);
    return account_decode(out, bytes, err);
}

baals_status bl_account_store(struct bl_overlay *overlay,
                              const baals_address *address,
                              const struct bl_account *account,
                              baals_error *err)
{
    uint8_t bytes[BL_ACCOUNT_BYTES_MAX];
    size_t len = bl_account_encode(bytes, account);
    return bl_overlay_put(overlay, BAALS_SPACE_ACCOUNTS, account_key(address), bl_slice(bytes, len),
                          err);
}

baals_status bl_account_add(struct bl_account *account, uint64_t amount, baals_error *err)
{
    if (!bl_u64_add(&account->balance, account->balance, amount))
        return bl_fail(err, BAALS_CORRUPT_STATE, "a balance would exceed the total supply");
    return BAALS_OK;
}

baals_status bl_account_credit(struct bl_overlay *overlay,
                               const baals_address *address,
                               uint64_t amount,
                               baals_error *err)
{
    if (amount == 0)
        return BAALS_OK;
    struct bl_account account;
    baals_status status = bl_account_load(&account, overlay, address, err);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);
    BL_TRY(bl_account_add(&account, amount, err));
    return bl_account_store(overlay, address, &account, err);
}

baals_status bl_account_move(struct bl_overlay *overlay,
                             bool *moved_out,
                             const baals_address *from,
                             const baals_address *to,
                             uint64_t amount,
                             baals_error *err)
{
    struct bl_account source;
    baals_status status = bl_account_load(&source, overlay, from, err);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);
    if (source.balance < amount) {
        *moved_out = false;
        return BAALS_OK;
    }
    if (amount != 0) {
        source.balance -= amount;
        BL_TRY(bl_account_store(overlay, from, &source, err));
        BL_TRY(bl_account_credit(overlay, to, amount, err));
    }
    *moved_out = true;
    return BAALS_OK;
}

static baals_status
account_decode_uint(uint64_t *out, baals_slice bytes, const char *name, baals_error *err)
{
    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    uint64_t value = 0;
    if (bl_cbor_read_uint(&reader, &value, NULL) != BAALS_OK ||
        bl_cbor_read_end(&reader, NULL) != BAALS_OK)
        return bl_fail(err, BAALS_CORRUPT_STATE, "meta record \"%s\" is damaged", name);
    *out = value;
    return BAALS_OK;
}

baals_status
bl_meta_uint_load(uint64_t *out, struct bl_overlay *overlay, const char *name, baals_error *err)
{
    baals_slice bytes = {NULL, 0};
    baals_status status =
        bl_overlay_get(overlay, &bytes, BAALS_SPACE_META, bl_slice_str(name), err);
    if (status == BAALS_NOTFOUND)
        return bl_fail(err, BAALS_CORRUPT_STATE, "meta record \"%s\" is missing", name);
    BL_TRY(status);
    return account_decode_uint(out, bytes, name, err);
}

baals_status
bl_ledger_meta_uint(uint64_t *out, struct bl_view *view, const char *name, baals_error *err)
{
    baals_slice bytes = {NULL, 0};
    baals_status status = bl_view_get(view, &bytes, BAALS_SPACE_META, bl_slice_str(name), err);
    if (status == BAALS_NOTFOUND)
        return bl_fail(err, BAALS_CORRUPT_STATE, "meta record \"%s\" is missing", name);
    BL_TRY(status);
    return account_decode_uint(out, bytes, name, err);
}

baals_status
bl_meta_uint_store(struct bl_transition *t, const char *name, uint64_t value, baals_error *err)
{
    bl_buffer_clear(&t->scratch);
    bl_cbor_write_uint(&t->scratch, value);
    return bl_meta_store(t, bl_slice_str(name), err);
}

baals_status bl_meta_store(struct bl_transition *t, baals_slice name, baals_error *err)
{
    BL_TRY(bl_buffer_status(&t->scratch, err));
    return bl_overlay_put(t->overlay, BAALS_SPACE_META, name, bl_buffer_slice(&t->scratch), err);
}
