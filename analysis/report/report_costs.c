/* The report's tables of costs: layers and parts, experts, kernels, ranges. */
#include "analysis/report/report_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/report/table_names.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *report_choice(const metrics_results *r, char buf[64]) {
    if (r->costs.k == BASE_NONE) {
        snprintf(buf, 64, "all k, without warm-up");
    } else {
        snprintf(buf, 64, "k = %u, without warm-up", r->costs.k);
    }
    return buf;
}

/* Time that is missing when the trace holds no GPU work. */
static double gpu_ms(const metrics_results *r, uint64_t ns) {
    return metrics_results_have_gpu(r) ? (double)ns / 1e6 : NAN;
}

/* ---- Layers and parts ---- */

/* The columns of parts: those of a model always, those of servers and of several ranks where they have work. */
static const report_column part_columns[NAMES_PARTS] = {
    [NAMES_PART_EXPERT] = {"expert_ms", "expert", 'r'},
    [NAMES_PART_ATTENTION] = {"attention_ms", "attention", 'r'},
    [NAMES_PART_ROUTER] = {"router_ms", "router", 'r'},
    [NAMES_PART_NORM] = {"norm_ms", "norm", 'r'},
    [NAMES_PART_EMBEDDING] = {"embedding_ms", "embedding", 'r'},
    [NAMES_PART_HEAD] = {"head_ms", "head", 'r'},
    [NAMES_PART_VISION] = {"vision_ms", "vision", 'r'},
    [NAMES_PART_SHARED_EXPERT] = {"shared_expert_ms", "shared expert", 'r'},
    [NAMES_PART_DISPATCH] = {"dispatch_ms", "dispatch", 'r'},
    [NAMES_PART_COMBINE] = {"combine_ms", "combine", 'r'},
    [NAMES_PART_SAMPLING] = {"sampling_ms", "sampling", 'r'},
    [NAMES_PART_COMMUNICATION] = {"communication_ms", "communication", 'r'},
    [NAMES_PART_OTHER] = {"other_ms", "other", 'r'},
};

static bool has_part_column(const metrics_results *r, int part) {
    bool has = part < NAMES_PART_SHARED_EXPERT || part == NAMES_PART_OTHER;
    for (size_t i = 0; i < r->costs.layer_count && !has; i++) {
        has = r->costs.layers[i].parts[part].count > 0;
    }
    return has;
}

static void put_layer(const metrics_results *r, report_table *t, const char *phase, uint32_t layer,
                      const metrics_layer_row *row) {
    report_table_cell(t, "%s", phase);
    report_table_index(t, layer);
    for (int part = 0; part < NAMES_PARTS; part++) {
        if (has_part_column(r, part)) {
            report_table_ms(t, row->parts[part].count ? (double)row->parts[part].ns / 1e6 : NAN);
        }
    }
    report_table_ms(t, (double)row->all.ns / 1e6);
    report_table_share(t, row->all.ns, r->costs.attributed_ns);
}

static void add_layer(metrics_layer_row *sum, const metrics_layer_row *row) {
    for (int part = 0; part < NAMES_PARTS; part++) {
        sum->parts[part].ns += row->parts[part].ns;
        sum->parts[part].count += row->parts[part].count;
    }
    sum->all.ns += row->all.ns;
}

static void put_cost_layers(const metrics_results *r, bool phases_only, report_output *out) {
    report_column columns[NAMES_PARTS + 4] = {{"phase", "phase", 'l'}, {"layer", "layer", 'r'}};
    size_t count = 2;
    for (int part = 0; part < NAMES_PARTS; part++) {
        if (has_part_column(r, part)) {
            columns[count++] = part_columns[part];
        }
    }
    columns[count++] = (report_column){"sum_ms", "sum", 'r'};
    columns[count++] = (report_column){"share_percent", "share %", 'r'};
    char buf[64];
    report_table t;
    report_table_begin(&t, phases_only ? "phase_parts" : "layer_parts", columns, count, 0);
    report_table_title(&t, "%s, exclusive GPU time, ms (%s)",
                       phases_only ? "Phases by part of the model" : "Layers by part of the model",
                       report_choice(r, buf));
    metrics_layer_row phase = {0}, all = {0};
    for (size_t i = 0; i < r->costs.layer_count; i++) {
        const metrics_layer_row *row = &r->costs.layers[i];
        bool last = i + 1 == r->costs.layer_count || row[1].phase != row->phase;
        add_layer(&phase, row);
        add_layer(&all, row);
        if (!phases_only && row->layer != BASE_NONE) {
            put_layer(r, &t, attribution_phase_name(row->phase), row->layer, row);
        }
        if (phases_only && last) {
            put_layer(r, &t, attribution_phase_name(row->phase), BASE_NONE, &phase);
        }
        phase = last ? (metrics_layer_row){0} : phase;
    }
    if (report_table_rows(&t) == 0) {
        report_table_free(&t);
        return;
    }
    if (phases_only) {
        put_layer(r, &t, "all", BASE_NONE, &all);
        report_table_note(
            &t, "Each kernel counts in one cell: that of the innermost range around its launch. The sum of a "
                "row is inclusive: all kernels launched in the phase, except in a phase nested in it.");
    }
    report_output_table(out, &t);
}

static void put_leaves(const metrics_results *r, size_t top, report_output *out) {
    static const report_column columns[] = {
        {"phase", "phase", 'l'},   {"layer", "layer", 'r'},           {"part", "part", 'l'},
        {"gpu_ms", "GPU ms", 'r'}, {"share_percent", "share %", 'r'}, {"count", "count", 'r'},
        {"kernel", "kernel", 'l'}};
    size_t shown = r->costs.leaf_count < top ? r->costs.leaf_count : top;
    char buf[64];
    if (shown == 0) {
        return;
    }
    report_table t;
    report_table_begin(&t, "layer_kernels", REPORT_COLUMNS(columns), 6);
    report_table_title(&t, "Kernels by phase, layer and part, %zu of %zu (%s)", shown, r->costs.leaf_count,
                       report_choice(r, buf));
    for (size_t i = 0; i < shown; i++) {
        const metrics_leaf *leaf = &r->costs.leaves[i];
        report_table_cell(&t, "%s", attribution_phase_name(leaf->phase));
        report_table_index(&t, leaf->layer);
        report_table_cell(&t, "%s", names_part_name(leaf->part));
        report_table_ms(&t, (double)leaf->ns / 1e6);
        report_table_share(&t, leaf->ns, r->costs.attributed_ns);
        report_table_count(&t, leaf->count);
        report_table_kernel(&t, r->names.list[leaf->name].text, 48);
    }
    report_output_table(out, &t);
}

/* ---- Experts ---- */

static void put_expert(const metrics_results *r, report_table *t, const metrics_expert *e, bool layers) {
    if (layers) {
        report_table_index(t, e->layer);
    }
    report_table_count(t, e->expert);
    report_table_ms(t, gpu_ms(r, e->kernel_ns));
    if (metrics_results_have_gpu(r)) {
        report_table_share(t, e->kernel_ns, r->costs.attributed_ns);
        report_table_count(t, e->kernels);
    } else {
        report_table_missing(t);
        report_table_missing(t);
    }
    report_table_ms(t, (double)e->host_ns / 1e6);
    report_table_count(t, e->calls);
    if (e->with_tokens > 0) {
        report_table_count(t, e->tokens);
    } else {
        report_table_missing(t);
    }
}

static void put_experts(const metrics_results *r, size_t top, bool layers, report_output *out) {
    static const report_column columns[] = {{"layer", "layer", 'r'},     {"expert", "expert", 'r'},
                                            {"gpu_ms", "GPU ms", 'r'},   {"share_percent", "share %", 'r'},
                                            {"kernels", "kernels", 'r'}, {"host_ms", "host ms", 'r'},
                                            {"calls", "calls", 'r'},     {"tokens", "tokens", 'r'}};
    const metrics_expert *list = layers ? r->costs.layer_experts : r->costs.experts;
    size_t count = layers ? r->costs.layer_expert_count : r->costs.expert_count;
    size_t shown = count < top ? count : top;
    char buf[64];
    if (shown == 0) {
        return;
    }
    report_table t;
    size_t left_out = layers ? 0 : 1; /* the column of layers */
    report_table_begin(&t, layers ? "layer_experts" : "experts", columns + left_out,
                       sizeof columns / sizeof *columns - left_out, 0);
    report_table_title(&t, "%s, %zu of %zu (%s)",
                       layers ? "Experts by layer" : "Experts, sums over all layers", shown, count,
                       report_choice(r, buf));
    for (size_t i = 0; i < shown; i++) {
        put_expert(r, &t, &list[i], layers);
    }
    if (!layers && metrics_results_have_gpu(r)) {
        char total[32];
        report_table_note(&t, "share: of the %s ms of attributed kernel time.",
                          report_format_ms(total, (double)r->costs.attributed_ns / 1e6));
    }
    report_output_table(out, &t);
}

/* ---- Kernels and ranges ---- */

static void put_kernels(const metrics_results *r, size_t top, report_output *out) {
    static const report_column columns[] = {{"gpu_ms", "GPU ms", 'r'},
                                            {"share_percent", "share %", 'r'},
                                            {"count", "count", 'r'},
                                            {"mean_us", "mean us", 'r'},
                                            {"kernel", "kernel", 'l'}};
    size_t shown = r->costs.kernel_count < top ? r->costs.kernel_count : top;
    char buf[64];
    if (shown == 0) {
        return;
    }
    report_table t;
    report_table_begin(&t, "kernels", REPORT_COLUMNS(columns), 4);
    report_table_title(&t, "Kernels, %zu of %zu (%s)", shown, r->costs.kernel_count, report_choice(r, buf));
    for (size_t i = 0; i < shown; i++) {
        const metrics_kernel_row *k = &r->costs.kernels[i];
        report_table_ms(&t, (double)k->ns / 1e6);
        report_table_share(&t, k->ns, r->costs.chosen_ns);
        report_table_count(&t, k->count);
        report_table_ms(&t, (double)k->ns / 1e3 / (double)k->count);
        report_table_kernel(&t, k->name, 60);
    }
    report_output_table(out, &t);
}

/* Bytes of all paths of a table: with ranges nested very deep they would grow with the square of the ranges' number. */
#define PATHS_MAX ((size_t)16 << 20)

static void put_ranges(const metrics_results *r, size_t top, report_output *out) {
    static const report_column columns[] = {{"inclusive_ms", "inclusive ms", 'r'},
                                            {"exclusive_ms", "exclusive ms", 'r'},
                                            {"host_ms", "host ms", 'r'},
                                            {"calls", "calls", 'r'},
                                            {"range", "range", 'l'}};
    size_t wanted = r->costs.range_count < top ? r->costs.range_count : top, shown = 0, bytes = 0;
    char buf[64];
    if (wanted == 0) {
        return;
    }
    report_table t;
    report_table_begin(&t, "ranges", REPORT_COLUMNS(columns), 4);
    for (; shown < wanted && bytes < PATHS_MAX; shown++) {
        const metrics_range_row *row = &r->costs.ranges[shown];
        report_table_ms(&t, gpu_ms(r, row->inclusive.ns));
        report_table_ms(&t, gpu_ms(r, row->exclusive.ns));
        report_table_ms(&t, (double)row->host_ns / 1e6);
        report_table_count(&t, row->calls);
        char *path = metrics_range_paths_text(&r->costs.paths, row->path);
        report_table_cell(&t, "%s", path);
        bytes += strlen(path);
        free(path);
    }
    report_table_title(&t, "Ranges, %zu of %zu (%s)", shown, r->costs.range_count, report_choice(r, buf));
    report_table_note(
        &t, "inclusive: GPU time of the range and of all ranges in it; exclusive: of the range alone.");
    if (shown < wanted) {
        report_table_note(&t, "%zu further ranges are left out: the paths above take 16 MiB.",
                          wanted - shown);
    }
    report_output_table(out, &t);
}

void report_costs(const metrics_results *r, size_t top, report_output *out) {
    put_cost_layers(r, true, out);
    put_cost_layers(r, false, out);
    put_leaves(r, top, out);
    put_experts(r, top, false, out);
    put_experts(r, top, true, out);
    put_kernels(r, top, out);
    put_ranges(r, top, out);
}
