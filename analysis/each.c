/* Threads that take the next thing that nobody does until there is none. */
#include "analysis/each.h"

#include "analysis/memory.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS_MAX 7 /* to start more takes longer than they save */

struct analysis_each_work {
    void (*do_one)(void *ctx, size_t i);
    void *ctx;
    size_t count;
    atomic_size_t next;
    pthread_t threads[THREADS_MAX];
    size_t started;
};

static void *do_some(void *ctx) {
    analysis_each_work *w = ctx;
    for (size_t i; (i = atomic_fetch_add(&w->next, 1)) < w->count;) {
        w->do_one(w->ctx, i);
    }
    return NULL;
}

analysis_each_work *analysis_each_begin(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i),
                                        void *ctx) {
    analysis_each_work *w = analysis_alloc(1, sizeof *w);
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

void analysis_each_end(analysis_each_work *w) {
    do_some(w);
    while (w->started > 0) {
        pthread_join(w->threads[--w->started], NULL);
    }
    free(w);
}

void analysis_each(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i), void *ctx) {
    analysis_each_end(analysis_each_begin(jobs, count, do_one, ctx));
}
