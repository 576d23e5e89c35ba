/* The report for programs: exp2_moe_topk_results.json as the experiment writes it. */
#include "analysis/report/latency_json.h"

#include "analysis/base/alloc.h"
#include "analysis/base/u64_map.h"
#include "analysis/base/utf8.h"
#include "analysis/report/samples_csv.h"

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

/* ---- Requests ---- */

/* Requests of this many threads may be under way at a time. */
#define OPEN_MAX 64

/* A request: its phases, those that the summary counts. */
typedef struct {
    uint32_t k, request;
    attribution_phase last;
    const metrics_sample *phases[ATTRIBUTION_PHASES];
    size_t steps; /* where the list of samples has the steps of its decode */
} json_request;

typedef struct {
    json_request *list;
    size_t count, cap;
} json_requests;

/* The request that a phase belongs to: one of the last with its k and number that has no phase as late as this one; else a new one. */
static json_request *request_of(json_requests *r, const metrics_sample *s) {
    size_t last = s->request == BASE_NONE ? 1 : OPEN_MAX;
    for (size_t i = r->count; i-- > 0 && r->count - i <= last;) {
        json_request *at = &r->list[i];
        if (at->k == s->k && at->request == s->request && at->last < s->phase) {
            return at;
        }
    }
    r->list = base_grow(r->list, &r->cap, r->count + 1, sizeof *r->list);
    r->list[r->count] = (json_request){.k = s->k, .request = s->request};
    return &r->list[r->count++];
}

static json_requests collect_requests(const metrics_results *results) {
    json_requests requests = {0};
    for (size_t i = 0; i < results->samples.count; i++) {
        const metrics_sample *s = &results->samples.list[i];
        if (s->step || s->warm) {
            continue;
        }
        json_request *r = request_of(&requests, s);
        r->last = s->phase;
        r->steps = i + 1;
        if (report_sample_counts(results, s)) {
            r->phases[s->phase] = s;
        }
    }
    return requests;
}

static double sample_latency(const metrics_sample *s) {
    return s->profiling == ATTRIBUTION_UNPROFILED ? s->own : s->latency;
}

/* From the start of its first phase to the end of its last, ms; -1 when it has none. */
static double request_total(const json_request *r) {
    uint64_t start = UINT64_MAX;
    double end = -1;
    for (int phase = 0; phase < ATTRIBUTION_PHASES; phase++) {
        const metrics_sample *s = r->phases[phase];
        start = s && s->start < start ? s->start : start;
    }
    for (int phase = 0; phase < ATTRIBUTION_PHASES; phase++) {
        const metrics_sample *s = r->phases[phase];
        double ended = s ? (double)(s->start - start) / 1e6 + sample_latency(s) : -1;
        end = ended > end ? ended : end;
    }
    return end;
}

/* Each step in a list of its own, as the experiment has the repetitions of a step in one. */
static bool add_steps(cJSON *object, const metrics_samples *samples, size_t first) {
    cJSON *list = cJSON_AddArrayToObject(object, "T_decode_per_step");
    for (size_t i = first; list && i < samples->count && samples->list[i].step; i++) {
        cJSON *times = cJSON_CreateArray();
        if (!cJSON_AddItemToArray(list, times) ||
            !cJSON_AddItemToArray(times, cJSON_CreateNumber(sample_latency(&samples->list[i])))) {
            return false;
        }
    }
    return list != NULL;
}

static bool add_json_request(cJSON *list, const metrics_samples *samples, const json_request *r,
                             uint32_t id) {
    static const struct {
        attribution_phase phase;
        const char *name;
    } fields[] = {{ATTRIBUTION_VISION, "T_vision_total"},
                  {ATTRIBUTION_VISION, "T_vision"},
                  {ATTRIBUTION_PREFILL, "T_LLM_prefill"},
                  {ATTRIBUTION_DECODE, "T_LLM_decode"}};
    cJSON *o = cJSON_CreateObject();
    bool good = cJSON_AddItemToArray(list, o) && cJSON_AddNumberToObject(o, "sample_id", id) &&
                (r->k == BASE_NONE || cJSON_AddNumberToObject(o, "top_k", r->k));
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const metrics_sample *s = r->phases[fields[i].phase];
        good = good && (!s || cJSON_AddNumberToObject(o, fields[i].name, sample_latency(s)));
    }
    return good && cJSON_AddNumberToObject(o, "T_total", request_total(r)) &&
           (!r->phases[ATTRIBUTION_DECODE] || add_steps(o, samples, r->steps));
}

/* Requests are numbered for each k. */
static bool add_json_requests(cJSON *list, const metrics_results *results) {
    json_requests requests = collect_requests(results);
    base_map counts = {0};
    bool good = list != NULL;
    for (size_t i = 0; good && i < requests.count; i++) {
        const json_request *r = &requests.list[i];
        uint32_t known = base_map_get(&counts, r->k), id = known == BASE_NONE ? 0 : known;
        if (request_total(r) >= 0) {
            base_map_put(&counts, r->k, id + 1);
            good = add_json_request(list, &results->samples, r, id);
        }
    }
    base_map_free(&counts);
    free(requests.list);
    return good;
}

cJSON *report_json_samples(const metrics_results *results) {
    cJSON *object = cJSON_CreateObject(), *summary = object ? report_json(results) : NULL;
    if (!summary || !cJSON_AddItemToObject(object, "summary", summary)) {
        cJSON_Delete(summary);
    } else if (add_json_requests(cJSON_AddArrayToObject(object, "all_samples"), results)) {
        return object;
    }
    cJSON_Delete(object);
    return NULL;
}

/* By the first member, as cJSON prints it: other programs write other blanks. */
static bool is_latency_json(const char *path, const char *head, size_t len) {
    static const char *const beginnings[] = {"[]\n",
                                             "[{\n\t\t\"top_k\":\t",
                                             "[{\n\t\t\"vision\":\t{",
                                             "[{\n\t\t\"prefill\":\t{",
                                             "[{\n\t\t\"decode\":\t{",
                                             "[{\n\t\t\"decode_per_token\":\t{",
                                             "{\n\t\"summary\":\t["};
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
