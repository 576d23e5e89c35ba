/* Chunks on their way to the file. When the file cannot take them they wait here, to be tried again; nothing
 * more should come then. What comes all the same, when no more can wait, is given up with the rest, and
 * counted. The writer's lock is held around all of this. */
#ifndef PRELOAD_CHUNK_QUEUE_H
#define PRELOAD_CHUNK_QUEUE_H

#include "trace/trace.h"

/* Once, before all else: where the file is to be made, and what is to be called when chunks were given up
 * (names and other definitions may have been among them). False when there is no memory. */
bool preload_chunk_queue_init(const char *directory, void (*given_up)(void));
/* Whether more should come: writes what waits if it is much, and is false while that does not help. */
bool preload_chunk_queue_ready(void);
/* Finishes a chunk that has records and takes it in. False when it, and what waited, was given up. */
bool preload_chunk_queue_append(trace_chunk *c);
/* Writes what waits, chunk by whole chunk, as far as it goes. */
void preload_chunk_queue_flush(void);
/* The end: `last` makes the chunks that close the trace. They are written even where nothing fits any more:
 * then what stands last in the file makes room for them, and is counted. */
void preload_chunk_queue_finish(void (*last)(void));
/* What did not get into the file, and what waits, in bytes. */
uint64_t preload_chunk_queue_lost_bytes(void);
size_t preload_chunk_queue_waiting(void);
/* Whether the file could not be made or written once. */
bool preload_chunk_queue_failed(void);
/* Something of a chunk was given up before it got here. */
void preload_chunk_queue_lose(size_t bytes);
/* After fork in the child: what waits is the parent's. */
void preload_chunk_queue_after_fork(void);

#endif
