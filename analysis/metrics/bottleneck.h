/* The bottleneck of each phase at each k: the host, memory bandwidth or compute, with the evidence; and the points
 * of a roofline (Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance Model for
 * Multicore Architectures", Communications of the ACM 52(4), 2009).
 *
 * The verdict follows one rule. Let the time be that of the phase (median latency), busy the time in which
 * the GPU ran its work, and the shares of peak what its matrix products and its least bytes (model_flops.h) would
 * need of the busy time at the device's peaks:
 *   host     the GPU was idle for more than half of the time
 *   memory   else, and the share of the peak bandwidth is at least half, and the greater one
 *   compute  else, and the share of the peak FLOP/s is at least half
 *   neither  else: the GPU was busy, with kernels that reach neither peak
 * Where evidence is missing that the rule needs, there is no verdict. */
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

/* "host", "memory", "compute", "neither"; "-" when unknown. */
const char *metrics_verdict_name(metrics_verdict verdict);

/* A point of the roofline: a phase's whole work, or that of its kernels in one part of the model. Of a mean
 * profiled request; NaN is missing. */
typedef struct {
    names_part part; /* NAMES_PARTS: the whole phase */
    double kernels;
    double ms;    /* of a part: sum of its kernels' durations; of the phase: time in which the GPU was busy */
    double flops; /* by the model's shapes and the routed tokens */
    double bytes; /* weights and cache, the least that must move */
    double intensity;                /* FLOP/byte */
    double flops_per_s, bytes_per_s; /* achieved: over `ms` */
    double of_flops, of_memory;      /* shares of the peaks */
    double roof;    /* FLOP/s that can be attained at this intensity: min(peak, intensity x bandwidth) */
    double of_roof; /* flops_per_s / roof */
} metrics_point;

/* One phase at one k. ms and counts are medians of a request; NaN is missing. */
typedef struct {
    uint32_t k;            /* BASE_NONE: the phase lay in no top_k=K */
    metrics_row_kind kind; /* never METRICS_ROW_TOKEN */
    metrics_verdict verdict;
    const char *missing;    /* what the verdict, or the points, lack; NULL: nothing */
    double time;            /* latency, with what the GPU still ran behind an unprofiled request's end */
    double busy;            /* the GPU ran work of the phase */
    double least;           /* the time that the peaks would take: max(flops / peak, bytes / bandwidth) */
    double idle;            /* share of the time: 1 - busy / time, at least 0 */
    double enqueues_per_ms; /* calls that enqueue GPU work, over the time */
    double syncs, sync_ms;  /* calls that wait for the GPU, and the time in them */
    bool estimated;         /* the number of active experts is that expected by chance */
    double active;          /* distinct experts in a layer that `bytes` counts; NaN in vision */
    metrics_point whole;
    metrics_point *points; /* of its parts that have kernels and costs */
    size_t count;
} metrics_bottleneck;

typedef struct {
    metrics_bottleneck *list; /* by k (missing last), then by phase */
    size_t count, cap;
    costmodel_workload workload; /* the trace's, with options laid over it */
    costmodel_peaks peaks;       /* the device's, with a file's laid over it */
    char measured_on[128];       /* the device of that file, when it is another one; "" otherwise */
    double peak_flops;           /* of the workload's type, FLOP/s; NaN: not known */
    costmodel_peak_source flops_source;
    double ridge; /* FLOP/byte from which on compute can be the bottleneck: peak_flops / peaks.memory */
} metrics_bottlenecks;

/* Makes the list from the rows and works of a trace. `workload` and `peaks` are given; `gpu`: the trace holds GPU
 * work. */
void metrics_bottlenecks_make(metrics_bottlenecks *b, const metrics_rows *rows,
                              const metrics_phase_works *works, bool gpu);
/* That of one phase at one k, or NULL. */
const metrics_bottleneck *metrics_bottlenecks_find(const metrics_bottlenecks *b, uint32_t k,
                                                   metrics_row_kind kind);

void metrics_bottlenecks_free(metrics_bottlenecks *b);

#endif
