/* The peaks that a GPU reaches: the bandwidth of its memory, and dense matrix products.
 *
 * Bandwidth is that of kernels that read a buffer, or copy it to another (bytes read + bytes written), and of
 * the driver's own copy; the buffers are far greater than the caches. Matrix products are cuBLAS's (C = A^T
 * B, n x n x n, 2 n^3 operations), of random numbers, because a GPU runs faster on zeros. Every repetition is
 * timed by events of its own; the best is the peak; the median is given beside it. */
#ifndef PEAKBENCH_PEAKBENCH_H
#define PEAKBENCH_PEAKBENCH_H

#include "analysis/peakbench/measured_peaks.h"

/* Measures device number `ordinal`. `cublas`: the library to take, or NULL: the loader's, CUDA's, or that
 * which the python3 on the PATH has beside PyTorch. 0; or -1 with one line in error when memory cannot be
 * measured, as there is no GPU. Without cuBLAS, or where a product fails, the products are missing. */
int peakbench_measure(peakbench_measured *measured, unsigned ordinal, const char *cublas,
                      char error[TRACE_ERROR_BYTES]);

#endif
