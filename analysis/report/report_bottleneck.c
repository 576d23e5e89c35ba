/* The report's tables of the bottleneck of each phase, with its evidence, and of the roofline. */
#include "analysis/report/report_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/report/report_cells.h"

#include <math.h>
#include <string.h>

static void put_percent(report_table *t, double share) {
    report_table_number(t, 100 * share, share > 0 && share < 0.01 ? 3 : 1);
}

/* ---- Verdicts ---- */

/* Says once what verdicts lack. */
static void note_missing(const metrics_bottlenecks *b, report_table *t) {
    for (size_t i = 0; i < b->count; i++) {
        bool said = !b->list[i].missing;
        for (size_t j = 0; j < i; j++) {
            said = said || (b->list[j].missing && strcmp(b->list[j].missing, b->list[i].missing) == 0);
        }
        if (!said) {
            report_table_note(t, "Columns are empty for lack of: %s.", b->list[i].missing);
        }
    }
    if (b->measured_on[0]) {
        report_table_note(t, "The peaks were measured on %s, but the trace is of %s.", b->measured_on,
                          b->peaks.device);
    }
    if (b->workload.contradiction[0]) {
        report_table_note(t, "The model that --model names does not fit this trace, and is not used: %s.",
                          b->workload.contradiction);
    }
    if (b->beyond_peak > 0) {
        report_table_note(t,
                          "%zu shares of more than 100 %% of a peak are left out, here and in the roofline: "
                          "the model, its data type or the "
                          "peaks are not those of the run, or weights stayed in a cache.",
                          b->beyond_peak);
    }
    if (b->workload.problem[0]) {
        report_table_note(t, "The mark that names the model cannot be used: %s.", b->workload.problem);
    }
}

static void put_verdicts(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"bottleneck", "bottleneck", 'l'},
                                            {"latency_ms", "time ms", 'r'},
                                            {"gpu_idle_percent", "idle %", 'r'},
                                            {"enqueues_per_ms", "enqueues/ms", 'r'},
                                            {"syncs", "syncs", 'r'},
                                            {"sync_ms", "sync ms", 'r'},
                                            {"flops_percent", "% FLOP/s", 'r'},
                                            {"bandwidth_percent", "% B/s", 'r'},
                                            {"at_peak_ms", "at peak ms", 'r'}};
    const metrics_bottlenecks *b = &r->bottlenecks;
    report_table t;
    report_table_begin(&t, "bottleneck", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Bottleneck of each phase");
    for (size_t i = 0; i < b->count; i++) {
        const metrics_bottleneck *one = &b->list[i];
        report_table_phase(&t, one->k, one->kind);
        if (one->verdict == METRICS_BOTTLENECK_UNKNOWN) {
            report_table_missing(&t);
        } else {
            report_table_cell(&t, "%s", metrics_verdict_name(one->verdict));
        }
        report_table_ms(&t, one->time);
        put_percent(&t, one->idle);
        report_table_number(&t, one->enqueues_per_ms, 1);
        report_table_number(&t, one->syncs, 0);
        report_table_ms(&t, one->sync_ms);
        put_percent(&t, one->whole.of_flops);
        put_percent(&t, one->whole.of_memory);
        report_table_ms(&t, one->least);
    }
    if (b->count == 0) {
        report_table_free(&t);
        return;
    }
    report_table_note(
        &t,
        "host: the GPU was idle for more than half of the time. memory, compute: while it was busy, the GPU "
        "reached at least half of that peak, and more of it than of the other. neither: none of these.");
    note_missing(b, &t);
    report_output_table(out, &t);
}

/* ---- The roofline ---- */

static void put_point(report_table *t, const metrics_bottleneck *b, const metrics_point *p) {
    report_table_phase(t, b->k, b->kind);
    report_table_cell(t, "%s", p->part == NAMES_PARTS ? "all" : names_part_name(p->part));
    report_table_ms(t, p->ms);
    report_table_ms(t, p->flops / 1e9);
    report_table_ms(t, p->bytes / 1e6);
    report_table_number(t, p->intensity, 2);
    report_table_ms(t, p->flops_per_s / 1e12);
    put_percent(t, p->of_flops);
    report_table_ms(t, p->bytes_per_s / 1e9);
    put_percent(t, p->of_memory);
    put_percent(t, p->of_roof);
}

/* What stands behind the numbers: peaks, with their sources, the model, and what was taken for granted. */
static void note_sources(const metrics_bottlenecks *b, report_table *t) {
    const costmodel_workload *w = &b->workload;
    bool estimated = false;
    for (size_t i = 0; i < b->count; i++) {
        estimated = estimated || b->list[i].estimated;
    }
    if (!isnan(b->peaks.memory)) {
        report_table_note(t, "Peak bandwidth %.0f GB/s (%s).", b->peaks.memory / 1e9,
                          costmodel_peak_source_name(b->peaks.memory_source));
    }
    if (!isnan(b->peak_flops)) {
        report_table_note(t, "Peak %.1f TFLOP/s in %s (%s).", b->peak_flops / 1e12,
                          costmodel_dtype_name(w->type), costmodel_peak_source_name(b->flops_source));
    }
    if (!isnan(b->ridge)) {
        report_table_note(
            t, "The ridge is at %.1f FLOP/byte: below it bandwidth is the limit, above it compute.",
            b->ridge);
    }
    report_table_note(t,
                      "Means of the profiled requests. GPU ms: for all, the time in which the GPU was busy; "
                      "for a part, the sum of its kernels. GFLOP: matrix products by the shapes of %s. MB: "
                      "the lower bound of the traffic, weights once per step and the KV cache.",
                      w->model.name);
    if (estimated) {
        report_table_note(
            t, "Where a prefill has no count of the active experts, the number expected by chance is used.");
    }
}

static void put_roofline(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"part", "part", 'l'},
                                            {"gpu_ms", "GPU ms", 'r'},
                                            {"gflop", "GFLOP", 'r'},
                                            {"mbyte", "MB", 'r'},
                                            {"flop_per_byte", "FLOP/byte", 'r'},
                                            {"tflop_per_s", "TFLOP/s", 'r'},
                                            {"flops_percent", "% FLOP/s", 'r'},
                                            {"gbyte_per_s", "GB/s", 'r'},
                                            {"bandwidth_percent", "% B/s", 'r'},
                                            {"roof_percent", "% roof", 'r'}};
    const metrics_bottlenecks *b = &r->bottlenecks;
    report_table t;
    report_table_begin(&t, "roofline", REPORT_COLUMNS(columns), 2);
    report_table_title(&t, "Roofline: achieved by the GPU");
    for (size_t i = 0; i < b->count; i++) {
        const metrics_bottleneck *one = &b->list[i];
        if (!isnan(one->whole.flops_per_s)) {
            put_point(&t, one, &one->whole);
        }
        for (size_t j = 0; j < one->count; j++) {
            put_point(&t, one, &one->points[j]);
        }
    }
    if (report_table_rows(&t) == 0) {
        report_table_free(&t);
        return;
    }
    note_sources(b, &t);
    report_output_table(out, &t);
}

void report_bottleneck(const metrics_results *r, report_output *out) {
    put_verdicts(r, out);
    put_roofline(r, out);
}
