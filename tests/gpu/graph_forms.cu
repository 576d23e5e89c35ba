/* A target whose CUDA graphs change, nest, loop and are shared: graph_forms FORM SAMPLES [profiler]
 * Each form builds its graphs in ranges and launches them in requests (top_k=8 / sample.N / decode), which wait for the
 * GPU. Prints a line for the kernels that each request runs, `sample.N<TAB>range around the node<TAB>kernel<TAB>count`.
 * profiler: cudaProfilerStart once all graphs are made. The variable GRAPH_FORMS_SPY names a file to which what CUPTI
 * tells of graphs is written, by a subscriber of the program's own.
 *
 * The range around a node is a path below the beginning of its graph, and goes on with that of what it is a copy of. It is that in which its kernel was last given to it: by capture, by an explicit call, by an update. */
#include <cuda_profiler_api.h>
#include <cuda_runtime.h>
#include <cupti.h>
#include <dlfcn.h>
#include <nvtx3/nvToolsExt.h>

#include <mutex>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <thread>
#include <vector>

static void check(cudaError_t rc, int line) {
    if (rc != cudaSuccess) {
        fprintf(stderr, "graph_forms: line %d: %s\n", line, cudaGetErrorString(rc));
        exit(3);
    }
}
#define CHECK(call) check(call, __LINE__)

/* ---- kernels ---- */

static __device__ void spin(unsigned ns) {
    unsigned long long begin, now;
    asm volatile("mov.u64 %0, %globaltimer;" : "=l"(begin));
    do {
        asm volatile("mov.u64 %0, %globaltimer;" : "=l"(now));
    } while (now - begin < ns);
}
#define KERNEL(name)                                                                                         \
    extern "C" __global__ void name(unsigned ns) {                                                           \
        spin(ns);                                                                                            \
    }
KERNEL(k_a)
KERNEL(k_b)
KERNEL(k_c)
KERNEL(k_d)
extern "C" __global__ void k_write(int *p) {
    *p = 1;
}
/* Sets a condition that is true for every second launch. */
extern "C" __global__ void k_if(cudaGraphConditionalHandle handle, unsigned *launches) {
    cudaGraphSetConditional(handle, (*launches)++ % 2);
}
/* Turns a loop: `turns` of it are left. */
extern "C" __global__ void k_turn(cudaGraphConditionalHandle handle, unsigned *turns, unsigned again) {
    if (*turns == 0) {
        *turns = again;
    }
    --*turns;
    cudaGraphSetConditional(handle, *turns > 0);
}

/* ---- requests ---- */

static unsigned samples;
static bool profiler;
static cudaStream_t stream;
static std::mutex printing;

static void push(const char *name, unsigned n) {
    nvtxRangePushA((std::string(name) + "." + std::to_string(n)).c_str());
}
static void pop() {
    nvtxRangePop();
}
static void expect(unsigned sample, const char *range, const char *kernel, unsigned count) {
    std::lock_guard<std::mutex> hold(printing);
    printf("sample.%u\t%s\t%s\t%u\n", sample, range, kernel, count);
}
static void expect(unsigned sample, const char *range, unsigned n, const char *kernel, unsigned count) {
    expect(sample, (std::string(range) + "." + std::to_string(n)).c_str(), kernel, count);
}
static void graphs_are_made() {
    CHECK(cudaDeviceSynchronize());
    if (profiler) {
        CHECK(cudaProfilerStart());
    }
}
template <class Launch> static void request(unsigned n, cudaStream_t on, Launch launch) {
    nvtxRangePushA("top_k=8");
    push("sample", n);
    nvtxRangePushA("decode");
    launch();
    CHECK(cudaStreamSynchronize(on));
    pop();
    pop();
    pop();
}
template <class Launch> static void requests(Launch launch) {
    for (unsigned n = 0; n < samples; n++) {
        request(n, stream, [&] { launch(n); });
    }
}

typedef void (*kernel)(unsigned);

/* Layer n launches its kernel n + 1 times. */
static void layers(const char *name, kernel k, unsigned count, cudaStream_t on = stream) {
    for (unsigned n = 0; n < count; n++) {
        push(name, n);
        for (unsigned i = 0; i <= n; i++) {
            k<<<1, 1, 0, on>>>(1500);
        }
        pop();
    }
}
static void expect_layers(unsigned sample, const char *name, const char *k, unsigned count, unsigned times = 1) {
    for (unsigned n = 0; n < count; n++) {
        expect(sample, name, n, k, (n + 1) * times);
    }
}
template <class Body> static cudaGraph_t captured(Body body) {
    cudaGraph_t graph;
    nvtxRangePushA("capture");
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    body();
    CHECK(cudaStreamEndCapture(stream, &graph));
    pop();
    return graph;
}
static cudaGraphExec_t instantiated(cudaGraph_t graph) {
    cudaGraphExec_t exec;
    nvtxRangePushA("instantiate");
    CHECK(cudaGraphInstantiate(&exec, graph, 0));
    pop();
    return exec;
}
static void launch(cudaGraphExec_t exec, cudaStream_t on = stream) {
    CHECK(cudaGraphLaunch(exec, on));
}
static cudaKernelNodeParams parameters(void *function, void **arguments) {
    cudaKernelNodeParams p = {};
    p.func = function;
    p.gridDim = dim3(1);
    p.blockDim = dim3(1);
    p.kernelParams = arguments;
    return p;
}
static std::vector<cudaGraphNode_t> nodes_of(cudaGraph_t graph, cudaGraphNodeType wanted) {
    size_t count = 0;
    CHECK(cudaGraphGetNodes(graph, NULL, &count));
    std::vector<cudaGraphNode_t> all(count), found;
    CHECK(cudaGraphGetNodes(graph, all.data(), &count));
    for (cudaGraphNode_t node : all) {
        cudaGraphNodeType type;
        CHECK(cudaGraphNodeGetType(node, &type));
        if (type == wanted) {
            found.push_back(node);
        }
    }
    return found;
}

/* ---- forms ---- */

static void form_capture() {
    cudaGraphExec_t exec = instantiated(captured([] { layers("layer", k_a, 3); }));
    graphs_are_made();
    requests([&](unsigned n) {
        launch(exec);
        expect_layers(n, "layer", "k_a", 3);
    });
}

/* The executable graph is made to be another graph, and back again, in turns of three launches. */
static void form_update() {
    cudaGraph_t first = captured([] { layers("layer", k_a, 3); });
    cudaGraph_t second = captured([] { layers("other", k_b, 3); });
    cudaGraphExec_t exec = instantiated(first);
    graphs_are_made();
    requests([&](unsigned n) {
        bool other = n % 6 >= 3;
        cudaGraphExecUpdateResultInfo info;
        if (n % 3 == 0 && n > 0) {
            CHECK(cudaGraphExecUpdate(exec, other ? second : first, &info));
        }
        launch(exec);
        expect_layers(n, other ? "other" : "layer", other ? "k_b" : "k_a", 3);
    });
}

/* The same with a graph that is captured anew for every request and destroyed, as frameworks do. */
static void form_recapture() {
    cudaGraphExec_t exec = NULL;
    graphs_are_made();
    for (unsigned n = 0; n < samples; n++) {
        cudaGraph_t graph = captured([&] { layers(n % 2 ? "other" : "layer", n % 2 ? k_b : k_a, 3); });
        cudaGraphExecUpdateResultInfo info;
        if (!exec) {
            exec = instantiated(graph);
        } else {
            CHECK(cudaGraphExecUpdate(exec, graph, &info));
        }
        CHECK(cudaGraphDestroy(graph));
        request(n, stream, [&] {
            launch(exec);
            expect_layers(n, n % 2 ? "other" : "layer", n % 2 ? "k_b" : "k_a", 3);
        });
    }
}

/* One node gets another kernel, between launches; another is switched off. */
static void form_setparams() {
    cudaGraph_t graph = captured([] { layers("layer", k_a, 3); });
    cudaGraphExec_t exec = instantiated(graph);
    std::vector<cudaGraphNode_t> nodes = nodes_of(graph, cudaGraphNodeTypeKernel);
    graphs_are_made();
    requests([&](unsigned n) {
        static unsigned ns = 2000;
        void *arguments[] = {&ns};
        cudaKernelNodeParams p = parameters((void *)(n % 4 < 2 ? k_a : k_c), arguments);
        CHECK(cudaGraphExecKernelNodeSetParams(exec, nodes[0], &p));
        CHECK(cudaGraphNodeSetEnabled(exec, nodes[1], n % 3 != 0));
        launch(exec);
        expect(n, "layer.0", n % 4 < 2 ? "k_a" : "k_c", 1);
        expect(n, "layer.1", "k_a", n % 3 != 0 ? 2 : 1);
        expect(n, "layer.2", "k_a", 3);
    });
}

/* Nodes made by hand, with other parameters before the instantiation of a clone. */
static void form_byhand() {
    cudaGraph_t graph, clone;
    cudaGraphNode_t node = NULL, cloned;
    static unsigned ns = 1500;
    void *arguments[] = {&ns};
    nvtxRangePushA("build");
    CHECK(cudaGraphCreate(&graph, 0));
    for (unsigned n = 0; n < 3; n++) {
        cudaKernelNodeParams p = parameters((void *)k_a, arguments);
        cudaGraphNode_t before = node;
        push("layer", n);
        CHECK(cudaGraphAddKernelNode(&node, graph, &before, before ? 1 : 0, &p));
        pop();
    }
    pop();
    nvtxRangePushA("clone");
    CHECK(cudaGraphClone(&clone, graph));
    CHECK(cudaGraphNodeFindInClone(&cloned, node, clone));
    cudaKernelNodeParams p = parameters((void *)k_d, arguments);
    CHECK(cudaGraphKernelNodeSetParams(cloned, &p));
    pop();
    cudaGraphExec_t exec = instantiated(clone);
    graphs_are_made();
    requests([&](unsigned n) {
        launch(exec);
        expect(n, "layer.0", "k_a", 1);
        expect(n, "layer.1", "k_a", 1);
        expect(n, "layer.2", "k_d", 1);
    });
}

/* The range in which a node with the graph `child` and one with k_b are added to `parent`, twice. */
static void add_twice(cudaGraph_t parent, const char *range, cudaGraph_t child) {
    cudaGraphNode_t node = NULL;
    static unsigned ns = 1500;
    void *arguments[] = {&ns};
    for (unsigned n = 0; n < 2; n++) {
        cudaGraphNode_t before = node, own;
        cudaKernelNodeParams p = parameters((void *)k_b, arguments);
        push(range, n);
        CHECK(cudaGraphAddKernelNode(&own, parent, &before, before ? 1 : 0, &p));
        CHECK(cudaGraphAddChildGraphNode(&node, parent, &own, 1, child));
        pop();
    }
}
static cudaGraph_t built(const char *range, cudaGraph_t child) {
    cudaGraph_t graph;
    nvtxRangePushA("build");
    CHECK(cudaGraphCreate(&graph, 0));
    add_twice(graph, range, child);
    pop();
    return graph;
}

/* A graph in two places of another. */
static void form_child() {
    cudaGraphExec_t exec = instantiated(built("block", captured([] { layers("layer", k_a, 2); })));
    graphs_are_made();
    requests([&](unsigned n) {
        launch(exec);
        for (std::string block : {"block.0", "block.1"}) {
            expect_layers(n, (block + "/layer").c_str(), "k_a", 2);
            expect(n, block.c_str(), "k_b", 1);
        }
    });
}

/* The same once more around it; the whole is updated by one whose innermost kernels are others. */
static void form_nested() {
    cudaGraph_t first = built("stage", built("block", captured([] { layers("layer", k_a, 2); })));
    cudaGraph_t second = built("stage", built("block", captured([] { layers("other", k_c, 2); })));
    cudaGraphExec_t exec = instantiated(first);
    graphs_are_made();
    requests([&](unsigned n) {
        bool other = n >= samples / 2;
        cudaGraphExecUpdateResultInfo info;
        if (n == samples / 2) {
            CHECK(cudaGraphExecUpdate(exec, second, &info));
        }
        launch(exec);
        for (std::string stage : {"stage.0", "stage.1"}) {
            for (std::string block : {stage + "/block.0", stage + "/block.1"}) {
                expect_layers(n, (block + (other ? "/other" : "/layer")).c_str(), other ? "k_c" : "k_a", 2);
                expect(n, block.c_str(), "k_b", 1);
            }
            expect(n, stage.c_str(), "k_b", 1);
        }
    });
}

/* One of two child graphs is made to be another in the executable graph, in turns of two launches. CUPTI tells the nodes of the
 * other graph, and not in which node they stand: the range around that is no part of the path. */
static void form_childparams() {
    cudaGraph_t first = captured([] { layers("layer", k_a, 2); });
    cudaGraph_t second = captured([] { layers("other", k_c, 2); });
    cudaGraph_t parent = built("block", first);
    std::vector<cudaGraphNode_t> children = nodes_of(parent, cudaGraphNodeTypeGraph);
    cudaGraphExec_t exec = instantiated(parent);
    graphs_are_made();
    requests([&](unsigned n) {
        bool other = n % 4 >= 2;
        if (n % 2 == 0 && n > 0) {
            CHECK(cudaGraphExecChildGraphNodeSetParams(exec, children[1], other ? second : first));
        }
        launch(exec);
        expect_layers(n, "block.0/layer", "k_a", 2);
        const char *range = n < 2 ? "block.1/layer" : other ? "other" : "layer";
        expect_layers(n, range, other ? "k_c" : "k_a", 2);
        expect(n, "block.0", "k_b", 1);
        expect(n, "block.1", "k_b", 1);
    });
}

/* An update that is refused: the other graph has another form. */
static void form_refused() {
    cudaGraph_t first = captured([] { layers("layer", k_a, 3); });
    cudaGraph_t second = captured([] { layers("other", k_b, 2); });
    cudaGraphExec_t exec = instantiated(first);
    graphs_are_made();
    requests([&](unsigned n) {
        cudaGraphExecUpdateResultInfo info;
        if (n == samples / 2 && cudaGraphExecUpdate(exec, second, &info) == cudaSuccess) {
            fprintf(stderr, "graph_forms: the update was not refused\n");
        }
        cudaGetLastError();
        launch(exec);
        expect_layers(n, "layer", "k_a", 3);
    });
}

/* A conditional node behind `before`, whose body is captured; returns it. */
template <class Body>
static cudaGraphNode_t conditional(cudaGraph_t graph, cudaGraphNode_t before, cudaGraphConditionalHandle handle,
                                   cudaGraphConditionalNodeType type, Body body) {
    cudaGraphNodeParams p = {};
    cudaGraphNode_t node;
    p.type = cudaGraphNodeTypeConditional;
    p.conditional.handle = handle;
    p.conditional.type = type;
    p.conditional.size = 1;
    CHECK(cudaGraphAddNode(&node, graph, &before, NULL, 1, &p));
    cudaGraph_t of_body = p.conditional.phGraph_out[0];
    cudaStream_t side;
    CHECK(cudaStreamCreate(&side));
    CHECK(cudaStreamBeginCaptureToGraph(side, of_body, NULL, NULL, 0, cudaStreamCaptureModeThreadLocal));
    body(of_body, side);
    CHECK(cudaStreamEndCapture(side, NULL));
    return node;
}
static unsigned *counter(unsigned value) {
    unsigned *p;
    CHECK(cudaMalloc(&p, sizeof *p));
    CHECK(cudaMemcpy(p, &value, sizeof *p, cudaMemcpyHostToDevice));
    return p;
}
static cudaGraphNode_t add_kernel(cudaGraph_t graph, void *function, void **arguments) {
    cudaGraphNode_t node;
    cudaKernelNodeParams p = parameters(function, arguments);
    CHECK(cudaGraphAddKernelNode(&node, graph, NULL, 0, &p));
    return node;
}

static void form_if() {
    unsigned *launches = counter(0);
    cudaGraph_t graph;
    cudaGraphConditionalHandle handle;
    nvtxRangePushA("build");
    CHECK(cudaGraphCreate(&graph, 0));
    CHECK(cudaGraphConditionalHandleCreate(&handle, graph, 0, cudaGraphCondAssignDefault));
    void *arguments[] = {&handle, &launches};
    nvtxRangePushA("router");
    cudaGraphNode_t first = add_kernel(graph, (void *)k_if, arguments);
    pop();
    nvtxRangePushA("branch");
    conditional(graph, first, handle, cudaGraphCondTypeIf, [](cudaGraph_t, cudaStream_t s) { layers("layer", k_a, 2, s); });
    pop();
    pop();
    cudaGraphExec_t exec = instantiated(graph);
    graphs_are_made();
    requests([&](unsigned n) {
        launch(exec);
        expect(n, "router", "k_if", 1);
        if (n % 2) {
            expect_layers(n, "branch/layer", "k_a", 2);
        }
    });
}

/* A loop of four turns. */
static void form_while() {
    unsigned *turns = counter(0), four = 4;
    cudaGraph_t graph;
    cudaGraphConditionalHandle handle;
    nvtxRangePushA("build");
    CHECK(cudaGraphCreate(&graph, 0));
    CHECK(cudaGraphConditionalHandleCreate(&handle, graph, 1, cudaGraphCondAssignDefault));
    unsigned ns = 1500;
    void *arguments[] = {&ns};
    nvtxRangePushA("head");
    cudaGraphNode_t first = add_kernel(graph, (void *)k_b, arguments);
    pop();
    nvtxRangePushA("loop");
    conditional(graph, first, handle, cudaGraphCondTypeWhile, [&](cudaGraph_t, cudaStream_t s) {
        layers("layer", k_a, 2, s);
        nvtxRangePushA("again");
        k_turn<<<1, 1, 0, s>>>(handle, turns, four);
        pop();
    });
    pop();
    pop();
    cudaGraphExec_t exec = instantiated(graph);
    graphs_are_made();
    requests([&](unsigned n) {
        launch(exec);
        expect(n, "head", "k_b", 1);
        expect_layers(n, "loop/layer", "k_a", 2, 4);
        expect(n, "loop/again", "k_turn", 4);
    });
}

/* A loop of three turns that comes before everything else, in launches that wait for each other. */
static void form_first() {
    unsigned *turns = counter(0), three = 3;
    cudaGraph_t graph;
    cudaGraphConditionalHandle handle;
    nvtxRangePushA("build");
    CHECK(cudaGraphCreate(&graph, 0));
    CHECK(cudaGraphConditionalHandleCreate(&handle, graph, 1, cudaGraphCondAssignDefault));
    unsigned ns = 1500;
    void *arguments[] = {&ns};
    nvtxRangePushA("before");
    cudaGraphNode_t none;
    CHECK(cudaGraphAddEmptyNode(&none, graph, NULL, 0));
    cudaGraphNode_t loop = conditional(graph, none, handle, cudaGraphCondTypeWhile, [&](cudaGraph_t, cudaStream_t s) {
        k_turn<<<1, 1, 0, s>>>(handle, turns, three);
    });
    pop();
    nvtxRangePushA("tail");
    cudaGraphNode_t tail;
    cudaKernelNodeParams p = parameters((void *)k_b, arguments);
    CHECK(cudaGraphAddKernelNode(&tail, graph, &loop, 1, &p));
    pop();
    pop();
    cudaGraphExec_t exec = instantiated(graph);
    graphs_are_made();
    requests([&](unsigned n) {
        launch(exec);
        launch(exec);
        expect(n, "before", "k_turn", 6);
        expect(n, "tail", "k_b", 2);
    });
}

/* One executable graph, launched by two threads in turns; each waits for its own stream. */
static void form_threads() {
    cudaGraphExec_t exec = instantiated(captured([] { layers("layer", k_a, 3); }));
    std::mutex one;
    graphs_are_made();
    auto work = [&](unsigned from) {
        cudaStream_t own;
        CHECK(cudaStreamCreate(&own));
        for (unsigned n = from; n < samples; n += 2) {
            request(n, own, [&] {
                std::lock_guard<std::mutex> hold(one);
                launch(exec, own);
                expect_layers(n, "layer", "k_a", 3);
            });
        }
    };
    std::thread first(work, 0), second(work, 1);
    first.join();
    second.join();
}

/* Memory is taken and given back in the graph; also a copy and a fill. */
static void form_memory() {
    int host = 0;
    cudaGraphExec_t exec = instantiated(captured([&] {
        int *p;
        push("layer", 0);
        CHECK(cudaMallocAsync(&p, 1 << 20, stream));
        CHECK(cudaMemsetAsync(p, 0, 1 << 20, stream));
        k_write<<<1, 1, 0, stream>>>(p);
        pop();
        layers("own", k_a, 2);
        push("layer", 1);
        k_write<<<1, 1, 0, stream>>>(p);
        CHECK(cudaMemcpyAsync(&host, p, sizeof host, cudaMemcpyDeviceToHost, stream));
        CHECK(cudaFreeAsync(p, stream));
        pop();
    }));
    graphs_are_made();
    requests([&](unsigned n) {
        launch(exec);
        expect(n, "layer.0", "k_write", 1);
        expect_layers(n, "own", "k_a", 2);
        expect(n, "layer.1", "k_write", 1);
    });
}

/* A server: several graphs, for batches of 1 to 8, made at the beginning, uploaded, and used in any order. */
static void form_server() {
    cudaGraphExec_t execs[8];
    for (unsigned i = 0; i < 8; i++) {
        execs[i] = instantiated(captured([&] { layers("layer", i % 2 ? k_b : k_a, 1 + i); }));
        CHECK(cudaGraphUpload(execs[i], stream));
    }
    graphs_are_made();
    requests([&](unsigned n) {
        for (unsigned turn = 0; turn < 2; turn++) {
            unsigned i = (n * 5 + turn * 3) % 8;
            launch(execs[i]);
            expect_layers(n, "layer", i % 2 ? "k_b" : "k_a", 1 + i);
        }
    });
}

/* Every request makes its graph and gives it back before the GPU has come to it. */
static void form_short() {
    graphs_are_made();
    requests([&](unsigned n) {
        cudaGraph_t graph = captured([&] { layers("layer", n % 2 ? k_b : k_a, 3); });
        cudaGraphExec_t exec = instantiated(graph);
        launch(exec);
        CHECK(cudaGraphExecDestroy(exec));
        CHECK(cudaGraphDestroy(graph));
        expect_layers(n, "layer", n % 2 ? "k_b" : "k_a", 3);
    });
}

static const struct {
    const char *name;
    void (*run)();
} forms[] = {{"capture", form_capture}, {"update", form_update}, {"recapture", form_recapture},
             {"setparams", form_setparams}, {"byhand", form_byhand}, {"child", form_child},
             {"nested", form_nested}, {"childparams", form_childparams}, {"refused", form_refused}, {"first", form_first}, {"if", form_if}, {"while", form_while},
             {"threads", form_threads}, {"memory", form_memory}, {"server", form_server},
             {"short", form_short}};

/* ---- what CUPTI tells ---- */

static FILE *spied;
static CUptiResult (*graph_id)(CUgraph, uint32_t *), (*node_id)(CUgraphNode, uint64_t *);
static CUresult (*child_graph)(CUgraphNode, CUgraph *);

static long of_graph(CUgraph graph) {
    uint32_t id = 0;
    return graph && graph_id(graph, &id) == CUPTI_SUCCESS ? (long)id : -1;
}
static long long of_node(CUgraphNode node) {
    uint64_t id = 0;
    return node && node_id(node, &id) == CUPTI_SUCCESS ? (long long)id : -1;
}
static void CUPTIAPI spy(void *, CUpti_CallbackDomain domain, CUpti_CallbackId cbid, const void *data) {
    static const char *const names[] = {"", "", "", "", "", "", "", "", "", "GRAPH_CREATED", "GRAPH_DESTROY", "GRAPH_CLONED",
                                        "NODE_STARTING", "NODE_CREATED", "NODE_DESTROY", "DEPENDENCY", "DEPENDENCY_GONE",
                                        "EXEC_STARTING", "EXEC_CREATED", "EXEC_DESTROY", "NODE_CLONED", "", "NODE_UPDATED",
                                        "NODE_SET_PARAMS"};
    if (domain != CUPTI_CB_DOMAIN_RESOURCE) {
        const CUpti_CallbackData *call = (const CUpti_CallbackData *)data;
        if (strncmp(call->functionName, "cuGraph", 7) == 0 || strstr(call->functionName, "Capture")) {
            fprintf(spied, "%s %s %u\n", call->callbackSite == CUPTI_API_ENTER ? "call" : "end", call->functionName,
                    call->correlationId);
        }
        return;
    }
    const CUpti_GraphData *g = (const CUpti_GraphData *)((const CUpti_ResourceData *)data)->resourceDescriptor;
    bool of_nodes = (cbid >= 12 && cbid <= 14) || cbid == 20 || cbid >= 22, cloned = cbid == 20 || cbid >= 22;
    CUgraph inside = NULL;
    if (of_nodes && cbid != 12 && g->nodeType == CU_GRAPH_NODE_TYPE_GRAPH && child_graph(g->node, &inside) != CUDA_SUCCESS) {
        inside = NULL;
    }
    fprintf(spied, "  %s graph=%ld original_graph=%ld node=%lld original=%lld type=%d child=%ld exec=%p pointers %p %p %p %p\n",
            names[cbid], cbid >= 17 && cbid <= 19 ? -2 : of_graph(g->graph), cbid == 11 ? of_graph(g->originalGraph) : -2,
            of_nodes && cbid != 12 ? of_node(g->node) : -2, cloned ? of_node(g->originalNode) : -2, of_nodes ? (int)g->nodeType : -2,
            of_graph(inside), (void *)g->graphExec, (void *)g->graph, (void *)g->originalGraph, (void *)g->node,
            (void *)g->originalNode);
}
static void begin_spying(const char *path) {
    void *cupti = dlopen("libcupti.so.13", RTLD_NOW), *driver = dlopen("libcuda.so.1", RTLD_NOW);
    if (!cupti || !driver || !(spied = fopen(path, "w"))) {
        fprintf(stderr, "graph_forms: no spying: %s\n", dlerror());
        return;
    }
    auto subscribe = (CUptiResult(*)(CUpti_SubscriberHandle *, CUpti_CallbackFunc, void *))dlsym(cupti, "cuptiSubscribe");
    auto enable = (CUptiResult(*)(uint32_t, CUpti_SubscriberHandle, CUpti_CallbackDomain, CUpti_CallbackId))dlsym(
        cupti, "cuptiEnableCallback");
    auto domain = (CUptiResult(*)(uint32_t, CUpti_SubscriberHandle, CUpti_CallbackDomain))dlsym(cupti, "cuptiEnableDomain");
    *(void **)&graph_id = dlsym(cupti, "cuptiGetGraphId");
    *(void **)&node_id = dlsym(cupti, "cuptiGetGraphNodeId");
    *(void **)&child_graph = dlsym(driver, "cuGraphChildGraphNodeGetGraph");
    CUpti_SubscriberHandle subscriber;
    subscribe(&subscriber, spy, NULL);
    domain(1, subscriber, CUPTI_CB_DOMAIN_DRIVER_API);
    for (uint32_t cbid = 9; cbid <= 23; cbid++) {
        if (cbid != 21) {
            fprintf(spied, "enable %u: %d\n", cbid, enable(1, subscriber, CUPTI_CB_DOMAIN_RESOURCE, cbid));
        }
    }
}

int main(int argc, char **argv) {
    samples = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
    profiler = argc > 3 && strcmp(argv[3], "profiler") == 0;
    if (getenv("GRAPH_FORMS_SPY")) {
        begin_spying(getenv("GRAPH_FORMS_SPY"));
    }
    for (const auto &form : forms) {
        if (argc > 2 && strcmp(form.name, argv[1]) == 0) {
            CHECK(cudaStreamCreate(&stream));
            form.run();
            CHECK(cudaDeviceSynchronize());
            return 0;
        }
    }
    fprintf(stderr, "usage: graph_forms FORM SAMPLES [profiler]\n");
    return 2;
}
