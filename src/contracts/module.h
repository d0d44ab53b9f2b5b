/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_MODULE_H
#define BL_CONTRACTS_MODULE_H
/*
 * A contract's code made ready to run: checked, instrumented, compiled by the interpreter, with
 * what the engine must know of it. Immutable once made, but for the fast runtime's form, which a
 * background thread adds when it has it; shared by threads through the cache.
 */
#include <stdatomic.h>

#include "base/arena.h"
#include "contracts/gas.h"
#include "contracts/vm.h"

/* What a prepared module is made from, besides the code itself. */
struct bl_module_rules {
    uint32_t gas_schedule;
    uint32_t wasm_limits;
};

struct bl_module_key {
    baals_hash code_hash;
    struct bl_module_rules rules;
};

/* Where a module stands with the fast runtime. */
enum bl_module_fast_state {
    BL_MODULE_FAST_NONE, /* nobody has asked for it */
    BL_MODULE_FAST_WANTED,
    BL_MODULE_FAST_READY,
    BL_MODULE_FAST_REFUSED /* it cannot be had; the interpreter runs the module */
};

struct bl_module {
    struct bl_module_key key;
    struct bl_alloc alloc;
    baals_vm *vm;
    baals_vm_module *compiled;
    struct bl_buffer instrumented; /* the runtime borrows it */
    struct bl_arena arena;         /* entries and their names */
    baals_slice *entries;          /* exports of type () -> (), in the order of the module */
    uint32_t entry_count;
    bool has_start;
    uint64_t code_len;
    uint64_t memory_pages; /* initial */
    uint64_t active_data_bytes;
    uint64_t compile_cost; /* of the instrumented form (contracts/compile_cost.h) */

    atomic_int fast_state; /* enum bl_module_fast_state; READY publishes the two below */
    baals_vm *fast_vm;
    baals_vm_module *fast;

    /* The cache's own; guarded by its lock. */
    size_t bytes; /* memory the module holds */
    uint32_t refs;
    bool cached;
    struct bl_module *chain;
    struct bl_module *newer;
    struct bl_module *older;
};

/* What building needs of the engine. */
struct bl_module_builder {
    struct bl_alloc alloc;
    baals_vm *vm;
    const baals_vm_host_function *functions;
    size_t function_count;
    const struct bl_wasm_imports *imports; /* the same for the decoder, by wasm_limits - 1 */
};

/* Checks code as a deploy does. REJECT_CODE; UNSUPPORTED_VERSION for unknown rules; NOMEM. */
baals_status bl_module_check(const struct bl_module_builder *builder,
                             baals_slice code,
                             const struct bl_module_rules *rules,
                             baals_error *err);
/* Prepares code. *out is released with bl_module_free. As bl_module_check, and INTERNAL_FAULT. */
baals_status bl_module_new(struct bl_module **out,
                           const struct bl_module_builder *builder,
                           baals_slice code,
                           const struct bl_module_key *key,
                           baals_error *err);
void bl_module_free(struct bl_module *module); /* NULL is ignored */

/* The form of the fast runtime; NULL: not there, or not yet. Any thread. */
baals_vm_module *bl_module_fast(const struct bl_module *module);
/* True for the one caller who is to have it compiled: then set, refuse or unwant follows. */
bool bl_module_want_fast(struct bl_module *module);
void bl_module_unwant_fast(struct bl_module *module);
void bl_module_refuse_fast(struct bl_module *module);
/* Takes `compiled` over. */
void bl_module_set_fast(struct bl_module *module, baals_vm *vm, baals_vm_module *compiled);

/* Whether the module exports a function of type () -> () under that name. */
bool bl_module_has_entry(const struct bl_module *module, baals_slice name);
/* Whether the module is a command: `_start` is what its method `main` runs (wasm_limits 2). */
bool bl_module_is_command(const struct bl_module *module);
/* Whether a contract's method may have that name at all (docs/spec/contracts.md 1). */
bool bl_module_method_name_valid(baals_slice name);

#endif /* BL_CONTRACTS_MODULE_H */
