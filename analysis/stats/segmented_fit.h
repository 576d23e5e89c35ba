/* Whether a slope changes: two straight lines that meet, against one. */
#ifndef STATS_SEGMENTED_FIT_H
#define STATS_SEGMENTED_FIT_H

#include "analysis/stats/bootstrap.h"

/* Fewest distinct x that are tested: two pieces have four parameters. */
#define STATS_BREAKPOINT_X 5
/* Two pieces are believed when their BIC is lower by more: "strong" evidence in R. E. Kass, A. E. Raftery,
 * "Bayes Factors", Journal of the American Statistical Association 90(430), 1995. */
#define STATS_BREAKPOINT_BIC 6

/* y = a + before x up to `at`, and with the slope `after` behind it. */
typedef struct {
    size_t distinct, n; /* distinct x, points */
    bool tested;  /* there were enough of both, STATS_BOOTSTRAP_SAMPLES points at each x; else NaN follows */
    bool changes; /* bic > STATS_BREAKPOINT_BIC, and the interval of after - before excludes 0 */
    double at;    /* x, between the second and the last but one */
    double a, before, after;
    double bic;                                     /* BIC of the line - BIC of the two pieces */
    double r2;                                      /* of the two pieces */
    stats_ci at_ci, before_ci, after_ci, change_ci; /* of after - before */
} stats_breakpoint;

/* Fits by least squares over points whose x is x[i] in stratum i: y[strata[i]] to before y[strata[i + 1]], x
 * in ascending order. The best place of the break is found exactly (D. J. Hudson, "Fitting Segmented Curves
 * Whose Join Points Have to Be Estimated", JASA 61(316), 1966). BIC is n ln(RSS / n) + p ln n with p = 2 for
 * the line and 4 for two pieces (G. Schwarz, "Estimating the Dimension of a Model", The Annals of Statistics
 * 6(2), 1978). Intervals: 95 % by the bootstrap, points drawn anew inside each stratum and the break placed
 * anew. */
stats_breakpoint stats_find_breakpoint(const double *x, const double *y, const size_t *strata, size_t count);

#endif
