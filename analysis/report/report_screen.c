/* See report_screen.h. */
#include "analysis/report/report_screen.h"

#include "analysis/base/alloc.h"
#include "analysis/base/text.h"
#include "analysis/names/kernel_display_name.h"
#include "analysis/report/report_internal.h"
#include "analysis/report/report_verdict.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 12 /* columns of a label */
#define TOP    3  /* parts, kernels, classes, devices */
#define K_ROWS 12 /* values of k in the table */

static void put_line_of(report_output *out, const char *label, const char *text) {
    report_field(out->file, out->style, INDENT, label, text);
}

/* A text that grows. */
typedef struct {
    char *text;
    size_t len;
    FILE *file;
} growing;

static void grow(growing *g) {
    *g = (growing){0};
    g->file = open_memstream(&g->text, &g->len);
}

/* Prints what was collected, if anything. */
static void put_grown(report_output *out, const char *label, growing *g) {
    if (g->file && fclose(g->file) == 0 && g->len > 0) {
        char *printable = base_text_printable(g->text, g->len);
        put_line_of(out, label, printable);
        free(printable);
    }
    free(g->text);
}

/* ---- The run ---- */

static void put_head(const metrics_results *r, report_output *out) {
    const char *program = metrics_results_meta(r, "program"), *started = metrics_results_meta(r, "started");
    const char *device = metrics_results_meta(r, "device.0.name");
    char model[160];
    growing g;
    grow(&g);
    size_t profiled = 0, requests = 0;
    if (!g.file) {
        return;
    }
    fputs(program ? program : metrics_results_path(r), g.file);
    if (costmodel_workload_text(&r->bottlenecks.workload, model)) {
        fprintf(g.file, ", %s", model);
    }
    fprintf(g.file, "%s%s%s%s", device ? ", on " : "", device ? device : "", started ? ", " : "",
            started ? started : "");
    for (size_t i = 0; i < r->rows.count; i++) {
        const metrics_row *row = &r->rows.list[i];
        if (row->kind == report_verdict_kind(r)) {
            profiled += row->profiled;
            requests += row->profiled + row->unprofiled + row->partly;
        }
    }
    if (requests > 0) {
        fprintf(g.file, ", %zu request%s, %zu of them profiled", requests, requests == 1 ? "" : "s",
                profiled);
    }
    fclose(g.file);
    char *printable = base_text_printable(g.text, g.len);
    report_put_paragraph(out->file, out->style.width, printable);
    free(printable);
    free(g.text);
}

/* Prints the sentences of a table, each under its label, or all under `label`, and frees it. Returns their number. */
static size_t put_screen_sentences(report_output *out, report_table *t, const char *label) {
    size_t count = report_table_rows(t);
    for (size_t row = 0; row < count; row++) {
        const report_cell *cells = &t->cells[row * t->column_count];
        const char *shared = row == 0 ? label : "";
        put_line_of(out, label ? shared : cells[1].text, cells[2].text);
    }
    report_table_free(t);
    return count;
}

/* ---- The table of k ---- */

static bool any_row(const metrics_results *r, metrics_row_kind kind) {
    return report_verdict_top(r, kind) != NULL;
}

static void put_k_row(const metrics_results *r, uint32_t k, const metrics_row_kind *kinds, size_t kind_count,
                      report_table *t) {
    metrics_row_kind kind = report_verdict_kind(r);
    const metrics_row *row = metrics_rows_find(&r->rows, k, kind), *base = metrics_rows_base(&r->rows, kind);
    const metrics_bottleneck *b =
        metrics_bottlenecks_find(&r->bottlenecks, k, kind == METRICS_ROW_TOKEN ? METRICS_ROW_DECODE : kind);
    bool scaled = row && k != BASE_NONE;
    report_table_index(t, k);
    report_table_index(t, row ? (uint32_t)row->latency.n : BASE_NONE);
    for (size_t i = 0; i < kind_count; i++) {
        const metrics_row *one = metrics_rows_find(&r->rows, k, kinds[i]);
        report_table_ms(t, one ? one->latency.p50 : NAN);
    }
    if (base && base != report_verdict_top(r, kind)) {
        report_table_number(t, scaled ? metrics_row_ratio(row, base) : NAN, 2);
        report_table_number(t, scaled ? metrics_row_efficiency(row, base) : NAN, 2);
    }
    report_table_number(t, b ? 100 * b->idle : NAN, 0);
    report_table_cell(t, "%s", b ? metrics_verdict_name(b->verdict) : "-");
}

static void put_k_table(const metrics_results *r, report_output *out) {
    static const metrics_row_kind order[] = {METRICS_ROW_VISION, METRICS_ROW_PREFILL, METRICS_ROW_DECODE,
                                             METRICS_ROW_MIXED, METRICS_ROW_TOKEN};
    metrics_row_kind kinds[METRICS_ROWS];
    report_column columns[METRICS_ROWS + 6] = {{"k", "k", 'r'}, {"n", "requests", 'r'}};
    size_t kind_count = 0, count = 2, rows = 0, number = 0;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        if (any_row(r, order[i]) && !(order[i] == METRICS_ROW_DECODE && any_row(r, METRICS_ROW_TOKEN))) {
            columns[count++] = (report_column){
                "ms", order[i] == METRICS_ROW_TOKEN ? "token" : metrics_row_name(order[i]), 'r'};
            kinds[kind_count++] = order[i];
        }
    }
    metrics_row_kind kind = report_verdict_kind(r);
    const metrics_row *base = metrics_rows_base(&r->rows, kind);
    bool scaled = base && base != report_verdict_top(r, kind);
    if (scaled) {
        columns[count++] = (report_column){"slowdown", "x", 'r'};
        columns[count++] = (report_column){"efficiency", "efficiency", 'r'};
    }
    columns[count++] = (report_column){"idle", "GPU idle %", 'r'};
    columns[count++] = (report_column){"bottleneck", "bottleneck", 'l'};
    for (size_t i = 0; i < r->rows.count; i++) {
        rows += i == 0 || r->rows.list[i].k != r->rows.list[i - 1].k;
    }
    report_table t;
    report_table_begin(&t, "screen", columns, count, count - 1);
    report_table_title(&t, "Median latency, ms; %sidle and bottleneck of %s", scaled ? "x, efficiency, " : "",
                       kind == METRICS_ROW_TOKEN ? "decode" : metrics_row_name(kind));
    for (size_t i = 0; i < r->rows.count; i++) {
        if (i > 0 && r->rows.list[i].k == r->rows.list[i - 1].k) {
            continue;
        }
        if (rows <= K_ROWS || number < K_ROWS / 2 || number >= rows - K_ROWS / 2) {
            put_k_row(r, r->rows.list[i].k, kinds, kind_count, &t);
        }
        number++;
    }
    if (rows > K_ROWS) {
        report_table_note(&t, "%zu values of k between them: --section summary", rows - K_ROWS);
    }
    report_table_end(&t, out->file, out->style);
}

/* ---- What costs most ---- */

static void put_parts_line(const metrics_results *r, report_output *out) {
    uint64_t parts[NAMES_PARTS] = {0}, sum = 0, known = 0;
    growing g;
    grow(&g);
    for (size_t i = 0; i < r->costs.layer_count; i++) {
        for (int part = 0; part < NAMES_PARTS; part++) {
            uint64_t ns =
                r->costs.layers[i].phase == ATTRIBUTION_PHASES ? 0 : r->costs.layers[i].parts[part].ns;
            parts[part] += ns;
            sum += ns;
            known += part == NAMES_PART_OTHER ? 0 : ns;
        }
    }
    for (int n = 0; g.file && n < TOP && known > 0; n++) {
        int most = 0;
        for (int part = 0; part < NAMES_PARTS; part++) {
            most = parts[part] > parts[most] ? part : most;
        }
        if (parts[most] > 0) {
            fprintf(g.file, "%s%s %.1f %%", n ? ", " : "", names_part_name((names_part)most),
                    100.0 * (double)parts[most] / (double)sum);
            parts[most] = 0;
        }
    }
    if (g.file && known > 0) {
        fputs(" of the phases' GPU time", g.file);
    }
    put_grown(out, "parts", &g);
}

/* The pooled load of the largest k, of decode where there is one. */
static const metrics_load_row *load_of(const metrics_results *r) {
    const metrics_load_row *best = NULL;
    for (size_t i = 0; i < r->load.row_count; i++) {
        const metrics_load_row *row = &r->load.rows[i];
        bool decodes = row->phase == ATTRIBUTION_DECODE, had = best && best->phase == ATTRIBUTION_DECODE;
        if (row->pooled &&
            (!best || decodes > had || (decodes == had && row->k != BASE_NONE && row->k >= best->k))) {
            best = row;
        }
    }
    return best;
}

static void put_experts_line(const metrics_results *r, report_output *out) {
    const metrics_load_row *load = load_of(r);
    growing g;
    grow(&g);
    if (g.file && r->costs.layer_expert_count > 0) {
        const metrics_expert *e = &r->costs.layer_experts[0];
        bool gpu = metrics_results_have_gpu(r) && r->costs.attributed_ns > 0 && e->kernel_ns > 0;
        fprintf(g.file, "expert %u", e->expert);
        if (e->layer != BASE_NONE) {
            fprintf(g.file, " of layer %u", e->layer);
        }
        if (gpu) {
            fprintf(g.file, " takes the most GPU time, %.1f %%",
                    100.0 * (double)e->kernel_ns / (double)r->costs.attributed_ns);
        } else {
            fputs(" takes the most host time", g.file);
        }
    }
    if (g.file && load) {
        fprintf(g.file, "; in %s", attribution_phase_name(load->phase));
        if (load->k != BASE_NONE) {
            fprintf(g.file, " at k = %u", load->k);
        }
        fprintf(g.file, " %zu of %zu were active", load->active, load->population);
        if (!isnan(load->tokens_max)) {
            fprintf(g.file, ", the busiest with %.1f times the mean's tokens", load->tokens_max);
        }
    }
    put_grown(out, "experts", &g);
}

static void put_kernels_lines(const metrics_results *r, report_output *out) {
    for (size_t i = 0; i < TOP && i < r->costs.kernel_count; i++) {
        const metrics_kernel_row *k = &r->costs.kernels[i];
        size_t room = out->style.width - INDENT - 26;
        char *whole = names_kernel_display(k->name, room), *name = base_text_shorten(whole, room), count[32];
        growing g;
        grow(&g);
        if (g.file) {
            fprintf(g.file, "%5.1f %%  %s (%s times)", 100.0 * (double)k->ns / (double)r->costs.chosen_ns,
                    name, base_text_count(count, k->count));
        }
        put_grown(out, i == 0 ? "kernels" : "", &g);
        free(name);
        free(whole);
    }
}

/* ---- Without phases ---- */

static void put_devices_lines(const metrics_results *r, report_output *out) {
    const attribution_devices *d = &r->devices;
    uint64_t first = UINT64_MAX, last = 0;
    for (size_t i = 0; i < d->count; i++) {
        first = d->list[i].first < first ? d->list[i].first : first;
        last = d->list[i].last > last ? d->list[i].last : last;
    }
    for (size_t i = 0; i < d->count && i < TOP; i++) {
        const attribution_device *device = &d->list[i];
        char window[32], hidden[32], communication[32];
        growing g;
        grow(&g);
        if (g.file && last > first) {
            if (device->device == BASE_NONE) {
                fputs("the GPU", g.file);
            } else {
                fprintf(g.file, "GPU %u", device->device);
            }
            fprintf(g.file, " was busy for %.1f %% of the %s ms from the first to the last GPU work",
                    100.0 * (double)device->any / (double)(last - first),
                    report_format_ms(window, (double)(last - first) / 1e6));
            if (device->communication > 0) {
                fprintf(g.file, "; %s ms of communication, %s ms of it hidden by other work",
                        report_format_ms(communication, (double)device->communication / 1e6),
                        report_format_ms(hidden, (double)device->hidden / 1e6));
            }
        }
        put_grown(out, i == 0 ? "devices" : "", &g);
    }
    if (d->count > TOP) {
        growing g;
        grow(&g);
        if (g.file) {
            fprintf(g.file, "%zu more: --table devices", d->count - TOP);
        }
        put_grown(out, "", &g);
    }
}

typedef struct {
    const char *name;
    uint64_t ns;
} class_sum;

static int by_time(const void *a, const void *b) {
    const class_sum *x = a, *y = b;
    int order = (x->ns < y->ns) - (x->ns > y->ns);
    return order ? order : strcmp(x->name, y->name);
}

static void put_classes_line(const metrics_results *r, report_output *out) {
    const metrics_class_costs *c = &r->classes;
    class_sum *sums = base_alloc(c->count, sizeof *sums);
    size_t count = 0;
    growing g;
    grow(&g);
    for (size_t i = 0; i < c->count; i++) {
        size_t at = 0;
        while (at < count && strcmp(sums[at].name, c->list[i].class_name) != 0) {
            at++;
        }
        sums[at] = at == count ? (class_sum){c->list[i].class_name, 0} : sums[at];
        count += at == count;
        sums[at].ns += c->list[i].work.ns;
    }
    qsort(sums, count, sizeof *sums, by_time);
    for (size_t i = 0; g.file && i < 2 * TOP && i < count && sums[i].ns > 0; i++) {
        fprintf(g.file, "%s%s %.1f %%", i ? ", " : "", sums[i].name,
                100.0 * (double)sums[i].ns / (double)c->all.ns);
    }
    put_grown(out, "classes", &g);
    free(sums);
}

static void put_ranges_line(const metrics_results *r, report_output *out) {
    growing g;
    grow(&g);
    for (size_t i = 0; g.file && i < TOP && i < r->costs.range_count; i++) {
        char *path = metrics_range_paths_text(&r->costs.paths, r->costs.ranges[i].path);
        char *name = base_text_shorten(path, 40), ms[32];
        bool gpu = metrics_results_have_gpu(r);
        uint64_t ns = gpu ? r->costs.ranges[i].inclusive.ns : r->costs.ranges[i].host_ns;
        fprintf(g.file, "%s%s (%s ms%s)", i ? ", " : "", name, report_format_ms(ms, (double)ns / 1e6),
                gpu ? "" : " on the host");
        free(path);
        free(name);
    }
    put_grown(out, "ranges", &g);
}

/* What a trace says about k when no range has a meaning: nothing, and what to do about that. */
static void put_next_step(const metrics_results *r, report_output *out) {
    if (r->costs.range_count > 0) {
        put_line_of(
            out, "verdict",
            "The trace has ranges, but none is a request's phase (vision, prefill, decode): nothing can "
            "be said about k.");
        put_line_of(out, "next",
                    "Give the names of ranges a meaning with --rules FILE (docs/attribution.md).");
    } else {
        put_line_of(out, "verdict", "The trace has no ranges: nothing can be said about k.");
        put_line_of(
            out, "next",
            "moetrace record gives PyTorch programs ranges (docs/python.md); other programs need NVTX "
            "ranges (docs/attribution.md).");
    }
    if (!metrics_results_have_gpu(r)) {
        put_line_of(out, "",
                    "The trace has no GPU work either: moetrace doctor -- PROGRAM checks for obstacles.");
    }
}

/* ---- The screen ---- */

static void put_more(const metrics_results *r, const char *trace, report_output *out) {
    growing g;
    grow(&g);
    if (g.file && !trace) {
        fputs("--section NAME: NAME is latency, bottleneck, scaling or another of --list-sections; --all: "
              "every table",
              g.file);
    } else if (g.file) {
        fprintf(
            g.file,
            "moetrace report --section NAME %s: NAME is latency, bottleneck, experts, kernels or another of "
            "--list-sections; --all: every table%s",
            trace, r->rows.count ? "; --html FILE: charts" : "");
    }
    put_grown(out, "more", &g);
}

void report_screen(const metrics_results *r, const char *trace, report_output *out) {
    report_table verdict, doubts;
    report_output_report(out, metrics_results_path(r));
    put_head(r, out);
    putc('\n', out->file);
    report_verdict_table(r, &verdict);
    report_doubts_table(r, &doubts);
    if (r->rows.count == 0) {
        report_table_free(&verdict);
        put_next_step(r, out);
        put_devices_lines(r, out);
        put_classes_line(r, out);
        put_ranges_line(r, out);
    } else {
        fputs(put_screen_sentences(out, &verdict, NULL) > 0 ? "\n" : "", out->file);
        put_k_table(r, out);
        putc('\n', out->file);
        put_parts_line(r, out);
        put_experts_line(r, out);
    }
    put_kernels_lines(r, out);
    put_screen_sentences(out, &doubts, "uncertain");
    put_more(r, trace, out);
    out->begun = true;
}
