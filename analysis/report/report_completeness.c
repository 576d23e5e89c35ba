/* What a trace misses, and the recorder's own cost. */
#include "analysis/report/report_completeness.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* part / whole in percent, rounded towards 0: 100.00 % is all. */
static const char *percent(char buf[32], uint64_t part, uint64_t whole) {
    if (part == whole) {
        return whole ? "100 %" : "-";
    }
    snprintf(buf, 32, "%.2f %%", floor(1e4 * (double)part / (double)whole) / 100);
    return buf;
}

static void put_times(const metrics_results *r, report_table *t) {
    uint64_t attributed = r->kernels_in_ranges.ns + r->kernels_outside.ns;
    uint64_t sum = attributed + r->kernels_unattributed.ns, all = r->kernels_all.ns;
    char share[32];
    if (!metrics_results_have_gpu(r)) {
        report_table_field(t, "kernels.ns", "kernel time", NULL);
        return;
    }
    report_table_fieldf(t, "kernels.ns", "kernel time",
                        "%" PRIu64 " ns %s %" PRIu64 " ns attributed + %" PRIu64 " ns unattributed",
                        r->kernels_all.ns,
                        sum == r->kernels_all.ns ? "in total =" : "in total, but (an error of moetrace)",
                        attributed, r->kernels_unattributed.ns);
    report_table_fieldf(t, "kernels.attributed", "  attributed", "%s of the kernel time",
                        percent(share, attributed, all));
    report_table_fieldf(t, "kernels.count", "kernels", "%" PRIu64 " in total", r->kernels_all.count);
    report_table_fieldf(t, "kernels.in_ranges", "  in ranges", "%" PRIu64 ", %" PRIu64 " ns, %s",
                        r->kernels_in_ranges.count, r->kernels_in_ranges.ns,
                        percent(share, r->kernels_in_ranges.ns, all));
    report_table_fieldf(
        t, "kernels.outside", "  outside", "%" PRIu64 ", %" PRIu64 " ns, %s, launched outside every range",
        r->kernels_outside.count, r->kernels_outside.ns, percent(share, r->kernels_outside.ns, all));
    if (r->kernels_other_domains.count + r->transfers_other_domains.count > 0) {
        report_table_fieldf(t, "kernels.other_domains", "  other domains",
                            "%" PRIu64 " of those outside, %" PRIu64 " ns, and %" PRIu64
                            " copies and memsets were launched in ranges of NVTX domains that own no work "
                            "(with ranges: %s): --domains lets a domain own work",
                            r->kernels_other_domains.count, r->kernels_other_domains.ns,
                            r->transfers_other_domains.count, r->other_domains ? r->other_domains : "-");
    }
    report_table_fieldf(t, "kernels.unattributed", "  unattributed",
                        "%" PRIu64 ", %" PRIu64 " ns, %s, without a record of their launch",
                        r->kernels_unattributed.count, r->kernels_unattributed.ns,
                        percent(share, r->kernels_unattributed.ns, all));
    if (r->kernels_before.count > 0) {
        report_table_fieldf(
            t, "kernels.before", "  launched before",
            "%" PRIu64 " of the unattributed, %" PRIu64
            " ns, began before the first recorded call: their launches came before the recording",
            r->kernels_before.count, r->kernels_before.ns);
    }
    report_table_fieldf(t, "kernels.untimed", "  untimed", "%" PRIu64 ", counted above without a time",
                        r->kernels_untimed);
    report_table_fieldf(t, "transfers", "copies and memsets",
                        "%" PRIu64 ", %" PRIu64 " ns; %" PRIu64 " unattributed, %" PRIu64 " untimed",
                        r->transfers_all.count, r->transfers_all.ns, r->transfers_unattributed.count,
                        r->transfers_untimed);
    if (r->kernels_impossible + r->transfers_impossible > 0) {
        report_table_fieldf(t, "times.impossible", "impossible times",
                            "%" PRIu64 " kernels, %" PRIu64
                            " copies and memsets: untimed, as their times cannot be",
                            r->kernels_impossible, r->transfers_impossible);
    }
    if (r->kernels_early + r->transfers_early > 0) {
        char ms[32];
        report_table_fieldf(
            t, "times.early", "before their launch",
            "%" PRIu64 " kernels, %" PRIu64
            " copies and memsets begin before their call, by up to %s ms: the clocks of host and GPU differ",
            r->kernels_early, r->transfers_early, report_format_ms(ms, (double)r->earliest_ns / 1e6));
    }
    if (r->unknown_nodes > 0) {
        report_table_fieldf(t, "graph_nodes.unknown", "graph nodes unknown",
                            "%" PRIu64 " GPU operations are attributed to the range of their graph's launch",
                            r->unknown_nodes);
    }
    if (r->late_marks > 0) {
        report_table_fieldf(
            t, "marks.late", "profiling",
            "%" PRIu64 " times profiling began or ended on one thread after ranges of another had been read: "
            "their calls, tokens and host time may be counted for the wrong kind of request",
            r->late_marks);
    }
    if (r->late > 0) {
        report_table_fieldf(t, "records.late", "GPU busy",
                            "%" PRIu64 " records came too late to be counted completely", r->late);
    }
}

static void put_file(const metrics_results *r, report_table *t) {
    const trace_status *s = &r->status;
    report_table_fieldf(t, "trace.bytes", "trace bytes",
                        "%" PRIu64 " of %" PRIu64 " unreadable; %" PRIu64 " damaged places, %" PRIu64
                        " unknown chunks; file cut: %s",
                        s->bytes_skipped, s->bytes_total, s->chunks_damaged, s->chunks_unknown,
                        s->cut ? "yes" : "no");
    if (s->ended) {
        report_table_fieldf(t, "trace.end", "end of recording", "regular (%s)",
                            r->end_reason ? r->end_reason : "-");
    } else {
        report_table_field(t, "trace.end", "end of recording",
                           "abrupt: the trace has no end record; its last events may be missing");
    }
}

/* What the recorder counts, in the order of printing; a count that the trace does not hold is shown as
 * missing. */
static const struct {
    const char *name, *label;
} counters[] = {
    {"host.dropped", "host events dropped"},
    {"gpu.dropped", "GPU records dropped"},
    {"gpu.buffers_dropped", "GPU buffers dropped"},
    {"gpu.untimed", "untimed, recorder"},
    {"string.cut", "names truncated"},
    {"cost.host_events", "cost: host events"},
    {"cost.host_ns", "cost: host time"},
    {"cost.writer_cpu_ns", "cost: writer CPU"},
    {"cost.memory_peak_bytes", "cost: memory peak"},
    {"cost.file_bytes", "cost: file"},
};

static bool is_listed(const char *name) {
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        if (strcmp(name, counters[i].name) == 0) {
            return true;
        }
    }
    return false;
}

static void put_counter(const metrics_counter *c, const char *label, report_table *t) {
    size_t len = strlen(c->name);
    if (len > 3 && strcmp(c->name + len - 3, "_ns") == 0) {
        char buf[32];
        report_table_fieldf(t, c->name, label, "%s ms (%s)", report_format_ms(buf, (double)c->value / 1e6),
                            c->name);
    } else if (len > 6 && strcmp(c->name + len - 6, "_bytes") == 0) {
        bool small = c->value < 1u << 20;
        report_table_fieldf(t, c->name, label, "%.1f %s (%s)",
                            (double)c->value / (small ? 1u << 10 : 1u << 20), small ? "KiB" : "MiB", c->name);
    } else {
        report_table_fieldf(t, c->name, label, "%" PRIu64 " (%s)", c->value, c->name);
    }
}

static void put_counters(const metrics_results *r, report_table *t) {
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        const metrics_counter *c = metrics_results_counter(r, counters[i].name);
        if (c) {
            put_counter(c, counters[i].label, t);
        } else {
            report_table_field(t, counters[i].name, counters[i].label, NULL);
        }
    }
    for (size_t i = 0; i < r->counter_count; i++) {
        if (!is_listed(r->counters[i].name)) {
            report_table_fieldf(t, r->counters[i].name, r->counters[i].name, "%" PRIu64,
                                r->counters[i].value);
        }
    }
}

static void put_integrity_fields(const metrics_results *r, report_table *t) {
    put_times(r, t);
    report_table_fieldf(t, "ranges.left_open", "ranges left open", "%" PRIu64, r->left_open);
    report_table_fieldf(t, "ranges.pops_without_push", "pops without push", "%" PRIu64, r->pops_without_push);
    report_table_fieldf(t, "ranges.ends_without_start", "ends without start", "%" PRIu64,
                        r->ends_without_start);
    put_file(r, t);
    put_counters(r, t);
    for (size_t i = 0; i < r->meta_count; i++) {
        if (strncmp(r->meta[i].key, "note.", 5) == 0) {
            report_table_field(t, r->meta[i].key, r->meta[i].key, r->meta[i].value);
        }
    }
}

bool report_incomplete(const metrics_results *r) {
    static const char *const losses[] = {"host.dropped",    "gpu.dropped",     "gpu.buffers_dropped",
                                         "gpu.undecoded",   "gpu.undelivered", "string.lost",
                                         "file.lost_bytes", "graphs.whole"};
    bool lost = r->status.bytes_skipped > 0 || r->status.cut || !r->status.ended || r->left_open > 0 ||
                r->pops_without_push > 0 || r->ends_without_start > 0 || r->kernels_unattributed.count > 0 ||
                r->kernels_untimed > 0 || r->transfers_impossible > 0 || r->late > 0;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        const metrics_counter *c = metrics_results_counter(r, losses[i]);
        lost = lost || (c && c->value > 0);
    }
    return lost;
}

/* A row of the table for programs. */
static void put_known_count(report_table *t, const char *name, bool known, uint64_t value) {
    report_table_cell(t, "%s", name);
    if (known) {
        report_table_count(t, value);
    } else {
        report_table_missing(t);
    }
}

static void put_work(report_table *t, const char *name, bool known, const attribution_work *work) {
    char row[64];
    snprintf(row, sizeof row, "%s.count", name);
    put_known_count(t, row, known, work->count);
    snprintf(row, sizeof row, "%s.ns", name);
    put_known_count(t, row, known, work->ns);
}

/* The same once more for programs, each number on its own; the recorder's counters by their own names. */
static void put_numbers(const metrics_results *r, report_table *t) {
    const trace_status *s = &r->status;
    bool gpu = metrics_results_have_gpu(r);
    put_known_count(t, "complete", true, !report_incomplete(r));
    put_work(t, "kernels", gpu, &r->kernels_all);
    put_work(t, "kernels.in_ranges", gpu, &r->kernels_in_ranges);
    put_work(t, "kernels.outside", gpu, &r->kernels_outside);
    put_work(t, "kernels.other_domains", gpu, &r->kernels_other_domains);
    put_work(t, "kernels.unattributed", gpu, &r->kernels_unattributed);
    put_known_count(t, "kernels.untimed", gpu, r->kernels_untimed);
    put_work(t, "transfers", gpu, &r->transfers_all);
    put_work(t, "transfers.unattributed", gpu, &r->transfers_unattributed);
    put_known_count(t, "transfers.untimed", gpu, r->transfers_untimed);
    put_known_count(t, "kernels.impossible", gpu, r->kernels_impossible);
    put_known_count(t, "transfers.impossible", gpu, r->transfers_impossible);
    put_known_count(t, "kernels.early", gpu, r->kernels_early);
    put_known_count(t, "transfers.early", gpu, r->transfers_early);
    put_work(t, "kernels.before", gpu, &r->kernels_before);
    put_work(t, "transfers.before", gpu, &r->transfers_before);
    put_known_count(t, "graph_nodes.unknown", gpu, r->unknown_nodes);
    put_known_count(t, "records.late", gpu, r->late);
    put_known_count(t, "marks.late", true, r->late_marks);
    put_known_count(t, "ranges.left_open", true, r->left_open);
    put_known_count(t, "ranges.pops_without_push", true, r->pops_without_push);
    put_known_count(t, "ranges.ends_without_start", true, r->ends_without_start);
    put_known_count(t, "trace.bytes", true, s->bytes_total);
    put_known_count(t, "trace.bytes_unreadable", true, s->bytes_skipped);
    put_known_count(t, "trace.chunks_damaged", true, s->chunks_damaged);
    put_known_count(t, "trace.chunks_unknown", true, s->chunks_unknown);
    put_known_count(t, "trace.cut", true, s->cut);
    put_known_count(t, "trace.ended_on_purpose", true, s->ended);
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        const metrics_counter *c = metrics_results_counter(r, counters[i].name);
        put_known_count(t, counters[i].name, c, c ? c->value : 0);
    }
    for (size_t i = 0; i < r->counter_count; i++) {
        if (!is_listed(r->counters[i].name)) {
            put_known_count(t, r->counters[i].name, true, r->counters[i].value);
        }
    }
}

void report_completeness(const metrics_results *r, report_output *out) {
    report_table t;
    report_table_begin_fields(&t, "completeness", "Completeness");
    put_integrity_fields(r, &t);
    report_output_table(out, &t);
    if (out->format == REPORT_JSON || out->format == REPORT_CSV) {
        static const report_column columns[] = {{"name", "name", 'l'}, {"value", "value", 'r'}};
        report_table_begin(&t, "completeness_counts", REPORT_COLUMNS(columns), 0);
        report_table_title(&t, "Completeness, counts");
        put_numbers(r, &t);
        report_output_table(out, &t);
    }
}
