/* Figures of the fits: every sample over its k, the line through them, and the two where the slope changes.
 */
#include "analysis/figures.h"
#include "analysis/memory.h"
#include "analysis/report.h"

#include <math.h>

/* Samples of one k that are drawn at most. */
#define POINTS_MAX 200

static void put_samples(cJSON *series, const analysis_row *row) {
    size_t step = (row->latency.n + POINTS_MAX - 1) / POINTS_MAX;
    for (size_t i = 0; i < row->latency.n; i += step) {
        analysis_figure_put(series, "x", row->k);
        analysis_figure_put(series, "y", row->samples[i]);
    }
}

static void put_place(cJSON *series, double x, double y) {
    analysis_figure_put(series, "x", x);
    analysis_figure_put(series, "y", y);
}

static cJSON *add_line(cJSON *figure, const char *name) {
    cJSON *series = analysis_figure_series(figure, name);
    cJSON_AddTrueToObject(series, "ideal");
    return series;
}

static void add_fit(cJSON *list, const analysis_results *r, const analysis_scaling *s) {
    bool prefill = s->kind == ANALYSIS_ROW_PREFILL;
    double last = 0;
    cJSON *figure = analysis_figure_add(
        list, "Scaling with k", prefill ? "fit-prefill" : "fit-token", "scatter",
        prefill ? "Prefill: fixed and marginal cost" : "Decoded token: fixed and marginal cost");
    cJSON_AddStringToObject(figure, "x", "k, experts per token");
    cJSON_AddStringToObject(figure, "y", "ms");
    cJSON_AddTrueToObject(figure, "linear");
    cJSON *samples = analysis_figure_series(figure, "samples");
    for (size_t i = 0; i < r->rows.count; i++) {
        const analysis_row *row = &r->rows.list[i];
        if (row->kind == s->kind && row->k != ANALYSIS_NONE) {
            put_samples(samples, row);
            last = fmax(last, row->k);
        }
    }
    cJSON *one = add_line(figure, "a + b k");
    put_place(one, 0, s->by_k.a);
    put_place(one, last, s->by_k.a + s->by_k.b * last);
    const analysis_breakpoint *b = &s->bend;
    if (b->tested && b->changes) {
        cJSON *two = add_line(figure, "two lines");
        put_place(two, 0, b->a);
        put_place(two, b->at, b->a + b->before * b->at);
        put_place(two, last, b->a + b->before * b->at + b->after * (last - b->at));
    }
    cJSON_AddStringToObject(
        figure, "note",
        b->tested && b->changes
            ? "Least squares over all samples. The slope changes: two lines that meet say more "
              "than one, by BIC and by the interval of the change."
        : b->tested ? "Least squares over all samples. Two lines that meet do not say more than one."
                    : "Least squares over all samples. Whether the slope changes is not tested: there are "
                      "too few k or samples.");
}

void analysis_figures_fits(cJSON *list, const analysis_results *r) {
    static const analysis_row_kind kinds[] = {ANALYSIS_ROW_PREFILL, ANALYSIS_ROW_TOKEN};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (r->fits.of[kinds[i]].has_k) {
            add_fit(list, r, &r->fits.of[kinds[i]]);
        }
    }
}
