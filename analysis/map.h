/* A hash map from 64-bit keys to 32-bit values: what the analyser looks things up with. Open addressing,
 * linear probing; a zeroed map is an empty one. */
#ifndef ANALYSIS_MAP_H
#define ANALYSIS_MAP_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t key;
    uint32_t value;
    uint32_t used;
} analysis_map_slot;

typedef struct {
    analysis_map_slot *slots;
    size_t cap;  /* a power of two, or 0 */
    size_t used; /* slots that are not free, removed keys among them */
} analysis_map;

/* The value of `key`, or ANALYSIS_NONE. */
uint32_t analysis_map_get(const analysis_map *map, uint64_t key);

/* Sets the value of `key`; ANALYSIS_NONE removes it. */
void analysis_map_put(analysis_map *map, uint64_t key, uint32_t value);

/* Frees what the map holds and leaves it empty. */
void analysis_map_free(analysis_map *map);

#endif
