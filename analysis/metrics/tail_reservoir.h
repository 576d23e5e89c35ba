/* Breakdowns of the slowest samples of each kind, and of a random selection of the others: reservoir sampling (J. S.
 * Vitter, "Random Sampling with a Reservoir", ACM Transactions on Mathematical Software 11(1), 1985, algorithm R). */
#ifndef METRICS_TAIL_RESERVOIR_H
#define METRICS_TAIL_RESERVOIR_H

#include "analysis/attribution/span_accumulator.h"

/* Most kept samples of one kind: the slowest, and others. */
#define METRICS_TAIL_SLOW   16
#define METRICS_TAIL_OTHERS 32

typedef struct {
    uint32_t span;
    double latency; /* ms */
    attribution_breakdown *detail;
} metrics_tail_sample;

/* The kept samples of one group and phase. */
typedef struct {
    uint32_t group;
    attribution_phase phase;
    bool step;
    metrics_tail_sample slow[METRICS_TAIL_SLOW], others[METRICS_TAIL_OTHERS];
    size_t slow_count, other_count;
    uint64_t seen;   /* samples that were not, or are no longer, among the slowest */
    uint64_t random; /* state of the random generator */
} metrics_tail_pool;

/* A zeroed one is empty. */
typedef struct {
    metrics_tail_pool *list;
    size_t count, cap;
    base_map by_kind; /* group, phase and step -> list */
} metrics_tail_pools;

/* Adds a sample and its breakdown, which it owns: for attribution_ranges_options.on_sample; ctx is a
 * metrics_tail_pools. */
void metrics_tail_take(void *ctx, uint32_t span, const attribution_span_work *s,
                       attribution_breakdown *detail);

void metrics_tail_pools_free(metrics_tail_pools *pools);

#endif
