/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_COMPILER_H
#define BL_CONTRACTS_COMPILER_H
/*
 * Compiles modules for the fast runtime on a thread of its own, while the interpreter runs them.
 * When the code is there it hangs at the module (bl_module_fast) and later executions use it;
 * whether it is there never changes a result or gas.
 *
 * Threads:   every function may be called from any thread.
 */
#include "base/env.h"
#include "contracts/cache.h"

/* Requests beyond so many unfinished ones are dropped; the module's next execution asks again. */
#define BL_COMPILER_QUEUE_MAX 64u

struct bl_compiler;

/* *out is released with bl_compiler_free. `fast`, `functions` and `cache` outlive it; `report`
 * (may be NULL) is told of modules that stay on the interpreter, on any thread: WARN when the
 * runtime refused, DEBUG when it was not asked. NOMEM. */
struct bl_compiler_setup {
    struct bl_alloc alloc;
    struct bl_cache *cache;
    baals_vm *fast;
    const baals_vm_host_function *functions;
    size_t function_count;
    bool at_once;      /* tests, measurements: compile on the thread that asks, before it goes on */
    uint64_t cost_max; /* modules of a greater compile_cost are not given to `fast` */
    void (*report)(void *ctx, enum bl_log_level level, const char *message);
    void *report_ctx;
};
baals_status
bl_compiler_new(struct bl_compiler **out, const struct bl_compiler_setup *setup, baals_error *err);
/* Waits for the compilation under way, drops the others. NULL is ignored. */
void bl_compiler_free(struct bl_compiler *compiler);

/* Asks for `module`, to which the caller has a reference, unless it was asked for before; one that
 * costs too much is refused. */
void bl_compiler_request(struct bl_compiler *compiler, struct bl_module *module);
/* Waits until nothing is left to compile. */
void bl_compiler_wait(struct bl_compiler *compiler);

#endif /* BL_CONTRACTS_COMPILER_H */
