/* SPDX-License-Identifier: MIT */
/*
 * From a write set to the writes of a layer and the next version of the trees: flat records as they
 * are, the three Jellyfish Merkle stores through one batch each, `meta` by computing its map anew.
 * Old values are checked against the tree on the way, so a wrong flat record cannot become part of
 * a new root.
 */
#include <string.h>

#include "base/workers.h"
#include "state/forest.h"

/* ---- writes ---- */

static baals_status
writes_append(struct bl_writes *writes, const baals_write *write, baals_error *err)
{
    if (writes->count == writes->cap) {
        size_t size;
        size_t cap = writes->cap == 0 ? 64 : writes->cap * 2;
        baals_write *items = NULL;
        if (bl_size_mul(&size, cap, sizeof *items))
            items = bl_arena_alloc(writes->arena, size);
        if (items == NULL)
            return bl_fail(err, BAALS_NOMEM, "no memory for %zu state writes", cap);
        if (writes->count > 0)
            memcpy(items, writes->items, writes->count * sizeof *items);
        writes->items = items;
        writes->cap = cap;
    }
    writes->items[writes->count++] = *write;
    return BAALS_OK;
}

baals_status bl_writes_borrow(struct bl_writes *writes,
                              baals_space space,
                              baals_slice key,
                              const baals_slice *value,
                              baals_error *err)
{
    baals_write write = {.space = space, .is_delete = value == NULL, .key = key};
    if (value != NULL)
        write.value = *value;
    return writes_append(writes, &write, err);
}

baals_status bl_writes_add(struct bl_writes *writes,
                           baals_space space,
                           baals_slice key,
                           const baals_slice *value,
                           bool copy_value,
                           baals_error *err)
{
    baals_write write = {.space = space, .is_delete = value == NULL};
    bool copied = bl_arena_copy(&write.key, writes->arena, key);
    if (value != NULL && !copy_value)
        write.value = *value;
    else if (value != NULL)
        copied = copied && bl_arena_copy(&write.value, writes->arena, *value);
    if (!copied)
        return bl_fail(err, BAALS_NOMEM, "no memory for a state write");
    return writes_append(writes, &write, err);
}

/* ---- stores ---- */

static baals_status commit_put_root(struct bl_writes *writes,
                                    baals_space store,
                                    const struct bl_slot *slot,
                                    baals_error *err)
{
    const uint8_t key = (uint8_t)store;
    uint8_t record[BL_ROOT_BYTES_MAX];
    baals_slice value = bl_slice(record, bl_root_encode(record, slot));
    return bl_writes_add(writes, BAALS_SPACE_NODES, bl_slice(&key, 1), &value, true, err);
}

/* The preimage of a key hash comes with the record and goes with it. */
static baals_status commit_put_preimage(struct bl_writes *writes,
                                        const struct bl_change *change,
                                        const baals_hash *key_hash,
                                        baals_error *err)
{
    uint8_t key[33];
    if (change->has_old == change->has_new)
        return BAALS_OK;
    key[0] = (uint8_t)change->space;
    memcpy(key + 1, key_hash->bytes, 32);
    return bl_writes_add(writes, BAALS_SPACE_PREIMAGES, bl_slice(key, sizeof key),
                         change->has_new ? &change->key : NULL, false, err);
}

/* Hashing is shared out in pieces of so many changes. */
#define COMMIT_PIECE 256u

struct commit_hashing {
    const struct bl_change *changes;
    struct bl_leaf_change *leaves;
    size_t count;
};

static void commit_hash_piece(void *ctx, size_t piece)
{
    const struct commit_hashing *work = ctx;
    size_t end =
        (piece + 1) * COMMIT_PIECE < work->count ? (piece + 1) * COMMIT_PIECE : work->count;
    for (size_t i = piece * COMMIT_PIECE; i < end; i++) {
        const struct bl_change *change = &work->changes[i];
        struct bl_leaf_change *leaf = &work->leaves[i];
        leaf->has_old = change->has_old;
        leaf->has_new = change->has_new;
        bl_rules_key_hash(&leaf->key_hash, change->key);
        if (leaf->has_old)
            bl_rules_value_hash(&leaf->old_hash, change->old_value);
        if (leaf->has_new)
            bl_rules_value_hash(&leaf->new_hash, change->new_value);
    }
}

static baals_status commit_tree_store(struct bl_trees *trees,
                                      struct bl_writes *writes,
                                      struct bl_view *view,
                                      const struct bl_change *changes,
                                      size_t count,
                                      baals_error *err)
{
    struct bl_leaf_change *leaves = bl_arena_alloc(writes->arena, count * sizeof *leaves);
    if (leaves == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for %zu changed leaves", count);
    struct commit_hashing work = {changes, leaves, count};
    bl_workers_run(count <= COMMIT_PIECE ? NULL : trees->forest->workers, commit_hash_piece, &work,
                   (count + COMMIT_PIECE - 1) / COMMIT_PIECE);
    for (size_t i = 0; i < count; i++)
        BL_TRY(commit_put_preimage(writes, &changes[i], &leaves[i].key_hash, err));
    return bl_trees_update(trees, changes[0].space, writes, view, leaves, count, err);
}

/* `changes` are those of one store, sorted by key. */
static baals_status commit_changed(struct bl_slot *root_out,
                                   struct bl_trees *trees,
                                   struct bl_writes *writes,
                                   struct bl_view *view,
                                   const struct bl_change *changes,
                                   size_t count,
                                   baals_error *err)
{
    baals_space store = changes[0].space;
    if (store == BAALS_SPACE_META) {
        root_out->kind = BL_SLOT_INNER;
        BL_TRY(bl_meta_check(view, err));
        BL_TRY(bl_meta_root(&root_out->hash, view, changes, count, err));
    } else {
        BL_TRY(commit_tree_store(trees, writes, view, changes, count, err));
        bl_child_slot(root_out, trees->pool, &trees->roots[store]);
    }
    return commit_put_root(writes, store, root_out, err);
}

static baals_status commit_stores(struct bl_state_roots *roots,
                                  struct bl_trees *trees,
                                  struct bl_writes *writes,
                                  struct bl_view *view,
                                  const struct bl_write_set *set,
                                  baals_error *err)
{
    size_t begin = 0;
    for (unsigned store = 0; store < BL_STATE_STORES; store++) {
        struct bl_slot root;
        size_t end = begin;
        while (end < set->count && set->changes[end].space == (baals_space)store)
            end++;
        if (end > begin)
            BL_TRY(
                commit_changed(&root, trees, writes, view, set->changes + begin, end - begin, err));
        else
            BL_TRY(bl_root_load(&root, view, (baals_space)store, err));
        bl_root_hash(&roots->stores[store], (baals_space)store, &root);
        begin = end;
    }
    bl_rules_state_root(roots);
    return BAALS_OK;
}

/* The forest keeps the version for the caller until the next commit. */
static void commit_keep(struct bl_forest *forest, struct bl_trees *trees)
{
    bl_trees_unref(forest->latest);
    forest->latest = trees;
}

baals_status bl_state_commit(struct bl_committed *out,
                             struct bl_forest *forest,
                             struct bl_view *view,
                             const struct bl_write_set *set,
                             struct bl_arena *arena,
                             baals_error *err)
{
    struct bl_writes writes = {.arena = arena};
    struct bl_state_roots roots;
    struct bl_trees *base = NULL;
    struct bl_trees *trees = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const struct bl_change *change = &set->changes[i];
        const baals_slice *value = change->has_new ? &change->new_value : NULL;
        BL_TRY(bl_writes_borrow(&writes, change->space, change->key, value, err));
    }
    BL_TRY(bl_forest_base(&base, forest, view, err));
    baals_status status = bl_trees_new(&trees, base, err);
    bl_trees_unref(base);
    BL_TRY(status);
    status = commit_stores(&roots, trees, &writes, view, set, err);
    if (status != BAALS_OK) {
        bl_trees_unref(trees);
        return status;
    }
    commit_keep(forest, trees);
    *out = (struct bl_committed){roots, writes.items, writes.count, &trees->attachment};
    return BAALS_OK;
}

baals_status bl_state_roots(struct bl_state_roots *out, struct bl_view *view, baals_error *err)
{
    struct bl_state_roots roots;
    for (unsigned store = 0; store < BL_STATE_STORES; store++) {
        struct bl_slot slot;
        BL_TRY(bl_root_load(&slot, view, (baals_space)store, err));
        bl_root_hash(&roots.stores[store], (baals_space)store, &slot);
    }
    bl_rules_state_root(&roots);
    *out = roots;
    return BAALS_OK;
}

baals_status
bl_state_confirm_absent(struct bl_view *view, baals_space store, baals_slice key, baals_error *err)
{
    BL_ASSERT((unsigned)store < BL_STATE_STORES);
    if (store == BAALS_SPACE_META)
        return bl_meta_check(view, err);
    baals_hash key_hash;
    bl_rules_key_hash(&key_hash, key);
    baals_status status = bl_tree_find(NULL, view, store, &key_hash, err);
    if (status == BAALS_NOTFOUND)
        return BAALS_OK;
    BL_TRY(status);
    return bl_fail(err, BAALS_CORRUPT_STATE,
                   "a record of the store %s is missing that its tree has",
                   bl_state_store_name(store));
}
