/* SPDX-License-Identifier: MIT */
/*
 * Methods about the chain as a whole: where it stands, its blocks, what happens in it, and its
 * export, which is sent as lines of chunks before the answer.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rpc/rpc_internal.h"

#define METHODS_NOTICES_MAX 1000u
#define METHODS_HEADERS_MAX 1000u
#define METHODS_NOTICES_STEP_MS 100u
#define METHODS_CHUNK_BYTES ((size_t)256 * 1024)

static void methods_put_params(struct bl_json_writer *w, const baals_chain_params *params)
{
    bl_jw_key(w, "params");
    bl_jw_begin_object(w);
    bl_jw_put_amount(w, "block_gas_limit", params->block_gas_limit);
    bl_jw_put_amount(w, "gas_price_min", params->gas_price_min);
    bl_jw_put_bool(w, "burn_fees", params->burn_fees != 0);
    bl_jw_put_u64(w, "gas_schedule", params->gas_schedule);
    bl_jw_put_u64(w, "wasm_limits", params->wasm_limits);
    bl_jw_end_object(w);
}

static baals_status methods_chain_info(struct bl_rpc_call *call, baals_error *err)
{
    baals_chain_info info;
    struct bl_json_writer *w = call->result;
    BL_TRY(baals_chain_info_get(call->rpc->chain, &info, err));
    bl_jw_begin_object(w);
    bl_jw_put_hash(w, "chain_id", &info.chain_id);
    bl_jw_put_text(w, "name", info.name);
    bl_jw_put_u64(w, "height", info.height);
    bl_jw_put_hash(w, "hash", &info.hash);
    bl_jw_put_hash(w, "state_root", &info.state_root);
    bl_jw_put_u64(w, "timestamp_ms", info.timestamp_ms);
    bl_jw_put_u64(w, "final_height", info.final_height);
    bl_jw_put_u64(w, "tx_count", info.tx_count);
    bl_jw_put_u64(w, "pending", info.pending);
    bl_jw_put_amount(w, "supply", info.supply);
    bl_jw_put_amount(w, "burned", info.burned);
    bl_jw_put_text(w, "engine", info.engine);
    bl_jw_put_bool(w, "dev", info.dev != 0);
    bl_jw_put_u64(w, "epoch", info.epoch);
    methods_put_params(w, &info.params);
    bl_jw_key(w, "authorities");
    bl_jw_begin_array(w);
    for (uint32_t i = 0; i < info.authority_count; i++)
        bl_jw_address(w, BAALS_ADDRESS_ACCOUNT, &info.authorities[i]);
    bl_jw_end_array(w);
    bl_jw_put_bool(w, "can_seal", info.can_seal != 0);
    bl_jw_put_u64(w, "kept_from", info.kept_from);
    bl_jw_put_u64(w, "headers_from", info.headers_from);
    bl_jw_end_object(w);
    return BAALS_OK;
}

static baals_status methods_genesis_get(struct bl_rpc_call *call, baals_error *err)
{
    baals_bytes genesis = {0};
    BL_TRY(baals_genesis_get(call->rpc->chain, &genesis, err));
    bl_jw_begin_object(call->result);
    bl_jw_put_hex(call->result, "genesis", bl_slice(genesis.data, genesis.len));
    bl_jw_end_object(call->result);
    baals_bytes_free(&genesis);
    return BAALS_OK;
}

/* Ways to a block or to what there is of it. */
struct methods_block_reader {
    baals_status (*by_height)(baals_chain *chain,
                              baals_bytes *out,
                              uint64_t height,
                              baals_error *err);
    baals_status (*by_hash)(baals_chain *chain,
                            baals_bytes *out,
                            const baals_hash *hash,
                            baals_error *err);
};

/* By "hash", by "height", or the latest. */
static baals_status methods_read_block(struct bl_rpc_call *call,
                                       baals_bytes *out,
                                       const struct methods_block_reader *reader,
                                       baals_error *err)
{
    if (bl_rpc_has(call, "hash")) {
        baals_hash hash;
        if (bl_rpc_has(call, "height"))
            return bl_fail(err, BAALS_MISUSE_ARGUMENT, "give \"hash\" or \"height\", not both");
        BL_TRY(bl_rpc_param_hash(call, &hash, "hash", err));
        return reader->by_hash(call->rpc->chain, out, &hash, err);
    }
    uint64_t height;
    baals_chain_info info;
    BL_TRY(baals_chain_info_get(call->rpc->chain, &info, err));
    BL_TRY(bl_rpc_param_u64(call, &height, "height", info.height, UINT64_MAX, err));
    return reader->by_height(call->rpc->chain, out, height, err);
}

static baals_status methods_block_get(struct bl_rpc_call *call, baals_error *err)
{
    baals_bytes bytes = {0};
    baals_block block;
    bool with_bytes = bl_json_is_true(bl_json_member(call->params, "bytes"));
    static const struct methods_block_reader reader = {baals_block_get, baals_block_get_by_hash};
    BL_TRY(methods_read_block(call, &bytes, &reader, err));
    baals_status status = baals_block_decode(&block, bl_slice(bytes.data, bytes.len), err);
    if (status == BAALS_OK) {
        bl_jw_begin_object(call->result);
        status = bl_rpc_put_block(call->result, &block, err);
        if (with_bytes)
            bl_jw_put_hex(call->result, "bytes", block.bytes);
        bl_jw_end_object(call->result);
    }
    baals_bytes_free(&bytes);
    return status;
}

static baals_status methods_header_get(struct bl_rpc_call *call, baals_error *err)
{
    baals_bytes bytes = {0};
    baals_sealed_header sealed;
    bool with_bytes = bl_json_is_true(bl_json_member(call->params, "bytes"));
    static const struct methods_block_reader reader = {baals_header_get, baals_header_get_by_hash};
    BL_TRY(methods_read_block(call, &bytes, &reader, err));
    baals_status status = baals_sealed_header_decode(&sealed, bl_slice(bytes.data, bytes.len), err);
    if (status == BAALS_OK) {
        bl_jw_begin_object(call->result);
        bl_rpc_put_sealed_header(call->result, &sealed);
        if (with_bytes)
            bl_jw_put_hex(call->result, "bytes", sealed.bytes);
        bl_jw_end_object(call->result);
    }
    baals_bytes_free(&bytes);
    return status;
}

struct methods_headers {
    struct bl_json_writer *w;
    uint64_t next;
};

static int32_t methods_header(void *ctx, uint64_t height, baals_slice sealed)
{
    struct methods_headers *headers = ctx;
    bl_jw_hex(headers->w, sealed);
    headers->next = height + 1;
    return 0;
}

static baals_status methods_header_list(struct bl_rpc_call *call, baals_error *err)
{
    struct methods_headers headers = {.w = call->result};
    uint64_t limit;
    BL_TRY(bl_rpc_param_u64(call, &headers.next, "from", 0, UINT64_MAX, err));
    BL_TRY(bl_rpc_param_u64(call, &limit, "limit", 100, METHODS_HEADERS_MAX, err));
    bl_jw_begin_object(call->result);
    bl_jw_key(call->result, "headers");
    bl_jw_begin_array(call->result);
    BL_TRY(
        baals_headers_each(call->rpc->chain, headers.next, limit, methods_header, &headers, err));
    bl_jw_end_array(call->result);
    bl_jw_put_u64(call->result, "next", headers.next);
    bl_jw_end_object(call->result);
    return BAALS_OK;
}

/* ---- notices ---- */

struct methods_notices {
    struct bl_json_writer *w;
    uint64_t left;
    baals_status status;
    baals_error *err;
};

static void methods_put_cursor(struct bl_json_writer *w, const baals_cursor *cursor)
{
    char text[48];
    snprintf(text, sizeof text, "%" PRIu64 ".%" PRIu64, cursor->record, cursor->item);
    bl_jw_put_text(w, "cursor", text);
}

static int32_t methods_notice(void *ctx, const baals_notice *notice)
{
    static const char *const kinds[] = {"block", "tx", "reverted"};
    struct methods_notices *notices = ctx;
    struct bl_json_writer *w = notices->w;
    BL_ASSERT((size_t)notice->kind < BL_COUNT_OF(kinds));
    bl_jw_begin_object(w);
    methods_put_cursor(w, &notice->cursor);
    bl_jw_put_text(w, "kind", kinds[notice->kind]);
    bl_jw_put_u64(w, "block", notice->height);
    if (notice->kind == BAALS_NOTICE_TX) {
        baals_receipt receipt;
        static const baals_debug no_notes;
        bl_jw_put_u64(w, "position", notice->position);
        bl_jw_put_hash(w, "tx_id", &notice->id);
        notices->status = baals_receipt_decode(&receipt, notice->receipt, notices->err);
        if (notices->status == BAALS_OK)
            bl_rpc_put_receipt(w, &receipt, &no_notes);
    } else {
        bl_jw_put_hash(w, "hash", &notice->id);
    }
    bl_jw_end_object(w);
    notices->left--;
    return notices->left == 0 || notices->status != BAALS_OK;
}

/* "now", "" for the beginning, or "record.item". */
static baals_status methods_cursor(struct bl_rpc_call *call, baals_cursor *cursor, baals_error *err)
{
    const char *text = "";
    if (bl_rpc_has(call, "cursor"))
        BL_TRY(bl_rpc_param_text(call, &text, "cursor", err));
    memset(cursor, 0, sizeof *cursor);
    if (text[0] == '\0')
        return BAALS_OK;
    if (strcmp(text, "now") == 0)
        return baals_cursor_now(call->rpc->chain, cursor, err);
    size_t dot = strcspn(text, ".");
    if (text[dot] != '.' || !bl_u64_parse(&cursor->record, text, dot) ||
        !bl_u64_parse(&cursor->item, text + dot + 1, strlen(text + dot + 1)))
        return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                       "parameter \"cursor\" must be \"now\" or a cursor given before");
    return BAALS_OK;
}

static baals_status methods_notices(struct bl_rpc_call *call, baals_error *err)
{
    struct bl_json_writer *w = call->result;
    struct methods_notices notices = {.w = w, .status = BAALS_OK, .err = err};
    baals_cursor cursor;
    uint64_t wait_ms;
    const atomic_bool *stopping = call->rpc->stopping;
    BL_TRY(methods_cursor(call, &cursor, err));
    BL_TRY(bl_rpc_param_u64(call, &notices.left, "limit", 100, METHODS_NOTICES_MAX, err));
    BL_TRY(bl_rpc_param_u64(call, &wait_ms, "wait_ms", 0, BL_RPC_WAIT_MS_MAX, err));
    if (notices.left == 0)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "parameter \"limit\" must be at least 1");
    bl_jw_begin_object(w);
    bl_jw_key(w, "notices");
    bl_jw_begin_array(w);
    baals_status status;
    do {
        uint32_t step =
            wait_ms > METHODS_NOTICES_STEP_MS ? METHODS_NOTICES_STEP_MS : (uint32_t)wait_ms;
        status = baals_notices_each(call->rpc->chain, &cursor, step, methods_notice, &notices, err);
        wait_ms -= step;
    } while (status == BAALS_BUSY_TIMEOUT && wait_ms > 0 &&
             (stopping == NULL || !atomic_load(stopping)));
    if (status != BAALS_OK && status != BAALS_BUSY_TIMEOUT)
        return status;
    BL_TRY(notices.status);
    bl_jw_end_array(w);
    methods_put_cursor(w, &cursor);
    bl_jw_end_object(w);
    return BAALS_OK;
}

/* ---- export ---- */

struct methods_export {
    const struct bl_rpc *rpc;
    struct bl_buffer line;
    uint64_t bytes;
};

/* {"jsonrpc":"2.0","method":"chunk","params":{"hex":"..."}}, in pieces of bounded size. */
static baals_status methods_export_chunk(void *ctx, baals_slice bytes, baals_error *err)
{
    struct methods_export *export_ = ctx;
    export_->bytes += bytes.len;
    while (bytes.len > 0) {
        size_t len = bytes.len < METHODS_CHUNK_BYTES ? bytes.len : METHODS_CHUNK_BYTES;
        struct bl_json_writer w;
        bl_buffer_clear(&export_->line);
        bl_jw_init(&w, &export_->line);
        bl_jw_begin_object(&w);
        bl_jw_put_text(&w, "jsonrpc", "2.0");
        bl_jw_put_text(&w, "method", "chunk");
        bl_jw_key(&w, "params");
        bl_jw_begin_object(&w);
        bl_jw_put_hex(&w, "hex", bl_slice(bytes.data, len));
        bl_jw_end_object(&w);
        bl_jw_end_object(&w);
        BL_TRY(bl_buffer_status(&export_->line, err));
        BL_TRY(
            export_->rpc->notify(export_->rpc->notify_ctx, bl_buffer_slice(&export_->line), err));
        bytes = bl_slice(bytes.data + len, bytes.len - len);
    }
    return BAALS_OK;
}

static baals_status methods_export(struct bl_rpc_call *call, baals_error *err)
{
    struct methods_export export_ = {.rpc = call->rpc};
    if (call->rpc->notify == NULL)
        return bl_fail(err, BAALS_MISUSE, "export cannot be called in a batch");
    bl_buffer_init(&export_.line, call->rpc->alloc, BL_RPC_MESSAGE_MAX);
    baals_status status = baals_export(call->rpc->chain, methods_export_chunk, &export_, err);
    bl_buffer_deinit(&export_.line);
    BL_TRY(status);
    bl_jw_begin_object(call->result);
    bl_jw_put_u64(call->result, "bytes", export_.bytes);
    bl_jw_end_object(call->result);
    return BAALS_OK;
}

static baals_status methods_list(struct bl_rpc_call *call, baals_error *err)
{
    struct bl_json_writer *w = call->result;
    const struct bl_rpc_method_info *info;
    (void)err;
    bl_jw_begin_array(w);
    for (size_t i = 0; (info = bl_rpc_method_at(i)) != NULL; i++) {
        bl_jw_begin_object(w);
        bl_jw_put_text(w, "method", info->name);
        bl_jw_put_text(w, "params", info->params);
        bl_jw_put_text(w, "summary", info->summary);
        bl_jw_end_object(w);
    }
    bl_jw_end_array(w);
    return BAALS_OK;
}

const struct bl_rpc_method bl_rpc_methods_chain[] = {
    {{"block_get", "height hash bytes", "a block by height or hash; the latest without"},
     methods_block_get},
    {{"chain_info", "", "where the chain stands"}, methods_chain_info},
    {{"export", "", "the whole chain, as chunk lines before the answer"}, methods_export},
    {{"genesis_get", "", "the encoded genesis"}, methods_genesis_get},
    {{"header_get", "height hash bytes",
      "a header and its seal, also of a block that was given up"},
     methods_header_get},
    {{"header_list", "from limit", "encoded headers with their seals, in a row"},
     methods_header_list},
    {{"methods", "", "this list"}, methods_list},
    {{"notices", "cursor limit wait_ms", "what was committed behind a cursor"}, methods_notices},
};
const size_t bl_rpc_methods_chain_count = BL_COUNT_OF(bl_rpc_methods_chain);
