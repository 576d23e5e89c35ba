#include "analysis/report/report_cells.h"

void report_table_phase(report_table *t, uint32_t k, metrics_row_kind kind) {
    report_table_index(t, k);
    report_table_cell(t, "%s", metrics_row_name(kind));
}

void report_table_ms_interval(report_table *t, stats_ci c) {
    report_table_ms(t, c.low);
    report_table_ms(t, c.high);
}
