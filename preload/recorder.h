/* The recorder's life in a process: idle until the first event, then recording, then stopped. The interposers
 * and NVTX tell it what happens; it never ends the target, prints on its standard output, or changes what it
 * computes. */
#ifndef PRELOAD_RECORDER_H
#define PRELOAD_RECORDER_H

#include "preload/settings.h"
#include "preload/thread.h"

#include <stdbool.h>

/* Reads the settings. Starts nothing. Called once, from the library's constructor. */
void preload_recorder_init(void);

/* This thread's stream, ready to be appended to; NULL when nothing is recorded. The first call starts the
 * writer. */
preload_thread *preload_recorder_thread(void);
/* What is being recorded. */
preload_level preload_recorder_level(void);

/* CUDA is about to be used: starts CUPTI, once, if the level wants it. */
void preload_recorder_cuda(void);
/* CUDA has been used: what comes later than its initialisation is done now. Exit handlers run in the reverse
 * order of their registration, and the recorder's must run before those that CUDA registers while it
 * initialises. */
void preload_recorder_cuda_used(void);

/* CUPTI would not begin to record: ends its session and says so. No lock may be held. */
void preload_recorder_cupti_refused(const char *problem);

/* Another tool in this process asks for CUPTI: ends our session, for good. */
void preload_recorder_yield_cupti(void);

/* The target leaves by _exit, perhaps out of a signal handler: writes what is in memory, without asking CUPTI
 * for more. */
void preload_recorder_leave(void);

/* Writes everything that is known, marks the end (`reason`: "exit", ...) and records nothing any more.
 * Idempotent. */
void preload_recorder_stop(const char *reason);

/* Something that could not be recorded: kept in the trace, and said on standard error once for each `topic`.
 */
void preload_recorder_note(const char *topic, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
