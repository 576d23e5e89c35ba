/* The thread that writes what threads and CUPTI left in memory (chunk_encoder.h), twenty times a second. */
#ifndef PRELOAD_WRITER_H
#define PRELOAD_WRITER_H

#include "preload/settings.h"

#include <stdbool.h>

/* Once, before all else. False when there is no memory. */
bool preload_writer_init(const preload_settings *settings);
/* Starts the thread, where there is none. False when the system gives none: then only who calls the functions below
 * writes. */
bool preload_writer_start(void);
/* Ends the thread, when it has written what is there, and waits until it is gone, but no longer than this. */
void preload_writer_end(unsigned patience_ms);
/* Stops the thread, writes all that is left and the end mark. Gives up after this long if the writer is
 * stuck, and at once if it was called by a signal handler that interrupted the recorder itself. */
void preload_writer_finish(const char *reason, unsigned patience_ms, bool may_ask_cuda);

/* Writes all that is there. */
void preload_writer_write(unsigned patience_ms);
/* Writes all that is there, and keeps the file open from now on. */
void preload_writer_keep_file(unsigned patience_ms);
/* After preload_writer_finish: writes the counters once more, and the end mark behind them. */
void preload_writer_amend(unsigned patience_ms);

/* Writes all that is left and an end mark, behind which nothing is written until preload_writer_reopen takes the
 * mark away again, or preload_writer_finish. False: it was not done. */
bool preload_writer_close(const char *reason, unsigned patience_ms);
void preload_writer_reopen(void);

/* After fork in the child, where nothing is written until preload_writer_init is called again. */
void preload_writer_after_fork(void);

#endif
