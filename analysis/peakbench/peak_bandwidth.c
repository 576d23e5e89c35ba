/* Measuring the memory, and what measuring anything needs. */
#include "analysis/peakbench/peak_bandwidth.h"

#include "analysis/base/alloc.h"
#include "analysis/stats/descriptive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_EACH  8                  /* blocks of a multiprocessor: all its threads */
#define BYTES_MAX    ((size_t)1 << 30)  /* of each buffer */
#define BYTES_MIN    ((size_t)64 << 20) /* smaller ones would fit into caches */
#define MEMORY_TIMES 20
#define WARM_UP      3

/* ---- Repetitions ---- */

static double speed_between(const peakbench_driver *d, void *from, void *to, double amount) {
    float ms = 0;
    return d->cuEventElapsedTime(&ms, from, to) == 0 && ms > 0 ? amount / (ms / 1e3) : NAN;
}

int peakbench_measure_repeat(const peakbench_measuring *on, int (*once)(void *ctx), void *ctx, double amount,
                             unsigned times, peakbench_speed *speed) {
    const peakbench_driver *d = on->driver;
    void **events = base_alloc(times + 1, sizeof *events);
    double *values = base_alloc(times, sizeof *values);
    unsigned made = 0, known = 0;
    int rc = 0;
    *speed = (peakbench_speed){NAN, NAN};
    for (; rc == 0 && made <= times; made++) {
        rc = d->cuEventCreate(&events[made], 0);
    }
    for (unsigned i = 0; rc == 0 && i < WARM_UP; i++) {
        rc = once(ctx);
    }
    for (unsigned i = 0; rc == 0 && i <= times; i++) {
        rc = d->cuEventRecord(events[i], NULL);
        rc = rc == 0 && i < times ? once(ctx) : rc;
    }
    rc = rc == 0 ? d->cuCtxSynchronize() : rc;
    for (unsigned i = 0; rc == 0 && i < times; i++) {
        values[known] = speed_between(d, events[i], events[i + 1], amount);
        known += !isnan(values[known]);
    }
    if (known > 0) {
        stats_summary s = stats_summarize(values, known);
        *speed = (peakbench_speed){s.max, s.p50};
    }
    for (unsigned i = 0; i < made; i++) {
        if (events[i]) {
            d->cuEventDestroy_v2(events[i]);
        }
    }
    free(events);
    free(values);
    return rc;
}

/* ---- Kernels ---- */

static size_t step_of(const peakbench_measuring *on) {
    return (size_t)on->blocks * PEAKBENCH_MEASURE_THREADS * 16;
}

size_t peakbench_measure_room(const peakbench_measuring *on, size_t bytes) {
    size_t step = step_of(on);
    return (bytes + step - 1) / step * step;
}

static int launch(const peakbench_measuring *on, void *function, void **arguments) {
    return on->driver->cuLaunchKernel(function, on->blocks, 1, 1, PEAKBENCH_MEASURE_THREADS, 1, 1, 0, NULL,
                                      arguments, NULL);
}

int peakbench_measure_fill(const peakbench_measuring *on, uint64_t memory, size_t bytes, uint32_t base,
                           uint32_t mask) {
    uint64_t end = memory + peakbench_measure_room(on, bytes), step = step_of(on);
    return launch(on, on->fill, (void *[]){&memory, &end, &step, &base, &mask});
}

typedef struct {
    const peakbench_measuring *on;
    uint64_t from, to;
    size_t bytes;
} buffers;

static int pass(const buffers *b, void *function) {
    uint64_t from = b->from, end = b->from + b->bytes, step = step_of(b->on), other = b->to;
    return launch(b->on, function, (void *[]){&from, &end, &step, &other});
}

static int read_once(void *ctx) {
    const buffers *b = ctx;
    return pass(b, b->on->read);
}

static int copy_once(void *ctx) {
    const buffers *b = ctx;
    return pass(b, b->on->copy);
}

static int driver_once(void *ctx) {
    const buffers *b = ctx;
    return b->on->driver->cuMemcpyDtoDAsync_v2(b->to, b->from, b->bytes, NULL);
}

/* ---- Memory ---- */

static int measure_buffers(peakbench_measured *m, const buffers *b, char error[TRACE_ERROR_BYTES]) {
    static int (*const ways[PEAKBENCH_MEMORY_WAYS])(void *) = {read_once, copy_once, driver_once};
    const peakbench_driver *d = b->on->driver;
    int rc = peakbench_measure_fill(b->on, b->from, b->bytes, 0x3f000000, 0x807fffff);
    for (int way = 0; rc == 0 && way < PEAKBENCH_MEMORY_WAYS; way++) {
        double moved = (double)b->bytes * (way == PEAKBENCH_MEMORY_READ ? 1 : 2);
        rc = peakbench_measure_repeat(b->on, ways[way], (void *)b, moved, MEMORY_TIMES, &m->memory[way]);
    }
    return peakbench_driver_check(d, rc, "measuring the memory", error);
}

static int measure_memory(peakbench_measured *m, const peakbench_measuring *on,
                          char error[TRACE_ERROR_BYTES]) {
    const peakbench_driver *d = on->driver;
    size_t available = 0, total, round = 4 * step_of(on); /* bytes of a kernel's round */
    buffers b = {.on = on};
    if (peakbench_driver_check(d, d->cuMemGetInfo_v2(&available, &total), "cuMemGetInfo", error) != 0) {
        return -1;
    }
    b.bytes = (available / 4 < BYTES_MAX ? available / 4 : BYTES_MAX) / round * round;
    if (b.bytes < BYTES_MIN) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: only %zu MiB of its memory are free, and measuring takes %zu",
                 m->device, available >> 20, (BYTES_MIN + round) * 4 >> 20);
        return -1;
    }
    m->bytes = b.bytes;
    int rc = peakbench_driver_check(d, d->cuMemAlloc_v2(&b.from, b.bytes), "cuMemAlloc", error);
    if (rc == 0) {
        rc = peakbench_driver_check(d, d->cuMemAlloc_v2(&b.to, b.bytes), "cuMemAlloc", error);
    }
    if (rc == 0) {
        rc = measure_buffers(m, &b, error);
    }
    if (b.from) {
        d->cuMemFree_v2(b.from);
    }
    if (b.to) {
        d->cuMemFree_v2(b.to);
    }
    return rc;
}

/* ---- The device ---- */

static int load_kernels(peakbench_measuring *on, void **module, char error[TRACE_ERROR_BYTES]) {
    const peakbench_driver *d = on->driver;
    int rc = d->cuModuleLoadData(module, peakbench_measure_ptx);
    rc = rc ? rc : d->cuModuleGetFunction(&on->read, *module, "moetrace_read");
    rc = rc ? rc : d->cuModuleGetFunction(&on->copy, *module, "moetrace_copy");
    rc = rc ? rc : d->cuModuleGetFunction(&on->fill, *module, "moetrace_fill");
    return peakbench_driver_check(d, rc, "compiling the kernels", error);
}

/* With the device's context current. */
static int measure_here(peakbench_measured *m, peakbench_measuring *on, const char *cublas,
                        char error[TRACE_ERROR_BYTES]) {
    void *module = NULL;
    int rc = load_kernels(on, &module, error);
    if (rc == 0) {
        rc = measure_memory(m, on, error);
    }
    if (rc == 0) {
        peakbench_measure_products(m, on, cublas);
    }
    if (module) {
        on->driver->cuModuleUnload(module);
    }
    return rc;
}

static int find_device(peakbench_measured *m, const peakbench_driver *d, unsigned ordinal, int *device,
                       int *processors, char error[TRACE_ERROR_BYTES]) {
    int count = 0;
    int rc = d->cuDeviceGetCount(&count);
    if (rc == 0 && ordinal >= (unsigned)count) {
        snprintf(error, TRACE_ERROR_BYTES, "--device=%u: there are %d devices, numbered from 0", ordinal,
                 count);
        return -1;
    }
    rc = rc ? rc : d->cuDeviceGet(device, (int)ordinal);
    rc = rc ? rc : d->cuDeviceGetName(m->device, sizeof m->device, *device);
    rc = rc ? rc : d->cuDeviceGetAttribute(processors, PEAKBENCH_MULTIPROCESSORS, *device);
    rc = rc ? rc : d->cuDeviceGetAttribute(&m->major, PEAKBENCH_CAPABILITY_MAJOR, *device);
    rc = rc ? rc : d->cuDeviceGetAttribute(&m->minor, PEAKBENCH_CAPABILITY_MINOR, *device);
    if (rc == 0 && m->major < 7) {
        snprintf(error, TRACE_ERROR_BYTES, "%s: its compute capability is %d.%d, and measuring needs 7.0",
                 m->device, m->major, m->minor);
        return -1;
    }
    return peakbench_driver_check(d, rc, "asking for the device", error);
}

int peakbench_measure(peakbench_measured *m, unsigned ordinal, const char *cublas,
                      char error[TRACE_ERROR_BYTES]) {
    peakbench_driver driver;
    int device = 0, processors = 0;
    void *context;
    memset(m, 0, sizeof *m);
    for (int i = 0; i < PEAKBENCH_MEMORY_WAYS; i++) {
        m->memory[i] = (peakbench_speed){NAN, NAN};
    }
    for (int i = 0; i < COSTMODEL_DTYPES; i++) {
        m->flops[i] = (peakbench_speed){NAN, NAN};
    }
    if (peakbench_driver_open(&driver, error) != 0 ||
        find_device(m, &driver, ordinal, &device, &processors, error) != 0 ||
        peakbench_driver_check(&driver, driver.cuDevicePrimaryCtxRetain(&context, device),
                               "cuDevicePrimaryCtxRetain", error) != 0) {
        return -1;
    }
    peakbench_measuring on = {.driver = &driver, .blocks = (unsigned)processors * BLOCKS_EACH};
    int rc = peakbench_driver_check(&driver, driver.cuCtxSetCurrent(context), "cuCtxSetCurrent", error);
    if (rc == 0) {
        rc = measure_here(m, &on, cublas, error);
    }
    driver.cuDevicePrimaryCtxRelease_v2(device);
    return rc;
}

double peakbench_measured_memory(const peakbench_measured *m) {
    double best = NAN;
    for (int i = 0; i < PEAKBENCH_MEMORY_WAYS; i++) {
        best = fmax(best, m->memory[i].best); /* of a number and NaN, the number */
    }
    return best;
}
