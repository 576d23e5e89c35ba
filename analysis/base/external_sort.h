/* Sorts fixed-size records by a 64-bit key in bounded memory; records beyond that are spilled to unnamed temporary files
 * in $TMPDIR. */
#ifndef BASE_EXTERNAL_SORT_H
#define BASE_EXTERNAL_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct base_sorter base_sorter;

/* Returns a sorter of records of `size` bytes, a multiple of 8, whose first member is the key, a uint64_t. Order:
 * ascending keys; with `wide_first`, equal keys in descending order of the uint64_t after the key; then the order of
 * adding. At most `in_memory` records are in memory at a time. base_sorter_free frees it. */
base_sorter *base_sorter_new(size_t size, bool wide_first, size_t in_memory);

/* Adds a copy of the record. Not allowed after the first base_sorter_next. */
void base_sorter_add(base_sorter *s, const void *record);

/* Returns the number of records added so far. */
uint64_t base_sorter_count(const base_sorter *s);

/* Returns the next record in order, valid until the next call, or NULL after the last. The first call sorts. */
const void *base_sorter_next(base_sorter *s);

/* Makes the next base_sorter_next return the first record again. */
void base_sorter_rewind(base_sorter *s);

/* Returns whether writing or reading a temporary file failed; the output is then incomplete. */
bool base_sorter_failed(const base_sorter *s);

/* Frees the sorter and closes its temporary files. */
void base_sorter_free(base_sorter *s);

#endif
