/* Which ranges, and the GPU work in them, count in the tables of costs and of expert load: those of measured
 * requests (no warm-up), of one k where it is chosen. */
#ifndef METRICS_SELECTION_H
#define METRICS_SELECTION_H

#include "analysis/attribution/ranges.h"

typedef struct {
    const attribution_ranges *ranges;
    uint32_t k;    /* BASE_NONE: every k */
    bool profiled; /* some of these ranges in a phase was opened while profiling */
} metrics_selection;

metrics_selection metrics_selection_of(const attribution_ranges *ranges, uint32_t k);

/* Whether the range is one of a measured request of `k`: then its GPU work counts. */
bool metrics_selection_has(const metrics_selection *s, const attribution_node *node);

/* Whether the kernel counts: as its range does; one without a range where no k is chosen. */
bool metrics_selection_has_kernel(const metrics_selection *s, const attribution_total *kernel);

/* Whether the calls, tokens and host time of such a range count: of the profiled ones alone when any were. */
bool metrics_selection_has_host(const metrics_selection *s, const attribution_node *node);

#endif
