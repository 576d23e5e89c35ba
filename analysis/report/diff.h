/* Two runs side by side: the latencies of B relative to A, with intervals. */
#ifndef REPORT_DIFF_H
#define REPORT_DIFF_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* The phase whose median grew most, from A to B: `share` is 0.05 when it takes 5 % longer, 0 when none
 * grew. */
typedef struct {
    double share;
    uint32_t k;
    metrics_row_kind kind;
} report_growth;

typedef struct {
    report_growth significant; /* of the phases whose growth is significant */
    report_growth unknown;     /* of the phases with too few samples to decide */
} report_growths;

/* Prints the tables of differences from `a` to `b`, at most `top` rows in those of experts and kernels (the
 * greatest changes of GPU time first). Both must have been read with the option `clusters`. */
report_growths report_diff(const metrics_results *a, const metrics_results *b, size_t top,
                           report_output *out);

#endif
