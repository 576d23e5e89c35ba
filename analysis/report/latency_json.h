/* The file of `report --json`: latencies in a format for programs. */
#ifndef REPORT_LATENCY_JSON_H
#define REPORT_LATENCY_JSON_H

#include "analysis/base/output_file.h"
#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* Returns the latencies: a list with one object per k, {"top_k": k, "vision": S, "prefill": S, "decode": S,
 * "decode_per_token": S}, with S = {"P50", "P95", "P99", "mean", "std", "min", "max"} in ms. Phases without samples, and
 * samples without a k, are omitted. With both profiled and unprofiled requests, S also has "profiled" and "overhead"
 * (docs/report.md). The caller deletes it; NULL when memory is exhausted. */
cJSON *report_json(const metrics_results *results);

/* Returns {"summary": what report_json returns, "all_samples": [{"sample_id", "top_k", "T_vision_total", "T_vision",
 * "T_LLM_prefill", "T_LLM_decode", "T_total", "T_decode_per_step"}, ...]}: one object for each request with a phase that the summary counts,
 * its latencies in ms. What is missing is absent; sample_id counts the requests of each k from 0. */
cJSON *report_json_samples(const metrics_results *results);

/* The kind of file that report_json makes. */
extern const base_output_kind report_json_kind;

/* Writes `json` as a file of `kind` to `path`. Returns 0, or -1 with one line in `error`. */
int report_write_json(const cJSON *json, const base_outputs *outputs, const char *path,
                      const base_output_kind *kind, char error[TRACE_ERROR_BYTES]);

#endif
