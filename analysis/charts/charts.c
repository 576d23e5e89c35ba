#include "analysis/charts/charts.h"

#include "analysis/charts/charts_internal.h"

cJSON *charts_make(const metrics_results *results) {
    cJSON *list = cJSON_CreateArray();
    charts_latency(list, results);
    charts_roofline(list, results);
    charts_costs(list, results);
    charts_expert_load(list, results);
    charts_tail_latency(list, results);
    return list;
}
