/* SPDX-License-Identifier: MIT */
#ifndef BL_BASE_ENV_INTERNAL_H
#define BL_BASE_ENV_INTERNAL_H
/* What the implementations of struct bl_env share. Only src/base and the tests include this. */
#include "base/env.h"

/* The operating system's clock and randomness, as operations of any env (`self` is not used). */
uint64_t bl_env_system_clock_ms(struct bl_env *self);
uint64_t bl_env_system_monotonic_ns(struct bl_env *self);
baals_status bl_env_system_random(struct bl_env *self, uint8_t *out, size_t len, baals_error *err);

/* The names of a folder's entries, gathered before the first callback so that the callback may
 * change the folder. Zero-initialise all but `alloc`. */
struct bl_name_list {
    struct bl_alloc alloc;
    char **names; /* owned, `count` in use */
    size_t count;
    size_t cap;
};

/* Copies `name` into the list. NOMEM, LIMIT (BL_DIR_ENTRIES_MAX). */
baals_status bl_name_list_add(struct bl_name_list *list, const char *name, baals_error *err);
/* Sorts and gives each name to `each`, stopping at the first status that is not OK. */
baals_status bl_name_list_visit(struct bl_name_list *list,
                                baals_status (*each)(void *ctx, const char *name),
                                void *ctx);
void bl_name_list_deinit(struct bl_name_list *list);

#endif /* BL_BASE_ENV_INTERNAL_H */
