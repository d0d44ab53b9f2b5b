/* SPDX-License-Identifier: MIT */
/*
 * A table of rows of eight keys. A key may stand in its row alone, so looking one up reads a line
 * of tags and then one entry; in a full row the place that was taken longest ago is taken again.
 * Rows are doubled while there are many keys for them.
 */
#include "runtime/key_cache.h"

#include <string.h>

#define KEY_CACHE_WAYS 8u
#define KEY_CACHE_ROWS_MIN 64u
#define KEY_CACHE_ROWS_MAX 4096u
/* How many items ahead a row is fetched from memory. */
#define KEY_CACHE_AHEAD 8u

struct key_cache_entry {
    baals_address key;
    uint64_t point[20];
};

struct key_cache_row {
    uint64_t tags[KEY_CACHE_WAYS]; /* of the entries; 0: none */
    struct key_cache_entry entries[KEY_CACHE_WAYS];
    uint64_t next; /* the place that is taken next */
};

void bl_key_cache_init(struct bl_key_cache *cache, struct bl_alloc alloc, uint64_t seed)
{
    *cache = (struct bl_key_cache){.alloc = alloc, .seed = seed};
    BL_ASSERT(pthread_mutex_init(&cache->mutex, NULL) == 0);
}

void bl_key_cache_deinit(struct bl_key_cache *cache)
{
    bl_alloc_free(&cache->alloc, cache->rows, cache->row_count * sizeof *cache->rows);
    cache->rows = NULL;
    pthread_mutex_destroy(&cache->mutex);
}

/* ---- the mutex is held ---- */

/* Keys are points of the curve, as good as random; the seed keeps others from choosing their row.
 */
static uint64_t key_cache_tag(const struct bl_key_cache *cache, const baals_address *key)
{
    uint64_t mixed = (bl_load_u64le(key->bytes) ^ cache->seed) * 0x9e3779b97f4a7c15ull;
    mixed ^= bl_load_u64le(key->bytes + 8) + cache->seed;
    mixed *= 0xbf58476d1ce4e5b9ull;
    mixed ^= mixed >> 29;
    return mixed | 1; /* not that of an empty place */
}

static struct key_cache_row *key_cache_row_of(const struct bl_key_cache *cache, uint64_t tag)
{
    return &cache->rows[(tag >> 32) & (cache->row_count - 1)];
}

static struct key_cache_entry *
key_cache_find(struct key_cache_row *row, uint64_t tag, const baals_address *key)
{
    for (size_t i = 0; i < KEY_CACHE_WAYS; i++) {
        if (row->tags[i] == tag && bl_address_equal(&row->entries[i].key, key))
            return &row->entries[i];
    }
    return NULL;
}

static void
key_cache_insert(struct bl_key_cache *cache, uint64_t tag, const struct key_cache_entry *entry)
{
    struct key_cache_row *row = key_cache_row_of(cache, tag);
    size_t place = row->next % KEY_CACHE_WAYS;
    if (row->tags[place] == 0)
        cache->count++;
    row->tags[place] = tag;
    row->entries[place] = *entry;
    row->next++;
}

/* Makes room for one more key where there are many for the rows there are. False: there are no rows
 * at all. */
static bool key_cache_grow(struct bl_key_cache *cache)
{
    struct bl_key_cache grown = *cache;
    bool wanted = cache->count >= cache->row_count * (KEY_CACHE_WAYS / 2);
    if (!wanted || cache->row_count >= KEY_CACHE_ROWS_MAX)
        return cache->rows != NULL;
    grown.count = 0;
    grown.row_count = cache->row_count == 0 ? KEY_CACHE_ROWS_MIN : cache->row_count * 2;
    grown.rows = bl_alloc_zero(&cache->alloc, grown.row_count, sizeof *grown.rows);
    if (grown.rows == NULL)
        return cache->rows != NULL;
    for (size_t i = 0; i < cache->row_count; i++) {
        struct key_cache_row *row = &cache->rows[i];
        for (size_t j = 0; j < KEY_CACHE_WAYS; j++) {
            size_t place = (row->next + j) % KEY_CACHE_WAYS; /* the oldest first */
            if (row->tags[place] != 0)
                key_cache_insert(&grown, row->tags[place], &row->entries[place]);
        }
    }
    bl_alloc_free(&cache->alloc, cache->rows, cache->row_count * sizeof *cache->rows);
    cache->rows = grown.rows;
    cache->row_count = grown.row_count;
    cache->count = grown.count;
    return true;
}

static void key_cache_put_one(struct bl_key_cache *cache, const struct bl_signed *item)
{
    uint64_t tag = key_cache_tag(cache, item->public_key);
    if (cache->rows != NULL &&
        key_cache_find(key_cache_row_of(cache, tag), tag, item->public_key) != NULL)
        return;
    if (!key_cache_grow(cache))
        return;
    struct key_cache_entry entry = {.key = *item->public_key};
    memcpy(entry.point, item->key->point, sizeof entry.point);
    key_cache_insert(cache, tag, &entry);
}

static void key_cache_fetch(const struct bl_key_cache *cache, const struct bl_signed *item)
{
    __builtin_prefetch(key_cache_row_of(cache, key_cache_tag(cache, item->public_key)));
}

/* ---- many keys ---- */

void bl_key_cache_get(struct bl_key_cache *cache, const struct bl_signed *items, size_t count)
{
    pthread_mutex_lock(&cache->mutex);
    for (size_t i = 0; cache->rows != NULL && i < count; i++) {
        if (i + KEY_CACHE_AHEAD < count)
            key_cache_fetch(cache, &items[i + KEY_CACHE_AHEAD]);
        uint64_t tag = key_cache_tag(cache, items[i].public_key);
        const struct key_cache_entry *entry =
            key_cache_find(key_cache_row_of(cache, tag), tag, items[i].public_key);
        if (entry != NULL) {
            memcpy(items[i].key->point, entry->point, sizeof entry->point);
            items[i].key->known = 1;
        }
    }
    pthread_mutex_unlock(&cache->mutex);
}

void bl_key_cache_put(struct bl_key_cache *cache,
                      const struct bl_signed *items,
                      const uint8_t *verdicts,
                      size_t count)
{
    pthread_mutex_lock(&cache->mutex);
    for (size_t i = 0; i < count; i++) {
        if (verdicts[i] != 0 && items[i].key->known == 1)
            key_cache_put_one(cache, &items[i]);
    }
    pthread_mutex_unlock(&cache->mutex);
}
