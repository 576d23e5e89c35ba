/* A hash map from 64-bit keys to 32-bit values, with open addressing, linear probing and a seed of its own in each
 * process. A zeroed map is empty. */
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
    size_t used; /* occupied slots, including removed keys */
} base_map;

/* Returns the value of `key`, or BASE_NONE. */
uint32_t base_map_get(const base_map *map, uint64_t key);

/* Sets the value of `key`; BASE_NONE removes the key. Memory: as base_alloc. */
void base_map_put(base_map *map, uint64_t key, uint32_t value);

/* Returns a hash of `len` bytes, seeded per process so that a file cannot choose colliding keys. */
uint64_t base_hash_bytes(const void *bytes, size_t len);

/* Frees the map's memory and leaves it empty. */
void base_map_free(base_map *map);

#endif
