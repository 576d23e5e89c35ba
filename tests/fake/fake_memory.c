/* The part of libcuda.so.1 that owns contexts, memory and modules. A module is a PTX text, and has the
 * kernels that it names; each lasts FAKE_MODULE_KERNEL_NS and computes nothing. FAKE_CUDA_NO_DEVICE: cuInit
 * fails (fake_cuda.c). FAKE_CUDA_FREE_MIB: free memory (512). FAKE_CUDA_MODULE: a file for the PTX text. */
#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HEADER 4096 /* bytes before a piece of memory, where its length stands */

typedef struct {
    char *text;
} module;

int cuDevicePrimaryCtxRetain(void **context, int device) {
    static int one;
    *context = &one;
    return device == 0 ? 0 : FAKE_ERROR_INVALID;
}

int cuDevicePrimaryCtxRelease_v2(int device) {
    return device == 0 ? 0 : FAKE_ERROR_INVALID;
}

int cuCtxSetCurrent(void *context) {
    return context ? 0 : FAKE_ERROR_INVALID;
}

int cuGetErrorName(int result, const char **name) {
    *name = result == FAKE_ERROR_NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_FAKE";
    return 0;
}

int cuMemGetInfo_v2(size_t *available, size_t *total) {
    const char *mib = getenv("FAKE_CUDA_FREE_MIB");
    *available = (mib ? strtoul(mib, NULL, 10) : 512) << 20;
    *total = (size_t)80 << 30;
    return 0;
}

int cuMemAlloc_v2(uint64_t *memory, size_t bytes) {
    size_t length = bytes + HEADER;
    void *p = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) {
        return FAKE_ERROR_NO_MEMORY;
    }
    *(size_t *)p = length;
    *memory = (uint64_t)(uintptr_t)p + HEADER;
    return 0;
}

int cuMemFree_v2(uint64_t memory) {
    void *p = (void *)(uintptr_t)(memory - HEADER);
    return munmap(p, *(size_t *)p);
}

int cuModuleLoadData(void **handle, const void *image) {
    const char *text = image;
    if (!strstr(text, ".version") || !strstr(text, ".target")) {
        return FAKE_ERROR_INVALID;
    }
    const char *copy = getenv("FAKE_CUDA_MODULE");
    FILE *file = copy ? fopen(copy, "we") : NULL;
    if (file) {
        fputs(text, file);
        fclose(file);
    }
    module *m = malloc(sizeof *m);
    m->text = strdup(text);
    *handle = m;
    return 0;
}

/* The places of kernels are used again, those of the module that went last at first. */
#define PLACES 64
static fake_kernel kernels[PLACES];
static void *owners[PLACES]; /* module of each; NULL: free */

int cuModuleUnload(void *handle) {
    fake_cuda_unloads();
    for (int i = 0; i < PLACES; i++) {
        if (owners[i] == handle) {
            owners[i] = NULL;
            free((char *)(uintptr_t)kernels[i].name);
            kernels[i].name = NULL;
        }
    }
    free(((module *)handle)->text);
    free(handle);
    return 0;
}

int cuModuleGetFunction(void **function, void *handle, const char *name) {
    char entry[128];
    int at = 0;
    snprintf(entry, sizeof entry, ".entry %s(", name);
    while (at < PLACES && owners[at]) {
        at++;
    }
    if (!strstr(((module *)handle)->text, entry) || at == PLACES) {
        return FAKE_ERROR_INVALID;
    }
    owners[at] = handle;
    kernels[at] = (fake_kernel){.name = strdup(name), .duration_ns = FAKE_MODULE_KERNEL_NS, .registers = 32};
    *function = &kernels[at];
    return 0;
}
