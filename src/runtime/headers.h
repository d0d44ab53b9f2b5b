/* SPDX-License-Identifier: MIT */
#ifndef BL_RUNTIME_HEADERS_H
#define BL_RUNTIME_HEADERS_H
/*
 * The headers and seals of blocks that are gone, in files of a folder (docs/spec/headers.md). The
 * journal is the truth for the blocks it has, these files are for those before: they hold one
 * range of heights without a gap, in groups of BL_HEADERS_PER_FILE.
 *
 * A file gets its name when it is whole, checked and synced, and grows by being replaced: whatever
 * is wrong in one is damage, never the rest of an interrupted write.
 *
 * Threads: reading beside one thread that appends. Errors: CORRUPT_HEADERS with file and place,
 * CORRUPT_FOREIGN for another chain's, UNSUPPORTED_VERSION, NOMEM, IO.
 */
#include "base/env.h"
#include "types/types.h"

/* The folder in a data directory. */
#define BL_HEADERS_DIR "headers"
/* A file holds those of heights from n * BL_HEADERS_PER_FILE on. */
#define BL_HEADERS_PER_FILE 16384u
/* "<n * BL_HEADERS_PER_FILE, 20 digits>.headers" and its NUL. */
#define BL_HEADERS_NAME_MAX 32u
/* The longest sealed header: twelve short fields, metadata and seal. */
#define BL_HEADERS_BODY_MAX (BL_METADATA_BYTES_MAX * 2u + 1024u)

struct bl_headers {
    struct bl_env *env;
    baals_hash chain_id;
    char dir[BL_PATH_MAX];
};

/* The name of the file that has a height. */
void bl_headers_name(char out[BL_HEADERS_NAME_MAX], uint64_t height);

/* The heights that are kept: *from_out up to but not *end_out. NOTFOUND when there are none. Looks
 * at the names of all files and into the first and last one. */
baals_status bl_headers_range(const struct bl_headers *headers,
                              uint64_t *from_out,
                              uint64_t *end_out,
                              baals_error *err);
/* Appends the sealed header of a height to `out`. NOTFOUND when there is no file for the height.
 * Checks the record against its checksum, but not whether its block is of the chain. */
baals_status bl_headers_get(const struct bl_headers *headers,
                            struct bl_buffer *out,
                            uint64_t height,
                            baals_error *err);
/* Calls `each` for every height from `from` up to but not `end`, all of which must be there. Each
 * header is of its height and chain, and the one before it in this walk is its parent. */
typedef baals_status (*bl_headers_seen)(void *ctx,
                                        const baals_sealed_header *sealed,
                                        baals_error *err);
baals_status bl_headers_each(const struct bl_headers *headers,
                             uint64_t from,
                             uint64_t end,
                             bl_headers_seen each,
                             void *ctx,
                             baals_error *err);

/* Appends the sealed header of a height to `out`. */
typedef baals_status (*bl_headers_source)(void *ctx,
                                          struct bl_buffer *out,
                                          uint64_t height,
                                          baals_error *err);
/* Adds the heights from `from` up to but not `end`, which must follow those that are there without
 * a gap. Synced when it returns; on failure a beginning of them may be there. */
baals_status bl_headers_append(const struct bl_headers *headers,
                               uint64_t from,
                               uint64_t end,
                               bl_headers_source source,
                               void *ctx,
                               baals_error *err);
/* Makes the range of those that are there, at least one, begin at the lower height `from`. The
 * source is also asked for heights that are there. The range has no gap at any moment. */
baals_status bl_headers_prepend(const struct bl_headers *headers,
                                uint64_t from,
                                bl_headers_source source,
                                void *ctx,
                                baals_error *err);
/* Removes all files and the folder, the lowest height first; also when there is none. */
baals_status bl_headers_remove(const struct bl_headers *headers, baals_error *err);

#endif /* BL_RUNTIME_HEADERS_H */
