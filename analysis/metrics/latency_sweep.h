/* The sweep: the rows of every k and phase, and how latency depends on k. */
#ifndef METRICS_LATENCY_SWEEP_H
#define METRICS_LATENCY_SWEEP_H

#include "analysis/metrics/latency_rows.h"
#include "analysis/metrics/scaling_fits.h"

/* Makes rows and fits on at most `jobs` threads, the caller's among them, which is free for other things
 * between begin and end; until the end nothing of rows and fits may be used. `gpu`: the trace holds
 * GPU work. */
typedef struct metrics_sweep_making metrics_sweep_making;

metrics_sweep_making *metrics_sweep_begin(metrics_rows *rows, metrics_fits *fits,
                                          const metrics_samples *samples, bool gpu, unsigned jobs);
void metrics_sweep_end(metrics_sweep_making *s);

#endif
