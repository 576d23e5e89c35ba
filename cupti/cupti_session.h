/* CUPTI as the recorder uses it: started once in a process, it hands out driver calls as they happen and GPU
 * records in buffers. Nothing here holds a lock across a call of CUPTI's that can call back. */
#ifndef CUPTI_CUPTI_SESSION_H
#define CUPTI_CUPTI_SESSION_H

#include "cupti/cupti_library.h"

#include <stdbool.h>

/* What the session needs from its user. All but `now` may be called on any thread, also inside the target's CUDA
 * calls. */
typedef struct {
    /* The clock of the trace, in ns; CUPTI reports GPU times on it. */
    uint64_t (*now)(void);
    /* A driver call that issues GPU work (with all_calls: any call of the runtime or the driver) begins or
     * ends on this thread. `call` is the same number at both; `issues_work` tells the driver calls whose
     * correlation id GPU records carry. *result is what the call returns; NULL when that is not known. */
    void (*driver_call)(uint32_t call, const char *function, bool enter, uint32_t correlation,
                        bool issues_work, const int *result);
    /* On this thread a CUDA graph is begun, or (node != 0) a node of it is made, perhaps as a copy of another
     * (original != 0). Ids are those that GPU records carry. Also while nothing is profiled, as the next
     * two. */
    void (*graph)(uint32_t graph, uint64_t node, uint64_t original);
    /* CUDA has been initialised so far that a context was made. */
    void (*context)(void);
    /* The driver's cuProfilerStart (or cuProfilerStop) is called. NULL: not to be told. */
    void (*profiler)(bool start);
    /* A buffer of records waits for cupti_session_take. */
    void (*buffer_ready)(void);
    /* Memory for buffers, in page multiples; NULL when there is none to spare. It is never given back. */
    void *(*allocate)(size_t bytes);
    /* A copy of a kernel's name that lasts as long as the process; NULL when there is no memory. */
    const char *(*keep_name)(const char *name);
} cupti_hooks;

typedef struct {
    uint8_t *bytes;
    size_t valid; /* bytes that hold records */
} cupti_buffer;

typedef struct {
    uint64_t dropped_records; /* that CUPTI says it dropped */
    uint64_t refused_buffers; /* requests that got no buffer */
    uint64_t buffers;         /* that were delivered */
} cupti_counts;

/* Subscribes, which costs the target nothing; nothing is recorded before cupti_session_profile.
 * `library` is as in cupti_library_open. Returns NULL on success, else one clause that names the fault
 * (valid for the life of the process), with everything undone. Call once in a process. */
const char *cupti_session_start(const cupti_hooks *hooks, const char *library, bool all_calls);

/* Whether another tool has CUPTI: then cupti_session_start was refused. */
bool cupti_session_is_held(void);

/* Switches records of kernels, copies and memsets, and callbacks of the driver calls that issue them, on or
 * off. What was recorded is delivered all the same. Does nothing without a session. From the first time on
 * the target's launches are slower, also while all is off (docs/measuring.md). Returns NULL; or, when CUPTI
 * refuses, one clause as cupti_session_start does: the session is closed then, and cupti_session_finish,
 * with no lock held, is still to be called. */
const char *cupti_session_profile(bool on);

/* The oldest delivered buffer; false when none waits. Release it with cupti_session_return. */
bool cupti_session_take(cupti_buffer *buffer);
void cupti_session_return(const cupti_buffer *buffer);

/* Walks a buffer's records: the next one after *record (NULL for the first), false after the last. */
bool cupti_session_next(const cupti_buffer *buffer, void **record);

/* Requests from CUPTI the records that are complete (or, forced, for all) and waits for their delivery. */
void cupti_session_flush(bool forced);

/* Ends the session in two steps. After the first nothing is switched on or off any more. The second, to be
 * made once, ends the subscription and flushes: CUPTI calls back in it, so no lock may be held. Records
 * delivered meanwhile still wait for cupti_session_take. */
void cupti_session_close(void);
void cupti_session_finish(void);

/* Whether the code that a signal handler interrupted on this thread holds the session's lock: then
 * cupti_session_take and _return would wait for ever. */
bool cupti_session_locked(void);

/* After fork in the child: CUPTI's threads are gone, so the session must not be touched again. Where CUDA was
 * never used, only the subscription is left, which cupti_session_finish releases. */
void cupti_session_forget(bool cuda_used);

/* GPU work was issued before the session was there: counts it as dropped. */
void cupti_session_missed(void);

bool cupti_session_active(void);
/* When the session began; no record is of GPU work before. */
uint64_t cupti_session_begin(void);
cupti_counts cupti_session_counts(void);
const cupti_library *cupti_session_library(void);

#endif
