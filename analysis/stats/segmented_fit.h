/* Test for a change of slope: a continuous line of two segments against a straight line. */
#ifndef STATS_SEGMENTED_FIT_H
#define STATS_SEGMENTED_FIT_H

#include "analysis/stats/bootstrap.h"

/* Fewest distinct x of a test: two segments have four parameters. */
#define STATS_BREAKPOINT_X 5
/* Two segments are accepted when their BIC is lower by more than this, "strong" evidence by R. E. Kass, A. E. Raftery,
 * "Bayes Factors", Journal of the American Statistical Association 90(430), 1995. */
#define STATS_BREAKPOINT_BIC 6

/* y = a + before * x up to x = at, and slope `after` beyond. */
typedef struct {
    size_t distinct, n; /* distinct x, points */
    bool
        tested; /* STATS_BREAKPOINT_X distinct x with STATS_BOOTSTRAP_SAMPLES points each; otherwise all below is NaN */
    bool changes; /* bic > STATS_BREAKPOINT_BIC, and the interval of after - before excludes 0 */
    double at;    /* between the second and the last but one distinct x */
    double a, before, after;
    double bic;                                     /* BIC of the line - BIC of the two segments */
    double r2;                                      /* of the two segments */
    stats_ci at_ci, before_ci, after_ci, change_ci; /* of after - before */
} stats_breakpoint;

/* Fits both models by least squares. Stratum i (bootstrap.h) is the points y[strata[i]] to before y[strata[i + 1]], all at
 * x[i]; x is in ascending order. The breakpoint is the exact optimum (D. J. Hudson, "Fitting Segmented Curves Whose Join
 * Points Have to Be Estimated", JASA 61(316), 1966). BIC = n ln(RSS / n) + p ln n, with p = 2 for the line and 4 for two
 * segments (G. Schwarz, "Estimating the Dimension of a Model", The Annals of Statistics 6(2), 1978). The 95 % intervals
 * come from resamples within each stratum, with the breakpoint fitted again in each. */
stats_breakpoint stats_find_breakpoint(const double *x, const double *y, const size_t *strata, size_t count);

#endif
