/* Confidence intervals of 95 % by the bootstrap, from a fixed seed, so that the same samples always give the same
 * interval.
 *
 * Medians and lines have percentile intervals: B. Efron, "Bootstrap Methods: Another Look at the Jackknife",
 * The Annals of Statistics 7(1), 1979; the 2.5 and 97.5 percentiles of the statistic over samples drawn with
 * replacement. Those of means would be too short for few and for skewed samples: other percentiles are taken,
 * bias-corrected and accelerated (BCa: B. Efron, "Better Bootstrap Confidence Intervals", JASA 82(397), 1987)
 * and expanded for the number of samples (T. C. Hesterberg, "What Teachers Should Know About the Bootstrap",
 * The American Statistician 69(4), 2015). */
#ifndef STATS_BOOTSTRAP_H
#define STATS_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For other statistics: the first state of the generator, how many rounds are drawn of n samples, a number
 * below n (n > 0) that is drawn next, and the interval that the middle 95 % of n values span, which it puts
 * into another order. */
#define STATS_BOOTSTRAP_SEED 0x6d6f657472616365u
size_t stats_bootstrap_rounds(size_t n);
size_t stats_bootstrap_draw(uint64_t *state, size_t n);

/* NaN, both ends, where there are too few samples to draw from. */
typedef struct {
    double low, high;
} stats_ci;

stats_ci stats_bootstrap_middle(double *values, size_t n);

/* Fewer samples have no interval: not even that from the least to the greatest of 5 holds the median of what
 * they are drawn from in 95 % of all cases (1 - 2 / 2^5). */
#define STATS_BOOTSTRAP_SAMPLES 6

/* Of the median and of the mean of n values in ascending order; missing when they are too few. */
stats_ci stats_bootstrap_p50(const double *sorted, size_t n);
stats_ci stats_bootstrap_mean(const double *sorted, size_t n);

/* Values that are drawn anew inside a stratum of n vary less than new ones would, by (n - 1) / n: how much
 * farther from the stratum's mean each is put (A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their
 * Application", 1997, section 3.2). */
double stats_bootstrap_widening(size_t n);

/* Of median(x) / median(y), both in ascending order and drawn on their own; missing when either are too
 * few. */
stats_ci stats_bootstrap_ratio(const double *x, size_t nx, const double *y, size_t ny);

/* Whether each of `count` strata has enough points: stratum i is those from strata[i] to before strata[i +
 * 1]. */
bool stats_bootstrap_enough(const size_t *strata, size_t count);

/* A straight line y = a + b x through points. */
typedef struct {
    size_t n;
    double a, b;
    stats_ci a_ci, b_ci;
    double r2; /* 1 - residual sum of squares / total sum of squares */
} stats_fit;

/* The least-squares line through n points. The intervals are of points drawn with replacement inside each
 * stratum: stratum i is the points from strata[i] to before strata[i + 1], and strata[count] = n. They are
 * missing when some stratum has too few. False when x takes fewer than two values; then *fit means
 * nothing. */
bool stats_fit_line(stats_fit *fit, const double *x, const double *y, const size_t *strata, size_t count);

/* Of the straight lines over x and over z through the same points: in what share of draws, made as those of
 * stats_fit_line, that over x leaves the smaller residual sum of squares; a draw in which they leave the
 * same counts half. NaN when some stratum has too few points. */
double stats_fit_preferred(const double *x, const double *z, const double *y, const size_t *strata,
                           size_t count);

#endif
