/* The sections of the report, each in the .c file of its name. */
#ifndef REPORT_REPORT_INTERNAL_H
#define REPORT_REPORT_INTERNAL_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* Write their tables; a table without data is omitted. The order is that of the report: verdict and doubts, summary, latencies and results
 * derived from them, costs; completeness (report_completeness.h) is last. `top` limits the rows of experts, kernels, leaves
 * and ranges. */
void report_sentences(const metrics_results *results, report_output *out);
void report_summary(const metrics_results *results, report_output *out);
void report_latency(const metrics_results *results, report_output *out);
void report_devices(const metrics_results *results, report_output *out);
void report_bottleneck(const metrics_results *results, report_output *out);
void report_scaling(const metrics_results *results, report_output *out);
void report_costs(const metrics_results *results, size_t top, report_output *out);
void report_kernel_classes(const metrics_results *results, report_output *out);
void report_expert_load(const metrics_results *results, size_t top, report_output *out);
void report_tail_latency(const metrics_results *results, size_t top, report_output *out);

/* What the tables of costs are about, such as "k = 8, without warm-up"; returns `buf`. */
const char *report_choice(const metrics_results *results, char buf[64]);

#endif
