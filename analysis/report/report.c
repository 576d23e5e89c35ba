/* The report as a whole, and the table of the run. */
#include "analysis/report/report.h"

#include "analysis/base/alloc.h"
#include "analysis/report/report_completeness.h"
#include "analysis/report/report_internal.h"
#include "analysis/report/report_verdict.h"
#include "analysis/report/text_table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static const char *device_value(const metrics_results *r, unsigned device, const char *key) {
    char name[64];
    snprintf(name, sizeof name, "device.%u.%s", device, key);
    return metrics_results_meta(r, name);
}

/* One line for a device: its name, then what is known of it. */
static void put_device(const metrics_results *r, unsigned device, const char *name, report_table *t) {
    static const struct {
        const char *key, *unit;
        double scale;
    } numbers[] = {{"memory_bytes", "GiB", 1.0 / (1u << 30)},
                   {"multiprocessors", "multiprocessors", 1},
                   {"clock_khz", "MHz", 1e-3},
                   {"memory_clock_khz", "MHz memory", 1e-3},
                   {"memory_bus_bits", "bit bus", 1}};
    char key[32], label[32], *line = NULL;
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
    snprintf(key, sizeof key, "device.%u", device);
    snprintf(label, sizeof label, "device %u", device);
    report_table_field(t, key, label, line);
    free(line);
}

static void put_devices(const metrics_results *r, report_table *t) {
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
        report_table_field(t, "device", "device", NULL);
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

/* A page is made to be passed on: it has no command line, whose arguments may be secret. */
static void put_run_fields(const metrics_results *r, bool page, report_table *t) {
    report_table_field(t, "trace", "trace", metrics_results_path(r));
    for (size_t i = 0; i < sizeof run_fields / sizeof *run_fields; i++) {
        if (page && strcmp(run_fields[i].key, "command") == 0) {
            continue;
        }
        report_table_field(t, run_fields[i].key, run_fields[i].label,
                           metrics_results_meta(r, run_fields[i].key));
    }
    put_devices(r, t);
    char model[160];
    report_table_field(t, "model", "model", costmodel_workload_text(&r->bottlenecks.workload, model));
    for (size_t i = 0; i < r->meta_count; i++) {
        if (!is_known(r->meta[i].key)) {
            report_table_field(t, r->meta[i].key, r->meta[i].key, r->meta[i].value);
        }
    }
    report_table_fieldf(t, "process", "process", "%u", r->status.header.pid);
    if (r->last_time > r->status.header.monotonic_ns) {
        double seconds = (double)(r->last_time - r->status.header.monotonic_ns) / 1e9;
        report_table_fieldf(t, "duration", "duration", "%.3f s%s", seconds,
                            r->status.ended ? "" : ", until the last recorded event");
    } else {
        report_table_field(t, "duration", "duration", NULL);
    }
}

static void put_run(const metrics_results *r, report_output *out) {
    report_table t;
    report_table_begin_fields(&t, "run", "Run");
    put_run_fields(r, out->format == REPORT_PAGE, &t);
    if (report_incomplete(r)) {
        report_table_note(&t, "%s", "");
        report_table_note(&t, "This trace is not complete; Completeness, below, lists what is missing.");
    }
    report_output_table(out, &t);
}

static void put_sentence_table(const metrics_results *r,
                               void (*make)(const metrics_results *, report_table *), report_output *out) {
    report_table t;
    make(r, &t);
    if (report_table_rows(&t) > 0) {
        report_output_table(out, &t);
    } else {
        report_table_free(&t);
    }
}

void report_sentences(const metrics_results *results, report_output *out) {
    put_sentence_table(results, report_verdict_table, out);
    put_sentence_table(results, report_doubts_table, out);
}

void report_print(const metrics_results *results, size_t top, report_output *out) {
    report_output_report(out, metrics_results_path(results));
    put_run(results, out);
    report_sentences(results, out);
    report_summary(results, out);
    report_latency(results, out);
    report_devices(results, out);
    report_bottleneck(results, out);
    report_scaling(results, out);
    report_costs(results, top, out);
    report_kernel_classes(results, out);
    report_expert_load(results, top, out);
    report_tail_latency(results, top, out);
    report_completeness(results, out);
}
