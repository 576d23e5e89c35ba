/* Captures and launches CUDA graphs; see graph.h. */
#include "native/graph.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The CUDA runtime's numbers. Capture is profiled in this thread only: what others do (a profiler's, say) is
 * no business of ours, while a call of this thread that would wait is refused. */
enum { STREAM_NON_BLOCKING = 1, CAPTURE_THREAD_LOCAL = 1 };

/* Keeps the first failure of a function of the CUDA runtime. */
static bool check_cuda_status(native_graphs *g, const char *name, int status) {
    if (status == 0) {
        return true;
    }
    native_torch *t = g->torch;
    if (t->failed_op == NULL) {
        t->failed_op = name;
        snprintf(t->failed_why, sizeof t->failed_why, "CUDA error %d, %s%s", status,
                 g->api.cudaGetErrorString(status), g->capturing ? " (capturing a decode step)" : "");
    }
    return false;
}

#define CALL(g, name, ...) check_cuda_status(g, #name, (g)->api.name(__VA_ARGS__))

/* The first in the process's order of search, so that what is preloaded is called as it would be by libtorch.
 * The runtime that libtorch_cuda.so has brought along is in that order, unless it was loaded without
 * making its names known. */
static void *find_cuda_function(void *library, const char *name) {
    void *found = dlsym(RTLD_DEFAULT, name);
    return found != NULL || library == NULL ? found : dlsym(library, name);
}

/* NULL, or the name of the first function that is missing. */
static const char *look_up_cuda_graph_api(native_cuda_api *api, const native_torch *torch) {
    char path[4200];
    snprintf(path, sizeof path, "%s/libtorch_cuda.so", torch->folder);
    void *library = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
    const char *missing = NULL;
#define FIND(name, arguments)                                                                                \
    if ((*(void **)&api->name = find_cuda_function(library, #name)) == NULL && missing == NULL) {            \
        missing = #name;                                                                                     \
    }
    NATIVE_CUDA_GRAPH(FIND)
    FIND(cudaGetErrorString, )
#undef FIND
    if (library != NULL) {
        dlclose(library); /* only counted: libtorch stays */
    }
    return missing;
}

bool native_graphs_open(native_graphs *graphs, native_torch *torch, int64_t count, native_error *error) {
    memset(graphs, 0, sizeof *graphs);
    const char *missing = look_up_cuda_graph_api(&graphs->api, torch);
    if (missing != NULL) {
        return native_fail(error, NATIVE_EXIT_INPUT,
                           "--cuda-graph: the CUDA runtime of this PyTorch has no %s", missing);
    }
    graphs->torch = torch;
    graphs->count = count;
    graphs->ready = calloc((size_t)count + 1, sizeof *graphs->ready);
    if (graphs->ready == NULL) {
        return native_fail(error, NATIVE_EXIT_FAILED, "out of memory for CUDA graphs");
    }
    CALL(graphs, cudaStreamCreateWithFlags, &graphs->stream, STREAM_NON_BLOCKING);
    return native_torch_check(torch, error);
}

void native_graphs_clear(native_graphs *graphs) {
    for (int64_t i = 0; i < graphs->count; i++) {
        if (graphs->ready[i] != NULL) {
            CALL(graphs, cudaGraphExecDestroy, graphs->ready[i]);
            graphs->ready[i] = NULL;
        }
    }
}

void native_graphs_close(native_graphs *graphs) {
    if (graphs->torch == NULL) {
        return;
    }
    native_graphs_clear(graphs);
    if (graphs->stream != NULL) {
        CALL(graphs, cudaStreamDestroy, graphs->stream);
    }
    free(graphs->ready);
    memset(graphs, 0, sizeof *graphs);
}

void native_graphs_enter(native_graphs *graphs) {
    native_torch *t = graphs->torch;
    if (t->failed_op == NULL &&
        t->api.aoti_torch_create_cuda_stream_guard(graphs->stream, 0, &graphs->guard) != 0) {
        graphs->guard = NULL;
        t->failed_op = "stream guard";
    }
}

void native_graphs_leave(native_graphs *graphs) {
    native_torch *t = graphs->torch;
    if (graphs->guard != NULL && t->api.aoti_torch_delete_cuda_stream_guard(graphs->guard) != 0 &&
        t->failed_op == NULL) {
        t->failed_op = "stream guard";
    }
    graphs->guard = NULL;
}

void native_graphs_begin(native_graphs *graphs) {
    if (graphs->torch->failed_op == NULL) {
        graphs->capturing = true; /* so that a failure to begin says so */
        graphs->capturing = CALL(graphs, cudaStreamBeginCapture, graphs->stream, CAPTURE_THREAD_LOCAL);
    }
}

/* An operator failed while it was captured: most likely it wanted to wait for the device. */
static void explain_capture_failure(native_torch *torch) {
    size_t length = strlen(torch->failed_why);
    snprintf(torch->failed_why + length, sizeof torch->failed_why - length, "%s(capturing a decode step)",
             length > 0 ? " " : "");
}

/* Makes a graph ready to launch and uploads it to the device now, rather than at its first launch. */
static void instantiate_graph(native_graphs *g, void *graph, int64_t index) {
    size_t nodes = 0;
    if (CALL(g, cudaGraphGetNodes, graph, NULL, &nodes) && nodes == 0) {
        g->torch->failed_op = "the capture of a decode step";
        snprintf(g->torch->failed_why, sizeof g->torch->failed_why,
                 "the graph is empty, so its operators ran on another stream");
    }
    if (g->torch->failed_op == NULL && CALL(g, cudaGraphInstantiateWithFlags, &g->ready[index], graph, 0)) {
        CALL(g, cudaGraphUpload, g->ready[index], g->stream);
    }
}

void native_graphs_end(native_graphs *graphs, int64_t index) {
    void *graph = NULL;
    if (!graphs->capturing) {
        return;
    }
    /* Also after a failure: a stream must not be left capturing. */
    if (graphs->torch->failed_op != NULL) {
        explain_capture_failure(graphs->torch);
    }
    if (CALL(graphs, cudaStreamEndCapture, graphs->stream, &graph) && graphs->torch->failed_op == NULL) {
        instantiate_graph(graphs, graph, index);
    }
    graphs->capturing = false;
    if (graph != NULL) {
        CALL(graphs, cudaGraphDestroy, graph);
    }
}

bool native_graphs_has(const native_graphs *graphs, int64_t index) {
    return graphs->ready[index] != NULL;
}

void native_graphs_launch(native_graphs *graphs, int64_t index) {
    if (graphs->torch->failed_op == NULL) {
        CALL(graphs, cudaGraphLaunch, graphs->ready[index], graphs->stream);
    }
}
