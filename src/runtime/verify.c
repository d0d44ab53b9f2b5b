/* SPDX-License-Identifier: MIT */
/*
 * Trusting nothing: verify reads the whole journal, record by record, and rebuilds the state in
 * memory from the write sets, checking every block on the way: its hash chain, its seal, its
 * signatures, its roots. With replay each block is executed again as well. Then the key-value
 * store's flat records are hashed on their own and must give the same root. Repair rebuilds the
 * store from the journal alone.
 */
#include <stdio.h>
#include <string.h>

#include "runtime/kept.h"
#include "runtime/retention.h"

/* One verification: `chain` is the directory as it is, `shadow` the chain rebuilt in memory. */
struct verify {
    struct baals_chain *chain;
    struct baals_chain *shadow;
    uint32_t flags;
    baals_progress progress;
    void *ctx;
    baals_verify_report report;
};

static void verify_progress(const struct verify *v, const char *what, uint64_t done, uint64_t total)
{
    if (v->progress != NULL)
        v->progress(v->ctx, what, done, total);
}

/* A chain in memory of the same genesis, with an empty store. */
static baals_status
verify_open_shadow(struct baals_chain **out, struct baals_chain *chain, baals_error *err)
{
    const baals_options options = BAALS_OPTIONS_INIT;
    struct bl_env *env = NULL;
    BL_TRY(bl_env_memory(&env, chain->env->alloc, err));
    BL_TRY(bl_chain_new_env(out, env, ":memory:", &options, err));
    BL_TRY(bl_chain_init_locks(*out, err));
    BL_TRY(
        bl_chain_use_genesis(*out, bl_slice(chain->genesis_bytes, chain->genesis_len), false, err));
    BL_TRY(bl_env_make_dir((*out)->env, (*out)->path, err));
    return bl_chain_open_store(*out, "kv", err);
}

/* NULL is ignored. */
static void verify_close_shadow(struct baals_chain *shadow)
{
    if (shadow == NULL)
        return;
    shadow->journal = NULL; /* borrowed */
    shadow->read_only = true;
    (void)bl_chain_close_all(shadow, NULL);
}

/* ---- one block ---- */

static baals_status verify_receipts_root(const struct bl_block_record *record, baals_error *err)
{
    struct bl_cbor_reader receipts = bl_cbor_reader(record->receipts);
    struct bl_merkle merkle;
    bl_merkle_init(&merkle);
    for (size_t i = 0; i < record->receipt_count; i++) {
        baals_slice receipt = {NULL, 0};
        BL_TRY(bl_cbor_read_bytes(&receipts, &receipt, err));
        bl_merkle_add(&merkle, receipt);
    }
    baals_hash root;
    bl_merkle_final(&root, &merkle);
    if (!bl_hash_equal(&root, &record->block.header.receipts_root))
        return bl_fail(err, BAALS_CORRUPT_JOURNAL, "the receipts have another root");
    return BAALS_OK;
}

/* Everything a block says, checked on the shadow chain's state; with replay, executed too. */
static baals_status verify_block_rules(struct verify *v,
                                       struct bl_view *view,
                                       const struct bl_block_record *record,
                                       struct bl_arena *arena,
                                       baals_error *err)
{
    const struct bl_chain_tip *tip = v->shadow->tip;
    /* The branch reads ancestors through the shadow's index and the directory's journal. */
    struct bl_branch branch = {v->shadow, view, tip->header.index, NULL, 0, arena};
    BL_TRY(verify_receipts_root(record, err));
    if ((v->flags & BAALS_VERIFY_REPLAY) != 0) {
        struct bl_applied applied;
        return bl_chain_verify_block(&applied, v->shadow, record->block.bytes, &tip->header,
                                     &tip->hash, &branch, err);
    }
    baals_consensus_view consensus_view = bl_branch_consensus_view(&branch);
    baals_block block;
    baals_tx *txs = NULL;
    return bl_ledger_check_block(&block, &txs, &v->shadow->ledger, record->block.bytes,
                                 &tip->header, &tip->hash, &consensus_view, NULL, NULL, arena, err);
}

/* A verdict about a block of our own journal means that the journal is damaged. */
static baals_status verify_as_damage(baals_status status, uint64_t index, baals_error *err)
{
    if (BAALS_STATUS_CLASS(status) != BAALS_CLASS_REJECT)
        return status;
    return bl_fail_context(err, BAALS_CORRUPT_JOURNAL, "block %llu", (unsigned long long)index);
}

/* The code of the genesis contracts, from block 0's write set. */
static baals_status verify_genesis_modules(baals_slice **out,
                                           const baals_genesis *genesis,
                                           const struct bl_block_record *record,
                                           struct bl_arena *arena,
                                           baals_error *err)
{
    struct bl_write_set set;
    BL_TRY(bl_write_set_decode(&set, arena, record->write_set, err));
    baals_slice *modules = bl_arena_zero(arena, genesis->contract_count + 1, sizeof *modules);
    if (modules == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to verify the genesis");
    for (size_t i = 0; i < genesis->contract_count; i++) {
        const baals_hash *hash = &genesis->contracts[i].code_hash;
        for (size_t j = 0; j < set.count; j++) {
            const struct bl_change *change = &set.changes[j];
            if (change->space == BAALS_SPACE_MODULES && change->has_new &&
                bl_slice_equal(change->key, bl_slice(hash->bytes, sizeof hash->bytes)))
                modules[i] = change->new_value;
        }
    }
    *out = modules;
    return BAALS_OK;
}

/* Derives block 0 from the genesis on `view`, which is empty: its encoded header. */
static baals_status verify_derive_genesis(struct bl_buffer *header_out,
                                          struct baals_chain *chain,
                                          struct bl_view *view,
                                          const baals_slice *modules,
                                          struct bl_arena *arena,
                                          baals_error *err)
{
    struct bl_applied applied;
    BL_TRY(bl_ledger_apply_genesis(&applied, &chain->ledger, view, &chain->genesis, modules, arena,
                                   err));
    bl_header_encode(header_out, &applied.header);
    return bl_buffer_status(header_out, err);
}

/* Block 0 is derived again from the genesis and must be the one in the journal. */
static baals_status verify_genesis_block(struct verify *v,
                                         struct bl_view *view,
                                         const struct bl_block_record *record,
                                         struct bl_arena *arena,
                                         baals_error *err)
{
    baals_slice *modules = NULL;
    struct bl_buffer header;
    BL_TRY(verify_genesis_modules(&modules, &v->shadow->genesis, record, arena, err));
    bl_buffer_init(&header, v->shadow->env->alloc, BL_BLOCK_BYTES_MAX);
    baals_status status = verify_derive_genesis(&header, v->shadow, view, modules, arena, err);
    if (status == BAALS_OK && !bl_slice_equal(bl_buffer_slice(&header), record->block.header_bytes))
        status = bl_fail(err, BAALS_CORRUPT_JOURNAL, "block 0 is not the genesis's");
    bl_buffer_deinit(&header);
    return status;
}

static baals_status
verify_block(struct verify *v, const struct bl_journal_record *journal, baals_error *err)
{
    struct bl_block_record record;
    BL_TRY(bl_block_record_decode(&record, bl_slice(journal->body, journal->body_len), err));
    v->report.blocks++;
    v->report.txs += record.block.tx_count;
    struct bl_tip tip;
    bool first = bl_store_tip(v->shadow->store, &tip) == BAALS_NOTFOUND;
    struct bl_arena arena;
    struct bl_view *view = NULL;
    bl_arena_init(&arena, v->shadow->env->alloc, BL_BLOCK_ARENA_MAX);
    baals_status status = bl_view_begin(&view, v->shadow->store, err);
    if (status == BAALS_OK)
        status = first ? verify_genesis_block(v, view, &record, &arena, err)
                       : verify_block_rules(v, view, &record, &arena, err);
    status = verify_as_damage(status, record.block.header.index, err);
    bl_view_end(view);
    bl_arena_deinit(&arena);
    return status;
}

/* ---- the journal ---- */

static baals_status verify_journal(struct verify *v, baals_error *err)
{
    struct bl_journal *journal = v->chain->journal;
    uint64_t begin = 0;
    uint64_t end = bl_journal_end(journal);
    BL_TRY(bl_retention_restore(&begin, v->shadow, v->chain, err));
    if (atomic_load(&v->shadow->kept_from) > 0)
        BL_TRY(bl_chain_publish_store(v->shadow, err));
    for (uint64_t position = begin; position < end;) {
        struct bl_journal_record record;
        baals_status status = bl_journal_read(journal, &record, position, err);
        if (status == BAALS_NOTFOUND)
            break;
        BL_TRY(status);
        if (record.type == BL_RECORD_BLOCK)
            status = verify_block(v, &record, err);
        if (status == BAALS_OK)
            status = bl_chain_recover_record(v->shadow, &record, err);
        /* The next block is judged on top of what is published. */
        if (status == BAALS_OK &&
            (record.type == BL_RECORD_BLOCK || record.type == BL_RECORD_REVERT))
            status = bl_chain_publish_store(v->shadow, err);
        position = record.next;
        bl_journal_record_deinit(journal, &record);
        BL_TRY(status);
        verify_progress(v, "verifying blocks", position, end);
    }
    struct bl_tip tip;
    if (bl_store_tip(v->shadow->store, &tip) != BAALS_OK)
        return bl_fail(err, BAALS_CORRUPT_JOURNAL, "the journal has no block");
    return bl_chain_publish_store(v->shadow, err);
}

/* ---- headers of blocks that are gone ---- */

struct verify_headers {
    struct verify *v;
    struct bl_view *view; /* of the shadow */
    uint64_t first;       /* the first block that was verified itself */
    baals_hash genesis;   /* the hash of block 0, where that one is gone */
    baals_hash last;      /* the hash of the newest header that was seen */
};

/* The hash of block 0 from the genesis and the code that the state has of its contracts. */
static baals_status verify_genesis_hash(struct verify_headers *h,
                                        struct baals_chain *empty,
                                        struct bl_arena *arena,
                                        baals_error *err)
{
    const baals_genesis *genesis = &empty->genesis;
    struct bl_view *view = NULL;
    struct bl_buffer header;
    baals_slice *modules = bl_arena_zero(arena, genesis->contract_count + 1, sizeof *modules);
    if (modules == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to verify the genesis");
    for (size_t i = 0; i < genesis->contract_count; i++) {
        const baals_hash *hash = &genesis->contracts[i].code_hash;
        BL_TRY(bl_view_get(h->view, &modules[i], BAALS_SPACE_MODULES,
                           bl_slice(hash->bytes, sizeof hash->bytes), err));
    }
    BL_TRY(bl_view_begin(&view, empty->store, err));
    bl_buffer_init(&header, empty->env->alloc, BL_BLOCK_BYTES_MAX);
    baals_status status = verify_derive_genesis(&header, empty, view, modules, arena, err);
    if (status == BAALS_OK)
        bl_header_hash(&h->genesis, bl_buffer_slice(&header));
    bl_buffer_deinit(&header);
    bl_view_end(view);
    return status;
}

static baals_status verify_find_genesis(struct verify_headers *h, baals_error *err)
{
    struct baals_chain *empty = NULL;
    struct bl_arena arena;
    bl_arena_init(&arena, h->v->chain->env->alloc, BL_BLOCK_ARENA_MAX);
    baals_status status = verify_open_shadow(&empty, h->v->chain, err);
    if (status == BAALS_OK)
        status = verify_genesis_hash(h, empty, &arena, err);
    bl_arena_deinit(&arena);
    verify_close_shadow(empty);
    return status;
}

static baals_status
verify_header_is(const baals_sealed_header *sealed, const baals_hash *hash, baals_error *err)
{
    if (!bl_hash_equal(&sealed->hash, hash))
        return bl_fail(err, BAALS_CORRUPT_HEADERS, "the kept header of block %llu is another one's",
                       (unsigned long long)sealed->header.index);
    return BAALS_OK;
}

static baals_status verify_header(void *ctx, const baals_sealed_header *sealed, baals_error *err)
{
    struct verify_headers *h = ctx;
    uint64_t height = sealed->header.index;
    h->last = sealed->hash;
    if (height >= h->first) {
        /* The block is there, too, and was verified. */
        struct bl_locator locator;
        BL_TRY(bl_index_locator(&locator, h->view, height, err));
        return verify_header_is(sealed, &locator.hash, err);
    }
    h->v->report.headers++;
    verify_progress(h->v, "verifying headers", height, h->first);
    if (height == 0)
        return verify_header_is(sealed, &h->genesis, err);
    baals_status status = bl_consensus_check_seal(h->v->shadow->consensus, sealed, err);
    if (BAALS_STATUS_CLASS(status) != BAALS_CLASS_REJECT)
        return status;
    return bl_fail_context(err, BAALS_CORRUPT_HEADERS, "the kept header of block %llu",
                           (unsigned long long)height);
}

/* The first block that was verified itself is the child of the last header before it. */
static baals_status verify_header_child(struct verify_headers *h, baals_error *err)
{
    struct bl_journal_record journal;
    struct bl_block_record record;
    BL_TRY(bl_chain_read_block(h->v->shadow, &journal, &record, h->view, h->first, err));
    bool same = bl_hash_equal(&record.block.header.prev_hash, &h->last);
    bl_journal_record_deinit(h->v->shadow->journal, &journal);
    if (!same)
        return bl_fail(err, BAALS_CORRUPT_HEADERS,
                       "the kept headers do not lead to block %llu, the first one kept whole",
                       (unsigned long long)h->first);
    return BAALS_OK;
}

static baals_status verify_headers_on(struct verify_headers *h, baals_error *err)
{
    struct bl_headers headers;
    uint64_t from = 0;
    uint64_t end = 0;
    BL_TRY(bl_kept_headers(&headers, h->v->chain, err));
    baals_status status = bl_headers_range(&headers, &from, &end, err);
    if (status == BAALS_NOTFOUND)
        return BAALS_OK;
    BL_TRY(status);
    if (end < h->first || end > bl_view_tip(h->view)->height + 1)
        return bl_fail(err, BAALS_CORRUPT_HEADERS,
                       "headers are kept up to block %llu, blocks from %llu on",
                       (unsigned long long)end, (unsigned long long)h->first);
    if (from == 0 && h->first > 0)
        BL_TRY(verify_find_genesis(h, err));
    BL_TRY(bl_headers_each(&headers, from, end, verify_header, h, err));
    return end == h->first && end > 0 ? verify_header_child(h, err) : BAALS_OK;
}

static baals_status verify_headers(struct verify *v, baals_error *err)
{
    struct verify_headers h = {.v = v, .first = atomic_load(&v->shadow->kept_from)};
    if (v->chain->options.keep_headers == BAALS_HEADERS_DROP)
        return BAALS_OK;
    BL_TRY(bl_view_begin(&h.view, v->shadow->store, err));
    baals_status status = verify_headers_on(&h, err);
    bl_view_end(h.view);
    return status;
}

/* ---- the store ---- */

struct verify_records {
    struct verify *v;
    uint64_t seen;
};

static void verify_count_records(void *ctx, uint64_t records)
{
    struct verify_records *counter = ctx;
    counter->seen = records;
    verify_progress(counter->v, "hashing the state", records, 0);
}

/* The flat records of the store itself, hashed without looking at its tree, give the tip's root. */
static baals_status verify_store(struct verify *v, baals_error *err)
{
    struct bl_view *view = NULL;
    struct bl_state_roots roots;
    struct verify_records counter = {v, 0};
    BL_TRY(bl_chain_replay_tail(v->chain, err));
    BL_TRY(bl_view_begin(&view, v->chain->store, err));
    baals_status status = bl_state_recompute(&roots, view, &v->chain->env->alloc,
                                             verify_count_records, &counter, err);
    bool same_tip = bl_hash_equal(&bl_view_tip(view)->hash, &v->shadow->tip->hash);
    bl_view_end(view);
    BL_TRY(status);
    if (!same_tip || !bl_hash_equal(&roots.root, &v->shadow->tip->header.state_root))
        return bl_fail(err, BAALS_CORRUPT_STATE,
                       "the store's records do not give the state root of block %llu; run repair",
                       (unsigned long long)v->shadow->tip->header.index);
    v->report.records = counter.seen;
    return BAALS_OK;
}

/* ---- whole ---- */

static baals_status verify_all(struct verify *v, baals_error *err)
{
    struct baals_chain *chain = v->chain;
    struct bl_journal_report journal;
    BL_TRY(bl_chain_init_locks(chain, err));
    BL_TRY(bl_chain_open_existing(chain, err));
    BL_TRY(bl_chain_open_store(chain, "kv", err));
    BL_TRY(bl_chain_open_journal(chain, &journal, true, err));
    v->report.tail_bytes = journal.cut_bytes;
    v->report.journal_bytes = journal.end - bl_journal_begin(chain->journal);
    BL_TRY(verify_open_shadow(&v->shadow, chain, err));
    v->shadow->journal = chain->journal;
    BL_TRY(verify_journal(v, err));
    BL_TRY(verify_headers(v, err));
    BL_TRY(verify_store(v, err));
    v->report.kept_from = atomic_load(&chain->kept_from);
    v->report.height = v->shadow->tip->header.index;
    v->report.hash = v->shadow->tip->hash;
    v->report.state_root = v->shadow->tip->header.state_root;
    return BAALS_OK;
}

baals_status bl_chain_verify(baals_verify_report *report_out,
                             struct baals_chain *chain,
                             uint32_t flags,
                             baals_progress progress,
                             void *ctx,
                             baals_error *err)
{
    struct verify v = {.chain = chain, .flags = flags, .progress = progress, .ctx = ctx};
    chain->read_only = true;
    baals_status status = verify_all(&v, err);
    verify_close_shadow(v.shadow);
    (void)bl_chain_close_all(chain, NULL);
    if (status == BAALS_OK)
        *report_out = v.report;
    return status;
}

baals_status baals_verify(baals_verify_report *report_out,
                          const char *path,
                          uint32_t flags,
                          const baals_options *options,
                          baals_progress progress,
                          void *ctx,
                          baals_error *err)
{
    struct baals_chain *chain = NULL;
    if (report_out == NULL || path == NULL || strcmp(path, ":memory:") == 0)
        return bl_fail(err, BAALS_MISUSE, "baals_verify needs a directory and a report");
    BL_TRY(bl_chain_new(&chain, path, options, err));
    return bl_chain_verify(report_out, chain, flags, progress, ctx, err);
}

/* ---- repair ---- */

static baals_status repair_ignore_entry(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return BAALS_OK;
}

/* Moves kv aside under a name that is free; a missing folder is fine. The new store is of the same
 * backend unless the options name one. */
static baals_status repair_move_aside(struct baals_chain *chain, baals_error *err)
{
    char from[BL_PATH_MAX];
    char to[BL_PATH_MAX];
    BL_TRY(bl_chain_path(chain, from, "kv", err));
    if (chain->options.storage == NULL)
        BL_TRY(bl_storage_name_of(&chain->options.storage, chain->env, from, err));
    for (uint32_t i = 1; i < 1000; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "kv-damaged-%u", (unsigned)i);
        BL_TRY(bl_chain_path(chain, to, name, err));
        baals_status status = bl_env_list_dir(chain->env, to, repair_ignore_entry, NULL, err);
        if (status == BAALS_OK)
            continue;
        if (status != BAALS_NOTFOUND)
            return status;
        status = bl_env_rename(chain->env, from, to, err);
        if (status == BAALS_NOTFOUND)
            return BAALS_OK;
        BL_TRY(status);
        return bl_env_sync_dir(chain->env, chain->path, err);
    }
    return bl_fail(err, BAALS_LIMIT, "too many damaged stores are kept; remove kv-damaged-*");
}

static baals_status
repair_all(struct baals_chain *chain, baals_progress progress, void *ctx, baals_error *err)
{
    struct bl_journal_report journal;
    BL_TRY(bl_chain_init_locks(chain, err));
    BL_TRY(bl_chain_open_existing(chain, err));
    uint64_t from = 0;
    BL_TRY(bl_chain_open_journal(chain, &journal, false, err));
    /* The index of the kept headers is made of their files: nothing else has them. */
    BL_TRY(chain->options.keep_headers == BAALS_HEADERS_DROP ? bl_kept_discard(chain, err)
                                                             : bl_kept_check(chain, err));
    BL_TRY(repair_move_aside(chain, err));
    BL_TRY(bl_chain_open_store(chain, "kv", err));
    BL_TRY(bl_retention_restore(&from, chain, chain, err));
    BL_TRY(bl_chain_recover(chain, from, progress, ctx, err));
    return bl_store_checkpoint(chain->store, err);
}

baals_status
bl_chain_repair(struct baals_chain *chain, baals_progress progress, void *ctx, baals_error *err)
{
    baals_status status = repair_all(chain, progress, ctx, err);
    baals_status closed = bl_chain_close_all(chain, status == BAALS_OK ? err : NULL);
    return status != BAALS_OK ? status : closed;
}

baals_status baals_repair(baals_verify_report *report_out,
                          const char *path,
                          const baals_options *options,
                          baals_progress progress,
                          void *ctx,
                          baals_error *err)
{
    struct baals_chain *chain = NULL;
    if (report_out == NULL || path == NULL || strcmp(path, ":memory:") == 0)
        return bl_fail(err, BAALS_MISUSE, "baals_repair needs a directory and a report");
    BL_TRY(bl_chain_new(&chain, path, options, err));
    BL_TRY(bl_chain_repair(chain, progress, ctx, err));
    return baals_verify(report_out, path, 0, options, progress, ctx, err);
}
