/* Cells that several tables of the report begin with or repeat. */
#ifndef REPORT_REPORT_CELLS_H
#define REPORT_REPORT_CELLS_H

#include "analysis/metrics/latency_rows.h"
#include "analysis/report/text_table.h"
#include "analysis/stats/bootstrap.h"

/* Fills the cells "k" and "phase" of a row. A k of BASE_NONE is missing. */
void report_table_phase(report_table *t, uint32_t k, metrics_row_kind kind);

/* Fills two cells with the ends of an interval in ms. */
void report_table_ms_interval(report_table *t, stats_ci c);

#endif
