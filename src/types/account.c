/* SPDX-License-Identifier: MIT */
/*
 * The record of an account in the store `accounts` (docs/spec/encoding.md, "Account record"). Small
 * and of bounded size, so it is written into the caller's array. A transfer reads and writes
 * several of them, nearly always of accounts without code: these take a short way of their own,
 * which knows that form alone and leaves everything else to the general one.
 */
#include <string.h>

#include "types/types.h"
#include "types/types_internal.h"

enum { ACCOUNT_FIELDS = 4, ACCOUNT_HEAD = 0x84, ACCOUNT_NULL = 0xf6 };

/* ---- [balance, nonce, null, null] ---- */

/* Reads a uint of at most `len` bytes in its shortest form; returns its length, or 0. */
static size_t account_read_uint(uint64_t *out, const uint8_t *in, size_t len)
{
    static const uint64_t least[] = {24, 1u << 8, 1u << 16, 1ull << 32};
    if (len == 0 || in[0] > 27)
        return 0;
    if (in[0] < 24) {
        *out = in[0];
        return 1;
    }
    size_t width = (size_t)1 << (in[0] - 24);
    if (len < 1 + width)
        return 0;
    uint64_t value = 0;
    for (size_t i = 1; i <= width; i++)
        value = value << 8 | in[i];
    *out = value;
    return value < least[in[0] - 24] ? 0 : 1 + width;
}

/* False when it is not such a record, or none at all. */
static bool account_read_plain(struct bl_account *out, baals_slice bytes)
{
    const uint8_t *in = bytes.data;
    size_t len = bytes.len;
    if (len < 5 || in[0] != ACCOUNT_HEAD || in[len - 1] != ACCOUNT_NULL ||
        in[len - 2] != ACCOUNT_NULL)
        return false;
    uint64_t balance = 0;
    uint64_t nonce = 0;
    size_t balance_len = account_read_uint(&balance, in + 1, len - 3);
    size_t nonce_len = balance_len == 0
                           ? 0
                           : account_read_uint(&nonce, in + 1 + balance_len, len - 3 - balance_len);
    if (nonce_len == 0 || 1 + balance_len + nonce_len + 2 != len)
        return false;
    *out = (struct bl_account){.balance = balance, .nonce = nonce};
    return true;
}

static size_t account_write_uint(uint8_t *out, uint64_t value)
{
    if (value < 24) {
        out[0] = (uint8_t)value;
        return 1;
    }
    unsigned form = value <= UINT8_MAX ? 0 : value <= UINT16_MAX ? 1 : value <= UINT32_MAX ? 2 : 3;
    size_t width = (size_t)1 << form;
    out[0] = (uint8_t)(24 + form);
    for (size_t i = width; i > 0; i--, value >>= 8)
        out[i] = (uint8_t)value;
    return 1 + width;
}

static size_t account_write_plain(uint8_t *out, const struct bl_account *account)
{
    size_t len = 0;
    out[len++] = ACCOUNT_HEAD;
    len += account_write_uint(out + len, account->balance);
    len += account_write_uint(out + len, account->nonce);
    out[len++] = ACCOUNT_NULL;
    out[len++] = ACCOUNT_NULL;
    return len;
}

/* ---- every record ---- */

size_t bl_account_encode(uint8_t out[BL_ACCOUNT_BYTES_MAX], const struct bl_account *account)
{
    if (!account->has_code && !account->has_creator)
        return account_write_plain(out, account);
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
    if (account_read_plain(out, bytes))
        return BAALS_OK;
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
