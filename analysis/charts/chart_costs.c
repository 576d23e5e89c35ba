/* Figures of costs: parts of the model, experts of layers. */
#include "analysis/charts/charts_internal.h"

#include "analysis/base/alloc.h"
#include "analysis/charts/chart_builder.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Heat maps with more cells than this are left out. */
#define CELLS_MAX 65536

/* ---- Parts of the model ---- */

static uint64_t part_ns(const metrics_costs *costs, attribution_phase phase, names_part part) {
    uint64_t sum = 0;
    for (size_t i = 0; i < costs->layer_count; i++) {
        sum += costs->layers[i].phase == phase ? costs->layers[i].parts[part].ns : 0;
    }
    return sum;
}

static uint64_t phase_ns(const metrics_costs *costs, attribution_phase phase) {
    uint64_t sum = 0;
    for (size_t i = 0; i < costs->layer_count; i++) {
        sum += costs->layers[i].phase == phase ? costs->layers[i].all.ns : 0;
    }
    return sum;
}

static void add_parts(cJSON *list, const metrics_results *r, attribution_phase phase) {
    bool used[NAMES_PARTS] = {false}, any = false;
    for (size_t i = 0; i < r->each_k_count; i++) {
        for (int part = 0; part < NAMES_PARTS; part++) {
            used[part] = used[part] || part_ns(&r->each_k[i], phase, (names_part)part) > 0;
            any = any || used[part];
        }
    }
    if (!any) {
        return;
    }
    bool prefill = phase == ATTRIBUTION_PREFILL;
    cJSON *figure = charts_add_figure(
        list, "Parts of the model", prefill ? "parts-prefill" : "parts-decode", "stack",
        prefill ? "Prefill: GPU time by part of the model" : "Decode: GPU time by part of the model");
    cJSON_AddStringToObject(figure, "x", "k, experts per token");
    cJSON_AddStringToObject(figure, "y", "% of the phase's kernel time");
    for (size_t i = 0; i < r->each_k_count; i++) {
        charts_append(figure, "values", r->each_k[i].k);
    }
    for (int part = 0; part < NAMES_PARTS; part++) {
        cJSON *series = used[part] ? charts_add_series(figure, names_part_name((names_part)part)) : NULL;
        for (size_t i = 0; series && i < r->each_k_count; i++) {
            double all = (double)phase_ns(&r->each_k[i], phase);
            double ns = (double)part_ns(&r->each_k[i], phase, (names_part)part);
            charts_append(series, "y", all > 0 ? 100 * ns / all : NAN);
        }
    }
    const char *note = "Each kernel is attributed to the innermost range around its launch.";
    const char *cut = "Each kernel is attributed to the innermost range around its launch. Only the smallest "
                      "values of k are shown.";
    cJSON_AddStringToObject(figure, "note", r->each_k_cut ? cut : note);
}

/* ---- Experts ---- */

typedef enum { GPU_TIME, HOST_TIME, TOKENS } quantity;

static double value_of(const metrics_expert *e, quantity what) {
    switch (what) {
    case GPU_TIME:
        return (double)e->kernel_ns / 1e6;
    case HOST_TIME:
        return e->calls ? (double)e->host_ns / 1e6 : NAN;
    case TOKENS:
        return e->with_tokens ? (double)e->tokens : NAN;
    }
    return NAN;
}

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* The distinct values among n, in order, to the front of the list. */
static size_t distinct(uint32_t *list, size_t n) {
    size_t kept = 0;
    if (n == 0) {
        return 0;
    }
    qsort(list, n, sizeof *list, by_number);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || list[i] != list[kept - 1]) {
            list[kept++] = list[i];
        }
    }
    return kept;
}

typedef struct {
    uint32_t *layers, *experts; /* rows and columns */
    size_t layer_count, layer_cap, expert_count, expert_cap;
} grid;

static size_t place(const uint32_t *list, size_t count, uint32_t value) {
    const uint32_t *found = bsearch(&value, list, count, sizeof *list, by_number);
    return (size_t)(found - list);
}

/* A cell of an expert that has no range stays missing. */
static void add_map(cJSON *maps, const grid *g, const metrics_costs *costs, quantity what) {
    size_t cells = g->layer_count * g->expert_count;
    double *z = base_alloc(cells, sizeof *z);
    bool any = false;
    for (size_t i = 0; i < cells; i++) {
        z[i] = NAN;
    }
    for (size_t i = 0; i < costs->layer_expert_count; i++) {
        const metrics_expert *e = &costs->layer_experts[i];
        double value = value_of(e, what);
        z[place(g->layers, g->layer_count, e->layer) * g->expert_count +
          place(g->experts, g->expert_count, e->expert)] = value;
        any = any || !isnan(value);
    }
    if (any) {
        cJSON *map = cJSON_CreateObject(), *rows = cJSON_AddArrayToObject(map, "z");
        char name[32] = "all k";
        if (costs->k != BASE_NONE) {
            snprintf(name, sizeof name, "k = %u", costs->k);
        }
        cJSON_AddStringToObject(map, "name", name);
        for (size_t y = 0; y < g->layer_count; y++) {
            cJSON *row = cJSON_CreateArray();
            for (size_t x = 0; x < g->expert_count; x++) {
                cJSON_AddItemToArray(row, charts_number_or_null(z[y * g->expert_count + x]));
            }
            cJSON_AddItemToArray(rows, row);
        }
        cJSON_AddItemToArray(maps, map);
    }
    free(z);
}

static void add_heat(cJSON *list, const metrics_results *r, const grid *g, quantity what) {
    static const char *const ids[] = {"experts-time", "experts-host", "experts-tokens"};
    static const char *const titles[] = {"GPU time of each expert", "Host time of each expert",
                                         "Tokens of each expert"};
    static const char *const notes[] = {
        "Kernels launched in the expert's ranges; profiled requests without warm-up.",
        "Durations of the expert's ranges on the host, without warm-up.",
        "Payloads of the expert's ranges; profiled requests where there are any, without warm-up."};
    cJSON *maps = cJSON_CreateArray();
    add_map(maps, g, &r->costs, what);
    for (size_t i = 0; i < r->each_k_count && r->each_k_count > 1; i++) {
        add_map(maps, g, &r->each_k[i], what);
    }
    if (cJSON_GetArraySize(maps) == 0) {
        cJSON_Delete(maps);
        return;
    }
    cJSON *figure = charts_add_figure(list, "Experts", ids[what], "heat", titles[what]);
    cJSON_AddStringToObject(figure, "x", "expert");
    cJSON_AddStringToObject(figure, "y", "layer");
    cJSON_AddStringToObject(figure, "unit", what == TOKENS ? "tokens" : "ms");
    for (size_t i = 0; i < g->expert_count; i++) {
        charts_append(figure, "columns", g->experts[i]);
    }
    for (size_t i = 0; i < g->layer_count; i++) {
        charts_append(figure, "rows", g->layers[i] == BASE_NONE ? NAN : g->layers[i]);
    }
    cJSON_AddItemToObject(figure, "maps", maps);
    cJSON_AddStringToObject(figure, "note", notes[what]);
}

/* Adds the places of these costs. */
static void add_places(grid *g, const metrics_costs *costs) {
    size_t need = g->layer_count + costs->layer_expert_count;
    g->layers = base_grow(g->layers, &g->layer_cap, need, sizeof *g->layers);
    g->experts = base_grow(g->experts, &g->expert_cap, need, sizeof *g->experts);
    for (size_t i = 0; i < costs->layer_expert_count; i++) {
        g->layers[g->layer_count++] = costs->layer_experts[i].layer;
        g->experts[g->expert_count++] = costs->layer_experts[i].expert;
    }
}

static void add_experts(cJSON *list, const metrics_results *r) {
    grid g = {0};
    add_places(&g, &r->costs);
    for (size_t i = 0; i < r->each_k_count; i++) {
        add_places(&g, &r->each_k[i]);
    }
    g.layer_count = distinct(g.layers, g.layer_count);
    g.expert_count = distinct(g.experts, g.expert_count);
    if (g.layer_count > 0 && g.layer_count * g.expert_count <= CELLS_MAX) {
        add_heat(list, r, &g, r->gpu_records > 0 ? GPU_TIME : HOST_TIME);
        add_heat(list, r, &g, TOKENS);
    }
    free(g.layers);
    free(g.experts);
}

void charts_costs(cJSON *list, const metrics_results *r) {
    add_parts(list, r, ATTRIBUTION_PREFILL);
    add_parts(list, r, ATTRIBUTION_DECODE);
    add_experts(list, r);
}
