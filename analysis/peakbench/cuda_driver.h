/* The CUDA driver, loaded at run time: the functions that the benchmarks use, with the names and signatures of the driver
 * API. The build needs no CUDA. */
#ifndef PEAKBENCH_CUDA_DRIVER_H
#define PEAKBENCH_CUDA_DRIVER_H

#include "trace/trace.h"

#include <stddef.h>
#include <stdint.h>

typedef struct {
    int (*cuInit)(unsigned flags);
    int (*cuGetErrorName)(int result, const char **name);
    int (*cuDeviceGetCount)(int *count);
    int (*cuDeviceGet)(int *device, int ordinal);
    int (*cuDeviceGetName)(char *name, int size, int device);
    int (*cuDeviceGetAttribute)(int *value, int attribute, int device);
    int (*cuDevicePrimaryCtxRetain)(void **context, int device);
    int (*cuDevicePrimaryCtxRelease_v2)(int device);
    int (*cuCtxSetCurrent)(void *context);
    int (*cuCtxSynchronize)(void);
    int (*cuMemGetInfo_v2)(size_t *available, size_t *total);
    int (*cuMemAlloc_v2)(uint64_t *memory, size_t bytes);
    int (*cuMemFree_v2)(uint64_t memory);
    int (*cuMemcpyDtoDAsync_v2)(uint64_t to, uint64_t from, size_t bytes, void *stream);
    int (*cuModuleLoadData)(void **module, const void *image);
    int (*cuModuleUnload)(void *module);
    int (*cuModuleGetFunction)(void **function, void *module, const char *name);
    int (*cuLaunchKernel)(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                          unsigned bz, unsigned shared, void *stream, void **arguments, void **extra);
    int (*cuEventCreate)(void **event, unsigned flags);
    int (*cuEventRecord)(void *event, void *stream);
    int (*cuEventElapsedTime)(float *ms, void *from, void *to);
    int (*cuEventDestroy_v2)(void *event);
} peakbench_driver;

/* Device attributes: values of CUdevice_attribute in cuda.h. */
enum { PEAKBENCH_MULTIPROCESSORS = 16, PEAKBENCH_CAPABILITY_MAJOR = 75, PEAKBENCH_CAPABILITY_MINOR = 76 };

/* Loads libcuda.so.1, which stays loaded, and initialises it. Returns 0, or -1 with one line in `error`: no driver, a
 * driver that is too old, no device. */
int peakbench_driver_open(peakbench_driver *driver, char error[TRACE_ERROR_BYTES]);

/* Returns 0 if `result` is CUDA_SUCCESS; else -1 with one line in `error`, of `what` and the name of the result. */
int peakbench_driver_check(const peakbench_driver *driver, int result, const char *what,
                           char error[TRACE_ERROR_BYTES]);

#endif
