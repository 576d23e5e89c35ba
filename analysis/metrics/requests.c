/* From phases to requests. */
#include "analysis/metrics/requests.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* The request that a thread is in. */
typedef struct {
    uint32_t request; /* or BASE_NONE */
    attribution_phase last;
} request_place;

static uint64_t request_end_of(const attribution_span *span) {
    return span->gpu_end > span->end ? span->gpu_end : span->end;
}

void metrics_requests_make(metrics_requests *requests, const attribution_ranges *ranges) {
    size_t threads = attribution_ranges_thread_count(ranges);
    request_place *places = base_alloc(threads + 1, sizeof *places);
    for (size_t i = 0; i < threads; i++) {
        places[i].request = BASE_NONE;
    }
    for (size_t i = 0; i < attribution_ranges_span_count(ranges); i++) {
        const attribution_span *span = attribution_ranges_span(ranges, i);
        const attribution_group *group = attribution_ranges_group(ranges, span->group);
        request_place *at = &places[span->thread];
        if (!span->closed || group->warm || span->parent != BASE_NONE) {
            continue;
        }
        metrics_request *open = at->request == BASE_NONE ? NULL : &requests->list[at->request];
        if (!open || span->phase <= at->last || open->k != group->k) {
            requests->list =
                base_grow(requests->list, &requests->cap, requests->count + 1, sizeof *requests->list);
            at->request = (uint32_t)requests->count++;
            open = &requests->list[at->request];
            *open = (metrics_request){.k = group->k, .start = span->start, .end = span->end};
        }
        at->last = span->phase;
        open->end = request_end_of(span) > open->end ? request_end_of(span) : open->end;
    }
    for (size_t i = 0; i < requests->count; i++) {
        metrics_request *r = &requests->list[i];
        r->profiling = attribution_windows_over(attribution_ranges_windows(ranges), r->start, r->end);
    }
    free(places);
}

static int by_request_length(const void *a, const void *b) {
    const metrics_request *x = a, *y = b;
    uint64_t length_x = x->end - x->start, length_y = y->end - y->start;
    return length_x != length_y ? (length_x > length_y) - (length_x < length_y)
                                : (x->start > y->start) - (x->start < y->start);
}

size_t metrics_requests_choose(const metrics_requests *requests, uint32_t k, metrics_request *median,
                               metrics_request *p99) {
    metrics_request *list = base_alloc(requests->count + 1, sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < requests->count; i++) {
        if (requests->list[i].k == k && requests->list[i].profiling == ATTRIBUTION_PROFILED) {
            list[n++] = requests->list[i];
        }
    }
    if (n > 0) {
        qsort(list, n, sizeof *list, by_request_length);
        *median = list[(n + 1) / 2 - 1];
        *p99 = list[(n * 99 + 99) / 100 - 1];
    }
    free(list);
    return n;
}

void metrics_requests_free(metrics_requests *requests) {
    free(requests->list);
    memset(requests, 0, sizeof *requests);
}
