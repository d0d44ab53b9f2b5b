/* SPDX-License-Identifier: MIT */
/*
 * Opening, making and closing a chain. The order matters: the lock before anything is read, the
 * journal before the genesis file is written (a directory without that file has no chain, whatever
 * else an interrupted creation left), threads last. Closing goes the same way back.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "runtime/kept.h"
#include "runtime/retention.h"

#define OPEN_MEMORY_PATH ":memory:"
#define OPEN_MEMORY_DIR "/chain"
#define OPEN_CHECKPOINT_BYTES_DEFAULT ((uint64_t)32 * 1024 * 1024)
#define OPEN_STATE_BYTES_DEFAULT ((uint64_t)512 * 1024 * 1024)
#define OPEN_GENESIS_ARENA_MAX ((size_t)64 * 1024 * 1024)

const char *baals_version(void)
{
    return BAALS_VERSION;
}

/* ---- the handle ---- */

static void open_log(void *ctx, enum bl_log_level level, const char *message)
{
    const baals_options *options = ctx;
    options->log(options->log_ctx, (baals_log_level)level, message);
}

baals_status bl_chain_init_locks(struct baals_chain *chain, baals_error *err)
{
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return bl_fail(err, BAALS_NOMEM, "no memory for the chain's locks");
    bool made = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
                pthread_mutex_init(&chain->pruning, NULL) == 0 &&
                pthread_mutex_init(&chain->maintenance, NULL) == 0 &&
                pthread_mutex_init(&chain->writer, NULL) == 0 &&
                pthread_mutex_init(&chain->lock, NULL) == 0 &&
                pthread_mutex_init(&chain->gate.mutex, NULL) == 0 &&
                pthread_cond_init(&chain->changed, &monotonic) == 0 &&
                pthread_cond_init(&chain->arrived, &monotonic) == 0 &&
                pthread_cond_init(&chain->work, &monotonic) == 0;
    pthread_condattr_destroy(&monotonic);
    if (!made)
        return bl_fail(err, BAALS_NOMEM, "no memory for the chain's locks");
    chain->locks_made = true;
    return BAALS_OK;
}

baals_status bl_chain_new_env(struct baals_chain **out,
                              struct bl_env *env,
                              const char *path,
                              const baals_options *options,
                              baals_error *err)
{
    const struct bl_alloc alloc = env->alloc;
    bool memory = strcmp(path, OPEN_MEMORY_PATH) == 0;
    const char *dir = memory ? OPEN_MEMORY_DIR : path;
    struct baals_chain *chain = bl_alloc_zero(&alloc, 1, sizeof *chain);
    struct bl_chain_tip *tip = bl_alloc_zero(&alloc, 1, sizeof *tip);
    if (chain == NULL || tip == NULL || strlen(dir) >= BL_PATH_MAX - 64) {
        bool no_memory = chain == NULL || tip == NULL;
        bl_alloc_free(&alloc, chain, sizeof *chain);
        bl_alloc_free(&alloc, tip, sizeof *tip);
        bl_env_close(env);
        return no_memory ? bl_fail(err, BAALS_NOMEM, "no memory for a chain")
                         : bl_fail(err, BAALS_MISUSE_ARGUMENT, "the path is too long");
    }
    atomic_init(&chain->references, 1);
    atomic_init(&chain->headers_from, UINT64_MAX);
    chain->env = env;
    chain->tip = tip;
    chain->options = *options;
    chain->memory = memory;
    memcpy(chain->path, dir, strlen(dir) + 1);
    if (options->log != NULL) {
        env->log = open_log;
        env->log_ctx = &chain->options;
    }
    if (options->clock_ms != NULL) {
        env->clock_ms = options->clock_ms;
        env->clock_ctx = options->clock_ctx;
    }
    bl_arena_init(&chain->genesis_arena, alloc, OPEN_GENESIS_ARENA_MAX);
    chain->checkpoint_bytes =
        options->checkpoint_bytes != 0 ? options->checkpoint_bytes : OPEN_CHECKPOINT_BYTES_DEFAULT;
    if (options->state_bytes == 0)
        chain->options.state_bytes = OPEN_STATE_BYTES_DEFAULT;
    *out = chain;
    return BAALS_OK;
}

baals_status
bl_chain_path(const struct baals_chain *chain, char *out, const char *name, baals_error *err)
{
    return bl_path_join(out, BL_PATH_MAX, chain->path, name, err);
}

/* ---- the directory ---- */

/* Who holds the lock, for the message; 0 when it cannot be read. */
static uint32_t open_owner(struct bl_file *file)
{
    uint8_t text[16] = {0};
    size_t len = 0;
    uint32_t pid = 0;
    if (bl_file_read_at(file, text, &len, 0, sizeof text - 1, NULL) != BAALS_OK)
        return 0;
    for (size_t i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++)
        pid = pid * 10 + (uint32_t)(text[i] - '0');
    return pid;
}

/* Always as long: shortening a file would wait for the disk on some file systems. */
static baals_status open_write_owner(struct bl_file *file, baals_error *err)
{
    char text[16];
    int len = snprintf(text, sizeof text, "%-14lld\n", (long long)getpid());
    BL_ASSERT(len == (int)sizeof text - 1);
    return bl_file_write_at(file, 0, (const uint8_t *)text, (size_t)len, err);
}

static baals_status open_lock_dir(struct baals_chain *chain, baals_error *err)
{
    char path[BL_PATH_MAX];
    struct bl_file *file = NULL;
    BL_TRY(bl_chain_path(chain, path, "LOCK", err));
    BL_TRY(bl_file_open(chain->env, &file, path, BL_OPEN_WRITE | BL_OPEN_CREATE, err));
    baals_status status = bl_file_lock(file, err);
    if (status == BAALS_BUSY_OWNED)
        status = bl_fail(err, BAALS_BUSY_OWNED, "process %u owns %.180s",
                         (unsigned)open_owner(file), chain->path);
    if (status == BAALS_OK)
        status = open_write_owner(file, err);
    if (status != BAALS_OK) {
        bl_file_close(file);
        return status;
    }
    chain->lock_file = file;
    return BAALS_OK;
}

/* The threads that check signatures; they are started when there is something to check. */
static baals_status open_verifier(struct baals_chain *chain, baals_error *err)
{
    uint64_t seed = 0;
    uint32_t threads =
        chain->options.verify_threads != 0 ? chain->options.verify_threads : bl_workers_cpus();
    BL_TRY(bl_env_random(chain->env, (uint8_t *)&seed, sizeof seed, err));
    BL_TRY(bl_workers_new(&chain->workers, chain->env->alloc, threads, err));
    return bl_verifier_new(&chain->verifier, chain->env->alloc, chain->workers, seed, err);
}

baals_status
bl_chain_use_genesis(struct baals_chain *chain, baals_slice bytes, bool known, baals_error *err)
{
    BL_TRY(open_verifier(chain, err));
    uint8_t *copy = bl_alloc_zero(&chain->env->alloc, bytes.len + 1, 1);
    if (copy == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the genesis");
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    chain->genesis_bytes = copy;
    chain->genesis_len = bytes.len;
    baals_slice kept = bl_slice(copy, bytes.len);
    BL_TRY(known ? bl_genesis_decode_known(&chain->genesis, &chain->genesis_arena, kept, err)
                 : bl_genesis_decode(&chain->genesis, &chain->genesis_arena, kept, err));
    struct bl_contract_options contracts = {.vm = chain->options.vm,
                                            .cache_bytes = (size_t)chain->options.cache_bytes,
                                            .trap_signals = chain->options.trap_signals != 0};
    BL_TRY(bl_consensus_new(&chain->consensus, &chain->env->alloc, &chain->genesis, err));
    BL_TRY(bl_contract_engine_new(&chain->contracts, chain->env, &contracts, err));
    BL_TRY(bl_forest_new(&chain->forest, &chain->env->alloc, chain->workers,
                         chain->options.state_bytes / 4 * 3, err));
    BL_TRY(bl_record_cache_new(&chain->records, &chain->env->alloc,
                               (size_t)(chain->options.state_bytes / 4), err));
    chain->ledger = (struct bl_ledger){
        .start_ms = chain->genesis.start_ms,
        .dev = chain->genesis.dev != 0,
        .consensus = chain->consensus,
        .contracts = chain->contracts,
        .alloc = chain->env->alloc,
        .workers = chain->workers,
        .forest = chain->forest,
        .applied = bl_stats_applied,
        .applied_ctx = &chain->stats,
        .records = chain->records,
    };
    chain->stats.env = chain->env;
    baals_genesis_chain_id(&chain->ledger.chain_id, kept);
    return BAALS_OK;
}

static baals_status open_read_genesis(struct baals_chain *chain, baals_error *err)
{
    char path[BL_PATH_MAX];
    uint8_t *bytes = NULL;
    size_t len = 0;
    BL_TRY(bl_chain_path(chain, path, "genesis.cbor", err));
    BL_TRY(bl_file_read_all(chain->env, &bytes, &len, path, BL_GENESIS_BYTES_MAX, err));
    /* Journal and store name the hash of the bytes that were checked when the chain was made: with
     * others they do not open. */
    baals_status status = bl_chain_use_genesis(chain, bl_slice(bytes, len), true, err);
    bl_alloc_free(&chain->env->alloc, bytes, len + 1);
    if (BAALS_STATUS_CLASS(status) == BAALS_CLASS_REJECT)
        return bl_fail_context(err, BAALS_CORRUPT_FOREIGN, "genesis.cbor");
    BL_TRY(status);
    baals_slice given = chain->options.genesis;
    if (given.len > 0 && !bl_slice_equal(given, bl_slice(chain->genesis_bytes, chain->genesis_len)))
        return bl_fail(err, BAALS_CORRUPT_FOREIGN, "%.180s holds a chain of another genesis",
                       chain->path);
    return BAALS_OK;
}

/* ---- stores ---- */

baals_status bl_chain_open_store(struct baals_chain *chain, const char *folder, baals_error *err)
{
    const char *backend = chain->options.storage;
    if (backend == NULL && chain->memory)
        backend = "memory";
    char path[BL_PATH_MAX];
    baals_storage *storage = NULL;
    BL_TRY(bl_chain_path(chain, path, folder, err));
    BL_TRY(bl_env_make_dir(chain->env, path, err));
    BL_TRY(bl_storage_open(&storage, chain->env, backend, path, err));
    const char *dir = bl_storage_is_durable(storage) ? path : NULL;
    baals_status status =
        bl_store_open_in(&chain->store, chain->env, storage, &chain->ledger.chain_id, dir, err);
    if (status != BAALS_OK)
        bl_storage_close(storage);
    return status;
}

/* The newest block that the checkpoint stands for: reading the journal begins there. */
static baals_status open_scan_from(struct baals_chain *chain, uint64_t *out, baals_error *err)
{
    struct bl_view *view = NULL;
    struct bl_locator locator;
    BL_TRY(bl_view_begin(&view, chain->store, err));
    baals_status status = bl_index_locator(&locator, view, bl_view_tip(view)->height, err);
    bl_view_end(view);
    if (status == BAALS_NOTFOUND)
        return bl_fail(err, BAALS_CORRUPT_STORE, "the checkpoint's block is not in the index");
    BL_TRY(status);
    *out = locator.journal_position;
    return BAALS_OK;
}

baals_status bl_chain_open_journal(struct baals_chain *chain,
                                   struct bl_journal_report *report,
                                   bool read_only,
                                   baals_error *err)
{
    struct bl_tip checkpoint = {0};
    struct bl_journal_options options = {.read_only = read_only ? 1 : 0, .trimmed = 1};
    char path[BL_PATH_MAX];
    if (chain->store != NULL && bl_store_checkpoint_tip(chain->store, &checkpoint) == BAALS_OK) {
        options.must_reach = checkpoint.journal_end;
        BL_TRY(open_scan_from(chain, &options.scan_from, err));
    }
    BL_TRY(bl_chain_path(chain, path, "journal", err));
    if (!read_only)
        BL_TRY(bl_env_make_dir(chain->env, path, err));
    return bl_journal_open(&chain->journal, report, chain->env, path, &chain->ledger.chain_id,
                           &options, err);
}

static void open_report_tail(struct baals_chain *chain, const struct bl_journal_report *report)
{
    if (report->cut_position != 0)
        bl_log(chain->env, BL_LOG_WARN,
               "the journal's torn tail of %llu bytes was cut and kept in journal/%s",
               (unsigned long long)report->cut_bytes, report->cut_path);
}

baals_status bl_chain_replay_tail(struct baals_chain *chain, baals_error *err)
{
    struct bl_tip checkpoint = {0};
    uint64_t from = 0;
    if (bl_store_checkpoint_tip(chain->store, &checkpoint) == BAALS_OK) {
        from = checkpoint.journal_end;
        BL_TRY(bl_retention_look(chain, err));
    } else {
        BL_TRY(bl_retention_restore(&from, chain, chain, err));
    }
    BL_TRY(bl_kept_look(chain, err));
    return bl_chain_recover(chain, from, NULL, NULL, err);
}

/* Brings the state to the journal's end, or makes block 0 where there is none. */
static baals_status open_state(struct baals_chain *chain, bool creating, baals_error *err)
{
    struct bl_journal_report report;
    BL_TRY(bl_chain_open_store(chain, "kv", err));
    BL_TRY(bl_chain_open_journal(chain, &report, false, err));
    open_report_tail(chain, &report);
    if (bl_journal_begin(chain->journal) < bl_journal_end(chain->journal))
        return bl_chain_replay_tail(chain, err);
    if (!creating)
        return bl_fail(err, BAALS_CORRUPT_JOURNAL, "the journal has no block");
    return bl_chain_make_genesis(chain, chain->options.modules, chain->options.module_count, err);
}

static baals_status open_write_genesis(struct baals_chain *chain, baals_error *err)
{
    char path[BL_PATH_MAX];
    BL_TRY(bl_chain_path(chain, path, "genesis.cbor", err));
    return bl_file_write_all(chain->env, path, bl_slice(chain->genesis_bytes, chain->genesis_len),
                             err);
}

/* ---- opening ---- */

static baals_status open_has_chain(struct baals_chain *chain, bool *out, baals_error *err)
{
    char path[BL_PATH_MAX];
    struct bl_file *file = NULL;
    BL_TRY(bl_chain_path(chain, path, "genesis.cbor", err));
    baals_status status = bl_file_open(chain->env, &file, path, BL_OPEN_READ, err);
    bl_file_close(file);
    *out = status == BAALS_OK;
    return status == BAALS_NOTFOUND ? BAALS_OK : status;
}

static baals_status open_no_chain(const struct baals_chain *chain, baals_error *err)
{
    return bl_fail(err, BAALS_NOTFOUND_CHAIN,
                   "there is no chain in %.160s; make one with CREATE and a genesis", chain->path);
}

baals_status bl_chain_open_existing(struct baals_chain *chain, baals_error *err)
{
    bool exists = false;
    BL_TRY(open_has_chain(chain, &exists, err));
    if (!exists)
        return open_no_chain(chain, err);
    BL_TRY(open_lock_dir(chain, err));
    return open_read_genesis(chain, err);
}

static baals_status open_dir(struct baals_chain *chain, bool *creating_out, baals_error *err)
{
    bool exists = false;
    bool create = (chain->options.flags & BAALS_OPEN_CREATE) != 0;
    BL_TRY(open_has_chain(chain, &exists, err));
    if (!exists && (!create || chain->options.genesis.len == 0))
        return open_no_chain(chain, err);
    if (!exists)
        BL_TRY(bl_env_make_dir(chain->env, chain->path, err));
    BL_TRY(open_lock_dir(chain, err));
    BL_TRY(open_has_chain(chain, &exists, err));
    if (exists && create && (chain->options.flags & BAALS_OPEN_EXCLUSIVE) != 0)
        return bl_fail(err, BAALS_LIMIT_EXISTS, "there is a chain in %.180s already", chain->path);
    if (!exists && chain->options.genesis.len == 0)
        return open_no_chain(chain, err);
    *creating_out = !exists;
    return exists ? open_read_genesis(chain, err)
                  : bl_chain_use_genesis(chain, chain->options.genesis, false, err);
}

/* Blocks name the authority's address and are sealed with its seed. */
static baals_status open_authority(struct baals_chain *chain, baals_error *err)
{
    const baals_keypair *given = chain->options.authority;
    if (given == NULL)
        return BAALS_OK;
    bl_signing_key_init(&chain->authority, given->seed);
    if (!bl_address_equal(&chain->authority.address, &given->address))
        return bl_fail(err, BAALS_MISUSE_KEY, "the authority's address is not that of its seed");
    chain->has_authority = true;
    return BAALS_OK;
}

static baals_status open_all(struct baals_chain *chain, baals_error *err)
{
    bool creating = false;
    BL_TRY(bl_crypto_selftest_once(err));
    BL_TRY(open_authority(chain, err));
    BL_TRY(bl_chain_init_locks(chain, err));
    BL_TRY(open_dir(chain, &creating, err));
    BL_TRY(open_state(chain, creating, err));
    if (creating)
        BL_TRY(open_write_genesis(chain, err));
    BL_TRY(bl_chain_open_pool(chain, &chain->options, err));
    bool produce = (chain->options.flags & BAALS_OPEN_PRODUCE) != 0;
    if (produce && !chain->has_authority)
        return bl_fail(err, BAALS_MISUSE_NOT_AUTHORITY,
                       "producing blocks needs the key of an authority");
    return bl_chain_threads_start(chain, produce, err);
}

/* ---- closing ---- */

baals_status bl_chain_close_all(struct baals_chain *chain, baals_error *err)
{
    baals_status status = BAALS_OK;
    if (chain->locks_made)
        bl_chain_threads_stop(chain);
    bl_pool_log_close(chain->pool_log);
    bl_mempool_free(chain->pool);
    bl_chain_side_prune(chain, UINT64_MAX);
    bool writes = chain->lock_file != NULL && !chain->read_only;
    if (chain->store != NULL && chain->failed == BAALS_OK && writes)
        status = bl_store_checkpoint(chain->store, err);
    if (chain->journal != NULL) {
        baals_status closed = bl_journal_close(chain->journal, status == BAALS_OK ? err : NULL);
        if (status == BAALS_OK)
            status = closed;
    }
    bl_store_close(chain->store);
    bl_forest_free(chain->forest);
    bl_record_cache_free(chain->records);
    bl_contract_close(chain->contracts);
    bl_consensus_close(chain->consensus);
    bl_verifier_free(chain->verifier);
    bl_workers_free(chain->workers);
    bl_arena_deinit(&chain->genesis_arena);
    bl_file_close(chain->lock_file);
    if (chain->locks_made) {
        pthread_cond_destroy(&chain->work);
        pthread_cond_destroy(&chain->arrived);
        pthread_cond_destroy(&chain->changed);
        pthread_mutex_destroy(&chain->gate.mutex);
        pthread_mutex_destroy(&chain->lock);
        pthread_mutex_destroy(&chain->writer);
        pthread_mutex_destroy(&chain->maintenance);
        pthread_mutex_destroy(&chain->pruning);
    }
    bl_signing_key_deinit(&chain->authority);
    struct bl_env *env = chain->env;
    bl_alloc_free(&env->alloc, chain->genesis_bytes, chain->genesis_len + 1);
    bl_alloc_free(&env->alloc, chain->tip, sizeof *chain->tip);
    bl_alloc_free(&env->alloc, chain, sizeof *chain);
    bl_env_close(env);
    return status;
}

baals_status bl_chain_new(struct baals_chain **out,
                          const char *path,
                          const baals_options *options,
                          baals_error *err)
{
    if (out == NULL || path == NULL)
        return bl_fail(err, BAALS_MISUSE, "a chain needs a path and a place for its handle");
    baals_options known;
    BL_TRY(bl_options_read(&known, options, err));
    if (known.keep_headers < BAALS_HEADERS_AS_BEFORE || known.keep_headers > BAALS_HEADERS_DROP)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "keep_headers is none of BAALS_HEADERS_*");
    struct bl_alloc alloc = bl_alloc_system();
    struct bl_env *env = NULL;
    if (known.allocator != NULL)
        alloc = (struct bl_alloc){known.allocator->resize, known.allocator->ctx};
    BL_TRY(strcmp(path, OPEN_MEMORY_PATH) == 0 ? bl_env_memory(&env, alloc, err)
                                               : bl_env_system(&env, alloc, err));
    return bl_chain_new_env(out, env, path, &known, err);
}

baals_status bl_chain_open(struct baals_chain *chain, baals_error *err)
{
    baals_status status = open_all(chain, err);
    if (status != BAALS_OK) {
        (void)bl_chain_close_all(chain, NULL);
        return status;
    }
    /* What the options point to belongs to the caller and may be gone from here on. */
    chain->options.genesis = bl_slice(NULL, 0);
    chain->options.modules = NULL;
    chain->options.authority = NULL;
    chain->options.allocator = NULL;
    chain->options.vm = NULL;
    return BAALS_OK;
}

baals_status baals_open(baals_chain **chain_out,
                        const char *path,
                        const baals_options *options,
                        baals_error *err)
{
    struct baals_chain *chain = NULL;
    if (chain_out == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_open needs a place for the handle");
    BL_TRY(bl_chain_new(&chain, path, options, err));
    BL_TRY(bl_chain_open(chain, err));
    *chain_out = chain;
    return BAALS_OK;
}

baals_chain *baals_chain_ref(baals_chain *chain)
{
    if (chain != NULL)
        (void)atomic_fetch_add(&chain->references, 1);
    return chain;
}

baals_status baals_close(baals_chain *chain, baals_error *err)
{
    if (chain == NULL || atomic_fetch_sub(&chain->references, 1) > 1)
        return BAALS_OK;
    return bl_chain_close_all(chain, err);
}
