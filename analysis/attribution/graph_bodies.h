/* Kernels in loops and branches of CUDA graphs, whose records have no correlation id.
 *
 * CUPTI gives the kernels in the body of a conditional node the id of the graph and of their node, and no correlation id: the
 * GPU decides whether and how often they run. The launch that they belong to is found by time, among the launches of their
 * graph, of which no two run at once: the one whose other kernels lie around them; else the one before, if the next launch
 * was called only later. Where launches wait for each other on the GPU, a kernel between two of them belongs to the one before
 * if its node was seen in or behind a launch elsewhere, and else to the one behind it. */
#ifndef ATTRIBUTION_GRAPH_BODIES_H
#define ATTRIBUTION_GRAPH_BODIES_H

#include "analysis/base/u64_map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Launches and kernels that are remembered; there is no room for more. */
#define ATTRIBUTION_BODIES (1u << 20)

typedef struct {
    uint32_t graph, correlation;
    uint64_t called, start, end; /* ns: the call, and the kernels that have its correlation id */
    uint32_t node, span;         /* what the call belongs to */
} attribution_graph_launch;

/* A zeroed one is empty. */
typedef struct {
    attribution_graph_launch *launches;
    size_t launch_count, launch_cap;
    base_map latest;   /* graph -> its latest launch so far */
    base_map followed; /* nodes that were seen in or behind a launch for sure */
} attribution_bodies;

/* Work of a launch that has its correlation id; `launch` without the times of others. */
void attribution_bodies_launch(attribution_bodies *b, const attribution_graph_launch *launch);

/* All launches are known now: puts them in order. */
void attribution_bodies_sort(attribution_bodies *b);

/* The launch that ran graph node `id` at this time, once they are in order; NULL when there is none, and, in the first pass,
 * when it is not sure. All work is to be asked for in a first pass before any is in the second. */
const attribution_graph_launch *attribution_bodies_find(attribution_bodies *b, uint64_t id, uint64_t time,
                                                        bool second_pass);

void attribution_bodies_free(attribution_bodies *b);

#endif
