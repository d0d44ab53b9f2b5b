/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_HOST_H
#define BL_CONTRACTS_HOST_H
/*
 * The host functions of the import modules `baals1` and `wasi_snapshot_preview1`
 * (docs/spec/contracts.md 4 to 8), and what they share. Every function is a row of one of the three
 * maps; the `ctx` of a call is the frame.
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

/* The same for those that wasm_limits 2 adds to `baals1`. */
#define BL_HOST_FUNCTION_MAP_2(X)                                                                  \
    X(transfer, "il:i")                                                                            \
    X(random, "i:")                                                                                \
    X(deploy_contract, "iiiilli:i")                                                                \
    X(set_code, "iiil:i")                                                                          \
    X(crypto_recover, "iiii:i")

/* X(name, signature, function): `wasi_snapshot_preview1`, under wasm_limits 2. */
#define BL_WASI_FUNCTION_MAP(X)                                                                    \
    X(args_get, "ii:i", nothing)                                                                   \
    X(args_sizes_get, "ii:i", sizes)                                                               \
    X(clock_res_get, "ii:i", clock_res_get)                                                        \
    X(clock_time_get, "ili:i", clock_time_get)                                                     \
    X(environ_get, "ii:i", nothing)                                                                \
    X(environ_sizes_get, "ii:i", sizes)                                                            \
    X(fd_advise, "illi:i", fd_unsupported)                                                         \
    X(fd_allocate, "ill:i", fd_unsupported)                                                        \
    X(fd_close, "i:i", fd_nothing)                                                                 \
    X(fd_datasync, "i:i", fd_unsupported)                                                          \
    X(fd_fdstat_get, "ii:i", fd_fdstat_get)                                                        \
    X(fd_fdstat_set_flags, "ii:i", fd_unsupported)                                                 \
    X(fd_fdstat_set_rights, "ill:i", fd_unsupported)                                               \
    X(fd_filestat_get, "ii:i", fd_unsupported)                                                     \
    X(fd_filestat_set_size, "il:i", fd_unsupported)                                                \
    X(fd_filestat_set_times, "illi:i", fd_unsupported)                                             \
    X(fd_pread, "iiili:i", fd_seek)                                                                \
    X(fd_prestat_dir_name, "iii:i", no_file)                                                       \
    X(fd_prestat_get, "ii:i", no_file)                                                             \
    X(fd_pwrite, "iiili:i", fd_seek)                                                               \
    X(fd_read, "iiii:i", fd_read)                                                                  \
    X(fd_readdir, "iiili:i", fd_unsupported)                                                       \
    X(fd_renumber, "ii:i", fd_unsupported)                                                         \
    X(fd_seek, "ilii:i", fd_seek)                                                                  \
    X(fd_sync, "i:i", fd_unsupported)                                                              \
    X(fd_tell, "ii:i", fd_seek)                                                                    \
    X(fd_write, "iiii:i", fd_write)                                                                \
    X(path_create_directory, "iii:i", no_file)                                                     \
    X(path_filestat_get, "iiiii:i", no_file)                                                       \
    X(path_filestat_set_times, "iiiilli:i", no_file)                                               \
    X(path_link, "iiiiiii:i", no_file)                                                             \
    X(path_open, "iiiiillii:i", no_file)                                                           \
    X(path_readlink, "iiiiii:i", no_file)                                                          \
    X(path_remove_directory, "iii:i", no_file)                                                     \
    X(path_rename, "iiiiii:i", no_file)                                                            \
    X(path_symlink, "iiiii:i", no_file)                                                            \
    X(path_unlink_file, "iii:i", no_file)                                                          \
    X(poll_oneoff, "iiii:i", unsupported)                                                          \
    X(proc_exit, "i:", proc_exit)                                                                  \
    X(proc_raise, "i:i", unsupported)                                                              \
    X(random_get, "ii:i", random_get)                                                              \
    X(sched_yield, ":i", nothing)                                                                  \
    X(sock_accept, "iii:i", unsupported)                                                           \
    X(sock_recv, "iiiiii:i", unsupported)                                                          \
    X(sock_send, "iiiii:i", unsupported)                                                           \
    X(sock_shutdown, "ii:i", unsupported)

/* The functions that WASI's are made of. */
#define BL_WASI_MAP(X)                                                                             \
    X(nothing)                                                                                     \
    X(unsupported)                                                                                 \
    X(no_file)                                                                                     \
    X(sizes)                                                                                       \
    X(clock_res_get)                                                                               \
    X(clock_time_get)                                                                              \
    X(fd_nothing)                                                                                  \
    X(fd_unsupported)                                                                              \
    X(fd_seek)                                                                                     \
    X(fd_fdstat_get)                                                                               \
    X(fd_read)                                                                                     \
    X(fd_write)                                                                                    \
    X(proc_exit)                                                                                   \
    X(random_get)

enum {
#define BL_HOST_COUNT_ROW(...) +1
    BL_HOST_FUNCTION_COUNT_1 = 0 BL_HOST_FUNCTION_MAP(BL_HOST_COUNT_ROW),
    BL_HOST_FUNCTION_COUNT = BL_HOST_FUNCTION_COUNT_1 BL_HOST_FUNCTION_MAP_2(BL_HOST_COUNT_ROW)
        BL_WASI_FUNCTION_MAP(BL_HOST_COUNT_ROW)
#undef BL_HOST_COUNT_ROW
};

#define BL_HOST_DECLARE(name, signature)                                                           \
    baals_vm_action bl_host_##name(void *ctx, baals_vm_instance *instance, uint64_t *result_out,   \
                                   const uint64_t *args);
BL_HOST_FUNCTION_MAP(BL_HOST_DECLARE)
BL_HOST_FUNCTION_MAP_2(BL_HOST_DECLARE)
#undef BL_HOST_DECLARE
#define BL_WASI_DECLARE(name)                                                                      \
    baals_vm_action bl_wasi_##name(void *ctx, baals_vm_instance *instance, uint64_t *result_out,   \
                                   const uint64_t *args);
BL_WASI_MAP(BL_WASI_DECLARE)
#undef BL_WASI_DECLARE

/* The same table for the runtime (`functions` has BL_HOST_FUNCTION_COUNT elements) and for the
 * decoder: element v - 1 is what wasm_limits v accepts. */
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
bool bl_host_hash(struct bl_frame *frame, baals_hash *out, uint32_t pointer);
/* Most bytes of the frame's output or revert data. */
uint32_t bl_host_output_max(const struct bl_frame *frame);
/* Runs a call whose checks are done, with as much of the gas `asked` as there is, and takes what it
 * used from the gas counter. */
bool bl_host_enter(struct bl_frame *frame,
                   uint32_t *result_out,
                   struct bl_call *call,
                   uint64_t asked);
/* The next 32 bytes of the transaction's random stream. */
void bl_host_random_next(baals_hash *out, struct bl_frame *frame);
/* A status of the host's operations: OK, or a local failure. */
bool bl_host_ok(struct bl_frame *frame, baals_status status);
/* Writes a result to a place that was checked. */
void bl_host_write(struct bl_frame *frame, uint32_t pointer, baals_slice data);
/* The whole of input_read and result_read. */
baals_vm_action
bl_host_copy_range(struct bl_frame *frame, baals_slice source, const uint64_t *args);

#endif /* BL_CONTRACTS_HOST_H */
