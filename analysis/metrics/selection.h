/* The selection of ranges and GPU work for the tables of costs and of expert load: measured requests (without warm-up), of
 * one k or of all. */
#ifndef METRICS_SELECTION_H
#define METRICS_SELECTION_H

#include "analysis/attribution/ranges.h"

typedef struct {
    const attribution_ranges *ranges;
    uint32_t k;    /* BASE_NONE: all k */
    bool profiled; /* a selected range inside a phase was profiled */
} metrics_selection;

/* Returns the selection of `k`. */
metrics_selection metrics_selection_of(const attribution_ranges *ranges, uint32_t k);

/* Returns whether the range belongs to a measured request at `k`: its GPU work counts. */
bool metrics_selection_has(const metrics_selection *s, const attribution_node *node);

/* Returns whether the kernel counts: if its range does; an unattributed one counts if k is BASE_NONE. */
bool metrics_selection_has_kernel(const metrics_selection *s, const attribution_total *kernel);

/* Returns whether calls, tokens and host time of a selected range count: only those of profiled ranges, if there are
 * any. */
bool metrics_selection_has_host(const metrics_selection *s, const attribution_node *node);

#endif
