/* What one thread of the target records: a stream of host events that only this thread appends to and only
 * the writer consumes, without a lock between them. */
#ifndef PRELOAD_THREAD_H
#define PRELOAD_THREAD_H

#include "preload/pending_ranges.h"
#include "preload/reentry.h"
#include "preload/string_table.h"
#include "trace/trace.h"

#include <stdatomic.h>
#include <stdbool.h>

#define PRELOAD_SEGMENT_BYTES (18u * 4096)
#define PRELOAD_FIRST_BYTES                                                                                  \
    4096u /* a thread's first segment: a program may have thousands of threads with few events */
#define PRELOAD_INTERRUPTING 8u

typedef struct preload_segment {
    _Atomic(struct preload_segment *) next; /* set when this one is full and another follows */
    atomic_uint count;                      /* events that are whole; published by the thread */
    uint32_t taken;                         /* events that the writer has consumed */
    uint32_t capacity;                      /* events that it holds */
    trace_host_event events[];
} preload_segment;
#define PRELOAD_SEGMENT_EVENTS(bytes)                                                                        \
    ((uint32_t)(((bytes) - sizeof(preload_segment)) / sizeof(trace_host_event)))

typedef struct preload_thread {
    struct preload_thread *next; /* in the list of all threads */
    uint32_t index, tid;
    preload_segment *fill;     /* where the thread appends */
    preload_segment *drain;    /* where the writer consumes */
    preload_reentry append;    /* an event is being appended: a signal handler must not append another */
    bool unsettled;            /* something waits in `interrupting` or `backlog` */
    preload_reentry call;      /* an interposed CUDA call */
    bool ours;                 /* the calls that CUPTI reports now are the recorder's own */
    const char *call_function; /* that issued the GPU work of the next member */
    uint32_t call_correlation; /* of the GPU work which that call issued; 0 before */
    /* The outermost call that CUPTI tells of, outside interposed ones; driver_call is 0 outside of one. */
    uint32_t driver_call, driver_correlation, driver_epoch;
    uintptr_t driver_frame;    /* where on the stack CUPTI told of it */
    uint32_t told_correlation; /* of the last such call's event: several may share one, which one event has */
    uint64_t driver_start;     /* when the call of driver_call began; meaningless while that is 0 */
    uint32_t default_depth; /* pushes less pops of the default domain, as NVTX returns it: each domain nests
                               for itself */
    uint32_t other_depth;   /* the same of all other domains together */
    uint32_t window_depth;  /* default_depth of the range that --capture-range names; 0 outside of one */
    uint32_t phase_depth; /* depth of the target's own range that is a request or a phase; 0 outside of one */
    uint32_t request_depth; /* depth of the range that is a request; 0 outside of one */
    unsigned end_rounds;    /* how often the key's destructor was called as the thread ends */
    bool announced;         /* the writer has written its THREADS record */
    char last_name[16];     /* what the system called it when it ended */
    atomic_bool ended;      /* the thread is gone; what it recorded is still to be written */
    /* What a signal handler appends while it interrupts an append, as long as it is little; then, and for
     * lack of memory, what decides the nesting of ranges. */
    unsigned interrupting_count;
    trace_host_event interrupting[PRELOAD_INTERRUPTING];
    preload_pending_ranges backlog;
    preload_string_cache names;
} preload_thread;

/* on_end is called on each thread that ends and has a stream. */
void preload_threads_init(void (*on_end)(preload_thread *t));
/* This thread's stream, made at the first call; NULL when nothing is recorded (no memory, or the thread is
 * ending). */
preload_thread *preload_thread_self(void);
/* The same if it was made before, else NULL. */
preload_thread *preload_thread_known(void);
/* Appends an event. false when there is no memory: then it is lost and counted, or waits (see
 * pending_ranges.h). What interrupts another append is appended after it. */
bool preload_thread_append(preload_thread *t, const trace_host_event *e);
/* Appends an event if that can be done at once. False: nothing was done, and nothing is counted. */
bool preload_thread_offer(preload_thread *t, const trace_host_event *e);

/* Appends an event for GPU work whose call has no event of its own. */
void preload_thread_append_work(preload_thread *t, const char *function, uint32_t correlation);
/* A call whose end CUPTI did not tell, because profiling ended meanwhile, gets such an event as soon as
 * anything follows it on its thread. */
void preload_thread_end_cut_call(preload_thread *t);

/* Appends what waits for the thread's next event, as far as there is room: there will be none. */
void preload_thread_settle(preload_thread *t);

/* For the writer: the first thread of the list, and what of it can be consumed now. */
preload_thread *preload_thread_first(void);
/* The next run of unconsumed events; *count of them. NULL when there is none. */
const trace_host_event *preload_thread_peek(preload_thread *t, uint32_t *count);
/* Marks `count` events of that run as consumed. */
void preload_thread_consume(preload_thread *t, uint32_t count);
/* Takes threads that ended, and of which nothing is left to consume, off the list. For the writer. */
void preload_threads_reap(void);
/* Events that were lost. */
uint64_t preload_threads_lost(void);
/* Whether that was for lack of memory, and for good: some may still find room. */
bool preload_threads_short_of_memory(void);
/* One more was. */
void preload_threads_lose_event(void);
/* Events that were appended. */
uint64_t preload_threads_events(void);

/* Whether this thread is inside a CUDA call as far as the recorder knows: a signal handler interrupted it
 * there, or the call calls back. */
bool preload_thread_in_cuda(const preload_thread *t);
/* Whether a call that CUPTI tells of, outside interposed ones, is still under way when it tells of the
 * beginning of `call`, `here` on the stack; false when it was left by siglongjmp. No call is made inside
 * itself. */
bool preload_thread_in_driver(const preload_thread *t, uint32_t call, uintptr_t here);

/* After fork in the child, whose parent did not hold the lock: the other threads' streams are gone and this
 * thread's is empty. */
void preload_threads_after_fork(void);

#endif
