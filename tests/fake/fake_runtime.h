/* The part of the CUDA runtime that the fake runtime has, with the real one's calling conventions; test
 * programs include it. */
#ifndef TESTS_FAKE_FAKE_RUNTIME_H
#define TESTS_FAKE_FAKE_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    unsigned x, y, z;
} dim3;

typedef struct {
    dim3 grid, block;
    size_t shared;
    void *stream, *attributes;
    unsigned attribute_count;
} fake_runtime_config; /* cudaLaunchConfig_t */

enum { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };

/* clang-format off */
#define FAKE_LAUNCH const void *f, dim3 grid, dim3 block, void **args, size_t shared, void *stream
/* CALL(function, number for CUPTI, parameters, arguments, the driver's part of it) */
#define FAKE_RUNTIME_CALLS(CALL) \
    CALL(cudaLaunchKernel,            211, (FAKE_LAUNCH), launch_plain(f, grid, block, args, shared, stream)) \
    CALL(cudaLaunchKernel_ptsz,       214, (FAKE_LAUNCH), launch_plain(f, grid, block, args, shared, stream)) \
    CALL(__cudaLaunchKernel,          505, (FAKE_LAUNCH), launch_nested(f, grid, block, args, shared, stream)) \
    CALL(__cudaLaunchKernel_ptsz,     506, (FAKE_LAUNCH), launch_nested(f, grid, block, args, shared, stream)) \
    CALL(cudaLaunchCooperativeKernel, 273, (FAKE_LAUNCH), launch_cooperative(f, grid, block, args, shared, stream)) \
    CALL(cudaLaunchKernelExC,         424, (const fake_runtime_config *config, const void *f, void **args), \
         launch_ex(f, config->grid, config->block, args, config->shared, config->stream)) \
    CALL(cudaGraphLaunch,             317, (void *exec, void *stream), cuGraphLaunch(exec, stream)) \
    CALL(cudaMemcpy,                  31,  (void *to, const void *from, size_t bytes, int kind), copy_and_wait(to, from, bytes, kind)) \
    CALL(cudaMemcpyAsync,             41,  (void *to, const void *from, size_t bytes, int kind, void *stream), copy(to, from, bytes, kind, stream)) \
    CALL(cudaMemset,                  47,  (void *to, int value, size_t bytes), fill(to, value, bytes, NULL)) \
    CALL(cudaMemsetAsync,             51,  (void *to, int value, size_t bytes, void *stream), fill(to, value, bytes, stream)) \
    CALL(cudaStreamSynchronize,       131, (void *stream), cuStreamSynchronize(stream)) \
    CALL(cudaDeviceSynchronize,       165, (void), cuCtxSynchronize()) \
    CALL(cudaEventSynchronize,        137, (void *event), cuEventSynchronize(event)) \
    CALL(cudaStreamCreate,            129, (void **stream), cuStreamCreate(stream, 0)) \
    CALL(cudaStreamDestroy,           130, (void *stream), cuStreamDestroy_v2(stream)) \
    CALL(cudaEventCreate,             133, (void **event), cuEventCreate(event, 0)) \
    CALL(cudaEventRecord,             135, (void *event, void *stream), cuEventRecord(event, stream)) \
    CALL(cudaEventDestroy,            136, (void *event), cuEventDestroy_v2(event)) \
    CALL(cudaStreamBeginCapture,      318, (void *stream, int mode), cuStreamBeginCapture_v2(stream, mode)) \
    CALL(cudaStreamEndCapture,        319, (void *stream, void **graph), cuStreamEndCapture(stream, graph)) \
    CALL(cudaGraphInstantiate,        320, (void **exec, void *graph, unsigned long long flags), cuGraphInstantiateWithFlags(exec, graph, flags)) \
    CALL(cudaGraphExecDestroy,        321, (void *exec), cuGraphExecDestroy(exec)) \
    CALL(cudaGraphDestroy,            322, (void *graph), cuGraphDestroy(graph)) \
    CALL(cudaRuntimeGetVersion,       2,   (int *version), runtime_version(version)) \
    CALL(cudaSetDevice,               16,  (int device), fake_cuda_set_device(device)) \
    CALL(cudaGetDeviceCount,          3,   (int *count), cuDeviceGetCount(count)) \
    CALL(cudaProfilerStart,           323, (void), cuProfilerStart()) \
    CALL(cudaProfilerStop,            324, (void), cuProfilerStop()) \
    CALL(cudaMalloc,                  20,  (void **to, size_t bytes), allocate(to, bytes)) \
    CALL(cudaFree,                    22,  (void *p), release(p))
/* clang-format on */

#define FAKE_DECLARE(name, cbid, parameters, body) __attribute__((visibility("default"))) int name parameters;
FAKE_RUNTIME_CALLS(FAKE_DECLARE)
#undef FAKE_DECLARE

#endif
