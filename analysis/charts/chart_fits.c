/* Figures of the fits: the samples over k, one line, and the segmented fit where the slope changes. */
#include "analysis/charts/charts_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/charts/chart_builder.h"

#include <math.h>

/* Samples of one k that are drawn at most. */
#define POINTS_MAX 200

static void put_samples(cJSON *series, const metrics_row *row) {
    size_t step = (row->latency.n + POINTS_MAX - 1) / POINTS_MAX;
    for (size_t i = 0; i < row->latency.n; i += step) {
        charts_append(series, "x", row->k);
        charts_append(series, "y", row->samples[i]);
    }
}

static void put_place(cJSON *series, double x, double y) {
    charts_append(series, "x", x);
    charts_append(series, "y", y);
}

static cJSON *add_fit_line(cJSON *figure, const char *name) {
    cJSON *series = charts_add_series(figure, name);
    cJSON_AddTrueToObject(series, "ideal");
    return series;
}

static const char *fit_note(const stats_breakpoint *b) {
    if (!b->tested) {
        return "Least squares over all samples. A change of slope was not tested: too few values of k, or "
               "too few samples.";
    }
    return b->changes ? "Least squares over all samples. The slope changes: a segmented fit is better than "
                        "one line, by BIC and by the confidence interval of the change."
                      : "Least squares over all samples. A segmented fit is not better than one line.";
}

static void add_fit(cJSON *list, const metrics_results *r, const metrics_scaling *s) {
    bool prefill = s->kind == METRICS_ROW_PREFILL;
    double last = 0;
    cJSON *figure = charts_add_figure(
        list, "Scaling with k", prefill ? "fit-prefill" : "fit-token", "scatter",
        prefill ? "Prefill: fixed and marginal cost" : "Decoded token: fixed and marginal cost");
    cJSON_AddStringToObject(figure, "x", "k, experts per token");
    cJSON_AddStringToObject(figure, "y", "ms");
    cJSON_AddTrueToObject(figure, "linear");
    cJSON *samples = charts_add_series(figure, "samples");
    for (size_t i = 0; i < r->rows.count; i++) {
        const metrics_row *row = &r->rows.list[i];
        if (row->kind == s->kind && row->k != BASE_NONE) {
            put_samples(samples, row);
            last = fmax(last, row->k);
        }
    }
    cJSON *one = add_fit_line(figure, "a + b k");
    put_place(one, 0, s->by_k.a);
    put_place(one, last, s->by_k.a + s->by_k.b * last);
    const stats_breakpoint *b = &s->bend;
    if (b->tested && b->changes) {
        cJSON *two = add_fit_line(figure, "segmented fit");
        put_place(two, 0, b->a);
        put_place(two, b->at, b->a + b->before * b->at);
        put_place(two, last, b->a + b->before * b->at + b->after * (last - b->at));
    }
    cJSON_AddStringToObject(figure, "note", fit_note(b));
}

void charts_fits(cJSON *list, const metrics_results *r) {
    static const metrics_row_kind kinds[] = {METRICS_ROW_PREFILL, METRICS_ROW_TOKEN};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (r->fits.of[kinds[i]].has_k) {
            add_fit(list, r, &r->fits.of[kinds[i]]);
        }
    }
}
