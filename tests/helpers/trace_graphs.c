/* What a trace says of CUDA graphs, with no help from the analyser: `trace_graphs FILE` prints a line for
 * each kernel, copy and fill of a graph, with the range in which its node was captured (following copies),
 * the one in which the graph was begun, and the one in which it was launched. */
#include "trace/trace.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 4096, DEEP = 64, THREADS = 64 };

typedef struct {
    uint64_t id, original;
    uint32_t graph, range;
} node;

typedef struct {
    uint32_t correlation, range;
} launch;

static struct {
    char *names[MOST];
    uint32_t stack[THREADS][DEEP], depth[THREADS];
    node nodes[MOST]; /* id 0: the graph itself */
    launch launches[MOST];
    trace_gpu_event work[MOST];
    uint32_t shape_names[MOST];
    size_t node_count, launch_count, work_count;
} all;

static int on_string(void *ctx, uint32_t id, const char *bytes, size_t len) {
    (void)ctx;
    if (id < MOST && asprintf(&all.names[id], "%.*s", (int)len, bytes) < 0) {
        return 1;
    }
    return 0;
}

static int on_shape(void *ctx, const trace_shape *s) {
    (void)ctx;
    all.shape_names[s->id % MOST] = s->name;
    return 0;
}

static uint32_t innermost(uint32_t thread) {
    return all.depth[thread] ? all.stack[thread][all.depth[thread] - 1] : 0;
}

static int on_host(void *ctx, const trace_host_event *e) {
    (void)ctx;
    uint32_t t = e->thread % THREADS;
    if (e->kind == TRACE_HOST_PUSH && all.depth[t] < DEEP) {
        all.stack[t][all.depth[t]++] = e->name;
    } else if (e->kind == TRACE_HOST_POP && all.depth[t] > 0) {
        all.depth[t]--;
    } else if (e->kind == TRACE_HOST_GRAPH || e->kind == TRACE_HOST_NODE) {
        all.nodes[all.node_count++ % MOST] =
            (node){.id = e->kind == TRACE_HOST_NODE ? e->id : 0,
                   .original = e->payload,
                   .graph = e->kind == TRACE_HOST_NODE ? e->graph : (uint32_t)e->id,
                   .range = innermost(t)};
    } else if (e->kind == TRACE_HOST_API && e->correlation) {
        all.launches[all.launch_count++ % MOST] = (launch){e->correlation, innermost(t)};
    }
    return 0;
}

static int on_gpu(void *ctx, const trace_gpu_event *e) {
    (void)ctx;
    if (e->graph_node) {
        all.work[all.work_count++ % MOST] = *e;
    }
    return 0;
}

/* The latest that was said of a node: a copy is told of as a new node first. */
static const node *find(uint64_t id, uint32_t graph) {
    for (size_t i = all.node_count < MOST ? all.node_count : MOST; i-- > 0;) {
        if (all.nodes[i].id == id && (id || all.nodes[i].graph == graph)) {
            return &all.nodes[i];
        }
    }
    return NULL;
}

static const char *name_of(uint32_t id) {
    return id < MOST && all.names[id] ? all.names[id] : "-";
}

static const char *launched_in(uint32_t correlation) {
    for (size_t i = 0; i < all.launch_count && i < MOST; i++) {
        if (all.launches[i].correlation == correlation) {
            return name_of(all.launches[i].range);
        }
    }
    return "?";
}

static void print(const trace_gpu_event *e) {
    static const char *const kinds[] = {"gpu", "kernel", "copy", "fill"};
    const node *n = find(e->graph_node, 0);
    int copies = 0;
    if (n && n->graph != e->graph) {
        printf("node of another graph: ");
    }
    while (n && n->original) {
        n = find(n->original, 0);
        copies++;
    }
    const node *graph = n ? find(0, n->graph) : NULL;
    printf("%s %s captured in %s, graph begun in %s, copied %d times, launched in %s\n", kinds[e->kind],
           e->kind == TRACE_GPU_KERNEL ? name_of(all.shape_names[e->shape % MOST]) : "-",
           n ? name_of(n->range) : "?", graph ? name_of(graph->range) : "?", copies,
           launched_in(e->correlation));
}

int main(int argc, char **argv) {
    char error[TRACE_ERROR_BYTES];
    trace_status status;
    trace_visitor v = {.string = on_string, .shape = on_shape, .host = on_host, .gpu = on_gpu};
    if (argc != 2 || trace_read(argv[1], &v, &status, error) != 0) {
        fprintf(stderr, "trace_graphs: %s\n", argc != 2 ? "usage: trace_graphs FILE" : error);
        return 2;
    }
    for (size_t i = 0; i < all.work_count && i < MOST; i++) {
        print(&all.work[i]);
    }
    return 0;
}
