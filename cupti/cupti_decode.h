/* Converts CUPTI's activity records to the trace's GPU events. Events refer to streams and kernel configurations by ids,
 * whose tables are in this module. Used by one thread at a time, the writer. */
#ifndef CUPTI_CUPTI_DECODE_H
#define CUPTI_CUPTI_DECODE_H

#include "cupti/cupti_abi.h"
#include "trace/trace.h"

typedef struct {
    uint32_t (*intern)(const char *name); /* kernel name -> string id */
    void *(*allocate)(size_t bytes);      /* zeroed memory; NULL when there is none to spare */
    void (*queue)(const trace_queue *q);  /* called before the first event that refers to it */
    void (*shape)(const trace_shape *s);  /* likewise */
    uint64_t (*now)(void);                /* the clock of the records' times, ns */
    uint64_t begin;                       /* no GPU work was recorded before this time */
} cupti_decode_hooks;

/* Allocates the table of shapes, unless that was done, while memory is available. Any thread, before the first record. */
void cupti_decode_reserve(void *(*allocate)(size_t bytes));

/* Call once, before the first cupti_decode; `version` is the result of cuptiGetVersion. */
void cupti_decode_init(const cupti_decode_hooks *hooks, uint32_t version);

/* Definitions may have been lost before they reached the trace: queues and shapes are defined again at their next use. */
void cupti_decode_forget(void);

/* Decodes one record. Returns 1 with *event set, 0 if the record is not GPU work, or -1 if no memory was available for a new
 * table entry; the caller then counts the record as lost. */
int cupti_decode(const void *record, trace_gpu_event *event);

#endif
