/* The report of one trace, for people and for programs: all from metrics_results. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "analysis/base/output_file.h"
#include "analysis/metrics/analyze.h"
#include "analysis/report/table_writer.h"

#include <cjson/cJSON.h>

/* Writes the report, at most `top` rows in each of the tables of experts, kernels, leaves and ranges. */
void report_print(const metrics_results *results, size_t top, report_output *out);

/* Its parts, in this order: the run, the sweep (latencies and what follows from them), what the time went on,
 * and what the trace misses. */
void report_run(const metrics_results *results, report_output *out);
void report_summary(const metrics_results *results, report_output *out);
void report_latency(const metrics_results *results, report_output *out);
void report_bottleneck(const metrics_results *results, report_output *out);
void report_scaling(const metrics_results *results, report_output *out);
void report_costs(const metrics_results *results, size_t top, report_output *out);
void report_expert_load(const metrics_results *results, size_t top, report_output *out);
void report_tail_latency(const metrics_results *results, size_t top, report_output *out);
void report_completeness(const metrics_results *results, report_output *out);

/* Whether something that the tables depend on is missing from the trace. */
bool report_incomplete(const metrics_results *results);

/* The latencies in the experiment's own format: a list with one object for each k,
 * {"top_k": k, "vision": S, "prefill": S, "decode": S, "decode_per_token": S}, S being {"P50", "P95", "P99",
 * "mean", "std", "min", "max"} in ms. A phase without samples is absent, and so is a k that is missing. Where
 * a phase has profiled and unprofiled requests, the object also has "profiled" and "overhead"
 * (docs/report.md). The caller deletes it; NULL when there is no memory. */
cJSON *report_json(const metrics_results *results);

/* The text of --samples: a line for every sample of the traces (docs/report.md). A zeroed one is empty. */
typedef struct {
    FILE *file;
    char *bytes;
    size_t len;
} report_samples_text;

/* Adds the samples of a trace; false when there is no memory. */
bool report_samples(const metrics_results *results, report_samples_text *text);

/* Writes the text to `path`. 0, or -1 with one line in error. */
extern const base_output_kind report_samples_kind;
int report_samples_write(report_samples_text *text, const base_outputs *outputs, const char *path,
                         char error[TRACE_ERROR_BYTES]);

void report_samples_drop(report_samples_text *text);

/* Writes `json`, a file of this kind, to `path`. 0, or -1 with one line in error. */
extern const base_output_kind report_json_kind; /* what report_json makes */
int report_write_json(const cJSON *json, const base_outputs *outputs, const char *path,
                      const base_output_kind *kind, char error[TRACE_ERROR_BYTES]);

#endif
