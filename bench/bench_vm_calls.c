/* SPDX-License-Identifier: MIT */
/*
 * Calls through the contract engine, on a state that holds nothing but code: what is measured is
 * the way from an execution to its instance and back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_vm.h"
#include "contracts/contracts.h"
#include "crypto/crypto.h"
#include "wasm_shapes.h"

#define CALLS_MODULES 64u
#define CALLS_MODULE_BYTES ((size_t)64 * 1024)
/* A module of 64 KiB is several times as large when it is prepared: two of them fit. */
#define CALLS_CACHE_BYTES ((size_t)2 * 1024 * 1024)

/* (module (memory 1) (func (export "e"))) */
static const uint8_t calls_empty[] = {
    0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x04, 0x01, 0x60,
    0x00, 0x00, 0x03, 0x02, 0x01, 0x00, 0x05, 0x03, 0x01, 0x00, 0x01, 0x07,
    0x05, 0x01, 0x01, 0x65, 0x00, 0x00, 0x0a, 0x04, 0x01, 0x02, 0x00, 0x0b,
};

/* Contract i has the address i, repeated; the first one is empty, the others differ in their last
 * bytes. */
struct calls {
    baals_contract_host host;
    baals_contract_engine *engine;
    struct bl_buffer codes[1 + CALLS_MODULES];
    baals_hash hashes[1 + CALLS_MODULES];
    unsigned first; /* the next contract to call */
    unsigned span;
    unsigned count;
};

static baals_status calls_code_hash(baals_contract_host *self,
                                    baals_hash *hash_out,
                                    const baals_address *address,
                                    baals_error *err)
{
    (void)err;
    const struct calls *calls = (const struct calls *)(const void *)self;
    *hash_out = calls->hashes[address->bytes[0]];
    return BAALS_OK;
}

static baals_status calls_code(baals_contract_host *self,
                               baals_slice *code_out,
                               const baals_hash *hash,
                               baals_error *err)
{
    const struct calls *calls = (const struct calls *)(const void *)self;
    for (size_t i = 0; i < BL_COUNT_OF(calls->hashes); i++) {
        if (bl_hash_equal(&calls->hashes[i], hash)) {
            *code_out = bl_buffer_slice(&calls->codes[i]);
            return BAALS_OK;
        }
    }
    return bl_fail(err, BAALS_CORRUPT_STATE, "no such code");
}

static uint32_t calls_checkpoint(baals_contract_host *self)
{
    (void)self;
    return 0;
}

static void calls_ignore(baals_contract_host *self, uint32_t checkpoint)
{
    (void)self;
    (void)checkpoint;
}

static const struct baals_contract_host_ops calls_ops = {
    .version = BAALS_CONTRACT_HOST_OPS_VERSION,
    .code_hash = calls_code_hash,
    .code = calls_code,
    .checkpoint = calls_checkpoint,
    .release = calls_ignore,
    .rollback = calls_ignore,
};

static void calls_call(struct calls *calls, unsigned contract)
{
    baals_error err = {.status = BAALS_OK};
    baals_execution execution = {
        .method = bl_slice_str("e"), .gas = 1ull << 40, .gas_schedule = 2, .wasm_limits = 2};
    baals_execution_result result;
    memset(&result, 0, sizeof result);
    execution.contract.bytes[0] = (uint8_t)contract;
    bench_check(bl_contract_execute(calls->engine, &result, &execution, &calls->host, &err), "call",
                &err);
    /* The large ones have no methods: they are loaded and no more. */
    if (result.status != (contract == 0 ? BAALS_RECEIPT_OK : BAALS_RECEIPT_NO_METHOD)) {
        fprintf(stderr, "baals-bench-vm: %s\n", baals_receipt_status_name(result.status));
        exit(1);
    }
    bl_contract_result_release(calls->engine, &result);
}

static void calls_run(void *ctx)
{
    struct calls *calls = ctx;
    for (unsigned i = 0; i < calls->count; i++)
        calls_call(calls, calls->first + i % calls->span);
}

static void calls_measure(struct calls *calls, const char *vm, const char *name)
{
    double values[BENCH_RUNS];
    bl_contract_run(calls->engine, calls_run, calls);
    for (size_t i = 0; i < BENCH_RUNS; i++) {
        double begin = bench_now();
        bl_contract_run(calls->engine, calls_run, calls);
        values[i] = (bench_now() - begin) / calls->count * 1e6;
    }
    bench_print(vm, name, values, "us");
}

static void calls_prepare(struct calls *calls)
{
    for (unsigned i = 0; i < BL_COUNT_OF(calls->codes); i++) {
        struct bl_buffer *code = &calls->codes[i];
        bl_buffer_init(code, bl_alloc_system(), (size_t)1024 * 1024);
        if (i == 0) {
            bl_buffer_append(code, calls_empty, sizeof calls_empty);
        } else {
            /* A custom section whose name is one letter. */
            const uint8_t custom[] = {0, 2, 1, (uint8_t)('0' + i)};
            bl_wasm_shape_write(code, i % bl_wasm_shape_count, CALLS_MODULE_BYTES);
            bl_buffer_append(code, custom, sizeof custom);
        }
        bl_sha256(&calls->hashes[i], bl_buffer_slice(code));
    }
}

void bench_calls(const char *vm, bool smoke)
{
    static struct calls calls;
    baals_error err = {.status = BAALS_OK};
    struct bl_env *env = NULL;
    struct bl_contract_options options = {
        .vm = vm, .compile_at_once = true, .cache_bytes = CALLS_CACHE_BYTES};
    memset(&calls, 0, sizeof calls);
    calls.host.ops = &calls_ops;
    bench_check(bl_env_system(&env, bl_alloc_system(), &err), "env", &err);
    baals_status status = bl_contract_engine_new(&calls.engine, env, &options, &err);
    if (status != BAALS_UNSUPPORTED) {
        bench_check(status, vm, &err);
        calls_prepare(&calls);
        calls.span = 1;
        calls.count = smoke ? 10 : 5000;
        calls_measure(&calls, vm, "warm call, nothing done");
        bl_contract_close(calls.engine);
        options.compile_at_once = false;
        bench_check(bl_contract_engine_new(&calls.engine, env, &options, &err), vm, &err);
        calls.first = 1;
        calls.span = CALLS_MODULES;
        calls.count = smoke ? 2 : CALLS_MODULES;
        calls_measure(&calls, vm, "cold call, 64 modules of 64 KiB in turns");
        bl_contract_close(calls.engine);
        for (size_t i = 0; i < BL_COUNT_OF(calls.codes); i++)
            bl_buffer_deinit(&calls.codes[i]);
    }
    bl_env_close(env);
}
