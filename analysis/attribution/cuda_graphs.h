/* CUDA graphs: in which ranges the node of a replayed kernel was captured.
 *
 * A graph launch is one call, so all its kernels would belong to the range around the launch. But each kernel
 * carries the id of its node, and the node was made (captured) in ranges of its own. The kernel belongs to
 * the launch's range and, below it, the ranges that were opened between the beginning of the graph and the
 * making of the node:
 *
 *     graph begun in     warmup.* / decode
 *     node captured in   warmup.* / decode / layer.3 / expert.7
 *     launched in        sample.* / decode / decode.*
 *     the kernel's       sample.* / decode / decode.* / layer.3 / expert.7
 *
 * Where the trace does not have the beginning of graphs (that of Nsight Systems has not), a graph was begun in the
 * innermost range that is around all of its nodes. Instantiating a graph copies its nodes; a copy is followed back to
 * the node that was captured. Memory grows with nodes and distinct ranges. */
#ifndef ATTRIBUTION_CUDA_GRAPHS_H
#define ATTRIBUTION_CUDA_GRAPHS_H

#include "analysis/attribution/ranges.h"

typedef struct {
    uint32_t path; /* index of the path on which it was captured, or BASE_NONE */
    uint32_t copy; /* index of the node that it is a copy of, or BASE_NONE */
    uint32_t tip;  /* node of the range tree around it when it is not known where its graph was begun, or
                      BASE_NONE; then `graph` is that graph's key in by_graph */
    uint32_t graph;
} attribution_graph_node;

typedef struct {
    uint32_t base, tip; /* nodes of the range tree: around the capture and around the node; base is above */
} attribution_graph_path;

typedef struct {
    attribution_ranges *ranges;
    base_map by_graph; /* graph id -> node of the range tree in which it was begun */
    base_map by_guess; /* the same of graphs whose beginning is not known, by their nodes so far */
    base_map by_id;    /* graph node id -> nodes */
    attribution_graph_node *nodes;
    size_t node_count, node_cap;
    base_map by_path; /* base and tip -> paths */
    attribution_graph_path *paths;
    size_t path_count, path_cap;
    base_map by_launch; /* node of the range tree at the launch, and path -> node of the range tree */
} attribution_graphs;

void attribution_graphs_init(attribution_graphs *g, attribution_ranges *ranges);

/* Adds a GRAPH or NODE event, after all earlier events of its thread went to attribution_ranges_event. */
void attribution_graphs_event(attribution_graphs *g, const trace_host_event *e);

/* The node of the range tree that owns what graph node `id` ran when it was launched in `launch`; `launch`
 * itself when the node is in no range of its own, BASE_NONE when it is not known (so far). */
uint32_t attribution_graphs_owner(attribution_graphs *g, uint32_t launch, uint64_t id);

/* The index of graph node `id`, known or not: a small number for tables. */
uint32_t attribution_graphs_index(attribution_graphs *g, uint64_t id);

void attribution_graphs_free(attribution_graphs *g);

#endif
