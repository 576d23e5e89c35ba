/* The sweep: the rows of all k and phases, and the fits of latency over k. */
#ifndef METRICS_LATENCY_SWEEP_H
#define METRICS_LATENCY_SWEEP_H

#include "analysis/metrics/latency_rows.h"
#include "analysis/metrics/scaling_fits.h"

/* Compute rows and fits from the samples on at most `jobs` threads including the caller's, which may do other work between
 * begin and end. *rows and *fits may be used only after the end, which frees the work. `gpu`: the trace has GPU records. */
typedef struct metrics_sweep_making metrics_sweep_making;

metrics_sweep_making *metrics_sweep_begin(metrics_rows *rows, metrics_fits *fits,
                                          const metrics_samples *samples, bool gpu, unsigned jobs);
void metrics_sweep_end(metrics_sweep_making *s);

#endif
