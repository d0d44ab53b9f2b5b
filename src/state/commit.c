/* SPDX-License-Identifier: MIT */
/*
 * From a write set to the writes of a layer: flat records as they are, the three Jellyfish Merkle
 * stores through one sorted batch each, `meta` by computing its map anew. Old values are checked
 * against the tree on the way, so a wrong flat record cannot become part of a new root.
 */
#include "state/state_internal.h"

#include <stdlib.h>
#include <string.h>

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

static int commit_compare(const void *a, const void *b)
{
    const struct bl_leaf_change *left = a;
    const struct bl_leaf_change *right = b;
    return memcmp(left->key_hash.bytes, right->key_hash.bytes, 32);
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

static baals_status commit_tree_store(struct bl_slot *root,
                                      struct bl_writes *writes,
                                      struct bl_view *view,
                                      const struct bl_change *changes,
                                      size_t count,
                                      baals_error *err)
{
    baals_space store = changes[0].space;
    struct bl_leaf_change *leaves = bl_arena_zero(writes->arena, count, sizeof *leaves);
    if (leaves == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for %zu changed leaves", count);
    for (size_t i = 0; i < count; i++) {
        struct bl_leaf_change *leaf = &leaves[i];
        leaf->has_old = changes[i].has_old;
        leaf->has_new = changes[i].has_new;
        bl_rules_key_hash(&leaf->key_hash, changes[i].key);
        if (leaf->has_old)
            bl_rules_value_hash(&leaf->old_hash, changes[i].old_value);
        if (leaf->has_new)
            bl_rules_value_hash(&leaf->new_hash, changes[i].new_value);
        BL_TRY(commit_put_preimage(writes, &changes[i], &leaf->key_hash, err));
    }
    qsort(leaves, count, sizeof *leaves, commit_compare);
    return bl_tree_update(root, writes, view, store, leaves, count, err);
}

static baals_status commit_store(baals_hash *root_out,
                                 struct bl_writes *writes,
                                 struct bl_view *view,
                                 baals_space store,
                                 const struct bl_write_set *set,
                                 baals_error *err)
{
    size_t begin = 0;
    while (begin < set->count && set->changes[begin].space < store)
        begin++;
    size_t end = begin;
    while (end < set->count && set->changes[end].space == store)
        end++;
    struct bl_slot root;
    BL_TRY(bl_root_load(&root, view, store, err));
    if (end > begin && store == BAALS_SPACE_META) {
        root.kind = BL_SLOT_INNER;
        BL_TRY(bl_meta_check(view, err));
        BL_TRY(bl_meta_root(&root.hash, view, set->changes + begin, end - begin, err));
    } else if (end > begin) {
        BL_TRY(commit_tree_store(&root, writes, view, set->changes + begin, end - begin, err));
    }
    if (end > begin)
        BL_TRY(commit_put_root(writes, store, &root, err));
    bl_root_hash(root_out, store, &root);
    return BAALS_OK;
}

baals_status bl_state_commit(struct bl_state_roots *roots_out,
                             baals_write **writes_out,
                             size_t *count_out,
                             struct bl_view *view,
                             const struct bl_write_set *set,
                             struct bl_arena *arena,
                             baals_error *err)
{
    struct bl_writes writes = {.arena = arena};
    struct bl_state_roots roots;
    for (size_t i = 0; i < set->count; i++) {
        const struct bl_change *change = &set->changes[i];
        const baals_slice *value = change->has_new ? &change->new_value : NULL;
        BL_TRY(bl_writes_add(&writes, change->space, change->key, value, false, err));
    }
    for (unsigned store = 0; store < BL_STATE_STORES; store++)
        BL_TRY(commit_store(&roots.stores[store], &writes, view, (baals_space)store, set, err));
    bl_rules_state_root(&roots);
    *roots_out = roots;
    *writes_out = writes.items;
    *count_out = writes.count;
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
