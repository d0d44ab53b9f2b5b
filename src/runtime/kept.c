/* SPDX-License-Identifier: MIT */
/*
 * The headers of blocks that a pruning gives up go into files of their own before anything of the
 * blocks is removed; the index keeps the blocks' hashes for them. What the journal still has is
 * read from the journal, so it does not matter that the files reach further than needed after an
 * interrupted pruning.
 *
 * Giving the headers up, too: the folder gets another name first, so that from then on there are
 * none, whatever is interrupted; the next pruning finishes the rest.
 */
#include "runtime/kept.h"

#include <string.h>

#include "runtime/retention.h"

/* A folder whose headers are being given up. */
#define KEPT_DROPPED_DIR "headers-dropped"
/* Index entries are looked at and pushed by so many. */
#define KEPT_BATCH 4096u
#define KEPT_HASH_BYTES 32u

static baals_status kept_folder(struct bl_headers *out,
                                const struct baals_chain *chain,
                                const char *name,
                                baals_error *err)
{
    out->env = chain->env;
    out->chain_id = chain->ledger.chain_id;
    return bl_chain_path(chain, out->dir, name, err);
}

baals_status
bl_kept_headers(struct bl_headers *out, const struct baals_chain *chain, baals_error *err)
{
    return kept_folder(out, chain, BL_HEADERS_DIR, err);
}

uint64_t bl_kept_from(const struct baals_chain *chain)
{
    uint64_t kept_from = atomic_load(&chain->kept_from);
    uint64_t headers_from = atomic_load(&chain->headers_from);
    return headers_from < kept_from ? headers_from : kept_from;
}

/* What the files hold; *there_out false when there are none. They must reach up to `kept_from`. */
static baals_status kept_range(const struct bl_headers *headers,
                               bool *there_out,
                               uint64_t *from_out,
                               uint64_t *end_out,
                               uint64_t kept_from,
                               baals_error *err)
{
    baals_status status = bl_headers_range(headers, from_out, end_out, err);
    *there_out = status == BAALS_OK;
    if (status == BAALS_NOTFOUND)
        return BAALS_OK;
    BL_TRY(status);
    if (*end_out < kept_from)
        return bl_fail(err, BAALS_CORRUPT_HEADERS,
                       "%.120s: the headers end before block %llu, the first kept one is %llu",
                       headers->dir, (unsigned long long)*end_out, (unsigned long long)kept_from);
    return BAALS_OK;
}

baals_status bl_kept_look(struct baals_chain *chain, baals_error *err)
{
    struct bl_headers headers;
    uint64_t from = 0;
    uint64_t end = 0;
    bool there = false;
    if (chain->options.keep_headers == BAALS_HEADERS_DROP)
        return BAALS_OK;
    BL_TRY(bl_kept_headers(&headers, chain, err));
    BL_TRY(kept_range(&headers, &there, &from, &end, atomic_load(&chain->kept_from), err));
    if (there)
        atomic_store(&chain->headers_from, from);
    return BAALS_OK;
}

static baals_status kept_ignore(void *ctx, const baals_sealed_header *sealed, baals_error *err)
{
    (void)ctx;
    (void)sealed;
    (void)err;
    return BAALS_OK;
}

baals_status bl_kept_check(struct baals_chain *chain, baals_error *err)
{
    struct bl_headers headers;
    uint64_t from = 0;
    uint64_t end = 0;
    bool there = false;
    if (chain->options.keep_headers == BAALS_HEADERS_DROP)
        return BAALS_OK;
    BL_TRY(bl_kept_headers(&headers, chain, err));
    BL_TRY(kept_range(&headers, &there, &from, &end, 0, err));
    return there ? bl_headers_each(&headers, from, end, kept_ignore, NULL, err) : BAALS_OK;
}

/* ---- the index of hashes ---- */

/* Writes about block hashes that are gathered and pushed together. */
struct kept_batch {
    struct baals_chain *chain;
    struct bl_tip tip;
    size_t count;
    uint8_t hashes[KEPT_BATCH][KEPT_HASH_BYTES];
    uint8_t heights[KEPT_BATCH][8];
    baals_write writes[KEPT_BATCH];
};

static void kept_note(struct kept_batch *batch, const uint8_t *hash, uint64_t height, bool remove)
{
    size_t i = batch->count++;
    BL_ASSERT(i < KEPT_BATCH);
    memcpy(batch->hashes[i], hash, KEPT_HASH_BYTES);
    bl_store_u64be(batch->heights[i], height);
    batch->writes[i] = (baals_write){.space = BAALS_SPACE_HASHES,
                                     .is_delete = remove ? 1 : 0,
                                     .key = bl_slice(batch->hashes[i], KEPT_HASH_BYTES),
                                     .value = bl_slice(batch->heights[i], 8)};
}

static baals_status kept_push(struct kept_batch *batch, baals_error *err)
{
    struct baals_chain *chain = batch->chain;
    struct bl_layer *layer = NULL;
    if (batch->count == 0)
        return BAALS_OK;
    BL_TRY(bl_layer_new(&layer, &chain->env->alloc, batch->writes, batch->count, err));
    baals_status status = bl_store_push(chain->store, layer, &batch->tip, err);
    bl_layer_unref(layer);
    batch->count = 0;
    return status;
}

static baals_status kept_index_one(void *ctx, const baals_sealed_header *sealed, baals_error *err)
{
    struct kept_batch *batch = ctx;
    struct baals_chain *chain = batch->chain;
    kept_note(batch, sealed->hash.bytes, sealed->header.index, false);
    if (batch->count < KEPT_BATCH)
        return BAALS_OK;
    BL_TRY(kept_push(batch, err));
    if (bl_store_layer_bytes(chain->store) <= chain->checkpoint_bytes || chain->read_only)
        return BAALS_OK;
    return bl_store_checkpoint(chain->store, err);
}

baals_status bl_kept_index(struct baals_chain *chain,
                           uint64_t kept_from,
                           const struct bl_tip *tip,
                           baals_error *err)
{
    const struct bl_alloc *alloc = &chain->env->alloc;
    struct bl_headers headers;
    uint64_t from = 0;
    uint64_t end = 0;
    bool there = false;
    if (chain->options.keep_headers == BAALS_HEADERS_DROP)
        return BAALS_OK;
    BL_TRY(bl_kept_headers(&headers, chain, err));
    BL_TRY(kept_range(&headers, &there, &from, &end, kept_from, err));
    if (!there)
        return BAALS_OK;
    struct kept_batch *batch = bl_alloc_zero(alloc, 1, sizeof *batch);
    if (batch == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the index of headers");
    batch->chain = chain;
    batch->tip = *tip;
    baals_status status = bl_headers_each(&headers, from, kept_from, kept_index_one, batch, err);
    if (status == BAALS_OK)
        status = kept_push(batch, err);
    bl_alloc_free(alloc, batch, sizeof *batch);
    return status;
}

/* The hashes of blocks that are gone with their headers, from behind `key_io` on; *more_out false
 * at the end. */
static baals_status kept_collect(struct kept_batch *batch,
                                 struct bl_view *view,
                                 uint8_t key_io[KEPT_HASH_BYTES],
                                 bool *more_out,
                                 baals_error *err)
{
    uint64_t below = bl_kept_from(batch->chain);
    for (size_t seen = 0; seen < KEPT_BATCH; seen++) {
        baals_slice key = bl_slice(key_io, KEPT_HASH_BYTES);
        baals_slice value = {NULL, 0};
        baals_status status =
            bl_view_seek(view, &key, &value, BAALS_SPACE_HASHES, key, BAALS_SEEK_EXCLUSIVE, err);
        *more_out = status == BAALS_OK;
        if (status == BAALS_NOTFOUND)
            return BAALS_OK;
        BL_TRY(status);
        if (key.len != KEPT_HASH_BYTES || value.len != 8)
            return bl_fail(err, BAALS_CORRUPT_STORE, "the index of block hashes is damaged");
        memcpy(key_io, key.data, KEPT_HASH_BYTES);
        if (bl_load_u64be(value.data) < below)
            kept_note(batch, key_io, bl_load_u64be(value.data), true);
    }
    return BAALS_OK;
}

static baals_status kept_forget_batch(struct kept_batch *batch,
                                      uint8_t key_io[KEPT_HASH_BYTES],
                                      bool *more_out,
                                      baals_error *err)
{
    struct baals_chain *chain = batch->chain;
    struct bl_view *view = NULL;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = kept_collect(batch, view, key_io, more_out, err);
    bl_view_end(view);
    BL_TRY(status);
    pthread_mutex_lock(&chain->writer);
    status = bl_chain_usable(chain, err);
    if (status == BAALS_OK)
        status = bl_store_tip(chain->store, &batch->tip);
    if (status == BAALS_OK)
        status = kept_push(batch, err);
    pthread_mutex_unlock(&chain->writer);
    BL_TRY(status);
    bool full = bl_store_layer_bytes(chain->store) > chain->checkpoint_bytes;
    return full ? bl_retention_checkpoint(chain, err) : BAALS_OK;
}

/* Removes the hashes of blocks that are gone with their headers from the index. */
static baals_status kept_forget_hashes(struct baals_chain *chain, baals_error *err)
{
    const struct bl_alloc *alloc = &chain->env->alloc;
    /* No block has this hash. */
    uint8_t key[KEPT_HASH_BYTES] = {0};
    bool more = true;
    struct kept_batch *batch = bl_alloc_zero(alloc, 1, sizeof *batch);
    if (batch == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the index of headers");
    batch->chain = chain;
    baals_status status = BAALS_OK;
    while (more && status == BAALS_OK)
        status = kept_forget_batch(batch, key, &more, err);
    bl_alloc_free(alloc, batch, sizeof *batch);
    BL_TRY(status);
    return bl_retention_checkpoint(chain, err);
}

/* ---- pruning ---- */

static baals_status kept_entry(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return BAALS_OK;
}

/* Removes a folder of dropped headers, with the index entries that led to them. */
static baals_status kept_finish_drop(struct baals_chain *chain, baals_error *err)
{
    struct bl_headers dropped;
    BL_TRY(kept_folder(&dropped, chain, KEPT_DROPPED_DIR, err));
    baals_status status = bl_env_list_dir(chain->env, dropped.dir, kept_entry, NULL, err);
    if (status == BAALS_NOTFOUND)
        return BAALS_OK;
    BL_TRY(status);
    BL_TRY(kept_forget_hashes(chain, err));
    BL_TRY(bl_headers_remove(&dropped, err));
    return bl_env_sync_dir(chain->env, chain->path, err);
}

/* Gives the folder of headers its other name; NOTFOUND when there is none. */
static baals_status kept_set_aside(struct baals_chain *chain, baals_error *err)
{
    struct bl_headers headers;
    char dropped[BL_PATH_MAX];
    BL_TRY(bl_kept_headers(&headers, chain, err));
    BL_TRY(bl_chain_path(chain, dropped, KEPT_DROPPED_DIR, err));
    atomic_store(&chain->headers_from, UINT64_MAX);
    BL_TRY(bl_env_rename(chain->env, headers.dir, dropped, err));
    return bl_env_sync_dir(chain->env, chain->path, err);
}

baals_status bl_kept_drop(struct baals_chain *chain, baals_error *err)
{
    BL_TRY(kept_finish_drop(chain, err));
    if (chain->options.keep_headers != BAALS_HEADERS_DROP)
        return BAALS_OK;
    baals_status status = kept_set_aside(chain, err);
    if (status == BAALS_NOTFOUND)
        return BAALS_OK;
    BL_TRY(status);
    return kept_finish_drop(chain, err);
}

baals_status bl_kept_discard(struct baals_chain *chain, baals_error *err)
{
    struct bl_headers dropped;
    BL_TRY(kept_folder(&dropped, chain, KEPT_DROPPED_DIR, err));
    BL_TRY(bl_headers_remove(&dropped, err));
    baals_status status = kept_set_aside(chain, err);
    if (status == BAALS_NOTFOUND)
        return BAALS_OK;
    BL_TRY(status);
    BL_TRY(bl_headers_remove(&dropped, err));
    return bl_env_sync_dir(chain->env, chain->path, err);
}

/* Blocks as a source of headers. */
struct kept_source {
    struct baals_chain *chain;
    struct bl_view *view;
};

static baals_status
kept_read_block(void *ctx, struct bl_buffer *out, uint64_t height, baals_error *err)
{
    struct kept_source *source = ctx;
    struct bl_journal_record journal;
    struct bl_block_record record;
    BL_TRY(bl_chain_read_block(source->chain, &journal, &record, source->view, height, err));
    bl_sealed_header_encode(out, record.block.header_bytes,
                            record.block.has_seal != 0 ? &record.block.seal : NULL);
    bl_journal_record_deinit(source->chain->journal, &journal);
    return bl_buffer_status(out, err);
}

/* Makes the files hold what the journal has from the first kept block up to `end`, too. */
static baals_status kept_write(struct baals_chain *chain,
                               const struct bl_headers *headers,
                               uint64_t from,
                               uint64_t end,
                               baals_error *err)
{
    struct kept_source source = {.chain = chain};
    BL_TRY(bl_view_begin(&source.view, chain->store, err));
    baals_status status = bl_headers_append(headers, from, end, kept_read_block, &source, err);
    bl_view_end(source.view);
    BL_TRY(status);
    return bl_env_sync_dir(chain->env, chain->path, err);
}

static baals_status kept_prepend(struct baals_chain *chain,
                                 const struct bl_headers *headers,
                                 uint64_t from,
                                 baals_error *err)
{
    struct kept_source source = {.chain = chain};
    BL_TRY(bl_view_begin(&source.view, chain->store, err));
    baals_status status = bl_headers_prepend(headers, from, kept_read_block, &source, err);
    bl_view_end(source.view);
    return status;
}

baals_status bl_kept_add(struct baals_chain *chain, uint64_t end, baals_error *err)
{
    struct bl_headers headers;
    uint64_t kept_from = atomic_load(&chain->kept_from);
    uint64_t from = kept_from;
    uint64_t have = kept_from;
    bool there = false;
    if (chain->options.keep_headers == BAALS_HEADERS_DROP)
        return BAALS_OK;
    BL_TRY(bl_kept_headers(&headers, chain, err));
    BL_TRY(kept_range(&headers, &there, &from, &have, kept_from, err));
    if (!there && chain->options.keep_headers != BAALS_HEADERS_KEEP)
        return BAALS_OK;
    /* After a repair the journal may have blocks from before the first header. */
    if (there && from > kept_from) {
        BL_TRY(kept_prepend(chain, &headers, kept_from, err));
        from = kept_from;
    }
    if (have < end)
        BL_TRY(kept_write(chain, &headers, have, end, err));
    /* Files that an earlier attempt left may be named but not synced yet. */
    BL_TRY(bl_env_sync_dir(chain->env, headers.dir, err));
    BL_TRY(bl_env_sync_dir(chain->env, chain->path, err));
    atomic_store(&chain->headers_from, from);
    return BAALS_OK;
}

/* ---- reading ---- */

baals_status bl_kept_get(const struct baals_chain *chain,
                         struct bl_buffer *out,
                         uint64_t height,
                         baals_error *err)
{
    struct bl_headers headers;
    BL_TRY(bl_kept_headers(&headers, chain, err));
    baals_status status = BAALS_NOTFOUND;
    if (height >= bl_kept_from(chain))
        status = bl_headers_get(&headers, out, height, err);
    if (status != BAALS_NOTFOUND)
        return status;
    uint64_t from = bl_kept_from(chain);
    if (height < from)
        return bl_fail(err, BAALS_NOTFOUND_PRUNED,
                       "block %llu: the chain keeps headers from %llu on",
                       (unsigned long long)height, (unsigned long long)from);
    return bl_fail(err, BAALS_CORRUPT_HEADERS, "%.120s: the header of block %llu is missing",
                   headers.dir, (unsigned long long)height);
}
