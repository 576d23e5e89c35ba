/* The time during which at least one of many intervals runs: the length of their union, in one pass and
 * bounded memory. */
#ifndef ANALYSIS_BUSY_H
#define ANALYSIS_BUSY_H

#include <stddef.h>
#include <stdint.h>

/* Most intervals that one union holds before it settles its earlier half. */
#define ANALYSIS_BUSY_WINDOW 65536

typedef struct {
    uint64_t start, end;
} analysis_interval;

/* A zeroed one is empty. */
typedef struct {
    analysis_interval *list;
    size_t count, cap;
    uint64_t settled; /* ns: the union of what has been folded away */
    uint64_t edge;    /* where the folded part ends */
    uint64_t late;    /* intervals that began before the edge: their part before it was not counted */
} analysis_busy;

/* Adds [start, end), ns, end >= start. Exact as long as an interval comes no more than half a window later
 * than the order of starts would have it. */
void analysis_busy_add(analysis_busy *busy, uint64_t start, uint64_t end);

/* Folds everything into the sum and frees the list; more may be added afterwards. Returns the union, ns. */
uint64_t analysis_busy_settle(analysis_busy *busy);

#endif
