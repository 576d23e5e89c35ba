/* From the node of a replayed kernel to the ranges in which it was captured. */
#include "analysis/attribution/cuda_graphs.h"

#include "analysis/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define COPIES_MAX 64 /* copies of copies that are followed */

void attribution_graphs_init(attribution_graphs *g, attribution_ranges *ranges) {
    memset(g, 0, sizeof *g);
    g->ranges = ranges;
}

uint32_t attribution_graphs_index(attribution_graphs *g, uint64_t id) {
    uint32_t at = base_map_get(&g->by_id, id);
    if (at == BASE_NONE) {
        at = (uint32_t)g->node_count;
        g->nodes = base_grow(g->nodes, &g->node_cap, g->node_count + 1, sizeof *g->nodes);
        g->nodes[g->node_count++] =
            (attribution_graph_node){.path = BASE_NONE, .copy = BASE_NONE, .tip = BASE_NONE};
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

void attribution_graphs_event(attribution_graphs *g, const trace_host_event *e) {
    uint32_t owner, span;
    attribution_ranges_owner(g->ranges, e->thread, e->time, &owner, &span);
    if (e->kind == TRACE_HOST_GRAPH) {
        base_map_put(&g->by_graph, e->id, owner);
        return;
    }
    uint32_t at = attribution_graphs_index(g, e->id);
    if (e->payload != 0) {
        uint32_t copy = attribution_graphs_index(g, e->payload); /* may move the nodes */
        g->nodes[at].copy = copy;
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

/* The path of the node that node `at` goes back to, the farthest of which one is known: CUPTI reports a copy first
 * as a new node, made at the instantiation, and then that it is a copy. */
static uint32_t captured_path(attribution_graphs *g, uint32_t at) {
    uint32_t path = BASE_NONE;
    for (int copies = 0; at != BASE_NONE && copies <= COPIES_MAX; copies++) {
        const attribution_graph_node *node = &g->nodes[at];
        if (node->path != BASE_NONE) {
            path = node->path;
        } else if (node->tip != BASE_NONE) {
            path = capture_path(g, base_map_get(&g->by_guess, node->graph), node->tip);
        }
        at = node->copy;
    }
    return path;
}

/* The ranges of the path, made below the launch's. */
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

uint32_t attribution_graphs_owner(attribution_graphs *g, uint32_t launch, uint64_t id) {
    uint32_t at = base_map_get(&g->by_id, id);
    uint32_t path = at == BASE_NONE ? BASE_NONE : captured_path(g, at);
    if (path == BASE_NONE) {
        return BASE_NONE;
    }
    uint64_t key = (uint64_t)launch << 32 | path;
    uint32_t owner = base_map_get(&g->by_launch, key);
    if (owner == BASE_NONE) {
        attribution_graph_path copy = g->paths[path];
        owner = path_below_launch(g, launch, &copy);
        base_map_put(&g->by_launch, key, owner);
    }
    return owner;
}

void attribution_graphs_free(attribution_graphs *g) {
    free(g->nodes);
    free(g->paths);
    base_map_free(&g->by_graph);
    base_map_free(&g->by_guess);
    base_map_free(&g->by_id);
    base_map_free(&g->by_path);
    base_map_free(&g->by_launch);
    memset(g, 0, sizeof *g);
}
