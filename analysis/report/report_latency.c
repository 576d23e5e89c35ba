/* The report's tables of the sweep: latencies, how sure they are, what profiling cost, what the GPU did. */
#include "analysis/report/report.h"

#include "analysis/base/alloc.h"

#include <math.h>
#include <string.h>

/* With fewer samples P99 is little else than the longest of them. */
#define P99_SAMPLES 100

static void put_head(report_table *t, const metrics_row *row) {
    report_table_index(t, row->k);
    report_table_cell(t, "%s", metrics_row_name(row->kind));
}

/* Which requests the latencies are of. */
static void note_profiling(const metrics_results *r, report_table *t) {
    size_t unprofiled = 0, after = 0, later = 0, partly = 0, left = 0;
    for (size_t i = 0; i < r->rows.count; i++) {
        unprofiled += r->rows.list[i].from == ATTRIBUTION_UNPROFILED;
        after += r->rows.list[i].after_profiling;
        later += r->rows.list[i].left_out;
        partly += r->rows.list[i].from == ATTRIBUTION_PARTLY_PROFILED;
        left += r->rows.list[i].from == ATTRIBUTION_PARTLY_PROFILED ? 0 : r->rows.list[i].partly;
    }
    if (unprofiled == r->rows.count) {
        report_table_note(t, "Of requests that nobody watched: the range's own duration, as no GPU work of "
                             "theirs is recorded that could end later.");
    } else if (unprofiled > 0) {
        report_table_note(t, "Rows with unwatched requests (see Profiling overhead) are of those alone, the "
                             "range's own duration; the other rows are of watched requests.");
    } else if (partly == r->rows.count) {
        report_table_note(t, "Of requests that were neither watched nor left in peace, as there are no "
                             "others.");
    } else if (!metrics_results_have_gpu(r)) {
        report_table_note(t, "Host time only, because the trace holds no GPU work.");
    } else {
        report_table_note(t, "Of watched requests, as there are no others: from the start of the range until "
                             "it and the GPU work launched in it have ended.");
    }
    if (after > 0 && metrics_results_have_gpu(r)) {
        report_table_note(t,
                          "CUPTI had been on before in this process, and makes launches slower for good, on "
                          "an H100 by some 0.9 us each (docs/measuring.md). A `watch off` mark of the "
                          "program's (docs/recording.md) keeps the latencies free of it.");
    } else if (unprofiled > 0 && after == 0) {
        report_table_note(t, "They ran before CUPTI was switched on in this process.");
    }
    if (later > 0) {
        report_table_note(t, "%zu unwatched phases that ran after it was are left out.", later);
    }
    if (r->yielded) {
        report_table_note(t, "Another tool had CUPTI for a part of the run, and may have slowed what ran "
                             "then: such phases are neither watched nor unwatched.");
    }
    const char *untimed = r->kernels_untimed > 0 ? ", or kernels have no times" : "";
    const char *yielded = r->yielded ? ", or another tool had CUPTI" : "";
    if (partly > 0) {
        report_table_note(t, "In %zu rows watching began or ended inside every request%s%s.", partly,
                          untimed, yielded);
    }
    if (left > 0) {
        report_table_note(t, "%zu phases in which watching began or ended%s%s%s are left out.", left, untimed,
                          yielded, *untimed || *yielded ? "," : "");
    }
    report_table_note(t, "Warm-up requests are left out. GPU busy and kernels: medians of the watched "
                         "requests.");
}

static void put_latencies(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {
        {"k", "k", 'r'},          {"phase", "phase", 'l'},          {"n", "n", 'r'},
        {"p50_ms", "P50", 'r'},   {"p95_ms", "P95", 'r'},           {"p99_ms", "P99", 'r'},
        {"mean_ms", "mean", 'r'}, {"std_ms", "std", 'r'},           {"min_ms", "min", 'r'},
        {"max_ms", "max", 'r'},   {"gpu_busy_ms", "GPU busy", 'r'}, {"kernels", "kernels", 'r'}};
    report_table t;
    report_table_begin(&t, "latency", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Latency, ms");
    for (size_t i = 0; i < r->rows.count; i++) {
        const metrics_row *row = &r->rows.list[i];
        const stats_summary *s = &row->latency;
        const double values[] = {s->p50, s->p95, s->p99, s->mean, s->std, s->min, s->max, row->busy};
        put_head(&t, row);
        report_table_count(&t, s->n);
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            report_table_ms(&t, values[j]);
        }
        report_table_number(&t, row->kernels, row->kind == METRICS_ROW_TOKEN);
    }
    if (r->rows.count == 0) {
        report_table_note(&t, "  no finished vision, prefill or decode range outside of warm-up requests");
    } else {
        note_profiling(r, &t);
    }
    report_output_table(out, &t);
}

static void put_ci(report_table *t, stats_ci c) {
    report_table_ms(t, c.low);
    report_table_ms(t, c.high);
}

/* What makes a row's statistics doubtful. */
static void warn(report_table *t, const metrics_row *row) {
    char where[64];
    snprintf(where, sizeof where, row->k == BASE_NONE ? "%s" : "%s, k = %u", metrics_row_name(row->kind),
             row->k);
    if (row->drifts) {
        report_table_note(t, "Drift: %s: the last third of the requests took %.2f times the first third.",
                          where, row->drift);
    }
    if (row->outliers > 0) {
        report_table_note(
            t, "Outliers: %s: %zu of %zu lie more than 5 scaled median deviations from the median.", where,
            row->outliers, row->latency.n);
    }
}

static void put_certainty(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {
        {"k", "k", 'r'},          {"phase", "phase", 'l'},          {"n", "n", 'r'},
        {"p50_ms", "P50", 'r'},   {"p50_low_ms", "P50 low", 'r'},   {"p50_high_ms", "P50 high", 'r'},
        {"mean_ms", "mean", 'r'}, {"mean_low_ms", "mean low", 'r'}, {"mean_high_ms", "mean high", 'r'},
        {"drift", "drift", 'r'},  {"outliers", "outliers", 'r'}};
    report_table t;
    size_t fewest = SIZE_MAX;
    if (r->rows.count == 0) {
        return;
    }
    report_table_begin(&t, "confidence", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Confidence intervals (95 %%) of the latencies, ms");
    for (size_t i = 0; i < r->rows.count; i++) {
        const metrics_row *row = &r->rows.list[i];
        fewest = row->latency.n < fewest ? row->latency.n : fewest;
        put_head(&t, row);
        report_table_count(&t, row->latency.n);
        report_table_ms(&t, row->latency.p50);
        put_ci(&t, row->p50_ci);
        report_table_ms(&t, row->latency.mean);
        put_ci(&t, row->mean_ci);
        report_table_number(&t, row->drift, 3);
        report_table_count(&t, row->outliers);
    }
    report_table_note(&t, "By the bootstrap, from a fixed seed. last/first: median of the last third of the "
                          "requests over that of the first.");
    for (size_t i = 0; i < r->rows.count; i++) {
        warn(&t, &r->rows.list[i]);
    }
    if (fewest < P99_SAMPLES) {
        report_table_note(&t,
                          "P99 of fewer than %d samples (here from %zu) says little more than the maximum.",
                          P99_SAMPLES, fewest);
    }
    report_output_table(out, &t);
}

static void put_overhead(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"unprofiled_n", "n unprofiled", 'r'},
                                            {"unprofiled_p50_ms", "P50 unprofiled", 'r'},
                                            {"profiled_n", "n profiled", 'r'},
                                            {"profiled_p50_ms", "P50 profiled", 'r'},
                                            {"ratio", "ratio", 'r'},
                                            {"ratio_low", "low", 'r'},
                                            {"ratio_high", "high", 'r'}};
    report_table t;
    report_table_begin(&t, "overhead", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "Profiling overhead: durations of the ranges on the host, ms");
    double worst = 0;
    for (size_t i = 0; i < r->rows.count; i++) {
        const metrics_row *row = &r->rows.list[i];
        if (row->profiled == 0 || row->unprofiled == 0) {
            continue;
        }
        put_head(&t, row);
        report_table_count(&t, row->unprofiled);
        report_table_ms(&t, row->off.p50);
        report_table_count(&t, row->profiled);
        report_table_ms(&t, row->on.p50);
        report_table_number(&t, row->overhead, 3);
        report_table_number(&t, row->overhead_ci.low, 3);
        report_table_number(&t, row->overhead_ci.high, 3);
        worst = row->beyond > worst ? row->beyond : worst;
    }
    if (report_table_rows(&t) == 0) {
        report_table_free(&t);
        return;
    }
    report_table_note(&t, "ratio: watched over unwatched median, and its 95 %% interval by the bootstrap.");
    if (worst > 0) {
        report_table_note(&t,
                          "In watched requests GPU work went on for up to %.3f ms (median of a phase) behind "
                          "the range, which the latencies of unwatched ones do not hold.",
                          worst);
    }
    report_output_table(out, &t);
}

static void put_gpu_time(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {{"k", "k", 'r'},
                                            {"phase", "phase", 'l'},
                                            {"gpu_busy_ms", "GPU busy", 'r'},
                                            {"gpu_sum_ms", "sum", 'r'},
                                            {"gpu_idle_ms", "GPU idle", 'r'},
                                            {"idle_enqueue_ms", "in enqueue", 'r'},
                                            {"idle_sync_ms", "in sync", 'r'},
                                            {"idle_host_ms", "host work", 'r'},
                                            {"kernels_per_ms", "kernels/ms", 'r'}};
    report_table t;
    report_table_begin(&t, "gpu_time", REPORT_COLUMNS(columns), 1);
    report_table_title(&t, "GPU busy and idle time, ms");
    for (size_t i = 0; i < r->rows.count; i++) {
        const metrics_row *row = &r->rows.list[i];
        if (isnan(row->busy)) {
            continue;
        }
        put_head(&t, row);
        report_table_ms(&t, row->busy);
        report_table_ms(&t, row->gpu_sum);
        report_table_ms(&t, row->idle);
        report_table_ms(&t, row->idle_enqueue);
        report_table_ms(&t, row->idle_sync);
        report_table_ms(&t, row->idle_between);
        report_table_number(&t, row->kernels / (row->busy + row->idle), 1);
    }
    if (report_table_rows(&t) == 0) {
        report_table_free(&t);
        return;
    }
    report_table_note(&t, "Medians of the watched requests. busy: at least one kernel, copy or fill of the "
                          "phase ran; sum: overlapping ones count twice. idle: the rest of the phase, while "
                          "the host was in a call that launches, in one that waits, or in neither.");
    report_output_table(out, &t);
}

void report_latency(const metrics_results *r, report_output *out) {
    put_latencies(r, out);
    put_certainty(r, out);
    put_overhead(r, out);
    put_gpu_time(r, out);
}
