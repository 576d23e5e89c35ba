/* The part of libcuda.so.1 that owns graphs. As on an H200 with CUDA 13.0: a graph inside of another is a graph of its own;
 * instantiating copies all of them, and then moves the nodes of inner ones into the executable graph, where they have
 * other ids, without a word to CUPTI. What a loop runs has no correlation id. */
#include "tests/fake/fake_graphs.h"

#include "tests/fake/fake_driver.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ERROR_UPDATE_FAILED 910

static struct {
    pthread_mutex_t lock;
    fake_graph *all;
    atomic_uint made;
    struct {
        uint64_t handle, id;
    } * moved;
    size_t moved_count;
} graphs = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void tell(fake_graph_event event, uint32_t graph, uint64_t node, uint64_t original) {
    const fake_observer *o = fake_cuda_observer();
    if (o) {
        o->graph(event, graph, node, original);
    }
}

uint32_t fake_cuda_graph_id(const void *graph) {
    return ((const fake_graph *)graph)->id;
}

uint64_t fake_cuda_node_id(uint64_t handle) {
    pthread_mutex_lock(&graphs.lock);
    uint64_t id = handle;
    for (size_t i = 0; i < graphs.moved_count; i++) {
        id = graphs.moved[i].handle == handle ? graphs.moved[i].id : id;
    }
    pthread_mutex_unlock(&graphs.lock);
    return id;
}

fake_graph *fake_graph_new(void) {
    fake_graph *g = calloc(1, sizeof *g);
    g->id = atomic_fetch_add(&graphs.made, 1) + 1;
    pthread_mutex_lock(&graphs.lock);
    g->next = graphs.all;
    graphs.all = g;
    pthread_mutex_unlock(&graphs.lock);
    tell(FAKE_GRAPH_MADE, g->id, 0, 0);
    return g;
}

static void append(fake_graph *g, const fake_work *w) {
    g->nodes = realloc(g->nodes, (g->count + 1) * sizeof *g->nodes);
    g->nodes[g->count++] = *w;
}

static uint64_t next_id(fake_graph *g) {
    return (uint64_t)g->id << 32 | g->made++;
}

static fake_graph *clone_of(const fake_graph *from);

/* Nodes have ids of their own, those of a clone as well. */
void fake_graph_add(fake_graph *g, const fake_work *w) {
    fake_work node = *w;
    node.original = w->node;
    node.graph = g->id;
    node.node = next_id(g);
    if (w->node && w->inner) {
        node.inner = clone_of(w->inner);
    }
    append(g, &node);
    tell(FAKE_NODE_MADE, g->id, node.node, 0);
    if (w->node) {
        tell(FAKE_NODE_CLONED, g->id, node.node, w->node);
    }
}

static fake_graph *clone_of(const fake_graph *from) {
    fake_graph *g = fake_graph_new();
    for (uint32_t i = 0; i < from->count; i++) {
        fake_graph_add(g, &from->nodes[i]);
    }
    return g;
}

static void move_nodes(fake_graph *to, fake_graph *from) {
    for (uint32_t i = 0; i < from->count; i++) {
        fake_work *w = &from->nodes[i];
        if (w->kind == FAKE_CHILD) {
            continue;
        }
        pthread_mutex_lock(&graphs.lock);
        graphs.moved = realloc(graphs.moved, (graphs.moved_count + 1) * sizeof *graphs.moved);
        graphs.moved[graphs.moved_count].handle = w->node;
        graphs.moved[graphs.moved_count++].id = w->node = next_id(to);
        pthread_mutex_unlock(&graphs.lock);
        w->graph = to->id;
    }
}

/* Puts the nodes of inner graphs in the place of the nodes that hold them; loops keep theirs, with new ids. */
static void flatten(fake_graph *into, const fake_graph *g, fake_graph *executable) {
    for (uint32_t i = 0; i < g->count; i++) {
        fake_work w = g->nodes[i];
        if (w.kind == FAKE_CHILD) {
            tell(FAKE_NODE_GONE, g->id, w.node, 0);
        }
        if (w.inner) {
            fake_graph *inner = w.inner, *flat = w.kind == FAKE_LOOP ? calloc(1, sizeof *flat) : into;
            move_nodes(executable, inner);
            flatten(flat, inner, executable);
            w.inner = flat;
        }
        if (w.kind != FAKE_CHILD) {
            append(into, &w);
        }
    }
}

void fake_graph_issue(const fake_graph *g, void *stream, uint32_t correlation) {
    for (uint32_t i = 0; i < g->count; i++) {
        fake_work w = g->nodes[i];
        for (unsigned turn = 0; w.kind == FAKE_LOOP && turn < w.turns; turn++) {
            fake_graph_issue(w.inner, stream, 0);
        }
        if (w.kind != FAKE_LOOP) {
            w.correlation = correlation;
            fake_cuda_issue(stream, &w);
        }
    }
}

/* ---- the interface ---- */

#define CBID(name, cbid, parameters) cbid_##name = cbid,
enum { FAKE_DRIVER_CALLS(CBID) };
#undef CBID
#define ENTER(name, ...) fake_cuda_enter(cbid_##name, #name, (void *[]){__VA_ARGS__})

int cuGraphCreate(void **graph, unsigned flags) {
    (void)flags;
    fake_call c = ENTER(cuGraphCreate, graph);
    *graph = fake_graph_new();
    return fake_cuda_leave(&c, 0);
}

int cuStreamBeginCapture_v2(void *stream, int mode) {
    (void)mode;
    *fake_cuda_capture(stream) = fake_graph_new();
    return 0;
}

int cuStreamBeginCaptureToGraph(void *stream, void *graph, void *const *before, const void *edges,
                                size_t count, int mode) {
    (void)before, (void)edges, (void)count, (void)mode;
    *fake_cuda_capture(stream) = graph;
    return 0;
}

int cuStreamEndCapture(void *stream, void **graph) {
    if (graph) {
        *graph = *fake_cuda_capture(stream);
    }
    *fake_cuda_capture(stream) = NULL;
    return 0;
}

int cuGraphInstantiateWithFlags(void **exec, void *graph, unsigned long long flags) {
    (void)flags;
    fake_call c = ENTER(cuGraphInstantiateWithFlags, exec, graph);
    fake_graph *g = clone_of(graph), nested = *g;
    g->nodes = NULL;
    g->count = 0;
    flatten(g, &nested, g);
    free(nested.nodes);
    *exec = g;
    return fake_cuda_leave(&c, 0);
}

static void *handle_of_last(const fake_graph *g) {
    return (void *)(uintptr_t)g->nodes[g->count - 1].node;
}

int cuGraphAddKernelNode_v2(FAKE_ADD, const fake_node_parameters *p) {
    (void)before, (void)count;
    fake_call c = ENTER(cuGraphAddKernelNode_v2, node, graph);
    fake_work w = {.kind = FAKE_KERNEL, .kernel = p->function};
    memcpy(w.grid, p->grid, sizeof w.grid);
    memcpy(w.block, p->block, sizeof w.block);
    fake_graph_add(graph, &w);
    *node = handle_of_last(graph);
    return fake_cuda_leave(&c, 0);
}

int cuGraphAddChildGraphNode(FAKE_ADD, void *child) {
    (void)before, (void)count;
    fake_call c = ENTER(cuGraphAddChildGraphNode, node, graph);
    fake_graph_add(graph, &(fake_work){.kind = FAKE_CHILD, .inner = clone_of(child)});
    *node = handle_of_last(graph);
    return fake_cuda_leave(&c, 0);
}

/* The handle of a condition is the number of turns that its loop makes. */
int cuGraphConditionalHandleCreate(uint64_t *handle, void *graph, void *context, unsigned value,
                                   unsigned flags) {
    (void)graph, (void)context, (void)flags;
    *handle = value;
    return 0;
}

int cuGraphAddNode_v2(void **node, void *graph, void *const *before, const void *edges, size_t count,
                      fake_any_node_parameters *p) {
    static __thread void *body;
    (void)before, (void)edges, (void)count;
    fake_call c = ENTER(cuGraphAddNode_v2, node, graph);
    body = fake_graph_new();
    p->graphs = &body;
    fake_graph_add(graph, &(fake_work){.kind = FAKE_LOOP, .inner = body, .turns = (unsigned)p->handle});
    *node = handle_of_last(graph);
    return fake_cuda_leave(&c, 0);
}

static void update(fake_work *node, uint64_t handle, const fake_work *from) {
    fake_work before = *node;
    *node = *from;
    node->node = before.node;
    node->graph = before.graph;
    node->original = before.original;
    tell(FAKE_NODE_UPDATED, 0, from->node, handle);
    tell(FAKE_NODE_PARAMETERS, 0, handle, before.original);
}

static uint64_t handle_of(uint64_t id) {
    uint64_t handle = id;
    pthread_mutex_lock(&graphs.lock);
    for (size_t i = 0; i < graphs.moved_count; i++) {
        handle = graphs.moved[i].id == id ? graphs.moved[i].handle : handle;
    }
    pthread_mutex_unlock(&graphs.lock);
    return handle;
}

/* How many nodes of an executable graph stand for these; changes them when it is told to. */
static uint32_t walk(const fake_graph *g, fake_graph *exec, uint32_t at, int change) {
    for (uint32_t i = 0; i < g->count; i++) {
        if (g->nodes[i].kind == FAKE_CHILD) {
            at = walk(g->nodes[i].inner, exec, at, change);
        } else {
            if (change && g->nodes[i].kind != FAKE_LOOP) {
                update(&exec->nodes[at], handle_of(exec->nodes[at].node), &g->nodes[i]);
            }
            at++;
        }
    }
    return at;
}

int cuGraphExecUpdate_v2(void *exec, void *graph, fake_update_result *result) {
    fake_call c = ENTER(cuGraphExecUpdate_v2, exec, graph);
    fake_graph *executable = exec;
    memset(result, 0, sizeof *result);
    if (walk(graph, exec, 0, 0) != executable->count) {
        result->result = 2; /* the topology changed */
        return fake_cuda_leave(&c, ERROR_UPDATE_FAILED);
    }
    walk(graph, exec, 0, 1);
    return fake_cuda_leave(&c, 0);
}

int cuGraphExecKernelNodeSetParams_v2(void *exec, void *node, const fake_node_parameters *p) {
    fake_call c = ENTER(cuGraphExecKernelNodeSetParams_v2, exec, node);
    fake_graph *g = exec;
    for (uint32_t i = 0; i < g->count; i++) {
        if (g->nodes[i].original == (uintptr_t)node) {
            g->nodes[i].kernel = p->function;
            tell(FAKE_NODE_PARAMETERS, 0, handle_of(g->nodes[i].node), g->nodes[i].original);
            return fake_cuda_leave(&c, 0);
        }
    }
    return fake_cuda_leave(&c, FAKE_ERROR_INVALID);
}

int cuGraphKernelNodeGetParams_v2(void *node, fake_node_parameters *parameters) {
    uint64_t id = (uintptr_t)node;
    int result = FAKE_ERROR_INVALID;
    pthread_mutex_lock(&graphs.lock);
    for (const fake_graph *g = graphs.all; g; g = g->next) {
        for (uint32_t i = 0; g->id == id >> 32 && i < g->count; i++) {
            if (g->nodes[i].node == id && g->nodes[i].kind == FAKE_KERNEL) {
                *parameters = (fake_node_parameters){.function = (void *)(uintptr_t)g->nodes[i].kernel};
                result = 0;
            }
        }
    }
    pthread_mutex_unlock(&graphs.lock);
    return result;
}

int cuFuncGetName(const char **name, void *function) {
    *name = ((const fake_kernel *)function)->name;
    return 0;
}

int cuGraphDestroy(void *graph) {
    fake_graph *g = graph;
    pthread_mutex_lock(&graphs.lock);
    fake_graph **link = &graphs.all;
    while (*link != g) {
        link = &(*link)->next;
    }
    *link = g->next;
    pthread_mutex_unlock(&graphs.lock);
    free(g->nodes);
    free(g);
    return 0;
}

int cuGraphExecDestroy(void *exec) {
    return cuGraphDestroy(exec);
}
