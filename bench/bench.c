/* SPDX-License-Identifier: MIT */
/*
 * baals-bench: what libbaals does on this machine, through the public API alone and with nothing
 * left out: every transfer is signed, decoded, checked, executed, hashed into the state root and
 * written, and on the `lmdb` lines every block is synced before it counts. The machine and its
 * fdatasync come first, because they bound everything else. Each line is measured several times;
 * median, lowest and highest are given.
 *
 * usage: baals-bench [--json] [--smoke] [--runs N] [--transfers N] [--dir DIR]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "baals/baals.h"

#define BENCH_SENDERS 8u
#define BENCH_TX_MAX 512u
#define BENCH_RUNS_MAX 32u
#define BENCH_PATH_MAX 1024u

struct bench_options {
    bool json;
    unsigned runs;
    unsigned transfers; /* per run, over all senders */
    unsigned latencies; /* blocks of one transaction per run */
    const char *dir;
};

/* One measured line: so many values of one unit. */
struct bench_line {
    const char *name;
    const char *unit;
    double values[BENCH_RUNS_MAX];
    unsigned count;
};

/* Transactions signed ahead, so that signing is not measured with the rest. */
struct bench_txs {
    uint8_t (*bytes)[BENCH_TX_MAX];
    size_t *lens;
    unsigned count;
};

struct bench {
    struct bench_options options;
    bool first_line;
    baals_keypair authority;
    baals_keypair senders[BENCH_SENDERS];
    uint8_t genesis[8192];
    size_t genesis_len;
    baals_hash chain_id;
};

static void bench_fail(const char *what, const baals_error *err)
{
    fprintf(stderr, "baals-bench: %s: %s\n", what, err->message);
    exit(1);
}

static void bench_check(baals_status status, const char *what, const baals_error *err)
{
    if (status != BAALS_OK)
        bench_fail(what, err);
}

static void bench_fail_errno(const char *what, const char *path)
{
    fprintf(stderr, "baals-bench: cannot %s %s: %s\n", what, path, strerror(errno));
    exit(1);
}

static double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value below which `part` of the sorted values are. */
static double bench_quantile(const double *sorted, size_t count, double part)
{
    size_t index = (size_t)((double)(count - 1) * part + 0.5);
    return sorted[index];
}

static void bench_add(struct bench_line *line, double value)
{
    if (line->count < BENCH_RUNS_MAX)
        line->values[line->count++] = value;
}

static void bench_print(struct bench *bench, struct bench_line *line)
{
    qsort(line->values, line->count, sizeof line->values[0], bench_compare);
    double median = bench_quantile(line->values, line->count, 0.5);
    double low = line->values[0];
    double high = line->values[line->count - 1];
    if (bench->options.json) {
        printf("%s\n    {\"name\": \"%s\", \"unit\": \"%s\", \"median\": %.3f, \"low\": %.3f, "
               "\"high\": %.3f, \"runs\": %u}",
               bench->first_line ? "" : ",", line->name, line->unit, median, low, high,
               line->count);
    } else {
        printf("%-44s %12.1f %-10s (%.1f to %.1f)\n", line->name, median, line->unit, low, high);
    }
    bench->first_line = false;
    fflush(stdout);
}

/* ---- the machine ---- */

static void bench_path(char *out, const struct bench *bench, const char *name)
{
    int len =
        snprintf(out, BENCH_PATH_MAX, "%s/bench-%ld-%s", bench->options.dir, (long)getpid(), name);
    if (len < 0 || (unsigned)len >= BENCH_PATH_MAX) {
        fprintf(stderr, "baals-bench: the folder's name is too long\n");
        exit(1);
    }
}

/* One fdatasync after 4,096 bytes written anew into space that is there already, as the journal
 * does it. */
static void bench_fdatasync(struct bench *bench)
{
    struct bench_line line = {.name = "machine: fdatasync of 4 KiB, p50", .unit = "us"};
    enum { SYNCS = 64 };
    static const uint8_t block[4096];
    double times[SYNCS];
    char path[BENCH_PATH_MAX];
    bench_path(path, bench, "sync");
    for (unsigned run = 0; run < bench->options.runs; run++) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
            bench_fail_errno("create", path);
        for (unsigned i = 0; i < SYNCS; i++) {
            if (pwrite(fd, block, sizeof block, (off_t)(i * sizeof block)) != sizeof block)
                bench_fail_errno("write", path);
        }
        fsync(fd);
        for (unsigned i = 0; i < SYNCS; i++) {
            double begin = bench_now();
            if (pwrite(fd, block, sizeof block, (off_t)(i * sizeof block)) != sizeof block ||
                fdatasync(fd) != 0)
                bench_fail_errno("sync", path);
            times[i] = (bench_now() - begin) * 1e6;
        }
        close(fd);
        unlink(path);
        qsort(times, SYNCS, sizeof times[0], bench_compare);
        bench_add(&line, bench_quantile(times, SYNCS, 0.5));
    }
    bench_print(bench, &line);
}

/* ---- chains ---- */

static void bench_genesis(struct bench *bench)
{
    baals_error err;
    baals_genesis genesis;
    baals_genesis_balance balances[BENCH_SENDERS];
    uint8_t seed[32] = {0};
    baals_keypair_from_seed(&bench->authority, seed);
    for (unsigned i = 0; i < BENCH_SENDERS; i++) {
        seed[0] = (uint8_t)(i + 1);
        baals_keypair_from_seed(&bench->senders[i], seed);
        balances[i].address = bench->senders[i].address;
        balances[i].amount.units = UINT64_C(1) << 50;
    }
    /* The genesis wants its balances ascending. */
    for (unsigned i = 1; i < BENCH_SENDERS; i++) {
        for (unsigned j = i; j > 0 && memcmp(&balances[j].address, &balances[j - 1].address,
                                             sizeof balances[j].address) < 0;
             j--) {
            baals_genesis_balance swapped = balances[j];
            balances[j] = balances[j - 1];
            balances[j - 1] = swapped;
        }
    }
    baals_genesis_defaults(&genesis);
    genesis.chain_name.data = (const uint8_t *)"bench";
    genesis.chain_name.len = 5;
    genesis.poa.authorities = &bench->authority.address;
    genesis.poa.authority_count = 1;
    genesis.poa.slot_ms = 1;
    genesis.balances = balances;
    genesis.balance_count = BENCH_SENDERS;
    bench_check(baals_genesis_encode(bench->genesis, sizeof bench->genesis, &bench->genesis_len,
                                     &genesis, &err),
                "the genesis", &err);
    baals_slice encoded = {bench->genesis, bench->genesis_len};
    baals_genesis_chain_id(&bench->chain_id, encoded);
}

static baals_chain *bench_open(const struct bench *bench, const char *path, const char *storage)
{
    baals_error err;
    baals_chain *chain = NULL;
    baals_options options = BAALS_OPTIONS_INIT;
    options.flags = BAALS_OPEN_CREATE;
    options.storage = storage;
    options.genesis.data = bench->genesis;
    options.genesis.len = bench->genesis_len;
    options.authority = &bench->authority;
    bench_check(baals_open(&chain, path, &options, &err), "open", &err);
    return chain;
}

/* Removes a data directory; its depth is that of the chain's own folders. */
static void bench_remove(const char *path)
{
    DIR *dir = opendir(path);
    if (dir != NULL) {
        for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            char child[BENCH_PATH_MAX];
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                continue;
            int len = snprintf(child, sizeof child, "%s/%s", path, entry->d_name);
            if (len > 0 && (size_t)len < sizeof child)
                bench_remove(child);
        }
        closedir(dir);
    }
    if (remove(path) != 0)
        bench_fail_errno("remove", path);
}

/* Signs `count` transfers, the senders taking turns, each from its nonce `nonce_begin` on. */
static struct bench_txs
bench_sign(const struct bench *bench, unsigned count, uint64_t nonce_begin, double *seconds_out)
{
    struct bench_txs txs = {.count = count};
    baals_error err;
    txs.bytes = malloc(count * sizeof *txs.bytes);
    txs.lens = malloc(count * sizeof *txs.lens);
    if (txs.bytes == NULL || txs.lens == NULL)
        bench_fail_errno("allocate", "transactions");
    double begin = bench_now();
    for (unsigned i = 0; i < count; i++) {
        baals_tx fields = {.kind = BAALS_TX_TRANSFER, .chain_id = bench->chain_id};
        fields.has_recipient = 1;
        fields.recipient = bench->senders[(i + 1) % BENCH_SENDERS].address;
        fields.amount.units = 1;
        fields.gas_limit = 100000;
        fields.gas_price = 1;
        fields.nonce = nonce_begin + i / BENCH_SENDERS;
        bench_check(baals_tx_sign(txs.bytes[i], BENCH_TX_MAX, &txs.lens[i], NULL, &fields,
                                  &bench->senders[i % BENCH_SENDERS], &err),
                    "sign", &err);
    }
    *seconds_out = bench_now() - begin;
    return txs;
}

static void bench_txs_free(struct bench_txs *txs)
{
    free(txs->bytes);
    free(txs->lens);
}

static void bench_submit(baals_chain *chain, const struct bench_txs *txs, unsigned index)
{
    baals_error err;
    baals_slice tx = {txs->bytes[index], txs->lens[index]};
    bench_check(baals_submit(chain, NULL, tx, &err), "submit", &err);
}

/* Makes blocks until nothing is pending. Waits as long as consensus asks for. */
static void bench_drain(baals_chain *chain)
{
    baals_error err;
    for (;;) {
        int32_t made = 0;
        uint64_t wait_ms = 0;
        bench_check(baals_produce_block(chain, &made, &wait_ms, &err), "produce", &err);
        if (made == 0 && wait_ms == UINT64_MAX)
            return;
        if (made == 0) {
            struct timespec pause = {.tv_nsec = 100000};
            nanosleep(&pause, NULL);
        }
    }
}

/* What was measured must have happened: every transfer is committed. */
static void bench_expect_committed(baals_chain *chain, uint64_t count)
{
    baals_error err;
    baals_chain_info info;
    bench_check(baals_chain_info_get(chain, &info, &err), "the chain's state", &err);
    if (info.tx_count != count || info.pending != 0) {
        fprintf(stderr,
                "baals-bench: %llu transactions committed, %llu pending, expected %llu and 0\n",
                (unsigned long long)info.tx_count, (unsigned long long)info.pending,
                (unsigned long long)count);
        exit(1);
    }
}

/* ---- what is measured ---- */

static void bench_signatures(struct bench *bench)
{
    struct bench_line sign = {.name = "sign and encode a transfer", .unit = "us"};
    struct bench_line verify = {.name = "decode and verify a transfer", .unit = "us"};
    baals_error err;
    unsigned count = bench->options.latencies;
    for (unsigned run = 0; run < bench->options.runs; run++) {
        double seconds = 0;
        struct bench_txs txs = bench_sign(bench, count, 0, &seconds);
        bench_add(&sign, seconds * 1e6 / count);
        double begin = bench_now();
        for (unsigned i = 0; i < count; i++) {
            baals_tx tx;
            baals_slice bytes = {txs.bytes[i], txs.lens[i]};
            bench_check(baals_tx_decode(&tx, bytes, &err), "decode", &err);
            bench_check(baals_tx_verify(&tx, &err), "verify", &err);
        }
        bench_add(&verify, (bench_now() - begin) * 1e6 / count);
        bench_txs_free(&txs);
    }
    bench_print(bench, &sign);
    bench_print(bench, &verify);
}

static void bench_transfers(struct bench *bench, const char *storage, const char *name)
{
    struct bench_line line = {.name = name, .unit = "tx/s"};
    unsigned count = bench->options.transfers;
    char path[BENCH_PATH_MAX];
    bench_path(path, bench, "chain");
    for (unsigned run = 0; run < bench->options.runs; run++) {
        baals_error err;
        double seconds = 0;
        struct bench_txs txs = bench_sign(bench, count, 0, &seconds);
        bool in_memory = strcmp(storage, "memory") == 0;
        baals_chain *chain = bench_open(bench, in_memory ? ":memory:" : path, storage);
        double begin = bench_now();
        for (unsigned i = 0; i < count; i++)
            bench_submit(chain, &txs, i);
        bench_drain(chain);
        bench_add(&line, count / (bench_now() - begin));
        bench_expect_committed(chain, count);
        bench_check(baals_close(chain, &err), "close", &err);
        bench_txs_free(&txs);
        if (!in_memory)
            bench_remove(path);
    }
    bench_print(bench, &line);
}

/* One transaction, one durable block; and how long the chain then takes to open. */
static void bench_latency(struct bench *bench)
{
    struct bench_line p50 = {.name = "one transfer to its durable block, p50", .unit = "us"};
    struct bench_line p99 = {.name = "one transfer to its durable block, p99", .unit = "us"};
    struct bench_line open_line = {.name = "open a chain of such blocks", .unit = "ms"};
    unsigned count = bench->options.latencies;
    char path[BENCH_PATH_MAX];
    bench_path(path, bench, "latency");
    double *times = malloc(count * sizeof *times);
    if (times == NULL)
        bench_fail_errno("allocate", "times");
    for (unsigned run = 0; run < bench->options.runs; run++) {
        baals_error err;
        double seconds = 0;
        struct bench_txs txs = bench_sign(bench, count, 0, &seconds);
        baals_chain *chain = bench_open(bench, path, "lmdb");
        for (unsigned i = 0; i < count; i++) {
            double begin = bench_now();
            bench_submit(chain, &txs, i);
            bench_drain(chain);
            times[i] = (bench_now() - begin) * 1e6;
        }
        bench_expect_committed(chain, count);
        bench_check(baals_close(chain, &err), "close", &err);
        double begin = bench_now();
        chain = bench_open(bench, path, "lmdb");
        bench_add(&open_line, (bench_now() - begin) * 1e3);
        bench_check(baals_close(chain, &err), "close", &err);
        bench_remove(path);
        bench_txs_free(&txs);
        qsort(times, count, sizeof *times, bench_compare);
        bench_add(&p50, bench_quantile(times, count, 0.5));
        bench_add(&p99, bench_quantile(times, count, 0.99));
    }
    free(times);
    bench_print(bench, &p50);
    bench_print(bench, &p99);
    bench_print(bench, &open_line);
}

/* A whole number from 1 to max, or the end of the program. */
static unsigned bench_number(const char *text, unsigned max)
{
    char *end = NULL;
    errno = 0;
    unsigned long value = text == NULL ? 0 : strtoul(text, &end, 10);
    if (errno != 0 || value == 0 || value > max || *end != 0) {
        fprintf(stderr, "baals-bench: a number from 1 to %u is needed\n", max);
        exit(2);
    }
    return (unsigned)value;
}

static struct bench_options bench_parse(int argc, char **argv)
{
    struct bench_options options = {
        .runs = 5, .transfers = 40000, .latencies = 1000, .dir = "build"};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--json") == 0) {
            options.json = true;
        } else if (strcmp(argv[i], "--smoke") == 0) {
            options.runs = 1;
            options.transfers = 400;
            options.latencies = 20;
        } else if (strcmp(argv[i], "--runs") == 0) {
            options.runs = bench_number(value, BENCH_RUNS_MAX);
            i++;
        } else if (strcmp(argv[i], "--transfers") == 0) {
            options.transfers = bench_number(value, 60000);
            i++;
        } else if (strcmp(argv[i], "--dir") == 0 && value != NULL) {
            options.dir = value;
            i++;
        } else {
            fprintf(stderr, "usage: baals-bench [--json] [--smoke] [--runs N] [--transfers N] "
                            "[--dir DIR]\n");
            exit(2);
        }
    }
    return options;
}

int main(int argc, char **argv)
{
    struct bench bench = {.options = bench_parse(argc, argv), .first_line = true};
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    bench_genesis(&bench);
    if (bench.options.json) {
        printf("{\n  \"cores\": %ld,\n  \"transfers\": %u,\n  \"lines\": [", cores,
               bench.options.transfers);
    } else {
        printf("%ld cores, %u transfers per run\n", cores, bench.options.transfers);
    }
    bench_fdatasync(&bench);
    bench_signatures(&bench);
    bench_transfers(&bench, "lmdb", "transfers, submit to durable block, lmdb");
    bench_transfers(&bench, "memory", "transfers, submit to block, memory only");
    bench_latency(&bench);
    if (bench.options.json)
        printf("\n  ]\n}\n");
    return 0;
}
