/* SPDX-License-Identifier: MIT */
#ifndef BL_BASE_WORKERS_H
#define BL_BASE_WORKERS_H
/*
 * Threads that share out a piece of work: bl_workers_run calls a function for every part of it, on
 * the pool's threads and on the caller's, and returns when all parts are done. Nothing is allocated
 * per run, and nothing can fail: where no thread is to be had the caller does it all.
 *
 * Threads are started with the first run that has work for them, with signals blocked: those belong
 * to the embedding program. Any number of threads may run work on one pool at once; a part must not
 * run work on its own pool.
 */
#include "base/arena.h"

struct bl_workers;

/* More threads than this are never of use to one chain. */
#define BL_WORKERS_MAX 64u

/* CPUs this process may use; at least 1, at most BL_WORKERS_MAX. */
uint32_t bl_workers_cpus(void);

/* A pool in which `threads` threads work at once, the caller of bl_workers_run counted: 0 and 1 are
 * the caller alone. Released with bl_workers_free. NOMEM. */
baals_status
bl_workers_new(struct bl_workers **out, struct bl_alloc alloc, uint32_t threads, baals_error *err);
/* Joins the threads; nobody may be running work. NULL is ignored. */
void bl_workers_free(struct bl_workers *workers);
/* How many threads work at once, the caller counted; 1 for NULL. */
uint32_t bl_workers_count(const struct bl_workers *workers);
/* Calls run(ctx, part) once for every part from 0 to count - 1, in any order and on any of the
 * threads, and returns when all calls have. What they wrote is visible to the caller. A NULL pool
 * is the caller alone. */
void bl_workers_run(struct bl_workers *workers,
                    void (*run)(void *ctx, size_t part),
                    void *ctx,
                    size_t count);

#endif /* BL_BASE_WORKERS_H */
