/* SPDX-License-Identifier: MIT */
/*
 * A hash table for finding and a doubly linked list for age, under one lock: what happens under it
 * is a few pointer moves, while preparing a module, which takes milliseconds, happens outside.
 *
 * Invariant: `bytes` is the sum over the modules in the list; a module is in the list exactly when
 * its `cached` is set; it is freed when it is neither cached nor referenced.
 */
#include "contracts/cache.h"

#include <pthread.h>

#define CACHE_BUCKETS 1024u

struct bl_cache {
    pthread_mutex_t lock;
    struct bl_alloc alloc;
    size_t bytes_max;
    size_t bytes;
    struct bl_module *newest;
    struct bl_module *oldest;
    struct bl_module *buckets[CACHE_BUCKETS];
};

static bool cache_key_equal(const struct bl_module_key *a, const struct bl_module_key *b)
{
    return bl_hash_equal(&a->code_hash, &b->code_hash) &&
           a->rules.gas_schedule == b->rules.gas_schedule &&
           a->rules.wasm_limits == b->rules.wasm_limits;
}

/* Code hashes are uniform already. */
static struct bl_module **cache_bucket(struct bl_cache *cache, const struct bl_module_key *key)
{
    return &cache->buckets[bl_load_u32le(key->code_hash.bytes) % CACHE_BUCKETS];
}

static struct bl_module *cache_find(struct bl_cache *cache, const struct bl_module_key *key)
{
    struct bl_module *module = *cache_bucket(cache, key);
    while (module != NULL && !cache_key_equal(&module->key, key))
        module = module->chain;
    return module;
}

static void cache_list_add(struct bl_cache *cache, struct bl_module *module)
{
    module->newer = NULL;
    module->older = cache->newest;
    if (cache->newest != NULL)
        cache->newest->newer = module;
    else
        cache->oldest = module;
    cache->newest = module;
}

static void cache_list_remove(struct bl_cache *cache, struct bl_module *module)
{
    if (module->newer != NULL)
        module->newer->older = module->older;
    else
        cache->newest = module->older;
    if (module->older != NULL)
        module->older->newer = module->newer;
    else
        cache->oldest = module->newer;
}

static void cache_insert(struct bl_cache *cache, struct bl_module *module)
{
    struct bl_module **bucket = cache_bucket(cache, &module->key);
    module->chain = *bucket;
    *bucket = module;
    cache_list_add(cache, module);
    cache->bytes += module->bytes;
    module->cached = true;
}

static void cache_evict(struct bl_cache *cache, struct bl_module *module)
{
    BL_ASSERT(module != NULL && module->cached);
    struct bl_module **link = cache_bucket(cache, &module->key);
    while (*link != module)
        link = &(*link)->chain;
    *link = module->chain;
    cache_list_remove(cache, module);
    cache->bytes -= module->bytes;
    module->cached = false;
    if (module->refs == 0)
        bl_module_free(module);
}

baals_status
bl_cache_new(struct bl_cache **out, struct bl_alloc alloc, size_t bytes_max, baals_error *err)
{
    struct bl_cache *cache = bl_alloc_zero(&alloc, 1, sizeof *cache);
    if (cache == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the module cache");
    cache->alloc = alloc;
    cache->bytes_max = bytes_max;
    if (pthread_mutex_init(&cache->lock, NULL) != 0) {
        bl_alloc_free(&alloc, cache, sizeof *cache);
        return bl_fail(err, BAALS_NOMEM, "no lock for the module cache");
    }
    *out = cache;
    return BAALS_OK;
}

void bl_cache_free(struct bl_cache *cache)
{
    if (cache == NULL)
        return;
    while (cache->oldest != NULL) {
        BL_ASSERT(cache->oldest->refs == 0);
        cache_evict(cache, cache->oldest);
    }
    BL_ASSERT(cache->bytes == 0);
    struct bl_alloc alloc = cache->alloc;
    (void)pthread_mutex_destroy(&cache->lock);
    bl_alloc_free(&alloc, cache, sizeof *cache);
}

struct bl_module *bl_cache_get(struct bl_cache *cache, const struct bl_module_key *key)
{
    (void)pthread_mutex_lock(&cache->lock);
    struct bl_module *module = cache_find(cache, key);
    if (module != NULL) {
        module->refs++;
        cache_list_remove(cache, module);
        cache_list_add(cache, module);
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return module;
}

struct bl_module *bl_cache_put(struct bl_cache *cache, struct bl_module *module)
{
    BL_ASSERT(module->refs == 0 && !module->cached);
    (void)pthread_mutex_lock(&cache->lock);
    struct bl_module *used = cache_find(cache, &module->key);
    struct bl_module *unused = used != NULL ? module : NULL;
    if (used == NULL)
        used = module;
    used->refs++;
    if (used == module && module->bytes <= cache->bytes_max) {
        cache_insert(cache, module);
        while (cache->bytes > cache->bytes_max)
            cache_evict(cache, cache->oldest);
    }
    (void)pthread_mutex_unlock(&cache->lock);
    bl_module_free(unused);
    return used;
}

void bl_cache_release(struct bl_cache *cache, struct bl_module *module)
{
    if (module == NULL)
        return;
    (void)pthread_mutex_lock(&cache->lock);
    BL_ASSERT(module->refs > 0);
    module->refs--;
    bool dead = module->refs == 0 && !module->cached;
    (void)pthread_mutex_unlock(&cache->lock);
    if (dead)
        bl_module_free(module);
}

void bl_cache_reference(struct bl_cache *cache, struct bl_module *module)
{
    (void)pthread_mutex_lock(&cache->lock);
    BL_ASSERT(module->refs > 0);
    module->refs++;
    (void)pthread_mutex_unlock(&cache->lock);
}

void bl_cache_grew(struct bl_cache *cache, struct bl_module *module, size_t bytes)
{
    (void)pthread_mutex_lock(&cache->lock);
    BL_ASSERT(module->refs > 0);
    module->bytes += bytes;
    if (module->cached)
        cache->bytes += bytes;
    while (cache->bytes > cache->bytes_max)
        cache_evict(cache, cache->oldest);
    (void)pthread_mutex_unlock(&cache->lock);
}

size_t bl_cache_bytes(struct bl_cache *cache)
{
    (void)pthread_mutex_lock(&cache->lock);
    size_t bytes = cache->bytes;
    (void)pthread_mutex_unlock(&cache->lock);
    return bytes;
}
