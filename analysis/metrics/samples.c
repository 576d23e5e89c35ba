/* From spans to samples. */
#include "analysis/metrics/samples.h"

#include "analysis/base/alloc.h"
#include "analysis/base/parallel_for.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORKS_MANY 200000 /* calls and pieces of work; to settle fewer is done before threads have begun */

static double ms(uint64_t ns) {
    return (double)ns / 1e6;
}

/* The longest stretch of [start, end) in which no work of the span ran: before the first, between, or behind
 * the last. */
static void add_gap(metrics_sample *s, const attribution_span *span, const attribution_busy_sums *sums,
                    uint64_t end) {
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
    s->gap = ms(gap);
    s->gap_at = ms(at - span->start);
}

metrics_sample metrics_sample_of(const attribution_ranges *ranges, attribution_span *span) {
    const attribution_group *group = &ranges->groups[span->group];
    uint64_t end = span->gpu_end > span->end ? span->gpu_end : span->end;
    attribution_busy *busy = span->step ? &ranges->spans[span->parent].busy : &span->busy;
    attribution_busy_settle(busy);
    const attribution_busy_sums *sums = attribution_busy_sums_of(busy, span->part);
    attribution_profiling profiling = attribution_windows_over(&ranges->watch, span->start, span->end);
    metrics_sample s = {.k = group->k,
                        .phase = span->phase,
                        .step = span->step,
                        .warm = group->warm,
                        .request = span->request,
                        .number = span->number,
                        .profiling = profiling,
                        .after = profiling == ATTRIBUTION_UNPROFILED && span->end > ranges->watch.touched,
                        .start = span->start,
                        .latency = ms(end - span->start),
                        .own = ms(span->end - span->start),
                        .busy = ms(sums->settled),
                        .sum = ms(span->gpu_sum),
                        .issuing = ms(attribution_busy_idle_in(sums, NAMES_CALL_ENQUEUE)),
                        .waiting = ms(attribution_busy_idle_in(sums, NAMES_CALL_SYNC)),
                        .issues = (double)sums->calls[NAMES_CALL_ENQUEUE],
                        .waits = (double)sums->calls[NAMES_CALL_SYNC],
                        .in_waits = ms(sums->host[NAMES_CALL_SYNC]),
                        .beyond = ms(end - span->end),
                        .kernels = (double)span->kernels,
                        .steps = span->steps,
                        .experts = span->visits ? (double)span->active / span->visits : NAN};
    add_gap(&s, span, sums, end);
    return s;
}

static int by_start(const void *a, const void *b) {
    const metrics_sample *x = a, *y = b;
    int order = (x->start > y->start) - (x->start < y->start);
    return order ? order : x->step - y->step;
}

/* Steps have their decode's. */
static void settle(void *ctx, size_t i) {
    attribution_span *span = &((attribution_ranges *)ctx)->spans[i];
    if (span->closed && !span->step) {
        attribution_busy_settle(&span->busy);
    }
}

void metrics_samples_make(metrics_samples *samples, attribution_ranges *ranges, unsigned jobs) {
    samples->list = base_alloc(ranges->span_count, sizeof *samples->list);
    base_parallel_for(ranges->works.works < WORKS_MANY ? 1 : jobs, ranges->span_count, settle, ranges);
    for (size_t i = 0; i < ranges->span_count; i++) {
        if (ranges->spans[i].closed) {
            samples->list[samples->count++] = metrics_sample_of(ranges, &ranges->spans[i]);
        }
    }
    if (samples->count > 0) {
        qsort(samples->list, samples->count, sizeof *samples->list, by_start);
    }
}

void metrics_samples_free(metrics_samples *samples) {
    free(samples->list);
    memset(samples, 0, sizeof *samples);
}
