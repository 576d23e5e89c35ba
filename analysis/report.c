/* The report as a whole; its fields: what the run was, and what the trace misses. */
#include "analysis/report.h"

#include "analysis/memory.h"
#include "analysis/table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool has_gpu(const analysis_results *r) {
    return r->gpu_records > 0;
}

/* ---- The run ---- */

static const struct {
    const char *key, *label;
} run_fields[] = {
    {"program", "program"},         {"command", "command"},
    {"cwd", "directory"},           {"host", "host"},
    {"kernel", "system"},           {"started", "started"},
    {"recorder", "recorder"},       {"level", "level"},
    {"cuda.driver", "CUDA driver"}, {"cuda.runtime", "CUDA runtime"},
    {"cupti.version", "CUPTI"},     {"cupti.library", "CUPTI library"},
};

static bool starts_with(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *device_value(const analysis_results *r, unsigned device, const char *key) {
    char name[64];
    snprintf(name, sizeof name, "device.%u.%s", device, key);
    return analysis_results_meta(r, name);
}

/* One line for a device: its name, then what is known of it. */
static void put_device(const analysis_results *r, unsigned device, const char *name, analysis_table *t) {
    static const struct {
        const char *key, *unit;
        double scale;
    } numbers[] = {{"memory_bytes", "GiB", 1.0 / (1u << 30)},
                   {"multiprocessors", "multiprocessors", 1},
                   {"clock_khz", "MHz", 1e-3},
                   {"memory_clock_khz", "MHz memory", 1e-3},
                   {"memory_bus_bits", "bit bus", 1}};
    char label[32], *line = NULL;
    size_t len;
    FILE *text = open_memstream(&line, &len);
    if (!text) {
        return;
    }
    fputs(name, text);
    const char *capability = device_value(r, device, "compute_capability");
    if (capability) {
        fprintf(text, ", compute capability %s", capability);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *value = device_value(r, device, numbers[i].key);
        if (value) {
            double scaled = strtod(value, NULL) * numbers[i].scale;
            fprintf(text, ", %.*f %s", i == 0, scaled, numbers[i].unit);
        }
    }
    fclose(text);
    snprintf(label, sizeof label, "device %u", device);
    analysis_table_field(t, label, line);
    free(line);
}

static void put_devices(const analysis_results *r, analysis_table *t) {
    bool any = false;
    for (size_t i = 0; i < r->meta_count; i++) {
        unsigned device;
        int used = 0;
        if (sscanf(r->meta[i].key, "device.%9u.name%n", &device, &used) == 1 && used > 0 &&
            r->meta[i].key[used] == '\0') {
            put_device(r, device, r->meta[i].value, t);
            any = true;
        }
    }
    if (!any) {
        analysis_table_field(t, "device", NULL);
    }
}

static bool is_known(const char *key) {
    for (size_t i = 0; i < sizeof run_fields / sizeof *run_fields; i++) {
        if (strcmp(key, run_fields[i].key) == 0) {
            return true;
        }
    }
    return starts_with(key, "device.") || starts_with(key, "note.");
}

static void put_run_fields(const analysis_results *r, analysis_table *t) {
    analysis_table_field(t, "trace", r->path);
    for (size_t i = 0; i < sizeof run_fields / sizeof *run_fields; i++) {
        analysis_table_field(t, run_fields[i].label, analysis_results_meta(r, run_fields[i].key));
    }
    put_devices(r, t);
    char model[160];
    analysis_table_field(t, "model", analysis_workload_text(&r->bounds.workload, model));
    for (size_t i = 0; i < r->meta_count; i++) {
        if (!is_known(r->meta[i].key)) {
            analysis_table_field(t, r->meta[i].key, r->meta[i].value);
        }
    }
    analysis_table_fieldf(t, "process", "%u", r->status.header.pid);
    if (r->last_time > r->status.header.monotonic_ns) {
        double seconds = (double)(r->last_time - r->status.header.monotonic_ns) / 1e9;
        analysis_table_fieldf(t, "duration", "%.3f s%s", seconds,
                              r->status.ended ? "" : ", until the last event that was recorded");
    } else {
        analysis_table_field(t, "duration", NULL);
    }
}

/* ---- Integrity ---- */

/* part / whole in percent, rounded towards 0: 100.00 % is all. */
static const char *percent(char buf[32], uint64_t part, uint64_t whole) {
    if (part == whole) {
        return whole ? "100 %" : "-";
    }
    snprintf(buf, 32, "%.2f %%", floor(1e4 * (double)part / (double)whole) / 100);
    return buf;
}

static void put_times(const analysis_results *r, analysis_table *t) {
    uint64_t attributed = r->kernels_in_ranges.ns + r->kernels_outside.ns;
    uint64_t sum = attributed + r->kernels_unattributed.ns, all = r->kernels_all.ns;
    char share[32];
    if (!has_gpu(r)) {
        analysis_table_field(t, "kernel time", NULL);
        return;
    }
    analysis_table_fieldf(
        t, "kernel time", "%" PRIu64 " ns %s %" PRIu64 " ns attributed + %" PRIu64 " ns unattributed",
        r->kernels_all.ns, sum == r->kernels_all.ns ? "in all =" : "in all, but (a fault of moetrace)",
        attributed, r->kernels_unattributed.ns);
    analysis_table_fieldf(t, "  attributed", "%s of the kernel time", percent(share, attributed, all));
    analysis_table_fieldf(t, "kernels", "%" PRIu64 " in all", r->kernels_all.count);
    analysis_table_fieldf(t, "  in ranges", "%" PRIu64 ", %" PRIu64 " ns, %s", r->kernels_in_ranges.count,
                          r->kernels_in_ranges.ns, percent(share, r->kernels_in_ranges.ns, all));
    analysis_table_fieldf(t, "  outside", "%" PRIu64 ", %" PRIu64 " ns, %s, launched outside every range",
                          r->kernels_outside.count, r->kernels_outside.ns,
                          percent(share, r->kernels_outside.ns, all));
    analysis_table_fieldf(t, "  unattributed",
                          "%" PRIu64 ", %" PRIu64 " ns, %s, without a record of their launch",
                          r->kernels_unattributed.count, r->kernels_unattributed.ns,
                          percent(share, r->kernels_unattributed.ns, all));
    analysis_table_fieldf(t, "  untimed", "%" PRIu64 ", counted above without a time", r->kernels_untimed);
    analysis_table_fieldf(
        t, "copies and fills", "%" PRIu64 ", %" PRIu64 " ns; %" PRIu64 " unattributed, %" PRIu64 " untimed",
        r->transfers_all.count, r->transfers_all.ns, r->transfers_unattributed.count, r->transfers_untimed);
    if (r->unknown_nodes > 0) {
        analysis_table_fieldf(t, "graph nodes unknown",
                              "%" PRIu64
                              " pieces of GPU work are counted for the range of their graph's launch",
                              r->unknown_nodes);
    }
    if (r->late_marks > 0) {
        analysis_table_fieldf(
            t, "watching",
            "%" PRIu64 " times it began or ended on one thread, and ranges of another were read before: "
            "their calls, tokens and host time may be counted as of the other kind of request",
            r->late_marks);
    }
    if (r->late > 0) {
        analysis_table_fieldf(t, "GPU busy", "%" PRIu64 " records came too late to be counted in full",
                              r->late);
    }
}

static void put_file(const analysis_results *r, analysis_table *t) {
    const trace_status *s = &r->status;
    analysis_table_fieldf(t, "trace bytes",
                          "%" PRIu64 " of %" PRIu64 " unreadable; %" PRIu64 " damaged places, %" PRIu64
                          " unknown chunks; file cut: %s",
                          s->bytes_skipped, s->bytes_total, s->chunks_damaged, s->chunks_unknown,
                          s->cut ? "yes" : "no");
    if (s->ended) {
        analysis_table_fieldf(t, "end of recording", "on purpose (%s)", r->end_reason ? r->end_reason : "-");
    } else {
        analysis_table_field(t, "end of recording",
                             "abrupt: the trace has no end record, so its last events may be missing");
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
    {"string.cut", "names cut"},
    {"range.unbalanced_pop", "pops, recorder"},
    {"cost.host_events", "cost: host events"},
    {"cost.host_ns", "cost: host time"},
    {"cost.writer_cpu_ns", "cost: writer CPU"},
    {"cost.memory_peak_bytes", "cost: memory peak"},
    {"cost.file_bytes", "cost: file"},
};

static void put_counter(const analysis_counter *c, const char *label, analysis_table *t) {
    size_t len = strlen(c->name);
    if (len > 3 && strcmp(c->name + len - 3, "_ns") == 0) {
        char buf[32];
        analysis_table_fieldf(t, label, "%s ms (%s)", analysis_format_ms(buf, (double)c->value / 1e6),
                              c->name);
    } else if (len > 6 && strcmp(c->name + len - 6, "_bytes") == 0) {
        bool small = c->value < 1u << 20;
        analysis_table_fieldf(t, label, "%.1f %s (%s)", (double)c->value / (small ? 1u << 10 : 1u << 20),
                              small ? "KiB" : "MiB", c->name);
    } else {
        analysis_table_fieldf(t, label, "%" PRIu64 " (%s)", c->value, c->name);
    }
}

static void put_counters(const analysis_results *r, analysis_table *t) {
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        const analysis_counter *c = analysis_results_counter(r, counters[i].name);
        if (c) {
            put_counter(c, counters[i].label, t);
        } else {
            analysis_table_fieldf(t, counters[i].label, "- (%s)", counters[i].name);
        }
    }
    for (size_t i = 0; i < r->counter_count; i++) {
        bool listed = false;
        for (size_t j = 0; j < sizeof counters / sizeof *counters; j++) {
            listed = listed || strcmp(r->counters[i].name, counters[j].name) == 0;
        }
        if (!listed) {
            analysis_table_fieldf(t, r->counters[i].name, "%" PRIu64, r->counters[i].value);
        }
    }
}

static void put_integrity_fields(const analysis_results *r, analysis_table *t) {
    put_times(r, t);
    analysis_table_fieldf(t, "ranges left open", "%" PRIu64, r->left_open);
    analysis_table_fieldf(t, "pops without push", "%" PRIu64, r->pops_without_push);
    analysis_table_fieldf(t, "ends without start", "%" PRIu64, r->ends_without_start);
    put_file(r, t);
    put_counters(r, t);
    for (size_t i = 0; i < r->meta_count; i++) {
        if (starts_with(r->meta[i].key, "note.")) {
            analysis_table_field(t, r->meta[i].key, r->meta[i].value);
        }
    }
}

bool analysis_report_incomplete(const analysis_results *r) {
    static const char *const losses[] = {"host.dropped",  "gpu.dropped", "gpu.buffers_dropped",
                                         "gpu.undecoded", "string.lost", "file.lost_bytes"};
    bool lost = r->status.bytes_skipped > 0 || r->status.cut || !r->status.ended || r->left_open > 0 ||
                r->pops_without_push > 0 || r->ends_without_start > 0 || r->kernels_unattributed.count > 0 ||
                r->kernels_untimed > 0 || r->late > 0;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        const analysis_counter *c = analysis_results_counter(r, losses[i]);
        lost = lost || (c && c->value > 0);
    }
    return lost;
}

void analysis_report_run(const analysis_results *r, analysis_output *out) {
    analysis_table t;
    analysis_table_begin_fields(&t, "Run");
    put_run_fields(r, &t);
    if (analysis_report_incomplete(r)) {
        analysis_table_note(&t, "%s", "");
        analysis_table_note(&t, "This trace is not complete: Integrity, below, says what is missing.");
    }
    analysis_output_table(out, &t);
}

void analysis_report_integrity(const analysis_results *r, analysis_output *out) {
    analysis_table t;
    analysis_table_begin_fields(&t, "Integrity");
    put_integrity_fields(r, &t);
    analysis_output_table(out, &t);
}

void analysis_report(const analysis_results *results, size_t top, analysis_output *out) {
    analysis_output_report(out, results->path);
    analysis_report_run(results, out);
    analysis_fits fits;
    analysis_fits_make(&fits, &results->rows);
    analysis_report_answer(results, &fits, out);
    analysis_report_sweep(results, out);
    analysis_report_bounds(results, out);
    analysis_report_scaling(results, &fits, out);
    analysis_report_costs(results, top, out);
    analysis_report_load(results, top, out);
    analysis_report_tails(results, top, out);
    analysis_report_integrity(results, out);
}
