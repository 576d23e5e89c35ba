/* The report of a sweep over several captures. */
#ifndef REPORT_REPORT_CAPTURES_H
#define REPORT_REPORT_CAPTURES_H

#include "analysis/metrics/capture_sweep.h"
#include "analysis/report/table_writer.h"

/* Writes the table of captures, `count` of them by k, then the tables of `joined` that do not depend on a single trace; with
 * `screen` those on one screen. */
void report_captures_print(const metrics_capture *captures, size_t count, const metrics_results *joined,
                           bool screen, report_output *out);

#endif
