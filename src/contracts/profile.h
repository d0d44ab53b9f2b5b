/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_PROFILE_H
#define BL_CONTRACTS_PROFILE_H
/*
 * Where the gas of one instance goes: per function, with and without what it called. The
 * interpreter tells of every entry and return with the gas that is left; it does nothing where no
 * profile is attached.
 *
 * Threads:   that of the instance.
 */
#include "base/arena.h"

/* Places that are kept of where a call ended. */
#define BL_PROFILE_PLACES_MAX 16u

struct bl_profile_function {
    uint64_t calls;
    uint64_t own;
    uint64_t total; /* of the outermost activations only, so that recursion counts once */
    uint32_t active;
};

struct bl_profile_place {
    uint32_t function;
    uint32_t offset; /* in the instrumented module */
};

struct bl_profile; /* opaque but for what follows */

/* For functions below `count`, imports included; a higher index is a helper of the instrumentation
 * and counts as its caller. NULL: no memory. */
struct bl_profile *bl_profile_new(struct bl_alloc alloc, uint32_t count);
void bl_profile_free(struct bl_profile *profile); /* NULL is ignored */

/* A function is entered, the innermost one returned; `gas` is what is left. */
void bl_profile_enter(struct bl_profile *profile, uint32_t function, int64_t gas);
void bl_profile_leave(struct bl_profile *profile, int64_t gas);
/* Gas that the innermost function spent on another contract: it is in its total only. */
void bl_profile_elsewhere(struct bl_profile *profile, uint64_t gas);
/* The call ended: all that are still active return. */
void bl_profile_unwind(struct bl_profile *profile, int64_t gas);

/* Where it ended, innermost first; those beyond the maximum and in helpers are left out. */
void bl_profile_clear_places(struct bl_profile *profile);
void bl_profile_add_place(struct bl_profile *profile, uint32_t function, uint32_t offset);
size_t bl_profile_places(const struct bl_profile *profile, const struct bl_profile_place **out);

size_t bl_profile_functions(const struct bl_profile *profile,
                            const struct bl_profile_function **out);

#endif /* BL_CONTRACTS_PROFILE_H */
