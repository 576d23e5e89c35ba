/* The queue of chunks before the file. When writing fails, chunks wait and are retried, and callers should add no more. If
 * the queue overflows all the same, its chunks are dropped and counted. All functions require the writer's lock. */
#ifndef PRELOAD_CHUNK_QUEUE_H
#define PRELOAD_CHUNK_QUEUE_H

#include "trace/trace.h"

/* Call once, first: the directory of the file, and a callback for when chunks were dropped (they may have had names and
 * other definitions). False when no memory is available. */
bool preload_chunk_queue_init(const char *directory, void (*given_up)(void));
/* Returns whether more chunks may be added; writes waiting chunks if there are many, and is false while that fails. */
bool preload_chunk_queue_ready(void);
/* Completes a chunk that has records and adds it. False when it was dropped, together with all waiting chunks. */
bool preload_chunk_queue_append(trace_chunk *c);
/* Writes as many waiting chunks as possible, each completely or not at all. */
void preload_chunk_queue_flush(void);
/* Ends the file: `last` adds the closing chunks. They are written even if the file system is full: the last chunks of the
 * file are then removed to make room, and counted. */
void preload_chunk_queue_finish(void (*last)(void));
/* Bytes that were dropped, and bytes that wait. */
uint64_t preload_chunk_queue_lost_bytes(void);
size_t preload_chunk_queue_waiting(void);
/* Whether the file could not be made or written once. */
bool preload_chunk_queue_failed(void);
/* Counts `bytes` of chunks that were dropped before they were added. */
void preload_chunk_queue_lose(size_t bytes);
/* After fork in the child: discards the waiting chunks, which belong to the parent. */
void preload_chunk_queue_after_fork(void);

#endif
