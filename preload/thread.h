/* The stream of host events of one thread of the target. Only this thread appends and only the writer consumes, without a lock
 * between them. */
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
    _Atomic(struct preload_segment *) next; /* set when this segment is full */
    atomic_uint count;                      /* number of complete events; published by the thread */
    uint32_t taken;                         /* number of events that the writer has consumed */
    uint32_t capacity;                      /* largest number of events */
    trace_host_event events[];
} preload_segment;
#define PRELOAD_SEGMENT_EVENTS(bytes)                                                                        \
    ((uint32_t)(((bytes) - sizeof(preload_segment)) / sizeof(trace_host_event)))

typedef struct preload_thread {
    struct preload_thread *next; /* in the list of all threads */
    uint32_t index, tid;
    preload_segment *fill;     /* the segment to which the thread appends */
    preload_segment *drain;    /* the segment from which the writer consumes */
    preload_reentry append;    /* an append is in progress: a signal handler must not append */
    bool unsettled;            /* events wait in `interrupting` or `backlog` */
    preload_reentry call;      /* an interposed CUDA call is in progress */
    bool ours;                 /* the calls that CUPTI reports now are the recorder's own */
    const char *call_function; /* name of the call that enqueued GPU work, and */
    uint32_t call_correlation; /* that work's correlation id; 0: none yet */
    /* The outermost call that CUPTI reports outside interposed calls; driver_call is 0 without one. */
    uint32_t driver_call, driver_correlation, driver_epoch;
    uintptr_t driver_frame;    /* the stack address at which CUPTI reported it */
    uint32_t told_correlation; /* of the last such call with an event: several calls may share one */
    uint64_t driver_start;     /* its start, ns; undefined when driver_call is 0 */
    uint32_t default_depth; /* pushes minus pops of the default domain, as NVTX returns it: each domain has a
                               nesting of its own */
    uint32_t other_depth;   /* pushes minus pops of all other domains */
    uint32_t window_depth;  /* default_depth of the range that --capture-range selects; 0: none */
    uint32_t phase_depth;   /* depth of the target's own range that is a request or a phase; 0: none */
    uint32_t request_depth; /* depth of the range that is a request; 0: none */
    unsigned end_rounds;    /* number of calls of the key's destructor at the end of the thread */
    bool announced;         /* the writer has written its THREADS record */
    char last_name[16];     /* the operating system's name of the thread at its end */
    atomic_bool ended;      /* the thread has ended; its events may still have to be written */
    /* Events that a signal handler appends while it interrupts an append; when these are full, or no memory is available, the
     * events that determine the nesting of ranges wait in `backlog`. */
    unsigned interrupting_count;
    trace_host_event interrupting[PRELOAD_INTERRUPTING];
    preload_pending_ranges backlog;
    preload_string_cache names;
} preload_thread;

/* Sets a callback that is called on each thread with a stream at its end. */
void preload_threads_init(void (*on_end)(preload_thread *t));
/* Returns this thread's stream, which the first call creates; NULL when no memory is available or the thread is ending. */
preload_thread *preload_thread_self(void);
/* Returns this thread's stream if it exists, else NULL. */
preload_thread *preload_thread_known(void);
/* Appends an event. Returns false when no memory is available: the event is lost and counted, or waits (pending_ranges.h).
 * An event that interrupts another append is appended after it. */
bool preload_thread_append(preload_thread *t, const trace_host_event *e);
/* Appends an event if that is possible at once; else returns false and has no effect. */
bool preload_thread_offer(preload_thread *t, const trace_host_event *e);

/* Appends an event for GPU work whose call has no event of its own. */
void preload_thread_append_work(preload_thread *t, const char *function, uint32_t correlation);
/* Appends such an event for a call whose end CUPTI did not report because profiling was switched off; called before the next
 * event of the thread. */
void preload_thread_end_cut_call(preload_thread *t);

/* Appends the waiting events, as far as memory is available; for a thread that has no further event. */
void preload_thread_settle(preload_thread *t);

/* For the writer: returns the first thread of the list of all threads. */
preload_thread *preload_thread_first(void);
/* For the writer: returns the next contiguous events of the stream that were not consumed, and stores their number; NULL when
 * there are none. */
const trace_host_event *preload_thread_peek(preload_thread *t, uint32_t *count);
/* For the writer: marks the first `count` of these events as consumed. */
void preload_thread_consume(preload_thread *t, uint32_t count);
/* For the writer: removes ended threads without unconsumed events from the list. */
void preload_threads_reap(void);
/* Returns the number of lost events. */
uint64_t preload_threads_lost(void);
/* Returns whether events were lost for good because no memory was available; events that wait are not lost. */
bool preload_threads_short_of_memory(void);
/* Counts a lost event. */
void preload_threads_lose_event(void);
/* Returns the number of appended events. */
uint64_t preload_threads_events(void);

/* Returns whether this thread is inside a CUDA call as far as the recorder knows: in a signal handler that interrupted the call,
 * or in a callback. */
bool preload_thread_in_cuda(const preload_thread *t);
/* Returns whether the call of driver_call is still in progress when CUPTI reports the beginning of `call` at the stack address
 * `here`; false when it was abandoned by siglongjmp. A call does not nest in itself. */
bool preload_thread_in_driver(const preload_thread *t, uint32_t call, uintptr_t here);

/* After fork in the child, whose parent did not hold the lock: removes the other threads' streams and empties this thread's. */
void preload_threads_after_fork(void);

#endif
