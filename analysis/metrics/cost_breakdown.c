/* Sums over the tree of ranges. */
#include "analysis/metrics/cost_breakdown.h"

#include "analysis/base/alloc.h"
#include "analysis/base/assert.h"
#include "analysis/metrics/launch_variance.h"
#include "analysis/metrics/selection.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    metrics_costs *c;
    const attribution_ranges *ranges;
    size_t node_count;
    const attribution_total *kernels;
    size_t kernel_count;
    metrics_selection selection;
    attribution_work *inclusive; /* by node */
} costs_making;

static attribution_work exclusive_work(const attribution_node *node) {
    return (attribution_work){node->kernels, node->kernel_ns};
}

/* Whether the range has something to show: its host time counts, or kernels ran in it. */
static bool is_shown(const costs_making *m, uint32_t at) {
    const attribution_node *node = attribution_ranges_node(m->ranges, at);
    bool opened = node->calls > 0 || node->host_ns > 0;
    return (opened && metrics_selection_has_host(&m->selection, node)) || m->inclusive[at].count > 0;
}

static void add_kernel_work(attribution_work *to, const attribution_work *work) {
    to->count += work->count;
    to->ns += work->ns;
}

/* Adds the launches of a kernel in no phase to what is known of `row`. */
static void add_launches_outside(const costs_making *m, metrics_launch_sums *sums, uint32_t row,
                                 const attribution_total *kernel) {
    const attribution_node *node =
        kernel->node == BASE_NONE ? NULL : attribution_ranges_node(m->ranges, kernel->node);
    if (!node || node->phase == ATTRIBUTION_PHASES) {
        bool once = node && kernel->node != ATTRIBUTION_ROOT && node->calls == 1;
        metrics_launch_sums_add(sums, row, kernel->name, kernel->count, kernel->ns, kernel->squares, once);
    }
}

static bool is_no_more(const attribution_work *part, const attribution_work *whole) {
    return part->count <= whole->count && part->ns <= whole->ns;
}

static void sum_up_inclusive(costs_making *m) {
    m->inclusive = base_alloc(m->node_count, sizeof *m->inclusive);
    for (size_t i = m->node_count; i-- > 0;) { /* children have higher indices than their parents */
        const attribution_node *node = attribution_ranges_node(m->ranges, i);
        attribution_work exclusive = exclusive_work(node);
        add_kernel_work(&m->inclusive[i], &exclusive);
        if (i != ATTRIBUTION_ROOT) {
            add_kernel_work(&m->inclusive[node->parent], &m->inclusive[i]);
            BASE_ASSERT(is_no_more(&m->inclusive[i], &m->inclusive[node->parent]));
        }
        BASE_ASSERT(is_no_more(&exclusive, &m->inclusive[i]));
    }
}

/* How much the launches of each of `count` rows differ. Frees the sums. */
static metrics_spread *take_row_spreads(metrics_launch_sums *launches, size_t count) {
    metrics_spread *spreads = base_alloc(count, sizeof *spreads);
    metrics_launch_sums_spread(launches, spreads);
    metrics_launch_sums_free(launches);
    return spreads;
}

/* ---- Experts ---- */

static uint32_t expert_row(metrics_expert **list, size_t *count, size_t *cap, base_map *index, uint32_t layer,
                           uint32_t expert) {
    uint64_t key = (uint64_t)layer << 32 | expert;
    uint32_t at = base_map_get(index, key);
    if (at == BASE_NONE) {
        at = (uint32_t)*count;
        *list = base_grow(*list, cap, *count + 1, sizeof **list);
        (*list)[(*count)++] = (metrics_expert){.layer = layer, .expert = expert};
        base_map_put(index, key, at);
    }
    return at;
}

static void add_expert(const costs_making *m, metrics_expert *row, uint32_t at) {
    const attribution_node *node = attribution_ranges_node(m->ranges, at);
    row->kernels += m->inclusive[at].count;
    row->kernel_ns += m->inclusive[at].ns;
    if (metrics_selection_has_host(&m->selection, node)) {
        row->calls += node->calls;
        row->tokens += node->tokens;
        row->with_tokens += node->with_tokens;
        row->host_ns += node->host_ns;
    }
}

static int compare_descending(uint64_t x, uint64_t y) {
    return (x < y) - (x > y);
}

static int by_expert_cost(const void *a, const void *b) {
    const metrics_expert *x = a, *y = b;
    int order = compare_descending(x->kernel_ns, y->kernel_ns);
    order = order ? order : compare_descending(x->host_ns, y->host_ns);
    order = order ? order : compare_descending(y->layer, x->layer);
    return order ? order : compare_descending(y->expert, x->expert);
}

/* The rows that a range belongs to, or BASE_NONE. */
typedef struct {
    uint32_t expert, layer_expert;
} expert_rows;

/* How the calls of experts outside of phases differ, from the launches in them. */
static void spread_experts(const costs_making *m, const expert_rows *rows) {
    metrics_costs *c = m->c;
    metrics_launch_sums of_experts = {0}, of_layers = {0};
    for (size_t i = 0; i < m->kernel_count; i++) {
        const attribution_total *kernel = &m->kernels[i];
        if (kernel->node != BASE_NONE && rows[kernel->node].expert != BASE_NONE) {
            add_launches_outside(m, &of_experts, rows[kernel->node].expert, kernel);
            add_launches_outside(m, &of_layers, rows[kernel->node].layer_expert, kernel);
        }
    }
    metrics_spread *spreads = take_row_spreads(&of_experts, c->expert_count);
    for (size_t i = 0; i < c->expert_count; i++) {
        c->experts[i].outside = spreads[i];
    }
    free(spreads);
    spreads = take_row_spreads(&of_layers, c->layer_expert_count);
    for (size_t i = 0; i < c->layer_expert_count; i++) {
        c->layer_experts[i].outside = spreads[i];
    }
    free(spreads);
}

static void make_expert_rows(costs_making *m) {
    metrics_costs *c = m->c;
    base_map by_expert = {0}, by_layer = {0};
    expert_rows *rows = base_alloc(m->node_count, sizeof *rows);
    for (uint32_t i = 0; i < m->node_count; i++) {
        const attribution_node *node = attribution_ranges_node(m->ranges, i);
        rows[i] = (expert_rows){BASE_NONE, BASE_NONE};
        if (!metrics_selection_has(&m->selection, node)) {
            continue;
        }
        c->attributed_ns += node->kernel_ns;
        if (node->opens_expert && is_shown(m, i)) {
            rows[i].expert = expert_row(&c->experts, &c->expert_count, &c->expert_cap, &by_expert, BASE_NONE,
                                        node->expert);
            rows[i].layer_expert = expert_row(&c->layer_experts, &c->layer_expert_count, &c->layer_expert_cap,
                                              &by_layer, node->layer, node->expert);
            add_expert(m, &c->experts[rows[i].expert], i);
            add_expert(m, &c->layer_experts[rows[i].layer_expert], i);
        } else if (i != ATTRIBUTION_ROOT) {
            rows[i] = rows[node->parent];
        }
    }
    base_map_free(&by_expert);
    base_map_free(&by_layer);
    spread_experts(m, rows);
    free(rows);
    if (c->expert_count > 0) {
        qsort(c->experts, c->expert_count, sizeof *c->experts, by_expert_cost);
        qsort(c->layer_experts, c->layer_expert_count, sizeof *c->layer_experts, by_expert_cost);
    }
}

/* ---- Kernels and leaves ---- */

static int by_kernel_cost(const void *a, const void *b) {
    const metrics_kernel_row *x = a, *y = b;
    int order = compare_descending(x->ns, y->ns);
    order = order ? order : compare_descending(x->count, y->count);
    return order ? order : strcmp(x->name, y->name);
}

static void add_kernel(costs_making *m, base_map *by_name, metrics_launch_sums *launches,
                       const attribution_total *kernel) {
    metrics_costs *c = m->c;
    uint32_t at = base_map_get(by_name, kernel->name);
    if (at == BASE_NONE) {
        at = (uint32_t)c->kernel_count;
        base_map_put(by_name, kernel->name, at);
        c->kernels = base_grow(c->kernels, &c->kernel_cap, c->kernel_count + 1, sizeof *c->kernels);
        c->kernels[c->kernel_count++] = (metrics_kernel_row){
            .name = names_entry_at(attribution_ranges_names(m->ranges), kernel->name)->text,
            .index = kernel->name};
    }
    c->kernels[at].count += kernel->count;
    c->kernels[at].ns += kernel->ns;
    add_launches_outside(m, launches, at, kernel);
    c->chosen_ns += kernel->ns;
}

static int by_leaf_place(const void *a, const void *b) {
    const metrics_leaf *x = a, *y = b;
    int order = (x->phase > y->phase) - (x->phase < y->phase);
    order = order ? order : compare_descending(y->layer, x->layer);
    order = order ? order : (x->part > y->part) - (x->part < y->part);
    return order ? order : compare_descending(y->name, x->name);
}

static int by_leaf_cost(const void *a, const void *b) {
    const metrics_leaf *x = a, *y = b;
    int order = compare_descending(x->ns, y->ns);
    order = order ? order : compare_descending(x->count, y->count);
    return order ? order : by_leaf_place(a, b);
}

/* From leaves that are sorted by place. */
static void make_layer_rows(metrics_costs *c) {
    for (size_t i = 0; i < c->leaf_count; i++) {
        const metrics_leaf *leaf = &c->leaves[i];
        metrics_layer_row *row = c->layer_count ? &c->layers[c->layer_count - 1] : NULL;
        if (!row || row->phase != leaf->phase || row->layer != leaf->layer) {
            c->layers = base_grow(c->layers, &c->layer_cap, c->layer_count + 1, sizeof *c->layers);
            row = &c->layers[c->layer_count++];
            *row = (metrics_layer_row){.phase = leaf->phase, .layer = leaf->layer};
        }
        add_kernel_work(&row->parts[leaf->part], &(attribution_work){leaf->count, leaf->ns});
        add_kernel_work(&row->all, &(attribution_work){leaf->count, leaf->ns});
    }
}

/* The number of a place of the model, its phase, layer and part; made where there is none. */
static uint32_t model_place_of(base_map *places, uint32_t *count, const attribution_node *node) {
    uint64_t key = (uint64_t)node->layer << 16 | (uint64_t)node->phase << 8 | node->part;
    uint32_t place = base_map_get(places, key);
    if (place == BASE_NONE) {
        place = (*count)++;
        base_map_put(places, key, place);
    }
    return place;
}

static void add_leaf(metrics_costs *c, base_map *by_place_and_name, uint32_t place,
                     const attribution_node *node, const attribution_total *kernel) {
    uint64_t key = (uint64_t)place << 32 | kernel->name;
    uint32_t at = base_map_get(by_place_and_name, key);
    if (at == BASE_NONE) {
        at = (uint32_t)c->leaf_count;
        base_map_put(by_place_and_name, key, at);
        c->leaves = base_grow(c->leaves, &c->leaf_cap, c->leaf_count + 1, sizeof *c->leaves);
        c->leaves[c->leaf_count++] = (metrics_leaf){
            .phase = node->phase, .layer = node->layer, .part = node->part, .name = kernel->name};
    }
    c->leaves[at].count += kernel->count;
    c->leaves[at].ns += kernel->ns;
}

static void make_kernel_rows(costs_making *m) {
    metrics_costs *c = m->c;
    base_map by_name = {0}, places = {0}, leaves = {0};
    metrics_launch_sums launches = {0};
    uint32_t place_count = 0;
    for (size_t i = 0; i < m->kernel_count; i++) {
        const attribution_total *kernel = &m->kernels[i];
        if (!metrics_selection_has_kernel(&m->selection, kernel)) {
            continue;
        }
        add_kernel(m, &by_name, &launches, kernel);
        if (kernel->node != BASE_NONE) {
            const attribution_node *node = attribution_ranges_node(m->ranges, kernel->node);
            add_leaf(c, &leaves, model_place_of(&places, &place_count, node), node, kernel);
        }
    }
    base_map_free(&places);
    base_map_free(&leaves);
    base_map_free(&by_name);
    metrics_spread *spreads = take_row_spreads(&launches, c->kernel_count);
    for (size_t i = 0; i < c->kernel_count; i++) {
        c->kernels[i].outside = spreads[i];
    }
    free(spreads);
    if (c->kernel_count > 0) {
        qsort(c->kernels, c->kernel_count, sizeof *c->kernels, by_kernel_cost);
    }
    if (c->leaf_count > 0) {
        qsort(c->leaves, c->leaf_count, sizeof *c->leaves, by_leaf_place);
        make_layer_rows(c);
        qsort(c->leaves, c->leaf_count, sizeof *c->leaves, by_leaf_cost);
    }
}

/* ---- Ranges ---- */

static int by_range_cost(const void *a, const void *b) {
    const metrics_range_row *x = a, *y = b;
    int order = compare_descending(x->inclusive.ns, y->inclusive.ns);
    order = order ? order : compare_descending(x->host_ns, y->host_ns);
    return order ? order : (x->path > y->path) - (x->path < y->path);
}

static metrics_range_row *range_row(metrics_costs *c, base_map *by_path, uint32_t path) {
    uint32_t at = base_map_get(by_path, path);
    if (at == BASE_NONE) {
        at = (uint32_t)c->range_count;
        c->ranges = base_grow(c->ranges, &c->range_cap, c->range_count + 1, sizeof *c->ranges);
        c->ranges[c->range_count++] = (metrics_range_row){.path = path};
        base_map_put(by_path, path, at);
    }
    return &c->ranges[at];
}

/* Adds a range to the row of its path. */
static void add_range(const costs_making *m, metrics_range_row *row, uint32_t at) {
    const attribution_node *node = attribution_ranges_node(m->ranges, at);
    attribution_work exclusive = exclusive_work(node);
    if (metrics_selection_has_host(&m->selection, node)) {
        row->calls += node->calls;
        row->host_ns += node->host_ns;
    }
    add_kernel_work(&row->exclusive, &exclusive);
    add_kernel_work(&row->inclusive, &m->inclusive[at]);
}

static void make_range_rows(costs_making *m) {
    const names_table *names = attribution_ranges_names(m->ranges);
    base_map by_path = {0};
    uint32_t *path_of = base_alloc(m->node_count, sizeof *path_of);
    metrics_range_paths_init(&m->c->paths);
    for (uint32_t i = 1; i < m->node_count; i++) {
        const attribution_node *node = attribution_ranges_node(m->ranges, i);
        path_of[i] = path_of[node->parent];
        if (names_entry_at(names, node->origin)->means.role == NAMES_ROLE_TOP_K) {
            continue; /* it is no part of a path */
        }
        path_of[i] = metrics_range_paths_child(&m->c->paths, path_of[i], names_entry_at(names, node->name));
        if (metrics_selection_has(&m->selection, node) && is_shown(m, i)) {
            add_range(m, range_row(m->c, &by_path, path_of[i]), i);
        }
    }
    free(path_of);
    base_map_free(&by_path);
    if (m->c->range_count > 0) {
        qsort(m->c->ranges, m->c->range_count, sizeof *m->c->ranges, by_range_cost);
    }
}

/* Whether leaves add up to the attributed time, and no row takes more than what its share is of. */
static bool shares_are_of_the_whole(const metrics_costs *c) {
    uint64_t in_leaves = 0;
    bool good = true;
    for (size_t i = 0; i < c->leaf_count; i++) {
        in_leaves += c->leaves[i].ns;
    }
    for (size_t i = 0; i < c->expert_count; i++) {
        good = good && c->experts[i].kernel_ns <= c->attributed_ns;
    }
    for (size_t i = 0; i < c->kernel_count; i++) {
        good = good && c->kernels[i].ns <= c->chosen_ns;
    }
    return good && in_leaves == c->attributed_ns && c->attributed_ns <= c->chosen_ns;
}

void metrics_costs_make(metrics_costs *c, const attribution_ranges *ranges, uint32_t k) {
    costs_making m = {.c = c,
                      .ranges = ranges,
                      .node_count = attribution_ranges_node_count(ranges),
                      .selection = metrics_selection_of(ranges, k)};
    m.kernels = attribution_ranges_kernels(ranges, &m.kernel_count);
    c->k = k;
    sum_up_inclusive(&m);
    make_expert_rows(&m);
    make_kernel_rows(&m);
    make_range_rows(&m);
    free(m.inclusive);
    BASE_ASSERT(shares_are_of_the_whole(c));
}

void metrics_costs_free(metrics_costs *c) {
    metrics_range_paths_free(&c->paths);
    free(c->experts);
    free(c->layer_experts);
    free(c->kernels);
    free(c->leaves);
    free(c->layers);
    free(c->ranges);
    memset(c, 0, sizeof *c);
}
