/* CUDA graphs and their nodes, as CUPTI tells of them in callbacks.
 *
 * The trace holds where each graph was begun, where each node was made, and of which other node it is a copy. What CUPTI
 * 13.0 was seen to do, on an H200:
 *
 * - Instantiating copies graph and nodes: each copy is told as a new node, and then as a clone.
 * - It moves the nodes of child graphs and of the bodies of conditional nodes into the executable graph afterwards, where
 *   they have other ids, and does not tell. So their handles are kept during the call, and looked at when it ends.
 * - An update of an executable graph names for each of its nodes the node of the other graph whose work it does from then
 *   on (from CUDA 13; before, such nodes stay with what they were first).
 * - A child graph, and the body of a conditional node, is a graph of its own. Its nodes are told as nodes of the graph
 *   around, so that the ranges in which the node that holds it was made count for them, too.
 *
 * Nothing here waits or takes a lock. */
#ifndef CUPTI_CUPTI_GRAPH_NODES_H
#define CUPTI_CUPTI_GRAPH_NODES_H

#include "cupti/cupti_library.h"

#include <stdbool.h>

typedef struct {
    const cupti_library *library;
    /* A graph is begun, or (node != 0) a node of it is made, or from now on a copy of another (original != 0). */
    void (*graph)(uint32_t graph, uint64_t node, uint64_t original);
    /* Zeroed memory, never given back; NULL when there is none to spare. */
    void *(*allocate)(size_t bytes);
} cupti_graph_nodes_hooks;

void cupti_graph_nodes_init(const cupti_graph_nodes_hooks *hooks);

/* A callback of the resource domain; `latest` is the youngest correlation id so far. */
void cupti_graph_nodes_event(uint32_t cbid, const cupti_graph_data *data, uint32_t latest);

/* Driver calls during which graphs are made inside of others: by the beginning of their names. */
typedef enum { CUPTI_GRAPH_CALL_NONE, CUPTI_GRAPH_CALL_INSTANTIATE, CUPTI_GRAPH_CALL_ADD } cupti_graph_call;
cupti_graph_call cupti_graph_nodes_call_of(const char *name);
/* One of them begins or ends on this thread. */
void cupti_graph_nodes_call(cupti_graph_call call, const cupti_callback_data *data);

#endif
