/* A target whose requests replay a captured graph of 60 kernels of 10 us: `cuda_replays WAY REQUESTS`. WAY: requests,
 * window (every second one lies in a range `window`), profiler (every second one between the profiler's start and
 * stop), busy (requests do not wait for their work), never (a long kernel and another replay follow each one, and nobody
 * waits: the GPU does not come to rest). With REPLAYS_LEAVE it leaves by _exit right after the last request. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KERNELS 60

static const fake_kernel kernel = {"_Z4stepPf", 10000, 16, 0}, long_kernel = {"_Z4longv", 50000000, 16, 0};
static void *stream, *exec;
static const char *way;

static bool is(const char *name) {
    return strcmp(way, name) == 0;
}

static void capture(void) {
    void *graph;
    dim3 one = {1, 1, 1};
    cudaStreamBeginCapture(stream, 0);
    for (int i = 0; i < KERNELS; i++) {
        cudaLaunchKernel(&kernel, one, one, NULL, 0, stream);
    }
    cudaStreamEndCapture(stream, &graph);
    cudaGraphInstantiate(&exec, graph, 0);
    cudaGraphDestroy(graph);
}

static void replay(void) {
    cudaGraphLaunch(exec, stream);
    if (is("never")) {
        dim3 one = {1, 1, 1};
        cudaLaunchKernel(&long_kernel, one, one, NULL, 0, stream);
        cudaGraphLaunch(exec, stream);
    } else if (!is("busy")) {
        cudaStreamSynchronize(stream);
    }
}

static void request(unsigned number) {
    char name[32];
    bool second = number % 2 == 1;
    if (is("profiler")) {
        second ? cudaProfilerStart() : cudaProfilerStop();
    }
    if (is("window") && second) {
        nvtxRangePushA("window");
    }
    snprintf(name, sizeof name, "sample.%u", number);
    nvtxRangePushA(name);
    nvtxRangePushA("decode");
    replay();
    nvtxRangePop();
    nvtxRangePop();
    if (is("window") && second) {
        nvtxRangePop();
    }
}

int main(int argc, char **argv) {
    if (argc != 3) {
        return 2;
    }
    way = argv[1];
    unsigned requests = (unsigned)strtoul(argv[2], NULL, 10);
    cudaStreamCreate(&stream);
    capture();
    for (unsigned i = 0; i < requests; i++) {
        request(i);
    }
    if (getenv("REPLAYS_LEAVE")) {
        _exit(9);
    }
    cudaStreamSynchronize(stream);
    return 9;
}
