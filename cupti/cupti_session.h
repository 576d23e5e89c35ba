/* The CUPTI session: started once in a process, it reports driver calls by callbacks and GPU records in buffers. No lock of
 * this module is held across a CUPTI call that can call back. */
#ifndef CUPTI_CUPTI_SESSION_H
#define CUPTI_CUPTI_SESSION_H

#include "cupti/cupti_library.h"

#include <stdbool.h>

/* Callbacks of the session's user. They may be called on any thread, also inside the target's CUDA calls. */
typedef struct {
    /* The clock of the trace, in ns; CUPTI converts GPU times to it. */
    uint64_t (*now)(void);
    /* A driver call that issues GPU work (with all_calls: any call of the runtime or the driver) begins or
     * ends on this thread. `call` is the same number at both; `issues_work` tells the driver calls whose
     * correlation id GPU records carry. *result is what the call returns; NULL when that is not known. */
    void (*driver_call)(uint32_t call, const char *function, bool enter, uint32_t correlation,
                        bool issues_work, const int *result);
    /* A CUDA graph was created on this thread, or (node != 0) a node of it, possibly as a copy of another (original
     * != 0). Ids are those of GPU records. Called also while nothing is profiled, like the next two. */
    void (*graph)(uint32_t graph, uint64_t node, uint64_t original);
    /* A CUDA context was created: CUDA is initialised. */
    void (*context)(void);
    /* cuProfilerStart (or cuProfilerStop) is called. May be NULL. */
    void (*profiler)(bool start);
    /* A buffer of records is ready for cupti_session_take. */
    void (*buffer_ready)(void);
    /* Allocates memory for buffers, in multiples of a page, which is never freed; NULL when none is available. */
    void *(*allocate)(size_t bytes);
    /* Returns a copy of a kernel's name, valid for the life of the process; NULL when no memory is available. */
    const char *(*keep_name)(const char *name);
} cupti_hooks;

typedef struct {
    uint8_t *bytes;
    size_t size;
    size_t valid; /* bytes that hold records */
} cupti_buffer;

typedef struct {
    uint64_t
        dropped_records; /* dropped by CUPTI (cuptiActivityGetNumDroppedRecords), or issued before the session */
    uint64_t refused_buffers; /* CUPTI's requests for a buffer that failed */
    uint64_t buffers;         /* delivered by CUPTI */
} cupti_counts;

/* Subscribes, which costs the target nothing; nothing is recorded before cupti_session_profile.
 * `library` is as in cupti_library_open. Returns NULL on success, else one clause that names the fault
 * (valid for the life of the process), with everything undone. Call once in a process. */
const char *cupti_session_start(const cupti_hooks *hooks, const char *library, bool all_calls);

/* Returns whether another tool uses CUPTI, which makes cupti_session_start fail. */
bool cupti_session_is_held(void);

/* Switches records of kernels, copies and memsets, and callbacks of the driver calls that issue them, on or
 * off. What was recorded is delivered all the same. Does nothing without a session. From the first time on
 * the target's launches are slower, also while all is off (docs/measuring.md). Returns NULL; or, when CUPTI
 * refuses, one clause as cupti_session_start does: the session is closed then, and cupti_session_finish,
 * with no lock held, is still to be called. */
const char *cupti_session_profile(bool on);

/* Stores the oldest delivered buffer; false when there is none. Release it with cupti_session_return. */
bool cupti_session_take(cupti_buffer *buffer);
void cupti_session_return(const cupti_buffer *buffer);

/* Iterates over a buffer's records: sets *record to the one after it (NULL: the first); false after the last. */
bool cupti_session_next(const cupti_buffer *buffer, void **record);

/* Flushes CUPTI's buffers (cuptiActivityFlushAll): complete records, or all if `forced`; returns after their delivery. */
void cupti_session_flush(bool forced);

/* Flushes CUPTI's buffers until the records of all graph launches that have ended are delivered, for at most 100 ms. */
void cupti_session_deliver(void);
/* Returns whether GPU work was issued while records were on, after the last flush began. */
bool cupti_session_undelivered(void);

/* Ends the session in two steps. After the first nothing is switched on or off any more. The second, to be
 * made once, ends the subscription and flushes: CUPTI calls back in it, so no lock may be held. Records
 * delivered meanwhile still wait for cupti_session_take. */
void cupti_session_close(void);
void cupti_session_finish(void);

/* Returns whether this thread holds the session's lock, in code that a signal handler has interrupted: cupti_session_take and
 * _return would deadlock. */
bool cupti_session_locked(void);

/* After fork in the child: CUPTI's threads are gone, so the session must not be touched again. Where CUDA was
 * never used, only the subscription is left, which cupti_session_finish releases. */
void cupti_session_forget(bool cuda_used);

/* Counts GPU work that was issued before the session began as dropped. */
void cupti_session_missed(void);

/* Returns whether the session is active. */
bool cupti_session_active(void);
/* Returns when the session began, ns; all GPU records are later. */
uint64_t cupti_session_begin(void);
cupti_counts cupti_session_counts(void);
const cupti_library *cupti_session_library(void);

#endif
