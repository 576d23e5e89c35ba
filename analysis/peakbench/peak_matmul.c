/* Matrix products by cuBLAS, opened at run time. */
#include "analysis/peakbench/peak_matmul.h"

#include <dlfcn.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRODUCT_TIMES 12

/* cublas_api.h and library_types.h. */
enum { OP_N = 0, OP_T = 1, GEMM_DEFAULT = -1, COMPUTE_32F = 68, COMPUTE_32F_FAST_TF32 = 77 };
enum { R_32F = 0, R_16F = 2, R_16BF = 14 };

typedef int gemm_function(void *handle, int op_a, int op_b, int m, int n, int k, const void *alpha,
                          const void *a, int type_a, int lda, const void *b, int type_b, int ldb,
                          const void *beta, void *c, int type_c, int ldc, int compute, int algorithm);

typedef struct {
    int (*create)(void **handle);
    int (*destroy)(void *handle);
    gemm_function *gemm;
    void *handle;
} cublas_library;

/* ---- Finding it ---- */

static void *open_cublas_file(const char *path) {
    /* It needs libcublasLt, which the loader may not find where a Python package keeps it. */
    char beside[512];
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (slash && strncmp(name, "libcublas.", 10) == 0 &&
        snprintf(beside, sizeof beside, "%.*slibcublasLt.%s", (int)(name - path), path, name + 10) <
            (int)sizeof beside) {
        (void)dlopen(beside, RTLD_NOW | RTLD_GLOBAL);
    }
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

/* The last by name of the files that match, which is the newest version. */
static void *open_newest_cublas(const char *pattern, char *where, size_t size) {
    glob_t found;
    void *library = NULL;
    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = found.gl_pathc; i-- > 0 && !library;) {
            library = open_cublas_file(found.gl_pathv[i]);
            snprintf(where, size, "%s", found.gl_pathv[i]);
        }
    }
    globfree(&found);
    return library;
}

/* Beside the PyTorch of the python3 on the PATH. */
static void *open_cublas_of_python(char *where, size_t size) {
    static const char *const patterns[] = {"%s/nvidia/*/lib/libcublas.so.1[0-9]",
                                           "%s/torch/lib/libcublas*.so.1[0-9]"};
    char folder[300] = "", pattern[400];
    void *library = NULL;
    FILE *python =
        popen("python3 -c \"import importlib.util as u; s = u.find_spec('torch') or u.find_spec('nvidia'); "
              "print(list(s.submodule_search_locations)[0] if s else '')\" 2>/dev/null",
              "re");
    if (!python) {
        return NULL;
    }
    if (!fgets(folder, sizeof folder, python)) {
        folder[0] = '\0';
    }
    pclose(python);
    char *slash = strrchr(folder, '/');
    if (!slash) {
        return NULL;
    }
    *slash = '\0'; /* the packages lie side by side */
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns && !library; i++) {
        snprintf(pattern, sizeof pattern, patterns[i], folder);
        library = open_newest_cublas(pattern, where, size);
    }
    return library;
}

static void *find_cublas(const char *chosen, char *where, size_t size) {
    static const char *const names[] = {"libcublas.so.13", "libcublas.so.12", "libcublas.so.11"};
    if (chosen) {
        snprintf(where, size, "%s", chosen);
        return open_cublas_file(chosen);
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        void *library = open_cublas_file(names[i]);
        if (library) {
            snprintf(where, size, "%s", names[i]);
            return library;
        }
    }
    void *library = open_newest_cublas("/usr/local/cuda*/lib64/libcublas.so.1[0-9]", where, size);
    return library ? library : open_cublas_of_python(where, size);
}

static bool open_cublas(cublas_library *b, peakbench_measured *m, const char *chosen) {
    unsetenv("NVIDIA_TF32_OVERRIDE"); /* it would round fp32, or keep tf32 from being used */
    void *library = find_cublas(chosen, m->library, sizeof m->library);
    if (!library) {
        if (chosen) {
            snprintf(m->trouble, sizeof m->trouble, "--cublas=%s cannot be opened", chosen);
        } else {
            snprintf(m->trouble, sizeof m->trouble, "no libcublas was found: name one with --cublas");
        }
        m->library[0] = '\0';
        return false;
    }
    *(void **)&b->create = dlsym(library, "cublasCreate_v2");
    *(void **)&b->destroy = dlsym(library, "cublasDestroy_v2");
    *(void **)&b->gemm = dlsym(library, "cublasGemmEx");
    if (!b->create || !b->destroy || !b->gemm) {
        snprintf(m->trouble, sizeof m->trouble, "%s is not cuBLAS 11 or later", m->library);
        return false;
    }
    int rc = b->create(&b->handle);
    if (rc != 0) {
        snprintf(m->trouble, sizeof m->trouble, "%s: cublasCreate failed with status %d", m->library, rc);
    }
    return rc == 0;
}

/* ---- Measuring ---- */

/* Random words between 1/2 and 1 of either sign: (word & mask) | base. */
static const struct {
    int type, compute, bytes, capability; /* capability: the first major that has it on tensor cores */
    uint32_t base, mask;
} types[COSTMODEL_DTYPES] = {
    [COSTMODEL_BF16] = {R_16BF, COMPUTE_32F, 2, 8, 0x3f003f00, 0x807f807f},
    [COSTMODEL_FP16] = {R_16F, COMPUTE_32F, 2, 7, 0x38003800, 0x83ff83ff},
    [COSTMODEL_TF32] = {R_32F, COMPUTE_32F_FAST_TF32, 4, 8, 0x3f000000, 0x807fffff},
    [COSTMODEL_FP32] = {R_32F, COMPUTE_32F, 4, 0, 0x3f000000, 0x807fffff},
};

typedef struct {
    const cublas_library *b;
    uint64_t memory[3]; /* A, B, C */
    int n, type;
    int status; /* cuBLAS's, of the last product */
} product;

static void *device_pointer(uint64_t memory) {
    return (void *)(uintptr_t)memory;
}

static int product_once(void *ctx) {
    product *p = ctx;
    const float one = 1, zero = 0;
    int type = types[p->type].type;
    p->status = p->b->gemm(p->b->handle, OP_T, OP_N, p->n, p->n, p->n, &one, device_pointer(p->memory[0]),
                           type, p->n, device_pointer(p->memory[1]), type, p->n, &zero,
                           device_pointer(p->memory[2]), type, p->n, types[p->type].compute, GEMM_DEFAULT);
    return p->status;
}

/* The product of one type and size; false after a line in m->trouble. */
static bool measure_product(peakbench_measured *m, const peakbench_runner *on, product *p,
                            peakbench_speed *speed) {
    const peakbench_driver *d = on->driver;
    size_t bytes = (size_t)p->n * (size_t)p->n * (size_t)types[p->type].bytes;
    int rc = 0;
    for (int i = 0; i < 3 && rc == 0; i++) {
        p->memory[i] = 0;
        rc = d->cuMemAlloc_v2(&p->memory[i], peakbench_runner_room(on, bytes));
        if (rc == 0) {
            rc = peakbench_runner_fill(on, p->memory[i], bytes, types[p->type].base, types[p->type].mask);
        }
    }
    if (rc == 0) {
        double n = p->n;
        rc = peakbench_runner_repeat(on, product_once, p, 2 * n * n * n, PRODUCT_TIMES, speed);
    }
    for (int i = 0; i < 3; i++) {
        if (p->memory[i]) {
            d->cuMemFree_v2(p->memory[i]);
        }
    }
    if (rc != 0) {
        snprintf(m->trouble, sizeof m->trouble, "%s products of %d x %d: %s %d",
                 costmodel_dtype_name((costmodel_dtype)p->type), p->n, p->n,
                 p->status ? "cuBLAS status" : "CUDA error", rc);
    }
    return rc == 0;
}

void peakbench_measure_products(peakbench_measured *m, const peakbench_runner *on, const char *cublas) {
    static const int sizes[] = {4096, 8192};
    cublas_library b = {0};
    if (!open_cublas(&b, m, cublas)) {
        return;
    }
    for (int type = 0; type < COSTMODEL_DTYPES; type++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes && m->major >= types[type].capability; i++) {
            product p = {.b = &b, .n = sizes[i], .type = type};
            peakbench_speed speed;
            if (measure_product(m, on, &p, &speed) && !(speed.best <= m->flops[type].best)) {
                m->flops[type] = speed;
                m->sizes[type] = (unsigned)sizes[i];
            }
        }
    }
    b.destroy(b.handle);
}
