/* Encodes the events of threads and the records of CUPTI into chunks of the trace. All functions require the writer's lock,
 * which the writer thread or the thread that ends the process holds. */
#ifndef PRELOAD_CHUNK_ENCODER_H
#define PRELOAD_CHUNK_ENCODER_H

#include <stdbool.h>

/* What it needs; preload_page_alloc keeps it. */
#define PRELOAD_CHUNK_ENCODER_BYTES ((1u << 20) + (128u << 10))

/* Call first, with the directory of the trace. False when no memory is available. */
bool preload_chunk_encoder_init(const char *directory);
/* Encodes and appends all pending events and records. */
void preload_chunk_encoder_drain(void);
/* The same for the last time, followed by the END chunk; may_ask_cuda: CUDA may be queried for device properties. */
void preload_chunk_encoder_finish(const char *reason, bool may_ask_cuda);
/* After it: replaces the END chunk by current counters and a new END chunk. */
void preload_chunk_encoder_amend(void);
/* Encodes and appends all pending events and records, and an END chunk if the file accepted all. True: the END chunk was
 * written, and preload_chunk_encoder_reopen must remove it before anything else is appended. */
bool preload_chunk_encoder_close(const char *reason);
void preload_chunk_encoder_reopen(void);
/* After fork in the child: discards everything, which belongs to the parent. */
void preload_chunk_encoder_after_fork(void);

#endif
