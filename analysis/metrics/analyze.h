/* The results of one trace, which every output is made from, and the one pass over the file that makes them. */
#ifndef METRICS_ANALYZE_H
#define METRICS_ANALYZE_H

#include "analysis/metrics/bottleneck.h"
#include "analysis/metrics/cost_breakdown.h"
#include "analysis/metrics/expert_load.h"
#include "analysis/metrics/latency_sweep.h"
#include "analysis/metrics/request_variance.h"
#include "analysis/metrics/requests.h"
#include "analysis/metrics/tail_latency.h"

/* A key and its value, as the trace has them. */
/* Costs of each k are made for so many values of k, the smallest. */
#define METRICS_EACH_K_MAX 64u

typedef struct {
    char *key, *value;
} metrics_meta;

typedef struct {
    char *name;
    uint64_t value;
} metrics_counter;

typedef struct {
    char *path;
    trace_status status;
    char *end_reason; /* of the END record; NULL without one */
    metrics_meta *meta;
    size_t meta_count, meta_cap;
    metrics_counter *counters; /* of each name the last value */
    size_t counter_count, counter_cap;
    names_table keys;                      /* of meta and counters, for the look-ups: */
    base_map meta_by_key, counter_by_name; /* index in `keys` -> the first of meta, counters */
    uint64_t host_events, gpu_records;
    uint64_t last_time; /* ns, the latest time of any event; 0 without events */

    metrics_samples samples;
    metrics_rows rows;
    metrics_fits fits;
    metrics_costs costs;
    metrics_load load;
    metrics_tails tails;
    metrics_clusters clusters; /* empty unless the options request them */
    metrics_costs *each_k;     /* the same of each k that is known, when the options request it */
    size_t each_k_count;
    bool each_k_cut; /* there are more values of k than METRICS_EACH_K_MAX */
    metrics_bottlenecks bottlenecks;
    metrics_requests requests;

    /* Of the whole trace, warm-up included. in_ranges + outside + unattributed = all, to the nanosecond. */
    attribution_work kernels_all, kernels_in_ranges, kernels_outside, kernels_unattributed;
    attribution_work transfers_all, transfers_unattributed;
    uint64_t kernels_untimed, transfers_untimed;
    uint64_t kernels_impossible, transfers_impossible; /* of the untimed: with times that cannot be */
    uint64_t left_open, pops_without_push, ends_without_start;
    uint64_t unknown_nodes; /* GPU work of graphs that stays with the launch, its node being unknown */
    uint64_t marks;         /* that the recorder left when profiling began or ended */
    bool yielded;           /* another tool of the process had CUPTI for a part of the run */
    uint64_t late_marks;    /* that were read after ranges of other threads that they concern */
    uint64_t late;          /* GPU records that came too late to be counted exactly in the busy time */

    names_table names;
} metrics_results;

/* Called after each chunk with the bytes read so far and in all; NULL is allowed. */
typedef void metrics_progress(void *ctx, uint64_t done, uint64_t total);

typedef struct {
    uint32_t k;    /* the requests whose costs are listed; BASE_NONE takes all */
    bool each_k;   /* also the costs of each k on its own */
    bool detail;   /* steps of decode are samples, too, and the tails are made: reading takes longer */
    bool clusters; /* how experts and kernels differ from request to request is kept; not with `detail` */
    const names_rules *rules;           /* what names mean; NULL: the built-in rules */
    const costmodel_workload *workload; /* what was run, over what the trace says; or NULL */
    const costmodel_peaks *peaks;       /* what the device can do, over what is known of it; or NULL */
    unsigned jobs;                      /* threads to use; 0: as many as there are cores */
    metrics_progress *progress;
    void *progress_ctx;
} metrics_options;

/* Reads the trace at `path` into *results, which metrics_results_free frees also after an error. 0, or -1
 * when it is no readable trace: then `error` holds one line. */
int metrics_analyze(metrics_results *results, const char *path, const metrics_options *options,
                    char error[TRACE_ERROR_BYTES]);

/* Whether the trace has GPU records: without them, times and counts of kernels are missing, not 0. */
bool metrics_results_have_gpu(const metrics_results *results);

/* The value of META `key`, or NULL. */
const char *metrics_results_meta(const metrics_results *results, const char *key);

/* The counter `name`, or NULL. */
const metrics_counter *metrics_results_counter(const metrics_results *results, const char *name);

void metrics_results_free(metrics_results *results);

#endif
