/* Samples: every finished occurrence of a phase, and every step of decode, with what it took. */
#ifndef METRICS_SAMPLES_H
#define METRICS_SAMPLES_H

#include "analysis/attribution/ranges.h"

/* All times are ms; what the trace does not hold is NaN. */
typedef struct {
    uint32_t k; /* BASE_NONE: in no top_k=K */
    attribution_phase phase;
    bool step;                       /* of decode; `phase` is then ATTRIBUTION_DECODE */
    bool warm;                       /* of a warm-up request */
    uint32_t request;                /* number of its sample.N or warmup.N, or BASE_NONE */
    uint32_t number;                 /* of a step: N of decode.N; else BASE_NONE */
    attribution_profiling profiling; /* PROFILED, UNPROFILED or PARTLY_PROFILED */
    bool after_profiling; /* UNPROFILED, but CUPTI's records had been on before (or that is not known),
                                which slows launches for good: docs/measuring.md */
    uint64_t start;       /* ns, on the trace's clock */
    double latency;       /* until the range and the GPU work launched in it have ended */
    double own;           /* the range's own duration */
    double busy;          /* the GPU ran work launched in it: union of intervals */
    double gpu_sum;       /* the same, overlapping work more than once */
    double idle_enqueue,
        idle_sync;          /* the GPU did not run, and the host was in a call that enqueues, that waits */
    double enqueues, syncs; /* calls that enqueue GPU work, and that wait for it */
    double sync_time;       /* time in the latter, whether the GPU ran or not */
    double beyond;          /* latency - own */
    double kernels;         /* launched in it */
    double gap;             /* the longest stretch in which the GPU ran nothing of it */
    double gap_at;          /* from its start to that stretch */
    double steps;           /* ranges decode.N in it; 0 of other phases */
    double experts;         /* distinct experts that were active in a layer, on average; of steps NaN */
} metrics_sample;

typedef struct {
    metrics_sample *list; /* by start; a decode before its steps */
    size_t count;
} metrics_samples;

/* The sample of a closed span. */
metrics_sample metrics_sample_of(const attribution_ranges *ranges, const attribution_span *span);

/* All samples, warm-up included. */
void metrics_samples_make(metrics_samples *samples, const attribution_ranges *ranges);

void metrics_samples_free(metrics_samples *samples);

#endif
