/* Hypothesis tests. A p-value is the probability that two runs without a true difference would differ as much as observed,
 * or more. All tests are two-sided. */
#ifndef STATS_HYPOTHESIS_TESTS_H
#define STATS_HYPOTHESIS_TESTS_H

#include "analysis/stats/bootstrap.h"

#include <stddef.h>

/* Significance level: a difference is significant when its p-value, adjusted for multiple comparisons, is below it. */
#define STATS_SIGNIFICANT 0.05

/* Returns the p-value of Student's t with `degrees` > 0 degrees of freedom: the regularised incomplete beta function by
 * its continued fraction (NIST Digital Library of Mathematical Functions, section 8.17). */
double stats_student_p(double t, double degrees);

/* Returns the p-value of the rank-sum test that x and y, both in ascending order, have the same distribution (H. B. Mann,
 * D. R. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other", The Annals
 * of Mathematical Statistics 18(1), 1947), by the normal approximation with corrections for ties and continuity. NaN when
 * x or y is empty. */
double stats_rank_sum_p(const double *x, size_t nx, const double *y, size_t ny);

/* Fewest degrees of freedom of a variance that is used in a test: those of the fewest samples of the bootstrap. */
#define STATS_DEGREES_MIN (STATS_BOOTSTRAP_SAMPLES - 1)

/* A mean, the variance of that mean (the squared standard error), and the degrees of freedom of the variance. */
typedef struct {
    double mean, variance, degrees;
} stats_estimate;

/* Returns the 95 % interval of x / y, and stores in *p the p-value of the hypothesis x / y = 1: Welch's t test (B. L.
 * Welch, "The Generalization of 'Student's' Problem when Several Different Population Variances are Involved", Biometrika
 * 34, 1947) on the logarithms, whose variances come from the delta method. NaN when a mean is not positive or has fewer
 * than STATS_DEGREES_MIN degrees of freedom. */
stats_ci stats_ratio_test(stats_estimate x, stats_estimate y, double *p);

/* Adjusts n p-values in place for multiple comparisons (S. Holm, "A Simple Sequentially Rejective Multiple Test
 * Procedure", Scandinavian Journal of Statistics 6(2), 1979): the probability that any pair without a true difference
 * falls below a limit is at most that limit. The first value is at `first` and the others `stride` bytes apart, as one
 * member of an array of structs; a multiple of sizeof(double), as of any struct that holds one. NaN stays NaN and is not counted. */
void stats_adjust_p(double *first, size_t n, size_t stride);

#endif
