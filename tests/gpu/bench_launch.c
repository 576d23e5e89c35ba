/* How long one launch of an empty kernel takes the host: nanoseconds, median and minimum over batches.
 *   bench_launch runtime|driver [--bare | --pairs N [BEFORE]] [THREADS]
 * The kernel is PTX; it is launched through the runtime (cudaLaunchKernel, found as the program's own
 * libraries find it, so that a preload can interpose) or through the driver. --bare records kernels with
 * CUPTI in the plainest way, for comparison. --pairs makes N pairs of NVTX ranges `sample.I`, for an observer
 * that profiles every second one, and prints the medians of the unprofiled and of the profiled ones, and the
 * median of their differences with its 95 % interval; with BEFORE also the median of so many ranges before.
 * As a shared library it gives Python one batch at a time (bench_launch_open, bench_launch_batch). No CUDA
 * toolkit is needed to build. */
#include <nvtx3/nvToolsExt.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A batch fits into the queue of launches (1024), so the host never waits for the GPU inside of it. */
enum { BATCH = 400, BATCHES = 400, WARM = 20 };

static const char ptx[] =
    ".version 7.0\n.target sm_70\n.address_size 64\n.visible .entry empty()\n{\nret;\n}\n";

typedef struct {
    unsigned x, y, z;
} dim3_abi;

static void *cuda, *runtime;
static void *driver_function, *runtime_kernel;
static int use_runtime;

static int (*driver_launch)(void *, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                            void *, void **, void **);
static int (*runtime_launch)(const void *, dim3_abi, dim3_abi, void **, size_t, void *);
static int (*stream_synchronize)(void *);
static int (*stream_create)(void **, unsigned);

static void check(int rc, const char *what) {
    if (rc) {
        fprintf(stderr, "bench_launch: %s failed with %d\n", what, rc);
        exit(2);
    }
}

static void *find(void *handle, const char *name) {
    void *f = dlsym(handle, name);
    if (!f) {
        fprintf(stderr, "bench_launch: %s is missing\n", name);
        exit(2);
    }
    return f;
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- the plainest use of CUPTI ---- */

static void give_buffer(uint8_t **buffer, size_t *size, size_t *records) {
    *size = 8u << 20;
    *buffer = aligned_alloc(8, *size);
    *records = 0;
}

static void take_buffer(void *context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid) {
    (void)context, (void)stream, (void)size, (void)valid;
    free(buffer);
}

static void start_bare_cupti(void) {
    void *cupti = dlopen("libcupti.so.13", RTLD_NOW);
    cupti = cupti ? cupti : dlopen("libcupti.so.12", RTLD_NOW);
    if (!cupti) {
        fprintf(stderr, "bench_launch: libcupti is missing: put its folder into LD_LIBRARY_PATH\n");
        exit(2);
    }
    int (*callbacks)(void *, void *), (*enable)(int);
    *(void **)&callbacks = find(cupti, "cuptiActivityRegisterCallbacks");
    *(void **)&enable = find(cupti, "cuptiActivityEnable");
    check(callbacks((void *)(uintptr_t)give_buffer, (void *)(uintptr_t)take_buffer),
          "cuptiActivityRegisterCallbacks");
    check(enable(10), "cuptiActivityEnable"); /* concurrent kernels */
}

/* ---- the kernel ---- */

static void load_driver_kernel(void) {
    int (*load)(void **, const void *), (*get)(void **, void *, const char *);
    void *module;
    *(void **)&load = find(cuda, "cuModuleLoadData");
    *(void **)&get = find(cuda, "cuModuleGetFunction");
    *(void **)&driver_launch = find(cuda, "cuLaunchKernel");
    check(load(&module, ptx), "cuModuleLoadData");
    check(get(&driver_function, module, "empty"), "cuModuleGetFunction");
}

static void load_runtime_kernel(void) {
    int (*load)(void **, const void *, void *, void *, unsigned, void *, void *, unsigned);
    int (*get)(void **, void *, const char *);
    void *library;
    *(void **)&load = find(runtime, "cudaLibraryLoadData");
    *(void **)&get = find(runtime, "cudaLibraryGetKernel");
    *(void **)&runtime_launch = find(RTLD_DEFAULT, "cudaLaunchKernel");
    check(load(&library, ptx, NULL, NULL, 0, NULL, NULL, 0), "cudaLibraryLoadData");
    check(get(&runtime_kernel, library, "empty"), "cudaLibraryGetKernel");
}

static void launch(void *stream) {
    if (use_runtime) {
        dim3_abi one = {1, 1, 1};
        check(runtime_launch(runtime_kernel, one, one, NULL, 0, stream), "cudaLaunchKernel");
    } else {
        check(driver_launch(driver_function, 1, 1, 1, 1, 1, 1, 0, stream, NULL, NULL), "cuLaunchKernel");
    }
}

/* ---- the measurement ---- */

typedef struct {
    double ns[BATCHES]; /* of one launch, a batch each */
} result;

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* One batch on `stream`: nanoseconds of one launch. */
static double batch(void *stream) {
    uint64_t begin = now();
    for (int i = 0; i < BATCH; i++) {
        launch(stream);
    }
    uint64_t end = now();
    check(stream_synchronize(stream), "synchronisation");
    return (double)(end - begin) / BATCH;
}

static void *measure(void *argument) {
    result *r = argument;
    void *stream;
    check(stream_create(&stream, 1), "stream creation");
    for (int b = -WARM; b < BATCHES; b++) {
        double ns = batch(stream);
        if (b >= 0) {
            r->ns[b] = ns;
        }
    }
    qsort(r->ns, BATCHES, sizeof r->ns[0], ascending);
    return NULL;
}

/* A sample: the median of a few batches, after one that warms up whatever was just switched. */
static double sample(void *stream, int number) {
    enum { KEPT = 5 };
    char name[32];
    double ns[KEPT];
    snprintf(name, sizeof name, "sample.%d", number);
    nvtxRangePushA(name);
    batch(stream);
    for (int i = 0; i < KEPT; i++) {
        ns[i] = batch(stream);
    }
    nvtxRangePop();
    qsort(ns, KEPT, sizeof ns[0], ascending);
    return ns[KEPT / 2];
}

static void measure_pairs(int pairs, int first) {
    double *off = malloc(sizeof(double) * (3 * (size_t)pairs + (size_t)first + 1));
    double *on = off + pairs, *added = on + pairs, *before = added + pairs;
    void *stream;
    check(stream_create(&stream, 1), "stream creation");
    for (int i = 0; i < WARM; i++) {
        batch(stream);
    }
    for (int i = 0; i < first; i++) {
        before[i] = sample(stream, i);
    }
    for (int i = 0; i < pairs; i++) {
        off[i] = sample(stream, first + 2 * i);
        on[i] = sample(stream, first + 2 * i + 1);
        added[i] = on[i] - off[i];
    }
    qsort(off, (size_t)pairs, sizeof *off, ascending);
    qsort(on, (size_t)pairs, sizeof *on, ascending);
    qsort(added, (size_t)pairs, sizeof *added, ascending);
    /* The interval of a median by order statistics: n/2 -+ 1.96 sqrt(n)/2 (Conover, Practical Nonparametric
     * Statistics, 3.2). */
    int half = 0;
    while ((half + 1) * (half + 1) < 0.9604 * pairs) {
        half++;
    }
    int low = pairs / 2 - half - 1, high = pairs / 2 + half + 1;
    if (first > 0) {
        qsort(before, (size_t)first, sizeof *before, ascending);
        printf("%.1f ", before[first / 2]);
    }
    printf("%.1f %.1f %.1f %.1f %.1f\n", off[pairs / 2], on[pairs / 2], added[pairs / 2],
           added[low < 0 ? 0 : low], added[high >= pairs ? pairs - 1 : high]);
    free(off);
}

static void open_libraries(void) {
    cuda = dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);
    runtime = dlopen("libcudart.so.13", RTLD_NOW | RTLD_GLOBAL);
    runtime = runtime ? runtime : dlopen("libcudart.so.12", RTLD_NOW | RTLD_GLOBAL);
    if (!cuda || !runtime) {
        fprintf(stderr,
                "bench_launch: libcuda or libcudart is missing: put their folders into LD_LIBRARY_PATH\n");
        exit(2);
    }
    *(void **)&stream_create = find(runtime, "cudaStreamCreateWithFlags");
    *(void **)&stream_synchronize = find(cuda, "cuStreamSynchronize");
}

/* Loads the kernel into the primary context. */
static void prepare(void) {
    int (*release)(void *);
    *(void **)&release = find(runtime, "cudaFree");
    check(release(NULL), "cudaFree(NULL)"); /* makes the primary context */
    if (use_runtime) {
        load_runtime_kernel();
    } else {
        load_driver_kernel();
    }
}

/* For Python: the libraries of the process that loaded this one. */
void bench_launch_open(int through_runtime);
double bench_launch_batch(void);

void bench_launch_open(int through_runtime) {
    use_runtime = through_runtime;
    open_libraries();
    prepare();
}

double bench_launch_batch(void) {
    static void *stream;
    if (!stream) {
        check(stream_create(&stream, 1), "stream creation");
    }
    return batch(stream);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: bench_launch runtime|driver [--bare | --pairs N [BEFORE]] [THREADS]\n");
        return 2;
    }
    use_runtime = strcmp(argv[1], "runtime") == 0;
    int bare = argc > 2 && strcmp(argv[2], "--bare") == 0;
    int pairs = argc > 3 && strcmp(argv[2], "--pairs") == 0 ? atoi(argv[3]) : 0;
    int threads = argc > 2 + bare ? atoi(argv[2 + bare]) : 1;
    open_libraries();
    if (bare) {
        start_bare_cupti();
    }
    prepare();
    if (pairs > 0) {
        measure_pairs(pairs, argc > 4 ? atoi(argv[4]) : 0);
        return 0;
    }
    static result results[64];
    pthread_t ids[64];
    threads = threads < 1 ? 1 : threads;
    threads = threads > 64 ? 64 : threads;
    for (int i = 1; i < threads; i++) {
        pthread_create(&ids[i], NULL, measure, &results[i]);
    }
    measure(&results[0]);
    for (int i = 1; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    printf("%.1f %.1f\n", results[0].ns[BATCHES / 2], results[0].ns[0]);
    return 0;
}
