/* SPDX-License-Identifier: MIT */
#ifndef BL_BASE_ARENA_H
#define BL_BASE_ARENA_H
/*
 * Memory. Three owners only: a handle (bl_alloc_*), an arena per block, transaction or request, and
 * the caller. Nothing else in the tree calls malloc.
 */
#include "base/base.h"

/* An allocator; a copy lives in every bl_env. Thread-safe as far as `resize` is. */
struct bl_alloc {
    /* pointer NULL: allocate; new_size 0: free (returns NULL). Returns NULL when there is no
     * memory, and then leaves `pointer` alone. Memory is aligned for any type. */
    void *(*resize)(void *ctx, void *pointer, size_t old_size, size_t new_size);
    void *ctx;
};

/* The C library's allocator. */
struct bl_alloc bl_alloc_system(void);

/* Zeroed memory of count*size bytes, or NULL (also when the product overflows or is 0). */
void *bl_alloc_zero(const struct bl_alloc *alloc, size_t count, size_t size);
/* Grows or shrinks; NULL when there is no memory, `pointer` then still valid. */
void *
bl_alloc_resize(const struct bl_alloc *alloc, void *pointer, size_t old_size, size_t new_size);
/* `size` is what was asked for. NULL is ignored. */
void bl_alloc_free(const struct bl_alloc *alloc, void *pointer, size_t size);
/* Memory, aligned for any type, that goes back to the system when it is freed, where the C
 * library's allocator would keep it: for what is large and freed in another order than it was made.
 * Another allocator is asked for it as usual. NULL when there is none. */
void *bl_alloc_pages(const struct bl_alloc *alloc, size_t size);
/* Frees what bl_alloc_pages gave for `size`. NULL is ignored. */
void bl_alloc_pages_free(const struct bl_alloc *alloc, void *pointer, size_t size);
/* A NUL-terminated copy of `text`, freed with bl_alloc_free(alloc, p, strlen(p) + 1). */
char *bl_alloc_strdup(const struct bl_alloc *alloc, const char *text);

/*
 * Arena: allocations that die together. In debug builds (BL_ARENA_DEBUG) each allocation is its own
 * block so that AddressSanitizer sees overruns.
 */
struct bl_arena_chunk;
struct bl_arena {
    struct bl_alloc alloc;
    struct bl_arena_chunk *chunks; /* newest first */
    size_t used;                   /* bytes handed out */
    size_t limit;                  /* bl_arena_alloc fails beyond this */
};
struct bl_arena_mark {
    struct bl_arena_chunk *chunk;
    size_t chunk_used;
    size_t used;
};

void bl_arena_init(struct bl_arena *arena, struct bl_alloc alloc, size_t limit);
void bl_arena_deinit(struct bl_arena *arena);
/* Frees every allocation; keeps the limit. */
void bl_arena_reset(struct bl_arena *arena);
/* Uninitialised memory aligned for any type (size 0 gives a valid pointer); NULL when the limit or
 * the memory is reached. */
void *bl_arena_alloc(struct bl_arena *arena, size_t size);
/* Zeroed memory for count elements, NULL also when count*size overflows. */
void *bl_arena_zero(struct bl_arena *arena, size_t count, size_t size);
/* A copy of `bytes` in the arena. False when there is no memory. */
__attribute__((warn_unused_result)) bool
bl_arena_copy(baals_slice *out, struct bl_arena *arena, baals_slice bytes);
struct bl_arena_mark bl_arena_checkpoint(const struct bl_arena *arena);
/* Frees everything allocated after `mark`. */
void bl_arena_rollback(struct bl_arena *arena, struct bl_arena_mark mark);

/*
 * Buffer: bytes that grow, with a hard limit. An append that fails leaves `failed` set and the
 * bytes as they were, so a sequence of appends is checked once at its end.
 */
struct bl_buffer {
    struct bl_alloc alloc;
    uint8_t *data;
    size_t len;
    size_t cap;
    size_t limit;
    bool failed;     /* an append failed; all later ones fail too, until bl_buffer_clear */
    bool over_limit; /* it failed at the limit, not for want of memory */
};

void bl_buffer_init(struct bl_buffer *buffer, struct bl_alloc alloc, size_t limit);
void bl_buffer_deinit(struct bl_buffer *buffer);
/* Sets len to 0 and clears `failed`; keeps the memory. */
void bl_buffer_clear(struct bl_buffer *buffer);
/* Room for `len` more bytes at the returned place, len already added; NULL sets `failed`. */
uint8_t *bl_buffer_extend(struct bl_buffer *buffer, size_t len);
void bl_buffer_append(struct bl_buffer *buffer, const void *data, size_t len);
void bl_buffer_append_u8(struct bl_buffer *buffer, uint8_t value);
baals_slice bl_buffer_slice(const struct bl_buffer *buffer);
/* BAALS_OK, or BAALS_NOMEM / BAALS_LIMIT when an append failed. */
baals_status bl_buffer_status(const struct bl_buffer *buffer, baals_error *err);

#endif /* BL_BASE_ARENA_H */
