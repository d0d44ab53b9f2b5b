/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_MODULE_H
#define BL_CONTRACTS_MODULE_H
/*
 * A contract's code made ready to run: checked, instrumented, compiled by the runtime, with what
 * the engine must know of it. Immutable once made; shared by threads through the cache.
 */
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
    size_t bytes; /* memory it holds, for the cache */

    /* The cache's own; guarded by its lock. */
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
    const struct bl_wasm_imports *imports; /* the same functions, for the decoder */
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

/* Whether the module exports a function of type () -> () under that name. */
bool bl_module_has_entry(const struct bl_module *module, baals_slice name);
/* Whether a contract's method may have that name at all (docs/spec/contracts.md 1). */
bool bl_module_method_name_valid(baals_slice name);

#endif /* BL_CONTRACTS_MODULE_H */
