/* SPDX-License-Identifier: MIT */
/*
 * Nodes of the state tree as they are kept: four binary levels of the Jellyfish Merkle tree in one
 * record of radix 16, found by its path (docs/internals/state_tree.md). A slot is empty, a lone
 * leaf or the root of a deeper node. No record is believed before its hashes gave the root its
 * parent names.
 */
#include "state/state_internal.h"

#include <string.h>

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

/* ---- hashes inside a node ---- */

/* The positions of the quarters, whose hashes are kept. */
#define NODE_QUARTER_FIRST 4u
#define NODE_QUARTER_END 8u

unsigned bl_node_lone_slot(const struct bl_node *node, unsigned position)
{
    while (position < 16)
        position = node->weights[2 * position] == 1 ? 2 * position : 2 * position + 1;
    return position - 16;
}

/* Recursion goes down at most four levels: slots that are not leaves are always known. */
const baals_hash *bl_node_hash_at(struct bl_node *node, /* NOLINT(misc-no-recursion) */
                                  unsigned position)
{
    BL_ASSERT(position >= 1 && position < 32);
    baals_hash *hash = &node->hashes[position];
    if ((node->known & 1u << position) != 0)
        return hash;
    if (node->weights[position] == 1) {
        const struct bl_slot *leaf = &node->slots[bl_node_lone_slot(node, position)];
        bl_rules_leaf(hash, &leaf->hash, &leaf->value_hash);
    } else {
        BL_ASSERT(position < 16 && node->weights[position] == 2);
        const baals_hash *left = bl_node_hash_at(node, 2 * position);
        const baals_hash *right = bl_node_hash_at(node, 2 * position + 1);
        bl_rules_inner(hash, left, right);
    }
    node->known |= 1u << position;
    return hash;
}

/* Weight of a slot as its content says, and its hash unless it is a leaf. */
static void node_set_slot(struct bl_node *node, unsigned index)
{
    static const uint8_t weights[3] = {
        [BL_SLOT_EMPTY] = 0, [BL_SLOT_INNER] = 2, [BL_SLOT_LEAF] = 1};
    const struct bl_slot *slot = &node->slots[index];
    unsigned position = 16 + index;
    node->weights[position] = weights[slot->kind];
    node->known &= ~(1u << position);
    if (slot->kind == BL_SLOT_LEAF)
        return;
    node->hashes[position] = slot->kind == BL_SLOT_INNER ? slot->hash : bl_rules_empty;
    node->known |= 1u << position;
}

/* Weight of an inner position from those below it; its hash has to be computed again. */
static void node_set_weight(struct bl_node *node, unsigned position)
{
    unsigned weight = node->weights[2 * position] + node->weights[2 * position + 1];
    node->weights[position] = (uint8_t)(weight < 2 ? weight : 2);
    node->known &= ~(1u << position);
    if (weight == 0) {
        node->hashes[position] = bl_rules_empty;
        node->known |= 1u << position;
    }
}

void bl_node_changed(struct bl_node *node, uint32_t slots)
{
    uint32_t positions = slots << 16;
    for (unsigned i = 0; i < 16; i++) {
        if ((slots & 1u << i) != 0)
            node_set_slot(node, i);
    }
    for (unsigned i = 15; i >= 1; i--) {
        if ((positions & 3u << 2 * i) == 0)
            continue;
        positions |= 1u << i;
        node_set_weight(node, i);
    }
}

baals_status bl_node_check(struct bl_node *node, uint32_t slots, baals_error *err)
{
    for (unsigned quarter = NODE_QUARTER_FIRST; quarter < NODE_QUARTER_END; quarter++) {
        uint32_t below = 0xfu << 4 * (quarter - NODE_QUARTER_FIRST);
        if ((slots & below) == 0 || node->weights[quarter] < 2)
            continue;
        baals_hash kept = node->hashes[quarter];
        node->known &= ~(1u << quarter);
        if (!bl_hash_equal(bl_node_hash_at(node, quarter), &kept))
            return bl_fail(err, BAALS_CORRUPT_STATE, "a state tree node's hashes do not fit");
    }
    return BAALS_OK;
}

/* ---- records ---- */

size_t bl_node_encode(uint8_t out[BL_NODE_BYTES_MAX], struct bl_node *node)
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
    for (unsigned i = NODE_QUARTER_FIRST; i < NODE_QUARTER_END; i++) {
        if (node->weights[i] < 2)
            continue;
        memcpy(out + len, bl_node_hash_at(node, i)->bytes, 32);
        len += 32;
    }
    bl_store_u16be(out, present);
    bl_store_u16be(out + 2, leaf);
    return len;
}

/* Kinds, weights and the length that follows from them. */
static size_t node_decode_shape(struct bl_node *out, unsigned present, unsigned leaf)
{
    size_t len = 4;
    memset(out->slots, 0, sizeof out->slots);
    for (unsigned i = 0; i < 16; i++) {
        if ((present & 1u << i) != 0)
            out->slots[i].kind = (leaf & 1u << i) != 0 ? BL_SLOT_LEAF : BL_SLOT_INNER;
        len += 32u * ((present >> i & 1u) + (leaf >> i & 1u));
    }
    bl_node_changed(out, 0xffffu);
    for (unsigned i = NODE_QUARTER_FIRST; i < NODE_QUARTER_END; i++)
        len += out->weights[i] == 2 ? 32u : 0u;
    return len;
}

baals_status bl_node_decode(struct bl_node *out, baals_slice bytes, baals_error *err)
{
    if (bytes.len < 4)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a state tree node of %zu bytes", bytes.len);
    unsigned present = bl_load_u16be(bytes.data);
    unsigned leaf = bl_load_u16be(bytes.data + 2);
    if ((leaf & ~present) != 0 || bytes.len != node_decode_shape(out, present, leaf))
        return bl_fail(err, BAALS_CORRUPT_STATE, "a state tree node's slots do not fit its size");
    if (out->weights[1] < 2)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a state tree node with fewer than two leaves");
    const uint8_t *in = bytes.data + 4;
    for (unsigned i = 0; i < 16; i++) {
        struct bl_slot *slot = &out->slots[i];
        if (slot->kind == BL_SLOT_EMPTY)
            continue;
        memcpy(slot->hash.bytes, in, 32);
        in += 32;
        if (slot->kind == BL_SLOT_LEAF) {
            memcpy(slot->value_hash.bytes, in, 32);
            in += 32;
        }
        node_set_slot(out, i);
    }
    for (unsigned i = NODE_QUARTER_FIRST; i < NODE_QUARTER_END; i++) {
        if (out->weights[i] < 2)
            continue;
        memcpy(out->hashes[i].bytes, in, 32);
        in += 32;
        out->known |= 1u << i;
    }
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
    if (!bl_hash_equal(bl_node_hash_at(out, 1), expected)) {
        return bl_fail(err, BAALS_CORRUPT_STATE,
                       "a node of the store %s at depth %u is not the one its parent names",
                       bl_state_store_name(store), depth);
    }
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
