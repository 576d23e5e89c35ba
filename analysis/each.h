/* The same for many things, on several threads. */
#ifndef ANALYSIS_EACH_H
#define ANALYSIS_EACH_H

#include <stddef.h>

/* Calls do_one(ctx, i) once for each i below `count`, on at most `jobs` threads, the caller's among them, in
 * any order; returns when all are done. Where no thread can be started the caller does what there is. */
void analysis_each(unsigned jobs, size_t count, void (*do_one)(void *ctx, size_t i), void *ctx);

#endif
