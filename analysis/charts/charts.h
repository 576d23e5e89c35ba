/* The figures of a report (chart_builder.h describes the format). */
#ifndef CHARTS_CHARTS_H
#define CHARTS_CHARTS_H

#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* Returns all figures for which the results have data, in the order of the page. The caller deletes the list. */
cJSON *charts_make(const metrics_results *results);

#endif
