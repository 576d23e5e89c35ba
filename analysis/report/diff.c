/* The table of phases of `moetrace diff`. */
#include "analysis/report/diff.h"

#include "analysis/base/alloc.h"
#include "analysis/report/diff_change.h"
#include "analysis/report/diff_internal.h"
#include "analysis/stats/hypothesis_tests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A phase at some k, in A, in B or in both. */
typedef struct {
    const metrics_row *a, *b;
    report_change change;
} line;

static int ascending(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static double *sorted(const metrics_row *row) {
    double *copy = base_alloc(row->latency.n, sizeof *copy);
    memcpy(copy, row->samples, row->latency.n * sizeof *copy);
    qsort(copy, row->latency.n, sizeof *copy, ascending);
    return copy;
}

static line compare_rows(const metrics_row *a, const metrics_row *b) {
    line l = {a, b, {a ? a->latency.p50 : NAN, b ? b->latency.p50 : NAN, NAN, {NAN, NAN}, NAN}};
    if (a && b) {
        double *x = sorted(a), *y = sorted(b);
        l.change.ratio = l.change.b / l.change.a;
        l.change.ci = stats_bootstrap_ratio(y, b->latency.n, x, a->latency.n);
        if (!isnan(l.change.ci.low)) {
            l.change.p = stats_rank_sum_p(x, a->latency.n, y, b->latency.n);
        }
        free(x);
        free(y);
    }
    return l;
}

/* All phases of both: those of A, then what only B has. */
static line *compare_all_rows(const metrics_results *a, const metrics_results *b, size_t *count) {
    line *list = base_alloc(a->rows.count + b->rows.count, sizeof *list);
    *count = 0;
    for (size_t i = 0; i < a->rows.count; i++) {
        const metrics_row *row = &a->rows.list[i];
        list[(*count)++] = compare_rows(row, metrics_rows_find(&b->rows, row->k, row->kind));
    }
    for (size_t i = 0; i < b->rows.count; i++) {
        const metrics_row *row = &b->rows.list[i];
        if (!metrics_rows_find(&a->rows, row->k, row->kind)) {
            list[(*count)++] = compare_rows(NULL, row);
        }
    }
    stats_adjust_p(&list->change.p, *count, sizeof *list);
    return list;
}

static void add_growth(report_growths *g, const line *l) {
    const report_change *c = &l->change;
    if (!l->a || !(c->ratio > 1)) {
        return;
    }
    if (!isnan(c->ci.low) && !report_change_holds(c)) {
        return;
    }
    report_growth *of = isnan(c->ci.low) ? &g->unknown : &g->significant;
    if (c->ratio - 1 > of->share) {
        *of = (report_growth){c->ratio - 1, l->a->k, l->a->kind};
    }
}

static report_growths put_diff_phases(const metrics_results *a, const metrics_results *b,
                                      report_output *out) {
    static const report_column columns[] = {
        {"k", "k", 'r'},         {"phase", "phase", 'l'},    {"a_n", "n A", 'r'},
        {"b_n", "n B", 'r'},     {"a_p50_ms", "P50 A", 'r'}, {"b_p50_ms", "P50 B", 'r'},
        {"ratio", "B / A", 'r'}, {"ratio_low", "low", 'r'},  {"ratio_high", "high", 'r'},
        {"p", "p", 'r'},         {"verdict", "verdict", 'l'}};
    report_table t;
    report_growths growths = {0};
    size_t count;
    line *list = compare_all_rows(a, b, &count);
    report_table_begin(&t, "diff_latency", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Latency, ms: A compared with B");
    for (size_t i = 0; i < count; i++) {
        const line *l = &list[i];
        const metrics_row *any = l->a ? l->a : l->b;
        report_table_index(&t, any->k);
        report_table_cell(&t, "%s", metrics_row_name(any->kind));
        report_table_count(&t, l->a ? l->a->latency.n : 0);
        report_table_count(&t, l->b ? l->b->latency.n : 0);
        report_change_put(&t, &l->change);
        add_growth(&growths, l);
    }
    report_table_note(&t,
                      "low, high: 95 %% confidence interval of the ratio of medians (bootstrap). p: rank-sum "
                      "test, adjusted for all rows (Holm). slower, faster: the interval excludes 1 and p is "
                      "below %.2f. too few: fewer than %d samples in A or B.",
                      STATS_SIGNIFICANT, STATS_BOOTSTRAP_SAMPLES);
    report_table_note(&t, "This compares two runs: a difference between them may also be the variation from "
                          "one run of the same program to the next.");
    report_output_table(out, &t);
    free(list);
    return growths;
}

report_growths report_diff(const metrics_results *a, const metrics_results *b, size_t top,
                           report_output *out) {
    report_growths growths = put_diff_phases(a, b, out);
    if (a->gpu_records > 0 && b->gpu_records > 0) {
        report_diff_experts(a, b, top, out);
        report_diff_kernels(a, b, top, out);
    }
    return growths;
}
