/* A set of 64-bit numbers that mostly lie close together: correlation ids. A zeroed one is empty. */
#ifndef BASE_U64_SET_H
#define BASE_U64_SET_H

#include "analysis/base/u64_map.h"

#include <stdbool.h>

typedef struct {
    uint64_t bits[8];
} base_set_page;

typedef struct {
    base_map index; /* number / 512 -> pages */
    base_set_page *pages;
    size_t count, cap;
} base_set;

/* Puts `number` into the set; true when it was not there. */
bool base_set_add(base_set *set, uint64_t number);

bool base_set_has(const base_set *set, uint64_t number);

void base_set_free(base_set *set);

#endif
