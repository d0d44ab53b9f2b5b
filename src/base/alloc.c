/* SPDX-License-Identifier: MIT */
/*
 * The one file that calls malloc. Everything else holds a struct bl_alloc, which an embedder may
 * replace per instance and the tests make fail.
 */
#define _DEFAULT_SOURCE 1 /* MAP_ANONYMOUS */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/arena.h"

static void *alloc_system_resize(void *ctx, void *pointer, size_t old_size, size_t new_size)
{
    (void)ctx;
    (void)old_size;
    if (new_size == 0) {
        free(pointer);
        return NULL;
    }
    return realloc(pointer, new_size);
}

struct bl_alloc bl_alloc_system(void)
{
    return (struct bl_alloc){.resize = alloc_system_resize, .ctx = NULL};
}

/* Where allocations are watched one by one, all of them are the allocator's. */
static bool alloc_maps(const struct bl_alloc *alloc)
{
#ifdef BL_ARENA_DEBUG
    (void)alloc;
    return false;
#else
    return alloc->resize == alloc_system_resize;
#endif
}

void *bl_alloc_pages(const struct bl_alloc *alloc, size_t size)
{
    BL_ASSERT(size > 0);
    if (!alloc_maps(alloc))
        return alloc->resize(alloc->ctx, NULL, 0, size);
    void *pointer = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pointer == MAP_FAILED ? NULL : pointer;
}

void bl_alloc_pages_free(const struct bl_alloc *alloc, void *pointer, size_t size)
{
    if (pointer == NULL)
        return;
    if (alloc_maps(alloc))
        BL_ASSERT(munmap(pointer, size) == 0);
    else
        alloc->resize(alloc->ctx, pointer, size, 0);
}

void *bl_alloc_zero(const struct bl_alloc *alloc, size_t count, size_t size)
{
    size_t total;
    if (!bl_size_mul(&total, count, size) || total == 0)
        return NULL;
    void *pointer = alloc->resize(alloc->ctx, NULL, 0, total);
    if (pointer != NULL)
        memset(pointer, 0, total);
    return pointer;
}

void *bl_alloc_resize(const struct bl_alloc *alloc, void *pointer, size_t old_size, size_t new_size)
{
    /* Size 0 would free: that is bl_alloc_free's job. */
    BL_ASSERT(new_size > 0);
    BL_ASSERT(pointer != NULL || old_size == 0);
    return alloc->resize(alloc->ctx, pointer, old_size, new_size);
}

void bl_alloc_free(const struct bl_alloc *alloc, void *pointer, size_t size)
{
    if (pointer != NULL)
        alloc->resize(alloc->ctx, pointer, size, 0);
}

char *bl_alloc_strdup(const struct bl_alloc *alloc, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = bl_alloc_zero(alloc, 1, size);
    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}
