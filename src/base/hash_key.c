/* SPDX-License-Identifier: MIT */
/*
 * Multilinear hashing: the sum of the bytes' words, each times a random number of its own, modulo
 * 2^64, of which the high half is strongly universal (Dietzfelbinger; Lemire and Kaser). The length
 * is one more word, so that zeros at the end count. The multiplications do not wait for one
 * another: a key of 32 bytes takes a few nanoseconds.
 */
#include "base/hash_key.h"

#include <string.h>

baals_status bl_hash_key_init(struct bl_hash_key *out, struct bl_env *env, baals_error *err)
{
    uint8_t bytes[sizeof out->words];
    BL_TRY(bl_env_random(env, bytes, sizeof bytes, err));
    for (size_t i = 0; i < BL_COUNT_OF(out->words); i++)
        out->words[i] = bl_load_u64le(bytes + 8 * i);
    return BAALS_OK;
}

/* Four bytes in the machine's order: the hash never leaves the process. */
static uint32_t hash_key_word(const uint8_t *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

uint32_t bl_hash_key_of(const struct bl_hash_key *key, baals_slice bytes)
{
    BL_ASSERT(bytes.len <= BL_HASH_KEY_BYTES_MAX);
    const uint64_t *factor = key->words + 2;
    uint64_t sum = key->words[0] + key->words[1] * bytes.len;
    size_t i = 0;
    for (; i + 4 <= bytes.len; i += 4)
        sum += *factor++ * hash_key_word(bytes.data + i);
    if (i < bytes.len) {
        uint8_t tail[4] = {0};
        memcpy(tail, bytes.data + i, bytes.len - i);
        sum += *factor * hash_key_word(tail);
    }
    return (uint32_t)(sum >> 32);
}
