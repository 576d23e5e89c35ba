/* Kernels in loops and branches of CUDA graphs: see graph_bodies.h. */
#include "analysis/attribution/graph_bodies.h"

#include "analysis/base/alloc.h"
#include "analysis/base/limits.h"

#include <stdlib.h>
#include <string.h>

void attribution_bodies_launch(attribution_bodies *b, const attribution_graph_launch *launch) {
    uint32_t at = base_map_get(&b->latest, launch->graph);
    if (at != BASE_NONE && b->launches[at].correlation == launch->correlation) {
        attribution_graph_launch *known = &b->launches[at];
        known->start = launch->start < known->start ? launch->start : known->start;
        known->end = launch->end > known->end ? launch->end : known->end;
    } else if (b->launch_count < ATTRIBUTION_BODIES) {
        base_map_put(&b->latest, launch->graph, (uint32_t)b->launch_count);
        b->launches = base_grow(b->launches, &b->launch_cap, b->launch_count + 1, sizeof *b->launches);
        b->launches[b->launch_count++] = *launch;
    }
}

static int by_graph_and_start(const void *a, const void *b) {
    const attribution_graph_launch *x = a, *y = b;
    if (x->graph != y->graph) {
        return x->graph < y->graph ? -1 : 1;
    }
    return (x->start > y->start) - (x->start < y->start);
}

void attribution_bodies_sort(attribution_bodies *b) {
    if (b->launch_count > 0) {
        qsort(b->launches, b->launch_count, sizeof *b->launches, by_graph_and_start);
    }
}

/* Returns the number of the graph's launches, in order, before this time. */
static size_t launches_before(const attribution_bodies *b, uint32_t graph, uint64_t time) {
    size_t low = 0, high = b->launch_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const attribution_graph_launch *l = &b->launches[middle];
        if (l->graph < graph || (l->graph == graph && l->start <= time)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const attribution_graph_launch *launch_of_graph(const attribution_bodies *b, size_t at,
                                                       uint32_t graph) {
    return at < b->launch_count && b->launches[at].graph == graph ? &b->launches[at] : NULL;
}

const attribution_graph_launch *attribution_bodies_find(attribution_bodies *b, uint64_t id, uint64_t time,
                                                        bool second_pass) {
    uint32_t graph = (uint32_t)(id >> 32); /* CUPTI's node ids begin with the id of their graph */
    size_t at = launches_before(b, graph, time);
    const attribution_graph_launch *before = at > 0 ? launch_of_graph(b, at - 1, graph) : NULL;
    const attribution_graph_launch *next = launch_of_graph(b, at, graph);
    if (!next && b->launch_count == ATTRIBUTION_BODIES) {
        return NULL; /* others may have been discarded */
    }
    if (next && next->called > time) {
        next = NULL;
    }
    if (before && (!next || time < before->end)) {
        base_map_put(&b->followed, id, 1);
        return before;
    }
    if (before && second_pass && base_map_get(&b->followed, id) != BASE_NONE) {
        return before;
    }
    return second_pass || !before ? next : NULL;
}

void attribution_bodies_free(attribution_bodies *b) {
    free(b->launches);
    base_map_free(&b->latest);
    base_map_free(&b->followed);
    memset(b, 0, sizeof *b);
}
