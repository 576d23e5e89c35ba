/* All figures of the results (chart_builder.h describes them). */
#ifndef CHARTS_CHARTS_H
#define CHARTS_CHARTS_H

#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* The figures that these results have data for, in the order of the page. The caller deletes the list. */
cJSON *charts_make(const metrics_results *results);

#endif
