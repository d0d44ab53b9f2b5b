/* SPDX-License-Identifier: MIT */
/*
 * The self-test of a build: signatures at the edges of ZIP-215, some of docs/spec/vectors/
 * signature.json, and one hash. Libraries differ in exactly these verdicts, so a build that was
 * linked with another one stops here instead of forking from the others.
 */
#include "crypto/crypto.h"

#include <stdatomic.h>
#include <string.h>

struct selftest_case {
    const char *what;
    const char *public_key;
    const char *signature;
    const char *message;
    bool valid;
};

static const struct selftest_case selftest_cases[] = {
    {"an RFC 8032 signature", "59c66f73d554a0d4580ec711955913195faa2008a083702dc7779ea1cde816fa",
     "db153a0d3efcddcbe3e4c482cfd1085f288424e658b77794aac910951194a9d9"
     "bc224d3f44fbcc67b3be4411eff2cc9396d384e06b3aa4120937ca1f6888de05",
     "baals", true},
    {"another message", "59c66f73d554a0d4580ec711955913195faa2008a083702dc7779ea1cde816fa",
     "db153a0d3efcddcbe3e4c482cfd1085f288424e658b77794aac910951194a9d9"
     "bc224d3f44fbcc67b3be4411eff2cc9396d384e06b3aa4120937ca1f6888de05",
     "Baals", false},
    {"S + L", "59c66f73d554a0d4580ec711955913195faa2008a083702dc7779ea1cde816fa",
     "db153a0d3efcddcbe3e4c482cfd1085f288424e658b77794aac910951194a9d9"
     "a9f6429c5e5edfbf895b3cb4cdecaba896d384e06b3aa4120937ca1f6888de15",
     "baals", false},
    {"S = L where 0 would be valid",
     "0000000000000000000000000000000000000000000000000000000000000000",
     "0100000000000000000000000000000000000000000000000000000000000000"
     "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010",
     "baals", false},
    {"R is not a point", "59c66f73d554a0d4580ec711955913195faa2008a083702dc7779ea1cde816fa",
     "0200000000000000000000000000000000000000000000000000000000000000"
     "bc224d3f44fbcc67b3be4411eff2cc9396d384e06b3aa4120937ca1f6888de05",
     "baals", false},
    {"A is not a point", "0200000000000000000000000000000000000000000000000000000000000000",
     "db153a0d3efcddcbe3e4c482cfd1085f288424e658b77794aac910951194a9d9"
     "bc224d3f44fbcc67b3be4411eff2cc9396d384e06b3aa4120937ca1f6888de05",
     "baals", false},
    {"the zero key signs anything",
     "0000000000000000000000000000000000000000000000000000000000000000",
     "0100000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "baals", true},
    {"A with a torsion part", "d24eddadd8c94dee7486e92e8e1c4dd04cae5e53c99be48cc2565e60b34ac679",
     "db153a0d3efcddcbe3e4c482cfd1085f288424e658b77794aac910951194a9d9"
     "5f7b2e1f41f9f5160381c4f6731abe85520f1781a9ee29050e2405cfb3814a0d",
     "baals", true},
    {"R with a torsion part", "59c66f73d554a0d4580ec711955913195faa2008a083702dc7779ea1cde816fa",
     "2017a42ec49043c42d6965c38446661026224b194eda7874c11189d7e04030fe"
     "7ad3c0fdd80cccb8cda2e25041ff4c97a8a04b7575779d193fcfdc19305ebe03",
     "baals", true},
    {"R: -0, sign bit set at y = 1",
     "59c66f73d554a0d4580ec711955913195faa2008a083702dc7779ea1cde816fa",
     "0100000000000000000000000000000000000000000000000000000000000080"
     "5c7cae85b8e4f2b6cbdf6c46be4c5635e3d7e844fbec8078beb3dfd18628a503",
     "baals", true},
    {"R: y = p + 1", "59c66f73d554a0d4580ec711955913195faa2008a083702dc7779ea1cde816fa",
     "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
     "1965899d465fb09fdcf441da7b4eb377ffbece97ddd45518b39131af30cd6e0e",
     "baals", true},
    {"R: y = p + 1, hashed as y = 1",
     "59c66f73d554a0d4580ec711955913195faa2008a083702dc7779ea1cde816fa",
     "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
     "7820b3c5613805778bae1ba11bff532b8fcf7242e849152b5801a3e1b34e1f0f",
     "baals", false},
    {"A: y = p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
     "0100000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000000000000000000000000000000000",
     "baals", true},
};

#define SELFTEST_COUNT BL_COUNT_OF(selftest_cases)

struct selftest_signature {
    baals_address public_key;
    baals_signature signature;
};

static baals_status selftest_hash(baals_error *err)
{
    static const char expected_hex[] =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    baals_hash expected;
    BL_ASSERT(bl_hex_decode(expected.bytes, sizeof(expected.bytes), expected_hex,
                            sizeof(expected_hex) - 1));
    baals_hash actual;
    bl_sha256(&actual, bl_slice_str("abc"));
    if (!bl_hash_equal(&actual, &expected))
        return bl_fail(err, BAALS_INTERNAL, "self-test: SHA-256 gives a wrong hash");
    return BAALS_OK;
}

static void selftest_decode(struct selftest_signature *out, const struct selftest_case *from)
{
    BL_ASSERT(bl_hex_decode(out->public_key.bytes, sizeof(out->public_key.bytes), from->public_key,
                            strlen(from->public_key)));
    BL_ASSERT(bl_hex_decode(out->signature.bytes, sizeof(out->signature.bytes), from->signature,
                            strlen(from->signature)));
}

baals_status bl_crypto_selftest(baals_error *err)
{
    BL_TRY(selftest_hash(err));
    for (size_t i = 0; i < SELFTEST_COUNT; i++) {
        const struct selftest_case *expected = &selftest_cases[i];
        struct selftest_signature decoded;
        selftest_decode(&decoded, expected);
        bool valid = bl_ed25519_verify_raw(decoded.public_key.bytes, decoded.signature.bytes,
                                           bl_slice_str(expected->message));
        if (valid != expected->valid)
            return bl_fail(err, BAALS_INTERNAL, "self-test: the signature \"%s\" is judged %s",
                           expected->what, valid ? "valid" : "invalid");
    }
    return BAALS_OK;
}

baals_status bl_crypto_selftest_once(baals_error *err)
{
    /* Of the code, not of a chain: no chain can tell whether another one tested it. */
    static atomic_bool passed;
    if (atomic_load(&passed))
        return BAALS_OK;
    BL_TRY(bl_crypto_selftest(err));
    atomic_store(&passed, true);
    return BAALS_OK;
}
