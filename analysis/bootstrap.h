/* How sure a number is: 95 % intervals by the bootstrap, from a fixed seed, so that the same samples always
 * give the same interval.
 *
 * Percentile intervals: B. Efron, "Bootstrap Methods: Another Look at the Jackknife", The Annals of
 * Statistics 7(1), 1979; the 2.5 and 97.5 percentiles of the statistic over samples drawn with replacement.
 */
#ifndef ANALYSIS_BOOTSTRAP_H
#define ANALYSIS_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For other statistics: the first state of the generator, how many rounds are drawn of n samples, a number
 * below n (n > 0) that is drawn next, and the interval that the middle 95 % of n values span, which it puts
 * into another order.
 */
#define ANALYSIS_BOOTSTRAP_SEED 0x6d6f657472616365u
size_t analysis_bootstrap_rounds(size_t n);
size_t analysis_bootstrap_draw(uint64_t *state, size_t n);

/* NaN, both ends, where there are too few samples to draw from. */
typedef struct {
    double low, high;
} analysis_confidence;

analysis_confidence analysis_bootstrap_middle(double *values, size_t n);

/* Of the median and of the mean of n values in ascending order; missing when n < 2. */
analysis_confidence analysis_bootstrap_p50(const double *sorted, size_t n);
analysis_confidence analysis_bootstrap_mean(const double *sorted, size_t n);

/* Of median(x) / median(y), both in ascending order and drawn on their own; missing when either has fewer
 * than 2. */
analysis_confidence analysis_bootstrap_ratio(const double *x, size_t nx, const double *y, size_t ny);

/* Of x / y, two sums or means that are known with their variances only: the delta method on their logarithms,
 * 1.96 standard errors to either side. Missing unless both are positive. */
analysis_confidence analysis_ratio_interval(double x, double x_variance, double y, double y_variance);

/* A straight line y = a + b x through points. */
typedef struct {
    size_t n;
    double a, b;
    analysis_confidence a_sure, b_sure;
    double r2; /* 1 - residual sum of squares / total sum of squares */
} analysis_fit;

/* The least-squares line through n points. The intervals are of points drawn with replacement inside each
 * stratum: stratum i is the points from strata[i] to before strata[i + 1], and strata[count] = n. False when
 * x takes fewer than two values; then *fit means nothing. */
bool analysis_fit_line(analysis_fit *fit, const double *x, const double *y, const size_t *strata,
                       size_t count);

#endif
