/* SPDX-License-Identifier: MIT */
/*
 * A list of jobs that lie on their callers' stacks. Whoever is free takes the next part of the
 * oldest job; a caller works on its own job until no part is left to take and then waits for those
 * that others took. A job is off the list as soon as its last part is taken, so no thread touches
 * it after its caller returned.
 */
#include "base/workers.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

struct workers_job {
    struct workers_job *next;
    void (*run)(void *ctx, size_t part);
    void *ctx;
    size_t count;
    size_t taken;
    size_t done;
};

struct bl_workers {
    struct bl_alloc alloc;
    uint32_t threads; /* the caller counted */
    pthread_mutex_t mutex;
    pthread_cond_t work; /* a job came, or stopping */
    pthread_cond_t done; /* a job's last part is done */
    struct workers_job *first;
    struct workers_job *last;
    uint32_t idle;    /* threads waiting for work */
    uint32_t started; /* threads that run */
    bool tried;       /* starting was tried: what failed then is not tried again */
    bool stopping;
    pthread_t handles[BL_WORKERS_MAX];
};

uint32_t bl_workers_cpus(void)
{
    int64_t cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (cpus < 1)
        return 1;
    return cpus < BL_WORKERS_MAX ? (uint32_t)cpus : BL_WORKERS_MAX;
}

baals_status
bl_workers_new(struct bl_workers **out, struct bl_alloc alloc, uint32_t threads, baals_error *err)
{
    struct bl_workers *workers = bl_alloc_zero(&alloc, 1, sizeof *workers);
    if (workers == NULL)
        return bl_fail(err, BAALS_NOMEM, "no memory for a pool of threads");
    workers->alloc = alloc;
    workers->threads = threads < BL_WORKERS_MAX ? threads : BL_WORKERS_MAX;
    if (workers->threads == 0)
        workers->threads = 1;
    BL_ASSERT(pthread_mutex_init(&workers->mutex, NULL) == 0);
    BL_ASSERT(pthread_cond_init(&workers->work, NULL) == 0);
    BL_ASSERT(pthread_cond_init(&workers->done, NULL) == 0);
    *out = workers;
    return BAALS_OK;
}

uint32_t bl_workers_count(const struct bl_workers *workers)
{
    return workers == NULL ? 1 : workers->threads;
}

/* ---- the list; the mutex is held ---- */

static void workers_push(struct bl_workers *workers, struct workers_job *job)
{
    if (workers->last == NULL)
        workers->first = job;
    else
        workers->last->next = job;
    workers->last = job;
}

static void workers_unlink(struct bl_workers *workers, const struct workers_job *job)
{
    struct workers_job *before = NULL;
    struct workers_job **link = &workers->first;
    while (*link != job) {
        before = *link;
        link = &before->next;
    }
    *link = job->next;
    if (workers->last == job)
        workers->last = before;
}

/* Takes the next part of a job on the list. */
static size_t workers_take(struct bl_workers *workers, struct workers_job *job)
{
    size_t part = job->taken++;
    if (job->taken == job->count)
        workers_unlink(workers, job);
    return part;
}

/* Runs a part without the mutex. The job may be gone when this returns, unless it is the caller's
 * own. */
static void workers_do(struct bl_workers *workers, struct workers_job *job, size_t part)
{
    pthread_mutex_unlock(&workers->mutex);
    job->run(job->ctx, part);
    pthread_mutex_lock(&workers->mutex);
    if (++job->done == job->count)
        pthread_cond_broadcast(&workers->done);
}

/* ---- threads ---- */

static void *workers_main(void *arg)
{
    struct bl_workers *workers = arg;
    pthread_mutex_lock(&workers->mutex);
    while (!workers->stopping) {
        struct workers_job *job = workers->first;
        if (job != NULL) {
            workers_do(workers, job, workers_take(workers, job));
        } else {
            workers->idle++;
            pthread_cond_wait(&workers->work, &workers->mutex);
            workers->idle--;
        }
    }
    pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

/* Starts what there is to start; the mutex is held. */
static void workers_start(struct bl_workers *workers)
{
    sigset_t all;
    sigset_t before;
    if (workers->tried)
        return;
    workers->tried = true;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (workers->started + 1 < workers->threads) {
        if (pthread_create(&workers->handles[workers->started], NULL, workers_main, workers) != 0)
            break;
        workers->started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void bl_workers_free(struct bl_workers *workers)
{
    if (workers == NULL)
        return;
    pthread_mutex_lock(&workers->mutex);
    BL_ASSERT(workers->first == NULL);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&workers->mutex);
    for (uint32_t i = 0; i < workers->started; i++)
        pthread_join(workers->handles[i], NULL);
    pthread_cond_destroy(&workers->done);
    pthread_cond_destroy(&workers->work);
    pthread_mutex_destroy(&workers->mutex);
    struct bl_alloc alloc = workers->alloc;
    bl_alloc_free(&alloc, workers, sizeof *workers);
}

/* ---- running ---- */

static void workers_wake(struct bl_workers *workers, size_t parts)
{
    for (uint32_t i = 0; i < workers->idle && i < parts; i++)
        pthread_cond_signal(&workers->work);
}

void bl_workers_run(struct bl_workers *workers,
                    void (*run)(void *ctx, size_t part),
                    void *ctx,
                    size_t count)
{
    if (count <= 1 || bl_workers_count(workers) == 1) {
        for (size_t part = 0; part < count; part++)
            run(ctx, part);
        return;
    }
    struct workers_job job = {.run = run, .ctx = ctx, .count = count};
    pthread_mutex_lock(&workers->mutex);
    workers_start(workers);
    workers_push(workers, &job);
    workers_wake(workers, count - 1);
    while (job.taken < job.count)
        workers_do(workers, &job, workers_take(workers, &job));
    while (job.done < job.count)
        pthread_cond_wait(&workers->done, &workers->mutex);
    pthread_mutex_unlock(&workers->mutex);
}
