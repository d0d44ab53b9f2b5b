/* SPDX-License-Identifier: MIT */
#ifndef BL_BASE_HASH_KEY_H
#define BL_BASE_HASH_KEY_H
/*
 * A keyed hash for tables in memory. Keys of the state are chosen by whoever sends transactions;
 * with a random key of the process nobody can choose them so that they meet in one place of a
 * table. The hash is no part of any format, and no order may follow from it.
 *
 * Threads: a key is constant once made.
 */
#include "base/env.h"

/* The longest bytes that can be hashed. */
#define BL_HASH_KEY_BYTES_MAX 512u

struct bl_hash_key {
    uint64_t words[2u + BL_HASH_KEY_BYTES_MAX / 4u];
};

/* Draws a key from the env's randomness. IO. */
baals_status bl_hash_key_init(struct bl_hash_key *out, struct bl_env *env, baals_error *err);
/* Of at most BL_HASH_KEY_BYTES_MAX bytes. The high bits are as good as the low ones: two keys that
 * differ have the same n high bits with a probability of 2^-n. */
uint32_t bl_hash_key_of(const struct bl_hash_key *key, baals_slice bytes);

#endif /* BL_BASE_HASH_KEY_H */
