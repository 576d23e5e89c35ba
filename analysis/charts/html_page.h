/* The HTML report: one page that needs nothing else, with the report's tables and figures of them. */
#ifndef CHARTS_HTML_PAGE_H
#define CHARTS_HTML_PAGE_H

#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* Rows that the page shows of experts, kernels, leaves and ranges at most. */
#define CHARTS_PAGE_ROWS 500

/* Whether a page may be written to `path`: there is no such file, or it is empty, or it is an older page.
 * False after one line in `error`. */
bool charts_page_may_write(const char *path, char error[TRACE_ERROR_BYTES]);

/* Everything that the page shows, from results that were read with the option each_k. The caller deletes it;
 * NULL when there is no memory. */
cJSON *charts_page_data(const metrics_results *results);

/* Writes the page to `path`, whole or not at all. 0, or -1 with one line in `error`. */
int charts_page_write(const cJSON *data, const char *path, char error[TRACE_ERROR_BYTES]);

#endif
