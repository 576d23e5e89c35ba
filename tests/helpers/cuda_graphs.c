/* A target that captures CUDA graphs in ranges and replays them: `cuda_graphs THREADS REPLAYS`. Each thread
 * captures a graph in the request sample.0, with layers that launch 1, 2 and 3 kernels and a fill,
 * instantiates it twice, and replays both in sample.1, sample.2, ..., one of them in decode.1, decode.2, ...
 * inside. It prints a line for each piece of work that it had done, in the words of trace_graphs. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const fake_kernel kernel = {"_Z5layerPf", 2000, 16, 0}, head = {"_Z4headPf", 3000, 16, 0};
static unsigned replays;

static void layer(unsigned number, void *stream) {
    static __thread char filled[64];
    char name[32];
    dim3 one = {1, 1, 1};
    snprintf(name, sizeof name, "layer.%u", number);
    nvtxRangePushA(name);
    for (unsigned i = 0; i <= number; i++) {
        __cudaLaunchKernel(&kernel, one, one, NULL, 0, stream);
    }
    cudaMemsetAsync(filled, 0, sizeof filled, stream);
    nvtxRangePop();
}

static void *capture(void *stream) {
    void *graph;
    nvtxRangePushA("capture");
    cudaStreamBeginCapture(stream, 0);
    for (unsigned i = 0; i < 3; i++) {
        layer(i, stream);
    }
    cuLaunchKernel((void *)(uintptr_t)&head, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL);
    cudaStreamEndCapture(stream, &graph);
    nvtxRangePop();
    return graph;
}

static void replay(unsigned number, void *first, void *second, void *stream) {
    char name[32];
    snprintf(name, sizeof name, "sample.%u", number);
    nvtxRangePushA(name);
    cudaGraphLaunch(second, stream);
    snprintf(name, sizeof name, "decode.%u", number);
    nvtxRangePushA(name);
    cudaGraphLaunch(first, stream);
    cudaStreamSynchronize(stream);
    nvtxRangePop();
    nvtxRangePop();
}

static void *work(void *unused) {
    (void)unused;
    void *stream, *graph, *first, *second;
    cudaStreamCreate(&stream);
    nvtxRangePushA("sample.0");
    graph = capture(stream);
    cudaGraphInstantiate(&first, graph, 0);
    nvtxRangePop();
    nvtxRangePushA("between");
    cudaGraphInstantiate(&second, graph, 0);
    nvtxRangePop();
    cudaGraphDestroy(graph);
    for (unsigned i = 1; i <= replays; i++) {
        replay(i, first, second, stream);
    }
    cudaGraphExecDestroy(first);
    cudaGraphExecDestroy(second);
    return NULL;
}

static void say(unsigned count, const char *what, const char *captured, unsigned replayed) {
    for (unsigned i = 0; i < count; i++) {
        printf("%s captured in %s, graph begun in capture, copied 1 times, launched in sample.%u\n", what,
               captured, replayed);
        printf("%s captured in %s, graph begun in capture, copied 1 times, launched in decode.%u\n", what,
               captured, replayed);
    }
}

int main(int argc, char **argv) {
    enum { MOST = 16 };
    pthread_t ids[MOST];
    unsigned threads = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (threads == 0 || threads > MOST) {
        return 99;
    }
    replays = (unsigned)strtoul(argv[2], NULL, 10);
    for (unsigned i = 0; i < threads; i++) {
        pthread_create(&ids[i], NULL, work, NULL);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    for (unsigned i = 1; i <= replays; i++) {
        say(1 * threads, "kernel _Z5layerPf", "layer.0", i);
        say(2 * threads, "kernel _Z5layerPf", "layer.1", i);
        say(3 * threads, "kernel _Z5layerPf", "layer.2", i);
        say(1 * threads, "fill -", "layer.0", i);
        say(1 * threads, "fill -", "layer.1", i);
        say(1 * threads, "fill -", "layer.2", i);
        say(1 * threads, "kernel _Z4headPf", "capture", i);
    }
    return 9;
}
