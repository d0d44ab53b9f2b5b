/* SPDX-License-Identifier: MIT */
#ifndef BL_CONTRACTS_STACKS_H
#define BL_CONTRACTS_STACKS_H
/*
 * Threads with a known, large stack, for work that compiled contract code takes part in: the
 * caller's own stack may be of any size. A thread is made when it is first needed and kept.
 *
 * Threads:   every function may be called from any thread.
 */
#include "base/arena.h"

/* 16 nested contracts with 1 MiB of native stack each, and what lies between and around them. */
#define BL_STACK_THREAD_BYTES ((size_t)24 * 1024 * 1024)
/* Callers beyond so many wait for each other. */
#define BL_STACK_THREADS_MAX 8u

struct bl_stacks;

/* *out is released with bl_stacks_free. NOMEM. */
baals_status bl_stacks_new(struct bl_stacks **out, struct bl_alloc alloc, baals_error *err);
/* Nothing runs. Joins the threads. NULL is ignored. */
void bl_stacks_free(struct bl_stacks *stacks);

/* Calls work(ctx) on one of the threads and waits for it; on such a thread already, calls it at
 * once. False: there is no thread and none could be started, and nothing was called. */
bool bl_stacks_run(struct bl_stacks *stacks, void (*work)(void *ctx), void *ctx);

#endif /* BL_CONTRACTS_STACKS_H */
