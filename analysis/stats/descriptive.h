/* Descriptive statistics of samples, and quantiles of distributions. */
#ifndef STATS_DESCRIPTIVE_H
#define STATS_DESCRIPTIVE_H

#include <stddef.h>

typedef struct {
    size_t n; /* 0: no samples, and the other members are undefined */
    double p50, p95, p99, mean, std, min, max;
} stats_summary;

/* Returns the quantile of order q, 0 <= q <= 1, of n >= 1 values in ascending order, by linear interpolation between the
 * two nearest values: definition 7 of R. J. Hyndman, Y. Fan, "Sample Quantiles in Statistical Packages", The American
 * Statistician 50(4), 1996, which is numpy's default. */
double stats_quantile(const double *sorted, size_t n, double q);

/* Reorders n values so that values[place], place < n, is the value that sorting would put there, with no greater value
 * before it and no lesser one after it. Linear in n on average, unlike sorting. */
void stats_select(double *values, size_t n, size_t place);

/* Sorts n values in place and summarises them, in their unit. std is the population standard deviation,
 * sqrt(sum((x - mean)^2) / n), as numpy.std computes it by default. */
stats_summary stats_summarize(double *values, size_t n);

/* The cumulative distribution function of the standard normal distribution at z, and its inverse at 0 < p < 1. */
double stats_normal_share(double z);
double stats_normal_quantile(double p);

/* Returns the 97.5 percentile of Student's t distribution with `degrees` >= 5 degrees of freedom, to within 0.2 %
 * (expansion 26.7.5 of M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions", 1964). */
double stats_student_quantile(size_t degrees);

#endif
