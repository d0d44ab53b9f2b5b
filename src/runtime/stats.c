/* SPDX-License-Identifier: MIT */
/*
 * Counters of where blocks spend their time. A block's times are kept aside until it is committed,
 * so that attempts that made none count nowhere.
 */
#include "runtime/stats.h"

#include <string.h>

#include "runtime/runtime_internal.h"

void bl_stats_begin(struct bl_stats *stats)
{
    memset(stats->block_ns, 0, sizeof stats->block_ns);
    stats->last_ns = bl_env_monotonic_ns(stats->env);
    stats->running = true;
}

void bl_stats_mark(struct bl_stats *stats, enum bl_stage stage)
{
    if (!stats->running)
        return;
    uint64_t now_ns = bl_env_monotonic_ns(stats->env);
    stats->block_ns[stage] += now_ns - stats->last_ns;
    stats->last_ns = now_ns;
}

void bl_stats_applied(void *stats)
{
    bl_stats_mark(stats, BL_STAGE_APPLY);
}

void bl_stats_end(struct bl_stats *stats, uint64_t txs)
{
    if (!stats->running)
        return;
    for (unsigned i = 0; i < BL_STAGE_COUNT; i++)
        atomic_fetch_add(&stats->stage_ns[i], stats->block_ns[i]);
    atomic_fetch_add(&stats->txs, txs);
    atomic_fetch_add(&stats->blocks, 1);
    stats->running = false;
}

void bl_stats_checkpoint_begin(struct bl_stats *stats)
{
    stats->checkpoint_began_ns = bl_env_monotonic_ns(stats->env);
    atomic_fetch_add(&stats->checkpoints_begun, 1);
}

void bl_stats_checkpoint_end(struct bl_stats *stats)
{
    uint64_t now_ns = bl_env_monotonic_ns(stats->env);
    atomic_fetch_add(&stats->checkpoint_ns, now_ns - stats->checkpoint_began_ns);
    atomic_fetch_add(&stats->checkpoints_ended, 1);
}

baals_status baals_stats_get(baals_chain *chain, baals_stats *stats_out, baals_error *err)
{
    if (chain == NULL || stats_out == NULL)
        return bl_fail(err, BAALS_MISUSE, "baals_stats_get needs a chain and a result");
    struct bl_stats *stats = &chain->stats;
    /* First, so that never more have ended than were begun. */
    uint64_t ended = atomic_load(&stats->checkpoints_ended);
    baals_stats now = {
        .size = sizeof now,
        .blocks = atomic_load(&stats->blocks),
        .txs = atomic_load(&stats->txs),
        .collect_ns = atomic_load(&stats->stage_ns[BL_STAGE_COLLECT]),
        .verify_ns = atomic_load(&stats->stage_ns[BL_STAGE_VERIFY]),
        .apply_ns = atomic_load(&stats->stage_ns[BL_STAGE_APPLY]),
        .root_ns = atomic_load(&stats->stage_ns[BL_STAGE_ROOT]),
        .write_ns = atomic_load(&stats->stage_ns[BL_STAGE_WRITE]),
        .sync_ns = atomic_load(&stats->stage_ns[BL_STAGE_SYNC]),
        .publish_ns = atomic_load(&stats->stage_ns[BL_STAGE_PUBLISH]),
        .checkpoints_begun = atomic_load(&stats->checkpoints_begun),
        .checkpoints_ended = ended,
        .checkpoint_ns = atomic_load(&stats->checkpoint_ns),
    };
    return bl_stats_write(stats_out, &now, err);
}
