/* SPDX-License-Identifier: MIT */
/*
 * Hashes. The functions themselves are Rust crates behind bl_native.h; what is ours is the domain
 * separation: a tag and a zero byte before the data, so that no hash of one purpose can pass for
 * another's (no tag contains a zero byte, so no tag's input begins like another's).
 */
#include "crypto/crypto.h"

#include <string.h>

#include "bl_native.h"

_Static_assert(sizeof(baals_hash) == BL_NATIVE_HASH_LEN, "a hash is 32 bytes without padding");
_Static_assert(BL_COUNT_OF(((struct bl_sha256 *)0)->opaque) == BL_NATIVE_SHA256_WORDS,
               "the opaque state is the native one");

void bl_sha256(baals_hash *out, baals_slice data)
{
    bl_native_sha256(out->bytes, data.data, data.len);
}

void bl_sha256_init(struct bl_sha256 *state)
{
    bl_native_sha256_init(state->opaque);
}

void bl_sha256_update(struct bl_sha256 *state, baals_slice data)
{
    bl_native_sha256_update(state->opaque, data.data, data.len);
}

void bl_sha256_final(baals_hash *out, struct bl_sha256 *state)
{
    bl_native_sha256_final(out->bytes, state->opaque);
}

void bl_sha256_many(baals_hash *out, const uint8_t *messages, size_t message_len, size_t count)
{
    if (count > 0)
        bl_native_sha256_many(out->bytes, messages, message_len, count);
}

void bl_keccak256(baals_hash *out, baals_slice data)
{
    bl_native_keccak256(out->bytes, data.data, data.len);
}

void bl_blake2b256(baals_hash *out, baals_slice data)
{
    bl_native_blake2b256(out->bytes, data.data, data.len);
}

void bl_blake3(baals_hash *out, baals_slice data)
{
    bl_native_blake3(out->bytes, data.data, data.len);
}

void bl_hash_tagged(baals_hash *out, const char *tag, baals_slice data)
{
    struct bl_sha256 state;
    bl_sha256_init(&state);
    /* The tag's terminating NUL is the separator. */
    bl_sha256_update(&state, bl_slice(tag, strlen(tag) + 1));
    bl_sha256_update(&state, data);
    bl_sha256_final(out, &state);
}
