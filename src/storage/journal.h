/* SPDX-License-Identifier: MIT */
#ifndef BL_STORAGE_JOURNAL_H
#define BL_STORAGE_JOURNAL_H
/*
 * The block journal: the truth of a chain. Append-only segments of records, each under a checksum
 * and chained to the one before by its hash (docs/internals/journal.md has the bytes).
 *
 * A position is segment << 32 | offset; positions compare as numbers. Records are appended to a
 * group in memory; bl_journal_commit writes the group at a 4,096-byte boundary and syncs it. What
 * commit returned OK for survives kill -9 and power loss. A group is kept or cut as a whole, so a
 * REVERT never stands without the BLOCKs committed with it. A failed sync stops the handle: every
 * later call answers IO_SYNC.
 *
 * Threads: append, commit, cover and close by the one writer; read from any thread beside it, but
 * not beside close.
 */
#include "base/env.h"

#define BL_JOURNAL_BODY_MAX (512u * 1024u * 1024u)
#define BL_JOURNAL_GROUP_MAX (1024u * 1024u * 1024u)

enum bl_record_type {
    BL_RECORD_BLOCK = 1, /* block, receipts, write set, added modules */
    BL_RECORD_SIDE = 2,  /* a fork candidate: the block alone */
    BL_RECORD_REVERT =
        3,              /* to index, hash, number of BLOCK records that follow in the same group */
    BL_RECORD_SYNC = 4, /* empty: covers the record before it */
    BL_RECORD_END = 5,  /* closes a segment */
};

/* A record as read back. `body` is owned by the record: bl_journal_record_deinit. */
struct bl_journal_record {
    enum bl_record_type type;
    uint64_t position;
    uint64_t next; /* where the following record is to be looked for */
    uint64_t durable_to;
    uint8_t *body;
    size_t body_len;
};

/* What opening found at the end. */
struct bl_journal_report {
    uint64_t records;      /* whole records read, END records left out */
    uint64_t end;          /* the position behind the last good record */
    uint64_t cut_position; /* 0: nothing was cut */
    uint64_t cut_bytes;    /* bytes kept in journal/cut-<pos> */
    char cut_path[64];     /* the name of that file in the journal's folder; "" in read-only mode */
};

struct bl_journal;

/* Settings; 0 means the default. */
struct bl_journal_options {
    uint32_t segment_bytes; /* the largest size of a pre-allocated segment; default 64 MiB, from
                             * 1 MiB to 1 GiB. Sizes double from 1 MiB, so that a small chain has
                             * a small journal; a group that needs more gets a larger segment. */
    uint64_t must_reach;    /* a checkpoint stands for the journal up to here (the `next` of a
                             * record): less is CORRUPT_JOURNAL */
    int32_t read_only;      /* verify: touch nothing, report a tail instead of cutting it */
    uint64_t scan_from;     /* the position of a record known to be good: what stands before it is
                             * not read. 0: from the start */
    int32_t trimmed;        /* 1: the first segments may be gone (bl_journal_trim); the caller looks
                             * at bl_journal_begin. 0: a missing first one is CORRUPT_JOURNAL */
};

/* Opens (or creates, when `dir` has no segment) the journal of the chain `chain_id` in the folder
 * `dir`, reads every record once from the position options->scan_from and applies the tail rule: a
 * torn tail is cut and reported, a damaged record with durable ones behind it is CORRUPT_JOURNAL
 * with its place and nothing is touched. `options` and `report_out` may be NULL. CORRUPT_FOREIGN
 * for another chain's; UNSUPPORTED_VERSION for a later format; NOTFOUND when read_only and there is
 * no segment; IO. */
baals_status bl_journal_open(struct bl_journal **out,
                             struct bl_journal_report *report_out,
                             struct bl_env *env,
                             const char *dir,
                             const baals_hash *chain_id,
                             const struct bl_journal_options *options,
                             baals_error *err);
/* Appends a SYNC record when the last group is not covered, then closes. A group that was not
 * committed is dropped. The handle is gone either way; the status says whether that last record
 * became durable. NULL is ignored. */
baals_status bl_journal_close(struct bl_journal *journal, baals_error *err);

/* Adds a record to the group, its body given in `count` parts. *position_out (may be NULL) is where
 * it will stand. `type` is BLOCK, SIDE or REVERT. NOMEM, LIMIT (a body beyond BL_JOURNAL_BODY_MAX,
 * a group beyond BL_JOURNAL_GROUP_MAX): the group is as it was. */
baals_status bl_journal_append(struct bl_journal *journal,
                               uint64_t *position_out,
                               enum bl_record_type type,
                               const baals_slice *parts,
                               size_t count,
                               baals_error *err);
/* Drops the group: nothing of it is written. */
void bl_journal_abandon(struct bl_journal *journal);
/* Writes and syncs the group. On IO_FULL nothing is acknowledged, the group is dropped, and the
 * journal stays usable; so it is for NOMEM, and for a failure while a new segment is made. On
 * IO_SYNC, or IO while the group is written, the handle stops. An empty group is OK. */
baals_status bl_journal_commit(struct bl_journal *journal, baals_error *err);
/* Appends and syncs a SYNC record when the last group is not covered by a later record, so that a
 * damage to it is told from a torn tail. To be called about one second after the last commit. Does
 * nothing while a group is being gathered: its commit covers. Errors as bl_journal_commit. */
baals_status bl_journal_cover(struct bl_journal *journal, baals_error *err);
/* Whether it is time to prepare the next segment: the newest is half full and nothing was prepared.
 * Any thread. */
bool bl_journal_wants_segment(const struct bl_journal *journal);
/* Fills the file of the next segment beside the writer, so that the commit which begins it need not
 * wait for that. A failure is no harm, that commit makes its own file then; it is not tried again
 * for this segment. By one thread at a time, and not beside close. IO*, NOMEM. */
baals_status bl_journal_prepare_segment(struct bl_journal *journal, baals_error *err);
/* The position behind the last durable record: where the next group will be looked for. Any thread.
 */
uint64_t bl_journal_end(const struct bl_journal *journal);
/* The first record's position, later than that of segment 1 after a trim. Any thread. */
uint64_t bl_journal_begin(struct bl_journal *journal);
/* Removes every segment that lies wholly before `position`, a record's; the journal begins with the
 * segment of that record from now on. Whoever opens it has to know by other means what stood
 * before. *freed_out: bytes given back to the file system. IO; the journal stays usable. */
baals_status bl_journal_trim(struct bl_journal *journal,
                             uint64_t *freed_out,
                             uint64_t position,
                             baals_error *err);

/* Reads and checks the record at `position`; NOTFOUND at the end, CORRUPT_JOURNAL when it is
 * damaged. Only durable records are seen. END records and gaps are passed over:
 * record_out->position says where it was. */
baals_status bl_journal_read(struct bl_journal *journal,
                             struct bl_journal_record *record_out,
                             uint64_t position,
                             baals_error *err);
void bl_journal_record_deinit(struct bl_journal *journal, struct bl_journal_record *record);

#endif /* BL_STORAGE_JOURNAL_H */
