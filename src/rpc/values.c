/* SPDX-License-Identifier: MIT */
/*
 * How the protocol's values look in JSON (docs/spec/api.md): amounts and gas are decimal strings,
 * heights and times numbers, hashes and bytes hex, addresses bech32m. Member names are stable.
 */
#include <stdio.h>
#include <string.h>

#include "rpc/rpc_internal.h"

const char *bl_rpc_kind_name(baals_tx_kind kind)
{
    switch (kind) {
    case BAALS_TX_TRANSFER:
        return "transfer";
    case BAALS_TX_CALL:
        return "call";
    case BAALS_TX_DEPLOY:
        return "deploy";
    case BAALS_TX_SYSTEM:
        return "system";
    case BAALS_TX_KIND_FORCE_INT:
        break;
    }
    return "unknown";
}

static void
values_put_contract(struct bl_json_writer *w, const char *name, const baals_address *address)
{
    bl_jw_key(w, name);
    bl_jw_address(w, BAALS_ADDRESS_CONTRACT, address);
}

static void
values_put_account(struct bl_json_writer *w, const char *name, const baals_address *address)
{
    bl_jw_key(w, name);
    bl_jw_address(w, BAALS_ADDRESS_ACCOUNT, address);
}

void bl_rpc_put_output(struct bl_json_writer *w, baals_slice output)
{
    bl_jw_put_hex(w, "output", output);
    if (output.len == 0)
        return;
    struct bl_buffer text;
    bl_buffer_init(&text, w->out->alloc, BL_RPC_MESSAGE_MAX);
    if (bl_cbor_diagnostic(&text, output)) {
        bl_jw_key(w, "value");
        bl_jw_slice(w, bl_buffer_slice(&text));
    } else if (bl_text_is_printable(output)) {
        bl_jw_key(w, "value");
        bl_jw_slice(w, output);
    }
    bl_buffer_deinit(&text);
}

/* The status to show for a receipt: the precise one of the debug record where there is one. */
static baals_status values_failure_status(const baals_receipt *receipt, const baals_debug *debug)
{
    if (debug->trap != BAALS_OK)
        return debug->trap;
    switch (receipt->status) {
    case BAALS_RECEIPT_REVERT:
        return BAALS_TRAP_REVERT;
    case BAALS_RECEIPT_OUT_OF_GAS:
        return BAALS_TRAP_GAS;
    case BAALS_RECEIPT_OUT_OF_STACK:
        return BAALS_TRAP_STACK;
    case BAALS_RECEIPT_NO_METHOD:
        return BAALS_TRAP_NO_METHOD;
    case BAALS_RECEIPT_NO_CONTRACT:
        return BAALS_TRAP_NO_CONTRACT;
    case BAALS_RECEIPT_REENTRY:
        return BAALS_TRAP_REENTRY;
    case BAALS_RECEIPT_BAD_CODE:
        return BAALS_REJECT_CODE;
    case BAALS_RECEIPT_LIMIT:
        return BAALS_TRAP_LIMIT;
    case BAALS_RECEIPT_OK:
    case BAALS_RECEIPT_TRAP:
    case BAALS_RECEIPT_BAD_PAYLOAD:
    case BAALS_RECEIPT_ADDRESS_TAKEN:
    case BAALS_RECEIPT_STATUS_FORCE_INT:
        break;
    }
    return BAALS_TRAP;
}

void bl_rpc_put_failure(struct bl_json_writer *w,
                        const baals_receipt *receipt,
                        const baals_debug *debug)
{
    baals_status status = values_failure_status(receipt, debug);
    bl_jw_key(w, "error");
    bl_jw_begin_object(w);
    bl_jw_put_text(w, "code", baals_status_code(status));
    const char *message = debug->message;
    if (message[0] == '\0')
        message = receipt->status == BAALS_RECEIPT_BAD_PAYLOAD     ? "the payload cannot be decoded"
                  : receipt->status == BAALS_RECEIPT_ADDRESS_TAKEN ? "a contract is there already"
                                                                   : baals_status_text(status);
    bl_jw_put_text(w, "message", message);
    if (!bl_bytes_all_zero(debug->contract.bytes, sizeof debug->contract.bytes))
        values_put_contract(w, "contract", &debug->contract);
    if (debug->trap != BAALS_OK && debug->function_index != UINT32_MAX)
        bl_jw_put_u64(w, "function", debug->function_index);
    if (debug->trap != BAALS_OK && debug->offset != UINT32_MAX)
        bl_jw_put_u64(w, "offset", debug->offset);
    if (receipt->status == BAALS_RECEIPT_REVERT) {
        bl_jw_put_u64(w, "revert_code", debug->revert_code);
        if (receipt->output.len > 0 && bl_text_is_printable(receipt->output)) {
            bl_jw_key(w, "text");
            bl_jw_slice(w, receipt->output);
        }
    }
    bl_jw_end_object(w);
}

static void values_put_event(struct bl_json_writer *w, const baals_event *event)
{
    bl_jw_begin_object(w);
    values_put_contract(w, "contract", &event->contract);
    bl_jw_key(w, "topics");
    bl_jw_begin_array(w);
    for (uint32_t i = 0; i < event->topic_count; i++)
        bl_jw_hash(w, &event->topics[i]);
    bl_jw_end_array(w);
    bl_jw_put_hex(w, "data", event->data);
    bl_jw_end_object(w);
}

void bl_rpc_put_receipt(struct bl_json_writer *w,
                        const baals_receipt *receipt,
                        const baals_debug *debug)
{
    bl_jw_put_text(w, "status", baals_receipt_status_name(receipt->status));
    bl_jw_put_amount(w, "gas_used", receipt->gas_used);
    bl_jw_put_amount(w, "fee", receipt->fee);
    if (receipt->has_contract)
        values_put_contract(w, "contract", &receipt->contract);
    bl_rpc_put_output(w, receipt->output);
    bl_jw_key(w, "events");
    bl_jw_begin_array(w);
    baals_event event;
    for (size_t cursor = 0; baals_receipt_events_next(&event, &cursor, receipt) == 1;)
        values_put_event(w, &event);
    bl_jw_end_array(w);
    if (receipt->status != BAALS_RECEIPT_OK)
        bl_rpc_put_failure(w, receipt, debug);
}

static void values_put_header(struct bl_json_writer *w, const baals_header *header)
{
    bl_jw_put_hash(w, "chain_id", &header->chain_id);
    bl_jw_put_u64(w, "timestamp_ms", header->timestamp_ms);
    bl_jw_put_hash(w, "prev_hash", &header->prev_hash);
    bl_jw_put_hash(w, "tx_root", &header->tx_root);
    bl_jw_put_hash(w, "receipts_root", &header->receipts_root);
    bl_jw_put_hash(w, "state_root", &header->state_root);
    bl_jw_put_amount(w, "gas_used", header->gas_used);
    values_put_account(w, "proposer", &header->proposer);
    bl_jw_put_u64(w, "nonce", header->nonce);
    if (header->has_metadata)
        bl_jw_put_hex(w, "metadata", header->metadata);
}

void bl_rpc_put_sealed_header(struct bl_json_writer *w, const baals_sealed_header *sealed)
{
    bl_jw_put_u64(w, "height", sealed->header.index);
    bl_jw_put_hash(w, "hash", &sealed->hash);
    values_put_header(w, &sealed->header);
    if (sealed->has_seal)
        bl_jw_put_hex(w, "seal", sealed->seal);
}

baals_status bl_rpc_put_block(struct bl_json_writer *w, const baals_block *block, baals_error *err)
{
    bl_jw_put_u64(w, "height", block->header.index);
    bl_jw_put_hash(w, "hash", &block->hash);
    values_put_header(w, &block->header);
    if (block->has_seal)
        bl_jw_put_hex(w, "seal", block->seal);
    bl_jw_put_u64(w, "size", block->bytes.len);
    bl_jw_put_u64(w, "tx_count", block->tx_count);
    bl_jw_key(w, "txs");
    bl_jw_begin_array(w);
    baals_slice bytes;
    for (size_t cursor = 0; baals_block_txs_next(&bytes, &cursor, block) == 1;) {
        baals_tx tx;
        BL_TRY(baals_tx_decode(&tx, bytes, err));
        bl_jw_hash(w, &tx.id);
    }
    bl_jw_end_array(w);
    return BAALS_OK;
}

/* What a payload says, by the transaction's kind; nothing when it cannot be decoded. */
static void values_put_payload(struct bl_json_writer *w, const baals_tx *tx)
{
    if (tx->kind == BAALS_TX_CALL) {
        baals_slice method, args;
        if (baals_tx_decode_call_payload(&method, &args, tx->payload, NULL) != BAALS_OK)
            return;
        bl_jw_key(w, "method");
        bl_jw_slice(w, method);
        bl_jw_put_hex(w, "args", args);
        return;
    }
    if (tx->kind == BAALS_TX_DEPLOY) {
        baals_slice code, init;
        int32_t has_init;
        if (baals_tx_decode_deploy_payload(&code, &has_init, &init, tx->payload, NULL) != BAALS_OK)
            return;
        bl_jw_put_u64(w, "code_size", code.len);
        if (has_init)
            bl_jw_put_hex(w, "init", init);
        baals_address contract;
        baals_contract_id_from_deploy(&contract, &tx->sender, tx->nonce);
        values_put_contract(w, "contract", &contract);
    }
}

void bl_rpc_put_tx(struct bl_json_writer *w, const baals_tx *tx, bool recipient_is_contract)
{
    bl_jw_put_hash(w, "tx_id", &tx->id);
    bl_jw_put_text(w, "kind", bl_rpc_kind_name(tx->kind));
    values_put_account(w, "sender", &tx->sender);
    bl_jw_put_u64(w, "nonce", tx->nonce);
    if (tx->has_recipient) {
        bl_jw_key(w, "recipient");
        bl_jw_address(w, recipient_is_contract ? BAALS_ADDRESS_CONTRACT : BAALS_ADDRESS_ACCOUNT,
                      &tx->recipient);
    }
    bl_jw_put_amount(w, "amount", tx->amount.units);
    bl_jw_put_amount(w, "gas_limit", tx->gas_limit);
    bl_jw_put_amount(w, "gas_price", tx->gas_price);
    if (tx->has_valid_until)
        bl_jw_put_u64(w, "valid_until", tx->valid_until);
    if (tx->has_payload && tx->kind != BAALS_TX_DEPLOY)
        bl_jw_put_hex(w, "payload", tx->payload);
    if (tx->has_payload)
        values_put_payload(w, tx);
    if (tx->has_metadata) {
        bl_jw_key(w, "metadata");
        struct bl_buffer text;
        bl_buffer_init(&text, w->out->alloc, BL_RPC_MESSAGE_MAX);
        if (!bl_cbor_diagnostic(&text, tx->metadata))
            text.len = 0;
        bl_jw_slice(w, bl_buffer_slice(&text));
        bl_buffer_deinit(&text);
    }
    bl_jw_put_u64(w, "size", tx->bytes.len);
}
