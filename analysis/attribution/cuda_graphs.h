/* CUDA graphs: attributes replayed kernels to the ranges in which their nodes were captured.
 *
 * A graph launch is one call, so all its kernels would be attributed to the range around the launch. But each kernel has
 * the id of its node, and the node was created (captured) in ranges of its own. The kernel is attributed to the path of the
 * launch's range, extended by the ranges that were opened between the beginning of the capture and the creation of the
 * node:
 *
 *     capture begun in   warmup.* / decode
 *     node captured in   warmup.* / decode / layer.3 / expert.7
 *     launched in        sample.* / decode / decode.*
 *     attributed to      sample.* / decode / decode.* / layer.3 / expert.7
 *
 * If the trace has no GRAPH events (captures of Nsight Systems), the capture is assumed to begin in the innermost range
 * around all of the graph's nodes. Instantiating a graph copies its nodes; a copy is resolved to the captured node, and
 * contributes the ranges in which it was created itself where it was created inside of another graph. An update makes the node
 * of an executable graph a copy of another one for the launches that follow. Memory grows with the numbers of nodes, of their
 * updates and of distinct ranges. */
#ifndef ATTRIBUTION_CUDA_GRAPHS_H
#define ATTRIBUTION_CUDA_GRAPHS_H

#include "analysis/attribution/ranges.h"

typedef struct {
    uint32_t path;    /* index of the path on which it was captured, or BASE_NONE */
    uint32_t copy;    /* index of the node that it is a copy of, or BASE_NONE */
    uint32_t updates; /* index of its updates, or BASE_NONE */
    /* node of the range tree around it if the beginning of its graph is not known, else BASE_NONE */
    uint32_t tip;
    uint32_t graph; /* the graph's key in by_guess, if `tip` is set */
} attribution_graph_node;

/* What a node was made a copy of later, ordered by time. */
typedef struct {
    struct attribution_graph_update {
        uint64_t time;
        uint32_t copy;
    } * list;
    size_t count, cap;
} attribution_graph_updates;

typedef struct {
    /* Nodes of the range tree around the beginning of the capture, and around the graph's node; base is an ancestor of
     * tip. */
    uint32_t base, tip;
} attribution_graph_path;

typedef struct {
    attribution_ranges *ranges;
    base_map by_graph; /* graph id -> node of the range tree in which its capture began */
    base_map by_guess; /* the same for graphs whose beginning is not known, derived from their nodes so far */
    base_map by_id;    /* graph node id -> nodes */
    attribution_graph_node *nodes;
    size_t node_count, node_cap;
    attribution_graph_updates *updates;
    size_t update_count, update_cap;
    base_map by_path; /* base and tip -> paths */
    attribution_graph_path *paths;
    size_t path_count, path_cap;
    base_map by_launch; /* node of the range tree at the launch, and path -> node of the range tree */
} attribution_graphs;

/* Initialises *g for a trace with these ranges, which must outlive it. */
void attribution_graphs_init(attribution_graphs *g, attribution_ranges *ranges);

/* Adds a GRAPH or NODE event. All earlier events of its thread must have been passed to attribution_ranges_event. */
void attribution_graphs_event(attribution_graphs *g, const trace_host_event *e);

/* Returns the node of the range tree that owns the work of graph node `id` in a launch at `time` from `launch`, a node of the
 * range tree: `launch` itself if no range was opened between the beginning of the capture and the graph node, BASE_NONE if
 * the graph node's creation is unknown so far. */
uint32_t attribution_graphs_owner(attribution_graphs *g, uint32_t launch, uint64_t id, uint64_t time);

/* Returns the index of graph node `id`, which may be unknown: consecutive from 0, for use in arrays. */
uint32_t attribution_graphs_index(attribution_graphs *g, uint64_t id);

void attribution_graphs_free(attribution_graphs *g);

#endif
