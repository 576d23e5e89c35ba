/* libcuda.so.1 with no GPU behind it. What fake.h says about time lines is done here. It follows the real
 * driver in what a recorder depends on: cuInit looks for CUDA_INJECTION64_PATH with getenv, opens that
 * library and calls its InitializeInjection; an exit handler of its own, registered in cuInit, ends all
 * delivery; after a fork the child gets errors. FAKE_CUDA_LAUNCH_NS is the processor time that a launch takes
 * (default 1000); FAKE_CUDA_DEVICES is how many there are (1); FAKE_CUDA_LAUNCH_RESULT is what launches,
 * copies and fills return (0); FAKE_CUDA_OWN_IDS gives driver calls inside runtime calls correlation ids of
 * their own. */
#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_graphs.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    uint32_t id, device;
    uint64_t end; /* of the last work issued */
    uint64_t ends[FAKE_STREAM_DEPTH];
    uint64_t issued;
    fake_graph *capture; /* what is issued meanwhile becomes nodes of it */
} timeline;

static struct {
    pthread_mutex_t init_lock, lock; /* lock: of all time lines */
    _Atomic(pid_t) owner;            /* the process that initialised; 0 before */
    _Atomic(const fake_observer *) observer;
    atomic_uint correlation, streams;
    timeline default_stream;
    uint64_t last_end; /* over all streams */
    unsigned launch_ns;
    int own_ids, launch_result, devices;
} driver = {.lock = PTHREAD_MUTEX_INITIALIZER,
            .streams = FAKE_DEFAULT_STREAM,
            .default_stream = {.id = FAKE_DEFAULT_STREAM}};

static __thread uint32_t current_device;      /* of this thread: its streams are made there */
static __thread uint32_t runtime_correlation; /* of the runtime call around; 0 outside */

static __thread const fake_kernel *launched; /* by the launch that this thread is in */

static __thread void **launch_parameters; /* of the graph call that this thread is in */

const void *fake_cuda_parameters(void) {
    return launch_parameters;
}

const char *fake_cuda_launched_name(void) {
    return launched ? launched->name : NULL;
}

static const fake_observer *observer(void) {
    return atomic_load_explicit(&driver.observer, memory_order_acquire);
}

void fake_cuda_observe(const fake_observer *o) {
    atomic_store_explicit(&driver.observer, o, memory_order_release);
}

/* ---- initialisation ---- */

__attribute__((constructor)) static void make_locks(void) {
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&driver.init_lock, &recursive);
    pthread_mutexattr_destroy(&recursive);
}

static void at_exit(void) {
    const fake_observer *o = observer();
    if (o && driver.owner == getpid()) {
        o->closing();
    }
}

static void inject(void) {
    const char *path = getenv("CUDA_INJECTION64_PATH");
    void *library = path && *path ? dlopen(path, RTLD_NOW) : NULL;
    int (*initialize)(void) = NULL;
    if (library) {
        *(void **)&initialize = dlsym(library, "InitializeInjection");
    }
    if (initialize) {
        initialize();
    }
}

int cuInit(unsigned flags) {
    pid_t owner = atomic_load(&driver.owner);
    if (getenv("FAKE_CUDA_NO_DEVICE")) {
        return FAKE_ERROR_NO_DEVICE;
    }
    if (flags || (owner && owner != getpid())) {
        return flags ? FAKE_ERROR_INVALID : FAKE_ERROR_NOT_INIT;
    }
    if (owner) {
        return 0;
    }
    pthread_mutex_lock(&driver.init_lock);
    static int begun;
    if (!begun) {
        begun = 1;
        const char *launch_ns = getenv("FAKE_CUDA_LAUNCH_NS");
        driver.launch_ns = launch_ns ? (unsigned)strtoul(launch_ns, NULL, 10) : 1000;
        driver.own_ids = getenv("FAKE_CUDA_OWN_IDS") != NULL;
        const char *launch_result = getenv("FAKE_CUDA_LAUNCH_RESULT");
        const char *devices = getenv("FAKE_CUDA_DEVICES");
        driver.devices = devices ? (int)strtol(devices, NULL, 10) : 1;
        driver.launch_result = launch_result ? (int)strtol(launch_result, NULL, 10) : 0;
        inject();
        atexit(at_exit);
        atomic_store(&driver.owner, getpid());
        if (observer()) {
            observer()->context(); /* the only one, which is there at once */
        }
    }
    pthread_mutex_unlock(&driver.init_lock);
    return 0;
}

static int ready(void) {
    return atomic_load(&driver.owner) == getpid() ? 0 : FAKE_ERROR_NOT_INIT;
}

/* ---- calls ---- */

typedef fake_call call;

static uint32_t next_correlation(void) {
    return atomic_fetch_add(&driver.correlation, 1) + 1;
}

static call enter(uint32_t cbid, const char *name) {
    call c = {.cbid = cbid, .name = name, .correlation = runtime_correlation};
    if (!c.correlation || driver.own_ids) {
        c.correlation = next_correlation();
    }
    const fake_observer *o = observer();
    if (o) {
        o->call(FAKE_DOMAIN_DRIVER, cbid, name, 0, c.correlation, NULL);
    }
    return c;
}

static int leave(const call *c, int result) {
    const fake_observer *o = observer();
    if (o) {
        o->call(FAKE_DOMAIN_DRIVER, c->cbid, c->name, 1, c->correlation, &result);
    }
    launched = NULL;
    launch_parameters = NULL;
    return result;
}

uint32_t fake_cuda_runtime_enter(uint32_t cbid, const char *name) {
    uint32_t around = runtime_correlation;
    runtime_correlation = next_correlation();
    const fake_observer *o = observer();
    if (o) {
        o->call(FAKE_DOMAIN_RUNTIME, cbid, name, 0, runtime_correlation, NULL);
    }
    return around;
}

void fake_cuda_runtime_leave(uint32_t cbid, const char *name, int *result, uint32_t around) {
    const fake_observer *o = observer();
    if (o) {
        o->call(FAKE_DOMAIN_RUNTIME, cbid, name, 1, runtime_correlation, result);
    }
    runtime_correlation = around;
}

/* ---- time lines ---- */

static __thread volatile int waiting; /* this thread sleeps, and holds nothing */

int fake_cuda_leave_wait(void) {
    if (!waiting) {
        return 0;
    }
    waiting = 0;
    runtime_correlation = 0;
    return 1;
}

static void wait_until(uint64_t when) {
    struct timespec t = {.tv_sec = (time_t)(when / 1000000000u), .tv_nsec = (long)(when % 1000000000u)};
    waiting = 1;
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
    }
    waiting = 0;
}

static timeline *timeline_of(void *handle) {
    return (uintptr_t)handle <= 2 ? &driver.default_stream : handle; /* 1 and 2: legacy, per thread */
}

static void burn(unsigned ns) {
    for (uint64_t until = fake_now() + ns; fake_now() < until;) {
    }
}

/* Waits while the stream is full, as a real launch does. */
static void wait_for_room(timeline *s) {
    pthread_mutex_lock(&driver.lock);
    uint64_t oldest = s->ends[s->issued % FAKE_STREAM_DEPTH];
    pthread_mutex_unlock(&driver.lock);
    if (oldest > fake_now()) {
        wait_until(oldest);
    }
}

static uint64_t duration_of(const fake_work *w) {
    return w->kind == FAKE_KERNEL ? w->kernel->duration_ns : FAKE_COPY_NS + w->bytes / 1024;
}

static void issue(timeline *s, fake_work *w) {
    wait_for_room(s);
    pthread_mutex_lock(&driver.lock);
    uint64_t earliest = fake_now() + FAKE_LAUNCH_DELAY_NS;
    w->stream = s->id + (w->correlation == 0 ? 3 : 0);
    w->device = s->device;
    w->start = s->end > earliest ? s->end : earliest;
    w->end = w->start + duration_of(w);
    s->end = w->end;
    s->ends[s->issued++ % FAKE_STREAM_DEPTH] = w->end;
    driver.last_end = driver.last_end > w->end ? driver.last_end : w->end;
    pthread_mutex_unlock(&driver.lock);
    const fake_observer *o = observer();
    if (o) {
        o->work(w);
    }
}

/* Issues the work of a call, or captures it. */
static int do_call(const call *c, void *handle, fake_work *w) {
    if (ready()) {
        return leave(c, FAKE_ERROR_NOT_INIT);
    }
    timeline *s = timeline_of(handle);
    burn(driver.launch_ns);
    if (s->capture) {
        fake_graph_add(s->capture, w);
    } else {
        w->correlation = c->correlation;
        issue(s, w);
    }
    return leave(c, driver.launch_result);
}

static fake_work kernel_work(const fake_kernel *f, const unsigned grid[3], const unsigned block[3],
                             unsigned shared) {
    fake_work w = {.kind = FAKE_KERNEL, .kernel = f, .dynamic_shared = shared};
    memcpy(w.grid, grid, sizeof w.grid);
    memcpy(w.block, block, sizeof w.block);
    return w;
}

#define ENTER(name)                  enter(cbid_##name, #name)
#define CBID(name, cbid, parameters) cbid_##name = cbid,
enum { FAKE_DRIVER_CALLS(CBID) };
#undef CBID

int cuLaunchKernel(void *f, FAKE_GRID, void **args, void **extra) {
    (void)args, (void)extra;
    launched = f;
    call c = ENTER(cuLaunchKernel);
    fake_work w = kernel_work(f, (unsigned[]){gx, gy, gz}, (unsigned[]){bx, by, bz}, shared);
    return do_call(&c, stream, &w);
}

int cuLaunchCooperativeKernel(void *f, FAKE_GRID, void **args) {
    (void)args;
    launched = f;
    call c = ENTER(cuLaunchCooperativeKernel);
    fake_work w = kernel_work(f, (unsigned[]){gx, gy, gz}, (unsigned[]){bx, by, bz}, shared);
    return do_call(&c, stream, &w);
}

int cuLaunchKernelEx(const fake_driver_config *config, void *f, void **args, void **extra) {
    (void)args, (void)extra;
    launched = f;
    call c = ENTER(cuLaunchKernelEx);
    fake_work w = kernel_work(f, config->grid, config->block, config->shared);
    return do_call(&c, config->stream, &w);
}

/* The bytes really are copied, when the call is made. */
static int copy(const call *c, void *to, const void *from, size_t bytes, int kind, void *handle) {
    if (bytes > 0 && !ready()) {
        memmove(to, from, bytes);
    }
    fake_work w = {.kind = FAKE_COPY, .bytes = bytes, .copy_kind = (uint8_t)kind, .is_async = 1};
    return do_call(c, handle, &w);
}

int cuMemcpyHtoDAsync_v2(uint64_t to, const void *from, size_t bytes, void *handle) {
    call c = ENTER(cuMemcpyHtoDAsync_v2);
    return copy(&c, (void *)(uintptr_t)to, from, bytes, 1, handle);
}

int cuMemcpyDtoHAsync_v2(void *to, uint64_t from, size_t bytes, void *handle) {
    call c = ENTER(cuMemcpyDtoHAsync_v2);
    return copy(&c, to, (void *)(uintptr_t)from, bytes, 2, handle);
}

int cuMemcpyAsync(uint64_t to, uint64_t from, size_t bytes, void *handle) {
    call c = ENTER(cuMemcpyAsync);
    return copy(&c, (void *)(uintptr_t)to, (void *)(uintptr_t)from, bytes, 8, handle);
}

int cuMemsetD8Async(uint64_t to, unsigned char value, size_t bytes, void *handle) {
    call c = ENTER(cuMemsetD8Async);
    if (bytes > 0 && !ready()) {
        memset((void *)(uintptr_t)to, value, bytes);
    }
    fake_work w = {.kind = FAKE_FILL, .bytes = bytes, .value = value, .is_async = 1};
    return do_call(&c, handle, &w);
}

int cuGraphLaunch(void *exec, void *handle) {
    launch_parameters = (void *[]){exec, handle};
    call c = ENTER(cuGraphLaunch);
    if (ready()) {
        return leave(&c, FAKE_ERROR_NOT_INIT);
    }
    fake_graph_issue(exec, handle, c.correlation);
    return leave(&c, 0);
}

int cuLaunchHostFunc(void *handle, void (*f)(void *), void *data) {
    call c = ENTER(cuLaunchHostFunc);
    cuStreamSynchronize(handle);
    f(data);
    return leave(&c, 0);
}

/* ---- waiting ---- */

static int wait_for(const uint64_t *end) {
    if (ready()) {
        return FAKE_ERROR_NOT_INIT;
    }
    pthread_mutex_lock(&driver.lock);
    uint64_t when = *end;
    pthread_mutex_unlock(&driver.lock);
    wait_until(when);
    return 0;
}

int cuStreamSynchronize(void *handle) {
    call c = ENTER(cuStreamSynchronize);
    return leave(&c, wait_for(&timeline_of(handle)->end));
}

int cuCtxSynchronize(void) {
    call c = ENTER(cuCtxSynchronize);
    return leave(&c, wait_for(&driver.last_end));
}

int cuEventCreate(void **event, unsigned flags) {
    (void)flags;
    *event = calloc(1, sizeof(uint64_t));
    return 0;
}

int cuEventRecord(void *event, void *handle) {
    pthread_mutex_lock(&driver.lock);
    *(uint64_t *)event = timeline_of(handle)->end;
    pthread_mutex_unlock(&driver.lock);
    return ready();
}

int cuEventSynchronize(void *event) {
    return wait_for(event);
}

int cuEventElapsedTime(float *ms, void *from, void *to) {
    *ms = (float)(*(uint64_t *)to - *(uint64_t *)from) / 1e6f;
    return 0;
}

/* CUPTI's number of it is not known here, so that it is not told as a call; nothing is copied. */
int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *handle) {
    fake_work w = {
        .kind = FAKE_COPY, .bytes = bytes, .copy_kind = 8, .is_async = 1, .correlation = next_correlation()};
    if (ready() || !to || !from) {
        return FAKE_ERROR_INVALID;
    }
    issue(timeline_of(handle), &w);
    return 0;
}

int cuEventDestroy_v2(void *event) {
    free(event);
    return 0;
}

int cuProfilerStart(void) {
    call c = ENTER(cuProfilerStart);
    return leave(&c, ready());
}

int cuProfilerStop(void) {
    call c = ENTER(cuProfilerStop);
    return leave(&c, ready());
}

/* ---- streams ---- */

int cuStreamCreate(void **handle, unsigned flags) {
    (void)flags;
    timeline *s = calloc(1, sizeof *s);
    s->id = atomic_fetch_add(&driver.streams, 1) + 6; /* as on the real thing, ids have gaps */
    s->device = current_device;
    *handle = s;
    return ready();
}

int cuStreamDestroy_v2(void *handle) {
    free(handle);
    return 0;
}

void fake_cuda_unloads(void) {
    const fake_observer *o = observer();
    cuCtxSynchronize(); /* as the real one was seen to do */
    if (o) {
        o->unload();
    }
}

/* ---- for the driver's other files ---- */

const fake_observer *fake_cuda_observer(void) {
    return observer();
}

fake_call fake_cuda_enter(uint32_t cbid, const char *name, void **parameters) {
    launch_parameters = parameters;
    return enter(cbid, name);
}

int fake_cuda_leave(const fake_call *c, int result) {
    return leave(c, result);
}

void fake_cuda_issue(void *stream, fake_work *w) {
    issue(timeline_of(stream), w);
}

fake_graph **fake_cuda_capture(void *stream) {
    return &timeline_of(stream)->capture;
}

/* ---- the device ---- */

int cuDriverGetVersion(int *version) {
    call c = ENTER(cuDriverGetVersion);
    *version = 13000;
    return leave(&c, 0);
}

int fake_cuda_set_device(int device) {
    if (device < 0 || device >= driver.devices) {
        return FAKE_ERROR_INVALID;
    }
    current_device = (uint32_t)device;
    return 0;
}

int cuDeviceGetCount(int *count) {
    call c = ENTER(cuDeviceGetCount);
    *count = driver.devices;
    return leave(&c, ready());
}

int cuDeviceGet(int *device, int ordinal) {
    call c = ENTER(cuDeviceGet);
    *device = ordinal;
    return leave(&c, ordinal >= 0 && ordinal < driver.devices ? ready() : FAKE_ERROR_INVALID);
}

int cuDeviceGetName(char *name, int size, int device) {
    (void)device;
    call c = ENTER(cuDeviceGetName);
    snprintf(name, (size_t)size, "Fake H100");
    return leave(&c, ready());
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    static const struct {
        int attribute, value;
    } known[] = {{13, 1980000}, {16, 132},      {33, 4}, {34, 0}, {36, 2619000},
                 {37, 5120},    {38, 52428800}, {50, 0}, {75, 9}, {76, 0}};
    (void)device;
    call c = ENTER(cuDeviceGetAttribute);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].attribute == attribute) {
            *value = known[i].value;
            return leave(&c, ready());
        }
    }
    return leave(&c, FAKE_ERROR_INVALID);
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    (void)device;
    call c = ENTER(cuDeviceTotalMem_v2);
    *bytes = (size_t)80 << 30;
    return leave(&c, ready());
}
