/* What one sample's time went on: host time and GPU time by range, GPU time by kernel. Sums, not events. */
#ifndef ANALYSIS_DETAIL_H
#define ANALYSIS_DETAIL_H

#include <stddef.h>
#include <stdint.h>

/* Of one range or kernel; the same may stand in a list more than once, and is then the sum. */
typedef struct {
    uint32_t id;    /* node of the range tree, or name index of a kernel (ANALYSIS_NONE: copies and fills) */
    uint32_t count; /* ranges that closed, or pieces of GPU work */
    uint64_t ns;
} analysis_detail_sum;

typedef struct {
    analysis_detail_sum *list;
    size_t count, cap;
} analysis_detail_sums;

/* Of ranges everything is exclusive: without the ranges inside. */
typedef struct {
    analysis_detail_sums host, gpu, kernels;
} analysis_detail;

/* Where the sum of a node or name last stood, so that it is found without a search. */
typedef struct {
    uint32_t span; /* whose detail it is, plus 1 */
    uint32_t at;
} analysis_detail_mark;

typedef struct {
    analysis_detail_mark *list;
    size_t cap;
} analysis_detail_marks;

/* Shared by all details; a zeroed one is empty. */
typedef struct {
    analysis_detail_marks host, gpu, kernels;
} analysis_details;

/* Adds to the detail *d of `span`, which is made when it is NULL. */
void analysis_detail_host(analysis_details *all, analysis_detail **d, uint32_t span, uint32_t node,
                          uint64_t ns);
void analysis_detail_gpu(analysis_details *all, analysis_detail **d, uint32_t span, uint32_t node,
                         uint32_t name, uint64_t ns);
void analysis_detail_merge(analysis_details *all, analysis_detail **d, uint32_t span,
                           const analysis_detail *from);

void analysis_details_free(analysis_details *all);

/* NULL is allowed. */
void analysis_detail_free(analysis_detail *d);

#endif
