/* Threads that take the next piece of work until there is none. */
#include "analysis/base/parallel_for.h"

#include "analysis/base/alloc.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS_MAX 7 /* to start more takes longer than they save */

struct base_parallel_work {
    void (*do_one)(void *ctx, size_t i);
    void *ctx;
    size_t count;
    atomic_size_t next;
    pthread_t threads[THREADS_MAX];
    size_t started;
};

static void *do_some(void *ctx) {
    base_parallel_work *w = ctx;
    for (size_t i; (i = atomic_fetch_add(&w->next, 1)) < w->count;) {
        w->do_one(w->ctx, i);
    }
    return NULL;
}

base_parallel_work *base_parallel_begin(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i),
                                        void *ctx) {
    base_parallel_work *w = base_alloc(1, sizeof *w);
    size_t wanted = jobs < count ? jobs : count;
    w->do_one = do_one;
    w->ctx = ctx;
    w->count = count;
    while (w->started + 1 < wanted && w->started < THREADS_MAX &&
           pthread_create(&w->threads[w->started], NULL, do_some, w) == 0) {
        w->started++;
    }
    return w;
}

void base_parallel_end(base_parallel_work *w) {
    do_some(w);
    while (w->started > 0) {
        pthread_join(w->threads[--w->started], NULL);
    }
    free(w);
}

void base_parallel_for(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i), void *ctx) {
    base_parallel_end(base_parallel_begin(jobs, count, do_one, ctx));
}

/* ---- Tasks ahead of their use ---- */

struct base_pool {
    const base_pool_tasks *tasks;
    void *ctx;
    pthread_mutex_t lock; /* of what follows, and of what the user has under it */
    pthread_cond_t task_done, result_used;
    bool stopped;
    pthread_t *threads;
    size_t started;
};

static void *run_tasks(void *ctx) {
    base_pool *pool = ctx;
    const base_pool_tasks *tasks = pool->tasks;
    void *own = tasks->begin ? tasks->begin(pool->ctx) : NULL;
    base_task task;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        base_task_choice choice = pool->stopped ? BASE_TASK_NONE : tasks->choose(pool->ctx, &task);
        if (choice == BASE_TASK_NONE) {
            break;
        }
        if (choice == BASE_TASK_LATER) {
            pthread_cond_wait(&pool->result_used, &pool->lock);
            continue;
        }
        pthread_mutex_unlock(&pool->lock);
        tasks->run(pool->ctx, own, task);
        pthread_mutex_lock(&pool->lock);
        tasks->done(pool->ctx, task);
        pthread_cond_signal(&pool->task_done);
    }
    pthread_mutex_unlock(&pool->lock);
    if (tasks->end) {
        tasks->end(own);
    }
    return NULL;
}

base_pool *base_pool_new(const base_pool_tasks *tasks, void *ctx) {
    base_pool *pool = base_alloc(1, sizeof *pool);
    pool->tasks = tasks;
    pool->ctx = ctx;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->task_done, NULL);
    pthread_cond_init(&pool->result_used, NULL);
    return pool;
}

size_t base_pool_start(base_pool *pool, size_t threads) {
    pool->threads = base_alloc(threads, sizeof *pool->threads);
    while (pool->started < threads &&
           pthread_create(&pool->threads[pool->started], NULL, run_tasks, pool) == 0) {
        pool->started++;
    }
    return pool->started;
}

void base_pool_free(base_pool *pool) {
    pthread_mutex_lock(&pool->lock);
    pool->stopped = true;
    pthread_cond_broadcast(&pool->result_used);
    pthread_mutex_unlock(&pool->lock);
    while (pool->started > 0) {
        pthread_join(pool->threads[--pool->started], NULL);
    }
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->task_done);
    pthread_cond_destroy(&pool->result_used);
    free(pool->threads);
    free(pool);
}

void base_pool_lock(base_pool *pool) {
    pthread_mutex_lock(&pool->lock);
}

void base_pool_unlock(base_pool *pool) {
    pthread_mutex_unlock(&pool->lock);
}

void base_pool_wait(base_pool *pool) {
    pthread_cond_wait(&pool->task_done, &pool->lock);
}

void base_pool_go_on(base_pool *pool) {
    pthread_cond_signal(&pool->result_used);
}

unsigned base_cores(void) {
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (unsigned)n : 1;
}
