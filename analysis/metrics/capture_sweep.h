/* A sweep of several captures, each of a run with a k of its own, as one set of results. */
#ifndef METRICS_CAPTURE_SWEEP_H
#define METRICS_CAPTURE_SWEEP_H

#include "analysis/metrics/analyze.h"

/* A capture of the sweep; texts are the caller's. */
typedef struct {
    uint32_t k;
    const char *path;     /* as the user gave it */
    const char *trace;    /* the trace whose phases are used */
    size_t traces, alike; /* of the capture, and of these those with phases */
    size_t phases;        /* that ended, outside of warm-up */
    uint64_t kernels, unattributed;
    bool have_gpu, complete;
    char model[160]; /* "" if unknown */
} metrics_capture;

/* Moves the samples and the bottlenecks of `one`, which has one k, into `joined`, which is zeroed before the first call. No
 * two of them may have the same k. */
void metrics_capture_join(metrics_results *joined, metrics_results *one);

/* Makes rows, fits and shapes of steps of what was joined, on at most `jobs` threads. metrics_results_free frees `joined`;
 * it has no costs, load, tails and counts of kernels, which are of one capture each. */
void metrics_capture_sweep_make(metrics_results *joined, unsigned jobs);

#endif
