/* Requests: consecutive phases of one thread that belong together. */
#ifndef METRICS_REQUESTS_H
#define METRICS_REQUESTS_H

#include "analysis/attribution/ranges.h"

/* A request: from the start of its first phase to the end of its last, including the GPU work launched in them. */
typedef struct {
    uint32_t k; /* BASE_NONE: outside of top_k=K */
    attribution_profiling profiling;
    uint64_t start, end; /* ns */
} metrics_request;

typedef struct {
    metrics_request *list; /* in the order of their first phases */
    size_t count, cap;
} metrics_requests;

/* Makes the requests from all closed spans, without warm-up. A phase continues a request if the preceding phase on its
 * thread, at the same k, is an earlier one in the order vision, prefill, decode; otherwise it begins one. */
void metrics_requests_make(metrics_requests *requests, const attribution_ranges *ranges);

/* Returns the number of profiled requests at `k`, and stores those whose durations are the 50th and 99th percentiles by
 * nearest rank. */
size_t metrics_requests_choose(const metrics_requests *requests, uint32_t k, metrics_request *median,
                               metrics_request *p99);

void metrics_requests_free(metrics_requests *requests);

#endif
