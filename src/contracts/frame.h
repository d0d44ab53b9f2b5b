/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_FRAME_H
#define BL_CONTRACTS_FRAME_H
/*
 * The call stack of contracts: one execution, and in it one frame per entered contract
 * (docs/spec/contracts.md 2 and 3). Private to the engine and the host functions.
 *
 * Threads:   an execution and its frames belong to one thread.
 * Errors:    what a contract did wrong is a receipt status in struct bl_frame_end; a status that is
 *            not OK is a local fault, which unwinds all frames.
 */
#include "baals/ext/contract.h"
#include "base/limits.h"
#include "contracts/compiler.h"

/* The stack budget of an execution, in bytes of the instrumentation's count. */
#define BL_STACK_BUDGET (256 * 1024)
#define BL_SCANS_MAX 16u
#define BL_CALL_BYTES_MAX (1024u * 1024u)
#define BL_METHOD_NAME_MAX 100u
/* Inputs of one host function that may need a copy of the contract's memory. */
#define BL_HOST_INPUTS_MAX 3u

/* What is the same for all frames. */
struct bl_trace;

struct bl_execution {
    struct bl_alloc alloc;
    baals_vm *vm;
    baals_vm *fast;               /* NULL: everything runs on `vm` */
    struct bl_compiler *compiler; /* where `fast` is given */
    bool ran_fast;                /* something was run on `fast` */
    struct bl_cache *cache;
    const struct bl_module_builder *builder;
    const struct bl_gas_schedule *schedule;
    const baals_execution *params;
    baals_contract_host *host;
    baals_status fault; /* a local failure inside a host function; OK: none */
    uint32_t host_calls;
    uint64_t random_counter; /* of the random stream; no rollback sets it back */
    baals_error *err;
    struct bl_trace *trace; /* NULL: nobody listens */
};

/* An open scan (docs/spec/contracts.md 6, storage_scan). */
struct bl_scan {
    bool open;
    bool descending;
    bool exclusive; /* `position` itself was delivered, or lies behind the scan's range */
    uint16_t prefix_len;
    uint16_t position_len;
    uint8_t prefix[BL_STORAGE_KEY_MAX];
    uint8_t position[BL_STORAGE_KEY_MAX];
};

/* One entered contract. */
struct bl_frame {
    struct bl_execution *execution;
    struct bl_frame *parent; /* NULL: the outermost */
    uint32_t depth;          /* of the outermost: 1 */
    baals_contract_entry kind;
    bool readonly;
    baals_address contract;
    baals_address caller;
    baals_amount value;
    baals_slice input;
    uint64_t input_read; /* bytes of it read through descriptor 0 */
    baals_vm_instance *instance;
    bool reverted;
    uint32_t revert_code;
    struct bl_buffer output; /* or revert data */
    struct bl_buffer result; /* of the last sub-call */
    struct bl_buffer inputs[BL_HOST_INPUTS_MAX];
    baals_vm_trap trap; /* why the frame failed; OK: it did not */
    struct bl_scan scans[BL_SCANS_MAX];
};

/* How a frame is entered. */
struct bl_entry {
    baals_contract_entry kind;
    baals_slice method;
    bool has_args;
    uint64_t gas;
    int32_t stack;
};

/* How it ended. */
struct bl_frame_end {
    baals_receipt_status status;
    uint64_t gas_used;
};

/* Called by a frame: another contract, or new code. */
struct bl_call {
    baals_contract_entry kind;
    const baals_hash *code; /* what the contract's code becomes first; NULL: it stays */
    baals_address contract;
    baals_slice method;
    baals_slice args;
    baals_amount value;
    uint64_t gas;
    bool readonly;
};
/* The results of call_contract that are no receipt status. */
#define BL_CALL_INSUFFICIENT_FUNDS 100u

/* Asks for a query's deadline. True: execution->fault is BUSY_TIMEOUT and all frames must unwind.
 */
bool bl_execution_expired(struct bl_execution *execution);

/* A frame of `execution` below `parent` (NULL: the outermost). NULL: no memory. */
struct bl_frame *bl_frame_new(struct bl_execution *execution, struct bl_frame *parent);
void bl_frame_free(struct bl_frame *frame); /* NULL is ignored */

/* Runs the frame, whose contract, caller, value, readonly and input are set, from the look-up of
 * its code to its end. Makes no checkpoint. */
baals_status
bl_frame_run(struct bl_frame *frame, struct bl_frame_end *end_out, const struct bl_entry *entry);

/* The checks before a call of another contract. *result_out is the number for the caller when the
 * call may not be made, else OK. */
baals_status bl_frame_check_call(const struct bl_frame *caller,
                                 uint32_t *result_out,
                                 const struct bl_call *call);
/* A call that was checked: checkpoint, code, value, frame. Leaves output or revert data in
 * caller->result, which is empty, and the number for the caller in *result_out. */
baals_status bl_frame_call(struct bl_frame *caller,
                           uint32_t *result_out,
                           uint64_t *gas_used_out,
                           const struct bl_call *call);
/* Moves an amount that the frame's contract has. */
baals_status
bl_frame_move_value(const struct bl_frame *frame, const baals_address *to, baals_amount amount);

#endif /* BL_CONTRACTS_FRAME_H */
