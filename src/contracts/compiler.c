/* SPDX-License-Identifier: MIT */
/*
 * A ring of modules to compile and one thread that takes them out. Each module in it carries a
 * reference, so that the cache may evict it meanwhile. A module is tried once: its state goes from
 * NONE over WANTED to READY or REFUSED, by compare and exchange, and a refused one stays on the
 * interpreter. So does one that is expected to take long, because closing has to wait for what was
 * begun.
 */
#include "contracts/compiler.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>

/* The compiler recurses over the structure of what it compiles. */
#define COMPILER_STACK_BYTES ((size_t)16 * 1024 * 1024)

struct bl_compiler {
    struct bl_compiler_setup setup;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* something was queued, finished, or is to stop */
    pthread_t thread;
    bool runs;
    bool stopping;
    bool busy;
    uint32_t first;
    uint32_t count;
    struct bl_module *queue[BL_COMPILER_QUEUE_MAX];
};

/* Compiles one module; the lock is not held. */
static void compiler_compile(const struct bl_compiler *compiler, struct bl_module *module)
{
    const struct bl_compiler_setup *setup = &compiler->setup;
    baals_vm_module *compiled = NULL;
    baals_error err = {.status = BAALS_OK};
    baals_status status =
        bl_vm_compile(setup->fast, &compiled, bl_buffer_slice(&module->instrumented),
                      setup->functions, setup->function_count, &err);
    if (status != BAALS_OK) {
        bl_module_refuse_fast(module);
        if (setup->report != NULL)
            setup->report(setup->report_ctx, BL_LOG_WARN, err.message);
        return;
    }
    bl_module_set_fast(module, setup->fast, compiled);
    bl_cache_grew(setup->cache, module, bl_vm_module_bytes(compiled));
}

static struct bl_module *compiler_take(struct bl_compiler *compiler)
{
    struct bl_module *module = compiler->queue[compiler->first];
    compiler->first = (compiler->first + 1) % BL_COMPILER_QUEUE_MAX;
    compiler->count--;
    return module;
}

static void *compiler_main(void *arg)
{
    struct bl_compiler *compiler = arg;
    (void)pthread_mutex_lock(&compiler->lock);
    while (!compiler->stopping) {
        if (compiler->count == 0) {
            (void)pthread_cond_wait(&compiler->changed, &compiler->lock);
            continue;
        }
        struct bl_module *module = compiler_take(compiler);
        compiler->busy = true;
        (void)pthread_mutex_unlock(&compiler->lock);
        compiler_compile(compiler, module);
        bl_cache_release(compiler->setup.cache, module);
        (void)pthread_mutex_lock(&compiler->lock);
        compiler->busy = false;
        (void)pthread_cond_broadcast(&compiler->changed);
    }
    (void)pthread_mutex_unlock(&compiler->lock);
    return NULL;
}

/* Refuses a module that would take too long: the runtime cannot be stopped once it has begun. */
static bool compiler_declines(const struct bl_compiler *compiler, struct bl_module *module)
{
    const struct bl_compiler_setup *setup = &compiler->setup;
    if (module->compile_cost <= setup->cost_max)
        return false;
    baals_error why = {.status = BAALS_OK};
    (void)bl_fail(&why, BAALS_UNSUPPORTED,
                  "compiling it would cost %" PRIu64 " units, above the bound of %" PRIu64,
                  module->compile_cost, setup->cost_max);
    bl_module_refuse_fast(module);
    if (setup->report != NULL)
        setup->report(setup->report_ctx, BL_LOG_DEBUG, why.message);
    return true;
}

void bl_compiler_request(struct bl_compiler *compiler, struct bl_module *module)
{
    if (!bl_module_want_fast(module) || compiler_declines(compiler, module))
        return;
    if (compiler->setup.at_once) {
        compiler_compile(compiler, module);
        return;
    }
    (void)pthread_mutex_lock(&compiler->lock);
    bool queued = compiler->count < BL_COMPILER_QUEUE_MAX;
    if (queued) {
        bl_cache_reference(compiler->setup.cache, module);
        compiler->queue[(compiler->first + compiler->count) % BL_COMPILER_QUEUE_MAX] = module;
        compiler->count++;
        (void)pthread_cond_broadcast(&compiler->changed);
    }
    (void)pthread_mutex_unlock(&compiler->lock);
    if (!queued)
        bl_module_unwant_fast(module);
}

void bl_compiler_wait(struct bl_compiler *compiler)
{
    (void)pthread_mutex_lock(&compiler->lock);
    while (compiler->count > 0 || compiler->busy)
        (void)pthread_cond_wait(&compiler->changed, &compiler->lock);
    (void)pthread_mutex_unlock(&compiler->lock);
}

static bool compiler_start(struct bl_compiler *compiler)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    bool sized = pthread_attr_setstacksize(&attributes, COMPILER_STACK_BYTES) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    compiler->runs =
        sized && pthread_create(&compiler->thread, &attributes, compiler_main, compiler) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return compiler->runs;
}

baals_status
bl_compiler_new(struct bl_compiler **out, const struct bl_compiler_setup *setup, baals_error *err)
{
    struct bl_alloc alloc = setup->alloc;
    struct bl_compiler *compiler = bl_alloc_zero(&alloc, 1, sizeof *compiler);
    if (compiler == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for the compiler");
    compiler->setup = *setup;
    if (pthread_mutex_init(&compiler->lock, NULL) != 0) {
        bl_alloc_free(&alloc, compiler, sizeof *compiler);
        return bl_fail(err, BAALS_NOMEM, "no lock for the compiler");
    }
    if (pthread_cond_init(&compiler->changed, NULL) != 0) {
        (void)pthread_mutex_destroy(&compiler->lock);
        bl_alloc_free(&alloc, compiler, sizeof *compiler);
        return bl_fail(err, BAALS_NOMEM, "no condition for the compiler");
    }
    if (!setup->at_once && !compiler_start(compiler)) {
        bl_compiler_free(compiler);
        return bl_fail(err, BAALS_NOMEM, "the compiler's thread could not be started");
    }
    *out = compiler;
    return BAALS_OK;
}

void bl_compiler_free(struct bl_compiler *compiler)
{
    if (compiler == NULL)
        return;
    if (compiler->runs) {
        (void)pthread_mutex_lock(&compiler->lock);
        compiler->stopping = true;
        (void)pthread_cond_broadcast(&compiler->changed);
        (void)pthread_mutex_unlock(&compiler->lock);
        (void)pthread_join(compiler->thread, NULL);
    }
    while (compiler->count > 0)
        bl_cache_release(compiler->setup.cache, compiler_take(compiler));
    struct bl_alloc alloc = compiler->setup.alloc;
    (void)pthread_cond_destroy(&compiler->changed);
    (void)pthread_mutex_destroy(&compiler->lock);
    bl_alloc_free(&alloc, compiler, sizeof *compiler);
}
