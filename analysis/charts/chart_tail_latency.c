/* Figures of tail latency: the time of slow samples and of typical ones, by part. */
#include "analysis/charts/charts_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/charts/chart_builder.h"

#include <math.h>
#include <stdio.h>

static bool belongs(const metrics_results *r, const metrics_tail_row *row, attribution_phase phase,
                    bool step) {
    bool chosen = r->costs.k == BASE_NONE || r->costs.k == row->k;
    return chosen && row->phase == phase && row->step == step && !isnan(row->slow.busy);
}

static void add_value(cJSON *values, const metrics_tail_row *row, const char *which) {
    char text[48];
    if (row->k == BASE_NONE) {
        snprintf(text, sizeof text, "%s", which);
    } else {
        snprintf(text, sizeof text, "%u %s", row->k, which);
    }
    cJSON_AddItemToArray(values, cJSON_CreateString(text));
}

static double part_of(const metrics_tail_means *m, size_t part) {
    const double values[] = {m->busy, m->idle_enqueue, m->idle_sync, m->idle_between};
    return values[part];
}

static void add_tails(cJSON *list, const metrics_results *r, attribution_phase phase, bool step) {
    static const char *const parts[] = {"GPU busy", "idle, host in enqueue", "idle, host in sync",
                                        "idle, host work"};
    cJSON *figure = NULL, *values = NULL;
    for (size_t i = 0; i < r->tails.row_count; i++) {
        const metrics_tail_row *row = &r->tails.rows[i];
        if (!belongs(r, row, phase, step)) {
            continue;
        }
        if (!figure) {
            figure = charts_add_figure(list, "Tail latency", step ? "tails-step" : "tails-prefill", "stack",
                                       step ? "The slowest decode steps" : "The slowest prefills");
            cJSON_AddStringToObject(figure, "x", "k, and which samples");
            cJSON_AddStringToObject(figure, "y", "ms");
            values = cJSON_AddArrayToObject(figure, "values");
        }
        add_value(values, row, "typical");
        add_value(values, row, "slowest");
    }
    for (size_t part = 0; figure && part < sizeof parts / sizeof *parts; part++) {
        cJSON *series = charts_add_series(figure, parts[part]);
        for (size_t i = 0; i < r->tails.row_count; i++) {
            const metrics_tail_row *row = &r->tails.rows[i];
            if (belongs(r, row, phase, step)) {
                charts_append(series, "y", part_of(&row->typical, part));
                charts_append(series, "y", part_of(&row->slow, part));
            }
        }
    }
    if (figure) {
        cJSON_AddStringToObject(
            figure, "note",
            "Means of profiled samples: those nearest to the median, and the slowest 1 %. The tables of tail "
            "latency list the ranges, layers and kernels that cause the difference.");
    }
}

void charts_tail_latency(cJSON *list, const metrics_results *r) {
    add_tails(list, r, ATTRIBUTION_PREFILL, false);
    add_tails(list, r, ATTRIBUTION_DECODE, true);
}
