/* Statistics of samples. */
#ifndef STATS_DESCRIPTIVE_H
#define STATS_DESCRIPTIVE_H

#include <stddef.h>

typedef struct {
    size_t n; /* 0: there are no samples, and the rest means nothing */
    double p50, p95, p99, mean, std, min, max;
} stats_summary;

/* The q-th quantile (0 <= q <= 1) of n >= 1 values in ascending order, by linear interpolation between the
 * two nearest: definition 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages", The American
 * Statistician 50(4), 1996; numpy's default. */
double stats_quantile(const double *sorted, size_t n, double q);

/* Puts the value that stands at `place` < n when the n values are sorted there, lesser ones before it and
 * greater ones behind: what a quantile needs, for less than sorting costs. */
void stats_select(double *values, size_t n, size_t place);

/* Sorts the n values in place and summarises them; the result is in the unit of the values. std is the
 * population's, sqrt(sum((x - mean)^2) / n), as numpy's std() without ddof. */
stats_summary stats_summarize(double *values, size_t n);

/* The share of a standard normal distribution below z, and the z below which a share 0 < p < 1 of it lies. */
double stats_normal_share(double z);
double stats_normal_quantile(double p);

/* The 97.5 percentile of Student's t with that many degrees of freedom, at least 5: to 0.2 % (the expansion
 * 26.7.5 of M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 1964). */
double stats_student_quantile(size_t degrees);

#endif
