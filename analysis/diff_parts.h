/* What the tables of `moetrace diff` share. */
#ifndef ANALYSIS_DIFF_PARTS_H
#define ANALYSIS_DIFF_PARTS_H

#include "analysis/output.h"
#include "analysis/results.h"

/* What is compared: one quantity in A and in B, and B / A with its interval. NaN is missing. */
typedef struct {
    double a, b, ratio;
    analysis_confidence sure;
    double p; /* adjusted for all rows of its table, once they are all there */
} analysis_change;

/* Whether it is more than chance: the interval of the ratio excludes 1, and so does p. */
bool analysis_change_holds(const analysis_change *c);

/* Fills the cells of A, B, B / A, its interval, p and the verdict. */
void analysis_change_put(analysis_table *t, const analysis_change *c);

/* The tables of experts and of kernels, at most `top` rows in each. */
void analysis_diff_experts(const analysis_results *a, const analysis_results *b, size_t top,
                           analysis_output *out);
void analysis_diff_kernels(const analysis_results *a, const analysis_results *b, size_t top,
                           analysis_output *out);

#endif
