/* SPDX-License-Identifier: MIT */
#ifndef BL_LEDGER_LEDGER_H
#define BL_LEDGER_LEDGER_H
/*
 * The ledger: validity of transactions and blocks and the state transition, as functions of a view
 * (the parent's state) and a block (docs/spec/transition.md, block.md). No I/O, no clock;
 * everything read comes through the view, everything made lies in the caller's arena.
 *
 * Both ways to a new block run bl_ledger_apply_block: the producer gives it candidates and gets a
 * header, an import gives it a block and compares.
 */
#include "base/workers.h"
#include "consensus/consensus.h"
#include "contracts/contracts.h"
#include "state/record_cache.h"
#include "state/state.h"
#include "types/types.h"

/* What a chain is made with; constant, any thread. Borrows consensus, contracts and workers. */
struct bl_ledger {
    baals_hash chain_id;
    uint64_t start_ms;
    bool dev;
    const baals_consensus *consensus;
    baals_contract_engine *contracts;
    struct bl_alloc alloc;
    struct bl_workers *workers; /* may be NULL: work is not shared out */
    struct bl_forest *forest;   /* of the store whose views blocks are applied on */
    /* Called when the transactions of a block are done and its roots come next: for measuring. May
     * be NULL. */
    void (*applied)(void *ctx);
    void *applied_ctx;
    struct bl_record_cache *records; /* of whoever applies blocks; may be NULL */
};

/* Names in `meta` (docs/spec/state.md). */
#define BL_META_PARAMS                                                                             \
    "chain/params"                     /* [gas limit, min price, burn, gas schedule, wasm limits]  \
                                        */
#define BL_META_SUPPLY "supply/total"  /* uint: everything ever credited at genesis or minted */
#define BL_META_BURNED "supply/burned" /* uint */
#define BL_META_EPOCH "sys/epoch"      /* uint */
#define BL_META_OP_PREFIX "sys/op/"    /* + 32 bytes: [approver...] */

/* ---- single transactions ---- */

/* Gas of a transaction before it runs: base, bytes, and the records it makes of itself. */
uint64_t bl_ledger_intrinsic_gas(size_t tx_len, uint64_t records_made);

/* Whether `tx` may enter the pool at the view's tip: every not-includable check of transition.md
 * but the nonce's order and the gas left in the block. *account_out (may be NULL) is the sender's
 * record. REJECT; CORRUPT, IO. */
baals_status bl_ledger_check_pending(struct bl_account *account_out,
                                     const struct bl_ledger *ledger,
                                     struct bl_view *view,
                                     const baals_tx *tx,
                                     baals_error *err);

/* The same for many transactions at one tip: parameters, authorities and accounts are read once.
 * The arena lives from begin to end. */
struct bl_transition;
baals_status bl_ledger_pending_begin(struct bl_transition **out,
                                     const struct bl_ledger *ledger,
                                     struct bl_view *view,
                                     struct bl_arena *arena,
                                     baals_error *err);
baals_status bl_ledger_pending_check(struct bl_account *account_out,
                                     struct bl_transition *t,
                                     const baals_tx *tx,
                                     baals_error *err);
void bl_ledger_pending_end(struct bl_transition *t); /* NULL is ignored */

/* ---- blocks ---- */

/* Local notes about one transaction's execution; never consensus. */
struct bl_debug {
    baals_status trap; /* OK, or why it did not end OK */
    uint32_t revert_code;
    uint32_t function_index; /* UINT32_MAX: unknown */
    uint32_t offset;
    baals_address contract;
    char message[160]; /* one line, may be empty */
    baals_slice logs;  /* lines of host function `log`, each ended by \n; cut at 16 KiB */
};

/* One transaction of a block being applied. `bytes` and `id` are set. */
struct bl_candidate {
    const baals_tx *tx;
    baals_status verdict; /* set in produce mode: OK, or why it was left out */
};

enum bl_apply_mode {
    BL_APPLY_PRODUCE, /* what is not includable is left out; roots and gas_used are filled in */
    BL_APPLY_VERIFY,  /* what is not includable rejects the block; roots are compared */
};

/* What applying a block gives. Everything lies in the arena. */
struct bl_applied {
    baals_header header;
    size_t tx_count; /* included ones, in order */
    const baals_tx **txs;
    baals_slice *receipts;         /* tx_count encoded receipts */
    const struct bl_debug **debug; /* tx_count; NULL: it ended OK and logged nothing */
    struct bl_write_set write_set;
    struct bl_committed state; /* what the layer needs, without index entries */
};

/* Runs the transactions on the view (the state after the parent). `header` has chain_id, index,
 * timestamp_ms, prev_hash, proposer, nonce and metadata set; in verify mode also what is compared:
 * REJECT_GAS_USED, REJECT_RECEIPTS_ROOT, REJECT_STATE_ROOT in this order, or the status of the
 * first transaction that is not includable. Signatures are the caller's. In produce mode the block
 * ends up within gas limit, byte size and count; candidates that did not fit keep REJECT_GAS_BLOCK
 * or REJECT_BLOCK_SIZE, and those this machine's contract engine could not run INTERNAL_FAULT. */
baals_status bl_ledger_apply_block(struct bl_applied *out,
                                   const struct bl_ledger *ledger,
                                   struct bl_view *view,
                                   enum bl_apply_mode mode,
                                   const baals_header *header,
                                   struct bl_candidate *candidates,
                                   size_t count,
                                   struct bl_arena *arena,
                                   baals_error *err);

typedef void (*bl_ledger_known)(void *ctx, uint8_t *known_io, const baals_tx *txs, size_t count);

/* Everything of docs/spec/block.md up to the execution: size, form, chain, index, parent,
 * consensus, transaction count and root, each transaction's form and signature. *txs_out (in the
 * arena) are the decoded transactions. `known` may be NULL; it sets known_io[i], 0 before, to 1
 * where the transaction of that id passed baals_tx_decode and baals_tx_verify before. */
baals_status bl_ledger_check_block(baals_block *block_out,
                                   baals_tx **txs_out,
                                   const struct bl_ledger *ledger,
                                   baals_slice bytes,
                                   const baals_header *parent,
                                   const baals_hash *parent_hash,
                                   const baals_consensus_view *consensus_view,
                                   bl_ledger_known known,
                                   void *known_ctx,
                                   struct bl_arena *arena,
                                   baals_error *err);

/* ---- genesis ---- */

/* Block 0 and its state on an empty view: sentinels, parameters, balances, contracts with their
 * init. `modules` are the contracts' code in the genesis's order, checked against their hashes.
 * REJECT_GENESIS, REJECT_GENESIS_CONTRACT. */
baals_status bl_ledger_apply_genesis(struct bl_applied *out,
                                     const struct bl_ledger *ledger,
                                     struct bl_view *view,
                                     const baals_genesis *genesis,
                                     const baals_slice *modules,
                                     struct bl_arena *arena,
                                     baals_error *err);

/* ---- reading ---- */

baals_status bl_ledger_params(baals_chain_params *out, struct bl_view *view, baals_error *err);
/* A record of zeros and NOTFOUND when there is none. */
baals_status bl_ledger_account(struct bl_account *out,
                               struct bl_view *view,
                               const baals_address *address,
                               baals_error *err);
/* A uint of `meta`. */
baals_status
bl_ledger_meta_uint(uint64_t *out, struct bl_view *view, const char *name, baals_error *err);

/* A call that changes nothing. With `readonly` it is a query (writes trap); without it is a
 * simulation whose changes are thrown away: then `value` is moved first and the nonce is not looked
 * at. */
struct bl_query {
    bool readonly;
    baals_address caller;
    baals_address contract;
    baals_amount value;
    baals_slice method;
    baals_slice args;
    uint64_t gas;
    int32_t (*expired)(void *ctx); /* may be NULL */
    void *expired_ctx;
};
struct bl_query_result {
    baals_receipt_status status;
    uint64_t gas_used;
    baals_slice output; /* in the arena */
    size_t event_count;
    const baals_event *events; /* in the arena */
    struct bl_debug debug;
};
/* `tip` is the header of the view's block. Runs in a block index + 1 of the same time. */
baals_status bl_ledger_query(struct bl_query_result *out,
                             const struct bl_ledger *ledger,
                             struct bl_view *view,
                             const baals_header *tip,
                             const struct bl_query *query,
                             struct bl_arena *arena,
                             baals_error *err);

/* Runs a whole decoded transaction on top of the view as if it came next, and throws the changes
 * away: what `simulate` shows. *receipt_out's bytes lie in the arena. `tracer` is told what
 * contracts do; it may be NULL. REJECT when it could not be included. */
baals_status bl_ledger_simulate_tx(baals_receipt *receipt_out,
                                   struct bl_debug *debug_out,
                                   const struct bl_ledger *ledger,
                                   struct bl_view *view,
                                   const baals_header *tip,
                                   const baals_tx *tx,
                                   const baals_tracer *tracer,
                                   struct bl_arena *arena,
                                   baals_error *err);

#endif /* BL_LEDGER_LEDGER_H */
