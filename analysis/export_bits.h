/* A set of 64-bit numbers that mostly lie close together: correlation ids. A zeroed one is empty. */
#ifndef ANALYSIS_EXPORT_BITS_H
#define ANALYSIS_EXPORT_BITS_H

#include "analysis/map.h"

#include <stdbool.h>

typedef struct {
    uint64_t bits[8];
} analysis_bits_page;

typedef struct {
    analysis_map index; /* number / 512 -> pages */
    analysis_bits_page *pages;
    size_t count, cap;
} analysis_bits;

/* Puts `number` into the set; true when it was not there. */
bool analysis_bits_add(analysis_bits *set, uint64_t number);

bool analysis_bits_has(const analysis_bits *set, uint64_t number);

void analysis_bits_free(analysis_bits *set);

#endif
