/* A target that makes CUDA calls of many kinds and counts them: `cuda_calls ROUNDS [THREADS [maps]]`. It
 * prints `NAME COUNT` for each, in the order of the names; with `maps` also whether CUPTI is in the process.
 * Runtime calls are made twice: linked, and past all interposers, as a library does that brings its own
 * runtime. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BYTES 3000000 /* a copy that waits is made in three pieces */

static const fake_kernel kernel = {"_Z6kernelv", 2000, 16, 0};
static void *runtime;
static unsigned rounds;

typedef struct {
    const char *name;
    atomic_uint count;
} tally;
static tally tallies[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void count(const char *name) {
    pthread_mutex_lock(&lock);
    tally *t = tallies;
    while (t->name && strcmp(t->name, name) != 0) {
        t++;
    }
    t->name = name;
    t->count++;
    pthread_mutex_unlock(&lock);
}

/* The function of that name, as the target's linker or its own look-up found it. */
#define CALL(name, ...) (count(#name), name(__VA_ARGS__))
#define BOTH(name, ...)                                                                                      \
    do {                                                                                                     \
        __typeof__(&name) hidden;                                                                            \
        *(void **)&hidden = dlsym(runtime, #name);                                                           \
        CALL(name, __VA_ARGS__);                                                                             \
        count(#name);                                                                                        \
        hidden(__VA_ARGS__);                                                                                 \
    } while (0)

static void launches(void *stream) {
    dim3 one = {1, 1, 1};
    fake_runtime_config config = {.grid = one, .block = one, .stream = stream};
    BOTH(cudaLaunchKernel, &kernel, one, one, NULL, 0, stream);
    BOTH(__cudaLaunchKernel, &kernel, one, one, NULL, 0, stream);
    BOTH(cudaLaunchCooperativeKernel, &kernel, one, one, NULL, 0, stream);
    BOTH(cudaLaunchKernelExC, &config, &kernel, NULL);
    CALL(cuLaunchKernel, (void *)(uintptr_t)&kernel, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL);
}

static void copies(unsigned char *device, unsigned char *host, void *stream) {
    BOTH(cudaMemcpy, device, host, BYTES, cudaMemcpyHostToDevice);
    BOTH(cudaMemcpyAsync, host, device, 100, cudaMemcpyDeviceToHost, stream);
    BOTH(cudaMemset, device, 1, 100);
    BOTH(cudaMemsetAsync, device, 1, 100, stream);
    CALL(cuMemsetD8Async, (uintptr_t)device, 1, 100, stream);
}

static void waits(void *stream) {
    void *event;
    CALL(cudaEventCreate, &event);
    BOTH(cudaEventRecord, event, stream);
    BOTH(cudaEventSynchronize, event);
    CALL(cudaEventDestroy, event);
    BOTH(cudaStreamSynchronize, stream);
    BOTH(cudaDeviceSynchronize);
    CALL(cuStreamSynchronize, stream);
}

static void *work(void *unused) {
    (void)unused;
    void *stream;
    unsigned char *device, *host = calloc(1, BYTES);
    int number;
    size_t bytes;
    nvtxRangePushA("work");
    CALL(cudaGetDeviceCount, &number);
    CALL(cuDeviceTotalMem_v2, &bytes, 0);
    CALL(cudaStreamCreate, &stream);
    CALL(cudaMalloc, (void **)&device, BYTES);
    CALL(cudaProfilerStart);
    for (unsigned i = 0; i < rounds; i++) {
        launches(stream);
        copies(device, host, stream);
        waits(stream);
        usleep(60000); /* so that the recorder does what it does in a run that lasts */
    }
    CALL(cudaProfilerStop);
    CALL(cudaFree, device);
    CALL(cudaStreamDestroy, stream);
    nvtxRangePop();
    free(host);
    return NULL;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const tally *)a)->name, ((const tally *)b)->name);
}

static void print_tallies(void) {
    size_t n = 0;
    while (tallies[n].name) {
        n++;
    }
    qsort(tallies, n, sizeof tallies[0], by_name);
    for (size_t i = 0; i < n; i++) {
        printf("%s %u\n", tallies[i].name, tallies[i].count);
    }
}

static void print_maps(void) {
    char line[4096];
    int seen = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    while (f && fgets(line, sizeof line, f)) {
        seen |= strstr(line, "libcupti") != NULL;
    }
    if (f) {
        fclose(f);
    }
    printf("CUPTI is %s\n", seen ? "here" : "not here");
}

int main(int argc, char **argv) {
    enum { MOST = 16 };
    pthread_t ids[MOST];
    rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1;
    unsigned threads = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
    runtime = dlopen("libcudart.so.13", RTLD_NOW | RTLD_NOLOAD);
    if (threads > MOST || !runtime) {
        return 99;
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_create(&ids[i], NULL, work, NULL);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    print_tallies();
    if (argc > 3) {
        print_maps();
    }
    return 8;
}
