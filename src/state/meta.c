/* SPDX-License-Identifier: MIT */
/*
 * The store `meta` is a simple-Merkle map over all its records. It is small (parameters,
 * authorities, pending system operations), so its root is computed anew from the flat records
 * whenever one of them changed, and no nodes are kept.
 */
#include "state/state_internal.h"

/* The view's next record behind *key (an empty one: the first). */
static baals_status meta_next(bool *found_out,
                              baals_slice *key,
                              baals_slice *value_out,
                              struct bl_view *view,
                              baals_error *err)
{
    uint32_t flags = key->len == 0 ? 0 : BAALS_SEEK_EXCLUSIVE;
    baals_status status = bl_view_seek(view, key, value_out, BAALS_SPACE_META, *key, flags, err);
    if (status != BAALS_OK && status != BAALS_NOTFOUND)
        return status;
    *found_out = status == BAALS_OK;
    return BAALS_OK;
}

baals_status bl_meta_each(struct bl_view *view,
                          const struct bl_change *changes,
                          size_t change_count,
                          baals_status (*each)(void *ctx, baals_slice key, baals_slice record),
                          void *ctx,
                          baals_error *err)
{
    baals_slice key = {NULL, 0};
    baals_slice value = {NULL, 0};
    bool found = false;
    size_t next = 0;
    BL_TRY(meta_next(&found, &key, &value, view, err));
    while (found || next < change_count) {
        int order = -1;
        if (next < change_count)
            order = found ? bl_slice_compare(key, changes[next].key) : 1;
        if (order < 0) {
            BL_TRY(each(ctx, key, value));
        } else {
            const struct bl_change *change = &changes[next++];
            bool fits = order == 0 ? change->has_old && bl_slice_equal(change->old_value, value)
                                   : !change->has_old;
            if (!fits)
                return bl_fail(err, BAALS_CORRUPT_STATE,
                               "a record of meta is not the one that was read");
            if (change->has_new)
                BL_TRY(each(ctx, change->key, change->new_value));
        }
        if (order <= 0)
            BL_TRY(meta_next(&found, &key, &value, view, err));
    }
    return BAALS_OK;
}

static baals_status meta_add_to_root(void *ctx, baals_slice key, baals_slice record)
{
    struct bl_merkle *merkle = ctx;
    uint8_t item[BL_MAP_ITEM_MAX];
    bl_merkle_add(merkle, bl_rules_map_item(item, key, record));
    return BAALS_OK;
}

baals_status bl_meta_root(baals_hash *out,
                          struct bl_view *view,
                          const struct bl_change *changes,
                          size_t change_count,
                          baals_error *err)
{
    struct bl_merkle merkle;
    bl_merkle_init(&merkle);
    BL_TRY(bl_meta_each(view, changes, change_count, meta_add_to_root, &merkle, err));
    bl_merkle_final(out, &merkle);
    return BAALS_OK;
}

baals_status bl_meta_check(struct bl_view *view, baals_error *err)
{
    struct bl_slot slot;
    baals_hash known;
    baals_hash root;
    BL_TRY(bl_root_load(&slot, view, BAALS_SPACE_META, err));
    BL_TRY(bl_meta_root(&root, view, NULL, 0, err));
    bl_root_hash(&known, BAALS_SPACE_META, &slot);
    if (!bl_hash_equal(&root, &known))
        return bl_fail(err, BAALS_CORRUPT_STATE, "the records of meta do not give its root");
    return BAALS_OK;
}
