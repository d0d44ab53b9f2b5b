/* SPDX-License-Identifier: MIT */
#ifndef BL_STATE_OVERLAY_INTERNAL_H
#define BL_STATE_OVERLAY_INTERNAL_H
/*
 * Inside an overlay: the entries of one space, found by a hash (entries.c), and their order, which
 * is kept once somebody asks for it (ordered.c).
 */
#include "state/state.h"

/*
 * A key the overlay knows. `base` is the view's value, `value` the newest one.
 *
 * The gap between an entry and the next one is open while the view may have keys in it that are not
 * in the index, and closed once it is known to have none. The view does not change and entries are
 * never taken out, so a closed gap stays closed, also over rollbacks. A seek stops only at entries
 * that are live or border on an open gap.
 */
struct bl_entry {
    baals_slice key;
    baals_slice value;
    uint64_t saved; /* serial of the checkpoint in which the value was last put by */
    uint32_t hash;
    bool has_base;
    bool has_value; /* live */
    /* Of the order: set by bl_ordered_insert. */
    bool open_before;
    bool open_after;
    uint8_t height;
    uint32_t stops;  /* entries of this subtree at which a seek stops */
    uint64_t prefix; /* the first eight bytes of the key, zero-padded: decides most comparisons */
    struct bl_entry *child[2];
    struct bl_entry *older; /* the entry of the space that was made before this one */
    baals_slice base;
};

/* ---- entries.c: the entries of one space ---- */

struct bl_entry_slot {
    struct bl_entry *entry; /* NULL: free */
    uint32_t hash;
};
struct bl_entries {
    struct bl_entry_slot *slots; /* in the arena; NULL before the first entry */
    unsigned bits;               /* 2^bits slots */
    size_t count;
    struct bl_entry *newest;
};

/* The entry of `key`, whose hash is `hash`; NULL when there is none. */
struct bl_entry *bl_entries_find(const struct bl_entries *entries, uint32_t hash, baals_slice key);
/* Fetches the place where bl_entries_find begins. */
void bl_entries_prefetch(const struct bl_entries *entries, uint32_t hash);
/* A new entry with a copy of `key`, which has none; everything else of it is zero. NULL when there
 * is no memory. */
struct bl_entry *
bl_entries_add(struct bl_entries *entries, struct bl_arena *arena, uint32_t hash, baals_slice key);

/* An entry on its way into the order of keys. */
struct bl_entry_ref {
    uint64_t prefix; /* as bl_entry's */
    const struct bl_entry *entry;
};
uint64_t bl_entry_prefix(baals_slice key);
/* Sorts by key, no key twice; `scratch` has room for as many. */
void bl_entries_sort(struct bl_entry_ref *refs, struct bl_entry_ref *scratch, size_t count);

/* ---- ordered.c: the order of the entries of one space ---- */

struct bl_ordered {
    struct bl_entry *root;
    struct bl_entry head; /* before all keys; never live */
    uint64_t steps;       /* entries looked at: the work counted in tests */
};
#define BL_ORDERED_HEIGHT_MAX 64u

void bl_ordered_init(struct bl_ordered *index);
/* `entry` has its key and value set, and stands nowhere yet. */
void bl_ordered_insert(struct bl_ordered *index, struct bl_entry *entry);
/* The last entry < key, or <= key; the head when there is none. */
struct bl_entry *bl_ordered_before(struct bl_ordered *index, baals_slice key, bool inclusive);
/* The first entry > key, or >= key; NULL when there is none. */
struct bl_entry *bl_ordered_after(struct bl_ordered *index, baals_slice key, bool inclusive);
/* The last entry; the head when there is none. */
struct bl_entry *bl_ordered_last(struct bl_ordered *index);
/* The nearest entry from `entry` on, itself included, at which a seek stops; NULL when there is
 * none. */
struct bl_entry *bl_ordered_stop_up(struct bl_ordered *index, const struct bl_entry *entry);
struct bl_entry *bl_ordered_stop_down(struct bl_ordered *index, const struct bl_entry *entry);
/* Records that the view has no further key between `entry` and the next one. */
void bl_ordered_close_gap(struct bl_ordered *index, struct bl_entry *entry);
/* Counts again after has_value of an entry changed. */
void bl_ordered_refresh(struct bl_ordered *index, const struct bl_entry *entry);

/* Index entries looked at and seeks made in the view so far. */
uint64_t bl_overlay_work(const struct bl_overlay *overlay);

#endif /* BL_STATE_OVERLAY_INTERNAL_H */
