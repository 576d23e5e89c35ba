/* Benchmark of a device's matrix products, with cuBLAS. */
#ifndef PEAKBENCH_PEAK_MATMUL_H
#define PEAKBENCH_PEAK_MATMUL_H

#include "analysis/peakbench/kernel_runner.h"

/* Measures the matrix products of all data types; sets `flops`, `sizes`, `library` and `trouble` of *m. `cublas` as in
 * peakbench.h. */
void peakbench_measure_products(peakbench_measured *m, const peakbench_runner *on, const char *cublas);

#endif
