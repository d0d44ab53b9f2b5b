/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_CONTRACTS_H
#define BL_CONTRACTS_CONTRACTS_H
/*
 * What the ledger uses of the contracts module: the WASM contract engine behind
 * include/baals/ext/contract.h and its wrappers. Everything else in this folder is private to it.
 */
#include "baals/ext/contract.h"
#include "baals/ext/vm.h"
#include "base/env.h"

/* Settings of the engine; zeros are the defaults. */
struct bl_contract_options {
    const char *vm;     /* "interpreter", "wasmtime"; NULL: the fastest that runs here */
    size_t cache_bytes; /* prepared modules kept in memory; default 64 MiB */
    bool trap_signals;  /* wasmtime may install signal handlers in the process */
    /* For tests and measurements. */
    bool compile_at_once; /* no execution on the interpreter while wasmtime compiles */
    uint32_t instances;   /* wasmtime's pool; default 128 */
    uint32_t
        memory_bytes; /* most of one memory in wasmtime; default 16 MiB, as contracts may have */
    /* What wasmtime's code calls in the place of the host's functions (contracts/host.h), as many
     * and as long as the engine lives; NULL: those. */
    const baals_vm_host_function *fast_functions;
};

/* The engine "wasm". *out is released with bl_contract_close. NOMEM; UNSUPPORTED: the vm that was
 * named is not in this build or does not run on this machine. When none was named the interpreter
 * runs then, and the log says so. */
baals_status bl_contract_engine_new(baals_contract_engine **out,
                                    struct bl_env *env,
                                    const struct bl_contract_options *options,
                                    baals_error *err);
void bl_contract_close(baals_contract_engine *engine); /* NULL is ignored */

/* How an engine has run contracts so far. */
struct bl_contract_counts {
    uint64_t fast;   /* executions in which wasmtime had a part */
    uint64_t faults; /* of them, failed on this machine and run again on the interpreter */
};
void bl_contract_counts(baals_contract_engine *engine, struct bl_contract_counts *out);
/* Tests, measurements: waits until every module that was asked for is compiled. */
void bl_contract_wait_compiled(baals_contract_engine *engine);

/* Runs work(ctx) on a thread of the engine's whose stack is large enough for any execution, and
 * waits for it: a caller with many executions pays for the change of threads once. Where only the
 * interpreter runs, which needs no such stack, it is a plain call. */
void bl_contract_run(baals_contract_engine *engine, void (*work)(void *ctx), void *ctx);

/* Wrappers; assert the contracts of ext/contract.h. */
baals_status bl_contract_check_code(baals_contract_engine *engine,
                                    baals_slice code,
                                    uint32_t gas_schedule,
                                    uint32_t wasm_limits,
                                    baals_error *err);
baals_status bl_contract_execute(baals_contract_engine *engine,
                                 baals_execution_result *result_out,
                                 const baals_execution *execution,
                                 baals_contract_host *host,
                                 baals_error *err);
void bl_contract_result_release(baals_contract_engine *engine, baals_execution_result *result);

/* Gas of a deploy before its `init` runs: 20 per byte of code in schedule 1. */
uint64_t bl_contract_deploy_gas(uint32_t gas_schedule, size_t code_len);
/* Whether this build knows the versions (chain parameters are checked with these). */
bool bl_contract_knows_gas_schedule(uint32_t version);
bool bl_contract_knows_wasm_limits(uint32_t version);

#endif /* BL_CONTRACTS_CONTRACTS_H */
