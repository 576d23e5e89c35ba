/* The same for many things, on several threads. */
#ifndef BASE_PARALLEL_FOR_H
#define BASE_PARALLEL_FOR_H

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

/* The cores that this process may use, at least 1. */
unsigned base_cores(void);

#endif
