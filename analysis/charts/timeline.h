/* The time line of one request: its ranges and CUDA calls on the host, and its GPU work below the ranges that launched
 * it. */
#ifndef CHARTS_TIMELINE_H
#define CHARTS_TIMELINE_H

#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* Most boxes of one kind in a time line; beyond that, adjacent ones are merged. */
#define CHARTS_TIMELINE_BOXES 2000

/* Adds the figures (kind "time") of the median and the P99 request among the profiled requests at `k`, or, if it is
 * BASE_NONE, at the greatest k that has any. Reads the trace again; adds nothing if that fails or there is no profiled
 * request. */
void charts_timeline_add(cJSON *figures, const metrics_results *results, uint32_t k);

#endif
