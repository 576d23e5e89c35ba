/* Sorts records of one size by a 64-bit key, in bounded memory: what does not fit goes to unnamed temporary
 * files. */
#ifndef ANALYSIS_EXPORT_SORT_H
#define ANALYSIS_EXPORT_SORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct analysis_sorter analysis_sorter;

/* A sorter of records of `size` bytes (a multiple of 8) that begin with their key, a uint64_t. With
 * `wide_first`, records with equal keys come in descending order of the uint64_t behind the key; other ties
 * stay as they were added. At most `in_memory` records are held. analysis_sorter_free frees it. */
analysis_sorter *analysis_sorter_new(size_t size, bool wide_first, size_t in_memory);

/* Adds a copy of the record. */
void analysis_sorter_add(analysis_sorter *s, const void *record);

/* Records added so far. */
uint64_t analysis_sorter_count(const analysis_sorter *s);

/* The next record in order, NULL behind the last; valid until the next call. The first call ends the adding.
 */
const void *analysis_sorter_next(analysis_sorter *s);

/* Begins again with the first record. */
void analysis_sorter_rewind(analysis_sorter *s);

/* Whether a temporary file could not be written or read: then records are missing. */
bool analysis_sorter_failed(const analysis_sorter *s);

void analysis_sorter_free(analysis_sorter *s);

#endif
