/* SPDX-License-Identifier: MIT */
/*
 * The record cache: an array of slots of one cache line. A key may stand in its own place or one of
 * the next few; when these are taken one of them makes room, so nothing is ever searched for long
 * and a crowd of keys costs misses, not time. The array doubles as it fills, up to its limit. What
 * does not fit a slot, which is records of contracts, is not kept.
 */
#include "state/record_cache.h"

#include <string.h>

#define CACHE_KEY_BYTES 32u
#define CACHE_RECORD_BYTES 26u
#define CACHE_LINE 64u
#define CACHE_WINDOW 4u
#define CACHE_BITS_MIN 8u
#define CACHE_BITS_MAX 31u
#define CACHE_ABSENT UINT8_MAX
#define CACHE_AHEAD 8u

struct records_slot {
    uint8_t key[CACHE_KEY_BYTES];
    uint32_t epoch; /* of another epoch: free */
    uint8_t len;    /* of the record, or CACHE_ABSENT */
    uint8_t record[CACHE_RECORD_BYTES];
};
_Static_assert(sizeof(struct records_slot) == CACHE_LINE, "a slot is a cache line");

struct bl_record_cache {
    struct bl_alloc alloc;
    void *memory; /* of the slots, which begin at a multiple of CACHE_LINE in it */
    struct records_slot *slots;
    unsigned bits; /* 2^bits slots and CACHE_WINDOW - 1 behind them; 0: none yet */
    unsigned bits_max;
    size_t used; /* slots of this epoch */
    uint32_t epoch;
    uint32_t turn; /* which slot of a window makes room next */
    /* What the records are of. */
    bool bound;
    const struct bl_hash_key *hash_key;
    baals_hash block;
};

/* ---- memory ---- */

static size_t records_count(unsigned bits)
{
    return ((size_t)1 << bits) + CACHE_WINDOW - 1;
}

static size_t records_memory_size(unsigned bits)
{
    return (records_count(bits) + 1) * sizeof(struct records_slot);
}

static void records_release(struct bl_record_cache *cache)
{
    if (cache->memory != NULL)
        bl_alloc_free(&cache->alloc, cache->memory, records_memory_size(cache->bits));
}

baals_status bl_record_cache_new(struct bl_record_cache **out,
                                 const struct bl_alloc *alloc,
                                 size_t bytes_max,
                                 baals_error *err)
{
    struct bl_record_cache *cache = bl_alloc_zero(alloc, 1, sizeof *cache);
    if (cache == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a cache of records");
    cache->alloc = *alloc;
    cache->epoch = 1;
    cache->bits_max = CACHE_BITS_MIN;
    size_t slots_max = bytes_max / sizeof(struct records_slot);
    while (cache->bits_max < CACHE_BITS_MAX && slots_max >> (cache->bits_max + 1) != 0)
        cache->bits_max++;
    *out = cache;
    return BAALS_OK;
}

void bl_record_cache_free(struct bl_record_cache *cache)
{
    if (cache == NULL)
        return;
    struct bl_alloc alloc = cache->alloc;
    records_release(cache);
    bl_alloc_free(&alloc, cache, sizeof *cache);
}

/* ---- slots ---- */

static struct records_slot *records_window(const struct bl_record_cache *cache, uint32_t hash)
{
    return &cache->slots[hash >> (32u - cache->bits)];
}

static struct records_slot *
records_find(const struct bl_record_cache *cache, uint32_t hash, baals_slice key)
{
    if (cache->bits == 0)
        return NULL;
    struct records_slot *slot = records_window(cache, hash);
    for (unsigned i = 0; i < CACHE_WINDOW; i++, slot++) {
        if (slot->epoch == cache->epoch && memcmp(slot->key, key.data, CACHE_KEY_BYTES) == 0)
            return slot;
    }
    return NULL;
}

/* A slot of the key's window that is free, or that is made so. */
static struct records_slot *records_take(struct bl_record_cache *cache, uint32_t hash)
{
    struct records_slot *slot = records_window(cache, hash);
    for (unsigned i = 0; i < CACHE_WINDOW; i++) {
        if (slot[i].epoch != cache->epoch) {
            cache->used++;
            return &slot[i];
        }
    }
    return &slot[cache->turn++ % CACHE_WINDOW];
}

/* Twice the slots, or the first ones. Without memory the cache stays as large as it is. */
static void records_grow(struct bl_record_cache *cache)
{
    struct bl_record_cache grown = *cache;
    grown.bits = cache->bits == 0 ? CACHE_BITS_MIN : cache->bits + 1;
    grown.memory = bl_alloc_zero(&cache->alloc, 1, records_memory_size(grown.bits));
    if (grown.memory == NULL) {
        cache->bits_max = cache->bits;
        return;
    }
    /* NOLINT(baals-determinism): where the memory lies decides what is fast, and nothing else. */
    uintptr_t begin = ((uintptr_t)grown.memory + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1);
    grown.slots = (struct records_slot *)begin;
    grown.used = 0;
    grown.epoch = 1;
    for (size_t i = 0; cache->bits > 0 && i < records_count(cache->bits); i++) {
        const struct records_slot *slot = &cache->slots[i];
        if (slot->epoch != cache->epoch)
            continue;
        uint32_t hash = bl_hash_key_of(cache->hash_key, bl_slice(slot->key, CACHE_KEY_BYTES));
        struct records_slot *to = records_take(&grown, hash);
        *to = *slot;
        to->epoch = grown.epoch;
    }
    records_release(cache);
    *cache = grown;
}

static void records_empty(struct bl_record_cache *cache)
{
    cache->used = 0;
    cache->epoch++;
    if (cache->epoch == 0) {
        cache->epoch = 1;
        if (cache->bits > 0)
            memset(cache->slots, 0, records_count(cache->bits) * sizeof *cache->slots);
    }
}

/* ---- use ---- */

static bool records_is_of(const struct bl_record_cache *cache, const struct bl_view *view)
{
    return cache->bound && cache->hash_key == bl_view_hash_key(view) &&
           bl_hash_equal(&cache->block, &bl_view_tip(view)->hash);
}

bool bl_record_cache_bind(struct bl_record_cache *cache, const struct bl_view *view)
{
    if (bl_view_pushed(view))
        return false;
    if (records_is_of(cache, view))
        return true;
    records_empty(cache);
    cache->bound = true;
    cache->hash_key = bl_view_hash_key(view);
    cache->block = bl_view_tip(view)->hash;
    return true;
}

enum bl_record_known bl_record_cache_get(struct bl_record_cache *cache,
                                         baals_slice *record_out,
                                         uint32_t hash,
                                         baals_slice key)
{
    BL_ASSERT(cache->bound);
    if (key.len != CACHE_KEY_BYTES)
        return BL_RECORD_UNKNOWN;
    const struct records_slot *slot = records_find(cache, hash, key);
    if (slot == NULL)
        return BL_RECORD_UNKNOWN;
    if (slot->len == CACHE_ABSENT)
        return BL_RECORD_ABSENT;
    *record_out = bl_slice(slot->record, slot->len);
    return BL_RECORD_PRESENT;
}

void bl_record_cache_prefetch(const struct bl_record_cache *cache, uint32_t hash)
{
    if (cache->bits == 0)
        return;
    const struct records_slot *slot = records_window(cache, hash);
    __builtin_prefetch(slot);
    __builtin_prefetch(slot + 1);
}

void bl_record_cache_put(struct bl_record_cache *cache,
                         uint32_t hash,
                         baals_slice key,
                         const baals_slice *record)
{
    BL_ASSERT(cache->bound);
    if (key.len != CACHE_KEY_BYTES)
        return;
    struct records_slot *slot = records_find(cache, hash, key);
    if (record != NULL && record->len > CACHE_RECORD_BYTES) {
        if (slot != NULL) {
            slot->epoch = cache->epoch - 1;
            cache->used--;
        }
        return;
    }
    if (slot == NULL) {
        if (cache->bits == 0 || (cache->bits < cache->bits_max && cache->used >> (cache->bits - 1)))
            records_grow(cache);
        if (cache->bits == 0)
            return;
        slot = records_take(cache, hash);
        memcpy(slot->key, key.data, CACHE_KEY_BYTES);
        slot->epoch = cache->epoch;
    }
    slot->len = record == NULL ? CACHE_ABSENT : (uint8_t)record->len;
    if (record != NULL && record->len > 0)
        memcpy(slot->record, record->data, record->len);
}

void bl_record_cache_advance(struct bl_record_cache *cache,
                             const struct bl_view *view,
                             const baals_hash *block,
                             const struct bl_write_set *set)
{
    if (!records_is_of(cache, view)) {
        records_empty(cache);
        cache->bound = false;
        return;
    }
    /* Accounts come first in a write set. A ring of hashes: each is made CACHE_AHEAD changes before
     * its slot is needed, so that the slot is there by then. */
    uint32_t hashes[CACHE_AHEAD];
    for (size_t i = 0; i < set->count + CACHE_AHEAD; i++) {
        uint32_t *hash = &hashes[i % CACHE_AHEAD];
        if (i >= CACHE_AHEAD) {
            const struct bl_change *change = &set->changes[i - CACHE_AHEAD];
            if (change->space != BAALS_SPACE_ACCOUNTS)
                break;
            bl_record_cache_put(cache, *hash, change->key,
                                change->has_new ? &change->new_value : NULL);
        }
        if (i < set->count) {
            *hash = bl_hash_key_of(cache->hash_key, set->changes[i].key);
            bl_record_cache_prefetch(cache, *hash);
        }
    }
    cache->block = *block;
}
