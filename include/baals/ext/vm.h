/* SPDX-License-Identifier: MIT */
#ifndef BAALS_EXT_VM_H
#define BAALS_EXT_VM_H
/**
 * WASM runtimes: what executes an instrumented module. Decoding, validation and gas instrumentation
 * are done before (docs/spec/wasm.md, gas.md); a runtime only runs, and every runtime must give the
 * same results, traps and gas.
 *
 * Threads:   a module is shared by threads; an instance belongs to one thread.
 * Ownership: stated at each callback.
 * Errors:    a trap is an END, not a status. A status that is not OK is a local fault: the caller
 * rolls back and may run the transaction again on another runtime; it never becomes a verdict.
 */
#include "baals/error.h"
#include "baals/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct baals_vm baals_vm;
typedef struct baals_vm_module baals_vm_module;
typedef struct baals_vm_instance baals_vm_instance;

/** How a call ended; nothing else exists. */
typedef enum baals_vm_end {
    BAALS_VM_END_OK = 0,    /* the function returned */
    BAALS_VM_END_EXIT = 1,  /* a host function ended the execution on purpose (output, revert) */
    BAALS_VM_END_TRAP = 2,  /* a trap of the WebAssembly specification, or a host function's */
    BAALS_VM_END_FAULT = 3, /* the runtime failed on this machine: never a verdict */
    BAALS_VM_END_FORCE_INT = 0x7fffffff
} baals_vm_end;

/** What a host function tells the runtime to do next. */
typedef enum baals_vm_action {
    BAALS_VM_CONTINUE = 0,
    BAALS_VM_EXIT = 1,
    BAALS_VM_TRAP = 2,
    BAALS_VM_ACTION_FORCE_INT = 0x7fffffff
} baals_vm_action;

/** Value types of the accepted subset. */
typedef enum baals_vm_type {
    BAALS_VM_NONE = 0,
    BAALS_VM_I32 = 0x7f,
    BAALS_VM_I64 = 0x7e,
    BAALS_VM_TYPE_FORCE_INT = 0x7fffffff
} baals_vm_type;

/** Most parameters of a host function. */
#define BAALS_VM_HOST_PARAMS_MAX 9

/** A host function. args[i] holds an i32 zero-extended or an i64; *result_out is written when the
 * function has a result. `ctx` is the one given to instantiate. It must not call into `instance`'s
 * code, but may use its memory, gas and stack. */
typedef baals_vm_action (*baals_vm_host_call)(void *ctx,
                                              baals_vm_instance *instance,
                                              uint64_t *result_out,
                                              const uint64_t *args);

typedef struct baals_vm_host_function {
    const char *module;
    const char *name;
    baals_vm_type params[BAALS_VM_HOST_PARAMS_MAX];
    uint32_t param_count;
    baals_vm_type result;
    baals_vm_host_call call;
} baals_vm_host_function;

/** Where a trap happened, as far as the runtime knows; UINT32_MAX where it does not. Debugging
 * only, never consensus. */
typedef struct baals_vm_trap {
    baals_status status; /* TRAP_* */
    uint32_t function_index;
    uint32_t offset; /* in the instrumented module */
} baals_vm_trap;

#define BAALS_VM_OPS_VERSION 1u

struct baals_vm_ops {
    uint32_t version; /* BAALS_VM_OPS_VERSION; fields are only ever appended. */
    const char *name; /* "interpreter" */
    /* Mandatory. Prepares a validated, instrumented module; `bytes` must live as long as the
     * module. `functions` resolve its imports by name and live longer than the vm. NOMEM,
     * INTERNAL_FAULT. */
    baals_status (*compile)(baals_vm *self,
                            baals_vm_module **module_out,
                            baals_slice bytes,
                            const baals_vm_host_function *functions,
                            size_t function_count,
                            baals_error *err);
    /* Mandatory. No instance of the module lives. */
    void (*module_free)(baals_vm *self, baals_vm_module *module);
    /* Mandatory. Bytes of memory the module holds, for the cache. */
    size_t (*module_bytes)(const baals_vm_module *module);
    /* Mandatory. Fresh globals, zeroed memory, active segments copied; runs no code. NOMEM,
     * INTERNAL_FAULT. */
    baals_status (*instantiate)(baals_vm *self,
                                baals_vm_instance **instance_out,
                                baals_vm_module *module,
                                void *ctx,
                                baals_error *err);
    /* Mandatory. Calls an exported function of type () -> (). *trap_out is written on END_TRAP;
     * `err` on END_FAULT. */
    baals_vm_end (*call)(baals_vm_instance *instance,
                         const char *name,
                         size_t name_len,
                         baals_vm_trap *trap_out,
                         baals_error *err);
    /* Mandatory. Bytes of linear memory now. */
    uint32_t (*mem_size)(const baals_vm_instance *instance);
    /* Mandatory. Copies len bytes; 1 on success, 0 when any of them lies outside (nothing copied).
     */
    int32_t (*mem_read)(const baals_vm_instance *instance,
                        void *out,
                        uint32_t offset,
                        uint32_t len);
    int32_t (*mem_write)(baals_vm_instance *instance,
                         uint32_t offset,
                         const void *data,
                         uint32_t len);
    /* Optional (NULL slot, or NULL result when the host cannot give one): the bytes themselves.
     * Invalid after any call or growth. NULL when they lie outside. */
    uint8_t *(*mem_view)(baals_vm_instance *instance, uint32_t offset, uint32_t len);
    /* Mandatory. The gas and stack counters of the instrumentation. */
    int64_t (*gas_get)(const baals_vm_instance *instance);
    void (*gas_set)(baals_vm_instance *instance, int64_t gas);
    int32_t (*stack_get)(const baals_vm_instance *instance);
    void (*stack_set)(baals_vm_instance *instance, int32_t stack);
    /* Mandatory. Releases the instance. Never called with NULL. */
    void (*destroy)(baals_vm_instance *instance);
    /* Mandatory. Releases the vm; no module lives. */
    void (*close)(baals_vm *self);
    /* Optional. From the next gas_set on the runtime asks `expired` every few milliseconds and ends
     * the call with END_FAULT when it answers 1. Changes neither results nor gas. Queries only. */
    void (*watch)(baals_vm_instance *instance, int32_t (*expired)(void *ctx), void *ctx);
};

/** The first member of every runtime's own structs. */
struct baals_vm {
    const struct baals_vm_ops *ops;
};
struct baals_vm_module {
    const struct baals_vm_ops *ops;
};
struct baals_vm_instance {
    const struct baals_vm_ops *ops;
};

#ifdef __cplusplus
}
#endif
#endif /* BAALS_EXT_VM_H */
