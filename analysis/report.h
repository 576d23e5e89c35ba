/* The report of one trace, for people and for programs: both from analysis_results. */
#ifndef ANALYSIS_REPORT_H
#define ANALYSIS_REPORT_H

#include "analysis/results.h"

#include <cjson/cJSON.h>
#include <stdio.h>

/* Writes the report for people, at most `top` rows in each of the tables of experts and kernels. */
void analysis_report_text(const analysis_results *results, size_t top, FILE *out);

/* The latencies in the experiment's own format: a list with one object for each k,
 * {"top_k": k, "vision": S, "prefill": S, "decode": S, "decode_per_token": S}, S being {"P50", "P95", "P99",
 * "mean", "std", "min", "max"} in ms. A phase without samples is absent, and so is a k that is missing. The
 * caller deletes it; NULL when there is no memory. */
cJSON *analysis_report_json(const analysis_results *results);

/* Writes `json` to `path`, whole or not at all: to a file beside it that is then renamed. 0, or -1 with one
 * line in error. */
int analysis_report_write_json(const cJSON *json, const char *path, char error[TRACE_ERROR_BYTES]);

#endif
