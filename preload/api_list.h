/* The interposed CUDA runtime calls, one entry each:
 *   CALL(name, class, (parameters), (arguments))
 * The declarations, the wrappers and the table of real functions are generated from this list. The runtime's types are declared
 * as far as the calling convention requires, so that building needs no CUDA toolkit. Calls on the per-thread default stream
 * have separate names (_ptsz, _ptds). */
#ifndef PRELOAD_API_LIST_H
#define PRELOAD_API_LIST_H

#include <stddef.h>

typedef int cuda_error; /* cudaError_t */
typedef struct {
    unsigned x, y, z;
} cuda_dim3; /* dim3 */
typedef struct {
    void *ptr;
    size_t pitch, xsize, ysize;
} cuda_pitched; /* cudaPitchedPtr */
typedef struct {
    size_t width, height, depth;
} cuda_extent; /* cudaExtent */

/* The class of a call, and the lowest level (MOETRACE_LEVEL) at which it is recorded. */
typedef enum {
    PRELOAD_CALL_SYNC,   /* waits for the GPU; from level phases */
    PRELOAD_CALL_LAUNCH, /* launches kernels; from level kernels */
    PRELOAD_CALL_COPY,   /* enqueues a copy or memset; from level kernels */
} preload_call_class;

/* clang-format off */
#define LAUNCH_PARAMETERS (const void *f, cuda_dim3 grid, cuda_dim3 block, void **args, size_t shared, void *stream)
#define LAUNCH_ARGUMENTS  (f, grid, block, args, shared, stream)
#define COPY_2D_PARAMETERS void *dst, size_t dpitch, const void *src, size_t spitch, size_t width, size_t height, int kind
#define COPY_2D_ARGUMENTS  dst, dpitch, src, spitch, width, height, kind

#define PRELOAD_CALLS(CALL) \
    CALL(__cudaLaunchKernel,                LAUNCH, LAUNCH_PARAMETERS, LAUNCH_ARGUMENTS) \
    CALL(__cudaLaunchKernel_ptsz,           LAUNCH, LAUNCH_PARAMETERS, LAUNCH_ARGUMENTS) \
    CALL(cudaLaunchKernel,                  LAUNCH, LAUNCH_PARAMETERS, LAUNCH_ARGUMENTS) \
    CALL(cudaLaunchKernel_ptsz,             LAUNCH, LAUNCH_PARAMETERS, LAUNCH_ARGUMENTS) \
    CALL(cudaLaunchCooperativeKernel,       LAUNCH, LAUNCH_PARAMETERS, LAUNCH_ARGUMENTS) \
    CALL(cudaLaunchCooperativeKernel_ptsz,  LAUNCH, LAUNCH_PARAMETERS, LAUNCH_ARGUMENTS) \
    CALL(cudaLaunchKernelExC,               LAUNCH, (const void *config, const void *f, void **args), (config, f, args)) \
    CALL(cudaLaunchKernelExC_ptsz,          LAUNCH, (const void *config, const void *f, void **args), (config, f, args)) \
    CALL(cudaGraphLaunch,                   LAUNCH, (void *graph, void *stream), (graph, stream)) \
    CALL(cudaGraphLaunch_ptsz,              LAUNCH, (void *graph, void *stream), (graph, stream)) \
    CALL(cudaMemcpy,                        COPY,   (void *dst, const void *src, size_t count, int kind), (dst, src, count, kind)) \
    CALL(cudaMemcpy_ptds,                   COPY,   (void *dst, const void *src, size_t count, int kind), (dst, src, count, kind)) \
    CALL(cudaMemcpyAsync,                   COPY,   (void *dst, const void *src, size_t count, int kind, void *stream), (dst, src, count, kind, stream)) \
    CALL(cudaMemcpyAsync_ptsz,              COPY,   (void *dst, const void *src, size_t count, int kind, void *stream), (dst, src, count, kind, stream)) \
    CALL(cudaMemcpyPeer,                    COPY,   (void *dst, int to, const void *src, int from, size_t count), (dst, to, src, from, count)) \
    CALL(cudaMemcpyPeerAsync,               COPY,   (void *dst, int to, const void *src, int from, size_t count, void *stream), (dst, to, src, from, count, stream)) \
    CALL(cudaMemcpy2D,                      COPY,   (COPY_2D_PARAMETERS), (COPY_2D_ARGUMENTS)) \
    CALL(cudaMemcpy2D_ptds,                 COPY,   (COPY_2D_PARAMETERS), (COPY_2D_ARGUMENTS)) \
    CALL(cudaMemcpy2DAsync,                 COPY,   (COPY_2D_PARAMETERS, void *stream), (COPY_2D_ARGUMENTS, stream)) \
    CALL(cudaMemcpy2DAsync_ptsz,            COPY,   (COPY_2D_PARAMETERS, void *stream), (COPY_2D_ARGUMENTS, stream)) \
    CALL(cudaMemcpy3D,                      COPY,   (const void *p), (p)) \
    CALL(cudaMemcpy3D_ptds,                 COPY,   (const void *p), (p)) \
    CALL(cudaMemcpy3DAsync,                 COPY,   (const void *p, void *stream), (p, stream)) \
    CALL(cudaMemcpy3DAsync_ptsz,            COPY,   (const void *p, void *stream), (p, stream)) \
    CALL(cudaMemcpy3DPeer,                  COPY,   (const void *p), (p)) \
    CALL(cudaMemcpy3DPeerAsync,             COPY,   (const void *p, void *stream), (p, stream)) \
    CALL(cudaMemcpyToSymbol,                COPY,   (const void *symbol, const void *src, size_t count, size_t offset, int kind), (symbol, src, count, offset, kind)) \
    CALL(cudaMemcpyToSymbolAsync,           COPY,   (const void *symbol, const void *src, size_t count, size_t offset, int kind, void *stream), (symbol, src, count, offset, kind, stream)) \
    CALL(cudaMemcpyFromSymbol,              COPY,   (void *dst, const void *symbol, size_t count, size_t offset, int kind), (dst, symbol, count, offset, kind)) \
    CALL(cudaMemcpyFromSymbolAsync,         COPY,   (void *dst, const void *symbol, size_t count, size_t offset, int kind, void *stream), (dst, symbol, count, offset, kind, stream)) \
    CALL(cudaMemset,                        COPY,   (void *p, int value, size_t count), (p, value, count)) \
    CALL(cudaMemset_ptds,                   COPY,   (void *p, int value, size_t count), (p, value, count)) \
    CALL(cudaMemsetAsync,                   COPY,   (void *p, int value, size_t count, void *stream), (p, value, count, stream)) \
    CALL(cudaMemsetAsync_ptsz,              COPY,   (void *p, int value, size_t count, void *stream), (p, value, count, stream)) \
    CALL(cudaMemset2D,                      COPY,   (void *p, size_t pitch, int value, size_t width, size_t height), (p, pitch, value, width, height)) \
    CALL(cudaMemset2DAsync,                 COPY,   (void *p, size_t pitch, int value, size_t width, size_t height, void *stream), (p, pitch, value, width, height, stream)) \
    CALL(cudaMemset3D,                      COPY,   (cuda_pitched p, int value, cuda_extent extent), (p, value, extent)) \
    CALL(cudaMemset3DAsync,                 COPY,   (cuda_pitched p, int value, cuda_extent extent, void *stream), (p, value, extent, stream)) \
    CALL(cudaDeviceSynchronize,             SYNC,   (void), ()) \
    CALL(cudaStreamSynchronize,             SYNC,   (void *stream), (stream)) \
    CALL(cudaStreamSynchronize_ptsz,        SYNC,   (void *stream), (stream)) \
    CALL(cudaEventSynchronize,              SYNC,   (void *event), (event))
/* clang-format on */

#endif
