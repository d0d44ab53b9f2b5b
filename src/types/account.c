/* SPDX-License-Identifier: MIT */
/*
 * The record of an account in the store `accounts` (docs/spec/encoding.md, "Account record"). Small
 * and of bounded size, so it is written into the caller's array.
 */
#include <string.h>

#include "types/types.h"
#include "types/types_internal.h"

enum { ACCOUNT_FIELDS = 4 };

size_t bl_account_encode(uint8_t out[BL_ACCOUNT_BYTES_MAX], const struct bl_account *account)
{
    struct bl_buffer buffer = bl_types_fixed_buffer(out, BL_ACCOUNT_BYTES_MAX);
    bl_cbor_write_array(&buffer, ACCOUNT_FIELDS);
    bl_cbor_write_uint(&buffer, account->balance);
    bl_cbor_write_uint(&buffer, account->nonce);
    if (account->has_code)
        bl_cbor_write_hash(&buffer, &account->code_hash);
    else
        bl_cbor_write_null(&buffer);
    bl_cbor_write_address_or_null(&buffer, account->has_creator, &account->creator);
    BL_ASSERT(!buffer.failed);
    return buffer.len;
}

baals_status bl_account_decode(struct bl_account *out, baals_slice bytes, baals_error *err)
{
    struct bl_cbor_reader reader = bl_cbor_reader(bytes);
    struct bl_account account;
    baals_address code_hash;
    int32_t has_code = 0;
    int32_t has_creator = 0;

    memset(&account, 0, sizeof(account));
    BL_TRY(bl_cbor_read_array_exact(&reader, ACCOUNT_FIELDS, err));
    BL_TRY(bl_cbor_read_uint(&reader, &account.balance, err));
    BL_TRY(bl_cbor_read_uint(&reader, &account.nonce, err));
    BL_TRY(bl_types_read_address_or_null(&reader, &has_code, &code_hash, err));
    BL_TRY(bl_types_read_address_or_null(&reader, &has_creator, &account.creator, err));
    BL_TRY(bl_cbor_read_end(&reader, err));
    memcpy(account.code_hash.bytes, code_hash.bytes, sizeof(account.code_hash.bytes));
    account.has_code = has_code != 0;
    account.has_creator = has_creator != 0;
    *out = account;
    return BAALS_OK;
}
