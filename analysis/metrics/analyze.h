/* The results of one trace, from which all outputs are made, and the single pass over the file that computes them. */
#ifndef METRICS_ANALYZE_H
#define METRICS_ANALYZE_H

#include "analysis/attribution/device_busy.h"
#include "analysis/metrics/bottleneck.h"
#include "analysis/metrics/cost_breakdown.h"
#include "analysis/metrics/expert_load.h"
#include "analysis/metrics/kernel_class_costs.h"
#include "analysis/metrics/latency_sweep.h"
#include "analysis/metrics/request_variance.h"
#include "analysis/metrics/requests.h"
#include "analysis/metrics/step_shapes.h"
#include "analysis/metrics/tail_latency.h"

/* A META entry of the trace. */
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
    bool redacted;     /* as in the options */
    bool has_top_k;    /* ranges top_k=K, or marks of it, say which k was in force */
    uint32_t marked_k; /* k of the model in the trace's mark; BASE_NONE: unknown */
    char *end_reason;  /* from the END record; NULL without one */
    metrics_meta *meta;
    size_t meta_count, meta_cap;
    metrics_counter *counters; /* the last value of each name */
    size_t counter_count, counter_cap;
    names_table keys;                      /* keys of meta and counters, for look-ups: */
    base_map meta_by_key, counter_by_name; /* index in `keys` -> the first of meta, counters */
    uint64_t host_events, gpu_records;
    uint64_t last_time; /* ns, the latest time of any event; 0 without events */

    metrics_samples samples;
    metrics_rows rows;
    metrics_step_shapes step_shapes;
    metrics_fits fits;
    metrics_costs costs;
    metrics_class_costs classes;
    attribution_devices devices; /* of the whole trace, including warm-up */
    metrics_load load;
    metrics_tails tails;
    metrics_clusters clusters; /* empty unless options.clusters */
    metrics_costs *each_k;     /* costs of each known k; with options.each_k */
    size_t each_k_count;
    bool each_k_cut; /* there are more values of k than METRICS_EACH_K_MAX */
    metrics_bottlenecks bottlenecks;
    metrics_requests requests;

    /* Of the whole trace, including warm-up. in_ranges + outside + unattributed = all, exactly. */
    attribution_work kernels_all, kernels_in_ranges, kernels_outside, kernels_unattributed;
    attribution_work transfers_all, transfers_unattributed;
    attribution_work kernels_other_domains,
        transfers_other_domains; /* of those outside: in ranges of other NVTX domains */
    char *other_domains;         /* the names of the first of these domains, for people; NULL without any */
    uint64_t kernels_untimed, transfers_untimed;
    uint64_t kernels_impossible, transfers_impossible; /* of the untimed: with impossible times */
    uint64_t kernels_early,
        transfers_early;  /* start before their call, by no more than clocks may differ: timed */
    uint64_t earliest_ns; /* the largest of these differences */
    attribution_work kernels_before,
        transfers_before; /* of the unattributed: start before the first call of the trace */
    uint64_t left_open, pops_without_push, ends_without_start;
    uint64_t unknown_nodes; /* GPU work attributed to a graph's launch because its node is unknown */
    uint64_t marks;         /* the recorder's marks of switching profiling on or off */
    bool yielded;           /* another tool of the process used CUPTI for a part of the run */
    bool only_warmup;       /* all requests are warm-up, and count as measured */
    uint64_t late_marks;    /* marks that were read after ranges of other threads that they affect */
    uint64_t late;          /* GPU records too late in the file to be counted exactly in the busy time */

    names_table names;
} metrics_results;

/* The k of a whole run, for ranges outside of top_k=K. A zeroed one has none. */
typedef struct {
    bool known;     /* it is `k` */
    bool from_mark; /* it is that of the model in the trace's mark, if there is one */
    uint32_t k;
} metrics_run_k;

/* A callback after each chunk: bytes read so far, and bytes of the file. */
typedef void metrics_progress(void *ctx, uint64_t done, uint64_t total);

typedef struct {
    uint32_t k; /* selects the requests whose costs are listed; BASE_NONE: all */
    metrics_run_k run_k;
    bool each_k;   /* also list the costs of each k separately */
    bool redact;   /* leave out the command line, the directory and the host's name */
    bool detail;   /* also make samples of decode steps, and the tails: slower */
    bool clusters; /* compute the variance of experts and kernels between requests; excludes `detail` */
    attribution_domain_choice domains;   /* whose ranges own work, beside the default domain's */
    const names_rules *rules;            /* meaning of range names; NULL: the built-in rules */
    const names_kernel_classes *classes; /* of kernels, tried before the built-in ones; or NULL */
    const costmodel_workload *workload;  /* takes precedence over the trace's; or NULL */
    const costmodel_peaks *peaks;        /* take precedence over those of the device; or NULL */
    unsigned jobs;                       /* most threads; 0: the number of cores */
    metrics_progress *progress;
    void *progress_ctx;
} metrics_options;

/* Reads the trace or capture at `path` into *results, which metrics_results_free frees, also after an error. Returns 0, or
 * -1 with one line in `error` when it is not readable. */
int metrics_analyze(metrics_results *results, const char *path, const metrics_options *options,
                    char error[TRACE_ERROR_BYTES]);

/* Returns whether the trace has GPU records; without them, times and counts of kernels are missing, not 0. */
bool metrics_results_have_gpu(const metrics_results *results);

/* Returns the value of META entry `key`, or NULL. */
const char *metrics_results_meta(const metrics_results *results, const char *key);

/* The trace's path as reports show it: without its directory when that is left out. */
const char *metrics_results_path(const metrics_results *results);

/* Returns the counter `name`, or NULL. */
const metrics_counter *metrics_results_counter(const metrics_results *results, const char *name);

void metrics_results_free(metrics_results *results);

#endif
