/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_VM_WASMTIME_H
#define BL_CONTRACTS_VM_WASMTIME_H
/*
 * wasmtime as a runtime. docs/internals/wasmtime.md explains the settings and what becomes of its
 * failures.
 */
#include "base/arena.h"
#include "contracts/vm.h"

/* Zeros are the defaults. The limits are there so that tests can reach them. */
struct bl_vm_wasmtime_options {
    bool trap_signals;     /* signal handlers of the process catch traps: a little faster */
    bool on_demand;        /* no pool: every instance maps its own memory */
    bool raw;              /* tests: modules run as they are and have no counters */
    uint32_t instances;    /* of the pool; default 128 */
    uint32_t memory_bytes; /* most of one linear memory; default 16 MiB */
};

/* *out is released with bl_vm_close. Without `on_demand` a pool that the machine does not grant is
 * done without. NOMEM; UNSUPPORTED: this build is without wasmtime, or it does not run on this
 * machine. */
baals_status bl_vm_wasmtime_new(baals_vm **out,
                                struct bl_alloc alloc,
                                const struct bl_vm_wasmtime_options *options,
                                baals_error *err);

/* Most parameters of bl_vm_wasmtime_invoke. */
#define BL_VM_WASMTIME_VALUES_MAX 32u

/* Tests: calls an exported function of any type. `values` holds `value_count` slots for parameters
 * and result, an i32 zero-extended. As baals_vm_ops.call. */
baals_vm_end bl_vm_wasmtime_invoke(baals_vm_instance *instance,
                                   baals_slice name,
                                   uint64_t *values,
                                   size_t value_count,
                                   baals_vm_trap *trap_out,
                                   baals_error *err);

#endif /* BL_CONTRACTS_VM_WASMTIME_H */
