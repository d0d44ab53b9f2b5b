/* SPDX-License-Identifier: MIT */
#ifndef BAALS_STATS_H
#define BAALS_STATS_H
/**
 * Where the blocks of a chain spend their time, counted since it was opened. Take the counters
 * twice and subtract. They are for people and monitoring; nothing depends on them.
 */
#include <stddef.h>
#include <stdint.h>

#include "baals/chain.h"
#include "baals/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Times are nanoseconds of the monotonic clock. The stages of a block follow one another, so their
 * sum is what the block took. Blocks of a reorganisation are left out. Begin with BAALS_STATS_INIT;
 * later versions only append, and of a caller whose header is older only its own part is written.
 */
typedef struct baals_stats {
    size_t size;         /* of this struct; BAALS_STATS_INIT sets it */
    uint64_t blocks;     /* made or taken in, and committed */
    uint64_t txs;        /* in them */
    uint64_t collect_ns; /* of a block made: consensus, the choice from the mempool */
    uint64_t verify_ns;  /* of a block taken in: decoding, consensus, signatures */
    uint64_t apply_ns;   /* running the transactions, settling fees */
    uint64_t root_ns;    /* the roots of state, transactions and receipts */
    uint64_t write_ns;   /* sealing, encoding, indexes, the journal's record */
    uint64_t sync_ns;    /* writing the record and its fdatasync */
    uint64_t publish_ns; /* making it visible, the mempool afterwards */
    /* Checkpoints that were taken because there was enough to write, beside blocks or, when blocks
     * come faster than those can follow, before one. One is being taken while more are begun than
     * are ended; a failed one has ended, too. */
    uint64_t checkpoints_begun;
    uint64_t checkpoints_ended;
    uint64_t checkpoint_ns; /* in those that ended */
} baals_stats;
#define BAALS_STATS_INIT                                                                           \
    {                                                                                              \
        sizeof(baals_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0                                    \
    }

/** The counters at this moment. Those this library does not know are zeros. */
BAALS_API BAALS_NODISCARD baals_status baals_stats_get(baals_chain *chain,
                                                       baals_stats *stats_out,
                                                       baals_error *err);

#ifdef __cplusplus
}
#endif
#endif /* BAALS_STATS_H */
