/* SPDX-License-Identifier: MIT */
#ifndef BL_STATE_RECORD_CACHE_H
#define BL_STATE_RECORD_CACHE_H
/*
 * Records of accounts, and known absences, of one committed state: what the next block reads first.
 * The cache says of which block its state is; for any other it is emptied, so that a stale record
 * cannot be met. It may forget anything at any time and holds nothing that is not in the store.
 *
 * Threads: the writer's alone.
 */
#include "state/state.h"

struct bl_record_cache;

enum bl_record_known { BL_RECORD_UNKNOWN, BL_RECORD_ABSENT, BL_RECORD_PRESENT };

/* Takes memory as it fills, up to about `bytes_max`, and half as much again while it grows. */
baals_status bl_record_cache_new(struct bl_record_cache **out,
                                 const struct bl_alloc *alloc,
                                 size_t bytes_max,
                                 baals_error *err);
void bl_record_cache_free(struct bl_record_cache *cache); /* NULL is ignored */

/* Makes it the cache of the view's state, empty unless it was that already. False, and nothing is
 * done, when layers were pushed on the view: no block names its state. */
bool bl_record_cache_bind(struct bl_record_cache *cache, const struct bl_view *view);
/* What is known of the account `key`; *record_out borrows until the next call that may change the
 * cache. `hash` is the key's under the view's hash key. */
enum bl_record_known bl_record_cache_get(struct bl_record_cache *cache,
                                         baals_slice *record_out,
                                         uint32_t hash,
                                         baals_slice key);
/* Fetches what bl_record_cache_get will read. */
void bl_record_cache_prefetch(const struct bl_record_cache *cache, uint32_t hash);
/* Adds what was read of the state it is bound to; `record` NULL: absence, confirmed. */
void bl_record_cache_put(struct bl_record_cache *cache,
                         uint32_t hash,
                         baals_slice key,
                         const baals_slice *record);
/* The block of hash `block` was committed on the view's state (layers pushed on it since are
 * passed over), with `set` as its changes: from here on the cache is of that block. */
void bl_record_cache_advance(struct bl_record_cache *cache,
                             const struct bl_view *view,
                             const baals_hash *block,
                             const struct bl_write_set *set);

#endif /* BL_STATE_RECORD_CACHE_H */
