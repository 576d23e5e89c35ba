/* The groups of figures, each in the chart_*.c of its name. */
#ifndef CHARTS_CHARTS_INTERNAL_H
#define CHARTS_CHARTS_INTERNAL_H

#include "analysis/metrics/analyze.h"

#include <cjson/cJSON.h>

/* Each adds its figures to the list; a figure without data is omitted. */
void charts_latency(cJSON *list, const metrics_results *results);
void charts_roofline(cJSON *list, const metrics_results *results);
void charts_costs(cJSON *list, const metrics_results *results);
void charts_expert_load(cJSON *list, const metrics_results *results);
void charts_tail_latency(cJSON *list, const metrics_results *results);
void charts_fits(cJSON *list, const metrics_results *results);

#endif
