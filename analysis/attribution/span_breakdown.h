/* What one sample spent its time on: host time and GPU time by range, GPU time by kernel. Sums, not events. */
#ifndef ATTRIBUTION_SPAN_BREAKDOWN_H
#define ATTRIBUTION_SPAN_BREAKDOWN_H

#include <stddef.h>
#include <stdint.h>

/* Of one range or kernel; the same may stand in a list more than once, and is then the sum. */
typedef struct {
    uint32_t id;    /* node of the range tree, or name index of a kernel (BASE_NONE: copies and memsets) */
    uint32_t count; /* ranges that closed, or pieces of GPU work */
    uint64_t ns;
} attribution_breakdown_sum;

typedef struct {
    attribution_breakdown_sum *list;
    size_t count, cap;
} attribution_breakdown_sums;

/* Of ranges everything is exclusive: without the ranges inside. */
typedef struct {
    attribution_breakdown_sums host, gpu, kernels;
} attribution_breakdown;

/* Where the sum of a node or name last stood, so that it is found without a search. */
typedef struct {
    uint32_t span; /* whose detail it is, plus 1 */
    uint32_t at;
} attribution_breakdown_mark;

typedef struct {
    attribution_breakdown_mark *list;
    size_t cap;
} attribution_breakdown_marks;

/* Shared by all details; a zeroed one is empty. */
typedef struct {
    attribution_breakdown_marks host, gpu, kernels;
} attribution_breakdowns;

/* Adds to the detail *d of `span`, which is made when it is NULL. */
void attribution_breakdown_host(attribution_breakdowns *all, attribution_breakdown **d, uint32_t span,
                                uint32_t node, uint64_t ns);
void attribution_breakdown_gpu(attribution_breakdowns *all, attribution_breakdown **d, uint32_t span,
                               uint32_t node, uint32_t name, uint64_t ns);
void attribution_breakdown_merge(attribution_breakdowns *all, attribution_breakdown **d, uint32_t span,
                                 const attribution_breakdown *from);

void attribution_breakdowns_free(attribution_breakdowns *all);

/* NULL is allowed. */
void attribution_breakdown_free(attribution_breakdown *d);

#endif
