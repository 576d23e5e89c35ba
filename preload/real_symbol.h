/* Finds what an interposed symbol would have called. */
#ifndef PRELOAD_REAL_SYMBOL_H
#define PRELOAD_REAL_SYMBOL_H

#include <stdatomic.h>
#include <stdint.h>

/* One interposed symbol's memory of what it means to each library that called it. A library has thousands of
 * places that launch kernels, so what is remembered is the library's address range, not the place. */
#define PRELOAD_CALLERS 16u
typedef struct {
    atomic_uint count;
    struct {
        atomic_uint version;         /* odd while the rest is being written */
        atomic_uint unloads;         /* an entry of an earlier number of unloads says nothing any more */
        atomic_uintptr_t begin, end; /* where the calling library lies */
        _Atomic(void *) function;
    } known[PRELOAD_CALLERS];
} preload_real_symbol;

/* The target is about to load a library, which may come to lie where one was that it has closed. */
void preload_real_symbol_before_load(void);

/* The function that `name` means to the code at `caller` (a return address): the one in the libraries that
 * this code was linked with, so that a process with two CUDA runtimes keeps them apart. NULL when there is
 * none. Any thread. */
void *preload_real_symbol_find(preload_real_symbol *o, const char *name, const void *caller);

#endif
