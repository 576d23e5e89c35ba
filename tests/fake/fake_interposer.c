/* Another tool that wraps launches, for LD_PRELOAD: it counts them, and says so in the environment. */
#include "tests/fake/fake_runtime.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

static void count_launch(void) {
    static int count;
    char text[16];
    snprintf(text, sizeof text, "%d", ++count);
    setenv("LAUNCHES_SEEN", text, 1);
}

#define WRAP_LAUNCH(name)                                                                                    \
    EXPORT int name(const void *f, dim3 grid, dim3 block, void **args, size_t shared, void *stream) {        \
        static int (*next)(const void *, dim3, dim3, void **, size_t, void *);                               \
        if (!next) {                                                                                         \
            *(void **)&next = dlsym(RTLD_NEXT, #name);                                                       \
        }                                                                                                    \
        count_launch();                                                                                      \
        return next(f, grid, block, args, shared, stream);                                                   \
    }
WRAP_LAUNCH(cudaLaunchKernel)
WRAP_LAUNCH(__cudaLaunchKernel)
