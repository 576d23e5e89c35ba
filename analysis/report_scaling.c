/* The report's tables of how latency depends on k. */
#include "analysis/report.h"

#include "analysis/memory.h"

#include <math.h>

static void put_ratios(const analysis_results *r, analysis_output *out) {
    static const char *const headers[] = {"k", "phase", "P50 ms", "ratio", "efficiency", "experts/layer"};
    analysis_table t;
    analysis_table_begin(&t, "rlrrrr", 1, headers);
    analysis_table_title(&t, "Scaling with k");
    bool from_one = true, several = false;
    for (int kind = 0; kind < ANALYSIS_ROWS; kind++) {
        const analysis_row *base = analysis_rows_base(&r->rows, (analysis_row_kind)kind);
        for (size_t i = 0; base && i < r->rows.count; i++) {
            const analysis_row *row = &r->rows.list[i];
            if (row->kind != base->kind || row->k == ANALYSIS_NONE) {
                continue;
            }
            analysis_table_count(&t, row->k);
            analysis_table_cell(&t, "%s", analysis_row_name(row->kind));
            analysis_table_ms(&t, row->latency.p50);
            analysis_table_number(&t, analysis_row_ratio(row, base), 3);
            analysis_table_number(&t, analysis_row_efficiency(row, base), 3);
            analysis_table_number(&t, row->active, 2);
            from_one = from_one && base->k == 1;
            several = several || row != base;
        }
    }
    if (!several) {
        analysis_table_free(&t);
        return;
    }
    if (from_one) {
        analysis_table_note(&t, "ratio: latency(k) / latency(1). efficiency: k / ratio.");
    } else {
        analysis_table_note(&t,
                            "ratio: latency(k) / latency(smallest k). efficiency: k / smallest k / ratio.");
    }
    analysis_table_note(&t, "experts/layer: distinct experts that were active in a layer, on average.");
    analysis_output_table(out, &t);
}

static void put_against(const analysis_results *r, analysis_output *out) {
    static const char *const headers[] = {"k", "prefill ms", "decode/token ms", "prefill/token ratio",
                                          "prefill % of both"};
    analysis_table t;
    analysis_table_begin(&t, "rrrrr", 0, headers);
    analysis_table_title(&t, "Prefill against decode");
    for (size_t i = 0; i < r->rows.count; i++) {
        const analysis_row *prefill = &r->rows.list[i];
        const analysis_row *token = analysis_rows_find(&r->rows, prefill->k, ANALYSIS_ROW_TOKEN);
        const analysis_row *decode = analysis_rows_find(&r->rows, prefill->k, ANALYSIS_ROW_DECODE);
        if (prefill->kind != ANALYSIS_ROW_PREFILL || !token || !decode) {
            continue;
        }
        double both = prefill->latency.p50 + decode->latency.p50;
        analysis_table_index(&t, prefill->k);
        analysis_table_ms(&t, prefill->latency.p50);
        analysis_table_ms(&t, token->latency.p50);
        analysis_table_number(&t, prefill->latency.p50 / token->latency.p50, 2);
        analysis_table_number(&t, 100 * prefill->latency.p50 / both, 1);
    }
    if (analysis_table_rows(&t) == 0) {
        analysis_table_free(&t);
        return;
    }
    analysis_table_note(&t, "Medians. ratio: how many decoded tokens take as long as one prefill.");
    analysis_output_table(out, &t);
}

static void put_fit(analysis_table *t, analysis_row_kind kind, const char *model, const analysis_fit *fit,
                    const char *verdict) {
    analysis_table_cell(t, "%s", analysis_row_name(kind));
    analysis_table_cell(t, "%s", model);
    analysis_table_ms(t, fit->a);
    analysis_table_ms(t, fit->a_sure.low);
    analysis_table_ms(t, fit->a_sure.high);
    analysis_table_ms(t, fit->b);
    analysis_table_ms(t, fit->b_sure.low);
    analysis_table_ms(t, fit->b_sure.high);
    analysis_table_number(t, fit->r2, 4);
    analysis_table_cell(t, "%s", verdict);
}

/* Both models have two parameters and the same points, so that the one that leaves less is the better: if it
 * still does when the samples are drawn anew. */
static const char *verdict(const analysis_scaling *s, int model) {
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

static void put_fits(const analysis_fits *fits, analysis_output *out) {
    static const char *const headers[] = {"phase", "model",  "a",    "a from", "a to",
                                          "b",     "b from", "b to", "R2",     "verdict"};
    analysis_table t;
    analysis_table_begin(&t, "llrrrrrrrl", 0, headers);
    analysis_table_title(&t, "Fixed and marginal cost, ms: least squares over all samples");
    for (int kind = 0; kind < ANALYSIS_ROWS; kind++) {
        const analysis_scaling *s = &fits->of[kind];
        if (kind == ANALYSIS_ROW_VISION) {
            continue; /* vision has no experts */
        }
        if (s->has_k) {
            put_fit(&t, s->kind, "a + b k", &s->by_k, verdict(s, 1));
        }
        if (s->has_n) {
            put_fit(&t, s->kind, "a + b N", &s->by_active, verdict(s, 2));
        }
    }
    if (analysis_table_rows(&t) == 0) {
        analysis_table_free(&t);
        return;
    }
    analysis_table_note(&t,
                        "N: distinct experts that were active in a layer, counted from their ranges. a: what "
                        "a phase costs without any; b: one more. from, to: 95 %% by the bootstrap. better: "
                        "it leaves less in all but 2.5 %% of the draws; unclear: neither does.");
    analysis_output_table(out, &t);
}

static void put_sure(analysis_table *t, double value, analysis_confidence sure, bool known) {
    analysis_table_ms(t, known ? value : NAN);
    analysis_table_ms(t, known ? sure.low : NAN);
    analysis_table_ms(t, known ? sure.high : NAN);
}

static void put_bends(const analysis_fits *fits, analysis_output *out) {
    static const char *const headers[] = {"phase", "ks",      "at k",   "k from", "k to", "slope 1", "1 from",
                                          "1 to",  "slope 2", "2 from", "2 to",   "BIC",  "verdict"};
    analysis_table t;
    analysis_table_begin(&t, "lrrrrrrrrrrrl", 0, headers);
    analysis_table_title(&t, "Change of slope over k, ms for one more k");
    for (int kind = ANALYSIS_ROW_PREFILL; kind < ANALYSIS_ROWS; kind++) {
        const analysis_breakpoint *b = &fits->of[kind].bend;
        if (!analysis_scaling_known(&fits->of[kind])) {
            continue;
        }
        analysis_table_cell(&t, "%s", analysis_row_name((analysis_row_kind)kind));
        analysis_table_count(&t, b->distinct);
        put_sure(&t, b->at, b->at_sure, b->changes);
        put_sure(&t, b->before, b->before_sure, b->changes);
        put_sure(&t, b->after, b->after_sure, b->changes);
        analysis_table_number(&t, b->bic, 1);
        analysis_table_cell(&t, "%s", !b->tested ? "-" : b->changes ? "changes" : "no change");
    }
    if (analysis_table_rows(&t) == 0) {
        analysis_table_free(&t);
        return;
    }
    analysis_table_note(
        &t,
        "Two lines that meet, against one, over all samples. BIC: that of the line less that of the "
        "two. The slope changes when it is above %d and the 95 %% interval of the change excludes 0. "
        "Not tested (-) with fewer than %d values of k, or than %d samples at some k.",
        ANALYSIS_BREAKPOINT_BIC, ANALYSIS_BREAKPOINT_X, ANALYSIS_BOOTSTRAP_SAMPLES);
    analysis_output_table(out, &t);
}

void analysis_report_scaling(const analysis_results *r, analysis_output *out) {
    put_ratios(r, out);
    put_against(r, out);
    put_fits(&r->fits, out);
    put_bends(&r->fits, out);
}
