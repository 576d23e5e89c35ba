/* libcuda.so.1 by dlopen. */
#include "analysis/peakbench/cuda_driver.h"

#include <dlfcn.h>
#include <stdio.h>

/* clang-format off */
#define FUNCTIONS(F) \
    F(cuInit) F(cuGetErrorName) F(cuDeviceGetCount) F(cuDeviceGet) F(cuDeviceGetName) F(cuDeviceGetAttribute) \
    F(cuDevicePrimaryCtxRetain) F(cuDevicePrimaryCtxRelease_v2) F(cuCtxSetCurrent) F(cuCtxSynchronize) \
    F(cuMemGetInfo_v2) F(cuMemAlloc_v2) F(cuMemFree_v2) F(cuMemcpyDtoDAsync_v2) F(cuModuleLoadData) \
    F(cuModuleUnload) F(cuModuleGetFunction) F(cuLaunchKernel) F(cuEventCreate) F(cuEventRecord) \
    F(cuEventElapsedTime) F(cuEventDestroy_v2)
/* clang-format on */

int peakbench_driver_check(const peakbench_driver *driver, int result, const char *what,
                           char error[TRACE_ERROR_BYTES]) {
    const char *name = NULL;
    if (result == 0) {
        return 0;
    }
    if (driver->cuGetErrorName(result, &name) != 0 || !name) {
        name = "an error without a name";
    }
    snprintf(error, TRACE_ERROR_BYTES, "%s failed: %s (%d)", what, name, result);
    return -1;
}

int peakbench_driver_open(peakbench_driver *driver, char error[TRACE_ERROR_BYTES]) {
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        snprintf(error, TRACE_ERROR_BYTES, "no NVIDIA driver here: %s", dlerror());
        return -1;
    }
#define LOAD(name)                                                                                           \
    *(void **)&driver->name = dlsym(library, #name);                                                         \
    if (!driver->name) {                                                                                     \
        snprintf(error, TRACE_ERROR_BYTES, "the NVIDIA driver is too old: libcuda.so.1 has no " #name);      \
        return -1;                                                                                           \
    }
    FUNCTIONS(LOAD)
#undef LOAD
    return peakbench_driver_check(driver, driver->cuInit(0), "no GPU can be used: cuInit", error);
}
