/* Decides which part of the run is profiled. NVTX ranges are always recorded; CUDA calls and GPU work only while profiling is
 * on. Marks in the trace (trace/settings.h) record when it is switched on and off. */
#ifndef PRELOAD_CAPTURE_H
#define PRELOAD_CAPTURE_H

#include "preload/settings.h"
#include "preload/thread.h"

/* Initialises the state from the settings, which are copied. `refuse` is called with a message, without any lock held, when
 * CUPTI cannot start to record. */
void preload_capture_init(const preload_settings *settings, void (*refuse)(const char *problem));

/* Call when the recording has begun on thread `t` at `time` (ns). Adds a mark if profiling is off, since a trace without marks
 * counts as profiled throughout. */
void preload_capture_begin(preload_thread *t, uint64_t time);

/* Call before a range of the default domain with the name `name` (string id) is pushed at depth t->default_depth. Returns true
 * when profiling was switched, which takes time: the range then begins after the call. */
bool preload_capture_push(preload_thread *t, uint32_t name);
/* Call after a range of the default domain was popped to depth t->default_depth. */
void preload_capture_pop(preload_thread *t);
/* Call when the thread ends: its open ranges are over. */
void preload_capture_thread_ends(preload_thread *t);

/* Handles a call of the runtime's or the driver's ProfilerStart (`start`) or ProfilerStop. in_callback: it was reported by
 * CUPTI, inside that call. */
void preload_capture_profiler(bool start, bool in_callback);

/* Ends profiling permanently, because GPU work cannot be recorded: closes the CUPTI session, if any, and adds the mark. Calls
 * are recorded as before. yielded: another tool uses CUPTI, which slows the target as profiling would. `t` is NULL when
 * nothing is recorded yet. */
void preload_capture_gone(preload_thread *t, bool yielded);

/* Handles a mark by which the target switches profiling (trace/settings.h). */
void preload_capture_notified(preload_thread *t, bool on);

/* Call when the CUPTI session has begun: switches it according to the current state. Returns an error message, or NULL. */
const char *preload_capture_session_begun(preload_thread *t);

/* Called periodically by the writer: ends profiling at the time limit, and completes switches and marks that other threads had
 * to postpone (a thread without a stream cannot add a mark; a thread inside CUDA cannot switch). */
void preload_capture_check(void);
/* Call when the recording ends: adds the pending marks; profiling is not switched any more. `t` may be NULL. */
void preload_capture_stop(preload_thread *t);

/* After fork in the child, which starts without open ranges. */
void preload_capture_after_fork(void);

#endif
