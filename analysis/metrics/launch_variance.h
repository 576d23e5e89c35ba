/* How much the time of kernels that ran in no phase differs. Such work belongs to no request, so what is counted is the
 * launch: launches of one kernel in one range differ from each other, and ranges are strata (each has its own mean).
 * Ranges that occurred once (`aten::mm, op_id = 7`), or launched the kernel once, say nothing of their own mean: together they are one stratum, whose
 * units are the ranges (cluster sampling, the ratio estimator; W. G. Cochran, "Sampling Techniques", third edition,
 * 1977, sections 5.4 and 6.11). */
#ifndef METRICS_LAUNCH_VARIANCE_H
#define METRICS_LAUNCH_VARIANCE_H

#include "analysis/base/u64_map.h"
#include "analysis/metrics/request_variance.h"

/* Sums of one kernel in one row of a table. */
typedef struct {
    uint32_t row;
    metrics_spread repeated; /* of its launches in ranges that occurred, and launched it, more than once */
    double repeated_count;   /* how many these are */
    /* Of its launches in all other ranges: how many such ranges, and sums over them of the launches, of the
     * ns, and of their squares and products; `single` is the spread inside of the only one. */
    double ranges, count, ns, count_count, count_ns, ns_ns;
    metrics_spread single;
} metrics_launch_sum;

/* A zeroed one is empty. */
typedef struct {
    metrics_launch_sum *list;
    size_t count, cap;
    base_map by_kernel; /* row and kernel -> list */
} metrics_launch_sums;

/* Adds the launches of `kernel` (a name index) in one range, to `row`: how many, the sum of their ns and of the squares
 * of these. `once`: the range occurred once. */
void metrics_launch_sums_add(metrics_launch_sums *s, uint32_t row, uint32_t kernel, uint64_t count,
                             uint64_t ns, double squares, bool once);

/* Adds what is known of each row to spreads[row]. */
void metrics_launch_sums_spread(const metrics_launch_sums *s, metrics_spread *spreads);

void metrics_launch_sums_free(metrics_launch_sums *s);

#endif
