/* The report for people. */
#include "analysis/report.h"

#include "analysis/memory.h"
#include "analysis/table.h"

#include <inttypes.h>
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
static void put_device(const analysis_results *r, unsigned device, const char *name, FILE *out) {
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
    analysis_field(out, label, line);
    free(line);
}

static void put_devices(const analysis_results *r, FILE *out) {
    bool any = false;
    for (size_t i = 0; i < r->meta_count; i++) {
        unsigned device;
        int used = 0;
        if (sscanf(r->meta[i].key, "device.%9u.name%n", &device, &used) == 1 && used > 0 &&
            r->meta[i].key[used] == '\0') {
            put_device(r, device, r->meta[i].value, out);
            any = true;
        }
    }
    if (!any) {
        analysis_field(out, "device", NULL);
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

static void put_run(const analysis_results *r, FILE *out) {
    analysis_field(out, "trace", r->path);
    for (size_t i = 0; i < sizeof run_fields / sizeof *run_fields; i++) {
        analysis_field(out, run_fields[i].label, analysis_results_meta(r, run_fields[i].key));
    }
    put_devices(r, out);
    for (size_t i = 0; i < r->meta_count; i++) {
        if (!is_known(r->meta[i].key)) {
            analysis_field(out, r->meta[i].key, r->meta[i].value);
        }
    }
    analysis_fieldf(out, "process", "%u", r->status.header.pid);
    if (r->last_time > r->status.header.monotonic_ns) {
        double seconds = (double)(r->last_time - r->status.header.monotonic_ns) / 1e9;
        analysis_fieldf(out, "duration", "%.3f s%s", seconds,
                        r->status.ended ? "" : ", until the last event that was recorded");
    } else {
        analysis_field(out, "duration", NULL);
    }
}

/* ---- Tables ---- */

static void put_k(analysis_table *t, uint32_t k) {
    if (k == ANALYSIS_NONE) {
        analysis_table_cell(t, "-");
    } else {
        analysis_table_cell(t, "%u", k);
    }
}

static void put_ms(analysis_table *t, double value) {
    char buf[32];
    analysis_table_cell(t, "%s", analysis_format_ms(buf, value));
}

static void put_latencies(const analysis_results *r, FILE *out) {
    static const char *const headers[] = {"k",    "phase", "n",   "P50", "P95",      "P99",
                                          "mean", "std",   "min", "max", "GPU busy", "kernels"};
    static const char *const phases[] = {"vision", "prefill", "decode", "decode/token"};
    fputs("\nLatency, ms\n", out);
    if (r->row_count == 0) {
        fputs("  no finished vision, prefill or decode range outside of warm-up requests\n", out);
        return;
    }
    analysis_table t;
    analysis_table_begin(&t, "rlrrrrrrrrrr", 1, headers);
    for (size_t i = 0; i < r->row_count; i++) {
        const analysis_row *row = &r->rows[i];
        const analysis_summary *s = &row->latency;
        const double values[] = {s->p50, s->p95, s->p99, s->mean, s->std, s->min, s->max};
        put_k(&t, row->k);
        analysis_table_cell(&t, "%s", phases[row->kind]);
        analysis_table_cell(&t, "%zu", s->n);
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            put_ms(&t, values[j]);
        }
        if (has_gpu(r)) {
            put_ms(&t, row->busy);
            analysis_table_cell(&t, row->kind == ANALYSIS_ROW_TOKEN ? "%.1f" : "%.0f", row->kernels);
        } else {
            analysis_table_cell(&t, "-");
            analysis_table_cell(&t, "-");
        }
    }
    analysis_table_end(&t, out);
    fputs(has_gpu(r)
              ? "From the start of the range until it and the GPU work launched in it have ended; warm-up "
                "requests\n"
                "are left out. GPU busy and kernels: medians of the requests.\n"
              : "Host time only, because the trace holds no GPU work; warm-up requests are left out.\n",
          out);
}

static const char *choice(const analysis_results *r, char buf[64]) {
    if (r->k == ANALYSIS_NONE) {
        snprintf(buf, 64, "every k together, warm-up left out");
    } else {
        snprintf(buf, 64, "k = %u, warm-up left out", r->k);
    }
    return buf;
}

static void put_share(analysis_table *t, uint64_t part, uint64_t whole) {
    if (whole == 0) {
        analysis_table_cell(t, "-");
    } else {
        analysis_table_cell(t, "%.2f", 100.0 * (double)part / (double)whole);
    }
}

static void put_expert(const analysis_results *r, analysis_table *t, const analysis_expert *e, bool layers) {
    if (layers) {
        put_k(t, e->layer);
    }
    analysis_table_cell(t, "%u", e->expert);
    if (has_gpu(r)) {
        put_ms(t, (double)e->kernel_ns / 1e6);
        put_share(t, e->kernel_ns, r->attributed_ns);
        analysis_table_cell(t, "%" PRIu64, e->kernels);
    } else {
        for (int i = 0; i < 3; i++) {
            analysis_table_cell(t, "-");
        }
    }
    put_ms(t, (double)e->host_ns / 1e6);
    analysis_table_cell(t, "%" PRIu64, e->calls);
    if (e->with_tokens > 0) {
        analysis_table_cell(t, "%" PRIu64, e->tokens);
    } else {
        analysis_table_cell(t, "-");
    }
}

static void put_experts(const analysis_results *r, const analysis_expert *list, size_t count, size_t top,
                        bool layers, FILE *out) {
    static const char *const headers[] = {"layer",   "expert",  "GPU ms", "share %",
                                          "kernels", "host ms", "calls",  "tokens"};
    char buf[64];
    size_t shown = count < top ? count : top;
    if (shown == 0) {
        return;
    }
    fprintf(out, "\n%s, %zu of %zu (%s)\n", layers ? "Experts by layer" : "Experts, all layers together",
            shown, count, choice(r, buf));
    analysis_table t;
    analysis_table_begin(&t, layers ? "rrrrrrrr" : "rrrrrrr", 0, layers ? headers : headers + 1);
    for (size_t i = 0; i < shown; i++) {
        put_expert(r, &t, &list[i], layers);
    }
    analysis_table_end(&t, out);
    if (!layers && has_gpu(r)) {
        char total[32];
        fprintf(out, "share: of the %s ms of kernel time whose launch is known\n",
                analysis_format_ms(total, (double)r->attributed_ns / 1e6));
    }
}

static void put_kernels(const analysis_results *r, size_t top, FILE *out) {
    static const char *const headers[] = {"GPU ms", "share %", "count", "mean us", "kernel"};
    char buf[64];
    size_t shown = r->kernel_count < top ? r->kernel_count : top;
    if (shown == 0) {
        return;
    }
    fprintf(out, "\nKernels, %zu of %zu (%s)\n", shown, r->kernel_count, choice(r, buf));
    analysis_table t;
    analysis_table_begin(&t, "rrrrl", 4, headers);
    for (size_t i = 0; i < shown; i++) {
        const analysis_kernel_row *k = &r->kernels[i];
        char *name = analysis_kernel_name(k->name, 60);
        put_ms(&t, (double)k->ns / 1e6);
        put_share(&t, k->ns, r->chosen_ns);
        analysis_table_cell(&t, "%" PRIu64, k->count);
        put_ms(&t, (double)k->ns / 1e3 / (double)k->count);
        analysis_table_cell(&t, "%s", name);
        free(name);
    }
    analysis_table_end(&t, out);
}

/* ---- Integrity ---- */

static void put_times(const analysis_results *r, FILE *out) {
    uint64_t attributed = r->kernels_in_ranges.ns + r->kernels_outside.ns;
    uint64_t sum = attributed + r->kernels_unattributed.ns;
    if (!has_gpu(r)) {
        analysis_field(out, "kernel time", NULL);
        return;
    }
    analysis_fieldf(
        out, "kernel time", "%" PRIu64 " ns %s %" PRIu64 " ns attributed + %" PRIu64 " ns unattributed",
        r->kernels_all.ns, sum == r->kernels_all.ns ? "in all =" : "in all, but (a fault of moetrace)",
        attributed, r->kernels_unattributed.ns);
    analysis_fieldf(out, "kernels", "%" PRIu64 " in all", r->kernels_all.count);
    analysis_fieldf(out, "  in ranges", "%" PRIu64 ", %" PRIu64 " ns", r->kernels_in_ranges.count,
                    r->kernels_in_ranges.ns);
    analysis_fieldf(out, "  outside", "%" PRIu64 ", %" PRIu64 " ns, launched outside every range",
                    r->kernels_outside.count, r->kernels_outside.ns);
    analysis_fieldf(out, "  unattributed", "%" PRIu64 ", %" PRIu64 " ns, without a record of their launch",
                    r->kernels_unattributed.count, r->kernels_unattributed.ns);
    analysis_fieldf(out, "  untimed", "%" PRIu64 ", counted above without a time", r->kernels_untimed);
    analysis_fieldf(
        out, "copies and fills", "%" PRIu64 ", %" PRIu64 " ns; %" PRIu64 " unattributed, %" PRIu64 " untimed",
        r->transfers_all.count, r->transfers_all.ns, r->transfers_unattributed.count, r->transfers_untimed);
    if (r->late > 0) {
        analysis_fieldf(out, "GPU busy", "%" PRIu64 " records came too late to be counted in full", r->late);
    }
}

static void put_file(const analysis_results *r, FILE *out) {
    const trace_status *s = &r->status;
    analysis_fieldf(out, "trace bytes",
                    "%" PRIu64 " of %" PRIu64 " unreadable; %" PRIu64 " damaged places, %" PRIu64
                    " unknown chunks; file cut: %s",
                    s->bytes_skipped, s->bytes_total, s->chunks_damaged, s->chunks_unknown,
                    s->cut ? "yes" : "no");
    if (s->ended) {
        analysis_fieldf(out, "end of recording", "on purpose (%s)", r->end_reason ? r->end_reason : "-");
    } else {
        analysis_field(out, "end of recording",
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

static void put_counter(const analysis_counter *c, const char *label, FILE *out) {
    size_t len = strlen(c->name);
    if (len > 3 && strcmp(c->name + len - 3, "_ns") == 0) {
        char buf[32];
        analysis_fieldf(out, label, "%s ms (%s)", analysis_format_ms(buf, (double)c->value / 1e6), c->name);
    } else if (len > 6 && strcmp(c->name + len - 6, "_bytes") == 0) {
        bool small = c->value < 1u << 20;
        analysis_fieldf(out, label, "%.1f %s (%s)", (double)c->value / (small ? 1u << 10 : 1u << 20),
                        small ? "KiB" : "MiB", c->name);
    } else {
        analysis_fieldf(out, label, "%" PRIu64 " (%s)", c->value, c->name);
    }
}

static void put_counters(const analysis_results *r, FILE *out) {
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        const analysis_counter *c = analysis_results_counter(r, counters[i].name);
        if (c) {
            put_counter(c, counters[i].label, out);
        } else {
            analysis_fieldf(out, counters[i].label, "- (%s)", counters[i].name);
        }
    }
    for (size_t i = 0; i < r->counter_count; i++) {
        bool listed = false;
        for (size_t j = 0; j < sizeof counters / sizeof *counters; j++) {
            listed = listed || strcmp(r->counters[i].name, counters[j].name) == 0;
        }
        if (!listed) {
            analysis_fieldf(out, r->counters[i].name, "%" PRIu64, r->counters[i].value);
        }
    }
}

static void put_integrity(const analysis_results *r, FILE *out) {
    fputs("\nIntegrity\n", out);
    put_times(r, out);
    analysis_fieldf(out, "ranges left open", "%" PRIu64, r->left_open);
    analysis_fieldf(out, "pops without push", "%" PRIu64, r->pops_without_push);
    analysis_fieldf(out, "ends without start", "%" PRIu64, r->ends_without_start);
    put_file(r, out);
    put_counters(r, out);
    for (size_t i = 0; i < r->meta_count; i++) {
        if (starts_with(r->meta[i].key, "note.")) {
            analysis_field(out, r->meta[i].key, r->meta[i].value);
        }
    }
}

/* Whether something that the tables above depend on is missing from the trace. */
static bool incomplete(const analysis_results *r) {
    static const char *const losses[] = {"host.dropped",  "gpu.dropped", "gpu.buffers_dropped",
                                         "gpu.undecoded", "string.lost", "file.lost_bytes"};
    bool lost = r->status.bytes_skipped > 0 || r->status.cut || !r->status.ended || r->left_open > 0 ||
                r->pops_without_push > 0 || r->ends_without_start > 0 || r->kernels_unattributed.count > 0 ||
                r->kernels_untimed > 0;
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        const analysis_counter *c = analysis_results_counter(r, losses[i]);
        lost = lost || (c && c->value > 0);
    }
    return lost;
}

void analysis_report_text(const analysis_results *results, size_t top, FILE *out) {
    fputs("Run\n", out);
    put_run(results, out);
    if (incomplete(results)) {
        fputs("\nThis trace is not complete: Integrity, below, says what is missing.\n", out);
    }
    put_latencies(results, out);
    put_experts(results, results->experts, results->expert_count, top, false, out);
    put_experts(results, results->layer_experts, results->layer_expert_count, top, true, out);
    put_kernels(results, top, out);
    put_integrity(results, out);
}
