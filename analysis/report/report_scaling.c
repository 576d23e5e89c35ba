/* The report's tables of how latency depends on k. */
#include "analysis/report/report_internal.h"

#include "analysis/base/alloc.h"

#include <math.h>

static void put_ratios(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"p50_ms", "P50 ms", 'r'},
                                            {"slowdown", "slowdown", 'r'},
                                            {"efficiency", "efficiency", 'r'},
                                            {"experts_per_layer", "experts/layer", 'r'}};
    report_table t;
    report_table_begin(&t, "scaling", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Scaling with k");
    bool several = false;
    for (int kind = 0; kind < METRICS_ROWS; kind++) {
        const metrics_row *base = metrics_rows_base(&r->rows, (metrics_row_kind)kind);
        for (size_t i = 0; base && i < r->rows.count; i++) {
            const metrics_row *row = &r->rows.list[i];
            if (row->kind != base->kind || row->k == BASE_NONE) {
                continue;
            }
            report_table_count(&t, row->k);
            report_table_cell(&t, "%s", metrics_row_name(row->kind));
            report_table_ms(&t, row->latency.p50);
            report_table_number(&t, metrics_row_ratio(row, base), 3);
            report_table_number(&t, metrics_row_efficiency(row, base), 3);
            report_table_number(&t, row->active, 2);
            several = several || row != base;
        }
    }
    if (!several) {
        report_table_free(&t);
        return;
    }
    report_table_note(&t,
                      "slowdown: latency(k) / latency(smallest k). efficiency: (k / smallest k) / slowdown.");
    report_table_note(&t, "experts/layer: mean number of distinct active experts in a layer.");
    report_output_table(out, &t);
}

static void put_against(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"prefill_p50_ms", "prefill ms", 'r'},
                                            {"token_p50_ms", "decode/token ms", 'r'},
                                            {"prefill_tokens", "prefill/token ratio", 'r'},
                                            {"prefill_percent", "prefill % of both", 'r'}};
    report_table t;
    report_table_begin(&t, "prefill_decode", REPORT_COLUMNS(columns), 0);
    report_table_title(&t, "Prefill compared with decode");
    for (size_t i = 0; i < r->rows.count; i++) {
        const metrics_row *prefill = &r->rows.list[i];
        const metrics_row *token = metrics_rows_find(&r->rows, prefill->k, METRICS_ROW_TOKEN);
        const metrics_row *decode = metrics_rows_find(&r->rows, prefill->k, METRICS_ROW_DECODE);
        if (prefill->kind != METRICS_ROW_PREFILL || !token || !decode) {
            continue;
        }
        double both = prefill->latency.p50 + decode->latency.p50;
        report_table_index(&t, prefill->k);
        report_table_ms(&t, prefill->latency.p50);
        report_table_ms(&t, token->latency.p50);
        report_table_number(&t, prefill->latency.p50 / token->latency.p50, 2);
        report_table_number(&t, 100 * prefill->latency.p50 / both, 1);
    }
    if (report_table_rows(&t) == 0) {
        report_table_free(&t);
        return;
    }
    report_table_note(
        &t, "Medians. prefill/token ratio: the number of decoded tokens that take as long as one prefill.");
    report_output_table(out, &t);
}

static void put_fit(report_table *t, metrics_row_kind kind, const char *model, const stats_fit *fit,
                    const char *verdict) {
    report_table_cell(t, "%s", metrics_row_name(kind));
    report_table_cell(t, "%s", model);
    report_table_ms(t, fit->a);
    report_table_ms(t, fit->a_ci.low);
    report_table_ms(t, fit->a_ci.high);
    report_table_ms(t, fit->b);
    report_table_ms(t, fit->b_ci.low);
    report_table_ms(t, fit->b_ci.high);
    report_table_number(t, fit->r2, 4);
    report_table_cell(t, "%s", verdict);
}

/* Both models have two parameters and the same points, so that the one that leaves less is the better: if it
 * still does when the samples are drawn anew. */
static const char *fit_verdict(const metrics_scaling *s, int model) {
    if (!s->has_k || !s->has_n) {
        return "";
    }
    if (fabs(s->by_k.r2 - s->by_active.r2) < 1e-6) {
        return "same";
    }
    if (isnan(s->k_preferred)) {
        return "too few";
    }
    if (fabs(s->k_preferred - 0.5) < 0.475) {
        return "unclear";
    }
    return (s->k_preferred > 0.5 ? 1 : 2) == model ? "better" : "";
}

static void put_fits(const metrics_fits *fits, report_output *out) {
    static const report_column columns[] = {{"phase", "phase", 'l'},
                                            {"model", "model", 'l'},
                                            {"fixed_ms", "a", 'r'},
                                            {"fixed_low_ms", "a low", 'r'},
                                            {"fixed_high_ms", "a high", 'r'},
                                            {"marginal_ms", "b", 'r'},
                                            {"marginal_low_ms", "b low", 'r'},
                                            {"marginal_high_ms", "b high", 'r'},
                                            {"r2", "R2", 'r'},
                                            {"verdict", "verdict", 'l'}};
    report_table t;
    report_table_begin(&t, "fits", REPORT_COLUMNS(columns), 0);
    report_table_title(&t, "Fixed and marginal cost, ms: least squares over all samples");
    for (int kind = 0; kind < METRICS_ROWS; kind++) {
        const metrics_scaling *s = &fits->of[kind];
        if (kind == METRICS_ROW_VISION) {
            continue; /* vision has no experts */
        }
        if (s->has_k) {
            put_fit(&t, s->kind, "a + b k", &s->by_k, fit_verdict(s, 1));
        }
        if (s->has_n) {
            put_fit(&t, s->kind, "a + b N", &s->by_active, fit_verdict(s, 2));
        }
    }
    if (report_table_rows(&t) == 0) {
        report_table_free(&t);
        return;
    }
    report_table_note(
        &t,
        "N: number of distinct active experts in a layer, counted from their ranges. a: fixed cost of a "
        "phase; b: cost of each additional expert. low, high: 95 %% confidence interval (bootstrap). better: "
        "the smaller residual in at least 97.5 %% of the resamples; unclear: neither model has it.");
    report_output_table(out, &t);
}

static void put_coefficient(report_table *t, double value, stats_ci sure, bool known) {
    report_table_ms(t, known ? value : NAN);
    report_table_ms(t, known ? sure.low : NAN);
    report_table_ms(t, known ? sure.high : NAN);
}

static void put_bends(const metrics_fits *fits, report_output *out) {
    static const report_column columns[] = {
        {"phase", "phase", 'l'},         {"k_values", "ks", 'r'},           {"change_k", "at k", 'r'},
        {"change_k_low", "k low", 'r'},  {"change_k_high", "k high", 'r'},  {"slope1_ms", "slope 1", 'r'},
        {"slope1_low_ms", "1 low", 'r'}, {"slope1_high_ms", "1 high", 'r'}, {"slope2_ms", "slope 2", 'r'},
        {"slope2_low_ms", "2 low", 'r'}, {"slope2_high_ms", "2 high", 'r'}, {"bic", "BIC", 'r'},
        {"verdict", "verdict", 'l'}};
    report_table t;
    report_table_begin(&t, "slope_change", REPORT_COLUMNS(columns), 0);
    report_table_title(&t, "Change of slope over k, ms per unit of k");
    for (int kind = METRICS_ROW_PREFILL; kind < METRICS_ROWS; kind++) {
        const stats_breakpoint *b = &fits->of[kind].bend;
        if (!metrics_scaling_known(&fits->of[kind])) {
            continue;
        }
        report_table_cell(&t, "%s", metrics_row_name((metrics_row_kind)kind));
        report_table_count(&t, b->distinct);
        put_coefficient(&t, b->at, b->at_ci, b->changes);
        put_coefficient(&t, b->before, b->before_ci, b->changes);
        put_coefficient(&t, b->after, b->after_ci, b->changes);
        report_table_number(&t, b->bic, 1);
        const char *tested = b->changes ? "changes" : "no change";
        report_table_cell(&t, "%s", b->tested ? tested : "-");
    }
    if (report_table_rows(&t) == 0) {
        report_table_free(&t);
        return;
    }
    report_table_note(&t,
                      "A segmented fit (two lines that meet) compared with one line, over all samples. BIC: "
                      "that of one line minus that of the segmented fit. The slope changes if BIC is above "
                      "%d and the 95 %% confidence interval of the change excludes 0. Not tested (-) with "
                      "fewer than %d values of k or fewer than %d samples at some k.",
                      STATS_BREAKPOINT_BIC, STATS_BREAKPOINT_X, STATS_BOOTSTRAP_SAMPLES);
    report_output_table(out, &t);
}

void report_scaling(const metrics_results *r, report_output *out) {
    put_ratios(r, out);
    put_against(r, out);
    put_fits(&r->fits, out);
    put_bends(&r->fits, out);
}
