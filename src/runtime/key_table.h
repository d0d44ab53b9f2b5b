/* SPDX-License-Identifier: MIT */
#ifndef BL_RUNTIME_KEY_TABLE_H
#define BL_RUNTIME_KEY_TABLE_H
/*
 * A hash table from 32-byte keys (ids, addresses) to pointers, for the mempool. Local only: nothing
 * of consensus may depend on its order. The place of a key is mixed with a seed, so that nobody
 * outside can choose keys that collide.
 *
 * Threads: one at a time.
 */
#include "base/arena.h"

struct bl_key_slot {
    uint8_t key[32];
    void *value; /* NULL: empty */
};
struct bl_key_table {
    struct bl_alloc alloc;
    uint64_t seed;
    struct bl_key_slot *slots; /* a power of two of them, at most half full */
    size_t slot_count;
    size_t count;
};

void bl_key_table_init(struct bl_key_table *table, struct bl_alloc alloc, uint64_t seed);
void bl_key_table_deinit(struct bl_key_table *table);
/* NULL when the key is not there. */
void *bl_key_table_get(const struct bl_key_table *table, const uint8_t key[32]);
/* The key must not be there; `value` is not NULL. False when there is no memory. */
__attribute__((warn_unused_result)) bool
bl_key_table_put(struct bl_key_table *table, const uint8_t key[32], void *value);
/* Returns what was there, or NULL. */
void *bl_key_table_remove(struct bl_key_table *table, const uint8_t key[32]);
/* Any entry at or behind slot *cursor (begin with 0), NULL at the end. Nothing may be put in
 * between; the entry returned last may be removed, then *cursor is set back by one, since another
 * may have moved into its slot. */
void *bl_key_table_next(const struct bl_key_table *table, size_t *cursor);

#endif /* BL_RUNTIME_KEY_TABLE_H */
