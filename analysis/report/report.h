/* The report of one trace, from metrics_results. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* Writes the report, at most `top` rows in each of the tables of experts, kernels, leaves and ranges. */
void report_print(const metrics_results *results, size_t top, report_output *out);

#endif
