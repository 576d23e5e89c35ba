/* How evenly the experts are loaded: tokens joined with GPU time, so that skew of the routing can be told from
 * skew of the time. From the tree of ranges, for each k, phase and layer. */
#ifndef METRICS_EXPERT_LOAD_H
#define METRICS_EXPERT_LOAD_H

#include "analysis/attribution/ranges.h"

/* One expert of one layer in one phase at one k: its ranges with all that lies in them. Of the measured
 * requests (no warm-up), and of the profiled ones when any were. */
typedef struct {
    uint32_t k; /* BASE_NONE: in no top_k=K */
    attribution_phase phase;
    uint32_t layer; /* BASE_NONE: in no layer */
    uint32_t expert;
    uint64_t calls;              /* ranges */
    uint64_t tokens;             /* sum of their payloads */
    uint64_t host_ns;            /* time in the ranges on the host */
    uint64_t kernels, kernel_ns; /* inclusive */
    bool counted; /* every range said how many tokens it had, and nothing of a replayed graph is in it */
    double expected_ns; /* kernel_ns by the fit over calls and tokens of this phase and k; NaN: unknown */
} metrics_load_cell;

/* Imbalance in a layer, or over all pairs of layer and expert (then `layer` is BASE_NONE and `pooled`).
 * Experts that got nothing count as 0 in max / mean and in the coefficient of variation (population's
 * standard deviation / mean). NaN is missing. */
typedef struct {
    uint32_t k;
    attribution_phase phase;
    uint32_t layer;
    bool pooled;
    size_t active;                    /* experts (pooled: pairs) that had a range */
    size_t population;                /* of these many: metrics_load.experts, times the layers when pooled */
    double tokens_max, tokens_cv;     /* max / mean and coefficient of variation of the tokens */
    double time_max, time_cv;         /* the same of the kernel time */
    double correlation;               /* Pearson's, of tokens and kernel time, over the active ones */
    uint32_t slow_layer, slow_expert; /* with the greatest kernel time / expected; BASE_NONE: unknown */
    double slow;                      /* that ratio */
} metrics_load_row;

typedef struct {
    metrics_load_cell *cells; /* by k, phase, layer, expert; what is missing comes last */
    size_t cell_count, cell_cap;
    metrics_load_row *rows; /* by k and phase: the pooled one, then its layers */
    size_t row_count, row_cap;
    size_t experts; /* of a layer: those of the model, where it is known, else those that the trace names */
    bool of_model;  /* the former */
} metrics_load;

/* Makes the cells and rows of `k` alone, or of every k when it is BASE_NONE. `experts` is how many the
 * model has in a layer, 0 when that is not known; a number that is less than the trace names is no help.
 *
 * expected_ns: the least-squares fit kernel_ns = a calls + b tokens, a and b not negative, over the cells of
 * one k and phase whose tokens are counted; NaN where those are fewer than 4. */
void metrics_load_make(metrics_load *load, const attribution_ranges *ranges, uint32_t k, size_t experts);

void metrics_load_free(metrics_load *load);

#endif
