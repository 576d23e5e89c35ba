/* Classification of CUDA calls by their names. */
#ifndef NAMES_CALL_KINDS_H
#define NAMES_CALL_KINDS_H

#include <stdbool.h>

/* The effect of a CUDA call on its calling thread. */
typedef enum {
    NAMES_CALL_ENQUEUE, /* enqueues GPU work: launches, asynchronous copies and memsets */
    NAMES_CALL_SYNC,    /* waits for the GPU: synchronisations, blocking copies */
    NAMES_CALL_QUERY,   /* queries state (cudaStreamQuery, cuKernelGetName); no GPU work */
    NAMES_CALL_OTHER,   /* all others: allocation, module loading, ... */
} names_call_kind;

/* names_call_kind_of returns the kind of the CUDA runtime or driver call with the name `text`; names_call_enqueues
 * returns whether it may enqueue GPU work, which is assumed of a call whose name is missing ("" or "#ID"). */
names_call_kind names_call_kind_of(const char *text);
bool names_call_enqueues(const char *text);

#endif
