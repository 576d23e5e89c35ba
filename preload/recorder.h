/* Moves the recorder through its life in a process (recorder_state.h). The interposers and NVTX tell it what
 * happens; it never ends the target, prints on its standard output, or changes what it computes. */
#ifndef PRELOAD_RECORDER_H
#define PRELOAD_RECORDER_H

#include <stdbool.h>

/* Reads the settings. Starts nothing. Called once, from the library's constructor. */
void preload_recorder_init(void);

/* The target leaves by _exit, perhaps out of a signal handler: writes what is in memory, without asking CUPTI
 * for more. */
void preload_recorder_leave(void);

/* The process is about to be replaced (exec) or to leave without exit handlers: writes what is known, and marks the end. True: it did, and
 * preload_recorder_after_failed_exec must follow if the program goes on. Not in a vfork's child. */
bool preload_recorder_before_exec(const char *reason);
void preload_recorder_after_failed_exec(void);

/* The target is about to give up rights that opening the trace may need: it stays open from now on. */
void preload_recorder_before_confinement(void);
/* The target is about to do what only a process of one thread may: ends the writer's, unless CUDA is in use. */
void preload_recorder_be_alone(unsigned patience_ms);
/* The target forbids what recording needs. */
void preload_recorder_give_up(const char *why);

/* Nothing is ever recorded in this process. Instead of preload_recorder_init. */
void preload_recorder_disable(void);

/* Writes everything that is known, marks the end (`reason`: "exit", ...) and records nothing any more.
 * Idempotent. */
void preload_recorder_stop(const char *reason);

#endif
