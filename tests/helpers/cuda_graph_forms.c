/* A target whose CUDA graphs change, nest and loop, after tests/gpu/graph_forms.cu: `cuda_graph_forms FORM REQUESTS
 * [profiler]`. It prints, for each request, the kernels that it runs: request, path of the ranges around the node, kernel,
 * count. profiler: the profiler starts once all graphs are made. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const fake_kernel k_a = {"k_a", 2000, 16, 0}, k_b = {"k_b", 3000, 16, 0}, k_c = {"k_c", 4000, 16, 0};
static void *stream;
static unsigned requests;
static int profiler;

static void push(const char *name, unsigned n) {
    char text[32];
    snprintf(text, sizeof text, "%s.%u", name, n);
    nvtxRangePushA(text);
}

static void begin_requests(void) {
    cudaDeviceSynchronize();
    if (profiler) {
        cudaProfilerStart();
    }
}

static void begin_request(unsigned n) {
    nvtxRangePushA("top_k=8");
    push("sample", n);
    nvtxRangePushA("decode");
}

static void end_request(void) {
    cudaStreamSynchronize(stream);
    for (int i = 0; i < 3; i++) {
        nvtxRangePop();
    }
}

static void launch_kernel(const fake_kernel *k, void *on) {
    dim3 one = {1, 1, 1};
    __cudaLaunchKernel(k, one, one, NULL, 0, on);
}

/* Two layers, with one and two kernels. */
static void layers(const char *name, const fake_kernel *k, void *on) {
    for (unsigned n = 0; n < 2; n++) {
        push(name, n);
        for (unsigned i = 0; i <= n; i++) {
            launch_kernel(k, on);
        }
        nvtxRangePop();
    }
}

static void expect(unsigned request, const char *path, const char *kernel, unsigned count) {
    printf("sample.%u\t%s\t%s\t%u\n", request, path, kernel, count);
}

static void expect_layers(unsigned request, const char *name, const char *kernel, unsigned times) {
    for (unsigned n = 0; n < 2; n++) {
        printf("sample.%u\t%s.%u\t%s\t%u\n", request, name, n, kernel, (n + 1) * times);
    }
}

static void *captured(const char *name, const fake_kernel *k) {
    void *graph;
    nvtxRangePushA("capture");
    cudaStreamBeginCapture(stream, 0);
    layers(name, k, stream);
    cudaStreamEndCapture(stream, &graph);
    nvtxRangePop();
    return graph;
}

static void *instantiated(void *graph) {
    void *exec;
    nvtxRangePushA("instantiate");
    cudaGraphInstantiate(&exec, graph, 0);
    nvtxRangePop();
    return exec;
}

static fake_node_parameters parameters(const fake_kernel *k) {
    return (fake_node_parameters){.function = (void *)(uintptr_t)k, .grid = {1, 1, 1}, .block = {1, 1, 1}};
}

/* A graph with the other one in two places. */
static void *built(const char *range, void *child) {
    void *graph, *node;
    fake_node_parameters p = parameters(&k_b);
    nvtxRangePushA("build");
    cuGraphCreate(&graph, 0);
    for (unsigned n = 0; n < 2; n++) {
        push(range, n);
        cuGraphAddKernelNode_v2(&node, graph, NULL, 0, &p);
        cuGraphAddChildGraphNode(&node, graph, NULL, 0, child);
        nvtxRangePop();
    }
    nvtxRangePop();
    return graph;
}

/* The executable graph becomes another one, and itself again, in turns of three requests; with `refused` it cannot. */
static void form_update(int refused) {
    void *graphs[2] = {captured("layer", &k_a),
                       refused ? built("other", captured("x", &k_b)) : captured("other", &k_b)};
    void *exec = instantiated(graphs[0]);
    begin_requests();
    for (unsigned n = 0; n < requests; n++) {
        int other = n % 6 >= 3 && !refused;
        fake_update_result result;
        begin_request(n);
        if (n % 3 == 0) {
            cuGraphExecUpdate_v2(exec, graphs[n % 6 >= 3], &result);
        }
        cudaGraphLaunch(exec, stream);
        end_request();
        expect_layers(n, other ? "other" : "layer", other ? "k_b" : "k_a", 1);
    }
}

/* One launch of each form is under way when the graph is changed: its records come later. */
static void form_behind(void) {
    void *graphs[2] = {captured("layer", &k_a), captured("other", &k_b)}, *exec = instantiated(graphs[0]);
    begin_requests();
    for (unsigned n = 0; n < requests; n++) {
        begin_request(n);
        for (unsigned i = 0; i < 2; i++) {
            fake_update_result result;
            cuGraphExecUpdate_v2(exec, graphs[i], &result);
            cudaGraphLaunch(exec, stream);
        }
        end_request();
        expect_layers(n, "layer", "k_a", 1);
        expect_layers(n, "other", "k_b", 1);
    }
}

static void form_recapture(void) {
    void *exec = NULL;
    begin_requests();
    for (unsigned n = 0; n < requests; n++) {
        void *graph = captured(n % 2 ? "other" : "layer", n % 2 ? &k_b : &k_a);
        fake_update_result result;
        if (exec) {
            cuGraphExecUpdate_v2(exec, graph, &result);
        } else {
            exec = instantiated(graph);
        }
        cudaGraphDestroy(graph);
        begin_request(n);
        cudaGraphLaunch(exec, stream);
        end_request();
        expect_layers(n, n % 2 ? "other" : "layer", n % 2 ? "k_b" : "k_a", 1);
    }
}

static void form_setparams(void) {
    void *graph, *node, *exec;
    fake_node_parameters p[2] = {parameters(&k_a), parameters(&k_c)};
    nvtxRangePushA("build");
    cuGraphCreate(&graph, 0);
    push("layer", 0);
    cuGraphAddKernelNode_v2(&node, graph, NULL, 0, p);
    nvtxRangePop();
    nvtxRangePop();
    exec = instantiated(graph);
    begin_requests();
    for (unsigned n = 0; n < requests; n++) {
        begin_request(n);
        cuGraphExecKernelNodeSetParams_v2(exec, node, &p[n % 4 >= 2]);
        cudaGraphLaunch(exec, stream);
        end_request();
        expect(n, "layer.0", n % 4 >= 2 ? "k_c" : "k_a", 1);
    }
}

/* Graphs in graphs in graphs, updated by such a one. */
static void form_nested(void) {
    void *first = built("stage", built("block", captured("layer", &k_a)));
    void *second = built("stage", built("block", captured("other", &k_c))), *exec = instantiated(first);
    begin_requests();
    for (unsigned n = 0; n < requests; n++) {
        int other = n >= requests / 2;
        fake_update_result result;
        begin_request(n);
        if (n == requests / 2) {
            cuGraphExecUpdate_v2(exec, second, &result);
        }
        cudaGraphLaunch(exec, stream);
        end_request();
        for (unsigned i = 0; i < 4; i++) {
            char path[64];
            snprintf(path, sizeof path, "stage.%u/block.%u/%s", i / 2, i % 2, other ? "other" : "layer");
            expect_layers(n, path, other ? "k_c" : "k_a", 1);
            snprintf(path, sizeof path, "stage.%u/block.%u", i / 2, i % 2);
            expect(n, path, "k_b", 1);
        }
        expect(n, "stage.0", "k_b", 1);
        expect(n, "stage.1", "k_b", 1);
    }
}

/* A loop of three turns, before or behind a kernel; `launches` follow each other in a request. */
static void form_loop(int first, unsigned launches) {
    void *graph, *node, *side;
    uint64_t handle;
    fake_node_parameters kernel = parameters(&k_b);
    fake_any_node_parameters loop = {.type = FAKE_CONDITIONAL_NODE, .condition = 1, .size = 1};
    nvtxRangePushA("build");
    cuGraphCreate(&graph, 0);
    for (int i = 0; i < 2; i++) {
        if (i == !first) {
            nvtxRangePushA("loop");
            cuGraphConditionalHandleCreate(&handle, graph, NULL, 3, 0);
            loop.handle = handle;
            cuGraphAddNode_v2(&node, graph, NULL, NULL, 0, &loop);
            cudaStreamCreate(&side);
            cuStreamBeginCaptureToGraph(side, loop.graphs[0], NULL, NULL, 0, 0);
            layers("layer", &k_a, side);
            cudaStreamEndCapture(side, NULL);
        } else {
            nvtxRangePushA("own");
            cuGraphAddKernelNode_v2(&node, graph, NULL, 0, &kernel);
        }
        nvtxRangePop();
    }
    nvtxRangePop();
    void *exec = instantiated(graph);
    begin_requests();
    for (unsigned n = 0; n < requests; n++) {
        begin_request(n);
        for (unsigned i = 0; i < launches; i++) {
            cudaGraphLaunch(exec, stream);
        }
        end_request();
        expect(n, "own", "k_b", launches);
        expect_layers(n, "loop/layer", "k_a", 3 * launches);
    }
}

/* Each request makes its own graph. */
static void form_short(void) {
    begin_requests();
    for (unsigned n = 0; n < requests; n++) {
        begin_request(n);
        cudaGraphLaunch(instantiated(captured("layer", &k_a)), stream);
        end_request();
        expect_layers(n, "layer", "k_a", 1);
    }
}

int main(int argc, char **argv) {
    if (argc < 3) {
        return 2;
    }
    const char *form = argv[1];
    requests = (unsigned)strtoul(argv[2], NULL, 10);
    profiler = argc > 3;
    cudaStreamCreate(&stream);
    if (strcmp(form, "update") == 0 || strcmp(form, "refused") == 0) {
        form_update(strcmp(form, "refused") == 0);
    } else if (strcmp(form, "behind") == 0) {
        form_behind();
    } else if (strcmp(form, "recapture") == 0) {
        form_recapture();
    } else if (strcmp(form, "setparams") == 0) {
        form_setparams();
    } else if (strcmp(form, "nested") == 0) {
        form_nested();
    } else if (strcmp(form, "loop") == 0) {
        form_loop(0, 1);
    } else if (strcmp(form, "loops") == 0) {
        form_loop(0, 3);
    } else if (strcmp(form, "first") == 0) {
        form_loop(1, 2);
    } else if (strcmp(form, "short") == 0) {
        form_short();
    } else {
        return 2;
    }
    cudaStreamSynchronize(stream);
    return 9;
}
