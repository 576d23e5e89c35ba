/* Requests: the phases of one thread that belong together. */
#ifndef METRICS_REQUESTS_H
#define METRICS_REQUESTS_H

#include "analysis/attribution/ranges.h"

/* From the start of its first phase to the end of its last, with the GPU work that was launched in them. */
typedef struct {
    uint32_t k; /* BASE_NONE outside of any top_k=K */
    attribution_profiling profiling;
    uint64_t start, end; /* ns */
} metrics_request;

typedef struct {
    metrics_request *list; /* in the order in which they were begun */
    size_t count, cap;
} metrics_requests;

/* Makes them from all closed spans, warm-up left out. A phase begins a request unless an earlier one in the
 * order vision, prefill, decode went before it on its thread, under the same k. */
void metrics_requests_make(metrics_requests *requests, const attribution_ranges *ranges);

/* The profiled requests of `k` by their length: *median and *p99 are those at the nearest rank of the 50th and
 * the 99th percentile. Returns how many there are. */
size_t metrics_requests_choose(const metrics_requests *requests, uint32_t k, metrics_request *median,
                               metrics_request *p99);

void metrics_requests_free(metrics_requests *requests);

#endif
