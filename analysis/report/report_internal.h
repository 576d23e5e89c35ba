/* The tables of the report, each in the report_*.c of its name. */
#ifndef REPORT_REPORT_INTERNAL_H
#define REPORT_REPORT_INTERNAL_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* In the order of the report: answers first, then latencies and what follows from them, then where the
 * time went (the table of completeness is last, report_completeness.h). `top` limits the rows of experts, kernels, leaves and ranges. A table
 * without data is left out. */
void report_summary(const metrics_results *results, report_output *out);
void report_latency(const metrics_results *results, report_output *out);
void report_bottleneck(const metrics_results *results, report_output *out);
void report_scaling(const metrics_results *results, report_output *out);
void report_costs(const metrics_results *results, size_t top, report_output *out);
void report_expert_load(const metrics_results *results, size_t top, report_output *out);
void report_tail_latency(const metrics_results *results, size_t top, report_output *out);

#endif
