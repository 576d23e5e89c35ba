/* Sorts records of one size by a 64-bit key, in bounded memory: what does not fit goes to unnamed temporary
 * files. */
#ifndef BASE_EXTERNAL_SORT_H
#define BASE_EXTERNAL_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct base_sorter base_sorter;

/* A sorter of records of `size` bytes (a multiple of 8) that begin with their key, a uint64_t. With
 * `wide_first`, records with equal keys come in descending order of the uint64_t behind the key; other ties
 * stay as they were added. At most `in_memory` records are held. base_sorter_free frees it. */
base_sorter *base_sorter_new(size_t size, bool wide_first, size_t in_memory);

/* Adds a copy of the record. */
void base_sorter_add(base_sorter *s, const void *record);

/* Records added so far. */
uint64_t base_sorter_count(const base_sorter *s);

/* The next record in order, NULL behind the last; valid until the next call. The first call ends the
 * adding. */
const void *base_sorter_next(base_sorter *s);

/* Begins again with the first record. */
void base_sorter_rewind(base_sorter *s);

/* Whether a temporary file could not be written or read: then records are missing. */
bool base_sorter_failed(const base_sorter *s);

void base_sorter_free(base_sorter *s);

#endif
