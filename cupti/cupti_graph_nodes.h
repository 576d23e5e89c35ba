/* CUDA graphs and their nodes, as CUPTI's callbacks report them.
 *
 * The trace records where each graph was begun, where each node was created, and of which node it is a copy. Behaviour of CUPTI
 * 13.0, observed on an H200:
 *
 * - Instantiation copies the graph and its nodes: each copy is reported as a new node, and then as a clone.
 * - It then moves the nodes of child graphs and of the bodies of conditional nodes into the executable graph, where they have
 *   other ids, without a report. So their handles are kept during the call, and their ids are queried at its end.
 * - An update of an executable graph reports for each of its nodes the node of the other graph whose work it takes over (from
 *   CUDA 13; before, such nodes keep their first origin).
 * - A child graph, and the body of a conditional node, is a graph of its own. Its nodes are reported as nodes of the enclosing
 *   graph, so that the ranges in which the node that holds it was created apply to them as well.
 *
 * No function waits or acquires a lock. */
#ifndef CUPTI_CUPTI_GRAPH_NODES_H
#define CUPTI_CUPTI_GRAPH_NODES_H

#include "cupti/cupti_library.h"

#include <stdbool.h>

typedef struct {
    const cupti_library *library;
    /* Called with ids when a graph is begun (node = 0), when a node of it is created (original = 0), and when the node becomes a
     * copy of the node `original`. */
    void (*graph)(uint32_t graph, uint64_t node, uint64_t original);
    /* Returns zeroed memory, which is never freed; NULL when none is available. */
    void *(*allocate)(size_t bytes);
} cupti_graph_nodes_hooks;

/* Call once, before the other functions; *hooks is copied. */
void cupti_graph_nodes_init(const cupti_graph_nodes_hooks *hooks);

/* Handles a callback of the resource domain with its callback id; `latest` is the latest correlation id. */
void cupti_graph_nodes_event(uint32_t cbid, const cupti_graph_data *data, uint32_t latest);

/* Driver calls that create graphs inside other graphs. cupti_graph_nodes_call_of classifies a call by the beginning of its
 * name. */
typedef enum { CUPTI_GRAPH_CALL_NONE, CUPTI_GRAPH_CALL_INSTANTIATE, CUPTI_GRAPH_CALL_ADD } cupti_graph_call;
cupti_graph_call cupti_graph_nodes_call_of(const char *name);
/* Call at the beginning and the end (data->site) of such a call on this thread. */
void cupti_graph_nodes_call(cupti_graph_call call, const cupti_callback_data *data);

#endif
