/* A quantity compared between two traces: the cells common to all tables of `moetrace diff`. */
#ifndef REPORT_DIFF_CHANGE_H
#define REPORT_DIFF_CHANGE_H

#include "analysis/report/text_table.h"
#include "analysis/stats/bootstrap.h"

/* A quantity in A and in B, and ratio = b / a with its 95 % confidence interval. NaN: missing. */
typedef struct {
    double a, b, ratio;
    stats_ci ci;
    double p; /* of the hypothesis ratio = 1; adjusted for all rows once the table is complete */
} report_change;

/* Returns whether the change is significant: the interval excludes 1, and p is below STATS_SIGNIFICANT. */
bool report_change_holds(const report_change *c);

/* Fills seven cells: A, B, ratio, both ends of its interval, p and verdict. */
void report_change_put(report_table *t, const report_change *c);

#endif
