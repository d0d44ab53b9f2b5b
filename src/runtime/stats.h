/* SPDX-License-Identifier: MIT */
#ifndef BL_RUNTIME_STATS_H
#define BL_RUNTIME_STATS_H
/*
 * Where the blocks of a chain spend their time (baals/stats.h). The writer marks the end of each
 * stage; what lies between two marks is the stage's. Anyone may read.
 */
#include <stdatomic.h>

#include "baals/stats.h"
#include "base/env.h"

enum bl_stage {
    BL_STAGE_COLLECT,
    BL_STAGE_VERIFY,
    BL_STAGE_APPLY,
    BL_STAGE_ROOT,
    BL_STAGE_WRITE,
    BL_STAGE_SYNC,
    BL_STAGE_PUBLISH,
    BL_STAGE_COUNT
};

struct bl_stats {
    struct bl_env *env;
    bool running;                      /* the writer's: between begin and the block's end */
    uint64_t last_ns;                  /* the writer's: the last mark */
    uint64_t block_ns[BL_STAGE_COUNT]; /* the writer's: of the block on its way */
    _Atomic uint64_t stage_ns[BL_STAGE_COUNT];
    _Atomic uint64_t blocks;
    _Atomic uint64_t txs;
    uint64_t checkpoint_began_ns; /* under `maintenance` of the chain */
    _Atomic uint64_t checkpoints_begun;
    _Atomic uint64_t checkpoints_ended;
    _Atomic uint64_t checkpoint_ns;
};

/* A block is begun; one that was begun before and not ended is forgotten. */
void bl_stats_begin(struct bl_stats *stats);
/* A stage ends. Without a block that was begun nothing is counted. */
void bl_stats_mark(struct bl_stats *stats, enum bl_stage stage);
/* The ledger's callback: the end of BL_STAGE_APPLY. */
void bl_stats_applied(void *stats);
/* The block is committed: now it counts. */
void bl_stats_end(struct bl_stats *stats, uint64_t txs);
/* Around a checkpoint, by one thread at a time. */
void bl_stats_checkpoint_begin(struct bl_stats *stats);
void bl_stats_checkpoint_end(struct bl_stats *stats);

#endif /* BL_RUNTIME_STATS_H */
