#include "analysis/charts/chart_builder.h"

#include <math.h>

cJSON *charts_add_figure(cJSON *list, const char *section, const char *id, const char *kind,
                         const char *title) {
    cJSON *figure = cJSON_CreateObject();
    cJSON_AddStringToObject(figure, "section", section);
    cJSON_AddStringToObject(figure, "id", id);
    cJSON_AddStringToObject(figure, "kind", kind);
    cJSON_AddStringToObject(figure, "title", title);
    cJSON_AddItemToArray(list, figure);
    return figure;
}

cJSON *charts_number_or_null(double value) {
    return isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull();
}

cJSON *charts_add_series(cJSON *figure, const char *name) {
    cJSON *list = cJSON_GetObjectItemCaseSensitive(figure, "series"), *series = cJSON_CreateObject();
    if (!list) {
        list = cJSON_AddArrayToObject(figure, "series");
    }
    cJSON_AddStringToObject(series, "name", name);
    cJSON_AddArrayToObject(series, "y");
    cJSON_AddItemToArray(list, series);
    return series;
}

void charts_append(cJSON *object, const char *key, double value) {
    cJSON *list = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!list) {
        list = cJSON_AddArrayToObject(object, key);
    }
    cJSON_AddItemToArray(list, charts_number_or_null(value));
}
