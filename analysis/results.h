/* What one trace says: the model that every output is made from, and the one pass over the file that fills
 * it. */
#ifndef ANALYSIS_RESULTS_H
#define ANALYSIS_RESULTS_H

#include "analysis/attribution.h"
#include "analysis/stats.h"

/* A key and its value, as the trace has them. */
typedef struct {
    char *key, *value;
} analysis_meta;

typedef struct {
    char *name;
    uint64_t value;
} analysis_counter;

/* The rows that each k has: its phases, and the decode per token. */
typedef enum {
    ANALYSIS_ROW_VISION,
    ANALYSIS_ROW_PREFILL,
    ANALYSIS_ROW_DECODE,
    ANALYSIS_ROW_TOKEN
} analysis_row_kind;

/* One phase at one k; only made when it has samples. The latency of a sample is
 * max(end of the range, end of the last GPU work launched in it) - start of the range; that of a token is the
 * decode's over the number of its steps. Warm-up requests are left out. */
typedef struct {
    uint32_t k; /* ANALYSIS_NONE: the phase lay in no top_k=K */
    analysis_row_kind kind;
    analysis_summary latency; /* ms */
    double busy;              /* ms in which the GPU ran work launched in the phase: median of the samples */
    double kernels;           /* launched in the phase: median of the samples */
} analysis_row;

/* An expert's ranges, with all that lies in them. */
typedef struct {
    uint32_t layer; /* ANALYSIS_NONE: in no layer, or all layers together */
    uint32_t expert;
    uint64_t calls;               /* ranges */
    uint64_t tokens, with_tokens; /* sum of the payloads, and how many ranges had one */
    uint64_t host_ns;             /* time in the ranges on the host */
    uint64_t kernels, kernel_ns;  /* kernel time is a sum, not a union */
} analysis_expert;

typedef struct {
    const char *name; /* as the trace has it, mangled; lives as long as the results */
    uint64_t count, ns;
} analysis_kernel_row;

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

    analysis_row *rows; /* by k (missing last), then by kind */
    size_t row_count, row_cap;

    /* Experts and kernels of the measured requests (no warm-up), of `k` alone unless it is ANALYSIS_NONE. In
     * descending order of kernel time, or of host time when no GPU work was recorded. */
    uint32_t k;
    analysis_expert *experts, *layer_experts;
    size_t expert_count, expert_cap, layer_expert_count, layer_expert_cap;
    analysis_kernel_row *kernels;
    size_t kernel_count, kernel_cap;
    uint64_t attributed_ns; /* kernel time in that choice whose owner is known: what experts' shares are of */
    uint64_t chosen_ns;     /* ... and, unless `k` chooses, the unattributed: what kernels' shares are of */

    /* Of the whole trace, warm-up included. in_ranges + outside + unattributed = all, to the nanosecond. */
    analysis_work kernels_all, kernels_in_ranges, kernels_outside, kernels_unattributed;
    analysis_work transfers_all, transfers_unattributed;
    uint64_t kernels_untimed, transfers_untimed;
    uint64_t left_open, pops_without_push, ends_without_start;
    uint64_t late; /* GPU records that came too late to be counted exactly in the busy time */

    analysis_names names;
} analysis_results;

/* Called after each chunk with the bytes read so far and in all; NULL is allowed. */
typedef void analysis_progress(void *ctx, uint64_t done, uint64_t total);

/* Reads the trace at `path` into *results, which analysis_results_free frees also after an error. `k` chooses
 * the requests whose experts and kernels are listed; ANALYSIS_NONE takes all. 0, or -1 when it is no readable
 * trace: then `error` holds one line. */
int analysis_results_read(analysis_results *results, const char *path, uint32_t k,
                          analysis_progress *progress, void *progress_ctx, char error[TRACE_ERROR_BYTES]);

/* The value of META `key`, or NULL. */
const char *analysis_results_meta(const analysis_results *results, const char *key);

/* The counter `name`, or NULL. */
const analysis_counter *analysis_results_counter(const analysis_results *results, const char *name);

void analysis_results_free(analysis_results *results);

#endif
