/* SPDX-License-Identifier: MIT */
/*
 * A small pool of threads, all under one lock. A caller takes an idle thread, or starts one, or
 * waits; hands its work over and waits for the end. The two wake-ups cost some microseconds, which
 * whoever has much to run saves by running all of it in one piece of work.
 *
 * A thread is in exactly one of these states, and only the two parties named move it:
 *
 *   idle  --caller: hands work over-->  busy  --thread: work is done-->  done  --caller-->  idle
 */
#include "contracts/stacks.h"

#include <pthread.h>
#include <signal.h>

#define STACKS_GUARD_BYTES ((size_t)1024 * 1024)

enum stack_state { STACK_IDLE, STACK_BUSY, STACK_DONE };

struct stack_thread {
    struct bl_stacks *stacks;
    pthread_t thread;
    pthread_cond_t changed;
    enum stack_state state;
    void (*work)(void *ctx);
    void *ctx;
};

struct bl_stacks {
    struct bl_alloc alloc;
    pthread_mutex_t lock;
    pthread_cond_t idle; /* a thread became idle */
    bool stopping;
    uint32_t thread_count;
    struct stack_thread threads[BL_STACK_THREADS_MAX];
};

static void *stack_thread_main(void *arg)
{
    struct stack_thread *self = arg;
    struct bl_stacks *stacks = self->stacks;
    (void)pthread_mutex_lock(&stacks->lock);
    for (;;) {
        while (self->state != STACK_BUSY && !stacks->stopping)
            (void)pthread_cond_wait(&self->changed, &stacks->lock);
        if (self->state != STACK_BUSY)
            break;
        (void)pthread_mutex_unlock(&stacks->lock);
        self->work(self->ctx);
        (void)pthread_mutex_lock(&stacks->lock);
        self->state = STACK_DONE;
        (void)pthread_cond_signal(&self->changed);
    }
    (void)pthread_mutex_unlock(&stacks->lock);
    return NULL;
}

/* No signal of the program is handled here; those of a failing instruction are not to be blocked:
 * they would end the process, and the runtime may have a use for them. */
static void stack_signals(sigset_t *out)
{
    (void)sigfillset(out);
    (void)sigdelset(out, SIGSEGV);
    (void)sigdelset(out, SIGBUS);
    (void)sigdelset(out, SIGILL);
    (void)sigdelset(out, SIGFPE);
    (void)sigdelset(out, SIGTRAP);
}

static bool stack_create(struct stack_thread *thread)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigset_t blocked;
    sigset_t before;
    stack_signals(&blocked);
    bool sized = pthread_attr_setstacksize(&attributes, BL_STACK_THREAD_BYTES) == 0 &&
                 pthread_attr_setguardsize(&attributes, STACKS_GUARD_BYTES) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &blocked, &before);
    bool created =
        sized && pthread_create(&thread->thread, &attributes, stack_thread_main, thread) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attributes);
    return created;
}

/* One more thread; the lock is held. NULL: none can be had. */
static struct stack_thread *stack_start(struct bl_stacks *stacks)
{
    if (stacks->thread_count == BL_STACK_THREADS_MAX)
        return NULL;
    struct stack_thread *thread = &stacks->threads[stacks->thread_count];
    *thread = (struct stack_thread){.stacks = stacks, .state = STACK_IDLE};
    if (pthread_cond_init(&thread->changed, NULL) != 0)
        return NULL;
    if (!stack_create(thread)) {
        (void)pthread_cond_destroy(&thread->changed);
        return NULL;
    }
    stacks->thread_count++;
    return thread;
}

/* An idle thread; the lock is held. NULL: there is no thread at all. */
static struct stack_thread *stack_take(struct bl_stacks *stacks)
{
    for (;;) {
        for (uint32_t i = 0; i < stacks->thread_count; i++) {
            if (stacks->threads[i].state == STACK_IDLE)
                return &stacks->threads[i];
        }
        struct stack_thread *thread = stack_start(stacks);
        if (thread != NULL || stacks->thread_count == 0)
            return thread;
        (void)pthread_cond_wait(&stacks->idle, &stacks->lock);
    }
}

/* Whether the calling thread is one of ours; the lock is held. */
static bool stack_is_ours(const struct bl_stacks *stacks)
{
    pthread_t self = pthread_self();
    for (uint32_t i = 0; i < stacks->thread_count; i++) {
        if (pthread_equal(stacks->threads[i].thread, self))
            return true;
    }
    return false;
}

bool bl_stacks_run(struct bl_stacks *stacks, void (*work)(void *ctx), void *ctx)
{
    (void)pthread_mutex_lock(&stacks->lock);
    if (stack_is_ours(stacks)) {
        (void)pthread_mutex_unlock(&stacks->lock);
        work(ctx);
        return true;
    }
    struct stack_thread *thread = stack_take(stacks);
    if (thread != NULL) {
        thread->work = work;
        thread->ctx = ctx;
        thread->state = STACK_BUSY;
        (void)pthread_cond_signal(&thread->changed);
        while (thread->state != STACK_DONE)
            (void)pthread_cond_wait(&thread->changed, &stacks->lock);
        thread->state = STACK_IDLE;
        (void)pthread_cond_signal(&stacks->idle);
    }
    (void)pthread_mutex_unlock(&stacks->lock);
    return thread != NULL;
}

baals_status bl_stacks_new(struct bl_stacks **out, struct bl_alloc alloc, baals_error *err)
{
    struct bl_stacks *stacks = bl_alloc_zero(&alloc, 1, sizeof *stacks);
    if (stacks == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for execution threads");
    stacks->alloc = alloc;
    if (pthread_mutex_init(&stacks->lock, NULL) != 0) {
        bl_alloc_free(&alloc, stacks, sizeof *stacks);
        return bl_fail(err, BAALS_NOMEM, "no lock for execution threads");
    }
    if (pthread_cond_init(&stacks->idle, NULL) != 0) {
        (void)pthread_mutex_destroy(&stacks->lock);
        bl_alloc_free(&alloc, stacks, sizeof *stacks);
        return bl_fail(err, BAALS_NOMEM, "no condition for execution threads");
    }
    *out = stacks;
    return BAALS_OK;
}

void bl_stacks_free(struct bl_stacks *stacks)
{
    if (stacks == NULL)
        return;
    (void)pthread_mutex_lock(&stacks->lock);
    stacks->stopping = true;
    for (uint32_t i = 0; i < stacks->thread_count; i++) {
        BL_ASSERT(stacks->threads[i].state == STACK_IDLE);
        (void)pthread_cond_signal(&stacks->threads[i].changed);
    }
    (void)pthread_mutex_unlock(&stacks->lock);
    for (uint32_t i = 0; i < stacks->thread_count; i++) {
        (void)pthread_join(stacks->threads[i].thread, NULL);
        (void)pthread_cond_destroy(&stacks->threads[i].changed);
    }
    struct bl_alloc alloc = stacks->alloc;
    (void)pthread_cond_destroy(&stacks->idle);
    (void)pthread_mutex_destroy(&stacks->lock);
    bl_alloc_free(&alloc, stacks, sizeof *stacks);
}
