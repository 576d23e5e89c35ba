/* The variance of the time of kernels outside all phases. Such work belongs to no request, so the sampling unit is the
 * launch, and ranges are strata with a mean each. Ranges that occurred once (`aten::mm, op_id = 7`), or launched the kernel
 * once, have no variance of their own: together they are one stratum, whose units are the ranges (stratified and cluster
 * sampling with the ratio estimator; W. G. Cochran, "Sampling Techniques", third edition, 1977, sections 5.4 and 6.11). */
#ifndef METRICS_LAUNCH_VARIANCE_H
#define METRICS_LAUNCH_VARIANCE_H

#include "analysis/base/u64_map.h"
#include "analysis/metrics/request_variance.h"

/* Sums of one kernel in one row of a table. */
typedef struct {
    uint32_t row;
    metrics_spread
        repeated;          /* of launches in ranges that occurred, and launched the kernel, more than once */
    double repeated_count; /* number of these launches */
    /* Over all other ranges: their number, and sums over them of the launches, of the ns, and of the squares and
     * products of these; `single` is the variance within the range if it is the only one. */
    double ranges, count, ns, count_count, count_ns, ns_ns;
    metrics_spread single;
} metrics_launch_sum;

/* A zeroed one is empty. */
typedef struct {
    metrics_launch_sum *list;
    size_t count, cap;
    base_map by_kernel; /* row and kernel -> list */
} metrics_launch_sums;

/* Adds the launches of `kernel` (a name index) in one range to `row`: their number, the sum of their durations (ns), and of
 * the squared durations (ns^2). `once`: the range occurred once. */
void metrics_launch_sums_add(metrics_launch_sums *s, uint32_t row, uint32_t kernel, uint64_t count,
                             uint64_t ns, double squares, bool once);

/* Adds the variance of each row to spreads[row]. */
void metrics_launch_sums_spread(const metrics_launch_sums *s, metrics_spread *spreads);

void metrics_launch_sums_free(metrics_launch_sums *s);

#endif
