/* SPDX-License-Identifier: MIT */
/*
 * ECDSA over digests on secp256k1 and P-256, for contracts (docs/spec/signature.md 8). Whatever the
 * input, the answer is a verdict.
 */
#include "crypto/crypto.h"

#include "bl_native.h"

bool bl_ecdsa_verify(enum bl_ecdsa_curve curve,
                     baals_slice public_key,
                     const uint8_t signature[64],
                     const uint8_t digest[32])
{
    return bl_native_ecdsa_verify((int32_t)curve, public_key.data, public_key.len, signature,
                                  digest) == 1;
}

bool bl_secp256k1_recover(uint8_t public_key_out[65],
                          const uint8_t signature[64],
                          const uint8_t digest[32],
                          uint32_t recovery)
{
    return bl_native_secp256k1_recover(public_key_out, signature, digest, recovery) == 1;
}
