/* SPDX-License-Identifier: MIT */
#ifndef BL_RUNTIME_SNAPSHOT_H
#define BL_RUNTIME_SNAPSHOT_H
/*
 * A whole state as one file (docs/spec/snapshot.md): what a chain that does not keep its oldest
 * blocks begins with. The bytes follow from the block alone, so they are the same everywhere.
 *
 * Threads: each function by one thread at a time; writing may run beside the chain's writer.
 */
#include "runtime/runtime_internal.h"

/* The folder of snapshots in a data directory. */
#define BL_SNAPSHOTS_DIR "snapshots"
/* "<height, 20 digits>.snapshot" and its NUL. */
#define BL_SNAPSHOT_NAME_MAX 32u

/* What a snapshot says of itself. */
struct bl_snapshot_head {
    uint64_t height;
    baals_hash hash; /* of the block */
    baals_hash state_root;
    uint64_t tx_total; /* transactions up to and with this block */
    uint64_t chunk_count;
};

/* The name of the file of a height. */
void bl_snapshot_name(char out[BL_SNAPSHOT_NAME_MAX], uint64_t height);
/* The height of a name; false for any other name. */
bool bl_snapshot_height(uint64_t *out, const char *name);

/* Writes and checks the snapshot of the block that `record` is, whose state `view` shows, as
 * snapshots/<height>.snapshot, synced. `tx_total` as in the head. CORRUPT_STATE when the view's
 * records do not give the block's state root; NOMEM, IO, IO_FULL: then there is no file of it. */
baals_status bl_snapshot_write(struct baals_chain *chain,
                               struct bl_view *view,
                               const struct bl_block_record *record,
                               uint64_t tx_total,
                               baals_error *err);

/* Reads the head of snapshots/<height>.snapshot in `chain`'s directory. NOTFOUND, CORRUPT_SNAPSHOT,
 * CORRUPT_FOREIGN (of another chain), UNSUPPORTED_VERSION, IO. */
baals_status bl_snapshot_read_head(struct bl_snapshot_head *out,
                                   struct baals_chain *chain,
                                   uint64_t height,
                                   baals_error *err);
/* Receives a chunk's records as a write set in which all is new. */
typedef baals_status (*bl_snapshot_each)(void *ctx,
                                         const struct bl_write_set *set,
                                         struct bl_arena *arena,
                                         baals_error *err);
/* Reads the whole file and checks all but the state root. As bl_snapshot_read. */
baals_status bl_snapshot_check(struct baals_chain *chain, uint64_t height, baals_error *err);
/* Calls `each` with the write set of every chunk, in order. Checks each chunk's hash and the order
 * of records over all chunks. CORRUPT_SNAPSHOT and what `each` returns; the state root is the
 * caller's to compare. */
baals_status bl_snapshot_read(
    struct baals_chain *chain, uint64_t height, bl_snapshot_each each, void *ctx, baals_error *err);

#endif /* BL_RUNTIME_SNAPSHOT_H */
