/* SPDX-License-Identifier: MIT */
/*
 * Whether a chain stays as it began: blocks of one transaction (or of --txs) over and over, and per
 * tenth of them the time of a block, the memory of the process and the size of the folder. Time and
 * memory must not grow with the chain; disk grows with what was written.
 *
 * Recipients are drawn from a million accounts, so that the state grows, too. What a chain keeps
 * ready of it grows until it reaches the setting state_bytes, which is no growth without bound but
 * would look like it: here the setting is small and reached within the first tenth.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/bench.h"

/* Transactions that are signed at once. */
#define GROWTH_SIGNED 20000u
/* The folders of a chain have no folders in them. */
#define GROWTH_BLOCK_BYTES 512u

/* What the files of a folder take on the disk, in KiB. */
static baals_status
growth_disk(uint64_t *kib_out, const struct bench *bench, const char *folder, baals_error *err)
{
    char name[64];
    char path[BL_PATH_MAX];
    char file[BL_PATH_MAX];
    uint64_t blocks = 0;
    snprintf(name, sizeof name, "growth/%.40s", folder);
    BL_TRY(bench_path(path, bench, name, err));
    DIR *dir = opendir(path);
    if (dir == NULL)
        return bl_fail(err, BAALS_IO, "cannot read %.150s", path);
    baals_status status = BAALS_OK;
    for (struct dirent *entry = readdir(dir); status == BAALS_OK && entry != NULL;
         entry = readdir(dir)) {
        struct stat info;
        status = bl_path_join(file, sizeof file, path, entry->d_name, err);
        if (status == BAALS_OK && stat(file, &info) == 0 && S_ISREG(info.st_mode))
            blocks += (uint64_t)info.st_blocks;
    }
    (void)closedir(dir);
    *kib_out = blocks * GROWTH_BLOCK_BYTES / 1024;
    return status;
}

/* Blocks of the transactions that are signed; *ns_io is what they took. */
static baals_status growth_blocks(uint64_t *ns_io,
                                  struct bench *bench,
                                  baals_chain *chain,
                                  const struct bench_txs *txs,
                                  baals_error *err)
{
    struct bench_txs block = *txs;
    uint64_t begin = bench_now(bench);
    for (unsigned i = 0; i < txs->count; i += bench->size.growth_txs) {
        block.slices = txs->slices + i;
        block.ids = txs->ids + i;
        block.statuses = txs->statuses + i;
        block.count = bench->size.growth_txs;
        BL_TRY(bench_submit(chain, &block, err));
        BL_TRY(bench_drain(chain, err));
    }
    *ns_io += bench_now(bench) - begin;
    return BAALS_OK;
}

/* Makes `blocks` more blocks, a piece signed at a time. */
static baals_status growth_tenth(uint64_t *ns_out,
                                 struct bench *bench,
                                 baals_chain *chain,
                                 uint64_t blocks,
                                 uint64_t *first_io,
                                 baals_error *err)
{
    unsigned per_block = bench->size.growth_txs;
    uint64_t piece = GROWTH_SIGNED / per_block == 0 ? 1 : GROWTH_SIGNED / per_block;
    while (blocks > 0) {
        struct bench_txs txs;
        uint64_t count = blocks < piece ? blocks : piece;
        unsigned txs_count = (unsigned)count * per_block;
        BL_TRY(bench_sign_transfers(&txs, bench, txs_count, *first_io, err));
        baals_status status = growth_blocks(ns_out, bench, chain, &txs, err);
        bench_txs_free(&txs, bench);
        BL_TRY(status);
        *first_io += txs_count;
        blocks -= count;
    }
    return BAALS_OK;
}

static baals_status growth_run(struct bench *bench, baals_chain *chain, baals_error *err)
{
    uint64_t blocks = 0;
    uint64_t txs = 0;
    for (unsigned i = 0; i < BENCH_TENTHS; i++) {
        struct bench_tenth *tenth = &bench->tenths[i];
        uint64_t until = bench->size.growth_blocks * (i + 1) / BENCH_TENTHS;
        uint64_t ns = 0;
        BL_TRY(growth_tenth(&ns, bench, chain, until - blocks, &txs, err));
        tenth->block_ns = ns / (until - blocks);
        tenth->blocks = until;
        blocks = until;
        bench_memory(bench, &tenth->own_kib, &tenth->resident_kib);
        BL_TRY(growth_disk(&tenth->journal_kib, bench, "journal", err));
        BL_TRY(growth_disk(&tenth->kv_kib, bench, "kv", err));
        bench->tenth_count = i + 1;
        cli_note(bench->cli, "%llu blocks", (unsigned long long)blocks);
    }
    bench_add(bench, BENCH_GROWTH_TIME,
              bench->tenths[BENCH_TENTHS - 1].block_ns * 100 / bench->tenths[0].block_ns);
    uint64_t first = bench->tenths[0].own_kib;
    uint64_t last = bench->tenths[BENCH_TENTHS - 1].own_kib;
    bench_add(bench, BENCH_GROWTH_MEMORY, last > first ? last - first : 0);
    return BAALS_OK;
}

baals_status bench_run_growth(struct bench *bench, baals_error *err)
{
    const struct bench_open how = {.name = "growth", .state_bytes = bench->growth_state_bytes};
    baals_chain *chain = NULL;
    BL_TRY(bench_chain_open(&chain, bench, &how, err));
    baals_status status = bench_chain_close(chain, growth_run(bench, chain, err), err);
    bench_remove(bench, how.name);
    return status;
}
