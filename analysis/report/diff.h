/* Comparison of two runs: differences of B against A, with confidence intervals. */
#ifndef REPORT_DIFF_H
#define REPORT_DIFF_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* The phase with the greatest increase of the median latency from A to B: `share` is 0.05 for 5 %, 0 without an
 * increase. */
typedef struct {
    double share;
    uint32_t k;
    metrics_row_kind kind;
} report_growth;

typedef struct {
    report_growth significant; /* among phases with a significant increase */
    report_growth unknown;     /* among phases with too few samples for a test */
} report_growths;

/* Writes the tables of differences from `a` to `b`, with at most `top` rows of experts and kernels, in descending order of
 * the change of GPU time, and returns the greatest increases. Both must have been read with the option `clusters`. */
report_growths report_diff(const metrics_results *a, const metrics_results *b, size_t top,
                           report_output *out);

#endif
