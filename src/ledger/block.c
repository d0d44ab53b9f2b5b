/* SPDX-License-Identifier: MIT */
/*
 * Applying a block: the one way to a new state, for the producer and for an import alike
 * (docs/spec/transition.md, block.md). Transactions run in order on one overlay; then fees are
 * settled, decided effects written, the write set taken, and the state tree gives the roots. Per
 * block the supply must balance: what accounts gained plus what was burned is what was minted.
 */
#include <string.h>

#include "ledger/ledger_internal.h"

/* Room for everything of a block but its transactions: header, seal, heads. */
#define BLOCK_OVERHEAD_BYTES 16384u
/* Accounts are fetched this many transactions before they are read. */
#define BLOCK_AHEAD 6u

baals_status bl_block_begin(struct bl_transition **out,
                            const struct bl_ledger *ledger,
                            struct bl_view *view,
                            uint64_t index,
                            uint64_t time_ms,
                            struct bl_arena *arena,
                            baals_error *err)
{
    struct bl_transition *t = bl_arena_zero(arena, 1, sizeof *t);
    if (t == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to apply a block");
    baals_status status = bl_transition_init(t, ledger, view, arena, err);
    if (status == BAALS_OK)
        status = bl_transition_read_parent(t, view, err);
    if (status != BAALS_OK) {
        bl_transition_deinit(t);
        return status;
    }
    t->index = index;
    t->time_ms = time_ms;
    *out = t;
    return BAALS_OK;
}

/* ---- settling ---- */

static baals_status
block_settle_fees(struct bl_transition *t, const baals_address *proposer, baals_error *err)
{
    if (t->fees == 0)
        return BAALS_OK;
    if (t->params.burn_fees == 0)
        return bl_account_credit(t->overlay, proposer, t->fees, err);
    uint64_t burned = 0;
    BL_TRY(bl_meta_uint_load(&burned, t->overlay, BL_META_BURNED, err));
    if (!bl_u64_add(&burned, burned, t->fees))
        return bl_fail(err, BAALS_CORRUPT_STATE, "more was burned than can exist");
    t->burned = t->fees;
    return bl_meta_uint_store(t, BL_META_BURNED, burned, err);
}

static baals_status block_add_balance(uint64_t *sum, baals_slice record, baals_error *err)
{
    struct bl_account account;
    if (bl_account_decode(&account, record, NULL) != BAALS_OK ||
        !bl_u64_add(sum, *sum, account.balance))
        return bl_fail(err, BAALS_CORRUPT_STATE, "an account record is damaged");
    return BAALS_OK;
}

/* spec/transition.md 5.3: "sum of balances after + burned in the block = sum of balances before +
 * minted in the block" */
static baals_status
block_check_supply(const struct bl_transition *t, const struct bl_write_set *set, baals_error *err)
{
    uint64_t before = t->minted;
    uint64_t after = t->burned;
    for (size_t i = 0; i < set->count; i++) {
        const struct bl_change *change = &set->changes[i];
        bool is_sentinel = change->key.len != sizeof(baals_address);
        if (change->space != BAALS_SPACE_ACCOUNTS || is_sentinel)
            continue;
        if (change->has_old)
            BL_TRY(block_add_balance(&before, change->old_value, err));
        if (change->has_new)
            BL_TRY(block_add_balance(&after, change->new_value, err));
    }
    BL_ASSERT(before == after);
    return BAALS_OK;
}

baals_status bl_block_finish(struct bl_applied *out,
                             struct bl_transition *t,
                             struct bl_view *view,
                             const baals_address *proposer,
                             baals_error *err)
{
    BL_TRY(block_settle_fees(t, proposer, err));
    BL_TRY(bl_sysop_write_effects(t, err));
    BL_TRY(bl_overlay_write_set(t->overlay, &out->write_set, err));
    BL_TRY(block_check_supply(t, &out->write_set, err));
    if (t->ledger->applied != NULL)
        t->ledger->applied(t->ledger->applied_ctx);
    return bl_state_commit(&out->state, t->ledger->forest, view, &out->write_set, t->arena, err);
}

/* ---- transactions ---- */

baals_status bl_block_receipt(baals_slice *bytes_out,
                              struct bl_transition *t,
                              const baals_receipt *receipt,
                              baals_error *err)
{
    bl_buffer_clear(&t->receipt);
    bl_receipt_encode(&t->receipt, receipt, t->events, t->event_count);
    BL_TRY(bl_buffer_status(&t->receipt, err));
    if (!bl_arena_copy(bytes_out, t->arena, bl_buffer_slice(&t->receipt)))
        return bl_fail(err, BAALS_NOMEM, "no memory for a receipt");
    return BAALS_OK;
}

baals_status bl_block_notes(const struct bl_debug **out, struct bl_transition *t, baals_error *err)
{
    *out = NULL;
    if (t->debug.trap == BAALS_OK && t->logs.len == 0)
        return BAALS_OK;
    struct bl_debug *notes = bl_arena_alloc(t->arena, sizeof *notes);
    if (notes == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the notes of a transaction");
    *notes = t->debug;
    if (!bl_arena_copy(&notes->logs, t->arena, bl_buffer_slice(&t->logs)))
        return bl_fail(err, BAALS_NOMEM, "no memory for the notes of a transaction");
    *out = notes;
    return BAALS_OK;
}

/* Applies one candidate and appends it to `out`. In produce mode a transaction that may not stand
 * here, or whose contract this machine cannot run, only gets its verdict and leaves no trace. */
static baals_status block_apply_candidate(struct bl_applied *out,
                                          struct bl_transition *t,
                                          enum bl_apply_mode mode,
                                          struct bl_candidate *candidate,
                                          baals_error *err)
{
    baals_receipt receipt;
    baals_error cause = {0};
    uint32_t checkpoint = bl_overlay_checkpoint(t->overlay);
    baals_status status = bl_transition_apply_tx(t, &receipt, candidate->tx, &cause);
    candidate->verdict = status;
    if (status == BAALS_OK)
        bl_overlay_release(t->overlay, checkpoint);
    else
        bl_overlay_rollback(t->overlay, checkpoint);
    if (status != BAALS_OK) {
        bool passed_over =
            BAALS_STATUS_CLASS(status) == BAALS_CLASS_REJECT || status == BAALS_INTERNAL_FAULT;
        if (passed_over && mode == BL_APPLY_PRODUCE)
            return BAALS_OK;
        return bl_fail(err, status, "transaction %llu: %.200s", (unsigned long long)out->tx_count,
                       cause.message);
    }
    size_t place = out->tx_count;
    BL_TRY(bl_block_receipt(&out->receipts[place], t, &receipt, err));
    BL_TRY(bl_block_notes(&out->debug[place], t, err));
    out->txs[place] = candidate->tx;
    out->tx_count++;
    return BAALS_OK;
}

/* Memory that the transaction will need is on its way while those before it run. */
static void block_prefetch(const struct bl_transition *t, const baals_tx *tx)
{
    bl_overlay_prefetch(t->overlay, &tx->sender);
    if (tx->has_recipient != 0)
        bl_overlay_prefetch(t->overlay, &tx->recipient);
}

static baals_status block_apply_all(struct bl_applied *out,
                                    struct bl_transition *t,
                                    enum bl_apply_mode mode,
                                    struct bl_candidate *candidates,
                                    size_t count,
                                    baals_error *err)
{
    size_t bytes_left = BL_BLOCK_BYTES_MAX - BLOCK_OVERHEAD_BYTES;
    for (size_t i = 0; i < count; i++) {
        if (i + BLOCK_AHEAD < count)
            block_prefetch(t, candidates[i + BLOCK_AHEAD].tx);
        if (mode == BL_APPLY_PRODUCE &&
            (candidates[i].tx->bytes.len > bytes_left || out->tx_count == BL_BLOCK_TXS_MAX)) {
            candidates[i].verdict = BAALS_REJECT_BLOCK_SIZE;
            continue;
        }
        BL_TRY(block_apply_candidate(out, t, mode, &candidates[i], err));
        if (mode == BL_APPLY_PRODUCE && candidates[i].verdict == BAALS_OK)
            bytes_left -= candidates[i].tx->bytes.len;
    }
    return BAALS_OK;
}

/* All transactions as one piece of work for the contract engine's thread: changing threads for each
 * of them would cost more than a transfer does. */
struct block_work {
    struct bl_applied *applied;
    struct bl_transition *t;
    enum bl_apply_mode mode;
    struct bl_candidate *candidates;
    size_t count;
    baals_status status;
    baals_error *err;
};

/* A few transfers are not worth changing threads for, either: one that turns out to run a contract
 * changes on its own. */
#define BLOCK_FEW 16u

static bool block_wants_thread(const struct bl_candidate *candidates, size_t count)
{
    if (count > BLOCK_FEW)
        return true;
    for (size_t i = 0; i < count; i++) {
        baals_tx_kind kind = candidates[i].tx->kind;
        if (kind == BAALS_TX_CALL || kind == BAALS_TX_DEPLOY)
            return true;
    }
    return false;
}

static void block_work_run(void *ctx)
{
    struct block_work *work = ctx;
    work->status = block_apply_all(work->applied, work->t, work->mode, work->candidates,
                                   work->count, work->err);
}

/* Part 0: the root of the transactions; part 1: that of the receipts. */
static void block_root(void *ctx, size_t part)
{
    struct bl_applied *applied = ctx;
    struct bl_merkle merkle;
    bl_merkle_init(&merkle);
    for (size_t i = 0; i < applied->tx_count; i++)
        bl_merkle_add(&merkle, part == 0 ? applied->txs[i]->bytes : applied->receipts[i]);
    bl_merkle_final(part == 0 ? &applied->header.tx_root : &applied->header.receipts_root, &merkle);
}

static void block_fill_header(struct bl_applied *out, const struct bl_transition *t)
{
    bl_workers_run(out->tx_count <= BLOCK_FEW ? NULL : t->ledger->workers, block_root, out, 2);
    out->header.gas_used = t->gas_used;
    out->header.state_root = out->state.roots.root;
}

static baals_status
block_compare(const baals_header *actual, const baals_header *claimed, baals_error *err)
{
    if (actual->gas_used != claimed->gas_used)
        return bl_fail(err, BAALS_REJECT_GAS_USED,
                       "block %llu says %llu gas, its transactions used %llu",
                       (unsigned long long)claimed->index, (unsigned long long)claimed->gas_used,
                       (unsigned long long)actual->gas_used);
    if (!bl_hash_equal(&actual->receipts_root, &claimed->receipts_root))
        return bl_fail(err, BAALS_REJECT_RECEIPTS_ROOT,
                       "block %llu: the receipts have another root",
                       (unsigned long long)claimed->index);
    if (!bl_hash_equal(&actual->state_root, &claimed->state_root))
        return bl_fail(err, BAALS_REJECT_STATE_ROOT, "block %llu: the state has another root",
                       (unsigned long long)claimed->index);
    return BAALS_OK;
}

baals_status bl_ledger_apply_block(struct bl_applied *out,
                                   const struct bl_ledger *ledger,
                                   struct bl_view *view,
                                   enum bl_apply_mode mode,
                                   const baals_header *header,
                                   struct bl_candidate *candidates,
                                   size_t count,
                                   struct bl_arena *arena,
                                   baals_error *err)
{
    struct bl_applied applied = {.header = *header};
    applied.txs = bl_arena_zero(arena, count + 1, sizeof *applied.txs);
    applied.receipts = bl_arena_zero(arena, count + 1, sizeof *applied.receipts);
    applied.debug = bl_arena_zero(arena, count + 1, sizeof(const struct bl_debug *));
    if (applied.txs == NULL || applied.receipts == NULL || applied.debug == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to apply a block");
    struct bl_transition *t = NULL;
    BL_TRY(bl_block_begin(&t, ledger, view, header->index, header->timestamp_ms, arena, err));
    t->prev_hash = header->prev_hash;
    bl_overlay_use_records(t->overlay, ledger->records);
    struct block_work work = {.applied = &applied,
                              .t = t,
                              .mode = mode,
                              .candidates = candidates,
                              .count = count,
                              .status = BAALS_OK,
                              .err = err};
    if (block_wants_thread(candidates, count))
        bl_contract_run(ledger->contracts, block_work_run, &work);
    else
        block_work_run(&work);
    baals_status status = work.status;
    if (status == BAALS_OK)
        status = bl_block_finish(&applied, t, view, &header->proposer, err);
    if (status == BAALS_OK) {
        block_fill_header(&applied, t);
        if (mode == BL_APPLY_VERIFY)
            status = block_compare(&applied.header, header, err);
    }
    bl_transition_deinit(t);
    if (status == BAALS_OK)
        *out = applied;
    return status;
}
