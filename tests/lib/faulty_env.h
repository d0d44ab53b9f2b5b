/* SPDX-License-Identifier: MIT */
#ifndef BL_TESTS_LIB_FAULTY_ENV_H
#define BL_TESTS_LIB_FAULTY_ENV_H
/*
 * An env that passes everything on to another one, counts the operations that can fail and fails
 * the k-th of them. A sweep runs a workload with fail_at = 1, 2, 3, ... until `calls` stays below
 * fail_at: then every operation has failed once.
 *
 * Counted: random, open, read_at, write_at, sync, size, truncate, lock, rename, remove, make_dir,
 * sync_dir, list_dir. Not counted, since they cannot fail: the clocks, close.
 *
 * Threads: as the env behind it; set the fields while no operation runs.
 */
#include "base/env.h"

struct testlib_faulty_env {
    struct bl_env env;   /* give &faulty.env to the code under test */
    struct bl_env *real; /* borrowed */
    uint64_t calls;      /* operations counted so far */
    uint64_t fail_at;    /* the first operation that fails, 0: none */
    uint64_t repeat;     /* how many after it fail too */
    /* The failing status; a failing sync or sync_dir is always IO_SYNC. Starts as BAALS_IO. */
    baals_status status;
    /* A failing write first writes half of its bytes, as a full disk may. Starts as true. */
    bool torn_writes;
    /* The name of the operation that failed last ("write_at"), or NULL: for a test's message. */
    const char *failed_op;
};

/* `real` must outlive it; its allocator, log and clocks are used. Nothing has to be released:
 * closing &faulty->env does nothing. */
void testlib_faulty_env_init(struct testlib_faulty_env *faulty, struct bl_env *real);

#endif /* BL_TESTS_LIB_FAULTY_ENV_H */
