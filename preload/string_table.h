/* Interned names: every range, kernel, call and domain name is stored once and then known by a small id. */
#ifndef PRELOAD_STRING_TABLE_H
#define PRELOAD_STRING_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

/* A thread's memory of names that it used before; all zero at first. */
#define PRELOAD_STRING_CACHE 512u
typedef struct {
    const void *entry[PRELOAD_STRING_CACHE];
} preload_string_cache;

/* The id of a name, from 1. 0 when the name is NULL or memory is lacking (that is counted). Names longer than
 * TRACE_STRING_MAX are cut and counted. Any thread. `cache` is the thread's own, for names of events: when there
 * are too many of those, further ones get ids that do not last (string_ring.h). It is NULL for names that must
 * last, for which room is kept: the same bytes always have the same id. */
uint32_t preload_string_id(preload_string_cache *cache, const char *name);
uint32_t preload_string_bytes(preload_string_cache *cache, const char *bytes, size_t len);
/* The same for a name that never changes: *id remembers it; 0 at first. */
uint32_t preload_string_once(atomic_uint *id, const char *name);
/* The same for a wide string, stored as UTF-8. */
uint32_t preload_string_wide(preload_string_cache *cache, const wchar_t *name);

/* Copies the name of an id, with a terminator. False when it does not fit, or is not known (any more). */
bool preload_string_copy(uint32_t id, char *to, size_t size);
/* The name of an id, if it was not defined in this generation (from 1) yet: now it is. False when it was, or
 * there is none. The bytes last until the next call. For the writer. */
bool preload_string_define(uint32_t id, uint32_t generation, const char **bytes, size_t *len);
/* The table's own copy of a name, with a 0 at its end; NULL when the table is full. */
const char *preload_string_keep(const char *name);
/* Ids 1 .. count are given to names that last. */
uint32_t preload_string_count(void);
/* Counts a name that was lost elsewhere. */
void preload_string_lost(void);
/* Names that were cut, and names that found no memory. */
uint64_t preload_string_table_cut(void);
uint64_t preload_string_table_lost(void);

/* After fork in the child, whose parent did not hold the lock. */
void preload_string_table_after_fork(void);

#endif
