/* SPDX-License-Identifier: MIT */
/*
 * The ordered index of an overlay: an AVL tree of arena entries, never removed, each subtree
 * counting the entries at which a seek stops. A seek so passes any run of removed keys in
 * logarithmic time (overlay_internal.h says what a gap is).
 */
#include <string.h>

#include "state/overlay_internal.h"

/* From the root to an entry. */
struct ordered_path {
    struct bl_entry *entries[BL_ORDERED_HEIGHT_MAX];
    uint8_t sides[BL_ORDERED_HEIGHT_MAX]; /* which child was taken from entries[i] */
    size_t depth;
};

/* As bl_slice_compare of entry's key and key. */
static int ordered_compare(struct bl_ordered *index,
                           const struct bl_entry *entry,
                           uint64_t prefix,
                           baals_slice key)
{
    index->steps++;
    if (entry->prefix != prefix)
        return entry->prefix < prefix ? -1 : 1;
    return bl_slice_compare(entry->key, key);
}

static bool ordered_is_stop(const struct bl_entry *entry)
{
    return entry->has_value || entry->open_before || entry->open_after;
}

static unsigned ordered_height(const struct bl_entry *entry)
{
    return entry == NULL ? 0u : entry->height;
}

static uint32_t ordered_stops(const struct bl_entry *entry)
{
    return entry == NULL ? 0u : entry->stops;
}

static void ordered_update(struct bl_entry *entry)
{
    unsigned left = ordered_height(entry->child[0]);
    unsigned right = ordered_height(entry->child[1]);
    entry->height = (uint8_t)(1 + (left > right ? left : right));
    entry->stops = ordered_stops(entry->child[0]) + ordered_stops(entry->child[1]) +
                   (ordered_is_stop(entry) ? 1u : 0u);
}

/* Lifts the child on the other side of `side`; returns the subtree's new root. */
static struct bl_entry *ordered_rotate(struct bl_entry *entry, unsigned side)
{
    struct bl_entry *up = entry->child[1 - side];
    entry->child[1 - side] = up->child[side];
    up->child[side] = entry;
    ordered_update(entry);
    ordered_update(up);
    return up;
}

static struct bl_entry *ordered_balance(struct bl_entry *entry)
{
    ordered_update(entry);
    for (unsigned side = 0; side < 2; side++) {
        struct bl_entry *high = entry->child[side];
        if (ordered_height(high) <= ordered_height(entry->child[1 - side]) + 1)
            continue;
        if (ordered_height(high->child[side]) < ordered_height(high->child[1 - side]))
            entry->child[side] = ordered_rotate(high, side);
        return ordered_rotate(entry, 1 - side);
    }
    return entry;
}

/* The path to the entry with this key, or to where it would be added. True when it is there (the
 * last entry of the path). */
static bool ordered_descend(struct ordered_path *path, struct bl_ordered *index, baals_slice key)
{
    uint64_t prefix = bl_entry_prefix(key);
    path->depth = 0;
    for (struct bl_entry *entry = index->root; entry != NULL;) {
        BL_ASSERT(path->depth < BL_ORDERED_HEIGHT_MAX);
        int order = ordered_compare(index, entry, prefix, key);
        unsigned side = order < 0 ? 1u : 0u;
        path->entries[path->depth] = entry;
        path->sides[path->depth++] = (uint8_t)side;
        if (order == 0)
            return true;
        entry = entry->child[side];
    }
    return false;
}

void bl_ordered_init(struct bl_ordered *index)
{
    memset(index, 0, sizeof *index);
    index->head.open_after = true;
    ordered_update(&index->head);
    index->root = &index->head;
}

void bl_ordered_insert(struct bl_ordered *index, struct bl_entry *entry)
{
    struct ordered_path path;
    BL_ASSERT(entry->key.len > 0);
    bool present = ordered_descend(&path, index, entry->key);
    BL_ASSERT(!present);
    BL_ASSERT(path.depth > 0);
    const struct bl_entry *before = &index->head; /* before every key */
    for (size_t i = 0; i < path.depth; i++)
        before = path.sides[i] == 1 ? path.entries[i] : before;
    /* A part of an empty gap is empty, a part of an open one may have keys. */
    entry->open_before = before->open_after;
    entry->open_after = before->open_after;
    entry->prefix = bl_entry_prefix(entry->key);
    entry->child[0] = NULL;
    entry->child[1] = NULL;
    ordered_update(entry);
    struct bl_entry *subtree = entry;
    for (size_t i = path.depth; i-- > 0;) {
        path.entries[i]->child[path.sides[i]] = subtree;
        subtree = ordered_balance(path.entries[i]);
    }
    index->root = subtree;
}

void bl_ordered_refresh(struct bl_ordered *index, const struct bl_entry *entry)
{
    struct ordered_path path;
    bool present = ordered_descend(&path, index, entry->key);
    BL_ASSERT(present);
    for (size_t i = path.depth; i-- > 0;)
        ordered_update(path.entries[i]);
}

/* The entry nearest to `key` on one side (0: before, 1: after). */
static struct bl_entry *
ordered_nearest(struct bl_ordered *index, baals_slice key, unsigned side, bool inclusive)
{
    uint64_t prefix = bl_entry_prefix(key);
    struct bl_entry *best = NULL;
    for (struct bl_entry *entry = index->root; entry != NULL;) {
        int order = ordered_compare(index, entry, prefix, key);
        if (order == 0 && inclusive)
            return entry;
        bool on_side = side == 0 ? order < 0 : order > 0;
        best = on_side ? entry : best;
        entry = entry->child[on_side ? 1 - side : side];
    }
    return best;
}

struct bl_entry *bl_ordered_before(struct bl_ordered *index, baals_slice key, bool inclusive)
{
    struct bl_entry *entry = ordered_nearest(index, key, 0, inclusive);
    return entry == NULL ? &index->head : entry;
}

struct bl_entry *bl_ordered_after(struct bl_ordered *index, baals_slice key, bool inclusive)
{
    return ordered_nearest(index, key, 1, inclusive);
}

struct bl_entry *bl_ordered_last(struct bl_ordered *index)
{
    struct bl_entry *entry = index->root;
    while (entry->child[1] != NULL)
        entry = entry->child[1];
    return entry;
}

/* The stop of the subtree that is outermost on `side`; there is one. */
static struct bl_entry *
ordered_outer_stop(struct bl_ordered *index, struct bl_entry *entry, unsigned side)
{
    for (;;) {
        index->steps++;
        if (ordered_stops(entry->child[side]) > 0)
            entry = entry->child[side];
        else if (ordered_is_stop(entry))
            return entry;
        else
            entry = entry->child[1 - side];
    }
}

/* From `entry` on towards `side`: on the way back to the root, every entry left on the other side
 * comes next, then its subtree on `side`. */
static struct bl_entry *
ordered_stop(struct bl_ordered *index, const struct bl_entry *entry, unsigned side)
{
    struct ordered_path path;
    bool present = ordered_descend(&path, index, entry->key);
    BL_ASSERT(present);
    for (size_t i = path.depth; i-- > 0;) {
        struct bl_entry *at = path.entries[i];
        if (i + 1 < path.depth && path.sides[i] == side)
            continue;
        if (ordered_is_stop(at))
            return at;
        if (ordered_stops(at->child[side]) > 0)
            return ordered_outer_stop(index, at->child[side], 1 - side);
    }
    return NULL;
}

struct bl_entry *bl_ordered_stop_up(struct bl_ordered *index, const struct bl_entry *entry)
{
    return ordered_stop(index, entry, 1);
}

struct bl_entry *bl_ordered_stop_down(struct bl_ordered *index, const struct bl_entry *entry)
{
    return ordered_stop(index, entry, 0);
}

void bl_ordered_close_gap(struct bl_ordered *index, struct bl_entry *entry)
{
    if (!entry->open_after)
        return;
    struct bl_entry *next = bl_ordered_after(index, entry->key, false);
    entry->open_after = false;
    bl_ordered_refresh(index, entry);
    if (next != NULL) {
        next->open_before = false;
        bl_ordered_refresh(index, next);
    }
}
