/* A hash map from 64-bit keys to 32-bit values: what the analyser looks things up with. Open addressing,
 * linear probing; a zeroed map is an empty one. */
#ifndef BASE_U64_MAP_H
#define BASE_U64_MAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t key;
    uint32_t value;
    uint32_t used;
} base_map_slot;

typedef struct {
    base_map_slot *slots;
    size_t cap;  /* a power of two, or 0 */
    size_t used; /* slots that are not free, removed keys among them */
} base_map;

/* The value of `key`, or BASE_NONE. */
uint32_t base_map_get(const base_map *map, uint64_t key);

/* Sets the value of `key`; BASE_NONE removes it. */
void base_map_put(base_map *map, uint64_t key, uint32_t value);

/* A hash of bytes, other in each process: for keys that come from a file. */
uint64_t base_hash_bytes(const void *bytes, size_t len);

/* Frees what the map holds and leaves it empty. */
void base_map_free(base_map *map);

#endif
