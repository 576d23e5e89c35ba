/* The time line of one request: its ranges and calls on the host, and its work on the GPU under the ranges
 * that launched it. */
#ifndef ANALYSIS_TIMELINE_H
#define ANALYSIS_TIMELINE_H

#include "analysis/results.h"

#include <cjson/cJSON.h>

/* Boxes of one kind that a time line has at most: nearer ones are drawn as one. */
#define ANALYSIS_TIMELINE_BOXES 2000

/* Adds the figures ("time", figures.h) of a median and of a P99 request to the list, watched requests of `k`,
 * or of the largest k that has any when it is ANALYSIS_NONE. Reads the trace again. A trace that cannot be
 * read a second time, or that has no watched request, gets none. */
void analysis_timeline_add(cJSON *figures, const analysis_results *results, uint32_t k);

#endif
