/* Latency of a server's steps by their shape: a batch of 64 requests takes longer than one of 8, so one distribution of
 * all steps says little. Shapes come from the names of steps (names_meaning). */
#ifndef METRICS_STEP_SHAPES_H
#define METRICS_STEP_SHAPES_H

#include "analysis/metrics/latency_rows.h"

/* The steps of one phase whose tokens (of a prefill that names them), or else whose requests, lie in low..high: 1, 2, 3
 * to 4, 5 to 8, 9 to 16 and so on. */
typedef struct {
    uint32_t k; /* BASE_NONE: in no top_k=K */
    attribution_phase phase;
    bool by_tokens;
    uint32_t low, high;
    double requests, tokens; /* mean of the steps that name them; NaN: none does */
    stats_summary latency;   /* ms */
    double busy;             /* ms, median of the profiled steps; NaN without GPU work */
} metrics_step_shape;

/* By k, phase and shape. */
typedef struct {
    metrics_step_shape *list;
    size_t count, cap;
} metrics_step_shapes;

/* Of each phase and k the samples count that its row counts (metrics_row.from). `gpu`: the trace holds GPU work. */
void metrics_step_shapes_make(metrics_step_shapes *shapes, const metrics_samples *samples,
                              const metrics_rows *rows, bool gpu);

void metrics_step_shapes_free(metrics_step_shapes *shapes);

#endif
