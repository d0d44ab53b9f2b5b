/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_CONTRACTS_H
#define BL_CONTRACTS_CONTRACTS_H
/*
 * What the ledger uses of the contracts module: the WASM contract engine behind
 * include/baals/ext/contract.h and its wrappers. Everything else in this folder is private to it.
 */
#include "baals/ext/contract.h"
#include "base/env.h"

/* Settings of the engine; zeros are the defaults. */
struct bl_contract_options {
    const char *vm;     /* "interpreter" */
    size_t cache_bytes; /* prepared modules kept in memory; default 64 MiB */
};

/* The engine "wasm". *out is released with bl_contract_close. NOMEM, UNSUPPORTED (unknown vm). */
baals_status bl_contract_engine_new(baals_contract_engine **out,
                                    struct bl_env *env,
                                    const struct bl_contract_options *options,
                                    baals_error *err);
void bl_contract_close(baals_contract_engine *engine); /* NULL is ignored */

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
