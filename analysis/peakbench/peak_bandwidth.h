/* What a GPU really reaches: the bandwidth of its memory, and dense matrix products.
 *
 * Bandwidth is that of kernels that read a buffer, or copy it to another (bytes read + bytes written), and of
 * the driver's own copy; the buffers are far greater than the caches. Matrix products are cuBLAS's (C = A^T
 * B, n x n x n, 2 n^3 operations), of random numbers, because a GPU runs faster on zeros. Every repetition is
 * timed by events of its own; the best is the peak, the median says how far it is from usual. */
#ifndef PEAKBENCH_PEAK_BANDWIDTH_H
#define PEAKBENCH_PEAK_BANDWIDTH_H

#include "analysis/costmodel/device_peaks.h"
#include "analysis/peakbench/cuda_driver.h"

/* NaN where it could not be measured. */
typedef struct {
    double best, median; /* bytes/s or FLOP/s */
} peakbench_speed;

typedef enum {
    PEAKBENCH_MEMORY_READ,   /* a kernel reads */
    PEAKBENCH_MEMORY_COPY,   /* a kernel copies: read + written */
    PEAKBENCH_MEMORY_DRIVER, /* cuMemcpyDtoDAsync copies: read + written */
    PEAKBENCH_MEMORY_WAYS
} peakbench_memory_way;

typedef struct {
    char device[128]; /* as CUDA gives its name */
    int major, minor; /* compute capability */
    size_t bytes;     /* of each buffer that was read or copied */
    peakbench_speed memory[PEAKBENCH_MEMORY_WAYS];
    peakbench_speed flops[COSTMODEL_DTYPES];
    unsigned sizes[COSTMODEL_DTYPES]; /* n of the best product; 0: none */
    char library[256];                /* cuBLAS: where it lies; "" when there is none */
    char trouble[TRACE_ERROR_BYTES];  /* why products are missing; "" when none is */
} peakbench_measured;

/* The kernels, a PTX text. */
extern const char peakbench_measure_ptx[];

/* Measures device number `ordinal`. `cublas`: the library to take, or NULL: the loader's, CUDA's, or that
 * which the python3 on the PATH has beside PyTorch. 0; or -1 with one line in error when memory cannot be
 * measured, as there is no GPU. Without cuBLAS, or where a product fails, the products are missing. */
int peakbench_measure(peakbench_measured *measured, unsigned ordinal, const char *cublas,
                      char error[TRACE_ERROR_BYTES]);

/* Of all three ways of memory the best; NaN when none was measured. */
double peakbench_measured_memory(const peakbench_measured *measured);

/* The matrix products (measure_products.c), on a device that is current: fills in flops, sizes, library and
 * trouble. `fill` writes random words (word & mask | base) to the memory, and is launched by `fill_memory`.
 */
typedef struct {
    const peakbench_driver *driver;
    void *read, *copy, *fill; /* functions */
    unsigned blocks;          /* of PEAKBENCH_MEASURE_THREADS threads */
} peakbench_measuring;
#define PEAKBENCH_MEASURE_THREADS 256

void peakbench_measure_products(peakbench_measured *measured, const peakbench_measuring *on,
                                const char *cublas);

/* Fills [memory, memory + bytes), rounded up to whole steps of the kernel, which the memory must have room
 * for: peakbench_measure_room(on, bytes). 0 or a CUDA error. */
int peakbench_measure_fill(const peakbench_measuring *on, uint64_t memory, size_t bytes, uint32_t base,
                           uint32_t mask);
size_t peakbench_measure_room(const peakbench_measuring *on, size_t bytes);

/* Times what `once` gives the default stream, `times` times after some that do not count: the amount / s of
 * each. 0, or what `once` or the driver answered. */
int peakbench_measure_repeat(const peakbench_measuring *on, int (*once)(void *ctx), void *ctx, double amount,
                             unsigned times, peakbench_speed *speed);

#endif
