/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_CACHE_H
#define BL_CONTRACTS_CACHE_H
/*
 * Prepared modules in memory, least recently used out first, bounded by the bytes they hold.
 * Whether a module is here never changes a result or gas.
 *
 * Threads:   every function may be called from any thread.
 * Ownership: a module is counted: each get and put gives one reference, given back with
 *            bl_cache_release; it lives while it is cached or referenced.
 */
#include "contracts/module.h"

struct bl_cache;

/* *out is released with bl_cache_free. NOMEM. */
baals_status
bl_cache_new(struct bl_cache **out, struct bl_alloc alloc, size_t bytes_max, baals_error *err);
/* No references are held. NULL is ignored. */
void bl_cache_free(struct bl_cache *cache);

/* NULL: not here. */
struct bl_module *bl_cache_get(struct bl_cache *cache, const struct bl_module_key *key);
/* Takes a new module over and returns the one to use: another thread may have been faster. A
 * module larger than the whole cache is not kept, but lives until it is released. */
struct bl_module *bl_cache_put(struct bl_cache *cache, struct bl_module *module);
void bl_cache_release(struct bl_cache *cache, struct bl_module *module); /* NULL is ignored */

/* One more reference for the holder of one. */
void bl_cache_reference(struct bl_cache *cache, struct bl_module *module);
/* The module, to which the caller has a reference, holds `bytes` more. */
void bl_cache_grew(struct bl_cache *cache, struct bl_module *module, size_t bytes);

/* Bytes of the cached modules now. */
size_t bl_cache_bytes(struct bl_cache *cache);

#endif /* BL_CONTRACTS_CACHE_H */
