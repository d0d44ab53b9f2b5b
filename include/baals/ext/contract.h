/* SPDX-License-Identifier: MIT */
#ifndef BAALS_EXT_CONTRACT_H
#define BAALS_EXT_CONTRACT_H
/**
 * Contract engines: what the ledger needs of contracts, and what contracts need of the ledger.
 *
 * The engine owns the call stack: entry rules, gas of instances, calls between contracts,
 * re-entrancy, read-only calls. The host, implemented by the ledger, owns the state: it keeps
 * values, balances, code and events, and can go back to a checkpoint.
 *
 * Threads:   one execution belongs to one thread; an engine is shared by threads.
 * Errors:    a status that is not OK is local (NOMEM, IO, CORRUPT, INTERNAL_FAULT) and aborts the
 * block; what the contract did wrong is the result's receipt status. Source:
 * docs/spec/contracts.md.
 */
#include "baals/error.h"
#include "baals/ext/vm.h"
#include "baals/trace.h"
#include "baals/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct baals_contract_engine baals_contract_engine;
typedef struct baals_contract_host baals_contract_host;

#define BAALS_CONTRACT_HOST_OPS_VERSION 2u

/** The state as contracts see it. Slices borrow until the execution ends. Statuses: OK, NOTFOUND
 * where said, local failures. */
struct baals_contract_host_ops {
    uint32_t version; /* BAALS_CONTRACT_HOST_OPS_VERSION; fields are only ever appended. */
    /* The value of a contract's key (1 to 256 bytes). NOTFOUND. */
    baals_status (*storage_get)(baals_contract_host *self,
                                baals_slice *value_out,
                                const baals_address *contract,
                                baals_slice key,
                                baals_error *err);
    baals_status (*storage_put)(baals_contract_host *self,
                                const baals_address *contract,
                                baals_slice key,
                                baals_slice value,
                                baals_error *err);
    /* Removing what is not there is allowed. */
    baals_status (*storage_remove)(baals_contract_host *self,
                                   const baals_address *contract,
                                   baals_slice key,
                                   baals_error *err);
    /* The next of the contract's own keys, flags BAALS_SEEK_* of ext/storage.h; never leaves the
     * contract. NOTFOUND: none. */
    baals_status (*storage_seek)(baals_contract_host *self,
                                 baals_slice *key_out,
                                 baals_slice *value_out,
                                 const baals_address *contract,
                                 baals_slice key,
                                 uint32_t flags,
                                 baals_error *err);
    /* 0 units for an address without record. */
    baals_status (*balance)(baals_contract_host *self,
                            baals_amount *amount_out,
                            const baals_address *address,
                            baals_error *err);
    /* *moved_out is 0 when the balance is too small (nothing moved). `from` has a record; one of
     * `to` is made when it has none. */
    baals_status (*transfer)(baals_contract_host *self,
                             int32_t *moved_out,
                             const baals_address *from,
                             const baals_address *to,
                             baals_amount amount,
                             baals_error *err);
    /* NOTFOUND: no contract at this address. */
    baals_status (*code_hash)(baals_contract_host *self,
                              baals_hash *hash_out,
                              const baals_address *address,
                              baals_error *err);
    /* The module's bytes, checked against their hash. CORRUPT when they are gone. */
    baals_status (*code)(baals_contract_host *self,
                         baals_slice *code_out,
                         const baals_hash *hash,
                         baals_error *err);
    /* Appends an event to the receipt (undone by rollback). LIMIT beyond 100 in the transaction. */
    baals_status (*emit)(baals_contract_host *self, const baals_event *event, baals_error *err);
    /* Nested checkpoints over state and events; each is ended once, innermost first. */
    uint32_t (*checkpoint)(baals_contract_host *self);
    void (*release)(baals_contract_host *self, uint32_t checkpoint);
    void (*rollback)(baals_contract_host *self, uint32_t checkpoint);
    /* A line of the debug record; never consensus. NULL slot: dropped. */
    void (*log)(baals_contract_host *self,
                const baals_address *contract,
                int32_t level,
                baals_slice text);
    /* Since version 2. Whether the address has an account record: 1 or 0. */
    baals_status (*has_record)(baals_contract_host *self,
                               int32_t *has_out,
                               const baals_address *address,
                               baals_error *err);
    /* Since version 2. Bytes of the module with that hash. NOTFOUND: the chain has no such code. */
    baals_status (*code_len)(baals_contract_host *self,
                             uint64_t *len_out,
                             const baals_hash *hash,
                             baals_error *err);
    /* Since version 2. Gives an address code that the chain has; makes its record when there is
     * none. `creator` is written down with it; NULL keeps what the record says. */
    baals_status (*code_set)(baals_contract_host *self,
                             const baals_address *contract,
                             const baals_hash *hash,
                             const baals_address *creator,
                             baals_error *err);
};
struct baals_contract_host {
    const struct baals_contract_host_ops *ops;
};

/** How a contract is entered. */
typedef enum baals_contract_entry {
    BAALS_ENTRY_METHOD = 0, /* `method` names the export */
    BAALS_ENTRY_INIT = 1, /* `init` after a deploy; absent: OK without arguments, else NO_METHOD */
    BAALS_ENTRY_RECEIVE = 2, /* `receive` on a plain transfer; absent: NO_METHOD */
    BAALS_ENTRY_MIGRATE = 3, /* `migrate` of new code; absent: as `init`. Between frames only */
    BAALS_ENTRY_FORCE_INT = 0x7fffffff
} baals_contract_entry;

/** One top-level execution. */
typedef struct baals_execution {
    baals_contract_entry entry;
    int32_t readonly; /* 1: query */
    baals_address contract;
    baals_address caller;
    baals_address origin;
    baals_amount value; /* already moved by the ledger */
    baals_slice method; /* for ENTRY_METHOD */
    int32_t has_args;
    baals_slice args;
    uint64_t gas; /* at most 2^53 */
    /* the block */
    baals_hash chain_id;
    baals_hash tx_id;
    uint64_t block_index;
    uint64_t block_time_ms;
    uint32_t gas_schedule;
    uint32_t wasm_limits;
    /* A deadline for queries by the host's own clock; NULL for blocks. Returns 1 to stop: the
     * result is then the local status BUSY_TIMEOUT. Called now and then. */
    int32_t (*expired)(void *ctx);
    void *expired_ctx;
    baals_hash prev_hash; /* of the block: what `random` begins with */
    /* Who is told what happens; NULL: nobody. Changes no result. */
    const baals_tracer *tracer;
} baals_execution;

/** What became of it. `output` is in memory of the engine until the next execution on this thread's
 * baals_execution_result is released. */
typedef struct baals_execution_result {
    baals_receipt_status status;
    uint64_t gas_used;
    baals_slice output; /* output, or revert data */
    uint32_t revert_code;
    /* Debugging only. */
    baals_status trap; /* OK or TRAP_* */
    baals_address trap_contract;
    uint32_t trap_function; /* UINT32_MAX: unknown */
    uint32_t trap_offset;
    void *memory; /* the engine's */
} baals_execution_result;

#define BAALS_CONTRACT_ENGINE_OPS_VERSION 1u

struct baals_contract_engine_ops {
    uint32_t version; /* BAALS_CONTRACT_ENGINE_OPS_VERSION; fields are only ever appended. */
    const char *name; /* "wasm" */
    /* Mandatory. Whether a module may be deployed. REJECT_CODE with function, offset and cause in
     * `err`; a verdict, the same on every machine. */
    baals_status (*check_code)(baals_contract_engine *self,
                               baals_slice code,
                               uint32_t gas_schedule,
                               uint32_t wasm_limits,
                               baals_error *err);
    /* Mandatory. Runs one execution. On a result status other than OK all its changes have been
     * rolled back. *result_out is released with result_release. */
    baals_status (*execute)(baals_contract_engine *self,
                            baals_execution_result *result_out,
                            const baals_execution *execution,
                            baals_contract_host *host,
                            baals_error *err);
    /* Mandatory. */
    void (*result_release)(baals_contract_engine *self, baals_execution_result *result);
    /* Mandatory. Releases the engine; no execution runs. */
    void (*close)(baals_contract_engine *self);
};
struct baals_contract_engine {
    const struct baals_contract_engine_ops *ops;
};

#ifdef __cplusplus
}
#endif
#endif /* BAALS_EXT_CONTRACT_H */
