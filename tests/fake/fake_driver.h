/* The part of the driver API that the fake driver has, with the real one's calling conventions. */
#ifndef TESTS_FAKE_FAKE_DRIVER_H
#define TESTS_FAKE_FAKE_DRIVER_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    unsigned grid[3], block[3], shared;
    void *stream, *attributes;
    unsigned attribute_count;
} fake_driver_config; /* CUlaunchConfig */

typedef struct {
    void *function;
    unsigned grid[3], block[3], shared;
    void **arguments, **extra;
    void *kernel, *context;
} fake_node_parameters; /* CUDA_KERNEL_NODE_PARAMS_v2 */
typedef struct {
    int result;
    void *error_node, *error_from;
} fake_update_result; /* CUgraphExecUpdateResultInfo */
#define FAKE_CONDITIONAL_NODE 13
typedef struct {
    int type, reserved[3];
    uint64_t handle;
    int condition;
    unsigned size;
    void **graphs, *context;
    long long more[24];
} fake_any_node_parameters; /* CUgraphNodeParams of a conditional node */

/* clang-format off */
#define FAKE_GRID unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared, void *stream
#define FAKE_ADD void **node, void *graph, void *const *before, size_t count
/* NAME(function, CUPTI's number of it, parameters) */
#define FAKE_DRIVER_CALLS(NAME) \
    NAME(cuDriverGetVersion,        2,   (int *version)) \
    NAME(cuDeviceGet,               3,   (int *device, int ordinal)) \
    NAME(cuDeviceGetCount,          4,   (int *count)) \
    NAME(cuDeviceGetName,           5,   (char *name, int size, int device)) \
    NAME(cuDeviceGetAttribute,      9,   (int *value, int attribute, int device)) \
    NAME(cuCtxSynchronize,          17,  (void)) \
    NAME(cuStreamSynchronize,       126, (void *stream)) \
    NAME(cuMemsetD8Async,           216, (uint64_t to, unsigned char value, size_t bytes, void *stream)) \
    NAME(cuDeviceTotalMem_v2,       259, (size_t *bytes, int device)) \
    NAME(cuMemcpyHtoDAsync_v2,      277, (uint64_t to, const void *from, size_t bytes, void *stream)) \
    NAME(cuMemcpyDtoHAsync_v2,      279, (void *to, uint64_t from, size_t bytes, void *stream)) \
    NAME(cuMemcpyAsync,             306, (uint64_t to, uint64_t from, size_t bytes, void *stream)) \
    NAME(cuLaunchKernel,            307, (void *f, FAKE_GRID, void **args, void **extra)) \
    NAME(cuProfilerStart,           308, (void)) \
    NAME(cuProfilerStop,            309, (void)) \
    NAME(cuLaunchCooperativeKernel, 477, (void *f, FAKE_GRID, void **args)) \
    NAME(cuGraphCreate,             501, (void **graph, unsigned flags)) \
    NAME(cuGraphLaunch,             514, (void *graph, void *stream)) \
    NAME(cuGraphAddChildGraphNode,  525, (FAKE_ADD, void *child)) \
    NAME(cuLaunchHostFunc,          526, (void *stream, void (*f)(void *), void *data)) \
    NAME(cuGraphInstantiateWithFlags, 643, (void **exec, void *graph, unsigned long long flags)) \
    NAME(cuLaunchKernelEx,          652, (const fake_driver_config *c, void *f, void **args, void **extra)) \
    NAME(cuGraphAddKernelNode_v2,   689, (FAKE_ADD, const fake_node_parameters *p)) \
    NAME(cuGraphExecKernelNodeSetParams_v2, 692, (void *exec, void *node, const fake_node_parameters *p)) \
    NAME(cuGraphExecUpdate_v2,      696, (void *exec, void *graph, fake_update_result *result)) \
    NAME(cuGraphAddNode_v2,         723, (void **node, void *graph, void *const *before, const void *edges, size_t count, \
                                          fake_any_node_parameters *p))
/* clang-format on */

#define FAKE_DECLARE(name, cbid, parameters) __attribute__((visibility("default"))) int name parameters;
FAKE_DRIVER_CALLS(FAKE_DECLARE)
#undef FAKE_DECLARE

#define FAKE_PUBLIC __attribute__((visibility("default")))
FAKE_PUBLIC int cuInit(unsigned flags);
FAKE_PUBLIC int fake_cuda_set_device(int device);
FAKE_PUBLIC int cuStreamCreate(void **stream, unsigned flags);
FAKE_PUBLIC int cuStreamDestroy_v2(void *stream);
FAKE_PUBLIC int cuEventCreate(void **event, unsigned flags);
FAKE_PUBLIC int cuEventRecord(void *event, void *stream);
FAKE_PUBLIC int cuEventSynchronize(void *event);
FAKE_PUBLIC int cuEventDestroy_v2(void *event);
FAKE_PUBLIC int cuEventElapsedTime(float *ms, void *from, void *to);
FAKE_PUBLIC int cuDevicePrimaryCtxRetain(void **context, int device);
FAKE_PUBLIC int cuDevicePrimaryCtxRelease_v2(int device);
FAKE_PUBLIC int cuCtxSetCurrent(void *context);
FAKE_PUBLIC int cuGetErrorName(int result, const char **name);
FAKE_PUBLIC int cuMemGetInfo_v2(size_t *available, size_t *total);
FAKE_PUBLIC int cuMemAlloc_v2(uint64_t *memory, size_t bytes);
FAKE_PUBLIC int cuMemFree_v2(uint64_t memory);
FAKE_PUBLIC int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t bytes, void *stream);
FAKE_PUBLIC int cuModuleLoadData(void **module, const void *image);
FAKE_PUBLIC int cuModuleUnload(void *module);
FAKE_PUBLIC int cuModuleGetFunction(void **function, void *module, const char *name);
FAKE_PUBLIC int cuGraphKernelNodeGetParams_v2(void *node, fake_node_parameters *parameters);
FAKE_PUBLIC int cuFuncGetName(const char **name, void *function);
FAKE_PUBLIC int cuStreamBeginCapture_v2(void *stream, int mode);
FAKE_PUBLIC int cuStreamEndCapture(void *stream, void **graph);
FAKE_PUBLIC int cuStreamBeginCaptureToGraph(void *stream, void *graph, void *const *before, const void *edges,
                                            size_t count, int mode);
FAKE_PUBLIC int cuGraphConditionalHandleCreate(uint64_t *handle, void *graph, void *context, unsigned value,
                                               unsigned flags);
FAKE_PUBLIC int cuGraphExecDestroy(void *exec);
FAKE_PUBLIC int cuGraphDestroy(void *graph);

#endif
