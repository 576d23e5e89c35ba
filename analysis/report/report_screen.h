/* The report on one screen: the verdict, a table of k, what costs most, what is uncertain, and how to see more. */
#ifndef REPORT_REPORT_SCREEN_H
#define REPORT_REPORT_SCREEN_H

#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

/* Prints it, as text. `trace` is what the user would name again; NULL: a sweep over several captures. */
void report_screen(const metrics_results *results, const char *trace, report_output *out);

#endif
