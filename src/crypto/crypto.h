/* SPDX-License-Identifier: MIT */
#ifndef BL_CRYPTO_CRYPTO_H
#define BL_CRYPTO_CRYPTO_H
/*
 * Hashes, Ed25519 under ZIP-215 and domain separation: thin C over native/ (docs/spec/signature.md,
 * docs/spec/encoding.md). Nothing here keeps state, and results do not depend on the CPU. Hashes do
 * not allocate. Signatures join tag and message in memory of the C library that is freed before
 * they return; when there is none the process ends, for a verdict must not depend on memory.
 * Everything is thread-safe.
 */
#include "baals/tx.h"
#include "base/base.h"
#include "base/workers.h"

/* ---- hashes ---- */

void bl_sha256(baals_hash *out, baals_slice data);

/* Incremental SHA-256, by value: no memory to free. */
struct bl_sha256 {
    uint64_t opaque[16];
};
void bl_sha256_init(struct bl_sha256 *state);
void bl_sha256_update(struct bl_sha256 *state, baals_slice data);
void bl_sha256_final(baals_hash *out, struct bl_sha256 *state);

/* count independent SHA-256 of messages of the same length (the state tree's inner nodes). */
void bl_sha256_many(baals_hash *out, const uint8_t *messages, size_t message_len, size_t count);

void bl_keccak256(baals_hash *out, baals_slice data);
void bl_blake2b256(baals_hash *out, baals_slice data);
void bl_blake3(baals_hash *out, baals_slice data);

/* Tags: every protocol hash names its purpose. docs/spec/encoding.md has the one table. */
#define BL_TAG_TX "baals:tx:1"
#define BL_TAG_TXID "baals:txid:1"
#define BL_TAG_BLOCK "baals:block:1"
#define BL_TAG_SEAL "baals:seal:1"
#define BL_TAG_GENESIS "baals:genesis:1"
#define BL_TAG_SYSOP "baals:sysop:1"
#define BL_TAG_CONTRACT_GENESIS "baals:contract:0"
#define BL_TAG_CONTRACT_TX "baals:contract:1"
#define BL_TAG_CONTRACT_CONTRACT "baals:contract:2"
#define BL_TAG_RANDOM "baals:random:1"

/* H(tag, data) = SHA-256(tag || 0x00 || data). */
void bl_hash_tagged(baals_hash *out, const char *tag, baals_slice data);

/* ---- signatures ---- */

/* Makes a key ready to sign: with everything that is derived from the seed, whoever signs often
 * saves half of each signature. It is as secret as the seed. */
void bl_signing_key_init(baals_signing_key *key, const uint8_t seed[32]);
/* Overwrites it. What is left is no key. */
void bl_signing_key_deinit(baals_signing_key *key);
/* The same signature as bl_ed25519_sign. False, and no signature, when the key is not what
 * bl_signing_key_init made: one signature with a secret and a public part that do not belong
 * together would give the secret away. */
__attribute__((warn_unused_result)) bool bl_signing_key_sign(baals_signature *out,
                                                             const baals_signing_key *key,
                                                             const char *tag,
                                                             baals_slice message);

/* Fills in the public key of a seed (RFC 8032). */
void bl_ed25519_public(baals_address *out, const uint8_t seed[32]);
/* Signs tag || 0x00 || message (RFC 8032, deterministic). */
void bl_ed25519_sign(baals_signature *out,
                     const uint8_t seed[32],
                     const char *tag,
                     baals_slice message);
/* ZIP-215 verdict for the message as it is. */
bool bl_ed25519_verify_raw(const uint8_t public_key[32],
                           const uint8_t signature[64],
                           baals_slice message);
/* ZIP-215 verdict for tag || 0x00 || message. */
bool bl_ed25519_verify(const baals_address *public_key,
                       const baals_signature *signature,
                       const char *tag,
                       baals_slice message);

/* One signature of a batch; message is tag || 0x00 || body, given as its two parts. */
struct bl_signed {
    const baals_address *public_key;
    const baals_signature *signature;
    baals_slice message;
};
/* Verifies count signatures, all under one tag, and fills verdicts[i] with 0 or 1: exactly what
 * bl_ed25519_verify says of each (a failing batch is bisected). count may be 0. Without a tag
 * (NULL) the messages are taken as they are, as bl_ed25519_verify_raw does. */
void bl_ed25519_verify_batch(uint8_t *verdicts,
                             const struct bl_signed *items,
                             size_t count,
                             const char *tag);

/* The same, shared out to a pool of threads (NULL: the caller alone). */
void bl_ed25519_verify_shared(struct bl_workers *workers,
                              uint8_t *verdicts,
                              const struct bl_signed *items,
                              size_t count,
                              const char *tag);

/* Signatures per equation at most: beyond this the gain per signature is small. */
#define BL_SIGNATURE_BATCH_MAX 1024u
/* How many of `count` signatures one thread of `threads` should take at a time: few enough that all
 * threads have some, as many as that allows otherwise, since large batches cost less. */
size_t bl_ed25519_share(size_t count, uint32_t threads);

/* True for a canonical encoding of a point that is not of small order: the keys that may send
 * transactions, be authorities or stand in a genesis (docs/spec/signature.md). */
bool bl_ed25519_key_usable(const baals_address *public_key);
/* The part of that rule which the bytes alone decide: y below p and not that of a point of small
 * order. A key is usable exactly when this holds and it decodes to a point; and a key under which
 * a signature verifies does decode. So whoever verifies a signature anyway needs no more. */
bool bl_ed25519_key_form(const baals_address *public_key);

/* ---- ECDSA over digests, for contracts (docs/spec/signature.md 8) ---- */

enum bl_ecdsa_curve {
    BL_ECDSA_SECP256K1 = 1, /* low s only */
    BL_ECDSA_P256 = 2       /* either s */
};
/* The key is a SEC1 encoding of 33 or 65 bytes, the signature r || s, big-endian. Malformed input
 * is false. */
bool bl_ecdsa_verify(enum bl_ecdsa_curve curve,
                     baals_slice public_key,
                     const uint8_t signature[64],
                     const uint8_t digest[32]);
/* The uncompressed key that made a signature on secp256k1. False: there is none, and the output is
 * untouched. */
bool bl_secp256k1_recover(uint8_t public_key_out[65],
                          const uint8_t signature[64],
                          const uint8_t digest[32],
                          uint32_t recovery);

/* Runs a dozen fixed edge cases; INTERNAL when this build does not give the frozen verdicts. */
baals_status bl_crypto_selftest(baals_error *err);
/* The same unless it passed in this process already: what it tests is the code that was linked.
 * Called when a chain is opened. */
baals_status bl_crypto_selftest_once(baals_error *err);

/* Overwrites a secret so that the compiler cannot leave it out. */
void bl_wipe(void *data, size_t len);

#endif /* BL_CRYPTO_CRYPTO_H */
