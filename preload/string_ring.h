/* Names with temporary ids. A program may use millions of names once (with an operator's sequence number in them). When the
 * string table is full of such names, further ones are stored here: each gets an id, waits until the writer has written its
 * definition, and expires when its space is needed. If it occurs again later, it gets another id. */
#ifndef PRELOAD_STRING_RING_H
#define PRELOAD_STRING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The smallest temporary id. */
#define PRELOAD_STRING_RING_FIRST (1u << 20)

/* Sets the callback that wakes the writer when names wait to be written. Call once, first. */
void preload_string_ring_init(void (*wake_writer)(void));
/* Returns the id of a name with this hash; 0 when names that wait for the writer occupy all the space. Any thread. */
uint32_t preload_string_ring_intern(uint64_t hash, const char *bytes, size_t len);
/* Copies the name of an id, not terminated, and stores its length. False when it has expired or is longer than `size` bytes. */
bool preload_string_ring_copy(uint32_t id, char *to, size_t size, size_t *len);
/* As preload_string_ring_copy, and marks the name as defined in this generation (from 1) of the trace's definitions. False also
 * when it was defined before. For the writer. */
bool preload_string_ring_define(uint32_t id, uint32_t generation, char *to, size_t size, size_t *len);
/* Returns whether a name was ever stored here. */
bool preload_string_ring_used(void);
/* After fork in the child: removes all names. */
void preload_string_ring_after_fork(void);

#endif
