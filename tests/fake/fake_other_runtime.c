/* A second CUDA runtime of the same calls: each returns 77. */
#include "tests/fake/fake_runtime.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int __cudaLaunchKernel(const void *f, dim3 grid, dim3 block, void **args, size_t shared,
                              void *stream) {
    (void)f;
    (void)grid;
    (void)block;
    (void)args;
    (void)shared;
    (void)stream;
    return 77;
}

EXPORT int cudaMemcpy(void *dst, const void *src, size_t count, int kind) {
    (void)dst;
    (void)src;
    (void)count;
    (void)kind;
    return 77;
}
