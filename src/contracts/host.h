/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_HOST_H
#define BL_CONTRACTS_HOST_H
/*
 * The host functions of import module `baals1`, version 1 (docs/spec/contracts.md 4 to 6), and what
 * they share. Every function is a row of BL_HOST_FUNCTION_MAP; the `ctx` of a call is the frame.
 */
#include "contracts/frame.h"

/* X(name, signature): the imports accepted under wasm_limits 1. */
#define BL_HOST_FUNCTION_MAP(X)                                                                    \
    X(input_len, ":i")                                                                             \
    X(input_read, "iii:")                                                                          \
    X(output, "ii:")                                                                               \
    X(revert, "iii:")                                                                              \
    X(storage_read, "iiii:i")                                                                      \
    X(storage_write, "iiii:")                                                                      \
    X(storage_remove, "ii:i")                                                                      \
    X(storage_scan, "iiiii:i")                                                                     \
    X(storage_next, "iiiiii:i")                                                                    \
    X(storage_scan_end, "i:")                                                                      \
    X(self, "i:")                                                                                  \
    X(caller, "i:")                                                                                \
    X(origin, "i:")                                                                                \
    X(value, ":l")                                                                                 \
    X(balance, "i:l")                                                                              \
    X(block_index, ":l")                                                                           \
    X(block_time_ms, ":l")                                                                         \
    X(chain_id, "i:")                                                                              \
    X(tx_id, "i:")                                                                                 \
    X(gas_left, ":l")                                                                              \
    X(log_event, "iiii:")                                                                          \
    X(log, "iii:")                                                                                 \
    X(call_contract, "iiiiilli:i")                                                                 \
    X(result_len, ":i")                                                                            \
    X(result_read, "iii:")                                                                         \
    X(code_hash, "ii:i")                                                                           \
    X(crypto_hash, "iiii:i")                                                                       \
    X(crypto_verify, "iiiiiii:i")

enum {
#define BL_HOST_COUNT_ROW(name, signature) +1
    BL_HOST_FUNCTION_COUNT = 0 BL_HOST_FUNCTION_MAP(BL_HOST_COUNT_ROW)
#undef BL_HOST_COUNT_ROW
};

#define BL_HOST_DECLARE(name, signature)                                                           \
    baals_vm_action bl_host_##name(void *ctx, baals_vm_instance *instance, uint64_t *result_out,   \
                                   const uint64_t *args);
BL_HOST_FUNCTION_MAP(BL_HOST_DECLARE)
#undef BL_HOST_DECLARE

/* The same table for the runtime (`functions` has BL_HOST_FUNCTION_COUNT elements) and for the
 * decoder. */
void bl_host_functions(baals_vm_host_function *functions);
const struct bl_wasm_imports *bl_host_imports(void);

/*
 * What the functions are made of. Each returns false when the function must end with
 * BAALS_VM_TRAP: the cause is then in frame->trap, or in execution->fault when it is local.
 */
#define BL_HOST_TRY(expr)                                                                          \
    do {                                                                                           \
        if (!(expr))                                                                               \
            return BAALS_VM_TRAP;                                                                  \
    } while (0)

/* Takes `cost` from the gas counter. TRAP_GAS. */
bool bl_host_charge(struct bl_frame *frame, uint64_t cost);
/* The first charge: the base, one per 8 of `bytes`, and `own`. Also looks at the deadline. */
bool bl_host_begin(struct bl_frame *frame, uint64_t bytes, uint64_t own);
/* `trap` unless `condition`. */
bool bl_host_require(struct bl_frame *frame, bool condition, baals_status trap);
/* TRAP_POINTER unless the place lies inside the memory. */
bool bl_host_place(struct bl_frame *frame, uint32_t pointer, uint32_t len);
/* Checks and reads an input; `slot` (below BL_HOST_INPUTS_MAX) differs between the inputs of one
 * function. */
bool bl_host_input(
    struct bl_frame *frame, baals_slice *out, uint32_t slot, uint32_t pointer, uint32_t len);
/* An input of 32 bytes. */
bool bl_host_address(struct bl_frame *frame, baals_address *out, uint32_t pointer);
/* A status of the host's operations: OK, or a local failure. */
bool bl_host_ok(struct bl_frame *frame, baals_status status);
/* Writes a result to a place that was checked. */
void bl_host_write(struct bl_frame *frame, uint32_t pointer, baals_slice data);
/* The whole of input_read and result_read. */
baals_vm_action
bl_host_copy_range(struct bl_frame *frame, baals_slice source, const uint64_t *args);

#endif /* BL_CONTRACTS_HOST_H */
