/* SPDX-License-Identifier: MIT */
#ifndef BL_RUNTIME_VERIFIER_H
#define BL_RUNTIME_VERIFIER_H
/*
 * Decoding transactions and checking their signatures, many at a time. A verdict is always that of
 * baals_tx_decode and baals_tx_verify; batches, threads and memory of earlier verdicts only make it
 * cheaper.
 *
 * Threads: any number at once.
 */
#include "base/workers.h"
#include "crypto/crypto.h"
#include "types/types.h"

/* A transaction on its way into the mempool. `tx` borrows from `bytes`. */
struct bl_incoming {
    baals_slice bytes;
    baals_error *err;    /* told why, where `status` is not OK; may be NULL */
    baals_status status; /* OK so far, or why it is refused */
    baals_tx tx;         /* where `status` is OK */
    struct bl_account account;
};

struct bl_verifier;

/* `seed` hides which ids meet in the table of what was verified. Borrows the workers, which may be
 * NULL. NOMEM. */
baals_status bl_verifier_new(struct bl_verifier **out,
                             struct bl_alloc alloc,
                             struct bl_workers *workers,
                             uint64_t seed,
                             baals_error *err);
void bl_verifier_free(struct bl_verifier *verifier); /* NULL is ignored */

/* How many items one call of bl_verifier_judge should get when there are `count`. */
size_t bl_verifier_share(const struct bl_verifier *verifier, size_t count);
/* Judges every item: `status` and `tx` are filled in from `bytes`. Scratch memory comes from the
 * allocator; without it signatures are checked one by one. */
void bl_verifier_judge(struct bl_verifier *verifier, struct bl_incoming *items, size_t count);
/* The same, shared out to the workers. */
void bl_verifier_judge_shared(struct bl_verifier *verifier,
                              struct bl_incoming *items,
                              size_t count);
/* Sets known_io[i] to 1 where txs[i], by its id, passed bl_verifier_judge not long ago. */
void bl_verifier_known(struct bl_verifier *verifier,
                       uint8_t *known_io,
                       const baals_tx *txs,
                       size_t count);

#endif /* BL_RUNTIME_VERIFIER_H */
