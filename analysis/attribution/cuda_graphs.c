/* Finds the ranges in which a node of a replayed graph was captured. */
#include "analysis/attribution/cuda_graphs.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define COPIES_MAX   64 /* limit of the copies of copies that are followed */
#define LATE_UPDATES 64 /* updates of a node that may be read before an earlier update by another thread */

void attribution_graphs_init(attribution_graphs *g, attribution_ranges *ranges) {
    memset(g, 0, sizeof *g);
    g->ranges = ranges;
}

uint32_t attribution_graphs_index(attribution_graphs *g, uint64_t id) {
    uint32_t at = base_map_get(&g->by_id, id);
    if (at == BASE_NONE) {
        at = (uint32_t)g->node_count;
        g->nodes = base_grow(g->nodes, &g->node_cap, g->node_count + 1, sizeof *g->nodes);
        g->nodes[g->node_count++] = (attribution_graph_node){
            .path = BASE_NONE, .copy = BASE_NONE, .updates = BASE_NONE, .tip = BASE_NONE};
        base_map_put(&g->by_id, id, at);
    }
    return at;
}

static uint32_t capture_path(attribution_graphs *g, uint32_t begun, uint32_t tip) {
    uint32_t base = attribution_ranges_common(g->ranges, begun, tip);
    uint64_t key = (uint64_t)base << 32 | tip;
    uint32_t at = base_map_get(&g->by_path, key);
    if (at == BASE_NONE) {
        at = (uint32_t)g->path_count;
        g->paths = base_grow(g->paths, &g->path_cap, g->path_count + 1, sizeof *g->paths);
        g->paths[g->path_count++] = (attribution_graph_path){base, tip};
        base_map_put(&g->by_path, key, at);
    }
    return at;
}

static attribution_graph_updates *updates_of(attribution_graphs *g, attribution_graph_node *node) {
    if (node->updates == BASE_NONE) {
        node->updates = (uint32_t)g->update_count;
        g->updates = base_grow(g->updates, &g->update_cap, g->update_count + 1, sizeof *g->updates);
        g->updates[g->update_count++] = (attribution_graph_updates){0};
    }
    return &g->updates[node->updates];
}

/* Node `at` is a copy of node `copy` from `time` on; its first copy applies from the beginning. */
static void set_copy(attribution_graphs *g, uint32_t at, uint32_t copy, uint64_t time) {
    attribution_graph_node *node = &g->nodes[at];
    if (node->copy == BASE_NONE) {
        node->copy = copy;
        return;
    }
    attribution_graph_updates *u = updates_of(g, node);
    u->list = base_grow(u->list, &u->cap, u->count + 1, sizeof *u->list);
    size_t to = u->count++;
    for (; to > 0 && u->count - to <= LATE_UPDATES && u->list[to - 1].time > time; to--) {
        u->list[to] = u->list[to - 1];
    }
    u->list[to] = (struct attribution_graph_update){.time = time, .copy = copy};
}

/* Returns the node of which node `at` was a copy at this time, or BASE_NONE. */
static uint32_t copied_from(const attribution_graphs *g, uint32_t at, uint64_t time) {
    const attribution_graph_node *node = &g->nodes[at];
    if (node->updates == BASE_NONE) {
        return node->copy;
    }
    const attribution_graph_updates *u = &g->updates[node->updates];
    size_t low = 0,
           high = u->count; /* updates before `low` were made by then, updates from `high` on were not */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (u->list[middle].time <= time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? u->list[low - 1].copy : node->copy;
}

void attribution_graphs_event(attribution_graphs *g, const trace_host_event *e) {
    uint32_t owner, span;
    attribution_ranges_owner(g->ranges, e->thread, e->time, &owner, &span);
    if (e->kind == TRACE_HOST_GRAPH) {
        base_map_put(&g->by_graph, e->id, owner);
        return;
    }
    uint32_t at = attribution_graphs_index(g, e->id);
    if (e->payload != 0) {
        set_copy(g, at, attribution_graphs_index(g, e->payload), e->time);
        return;
    }
    uint32_t begun = base_map_get(&g->by_graph, e->graph);
    if (begun != BASE_NONE) {
        g->nodes[at].path = capture_path(g, begun, owner);
        return;
    }
    begun = base_map_get(&g->by_guess, e->graph);
    base_map_put(&g->by_guess, e->graph,
                 begun == BASE_NONE ? owner : attribution_ranges_common(g->ranges, begun, owner));
    g->nodes[at].tip = owner;
    g->nodes[at].graph = e->graph;
}

/* Returns the path on which node `at` itself was created, or BASE_NONE. */
static uint32_t own_path(attribution_graphs *g, uint32_t at) {
    const attribution_graph_node *node = &g->nodes[at];
    if (node->path == BASE_NONE && node->tip != BASE_NONE) {
        return capture_path(g, base_map_get(&g->by_guess, node->graph), node->tip);
    }
    return node->path;
}

/* Adds the ranges of the path below the launch's range. */
static uint32_t path_below_launch(attribution_graphs *g, uint32_t launch,
                                  const attribution_graph_path *path) {
    size_t depth = 0, cap = 0;
    uint32_t *names = NULL;
    for (uint32_t at = path->tip; at != path->base; at = attribution_ranges_node(g->ranges, at)->parent) {
        names = base_grow(names, &cap, depth + 1, sizeof *names);
        names[depth++] = at;
    }
    while (depth-- > 0) {
        launch = attribution_ranges_child(g->ranges, launch, names[depth]);
    }
    free(names);
    return launch;
}

static uint32_t below_launch(attribution_graphs *g, uint32_t launch, uint32_t path) {
    uint64_t key = (uint64_t)launch << 32 | path;
    uint32_t owner = base_map_get(&g->by_launch, key);
    if (owner == BASE_NONE) {
        attribution_graph_path copy = g->paths[path];
        owner = copy.base == copy.tip ? launch : path_below_launch(g, launch, &copy);
        base_map_put(&g->by_launch, key, owner);
    }
    return owner;
}

/* Follows the node to the node that it copies, and so on; each adds the ranges in which it was created. A copy adds none,
 * unless it was made for a place inside another graph. */
uint32_t attribution_graphs_owner(attribution_graphs *g, uint32_t launch, uint64_t id, uint64_t time) {
    uint32_t owner = BASE_NONE, at = base_map_get(&g->by_id, id);
    for (int copies = 0; at != BASE_NONE && copies <= COPIES_MAX; copies++) {
        uint32_t path = own_path(g, at);
        if (path != BASE_NONE) {
            owner = below_launch(g, owner == BASE_NONE ? launch : owner, path);
        }
        at = copied_from(g, at, time);
    }
    return owner;
}

void attribution_graphs_free(attribution_graphs *g) {
    for (size_t i = 0; i < g->update_count; i++) {
        free(g->updates[i].list);
    }
    free(g->updates);
    free(g->nodes);
    free(g->paths);
    base_map_free(&g->by_graph);
    base_map_free(&g->by_guess);
    base_map_free(&g->by_id);
    base_map_free(&g->by_path);
    base_map_free(&g->by_launch);
    memset(g, 0, sizeof *g);
}
