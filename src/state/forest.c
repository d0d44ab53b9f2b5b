/* SPDX-License-Identifier: MIT */
/*
 * Versions of the trees in memory: making one, publishing it, giving it up.
 *
 * Published versions form one line, each made from the one before it. What a version replaced can
 * be reached from older ones alone, so it is freed when the last of those is gone. A version that
 * is given up before it was published (a block that was refused, a branch that was not taken) takes
 * the nodes made for it along.
 *
 * When the nodes take more than they may, the next commit begins a new pool and copies only what
 * the kv does not have yet; everything else is read again when it is needed. The old pool goes with
 * the last version in it.
 */
#include "state/forest.h"

#include <string.h>

/* Numbers taken at a time. */
#define FOREST_TAKE 128u
/* How long before they are written nodes are fetched into the CPU's cache. */
#define FOREST_AHEAD 8u

/* ---- counting ---- */

static void forest_free_numbers(struct bl_pool *pool, struct bl_node_numbers *numbers, bool give)
{
    if (give) {
        bl_slabs_give(&pool->inner, &numbers->inner);
        bl_slabs_give(&pool->leaves, &numbers->leaves);
    }
    bl_numbers_free(&numbers->inner, &pool->alloc);
    bl_numbers_free(&numbers->leaves, &pool->alloc);
}

/* Frees a version that nobody refers to. The lock is held. */
static void forest_free_trees(struct bl_trees *trees)
{
    struct bl_alloc alloc = trees->forest->alloc;
    forest_free_numbers(trees->pool, &trees->made, !trees->published);
    forest_free_numbers(trees->pool, &trees->replaced, trees->published);
    if (--trees->pool->versions == 0)
        bl_pool_free(trees->pool);
    bl_alloc_free(&alloc, trees, sizeof *trees);
}

/* Frees the oldest versions that are gone; each makes free what its successor replaced. The newest
 * published one stays: it has none yet. */
static void forest_drain(struct bl_forest *forest)
{
    while (forest->oldest != NULL && forest->oldest->refs == 0 && forest->oldest->newer != NULL) {
        struct bl_trees *gone = forest->oldest;
        forest->oldest = gone->newer;
        forest_free_numbers(forest->oldest->pool, &forest->oldest->replaced, true);
        /* Its own are free already: nothing older is left. */
        BL_ASSERT(gone->replaced.inner.count == 0 && gone->replaced.leaves.count == 0);
        forest_free_trees(gone);
    }
}

/* The lock is held. An unpublished version's end may be that of its bases. */
static void forest_release(struct bl_trees *trees)
{
    struct bl_forest *forest = trees->forest;
    while (trees != NULL) {
        BL_ASSERT(trees->refs > 0);
        if (--trees->refs > 0 || trees->published)
            break;
        struct bl_trees *base = trees->base;
        forest_free_trees(trees);
        trees = base;
    }
    forest_drain(forest);
}

void bl_trees_unref(struct bl_trees *trees)
{
    if (trees == NULL)
        return;
    struct bl_forest *forest = trees->forest;
    pthread_mutex_lock(&forest->lock);
    forest_release(trees);
    pthread_mutex_unlock(&forest->lock);
}

static struct bl_trees *forest_trees_of(struct bl_attachment *attachment)
{
    return BL_CONTAINER_OF(attachment, struct bl_trees, attachment);
}

static void forest_attachment_ref(struct bl_attachment *attachment)
{
    struct bl_trees *trees = forest_trees_of(attachment);
    pthread_mutex_lock(&trees->forest->lock);
    trees->refs++;
    pthread_mutex_unlock(&trees->forest->lock);
}

static void forest_attachment_unref(struct bl_attachment *attachment)
{
    bl_trees_unref(forest_trees_of(attachment));
}

/* ---- publishing ---- */

/* The lock is held. Recursion goes along the blocks of one change of branch. */
static void forest_publish(struct bl_trees *trees) /* NOLINT(misc-no-recursion) */
{
    struct bl_forest *forest = trees->forest;
    struct bl_trees *base = trees->base;
    if (trees->published)
        return;
    if (base != NULL)
        forest_publish(base);
    BL_ASSERT(base == NULL || base == forest->newest);
    trees->published = true;
    trees->base = NULL;
    forest_free_numbers(trees->pool, &trees->made, false);
    if (forest->newest == NULL)
        forest->oldest = trees;
    else
        forest->newest->newer = trees;
    forest->newest = trees;
    if (base != NULL)
        forest_release(base);
}

static void forest_attachment_publish(struct bl_attachment *attachment)
{
    struct bl_trees *trees = forest_trees_of(attachment);
    pthread_mutex_lock(&trees->forest->lock);
    forest_publish(trees);
    pthread_mutex_unlock(&trees->forest->lock);
}

static size_t forest_attachment_excess(const struct bl_attachment *attachment)
{
    const struct bl_trees *trees = (const struct bl_trees *)attachment;
    struct bl_forest *forest = trees->forest;
    pthread_mutex_lock(&forest->lock);
    uint64_t bytes = bl_pool_bytes(trees->pool);
    pthread_mutex_unlock(&forest->lock);
    return bytes > forest->bytes_max ? (size_t)(bytes - forest->bytes_max) : 0;
}

static const struct bl_attachment_ops forest_ops = {
    .ref = forest_attachment_ref,
    .unref = forest_attachment_unref,
    .publish = forest_attachment_publish,
    .collect = bl_trees_collect,
    .excess = forest_attachment_excess,
};

const struct bl_trees *bl_view_trees(const struct bl_view *view)
{
    struct bl_attachment *attachment = bl_view_attachment(view);
    if (attachment == NULL)
        return NULL;
    BL_ASSERT(attachment->ops == &forest_ops);
    return forest_trees_of(attachment);
}

/* ---- making ---- */

/* Takes over `pool` when it is new: then it goes with the failure. */
static baals_status forest_new_trees(struct bl_trees **out,
                                     struct bl_forest *forest,
                                     struct bl_pool *pool,
                                     baals_error *err)
{
    struct bl_trees *trees = NULL;
    if (pool != NULL)
        trees = bl_alloc_zero(&forest->alloc, 1, sizeof *trees);
    if (trees == NULL) {
        if (pool != NULL && pool->versions == 0)
            bl_pool_free(pool);
        return bl_fail(err, BAALS_NOMEM, "no memory for a version of the state tree");
    }
    trees->attachment.ops = &forest_ops;
    trees->forest = forest;
    trees->pool = pool;
    trees->refs = 1;
    for (unsigned i = 0; i < BL_TREES; i++)
        trees->roots[i].hash = bl_rules_empty;
    pthread_mutex_lock(&forest->lock);
    trees->attachment.serial = ++forest->serial_last;
    pool->versions++;
    pthread_mutex_unlock(&forest->lock);
    *out = trees;
    return BAALS_OK;
}

baals_status bl_trees_new(struct bl_trees **out, struct bl_trees *base, baals_error *err)
{
    struct bl_trees *trees = NULL;
    BL_TRY(forest_new_trees(&trees, base->forest, base->pool, err));
    memcpy(trees->roots, base->roots, sizeof trees->roots);
    trees->base = base;
    forest_attachment_ref(&base->attachment);
    *out = trees;
    return BAALS_OK;
}

/* ---- supplies ---- */

static baals_status supply_number(struct bl_supply *supply,
                                  struct bl_slabs *slabs,
                                  struct bl_numbers *spare,
                                  struct bl_numbers *made,
                                  uint32_t *number_out,
                                  baals_error *err)
{
    struct bl_pool *pool = supply->trees->pool;
    if (spare->count == 0) {
        pthread_mutex_lock(&supply->trees->forest->lock);
        baals_status status = bl_slabs_take(slabs, &pool->alloc, spare, FOREST_TAKE, err);
        pthread_mutex_unlock(&supply->trees->forest->lock);
        BL_TRY(status);
    }
    uint32_t number = spare->items[spare->count - 1];
    BL_TRY(bl_numbers_add(made, &pool->alloc, number, err));
    spare->count--;
    if (spare->count >= FOREST_AHEAD)
        bl_slabs_fetch(slabs, spare->items[spare->count - FOREST_AHEAD]);
    *number_out = number;
    return BAALS_OK;
}

baals_status bl_supply_inner(struct bl_supply *supply,
                             uint32_t *ref_out,
                             struct bl_inner **out,
                             baals_error *err)
{
    struct bl_pool *pool = supply->trees->pool;
    uint32_t number = 0;
    BL_TRY(supply_number(supply, &pool->inner, &supply->spare.inner, &supply->made.inner, &number,
                         err));
    *ref_out = bl_ref_make(BL_REF_INNER, number);
    *out = bl_pool_inner(pool, *ref_out);
    return BAALS_OK;
}

baals_status bl_supply_leaf(struct bl_supply *supply,
                            uint32_t *ref_out,
                            struct bl_pool_leaf **out,
                            baals_error *err)
{
    struct bl_pool *pool = supply->trees->pool;
    uint32_t number = 0;
    BL_TRY(supply_number(supply, &pool->leaves, &supply->spare.leaves, &supply->made.leaves,
                         &number, err));
    *ref_out = bl_ref_make(BL_REF_LEAF, number);
    *out = bl_pool_leaf(pool, *ref_out);
    return BAALS_OK;
}

baals_status bl_supply_end(struct bl_supply *supply, baals_status status, baals_error *err)
{
    struct bl_trees *trees = supply->trees;
    const struct bl_alloc *alloc = &trees->pool->alloc;
    if (supply->made.inner.cap + supply->made.leaves.cap + supply->spare.inner.cap +
            supply->spare.leaves.cap ==
        0)
        return status;
    pthread_mutex_lock(&trees->forest->lock);
    if (status == BAALS_OK)
        status = bl_numbers_add_all(&trees->made.inner, alloc, &supply->made.inner, err);
    if (status == BAALS_OK) {
        supply->made.inner.count = 0;
        status = bl_numbers_add_all(&trees->made.leaves, alloc, &supply->made.leaves, err);
    }
    if (status == BAALS_OK)
        supply->made.leaves.count = 0;
    forest_free_numbers(trees->pool, &supply->made, true);
    forest_free_numbers(trees->pool, &supply->spare, true);
    pthread_mutex_unlock(&trees->forest->lock);
    return status;
}

/* ---- the version to begin with ---- */

void bl_child_slot(struct bl_slot *out, const struct bl_pool *pool, const struct bl_child *child)
{
    memset(out, 0, sizeof *out);
    switch (bl_ref_kind(child->ref)) {
    case BL_REF_EMPTY:
        out->kind = BL_SLOT_EMPTY;
        break;
    case BL_REF_LEAF:
        out->kind = BL_SLOT_LEAF;
        out->hash = bl_pool_leaf(pool, child->ref)->key_hash;
        out->value_hash = bl_pool_leaf(pool, child->ref)->value_hash;
        break;
    case BL_REF_INNER:
    case BL_REF_STORED:
        out->kind = BL_SLOT_INNER;
        out->hash = child->hash;
        break;
    }
}

/* The root a store's record names. */
static baals_status forest_stored_root(struct bl_supply *supply,
                                       struct bl_view *view,
                                       baals_space store,
                                       baals_error *err)
{
    struct bl_child *root = &supply->trees->roots[store];
    struct bl_pool_leaf *leaf = NULL;
    struct bl_slot slot;
    BL_TRY(bl_root_load(&slot, view, store, err));
    if (slot.kind == BL_SLOT_INNER) {
        *root = (struct bl_child){bl_ref_make(BL_REF_STORED, 0), slot.hash};
    } else if (slot.kind == BL_SLOT_LEAF) {
        BL_TRY(bl_supply_leaf(supply, &root->ref, &leaf, err));
        leaf->key_hash = slot.hash;
        leaf->value_hash = slot.value_hash;
        bl_rules_leaf(&root->hash, &slot.hash, &slot.value_hash);
    }
    return BAALS_OK;
}

static baals_status forest_from_view(struct bl_trees **out,
                                     struct bl_forest *forest,
                                     struct bl_view *view,
                                     baals_error *err)
{
    struct bl_trees *trees = NULL;
    BL_TRY(forest_new_trees(&trees, forest, bl_pool_new(&forest->alloc), err));
    struct bl_supply supply = {.trees = trees};
    baals_status status = BAALS_OK;
    for (unsigned i = 0; status == BAALS_OK && i < BL_TREES; i++)
        status = forest_stored_root(&supply, view, (baals_space)i, err);
    status = bl_supply_end(&supply, status, err);
    if (status != BAALS_OK) {
        bl_trees_unref(trees);
        return status;
    }
    *out = trees;
    return BAALS_OK;
}

/* Copies a subtree as far as a kv of the serial `since` does not have it. Recursion goes down one
 * bit of a key hash each time. */
static baals_status forest_copy(struct bl_supply *supply, /* NOLINT(misc-no-recursion) */
                                struct bl_child *child,
                                const struct bl_pool *from,
                                unsigned depth,
                                uint64_t since,
                                baals_error *err)
{
    struct bl_inner *inner = NULL;
    struct bl_pool_leaf *leaf = NULL;
    uint32_t ref = child->ref;
    if (bl_ref_kind(ref) == BL_REF_LEAF) {
        BL_TRY(bl_supply_leaf(supply, &child->ref, &leaf, err));
        *leaf = *bl_pool_leaf(from, ref);
        return BAALS_OK;
    }
    if (bl_ref_kind(ref) != BL_REF_INNER)
        return BAALS_OK;
    const struct bl_inner *old = bl_pool_inner(from, ref);
    if (old->serial <= since && depth % 4 == 0) {
        child->ref = bl_ref_make(BL_REF_STORED, 0);
        return BAALS_OK;
    }
    BL_TRY(bl_supply_inner(supply, &child->ref, &inner, err));
    *inner = *old;
    for (unsigned side = 0; side < 2; side++) {
        struct bl_child below = bl_inner_child(old, side);
        BL_TRY(forest_copy(supply, &below, from, depth + 1, since, err));
        inner->refs[side] = below.ref;
    }
    return BAALS_OK;
}

/* The same version in a pool of its own, without what the view's kv has. */
static baals_status
forest_compact(struct bl_trees **out, struct bl_trees *full, uint64_t kv_serial, baals_error *err)
{
    struct bl_trees *trees = NULL;
    BL_TRY(forest_new_trees(&trees, full->forest, bl_pool_new(&full->forest->alloc), err));
    trees->pool->kv_serial = kv_serial;
    struct bl_supply supply = {.trees = trees};
    baals_status status = BAALS_OK;
    for (unsigned i = 0; status == BAALS_OK && i < BL_TREES; i++) {
        trees->roots[i] = full->roots[i];
        status = forest_copy(&supply, &trees->roots[i], full->pool, 0, kv_serial, err);
    }
    status = bl_supply_end(&supply, status, err);
    if (status != BAALS_OK) {
        bl_trees_unref(trees);
        return status;
    }
    trees->base = full;
    forest_attachment_ref(&full->attachment);
    *out = trees;
    return BAALS_OK;
}

baals_status bl_forest_base(struct bl_trees **out,
                            struct bl_forest *forest,
                            struct bl_view *view,
                            baals_error *err)
{
    struct bl_attachment *attachment = bl_view_attachment(view);
    if (attachment == NULL)
        return forest_from_view(out, forest, view, err);
    struct bl_trees *trees = forest_trees_of(attachment);
    uint64_t kv_serial = bl_view_kv_serial(view);
    pthread_mutex_lock(&forest->lock);
    bool full =
        bl_pool_bytes(trees->pool) > forest->bytes_max && kv_serial > trees->pool->kv_serial;
    trees->refs++;
    pthread_mutex_unlock(&forest->lock);
    if (!full) {
        *out = trees;
        return BAALS_OK;
    }
    baals_status status = forest_compact(out, trees, kv_serial, err);
    bl_trees_unref(trees);
    return status;
}

/* ---- lifecycle ---- */

baals_status bl_forest_new(struct bl_forest **out,
                           const struct bl_alloc *alloc,
                           struct bl_workers *workers,
                           uint64_t bytes_max,
                           baals_error *err)
{
    struct bl_forest *forest = bl_alloc_zero(alloc, 1, sizeof *forest);
    if (forest == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the state tree");
    forest->alloc = *alloc;
    forest->workers = workers;
    forest->bytes_max = bytes_max;
    if (pthread_mutex_init(&forest->lock, NULL) != 0) {
        bl_alloc_free(alloc, forest, sizeof *forest);
        return bl_fail(err, BAALS_NOMEM, "no memory for a lock");
    }
    *out = forest;
    return BAALS_OK;
}

void bl_forest_free(struct bl_forest *forest)
{
    if (forest == NULL)
        return;
    struct bl_alloc alloc = forest->alloc;
    bl_trees_unref(forest->latest);
    if (forest->oldest != NULL) {
        BL_ASSERT(forest->oldest == forest->newest && forest->oldest->refs == 0);
        forest_free_trees(forest->oldest);
    }
    pthread_mutex_destroy(&forest->lock);
    bl_alloc_free(&alloc, forest, sizeof *forest);
}
