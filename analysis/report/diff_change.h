/* One quantity in two traces: what every table of `moetrace diff` shows in its rows. */
#ifndef REPORT_DIFF_CHANGE_H
#define REPORT_DIFF_CHANGE_H

#include "analysis/report/text_table.h"
#include "analysis/stats/bootstrap.h"

/* A quantity in A and in B, and B / A with its 95 % confidence interval. NaN is missing. */
typedef struct {
    double a, b, ratio;
    stats_ci ci;
    double p; /* adjusted for all rows of the table, once they are all there */
} report_change;

/* Whether the change is significant: the interval of the ratio excludes 1, and p is below STATS_SIGNIFICANT. */
bool report_change_holds(const report_change *c);

/* Fills the cells of A, B, B / A, its interval, p and the verdict. */
void report_change_put(report_table *t, const report_change *c);

#endif
