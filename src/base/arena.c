/* SPDX-License-Identifier: MIT */
/*
 * Allocations that die together: a list of chunks, newest first, each filled from its start. A mark
 * is a place in the newest chunk, so rolling back drops the chunks above it and cuts that one. With
 * BL_ARENA_DEBUG a chunk holds exactly one allocation, so that AddressSanitizer sees its end; the
 * accounting against the limit is the same in both builds.
 */
#include <stdalign.h>
#include <string.h>

#include "base/arena.h"

#define ARENA_ALIGN ((size_t)16)
#define ARENA_CHUNK_MIN ((size_t)4096)
#define ARENA_CHUNK_MAX ((size_t)1024 * 1024)

_Static_assert(alignof(max_align_t) <= 16, "ARENA_ALIGN must do for every type");

struct bl_arena_chunk {
    alignas(16) struct bl_arena_chunk *older;
    size_t size; /* bytes in data[] */
    size_t used; /* <= size */
    alignas(16) uint8_t data[];
};

static void arena_drop_newest(struct bl_arena *arena)
{
    struct bl_arena_chunk *chunk = arena->chunks;
    arena->chunks = chunk->older;
    bl_alloc_free(&arena->alloc, chunk, sizeof *chunk + chunk->size);
}

/* A new chunk with room for `size` bytes; false when there is no memory. */
static bool arena_push_chunk(struct bl_arena *arena, size_t size)
{
#ifndef BL_ARENA_DEBUG
    size_t wanted = arena->chunks == NULL ? ARENA_CHUNK_MIN : arena->chunks->size * 2;
    if (wanted > ARENA_CHUNK_MAX)
        wanted = ARENA_CHUNK_MAX;
    if (size < wanted)
        size = wanted;
#endif
    size_t total;
    if (!bl_size_add(&total, size, sizeof(struct bl_arena_chunk)))
        return false;
    struct bl_arena_chunk *chunk = bl_alloc_resize(&arena->alloc, NULL, 0, total);
    if (chunk == NULL)
        return false;
    chunk->older = arena->chunks;
    chunk->size = size;
    chunk->used = 0;
    arena->chunks = chunk;
    return true;
}

void bl_arena_init(struct bl_arena *arena, struct bl_alloc alloc, size_t limit)
{
    *arena = (struct bl_arena){.alloc = alloc, .chunks = NULL, .used = 0, .limit = limit};
}

void bl_arena_deinit(struct bl_arena *arena)
{
    while (arena->chunks != NULL)
        arena_drop_newest(arena);
    arena->used = 0;
}

void bl_arena_reset(struct bl_arena *arena)
{
#ifndef BL_ARENA_DEBUG
    /* The newest chunk is the largest of the usual ones: keeping it saves the next user from
     * growing anew. A chunk made for one large allocation is given back. */
    struct bl_arena_chunk *kept = arena->chunks;
    if (kept != NULL && kept->size <= ARENA_CHUNK_MAX) {
        arena->chunks = kept->older;
        bl_arena_deinit(arena);
        kept->older = NULL;
        kept->used = 0;
        arena->chunks = kept;
        return;
    }
#endif
    bl_arena_deinit(arena);
}

void *bl_arena_alloc(struct bl_arena *arena, size_t size)
{
    size_t counted;
    if (!bl_size_add(&counted, size == 0 ? 1 : size, ARENA_ALIGN - 1))
        return NULL;
    counted -= counted % ARENA_ALIGN;
    BL_DCHECK(arena->used <= arena->limit);
    if (counted > arena->limit - arena->used)
        return NULL;
#ifdef BL_ARENA_DEBUG
    size_t taken = size;
    bool fits = false;
#else
    size_t taken = counted;
    bool fits = arena->chunks != NULL && taken <= arena->chunks->size - arena->chunks->used;
#endif
    if (!fits && !arena_push_chunk(arena, taken))
        return NULL;
    uint8_t *pointer = arena->chunks->data + arena->chunks->used;
    arena->chunks->used += taken;
    arena->used += counted;
    return pointer;
}

void *bl_arena_zero(struct bl_arena *arena, size_t count, size_t size)
{
    size_t total;
    if (!bl_size_mul(&total, count, size))
        return NULL;
    void *pointer = bl_arena_alloc(arena, total);
    if (pointer != NULL)
        memset(pointer, 0, total);
    return pointer;
}

bool bl_arena_copy(baals_slice *out, struct bl_arena *arena, baals_slice bytes)
{
    uint8_t *copy = bl_arena_alloc(arena, bytes.len);
    if (copy == NULL)
        return false;
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    *out = bl_slice(copy, bytes.len);
    return true;
}

struct bl_arena_mark bl_arena_checkpoint(const struct bl_arena *arena)
{
    return (struct bl_arena_mark){
        .chunk = arena->chunks,
        .chunk_used = arena->chunks == NULL ? 0 : arena->chunks->used,
        .used = arena->used,
    };
}

void bl_arena_rollback(struct bl_arena *arena, struct bl_arena_mark mark)
{
    BL_ASSERT(mark.used <= arena->used);
    while (arena->chunks != mark.chunk) {
        BL_ASSERT(arena->chunks != NULL);
        arena_drop_newest(arena);
    }
    if (mark.chunk != NULL)
        mark.chunk->used = mark.chunk_used;
    arena->used = mark.used;
}
