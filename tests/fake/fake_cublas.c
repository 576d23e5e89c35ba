/* libcublas.so.13 over the fake driver: a product of n x n matrices is a kernel that takes n / 4
 * microseconds, four times as long for inputs of 32 bits, unless they may be rounded to TF32.
 * FAKE_CUBLAS_FAILS: products of this type (14 is bf16) are refused. */
#include "tests/fake/fake.h"
#include "tests/fake/fake_driver.h"

#include <stdlib.h>

enum { R_32F = 0, COMPUTE_32F_FAST_TF32 = 77, NOT_SUPPORTED = 15 };

FAKE_EXPORT int cublasCreate_v2(void **handle);
FAKE_EXPORT int cublasDestroy_v2(void *handle);
FAKE_EXPORT int cublasGemmEx(void *handle, int op_a, int op_b, int m, int n, int k, const void *alpha,
                             const void *a, int type_a, int lda, const void *b, int type_b, int ldb,
                             const void *beta, void *c, int type_c, int ldc, int compute, int algorithm);

int cublasCreate_v2(void **handle) {
    *handle = malloc(1);
    return 0;
}

int cublasDestroy_v2(void *handle) {
    free(handle);
    return 0;
}

int cublasGemmEx(void *handle, int op_a, int op_b, int m, int n, int k, const void *alpha, const void *a,
                 int type_a, int lda, const void *b, int type_b, int ldb, const void *beta, void *c,
                 int type_c, int ldc, int compute, int algorithm) {
    static fake_kernel kernels[64];
    static unsigned count;
    const char *fails = getenv("FAKE_CUBLAS_FAILS");
    (void)op_a, (void)op_b, (void)algorithm;
    if (fails && atoi(fails) == type_a) {
        return NOT_SUPPORTED;
    }
    if (!handle || !a || !b || !c || !alpha || !beta || m != n || k != n || lda != n || ldb != n ||
        ldc != n || type_b != type_a || type_c != type_a) {
        return FAKE_ERROR_INVALID;
    }
    fake_kernel *kernel = &kernels[count++ % 64];
    kernel->name = "gemm";
    kernel->duration_ns = (uint32_t)n * 250 * (type_a == R_32F && compute != COMPUTE_32F_FAST_TF32 ? 4 : 1);
    return cuLaunchKernel(kernel, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL);
}
