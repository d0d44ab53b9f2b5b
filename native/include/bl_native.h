/* SPDX-License-Identifier: MIT */
#ifndef BL_NATIVE_H
#define BL_NATIVE_H
/*
 * The C side of native/crypto: hashes, Ed25519 and ECDSA from Rust crates. src/crypto/hash.c,
 * ecdsa.c and signature.c are its only users; everything else calls crypto/crypto.h.
 *
 * Pointers with a length may be NULL when the length is 0; arrays of a fixed size may not. Inputs
 * and outputs do not overlap. No function keeps state or a pointer, and none unwinds: a panic or
 * missing memory ends the process, for a verdict must not depend on it. All are thread-safe.
 */
#include <stddef.h>
#include <stdint.h>

#define BL_NATIVE_HASH_LEN 32
#define BL_NATIVE_SEED_LEN 32
#define BL_NATIVE_KEY_LEN 32
#define BL_NATIVE_SIGNATURE_LEN 64
#define BL_NATIVE_SHA256_WORDS 16
#define BL_NATIVE_SIGNING_WORDS 36

/* ---- hashes ---- */

void bl_native_sha256(uint8_t out[BL_NATIVE_HASH_LEN], const uint8_t *data, size_t len);
void bl_native_keccak256(uint8_t out[BL_NATIVE_HASH_LEN], const uint8_t *data, size_t len);
void bl_native_blake2b256(uint8_t out[BL_NATIVE_HASH_LEN], const uint8_t *data, size_t len);
void bl_native_blake3(uint8_t out[BL_NATIVE_HASH_LEN], const uint8_t *data, size_t len);

/* `messages` holds count * message_len bytes, `out` count * BL_NATIVE_HASH_LEN. */
void bl_native_sha256_many(uint8_t *out, const uint8_t *messages, size_t message_len, size_t count);

/* Incremental SHA-256: init, update..., final once. The state is plain memory: a copy forks it, and
 * it may be dropped at any time. */
void bl_native_sha256_init(uint64_t state[BL_NATIVE_SHA256_WORDS]);
void bl_native_sha256_update(uint64_t state[BL_NATIVE_SHA256_WORDS],
                             const uint8_t *data,
                             size_t len);
void bl_native_sha256_final(uint8_t out[BL_NATIVE_HASH_LEN],
                            uint64_t state[BL_NATIVE_SHA256_WORDS]);

/* ---- Ed25519 over prefix || message ---- */

void bl_native_ed25519_public(uint8_t public_key[BL_NATIVE_KEY_LEN],
                              const uint8_t seed[BL_NATIVE_SEED_LEN]);
void bl_native_ed25519_sign(uint8_t signature[BL_NATIVE_SIGNATURE_LEN],
                            const uint8_t seed[BL_NATIVE_SEED_LEN],
                            const uint8_t *prefix,
                            size_t prefix_len,
                            const uint8_t *message,
                            size_t message_len);

/* A secret key that is ready to sign, in plain memory without gaps: it may be copied, compared and
 * overwritten. Deriving it costs as much as a signature with it. */
void bl_native_ed25519_expand(uint64_t key[BL_NATIVE_SIGNING_WORDS],
                              const uint8_t seed[BL_NATIVE_SEED_LEN]);
void bl_native_ed25519_expanded_public(uint8_t public_key[BL_NATIVE_KEY_LEN],
                                       const uint64_t key[BL_NATIVE_SIGNING_WORDS]);
void bl_native_ed25519_expanded_sign(uint8_t signature[BL_NATIVE_SIGNATURE_LEN],
                                     const uint64_t key[BL_NATIVE_SIGNING_WORDS],
                                     const uint8_t *prefix,
                                     size_t prefix_len,
                                     const uint8_t *message,
                                     size_t message_len);

/* 1 when valid under ZIP-215, else 0. */
int32_t bl_native_ed25519_verify(const uint8_t public_key[BL_NATIVE_KEY_LEN],
                                 const uint8_t signature[BL_NATIVE_SIGNATURE_LEN],
                                 const uint8_t *prefix,
                                 size_t prefix_len,
                                 const uint8_t *message,
                                 size_t message_len);

struct bl_native_signed {
    const uint8_t *public_key; /* BL_NATIVE_KEY_LEN bytes */
    const uint8_t *signature;  /* BL_NATIVE_SIGNATURE_LEN bytes */
    const uint8_t *message;
    size_t message_len;
};
/* 1 when every one of the `count` signatures is valid under ZIP-215, else 0. Memory grows with
 * count: about 2 KiB each. */
int32_t bl_native_ed25519_verify_all(const struct bl_native_signed *items,
                                     size_t count,
                                     const uint8_t *prefix,
                                     size_t prefix_len);
/* 1 for the canonical encoding of a point that is not of small order, else 0. */
int32_t bl_native_ed25519_key_usable(const uint8_t public_key[BL_NATIVE_KEY_LEN]);

/* ---- ECDSA over digests (docs/spec/signature.md 8) ---- */

#define BL_NATIVE_SECP256K1 1
#define BL_NATIVE_P256 2
/* 1 when the signature r || s of the digest is valid, else 0; the key is a SEC1 encoding of 33 or
 * 65 bytes. An unknown curve is 0. */
int32_t bl_native_ecdsa_verify(int32_t curve,
                               const uint8_t *public_key,
                               size_t public_key_len,
                               const uint8_t signature[BL_NATIVE_SIGNATURE_LEN],
                               const uint8_t digest[BL_NATIVE_HASH_LEN]);
/* 1 with the 65 bytes of the key on secp256k1 that made the signature, else 0, `out` untouched. */
int32_t bl_native_secp256k1_recover(uint8_t out[65],
                                    const uint8_t signature[BL_NATIVE_SIGNATURE_LEN],
                                    const uint8_t digest[BL_NATIVE_HASH_LEN],
                                    uint32_t recovery);

#endif /* BL_NATIVE_H */
