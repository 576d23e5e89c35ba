/* Which part of the run is profiled. NVTX ranges are always recorded; CUDA calls and GPU work only while
 * profiling. A mark in the trace (trace/settings.h) says when that begins and ends. */
#ifndef PRELOAD_CAPTURE_H
#define PRELOAD_CAPTURE_H

#include "preload/settings.h"
#include "preload/thread.h"

/* refuse: told what is wrong when CUPTI would not begin to record; called with no lock held. */
void preload_capture_init(const preload_settings *settings, void (*refuse)(const char *problem));

/* The recording began with this thread at `time`: says so when nothing is profiled yet, since a trace without
 * marks was profiled throughout. */
void preload_capture_begin(preload_thread *t, uint64_t time);

/* A range of the default domain is about to be pushed on this thread at depth t->default_depth. True when
 * profiling began or ended with it, which takes time: the range begins after that. */
bool preload_capture_push(preload_thread *t, uint32_t name);
/* A range of the default domain was popped to depth t->default_depth. */
void preload_capture_pop(preload_thread *t);
/* This thread ends; what it left open is over. */
void preload_capture_thread_ends(preload_thread *t);

/* The target called the runtime's or the driver's ProfilerStart or ProfilerStop; in_callback: CUPTI says so,
 * inside that call. */
void preload_capture_profiler(bool start, bool in_callback);

/* GPU work cannot be recorded, or not any more: closes the CUPTI session, if there is one, and marks the end
 * of profiling, for good. Calls are recorded as before. yielded: because another tool has CUPTI, which slows
 * the target as profiling would. `t` is NULL where nothing is recorded yet. */
void preload_capture_gone(preload_thread *t, bool yielded);

/* The target said itself, by a mark of its own (trace/settings.h), whether to watch from here on. */
void preload_capture_notified(preload_thread *t, bool on);

/* The CUPTI session has begun: brings it in line with what is profiled. What is wrong, or NULL. */
const char *preload_capture_session_begun(preload_thread *t);

/* The writer calls this now and then: ends profiling when the time limit has come, and does what others had to
 * leave undone: a thread that has no stream cannot mark what it switches, one inside CUDA cannot switch. */
void preload_capture_check(void);
/* The recording ends: nothing is switched any more, and the marks that are due are made. `t` may be NULL. */
void preload_capture_stop(preload_thread *t);

/* After fork in the child, which starts with no range open. */
void preload_capture_after_fork(void);

#endif
