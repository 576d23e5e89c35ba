/* What the trace lacks. */
#ifndef REPORT_REPORT_COMPLETENESS_H
#define REPORT_REPORT_COMPLETENESS_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* Whether the trace lacks records that a table depends on. */
bool report_incomplete(const metrics_results *results);

/* Writes the table of completeness. */
void report_completeness(const metrics_results *results, report_output *out);

#endif
