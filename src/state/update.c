/* SPDX-License-Identifier: MIT */
/*
 * The next version of a tree: all changed leaves of a block at once. They are sorted by key hash,
 * and the update goes down only where they lie, making each node above them anew, and hashes every
 * node once, from the bottom up. The shape depends on the live leaves alone: a subtree of one leaf
 * is that leaf in its parent's place, a subtree of none is empty.
 *
 * Two things make it fast. Below the first four levels the tree falls into sixteen parts that have
 * nothing in common, so threads share them out. And nodes far down are in no CPU cache: some
 * changes at a time first walk down together, each step asking for all their next nodes at once, so
 * that one wait for memory serves them all.
 */
#include "state/forest.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/workers.h"
#include "crypto/crypto.h"

#define UPDATE_BITS 256u /* of a key hash */
#define UPDATE_PARTS 16u
#define UPDATE_PART_DEPTH 4u
/* Fewer changes are not worth waking threads. */
#define UPDATE_SHARED_MIN 256u
/* Changes that walk down together. */
#define UPDATE_TOGETHER 16u

/* A change and the first bits of its key hash, which decide nearly every comparison. */
struct update_change {
    uint64_t prefix;
    const struct bl_leaf_change *leaf;
};

/* A record of node.c whose node is gone. */
struct update_gone {
    struct update_gone *next;
    unsigned depth; /* nibbles */
    baals_hash path;
};

/* What one thread works on: a whole update, or one of its parts. */
struct update_part {
    struct update *update;
    struct bl_supply supply;
    struct bl_node_numbers replaced;
    struct update_gone *gone;
    struct update_change *changes;
    size_t count;
    struct bl_child child; /* the part's subtree, before and after */
    bool done;
    baals_status status;
    baals_error err;
};

struct update {
    struct bl_trees *trees;
    struct bl_view *view;
    baals_space store;
    pthread_mutex_t lock;      /* of the view, while parts run */
    struct update_part *parts; /* by nibble; NULL: no parts */
};

/* ---- reading what is stored ---- */

static baals_status update_read(struct update *update,
                                struct bl_node *out,
                                unsigned depth,
                                const struct bl_child *child,
                                const baals_hash *path,
                                baals_error *err)
{
    pthread_mutex_lock(&update->lock);
    baals_status status =
        bl_node_load(out, update->view, update->store, depth / 4, path, &child->hash, err);
    pthread_mutex_unlock(&update->lock);
    BL_TRY(status);
    return bl_node_check(out, 0xffffu, err);
}

/* The subtree at a position of a node, numbered like a heap, as nodes of the pool. Recursion goes
 * down at most four levels. */
static baals_status update_take_in(struct bl_supply *supply, /* NOLINT(misc-no-recursion) */
                                   struct bl_child *out,
                                   struct bl_node *node,
                                   unsigned position,
                                   baals_error *err)
{
    struct bl_inner *inner = NULL;
    struct bl_pool_leaf *leaf = NULL;
    out->hash = *bl_node_hash_at(node, position);
    if (node->weights[position] == 0) {
        out->ref = BL_REF_EMPTY;
        return BAALS_OK;
    }
    if (node->weights[position] == 1) {
        const struct bl_slot *slot = &node->slots[bl_node_lone_slot(node, position)];
        BL_TRY(bl_supply_leaf(supply, &out->ref, &leaf, err));
        leaf->key_hash = slot->hash;
        leaf->value_hash = slot->value_hash;
        return BAALS_OK;
    }
    if (position >= 16) {
        out->ref = bl_ref_make(BL_REF_STORED, 0);
        return BAALS_OK;
    }
    BL_TRY(bl_supply_inner(supply, &out->ref, &inner, err));
    inner->serial = 0;
    for (unsigned side = 0; side < 2; side++) {
        struct bl_child below;
        BL_TRY(update_take_in(supply, &below, node, 2 * position + side, err));
        inner->hashes[side] = below.hash;
        inner->refs[side] = below.ref;
    }
    return BAALS_OK;
}

/* Turns a stored child into nodes of the pool. They belong to the version being made; the one
 * before goes on reading them where they are stored. */
static baals_status update_load(struct update_part *part,
                                struct bl_child *child,
                                unsigned depth,
                                const baals_hash *path,
                                baals_error *err)
{
    struct bl_node node;
    BL_ASSERT(depth % 4 == 0);
    BL_TRY(update_read(part->update, &node, depth, child, path, err));
    return update_take_in(&part->supply, child, &node, 1, err);
}

/* ---- changing ---- */

/* Some changes that lie below one node, in order. */
struct update_range {
    const struct update_change *changes;
    size_t count;
};

/* What stands below a node that is being made. Its hash is that of the first 80 bytes. */
struct update_frame {
    uint8_t prefix[BL_INNER_PREFIX_LEN];
    baals_hash hashes[2];
    uint32_t refs[2];
};
_Static_assert(offsetof(struct update_frame, refs) == BL_INNER_MESSAGE_LEN,
               "the message of a hash");

static void update_put(struct update_frame *frame, unsigned side, struct bl_child child)
{
    frame->hashes[side] = child.hash;
    frame->refs[side] = child.ref;
}

static struct bl_child update_get(const struct update_frame *frame, unsigned side)
{
    return (struct bl_child){frame->refs[side], frame->hashes[side]};
}

/* One change where there is no other leaf than its own. */
static baals_status update_leaf(struct update_part *part,
                                struct update_frame *frame,
                                unsigned side,
                                const struct bl_leaf_change *change,
                                baals_error *err)
{
    struct bl_pool *pool = part->update->trees->pool;
    struct bl_pool_leaf *leaf = NULL;
    uint32_t ref = frame->refs[side];
    bool has_old = bl_ref_kind(ref) == BL_REF_LEAF;
    if (has_old && !change->has_old)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a record read as absent is in the state tree");
    if (!has_old && change->has_old)
        return bl_fail(err, BAALS_CORRUPT_STATE, "a record that was read is not in the state tree");
    if (has_old) {
        if (!bl_hash_equal(&bl_pool_leaf(pool, ref)->value_hash, &change->old_hash))
            return bl_fail(err, BAALS_CORRUPT_STATE, "a record is not the one in the state tree");
        BL_TRY(bl_numbers_add(&part->replaced.leaves, &pool->alloc, ref >> 2, err));
    }
    if (!change->has_new) {
        update_put(frame, side, (struct bl_child){BL_REF_EMPTY, bl_rules_empty});
        return BAALS_OK;
    }
    BL_TRY(bl_supply_leaf(&part->supply, &frame->refs[side], &leaf, err));
    leaf->key_hash = change->key_hash;
    leaf->value_hash = change->new_hash;
    /* Not from the leaf, whose memory may be in no cache yet. */
    bl_rules_leaf(&frame->hashes[side], &change->key_hash, &change->new_hash);
    return BAALS_OK;
}

/* The two subtrees below one side of `frame`: an inner node's, or those a lone leaf parts into. */
static baals_status update_open(struct update_part *part,
                                struct update_frame *below,
                                struct update_frame *frame,
                                unsigned side,
                                unsigned depth,
                                const baals_hash *path,
                                baals_error *err)
{
    const struct bl_pool *pool = part->update->trees->pool;
    memcpy(below->prefix, BL_INNER_PREFIX, BL_INNER_PREFIX_LEN);
    if (bl_ref_kind(frame->refs[side]) == BL_REF_STORED) {
        struct bl_child child = update_get(frame, side);
        BL_TRY(update_load(part, &child, depth, path, err));
        update_put(frame, side, child);
    }
    uint32_t ref = frame->refs[side];
    if (bl_ref_kind(ref) == BL_REF_INNER) {
        const struct bl_inner *node = bl_pool_inner(pool, ref);
        memcpy(below->hashes, node->hashes, sizeof below->hashes);
        memcpy(below->refs, node->refs, sizeof below->refs);
        return BAALS_OK;
    }
    update_put(below, 0, (struct bl_child){BL_REF_EMPTY, bl_rules_empty});
    update_put(below, 1, (struct bl_child){BL_REF_EMPTY, bl_rules_empty});
    if (bl_ref_kind(ref) == BL_REF_LEAF)
        update_put(below, bl_hash_bit(&bl_pool_leaf(pool, ref)->key_hash, depth),
                   update_get(frame, side));
    return BAALS_OK;
}

static baals_status
update_note_gone(struct update_part *part, unsigned depth, const baals_hash *path, baals_error *err)
{
    struct update_gone *gone = bl_alloc_zero(&part->update->trees->forest->alloc, 1, sizeof *gone);
    if (gone == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a removed tree node");
    *gone = (struct update_gone){part->gone, depth, *path};
    part->gone = gone;
    return BAALS_OK;
}

/* Puts together what became of the two subtrees below one side of `frame`. */
static baals_status update_close(struct update_part *part,
                                 struct update_frame *frame,
                                 unsigned side,
                                 const struct update_frame *below,
                                 unsigned depth,
                                 const baals_hash *path,
                                 baals_error *err)
{
    struct bl_trees *trees = part->update->trees;
    struct bl_inner *node = NULL;
    uint32_t ref = frame->refs[side];
    bool was_inner = bl_ref_kind(ref) == BL_REF_INNER;
    if (was_inner)
        BL_TRY(bl_numbers_add(&part->replaced.inner, &trees->pool->alloc, ref >> 2, err));
    for (unsigned i = 0; i < 2; i++) {
        if (bl_ref_kind(below->refs[i]) != BL_REF_EMPTY ||
            bl_ref_kind(below->refs[1 - i]) > BL_REF_LEAF)
            continue;
        update_put(frame, side, update_get(below, 1 - i));
        return was_inner && depth % 4 == 0 ? update_note_gone(part, depth / 4, path, err)
                                           : BAALS_OK;
    }
    BL_TRY(bl_supply_inner(&part->supply, &frame->refs[side], &node, err));
    memcpy(node->hashes, below->hashes, sizeof node->hashes);
    memcpy(node->refs, below->refs, sizeof node->refs);
    node->serial = trees->attachment.serial;
    bl_sha256(&frame->hashes[side], bl_slice((const uint8_t *)below, BL_INNER_MESSAGE_LEN));
    return BAALS_OK;
}

static unsigned update_bit(const struct update_change *change, unsigned depth)
{
    return depth < 64 ? change->prefix >> (63 - depth) & 1u
                      : bl_hash_bit(&change->leaf->key_hash, depth);
}

/* Asks the CPU for the nodes on the way from `ref` down to some changes. */
static void
update_fetch(const struct bl_pool *pool, uint32_t ref, struct update_range range, unsigned depth)
{
    uint32_t refs[UPDATE_TOGETHER];
    bool going = true;
    for (size_t i = 0; i < range.count; i++)
        refs[i] = ref;
    for (; going && depth < 64; depth++) {
        going = false;
        for (size_t i = 0; i < range.count; i++) {
            if (bl_ref_kind(refs[i]) != BL_REF_INNER)
                continue;
            refs[i] = bl_pool_inner(pool, refs[i])->refs[update_bit(&range.changes[i], depth)];
            if (bl_ref_kind(refs[i]) == BL_REF_INNER) {
                const char *node = (const char *)bl_pool_inner(pool, refs[i]);
                __builtin_prefetch(node);
                __builtin_prefetch(node + 64);
                going = true;
            } else if (bl_ref_kind(refs[i]) == BL_REF_LEAF) {
                __builtin_prefetch(bl_pool_leaf(pool, refs[i]));
            }
        }
    }
}

/* Takes over a part that was worked on beforehand, at the depth of parts. */
static bool update_done(const struct update_part *part,
                        struct update_frame *frame,
                        unsigned side,
                        struct update_range range)
{
    if (part->update->parts == NULL)
        return false;
    const struct update_part *done = &part->update->parts[range.changes[0].prefix >> 60];
    if (done == part || !done->done)
        return false;
    update_put(frame, side, done->child);
    return true;
}

static bool
update_is_alone(const struct bl_pool *pool, uint32_t ref, const struct bl_leaf_change *change)
{
    return bl_ref_kind(ref) == BL_REF_EMPTY ||
           (bl_ref_kind(ref) == BL_REF_LEAF &&
            bl_hash_equal(&bl_pool_leaf(pool, ref)->key_hash, &change->key_hash));
}

/* Changes what stands on one side of `frame`, at `depth`. Recursion goes down one bit of a key hash
 * each time. */
static baals_status update_side(struct update_part *part, /* NOLINT(misc-no-recursion) */
                                struct update_frame *frame,
                                unsigned side,
                                unsigned depth,
                                struct update_range range,
                                baals_error *err)
{
    const struct bl_pool *pool = part->update->trees->pool;
    const struct bl_leaf_change *first = range.changes[0].leaf;
    struct update_frame below;
    if (depth == UPDATE_PART_DEPTH && update_done(part, frame, side, range))
        return BAALS_OK;
    if (range.count == 1 && update_is_alone(pool, frame->refs[side], first))
        return update_leaf(part, frame, side, first, err);
    if (depth == UPDATE_BITS)
        return bl_fail(err, BAALS_CORRUPT_STATE, "the state tree is deeper than a key hash");
    BL_TRY(update_open(part, &below, frame, side, depth, &first->key_hash, err));
    size_t low = 0;
    while (low < range.count && update_bit(&range.changes[low], depth) == 0)
        low++;
    const struct update_range ranges[2] = {{range.changes, low},
                                           {range.changes + low, range.count - low}};
    for (unsigned i = 0; i < 2; i++) {
        if (range.count > UPDATE_TOGETHER && ranges[i].count <= UPDATE_TOGETHER)
            update_fetch(pool, below.refs[i], ranges[i], depth + 1);
        if (ranges[i].count > 0)
            BL_TRY(update_side(part, &below, i, depth + 1, ranges[i], err));
    }
    return update_close(part, frame, side, &below, depth, &first->key_hash, err);
}

/* The tree or the part of it whose root `child` is. */
static baals_status update_root(struct update_part *part, unsigned depth, baals_error *err)
{
    struct update_frame frame;
    update_put(&frame, 0, part->child);
    BL_TRY(update_side(part, &frame, 0, depth, (struct update_range){part->changes, part->count},
                       err));
    part->child = update_get(&frame, 0);
    return BAALS_OK;
}

/* ---- sorting ---- */

static int update_compare(const void *a, const void *b)
{
    const struct update_change *left = a;
    const struct update_change *right = b;
    if (left->prefix != right->prefix)
        return left->prefix < right->prefix ? -1 : 1;
    return memcmp(left->leaf->key_hash.bytes, right->leaf->key_hash.bytes, 32);
}

static void update_sort(struct update_change *changes, size_t count)
{
    qsort(changes, count, sizeof *changes, update_compare);
    for (size_t i = 1; i < count; i++)
        BL_ASSERT(update_compare(&changes[i - 1], &changes[i]) < 0);
}

/* References to the changes, those of each part together and the parts in order; starts[i] is where
 * part i begins. */
static void update_distribute(struct update_change *out,
                              size_t starts[UPDATE_PARTS + 1],
                              const struct bl_leaf_change *changes,
                              size_t count)
{
    size_t next[UPDATE_PARTS];
    memset(starts, 0, (UPDATE_PARTS + 1) * sizeof *starts);
    for (size_t i = 0; i < count; i++)
        starts[(changes[i].key_hash.bytes[0] >> 4) + 1]++;
    for (unsigned i = 0; i < UPDATE_PARTS; i++)
        starts[i + 1] += starts[i];
    memcpy(next, starts, sizeof next);
    for (size_t i = 0; i < count; i++) {
        const struct bl_leaf_change *leaf = &changes[i];
        out[next[leaf->key_hash.bytes[0] >> 4]++] =
            (struct update_change){bl_load_u64be(leaf->key_hash.bytes), leaf};
    }
}

/* ---- parts ---- */

static void update_run_part(void *ctx, size_t index)
{
    struct update *update = ctx;
    struct update_part *part = &update->parts[index];
    if (part->count == 0)
        return;
    update_sort(part->changes, part->count);
    if (bl_ref_kind(part->child.ref) < BL_REF_INNER)
        return;
    part->status = update_root(part, UPDATE_PART_DEPTH, &part->err);
    part->done = part->status == BAALS_OK;
}

/* The subtree of a part; a leaf or nothing when the tree does not go down so far. */
static struct bl_child
update_part_child(const struct bl_pool *pool, struct bl_child child, unsigned nibble)
{
    for (unsigned depth = 0; depth < UPDATE_PART_DEPTH; depth++) {
        if (bl_ref_kind(child.ref) != BL_REF_INNER)
            return child;
        child = bl_inner_child(bl_pool_inner(pool, child.ref), nibble >> (3 - depth) & 1u);
    }
    return child;
}

static void update_share(struct update *update,
                         struct update_part *parts,
                         const struct bl_child *root,
                         struct update_change *changes,
                         const size_t starts[UPDATE_PARTS + 1],
                         size_t count)
{
    const struct bl_trees *trees = update->trees;
    update->parts = parts;
    for (unsigned i = 0; i < UPDATE_PARTS; i++) {
        struct update_part *part = &parts[i];
        part->changes = changes + starts[i];
        part->count = starts[i + 1] - starts[i];
        part->child = update_part_child(trees->pool, *root, i);
    }
    bl_workers_run(count < UPDATE_SHARED_MIN ? NULL : trees->forest->workers, update_run_part,
                   update, UPDATE_PARTS);
}

/* Hands over what a part made, replaced and removed; frees its lists. */
static baals_status update_end_part(struct update_part *part,
                                    struct bl_writes *writes,
                                    baals_status status,
                                    baals_error *err)
{
    const struct update *update = part->update;
    struct bl_trees *trees = update->trees;
    const struct bl_alloc *alloc = &trees->forest->alloc;
    status = bl_supply_end(&part->supply, status, err);
    if (status == BAALS_OK)
        status = bl_numbers_add_all(&trees->replaced.inner, alloc, &part->replaced.inner, err);
    if (status == BAALS_OK)
        status = bl_numbers_add_all(&trees->replaced.leaves, alloc, &part->replaced.leaves, err);
    while (part->gone != NULL) {
        struct update_gone *gone = part->gone;
        uint8_t key[BL_NODE_KEY_MAX];
        part->gone = gone->next;
        if (status == BAALS_OK)
            status = bl_writes_add(writes, BAALS_SPACE_NODES,
                                   bl_node_key(key, update->store, gone->depth, &gone->path), NULL,
                                   false, err);
        bl_alloc_free(alloc, gone, sizeof *gone);
    }
    bl_numbers_free(&part->replaced.inner, alloc);
    bl_numbers_free(&part->replaced.leaves, alloc);
    return status;
}

static baals_status update_run(struct update *update,
                               struct update_part *top,
                               struct update_part *parts,
                               struct update_change *ordered,
                               const struct bl_leaf_change *changes,
                               baals_error *err)
{
    size_t starts[UPDATE_PARTS + 1];
    top->changes = ordered;
    update_distribute(ordered, starts, changes, top->count);
    if (bl_ref_kind(top->child.ref) == BL_REF_STORED)
        BL_TRY(update_load(top, &top->child, 0, &changes[0].key_hash, err));
    if (top->count <= UPDATE_TOGETHER)
        update_fetch(update->trees->pool, top->child.ref,
                     (struct update_range){ordered, top->count}, 0);
    update_share(update, parts, &top->child, ordered, starts, top->count);
    for (unsigned i = 0; i < UPDATE_PARTS; i++) {
        if (parts[i].status != BAALS_OK)
            return bl_fail(err, parts[i].status, "%s", parts[i].err.message);
    }
    return update_root(top, 0, err);
}

baals_status bl_trees_update(struct bl_trees *trees,
                             baals_space store,
                             struct bl_writes *writes,
                             struct bl_view *view,
                             const struct bl_leaf_change *changes,
                             size_t count,
                             baals_error *err)
{
    BL_ASSERT((unsigned)store < BL_TREES);
    if (count == 0)
        return BAALS_OK;
    struct update_part parts[UPDATE_PARTS + 1]; /* the last one: above and beside the parts */
    struct update update = {.trees = trees, .view = view, .store = store};
    struct update_change *ordered = bl_arena_alloc(writes->arena, count * sizeof *ordered);
    if (ordered == NULL || pthread_mutex_init(&update.lock, NULL) != 0)
        return bl_fail(err, BAALS_NOMEM, "no memory for %zu changed leaves", count);
    memset(parts, 0, sizeof parts);
    for (unsigned i = 0; i <= UPDATE_PARTS; i++) {
        parts[i].update = &update;
        parts[i].supply.trees = trees;
    }
    struct update_part *top = &parts[UPDATE_PARTS];
    top->child = trees->roots[store];
    top->count = count;
    baals_status status = update_run(&update, top, parts, ordered, changes, err);
    for (unsigned i = 0; i <= UPDATE_PARTS; i++)
        status = update_end_part(&parts[i], writes, status, err);
    if (status == BAALS_OK)
        trees->roots[store] = top->child;
    pthread_mutex_destroy(&update.lock);
    return status;
}
