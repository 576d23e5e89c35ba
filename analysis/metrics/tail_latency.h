/* Tail latency: the slowest samples compared with typical ones.
 *
 * For each k, phase (and step of decode) and kind of profiling, breakdowns are kept of the slowest samples and of a random
 * selection of the others, so memory does not grow with the number of samples. Breakdowns of unprofiled samples have host
 * time by range; those of profiled samples also have GPU time by range and kernel. */
#ifndef METRICS_TAIL_LATENCY_H
#define METRICS_TAIL_LATENCY_H

#include "analysis/metrics/samples.h"
#include "analysis/metrics/tail_reservoir.h"

/* Fewest samples of a row. */
#define METRICS_TAIL_SAMPLES 10
/* Most causes of each kind per row. */
#define METRICS_TAIL_CAUSES 50

/* Means over n samples. All times are ms; NaN: missing. */
typedef struct {
    size_t n;
    double latency;
    /* These sum to the latency; the last three are GPU idle time, as in metrics_row. */
    double busy, idle_enqueue, idle_sync, idle_between;
    double kernels, gap;
} metrics_tail_means;

/* One k, phase and kind of profiling. */
typedef struct {
    uint32_t k;
    attribution_phase phase;
    bool step;
    attribution_profiling profiling; /* PROFILED, UNPROFILED */
    size_t n;                        /* all samples */
    double p50;                      /* ms, their median latency, defined as in metrics_row */
    metrics_tail_means slow;         /* the slowest 1 %, at least one sample and at most METRICS_TAIL_SLOW */
    /* The kept samples that are nearest to the median: at most n / 4, and at most 16. */
    metrics_tail_means typical;
    uint32_t request,
        number;    /* of the slowest sample: its request and, for a step, its number; or BASE_NONE */
    double gap_at; /* of the slowest sample: ms from its start to its longest gap */
} metrics_tail_row;

typedef enum {
    METRICS_TAIL_HOST,       /* exclusive host time of a range */
    METRICS_TAIL_GPU,        /* exclusive GPU time of a range */
    METRICS_TAIL_HOST_LAYER, /* the same for all ranges of a layer */
    METRICS_TAIL_GPU_LAYER,
    METRICS_TAIL_KERNEL, /* GPU time of a kernel, or of copies and memsets */
    METRICS_TAIL_KINDS
} metrics_tail_kind;

/* A difference between the slow and the typical samples of a row; means per sample. */
typedef struct {
    size_t row;
    metrics_tail_kind kind;
    char *
        what; /* path of the range below its phase and step, "layer N", a kernel name, "copies and memsets" */
    bool mangled;                     /* `what` is a mangled kernel name */
    double slow, typical;             /* ms */
    double slow_count, typical_count; /* ranges, or GPU records */
} metrics_tail_cause;

typedef struct {
    metrics_tail_row *rows; /* by k, phase, steps last, then profiled before unprofiled */
    size_t row_count, row_cap;
    metrics_tail_cause *causes; /* in descending order of |slow - typical| */
    size_t cause_count, cause_cap;
} metrics_tails;

/* Makes rows and causes from the kept samples and from all samples of the trace. `gpu`: the trace has GPU records. */
void metrics_tails_make(metrics_tails *tails, const metrics_tail_pools *pools,
                        const attribution_ranges *ranges, const metrics_samples *samples, bool gpu);

void metrics_tails_free(metrics_tails *tails);

#endif
