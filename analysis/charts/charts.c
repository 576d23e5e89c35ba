/* Figures as JSON: what every file that makes them uses. */
#include "analysis/charts/charts.h"

#include <math.h>

cJSON *charts_add(cJSON *list, const char *section, const char *id, const char *kind, const char *title) {
    cJSON *figure = cJSON_CreateObject();
    cJSON_AddStringToObject(figure, "section", section);
    cJSON_AddStringToObject(figure, "id", id);
    cJSON_AddStringToObject(figure, "kind", kind);
    cJSON_AddStringToObject(figure, "title", title);
    cJSON_AddItemToArray(list, figure);
    return figure;
}

cJSON *charts_number(double value) {
    return isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull();
}

cJSON *charts_series(cJSON *figure, const char *name) {
    cJSON *list = cJSON_GetObjectItemCaseSensitive(figure, "series"), *series = cJSON_CreateObject();
    if (!list) {
        list = cJSON_AddArrayToObject(figure, "series");
    }
    cJSON_AddStringToObject(series, "name", name);
    cJSON_AddArrayToObject(series, "y");
    cJSON_AddItemToArray(list, series);
    return series;
}

void charts_put(cJSON *object, const char *key, double value) {
    cJSON *list = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!list) {
        list = cJSON_AddArrayToObject(object, key);
    }
    cJSON_AddItemToArray(list, charts_number(value));
}

cJSON *charts_make(const metrics_results *results) {
    cJSON *list = cJSON_CreateArray();
    charts_latency(list, results);
    charts_roofline(list, results);
    charts_costs(list, results);
    charts_expert_load(list, results);
    charts_tail_latency(list, results);
    return list;
}
