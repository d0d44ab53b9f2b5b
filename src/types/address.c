/* SPDX-License-Identifier: MIT */
/*
 * Addresses and identifiers (docs/spec/addresses.md): bech32m text after BIP 350, hashes as hex,
 * system addresses, contract ids. The text of an address is prefix, "1", 52 characters of data (32
 * bytes in groups of 5 bits) and 6 of checksum; only the lower case is accepted, so that an address
 * has one spelling.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "types/types.h"
#include "types/types_internal.h"

enum { ADDRESS_DATA_LEN = 52, ADDRESS_CHECKSUM_LEN = 6, ADDRESS_PREFIX_MAX = 3 };

#define ADDRESS_BECH32M 0x2bc830a3u

static const char address_charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static const char *address_prefix(baals_address_kind kind)
{
    switch (kind) {
    case BAALS_ADDRESS_CONTRACT:
        return "blc";
    case BAALS_ADDRESS_SYSTEM:
        return "bls";
    case BAALS_ADDRESS_ACCOUNT:
    case BAALS_ADDRESS_FORCE_INT:
        break;
    }
    return "bl";
}

static uint32_t address_polymod_step(uint32_t checksum, uint32_t value)
{
    static const uint32_t generator[5] = {0x3b6a57b2u, 0x26508e6du, 0x1ea119fau, 0x3d4233ddu,
                                          0x2a1462b3u};
    uint32_t top = checksum >> 25;
    checksum = ((checksum & 0x1ffffffu) << 5) ^ value;
    for (unsigned i = 0; i < 5; i++) {
        if ((top >> i) & 1)
            checksum ^= generator[i];
    }
    return checksum;
}

/* The checksum's state after the prefix: its high bits, a zero, its low bits. */
static uint32_t address_polymod_prefix(const char *prefix, size_t len)
{
    uint32_t checksum = 1;
    for (size_t i = 0; i < len; i++)
        checksum = address_polymod_step(checksum, (uint32_t)(uint8_t)prefix[i] >> 5);
    checksum = address_polymod_step(checksum, 0);
    for (size_t i = 0; i < len; i++)
        checksum = address_polymod_step(checksum, (uint32_t)(uint8_t)prefix[i] & 31);
    return checksum;
}

bool bl_address_is_system(const baals_address *address)
{
    return bl_bytes_all_zero(address->bytes, sizeof(address->bytes) - 1);
}

bool bl_address_is_sender(const baals_address *address)
{
    return !bl_address_is_system(address) && bl_ed25519_key_usable(address);
}

/* ---- text ---- */

void baals_address_format(char *text_out, baals_address_kind kind, const baals_address *address)
{
    /* The bytes alone say whether an address is the system's, so every text made here parses. */
    if (bl_address_is_system(address))
        kind = BAALS_ADDRESS_SYSTEM;
    else if (kind == BAALS_ADDRESS_SYSTEM)
        kind = BAALS_ADDRESS_ACCOUNT;

    const char *prefix = address_prefix(kind);
    size_t len = strlen(prefix);
    uint32_t checksum = address_polymod_prefix(prefix, len);
    memcpy(text_out, prefix, len);
    text_out[len++] = '1';

    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t next = 0;
    for (unsigned i = 0; i < ADDRESS_DATA_LEN; i++) {
        if (bit_count < 5) {
            /* The last group is filled up with zero bits. */
            bits = (bits << 8) | (next < sizeof(address->bytes) ? address->bytes[next] : 0u);
            next++;
            bit_count += 8;
        }
        bit_count -= 5;
        uint32_t value = (bits >> bit_count) & 31;
        checksum = address_polymod_step(checksum, value);
        text_out[len++] = address_charset[value];
    }
    for (unsigned i = 0; i < ADDRESS_CHECKSUM_LEN; i++)
        checksum = address_polymod_step(checksum, 0);
    checksum ^= ADDRESS_BECH32M;
    for (unsigned i = 0; i < ADDRESS_CHECKSUM_LEN; i++)
        text_out[len++] = address_charset[(checksum >> (25 - 5 * i)) & 31];
    text_out[len] = '\0';
    BL_ASSERT(len < BAALS_ADDRESS_TEXT_SIZE);
}

/* The kind of a prefix of `len` characters; false when it is none of ours. */
static bool address_find_prefix(baals_address_kind *kind_out, const char *prefix, size_t len)
{
    static const baals_address_kind kinds[] = {BAALS_ADDRESS_ACCOUNT, BAALS_ADDRESS_CONTRACT,
                                               BAALS_ADDRESS_SYSTEM};
    for (size_t i = 0; i < BL_COUNT_OF(kinds); i++) {
        const char *known = address_prefix(kinds[i]);
        if (strlen(known) == len && memcmp(known, prefix, len) == 0) {
            *kind_out = kinds[i];
            return true;
        }
    }
    return false;
}

/* The characters behind the "1" into groups of 5 bits, folded into *checksum. */
static baals_status address_read_groups(uint8_t groups[ADDRESS_DATA_LEN + ADDRESS_CHECKSUM_LEN],
                                        uint32_t *checksum,
                                        const char *data,
                                        baals_error *err)
{
    for (size_t i = 0; i < ADDRESS_DATA_LEN + ADDRESS_CHECKSUM_LEN; i++) {
        const char *found = strchr(address_charset, data[i]);
        if (found == NULL)
            return bl_fail(err, BAALS_MISUSE_ADDRESS,
                           "the address has a character that addresses do not use (byte 0x%02x)",
                           (unsigned)(uint8_t)data[i]);
        groups[i] = (uint8_t)(found - address_charset);
        *checksum = address_polymod_step(*checksum, groups[i]);
    }
    return BAALS_OK;
}

/* Packs 52 groups into 32 bytes; false when one of the 4 bits left over is set. */
static bool address_pack(baals_address *out, const uint8_t groups[ADDRESS_DATA_LEN])
{
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t len = 0;
    for (size_t i = 0; i < ADDRESS_DATA_LEN; i++) {
        bits = ((bits << 5) | groups[i]) & 0xfff;
        bit_count += 5;
        if (bit_count >= 8) {
            bit_count -= 8;
            out->bytes[len++] = (uint8_t)(bits >> bit_count);
        }
    }
    BL_ASSERT(len == sizeof(out->bytes) && bit_count == 4);
    return (bits & 0xf) == 0;
}

/* Prefix, length and case of a text; *data_out is what stands behind the "1". */
static baals_status address_check_shape(baals_address_kind *kind_out,
                                        const char **data_out,
                                        const char *text,
                                        baals_error *err)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if (text[i] >= 'A' && text[i] <= 'Z')
            return bl_fail(err, BAALS_MISUSE_ADDRESS,
                           "the address has the wrong case: all must be lower");
    }
    const char *separator = memchr(text, '1', len);
    if (separator == NULL || !address_find_prefix(kind_out, text, (size_t)(separator - text)))
        return bl_fail(err, BAALS_MISUSE_ADDRESS,
                       "the address has the wrong prefix: it must begin with bl1, blc1 or bls1");
    size_t data_len = len - (size_t)(separator + 1 - text);
    if (data_len != ADDRESS_DATA_LEN + ADDRESS_CHECKSUM_LEN)
        return bl_fail(err, BAALS_MISUSE_ADDRESS,
                       "the address has the wrong length: %zu characters behind the prefix, not %d",
                       data_len, ADDRESS_DATA_LEN + ADDRESS_CHECKSUM_LEN);
    *data_out = separator + 1;
    return BAALS_OK;
}

baals_status baals_address_parse(baals_address *address_out,
                                 baals_address_kind *kind_out,
                                 const char *text,
                                 baals_error *err)
{
    baals_address_kind kind = BAALS_ADDRESS_ACCOUNT;
    const char *data = NULL;
    uint8_t groups[ADDRESS_DATA_LEN + ADDRESS_CHECKSUM_LEN];
    baals_address address;

    if (address_out == NULL || kind_out == NULL || text == NULL)
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_address_parse is NULL");
    BL_TRY(address_check_shape(&kind, &data, text, err));

    const char *prefix = address_prefix(kind);
    uint32_t checksum = address_polymod_prefix(prefix, strlen(prefix));
    BL_TRY(address_read_groups(groups, &checksum, data, err));
    if (checksum != ADDRESS_BECH32M)
        return bl_fail(err, BAALS_MISUSE_ADDRESS,
                       "the address has the wrong checksum: a character was changed or swapped");
    if (!address_pack(&address, groups))
        return bl_fail(err, BAALS_MISUSE_ADDRESS, "the address has bits set behind its 32 bytes");
    if (bl_address_is_system(&address) != (kind == BAALS_ADDRESS_SYSTEM))
        return bl_fail(err, BAALS_MISUSE_ADDRESS,
                       "the address has the wrong prefix: bls1 and only bls1 names system "
                       "addresses");
    *address_out = address;
    *kind_out = kind;
    return BAALS_OK;
}

void baals_hash_format(char *text_out, const baals_hash *hash)
{
    bl_hex_encode(text_out, hash->bytes, sizeof(hash->bytes));
}

baals_status baals_hash_parse(baals_hash *hash_out, const char *text, baals_error *err)
{
    baals_hash hash;
    if (hash_out == NULL || text == NULL)
        return bl_fail(err, BAALS_MISUSE, "an argument of baals_hash_parse is NULL");
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if (text[i] >= 'A' && text[i] <= 'F')
            return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                           "the hash has the wrong case: all must be lower");
    }
    if (!bl_hex_decode(hash.bytes, sizeof(hash.bytes), text, len))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "a hash is 64 hexadecimal digits");
    *hash_out = hash;
    return BAALS_OK;
}

/* ---- contract ids ---- */

static void address_from_hash(baals_address *out, const char *tag, const struct bl_buffer *buffer)
{
    baals_hash hash;
    BL_ASSERT(!buffer->failed);
    bl_hash_tagged(&hash, tag, bl_buffer_slice(buffer));
    memcpy(out->bytes, hash.bytes, sizeof(out->bytes));
}

baals_status baals_contract_id_from_name(baals_address *id_out, baals_slice name, baals_error *err)
{
    uint8_t memory[1 + 2 + BL_NAME_BYTES_MAX];
    struct bl_buffer buffer = bl_types_fixed_buffer(memory, sizeof(memory));

    if (id_out == NULL || !bl_name_valid(name))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "a contract name is 1 to %u bytes of UTF-8 without control characters",
                       BL_NAME_BYTES_MAX);
    bl_cbor_write_array(&buffer, 1);
    bl_cbor_write_text(&buffer, name);
    address_from_hash(id_out, BL_TAG_CONTRACT_GENESIS, &buffer);
    return BAALS_OK;
}

void baals_contract_id_from_deploy(baals_address *id_out,
                                   const baals_address *deployer,
                                   uint64_t nonce)
{
    uint8_t memory[1 + 34 + 9];
    struct bl_buffer buffer = bl_types_fixed_buffer(memory, sizeof(memory));

    bl_cbor_write_array(&buffer, 2);
    bl_cbor_write_address(&buffer, deployer);
    bl_cbor_write_uint(&buffer, nonce);
    address_from_hash(id_out, BL_TAG_CONTRACT_TX, &buffer);
}

void baals_contract_id_from_contract(baals_address *id_out,
                                     const baals_address *deployer,
                                     const baals_hash *salt,
                                     const baals_hash *code_hash)
{
    uint8_t memory[1 + 3 * 34];
    struct bl_buffer buffer = bl_types_fixed_buffer(memory, sizeof(memory));

    bl_cbor_write_array(&buffer, 3);
    bl_cbor_write_address(&buffer, deployer);
    bl_cbor_write_hash(&buffer, salt);
    bl_cbor_write_hash(&buffer, code_hash);
    address_from_hash(id_out, BL_TAG_CONTRACT_CONTRACT, &buffer);
}
