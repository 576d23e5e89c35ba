/* The HTML report: one page that needs nothing else, with the report's tables and figures of them. */
#ifndef CHARTS_HTML_PAGE_H
#define CHARTS_HTML_PAGE_H

#include "analysis/base/output_file.h"
#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* Rows that the page shows of experts, kernels, leaves and ranges at most. */
#define CHARTS_PAGE_ROWS 500

/* Everything that the page shows, from results that were read with the option each_k. The caller deletes it;
 * NULL when there is no memory. */
cJSON *charts_page_data(const metrics_results *results);

/* Writes the page to `path`. 0, or -1 with one line in `error`. */
extern const base_output_kind charts_page_kind;
int charts_page_write(const cJSON *data, const base_outputs *outputs, const char *path,
                      char error[TRACE_ERROR_BYTES]);

#endif
