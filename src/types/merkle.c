/* SPDX-License-Identifier: MIT */
/*
 * The Merkle trees of lists (RFC 6962) and maps (CometBFT's simple map), docs/spec/encoding.md. The
 * root is built leaf by leaf: full subtrees are merged as soon as two of one size stand side by
 * side, which happens as often as the leaf count has trailing zero bits, so only the path of the
 * last leaf is kept. Proofs walk the same shape top down. Both trees differ in their leaves only.
 */
#include <string.h>

#include "crypto/crypto.h"
#include "types/types.h"

static void merkle_leaf(baals_hash *out, baals_slice leaf)
{
    static const uint8_t prefix = 0x00;
    struct bl_sha256 state;
    bl_sha256_init(&state);
    bl_sha256_update(&state, bl_slice(&prefix, 1));
    bl_sha256_update(&state, leaf);
    bl_sha256_final(out, &state);
}

static void merkle_inner(baals_hash *out, const baals_hash *left, const baals_hash *right)
{
    uint8_t message[1 + 2 * sizeof(left->bytes)];
    message[0] = 0x01;
    memcpy(message + 1, left->bytes, sizeof(left->bytes));
    memcpy(message + 1 + sizeof(left->bytes), right->bytes, sizeof(right->bytes));
    bl_sha256(out, bl_slice(message, sizeof(message)));
}

/* The leaf of a map entry: the item is hashed in parts, so nothing is allocated. */
static void merkle_pair_leaf(baals_hash *out, const struct bl_merkle_pair *pair)
{
    uint8_t prefix[11] = {0x00};
    size_t prefix_len = 1;
    uint64_t key_len = pair->key.len;
    struct bl_sha256 state;
    baals_hash value_hash;

    while (key_len >= 0x80) {
        prefix[prefix_len++] = (uint8_t)(key_len | 0x80);
        key_len >>= 7;
    }
    prefix[prefix_len++] = (uint8_t)key_len;
    bl_sha256(&value_hash, pair->value);

    static const uint8_t value_len = sizeof(value_hash.bytes);
    bl_sha256_init(&state);
    bl_sha256_update(&state, bl_slice(prefix, prefix_len));
    bl_sha256_update(&state, pair->key);
    bl_sha256_update(&state, bl_slice(&value_len, 1));
    bl_sha256_update(&state, bl_slice(value_hash.bytes, sizeof(value_hash.bytes)));
    bl_sha256_final(out, &state);
}

/* ---- incremental root ---- */

void bl_merkle_init(struct bl_merkle *merkle)
{
    merkle->count = 0;
    merkle->root_count = 0;
}

static void merkle_add_hash(struct bl_merkle *merkle, const baals_hash *leaf_hash)
{
    baals_hash node = *leaf_hash;
    merkle->count++;
    for (uint64_t rest = merkle->count; rest % 2 == 0; rest /= 2) {
        merkle->root_count--;
        merkle_inner(&node, &merkle->roots[merkle->root_count], &node);
    }
    BL_ASSERT(merkle->root_count < BL_MERKLE_DEPTH_MAX);
    merkle->roots[merkle->root_count++] = node;
}

void bl_merkle_add(struct bl_merkle *merkle, baals_slice leaf)
{
    baals_hash leaf_hash;
    merkle_leaf(&leaf_hash, leaf);
    merkle_add_hash(merkle, &leaf_hash);
}

void bl_merkle_final(baals_hash *out, const struct bl_merkle *merkle)
{
    if (merkle->root_count == 0) {
        bl_sha256(out, bl_slice(NULL, 0));
        return;
    }
    baals_hash node = merkle->roots[merkle->root_count - 1];
    for (uint32_t i = merkle->root_count - 1; i > 0; i--)
        merkle_inner(&node, &merkle->roots[i - 1], &node);
    *out = node;
}

void bl_merkle_root(baals_hash *out, const baals_slice *leaves, size_t count)
{
    struct bl_merkle merkle;
    bl_merkle_init(&merkle);
    for (size_t i = 0; i < count; i++)
        bl_merkle_add(&merkle, leaves[i]);
    bl_merkle_final(out, &merkle);
}

static void merkle_check_order(const struct bl_merkle_pair *pairs, size_t count)
{
    for (size_t i = 1; i < count; i++)
        BL_ASSERT(bl_slice_compare(pairs[i - 1].key, pairs[i].key) < 0);
}

/* The root of pairs[begin, end). */
static void
merkle_pairs_root(baals_hash *out, const struct bl_merkle_pair *pairs, size_t begin, size_t end)
{
    struct bl_merkle merkle;
    baals_hash leaf_hash;
    bl_merkle_init(&merkle);
    for (size_t i = begin; i < end; i++) {
        merkle_pair_leaf(&leaf_hash, &pairs[i]);
        merkle_add_hash(&merkle, &leaf_hash);
    }
    bl_merkle_final(out, &merkle);
}

void bl_merkle_map_root(baals_hash *out, const struct bl_merkle_pair *pairs, size_t count)
{
    merkle_check_order(pairs, count);
    merkle_pairs_root(out, pairs, 0, count);
}

/* ---- proofs ---- */

/* The largest power of two below count, which is at least 2. */
static uint64_t merkle_split(uint64_t count)
{
    uint64_t split = 1;
    while (split < count - split)
        split *= 2;
    return split;
}

/* A step of the way from the root down to a leaf: the sibling's range, which side it is on. */
struct merkle_range {
    uint64_t begin;
    uint64_t end;
    bool left;
};

/* The siblings from the root down to leaf `index` of `count`; returns how many. */
static uint32_t
merkle_path(struct merkle_range ranges[BL_MERKLE_DEPTH_MAX], uint64_t count, uint64_t index)
{
    uint64_t begin = 0;
    uint64_t end = count;
    uint32_t depth = 0;

    while (end - begin > 1) {
        uint64_t middle = begin + merkle_split(end - begin);
        bool right = index >= middle;
        ranges[depth++] = right ? (struct merkle_range){begin, middle, true}
                                : (struct merkle_range){middle, end, false};
        if (right)
            begin = middle;
        else
            end = middle;
    }
    return depth;
}

static uint32_t merkle_prove_begin(struct bl_merkle_proof *proof_out,
                                   struct merkle_range ranges[BL_MERKLE_DEPTH_MAX],
                                   size_t count,
                                   size_t index)
{
    BL_ASSERT(index < count);
    memset(proof_out, 0, sizeof(*proof_out));
    proof_out->index = index;
    proof_out->count = count;
    proof_out->step_count = merkle_path(ranges, count, index);
    return proof_out->step_count;
}

void bl_merkle_prove(struct bl_merkle_proof *proof_out,
                     const baals_slice *leaves,
                     size_t count,
                     size_t index)
{
    struct merkle_range ranges[BL_MERKLE_DEPTH_MAX];
    uint32_t depth = merkle_prove_begin(proof_out, ranges, count, index);
    for (uint32_t i = 0; i < depth; i++) {
        const struct merkle_range *range = &ranges[depth - 1 - i];
        proof_out->steps[i].sibling_left = range->left;
        bl_merkle_root(&proof_out->steps[i].sibling, leaves + range->begin,
                       (size_t)(range->end - range->begin));
    }
}

void bl_merkle_map_prove(struct bl_merkle_proof *proof_out,
                         const struct bl_merkle_pair *pairs,
                         size_t count,
                         size_t index)
{
    struct merkle_range ranges[BL_MERKLE_DEPTH_MAX];
    merkle_check_order(pairs, count);
    uint32_t depth = merkle_prove_begin(proof_out, ranges, count, index);
    for (uint32_t i = 0; i < depth; i++) {
        const struct merkle_range *range = &ranges[depth - 1 - i];
        proof_out->steps[i].sibling_left = range->left;
        merkle_pairs_root(&proof_out->steps[i].sibling, pairs, (size_t)range->begin,
                          (size_t)range->end);
    }
}

static bool merkle_verify_hash(const baals_hash *root,
                               const baals_hash *leaf_hash,
                               const struct bl_merkle_proof *proof)
{
    struct merkle_range ranges[BL_MERKLE_DEPTH_MAX];
    baals_hash node = *leaf_hash;

    if (proof->index >= proof->count)
        return false;
    uint32_t depth = merkle_path(ranges, proof->count, proof->index);
    if (proof->step_count != depth)
        return false;
    for (uint32_t i = 0; i < depth; i++) {
        const struct bl_merkle_step *step = &proof->steps[i];
        if (step->sibling_left != ranges[depth - 1 - i].left)
            return false;
        if (step->sibling_left)
            merkle_inner(&node, &step->sibling, &node);
        else
            merkle_inner(&node, &node, &step->sibling);
    }
    return bl_hash_equal(&node, root);
}

bool bl_merkle_verify(const baals_hash *root, baals_slice leaf, const struct bl_merkle_proof *proof)
{
    baals_hash leaf_hash;
    merkle_leaf(&leaf_hash, leaf);
    return merkle_verify_hash(root, &leaf_hash, proof);
}

bool bl_merkle_map_verify(const baals_hash *root,
                          const struct bl_merkle_pair *pair,
                          const struct bl_merkle_proof *proof)
{
    baals_hash leaf_hash;
    merkle_pair_leaf(&leaf_hash, pair);
    return merkle_verify_hash(root, &leaf_hash, proof);
}
