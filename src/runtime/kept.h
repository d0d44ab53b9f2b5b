/* SPDX-License-Identifier: MIT */
#ifndef BL_RUNTIME_KEPT_H
#define BL_RUNTIME_KEPT_H
/*
 * What a chain keeps of blocks it has given up: their headers and seals, where it was asked to
 * (docs/internals/runtime.md, "Retention"). chain->headers_from is the first height of them,
 * UINT64_MAX when there are none; they reach up to chain->kept_from without a gap.
 *
 * Threads: bl_kept_get from any; the others by whoever opens, repairs or prunes the chain.
 */
#include "runtime/headers.h"
#include "runtime/runtime_internal.h"

/* The chain's files of headers. */
baals_status
bl_kept_headers(struct bl_headers *out, const struct baals_chain *chain, baals_error *err);
/* The first height whose header can be read. */
uint64_t bl_kept_from(const struct baals_chain *chain);

/* Sets chain->headers_from, once chain->kept_from is known. CORRUPT_HEADERS when headers are there
 * but do not reach up to the first kept block. With BAALS_HEADERS_DROP nothing is looked at. */
baals_status bl_kept_look(struct baals_chain *chain, baals_error *err);
/* Reads all files from the first to the last header. OK also when there are none, and with
 * BAALS_HEADERS_DROP. */
baals_status bl_kept_check(struct baals_chain *chain, baals_error *err);
/* While the empty store of `chain` is filled, before block `kept_from` is put into it: the index of
 * the kept headers' hashes, pushed with `tip`. */
baals_status bl_kept_index(struct baals_chain *chain,
                           uint64_t kept_from,
                           const struct bl_tip *tip,
                           baals_error *err);

/* Removes the files of headers, whatever is wrong with them, for a repair: the index is made anew
 * afterwards. */
baals_status bl_kept_discard(struct baals_chain *chain, baals_error *err);
/* Before a pruning: with BAALS_HEADERS_DROP gives up the headers that are kept, and finishes what
 * an earlier call began. */
baals_status bl_kept_drop(struct baals_chain *chain, baals_error *err);
/* Before the blocks below `end` are given up: puts their headers aside, synced, when the options or
 * what is there say so. */
baals_status bl_kept_add(struct baals_chain *chain, uint64_t end, baals_error *err);

/* Appends the sealed header of a block that is gone. NOTFOUND_PRUNED, CORRUPT_HEADERS. */
baals_status bl_kept_get(const struct baals_chain *chain,
                         struct bl_buffer *out,
                         uint64_t height,
                         baals_error *err);

#endif /* BL_RUNTIME_KEPT_H */
