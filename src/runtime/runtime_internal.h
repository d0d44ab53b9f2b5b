/* SPDX-License-Identifier: MIT */
#ifndef BL_RUNTIME_RUNTIME_INTERNAL_H
#define BL_RUNTIME_RUNTIME_INTERNAL_H
/*
 * A chain from the inside: what the files of the runtime share.
 *
 * Locks, always taken in this order:
 *   pruning  whoever gives up old blocks: held across a whole pruning, its snapshot among it.
 *   maintenance  whoever takes checkpoints beside the writer.
 *   writer  whoever makes or takes in blocks: apply, journal, store. Held across a whole commit.
 *   lock    tip, mempool, pool.log, flags; held briefly, never across an fdatasync. A view begun
 * with it held is of the tip's height.
 *
 * Who waits does so on one of three conditions, so that nobody is woken for nothing: `changed`
 * (users' calls) after every commit and every drop; `arrived` (the producer) after that too and
 * after every accepted transaction; `work` (maintenance) when there is some. All of them when the
 * chain stops.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "baals/baals.h"
#include "ledger/ledger.h"
#include "runtime/mempool.h"
#include "runtime/stats.h"
#include "runtime/verifier.h"
#include "storage/journal.h"
#include "storage/pool_log.h"

/* Arena of one block, query or request. */
#define BL_BLOCK_ARENA_MAX ((size_t)4 * 1024 * 1024 * 1024)
#define BL_REQUEST_ARENA_MAX ((size_t)512 * 1024 * 1024)
/* Reasons of dropped transactions that are remembered. */
#define BL_DROPS_KEPT 4096u
/* The least that the option keep_blocks keeps: each pruning writes the whole state. */
#define BL_KEEP_BLOCKS_MIN 1000u
/* Side blocks kept per (proposer, slot). */
#define BL_SIDE_PER_SLOT_MAX 2u
#define BL_SIDE_BLOCKS_MAX 1024u

/* The newest committed block. */
struct bl_chain_tip {
    baals_header header; /* metadata points into `metadata` */
    baals_hash hash;
    uint64_t tx_count; /* since genesis */
    uint64_t final_height;
    uint64_t supply;
    uint64_t burned;
    uint64_t epoch;
    baals_chain_params params;
    uint32_t authority_count;
    baals_address authorities[BL_AUTHORITIES_MAX];
    uint8_t metadata[BL_METADATA_BYTES_MAX];
};

/* A block that is valid but not on the main branch. */
struct bl_side_block {
    struct bl_side_block *next;
    baals_hash hash;
    baals_hash prev_hash;
    uint64_t index;
    baals_address proposer;
    uint64_t slot; /* the header's nonce */
    bool kept;     /* while pruning */
    uint8_t *bytes;
    size_t len;
};

struct bl_drop {
    baals_hash id;
    baals_status reason;
};

/* Where calls of baals_submit meet (submit.c). */
struct bl_submit_request;
struct bl_submit_gate {
    pthread_mutex_t mutex;
    struct bl_submit_request *first; /* waiting, the oldest first */
    struct bl_submit_request *last;
    bool busy; /* a thread takes requests in */
};

struct baals_chain {
    atomic_int references;
    struct bl_env *env;
    baals_options options; /* pointers in it are the caller's and dead after baals_open */
    bool memory;           /* ":memory:" */
    bool read_only;        /* verifying: nothing is written */
    char path[BL_PATH_MAX];
    struct bl_file *lock_file;

    uint8_t *genesis_bytes;
    size_t genesis_len;
    struct bl_arena genesis_arena; /* arrays of `genesis` */
    baals_genesis genesis;

    baals_consensus *consensus;
    baals_contract_engine *contracts;
    struct bl_ledger ledger;
    struct bl_journal *journal;
    struct bl_store *store;
    struct bl_forest *forest;        /* the store's state trees in memory */
    struct bl_record_cache *records; /* accounts of the newest state; under `writer` */
    struct bl_pool_log *pool_log;
    _Atomic uint64_t kept_from;    /* the first block that is kept; 0: all are */
    _Atomic uint64_t headers_from; /* the first kept header (kept.h); UINT64_MAX: there are none */
    struct bl_workers *workers;
    struct bl_verifier *verifier;
    struct bl_submit_gate gate;

    bool has_authority;
    baals_signing_key authority; /* where has_authority is set */
    uint64_t checkpoint_bytes;
    struct bl_stats stats;

    pthread_mutex_t pruning;
    pthread_mutex_t maintenance;
    pthread_mutex_t writer;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_cond_t arrived;
    pthread_cond_t work;
    bool locks_made;

    /* Under `lock`. */
    struct bl_chain_tip *tip;
    struct bl_mempool *pool;
    struct bl_drop drops[BL_DROPS_KEPT]; /* a ring, newest at drop_next - 1 */
    size_t drop_next;
    baals_status failed; /* a durable write failed: nothing more is written */
    bool conflict;       /* a longer branch contradicts a final block: no sealing */
    bool stopping;
    uint64_t changes;      /* counts signals of `changed` and `arrived`, so that none is missed */
    bool work_wanted;      /* `work` was signalled */
    uint64_t committed_ns; /* when the last group was committed; 0: it is covered */

    /* Under `writer`. */
    struct bl_side_block *side_blocks;
    size_t side_count;

    uint64_t prune_at; /* the maintenance thread's: the final height at which it prunes next */

    pthread_t maintenance_thread;
    pthread_t producer_thread;
    bool maintenance_runs;
    bool producer_runs;
};

/* ---- block records (record.c): the body of a BLOCK record of the journal ---- */

/* [block, [receipt...], write set, [debug...]] (docs/internals/runtime.md). Borrows. */
struct bl_block_record {
    baals_block block;
    size_t receipt_count;
    baals_slice receipts; /* encoded byte strings, one after the other */
    baals_slice write_set;
    baals_slice debug;          /* encoded items, one after the other */
    const baals_tx *const *txs; /* of the block, decoded; NULL where it was only read */
};
/* Appends the body; NOMEM, LIMIT in the buffer's status. */
void bl_block_record_encode(struct bl_buffer *out,
                            baals_slice block,
                            const struct bl_applied *applied);
/* CORRUPT_JOURNAL. */
baals_status
bl_block_record_decode(struct bl_block_record *out, baals_slice body, baals_error *err);
/* What a verdict about `what`, read back from the journal, means: CORRUPT_JOURNAL. Local failures
 * stay what they are. */
baals_status bl_record_damaged(baals_status status, const char *what, baals_error *err);
/* The id of the transaction at `position`, whose bytes are `tx`. */
void bl_block_record_tx_id(baals_hash *out,
                           const struct bl_block_record *record,
                           size_t position,
                           baals_slice tx);
/* The receipt and debug notes at a position. NOTFOUND beyond the last. */
baals_status bl_block_record_receipt(baals_slice *receipt_out,
                                     baals_debug *debug_out,
                                     const struct bl_block_record *record,
                                     uint32_t position,
                                     baals_error *err);
/* [index, hash, count]: the body of a REVERT record. */
void bl_revert_record_encode(struct bl_buffer *out,
                             uint64_t index,
                             const baals_hash *hash,
                             uint64_t count);
baals_status bl_revert_record_decode(uint64_t *index_out,
                                     baals_hash *hash_out,
                                     uint64_t *count_out,
                                     baals_slice body,
                                     baals_error *err);

/* ---- indexes (index.c) ---- */

/* What HEIGHTS says of a height. */
struct bl_locator {
    uint64_t journal_position;
    uint64_t tx_total; /* transactions up to and with this block */
    baals_hash hash;
};
/* The state writes plus the index entries of a block, in the arena; with `undo` those that remove
 * them (then `writes` are the inverse state writes). */
baals_status bl_index_block(baals_write **out,
                            size_t *count_out,
                            const baals_write *writes,
                            size_t count,
                            const struct bl_block_record *record,
                            const struct bl_locator *locator,
                            bool undo,
                            struct bl_arena *arena,
                            baals_error *err);
/* NOTFOUND above the view's height. */
baals_status
bl_index_locator(struct bl_locator *out, struct bl_view *view, uint64_t height, baals_error *err);
baals_status
bl_index_height_of(uint64_t *out, struct bl_view *view, const baals_hash *hash, baals_error *err);
baals_status bl_index_tx(uint64_t *height_out,
                         uint32_t *position_out,
                         struct bl_view *view,
                         const baals_hash *id,
                         baals_error *err);
/* The BLOCK record at a height, checked against its locator. *record_out borrows from *journal_out,
 * which is released with bl_journal_record_deinit. */
baals_status bl_chain_read_block(struct baals_chain *chain,
                                 struct bl_journal_record *journal_out,
                                 struct bl_block_record *record_out,
                                 struct bl_view *view,
                                 uint64_t height,
                                 baals_error *err);

/* ---- commit.c: from an applied block to a durable, visible one. Under `writer` ---- */

/* One layer to come: what a BLOCK record changes on top of a view. */
struct bl_pending_layer {
    struct bl_layer *layer;
    struct bl_tip tip;
};
/* The layer of a BLOCK record on `view` (the state after its parent). `state` is the state after
 * the block when it is known; NULL: it is computed from the record's write set and the state root
 * is checked (CORRUPT_STATE). tip.journal_end is `next`. The layer has one reference. */
baals_status bl_chain_layer_of(struct bl_pending_layer *out,
                               struct baals_chain *chain,
                               struct bl_view *view,
                               const struct bl_block_record *record,
                               const struct bl_committed *state,
                               uint64_t position,
                               uint64_t next,
                               struct bl_arena *arena,
                               baals_error *err);
/* The layer that undoes the newest block of `view`, which stands at `height`; tip is its parent
 * with journal_end `next`. */
baals_status bl_chain_undo_layer(struct bl_pending_layer *out,
                                 struct baals_chain *chain,
                                 struct bl_view *view,
                                 uint64_t height,
                                 uint64_t next,
                                 struct bl_arena *arena,
                                 baals_error *err);
/* Journal, layer, store, tip, mempool, for one applied block on top of the tip. `view` is the state
 * after the parent; afterwards it is of no use but to be ended. */
baals_status bl_chain_commit_block(struct baals_chain *chain,
                                   struct bl_view *view,
                                   baals_slice block_bytes,
                                   const struct bl_applied *applied,
                                   struct bl_arena *arena,
                                   baals_error *err);
/* Writes and syncs the journal's group; IO and IO_SYNC fail the chain. */
baals_status bl_chain_sync_group(struct baals_chain *chain, baals_error *err);

/* What becomes visible at once. */
struct bl_publication {
    const struct bl_chain_tip *tip;
    struct bl_view *view;                 /* the state after the tip's block */
    const struct bl_block_record *record; /* the tip's block; NULL with `reverted` */
    struct bl_layer *const *layers;       /* for the store, oldest first; none: it has them */
    size_t layer_count;
    struct bl_tip store_tip;
    const baals_slice *reverted; /* blocks of the branch that was left, lowest first */
    size_t reverted_count;
};
/* Store, tip, mempool and pool.log change under one lock; wakes who waits. Failing after the sync
 * fails the chain: the block is durable already. */
baals_status bl_chain_publish(struct baals_chain *chain,
                              const struct bl_publication *publication,
                              baals_error *err);
/* Publishes what the store ends with: after opening. */
baals_status bl_chain_publish_store(struct baals_chain *chain, baals_error *err);
/* Remembers a failure after which nothing may be written; returns it. */
baals_status bl_chain_fail(struct baals_chain *chain, baals_status status);
/* MISUSE_CLOSED with what stopped the chain, or OK. Whoever is about to write asks with `writer`
 * held. */
baals_status bl_chain_usable(struct baals_chain *chain, baals_error *err);
/* MISUSE_CLOSED with `failed`, which is not OK. */
baals_status bl_chain_stopped(baals_status failed, baals_error *err);
/* Wakes users and the producer. `lock` is held. */
void bl_chain_signal(struct baals_chain *chain);
/* Wakes the maintenance thread. `lock` is held. */
void bl_chain_want_work(struct baals_chain *chain);

/* ---- admit.c: transactions of users ---- */

/* Takes the items whose status is OK into pool.log and mempool, in their order; the others stay as
 * they are. A status that is not OK afterwards says why. Takes `lock`. */
void bl_chain_admit(struct baals_chain *chain, struct bl_incoming *items, size_t count);

/* ---- pending.c: the mempool's place in the chain ---- */

/* The mempool's drop callback: remembers why, removes from pool.log. `lock` is held. */
void bl_chain_note_drop(void *ctx, const baals_tx *tx, baals_status reason);
/* After a block: takes its transactions out of the pool, updates senders whose accounts changed.
 * `lock` is held. */
baals_status bl_chain_refresh_pool(struct baals_chain *chain,
                                   struct bl_view *view,
                                   const struct bl_block_record *record,
                                   baals_error *err);
/* After a change of branch: every pending transaction is judged again, then those of the reverted
 * blocks return as new ones. `lock` is held. */
baals_status bl_chain_exchange_pool(struct baals_chain *chain,
                                    struct bl_view *view,
                                    const baals_slice *reverted,
                                    size_t count,
                                    baals_error *err);
/* Opens pool.log and takes in what is still pending. */
baals_status
bl_chain_open_pool(struct baals_chain *chain, const baals_options *options, baals_error *err);
/* Removes the transactions of final blocks from pool.log. `lock` is held. */
baals_status bl_chain_forget_final(struct baals_chain *chain,
                                   const struct bl_publication *publication,
                                   uint64_t from,
                                   uint64_t to,
                                   baals_error *err);
/* Rewrites pool.log when most of it is no longer needed. `lock` is held. */
void bl_chain_compact_pool(struct baals_chain *chain);

/* ---- branch.c: forks. Under `writer` ---- */

/* The branch a view ends with: the main chain up to `fork`, `side` headers on top. */
struct bl_branch {
    struct baals_chain *chain;
    struct bl_view *view; /* the state after the branch's last block */
    uint64_t fork;
    const baals_header *side; /* of indexes fork + 1, ... */
    size_t side_count;
    struct bl_arena *arena; /* headers read from the journal are copied here */
};
baals_consensus_view bl_branch_consensus_view(struct bl_branch *branch);
/* The tip that `block` is, as the last of `branch`; metadata is copied. */
baals_status bl_chain_read_tip(struct bl_chain_tip *tip,
                               struct bl_branch *branch,
                               const baals_block *block,
                               baals_error *err);
/* Takes in a block whose parent is not the tip. */
baals_status
bl_chain_import_side(struct baals_chain *chain, const baals_block *block, baals_error *err);
/* Remembers a side block (a copy); known ones are ignored. */
baals_status
bl_chain_side_add(struct baals_chain *chain, const baals_block *block, baals_error *err);
struct bl_side_block *bl_chain_side_get(const struct baals_chain *chain, const baals_hash *hash);
/* Forgets side blocks at or below a final height, but for the ancestors of those above it: a branch
 * that may still outgrow a final block has to be seen to be reported. */
void bl_chain_side_prune(struct baals_chain *chain, uint64_t final_height);

/* ---- recover.c ---- */

/* Replays the journal's records from a position into the store. */
baals_status bl_chain_recover(
    struct baals_chain *chain, uint64_t from, baals_progress progress, void *ctx, baals_error *err);
/* One record, without publishing. */
baals_status bl_chain_recover_record(struct baals_chain *chain,
                                     const struct bl_journal_record *journal,
                                     baals_error *err);
/* Makes block 0 and commits it. */
baals_status bl_chain_make_genesis(struct baals_chain *chain,
                                   const baals_slice *modules,
                                   size_t module_count,
                                   baals_error *err);

/* ---- import.c ---- */

/* Checks a whole block on top of a branch (docs/spec/block.md) and applies it on the branch's view;
 * everything made lies in the branch's arena. */
baals_status bl_chain_verify_block(struct bl_applied *out,
                                   struct baals_chain *chain,
                                   baals_slice bytes,
                                   const baals_header *parent,
                                   const baals_hash *parent_hash,
                                   struct bl_branch *branch,
                                   baals_error *err);

/* baals_import_block with or without a look at the clock. */
baals_status
bl_chain_import(struct baals_chain *chain, baals_slice bytes, bool from_peer, baals_error *err);

/* ---- options.c ---- */

/* The options of a caller whose header may be older or newer than this library, as this library
 * has them. NULL: the defaults. MISUSE_ARGUMENT, UNSUPPORTED_VERSION. */
baals_status bl_options_read(baals_options *out, const baals_options *given, baals_error *err);
/* The same for a query, never NULL. */
baals_status bl_query_read(baals_query *out, const baals_query *given, baals_error *err);
/* The counters as the caller's header has them: as many as its `size` covers, zeros for those that
 * are not known here. MISUSE_ARGUMENT. */
baals_status bl_stats_write(baals_stats *out, const baals_stats *stats, baals_error *err);

/* ---- open.c ---- */

/* A handle without anything opened; released with bl_chain_close_all. */
baals_status bl_chain_new(struct baals_chain **out,
                          const char *path,
                          const baals_options *options,
                          baals_error *err);
/* The same in an env of the caller's, which the handle takes over: it is closed with the handle,
 * and on failure. The options are this library's (bl_options_read); their allocator is not looked
 * at. */
baals_status bl_chain_new_env(struct baals_chain **out,
                              struct bl_env *env,
                              const char *path,
                              const baals_options *options,
                              baals_error *err);
/* What baals_open does with a new handle. On failure the handle is gone. */
baals_status bl_chain_open(struct baals_chain *chain, baals_error *err);
/* Stops, checkpoints, closes and frees whatever was opened. */
baals_status bl_chain_close_all(struct baals_chain *chain, baals_error *err);
/* A name in the data directory, into out[BL_PATH_MAX]. */
baals_status
bl_chain_path(const struct baals_chain *chain, char *out, const char *name, baals_error *err);
baals_status bl_chain_init_locks(struct baals_chain *chain, baals_error *err);
/* Locks the directory of an existing chain (BUSY_OWNED with the owner's pid) and reads its genesis.
 */
baals_status bl_chain_open_existing(struct baals_chain *chain, baals_error *err);
/* Copies genesis bytes and makes ledger, consensus and contract engine from them. `known`: they
 * were checked when the chain was made. */
baals_status
bl_chain_use_genesis(struct baals_chain *chain, baals_slice bytes, bool known, baals_error *err);
/* Replays the journal from the store's checkpoint to its end. */
baals_status bl_chain_replay_tail(struct baals_chain *chain, baals_error *err);
/* The key-value store in a folder of the data directory. */
baals_status bl_chain_open_store(struct baals_chain *chain, const char *folder, baals_error *err);
/* The journal, scanned from the store's checkpoint (from the start without a store). */
baals_status bl_chain_open_journal(struct baals_chain *chain,
                                   struct bl_journal_report *report,
                                   bool read_only,
                                   baals_error *err);

/* ---- verify.c ---- */

/* baals_verify and the first half of baals_repair with a new handle, which is gone afterwards. */
baals_status bl_chain_verify(baals_verify_report *report_out,
                             struct baals_chain *chain,
                             uint32_t flags,
                             baals_progress progress,
                             void *ctx,
                             baals_error *err);
baals_status
bl_chain_repair(struct baals_chain *chain, baals_progress progress, void *ctx, baals_error *err);

/* ---- threads.c ---- */

baals_status bl_chain_threads_start(struct baals_chain *chain, bool produce, baals_error *err);
void bl_chain_threads_stop(struct baals_chain *chain);
/* Before a block is made or taken in, without a lock: when blocks come faster than checkpoints can
 * follow, waits for the one that is being taken, or takes one. This bounds the memory of layers,
 * and what an opening after a crash has to replay. */
void bl_chain_keep_pace(struct baals_chain *chain);
/* Waits on one of the conditions (with `lock` held) up to timeout_ms of the monotonic clock. */
void bl_chain_wait_on(struct baals_chain *chain, pthread_cond_t *condition, uint64_t timeout_ms);

/* ---- owned bytes (bytes.c) ---- */

/* A copy. */
baals_status
bl_bytes_new(baals_bytes *out, const struct bl_alloc *alloc, baals_slice bytes, baals_error *err);

#endif /* BL_RUNTIME_RUNTIME_INTERNAL_H */
