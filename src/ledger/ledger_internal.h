/* SPDX-License-Identifier: MIT */
#ifndef BL_LEDGER_LEDGER_INTERNAL_H
#define BL_LEDGER_LEDGER_INTERNAL_H
/*
 * What the files of the ledger share: the transition (one block being applied), account records on
 * the overlay, the contract host, and the execution of one transaction.
 */
#include "ledger/ledger.h"

/* Longest text of host function `log` kept per transaction. */
#define BL_LEDGER_LOG_BYTES_MAX (16u * 1024u)

/* One block being applied: constants of the block, running sums, and the current transaction. */
struct bl_transition {
    baals_contract_host host; /* first: contracts see the transition through it */
    const struct bl_ledger *ledger;
    struct bl_overlay *overlay;
    struct bl_arena *arena;

    /* Read once per block from the parent's state. */
    baals_chain_params params;
    baals_address authorities[BL_AUTHORITIES_MAX];
    size_t authority_count;

    /* The block. */
    uint64_t index;
    uint64_t time_ms;
    baals_hash prev_hash;
    uint64_t gas_used;
    uint64_t fees;
    uint64_t minted;
    uint64_t burned;

    /* Effects of system operations, written after the last transaction. */
    bool new_authorities;
    size_t next_authority_count;
    baals_address next_authorities[BL_AUTHORITIES_MAX];
    bool new_params;
    baals_chain_params next_params;

    /* The transaction being executed. */
    baals_hash tx_id;
    size_t event_count;
    baals_event events[BL_EVENTS_PER_TX_MAX];
    struct bl_debug debug;
    struct bl_buffer logs;      /* lines of the contract's log */
    const baals_tracer *tracer; /* of a simulation; NULL: nobody listens */

    struct bl_buffer scratch; /* for encoding one small value at a time */
    struct bl_buffer receipt; /* for encoding one receipt at a time */
};

/* What one execution comes to, before the fee. */
struct bl_tx_outcome {
    baals_receipt_status status;
    uint64_t gas_used; /* of the execution, without intrinsic gas */
    bool has_contract;
    baals_address contract; /* made by a deploy */
    baals_slice output;     /* in the arena */
};

/* Starts a transition on a fresh overlay of `view`; released with bl_transition_deinit, whatever
 * the status. */
baals_status bl_transition_init(struct bl_transition *t,
                                const struct bl_ledger *ledger,
                                struct bl_view *view,
                                struct bl_arena *arena,
                                baals_error *err);
void bl_transition_deinit(struct bl_transition *t);
/* Reads the parameters and authorities in force: those of the parent's state. */
baals_status
bl_transition_read_parent(struct bl_transition *t, struct bl_view *view, baals_error *err);

/* ---- transition.c ---- */

/* Checks that `tx` may stand at this place (REJECT in the order of docs/spec/transition.md, the
 * state left as it was), executes and settles it; *receipt_out's output lies in the arena and its
 * events are t->events. After a local failure the caller goes back to its checkpoint. */
baals_status bl_transition_apply_tx(struct bl_transition *t,
                                    baals_receipt *receipt_out,
                                    const baals_tx *tx,
                                    baals_error *err);
/* Who acts, and what: a transaction of kind 0 to 2, or the inner action of ["act"]. */
struct bl_action {
    baals_tx_kind kind;
    baals_address sender;
    uint64_t nonce; /* the sender's, for a deploy's contract id */
    bool has_recipient;
    baals_address recipient;
    baals_amount amount; /* covered by the sender's balance */
    bool has_payload;
    baals_slice payload;
    uint64_t gas; /* what may be spent */
};
/* Runs an action of kind transfer, call or deploy. Its changes stay whatever the status: the caller
 * holds the checkpoint. */
baals_status bl_transition_run(struct bl_transition *t,
                               struct bl_tx_outcome *out,
                               const struct bl_action *action,
                               baals_error *err);
/* Account records the action would make besides its sender's. */
baals_status bl_transition_records_made(struct bl_transition *t,
                                        uint64_t *count_out,
                                        const struct bl_action *action,
                                        baals_error *err);
/* Notes for people why a transaction did not end OK. */
__attribute__((format(printf, 3, 4))) void
bl_transition_note(struct bl_transition *t, baals_status trap, const char *format, ...);

/* The same from a contract's result, when that is not OK. */
void bl_transition_note_result(struct bl_transition *t, const baals_execution_result *result);

/* ---- sysop.c ---- */

/* Runs a system operation of the authority tx->sender. */
baals_status bl_sysop_run(struct bl_transition *t,
                          struct bl_tx_outcome *out,
                          const baals_tx *tx,
                          uint64_t gas,
                          baals_error *err);
/* Writes decided authorities and parameters, after the last transaction. */
baals_status bl_sysop_write_effects(struct bl_transition *t, baals_error *err);
void bl_params_encode(struct bl_buffer *out, const baals_chain_params *params);
baals_status bl_params_decode(baals_chain_params *out, baals_slice bytes, baals_error *err);

/* ---- account.c ---- */

/* A record of zeros and BAALS_NOTFOUND when there is none. */
baals_status bl_account_load(struct bl_account *out,
                             struct bl_overlay *overlay,
                             const baals_address *address,
                             baals_error *err);
baals_status bl_account_store(struct bl_overlay *overlay,
                              const baals_address *address,
                              const struct bl_account *account,
                              baals_error *err);
/* Adds to the balance of a loaded record. CORRUPT_STATE when the supply cannot be that large. */
baals_status bl_account_add(struct bl_account *account, uint64_t amount, baals_error *err);
/* Adds to a balance; makes the record when the amount is not 0. */
baals_status bl_account_credit(struct bl_overlay *overlay,
                               const baals_address *address,
                               uint64_t amount,
                               baals_error *err);
/* Moves an amount. *moved_out is false, and nothing changes, when `from` has not enough. */
baals_status bl_account_move(struct bl_overlay *overlay,
                             bool *moved_out,
                             const baals_address *from,
                             const baals_address *to,
                             uint64_t amount,
                             baals_error *err);
/* A uint of `meta`; CORRUPT_STATE when it is not there. */
baals_status
bl_meta_uint_load(uint64_t *out, struct bl_overlay *overlay, const char *name, baals_error *err);
baals_status
bl_meta_uint_store(struct bl_transition *t, const char *name, uint64_t value, baals_error *err);
/* Stores what stands in t->scratch under a name of `meta`. */
baals_status bl_meta_store(struct bl_transition *t, baals_slice name, baals_error *err);

/* ---- host.c ---- */

extern const struct baals_contract_host_ops bl_ledger_host_ops;
/* Stores a module under its hash: its length in `code`, its bytes beside the tree. */
baals_status
bl_code_store(struct bl_transition *t, const baals_hash *hash, baals_slice code, baals_error *err);

/* ---- block.c ---- */

/* The transition of one block on the arena, with the parent read and the block's constants set,
 * but for prev_hash. NULL with *status_out when that fails; else released with
 * bl_transition_deinit. */
baals_status bl_block_begin(struct bl_transition **out,
                            const struct bl_ledger *ledger,
                            struct bl_view *view,
                            uint64_t index,
                            uint64_t time_ms,
                            struct bl_arena *arena,
                            baals_error *err);
/* Fees, effects, the write set, the supply's balance and the roots: everything of bl_applied but
 * header, txs, receipts and debug. */
baals_status bl_block_finish(struct bl_applied *out,
                             struct bl_transition *t,
                             struct bl_view *view,
                             const baals_address *proposer,
                             baals_error *err);
/* The encoded receipt of the transaction just applied. */
baals_status bl_block_receipt(baals_slice *bytes_out,
                              struct bl_transition *t,
                              const baals_receipt *receipt,
                              baals_error *err);
/* Its local notes; NULL when there is nothing to note. */
baals_status bl_block_notes(const struct bl_debug **out, struct bl_transition *t, baals_error *err);

#endif /* BL_LEDGER_LEDGER_INTERNAL_H */
