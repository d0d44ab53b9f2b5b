/* SPDX-License-Identifier: MIT */
/*
 * The chain's own threads. The maintenance thread takes checkpoints, prepares the journal's next
 * segment and, one second after the last commit, covers its record; the producer makes blocks as
 * consensus says. Signals are blocked on both: they belong to the embedding program.
 */
#include <signal.h>
#include <time.h>

#include "runtime/retention.h"

#define THREADS_COVER_NS 1000000000ull
#define THREADS_IDLE_MS 60000u
#define THREADS_RETRY_MS 1000u
/* Layers may grow to so many times checkpoint_bytes while checkpoints are taken beside commits. */
#define THREADS_CHECKPOINT_LAG 4u

void bl_chain_wait_on(struct baals_chain *chain, pthread_cond_t *condition, uint64_t timeout_ms)
{
    if (timeout_ms > THREADS_IDLE_MS)
        timeout_ms = THREADS_IDLE_MS;
    uint64_t until_ns = bl_env_monotonic_ns(chain->env) + timeout_ms * 1000000u;
    struct timespec until = {
        .tv_sec = (time_t)(until_ns / 1000000000u),
        .tv_nsec = (int32_t)(until_ns % 1000000000u),
    };
    (void)pthread_cond_timedwait(condition, &chain->lock, &until);
}

/* ---- maintenance ---- */

static void threads_cover(struct baals_chain *chain)
{
    baals_error err = {0};
    pthread_mutex_lock(&chain->writer);
    baals_status status = bl_journal_cover(chain->journal, &err);
    pthread_mutex_unlock(&chain->writer);
    if (status == BAALS_IO_SYNC || status == BAALS_IO)
        (void)bl_chain_fail(chain, status);
    else if (status != BAALS_OK)
        bl_log(chain->env, BL_LOG_WARN, "journal: %s", err.message);
}

/* A chain in memory gains nothing by it. */
static void threads_prepare(struct baals_chain *chain)
{
    baals_error err = {0};
    if (!chain->memory && bl_journal_wants_segment(chain->journal) &&
        bl_journal_prepare_segment(chain->journal, &err) != BAALS_OK)
        bl_log(chain->env, BL_LOG_WARN, "preparing a journal segment: %s", err.message);
}

/* Takes a checkpoint if layers hold more than `bytes`, after one that is being taken. */
static void threads_checkpoint(struct baals_chain *chain, uint64_t bytes)
{
    baals_error err = {0};
    baals_status status = BAALS_OK;
    if (bl_store_layer_bytes(chain->store) <= bytes)
        return;
    /* A checkpoint that fails loses nothing: the journal has it all. */
    pthread_mutex_lock(&chain->maintenance);
    if (bl_store_layer_bytes(chain->store) > bytes) {
        bl_stats_checkpoint_begin(&chain->stats);
        status = bl_store_checkpoint(chain->store, &err);
        bl_stats_checkpoint_end(&chain->stats);
    }
    pthread_mutex_unlock(&chain->maintenance);
    if (status != BAALS_OK)
        bl_log(chain->env, BL_LOG_ERROR, "checkpoint: %s", err.message);
}

void bl_chain_keep_pace(struct baals_chain *chain)
{
    uint64_t bytes = 0;
    if (!bl_u64_mul(&bytes, chain->checkpoint_bytes, THREADS_CHECKPOINT_LAG))
        return;
    threads_checkpoint(chain, bytes);
}

/* Prunes when enough blocks were made since the last time. */
static void threads_prune(struct baals_chain *chain)
{
    baals_error err = {0};
    baals_prune_report report;
    uint64_t keep = chain->options.keep_blocks;
    if (keep == 0)
        return;
    if (keep < BL_KEEP_BLOCKS_MIN)
        keep = BL_KEEP_BLOCKS_MIN;
    pthread_mutex_lock(&chain->lock);
    uint64_t final_height = chain->tip->final_height;
    pthread_mutex_unlock(&chain->lock);
    if (final_height < chain->prune_at)
        return;
    chain->prune_at = final_height + keep;
    if (bl_retention_prune(&report, chain, keep, &err) != BAALS_OK)
        bl_log(chain->env, BL_LOG_ERROR, "giving up old blocks: %s", err.message);
}

static void *threads_maintain(void *arg)
{
    struct baals_chain *chain = arg;
    pthread_mutex_lock(&chain->lock);
    while (!chain->stopping) {
        chain->work_wanted = false;
        uint64_t committed_ns = chain->committed_ns;
        uint64_t age_ns = committed_ns == 0 ? 0 : bl_env_monotonic_ns(chain->env) - committed_ns;
        bool due = age_ns >= THREADS_COVER_NS && chain->failed == BAALS_OK;
        if (due)
            chain->committed_ns = 0;
        pthread_mutex_unlock(&chain->lock);
        threads_prepare(chain);
        threads_checkpoint(chain, chain->checkpoint_bytes);
        threads_prune(chain);
        if (due)
            threads_cover(chain);
        pthread_mutex_lock(&chain->lock);
        bool waiting = chain->committed_ns != 0;
        if (!chain->stopping && !chain->work_wanted)
            bl_chain_wait_on(chain, &chain->work,
                             waiting ? (THREADS_COVER_NS - age_ns) / 1000000u + 1
                                     : THREADS_IDLE_MS);
    }
    pthread_mutex_unlock(&chain->lock);
    return NULL;
}

/* ---- producing ---- */

/* One attempt; how long to wait before the next. */
static uint64_t threads_produce_once(struct baals_chain *chain)
{
    baals_error err = {0};
    int32_t made = 0;
    uint64_t wait_ms = 0;
    baals_status status = baals_produce_block(chain, &made, &wait_ms, &err);
    if (status == BAALS_OK)
        return made != 0 ? 0 : wait_ms;
    bl_log(chain->env, BL_LOG_ERROR, "no block was made: %s: %s", baals_status_code(status),
           err.message);
    return THREADS_RETRY_MS;
}

static void *threads_produce(void *arg)
{
    struct baals_chain *chain = arg;
    pthread_mutex_lock(&chain->lock);
    while (!chain->stopping && chain->failed == BAALS_OK) {
        uint64_t seen = chain->changes;
        pthread_mutex_unlock(&chain->lock);
        uint64_t wait_ms = threads_produce_once(chain);
        pthread_mutex_lock(&chain->lock);
        if (wait_ms > 0 && !chain->stopping && seen == chain->changes)
            bl_chain_wait_on(chain, &chain->arrived, wait_ms);
    }
    pthread_mutex_unlock(&chain->lock);
    return NULL;
}

/* ---- starting and stopping ---- */

static baals_status threads_start_one(pthread_t *thread,
                                      void *(*run)(void *),
                                      struct baals_chain *chain,
                                      baals_error *err)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, run, chain);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0)
        return bl_fail(err, BAALS_NOMEM, "a thread could not be started");
    return BAALS_OK;
}

baals_status bl_chain_threads_start(struct baals_chain *chain, bool produce, baals_error *err)
{
    BL_TRY(threads_start_one(&chain->maintenance_thread, threads_maintain, chain, err));
    chain->maintenance_runs = true;
    if (produce) {
        BL_TRY(threads_start_one(&chain->producer_thread, threads_produce, chain, err));
        chain->producer_runs = true;
    }
    return BAALS_OK;
}

void bl_chain_threads_stop(struct baals_chain *chain)
{
    pthread_mutex_lock(&chain->lock);
    chain->stopping = true;
    bl_chain_signal(chain);
    bl_chain_want_work(chain);
    pthread_mutex_unlock(&chain->lock);
    if (chain->producer_runs)
        pthread_join(chain->producer_thread, NULL);
    if (chain->maintenance_runs)
        pthread_join(chain->maintenance_thread, NULL);
    chain->producer_runs = false;
    chain->maintenance_runs = false;
}
