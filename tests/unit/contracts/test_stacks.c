/* SPDX-License-Identifier: MIT */
/*
 * Threads with a known, large stack.
 */
#include <pthread.h>
#include <signal.h>

#include "contracts/stacks.h"
#include "testlib.h"

struct stacks_fixture {
    struct testlib_faulty_alloc memory;
    struct bl_stacks *stacks;
};

static void stacks_open(struct stacks_fixture *fx)
{
    *fx = (struct stacks_fixture){.stacks = NULL};
    assert_ok(bl_stacks_new(&fx->stacks, testlib_faulty_alloc(&fx->memory), NULL));
}

static void stacks_close(struct stacks_fixture *fx)
{
    bl_stacks_free(fx->stacks);
    assert_int_equal(fx->memory.live, 0);
}

/* Uses `kib` KiB of stack and returns a number that depends on all of them. */
static uint64_t stacks_deep(uint32_t kib)
{
    volatile uint8_t block[1024];
    for (size_t i = 0; i < sizeof block; i += 64)
        block[i] = (uint8_t)(kib + i);
    uint64_t below = kib == 0 ? 0 : stacks_deep(kib - 1);
    return below + block[64];
}

static void stacks_use(void *ctx)
{
    uint64_t *out = ctx;
    *out = stacks_deep(12 * 1024);
}

/* Goal: work may use megabytes of stack, whatever the caller has. */
static void test_large(void **state)
{
    (void)state;
    struct stacks_fixture fx;
    stacks_open(&fx);
    uint64_t got = 0;
    assert_true(bl_stacks_run(fx.stacks, stacks_use, &got));
    assert_true(got > 0);
    stacks_close(&fx);
}

struct stacks_nested {
    struct bl_stacks *stacks;
    pthread_t outer;
    pthread_t inner;
    bool ran;
};

static void stacks_inner(void *ctx)
{
    struct stacks_nested *nested = ctx;
    nested->inner = pthread_self();
}

static void stacks_outer(void *ctx)
{
    struct stacks_nested *nested = ctx;
    nested->outer = pthread_self();
    nested->ran = bl_stacks_run(nested->stacks, stacks_inner, nested);
}

/* Goal: the caller's thread is not used; work inside work stays on its thread; threads are kept. */
static void test_nested(void **state)
{
    (void)state;
    struct stacks_fixture fx;
    stacks_open(&fx);
    struct stacks_nested first = {.stacks = fx.stacks};
    assert_true(bl_stacks_run(fx.stacks, stacks_outer, &first));
    assert_true(first.ran);
    assert_false(pthread_equal(first.outer, pthread_self()));
    assert_true(pthread_equal(first.outer, first.inner));
    struct stacks_nested second = {.stacks = fx.stacks};
    assert_true(bl_stacks_run(fx.stacks, stacks_outer, &second));
    assert_true(pthread_equal(first.outer, second.outer));
    stacks_close(&fx);
}

struct stacks_caller {
    struct bl_stacks *stacks;
    pthread_t thread;
    uint64_t done;
};

static void stacks_count(void *ctx)
{
    uint64_t *done = ctx;
    *done += stacks_deep(100) > 0 ? 1 : 0;
}

static void *stacks_call_often(void *ctx)
{
    struct stacks_caller *caller = ctx;
    for (int i = 0; i < 50; i++)
        (void)bl_stacks_run(caller->stacks, stacks_count, &caller->done);
    return NULL;
}

/* Goal: more callers than threads all get their turn, each piece of work exactly once. */
static void test_many_callers(void **state)
{
    (void)state;
    struct stacks_fixture fx;
    stacks_open(&fx);
    struct stacks_caller callers[2 * BL_STACK_THREADS_MAX];
    for (size_t i = 0; i < BL_COUNT_OF(callers); i++) {
        callers[i] = (struct stacks_caller){.stacks = fx.stacks};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, stacks_call_often, &callers[i]),
                         0);
    }
    for (size_t i = 0; i < BL_COUNT_OF(callers); i++) {
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
        assert_int_equal(callers[i].done, 50);
    }
    stacks_close(&fx);
}

static void stacks_mask(void *ctx)
{
    (void)pthread_sigmask(SIG_SETMASK, NULL, ctx);
}

/* Goal: signals meant for the program are blocked there, those of a failing instruction are not. */
static void test_signals(void **state)
{
    (void)state;
    struct stacks_fixture fx;
    sigset_t mask;
    stacks_open(&fx);
    assert_true(bl_stacks_run(fx.stacks, stacks_mask, &mask));
    assert_int_equal(sigismember(&mask, SIGINT), 1);
    assert_int_equal(sigismember(&mask, SIGTERM), 1);
    assert_int_equal(sigismember(&mask, SIGSEGV), 0);
    assert_int_equal(sigismember(&mask, SIGFPE), 0);
    stacks_close(&fx);
}

/* Goal: without memory there is no pool; freeing none is allowed. */
static void test_no_memory(void **state)
{
    (void)state;
    struct testlib_faulty_alloc memory = {.fail_at = 1};
    struct bl_stacks *stacks = NULL;
    assert_status(bl_stacks_new(&stacks, testlib_faulty_alloc(&memory), NULL), BAALS_NOMEM);
    assert_null(stacks);
    bl_stacks_free(NULL);
}

int main(int argc, char **argv)
{
    testlib_init(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large),        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_many_callers), cmocka_unit_test(test_signals),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
