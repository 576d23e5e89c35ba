/* Cells that several tables of the report share. */
#ifndef REPORT_REPORT_CELLS_H
#define REPORT_REPORT_CELLS_H

#include "analysis/metrics/latency_rows.h"
#include "analysis/report/text_table.h"
#include "analysis/stats/bootstrap.h"

/* Fills two cells, "k" (BASE_NONE: missing) and "phase". */
void report_table_phase(report_table *t, uint32_t k, metrics_row_kind kind);

/* Fills two cells with both ends of an interval, in ms. */
void report_table_ms_interval(report_table *t, stats_ci c);

#endif
