/* Turns CUPTI's activity records into the trace's GPU events. Streams and kernel configurations repeat, so an
 * event carries small ids of them; the tables behind the ids live here. One thread (the writer) uses this. */
#ifndef CUPTI_CUPTI_DECODE_H
#define CUPTI_CUPTI_DECODE_H

#include "cupti/cupti_abi.h"
#include "trace/trace.h"

typedef struct {
    uint32_t (*intern)(const char *name); /* kernel name -> string id */
    void *(*allocate)(size_t bytes);      /* zeroed memory; NULL when there is none to spare */
    void (*queue)(const trace_queue *q);  /* called at the first sight of each */
    void (*shape)(const trace_shape *s);  /* likewise */
    uint64_t (*now)(void);                /* the clock of the records' times */
    uint64_t begin;                       /* no GPU work was recorded before this time */
} cupti_decode_hooks;

/* Takes the memory for the table of shapes, if that was not done, while there still is some. Any thread,
 * before records can come. */
void cupti_decode_reserve(void *(*allocate)(size_t bytes));

/* Once, before the first cupti_decode; `version` is that of the CUPTI library whose records follow. */
void cupti_decode_init(const cupti_decode_hooks *hooks, uint32_t version);

/* What was defined may not have reached the trace: defines queues and shapes anew at their next use. */
void cupti_decode_forget(void);

/* Decodes one record. Returns 1 with *event filled, 0 for a record that is no GPU work, -1 when memory for a
 * new table entry was lacking (the record is lost and to be counted). */
int cupti_decode(const void *record, trace_gpu_event *event);

#endif
