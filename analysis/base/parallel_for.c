/* Threads that take the next thing that nobody does until there is none. */
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

unsigned base_cores(void) {
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n > 0 ? (unsigned)n : 1;
}
