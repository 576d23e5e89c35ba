/* What one trace says: the model that every output is made from, and the one pass over the file that fills
 * it. */
#ifndef ANALYSIS_RESULTS_H
#define ANALYSIS_RESULTS_H

#include "analysis/bounds.h"
#include "analysis/clusters.h"
#include "analysis/costs.h"
#include "analysis/load.h"
#include "analysis/requests.h"
#include "analysis/sweep.h"
#include "analysis/tails.h"

/* A key and its value, as the trace has them. */
typedef struct {
    char *key, *value;
} analysis_meta;

typedef struct {
    char *name;
    uint64_t value;
} analysis_counter;

typedef struct {
    char *path;
    trace_status status;
    char *end_reason; /* of the END record; NULL without one */
    analysis_meta *meta;
    size_t meta_count, meta_cap;
    analysis_counter *counters; /* of each name the last value */
    size_t counter_count, counter_cap;
    uint64_t host_events, gpu_records;
    uint64_t last_time; /* ns, the latest time of any event; 0 without events */

    analysis_samples samples;
    analysis_rows rows;
    analysis_fits fits;
    analysis_costs costs;
    analysis_load load;
    analysis_tails tails;
    analysis_clusters clusters; /* empty unless the options ask for them */
    analysis_costs *each_k;     /* the same of each k that is known, when the options ask for it */
    size_t each_k_count;
    analysis_bounds bounds;
    analysis_requests requests;

    /* Of the whole trace, warm-up included. in_ranges + outside + unattributed = all, to the nanosecond. */
    analysis_work kernels_all, kernels_in_ranges, kernels_outside, kernels_unattributed;
    analysis_work transfers_all, transfers_unattributed;
    uint64_t kernels_untimed, transfers_untimed;
    uint64_t left_open, pops_without_push, ends_without_start;
    uint64_t unknown_nodes; /* GPU work of graphs that stays with the launch, its node being unknown */
    uint64_t marks;         /* that the recorder left when watching began or ended */
    bool yielded;           /* another tool of the process had CUPTI for a part of the run */
    uint64_t late_marks;    /* that were read after ranges of other threads that they concern */
    uint64_t late;          /* GPU records that came too late to be counted exactly in the busy time */

    analysis_names names;
} analysis_results;

/* Called after each chunk with the bytes read so far and in all; NULL is allowed. */
typedef void analysis_progress(void *ctx, uint64_t done, uint64_t total);

typedef struct {
    uint32_t k;    /* the requests whose costs are listed; ANALYSIS_NONE takes all */
    bool each_k;   /* also the costs of each k on its own */
    bool detail;   /* steps of decode are samples, too, and the tails are made: reading takes longer */
    bool clusters; /* how experts and kernels differ from request to request is kept; not with `detail` */
    const analysis_rules *rules;       /* what names mean; NULL: the built-in rules */
    const analysis_workload *workload; /* what was run, over what the trace says; or NULL */
    const analysis_peaks *peaks;       /* what the device can do, over what is known of it; or NULL */
    unsigned jobs;                     /* threads to use; 0: as many as there are cores */
    analysis_progress *progress;
    void *progress_ctx;
} analysis_options;

/* Reads the trace at `path` into *results, which analysis_results_free frees also after an error. 0, or -1
 * when it is no readable trace: then `error` holds one line. */
int analysis_results_read(analysis_results *results, const char *path, const analysis_options *options,
                          char error[TRACE_ERROR_BYTES]);

/* Whether the trace has GPU records: without them, times and counts of kernels are missing, not 0. */
bool analysis_results_have_gpu(const analysis_results *results);

/* The value of META `key`, or NULL. */
const char *analysis_results_meta(const analysis_results *results, const char *key);

/* The counter `name`, or NULL. */
const analysis_counter *analysis_results_counter(const analysis_results *results, const char *name);

void analysis_results_free(analysis_results *results);

#endif
