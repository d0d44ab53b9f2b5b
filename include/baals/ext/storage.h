/* SPDX-License-Identifier: MIT */
#ifndef BAALS_EXT_STORAGE_H
#define BAALS_EXT_STORAGE_H
/**
 * Storage backends: an ordered map of byte strings in named spaces, with snapshots and atomic
 * batches.
 *
 * The key-value store is a checkpoint behind the journal: whatever it loses can be rebuilt from
 * there, but what it answers must be one committed batch, whole.
 *
 * Threads:   one writer at a time; any number of snapshots, each used by one thread at a time,
 * beside the writer and without waiting for it. Ownership: slices read through a snapshot borrow
 * from it until snapshot_end. Errors:    see baals/error.h; local classes only. `err` may be NULL
 * everywhere. Keys:      1 to 511 bytes; values up to 1 MiB + 64 bytes. Order is by unsigned bytes,
 * a prefix first.
 */
#include "baals/error.h"
#include "baals/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The spaces of a store. Each is an ordered map of its own; the numbers are stored. */
typedef enum baals_space {
    BAALS_SPACE_ACCOUNTS = 0,    /* address -> account record */
    BAALS_SPACE_CODE = 1,        /* code hash -> length record */
    BAALS_SPACE_STORAGE = 2,     /* contract id || key -> value */
    BAALS_SPACE_META = 3,        /* name -> value */
    BAALS_SPACE_MODULES = 4,     /* code hash -> module bytes */
    BAALS_SPACE_PREIMAGES = 5,   /* store number || key hash -> key */
    BAALS_SPACE_NODES = 6,       /* store number || path -> state tree node */
    BAALS_SPACE_HEIGHTS = 7,     /* u64be height -> block locator */
    BAALS_SPACE_HASHES = 8,      /* block hash -> u64be height */
    BAALS_SPACE_TXS = 9,         /* transaction id -> u64be height || u32be position */
    BAALS_SPACE_HISTORY = 10,    /* address || u64be height || u32be position -> empty marker */
    BAALS_SPACE_CHECKPOINT = 11, /* what this store stands for */
    BAALS_SPACE_COUNT = 12,
    BAALS_SPACE_FORCE_INT = 0x7fffffff
} baals_space;

typedef struct baals_storage baals_storage;
/** One committed point of a storage, as its backend keeps it. */
typedef struct baals_snapshot baals_snapshot;

/** One change of a batch. */
typedef struct baals_write {
    baals_space space;
    int32_t is_delete; /* 1: remove the key if present; value is ignored */
    baals_slice key;
    baals_slice value;
} baals_write;

/** What `stats` fills in. */
typedef struct baals_storage_stats {
    uint64_t entries;    /* over all spaces */
    uint64_t disk_bytes; /* 0 for a backend in memory */
} baals_storage_stats;

/** Flags of `seek`. */
enum {
    BAALS_SEEK_EXCLUSIVE = 1,  /* leave out the key itself */
    BAALS_SEEK_DESCENDING = 2, /* the greatest key <= the given one; an empty key: the last one */
};

enum {
    BAALS_STORAGE_CAP_DURABLE = 1, /* survives the process */
};

#define BAALS_STORAGE_OPS_VERSION 1u

struct baals_storage_ops {
    uint32_t version; /* BAALS_STORAGE_OPS_VERSION; fields are only ever appended. */
    uint32_t caps;    /* BAALS_STORAGE_CAP_* */
    const char *name; /* "memory", "lmdb", "rocksdb" */
    /* Mandatory. Pins the latest committed batch. NOMEM, IO, LIMIT (too many snapshots). */
    baals_status (*snapshot_begin)(baals_storage *self,
                                   baals_snapshot **snapshot_out,
                                   baals_error *err);
    /* Mandatory. Releases the snapshot; every slice read through it is dead afterwards. */
    void (*snapshot_end)(baals_storage *self, baals_snapshot *snapshot);
    /* Mandatory. On BAALS_OK *value_out borrows from `snapshot`; on BAALS_NOTFOUND it is untouched.
     * IO, CORRUPT. */
    baals_status (*get)(baals_storage *self,
                        baals_slice *value_out,
                        baals_snapshot *snapshot,
                        baals_space space,
                        baals_slice key,
                        baals_error *err);
    /* Mandatory. The entry with the least key >= `key` (an empty key: the first), or as the
     * BAALS_SEEK_* flags say. Both slices borrow from `snapshot`. NOTFOUND: none; IO, CORRUPT. */
    baals_status (*seek)(baals_storage *self,
                         baals_slice *key_out,
                         baals_slice *value_out,
                         baals_snapshot *snapshot,
                         baals_space space,
                         baals_slice key,
                         uint32_t flags,
                         baals_error *err);
    /* Mandatory. Applies all writes in their order, or none. Not yet durable. Called by the one
     * writer. NOMEM, IO, IO_FULL. */
    baals_status (*apply)(baals_storage *self,
                          const baals_write *writes,
                          size_t count,
                          baals_error *err);
    /* Mandatory. Makes every applied batch durable; a no-op in memory. IO_SYNC is fatal for the
     * handle. */
    baals_status (*sync)(baals_storage *self, baals_error *err);
    /* Mandatory. */
    baals_status (*stats)(baals_storage *self, baals_storage_stats *stats_out, baals_error *err);
    /* Mandatory. Releases everything, `self` included; no snapshot is open. Never called with NULL.
     */
    void (*close)(baals_storage *self);
};

/** The first member of every backend's own struct. */
struct baals_storage {
    const struct baals_storage_ops *ops;
};

#ifdef __cplusplus
}
#endif
#endif /* BAALS_EXT_STORAGE_H */
