/* SPDX-License-Identifier: MIT */
/*
 * Views: one committed height as a reader sees it, kv and layers merged.
 *
 * A lookup asks the layers from the newest down, then the kv. A seek is a merge: every source says
 * its nearest key, the nearest of all wins, of equal ones the newest; when that is a removal, the
 * sources standing on it step over it and the merge goes on. No lock is held while reading: all
 * that is read is immutable and pinned.
 */
#include "storage/storage_internal.h"

/* Room for pushed layers before the list of sources has to grow. */
#define VIEW_PUSH_ROOM 4u
#define VIEW_NONE SIZE_MAX

struct view_source {
    struct bl_layer *layer;
    size_t index; /* while seeking: the nearest change, or VIEW_NONE */
};

struct bl_view {
    struct bl_store *store;
    baals_storage *storage;
    struct bl_version *version;
    baals_snapshot *snapshot;
    struct bl_tip tip;
    struct bl_attachment *attachment; /* of the version, or of the newest pushed layer with one */
    struct view_source *sources;      /* oldest first: the version's layers, then the pushed ones */
    size_t count;
    size_t room;
    /* The kv's side of a seek. */
    bool kv_found;
    baals_slice kv_key;
    baals_slice kv_value;
};

baals_status bl_view_begin(struct bl_view **out, struct bl_store *store, baals_error *err)
{
    const struct bl_alloc *alloc = bl_store_alloc(store);
    struct bl_view *view = bl_alloc_zero(alloc, 1, sizeof(*view));
    if (view == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a view");
    view->store = store;
    view->storage = bl_store_storage(store);
    baals_status status = bl_store_pin(store, &view->version, &view->snapshot, err);
    if (status != BAALS_OK)
        goto err_after_view;
    view->room = view->version->count + VIEW_PUSH_ROOM;
    view->sources = bl_alloc_zero(alloc, view->room, sizeof(*view->sources));
    if (view->sources == NULL) {
        status = bl_fail(err, BAALS_NOMEM, "no memory for a view of %zu layers", view->room);
        goto err_after_pin;
    }
    view->count = view->version->count;
    for (size_t i = 0; i < view->count; i++)
        view->sources[i].layer = view->version->layers[i];
    if (view->version->has_tip)
        view->tip = view->version->tip;
    view->attachment = bl_attachment_ref(view->version->attachment);
    *out = view;
    return BAALS_OK;

err_after_pin:
    bl_store_unpin(store, view->version, view->snapshot);
err_after_view:
    bl_alloc_free(alloc, view, sizeof(*view));
    return status;
}

void bl_view_end(struct bl_view *view)
{
    if (view == NULL)
        return;
    const struct bl_alloc *alloc = bl_store_alloc(view->store);
    for (size_t i = view->version->count; i < view->count; i++)
        bl_layer_unref(view->sources[i].layer);
    bl_alloc_free(alloc, view->sources, view->room * sizeof(*view->sources));
    bl_attachment_unref(view->attachment);
    bl_store_unpin(view->store, view->version, view->snapshot);
    bl_alloc_free(alloc, view, sizeof(*view));
}

baals_status bl_view_push(struct bl_view *view, struct bl_layer *layer, baals_error *err)
{
    const size_t size = sizeof(*view->sources);
    if (view->count == view->room) {
        size_t room = view->room * 2;
        struct view_source *sources = bl_alloc_resize(bl_store_alloc(view->store), view->sources,
                                                      view->room * size, room * size);
        if (sources == NULL)
            return bl_fail(err, BAALS_NOMEM, "no memory for a view of %zu layers", room);
        view->sources = sources;
        view->room = room;
    }
    view->sources[view->count++].layer = bl_layer_ref(layer);
    if (bl_layer_attachment(layer) != NULL) {
        bl_attachment_unref(view->attachment);
        view->attachment = bl_attachment_ref(bl_layer_attachment(layer));
    }
    return BAALS_OK;
}

struct bl_attachment *bl_view_attachment(const struct bl_view *view)
{
    return view->attachment;
}

uint64_t bl_view_kv_serial(const struct bl_view *view)
{
    return view->version->kv_serial;
}

const struct bl_tip *bl_view_tip(const struct bl_view *view)
{
    return &view->tip;
}

bool bl_view_pushed(const struct bl_view *view)
{
    return view->count > view->version->count;
}

const struct bl_hash_key *bl_view_hash_key(const struct bl_view *view)
{
    return bl_store_hash_key(view->store);
}

baals_status bl_view_get(struct bl_view *view,
                         baals_slice *value_out,
                         baals_space space,
                         baals_slice key,
                         baals_error *err)
{
    uint64_t hash = bl_layer_hash(space, key);
    for (size_t i = view->count; i-- > 0;) {
        const baals_write *write = bl_layer_find(view->sources[i].layer, hash, space, key);
        if (write == NULL)
            continue;
        if (write->is_delete)
            return BAALS_NOTFOUND;
        *value_out = write->value;
        return BAALS_OK;
    }
    return bl_storage_get(view->storage, value_out, view->snapshot, space, key, err);
}

/* ---- seeking ---- */

/* `index` when it is a change of the space, else VIEW_NONE. */
static size_t view_bounded(const struct bl_layer *layer, baals_space space, size_t index)
{
    if (index >= bl_layer_count(layer) || bl_layer_writes(layer)[index].space != space)
        return VIEW_NONE;
    return index;
}

/* Places the source on its nearest change at or behind `key` in the direction of the seek. */
static void
view_source_seek(struct view_source *source, baals_space space, baals_slice key, uint32_t flags)
{
    const struct bl_layer *layer = source->layer;
    bool exclusive = (flags & BAALS_SEEK_EXCLUSIVE) != 0;
    baals_space from = space;
    if ((flags & BAALS_SEEK_DESCENDING) != 0 && key.len == 0)
        from = (baals_space)((uint32_t)space + 1); /* behind the whole space */
    size_t index = bl_layer_lower_bound(layer, from, key);
    bool equal = key.len > 0 && view_bounded(layer, space, index) != VIEW_NONE &&
                 bl_slice_equal(bl_layer_writes(layer)[index].key, key);
    if ((flags & BAALS_SEEK_DESCENDING) == 0)
        index += equal && exclusive ? 1 : 0;
    else if (!equal || exclusive)
        index -= 1; /* wraps to SIZE_MAX in front of the first: none */
    source->index = view_bounded(layer, space, index);
}

static baals_status view_kv_seek(
    struct bl_view *view, baals_space space, baals_slice key, uint32_t flags, baals_error *err)
{
    baals_status status = bl_storage_seek(view->storage, &view->kv_key, &view->kv_value,
                                          view->snapshot, space, key, flags, err);
    if (status != BAALS_OK && status != BAALS_NOTFOUND)
        return status;
    view->kv_found = status == BAALS_OK;
    return BAALS_OK;
}

static bool view_nearer(baals_slice a, baals_slice b, uint32_t flags)
{
    int order = bl_slice_compare(a, b);
    return (flags & BAALS_SEEK_DESCENDING) != 0 ? order > 0 : order < 0;
}

/* The nearest entry over all sources, a removal included; false when there is none. Going from the
 * newest source down, only a strictly nearer key replaces what was found. */
static bool view_nearest(baals_write *out, const struct bl_view *view, uint32_t flags)
{
    bool found = false;
    for (size_t i = view->count; i-- > 0;) {
        const struct view_source *source = &view->sources[i];
        if (source->index == VIEW_NONE)
            continue;
        const baals_write *write = &bl_layer_writes(source->layer)[source->index];
        if (!found || view_nearer(write->key, out->key, flags))
            *out = *write;
        found = true;
    }
    if (view->kv_found && (!found || view_nearer(view->kv_key, out->key, flags))) {
        *out = (baals_write){.key = view->kv_key, .value = view->kv_value};
        found = true;
    }
    return found;
}

/* Steps every source that stands on `key` over it. */
static baals_status view_step(
    struct bl_view *view, baals_space space, baals_slice key, uint32_t flags, baals_error *err)
{
    for (size_t i = 0; i < view->count; i++) {
        struct view_source *source = &view->sources[i];
        if (source->index == VIEW_NONE ||
            !bl_slice_equal(bl_layer_writes(source->layer)[source->index].key, key))
            continue;
        size_t next = (flags & BAALS_SEEK_DESCENDING) != 0 ? source->index - 1 : source->index + 1;
        source->index = view_bounded(source->layer, space, next);
    }
    if (view->kv_found && bl_slice_equal(view->kv_key, key))
        return view_kv_seek(view, space, key, flags | BAALS_SEEK_EXCLUSIVE, err);
    return BAALS_OK;
}

baals_status bl_view_seek(struct bl_view *view,
                          baals_slice *key_out,
                          baals_slice *value_out,
                          baals_space space,
                          baals_slice key,
                          uint32_t flags,
                          baals_error *err)
{
    baals_write nearest = {0};
    BL_TRY(view_kv_seek(view, space, key, flags, err));
    for (size_t i = 0; i < view->count; i++)
        view_source_seek(&view->sources[i], space, key, flags);
    while (view_nearest(&nearest, view, flags)) {
        if (!nearest.is_delete) {
            *key_out = nearest.key;
            *value_out = nearest.value;
            return BAALS_OK;
        }
        BL_TRY(view_step(view, space, nearest.key, flags, err));
    }
    return BAALS_NOTFOUND;
}
