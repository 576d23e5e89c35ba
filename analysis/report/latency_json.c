/* The report for programs: exp2_moe_topk_results.json as the experiment writes it. */
#include "analysis/report/latency_json.h"

#include "analysis/base/alloc.h"
#include "analysis/base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool add_summary(cJSON *object, const char *name, const stats_summary *s) {
    cJSON *o = cJSON_AddObjectToObject(object, name);
    return o && cJSON_AddNumberToObject(o, "P50", s->p50) && cJSON_AddNumberToObject(o, "P95", s->p95) &&
           cJSON_AddNumberToObject(o, "P99", s->p99) && cJSON_AddNumberToObject(o, "mean", s->mean) &&
           cJSON_AddNumberToObject(o, "std", s->std) && cJSON_AddNumberToObject(o, "min", s->min) &&
           cJSON_AddNumberToObject(o, "max", s->max);
}

static const char *row_key(const metrics_row *row) {
    return row->kind == METRICS_ROW_TOKEN ? "decode_per_token" : metrics_row_name(row->kind);
}

/* The object `name` in `object`, made when there is none. */
static cJSON *object_in(cJSON *object, const char *name) {
    cJSON *found = cJSON_GetObjectItemCaseSensitive(object, name);
    return found ? found : cJSON_AddObjectToObject(object, name);
}

/* NaN is missing: absent. */
static bool add_statistic(cJSON *object, const char *name, double value) {
    return isnan(value) || cJSON_AddNumberToObject(object, name, value);
}

/* What the profiled requests of this row took, and what profiling cost. */
static bool add_profiled(cJSON *object, const metrics_row *row) {
    if (row->profiled == 0 || row->unprofiled == 0) {
        return true;
    }
    cJSON *profiled = object_in(object, "profiled"), *overhead = object_in(object, "overhead");
    cJSON *d = overhead ? cJSON_AddObjectToObject(overhead, row_key(row)) : NULL;
    return profiled && d && add_summary(profiled, row_key(row), &row->on) &&
           cJSON_AddNumberToObject(d, "n_unprofiled", (double)row->unprofiled) &&
           cJSON_AddNumberToObject(d, "n_profiled", (double)row->profiled) &&
           cJSON_AddNumberToObject(d, "unprofiled_P50", row->off.p50) &&
           cJSON_AddNumberToObject(d, "profiled_P50", row->on.p50) &&
           add_statistic(d, "ratio", row->overhead) && add_statistic(d, "ratio_low", row->overhead_ci.low) &&
           add_statistic(d, "ratio_high", row->overhead_ci.high);
}

static bool add_row(cJSON *list, const metrics_row *row, bool first_of_k) {
    cJSON *object;
    if (first_of_k) {
        object = cJSON_CreateObject();
        if (!cJSON_AddItemToArray(list, object) ||
            (row->k != BASE_NONE && !cJSON_AddNumberToObject(object, "top_k", row->k))) {
            return false;
        }
    } else {
        object = cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
    }
    return add_summary(object, row_key(row), &row->latency) && add_profiled(object, row);
}

cJSON *report_json(const metrics_results *results) {
    const metrics_row *rows = results->rows.list;
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; list && i < results->rows.count; i++) {
        if (!add_row(list, &rows[i], i == 0 || rows[i].k != rows[i - 1].k)) {
            cJSON_Delete(list);
            return NULL;
        }
    }
    return list;
}

/* By the first member, as cJSON prints it: other programs write other blanks. */
static bool is_latency_json(const char *path, const char *head, size_t len) {
    static const char *const beginnings[] = {"[]\n",
                                             "[{\n\t\t\"top_k\":\t",
                                             "[{\n\t\t\"vision\":\t{",
                                             "[{\n\t\t\"prefill\":\t{",
                                             "[{\n\t\t\"decode\":\t{",
                                             "[{\n\t\t\"decode_per_token\":\t{"};
    (void)path;
    (void)len;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (strncmp(head, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    return false;
}

const base_output_kind report_json_kind = {"a JSON file of latencies", is_latency_json};

int report_write_json(const cJSON *json, const base_outputs *outputs, const char *path,
                      const base_output_kind *kind, char error[TRACE_ERROR_BYTES]) {
    char *text = json ? cJSON_Print(json) : NULL, *clean = NULL;
    int rc = -1;
    if (text) {
        size_t len = strlen(text);
        clean = base_utf8_clean(text, &len); /* names may hold any bytes */
        clean[len] = '\n';                   /* in place of the terminator */
        rc = base_output_write(outputs, path, kind, clean, len + 1, error);
    } else {
        snprintf(error, TRACE_ERROR_BYTES, "%s: no memory to write it", path);
    }
    free(clean);
    cJSON_free(text);
    return rc;
}
