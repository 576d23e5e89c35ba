/* The breakdown of one sample: host time and GPU time by range, GPU time by kernel; sums, all times exclusive. */
#ifndef ATTRIBUTION_SPAN_BREAKDOWN_H
#define ATTRIBUTION_SPAN_BREAKDOWN_H

#include <stddef.h>
#include <stdint.h>

/* The sum of one range or kernel. A list may have several of the same id; the value is then their sum. */
typedef struct {
    uint32_t id;    /* node of the range tree, or name index of a kernel (BASE_NONE: copies and memsets) */
    uint32_t count; /* closed ranges, or GPU records */
    uint64_t ns;
} attribution_breakdown_sum;

typedef struct {
    attribution_breakdown_sum *list;
    size_t count, cap;
} attribution_breakdown_sums;

/* Host time by range, GPU time by range, GPU time by kernel. */
typedef struct {
    attribution_breakdown_sums host, gpu, kernels;
} attribution_breakdown;

/* The index of a node's or kernel's sum in the list that had it last, which avoids a search. */
typedef struct {
    uint32_t span; /* the span of that list, plus 1 */
    uint32_t at;
} attribution_breakdown_mark;

typedef struct {
    attribution_breakdown_mark *list;
    size_t cap;
} attribution_breakdown_marks;

/* The indices, shared by all breakdowns; a zeroed one is empty. */
typedef struct {
    attribution_breakdown_marks host, gpu, kernels;
} attribution_breakdowns;

/* Each adds to the breakdown *d of `span`, created if *d is NULL. _host: `ns` of exclusive host time of the range `node`.
 * _gpu: a GPU record of `ns` of the range `node` (BASE_NONE: not known yet) and the kernel `name` (BASE_NONE: copies and
 * memsets). _merge: all sums of another breakdown. */
void attribution_breakdown_host(attribution_breakdowns *all, attribution_breakdown **d, uint32_t span,
                                uint32_t node, uint64_t ns);
void attribution_breakdown_gpu(attribution_breakdowns *all, attribution_breakdown **d, uint32_t span,
                               uint32_t node, uint32_t name, uint64_t ns);
void attribution_breakdown_merge(attribution_breakdowns *all, attribution_breakdown **d, uint32_t span,
                                 const attribution_breakdown *from);

void attribution_breakdowns_free(attribution_breakdowns *all);

/* Frees a breakdown; NULL is allowed. */
void attribution_breakdown_free(attribution_breakdown *d);

#endif
