/* Finds the function that an interposed symbol replaces. */
#ifndef PRELOAD_REAL_SYMBOL_H
#define PRELOAD_REAL_SYMBOL_H

#include <stdatomic.h>
#include <stdint.h>

/* The cache of one interposed symbol: the real function for each calling library. A library may launch kernels from thousands of
 * places, so the cache holds the library's address range rather than the return address. */
#define PRELOAD_CALLERS 16u
typedef struct {
    atomic_uint count;
    struct {
        atomic_uint version;         /* odd while the rest is being written */
        atomic_uint unloads;         /* number of unloads at that time; the entry is invalid after another */
        atomic_uintptr_t begin, end; /* address range of the calling library */
        _Atomic(void *) function;
    } known[PRELOAD_CALLERS];
} preload_real_symbol;

/* Call before the target loads a library, whose addresses may be those of a library that it has closed. */
void preload_real_symbol_before_load(void);

/* Returns the function to which the dynamic linker would bind `name` for the code at `caller` (a return address), so that a
 * process with two CUDA runtimes keeps them apart; NULL when there is none. Any thread. */
void *preload_real_symbol_find(preload_real_symbol *o, const char *name, const void *caller);

#endif
