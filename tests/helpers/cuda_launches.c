/* A target that issues GPU work on every path that there is: `cuda_launches [THREADS [ROUNDS [STATUS]]]`. For
 * each NVTX range it prints how many kernels, copies and fills it issued in it, and ends with STATUS. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES 4096

static const fake_kernel quick = {"_Z5quickPf", 1500, 16, 0}, slow = {"_Z4slowPKfPfi", 20000, 40, 1024};
static const dim3 one = {1, 1, 1}, block = {128, 2, 1};

static int (*plugin_launch)(const void *, void *);
static int (*plugin_copy)(void *, const void *, size_t);

typedef struct {
    char name[32];
    unsigned kernels, copies, fills;
} range;

typedef struct {
    unsigned number, rounds, sum, errors;
    void *stream;
    unsigned char *host, *device;
    range ranges[8];
    unsigned range_count;
} worker;

static range *open_range(worker *w, const char *name) {
    range *r = &w->ranges[w->range_count++];
    snprintf(r->name, sizeof r->name, "t%u.%s", w->number, name);
    nvtxRangePushA(r->name);
    return r;
}

static void check(worker *w, int rc) {
    w->errors += rc != 0;
}

static void through_runtime(worker *w) {
    range *r = open_range(w, "runtime");
    fake_runtime_config config = {.grid = block, .block = one, .stream = w->stream};
    for (unsigned i = 0; i < w->rounds; i++) {
        check(w, cudaLaunchKernel(&quick, one, block, NULL, 0, w->stream));
        check(w, cudaLaunchKernel_ptsz(&quick, one, block, NULL, 0, w->stream));
        check(w, __cudaLaunchKernel(&slow, block, one, NULL, 64, w->stream));
        check(w, __cudaLaunchKernel_ptsz(&slow, block, one, NULL, 64, w->stream));
        check(w, cudaLaunchCooperativeKernel(&quick, one, one, NULL, 0, w->stream));
        check(w, cudaLaunchKernelExC(&config, &slow, NULL));
        r->kernels += 6;
    }
    check(w, cudaStreamSynchronize(w->stream));
    nvtxRangePop();
}

static void through_driver(worker *w) {
    range *r = open_range(w, "driver");
    fake_driver_config config = {.grid = {2, 2, 2}, .block = {32, 1, 1}, .stream = w->stream};
    void *f = (void *)(uintptr_t)&quick;
    uint64_t device = (uintptr_t)w->device;
    for (unsigned i = 0; i < w->rounds; i++) {
        check(w, cuLaunchKernel(f, 1, 1, 1, 32, 1, 1, 0, w->stream, NULL, NULL));
        check(w, cuLaunchCooperativeKernel(f, 1, 1, 1, 32, 1, 1, 0, w->stream, NULL));
        check(w, cuLaunchKernelEx(&config, f, NULL, NULL));
        check(w, cuMemcpyHtoDAsync_v2(device, w->host, BYTES, w->stream));
        check(w, cuMemcpyDtoHAsync_v2(w->host, device, BYTES, w->stream));
        check(w, cuMemcpyAsync(device + BYTES, device, BYTES, w->stream));
        check(w, cuMemsetD8Async(device, 5, BYTES, w->stream));
        r->kernels += 3;
        r->copies += 3;
        r->fills += 1;
    }
    check(w, cuStreamSynchronize(w->stream));
    nvtxRangePop();
}

static void copies_and_fills(worker *w) {
    range *r = open_range(w, "copies");
    for (unsigned i = 0; i < w->rounds; i++) {
        memset(w->host, (int)i + 1, BYTES);
        check(w, cudaMemcpy(w->device, w->host, BYTES, cudaMemcpyHostToDevice));
        check(w, cudaMemcpyAsync(w->device + BYTES, w->device, BYTES, cudaMemcpyDeviceToDevice, w->stream));
        check(w, cudaMemset(w->device, 0, BYTES));
        check(w, cudaMemsetAsync(w->device, 1, BYTES / 2, w->stream));
        check(w, cudaMemcpy(w->host, w->device + BYTES - 1, 2, cudaMemcpyDeviceToHost));
        w->sum += w->host[0] + w->host[1];
        r->copies += 3;
        r->fills += 2;
    }
    nvtxRangePop();
}

/* A copy that the runtime makes in pieces: several driver calls inside one call. */
static void big_copy(worker *w) {
    range *r = open_range(w, "pieces");
    size_t bytes = (size_t)5 << 19;
    void *from = calloc(1, bytes), *to = calloc(1, bytes);
    check(w, cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice));
    r->copies = 3;
    free(from);
    free(to);
    nvtxRangePop();
}

static void through_graph(worker *w) {
    void *graph, *exec, *event;
    nvtxRangePushA("capture, which runs nothing");
    check(w, cudaStreamBeginCapture(w->stream, 0));
    for (int i = 0; i < 3; i++) {
        check(w, cudaLaunchKernel(&quick, one, block, NULL, 0, w->stream));
    }
    check(w, cudaMemsetAsync(w->device, 1, 64, w->stream));
    check(w, cudaStreamEndCapture(w->stream, &graph));
    check(w, cudaGraphInstantiate(&exec, graph, 0));
    nvtxRangePop();
    range *r = open_range(w, "graph");
    for (unsigned i = 0; i < w->rounds; i++) {
        check(w, cudaGraphLaunch(exec, w->stream));
        r->kernels += 3;
        r->fills += 1;
    }
    check(w, cudaEventCreate(&event));
    check(w, cudaEventRecord(event, w->stream));
    check(w, cudaEventSynchronize(event));
    check(w, cudaEventDestroy(event));
    nvtxRangePop();
    check(w, cudaGraphExecDestroy(exec));
    check(w, cudaGraphDestroy(graph));
}

static void through_plugin(worker *w) {
    range *r = open_range(w, "plugin");
    for (unsigned i = 0; i < w->rounds; i++) {
        check(w, plugin_launch(&slow, w->stream));
        check(w, plugin_copy(w->device, w->host, BYTES));
        r->kernels += 1;
        r->copies += 1;
    }
    nvtxRangePop();
}

static void *work(void *arg) {
    worker *w = arg;
    char name[16];
    snprintf(name, sizeof name, "worker-%u", w->number);
    pthread_setname_np(pthread_self(), name);
    check(w, cudaStreamCreate(&w->stream));
    check(w, cudaMalloc((void **)&w->device, 2 * BYTES));
    w->host = calloc(1, 2 * BYTES);
    nvtxRangePushA(name);
    through_runtime(w);
    through_driver(w);
    copies_and_fills(w);
    big_copy(w);
    through_graph(w);
    through_plugin(w);
    check(w, cudaDeviceSynchronize());
    nvtxRangePop();
    check(w, cudaFree(w->device));
    check(w, cudaStreamDestroy(w->stream));
    free(w->host);
    return NULL;
}

static int open_plugin(const char *program) {
    char path[4096];
    const char *slash = strrchr(program, '/');
    snprintf(path, sizeof path, "%.*s/../fake/libplugin.so", slash ? (int)(slash - program) : 1,
             slash ? program : ".");
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    *(void **)&plugin_launch = dlsym(library, "plugin_launch");
    *(void **)&plugin_copy = dlsym(library, "plugin_copy");
    return plugin_launch && plugin_copy ? 0 : -1;
}

int main(int argc, char **argv) {
    enum { MOST = 64 };
    static worker workers[MOST];
    pthread_t ids[MOST];
    unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
    if (count > MOST || open_plugin(argv[0])) {
        return 99;
    }
    for (unsigned i = 0; i < count; i++) {
        workers[i].number = i;
        workers[i].rounds = rounds;
        pthread_create(&ids[i], NULL, work, &workers[i]);
    }
    for (unsigned i = 0; i < count; i++) {
        const worker *w = &workers[i];
        pthread_join(ids[i], NULL);
        printf("thread %u: sum %u, errors %u\n", i, w->sum, w->errors);
        for (unsigned r = 0; r < w->range_count; r++) {
            printf("range worker-%u %s kernels=%u copies=%u fills=%u\n", i, w->ranges[r].name,
                   w->ranges[r].kernels, w->ranges[r].copies, w->ranges[r].fills);
        }
    }
    fprintf(stderr, "done\n");
    return argc > 3 ? atoi(argv[3]) : 0;
}
