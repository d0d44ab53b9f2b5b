/* SPDX-License-Identifier: MIT */
/*
 * Where the nodes of the trees in memory live: slabs that double, never move and are never given
 * back before the pool is, and lists of the numbers that are free in them. Giving numbers back must
 * not fail, so room for every number is made in the list of free ones when it is taken.
 */
#include "state/forest.h"

#include <string.h>

/* Of a reference. */
#define POOL_NUMBERS_MAX (1u << 30)
/* Slabs from this one on go back to the system whole: they would leave large holes in the heap. */
#define POOL_PAGES_FROM 1u
#define POOL_LINE 64u /* bytes of a cache line: a leaf lies in one */

_Static_assert(BL_SLAB_FIRST == 1u << 10, "bl_slabs_at knows the size of the first slab");
_Static_assert(sizeof(struct bl_inner) == 80, "an inner node");
_Static_assert(sizeof(struct bl_pool_leaf) == 64, "a leaf");

/* ---- lists of numbers ---- */

static baals_status numbers_reserve(struct bl_numbers *numbers,
                                    const struct bl_alloc *alloc,
                                    size_t count,
                                    baals_error *err)
{
    if (numbers->cap >= count)
        return BAALS_OK;
    size_t cap = numbers->cap < 64 ? 64 : numbers->cap * 2;
    if (cap < count)
        cap = count;
    uint32_t *items =
        bl_alloc_resize(alloc, numbers->items, numbers->cap * sizeof *items, cap * sizeof *items);
    if (items == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to count %zu tree nodes", cap);
    numbers->items = items;
    numbers->cap = cap;
    return BAALS_OK;
}

baals_status bl_numbers_add(struct bl_numbers *numbers,
                            const struct bl_alloc *alloc,
                            uint32_t number,
                            baals_error *err)
{
    BL_TRY(numbers_reserve(numbers, alloc, numbers->count + 1, err));
    numbers->items[numbers->count++] = number;
    return BAALS_OK;
}

baals_status bl_numbers_add_all(struct bl_numbers *numbers,
                                const struct bl_alloc *alloc,
                                const struct bl_numbers *more,
                                baals_error *err)
{
    BL_TRY(numbers_reserve(numbers, alloc, numbers->count + more->count, err));
    if (more->count > 0)
        memcpy(numbers->items + numbers->count, more->items, more->count * sizeof *more->items);
    numbers->count += more->count;
    return BAALS_OK;
}

void bl_numbers_free(struct bl_numbers *numbers, const struct bl_alloc *alloc)
{
    bl_alloc_free(alloc, numbers->items, numbers->cap * sizeof *numbers->items);
    *numbers = (struct bl_numbers){NULL, 0, 0};
}

/* ---- slabs ---- */

static size_t slabs_size(const struct bl_slabs *slabs, unsigned slab)
{
    return ((size_t)BL_SLAB_FIRST << slab) * slabs->item_size + POOL_LINE;
}

/* Makes the slab of the number if it is not there. */
static baals_status
slabs_reach(struct bl_slabs *slabs, const struct bl_alloc *alloc, uint32_t number, baals_error *err)
{
    unsigned slab = 31u - (unsigned)__builtin_clz(number + BL_SLAB_FIRST) - 10u;
    if (slabs->slabs[slab] != NULL)
        return BAALS_OK;
    size_t size = slabs_size(slabs, slab);
    uint8_t *memory = slab < POOL_PAGES_FROM ? bl_alloc_resize(alloc, NULL, 0, size)
                                             : bl_alloc_pages(alloc, size);
    if (memory == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for tree nodes");
    slabs->slab_memory[slab] = memory;
    /* NOLINT(baals-determinism): where the memory lies decides what is fast, and nothing else. */
    slabs->slabs[slab] = memory + (POOL_LINE - (uintptr_t)memory % POOL_LINE);
    return BAALS_OK;
}

baals_status bl_slabs_take(struct bl_slabs *slabs,
                           const struct bl_alloc *alloc,
                           struct bl_numbers *out,
                           size_t count,
                           baals_error *err)
{
    BL_TRY(numbers_reserve(out, alloc, out->count + count, err));
    size_t again = count < slabs->unused.count ? count : slabs->unused.count;
    size_t fresh = count - again;
    if (fresh > 0) {
        if (POOL_NUMBERS_MAX - BL_SLAB_FIRST - slabs->next < fresh)
            return bl_fail(err, BAALS_NOMEM, "more tree nodes than can be numbered");
        for (size_t i = 0; i < fresh; i++)
            BL_TRY(slabs_reach(slabs, alloc, slabs->next + (uint32_t)i, err));
        BL_TRY(numbers_reserve(&slabs->unused, alloc, slabs->next + fresh, err));
    }
    for (size_t i = 0; i < again; i++)
        out->items[out->count++] = slabs->unused.items[--slabs->unused.count];
    for (size_t i = 0; i < fresh; i++)
        out->items[out->count++] = slabs->next++;
    slabs->used += count;
    return BAALS_OK;
}

void bl_slabs_give(struct bl_slabs *slabs, struct bl_numbers *numbers)
{
    BL_ASSERT(slabs->unused.cap - slabs->unused.count >= numbers->count);
    if (numbers->count > 0)
        memcpy(slabs->unused.items + slabs->unused.count, numbers->items,
               numbers->count * sizeof *numbers->items);
    slabs->unused.count += numbers->count;
    slabs->used -= numbers->count;
    numbers->count = 0;
}

static void slabs_free(struct bl_slabs *slabs, const struct bl_alloc *alloc)
{
    for (unsigned i = 0; i < BL_SLABS; i++) {
        if (i < POOL_PAGES_FROM)
            bl_alloc_free(alloc, slabs->slab_memory[i], slabs_size(slabs, i));
        else
            bl_alloc_pages_free(alloc, slabs->slab_memory[i], slabs_size(slabs, i));
    }
    bl_numbers_free(&slabs->unused, alloc);
}

/* ---- pools ---- */

struct bl_pool *bl_pool_new(const struct bl_alloc *alloc)
{
    struct bl_pool *pool = bl_alloc_zero(alloc, 1, sizeof *pool);
    if (pool == NULL)
        return NULL;
    pool->alloc = *alloc;
    pool->inner.item_size = sizeof(struct bl_inner);
    pool->leaves.item_size = sizeof(struct bl_pool_leaf);
    return pool;
}

void bl_pool_free(struct bl_pool *pool)
{
    struct bl_alloc alloc = pool->alloc;
    slabs_free(&pool->inner, &alloc);
    slabs_free(&pool->leaves, &alloc);
    bl_alloc_free(&alloc, pool, sizeof *pool);
}

uint64_t bl_pool_bytes(const struct bl_pool *pool)
{
    return pool->inner.used * sizeof(struct bl_inner) +
           pool->leaves.used * sizeof(struct bl_pool_leaf);
}
