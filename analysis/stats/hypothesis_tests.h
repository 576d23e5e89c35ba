/* Whether a difference is more than chance. A p-value is the probability that two runs of the same thing
 * would differ as much or more. */
#ifndef STATS_HYPOTHESIS_TESTS_H
#define STATS_HYPOTHESIS_TESTS_H

#include "analysis/stats/bootstrap.h"

#include <stddef.h>

/* A difference counts when its p-value, adjusted for all that are looked at together, is below this. */
#define STATS_SIGNIFICANT 0.05

/* Two-sided, of Student's t with that many degrees of freedom, > 0 (NIST Digital Library of Mathematical
 * Functions, 8.17: the incomplete beta function by its continued fraction). */
double stats_student_p(double t, double degrees);

/* Two-sided, of the hypothesis that x and y, both in ascending order, come from the same distribution: the
 * rank-sum test (H. B. Mann, D. R. Whitney, "On a Test of Whether one of Two Random Variables is
 * Stochastically Larger than the Other", The Annals of Mathematical Statistics 18(1), 1947), normal
 * approximation with corrections for ties and continuity. NaN when either is empty. */
double stats_rank_sum_p(const double *x, size_t nx, const double *y, size_t ny);

/* Fewest degrees of freedom of a variance from which anything is concluded: those of as many samples as the
 * bootstrap needs. */
#define STATS_DEGREES_MIN (STATS_BOOTSTRAP_SAMPLES - 1)

/* A mean, the variance of that mean, and its degrees of freedom. */
typedef struct {
    double mean, variance, degrees;
} stats_estimate;

/* x / y: its 95 % interval, and *p, two-sided, of the hypothesis that it is 1, by Student's t (B. L. Welch,
 * "The Generalization of 'Student's' Problem when Several Different Population Variances are Involved",
 * Biometrika 34, 1947) of their logarithms (delta method). NaN where a mean is not positive or too little is
 * known. */
stats_ci stats_ratio_test(stats_estimate x, stats_estimate y, double *p);

/* Adjusts n p-values, in place, for being looked at together. They lie `stride` bytes apart from *first on, as one
 * member of n structs: the probability that any of those without a
 * difference falls below a limit is at most the limit (S. Holm, "A Simple Sequentially Rejective Multiple
 * Test Procedure", Scandinavian Journal of Statistics 6(2), 1979). NaN stays NaN and does not count. */
void stats_adjust_p(double *first, size_t n, size_t stride);

#endif
