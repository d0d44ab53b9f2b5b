/* SPDX-License-Identifier: MIT */
/*
 * Reading a chain: every function pins one view, so that what it answers is of one committed
 * height, and never waits for the writer.
 */
#include <string.h>

#include "runtime/kept.h"

/* ---- the tip ---- */

baals_status baals_chain_info_get(baals_chain *chain, baals_chain_info *info_out, baals_error *err)
{
    if (chain == NULL || info_out == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_chain_info_get needs a chain and a result");
    baals_chain_info info;
    memset(&info, 0, sizeof info);
    info.chain_id = chain->ledger.chain_id;
    info.dev = chain->genesis.dev;
    BL_ASSERT(chain->genesis.chain_name.len < sizeof info.name);
    memcpy(info.name, chain->genesis.chain_name.data, chain->genesis.chain_name.len);
    BL_ASSERT(chain->genesis.engine.len < sizeof info.engine);
    memcpy(info.engine, chain->genesis.engine.data, chain->genesis.engine.len);
    pthread_mutex_lock(&chain->lock);
    const struct bl_chain_tip *tip = chain->tip;
    info.height = tip->header.index;
    info.hash = tip->hash;
    info.state_root = tip->header.state_root;
    info.timestamp_ms = tip->header.timestamp_ms;
    info.final_height = tip->final_height;
    info.tx_count = tip->tx_count;
    info.supply = tip->supply;
    info.burned = tip->burned;
    info.epoch = tip->epoch;
    info.params = tip->params;
    info.authority_count = tip->authority_count;
    memcpy(info.authorities, tip->authorities, sizeof info.authorities);
    info.pending = bl_mempool_count(chain->pool);
    info.headers_from = bl_kept_from(chain);
    info.kept_from = atomic_load(&chain->kept_from);
    pthread_mutex_unlock(&chain->lock);
    for (uint32_t i = 0; chain->has_authority && i < info.authority_count; i++) {
        if (bl_address_equal(&info.authorities[i], &chain->authority.address))
            info.can_seal = 1;
    }
    *info_out = info;
    return BAALS_OK;
}

baals_status baals_genesis_get(baals_chain *chain, baals_bytes *out, baals_error *err)
{
    if (chain == NULL || out == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_genesis_get needs a chain and a result");
    return bl_bytes_new(out, &chain->env->alloc, bl_slice(chain->genesis_bytes, chain->genesis_len),
                        err);
}

/* ---- blocks ---- */

/* What a reader of the journal wants from a block's record. */
typedef baals_status (*read_from_record)(void *ctx,
                                         const struct bl_block_record *record,
                                         baals_error *err);

/* Runs `read` on the record of the block at `height`. */
static baals_status read_block_at(struct baals_chain *chain,
                                  struct bl_view *view,
                                  uint64_t height,
                                  read_from_record read,
                                  void *ctx,
                                  baals_error *err)
{
    struct bl_journal_record journal;
    struct bl_block_record record;
    baals_status status = bl_chain_read_block(chain, &journal, &record, view, height, err);
    uint64_t kept_from = atomic_load(&chain->kept_from);
    if (status != BAALS_OK && height < kept_from)
        return bl_fail(err, BAALS_NOTFOUND_PRUNED,
                       "block %llu: the chain keeps blocks from %llu on",
                       (unsigned long long)height, (unsigned long long)kept_from);
    if (status == BAALS_NOTFOUND)
        return bl_fail(err, BAALS_NOTFOUND, "no block %llu", (unsigned long long)height);
    BL_TRY(status);
    status = read(ctx, &record, err);
    bl_journal_record_deinit(chain->journal, &journal);
    return status;
}

/* A request for bytes of a block: the whole block, one transaction, or one receipt. */
struct read_request {
    struct baals_chain *chain;
    baals_bytes *out;
    uint32_t position;
    baals_debug *debug_out;
    baals_hash block_hash;
    const baals_hash *tx_id;
};

static baals_status
read_whole_block(void *ctx, const struct bl_block_record *record, baals_error *err)
{
    struct read_request *request = ctx;
    return bl_bytes_new(request->out, &request->chain->env->alloc, record->block.bytes, err);
}

/* The transaction at the request's position; an index that names another one is damaged. */
static baals_status read_find_tx(baals_slice *tx_out,
                                 struct read_request *request,
                                 const struct bl_block_record *record,
                                 baals_error *err)
{
    baals_slice tx = {NULL, 0};
    size_t cursor = 0;
    uint32_t position = 0;
    while (baals_block_txs_next(&tx, &cursor, &record->block) != 0 && position < request->position)
        position++;
    baals_hash id;
    bl_tx_id(&id, tx);
    if (position != request->position || !bl_hash_equal(&id, request->tx_id))
        return bl_fail(err, BAALS_CORRUPT_STORE, "the index names another transaction");
    request->block_hash = record->block.hash;
    *tx_out = tx;
    return BAALS_OK;
}

static baals_status read_one_tx(void *ctx, const struct bl_block_record *record, baals_error *err)
{
    struct read_request *request = ctx;
    baals_slice tx = {NULL, 0};
    BL_TRY(read_find_tx(&tx, request, record, err));
    return bl_bytes_new(request->out, &request->chain->env->alloc, tx, err);
}

static baals_status
read_one_receipt(void *ctx, const struct bl_block_record *record, baals_error *err)
{
    struct read_request *request = ctx;
    baals_slice tx = {NULL, 0};
    baals_slice receipt = {NULL, 0};
    BL_TRY(read_find_tx(&tx, request, record, err));
    BL_TRY(bl_block_record_receipt(&receipt, request->debug_out, record, request->position, err));
    return bl_bytes_new(request->out, &request->chain->env->alloc, receipt, err);
}

baals_status
baals_block_get(baals_chain *chain, baals_bytes *out, uint64_t height, baals_error *err)
{
    if (chain == NULL || out == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_block_get needs a chain and a result");
    struct bl_view *view = NULL;
    struct read_request request = {.chain = chain, .out = out};
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = read_block_at(chain, view, height, read_whole_block, &request, err);
    bl_view_end(view);
    return status;
}

baals_status baals_block_get_by_hash(baals_chain *chain,
                                     baals_bytes *out,
                                     const baals_hash *hash,
                                     baals_error *err)
{
    if (chain == NULL || out == NULL || hash == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_block_get_by_hash needs a chain and a hash");
    struct bl_view *view = NULL;
    struct read_request request = {.chain = chain, .out = out};
    uint64_t height = 0;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = bl_index_height_of(&height, view, hash, err);
    if (status == BAALS_NOTFOUND)
        (void)bl_fail(err, BAALS_NOTFOUND, "no block of this hash");
    if (status == BAALS_OK)
        status = read_block_at(chain, view, height, read_whole_block, &request, err);
    bl_view_end(view);
    return status;
}

/* ---- headers ---- */

static baals_status
read_sealed_header(void *ctx, const struct bl_block_record *record, baals_error *err)
{
    struct bl_buffer *out = ctx;
    bl_sealed_header_encode(out, record->block.header_bytes,
                            record->block.has_seal != 0 ? &record->block.seal : NULL);
    return bl_buffer_status(out, err);
}

/* Puts the sealed header of a height into `out`: from the journal, else from what is kept of blocks
 * that are gone. */
static baals_status read_header_at(struct baals_chain *chain,
                                   struct bl_buffer *out,
                                   struct bl_view *view,
                                   uint64_t height,
                                   baals_error *err)
{
    bl_buffer_clear(out);
    baals_status status = read_block_at(chain, view, height, read_sealed_header, out, err);
    return status == BAALS_NOTFOUND_PRUNED ? bl_kept_get(chain, out, height, err) : status;
}

/* The header the buffer holds is the one of this hash. */
static baals_status
read_check_header(const struct bl_buffer *header, const baals_hash *hash, baals_error *err)
{
    baals_sealed_header sealed;
    baals_status status = baals_sealed_header_decode(&sealed, bl_buffer_slice(header), NULL);
    if (status != BAALS_OK || !bl_hash_equal(&sealed.hash, hash))
        return bl_fail(err, BAALS_CORRUPT_STORE, "the index names another header");
    return BAALS_OK;
}

/* By hash, or with NULL by height. */
static baals_status read_header(struct baals_chain *chain,
                                baals_bytes *out,
                                uint64_t height,
                                const baals_hash *hash,
                                baals_error *err)
{
    struct bl_view *view = NULL;
    struct bl_buffer header;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    bl_buffer_init(&header, chain->env->alloc, BL_HEADERS_BODY_MAX);
    baals_status status = BAALS_OK;
    if (hash != NULL)
        status = bl_index_height_of(&height, view, hash, err);
    if (status == BAALS_NOTFOUND)
        (void)bl_fail(err, BAALS_NOTFOUND, "no block of this hash");
    if (status == BAALS_OK)
        status = read_header_at(chain, &header, view, height, err);
    if (status == BAALS_OK && hash != NULL)
        status = read_check_header(&header, hash, err);
    if (status == BAALS_OK)
        status = bl_bytes_new(out, &chain->env->alloc, bl_buffer_slice(&header), err);
    bl_buffer_deinit(&header);
    bl_view_end(view);
    return status;
}

baals_status
baals_header_get(baals_chain *chain, baals_bytes *out, uint64_t height, baals_error *err)
{
    if (chain == NULL || out == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_header_get needs a chain and a result");
    return read_header(chain, out, height, NULL, err);
}

baals_status baals_header_get_by_hash(baals_chain *chain,
                                      baals_bytes *out,
                                      const baals_hash *hash,
                                      baals_error *err)
{
    if (chain == NULL || out == NULL || hash == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_header_get_by_hash needs a chain and a hash");
    return read_header(chain, out, 0, hash, err);
}

baals_status baals_headers_each(baals_chain *chain,
                                uint64_t from,
                                uint64_t limit,
                                int32_t (*each)(void *ctx, uint64_t height, baals_slice sealed),
                                void *ctx,
                                baals_error *err)
{
    if (chain == NULL || each == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_headers_each needs a chain and a callback");
    struct bl_view *view = NULL;
    struct bl_buffer header;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    bl_buffer_init(&header, chain->env->alloc, BL_HEADERS_BODY_MAX);
    baals_status status = BAALS_OK;
    uint64_t tip = bl_view_tip(view)->height;
    for (uint64_t i = 0; i < limit && from <= tip && status == BAALS_OK; i++, from++) {
        status = read_header_at(chain, &header, view, from, err);
        if (status == BAALS_OK && each(ctx, from, bl_buffer_slice(&header)) != 0)
            break;
    }
    bl_buffer_deinit(&header);
    bl_view_end(view);
    return status;
}

/* ---- transactions and receipts ---- */

/* The index does not say whether a transaction was in a block that is gone. */
static baals_status read_no_tx(const struct baals_chain *chain, const char *what, baals_error *err)
{
    uint64_t kept_from = atomic_load(&chain->kept_from);
    if (kept_from > 0)
        return bl_fail(err, BAALS_NOTFOUND, "%s; the chain keeps blocks from %llu on", what,
                       (unsigned long long)kept_from);
    return bl_fail(err, BAALS_NOTFOUND, "%s", what);
}

/* Looks a transaction up in the index and runs `read` on its block. */
static baals_status read_tx_with(struct baals_chain *chain,
                                 struct bl_view *view,
                                 baals_tx_place *place_out,
                                 struct read_request *request,
                                 read_from_record read,
                                 baals_error *err)
{
    uint64_t height = 0;
    baals_status status = bl_index_tx(&height, &request->position, view, request->tx_id, err);
    if (status == BAALS_NOTFOUND)
        return read_no_tx(chain, "no block has this transaction", err);
    BL_TRY(status);
    BL_TRY(read_block_at(chain, view, height, read, request, err));
    if (place_out != NULL)
        *place_out = (baals_tx_place){height, request->position, request->block_hash};
    return BAALS_OK;
}

baals_status baals_tx_get(baals_chain *chain,
                          baals_bytes *out,
                          int32_t *committed_out,
                          baals_tx_place *place_out,
                          const baals_hash *id,
                          baals_error *err)
{
    if (chain == NULL || out == NULL || committed_out == NULL || id == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_tx_get needs a chain, results and an id");
    struct read_request request = {.chain = chain, .out = out, .tx_id = id};
    struct bl_view *view = NULL;
    bool pending = false;
    /* Pool and view are of one height, or a transaction could be missed on its way into a block. */
    pthread_mutex_lock(&chain->lock);
    baals_status status = bl_view_begin(&view, chain->store, err);
    const baals_tx *tx = bl_mempool_get(chain->pool, id);
    if (status == BAALS_OK && tx != NULL) {
        pending = true;
        status = bl_bytes_new(out, &chain->env->alloc, tx->bytes, err);
    }
    pthread_mutex_unlock(&chain->lock);
    if (status == BAALS_OK && !pending)
        status = read_tx_with(chain, view, place_out, &request, read_one_tx, err);
    bl_view_end(view);
    if (status == BAALS_NOTFOUND)
        return read_no_tx(chain, "the transaction is neither pending nor in a block", err);
    BL_TRY(status);
    *committed_out = pending ? 0 : 1;
    return BAALS_OK;
}

baals_status baals_receipt_get(baals_chain *chain,
                               baals_bytes *out,
                               baals_tx_place *place_out,
                               baals_debug *debug_out,
                               const baals_hash *id,
                               baals_error *err)
{
    if (chain == NULL || out == NULL || id == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_receipt_get needs a chain, a result and an id");
    struct read_request request = {.chain = chain, .out = out, .tx_id = id, .debug_out = debug_out};
    struct bl_view *view = NULL;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = read_tx_with(chain, view, place_out, &request, read_one_receipt, err);
    bl_view_end(view);
    return status;
}

/* ---- state ---- */

baals_status baals_account_get(baals_chain *chain,
                               baals_account *account_out,
                               const baals_address *address,
                               baals_error *err)
{
    if (chain == NULL || account_out == NULL || address == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_account_get needs a chain and an address");
    struct bl_view *view = NULL;
    struct bl_account account;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = bl_ledger_account(&account, view, address, err);
    bl_view_end(view);
    if (status == BAALS_NOTFOUND)
        (void)bl_fail(err, BAALS_NOTFOUND, "the address has no record");
    else
        BL_TRY(status);
    *account_out = (baals_account){
        .balance = {account.balance},
        .nonce = account.nonce,
        .is_contract = account.has_code ? 1 : 0,
        .code_hash = account.code_hash,
        .has_creator = account.has_creator ? 1 : 0,
        .creator = account.creator,
    };
    return status;
}

/* A flat record as owned bytes; a miss in a store of the tree is confirmed by the tree. */
static baals_status read_record(struct baals_chain *chain,
                                baals_bytes *out,
                                baals_space space,
                                baals_slice key,
                                baals_error *err)
{
    struct bl_view *view = NULL;
    baals_slice value = {NULL, 0};
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = bl_view_get(view, &value, space, key, err);
    bool absent = status == BAALS_NOTFOUND;
    if (absent && space == BAALS_SPACE_STORAGE)
        status = bl_state_confirm_absent(view, space, key, err);
    if (absent && (status == BAALS_OK || status == BAALS_NOTFOUND))
        status = bl_fail(err, BAALS_NOTFOUND, "there is no such record");
    if (status == BAALS_OK)
        status = bl_bytes_new(out, &chain->env->alloc, value, err);
    bl_view_end(view);
    return status;
}

baals_status
baals_code_get(baals_chain *chain, baals_bytes *out, const baals_hash *code_hash, baals_error *err)
{
    if (chain == NULL || out == NULL || code_hash == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_code_get needs a chain, a result and a hash");
    return read_record(chain, out, BAALS_SPACE_MODULES,
                       bl_slice(code_hash->bytes, sizeof code_hash->bytes), err);
}

baals_status baals_storage_get(baals_chain *chain,
                               baals_bytes *out,
                               const baals_address *contract,
                               baals_slice key,
                               baals_error *err)
{
    if (chain == NULL || out == NULL || contract == NULL || key.data == NULL || key.len == 0 ||
        key.len > BL_STORAGE_KEY_MAX)
        return bl_fail(err, BAALS_MISUSE, "baals_storage_get needs a key of 1 to 256 bytes");
    uint8_t full[sizeof contract->bytes + BL_STORAGE_KEY_MAX];
    memcpy(full, contract->bytes, sizeof contract->bytes);
    memcpy(full + sizeof contract->bytes, key.data, key.len);
    return read_record(chain, out, BAALS_SPACE_STORAGE,
                       bl_slice(full, sizeof contract->bytes + key.len), err);
}

/* ---- history ---- */

/* A place in an address's history as one number: height and position. */
#define READ_POSITION_BITS 17u

static uint64_t read_history_cursor(uint64_t height, uint32_t position)
{
    return height << READ_POSITION_BITS | position;
}

/* The id of the transaction at a place. */
struct read_id {
    uint32_t position;
    baals_hash id;
    baals_hash block_hash;
};

static baals_status read_id_at(void *ctx, const struct bl_block_record *record, baals_error *err)
{
    struct read_id *wanted = ctx;
    baals_slice tx = {NULL, 0};
    size_t cursor = 0;
    for (uint32_t i = 0; i <= wanted->position; i++) {
        if (baals_block_txs_next(&tx, &cursor, &record->block) == 0)
            return bl_fail(err, BAALS_CORRUPT_STORE, "the history names no transaction");
    }
    bl_tx_id(&wanted->id, tx);
    wanted->block_hash = record->block.hash;
    return BAALS_OK;
}

/* The newest entry of the address before *cursor_io; NOTFOUND at the end. */
static baals_status read_history_step(struct baals_chain *chain,
                                      struct bl_view *view,
                                      uint64_t *cursor_io,
                                      struct read_id *found,
                                      uint64_t *height_out,
                                      const baals_address *address,
                                      baals_error *err)
{
    uint8_t key[sizeof address->bytes + 12];
    uint8_t *place = key + sizeof address->bytes;
    memcpy(key, address->bytes, sizeof address->bytes);
    bl_store_u64be(place, *cursor_io >> READ_POSITION_BITS);
    bl_store_u32be(place + 8, (uint32_t)(*cursor_io & ((1u << READ_POSITION_BITS) - 1)));
    if (*cursor_io == UINT64_MAX)
        memset(place, 0xff, 12);
    baals_slice entry = {NULL, 0};
    baals_slice value = {NULL, 0};
    BL_TRY(bl_view_seek(view, &entry, &value, BAALS_SPACE_HISTORY, bl_slice(key, sizeof key),
                        BAALS_SEEK_DESCENDING | BAALS_SEEK_EXCLUSIVE, err));
    if (!bl_slice_has_prefix(entry, bl_slice(address->bytes, sizeof address->bytes)) ||
        entry.len != sizeof key)
        return BAALS_NOTFOUND;
    *height_out = bl_load_u64be(entry.data + sizeof address->bytes);
    found->position = bl_load_u32be(entry.data + sizeof address->bytes + 8);
    *cursor_io = read_history_cursor(*height_out, found->position);
    return read_block_at(chain, view, *height_out, read_id_at, found, err);
}

baals_status
baals_history_each(baals_chain *chain,
                   uint64_t *cursor_io,
                   const baals_address *address,
                   uint32_t limit,
                   int32_t (*each)(void *ctx, const baals_hash *id, const baals_tx_place *place),
                   void *ctx,
                   baals_error *err)
{
    if (chain == NULL || cursor_io == NULL || address == NULL || each == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_history_each needs a chain, a cursor, an address");
    struct bl_view *view = NULL;
    uint64_t cursor = *cursor_io;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = BAALS_OK;
    for (uint32_t i = 0; i < limit && status == BAALS_OK; i++) {
        struct read_id found;
        uint64_t height = 0;
        status = read_history_step(chain, view, &cursor, &found, &height, address, err);
        if (status == BAALS_NOTFOUND)
            cursor = 0;
        if (status != BAALS_OK)
            break;
        baals_tx_place place = {height, found.position, found.block_hash};
        if (each(ctx, &found.id, &place) != 0)
            break;
    }
    bl_view_end(view);
    if (status != BAALS_NOTFOUND)
        BL_TRY(status);
    *cursor_io = cursor;
    return BAALS_OK;
}

/* ---- proofs ---- */

/* A view of the tip's state and the tip's header as it is encoded: from memory, since reading the
 * whole block back would cost many times what the proof does. */
static baals_status read_tip(struct baals_chain *chain,
                             struct bl_view **view_out,
                             baals_bytes *header_out,
                             baals_error *err)
{
    struct bl_buffer header;
    bl_buffer_init(&header, chain->env->alloc, BL_BLOCK_BYTES_MAX);
    pthread_mutex_lock(&chain->lock);
    baals_status status = bl_view_begin(view_out, chain->store, err);
    if (status == BAALS_OK) {
        BL_ASSERT(bl_view_tip(*view_out)->height == chain->tip->header.index);
        bl_header_encode(&header, &chain->tip->header);
        status = bl_buffer_status(&header, err);
    }
    pthread_mutex_unlock(&chain->lock);
    if (status == BAALS_OK)
        status = bl_bytes_new(header_out, &chain->env->alloc, bl_buffer_slice(&header), err);
    bl_buffer_deinit(&header);
    return status;
}

static baals_status read_proof(struct baals_chain *chain,
                               baals_proof *out,
                               struct bl_view *view,
                               baals_space store,
                               baals_slice key,
                               baals_error *err)
{
    struct bl_buffer proof;
    bl_buffer_init(&proof, chain->env->alloc, BL_REQUEST_ARENA_MAX);
    baals_slice value = {NULL, 0};
    bool exists = false;
    baals_status status = bl_state_prove(&proof, &value, &exists, view, store, key, err);
    if (status == BAALS_OK)
        status = bl_bytes_new(&out->proof, &chain->env->alloc, bl_buffer_slice(&proof), err);
    if (status == BAALS_OK && exists)
        status = bl_bytes_new(&out->value, &chain->env->alloc, value, err);
    out->exists = exists ? 1 : 0;
    bl_buffer_deinit(&proof);
    return status;
}

baals_status baals_prove(baals_chain *chain,
                         baals_proof *proof_out,
                         const char *store,
                         baals_slice key,
                         baals_error *err)
{
    if (chain == NULL || proof_out == NULL || store == NULL || key.data == NULL || key.len == 0)
        return bl_fail(err, BAALS_MISUSE, "baals_prove needs a chain, a store and a key");
    baals_space space = BAALS_SPACE_COUNT;
    for (uint32_t i = 0; i < BL_STATE_STORES; i++) {
        if (strcmp(store, bl_state_store_name((baals_space)i)) == 0)
            space = (baals_space)i;
    }
    if (space == BAALS_SPACE_COUNT)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "there is no store \"%.32s\"", store);
    struct bl_view *view = NULL;
    baals_proof proof;
    memset(&proof, 0, sizeof proof);
    baals_status status = read_tip(chain, &view, &proof.header, err);
    if (status == BAALS_OK)
        status = read_proof(chain, &proof, view, space, key, err);
    bl_view_end(view);
    if (status != BAALS_OK) {
        baals_proof_free(&proof);
        return status;
    }
    *proof_out = proof;
    return BAALS_OK;
}
