/* Threads that take the next thing that nobody does until there is none. */
#include "analysis/each.h"

#include <pthread.h>
#include <stdatomic.h>

#define THREADS_MAX 15

typedef struct {
    void (*do_one)(void *ctx, size_t i);
    void *ctx;
    size_t count;
    atomic_size_t next;
} work;

static void *do_some(void *ctx) {
    work *w = ctx;
    for (size_t i; (i = atomic_fetch_add(&w->next, 1)) < w->count;) {
        w->do_one(w->ctx, i);
    }
    return NULL;
}

void analysis_each(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i), void *ctx) {
    work w = {.do_one = do_one, .ctx = ctx, .count = count};
    pthread_t threads[THREADS_MAX];
    size_t wanted = jobs < count ? jobs : count, started = 0;
    while (started + 1 < wanted && started < THREADS_MAX &&
           pthread_create(&threads[started], NULL, do_some, &w) == 0) {
        started++;
    }
    do_some(&w);
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
}
