/* SPDX-License-Identifier: MIT */
/*
 * Layers: the changes of one commit, or of several merged, as one sorted immutable array.
 *
 * A layer is a single allocation: the header, the changes, the bytes they point to, and a small
 * Bloom filter. A read of a view asks every layer above the key-value store, nearly always in vain;
 * the filter answers most of these with two bits instead of a binary search. Its hash is local to
 * the process: nothing stored and no order depends on it.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "storage/storage_internal.h"

#define LAYER_FILTER_BITS_PER_KEY 8u
#define LAYER_FILTER_BITS_MAX (1ull << 31)
/* See layer_memory. */
#define LAYER_PAGES_MIN ((size_t)256 * 1024)

struct bl_layer {
    struct bl_alloc alloc;
    atomic_size_t refs;
    size_t size;                      /* of this allocation */
    bool merged;                      /* for layer_memory_free */
    struct bl_attachment *attachment; /* until it is pushed on a store */
    size_t count;
    uint64_t filter_mask; /* number of bits - 1, a power of two - 1 */
    uint8_t *filter;
    baals_write writes[]; /* sorted by (space, key), no key twice */
};

/* A write of the caller's, while its place in the order is looked for. Nearly every comparison ends
 * with the prefix, which lies in the array being sorted. */
struct layer_ref {
    uint64_t prefix; /* the space, then the first seven bytes of the key */
    const baals_write *write;
};

static int layer_compare(baals_space space, baals_slice key, const baals_write *write)
{
    if (space != write->space)
        return space < write->space ? -1 : 1;
    return bl_slice_compare(key, write->key);
}

int bl_write_compare(const baals_write *left, const baals_write *right)
{
    return layer_compare(left->space, left->key, right);
}

/* ---- the filter ---- */

uint64_t bl_layer_hash(baals_space space, baals_slice key)
{
    const uint64_t odd = 0x9e3779b97f4a7c15ull;
    uint64_t hash = ((uint64_t)(uint32_t)space << 32 | key.len) * odd;
    size_t i = 0;
    for (; i + 8 <= key.len; i += 8) {
        hash = (hash ^ bl_load_u64le(key.data + i)) * odd;
        hash ^= hash >> 32;
    }
    for (; i < key.len; i++)
        hash = (hash ^ key.data[i]) * odd;
    hash ^= hash >> 29;
    hash *= odd;
    return hash ^ hash >> 32;
}

static uint64_t layer_filter_bits(size_t count)
{
    uint64_t bits = 64;
    while (bits < LAYER_FILTER_BITS_MAX && bits / LAYER_FILTER_BITS_PER_KEY < count)
        bits *= 2;
    return bits;
}

static void layer_filter_add(struct bl_layer *layer, uint64_t hash)
{
    uint64_t a = hash & layer->filter_mask;
    uint64_t b = hash >> 32 & layer->filter_mask;
    layer->filter[a / 8] = (uint8_t)(layer->filter[a / 8] | 1u << a % 8);
    layer->filter[b / 8] = (uint8_t)(layer->filter[b / 8] | 1u << b % 8);
}

static bool layer_filter_has(const struct bl_layer *layer, uint64_t hash)
{
    uint64_t a = hash & layer->filter_mask;
    uint64_t b = hash >> 32 & layer->filter_mask;
    return (layer->filter[a / 8] >> a % 8 & 1) != 0 && (layer->filter[b / 8] >> b % 8 & 1) != 0;
}

/* ---- building ---- */

/* Merging takes and frees memory of all sizes between smaller things that stay. What is large of it
 * is not the heap's, which would grow by the holes it leaves. */
static void *layer_memory(const struct bl_alloc *alloc, size_t size, bool merging)
{
    return merging && size >= LAYER_PAGES_MIN ? bl_alloc_pages(alloc, size)
                                              : bl_alloc_resize(alloc, NULL, 0, size);
}

static void layer_memory_free(const struct bl_alloc *alloc, void *memory, size_t size, bool merging)
{
    if (merging && size >= LAYER_PAGES_MIN)
        bl_alloc_pages_free(alloc, memory, size);
    else
        bl_alloc_free(alloc, memory, size);
}

static size_t layer_value_len(const baals_write *write)
{
    return write->is_delete ? 0 : write->value.len;
}

/* Bytes a layer of these writes takes; false when they cannot be counted. */
static bool layer_size(size_t *out, const struct layer_ref *refs, size_t count)
{
    size_t size;
    if (!bl_size_mul(&size, count, sizeof(baals_write)) ||
        !bl_size_add(&size, size, sizeof(struct bl_layer)) ||
        !bl_size_add(&size, size, (size_t)(layer_filter_bits(count) / 8)))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!bl_size_add(&size, size, refs[i].write->key.len) ||
            !bl_size_add(&size, size, layer_value_len(refs[i].write)))
            return false;
    }
    *out = size;
    return true;
}

static baals_slice layer_copy(uint8_t **cursor, baals_slice bytes)
{
    baals_slice copy = {*cursor, bytes.len};
    if (bytes.len > 0)
        memcpy(*cursor, bytes.data, bytes.len);
    *cursor += bytes.len;
    return copy;
}

/* The writes are sorted and distinct. NULL when there is no memory. */
static struct bl_layer *
layer_build(const struct bl_alloc *alloc, const struct layer_ref *refs, size_t count, bool merged)
{
    size_t size;
    if (!layer_size(&size, refs, count))
        return NULL;
    struct bl_layer *layer = layer_memory(alloc, size, merged);
    if (layer == NULL)
        return NULL;
    uint64_t bits = layer_filter_bits(count);
    layer->alloc = *alloc;
    layer->attachment = NULL;
    atomic_init(&layer->refs, 1);
    layer->size = size;
    layer->merged = merged;
    layer->count = count;
    layer->filter_mask = bits - 1;
    layer->filter = (uint8_t *)(layer->writes + count);
    memset(layer->filter, 0, (size_t)(bits / 8));

    uint8_t *cursor = layer->filter + bits / 8;
    for (size_t i = 0; i < count; i++) {
        baals_write *write = &layer->writes[i];
        const baals_write *from = refs[i].write;
        *write = (baals_write){.space = from->space, .is_delete = from->is_delete != 0};
        write->key = layer_copy(&cursor, from->key);
        if (!write->is_delete)
            write->value = layer_copy(&cursor, from->value);
        layer_filter_add(layer, bl_layer_hash(write->space, write->key));
    }
    BL_ASSERT(cursor == (uint8_t *)layer + size);
    return layer;
}

/* Orders references into one array by (space, key) and then by their place in it: a total order, so
 * an unstable sort gives one result. */
static int layer_order(const void *a, const void *b)
{
    const struct layer_ref *left_ref = a;
    const struct layer_ref *right_ref = b;
    if (left_ref->prefix != right_ref->prefix)
        return left_ref->prefix < right_ref->prefix ? -1 : 1;
    const baals_write *left = left_ref->write;
    const baals_write *right = right_ref->write;
    int order = layer_compare(left->space, left->key, right);
    if (order != 0)
        return order;
    return left < right ? -1 : left > right;
}

/* Keeps the last of several changes of one key. */
static size_t layer_distinct(struct layer_ref *sorted, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const baals_write *write = sorted[i].write;
        bool last =
            i + 1 == count || layer_compare(write->space, write->key, sorted[i + 1].write) != 0;
        if (last)
            sorted[kept++] = sorted[i];
    }
    return kept;
}

/* A shorter key is filled up with zeros: then prefixes may be equal, never in the wrong order. */
static uint64_t layer_prefix(const baals_write *write)
{
    uint8_t bytes[8] = {(uint8_t)write->space};
    memcpy(bytes + 1, write->key.data, write->key.len < 7 ? write->key.len : 7);
    return bl_load_u64be(bytes);
}

/* References to the writes in their order; NULL when there is no memory (or none of them). */
static struct layer_ref *
layer_refs(const struct bl_alloc *alloc, const baals_write *writes, size_t count)
{
    struct layer_ref *refs = bl_alloc_zero(alloc, count, sizeof(*refs));
    if (refs == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        refs[i] = (struct layer_ref){layer_prefix(&writes[i]), &writes[i]};
    return refs;
}

baals_status bl_layer_new(struct bl_layer **out,
                          const struct bl_alloc *alloc,
                          const baals_write *writes,
                          size_t count,
                          baals_error *err)
{
    struct bl_layer *layer = NULL;
    for (size_t i = 0; i < count; i++) {
        BL_ASSERT((uint32_t)writes[i].space < (uint32_t)BAALS_SPACE_COUNT);
        BL_ASSERT(writes[i].key.len > 0 && writes[i].key.len <= BL_KV_KEY_MAX);
        BL_ASSERT(layer_value_len(&writes[i]) <= BL_KV_VALUE_MAX);
    }
    struct layer_ref *sorted = layer_refs(alloc, writes, count);
    if (sorted != NULL) {
        qsort(sorted, count, sizeof(*sorted), layer_order);
        layer = layer_build(alloc, sorted, layer_distinct(sorted, count), false);
    } else if (count == 0) {
        layer = layer_build(alloc, NULL, 0, false);
    }
    bl_alloc_free(alloc, sorted, count * sizeof(*sorted));
    if (layer == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a layer of %zu changes", count);
    *out = layer;
    return BAALS_OK;
}

/* ---- merging ---- */

/* References to the changes of both in order; of two for one key the newer stays. */
static size_t
layer_merge_refs(struct layer_ref *out, const struct bl_layer *older, const struct bl_layer *newer)
{
    size_t i = 0;
    size_t j = 0;
    size_t count = 0;
    while (i < older->count || j < newer->count) {
        int order = -1; /* below zero: the older one comes first */
        if (i == older->count)
            order = 1;
        else if (j < newer->count)
            order = bl_write_compare(&older->writes[i], &newer->writes[j]);
        if (order >= 0)
            out[count++].write = &newer->writes[j++];
        else
            out[count++].write = &older->writes[i];
        if (order <= 0)
            i++;
    }
    return count;
}

baals_status bl_layer_merge(struct bl_layer **out,
                            const struct bl_layer *older,
                            const struct bl_layer *newer,
                            baals_error *err)
{
    const struct bl_alloc *alloc = &older->alloc;
    size_t room = older->count + newer->count;
    size_t size = (room + 1) * sizeof(struct layer_ref);
    struct layer_ref *refs = layer_memory(alloc, size, true);
    struct bl_layer *layer = NULL;
    if (refs != NULL)
        layer = layer_build(alloc, refs, layer_merge_refs(refs, older, newer), true);
    layer_memory_free(alloc, refs, size, true);
    if (layer == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to merge layers of %zu changes", room);
    *out = layer;
    return BAALS_OK;
}

/* ---- attachments ---- */

struct bl_attachment *bl_attachment_ref(struct bl_attachment *attachment)
{
    if (attachment != NULL)
        attachment->ops->ref(attachment);
    return attachment;
}

void bl_attachment_unref(struct bl_attachment *attachment)
{
    if (attachment != NULL)
        attachment->ops->unref(attachment);
}

void bl_layer_attach(struct bl_layer *layer, struct bl_attachment *attachment)
{
    BL_ASSERT(layer->attachment == NULL);
    layer->attachment = bl_attachment_ref(attachment);
}

void bl_layer_detach(struct bl_layer *layer, struct bl_attachment **out)
{
    if (layer->attachment == NULL)
        return;
    bl_attachment_unref(*out);
    *out = layer->attachment;
    layer->attachment = NULL;
}

struct bl_attachment *bl_layer_attachment(const struct bl_layer *layer)
{
    return layer->attachment;
}

/* ---- reading ---- */

struct bl_layer *bl_layer_ref(struct bl_layer *layer)
{
    atomic_fetch_add_explicit(&layer->refs, 1, memory_order_relaxed);
    return layer;
}

void bl_layer_unref(struct bl_layer *layer)
{
    if (layer == NULL || atomic_fetch_sub_explicit(&layer->refs, 1, memory_order_acq_rel) != 1)
        return;
    struct bl_alloc alloc = layer->alloc;
    bl_attachment_unref(layer->attachment);
    layer_memory_free(&alloc, layer, layer->size, layer->merged);
}

size_t bl_layer_bytes(const struct bl_layer *layer)
{
    return layer->size;
}

size_t bl_layer_count(const struct bl_layer *layer)
{
    return layer->count;
}

baals_write bl_layer_at(const struct bl_layer *layer, size_t index)
{
    BL_ASSERT(index < layer->count);
    return layer->writes[index];
}

const baals_write *bl_layer_writes(const struct bl_layer *layer)
{
    return layer->writes;
}

size_t bl_layer_lower_bound(const struct bl_layer *layer, baals_space space, baals_slice key)
{
    size_t low = 0;
    size_t high = layer->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (layer_compare(space, key, &layer->writes[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const baals_write *
bl_layer_find(const struct bl_layer *layer, uint64_t hash, baals_space space, baals_slice key)
{
    if (!layer_filter_has(layer, hash))
        return NULL;
    size_t index = bl_layer_lower_bound(layer, space, key);
    if (index == layer->count || layer_compare(space, key, &layer->writes[index]) != 0)
        return NULL;
    return &layer->writes[index];
}
