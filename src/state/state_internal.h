/* SPDX-License-Identifier: MIT */
#ifndef BL_STATE_STATE_INTERNAL_H
#define BL_STATE_STATE_INTERNAL_H
/*
 * Inside the state module: the hashing rules of docs/spec/state.md (rules.c), the nodes of the
 * Jellyfish Merkle tree as they are stored (node.c), walks over the tree (tree.c) and the
 * simple-Merkle map of the store `meta` (meta.c). The tree in memory has a header of its own,
 * state/forest.h; what is inside an overlay, overlay_internal.h.
 */
#include "state/state.h"

/* ---- rules.c: hashes, as the specification gives them ---- */

#define BL_LEAF_PREFIX "JMT::LeafNode"
#define BL_INNER_PREFIX "JMT::IntrnalNode" /* so spelt in the rule */
#define BL_LEAF_PREFIX_LEN 13u
#define BL_INNER_PREFIX_LEN 16u
#define BL_INNER_MESSAGE_LEN (BL_INNER_PREFIX_LEN + 64u)
#define BL_LEAF_MESSAGE_LEN (BL_LEAF_PREFIX_LEN + 64u)

/* The root of a tree without leaves: 32 ASCII bytes, not hashed. */
extern const baals_hash bl_rules_empty;

void bl_rules_key_hash(baals_hash *out, baals_slice key);
/* Of the tree value 0x01 || record. */
void bl_rules_value_hash(baals_hash *out, baals_slice record);
void bl_rules_leaf(baals_hash *out, const baals_hash *key_hash, const baals_hash *value_hash);
void bl_rules_inner(baals_hash *out, const baals_hash *left, const baals_hash *right);

/* The item of a record in the simple-Merkle map of `meta` (types/types.h has the tree above it). */
#define BL_MAP_ITEM_MAX (2u + BL_KV_KEY_MAX + 1u + 32u)
baals_slice bl_rules_map_item(uint8_t out[BL_MAP_ITEM_MAX], baals_slice key, baals_slice record);

/* The stores in the order of their names, as the map of stores has them. */
extern const baals_space bl_rules_stores_by_name[BL_STATE_STORES];
/* The entries of the map of stores; they borrow from `stores`. */
void bl_rules_store_pairs(struct bl_merkle_pair out[BL_STATE_STORES],
                          const baals_hash stores[BL_STATE_STORES]);
/* Fills in roots->root. */
void bl_rules_state_root(struct bl_state_roots *roots);

/* ---- node.c: radix-16 nodes ---- */

#define BL_NIBBLES_MAX 64u /* of a key hash */
#define BL_NODE_KEY_MAX 34u
#define BL_NODE_BYTES_MAX (4u + 16u * 64u + 4u * 32u)

enum bl_slot_kind {
    BL_SLOT_EMPTY = 0, /* no leaf below */
    BL_SLOT_INNER = 1, /* two leaves or more: a node of its own, `hash` is its subtree's root */
    BL_SLOT_LEAF = 2,  /* exactly one leaf: `hash` is its key hash */
};
struct bl_slot {
    enum bl_slot_kind kind;
    baals_hash hash;
    baals_hash value_hash; /* LEAF only */
};
/* A node and the hashes of the binary subtrees inside it, numbered like a heap: 1 is the node's
 * root, i has the children 2i and 2i+1, 4..7 are the quarters, 16..31 the slots. `weight` is the
 * number of leaves below, counted to two. Hashes are read with bl_node_hash_at. */
struct bl_node {
    struct bl_slot slots[16];
    baals_hash hashes[32];
    uint8_t weights[32];
    uint32_t known; /* bit i: hashes[i] is up to date */
};

unsigned bl_node_nibble(const baals_hash *path, unsigned depth);
/* The key in BAALS_SPACE_NODES of the node whose path is the first `depth` nibbles of `path`. */
baals_slice bl_node_key(uint8_t out[BL_NODE_KEY_MAX],
                        baals_space store,
                        unsigned depth,
                        const baals_hash *path);
/* The slot of the lone leaf below a position of weight 1. */
unsigned bl_node_lone_slot(const struct bl_node *node, unsigned position);
/* The hash of a position, computed when it is not known. */
const baals_hash *bl_node_hash_at(struct bl_node *node, unsigned position);
/* Brings weights up to date and forgets hashes where the slots of the mask (bit i: slot i)
 * changed. */
void bl_node_changed(struct bl_node *node, uint32_t slots);
/* Checks the slots of the mask, and those beside them in their quarters, against the kept hashes.
 * CORRUPT_STATE. */
baals_status bl_node_check(struct bl_node *node, uint32_t slots, baals_error *err);
/* Writes the record; returns its length. At least two leaves lie below the node. */
size_t bl_node_encode(uint8_t out[BL_NODE_BYTES_MAX], struct bl_node *node);
/* Total: CORRUPT_STATE. The kept hashes are not checked. */
baals_status bl_node_decode(struct bl_node *out, baals_slice bytes, baals_error *err);
/* Reads the node whose root is `expected`; its slots have to be checked before they are used.
 * CORRUPT_STATE when it is missing, damaged or another one; IO, CORRUPT. */
baals_status bl_node_load(struct bl_node *out,
                          struct bl_view *view,
                          baals_space store,
                          unsigned depth,
                          const baals_hash *path,
                          const baals_hash *expected,
                          baals_error *err);

/* The root record of a store: a slot. Before genesis it is EMPTY; after, its absence is
 * CORRUPT_STATE. For `meta` an INNER slot holds the map's root. */
baals_status
bl_root_load(struct bl_slot *out, struct bl_view *view, baals_space store, baals_error *err);
#define BL_ROOT_BYTES_MAX 65u
size_t bl_root_encode(uint8_t out[BL_ROOT_BYTES_MAX], const struct bl_slot *slot);
/* The store root a slot stands for. */
void bl_root_hash(baals_hash *out, baals_space store, const struct bl_slot *slot);

/* ---- tree.c ---- */

/* Writes gathered in an arena. */
struct bl_writes {
    struct bl_arena *arena;
    baals_write *items;
    size_t count;
    size_t cap;
};
/* Copies the key, and the value when `copy_value`; a NULL value deletes. NOMEM. */
baals_status bl_writes_add(struct bl_writes *writes,
                           baals_space space,
                           baals_slice key,
                           const baals_slice *value,
                           bool copy_value,
                           baals_error *err);

/* The same without copies: key and value live as long as the writes. */
baals_status bl_writes_borrow(struct bl_writes *writes,
                              baals_space space,
                              baals_slice key,
                              const baals_slice *value,
                              baals_error *err);

/* One changed leaf; value hashes are of tree values. */
struct bl_leaf_change {
    baals_hash key_hash;
    baals_hash old_hash;
    baals_hash new_hash;
    bool has_old;
    bool has_new;
};

/* The way from a leaf up: siblings[0] is the lowest. */
struct bl_tree_path {
    struct bl_slot leaf;
    size_t count;
    baals_hash siblings[4u * BL_NIBBLES_MAX];
};
/* NOTFOUND when no leaf has this key hash. `path_out` may be NULL. CORRUPT_STATE, IO. */
baals_status bl_tree_find(struct bl_tree_path *path_out,
                          struct bl_view *view,
                          baals_space store,
                          const baals_hash *key_hash,
                          baals_error *err);
/* The nearest leaf before (after: direction 1) `key_hash`, which need not be there. NOTFOUND. */
baals_status bl_tree_neighbour(struct bl_slot *leaf_out,
                               struct bl_view *view,
                               baals_space store,
                               const baals_hash *key_hash,
                               unsigned direction,
                               baals_error *err);

/* ---- meta.c ---- */

/* Calls `each` with every record of the view's `meta`, in order of key, as it is after `changes`
 * (sorted, of this store alone; may be NULL). CORRUPT_STATE when an old value is not the view's;
 * IO, CORRUPT, and what `each` returns. */
baals_status bl_meta_each(struct bl_view *view,
                          const struct bl_change *changes,
                          size_t change_count,
                          baals_status (*each)(void *ctx, baals_slice key, baals_slice record),
                          void *ctx,
                          baals_error *err);
/* The root of the map after `changes`. */
baals_status bl_meta_root(baals_hash *out,
                          struct bl_view *view,
                          const struct bl_change *changes,
                          size_t change_count,
                          baals_error *err);
/* Recomputes the root from the view's records and compares it with the root record.
 * CORRUPT_STATE. */
baals_status bl_meta_check(struct bl_view *view, baals_error *err);

/* ---- recompute.c ---- */

struct bl_leaf {
    baals_hash key_hash;
    baals_hash value_hash;
};
/* Sorts the leaves, no key hash twice, and gives the root of a tree of them. */
void bl_recompute_root(baals_hash *out, struct bl_leaf *leaves, size_t count);

/* ---- proof.c ---- */

/* An ICS-23 ExistenceProof before it is encoded. */
struct bl_proof_part {
    bool is_map;   /* a simple-Merkle map; else a Jellyfish Merkle tree */
    bool prefixed; /* the value is 0x01 || value */
    baals_slice key;
    baals_slice value;
    size_t depth;
    struct bl_merkle_step steps[4u * BL_NIBBLES_MAX]; /* leaf first */
};
/* Fills in depth and steps from a path of the tree. */
void bl_proof_set_path(struct bl_proof_part *part, const struct bl_tree_path *path);
/* Appends a CommitmentProof of existence. */
void bl_proof_append_existence(struct bl_buffer *out, const struct bl_proof_part *part);
/* Appends a CommitmentProof of the absence of `key`; `left` or `right` may be NULL. */
void bl_proof_append_absence(struct bl_buffer *out,
                             baals_slice key,
                             const struct bl_proof_part *left,
                             const struct bl_proof_part *right);

#endif /* BL_STATE_STATE_INTERNAL_H */
