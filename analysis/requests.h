/* Requests: the phases of one thread that belong together. */
#ifndef ANALYSIS_REQUESTS_H
#define ANALYSIS_REQUESTS_H

#include "analysis/ranges.h"

/* From the start of its first phase to the end of its last, with the GPU work that was launched in them. */
typedef struct {
    uint32_t k; /* ANALYSIS_NONE outside of any top_k=K */
    analysis_watching watching;
    uint64_t start, end; /* ns */
} analysis_request;

typedef struct {
    analysis_request *list; /* in the order in which they were begun */
    size_t count, cap;
} analysis_requests;

/* Makes them from all closed spans, warm-up left out. A phase begins a request unless an earlier one in the
 * order vision, prefill, decode went before it on its thread, under the same k. */
void analysis_requests_make(analysis_requests *requests, const analysis_ranges *ranges);

/* The watched requests of `k` by their length: *median and *p99 are those at the nearest rank of the 50th and
 * the 99th percentile. Returns how many there are. */
size_t analysis_requests_choose(const analysis_requests *requests, uint32_t k, analysis_request *median,
                                analysis_request *p99);

void analysis_requests_free(analysis_requests *requests);

#endif
