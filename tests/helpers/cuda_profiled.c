/* A target that profiles a part of itself with CUPTI, as a script with torch.profiler does:
 * `cuda_profiled WHEN WHAT [THREADS]`. It launches in the ranges before, profiled and after; the profiler
 * begins `middle` (before "profiled"), `race` (there, on two threads), `first` (before any CUDA call) or
 * `twice`; with `busy` it begins while kernels run. WHAT is a sum of the numbers in fake_profiler.h. THREADS
 * others launch all the while. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_profiler.h"
#include "tests/fake/fake_runtime.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const fake_kernel mine = {"_Z4minev", 3000, 16, 0}, slow = {"_Z4slowv", 30000000, 16, 0},
                         others = {"_Z6others", 2000, 16, 0};
static void (*begin)(int);
static void (*end)(void);
static atomic_bool stop;

static void launches(const char *range, unsigned n, const fake_kernel *kernel, int wait) {
    dim3 one = {1, 1, 1};
    char bytes[64] = "";
    nvtxRangePushA(range);
    for (unsigned i = 0; i < n; i++) {
        cudaLaunchKernel(kernel, one, one, NULL, 0, NULL);
    }
    cudaMemcpyAsync(bytes, bytes + 32, 32, cudaMemcpyHostToDevice, NULL);
    if (wait) {
        cudaDeviceSynchronize();
    }
    nvtxRangePop();
}

static void *launch_all_the_while(void *unused) {
    (void)unused;
    void *stream;
    dim3 one = {1, 1, 1};
    cudaStreamCreate(&stream);
    while (!atomic_load(&stop)) {
        __cudaLaunchKernel(&others, one, one, NULL, 0, stream);
    }
    cudaStreamSynchronize(stream);
    return NULL;
}

static int open_profiler(const char *program) {
    char path[4096];
    const char *slash = strrchr(program, '/');
    snprintf(path, sizeof path, "%.*s/../fake/libprofiler.so", slash ? (int)(slash - program) : 1,
             slash ? program : ".");
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
    *(void **)&begin = dlsym(library, "profiler_begin");
    *(void **)&end = dlsym(library, "profiler_end");
    return begin && end ? 0 : -1;
}

static void *begin_calls(void *unused) {
    (void)unused;
    begin(PROFILER_CALLS);
    return NULL;
}

/* On two threads, the second while the recorder gives way to the first. */
static void begin_in_parts(void) {
    pthread_t id;
    dim3 one = {1, 1, 1};
    cudaLaunchKernel(&others, one, one, NULL, 0, NULL); /* so that there is something to be flushed */
    cudaDeviceSynchronize();
    usleep(20000);
    pthread_create(&id, NULL, begin_calls, NULL);
    usleep(50000);
    begin(PROFILER_RECORDS);
    pthread_join(id, NULL);
}

static void profile(const char *when, int what) {
    int first = strcmp(when, "first") == 0;
    if (first) {
        begin(what);
    }
    launches("before", 5, strcmp(when, "busy") == 0 ? &slow : &mine, strcmp(when, "busy") != 0);
    if (strcmp(when, "race") == 0) {
        begin_in_parts();
    } else if (!first) {
        begin(what);
    }
    launches("profiled", 7, &mine, 1);
    end();
    if (strcmp(when, "twice") == 0) {
        begin(what);
        launches("again", 2, &mine, 1);
        end();
    }
    launches("after", 3, &mine, 1);
}

int main(int argc, char **argv) {
    enum { MOST = 16 };
    pthread_t ids[MOST];
    unsigned threads = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
    if (argc < 3 || threads > MOST || open_profiler(argv[0])) {
        return 99;
    }
    pthread_setname_np(pthread_self(), "main");
    for (unsigned i = 0; i < threads; i++) {
        pthread_create(&ids[i], NULL, launch_all_the_while, NULL);
    }
    profile(argv[1], atoi(argv[2]));
    atomic_store(&stop, true);
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    return 11;
}
