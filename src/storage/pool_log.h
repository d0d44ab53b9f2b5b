/* SPDX-License-Identifier: MIT */
#ifndef BL_STORAGE_POOL_LOG_H
#define BL_STORAGE_POOL_LOG_H
/*
 * pool.log: the pending transactions beside the journal, so that what was accepted survives a
 * restart (kill -9, not power loss: it is written, not synced). Records under a checksum; a damaged
 * record ends reading there and is reported, for nothing in it was promised as committed.
 *
 * Threads: one at a time.
 */
#include "base/env.h"

struct bl_pool_log;

/* Opens or creates the file `path` of the chain `chain_id` and calls `each` with every transaction
 * that was put and not removed, in the order they were put. `each` may be NULL. *dropped_out counts
 * the bytes given up behind a damaged record (0 when none). CORRUPT_FOREIGN for another chain's
 * file. */
baals_status bl_pool_log_open(
    struct bl_pool_log **out,
    uint64_t *dropped_out,
    struct bl_env *env,
    const char *path,
    const baals_hash *chain_id,
    baals_status (*each)(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice tx),
    void *ctx,
    baals_error *err);
void bl_pool_log_close(struct bl_pool_log *log); /* NULL is ignored */
/* A transaction to be written. */
struct bl_pool_log_item {
    const baals_hash *id;
    baals_slice tx;
};
/* Writes transactions that arrived at one time, all with one write; on BAALS_OK they survive the
 * process, otherwise none was put. IO_FULL, IO, NOMEM. */
baals_status bl_pool_log_put_many(struct bl_pool_log *log,
                                  const struct bl_pool_log_item *items,
                                  size_t count,
                                  uint64_t arrived_ms,
                                  baals_error *err);
/* One of them. */
baals_status bl_pool_log_put(struct bl_pool_log *log,
                             const baals_hash *id,
                             uint64_t arrived_ms,
                             baals_slice tx,
                             baals_error *err);
/* Notes that a transaction left: written with the next put, when many have gathered, and on close.
 * One that the process dies before comes back when the log is opened; the caller judges it anew
 * then. Unknown ids are ignored. NOMEM; IO, IO_FULL. */
baals_status bl_pool_log_remove(struct bl_pool_log *log, const baals_hash *id, baals_error *err);
/* Removes all. */
baals_status bl_pool_log_clear(struct bl_pool_log *log, baals_error *err);
/* Bytes of the file, and how many of them belong to transactions still there: the caller rewrites
 * the file (bl_pool_log_compact) when the difference grows. */
void bl_pool_log_size(const struct bl_pool_log *log,
                      uint64_t *file_bytes_out,
                      uint64_t *live_bytes_out);
/* Rewrites the file with what is still there, atomically. */
baals_status bl_pool_log_compact(struct bl_pool_log *log, baals_error *err);

#endif /* BL_STORAGE_POOL_LOG_H */
