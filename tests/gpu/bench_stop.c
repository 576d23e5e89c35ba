/* How long a process takes to end after many launches, and how much memory it used: `bench_stop [LAUNCHES
 * [THREADS]]`, 5 million on one thread if not said. A child makes empty kernels through the runtime, as fast
 * as it can, waits for them, and ends; the parent prints LAUNCHES  SECONDS_OF_LAUNCHING
 * MS_FROM_THE_END_OF_THE_WORK_TO_THE_END_OF_THE_PROCESS  PEAK_MIB where the peak is the child's largest
 * resident memory. Works with the fake CUDA of the tests as well. No CUDA toolkit is needed to build. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char ptx[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry empty()\n{\nret;\n}\n";

/* What the tests' fake CUDA takes for a kernel (tests/fake/fake.h). */
static const struct {
    const char *name;
    uint32_t duration_ns, registers, static_shared;
} fake_kernel = {"empty", 200, 16, 0};

typedef struct {
    unsigned x, y, z;
} dim3_abi;

static const void *kernel;
static int (*launch)(const void *, dim3_abi, dim3_abi, void **, size_t, void *);
static int (*stream_create)(void **), (*synchronize)(void);
static unsigned long long launches_each;

static void fail(const char *what) {
    fprintf(stderr, "bench_stop: %s\n", what);
    _exit(2);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void open_cuda(void) {
    void *runtime = dlopen("libcudart.so.13", RTLD_NOW | RTLD_GLOBAL);
    runtime = runtime ? runtime : dlopen("libcudart.so.12", RTLD_NOW | RTLD_GLOBAL);
    if (!runtime) {
        fail("libcudart is missing: put its folder into LD_LIBRARY_PATH");
    }
    int (*load)(void **, const void *, void *, void *, unsigned, void *, void *, unsigned);
    int (*get)(void **, void *, const char *);
    *(void **)&launch = dlsym(RTLD_DEFAULT, "cudaLaunchKernel"); /* as a library of the program's finds it */
    *(void **)&stream_create = dlsym(runtime, "cudaStreamCreate");
    *(void **)&synchronize = dlsym(RTLD_DEFAULT, "cudaDeviceSynchronize");
    *(void **)&load = dlsym(runtime, "cudaLibraryLoadData");
    *(void **)&get = dlsym(runtime, "cudaLibraryGetKernel");
    if (!launch || !stream_create || !synchronize) {
        fail("the CUDA runtime lacks functions");
    }
    void *library, *found = NULL;
    if (load && get && (load(&library, ptx, NULL, NULL, 0, NULL, NULL, 0) || get(&found, library, "empty"))) {
        fail("the kernel cannot be loaded");
    }
    kernel = load && get ? found : &fake_kernel;
}

static void *work(void *unused) {
    (void)unused;
    void *stream;
    dim3_abi one = {1, 1, 1};
    if (stream_create(&stream)) {
        fail("no stream");
    }
    for (unsigned long long i = 0; i < launches_each; i++) {
        if (launch(kernel, one, one, NULL, 0, stream)) {
            fail("a launch failed");
        }
    }
    return NULL;
}

/* In the child: sends the times when the work began and ended, then ends as any program does. */
static int measured(int to, int threads) {
    pthread_t ids[64];
    uint64_t times[2];
    open_cuda();
    times[0] = now();
    for (int i = 1; i < threads; i++) {
        pthread_create(&ids[i], NULL, work, NULL);
    }
    work(NULL);
    for (int i = 1; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    if (synchronize()) {
        fail("the kernels failed");
    }
    times[1] = now();
    return write(to, times, sizeof times) == sizeof times ? 0 : 2;
}

int main(int argc, char **argv) {
    unsigned long long total = argc > 1 ? strtoull(argv[1], NULL, 10) : 5000000;
    int threads = argc > 2 ? atoi(argv[2]) : 1, ends[2], state = 0;
    threads = threads < 1 ? 1 : threads;
    threads = threads > 64 ? 64 : threads;
    launches_each = total / (unsigned)threads;
    uint64_t times[2];
    struct rusage used;
    if (pipe(ends)) {
        fail("no pipe");
    }
    pid_t child = fork();
    if (child == 0) {
        return measured(ends[1], threads);
    }
    if (read(ends[0], times, sizeof times) != sizeof times || wait4(child, &state, 0, &used) != child) {
        fail("the measured process ended early");
    }
    uint64_t end = now();
    printf("%llu %.3f %.1f %.1f\n", launches_each * (unsigned)threads, (double)(times[1] - times[0]) / 1e9,
           (double)(end - times[1]) / 1e6, (double)used.ru_maxrss / 1024);
    return WIFEXITED(state) ? WEXITSTATUS(state) : 2;
}
