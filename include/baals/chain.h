/* SPDX-License-Identifier: MIT */
#ifndef BAALS_CHAIN_H
#define BAALS_CHAIN_H
/**
 * A chain: one directory, one handle.
 *
 * Threads:   a handle may be used from any number of threads at once. One process owns a data
 *            directory: a second one gets BUSY_OWNED.
 * Ownership: owned results are baals_bytes, released with baals_bytes_free; everything else is
 * written into the caller's memory. What a callback is given is valid during the call only. Errors:
 * every function may also return NOMEM, IO*, CORRUPT*, MISUSE and MISUSE_CLOSED. Words:     a
 * transaction is accepted (in the mempool, written: survives kill -9), then committed (in a durable
 * block: survives power loss), then final (will not be reverted).
 */
#include <stddef.h>
#include <stdint.h>

#include "baals/error.h"
#include "baals/trace.h"
#include "baals/tx.h"
#include "baals/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** An open chain. */
typedef struct baals_chain baals_chain;

/** Owned bytes. Zero it before the first use; a function that fills one in frees nothing. */
typedef struct baals_bytes {
    uint8_t *data;
    size_t len;
    void *owner; /* the library's */
} baals_bytes;

/** Releases the bytes and zeroes the struct. Zeroed structs and NULL are ignored. May be called
 * after baals_close. */
BAALS_API void baals_bytes_free(baals_bytes *bytes);

/** Memory for a chain. `resize` acts like realloc; new_size 0 frees and returns NULL. Thread-safe.
 */
typedef struct baals_allocator {
    void *(*resize)(void *ctx, void *pointer, size_t old_size, size_t new_size);
    void *ctx;
} baals_allocator;

/** Levels of log lines. */
typedef enum baals_log_level {
    BAALS_LOG_ERROR = 0,
    BAALS_LOG_WARN = 1,
    BAALS_LOG_INFO = 2,
    BAALS_LOG_DEBUG = 3,
    BAALS_LOG_FORCE_INT = 0x7fffffff
} baals_log_level;

/** Flags of baals_open. */
enum {
    BAALS_OPEN_CREATE = 1,    /* make the chain from options.genesis when the directory has none */
    BAALS_OPEN_PRODUCE = 2,   /* make blocks on a thread of the chain's own, as consensus says */
    BAALS_OPEN_EXCLUSIVE = 4, /* with CREATE: LIMIT_EXISTS when there is a chain already */
};

/** What becomes of the headers of blocks that are given up (keep_headers). */
enum {
    BAALS_HEADERS_AS_BEFORE = 0, /* kept if the directory keeps some; a new one keeps none */
    BAALS_HEADERS_KEEP = 1,      /* kept with their seals from now on (see baals_header_get) */
    BAALS_HEADERS_DROP = 2,      /* the next pruning gives up those that are kept, too */
};

/** Options of baals_open. Begin with BAALS_OPTIONS_INIT; zeros are the defaults. Later versions
 * only append. `size` says what the caller's header has: what a smaller struct lacks is the
 * default, and a larger one is UNSUPPORTED_VERSION if it asks for something this library does not
 * know. */
typedef struct baals_options {
    size_t size;         /* of this struct; BAALS_OPTIONS_INIT sets it */
    uint32_t flags;      /* BAALS_OPEN_* */
    const char *storage; /* "lmdb", "rocksdb" (UNSUPPORTED where it is not built) or "memory"; NULL:
                            what the directory has, lmdb for a new one */
    baals_slice
        genesis; /* for CREATE: encoded by baals_genesis_encode. Opening compares it if given */
    const baals_slice *modules; /* for CREATE: code of the genesis contracts, in their order */
    size_t module_count;
    const baals_keypair *authority;   /* copied; NULL: this handle seals no blocks */
    const baals_allocator *allocator; /* copied; NULL: the C library's */
    void (*log)(void *ctx, baals_log_level level, const char *message); /* from any thread */
    void *log_ctx;
    uint64_t pool_count_max;      /* default 65,536 transactions */
    uint64_t pool_bytes_max;      /* default 128 MB */
    uint64_t pool_per_sender_max; /* default 16,384 */
    uint64_t pool_age_ms_max;     /* default 24 h */
    uint64_t
        checkpoint_bytes; /* changes held in memory before they go to the store; default 32 MiB */
    uint64_t cache_bytes; /* prepared contract modules; default 64 MiB */
    const char *vm; /* what runs contracts: "interpreter", "wasmtime" (UNSUPPORTED where it is not
                       built or does not run), or NULL for the fastest there is. Results, gas and
                       roots are the same. */
    int32_t trap_signals;    /* 1: wasmtime may catch traps with signal handlers of the process
                                (SIGSEGV, SIGILL, SIGFPE, SIGBUS), which is a little faster */
    uint32_t verify_threads; /* threads that check signatures at once, the caller's counted; they
                                are the chain's own. 0: as many as there are CPUs, at most 64; 1:
                                the caller's alone */
    uint64_t keep_blocks;    /* prune from time to time, keeping at least so many blocks (see
                                baals_prune), but at least 1,000. 0: keep all */
    uint64_t (*clock_ms)(void *ctx); /* the wall clock, milliseconds since 1970, from any thread;
                                        NULL: the system's. For tests and simulations */
    void *clock_ctx;
    int32_t keep_headers; /* BAALS_HEADERS_*: what a pruning does with the headers */
    uint64_t state_bytes; /* memory for the state tree and account records that are kept ready;
                             default 512 MiB. What does not fit is read from the store and checked
                             again, so blocks take longer; roots and results are the same */
} baals_options;
#define BAALS_OPTIONS_INIT                                                                         \
    {                                                                                              \
        sizeof(baals_options), 0, NULL, {NULL, 0}, NULL, 0, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, \
            0, NULL, 0, 0, 0, NULL, NULL, 0, 0                                                     \
    }

/* ---- lifecycle ---- */

/** Opens the chain in the directory `path`, or makes it with BAALS_OPEN_CREATE. ":memory:" is a
 * chain that lives as long as its handle. NOTFOUND_CHAIN, BUSY_OWNED, CORRUPT_*, REJECT_GENESIS. */
BAALS_API BAALS_NODISCARD baals_status baals_open(baals_chain **chain_out,
                                                  const char *path,
                                                  const baals_options *options,
                                                  baals_error *err);
/** One more reference, to be closed on its own. */
BAALS_API baals_chain *baals_chain_ref(baals_chain *chain);
/** Gives up a reference; the last one stops the chain's threads, writes a checkpoint and closes.
 * The handle is gone whatever the status. NULL is OK. */
BAALS_API baals_status baals_close(baals_chain *chain, baals_error *err);

/** Where a chain stands. */
typedef struct baals_chain_info {
    baals_hash chain_id;
    char name[65];
    char engine[17];
    int32_t dev;
    int32_t can_seal; /* 1: the handle has the key of an authority */
    uint64_t height;
    baals_hash hash;
    baals_hash state_root;
    uint64_t timestamp_ms;
    uint64_t final_height;
    uint64_t tx_count; /* committed since genesis */
    uint64_t pending;  /* in the mempool */
    uint64_t supply;
    uint64_t burned;
    uint64_t epoch; /* of system operations */
    baals_chain_params params;
    uint32_t authority_count;
    baals_address authorities[64];
    uint64_t kept_from;    /* the first block that is kept whole; 0: all are (see baals_prune) */
    uint64_t headers_from; /* the first one whose header is kept; at most kept_from */
} baals_chain_info;
BAALS_API BAALS_NODISCARD baals_status baals_chain_info_get(baals_chain *chain,
                                                            baals_chain_info *info_out,
                                                            baals_error *err);
/** The encoded genesis. */
BAALS_API BAALS_NODISCARD baals_status baals_genesis_get(baals_chain *chain,
                                                         baals_bytes *out,
                                                         baals_error *err);

/* ---- transactions ---- */

/** Puts an encoded transaction into the mempool: on BAALS_OK it is accepted. The REJECT statuses of
 * docs/spec/transition.md, LIMIT_POOL, LIMIT_SENDER, LIMIT_PRICE, LIMIT_KNOWN. *id_out may be NULL.
 */
BAALS_API BAALS_NODISCARD baals_status baals_submit(baals_chain *chain,
                                                    baals_hash *id_out,
                                                    baals_slice tx,
                                                    baals_error *err);

/** Puts many transactions into the mempool, in their order: signatures are checked in batches on
 * the chain's threads, which costs a fraction of what as many calls of baals_submit do. On BAALS_OK
 * statuses_out[i] is what baals_submit would have returned for txs[i], and ids_out[i] (ids_out may
 * be NULL) its id where that is BAALS_OK, else zeros. Any other status is a failure of this machine
 * (NOMEM, IO, CORRUPT, MISUSE_CLOSED): the first one; statuses_out still says of every transaction
 * whether it was accepted. MISUSE leaves the outputs alone. */
BAALS_API BAALS_NODISCARD baals_status baals_submit_many(baals_chain *chain,
                                                         baals_hash *ids_out,
                                                         baals_status *statuses_out,
                                                         const baals_slice *txs,
                                                         size_t count,
                                                         baals_error *err);

/** Where a committed transaction stands. */
typedef struct baals_tx_place {
    uint64_t height;
    uint32_t position; /* in its block, from 0 */
    baals_hash block_hash;
} baals_tx_place;

/** Waits until the transaction is committed. BUSY_TIMEOUT after timeout_ms (0: only looks);
 * NOTFOUND when it is neither pending nor committed; the status it was dropped with when it left
 * the pool. */
BAALS_API BAALS_NODISCARD baals_status baals_wait(baals_chain *chain,
                                                  baals_tx_place *place_out,
                                                  const baals_hash *id,
                                                  uint32_t timeout_ms,
                                                  baals_error *err);
/** The nonce of the sender's next transaction, those in the mempool counted. */
BAALS_API BAALS_NODISCARD baals_status baals_nonce_next(baals_chain *chain,
                                                        uint64_t *nonce_out,
                                                        const baals_address *sender,
                                                        baals_error *err);
/** Calls `each` for every pending transaction in the order blocks would take them, until it returns
 * something other than 0. */
BAALS_API BAALS_NODISCARD baals_status baals_pending_each(
    baals_chain *chain,
    int32_t (*each)(void *ctx, const baals_hash *id, uint64_t arrived_ms, baals_slice tx),
    void *ctx,
    baals_error *err);
/** Empties the mempool. */
BAALS_API BAALS_NODISCARD baals_status baals_pending_clear(baals_chain *chain, baals_error *err);

/* ---- blocks ---- */

/** Makes one block now if consensus lets this handle's authority make one. *made_out is 0 when
 * there was nothing to do, then *wait_ms_out (may be NULL) says how long nothing will be
 * (UINT64_MAX: until something arrives). MISUSE_NOT_AUTHORITY, BUSY_CLOCK. Not to be mixed with
 * BAALS_OPEN_PRODUCE. */
BAALS_API BAALS_NODISCARD baals_status baals_produce_block(baals_chain *chain,
                                                           int32_t *made_out,
                                                           uint64_t *wait_ms_out,
                                                           baals_error *err);
/** Takes in a block made elsewhere. REJECT with the first rule it breaks; LIMIT_KNOWN; BUSY_AHEAD.
 */
BAALS_API BAALS_NODISCARD baals_status baals_import_block(baals_chain *chain,
                                                          baals_slice block,
                                                          baals_error *err);

/** An encoded block by height or by hash. NOTFOUND. */
BAALS_API BAALS_NODISCARD baals_status baals_block_get(baals_chain *chain,
                                                       baals_bytes *out,
                                                       uint64_t height,
                                                       baals_error *err);
BAALS_API BAALS_NODISCARD baals_status baals_block_get_by_hash(baals_chain *chain,
                                                               baals_bytes *out,
                                                               const baals_hash *hash,
                                                               baals_error *err);
/** A block's header and seal by height or by hash, encoded as [header, seal] (see
 * baals_sealed_header_decode): also of a block that the chain gave up, where it keeps headers (the
 * option keep_headers). NOTFOUND, NOTFOUND_PRUNED, CORRUPT_HEADERS. */
BAALS_API BAALS_NODISCARD baals_status baals_header_get(baals_chain *chain,
                                                        baals_bytes *out,
                                                        uint64_t height,
                                                        baals_error *err);
BAALS_API BAALS_NODISCARD baals_status baals_header_get_by_hash(baals_chain *chain,
                                                                baals_bytes *out,
                                                                const baals_hash *hash,
                                                                baals_error *err);
/** Calls `each` with the sealed headers of heights `from`, from + 1, ... up to the latest block, at
 * most `limit` of them, until it returns something other than 0. NOTFOUND_PRUNED when the chain
 * does not keep the first ones. */
BAALS_API BAALS_NODISCARD baals_status baals_headers_each(baals_chain *chain,
                                                          uint64_t from,
                                                          uint64_t limit,
                                                          int32_t (*each)(void *ctx,
                                                                          uint64_t height,
                                                                          baals_slice sealed),
                                                          void *ctx,
                                                          baals_error *err);
/** A transaction, committed or pending; *place_out is filled in and *committed_out is 1 when it is
 * committed. NOTFOUND. */
BAALS_API BAALS_NODISCARD baals_status baals_tx_get(baals_chain *chain,
                                                    baals_bytes *out,
                                                    int32_t *committed_out,
                                                    baals_tx_place *place_out,
                                                    const baals_hash *id,
                                                    baals_error *err);

/** Local notes about an execution, for people; never part of consensus. */
typedef struct baals_debug {
    baals_status trap; /* BAALS_OK or why it did not end OK */
    uint32_t revert_code;
    uint32_t function_index; /* UINT32_MAX: unknown */
    uint32_t offset;         /* in the instrumented module; UINT32_MAX: unknown */
    baals_address contract;  /* zeros: none */
    char message[160];
} baals_debug;

/** The encoded receipt of a committed transaction. place_out and debug_out may be NULL. NOTFOUND.
 */
BAALS_API BAALS_NODISCARD baals_status baals_receipt_get(baals_chain *chain,
                                                         baals_bytes *out,
                                                         baals_tx_place *place_out,
                                                         baals_debug *debug_out,
                                                         const baals_hash *id,
                                                         baals_error *err);

/* ---- state ---- */

/** An account as it is stored. */
typedef struct baals_account {
    baals_amount balance;
    uint64_t nonce;
    int32_t is_contract;
    baals_hash code_hash;
    int32_t has_creator;
    baals_address creator;
} baals_account;
/** NOTFOUND when the address has no record: then *account_out is zeros. */
BAALS_API BAALS_NODISCARD baals_status baals_account_get(baals_chain *chain,
                                                         baals_account *account_out,
                                                         const baals_address *address,
                                                         baals_error *err);
/** A contract's code. NOTFOUND. */
BAALS_API BAALS_NODISCARD baals_status baals_code_get(baals_chain *chain,
                                                      baals_bytes *out,
                                                      const baals_hash *code_hash,
                                                      baals_error *err);
/** A contract's stored value. NOTFOUND. */
BAALS_API BAALS_NODISCARD baals_status baals_storage_get(baals_chain *chain,
                                                         baals_bytes *out,
                                                         const baals_address *contract,
                                                         baals_slice key,
                                                         baals_error *err);
/** Transactions of an address (as sender, recipient or contract made), newest first, at most
 * `limit` of them before *cursor_io (begin with UINT64_MAX; it is set for the next call, 0 at the
 * end). */
BAALS_API BAALS_NODISCARD baals_status
baals_history_each(baals_chain *chain,
                   uint64_t *cursor_io,
                   const baals_address *address,
                   uint32_t limit,
                   int32_t (*each)(void *ctx, const baals_hash *id, const baals_tx_place *place),
                   void *ctx,
                   baals_error *err);

/** A proof and what it proves. */
typedef struct baals_proof {
    int32_t exists;
    baals_bytes value;  /* when it exists */
    baals_bytes proof;  /* for baals/proof.h */
    baals_bytes header; /* the encoded header whose state_root it is against */
} baals_proof;
/** Proves that `store` ("accounts", "code", "storage", "meta") has or has not the key, at the
 * latest committed block. Released with baals_proof_free. */
BAALS_API BAALS_NODISCARD baals_status baals_prove(baals_chain *chain,
                                                   baals_proof *proof_out,
                                                   const char *store,
                                                   baals_slice key,
                                                   baals_error *err);
BAALS_API void baals_proof_free(baals_proof *proof);

/* ---- contracts without a transaction ---- */

/** A read-only call. Begin with BAALS_QUERY_INIT; `size` as in baals_options. */
typedef struct baals_query {
    size_t size;          /* of this struct; BAALS_QUERY_INIT sets it */
    baals_address caller; /* zeros: nobody */
    baals_address contract;
    baals_slice method;
    baals_slice args;
    uint64_t gas_max;     /* 0: 50,000,000 */
    uint64_t time_ms_max; /* 0: 2,000 */
} baals_query;
#define BAALS_QUERY_INIT                                                                           \
    {                                                                                              \
        sizeof(baals_query), {{0}}, {{0}}, {NULL, 0}, {NULL, 0}, 0, 0                              \
    }

/** What a query or simulation gave. Released with baals_outcome_free. */
typedef struct baals_outcome {
    baals_receipt_status status;
    uint64_t gas_used;
    uint64_t fee;        /* of a simulation */
    baals_bytes receipt; /* encoded: output and events */
    baals_debug debug;
    baals_bytes logs; /* lines the contract logged */
} baals_outcome;
/** Runs a call at the latest committed block and changes nothing. What the contract did is in the
 * outcome; a status that is not OK is local. BUSY_TIMEOUT. */
BAALS_API BAALS_NODISCARD baals_status baals_query_run(baals_chain *chain,
                                                       baals_outcome *outcome_out,
                                                       const baals_query *query,
                                                       baals_error *err);
/** Runs an encoded transaction as if it were next and throws the changes away. Its signature is not
 * looked at. REJECT when it could not be included. */
BAALS_API BAALS_NODISCARD baals_status baals_simulate(baals_chain *chain,
                                                      baals_outcome *outcome_out,
                                                      baals_slice tx,
                                                      baals_error *err);
/** The same, and `tracer` is told on this thread what contracts do, item by item. The outcome is
 * that of baals_simulate. It must not call into the chain. */
BAALS_API BAALS_NODISCARD baals_status baals_simulate_traced(baals_chain *chain,
                                                             baals_outcome *outcome_out,
                                                             const baals_tracer *tracer,
                                                             baals_slice tx,
                                                             baals_error *err);
BAALS_API void baals_outcome_free(baals_outcome *outcome);
/** Whether a module may be deployed on this chain. REJECT_CODE with function, offset and cause. */
BAALS_API BAALS_NODISCARD baals_status baals_code_check(baals_chain *chain,
                                                        baals_slice code,
                                                        baals_error *err);

/* ---- events ---- */

/** Kinds of what a subscription delivers. */
typedef enum baals_notice_kind {
    BAALS_NOTICE_BLOCK = 0,    /* a block was committed */
    BAALS_NOTICE_TX = 1,       /* a transaction of it, with its receipt */
    BAALS_NOTICE_REVERTED = 2, /* blocks above `height` were reverted */
    BAALS_NOTICE_FORCE_INT = 0x7fffffff
} baals_notice_kind;

/** A place in the order of everything a chain committed or reverted. Zeros: the beginning. Survives
 * a restart, belongs to one data directory. */
typedef struct baals_cursor {
    uint64_t record;
    uint64_t item;
} baals_cursor;

/** One notice. */
typedef struct baals_notice {
    baals_notice_kind kind;
    baals_cursor cursor; /* go on behind this notice with it */
    uint64_t height;
    uint32_t position;
    baals_hash id;       /* of the block or the transaction; of the new tip for REVERTED */
    baals_slice receipt; /* encoded, for TX */
} baals_notice;

/** The cursor behind everything committed so far: notices from now on. */
BAALS_API BAALS_NODISCARD baals_status baals_cursor_now(baals_chain *chain,
                                                        baals_cursor *cursor_out,
                                                        baals_error *err);

/** Delivers what was committed and reverted in order, behind *cursor_io, without gap or duplicate,
 * until `each` returns something other than 0 or nothing is left; waits up to timeout_ms when there
 * is nothing at first. *cursor_io is moved on. BUSY_TIMEOUT when nothing came. */
BAALS_API BAALS_NODISCARD baals_status
baals_notices_each(baals_chain *chain,
                   baals_cursor *cursor_io,
                   uint32_t timeout_ms,
                   int32_t (*each)(void *ctx, const baals_notice *notice),
                   void *ctx,
                   baals_error *err);

/* ---- whole chains ---- */

/** Receives bytes of an export; anything but BAALS_OK stops it and is returned. */
typedef baals_status (*baals_sink)(void *ctx, baals_slice bytes, baals_error *err);
/** Gives the next bytes of an import: fills up to cap bytes, *len_out 0 at the end. */
typedef baals_status (*baals_source)(
    void *ctx, uint8_t *out, size_t cap, size_t *len_out, baals_error *err);

/** Writes the chain (genesis, contract modules, blocks 1 to the tip) in the canonical form of
 * docs/spec/export.md: the same bytes on every machine and backend. */
BAALS_API BAALS_NODISCARD baals_status baals_export(baals_chain *chain,
                                                    baals_sink sink,
                                                    void *ctx,
                                                    baals_error *err);
/** Reads an export. Into an open chain of the same genesis (its blocks beyond the tip are imported,
 * each fully checked), *height_out is the height reached. REJECT, CORRUPT_FOREIGN. */
BAALS_API BAALS_NODISCARD baals_status baals_import(
    baals_chain *chain, uint64_t *height_out, baals_source source, void *ctx, baals_error *err);
/** Makes the chain in `path` from an export; options as for baals_open, CREATE is implied and
 * genesis and modules come from the export. */
BAALS_API BAALS_NODISCARD baals_status baals_import_new(baals_chain **chain_out,
                                                        const char *path,
                                                        const baals_options *options,
                                                        baals_source source,
                                                        void *ctx,
                                                        baals_error *err);

/** Flags of baals_verify. */
enum {
    BAALS_VERIFY_REPLAY = 1, /* execute every block again */
};

/** What was verified, or what was found. */
typedef struct baals_verify_report {
    uint64_t height;
    baals_hash hash;
    baals_hash state_root;
    uint64_t blocks;
    uint64_t txs;
    uint64_t records; /* of the state */
    uint64_t journal_bytes;
    uint64_t tail_bytes; /* torn bytes behind the last record: not damage */
    uint64_t kept_from;  /* the first block the chain keeps; 0: all. The verification begins with
                            the snapshot of it, or earlier where the journal has more */
    uint64_t headers;    /* of blocks that are gone, checked up to the first block verified */
} baals_verify_report;
/** Progress of long work; total 0 when unknown. May be NULL. */
typedef void (*baals_progress)(void *ctx, const char *what, uint64_t done, uint64_t total);

/** Re-reads the whole journal of a chain that no process owns, its hash chain and signatures, and
 * recomputes the state roots from the flat records. Kept headers are followed up to the first block
 * of the journal, their seals checked. Writes nothing but the end of a checkpoint that was cut
 * short. CORRUPT_* names what is damaged. */
BAALS_API BAALS_NODISCARD baals_status baals_verify(baals_verify_report *report_out,
                                                    const char *path,
                                                    uint32_t flags,
                                                    const baals_options *options,
                                                    baals_progress progress,
                                                    void *ctx,
                                                    baals_error *err);
/** Rebuilds the key-value store from the journal, the snapshot it begins with, and the kept
 * headers; the old one is moved aside. CORRUPT_HEADERS when those are damaged: put a good copy in
 * their place, or go on without them with BAALS_HEADERS_DROP. */
BAALS_API BAALS_NODISCARD baals_status baals_repair(baals_verify_report *report_out,
                                                    const char *path,
                                                    const baals_options *options,
                                                    baals_progress progress,
                                                    void *ctx,
                                                    baals_error *err);

/** What baals_prune did. */
typedef struct baals_prune_report {
    uint64_t kept_from;       /* the first block the chain keeps */
    uint64_t snapshot_height; /* of the newest snapshot */
    uint64_t blocks;          /* given up by this call */
    uint64_t bytes_freed;     /* of the journal, by this call; room in the store is used again */
    uint64_t headers_from;    /* the first header the chain keeps; kept_from: none before it */
} baals_prune_report;

/** Gives up old blocks, so that the chain does not outgrow its disk: at least the newest
 * `keep_blocks` final blocks stay, with their receipts and index entries; the state is not touched.
 * A snapshot of the state has to stand for what is given up, so a call writes one of the newest
 * final block unless there is one younger than `keep_blocks` blocks, and removes what lies before
 * the newest one that has `keep_blocks` blocks behind it. The first call with keep_blocks > 0
 * therefore only begins; with 0 everything before the newest final block goes at once. Space comes
 * back in whole journal segments. Where the option keep_headers says so, the headers and seals of
 * what is given up are kept (about 310 bytes each, on the disk before anything is removed). May run
 * beside everything else; readers of a block that is gone get NOTFOUND_PRUNED. A chain without its
 * first blocks has no export, and verify and replay begin with its snapshot. CORRUPT_*, IO,
 * IO_FULL: nothing that is needed is gone. */
BAALS_API BAALS_NODISCARD baals_status baals_prune(baals_chain *chain,
                                                   baals_prune_report *report_out,
                                                   uint64_t keep_blocks,
                                                   baals_error *err);

#ifdef __cplusplus
}
#endif
#endif /* BAALS_CHAIN_H */
