/* The entries of the META chunks, which describe the run. They are kept for the life of the process, so that entries that
 * were lost before they reached the file can be written again. */
#ifndef PRELOAD_METADATA_H
#define PRELOAD_METADATA_H

#include "trace/trace.h"

/* Sets an entry; the last value of a key is valid. Any thread. */
void preload_metadata_set(const char *key, const char *value);
/* Begins a META chunk in `buf` with the entries that were not encoded yet, as far as they fit into `cap` bytes. */
void preload_metadata_take(trace_chunk *c, uint8_t *buf, size_t cap);
/* Encoded entries were lost: all are encoded again. */
void preload_metadata_again(void);

/* After fork in the child: removes all entries. */
void preload_metadata_after_fork(void);

#endif
