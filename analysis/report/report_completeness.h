/* Completeness of a trace: lost, damaged and unusable records. */
#ifndef REPORT_REPORT_COMPLETENESS_H
#define REPORT_REPORT_COMPLETENESS_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* Returns whether records are missing on which a table depends. */
bool report_incomplete(const metrics_results *results);

/* Writes the table of completeness. */
void report_completeness(const metrics_results *results, report_output *out);

#endif
