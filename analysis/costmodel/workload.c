/* The mark that names the model, and what options say. */
#include "analysis/costmodel/workload.h"

#include "analysis/base/alloc.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX   "model="
#define SIZE_BIG (1 << 24)

/* Several traces are read at a time, and cJSON keeps the place of an error for all of them. */
static pthread_mutex_t parsing = PTHREAD_MUTEX_INITIALIZER;

void costmodel_workload_init(costmodel_workload *w) {
    *w = (costmodel_workload){.prompt = NAN, .crops = NAN};
}

/* A whole number, or NaN. */
static double whole_number(const cJSON *json, const char *name) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
    double value = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    return value >= 0 && value <= SIZE_BIG && floor(value) == value ? value : NAN;
}

/* What cannot be read is not known. */
static void read_model_mark(costmodel_workload *w, const cJSON *json) {
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "dtype"));
    const char *moe = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "moe"));
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "name"));
    char *config = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(json, "config"));
    if (!config) {
        snprintf(w->problem, sizeof w->problem, "it has no \"config\"");
    } else if (costmodel_model_parse(&w->model, name ? name : "the trace's model", config, strlen(config),
                                     w->problem) == 0) {
        w->has_model = true;
    }
    cJSON_free(config);
    w->has_type = type && costmodel_dtype_of(type, &w->type);
    w->has_moe = moe != NULL;
    w->dense = moe && strcmp(moe, "dense") == 0;
    w->prompt = whole_number(json, "prompt_tokens");
    w->crops = whole_number(json, "crops");
}

void costmodel_workload_event(costmodel_workload *w, names_table *names, const trace_host_event *e) {
    uint32_t index = names_of_id(names, e->name); /* may move the names */
    const names_entry *name = &names->list[index];
    if (name->len < strlen(PREFIX) || memcmp(name->text, PREFIX, strlen(PREFIX)) != 0) {
        return;
    }
    if (w->mark) {
        if (strcmp(w->mark, name->text) != 0) {
            w->has_model = w->has_type = w->has_moe = w->dense = false;
            w->prompt = w->crops = NAN;
            snprintf(w->problem, sizeof w->problem, "there are several, and they differ");
        }
        return;
    }
    w->mark = base_copy(name->text, name->len);
    pthread_mutex_lock(&parsing);
    cJSON *json = cJSON_ParseWithLength(name->text + strlen(PREFIX), name->len - strlen(PREFIX));
    if (cJSON_IsObject(json)) {
        read_model_mark(w, json);
    } else {
        snprintf(w->problem, sizeof w->problem, "it is not a JSON object");
    }
    cJSON_Delete(json);
    pthread_mutex_unlock(&parsing);
}

void costmodel_workload_override(costmodel_workload *w, const costmodel_workload *over) {
    if (!over) {
        return;
    }
    if (over->has_model) {
        w->has_model = true;
        w->model = over->model;
        w->problem[0] = '\0';
    }
    if (over->has_type) {
        w->has_type = true;
        w->type = over->type;
    }
    if (over->has_moe) {
        w->has_moe = true;
        w->dense = over->dense;
    }
    w->prompt = isnan(over->prompt) ? w->prompt : over->prompt;
    w->crops = isnan(over->crops) ? w->crops : over->crops;
}

const char *costmodel_workload_text(const costmodel_workload *w, char buf[160]) {
    if (!w->has_model) {
        return NULL;
    }
    int used = snprintf(buf, 160, "%s", w->model.name);
    used += w->has_type ? snprintf(buf + used, 160 - (size_t)used, ", %s", costmodel_dtype_name(w->type)) : 0;
    used +=
        isnan(w->prompt) ? 0 : snprintf(buf + used, 160 - (size_t)used, ", %.0f prompt tokens", w->prompt);
    used += isnan(w->crops) ? 0 : snprintf(buf + used, 160 - (size_t)used, ", %.0f crops", w->crops);
    if (w->dense) {
        snprintf(buf + used, 160 - (size_t)used, ", every expert in each decode step");
    }
    return buf;
}

void costmodel_workload_free(costmodel_workload *w) {
    free(w->mark);
    w->mark = NULL;
}
