/* From the nodes of the experts to cells, and from cells to imbalance. */
#include "analysis/metrics/expert_load.h"

#include "analysis/base/alloc.h"
#include "analysis/metrics/selection.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FIT_CELLS_MIN 4

/* ---- Cells ---- */

static metrics_load_cell load_cell_of(const attribution_ranges *ranges, const attribution_node *node) {
    return (metrics_load_cell){.k = attribution_ranges_group(ranges, node->group)->k,
                               .phase = node->phase,
                               .layer = node->layer,
                               .expert = node->expert,
                               .calls = node->calls,
                               .tokens = node->tokens,
                               .host_ns = node->host_ns,
                               .counted = node->calls > 0 && node->with_tokens == node->calls,
                               .expected_ns = NAN};
}

static int compare_indices(uint32_t x, uint32_t y) {
    return (x > y) - (x < y);
}

static int by_cell_place(const void *a, const void *b) {
    const metrics_load_cell *x = a, *y = b;
    int at = compare_indices(x->k, y->k);
    at = at ? at : compare_indices(x->phase, y->phase);
    at = at ? at : compare_indices(x->layer, y->layer);
    return at ? at : compare_indices(x->expert, y->expert);
}

/* Adds up the cells of one place. */
static void merge_cells(metrics_load *load) {
    size_t kept = 0;
    for (size_t i = 1; i < load->cell_count; i++) {
        metrics_load_cell *to = &load->cells[kept], *from = &load->cells[i];
        if (by_cell_place(to, from) != 0) {
            load->cells[++kept] = *from;
            continue;
        }
        to->calls += from->calls;
        to->tokens += from->tokens;
        to->host_ns += from->host_ns;
        to->kernels += from->kernels;
        to->kernel_ns += from->kernel_ns;
        to->counted = to->counted && from->counted;
    }
    load->cell_count = load->cell_count ? kept + 1 : 0;
}

static void make_load_cells(metrics_load *load, const attribution_ranges *ranges, uint32_t k) {
    metrics_selection selection = metrics_selection_of(ranges, k);
    size_t count = attribution_ranges_node_count(ranges);
    uint32_t *cell = base_alloc(count, sizeof *cell); /* that a node belongs to, plus 1 */
    for (size_t i = 1; i < count; i++) {              /* children have higher indices than their parents */
        const attribution_node *node = attribution_ranges_node(ranges, i);
        if (node->opens_expert && metrics_selection_has(&selection, node) &&
            metrics_selection_has_host(&selection, node)) {
            load->cells = base_grow(load->cells, &load->cell_cap, load->cell_count + 1, sizeof *load->cells);
            load->cells[load->cell_count++] = load_cell_of(ranges, node);
            cell[i] = (uint32_t)load->cell_count;
        } else if (!node->opens_expert) {
            cell[i] = cell[node->parent];
        }
        if (cell[i] != 0) {
            load->cells[cell[i] - 1].kernels += node->kernels;
            load->cells[cell[i] - 1].kernel_ns += node->kernel_ns;
        }
    }
    free(cell);
    if (load->cell_count > 0) {
        qsort(load->cells, load->cell_count, sizeof *load->cells, by_cell_place);
    }
    merge_cells(load);
}

/* Distinct experts of the whole trace. */
static size_t count_distinct_experts(const attribution_ranges *ranges) {
    base_map seen = {0};
    size_t n = 0;
    for (size_t i = 1; i < attribution_ranges_node_count(ranges); i++) {
        const attribution_node *node = attribution_ranges_node(ranges, i);
        if (node->opens_expert && base_map_get(&seen, node->expert) == BASE_NONE) {
            base_map_put(&seen, node->expert, 1);
            n++;
        }
    }
    base_map_free(&seen);
    return n;
}

/* ---- What a cell's time should be ---- */

static bool is_fitted_cell(const metrics_load_cell *cell) {
    return cell->counted && cell->kernels > 0;
}

/* Sets expected_ns of the n cells of one k and phase. */
static void expect_times(metrics_load_cell *cells, size_t n) {
    double cc = 0, ct = 0, tt = 0, cy = 0, ty = 0;
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        double calls = (double)cells[i].calls, tokens = (double)cells[i].tokens;
        double ns = (double)cells[i].kernel_ns;
        if (is_fitted_cell(&cells[i])) {
            cc += calls * calls;
            ct += calls * tokens;
            tt += tokens * tokens;
            cy += calls * ns;
            ty += tokens * ns;
            used++;
        }
    }
    if (used < FIT_CELLS_MIN || !(tt > 0)) {
        return;
    }
    /* Where tokens are as many as calls, or one of the two takes time away, the better of the two alone. */
    double determinant = cc * tt - ct * ct;
    double a = determinant > 1e-9 * cc * tt ? (cy * tt - ty * ct) / determinant : -1;
    double b = determinant > 1e-9 * cc * tt ? (ty * cc - cy * ct) / determinant : -1;
    if (a < 0 || b < 0) {
        bool by_tokens = ty * ty / tt >= cy * cy / cc;
        a = by_tokens ? 0 : cy / cc;
        b = by_tokens ? ty / tt : 0;
    }
    for (size_t i = 0; i < n; i++) {
        cells[i].expected_ns =
            is_fitted_cell(&cells[i]) ? a * (double)cells[i].calls + b * (double)cells[i].tokens : NAN;
    }
}

/* ---- Imbalance ---- */

/* max / mean, and the coefficient of variation, of values that have this sum, sum of squares and maximum. */
static void summarize_imbalance(double sum, double squares, double most, size_t n, double *max, double *cv) {
    double mean = sum / (double)n;
    *max = mean > 0 ? most / mean : NAN;
    *cv = mean > 0 ? sqrt(fmax(0, squares / (double)n - mean * mean)) / mean : NAN;
}

static double tokens_time_correlation(const metrics_load_cell *cells, size_t n) {
    double x = 0, y = 0, xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < n; i++) {
        x += (double)cells[i].tokens / (double)n;
        y += (double)cells[i].kernel_ns / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double dx = (double)cells[i].tokens - x, dy = (double)cells[i].kernel_ns - y;
        xx += dx * dx;
        xy += dx * dy;
        yy += dy * dy;
    }
    return n >= 3 && xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

/* The row of n cells. */
static metrics_load_row load_row_of(const metrics_load *load, const metrics_load_cell *cells, size_t n,
                                    bool pooled) {
    metrics_load_row row = {.k = cells->k,
                            .phase = cells->phase,
                            .layer = pooled ? BASE_NONE : cells->layer,
                            .pooled = pooled,
                            .active = n,
                            .population = load->experts,
                            .tokens_max = NAN,
                            .tokens_cv = NAN,
                            .time_max = NAN,
                            .time_cv = NAN,
                            .correlation = NAN,
                            .slow_layer = BASE_NONE,
                            .slow_expert = BASE_NONE,
                            .slow = NAN};
    double tokens = 0, tokens2 = 0, tokens_most = 0, ns = 0, ns2 = 0, ns_most = 0;
    bool counted = true;
    for (size_t i = 0; i < n; i++) {
        double t = (double)cells[i].tokens, y = (double)cells[i].kernel_ns;
        tokens += t;
        tokens2 += t * t;
        tokens_most = fmax(tokens_most, t);
        ns += y;
        ns2 += y * y;
        ns_most = fmax(ns_most, y);
        counted = counted && cells[i].counted;
        row.population += pooled && i > 0 && cells[i].layer != cells[i - 1].layer ? load->experts : 0;
        double ratio = y / cells[i].expected_ns;
        if (ratio > row.slow || (isnan(row.slow) && !isnan(ratio))) {
            row.slow = ratio;
            row.slow_layer = cells[i].layer;
            row.slow_expert = cells[i].expert;
        }
    }
    summarize_imbalance(ns, ns2, ns_most, row.population, &row.time_max, &row.time_cv);
    if (counted) {
        summarize_imbalance(tokens, tokens2, tokens_most, row.population, &row.tokens_max, &row.tokens_cv);
        row.correlation = tokens_time_correlation(cells, n);
    }
    return row;
}

static void add_load_row(metrics_load *load, metrics_load_row row) {
    load->rows = base_grow(load->rows, &load->row_cap, load->row_count + 1, sizeof *load->rows);
    load->rows[load->row_count++] = row;
}

/* The first cell behind `from` that is of another phase or k, or of another layer. */
static size_t end_of_cells(const metrics_load *load, size_t from, bool layer) {
    const metrics_load_cell *first = &load->cells[from];
    size_t i = from + 1;
    while (i < load->cell_count && load->cells[i].k == first->k && load->cells[i].phase == first->phase &&
           (!layer || load->cells[i].layer == first->layer)) {
        i++;
    }
    return i;
}

void metrics_load_make(metrics_load *load, const attribution_ranges *ranges, uint32_t k, size_t experts) {
    make_load_cells(load, ranges, k);
    load->experts = count_distinct_experts(ranges);
    if (experts >= load->experts) {
        load->experts = experts;
        load->of_model = true;
    }
    for (size_t i = 0; i < load->cell_count;) {
        size_t end = end_of_cells(load, i, false);
        expect_times(&load->cells[i], end - i);
        add_load_row(load, load_row_of(load, &load->cells[i], end - i, true));
        while (i < end) {
            size_t layer_end = end_of_cells(load, i, true);
            add_load_row(load, load_row_of(load, &load->cells[i], layer_end - i, false));
            i = layer_end;
        }
    }
}

void metrics_load_free(metrics_load *load) {
    free(load->cells);
    free(load->rows);
    memset(load, 0, sizeof *load);
}
