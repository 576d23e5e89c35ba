/* Work on several threads: a loop whose order does not matter, and tasks whose results the caller uses in order
 * while the threads go on. */
#ifndef BASE_PARALLEL_FOR_H
#define BASE_PARALLEL_FOR_H

#include <stdbool.h>
#include <stddef.h>

/* Calls do_one(ctx, i) once for each i below `count`, on at most `jobs` threads, the caller's among them, in
 * any order; returns when all are done. Where no thread can be started the caller does what there is. */
void base_parallel_for(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i), void *ctx);

/* The same in two steps, between which the caller does something else: the other threads begin at once. The
 * end frees the work. */
typedef struct base_parallel_work base_parallel_work;
base_parallel_work *base_parallel_begin(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i),
                                        void *ctx);
void base_parallel_end(base_parallel_work *work);

/* ---- Tasks ahead of their use ---- */

typedef struct base_pool base_pool;

/* A task by the list that it is in and its place there; what these mean is the user's. */
typedef struct {
    size_t list, place;
} base_task;

typedef enum {
    BASE_TASK_CHOSEN,
    BASE_TASK_LATER, /* there is none until base_pool_go_on: enough results wait to be used */
    BASE_TASK_NONE   /* there will be none */
} base_task_choice;

/* What the threads of a pool do. */
typedef struct {
    base_task_choice (*choose)(void *ctx, base_task *task); /* claims the next task; the lock is held */
    void (*run)(void *ctx, void *own, base_task task);
    void (*done)(void *ctx, base_task task); /* marks it as done; the lock is held */
    void *(*begin)(void *ctx);               /* makes what a thread has of its own, or NULL: nothing */
    void (*end)(void *own);                  /* frees it */
} base_pool_tasks;

/* A pool without threads, whose lock and waiting may be used. base_pool_free ends its threads after the tasks
 * that they run. `tasks` must live as long. */
base_pool *base_pool_new(const base_pool_tasks *tasks, void *ctx);
void base_pool_free(base_pool *pool);

/* Starts so many threads, or as many as there can be; returns their number. */
size_t base_pool_start(base_pool *pool, size_t threads);

/* The lock of what `choose` and `done` use. */
void base_pool_lock(base_pool *pool);
void base_pool_unlock(base_pool *pool);

/* For the one thread that uses results, with the lock held: waits until a task is done; and has a thread
 * choose again, since a result was used. */
void base_pool_wait(base_pool *pool);
void base_pool_go_on(base_pool *pool);

/* The cores that this process may use, at least 1. */
unsigned base_cores(void);

#endif
