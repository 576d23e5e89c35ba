/* Turns what threads and CUPTI left in memory into chunks of the trace. One at a time does this: the writer
 * thread, or the thread that ends the process; the writer's lock is held around all of it. */
#ifndef PRELOAD_CHUNK_ENCODER_H
#define PRELOAD_CHUNK_ENCODER_H

#include <stdbool.h>

/* What it needs; preload_page_alloc keeps it. */
#define PRELOAD_CHUNK_ENCODER_BYTES ((1u << 20) + (128u << 10))

/* Before all else: where the trace is to be made. False when there is no memory. */
bool preload_chunk_encoder_init(const char *directory);
/* Encodes and appends all that is there. */
void preload_chunk_encoder_drain(void);
/* The same for the last time, with the end mark; may_ask_cuda: CUDA may be asked for what describes its
 * devices. */
void preload_chunk_encoder_finish(const char *reason, bool may_ask_cuda);
/* After it: the end mark is taken away, and stands again behind the counters as they are now. */
void preload_chunk_encoder_amend(void);
/* Encodes and appends all that is there, and an end mark if the file took all. True: the mark stands, and
 * preload_chunk_encoder_reopen must take it away before more is appended. */
bool preload_chunk_encoder_close(const char *reason);
void preload_chunk_encoder_reopen(void);
/* After fork in the child: all of it is the parent's. */
void preload_chunk_encoder_after_fork(void);

#endif
