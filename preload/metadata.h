/* The pairs of the META chunks: what is known about the run. They are kept as long as the process lives, so
 * that what did not reach the file can be written again. */
#ifndef PRELOAD_METADATA_H
#define PRELOAD_METADATA_H

#include "trace/trace.h"

/* Keeps a pair; later pairs of the same key win. Any thread. */
void preload_metadata_set(const char *key, const char *value);
/* Begins a META chunk in `buf` and puts in the pairs that were not taken yet, as far as they fit. */
void preload_metadata_take(trace_chunk *c, uint8_t *buf, size_t cap);
/* What was taken is lost: all pairs are taken again. */
void preload_metadata_again(void);

/* After fork in the child, which begins with none. */
void preload_metadata_after_fork(void);

#endif
