/* SPDX-License-Identifier: MIT */
#ifndef BL_RUNTIME_MEMPOOL_H
#define BL_RUNTIME_MEMPOOL_H
/*
 * The mempool (docs/spec/consensus.md, mempool): accepted transactions waiting for a block.
 *
 * Per sender a queue by nonce, without two of the same nonce. A transaction is ready when every
 * nonce between the account's and its own is queued. What a sender queues is covered by its balance
 * as a whole. Order of producing: the gas price of the sender's first ready transaction, then its
 * arrival.
 *
 * Threads: one at a time (the runtime's lock).
 */
#include "base/env.h"
#include "runtime/key_table.h"
#include "types/types.h"

struct bl_mempool_limits {
    uint64_t count_max;
    uint64_t bytes_max;
    uint64_t per_sender_max;
    uint64_t age_ms_max;
};

struct bl_mempool;

/* Called for every transaction that leaves on its own account (not by bl_mempool_take): `reason` is
 * why. The transaction is freed when it returns. */
typedef void (*bl_mempool_drop)(void *ctx, const baals_tx *tx, baals_status reason);

baals_status bl_mempool_new(struct bl_mempool **out,
                            struct bl_alloc alloc,
                            const struct bl_mempool_limits *limits,
                            uint64_t seed,
                            bl_mempool_drop drop,
                            void *drop_ctx,
                            baals_error *err);
void bl_mempool_free(struct bl_mempool *pool); /* NULL is ignored; drops nothing */

/* Whether the pool would take the transaction: everything bl_mempool_add refuses, without doing it.
 */
baals_status bl_mempool_check(struct bl_mempool *pool,
                              const baals_tx *tx,
                              const struct bl_account *account,
                              baals_error *err);
/* Adds a copy of a checked transaction whose sender has `account` at the tip. LIMIT_KNOWN (same
 * id), REJECT_NONCE (outside the window), LIMIT_PRICE (replacement too cheap), LIMIT_SENDER,
 * LIMIT_POOL, REJECT_BALANCE (the queue as a whole is not covered), NOMEM. Nothing is changed on
 * failure. */
baals_status bl_mempool_add(struct bl_mempool *pool,
                            const baals_tx *tx,
                            uint64_t arrived_ms,
                            const struct bl_account *account,
                            baals_error *err);
/* The pending transaction of an id, NULL when there is none. */
const baals_tx *bl_mempool_get(const struct bl_mempool *pool, const baals_hash *id);
/* The nonce behind the sender's last ready transaction; `account_nonce` when nothing is queued. */
uint64_t bl_mempool_nonce_next(const struct bl_mempool *pool,
                               const baals_address *sender,
                               uint64_t account_nonce);

/* Takes one out, without the drop callback: it stands in a block. False when it is not there. */
bool bl_mempool_take(struct bl_mempool *pool, const baals_hash *id);
/* Drops one for `reason`; unknown ids are ignored. */
void bl_mempool_drop_tx(struct bl_mempool *pool, const baals_hash *id, baals_status reason);
void bl_mempool_clear(struct bl_mempool *pool, baals_status reason);

/* The sender's account changed: drops nonces that are used up (REJECT_NONCE) and, from the end of
 * the queue, what the balance no longer covers (REJECT_BALANCE). */
void bl_mempool_update(struct bl_mempool *pool,
                       const baals_address *sender,
                       const struct bl_account *account);
/* Drops what is older than the age limit (LIMIT_AGE) or expires before `next_index`
 * (REJECT_EXPIRED). Cheap when nothing can be.
 */
void bl_mempool_expire(struct bl_mempool *pool, uint64_t now_ms, uint64_t next_index);
/* Copies of the ready transactions in the order of producing, at most `max` and at most `bytes_max`
 * bytes, in the arena. NOMEM. */
baals_status bl_mempool_collect(const struct bl_mempool *pool,
                                baals_tx **txs_out,
                                size_t *count_out,
                                size_t max,
                                size_t bytes_max,
                                struct bl_arena *arena,
                                baals_error *err);
/* Copies of all: the ready ones in the order of producing, then the others. */
baals_status bl_mempool_list(const struct bl_mempool *pool,
                             baals_tx **txs_out,
                             size_t *count_out,
                             struct bl_arena *arena,
                             baals_error *err);
/* When a pending transaction was accepted. */
uint64_t bl_mempool_arrived_ms(const struct bl_mempool *pool, const baals_hash *id);

uint64_t bl_mempool_count(const struct bl_mempool *pool);
void bl_mempool_ready(const struct bl_mempool *pool, uint64_t *count_out, uint64_t *bytes_out);

#endif /* BL_RUNTIME_MEMPOOL_H */
