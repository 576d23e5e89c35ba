/* What makes the results of a trace uncertain: lost data, few requests, the overhead of profiling, missing inputs. */
#include "analysis/report/report_completeness.h"
#include "analysis/report/report_verdict.h"

#include "analysis/base/text.h"
#include "analysis/report/report_internal.h"
#include "analysis/stats/bootstrap.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static uint64_t counter(const metrics_results *r, const char *name) {
    const metrics_counter *c = metrics_results_counter(r, name);
    return c ? c->value : 0;
}

/* Lists what is missing, after one another. */
typedef struct {
    FILE *text;
    size_t count;
} listing;

static void list_count(listing *l, uint64_t n, const char *what, const char *how) {
    char count[32];
    if (n > 0) {
        fprintf(l->text, "%s%s %s%s%s", l->count++ ? ", " : "", base_text_count(count, n), what,
                n == 1 ? "" : "s", how);
    }
}

static void doubt_completeness(const metrics_results *r, report_table *t) {
    char *line = NULL;
    size_t len;
    listing l = {.text = open_memstream(&line, &len)};
    if (!l.text) {
        return;
    }
    if (!r->status.ended || r->status.cut) {
        fputs("the recording has no regular end", l.text);
        l.count++;
    }
    list_count(&l, r->status.bytes_skipped, "byte", " unreadable");
    if (counter(r, "gpu.undelivered")) {
        fprintf(l.text, "%sthe process left before CUPTI delivered the records of its last GPU work",
                l.count++ ? ", " : "");
    }
    list_count(&l, counter(r, "host.dropped"), "host event", " dropped");
    list_count(&l, counter(r, "gpu.dropped"), "GPU record", " dropped");
    list_count(&l, counter(r, "gpu.buffers_dropped"), "buffer", " of GPU records dropped");
    list_count(&l, r->kernels_unattributed.count, "kernel", " without a launch");
    list_count(&l, r->kernels_untimed, "kernel", " without a time");
    list_count(&l, r->left_open, "range", " left open");
    list_count(&l, r->pops_without_push + r->ends_without_start, "end", " of ranges without a start");
    if (fclose(l.text) == 0 && report_incomplete(r)) {
        report_table_fieldf(t, "incomplete", "incomplete",
                            "The trace is not complete%s%s; see --section completeness.", l.count ? ": " : "",
                            line);
    }
    free(line);
}

static void doubt_samples(const metrics_results *r, report_table *t) {
    metrics_row_kind kind = report_verdict_kind(r);
    size_t fewest = SIZE_MAX, drifts = 0, outliers = 0;
    for (size_t i = 0; i < r->rows.count; i++) {
        const metrics_row *row = &r->rows.list[i];
        fewest = row->kind == kind && row->latency.n < fewest ? row->latency.n : fewest;
        drifts += row->drifts;
        outliers += row->outliers > 0;
    }
    if (fewest < STATS_BOOTSTRAP_SAMPLES) {
        report_table_fieldf(t, "few", "few requests",
                            "Only %zu request%s at some k: from %d at each k on the report has confidence "
                            "intervals and says what k costs.",
                            fewest, fewest == 1 ? "" : "s", STATS_BOOTSTRAP_SAMPLES);
    }
    if (r->only_warmup) {
        report_table_field(t, "warmup", "warm-up", "All requests are warm-up: the latencies are theirs.");
    }
    if (drifts + outliers > 0) {
        report_table_fieldf(
            t, "variation", "variation",
            "Of %zu latencies (k and phase) %zu drift, and %zu have outliers; see --section latency.",
            r->rows.count, drifts, outliers);
    }
}

/* Whether k changed what ran, and whether the requests of different k can be compared. */
static void doubt_k(const metrics_results *r, report_table *t) {
    const metrics_row *top = report_verdict_top(r, report_verdict_kind(r));
    const metrics_row *base = top ? metrics_rows_base(&r->rows, top->kind) : NULL;
    if (!base || base == top) {
        return;
    }
    if (report_verdict_same_experts(base, top)) {
        report_table_fieldf(
            t, "k", "k",
            "No more experts ran at k = %u than at k = %u (%.1f and %.1f in a layer): k may not have "
            "been applied; see moetrace verify.",
            top->k, base->k, top->active, base->active);
    }
    if (base->from != top->from) {
        report_table_fieldf(
            t, "kinds", "kinds",
            "Latencies at k = %u are of profiled requests and at k = %u of unprofiled ones: they are "
            "not compared.",
            base->from == ATTRIBUTION_UNPROFILED ? top->k : base->k,
            base->from == ATTRIBUTION_UNPROFILED ? base->k : top->k);
    } else if (top->p50_ci.low <= base->p50_ci.high && !report_verdict_is_free(base, top)) {
        report_table_fieldf(
            t, "noise", "noise",
            "The latencies at k = %u and k = %u are not distinguishable: their confidence intervals "
            "overlap, or the larger k is the faster one.",
            base->k, top->k);
    }
}

static void doubt_profiling(const metrics_results *r, report_table *t) {
    const metrics_row *worst = NULL;
    size_t unprofiled = 0, after = 0;
    for (size_t i = 0; i < r->rows.count; i++) {
        const metrics_row *row = &r->rows.list[i];
        unprofiled += row->from == ATTRIBUTION_UNPROFILED;
        after += row->after_profiling;
        if (row->kind != METRICS_ROW_TOKEN && !isnan(row->overhead) &&
            (!worst || row->overhead > worst->overhead)) {
            worst = row;
        }
    }
    if (worst) {
        report_table_fieldf(
            t, "overhead", "profiling",
            "Profiled requests took up to %.2f times as long as unprofiled ones (%s%s): GPU times are "
            "of the former%s.",
            worst->overhead, metrics_row_name(worst->kind),
            isnan(worst->overhead_ci.low) ? ", from few requests" : "",
            unprofiled ? ", latencies of the latter" : "");
    } else if (unprofiled == 0 && r->rows.count > 0 && metrics_results_have_gpu(r)) {
        report_table_field(t, "overhead", "profiling",
                           "All requests were profiled, which slows the host: how much is not known.");
    }
    if (after > 0 && metrics_results_have_gpu(r)) {
        report_table_field(t, "after", "after profiling",
                           "Unprofiled requests ran after profiled ones, which slows every launch a little.");
    }
    if (r->yielded) {
        report_table_field(t, "yielded", "other tools", "Another tool held CUPTI for a part of the run.");
    }
}

static void doubt_bottleneck(const metrics_results *r, report_table *t) {
    const metrics_row *top = report_verdict_top(r, report_verdict_kind(r));
    const metrics_bottlenecks *b = &r->bottlenecks;
    const metrics_bottleneck *one =
        top ? metrics_bottlenecks_find(b, top->k,
                                       top->kind == METRICS_ROW_TOKEN ? METRICS_ROW_DECODE : top->kind)
            : NULL;
    if (one && one->verdict == METRICS_BOTTLENECK_UNKNOWN && one->missing) {
        report_table_fieldf(t, "bottleneck", "bottleneck", "The bottleneck is not known for lack of: %s.",
                            one->missing);
    } else if (one && one->verdict == METRICS_BOTTLENECK_HOST && report_verdict_of(r, top) != one->verdict) {
        report_table_fieldf(
            t, "bottleneck", "bottleneck",
            "The GPU is idle for %.0f %% of the time in profiled requests; without profiling it may be "
            "less than half, so that the host would not be the bottleneck.",
            100 * one->idle);
    }
    if (b->workload.contradiction[0]) {
        report_table_fieldf(t, "model", "model", "The model of --model is not used: %s.",
                            b->workload.contradiction);
    }
    if (b->beyond_peak > 0) {
        report_table_field(
            t, "peaks", "peaks",
            "Some rates are beyond the device's peaks: the model, its type or the peaks are not "
            "those of the run.");
    }
}

void report_doubts_table(const metrics_results *r, report_table *t) {
    report_table_begin_fields(t, "doubts", "What is uncertain");
    doubt_completeness(r, t);
    doubt_samples(r, t);
    doubt_k(r, t);
    doubt_profiling(r, t);
    doubt_bottleneck(r, t);
}
