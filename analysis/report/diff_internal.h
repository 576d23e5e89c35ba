/* The tables of `moetrace diff` after that of the phases (diff_costs.c). */
#ifndef REPORT_DIFF_INTERNAL_H
#define REPORT_DIFF_INTERNAL_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* Write the tables of experts and of kernels, with at most `top` rows each. */
void report_diff_experts(const metrics_results *a, const metrics_results *b, size_t top, report_output *out);
void report_diff_kernels(const metrics_results *a, const metrics_results *b, size_t top, report_output *out);

#endif
