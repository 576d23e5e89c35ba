/* The report's tables of the experts' load: how uneven it is, and every expert of every layer. */
#include "analysis/report/report_internal.h"

#include "analysis/base/alloc.h"

#include <math.h>
#include <stdlib.h>

static double gpu(const metrics_results *r, double value) {
    return metrics_results_have_gpu(r) ? value : NAN;
}

static void put_row(const metrics_results *r, report_table *t, const metrics_load_row *row) {
    report_table_index(t, row->k);
    report_table_cell(t, "%s", attribution_phase_name(row->phase));
    if (!row->pooled) {
        report_table_index(t, row->layer);
    }
    report_table_count(t, row->active);
    report_table_count(t, row->population);
    report_table_number(t, row->tokens_max, 2);
    report_table_number(t, row->tokens_cv, 2);
    report_table_number(t, gpu(r, row->time_max), 2);
    report_table_number(t, gpu(r, row->time_cv), 2);
    report_table_number(t, gpu(r, row->correlation), 3);
    if (row->pooled) {
        report_table_index(t, row->slow_layer);
    }
    report_table_index(t, row->slow_expert);
    report_table_number(t, row->slow, 2);
}

static void put_load_phases(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"active", "active", 'r'},
                                            {"experts", "of", 'r'},
                                            {"tokens_max_ratio", "tok max", 'r'},
                                            {"tokens_cv", "tok CV", 'r'},
                                            {"time_max_ratio", "time max", 'r'},
                                            {"time_cv", "time CV", 'r'},
                                            {"correlation", "r", 'r'},
                                            {"slowest_layer", "at layer", 'r'},
                                            {"slowest_expert", "at expert", 'r'},
                                            {"slowest_ratio", "x expected", 'r'}};
    report_table t;
    report_table_begin(&t, "expert_load", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Expert load, over all layers");
    for (size_t i = 0; i < r->load.row_count; i++) {
        if (r->load.rows[i].pooled) {
            put_row(r, &t, &r->load.rows[i]);
        }
    }
    report_table_note(
        &t,
        "Over all pairs of layer and expert (%s %zu experts; an expert without tokens counts as 0). max: "
        "maximum / mean; CV: standard deviation / mean. r: correlation of tokens and GPU time of the active "
        "experts. x expected: the largest ratio of an expert's GPU time to the time expected from its calls "
        "and tokens at this phase and k; at layer, at expert: where.",
        r->load.of_model ? "the model has" : "the trace names", r->load.experts);
    report_output_table(out, &t);
}

static int by_imbalance(const void *a, const void *b) {
    const metrics_load_row *x = *(const metrics_load_row *const *)a, *y = *(const metrics_load_row *const *)b;
    double left = isnan(x->time_max) ? x->tokens_max : x->time_max;
    double right = isnan(y->time_max) ? y->tokens_max : y->time_max;
    int order = (left < right) - (left > right);
    return order ? order : (x > y) - (x < y);
}

static void put_load_layers(const metrics_results *r, size_t top, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"layer", "layer", 'r'},
                                            {"active", "active", 'r'},
                                            {"experts", "of", 'r'},
                                            {"tokens_max_ratio", "tok max", 'r'},
                                            {"tokens_cv", "tok CV", 'r'},
                                            {"time_max_ratio", "time max", 'r'},
                                            {"time_cv", "time CV", 'r'},
                                            {"correlation", "r", 'r'},
                                            {"slowest_expert", "at expert", 'r'},
                                            {"slowest_ratio", "x expected", 'r'}};
    const metrics_load_row **list = base_alloc(r->load.row_count, sizeof *list);
    size_t count = 0;
    for (size_t i = 0; i < r->load.row_count; i++) {
        if (!r->load.rows[i].pooled) {
            list[count++] = &r->load.rows[i];
        }
    }
    size_t shown = count < top ? count : top;
    if (shown > 0) {
        report_table t;
        qsort(list, count, sizeof *list, by_imbalance);
        report_table_begin(&t, "layer_load", REPORT_COLUMNS(columns), 1);
        report_table_title(&t, "Expert load by layer, the %zu most uneven of %zu", shown, count);
        for (size_t i = 0; i < shown; i++) {
            put_row(r, &t, list[i]);
        }
        report_output_table(out, &t);
    }
    free(list);
}

static double each(const metrics_results *r, uint64_t ns, uint64_t count) {
    return metrics_results_have_gpu(r) && count > 0 ? (double)ns / 1e3 / (double)count : NAN;
}

static void put_cell(const metrics_results *r, report_table *t, const metrics_load_cell *c) {
    report_table_index(t, c->k);
    report_table_cell(t, "%s", attribution_phase_name(c->phase));
    report_table_index(t, c->layer);
    report_table_count(t, c->expert);
    report_table_count(t, c->calls);
    if (c->counted) {
        report_table_count(t, c->tokens);
    } else {
        report_table_missing(t);
    }
    report_table_ms(t, gpu(r, (double)c->kernel_ns / 1e6));
    if (metrics_results_have_gpu(r)) {
        report_table_share(t, c->kernel_ns, r->costs.attributed_ns);
    } else {
        report_table_missing(t);
    }
    report_table_ms(t, (double)c->host_ns / 1e6);
    report_table_ms(t, each(r, c->kernel_ns, c->calls));
    report_table_ms(t, c->counted ? each(r, c->kernel_ns, c->tokens) : NAN);
    report_table_number(t, (double)c->kernel_ns / c->expected_ns, 2);
}

static int by_cost(const void *a, const void *b) {
    const metrics_load_cell *x = *(const metrics_load_cell *const *)a;
    const metrics_load_cell *y = *(const metrics_load_cell *const *)b;
    int order = (x->kernel_ns < y->kernel_ns) - (x->kernel_ns > y->kernel_ns);
    order = order ? order : (x->host_ns < y->host_ns) - (x->host_ns > y->host_ns);
    return order ? order : (x > y) - (x < y);
}

static void put_load_cells(const metrics_results *r, size_t top, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"layer", "layer", 'r'},
                                            {"expert", "expert", 'r'},
                                            {"calls", "calls", 'r'},
                                            {"tokens", "tokens", 'r'},
                                            {"gpu_ms", "GPU ms", 'r'},
                                            {"share_percent", "share %", 'r'},
                                            {"host_ms", "host ms", 'r'},
                                            {"call_us", "us/call", 'r'},
                                            {"token_us", "us/token", 'r'},
                                            {"expected_ratio", "x exp.", 'r'}};
    size_t count = r->load.cell_count, shown = count < top ? count : top;
    if (shown == 0) {
        return;
    }
    const metrics_load_cell **list = base_alloc(count, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i] = &r->load.cells[i];
    }
    if (shown < count) { /* all of them are by k, phase, layer and expert */
        qsort(list, count, sizeof *list, by_cost);
    }
    report_table t;
    report_table_begin(&t, "expert_costs", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Experts by k, phase and layer, %zu of %zu", shown, count);
    for (size_t i = 0; i < shown; i++) {
        put_cell(r, &t, list[i]);
    }
    report_output_table(out, &t);
    free(list);
}

void report_expert_load(const metrics_results *r, size_t top, report_output *out) {
    if (r->load.row_count > 0) {
        put_load_phases(r, out);
        put_load_layers(r, top, out);
        put_load_cells(r, top, out);
    }
}
