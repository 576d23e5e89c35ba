/* The open ranges of one thread while a capture is converted. A capture has one record for a range, with start and end; a trace
 * has an event for each. A CUDA call belongs to a range when it ends before the range does, so a range is closed before the
 * first event that extends beyond its end. */
#ifndef INPUT_OPEN_RANGES_H
#define INPUT_OPEN_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t end;         /* ns, on the capture's clock */
    uint64_t id;         /* of a start/end range; 0 for a push/pop range */
    uint32_t domain;     /* string id of its name */
    uint32_t end_thread; /* thread index of the END event of a start/end range */
} input_open_range;

/* Empty when zeroed. */
typedef struct {
    input_open_range *list; /* outermost first; ends descend unless ranges cross */
    size_t depth, cap;
    int64_t first_end; /* a lower bound of the ends; undefined when empty */
} input_open_ranges;

/* Returns whether a range [start, end) of this domain would contain the end of an open push/pop range of the same domain: then
 * push and pop events cannot express it, and it must become a start/end range. */
bool input_ranges_cross(const input_open_ranges *o, uint32_t domain, int64_t start, int64_t end);

/* Adds a range as the innermost one. o->depth must be less than BASE_NESTING_MAX. */
void input_ranges_open(input_open_ranges *o, input_open_range range);

/* Removes the range with the earliest end, the innermost of several, and stores it in *closed, if it ends before `limit` (ns).
 * Returns false when no range does. */
bool input_ranges_close_next(input_open_ranges *o, int64_t limit, input_open_range *closed);

/* Frees the list and leaves it empty. */
void input_ranges_free(input_open_ranges *o);

#endif
