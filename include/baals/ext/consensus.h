/* SPDX-License-Identifier: MIT */
#ifndef BAALS_EXT_CONSENSUS_H
#define BAALS_EXT_CONSENSUS_H
/**
 * Consensus engines: who may make the next block and when, what signs it, which of two branches
 * counts, what is final. An engine does no I/O and knows no clock: time, keys and the state reach
 * it as arguments.
 *
 * Threads:   an engine is created with the genesis and never changes afterwards: any thread.
 * Ownership: slices returned through a view borrow from it.
 * Errors:    REJECT statuses are verdicts and frozen (docs/spec/consensus.md); what a view answers
 *            beyond OK and NOTFOUND is local and passed on.
 */
#include "baals/error.h"
#include "baals/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct baals_consensus baals_consensus;
typedef struct baals_consensus_view baals_consensus_view;

/** What an engine sees of a chain: the branch that ends with one block, and the state after it. */
struct baals_consensus_view {
    void *ctx;
    /* An index of this branch known to be final; nothing below it needs to be looked at. */
    uint64_t final_index;
    /* A value of the `meta` store after that block. NOTFOUND. */
    baals_status (*meta_get)(void *ctx, baals_slice *value_out, baals_slice key, baals_error *err);
    /* The header of an ancestor (or the block itself) by its index. NOTFOUND beyond the tip. */
    baals_status (*header_get)(void *ctx,
                               baals_header *header_out,
                               uint64_t index,
                               baals_error *err);
};

/** A key that can sign for this node. */
typedef struct baals_signer {
    void *ctx;
    baals_address public_key;
    /* Signs "baals:seal:1" || 0x00 || hash. */
    baals_status (*sign_seal)(void *ctx,
                              baals_signature *out,
                              const baals_hash *hash,
                              baals_error *err);
} baals_signer;

/** What is waiting in the mempool. */
typedef struct baals_pool_stats {
    uint64_t ready_count;
    uint64_t ready_bytes;
} baals_pool_stats;

typedef enum baals_produce {
    BAALS_PRODUCE_NEVER = 0, /* not before something changes */
    BAALS_PRODUCE_NOW = 1,
    BAALS_PRODUCE_AT = 2, /* ask again at `at_ms` */
    BAALS_PRODUCE_FORCE_INT = 0x7fffffff
} baals_produce;

typedef struct baals_produce_decision {
    baals_produce what;
    uint64_t at_ms;
} baals_produce_decision;

#define BAALS_CONSENSUS_OPS_VERSION 1u

struct baals_consensus_ops {
    uint32_t version; /* BAALS_CONSENSUS_OPS_VERSION; fields are only ever appended. */
    const char *name; /* "poa": what the genesis says */
    /* Mandatory. Proposer, slot, time, metadata and seal of `header` (whose hash is `hash`) on top
     * of `parent`, judged by the state after the parent. index and prev_hash are right already.
     * Statuses in this order: REJECT_PROPOSER, REJECT_SLOT, REJECT_TIME, REJECT_HEADER_METADATA,
     * REJECT_SEAL. */
    baals_status (*validate_header)(const baals_consensus *self,
                                    const baals_header *header,
                                    const baals_hash *hash,
                                    const baals_slice *seal,
                                    const baals_header *parent,
                                    const baals_consensus_view *view,
                                    baals_error *err);
    /* Mandatory. Whether the owner of `key` should produce on top of `parent` at clock time
     * `now_ms`. BUSY_CLOCK: the clock is too far behind to seal. */
    baals_status (*next)(const baals_consensus *self,
                         baals_produce_decision *out,
                         uint64_t now_ms,
                         const baals_pool_stats *pool,
                         const baals_address *key,
                         const baals_header *parent,
                         const baals_consensus_view *view,
                         baals_error *err);
    /* Mandatory. Fills proposer, timestamp_ms, nonce and metadata of a header whose chain_id, index
     * and prev_hash are set. Only after `next` said NOW for the same arguments. */
    baals_status (*prepare)(const baals_consensus *self,
                            baals_header *header,
                            uint64_t now_ms,
                            const baals_address *key,
                            const baals_header *parent,
                            const baals_consensus_view *view,
                            baals_error *err);
    /* Mandatory. Writes the seal's encoded map for a header hash into seal_out[cap]. */
    baals_status (*seal)(const baals_consensus *self,
                         uint8_t *seal_out,
                         size_t cap,
                         size_t *len_out,
                         const baals_hash *hash,
                         const baals_signer *signer,
                         baals_error *err);
    /* Mandatory. <0, 0, >0 as the branch that ends with `a` counts less, the same, more than that
     * of `b`. */
    int32_t (*compare)(const baals_consensus *self,
                       const baals_header *a,
                       const baals_hash *a_hash,
                       const baals_header *b,
                       const baals_hash *b_hash);
    /* Mandatory. The greatest final index of the branch whose tip is `tip`; never decreases along a
     * branch whose authorities stay. */
    baals_status (*final)(const baals_consensus *self,
                          uint64_t *index_out,
                          const baals_header *tip,
                          const baals_consensus_view *view,
                          baals_error *err);
    /* Mandatory. The keys that may approve system operations, in slot order: at most 64. */
    baals_status (*authorities)(const baals_consensus *self,
                                baals_address *keys_out,
                                size_t *count_out,
                                const baals_consensus_view *view,
                                baals_error *err);
    /* Mandatory. */
    void (*close)(baals_consensus *self);
    /* What can be said of a seal without the state: its form, and that it was made for `hash` by
     * whom the header names. REJECT_SEAL. NULL: nothing can. */
    baals_status (*check_seal)(const baals_consensus *self,
                               const baals_header *header,
                               const baals_hash *hash,
                               const baals_slice *seal,
                               baals_error *err);
};

/** The first member of every engine's own struct. */
struct baals_consensus {
    const struct baals_consensus_ops *ops;
};

#ifdef __cplusplus
}
#endif
#endif /* BAALS_EXT_CONSENSUS_H */
