/* SPDX-License-Identifier: MIT */
/*
 * The profile of an instance: a stack of active functions beside the interpreter's own. What a
 * function spent is the gas at its entry less that at its return; its own share is that without
 * what its callees spent, which each hands to its caller as it returns.
 */
#include "contracts/profile.h"

/* Above the frames of the interpreter (BL_INTERPRETER_FRAMES), and one host function. */
#define PROFILE_DEPTH_MAX 4200u

struct profile_active {
    uint32_t function;
    bool helper;
    int64_t gas;
    uint64_t below;     /* spent by callees */
    uint64_t elsewhere; /* spent by other contracts, not by functions here */
};

struct bl_profile {
    struct bl_alloc alloc;
    struct bl_profile_function *functions;
    uint32_t count;
    uint32_t depth;
    struct profile_active *active;
    struct bl_profile_place places[BL_PROFILE_PLACES_MAX];
    size_t place_count;
};

struct bl_profile *bl_profile_new(struct bl_alloc alloc, uint32_t count)
{
    struct bl_profile *profile = bl_alloc_zero(&alloc, 1, sizeof *profile);
    if (profile == NULL)
        return NULL;
    profile->alloc = alloc;
    profile->count = count;
    profile->functions = bl_alloc_zero(&alloc, (size_t)count + 1, sizeof *profile->functions);
    profile->active = bl_alloc_zero(&alloc, PROFILE_DEPTH_MAX, sizeof *profile->active);
    if (profile->functions == NULL || profile->active == NULL) {
        bl_profile_free(profile);
        return NULL;
    }
    return profile;
}

void bl_profile_free(struct bl_profile *profile)
{
    if (profile == NULL)
        return;
    struct bl_alloc alloc = profile->alloc;
    bl_alloc_free(&alloc, profile->functions,
                  ((size_t)profile->count + 1) * sizeof *profile->functions);
    bl_alloc_free(&alloc, profile->active, PROFILE_DEPTH_MAX * sizeof *profile->active);
    bl_alloc_free(&alloc, profile, sizeof *profile);
}

/* A counter below zero is an execution that has spent all it had. */
static int64_t profile_left(int64_t gas)
{
    return gas < 0 ? 0 : gas;
}

void bl_profile_enter(struct bl_profile *profile, uint32_t function, int64_t gas)
{
    BL_ASSERT(profile->depth < PROFILE_DEPTH_MAX);
    bool helper = function >= profile->count;
    if (helper)
        function = profile->depth > 0 ? profile->active[profile->depth - 1].function : 0;
    profile->active[profile->depth++] =
        (struct profile_active){.function = function, .helper = helper, .gas = profile_left(gas)};
    if (!helper)
        profile->functions[function].calls++;
    profile->functions[function].active++;
}

void bl_profile_leave(struct bl_profile *profile, int64_t gas)
{
    BL_ASSERT(profile->depth > 0);
    const struct profile_active *active = &profile->active[--profile->depth];
    struct bl_profile_function *function = &profile->functions[active->function];
    int64_t left = profile_left(gas);
    uint64_t spent = left < active->gas ? (uint64_t)(active->gas - left) : 0;
    uint64_t others = active->below + active->elsewhere;
    function->own += spent > others ? spent - others : 0;
    if (--function->active == 0)
        function->total += spent;
    if (profile->depth > 0)
        profile->active[profile->depth - 1].below += spent;
}

void bl_profile_elsewhere(struct bl_profile *profile, uint64_t gas)
{
    if (profile->depth > 0)
        profile->active[profile->depth - 1].elsewhere += gas;
}

void bl_profile_unwind(struct bl_profile *profile, int64_t gas)
{
    while (profile->depth > 0)
        bl_profile_leave(profile, gas);
}

void bl_profile_clear_places(struct bl_profile *profile)
{
    profile->place_count = 0;
}

void bl_profile_add_place(struct bl_profile *profile, uint32_t function, uint32_t offset)
{
    if (function < profile->count && profile->place_count < BL_PROFILE_PLACES_MAX)
        profile->places[profile->place_count++] =
            (struct bl_profile_place){.function = function, .offset = offset};
}

size_t bl_profile_places(const struct bl_profile *profile, const struct bl_profile_place **out)
{
    *out = profile->places;
    return profile->place_count;
}

size_t bl_profile_functions(const struct bl_profile *profile,
                            const struct bl_profile_function **out)
{
    *out = profile->functions;
    return profile->count;
}
