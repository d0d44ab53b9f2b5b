/* SPDX-License-Identifier: MIT */
#ifndef BL_BENCH_BENCH_GAS_H
#define BL_BENCH_BENCH_GAS_H
/*
 * The parts of baals-bench-gas: what is measured (bench_gas_cases.c), the chain it runs on
 * (bench_gas_chain.c), and the measuring itself (bench_gas.c). Everything ends the program when
 * something fails.
 */
#include "base/arena.h"
#include "ledger/ledger.h"

/* ---- cases ---- */

#define BENCH_GAS_IMPORTS_MAX 3u

enum bench_gas_group {
    BENCH_GAS_OP,   /* instructions: what the engine does */
    BENCH_GAS_HOST, /* host functions and pages of memory: work that is the same on every engine */
    BENCH_GAS_NOTE  /* printed, and judged by nobody: docs/spec/gas.md says why */
};

/*
 * One class of cost. A method runs `prelude` once and then n times `step` and `copies` times
 * `body`; the same method without `body` is subtracted, so what is left is the body's. The texts
 * are instructions (bench_gas_cases.c has the locals, functions and places in memory).
 */
struct bench_gas_case {
    enum bench_gas_group group;
    const char *name;
    const char *imports[BENCH_GAS_IMPORTS_MAX]; /* called as functions 1 to 3 */
    const char *prelude;
    const char *step;
    const char *body;
    unsigned copies;
    unsigned iterations_min; /* where the prelude itself takes long */
    unsigned iterations_max; /* 0: as many as the time allows */
    bool commit;             /* the block's roots and layer belong to the cost */
};

extern const struct bench_gas_case bench_gas_cases[];
extern const size_t bench_gas_case_count;

/* Contracts that cases call; each has one method, "e". The last one is large: what deploying and
 * loading cost per byte. */
enum bench_gas_callee {
    BENCH_GAS_CALLEE_EMPTY,
    BENCH_GAS_CALLEE_OUTPUT, /* 64,000 bytes of output */
    BENCH_GAS_CALLEE_PAGES,  /* 64 initial pages, each touched */
    BENCH_GAS_CALLEE_LARGE,  /* 256 KiB of code */
    BENCH_GAS_CALLEE_COUNT
};

/* The address of such a contract. */
void bench_gas_callee_address(uint8_t out[32], enum bench_gas_callee which);

/* Appends the module of a case, with or without its body, or of a callee. */
void bench_gas_module(struct bl_buffer *out, const struct bench_gas_case *item, bool with_body);
void bench_gas_callee(struct bl_buffer *out, enum bench_gas_callee which);

/* The first bytes of memory of every case, which are its arguments; the first 8 are the rounds. */
#define BENCH_GAS_IMAGE_BYTES 65536u
void bench_gas_image(uint8_t *image);

/* ---- the chain ---- */

struct bench_gas_chain;

struct bench_gas_cost {
    double ns;        /* of the execution */
    double commit_ns; /* of write set, roots and layer; 0 where not asked for */
    double gas;
};

/* A chain in `dir` (LMDB) whose state holds 131,072 storage keys of one contract and as many
 * accounts; the newest of them are in layers, not in LMDB yet. */
struct bench_gas_chain *bench_gas_chain_open(const char *dir);
void bench_gas_chain_close(struct bench_gas_chain *chain);
/* False: this build or machine has no such runtime. */
bool bench_gas_chain_use(struct bench_gas_chain *chain, const char *vm);
/* Runs the method "m" of `code` under a schedule in a block of its own, which is thrown away. */
struct bench_gas_cost bench_gas_chain_run(struct bench_gas_chain *chain,
                                          baals_slice code,
                                          baals_slice args,
                                          uint32_t gas_schedule,
                                          bool commit);

double bench_gas_now(void); /* nanoseconds of the processor that this process has had */
void bench_gas_check(baals_status status, const char *what, const baals_error *err);

#endif /* BL_BENCH_BENCH_GAS_H */
