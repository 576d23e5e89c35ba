/* Figures of the sweep: latency, scaling, phases, GPU time, profiling overhead.*/
#include "analysis/charts/charts_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/charts/chart_builder.h"

#include <math.h>
#include <stdlib.h>

/* The k of the rows, in order: those that are known, or the missing one alone. */
typedef struct {
    uint32_t *list;
    size_t count;
} k_list;

static k_list list_k(const metrics_results *r) {
    k_list ks = {.list = base_alloc(r->rows.count + 1, sizeof *ks.list)};
    for (size_t i = 0; i < r->rows.count; i++) { /* by k, the missing one last */
        uint32_t k = r->rows.list[i].k;
        bool seen = ks.count > 0 && ks.list[ks.count - 1] == k;
        if (!seen && (k != BASE_NONE || ks.count == 0)) {
            ks.list[ks.count++] = k;
        }
    }
    return ks;
}

static double k_value(uint32_t k) {
    return k == BASE_NONE ? NAN : k;
}

static cJSON *add_figure(cJSON *list, const k_list *ks, const char *section, const char *id, const char *kind,
                         const char *title, const char *y) {
    cJSON *figure = charts_add_figure(list, section, id, kind, title);
    cJSON_AddStringToObject(figure, "x", "k, experts per token");
    cJSON_AddStringToObject(figure, "y", y);
    for (size_t i = 0; i < ks->count; i++) {
        charts_append(figure, "values", k_value(ks->list[i]));
    }
    return figure;
}

static void log_axes(cJSON *figure, const k_list *ks, bool y) {
    if (ks->list[0] == 0 || ks->list[0] == BASE_NONE) {
        return;
    }
    cJSON *axes = cJSON_AddArrayToObject(figure, "log");
    cJSON_AddItemToArray(axes, cJSON_CreateString("x"));
    if (y) {
        cJSON_AddItemToArray(axes, cJSON_CreateString("y"));
    }
}

static void note(cJSON *figure, const char *text) {
    cJSON_AddStringToObject(figure, "note", text);
}

static bool has_kind(const metrics_results *r, metrics_row_kind kind) {
    for (size_t i = 0; i < r->rows.count; i++) {
        if (r->rows.list[i].kind == kind) {
            return true;
        }
    }
    return false;
}

/* ---- Latency ---- */

static const char *latency_note(bool unprofiled, bool profiled, bool after) {
    if (unprofiled && after) {
        return "Unprofiled requests, which ran after CUPTI had been on in this process: that slows every "
               "later launch. Bars: 95 % confidence interval of the median (bootstrap).";
    }
    if (unprofiled) {
        return "Unprofiled requests. Bars: 95 % confidence interval of the median (bootstrap).";
    }
    if (profiled) {
        return "Profiled requests; there are no unprofiled ones. Bars: 95 % confidence interval of the "
               "median (bootstrap).";
    }
    return "Unprofiled requests where a k has any, else profiled ones. Bars: 95 % confidence interval of the "
           "median (bootstrap).";
}

static void add_latency(cJSON *list, const metrics_results *r, const k_list *ks, metrics_row_kind kind) {
    static const struct {
        const char *id, *title;
    } of[METRICS_ROWS] = {
        [METRICS_ROW_VISION] = {"latency-vision", "Vision latency"},
        [METRICS_ROW_PREFILL] = {"latency-prefill", "Prefill latency"},
        [METRICS_ROW_DECODE] = {"latency-decode", "Decode latency"},
        [METRICS_ROW_MIXED] = {"latency-mixed", "Latency of mixed steps"},
        [METRICS_ROW_DRAFT] = {"latency-draft", "Latency of draft steps"},
        [METRICS_ROW_IDLE] = {"latency-idle", "Latency of idle steps"},
        [METRICS_ROW_TOKEN] = {"latency-token", "Decode latency per token"},
    };
    cJSON *figure = add_figure(list, ks, "Latency", of[kind].id, "lines", of[kind].title, "ms");
    cJSON *p50 = charts_add_series(figure, "P50"), *p95 = charts_add_series(figure, "P95");
    cJSON *p99 = charts_add_series(figure, "P99");
    bool unprofiled = true, profiled = true, after = false;
    for (size_t i = 0; i < ks->count; i++) {
        const metrics_row *row = metrics_rows_find(&r->rows, ks->list[i], kind);
        charts_append(p50, "y", row ? row->latency.p50 : NAN);
        charts_append(p50, "low", row ? row->p50_ci.low : NAN);
        charts_append(p50, "high", row ? row->p50_ci.high : NAN);
        charts_append(p95, "y", row ? row->latency.p95 : NAN);
        charts_append(p99, "y", row ? row->latency.p99 : NAN);
        unprofiled = unprofiled && (!row || row->from == ATTRIBUTION_UNPROFILED);
        after = after || (row && row->after_profiling);
        profiled = profiled && (!row || row->from == ATTRIBUTION_PROFILED);
    }
    log_axes(figure, ks, false);
    note(figure, latency_note(unprofiled, profiled, after && metrics_results_have_gpu(r)));
}

/* ---- Scaling ---- */

static void add_scaling(cJSON *list, const metrics_results *r, const k_list *ks, bool efficiency) {
    cJSON *figure =
        efficiency ? add_figure(list, ks, "Scaling with k", "efficiency", "lines", "Efficiency", "efficiency")
                   : add_figure(list, ks, "Scaling with k", "scaling", "lines", "Slowdown", "slowdown");
    uint32_t least = ks->list[0];
    for (int kind = METRICS_ROW_PREFILL; kind < METRICS_ROWS; kind++) {
        const metrics_row *base = metrics_rows_base(&r->rows, (metrics_row_kind)kind);
        if (!base ||
            kind ==
                METRICS_ROW_DECODE) { /* the latency per token has the same information, whatever the length */
            continue;
        }
        cJSON *series = charts_add_series(figure, metrics_row_name((metrics_row_kind)kind));
        for (size_t i = 0; i < ks->count; i++) {
            const metrics_row *row = metrics_rows_find(&r->rows, ks->list[i], (metrics_row_kind)kind);
            double value = NAN;
            if (row) {
                value = efficiency ? metrics_row_efficiency(row, base) : metrics_row_ratio(row, base);
            }
            charts_append(series, "y", value);
        }
    }
    cJSON *ideal = charts_add_series(figure, "proportional to k");
    cJSON_AddTrueToObject(ideal, "ideal");
    for (size_t i = 0; i < ks->count; i++) {
        charts_append(ideal, "y", efficiency ? 1 : (double)ks->list[i] / least);
    }
    log_axes(figure, ks, true);
    note(figure, efficiency ? "(k / smallest k) / slowdown. 1: the cost is proportional to k; more than 1: "
                              "additional experts cost less than in proportion."
                            : "Slowdown: median latency divided by that of the smallest k. Below the line, "
                              "additional experts cost less than in proportion.");
}

/* ---- Phases ---- */

static void add_phases(cJSON *list, const metrics_results *r, const k_list *ks) {
    cJSON *figure = add_figure(list, ks, "Phases", "phases", "stack", "Phases of a request", "ms");
    for (int kind = METRICS_ROW_VISION; kind <= METRICS_ROW_DECODE; kind++) {
        if (!has_kind(r, (metrics_row_kind)kind)) {
            continue;
        }
        cJSON *series = charts_add_series(figure, metrics_row_name((metrics_row_kind)kind));
        for (size_t i = 0; i < ks->count; i++) {
            const metrics_row *row = metrics_rows_find(&r->rows, ks->list[i], (metrics_row_kind)kind);
            charts_append(series, "y", row ? row->latency.p50 : NAN);
        }
    }
    note(figure,
         "Median of each phase. Medians do not add up exactly; the height is close to the median request.");
}

static void add_against(cJSON *list, const metrics_results *r, const k_list *ks) {
    cJSON *figure =
        add_figure(list, ks, "Phases", "prefill-decode", "bars", "Prefill and one decoded token", "ms");
    static const metrics_row_kind kinds[] = {METRICS_ROW_PREFILL, METRICS_ROW_TOKEN};
    for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++) {
        cJSON *series = charts_add_series(figure, metrics_row_name(kinds[j]));
        for (size_t i = 0; i < ks->count; i++) {
            const metrics_row *row = metrics_rows_find(&r->rows, ks->list[i], kinds[j]);
            charts_append(series, "y", row ? row->latency.p50 : NAN);
            charts_append(series, "low", row ? row->p50_ci.low : NAN);
            charts_append(series, "high", row ? row->p50_ci.high : NAN);
        }
    }
    note(figure, "Medians with their 95 % confidence intervals.");
}

/* ---- GPU and host ---- */

static void add_gpu_time(cJSON *list, const metrics_results *r, const k_list *ks, metrics_row_kind kind) {
    static const char *const names[] = {"GPU busy", "idle, host in enqueue", "idle, host in sync",
                                        "idle, host work"};
    bool any = false;
    for (size_t i = 0; i < r->rows.count; i++) {
        any = any || (r->rows.list[i].kind == kind && !isnan(r->rows.list[i].busy));
    }
    if (!any) {
        return;
    }
    bool prefill = kind == METRICS_ROW_PREFILL;
    cJSON *figure = add_figure(
        list, ks, "GPU and host", prefill ? "gpu-prefill" : "gpu-token", "stack",
        prefill ? "Prefill: GPU busy and idle time" : "Decoded token: GPU busy and idle time", "ms");
    for (size_t part = 0; part < sizeof names / sizeof *names; part++) {
        cJSON *series = charts_add_series(figure, names[part]);
        for (size_t i = 0; i < ks->count; i++) {
            const metrics_row *row = metrics_rows_find(&r->rows, ks->list[i], kind);
            const double values[] = {row ? row->busy : NAN, row ? row->idle_enqueue : NAN,
                                     row ? row->idle_sync : NAN, row ? row->idle_between : NAN};
            charts_append(series, "y", values[part]);
        }
    }
    note(figure, "Medians of the profiled requests, of each part on its own.");
}

static void add_overhead(cJSON *list, const metrics_results *r, const k_list *ks) {
    bool any = false;
    for (size_t i = 0; i < r->rows.count; i++) {
        any = any || !isnan(r->rows.list[i].overhead);
    }
    if (!any) {
        return;
    }
    cJSON *figure = add_figure(list, ks, "Profiling overhead", "overhead", "points", "Profiling overhead",
                               "profiled / unprofiled");
    for (int kind = METRICS_ROW_VISION; kind < METRICS_ROWS; kind++) {
        if (kind == METRICS_ROW_DECODE || !has_kind(r, (metrics_row_kind)kind)) {
            continue;
        }
        cJSON *series = charts_add_series(figure, metrics_row_name((metrics_row_kind)kind));
        for (size_t i = 0; i < ks->count; i++) {
            const metrics_row *row = metrics_rows_find(&r->rows, ks->list[i], (metrics_row_kind)kind);
            charts_append(series, "y", row ? row->overhead : NAN);
            charts_append(series, "low", row ? row->overhead_ci.low : NAN);
            charts_append(series, "high", row ? row->overhead_ci.high : NAN);
        }
    }
    cJSON *ideal = charts_add_series(figure, "no overhead");
    cJSON_AddTrueToObject(ideal, "ideal");
    for (size_t i = 0; i < ks->count; i++) {
        charts_append(ideal, "y", 1);
    }
    note(figure, "Median of profiled requests divided by that of unprofiled ones, with its 95 % confidence "
                 "interval. The latencies above are of the unprofiled ones.");
}

void charts_latency(cJSON *list, const metrics_results *r) {
    k_list ks = list_k(r);
    bool several = ks.count > 1 && ks.list[0] > 0;
    for (int kind = 0; kind < METRICS_ROWS; kind++) {
        if (has_kind(r, (metrics_row_kind)kind)) {
            add_latency(list, r, &ks, (metrics_row_kind)kind);
        }
    }
    if (several && (has_kind(r, METRICS_ROW_PREFILL) || has_kind(r, METRICS_ROW_TOKEN))) {
        add_scaling(list, r, &ks, false);
        add_scaling(list, r, &ks, true);
        charts_fits(list, r);
    }
    if (r->rows.count > 0) {
        add_phases(list, r, &ks);
    }
    if (has_kind(r, METRICS_ROW_PREFILL) && has_kind(r, METRICS_ROW_TOKEN)) {
        add_against(list, r, &ks);
    }
    add_gpu_time(list, r, &ks, METRICS_ROW_PREFILL);
    add_gpu_time(list, r, &ks, METRICS_ROW_TOKEN);
    add_overhead(list, r, &ks);
    free(ks.list);
}
