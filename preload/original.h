/* Finds what an interposed symbol would have called. */
#ifndef PRELOAD_ORIGINAL_H
#define PRELOAD_ORIGINAL_H

/* One interposed symbol's memory of what it found for which caller. */
#define PRELOAD_CALLERS 64u
typedef struct {
    struct {
        const void *_Atomic caller;
        void *_Atomic function;
    } known[PRELOAD_CALLERS];
} preload_original;

/* The function that `name` means to the code at `caller` (a return address): the one in the libraries that
 * this code was linked with, so that a process with two CUDA runtimes keeps them apart. NULL when there is
 * none. Any thread. */
void *preload_original_find(preload_original *o, const char *name, const void *caller);

#endif
