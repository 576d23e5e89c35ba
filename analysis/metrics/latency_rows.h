/* For each k and phase: latencies with confidence intervals, the overhead of profiling, and the activity of GPU and host
 * meanwhile. */
#ifndef METRICS_LATENCY_ROWS_H
#define METRICS_LATENCY_ROWS_H

#include "analysis/metrics/samples.h"
#include "analysis/stats/bootstrap.h"
#include "analysis/stats/descriptive.h"

/* The rows of each k: its phases, and decode per token. */
typedef enum {
    METRICS_ROW_VISION = ATTRIBUTION_VISION,
    METRICS_ROW_PREFILL = ATTRIBUTION_PREFILL,
    METRICS_ROW_DECODE = ATTRIBUTION_DECODE,
    METRICS_ROW_MIXED = ATTRIBUTION_MIXED,
    METRICS_ROW_DRAFT = ATTRIBUTION_DRAFT,
    METRICS_ROW_IDLE = ATTRIBUTION_IDLE,
    METRICS_ROW_TOKEN = ATTRIBUTION_PHASES,
    METRICS_ROWS
} metrics_row_kind;

/* Returns "vision", "prefill", "decode" or "decode/token". */
const char *metrics_row_name(metrics_row_kind kind);

/* Returns the phase of a row's samples. */
attribution_phase metrics_row_phase(metrics_row_kind kind);

/* One phase at one k with at least one sample. Warm-up requests are excluded. All times are ms; NaN: missing. Values per
 * token are those of the decode over its number of steps.
 *
 * The latency of a profiled request is max(end of the range, end of the last GPU work launched in it) - start of the
 * range; that of an unprofiled one is the duration of the range, because its GPU work is not recorded. */
typedef struct {
    uint32_t k; /* BASE_NONE: outside of top_k=K */
    metrics_row_kind kind;
    /* The kind of the samples of `latency`: unprofiled if there are any, else profiled, else partly profiled. */
    attribution_profiling from;
    stats_summary latency;
    stats_ci p50_ci, mean_ci;
    double *samples; /* latency.n latencies, by start */
    double *experts; /* of each sample: mean number of distinct active experts per layer */
    double active;   /* mean of `experts` */

    size_t profiled, unprofiled, partly; /* samples of each kind */
    bool after_profiling;  /* the unprofiled ones ran after CUPTI had been enabled, which slows launches */
    size_t left_out;       /* further such ones, excluded because there are earlier unprofiled ones */
    stats_summary on, off; /* range durations of profiled and of unprofiled samples */
    double overhead;       /* on.p50 / off.p50 */
    stats_ci overhead_ci;

    /* Medians of the profiled samples. */
    double busy;    /* GPU busy time with work launched in the phase: union of intervals */
    double gpu_sum; /* sum of the durations of that work */
    double kernels; /* number launched in the phase */
    double idle;    /* latency - busy */
    /* GPU idle while the host was in an enqueueing call, in a synchronising call, in neither. */
    double idle_enqueue, idle_sync, idle_between;
    double enqueues, syncs; /* numbers of enqueueing and synchronising calls */
    double sync_time;       /* time in synchronising calls, whether the GPU was idle or busy */
    double beyond;          /* from the end of the range to the end of its GPU work */

    size_t outliers; /* samples more than 5 scaled median absolute deviations (1.4826 MAD) from the median */
    double drift;    /* median of the last third of the samples over that of the first third */
    bool drifts;     /* the drift is significant (Kendall's tau, p < 0.01) and more than 2 % */
} metrics_row;

typedef struct {
    metrics_row *list; /* by k (missing last), then by kind */
    size_t count, cap;
    size_t base[METRICS_ROWS]; /* of each kind: 1 + the first row whose k is known; 0: there is none */
} metrics_rows;

/* Returns the row of `k` and `kind`, or NULL. */
const metrics_row *metrics_rows_find(const metrics_rows *rows, uint32_t k, metrics_row_kind kind);

/* Returns the row of `kind` with the smallest known k, the baseline of the others, or NULL. */
const metrics_row *metrics_rows_base(const metrics_rows *rows, metrics_row_kind kind);

/* _ratio returns the slowdown: the row's median latency over that of `base`. _efficiency returns (row's k / base's k) /
 * slowdown, which is 1 if the latency is proportional to k; NaN if base's k is 0. */
double metrics_row_ratio(const metrics_row *row, const metrics_row *base);
double metrics_row_efficiency(const metrics_row *row, const metrics_row *base);

void metrics_rows_free(metrics_rows *rows);

/* ---- Computing a row, in parts that can run on different threads ---- */

typedef enum {
    METRICS_ROW_STATISTICS,
    METRICS_ROW_P50_CI,
    METRICS_ROW_MEAN_CI,
    METRICS_ROW_OVERHEAD_CI,
    METRICS_ROW_PARTS
} metrics_row_part;

typedef struct {
    metrics_row *row;
    metrics_sample *list; /* its samples, by start; for decode/token divided by their steps */
    size_t n, used;       /* number of samples, and of those whose latencies count */
} metrics_row_making;

/* Collects the samples of `kind` from the `count` samples of one k. False when there are none; *m then needs no
 * metrics_row_end. */
bool metrics_row_collect(metrics_row_making *m, const metrics_sample *const *samples, size_t count,
                         metrics_row_kind kind);

/* Initialises *row and selects the samples that count. */
void metrics_row_begin(metrics_row_making *m, metrics_row *row, uint32_t k, metrics_row_kind kind);

/* Computes one part of the row; the caller computes each part once. `gpu`: the trace has GPU records. */
void metrics_row_make(const metrics_row_making *m, metrics_row_part part, bool gpu);

/* Frees *m; the row remains. */
void metrics_row_end(metrics_row_making *m);

#endif
