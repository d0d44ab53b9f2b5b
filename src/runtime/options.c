/* SPDX-License-Identifier: MIT */
/*
 * Structs of the public API that grow. A program brings the size its header gave the struct, so
 * the library knows which fields it has: an older program's struct ends early, and what it lacks
 * is the default; a newer program's goes on behind what is known here, which is fine as long as it
 * asks for nothing there, since zeros are the defaults of everything that is ever appended.
 */
#include <string.h>

#include "runtime/runtime_internal.h"

/* No struct comes near it: a larger size is memory that was never initialised. */
#define OPTIONS_SIZE_MAX ((size_t)4096)

/* Padding at the end would hold whatever the program had there, and a later header could put a
 * field into it without the struct becoming larger. */
#define OPTIONS_ENDS_WITH(type, field)                                                             \
    _Static_assert(sizeof(type) == offsetof(type, field) + sizeof(((type *)0)->field),             \
                   "the struct ends with its last field")
OPTIONS_ENDS_WITH(baals_options, state_bytes);
OPTIONS_ENDS_WITH(baals_query, time_ms_max);
OPTIONS_ENDS_WITH(baals_stats, checkpoint_ns);

/* The sizes in the first headers. */
#define OPTIONS_SIZE_MIN offsetof(baals_options, keep_headers)
#define OPTIONS_QUERY_SIZE_MIN sizeof(baals_query)
#define OPTIONS_STATS_SIZE_MIN offsetof(baals_stats, checkpoints_begun)

/* The size of the caller's struct, which is its first field. */
static baals_status
options_size(size_t *out, const void *given, size_t size_min, const char *what, baals_error *err)
{
    size_t size = 0;
    memcpy(&size, given, sizeof size);
    if (size < size_min || size > OPTIONS_SIZE_MAX)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "%s of %zu bytes; they begin with their INIT macro", what, size);
    *out = size;
    return BAALS_OK;
}

/* Copies the part of the caller's struct that is known here over `out`, which has the defaults and
 * begins with its own size. */
static baals_status options_copy(void *out,
                                 size_t size_known,
                                 size_t size_min,
                                 const void *given,
                                 const char *what,
                                 baals_error *err)
{
    const uint8_t *bytes = given;
    size_t size = 0;
    BL_TRY(options_size(&size, given, size_min, what, err));
    for (size_t i = size_known; i < size; i++) {
        if (bytes[i] != 0)
            return bl_fail(err, BAALS_UNSUPPORTED_VERSION,
                           "%s that this library, version " BAALS_VERSION
                           ", does not know: they have %zu bytes, it knows %zu",
                           what, size, size_known);
    }
    size_t common = size < size_known ? size : size_known;
    memcpy((uint8_t *)out + sizeof size, bytes + sizeof size, common - sizeof size);
    return BAALS_OK;
}

baals_status bl_options_read(baals_options *out, const baals_options *given, baals_error *err)
{
    baals_options read = BAALS_OPTIONS_INIT;
    if (given != NULL)
        BL_TRY(options_copy(&read, sizeof read, OPTIONS_SIZE_MIN, given, "options", err));
    *out = read;
    return BAALS_OK;
}

baals_status bl_query_read(baals_query *out, const baals_query *given, baals_error *err)
{
    baals_query read = BAALS_QUERY_INIT;
    BL_TRY(
        options_copy(&read, sizeof read, OPTIONS_QUERY_SIZE_MIN, given, "a query's fields", err));
    *out = read;
    return BAALS_OK;
}

baals_status bl_stats_write(baals_stats *out, const baals_stats *stats, baals_error *err)
{
    uint8_t *bytes = (uint8_t *)out;
    size_t size = 0;
    BL_TRY(options_size(&size, out, OPTIONS_STATS_SIZE_MIN, "counters", err));
    size_t common = size < sizeof *stats ? size : sizeof *stats;
    memcpy(bytes + sizeof size, (const uint8_t *)stats + sizeof size, common - sizeof size);
    memset(bytes + common, 0, size - common);
    return BAALS_OK;
}
