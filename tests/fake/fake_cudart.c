/* libcudart.so.13 over the fake driver. As in the real one, each call initialises the driver when nobody did,
 * and makes its driver calls inside a runtime call that CUPTI can see; and what a program of nvcc 13 calls,
 * __cudaLaunchKernel, makes a cudaLaunchKernel inside (seen on an H100). */
#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"
#include "tests/fake/fake_runtime.h"

#include <stdlib.h>

#define PIECE_BYTES ((size_t)1 << 20) /* a copy that waits goes through a buffer of this size */

#define CBID(name, cbid, parameters, body) cbid_##name = cbid,
enum { FAKE_RUNTIME_CALLS(CBID) };
#undef CBID

static int launch_plain(FAKE_LAUNCH) {
    return cuLaunchKernel((void *)(uintptr_t)f, grid.x, grid.y, grid.z, block.x, block.y, block.z,
                          (unsigned)shared, stream, args, NULL);
}

static int launch_nested(FAKE_LAUNCH) {
    uint32_t around = fake_cuda_runtime_enter(cbid_cudaLaunchKernel, "cudaLaunchKernel");
    int result = launch_plain(f, grid, block, args, shared, stream);
    fake_cuda_runtime_leave(cbid_cudaLaunchKernel, "cudaLaunchKernel", &result, around);
    return result;
}

static int launch_cooperative(FAKE_LAUNCH) {
    return cuLaunchCooperativeKernel((void *)(uintptr_t)f, grid.x, grid.y, grid.z, block.x, block.y, block.z,
                                     (unsigned)shared, stream, args);
}

static int launch_ex(FAKE_LAUNCH) {
    fake_driver_config c = {.grid = {grid.x, grid.y, grid.z},
                            .block = {block.x, block.y, block.z},
                            .shared = (unsigned)shared,
                            .stream = stream};
    return cuLaunchKernelEx(&c, (void *)(uintptr_t)f, args, NULL);
}

static int copy(void *to, const void *from, size_t bytes, int kind, void *stream) {
    switch (kind) {
    case cudaMemcpyHostToDevice:
        return cuMemcpyHtoDAsync_v2((uintptr_t)to, from, bytes, stream);
    case cudaMemcpyDeviceToHost:
        return cuMemcpyDtoHAsync_v2(to, (uintptr_t)from, bytes, stream);
    default:
        return cuMemcpyAsync((uintptr_t)to, (uintptr_t)from, bytes, stream);
    }
}

static int copy_and_wait(void *to, const void *from, size_t bytes, int kind) {
    size_t done = 0;
    int rc;
    do {
        size_t piece = bytes - done < PIECE_BYTES ? bytes - done : PIECE_BYTES;
        rc = copy((char *)to + done, (const char *)from + done, piece, kind, NULL);
        done += piece;
    } while (rc == 0 && done < bytes);
    return rc ? rc : cuStreamSynchronize(NULL);
}

static int fill(void *to, int value, size_t bytes, void *stream) {
    return cuMemsetD8Async((uintptr_t)to, (unsigned char)value, bytes, stream);
}

static int allocate(void **to, size_t bytes) {
    *to = calloc(1, bytes);
    return *to ? 0 : 2;
}

static int release(void *p) {
    free(p);
    return 0;
}

static int runtime_version(int *version) {
    *version = 13000;
    return 0;
}

#define DEFINE(name, cbid, parameters, body)                                                                 \
    int name parameters {                                                                                    \
        int result = cuInit(0);                                                                              \
        if (result == 0) {                                                                                   \
            uint32_t around = fake_cuda_runtime_enter(cbid, #name);                                          \
            result = body;                                                                                   \
            fake_cuda_runtime_leave(cbid, #name, &result, around);                                           \
        }                                                                                                    \
        return result;                                                                                       \
    }
FAKE_RUNTIME_CALLS(DEFINE)
