/* The HTML report: a self-contained page with the tables and figures of the report. */
#ifndef CHARTS_HTML_PAGE_H
#define CHARTS_HTML_PAGE_H

#include "analysis/base/output_file.h"
#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* Most rows of experts, kernels, leaves and ranges on the page. */
#define CHARTS_PAGE_ROWS 500

/* Returns the data of the page, from results read with the option each_k. The caller deletes it; NULL when memory is
 * exhausted. */
cJSON *charts_page_data(const metrics_results *results);

/* The kind of this file. */
extern const base_output_kind charts_page_kind;

/* Writes the page to `path`. Returns 0, or -1 with one line in `error`. */
int charts_page_write(const cJSON *data, const base_outputs *outputs, const char *path,
                      char error[TRACE_ERROR_BYTES]);

#endif
