/* The ranges that one thread has open while a capture is turned into pushes and pops. Captures give a range's
 * start and end together; a trace has an event for each. A call lies in a range when it ends before the range
 * does, so that a range is closed before the first event that reaches beyond its end. */
#ifndef INPUT_OPEN_RANGES_H
#define INPUT_OPEN_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t end;
    uint64_t id;     /* of a start/end range; 0 of a push/pop one */
    uint32_t domain; /* string id of its name */
    uint32_t end_thread;
} input_open_range;

/* A zeroed one has none. */
typedef struct {
    input_open_range *list; /* outermost first; ends descend unless ranges cross */
    size_t depth, cap;
    int64_t first_end; /* no range ends earlier, when there is one */
} input_open_ranges;

/* Whether a new range lies across the end of an open push/pop range of its domain, so that only a start/end
 * range can express it. */
bool input_ranges_cross(const input_open_ranges *o, uint32_t domain, int64_t start, int64_t end);

/* Opens a range; depth must be less than BASE_NESTING_MAX. */
void input_ranges_open(input_open_ranges *o, input_open_range range);

/* Closes the range that ends first, the innermost of several, if it ends before `limit`; false when none
 * does. */
bool input_ranges_close_next(input_open_ranges *o, int64_t limit, input_open_range *closed);

void input_ranges_free(input_open_ranges *o);

#endif
