/* Two runs side by side: what B takes in terms of A, with intervals. */
#ifndef ANALYSIS_DIFF_H
#define ANALYSIS_DIFF_H

#include "analysis/output.h"
#include "analysis/results.h"

/* Prints the tables of differences from `a` to `b`, at most `top` rows in those of experts and kernels (the
 * greatest changes of GPU time first). Returns the greatest growth of a phase's median that is not chance, as
 * a share (0.05 is 5 %): of those whose 95 % interval excludes "no growth", or that have too few samples for
 * an interval. 0 when nothing grew. */
double analysis_diff(const analysis_results *a, const analysis_results *b, size_t top, analysis_output *out);

#endif
