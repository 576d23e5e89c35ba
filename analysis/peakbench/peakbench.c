/* One device: finds it, compiles the kernels, and measures with its context current. */
#include "analysis/peakbench/peakbench.h"

#include "analysis/peakbench/peak_bandwidth.h"
#include "analysis/peakbench/peak_kernels_ptx.h"
#include "analysis/peakbench/peak_matmul.h"

#include <stdio.h>

#define BLOCKS_EACH 8 /* blocks of a multiprocessor: all its threads */

static int compile_kernels(peakbench_runner *on, void **module, char error[TRACE_ERROR_BYTES]) {
    const peakbench_driver *d = on->driver;
    int rc = d->cuModuleLoadData(module, peakbench_kernels_ptx);
    rc = rc ? rc : d->cuModuleGetFunction(&on->read, *module, "moetrace_read");
    rc = rc ? rc : d->cuModuleGetFunction(&on->copy, *module, "moetrace_copy");
    rc = rc ? rc : d->cuModuleGetFunction(&on->fill, *module, "moetrace_fill");
    return peakbench_driver_check(d, rc, "compiling the kernels", error);
}

/* With the device's context current. */
static int measure_current_device(peakbench_measured *m, peakbench_runner *on, const char *cublas,
                                  char error[TRACE_ERROR_BYTES]) {
    void *module = NULL;
    int rc = compile_kernels(on, &module, error);
    if (rc == 0) {
        rc = peakbench_measure_memory(m, on, error);
    }
    if (rc == 0) {
        peakbench_measure_products(m, on, cublas);
    }
    if (module) {
        on->driver->cuModuleUnload(module);
    }
    return rc;
}

static int find_cuda_device(peakbench_measured *m, const peakbench_driver *d, unsigned ordinal, int *device,
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
    return peakbench_driver_check(d, rc, "querying the device", error);
}

int peakbench_measure(peakbench_measured *m, unsigned ordinal, const char *cublas,
                      char error[TRACE_ERROR_BYTES]) {
    peakbench_driver driver;
    int device = 0, processors = 0;
    void *context;
    *m = peakbench_measured_nothing();
    if (peakbench_driver_open(&driver, error) != 0 ||
        find_cuda_device(m, &driver, ordinal, &device, &processors, error) != 0 ||
        peakbench_driver_check(&driver, driver.cuDevicePrimaryCtxRetain(&context, device),
                               "cuDevicePrimaryCtxRetain", error) != 0) {
        return -1;
    }
    peakbench_runner on = {.driver = &driver, .blocks = (unsigned)processors * BLOCKS_EACH};
    int rc = peakbench_driver_check(&driver, driver.cuCtxSetCurrent(context), "cuCtxSetCurrent", error);
    if (rc == 0) {
        rc = measure_current_device(m, &on, cublas, error);
    }
    driver.cuDevicePrimaryCtxRelease_v2(device);
    return rc;
}
