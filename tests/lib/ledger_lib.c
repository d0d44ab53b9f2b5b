/* SPDX-License-Identifier: MIT */
/*
 * The chain in memory of the tests of the ledger.
 */
#include "ledger_lib.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "testlib_wat.h"

/* ---- keys ---- */

baals_keypair ledger_key(unsigned number)
{
    uint8_t seed[32];
    memset(seed, (int)(number + 1), sizeof seed);
    baals_keypair pair;
    baals_keypair_from_seed(&pair, seed);
    return pair;
}

baals_address ledger_address(unsigned number)
{
    return ledger_key(number).address;
}

baals_address ledger_stranger(uint8_t fill)
{
    baals_address address;
    memset(address.bytes, fill, sizeof address.bytes);
    return address;
}

/* ---- genesis ---- */

void ledger_genesis_init(struct ledger_genesis *g)
{
    memset(g, 0, sizeof *g);
    baals_genesis_defaults(&g->genesis);
    g->genesis.chain_name = bl_slice_str("ledger test");
    g->genesis.start_ms = LEDGER_START_MS;
    g->genesis.poa.slot_ms = 1000;
    g->genesis.balances = g->balances;
    g->genesis.contracts = g->contracts;
    ledger_genesis_authorities(g, 1);
    for (unsigned n = 1; n <= 3; n++) {
        baals_address address = ledger_address(n);
        ledger_genesis_balance(g, &address, LEDGER_RICH);
    }
}

void ledger_genesis_authorities(struct ledger_genesis *g, unsigned count)
{
    for (unsigned n = 0; n < count; n++)
        g->authorities[n] = ledger_address(n);
    g->genesis.poa.authorities = g->authorities;
    g->genesis.poa.authority_count = count;
}

void ledger_genesis_balance(struct ledger_genesis *g, const baals_address *to, uint64_t amount)
{
    size_t place = g->genesis.balance_count++;
    assert_true(place < BL_COUNT_OF(g->balances));
    while (place > 0 && memcmp(g->balances[place - 1].address.bytes, to->bytes, 32) > 0) {
        g->balances[place] = g->balances[place - 1];
        place--;
    }
    g->balances[place] = (baals_genesis_balance){*to, {amount}};
}

void ledger_genesis_contract(struct ledger_genesis *g,
                             const char *name,
                             baals_slice module,
                             const baals_slice *init)
{
    size_t place = g->genesis.contract_count++;
    assert_true(place < BL_COUNT_OF(g->contracts));
    baals_genesis_contract *contract = &g->contracts[place];
    contract->name = bl_slice_str(name);
    bl_sha256(&contract->code_hash, module);
    contract->has_init = init != NULL ? 1 : 0;
    if (init != NULL)
        contract->init = *init;
    g->modules[place] = module;
}

/* ---- views ---- */

struct bl_view *ledger_view(struct ledger_lib *fx)
{
    struct bl_view *view = NULL;
    assert_ok(bl_view_begin(&view, fx->store, &fx->err));
    return view;
}

struct ledger_view_ctx {
    const struct ledger_lib *fx;
    struct bl_view *view;
};

static baals_status
ledger_meta_get(void *ctx, baals_slice *value_out, baals_slice key, baals_error *err)
{
    const struct ledger_view_ctx *view = ctx;
    return bl_view_get(view->view, value_out, BAALS_SPACE_META, key, err);
}

static baals_status
ledger_header_get(void *ctx, baals_header *header_out, uint64_t index, baals_error *err)
{
    const struct ledger_view_ctx *view = ctx;
    if (index > view->fx->height)
        return bl_fail(err, BAALS_NOTFOUND, "beyond the tip");
    *header_out = view->fx->headers[index];
    return BAALS_OK;
}

static baals_consensus_view ledger_consensus_view(struct ledger_view_ctx *ctx)
{
    return (baals_consensus_view){
        .ctx = ctx, .meta_get = ledger_meta_get, .header_get = ledger_header_get};
}

/* ---- the chain ---- */

void ledger_push(struct ledger_lib *fx, const struct bl_applied *applied)
{
    struct bl_buffer bytes;
    bl_buffer_init(&bytes, fx->env->alloc, 65536);
    bl_header_encode(&bytes, &applied->header);
    bl_header_hash(&fx->tip_hash, bl_buffer_slice(&bytes));
    bl_buffer_deinit(&bytes);
    fx->height = applied->header.index;
    assert_true(fx->height < BL_COUNT_OF(fx->headers));
    fx->headers[fx->height] = applied->header;
    fx->last = *applied;

    struct bl_layer *layer = NULL;
    struct bl_tip tip = {.height = fx->height, .hash = fx->tip_hash, .journal_end = fx->height + 1};
    assert_ok(bl_layer_new(&layer, &fx->env->alloc, applied->state.writes, applied->state.count,
                           &fx->err));
    bl_layer_attach(layer, applied->state.attachment);
    assert_ok(bl_store_push(fx->store, layer, &tip, &fx->err));
    bl_layer_unref(layer);
    if (fx->height % 4 == 3)
        assert_ok(bl_store_checkpoint(fx->store, &fx->err));

    struct bl_state_roots roots;
    struct bl_view *view = ledger_view(fx);
    assert_ok(bl_state_recompute(&roots, view, &fx->env->alloc, NULL, NULL, &fx->err));
    bl_view_end(view);
    assert_memory_equal(&roots.root, &applied->header.state_root, sizeof roots.root);
}

/* Everything but the genesis. */
static struct ledger_lib *ledger_prepare(const struct ledger_genesis *g)
{
    struct ledger_lib *fx = calloc(1, sizeof *fx);
    assert_non_null(fx);
    assert_ok(bl_env_memory(&fx->env, testlib_faulty_alloc(&fx->memory), &fx->err));
    bl_arena_init(&fx->arena, fx->env->alloc, SIZE_MAX / 2);

    struct bl_buffer bytes;
    bl_buffer_init(&bytes, fx->env->alloc, BL_GENESIS_BYTES_MAX);
    bl_genesis_encode(&bytes, &g->genesis);
    assert_true(bl_arena_copy(&fx->genesis_bytes, &fx->arena, bl_buffer_slice(&bytes)));
    bl_buffer_deinit(&bytes);

    baals_storage *storage = NULL;
    struct bl_contract_options options = {.vm = "interpreter"};
    baals_genesis_chain_id(&fx->ledger.chain_id, fx->genesis_bytes);
    assert_ok(bl_storage_open(&storage, fx->env, "memory", "", &fx->err));
    assert_ok(bl_store_open(&fx->store, fx->env, storage, &fx->ledger.chain_id, &fx->err));
    assert_ok(bl_contract_engine_new(&fx->contracts, fx->env, &options, &fx->err));
    assert_ok(bl_consensus_new(&fx->consensus, &fx->env->alloc, &g->genesis, &fx->err));
    fx->ledger.start_ms = g->genesis.start_ms;
    fx->ledger.dev = g->genesis.dev != 0;
    fx->ledger.consensus = fx->consensus;
    fx->ledger.contracts = fx->contracts;
    fx->ledger.alloc = fx->env->alloc;
    assert_ok(bl_forest_new(&fx->ledger.forest, &fx->env->alloc, NULL, (1u << 14), &fx->err));
    return fx;
}

static baals_status
ledger_genesis_apply(struct ledger_lib *fx, struct bl_applied *out, const struct ledger_genesis *g)
{
    struct bl_view *view = ledger_view(fx);
    baals_status status = bl_ledger_apply_genesis(out, &fx->ledger, view, &g->genesis, g->modules,
                                                  &fx->arena, &fx->err);
    bl_view_end(view);
    return status;
}

struct ledger_lib *ledger_open(const struct ledger_genesis *g)
{
    struct ledger_lib *fx = ledger_prepare(g);
    struct bl_applied applied;
    assert_ok(bl_genesis_check(&g->genesis, &fx->err));
    assert_ok(ledger_genesis_apply(fx, &applied, g));
    ledger_push(fx, &applied);
    return fx;
}

baals_status ledger_try_genesis(const struct ledger_genesis *g, baals_error *err_out)
{
    struct ledger_lib *fx = ledger_prepare(g);
    struct bl_applied applied;
    baals_status status = ledger_genesis_apply(fx, &applied, g);
    *err_out = fx->err;
    ledger_close(fx);
    return status;
}

void ledger_close(struct ledger_lib *fx)
{
    bl_contract_close(fx->contracts);
    bl_consensus_close(fx->consensus);
    bl_arena_deinit(&fx->arena);
    bl_store_close(fx->store);
    bl_forest_free(fx->ledger.forest);
    bl_env_close(fx->env);
    assert_int_equal(fx->memory.live, 0);
    free(fx);
}

baals_header ledger_next_header(struct ledger_lib *fx)
{
    const baals_header *tip = &fx->headers[fx->height];
    struct ledger_view_ctx ctx = {fx, ledger_view(fx)};
    baals_consensus_view view = ledger_consensus_view(&ctx);
    baals_address keys[BL_AUTHORITIES_MAX];
    size_t count = 0;
    assert_ok(bl_consensus_authorities(fx->consensus, keys, &count, &view, &fx->err));
    bl_view_end(ctx.view);
    baals_header header = {
        .chain_id = fx->ledger.chain_id,
        .index = fx->height + 1,
        .timestamp_ms = tip->timestamp_ms + 1000,
        .prev_hash = fx->tip_hash,
    };
    uint64_t slot = (header.timestamp_ms - fx->ledger.start_ms) / 1000;
    header.nonce = count > 1 ? slot : 0;
    header.proposer = keys[count > 1 ? slot % count : 0];
    return header;
}

static baals_status
ledger_sign_seal(void *ctx, baals_signature *out, const baals_hash *hash, baals_error *err)
{
    (void)err;
    const baals_keypair *pair = ctx;
    bl_ed25519_sign(out, pair->seed, BL_TAG_SEAL, bl_slice(hash->bytes, sizeof hash->bytes));
    return BAALS_OK;
}

/* The key of an address; fails the test when none of the first 64 is. */
static baals_keypair ledger_key_of(const baals_address *address)
{
    for (unsigned n = 0; n < 64; n++) {
        baals_keypair pair = ledger_key(n);
        if (bl_address_equal(&pair.address, address))
            return pair;
    }
    fail_msg("no key of this address");
    return ledger_key(0);
}

baals_slice ledger_seal(struct ledger_lib *fx,
                        const baals_header *header,
                        const baals_tx *const *txs,
                        size_t count)
{
    struct bl_buffer head;
    struct bl_buffer block;
    bl_buffer_init(&head, fx->env->alloc, 65536);
    bl_buffer_init(&block, fx->env->alloc, BL_BLOCK_BYTES_MAX);
    bl_header_encode(&head, header);
    baals_hash hash;
    bl_header_hash(&hash, bl_buffer_slice(&head));

    baals_keypair pair = ledger_key_of(&header->proposer);
    baals_signer signer = {&pair, pair.address, ledger_sign_seal};
    uint8_t seal[BL_SEAL_BYTES_MAX];
    size_t seal_len = 0;
    assert_ok(bl_consensus_seal(fx->consensus, seal, &seal_len, &hash, &signer, &fx->err));
    baals_slice seal_slice = bl_slice(seal, seal_len);
    baals_slice *tx_bytes = bl_arena_zero(&fx->arena, count + 1, sizeof *tx_bytes);
    assert_non_null(tx_bytes);
    for (size_t i = 0; i < count; i++)
        tx_bytes[i] = txs[i]->bytes;
    bl_block_encode(&block, bl_buffer_slice(&head), &seal_slice, tx_bytes, count);
    assert_ok(bl_buffer_status(&block, &fx->err));
    baals_slice out;
    assert_true(bl_arena_copy(&out, &fx->arena, bl_buffer_slice(&block)));
    bl_buffer_deinit(&head);
    bl_buffer_deinit(&block);
    return out;
}

baals_status ledger_check(struct ledger_lib *fx, baals_slice block, baals_tx **txs_out)
{
    return ledger_check_known(fx, block, txs_out, NULL, NULL);
}

baals_status ledger_check_known(struct ledger_lib *fx,
                                baals_slice block,
                                baals_tx **txs_out,
                                bl_ledger_known known,
                                void *known_ctx)
{
    struct ledger_view_ctx ctx = {fx, ledger_view(fx)};
    baals_consensus_view view = ledger_consensus_view(&ctx);
    baals_block decoded;
    baals_tx *txs = NULL;
    baals_status status =
        bl_ledger_check_block(&decoded, &txs, &fx->ledger, block, &fx->headers[fx->height],
                              &fx->tip_hash, &view, known, known_ctx, &fx->arena, &fx->err);
    bl_view_end(ctx.view);
    if (status == BAALS_OK && txs_out != NULL)
        *txs_out = txs;
    return status;
}

baals_status ledger_apply(struct ledger_lib *fx,
                          struct bl_applied *out,
                          enum bl_apply_mode mode,
                          const baals_header *header,
                          const baals_tx *const *txs,
                          size_t count,
                          baals_status *verdicts)
{
    struct bl_candidate *candidates = bl_arena_zero(&fx->arena, count + 1, sizeof *candidates);
    assert_non_null(candidates);
    for (size_t i = 0; i < count; i++)
        candidates[i].tx = txs[i];
    struct bl_view *view = ledger_view(fx);
    baals_status status = bl_ledger_apply_block(out, &fx->ledger, view, mode, header, candidates,
                                                count, &fx->arena, &fx->err);
    bl_view_end(view);
    for (size_t i = 0; i < count && verdicts != NULL; i++)
        verdicts[i] = candidates[i].verdict;
    return status;
}

void ledger_block(struct ledger_lib *fx, const baals_tx *const *txs, size_t count)
{
    baals_header header = ledger_next_header(fx);
    struct bl_applied made;
    baals_status *verdicts = bl_arena_zero(&fx->arena, count + 1, sizeof *verdicts);
    assert_non_null(verdicts);
    assert_ok(ledger_apply(fx, &made, BL_APPLY_PRODUCE, &header, txs, count, verdicts));
    for (size_t i = 0; i < count; i++) {
        if (verdicts[i] != BAALS_OK)
            fail_msg("transaction %zu: %s", i, baals_status_name(verdicts[i]));
    }
    assert_int_equal(made.tx_count, count);

    baals_slice bytes = ledger_seal(fx, &made.header, txs, count);
    baals_tx *decoded = NULL;
    baals_status status = ledger_check(fx, bytes, &decoded);
    if (status != BAALS_OK)
        fail_msg("%s: %s", baals_status_name(status), fx->err.message);
    const baals_tx **pointers = bl_arena_zero(&fx->arena, count + 1, sizeof *pointers);
    assert_non_null(pointers);
    for (size_t i = 0; i < count; i++)
        pointers[i] = &decoded[i];
    struct bl_applied verified;
    status = ledger_apply(fx, &verified, BL_APPLY_VERIFY, &made.header, pointers, count, NULL);
    if (status != BAALS_OK)
        fail_msg("%s: %s", baals_status_name(status), fx->err.message);
    assert_int_equal(verified.tx_count, count);
    for (size_t i = 0; i < count; i++)
        assert_true(bl_slice_equal(verified.receipts[i], made.receipts[i]));
    assert_memory_equal(&verified.state.roots, &made.state.roots, sizeof made.state.roots);
    ledger_push(fx, &verified);
    fx->last_bytes = bytes;
}

baals_receipt ledger_receipt(const struct ledger_lib *fx, size_t place)
{
    assert_true(place < fx->last.tx_count);
    baals_receipt receipt;
    assert_ok(baals_receipt_decode(&receipt, fx->last.receipts[place], NULL));
    return receipt;
}

baals_receipt ledger_run(struct ledger_lib *fx, const baals_tx *tx)
{
    ledger_block(fx, &tx, 1);
    return ledger_receipt(fx, 0);
}

baals_status ledger_verdict(struct ledger_lib *fx, const baals_tx *tx)
{
    baals_header header = ledger_next_header(fx);
    struct bl_applied made;
    baals_status produced = BAALS_OK;
    assert_ok(ledger_apply(fx, &made, BL_APPLY_PRODUCE, &header, &tx, 1, &produced));
    struct bl_applied verified;
    baals_status status = ledger_apply(fx, &verified, BL_APPLY_VERIFY, &made.header, &tx, 1, NULL);
    assert_status(status, produced);
    if (produced != BAALS_OK) {
        assert_int_equal(made.tx_count, 0);
        assert_int_equal(made.header.gas_used, 0);
        assert_memory_equal(&made.header.state_root, &fx->headers[fx->height].state_root, 32);
    }
    return produced;
}

/* ---- reading the state ---- */

struct bl_account ledger_account(struct ledger_lib *fx, const baals_address *address)
{
    struct bl_account account;
    struct bl_view *view = ledger_view(fx);
    baals_status status = bl_ledger_account(&account, view, address, &fx->err);
    bl_view_end(view);
    if (status != BAALS_NOTFOUND)
        assert_ok(status);
    return account;
}

bool ledger_has_account(struct ledger_lib *fx, const baals_address *address)
{
    struct bl_account account;
    struct bl_view *view = ledger_view(fx);
    baals_status status = bl_ledger_account(&account, view, address, &fx->err);
    bl_view_end(view);
    if (status != BAALS_NOTFOUND)
        assert_ok(status);
    return status == BAALS_OK;
}

uint64_t ledger_balance(struct ledger_lib *fx, const baals_address *address)
{
    return ledger_account(fx, address).balance;
}

uint64_t ledger_meta(struct ledger_lib *fx, const char *name)
{
    uint64_t value = 0;
    struct bl_view *view = ledger_view(fx);
    assert_ok(bl_ledger_meta_uint(&value, view, name, &fx->err));
    bl_view_end(view);
    return value;
}

size_t ledger_meta_count(struct ledger_lib *fx, const char *prefix)
{
    struct bl_view *view = ledger_view(fx);
    baals_slice from = bl_slice_str(prefix);
    uint32_t flags = 0;
    size_t count = 0;
    for (;;) {
        baals_slice key;
        baals_slice value;
        baals_status status =
            bl_view_seek(view, &key, &value, BAALS_SPACE_META, from, flags, &fx->err);
        if (status == BAALS_NOTFOUND || !bl_slice_has_prefix(key, bl_slice_str(prefix)))
            break;
        assert_ok(status);
        assert_true(bl_arena_copy(&from, &fx->arena, key));
        flags = BAALS_SEEK_EXCLUSIVE;
        count++;
    }
    bl_view_end(view);
    return count;
}

void ledger_force_account(struct ledger_lib *fx,
                          const baals_address *address,
                          const struct bl_account *account)
{
    struct bl_view *view = ledger_view(fx);
    struct bl_overlay *overlay = NULL;
    struct bl_applied applied = {.header = fx->headers[fx->height]};
    assert_ok(bl_overlay_new(&overlay, &fx->arena, view, &fx->err));
    assert_ok(bl_account_store(overlay, address, account, &fx->err));
    assert_ok(bl_overlay_write_set(overlay, &applied.write_set, &fx->err));
    assert_ok(bl_state_commit(&applied.state, fx->ledger.forest, view, &applied.write_set,
                              &fx->arena, &fx->err));
    applied.header.index++;
    applied.header.state_root = applied.state.roots.root;
    bl_view_end(view);
    ledger_push(fx, &applied);
}

/* ---- transactions ---- */

baals_tx ledger_fields(const struct ledger_lib *fx, baals_tx_kind kind, uint64_t nonce)
{
    return (baals_tx){
        .kind = kind,
        .chain_id = fx->ledger.chain_id,
        .nonce = nonce,
        .gas_limit = 1000000,
        .gas_price = 1,
    };
}

const baals_tx *ledger_sign(struct ledger_lib *fx, unsigned signer, const baals_tx *fields)
{
    baals_keypair pair = ledger_key(signer);
    size_t len = 0;
    assert_ok(baals_tx_sign(NULL, 0, &len, NULL, fields, &pair, &fx->err));
    uint8_t *bytes = bl_arena_alloc(&fx->arena, len);
    baals_tx *tx = bl_arena_zero(&fx->arena, 1, sizeof *tx);
    assert_non_null(bytes);
    assert_non_null(tx);
    assert_ok(baals_tx_sign(bytes, len, &len, NULL, fields, &pair, &fx->err));
    assert_ok(baals_tx_decode(tx, bl_slice(bytes, len), &fx->err));
    return tx;
}

const baals_tx *ledger_transfer(
    struct ledger_lib *fx, unsigned signer, uint64_t nonce, baals_address to, uint64_t amount)
{
    baals_tx fields = ledger_fields(fx, BAALS_TX_TRANSFER, nonce);
    fields.has_recipient = 1;
    fields.recipient = to;
    fields.amount.units = amount;
    return ledger_sign(fx, signer, &fields);
}

const baals_tx *ledger_call(struct ledger_lib *fx,
                            unsigned signer,
                            uint64_t nonce,
                            baals_address contract,
                            const char *method,
                            uint64_t amount)
{
    baals_tx fields = ledger_fields(fx, BAALS_TX_CALL, nonce);
    fields.has_recipient = 1;
    fields.recipient = contract;
    fields.amount.units = amount;
    fields.has_payload = 1;
    fields.payload = ledger_call_payload(fx, method, bl_slice(NULL, 0));
    return ledger_sign(fx, signer, &fields);
}

const baals_tx *ledger_deploy(struct ledger_lib *fx,
                              unsigned signer,
                              uint64_t nonce,
                              baals_slice code,
                              const baals_slice *init,
                              uint64_t amount)
{
    baals_tx fields = ledger_fields(fx, BAALS_TX_DEPLOY, nonce);
    fields.amount.units = amount;
    fields.has_payload = 1;
    fields.payload = ledger_deploy_payload(fx, code, init);
    return ledger_sign(fx, signer, &fields);
}

const baals_tx *
ledger_system(struct ledger_lib *fx, unsigned signer, uint64_t nonce, const struct bl_sysop *op)
{
    baals_tx fields = ledger_fields(fx, BAALS_TX_SYSTEM, nonce);
    fields.gas_price = 0;
    fields.has_payload = 1;
    fields.payload = ledger_system_payload(fx, op);
    return ledger_sign(fx, signer, &fields);
}

baals_slice ledger_call_payload(struct ledger_lib *fx, const char *method, baals_slice args)
{
    size_t len = 0;
    baals_slice name = bl_slice_str(method);
    assert_ok(baals_tx_encode_call_payload(NULL, 0, &len, name, args, &fx->err));
    uint8_t *bytes = bl_arena_alloc(&fx->arena, len);
    assert_non_null(bytes);
    assert_ok(baals_tx_encode_call_payload(bytes, len, &len, name, args, &fx->err));
    return bl_slice(bytes, len);
}

baals_slice ledger_deploy_payload(struct ledger_lib *fx, baals_slice code, const baals_slice *init)
{
    size_t len = 0;
    assert_ok(baals_tx_encode_deploy_payload(NULL, 0, &len, code, init, &fx->err));
    uint8_t *bytes = bl_arena_alloc(&fx->arena, len);
    assert_non_null(bytes);
    assert_ok(baals_tx_encode_deploy_payload(bytes, len, &len, code, init, &fx->err));
    return bl_slice(bytes, len);
}

baals_slice ledger_system_payload(struct ledger_lib *fx, const struct bl_sysop *op)
{
    struct bl_buffer buffer;
    bl_buffer_init(&buffer, fx->env->alloc, BL_TX_BYTES_MAX);
    bl_sysop_encode(&buffer, op);
    assert_ok(bl_buffer_status(&buffer, &fx->err));
    baals_slice out;
    assert_true(bl_arena_copy(&out, &fx->arena, bl_buffer_slice(&buffer)));
    bl_buffer_deinit(&buffer);
    return out;
}

struct bl_sysop ledger_param_op(uint64_t epoch, enum bl_param param, uint64_t value)
{
    struct bl_sysop op = {.kind = BL_SYSOP_PARAM, .epoch = epoch};
    op.u.param.param = param;
    op.u.param.value = value;
    return op;
}

struct bl_sysop ledger_authorities_op(uint64_t epoch, const unsigned *keys, size_t count)
{
    struct bl_sysop op = {.kind = BL_SYSOP_AUTHORITIES, .epoch = epoch};
    op.u.authorities.count = count;
    for (size_t i = 0; i < count; i++)
        op.u.authorities.keys[i] = ledger_address(keys[i]);
    return op;
}

/* ---- contracts ---- */

static const char ledger_worker_text[] =
    "(module"
    " (import \"baals1\" \"input_len\" (func $input_len (result i32)))"
    " (import \"baals1\" \"output\" (func $output (param i32 i32)))"
    " (import \"baals1\" \"revert\" (func $revert (param i32 i32 i32)))"
    " (import \"baals1\" \"storage_write\" (func $write (param i32 i32 i32 i32)))"
    " (import \"baals1\" \"value\" (func $value (result i64)))"
    " (import \"baals1\" \"log_event\" (func $event (param i32 i32 i32 i32)))"
    " (import \"baals1\" \"log\" (func $log (param i32 i32 i32)))"
    " (memory (export \"memory\") 1)"
    " (data (i32.const 0) \"keyvalue\")"
    " (func $touch"
    "  (call $write (i32.const 0) (i32.const 3) (i32.const 3) (i32.const 5))"
    "  (i64.store (i32.const 16) (call $value))"
    "  (call $event (i32.const 0) (i32.const 0) (i32.const 16) (i32.const 8)))"
    " (func (export \"init\") (call $touch)"
    "  (if (i32.eq (call $input_len) (i32.const 1))"
    "   (then (call $revert (i32.const 9) (i32.const 3) (i32.const 5)))))"
    " (func (export \"receive\") (call $touch))"
    " (func (export \"set\") (call $touch) (call $output (i32.const 0) (i32.const 8)))"
    " (func (export \"revert\") (call $touch)"
    "  (call $revert (i32.const 7) (i32.const 3) (i32.const 5)))"
    " (func (export \"trap\") (call $touch) unreachable)"
    " (func (export \"spin\") (loop (br 0)))"
    " (func $deep (export \"deep\") (call $deep))"
    " (func (export \"long_key\")"
    "  (call $write (i32.const 0) (i32.const 300) (i32.const 0) (i32.const 0)))"
    " (func (export \"note\") (call $log (i32.const 2) (i32.const 0) (i32.const 8))))";

static const char ledger_plain_text[] =
    "(module (memory (export \"memory\") 1) (func (export \"get\")))";

baals_slice ledger_worker_code(void)
{
    size_t len = 0;
    uint8_t *bytes = testlib_wat(&len, ledger_worker_text);
    return bl_slice(bytes, len);
}

baals_slice ledger_plain_code(void)
{
    size_t len = 0;
    uint8_t *bytes = testlib_wat(&len, ledger_plain_text);
    return bl_slice(bytes, len);
}

void ledger_free(baals_slice code)
{
    free((void *)(uintptr_t)code.data);
}

/* ---- an engine that does what it is told ---- */

static baals_status ledger_fake_check_code(baals_contract_engine *self,
                                           baals_slice code,
                                           uint32_t gas_schedule,
                                           uint32_t wasm_limits,
                                           baals_error *err)
{
    (void)code;
    (void)gas_schedule;
    (void)wasm_limits;
    const struct ledger_fake_engine *fake = (struct ledger_fake_engine *)(void *)self;
    return fake->check_status == BAALS_OK ? BAALS_OK : bl_fail(err, fake->check_status, "told so");
}

static baals_status ledger_fake_execute(baals_contract_engine *self,
                                        baals_execution_result *result_out,
                                        const baals_execution *execution,
                                        baals_contract_host *host,
                                        baals_error *err)
{
    struct ledger_fake_engine *fake = (struct ledger_fake_engine *)(void *)self;
    fake->executions++;
    fake->seen = *execution;
    baals_event event = {.contract = execution->contract, .data = bl_slice_str("fake")};
    uint32_t checkpoint = host->ops->checkpoint(host);
    baals_status status = host->ops->storage_put(host, &execution->contract, bl_slice_str("fake"),
                                                 bl_slice_str("written"), err);
    if (status == BAALS_OK)
        status = host->ops->emit(host, &event, err);
    if (status == BAALS_OK && fake->execute_status != BAALS_OK)
        status = bl_fail(err, fake->execute_status, "told so");
    if (status != BAALS_OK || fake->result != BAALS_RECEIPT_OK)
        host->ops->rollback(host, checkpoint);
    else
        host->ops->release(host, checkpoint);
    BL_TRY(status);
    *result_out = (baals_execution_result){
        .status = fake->result,
        .gas_used = fake->gas_used < execution->gas ? fake->gas_used : execution->gas,
        .trap = fake->result == BAALS_RECEIPT_OK ? BAALS_OK : BAALS_TRAP,
        .trap_function = UINT32_MAX,
        .trap_offset = UINT32_MAX,
    };
    return BAALS_OK;
}

static void ledger_fake_result_release(baals_contract_engine *self, baals_execution_result *result)
{
    (void)self;
    (void)result;
}

static void ledger_fake_close(baals_contract_engine *self)
{
    (void)self;
}

static const struct baals_contract_engine_ops ledger_fake_ops = {
    .version = BAALS_CONTRACT_ENGINE_OPS_VERSION,
    .name = "fake",
    .check_code = ledger_fake_check_code,
    .execute = ledger_fake_execute,
    .result_release = ledger_fake_result_release,
    .close = ledger_fake_close,
};

void ledger_fake_engine_init(struct ledger_fake_engine *engine)
{
    memset(engine, 0, sizeof *engine);
    engine->base.ops = &ledger_fake_ops;
}
