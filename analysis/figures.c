/* Figures as JSON: what every file that makes them uses. */
#include "analysis/figures.h"

#include <math.h>

cJSON *analysis_figure_add(cJSON *list, const char *section, const char *id, const char *kind,
                           const char *title) {
    cJSON *figure = cJSON_CreateObject();
    cJSON_AddStringToObject(figure, "section", section);
    cJSON_AddStringToObject(figure, "id", id);
    cJSON_AddStringToObject(figure, "kind", kind);
    cJSON_AddStringToObject(figure, "title", title);
    cJSON_AddItemToArray(list, figure);
    return figure;
}

cJSON *analysis_figure_number(double value) {
    return isfinite(value) ? cJSON_CreateNumber(value) : cJSON_CreateNull();
}

cJSON *analysis_figure_series(cJSON *figure, const char *name) {
    cJSON *list = cJSON_GetObjectItemCaseSensitive(figure, "series"), *series = cJSON_CreateObject();
    if (!list) {
        list = cJSON_AddArrayToObject(figure, "series");
    }
    cJSON_AddStringToObject(series, "name", name);
    cJSON_AddArrayToObject(series, "y");
    cJSON_AddItemToArray(list, series);
    return series;
}

void analysis_figure_put(cJSON *object, const char *key, double value) {
    cJSON *list = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!list) {
        list = cJSON_AddArrayToObject(object, key);
    }
    cJSON_AddItemToArray(list, analysis_figure_number(value));
}

cJSON *analysis_figures(const analysis_results *results) {
    cJSON *list = cJSON_CreateArray();
    analysis_figures_sweep(list, results);
    analysis_figures_bounds(list, results);
    analysis_figures_costs(list, results);
    analysis_figures_load(list, results);
    analysis_figures_tails(list, results);
    return list;
}
