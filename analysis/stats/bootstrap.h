/* 95 % confidence intervals by the bootstrap, with a fixed seed: the same samples always yield the same interval.
 *
 * Medians and regression lines have percentile intervals (B. Efron, "Bootstrap Methods: Another Look at the Jackknife",
 * The Annals of Statistics 7(1), 1979): the 2.5 and 97.5 percentiles of the statistic over resamples drawn with
 * replacement. For means, percentile intervals are too short when samples are few or skewed. Means have bias-corrected
 * and accelerated intervals (BCa: B. Efron, "Better Bootstrap Confidence Intervals", JASA 82(397), 1987), expanded for
 * the number of samples (T. C. Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician
 * 69(4), 2015). */
#ifndef STATS_BOOTSTRAP_H
#define STATS_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A confidence interval in the unit of the samples; both ends are NaN, i.e. missing, when there are too few samples. */
typedef struct {
    double low, high;
} stats_ci;

/* Fewest samples that have an interval. With 5, even the interval from minimum to maximum contains the median of their
 * distribution with a probability of only 1 - 2 / 2^5 = 94 %. */
#define STATS_BOOTSTRAP_SAMPLES 6

/* Strata: `count` groups of points; group i is the points with indices in [strata[i], strata[i + 1]), and strata[count]
 * is the number of all points. Resamples are drawn within each group. */

/* For statistics of other modules. The initial state of the random generator: */
#define STATS_BOOTSTRAP_SEED 0x6d6f657472616365u
/* Returns the number of resamples to draw from n samples. */
size_t stats_bootstrap_rounds(size_t n);
/* Draws the next random index, uniform in [0, n), n > 0. */
size_t stats_bootstrap_draw(uint64_t *state, size_t n);
/* Returns the 2.5 and 97.5 percentiles of n values; reorders the values. */
stats_ci stats_bootstrap_middle(double *values, size_t n);

/* Interval of the median, and of the mean, of n values in ascending order; missing below STATS_BOOTSTRAP_SAMPLES. */
stats_ci stats_bootstrap_p50(const double *sorted, size_t n);
stats_ci stats_bootstrap_mean(const double *sorted, size_t n);

/* Resampling n values has a variance that is (n - 1) / n of the unbiased one. Returns sqrt(n / (n - 1)), the factor by
 * which deviations from the mean of a stratum of n are scaled to correct this (A. C. Davison, D. V. Hinkley, "Bootstrap
 * Methods and their Application", 1997, section 3.2); 1 for n < 2. */
double stats_bootstrap_widening(size_t n);

/* Interval of median(x) / median(y), both in ascending order and resampled independently; missing when either has fewer
 * than STATS_BOOTSTRAP_SAMPLES values. */
stats_ci stats_bootstrap_ratio(const double *x, size_t nx, const double *y, size_t ny);

/* Returns whether each stratum has at least STATS_BOOTSTRAP_SAMPLES points. */
bool stats_bootstrap_enough(const size_t *strata, size_t count);

/* A straight line y = a + b x. */
typedef struct {
    size_t n; /* points */
    double a, b;
    stats_ci a_ci, b_ci;
    double r2; /* 1 - residual sum of squares / total sum of squares */
} stats_fit;

/* Fits the least-squares line to the points of all strata. The intervals come from resamples within each stratum; they
 * are missing when a stratum has too few points. False, with *fit undefined, when x has fewer than two distinct
 * values. */
bool stats_fit_line(stats_fit *fit, const double *x, const double *y, const size_t *strata, size_t count);

/* Compares two predictors of the same y: returns the share of resamples (as in stats_fit_line) in which the line over x
 * has a smaller residual sum of squares than the line over z; ties count one half. NaN when a stratum has too few
 * points. */
double stats_fit_preferred(const double *x, const double *z, const double *y, const size_t *strata,
                           size_t count);

#endif
