/* From spans to samples. */
#include "analysis/samples.h"

#include "analysis/each.h"
#include "analysis/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORKS_MANY 200000 /* calls and pieces of work; to settle fewer is done before threads have begun */

static double ms(uint64_t ns) {
    return (double)ns / 1e6;
}

/* The longest stretch of [start, end) in which no work of the span ran: before the first, between, or behind
 * the last. */
static void add_gap(analysis_sample *s, const analysis_span *span, const analysis_busy_sums *sums,
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

analysis_sample analysis_sample_of(const analysis_ranges *ranges, analysis_span *span) {
    const analysis_group *group = &ranges->groups[span->group];
    uint64_t end = span->gpu_end > span->end ? span->gpu_end : span->end;
    analysis_busy *busy = span->step ? &ranges->spans[span->parent].busy : &span->busy;
    analysis_busy_settle(busy);
    const analysis_busy_sums *sums = analysis_busy_sums_of(busy, span->part);
    analysis_watching watching = analysis_watch_over(&ranges->watch, span->start, span->end);
    analysis_sample s = {.k = group->k,
                         .phase = span->phase,
                         .step = span->step,
                         .warm = group->warm,
                         .request = span->request,
                         .number = span->number,
                         .watching = watching,
                         .after = watching == ANALYSIS_UNWATCHED && span->end > ranges->watch.touched,
                         .start = span->start,
                         .latency = ms(end - span->start),
                         .own = ms(span->end - span->start),
                         .busy = ms(sums->settled),
                         .sum = ms(span->gpu_sum),
                         .issuing = ms(analysis_busy_idle_in(sums, ANALYSIS_CALL_ISSUES)),
                         .waiting = ms(analysis_busy_idle_in(sums, ANALYSIS_CALL_WAITS)),
                         .issues = (double)sums->calls[ANALYSIS_CALL_ISSUES],
                         .waits = (double)sums->calls[ANALYSIS_CALL_WAITS],
                         .in_waits = ms(sums->host[ANALYSIS_CALL_WAITS]),
                         .beyond = ms(end - span->end),
                         .kernels = (double)span->kernels,
                         .steps = span->steps,
                         .experts = span->visits ? (double)span->active / span->visits : NAN};
    add_gap(&s, span, sums, end);
    return s;
}

static int by_start(const void *a, const void *b) {
    const analysis_sample *x = a, *y = b;
    int order = (x->start > y->start) - (x->start < y->start);
    return order ? order : x->step - y->step;
}

/* Steps have their decode's. */
static void settle(void *ctx, size_t i) {
    analysis_span *span = &((analysis_ranges *)ctx)->spans[i];
    if (span->closed && !span->step) {
        analysis_busy_settle(&span->busy);
    }
}

void analysis_samples_make(analysis_samples *samples, analysis_ranges *ranges, unsigned jobs) {
    samples->list = analysis_alloc(ranges->span_count, sizeof *samples->list);
    analysis_each(ranges->works.works < WORKS_MANY ? 1 : jobs, ranges->span_count, settle, ranges);
    for (size_t i = 0; i < ranges->span_count; i++) {
        if (ranges->spans[i].closed) {
            samples->list[samples->count++] = analysis_sample_of(ranges, &ranges->spans[i]);
        }
    }
    if (samples->count > 0) {
        qsort(samples->list, samples->count, sizeof *samples->list, by_start);
    }
}

void analysis_samples_free(analysis_samples *samples) {
    free(samples->list);
    memset(samples, 0, sizeof *samples);
}
