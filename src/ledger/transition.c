/* SPDX-License-Identifier: MIT */
/*
 * The state transition of one transaction (docs/spec/transition.md).
 *
 *   check --> pay for the whole gas limit, nonce + 1 (never undone)
 *         --> checkpoint, move the amount, run --> keep, or back to the checkpoint
 *         --> refund what was not used; the fee is settled at the end of the block
 *
 * A transfer that runs no contract cannot fail once it is checked: it comes to one new record per
 * account, and takes no other way to it.
 *
 * A REJECT says the transaction may not stand here and leaves the state as it was; what happens
 * after the payment is a receipt status.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"
#include "ledger/ledger_internal.h"

uint64_t bl_ledger_intrinsic_gas(size_t tx_len, uint64_t records_made)
{
    BL_ASSERT(tx_len <= BL_TX_BYTES_MAX && records_made <= 2);
    return BL_GAS_TX_BASE + BL_GAS_TX_BYTE * tx_len + BL_GAS_ACCOUNT_CREATE * records_made;
}

/* ---- the transition itself ---- */

struct transition_meta {
    struct bl_view *view;
};

static baals_status
transition_meta_get(void *ctx, baals_slice *value_out, baals_slice key, baals_error *err)
{
    const struct transition_meta *meta = ctx;
    return bl_view_get(meta->view, value_out, BAALS_SPACE_META, key, err);
}

/* The list of authorities follows from `meta` alone; no engine may look at headers for it. */
static baals_status
transition_no_header(void *ctx, baals_header *header_out, uint64_t index, baals_error *err)
{
    (void)ctx;
    (void)header_out;
    return bl_fail(err, BAALS_NOTFOUND, "no header %llu", (unsigned long long)index);
}

baals_status bl_transition_init(struct bl_transition *t,
                                const struct bl_ledger *ledger,
                                struct bl_view *view,
                                struct bl_arena *arena,
                                baals_error *err)
{
    memset(t, 0, sizeof *t);
    t->host.ops = &bl_ledger_host_ops;
    t->ledger = ledger;
    t->arena = arena;
    bl_buffer_init(&t->logs, ledger->alloc, BL_LEDGER_LOG_BYTES_MAX);
    bl_buffer_init(&t->scratch, ledger->alloc, BL_TX_BYTES_MAX);
    bl_buffer_init(&t->receipt, ledger->alloc, BL_TX_BYTES_MAX * 2u);
    return bl_overlay_new(&t->overlay, arena, view, err);
}

baals_status
bl_transition_read_parent(struct bl_transition *t, struct bl_view *view, baals_error *err)
{
    BL_TRY(bl_ledger_params(&t->params, view, err));
    struct transition_meta meta = {view};
    baals_consensus_view consensus_view = {
        .ctx = &meta,
        .meta_get = transition_meta_get,
        .header_get = transition_no_header,
    };
    return bl_consensus_authorities(t->ledger->consensus, t->authorities, &t->authority_count,
                                    &consensus_view, err);
}

void bl_transition_deinit(struct bl_transition *t)
{
    bl_buffer_deinit(&t->logs);
    bl_buffer_deinit(&t->scratch);
    bl_buffer_deinit(&t->receipt);
}

void bl_transition_note(struct bl_transition *t, baals_status trap, const char *format, ...)
{
    t->debug.trap = trap;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(t->debug.message, sizeof t->debug.message, format, args);
    va_end(args);
}

void bl_transition_note_result(struct bl_transition *t, const baals_execution_result *result)
{
    if (result->status == BAALS_RECEIPT_OK)
        return;
    bl_transition_note(t, result->trap, "%s", baals_status_text(result->trap));
    t->debug.revert_code = result->revert_code;
    t->debug.contract = result->trap_contract;
    t->debug.function_index = result->trap_function;
    t->debug.offset = result->trap_offset;
}

static bool transition_is_authority(const struct bl_transition *t, const baals_address *key)
{
    for (size_t i = 0; i < t->authority_count; i++) {
        if (bl_address_equal(&t->authorities[i], key))
            return true;
    }
    return false;
}

static struct bl_action transition_action(const baals_tx *tx, uint64_t gas)
{
    struct bl_action action = {
        .kind = tx->kind,
        .sender = tx->sender,
        .nonce = tx->nonce,
        .has_recipient = tx->has_recipient != 0,
        .recipient = tx->recipient,
        .amount = tx->amount,
        .has_payload = tx->has_payload != 0,
        .payload = tx->payload,
        .gas = gas,
    };
    return action;
}

/* ---- whether it may stand here ---- */

/* The account beside the sender's whose record the action would make if it had none. */
static bool transition_may_make(baals_address *made_out, const struct bl_action *action)
{
    if (action->kind == BAALS_TX_DEPLOY) {
        baals_contract_id_from_deploy(made_out, &action->sender, action->nonce);
        return true;
    }
    if (action->kind != BAALS_TX_TRANSFER || !action->has_recipient || action->amount.units == 0 ||
        bl_address_equal(&action->sender, &action->recipient))
        return false;
    *made_out = action->recipient;
    return true;
}

/* The record of an account, and whether it has one. */
static baals_status transition_load(struct bl_transition *t,
                                    struct bl_account *out,
                                    bool *exists_out,
                                    const baals_address *address,
                                    baals_error *err)
{
    baals_status status = bl_account_load(out, t->overlay, address, err);
    *exists_out = status == BAALS_OK;
    return status == BAALS_NOTFOUND ? BAALS_OK : status;
}

baals_status bl_transition_records_made(struct bl_transition *t,
                                        uint64_t *count_out,
                                        const struct bl_action *action,
                                        baals_error *err)
{
    baals_address made;
    struct bl_account account;
    bool exists = true;
    if (transition_may_make(&made, action))
        BL_TRY(transition_load(t, &account, &exists, &made, err));
    *count_out = exists ? 0 : 1;
    return BAALS_OK;
}

/* What the account says: chain, sender, authority, expiry, in this order. */
static baals_status transition_check_sender(struct bl_transition *t,
                                            const baals_tx *tx,
                                            const struct bl_account *account,
                                            baals_error *err)
{
    if (!bl_hash_equal(&tx->chain_id, &t->ledger->chain_id))
        return bl_fail(err, BAALS_REJECT_CHAIN_ID, "the transaction was made for another chain");
    if (account->has_code)
        return bl_fail(err, BAALS_REJECT_SENDER, "the sender is a contract");
    if (tx->kind == BAALS_TX_SYSTEM && !transition_is_authority(t, &tx->sender))
        return bl_fail(err, BAALS_REJECT_NOT_AUTHORITY, "the sender is not an authority");
    if (tx->has_valid_until != 0 && tx->valid_until < t->index)
        return bl_fail(err, BAALS_REJECT_EXPIRED, "valid until block %llu, this is block %llu",
                       (unsigned long long)tx->valid_until, (unsigned long long)t->index);
    return BAALS_OK;
}

/* What gas and money say: price, intrinsic gas, room in the block, balance, in this order. */
static baals_status transition_check_funds(struct bl_transition *t,
                                           const baals_tx *tx,
                                           const struct bl_account *account,
                                           uint64_t intrinsic,
                                           baals_error *err)
{
    if (tx->kind != BAALS_TX_SYSTEM && tx->gas_price < t->params.gas_price_min)
        return bl_fail(err, BAALS_REJECT_GAS_PRICE, "gas price %llu is below the minimum of %llu",
                       (unsigned long long)tx->gas_price,
                       (unsigned long long)t->params.gas_price_min);
    if (tx->gas_limit < intrinsic)
        return bl_fail(err, BAALS_REJECT_GAS_INTRINSIC,
                       "gas limit %llu is below the intrinsic gas of %llu",
                       (unsigned long long)tx->gas_limit, (unsigned long long)intrinsic);
    BL_ASSERT(t->gas_used <= t->params.block_gas_limit);
    if (tx->gas_limit > t->params.block_gas_limit - t->gas_used)
        return bl_fail(err, BAALS_REJECT_GAS_BLOCK,
                       "gas limit %llu does not fit the %llu left in the block",
                       (unsigned long long)tx->gas_limit,
                       (unsigned long long)(t->params.block_gas_limit - t->gas_used));
    uint64_t cost = 0;
    if (!bl_u64_mul(&cost, tx->gas_limit, tx->gas_price) ||
        !bl_u64_add(&cost, cost, tx->amount.units) || cost > account->balance)
        return bl_fail(err, BAALS_REJECT_BALANCE,
                       "balance %llu does not cover amount %llu and gas %llu x %llu",
                       (unsigned long long)account->balance, (unsigned long long)tx->amount.units,
                       (unsigned long long)tx->gas_limit, (unsigned long long)tx->gas_price);
    return BAALS_OK;
}

/* What the checks found, for running the transaction. */
struct transition_checked {
    struct bl_account sender;
    uint64_t intrinsic;
    bool other_loaded; /* `other` is the record of the account that may be made */
    struct bl_account other;
};

/* All checks; the nonce's order only where `at_place`. */
static baals_status transition_check(struct bl_transition *t,
                                     struct transition_checked *out,
                                     const baals_tx *tx,
                                     bool at_place,
                                     baals_error *err)
{
    const struct bl_account *account = &out->sender;
    bool exists = false;
    BL_TRY(transition_load(t, &out->sender, &exists, &tx->sender, err));
    BL_TRY(transition_check_sender(t, tx, account, err));
    bool nonce_fits = at_place ? tx->nonce == account->nonce : tx->nonce >= account->nonce;
    if (!nonce_fits || tx->nonce == UINT64_MAX)
        return bl_fail(err, BAALS_REJECT_NONCE, "nonce %llu, the account's next is %llu",
                       (unsigned long long)tx->nonce, (unsigned long long)account->nonce);
    struct bl_action action = transition_action(tx, 0);
    baals_address made;
    bool other_exists = true;
    out->other_loaded = transition_may_make(&made, &action);
    if (out->other_loaded)
        BL_TRY(transition_load(t, &out->other, &other_exists, &made, err));
    uint64_t records = other_exists ? 0 : 1;
    /* A sender with a later nonce will have its record by then. */
    if (!exists && tx->nonce == account->nonce)
        records++;
    out->intrinsic = bl_ledger_intrinsic_gas(tx->bytes.len, records);
    return transition_check_funds(t, tx, account, out->intrinsic, err);
}

baals_status bl_ledger_pending_begin(struct bl_transition **out,
                                     const struct bl_ledger *ledger,
                                     struct bl_view *view,
                                     struct bl_arena *arena,
                                     baals_error *err)
{
    struct bl_transition *t = bl_arena_zero(arena, 1, sizeof *t);
    if (t == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to check transactions");
    baals_status status = bl_transition_init(t, ledger, view, arena, err);
    if (status == BAALS_OK)
        status = bl_transition_read_parent(t, view, err);
    if (status != BAALS_OK) {
        bl_transition_deinit(t);
        return status;
    }
    t->index = bl_view_tip(view)->height + 1;
    *out = t;
    return BAALS_OK;
}

baals_status bl_ledger_pending_check(struct bl_account *account_out,
                                     struct bl_transition *t,
                                     const baals_tx *tx,
                                     baals_error *err)
{
    struct transition_checked checked;
    BL_TRY(transition_check(t, &checked, tx, false, err));
    *account_out = checked.sender;
    return BAALS_OK;
}

void bl_ledger_pending_end(struct bl_transition *t)
{
    if (t != NULL)
        bl_transition_deinit(t);
}

baals_status bl_ledger_check_pending(struct bl_account *account_out,
                                     const struct bl_ledger *ledger,
                                     struct bl_view *view,
                                     const baals_tx *tx,
                                     baals_error *err)
{
    struct bl_arena arena;
    struct bl_transition *t = NULL;
    struct bl_account account = {0};
    bl_arena_init(&arena, ledger->alloc, 16u * 1024u * 1024u);
    baals_status status = bl_ledger_pending_begin(&t, ledger, view, &arena, err);
    if (status == BAALS_OK)
        status = bl_ledger_pending_check(&account, t, tx, err);
    bl_ledger_pending_end(t);
    bl_arena_deinit(&arena);
    if (status == BAALS_OK && account_out != NULL)
        *account_out = account;
    return status;
}

/* ---- running ---- */

/* Hands an execution to the contract engine and takes its result over into the arena. */
static baals_status transition_execute(struct bl_transition *t,
                                       struct bl_tx_outcome *out,
                                       const struct bl_action *action,
                                       const baals_address *contract,
                                       baals_contract_entry entry,
                                       baals_slice method,
                                       const baals_slice *args,
                                       baals_error *err)
{
    baals_execution execution = {
        .entry = entry,
        .contract = *contract,
        .caller = action->sender,
        .origin = action->sender,
        .value = action->amount,
        .method = method,
        .has_args = args != NULL ? 1 : 0,
        .args = args != NULL ? *args : bl_slice(NULL, 0),
        .gas = action->gas - out->gas_used,
        .chain_id = t->ledger->chain_id,
        .tx_id = t->tx_id,
        .block_index = t->index,
        .block_time_ms = t->time_ms,
        .gas_schedule = t->params.gas_schedule,
        .wasm_limits = t->params.wasm_limits,
        .prev_hash = t->prev_hash,
        .tracer = t->tracer,
    };
    baals_execution_result result;
    memset(&result, 0, sizeof result);
    BL_TRY(bl_contract_execute(t->ledger->contracts, &result, &execution, &t->host, err));
    BL_ASSERT(result.gas_used <= execution.gas);
    baals_slice output = {NULL, 0};
    bool copied = bl_arena_copy(&output, t->arena, result.output);
    bl_transition_note_result(t, &result);
    out->status = result.status;
    out->gas_used += result.gas_used;
    bl_contract_result_release(t->ledger->contracts, &result);
    if (!copied)
        return bl_fail(err, BAALS_NOMEM, "no memory for a contract's output");
    out->output = output;
    return BAALS_OK;
}

static baals_status transition_move_amount(struct bl_transition *t,
                                           const struct bl_action *action,
                                           const baals_address *to,
                                           baals_error *err)
{
    bool moved = false;
    BL_TRY(bl_account_move(t->overlay, &moved, &action->sender, to, action->amount.units, err));
    BL_ASSERT(moved);
    return BAALS_OK;
}

static baals_status transition_run_transfer(struct bl_transition *t,
                                            struct bl_tx_outcome *out,
                                            const struct bl_action *action,
                                            baals_error *err)
{
    if (!action->has_recipient)
        return BAALS_OK; /* anchored data: the transaction itself is the record */
    struct bl_account recipient;
    baals_status status = bl_account_load(&recipient, t->overlay, &action->recipient, err);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);
    BL_TRY(transition_move_amount(t, action, &action->recipient, err));
    if (!recipient.has_code)
        return BAALS_OK;
    return transition_execute(t, out, action, &action->recipient, BAALS_ENTRY_RECEIVE,
                              bl_slice(NULL, 0), action->has_payload ? &action->payload : NULL,
                              err);
}

static baals_status transition_run_call(struct bl_transition *t,
                                        struct bl_tx_outcome *out,
                                        const struct bl_action *action,
                                        baals_error *err)
{
    baals_slice method = {NULL, 0};
    baals_slice args = {NULL, 0};
    if (!action->has_payload ||
        baals_tx_decode_call_payload(&method, &args, action->payload, NULL) != BAALS_OK) {
        out->status = BAALS_RECEIPT_BAD_PAYLOAD;
        bl_transition_note(t, BAALS_REJECT, "the payload is not [method, args]");
        return BAALS_OK;
    }
    struct bl_account recipient = {0};
    if (action->has_recipient) {
        baals_status status = bl_account_load(&recipient, t->overlay, &action->recipient, err);
        if (status != BAALS_NOTFOUND)
            BL_TRY(status);
    }
    if (!recipient.has_code) {
        out->status = BAALS_RECEIPT_NO_CONTRACT;
        bl_transition_note(t, BAALS_TRAP_NO_CONTRACT, "there is no contract at this address");
        return BAALS_OK;
    }
    BL_TRY(transition_move_amount(t, action, &action->recipient, err));
    return transition_execute(t, out, action, &action->recipient, BAALS_ENTRY_METHOD, method, &args,
                              err);
}

/* Gas of the code, then the code's own rules; *accepted_out is false when a status was set. */
static baals_status transition_check_code(struct bl_transition *t,
                                          struct bl_tx_outcome *out,
                                          bool *accepted_out,
                                          const struct bl_action *action,
                                          baals_slice code,
                                          baals_error *err)
{
    *accepted_out = false;
    uint64_t cost = bl_contract_deploy_gas(t->params.gas_schedule, code.len);
    if (cost > action->gas) {
        out->status = BAALS_RECEIPT_OUT_OF_GAS;
        bl_transition_note(t, BAALS_TRAP_GAS, "the gas does not cover storing the code");
        return BAALS_OK;
    }
    out->gas_used = cost;
    baals_error cause = {0};
    baals_status status = bl_contract_check_code(t->ledger->contracts, code, t->params.gas_schedule,
                                                 t->params.wasm_limits, &cause);
    if (BAALS_STATUS_CLASS(status) == BAALS_CLASS_REJECT) {
        out->status = BAALS_RECEIPT_BAD_CODE;
        bl_transition_note(t, status, "%.150s", cause.message);
        return BAALS_OK;
    }
    if (status != BAALS_OK)
        return bl_fail(err, status, "%s", cause.message);
    *accepted_out = true;
    return BAALS_OK;
}

static baals_status transition_run_deploy(struct bl_transition *t,
                                          struct bl_tx_outcome *out,
                                          const struct bl_action *action,
                                          baals_error *err)
{
    baals_slice code = {NULL, 0};
    baals_slice init = {NULL, 0};
    int32_t has_init = 0;
    if (!action->has_payload || baals_tx_decode_deploy_payload(&code, &has_init, &init,
                                                               action->payload, NULL) != BAALS_OK) {
        out->status = BAALS_RECEIPT_BAD_PAYLOAD;
        bl_transition_note(t, BAALS_REJECT, "the payload is not [code, init_args]");
        return BAALS_OK;
    }
    baals_address id;
    baals_contract_id_from_deploy(&id, &action->sender, action->nonce);
    struct bl_account account;
    baals_status status = bl_account_load(&account, t->overlay, &id, err);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);
    if (account.has_code) {
        out->status = BAALS_RECEIPT_ADDRESS_TAKEN;
        bl_transition_note(t, BAALS_REJECT, "there is a contract at the new address already");
        return BAALS_OK;
    }
    bool accepted = false;
    BL_TRY(transition_check_code(t, out, &accepted, action, code, err));
    if (!accepted)
        return BAALS_OK;
    account.has_code = true;
    bl_sha256(&account.code_hash, code);
    account.has_creator = true;
    account.creator = action->sender;
    BL_TRY(bl_code_store(t, &account.code_hash, code, err));
    BL_TRY(bl_account_store(t->overlay, &id, &account, err));
    BL_TRY(transition_move_amount(t, action, &id, err));
    BL_TRY(transition_execute(t, out, action, &id, BAALS_ENTRY_INIT, bl_slice(NULL, 0),
                              has_init != 0 ? &init : NULL, err));
    out->has_contract = out->status == BAALS_RECEIPT_OK;
    out->contract = id;
    return BAALS_OK;
}

baals_status bl_transition_run(struct bl_transition *t,
                               struct bl_tx_outcome *out,
                               const struct bl_action *action,
                               baals_error *err)
{
    memset(out, 0, sizeof *out);
    out->status = BAALS_RECEIPT_OK;
    switch (action->kind) {
    case BAALS_TX_TRANSFER:
        return transition_run_transfer(t, out, action, err);
    case BAALS_TX_CALL:
        return transition_run_call(t, out, action, err);
    case BAALS_TX_DEPLOY:
        return transition_run_deploy(t, out, action, err);
    case BAALS_TX_SYSTEM:
    case BAALS_TX_KIND_FORCE_INT:
        break;
    }
    return bl_fail(err, BAALS_INTERNAL, "an action of kind %d", (int)action->kind);
}

/* Runs the transaction inside a checkpoint; a status other than OK undoes it. */
static baals_status transition_execute_tx(struct bl_transition *t,
                                          struct bl_tx_outcome *out,
                                          const baals_tx *tx,
                                          uint64_t gas,
                                          baals_error *err)
{
    uint32_t checkpoint = t->host.ops->checkpoint(&t->host);
    baals_status status = BAALS_OK;
    if (tx->kind == BAALS_TX_SYSTEM) {
        status = bl_sysop_run(t, out, tx, gas, err);
    } else {
        struct bl_action action = transition_action(tx, gas);
        status = bl_transition_run(t, out, &action, err);
    }
    if (status == BAALS_OK && out->status == BAALS_RECEIPT_OK)
        t->host.ops->release(&t->host, checkpoint);
    else
        t->host.ops->rollback(&t->host, checkpoint);
    return status;
}

/* A transfer to an account without code, or to none: its whole effect, with the gas it was checked
 * for. *done_out is false, and nothing was changed, when it is not one. */
static baals_status transition_transfer(struct bl_transition *t,
                                        bool *done_out,
                                        const baals_tx *tx,
                                        struct transition_checked *checked,
                                        baals_error *err)
{
    bool other_exists = false;
    if (tx->kind != BAALS_TX_TRANSFER)
        return BAALS_OK;
    if (tx->has_recipient != 0 && !checked->other_loaded)
        BL_TRY(transition_load(t, &checked->other, &other_exists, &tx->recipient, err));
    if (tx->has_recipient != 0 && checked->other.has_code)
        return BAALS_OK;
    struct bl_account *sender = &checked->sender;
    sender->nonce = tx->nonce + 1;
    sender->balance -= checked->intrinsic * tx->gas_price; /* checked, like the amount */
    if (checked->other_loaded) {                           /* an amount, and to another account */
        uint64_t amount = tx->amount.units;
        sender->balance -= amount;
        BL_TRY(bl_account_add(&checked->other, amount, err));
        BL_TRY(bl_account_store(t->overlay, &tx->recipient, &checked->other, err));
    }
    *done_out = true;
    return bl_account_store(t->overlay, &tx->sender, sender, err);
}

/* Everything else: pays for the whole limit, runs, and gives back what was not used. */
static baals_status transition_pay_and_run(struct bl_transition *t,
                                           struct bl_tx_outcome *out,
                                           const baals_tx *tx,
                                           const struct transition_checked *checked,
                                           baals_error *err)
{
    struct bl_account sender = checked->sender;
    uint64_t gas = tx->gas_limit - checked->intrinsic;
    sender.nonce = tx->nonce + 1;
    sender.balance -= tx->gas_limit * tx->gas_price; /* checked: at most the balance */
    BL_TRY(bl_account_store(t->overlay, &tx->sender, &sender, err));
    BL_TRY(transition_execute_tx(t, out, tx, gas, err));
    BL_ASSERT(out->gas_used <= gas);
    if (out->status == BAALS_RECEIPT_OUT_OF_GAS)
        out->gas_used = gas;
    return bl_account_credit(t->overlay, &tx->sender, (gas - out->gas_used) * tx->gas_price, err);
}

baals_status bl_transition_apply_tx(struct bl_transition *t,
                                    baals_receipt *receipt_out,
                                    const baals_tx *tx,
                                    baals_error *err)
{
    struct transition_checked checked;
    BL_TRY(transition_check(t, &checked, tx, true, err));
    t->tx_id = tx->id;
    t->event_count = 0;
    t->debug = (struct bl_debug){.function_index = UINT32_MAX, .offset = UINT32_MAX};
    bl_buffer_clear(&t->logs);

    struct bl_tx_outcome outcome = {.status = BAALS_RECEIPT_OK};
    bool done = false;
    BL_TRY(transition_transfer(t, &done, tx, &checked, err));
    if (!done)
        BL_TRY(transition_pay_and_run(t, &outcome, tx, &checked, err));
    uint64_t gas_used = checked.intrinsic + outcome.gas_used;
    uint64_t fee = gas_used * tx->gas_price;
    t->gas_used += gas_used;
    if (!bl_u64_add(&t->fees, t->fees, fee))
        return bl_fail(err, BAALS_CORRUPT_STATE, "the fees exceed the total supply");
    bool ok = outcome.status == BAALS_RECEIPT_OK;
    BL_ASSERT(ok || t->event_count == 0);
    *receipt_out = (baals_receipt){
        .status = outcome.status,
        .has_contract = ok && outcome.has_contract ? 1 : 0,
        .gas_used = gas_used,
        .fee = fee,
        .contract = outcome.contract,
        .output = outcome.output,
        .event_count = t->event_count,
    };
    return BAALS_OK;
}
