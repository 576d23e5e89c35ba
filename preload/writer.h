/* The writer thread, which encodes and writes events and records (chunk_encoder.h) twenty times a second. */
#ifndef PRELOAD_WRITER_H
#define PRELOAD_WRITER_H

#include "preload/settings.h"

#include <stdbool.h>

/* Call once, first. False when no memory is available. */
bool preload_writer_init(const preload_settings *settings);
/* Starts the thread unless it runs. False when the system refuses: then only the callers of the functions below write. */
bool preload_writer_start(void);
/* Ends the thread after it has written all pending events, and waits for its end, at most patience_ms. */
void preload_writer_end(unsigned patience_ms);
/* Stops the thread, writes all pending events and the END chunk. Gives up after patience_ms if the writer is blocked, and at
 * once in a signal handler that has interrupted the recorder itself. */
void preload_writer_finish(const char *reason, unsigned patience_ms, bool may_ask_cuda);

/* Lets the thread flush CUPTI's buffers, and waits for it, at most patience_ms: a thread that leaves the process must not be blocked
 * by CUPTI. Does nothing without the thread. */
void preload_writer_flush_cupti(unsigned patience_ms);

/* Writes all pending events. */
void preload_writer_write(unsigned patience_ms);
/* Writes all pending events, and keeps the file open from now on. */
void preload_writer_keep_file(unsigned patience_ms);
/* After preload_writer_finish: replaces the END chunk by current counters and a new END chunk. */
void preload_writer_amend(unsigned patience_ms);

/* Writes all pending events and an END chunk, after which nothing is written until preload_writer_reopen removes it, or
 * preload_writer_finish. False when that was not possible. */
bool preload_writer_close(const char *reason, unsigned patience_ms);
void preload_writer_reopen(void);

/* After fork in the child, where nothing is written until preload_writer_init is called again. */
void preload_writer_after_fork(void);

#endif
