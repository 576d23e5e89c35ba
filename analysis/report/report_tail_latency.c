/* The report's tables of tail latency. */
#include "analysis/report/report_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/report/table_names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *tail_phase(const metrics_tail_row *row) {
    return row->step ? "step" : metrics_row_name((metrics_row_kind)row->phase);
}

static const char *profiled(const metrics_tail_row *row) {
    return row->profiling == ATTRIBUTION_PROFILED ? "yes" : "no";
}

static void put_tail_head(report_table *t, const metrics_tail_row *row) {
    report_table_index(t, row->k);
    report_table_cell(t, "%s", tail_phase(row));
    report_table_cell(t, "%s", profiled(row));
}

static bool chosen(const metrics_results *r, const metrics_tail_row *row) {
    return r->costs.k == BASE_NONE || r->costs.k == row->k;
}

static void put_tail_rows(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"profiled", "profiled", 'l'},
                                            {"n", "n", 'r'},
                                            {"p50_ms", "P50", 'r'},
                                            {"slowest_n", "slowest", 'r'},
                                            {"slowest_ms", "slow ms", 'r'},
                                            {"typical_n", "typical", 'r'},
                                            {"typical_ms", "typical ms", 'r'},
                                            {"difference_ms", "diff. ms", 'r'},
                                            {"slowest_request", "sample", 'r'},
                                            {"slowest_step", "step", 'r'}};
    report_table t;
    report_table_begin(&t, "tails", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Tail latency: the slowest 1 %% compared with typical samples, ms");
    for (size_t i = 0; i < r->tails.row_count; i++) {
        const metrics_tail_row *row = &r->tails.rows[i];
        if (!chosen(r, row)) {
            continue;
        }
        put_tail_head(&t, row);
        report_table_count(&t, row->n);
        report_table_ms(&t, row->p50);
        report_table_count(&t, row->slow.n);
        report_table_ms(&t, row->slow.latency);
        report_table_count(&t, row->typical.n);
        report_table_ms(&t, row->typical.latency);
        report_table_ms(&t, row->slow.latency - row->typical.latency);
        report_table_index(&t, row->request);
        report_table_index(&t, row->number);
    }
    report_table_note(&t,
                      "Means of the slowest 1 %% of the samples (1 to %d) and of the typical ones, which are "
                      "nearest to the median; sample, step: the slowest one. Profiled and unprofiled "
                      "requests are kept apart; of unprofiled ones only the ranges are known.",
                      METRICS_TAIL_SLOW);
    report_output_table(out, &t);
}

static void put_split(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"difference_ms", "diff. ms", 'r'},
                                            {"gpu_busy_ms", "GPU busy", 'r'},
                                            {"idle_enqueue_ms", "enqueue", 'r'},
                                            {"idle_sync_ms", "sync", 'r'},
                                            {"idle_host_ms", "host work", 'r'},
                                            {"kernels", "kernels", 'r'},
                                            {"slowest_gap_ms", "gap slow", 'r'},
                                            {"typical_gap_ms", "gap typ.", 'r'},
                                            {"slowest_gap_at_ms", "gap at", 'r'}};
    report_table t;
    report_table_begin(&t, "tail_breakdown", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Tail latency: breakdown of the difference, ms (profiled requests)");
    for (size_t i = 0; i < r->tails.row_count; i++) {
        const metrics_tail_row *row = &r->tails.rows[i];
        const metrics_tail_means *x = &row->slow, *y = &row->typical;
        if (!chosen(r, row) || isnan(x->busy)) {
            continue;
        }
        report_table_index(&t, row->k);
        report_table_cell(&t, "%s", tail_phase(row));
        report_table_ms(&t, x->latency - y->latency);
        report_table_ms(&t, x->busy - y->busy);
        report_table_ms(&t, x->idle_enqueue - y->idle_enqueue);
        report_table_ms(&t, x->idle_sync - y->idle_sync);
        report_table_ms(&t, x->idle_between - y->idle_between);
        report_table_number(&t, x->kernels - y->kernels, 1);
        report_table_ms(&t, x->gap);
        report_table_ms(&t, y->gap);
        report_table_ms(&t, row->gap_at);
    }
    if (report_table_rows(&t) == 0) {
        report_table_free(&t);
        return;
    }
    report_table_note(&t,
                      "Slow minus typical: GPU busy, and GPU idle while the host was in calls that enqueue "
                      "work, in synchronizing calls or in neither (host work); these add up to diff. ms. "
                      "gap: the longest time without GPU work; gap at: its beginning in the slowest sample.");
    report_output_table(out, &t);
}

static void put_cause(const metrics_tail_row *row, report_table *t, const metrics_tail_cause *c) {
    static const char *const kinds[METRICS_TAIL_KINDS] = {"host", "GPU", "host", "GPU", "kernel"};
    put_tail_head(t, row);
    report_table_cell(t, "%s", kinds[c->kind]);
    report_table_ms(t, c->slow);
    report_table_ms(t, c->typical);
    report_table_ms(t, c->slow - c->typical);
    report_table_number(t, c->slow_count, 1);
    report_table_number(t, c->typical_count, 1);
    if (c->mangled) {
        report_table_kernel(t, c->what, 40);
    } else {
        report_table_cell(t, "%s", c->what);
    }
}

static void put_causes(const metrics_results *r, size_t top, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"profiled", "profiled", 'l'},
                                            {"clock", "time", 'l'},
                                            {"slowest_ms", "slow", 'r'},
                                            {"typical_ms", "typical", 'r'},
                                            {"difference_ms", "diff.", 'r'},
                                            {"slowest_count", "n slow", 'r'},
                                            {"typical_count", "n typ.", 'r'},
                                            {"cause", "cause", 'l'}};
    const metrics_tails *tails = &r->tails;
    size_t count = 0, shown = 0;
    for (size_t i = 0; i < tails->cause_count; i++) {
        count += chosen(r, &tails->rows[tails->causes[i].row]);
    }
    if (count == 0 || top == 0) {
        return;
    }
    report_table t;
    report_table_begin(&t, "tail_causes", REPORT_COLUMNS(columns), 9);
    report_table_title(&t, "Tail latency: causes of the difference, ms, %zu of %zu by time",
                       count < top ? count : top, count);
    for (size_t i = 0; i < tails->cause_count && shown < top; i++) {
        const metrics_tail_row *row = &tails->rows[tails->causes[i].row];
        if (chosen(r, row)) {
            put_cause(row, &t, &tails->causes[i]);
            shown++;
        }
    }
    report_table_note(&t,
                      "Means per sample; diff.: slow minus typical. For a range: its exclusive host or GPU "
                      "time; for a layer: that of all its ranges. n: number of ranges, or of kernels, copies "
                      "and memsets. Host time of a profiled sample includes the profiling overhead.");
    report_output_table(out, &t);
}

void report_tail_latency(const metrics_results *r, size_t top, report_output *out) {
    bool any = false;
    for (size_t i = 0; i < r->tails.row_count; i++) {
        any = any || chosen(r, &r->tails.rows[i]);
    }
    if (any) {
        put_tail_rows(r, out);
        put_split(r, out);
        put_causes(r, top, out);
    }
}
