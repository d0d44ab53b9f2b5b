/* SPDX-License-Identifier: MIT */
#ifndef BL_RUNTIME_KEY_CACHE_H
#define BL_RUNTIME_KEY_CACHE_H
/*
 * Decoded keys of senders whose signatures verified not long ago. It only makes verifying cheaper:
 * a key that is not here is decoded again. It grows with the senders there are, to 6.3 MiB.
 *
 * Threads: any number at once.
 */
#include <pthread.h>

#include "base/arena.h"
#include "crypto/crypto.h"

struct key_cache_row;

struct bl_key_cache {
    struct bl_alloc alloc;
    uint64_t seed; /* hides which keys meet in a row */
    pthread_mutex_t mutex;
    struct key_cache_row *rows; /* a power of two of them; NULL: none yet, or no memory */
    size_t row_count;
    size_t count; /* keys that are here */
};

void bl_key_cache_init(struct bl_key_cache *cache, struct bl_alloc alloc, uint64_t seed);
void bl_key_cache_deinit(struct bl_key_cache *cache);
/* Fills in the decoded keys that are here; every item has a place for one. */
void bl_key_cache_get(struct bl_key_cache *cache, const struct bl_signed *items, size_t count);
/* Keeps the decoded keys of the items whose verdict is not 0, as bl_ed25519_verify_batch left them.
 * The key of an invalid signature is nobody's. */
void bl_key_cache_put(struct bl_key_cache *cache,
                      const struct bl_signed *items,
                      const uint8_t *verdicts,
                      size_t count);

#endif /* BL_RUNTIME_KEY_CACHE_H */
