/* What the tables of `moetrace diff` share. */
#ifndef REPORT_DIFF_INTERNAL_H
#define REPORT_DIFF_INTERNAL_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* What is compared: one quantity in A and in B, and B / A with its interval. NaN is missing. */
typedef struct {
    double a, b, ratio;
    stats_ci sure;
    double p; /* adjusted for all rows of its table, once they are all there */
} report_change;

/* Whether it is more than chance: the interval of the ratio excludes 1, and so does p. */
bool report_change_holds(const report_change *c);

/* Fills the cells of A, B, B / A, its interval, p and the verdict. */
void report_change_put(report_table *t, const report_change *c);

/* The tables of experts and of kernels, at most `top` rows in each. */
void report_diff_experts(const metrics_results *a, const metrics_results *b, size_t top, report_output *out);
void report_diff_kernels(const metrics_results *a, const metrics_results *b, size_t top, report_output *out);

#endif
