/* What a GPU really reaches: the bandwidth of its memory, and dense matrix products.
 *
 * Bandwidth is that of kernels that read a buffer, or copy it to another (bytes read + bytes written), and of
 * the driver's own copy; the buffers are far greater than the caches. Matrix products are cuBLAS's (C = A^T
 * B, n x n x n, 2 n^3 operations), of random numbers, because a GPU runs faster on zeros. Every repetition is
 * timed by events of its own; the best is the peak, the median says how far it is from usual. */
#ifndef ANALYSIS_MEASURE_H
#define ANALYSIS_MEASURE_H

#include "analysis/driver.h"
#include "analysis/peaks.h"

/* NaN where it could not be measured. */
typedef struct {
    double best, median; /* bytes/s or FLOP/s */
} analysis_speed;

typedef enum {
    ANALYSIS_MEMORY_READ,   /* a kernel reads */
    ANALYSIS_MEMORY_COPY,   /* a kernel copies: read + written */
    ANALYSIS_MEMORY_DRIVER, /* cuMemcpyDtoDAsync copies: read + written */
    ANALYSIS_MEMORY_WAYS
} analysis_memory_way;

typedef struct {
    char device[128]; /* as CUDA gives its name */
    int major, minor; /* compute capability */
    size_t bytes;     /* of each buffer that was read or copied */
    analysis_speed memory[ANALYSIS_MEMORY_WAYS];
    analysis_speed flops[ANALYSIS_TYPES];
    unsigned sizes[ANALYSIS_TYPES];  /* n of the best product; 0: none */
    char library[256];               /* cuBLAS: where it lies; "" when there is none */
    char trouble[TRACE_ERROR_BYTES]; /* why products are missing; "" when none is */
} analysis_measured;

/* The kernels, a PTX text. */
extern const char analysis_measure_ptx[];

/* Measures device number `ordinal`. `cublas`: the library to take, or NULL: the loader's, CUDA's, or that
 * which the python3 on the PATH has beside PyTorch. 0; or -1 with one line in error when memory cannot be
 * measured, as there is no GPU. Without cuBLAS, or where a product fails, the products are missing. */
int analysis_measure(analysis_measured *measured, unsigned ordinal, const char *cublas,
                     char error[TRACE_ERROR_BYTES]);

/* Of all three ways of memory the best; NaN when none was measured. */
double analysis_measured_memory(const analysis_measured *measured);

/* The matrix products (measure_products.c), on a device that is current: fills in flops, sizes, library and
 * trouble. `fill` writes random words (word & mask | base) to the memory, and is launched by `fill_memory`.
 */
typedef struct {
    const analysis_driver *driver;
    void *read, *copy, *fill; /* functions */
    unsigned blocks;          /* of ANALYSIS_MEASURE_THREADS threads */
} analysis_measuring;
#define ANALYSIS_MEASURE_THREADS 256

void analysis_measure_products(analysis_measured *measured, const analysis_measuring *on, const char *cublas);

/* Fills [memory, memory + bytes), rounded up to whole steps of the kernel, which the memory must have room
 * for: analysis_measure_room(on, bytes). 0 or a CUDA error. */
int analysis_measure_fill(const analysis_measuring *on, uint64_t memory, size_t bytes, uint32_t base,
                          uint32_t mask);
size_t analysis_measure_room(const analysis_measuring *on, size_t bytes);

/* Times what `once` gives the default stream, `times` times after some that do not count: the amount / s of
 * each. 0, or what `once` or the driver answered. */
int analysis_measure_repeat(const analysis_measuring *on, int (*once)(void *ctx), void *ctx, double amount,
                            unsigned times, analysis_speed *speed);

#endif
