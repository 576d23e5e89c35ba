/* The report of one trace. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* Writes all tables of the report, with at most `top` rows of experts, kernels, leaves and ranges each. */
void report_print(const metrics_results *results, size_t top, report_output *out);

#endif
