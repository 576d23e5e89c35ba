/* Samples: each complete occurrence of a phase, and each step of decode, with its times. */
#ifndef METRICS_SAMPLES_H
#define METRICS_SAMPLES_H

#include "analysis/attribution/ranges.h"

/* All times are ms, unless noted; NaN: missing. */
typedef struct {
    uint32_t k; /* BASE_NONE: outside of top_k=K */
    attribution_phase phase;
    bool step;                       /* a step of decode; `phase` is then ATTRIBUTION_DECODE */
    bool warm;                       /* of a warm-up request */
    uint32_t request;                /* N of its sample.N or warmup.N, or BASE_NONE */
    uint32_t number;                 /* of a step: N of decode.N; else BASE_NONE */
    uint32_t requests, tokens;       /* of a server's step: what its name says; else BASE_NONE */
    attribution_profiling profiling; /* PROFILED, UNPROFILED or PARTLY_PROFILED */
    bool after_profiling; /* UNPROFILED, but CUPTI's records had been on before (or that is not known),
                                which slows launches for good: docs/measuring.md */
    uint64_t start;       /* ns, on the trace's clock */
    double latency;       /* from the start until the range and the GPU work launched in it have ended */
    double own;           /* duration of the range */
    double busy;          /* GPU busy time with work launched in it: union of intervals */
    double gpu_sum;       /* sum of the durations of that work */
    double idle_enqueue,
        idle_sync;          /* GPU idle while the host was in an enqueueing, or in a synchronising call */
    double enqueues, syncs; /* numbers of enqueueing and synchronising calls */
    double sync_time;       /* time in synchronising calls, whether the GPU was idle or busy */
    double beyond;          /* latency - own */
    double kernels;         /* number launched in it */
    double gap;             /* the longest period without GPU work of it */
    double gap_at;          /* from its start to that period */
    double steps;           /* number of ranges decode.N in it; 0 for other phases */
    double experts;         /* mean number of distinct active experts per layer; NaN for steps */
} metrics_sample;

typedef struct {
    metrics_sample *list; /* by start; a decode before its steps */
    size_t count;
} metrics_samples;

/* Returns the sample of a closed span. */
metrics_sample metrics_sample_of(const attribution_ranges *ranges, const attribution_span *span);

/* Makes all samples, including warm-up. `ranges` must be complete. */
void metrics_samples_make(metrics_samples *samples, const attribution_ranges *ranges);

void metrics_samples_free(metrics_samples *samples);

#endif
