/* Does a slowdown stay? Nanoseconds of one launch of an empty kernel before CUPTI was touched, while it
 * records, and after it was switched off again, all in one process.
 *   bench_stay LIBBENCH_LAUNCH WAY runtime|driver
 * WAY: nothing (the control), subscribe, resource (a subscription with callbacks for graphs), enable (on and
 * off with no launch between), watch (on, launches, off), finalize (the same, then cuptiFinalize, and all of
 * it again). Prints `what median` pairs. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KERNELS = 10, BATCHES = 5, SAMPLES = 40, POOL = 64 };

static double (*batch)(void);
static int (*subscribe)(void **, void *, void *), (*callbacks)(void *, void *);
static int (*enable_callback)(unsigned, void *, int, unsigned);
static int (*enable)(int), (*disable)(int), (*flush)(int), (*finalize)(void);

static uint8_t *pool[POOL];
static int pooled;

static void give_buffer(uint8_t **buffer, size_t *size, size_t *records) {
    *size = 1u << 20;
    *buffer = pooled > 0 ? pool[--pooled] : aligned_alloc(8, *size);
    *records = 0;
}

static void take_buffer(void *context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid) {
    (void)context, (void)stream, (void)size, (void)valid;
    if (pooled < POOL) {
        pool[pooled++] = buffer;
    } else {
        free(buffer);
    }
}

static void on_call(void *user, int domain, unsigned cbid, const void *data) {
    (void)user, (void)domain, (void)cbid, (void)data;
}

static void *find(void *library, const char *name) {
    void *f = dlsym(library, name);
    if (!f) {
        fprintf(stderr, "bench_stay: %s is missing\n", name);
        exit(2);
    }
    return f;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median over samples of the median over batches, the first batch of each sample not counted. */
static void window(const char *what) {
    double samples[SAMPLES], ns[BATCHES];
    for (int s = 0; s < SAMPLES; s++) {
        batch();
        for (int i = 0; i < BATCHES; i++) {
            ns[i] = batch();
        }
        qsort(ns, BATCHES, sizeof ns[0], ascending);
        samples[s] = ns[BATCHES / 2];
    }
    qsort(samples, SAMPLES, sizeof samples[0], ascending);
    printf(" %s %.0f", what, samples[SAMPLES / 2]);
}

static void watch(void) {
    callbacks((void *)(uintptr_t)give_buffer, (void *)(uintptr_t)take_buffer);
    enable(KERNELS);
    window("watched");
    disable(KERNELS);
    flush(1);
}

static void open_libraries(const char *bench, int runtime) {
    void *launches = dlopen(bench, RTLD_NOW | RTLD_GLOBAL), *cupti;
    void (*open)(int);
    if (!launches) {
        fprintf(stderr, "bench_stay: %s\n", dlerror());
        exit(2);
    }
    *(void **)&open = find(launches, "bench_launch_open");
    *(void **)&batch = find(launches, "bench_launch_batch");
    open(runtime);
    window("before");
    cupti = dlopen("libcupti.so.13", RTLD_NOW);
    if (!cupti) {
        fprintf(stderr, "bench_stay: libcupti is missing: put its folder into LD_LIBRARY_PATH\n");
        exit(2);
    }
    *(void **)&subscribe = find(cupti, "cuptiSubscribe");
    *(void **)&callbacks = find(cupti, "cuptiActivityRegisterCallbacks");
    *(void **)&enable_callback = find(cupti, "cuptiEnableCallback");
    *(void **)&enable = find(cupti, "cuptiActivityEnable");
    *(void **)&disable = find(cupti, "cuptiActivityDisable");
    *(void **)&flush = find(cupti, "cuptiActivityFlushAll");
    *(void **)&finalize = find(cupti, "cuptiFinalize");
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: bench_stay LIBBENCH_LAUNCH nothing|subscribe|resource|enable|watch|finalize "
                        "runtime|driver\n");
        return 2;
    }
    const char *way = argv[2];
    printf("%s %s:", argv[3], way);
    open_libraries(argv[1], strcmp(argv[3], "runtime") == 0);
    if (strcmp(way, "subscribe") == 0 || strcmp(way, "resource") == 0) {
        static const unsigned graphs[] = {1, 9, 13, 20}; /* contexts, graphs, their nodes, copies of those */
        void *subscriber;
        subscribe(&subscriber, (void *)(uintptr_t)on_call, NULL);
        for (size_t i = 0; i < 4 && strcmp(way, "resource") == 0; i++) {
            enable_callback(1, subscriber, 3, graphs[i]);
        }
    } else if (strcmp(way, "enable") == 0) {
        callbacks((void *)(uintptr_t)give_buffer, (void *)(uintptr_t)take_buffer);
        enable(KERNELS);
        disable(KERNELS);
    } else if (strcmp(way, "nothing") != 0) {
        watch();
        if (strcmp(way, "finalize") == 0) {
            finalize();
            window("after");
            watch();
            finalize();
        }
    }
    window("after");
    window("after");
    puts("");
    fflush(stdout);
    _exit(0);
}
