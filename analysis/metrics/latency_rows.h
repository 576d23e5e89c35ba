/* For each k and phase: the latency of its requests with confidence intervals, the overhead of profiling, and what
 * the GPU and the host did meanwhile. */
#ifndef METRICS_LATENCY_ROWS_H
#define METRICS_LATENCY_ROWS_H

#include "analysis/metrics/samples.h"
#include "analysis/stats/bootstrap.h"
#include "analysis/stats/descriptive.h"

/* The rows that each k has: its phases, and the decode per token. */
typedef enum {
    METRICS_ROW_VISION = ATTRIBUTION_VISION,
    METRICS_ROW_PREFILL = ATTRIBUTION_PREFILL,
    METRICS_ROW_DECODE = ATTRIBUTION_DECODE,
    METRICS_ROW_TOKEN = ATTRIBUTION_PHASES,
    METRICS_ROWS
} metrics_row_kind;

/* "vision", "prefill", "decode", "decode/token" */
const char *metrics_row_name(metrics_row_kind kind);

/* The phase that a row's samples are of. */
attribution_phase metrics_row_phase(metrics_row_kind kind);

/* One phase at one k; only made when it has samples. Warm-up requests are left out. All times are ms; what
 * the trace does not hold is NaN. Of a token: the decode's over the number of its steps.
 *
 * A profiled request's latency is max(end of the range, end of the last GPU work launched in it) - start of
 * the range; that of an unprofiled one is the range's own duration, because its GPU work is not recorded. */
typedef struct {
    uint32_t k; /* BASE_NONE: the phase lay in no top_k=K */
    metrics_row_kind kind;
    /* The samples of `latency`: the unprofiled if there are any, else the profiled, else the partly profiled. */
    attribution_profiling from;
    stats_summary latency;
    stats_ci p50_ci, mean_ci;
    double *samples; /* latency.n latencies in the order of their starts */
    double *experts; /* of each: distinct experts that were active in a layer, on average */
    double active;   /* mean of `experts` */

    size_t profiled, unprofiled, partly; /* samples of each kind */
    bool after_profiling;  /* the unprofiled ran after CUPTI's records had been on, which made them slower */
    size_t left_out;       /* more such ones, left out because there are unprofiled ones from before */
    stats_summary on, off; /* of profiled and unprofiled ones: the ranges' own durations */
    double overhead;       /* on.p50 / off.p50 */
    stats_ci overhead_ci;

    /* Medians of the profiled samples. */
    double busy;    /* the GPU ran work launched in the phase: union of intervals */
    double gpu_sum; /* the same, overlapping work more than once */
    double kernels; /* launched in the phase */
    double idle;    /* latency - busy */
    /* Idle while the host was in a call that enqueues, in a call that waits, in neither. */
    double idle_enqueue, idle_sync, idle_between;
    double enqueues, syncs; /* calls that enqueue, and that wait */
    double sync_time;       /* time in calls that wait, GPU idle or not */
    double beyond;          /* from the end of the range to that of its GPU work */

    size_t outliers; /* samples farther than 5 scaled median absolute deviations from the median */
    double drift;    /* median of the last third of the samples over that of the first */
    bool drifts;     /* it is not chance (Kendall's tau, p < 0.01) and more than 2 % */
} metrics_row;

typedef struct {
    metrics_row *list; /* by k (missing last), then by kind */
    size_t count, cap;
    size_t base[METRICS_ROWS]; /* of each kind: 1 + the first row whose k is known; 0: there is none */
} metrics_rows;

/* The row of `k` and `kind`, or NULL. */
const metrics_row *metrics_rows_find(const metrics_rows *rows, uint32_t k, metrics_row_kind kind);

/* The row of `kind` with the smallest k that is known, or NULL: what the others are compared with. */
const metrics_row *metrics_rows_base(const metrics_rows *rows, metrics_row_kind kind);

/* Median latency over that of `base`; and k / base's k over that ratio: 1 when k experts cost k times as much
 * as one. NaN when base's k is 0. */
double metrics_row_ratio(const metrics_row *row, const metrics_row *base);
double metrics_row_efficiency(const metrics_row *row, const metrics_row *base);

void metrics_rows_free(metrics_rows *rows);

/* ---- The making of a row, in parts that can be made at the same time ---- */

typedef enum {
    METRICS_ROW_STATISTICS,
    METRICS_ROW_P50_CI,
    METRICS_ROW_MEAN_CI,
    METRICS_ROW_OVERHEAD_CI,
    METRICS_ROW_PARTS
} metrics_row_part;

typedef struct {
    metrics_row *row;
    metrics_sample *list; /* what it is made of, by start; of a token what its decode took over its steps */
    size_t n, used;       /* samples; those whose latencies count */
} metrics_row_making;

/* Collects the samples of `kind` from those of one k. False when there are none; then nothing has to be freed. */
bool metrics_row_collect(metrics_row_making *m, const metrics_sample *const *samples, size_t count,
                         metrics_row_kind kind);

/* Makes *row, with the samples that count. */
void metrics_row_begin(metrics_row_making *m, metrics_row *row, uint32_t k, metrics_row_kind kind);

/* Makes a part of the row; each has to be made once. `gpu`: the trace holds GPU work. */
void metrics_row_make(const metrics_row_making *m, metrics_row_part part, bool gpu);

void metrics_row_end(metrics_row_making *m);

#endif
