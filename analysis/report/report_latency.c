/* The report's tables of the sweep: latencies, their confidence intervals, profiling overhead, GPU time. */
#include "analysis/report/report_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/report/report_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* With fewer samples P99 is little else than the longest of them. */
#define P99_SAMPLES 100

#define ROWS_NAMED 3 /* of those that a note is about */

/* Which requests the latencies are of. */
static void note_profiling(const metrics_results *r, report_table *t) {
    if (r->only_warmup) {
        report_table_note(t, "All requests of this trace are of warm-up: these rows are theirs.");
    }
    size_t unprofiled = 0, after = 0, later = 0, partly = 0, left = 0;
    for (size_t i = 0; i < r->rows.count; i++) {
        unprofiled += r->rows.list[i].from == ATTRIBUTION_UNPROFILED;
        after += r->rows.list[i].after_profiling;
        later += r->rows.list[i].left_out;
        partly += r->rows.list[i].from == ATTRIBUTION_PARTLY_PROFILED;
        left += r->rows.list[i].from == ATTRIBUTION_PARTLY_PROFILED ? 0 : r->rows.list[i].partly;
    }
    if (unprofiled == r->rows.count) {
        report_table_note(t, "Latencies are the durations of unprofiled requests, on the host's clock.");
    } else if (unprofiled > 0) {
        report_table_note(t,
                          "Where a row has unprofiled requests (see Profiling overhead), its latencies are "
                          "their durations on the host's clock; the other rows are of profiled requests.");
    } else if (partly == r->rows.count) {
        report_table_note(
            t, "All requests were profiled in part: profiling began or ended during each of them.");
    } else if (!metrics_results_have_gpu(r)) {
        report_table_note(t, "Host time only: the trace holds no GPU work.");
    } else {
        report_table_note(t,
                          "Latencies are of profiled requests, from the start of the range until the range "
                          "and the GPU work launched in it have ended; there are no unprofiled requests.");
    }
    if (after > 0 && metrics_results_have_gpu(r)) {
        report_table_note(t, "CUPTI had been on before in this process, which slows every later launch, on "
                             "an H100 by about 0.9 us (docs/measuring.md). To avoid that, run the unprofiled "
                             "requests first: the program emits a `watch off` mark (docs/recording.md).");
    } else if (unprofiled > 0 && after == 0 && metrics_results_have_gpu(r)) {
        report_table_note(t, "The unprofiled requests ran before CUPTI was switched on in this process.");
    }
    if (later > 0) {
        report_table_note(t, "%zu unprofiled phases that ran after the first profiled one are left out.",
                          later);
    }
    if (r->yielded) {
        report_table_note(t, "Another tool held CUPTI for a part of the run and may have slowed it: phases "
                             "in that part are neither profiled nor unprofiled.");
    }
    const char *untimed = r->kernels_untimed > 0 ? ", or kernels have no times" : "";
    const char *yielded = r->yielded ? ", or another tool held CUPTI" : "";
    if (partly > 0) {
        report_table_note(t, "In %zu rows profiling began or ended during every request%s%s.", partly,
                          untimed, yielded);
    }
    if (left > 0) {
        report_table_note(t, "%zu phases during which profiling began or ended%s%s%s are left out.", left,
                          untimed, yielded, *untimed || *yielded ? "," : "");
    }
    report_table_note(t, "%sGPU busy and kernels: medians of the profiled requests.",
                      r->only_warmup ? "" : "Warm-up requests are left out. ");
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
        report_table_phase(&t, row->k, row->kind);
        report_table_count(&t, s->n);
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            report_table_ms(&t, values[j]);
        }
        report_table_number(&t, row->kernels, row->kind == METRICS_ROW_TOKEN);
    }
    if (r->rows.count == 0) {
        report_table_note(
            &t, "The trace has no finished vision, prefill or decode range outside of warm-up requests.");
    } else {
        note_profiling(r, &t);
    }
    report_output_table(out, &t);
}

/* Adds a row to a list of where something is the case, of which the first few are named. */
static void name_row(FILE *text, size_t number, const metrics_row *row) {
    if (number < ROWS_NAMED) {
        fprintf(text, row->k == BASE_NONE ? "%s%s" : "%s%s at k = %u", number ? ", " : "",
                metrics_row_name(row->kind), row->k);
    } else if (number == ROWS_NAMED) {
        fputs(", ...", text);
    }
}

/* What makes rows' statistics doubtful, in one note for each reason. */
static void warn(report_table *t, const metrics_rows *rows) {
    char *names[2] = {NULL, NULL};
    size_t len[2], drifts = 0, outliers = 0;
    double most = 1;
    FILE *drifting = open_memstream(&names[0], &len[0]), *outlying = open_memstream(&names[1], &len[1]);
    for (size_t i = 0; drifting && outlying && i < rows->count; i++) {
        const metrics_row *row = &rows->list[i];
        if (row->drifts) {
            name_row(drifting, drifts++, row);
            most = fabs(log(row->drift)) > fabs(log(most)) ? row->drift : most;
        }
        if (row->outliers > 0) {
            name_row(outlying, outliers++, row);
        }
    }
    bool named = drifting && fclose(drifting) == 0;
    named = outlying && fclose(outlying) == 0 && named;
    if (named && drifts > 0) {
        report_table_note(
            t,
            "Drift in %zu of %zu rows (%s): the last third of the requests took up to %.2f times as long as "
            "the first third.",
            drifts, rows->count, names[0], most);
    }
    if (named && outliers > 0) {
        report_table_note(
            t, "Outliers in %zu of %zu rows (%s): more than 5 scaled median deviations from the median.",
            outliers, rows->count, names[1]);
    }
    free(names[0]);
    free(names[1]);
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
        report_table_phase(&t, row->k, row->kind);
        report_table_count(&t, row->latency.n);
        report_table_ms(&t, row->latency.p50);
        report_table_ms_interval(&t, row->p50_ci);
        report_table_ms(&t, row->latency.mean);
        report_table_ms_interval(&t, row->mean_ci);
        report_table_number(&t, row->drift, 3);
        report_table_count(&t, row->outliers);
    }
    report_table_note(&t, "Bootstrap with a fixed seed. drift: median of the last third of the requests "
                          "divided by the median of the first third.");
    warn(&t, &r->rows);
    if (fewest < P99_SAMPLES) {
        report_table_note(&t,
                          "P99 of fewer than %d samples is close to the maximum; the fewest here are %zu.",
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
        report_table_phase(&t, row->k, row->kind);
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
    report_table_note(&t, "ratio: median of the profiled requests divided by that of the unprofiled ones, "
                          "with its 95 %% confidence interval (bootstrap).");
    if (worst > 0) {
        report_table_note(&t,
                          "In profiled requests GPU work continued for up to %.3f ms (median of a phase) "
                          "after the end of the range; latencies of unprofiled requests do not include that.",
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
        report_table_phase(&t, row->k, row->kind);
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
    report_table_note(
        &t, "Medians of the profiled requests. GPU busy: at least one kernel, copy or memset of the phase "
            "was running; sum: their durations added up. GPU idle: the rest of the phase, while the host was "
            "in a call that enqueues work, in a synchronizing call, or in neither (host work).");
    report_output_table(out, &t);
}

static void put_step_shapes(const metrics_results *r, report_output *out) {
    static const report_column columns[] = {
        {"k", "k", 'r'},        {"phase", "phase", 'l'},         {"shape", "shape", 'l'},
        {"n", "n", 'r'},        {"requests", "requests", 'r'},   {"tokens", "tokens", 'r'},
        {"p50_ms", "P50", 'r'}, {"p95_ms", "P95", 'r'},          {"p99_ms", "P99", 'r'},
        {"max_ms", "max", 'r'}, {"gpu_busy_ms", "GPU busy", 'r'}};
    report_table t;
    if (r->step_shapes.count == 0) {
        return;
    }
    report_table_begin(&t, "step_shapes", REPORT_COLUMNS(columns), 2);
    report_table_title(&t, "Latency of a server's steps by shape, ms");
    for (size_t i = 0; i < r->step_shapes.count; i++) {
        const metrics_step_shape *s = &r->step_shapes.list[i];
        const char *unit = s->by_tokens ? "tokens" : "requests";
        report_table_index(&t, s->k);
        report_table_cell(&t, "%s", attribution_phase_name(s->phase));
        if (s->low == s->high) {
            report_table_cell(&t, "%u %s", s->low, unit);
        } else {
            report_table_cell(&t, "%u to %u %s", s->low, s->high, unit);
        }
        report_table_count(&t, s->latency.n);
        report_table_number(&t, s->requests, 1);
        report_table_number(&t, s->tokens, 1);
        const double values[] = {s->latency.p50, s->latency.p95, s->latency.p99, s->latency.max, s->busy};
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            report_table_ms(&t, values[j]);
        }
    }
    report_table_note(
        &t, "Shapes are from the names of the steps; requests and tokens are the means of the steps.");
    report_output_table(out, &t);
}

void report_latency(const metrics_results *r, report_output *out) {
    put_latencies(r, out);
    put_step_shapes(r, out);
    put_certainty(r, out);
    put_overhead(r, out);
    put_gpu_time(r, out);
}
