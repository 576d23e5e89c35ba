/* Two runs side by side: what B takes in terms of A, with intervals. */
#ifndef ANALYSIS_DIFF_H
#define ANALYSIS_DIFF_H

#include "analysis/output.h"
#include "analysis/results.h"

/* The phase whose median grew most, from A to B: `share` is 0.05 when it takes 5 % longer, 0 when none grew.
 */
typedef struct {
    double share;
    uint32_t k;
    analysis_row_kind kind;
} analysis_growth;

typedef struct {
    analysis_growth sure;    /* of those whose growth is not chance */
    analysis_growth unknown; /* of those with too few samples to say */
} analysis_growths;

/* Prints the tables of differences from `a` to `b`, at most `top` rows in those of experts and kernels (the
 * greatest changes of GPU time first). Both must have been read with the option `clusters`. */
analysis_growths analysis_diff(const analysis_results *a, const analysis_results *b, size_t top,
                               analysis_output *out);

#endif
