/* SPDX-License-Identifier: MIT */
/*
 * `baals bench`: what this build does on this machine, line by line against the floors and goals
 * that the project set itself. The machine and its disk come first, because they bound everything
 * else. Text is printed as it is measured; --json and --markdown print all at the end.
 */
#include "cli/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BENCH_BLOCKS_DEFAULT 100000u
#define BENCH_BLOCKS_MAX 100000000u
#define BENCH_STATE_BYTES_DEFAULT ((uint64_t)512 * 1024 * 1024)
#define BENCH_STATE_BYTES_GROWTH ((uint64_t)8 * 1024 * 1024)
#define BENCH_STATE_BYTES_MAX (UINT64_C(1) << 40)
#define BENCH_OUTPUT_MAX ((size_t)4 * 1024 * 1024)

const struct bench_line bench_lines[BENCH_LINE_COUNT] = {
    [BENCH_DECODE] = {"decode", "decoding one transfer", BENCH_NS, 0, 0},
    [BENCH_VERIFY_SINGLE] = {"verify-single",
                             "decoding and verifying transfers one by one, on one core",
                             BENCH_PER_SECOND, 0, 0},
    [BENCH_VERIFY_ONE_CORE] = {"verify-batch-one-core",
                               "decoding and verifying transfers in batches, on one core",
                               BENCH_PER_SECOND, 0, 0},
    [BENCH_VERIFY_ALL_CORES] = {"verify-batch",
                                "decoding and verifying transfers in batches, on all cores",
                                BENCH_PER_SECOND, 0, 0},
    [BENCH_TRANSFERS] = {"transfers",
                         "signed transfers in batches, from encoded bytes to the receipt of each "
                         "read back from a durable block",
                         BENCH_PER_SECOND, 30000, 80000},
    [BENCH_TRANSFERS_MEMORY] = {"transfers-memory", "the same in memory, not durable",
                                BENCH_PER_SECOND, 0, 0},
    [BENCH_APPLY] =
        {"apply",
         "running verified transfers, a million accounts, 10,000 per block, warm: three "
         "blocks before touched the same accounts",
         BENCH_PER_SECOND, 0, 0},
    [BENCH_ROOT] = {"root", "the roots of such a block", BENCH_PER_SECOND, 0, 0},
    [BENCH_APPLY_ROOT] = {"apply-root", "both", BENCH_PER_SECOND, 300000, 800000},
    [BENCH_APPLY_ROOT_COLD] = {"apply-root-cold",
                               "both of the first block after opening: nothing is ready in memory",
                               BENCH_PER_SECOND, 0, 0},
    [BENCH_COMMIT] = {"commit", "writing, syncing and publishing a warm block", BENCH_PER_SECOND, 0,
                      0},
    [BENCH_TOKENS] = {"tokens", "signed calls of the token contract's transfer, as line transfers",
                      BENCH_PER_SECOND, 15000, 40000},
    [BENCH_TOKENS_MEMORY] = {"tokens-memory", "the same in memory, not durable", BENCH_PER_SECOND,
                             0, 0},
    [BENCH_CALL] = {"call", "applying a transaction that calls a warm contract which does nothing",
                    BENCH_NS, 15000, 7000},
    [BENCH_CALL_QUERY] = {"call-query", "the same call as a query", BENCH_NS, 0, 0},
    [BENCH_LATENCY_P50] = {"latency-p50",
                           "one transfer, submit to the receipt from its own durable block, median",
                           BENCH_NS, 600000, 0},
    [BENCH_LATENCY_P99] = {"latency-p99", "the same, 99 of 100", BENCH_NS, 0, 0},
    [BENCH_SOCKET_P50] = {"socket-p50", "the same through a node's UNIX socket, median", BENCH_NS,
                          0, 0},
    [BENCH_SOCKET_P99] = {"socket-p99", "the same through a node's UNIX socket, 99 of 100",
                          BENCH_NS, 0, 0},
    [BENCH_STALL_P50] = {"stall-p50",
                         "one transfer to its durable block, a million accounts, checkpoints taken "
                         "in the background, median",
                         BENCH_NS, 0, 0},
    [BENCH_STALL_P999] = {"stall-p999", "999 of 1,000 of those beside a checkpoint", BENCH_NS, 0,
                          0},
    [BENCH_STALL_MAX] = {"stall-max", "the slowest of those beside a checkpoint", BENCH_NS, 0, 0},
    [BENCH_STALL_NONE_P999] = {"stall-none-p999", "999 of 1,000 of those beside no checkpoint",
                               BENCH_NS, 0, 0},
    [BENCH_OPEN_EMPTY] = {"open-empty", "opening a chain of no blocks", BENCH_NS, 5000000, 1000000},
    [BENCH_OPEN_MANY] = {"open-many", "opening a chain of a million accounts", BENCH_NS, 100000000,
                         20000000},
    [BENCH_PROVE] = {"prove", "making a proof among a million accounts", BENCH_NS, 50000, 20000},
    [BENCH_PROOF_VERIFY] = {"proof-verify", "verifying it", BENCH_NS, 50000, 15000},
    [BENCH_GROWTH_TIME] = {"growth-time", "time of a block, last tenth of the blocks to the first",
                           BENCH_PERCENT, 120, 0},
    [BENCH_GROWTH_MEMORY] = {"growth-memory",
                             "memory of the process' own, gained from the first tenth to the last",
                             BENCH_KIB, 32768, 0},
    [BENCH_ROOT_TENFOLD] = {"root-10m", "as line root, with ten million accounts", BENCH_PER_SECOND,
                            0, 0},
    [BENCH_APPLY_ROOT_TENFOLD] = {"apply-root-10m", "as line apply-root, with ten million accounts",
                                  BENCH_PER_SECOND, 0, 0},
    [BENCH_APPLY_ROOT_COLD_TENFOLD] = {"apply-root-cold-10m",
                                       "as line apply-root-cold, with ten million accounts",
                                       BENCH_PER_SECOND, 0, 0},
    [BENCH_MEMORY_TENFOLD] = {"memory-10m", "memory of the process' own after these blocks",
                              BENCH_KIB, 0, 0},
};

static const struct bench_measurement bench_measurements[] = {
    {"verify", bench_run_verify, BENCH_DECODE, BENCH_VERIFY_ALL_CORES},
    {"transfers", bench_run_transfers, BENCH_TRANSFERS, BENCH_TRANSFERS_MEMORY},
    {"stages", bench_run_stages, BENCH_APPLY, BENCH_COMMIT},
    {"tokens", bench_run_tokens, BENCH_TOKENS, BENCH_TOKENS_MEMORY},
    {"call", bench_run_call, BENCH_CALL, BENCH_CALL_QUERY},
    {"latency", bench_run_latency, BENCH_LATENCY_P50, BENCH_LATENCY_P99},
    {"socket", bench_run_socket, BENCH_SOCKET_P50, BENCH_SOCKET_P99},
    {"stall", bench_run_stall, BENCH_STALL_P50, BENCH_STALL_NONE_P999},
    {"open", bench_run_open, BENCH_OPEN_EMPTY, BENCH_OPEN_MANY},
    {"proof", bench_run_proof, BENCH_PROVE, BENCH_PROOF_VERIFY},
    {"growth", bench_run_growth, BENCH_GROWTH_TIME, BENCH_GROWTH_MEMORY},
    {"10m", bench_run_tenfold, BENCH_ROOT_TENFOLD, BENCH_MEMORY_TENFOLD},
};

static const struct bench_size bench_full = {
    .runs = BENCH_RUNS_DEFAULT,
    .transfers = 50000,
    .senders = 10000,
    .block_txs = 10000,
    .accounts = 1000000,
    .latencies = 1000,
    .stall_blocks = 200000,
    .stall_beside = 1000,
    .syncs = 512,
    .warm_ms = 1000,
    .growth_blocks = BENCH_BLOCKS_DEFAULT,
    .growth_txs = 1,
};

static const struct bench_size bench_quick = {
    .runs = 1,
    .transfers = 400,
    .senders = 100,
    .block_txs = 200,
    .accounts = 2000,
    .latencies = 20,
    .stall_blocks = 400,
    .stall_beside = 10,
    .stall_changes = 16384,
    .syncs = 32,
    .warm_ms = 20,
    .growth_blocks = 100,
    .growth_txs = 1,
};

/* ---- values ---- */

uint64_t bench_now(const struct bench *bench)
{
    return bl_env_monotonic_ns(bench->cli->env);
}

uint64_t bench_rate(uint64_t events, uint64_t ns)
{
    return ns == 0 ? 0 : events * UINT64_C(1000000000) / ns;
}

void bench_add(struct bench *bench, enum bench_line_id line, uint64_t value)
{
    struct bench_values *values = &bench->results[line];
    BL_ASSERT(values->count < BENCH_RUNS_MAX);
    values->values[values->count++] = value;
}

static int bench_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

uint64_t bench_quantile(uint64_t *values, size_t count, unsigned permille)
{
    BL_ASSERT(count > 0 && permille <= 1000);
    qsort(values, count, sizeof *values, bench_compare);
    return values[((count - 1) * permille + 500) / 1000];
}

/* ---- what is measured ---- */

static bool bench_wanted(const struct bench *bench, const struct bench_measurement *measurement)
{
    const struct cli *cli = bench->cli;
    /* No other option of the command is repeated. */
    if (cli->args.repeated_count == 0)
        return measurement->first < BENCH_FIRST_ASKED;
    for (size_t i = 0; i < cli->args.repeated_count; i++) {
        const char *name = cli->args.repeated[i].value;
        if (strcmp(name, measurement->name) == 0)
            return true;
        for (unsigned id = measurement->first; id <= measurement->last; id++) {
            if (strcmp(name, bench_lines[id].name) == 0)
                return true;
        }
    }
    return false;
}

static bool bench_has_name(const char *name)
{
    for (size_t i = 0; i < BL_COUNT_OF(bench_measurements); i++) {
        if (strcmp(name, bench_measurements[i].name) == 0)
            return true;
    }
    for (size_t i = 0; i < BENCH_LINE_COUNT; i++) {
        if (strcmp(name, bench_lines[i].name) == 0)
            return true;
    }
    return false;
}

/* A number from 1 to max. */
static baals_status bench_number(
    const struct cli *cli, uint64_t *io, enum cli_option_id id, uint64_t max, baals_error *err)
{
    uint64_t value = 0;
    BL_TRY(cli_option_u64(cli, &value, id, *io, err));
    if (value == 0 || value > max)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--%s: a number from 1 to %llu",
                       cli_options[id].name, (unsigned long long)max);
    *io = value;
    return BAALS_OK;
}

static baals_status bench_parse(struct bench *bench, baals_error *err)
{
    const struct cli *cli = bench->cli;
    bench->size = cli_has(cli, CLI_QUICK) ? bench_quick : bench_full;
    uint64_t runs = bench->size.runs;
    uint64_t txs = bench->size.growth_txs;
    BL_TRY(bench_number(cli, &runs, CLI_RUNS, BENCH_RUNS_MAX, err));
    BL_TRY(bench_number(cli, &txs, CLI_TXS, bench_full.block_txs, err));
    BL_TRY(bench_number(cli, &bench->size.growth_blocks, CLI_BLOCKS, BENCH_BLOCKS_MAX, err));
    if (bench->size.growth_blocks < BENCH_TENTHS)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--blocks: at least %u", BENCH_TENTHS);
    bench->size.runs = (unsigned)runs;
    bench->size.growth_txs = (unsigned)txs;
    bench->state_bytes = BENCH_STATE_BYTES_DEFAULT;
    bench->growth_state_bytes = BENCH_STATE_BYTES_GROWTH;
    BL_TRY(bench_number(cli, &bench->state_bytes, CLI_STATE_BYTES, BENCH_STATE_BYTES_MAX, err));
    if (cli_has(cli, CLI_STATE_BYTES))
        bench->growth_state_bytes = bench->state_bytes;
    bench->storage = cli_has(cli, CLI_STORAGE) ? cli->args.values[CLI_STORAGE] : "lmdb";
    if (strcmp(bench->storage, "lmdb") != 0 && strcmp(bench->storage, "rocksdb") != 0)
        return bl_fail(err, BAALS_MISUSE_ARGUMENT, "--storage: lmdb or rocksdb");
    for (size_t i = 0; i < cli->args.repeated_count; i++) {
        const char *name = cli->args.repeated[i].value;
        if (!bench_has_name(name))
            return bl_fail(err, BAALS_MISUSE_ARGUMENT,
                           "--only: there is no line \"%.60s\" (baals bench --list)", name);
    }
    return BAALS_OK;
}

/* ---- the folder ---- */

static baals_status bench_make_dir(struct bench *bench, baals_error *err)
{
    char name[64];
    const char *parent = bench->cli->args.values[CLI_DIR];
    snprintf(name, sizeof name, "baals-bench-%lld", (long long)getpid());
    BL_TRY(bl_path_join(bench->dir, sizeof bench->dir, parent == NULL ? "." : parent, name, err));
    if (mkdir(bench->dir, 0700) != 0)
        return bl_fail(err, BAALS_IO, "cannot make the folder %.150s", bench->dir);
    return BAALS_OK;
}

static baals_status bench_try(struct bench *bench, const char *name, baals_error *err)
{
    const struct bench_open how = {.name = name};
    baals_chain *chain = NULL;
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    baals_status status = baals_close(chain, err);
    bench_remove(bench, name);
    return status;
}

/* The fastest runtime of contracts that runs here, so that its name can be printed; and whether the
 * storage is in this build, before anything is measured. */
static baals_status bench_try_build(struct bench *bench, baals_error *err)
{
    bench->vm = "wasmtime";
    baals_status status = bench_try(bench, NULL, err);
    if (status == BAALS_UNSUPPORTED)
        bench->vm = "interpreter";
    else if (status != BAALS_OK)
        return status;
    return bench_try(bench, "try", err);
}

/* ---- running ---- */

static baals_status bench_flush(struct bench *bench, struct bl_buffer *out, baals_error *err)
{
    BL_TRY(bl_buffer_status(out, err));
    if (!cli_has(bench->cli, CLI_JSON) && !cli_has(bench->cli, CLI_MARKDOWN))
        BL_TRY(cli_write_fd(STDOUT_FILENO, bl_buffer_slice(out), err));
    bl_buffer_clear(out);
    return BAALS_OK;
}

static baals_status bench_measure(struct bench *bench, struct bl_buffer *out, baals_error *err)
{
    bench_print_machine(out, bench);
    bench_print_head(out);
    BL_TRY(bench_flush(bench, out, err));
    for (size_t i = 0; i < BL_COUNT_OF(bench_measurements); i++) {
        const struct bench_measurement *measurement = &bench_measurements[i];
        if (!bench_wanted(bench, measurement))
            continue;
        baals_status status = measurement->run(bench, err);
        if (status != BAALS_OK)
            return bl_fail_context(err, status, "%s", measurement->name);
        for (unsigned id = measurement->first; id <= measurement->last; id++)
            bench_print_line(out, bench, (enum bench_line_id)id);
        if (measurement->run == bench_run_growth)
            bench_print_tenths(out, bench);
        BL_TRY(bench_flush(bench, out, err));
    }
    return BAALS_OK;
}

static baals_status bench_run(struct bench *bench, struct bl_json_writer *w, baals_error *err)
{
    struct bl_buffer out;
    BL_TRY(bench_chain_init(bench, err));
    BL_TRY(bench_try_build(bench, err));
    BL_TRY(bench_machine_read(bench, err));
    bl_buffer_init(&out, bench->alloc, BENCH_OUTPUT_MAX);
    baals_status status = bench_measure(bench, &out, err);
    if (status == BAALS_OK && cli_has(bench->cli, CLI_JSON)) {
        bench_print_json(w, bench);
    } else if (status == BAALS_OK && cli_has(bench->cli, CLI_MARKDOWN)) {
        bench_print_markdown(&out, bench);
        status = bl_buffer_status(&out, err);
        if (status == BAALS_OK)
            status = cli_write_fd(STDOUT_FILENO, bl_buffer_slice(&out), err);
    }
    bl_buffer_deinit(&out);
    return status;
}

static void bench_list(struct bl_json_writer *w)
{
    bl_jw_begin_object(w);
    for (size_t i = 0; i < BL_COUNT_OF(bench_measurements); i++) {
        bl_jw_key(w, bench_measurements[i].name);
        bl_jw_begin_object(w);
        for (unsigned id = bench_measurements[i].first; id <= bench_measurements[i].last; id++)
            bl_jw_put_text(w, bench_lines[id].name, bench_lines[id].what);
        bl_jw_end_object(w);
    }
    bl_jw_end_object(w);
}

baals_status cli_run_bench(struct cli *cli, struct bl_json_writer *w, baals_error *err)
{
    struct bench *bench = bl_arena_zero(&cli->arena, 1, sizeof *bench);
    if (bench == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory to measure");
    bench->cli = cli;
    bench->alloc = cli->env->alloc;
    BL_TRY(bench_parse(bench, err));
    if (cli_has(cli, CLI_LIST)) {
        bench_list(w);
        return BAALS_OK;
    }
    BL_TRY(bench_make_dir(bench, err));
    baals_status status = bench_run(bench, w, err);
    bench_chain_deinit(bench);
    cli_remove_tree(bench->dir);
    return status;
}
