/* Expert load: tokens and GPU time of each expert, for each k, phase and layer, so that an imbalance of the routing can be
 * distinguished from one of the execution time. From the range tree. */
#ifndef METRICS_EXPERT_LOAD_H
#define METRICS_EXPERT_LOAD_H

#include "analysis/attribution/ranges.h"

/* One expert of one layer in one phase at one k; times are inclusive. Of the measured requests (without warm-up), and of
 * the profiled ones only, if there are any. */
typedef struct {
    uint32_t k; /* BASE_NONE: in no top_k=K */
    attribution_phase phase;
    uint32_t layer; /* BASE_NONE: in no layer */
    uint32_t expert;
    uint64_t calls;              /* number of ranges */
    uint64_t tokens;             /* sum of their payloads */
    uint64_t host_ns;            /* host time in the ranges */
    uint64_t kernels, kernel_ns; /* inclusive */
    bool counted;       /* each range has a number of tokens, and none has work of a replayed graph */
    double expected_ns; /* kernel_ns expected from calls and tokens, see metrics_load_make; NaN: unknown */
} metrics_load_cell;

/* The imbalance within one layer, or over all pairs of layer and expert (`pooled`, with `layer` BASE_NONE). Experts without
 * tokens count as 0 in max / mean and in the coefficient of variation (population standard deviation / mean). NaN:
 * missing. */
typedef struct {
    uint32_t k;
    attribution_phase phase;
    uint32_t layer;
    bool pooled;
    size_t active;                /* experts (pooled: pairs) with a range */
    size_t population;            /* all experts: metrics_load.experts, pooled times the number of layers */
    double tokens_max, tokens_cv; /* max / mean and coefficient of variation of the tokens */
    double time_max, time_cv;     /* the same of the kernel time */
    double correlation;           /* Pearson's, of tokens and kernel time of the active experts */
    uint32_t slow_layer, slow_expert; /* with the greatest kernel_ns / expected_ns; BASE_NONE: unknown */
    double slow;                      /* that ratio */
} metrics_load_row;

typedef struct {
    metrics_load_cell *cells; /* by k, phase, layer, expert; missing values last */
    size_t cell_count, cell_cap;
    metrics_load_row *rows; /* by k and phase: the pooled one, then its layers */
    size_t row_count, row_cap;
    size_t experts; /* experts per layer: the model's number if known, else the number named in the trace */
    bool of_model;  /* the former */
} metrics_load;

/* Makes the cells and rows of `k`, or of all k if it is BASE_NONE. `experts` is the model's number of experts per layer, 0 if
 * unknown; a number below that of the experts named in the trace is ignored.
 *
 * expected_ns is a least-squares fit kernel_ns = a calls + b tokens, a >= 0, b >= 0, over the counted cells of one k and
 * phase; NaN if there are fewer than 4. */
void metrics_load_make(metrics_load *load, const attribution_ranges *ranges, uint32_t k, size_t experts);

void metrics_load_free(metrics_load *load);

#endif
