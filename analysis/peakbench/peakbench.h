/* Measures the peak rates of a GPU: memory bandwidth and dense matrix products.
 *
 * Bandwidth is measured with kernels that read a buffer, or copy it to another (bytes read + bytes written), and with the
 * driver's own copy; the buffers are much larger than the caches. Matrix products are those of cuBLAS (C = A^T B, n x n x n,
 * 2 n^3 FLOPs) on random numbers, because GPUs draw less power, and so run faster, on zeros. Each repetition is timed by
 * CUDA events of its own; the best is the peak, and the median is reported with it. */
#ifndef PEAKBENCH_PEAKBENCH_H
#define PEAKBENCH_PEAKBENCH_H

#include "analysis/peakbench/measured_peaks.h"

/* Measures device `ordinal`. `cublas` is the path of the library; NULL: the dynamic linker's, that of the CUDA toolkit, or
 * that of PyTorch under the python3 on PATH. Returns 0, or -1 with one line in `error` when the bandwidth cannot be
 * measured, e.g. without a GPU. Without cuBLAS, or if a product fails, products are missing. */
int peakbench_measure(peakbench_measured *measured, unsigned ordinal, const char *cublas,
                      char error[TRACE_ERROR_BYTES]);

#endif
