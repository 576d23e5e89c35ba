/* The tables of experts and kernels of `moetrace diff`. */
#include "analysis/base/alloc.h"
#include "analysis/names/demangle_nsys.h"
#include "analysis/names/kernel_display_name.h"
#include "analysis/report/diff_change.h"
#include "analysis/report/diff_internal.h"
#include "analysis/report/table_names.h"
#include "analysis/stats/hypothesis_tests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A line of a table: a thing that is in A, in B or in both. */
typedef struct {
    const char *name;
    uint32_t layer, expert;
    uint64_t count_a, count_b;
    double total_a, total_b; /* ms */
    report_change change;    /* of one call or launch, us */
} line;

typedef struct {
    line *list;
    size_t count, cap;
} lines;

/* One side of a line: how often, how long in all (ns), and its variance. */
typedef struct {
    uint64_t count, ns;
    metrics_spread spread; /* of ns */
} side;

static line compare_sides(side a, side b) {
    line l = {
        .count_a = a.count, .count_b = b.count, .total_a = (double)a.ns / 1e6, .total_b = (double)b.ns / 1e6};
    double na = (double)a.count, nb = (double)b.count;
    stats_estimate of_a = {(double)a.ns / na, a.spread.variance / na / na, a.spread.degrees};
    stats_estimate of_b = {(double)b.ns / nb, b.spread.variance / nb / nb, b.spread.degrees};
    l.change = (report_change){a.count ? of_a.mean / 1e3 : NAN,
                               b.count ? of_b.mean / 1e3 : NAN,
                               a.count && b.count && a.ns ? of_b.mean / of_a.mean : NAN,
                               {NAN, NAN},
                               NAN};
    if (a.count && b.count) {
        l.change.ci = stats_ratio_test(of_b, of_a, &l.change.p);
    }
    return l;
}

static void add_diff_line(lines *of, line l) {
    of->list = base_grow(of->list, &of->cap, of->count + 1, sizeof *of->list);
    of->list[of->count++] = l;
}

/* What the change of one call makes of all calls of A; of what is on one side only, all of its time. */
static double weight(const line *l) {
    double each = fabs(l->change.b - l->change.a) / 1e3 * (double)l->count_a;
    return isnan(each) ? l->total_a + l->total_b : each;
}

static int by_change(const void *x, const void *y) {
    double a = weight(x), b = weight(y);
    return (a < b) - (a > b);
}

/* Adjusts the p-values of all lines for being looked at together, and sorts the lines by their change. */
static void adjust_and_sort(lines *of) {
    if (of->count > 0) {
        stats_adjust_p(&of->list->change.p, of->count, sizeof *of->list);
        qsort(of->list, of->count, sizeof *of->list, by_change);
    }
}

/* Means over all k say nothing of a single launch when A and B ran each k in other proportions. */
static void note_mix(report_table *t, const metrics_results *a, const metrics_results *b) {
    const metrics_clusters *x = &a->clusters, *y = &b->clusters;
    double of_a = 0, of_b = 0;
    bool other = x->stratum_count != y->stratum_count;
    for (size_t i = 0; i < x->stratum_count; i++) {
        of_a += (double)x->strata[i].requests;
    }
    for (size_t i = 0; i < y->stratum_count; i++) {
        of_b += (double)y->strata[i].requests;
    }
    for (size_t i = 0; i < x->stratum_count; i++) {
        uint32_t at = base_map_get(&y->by_stratum, x->strata[i].k);
        double share = at == BASE_NONE ? 0 : (double)y->strata[at].requests / of_b;
        other = other || fabs(share - (double)x->strata[i].requests / of_a) > 0.01;
    }
    if (other && a->costs.k == BASE_NONE) {
        report_table_note(t, "A and B have different proportions of requests of each k, which alone makes "
                             "these means differ: --k compares one k.");
    }
}

/* ---- Kernels ---- */

/* The kernel of B that each of A is, and of B whether it is one of A. */
typedef struct {
    uint32_t *in_b; /* BASE_NONE: none */
    bool *taken;
} matches;

/* Whether any name is mangled: only then the same function has one name on either side. */
static bool has_mangled(const metrics_costs *c) {
    for (size_t i = 0; i < c->kernel_count; i++) {
        if (strncmp(c->kernels[i].name, "_Z", 2) == 0) {
            return true;
        }
    }
    return false;
}

/* The name that kernels are matched by: as it is, or as torch.profiler has it, which knows no mangled
 * names. */
static char *matching_name(const metrics_kernel_row *row, bool demangled) {
    return demangled ? names_kernel_signature(row->name) : base_copy(row->name, strlen(row->name));
}

static matches match_kernels(const metrics_costs *a, const metrics_costs *b) {
    matches m = {.in_b = base_alloc(a->kernel_count, sizeof *m.in_b),
                 .taken = base_alloc(b->kernel_count, sizeof *m.taken)};
    bool demangled = has_mangled(a) != has_mangled(b);
    names_table names = {0};
    base_map of_b = {0};
    for (size_t i = b->kernel_count; i-- > 0;) { /* of those with the same name the first stays */
        char *name = matching_name(&b->kernels[i], demangled);
        base_map_put(&of_b, names_intern(&names, name, strlen(name)), (uint32_t)i);
        free(name);
    }
    for (size_t i = 0; i < a->kernel_count; i++) {
        char *name = matching_name(&a->kernels[i], demangled);
        uint32_t at = base_map_get(&of_b, names_intern(&names, name, strlen(name)));
        at = at != BASE_NONE && m.taken[at] ? BASE_NONE : at;
        m.in_b[i] = at;
        if (at != BASE_NONE) {
            m.taken[at] = true;
        }
        free(name);
    }
    base_map_free(&of_b);
    names_free(&names);
    return m;
}

static side side_of_kernel(const metrics_results *r, const metrics_kernel_row *row) {
    metrics_spread in_phases =
        metrics_clusters_kernel(&r->clusters, row->index, r->costs.k, (double)row->ns / (double)row->count);
    return (side){row->count, row->ns, metrics_spread_sum(in_phases, row->outside)};
}

static line compare_kernels(const metrics_results *a, const metrics_kernel_row *in_a,
                            const metrics_results *b, const metrics_kernel_row *in_b) {
    side none = {0};
    line l = compare_sides(in_a ? side_of_kernel(a, in_a) : none, in_b ? side_of_kernel(b, in_b) : none);
    const metrics_kernel_row *any = in_a ? in_a : in_b;
    l.name = any ? any->name : "";
    return l;
}

void report_diff_kernels(const metrics_results *a, const metrics_results *b, size_t top, report_output *out) {
    static const report_column columns[] = {{"a_n", "n A", 'r'},         {"b_n", "n B", 'r'},
                                            {"a_us", "us A", 'r'},       {"b_us", "us B", 'r'},
                                            {"ratio", "B / A", 'r'},     {"ratio_low", "low", 'r'},
                                            {"ratio_high", "high", 'r'}, {"p", "p", 'r'},
                                            {"verdict", "verdict", 'l'}, {"kernel", "kernel", 'l'}};
    lines all = {0};
    matches m = match_kernels(&a->costs, &b->costs);
    for (size_t i = 0; i < a->costs.kernel_count; i++) {
        const metrics_kernel_row *other = m.in_b[i] == BASE_NONE ? NULL : &b->costs.kernels[m.in_b[i]];
        add_diff_line(&all, compare_kernels(a, &a->costs.kernels[i], b, other));
    }
    for (size_t i = 0; i < b->costs.kernel_count; i++) {
        if (!m.taken[i]) {
            add_diff_line(&all, compare_kernels(a, NULL, b, &b->costs.kernels[i]));
        }
    }
    free(m.in_b);
    free(m.taken);
    adjust_and_sort(&all);
    size_t shown = all.count < top ? all.count : top;
    if (shown > 0) {
        report_table t;
        report_table_begin(&t, "diff_kernels", REPORT_COLUMNS(columns), 9);
        report_table_title(&t, "Kernels, mean duration, %zu of %zu by change of total time", shown,
                           all.count);
        for (size_t i = 0; i < shown; i++) {
            report_table_count(&t, all.list[i].count_a);
            report_table_count(&t, all.list[i].count_b);
            report_change_put(&t, &all.list[i].change);
            report_table_kernel(&t, all.list[i].name, 40);
        }
        report_table_note(&t,
                          "low, high: 95 %% confidence interval of the ratio of means; interval and p come "
                          "from the variance between requests or launches; p is adjusted for all %zu "
                          "kernels. slower, faster and too few: as above.",
                          all.count);
        note_mix(&t, a, b);
        report_output_table(out, &t);
    }
    free(all.list);
}

/* ---- Experts ---- */

static side side_of_expert(const metrics_results *r, const metrics_expert *e) {
    double mean = (double)e->kernel_ns / (double)e->calls;
    metrics_spread in_phases = {0, 0};
    if (e->calls > 0) {
        in_phases = metrics_clusters_expert(&r->clusters, e->layer, e->expert, r->costs.k, mean);
    }
    return (side){e->calls, e->kernel_ns, metrics_spread_sum(in_phases, e->outside)};
}

static line compare_experts(const metrics_results *a, const metrics_expert *in_a, const metrics_results *b,
                            const metrics_expert *in_b) {
    side none = {0};
    line l = compare_sides(in_a ? side_of_expert(a, in_a) : none, in_b ? side_of_expert(b, in_b) : none);
    l.layer = (in_a ? in_a : in_b)->layer;
    l.expert = (in_a ? in_a : in_b)->expert;
    return l;
}

/* The experts of both, matched by layer and number. */
static lines match_experts(const metrics_results *a, const metrics_results *b) {
    base_map of_b = {0};
    lines all = {0};
    for (size_t i = 0; i < b->costs.layer_expert_count; i++) {
        const metrics_expert *e = &b->costs.layer_experts[i];
        base_map_put(&of_b, (uint64_t)e->layer << 32 | e->expert, (uint32_t)i);
    }
    for (size_t i = 0; i < a->costs.layer_expert_count; i++) {
        const metrics_expert *e = &a->costs.layer_experts[i];
        uint64_t key = (uint64_t)e->layer << 32 | e->expert;
        uint32_t at = base_map_get(&of_b, key);
        add_diff_line(&all, compare_experts(a, e, b, at == BASE_NONE ? NULL : &b->costs.layer_experts[at]));
        base_map_put(&of_b, key, BASE_NONE);
    }
    for (size_t i = 0; i < b->costs.layer_expert_count; i++) {
        const metrics_expert *e = &b->costs.layer_experts[i];
        if (base_map_get(&of_b, (uint64_t)e->layer << 32 | e->expert) != BASE_NONE) {
            add_diff_line(&all, compare_experts(a, NULL, b, e));
        }
    }
    base_map_free(&of_b);
    adjust_and_sort(&all);
    return all;
}

void report_diff_experts(const metrics_results *a, const metrics_results *b, size_t top, report_output *out) {
    static const report_column columns[] = {{"layer", "layer", 'r'},     {"expert", "expert", 'r'},
                                            {"a_calls", "calls A", 'r'}, {"b_calls", "calls B", 'r'},
                                            {"a_us", "us/call A", 'r'},  {"b_us", "us/call B", 'r'},
                                            {"ratio", "B / A", 'r'},     {"ratio_low", "low", 'r'},
                                            {"ratio_high", "high", 'r'}, {"p", "p", 'r'},
                                            {"verdict", "verdict", 'l'}};
    lines all = match_experts(a, b);
    size_t shown = all.count < top ? all.count : top;
    if (shown > 0) {
        report_table t;
        report_table_begin(&t, "diff_experts", REPORT_COLUMNS(columns), 0);
        report_table_title(&t, "Experts, GPU time per call, %zu of %zu by change of total time", shown,
                           all.count);
        for (size_t i = 0; i < shown; i++) {
            report_table_index(&t, all.list[i].layer);
            report_table_count(&t, all.list[i].expert);
            report_table_count(&t, all.list[i].count_a);
            report_table_count(&t, all.list[i].count_b);
            report_change_put(&t, &all.list[i].change);
        }
        report_table_note(&t,
                          "low, high: 95 %% confidence interval of the ratio; interval and p come from the "
                          "variance between requests; p is adjusted for all %zu experts. slower, faster and "
                          "too few: as above. A call also takes longer when more tokens are routed to it.",
                          all.count);
        note_mix(&t, a, b);
        report_output_table(out, &t);
    }
    free(all.list);
}
