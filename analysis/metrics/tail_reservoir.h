/* Details of the slowest samples and of a random choice of the others, of each kind of sample. */
#ifndef METRICS_TAIL_RESERVOIR_H
#define METRICS_TAIL_RESERVOIR_H

#include "analysis/attribution/span_accumulator.h"

/* Samples that are kept of one kind: the slowest, and others. */
#define METRICS_TAIL_SLOW   16
#define METRICS_TAIL_OTHERS 32

typedef struct {
    uint32_t span;
    double latency; /* when it was kept, ms */
    attribution_breakdown *detail;
} metrics_tail_sample;

/* Samples of one group and phase, as they come. */
typedef struct {
    uint32_t group;
    attribution_phase phase;
    bool step;
    metrics_tail_sample slow[METRICS_TAIL_SLOW], others[METRICS_TAIL_OTHERS];
    size_t slow_count, other_count;
    uint64_t seen;   /* those that were not among the slowest, or not for ever */
    uint64_t random; /* state of the generator */
} metrics_tail_pool;

/* A zeroed one is empty. */
typedef struct {
    metrics_tail_pool *list;
    size_t count, cap;
    base_map by_kind; /* group, phase and step -> list */
} metrics_tail_pools;

/* For attribution_ranges_options.on_sample; ctx is a metrics_tail_pools. */
void metrics_tail_take(void *ctx, uint32_t span, const attribution_span_work *s,
                       attribution_breakdown *detail);

void metrics_tail_pools_free(metrics_tail_pools *pools);

#endif
