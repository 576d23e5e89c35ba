/* CUDA graphs and their nodes: see cupti_graph_nodes.h. */
#include "cupti/cupti_graph_nodes.h"

#include "cupti/cupti_names.h"

#include <stdatomic.h>
#include <string.h>

#define INNER_MAX 32768u /* nodes of child graphs during instantiation */
#define LISTS     16u    /* of them, for threads that instantiate at the same time */
#define ROOTS     1024u  /* child graphs to which nodes may still be added */

typedef struct {
    void *handle;
    uint64_t id;
} inner_node;

typedef struct {
    uint32_t count;
    inner_node nodes[INNER_MAX];
} inner_list;

static struct {
    cupti_graph_nodes_hooks hooks;
    _Atomic(inner_list *) idle[LISTS];
    atomic_uint_fast64_t roots[ROOTS]; /* id of a child graph << 32 | id of the outermost graph */
} nodes;

/* The CUDA call of this thread. */
static __thread struct {
    bool instantiates;
    uint32_t executable; /* id of the graph that it creates; 0 before */
    inner_list *inner;
    uint32_t adds_to; /* id of the outermost graph to which a node is added; 0 outside such calls */
    uint64_t updated; /* the node whose update was reported last */
} here;

void cupti_graph_nodes_init(const cupti_graph_nodes_hooks *hooks) {
    nodes.hooks = *hooks;
}

/* ---- graphs inside of others ---- */

static uint32_t root_of(uint32_t graph) {
    uint64_t entry = atomic_load(&nodes.roots[graph % ROOTS]);
    return entry >> 32 == graph ? (uint32_t)entry : graph;
}

static void on_graph_created(uint32_t graph) {
    if (here.adds_to != 0) {
        atomic_store(&nodes.roots[graph % ROOTS], (uint64_t)graph << 32 | here.adds_to);
        return;
    }
    if (here.instantiates && here.executable == 0) {
        here.executable = graph;
    }
    nodes.hooks.graph(graph, 0, 0);
}

static inner_list *take_list(void) {
    for (uint32_t i = 0; i < LISTS; i++) {
        inner_list *list = atomic_exchange(&nodes.idle[i], NULL);
        if (list) {
            return list;
        }
    }
    return nodes.hooks.allocate(sizeof(inner_list));
}

static void return_list(inner_list *list) {
    list->count = 0;
    for (uint32_t i = 0; i < LISTS; i++) {
        inner_list *nobody = NULL;
        if (atomic_compare_exchange_strong(&nodes.idle[i], &nobody, list)) {
            return;
        }
    }
}

static void keep_inner(void *handle, uint64_t id) {
    if (!here.inner) {
        here.inner = take_list();
    }
    if (here.inner && here.inner->count < INNER_MAX) {
        here.inner->nodes[here.inner->count++] = (inner_node){handle, id};
    }
}

/* A destroyed node must not be accessed. */
static void forget_inner(const void *handle) {
    for (uint32_t i = 0; here.inner && i < here.inner->count; i++) {
        if (here.inner->nodes[i].handle == handle) {
            here.inner->nodes[i].handle = NULL;
        }
    }
}

static void tell_moved(const inner_node *node) {
    uint64_t id = 0;
    if (node->handle && nodes.hooks.library->get_graph_node_id(node->handle, &id) == CUPTI_ABI_SUCCESS &&
        id != 0 && id != node->id) {
        nodes.hooks.graph(here.executable, id, node->id);
        cupti_names_node_moves(node->id, id);
    }
}

static void end_instantiation(bool failed) {
    for (uint32_t i = 0; here.inner && !failed && i < here.inner->count; i++) {
        tell_moved(&here.inner->nodes[i]);
    }
    if (here.inner) {
        return_list(here.inner);
        here.inner = NULL;
    }
    here.instantiates = false;
}

/* ---- what CUPTI tells ---- */

static uint64_t id_of(void *node) {
    uint64_t id = 0;
    return node && nodes.hooks.library->get_graph_node_id(node, &id) == CUPTI_ABI_SUCCESS ? id : 0;
}

static void on_node_made(uint32_t cbid, const cupti_graph_data *data, uint32_t graph) {
    uint64_t id = id_of(data->node);
    bool clone = cbid == CUPTI_ABI_GRAPHNODE_CLONED;
    if (data->node_type == CUPTI_ABI_NODE_KERNEL && cupti_names_needed()) {
        cupti_names_node(data->node, id, 0);
    }
    if (clone && here.instantiates && graph != here.executable) {
        keep_inner(data->node, id);
    }
    nodes.hooks.graph(root_of(graph), id, clone ? id_of(data->original_node) : 0);
}

/* The node of the executable graph corresponds to `original` here. */
static void on_node_updated(const cupti_graph_data *data, uint32_t latest) {
    uint64_t id = id_of(data->original_node), source = id_of(data->node);
    if (id != 0 && source != 0) {
        here.updated = id;
        cupti_names_node(data->node, id, latest);
        nodes.hooks.graph((uint32_t)(id >> 32), id, source);
    }
}

/* Also reported after each update. */
static void on_parameters_set(const cupti_graph_data *data, uint32_t latest) {
    uint64_t id = id_of(data->node);
    if (id != 0 && id != here.updated) {
        cupti_names_node(NULL, id, latest);
    }
    here.updated = 0;
}

void cupti_graph_nodes_event(uint32_t cbid, const cupti_graph_data *data, uint32_t latest) {
    uint32_t graph = 0;
    if (cbid == CUPTI_ABI_GRAPHNODE_DESTROYED) {
        forget_inner(data->node);
    } else if (cbid == CUPTI_ABI_GRAPHNODE_UPDATED) {
        on_node_updated(data, latest);
    } else if (cbid == CUPTI_ABI_GRAPHNODE_PARAMETERS) {
        on_parameters_set(data, latest);
    } else if (nodes.hooks.library->get_graph_id(data->graph, &graph) != CUPTI_ABI_SUCCESS) {
        return;
    } else if (cbid == CUPTI_ABI_GRAPH_CREATED) {
        on_graph_created(graph);
    } else {
        on_node_made(cbid, data, graph);
    }
}

cupti_graph_call cupti_graph_nodes_call_of(const char *name) {
    if (strncmp(name, "cuGraphInstantiate", 18) == 0) {
        return CUPTI_GRAPH_CALL_INSTANTIATE;
    }
    if (strncmp(name, "cuGraphAddChildGraphNode", 24) == 0 || strncmp(name, "cuGraphAddNode", 14) == 0) {
        return CUPTI_GRAPH_CALL_ADD;
    }
    return CUPTI_GRAPH_CALL_NONE;
}

void cupti_graph_nodes_call(cupti_graph_call call, const cupti_callback_data *data) {
    bool enter = data->site == CUPTI_ABI_SITE_ENTER;
    const cupti_graph_add_parameters *add = data->function_params;
    uint32_t graph = 0;
    if (call == CUPTI_GRAPH_CALL_ADD) {
        bool known =
            enter && add && nodes.hooks.library->get_graph_id(add->graph, &graph) == CUPTI_ABI_SUCCESS;
        here.adds_to = known ? root_of(graph) : 0;
    } else if (enter) {
        here.instantiates = true;
        here.executable = 0;
    } else {
        const int *result = data->function_return;
        end_instantiation(result && *result != 0);
    }
}
