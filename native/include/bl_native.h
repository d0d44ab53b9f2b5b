/* SPDX-License-Identifier: MIT */
#ifndef BL_NATIVE_H
#define BL_NATIVE_H
/*
 * The C side of native/crypto: hashes and Ed25519 from Rust crates. src/crypto/hash.c and
 * src/crypto/signature.c are its only users; everything else calls crypto/crypto.h.
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

#endif /* BL_NATIVE_H */
