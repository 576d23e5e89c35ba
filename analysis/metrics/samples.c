/* From spans to samples. */
#include "analysis/metrics/samples.h"

#include "analysis/base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double ms_of(uint64_t ns) {
    return (double)ns / 1e6;
}

/* The longest stretch of [start, end) in which no work of the span ran: before the first, between, or behind
 * the last. */
static void add_longest_gap(metrics_sample *s, const attribution_span *span,
                            const attribution_busy_sums *sums, uint64_t end) {
    s->gap = s->gap_at = NAN;
    if (sums->first == 0) {
        return;
    }
    uint64_t gap = sums->first > span->start ? sums->first - span->start : 0, at = span->start;
    if (sums->gap > gap) {
        gap = sums->gap;
        at = sums->gap_start;
    }
    if (end > span->gpu_end && end - span->gpu_end > gap) {
        gap = end - span->gpu_end;
        at = span->gpu_end;
    }
    s->gap = ms_of(gap);
    s->gap_at = ms_of(at - span->start);
}

/* One kernel in a hundred may lack its time: beyond that, how long the GPU ran is not known. */
#define UNTIMED_SHARE 100

static attribution_profiling profiling_of(const attribution_windows *windows, const attribution_span *span) {
    attribution_profiling p = attribution_windows_over(windows, span->start, span->end);
    bool timed = span->untimed * UNTIMED_SHARE <= span->kernels;
    return p == ATTRIBUTION_PROFILED && !timed ? ATTRIBUTION_PARTLY_PROFILED : p;
}

metrics_sample metrics_sample_of(const attribution_ranges *ranges, const attribution_span *span) {
    const attribution_group *group = attribution_ranges_group(ranges, span->group);
    uint64_t end = span->gpu_end > span->end ? span->gpu_end : span->end;
    const attribution_busy_sums *sums = attribution_ranges_busy(ranges, span);
    const attribution_windows *windows = attribution_ranges_windows(ranges);
    attribution_profiling profiling = profiling_of(windows, span);
    metrics_sample s = {.k = group->k,
                        .phase = span->phase,
                        .step = span->step,
                        .warm = group->warm,
                        .request = span->request,
                        .number = span->number,
                        .requests = span->requests,
                        .tokens = span->tokens,
                        .profiling = profiling,
                        .after_profiling =
                            profiling == ATTRIBUTION_UNPROFILED && span->end > windows->first_profiled,
                        .start = span->start,
                        .latency = ms_of(end - span->start),
                        .own = ms_of(span->end - span->start),
                        .busy = ms_of(sums->settled),
                        .gpu_sum = ms_of(span->gpu_sum),
                        .idle_enqueue = ms_of(attribution_busy_idle_in(sums, NAMES_CALL_ENQUEUE)),
                        .idle_sync = ms_of(attribution_busy_idle_in(sums, NAMES_CALL_SYNC)),
                        .enqueues = (double)sums->calls[NAMES_CALL_ENQUEUE],
                        .syncs = (double)sums->calls[NAMES_CALL_SYNC],
                        .sync_time = ms_of(sums->host[NAMES_CALL_SYNC]),
                        .beyond = ms_of(end - span->end),
                        .kernels = (double)span->kernels,
                        .steps = span->steps,
                        .experts = span->visits ? (double)span->active / span->visits : NAN};
    add_longest_gap(&s, span, sums, end);
    return s;
}

static int by_sample_start(const void *a, const void *b) {
    const metrics_sample *x = a, *y = b;
    int order = (x->start > y->start) - (x->start < y->start);
    return order ? order : x->step - y->step;
}

void metrics_samples_make(metrics_samples *samples, const attribution_ranges *ranges) {
    size_t count = attribution_ranges_span_count(ranges);
    samples->list = base_alloc(count, sizeof *samples->list);
    for (size_t i = 0; i < count; i++) {
        const attribution_span *span = attribution_ranges_span(ranges, i);
        if (span->closed) {
            samples->list[samples->count++] = metrics_sample_of(ranges, span);
        }
    }
    if (samples->count > 0) {
        qsort(samples->list, samples->count, sizeof *samples->list, by_sample_start);
    }
}

void metrics_samples_free(metrics_samples *samples) {
    free(samples->list);
    memset(samples, 0, sizeof *samples);
}
