/* SPDX-License-Identifier: MIT */
/*
 * The entries of one space of an overlay: a table of pointers with linear probing under the store's
 * keyed hash, so that nobody can choose keys that crowd together, doubled before it is three
 * quarters full. Entries are never taken out. Order is made when a write set needs it: by the first
 * eight bytes in counting passes, and by comparison where these are equal.
 */
#include <string.h>

#include "state/overlay_internal.h"

#define ENTRIES_BITS_MIN 5u
/* Counting passes cost more than comparisons below. */
#define ENTRIES_FEW 96u

/* ---- finding ---- */

static size_t entries_place(const struct bl_entries *entries, uint32_t hash)
{
    return hash >> (32u - entries->bits);
}

struct bl_entry *bl_entries_find(const struct bl_entries *entries, uint32_t hash, baals_slice key)
{
    if (entries->slots == NULL)
        return NULL;
    size_t mask = ((size_t)1 << entries->bits) - 1;
    for (size_t i = entries_place(entries, hash);; i = (i + 1) & mask) {
        const struct bl_entry_slot *slot = &entries->slots[i];
        if (slot->entry == NULL)
            return NULL;
        if (slot->hash == hash && bl_slice_equal(slot->entry->key, key))
            return slot->entry;
    }
}

void bl_entries_prefetch(const struct bl_entries *entries, uint32_t hash)
{
    if (entries->slots != NULL)
        __builtin_prefetch(&entries->slots[entries_place(entries, hash)]);
}

static void entries_place_slot(struct bl_entries *entries, struct bl_entry_slot slot)
{
    size_t mask = ((size_t)1 << entries->bits) - 1;
    size_t i = entries_place(entries, slot.hash);
    while (entries->slots[i].entry != NULL)
        i = (i + 1) & mask;
    entries->slots[i] = slot;
}

/* Makes room for one entry more; false when there is no memory. */
static bool entries_grow(struct bl_entries *entries, struct bl_arena *arena)
{
    size_t room = entries->slots == NULL ? 0 : (size_t)1 << entries->bits;
    if (entries->count + 1 <= room / 4 * 3)
        return true;
    struct bl_entries grown = *entries;
    grown.bits = entries->slots == NULL ? ENTRIES_BITS_MIN : entries->bits + 1;
    BL_ASSERT(grown.bits <= 32);
    grown.slots = bl_arena_zero(arena, (size_t)1 << grown.bits, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < room; i++) {
        if (entries->slots[i].entry != NULL)
            entries_place_slot(&grown, entries->slots[i]);
    }
    *entries = grown;
    return true;
}

struct bl_entry *
bl_entries_add(struct bl_entries *entries, struct bl_arena *arena, uint32_t hash, baals_slice key)
{
    if (!entries_grow(entries, arena))
        return NULL;
    struct bl_entry *entry = bl_arena_alloc(arena, sizeof *entry + key.len);
    if (entry == NULL)
        return NULL;
    memset(entry, 0, sizeof *entry);
    uint8_t *copy = (uint8_t *)(entry + 1);
    memcpy(copy, key.data, key.len);
    entry->key = bl_slice(copy, key.len);
    entry->hash = hash;
    entry->older = entries->newest;
    entries->newest = entry;
    entries->count++;
    entries_place_slot(entries, (struct bl_entry_slot){entry, hash});
    return entry;
}

/* ---- sorting ---- */

uint64_t bl_entry_prefix(baals_slice key)
{
    uint8_t bytes[8] = {0};
    if (key.len > 0)
        memcpy(bytes, key.data, key.len < 8 ? key.len : 8);
    return bl_load_u64be(bytes);
}

static bool entries_in_order(const struct bl_entry_ref *a, const struct bl_entry_ref *b)
{
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix;
    return bl_slice_compare(a->entry->key, b->entry->key) < 0;
}

/* Merges two sorted parts of `refs`, the first `left` and the rest, by way of `scratch`. */
static void
entries_merge(struct bl_entry_ref *refs, struct bl_entry_ref *scratch, size_t left, size_t count)
{
    if (entries_in_order(&refs[left - 1], &refs[left]))
        return;
    memcpy(scratch, refs, left * sizeof *refs);
    size_t i = 0;
    size_t j = left;
    for (size_t at = 0; i < left; at++) {
        bool take_right = j < count && !entries_in_order(&scratch[i], &refs[j]);
        refs[at] = take_right ? refs[j++] : scratch[i++];
    }
}

/* By comparison, bottom up: runs of 1, 2, 4 ... are merged. */
static void entries_sort_few(struct bl_entry_ref *refs, struct bl_entry_ref *scratch, size_t count)
{
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t begin = 0; count - begin > run; begin += 2 * run) {
            size_t left = count - begin;
            entries_merge(refs + begin, scratch, run, left < 2 * run ? left : 2 * run);
            if (left <= 2 * run)
                break;
        }
    }
}

/* Orders by one byte of the prefix, keeping the order of equal ones. False when all have the same:
 * then nothing was moved. */
static bool
entries_pass(struct bl_entry_ref *to, const struct bl_entry_ref *from, size_t count, unsigned shift)
{
    size_t places[257] = {0};
    for (size_t i = 0; i < count; i++)
        places[1 + (from[i].prefix >> shift & 0xff)]++;
    if (places[1 + (from[0].prefix >> shift & 0xff)] == count)
        return false;
    for (size_t i = 1; i < 257; i++)
        places[i] += places[i - 1];
    for (size_t i = 0; i < count; i++)
        to[places[from[i].prefix >> shift & 0xff]++] = from[i];
    return true;
}

void bl_entries_sort(struct bl_entry_ref *refs, struct bl_entry_ref *scratch, size_t count)
{
    if (count < ENTRIES_FEW) {
        entries_sort_few(refs, scratch, count);
        return;
    }
    struct bl_entry_ref *from = refs;
    struct bl_entry_ref *to = scratch;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        if (!entries_pass(to, from, count, shift))
            continue;
        struct bl_entry_ref *moved = to;
        to = from;
        from = moved;
    }
    if (from != refs)
        memcpy(refs, scratch, count * sizeof *refs);
    for (size_t begin = 0; begin < count;) {
        size_t end = begin + 1;
        while (end < count && refs[end].prefix == refs[begin].prefix)
            end++;
        entries_sort_few(refs + begin, scratch, end - begin);
        begin = end;
    }
}
