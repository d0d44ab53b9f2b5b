/* SPDX-License-Identifier: MIT */
/*
 * Nodes of the state tree as they are kept: four binary levels of the Jellyfish Merkle tree in one
 * record of radix 16, found by its path (docs/internals/state_tree.md). A slot is empty, a lone
 * leaf or the root of a deeper node. No record is believed before its hashes gave the root its
 * parent names.
 */
#include "state/state_internal.h"

#include <string.h>

#include "crypto/crypto.h"

unsigned bl_node_nibble(const baals_hash *path, unsigned depth)
{
    BL_ASSERT(depth < BL_NIBBLES_MAX);
    uint8_t byte = path->bytes[depth / 2];
    return depth % 2 == 0 ? byte >> 4 : byte & 0x0fu;
}

baals_slice
bl_node_key(uint8_t out[BL_NODE_KEY_MAX], baals_space store, unsigned depth, const baals_hash *path)
{
    BL_ASSERT(depth <= BL_NIBBLES_MAX);
    size_t len = (depth + 1) / 2;
    out[0] = (uint8_t)store;
    out[1] = (uint8_t)depth;
    memcpy(out + 2, path->bytes, len);
    if (depth % 2 == 1)
        out[1 + len] &= 0xf0;
    return bl_slice(out, 2 + len);
}

static uint32_t node_hash_slots(struct bl_node *node, uint32_t dirty)
{
    uint8_t messages[16 * BL_LEAF_MESSAGE_LEN];
    uint8_t leaves[16];
    size_t count = 0;
    for (unsigned i = 0; i < 16; i++) {
        const struct bl_slot *slot = &node->slots[i];
        if ((dirty & 1u << i) == 0)
            continue;
        if (slot->kind == BL_SLOT_LEAF) {
            uint8_t *message = messages + count * BL_LEAF_MESSAGE_LEN;
            memcpy(message, BL_LEAF_PREFIX, BL_LEAF_PREFIX_LEN);
            memcpy(message + BL_LEAF_PREFIX_LEN, slot->hash.bytes, 32);
            memcpy(message + BL_LEAF_PREFIX_LEN + 32, slot->value_hash.bytes, 32);
            leaves[count++] = (uint8_t)i;
            node->weights[16 + i] = 1;
        } else {
            bool inner = slot->kind == BL_SLOT_INNER;
            node->hashes[16 + i] = inner ? slot->hash : bl_rules_empty;
            node->weights[16 + i] = inner ? 2 : 0;
        }
    }
    baals_hash results[16];
    if (count > 0)
        bl_sha256_many(results, messages, BL_LEAF_MESSAGE_LEN, count);
    for (size_t i = 0; i < count; i++)
        node->hashes[16 + leaves[i]] = results[i];
    return dirty << 16;
}

/* One level, the positions first to 2*first - 1. Returns the dirty positions of all levels. */
static uint32_t node_hash_level(struct bl_node *node, unsigned first, uint32_t dirty)
{
    uint8_t messages[8 * BL_INNER_MESSAGE_LEN];
    uint8_t places[8];
    size_t count = 0;
    for (unsigned i = first; i < 2 * first; i++) {
        if ((dirty & 3u << 2 * i) == 0)
            continue;
        dirty |= 1u << i;
        unsigned weight = node->weights[2 * i] + node->weights[2 * i + 1];
        node->weights[i] = (uint8_t)(weight < 2 ? weight : 2);
        if (weight < 2) {
            /* A lone leaf moves up; nothing stays EMPTY. */
            node->hashes[i] = node->hashes[node->weights[2 * i] == 1 ? 2 * i : 2 * i + 1];
            continue;
        }
        uint8_t *message = messages + count * BL_INNER_MESSAGE_LEN;
        memcpy(message, BL_INNER_PREFIX, BL_INNER_PREFIX_LEN);
        memcpy(message + BL_INNER_PREFIX_LEN, node->hashes[2 * i].bytes, 32);
        memcpy(message + BL_INNER_PREFIX_LEN + 32, node->hashes[2 * i + 1].bytes, 32);
        places[count++] = (uint8_t)i;
    }
    baals_hash results[8];
    if (count > 0)
        bl_sha256_many(results, messages, BL_INNER_MESSAGE_LEN, count);
    for (size_t i = 0; i < count; i++)
        node->hashes[places[i]] = results[i];
    return dirty;
}

void bl_node_hash(struct bl_node *node, uint32_t dirty)
{
    uint32_t positions = node_hash_slots(node, dirty & 0xffffu);
    for (unsigned first = 8; first >= 1; first /= 2)
        positions = node_hash_level(node, first, positions);
}

size_t bl_node_encode(uint8_t out[BL_NODE_BYTES_MAX], const struct bl_node *node)
{
    BL_ASSERT(node->weights[1] == 2);
    uint16_t present = 0;
    uint16_t leaf = 0;
    size_t len = 4;
    for (unsigned i = 0; i < 16; i++) {
        const struct bl_slot *slot = &node->slots[i];
        if (slot->kind == BL_SLOT_EMPTY)
            continue;
        present = (uint16_t)(present | 1u << i);
        memcpy(out + len, slot->hash.bytes, 32);
        len += 32;
        if (slot->kind == BL_SLOT_LEAF) {
            leaf = (uint16_t)(leaf | 1u << i);
            memcpy(out + len, slot->value_hash.bytes, 32);
            len += 32;
        }
    }
    bl_store_u16be(out, present);
    bl_store_u16be(out + 2, leaf);
    return len;
}

baals_status bl_node_decode(struct bl_node *out, baals_slice bytes, baals_error *err)
{
    if (bytes.len < 4)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a state tree node of %zu bytes", bytes.len);
    unsigned present = bl_load_u16be(bytes.data);
    unsigned leaf = bl_load_u16be(bytes.data + 2);
    size_t want = 4;
    for (unsigned i = 0; i < 16; i++)
        want += 32u * ((present >> i & 1u) + (leaf >> i & 1u));
    if ((leaf & ~present) != 0 || bytes.len != want)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a state tree node's slots do not fit its size");
    const uint8_t *in = bytes.data + 4;
    memset(out->slots, 0, sizeof out->slots);
    for (unsigned i = 0; i < 16; i++) {
        struct bl_slot *slot = &out->slots[i];
        if ((present & 1u << i) == 0)
            continue;
        slot->kind = (leaf & 1u << i) != 0 ? BL_SLOT_LEAF : BL_SLOT_INNER;
        memcpy(slot->hash.bytes, in, 32);
        in += 32;
        if (slot->kind == BL_SLOT_LEAF) {
            memcpy(slot->value_hash.bytes, in, 32);
            in += 32;
        }
    }
    bl_node_hash(out, 0xffffu);
    if (out->weights[1] < 2)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a state tree node with fewer than two leaves");
    return BAALS_OK;
}

baals_status bl_node_load(struct bl_node *out,
                          struct bl_view *view,
                          baals_space store,
                          unsigned depth,
                          const baals_hash *path,
                          const baals_hash *expected,
                          baals_error *err)
{
    if (depth >= BL_NIBBLES_MAX)
        return bl_fail(err, BAALS_CORRUPT_STATE, "the state tree is deeper than a key hash");
    uint8_t key[BL_NODE_KEY_MAX];
    baals_slice bytes;
    baals_status status =
        bl_view_get(view, &bytes, BAALS_SPACE_NODES, bl_node_key(key, store, depth, path), err);
    if (status == BAALS_NOTFOUND)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a node of the store %s is missing at depth %u",
                       bl_state_store_name(store), depth);
    BL_TRY(status);
    BL_TRY(bl_node_decode(out, bytes, err));
    if (!bl_hash_equal(&out->hashes[1], expected))
        return bl_fail(err, BAALS_CORRUPT_STATE,
                       "a node of the store %s at depth %u is not the one its parent names",
                       bl_state_store_name(store), depth);
    return BAALS_OK;
}

/* ---- root records ---- */

baals_status
bl_root_load(struct bl_slot *out, struct bl_view *view, baals_space store, baals_error *err)
{
    const uint8_t key = (uint8_t)store;
    baals_slice bytes;
    baals_status status = bl_view_get(view, &bytes, BAALS_SPACE_NODES, bl_slice(&key, 1), err);
    struct bl_slot slot = {.kind = BL_SLOT_EMPTY};
    if (status == BAALS_NOTFOUND) {
        /* Genesis puts a sentinel into every store, so only what comes before it has no roots. */
        if (!bl_bytes_all_zero(bl_view_tip(view)->hash.bytes, 32))
            return bl_fail(err, BAALS_CORRUPT_STATE, "the root of the store %s is missing",
                           bl_state_store_name(store));
        *out = slot;
        return BAALS_OK;
    }
    BL_TRY(status);
    if (bytes.len == 33 && bytes.data[0] == BL_SLOT_INNER) {
        slot.kind = BL_SLOT_INNER;
    } else if (bytes.len == 65 && bytes.data[0] == BL_SLOT_LEAF && store != BAALS_SPACE_META) {
        slot.kind = BL_SLOT_LEAF;
        memcpy(slot.value_hash.bytes, bytes.data + 33, 32);
    } else if (bytes.len != 1 || bytes.data[0] != BL_SLOT_EMPTY) {
        return bl_fail(err, BAALS_CORRUPT_STATE,
                       "the root record of the store %s has no valid form",
                       bl_state_store_name(store));
    }
    if (slot.kind != BL_SLOT_EMPTY)
        memcpy(slot.hash.bytes, bytes.data + 1, 32);
    *out = slot;
    return BAALS_OK;
}

size_t bl_root_encode(uint8_t out[BL_ROOT_BYTES_MAX], const struct bl_slot *slot)
{
    out[0] = (uint8_t)slot->kind;
    if (slot->kind == BL_SLOT_EMPTY)
        return 1;
    memcpy(out + 1, slot->hash.bytes, 32);
    if (slot->kind == BL_SLOT_INNER)
        return 33;
    memcpy(out + 33, slot->value_hash.bytes, 32);
    return 65;
}

void bl_root_hash(baals_hash *out, baals_space store, const struct bl_slot *slot)
{
    if (slot->kind == BL_SLOT_INNER)
        *out = slot->hash;
    else if (slot->kind == BL_SLOT_LEAF)
        bl_rules_leaf(out, &slot->hash, &slot->value_hash);
    else if (store == BAALS_SPACE_META)
        bl_merkle_root(out, NULL, 0);
    else
        *out = bl_rules_empty;
}
