/* The report of one trace, for people and for programs: all from analysis_results. */
#ifndef ANALYSIS_REPORT_H
#define ANALYSIS_REPORT_H

#include "analysis/output.h"
#include "analysis/results.h"

#include <cjson/cJSON.h>

/* Writes the report, at most `top` rows in each of the tables of experts, kernels, leaves and ranges. */
void analysis_report(const analysis_results *results, size_t top, analysis_output *out);

/* Its parts, in this order: the run, the sweep (latencies and what follows from them), what the time went on,
 * and what the trace misses. */
void analysis_report_run(const analysis_results *results, analysis_output *out);
void analysis_report_answer(const analysis_results *results, analysis_output *out);
void analysis_report_sweep(const analysis_results *results, analysis_output *out);
void analysis_report_bounds(const analysis_results *results, analysis_output *out);
void analysis_report_scaling(const analysis_results *results, analysis_output *out);
void analysis_report_costs(const analysis_results *results, size_t top, analysis_output *out);
void analysis_report_load(const analysis_results *results, size_t top, analysis_output *out);
void analysis_report_tails(const analysis_results *results, size_t top, analysis_output *out);
void analysis_report_integrity(const analysis_results *results, analysis_output *out);

/* Whether something that the tables depend on is missing from the trace. */
bool analysis_report_incomplete(const analysis_results *results);

/* "vision", "prefill", "decode", "decode/token" */
const char *analysis_row_name(analysis_row_kind kind);

/* The latencies in the experiment's own format: a list with one object for each k,
 * {"top_k": k, "vision": S, "prefill": S, "decode": S, "decode_per_token": S}, S being {"P50", "P95", "P99",
 * "mean", "std", "min", "max"} in ms. A phase without samples is absent, and so is a k that is missing. Where
 * a phase has watched and unwatched requests, the object also has "watched" and "distortion"
 * (docs/report.md). The caller deletes it; NULL when there is no memory. */
cJSON *analysis_report_json(const analysis_results *results);

/* The text of --samples: a line for every sample of the traces (docs/report.md). A zeroed one is empty. */
typedef struct {
    FILE *file;
    char *bytes;
    size_t len;
} analysis_samples_text;

/* Adds the samples of a trace; false when there is no memory. */
bool analysis_report_samples(const analysis_results *results, analysis_samples_text *text);

/* Writes the text to `path`, whole or not at all. 0, or -1 with one line in error. */
int analysis_samples_write(analysis_samples_text *text, const char *path, char error[TRACE_ERROR_BYTES]);

void analysis_samples_drop(analysis_samples_text *text);

/* Writes `json` to `path`, whole or not at all: to a file beside it that is then renamed. 0, or -1 with one
 * line in error. */
int analysis_report_write_json(const cJSON *json, const char *path, char error[TRACE_ERROR_BYTES]);

#endif
