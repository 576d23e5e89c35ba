/* A set of 64-bit integers, as bitmaps of 512: compact for dense integers such as correlation ids. A zeroed set is
 * empty. */
#ifndef BASE_U64_SET_H
#define BASE_U64_SET_H

#include "analysis/base/u64_map.h"

#include <stdbool.h>

typedef struct {
    uint64_t bits[8];
} base_set_page;

typedef struct {
    base_map index; /* integer / 512 -> pages */
    base_set_page *pages;
    size_t count, cap;
} base_set;

/* Adds `number`; returns true when it was not in the set before. Memory: as base_alloc. */
bool base_set_add(base_set *set, uint64_t number);

/* Returns whether `number` is in the set. */
bool base_set_has(const base_set *set, uint64_t number);

/* Frees the set's memory and leaves it empty. */
void base_set_free(base_set *set);

#endif
