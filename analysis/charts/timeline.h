/* The time line of one request: its ranges and calls on the host, and its work on the GPU under the ranges
 * that launched it. */
#ifndef CHARTS_TIMELINE_H
#define CHARTS_TIMELINE_H

#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* Boxes of one kind that a time line has at most: nearer ones are drawn as one. */
#define CHARTS_TIMELINE_BOXES 2000

/* Adds the figures ("time", chart_builder.h) of a median and of a P99 request to the list, profiled requests of `k`,
 * or of the largest k that has any when it is BASE_NONE. Reads the trace again. A trace that cannot be
 * read a second time, or that has no profiled request, gets none. */
void charts_timeline_add(cJSON *figures, const metrics_results *results, uint32_t k);

#endif
