/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_TREES_LIB_H
#define BL_TESTS_LIB_TREES_LIB_H
/* Changing one tree of the state by its leaves, without records. */
#include "testlib.h"

#include "state/forest.h"

/* The layer that leads from the view's state to the one with these changes, and its root slot. */
static inline struct bl_layer *trees_layer(struct bl_slot *root_out,
                                           struct bl_forest *forest,
                                           struct bl_view *view,
                                           baals_space store,
                                           const struct bl_leaf_change *changes,
                                           size_t count)
{
    struct bl_alloc alloc = bl_alloc_system();
    struct bl_layer *layer = NULL;
    struct bl_trees *base = NULL;
    struct bl_trees *trees = NULL;
    struct bl_arena arena;
    uint8_t key = (uint8_t)store;
    uint8_t record[BL_ROOT_BYTES_MAX];
    bl_arena_init(&arena, alloc, SIZE_MAX / 2);
    struct bl_writes writes = {.arena = &arena};
    assert_ok(bl_forest_base(&base, forest, view, NULL));
    assert_ok(bl_trees_new(&trees, base, NULL));
    bl_trees_unref(base);
    assert_ok(bl_trees_update(trees, store, &writes, view, changes, count, NULL));
    bl_child_slot(root_out, trees->pool, &trees->roots[store]);
    baals_slice value = bl_slice(record, bl_root_encode(record, root_out));
    assert_ok(bl_writes_add(&writes, BAALS_SPACE_NODES, bl_slice(&key, 1), &value, true, NULL));
    assert_ok(bl_layer_new(&layer, &alloc, writes.items, writes.count, NULL));
    bl_layer_attach(layer, &trees->attachment);
    bl_trees_unref(trees);
    bl_arena_deinit(&arena);
    return layer;
}

#endif /* BL_TESTS_LIB_TREES_LIB_H */
