/* The tables of `moetrace diff`. */
#include "analysis/diff.h"

#include "analysis/memory.h"
#include "analysis/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is compared: one quantity in A and in B, and B / A with its interval. NaN is missing. */
typedef struct {
    double a, b, ratio;
    analysis_confidence sure;
} change;

static const char *verdict(const change *c) {
    if (isnan(c->ratio)) {
        return isnan(c->a) && !isnan(c->b) ? "only B" : isnan(c->b) && !isnan(c->a) ? "only A" : "";
    }
    if (isnan(c->sure.low)) {
        return "too few";
    }
    return c->sure.low > 1 ? "slower" : c->sure.high < 1 ? "faster" : "";
}

static void put_change(analysis_table *t, const change *c) {
    analysis_table_ms(t, c->a);
    analysis_table_ms(t, c->b);
    analysis_table_number(t, c->ratio, 3);
    analysis_table_number(t, c->sure.low, 3);
    analysis_table_number(t, c->sure.high, 3);
    analysis_table_cell(t, "%s", verdict(c));
}

/* ---- Phases ---- */

static int ascending(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static double *sorted(const analysis_row *row) {
    double *copy = analysis_alloc(row->latency.n, sizeof *copy);
    memcpy(copy, row->samples, row->latency.n * sizeof *copy);
    qsort(copy, row->latency.n, sizeof *copy, ascending);
    return copy;
}

static change change_of_rows(const analysis_row *a, const analysis_row *b) {
    change c = {a ? a->latency.p50 : NAN, b ? b->latency.p50 : NAN, NAN, {NAN, NAN}};
    if (a && b) {
        double *x = sorted(a), *y = sorted(b);
        c.ratio = c.b / c.a;
        c.sure = analysis_bootstrap_ratio(y, b->latency.n, x, a->latency.n);
        free(x);
        free(y);
    }
    return c;
}

/* How much of the change counts as growth. */
static double growth(const change *c) {
    bool chance = isnan(c->ratio) || (!isnan(c->sure.low) && c->sure.low <= 1);
    return chance || c->ratio <= 1 ? 0 : c->ratio - 1;
}

static double put_row(analysis_table *t, const analysis_row *a, const analysis_row *b) {
    const analysis_row *any = a ? a : b;
    change c = change_of_rows(a, b);
    analysis_table_index(t, any->k);
    analysis_table_cell(t, "%s", analysis_row_name(any->kind));
    analysis_table_count(t, a ? a->latency.n : 0);
    analysis_table_count(t, b ? b->latency.n : 0);
    put_change(t, &c);
    return growth(&c);
}

static double put_phases(const analysis_results *a, const analysis_results *b, analysis_output *out) {
    static const char *const headers[] = {"k",     "phase", "n A",  "n B", "P50 A",
                                          "P50 B", "B / A", "from", "to",  "verdict"};
    analysis_table t;
    double worst = 0;
    analysis_table_begin(&t, "rlrrrrrrrl", 1, headers);
    analysis_table_title(&t, "Latency, ms: A against B");
    for (size_t i = 0; i < a->rows.count; i++) {
        const analysis_row *row = &a->rows.list[i];
        worst = fmax(worst, put_row(&t, row, analysis_rows_find(&b->rows, row->k, row->kind)));
    }
    for (size_t i = 0; i < b->rows.count; i++) {
        const analysis_row *row = &b->rows.list[i];
        if (!analysis_rows_find(&a->rows, row->k, row->kind)) {
            put_row(&t, NULL, row);
        }
    }
    analysis_table_note(&t,
                        "from, to: 95 %% interval of the ratio of medians, by the bootstrap. slower, faster: "
                        "it excludes 1.");
    analysis_output_table(out, &t);
    return worst;
}

/* ---- Experts and kernels ---- */

/* A line of a table: a thing that is in A, in B or in both. */
typedef struct {
    const char *name;
    uint32_t layer, expert;
    uint64_t count_a, count_b;
    double total_a, total_b; /* ms */
    change change;           /* of one call or launch, us */
} line;

/* What the change of one call makes of all calls of A; of what is on one side only, all of its time. */
static double weight(const line *l) {
    double each = fabs(l->change.b - l->change.a) / 1e3 * (double)l->count_a;
    return isnan(each) ? l->total_a + l->total_b : each;
}

static int by_change(const void *x, const void *y) {
    double a = weight(x), b = weight(y);
    return (a < b) - (a > b);
}

static double per(uint64_t ns, uint64_t count) {
    return count > 0 ? (double)ns / 1e3 / (double)count : NAN;
}

/* Variance of the mean duration, us^2. */
static double variance_of_mean(const analysis_kernel_row *k) {
    double n = (double)k->count, ns = (double)k->ns;
    return k->count < 2 ? NAN : fmax(0, k->squares - ns * ns / n) / (n - 1) / n / 1e6;
}

static line line_of_kernels(const analysis_kernel_row *a, const analysis_kernel_row *b) {
    static const analysis_kernel_row none = {0};
    line l = {.name = a ? a->name : b->name};
    a = a ? a : &none;
    b = b ? b : &none;
    l.count_a = a->count;
    l.count_b = b->count;
    l.total_a = (double)a->ns / 1e6;
    l.total_b = (double)b->ns / 1e6;
    l.change = (change){per(a->ns, a->count), per(b->ns, b->count), NAN, {NAN, NAN}};
    l.change.ratio = l.change.b / l.change.a;
    double va = variance_of_mean(a), vb = variance_of_mean(b);
    if (!isnan(va) && !isnan(vb)) {
        l.change.sure = analysis_ratio_interval(l.change.b, vb, l.change.a, va);
    }
    return l;
}

static const analysis_kernel_row *kernel_named(const analysis_costs *c, const char *name) {
    for (size_t i = 0; i < c->kernel_count; i++) {
        if (strcmp(c->kernels[i].name, name) == 0) {
            return &c->kernels[i];
        }
    }
    return NULL;
}

static line line_of_experts(const analysis_expert *a, const analysis_expert *b) {
    static const analysis_expert none = {0};
    line l = {.layer = (a ? a : b)->layer, .expert = (a ? a : b)->expert};
    a = a ? a : &none;
    b = b ? b : &none;
    l.count_a = a->calls;
    l.count_b = b->calls;
    l.total_a = (double)a->kernel_ns / 1e6;
    l.total_b = (double)b->kernel_ns / 1e6;
    l.change = (change){per(a->kernel_ns, a->calls), per(b->kernel_ns, b->calls), NAN, {NAN, NAN}};
    l.change.ratio = l.change.a > 0 ? l.change.b / l.change.a : NAN;
    if (a->calls > 1 && b->calls > 1) {
        double na = (double)a->calls * 1e3, nb = (double)b->calls * 1e3;
        l.change.sure =
            analysis_ratio_interval(l.change.b, b->spread / nb / nb, l.change.a, a->spread / na / na);
    }
    return l;
}

static void add_line(line **list, size_t *count, size_t *cap, line l) {
    *list = analysis_grow(*list, cap, *count + 1, sizeof **list);
    (*list)[(*count)++] = l;
}

static void put_kernels(const analysis_results *a, const analysis_results *b, size_t top,
                        analysis_output *out) {
    static const char *const headers[] = {"n A",  "n B", "us A",    "us B",  "B / A",
                                          "from", "to",  "verdict", "kernel"};
    line *list = NULL;
    size_t count = 0, cap = 0;
    for (size_t i = 0; i < a->costs.kernel_count; i++) {
        const analysis_kernel_row *row = &a->costs.kernels[i];
        add_line(&list, &count, &cap, line_of_kernels(row, kernel_named(&b->costs, row->name)));
    }
    for (size_t i = 0; i < b->costs.kernel_count; i++) {
        const analysis_kernel_row *row = &b->costs.kernels[i];
        if (!kernel_named(&a->costs, row->name)) {
            add_line(&list, &count, &cap, line_of_kernels(NULL, row));
        }
    }
    size_t shown = count < top ? count : top;
    if (shown > 0) {
        analysis_table t;
        qsort(list, count, sizeof *list, by_change);
        analysis_table_begin(&t, "rrrrrrrll", 8, headers);
        analysis_table_title(&t, "Kernels, mean duration, %zu of %zu by change of their time", shown, count);
        for (size_t i = 0; i < shown; i++) {
            char *name = analysis_kernel_name(list[i].name, 40);
            analysis_table_count(&t, list[i].count_a);
            analysis_table_count(&t, list[i].count_b);
            put_change(&t, &list[i].change);
            analysis_table_cell(&t, "%s", name);
            free(name);
        }
        analysis_table_note(
            &t, "from, to: 95 %% interval of the ratio of means, from the spread of the launches.");
        analysis_output_table(out, &t);
    }
    free(list);
}

/* The experts of both, matched by layer and number. */
static line *match_experts(const analysis_costs *a, const analysis_costs *b, size_t *count) {
    analysis_map of_b = {0};
    line *list = NULL;
    size_t cap = 0;
    for (size_t i = 0; i < b->layer_expert_count; i++) {
        const analysis_expert *e = &b->layer_experts[i];
        analysis_map_put(&of_b, (uint64_t)e->layer << 32 | e->expert, (uint32_t)i);
    }
    for (size_t i = 0; i < a->layer_expert_count; i++) {
        const analysis_expert *e = &a->layer_experts[i];
        uint64_t key = (uint64_t)e->layer << 32 | e->expert;
        uint32_t at = analysis_map_get(&of_b, key);
        add_line(&list, count, &cap, line_of_experts(e, at == ANALYSIS_NONE ? NULL : &b->layer_experts[at]));
        analysis_map_put(&of_b, key, ANALYSIS_NONE);
    }
    for (size_t i = 0; i < b->layer_expert_count; i++) {
        const analysis_expert *e = &b->layer_experts[i];
        if (analysis_map_get(&of_b, (uint64_t)e->layer << 32 | e->expert) != ANALYSIS_NONE) {
            add_line(&list, count, &cap, line_of_experts(NULL, e));
        }
    }
    analysis_map_free(&of_b);
    return list;
}

static void put_experts(const analysis_results *a, const analysis_results *b, size_t top,
                        analysis_output *out) {
    static const char *const headers[] = {"layer",     "expert", "calls A", "calls B", "us/call A",
                                          "us/call B", "B / A",  "from",    "to",      "verdict"};
    size_t count = 0;
    line *list = match_experts(&a->costs, &b->costs, &count);
    size_t shown = count < top ? count : top;
    if (shown > 0) {
        analysis_table t;
        qsort(list, count, sizeof *list, by_change);
        analysis_table_begin(&t, "rrrrrrrrrl", 0, headers);
        analysis_table_title(&t, "Experts, GPU time of a call, %zu of %zu by change of their time", shown,
                             count);
        for (size_t i = 0; i < shown; i++) {
            analysis_table_index(&t, list[i].layer);
            analysis_table_count(&t, list[i].expert);
            analysis_table_count(&t, list[i].count_a);
            analysis_table_count(&t, list[i].count_b);
            put_change(&t, &list[i].change);
        }
        analysis_table_note(&t,
                            "from, to: 95 %% interval of the ratio, from the spread of the kernels inside.");
        analysis_output_table(out, &t);
    }
    free(list);
}

double analysis_diff(const analysis_results *a, const analysis_results *b, size_t top, analysis_output *out) {
    double worst = put_phases(a, b, out);
    if (a->gpu_records > 0 && b->gpu_records > 0) {
        put_experts(a, b, top, out);
        put_kernels(a, b, top, out);
    }
    return worst;
}
