/* SPDX-License-Identifier: MIT */
/*
 * All roots from the flat records alone: the state as it is read, hashed by the rule as it is
 * written, with nothing in common with the tree's nodes. This is what `baals verify` compares with
 * the header.
 */
#include "state/state_internal.h"

#include <stdlib.h>
#include <string.h>

struct recompute_leaves {
    struct bl_leaf *items;
    size_t count;
    size_t cap;
};

struct recompute_progress {
    void (*report)(void *ctx, uint64_t records);
    void *ctx;
    uint64_t records;
};

#define RECOMPUTE_REPORT_EVERY 4096u

static void recompute_count(struct recompute_progress *progress)
{
    progress->records++;
    if (progress->report != NULL && progress->records % RECOMPUTE_REPORT_EVERY == 0)
        progress->report(progress->ctx, progress->records);
}

static baals_status recompute_add(struct recompute_leaves *leaves,
                                  const struct bl_alloc *alloc,
                                  baals_slice key,
                                  baals_slice record,
                                  baals_error *err)
{
    if (leaves->count == leaves->cap) {
        size_t cap = leaves->cap == 0 ? 1024 : leaves->cap * 2;
        size_t old_size = leaves->cap * sizeof *leaves->items;
        size_t new_size;
        struct bl_leaf *items = NULL;
        if (bl_size_mul(&new_size, cap, sizeof *items))
            items = bl_alloc_resize(alloc, leaves->items, old_size, new_size);
        if (items == NULL)
            return bl_fail(err, BAALS_NOMEM, "no memory for %zu key hashes", cap);
        leaves->items = items;
        leaves->cap = cap;
    }
    struct bl_leaf *leaf = &leaves->items[leaves->count++];
    bl_rules_key_hash(&leaf->key_hash, key);
    bl_rules_value_hash(&leaf->value_hash, record);
    return BAALS_OK;
}

static baals_status recompute_collect(struct recompute_leaves *leaves,
                                      struct bl_view *view,
                                      baals_space store,
                                      const struct bl_alloc *alloc,
                                      struct recompute_progress *progress,
                                      baals_error *err)
{
    baals_slice key = {NULL, 0};
    baals_slice record;
    for (uint32_t flags = 0;; flags = BAALS_SEEK_EXCLUSIVE) {
        baals_status status = bl_view_seek(view, &key, &record, store, key, flags, err);
        if (status == BAALS_NOTFOUND)
            return BAALS_OK;
        BL_TRY(status);
        BL_TRY(recompute_add(leaves, alloc, key, record, err));
        recompute_count(progress);
    }
}

static int recompute_compare(const void *a, const void *b)
{
    const struct bl_leaf *left = a;
    const struct bl_leaf *right = b;
    return memcmp(left->key_hash.bytes, right->key_hash.bytes, 32);
}

static unsigned recompute_bit(const baals_hash *hash, unsigned depth)
{
    return hash->bytes[depth / 8] >> (7 - depth % 8) & 1u;
}

/* The rule word for word; distinct hashes part within 256 bits. */
static void recompute_subtree(baals_hash *out, /* NOLINT(misc-no-recursion) */
                              const struct bl_leaf *leaves,
                              size_t count,
                              unsigned depth)
{
    if (count == 0) {
        *out = bl_rules_empty;
        return;
    }
    if (count == 1) {
        bl_rules_leaf(out, &leaves[0].key_hash, &leaves[0].value_hash);
        return;
    }
    BL_ASSERT(depth < 256);
    size_t low = 0;
    for (size_t high = count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (recompute_bit(&leaves[middle].key_hash, depth) == 0)
            low = middle + 1;
        else
            high = middle;
    }
    baals_hash left;
    baals_hash right;
    recompute_subtree(&left, leaves, low, depth + 1);
    recompute_subtree(&right, leaves + low, count - low, depth + 1);
    bl_rules_inner(out, &left, &right);
}

void bl_recompute_root(baals_hash *out, struct bl_leaf *leaves, size_t count)
{
    if (count > 0)
        qsort(leaves, count, sizeof *leaves, recompute_compare);
    recompute_subtree(out, leaves, count, 0);
}

static baals_status recompute_store(baals_hash *out,
                                    struct bl_view *view,
                                    baals_space store,
                                    const struct bl_alloc *alloc,
                                    struct recompute_progress *progress,
                                    baals_error *err)
{
    struct recompute_leaves leaves = {NULL, 0, 0};
    baals_status status = recompute_collect(&leaves, view, store, alloc, progress, err);
    if (status == BAALS_OK)
        bl_recompute_root(out, leaves.items, leaves.count);
    bl_alloc_free(alloc, leaves.items, leaves.cap * sizeof *leaves.items);
    return status;
}

baals_status bl_state_recompute(struct bl_state_roots *out,
                                struct bl_view *view,
                                const struct bl_alloc *alloc,
                                void (*progress)(void *ctx, uint64_t records),
                                void *ctx,
                                baals_error *err)
{
    struct recompute_progress counted = {.report = progress, .ctx = ctx};
    struct bl_state_roots roots;
    for (unsigned store = 0; store < BL_STATE_STORES; store++) {
        baals_hash *root = &roots.stores[store];
        if (store == BAALS_SPACE_META)
            BL_TRY(bl_meta_root(root, view, NULL, 0, err));
        else
            BL_TRY(recompute_store(root, view, (baals_space)store, alloc, &counted, err));
    }
    bl_rules_state_root(&roots);
    if (progress != NULL)
        progress(ctx, counted.records);
    *out = roots;
    return BAALS_OK;
}
