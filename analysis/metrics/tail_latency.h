/* Tails: what the slowest samples did differently from typical ones.
 *
 * Of each k, phase (and step of decode) and kind of profiling, details are kept of the slowest samples and of
 * a random choice of the others, so that memory does not grow with the number of samples. Unprofiled samples
 * have ranges only: their host time. Profiled ones also have the GPU's time by range and kernel. */
#ifndef METRICS_TAIL_LATENCY_H
#define METRICS_TAIL_LATENCY_H

#include "analysis/metrics/samples.h"
#include "analysis/metrics/tail_reservoir.h"

/* Fewer samples have no tail. */
#define METRICS_TAIL_SAMPLES 10
/* Causes that are kept of each kind, for each row. */
#define METRICS_TAIL_CAUSES 50

/* Means over some samples. All times are ms; NaN is missing. */
typedef struct {
    size_t n;
    double latency;
    /* Their sum is the latency; in the last three the GPU did not run. */
    double busy, idle_enqueue, idle_sync, idle_between;
    double kernels, gap;
} metrics_tail_means;

/* One k, phase and kind of profiling. */
typedef struct {
    uint32_t k;
    attribution_phase phase;
    bool step;
    attribution_profiling profiling; /* PROFILED, UNPROFILED */
    size_t n;                        /* samples in all */
    double p50; /* ms, their median latency: until the GPU's work ended, of unprofiled ones the range's */
    metrics_tail_means slow; /* the slowest 1 %, at least one sample and at most METRICS_TAIL_SLOW */
    /* Those kept that are nearest to the median: at most a quarter of n, and 16. */
    metrics_tail_means typical;
    uint32_t request, number; /* of the slowest: its request and, of a step, its number; or BASE_NONE */
    double gap_at;            /* of the slowest: where its longest gap began; ms from its start */
} metrics_tail_row;

typedef enum {
    METRICS_TAIL_HOST,       /* host time of a range, without those inside */
    METRICS_TAIL_GPU,        /* GPU time of a range, likewise */
    METRICS_TAIL_HOST_LAYER, /* of all ranges of a layer */
    METRICS_TAIL_GPU_LAYER,
    METRICS_TAIL_KERNEL, /* GPU time of a kernel, or of copies and memsets */
    METRICS_TAIL_KINDS
} metrics_tail_kind;

/* What differs between the slow and the typical samples of a row: means of a sample. */
typedef struct {
    size_t row;
    metrics_tail_kind kind;
    char *
        what; /* path of the range below its phase and step, "layer N", a kernel name, "copies and memsets" */
    bool mangled;                     /* `what` is a kernel's name as the trace has it */
    double slow, typical;             /* ms */
    double slow_count, typical_count; /* ranges, or pieces of GPU work */
} metrics_tail_cause;

typedef struct {
    metrics_tail_row *rows; /* by k, phase, steps last, then profiled before unprofiled */
    size_t row_count, row_cap;
    metrics_tail_cause *causes; /* by how much they differ, descending */
    size_t cause_count, cause_cap;
} metrics_tails;

/* From what was kept, and the samples of the whole trace. `gpu`: it holds GPU work. */
void metrics_tails_make(metrics_tails *tails, const metrics_tail_pools *pools,
                        const attribution_ranges *ranges, const metrics_samples *samples, bool gpu);

void metrics_tails_free(metrics_tails *tails);

#endif
