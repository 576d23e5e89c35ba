/* The same for many things, on several threads. */
#ifndef ANALYSIS_EACH_H
#define ANALYSIS_EACH_H

#include <stddef.h>

/* Calls do_one(ctx, i) once for each i below `count`, on at most `jobs` threads, the caller's among them, in
 * any order; returns when all are done. Where no thread can be started the caller does what there is. */
void analysis_each(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i), void *ctx);

/* The same in two steps, between which the caller does something else: the other threads begin at once. The
 * end frees the work. */
typedef struct analysis_each_work analysis_each_work;
analysis_each_work *analysis_each_begin(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i),
                                        void *ctx);
void analysis_each_end(analysis_each_work *work);

#endif
