/* Work on several threads: a loop of independent iterations, and a pool of tasks whose results the caller consumes in
 * order while the threads run ahead. */
#ifndef BASE_PARALLEL_FOR_H
#define BASE_PARALLEL_FOR_H

#include <stdbool.h>
#include <stddef.h>

/* Calls do_one(ctx, i) once for each i < count, in any order, on at most `jobs` threads including the caller's; returns
 * after the last call. Without errors: if no thread can be started, the caller runs all iterations. */
void base_parallel_for(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i), void *ctx);

/* base_parallel_for in two steps: _begin starts jobs - 1 threads and returns, _end runs iterations that are left, waits
 * for all and frees the work. */
typedef struct base_parallel_work base_parallel_work;
base_parallel_work *base_parallel_begin(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i),
                                        void *ctx);
void base_parallel_end(base_parallel_work *work);

/* ---- Tasks ahead of their use ---- */

typedef struct base_pool base_pool;

/* A task: two indices whose meaning the user of the pool defines. */
typedef struct {
    size_t list, place;
} base_task;

typedef enum {
    BASE_TASK_CHOSEN,
    BASE_TASK_LATER, /* none before base_pool_go_on: enough results wait for the consumer */
    BASE_TASK_NONE   /* none any more; the thread ends */
} base_task_choice;

/* The functions of a pool; `own` is the state of one thread. `choose` and `done` are called with the lock held. */
typedef struct {
    base_task_choice (*choose)(void *ctx, base_task *task); /* claims the next task */
    void (*run)(void *ctx, void *own, base_task task);
    void (*done)(void *ctx, base_task task); /* marks the task as done */
    void *(*begin)(void *ctx);               /* makes `own`; NULL: threads have no state */
    void (*end)(void *own);                  /* frees `own` */
} base_pool_tasks;

/* Returns a pool without threads, whose lock and wait functions already work. `tasks` and `ctx` must outlive it.
 * base_pool_free joins the threads after their current tasks, and frees the pool. */
base_pool *base_pool_new(const base_pool_tasks *tasks, void *ctx);
void base_pool_free(base_pool *pool);

/* Starts up to `threads` threads; returns how many the system allowed, possibly 0. */
size_t base_pool_start(base_pool *pool, size_t threads);

/* The lock that protects the data of `choose` and `done`. */
void base_pool_lock(base_pool *pool);
void base_pool_unlock(base_pool *pool);

/* For the one consumer thread, with the lock held: _wait waits until some task is done, _go_on makes an idle thread call
 * `choose` again after a result was consumed. */
void base_pool_wait(base_pool *pool);
void base_pool_go_on(base_pool *pool);

/* Returns the number of processor cores in this process's affinity mask, at least 1. */
unsigned base_cores(void);

#endif
