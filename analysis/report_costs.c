/* The report's tables of what the time went on: layers and parts, experts, kernels, ranges. */
#include "analysis/report.h"

#include "analysis/memory.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static const char *phase_name(analysis_phase phase) {
    return phase == ANALYSIS_PHASES ? "-" : analysis_row_name((analysis_row_kind)phase);
}

static const char *choice(const analysis_results *r, char buf[64]) {
    if (r->costs.k == ANALYSIS_NONE) {
        snprintf(buf, 64, "every k together, warm-up left out");
    } else {
        snprintf(buf, 64, "k = %u, warm-up left out", r->costs.k);
    }
    return buf;
}

/* Time that is missing when the trace holds no GPU work. */
static double gpu_ms(const analysis_results *r, uint64_t ns) {
    return analysis_results_have_gpu(r) ? (double)ns / 1e6 : NAN;
}

/* ---- Layers and parts ---- */

static void put_layer(const analysis_results *r, analysis_table *t, const char *phase, uint32_t layer,
                      const analysis_layer_row *row) {
    analysis_table_cell(t, "%s", phase);
    analysis_table_index(t, layer);
    for (int part = 0; part < ANALYSIS_PARTS; part++) {
        analysis_table_ms(t, row->parts[part].count ? (double)row->parts[part].ns / 1e6 : NAN);
    }
    analysis_table_ms(t, (double)row->all.ns / 1e6);
    analysis_table_share(t, row->all.ns, r->costs.attributed_ns);
}

static void add_layer(analysis_layer_row *sum, const analysis_layer_row *row) {
    for (int part = 0; part < ANALYSIS_PARTS; part++) {
        sum->parts[part].ns += row->parts[part].ns;
        sum->parts[part].count += row->parts[part].count;
    }
    sum->all.ns += row->all.ns;
}

static void put_layers(const analysis_results *r, bool phases_only, analysis_output *out) {
    static const char *const headers[] = {"phase",     "layer", "expert", "attention", "router", "norm",
                                          "embedding", "head",  "vision", "other",     "sum",    "share %"};
    char buf[64];
    analysis_table t;
    analysis_table_begin(&t, "lrrrrrrrrrrr", 0, headers);
    analysis_table_title(&t, "%s, exclusive GPU ms (%s)",
                         phases_only ? "Phases by part of the model" : "Layers by part of the model",
                         choice(r, buf));
    analysis_layer_row phase = {0}, all = {0};
    for (size_t i = 0; i < r->costs.layer_count; i++) {
        const analysis_layer_row *row = &r->costs.layers[i];
        bool last = i + 1 == r->costs.layer_count || row[1].phase != row->phase;
        add_layer(&phase, row);
        add_layer(&all, row);
        if (!phases_only && row->layer != ANALYSIS_NONE) {
            put_layer(r, &t, phase_name(row->phase), row->layer, row);
        }
        if (phases_only && last) {
            put_layer(r, &t, phase_name(row->phase), ANALYSIS_NONE, &phase);
        }
        phase = last ? (analysis_layer_row){0} : phase;
    }
    if (analysis_table_rows(&t) == 0) {
        analysis_table_free(&t);
        return;
    }
    if (phases_only) {
        put_layer(r, &t, "all", ANALYSIS_NONE, &all);
        analysis_table_note(&t,
                            "Each kernel is in one cell: that of the innermost range around its launch. A "
                            "row's sum is inclusive: all that was launched in the phase and in no phase "
                            "inside it.");
    }
    analysis_output_table(out, &t);
}

static void put_leaves(const analysis_results *r, size_t top, analysis_output *out) {
    static const char *const headers[] = {"phase", "layer", "part", "GPU ms", "share %", "count", "kernel"};
    size_t shown = r->costs.leaf_count < top ? r->costs.leaf_count : top;
    char buf[64];
    if (shown == 0) {
        return;
    }
    analysis_table t;
    analysis_table_begin(&t, "lrlrrrl", 6, headers);
    analysis_table_title(&t, "Phase, layer, part, kernel: exclusive, %zu of %zu (%s)", shown,
                         r->costs.leaf_count, choice(r, buf));
    for (size_t i = 0; i < shown; i++) {
        const analysis_leaf *leaf = &r->costs.leaves[i];
        char *name = analysis_kernel_name(r->names.list[leaf->name].text, 48);
        analysis_table_cell(&t, "%s", phase_name(leaf->phase));
        analysis_table_index(&t, leaf->layer);
        analysis_table_cell(&t, "%s", analysis_part_name(leaf->part));
        analysis_table_ms(&t, (double)leaf->ns / 1e6);
        analysis_table_share(&t, leaf->ns, r->costs.attributed_ns);
        analysis_table_count(&t, leaf->count);
        analysis_table_cell(&t, "%s", name);
        free(name);
    }
    analysis_output_table(out, &t);
}

/* ---- Experts ---- */

static void put_expert(const analysis_results *r, analysis_table *t, const analysis_expert *e, bool layers) {
    if (layers) {
        analysis_table_index(t, e->layer);
    }
    analysis_table_count(t, e->expert);
    analysis_table_ms(t, gpu_ms(r, e->kernel_ns));
    if (analysis_results_have_gpu(r)) {
        analysis_table_share(t, e->kernel_ns, r->costs.attributed_ns);
        analysis_table_count(t, e->kernels);
    } else {
        analysis_table_missing(t);
        analysis_table_missing(t);
    }
    analysis_table_ms(t, (double)e->host_ns / 1e6);
    analysis_table_count(t, e->calls);
    if (e->with_tokens > 0) {
        analysis_table_count(t, e->tokens);
    } else {
        analysis_table_missing(t);
    }
}

static void put_experts(const analysis_results *r, size_t top, bool layers, analysis_output *out) {
    static const char *const headers[] = {"layer",   "expert",  "GPU ms", "share %",
                                          "kernels", "host ms", "calls",  "tokens"};
    const analysis_expert *list = layers ? r->costs.layer_experts : r->costs.experts;
    size_t count = layers ? r->costs.layer_expert_count : r->costs.expert_count;
    size_t shown = count < top ? count : top;
    char buf[64];
    if (shown == 0) {
        return;
    }
    analysis_table t;
    analysis_table_begin(&t, layers ? "rrrrrrrr" : "rrrrrrr", 0, layers ? headers : headers + 1);
    analysis_table_title(&t, "%s, %zu of %zu (%s)",
                         layers ? "Experts by layer" : "Experts, all layers together", shown, count,
                         choice(r, buf));
    for (size_t i = 0; i < shown; i++) {
        put_expert(r, &t, &list[i], layers);
    }
    if (!layers && analysis_results_have_gpu(r)) {
        char total[32];
        analysis_table_note(&t, "share: of the %s ms of kernel time whose launch is known",
                            analysis_format_ms(total, (double)r->costs.attributed_ns / 1e6));
    }
    analysis_output_table(out, &t);
}

/* ---- Kernels and ranges ---- */

static void put_kernels(const analysis_results *r, size_t top, analysis_output *out) {
    static const char *const headers[] = {"GPU ms", "share %", "count", "mean us", "kernel"};
    size_t shown = r->costs.kernel_count < top ? r->costs.kernel_count : top;
    char buf[64];
    if (shown == 0) {
        return;
    }
    analysis_table t;
    analysis_table_begin(&t, "rrrrl", 4, headers);
    analysis_table_title(&t, "Kernels, %zu of %zu (%s)", shown, r->costs.kernel_count, choice(r, buf));
    for (size_t i = 0; i < shown; i++) {
        const analysis_kernel_row *k = &r->costs.kernels[i];
        char *name = analysis_kernel_name(k->name, 60);
        analysis_table_ms(&t, (double)k->ns / 1e6);
        analysis_table_share(&t, k->ns, r->costs.chosen_ns);
        analysis_table_count(&t, k->count);
        analysis_table_ms(&t, (double)k->ns / 1e3 / (double)k->count);
        analysis_table_cell(&t, "%s", name);
        free(name);
    }
    analysis_output_table(out, &t);
}

static void put_ranges(const analysis_results *r, size_t top, analysis_output *out) {
    static const char *const headers[] = {"inclusive ms", "exclusive ms", "host ms", "calls", "range"};
    size_t shown = r->costs.range_count < top ? r->costs.range_count : top;
    char buf[64];
    if (shown == 0) {
        return;
    }
    analysis_table t;
    analysis_table_begin(&t, "rrrrl", 4, headers);
    analysis_table_title(&t, "Ranges, %zu of %zu (%s)", shown, r->costs.range_count, choice(r, buf));
    for (size_t i = 0; i < shown; i++) {
        const analysis_range_row *row = &r->costs.ranges[i];
        analysis_table_ms(&t, gpu_ms(r, row->inclusive.ns));
        analysis_table_ms(&t, gpu_ms(r, row->exclusive.ns));
        analysis_table_ms(&t, (double)row->host_ns / 1e6);
        analysis_table_count(&t, row->calls);
        analysis_table_cell(&t, "%s", row->path);
    }
    analysis_table_note(&t, "GPU time with all that lies inside (inclusive), and without (exclusive).");
    analysis_output_table(out, &t);
}

void analysis_report_costs(const analysis_results *r, size_t top, analysis_output *out) {
    put_layers(r, true, out);
    put_layers(r, false, out);
    put_leaves(r, top, out);
    put_experts(r, top, false, out);
    put_experts(r, top, true, out);
    put_kernels(r, top, out);
    put_ranges(r, top, out);
}
