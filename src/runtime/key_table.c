/* SPDX-License-Identifier: MIT */
/*
 * Open addressing with linear probing. Removing moves the entries of the same run back, so there
 * are no tombstones and a lookup never walks further than the longest run.
 */
#include "runtime/key_table.h"

#include <string.h>

#define KEY_TABLE_SLOTS_MIN 64u

void bl_key_table_init(struct bl_key_table *table, struct bl_alloc alloc, uint64_t seed)
{
    *table = (struct bl_key_table){.alloc = alloc, .seed = seed};
}

void bl_key_table_deinit(struct bl_key_table *table)
{
    bl_alloc_free(&table->alloc, table->slots, table->slot_count * sizeof *table->slots);
    table->slots = NULL;
    table->slot_count = 0;
    table->count = 0;
}

/* Keys are hashes or points already; one multiplication with the seed hides which slot they take.
 */
static size_t key_table_home(const struct bl_key_table *table, const uint8_t key[32])
{
    uint64_t mixed = (bl_load_u64le(key) ^ table->seed) * 0x9e3779b97f4a7c15ull;
    mixed ^= bl_load_u64le(key + 8) + table->seed;
    mixed *= 0xbf58476d1ce4e5b9ull;
    mixed ^= mixed >> 32;
    return (size_t)mixed & (table->slot_count - 1);
}

/* The slot that holds the key, or the empty one where it would go. */
static size_t key_table_find(const struct bl_key_table *table, const uint8_t key[32])
{
    size_t slot = key_table_home(table, key);
    while (table->slots[slot].value != NULL && memcmp(table->slots[slot].key, key, 32) != 0)
        slot = (slot + 1) & (table->slot_count - 1);
    return slot;
}

void *bl_key_table_get(const struct bl_key_table *table, const uint8_t key[32])
{
    if (table->count == 0)
        return NULL;
    return table->slots[key_table_find(table, key)].value;
}

static bool key_table_grow(struct bl_key_table *table)
{
    struct bl_key_table grown = *table;
    grown.slot_count = table->slot_count == 0 ? KEY_TABLE_SLOTS_MIN : table->slot_count * 2;
    grown.slots = bl_alloc_zero(&table->alloc, grown.slot_count, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i].value != NULL)
            grown.slots[key_table_find(&grown, table->slots[i].key)] = table->slots[i];
    }
    bl_alloc_free(&table->alloc, table->slots, table->slot_count * sizeof *table->slots);
    *table = grown;
    return true;
}

bool bl_key_table_put(struct bl_key_table *table, const uint8_t key[32], void *value)
{
    BL_ASSERT(value != NULL);
    if ((table->count + 1) * 2 > table->slot_count && !key_table_grow(table))
        return false;
    struct bl_key_slot *slot = &table->slots[key_table_find(table, key)];
    BL_ASSERT(slot->value == NULL);
    memcpy(slot->key, key, sizeof slot->key);
    slot->value = value;
    table->count++;
    return true;
}

void *bl_key_table_remove(struct bl_key_table *table, const uint8_t key[32])
{
    if (table->count == 0)
        return NULL;
    size_t mask = table->slot_count - 1;
    size_t hole = key_table_find(table, key);
    void *value = table->slots[hole].value;
    if (value == NULL)
        return NULL;
    for (size_t slot = (hole + 1) & mask; table->slots[slot].value != NULL;
         slot = (slot + 1) & mask) {
        size_t home = key_table_home(table, table->slots[slot].key);
        /* An entry may move into the hole unless its home lies behind the hole in this run. */
        if (((slot - home) & mask) >= ((slot - hole) & mask)) {
            table->slots[hole] = table->slots[slot];
            hole = slot;
        }
    }
    table->slots[hole].value = NULL;
    table->count--;
    return value;
}

void *bl_key_table_next(const struct bl_key_table *table, size_t *cursor)
{
    while (*cursor < table->slot_count) {
        void *value = table->slots[(*cursor)++].value;
        if (value != NULL)
            return value;
    }
    return NULL;
}
