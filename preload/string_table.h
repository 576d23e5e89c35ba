/* Interned names: each name of a range, kernel, call or domain is stored once and identified by an integer. */
#ifndef PRELOAD_STRING_TABLE_H
#define PRELOAD_STRING_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

/* A thread's cache of names; zeroed at first. */
#define PRELOAD_STRING_CACHE 512u
typedef struct {
    const void *entry[PRELOAD_STRING_CACHE];
} preload_string_cache;

/* Returns the id of a name, >= 1; 0 when the name is NULL, or no memory is available (counted). Names longer than
 * TRACE_STRING_MAX bytes are truncated and counted. Any thread. `cache` is the thread's own, for names of events: if there
 * are too many of these, further ones get temporary ids (string_ring.h). It is NULL for names with permanent ids, for which
 * space is reserved: equal bytes always have the same id. */
uint32_t preload_string_id(preload_string_cache *cache, const char *name);
uint32_t preload_string_bytes(preload_string_cache *cache, const char *bytes, size_t len);
/* The same for a constant name: *id, 0 at first, caches its id. */
uint32_t preload_string_once(atomic_uint *id, const char *name);
/* The same for a wide string, stored as UTF-8. */
uint32_t preload_string_wide(preload_string_cache *cache, const wchar_t *name);

/* Copies the name of an id, NUL-terminated. False when it does not fit into `size` bytes, or the id is unknown or
 * expired. */
bool preload_string_copy(uint32_t id, char *to, size_t size);
/* Stores the name of an id that was not yet defined in this generation (from 1) of the trace's definitions, and marks it as
 * defined. False when it was defined, or the id is unknown. The bytes are valid until the next call. For the writer. */
bool preload_string_define(uint32_t id, uint32_t generation, const char **bytes, size_t *len);
/* Returns the table's own copy of a name, NUL-terminated; NULL when the table is full. */
const char *preload_string_keep(const char *name);
/* Returns the number of permanent ids: 1 .. count. */
uint32_t preload_string_count(void);
/* Counts a name that was lost elsewhere. */
void preload_string_lost(void);
/* Return the numbers of truncated names, and of names that were lost for lack of memory. */
uint64_t preload_string_table_cut(void);
uint64_t preload_string_table_lost(void);

/* After fork in the child, whose parent did not hold the lock. */
void preload_string_table_after_fork(void);

#endif
