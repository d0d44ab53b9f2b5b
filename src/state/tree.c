/* SPDX-License-Identifier: MIT */
/*
 * Walks over the Jellyfish Merkle tree of a view: to a leaf, and to the nearest leaf beside a
 * place. They begin in the version in memory that the view has and go on in stored nodes where it
 * ends.
 */
#include "state/forest.h"

#include <string.h>

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

/* Where a walk in memory ended. */
struct tree_end {
    const struct bl_pool *pool; /* NULL: nothing is in memory */
    struct bl_slot slot;        /* INNER: the subtree is stored */
    unsigned depth;             /* bits; of whole nibbles when it is stored */
};

/* Goes down towards `key_hash` as far as the trees are in memory. `path` takes the siblings;
 * `aside` the nearest subtree that was passed on the side of `direction`, with its depth. Both may
 * be NULL. */
struct tree_aside {
    struct bl_child child;
    unsigned depth;
    unsigned direction;
};
static baals_status tree_descend(struct tree_end *end,
                                 struct bl_tree_path *path,
                                 struct tree_aside *aside,
                                 struct bl_view *view,
                                 baals_space store,
                                 const baals_hash *key_hash,
                                 baals_error *err)
{
    const struct bl_trees *trees = bl_view_trees(view);
    *end = (struct tree_end){0};
    if (trees == NULL)
        return bl_root_load(&end->slot, view, store, err);
    end->pool = trees->pool;
    struct bl_child child = trees->roots[store];
    while (bl_ref_kind(child.ref) == BL_REF_INNER) {
        const struct bl_inner *node = bl_pool_inner(trees->pool, child.ref);
        unsigned bit = bl_hash_bit(key_hash, end->depth);
        struct bl_child other = bl_inner_child(node, 1 - bit);
        end->depth++;
        if (path != NULL)
            path->siblings[path->count++] = other.hash;
        if (aside != NULL && bit != aside->direction && bl_ref_kind(other.ref) != BL_REF_EMPTY) {
            aside->child = other;
            aside->depth = end->depth;
        }
        child = bl_inner_child(node, bit);
    }
    bl_child_slot(&end->slot, trees->pool, &child);
    return BAALS_OK;
}

baals_status bl_tree_find(struct bl_tree_path *path_out,
                          struct bl_view *view,
                          baals_space store,
                          const baals_hash *key_hash,
                          baals_error *err)
{
    struct tree_end end;
    struct bl_node node;
    if (path_out != NULL)
        path_out->count = 0;
    BL_TRY(tree_descend(&end, path_out, NULL, view, store, key_hash, err));
    struct bl_slot slot = end.slot;
    for (unsigned depth = end.depth / 4; slot.kind == BL_SLOT_INNER; depth++) {
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

/* ---- neighbours ---- */

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

/* The nearest leaf beside `key_hash` below a stored subtree on its way; EMPTY when there is none.
 */
static baals_status tree_stored_neighbour(struct bl_slot *slot,
                                          struct bl_view *view,
                                          baals_space store,
                                          unsigned depth,
                                          const baals_hash *key_hash,
                                          unsigned direction,
                                          baals_error *err)
{
    struct bl_slot best = {.kind = BL_SLOT_EMPTY};
    struct bl_node node;
    baals_hash best_path = *key_hash;
    unsigned best_depth = 0;
    for (; slot->kind == BL_SLOT_INNER; depth++) {
        BL_TRY(bl_node_load(&node, view, store, depth, key_hash, &slot->hash, err));
        unsigned nibble = bl_node_nibble(key_hash, depth);
        unsigned near = tree_near_slot(&node, nibble, direction);
        BL_TRY(bl_node_check(&node, 1u << nibble | (near < 16 ? 1u << near : 0u), err));
        if (near < 16) {
            best = node.slots[near];
            best_path = *key_hash;
            best_depth = depth + 1;
            tree_set_nibble(&best_path, depth, near);
        }
        *slot = node.slots[nibble];
    }
    if (slot->kind == BL_SLOT_LEAF) {
        int order = memcmp(slot->hash.bytes, key_hash->bytes, 32);
        if (direction == 1 ? order > 0 : order < 0)
            best = *slot;
    }
    *slot = best;
    return tree_outer_leaf(slot, view, store, best_depth, &best_path, direction, err);
}

/* The outermost leaf below a subtree that was passed, on the side nearer to `key_hash`. */
static baals_status tree_aside_leaf(struct bl_slot *slot,
                                    const struct tree_aside *aside,
                                    const struct bl_pool *pool,
                                    struct bl_view *view,
                                    baals_space store,
                                    const baals_hash *key_hash,
                                    baals_error *err)
{
    struct bl_child child = aside->child;
    unsigned depth = aside->depth;
    baals_hash path = *key_hash;
    bl_hash_set_bit(&path, depth - 1, aside->direction);
    for (; bl_ref_kind(child.ref) == BL_REF_INNER; depth++) {
        const struct bl_inner *node = bl_pool_inner(pool, child.ref);
        unsigned side = 1 - aside->direction;
        if (bl_ref_kind(node->refs[side]) == BL_REF_EMPTY)
            side = aside->direction;
        bl_hash_set_bit(&path, depth, side);
        child = bl_inner_child(node, side);
    }
    bl_child_slot(slot, pool, &child);
    return tree_outer_leaf(slot, view, store, depth / 4, &path, aside->direction, err);
}

baals_status bl_tree_neighbour(struct bl_slot *leaf_out,
                               struct bl_view *view,
                               baals_space store,
                               const baals_hash *key_hash,
                               unsigned direction,
                               baals_error *err)
{
    struct tree_end end;
    struct tree_aside aside = {.child = {BL_REF_EMPTY, bl_rules_empty}, .direction = direction};
    BL_TRY(tree_descend(&end, NULL, &aside, view, store, key_hash, err));
    struct bl_slot slot = end.slot;
    BL_TRY(tree_stored_neighbour(&slot, view, store, end.depth / 4, key_hash, direction, err));
    if (slot.kind == BL_SLOT_EMPTY && bl_ref_kind(aside.child.ref) != BL_REF_EMPTY)
        BL_TRY(tree_aside_leaf(&slot, &aside, end.pool, view, store, key_hash, err));
    if (slot.kind == BL_SLOT_EMPTY)
        return BAALS_NOTFOUND;
    *leaf_out = slot;
    return BAALS_OK;
}
