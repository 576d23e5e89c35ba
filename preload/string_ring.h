/* Names that do not live long. A program may make millions that occur once (an operator's sequence number in it).
 * When the table of names has its share of them, further ones come here: each gets an id, waits until the writer
 * has written its definition, and is forgotten when its place is needed. If it comes again then, it gets
 * another id. */
#ifndef PRELOAD_STRING_RING_H
#define PRELOAD_STRING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ids from here on are the ring's. */
#define PRELOAD_STRING_RING_FIRST (1u << 20)

/* What is to be called when names wait to be written. Called once, before all else. */
void preload_string_ring_init(void (*wake_writer)(void));
/* The id of a name; 0 when those that wait for the writer take all the room. Any thread. */
uint32_t preload_string_ring_intern(uint64_t hash, const char *bytes, size_t len);
/* Copies a name of at most `size` bytes. False: it is forgotten, or longer. */
bool preload_string_ring_copy(uint32_t id, char *to, size_t size, size_t *len);
/* The same for its definition, once in each generation; false also when it was defined before. For the writer. */
bool preload_string_ring_define(uint32_t id, uint32_t generation, char *to, size_t size, size_t *len);
/* Whether there are such names. */
bool preload_string_ring_used(void);
/* After fork in the child, which begins with none. */
void preload_string_ring_after_fork(void);

#endif
