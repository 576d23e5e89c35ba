/* A library of the target that was linked with the CUDA runtime itself, and has its own copy of NVTX; test
 * programs open it RTLD_LOCAL. */
#include <nvtx3/nvToolsExt.h>

#include "tests/fake/fake_runtime.h"

#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT int plugin_launch(const void *kernel, void *stream);
EXPORT int plugin_copy(void *to, const void *from, size_t bytes);

EXPORT int plugin_range(const void *kernel, void *stream);

int plugin_range(const void *kernel, void *stream) {
    nvtxRangePushA("plugin");
    int result = plugin_launch(kernel, stream);
    nvtxRangePop();
    return result;
}

__attribute__((destructor)) static void plugin_ends(void) {
    if (getenv("PLUGIN_ENDS_LATE")) {
        nvtxRangePushA("plugin ends");
        nvtxRangePop();
    }
}

int plugin_launch(const void *kernel, void *stream) {
    dim3 one = {1, 1, 1};
    return __cudaLaunchKernel(kernel, one, one, NULL, 0, stream);
}

int plugin_copy(void *to, const void *from, size_t bytes) {
    return cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice);
}
