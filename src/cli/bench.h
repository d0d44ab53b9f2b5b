/* SPDX-License-Identifier: MIT */
#ifndef BL_CLI_BENCH_H
#define BL_CLI_BENCH_H
/*
 * `baals bench` from the inside: what its files share.
 *
 * A measurement (bench_measurements) fills in one or more lines of the table bench_lines. It works
 * through the public API alone; what is prepared (keys, signatures, chains of many accounts) is not
 * counted. Every value is a whole number: nanoseconds, or events per second.
 */
#include "cli/cli_internal.h"

#define BENCH_RUNS_MAX 64u
#define BENCH_RUNS_DEFAULT 5u
/* Most bytes of one transaction that is prepared. */
#define BENCH_TX_MAX 512u
/* Keys that sign; each sends one transaction per block of 10,000. */
#define BENCH_SENDERS 10000u

enum bench_unit {
    BENCH_PER_SECOND, /* more is better */
    BENCH_NS,         /* less is better, as with all that follow */
    BENCH_PERCENT,
    BENCH_KIB,
};

enum bench_line_id {
    BENCH_DECODE,
    BENCH_VERIFY_SINGLE,
    BENCH_VERIFY_ONE_CORE,
    BENCH_VERIFY_ALL_CORES,
    BENCH_TRANSFERS,
    BENCH_TRANSFERS_MEMORY,
    BENCH_APPLY,
    BENCH_ROOT,
    BENCH_APPLY_ROOT,
    BENCH_APPLY_ROOT_COLD,
    BENCH_COMMIT,
    BENCH_TOKENS,
    BENCH_TOKENS_MEMORY,
    BENCH_CALL,
    BENCH_CALL_QUERY,
    BENCH_LATENCY_P50,
    BENCH_LATENCY_P99,
    BENCH_SOCKET_P50,
    BENCH_SOCKET_P99,
    BENCH_STALL_P50,
    BENCH_STALL_P999,
    BENCH_STALL_MAX,
    BENCH_STALL_NONE_P999,
    BENCH_OPEN_EMPTY,
    BENCH_OPEN_MANY,
    BENCH_PROVE,
    BENCH_PROOF_VERIFY,
    /* Only when they are asked for: */
    BENCH_GROWTH_TIME,
    BENCH_GROWTH_MEMORY,
    BENCH_ROOT_TENFOLD,
    BENCH_APPLY_ROOT_TENFOLD,
    BENCH_APPLY_ROOT_COLD_TENFOLD,
    BENCH_MEMORY_TENFOLD,
    BENCH_LINE_COUNT
};

/* The first of the lines that are measured only when they are asked for. */
#define BENCH_FIRST_ASKED BENCH_GROWTH_TIME

/* A line of the table of targets; 0: no target, or one that depends on other values (bench_floor,
 * bench_goal). */
struct bench_line {
    const char *name;
    const char *what;
    enum bench_unit unit;
    uint64_t floor;
    uint64_t goal;
};
extern const struct bench_line bench_lines[BENCH_LINE_COUNT];

/* What was measured of a line. */
struct bench_values {
    uint64_t values[BENCH_RUNS_MAX];
    unsigned count;
};

/* A row of `bench --only growth`: one tenth of the blocks. */
struct bench_tenth {
    uint64_t blocks; /* made so far */
    uint64_t block_ns;
    uint64_t own_kib;      /* memory of the process' own */
    uint64_t resident_kib; /* with the pages of mapped files */
    uint64_t journal_kib;
    uint64_t kv_kib;
};
#define BENCH_TENTHS 10u

/* The machine (bench_machine.c). */
struct bench_machine {
    char cpu[128];
    char features[160];
    char kernel[160];
    char file_system[64];
    uint64_t cores;
    uint64_t memory_mib;
    uint64_t sync_p50_ns; /* of 4 KiB written into allocated space, then fdatasync */
    uint64_t sync_p99_ns;
};

/* How much is measured. */
struct bench_size {
    unsigned runs;
    unsigned transfers; /* per run, over all senders */
    unsigned senders;
    unsigned block_txs; /* of a block of the lines apply, root, commit */
    unsigned accounts;
    unsigned latencies;     /* blocks of one transaction per run */
    unsigned stall_blocks;  /* the same of the lines stall-*, at most */
    unsigned stall_beside;  /* of those: blocks beside a checkpoint that are enough */
    uint64_t stall_changes; /* bytes of changes that are a checkpoint; 0: the default */
    unsigned syncs;
    unsigned warm_ms; /* contracts are called so long before they are measured */
    uint64_t growth_blocks;
    unsigned growth_txs; /* of each */
};

/* A chain of many accounts with one unit each. */
struct bench_many {
    const char *name; /* of its folder */
    unsigned accounts;
    bool made;
    uint64_t txs; /* transactions of senders in it */
};

struct bench {
    struct cli *cli;
    struct bl_alloc alloc;
    struct bench_size size;
    struct bench_machine machine;
    char dir[BL_PATH_MAX - 256]; /* a folder of this run's own */
    const char *vm;              /* what runs contracts */
    const char *storage;         /* of the chains in folders */
    uint64_t state_bytes;        /* memory for the state that is kept ready */
    uint64_t growth_state_bytes; /* the same of the line growth */
    struct bench_values results[BENCH_LINE_COUNT];
    struct bench_tenth tenths[BENCH_TENTHS];
    unsigned tenth_count;
    baals_keypair authority;
    baals_keypair *senders; /* size.senders */
    uint8_t *genesis;
    size_t genesis_size; /* of the memory */
    size_t genesis_len;
    baals_hash chain_id;
    struct bench_many many;    /* of size.accounts accounts */
    struct bench_many tenfold; /* of ten times as many */
};

uint64_t bench_now(const struct bench *bench);
void bench_add(struct bench *bench, enum bench_line_id line, uint64_t value);
/* Sorts; the value below which so many of a thousand of them are. */
uint64_t bench_quantile(uint64_t *values, size_t count, unsigned permille);
/* events per second. */
uint64_t bench_rate(uint64_t events, uint64_t ns);

/* ---- the machine (bench_machine.c) ---- */

baals_status bench_machine_read(struct bench *bench, baals_error *err);
/* Memory of this process in KiB: its own, and with the pages of mapped files. */
void bench_memory(struct bench *bench, uint64_t *own_out, uint64_t *resident_out);

/* ---- transactions (bench_txs.c) ---- */

/* Transactions signed ahead. */
struct bench_txs {
    uint8_t *bytes; /* count x BENCH_TX_MAX */
    baals_slice *slices;
    baals_hash *ids;
    baals_status *statuses; /* of submitting them */
    unsigned count;
};

/* Contracts the authority deploys, in this order. */
enum bench_contract { BENCH_FILL, BENCH_TOKEN, BENCH_DEPLOYS };

/* A call of one of them. */
struct bench_call {
    enum bench_contract contract;
    const char *method;
    baals_slice args;
    uint64_t amount;
    uint64_t nonce;
    uint64_t gas;
};

baals_status
bench_txs_new(struct bench_txs *out, struct bench *bench, unsigned count, baals_error *err);
void bench_txs_free(struct bench_txs *txs, struct bench *bench);
/* Signs transaction `index`; `fields` has everything but the chain id. */
baals_status bench_txs_sign(struct bench_txs *txs,
                            const struct bench *bench,
                            unsigned index,
                            const baals_tx *fields,
                            const baals_keypair *key,
                            baals_error *err);
baals_status bench_txs_sign_call(struct bench_txs *txs,
                                 const struct bench *bench,
                                 unsigned index,
                                 const struct bench_call *call,
                                 const baals_keypair *key,
                                 baals_error *err);
/* The following make transactions `first` to first + count - 1 of an endless row in which senders
 * take turns. Transfers of one unit to accounts drawn from size.accounts ones: */
baals_status bench_sign_transfers(
    struct bench_txs *out, struct bench *bench, unsigned count, uint64_t first, baals_error *err);
/* The same for the row of a chain of many accounts, which they are drawn from; those of transaction
 * `draw` and of the following of bench_sign_transfers are drawn. */
baals_status bench_sign_draw(struct bench_txs *out,
                             struct bench *bench,
                             unsigned count,
                             struct bench_many *many,
                             uint64_t draw,
                             baals_error *err);
/* The same, from 0 on, without a gas price: the chain verifies them, then refuses them. */
baals_status
bench_sign_priceless(struct bench_txs *out, struct bench *bench, unsigned count, baals_error *err);
/* Transfers of one token to senders drawn from all: */
baals_status bench_sign_tokens(
    struct bench_txs *out, struct bench *bench, unsigned count, uint64_t first, baals_error *err);
/* Calls that do nothing: */
baals_status bench_sign_calls(
    struct bench_txs *out, struct bench *bench, unsigned count, uint64_t first, baals_error *err);
/* What gives every sender tokens: transactions of the authority right behind its deploys. */
baals_status bench_sign_grants(struct bench_txs *out, struct bench *bench, baals_error *err);
/* Address `index` of the accounts that the contract "fill" makes. */
void bench_account(baals_address *out, uint64_t index);
/* Canonical CBOR; the bytes written, at most 9. */
size_t bench_cbor_uint(uint8_t *out, uint64_t value);
size_t bench_cbor_array(uint8_t *out, unsigned count);

/* ---- chains (bench_chain.c) ---- */

/* How a chain is opened. */
struct bench_open {
    const char *name;     /* of its folder; NULL: in memory */
    uint32_t flags;       /* beyond BAALS_OPEN_CREATE */
    uint32_t threads;     /* that verify; 0: all */
    uint64_t changes;     /* bytes that are a checkpoint; 0: the default */
    uint64_t state_bytes; /* 0: the benchmark's */
};

/* Keys and a genesis that gives the authority and the senders balances. */
baals_status bench_chain_init(struct bench *bench, baals_error *err);
void bench_chain_deinit(struct bench *bench);
void bench_chain_options(baals_options *out,
                         const struct bench *bench,
                         const struct bench_open *how);
baals_status bench_chain_open(baals_chain **out,
                              struct bench *bench,
                              const struct bench_open *how,
                              baals_error *err);
/* Closes it; a failure of `status` comes first. */
baals_status bench_chain_close(baals_chain *chain, baals_status status, baals_error *err);
baals_status
bench_path(char out[BL_PATH_MAX], const struct bench *bench, const char *name, baals_error *err);
/* Removes a chain's folder; NULL: it was in memory. */
void bench_remove(const struct bench *bench, const char *name);
/* Submits all in batches; the status of the first that is not accepted. */
baals_status bench_submit(baals_chain *chain, struct bench_txs *txs, baals_error *err);
/* Makes blocks until nothing is pending. */
baals_status bench_drain(baals_chain *chain, baals_error *err);
/* Reads the receipts of what was committed behind *cursor_io until `count` were seen, waiting for
 * them; INTERNAL when one is not OK. */
baals_status
bench_receipts(baals_chain *chain, baals_cursor *cursor_io, uint64_t count, baals_error *err);
/* On a chain that makes blocks itself: submits all and reads the receipt of every one from its
 * durable block; INTERNAL when one is not OK. */
baals_status bench_commit(baals_chain *chain, struct bench_txs *txs, baals_error *err);
/* The same with the contracts, the authority's first transactions; the supply of the token is its.
 */
baals_status bench_deploy(baals_chain *chain, struct bench *bench, baals_error *err);
/* Of these only the submitting. */
baals_status bench_submit_deploys(baals_chain *chain, struct bench *bench, baals_error *err);
void bench_contract(baals_address *out, const struct bench *bench, enum bench_contract which);
/* Makes a chain of many accounts, if it is not there yet. */
baals_status bench_many_make(struct bench *bench, struct bench_many *many, baals_error *err);

/* Modules compiled from contracts/examples/token.c and bench/fill.c (tools/bench-modules). */
extern const uint8_t bench_module_token[];
extern const size_t bench_module_token_len;
extern const uint8_t bench_module_fill[];
extern const size_t bench_module_fill_len;

/* ---- measurements ---- */

struct bench_measurement {
    const char *name;
    baals_status (*run)(struct bench *bench, baals_error *err);
    enum bench_line_id first; /* its lines */
    enum bench_line_id last;
};

baals_status bench_run_verify(struct bench *bench, baals_error *err);
baals_status bench_run_transfers(struct bench *bench, baals_error *err);
baals_status bench_run_stages(struct bench *bench, baals_error *err);
baals_status bench_run_tokens(struct bench *bench, baals_error *err);
baals_status bench_run_call(struct bench *bench, baals_error *err);
baals_status bench_run_latency(struct bench *bench, baals_error *err);
baals_status bench_run_socket(struct bench *bench, baals_error *err);
baals_status bench_run_stall(struct bench *bench, baals_error *err);
baals_status bench_run_open(struct bench *bench, baals_error *err);
baals_status bench_run_proof(struct bench *bench, baals_error *err);
/* Only when they are asked for. */
baals_status bench_run_growth(struct bench *bench, baals_error *err);
baals_status bench_run_tenfold(struct bench *bench, baals_error *err);

/* ---- output (bench_print.c) ---- */

/* The median, 0 when nothing was measured; sorts. */
uint64_t bench_median(struct bench *bench, enum bench_line_id id);
/* Targets, 0: none. The goal of a latency follows from the machine's fdatasync, what a checkpoint
 * may cost a block from the median. */
uint64_t bench_floor(struct bench *bench, enum bench_line_id id);
uint64_t bench_goal(struct bench *bench, enum bench_line_id id);
/* Whether a value is as good as a target; 0 is none and met. */
bool bench_meets(enum bench_line_id id, uint64_t value, uint64_t target);
void bench_print_machine(struct bl_buffer *out, const struct bench *bench);
void bench_print_head(struct bl_buffer *out);
void bench_print_line(struct bl_buffer *out, struct bench *bench, enum bench_line_id id);
void bench_print_tenths(struct bl_buffer *out, const struct bench *bench);
void bench_print_markdown(struct bl_buffer *out, struct bench *bench);
void bench_print_json(struct bl_json_writer *w, struct bench *bench);

#endif /* BL_CLI_BENCH_H */
