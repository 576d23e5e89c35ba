/* The summary: latency, slowdown and bottleneck of each k. Everything in it stands again in the tables below. */
#include "analysis/report/report_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/base/text.h"
#include "analysis/names/kernel_display_name.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

/* A fit whose R2 is less describes its samples poorly. */
#define LINE_R2 0.9

static const metrics_row *row_at(const metrics_results *r, uint32_t k, metrics_row_kind kind) {
    return metrics_rows_find(&r->rows, k, kind);
}

static void put_latency(report_table *t, const metrics_row *row) {
    report_table_ms(t, row ? row->latency.p50 : NAN);
}

/* Nothing scales with a single k. */
static bool several_k(const metrics_results *r, metrics_row_kind kind) {
    const metrics_row *base = metrics_rows_base(&r->rows, kind);
    for (size_t i = 0; base && i < r->rows.count; i++) {
        const metrics_row *row = &r->rows.list[i];
        if (row->kind == kind && row->k != BASE_NONE && row->k != base->k) {
            return true;
        }
    }
    return false;
}

static void put_ratio(const metrics_results *r, report_table *t, uint32_t k, metrics_row_kind kind,
                      double (*value)(const metrics_row *, const metrics_row *)) {
    const metrics_row *row = row_at(r, k, kind), *base = metrics_rows_base(&r->rows, kind);
    report_table_number(t, row && base && k != BASE_NONE && several_k(r, kind) ? value(row, base) : NAN, 2);
}

static void put_verdict(const metrics_results *r, report_table *t, uint32_t k, metrics_row_kind kind) {
    const char *verdict = "-";
    const metrics_bottleneck *found = metrics_bottlenecks_find(&r->bottlenecks, k, kind);
    if (found) {
        verdict = metrics_verdict_name(found->verdict);
    }
    report_table_cell(t, "%s", verdict);
}

static void put_k(const metrics_results *r, report_table *t, uint32_t k) {
    report_table_index(t, k);
    put_latency(t, row_at(r, k, METRICS_ROW_VISION));
    put_latency(t, row_at(r, k, METRICS_ROW_PREFILL));
    put_latency(t, row_at(r, k, METRICS_ROW_TOKEN));
    put_ratio(r, t, k, METRICS_ROW_PREFILL, metrics_row_ratio);
    put_ratio(r, t, k, METRICS_ROW_TOKEN, metrics_row_ratio);
    put_ratio(r, t, k, METRICS_ROW_TOKEN, metrics_row_efficiency);
    put_verdict(r, t, k, METRICS_ROW_PREFILL);
    put_verdict(r, t, k, METRICS_ROW_DECODE);
}

/* What an additional expert costs, where one line with a positive fixed cost describes the samples. */
static void note_slope(const metrics_scaling *s, report_table *t) {
    char b[32], low[32], high[32], a[32];
    if (!s->has_k || isnan(s->by_k.b_ci.low)) {
        return;
    }
    if (s->bend.changes) {
        report_table_note(t, "The slope changes at k = %.1f.", s->bend.at);
    } else if (s->by_k.a > 0 && s->by_k.r2 >= LINE_R2) {
        report_table_note(t,
                          "Each additional expert costs %s ms per decoded token (95 %% CI %s to %s); the "
                          "fixed cost is %s ms.",
                          report_format_ms(b, s->by_k.b), report_format_ms(low, s->by_k.b_ci.low),
                          report_format_ms(high, s->by_k.b_ci.high), report_format_ms(a, s->by_k.a));
    }
}

/* The part of the model with the most GPU time in the phases, and the kernel with the most of all. */
static void note_heaviest(const metrics_results *r, report_table *t) {
    const metrics_costs *c = &r->costs;
    uint64_t parts[NAMES_PARTS] = {0}, in_phases = 0;
    names_part most = 0;
    for (size_t i = 0; i < c->leaf_count; i++) {
        if (c->leaves[i].phase == ATTRIBUTION_PHASES) {
            continue;
        }
        in_phases += c->leaves[i].ns;
        parts[c->leaves[i].part] += c->leaves[i].ns;
        most = parts[c->leaves[i].part] > parts[most] ? c->leaves[i].part : most;
    }
    if (c->kernel_count == 0 || in_phases == 0) {
        return;
    }
    char *kernel = names_kernel_display(c->kernels[0].name, 40);
    report_table_note(t, "Most GPU time: part %s (%.1f %% of the phases); kernel %s (%.1f %% of all).",
                      names_part_name(most), 100.0 * (double)parts[most] / (double)in_phases, kernel,
                      100.0 * (double)c->kernels[0].ns / (double)c->chosen_ns);
    free(kernel);
}

static void note_attributed(const metrics_results *r, report_table *t) {
    char all[32], lost[32];
    base_text_count(all, r->kernels_all.count);
    base_text_count(lost, r->kernels_unattributed.count);
    if (r->kernels_all.count > 0 && r->kernels_unattributed.count == 0) {
        report_table_note(t, "All %s kernels were attributed.", all);
    } else if (r->kernels_all.count > 0) {
        report_table_note(t, "%s of %s kernels were not attributed.", lost, all);
    }
}

/* How far the profiled requests are from the others, at worst, and what is not attributed. */
static void note_trust(const metrics_results *r, report_table *t) {
    const metrics_row *worst = NULL;
    for (size_t i = 0; i < r->rows.count; i++) {
        const metrics_row *row = &r->rows.list[i];
        if (row->kind != METRICS_ROW_TOKEN && !isnan(row->overhead) &&
            (!worst || row->overhead > worst->overhead)) {
            worst = row;
        }
    }
    if (worst && !isnan(worst->overhead_ci.low)) {
        report_table_note(t, "Profiled requests took up to %.2f times as long (%s; 95 %% CI %.2f to %.2f).",
                          worst->overhead, metrics_row_name(worst->kind), worst->overhead_ci.low,
                          worst->overhead_ci.high);
    }
    note_attributed(r, t);
}

void report_summary(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"vision_p50_ms", "vision", 'r'},
                                            {"prefill_p50_ms", "prefill", 'r'},
                                            {"token_p50_ms", "token", 'r'},
                                            {"prefill_slowdown", "prefill x", 'r'},
                                            {"token_slowdown", "token x", 'r'},
                                            {"token_efficiency", "efficiency", 'r'},
                                            {"prefill_bottleneck", "prefill bottleneck", 'l'},
                                            {"decode_bottleneck", "decode bottleneck", 'l'}};
    report_table t;
    report_table_begin(&t, "summary", REPORT_COLUMNS(columns), 7);
    report_table_title(&t, "Summary: median latency, ms");
    for (size_t i = 0; i < r->rows.count; i++) {
        if (i == 0 || r->rows.list[i].k != r->rows.list[i - 1].k) {
            put_k(r, &t, r->rows.list[i].k);
        }
    }
    if (r->rows.count == 0) {
        report_table_free(&t);
        return;
    }
    report_table_note(
        &t, "x: slowdown against the smallest k. efficiency: of a decoded token, (k / smallest k) / x.");
    note_slope(&r->fits.of[METRICS_ROW_TOKEN], &t);
    note_heaviest(r, &t);
    note_trust(r, &t);
    report_output_table(out, &t);
}
