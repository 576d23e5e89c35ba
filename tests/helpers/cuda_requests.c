/* A target whose ranges say which part of it is to be watched: `cuda_requests WAY [ARGUMENT [MESSAGE]]`,
 * where MESSAGE says how NVTX is given the names: plain, wide, attributes, registered or registered-wide.
 * Each range launches a number of kernels of its own, waits, and is told on standard output as `NAME
 * KERNELS`. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const fake_kernel kernel = {"_Z6kernelv", 2000, 16, 0};
static pthread_barrier_t barrier;
static const char *message = "plain";

static void launch(unsigned kernels) {
    dim3 one = {1, 1, 1};
    for (unsigned i = 0; i < kernels; i++) {
        __cudaLaunchKernel(&kernel, one, one, NULL, 0, NULL);
    }
    cudaDeviceSynchronize();
}

static void push(const char *name) {
    wchar_t wide[64];
    nvtxEventAttributes_t a = {.version = NVTX_VERSION, .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE};
    mbstowcs(wide, name, sizeof wide / sizeof wide[0]);
    if (strcmp(message, "wide") == 0) {
        nvtxRangePushW(wide);
    } else if (strcmp(message, "plain") == 0) {
        nvtxRangePushA(name);
    } else if (strcmp(message, "attributes") == 0) {
        a.messageType = NVTX_MESSAGE_TYPE_ASCII;
        a.message.ascii = name;
        nvtxRangePushEx(&a);
    } else {
        a.messageType = NVTX_MESSAGE_TYPE_REGISTERED;
        a.message.registered = strcmp(message, "registered") == 0 ? nvtxDomainRegisterStringA(NULL, name)
                                                                  : nvtxDomainRegisterStringW(NULL, wide);
        nvtxRangePushEx(&a);
    }
}

static void begin(const char *name, unsigned kernels) {
    push(name);
    launch(kernels);
    printf("%s %u\n", name, kernels);
}

static void range(const char *name, unsigned kernels) {
    begin(name, kernels);
    nvtxRangePop();
}

/* Six requests: ARGUMENT.0 launches 1 kernel, ARGUMENT.1 launches 2, ... */
static void requests(const char *argument) {
    char name[64];
    range("warm", 9);
    for (unsigned i = 0; i < 6; i++) {
        snprintf(name, sizeof name, "%.50s.%u", argument, i);
        range(name, i + 1);
    }
    range("tail", 8);
}

/* Windows of two threads: nested on one, and the other's still open when the first one's end. */
static void *second_window(void *unused) {
    (void)unused;
    pthread_barrier_wait(&barrier);
    nvtxRangePushA("decode.2");
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    range("b", 5);
    nvtxRangePop();
    range("outside-b", 6);
    return NULL;
}

static void windows(const char *argument) {
    (void)argument;
    pthread_t id;
    pthread_barrier_init(&barrier, NULL, 2);
    pthread_create(&id, NULL, second_window, NULL);
    range("before", 7);
    begin("decode.0", 1);
    range("decode.1", 2);
    range("inner", 3);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    nvtxRangePop();
    range("outside-a", 4);
    pthread_barrier_wait(&barrier);
    pthread_join(id, NULL);
}

/* Ranges of two domains nest each for itself, CUB's and the program's, say: here a window ends inside another
 * domain's range. */
static void overlap(const char *argument) {
    (void)argument;
    nvtxDomainHandle_t other = nvtxDomainCreateA("CCCL");
    nvtxEventAttributes_t a = {.version = NVTX_VERSION,
                               .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                               .messageType = NVTX_MESSAGE_TYPE_ASCII,
                               .message.ascii = "elsewhere"};
    begin("decode.0", 1);
    nvtxDomainRangePushEx(other, &a);
    nvtxRangePop();
    range("outside", 2);
    nvtxDomainRangePop(other);
    nvtxDomainRangePushEx(other, &a);
    begin("decode.1", 3);
    nvtxDomainRangePop(other);
    range("inside", 4);
    nvtxRangePop();
    range("outside", 5);
}

/* A thread that ends inside its window. */
static void *never_closed(void *unused) {
    (void)unused;
    begin("decode.0", 1);
    return NULL;
}

static void unclosed(const char *argument) {
    (void)argument;
    pthread_t id;
    pthread_create(&id, NULL, never_closed, NULL);
    pthread_join(id, NULL);
    usleep(200000);
    range("outside", 2);
}

/* ARGUMENT: whose switch it is: the runtime's (""), the driver's, or the driver's as a program finds it that
 * looks it up itself. */
static void profiler(const char *argument) {
    int (*start)(void) = cudaProfilerStart, (*stop)(void) = cudaProfilerStop;
    if (strcmp(argument, "driver") == 0) {
        start = cuProfilerStart;
        stop = cuProfilerStop;
    } else if (strcmp(argument, "hidden") == 0) {
        void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD);
        *(void **)&start = dlsym(driver, "cuProfilerStart");
        *(void **)&stop = dlsym(driver, "cuProfilerStop");
    }
    range("before", 1);
    start();
    range("first", 2);
    stop();
    range("between", 3);
    start();
    start();
    range("second", 4);
    stop();
    range("after", 5);
}

static void order(const char *what) {
    static nvtxDomainHandle_t domain;
    domain = domain ? domain : nvtxDomainCreateA("moetrace");
    nvtxEventAttributes_t a = {.version = NVTX_VERSION,
                               .size = NVTX_EVENT_ATTRIB_STRUCT_SIZE,
                               .messageType = NVTX_MESSAGE_TYPE_ASCII,
                               .message.ascii = what};
    nvtxDomainMarkEx(domain, &a);
}

/* A target that says itself when to watch. */
static void directed(const char *argument) {
    (void)argument;
    order("watch off");
    range("warm", 9);
    range("sample.0", 1);
    range("sample.1", 2);
    order("nothing that is known");
    order("watch on");
    range("sample.2", 3);
    range("sample.3", 4);
    order("watch off");
    range("sample.4", 5);
}

static void directed_twice(const char *argument) {
    (void)argument;
    order("watch off");
    order("watch on");
    range("sample.0", 1);
    order("watch off");
    range("sample.1", 2);
    order("watch on");
    range("sample.2", 3);
}

static atomic_bool contested_over;

static void *push_requests(void *unused) {
    pthread_barrier_wait(&barrier);
    for (unsigned i = 0; !atomic_load(&contested_over); i++) {
        char name[32];
        snprintf(name, sizeof name, "sample.%u", i % 8);
        nvtxRangePushA(name);
        nvtxRangePop();
    }
    return unused;
}

/* Four threads push requests while the target says for good that nothing is to be watched. */
static void contested(const char *argument) {
    (void)argument;
    pthread_t ids[4];
    launch(1);
    pthread_barrier_init(&barrier, NULL, 5);
    for (int i = 0; i < 4; i++) {
        pthread_create(&ids[i], NULL, push_requests, NULL);
    }
    pthread_barrier_wait(&barrier);
    usleep(500 + (unsigned)getpid() % 50 * 20);
    order("watch off");
    usleep(2000);
    atomic_store(&contested_over, true);
    for (int i = 0; i < 4; i++) {
        pthread_join(ids[i], NULL);
    }
    range("end", 3);
}

/* A range each 10 ms, for ARGUMENT ms. */
static void lasting(const char *argument) {
    unsigned steps = (unsigned)strtoul(argument, NULL, 10) / 10;
    for (unsigned i = 0; i < steps; i++) {
        range("step", 1);
        usleep(10000);
    }
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(const char *);
    } ways[] = {{"requests", requests}, {"windows", windows},     {"overlap", overlap},
                {"unclosed", unclosed}, {"profiler", profiler},   {"lasting", lasting},
                {"directed", directed}, {"contested", contested}, {"directed-twice", directed_twice}};
    pthread_setname_np(pthread_self(), "main");
    for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof ways[0]; i++) {
        if (strcmp(argv[1], ways[i].name) == 0) {
            message = argc > 3 ? argv[3] : message;
            ways[i].run(argc > 2 ? argv[2] : "");
            return 4;
        }
    }
    return 99;
}
