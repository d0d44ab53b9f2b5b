/* SPDX-License-Identifier: MIT */
#ifndef BL_STORAGE_JOURNAL_INTERNAL_H
#define BL_STORAGE_JOURNAL_INTERNAL_H
/*
 * What the journal's files share: the encoding (journal_format.c), the segment files
 * (journal_segment.c), the scan at opening (journal_scan.c), the tail rule (journal_tail.c). The
 * handle itself is in journal.c.
 */
#include <pthread.h>

#include "storage/journal.h"

#define BL_JOURNAL_VERSION 1u
#define BL_JOURNAL_ALIGN 4096u /* groups start on multiples of it; the header fills the first */
#define BL_JOURNAL_SEGMENT_HEADER 136u
#define BL_JOURNAL_RECORD_HEADER 112u
#define BL_JOURNAL_SALT 16u
#define BL_JOURNAL_SEGMENT_MIN (1024u * 1024u)
#define BL_JOURNAL_SEGMENT_MAX (1024u * 1024u * 1024u)
#define BL_JOURNAL_SEGMENT_DEFAULT (64u * 1024u * 1024u)
#define BL_JOURNAL_SEGMENTS_MAX 99999999u /* the name has eight digits */
#define BL_JOURNAL_OPEN_FILES_MAX 32u
#define BL_JOURNAL_WINDOW (256u * 1024u)

/* ---- positions ---- */

uint64_t bl_journal_position(uint32_t segment, uint32_t offset);
uint32_t bl_journal_segment_of(uint64_t position);
uint32_t bl_journal_offset_of(uint64_t position);
/* The next multiple of BL_JOURNAL_ALIGN, `offset` itself when it is one. */
uint64_t bl_journal_align(uint64_t offset);

/* ---- encoding ---- */

struct bl_journal_segment_header {
    uint32_t number;
    baals_hash chain_id;
    uint8_t salt[BL_JOURNAL_SALT];
    baals_hash prev;     /* hash of the record before the first one: the END of the last segment */
    uint64_t durable_to; /* known synced when the segment was made */
};

enum bl_journal_verdict {
    BL_JOURNAL_WHOLE,
    BL_JOURNAL_BAD,     /* not one of ours, or damaged */
    BL_JOURNAL_UNKNOWN, /* whole, but of a version this build does not know */
};

void bl_journal_segment_encode(uint8_t out[BL_JOURNAL_SEGMENT_HEADER],
                               const struct bl_journal_segment_header *header);
/* *out is filled in for WHOLE only. */
enum bl_journal_verdict bl_journal_segment_decode(struct bl_journal_segment_header *out,
                                                  const uint8_t bytes[BL_JOURNAL_SEGMENT_HEADER]);

struct bl_journal_header {
    enum bl_record_type type;
    uint32_t body_len;
    uint32_t group_rest; /* bytes of records of the same group behind this one */
    uint64_t position;
    uint64_t durable_to;
    uint8_t salt[BL_JOURNAL_SALT];
    baals_hash prev; /* hash of the record before */
    baals_hash hash; /* over the header before it and the body */
};

/* Writes the header and its hash (also into header->hash); `body` has header->body_len bytes. */
void bl_journal_header_encode(uint8_t out[BL_JOURNAL_RECORD_HEADER],
                              struct bl_journal_header *header,
                              const uint8_t *body);
/* False unless magic, type, length and group length are possible. Says nothing about the hash. */
bool bl_journal_header_decode(struct bl_journal_header *out,
                              const uint8_t bytes[BL_JOURNAL_RECORD_HEADER]);
/* Whether the header's hash holds over it and the body. */
bool bl_journal_header_holds(const uint8_t bytes[BL_JOURNAL_RECORD_HEADER],
                             const uint8_t *body,
                             size_t body_len);
/* Where the record after this one is looked for. */
uint64_t bl_journal_header_next(const struct bl_journal_header *header);

/* ---- segment files ---- */

/* One known segment. The file is open while `users` > 0 and for a while after. */
struct bl_journal_segment {
    struct bl_file *file; /* NULL: not open */
    uint64_t size;
    uint64_t used; /* larger: used later */
    uint32_t users;
    enum bl_journal_verdict verdict; /* of the header; for WHOLE it is in `header` */
    struct bl_journal_segment_header header;
};

/* The segments first..count of a folder; first is 1 unless the journal was trimmed. Every function
 * may be called from any thread but create, forget and deinit, which are the writer's. */
struct bl_journal_segments {
    struct bl_env *env;
    char *dir;
    bool read_only;
    pthread_mutex_t mutex;            /* guards all below */
    struct bl_journal_segment *items; /* of the segments base + 1, ... */
    uint32_t base;                    /* one before the first segment when the folder was listed */
    uint32_t first;                   /* the first segment there is */
    uint32_t count;                   /* the number of the last one */
    uint32_t cap;
    uint32_t open;
    uint64_t clock;
    struct bl_file *spare; /* zeros for a segment to come, synced; NULL: none */
    uint64_t spare_size;
};

/* Lists the folder (an absent one has no segments). CORRUPT_JOURNAL when a number is missing. */
baals_status bl_journal_segments_init(struct bl_journal_segments *segments,
                                      struct bl_env *env,
                                      const char *dir,
                                      bool read_only,
                                      baals_error *err);
void bl_journal_segments_deinit(struct bl_journal_segments *segments);
uint32_t bl_journal_segments_first(struct bl_journal_segments *segments);
uint32_t bl_journal_segments_count(struct bl_journal_segments *segments);
/* Removes the segments before `first`, which is there. Readers that hold one go on; new ones get
 * NOTFOUND. *freed_out: the bytes of their files. After a failure the journal begins later and is
 * whole. The writer's. */
baals_status bl_journal_segments_trim(struct bl_journal_segments *segments,
                                      uint64_t *freed_out,
                                      uint32_t first,
                                      baals_error *err);
/* Opens segment `number` when it is not and reads its header; a copy of what is known goes to
 * *out. It stays open until bl_journal_segments_release. NOTFOUND beyond the count. */
baals_status bl_journal_segments_acquire(struct bl_journal_segments *segments,
                                         struct bl_journal_segment *out,
                                         uint32_t number,
                                         baals_error *err);
void bl_journal_segments_release(struct bl_journal_segments *segments, uint32_t number);
/* Fills a spare file of `size` bytes for the next segment, unless there is one as large. By one
 * thread at a time, beside everything but deinit. */
baals_status
bl_journal_segments_prepare(struct bl_journal_segments *segments, uint64_t size, baals_error *err);
/* Makes the segment header->number = count + 1 of at least `size` zero bytes behind its header,
 * synced with the folder, of the spare file when that is large enough. On failure the file is
 * removed again where that is possible. */
baals_status bl_journal_segments_create(struct bl_journal_segments *segments,
                                        const struct bl_journal_segment_header *header,
                                        uint64_t size,
                                        baals_error *err);
/* Says that the segment has grown. */
void bl_journal_segments_resize(struct bl_journal_segments *segments,
                                uint32_t number,
                                uint64_t size);
/* Forgets the last segment and closes it. Nobody uses it. */
void bl_journal_segments_forget(struct bl_journal_segments *segments);
/* dir/NNNNNNNN.log into out[BL_PATH_MAX]. */
baals_status bl_journal_segments_path(const struct bl_journal_segments *segments,
                                      char *out,
                                      uint32_t number,
                                      baals_error *err);

/* ---- reading a segment through a window ---- */

struct bl_journal_window {
    const struct bl_alloc *alloc;
    struct bl_file *file;
    uint8_t *data;
    uint64_t base;
    size_t len;
};
baals_status bl_journal_window_init(struct bl_journal_window *window,
                                    const struct bl_alloc *alloc,
                                    baals_error *err);
void bl_journal_window_deinit(struct bl_journal_window *window);
/* Forgets what was read, turns to another file. */
void bl_journal_window_use(struct bl_journal_window *window, struct bl_file *file);
/* *out gets the bytes from `offset`, at least one and at most `len`, as many as are at hand; 0 at
 * the end of the file. Valid until the next call. */
baals_status bl_journal_window_read(struct bl_journal_window *window,
                                    baals_slice *out,
                                    uint64_t offset,
                                    size_t len,
                                    baals_error *err);
/* Copies `len` bytes from `offset`, fewer only at the end of the file. */
baals_status bl_journal_window_copy(struct bl_journal_window *window,
                                    uint8_t *out,
                                    size_t *read_out,
                                    uint64_t offset,
                                    size_t len,
                                    baals_error *err);
/* Decodes what stands at `position` of a segment of `size` bytes: *found_out when it is a possible
 * record that names this place and lies inside. The hash is not checked. */
baals_status bl_journal_window_header(struct bl_journal_window *window,
                                      struct bl_journal_header *out,
                                      bool *found_out,
                                      uint64_t position,
                                      uint64_t size,
                                      baals_error *err);
/* *whole_out: the hash holds. */
baals_status bl_journal_window_check(struct bl_journal_window *window,
                                     const struct bl_journal_header *header,
                                     bool *whole_out,
                                     baals_error *err);
/* One behind the last byte that is not zero from `from` on; `from` when all are. */
baals_status bl_journal_window_last(struct bl_journal_window *window,
                                    uint64_t *end_out,
                                    uint64_t from,
                                    uint64_t size,
                                    baals_error *err);

/* ---- opening ---- */

/* What reading the records from the start has found. */
struct bl_journal_scan {
    uint64_t records;
    uint64_t end;         /* behind the last whole group */
    baals_hash last_hash; /* of its last record */
    bool covered;         /* it was a SYNC or END, or there is none */
    bool bad;             /* what stands at `end` is not the next group */
};

/* Reads whole groups from `from` (0: the start) until something else is met. CORRUPT_FOREIGN,
 * UNSUPPORTED_VERSION; CORRUPT_JOURNAL when `from` is no whole record or a whole segment header
 * does not continue the segment before it. */
baals_status bl_journal_scan_run(struct bl_journal_scan *out,
                                 struct bl_journal_segments *segments,
                                 struct bl_journal_window *window,
                                 const baals_hash *chain_id,
                                 uint64_t from,
                                 baals_error *err);

/* Decides about what stands from scan->end on, nothing being whole there: CORRUPT_JOURNAL, or cut
 * (in read-only mode: reported). */
baals_status bl_journal_tail_settle(struct bl_journal_report *report,
                                    const struct bl_journal_scan *scan,
                                    struct bl_journal_segments *segments,
                                    struct bl_journal_window *window,
                                    uint64_t must_reach,
                                    baals_error *err);

#endif /* BL_STORAGE_JOURNAL_INTERNAL_H */
