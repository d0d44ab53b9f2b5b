/* SPDX-License-Identifier: MIT */
#ifndef BL_STATE_STATE_H
#define BL_STATE_STATE_H
/*
 * World state (docs/spec/state.md): four stores (accounts, code, storage, meta), read through a
 * view, changed through an overlay, committed as a write set whose roots the state tree computes.
 *
 *   view --> overlay (one block, nested checkpoints) --> write set --> bl_state_commit --> layer,
 * root
 *
 * The first four values of enum baals_space are the stores. Besides them an overlay carries modules
 * (BAALS_SPACE_MODULES), which lie outside the tree under their own hash.
 *
 * Threads: an overlay belongs to one thread. Everything read borrows from the overlay's arena or
 * view.
 */
#include "storage/storage.h"
#include "types/types.h"

#define BL_STATE_STORES 4u

/* "accounts", "code", "storage" or "meta". */
const char *bl_state_store_name(baals_space store);

/* ---- overlay ---- */

struct bl_overlay;
struct bl_record_cache; /* state/record_cache.h */

/* Lives in `arena`; nothing is freed before the arena is. NOMEM. */
baals_status bl_overlay_new(struct bl_overlay **out,
                            struct bl_arena *arena,
                            struct bl_view *view,
                            baals_error *err);

/* Lets the overlay read accounts through the cache, which it binds to its view's state first; not
 * when that has none, as with layers pushed on the view. NULL is ignored. */
void bl_overlay_use_records(struct bl_overlay *overlay, struct bl_record_cache *records);
/* Fetches memory that reading this account will touch: a hint, some transactions ahead. */
void bl_overlay_prefetch(const struct bl_overlay *overlay, const baals_address *account);

/* The newest value. A miss in the view's flat records is confirmed by walking the state tree.
 * NOTFOUND; CORRUPT, IO. */
baals_status bl_overlay_get(struct bl_overlay *overlay,
                            baals_slice *value_out,
                            baals_space space,
                            baals_slice key,
                            baals_error *err);
/* Copies key and value into the arena. */
baals_status bl_overlay_put(struct bl_overlay *overlay,
                            baals_space space,
                            baals_slice key,
                            baals_slice value,
                            baals_error *err);
/* Removing what is not there is allowed and changes nothing. */
baals_status
bl_overlay_delete(struct bl_overlay *overlay, baals_space space, baals_slice key, baals_error *err);
/* The next key (flags as BAALS_SEEK_*), with the changes of the overlay; runs of removed keys cost
 * no more than logarithmic work each. NOTFOUND: none. */
baals_status bl_overlay_seek(struct bl_overlay *overlay,
                             baals_slice *key_out,
                             baals_slice *value_out,
                             baals_space space,
                             baals_slice key,
                             uint32_t flags,
                             baals_error *err);

/* Puts the sentinel record into every store, so that absence is always provable. Genesis does it
 * before anything else. */
baals_status bl_state_put_sentinels(struct bl_overlay *overlay, baals_error *err);

/* Nested checkpoints: every _checkpoint is ended by exactly one _release (keep) or _rollback
 * (undo), innermost first; the number it returns names it in assertions. */
uint32_t bl_overlay_checkpoint(struct bl_overlay *overlay);
void bl_overlay_release(struct bl_overlay *overlay, uint32_t checkpoint);
void bl_overlay_rollback(struct bl_overlay *overlay, uint32_t checkpoint);

/* ---- write sets ---- */

/* One changed record. has_old/has_new 0: absent before/after. Records whose old and new value are
 * the same do not stand in a write set. */
struct bl_change {
    baals_space space; /* a store, or BAALS_SPACE_MODULES (only ever added) */
    bool has_old;
    bool has_new;
    baals_slice key;
    baals_slice old_value;
    baals_slice new_value;
};
/* Sorted by (space, key), no key twice. */
struct bl_write_set {
    const struct bl_change *changes;
    size_t count;
};

/* All changes of the overlay against its view, borrowing from its arena and view. No checkpoint may
 * be open. NOMEM. */
baals_status
bl_overlay_write_set(struct bl_overlay *overlay, struct bl_write_set *out, baals_error *err);
/* Canonical bytes (docs/internals/state_tree.md), and back with a total decoder. The decoded set
 * borrows from `bytes` and the arena. CORRUPT_JOURNAL. */
void bl_write_set_encode(struct bl_buffer *out, const struct bl_write_set *set);
baals_status bl_write_set_decode(struct bl_write_set *out,
                                 struct bl_arena *arena,
                                 baals_slice bytes,
                                 baals_error *err);
/* Old and new exchanged: applying it undoes the block. */
baals_status bl_write_set_invert(struct bl_write_set *out,
                                 struct bl_arena *arena,
                                 const struct bl_write_set *set,
                                 baals_error *err);

/* ---- roots ---- */

/* The roots a state has. */
struct bl_state_roots {
    baals_hash stores[BL_STATE_STORES]; /* by enum baals_space */
    baals_hash root;                    /* the map {store name -> store root} */
};

/* Roots of the view's state as its root records say. Walks trust these records and nothing below
 * them: whoever opens a chain compares `root` with the state_root of the tip's header.
 * CORRUPT_STATE. */
baals_status bl_state_roots(struct bl_state_roots *out, struct bl_view *view, baals_error *err);

/* The trees of the newest states in memory, as far as they were needed
 * (docs/internals/state_tree.md, section 4). One per store; one thread at a time commits. */
struct bl_forest;
struct bl_workers;
/* `bytes_max` is what nodes may take before those that the kv has are given up, and read again when
 * needed. `workers` (may be NULL) outlive the forest and share out large commits. NOMEM. */
baals_status bl_forest_new(struct bl_forest **out,
                           const struct bl_alloc *alloc,
                           struct bl_workers *workers,
                           uint64_t bytes_max,
                           baals_error *err);
/* The store is closed and every layer with an attachment released. NULL is ignored. */
void bl_forest_free(struct bl_forest *forest);

/* What a write set makes of a state. */
struct bl_committed {
    struct bl_state_roots roots;
    baals_write *writes; /* in the arena; values may be those of the write set */
    size_t count;
    struct bl_attachment *attachment; /* for the layer; borrowed until the forest's next commit */
};
/* Applies `set` to the view's state. The layer that leads to the new state has out->writes (flat
 * records, modules, preimages, roots, removed tree nodes; the caller may add index entries) and
 * out->attachment: without it the tree's nodes would be lost. CORRUPT_STATE when an old value or a
 * node does not fit the tree. */
baals_status bl_state_commit(struct bl_committed *out,
                             struct bl_forest *forest,
                             struct bl_view *view,
                             const struct bl_write_set *set,
                             struct bl_arena *arena,
                             baals_error *err);
/* Recomputes all roots from the view's flat records alone, not looking at tree nodes. `progress`
 * may be NULL. */
baals_status bl_state_recompute(struct bl_state_roots *out,
                                struct bl_view *view,
                                const struct bl_alloc *alloc,
                                void (*progress)(void *ctx, uint64_t records),
                                void *ctx,
                                baals_error *err);

/* Reads through the tree: confirms absence of a key whose flat record is missing. OK: absent;
 * CORRUPT_STATE: the tree has it. */
baals_status
bl_state_confirm_absent(struct bl_view *view, baals_space store, baals_slice key, baals_error *err);

/* ---- proofs (ICS-23, docs/spec/state.md) ---- */

/* Appends the encoded two-step proof of existence or absence of (store, key) against the state root
 * of the view. *value_out borrows from the view; *exists_out says which it is. */
baals_status bl_state_prove(struct bl_buffer *proof_out,
                            baals_slice *value_out,
                            bool *exists_out,
                            struct bl_view *view,
                            baals_space store,
                            baals_slice key,
                            baals_error *err);

#endif /* BL_STATE_STATE_H */
