/* GPU time by phase and class of kernel. Classes are inferred from the names of kernels (kernel_classes.h), so they exist
 * without any range. */
#ifndef METRICS_KERNEL_CLASS_COSTS_H
#define METRICS_KERNEL_CLASS_COSTS_H

#include "analysis/attribution/ranges.h"
#include "analysis/names/kernel_classes.h"

/* The GPU work of one class in one phase. */
typedef struct {
    attribution_phase phase; /* or ATTRIBUTION_PHASES: in none, or unattributed */
    char *class_name;        /* "memcpy": copies and memsets; "unclassified": kernels that no rule matches */
    attribution_work work;
} metrics_class_row;

/* By phase, then in descending order of time. The works of all rows add up to `all`, exactly. */
typedef struct {
    metrics_class_row *list;
    size_t count, cap;
    attribution_work all; /* the selected kernels, copies and memsets */
} metrics_class_costs;

/* Computes *c, zeroed, of the measured requests (without warm-up) at `k`; BASE_NONE: at all k, with the unattributed kernels
 * and with `transfers`, the unattributed copies and memsets. `ranges` must be complete; `classes` may be NULL. */
void metrics_class_costs_make(metrics_class_costs *c, const attribution_ranges *ranges, uint32_t k,
                              attribution_work transfers, const names_kernel_classes *classes);

void metrics_class_costs_free(metrics_class_costs *c);

#endif
