/* SPDX-License-Identifier: MIT */
/*
 * What a checkpoint has to write of the trees in memory: the records (node.c) of all nodes at
 * depths of whole nibbles that are newer than what the kv has. A node is made anew whenever
 * something below it changes, so the search leaves out everything below an old one; hashes are all
 * known. Records whose nodes are gone were removed by the layers.
 */
#include "state/forest.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct collect {
    const struct bl_pool *pool;
    baals_space store;
    uint64_t since;
    struct bl_writes writes;
};

/* Fills in a node's slots and the hashes of its inner positions from the binary tree below `child`,
 * which stands at `position`; returns the positions. Recursion goes down at most four levels. */
static uint32_t collect_fill(struct bl_node *node, /* NOLINT(misc-no-recursion) */
                             const struct bl_pool *pool,
                             const struct bl_child *child,
                             unsigned position,
                             unsigned depth)
{
    enum bl_ref_kind kind = bl_ref_kind(child->ref);
    if (kind == BL_REF_EMPTY)
        return 0;
    if (kind == BL_REF_LEAF) {
        const struct bl_pool_leaf *leaf = bl_pool_leaf(pool, child->ref);
        bl_child_slot(&node->slots[bl_node_nibble(&leaf->key_hash, depth)], pool, child);
        return 0;
    }
    if (position >= 16) {
        bl_child_slot(&node->slots[position - 16], pool, child);
        return 0;
    }
    const struct bl_inner *inner = bl_pool_inner(pool, child->ref);
    uint32_t positions = 1u << position;
    node->hashes[position] = child->hash;
    for (unsigned side = 0; side < 2; side++) {
        struct bl_child below = bl_inner_child(inner, side);
        positions |= collect_fill(node, pool, &below, 2 * position + side, depth);
    }
    return positions;
}

static baals_status collect_record(struct collect *collect,
                                   const struct bl_child *child,
                                   unsigned depth,
                                   const baals_hash *path,
                                   baals_error *err)
{
    struct bl_node node;
    uint8_t key[BL_NODE_KEY_MAX];
    uint8_t record[BL_NODE_BYTES_MAX];
    memset(node.slots, 0, sizeof node.slots);
    uint32_t known = collect_fill(&node, collect->pool, child, 1, depth);
    bl_node_changed(&node, 0xffffu);
    node.known |= known;
    baals_slice value = bl_slice(record, bl_node_encode(record, &node));
    return bl_writes_add(&collect->writes, BAALS_SPACE_NODES,
                         bl_node_key(key, collect->store, depth, path), &value, true, err);
}

/* Recursion goes down one bit of a key hash each time. */
static baals_status collect_below(struct collect *collect, /* NOLINT(misc-no-recursion) */
                                  const struct bl_child *child,
                                  unsigned depth,
                                  baals_hash *path,
                                  baals_error *err)
{
    if (bl_ref_kind(child->ref) != BL_REF_INNER)
        return BAALS_OK;
    const struct bl_inner *node = bl_pool_inner(collect->pool, child->ref);
    if (node->serial <= collect->since)
        return BAALS_OK;
    if (depth % 4 == 0)
        BL_TRY(collect_record(collect, child, depth / 4, path, err));
    for (unsigned side = 0; side < 2; side++) {
        struct bl_child below = bl_inner_child(node, side);
        bl_hash_set_bit(path, depth, side);
        BL_TRY(collect_below(collect, &below, depth + 1, path, err));
    }
    return BAALS_OK;
}

static int collect_compare(const void *a, const void *b)
{
    const baals_write *left = a;
    const baals_write *right = b;
    return bl_slice_compare(left->key, right->key);
}

_Static_assert(offsetof(struct bl_trees, attachment) == 0, "a version begins with its attachment");

baals_status bl_trees_collect(const struct bl_attachment *attachment,
                              uint64_t since,
                              struct bl_arena *arena,
                              baals_write **writes_out,
                              size_t *count_out,
                              baals_error *err)
{
    const struct bl_trees *trees = (const struct bl_trees *)attachment;
    struct collect collect = {.pool = trees->pool, .since = since, .writes = {.arena = arena}};
    for (unsigned i = 0; i < BL_TREES; i++) {
        baals_hash path = {{0}};
        collect.store = (baals_space)i;
        BL_TRY(collect_below(&collect, &trees->roots[i], 0, &path, err));
    }
    if (collect.writes.count > 0)
        qsort(collect.writes.items, collect.writes.count, sizeof *collect.writes.items,
              collect_compare);
    *writes_out = collect.writes.items;
    *count_out = collect.writes.count;
    return BAALS_OK;
}
