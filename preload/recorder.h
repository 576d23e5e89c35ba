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
/* The same if the recording has begun: what cannot be recorded is no reason to begin it. */
preload_thread *preload_recorder_thread_if_begun(void);
bool preload_recorder_stopped(void);
const preload_settings *preload_recorder_settings(void);
/* What is being recorded. */
preload_level preload_recorder_level(void);

/* The target leaves by _exit, perhaps out of a signal handler: writes what is in memory, without asking CUPTI
 * for more. */
void preload_recorder_leave(void);

/* The program is about to be replaced (exec): writes what is known, and marks the end. True: it did, and
 * preload_recorder_after_failed_exec must follow if the program goes on. Not in a vfork's child. */
bool preload_recorder_before_exec(void);
void preload_recorder_after_failed_exec(void);

/* Writes everything that is known, marks the end (`reason`: "exit", ...) and records nothing any more.
 * Idempotent. */
void preload_recorder_stop(const char *reason);

#endif
