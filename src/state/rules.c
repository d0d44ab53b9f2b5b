/* SPDX-License-Identifier: MIT */
/*
 * The hashing rules of the state (docs/spec/state.md): Jellyfish Merkle leaves and inner nodes, the
 * items of the map of `meta`, and the map of stores. Prover, tree and recomputation share this
 * file; the verifier (proof_verify.c) has its own.
 */
#include "state/state_internal.h"

#include <string.h>

#include "crypto/crypto.h"

_Static_assert(sizeof(BL_LEAF_PREFIX) - 1 == BL_LEAF_PREFIX_LEN, "leaf prefix");
_Static_assert(sizeof(BL_INNER_PREFIX) - 1 == BL_INNER_PREFIX_LEN, "inner prefix");

/* Without their NUL. */
static const uint8_t rules_leaf_prefix[BL_LEAF_PREFIX_LEN] = BL_LEAF_PREFIX;
static const uint8_t rules_inner_prefix[BL_INNER_PREFIX_LEN] = BL_INNER_PREFIX;

/* "SPARSE_MERKLE_PLACEHOLDER_HASH__" */
const baals_hash bl_rules_empty = {{'S', 'P', 'A', 'R', 'S', 'E', '_', 'M', 'E', 'R', 'K',
                                    'L', 'E', '_', 'P', 'L', 'A', 'C', 'E', 'H', 'O', 'L',
                                    'D', 'E', 'R', '_', 'H', 'A', 'S', 'H', '_', '_'}};

const baals_space bl_rules_stores_by_name[BL_STATE_STORES] = {
    BAALS_SPACE_ACCOUNTS, BAALS_SPACE_CODE, BAALS_SPACE_META, BAALS_SPACE_STORAGE};

const char *bl_state_store_name(baals_space store)
{
    static const char *const names[BL_STATE_STORES] = {
        [BAALS_SPACE_ACCOUNTS] = "accounts",
        [BAALS_SPACE_CODE] = "code",
        [BAALS_SPACE_STORAGE] = "storage",
        [BAALS_SPACE_META] = "meta",
    };
    BL_ASSERT((unsigned)store < BL_STATE_STORES);
    return names[store];
}

void bl_rules_key_hash(baals_hash *out, baals_slice key)
{
    bl_sha256(out, key);
}

void bl_rules_value_hash(baals_hash *out, baals_slice record)
{
    static const uint8_t present = 1;
    uint8_t message[256];
    if (record.len < sizeof message) {
        message[0] = present;
        if (record.len > 0)
            memcpy(message + 1, record.data, record.len);
        bl_sha256(out, bl_slice(message, record.len + 1));
        return;
    }
    struct bl_sha256 state;
    bl_sha256_init(&state);
    bl_sha256_update(&state, bl_slice(&present, 1));
    bl_sha256_update(&state, record);
    bl_sha256_final(out, &state);
}

void bl_rules_leaf(baals_hash *out, const baals_hash *key_hash, const baals_hash *value_hash)
{
    uint8_t message[BL_LEAF_MESSAGE_LEN];
    memcpy(message, rules_leaf_prefix, sizeof rules_leaf_prefix);
    memcpy(message + BL_LEAF_PREFIX_LEN, key_hash->bytes, 32);
    memcpy(message + BL_LEAF_PREFIX_LEN + 32, value_hash->bytes, 32);
    bl_sha256(out, bl_slice(message, sizeof message));
}

void bl_rules_inner(baals_hash *out, const baals_hash *left, const baals_hash *right)
{
    uint8_t message[BL_INNER_MESSAGE_LEN];
    memcpy(message, rules_inner_prefix, sizeof rules_inner_prefix);
    memcpy(message + BL_INNER_PREFIX_LEN, left->bytes, 32);
    memcpy(message + BL_INNER_PREFIX_LEN + 32, right->bytes, 32);
    bl_sha256(out, bl_slice(message, sizeof message));
}

/* ---- simple-Merkle maps ---- */

baals_slice bl_rules_map_item(uint8_t out[BL_MAP_ITEM_MAX], baals_slice key, baals_slice record)
{
    size_t len = 0;
    /* A length below 2^14 takes at most two bytes of LEB128. */
    _Static_assert(BL_KV_KEY_MAX < 1u << 14, "key length in two bytes");
    BL_ASSERT(key.len <= BL_KV_KEY_MAX);
    if (key.len < 0x80) {
        out[len++] = (uint8_t)key.len;
    } else {
        out[len++] = (uint8_t)(0x80 | (key.len & 0x7f));
        out[len++] = (uint8_t)(key.len >> 7);
    }
    if (key.len > 0)
        memcpy(out + len, key.data, key.len);
    len += key.len;
    out[len++] = 32;
    baals_hash value_hash;
    bl_rules_value_hash(&value_hash, record);
    memcpy(out + len, value_hash.bytes, 32);
    return bl_slice(out, len + 32);
}

void bl_rules_store_pairs(struct bl_merkle_pair out[BL_STATE_STORES],
                          const baals_hash stores[BL_STATE_STORES])
{
    for (size_t i = 0; i < BL_STATE_STORES; i++) {
        baals_space store = bl_rules_stores_by_name[i];
        out[i].key = bl_slice_str(bl_state_store_name(store));
        out[i].value = bl_slice(stores[store].bytes, 32);
    }
}

void bl_rules_state_root(struct bl_state_roots *roots)
{
    struct bl_merkle_pair pairs[BL_STATE_STORES];
    bl_rules_store_pairs(pairs, roots->stores);
    bl_merkle_map_root(&roots->root, pairs, BL_STATE_STORES);
}
