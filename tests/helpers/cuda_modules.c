/* A target that loads a module, launches its kernel three times, and unloads it, again and again: `cuda_modules WAY
 * COUNT`. WAY: sync (waits before it unloads), behind (unloads right behind the launches), graph (launches through a
 * captured graph). Each kernel has a name of its own, k0, k1, ... */
#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *stream;

static void launch(void *function) {
    for (int i = 0; i < 3; i++) {
        cuLaunchKernel(function, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL);
    }
}

static void launch_graph(void *function) {
    void *graph, *exec;
    cuStreamBeginCapture_v2(stream, 0);
    launch(function);
    cuStreamEndCapture(stream, &graph);
    cuGraphInstantiateWithFlags(&exec, graph, 0);
    cuGraphLaunch(exec, stream);
    cuStreamSynchronize(stream);
    cuGraphExecDestroy(exec);
    cuGraphDestroy(graph);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        return 2;
    }
    cudaStreamCreate(&stream);
    for (long i = 0, count = strtol(argv[2], NULL, 10); i < count; i++) {
        char name[32], text[128];
        void *module, *function;
        snprintf(name, sizeof name, "k%ld", i);
        snprintf(text, sizeof text, ".version 7.0\n.target sm_70\n.entry %s()\n{\nret;\n}\n", name);
        if (cuModuleLoadData(&module, text) || cuModuleGetFunction(&function, module, name)) {
            return 3;
        }
        if (strcmp(argv[1], "graph") == 0) {
            launch_graph(function);
        } else {
            launch(function);
        }
        if (strcmp(argv[1], "sync") == 0) {
            cuCtxSynchronize();
        }
        cuModuleUnload(module);
    }
    return 9;
}
