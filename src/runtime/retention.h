/* SPDX-License-Identifier: MIT */
#ifndef BL_RUNTIME_RETENTION_H
#define BL_RUNTIME_RETENTION_H
/*
 * Which blocks a chain keeps (docs/internals/runtime.md, "Retention"). A chain that gave up its
 * oldest blocks begins with the snapshot of its first kept block: that block's record is in the
 * journal, the state after it in the snapshot, everything later in the journal.
 */
#include "runtime/runtime_internal.h"

/* Sets chain->kept_from from the store's index and compares it with where the journal begins.
 * CORRUPT_JOURNAL when segments are missing that the index still names, CORRUPT_STORE when
 * restoring a snapshot was interrupted. */
baals_status bl_retention_look(struct baals_chain *chain, baals_error *err);
/* Fills the empty store of `chain` with the snapshot that the journal's beginning needs, read from
 * the directory of `home`, and makes the snapshot's block the tip. *from_out is the position to
 * replay the journal from: its beginning, and nothing restored, when that holds block 0.
 * CORRUPT_JOURNAL when no snapshot fits. */
baals_status bl_retention_restore(uint64_t *from_out,
                                  struct baals_chain *chain,
                                  struct baals_chain *home,
                                  baals_error *err);
/* Takes a checkpoint beside the writer. */
baals_status bl_retention_checkpoint(struct baals_chain *chain, baals_error *err);
/* What baals_prune does; for the maintenance thread, too. */
baals_status bl_retention_prune(baals_prune_report *report_out,
                                struct baals_chain *chain,
                                uint64_t keep_blocks,
                                baals_error *err);

#endif /* BL_RUNTIME_RETENTION_H */
