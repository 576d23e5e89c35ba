/* What CUDA calls do, by their names. */
#ifndef NAMES_CALL_KINDS_H
#define NAMES_CALL_KINDS_H

#include <stdbool.h>

/* What a CUDA call does to the thread that makes it. */
typedef enum {
    NAMES_CALL_ENQUEUE, /* enqueues GPU work: launches, asynchronous copies and memsets */
    NAMES_CALL_SYNC,    /* waits for the GPU: synchronisations, blocking copies */
    NAMES_CALL_QUERY,   /* queries something (cudaStreamQuery, cuKernelGetName): nothing runs for it */
    NAMES_CALL_OTHER,
} names_call_kind;

/* What the CUDA call `text` does to the thread that makes it, and whether it may enqueue GPU work: one whose name was
 * lost may. */
names_call_kind names_call_kind_of(const char *text);
bool names_call_enqueues(const char *text);

#endif
