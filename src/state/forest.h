/* SPDX-License-Identifier: MIT */
#ifndef BL_STATE_FOREST_H
#define BL_STATE_FOREST_H
/*
 * The state's trees in memory (docs/internals/state_tree.md): the binary Jellyfish Merkle trees of
 * the stores accounts, code and storage, as far as they were needed since the chain was opened.
 *
 *   bl_forest   one per chain: what its versions share
 *   bl_trees    one version of the three trees: the roots of one state; immutable, counted
 *   bl_pool     the nodes of many versions, found by number
 *
 * A commit copies the nodes on the way to what changed (copy on write) and shares all others with
 * the version before. So readers walk a version without a lock while the next one is made, and
 * giving a version up leaves nothing to undo. A child that was never needed is *stored*: it stands
 * in the kv as a record of node.c, unchanged since a checkpoint that the view's snapshot has.
 *
 * Every node carries the serial of the commit that made it. A commit makes all nodes above a change
 * anew, so a node with an old serial has nothing newer below it: that is how a checkpoint finds
 * what to write, and how clean nodes are given up when memory is short.
 *
 * Threads: one writer commits; readers walk versions they hold; anybody releases versions.
 */
#include <pthread.h>

#include "state/state_internal.h"

#define BL_TREES 3u /* stores with a tree: the first three of enum baals_space */

/* ---- pool.c ---- */

/* A reference to a subtree: its kind in the low two bits, above them a number in the pool. */
enum bl_ref_kind {
    BL_REF_EMPTY = 0,  /* no leaf */
    BL_REF_LEAF = 1,   /* one leaf */
    BL_REF_INNER = 2,  /* two leaves or more, in the pool */
    BL_REF_STORED = 3, /* two leaves or more, in the kv; only at depths of whole nibbles */
};
/* A subtree as its parent sees it. */
struct bl_child {
    uint32_t ref;
    baals_hash hash; /* its root; bl_rules_empty when it is empty */
};
struct bl_inner {
    baals_hash hashes[2];
    uint32_t refs[2];
    uint64_t serial; /* of the commit that made it; 0: read from the kv */
};
struct bl_pool_leaf {
    baals_hash key_hash;
    baals_hash value_hash;
};

/* Numbers of nodes, of one kind. */
struct bl_numbers {
    uint32_t *items;
    size_t count;
    size_t cap;
};
/* Nodes of one kind. Slab i has room for BL_SLAB_FIRST << i of them, so a number is found with
 * shifts and no slab ever moves. */
#define BL_SLAB_FIRST 1024u
#define BL_SLABS 20u
struct bl_slabs {
    size_t item_size;
    uint8_t *slabs[BL_SLABS];    /* where the nodes begin: at a cache line, */
    void *slab_memory[BL_SLABS]; /* in this memory */
    uint32_t next;               /* never given out yet */
    struct bl_numbers unused;
    size_t used; /* nodes in use */
};
/* Counted by the versions in it; everything but reading nodes happens under the forest's lock. */
struct bl_pool {
    struct bl_alloc alloc;
    struct bl_slabs inner;
    struct bl_slabs leaves;
    size_t versions;
    uint64_t kv_serial; /* of the view when the pool was made: what a further one could gain by */
};

static inline enum bl_ref_kind bl_ref_kind(uint32_t ref)
{
    return (enum bl_ref_kind)(ref & 3u);
}

static inline uint32_t bl_ref_make(enum bl_ref_kind kind, uint32_t number)
{
    return number << 2 | (uint32_t)kind;
}

static inline void *bl_slabs_at(const struct bl_slabs *slabs, uint32_t number)
{
    uint32_t place = number + BL_SLAB_FIRST;
    uint32_t slab = 31u - (uint32_t)__builtin_clz(place);
    size_t index = place - (1u << slab);
    return slabs->slabs[slab - 10] + index * slabs->item_size;
}

/* Asks the CPU for a node that will be written. */
static inline void bl_slabs_fetch(const struct bl_slabs *slabs, uint32_t number)
{
    const char *item = bl_slabs_at(slabs, number);
    __builtin_prefetch(item, 1);
    __builtin_prefetch(item + slabs->item_size - 1, 1);
}

static inline struct bl_inner *bl_pool_inner(const struct bl_pool *pool, uint32_t ref)
{
    return bl_slabs_at(&pool->inner, ref >> 2);
}

static inline struct bl_pool_leaf *bl_pool_leaf(const struct bl_pool *pool, uint32_t ref)
{
    return bl_slabs_at(&pool->leaves, ref >> 2);
}

static inline struct bl_child bl_inner_child(const struct bl_inner *node, unsigned side)
{
    struct bl_child child = {node->refs[side], node->hashes[side]};
    return child;
}

static inline unsigned bl_hash_bit(const baals_hash *hash, unsigned depth)
{
    return hash->bytes[depth / 8] >> (7 - depth % 8) & 1u;
}

static inline void bl_hash_set_bit(baals_hash *hash, unsigned depth, unsigned bit)
{
    uint8_t mask = (uint8_t)(0x80u >> depth % 8);
    uint8_t *byte = &hash->bytes[depth / 8];
    *byte = bit != 0 ? (uint8_t)(*byte | mask) : (uint8_t)(*byte & ~mask);
}

/* NULL when there is no memory. */
struct bl_pool *bl_pool_new(const struct bl_alloc *alloc);
void bl_pool_free(struct bl_pool *pool);
/* What its nodes take. */
uint64_t bl_pool_bytes(const struct bl_pool *pool);
/* Appends `count` numbers of nodes nobody uses. NOMEM: none is. */
baals_status bl_slabs_take(struct bl_slabs *slabs,
                           const struct bl_alloc *alloc,
                           struct bl_numbers *out,
                           size_t count,
                           baals_error *err);
/* Gives the numbers back and empties the list; keeps its memory. Cannot fail: room was made when
 * they were taken. */
void bl_slabs_give(struct bl_slabs *slabs, struct bl_numbers *numbers);
/* NOMEM. */
baals_status bl_numbers_add(struct bl_numbers *numbers,
                            const struct bl_alloc *alloc,
                            uint32_t number,
                            baals_error *err);
baals_status bl_numbers_add_all(struct bl_numbers *numbers,
                                const struct bl_alloc *alloc,
                                const struct bl_numbers *more,
                                baals_error *err);
void bl_numbers_free(struct bl_numbers *numbers, const struct bl_alloc *alloc);

/* ---- forest.c ---- */

/* Inner nodes and leaves. */
struct bl_node_numbers {
    struct bl_numbers inner;
    struct bl_numbers leaves;
};

/*
 * A version. Before it is published it holds its base; the nodes made for it are freed with it when
 * it is given up. Published versions stand in the forest's list, the oldest first: what a version
 * replaced is freed when all older ones are gone.
 */
struct bl_trees {
    struct bl_attachment attachment; /* first */
    struct bl_forest *forest;
    struct bl_pool *pool;
    struct bl_trees *base; /* while not published */
    struct bl_trees *newer;
    size_t refs; /* under the forest's lock */
    bool published;
    struct bl_child roots[BL_TREES];
    struct bl_node_numbers made;     /* until it is published */
    struct bl_node_numbers replaced; /* nodes of older versions that are not in this one */
};

struct bl_forest {
    struct bl_alloc alloc;
    struct bl_workers *workers; /* may be NULL */
    uint64_t bytes_max;
    uint64_t serial_last;
    pthread_mutex_t lock;
    struct bl_trees *oldest; /* published, and their successors */
    struct bl_trees *newest;
    struct bl_trees *latest; /* what bl_state_commit made last, for its caller */
};

/* A reference to a version with the view's roots, to build the next one on. The pool has few clean
 * nodes when memory is short. NOMEM, CORRUPT_STATE, IO. */
baals_status bl_forest_base(struct bl_trees **out,
                            struct bl_forest *forest,
                            struct bl_view *view,
                            baals_error *err);
/* A version like `base`, one reference, ready to be changed. NOMEM. */
baals_status bl_trees_new(struct bl_trees **out, struct bl_trees *base, baals_error *err);
void bl_trees_unref(struct bl_trees *trees); /* NULL is ignored */
/* The version a view shows; NULL: it has only what is stored. Borrowed. */
const struct bl_trees *bl_view_trees(const struct bl_view *view);
/* A subtree as a slot of node.c. */
void bl_child_slot(struct bl_slot *out, const struct bl_pool *pool, const struct bl_child *child);
/* Nodes for a writer: taken many at a time, since taking needs the forest's lock. What was taken
 * and not used is given back with the rest. */
struct bl_supply {
    struct bl_trees *trees;
    struct bl_node_numbers spare;
    struct bl_node_numbers made;
};
/* A new node and its reference. NOMEM. */
baals_status bl_supply_inner(struct bl_supply *supply,
                             uint32_t *ref_out,
                             struct bl_inner **out,
                             baals_error *err);
baals_status bl_supply_leaf(struct bl_supply *supply,
                            uint32_t *ref_out,
                            struct bl_pool_leaf **out,
                            baals_error *err);
/* Ends it: what was made becomes the version's, or is given back when `failed` or out of memory.
 * Returns `status`, or NOMEM. */
baals_status bl_supply_end(struct bl_supply *supply, baals_status status, baals_error *err);

/* ---- collect.c ---- */

/* bl_attachment_ops.collect */
baals_status bl_trees_collect(const struct bl_attachment *attachment,
                              uint64_t since,
                              struct bl_arena *arena,
                              baals_write **writes_out,
                              size_t *count_out,
                              baals_error *err);

/* ---- update.c ---- */

/* Applies `changes` (any order, no key hash twice) to the tree of `store` of a version that is
 * being made, and adds to `writes` the removals of records whose nodes are gone. CORRUPT_STATE when
 * the tree does not have an old leaf as given; NOMEM, IO, CORRUPT. */
baals_status bl_trees_update(struct bl_trees *trees,
                             baals_space store,
                             struct bl_writes *writes,
                             struct bl_view *view,
                             const struct bl_leaf_change *changes,
                             size_t count,
                             baals_error *err);

#endif /* BL_STATE_FOREST_H */
