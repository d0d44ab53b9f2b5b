/* SPDX-License-Identifier: MIT */
/*
 * The overlay of one block: every key that was read or written, by space, with the view's value and
 * the newest one. Checkpoints put old values by in an undo log; a rollback takes them back in
 * reverse. Entries stay, so what was learnt about the view is never lost. Their order is kept from
 * the first seek in a space on: most spaces of most blocks see none.
 */
#include <string.h>

#include "state/overlay_internal.h"
#include "state/record_cache.h"

#define OVERLAY_SPACES (BL_STATE_STORES + 1u) /* the stores and the modules */
/* Calls nest at most BL_CALL_DEPTH_MAX deep and take few checkpoints each. */
#define OVERLAY_CHECKPOINTS_MAX 256u
/* Entries of a write set are fetched this many before they are read. */
#define OVERLAY_AHEAD 8u

struct overlay_undo {
    struct bl_entry *entry;
    baals_space space;
    bool has_value;
    baals_slice value;
};

struct overlay_space {
    struct bl_entries entries;
    bool is_ordered; /* `order` has all entries */
    struct bl_ordered order;
};

struct bl_overlay {
    struct bl_arena *arena;
    struct bl_view *view;
    const struct bl_hash_key *hash_key;
    struct bl_record_cache *records; /* of the view's state, or NULL */
    struct overlay_space spaces[OVERLAY_SPACES];
    struct overlay_undo *undo;
    size_t undo_count;
    size_t undo_cap;
    uint64_t serial; /* of the innermost checkpoint; never used twice */
    uint64_t serial_last;
    uint32_t depth;
    struct {
        size_t undo_count;
        uint64_t outer_serial;
    } checkpoints[OVERLAY_CHECKPOINTS_MAX];
    uint64_t view_seeks;
};

baals_status bl_overlay_new(struct bl_overlay **out,
                            struct bl_arena *arena,
                            struct bl_view *view,
                            baals_error *err)
{
    struct bl_overlay *overlay = bl_arena_zero(arena, 1, sizeof *overlay);
    if (overlay == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for an overlay");
    overlay->arena = arena;
    overlay->view = view;
    overlay->hash_key = bl_view_hash_key(view);
    for (size_t i = 0; i < OVERLAY_SPACES; i++)
        bl_ordered_init(&overlay->spaces[i].order);
    *out = overlay;
    return BAALS_OK;
}

void bl_overlay_use_records(struct bl_overlay *overlay, struct bl_record_cache *records)
{
    if (records != NULL && bl_record_cache_bind(records, overlay->view))
        overlay->records = records;
}

void bl_overlay_prefetch(const struct bl_overlay *overlay, const baals_address *account)
{
    uint32_t hash =
        bl_hash_key_of(overlay->hash_key, bl_slice(account->bytes, sizeof account->bytes));
    bl_entries_prefetch(&overlay->spaces[BAALS_SPACE_ACCOUNTS].entries, hash);
    if (overlay->records != NULL)
        bl_record_cache_prefetch(overlay->records, hash);
}

uint64_t bl_overlay_work(const struct bl_overlay *overlay)
{
    uint64_t work = overlay->view_seeks;
    for (size_t i = 0; i < OVERLAY_SPACES; i++)
        work += overlay->spaces[i].order.steps;
    return work;
}

static struct overlay_space *overlay_space(struct bl_overlay *overlay, baals_space space)
{
    BL_ASSERT((unsigned)space < OVERLAY_SPACES);
    return &overlay->spaces[space];
}

/* The order of a space's entries. Before it is made every gap is open, so making it late changes
 * nothing that a seek learns. */
static struct bl_ordered *overlay_order(struct bl_overlay *overlay, baals_space space)
{
    struct overlay_space *s = overlay_space(overlay, space);
    if (!s->is_ordered) {
        for (struct bl_entry *entry = s->entries.newest; entry != NULL; entry = entry->older)
            bl_ordered_insert(&s->order, entry);
        s->is_ordered = true;
    }
    return &s->order;
}

/* ---- single keys ---- */

/* What the view has under a key; *has_out is false when it is certain to have nothing. */
static baals_status overlay_read_view(struct bl_overlay *overlay,
                                      baals_slice *base_out,
                                      bool *has_out,
                                      baals_space space,
                                      baals_slice key,
                                      baals_error *err)
{
    baals_status status = bl_view_get(overlay->view, base_out, space, key, err);
    if (status == BAALS_NOTFOUND && space != BAALS_SPACE_MODULES)
        BL_TRY(bl_state_confirm_absent(overlay->view, space, key, err));
    else if (status != BAALS_OK && status != BAALS_NOTFOUND)
        return status;
    *has_out = status == BAALS_OK;
    return BAALS_OK;
}

/* The same for an account, by way of the record cache, which learns what it did not know. */
static baals_status overlay_read_account(struct bl_overlay *overlay,
                                         baals_slice *base_out,
                                         bool *has_out,
                                         uint32_t hash,
                                         baals_slice key,
                                         baals_error *err)
{
    baals_slice record = {NULL, 0};
    switch (bl_record_cache_get(overlay->records, &record, hash, key)) {
    case BL_RECORD_ABSENT:
        *has_out = false;
        return BAALS_OK;
    case BL_RECORD_PRESENT:
        if (!bl_arena_copy(base_out, overlay->arena, record))
            return bl_fail(err, BAALS_NOMEM, "no memory for a record of the overlay");
        *has_out = true;
        return BAALS_OK;
    case BL_RECORD_UNKNOWN:
        break;
    }
    BL_TRY(overlay_read_view(overlay, base_out, has_out, BAALS_SPACE_ACCOUNTS, key, err));
    bl_record_cache_put(overlay->records, hash, key, *has_out ? base_out : NULL);
    return BAALS_OK;
}

/* The entry of a key, made from the view when the overlay does not know it yet. */
static baals_status overlay_load(struct bl_overlay *overlay,
                                 struct bl_entry **out,
                                 baals_space space,
                                 baals_slice key,
                                 baals_error *err)
{
    BL_ASSERT(key.len > 0 && key.len <= BL_KV_KEY_MAX);
    struct overlay_space *s = overlay_space(overlay, space);
    uint32_t hash = bl_hash_key_of(overlay->hash_key, key);
    struct bl_entry *entry = bl_entries_find(&s->entries, hash, key);
    if (entry != NULL) {
        *out = entry;
        return BAALS_OK;
    }
    baals_slice base = {NULL, 0};
    bool has = false;
    if (space == BAALS_SPACE_ACCOUNTS && overlay->records != NULL)
        BL_TRY(overlay_read_account(overlay, &base, &has, hash, key, err));
    else
        BL_TRY(overlay_read_view(overlay, &base, &has, space, key, err));
    entry = bl_entries_add(&s->entries, overlay->arena, hash, key);
    if (entry == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a record of the overlay");
    entry->has_base = has;
    entry->has_value = has;
    entry->base = base;
    entry->value = base;
    if (s->is_ordered)
        bl_ordered_insert(&s->order, entry);
    *out = entry;
    return BAALS_OK;
}

/* Puts the entry's value by, once per checkpoint. */
static baals_status overlay_save(struct bl_overlay *overlay,
                                 struct bl_entry *entry,
                                 baals_space space,
                                 baals_error *err)
{
    if (overlay->depth == 0 || entry->saved == overlay->serial)
        return BAALS_OK;
    if (overlay->undo_count == overlay->undo_cap) {
        size_t cap = overlay->undo_cap == 0 ? 256 : overlay->undo_cap * 2;
        struct overlay_undo *undo = bl_arena_zero(overlay->arena, cap, sizeof *undo);
        if (undo == NULL)
            return bl_fail(err, BAALS_NOMEM, "no memory for %zu undo entries", cap);
        if (overlay->undo_count > 0)
            memcpy(undo, overlay->undo, overlay->undo_count * sizeof *undo);
        overlay->undo = undo;
        overlay->undo_cap = cap;
    }
    overlay->undo[overlay->undo_count++] = (struct overlay_undo){
        .entry = entry, .space = space, .has_value = entry->has_value, .value = entry->value};
    entry->saved = overlay->serial;
    return BAALS_OK;
}

static void overlay_set(struct bl_overlay *overlay,
                        struct bl_entry *entry,
                        baals_space space,
                        bool has_value,
                        baals_slice value)
{
    bool flips = entry->has_value != has_value;
    entry->has_value = has_value;
    entry->value = value;
    struct overlay_space *s = overlay_space(overlay, space);
    if (flips && s->is_ordered)
        bl_ordered_refresh(&s->order, entry);
}

baals_status bl_overlay_get(struct bl_overlay *overlay,
                            baals_slice *value_out,
                            baals_space space,
                            baals_slice key,
                            baals_error *err)
{
    struct bl_entry *entry;
    BL_TRY(overlay_load(overlay, &entry, space, key, err));
    if (!entry->has_value)
        return BAALS_NOTFOUND;
    *value_out = entry->value;
    return BAALS_OK;
}

baals_status bl_overlay_put(struct bl_overlay *overlay,
                            baals_space space,
                            baals_slice key,
                            baals_slice value,
                            baals_error *err)
{
    struct bl_entry *entry;
    baals_slice copy;
    BL_TRY(overlay_load(overlay, &entry, space, key, err));
    if (!bl_arena_copy(&copy, overlay->arena, value))
        return bl_fail(err, BAALS_NOMEM, "no memory for a value of %zu bytes", value.len);
    BL_TRY(overlay_save(overlay, entry, space, err));
    overlay_set(overlay, entry, space, true, copy);
    return BAALS_OK;
}

baals_status
bl_overlay_delete(struct bl_overlay *overlay, baals_space space, baals_slice key, baals_error *err)
{
    struct bl_entry *entry;
    BL_ASSERT(space != BAALS_SPACE_MODULES);
    BL_TRY(overlay_load(overlay, &entry, space, key, err));
    if (!entry->has_value)
        return BAALS_OK;
    BL_TRY(overlay_save(overlay, entry, space, err));
    overlay_set(overlay, entry, space, false, bl_slice(NULL, 0));
    return BAALS_OK;
}

baals_status bl_state_put_sentinels(struct bl_overlay *overlay, baals_error *err)
{
    static const uint8_t key = 0x00;
    static const uint8_t record = 0x01;
    for (unsigned store = 0; store < BL_STATE_STORES; store++)
        BL_TRY(bl_overlay_put(overlay, (baals_space)store, bl_slice(&key, 1), bl_slice(&record, 1),
                              err));
    return BAALS_OK;
}

/* ---- seek ---- */

/* A seek on its way: where it stands, and the result. */
struct overlay_seek {
    struct bl_overlay *overlay;
    struct bl_ordered *index;
    baals_space space;
    baals_slice key;
    baals_slice value;
};

/* Looks into the view from `from` on. *found_out: a key on the way before `bound` (NULL: no bound),
 * put into seek->key and ->value. */
static baals_status overlay_probe(struct overlay_seek *seek,
                                  bool *found_out,
                                  baals_slice from,
                                  uint32_t flags,
                                  const struct bl_entry *bound,
                                  baals_error *err)
{
    baals_slice key;
    baals_slice value;
    seek->overlay->view_seeks++;
    if (from.len == 0)
        flags &= ~(uint32_t)BAALS_SEEK_EXCLUSIVE;
    *found_out = false;
    baals_status status =
        bl_view_seek(seek->overlay->view, &key, &value, seek->space, from, flags, err);
    if (status == BAALS_NOTFOUND)
        return BAALS_OK;
    BL_TRY(status);
    if (bound != NULL) {
        int order = bl_slice_compare(key, bound->key);
        if ((flags & BAALS_SEEK_DESCENDING) != 0 ? order <= 0 : order >= 0)
            return BAALS_OK;
    }
    *found_out = true;
    seek->key = key;
    seek->value = value;
    return BAALS_OK;
}

static baals_status overlay_take(struct overlay_seek *seek, const struct bl_entry *entry)
{
    seek->key = entry->key;
    seek->value = entry->value;
    return BAALS_OK;
}

/* Every view seek but the first either ends the search or closes a gap for good, so runs of removed
 * keys cost their length once, however often they are passed. */
static baals_status
overlay_seek_up(struct overlay_seek *seek, baals_slice from, bool inclusive, baals_error *err)
{
    bool found;
    struct bl_entry *next = bl_ordered_after(seek->index, from, inclusive);
    struct bl_entry *prev = bl_ordered_before(seek->index, from, !inclusive);
    bool in_gap = next == NULL || !bl_slice_equal(next->key, from);
    if (in_gap && prev->open_after) {
        uint32_t flags = inclusive ? 0 : BAALS_SEEK_EXCLUSIVE;
        BL_TRY(overlay_probe(seek, &found, from, flags, next, err));
        if (found)
            return BAALS_OK;
        if (bl_slice_equal(prev->key, from))
            bl_ordered_close_gap(seek->index, prev);
    }
    while (next != NULL) {
        struct bl_entry *stop = bl_ordered_stop_up(seek->index, next);
        if (stop == NULL)
            return BAALS_NOTFOUND;
        if (stop->has_value)
            return overlay_take(seek, stop);
        next = bl_ordered_after(seek->index, stop->key, false);
        if (!stop->open_after)
            continue;
        BL_TRY(overlay_probe(seek, &found, stop->key, BAALS_SEEK_EXCLUSIVE, next, err));
        if (found)
            return BAALS_OK;
        bl_ordered_close_gap(seek->index, stop);
    }
    return BAALS_NOTFOUND;
}

/* The mirror image; an empty `from` is behind all keys. */
static baals_status
overlay_seek_down(struct overlay_seek *seek, baals_slice from, bool inclusive, baals_error *err)
{
    bool found;
    struct bl_ordered *index = seek->index;
    bool at_end = from.len == 0;
    struct bl_entry *prev =
        at_end ? bl_ordered_last(index) : bl_ordered_before(index, from, inclusive);
    struct bl_entry *next = at_end ? NULL : bl_ordered_after(index, from, !inclusive);
    bool in_gap = at_end || !bl_slice_equal(prev->key, from);
    if (in_gap && prev->open_after) {
        uint32_t flags = BAALS_SEEK_DESCENDING | (inclusive ? 0u : BAALS_SEEK_EXCLUSIVE);
        BL_TRY(overlay_probe(seek, &found, from, flags, prev, err));
        if (found)
            return BAALS_OK;
        if (next == NULL ? at_end : bl_slice_equal(next->key, from))
            bl_ordered_close_gap(index, prev);
    }
    for (;;) {
        struct bl_entry *stop = bl_ordered_stop_down(index, prev);
        if (stop == NULL || stop == &index->head)
            return BAALS_NOTFOUND;
        if (stop->has_value)
            return overlay_take(seek, stop);
        prev = bl_ordered_before(index, stop->key, false);
        if (!stop->open_before)
            continue;
        uint32_t flags = BAALS_SEEK_DESCENDING | BAALS_SEEK_EXCLUSIVE;
        BL_TRY(overlay_probe(seek, &found, stop->key, flags, prev, err));
        if (found)
            return BAALS_OK;
        bl_ordered_close_gap(index, prev);
    }
}

baals_status bl_overlay_seek(struct bl_overlay *overlay,
                             baals_slice *key_out,
                             baals_slice *value_out,
                             baals_space space,
                             baals_slice key,
                             uint32_t flags,
                             baals_error *err)
{
    struct overlay_seek seek = {
        .overlay = overlay, .index = overlay_order(overlay, space), .space = space};
    bool inclusive = (flags & BAALS_SEEK_EXCLUSIVE) == 0;
    if ((flags & BAALS_SEEK_DESCENDING) != 0)
        BL_TRY(overlay_seek_down(&seek, key, inclusive, err));
    else /* The head has the empty key and is no record. */
        BL_TRY(overlay_seek_up(&seek, key, inclusive && key.len > 0, err));
    *key_out = seek.key;
    *value_out = seek.value;
    return BAALS_OK;
}

/* ---- checkpoints ---- */

uint32_t bl_overlay_checkpoint(struct bl_overlay *overlay)
{
    BL_ASSERT(overlay->depth < OVERLAY_CHECKPOINTS_MAX);
    overlay->checkpoints[overlay->depth].undo_count = overlay->undo_count;
    overlay->checkpoints[overlay->depth].outer_serial = overlay->serial;
    overlay->serial = ++overlay->serial_last;
    return overlay->depth++;
}

static void overlay_end_checkpoint(struct bl_overlay *overlay, uint32_t checkpoint)
{
    BL_ASSERT(overlay->depth > 0 && checkpoint == overlay->depth - 1);
    overlay->depth = checkpoint;
    overlay->serial = overlay->checkpoints[checkpoint].outer_serial;
    if (checkpoint == 0)
        overlay->undo_count = 0;
}

void bl_overlay_release(struct bl_overlay *overlay, uint32_t checkpoint)
{
    /* What the outer checkpoint needs to go back stays in the log; an older value of the same key
     * may stand before it and is then restored last. */
    overlay_end_checkpoint(overlay, checkpoint);
}

void bl_overlay_rollback(struct bl_overlay *overlay, uint32_t checkpoint)
{
    BL_ASSERT(overlay->depth > 0 && checkpoint == overlay->depth - 1);
    while (overlay->undo_count > overlay->checkpoints[checkpoint].undo_count) {
        const struct overlay_undo *undo = &overlay->undo[--overlay->undo_count];
        overlay_set(overlay, undo->entry, undo->space, undo->has_value, undo->value);
    }
    overlay_end_checkpoint(overlay, checkpoint);
}

/* ---- write set ---- */

static bool overlay_changed(const struct bl_entry *entry)
{
    if (entry->has_base != entry->has_value)
        return true;
    return entry->has_base && !bl_slice_equal(entry->base, entry->value);
}

/* References to the changed entries of a space, sorted by key; returns how many. */
static size_t overlay_collect(struct bl_entry_ref *refs, struct overlay_space *space)
{
    size_t count = 0;
    for (struct bl_entry *entry = space->entries.newest; entry != NULL; entry = entry->older) {
        if (overlay_changed(entry))
            refs[count++] = (struct bl_entry_ref){bl_entry_prefix(entry->key), entry};
    }
    bl_entries_sort(refs, refs + count, count);
    return count;
}

baals_status
bl_overlay_write_set(struct bl_overlay *overlay, struct bl_write_set *out, baals_error *err)
{
    size_t room = 0;
    BL_ASSERT(overlay->depth == 0);
    for (size_t i = 0; i < OVERLAY_SPACES; i++)
        room += overlay->spaces[i].entries.count;
    struct bl_change *changes = bl_arena_alloc(overlay->arena, (room + 1) * sizeof *changes);
    struct bl_arena_mark mark = bl_arena_checkpoint(overlay->arena);
    struct bl_entry_ref *refs = bl_arena_alloc(overlay->arena, (2 * room + 1) * sizeof *refs);
    if (changes == NULL || refs == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a write set of %zu records", room);
    size_t at = 0;
    for (size_t i = 0; i < OVERLAY_SPACES; i++) {
        size_t count = overlay_collect(refs, &overlay->spaces[i]);
        for (size_t k = 0; k < count; k++) {
            const struct bl_entry *e = refs[k].entry;
            if (k + OVERLAY_AHEAD < count)
                __builtin_prefetch(refs[k + OVERLAY_AHEAD].entry);
            changes[at++] = (struct bl_change){.space = (baals_space)i,
                                               .has_old = e->has_base,
                                               .has_new = e->has_value,
                                               .key = e->key,
                                               .old_value = e->base,
                                               .new_value = e->value};
        }
    }
    bl_arena_rollback(overlay->arena, mark);
    out->changes = changes;
    out->count = at;
    return BAALS_OK;
}
