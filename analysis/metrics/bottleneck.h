/* The bottleneck of each phase at each k (host, memory bandwidth or compute) with its evidence, and the points of a
 * roofline (S. Williams, A. Waterman, D. Patterson, "Roofline: An Insightful Visual Performance Model for Multicore
 * Architectures", Communications of the ACM 52(4), 2009).
 *
 * The rule: T is the phase's median latency, busy the GPU's busy time in it, and the shares of peak are the modelled FLOPs
 * and bytes (model_flops.h) per busy time, over the device's peaks. The first that applies is the bottleneck:
 *   host     the GPU is idle for more than half of T
 *   memory   the share of peak bandwidth is at least half, and the greater of the two
 *   compute  the share of peak FLOP/s is at least half
 *   neither  otherwise: the GPU is busy with kernels that reach neither peak
 * If an input of the rule is missing, the bottleneck is unknown. */
#ifndef METRICS_BOTTLENECK_H
#define METRICS_BOTTLENECK_H

#include "analysis/costmodel/workload.h"
#include "analysis/metrics/latency_rows.h"
#include "analysis/metrics/phase_work.h"

#define METRICS_BOTTLENECK_SHARE 0.5 /* the half in the rule */

typedef enum {
    METRICS_BOTTLENECK_UNKNOWN,
    METRICS_BOTTLENECK_HOST,
    METRICS_BOTTLENECK_MEMORY,
    METRICS_BOTTLENECK_COMPUTE,
    METRICS_BOTTLENECK_NEITHER,
} metrics_verdict;

/* Returns "host", "memory", "compute", "neither", or "-" if unknown. */
const char *metrics_verdict_name(metrics_verdict verdict);

/* A point of the roofline: a phase, or its kernels in one part of the model. Means per profiled request; NaN: missing. */
typedef struct {
    names_part part; /* NAMES_PARTS: the whole phase */
    double kernels;
    double ms;        /* of a part: sum of its kernels' durations; of the phase: GPU busy time */
    double flops;     /* modelled, from the model's dimensions and the routed tokens */
    double bytes;     /* modelled, a lower bound: weights and KV cache */
    double intensity; /* flops / bytes */
    double flops_per_s, bytes_per_s; /* achieved: flops and bytes per `ms` */
    double of_flops, of_memory;      /* these over the peaks; NaN if more than 1 */
    double roof;    /* attainable FLOP/s at this intensity: min(peak, intensity x bandwidth) */
    double of_roof; /* flops_per_s / roof; NaN if more than 1 */
} metrics_point;

/* One phase at one k. Times (ms) and counts are medians over requests; NaN: missing. */
typedef struct {
    uint32_t k;            /* BASE_NONE: outside of top_k=K */
    metrics_row_kind kind; /* never METRICS_ROW_TOKEN */
    metrics_verdict verdict;
    const char *missing;    /* the missing input of the verdict or of the points; NULL: none */
    double time;            /* T: latency; of unprofiled requests, plus the GPU work after their end */
    double busy;            /* GPU busy time in the phase */
    double least;           /* the time at the peaks, a lower bound: max(flops / peak, bytes / bandwidth) */
    double idle;            /* share of T: 1 - busy / time, at least 0 */
    double enqueues_per_ms; /* calls that enqueue GPU work, per ms of T */
    double syncs, sync_ms;  /* calls that wait for the GPU, and the time in them */
    bool estimated;         /* `active` is not from the trace but the expectation under random routing */
    double active;          /* distinct experts per layer whose weights `bytes` counts; NaN in vision */
    metrics_point whole;
    metrics_point *points; /* of those parts of the model with kernels and a modelled cost */
    size_t count;
} metrics_bottleneck;

typedef struct {
    metrics_bottleneck *list; /* by k (missing last), then by phase */
    size_t count, cap;
    costmodel_workload workload; /* the trace's, overridden by options */
    costmodel_peaks peaks;       /* the device's, overridden by a file */
    char measured_on[128];       /* the device of that file if it differs from the trace's; else "" */
    size_t beyond_peak;          /* number of shares left out, as they are more than 1 */
    double peak_flops;           /* for the workload's data type, FLOP/s; NaN: unknown */
    costmodel_peak_source flops_source;
    double
        ridge; /* FLOP/byte of the ridge point, above which compute is the limit: peak_flops / peaks.memory */
} metrics_bottlenecks;

/* Makes the list from the rows and works of a trace; the caller has set `workload` and `peaks`. `gpu`: the trace has GPU
 * records. */
void metrics_bottlenecks_make(metrics_bottlenecks *b, const metrics_rows *rows,
                              const metrics_phase_works *works, bool gpu);
/* That of one phase at one k, or NULL. */
const metrics_bottleneck *metrics_bottlenecks_find(const metrics_bottlenecks *b, uint32_t k,
                                                   metrics_row_kind kind);

void metrics_bottlenecks_free(metrics_bottlenecks *b);

#endif
