/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_VM_H
#define BL_CONTRACTS_VM_H
/*
 * The WASM runtimes of this build and the wrappers around their operations
 * (include/baals/ext/vm.h). Nobody calls `vm->ops->f` directly.
 */
#include "baals/ext/vm.h"
#include "base/arena.h"

struct bl_gas_schedule;

/* The interpreter. *out is released with bl_vm_close. NOMEM. */
baals_status bl_vm_interpreter_new(baals_vm **out, struct bl_alloc alloc, baals_error *err);

/*
 * The interpreter as the oracle of gas: it runs contracts as they were written, without
 * instrumentation, and takes the cost of each instruction from the gas counter when it executes
 * it (also below 0: it never stops). After a run that ended OK the counter equals that of the
 * instrumented module, but for what the contract asked about its gas on the way.
 */
baals_status bl_vm_interpreter_new_counting(baals_vm **out,
                                            struct bl_alloc alloc,
                                            const struct bl_gas_schedule *schedule,
                                            baals_error *err);

/* The runtime of that name ("interpreter", "wasmtime") with default options. UNSUPPORTED: not in
 * this build. NOMEM. */
baals_status bl_vm_new(baals_vm **out, const char *name, struct bl_alloc alloc, baals_error *err);
void bl_vm_close(baals_vm *vm); /* NULL is ignored */

baals_status bl_vm_compile(baals_vm *vm,
                           baals_vm_module **module_out,
                           baals_slice bytes,
                           const baals_vm_host_function *functions,
                           size_t function_count,
                           baals_error *err);
void bl_vm_module_free(baals_vm *vm, baals_vm_module *module); /* NULL is ignored */
size_t bl_vm_module_bytes(const baals_vm_module *module);

baals_status bl_vm_instantiate(baals_vm *vm,
                               baals_vm_instance **instance_out,
                               baals_vm_module *module,
                               void *ctx,
                               baals_error *err);
void bl_vm_destroy(baals_vm_instance *instance); /* NULL is ignored */
baals_vm_end bl_vm_call(baals_vm_instance *instance,
                        baals_slice name,
                        baals_vm_trap *trap_out,
                        baals_error *err);

uint32_t bl_vm_mem_size(const baals_vm_instance *instance);
/* True when offset + len <= bl_vm_mem_size: also for len 0 at the very end, not beyond. */
bool bl_vm_mem_inside(const baals_vm_instance *instance, uint32_t offset, uint32_t len);
/* The bytes at offset, which lie inside: a view where the runtime gives one, else a copy in
 * `scratch`. Valid until the next call, growth, or use of `scratch`. NOMEM. */
baals_status bl_vm_mem_slice(baals_slice *out,
                             baals_vm_instance *instance,
                             struct bl_buffer *scratch,
                             uint32_t offset,
                             uint32_t len,
                             baals_error *err);
/* Copies out of and into the memory; the range lies inside. */
void bl_vm_mem_read(const baals_vm_instance *instance, void *out, uint32_t offset, uint32_t len);
void bl_vm_mem_write(baals_vm_instance *instance, uint32_t offset, baals_slice data);

/* Has the runtime ask `expired` now and then, where it can; call it before bl_vm_gas_set. */
void bl_vm_watch(baals_vm_instance *instance, int32_t (*expired)(void *ctx), void *ctx);

int64_t bl_vm_gas_get(const baals_vm_instance *instance);
void bl_vm_gas_set(baals_vm_instance *instance, int64_t gas);
int32_t bl_vm_stack_get(const baals_vm_instance *instance);
void bl_vm_stack_set(baals_vm_instance *instance, int32_t stack);

#endif /* BL_CONTRACTS_VM_H */
