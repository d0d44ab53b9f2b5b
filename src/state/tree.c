/* SPDX-License-Identifier: MIT */
/*
 * The Jellyfish Merkle tree over the kept nodes. An update takes all changed leaves of a block,
 * sorted by key hash, and goes down only where they lie; each touched node is read, checked and
 * hashed once, from the bottom up. The shape depends on the live leaves alone: a subtree of one
 * leaf is that leaf's slot in its parent, a subtree of none is an empty slot.
 */
#include "state/state_internal.h"

#include <string.h>

#include "crypto/crypto.h"

baals_status bl_writes_add(struct bl_writes *writes,
                           baals_space space,
                           baals_slice key,
                           const baals_slice *value,
                           bool copy_value,
                           baals_error *err)
{
    if (writes->count == writes->cap) {
        size_t cap = writes->cap == 0 ? 64 : writes->cap * 2;
        baals_write *items = bl_arena_zero(writes->arena, cap, sizeof *items);
        if (items == NULL)
            return bl_fail(err, BAALS_NOMEM, "no memory for %zu state writes", cap);
        if (writes->count > 0)
            memcpy(items, writes->items, writes->count * sizeof *items);
        writes->items = items;
        writes->cap = cap;
    }
    baals_write write = {.space = space, .is_delete = value == NULL};
    bool copied = bl_arena_copy(&write.key, writes->arena, key);
    if (value != NULL && !copy_value)
        write.value = *value;
    else if (value != NULL)
        copied = copied && bl_arena_copy(&write.value, writes->arena, *value);
    if (!copied)
        return bl_fail(err, BAALS_NOMEM, "no memory for a state write");
    writes->items[writes->count++] = write;
    return BAALS_OK;
}

/* ---- update ---- */

struct tree_update {
    struct bl_writes *writes;
    struct bl_view *view;
    baals_space store;
    struct bl_node *nodes[BL_NIBBLES_MAX]; /* one per depth, made when first needed */
};

/* NULL when there is no memory. */
static struct bl_node *tree_node_at(struct tree_update *update, unsigned depth)
{
    if (update->nodes[depth] == NULL)
        update->nodes[depth] = bl_arena_alloc(update->writes->arena, sizeof *update->nodes[depth]);
    return update->nodes[depth];
}

/* One change where there is no other leaf than its own. */
static baals_status
tree_set_leaf(struct bl_slot *slot, const struct bl_leaf_change *change, baals_error *err)
{
    bool has_old = slot->kind == BL_SLOT_LEAF;
    if (has_old && !change->has_old)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a record read as absent is in the state tree");
    if (!has_old && change->has_old)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a record that was read is not in the state tree");
    if (has_old && !bl_hash_equal(&slot->value_hash, &change->old_hash))
        return bl_fail(err, BAALS_CORRUPT_STATE, "a record is not the one in the state tree");
    memset(slot, 0, sizeof *slot);
    if (change->has_new) {
        slot->kind = BL_SLOT_LEAF;
        slot->hash = change->key_hash;
        slot->value_hash = change->new_hash;
    }
    return BAALS_OK;
}

/* The slots in which the changes lie. */
static uint32_t tree_slots(const struct bl_leaf_change *changes, size_t count, unsigned depth)
{
    uint32_t slots = 0;
    for (size_t i = 0; i < count; i++)
        slots |= 1u << bl_node_nibble(&changes[i].key_hash, depth);
    return slots;
}

/* Prepares the node below `slot`: read, and checked where it will change, or made with the slot's
 * lone leaf in its place. */
static baals_status tree_open_node(struct bl_node *node,
                                   const struct tree_update *update,
                                   const struct bl_slot *slot,
                                   unsigned depth,
                                   const struct bl_leaf_change *changes,
                                   size_t count,
                                   baals_error *err)
{
    if (slot->kind == BL_SLOT_INNER) {
        BL_TRY(bl_node_load(node, update->view, update->store, depth, &changes[0].key_hash,
                            &slot->hash, err));
        return bl_node_check(node, tree_slots(changes, count, depth), err);
    }
    memset(node->slots, 0, sizeof node->slots);
    if (slot->kind == BL_SLOT_LEAF)
        node->slots[bl_node_nibble(&slot->hash, depth)] = *slot;
    bl_node_changed(node, 0xffffu);
    return BAALS_OK;
}

/* Puts the changed node back: as a record when two leaves or more lie below it, else as what is
 * left of it in the parent's slot. */
static baals_status tree_close_node(struct bl_slot *slot,
                                    const struct tree_update *update,
                                    struct bl_node *node,
                                    unsigned depth,
                                    const baals_hash *path,
                                    baals_error *err)
{
    bool existed = slot->kind == BL_SLOT_INNER;
    uint8_t key_bytes[BL_NODE_KEY_MAX];
    baals_slice key = bl_node_key(key_bytes, update->store, depth, path);
    memset(slot, 0, sizeof *slot);
    if (node->weights[1] == 2) {
        uint8_t record[BL_NODE_BYTES_MAX];
        baals_slice value = bl_slice(record, bl_node_encode(record, node));
        slot->kind = BL_SLOT_INNER;
        slot->hash = *bl_node_hash_at(node, 1);
        return bl_writes_add(update->writes, BAALS_SPACE_NODES, key, &value, true, err);
    }
    for (unsigned i = 0; i < 16; i++) {
        if (node->slots[i].kind != BL_SLOT_EMPTY)
            *slot = node->slots[i];
    }
    if (!existed)
        return BAALS_OK;
    return bl_writes_add(update->writes, BAALS_SPACE_NODES, key, NULL, false, err);
}

/* Recursion goes one nibble down each time, so at most 64 levels. Distinct key hashes part before
 * the last nibble ends, so a group of two or more never reaches that depth. */
static baals_status tree_update_slot(struct tree_update *update, /* NOLINT(misc-no-recursion) */
                                     struct bl_slot *slot,
                                     unsigned depth,
                                     const struct bl_leaf_change *changes,
                                     size_t count,
                                     baals_error *err)
{
    const baals_hash *path = &changes[0].key_hash;
    bool alone = slot->kind == BL_SLOT_EMPTY ||
                 (slot->kind == BL_SLOT_LEAF && bl_hash_equal(&slot->hash, path));
    if (count == 1 && alone)
        return tree_set_leaf(slot, &changes[0], err);
    if (depth >= BL_NIBBLES_MAX)
        return bl_fail(err, BAALS_CORRUPT_STATE, "the state tree is deeper than a key hash");
    struct bl_node *node = tree_node_at(update, depth);
    if (node == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a state tree node");
    BL_TRY(tree_open_node(node, update, slot, depth, changes, count, err));
    for (size_t begin = 0; begin < count;) {
        unsigned nibble = bl_node_nibble(&changes[begin].key_hash, depth);
        size_t end = begin + 1;
        while (end < count && bl_node_nibble(&changes[end].key_hash, depth) == nibble)
            end++;
        BL_TRY(tree_update_slot(update, &node->slots[nibble], depth + 1, changes + begin,
                                end - begin, err));
        begin = end;
    }
    bl_node_changed(node, tree_slots(changes, count, depth));
    return tree_close_node(slot, update, node, depth, path, err);
}

baals_status bl_tree_update(struct bl_slot *root,
                            struct bl_writes *writes,
                            struct bl_view *view,
                            baals_space store,
                            const struct bl_leaf_change *changes,
                            size_t count,
                            baals_error *err)
{
    for (size_t i = 1; i < count; i++)
        BL_ASSERT(memcmp(changes[i - 1].key_hash.bytes, changes[i].key_hash.bytes, 32) < 0);
    if (count == 0)
        return BAALS_OK;
    struct tree_update update = {.writes = writes, .view = view, .store = store};
    return tree_update_slot(&update, root, 0, changes, count, err);
}

/* ---- walks ---- */

/* The siblings on the way from the node's root to slot `nibble`, top down, as far as the leaf or
 * node in that slot has not moved up. */
static void tree_add_siblings(struct bl_tree_path *path, struct bl_node *node, unsigned nibble)
{
    for (unsigned position = 1, shift = 3; position < 16 && node->weights[position] == 2; shift--) {
        unsigned bit = nibble >> shift & 1u;
        path->siblings[path->count++] = *bl_node_hash_at(node, 2 * position + (1 - bit));
        position = 2 * position + bit;
    }
}

baals_status bl_tree_find(struct bl_tree_path *path_out,
                          struct bl_view *view,
                          baals_space store,
                          const baals_hash *key_hash,
                          baals_error *err)
{
    struct bl_slot slot;
    struct bl_node node;
    if (path_out != NULL)
        path_out->count = 0;
    BL_TRY(bl_root_load(&slot, view, store, err));
    for (unsigned depth = 0; slot.kind == BL_SLOT_INNER; depth++) {
        BL_TRY(bl_node_load(&node, view, store, depth, key_hash, &slot.hash, err));
        unsigned nibble = bl_node_nibble(key_hash, depth);
        BL_TRY(bl_node_check(&node, 1u << nibble, err));
        if (path_out != NULL)
            tree_add_siblings(path_out, &node, nibble);
        slot = node.slots[nibble];
    }
    if (slot.kind == BL_SLOT_EMPTY || !bl_hash_equal(&slot.hash, key_hash))
        return BAALS_NOTFOUND;
    if (path_out == NULL)
        return BAALS_OK;
    path_out->leaf = slot;
    for (size_t i = 0; i < path_out->count / 2; i++) {
        baals_hash sibling = path_out->siblings[i];
        path_out->siblings[i] = path_out->siblings[path_out->count - 1 - i];
        path_out->siblings[path_out->count - 1 - i] = sibling;
    }
    return BAALS_OK;
}

/* The slot of the node nearest to `from` (not included) in the direction; 16 when there is none. */
static unsigned tree_near_slot(const struct bl_node *node, unsigned from, unsigned direction)
{
    for (unsigned i = direction == 1 ? from + 1 : from - 1; i < 16;
         i = direction == 1 ? i + 1 : i - 1) {
        if (node->slots[i].kind != BL_SLOT_EMPTY)
            return i;
    }
    return 16;
}

static void tree_set_nibble(baals_hash *path, unsigned depth, unsigned nibble)
{
    uint8_t *byte = &path->bytes[depth / 2];
    *byte = depth % 2 == 0 ? (uint8_t)((*byte & 0x0fu) | nibble << 4)
                           : (uint8_t)((*byte & 0xf0u) | nibble);
}

/* The outermost leaf below `slot`, on the side nearer to where the search came from. */
static baals_status tree_outer_leaf(struct bl_slot *slot,
                                    struct bl_view *view,
                                    baals_space store,
                                    unsigned depth,
                                    baals_hash *path,
                                    unsigned direction,
                                    baals_error *err)
{
    struct bl_node node;
    for (; slot->kind == BL_SLOT_INNER; depth++) {
        BL_TRY(bl_node_load(&node, view, store, depth, path, &slot->hash, err));
        unsigned nibble = 0;
        if (direction == 0)
            nibble = 15;
        if (node.slots[nibble].kind == BL_SLOT_EMPTY)
            nibble = tree_near_slot(&node, nibble, direction);
        BL_ASSERT(nibble < 16);
        BL_TRY(bl_node_check(&node, 1u << nibble, err));
        tree_set_nibble(path, depth, nibble);
        *slot = node.slots[nibble];
    }
    return BAALS_OK;
}

baals_status bl_tree_neighbour(struct bl_slot *leaf_out,
                               struct bl_view *view,
                               baals_space store,
                               const baals_hash *key_hash,
                               unsigned direction,
                               baals_error *err)
{
    struct bl_slot slot;
    struct bl_slot best = {.kind = BL_SLOT_EMPTY};
    struct bl_node node;
    baals_hash best_path = *key_hash;
    unsigned best_depth = 0;
    unsigned depth = 0;
    BL_TRY(bl_root_load(&slot, view, store, err));
    for (; slot.kind == BL_SLOT_INNER; depth++) {
        BL_TRY(bl_node_load(&node, view, store, depth, key_hash, &slot.hash, err));
        unsigned nibble = bl_node_nibble(key_hash, depth);
        unsigned near = tree_near_slot(&node, nibble, direction);
        BL_TRY(bl_node_check(&node, 1u << nibble | (near < 16 ? 1u << near : 0u), err));
        if (near < 16) {
            best = node.slots[near];
            best_path = *key_hash;
            best_depth = depth + 1;
            tree_set_nibble(&best_path, depth, near);
        }
        slot = node.slots[nibble];
    }
    if (slot.kind == BL_SLOT_LEAF) {
        int order = memcmp(slot.hash.bytes, key_hash->bytes, 32);
        if (direction == 1 ? order > 0 : order < 0)
            best = slot;
    }
    BL_TRY(tree_outer_leaf(&best, view, store, best_depth, &best_path, direction, err));
    if (best.kind == BL_SLOT_EMPTY)
        return BAALS_NOTFOUND;
    *leaf_out = best;
    return BAALS_OK;
}
