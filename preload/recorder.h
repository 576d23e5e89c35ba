/* The recorder's life cycle in a process (recorder_state.h). The interposers and NVTX call it; it never ends the target, prints
 * on its standard output, or changes its results. */
#ifndef PRELOAD_RECORDER_H
#define PRELOAD_RECORDER_H

#include <stdbool.h>

/* Reads the settings; records nothing yet. Called once, from the library's constructor. */
void preload_recorder_init(void);

/* Call when the target leaves by _exit, possibly from a signal handler: writes all events in memory, after a flush of CUPTI's
 * buffers. */
void preload_recorder_leave(void);

/* Call before exec, or before the process leaves without exit handlers: writes all events and an END chunk with `reason`. When it
 * returns true and the program continues, preload_recorder_after_failed_exec must follow. Not in a vfork's child. */
bool preload_recorder_before_exec(const char *reason);
void preload_recorder_after_failed_exec(void);

/* Call before the target gives up rights that opening the trace may require: keeps the trace open from now on. */
void preload_recorder_before_confinement(void);
/* Call before the target makes a call that requires a process of one thread: ends the writer's thread, waiting at most
 * patience_ms, unless CUDA is in use. */
void preload_recorder_be_alone(unsigned patience_ms);
/* Ends the recording with a warning, because the target forbids what it requires (`why`, a clause). */
void preload_recorder_give_up(const char *why);

/* Disables recording in this process; in place of preload_recorder_init. */
void preload_recorder_disable(void);

/* Writes all events, CUPTI's included, and an END chunk with `reason` ("exit", ...), and ends the recording. Idempotent. */
void preload_recorder_stop(const char *reason);

#endif
