/* The file of `report --json`: the latencies for programs. */
#ifndef REPORT_LATENCY_JSON_H
#define REPORT_LATENCY_JSON_H

#include "analysis/base/output_file.h"
#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* The latencies in the experiment's own format: a list with one object for each k,
 * {"top_k": k, "vision": S, "prefill": S, "decode": S, "decode_per_token": S}, S being {"P50", "P95", "P99",
 * "mean", "std", "min", "max"} in ms. A phase without samples is absent, and so is a k that is missing. Where
 * a phase has profiled and unprofiled requests, the object also has "profiled" and "overhead"
 * (docs/report.md). The caller deletes it; NULL when there is no memory. */
cJSON *report_json(const metrics_results *results);

/* Writes `json`, a file of this kind, to `path`. 0, or -1 with one line in error. */
extern const base_output_kind report_json_kind; /* what report_json makes */
int report_write_json(const cJSON *json, const base_outputs *outputs, const char *path,
                      const base_output_kind *kind, char error[TRACE_ERROR_BYTES]);

#endif
