/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_GAS_H
#define BL_CONTRACTS_GAS_H
/*
 * Gas: what every instruction and every host function costs. Versioned by number in the chain's
 * parameters; a version never changes. The table itself stands in docs/spec/gas.md.
 *
 * Threads: constant data and pure functions.
 */
#include "contracts/wasm.h"

/* Cost classes of instructions (the last column of BL_WASM_OP_MAP). */
enum bl_gas_class {
    BL_GAS_FREE,   /* block, loop, else, end */
    BL_GAS_SIMPLE, /* constants, locals, arithmetic, comparison, nop, drop, select, unreachable */
    BL_GAS_MUL,
    BL_GAS_DIV, /* division and remainder */
    BL_GAS_POPCNT,
    BL_GAS_MEMORY, /* loads and stores */
    BL_GAS_GLOBAL,
    BL_GAS_BRANCH,        /* br, br_if, if, return */
    BL_GAS_BR_TABLE,      /* plus one per 8 targets, rounded up, the default not counted */
    BL_GAS_CALL,          /* plus one per parameter */
    BL_GAS_CALL_INDIRECT, /* plus one per parameter */
    BL_GAS_MEMORY_SIZE,
    BL_GAS_GROW, /* plus bl_gas_grow when the memory may grow */
    BL_GAS_BULK, /* plus bl_gas_bulk, except data.drop */
    BL_GAS_CLASS_COUNT
};

/* base + ceil(n / per) * 1, or base + byte * n: see each field. Gas units throughout. */
struct bl_gas_schedule {
    uint32_t version;

    /* ---- instructions ---- */
    uint64_t instruction[BL_GAS_CLASS_COUNT];
    uint64_t br_table_targets; /* targets per unit */
    uint64_t call_param;       /* per parameter of call and call_indirect */
    uint64_t entry;            /* entering a function ... */
    uint64_t entry_bytes;      /* ... plus one per so many bytes of F, rounded up */
    uint64_t grow_page;        /* per page asked for */
    uint64_t bulk_bytes;       /* bytes per unit, rounded up */

    /* ---- host functions ---- */
    uint64_t host_call;       /* every host call ... */
    uint64_t host_bytes;      /* ... plus one per so many bytes moved, rounded up */
    uint64_t output_byte;     /* output, revert and log */
    uint64_t balance;         /* balance */
    uint64_t code_hash;       /* code_hash */
    uint64_t transfer;        /* transfer ... */
    uint64_t transfer_create; /* ... that makes an account */
    uint64_t set_code;
    uint64_t set_code_byte;
    uint64_t random;
    uint64_t instance_page;       /* an instance: per initial page ... */
    uint64_t instance_pages;      /* ... up to so many, and for each further one ... */
    uint64_t instance_page_more;  /* ... this ... */
    uint64_t instance_data_bytes; /* ... plus one per so many bytes of active data, rounded up */
    uint64_t storage_absent;      /* read, write and remove of a key that is not there: besides */
    uint64_t storage_read;
    uint64_t storage_read_byte; /* of the value, copied or not */
    uint64_t storage_write;
    uint64_t storage_write_byte; /* of the longer of old and new value */
    uint64_t storage_remove;
    uint64_t storage_remove_byte; /* of the old value */
    uint64_t scan;
    uint64_t scan_next;
    uint64_t scan_next_byte;
    uint64_t event;
    uint64_t event_byte;
    uint64_t sha256;
    uint64_t sha256_byte;
    uint64_t keccak;
    uint64_t keccak_byte;
    uint64_t blake; /* BLAKE2b and BLAKE3 */
    uint64_t blake_byte;
    uint64_t ed25519;
    uint64_t ed25519_byte;
    uint64_t secp256k1_recover;
    uint64_t secp256k1_verify;
    uint64_t p256_verify;
    uint64_t call_contract;
    uint64_t load;         /* loading the callee's code ... */
    uint64_t load_bytes;   /* ... plus one per so many bytes of it, rounded up */
    uint64_t deploy_byte;  /* of the code */
    uint64_t call_reserve; /* a callee gets at most left - left / call_reserve */
};

/* NULL: unknown version. */
const struct bl_gas_schedule *bl_gas_schedule_get(uint32_t version);

/* The static cost of one instruction. `params` is the number of parameters of the callee's type
 * for call and call_indirect, else ignored. The sum over the executed instructions of the input,
 * plus bl_gas_entry per function entered, plus bl_gas_grow and bl_gas_bulk, is what the
 * instrumented module charges up to a normal end. */
uint64_t bl_gas_instruction_cost(const struct bl_gas_schedule *schedule,
                                 const struct bl_wasm_instruction *instruction,
                                 uint32_t params);
/* Entering a function whose frame cost is F. */
uint64_t bl_gas_entry(const struct bl_gas_schedule *schedule, uint32_t frame_cost);
/* Added by memory.grow of `pages` pages when size + pages is within the memory's maximum. */
uint64_t bl_gas_grow(const struct bl_gas_schedule *schedule, uint32_t pages);
/* An instance of a module with so many initial pages and bytes of active data. */
uint64_t bl_gas_instance(const struct bl_gas_schedule *schedule, uint64_t pages, uint64_t data);
/* Added by memory.copy, memory.fill and memory.init of `len` bytes. */
uint64_t bl_gas_bulk(const struct bl_gas_schedule *schedule, uint32_t len);
/* base + byte_cost * len; never overflows for len < 2^32. */
uint64_t bl_gas_per_byte(uint64_t base, uint64_t byte_cost, uint64_t len);
/* ceil(len / unit): the units of "plus one per so many bytes". */
uint64_t bl_gas_units(uint64_t len, uint64_t unit);

#endif /* BL_CONTRACTS_GAS_H */
