/* SPDX-License-Identifier: MIT */
/* A pool of threads runs every part once, for any number of callers, with or without threads. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/workers.h"
#include "testlib.h"

#define PARTS 1000u

struct parts {
    atomic_uint calls[PARTS];
    unsigned plain[PARTS]; /* written without a lock: the run's end makes it visible */
};

static void parts_run(void *ctx, size_t part)
{
    struct parts *parts = ctx;
    atomic_fetch_add(&parts->calls[part], 1);
    parts->plain[part]++;
}

static void parts_check(const struct parts *parts, size_t count, unsigned times)
{
    for (size_t i = 0; i < PARTS; i++) {
        unsigned expected = i < count ? times : 0;
        assert_int_equal(atomic_load(&parts->calls[i]), expected);
        assert_int_equal(parts->plain[i], expected);
    }
}

/* Goal: every part runs exactly once, whatever the number of threads and parts. */
static void test_every_part_once(void **state)
{
    (void)state;
    static const uint32_t threads[] = {0, 1, 2, 3, 8, 1000};
    static const size_t counts[] = {0, 1, 2, 3, 7, 64, PARTS};
    for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
        struct bl_workers *workers = NULL;
        assert_ok(bl_workers_new(&workers, bl_alloc_system(), threads[t], NULL));
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            struct parts parts = {0};
            bl_workers_run(workers, parts_run, &parts, counts[c]);
            parts_check(&parts, counts[c], 1);
        }
        bl_workers_free(workers);
    }
}

/* Goal: without a pool the caller does the work; NULL can be freed. */
static void test_no_pool(void **state)
{
    (void)state;
    struct parts parts = {0};
    bl_workers_run(NULL, parts_run, &parts, 10);
    parts_check(&parts, 10, 1);
    assert_int_equal(bl_workers_count(NULL), 1);
    bl_workers_free(NULL);
}

/* Goal: the count is what was asked for, within its bounds, and there is at least one CPU. */
static void test_counts(void **state)
{
    (void)state;
    static const uint32_t asked[] = {0, 1, 2, BL_WORKERS_MAX, BL_WORKERS_MAX + 1, UINT32_MAX};
    static const uint32_t given[] = {1, 1, 2, BL_WORKERS_MAX, BL_WORKERS_MAX, BL_WORKERS_MAX};
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        struct bl_workers *workers = NULL;
        assert_ok(bl_workers_new(&workers, bl_alloc_system(), asked[i], NULL));
        assert_int_equal(bl_workers_count(workers), given[i]);
        bl_workers_free(workers);
    }
    assert_in_range(bl_workers_cpus(), 1, BL_WORKERS_MAX);
}

struct caller {
    struct bl_workers *workers;
    struct parts *parts;
};

static void *caller_main(void *arg)
{
    struct caller *caller = arg;
    for (unsigned i = 0; i < 50; i++)
        bl_workers_run(caller->workers, parts_run, caller->parts, 1 + i * 3 % PARTS);
    return NULL;
}

/* Goal: many threads run work on one pool at once; each gets all of its own done. */
static void test_many_callers(void **state)
{
    (void)state;
    enum { CALLERS = 6 };
    static struct parts parts[CALLERS];
    struct caller callers[CALLERS];
    pthread_t threads[CALLERS];
    struct bl_workers *workers = NULL;
    assert_ok(bl_workers_new(&workers, bl_alloc_system(), 3, NULL));
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){workers, &parts[i]};
        assert_int_equal(pthread_create(&threads[i], NULL, caller_main, &callers[i]), 0);
    }
    for (unsigned i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    bl_workers_free(workers);
    for (unsigned c = 0; c < CALLERS; c++) {
        for (size_t part = 0; part < PARTS; part++) {
            unsigned expected = 0;
            for (unsigned i = 0; i < 50; i++)
                expected += part < 1 + i * 3 % PARTS ? 1 : 0;
            assert_int_equal(atomic_load(&parts[c].calls[part]), expected);
        }
    }
}

struct meeting {
    pthread_t caller;
    pthread_barrier_t barrier;
    atomic_uint unblocked;
};

/* Both parts have to be there at once, so two threads must be at work. */
static void meeting_run(void *ctx, size_t part)
{
    (void)part;
    struct meeting *meeting = ctx;
    sigset_t mask;
    (void)pthread_barrier_wait(&meeting->barrier);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    bool own = pthread_equal(pthread_self(), meeting->caller) != 0;
    if (!own && sigismember(&mask, SIGTERM) == 0)
        atomic_fetch_add(&meeting->unblocked, 1);
}

/* Goal: parts run side by side, and the pool's threads take no signals. */
static void test_side_by_side(void **state)
{
    (void)state;
    struct bl_workers *workers = NULL;
    struct meeting meeting = {.caller = pthread_self()};
    assert_int_equal(pthread_barrier_init(&meeting.barrier, NULL, 2), 0);
    assert_ok(bl_workers_new(&workers, bl_alloc_system(), 2, NULL));
    bl_workers_run(workers, meeting_run, &meeting, 2);
    bl_workers_free(workers);
    assert_int_equal(pthread_barrier_destroy(&meeting.barrier), 0);
    assert_int_equal(atomic_load(&meeting.unblocked), 0);
}

/* Goal: no memory for the pool is NOMEM, and all memory comes back. */
static void test_no_memory(void **state)
{
    (void)state;
    struct testlib_faulty_alloc faults = {.fail_at = 1};
    struct bl_workers *workers = NULL;
    assert_status(bl_workers_new(&workers, testlib_faulty_alloc(&faults), 2, NULL), BAALS_NOMEM);
    assert_null(workers);
    faults = (struct testlib_faulty_alloc){0};
    assert_ok(bl_workers_new(&workers, testlib_faulty_alloc(&faults), 2, NULL));
    bl_workers_free(workers);
    assert_int_equal(faults.live, 0);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_part_once), cmocka_unit_test(test_no_pool),
        cmocka_unit_test(test_counts),          cmocka_unit_test(test_many_callers),
        cmocka_unit_test(test_side_by_side),    cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
